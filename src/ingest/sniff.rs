//! Finds the snapshot that a path means: by content for files, by elimination for folders.
//!
//! Layout     a file is shown to every format with its first 4096 bytes; a folder is searched with its subfolders `snapdir_*` and
//!            `snapshot_*`, but no others; the files of one snapshot count once (`snap_084.0.hdf5`, `snap_084.1.hdf5`)
//! Refuses    a missing file (names the nearest), a folder of none or of several, an empty file, a file of another kind (says
//!            what its first bytes are)
//! Edge cases arrays and logs beside a snapshot are no snapshots, nor are group catalogues, offsets and merger trees: HDF5 without
//!            particles; `g.00064` and `g.00064.gz` are one
//! See also   `formats` for the registry

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::gzip::{self, plain_name};
use super::halos::{self, companions};
use super::mapped::Mapped;
use super::stranger::looks_like;
use super::tipsy::companion::is_other_kind;
use super::{Format, OpenOptions, Snapshot, formats};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::table::Dataset;

/// Bytes of a file that decide about its format.
const HEAD_BYTES: u64 = 4096;
/// Snapshots that an error message lists.
const LISTED: usize = 8;
/// How folders that hold the files of one snapshot are called: GADGET and AREPO, EAGLE.
const SNAPSHOT_FOLDERS: [&str; 2] = ["snapdir", "snapshot_"];
/// How folders that hold the files of one halo catalogue are called.
const CATALOGUE_FOLDERS: [&str; 1] = ["groups"];

/// Opens the snapshot at `path`: a file, or a folder that holds the files of one snapshot.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Arc<dyn Snapshot>> {
    let metadata = std::fs::metadata(path).map_err(|e| missing(path, &e))?;
    if !metadata.is_dir() {
        return open_file(path, options);
    }
    refuse_datasets(path)?;
    let mut found = snapshots_in(path)?;
    if found.len() > 1 {
        let inside = |p: &PathBuf| p.strip_prefix(path).unwrap_or(p).display().to_string();
        let mut names: Vec<String> = found.iter().take(LISTED).map(|p| format!("`{}`", inside(p))).collect();
        if found.len() > LISTED {
            names.push("...".into());
        }
        return Err(Error::usage("folder holds several snapshots")
            .at(format!("`{}`", path.display()))
            .expected("one snapshot")
            .found(format!("{}: {}", found.len(), names.join(", ")))
            .hint(format!("name one of them, such as `{}`; `spolia ingest` takes them all", found[found.len() - 1].display())));
    }
    match found.pop() {
        Some(file) => open_file(&file, options),
        None => Err(no_snapshots(path)),
    }
}

/// Opens a file and what lies beside it.
fn open_file(path: &Path, options: &OpenOptions) -> Result<Arc<dyn Snapshot>> {
    companions::join(path, recognise(path)?.open(path, options)?, options)
}

/// Every snapshot at `path`, each by its first file, in the order of their names; numbers count as numbers.
///
/// A file gives itself. A folder gives the snapshots that lie in it and in its folders `snapdir_*` and `snapshot_*`; where there are
/// none, the halo catalogues in it and in its folders `groups_*`.
pub fn snapshots_in(path: &Path) -> Result<Vec<PathBuf>> {
    let metadata = std::fs::metadata(path).map_err(|e| missing(path, &e))?;
    if !metadata.is_dir() {
        recognise(path)?;
        return Ok(vec![path.to_path_buf()]);
    }
    refuse_datasets(path)?;
    let (files, folders) = entries(path)?;
    let inside = |starts: &[&str]| -> Result<Vec<Found>> {
        let chosen = folders.iter().filter(|f| starts.iter().any(|start| last(f).starts_with(start)));
        chosen.map(|f| Ok(first_files(&entries(f)?.0))).collect()
    };
    let Found { particles: mut found, halos } = first_files(&files);
    found.extend(inside(&SNAPSHOT_FOLDERS)?.into_iter().flat_map(|f| f.particles));
    // Catalogues count where there are no particles that they could belong to.
    if found.is_empty() {
        found = halos;
    }
    if found.is_empty() {
        found = inside(&CATALOGUE_FOLDERS)?.into_iter().flat_map(|f| f.halos).collect();
    }
    found.sort_by_cached_key(|p| natural(&p.to_string_lossy()));
    Ok(found)
}

/// A dataset is no snapshot, although a folder.
fn refuse_datasets(path: &Path) -> Result<()> {
    if !Dataset::is_dataset(path) {
        return Ok(());
    }
    Err(Error::usage("this is a dataset already")
        .at(format!("`{}`", path.display()))
        .expected("a snapshot, or a folder of snapshots")
        .found("a dataset of spolia")
        .hint(format!("ask it: `spolia sql {} -c \"SELECT count(*) FROM stars\"`", path.display())))
}

