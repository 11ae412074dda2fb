//! Ten thousand mutations of every format, of a dataset and of a pipeline.
//!
//! Accuracy   0 panics, 0 inputs over 2 s, 0 allocations beyond the bound; of a dataset 0 silent differences
//! Cost       measured numbers stand in docs/formats.md
//! See also   `mutate` for the operators

use std::path::{Path, PathBuf};
use std::time::Instant;

use spolia::ingest::tipsy::ByteOrder;

use super::{Golden, Outcome, catalogues, goldens, judge, on_one_thread, scratch};
use crate::mutate::{Dice, mutated};

/// Mutations of each format in every run of the tests.
const MUTATIONS: u64 = 10_000;
/// The seed of all of them.
const SEED: u64 = 20_261_123;
/// Failures that one message lists.
const LISTED: usize = 20;

pub fn mutations() -> u64 {
    std::env::var("SPOLIA_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(MUTATIONS)
}

/// Mutates, reads and judges; `count` mutations shared by `goldens`, which are variants of one format.
fn attack(format: &str, goldens: &[Golden], count: u64) {
    let started = Instant::now();
    let (mut refused, mut read, mut most, mut faults) = (0u64, 0u64, 0, Vec::new());
    for (variant, golden) in goldens.iter().enumerate() {
        let folder = scratch();
        golden.write(folder.path());
        let rows = golden.read(folder.path()).unwrap_or_else(|e| panic!("{}: {e}", golden.name));
        assert!(rows > 0, "{}", golden.name);
        for number in (variant as u64..count).step_by(goldens.len()) {
            let mut dice = Dice::new(SEED, number);
            let target = if golden.files.len() > 1 && dice.below(2) == 0 { dice.below(golden.files.len()) } else { 0 };
            let (name, good) = &golden.files[target];
            let (bad, what) = mutated(good, &mut dice);
            let file = folder.path().join(name);
            std::fs::write(&file, &bad).unwrap();
            let length = golden.bytes() + bad.len() as u64 - good.len() as u64;
            let (outcome, held) = judge(length, || golden.read(folder.path()));
            most = most.max(held);
            match outcome {
                Outcome::Read => read += 1,
                Outcome::Refused(_) => refused += 1,
                Outcome::Broke(how) => faults.push(format!("{} mutation {number} ({what}) of `{name}`: {how}", golden.name)),
            }
            std::fs::write(&file, good).unwrap();
        }
    }
    println!(
        "{format}: {count} mutations: {refused} refused, {read} read, {} broke it; at most {:.1} MiB held; {:.1} s",
        faults.len(),
        most as f64 / f64::from(1 << 20),
        started.elapsed().as_secs_f64()
    );
    let first: Vec<&str> = faults.iter().take(LISTED).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} of {count} broke the reader:\n{}", faults.len(), first.join("\n"));
    assert!(refused > count / 10 && refused + read == count);
}

fn attacked(format: &str, goldens: Vec<Golden>) {
    on_one_thread(|| attack(format, &goldens, mutations()));
}

fn named(goldens: Vec<Golden>, words: &[&str]) -> Vec<Golden> {
    let chosen: Vec<Golden> = goldens.into_iter().filter(|g| words.iter().any(|w| g.name.contains(w))).collect();
    assert!(chosen.len() >= words.len());
    chosen
}

#[test]
fn tipsy() {
    attacked("tipsy", vec![goldens::tipsy(ByteOrder::Big), goldens::tipsy(ByteOrder::Little)]);
}

#[test]
fn tipsy_gzip() {
    attacked("tipsy.gz", vec![goldens::tipsy_gzip()]);
}

#[test]
fn gadget_binary_1() {
    attacked("gadget binary 1", named(goldens::particles(), &["gadget binary 1"]));
}

#[test]
fn gadget_binary_2() {
    attacked("gadget binary 2", named(goldens::particles(), &["gadget binary 2"]));
}

#[test]
fn gadget_4_hdf5() {
    attacked("gadget-4 hdf5", named(goldens::hdf5_all(), &["gadget"]));
}

#[test]
fn arepo_hdf5() {
    attacked("arepo hdf5", named(goldens::hdf5_all(), &["arepo"]));
}

#[test]
fn gizmo_hdf5() {
    attacked("gizmo hdf5", named(goldens::hdf5_all(), &["gizmo"]));
}

#[test]
fn swift_hdf5() {
    attacked("swift hdf5", named(goldens::hdf5_all(), &["swift"]));
}

