//! How a snapshot is opened, said in SQL, on the command line and in a pipeline: its halo catalogues, the Hubble parameter, units.
//!
//! See also   `ingest_halos` for the catalogues, `src/ingest/open_options.rs`

use std::path::{Path, PathBuf};
use std::process::Command;

use spolia::ErrorKind;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::write_snapshot;
use spolia::ingest::{HaloSource, OpenOptions};
use spolia::pipeline::{self, RunOptions};
use spolia::progress::Silent;
use spolia::sql::{Session, SessionOptions};
use spolia::table::Dataset;

use crate::ingest_tipsy::small;

const HALOS: &str = "#ID(1) hostHalo(2) Mvir(4) npart(5) Xc(6) Yc(7) Zc(8) Rvir(12) nbins(37)\n7 -1 8e10 6 1 1 1 40 2\n";
const PROFILES: &str = "#r(1) npart(2) M_in_r(3) ovdens(4) dens(5) vcirc(6)\n-10 3 1e10 900 900 20\n20 6 8e10 500 300 30\n";

/// A snapshot in code units with a catalogue beside it, whose h nobody tells.
fn run() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.00064");
    write_snapshot(&path, &small(2, 2, 2), ByteOrder::Big).unwrap();
    std::fs::write(dir.path().join("run.00064.z0.250.AHF_halos"), HALOS).unwrap();
    std::fs::write(dir.path().join("run.00064.z0.250.AHF_profiles"), PROFILES).unwrap();
    (dir, path)
}

fn session(open: OpenOptions) -> Session {
    Session::new(SessionOptions { threads: 2, open, ..Default::default() }).unwrap()
}

