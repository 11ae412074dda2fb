//! Every input cut at every byte: refused with the file and the place, but for the lengths that are whole inputs themselves.
//!
//! Layout     the small inputs are cut at each of their bytes, so the first and last 4 KiB, every edge of a block and its neighbours
//!            are among the cuts
//! Edge cases the lengths that are read are listed by position: a foreign file without a count or a checksum that ends where a record
//!            ends is a whole file, and no reader can know of more
//! See also   `mutations`, docs/formats.md

#![allow(clippy::single_range_in_vec_init, reason = "lists of ranges of lengths, some of one range")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Instant;

use super::{Golden, Outcome, catalogues, goldens, judge, on_one_thread, scratch};

/// Lengths of one file of an input that are read, and why nothing better is possible.
struct Whole {
    input: &'static str,
    file: &'static str,
    lengths: &'static [Range<usize>],
}

/// Blocks of GADGET from the masses on are optional, so a file may end behind any of them; up to three bytes more are left alone.
const ENDS_OF_BLOCKS_1: &[Range<usize>] =
    &[668..672, 692..696, 716..720, 740..744, 764..768, 788..792, 812..816, 828..832, 860..864, 916..920, 1068..1072, 1092..1096];
const ENDS_OF_BLOCKS_2: &[Range<usize>] =
    &[748..752, 788..792, 828..832, 868..872, 908..912, 948..952, 988..992, 1020..1024, 1068..1072, 1140..1144, 1308..1312, 1348..1352];
/// A parameter file has no length: a cut in a comment, a key or a number leaves another parameter file. A note tells a line without end.
const PARAMETERS: &[Range<usize>] = &[0..10, 12..28, 30..34, 35..47, 49..64, 66..92, 94..95];
/// A log grows while its run goes on: whole records count, and a note tells of a partial one.
const LOG: &[Range<usize>] = &[4..532];

/// All of them.
const WHOLE: &[Whole] = &[
    Whole { input: "gadget binary 1, little-endian", file: "snap_001", lengths: ENDS_OF_BLOCKS_1 },
    Whole { input: "gadget binary 1, big-endian", file: "snap_001", lengths: ENDS_OF_BLOCKS_1 },
    Whole { input: "gadget binary 2, little-endian", file: "snap_001", lengths: ENDS_OF_BLOCKS_2 },
    Whole { input: "gadget binary 2, big-endian", file: "snap_001", lengths: ENDS_OF_BLOCKS_2 },
    // All six rows are there: what is cut is the padding of the last FITS block.
    Whole { input: "nihao fits, every kind of column", file: "kinds.fits", lengths: &[20658..23040] },
    Whole { input: "tipsy, big-endian", file: "m.param", lengths: PARAMETERS },
    Whole { input: "tipsy, little-endian", file: "m.param", lengths: PARAMETERS },
    Whole { input: "tipsy, gzip", file: "m.param", lengths: PARAMETERS },
    Whole { input: "tipsy, big-endian", file: "m.starlog", lengths: LOG },
    Whole { input: "tipsy, little-endian", file: "m.starlog", lengths: LOG },
    // Tables of text without a count of their rows: each of these is the end of a line.
    Whole { input: "ahf beside tipsy", file: "m.00001.z1.000.AHF_mtree_idx", lengths: &[5..6] },
    Whole { input: "amiga stat", file: "h1.004096.amiga.stat", lengths: &[172..173, 245..246] },
    Whole { input: "consistent-trees", file: "tree_0_0_0.dat", lengths: &[148..149] },
    Whole { input: "rockstar list", file: "out_3.list", lengths: &[90..91, 117..118, 155..156, 195..196] },
];

/// What shows that a message names a place: a byte, a line, or a field in quotation marks.
fn names_a_place(text: &str, file: &str) -> bool {
    let rest = text.replace(file, "");
    ["byte ", "line ", "bytes"].iter().any(|word| rest.contains(word)) || rest.contains('`')
}

