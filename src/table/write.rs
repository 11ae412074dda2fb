//! stub, being written
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::error::{Error, Result};

use super::manifest::Manifest;

/// Work towards the next version of a dataset; dropped without commit, it leaves the dataset as it was.
#[derive(Debug)]
pub struct Transaction {
    manifest: Manifest,
}

impl Transaction {
    /// Takes the writer's lock of the dataset at `root`, which is created if absent.
    pub fn begin(root: &Path) -> Result<Transaction> {
        let _ = root;
        Err(Error::internal("not laid yet"))
    }

    /// A writer of one more file of `table` for snapshot `snap`; the files of this transaction replace those of older versions.
    pub fn writer(&mut self, table: &str, snap: u32, schema: SchemaRef) -> Result<TableWriter> {
        let _ = (table, snap, schema);
        Err(Error::internal("not laid yet"))
    }

    /// A writer of a table that belongs to the whole dataset; its schema may have a column `snap` of its own.
    pub fn writer_whole(&mut self, table: &str, schema: SchemaRef) -> Result<TableWriter> {
        let _ = (table, schema);
        Err(Error::internal("not laid yet"))
    }

    /// The manifest that will be committed.
    pub fn manifest_mut(&mut self) -> &mut Manifest {
        &mut self.manifest
    }

    /// Makes the new version and returns its number.
    pub fn commit(self, message: &str) -> Result<u64> {
        let _ = message;
        Err(Error::internal("not laid yet"))
    }
}

/// Writes the rows of one file.
#[derive(Debug)]
pub struct TableWriter {}

impl TableWriter {
    /// Appends rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let _ = batch;
        Err(Error::internal("not laid yet"))
    }

    /// Closes the file and adds it to the transaction.
    pub fn finish(self) -> Result<()> {
        Err(Error::internal("not laid yet"))
    }
}