fn number(s: &Session, sql: &str) -> f64 {
    use arrow::array::AsArray;
    let answer = s.query(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let column = arrow::compute::cast(answer.batches[0].column(0), &arrow::datatypes::DataType::Float64).unwrap();
    column.as_primitive::<arrow::datatypes::Float64Type>().value(0)
}

#[test]
fn the_table_function_takes_options() {
    let (_dir, path) = run();
    let path = path.display();
    let s = session(OpenOptions::default());
    // Nobody knows h: the catalogue is left out.
    assert_eq!(s.query(&format!("SELECT * FROM snapshot('{path}', 'halos')")).unwrap_err().kind(), ErrorKind::NotFound);
    let mass = number(&s, &format!("SELECT sum(mass) FROM snapshot('{path}', 'halos', 'hubble = 0.5')"));
    assert_eq!(mass, 1.6e11);
    assert_eq!(number(&s, &format!("SELECT count(*) FROM snapshot('{path}', 'halo_profiles', 'hubble = 0.5') WHERE converged")), 1.0);
    // The same path in two ways in one query, and with units.
    let both = format!(
        "SELECT (SELECT sum(mass) FROM snapshot('{path}', 'halos', 'hubble = 0.5')) / (SELECT sum(mass) FROM snapshot('{path}', 'halos', 'hubble = 1'))"
    );
    assert_eq!(number(&s, &both), 2.0);
    let x = number(&s, &format!("SELECT max(x) FROM snapshot('{path}', 'stars')"));
    let kpc = number(&s, &format!("SELECT max(x) FROM snapshot('{path}', 'stars', 'halos = none, length_unit = 1 Mpc, mass_unit = 1e10')"));
    assert_eq!(kpc, 1000.0 * x);
    for (list, words) in [("hubbel = 1", "did you mean `hubble`?"), ("hubble = -1", "must be positive"), ("all", "`name = value`")] {
        let error = s.query(&format!("SELECT * FROM snapshot('{path}', 'stars', '{list}')")).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn settings_reach_quoted_paths() {
    let (_dir, path) = run();
    let halos = format!("SELECT sum(mass) FROM \"{}\".halos", path.display());
    let s = session(OpenOptions::default());
    assert!(s.query(&halos).is_err());
    s.query("SET spolia.hubble = '0.5'").unwrap();
    assert_eq!(number(&s, &halos), 1.6e11);
    s.query("SET spolia.halos = 'none'").unwrap();
    assert!(s.query(&halos).is_err());
    s.query("SET spolia.halos = 'beside'").unwrap();
    assert_eq!(number(&s, &halos), 1.6e11);
    assert!(s.query("SET spolia.hubble = 'much'").is_err());
    let error = s.query("SET spolia.hallos = 'none'").unwrap_err().to_string();
    assert!(error.contains("spolia.halos"), "{error}");
}

#[test]
fn a_session_opens_what_is_attached_as_it_was_told() {
    let (_dir, path) = run();
    let s = session(OpenOptions { hubble: Some(0.5), ..Default::default() });
    s.attach(&path).unwrap();
    assert_eq!(number(&s, "SELECT sum(mass) FROM halos"), 1.6e11);
    // What is attached is opened anew under its own name where options are given.
    assert_eq!(number(&s, "SELECT sum(mass) FROM snapshot('run.00064', 'halos', 'hubble = 1')"), 8e10);
    let s = session(OpenOptions { hubble: Some(0.5), halos: HaloSource::None, ..Default::default() });
    s.attach(&path).unwrap();
    assert!(s.query("SELECT * FROM halos").is_err());
}

#[test]
fn the_command_line_has_the_same_switches() {
    let (_dir, path) = run();
    let output = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_spolia")).args(arguments).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let path = path.to_str().unwrap();
    let query = ["-c", "SELECT sum(mass) AS m FROM halos", "--format", "csv"];
    let (good, text) = output(&[&["sql", path, "--hubble", "0.5"][..], &query].concat());
    assert!(good && text.contains("160000000000"), "{text}");
    assert!(!output(&[&["sql", path, "--hubble", "0.5", "--no-halos"][..], &query].concat()).0);
    let (good, text) = output(&["info", path, "--hubble", "0.5"]);
    assert!(good && text.contains("halo_profiles"), "{text}");
    assert!(!output(&["info", path, "--hubble", "0.5", "--no-halos"]).1.contains("halo_profiles"));
}

#[test]
fn a_pipeline_names_its_catalogue() {
    let (dir, _) = run();
    let moved = dir.path().join("found");
    std::fs::create_dir(&moved).unwrap();
    for part in ["halos", "profiles"] {
        let name = format!("run.00064.z0.250.AHF_{part}");
        std::fs::rename(dir.path().join(&name), moved.join(&name)).unwrap();
    }
    let study = |more: &str| -> PathBuf {
        let text = format!(
            "[inputs]\nrun = 'run.00064'\ncatalogue = 'found/run.00064.z0.250.AHF_halos'\n[[step]]\nname = 'galaxy'\nkind = 'ingest'\nfrom = '{{run}}'\n{more}\n"
        );
        let path = dir.path().join("study.toml");
        std::fs::write(&path, text).unwrap();
        path
    };
    let tables = |path: &Path| {
        let plan = pipeline::load(path).unwrap();
        plan.run(&RunOptions::default(), &Silent).unwrap();
        let mut found = Vec::new();
        for entry in walk(dir.path()) {
            if entry.ends_with("galaxy.spolia") {
                found = Dataset::open(&entry).unwrap().tables();
            }
        }
        found
    };
    let with = tables(&study("halos = '{catalogue}'\nhubble = 0.5"));
    assert!(with.contains(&"halos".to_string()) && with.contains(&"halo_profiles".to_string()), "{with:?}");
    let without = tables(&study("halos = 'none'"));
    assert!(!without.contains(&"halos".to_string()) && without.contains(&"stars".to_string()), "{without:?}");
    for (text, words) in
        [("halos = 'found'", "beside, none, or one input"), ("hubble = '3 kpc'", "hubble"), ("halos = '{nothing}'", "no step or input")]
    {
        let Err(error) = pipeline::load(&study(text)) else { panic!("{text} was accepted") };
        let error = error.to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
}

/// Every folder below one.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten().filter(|e| e.path().is_dir()) {
        found.push(entry.path());
        found.extend(walk(&entry.path()));
    }
    found
}
