//! Pipelines from end to end: reasons, failures, kills, threads, hostile files.
//!
//! Layout     `Study` is a folder with a small dataset and a pipeline over it; the kill test runs the program itself as the victim
//! See also   `src/pipeline`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Float32Array, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Schema};
use spolia::ErrorKind;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::{StarRecord, TipsyFile, write_snapshot};
use spolia::numeric::random::Stream;
use spolia::pipeline::{self, PlannedStep, RunOptions, RunReport, StepState};
use spolia::progress::{Progress, Silent};
use spolia::table::schema::canonical_field;
use spolia::table::{Dataset, Transaction};

/// Steps over a dataset: groups, a join, a window, a frame and steps that read in it, files of every kind.
pub const STEPS: &str = r#"
[pipeline]
name = "study"
description = "a small disc"

[inputs]
galaxy = "galaxy.spolia"

[[step]]
name = "disc"
kind = "frame"
filter = "mass > 0"

[[step]]
name = "rings"
kind = "sql"
sql = "SELECT floor(r_cyl(x, y)) AS ring, count(*) AS n, sum(mass) AS mass, avg(v_phi) AS v FROM stars@disc GROUP BY 1"

[[step]]
name = "near"
kind = "sql"
sql = "SELECT id, x, y, z, mass FROM stars WHERE radius(x, y, z) < 8"

[[step]]
name = "joined"
kind = "sql"
sql = "SELECT s.id, s.mass, r.n, r.v FROM {near} AS s JOIN {rings} AS r ON r.ring = floor(r_cyl(s.x, s.y))"

[[step]]
name = "ranked"
kind = "sql"
sql = "SELECT id, row_number() OVER (PARTITION BY n ORDER BY mass, id) AS place FROM {joined}"

[[step]]
name = "total"
kind = "sql"
sql = "SELECT count(*) AS n, sum(mass) AS mass FROM stars"

[[step]]
name = "table"
kind = "export"
table = "{rings}"
file = "tables/rings.csv"

[[step]]
name = "arrow_copy"
kind = "export"
sql = "SELECT * FROM {joined} ORDER BY id"
format = "arrow"

[[check]]
name = "masses"
sql = "SELECT id, mass FROM {near} WHERE NOT mass > 0"
"#;

/// A folder with `galaxy.spolia` and `study.toml`.
pub struct Study {
    /// The folder.
    pub dir: tempfile::TempDir,
}

fn stars(rows: u64) -> RecordBatch {
    let names = ["x", "y", "z", "vx", "vy", "vz", "mass"];
    let mut columns: Vec<Vec<f32>> = vec![Vec::new(); names.len()];
    for id in 0..rows {
        let mut s = Stream::new(7, 0, id);
        let (r, angle, tilt) = (10.0 * s.uniform() + 0.1, std::f64::consts::TAU * s.uniform(), 0.4_f64);
        let (u, w) = (r * angle.cos(), r * angle.sin());
        let (vu, vw) = (-200.0 * angle.sin() + 10.0 * s.normal(), 200.0 * angle.cos() + 10.0 * s.normal());
        let h = 0.3 * s.normal();
        // A disc tilted about the x axis.
        let row = [
            u,
            w * tilt.cos() - h * tilt.sin(),
            w * tilt.sin() + h * tilt.cos(),
            vu,
            vw * tilt.cos(),
            vw * tilt.sin(),
            1e4 + 100.0 * s.uniform(),
        ];
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value as f32));
    }
    let mut fields = vec![canonical_field("id", DataType::UInt64, "id", None)];
    fields.extend(names.map(|n| canonical_field(n, DataType::Float32, n, None)));
    let ids: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..rows));
    let floats = columns.into_iter().map(|c| Arc::new(Float32Array::from(c)) as ArrayRef);
    RecordBatch::try_new(Arc::new(Schema::new(fields)), std::iter::once(ids).chain(floats).collect()).unwrap()
}

