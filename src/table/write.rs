//! Transactions: the next version of a dataset, all of it or nothing, whatever kills the writer.
//!
//! Layout     data files: tmp -> fsync -> rename to `<hash>.parquet`; manifest: tmp -> fsync -> hard link to the next number, which
//!            fails if it exists; HEAD: tmp -> fsync -> rename, which is the commit; folders are synced after each step
//! Refuses    a folder with other content, a second writer while one lives (after a wait), names that are no table names
//! Edge cases the lock is held by the process and dies with it; what a killed writer left is cleared by the next; a manifest that
//!            was linked but not yet named by HEAD is completed by the next writer
//! See also   `dataset`, `journal`, `parquet_file`

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::error::{Error, ErrorKind, Result};

use super::checksum::parquet_error;
use super::dataset::{Dataset, head, head_text, version_path};
use super::durable::{DigestingFile, create_folder, rename_synced, sync_folder, write_error, write_synced};
use super::journal::{self, FinishedFile};
use super::manifest::{BLOCK_BYTES, FORMAT_VERSION, FileEntry, Manifest, TableEntry, engine};
use super::parquet_file::ParquetFile;
use super::stored_schema::StoredSchema;

/// How long [`Transaction::begin`] waits for another writer.
const PATIENCE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_millis(20);
const FILE_NAME_HEX_DIGITS: usize = 32;

/// Work towards the next version of a dataset; dropped without commit, it leaves the dataset as it was.
#[derive(Debug)]
pub struct Transaction {
    root: PathBuf,
    work: PathBuf,
    manifest: Manifest,
    shared: Arc<Mutex<Shared>>,
    committed: bool,
    /// Last field: released after everything else.
    _lock: File,
}

/// What writers hand to their transaction.
#[derive(Debug, Default)]
struct Shared {
    writers: u64,
    finished: Vec<(u64, FinishedFile)>,
    /// Files to remove if there is no commit: new under their name and not in the journal.
    loose: Vec<PathBuf>,
}

impl Transaction {
    /// Takes the writer's lock of the dataset at `root`, which is created if absent; waits up to 10 s for another writer.
    pub fn begin(root: &Path) -> Result<Transaction> {
        Transaction::begin_within(root, PATIENCE)
    }

    /// As [`Transaction::begin`], with another patience.
    pub fn begin_within(root: &Path, patience: Duration) -> Result<Transaction> {
        create(root)?;
        let lock = lock(root, patience)?;
        let manifest = recover(root)?;
        let temporary = root.join("tmp");
        create_folder(&temporary)?;
        let mut leftovers = false;
        for entry in fs::read_dir(&temporary).map_err(|e| Error::io("list a folder", &temporary, &e))?.flatten() {
            if entry.file_name() != "journal" {
                leftovers = true;
                let path = entry.path();
                let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
            }
        }
        journal::forget_committed(root, &manifest);
        if leftovers {
            journal::sweep(root);
        }
        let work = temporary.join(unique_name());
        create_folder(&work)?;
        Ok(Transaction { root: root.to_path_buf(), work, manifest, shared: Arc::default(), committed: false, _lock: lock })
    }

    /// Clears what a killed writer left behind its commit, unless another one is at work.
    pub(crate) fn tidy(root: &Path) {
        let left = fs::read_dir(root.join("tmp")).is_ok_and(|mut list| list.next().is_some());
        if left {
            let _ = Transaction::begin_within(root, Duration::ZERO);
        }
    }

    /// The folder of the dataset.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder for temporary files, removed with the transaction.
    pub fn work_folder(&self) -> &Path {
        &self.work
    }

    /// A writer of one file of `table` for snapshot `snap`. All files of this transaction for a table and snapshot together replace
    /// those of older versions; several follow each other in the order in which their writers were made.
    pub fn writer(&mut self, table: &str, snap: u32, schema: SchemaRef) -> Result<TableWriter> {
        self.make_writer(table, snap, true, schema)
    }

    /// A writer of that part of a whole table which came with snapshot `snap`; its schema may have a column `snap` of its own. Files of
    /// older versions that came with the same snapshot are replaced.
    pub fn writer_part(&mut self, table: &str, snap: u32, schema: SchemaRef) -> Result<TableWriter> {
        self.make_writer(table, snap, false, schema)
    }

    /// A writer of a table that belongs to the whole dataset; its schema may have a column `snap` of its own.
    pub fn writer_whole(&mut self, table: &str, schema: SchemaRef) -> Result<TableWriter> {
        self.make_writer(table, 0, false, schema)
    }

