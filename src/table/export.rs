//! Results as bytes: text table, CSV, JSON, JSON lines, Arrow IPC, Parquet, FITS; and the names of all output formats.
//!
//! Layout     units travel in the Arrow field metadata of `arrow` and `parquet` and in TUNIT of `fits`; csv and json hold names and values only
//! Accuracy   every float is written so that it reads back to the same bits
//! Refuses    nested columns in csv and fits, with the column named
//! See also   `table::text` for the terminal form, `ingest::export` for files of simulations

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::aside;
use super::durable::{sync_folder_of, write_error};
use super::fits::FitsWriter;
use super::text;
use crate::error::{Error, Result};

/// Least digits of an ending that is the number of a Tipsy snapshot.
const SNAPSHOT_DIGITS: usize = 3;

/// Output format of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// Aligned text with a unit line.
    Table,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Arrow IPC file.
    Arrow,
    /// Parquet, zstd.
    Parquet,
    /// FITS binary table.
    Fits,
    /// One HDF5 snapshot of GADGET's kind; particles only, written by `ingest::export`.
    GadgetHdf5,
    /// A Tipsy snapshot with its arrays; particles only, written by `ingest::export`.
    Tipsy,
}

impl OutputFormat {
    /// Every format with its name.
    pub const ALL: [(OutputFormat, &'static str); 9] = [
        (OutputFormat::Table, "table"),
        (OutputFormat::Csv, "csv"),
        (OutputFormat::Json, "json"),
        (OutputFormat::Jsonl, "jsonl"),
        (OutputFormat::Arrow, "arrow"),
        (OutputFormat::Parquet, "parquet"),
        (OutputFormat::Fits, "fits"),
        (OutputFormat::GadgetHdf5, "gadget-hdf5"),
        (OutputFormat::Tipsy, "tipsy"),
    ];

    /// The format called `name`.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(f, _)| *f).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(_, n)| *n).collect();
            Error::usage(format!("unknown format `{name}`")).expected(names.join(", "))
        })
    }

    /// The format that the ending of `path` asks for.
    pub fn from_path(path: &Path) -> Result<Self> {
        match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Ok(OutputFormat::Csv),
            Some("json") => Ok(OutputFormat::Json),
            Some("jsonl" | "ndjson") => Ok(OutputFormat::Jsonl),
            Some("arrow" | "ipc" | "feather") => Ok(OutputFormat::Arrow),
            Some("parquet" | "pq") => Ok(OutputFormat::Parquet),
            Some("fits" | "fit") => Ok(OutputFormat::Fits),
            Some("txt") => Ok(OutputFormat::Table),
            Some("hdf5" | "h5") => Ok(OutputFormat::GadgetHdf5),
            // The number of a snapshot: `galaxy.00512`.
            Some(ending) if ending == "tipsy" || (ending.len() >= SNAPSHOT_DIGITS && ending.bytes().all(|b| b.is_ascii_digit())) => {
                Ok(OutputFormat::Tipsy)
            }
            _ => Err(Error::usage("cannot tell the format from the file name")
                .at(format!("`{}`", path.display()))
                .expected("a name ending in .csv, .json, .jsonl, .arrow, .parquet, .fits, .txt, .hdf5 or .tipsy")
                .hint("or name it with --format")),
        }
    }

    /// Whether the bytes are for programs only.
    pub fn is_binary(self) -> bool {
        matches!(self, OutputFormat::Arrow | OutputFormat::Parquet | OutputFormat::Fits) || self.is_snapshot()
    }

    /// Whether it holds the particles of one moment of a run rather than any table.
    pub fn is_snapshot(self) -> bool {
        matches!(self, OutputFormat::GadgetHdf5 | OutputFormat::Tipsy)
    }
}

/// Writes a whole result. I/O failures come back as `std::io::Error` inside the message; see [`write_file`] for atomic files.
pub fn write(schema: &SchemaRef, batches: &[RecordBatch], format: OutputFormat, out: &mut dyn Write) -> Result<(), ExportError> {
    let mut out = Remembering { out, failure: None };
    let written = encode(schema, batches, format, &mut out);
    // The CSV writer keeps the text of a failed write only; its kind decides about exit codes.
    match (written, out.failure) {
        (Err(ExportError::Spolia(_)), Some(failure)) => Err(ExportError::Io(failure)),
        (written, _) => written,
    }
}

/// A writer that keeps the first failure of the one below it.
struct Remembering<'a> {
    out: &'a mut dyn Write,
    failure: Option<std::io::Error>,
}

impl Remembering<'_> {
    fn kept<T>(&mut self, done: std::io::Result<T>) -> std::io::Result<T> {
        done.inspect_err(|e| {
            let copy = e.raw_os_error().map_or_else(|| e.kind().into(), std::io::Error::from_raw_os_error);
            self.failure.get_or_insert(copy);
        })
    }
}

impl Write for Remembering<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let done = self.out.write(bytes);
        self.kept(done)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let done = self.out.flush();
        self.kept(done)
    }
}

