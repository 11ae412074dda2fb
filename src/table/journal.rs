//! Finished files that no version names yet: what a repeated ingest finds and need not do again; and the sweep of what nobody needs.
//!
//! Layout     `tmp/journal/<key>.json`: `<BLAKE3 of the rest>\n` + JSON; the key tells source, options, table and snapshot apart
//! Refuses    nothing: an entry that is damaged or whose file does not pass its checksums is as good as none
//! See also   `write::Transaction::reuse`

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

use super::checksum::CheckedFile;
use super::durable::{create_folder, rename_synced, write_synced};
use super::manifest::{FileEntry, Manifest};
use super::stored_schema::StoredSchema;

/// A file of a table, not yet part of a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FinishedFile {
    pub table: String,
    pub per_snapshot: bool,
    pub file: FileEntry,
    pub schema: StoredSchema,
}

fn folder(root: &Path) -> PathBuf {
    root.join("tmp").join("journal")
}

fn entry_path(root: &Path, key: &str) -> PathBuf {
    folder(root).join(format!("{}.json", &blake3::hash(key.as_bytes()).to_hex()[..32]))
}

/// Remembers a finished file.
pub(super) fn remember(root: &Path, work: &Path, key: &str, finished: &FinishedFile) -> Result<()> {
    let body = serde_json::to_string(&(key, finished)).map_err(|e| Error::internal("a journal entry does not serialise").because(e))?;
    let text = format!("{}\n{body}", blake3::hash(body.as_bytes()).to_hex());
    create_folder(&folder(root))?;
    let path = entry_path(root, key);
    let temporary = work.join("journal.json");
    write_synced(&temporary, text.as_bytes())?;
    rename_synced(&temporary, &path)
}

/// The file that was finished under `key`, if it is still whole.
pub(super) fn recall(root: &Path, key: &str) -> Option<FinishedFile> {
    let (known, finished) = read(&entry_path(root, key))?;
    let whole = known == key && CheckedFile::open(root, &finished.file, false).and_then(|file| file.verify()).is_ok();
    whole.then_some(finished)
}

fn read(path: &Path) -> Option<(String, FinishedFile)> {
    let text = fs::read_to_string(path).ok()?;
    let (digest, body) = text.split_once('\n')?;
    if blake3::hash(body.as_bytes()).to_hex().as_str() != digest {
        return None;
    }
    serde_json::from_str(body).ok()
}

fn entries(root: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder(root)).map_or_else(|_| Vec::new(), |list| list.flatten().map(|e| e.path()).collect())
}

/// Whether there is any entry.
pub(super) fn is_empty(root: &Path) -> bool {
    entries(root).is_empty()
}

/// Forgets everything.
pub(super) fn clear(root: &Path) {
    // A failure here costs disk space until the next sweep, nothing else.
    let _ = fs::remove_dir_all(folder(root));
}

/// Forgets the files that `manifest` names: a writer was killed after its commit and before it could.
pub(super) fn forget_committed(root: &Path, manifest: &Manifest) {
    let named: BTreeSet<&str> = manifest.tables.values().flat_map(|t| &t.files).map(|f| f.path.as_str()).collect();
    for path in entries(root) {
        if read(&path).is_none_or(|(_, finished)| named.contains(finished.file.path.as_str())) {
            let _ = fs::remove_file(path);
        }
    }
    // Stays if it is not empty.
    let _ = fs::remove_dir(folder(root));
}

/// Removes data files that neither a version nor the journal names, and says how many files and bytes. Only for the holder of the
/// lock. If any manifest cannot be read, nothing is removed.
pub(super) fn sweep(root: &Path) -> (u64, u64) {
    let (mut files, mut bytes) = (0, 0);
    let Some(needed) = needed_files(root) else { return (files, bytes) };
    let mut stack = vec![root.join("data")];
    while let Some(folder) = stack.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => stack.push(path),
                Ok(kind) if kind.is_file() && path.extension().is_some_and(|e| e == "parquet") && !needed.contains(&path) => {
                    let length = entry.metadata().map_or(0, |m| m.len());
                    if fs::remove_file(&path).is_ok() {
                        (files, bytes) = (files + 1, bytes + length);
                    }
                }
                _ => {}
            }
        }
    }
    (files, bytes)
}

fn needed_files(root: &Path) -> Option<BTreeSet<PathBuf>> {
    let mut needed = BTreeSet::new();
    for entry in fs::read_dir(root.join("versions")).ok()? {
        let path = entry.ok()?.path();
        let manifest = Manifest::from_text(&fs::read(&path).ok()?, &path).ok()?;
        needed.extend(manifest.tables.values().flat_map(|t| &t.files).map(|f| root.join(&f.path)));
    }
    needed.extend(entries(root).iter().filter_map(|path| read(path)).map(|(_, finished)| root.join(finished.file.path)));
    Some(needed)
}
