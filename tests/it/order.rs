//! Rows in one order, and columns under short headers, for any number of threads.
//!
//! See also   `src/sql/order.rs`, `src/sql/headers.rs`, `same_bits` for the values

use std::path::Path;

use arrow::util::display::array_value_to_string;
use spolia::ingest::run::{IngestOptions, ingest};
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::{StarRecord, TipsyFile, write_snapshot};
use spolia::progress::Silent;
use spolia::sql::session::{Answer, Session, SessionOptions};
use spolia::table::schema::unit_of;

/// Two snapshots of a run whose stars share few values of mass, metals and time, so that every sort meets ties.
fn dataset(folder: &Path, stars: usize) -> std::path::PathBuf {
    let mut sources = Vec::new();
    for snap in [1usize, 2] {
        let star = |i: usize| {
            let mixed = (i as u64 + 7 * snap as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            StarRecord {
                mass: 1.0 + (mixed % 5) as f32,
                x: (mixed % 1000) as f32,
                y: (mixed / 7 % 1000) as f32,
                z: (mixed / 11 % 1000) as f32,
                metals: (mixed % 3) as f32 * 0.01,
                tform: (mixed % 11) as f32,
                eps: 0.1,
                ..Default::default()
            }
        };
        let path = folder.join(format!("o.0000{snap}"));
        let file = TipsyFile { time: 0.5, stars: (0..stars).map(star).collect(), ..Default::default() };
        write_snapshot(&path, &file, ByteOrder::Big).unwrap();
        sources.push(path);
    }
    let root = folder.join("o.spolia");
    ingest(&sources, &root, &IngestOptions::default(), &Silent).unwrap();
    root
}

fn session(root: &Path, threads: usize) -> Session {
    let session = Session::new(SessionOptions { threads, check_units: false, ..Default::default() }).unwrap();
    session.attach(root).unwrap();
    session
}

fn rows(answer: &Answer) -> Vec<String> {
    let row = |batch: &arrow::array::RecordBatch, row: usize| {
        batch.columns().iter().map(|c| array_value_to_string(c, row).unwrap()).collect::<Vec<_>>().join(" ")
    };
    answer.batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|i| row(batch, i)).collect::<Vec<_>>()).collect()
}

const QUERIES: &[&str] = &[
    // Joins.
    "SELECT a.id, a.mass, b.x FROM stars@1 a JOIN stars@2 b ON a.id = b.id",
    "SELECT a.mass, b.mass FROM stars@1 a LEFT JOIN (SELECT * FROM stars@2 WHERE mass > 3) b ON a.id = b.id",
    "SELECT a.x, b.id FROM (SELECT * FROM stars@1 WHERE x < 300) a FULL JOIN (SELECT * FROM stars@2 WHERE y < 300) b ON a.id = b.id",
    "SELECT a.id FROM stars@1 a JOIN stars@2 b ON a.x = b.x AND a.mass = b.mass LIMIT 50",
    "SELECT id, x FROM stars@1 WHERE id IN (SELECT id FROM stars@2 WHERE mass = 2)",
    "SELECT a.x, b.y FROM (SELECT * FROM stars LIMIT 30) a CROSS JOIN (SELECT * FROM stars LIMIT 20) b",
    // Unions and scans.
    "SELECT id, mass FROM stars@1 WHERE x < 500 UNION ALL SELECT id, mass FROM stars@2 WHERE x > 500",
    "SELECT id, mass FROM stars@1 UNION ALL SELECT id, mass FROM stars@2 LIMIT 12345 OFFSET 20",
    "SELECT mass, metals FROM (SELECT mass, z_metal AS metals FROM stars@1) UNION SELECT mass, z_metal FROM stars@2",
    "SELECT id, mass FROM stars@all WHERE mass > 2",
    "SELECT id, mass FROM stars@all LIMIT 777",
    "SELECT count(*), sum(x), min(id), max(id) FROM (SELECT id, x FROM stars@all LIMIT 30000)",
    "SELECT count(*), sum(x) FROM (SELECT a.x FROM stars@1 a JOIN stars@2 b ON a.mass = b.mass AND a.id = b.id LIMIT 5000)",
    // Windows.
    "SELECT id, row_number() OVER (ORDER BY mass) FROM stars@1",
    "SELECT id, row_number() OVER () FROM stars@all",
    "SELECT id, lag(x) OVER (PARTITION BY mass ORDER BY t_birth) AS before, rank() OVER (PARTITION BY mass ORDER BY t_birth) FROM stars@1",
    "SELECT mass, row_number() OVER (PARTITION BY mass) FROM stars@1",
    "SELECT sum(x) OVER (ORDER BY t_birth ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM stars@1",
    "SELECT row_number() OVER () AS n, a.id FROM stars@1 a JOIN stars@2 b ON a.id = b.id",
    // Ties.
    "SELECT id, mass FROM stars@all ORDER BY mass",
    "SELECT id FROM stars@1 ORDER BY mass DESC LIMIT 100",
    "SELECT x, y FROM stars@1 ORDER BY z_metal, mass LIMIT 100 OFFSET 1000",
    "SELECT avg(x) FROM (SELECT x FROM stars@1 ORDER BY mass LIMIT 1000)",
    // Distinct, groups, ordered aggregates.
    "SELECT DISTINCT mass, t_birth FROM stars@all",
    "SELECT DISTINCT ON (mass) mass, id FROM stars@1 ORDER BY mass",
    "SELECT mass, count(*), sum(x) FROM stars@all GROUP BY mass",
    "SELECT t_birth, mass, avg(x) FROM stars@1 GROUP BY t_birth, mass HAVING count(*) > 10",
    "SELECT mass, count(*) FROM stars@1 GROUP BY mass ORDER BY count(*) > 0",
    "SELECT mass, array_agg(id)[3], first_value(x ORDER BY t_birth), last_value(id) FROM stars@1 GROUP BY mass",
    "SELECT array_agg(z_metal), array_agg(DISTINCT mass), array_agg(id ORDER BY mass)[9] FROM stars@1",
    "SELECT s.mass, b.n FROM stars@1 s JOIN (SELECT mass, count(*) AS n FROM stars@2 GROUP BY mass) b ON s.mass = b.mass LIMIT 100",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 50) SELECT n FROM r",
];