/// Files and folders of a folder, sorted by name.
fn entries(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let listed = std::fs::read_dir(folder).map_err(|e| Error::io("list", folder, &e))?;
    let mut paths: Vec<PathBuf> = listed.flatten().map(|e| e.path()).filter(|p| !last(p).starts_with('.')).collect();
    paths.sort();
    Ok(paths.into_iter().partition(|p| !p.is_dir()))
}

/// Snapshots of a folder, each by its first file.
struct Found {
    particles: Vec<PathBuf>,
    halos: Vec<PathBuf>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.particles.is_empty() && self.halos.is_empty()
    }
}

/// The first file of each snapshot and of each halo catalogue among `files`.
fn first_files(files: &[PathBuf]) -> Found {
    let recognised: Vec<(PathBuf, String, &'static dyn Format, String)> = files
        .iter()
        .filter_map(|path| {
            let (head, name) = (head(path).ok()?, plain(path));
            let format = head.format(path)?;
            let key = format.snapshot_name(&name, &head.stored);
            // Logs and arrays may start like a Tipsy file by chance; the other formats have marks of their own.
            (format.name() != "tipsy" || !is_other_kind(&name)).then(|| (path.clone(), name, format, key))
        })
        .collect();
    // `galaxy.00064.iord` belongs to `galaxy.00064` although its bytes may look like a snapshot's.
    let belongs = |name: &str| {
        recognised.iter().any(|(_, other, format, _)| {
            format.name() == "tipsy" && name.strip_prefix(other).is_some_and(|rest| rest.starts_with('.') && !is_number(&rest[1..]))
        })
    };
    type Files<'a> = Vec<(&'a PathBuf, &'static dyn Format)>;
    let mut groups: BTreeMap<(bool, String), Files> = BTreeMap::new();
    for (path, _, format, key) in recognised.iter().filter(|(_, name, ..)| !belongs(name)) {
        groups.entry((halos::NAMES.contains(&format.name()), key.clone())).or_default().push((path, *format));
    }
    let mut found = Found { particles: Vec::new(), halos: Vec::new() };
    for ((halos, _), mut files) in groups {
        // `g.00064` sorts before `g.00064.gz`, and part 0 before part 1, which may be the first to hold particles.
        files.sort_by_cached_key(|(path, _)| natural(&last(path)));
        let Some(first) = files.first().map(|(path, _)| (*path).clone()) else { continue };
        if halos {
            found.halos.push(first);
        } else if files.iter().any(|(path, format)| format.holds_particles(path)) {
            found.particles.push(first);
        }
    }
    found
}

/// The last part of a path, without `.gz`.
fn plain(path: &Path) -> String {
    plain_name(&last(path)).to_string()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `snap_084.3.hdf5` without the number of its part.
pub(in crate::ingest) fn without_part(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [head @ .., part, end] if is_number(part) && !head.is_empty() => format!("{}.{end}", head.join(".")),
        _ => name.to_string(),
    }
}

/// Key that sorts `snap_10` after `snap_9`: text and numbers in turn.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut key = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, tail) = rest.split_at(text_end);
        let digits_end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (digits, tail) = tail.split_at(digits_end);
        key.push((text.to_string(), digits.parse().unwrap_or(0)));
        rest = tail;
    }
    key
}

/// The format of a file, or an error that says what the file seems to be.
fn recognise(path: &Path) -> Result<&'static dyn Format> {
    let head = head(path)?;
    if head.length == 0 {
        return Err(Error::damaged("file is empty")
            .at(format!("`{}`", path.display()))
            .expected("a snapshot")
            .found("0 bytes")
            .hint("a copy that was interrupted leaves such files; copy it again"));
    }
    if let Some(format) = head.format(path) {
        return Ok(format);
    }
    if head.content.as_ref().is_some_and(|content| (content.len() as u64) < HEAD_BYTES) {
        // Too little content for a whole head: a small file, or one that is cut or damaged there, which its own error says.
        Mapped::open(path)?;
    }
    let names: Vec<&str> = formats().iter().map(|f| f.name()).collect();
    let content = head.stored.starts_with(gzip::MAGIC).then(|| gzip::content_head(&head.stored, HEAD_BYTES));
    let (mut kind, mut hint) = looks_like(path, &head.stored, content.as_deref());
    let unknown = ["bytes ", "text that "].iter().any(|start| kind.starts_with(start));
    if let Some(owner) = owner(path).filter(|_| unknown) {
        kind = format!("a file that is called after the snapshot `{}`", last(&owner));
        hint = Some(format!("arrays, catalogues and logs are read with their snapshot: name `{}`", owner.display()));
    }
    let error = Error::unsupported("no format reads this file")
        .at(format!("`{}`", path.display()))
        .expected(format!("one of {}", names.join(", ")))
        .found(kind);
    Err(match hint {
        Some(hint) => error.hint(hint),
        None => error,
    })
}

