//! Timings of SQL over raw and ingested data, printed; run with `--ignored` and the files named in the environment.
//!
//! Layout     SPOLIA_BENCH_TIPSY: a snapshot of `bench_snapshot.py make`; SPOLIA_BENCH_SQL: a Parquet file of `bench_sql.py`
//! See also   docs of the measured claims in README.md

use std::path::Path;
use std::time::Instant;

use spolia::sql::{Session, SessionOptions};
use spolia::table::Transaction;

const REPEATS: usize = 5;

fn timed(session: &Session, name: &str, sql: &str) {
    let mut best = f64::INFINITY;
    let mut rows = 0;
    for _ in 0..REPEATS {
        let started = Instant::now();
        let answer = session.query(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        rows = answer.rows();
        best = best.min(started.elapsed().as_secs_f64());
        if rows == 1 {
            println!("{}", arrow::util::pretty::pretty_format_batches(&answer.batches).unwrap());
        }
    }
    println!("{name}: best of {REPEATS} {:.1} ms, {rows} rows", best * 1e3);
}

#[test]
#[ignore = "a timing; needs SPOLIA_BENCH_TIPSY"]
fn raw_tipsy() {
    let Ok(path) = std::env::var("SPOLIA_BENCH_TIPSY") else {
        println!("SPOLIA_BENCH_TIPSY is not set");
        return;
    };
    let started = Instant::now();
    let session = Session::new(SessionOptions::default()).unwrap();
    println!("session {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    let started = Instant::now();
    session.attach(Path::new(&path)).unwrap();
    println!("attach {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    timed(&session, "plan only", "explain select count(*), sum(mass) from stars where radius(x,y,z) < 5 and feh < -1");
    timed(&session, "sphere and feh", "select count(*), sum(mass) from stars where radius(x,y,z) < 5 and feh < -1");
    timed(&session, "sphere", "select count(*), sum(mass) from stars where radius(x,y,z) < 5");
    timed(&session, "feh", "select count(*), sum(mass) from stars where feh < -1");
    timed(&session, "sum", "select sum(mass) from stars");
    timed(&session, "max radius", "select max(radius(x,y,z)) from stars");
}

#[test]
#[ignore = "a timing; needs SPOLIA_BENCH_SQL"]
fn four_queries() {
    let Ok(path) = std::env::var("SPOLIA_BENCH_SQL") else {
        println!("SPOLIA_BENCH_SQL is not set");
        return;
    };
    let session = Session::new(SessionOptions { check_units: false, ..Default::default() }).unwrap();
    let path = Path::new(&path);
    // A Parquet file is written again as a dataset, so that both hold the same rows.
    let root = path.with_extension("spolia");
    if !root.exists() {
        let started = Instant::now();
        let mut transaction = Transaction::begin(&root).unwrap();
        let all = format!("SELECT * FROM '{}'", path.display());
        let schema = session.query(&format!("{all} LIMIT 0")).unwrap().schema;
        let mut writer = transaction.writer("stars", 1, schema).unwrap();
        session.stream(&all, &mut |batch| writer.write(batch)).unwrap();
        writer.finish().unwrap();
        transaction.commit("bench").unwrap();
        println!("wrote the dataset in {:.1} s", started.elapsed().as_secs_f64());
    }
    session.attach(&root).unwrap();
    let table = "stars";
    for options in [[true, true], [true, false], [false, false]] {
        session.query(&format!("set datafusion.execution.parquet.pushdown_filters = {}", options[0])).unwrap();
        session.query(&format!("set datafusion.execution.parquet.reorder_filters = {}", options[1])).unwrap();
        println!("pushdown_filters {}, reorder_filters {}", options[0], options[1]);
        for (name, sql) in [
            (
                "mdf",
                "SELECT CAST(floor(feh*10) AS BIGINT) AS b, count(*) AS n, avg(age) AS a FROM t WHERE abs(z) < 1.0 GROUP BY 1 ORDER BY 1",
            ),
            ("profile", "SELECT CAST(floor(sqrt(x*x+y*y)) AS BIGINT) AS b, sum(mass) AS m, stddev(vz) AS s FROM t GROUP BY 1 ORDER BY 1"),
            (
                "box",
                "SELECT count(*) AS n, avg(vx) AS a FROM t WHERE x BETWEEN 7.9 AND 8.4 AND y BETWEEN -0.25 AND 0.25 AND z BETWEEN -0.25 AND 0.25",
            ),
            ("topk", "SELECT pid, mass FROM t ORDER BY mass DESC LIMIT 100"),
            ("sphere", "SELECT count(*) AS n, avg(vx) AS a FROM t WHERE radius(x-8, y, z) < 0.5"),
            ("sum", "SELECT sum(mass) FROM t"),
            ("count", "SELECT count(*), min(x), max(x) FROM t"),
        ] {
            timed(&session, name, &sql.replace("FROM t", &format!("FROM {table}")));
        }
    }
}