    fn make_writer(&mut self, table: &str, snap: u32, per_snapshot: bool, schema: SchemaRef) -> Result<TableWriter> {
        let proper = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !proper(table) {
            return Err(Error::usage(format!("`{table}` cannot be the name of a table")).expected("lower-case letters, digits and `_`"));
        }
        let mut names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::mismatch(format!("table {table} has two columns `{}`", pair[0])));
        }
        if per_snapshot && names.contains(&"snap") {
            return Err(
                Error::usage(format!("table {table} has a column `snap`")).hint("readers add it from the snapshot's number; leave it out")
            );
        }
        let stored = StoredSchema::new(&schema)?;
        let folder = if per_snapshot { format!("data/{table}/snap={snap:05}") } else { format!("data/{table}") };
        let number = {
            let mut shared = self.shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            shared.writers += 1;
            shared.writers
        };
        let temporary = self.work.join(format!("{number}.parquet"));
        let sink = DigestingFile::create(&temporary)?;
        let parquet = ParquetFile::new(sink, schema).map_err(|e| write_failure(&temporary, e))?;
        Ok(TableWriter {
            root: self.root.clone(),
            work: self.work.clone(),
            temporary,
            folder,
            table: table.to_string(),
            snap,
            per_snapshot,
            number,
            stored,
            parquet,
            shared: self.shared.clone(),
        })
    }

    /// Takes a file that an earlier, unfinished transaction wrote under `key` ([`TableWriter::finish_as`]), if it is whole.
    pub fn reuse(&mut self, key: &str) -> Option<FileEntry> {
        let finished = journal::recall(&self.root, key)?;
        let file = finished.file.clone();
        let mut shared = self.shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        shared.writers += 1;
        let number = shared.writers;
        shared.finished.push((number, finished));
        Some(file)
    }

    /// The manifest of the version this one starts from.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest that will be committed; files of writers are added at the commit.
    pub fn manifest_mut(&mut self) -> &mut Manifest {
        &mut self.manifest
    }

    /// Makes the new version and returns its number.
    pub fn commit(self, message: &str) -> Result<u64> {
        self.commit_then(message, |_| Ok(()))
    }

    /// As [`Transaction::commit`], then does `after` with the folder of the dataset while the lock is still held.
    pub(super) fn commit_then(mut self, message: &str, after: impl FnOnce(&Path) -> Result<()>) -> Result<u64> {
        let mut finished = {
            let mut shared = self.shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            shared.finished.sort_by_key(|(number, _)| *number);
            shared.finished.iter().map(|(_, file)| file.clone()).collect::<Vec<_>>()
        };
        let stale_journal = !journal::is_empty(&self.root);
        let manifest = &mut self.manifest;
        for new in &finished {
            let entry =
                manifest.tables.entry(new.table.clone()).or_insert_with(|| TableEntry { files: vec![], per_snapshot: new.per_snapshot });
            if entry.per_snapshot != new.per_snapshot && !entry.files.is_empty() {
                return Err(Error::mismatch(format!(
                    "table {} is kept {}",
                    new.table,
                    if entry.per_snapshot { "per snapshot" } else { "as a whole" }
                )));
            }
            entry.per_snapshot = new.per_snapshot;
            entry.files.retain(|old| old.snap != new.file.snap);
        }
        for new in finished.drain(..) {
            manifest.schemas.insert(new.file.schema_hash.clone(), new.schema);
            if let Some(entry) = manifest.tables.get_mut(&new.table) {
                entry.files.push(new.file);
            }
        }
        // Stable: files of one snapshot stay in the order of their writers.
        manifest.tables.values_mut().for_each(|entry| entry.files.sort_by_key(|file| file.snap));
        manifest.tables.retain(|_, entry| !entry.files.is_empty());
        let used: Vec<&String> = manifest.tables.values().flat_map(|t| &t.files).map(|f| &f.schema_hash).collect();
        let used: std::collections::BTreeSet<String> = used.into_iter().cloned().collect();
        manifest.schemas.retain(|hash, _| used.contains(hash));

        manifest.format_version = FORMAT_VERSION;
        manifest.parent = manifest.version;
        manifest.version += 1;
        manifest.created = utc_now();
        manifest.engine = engine();
        manifest.message = message.to_string();
        let version = manifest.version;
        let text = manifest.to_text()?;
        let temporary = self.work.join("manifest.json");
        write_synced(&temporary, text.as_bytes())?;
        link_new(&temporary, &version_path(&self.root, version))?;
        // From the link on the files belong to a version that the next writer completes, so they stay even if HEAD cannot be set.
        self.committed = true;
        sync_folder(&self.root.join("versions"))?;
        set_head(&self.root, &self.work, version, &text)?;
        if stale_journal {
            journal::clear(&self.root);
            journal::sweep(&self.root);
        }
        after(&self.root)?;
        Ok(version)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.committed {
            let shared = self.shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            for path in &shared.loose {
                let _ = fs::remove_file(path);
            }
        }
        let _ = fs::remove_dir_all(&self.work);
        if self.manifest.version == 0 && !self.committed && journal::is_empty(&self.root) {
            // No version was ever made here and none can be resumed. `versions` goes first and only if it is empty.
            if fs::remove_dir(self.root.join("versions")).is_ok() {
                let _ = fs::remove_dir_all(self.root.join("data"));
                let _ = fs::remove_dir_all(self.root.join("tmp"));
                let _ = fs::remove_file(self.root.join("lock"));
                let _ = fs::remove_dir(&self.root);
            }
        }
    }
}