#[test]
fn eagle_hdf5() {
    attacked("eagle hdf5", named(goldens::hdf5_all(), &["eagle"]));
}

#[test]
fn nihao_fits() {
    attacked("nihao fits", named(goldens::fits_all(), &["kind"]));
}

#[test]
fn ahf() {
    attacked("ahf", vec![catalogues::ahf()]);
}

#[test]
fn amiga_stat() {
    attacked("amiga stat", vec![catalogues::amiga_stat()]);
}

#[test]
fn rockstar() {
    attacked("rockstar binary", vec![catalogues::rockstar(1, false), catalogues::rockstar(2, true)]);
}

#[test]
fn rockstar_list() {
    attacked("rockstar list", vec![catalogues::rockstar_list()]);
}

#[test]
fn consistent_trees() {
    attacked("consistent-trees", vec![catalogues::consistent_trees()]);
}

#[test]
fn subfind() {
    attacked("subfind", vec![catalogues::subfind()]);
}

#[test]
fn eagle_subfind() {
    attacked("eagle subfind", vec![catalogues::eagle()]);
}

#[test]
fn sublink() {
    attacked("sublink", vec![catalogues::sublink()]);
}

#[test]
fn lhalotree() {
    attacked("lhalotree", vec![catalogues::lhalotree()]);
}

/// Every registered format has its test above.
#[test]
fn every_registered_format_is_attacked() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for (number, golden) in goldens::particles().into_iter().chain(catalogues::haloes()).enumerate() {
        let own = folder.path().join(number.to_string());
        std::fs::create_dir(&own).unwrap();
        golden.write(&own);
        for format in spolia::ingest::formats() {
            let known = golden
                .files
                .iter()
                .any(|(name, bytes)| format.recognises(&own.join(name), &bytes[..bytes.len().min(4096)], bytes.len() as u64));
            if known {
                seen.insert(format.name());
            }
        }
    }
    let missing: Vec<&str> = spolia::ingest::formats().iter().map(|f| f.name()).filter(|n| !seen.contains(n)).collect();
    assert!(missing.is_empty(), "no small input for {missing:?}");
}

/// Files below a folder, sorted.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path().is_dir() {
            true => found.extend(files_below(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found.sort();
    found
}

#[test]
fn datasets_give_an_error_or_the_same_values() {
    use crate::dataset::{Place, read_fully};
    let count = mutations();
    let folder = scratch();
    let place = Place::within(folder.path());
    place.ingest(1, 700, 50);
    let root = place.root();
    let started = Instant::now();
    let (refused, same, most, faults) = on_one_thread(|| {
        let truth = read_fully(&root).unwrap();
        let files: Vec<(PathBuf, Vec<u8>)> = files_below(&root)
            .into_iter()
            .filter(|path| !path.ends_with("lock"))
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        let length: u64 = files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let (mut refused, mut same, mut most, mut faults) = (0, 0, 0, Vec::new());
        for number in 0..count {
            let mut dice = Dice::new(SEED, number);
            let (path, good) = &files[dice.below(files.len())];
            let (bad, what) = mutated(good, &mut dice);
            std::fs::write(path, &bad).unwrap();
            let answer = std::cell::RefCell::new(None);
            let read = || read_fully(&root).map(|digest| *answer.borrow_mut() = Some(digest));
            let (outcome, held) = judge(length + bad.len() as u64, read);
            most = most.max(held);
            let fault = match outcome {
                Outcome::Refused(_) => {
                    refused += 1;
                    None
                }
                Outcome::Read if answer.borrow().as_ref() == Some(&truth) => {
                    same += 1;
                    None
                }
                Outcome::Read => Some("other values without an error".to_string()),
                Outcome::Broke(how) => Some(how),
            };
            faults.extend(fault.map(|how| format!("mutation {number} ({what}) of {}: {how}", path.display())));
            std::fs::write(path, good).unwrap();
        }
        (refused, same, most, faults)
    });
    println!(
        "dataset: {count} mutations: {refused} refused, {same} with the same values, 0 silent differences; at most {:.1} MiB held; {:.1} s",
        most as f64 / f64::from(1 << 20),
        started.elapsed().as_secs_f64()
    );
    let first: Vec<&str> = faults.iter().take(LISTED).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), first.join("\n"));
}

#[cfg(feature = "sql")]
#[test]
fn pipelines_are_read_or_refused_with_their_name() {
    let good = crate::pipeline::STEPS.as_bytes();
    super::texts::pipelines("pipeline, as bytes", |number| mutated(good, &mut Dice::new(SEED, number)).0);
}
