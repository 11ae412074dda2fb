//! Tipsy snapshots of Gasoline, ChaNGa and PKDGRAV runs, with parameter file, auxiliary arrays and star formation log.
//!
//! Layout     `header` (counts and precision), `write` (the same bytes, written)
//! See also   `ingest::fields` for the names of arrays

use std::path::Path;
use std::sync::Arc;

use super::{Format, OpenOptions, Snapshot};
use crate::error::{Error, Result};

pub mod header;
pub mod starlog;
pub mod write;

pub use header::ByteOrder;

/// The format.
pub struct Tipsy;

impl Format for Tipsy {
    fn name(&self) -> &'static str {
        "tipsy"
    }

    fn description(&self) -> &'static str {
        "Tipsy of Gasoline, ChaNGa, PKDGRAV: both byte orders, auxiliary arrays, .param, .starlog"
    }

    fn recognises(&self, _path: &Path, head: &[u8], _length: u64) -> bool {
        header::looks_like_tipsy(head)
    }

    fn open(&self, _path: &Path, _options: &OpenOptions) -> Result<Arc<dyn Snapshot>> {
        Err(Error::internal("not laid yet"))
    }
}
