//! One question to a raw snapshot of four million particles, from opening it to the answer, beside numpy and pynbody.
//!
//! Layout     `cargo bench --bench snapshot [-- FOLDER]`; SPOLIA_PYTHON names a Python with numpy and pynbody
//! Formula    stars with r < 5 kpc and [Fe/H] < -1: their number and mass
//! Edge cases the number differs between engines by their solar scales; numpy's line uses pynbody's
//! See also   `peers`; benches/README.md for the results

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod peers;

use std::path::Path;
use std::time::Instant;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use spolia::ingest::run::{IngestOptions, ingest};
use spolia::progress::Silent;
use spolia::sql::{Session, SessionOptions};

/// Processes of each engine.
const ROUNDS: usize = 5;
const SQL: &str = "SELECT count(*), sum(mass) FROM stars WHERE radius(x,y,z) < 5 AND feh < -1";

/// Opens, asks and prints the lines of a worker.
fn work(path: &Path) {
    let started = Instant::now();
    let session = Session::new(SessionOptions::default()).unwrap();
    session.attach(path).unwrap();
    let opened = started.elapsed().as_secs_f64() * 1e3;
    let answer = session.query(SQL).unwrap();
    let ms = started.elapsed().as_secs_f64() * 1e3;
    let rows = answer.batches[0].column(0).as_primitive::<Int64Type>().value(0);
    println!("version {}", env!("CARGO_PKG_VERSION"));
    println!("time open {opened} {rows}\ntime query {} {rows}", ms - opened);
    println!("peak {}", peers::peak_mib());
}

fn main() {
    if let Some(path) = peers::worker_input() {
        return work(Path::new(&path));
    }
    let folder = peers::folder("bench_snapshot");
    let (raw, root) = (folder.join("bench.00001"), folder.join("bench.spolia"));
    let file = raw.display().to_string();
    if !raw.exists() && peers::Worker::python("the maker of the snapshot", "snapshot.py", &["make", &file]).run().is_none() {
        std::process::exit(1);
    }
    if !root.exists() {
        ingest(std::slice::from_ref(&raw), &root, &IngestOptions::default(), &Silent).unwrap();
    }
    let workers = [
        peers::Worker::own("Spolia, raw file", &["--worker", &file]),
        peers::Worker::own("Spolia, its dataset", &["--worker", &root.display().to_string()]),
        peers::Worker::python("numpy", "snapshot.py", &["time", &file, "--tool", "numpy"]),
        peers::Worker::python("pynbody", "snapshot.py", &["time", &file, "--tool", "pynbody"]),
    ];
    let all = peers::take_turns(&workers, ROUNDS);
    peers::print_table(&["open", "query"], &all);
}
