//! Engines that take turns: each run is a process of its own, so that its memory is its own and no cache of one helps another.
//!
//! Layout     a worker prints lines `time <query> <milliseconds> <check>`, `peak <MiB>`, `version <text>`
//! Edge cases an engine that is not installed is left out with a line
//! See also   `sql`, `snapshot`; the Python workers beside this file

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// What was measured of one engine.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Name and version.
    pub name: String,
    /// Best time of each query [ms].
    pub best_ms: BTreeMap<String, f64>,
    /// All times of each query, in turn [ms].
    pub turns_ms: BTreeMap<String, Vec<f64>>,
    /// A number of each query's answer.
    pub check: BTreeMap<String, f64>,
    /// Largest resident size of the process [MiB].
    pub peak_mib: f64,
}

/// The command line of an engine's worker.
pub struct Worker {
    /// Name in the table.
    pub name: &'static str,
    /// Program and arguments.
    pub command: Vec<String>,
}

impl Worker {
    /// This very program with other arguments.
    pub fn own(name: &'static str, arguments: &[&str]) -> Worker {
        let own = std::env::current_exe().expect("the path of this program").display().to_string();
        Worker { name, command: std::iter::once(own).chain(arguments.iter().map(|a| a.to_string())).collect() }
    }

    /// A script beside this file; the interpreter is `SPOLIA_PYTHON` or `python3`.
    pub fn python(name: &'static str, script: &str, arguments: &[&str]) -> Worker {
        let python = std::env::var("SPOLIA_PYTHON").unwrap_or_else(|_| "python3".to_string());
        let script = format!("{}/benches/peers/{script}", env!("CARGO_MANIFEST_DIR"));
        Worker { name, command: [python, script].into_iter().chain(arguments.iter().map(|a| a.to_string())).collect() }
    }

    /// Runs once and returns what it printed; none if it failed.
    pub fn run(&self) -> Option<String> {
        let (program, arguments) = self.command.split_first()?;
        let output = Command::new(program).args(arguments).output().ok()?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            eprintln!("{} is left out: {}", self.name, text.lines().last().unwrap_or("it failed"));
            return None;
        }
        String::from_utf8(output.stdout).ok()
    }
}

/// Runs every worker `rounds` times in turn.
pub fn take_turns(workers: &[Worker], rounds: usize) -> Vec<Measured> {
    let mut all: Vec<Measured> = workers.iter().map(|w| Measured { name: w.name.to_string(), ..Measured::default() }).collect();
    for round in 1..=rounds {
        for (worker, measured) in workers.iter().zip(&mut all) {
            eprintln!("round {round} of {rounds}: {}", worker.name);
            let Some(text) = worker.run() else { continue };
            for line in text.lines() {
                let words: Vec<&str> = line.split(' ').collect();
                match words.as_slice() {
                    ["time", query, ms, check] => {
                        let ms: f64 = ms.parse().expect("milliseconds");
                        let best = measured.best_ms.entry(query.to_string()).or_insert(f64::INFINITY);
                        *best = best.min(ms);
                        measured.turns_ms.entry(query.to_string()).or_default().push(ms);
                        measured.check.insert(query.to_string(), check.parse().expect("a number"));
                    }
                    ["peak", mib] => measured.peak_mib = measured.peak_mib.max(mib.parse().expect("MiB")),
                    ["version", version @ ..] => measured.name = format!("{} {}", worker.name, version.join(" ")),
                    _ => {}
                }
            }
        }
    }
    all.retain(|m| !m.best_ms.is_empty());
    all
}

/// Prints a table with a row for each query, the total, its ratio to the first engine, and the memory.
#[allow(dead_code)]
pub fn print_table(queries: &[&str], all: &[Measured]) {
    let row = |name: &str, cell: &dyn Fn(&Measured) -> String| {
        println!("| {name} | {} |", all.iter().map(cell).collect::<Vec<_>>().join(" | "));
    };
    row("", &|m| m.name.clone());
    println!("|---|{}", "---|".repeat(all.len()));
    let time = |m: &Measured, query: &str| m.best_ms.get(query).copied().unwrap_or(f64::NAN);
    for query in queries {
        row(query, &|m| format!("{:.1}", time(m, query)));
    }
    let total = |m: &Measured| queries.iter().map(|q| time(m, q)).sum::<f64>();
    row("total, ms", &|m| format!("{:.1}", total(m)));
    row("total against the first", &|m| format!("{:.2}", total(m) / all.first().map_or(f64::NAN, total)));
    row("peak memory, MiB", &|m| format!("{:.0}", m.peak_mib));
    for query in queries {
        row(&format!("check of {query}"), &|m| format!("{:.9e}", m.check.get(*query).copied().unwrap_or(f64::NAN)));
    }
}

/// Largest resident size of this process so far [MiB].
pub fn peak_mib() -> f64 {
    const KIB_PER_MIB: f64 = 1024.0;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).map_or(f64::NAN, |kib| kib / KIB_PER_MIB)
}

/// Folder of the inputs: the first argument, or a folder among the build outputs.
pub fn folder(name: &str) -> PathBuf {
    let named = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let folder = named.map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a writable folder");
    folder
}

/// Value after `--worker`, when this process is to be one.
pub fn worker_input() -> Option<String> {
    let mut arguments = std::env::args().skip_while(|a| a != "--worker");
    arguments.next()?;
    arguments.next()
}
