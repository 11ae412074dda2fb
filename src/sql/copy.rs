//! `COPY (SELECT ...) TO 'file'`: an answer as a Parquet, CSV, JSON lines, Arrow, FITS or snapshot file, whole or not at all.
//!
//! Layout     the format follows STORED AS, else the file's ending; field metadata (units, descriptions) is kept in Parquet and Arrow
//! Edge cases written under a temporary name, synced, then renamed: a kill at any moment leaves the old file or the new one;
//!            the next COPY to that name clears what a kill left; a device or pipe gets the bytes at the end
//! See also   `statement`, `engine`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::ipc::writer::FileWriter;
use datafusion::arrow::json::LineDelimitedWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::error::{Error, Result};
use crate::table::export::{ExportError, OutputFormat, Target};
use crate::table::fits::FitsWriter;

/// A file format for answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet, zstd.
    Parquet,
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a line.
    Json,
    /// Arrow IPC file.
    Arrow,
    /// FITS binary table.
    Fits,
    /// A file of a simulation, which `particles` writes.
    Snapshot(OutputFormat),
}

impl Format {
    /// The format named by STORED AS, or by the ending of `path`.
    pub fn choose(named: Option<&str>, path: &Path) -> Result<Format> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match named.map(str::to_lowercase).or(ending).as_deref() {
            Some("parquet") => Ok(Format::Parquet),
            Some("csv") => Ok(Format::Csv),
            Some("json" | "ndjson" | "jsonl") => Ok(Format::Json),
            Some("arrow" | "feather" | "ipc") => Ok(Format::Arrow),
            Some("fits" | "fit") => Ok(Format::Fits),
            Some("gadget" | "hdf5" | "h5") => Ok(Format::Snapshot(OutputFormat::GadgetHdf5)),
            Some("tipsy") => Ok(Format::Snapshot(OutputFormat::Tipsy)),
            // The number of a snapshot: `galaxy.00512`.
            Some(_) if OutputFormat::from_path(path).is_ok_and(OutputFormat::is_snapshot) => Ok(Format::Snapshot(OutputFormat::Tipsy)),
            other => Err(Error::usage("unknown file format")
                .expected("parquet, csv, json, arrow, fits, hdf5 or tipsy")
                .found(other.map_or_else(|| "no ending".to_string(), |o| format!("`{o}`")))
                .hint("name the file out.parquet, or write STORED AS PARQUET")),
        }
    }
}

enum Sink {
    Parquet(Box<ArrowWriter<BufWriter<File>>>),
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Json(LineDelimitedWriter<BufWriter<File>>),
    Arrow(Box<FileWriter<BufWriter<File>>>),
    Fits(Box<FitsWriter<BufWriter<File>>>),
}

/// Writes an answer; nothing appears under the final name before [`CopyFile::finish`].
pub struct CopyFile {
    sink: Option<Sink>,
    temporary: PathBuf,
    path: PathBuf,
    target: Target,
    rows: u64,
}

impl CopyFile {
    /// Starts the file `path`.
    pub fn create(path: &Path, format: Format, schema: &SchemaRef) -> Result<CopyFile> {
        let name = path.file_name().ok_or_else(|| Error::usage("COPY needs the name of a file").found(format!("`{}`", path.display())))?;
        let target = Target::of(path);
        let (temporary, file) = target.aside(name).map_err(|e| Error::io("create a file", path, &e))?;
        let file = BufWriter::new(file);
        let mut copy = CopyFile { sink: None, temporary, path: path.to_path_buf(), target, rows: 0 };
        copy.sink = Some(match format {
            Format::Parquet => {
                let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
                let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties));
                Sink::Parquet(Box::new(writer.map_err(|e| copy.failed(&e))?))
            }
            Format::Csv => Sink::Csv(Box::new(csv::WriterBuilder::new().with_header(true).build(file))),
            Format::Json => Sink::Json(LineDelimitedWriter::new(file)),
            Format::Arrow => Sink::Arrow(Box::new(FileWriter::try_new(file, schema).map_err(|e| copy.failed(&e))?)),
            Format::Fits => Sink::Fits(Box::new(FitsWriter::new(file, schema.clone())?)),
            Format::Snapshot(_) => return Err(Error::internal("a snapshot is not written row by row")),
        });
        Ok(copy)
    }

    /// Appends rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        let written = match &mut self.sink {
            Some(Sink::Parquet(w)) => w.write(batch).map_err(|e| e.to_string()),
            Some(Sink::Csv(w)) => w.write(batch).map_err(|e| e.to_string()),
            Some(Sink::Json(w)) => w.write(batch).map_err(|e| e.to_string()),
            Some(Sink::Arrow(w)) => w.write(batch).map_err(|e| e.to_string()),
            Some(Sink::Fits(w)) => match w.write(batch) {
                Err(ExportError::Spolia(e)) => return Err(e),
                Err(ExportError::Io(e)) => return Err(Error::io("write a file", &self.path, &e)),
                Ok(()) => Ok(()),
            },
            None => Err("the file is closed".to_string()),
        };
        written.map_err(|e| self.failed(&e))
    }

    /// Syncs the file and gives it its name; returns the rows written.
    pub fn finish(mut self) -> Result<u64> {
        let file = match self.sink.take() {
            Some(Sink::Parquet(w)) => w.into_inner().map_err(|e| self.failed(&e))?,
            Some(Sink::Csv(w)) => w.into_inner(),
            Some(Sink::Json(mut w)) => {
                w.finish().map_err(|e| self.failed(&e))?;
                w.into_inner()
            }
            Some(Sink::Arrow(w)) => w.into_inner().map_err(|e| self.failed(&e))?,
            Some(Sink::Fits(w)) => w.finish().map_err(|e| match e {
                ExportError::Spolia(e) => e,
                ExportError::Io(e) => Error::io("write a file", &self.path, &e),
            })?,
            None => return Err(Error::internal("an answer was written twice")),
        };
        let mut file = file.into_inner().map_err(|e| self.failed(&e.into_error()))?;
        file.flush().map_err(|e| Error::io("write a file", &self.path, &e))?;
        file.sync_all().map_err(|e| Error::io("sync a file", &self.path, &e))?;
        let target = match &self.target {
            Target::File(target) => target,
            Target::Stream(stream) => {
                let copied = File::open(&self.temporary)
                    .and_then(|mut from| std::io::copy(&mut from, &mut std::fs::OpenOptions::new().write(true).open(stream)?));
                return copied.map(|_| self.rows).map_err(|e| Error::io("write", &self.path, &e));
            }
        };
        std::fs::rename(&self.temporary, target).map_err(|e| Error::io("rename a file", &self.path, &e))?;
        if let Some(folder) = target.parent().filter(|f| !f.as_os_str().is_empty()).and_then(|f| File::open(f).ok()) {
            folder.sync_all().map_err(|e| Error::io("sync a folder", &self.path, &e))?;
        }
        Ok(self.rows)
    }

    fn failed(&self, cause: &dyn std::fmt::Display) -> Error {
        Error::new(crate::ErrorKind::Io, "cannot write the answer").at(format!("`{}`", self.path.display())).because(cause)
    }
}

impl Drop for CopyFile {
    fn drop(&mut self) {
        // After a finished write the name is gone already; else the half-written file goes.
        let _ = std::fs::remove_file(&self.temporary);
    }
}
