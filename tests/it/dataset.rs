//! Datasets under attack: ingest of a made-up snapshot, kills, full disks, rivals, threads and memory.
//!
//! Layout     `Toy` is a snapshot made from counters; the kill test runs this test binary again as the victim
//! See also   `src/table`, `src/ingest/run.rs`

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Schema, SchemaRef, UInt64Type};
use spolia::ErrorKind;
use spolia::ingest::run::{IngestOptions, IngestReport, ingest_opened};
use spolia::ingest::{Family, Snapshot, SnapshotInfo};
use spolia::progress::{Progress, Silent};
use spolia::table::schema::{canonical_field, unit_of};
use spolia::table::verify::{Level, verify};
use spolia::table::{Dataset, Transaction};

const VICTIM: &str = "SPOLIA_TEST_VICTIM";
const COLUMNS: [&str; 11] = ["id", "x", "y", "z", "vx", "vy", "vz", "mass", "phi", "eps", "z_metal"];

/// A snapshot whose every value follows from row and column.
#[derive(Debug)]
struct Toy {
    info: SnapshotInfo,
}

fn mix(n: u64) -> u64 {
    let z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// Value of a float column: positions of a centrally concentrated cloud, else noise; some rows share one position.
fn value(column: usize, row: u64) -> f32 {
    let unit = |salt: u64| mix(row * 16 + salt) as f32 / u64::MAX as f32;
    match COLUMNS[column] {
        "x" | "y" | "z" if row.is_multiple_of(10) => 1.0,
        "x" | "y" | "z" => (unit(column as u64) - 0.5) * 200.0 * unit(9).powi(2),
        "mass" => 1e4 * (1.0 + unit(7)),
        "eps" => 0.3,
        _ => (unit(column as u64) - 0.5) * 300.0,
    }
}

#[allow(clippy::new_ret_no_self, reason = "the tests want the trait object")]
impl Toy {
    fn new(snap: u32, stars: u64, gas: u64, file: &Path) -> Arc<dyn Snapshot> {
        Arc::new(Toy {
            info: SnapshotInfo {
                format: "toy".into(),
                snap,
                files: vec![(file.to_path_buf(), std::fs::metadata(file).map_or(0, |m| m.len()))],
                scale_factor: Some(0.5),
                time_gyr: Some(5.9),
                cosmology: None,
                box_kpc: Some(1000.0),
                rows: vec![(Family::Stars, stars), (Family::Gas, gas)],
                attributes: vec![("seed".into(), "1".into())],
                notes: vec![],
            },
        })
    }
}

impl Snapshot for Toy {
    fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    fn schema(&self, _family: Family) -> spolia::Result<SchemaRef> {
        let data_type = |name: &str| if name == "id" { DataType::UInt64 } else { DataType::Float32 };
        Ok(Arc::new(Schema::new(COLUMNS.iter().map(|name| canonical_field(name, data_type(name), "toy", None)).collect::<Vec<_>>())))
    }

    fn read(&self, family: Family, columns: &[usize], rows: Range<u64>) -> spolia::Result<RecordBatch> {
        let schema = Arc::new(self.schema(family)?.project(columns).unwrap());
        let shift = if family == Family::Gas { 1 << 40 } else { 0 };
        let array = |column: &usize| -> ArrayRef {
            match column {
                0 => Arc::new(UInt64Array::from_iter_values(rows.clone().map(|row| row + shift))),
                _ => Arc::new(Float32Array::from_iter_values(rows.clone().map(|row| value(*column, row + shift)))),
            }
        };
        Ok(RecordBatch::try_new(schema, columns.iter().map(array).collect()).unwrap())
    }
}

pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place::within(&std::env::temp_dir())
    }

    /// In a new folder inside `parent`.
    pub fn within(parent: &Path) -> Place {
        let folder = tempfile::tempdir_in(parent).unwrap();
        std::fs::write(folder.path().join("source"), b"toy source").unwrap();
        Place { folder }
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("toy.spolia")
    }

    fn toy(&self, snap: u32, stars: u64, gas: u64) -> Vec<(PathBuf, Arc<dyn Snapshot>)> {
        let file = self.folder.path().join("source");
        vec![(file.clone(), Toy::new(snap, stars, gas, &file))]
    }

    pub fn ingest(&self, snap: u32, stars: u64, gas: u64) -> IngestReport {
        ingest_opened(&self.toy(snap, stars, gas), &self.root(), &IngestOptions::default(), &Silent).unwrap()
    }
}

