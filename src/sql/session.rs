//! A session: datasets and snapshots under one SQL context, and the answers to queries.
//!
//! Units      every answer column carries its unit in the field metadata (`table::schema::UNIT`)
//! Edge cases a query that runs out of memory is retried once with one partition and smaller batches, and says so in `notes`
//! See also   `catalog` for names, `limits`, `units`, `caret` for errors

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::engine::{self, Engine};
use super::fit::{self, FitRequest, Fitted};
use super::functions::{self, FunctionDoc};
use super::limits::Limits;
use super::particles::{self, FamiliesRequest};
use super::sources::Content;
use super::watch::Watcher;
use super::{perform, tables};
use crate::error::Result;
use crate::ingest::export::Written;
use crate::ingest::{OpenOptions, Snapshot};
use crate::progress::Progress;
use crate::table::export::OutputFormat;

/// How a session runs.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Worker threads and partitions of a scan; 0 is one per core.
    pub threads: usize,
    /// Memory that the whole program may use [bytes]; none is unlimited.
    pub memory_bytes: Option<u64>,
    /// Skip the checksums of dataset files.
    pub trust: bool,
    /// Refuse expressions that mix units.
    pub check_units: bool,
    /// Bounds on one query.
    pub limits: Limits,
    /// Seed of the random functions.
    pub seed: u64,
    /// Folder for spilled data; none is the system's temporary folder.
    pub spill_dir: Option<PathBuf>,
    /// How snapshots are opened: halo catalogues beside them, units that they do not name.
    pub open: OpenOptions,
}

impl Default for SessionOptions {
    fn default() -> Self {
        SessionOptions {
            threads: 0,
            memory_bytes: None,
            trust: false,
            check_units: true,
            limits: Limits::default(),
            seed: 0,
            spill_dir: None,
            open: OpenOptions::default(),
        }
    }
}

/// What a query returned.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Columns, with units in the field metadata.
    pub schema: SchemaRef,
    /// Rows.
    pub batches: Vec<RecordBatch>,
    /// Wall time.
    pub elapsed: Duration,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Answer {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

/// One table that a query can name.
#[derive(Clone, Debug)]
pub struct TableSummary {
    /// Name as it is written after FROM.
    pub name: String,
    /// Columns with units and descriptions, derived columns last.
    pub schema: SchemaRef,
    /// Rows, when known without reading.
    pub rows: Option<u64>,
    /// One line.
    pub description: String,
}

/// Stops the running query of a session from another thread.
#[derive(Clone, Debug, Default)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// Asks the running query to stop; it ends with an `Interrupted` error.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Forgets an earlier request.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// An SQL context over datasets and snapshots. Safe to share between threads.
pub struct Session {
    engine: Arc<Engine>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("options", &self.engine.options).finish_non_exhaustive()
    }
}

impl Session {
    /// A session without tables.
    pub fn new(options: SessionOptions) -> Result<Session> {
        Ok(Session { engine: Arc::new(Engine::new(options)?) })
    }

    /// Attaches a dataset, a snapshot or a Parquet file; returns the name that its tables go by.
    pub fn attach(&self, path: &Path) -> Result<String> {
        engine::attach(&self.engine, path)
    }

    /// Attaches a snapshot that is open already, under the last part of `path`; returns its name.
    pub fn attach_snapshot(&self, path: &Path, snapshot: Arc<dyn Snapshot>) -> String {
        self.engine.sources.attach_content(path, &self.engine.options.open, Content::Snapshot(snapshot, Default::default()))
    }

    /// Runs one or several statements; the answer is that of the last.
    pub fn query(&self, sql: &str) -> Result<Answer> {
        perform::all(&self.engine, sql, None)
    }

    /// Runs one or several statements and hands over each batch of the last as it comes; the returned answer holds none.
    pub fn stream(&self, sql: &str, receive: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<Answer> {
        perform::all(&self.engine, sql, Some(receive))
    }

    /// Runs one or several statements and writes the rows of the last, particles of one snapshot, as a file of a simulation.
    pub fn write_snapshot(&self, sql: &str, format: OutputFormat, path: &Path) -> Result<Written> {
        perform::written(&self.engine, sql, format, path)
    }

    /// Writes families of one attached dataset or snapshot as a file of a simulation.
    pub fn write_families(&self, request: &FamiliesRequest) -> Result<Written> {
        self.engine.canceller.reset();
        particles::write_families(&self.engine, request)
    }

    /// Fits a potential to the particles of the first attached dataset or snapshot.
    pub fn fit_potential(&self, request: &FitRequest, progress: &dyn Progress) -> Result<Fitted> {
        fit::fit(&self.engine, request, progress)
    }

    /// Every table that a query can name now, with columns and units.
    pub fn tables(&self) -> Vec<TableSummary> {
        tables::list(&self.engine)
    }

    /// Documentation of every function of Spolia.
    pub fn functions(&self) -> Vec<FunctionDoc> {
        functions::docs().to_vec()
    }

    /// Names of all functions, those of the SQL library included, for completion.
    pub fn function_names(&self) -> Vec<String> {
        self.engine.function_names()
    }

    /// Tells `watcher` about the progress of every query; the first one named stays.
    pub fn watch(&self, watcher: Watcher) {
        // A second watcher would get half of what began under the first.
        let _ = self.engine.watcher.set(watcher);
    }

    /// The handle that stops a running query.
    pub fn canceller(&self) -> Canceller {
        self.engine.canceller.clone()
    }
}
