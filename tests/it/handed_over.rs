//! What users really hand over instead of a snapshot: each gets a message of its own with what, where, expected, found and a hint.
//!
//! See also   `src/ingest/stranger.rs`, `src/ingest/sniff.rs`

use std::path::{Path, PathBuf};

use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::write_snapshot;
use spolia::ingest::{OpenOptions, open};
use spolia::{Error, ErrorKind};

use crate::damage::data;
use crate::ingest_gadget_binary::Sample;
use crate::ingest_tipsy::{pack, small};

/// The error of opening `path`, which has every part that a message needs.
fn refused(path: &Path) -> Error {
    let error = open(path, &OpenOptions::default()).err().unwrap_or_else(|| panic!("{} was read", path.display()));
    let text = error.to_string();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert!(error.place().is_some() && text.contains(&name), "where: {text}");
    assert!(text.contains("expected ") && text.contains("found ") && error.hint_text().is_some(), "expected, found, hint: {text}");
    error
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.0.path().join(name), bytes).unwrap();
        self.0.path().join(name)
    }
}

#[test]
fn files_of_other_kinds_say_what_they_are() {
    let place = Place::new();
    let mut tar = vec![b'g'; 100];
    tar.resize(257, 0);
    tar.extend(b"ustar\x0000");
    tar.resize(2048, 0);
    let lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    let page = b"\n<!DOCTYPE html>\n<html><head><title>403 Forbidden</title></head><body>no</body></html>\n";
    let mut npz = b"PK\x03\x04\x14\0\0\0\0\0\0\0!\0".to_vec();
    npz.resize(30, 0);
    npz.extend(b"positions.npy");
    npz.resize(400, 7);
    let mut plain_zip = b"PK\x03\x04\x14\0\0\0\0\0\0\0!\0".to_vec();
    plain_zip.resize(400, 7);
    let padded = |start: &[u8]| -> Vec<u8> { start.iter().copied().chain((0..300).map(|i| (i * 37 % 251) as u8 | 0x80)).collect() };
    let cases: [(&str, Vec<u8>, &str, &str); 18] = [
        ("snap_001.hdf5", lfs.to_vec(), "a git-lfs pointer, not the file of 12345 bytes itself", "git lfs pull"),
        ("annexed.hdf5", b"/annex/objects/SHA256E-s999--abcdef.hdf5\n".to_vec(), "a git-annex pointer", "git annex get"),
        ("snap_002.hdf5", padded(b"PAR1"), "a Parquet file, although the name ends in .hdf5", ".parquet"),
        ("snap_003.hdf5", page.to_vec(), "a web page, such as the error or login page of a download", "download the file again"),
        ("snap_004", padded(b"\xef\xbb\xbf<html>"), "found bytes ef bb bf", "copy it again"),
        ("snap.zip", plain_zip, "a zip archive", "unpack it first"),
        ("snap.npz", npz, "a NumPy archive (.npz)", "Parquet or HDF5"),
        ("snap.npy", padded(b"\x93NUMPY"), "a NumPy array", "positions"),
        ("snap.pkl", padded(b"\x80\x04\x95"), "a Python pickle", "runs code"),
        ("old.pkl", padded(b"\x80\x02}"), "a Python pickle", "runs code"),
        ("snap.tar", tar, "a tar archive", "tar xf"),
        ("snap.bz2", padded(b"BZh9"), "a bzip2 file", "bunzip2"),
        ("snap.zst", padded(b"\x28\xb5\x2f\xfd"), "a Zstandard file", "zstd -d"),
        ("snap.xz", padded(b"\xfd7zXZ\0"), "an xz file", "unxz"),
        ("snap.7z", padded(b"7z\xbc\xaf\x27\x1c"), "a 7-Zip archive", "unpack"),
        ("runs.db", padded(b"SQLite format 3\0"), "an SQLite database", "Parquet or csv"),
        ("galaxy.fits", padded(b"\x7fELF"), "a program, although the name ends in .fits", ""),
        ("notes", b"# my notes\nmore\n".to_vec(), "text that starts `# my notes`", "--formats"),
    ];
    for (name, bytes, found, hint) in cases {
        let path = place.file(name, &bytes);
        let error = open(&path, &OpenOptions::default()).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{name}: {text}");
        assert!(text.contains("no format reads this file") && text.contains(name) && text.contains("expected one of"), "{name}: {text}");
        assert!(text.contains(found) && error.hint_text().unwrap_or("").contains(hint), "{name}: {text}");
    }
}

