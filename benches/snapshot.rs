//! One question to raw snapshots of one to ten million particles, from opening to the answer, and their ingest, beside the peers.
//!
//! Layout     `cargo bench --bench snapshot [-- FOLDER]`; SPOLIA_PYTHON names a Python with numpy, h5py, pynbody, yt and pyarrow
//! Formula    stars with r < 5 kpc and [Fe/H] < -1: their number and mass; ingest against a copy and zstd at level 1 on one thread
//! Edge cases the number differs between engines by their solar scales; the peers' lines use pynbody's for Tipsy; yt's Tipsy reader
//!            takes other particles' values for arrays such as FeMassFrac, so that its number is wrong there
//! See also   `peers`; benches/README.md for the results

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod peers;

use std::path::{Path, PathBuf};
use std::time::Instant;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use spolia::ingest::run::{IngestOptions, ingest};
use spolia::progress::Silent;
use spolia::sql::{Session, SessionOptions};

/// Processes of each engine.
const ROUNDS: usize = 5;
/// Particles of the snapshots.
const SIZES: [u64; 3] = [1_000_000, 4_000_000, 10_000_000];
/// Half of the side of the box of the TNG file over its Hubble constant \[kpc\].
const CENTRE_KPC: f64 = 17500.0 / 0.6774;

/// Opens, asks and prints the lines of a worker.
fn ask(path: &Path, centre_kpc: f64) {
    let started = Instant::now();
    let session = Session::new(SessionOptions::default()).unwrap();
    session.attach(path).unwrap();
    let opened = started.elapsed().as_secs_f64() * 1e3;
    let c = centre_kpc;
    let sql = format!("SELECT count(*), sum(mass) FROM stars WHERE radius(x - {c}, y - {c}, z - {c}) < 5 AND feh < -1");
    let answer = session.query(&sql).unwrap();
    let ms = started.elapsed().as_secs_f64() * 1e3;
    let rows = answer.batches[0].column(0).as_primitive::<Int64Type>().value(0);
    println!("version {}", env!("CARGO_PKG_VERSION"));
    println!("time open {opened} {rows}\ntime query {} {rows}", ms - opened);
    println!("peak {}", peers::peak_mib());
}

/// Ingests into a new dataset and prints the lines of a worker.
fn take(path: &Path, root: &Path) {
    let _ = std::fs::remove_dir_all(root);
    let started = Instant::now();
    ingest(&[path.to_path_buf()], root, &IngestOptions::default(), &Silent).unwrap();
    println!("version {}", env!("CARGO_PKG_VERSION"));
    println!("time ingest {} 0", started.elapsed().as_secs_f64() * 1e3);
    println!("peak {}", peers::peak_mib());
}

/// The dataset of a snapshot, in a folder of its own: yt and the copy take everything beside the snapshot for a part of it.
fn dataset_of(path: &Path) -> PathBuf {
    path.parent().unwrap().join("datasets").join(path.with_extension("spolia").file_name().unwrap())
}

/// Makes the file if it is not there yet.
fn made(file: &Path, size: u64) -> bool {
    let (name, size) = (file.display().to_string(), size.to_string());
    file.exists()
        || peers::Worker::python("the maker of the snapshot", "snapshot.py", &["make", &name, "--particles", &size]).run().is_some()
}

fn main() {
    if let Some(request) = peers::worker_input() {
        let (action, path) = request.split_once(':').unwrap();
        match action {
            "ingest" => return take(Path::new(path), &dataset_of(Path::new(path))),
            _ => return ask(Path::new(path), action.parse().unwrap()),
        }
    }
    let folder = peers::folder("bench_snapshot");
    for (format, name, centre) in [("Tipsy", "bench.00001", 0.0), ("TNG", "bench_tng.hdf5", CENTRE_KPC)] {
        for size in SIZES {
            let place = folder.join(format!("{size}"));
            std::fs::create_dir_all(&place).unwrap();
            let raw = place.join(name);
            let root = dataset_of(&raw);
            std::fs::create_dir_all(place.join("datasets")).unwrap();
            if !made(&raw, size) {
                std::process::exit(1);
            }
            let file = raw.display().to_string();
            let workers = [
                peers::Worker::own("Spolia, ingest", &["--worker", &format!("ingest:{file}")]),
                peers::Worker::python("copy and zstd", "snapshot.py", &["copy", &file]),
            ];
            println!("\n{format}, {size} particles: ingest\n");
            peers::print_table(&["ingest"], &peers::take_turns(&workers, ROUNDS));
            let workers = [
                peers::Worker::own("Spolia, raw file", &["--worker", &format!("{centre}:{file}")]),
                peers::Worker::own("Spolia, its dataset", &["--worker", &format!("{centre}:{}", root.display())]),
                peers::Worker::python(if format == "TNG" { "h5py" } else { "numpy" }, "snapshot.py", &["time", &file, "--tool", "numpy"]),
                peers::Worker::python("pynbody", "snapshot.py", &["time", &file, "--tool", "pynbody"]),
                peers::Worker::python("pynbody, as in notebooks", "snapshot.py", &["time", &file, "--tool", "pynbody", "--all"]),
                peers::Worker::python("yt", "snapshot.py", &["time", &file, "--tool", "yt"]),
            ];
            println!("\n{format}, {size} particles: question\n");
            // yt takes minutes for the larger files.
            let engines = if size > SIZES[0] { &workers[..5] } else { &workers[..] };
            peers::print_table(&["open", "query"], &peers::take_turns(engines, ROUNDS));
        }
    }
}
