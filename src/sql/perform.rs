//! Carries out the statements of one text, one after the other, and builds the answer of the last.
//!
//! Edge cases a statement that gives no rows answers with a note; memory that runs out leads to one lean second try
//! See also   `engine` plans and runs, `statement` says what is asked

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::array::{RecordBatch, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::{MemTable, ViewTable};

use super::copy::{CopyFile, Format};
use super::create_frame::{self, CreateFrame};
use super::engine::{Engine, Planned, Step};
use super::particles;
use super::resolve::{PUBLIC, Resolver};
use super::session::Answer;
use super::settings;
use super::sources::{Content, Source};
use super::statement::Action;
use super::text::SqlText;
use crate::error::{Error, Result};
use crate::frames::Frame;
use crate::ingest::export::Written;
use crate::table::export::OutputFormat;
use crate::table::{Dataset, FrameEntry, Transaction};

/// Runs every statement of `sql` and writes the rows of the last as a snapshot.
pub fn written(engine: &Arc<Engine>, sql: &str, format: OutputFormat, path: &Path) -> Result<Written> {
    engine.canceller.reset();
    let text = engine.options.limits.admit(sql)?;
    let statements = text.statements();
    let Some((last, before)) = statements.split_last() else {
        return Err(Error::usage("there is no SQL statement").hint("write SELECT * FROM stars"));
    };
    let mut notes = Vec::new();
    for statement in before {
        notes.extend(one(engine, statement, None)?.notes);
    }
    let mut written = particles::write_query(engine, last, format, path)?;
    notes.append(&mut written.notes);
    notes.extend(engine.tally.take());
    written.notes = notes;
    Ok(written)
}

/// Takes batches as they come.
type Receive<'a> = &'a mut dyn FnMut(&RecordBatch) -> Result<()>;

/// Said when a query ran a second time.
const LEAN_NOTE: &str = "memory ran out: the query ran again with one thread and smaller batches";

/// Runs every statement of `sql`; `receive` gets the batches of the last one instead of the answer.
pub fn all(engine: &Arc<Engine>, sql: &str, mut receive: Option<Receive>) -> Result<Answer> {
    let started = Instant::now();
    engine.canceller.reset();
    let text = engine.options.limits.admit(sql)?;
    let statements = text.statements();
    let Some((last, before)) = statements.split_last() else {
        return Err(Error::usage("there is no SQL statement").hint("write SELECT count(*) FROM stars"));
    };
    let mut notes = Vec::new();
    for statement in before {
        notes.extend(one(engine, statement, None)?.notes);
    }
    // A closure re-borrows the receiver for the statement that needs it.
    let mut answer = match receive.as_mut() {
        Some(receive) => one(engine, last, Some(&mut **receive))?,
        None => one(engine, last, None)?,
    };
    notes.append(&mut answer.notes);
    notes.extend(engine.tally.take());
    answer.notes = notes;
    answer.elapsed = started.elapsed();
    Ok(answer)
}

fn one(engine: &Arc<Engine>, text: &SqlText, receive: Option<Receive>) -> Result<Answer> {
    if let Some(frame) = CreateFrame::parse(text)? {
        return create_frame(engine, &frame);
    }
    match engine.plan(text, false)? {
        Step::Rows(planned) => rows(engine, text, *planned, receive),
        Step::Ready(batch) => {
            let mut answer = empty(batch.schema());
            match receive {
                Some(receive) => receive(&batch)?,
                None => answer.batches.push(batch),
            }
            Ok(answer)
        }
        Step::Other(action, planned) => other(engine, text, *action, planned.map(|p| *p)),
    }
}

fn empty(schema: SchemaRef) -> Answer {
    Answer { schema, batches: Vec::new(), elapsed: Default::default(), notes: Vec::new() }
}

fn note(text: String) -> Answer {
    Answer { notes: vec![text], ..empty(Arc::new(Schema::empty())) }
}

/// Runs a query, with a lean second try as long as nothing has been handed over.
fn rows(engine: &Arc<Engine>, text: &SqlText, planned: Planned, receive: Option<Receive>) -> Result<Answer> {
    let mut answer = empty(planned.schema.clone());
    answer.notes.clone_from(&planned.notes);
    let keeps = receive.is_none();
    let mut handed = 0;
    let mut kept = Vec::new();
    let mut receive = receive;
    let mut take = |batch: RecordBatch| match receive.as_mut() {
        Some(receive) => {
            handed += 1;
            receive(&batch)
        }
        None => {
            kept.push(batch);
            Ok(())
        }
    };
    let first = engine.run(&planned, text, keeps, &mut take);
    let failure = match first {
        Ok(()) => {
            answer.batches = kept;
            return Ok(answer);
        }
        Err(failure) => failure,
    };
    if !Engine::may_retry(&failure) || handed > 0 {
        return Err(failure);
    }
    kept.clear();
    engine.tally.take();
    let Step::Rows(lean) = engine.plan(text, true)? else { return Err(failure) };
    drop(planned);
    let mut take = |batch: RecordBatch| match receive.as_mut() {
        Some(receive) => receive(&batch),
        None => {
            kept.push(batch);
            Ok(())
        }
    };
    engine.run(&lean, text, keeps, &mut take)?;
    answer.batches = kept;
    answer.notes.push(LEAN_NOTE.to_string());
    Ok(answer)
}

fn other(engine: &Arc<Engine>, text: &SqlText, action: Action, planned: Option<Planned>) -> Result<Answer> {
    match (action, planned) {
        (Action::Set(name, value), _) => {
            let value = settings::accepted(&name, &value)?;
            engine.set(&name, &value)?;
            Ok(note(format!("{name} = {value}")))
        }
        (Action::Copy(_, path, Format::Snapshot(format)), Some(planned)) => {
            let written = particles::write_planned(engine, text, &planned, format, &path)?;
            particles::answer(&written, &path)
        }
        (Action::Copy(_, path, format), Some(planned)) => {
            let mut file = CopyFile::create(&path, format, &planned.schema)?;
            engine.run(&planned, text, false, &mut |batch| file.write(&batch))?;
            let rows = file.finish()?;
            let schema = Arc::new(Schema::new(vec![Field::new("rows", DataType::UInt64, false)]));
            let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(UInt64Array::from(vec![rows]))]);
            let batch = batch.map_err(|e| Error::internal("cannot count rows").because(e))?;
            Ok(Answer { batches: vec![batch], notes: vec![format!("wrote {rows} rows to `{}`", path.display())], ..empty(schema) })
        }
        (Action::Table { name, replace, if_not_exists, .. }, Some(planned)) => {
            if engine.sources.table(&name).is_some() && !replace {
                return if if_not_exists { Ok(note(format!("table {name} is there already"))) } else { Err(taken(&name)) };
            }
            let schema = planned.schema.clone();
            let answer = rows(engine, text, planned, None)?;
            let count = answer.rows();
            let table = MemTable::try_new(schema, vec![answer.batches]).map_err(|e| Error::internal("cannot keep the rows").because(e))?;
            engine.sources.put_table(&name, Arc::new(table));
            Ok(Answer {
                notes: [answer.notes, vec![format!("table {name}: {count} rows, kept until the session ends")]].concat(),
                ..note(String::new())
            })
        }
        (Action::View { name, plan, replace, definition }, _) => {
            if engine.sources.table(&name).is_some() && !replace {
                return Err(taken(&name));
            }
            engine.sources.put_table(&name, Arc::new(ViewTable::new(plan, definition)));
            Ok(note(format!("view {name}, kept until the session ends")))
        }
        (Action::External { name, path }, _) => {
            let resolver = engine.resolver(Default::default());
            let Some(table) = resolver.table(PUBLIC, &path.to_string_lossy())? else {
                return Err(Error::not_found("no such file").at(format!("`{}`", path.display())));
            };
            engine.sources.put_table(&name, table);
            Ok(note(format!("table {name} reads `{}`", path.display())))
        }
        (Action::Drop { name, if_exists }, _) => match engine.sources.drop_table(&name) {
            true => Ok(note(format!("dropped {name}"))),
            false if if_exists => Ok(note(format!("there is no {name}"))),
            false => {
                Err(Error::not_found(format!("no table or view {name} was made in this session")).hint("the tables of a dataset stay"))
            }
        },
        (action, _) => Err(Error::internal(format!("a statement was not planned: {}", kind(&action)))),
    }
}

