//! SQL on ten million rows, beside DuckDB, DataFusion and Polars on the Parquet file that the dataset was made from.
//!
//! Layout     `cargo bench --bench sql [-- FOLDER]`; SPOLIA_PYTHON names a Python with duckdb, datafusion, polars, pyarrow and numpy
//! Cost       1 GB of disk, a minute after the first run
//! See also   `peers`; benches/README.md for the results

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod peers;

use std::path::Path;
use std::time::Instant;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use spolia::sql::{Session, SessionOptions};
use spolia::table::Transaction;

/// Runs of each query in one process.
const REPEATS: usize = 3;
/// Processes of each engine.
const ROUNDS: usize = 3;

const QUERIES: [(&str, &str); 4] = [
    ("mdf", "SELECT CAST(floor(feh*10) AS BIGINT) AS b, count(*) AS n, avg(age) AS a FROM stars WHERE abs(z) < 1.0 GROUP BY 1 ORDER BY 1"),
    ("profile", "SELECT CAST(floor(sqrt(x*x+y*y)) AS BIGINT) AS b, sum(mass) AS m, stddev(vz) AS s FROM stars GROUP BY 1 ORDER BY 1"),
    (
        "box",
        "SELECT count(*) AS n, avg(vx) AS a FROM stars WHERE x BETWEEN 7.9 AND 8.4 AND y BETWEEN -0.25 AND 0.25 AND z BETWEEN -0.25 AND 0.25",
    ),
    ("topk", "SELECT pid, mass FROM stars ORDER BY mass DESC LIMIT 100"),
];

/// Times every query on a dataset and prints the lines of a worker.
fn work(dataset: &Path) {
    let session = Session::new(SessionOptions { check_units: false, ..Default::default() }).unwrap();
    session.attach(dataset).unwrap();
    println!("version {}", env!("CARGO_PKG_VERSION"));
    for (name, sql) in QUERIES {
        for _ in 0..REPEATS {
            let started = Instant::now();
            let answer = session.query(sql).unwrap();
            let ms = started.elapsed().as_secs_f64() * 1e3;
            let check: f64 = answer
                .batches
                .iter()
                .flat_map(|batch| cast(batch.column(1), &DataType::Float64).unwrap().as_primitive::<Float64Type>().values().to_vec())
                .sum();
            println!("time {name} {ms} {check}");
        }
    }
    println!("peak {}", peers::peak_mib());
}

/// Writes the rows of a Parquet file as a dataset.
fn write_dataset(parquet: &Path, root: &Path) {
    let session = Session::new(SessionOptions { check_units: false, ..Default::default() }).unwrap();
    let mut transaction = Transaction::begin(root).unwrap();
    let all = format!("SELECT * FROM '{}'", parquet.display());
    let schema = session.query(&format!("{all} LIMIT 0")).unwrap().schema;
    let mut writer = transaction.writer("stars", 1, schema).unwrap();
    session.stream(&all, &mut |batch| writer.write(batch)).unwrap();
    writer.finish().unwrap();
    transaction.commit("the rows of a benchmark").unwrap();
}

fn main() {
    if let Some(dataset) = peers::worker_input() {
        return work(Path::new(&dataset));
    }
    let folder = peers::folder("bench_sql");
    let (parquet, root) = (folder.join("rows.parquet"), folder.join("rows.spolia"));
    let file = parquet.display().to_string();
    if !parquet.exists() && peers::Worker::python("the maker of the rows", "sql.py", &["make", &file]).run().is_none() {
        std::process::exit(1);
    }
    if !root.exists() {
        write_dataset(&parquet, &root);
    }
    let mut workers = vec![peers::Worker::own("Spolia", &["--worker", &root.display().to_string()])];
    for (name, engine) in [("DuckDB", "duckdb"), ("DataFusion", "datafusion"), ("Polars", "polars")] {
        workers.push(peers::Worker::python(name, "sql.py", &["time", &file, "--engine", engine]));
    }
    let all = peers::take_turns(&workers, ROUNDS);
    peers::print_table(&QUERIES.map(|(name, _)| name), &all);
}
