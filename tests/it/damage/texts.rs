//! Ten thousand mutations of SQL and of pipelines as text: an answer or an error, never a panic.
//!
//! Layout     half of them by the operators of files, half word by word with words of all texts, which break the syntax less often
//! Accuracy   0 panics, 0 errors that call themselves a bug of the program, of pipelines 0 errors that do not name the file
//! Edge cases statements that would write are refused, so a mutated COPY leaves nothing; an answer is given up after a second
//! Cost       measured numbers stand in docs/formats.md
//! See also   `mutations`, `mutate`; fuzz/fuzz_targets/sql.rs and pipeline.rs ask the same of a fuzzer

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use spolia::ErrorKind;
use spolia::ingest::OpenOptions;
use spolia::ingest::run::{IngestOptions, ingest};
use spolia::ingest::tipsy::ByteOrder;
use spolia::progress::Silent;
use spolia::sql::{Limits, Session, SessionOptions};

use super::goldens::write_tipsy_of;
use super::mutations::mutations;
use super::{Outcome, judge, on_one_thread, scratch};
use crate::mutate::{Dice, mutated};

/// The seed of all of them.
const SEED: u64 = 20_261_124;
/// Longest time for one query, of which a second is what the session allows for the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Failures that one message lists.
const LISTED: usize = 20;
/// Statements of kinds that the files of `queries` lack.
const STATEMENTS: [&str; 16] = [
    "SELECT count(*) AS n, sum(mass), avg(x), min(y), max(z) FROM stars WHERE radius(x, y, z) < 8 AND id % 3 <> 1",
    "SELECT id, row_number() OVER (PARTITION BY id % 5 ORDER BY mass DESC, id) AS place FROM stars LIMIT 10",
    "WITH ring AS (SELECT floor(r_cyl(x, y)) AS r, mass FROM stars) SELECT r, sum(mass) FROM ring GROUP BY r HAVING count(*) > 2 ORDER BY 1",
    "SELECT s.id, g.id FROM stars AS s LEFT JOIN gas AS g ON g.id = s.id + 1 WHERE s.x BETWEEN -1e3 AND 1.5e-2 OR g.id IS NULL",
    "SELECT quantile_track(x, y, -10, 10, 5), hist2d(x, y, -10, 10, 5, -10, 10, 5) FROM stars",
    "SELECT * FROM stars@all ORDER BY snap, id LIMIT 5 OFFSET 2",
    "SELECT * FROM stars@1 UNION ALL SELECT * FROM stars@1 EXCEPT SELECT * FROM stars",
    "SELECT CASE WHEN mass > 1 THEN 'heavy' ELSE 'light' END AS kind, CAST(id AS BIGINT), x::REAL, NOT (x > 0), -y FROM stars",
    "SELECT id, abundance('Fe', 'O', x_fe, x_o) FROM stars LIMIT 3",
    "SELECT abs(x), power(x, 2), coalesce(y, 0), substr('star', 2, 2), array_agg(id) FILTER (WHERE x > 0) FROM stars GROUP BY x, y",
    "SET spolia.units = 'off'; SHOW spolia.units",
    "SHOW TABLES",
    "DESCRIBE stars",
    "EXPLAIN ANALYZE SELECT sum(x + 3) FROM stars WHERE id IN (SELECT id FROM gas)",
    "CREATE FRAME disc AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM stars",
    "COPY (SELECT id, x FROM stars) TO 'out.parquet' STORED AS PARQUET",
];

/// Every file of a folder of the repository as text, by name.
fn texts(folder: &str, ending: &str) -> Vec<String> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == ending));
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Words, numbers, blanks and single signs of a text.
fn words(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' || c == '.' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut found = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        if before.is_some_and(|b| b != kind(c) || b == 2) {
            found.push(&text[start..at]);
            start = at;
        }
        before = Some(kind(c));
    }
    found.push(&text[start..]);
    found
}

/// A text with words taken out, put in, swapped or repeated.
fn reworded(text: &str, pool: &[&str], dice: &mut Dice) -> String {
    let mut list = words(text);
    for _ in 0..1 + dice.below(4) {
        if list.is_empty() {
            break;
        }
        let at = dice.below(list.len());
        match dice.below(6) {
            0 => drop(list.remove(at)),
            1 => list[at] = pool[dice.below(pool.len())],
            2 => list.insert(at, pool[dice.below(pool.len())]),
            3 => {
                let other = dice.below(list.len());
                list.swap(at, other);
            }
            4 => {
                let end = (at + 1 + dice.below(8)).min(list.len());
                let run = list[at..end].to_vec();
                list.splice(at..at, run);
            }
            _ => list.truncate(at + 1),
        }
    }
    list.concat()
}

/// Mutation `number` of the texts.
fn mutation(texts: &[String], pool: &[&str], number: u64) -> String {
    let mut dice = Dice::new(SEED, number);
    let good = &texts[dice.below(texts.len())];
    match dice.below(2) {
        0 => String::from_utf8_lossy(&mutated(good.as_bytes(), &mut dice).0).into_owned(),
        _ => reworded(good, pool, &mut dice),
    }
}

