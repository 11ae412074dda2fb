//! The built-in galaxy as a reader sees it: same bytes for any threads, complete records, mass accounted for.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use spolia::ingest::synth::{DemoOptions, DemoReport, DemoSize, write_demo};
use spolia::progress::{Progress, Silent};

fn tiny(dir: &Path, threads: usize) -> DemoReport {
    write_demo(dir, &DemoOptions { size: DemoSize::Tiny, seed: 42, threads }, &Silent).unwrap()
}

/// Every file below `dir`, by relative name.
fn bytes(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for folder in ["", "truth"] {
        for entry in std::fs::read_dir(dir.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                all.insert(path.strip_prefix(dir).unwrap().display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }
    all
}

fn f64_at(bytes: &[u8], at: usize) -> f64 {
    f64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn same_bytes_for_any_threads_and_complete_records() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let report = tiny(one.path(), 1);
    tiny(two.path(), 2);
    let (first, second) = (bytes(one.path()), bytes(two.path()));
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, content) in &first {
        assert!(content == &second[name], "{name} differs between 1 and 2 threads");
    }

    // Mass: stars, gas and what is left add up to what the recipe provides.
    let sum = report.stellar_mass_msun + report.gas_mass_msun + report.reservoir_mass_msun;
    assert!((sum / report.supplied_mass_msun - 1.0).abs() < 1e-12, "{sum:e} of {:e}", report.supplied_mass_msun);
    assert!(report.n_stars > 50 && report.n_accreted > 5, "{report:?}");

    // The last snapshot: a = 1, counts as reported.
    let last = &first["demo.01024"];
    assert_eq!(f64_at(last, 0), 1.0);
    let (n_gas, n_dark, n_star) = (i32_at(last, 16), i32_at(last, 20), i32_at(last, 24));
    assert_eq!((n_gas as u64, n_dark as u64, n_star as u64), (report.n_gas, report.n_dark, report.n_stars));
    assert_eq!(last.len(), 32 + 48 * n_gas as usize + 36 * n_dark as usize + 44 * n_star as usize);

    // Each star of the snapshot has a log record with its id, born before now, and a row of truth.
    let iord = &first["demo.01024.iord"];
    let total = (n_gas + n_dark + n_star) as usize;
    let ids: Vec<i32> = (0..total).map(|i| i32_at(iord, 4 + 4 * i)).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), total, "ids repeat");
    let log = &first["demo.starlog"];
    assert_eq!(i32_at(log, 0), 88);
    assert_eq!(log.len(), 4 + 88 * n_star as usize);
    let stars = &ids[(n_gas + n_dark) as usize..];
    let time_unit = {
        let text = String::from_utf8(first["demo.param"].clone()).unwrap();
        let value = |key: &str| text.lines().find_map(|l| l.strip_prefix(&format!("{key} = "))).unwrap().parse::<f64>().unwrap();
        let (length, mass) = (value("dKpcUnit"), value("dMsolUnit"));
        // h back from the code units, as a reader does it.
        let speed = (4.300917270036279e-6 * mass / length).sqrt();
        assert!((value("dHubble0") * 10.0 * speed / length - 0.671).abs() < 1e-9);
        0.977_792_221_680_789 * length / speed
    };
    for (row, id) in stars.iter().enumerate() {
        let at = 4 + 88 * row;
        assert_eq!(i32_at(log, at), *id);
        assert!(i32_at(log, at + 4) < *id, "a star's id exceeds its gas id");
        let born_gyr = f64_at(log, at + 8) * time_unit;
        assert!(born_gyr > 1.0 && born_gyr <= 13.84, "born at {born_gyr}");
    }
    // The snapshot holds the same times in f32, rounded down: no star is younger than 0.
    for row in 0..n_star as usize {
        let at = 32 + 48 * n_gas as usize + 36 * n_dark as usize + 44 * row + 32;
        let (held, logged) = (f64::from(f32::from_be_bytes(last[at..at + 4].try_into().unwrap())), f64_at(log, 4 + 88 * row + 8));
        assert!(held < logged && held > logged * (1.0 - 3e-7), "star {row}: {held} {logged}");
    }
    let file = std::fs::File::open(&report.truth).unwrap();
    let rows: Vec<RecordBatch> = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().map(|b| b.unwrap()).collect();
    let truth: Vec<u64> = rows.iter().flat_map(|b| b.column(0).as_primitive::<UInt64Type>().values().to_vec()).collect();
    assert_eq!(truth, stars.iter().map(|&i| i as u64).collect::<Vec<_>>());
    let accreted: usize = rows.iter().map(|b| b.column(1).as_string::<i32>().iter().filter(|p| *p == Some("satellite")).count()).sum();
    assert_eq!(accreted as u64, report.n_accreted);

    // Times of the snapshots grow, and so do their numbers.
    let times: Vec<f64> = report.snapshots.iter().map(|p| f64_at(&std::fs::read(p).unwrap(), 0)).collect();
    assert!(times.len() >= 8 && times.windows(2).all(|w| w[0] < w[1]), "{times:?}");
}

#[test]
fn another_seed_is_another_galaxy() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tiny(one.path(), 1);
    write_demo(two.path(), &DemoOptions { size: DemoSize::Tiny, seed: 43, threads: 1 }, &Silent).unwrap();
    assert_ne!(std::fs::read(one.path().join("demo.01024")).unwrap(), std::fs::read(two.path().join("demo.01024")).unwrap());
}

#[test]
fn stops_when_told() {
    struct Impatient;
    impl Progress for Impatient {
        fn start(&self, _: &str, _: u64, _: &str) {}
        fn advance(&self, _: u64) {}
        fn finish(&self) {}
        fn note(&self, _: &str) {}
        fn cancelled(&self) -> bool {
            true
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let error = write_demo(dir.path(), &DemoOptions { size: DemoSize::Tiny, ..Default::default() }, &Impatient).unwrap_err();
    assert_eq!(error.kind(), spolia::ErrorKind::Interrupted);
    assert!(!dir.path().join("demo.01024").exists());
}

/// Writes the quick run into `SPOLIA_DEMO_DIR` and prints what it measured; half a minute of both cores, so `.ci/run` runs it alone.
#[test]
#[ignore = "half a minute of all cores, which would spoil the tests of time beside it; .ci/run runs it alone"]
fn quick_run_resembles_the_milky_way() {
    let keep = std::env::var_os("SPOLIA_DEMO_DIR").map(std::path::PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let dir = keep.as_deref().unwrap_or(temporary.path());
    let started = std::time::Instant::now();
    let report = write_demo(dir, &DemoOptions { size: DemoSize::Quick, seed: 1, threads: 0 }, &Silent).unwrap();
    println!("{report:#?}\nwall time {:.1} s", started.elapsed().as_secs_f64());
    assert!(report.energy_drift < 5e-3);
    assert!((2e10..6e10).contains(&report.stellar_mass_msun));
    assert!((7.5..10.0).contains(&report.merger_lookback_gyr.unwrap()));
    let share = report.n_accreted as f64 / report.n_stars as f64;
    assert!((0.05..0.3).contains(&share), "{share}");
}
