//! Digests of files, remembered as long as the file system says that nothing changed.
//!
//! Layout     `.spolia-run/fingerprints.json`: path -> length, inode, modification and change times [ns], BLAKE3
//! Accuracy   a file with any changed byte is hashed anew unless length, inode and both times stayed the same; the change time cannot be
//!            set by ordinary programs
//! Edge cases a lost or damaged list costs time only
//! See also   `inputs`, `state`

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

const BUFFER_BYTES: usize = 1 << 20;
/// A file changed this recently may change again within the resolution of its times [ns].
const SETTLED_NS: i128 = 50_000_000;

/// What the file system says of a file, and its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    bytes: u64,
    inode: u64,
    modified_ns: i64,
    changed_ns: i64,
    blake3: String,
}

/// Remembered digests.
#[derive(Debug, Default)]
pub struct Fingerprints {
    marks: Mutex<BTreeMap<String, Mark>>,
}

impl Fingerprints {
    /// The list kept at `path`; an empty one if it cannot be read.
    pub fn load(path: &Path) -> Fingerprints {
        let marks = std::fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Fingerprints { marks: Mutex::new(marks) }
    }

    /// The list as JSON, to be kept.
    pub fn to_json(&self) -> Vec<u8> {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = serde_json::to_vec_pretty(&*marks).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// Length and BLAKE3 of a file; `NotFound` if there is none.
    pub fn digest(&self, path: &Path) -> Result<(u64, String)> {
        let metadata = std::fs::metadata(path).map_err(|e| Error::io("read a file", path, &e))?;
        let key = path.to_string_lossy().into_owned();
        let known = self.marks.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(mark) = known.filter(|mark| *mark == mark_of(&metadata, mark.blake3.clone())) {
            return Ok((mark.bytes, mark.blake3));
        }
        let (bytes, blake3) = hash(path)?;
        let mark = mark_of(&metadata, blake3.clone());
        let settled = now_ns() - i128::from(mark.changed_ns.max(mark.modified_ns)) > SETTLED_NS;
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if settled && bytes == mark.bytes {
            marks.insert(key, mark);
        } else {
            marks.remove(&key);
        }
        Ok((bytes, blake3))
    }
}

fn mark_of(metadata: &Metadata, blake3: String) -> Mark {
    const SECOND_NS: i64 = 1_000_000_000;
    let stamp = |seconds: i64, nanoseconds: i64| seconds.saturating_mul(SECOND_NS).saturating_add(nanoseconds);
    Mark {
        bytes: metadata.len(),
        inode: metadata.ino(),
        modified_ns: stamp(metadata.mtime(), metadata.mtime_nsec()),
        changed_ns: stamp(metadata.ctime(), metadata.ctime_nsec()),
        blake3,
    }
}

fn now_ns() -> i128 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| d.as_nanos() as i128)
}

fn hash(path: &Path) -> Result<(u64, String)> {
    use std::io::Read;
    let fail = |e: std::io::Error| Error::io("read a file", path, &e);
    let mut file = std::fs::File::open(path).map_err(fail)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((bytes, hasher.finalize().to_hex().to_string())),
            Ok(count) => {
                hasher.update(buffer.get(..count).unwrap_or_default());
                bytes += count as u64;
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(fail(e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_behind_the_same_length_and_time_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, b"one").unwrap();
        let list = Fingerprints::load(&dir.path().join("list.json"));
        // The BLAKE3 of "one" as b3sum prints it would need a network; the library's own one-shot hash is the reference.
        assert_eq!(list.digest(&path).unwrap(), (3, blake3::hash(b"one").to_hex().to_string()));
        std::thread::sleep(std::time::Duration::from_millis(80));
        list.digest(&path).unwrap();
        std::fs::write(dir.path().join("list.json"), list.to_json()).unwrap();
        let list = Fingerprints::load(&dir.path().join("list.json"));
        assert_eq!(list.marks.lock().unwrap().len(), 1);
        let time = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::fs::write(&path, b"two").unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        assert_eq!(list.digest(&path).unwrap().1, blake3::hash(b"two").to_hex().to_string());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(list.digest(&path).unwrap_err().kind(), crate::ErrorKind::NotFound);
        std::fs::write(dir.path().join("list.json"), b"{]").unwrap();
        assert!(Fingerprints::load(&dir.path().join("list.json")).marks.lock().unwrap().is_empty());
    }
}
