//! A session as the common options ask for, with the named datasets and snapshots attached.

use std::path::PathBuf;
use std::sync::Arc;

use super::options::GlobalOptions;
use super::progress;
use crate::error::{Error, Result, neighbour};
use crate::ingest::OpenOptions;
use crate::sql::{Session, SessionOptions};

/// Opens a session over `paths`, snapshots among them as `open` says; Ctrl-C stops its running query.
pub fn open(global: &GlobalOptions, paths: &[PathBuf], trust: bool, check_units: bool, open: OpenOptions) -> Result<Session> {
    let session = Session::new(SessionOptions {
        threads: global.threads,
        memory_bytes: Some(global.memory_bytes()?),
        trust,
        check_units,
        seed: global.seed,
        open,
        ..SessionOptions::default()
    })?;
    for path in paths {
        session.attach(path).map_err(|e| with_neighbour(e, path))?;
    }
    progress::on_interrupt(session.canceller());
    session.watch(Arc::new(progress::Terminal::new(global)));
    Ok(session)
}

/// Adds the nearest name in the same folder to the message about a path that does not exist.
fn with_neighbour(error: Error, path: &std::path::Path) -> Error {
    if path.exists() || error.hint_text().is_some() {
        return error;
    }
    match neighbour(path) {
        Some(hint) => error.hint(hint),
        None => error.hint("`spolia demo` makes a dataset to try; `spolia ingest SNAPSHOT -o DATASET` makes one of your own"),
    }
}
