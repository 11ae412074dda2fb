//! Files that are there whole or not at all: synced writes, renames, and a sink that digests what passes through.
//!
//! Layout     write to a temporary name, fsync, rename, fsync the folder
//! Edge cases a full disk, a quota or a file size limit is a Limit error; the final name is then untouched
//! See also   `write`

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

use super::checksum::block_digest;
use super::manifest::BLOCK_BYTES;

/// Creates `folder` and makes its entry in the parent durable.
pub(crate) fn create_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    // A new folder is only as durable as the new folders above it.
    let above = folder.parent().filter(|p| !p.as_os_str().is_empty());
    above.map_or(Ok(()), create_folder)?;
    match fs::create_dir(folder) {
        // Another process or thread may have made it in between.
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => Err(write_error("create a folder", folder, &e)),
        _ => sync_folder_of(folder),
    }
}

/// Makes renames and new entries in `folder` durable.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    match File::open(folder).and_then(|handle| handle.sync_all()) {
        // Some network file systems cannot sync a folder, and there is nothing else to be done.
        Err(e) if !matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Err(write_error("sync a folder", folder, &e))
        }
        _ => Ok(()),
    }
}

/// Makes the entry of `path` in its folder durable.
pub(crate) fn sync_folder_of(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Writes and syncs a file.
pub(crate) fn write_synced(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = File::create(path).map_err(|e| write_error("create a file", path, &e))?;
    file.write_all(content).map_err(|e| write_error("write a file", path, &e))?;
    file.sync_all().map_err(|e| write_error("sync a file", path, &e))
}

/// Renames within one file system and makes it durable.
pub(crate) fn rename_synced(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|e| write_error("rename a file into place", to, &e))?;
    sync_folder_of(to)
}

/// `Error::io`, with a file size limit counted as a limit too.
pub(crate) fn write_error(action: &str, path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return Error::new(ErrorKind::Limit, format!("cannot {action}"))
            .at(format!("`{}`", path.display()))
            .because(error)
            .hint("raise the file size limit (`ulimit -f`), or choose another folder");
    }
    Error::io(action, path, error)
}

/// Digests of a finished file.
#[derive(Debug)]
pub(crate) struct Digests {
    pub bytes: u64,
    pub blake3: String,
    pub blocks: String,
}

/// A file that is digested while it is written.
#[derive(Debug)]
pub(crate) struct DigestingFile {
    file: File,
    block: Vec<u8>,
    whole: blake3::Hasher,
    blocks: String,
    bytes: u64,
}

impl DigestingFile {
    pub fn create(path: &Path) -> Result<DigestingFile> {
        let file = File::create(path).map_err(|e| write_error("create a data file", path, &e))?;
        let block = Vec::with_capacity(BLOCK_BYTES as usize);
        Ok(DigestingFile { file, block, whole: blake3::Hasher::new(), blocks: String::new(), bytes: 0 })
    }

    fn write_block(&mut self) -> io::Result<()> {
        self.file.write_all(&self.block)?;
        self.whole.update(&self.block);
        for byte in block_digest(&self.block) {
            self.blocks.push_str(&format!("{byte:02x}"));
        }
        self.bytes += self.block.len() as u64;
        self.block.clear();
        Ok(())
    }

    /// Writes the last block and syncs; `path` is for messages.
    pub fn finish(mut self, path: &Path) -> Result<Digests> {
        if !self.block.is_empty() {
            self.write_block().map_err(|e| write_error("write a data file", path, &e))?;
        }
        self.file.sync_all().map_err(|e| write_error("sync a data file", path, &e))?;
        Ok(Digests { bytes: self.bytes, blake3: self.whole.finalize().to_hex().to_string(), blocks: self.blocks })
    }
}

impl Write for DigestingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = BLOCK_BYTES as usize - self.block.len();
        let (now, _) = bytes.split_at(room.min(bytes.len()));
        self.block.extend_from_slice(now);
        if self.block.len() == BLOCK_BYTES as usize {
            self.write_block()?;
        }
        Ok(now.len())
    }

    /// Does nothing: blocks are digested only when they are full, the rest in `finish`.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_do_not_depend_on_how_the_bytes_came() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..2_500_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        let mut first: Option<String> = None;
        for step in [1000, 1 << 20, 2_500_000] {
            let path = folder.path().join("f");
            let mut file = DigestingFile::create(&path).unwrap();
            bytes.chunks(step).for_each(|part| file.write_all(part).unwrap());
            let digests = file.finish(&path).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(digests.blake3, blake3::hash(&bytes).to_hex().as_str());
            assert_eq!((digests.bytes, digests.blocks.len()), (2_500_000, 2_500_000_usize.div_ceil(BLOCK_BYTES as usize) * 32));
            let known = first.get_or_insert_with(|| digests.blocks.clone());
            assert_eq!(&digests.blocks, known);
        }
    }

    #[test]
    fn limits_of_the_system_are_limit_errors() {
        for kind in [io::ErrorKind::FileTooLarge, io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            assert_eq!(write_error("write", Path::new("a"), &io::Error::from(kind)).exit_code(), 4);
        }
    }
}
