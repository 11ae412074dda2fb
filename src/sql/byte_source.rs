//! Where the bytes of a Parquet file come from: a dataset file whose blocks are verified, or a foreign file behind a panic wall.
//!
//! Refuses    a foreign file whose length, magic or footer length do not add up, before the Parquet reader sees it
//! Edge cases errors of ours travel through the Parquet reader unchanged
//! See also   `table::checksum`, `parquet_table`

use std::fmt::Debug;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use crate::error::{Error, Result};
use crate::table::checksum::{CheckedFile, parquet_metadata, read_range};

/// Magic at both ends of a Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";
/// Bytes after the footer: its length and the magic.
const TAIL: u64 = 8;

/// Random reads of one Parquet file.
pub trait ByteSource: Debug + Send + Sync {
    /// Length [bytes].
    fn length(&self) -> u64;
    /// The bytes of `range`.
    fn read(&self, range: Range<u64>) -> Result<Bytes>;
    /// The bytes of several ranges.
    fn read_many(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        ranges.iter().map(|range| self.read(range.clone())).collect()
    }
    /// Footer and page index, parsed once.
    fn metadata(&self) -> Result<Arc<ParquetMetaData>>;
}

/// A file of a dataset.
#[derive(Debug)]
pub struct DatasetBytes(pub Arc<CheckedFile>);

impl ByteSource for DatasetBytes {
    fn length(&self) -> u64 {
        self.0.length()
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes> {
        self.0.read(range)
    }

    fn read_many(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.read_many(ranges)
    }

    fn metadata(&self) -> Result<Arc<ParquetMetaData>> {
        parquet_metadata(&self.0)
    }
}

/// A Parquet file that another program wrote.
#[derive(Debug)]
pub struct ForeignBytes {
    file: File,
    path: PathBuf,
    length: u64,
    metadata: Arc<ParquetMetaData>,
}

impl ForeignBytes {
    /// Opens and reads the footer.
    pub fn open(path: &Path) -> Result<ForeignBytes> {
        let file = File::open(path).map_err(|e| Error::io("open a Parquet file", path, &e))?;
        let length = file.metadata().map_err(|e| Error::io("read the length of a file", path, &e))?.len();
        let refuse = |what: &str| Error::damaged(what).at(format!("`{}`", path.display()));
        let (mut head, mut tail) = ([0; MAGIC.len()], [0; TAIL as usize]);
        if length < TAIL + MAGIC.len() as u64 {
            return Err(refuse("not a Parquet file: too short"));
        }
        let read = |buffer: &mut [u8], at: u64| file.read_exact_at(buffer, at).map_err(|e| Error::io("read a Parquet file", path, &e));
        read(&mut head, 0)?;
        read(&mut tail, length - TAIL)?;
        if &head != MAGIC || &tail[MAGIC.len()..] != MAGIC {
            return Err(refuse("not a Parquet file: no PAR1 at its ends"));
        }
        let footer = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
        if footer + TAIL + MAGIC.len() as u64 > length {
            return Err(refuse("the footer of a Parquet file is longer than the file")
                .expected(format!("at most {length} bytes"))
                .found(footer));
        }
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional).parse_and_finish(&file)
        }));
        let metadata = match parsed {
            Ok(Ok(metadata)) => Arc::new(metadata),
            Ok(Err(e)) => return Err(refuse("cannot read the footer of a Parquet file").because(e)),
            Err(_) => return Err(refuse("the footer of a Parquet file makes no sense")),
        };
        Ok(ForeignBytes { file, path: path.to_path_buf(), length, metadata })
    }
}

impl ByteSource for ForeignBytes {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes> {
        if range.start > range.end || range.end > self.length {
            return Err(Error::damaged("a Parquet file names bytes past its end")
                .at(format!("bytes {}..{} of `{}`", range.start, range.end, self.path.display()))
                .expected(format!("{} bytes", self.length)));
        }
        read_range(&self.file, range).map(Bytes::from).map_err(|e| Error::io("read a Parquet file", &self.path, &e))
    }

    fn metadata(&self) -> Result<Arc<ParquetMetaData>> {
        Ok(self.metadata.clone())
    }
}

/// The Parquet reader's view of a [`ByteSource`].
pub struct ByteReader {
    source: Arc<dyn ByteSource>,
}

impl ByteReader {
    /// A reader of `source`.
    pub fn new(source: Arc<dyn ByteSource>) -> ByteReader {
        ByteReader { source }
    }
}

fn outward(error: Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for ByteReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        // A local read is short; waiting for a helper thread would cost more than the read.
        let bytes = self.source.read(range).map_err(outward);
        futures::future::ready(bytes).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        let bytes = self.source.read_many(&ranges).map_err(outward);
        futures::future::ready(bytes).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        let metadata = self.source.metadata().map_err(outward);
        futures::future::ready(metadata).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixteen_byte_file_that_makes_peers_panic_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.parquet");
        for bytes in [&b"PAR1abcdefghPAR1"[..], b"PAR1\x00\x00\x00\x00PAR1", b"PAR1", b"", b"hello, this is no Parquet file"] {
            std::fs::write(&path, bytes).unwrap();
            let error = ForeignBytes::open(&path).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Damaged, "{bytes:?}: {error}");
        }
        assert_eq!(ForeignBytes::open(&folder.path().join("none")).unwrap_err().kind(), crate::ErrorKind::NotFound);
    }
}
