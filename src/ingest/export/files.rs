//! Several files that appear together: written aside, synced, then renamed, the main one last.
//!
//! Layout     a hidden name beside each final one, `.NAME.PID.tmp`
//! Edge cases a kill or a full disk before the renames leaves nothing under a final name; the next write of that name clears what a
//!            kill left; a device is written into
//! See also   `table::aside`, `table::export::Target`, `table::durable`

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::table::durable::{rename_synced, write_error};
use crate::table::export::Target;

/// Files on their way.
#[derive(Debug, Default)]
pub(super) struct Aside {
    pending: Vec<Pending>,
}

/// One of them.
#[derive(Debug)]
struct Pending {
    temporary: PathBuf,
    target: PathBuf,
    /// Tells other processes that this one lives.
    _lock: File,
}

impl Aside {
    /// The name under which the file `path` is written; the files get their names in the order in which they were asked for.
    pub(super) fn file(&mut self, path: &Path) -> Result<PathBuf> {
        let name =
            path.file_name().ok_or_else(|| Error::usage("an export needs the name of a file").at(format!("`{}`", path.display())))?;
        let target = Target::of(path);
        let (temporary, lock) = target.aside(name).map_err(|e| write_error("create a file beside", path, &e))?;
        let (Target::File(target) | Target::Stream(target)) = target;
        self.pending.push(Pending { temporary: temporary.clone(), target, _lock: lock });
        Ok(temporary)
    }

    /// Adds files that get their names after those of this one.
    pub(super) fn follow(&mut self, mut later: Aside) {
        self.pending.append(&mut later.pending);
    }

    /// Syncs all files and gives them their names; returns those.
    pub(super) fn commit(mut self) -> Result<Vec<PathBuf>> {
        for Pending { temporary, target, .. } in &self.pending {
            File::open(temporary).and_then(|f| f.sync_all()).map_err(|e| write_error("write a file", target, &e))?;
        }
        let mut files = Vec::with_capacity(self.pending.len());
        for Pending { temporary, target, .. } in &self.pending {
            if matches!(Target::of(target), Target::Stream(_)) {
                let copied = File::open(temporary)
                    .and_then(|mut from| std::io::copy(&mut from, &mut std::fs::OpenOptions::new().write(true).open(target)?));
                copied.map_err(|e| write_error("write a file", target, &e))?;
                let _ = std::fs::remove_file(temporary);
            } else {
                rename_here(temporary, target)?;
            }
            files.push(target.clone());
        }
        self.pending.clear();
        Ok(files)
    }
}

fn rename_here(from: &Path, to: &Path) -> Result<()> {
    // A bare name has the empty path for its folder.
    let to = if to.parent().is_some_and(|p| p.as_os_str().is_empty()) { Path::new(".").join(to) } else { to.to_path_buf() };
    rename_synced(from, &to)
}

impl Drop for Aside {
    fn drop(&mut self) {
        for Pending { temporary, .. } in &self.pending {
            let _ = std::fs::remove_file(temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_appears_before_the_commit_and_nothing_stays_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let names = || {
            let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let mut aside = Aside::default();
        for name in ["a.iord", "a"] {
            std::fs::write(aside.file(&folder.path().join(name)).unwrap(), name).unwrap();
        }
        assert!(!folder.path().join("a").exists() && names().len() == 2);
        let files = aside.commit().unwrap();
        assert_eq!(names(), ["a", "a.iord"]);
        assert_eq!(files.last().unwrap().file_name().unwrap(), "a", "the snapshot comes last");
        let mut failed = Aside::default();
        std::fs::write(failed.file(&folder.path().join("b")).unwrap(), "b").unwrap();
        drop(failed);
        assert_eq!(names(), ["a", "a.iord"]);
        let mut device = Aside::default();
        std::fs::write(device.file(Path::new("/dev/null")).unwrap(), "c").unwrap();
        assert_eq!(device.commit().unwrap(), [PathBuf::from("/dev/null")]);
    }
}