fn kind(action: &Action) -> &'static str {
    match action {
        Action::Rows(_) => "rows",
        Action::Describe(_) => "describe",
        Action::Set(..) => "set",
        Action::Copy(..) => "copy",
        Action::Table { .. } => "table",
        Action::View { .. } => "view",
        Action::External { .. } => "external table",
        Action::Drop { .. } => "drop",
    }
}

fn taken(name: &str) -> Error {
    Error::usage(format!("the name {name} is taken")).hint("write CREATE OR REPLACE, or DROP it first")
}

fn create_frame(engine: &Arc<Engine>, statement: &CreateFrame) -> Result<Answer> {
    if engine.options.limits.read_only {
        return Err(Error::usage("this session only reads: CREATE FRAME stores a frame"));
    }
    let asked = statement.snap()?;
    let resolver = engine.resolver(Default::default());
    let source = source_of(&resolver, statement)?;
    // A frame is made from stored coordinates, whatever frame the session reads in.
    let frame_setting = engine.settings().frame;
    engine.set("spolia.frame", super::table_name::STORED_FRAME)?;
    let answer = match engine.plan(&statement.query, false) {
        Ok(Step::Rows(planned)) => rows(engine, &statement.query, *planned, None),
        Ok(_) => Err(Error::usage("CREATE FRAME needs a query").hint("SELECT face_on(x, y, z, vx, vy, vz, mass) FROM stars")),
        Err(e) => Err(e),
    };
    engine.set("spolia.frame", &frame_setting)?;
    let frame = create_frame::frame_of(&answer?.batches)?;
    let snap = store(engine, &source, statement, frame, asked)?;
    Ok(note(format!("frame {} for snapshot {snap}: read it as {}@{}", statement.name, statement.table.table, statement.name)))
}