/// Lengths to cut at: every one; of HDF5 the first and last 4 KiB and what lies around each end of a dataset or of one of its chunks.
fn lengths(name: &str, good: &[u8]) -> Vec<usize> {
    const ENDS_BYTES: usize = 4096;
    if !good.starts_with(b"\x89HDF") || good.len() <= 2 * ENDS_BYTES {
        return (0..good.len()).collect();
    }
    let file = hdf5_pure::File::from_bytes(good.to_vec()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut chosen: BTreeSet<usize> = (0..ENDS_BYTES).chain(good.len() - ENDS_BYTES..good.len()).collect();
    for group in (0..6).filter_map(|n| file.group(&format!("PartType{n}")).ok()) {
        for (_, dataset) in group.iter_datasets().unwrap() {
            let pieces: Vec<(u64, u64)> = match dataset.layout().unwrap() {
                hdf5_pure::Layout::Contiguous { address: Some(start), size } => vec![(start, size)],
                hdf5_pure::Layout::Chunked { .. } => {
                    dataset.chunks().unwrap_or_else(|e| panic!("{name}: {e}")).iter().map(|c| (c.address, c.storage_size)).collect()
                }
                _ => Vec::new(),
            };
            for edge in pieces.into_iter().flat_map(|(start, size)| [start as usize, (start + size) as usize]) {
                chosen.extend((edge.saturating_sub(1)..=edge + 1).filter(|at| *at < good.len()));
            }
        }
    }
    chosen.into_iter().collect()
}

fn joined(lengths: &[usize]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for length in lengths {
        match ranges.last_mut() {
            Some(range) if range.end == *length => range.end += 1,
            _ => ranges.push(*length..length + 1),
        }
    }
    ranges
}

fn cut(goldens: &[Golden]) {
    let started = Instant::now();
    let (mut cuts, mut faults) = (0u64, Vec::new());
    let mut whole: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for golden in goldens {
        let folder = scratch();
        golden.write(folder.path());
        // What lies beside a catalogue is cut with the particles.
        let own = |name: &str| !golden.name.contains("beside tipsy") || name.contains("AHF");
        for (name, good) in golden.files.iter().filter(|(name, _)| own(name)) {
            let file = folder.path().join(name);
            for length in lengths(name, good) {
                std::fs::write(&file, &good[..length]).unwrap();
                cuts += 1;
                let place = format!("{} `{name}` cut at {length} of {}", golden.name, good.len());
                match judge(golden.bytes(), || golden.read(folder.path())).0 {
                    Outcome::Read => whole.entry((golden.name, name)).or_default().push(length),
                    Outcome::Broke(how) => faults.push(format!("{place}: {how}")),
                    Outcome::Refused(error) => {
                        let text = error.to_string();
                        // A table that is cut may be told by the list that contradicts it.
                        let named = golden.files.iter().find(|(name, _)| text.contains(name.as_str()));
                        if !named.is_some_and(|(name, _)| names_a_place(&text, name)) {
                            faults.push(format!("{place} names no place: {text}"));
                        }
                    }
                }
            }
            std::fs::write(&file, good).unwrap();
        }
    }
    let read: usize = whole.values().map(Vec::len).sum();
    println!("{cuts} cuts: {} refused with file and place, {read} read; {:.1} s", cuts - read as u64, started.elapsed().as_secs_f64());
    assert!(faults.is_empty(), "{} of {cuts} cuts:\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
    let found: Vec<String> = whole.iter().map(|((input, file), lengths)| format!("{input}, {file}: {:?}", joined(lengths))).collect();
    let names: Vec<&str> = goldens.iter().map(|g| g.name).collect();
    let mut expected: Vec<String> = Vec::new();
    for entry in WHOLE.iter().filter(|entry| names.contains(&entry.input)) {
        expected.push(format!("{}, {}: {:?}", entry.input, entry.file, entry.lengths));
    }
    expected.sort();
    let mut found = found;
    found.sort();
    assert_eq!(found, expected, "{}", found.join("\n"));
}

#[test]
fn particles_in_records() {
    let goldens: Vec<Golden> = goldens::particles().into_iter().filter(|g| !g.name.contains("hdf5")).collect();
    on_one_thread(|| cut(&goldens));
}

/// Chunks lie in the middle of the compressed file, where not every byte is cut: each of their ends must be among the cuts.
#[test]
fn ends_of_chunks_are_among_the_cuts() {
    let compressed = goldens::hdf5_all().into_iter().find(|g| g.name.contains("compressed")).unwrap();
    let (name, good) = &compressed.files[0];
    let cuts = lengths(name, good);
    // Where h5py 3.16 says that chunks of Coordinates, MagneticField, ParticleIDs and Velocities start and end.
    for edge in [19_159, 19_159 + 238, 30_892, 36_892, 36_892 + 6000, 17_491 + 136, 10_880, 11_120 + 237] {
        assert!([edge - 1, edge, edge + 1].iter().all(|at| cuts.binary_search(at).is_ok()), "{edge}");
    }
    println!("{} cuts of {} bytes", cuts.len(), good.len());
}

#[test]
fn particles_in_hdf5() {
    on_one_thread(|| cut(&goldens::hdf5_all()));
}

#[test]
fn haloes_and_trees() {
    on_one_thread(|| cut(&catalogues::haloes()));
}
