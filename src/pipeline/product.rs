//! Files that steps leave: written aside, synced, renamed into place, and remembered with length and digest.
//!
//! Layout     temporary names lie in `.spolia-run/tmp`, which the next run empties; tables are Parquet as datasets hold them
//! Accuracy   the same rows give the same bytes, however they are cut into batches and for any number of threads
//! Edge cases a kill at any moment leaves the old file or the new one under the final name
//! See also   `table::parquet_file`, `state` which remembers, `fingerprint` which checks

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::table::durable::{DigestingFile, create_folder, rename_synced, write_error, write_synced};
use crate::table::parquet_file::ParquetFile;

/// Rows of a batch in file formats that keep batches: 64 Ki.
const BATCH_ROWS: usize = 1 << 16;

/// A file in the folder of products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Path in the folder, with `/`.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// BLAKE3, hex; what `b3sum` prints.
    pub blake3: String,
}

/// The folder of products, with room for unfinished files.
#[derive(Debug)]
pub struct Folder {
    out: PathBuf,
    temporary: PathBuf,
    number: AtomicU64,
}

impl Folder {
    /// Products in `out`; unfinished files in `temporary`, on the same disk.
    pub fn new(out: &Path, temporary: &Path) -> Folder {
        Folder { out: out.to_path_buf(), temporary: temporary.to_path_buf(), number: AtomicU64::new(0) }
    }

    /// Where products lie.
    pub fn path(&self) -> &Path {
        &self.out
    }

    fn aside(&self) -> Result<PathBuf> {
        create_folder(&self.temporary)?;
        Ok(self.temporary.join(format!("{}", self.number.fetch_add(1, Ordering::Relaxed))))
    }

    fn place(&self, from: &Path, path: &str) -> Result<()> {
        let target = self.out.join(path);
        target.parent().map_or(Ok(()), create_folder)?;
        rename_synced(from, &target)
    }

    /// Writes a whole file.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<Product> {
        let aside = self.aside()?;
        write_synced(&aside, bytes)?;
        self.place(&aside, path)?;
        Ok(Product { path: path.to_string(), bytes: bytes.len() as u64, blake3: blake3::hash(bytes).to_hex().to_string() })
    }

    /// A whole file that `write` leaves under the name that it is given.
    pub fn file(&self, path: &str, write: &mut dyn FnMut(&Path) -> Result<()>) -> Result<Product> {
        let aside = self.aside()?;
        write(&aside)?;
        let failed = |e: std::io::Error| write_error("write a product", &aside, &e);
        let mut hasher = blake3::Hasher::new();
        let bytes = std::fs::File::open(&aside).and_then(|mut f| std::io::copy(&mut f, &mut hasher)).map_err(failed)?;
        self.place(&aside, path)?;
        Ok(Product { path: path.to_string(), bytes, blake3: hasher.finalize().to_hex().to_string() })
    }

    /// Begins a table.
    pub fn table(&self, path: &str, schema: SchemaRef) -> Result<TableFile<'_>> {
        let aside = self.aside()?;
        let sink = DigestingFile::create(&aside)?;
        let parquet = ParquetFile::new(sink, schema).map_err(|e| failed(path, e))?;
        Ok(TableFile { folder: self, path: path.to_string(), aside, parquet })
    }
}

/// A Parquet table being written.
#[derive(Debug)]
pub struct TableFile<'f> {
    folder: &'f Folder,
    path: String,
    aside: PathBuf,
    parquet: ParquetFile<DigestingFile>,
}

impl TableFile<'_> {
    /// Appends rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.parquet.write(batch).map_err(|e| failed(&self.path, e))
    }

    /// Gives the file its name; returns its rows too.
    pub fn finish(self) -> Result<(u64, Product)> {
        let (rows, _, sink) = self.parquet.finish().map_err(|e| failed(&self.path, e))?;
        let digests = sink.finish(&self.aside)?;
        self.folder.place(&self.aside, &self.path)?;
        Ok((rows, Product { path: self.path, bytes: digests.bytes, blake3: digests.blake3 }))
    }
}

fn failed(path: &str, error: parquet::errors::ParquetError) -> Error {
    match error {
        parquet::errors::ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(io) => write_error("write a product", Path::new(path), &io),
            Err(other) => Error::internal("a table cannot be written").at(format!("`{path}`")).because(other),
        },
        parquet::errors::ParquetError::ArrowError(text) | parquet::errors::ParquetError::NYI(text) => {
            Error::unsupported("a table cannot be written").at(format!("`{path}`")).because(text).hint("cast the column to a plain type")
        }
        other => Error::internal("a table cannot be written").at(format!("`{path}`")).because(other),
    }
}

/// The same rows in batches of one size, so that file formats that keep batches come out the same.
pub fn even_batches(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
    let whole = concat_batches(schema, batches).map_err(|e| Error::internal("cannot join batches").because(e))?;
    let starts = (0..whole.num_rows()).step_by(BATCH_ROWS);
    Ok(starts.map(|start| whole.slice(start, BATCH_ROWS.min(whole.num_rows() - start))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Float32Array;
    use arrow::datatypes::{DataType, Field, Schema};
    use std::sync::Arc;

    #[test]
    fn bytes_do_not_depend_on_batches() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path(), &dir.path().join(".spolia-run/tmp"));
        let field = Field::new("x", DataType::Float32, false)
            .with_metadata([("unit", "kpc"), ("description", "d")].map(|(a, b)| (a.into(), b.into())).into());
        let schema = Arc::new(Schema::new(vec![field]));
        let rows: Vec<f32> = (0..5000).map(|i| (i as f32).sin()).collect();
        let write = |name: &str, size: usize| {
            let mut table = folder.table(name, schema.clone()).unwrap();
            for part in rows.chunks(size) {
                table.write(&RecordBatch::try_new(schema.clone(), vec![Arc::new(Float32Array::from(part.to_vec()))]).unwrap()).unwrap();
            }
            table.finish().unwrap()
        };
        let (a, b) = (write("a.parquet", 5000), write("sub/b.parquet", 17));
        assert_eq!((a.0, &a.1.blake3), (5000, &b.1.blake3));
        assert_eq!(std::fs::read(dir.path().join("sub/b.parquet")).unwrap().len() as u64, b.1.bytes);
        assert_eq!(blake3::hash(&std::fs::read(dir.path().join("a.parquet")).unwrap()).to_hex().to_string(), a.1.blake3);
        assert_eq!(std::fs::read_dir(dir.path().join(".spolia-run/tmp")).unwrap().count(), 0);
    }
}
