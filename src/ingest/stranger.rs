//! What a file that no format reads seems to be, and what its owner can do about it.
//!
//! Layout     first bytes, of a gzip'ed file those of its content too; a name whose ending says something else is told
//! Edge cases pointers of git-lfs and git-annex, error pages of downloads, archives, NumPy and Python files, files of databases
//! See also   `sniff`, which asks; src/ingest/mod.rs for the formats that are read

use std::path::Path;

/// First bytes, what they are, and a cure.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"BZh", "a bzip2 file", "decompress it first: bunzip2 -k FILE"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "decompress it first: zstd -d FILE"),
    (b"\xfd7zXZ", "an xz file", "decompress it first: unxz -k FILE"),
    (b"\x04\x22\x4d\x18", "an lz4 file", "decompress it first: lz4 -d FILE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"SIMPLE  =", "a FITS file without a binary table", "a table of particles has columns x, y and z"),
    (b"PAR1", "a Parquet file", "Parquet files need no ingest; query them by path, under a name that ends in .parquet"),
    (b"ARROW1", "an Arrow file", "Arrow files need no ingest; query them by path, under a name that ends in .arrow"),
    (
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file without the groups of a snapshot",
        "a snapshot has a group Header and groups PartType0, PartType1, ..., a catalogue Group or Subhalo",
    ),
    (b"\x93NUMPY", "a NumPy array", "a snapshot has positions, velocities and masses of all particles in one file"),
    (b"SQLite format 3\0", "an SQLite database", "export its tables as Parquet or csv, which are queried by path"),
    (b"CDF\x01", "a NetCDF file", ""),
    (b"CDF\x02", "a NetCDF file", ""),
    (b"#ASDF", "an ASDF file", ""),
    (b"\x7fELF", "a program", ""),
    (b"%PDF", "a PDF document", ""),
    (b"\x89PNG", "a PNG picture", ""),
    (b"\xff\xd8\xff", "a JPEG picture", ""),
];

/// First line of a pointer that git-lfs leaves where it did not fetch the file.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";
/// Offset of the mark of a tar archive, and the mark (POSIX.1-1988 ustar).
const TAR: (usize, &[u8]) = (257, b"ustar");
/// Endings of names that promise a kind of file.
const ENDINGS: [&str; 7] = ["hdf5", "h5", "fits", "fit", "bin", "dat", "list"];
/// Letters of a first line that a message shows.
const SHOWN: usize = 40;

/// What the first bytes `head` of the file at `path` look like, and a hint. `content` is what a gzip'ed file holds, also of one that no
/// ending marks as gzip'ed.
pub(super) fn looks_like(path: &Path, head: &[u8], content: Option<&[u8]>) -> (String, Option<String>) {
    if head.starts_with(b"\x1f\x8b") {
        let inside = match content.filter(|c| !c.is_empty()).map(|content| kind(path, content).0) {
            Some(kind) if kind.starts_with("bytes ") => "a gzip file of something unknown".to_string(),
            Some(kind) if kind.starts_with("text ") => format!("a gzip file of {kind}"),
            // Of the content only the first bytes were looked at, so nothing is known of what it is without.
            Some(kind) => format!("a gzip file of {}", kind.split(" without ").next().unwrap_or(&kind)),
            None => "a gzip file".to_string(),
        };
        return (inside, Some("a Tipsy file is read when its name ends in .gz; decompress any other: gunzip -k FILE".into()));
    }
    let (found, hint) = kind(path, head);
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).filter(|e| ENDINGS.contains(&e.as_str()));
    let honest = found.to_ascii_lowercase().contains(ending.as_deref().unwrap_or("").trim_end_matches('5'));
    match ending.filter(|_| !honest && !text(head)) {
        Some(ending) => (format!("{found}, although the name ends in .{ending}"), hint),
        None => (found, hint),
    }
}

fn text(head: &[u8]) -> bool {
    // The last letter may be cut by the end of the head.
    std::str::from_utf8(head).is_ok()
        || std::str::from_utf8(&head[..head.len().saturating_sub(4)]).is_ok_and(|t| !t.contains('\0') && !t.is_empty())
}

fn kind(path: &Path, head: &[u8]) -> (String, Option<String>) {
    let told = |kind: &str, hint: &str| (kind.to_string(), (!hint.is_empty()).then(|| hint.to_string()));
    if let Some((_, kind, hint)) = MAGIC.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return told(kind, hint);
    }
    if head.starts_with(LFS) {
        let size = String::from_utf8_lossy(head).lines().find_map(|line| line.strip_prefix("size ").map(str::to_string));
        let size = size.map_or_else(String::new, |bytes| format!(" of {bytes} bytes"));
        return (format!("a git-lfs pointer, not the file{size} itself"), Some("run `git lfs pull` in the folder of the file".into()));
    }
    if head.windows(12).take(SHOWN * 4).any(|w| w == b"annex/object") {
        return told("a git-annex pointer, not the file itself", "run `git annex get FILE`");
    }
    if head.starts_with(b"PK\x03\x04") {
        return match head.windows(4).any(|w| w == b".npy") {
            true => told(
                "a NumPy archive (.npz)",
                "its arrays are no snapshot; write them with units as Parquet or HDF5, or query a Parquet file by path",
            ),
            false => told("a zip archive", "unpack it first"),
        };
    }
    if head.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        return told("a tar archive", "unpack it first: tar xf FILE");
    }
    if let [0x80, 2..=5, next, ..] = head
        && matches!(next, 0x95 | b'}' | b']' | b'c' | b'(' | b'X' | b'K')
    {
        return told("a Python pickle", "a pickle runs code when it is read, so it never is; write its arrays as Parquet or HDF5");
    }
    if let Some(hint) = super::gadget_binary::gadget4_hint(head) {
        return told("a GADGET-4 binary snapshot with a header of its own", hint);
    }
    let start = head.trim_ascii_start();
    let begins = |mark: &str| start.get(..mark.len()).is_some_and(|s| s.eq_ignore_ascii_case(mark.as_bytes()));
    if ["<!doctype html", "<html", "<head", "<?xml"].iter().any(|mark| begins(mark)) {
        return told(
            "a web page, such as the error or login page of a download",
            "open it in a browser to see what the server said, then download the file again",
        );
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if name.ends_with(".starlog") {
        return told("a star formation log", "it is read with the snapshots of its run: name one of those");
    }
    if name.ends_with(".param") && text(head) {
        return told("a parameter file", "it is read with the snapshots of its run: name one of those");
    }
    if text(head) {
        let line: String =
            head.iter().take_while(|b| **b != b'\n').take(SHOWN).map(|b| char::from(*b)).filter(|c| !c.is_control()).collect();
        return (format!("text that starts `{line}`"), Some("`spolia info --formats` lists what is read".into()));
    }
    let bytes: Vec<String> = head.iter().take(16).map(|b| format!("{b:02x}")).collect();
    (
        format!("bytes {}", bytes.join(" ")),
        Some("`spolia info --formats` lists what is read; a damaged first block hides what a file is, so copy it again".into()),
    )
}