fn encode(schema: &SchemaRef, batches: &[RecordBatch], format: OutputFormat, out: &mut dyn Write) -> Result<(), ExportError> {
    match format {
        OutputFormat::Table => out.write_all(text::render(schema, batches, text::ROWS_SHOWN)?.as_bytes())?,
        OutputFormat::Csv => {
            if let Some(field) = schema.fields().iter().find(|f| f.data_type().is_nested()) {
                return Err(Error::unsupported("csv holds no nested values")
                    .at(format!("column `{}`", field.name()))
                    .hint("choose its parts (`column['part']`, unnest(column)) or write parquet")
                    .into());
            }
            let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(&mut *out);
            let empty = RecordBatch::new_empty(schema.clone());
            for batch in if batches.is_empty() { std::slice::from_ref(&empty) } else { batches } {
                writer.write(batch)?;
            }
        }
        OutputFormat::Json => {
            let mut writer =
                arrow::json::WriterBuilder::new().with_explicit_nulls(true).build::<_, arrow::json::writer::JsonArray>(&mut *out);
            for batch in batches {
                writer.write(batch)?;
            }
            writer.finish()?;
            out.write_all(b"\n")?;
        }
        OutputFormat::Jsonl => {
            let mut writer =
                arrow::json::WriterBuilder::new().with_explicit_nulls(true).build::<_, arrow::json::writer::LineDelimited>(&mut *out);
            for batch in batches {
                writer.write(batch)?;
            }
            writer.finish()?;
        }
        OutputFormat::Arrow => {
            let mut writer = arrow::ipc::writer::FileWriter::try_new(&mut *out, schema)?;
            for batch in batches {
                writer.write(batch)?;
            }
            writer.finish()?;
        }
        OutputFormat::Parquet => {
            let properties = parquet::file::properties::WriterProperties::builder()
                .set_compression(parquet::basic::Compression::ZSTD(parquet::basic::ZstdLevel::default()))
                .set_created_by(concat!("spolia ", env!("CARGO_PKG_VERSION")).to_string())
                .build();
            let mut bytes = Vec::new();
            let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, schema.clone(), Some(properties))?;
            for batch in batches {
                writer.write(batch)?;
            }
            writer.close()?;
            out.write_all(&bytes)?;
        }
        OutputFormat::Fits => {
            let mut writer = FitsWriter::new(std::io::Cursor::new(Vec::new()), schema.clone())?;
            for batch in batches {
                writer.write(batch)?;
            }
            out.write_all(writer.finish()?.get_ref())?;
        }
        OutputFormat::GadgetHdf5 | OutputFormat::Tipsy => {
            return Err(Error::usage("a snapshot is a file of particles, not a stream of rows")
                .hint("name it with -o FILE, or write COPY (SELECT ... FROM stars) TO 'file.hdf5', or spolia export")
                .into());
        }
    }
    out.flush()?;
    Ok(())
}

/// Writes a result to `path` so that the file is either whole or absent.
pub fn write_file(schema: &SchemaRef, batches: &[RecordBatch], format: OutputFormat, path: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    match write(schema, batches, format, &mut bytes) {
        Ok(()) => write_bytes(path, &bytes),
        Err(ExportError::Spolia(e)) => Err(e),
        Err(ExportError::Io(e)) => Err(Error::io("write", path, &e)),
    }
}

/// Where a file called `path` is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file, new or replaced: of a symbolic link the file that it leads to.
    File(PathBuf),
    /// A device, a pipe or a socket, which is written into and never replaced: a rename onto `/dev/null` would destroy it.
    Stream(PathBuf),
}

impl Target {
    /// What lies at `path` now.
    pub fn of(path: &Path) -> Target {
        match std::fs::metadata(path) {
            Ok(found) if !found.is_file() && !found.is_dir() => Target::Stream(path.to_path_buf()),
            Ok(_) => Target::File(std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())),
            Err(_) => Target::File(path.to_path_buf()),
        }
    }

    /// Creates the hidden file in which the content of a file called `name` is gathered: beside a file, of a device in the folder for
    /// such files. What killed processes left there for the same name is cleared.
    pub(crate) fn aside(&self, name: &OsStr) -> std::io::Result<(PathBuf, std::fs::File)> {
        match self {
            Target::File(file) => aside::create(file.parent().unwrap_or(Path::new("")), file.file_name().unwrap_or(name)),
            Target::Stream(_) => aside::create(&std::env::temp_dir(), name),
        }
    }
}

