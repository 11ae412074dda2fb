//! Kill -9 at random instants and before every single call of COPY, export, compact and ingest: the old state or the new one.
//!
//! Layout     20 random instants of each command in every run, 100 with `--ignored`; and one kill before each call that changes a file
//! Edge cases a killed COPY or export leaves its hidden unfinished file (`.NAME.PID.tmp`), never a part under the final name, and the
//!            next one to that name clears it; CREATE TABLE AS keeps its rows for the session, so there is no file to kill
//! See also   `dataset` for kills of an ingest with a sort on disk, `pipeline` for those of a pipeline

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::write_snapshot;
use spolia::numeric::random::Stream;

use super::{Fault, Scene, program, said, small, state, two_snapshots};

/// Kills of each command in every run of the tests.
const KILLS: u64 = 20;
/// Kills of each command in a long run.
const MANY_KILLS: u64 = 100;

/// What a folder holds: a dataset with version and rows, or a file with its bytes.
fn digest(path: &Path) -> Result<(u64, String), String> {
    if path.is_dir() {
        return state(path);
    }
    std::fs::read(path).map(|bytes| (0, blake3::hash(&bytes).to_string())).map_err(|e| e.to_string())
}

/// A command, what it changes, and the digests before and after.
struct Victim {
    name: &'static str,
    scene: Scene,
    target: &'static str,
    old: (u64, String),
    new: (u64, String),
    /// Hidden files that kills left.
    left: AtomicUsize,
}

/// Hidden files on their way, in the folder itself.
fn hidden(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".tmp")).collect()
}

