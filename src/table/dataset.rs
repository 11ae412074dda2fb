//! A dataset on disk: opening it, its versions, tables, files and schemas.
//!
//! Layout     `HEAD` holds `<version> <BLAKE3 of versions/NNNNNN.json>`; the manifest names everything else
//! Refuses    a HEAD or manifest with any changed byte (Damaged), a folder without HEAD (NotFound)
//! Edge cases a folder where a first ingest was killed has no HEAD yet and holds no version
//! See also   `manifest`, `write`, `verify`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use crate::error::{Error, Result, nearest};

use super::checksum::{CheckedFile, Chunks, parquet_error, parquet_metadata};
use super::manifest::{FileEntry, Manifest};
use super::stored_schema::union;

/// One version of a dataset, opened for reading. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dataset {
    root: PathBuf,
    manifest: Arc<Manifest>,
    /// Files opened through this version and its clones, by path: what has been verified need not be verified again.
    opened: Arc<Mutex<BTreeMap<String, Arc<CheckedFile>>>>,
}

/// Most files that a dataset keeps open for later queries.
const KEPT_OPEN: usize = 256;

/// Folder and number of `galaxy.spolia@3`, unless something has that very name.
fn with_version(path: &Path) -> Option<(PathBuf, u64)> {
    let (name, version) = path.file_name()?.to_str()?.rsplit_once('@')?;
    let version = version.parse().ok().filter(|_| !name.is_empty() && !path.exists())?;
    Some((path.with_file_name(name), version))
}

/// One line of `spolia log`.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionSummary {
    /// Version.
    pub version: u64,
    /// Version it was made from, 0 for the first.
    pub parent: u64,
    /// UTC time of the commit.
    pub created: String,
    /// Program and version.
    pub engine: String,
    /// What was done.
    pub message: String,
    /// Rows over all tables.
    pub rows: u64,
    /// Bytes over all data files.
    pub bytes: u64,
}

impl Dataset {
    /// Whether the folder is a dataset (whole or not).
    pub fn is_dataset(path: &Path) -> bool {
        let is = |path: &Path| path.join("HEAD").is_file() || path.join("versions").is_dir();
        is(path) || with_version(path).is_some_and(|(root, _)| is(&root))
    }

    /// Opens the newest version, or version n of `galaxy.spolia@n`.
    pub fn open(root: &Path) -> Result<Dataset> {
        if let Some((root, version)) = with_version(root) {
            return Dataset::open_version(&root, version);
        }
        let Some((version, digest)) = head(root)? else {
            let error = if Dataset::is_dataset(root) {
                Error::not_found("the dataset has no finished version").hint("repeat the ingest; what was finished is kept")
            } else if root.exists() {
                Error::not_found("this is no dataset").hint("`spolia ingest SNAPSHOT -o DATASET` makes one")
            } else {
                Error::not_found("no such dataset")
                    .hint(crate::error::neighbour(root).unwrap_or_else(|| "`spolia ingest SNAPSHOT -o DATASET` makes one".into()))
            };
            return Err(error.at(format!("`{}`", root.display())));
        };
        Dataset::load(root, version, Some(&digest))
    }

    /// Opens the given version.
    pub fn open_version(root: &Path, version: u64) -> Result<Dataset> {
        if version_path(root, version).is_file() {
            return Dataset::load(root, version, None);
        }
        let dataset = Dataset::open(root)?;
        Err(Error::not_found(format!("the dataset has no version {version}"))
            .at(format!("`{}`", root.display()))
            .expected(format!("{} to {}", dataset.manifest.oldest, dataset.manifest.version)))
    }

