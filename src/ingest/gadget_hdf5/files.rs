//! Which files make up a snapshot: any one of them, or their folder, names them all.
//!
//! Layout     snap_NNN.hdf5 alone, or snap_NNN.K.hdf5 with K = 0 .. NumFilesPerSnapshot - 1
//! Refuses    a missing file of the set (named), a folder that holds several snapshots
//! Edge cases a merged or cut-out file whose header still speaks of many files stands alone when its own name has no number K
//! See also   `header`

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

use super::file::SIGNATURE;

/// Offsets where an HDF5 signature may lie, as far as they are tried.
const SIGNATURE_OFFSETS: [usize; 4] = [0, 512, 1024, 2048];

/// Whether the first bytes of a file are those of HDF5.
pub(in crate::ingest) fn has_signature(head: &[u8]) -> bool {
    SIGNATURE_OFFSETS.iter().any(|o| head.get(*o..*o + SIGNATURE.len()) == Some(SIGNATURE.as_slice()))
}

fn is_hdf5(path: &Path) -> bool {
    let mut head = Vec::with_capacity(4096);
    let opened = std::fs::File::open(path).and_then(|f| f.take(4096).read_to_end(&mut head));
    opened.is_ok() && has_signature(&head)
}

/// `snap_084.1.hdf5` is (`snap_084`, Some(1), `hdf5`).
pub(in crate::ingest) fn split_name(name: &str) -> (String, Option<u64>, String) {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, ext)) if ext.parse::<u64>().is_err() => (stem, ext),
        _ => (name, ""),
    };
    match stem.rsplit_once('.') {
        Some((base, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => match number.parse() {
            Ok(k) => (base.to_string(), Some(k), extension.to_string()),
            Err(_) => (stem.to_string(), None, extension.to_string()),
        },
        _ => (stem.to_string(), None, extension.to_string()),
    }
}

/// `snap_027_z000p250` without its tag: `snap_027`.
pub(in crate::ingest) fn without_redshift(base: &str) -> &str {
    let tag = |text: &str| {
        text.strip_prefix('z')
            .and_then(|t| t.split_once('p'))
            .is_some_and(|(a, b)| [a, b].iter().all(|n| !n.is_empty() && n.bytes().all(|c| c.is_ascii_digit())))
    };
    base.rsplit_once('_').filter(|(_, last)| tag(last)).map_or(base, |(rest, _)| rest)
}

/// Number of the snapshot: the digits at the end of its base name (`snap_084` is 84), or those of `z`-tagged names before the tag.
pub(in crate::ingest) fn snapshot_number(path: &Path) -> u32 {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let (base, _, _) = split_name(&name);
    let base = without_redshift(&base);
    let digits = base.len() - base.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    base[base.len() - digits..].parse().unwrap_or(0)
}

/// The file to start from: `path` itself, or the first file of the only snapshot in the folder `path`.
pub(in crate::ingest) fn first_file(path: &Path) -> Result<PathBuf> {
    let metadata = std::fs::metadata(path).map_err(|e| Error::io("open", path, &e))?;
    if !metadata.is_dir() {
        return Ok(path.to_path_buf());
    }
    let mut found: Vec<(String, Option<u64>, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|e| Error::io("list", path, &e))? {
        let entry = entry.map_err(|e| Error::io("list", path, &e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let other = ["fof_", "groups_", "offsets", "sublink", "lhalotree", "tree", "eagle_subfind", "group_tab"]
            .iter()
            .any(|p| name.to_lowercase().starts_with(p));
        if !other && entry.path().is_file() && is_hdf5(&entry.path()) {
            let (base, number, _) = split_name(&name);
            found.push((base, number, entry.path()));
        }
    }
    found.sort();
    let Some((base, _, first)) = found.first() else {
        return Err(Error::not_found("folder holds no HDF5 snapshot").at(format!("`{}`", path.display())));
    };
    let mut bases: Vec<&str> = found.iter().map(|(b, _, _)| b.as_str()).collect();
    bases.dedup();
    if bases.len() > 1 {
        return Err(Error::usage("folder holds several snapshots")
            .at(format!("`{}`", path.display()))
            .expected("the files of one snapshot")
            .found(bases.join(", "))
            .hint(format!("name one of them: `{}`", path.join(base).display())));
    }
    Ok(first.clone())
}

/// All files of the snapshot that `first` belongs to, when its header speaks of `count` files.
pub(in crate::ingest) fn all_files(first: &Path, count: u64) -> Result<Vec<PathBuf>> {
    let name = first.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let (base, number, extension) = split_name(&name);
    if count <= 1 || number.is_none() {
        return Ok(vec![first.to_path_buf()]);
    }
    // A damaged header must not make a list that fills the memory: files that are not there end it.
    let mut files = Vec::new();
    for k in 0..count {
        let file = first.with_file_name(format!("{base}.{k}{}{extension}", if extension.is_empty() { "" } else { "." }));
        if !file.is_file() {
            return Err(Error::not_found("a file of the snapshot is missing")
                .at(format!("`{}`", file.display()))
                .expected(format!("{count} files as the header says"))
                .found(format!("{k} before this one"))
                .hint("copy the missing file to this folder"));
        }
        files.push(file);
    }
    if !files.iter().any(|f| f == first) {
        return Err(Error::damaged("file has a number beyond its snapshot")
            .at(format!("`{}`", first.display()))
            .expected(format!("0 to {}", count - 1)));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(split_name("snap_084.1.hdf5"), ("snap_084".into(), Some(1), "hdf5".into()));
        assert_eq!(split_name("snapshot_004.hdf5"), ("snapshot_004".into(), None, "hdf5".into()));
        assert_eq!(split_name("cut.out.h5"), ("cut.out".into(), None, "h5".into()));
        assert_eq!(snapshot_number(Path::new("/a/snap_084.1.hdf5")), 84);
        assert_eq!(snapshot_number(Path::new("cutout.hdf5")), 0);
    }

    #[test]
    fn a_missing_file_of_the_set_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("snap_001.0.hdf5"), b"").expect("write");
        std::fs::write(folder.path().join("snap_001.2.hdf5"), b"").expect("write");
        let error = all_files(&folder.path().join("snap_001.0.hdf5"), 3).expect_err("file 1 is missing");
        assert_eq!(error.kind(), crate::ErrorKind::NotFound);
        assert!(error.to_string().contains("snap_001.1.hdf5"), "{error}");
        assert_eq!(first_file(folder.path()).expect_err("empty files are not HDF5").kind(), crate::ErrorKind::NotFound);
    }

    #[test]
    fn signatures_are_found_behind_a_user_block() {
        let mut head = vec![0u8; 512];
        head.extend_from_slice(SIGNATURE);
        assert!(has_signature(&head) && !has_signature(&head[..511]) && !has_signature(b"\x89HD"));
    }
}
