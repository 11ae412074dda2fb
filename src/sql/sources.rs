//! What is attached to a session: datasets, snapshots, Parquet files, and the tables and frames made by its own statements.
//!
//! Edge cases a dataset is read in the version it had when it was attached, until a frame is stored or it is attached again
//! See also   `resolve` which turns names into tables

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::catalog::TableProvider;

use super::byte_source::{ByteSource, ForeignBytes};
use crate::error::{Error, Result};
use crate::frames::Frame;
use crate::ingest::{self, OpenOptions, Snapshot};
use crate::table::Dataset;

/// Endings that are left out of the name of an attached file.
const ENDINGS: [&str; 5] = ["spolia", "parquet", "hdf5", "h5", "gadget"];
/// Magic of a Parquet file.
const PARQUET_MAGIC: &[u8; 4] = b"PAR1";

/// One attached thing.
#[derive(Clone, Debug)]
pub enum Content {
    /// A dataset that Spolia wrote.
    Dataset(Dataset),
    /// A raw snapshot, with the frames made in this session.
    Snapshot(Arc<dyn Snapshot>, BTreeMap<String, Frame>),
    /// A Parquet file of another program.
    Parquet(Arc<dyn ByteSource>),
}

/// An attached thing with its name.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name in SQL.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// How it was opened.
    pub open: OpenOptions,
    /// What it is.
    pub content: Content,
}

#[derive(Debug, Default)]
struct Inner {
    attached: Vec<Source>,
    /// Opened because a query named their path.
    named: Vec<Source>,
    tables: BTreeMap<String, Arc<dyn TableProvider>>,
}

/// Everything a session can read.
#[derive(Debug, Default)]
pub struct Sources(Mutex<Inner>);

impl Sources {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves the lists whole: they change by single pushes and inserts.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens and attaches `path`; attaching it again reads its newest version. Returns its name.
    pub fn attach(&self, path: &Path, options: &OpenOptions) -> Result<String> {
        Ok(self.attach_content(path, options, open(path, options)?))
    }

    /// Attaches what was opened elsewhere with `options`; returns its name.
    pub fn attach_content(&self, path: &Path, options: &OpenOptions, content: Content) -> String {
        let mut inner = self.inner();
        if let Some(known) = inner.attached.iter_mut().find(|s| s.path == path) {
            (known.content, known.open) = (content, options.clone());
            return known.name.clone();
        }
        let base = name_of(path);
        let mut name = base.clone();
        let mut number = 2;
        while inner.attached.iter().any(|s| s.name == name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        inner.attached.push(Source { name: name.clone(), path: path.to_path_buf(), open: options.clone(), content });
        name
    }

    /// Everything attached, in order.
    pub fn attached(&self) -> Vec<Source> {
        self.inner().attached.clone()
    }

    /// The source attached as `name`, in any case.
    pub fn by_name(&self, name: &str) -> Option<Source> {
        let inner = self.inner();
        let exact = inner.attached.iter().find(|s| s.name == name);
        exact.or_else(|| inner.attached.iter().find(|s| s.name.eq_ignore_ascii_case(name))).cloned()
    }

    /// The source at a path that a query names, opened at its first use with these options.
    pub fn by_path(&self, path: &Path, options: &OpenOptions) -> Result<Source> {
        // Options are for snapshots: what else is attached is the same with any.
        let same = |s: &&Source| s.path == path && (s.open == *options || !matches!(s.content, Content::Snapshot(..)));
        if let Some(known) = self.inner().attached.iter().find(same) {
            return Ok(known.clone());
        }
        // A dataset may have grown since.
        if let Some(known) = self.inner().named.iter().find(same).filter(|s| !matches!(s.content, Content::Dataset(_))) {
            return Ok(known.clone());
        }
        let source = Source { name: name_of(path), path: path.to_path_buf(), open: options.clone(), content: open(path, options)? };
        let mut inner = self.inner();
        inner.named.retain(|s| !same(&s));
        inner.named.push(source.clone());
        Ok(source)
    }

    /// Replaces what is known of `source`: a new version of a dataset, a new frame of a snapshot.
    pub fn replace(&self, source: &Source, content: Content) {
        let mut inner = self.inner();
        let same = |s: &&mut Source| s.path == source.path && s.open == source.open;
        if let Some(known) = inner.attached.iter_mut().find(same) {
            known.content = content;
        } else if let Some(known) = inner.named.iter_mut().find(same) {
            known.content = content;
        }
    }

    /// A table or view made in this session.
    pub fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.inner().tables.get(name).cloned()
    }

    /// Names of the tables and views made in this session, with their tables.
    pub fn tables(&self) -> Vec<(String, Arc<dyn TableProvider>)> {
        self.inner().tables.iter().map(|(n, t)| (n.clone(), t.clone())).collect()
    }

    /// Keeps a table or view.
    pub fn put_table(&self, name: &str, table: Arc<dyn TableProvider>) {
        self.inner().tables.insert(name.to_string(), table);
    }

    /// Forgets a table or view; false if there was none.
    pub fn drop_table(&self, name: &str) -> bool {
        self.inner().tables.remove(name).is_some()
    }
}

/// Opens a dataset, a Parquet file or a snapshot.
fn open(path: &Path, options: &OpenOptions) -> Result<Content> {
    if Dataset::is_dataset(path) {
        return Dataset::open(path).map(Content::Dataset);
    }
    if path.is_file() && is_parquet(path)? {
        return ForeignBytes::open(path).map(|bytes| Content::Parquet(Arc::new(bytes)));
    }
    ingest::open(path, options).map(|snapshot| Content::Snapshot(snapshot, BTreeMap::new()))
}

fn is_parquet(path: &Path) -> Result<bool> {
    use std::io::Read;
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| Error::io("open a file", path, &e))?;
    file.take(PARQUET_MAGIC.len() as u64).read_to_end(&mut head).map_err(|e| Error::io("read a file", path, &e))?;
    Ok(head == PARQUET_MAGIC || path.extension().is_some_and(|e| e == "parquet"))
}

/// Name of an attached path: its last part without a known ending.
fn name_of(path: &Path) -> String {
    let name = path.file_name().map_or_else(|| "data".to_string(), |n| n.to_string_lossy().into_owned());
    match name.rsplit_once('.') {
        // `galaxy.spolia@3` is version 3 of a dataset.
        Some((stem, ending)) if ENDINGS.contains(&ending.split('@').next().unwrap_or(ending)) && !stem.is_empty() => stem.to_string(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_the_dots_of_snapshots() {
        assert_eq!(name_of(Path::new("a/galaxy.spolia")), "galaxy");
        assert_eq!(name_of(Path::new("a/galaxy.spolia@12")), "galaxy");
        assert_eq!(name_of(Path::new("a/g8.26e11.01024")), "g8.26e11.01024");
        assert_eq!(name_of(Path::new("snap_099.hdf5")), "snap_099");
    }

    #[test]
    fn a_missing_path_is_not_found() {
        let error = Sources::default().attach(Path::new("/nowhere/at/all"), &OpenOptions::default()).unwrap_err();
        assert!(matches!(error.kind(), crate::ErrorKind::NotFound | crate::ErrorKind::Internal), "{error}");
    }
}