#[test]
fn sql_is_answered_or_refused() {
    let count = mutations();
    let folder = scratch();
    write_tipsy_of([30, 60, 150], folder.path(), "m", ByteOrder::Big);
    let (source, dataset) = (folder.path().join("m.00001"), folder.path().join("m.spolia"));
    let open = OpenOptions { keep_doubtful: true, ..OpenOptions::default() };
    ingest(&[source], &dataset, &IngestOptions { open, ..IngestOptions::default() }, &Silent).unwrap();
    let owner = Session::new(SessionOptions::default()).unwrap();
    owner.attach(&dataset).unwrap();
    owner.query("CREATE FRAME disc AS SELECT center(x, y, z, mass) FROM stars").unwrap();
    let session = || {
        let limits = Limits { read_only: true, execution: Some(Duration::from_secs(1)), rows: Some(10_000), ..Limits::local() };
        let options = SessionOptions { threads: 1, memory_bytes: Some(256 << 20), limits, ..SessionOptions::default() };
        let session = Session::new(options).unwrap();
        session.attach(&dataset).unwrap();
        session
    };
    let seeds: Vec<String> = texts("queries", "sql").into_iter().chain(STATEMENTS.map(str::to_string)).collect();
    let pool: Vec<&str> = seeds.iter().flat_map(|text| words(text)).collect();
    let started = Instant::now();
    let (mut answered, mut refused, mut slowest, mut faults) = (0u64, BTreeMap::<String, u64>::new(), Duration::ZERO, Vec::new());
    let mut asked = session();
    // The texts themselves are answered, but for those that would write, each on its own: a setting must not hold for the next.
    let bad: Vec<String> = seeds.iter().filter_map(|text| Some(format!("{}\n{text}", session().query(text).err()?))).collect();
    assert!(bad.len() == 2 && bad.iter().all(|error| error.contains("only reads")), "{}", bad.join("\n"));
    for number in 0..count {
        let text = mutation(&seeds, &pool, number);
        let began = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| asked.query(&text)));
        let took = began.elapsed();
        slowest = slowest.max(took);
        let fault = match result {
            Err(_) => {
                asked = session();
                Some("it panicked".to_string())
            }
            Ok(_) if took > PATIENCE => Some(format!("it took {took:?}")),
            Ok(Ok(_)) => {
                answered += 1;
                None
            }
            Ok(Err(error)) if error.kind() == ErrorKind::Internal => Some(error.to_string()),
            Ok(Err(error)) => {
                *refused.entry(format!("{:?}", error.kind())).or_default() += 1;
                None
            }
        };
        faults.extend(fault.map(|how| format!("mutation {number}: {how}\n  {text:?}")));
    }
    println!(
        "sql: {count} mutations: {answered} answered, refused {refused:?}; slowest {:.2} s; {:.1} s",
        slowest.as_secs_f64(),
        started.elapsed().as_secs_f64()
    );
    let first: Vec<&str> = faults.iter().take(LISTED).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), first.join("\n"));
    assert!(answered > count / 50 && refused.values().sum::<u64>() > count / 10);
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!files.iter().any(|name| name.to_string_lossy().contains("parquet")), "{files:?}");
}

#[test]
fn pipelines_are_planned_or_refused() {
    let seeds: Vec<String> = texts("pipelines", "toml").into_iter().chain([crate::pipeline::STEPS.to_string()]).collect();
    let pool: Vec<&str> = seeds.iter().flat_map(|text| words(text)).collect();
    pipelines("pipelines", |number| mutation(&seeds, &pool, number).into());
}

/// Plans the pipelines that `text` gives: each is taken, or refused with the name of its file.
pub fn pipelines(what: &str, text: impl Fn(u64) -> Vec<u8> + Sync) {
    let count = mutations();
    let folder = scratch();
    let path = folder.path().join("p.toml");
    let started = Instant::now();
    let (refused, read, faults) = on_one_thread(|| {
        let (mut refused, mut read, mut faults) = (0u64, 0u64, Vec::new());
        for number in 0..count {
            let bad = text(number);
            std::fs::write(&path, &bad).unwrap();
            match judge(bad.len() as u64, || spolia::pipeline::load(&path)).0 {
                Outcome::Read => read += 1,
                Outcome::Refused(error) if error.to_string().contains("p.toml") => refused += 1,
                Outcome::Refused(error) => faults.push(format!("mutation {number} is not placed: {error}")),
                Outcome::Broke(how) => faults.push(format!("mutation {number}: {how}\n  {:?}", String::from_utf8_lossy(&bad))),
            }
        }
        (refused, read, faults)
    });
    println!("{what}: {count} mutations: {refused} refused, {read} read; {:.1} s", started.elapsed().as_secs_f64());
    let first: Vec<&str> = faults.iter().take(LISTED).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), first.join("\n"));
    assert!(refused > count / 10 && read > count / 50);
}
