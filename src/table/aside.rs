//! Files on their way to a name: hidden beside it while they are written, and cleared when the process that wrote them was killed.
//!
//! Layout     `.NAME.PID.tmp` in the folder of `NAME`, locked by its writer
//! Refuses    nothing: what cannot be listed, locked or removed is left where it is
//! Edge cases a leftover goes when this system knows no process of that number and nobody holds its lock: a writer on another host
//!            or in another container is told by the lock; where a file system has no locks, leftovers stay
//! Cost       one listing of the folder for each file that is written
//! See also   `export`, `sql::copy`, `ingest::export`

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Folder in which Linux lists its processes by number (proc(5)).
const PROCESSES: &str = "/proc";

/// Creates the hidden file for `name` in `folder`, after those that killed processes left there for the same name are cleared.
///
/// The file is open and locked: it must live until the file has its final name.
pub(crate) fn create(folder: &Path, name: &OsStr) -> io::Result<(PathBuf, File)> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    clear(folder, name);
    let path = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let file = File::create(&path)?;
    // Without locks nobody removes the file of a living process either.
    let _ = file.try_lock();
    Ok((path, file))
}

/// Removes the hidden files of `name` whose writers are gone.
fn clear(folder: &Path, name: &OsStr) {
    let start = format!(".{}.", name.to_string_lossy());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let file_name = entry.file_name();
        let process = file_name.to_str().and_then(|n| n.strip_prefix(&start)?.strip_suffix(".tmp"));
        let Some(process) = process.filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit())) else { continue };
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) || is_alive(process) {
            continue;
        }
        let path = entry.path();
        if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Whether this system knows a process of that number; where it does not list them, the lock alone decides.
fn is_alive(process: &str) -> bool {
    Path::new(PROCESSES).join(process).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that no process can have: Linux gives at most 2^22.
    const NO_PROCESS: u32 = 1 << 30;

    #[test]
    fn leftovers_of_the_same_name_go_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, "x").unwrap();
            path
        };
        let dead = put(format!(".a.csv.{NO_PROCESS}.tmp"));
        let locked = put(format!(".a.csv.{}.tmp", NO_PROCESS + 1));
        let lock = File::open(&locked).unwrap();
        lock.try_lock().unwrap();
        let others = [
            put(format!(".b.csv.{NO_PROCESS}.tmp")),
            put(format!(".a.csv.x.{NO_PROCESS}.tmp")),
            put(format!("a.csv.{NO_PROCESS}.tmp")),
            put(format!(".a.csv.{NO_PROCESS}")),
            put(".a.csv..tmp".into()),
            put("a.csv".into()),
        ];
        let (path, file) = create(folder.path(), OsStr::new("a.csv")).unwrap();
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), format!(".a.csv.{}.tmp", std::process::id()));
        assert!(!dead.exists() && locked.exists() && path.exists() && others.iter().all(|p| p.exists()));
        // Nor does another writer take the file of this living process.
        clear(folder.path(), OsStr::new("a.csv"));
        assert!(path.exists());
        drop((file, lock));
        clear(folder.path(), OsStr::new("a.csv"));
        assert!(path.exists() == Path::new(PROCESSES).join("self").exists() && !locked.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_an_error_of_the_file() {
        assert_eq!(create(Path::new("/nowhere/at/all"), OsStr::new("a")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