impl Victim {
    fn new(name: &'static str, target: &'static str, arguments: &[&str], more: impl FnOnce(&Path)) -> Victim {
        let scene = Scene::new(arguments, |folder| {
            two_snapshots(folder);
            more(folder);
        });
        let done = scene.copy();
        let output = scene.command(done.path()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let (old, new) = (digest(&scene.path().join(target)).unwrap(), digest(&done.path().join(target)).unwrap());
        Victim { name, scene, target, old, new, left: AtomicUsize::new(0) }
    }

    /// What must hold after a kill, and that the next run completes.
    fn check(&self, folder: &Path) -> Result<bool, String> {
        let found = digest(&folder.join(self.target))?;
        if found != self.old && found != self.new {
            return Err(format!("`{}` is neither old nor new", self.target));
        }
        let left = hidden(folder);
        if let Some(strange) = left.iter().find(|name| !name.starts_with(&format!(".{}", self.target))) {
            return Err(format!("it left `{strange}`"));
        }
        self.left.fetch_add(left.len(), Ordering::Relaxed);
        let again = self.scene.command(folder).output().unwrap();
        if !hidden(folder).is_empty() {
            return Err(format!("the next run left {:?} where the killed one had left {left:?}", hidden(folder)));
        }
        if !again.status.success() {
            return Err(format!("the next run failed: {}", said(&again)));
        }
        match digest(&folder.join(self.target))? {
            // A compaction that is repeated makes one more version of the same rows.
            (version, rows) if version >= self.new.0 && rows == self.new.1 => Ok(found == self.new),
            _ => Err("the next run did not finish the work".into()),
        }
    }

    fn report(&self, kind: &str, results: &[Result<bool, String>]) {
        let new = results.iter().filter(|r| **r == Ok(true)).count();
        let faults: Vec<&String> = results.iter().filter_map(|r| r.as_ref().err()).collect();
        println!(
            "{}: {} {kind}: {} old, {new} new, {} damaged; {} hidden files left and cleared by the next run",
            self.name,
            results.len(),
            results.len() - new - faults.len(),
            faults.len(),
            self.left.swap(0, Ordering::Relaxed)
        );
        assert!(faults.is_empty(), "{}: {:?}", self.name, faults);
    }

    fn killed_at_random(&self, kills: u64) {
        let started = Instant::now();
        let whole = self.scene.copy();
        assert!(self.scene.command(whole.path()).output().unwrap().status.success());
        let full = started.elapsed();
        let results: Vec<Result<bool, String>> = (0..kills)
            .map(|kill| {
                let folder = self.scene.copy();
                let mut child = self.scene.command(folder.path()).spawn().unwrap();
                std::thread::sleep(Duration::from_secs_f64(full.as_secs_f64() * Stream::new(3, kill, 0).uniform()));
                child.kill().unwrap();
                child.wait().unwrap();
                self.check(folder.path())
            })
            .collect();
        self.report("kills at random instants", &results);
    }

    fn killed_before_every_call(&self) {
        let Some(calls) = self.scene.calls() else { return };
        let total: usize = calls.values().sum();
        let results: Vec<Result<bool, String>> = (1..=total)
            .into_par_iter()
            .map(|at| {
                let folder = self.scene.copy();
                self.scene.run(folder.path(), &Fault { call: "any", at, kind: "kill", ..Fault::default() });
                self.check(folder.path()).map_err(|e| format!("call {at}: {e}"))
            })
            .collect();
        // A kill between the creation of a file and its last name leaves a hidden one.
        assert!(self.old.0 > 0 || self.left.load(Ordering::Relaxed) > 0, "{}: no kill left a hidden file", self.name);
        self.report("kills, one before each call", &results);
    }
}

fn victims() -> Vec<Victim> {
    let again = |folder: &Path| {
        std::fs::copy(folder.join("p.00002"), folder.join("p.00003")).unwrap();
        for source in ["p.00002", "p.00003"] {
            assert!(program().args(["ingest", source, "-q", "-o", "p.spolia"]).current_dir(folder).output().unwrap().status.success());
        }
    };
    let old = |name: &'static str| move |folder: &Path| std::fs::write(folder.join(name), "old").unwrap();
    let select = "SELECT id, x, mass FROM stars ORDER BY id";
    vec![
        Victim::new("ingest", "p.spolia", &["ingest", "p.00002", "-o", "p.spolia"], |_| {}),
        Victim::new("compact", "p.spolia", &["compact", "p.spolia"], again),
        Victim::new("COPY", "c.parquet", &["sql", "p.spolia", "-c", &format!("COPY ({select}) TO 'c.parquet'")], old("c.parquet")),
        Victim::new("answer", "e.csv", &["sql", "p.spolia", "-c", select, "-o", "e.csv"], old("e.csv")),
        Victim::new("fit", "r.potential", &["potential", "fit", "r.00001", "--frame", "box", "-o", "r.potential"], |folder| {
            old("r.potential")(folder);
            write_snapshot(&folder.join("r.00001"), &small(0, 100, 0), ByteOrder::Big).unwrap();
            std::fs::write(folder.join("r.param"), "dKpcUnit = 1000\ndMsolUnit = 1e12\nbComove = 0\n").unwrap();
        }),
        Victim::new("export", "p.hdf5", &["export", "q.spolia", "p.hdf5"], |folder| {
            old("p.hdf5")(folder);
            // Particles are exported with units only.
            std::fs::write(folder.join("p.param"), "dKpcUnit = 1000\ndMsolUnit = 1e12\nbComove = 0\n").unwrap();
            let made =
                program().args(["ingest", "p.00001", "-q", "-o", "q.spolia", "--keep-doubtful"]).current_dir(folder).output().unwrap();
            assert!(made.status.success(), "{}", said(&made));
        }),
    ]
}

#[test]
fn killed_at_random_instants_the_old_state_or_the_new_one_is_whole() {
    victims().iter().for_each(|victim| victim.killed_at_random(KILLS));
}

#[test]
fn killed_before_any_call_the_old_state_or_the_new_one_is_whole() {
    victims().iter().for_each(Victim::killed_before_every_call);
}

/// `cargo test --release --test it kills -- --ignored --nocapture`
#[test]
#[ignore = "minutes"]
fn a_hundred_kills_of_each_command() {
    victims().iter().for_each(|victim| victim.killed_at_random(MANY_KILLS));
}