#[test]
fn rows_come_in_one_order_for_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let root = dataset(dir.path(), 300_000);
    let mut first: Vec<Vec<String>> = Vec::new();
    let mut runs = 0;
    for threads in [1, 2, 4, 4, 3] {
        let session = session(&root, threads);
        for (number, query) in QUERIES.iter().enumerate() {
            let found = rows(&session.query(query).unwrap_or_else(|e| panic!("{query}\n{e}")));
            assert!(!found.is_empty(), "{query}");
            runs += 1;
            match first.get(number) {
                None => first.push(found),
                Some(first) => {
                    assert_eq!(first.len(), found.len(), "{query} with {threads} threads");
                    let differ = first.iter().zip(&found).position(|(a, b)| a != b);
                    assert!(differ.is_none(), "{query} with {threads} threads: row {differ:?}");
                }
            }
        }
    }
    println!("{runs} runs of {} queries, one answer each", QUERIES.len());
}

#[test]
fn the_order_is_the_documented_one() {
    let dir = tempfile::tempdir().unwrap();
    let session = session(&dataset(dir.path(), 20_000), 4);
    let ids = |sql: &str| rows(&session.query(sql).unwrap());
    let file = ids("SELECT id FROM stars@1");
    assert_ne!(
        file,
        {
            let mut sorted = file.clone();
            sorted.sort();
            sorted
        },
        "rows of a dataset follow a curve, so the test can tell"
    );
    assert_eq!(ids("SELECT id FROM stars@1 UNION ALL SELECT id FROM stars@1"), [file.clone(), file.clone()].concat());
    assert_eq!(
        ids("SELECT n FROM (SELECT id, row_number() OVER () AS n FROM stars@1)"),
        (1..=20_000).map(|n| n.to_string()).collect::<Vec<_>>()
    );
    assert_eq!(ids("SELECT id FROM (SELECT id FROM stars@1 LIMIT 10)"), file[..10]);
    let pairs = rows(&session.query("SELECT a.id FROM stars@1 a JOIN stars@2 b ON a.id = b.id").unwrap());
    assert_eq!(pairs, (0..20_000).map(|n| n.to_string()).collect::<Vec<_>>());
    let tied = rows(&session.query("SELECT id FROM (SELECT id, mass FROM stars@1) ORDER BY mass DESC LIMIT 5").unwrap());
    let mut best = rows(&session.query("SELECT id FROM stars@1 WHERE mass = (SELECT max(mass) FROM stars@1)").unwrap());
    best.sort_by_key(|id| id.parse::<u64>().unwrap());
    assert_eq!(tied, best[..5]);
}

#[test]
fn headers_are_short_where_they_stay_apart() {
    let dir = tempfile::tempdir().unwrap();
    let session = session(&dataset(dir.path(), 100), 2);
    let headers = |sql: &str| -> Vec<String> { session.query(sql).unwrap().schema.fields().iter().map(|f| f.name().clone()).collect() };
    assert_eq!(headers("SELECT sum(mass), count(*), avg(s.x) AS centre FROM stars s"), ["sum(mass)", "count(*)", "centre"]);
    assert_eq!(headers("SELECT mass, round(sum(x) / 2.5, 1) FROM stars GROUP BY mass"), ["mass", "round(sum(x) / 2.5,1)"]);
    assert_eq!(
        headers("SELECT sum(a.mass), sum(b.mass), max(a.x) FROM stars@1 a JOIN stars@2 b ON a.id = b.id"),
        ["sum(a.mass)", "sum(b.mass)", "max(x)"]
    );
    assert_eq!(headers("SELECT * FROM (SELECT sum(mass) FROM stars) ORDER BY 1 LIMIT 3"), ["sum(mass)"]);
    assert_eq!(headers("WITH t AS (SELECT sum(mass) FROM stars) SELECT \"sum(stars.mass)\" FROM t"), ["sum(mass)"]);
    assert_eq!(headers("SELECT sum(mass) FROM stars UNION ALL SELECT min(x) FROM stars"), ["sum(mass)"]);
    assert_eq!(headers("SELECT abundance('Fe', 'H', 0.001, z_metal) FROM stars"), ["abundance('Fe','H',0.001,z_metal)"]);
    session.query("CREATE TABLE kept AS SELECT mass, sum(x) FROM stars GROUP BY mass").unwrap();
    assert_eq!(headers("SELECT \"sum(x)\" FROM kept"), ["sum(x)"]);
    let answer = session.query("SELECT sum(x), max(a.mass) FROM stars a").unwrap();
    let units: Vec<&str> = answer.schema.fields().iter().map(|f| unit_of(f)).collect();
    assert_eq!(answer.batches[0].schema(), answer.schema);
    let plain = session.query("SELECT x, mass FROM stars").unwrap();
    assert_eq!(units, plain.schema.fields().iter().map(|f| unit_of(f)).collect::<Vec<_>>());
    let out = dir.path().join("sums.csv");
    session.query(&format!("COPY (SELECT sum(mass) FROM stars) TO '{}'", out.display())).unwrap();
    assert!(std::fs::read_to_string(&out).unwrap().starts_with("sum(mass)\n"));
}