    fn load(root: &Path, version: u64, digest: Option<&str>) -> Result<Dataset> {
        let path = version_path(root, version);
        let text = std::fs::read(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Error::damaged("the manifest of the newest version is missing").at(format!("`{}`", path.display()))
            }
            _ => Error::io("read the manifest", &path, &e),
        })?;
        if let Some(expected) = digest {
            let found = blake3::hash(&text).to_hex();
            if found.as_str() != expected {
                return Err(Error::damaged("manifest and HEAD do not agree")
                    .at(format!("`{}`", path.display()))
                    .expected(expected)
                    .found(found)
                    .hint("an older version may be whole: `spolia log` lists them"));
            }
        }
        let manifest = Manifest::from_text(&text, &path)?;
        if manifest.version != version {
            return Err(Error::damaged("manifest under the name of another version")
                .at(format!("`{}`", path.display()))
                .expected(version)
                .found(manifest.version));
        }
        Ok(Dataset { root: root.to_path_buf(), manifest: Arc::new(manifest), opened: Arc::default() })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The manifest of this version.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Names of the tables, ascending.
    pub fn tables(&self) -> Vec<String> {
        self.manifest.tables.keys().cloned().collect()
    }

    /// Whether `table` has one part per snapshot (and readers add a column `snap`), or is one table for the whole dataset.
    pub fn per_snapshot(&self, table: &str) -> Result<bool> {
        Ok(self.entry(table)?.per_snapshot)
    }

    /// Files of `table`, by snapshot and then in row order; none if there is no such table.
    pub fn files(&self, table: &str) -> Vec<FileEntry> {
        self.manifest.tables.get(table).map_or_else(Vec::new, |entry| entry.files.clone())
    }

    /// Schema of `table`: the union over its files, without the column `snap` of per-snapshot tables.
    pub fn schema(&self, table: &str) -> Result<SchemaRef> {
        let mut hashes: Vec<&str> = Vec::new();
        for file in &self.entry(table)?.files {
            // The place of the last use decides the order and the metadata of the union.
            hashes.retain(|hash| *hash != file.schema_hash);
            hashes.push(&file.schema_hash);
        }
        let schemas = hashes.into_iter().map(|hash| self.stored(hash)).collect::<Result<Vec<Schema>>>()?;
        union(table, &schemas)
    }

    /// Schema of one file.
    pub fn file_schema(&self, file: &FileEntry) -> Result<SchemaRef> {
        self.stored(&file.schema_hash).map(Arc::new)
    }

    fn stored(&self, hash: &str) -> Result<Schema> {
        let stored = self.manifest.schemas.get(hash);
        stored.ok_or_else(|| Error::damaged("manifest lacks the schema of a file").at(format!("`{}`", self.root.display())))?.to_arrow()
    }

    fn entry(&self, table: &str) -> Result<&super::manifest::TableEntry> {
        self.manifest.tables.get(table).ok_or_else(|| {
            let names = self.tables();
            let error = Error::not_found(format!("no table `{table}`"))
                .at(format!("`{}`", self.root.display()))
                .expected(format!("one of {}", names.join(", ")));
            match nearest(table, names.iter().map(String::as_str)) {
                Some(name) => error.hint(format!("did you mean `{name}`?")),
                None => error,
            }
        })
    }

    /// All rows of `table`, checked, in the schema of [`Dataset::schema`] (no column `snap` is added). For tests and small tables.
    pub fn read_table(&self, table: &str) -> Result<Vec<RecordBatch>> {
        let schema = self.schema(table)?;
        let mut batches = Vec::new();
        for file in &self.entry(table)?.files {
            for batch in self.read_file(file, false)? {
                batches.push(conform(&batch, &schema)?);
            }
        }
        Ok(batches)
    }

    /// A data file for checked reads (plain ones with `trust`); a file that is opened again keeps what is known of its blocks.
    pub fn checked_file(&self, file: &FileEntry, trust: bool) -> Result<Arc<CheckedFile>> {
        if trust {
            return CheckedFile::open(&self.root, file, trust).map(Arc::new);
        }
        // A panic elsewhere leaves the map whole: it changes by single inserts.
        if let Some(known) = self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(&file.path) {
            return Ok(known.clone());
        }
        let opened = Arc::new(CheckedFile::open(&self.root, file, trust)?);
        let mut all = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < KEPT_OPEN {
            all.insert(file.path.clone(), opened.clone());
        }
        Ok(opened)
    }

    /// All rows of one file, checked unless `trust`.
    pub fn read_file(&self, file: &FileEntry, trust: bool) -> Result<Vec<RecordBatch>> {
        let checked = self.checked_file(file, trust)?;
        let metadata = parquet_metadata(&checked)?;
        let path = checked.path().to_path_buf();
        let fail = |error| parquet_error("read a data file", &path, error);
        let read = || -> Result<Vec<RecordBatch>> {
            let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new()).map_err(fail)?;
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(Chunks(checked.clone()), metadata).build().map_err(fail)?;
            reader.map(|batch| batch.map_err(|error| arrow_error("read a data file", &path, error))).collect()
        };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
            .unwrap_or_else(|_| Err(Error::damaged("a data file makes no sense").at(format!("`{}`", path.display()))))
    }

    /// Every version whose manifest is whole, newest first; older ones that are damaged are left out.
    pub fn log(&self) -> Result<Vec<VersionSummary>> {
        let mut versions = Vec::new();
        for version in (1..=self.manifest.version).rev() {
            if let Ok(dataset) = Dataset::load(&self.root, version, None) {
                let manifest = dataset.manifest;
                let files = manifest.tables.values().flat_map(|t| &t.files);
                let (rows, bytes) = files.fold((0, 0), |(rows, bytes), f| (rows + f.rows, bytes + f.bytes));
                versions.push(VersionSummary {
                    version,
                    parent: manifest.parent,
                    created: manifest.created.clone(),
                    engine: manifest.engine.clone(),
                    message: manifest.message.clone(),
                    rows,
                    bytes,
                });
            }
        }
        Ok(versions)
    }
}

