//! Every reader under damage: 10,000 mutations each and a cut at every byte that matters.
//!
//! Layout     `goldens` and `catalogues` hold small whole inputs of every registered format, `mutations` and `truncations` what is done
//!            to them; SPOLIA_MUTATIONS sets another number for a long run
//! Accuracy   no panic, nothing beyond 2 s, at most 4 x the length of the files + 16 MiB held at once
//! Edge cases a foreign file has no checksum, so a mutation may change values; it may never bring a reader down
//! See also   `mutate`, `allocation`, docs/formats.md

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use spolia::ingest::{OpenOptions, open};
use spolia::{Error, ErrorKind};

use crate::allocation::peak;

mod catalogues;
mod goldens;
mod mutations;
mod regressions;
mod seeds;
#[cfg(feature = "sql")]
mod texts;
mod truncations;

/// Longest time for one input.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes that may be held for each byte of the files.
const TIMES_LENGTH: u64 = 4;
/// Bytes that may be held whatever the files are.
const FIXED_BYTES: u64 = 16 << 20;
/// Rows read at once, as an ingest reads them.
const BATCH_ROWS: u64 = 1 << 16;

/// A small whole input: the files of one folder.
pub struct Golden {
    /// Name in messages.
    pub name: &'static str,
    /// Files with their names; the first is hit as often as all others together.
    pub files: Vec<(String, Vec<u8>)>,
    /// Which of them is opened.
    pub open: usize,
    /// What the user would say.
    pub options: OpenOptions,
}

impl Golden {
    pub fn new(name: &'static str, files: Vec<(String, Vec<u8>)>) -> Golden {
        Golden { name, files, open: 0, options: OpenOptions::default() }
    }

    pub fn with_hubble(mut self) -> Golden {
        self.options.hubble = Some(0.7);
        self
    }

    pub fn write(&self, folder: &Path) {
        self.files.iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
    }

    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, bytes)| bytes.len() as u64).sum()
    }

    pub fn read(&self, folder: &Path) -> spolia::Result<u64> {
        read_all(&folder.join(&self.files[self.open].0), &self.options)
    }
}

/// A folder in memory where there is one, for thousands of small writes.
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap()
}

/// Opens and reads every column of every family to the end; gives the rows.
pub fn read_all(path: &Path, options: &OpenOptions) -> spolia::Result<u64> {
    let snapshot = open(path, options)?;
    let mut total = 0;
    for (family, rows) in snapshot.info().rows.clone() {
        let columns: Vec<usize> = (0..snapshot.schema(family)?.fields().len()).collect();
        for start in (0..rows).step_by(BATCH_ROWS as usize) {
            let end = (start + BATCH_ROWS).min(rows);
            assert_eq!(snapshot.read(family, &columns, start..end)?.num_rows() as u64, end - start);
        }
        total += rows;
    }
    Ok(total)
}

/// What became of one damaged input.
pub enum Outcome {
    Read,
    Refused(Error),
    /// It did what no input may bring about.
    Broke(String),
}

/// Reads under the three bounds; `bytes` is the length of all files.
pub fn judge<T>(bytes: u64, read: impl Fn() -> spolia::Result<T>) -> (Outcome, u64) {
    let started = Instant::now();
    let (result, held) = peak(|| catch_unwind(AssertUnwindSafe(|| read().map(drop))));
    // A busy machine may hold up one run; the input itself is slow only if it is slow again.
    let slow = started.elapsed() > PATIENCE && {
        let again = Instant::now();
        let _ = catch_unwind(AssertUnwindSafe(|| read().map(drop)));
        again.elapsed() > PATIENCE
    };
    let bound = TIMES_LENGTH * bytes + FIXED_BYTES;
    let outcome = match result {
        Err(_) => Outcome::Broke("it panicked".into()),
        _ if slow => Outcome::Broke(format!("it took more than {PATIENCE:?}")),
        _ if held > bound => Outcome::Broke(format!("it held {held} bytes, {bound} are allowed")),
        Ok(Ok(())) => Outcome::Read,
        Ok(Err(error)) if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Io | ErrorKind::Device) => {
            Outcome::Broke(format!("it ended in the wrong kind of error: {error}"))
        }
        Ok(Err(error)) => Outcome::Refused(error),
    };
    (outcome, held)
}

/// Does `work` on one thread, with all parallel work inside it, so that its allocations are counted.
pub fn on_one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(work)
}

/// A file of tests/data.
pub fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}
