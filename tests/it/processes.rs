//! Whole processes under stress: eight writers at once, a file system that is full, a query with little memory.
//!
//! Edge cases a file system of its own needs the right to mount one; where it is missing the test prints a line and returns
//! See also   `dataset` for kills and limits of file size

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Schema};
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::write_snapshot;
use spolia::table::schema::canonical_field;
use spolia::table::verify::{Level, verify};
use spolia::table::{Dataset, Transaction};

use crate::ingest_tipsy::small;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spolia"));
    for name in ["SPOLIA_THREADS", "SPOLIA_MEMORY", "SPOLIA_SEED", "SPOLIA_LOG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ingest(sources: &[PathBuf], root: &Path) -> Command {
    let mut command = program();
    command.arg("ingest").args(sources).arg("-o").arg(root);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn snapshot(folder: &Path, snap: usize, stars: usize) -> PathBuf {
    let path = folder.join(format!("p.{snap:05}"));
    let mut file = small(3, 2, stars);
    // No two values alike: nothing that compression could take away.
    let mut state = snap as u32 + 1;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 65_536.0
    };
    file.stars.iter_mut().for_each(|s| (s.x, s.y, s.z, s.vx, s.vy, s.vz) = (noise(), noise(), noise(), noise(), noise(), noise()));
    write_snapshot(&path, &file, ByteOrder::Big).unwrap();
    path
}

/// Every file below a folder, with its length.
fn files(folder: &Path) -> BTreeSet<(PathBuf, u64)> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert((path.clone(), path.metadata().unwrap().len()));
        }
    }
    found
}

#[test]
fn eight_writers_at_once_lose_nothing() {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 3;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("p.spolia");
    let mut kept: BTreeSet<u32> = BTreeSet::new();
    let mut busy = 0;
    for round in 0..ROUNDS {
        let numbers: Vec<usize> = (0..WRITERS).map(|writer| 1 + round * WRITERS + writer).collect();
        let sources: Vec<PathBuf> = numbers.iter().map(|n| snapshot(dir.path(), *n, 500 + n)).collect();
        let children: Vec<Child> = sources.iter().map(|source| ingest(std::slice::from_ref(source), &root).spawn().unwrap()).collect();
        for (number, child) in numbers.iter().zip(children) {
            let output = child.wait_with_output().unwrap();
            match output.status.code() {
                Some(0) => drop(kept.insert(*number as u32)),
                Some(4) if said(&output).contains("another process is writing") => busy += 1,
                other => panic!("writer {number} ended with {other:?}: {}", said(&output)),
            }
        }
    }
    let dataset = Dataset::open(&root).unwrap();
    assert_eq!(dataset.manifest().snapshots.iter().map(|s| s.snap).collect::<BTreeSet<_>>(), kept);
    assert_eq!(dataset.manifest().version, kept.len() as u64, "one version for each success");
    for file in dataset.files("stars") {
        assert_eq!(file.rows, 500 + u64::from(file.snap));
    }
    let report = verify(&root, Level::Deep).unwrap();
    assert!(report.is_whole() && report.findings.is_empty(), "{:?}", report.findings);
    println!("{} writers: {} succeeded, {busy} were told that another one is busy", WRITERS * ROUNDS, kept.len());
    assert!(kept.len() >= WRITERS);
}

/// Set for the children of the test of appends: the dataset, and which of the writers it is.
const APPENDER: &str = "SPOLIA_TEST_APPENDER";

/// Not a test of its own: one of the writers, started by the tests below.
#[test]
fn appender() {
    let Ok(task) = std::env::var(APPENDER) else { return };
    let [root, writer, count] = task.split('|').collect::<Vec<_>>()[..] else { panic!("{task}") };
    let (writer, count): (u32, u32) = (writer.parse().unwrap(), count.parse().unwrap());
    let schema = Arc::new(Schema::new(vec![canonical_field("id", DataType::UInt64, "", None)]));
    for number in 0..count {
        // A busy dataset is waited for; nothing else may go wrong.
        let mut transaction = Transaction::begin_within(Path::new(root), Duration::from_secs(300)).unwrap();
        let snap = writer * count + number + 1;
        let mut rows = transaction.writer("stars", snap, schema.clone()).unwrap();
        let column: ArrayRef = Arc::new(UInt64Array::from(vec![u64::from(snap)]));
        rows.write(&RecordBatch::try_new(schema.clone(), vec![column]).unwrap()).unwrap();
        rows.finish().unwrap();
        transaction.commit("one more row").unwrap();
    }
}