/// Writes the rows of one file.
#[derive(Debug)]
pub struct TableWriter {
    root: PathBuf,
    work: PathBuf,
    temporary: PathBuf,
    folder: String,
    table: String,
    snap: u32,
    per_snapshot: bool,
    number: u64,
    stored: StoredSchema,
    parquet: ParquetFile<DigestingFile>,
    shared: Arc<Mutex<Shared>>,
}

impl TableWriter {
    /// Appends rows, encoded on the threads of the current rayon pool.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.parquet.write(batch).map_err(|e| write_failure(&self.temporary, e))
    }

    /// Closes the file and adds it to the transaction.
    pub fn finish(self) -> Result<()> {
        self.close(None).map(drop)
    }

    /// As [`TableWriter::finish`], and remembers the file under `key`: a later transaction can [`Transaction::reuse`] it if this one
    /// is stopped before its commit.
    pub fn finish_as(self, key: &str) -> Result<FileEntry> {
        self.close(Some(key))
    }

    fn close(self, key: Option<&str>) -> Result<FileEntry> {
        let (rows, columns, sink) = self.parquet.finish().map_err(|e| write_failure(&self.temporary, e))?;
        let digests = sink.finish(&self.temporary)?;
        let name = digests.blake3.get(..FILE_NAME_HEX_DIGITS).unwrap_or(&digests.blake3);
        let path = format!("{}/{name}.parquet", self.folder);
        let target = self.root.join(&path);
        for folder in [self.root.join("data"), self.root.join("data").join(&self.table), self.root.join(&self.folder)] {
            create_folder(&folder)?;
        }
        let known = target.exists();
        rename_synced(&self.temporary, &target)?;
        let file = FileEntry {
            path,
            bytes: digests.bytes,
            blake3: digests.blake3,
            block_bytes: BLOCK_BYTES,
            blocks: digests.blocks,
            rows,
            snap: self.snap,
            schema_hash: self.stored.hash()?,
            columns,
        };
        let finished = FinishedFile { table: self.table, per_snapshot: self.per_snapshot, file: file.clone(), schema: self.stored };
        let mut shared = self.shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if !known {
            shared.loose.push(target);
        }
        if let Some(key) = key {
            journal::remember(&self.root, &self.work, key, &finished)?;
            if !known {
                shared.loose.pop();
            }
        }
        shared.finished.push((self.number, finished));
        Ok(file)
    }
}

fn write_failure(path: &Path, error: parquet::errors::ParquetError) -> Error {
    match error {
        parquet::errors::ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(io) => write_error("write a data file", path, &io),
            Err(other) => parquet_error("write a data file", path, parquet::errors::ParquetError::External(other)),
        },
        other => Error::internal("a table cannot be encoded").because(other),
    }
}

