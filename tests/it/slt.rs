//! SQL behaviour as text: every `tests/sql/*.slt` file, run over a plain context with our functions, and over a session.
//!
//! Layout     `statement ok`, `statement error <regex>`, `query <types>` and its rows, as in SQLite's sqllogictest
//! Edge cases a record after `onlyif session` (or `plain`) holds for one of them; regexes of errors hold for both; floats are printed with the fewest digits that name them; NULL is NULL; an empty text is (empty)
//! See also   `sql::functions`

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::{SessionConfig, SessionContext};
use spolia::sql::{Session, SessionOptions};
use sqllogictest::{DBOutput, DefaultColumnType};

/// What a file runs on.
trait Engine: Send {
    fn query(&mut self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>), String>;
}

/// DataFusion with our functions, without datasets.
struct Plain {
    context: SessionContext,
    runtime: tokio::runtime::Runtime,
}

impl Plain {
    fn new(partitions: usize) -> Self {
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(partitions).with_batch_size(3));
        spolia::sql::functions::register(&context, true).unwrap();
        Plain { context, runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap() }
    }
}

impl Engine for Plain {
    fn query(&mut self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>), String> {
        self.runtime.block_on(async {
            let frame = self.context.sql(sql).await.map_err(|e| e.to_string())?;
            let schema = Arc::new(frame.schema().as_arrow().clone());
            Ok((schema, frame.collect().await.map_err(|e| e.to_string())?))
        })
    }
}

/// A whole session: planning, checks, order of rows and messages as a user meets them.
struct Whole(Session);

impl Whole {
    fn new(threads: usize) -> Self {
        Whole(Session::new(SessionOptions { threads, ..Default::default() }).unwrap())
    }
}

impl Engine for Whole {
    fn query(&mut self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>), String> {
        // The runner waits on an executor of its own, which a session must not enter.
        let answer = std::thread::scope(|scope| scope.spawn(|| self.0.query(sql)).join().unwrap());
        answer.map(|answer| (answer.schema, answer.batches)).map_err(|e| e.to_string())
    }
}

#[derive(Debug)]
struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Failure {}

struct Database<E>(E);

fn column_type(data_type: &DataType) -> DefaultColumnType {
    match data_type {
        t if t.is_integer() => DefaultColumnType::Integer,
        t if t.is_floating() => DefaultColumnType::FloatingPoint,
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Boolean => DefaultColumnType::Text,
        _ => DefaultColumnType::Any,
    }
}

fn cell(formatter: &ArrayFormatter, row: usize) -> String {
    let text = formatter.value(row).to_string();
    if text.is_empty() { "(empty)".into() } else { text }
}

impl<E: Engine> sqllogictest::DB for Database<E> {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let (schema, batches) = self.0.query(sql).map_err(Failure)?;
        if schema.fields().is_empty() {
            return Ok(DBOutput::StatementComplete(0));
        }
        let options = FormatOptions::default().with_null("NULL");
        let mut rows = Vec::new();
        for batch in &batches {
            let columns: Vec<_> = batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap()).collect();
            rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|c| cell(c, row)).collect()));
        }
        let types = schema.fields().iter().map(|f| column_type(f.data_type())).collect();
        Ok(DBOutput::Rows { types, rows })
    }
}

fn files() -> Vec<PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "slt"));
    files.sort();
    files
}

fn run_all<E: Engine>(label: &'static str, make: impl Fn() -> E) {
    let files = files();
    assert!(files.len() >= 10, "the files are missing");
    let mut failures = Vec::new();
    for file in &files {
        let mut runner = sqllogictest::Runner::new(|| async { Ok(Database(make())) });
        runner.add_label(label);
        if let Err(error) = runner.run_file(file) {
            failures.push(format!("{}: {error}", file.display()));
        }
    }
    println!("{} files over a {label}", files.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn text_files_with_one_partition() {
    run_all("plain", || Plain::new(1));
}

#[test]
fn text_files_with_four_partitions() {
    run_all("plain", || Plain::new(4));
}

#[test]
fn text_files_over_a_session() {
    run_all("session", || Whole::new(1));
    run_all("session", || Whole::new(4));
}

#[test]
fn examples_of_the_reference_give_the_stated_answers() {
    let mut engine = Plain::new(2);
    let mut wrong = Vec::new();
    for doc in spolia::sql::functions::docs() {
        let answer = engine.query(doc.example).map(|(_, batches)| {
            let batch = batches.iter().find(|b| b.num_rows() > 0).expect("a row");
            cell(&ArrayFormatter::try_new(batch.column(0).as_ref(), &FormatOptions::default().with_null("NULL")).unwrap(), 0)
        });
        match (answer, doc.example_answer) {
            (Ok(found), Some(stated)) if found != stated => wrong.push(format!("{}: stated {stated}, found {found}", doc.name)),
            (Err(error), _) => wrong.push(format!("{}: {error}", doc.name)),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