/// The snapshot after which a file beside it is called: `g.00064` of `g.00064.iord` and of `g.00064-hsml`.
fn owner(path: &Path) -> Option<PathBuf> {
    let name = last(path);
    let cuts = name.char_indices().rev().filter(|(at, c)| *at > 0 && matches!(c, '.' | '-'));
    let mut shorter = cuts.filter_map(|(at, _)| name.get(..at)).map(|start| path.with_file_name(start));
    shorter.find(|p| p.is_file() && head(p).is_ok_and(|head| head.format(p).is_some()))
}

/// What is known of a file before it is opened.
struct Head {
    /// First bytes as they are stored.
    stored: Vec<u8>,
    /// First bytes of the content, of a gzip'ed file.
    content: Option<Vec<u8>>,
    /// Bytes of the file.
    length: u64,
}

impl Head {
    /// The format that reads the file at `path`.
    fn format(&self, path: &Path) -> Option<&'static dyn Format> {
        let mut formats = formats().iter().copied();
        match &self.content {
            Some(content) => formats.find(|f| f.reads_gzip() && f.recognises(path, content, self.length)),
            None => formats.find(|f| f.recognises(path, &self.stored, self.length)),
        }
    }
}

fn head(path: &Path) -> Result<Head> {
    let failed = |e: std::io::Error| Error::io("read", path, &e);
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::unsupported("not an ordinary file").at(format!("`{}`", path.display())));
    }
    let mut stored = Vec::new();
    File::open(path).map_err(failed)?.take(HEAD_BYTES).read_to_end(&mut stored).map_err(failed)?;
    let content = gzip::is_gzip(path, &stored).then(|| gzip::content_head(&stored, HEAD_BYTES));
    Ok(Head { stored, content, length: metadata.len() })
}

/// A path that cannot be reached: with the nearest name in its folder when it does not exist.
fn missing(path: &Path, cause: &std::io::Error) -> Error {
    let error = Error::io("open", path, cause);
    if error.kind() != ErrorKind::NotFound {
        return error;
    }
    let mut folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    if folder.as_os_str().is_empty() {
        folder = PathBuf::from(".");
    }
    let error = Error::not_found("no such file or folder").at(format!("`{}`", path.display()));
    let Ok((files, folders)) = entries(&folder) else {
        return error.hint(format!("its folder `{}` does not exist either", folder.display()));
    };
    let names: Vec<String> = files.iter().chain(&folders).map(|p| last(p)).collect();
    match nearest(&last(path), names.iter().map(String::as_str)) {
        Some(name) => error.hint(format!("did you mean `{}`?", folder.join(name).display())),
        None => error,
    }
}

fn no_snapshots(path: &Path) -> Error {
    let error = Error::not_found("folder holds no snapshot").at(format!("`{}`", path.display())).expected("the files of a snapshot");
    let Ok((files, folders)) = entries(path) else { return error };
    let inside = folders.iter().find(|f| entries(f).is_ok_and(|(files, _)| !first_files(&files).is_empty()));
    match (inside, files.is_empty() && folders.is_empty()) {
        (Some(folder), _) => error.hint(format!("its folder `{}` holds some", folder.display())),
        (None, true) => error.found("an empty folder").hint("name the folder that the snapshots lie in"),
        (None, false) => {
            let names: Vec<String> = files.iter().chain(&folders).take(LISTED).map(|p| format!("`{}`", last(p))).collect();
            error.found(names.join(", ")).hint("name one of them to be told what it is; `spolia info --formats` lists what is read")
        }
    }
}

