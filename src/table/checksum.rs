//! Reads of data files that verify every byte against the manifest.
//!
//! Layout     blocks of 256 KiB; the manifest holds the first 16 bytes of each block's BLAKE3
//! Refuses    a wrong length, a block whose digest differs, digests that do not fit the length: Damaged, with file and offset
//! Edge cases the last block is short; an empty range is an empty answer
//! Cost       each block is hashed once per opened file (about 0.09 ms), later reads of it are plain pread
//! See also   `manifest::FileEntry`, `write` which computes the digests

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use rustix::buffer::spare_capacity;

use crate::error::{Error, Result};

use super::manifest::{BLOCK_DIGEST_BYTES, FileEntry};

/// Greatest block size that is believed: a manifest cannot make a reader allocate more than this at once beyond the request.
const MAX_BLOCK_BYTES: u32 = 64 << 20;
const FLAG_BITS: usize = 64;

/// One data file, opened once and read from many threads.
#[derive(Debug)]
pub struct CheckedFile {
    file: File,
    path: PathBuf,
    length: u64,
    block_bytes: u64,
    digests: Vec<[u8; BLOCK_DIGEST_BYTES]>,
    /// One bit per block that has passed.
    passed: Vec<AtomicU64>,
    trust: bool,
    metadata: OnceLock<Arc<ParquetMetaData>>,
}

