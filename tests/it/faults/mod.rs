//! The program under failing system calls, kills and power cuts, by a small library that stands between it and the system.
//!
//! Layout     `shim.c` is built with `cc` once and loaded by LD_PRELOAD into the real program; it fails, kills at or records the calls
//!            that change files below one folder
//! Edge cases without a C compiler the tests print a line and return; Rust's standard library makes all of its calls through libc,
//!            so none goes past the shim (reads of data files do, which change nothing)
//! See also   `inject`, `power_cut`, `kills`, `resume`; src/table/durable.rs

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::write_snapshot;
use spolia::table::Dataset;
use spolia::table::verify::{Level, verify};

use crate::damage::scratch;
use crate::ingest_tipsy::small;

mod inject;
mod kills;
mod power_cut;
mod resume;

/// The library, or none where there is no C compiler.
static SHIM: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/faults/shim.c");
    std::fs::create_dir_all(folder).unwrap();
    let (fresh, library) = (folder.join(format!("faults.{}.so", std::process::id())), folder.join("faults.so"));
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&fresh).arg(&source).arg("-ldl").output();
    match built {
        Ok(output) if output.status.success() => {
            std::fs::rename(&fresh, &library).unwrap();
            Some(library)
        }
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            println!("skipped: no C compiler ({error})");
            None
        }
    }
});

/// What the shim does.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    /// Call that is counted: `write`, `fsync`, ..., or `any`.
    pub call: &'static str,
    /// Which of them is hit, from 1; 0 for none.
    pub at: usize,
    /// An errno, `short` or `kill`.
    pub kind: &'static str,
    /// Whether all later ones fail too.
    pub stays: bool,
    /// Where to record every call.
    pub trace: Option<PathBuf>,
}

/// The program, with its environment cleared of what would change its answers.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spolia"));
    for name in ["SPOLIA_THREADS", "SPOLIA_MEMORY", "SPOLIA_SEED", "SPOLIA_LOG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What each system call is called in messages.
fn words(call: &str) -> &'static [&'static str] {
    match call {
        "write" => &["write"],
        "fsync" => &["sync"],
        "rename" => &["rename"],
        "link" => &["name the manifest"],
        "open" => &["create", "open", "write"],
        "mkdir" => &["create a folder"],
        "unlink" => &["remove"],
        "truncate" => &["lock"],
        other => panic!("{other}"),
    }
}

/// A folder in which a command changes something, and what must hold afterwards.
pub struct Scene {
    folder: tempfile::TempDir,
    arguments: Vec<String>,
    threads: &'static str,
}

impl Scene {
    /// A scene whose folder is filled by `fill`; `{}` in the arguments stands for the folder.
    pub fn new(arguments: &[&str], fill: impl FnOnce(&Path)) -> Scene {
        let folder = scratch();
        fill(folder.path());
        Scene { folder, arguments: arguments.iter().map(|a| a.to_string()).collect(), threads: "1" }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A copy of the folder, to be changed.
    pub fn copy(&self) -> tempfile::TempDir {
        let folder = scratch();
        copy(self.folder.path(), folder.path());
        folder
    }

    /// The command in `folder`, without a fault.
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = program();
        let text = folder.display().to_string();
        command.args(self.arguments.iter().map(|a| a.replace("{}", &text))).args(["--progress", "none", "--threads", self.threads]);
        command.current_dir(folder);
        command
    }

    /// Runs it in `folder` under a fault; none without a C compiler.
    pub fn run(&self, folder: &Path, fault: &Fault) -> Option<Output> {
        let mut command = self.command(folder);
        command.env("LD_PRELOAD", SHIM.as_ref()?).env("FAULT_ROOT", folder).env("FAULT_CALL", fault.call);
        command.env("FAULT_AT", fault.at.to_string()).env("FAULT_KIND", fault.kind);
        if fault.stays {
            command.env("FAULT_STAYS", "1");
        }
        if let Some(trace) = &fault.trace {
            command.env("FAULT_TRACE", trace);
        }
        Some(finished(command))
    }

    /// How many of each call a run makes; none without a C compiler.
    pub fn calls(&self) -> Option<BTreeMap<String, usize>> {
        let mut counts = BTreeMap::new();
        for line in self.trace()?.0 {
            *counts.entry(line[0].clone()).or_insert(0) += 1;
        }
        Some(counts)
    }

    /// The recorded calls of a whole run and the folder it leaves.
    pub fn trace(&self) -> Option<(Vec<Vec<String>>, tempfile::TempDir)> {
        let (folder, aside) = (self.copy(), tempfile::tempdir().unwrap());
        let trace = aside.path().join("trace");
        let output = self.run(folder.path(), &Fault { trace: Some(trace.clone()), ..Fault::default() })?;
        assert!(output.status.success(), "{}", said(&output));
        let text = std::fs::read_to_string(trace).unwrap();
        Some((text.lines().map(|line| line.split('\t').map(str::to_string).collect()).collect(), folder))
    }
}

/// Runs a command to its end, which has to come within a minute.
fn finished(mut command: Command) -> Output {
    const PATIENCE: Duration = Duration::from_secs(60);
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("no end within {PATIENCE:?}: {command:?}; it had said: {}", said(&output));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.wait_with_output().unwrap()
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Copies a folder with all below it.
pub fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Two snapshots, the first of which is a dataset already.
pub fn two_snapshots(folder: &Path) {
    for (number, stars) in [(1, 40), (2, 60)] {
        write_snapshot(&folder.join(format!("p.{number:05}")), &small(5, 7, stars), ByteOrder::Big).unwrap();
    }
    let made = program().args(["ingest", "p.00001", "-q", "-o", "p.spolia"]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{}", said(&made));
}

/// Version and digest of every row of a dataset; an error in words if anything of it is damaged.
pub fn state(root: &Path) -> Result<(u64, String), String> {
    let told = |e: spolia::Error| e.to_string();
    let report = verify(root, Level::Deep).map_err(told)?;
    if !report.is_whole() {
        return Err(format!("{:?}", report.findings));
    }
    let dataset = Dataset::open(root).map_err(told)?;
    Ok((dataset.manifest().version, rows(&dataset)?))
}

/// A digest of every table but `snapshots`, which holds paths and times.
fn rows(dataset: &Dataset) -> Result<String, String> {
    let mut hasher = blake3::Hasher::new();
    for table in dataset.tables().iter().filter(|t| *t != "snapshots") {
        for file in dataset.files(table) {
            hasher.update(format!("{table} {} {}\n", file.snap, file.blake3).as_bytes());
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}