fn add_stars(root: &Path, snap: u32, rows: u64) {
    let batch = stars(rows);
    let mut transaction = Transaction::begin(root).unwrap();
    let mut writer = transaction.writer("stars", snap, batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    transaction.commit("stars").unwrap();
}

impl Study {
    pub fn new(rows: u64, text: &str) -> Study {
        let dir = tempfile::tempdir().unwrap();
        add_stars(&dir.path().join("galaxy.spolia"), 1, rows);
        std::fs::write(dir.path().join("study.toml"), text).unwrap();
        Study { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path("study.toml")).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(self.path("study.toml"), text.replace(from, to)).unwrap();
    }

    pub fn run(&self) -> RunReport {
        self.run_with(&RunOptions { threads: 2, ..Default::default() })
    }

    pub fn run_with(&self, options: &RunOptions) -> RunReport {
        pipeline::load(&self.path("study.toml")).unwrap().run(options, &Silent).unwrap()
    }

    pub fn plan(&self, options: &RunOptions) -> BTreeMap<String, PlannedStep> {
        let plan = pipeline::load(&self.path("study.toml")).unwrap().plan(options).unwrap();
        plan.steps.into_iter().map(|s| (s.name.clone(), s)).collect()
    }

    /// Reasons of the stale steps.
    pub fn stale(&self) -> Vec<(String, String)> {
        self.plan(&RunOptions::default()).into_values().filter(|s| s.stale).map(|s| (s.name, s.reason)).collect()
    }

    pub fn out(&self, name: &str) -> PathBuf {
        self.path("study.out").join(name)
    }

    /// Bytes of everything that must not differ between two runs.
    pub fn products(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(&self.path("study.out"), "", &mut found);
        found
    }
}

fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        // Timings and digests of the file system differ; versions of a dataset hold the time of the commit.
        if ["timings.json", "lock", "fingerprints.json", "tmp", "HEAD", "versions"].contains(&name.as_str()) {
            continue;
        }
        match entry.path().is_dir() {
            true => collect(&entry.path(), &format!("{path}/"), found),
            false => drop(found.insert(path, std::fs::read(entry.path()).unwrap())),
        }
    }
}

fn states(report: &RunReport) -> BTreeMap<&str, StepState> {
    for step in report.steps.iter().filter(|s| s.error.is_some()) {
        println!("{}: {}", step.name, step.error.as_ref().unwrap());
    }
    report.steps.iter().map(|s| (s.name.as_str(), s.state)).collect()
}

pub fn all(report: &RunReport, state: StepState) -> bool {
    states(report).values().all(|s| *s == state)
}

#[test]
fn every_reason_is_given_and_nothing_else_runs() {
    let study = Study::new(3000, STEPS);
    let first = study.plan(&RunOptions::default());
    assert!(first.values().all(|s| s.stale && s.reason == "never run"), "{first:?}");
    assert!(!study.path("study.out").exists(), "a plan writes nothing");
    assert!(first["total"].bytes.is_some_and(|b| b > 1000), "bytes to read are known beforehand");
    let report = study.run();
    assert!(all(&report, StepState::Done) && !report.failed());
    assert!(study.stale().is_empty(), "{:?}", study.stale());
    assert!(all(&study.run(), StepState::Fresh));

    study.edit("radius(x, y, z) < 8", "radius(x, y, z) < 7");
    let stale: BTreeMap<_, _> = study.stale().into_iter().collect();
    assert_eq!(stale["near"], "its SQL changed");
    assert_eq!(stale["joined"], "`near` runs before it");
    assert_eq!(stale.keys().collect::<Vec<_>>(), ["arrow_copy", "joined", "masses", "near", "ranked"]);
    let only = RunOptions { to: Some("near".into()), ..Default::default() };
    assert_eq!(study.run_with(&only).steps.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["near"]);
    let stale: BTreeMap<_, _> = study.stale().into_iter().collect();
    assert_eq!(stale["joined"], "`near` gave another result");
    study.run();

    study.edit("file = \"tables/rings.csv\"", "file = \"rings.csv\"");
    assert_eq!(study.stale(), [("table".to_string(), "parameter `file` changed from \"tables/rings.csv\" to \"rings.csv\"".to_string())]);
    study.run();
    assert!(study.out("rings.csv").exists() && !study.out("tables/rings.csv").exists(), "the product under the old name is gone");

    // A comment changes the text and not the rows: the steps behind it stay fresh.
    study.edit("SELECT id, x, y, z, mass", "SELECT id, x, y, z, mass -- as stored\\n ");
    let states = study.run();
    let done: Vec<&str> = states.steps.iter().filter(|s| s.state == StepState::Done).map(|s| s.name.as_str()).collect();
    assert_eq!(done, ["near"]);

    let forced = RunOptions { force: vec!["total".into()], ..Default::default() };
    assert_eq!(study.plan(&forced)["total"].reason, "forced");
    let seeded = RunOptions { seed: 5, ..Default::default() };
    assert_eq!(study.plan(&seeded)["total"].reason, "the seed changed from 0 to 5");

    std::fs::remove_file(study.out("total.parquet")).unwrap();
    assert_eq!(study.stale(), [("total".to_string(), "its product `total.parquet` is missing".to_string())]);
    study.run();
    let path = study.out("total.parquet");
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&path, bytes).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    assert_eq!(study.stale(), [("total".to_string(), "its product `total.parquet` was changed or damaged".to_string())]);
    assert!(!study.run().failed());

    add_stars(&study.path("galaxy.spolia"), 2, 3100);
    let stale: BTreeMap<_, _> = study.stale().into_iter().collect();
    assert_eq!(stale["total"], "input `galaxy` changed");
    assert!(!study.run().failed());
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(study.out("record.json")).unwrap()).unwrap();
    let total = record["steps"].as_array().unwrap().iter().find(|s| s["name"] == "total").unwrap();
    assert_eq!((total["state"].as_str(), total["step"]["rows"].as_u64()), (Some("done"), Some(1)));
    assert!(std::fs::metadata(study.out("total.record.json")).unwrap().len() > 100);
}