/// `batch` with the columns and types of `schema`; missing columns become nulls.
pub(super) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
        Some(column) => cast(column, field.data_type()),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    });
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>();
    columns
        .and_then(|columns| RecordBatch::try_new(schema.clone(), columns))
        .map_err(|e| Error::damaged("a data file does not fit the schema in its manifest").because(e))
}

/// Our error for an Arrow error that came up while reading `path`.
pub(super) fn arrow_error(action: &str, path: &Path, error: arrow::error::ArrowError) -> Error {
    use arrow::error::ArrowError;
    match error {
        ArrowError::ExternalError(cause) => match cause.downcast::<Error>() {
            Ok(own) => *own,
            Err(other) => match other.downcast::<parquet::errors::ParquetError>() {
                Ok(parquet) => parquet_error(action, path, *parquet),
                Err(other) => Error::damaged(format!("cannot {action}")).at(format!("`{}`", path.display())).because(other),
            },
        },
        other => Error::damaged(format!("cannot {action}")).at(format!("`{}`", path.display())).because(other),
    }
}

/// Path of a manifest.
pub(super) fn version_path(root: &Path, version: u64) -> PathBuf {
    root.join("versions").join(format!("{version:06}.json"))
}

/// Version and manifest digest of `HEAD`; none if there is no such file.
pub(super) fn head(root: &Path) -> Result<Option<(u64, String)>> {
    let path = root.join("HEAD");
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(Error::io("read the newest version number", &path, &e)),
    };
    let parsed = std::str::from_utf8(&text).ok().and_then(|text| {
        let (version, digest) = text.strip_suffix('\n')?.split_once(' ')?;
        let version: u64 = version.parse().ok()?;
        // Written back and compared, so that `+3` or `03` is refused too.
        (head_text(version, digest) == text).then(|| (version, digest.to_string()))
    });
    match parsed {
        Some(found) => Ok(Some(found)),
        None => Err(Error::damaged("HEAD is not `<version> <digest>`").at(format!("`{}`", path.display()))),
    }
}

/// Content of `HEAD`.
pub(super) fn head_text(version: u64, digest: &str) -> String {
    format!("{version} {digest}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_without_a_version_are_not_found() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Dataset::is_dataset(folder.path()));
        let error = Dataset::open(folder.path()).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::NotFound);
        assert!(error.hint_text().unwrap().contains("ingest"));
        std::fs::create_dir(folder.path().join("versions")).unwrap();
        assert!(Dataset::is_dataset(folder.path()));
        assert!(Dataset::open(folder.path()).unwrap_err().to_string().contains("no finished version"));
        assert!(Dataset::open(Path::new("/nonexistent/x")).is_err());
    }

    #[test]
    fn a_head_of_any_other_form_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "3", "3 ab", "03 ab\n", "+3 ab\n", "3 ab\n\n", "x ab\n", "3  ab\n"] {
            std::fs::write(folder.path().join("HEAD"), text).unwrap();
            assert_eq!(Dataset::open(folder.path()).unwrap_err().exit_code(), 3, "{text:?}");
        }
    }
}
