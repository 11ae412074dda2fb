//! A kernel compiled by a C++ compiler and run on the processor.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use spolia::orbits::batch::Stars;
use spolia::orbits::device::source::Kernel;
use spolia::orbits::device::structure::Structure;
use spolia::orbits::device::{Precision, Steps};
use spolia::orbits::integrate::Plan;
use spolia::orbits::potential::Potential;
use tempfile::TempDir;

/// The C++ compiler: `CXX`, c++, g++ or clang++; none is said once.
pub fn compiler() -> Option<&'static str> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    let works = |name: &String| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
    let look = || {
        let named = std::env::var("CXX").ok();
        let found = named.into_iter().chain(["c++", "g++", "clang++"].map(String::from)).find(works);
        if found.is_none() {
            println!("skipped: no C++ compiler here (CXX may name one)");
        }
        found
    };
    FOUND.get_or_init(look).as_deref()
}

/// A compiled kernel.
pub struct Program {
    folder: TempDir,
    precision: Precision,
}

impl Program {
    /// Compiles `kernel` for potentials of the structure of `potential`; nothing fused, so that bits can be compared.
    pub fn new(compiler: &str, potential: &Potential, kernel: Kernel, precision: Precision) -> Program {
        let folder = tempfile::tempdir().unwrap();
        let structure = Structure::new(potential).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("program.cu", &kernel.source(&structure, precision));
        write("shim.h", include_str!("host/shim.h"));
        write("main.cpp", include_str!("host/main.cpp"));
        let which = match kernel {
            Kernel::Evaluate => "-DEVALUATE",
            Kernel::Symplectic(_) => "-DSYMPLECTIC",
            Kernel::Dop853 => "-DDOP853",
        };
        let flags = ["-std=c++17", "-O2", "-ffp-contract=off", "-w", which, "main.cpp", "-o", "program", "-lm"];
        let out = Command::new(compiler).args(flags).current_dir(folder.path()).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        Program { folder, precision }
    }

    fn run(&self, potential: &Potential, more: Vec<u8>) -> Vec<u8> {
        let structure = Structure::new(potential).unwrap();
        let mut input = array(&structure.bytes(self.precision, [0; 3]).unwrap(), |b| vec![*b]);
        input.extend(array(&structure.curves, bytes));
        input.extend(array(&structure.tables, bytes));
        let single = if self.precision == Precision::Mixed { structure.single_tables().unwrap() } else { Vec::new() };
        input.extend(array(&single, |x| x.to_le_bytes().to_vec()));
        input.extend(more);
        let mut child =
            Command::new(self.folder.path().join("program")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("compiled above");
        child.stdin.take().unwrap().write_all(&input).unwrap();
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success(), "{:?}", out.status);
        out.stdout
    }

    /// Potential and acceleration at points.
    pub fn evaluate(&self, potential: &Potential, points: &[Vec<f64>; 3], time: f64) -> [Vec<f64>; 4] {
        let mut more = array(&points.concat(), bytes);
        more.extend(array(&[time], bytes));
        let answers = doubles(&self.run(potential, more));
        let count = points[0].len();
        std::array::from_fn(|k| answers[k * count..(k + 1) * count].to_vec())
    }

    /// States, energies at the start, energies at the end, and how the orbits ended.
    pub fn follow(&self, potential: &Potential, stars: &Stars, steps: &Steps, start: f64, times: &[f64]) -> Followed {
        let whole = |n: i64| n.to_le_bytes().to_vec();
        let (counts, rests, numbers, most) = match steps {
            Steps::Fixed { step, .. } => {
                let plan = Plan::new(start, times, *step, 1_000_000).unwrap();
                let (counts, rests): (Vec<i64>, Vec<f64>) = plan.stops.iter().map(|stop| (stop.steps as i64, stop.rest)).unzip();
                (counts, rests, [start, plan.step, 0.0, 0.0, 0.0], 0)
            }
            Steps::Chosen { tolerance: t, .. } => {
                let sign = if times.last().is_some_and(|end| *end < start) { -1.0 } else { 1.0 };
                (Vec::new(), times.to_vec(), [start, sign, t.relative, t.position_kpc, t.velocity_kms], t.most_steps as i64)
            }
        };
        let mut more = array(&stars.columns().concat(), bytes);
        more.extend(array(&counts, |n| whole(*n)));
        more.extend(array(&rests, bytes));
        more.extend(array(&[times.len() as i64], |n| whole(*n)));
        more.extend(array(&numbers, bytes));
        more.extend(array(&[most], |n| whole(*n)));
        let answer = self.run(potential, more);
        let (rows, count) = (stars.len() * times.len(), stars.len());
        let (numbers, ends) = answer.split_at(8 * (6 * rows + 2 * count));
        let numbers = doubles(numbers);
        Followed {
            columns: std::array::from_fn(|k| numbers[k * rows..(k + 1) * rows].to_vec()),
            energies: std::array::from_fn(|k| numbers[6 * rows + k * count..6 * rows + (k + 1) * count].to_vec()),
            ends: ends.to_vec(),
        }
    }
}

/// What a kernel leaves.
pub struct Followed {
    pub columns: [Vec<f64>; 6],
    pub energies: [Vec<f64>; 2],
    pub ends: Vec<u8>,
}

fn bytes(x: &f64) -> Vec<u8> {
    x.to_le_bytes().to_vec()
}

fn array<T>(all: &[T], each: impl Fn(&T) -> Vec<u8>) -> Vec<u8> {
    let mut out = (all.len() as u64).to_le_bytes().to_vec();
    out.extend(all.iter().flat_map(each));
    out
}

fn doubles(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks::<8>().0.iter().map(|eight| f64::from_le_bytes(*eight)).collect()
}