/// Writes `bytes` to `path` through a temporary neighbour, so that the file is either whole or absent; into a device or pipe directly.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    let target = match Target::of(path) {
        Target::File(target) => target,
        Target::Stream(target) => {
            let written = std::fs::OpenOptions::new().write(true).open(&target).and_then(|mut f| f.write_all(bytes));
            return written.map_err(|e| Error::io("write", path, &e));
        }
    };
    let path = target.as_path();
    let created = aside::create(path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
    let (temporary, mut file) = created.map_err(|e| write_error("create a file beside", path, &e))?;
    let failed = |action: &'static str| {
        let temporary = &temporary;
        move |e: std::io::Error| {
            let _ = std::fs::remove_file(temporary);
            write_error(action, path, &e)
        }
    };
    file.write_all(bytes).map_err(failed("write"))?;
    file.sync_all().map_err(failed("sync"))?;
    std::fs::rename(&temporary, path).map_err(failed("rename the new file to"))?;
    sync_folder_of(path)
}

/// Why an export stopped: our own reason, or the receiving end.
#[derive(Debug)]
pub enum ExportError {
    /// The result cannot be written in this format.
    Spolia(Error),
    /// The receiving end failed; a closed pipe is an ordinary end for a terminal program.
    Io(std::io::Error),
}

impl From<Error> for ExportError {
    fn from(e: Error) -> Self {
        ExportError::Spolia(e)
    }
}

impl From<std::io::Error> for ExportError {
    fn from(e: std::io::Error) -> Self {
        ExportError::Io(e)
    }
}

impl From<arrow::error::ArrowError> for ExportError {
    fn from(e: arrow::error::ArrowError) -> Self {
        match e {
            arrow::error::ArrowError::IoError(_, io) => ExportError::Io(io),
            other => ExportError::Spolia(Error::internal("cannot encode a result").because(other)),
        }
    }
}

impl From<parquet::errors::ParquetError> for ExportError {
    fn from(e: parquet::errors::ParquetError) -> Self {
        ExportError::Spolia(Error::internal("cannot encode a result as Parquet").because(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::schema::{canonical_field, unit_of};
    use arrow::array::{ArrayRef, Float32Array, UInt64Array};
    use arrow::datatypes::DataType;
    use arrow::datatypes::Schema;
    use std::sync::Arc;

    fn sample() -> (SchemaRef, Vec<RecordBatch>) {
        let schema = Arc::new(Schema::new(vec![
            canonical_field("id", DataType::UInt64, "iord", None),
            canonical_field("x", DataType::Float32, "x", Some(1.0)),
        ]));
        let columns: Vec<ArrayRef> = vec![Arc::new(UInt64Array::from(vec![1, u64::MAX])), Arc::new(Float32Array::from(vec![0.1, -2.5e-9]))];
        (schema.clone(), vec![RecordBatch::try_new(schema, columns).unwrap()])
    }

    #[test]
    fn csv_and_json_read_back_to_the_same_bits() {
        let (schema, batches) = sample();
        let mut out = Vec::new();
        write(&schema, &batches, OutputFormat::Csv, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let last = text.lines().last().unwrap();
        let (id, x) = last.split_once(',').unwrap();
        assert_eq!(id.parse::<u64>().unwrap(), u64::MAX);
        assert_eq!(x.parse::<f32>().unwrap(), -2.5e-9_f32);
        let mut out = Vec::new();
        write(&schema, &batches, OutputFormat::Json, &mut out).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(json[0]["x"].as_f64().unwrap() as f32, 0.1_f32);
    }

    #[test]
    fn parquet_keeps_units_and_an_empty_result_has_a_header() {
        let (schema, batches) = sample();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        write_file(&schema, &batches, OutputFormat::from_path(&path).unwrap(), &path).unwrap();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(unit_of(reader.schema().field(1)), "kpc");
        let mut out = Vec::new();
        write(&schema, &[], OutputFormat::Csv, &mut out).unwrap();
        assert_eq!(out, b"id,x\n");
    }

    #[test]
    fn devices_and_pipes_are_written_into_and_links_are_followed() {
        use std::os::unix::fs::FileTypeExt;
        write_bytes(Path::new("/dev/null"), b"gone").unwrap();
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_bytes(&link, b"new").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(write_bytes(folder.path(), b"x").is_err());
    }

    #[test]
    fn nested_csv_and_unknown_names_are_refused() {
        let schema = Arc::new(Schema::new(vec![arrow::datatypes::Field::new_list(
            "l",
            Arc::new(arrow::datatypes::Field::new_list_field(DataType::Int32, true)),
            true,
        )]));
        let Err(ExportError::Spolia(e)) = write(&schema, &[], OutputFormat::Csv, &mut Vec::new()) else { panic!("accepted") };
        assert!(e.to_string().contains("column `l`"));
        assert!(OutputFormat::from_name("cvs").is_err());
        assert!(OutputFormat::from_path(Path::new("a")).is_err());
        for (name, format) in [
            ("a.hdf5", OutputFormat::GadgetHdf5),
            ("a.H5", OutputFormat::GadgetHdf5),
            ("g8.26e11.00512", OutputFormat::Tipsy),
            ("a.tipsy", OutputFormat::Tipsy),
        ] {
            assert_eq!(OutputFormat::from_path(Path::new(name)).unwrap(), format);
        }
        assert!(OutputFormat::from_path(Path::new("v1.2")).is_err());
    }
}
