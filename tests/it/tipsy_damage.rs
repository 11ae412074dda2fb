//! Damaged Tipsy files: no panic, no wrong number of rows, every truncation refused.
//!
//! Layout     seed -> (golden file, operator, position), all from one counter-based generator: the same 1,000 every time
//! See also   `ingest_tipsy`

use std::path::Path;

use spolia::ErrorKind;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::*;
use spolia::ingest::{Family, OpenOptions, open};

use super::ingest_tipsy::small;

const MUTATIONS: u64 = 1000;
const COUNTS: [usize; 3] = [5, 7, 6];

/// SplitMix64: enough to choose places.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Writes a snapshot with arrays, parameters and log; gives the names of its files.
fn golden(folder: &Path, order: ByteOrder) -> Vec<&'static str> {
    let [gas, dark, stars] = COUNTS;
    let total = gas + dark + stars;
    write_snapshot(&folder.join("m.00001"), &small(gas, dark, stars), order).unwrap();
    write_aux_i32(&folder.join("m.00001.iord"), &(0..total as i32).collect::<Vec<_>>(), order).unwrap();
    write_aux_f32(&folder.join("m.00001.FeMassFrac"), &vec![1e-3; total], order).unwrap();
    std::fs::write(folder.join("m.00001.OxMassFrac"), format!("{total}\n{}", "0.5\n".repeat(total))).unwrap();
    let entries =
        [("dKpcUnit", "50000"), ("dMsolUnit", "1.57e16"), ("dHubble0", "2.8944"), ("dOmega0", "0.3"), ("dLambda", "0.7"), ("bComove", "1")];
    write_param(&folder.join("m.param"), &entries.map(|(k, v)| (k.to_string(), v.to_string()))).unwrap();
    let records: Vec<StarlogRecord> =
        (0..stars as i32).map(|i| StarlogRecord { id_star: 100 + i, id_gas: i, time: 0.1, mass: 1.0, ..Default::default() }).collect();
    write_starlog(&folder.join("m.starlog"), &records).unwrap();
    vec!["m.00001", "m.00001.iord", "m.00001.FeMassFrac", "m.00001.OxMassFrac", "m.param", "m.starlog"]
}

fn mutated(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let length = out.len();
    match dice.below(8) {
        0 => out.truncate(dice.below(length)),
        1 => (0..1 + dice.below(16)).for_each(|_| {
            let bit = dice.below(8 * length);
            out[bit / 8] ^= 1 << (bit % 8);
        }),
        2 => {
            let (from, count, value) = (dice.below(length), 4 + dice.below(60), [0, 255, dice.next() as u8][dice.below(3)]);
            out.iter_mut().skip(from).take(count).for_each(|b| *b = value);
        }
        // Header words: counts become 0, 1, maximum, negative, or one another.
        3 if length >= 32 => {
            let at = 8 + 4 * dice.below(6);
            let value = [0u32, 1, 2, 3, u32::MAX, i32::MAX as u32, 0x8000_0000, 0x0300_0000][dice.below(8)];
            out[at..at + 4].copy_from_slice(&if dice.below(2) == 0 { value.to_be_bytes() } else { value.to_le_bytes() });
        }
        4 if length >= 32 => {
            let (a, b) = (8 + 4 * dice.below(6), 8 + 4 * dice.below(6));
            (0..4).for_each(|i| out.swap(a + i, b + i));
        }
        5 => out.extend((0..1 + dice.below(100)).map(|_| dice.next() as u8).collect::<Vec<_>>()),
        6 => {
            let (from, to, count) = (dice.below(length), dice.below(length), dice.below(64));
            let run: Vec<u8> = out.iter().skip(from).take(count).copied().collect();
            out.iter_mut().skip(to).zip(run).for_each(|(b, r)| *b = r);
        }
        _ => {
            let at = dice.below(length);
            out[at] = dice.next() as u8;
        }
    }
    out
}

/// Opens and reads everything; the rows of each family, or the error.
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

#[test]
fn a_thousand_mutations() {
    let [gas, dark, stars] = COUNTS.map(|n| n as u64);
    let (mut refused, mut read) = (0, 0);
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let dir = tempfile::tempdir().unwrap();
        let names = golden(dir.path(), order);
        let path = dir.path().join("m.00001");
        assert_eq!(read_all(&path).unwrap().len(), 4);
        let mut dice = Dice(20251113);
        for _ in 0..MUTATIONS / 2 {
            // The snapshot itself is hit every other time.
            let name = if dice.below(2) == 0 { names[0] } else { names[dice.below(names.len())] };
            let file = dir.path().join(name);
            let good = std::fs::read(&file).unwrap();
            let bad = mutated(&good, &mut dice);
            std::fs::write(&file, &bad).unwrap();
            match read_all(&path) {
                Err(error) => {
                    let known = [ErrorKind::Damaged, ErrorKind::Unsupported, ErrorKind::Limit, ErrorKind::Mismatch, ErrorKind::Domain];
                    assert!(known.contains(&error.kind()), "{name}: {error}");
                    refused += 1;
                }
                Ok(rows) => {
                    let all: Vec<(Family, u64)> = rows.iter().copied().filter(|(f, _)| *f != Family::Births).collect();
                    let counts = [(Family::Stars, stars), (Family::Gas, gas), (Family::Dark, dark)];
                    // Counts may change places between families of the same record size only; the total length decides the rest.
                    assert_eq!(all, counts, "{name}: {} bytes of {}", bad.len(), good.len());
                    read += 1;
                }
            }
            std::fs::write(&file, &good).unwrap();
        }
    }
    println!("{MUTATIONS} mutations: {refused} refused, {read} read with the right rows, 0 panics");
    assert_eq!(refused + read, MUTATIONS);
    assert!(refused > 300);
}

#[test]
fn truncation_at_every_byte_is_refused() {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let dir = tempfile::tempdir().unwrap();
        golden(dir.path(), order);
        for name in ["m.00001", "m.00001.iord", "m.00001.FeMassFrac"] {
            let file = dir.path().join(name);
            let good = std::fs::read(&file).unwrap();
            for length in 0..good.len() {
                std::fs::write(&file, &good[..length]).unwrap();
                let error = read_all(&dir.path().join("m.00001")).expect_err(&format!("{name} of {length} bytes"));
                assert!([ErrorKind::Damaged, ErrorKind::Unsupported].contains(&error.kind()), "{error}");
                assert!(error.to_string().contains(name), "{error}");
                if name == "m.00001" && length >= 32 {
                    assert!(error.to_string().contains(&format!("byte {length} of")), "{error}");
                }
            }
            std::fs::write(&file, &good).unwrap();
        }
    }
}
