//! Rows on their way from the order of the source to that of the curve: cut into buckets, in memory and then in a temporary file.
//!
//! Layout     each block of the source is put in order of bucket, rows of one bucket as they came; in the file a bucket's part of a block
//!            is one Arrow IPC message
//! Edge cases every type of column, nulls included, comes back as it was; the file is removed with its folder
//! Cost       one copy of the rows; in the file as many reads as a bucket has blocks
//! See also   `sort`

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::buffer::Buffer;
use arrow::compute::take_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;

use crate::error::{Error, Result};
use crate::table::statistics::row_bytes;

/// Where blocks go: memory as far as there is room, then one temporary file.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    /// The schema as an IPC message, which comes before every message of rows.
    head: Vec<u8>,
    /// Memory that is left \[bytes\].
    room: AtomicU64,
    file: OnceLock<std::result::Result<File, Error>>,
    /// First free byte of the file.
    end: AtomicU64,
}

/// One block in order of bucket.
#[derive(Debug)]
pub(super) enum Held {
    /// Rows, and where each bucket starts among them.
    Rows(RecordBatch, Vec<u32>),
    /// Where each bucket's message starts in the file, and its length; 0 for none.
    Messages(Vec<(u64, u32)>),
}

impl Store {
    /// A store with `room_bytes` of memory; the file at `path` is made when that is not enough.
    pub fn new(path: PathBuf, schema: &SchemaRef, room_bytes: u64) -> Result<Store> {
        let head = StreamWriter::try_new(Vec::new(), schema).map(|writer| writer.get_ref().clone()).map_err(|e| failed(&path, e))?;
        Ok(Store { path, head, room: AtomicU64::new(room_bytes), file: OnceLock::new(), end: AtomicU64::new(0) })
    }

    /// Takes in a block whose row i belongs to bucket `bucket_of[i]`, one of `buckets`.
    pub fn hold(&self, block: &RecordBatch, bucket_of: &[u32], buckets: usize) -> Result<Held> {
        let mut starts = vec![0u32; buckets + 1];
        for bucket in bucket_of {
            if let Some(count) = starts.get_mut(*bucket as usize + 1) {
                *count += 1;
            }
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut order = vec![0u32; bucket_of.len()];
        for (row, bucket) in (0u32..).zip(bucket_of) {
            if let Some(slot) = next.get_mut(*bucket as usize) {
                if let Some(place) = order.get_mut(*slot as usize) {
                    *place = row;
                }
                *slot += 1;
            }
        }
        let rows = match buckets {
            1 => block.clone(),
            _ => take_record_batch(block, &UInt32Array::from(order))
                .map_err(|e| Error::internal("rows cannot be put into buckets").because(e))?,
        };
        let bytes = rows.num_rows() as u64 * row_bytes(&rows.schema());
        let taken = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(bytes));
        if taken.is_ok() { Ok(Held::Rows(rows, starts)) } else { self.write(&rows, &starts).map(Held::Messages) }
    }

    /// The parts of one bucket, in the order of `blocks`.
    pub fn bucket(&self, blocks: &[Held], bucket: usize) -> Result<Vec<RecordBatch>> {
        let mut decoder = None;
        let mut parts = Vec::with_capacity(blocks.len());
        for block in blocks {
            match block {
                Held::Rows(rows, starts) => {
                    if let [start, end] = starts[bucket..=bucket + 1]
                        && start < end
                    {
                        parts.push(rows.slice(start as usize, (end - start) as usize));
                    }
                }
                Held::Messages(places) => {
                    if let Some(&(start, length)) = places.get(bucket).filter(|(_, length)| *length > 0) {
                        parts.push(self.read(&mut decoder, start, length)?);
                    }
                }
            }
        }
        Ok(parts)
    }

    /// Removes the file, if there is one.
    pub fn close(self) -> Result<()> {
        match self.file.get() {
            Some(Ok(_)) => std::fs::remove_file(&self.path).map_err(|e| Error::io("remove a temporary file", &self.path, &e)),
            _ => Ok(()),
        }
    }

    fn file(&self) -> Result<&File> {
        let open = || {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(true);
            options.open(&self.path).map_err(|e| failed(&self.path, e.into()))
        };
        self.file.get_or_init(open).as_ref().map_err(Error::clone)
    }

