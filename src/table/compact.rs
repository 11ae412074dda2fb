//! Forgetting old versions of a dataset: their manifests and the data files that no kept version names.
//!
//! Layout     a new version says from which one on versions are kept; only then older manifests go, and after them data files
//! Refuses    to keep none; a dataset that another process is writing
//! Edge cases killed after its commit, the next run removes the rest; a reader that has a file open goes on reading it
//! See also   `write` for the commit, `verify`

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

use super::dataset::{Dataset, version_path};
use super::durable::sync_folder;
use super::journal;
use super::write::Transaction;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Newest version afterwards.
    pub version: u64,
    /// Oldest version that is kept.
    pub oldest: u64,
    /// Manifests removed.
    pub versions: u64,
    /// Data files removed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Keeps the newest `keep` versions of the dataset at `root`, the one that this makes among them.
pub fn compact(root: &Path, keep: u64) -> Result<Compacted> {
    if keep == 0 {
        return Err(Error::usage("a dataset keeps at least one version").expected("--keep 1 or more"));
    }
    // A wrong path must not become a new dataset.
    let dataset = Dataset::open(root)?;
    let root = dataset.root().to_path_buf();
    let mut transaction = Transaction::begin(&root)?;
    let next = transaction.manifest().version + 1;
    let oldest = (next + 1).saturating_sub(keep).max(transaction.manifest().oldest);
    transaction.manifest_mut().oldest = oldest;
    let removed: Vec<_> = (1..oldest).map(|version| version_path(&root, version)).filter(|path| path.is_file()).collect();
    let mut report = Compacted { oldest, ..Compacted::default() };
    report.version = transaction.commit_then(&format!("compact: versions from {oldest} on are kept"), |root| {
        for path in &removed {
            fs::remove_file(path).map_err(|e| Error::io("remove an old manifest", path, &e))?;
        }
        sync_folder(&root.join("versions"))?;
        report.versions = removed.len() as u64;
        (report.files, report.bytes) = journal::sweep(root);
        Ok(())
    })?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::schema::canonical_field;
    use crate::table::verify::{Level, verify};
    use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
    use arrow::datatypes::{DataType, Schema};
    use std::sync::Arc;

    fn version(root: &Path, ids: &[u64]) {
        let schema = Arc::new(Schema::new(vec![canonical_field("id", DataType::UInt64, "", None)]));
        let mut transaction = Transaction::begin(root).unwrap();
        let mut writer = transaction.writer("stars", 1, schema.clone()).unwrap();
        let column: ArrayRef = Arc::new(UInt64Array::from(ids.to_vec()));
        writer.write(&RecordBatch::try_new(schema, vec![column]).unwrap()).unwrap();
        writer.finish().unwrap();
        transaction.commit("rows").unwrap();
    }

    fn rows(root: &Path) -> usize {
        Dataset::open(root).unwrap().read_table("stars").unwrap().iter().map(RecordBatch::num_rows).sum()
    }

    #[test]
    fn old_versions_go_and_the_newest_stays_whole() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("d.spolia");
        for n in 1..=4 {
            version(&root, &(0..n).collect::<Vec<_>>());
        }
        let at = |n: u64| folder.path().join(format!("d.spolia@{n}"));
        assert_eq!((rows(&root), rows(&at(2))), (4, 2));
        let done = compact(&root, 2).unwrap();
        assert_eq!((done.version, done.oldest, done.versions, done.files), (5, 4, 3, 3));
        assert!(done.bytes > 0);
        assert_eq!((rows(&root), rows(&at(4)), rows(&at(5))), (4, 4, 4));
        let error = Dataset::open(&at(2)).unwrap_err();
        assert!(error.to_string().contains("4 to 5"), "{error}");
        let report = verify(&root, Level::Deep).unwrap();
        assert!(report.is_whole() && report.older_versions == 1);
        // Nothing is left to remove, and the dataset can be written on.
        assert_eq!(compact(&root, 9).unwrap(), Compacted { version: 6, oldest: 4, ..Compacted::default() });
        version(&root, &[1, 2, 3, 4, 5]);
        assert_eq!(rows(&root), 5);
    }

    #[test]
    fn keeping_none_and_folders_that_are_no_datasets_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(compact(folder.path(), 0).is_err() && compact(folder.path(), 1).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