fn last(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::tipsy::ByteOrder;
    use super::super::tipsy::write::{StarRecord, TipsyFile, write_aux_i32, write_snapshot};
    use super::*;

    fn snapshot(path: &Path) {
        let file = TipsyFile { time: 0.5, stars: vec![StarRecord::default(); 3], ..Default::default() };
        write_snapshot(path, &file, ByteOrder::Big).unwrap();
    }

    fn text(path: &Path) -> String {
        open(path, &OpenOptions::default()).unwrap_err().to_string()
    }

    #[test]
    fn a_folder_with_one_snapshot_and_its_arrays_is_that_snapshot() {
        let dir = tempfile::tempdir().unwrap();
        snapshot(&dir.path().join("g.00010"));
        write_aux_i32(&dir.path().join("g.00010.iord"), &[4, 5, 6], ByteOrder::Big).unwrap();
        std::fs::write(dir.path().join("g.param"), "bComove = 0").unwrap();
        assert_eq!(open(dir.path(), &OpenOptions::default()).unwrap().info().snap, 10);
        snapshot(&dir.path().join("g.00009"));
        snapshot(&dir.path().join("g.00100"));
        let names: Vec<String> = snapshots_in(dir.path()).unwrap().iter().map(|p| last(p)).collect();
        assert_eq!(names, ["g.00009", "g.00010", "g.00100"]);
        let error = text(dir.path());
        assert!(error.contains("found 3: `g.00009`, `g.00010`, `g.00100`") && error.contains("hint: name one of them"), "{error}");
        let inner = text(dir.path().parent().unwrap().join("none").as_path());
        assert!(inner.contains("no such file or folder"), "{inner}");
    }

    #[test]
    fn folders_of_a_snapshot_count_and_a_compressed_copy_does_not() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["snapdir_007", "groups_007", "other"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        snapshot(&dir.path().join("snapdir_007/g.00007"));
        snapshot(&dir.path().join("other/g.00003"));
        assert_eq!(open(dir.path(), &OpenOptions::default()).unwrap().info().snap, 7);
        let packed = dir.path().join("g.00009.gz");
        let mut encoder = flate2::write::GzEncoder::new(File::create(&packed).unwrap(), flate2::Compression::fast());
        std::io::copy(&mut File::open(dir.path().join("other/g.00003")).unwrap(), &mut encoder).unwrap();
        encoder.finish().unwrap();
        let error = text(dir.path());
        assert!(error.contains("found 2: `g.00009.gz`, `snapdir_007/g.00007`"), "{error}");
        std::fs::remove_dir_all(dir.path().join("snapdir_007")).unwrap();
        assert_eq!(open(dir.path(), &OpenOptions::default()).unwrap().info().snap, 9);
        snapshot(&dir.path().join("g.00009"));
        assert_eq!(snapshots_in(dir.path()).unwrap(), [dir.path().join("g.00009")]);
    }

    #[test]
    fn numbers_sort_as_numbers() {
        let mut names = vec!["s_10", "s_9", "s_9.2", "a", "s_100"];
        names.sort_by_key(|n| natural(n));
        assert_eq!(names, ["a", "s_9", "s_9.2", "s_10", "s_100"]);
        assert_eq!(without_part("snap_084.3.hdf5"), "snap_084.hdf5");
        assert_eq!(without_part("snapshot_004.hdf5"), "snapshot_004.hdf5");
    }

    #[test]
    fn mistakes_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        assert!(text(dir.path()).contains("found an empty folder"));
        assert!(text(&file("empty", b"")).contains("file is empty"));
        for (bytes, words) in [
            (&b"\x1f\x8b\x08\0"[..], "found a gzip file"),
            (b"SIMPLE  =      T", "found a FITS file without"),
            (b"PAR1\x15\0", "found a Parquet file"),
            (b"# my notes\nmore", "found text that starts `# my notes`"),
            (&[255, 254, 253], "found bytes ff fe fd"),
        ] {
            let error = text(&file("thing", bytes));
            assert!(error.contains(words) && error.contains("expected one of"), "{error}");
        }
        file("snapshot_010", b"x");
        assert!(text(&dir.path().join("snapshot_01")).contains("did you mean"), "{}", text(&dir.path().join("snapshot_01")));
        let sub = dir.path().join("run");
        std::fs::create_dir(&sub).unwrap();
        snapshot(&sub.join("g.00001"));
        assert!(text(dir.path()).contains("run` holds some"), "{}", text(dir.path()));
    }

    #[test]
    fn what_belongs_to_a_snapshot_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        snapshot(&dir.path().join("g.00064"));
        for name in ["g.00064.iord", "g.00064-hsml", "g.00064.z0.250.AHF_fpos"] {
            let error = text(&file(name, b"8\n1\n"));
            assert!(error.contains("called after the snapshot `g.00064`") && error.contains("hint: arrays"), "{name}: {error}");
        }
        assert!(text(&file("g.param", b"dKpcUnit = 1")).contains("found a parameter file"));
        let pointer = b"version https://git-lfs.github.com/spec/v1\nsize 5\n";
        assert!(text(&file("g.00064.HI", pointer)).contains("git-lfs pointer"), "what it is comes first");
    }
}
