//! Gzip'ed source files: `galaxy.01024.gz`, `galaxy.01024.iord.gz`, `galaxy.starlog.gz` are read as if they were decompressed.
//!
//! Layout     one member or several after each other (RFC 1952), as gzip, pigz and bgzip write them
//! Refuses    a file that is cut or fails its checksum, with the byte of the compressed file; more content than half of the free memory
//! Edge cases a file named `.gz` whose bytes are not gzip's is taken as it is: some downloads decompress and keep the name
//! Cost       the whole content lies in memory while the snapshot is open
//! See also   `mapped`, which hides the difference

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};

/// First bytes of a gzip member: two of magic and the only method, deflate (RFC 1952, 2.3.1).
pub(super) const MAGIC: &[u8] = b"\x1f\x8b\x08";
/// Bytes that are decompressed between two looks at the size.
const STEP_BYTES: u64 = 16 << 20;

/// Whether a file of this name with these first bytes is gzip'ed.
pub(super) fn is_gzip(path: &Path, head: &[u8]) -> bool {
    path.extension() == Some(OsStr::new("gz")) && head.starts_with(MAGIC)
}

/// `path` without a last `.gz`: the name by which a file is known.
pub(super) fn plain_path(path: &Path) -> PathBuf {
    if path.extension() == Some(OsStr::new("gz")) { path.with_extension("") } else { path.to_path_buf() }
}

/// `name` without a last `.gz`.
pub(super) fn plain_name(name: &str) -> &str {
    name.strip_suffix(".gz").filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// The first bytes of the content of a gzip'ed head; fewer than `most` where it ends or is damaged.
pub(super) fn content_head(head: &[u8], most: u64) -> Vec<u8> {
    let mut content = Vec::new();
    // A head is cut anywhere, so its end is no error: what came before it is kept.
    let _ = MultiGzDecoder::new(head).take(most).read_to_end(&mut content);
    content
}

/// All content of the gzip'ed bytes of the file at `path`; at most `most_bytes`.
pub(super) fn content(path: &Path, packed: &[u8], most_bytes: u64) -> Result<Vec<u8>> {
    let mut decoder = MultiGzDecoder::new(packed);
    let mut content = Vec::new();
    loop {
        let before = content.len();
        let read = decoder.by_ref().take(STEP_BYTES).read_to_end(&mut content);
        let place = || format!("byte {} of `{}`", packed.len() - decoder.get_ref().len(), path.display());
        match read {
            Ok(_) if content.len() as u64 > most_bytes => {
                return Err(Error::limit("gzip'ed file holds more than the free memory takes")
                    .at(format!("`{}`", path.display()))
                    .expected(format!("at most {most_bytes} bytes"))
                    .found("more")
                    .hint("decompress it first: an uncompressed file is not copied into memory"));
            }
            Ok(_) if content.len() == before => return Ok(content),
            Ok(_) => {}
            Err(e) => {
                let cut = e.kind() == std::io::ErrorKind::UnexpectedEof;
                let what = if cut { "gzip'ed file ends early" } else { "gzip'ed file is damaged" };
                return Err(Error::damaged(what)
                    .at(place())
                    .expected("a whole gzip file whose checksum fits")
                    .found(format!("{e}, after {} bytes of content", content.len()))
                    .hint("copy it again; gunzip -t FILE tests it"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn members_follow_each_other_and_the_head_of_a_head_is_read() {
        let stones: Vec<u8> = (0..60_000u32).flat_map(|i| (i * i).to_le_bytes()).collect();
        let mut bytes = packed(&stones);
        bytes.extend(packed(b"more"));
        let path = Path::new("a.gz");
        let all = content(path, &bytes, 1 << 30).unwrap();
        assert_eq!((all.len(), &all[240_000..]), (240_004, &b"more"[..]));
        assert_eq!(content_head(&bytes[..4096], 100), stones[..100]);
        assert!(content_head(b"\x1f\x8b\x08", 100).is_empty());
        let error = content(path, &bytes, 1000).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Limit);
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_refused_or_harmless() {
        let stones: Vec<u8> = (0..500u32).flat_map(|i| (i.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
        let bytes = packed(&stones);
        for length in 1..bytes.len() {
            let error = content(Path::new("a.gz"), &bytes[..length], 1 << 20).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Damaged, "{length}");
            assert!(error.to_string().contains("of `a.gz`"), "{error}");
        }
        let (mut refused, mut same) = (0, 0);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            match content(Path::new("a.gz"), &damaged, 1 << 20) {
                Err(_) => refused += 1,
                // Time stamp, level and system of the header carry no content.
                Ok(all) => {
                    assert_eq!(all, stones, "byte {at}");
                    same += 1;
                }
            }
        }
        assert!(refused > bytes.len() - 10 && same < 10, "{refused} refused, {same} same");
    }

    #[test]
    fn names() {
        assert_eq!(plain_path(Path::new("a/g.00064.gz")), Path::new("a/g.00064"));
        assert_eq!((plain_name("iord.gz"), plain_name(".gz"), plain_name("gz")), ("iord", ".gz", "gz"));
        assert!(is_gzip(Path::new("x.gz"), b"\x1f\x8b\x08\0") && !is_gzip(Path::new("x"), b"\x1f\x8b\x08\0"));
        assert!(!is_gzip(Path::new("x.gz"), b"plain"));
    }
}
