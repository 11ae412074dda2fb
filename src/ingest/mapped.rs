//! A file mapped into memory for reading, which notices when the file shrinks underneath.
//!
//! Layout     the bytes of the file as one slice; an empty file is an empty slice; of a gzip'ed file (`.gz`) the content
//! Refuses    folders; files that cannot be read
//! Edge cases a file that another program truncates while it is open is refused by [`Mapped::check`] before each read;
//!            a mapping whose file is closed ([`Mapped::close`]) holds no descriptor, so thousands of them may be open
//! Cost       no copy: pages come from the system's cache; the content of a gzip'ed file is held in memory
//! See also   `gzip`, `tipsy`

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use memmap2::{Mmap, UncheckedAdvice};

use super::gzip;
use super::run::free_memory_bytes;
use crate::error::{Error, Result};

/// A read-only mapping and the path it came from.
#[derive(Debug)]
pub struct Mapped {
    path: PathBuf,
    file: Option<File>,
    /// Device and number of the file, which tell whether its name still means it.
    identity: (u64, u64),
    content: Content,
    file_bytes: u64,
}

/// Where the bytes are.
#[derive(Debug)]
enum Content {
    Empty,
    Map(Mmap),
    Memory(Vec<u8>),
}

impl Mapped {
    /// Maps the whole file; decompresses one that is gzip'ed.
    pub fn open(path: &Path) -> Result<Mapped> {
        let failed = |e: std::io::Error| Error::io("read", path, &e);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(Error::usage("expected a file, found a folder").at(format!("`{}`", path.display())));
        }
        let content = if metadata.len() == 0 {
            Content::Empty
        } else {
            // SAFETY: the mapping is read-only and only ever viewed as bytes, for which every value is valid. Snapshots are
            // written once; a file that shrank since is refused by `check` before its bytes are touched.
            let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
            if gzip::is_gzip(path, &map) { Content::Memory(gzip::content(path, &map, free_memory_bytes())?) } else { Content::Map(map) }
        };
        Ok(Mapped { path: path.to_path_buf(), file: Some(file), identity: identity(&metadata), content, file_bytes: metadata.len() })
    }

    /// Gives the file's descriptor back; the bytes stay.
    pub fn close(mut self) -> Mapped {
        self.file = None;
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every byte of the content.
    pub fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Empty => &[],
            Content::Map(map) => map,
            Content::Memory(bytes) => bytes,
        }
    }

    /// Length of the content in bytes when it was opened.
    pub fn length(&self) -> u64 {
        self.bytes().len() as u64
    }

    /// Length of the file in bytes when it was opened: that of the content unless it is gzip'ed.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Gives back the memory of the pages that were touched; touching them again brings them back.
    pub fn release(&self) {
        if let Content::Map(map) = &self.content {
            // SAFETY: the mapping is shared and read-only, so that dropped pages come back from the file with the same bytes.
            let _ = unsafe { map.unchecked_advise(UncheckedAdvice::DontNeed) };
        }
    }

    /// Fails if the file is shorter now than when it was opened: its last pages would be gone.
    pub fn check(&self) -> Result<()> {
        let now = match &self.file {
            Some(file) => file.metadata().map_err(|e| Error::io("read", &self.path, &e))?.len(),
            // A file that was removed or replaced lives on in the mapping, and nobody can reach it by name to cut it.
            None => std::fs::metadata(&self.path).ok().filter(|m| identity(m) == self.identity).map_or(self.file_bytes, |m| m.len()),
        };
        if now < self.file_bytes && !matches!(self.content, Content::Memory(_)) {
            return Err(Error::damaged("file became shorter while it was read")
                .at(format!("byte {now} of `{}`", self.path.display()))
                .expected(format!("{} bytes", self.length()))
                .found(format!("{now} bytes"))
                .hint("another program is writing this file; wait for it to finish"));
        }
        Ok(())
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_file_and_a_shrunk_file_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, b"stones").unwrap();
        let mapped = Mapped::open(&path).unwrap();
        assert_eq!((mapped.bytes(), mapped.length()), (&b"stones"[..], 6));
        mapped.check().unwrap();
        File::options().write(true).open(&path).unwrap().set_len(3).unwrap();
        let error = mapped.check().unwrap_err().to_string();
        assert!(error.contains("byte 3 of") && error.contains("expected 6 bytes"), "{error}");
    }

    #[test]
    fn closed_files_are_checked_by_their_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, b"stones").unwrap();
        let closed = || Mapped::open(&path).unwrap().close();
        let (kept, cut) = (closed(), closed());
        kept.check().unwrap();
        File::options().write(true).open(&path).unwrap().set_len(3).unwrap();
        assert!(cut.check().unwrap_err().to_string().contains("byte 3 of"));
        std::fs::rename(&path, dir.path().join("b")).unwrap();
        cut.check().unwrap();
    }

    #[test]
    fn empty_files_folders_and_missing_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("empty");
        std::fs::write(&path, b"").unwrap();
        assert_eq!(Mapped::open(&path).unwrap().bytes(), b"");
        assert!(Mapped::open(dir.path()).unwrap_err().to_string().contains("found a folder"));
        assert_eq!(Mapped::open(&dir.path().join("none")).unwrap_err().kind(), crate::error::ErrorKind::NotFound);
    }
}
