//! stub, being written
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::ingest::{Family, OpenOptions};
use crate::progress::Progress;

/// What to ingest and how.
#[derive(Clone, Debug, Default)]
pub struct IngestOptions {
    /// Families to take; all if none.
    pub families: Option<Vec<Family>>,
    /// Columns to take besides `id`, `x`, `y`, `z`; all if none.
    pub columns: Option<Vec<String>>,
    /// Threads; 0 is as many as the machine has.
    pub threads: usize,
    /// Memory to stay below, bytes; half of what is free if none.
    pub memory_bytes: Option<u64>,
    /// Report only.
    pub dry_run: bool,
    /// Units of sources that do not name theirs.
    pub open: OpenOptions,
}

/// What was, or would be, ingested.
#[derive(Clone, Debug, Default)]
pub struct IngestReport {
    /// Newest version of the dataset afterwards; 0 after a dry run into a new dataset.
    pub version: u64,
    /// One entry per snapshot.
    pub snapshots: Vec<SnapshotReport>,
    /// Wall time, seconds.
    pub seconds: f64,
    /// Notes of the readers and of the ingest.
    pub notes: Vec<String>,
}

/// One snapshot of the report.
#[derive(Clone, Debug)]
pub struct SnapshotReport {
    /// Number.
    pub snap: u32,
    /// Source as given.
    pub source: PathBuf,
    /// Format and variant.
    pub format: String,
    /// Whether it was there already, so that nothing was done.
    pub unchanged: bool,
    /// Bytes of the source files.
    pub source_bytes: u64,
    /// Tables.
    pub tables: Vec<TableReport>,
}

/// One table of the report.
#[derive(Clone, Debug)]
pub struct TableReport {
    /// Name.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// Columns: name, unit, type.
    pub columns: Vec<(String, String, String)>,
    /// Bytes in memory.
    pub memory_bytes: u64,
    /// Bytes of the file; 0 in a dry run.
    pub file_bytes: u64,
    /// Finished by an earlier run that was stopped.
    pub reused: bool,
}

/// Ingests `sources`, each as one more version of the dataset `out`.
pub fn ingest(sources: &[PathBuf], out: &Path, options: &IngestOptions, progress: &dyn Progress) -> Result<IngestReport> {
    let _ = (sources, out, options, progress);
    Err(Error::internal("not laid yet"))
}