#[test]
fn frames_of_others_wake_nobody() {
    let study = Study::new(2000, STEPS);
    study.run();
    let session = spolia::sql::Session::new(Default::default()).unwrap();
    session.attach(&study.path("galaxy.spolia")).unwrap();
    session.query("CREATE FRAME other AS SELECT center(x, y, z, mass) FROM stars").unwrap();
    assert!(study.stale().is_empty(), "{:?}", study.stale());
    // Somebody stores another frame under the name of the step: the frame is made again, and the table in it comes out as before.
    session.query("CREATE FRAME disc AS SELECT center(x, y, z, mass) FROM stars").unwrap();
    let stale: BTreeMap<_, _> = study.stale().into_iter().collect();
    assert_eq!(stale["disc"], "its product was changed by something else");
    let report = study.run();
    let done: Vec<&str> = report.steps.iter().filter(|s| s.state == StepState::Done).map(|s| s.name.as_str()).collect();
    assert_eq!(done, ["disc"]);
    // A step that reads in a frame which no step makes depends on its numbers.
    study.edit("avg(v_phi) AS v FROM stars@disc", "avg(v_phi) AS v FROM stars@other");
    study.run();
    session.query("CREATE FRAME other AS SELECT center(x, y, z, mass) FROM stars WHERE x > 0").unwrap();
    let stale: BTreeMap<_, _> = study.stale().into_iter().collect();
    assert_eq!(stale["rings"], "the stored frame `other` changed");
}

#[test]
fn bytes_are_the_same_for_any_number_of_threads() {
    let mut first = None;
    for threads in [1, 2, 4, 2] {
        let study = Study::new(40_000, STEPS);
        assert!(!study.run_with(&RunOptions { threads, ..Default::default() }).failed());
        let products = study.products();
        assert!(products.keys().any(|k| k == "joined.parquet") && products.keys().any(|k| k == "record.json"), "{:?}", products.keys());
        let first = first.get_or_insert_with(|| products.clone());
        assert_eq!(first.keys().collect::<Vec<_>>(), products.keys().collect::<Vec<_>>());
        let differing: Vec<&String> = products.iter().filter(|(k, v)| first[*k] != **v).map(|(k, _)| k).collect();
        assert!(differing.is_empty(), "{threads} threads: {differing:?}");
    }
}

#[test]
fn a_failure_skips_what_needs_it_and_the_next_run_goes_on() {
    let study = Study::new(2000, &STEPS.replace("SELECT s.id, s.mass", "SELECT s.idd, s.mass"));
    let report = study.run();
    let states_now = states(&report);
    assert!(report.failed());
    assert_eq!(
        (states_now["joined"], states_now["ranked"], states_now["arrow_copy"]),
        (StepState::Failed, StepState::Skipped, StepState::Skipped)
    );
    assert_eq!((states_now["total"], states_now["masses"], states_now["table"]), (StepState::Done, StepState::Done, StepState::Done));
    let error = report.steps.iter().find_map(|s| s.error.as_ref()).unwrap().to_string();
    assert!(error.contains("idd") && error.contains('^'), "{error}");
    study.edit("s.idd", "s.id");
    let report = study.run();
    let done: Vec<&str> = report.steps.iter().filter(|s| s.state == StepState::Done).map(|s| s.name.as_str()).collect();
    assert_eq!(done, ["joined", "ranked", "arrow_copy"]);
    let whole = Study::new(2000, STEPS);
    whole.run();
    assert_eq!(whole.products(), study.products(), "after the cure everything is as if nothing had failed");
}