/// Reads everything that a user could ask for; a digest of all values.
pub fn read_fully(root: &Path) -> spolia::Result<String> {
    let dataset = Dataset::open(root)?;
    let mut hasher = blake3::Hasher::new();
    for table in dataset.tables() {
        let mut stream = arrow::ipc::writer::StreamWriter::try_new(Vec::new(), dataset.schema(&table)?.as_ref()).unwrap();
        for batch in dataset.read_table(&table)? {
            stream.write(&batch).unwrap();
        }
        hasher.update(&stream.into_inner().unwrap());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn every_value_comes_back_once_with_units_and_in_curve_order() {
    let place = Place::new();
    let report = place.ingest(42, 300_000, 1000);
    assert_eq!(report.version, 1);
    let dataset = Dataset::open(&place.root()).unwrap();
    assert_eq!(dataset.tables(), ["gas", "snapshots", "stars"]);
    assert_eq!(unit_of(dataset.schema("stars").unwrap().field_with_name("vx").unwrap()), "km/s");
    assert!(dataset.schema("stars").unwrap().field_with_name("snap").is_err());
    let mut seen = vec![false; 300_000];
    let step = |a: [f32; 3], b: [f32; 3]| (0..3).map(|axis| f64::from((a[axis] - b[axis]).abs())).sum::<f64>();
    let point = |row: u64| [1, 2, 3].map(|column| value(column, row));
    let (mut length, mut last) = (0.0, None);
    for batch in dataset.read_table("stars").unwrap() {
        let ids = batch.column(0).as_primitive::<UInt64Type>();
        for (i, id) in ids.values().iter().enumerate() {
            assert!(!std::mem::replace(&mut seen[*id as usize], true));
            for column in 1..COLUMNS.len() {
                let found: &Float32Array = batch.column(column).as_any().downcast_ref().unwrap();
                assert_eq!(found.value(i).to_bits(), value(column, *id).to_bits());
            }
            length += last.replace(point(*id)).map_or(0.0, |before| step(before, point(*id)));
        }
    }
    assert!(seen.iter().all(|s| *s));
    let in_file: f64 = (1..300_000).map(|row| step(point(row - 1), point(row))).sum();
    println!("mean step along the curve {:.2} kpc, in the source {:.2} kpc", length / 3e5, in_file / 3e5);
    assert!(length * 10.0 < in_file);
    let report = verify(&place.root(), Level::Deep).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let summary = dataset.summary().unwrap();
    assert_eq!(summary.tables[2].rows, 300_000);
    assert_eq!(summary.tables[2].columns[1].stats.nans, 0);
}

#[test]
fn the_same_bytes_for_any_threads_and_memory() {
    let place = Place::new();
    let mut first: Option<Vec<String>> = None;
    for (threads, memory_bytes) in [(1, None), (2, None), (4, None), (2, Some(20 << 20)), (3, Some(3 << 20))] {
        let root = place.folder.path().join(format!("d{threads}{memory_bytes:?}"));
        let options = IngestOptions { threads, memory_bytes, ..IngestOptions::default() };
        ingest_opened(&place.toy(1, 400_000, 10), &root, &options, &Silent).unwrap();
        let dataset = Dataset::open(&root).unwrap();
        let hashes: Vec<String> = ["stars", "gas"].iter().flat_map(|t| dataset.files(t)).map(|f| f.blake3).collect();
        assert_eq!(&hashes, first.get_or_insert(hashes.clone()), "threads {threads}, memory {memory_bytes:?}");
    }
}

#[test]
fn the_same_source_is_left_alone_and_another_one_replaces_it() {
    let place = Place::new();
    assert_eq!(place.ingest(7, 1000, 10).version, 1);
    let again = place.ingest(7, 1000, 10);
    assert!(again.version == 1 && again.snapshots[0].unchanged && again.notes[0].contains("nothing to do"));
    std::fs::write(place.folder.path().join("source"), b"other source").unwrap();
    let options = IngestOptions { families: Some(vec![Family::Stars]), columns: Some(vec!["mass".into()]), ..IngestOptions::default() };
    let dry = ingest_opened(&place.toy(7, 2000, 10), &place.root(), &IngestOptions { dry_run: true, ..options.clone() }, &Silent).unwrap();
    assert_eq!((dry.version, dry.snapshots[0].tables.len(), dry.snapshots[0].tables[0].rows), (1, 1, 2000));
    assert_eq!(dry.snapshots[0].tables[0].columns[4], ("mass".into(), "Msun".into(), "Float32".into()));
    assert_eq!(ingest_opened(&place.toy(7, 2000, 10), &place.root(), &options, &Silent).unwrap().version, 2);
    let dataset = Dataset::open(&place.root()).unwrap();
    assert_eq!(dataset.tables(), ["snapshots", "stars"], "the gas of the other source is gone");
    assert_eq!(dataset.schema("stars").unwrap().fields().len(), 5);
    assert_eq!(dataset.files("stars").iter().map(|f| f.rows).sum::<u64>(), 2000);
    place.ingest(8, 10, 10);
    assert_eq!(Dataset::open(&place.root()).unwrap().read_table("snapshots").unwrap()[0].num_rows(), 2);
    assert_eq!(Dataset::open_version(&place.root(), 1).unwrap().tables(), ["gas", "snapshots", "stars"]);
}

#[test]
fn what_no_source_has_is_refused_by_name() {
    let place = Place::new();
    let run = |options: IngestOptions| ingest_opened(&place.toy(7, 100, 0), &place.root(), &options, &Silent).unwrap_err();
    let error = run(IngestOptions { columns: Some(vec!["massa".into()]), ..IngestOptions::default() });
    assert_eq!((error.kind(), error.hint_text()), (ErrorKind::NotFound, Some("did you mean `mass`?")));
    let error = run(IngestOptions { families: Some(vec![Family::Dark]), ..IngestOptions::default() });
    assert!(error.to_string().contains("expected stars"), "{error}");
    let twice: Vec<_> = [place.toy(7, 1, 1), place.toy(7, 2, 2)].concat();
    assert_eq!(ingest_opened(&twice, &place.root(), &IngestOptions::default(), &Silent).unwrap_err().exit_code(), 2);
    assert!(!place.root().exists(), "nothing may be left behind");
}

/// Not a test of its own: the victim of the kill and disk tests, which start this binary with the variable set.
#[test]
fn victim() {
    let Ok(root) = std::env::var(VICTIM) else { return };
    let root = PathBuf::from(root);
    let source = root.with_file_name("source");
    let memory_bytes = std::env::var("SPOLIA_TEST_MEMORY").ok().map(|n| n.parse().unwrap());
    let options = IngestOptions { memory_bytes, ..IngestOptions::default() };
    let toy = vec![(source.clone(), Toy::new(2, 400_000, 150_000, &source))];
    if let Err(error) = ingest_opened(&toy, &root, &options, &Silent) {
        eprintln!("exit {}: {error}", error.exit_code());
        std::process::exit(i32::from(error.exit_code()));
    }
}

fn victim_command(root: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = format!("{}::victim", module_path!().split_once("::").unwrap().1);
    command.args([&name, "--exact", "--nocapture", "--test-threads=1"]).env(VICTIM, root).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn killed_at_any_instant_the_dataset_is_old_or_new_and_the_next_run_completes() {
    const KILLS: u64 = 20;
    let place = Place::new();
    let started = Instant::now();
    assert!(victim_command(&place.folder.path().join("whole.spolia")).status().unwrap().success());
    let whole = started.elapsed();
    let expected: Vec<String> = {
        let dataset = Dataset::open(&place.folder.path().join("whole.spolia")).unwrap();
        ["stars", "gas"].iter().flat_map(|t| dataset.files(t)).map(|f| f.blake3).collect()
    };
    let (mut old, mut new, mut reused) = (0, 0, 0);
    for kill in 0..KILLS {
        let root = place.folder.path().join(format!("k{kill}.spolia"));
        // Half start from a dataset with one snapshot, half from nothing; a third sort through buckets.
        let before = if kill % 2 == 0 {
            ingest_opened(&place.toy(1, 500, 5), &root, &IngestOptions::default(), &Silent).unwrap();
            1
        } else {
            0
        };
        let mut command = victim_command(&root);
        if kill % 3 == 0 {
            command.env("SPOLIA_TEST_MEMORY", "8000000");
        }
        let mut child = command.spawn().unwrap();
        std::thread::sleep(whole.mul_f64(1.3 * (kill as f64 + 0.5) / KILLS as f64));
        child.kill().unwrap();
        child.wait().unwrap();
        match Dataset::open(&root) {
            Ok(dataset) if dataset.manifest().version == before => old += 1,
            Ok(dataset) => {
                assert_eq!(dataset.manifest().version, before + 1);
                new += 1;
            }
            Err(error) => {
                assert_eq!((error.kind(), before), (ErrorKind::NotFound, 0), "kill {kill}: {error}");
                old += 1;
            }
        }
        if before == 1 {
            read_fully(&root).unwrap();
        }
        let report = ingest_opened(&place.toy(2, 400_000, 150_000), &root, &IngestOptions::default(), &Silent).unwrap();
        reused += report.snapshots[0].tables.iter().filter(|t| t.reused).count();
        assert_eq!(report.version, before + 1);
        assert!(verify(&root, Level::Checksums).unwrap().is_whole());
        let dataset = Dataset::open(&root).unwrap();
        let found: Vec<String> = ["stars", "gas"].iter().flat_map(|t| dataset.files(t)).filter(|f| f.snap == 2).map(|f| f.blake3).collect();
        assert_eq!(found, expected, "resumed and uninterrupted must have the same bytes");
        let named = dataset.tables().iter().map(|t| dataset.files(t).len()).sum::<usize>() + usize::from(before == 1);
        assert_eq!(files_below(&root.join("data")).len(), named, "kill {kill}: data files that no version names");
        assert!(files_below(&root.join("tmp")).is_empty(), "kill {kill}: {:?}", files_below(&root.join("tmp")));
    }
    println!("{KILLS} kills over {whole:?}: {old} old, {new} new, {reused} finished tables reused");
    assert!(old > 0);
}

#[test]
fn a_full_disk_is_a_limit_and_leaves_the_old_version() {
    let place = Place::new();
    place.ingest(1, 500, 5);
    let root = place.root();
    let truth = read_fully(&root).unwrap();
    let victim = victim_command(&root);
    for memory in ["", "8000000"] {
        // The limit stops files at 2 MiB (in 512-byte or 1024-byte blocks); with the signal ignored the write fails as on a full disk.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$@\"", "sh"])
            .arg(victim.get_program())
            .args(victim.get_args())
            .env(VICTIM, &root);
        if !memory.is_empty() {
            shell.env("SPOLIA_TEST_MEMORY", memory);
        }
        let output = shell.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{text}");
        assert!(text.contains("ulimit") && text.contains("File too large"), "{text}");
        assert_eq!(Dataset::open(&root).unwrap().manifest().version, 1);
        assert_eq!(read_fully(&root).unwrap(), truth);
    }
    assert_eq!(place.ingest(2, 400_000, 150_000).version, 2);
}

/// Wants to stop after so many rows.
struct StopAfter(AtomicU64, u64);

impl Progress for StopAfter {
    fn start(&self, _task: &str, _total: u64, _unit: &str) {}
    fn advance(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
    fn finish(&self) {}
    fn note(&self, _text: &str) {}
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) > self.1
    }
}

#[test]
fn stopped_it_says_how_to_go_on_and_goes_on_from_the_finished_table() {
    let place = Place::new();
    // 10 source bytes, 300 000 stars read and written, then part of the gas.
    let stop = StopAfter(AtomicU64::new(0), 650_000);
    let error = ingest_opened(&place.toy(2, 300_000, 200_000), &place.root(), &IngestOptions::default(), &stop).unwrap_err();
    assert_eq!(error.exit_code(), 130);
    assert!(error.hint_text().unwrap().contains("repeat the same command"));
    let report = place.ingest(2, 300_000, 200_000);
    assert_eq!(report.snapshots[0].tables.iter().map(|t| t.reused).collect::<Vec<_>>(), [true, false]);
    assert!(verify(&place.root(), Level::Deep).unwrap().findings.is_empty());
}

#[test]
fn a_reader_of_an_old_version_is_not_disturbed_by_writers() {
    let place = Place::new();
    place.ingest(1, 5000, 5);
    let old = Dataset::open(&place.root()).unwrap();
    let writer = Transaction::begin(&place.root()).unwrap();
    assert_eq!(old.read_table("stars").unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 5000);
    let busy = Transaction::begin_within(&place.root(), Duration::from_millis(30)).unwrap_err();
    assert!(busy.to_string().contains("another process is writing"), "{busy}");
    drop(writer);
    std::fs::write(place.folder.path().join("source"), b"changed").unwrap();
    place.ingest(1, 6000, 5);
    assert_eq!(old.read_table("stars").unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 5000);
}

/// Speed of ingest, for people: `cargo test --release --test it dataset::speed -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    const ROWS: u64 = 10_000_000;
    let place = Place::new();
    let bytes = (ROWS * 48) as f64;
    // The toy's own arithmetic is measured first and taken off.
    let toy = place.toy(1, ROWS, 0);
    let columns: Vec<usize> = (0..COLUMNS.len()).collect();
    let started = Instant::now();
    use std::thread;
    thread::scope(|scope| {
        for half in 0..2 {
            let (toy, columns) = (&toy, &columns);
            scope.spawn(move || {
                (0..ROWS / 200_000)
                    .for_each(|b| drop(toy[0].1.read(Family::Stars, columns, (2 * b + half) * 100_000..(2 * b + half + 1) * 100_000)))
            });
        }
    });
    let source = started.elapsed().as_secs_f64();
    for memory_bytes in [None, Some(200 << 20)] {
        let root = place.folder.path().join(format!("{memory_bytes:?}"));
        let report = ingest_opened(&toy, &root, &IngestOptions { memory_bytes, ..IngestOptions::default() }, &Silent).unwrap();
        let file = report.snapshots[0].tables[0].file_bytes as f64;
        println!(
            "memory {memory_bytes:?}: {:.2} s ({source:.2} s of it the made-up source), {:.0} MB/s, file {:.2} of memory",
            report.seconds,
            bytes / 1e6 / (report.seconds - source),
            file / bytes
        );
    }
}

/// Speed and a dataset to keep, from a real file: `SPOLIA_BENCH=snapshot:dataset cargo test ... dataset::speed_of_file -- --ignored`.
#[test]
#[ignore = "a measurement"]
fn speed_of_file() {
    let Ok(paths) = std::env::var("SPOLIA_BENCH") else { return println!("SPOLIA_BENCH is not set") };
    let (source, root) = paths.split_once(':').unwrap();
    let report = spolia::ingest::run::ingest(&[source.into()], Path::new(root), &IngestOptions::default(), &Silent).unwrap();
    let snapshot = &report.snapshots[0];
    let (memory, file) = snapshot.tables.iter().fold((0, 0), |(m, f), t| (m + t.memory_bytes, f + t.file_bytes));
    println!(
        "{:.2} s, {:.0} MB/s of source, file {:.2} of memory",
        report.seconds,
        snapshot.source_bytes as f64 / 1e6 / report.seconds,
        file as f64 / memory as f64
    );
}