/// Eight processes append `count` rows each while this one reads: nothing is lost, every version that is seen is whole.
fn append_from_eight_processes(count: u32) {
    const WRITERS: u32 = 8;
    let dir = crate::damage::scratch();
    let root = dir.path().join("a.spolia");
    let name = format!("{}::appender", module_path!().split_once("::").unwrap().1);
    let mut children: Vec<Child> = (0..WRITERS)
        .map(|writer| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args([&name, "--exact", "--test-threads=1"]).env(APPENDER, format!("{}|{writer}|{count}", root.display()));
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    let (mut seen, mut last) = (0, 0);
    while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        if let Ok(dataset) = Dataset::open(&root) {
            let version = dataset.manifest().version;
            // One row a version: a reader that sees the version sees exactly its rows.
            assert_eq!(dataset.files("stars").iter().map(|f| f.rows).sum::<u64>(), version);
            assert!(version >= last, "{version} after {last}");
            (seen, last) = (seen + 1, version);
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    assert!(children.into_iter().all(|mut child| child.wait().unwrap().success()));
    let all = u64::from(WRITERS * count);
    let dataset = Dataset::open(&root).unwrap();
    assert_eq!(dataset.manifest().version, all);
    let snaps: BTreeSet<u32> = dataset.files("stars").iter().map(|f| f.snap).collect();
    assert_eq!(snaps, (1..=WRITERS * count).collect());
    let versions = std::fs::read_dir(root.join("versions")).unwrap().count() as u64;
    assert_eq!(versions, all, "one manifest a version, none twice");
    assert!(verify(&root, Level::Deep).unwrap().is_whole());
    println!("{WRITERS} processes appended {all} rows; {seen} versions were read meanwhile, each whole");
}

#[test]
fn eight_appending_processes_lose_no_row_and_make_no_version_twice() {
    append_from_eight_processes(25);
}

/// `cargo test --release --test it thousand_appends -- --ignored --nocapture`
#[test]
#[ignore = "minutes"]
fn a_thousand_appends_from_eight_processes() {
    append_from_eight_processes(125);
}

/// A file system of a few megabytes in memory, unmounted at the end.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(SmallDisk(folder)),
            _ => {
                println!("skipped: a file system cannot be mounted here");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_file_system_is_a_limit_and_leaves_the_old_version() {
    let Some(disk) = SmallDisk::new("2m") else { return };
    let sources = tempfile::tempdir().unwrap();
    let root = disk.0.path().join("p.spolia");
    let first = ingest(&[snapshot(sources.path(), 1, 2_000)], &root).output().unwrap();
    assert!(first.status.success(), "{}", said(&first));
    let before = files(&root);
    // About 3.6 MB of noise: the data file does not fit; and 1.4 MB, where the file fits and a bucket of the sort does not.
    for (stars, memory) in [(150_000, "2GB"), (60_000, "1MB"), (150_000, "1MB")] {
        let second = ingest(&[snapshot(sources.path(), 2, stars)], &root).args(["--memory", memory]).output().unwrap();
        let text = said(&second);
        assert_eq!(second.status.code(), Some(4), "{stars} stars, {memory}: {text}");
        assert!(text.contains("No space left on device") && text.contains("hint"), "{text}");
        assert_eq!(files(&root), before, "{stars} stars, {memory}: something half-written stayed");
        assert_eq!(Dataset::open(&root).unwrap().manifest().version, 1);
        assert!(verify(&root, Level::Deep).unwrap().findings.is_empty());
    }
    let fits = ingest(&[snapshot(sources.path(), 2, 3_000)], &root).output().unwrap();
    assert!(fits.status.success(), "{}", said(&fits));
    assert_eq!(Dataset::open(&root).unwrap().manifest().version, 2);
}

#[test]
fn a_query_that_runs_out_of_memory_runs_again_lean() {
    const STARS: usize = 600_000;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("p.spolia");
    let made = ingest(&[snapshot(dir.path(), 1, STARS), snapshot(dir.path(), 2, STARS)], &root).output().unwrap();
    assert!(made.status.success(), "{}", said(&made));
    let query = |memory: &str| {
        let sql = "SELECT count(*), sum(a.x) = sum(c.x) FROM stars@1 a JOIN stars@2 b ON a.id = b.id JOIN stars@1 c ON c.id = b.id";
        let output =
            program().arg("sql").arg(&root).args(["--memory", memory, "--threads", "4", "--format", "csv", "-c", sql]).output().unwrap();
        assert!(output.status.success(), "{memory}: {}", said(&output));
        (String::from_utf8_lossy(&output.stdout).lines().nth(1).unwrap_or_default().to_string(), said(&output))
    };
    let (plenty, quiet) = query("4GB");
    assert_eq!(plenty, format!("{STARS},true"));
    assert!(!quiet.contains("ran again"), "{quiet}");
    let (lean, said) = query("64MB");
    assert_eq!(lean, plenty);
    assert!(said.contains("memory ran out: the query ran again"), "{said}");
}