#[test]
fn a_check_lists_the_rows_that_must_not_be() {
    let text = format!("{STEPS}\n[[check]]\nname = 'heavy'\nsql = 'SELECT id, mass FROM {{near}} WHERE id < 30'\n");
    let study = Study::new(1000, &text);
    let report = study.run();
    let error = report.steps.iter().find(|s| s.name == "heavy").unwrap().error.clone().unwrap();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let text = error.to_string();
    assert!(text.contains("check `heavy` found") && text.contains("M☉") && text.contains("mass"), "{text}");
    assert!(text.lines().count() < 20, "only the first rows are shown:\n{text}");
}

/// Stops after so many questions.
struct Impatient(std::sync::atomic::AtomicU64);

impl Progress for Impatient {
    fn start(&self, _task: &str, _total: u64, _unit: &str) {}
    fn advance(&self, _n: u64) {}
    fn finish(&self) {}
    fn note(&self, _text: &str) {}
    fn cancelled(&self) -> bool {
        let left = &self.0;
        left.fetch_update(std::sync::atomic::Ordering::Relaxed, std::sync::atomic::Ordering::Relaxed, |n| n.checked_sub(1)).is_err()
    }
}

#[test]
fn a_stopped_run_keeps_what_is_finished_and_goes_on() {
    let whole = Study::new(3000, STEPS);
    whole.run();
    let mut stopped = 0;
    for patience in 0..20 {
        let study = Study::new(3000, STEPS);
        let pipeline = pipeline::load(&study.path("study.toml")).unwrap();
        let options = RunOptions { threads: 1 + patience as usize % 2, ..Default::default() };
        if let Err(error) = pipeline.run(&options, &Impatient(patience.into())) {
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
            assert!(error.hint_text().is_some_and(|h| h.contains("goes on")));
            stopped += 1;
        }
        let report = study.run();
        assert!(!report.failed());
        assert_eq!(whole.products(), study.products(), "patience {patience}");
    }
    println!("stopped at {stopped} of 20 points, 20 resumed equal");
    assert!(stopped >= 5, "{stopped}");
}

/// Kill test: so many victims; SPOLIA_KILLS sets another number for a long run.
const KILLS: u64 = 20;