impl CheckedFile {
    /// Opens the file that `entry` describes in the dataset at `root`; `trust` reads without verifying.
    pub fn open(root: &Path, entry: &FileEntry, trust: bool) -> Result<CheckedFile> {
        let path = root.join(&entry.path);
        let file = File::open(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Error::damaged("a data file of the dataset is missing").at(format!("`{}`", path.display())),
            _ => Error::io("open a data file", &path, &e),
        })?;
        let length = file.metadata().map_err(|e| Error::io("read the length of a data file", &path, &e))?.len();
        if length != entry.bytes {
            return Err(Error::damaged("a data file has the wrong length")
                .at(format!("`{}`", path.display()))
                .expected(format!("{} bytes", entry.bytes))
                .found(length));
        }
        let block_bytes = u64::from(entry.block_bytes);
        let wrong_digests = || Error::damaged("the checksums of a data file do not fit its length").at(format!("`{}`", path.display()));
        if entry.block_bytes == 0 || entry.block_bytes > MAX_BLOCK_BYTES {
            return Err(wrong_digests());
        }
        let digests = parse_digests(&entry.blocks).ok_or_else(wrong_digests)?;
        if digests.len() as u64 != length.div_ceil(block_bytes) {
            return Err(wrong_digests());
        }
        let passed = (0..digests.len().div_ceil(FLAG_BITS)).map(|_| AtomicU64::new(0)).collect();
        Ok(CheckedFile { file, path, length, block_bytes, digests, passed, trust, metadata: OnceLock::new() })
    }

    /// Length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of `range`; every block that they touch has passed its checksum on the bytes that were read.
    pub fn read(&self, range: Range<u64>) -> Result<Bytes> {
        Ok(self.read_many(std::slice::from_ref(&range))?.pop().unwrap_or_default())
    }

    /// The bytes of several ranges, as [`CheckedFile::read`]; a block that several of them touch is read and hashed once.
    pub fn read_many(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if let Some(range) = ranges.iter().find(|r| r.start > r.end || r.end > self.length) {
            return Err(Error::damaged("a read goes past the end of a data file")
                .at(format!("bytes {}..{} of `{}`", range.start, range.end, self.path.display()))
                .expected(format!("{} bytes", self.length)));
        }
        let mut answers = vec![Bytes::new(); ranges.len()];
        let mut waiting: Vec<usize> = Vec::new();
        for (i, range) in ranges.iter().enumerate().filter(|(_, range)| !range.is_empty()) {
            let mut blocks = self.blocks(range);
            if self.trust || blocks.all(|block| self.has_passed(block)) {
                answers[i] = Bytes::from(self.read_plain(range.clone())?);
            } else {
                waiting.push(i);
            }
        }
        waiting.sort_by_key(|&i| ranges[i].start);
        // Each run of ranges whose blocks overlap or touch is one read of whole blocks.
        while let Some(&first) = waiting.first() {
            let mut blocks = self.blocks(&ranges[first]);
            let count = waiting.iter().take_while(|&&i| {
                let next = self.blocks(&ranges[i]);
                let joins = next.start <= blocks.end;
                if joins {
                    blocks.end = blocks.end.max(next.end);
                }
                joins
            });
            let run: Vec<usize> = waiting.drain(..count.count()).collect();
            let start = blocks.start * self.block_bytes;
            let whole = self.read_plain(start..(blocks.end * self.block_bytes).min(self.length))?;
            for (block, bytes) in blocks.zip(whole.chunks(self.block_bytes as usize)) {
                // All blocks are checked again here, also those that passed before: these are other bytes.
                self.check(block, bytes)?;
            }
            let whole = Bytes::from(whole);
            for i in run {
                answers[i] = whole.slice((ranges[i].start - start) as usize..(ranges[i].end - start) as usize);
            }
        }
        Ok(answers)
    }

    /// The blocks that a range, which is not empty, touches.
    fn blocks(&self, range: &Range<u64>) -> Range<u64> {
        range.start / self.block_bytes..range.end.div_ceil(self.block_bytes)
    }

    /// Reads the whole file block by block and verifies it, even if it was opened with `trust`.
    pub fn verify(&self) -> Result<()> {
        for block in 0..self.digests.len() as u64 {
            let start = block * self.block_bytes;
            let bytes = self.read_plain(start..(start + self.block_bytes).min(self.length))?;
            self.check(block, &bytes)?;
        }
        Ok(())
    }

    fn read_plain(&self, range: Range<u64>) -> Result<Vec<u8>> {
        read_range(&self.file, range).map_err(|e| Error::io("read a data file", &self.path, &e))
    }

    fn check(&self, block: u64, bytes: &[u8]) -> Result<()> {
        let expected = self.digests.get(block as usize);
        let found = block_digest(bytes);
        if expected != Some(&found) {
            return Err(Error::damaged("a data file fails its checksum")
                .at(format!(
                    "bytes {}..{} of `{}`",
                    block * self.block_bytes,
                    block * self.block_bytes + bytes.len() as u64,
                    self.path.display()
                ))
                .hint("copy the dataset again or ingest the snapshot again; `spolia verify` lists every damaged block"));
        }
        if let Some(word) = self.passed.get(block as usize / FLAG_BITS) {
            word.fetch_or(1 << (block as usize % FLAG_BITS), Ordering::Release);
        }
        Ok(())
    }

    fn has_passed(&self, block: u64) -> bool {
        let bit = 1 << (block as usize % FLAG_BITS);
        self.passed.get(block as usize / FLAG_BITS).is_some_and(|word| word.load(Ordering::Acquire) & bit != 0)
    }
}

