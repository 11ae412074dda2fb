//! Which files make up a GADGET snapshot, and its number: any one of them names them all.
//!
//! Layout     `snap_084` alone, or `snap_084.K` with K = 0 .. num_files - 1
//! Refuses    a missing file of the set (named), a number beyond the set
//! Edge cases a file whose header speaks of several but whose name has no number is read alone, with a note;
//!            `run.00064` of one file is snapshot 64, while in a set the digits before the part count
//! See also   `header`

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Name without the number of the part, and that number.
pub(super) fn split_part(name: &str) -> Option<(&str, u64)> {
    let (base, part) = name.rsplit_once('.')?;
    let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if digits && !base.is_empty() { Some((base, part.parse().ok()?)) } else { None }
}

/// All files of the snapshot that `path` belongs to, when its header speaks of `count` files.
pub(super) fn all_files(path: &Path, count: u64) -> Result<Vec<PathBuf>> {
    let name = file_name(path);
    let Some((base, part)) = split_part(&name).filter(|_| count > 1) else { return Ok(vec![path.to_path_buf()]) };
    // A damaged header must not make a list that fills the memory: files that are not there end it.
    let mut files = Vec::new();
    for number in 0..count {
        let file = path.with_file_name(format!("{base}.{number}"));
        if !file.is_file() {
            return Err(Error::not_found("a file of the snapshot is missing")
                .at(format!("`{}`", file.display()))
                .expected(format!("{count} files as the header of `{name}` says"))
                .found(format!("{number} before this one"))
                .hint("copy the missing file to this folder"));
        }
        files.push(file);
    }
    if part >= count {
        return Err(Error::damaged("file has a number beyond its snapshot")
            .at(format!("`{}`", path.display()))
            .expected(format!("0 to {}", count - 1)));
    }
    Ok(files)
}

/// Number of the snapshot: the digits at the end of its name, without the part of a set.
pub(super) fn snapshot_number(path: &Path, several: bool) -> u32 {
    let name = file_name(path);
    // `snap_084.0` may be the only part of snapshot 84, while `run.00064` is a snapshot by itself.
    let part = |base: &str, part: u64| several || part == 0 && name.ends_with(".0") && base.ends_with(|c: char| c.is_ascii_digit());
    let base = split_part(&name).filter(|(base, number)| part(base, *number)).map_or(name.as_str(), |(base, _)| base);
    let digits = base.len() - base.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    base[base.len() - digits..].parse().unwrap_or(0)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_from_names() {
        assert_eq!(snapshot_number(Path::new("a/snap_084.1"), true), 84);
        assert_eq!(snapshot_number(Path::new("a/snap_084"), false), 84);
        assert_eq!(snapshot_number(Path::new("run.00064"), false), 64);
        assert_eq!((snapshot_number(Path::new("snap_084.0"), false), snapshot_number(Path::new("run.0"), false)), (84, 0));
        assert_eq!((snapshot_number(Path::new("ics"), false), snapshot_number(Path::new("ics.dat"), false)), (0, 0));
        assert_eq!(split_part("snap_084.12"), Some(("snap_084", 12)));
        assert_eq!((split_part("ics.dat"), split_part(".3"), split_part("a.")), (None, None, None));
    }

    #[test]
    fn a_missing_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        for name in ["snap_001.0", "snap_001.2", "alone"] {
            std::fs::write(file(name), b"").unwrap();
        }
        let error = all_files(&file("snap_001.2"), 3).unwrap_err();
        assert!(error.kind() == crate::ErrorKind::NotFound && error.to_string().contains("snap_001.1`"), "{error}");
        std::fs::write(file("snap_001.1"), b"").unwrap();
        assert_eq!(all_files(&file("snap_001.2"), 3).unwrap(), ["snap_001.0", "snap_001.1", "snap_001.2"].map(file));
        assert!(all_files(&file("snap_001.2"), 2).unwrap_err().to_string().contains("expected 0 to 1"));
        assert_eq!(all_files(&file("alone"), 9).unwrap(), [file("alone")]);
        assert_eq!(all_files(&file("snap_001.2"), 1).unwrap(), [file("snap_001.2")]);
    }
}