/// Makes the folders of an empty dataset; a folder that holds anything else is refused.
fn create(root: &Path) -> Result<()> {
    if !Dataset::is_dataset(root) {
        match fs::read_dir(root) {
            Ok(mut list) => {
                // A writer killed in its first instant leaves `lock` at most.
                let strange = list.find(|entry| {
                    entry.as_ref().is_ok_and(|e| !matches!(e.file_name().to_str(), Some("lock" | "versions" | "data" | "tmp")))
                });
                if strange.is_some() {
                    return Err(Error::usage("the folder is not empty and not a dataset")
                        .at(format!("`{}`", root.display()))
                        .hint("name a new folder, by custom `NAME.spolia`"));
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotADirectory => {
                return Err(Error::usage("a dataset is a folder, and this is a file").at(format!("`{}`", root.display())));
            }
            Err(e) => return Err(Error::io("open the folder", root, &e)),
        }
    }
    create_folder(root)?;
    create_folder(&root.join("versions"))?;
    create_folder(&root.join("data"))
}

fn lock(root: &Path, patience: Duration) -> Result<File> {
    let path = root.join("lock");
    let started = Instant::now();
    loop {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| write_error("open the lock", &path, &e))?;
        match file.try_lock() {
            Ok(()) => {
                // The previous holder may have removed an empty dataset, and this lock file with it.
                let same = matches!((file.metadata(), fs::metadata(&path)), (Ok(a), Ok(b)) if a.ino() == b.ino() && a.dev() == b.dev());
                if same {
                    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                    return Ok(file);
                }
                create(root)?;
            }
            Err(TryLockError::WouldBlock) if started.elapsed() < patience => std::thread::sleep(RETRY),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                return Err(Error::new(ErrorKind::Limit, "another process is writing to the dataset")
                    .at(format!("`{}`", root.display()))
                    .found(format!("process {holder}, still busy after {:.1} s", patience.as_secs_f64()))
                    .hint("wait for it to end; the lock dies with the process, so nothing needs to be removed"));
            }
            Err(TryLockError::Error(e)) => return Err(write_error("lock the dataset", &path, &e)),
        }
    }
}

/// The newest version; one whose manifest was linked but not yet named by HEAD is completed first.
fn recover(root: &Path) -> Result<Manifest> {
    let manifest = match head(root)? {
        Some(_) => Dataset::open(root)?.manifest().clone(),
        None => Manifest::empty(&dataset_name(root)),
    };
    let next = version_path(root, manifest.version + 1);
    let Ok(text) = fs::read(&next) else { return Ok(manifest) };
    match Manifest::from_text(&text, &next) {
        Ok(complete) if complete.version == manifest.version + 1 && complete.parent == manifest.version => {
            let work = root.join("tmp").join(unique_name());
            create_folder(&work)?;
            set_head(root, &work, complete.version, &String::from_utf8_lossy(&text))?;
            Ok(complete)
        }
        _ => {
            fs::remove_file(&next).map_err(|e| Error::io("remove an unfinished manifest", &next, &e))?;
            sync_folder(&root.join("versions"))?;
            Ok(manifest)
        }
    }
}

/// Gives `temporary` the name `target` if no file has it.
fn link_new(temporary: &Path, target: &Path) -> Result<()> {
    let taken = || {
        Error::new(ErrorKind::Io, "someone else wrote the same version")
            .at(format!("`{}`", target.display()))
            .hint("repeat the command; on a network file system without locks let only one process write")
    };
    match fs::hard_link(temporary, target) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Err(taken()),
        // File systems without hard links: the lock alone has to keep others away.
        Err(e) if matches!(e.kind(), std::io::ErrorKind::Unsupported | std::io::ErrorKind::PermissionDenied) => {
            if target.exists() {
                return Err(taken());
            }
            fs::rename(temporary, target).map_err(|e| write_error("name the manifest", target, &e))?;
        }
        Err(e) => return Err(write_error("name the manifest", target, &e)),
    }
    Ok(())
}

fn set_head(root: &Path, work: &Path, version: u64, manifest_text: &str) -> Result<()> {
    let digest = blake3::hash(manifest_text.as_bytes()).to_hex();
    let temporary = work.join("HEAD");
    write_synced(&temporary, head_text(version, &digest).as_bytes())?;
    rename_synced(&temporary, &root.join("HEAD"))
}

/// `galaxy` for `some/galaxy.spolia`.
pub fn dataset_name(root: &Path) -> String {
    let absolute = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
    let name = absolute.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_suffix(".spolia").unwrap_or(&name).to_string()
}

fn unique_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    format!("{}-{now:x}", std::process::id())
}

/// The time as `2026-05-01T12:00:00Z`.
pub(crate) fn utc_now() -> String {
    utc_text(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()))
}

/// Seconds since 1970 as a UTC date, in the proleptic Gregorian calendar.
fn utc_text(seconds: u64) -> String {
    const DAY_S: u64 = 86_400;
    let (mut days, rest) = (seconds / DAY_S, seconds % DAY_S);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}T{:02}:{:02}:{:02}Z", days + 1, rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests;