/// The bytes of `range`, read into memory that was not cleared before.
pub(crate) fn read_range(file: &File, range: Range<u64>) -> std::io::Result<Vec<u8>> {
    let length = range.end.saturating_sub(range.start) as usize;
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let at = range.start + bytes.len() as u64;
        match rustix::io::pread(file, spare_capacity(&mut bytes), at) {
            Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    // The allocator may have given more room than was asked for, which the last read then filled.
    bytes.truncate(length);
    Ok(bytes)
}

/// The part of a block's BLAKE3 that the manifest keeps.
pub(super) fn block_digest(bytes: &[u8]) -> [u8; BLOCK_DIGEST_BYTES] {
    let mut digest = [0; BLOCK_DIGEST_BYTES];
    let hash = blake3::hash(bytes);
    digest.copy_from_slice(&hash.as_bytes()[..BLOCK_DIGEST_BYTES]);
    digest
}

fn parse_digests(text: &str) -> Option<Vec<[u8; BLOCK_DIGEST_BYTES]>> {
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
    let (blocks, rest) = text.as_bytes().as_chunks::<{ 2 * BLOCK_DIGEST_BYTES }>();
    if !rest.is_empty() {
        return None;
    }
    blocks
        .iter()
        .map(|hex| {
            let mut digest = [0; BLOCK_DIGEST_BYTES];
            for (byte, pair) in digest.iter_mut().zip(hex.as_chunks::<2>().0) {
                *byte = digit(pair[0])? << 4 | digit(pair[1])?;
            }
            Some(digest)
        })
        .collect()
}

/// Footer and page index of a data file, parsed once, only after the blocks that hold them have passed.
pub fn parquet_metadata(file: &CheckedFile) -> Result<Arc<ParquetMetaData>> {
    if let Some(known) = file.metadata.get() {
        return Ok(known.clone());
    }
    // The Parquet reader is known to panic on some malformed footers; with `trust` those bytes reach it unverified.
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional).parse_and_finish(&Chunks(file))
    }));
    match parsed {
        Ok(Ok(metadata)) => Ok(file.metadata.get_or_init(|| Arc::new(metadata)).clone()),
        Ok(Err(error)) => Err(parquet_error("read the footer of a data file", &file.path, error)),
        Err(_) => Err(Error::damaged("the footer of a data file makes no sense").at(format!("`{}`", file.path.display()))),
    }
}

/// Our error for a Parquet error: ours or the operating system's when one of those caused it, else Damaged.
pub(super) fn parquet_error(action: &str, path: &Path, error: ParquetError) -> Error {
    let error = match error {
        ParquetError::External(cause) => match cause.downcast::<Error>() {
            Ok(own) => return *own,
            Err(other) => match other.downcast::<std::io::Error>() {
                Ok(io) => return io_error(action, path, &io),
                Err(other) => ParquetError::External(other),
            },
        },
        other => other,
    };
    Error::damaged(format!("cannot {action}")).at(format!("`{}`", path.display())).because(error)
}

/// `Error::io`, except that an error of ours which travelled inside an I/O error comes out as it was.
fn io_error(action: &str, path: &Path, error: &std::io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(own) => own.clone(),
        None => Error::io(action, path, error),
    }
}

/// The Parquet reader's view of a [`CheckedFile`].
pub(super) struct Chunks<F>(pub F);

impl<F: std::borrow::Borrow<CheckedFile> + Send + Sync> Length for Chunks<F> {
    fn len(&self) -> u64 {
        self.0.borrow().length
    }
}

