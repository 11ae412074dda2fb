//! The inputs of a pipeline on disk: paths and patterns resolved, and the identity of what they hold.
//!
//! Layout     identity of a dataset: its tables and snapshots, never its frames or its version; of a snapshot: all its files; else the file
//! Refuses    patterns without a match, paths that do not exist
//! Edge cases of what a pattern matches, only first files of snapshots count where there are any: `run.*` leaves out `run.00512.iord`
//! See also   `fingerprint`, `identity`

use std::path::{Path, PathBuf};

use super::fingerprint::Fingerprints;
use super::plan::Input;
use crate::error::{Error, Result};
use crate::ingest::{OpenOptions, open, snapshots_in};
use crate::table::{Dataset, Manifest};

/// An input found on disk.
#[derive(Clone, Debug)]
pub struct Found {
    /// Name in the file.
    pub name: String,
    /// Paths in natural order; at least one.
    pub paths: Vec<PathBuf>,
    /// Paths as the user gave them, for records.
    pub written: Vec<String>,
    /// Digest of the content.
    pub digest: String,
    /// Bytes of the content.
    pub bytes: u64,
}

/// Finds an input; relative paths start at `folder`, an override at the working folder.
pub fn find(input: &Input, folder: &Path, given: Option<&Path>, fingerprints: &Fingerprints) -> Result<Found> {
    let (paths, written) = match given {
        Some(path) => (expand(path)?, vec![path.display().to_string()]),
        None => {
            let mut paths = Vec::new();
            for pattern in &input.patterns {
                paths.extend(expand(&folder.join(pattern))?);
            }
            (paths, input.patterns.clone())
        }
    };
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    for path in &paths {
        let (digest, length) = content(path, fingerprints)?;
        hasher.update(digest.as_bytes());
        bytes += length;
    }
    Ok(Found { name: input.name.clone(), paths, written, digest: hasher.finalize().to_hex().to_string(), bytes })
}

/// Digest and bytes of what lies at `path`.
fn content(path: &Path, fingerprints: &Fingerprints) -> Result<(String, u64)> {
    if Dataset::is_dataset(path) {
        let dataset = Dataset::open(path)?;
        return Ok((data_digest(dataset.manifest()), data_bytes(dataset.manifest())));
    }
    let files = if path.is_dir() {
        let mut files = Vec::new();
        for snapshot in snapshots_in(path)? {
            files.extend(files_of(&snapshot)?);
        }
        files
    } else {
        // What no reader knows (a catalogue, a Parquet file) is one file.
        files_of(path).unwrap_or_else(|_| vec![path.to_path_buf()])
    };
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    for file in files {
        let (length, digest) = fingerprints.digest(&file)?;
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        hasher.update(format!("{name}\n{length} {digest}\n").as_bytes());
        bytes += length;
    }
    Ok((hasher.finalize().to_hex().to_string(), bytes))
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = open(path, &OpenOptions::default())?.info().files.iter().map(|(p, _)| p.clone()).collect();
    files.sort();
    Ok(files)
}

/// Digest of the rows and the physical headers of a dataset: the same for the same data, whatever frames and versions there are.
pub fn data_digest(manifest: &Manifest) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, table) in &manifest.tables {
        hasher.update(format!("table {name} {}\n", table.per_snapshot).as_bytes());
        for file in &table.files {
            hasher.update(format!("{} {} {} {}\n", file.snap, file.rows, file.blake3, file.schema_hash).as_bytes());
        }
    }
    for snap in &manifest.snapshots {
        let header = (snap.snap, snap.scale_factor, snap.redshift, snap.time_gyr, &snap.cosmology, snap.box_kpc);
        hasher.update(format!("{header:?}\n").as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Bytes of the data files.
pub fn data_bytes(manifest: &Manifest) -> u64 {
    manifest.tables.values().flat_map(|t| &t.files).map(|f| f.bytes).sum()
}

/// The paths that a path or pattern means, in natural order.
fn expand(pattern: &Path) -> Result<Vec<PathBuf>> {
    let text = pattern.to_string_lossy();
    if !text.contains(['*', '?']) || pattern.exists() {
        return match pattern.exists() {
            true => Ok(vec![pattern.to_path_buf()]),
            false => Err(missing(pattern)),
        };
    }
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let part_text = part.as_os_str().to_string_lossy();
        if !part_text.contains(['*', '?']) {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        }
        let mut next = Vec::new();
        for folder in &found {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let Ok(list) = std::fs::read_dir(folder) else { continue };
            let names = list.flatten().map(|e| e.file_name()).filter(|name| {
                let name = name.to_string_lossy();
                matches(&part_text, &name) && (!name.starts_with('.') || part_text.starts_with('.'))
            });
            next.extend(names.map(|name| folder.join(name)));
        }
        found = next;
    }
    found.retain(|path| path.exists());
    let mut folders: Vec<&Path> = found.iter().filter_map(|p| p.parent()).collect();
    folders.sort();
    folders.dedup();
    let first: Vec<PathBuf> = folders.iter().filter_map(|f| snapshots_in(f).ok()).flatten().collect();
    let snapshots: Vec<PathBuf> = first.into_iter().filter(|p| found.contains(p)).collect();
    if !snapshots.is_empty() {
        return Ok(snapshots);
    }
    found.sort();
    if found.is_empty() { Err(missing(pattern)) } else { Ok(found) }
}

fn missing(pattern: &Path) -> Error {
    Error::not_found("an input is not there")
        .at(format!("`{}`", pattern.display()))
        .hint("paths in a pipeline start at the folder of its file")
}

/// Whether `name` fits `pattern`: `*` is any run of characters, `?` any single one.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on when the last `*` takes one character more: linear memory, no deep recursion on hostile patterns.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(c) if *c == '?' || name.get(n) == Some(c) => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((star, taken)) => {
                    p = star;
                    n = taken + 1;
                    retry = Some((star, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, fits) in [
            ("*", "a", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("demo.0????", "demo.00512", true),
            ("demo.0????", "demo.00512.iord", false),
            ("*.h?f5", "s.hdf5", true),
            ("", "", true),
            ("?", "", false),
            ("**a**", "bab", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
        // Exponential matchers need ages for this.
        assert!(!matches(&"*a".repeat(60), &"b".repeat(2000)));
    }

    #[test]
    fn patterns_expand_through_folders_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b/x.csv", "a/x.csv", "a/y.csv", "a/.x.csv"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        let found = expand(&dir.path().join("*/x.*")).unwrap();
        assert_eq!(found, [dir.path().join("a/x.csv"), dir.path().join("b/x.csv")]);
        assert_eq!(expand(&dir.path().join("c*")).unwrap_err().kind(), crate::ErrorKind::NotFound);
        let list = Fingerprints::default();
        let input = Input { name: "i".into(), patterns: vec!["*/x.csv".into()], span: 0..0 };
        let one = find(&input, dir.path(), None, &list).unwrap();
        assert_eq!((one.paths.len(), one.bytes), (2, 14));
        std::fs::write(dir.path().join("a/x.csv"), "b/x.csv").unwrap();
        assert_ne!(find(&input, dir.path(), None, &list).unwrap().digest, one.digest);
    }
}
