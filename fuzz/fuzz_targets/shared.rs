//! What the targets of readers share: a folder in memory and the oracle.
//!
//! Edge cases a panic inside the HDF5 library is caught and becomes an error, so the hook that ends the process at any panic is taken
//!            off: one that leaves a reader still ends it, at the border to the fuzzer
#![allow(dead_code, reason = "every target uses a part")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use spolia::ErrorKind;
use spolia::ingest::{OpenOptions, open};

/// Rows that one byte can stand for: compressed chunks of one value are small.
const ROWS_PER_BYTE: u64 = 1 << 12;

/// One folder for the whole run; every input overwrites the same names.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
});

/// A path in the folder.
pub fn path(name: &str) -> PathBuf {
    FOLDER.path().join(name)
}

/// Writes an input under a name.
pub fn put(name: &str, bytes: &[u8]) -> PathBuf {
    let path = path(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

/// Opens and reads all of it: an error or values, never a panic, no more rows than `bytes` can hold, no error that calls itself a bug.
pub fn read(path: &Path, bytes: usize) {
    let options = OpenOptions { hubble: Some(0.7), ..OpenOptions::default() };
    let wrong = |error: spolia::Error| assert!(!matches!(error.kind(), ErrorKind::Internal | ErrorKind::Io), "{error}");
    let snapshot = match open(path, &options) {
        Ok(snapshot) => snapshot,
        Err(error) => return wrong(error),
    };
    for (family, rows) in snapshot.info().rows.clone() {
        assert!(rows <= ROWS_PER_BYTE * (bytes as u64 + 1), "{rows} rows in {bytes} bytes");
        let schema = snapshot.schema(family).expect("a family that is counted has a schema");
        let columns: Vec<usize> = (0..schema.fields().len()).collect();
        match snapshot.read(family, &columns, 0..rows) {
            Ok(batch) => assert_eq!(batch.num_rows() as u64, rows),
            Err(error) => wrong(error),
        }
    }
}
