//! Damaged GADGET binary files: no panic, no wrong number of rows, every truncation refused that can be seen.
//!
//! Edge cases 600 mutations and every length of small files of both formats and byte orders; a cut exactly between optional blocks
//!            leaves a whole file
//! See also   `ingest_gadget_binary`, `tipsy_damage`

use std::path::Path;

use spolia::ErrorKind;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::{Family, OpenOptions, open};

use super::ingest_gadget_binary::Sample;
use super::tipsy_damage::Dice;

const MUTATIONS: usize = 600;

/// Opens and reads everything; rows of each family, or the error.
fn read_all(path: &Path) -> spolia::Result<Vec<(Family, u64)>> {
    let s = open(path, &OpenOptions::default())?;
    let mut out = Vec::new();
    for (family, rows) in s.info().rows.clone() {
        let columns: Vec<usize> = (0..s.schema(family)?.fields().len()).collect();
        let batch = s.read(family, &columns, 0..rows)?;
        assert_eq!(batch.num_rows() as u64, rows);
        out.push((family, rows));
    }
    Ok(out)
}

const REFUSED: [ErrorKind; 6] =
    [ErrorKind::Damaged, ErrorKind::Unsupported, ErrorKind::Limit, ErrorKind::Mismatch, ErrorKind::Domain, ErrorKind::NotFound];

fn mutated(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let length = out.len();
    match dice.below(7) {
        0 => out.truncate(dice.below(length)),
        1 => (0..1 + dice.below(16)).for_each(|_| {
            let bit = dice.below(8 * length);
            out[bit / 8] ^= 1 << (bit % 8);
        }),
        2 => {
            let (from, count, value) = (dice.below(length), 4 + dice.below(60), [0, 255, dice.next() as u8][dice.below(3)]);
            out.iter_mut().skip(from).take(count).for_each(|b| *b = value);
        }
        // Words of the header and markers: counts, flags and lengths become 0, 1, largest, negative.
        3 => {
            let at = 4 * dice.below(80.min(length / 4));
            let value = [0u32, 1, 2, 255, u32::MAX, i32::MAX as u32, 0x8000_0000, 256][dice.below(8)];
            out[at..at + 4].copy_from_slice(&if dice.below(2) == 0 { value.to_be_bytes() } else { value.to_le_bytes() });
        }
        4 => out.extend((0..1 + dice.below(100)).map(|_| dice.next() as u8).collect::<Vec<_>>()),
        5 => {
            let (from, to, count) = (dice.below(length), dice.below(length), dice.below(64));
            let run: Vec<u8> = out.iter().skip(from).take(count).copied().collect();
            out.iter_mut().skip(to).zip(run).for_each(|(b, r)| *b = r);
        }
        _ => {
            let (from, count) = (dice.below(length), 1 + dice.below(64));
            out.drain(from..(from + count).min(length));
        }
    }
    out
}

#[test]
fn mutations_are_refused_or_read_and_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let (mut refused, mut read) = (0, 0);
    let mut dice = Dice(20251123);
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for format in [1, 2] {
            let good = Sample::small(order, format).bytes();
            let path = dir.path().join("snap_001");
            for _ in 0..MUTATIONS / 4 {
                std::fs::write(&path, mutated(&good, &mut dice)).unwrap();
                match read_all(&path) {
                    Err(error) => {
                        assert!(REFUSED.contains(&error.kind()), "{error}");
                        assert!(error.to_string().contains("snap_001"), "{error}");
                        refused += 1;
                    }
                    Ok(rows) => {
                        assert!(rows.iter().map(|(_, n)| n).sum::<u64>() <= 12, "{rows:?}");
                        read += 1;
                    }
                }
            }
        }
    }
    println!("{MUTATIONS} mutations: {refused} refused, {read} read, 0 panics");
    assert_eq!(refused + read, MUTATIONS);
    assert!(refused > MUTATIONS / 3);
}

#[test]
fn truncation_is_refused_everywhere_but_between_optional_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("snap_001");
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for format in [1, 2] {
            let sample = Sample::small(order, format);
            let good = sample.bytes();
            // Ends of the blocks from MASS on: behind these a shorter file is a whole one.
            let label = if format == 2 { 16 } else { 0 };
            let mut end = label + 264;
            let mut ends = Vec::new();
            for (name, payload) in &sample.blocks {
                end += label + 8 + payload.len();
                if !["POS ", "VEL ", "ID  "].contains(name) {
                    ends.push(end);
                }
            }
            assert_eq!(end, good.len());
            for length in 0..good.len() {
                std::fs::write(&path, &good[..length]).unwrap();
                let result = read_all(&path);
                // Up to three bytes behind a block may be an editor's.
                let whole = ends.iter().any(|end| (*end..end + 4).contains(&length));
                assert_eq!(result.is_ok(), whole, "{length} of {} bytes, format {format}: {result:?}", good.len());
                if let Err(error) = result {
                    assert!([ErrorKind::Damaged, ErrorKind::Unsupported].contains(&error.kind()), "{error}");
                    assert!(error.to_string().contains("snap_001"), "{error}");
                }
            }
        }
    }
}