#[test]
fn empty_files_and_folders_without_snapshots_say_so() {
    let place = Place::new();
    let empty = refused(&place.file("snap_001.hdf5", b""));
    assert!(empty.kind() == ErrorKind::Damaged && empty.to_string().contains("file is empty"), "{empty}");
    let folder = place.0.path().join("run");
    std::fs::create_dir(&folder).unwrap();
    let error = refused(&folder);
    assert!(error.kind() == ErrorKind::NotFound && error.to_string().contains("an empty folder"), "{error}");
    std::fs::write(folder.join("log.txt"), "started\n").unwrap();
    let error = refused(&folder);
    assert!(error.to_string().contains("folder holds no snapshot") && error.to_string().contains("`log.txt`"), "{error}");
}

#[test]
fn a_gzip_file_of_something_else_says_of_what() {
    let place = Place::new();
    for (name, bytes, found) in [
        ("snap_001.hdf5", &b"\x89HDF\r\n\x1a\n and more"[..], "a gzip file of an HDF5 file"),
        ("t.parquet", b"PAR1 and \xff\xfe\xfd", "a gzip file of a Parquet file"),
        ("notes.txt", b"some text\n", "a gzip file of text that starts `some text`"),
    ] {
        pack(&place.file(name, bytes));
        let error = refused(&place.0.path().join(format!("{name}.gz")));
        assert!(error.to_string().contains(found) && error.hint_text().unwrap().contains("gunzip -k"), "{error}");
    }
    // Gzip'ed bytes without the ending are seen for what they are too.
    std::fs::rename(place.0.path().join("snap_001.hdf5.gz"), place.0.path().join("snap_002.hdf5")).unwrap();
    let error = refused(&place.0.path().join("snap_002.hdf5"));
    assert!(error.to_string().contains("a gzip file of an HDF5 file"), "{error}");
}

#[test]
fn a_dataset_is_no_snapshot() {
    let place = Place::new();
    let snapshot = place.0.path().join("p.00001");
    write_snapshot(&snapshot, &small(2, 2, 2), ByteOrder::Big).unwrap();
    let root = place.0.path().join("p.spolia");
    let ingest = |source: &Path, out: &Path| {
        spolia::ingest::run::ingest(&[source.to_path_buf()], out, &Default::default(), &spolia::progress::Silent)
    };
    ingest(&snapshot, &root).unwrap();
    let error = refused(&root);
    assert!(error.to_string().contains("this is a dataset already") && error.hint_text().unwrap().contains("spolia sql"), "{error}");
    assert_eq!(ingest(&root, &place.0.path().join("q.spolia")).unwrap_err().kind(), ErrorKind::Usage);
    let stored = std::fs::read_dir(root.join("data/stars/snap=00001")).unwrap().next().unwrap().unwrap().path();
    assert!(refused(&stored).to_string().contains("a Parquet file"));
}

#[test]
fn a_missing_part_is_named() {
    let place = Place::new();
    for part in [0, 2] {
        let name = format!("many_012.{part}.hdf5");
        std::fs::copy(data(&format!("hdf5/{name}")), place.0.path().join(&name)).unwrap();
    }
    let error = open(&place.0.path().join("many_012.0.hdf5"), &OpenOptions::default()).unwrap_err();
    let text = error.to_string();
    assert!(
        error.kind() == ErrorKind::NotFound && text.contains("many_012.1.hdf5") && text.contains("3 files as the header says"),
        "{text}"
    );
    assert!(text.contains("found 1 before this one") && text.contains("hint: copy the missing file"), "{text}");
    let parts = Place::new();
    parts.file("snap_001.0", &Sample::small(ByteOrder::Little, 1).set(2).bytes());
    let error = open(&parts.0.path().join("snap_001.0"), &OpenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("snap_001.1`") && error.contains("expected 2 files") && error.contains("hint"), "{error}");
}

#[test]
fn a_part_of_another_snapshot_is_named() {
    let place = Place::new();
    for part in 0..3 {
        let name = format!("many_012.{part}.hdf5");
        let mut bytes = std::fs::read(data(&format!("hdf5/{name}"))).unwrap();
        if part == 1 {
            // Its time is another: of the snapshot before.
            let time = 0.5f64.to_le_bytes();
            let places: Vec<usize> = (0..bytes.len() - 8).filter(|at| bytes[*at..at + 8] == time).collect();
            places.iter().for_each(|at| bytes[*at..at + 8].copy_from_slice(&0.4f64.to_le_bytes()));
            assert!(!places.is_empty());
        }
        place.file(&name, &bytes);
    }
    let error = refused(&place.0.path().join("many_012.1.hdf5"));
    assert!(error.kind() == ErrorKind::Damaged && error.to_string().contains("of different times"), "{error}");
    let parts = Place::new();
    parts.file("snap_001.0", &Sample::small(ByteOrder::Little, 1).set(2).bytes());
    parts.file("snap_001.1", &Sample::small(ByteOrder::Little, 1).set(2).at_time(0.7).bytes());
    let error = refused(&parts.0.path().join("snap_001.1"));
    assert!(error.to_string().contains("files of one snapshot differ in"), "{error}");
}