/// The dataset or snapshot whose table the statement names.
fn source_of(resolver: &Resolver, statement: &CreateFrame) -> Result<Source> {
    let missing = || Error::not_found(format!("unknown table {}", statement.table.table));
    if let Some(name) = &statement.source {
        return resolver.source(name)?.ok_or_else(missing);
    }
    let attached = resolver.sources.attached();
    let found = attached.into_iter().find(|s| super::catalog::tables_of(&s.content, &s.name).contains(&statement.table.table));
    found.ok_or_else(missing)
}

/// Stores the frame in the dataset as a new version, or with the opened snapshot; returns the snapshot's number.
fn store(engine: &Arc<Engine>, source: &Source, statement: &CreateFrame, frame: Frame, asked: Option<u32>) -> Result<u32> {
    match &source.content {
        Content::Snapshot(snapshot, frames) => {
            let mut frames = frames.clone();
            frames.insert(statement.name.clone(), frame);
            engine.sources.replace(source, Content::Snapshot(snapshot.clone(), frames));
            Ok(snapshot.info().snap)
        }
        Content::Dataset(dataset) => {
            let files = dataset.files(&statement.table.table);
            let last = files.iter().map(|f| f.snap).max().unwrap_or(0);
            let snap = asked.unwrap_or(last);
            if source.path.file_name() != dataset.root().file_name() {
                return Err(Error::usage("an old version of a dataset is not changed")
                    .at(format!("`{}`", source.path.display()))
                    .hint(format!("attach `{}`", dataset.root().display())));
            }
            let mut transaction = Transaction::begin(dataset.root())?;
            let created = crate::table::write::utc_now();
            let method = statement.query.text().split_whitespace().collect::<Vec<_>>().join(" ");
            transaction.manifest_mut().frames.insert(statement.name.clone(), FrameEntry { frame, snap, method, created });
            transaction.commit(&format!("frame {}", statement.name))?;
            engine.sources.replace(source, Content::Dataset(Dataset::open(dataset.root())?));
            Ok(snap)
        }
        Content::Parquet(_) => Err(Error::usage("a Parquet file of another program cannot keep a frame").hint("ingest it first")),
    }
}
