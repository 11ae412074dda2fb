//! The star formation log in a dataset: every birth once, however and in whatever order the snapshots of its run are ingested.
//!
//! See also   `src/ingest/births_once.rs`

use std::path::{Path, PathBuf};

use spolia::ingest::run::{IngestOptions, IngestReport, ingest};
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::{StarlogRecord, write_snapshot, write_starlog};
use spolia::progress::Silent;
use spolia::sql::session::{Session, SessionOptions};
use spolia::table::Dataset;
use spolia::table::verify::{Level, verify};

use crate::ingest_tipsy::small;

struct Run(tempfile::TempDir);

impl Run {
    /// Snapshots 1 to 3 and a log of five births.
    fn new() -> Run {
        let run = Run(tempfile::tempdir().unwrap());
        for snap in 1..=3 {
            write_snapshot(&run.snapshot(snap), &small(4, 3, 2 + snap), ByteOrder::Big).unwrap();
        }
        run.log(5);
        run
    }

    fn snapshot(&self, snap: usize) -> PathBuf {
        self.0.path().join(format!("g.0000{snap}"))
    }

    fn log(&self, births: i32) {
        let record =
            |i: i32| StarlogRecord { id_star: 100 + i, id_gas: i, time: 0.1 + 0.01 * f64::from(i), mass: 1.0, ..Default::default() };
        write_starlog(&self.0.path().join("g.starlog"), &(0..births).map(record).collect::<Vec<_>>()).unwrap();
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("g.spolia")
    }

    fn ingest(&self, sources: &[PathBuf]) -> IngestReport {
        ingest(sources, &self.root(), &IngestOptions::default(), &Silent).unwrap()
    }

    /// Rows of `births`, of `births@all`, the snapshot that holds them, and the versions of the dataset.
    fn births(&self) -> (String, String, Vec<u32>, u64) {
        let dataset = Dataset::open(&self.root()).unwrap();
        assert!(verify(&self.root(), Level::Deep).unwrap().findings.is_empty());
        (
            count(&self.root(), "births"),
            count(&self.root(), "births@all"),
            dataset.files("births").iter().map(|f| f.snap).collect(),
            dataset.manifest().version,
        )
    }
}

fn count(root: &Path, table: &str) -> String {
    let session = Session::new(SessionOptions::default()).unwrap();
    session.attach(root).unwrap();
    let answer = session.query(&format!("SELECT count(*), count(DISTINCT id) FROM {table}")).unwrap();
    let numbers = |column: usize| arrow::util::display::array_value_to_string(answer.batches[0].column(column), 0).unwrap();
    format!("{} {}", numbers(0), numbers(1))
}

#[test]
fn every_birth_is_there_once_after_one_ingest_of_all() {
    let run = Run::new();
    run.ingest(&[run.0.path().to_path_buf()]);
    assert_eq!(run.births(), ("5 5".into(), "5 5".into(), vec![3], 3));
    let again = run.ingest(&[run.0.path().to_path_buf()]);
    assert!(again.version == 3 && again.snapshots.iter().all(|s| s.unchanged), "{again:?}");
    let rows = Dataset::open(&run.root()).unwrap().manifest().snapshots.iter().map(|s| s.rows.get("births").copied()).collect::<Vec<_>>();
    assert_eq!(rows, [None, None, Some(5)]);
}

#[test]
fn every_birth_is_there_once_after_ingests_one_at_a_time_in_any_order() {
    let run = Run::new();
    run.ingest(&[run.snapshot(2)]);
    assert_eq!(run.births(), ("5 5".into(), "5 5".into(), vec![2], 1));
    let report = run.ingest(&[run.snapshot(1)]);
    assert!(report.notes.iter().any(|n| n.contains("births of the run stay with snapshot 00002")), "{:?}", report.notes);
    assert_eq!(run.births(), ("5 5".into(), "5 5".into(), vec![2], 2));
    // The run goes on: three more births by the third snapshot.
    run.log(8);
    run.ingest(&[run.snapshot(3)]);
    assert_eq!(run.births(), ("8 8".into(), "8 8".into(), vec![3], 3));
    let all = [1, 2, 3].map(|snap| run.snapshot(snap));
    let again = run.ingest(&all);
    assert!(again.snapshots.iter().all(|s| s.unchanged), "the log does not make old snapshots new: {again:?}");
    assert_eq!(run.births().3, 3);
}

#[test]
fn a_log_that_grew_is_read_again_and_the_particles_are_not() {
    let run = Run::new();
    let all = [1, 2, 3].map(|snap| run.snapshot(snap));
    run.ingest(&all);
    run.log(9);
    let report = run.ingest(&all);
    let tables: Vec<_> = report.snapshots.iter().map(|s| (s.unchanged, s.tables.len())).collect();
    assert_eq!(
        (&tables[..2], tables[2], report.snapshots[2].tables[0].table.as_str()),
        (&[(true, 3), (true, 3)][..], (false, 1), "births")
    );
    assert_eq!(run.births(), ("9 9".into(), "9 9".into(), vec![3], 4));
    assert_eq!(count(&run.root(), "stars"), "5 5");
    run.log(4);
    let report = run.ingest(&all);
    assert!(report.notes.iter().any(|n| n.contains("has 4 births where the dataset had 9")), "{:?}", report.notes);
    let session = Session::new(SessionOptions::default()).unwrap();
    session.attach(&run.root()).unwrap();
    let error = session.query("SELECT * FROM births@1").unwrap_err().to_string();
    assert!(error.contains("kept once"), "{error}");
}