impl<F: std::borrow::Borrow<CheckedFile> + Clone + Send + Sync> ChunkReader for Chunks<F> {
    type T = BufReader<Cursor<F>>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::new(Cursor { file: self.0.clone(), position: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let end = start.checked_add(length as u64).ok_or_else(|| ParquetError::EOF("range past the end".into()))?;
        self.0.borrow().read(start..end).map_err(|e| ParquetError::External(Box::new(e)))
    }
}

/// A position in a [`CheckedFile`].
pub(super) struct Cursor<F> {
    file: F,
    position: u64,
}

impl<F: std::borrow::Borrow<CheckedFile>> Read for Cursor<F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let file = self.file.borrow();
        let end = self.position.saturating_add(buffer.len() as u64).min(file.length);
        let start = self.position.min(end);
        let bytes = file.read(start..end).map_err(std::io::Error::other)?;
        let Some(target) = buffer.get_mut(..bytes.len()) else { return Ok(0) };
        target.copy_from_slice(&bytes);
        self.position = end;
        Ok(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const BLOCK: u32 = 4096;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn stored(root: &Path, content: &[u8]) -> FileEntry {
        File::create(root.join("f")).unwrap().write_all(content).unwrap();
        FileEntry {
            path: "f".into(),
            bytes: content.len() as u64,
            blake3: blake3::hash(content).to_hex().to_string(),
            block_bytes: BLOCK,
            blocks: content.chunks(BLOCK as usize).map(|b| hex(&block_digest(b))).collect(),
            rows: 0,
            snap: 0,
            schema_hash: String::new(),
            columns: vec![],
        }
    }

    fn content() -> Vec<u8> {
        (0..20_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
    }

    #[test]
    fn ranges_equal_the_file_and_bad_ranges_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = content();
        let file = CheckedFile::open(folder.path(), &stored(folder.path(), &bytes), false).unwrap();
        for (start, end) in [(0, 0), (0, 1), (4095, 4097), (4096, 8192), (3, 19_999), (19_999, 20_000), (0, 20_000), (20_000, 20_000)] {
            assert_eq!(&file.read(start..end).unwrap()[..], &bytes[start as usize..end as usize], "{start}..{end}");
        }
        assert_eq!(file.read(0..20_001).unwrap_err().exit_code(), 3);
        assert!(file.read(u64::MAX - 1..u64::MAX).is_err());
    }

    #[test]
    fn several_ranges_in_any_order_equal_the_file_and_damage_in_any_of_them_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = content();
        let entry = stored(folder.path(), &bytes);
        let lists: [&[Range<u64>]; 4] = [
            &[5000..5010, 10..20, 4000..4200, 0..0, 15_000..20_000, 10..20],
            &[0..20_000, 3..4],
            &[],
            &[16_384..16_385, 0..4096, 8192..8193],
        ];
        for trust in [false, true] {
            let file = CheckedFile::open(folder.path(), &entry, trust).unwrap();
            for list in lists {
                // The second time everything has passed already.
                for _ in 0..2 {
                    let found = file.read_many(list).unwrap();
                    assert_eq!(found.len(), list.len());
                    for (range, found) in list.iter().zip(found) {
                        assert_eq!(&found[..], &bytes[range.start as usize..range.end as usize], "{range:?}");
                    }
                }
            }
            assert!(file.read_many(&[0..1, 0..20_001]).is_err());
        }
        let mut changed = bytes.clone();
        changed[19_999] ^= 1;
        std::fs::write(folder.path().join("f"), &changed).unwrap();
        let file = CheckedFile::open(folder.path(), &entry, false).unwrap();
        assert!(file.read_many(&[0..4096, 19_000..19_001]).is_err());
        assert!(file.read_many(&[0..4096, 9000..9100]).is_ok());
    }

    #[test]
    fn a_flipped_bit_is_refused_in_its_block_only_and_trust_lets_it_pass() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = content();
        let entry = stored(folder.path(), &bytes);
        let mut changed = bytes.clone();
        changed[9000] ^= 4;
        std::fs::write(folder.path().join("f"), &changed).unwrap();
        let file = CheckedFile::open(folder.path(), &entry, false).unwrap();
        assert!(file.read(0..8192).is_ok());
        let error = file.read(8192..8193).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().contains("bytes 8192..12288"), "{error}");
        assert!(file.read(12_288..20_000).is_ok());
        assert!(file.verify().is_err());
        assert_eq!(&CheckedFile::open(folder.path(), &entry, true).unwrap().read(8192..8193).unwrap()[..], &changed[8192..8193]);
    }

    #[test]
    fn wrong_lengths_and_wrong_digest_texts_are_refused_at_open() {
        let folder = tempfile::tempdir().unwrap();
        let entry = stored(folder.path(), &content());
        for change in [
            FileEntry { bytes: 19_999, ..entry.clone() },
            FileEntry { blocks: entry.blocks[32..].into(), ..entry.clone() },
            FileEntry { blocks: format!("{}0", entry.blocks), ..entry.clone() },
            FileEntry { blocks: entry.blocks.replace('a', "g"), ..entry.clone() },
            FileEntry { block_bytes: 0, ..entry.clone() },
            FileEntry { block_bytes: u32::MAX, ..entry.clone() },
            FileEntry { path: "missing".into(), ..entry.clone() },
        ] {
            assert_eq!(CheckedFile::open(folder.path(), &change, false).unwrap_err().exit_code(), 3);
        }
    }

    #[test]
    fn a_footer_that_panics_the_parquet_reader_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let entry = stored(folder.path(), b"PAR1abcdefghPAR1");
        for trust in [false, true] {
            let file = CheckedFile::open(folder.path(), &entry, trust).unwrap();
            assert_eq!(parquet_metadata(&file).unwrap_err().exit_code(), 3);
        }
    }
}