#[test]
fn kill_at_any_instant_and_the_next_run_completes() {
    let kills = std::env::var("SPOLIA_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let whole = Study::new(20_000, STEPS);
    let begun = Instant::now();
    let victim = |study: &Study| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spolia"));
        command.arg("run").arg(study.path("study.toml")).args(["--threads", "2", "--progress", "none"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    assert!(victim(&whole).wait().unwrap().success());
    let full = begun.elapsed();
    let expected = whole.products();
    let mut killed = 0;
    for i in 0..kills {
        let study = Study::new(20_000, STEPS);
        // One to three kills in a row, each at an instant of its own.
        for round in 0..1 + i % 3 {
            let mut child = victim(&study);
            std::thread::sleep(Duration::from_secs_f64(full.as_secs_f64() * Stream::new(11, i, round).uniform()));
            killed += u64::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
        }
        Dataset::open(&study.path("galaxy.spolia")).unwrap();
        assert!(victim(&study).wait().unwrap().success(), "run {i} needs no unlock");
        assert_eq!(expected, study.products(), "run {i}");
    }
    println!("{killed} kills, {kills} of {kills} resumed equal; a whole run takes {:.2} s", full.as_secs_f64());
    assert!(killed > 0);
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let study = Study::new(100, STEPS);
    std::fs::create_dir_all(study.out(".spolia-run")).unwrap();
    let lock = std::fs::File::create(study.out(".spolia-run/lock")).unwrap();
    lock.lock().unwrap();
    let pipeline = pipeline::load(&study.path("study.toml")).unwrap();
    let error = pipeline.run(&RunOptions::default(), &Silent).unwrap_err();
    assert!(error.to_string().contains("another run works in this folder"), "{error}");
    drop(lock);
    assert!(!study.run().failed());
}

#[test]
fn ingest_is_a_step_and_changed_snapshots_are_seen() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = |name: &str, count: u32| {
        let star = |i: u32| StarRecord { mass: 1.0, x: i as f32 * 0.01, y: (i * i % 97) as f32 * 0.01, ..Default::default() };
        let file = TipsyFile { time: 0.5, stars: (0..count).map(star).collect(), ..Default::default() };
        write_snapshot(&dir.path().join(name), &file, ByteOrder::Big).unwrap();
    };
    snapshot("g.00001", 50);
    snapshot("g.00002", 60);
    let text = "[inputs]\nrun = 'g.0*'\nunused = 'study.toml'\n[[step]]\nname = 'galaxy'\nkind = 'ingest'\nfrom = '{run}'\nlength_unit = '1Mpc'\nmass_unit = '1e10 Msun'\nvelocity_unit = '100 km/s'\n\
        [[step]]\nname = 'n'\nkind = 'sql'\nsql = 'SELECT snap, count(*) AS n FROM \"stars@all\" GROUP BY snap'\n\
        [[step]]\nname = 'csv'\nkind = 'export'\ntable = '{n}'\n";
    std::fs::write(dir.path().join("study.toml"), text).unwrap();
    let study = Study { dir };
    let plan = study.plan(&RunOptions::default());
    assert_eq!((plan["galaxy"].rows, plan["galaxy"].stale), (Some(110), true));
    let report = study.run();
    assert!(all(&report, StepState::Done));
    assert!(report.notes.iter().any(|n| n.contains("`unused` is read by no step")), "{:?}", report.notes);
    assert_eq!(std::fs::read_to_string(study.out("csv.csv")).unwrap(), "snap,n\n1,50\n2,60\n");
    assert!(study.stale().is_empty(), "{:?}", study.stale());
    let star = StarRecord { mass: 1.0, ..Default::default() };
    let file = TipsyFile { time: 0.5, stars: vec![star; 70], ..Default::default() };
    write_snapshot(&study.path("g.00002"), &file, ByteOrder::Big).unwrap();
    let stale: BTreeMap<_, _> = study.stale().into_iter().collect();
    assert_eq!((stale["galaxy"].as_str(), stale["n"].as_str()), ("input `run` changed", "`galaxy` runs before it"));
    study.run();
    assert_eq!(std::fs::read_to_string(study.out("csv.csv")).unwrap(), "snap,n\n1,50\n2,70\n");
    std::fs::remove_dir_all(study.out("galaxy.spolia/data/stars/snap=00001")).unwrap();
    let stale: BTreeMap<_, _> = study.stale().into_iter().collect();
    assert_eq!(stale["galaxy"], "its product is missing or damaged");
    for name in ["g.00001", "g.00002"] {
        std::fs::remove_file(study.path(name)).unwrap();
    }
    let error = pipeline::load(&study.path("study.toml")).unwrap().plan(&RunOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("input `run` names it in line 2"), "{error}");
}

#[test]
fn wishes_for_unknown_names_are_refused() {
    let study = Study::new(100, STEPS);
    let pipeline = pipeline::load(&study.path("study.toml")).unwrap();
    for options in [
        RunOptions { to: Some("ring".into()), ..Default::default() },
        RunOptions { force: vec!["ring".into()], ..Default::default() },
        RunOptions { inputs: vec![("galaxi".into(), "x".into())], ..Default::default() },
    ] {
        let error = pipeline.run(&options, &Silent).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.hint_text().is_some_and(|h| h.contains("did you mean")), "{error}");
    }
}

#[test]
fn hostile_files_are_refused_with_a_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.toml");
    let mut cases: Vec<Vec<u8>> = vec![
        format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes(),
        format!("{} = 1", vec!["a"; 50_000].join(".")).into_bytes(),
        format!("a = {}1{}", "{b=".repeat(50_000), "}".repeat(50_000)).into_bytes(),
        format!("[[step]]\nname = \"{}\"\nkind = \"sql\"\nsql = \"\"", "a".repeat(1 << 20)).into_bytes(),
        "[[step]]\n".repeat(100_000).into_bytes(),
        "x".repeat(1 << 20).into_bytes(),
        vec![0; 1 << 20],
        b"\xff\xfe[pipeline]".to_vec(),
        "a = \"\"\"".to_string().into_bytes(),
    ];
    let mut ring = String::new();
    for i in 0..900 {
        ring.push_str(&format!("[[step]]\nname='s{i}'\nkind='sql'\nsql='SELECT 1'\nneeds=['s{}']\n", (i + 1) % 900));
    }
    cases.push(ring.into_bytes());
    for case in cases {
        std::fs::write(&path, &case).unwrap();
        let begun = Instant::now();
        let error = pipeline::load(&path).unwrap_err();
        let shown: String = String::from_utf8_lossy(&case[..case.len().min(40)]).into_owned();
        assert!(error.to_string().contains("p.toml"), "{shown}: {error}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{shown}: {:?}", begun.elapsed());
    }
}

#[test]
fn the_pipelines_of_the_repository_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let pipeline = pipeline::load(&entry.path()).unwrap_or_else(|e| panic!("{e}"));
        assert!(!pipeline.description.is_empty() && !pipeline.steps().is_empty());
        count += 1;
    }
    assert!(count >= 2);
}