    fn write(&self, rows: &RecordBatch, starts: &[u32]) -> Result<Vec<(u64, u32)>> {
        let mut places = Vec::with_capacity(starts.len());
        let mut encode = || -> std::result::Result<Vec<u8>, ArrowError> {
            let mut writer = StreamWriter::try_new(Vec::new(), &rows.schema())?;
            for pair in starts.windows(2) {
                let before = writer.get_ref().len();
                if pair[0] < pair[1] {
                    writer.write(&rows.slice(pair[0] as usize, (pair[1] - pair[0]) as usize))?;
                }
                places.push((before, writer.get_ref().len() - before));
            }
            Ok(std::mem::take(writer.get_mut()))
        };
        let bytes = encode().map_err(|e| failed(&self.path, e))?;
        let messages = bytes.get(self.head.len()..).unwrap_or_default();
        let start = self.end.fetch_add(messages.len() as u64, Ordering::Relaxed);
        self.file()?.write_all_at(messages, start).map_err(|e| failed(&self.path, e.into()))?;
        Ok(places.into_iter().map(|(at, length)| (start + (at - self.head.len()) as u64, length as u32)).collect())
    }

    fn read(&self, decoder: &mut Option<StreamDecoder>, start: u64, length: u32) -> Result<RecordBatch> {
        let mut bytes = vec![0; length as usize];
        self.file()?.read_exact_at(&mut bytes, start).map_err(|e| failed(&self.path, e.into()))?;
        let decode = || -> std::result::Result<Option<RecordBatch>, ArrowError> {
            let decoder = match decoder {
                Some(decoder) => decoder,
                None => {
                    let fresh = decoder.insert(StreamDecoder::new());
                    fresh.decode(&mut Buffer::from(self.head.as_slice()))?;
                    fresh
                }
            };
            decoder.decode(&mut Buffer::from_vec(bytes))
        };
        decode()
            .map_err(|e| failed(&self.path, e))?
            .ok_or_else(|| Error::internal("a temporary file lacks rows").at(format!("byte {start} of `{}`", self.path.display())))
    }
}

fn failed(path: &Path, error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, io) if io.kind() == std::io::ErrorKind::FileTooLarge => Error::limit("cannot write a temporary file")
            .at(format!("`{}`", path.display()))
            .because(io)
            .hint("raise the file size limit (`ulimit -f`), or allow more memory (`--memory`)"),
        ArrowError::IoError(_, io) => Error::io("use a temporary file", path, &io),
        other => Error::internal("a temporary file makes no sense").at(format!("`{}`", path.display())).because(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, ArrayRef, BooleanArray, Float32Array, Int64Array, StringArray};
    use std::sync::Arc;

    fn block(rows: std::ops::Range<i64>) -> RecordBatch {
        let columns: [(&str, ArrayRef, bool); 4] = [
            ("id", Arc::new(Int64Array::from_iter_values(rows.clone())), false),
            ("x", Arc::new(Float32Array::from_iter(rows.clone().map(|i| (i % 5 != 0).then_some(i as f32)))), true),
            ("wind", Arc::new(BooleanArray::from_iter(rows.clone().map(|i| Some(i % 3 == 0)))), true),
            ("name", Arc::new(StringArray::from_iter_values(rows.map(|i| format!("s{i}")))), false),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    #[test]
    fn a_file_gives_back_what_memory_does() {
        let folder = tempfile::tempdir().unwrap();
        let blocks: Vec<RecordBatch> = [0..100, 100..101, 101..400].into_iter().map(block).collect();
        let store = |room: u64| Store::new(folder.path().join(format!("b{room}")), &blocks[0].schema(), room).unwrap();
        let gathered = |store: &Store| -> Vec<Vec<RecordBatch>> {
            let bucket_of = |b: &RecordBatch| {
                let ids = b.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec();
                ids.into_iter().map(|i| (i * 7 % 4) as u32).collect::<Vec<_>>()
            };
            let held: Vec<Held> = blocks.iter().map(|b| store.hold(b, &bucket_of(b), 5).unwrap()).collect();
            (0..5).map(|bucket| store.bucket(&held, bucket).unwrap()).collect()
        };
        let memory = gathered(&store(1 << 30));
        assert_eq!(memory, gathered(&store(0)));
        let both = store(4000);
        assert_eq!(memory, gathered(&both));
        let path = folder.path().join("b4000");
        assert!(path.exists() && !folder.path().join("b1073741824").exists());
        both.close().unwrap();
        assert!(!path.exists());
        assert!(memory[4].is_empty(), "a bucket that no row belongs to");
        let ids: Vec<i64> =
            memory[1].iter().flat_map(|b| b.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec()).collect();
        assert!(ids.is_sorted() && ids.iter().all(|i| i * 7 % 4 == 1), "as they came");
        assert_eq!(memory.iter().flatten().map(RecordBatch::num_rows).sum::<usize>(), 400);
    }
}
