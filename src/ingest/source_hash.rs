//! BLAKE3 digests of source files, on all threads.
//!
//! Formula    the tree hash of a file: halves of 16 MiB times a power of two are digested apart and merged
//! Source     O'Connor et al. 2020, BLAKE3 specification, section 2.1 (tree structure)
//! Refuses    a file that is longer or shorter than when it was opened
//! Cost       one read of the file; 1 MiB of memory per thread
//! See also   `run`

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use blake3::hazmat::{ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::table::SourceEntry;

use super::sort::interrupted;

const READ_BYTES: usize = 1 << 20;
/// What one thread digests at a time: a power of two, as subtrees are.
const SUBTREE_BYTES: u64 = 16 << 20;

/// Digests `files`, each given with the length that it had when it was opened \[bytes\].
pub(super) fn digest(files: &[(PathBuf, u64)], progress: &dyn Progress) -> Result<Vec<SourceEntry>> {
    progress.start("hashing the source", files.iter().map(|(_, bytes)| bytes).sum(), "bytes");
    let entry = |(path, bytes): &(PathBuf, u64)| {
        let file = File::open(path).map_err(|e| Error::io("open a source file", path, &e))?;
        let length = file.metadata().map_err(|e| Error::io("inspect a source file", path, &e))?.len();
        if length != *bytes {
            return Err(Error::damaged("a source file changed while it was read")
                .at(format!("`{}`", path.display()))
                .expected(format!("{bytes} bytes"))
                .found(format!("{length} bytes")));
        }
        let source = Source { file, path, progress };
        Ok(SourceEntry { path: path.display().to_string(), bytes: length, blake3: source.whole(length)?.to_hex().to_string() })
    };
    let entries = files.par_iter().map(entry).collect();
    progress.finish();
    entries
}

struct Source<'a> {
    file: File,
    path: &'a Path,
    progress: &'a dyn Progress,
}

impl Source<'_> {
    fn whole(&self, length: u64) -> Result<blake3::Hash> {
        if length <= SUBTREE_BYTES {
            return Ok(self.update(blake3::Hasher::new(), 0..length)?.finalize());
        }
        let (left, right) = self.halves(0..length)?;
        Ok(merge_subtrees_root(&left, &right, Mode::Hash))
    }

    fn halves(&self, bytes: Range<u64>) -> Result<(ChainingValue, ChainingValue)> {
        let middle = bytes.start + left_subtree_len(bytes.end - bytes.start);
        let (left, right) = rayon::join(|| self.subtree(bytes.start..middle), || self.subtree(middle..bytes.end));
        Ok((left?, right?))
    }

    fn subtree(&self, bytes: Range<u64>) -> Result<ChainingValue> {
        if bytes.end - bytes.start > SUBTREE_BYTES {
            let (left, right) = self.halves(bytes)?;
            return Ok(merge_subtrees_non_root(&left, &right, Mode::Hash));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(bytes.start);
        Ok(self.update(hasher, bytes)?.finalize_non_root())
    }

    fn update(&self, mut hasher: blake3::Hasher, bytes: Range<u64>) -> Result<blake3::Hasher> {
        let mut buffer = vec![0; READ_BYTES.min((bytes.end - bytes.start) as usize)];
        let mut at = bytes.start;
        while at < bytes.end {
            if self.progress.cancelled() {
                return Err(interrupted());
            }
            let count = buffer.len().min((bytes.end - at) as usize);
            let Some(part) = buffer.get_mut(..count) else { break };
            self.file.read_exact_at(part, at).map_err(|e| Error::io("read a source file", self.path, &e))?;
            hasher.update(part);
            at += count as u64;
            self.progress.advance(count as u64);
        }
        Ok(hasher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    #[test]
    fn a_file_in_pieces_has_the_digest_of_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..3 * SUBTREE_BYTES as u32 + 4321).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for length in [0, 1, 1024, SUBTREE_BYTES as usize, SUBTREE_BYTES as usize + 1, 2 * SUBTREE_BYTES as usize, bytes.len()] {
            let path = folder.path().join("f");
            std::fs::write(&path, &bytes[..length]).unwrap();
            let entries = digest(&[(path, length as u64)], &Silent).unwrap();
            assert_eq!(entries[0].blake3, blake3::hash(&bytes[..length]).to_hex().as_str(), "{length} bytes");
        }
    }

    #[test]
    fn a_file_that_changed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, b"stones").unwrap();
        let error = digest(&[(path, 7)], &Silent).unwrap_err().to_string();
        assert!(error.contains("expected 7 bytes") && error.contains("found 6 bytes"), "{error}");
    }
}
