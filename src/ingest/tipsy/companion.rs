//! Auxiliary arrays `SNAP.NAME` of a Tipsy snapshot: which files they are, their type, and their values.
//!
//! Layout     text: the particle count on the first line, then one value a line (a vector: all x, then all y, then all z);
//!            binary: u32 (or u64) count in the snapshot's byte order, then 4 bytes a particle (i32 for known integers, else f32),
//!            8 bytes (i64 or f64) when the length says so (a vector: x y z of each particle); `.pynbody-meta` names the type;
//!            `bPackedVector` of the parameter file decides the order of vectors, text or binary
//! Units      as `ingest::fields` says for the name; unknown names have unit `unknown`
//! Refuses    an array for another number of particles, of the other byte order, cut short (a last line of text without its end may
//!            be), or with text that is no number
//! Edge cases text is tried first (its first four bytes are a plausible count); halo catalogues, logs, caches and pictures are
//!            no arrays and are passed over; `SNAP.NAME.gz` is read where there is no `SNAP.NAME`; one value per particle of ALL families, zero where undefined
//! Cost       text is parsed once, by all threads, when a column of it is first read; binary is not copied
//! Source     ChaNGa `InOutput.cpp` (text by axis, binary by particle, big-endian), Gasoline `outtype.c` (`bPackedVector`, 0 is by axis)
//! See also   `fields::tipsy_array`, `text`, `write`

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::header::{Header, looks_like_tipsy};
use super::param::file_name;
use super::text::{Parsed, long_digits, parse, text_count, values_in};
use crate::error::{Error, Result};
use crate::ingest::Family;
use crate::ingest::fields::{ArrayField, Quantity, tipsy_array};
use crate::ingest::gzip::{plain_name, plain_path};
use crate::ingest::mapped::Mapped;

/// Endings, in lower case, of files beside a snapshot that are no arrays.
const OTHER_ENDINGS: &[&str] = &[
    "param",
    "log",
    "starlog",
    "kdtree",
    "pynbody-meta",
    "blackholes",
    "bhstate",
    "bhmergers",
    "orbit",
    "shortened.orbit",
    "stat",
    "gtp",
    "fits",
    "hdf5",
    "h5",
    "npy",
    "npz",
    "pkl",
    "pickle",
    "png",
    "jpg",
    "jpeg",
    "pdf",
    "gif",
    "mp4",
    "ppm",
    "txt",
    "md",
    "json",
    "yml",
    "yaml",
    "toml",
    "csv",
    "py",
    "ipynb",
    "pro",
    "sh",
    "pbs",
    "slurm",
    "out",
    "err",
    "bak",
    "tmp",
    "swp",
    "lock",
    "zip",
    "tar",
    "xz",
    "zst",
    "db",
    "sub",
    "checkpoint",
    "parquet",
    "spolia",
    "ewah",
    "chk0",
    "chk1",
];
/// Compressed files that are not read: named in a note, since they may hide an array.
const COMPRESSED_ENDINGS: &[&str] = &["bz2"];
const LONGEST_META_BYTES: usize = 1 << 16;

/// Element of an array as it is handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
}

impl Element {
    /// Bytes of a binary value.
    pub fn bytes(self) -> usize {
        match self {
            Element::F32 | Element::I32 => 4,
            Element::F64 | Element::I64 => 8,
        }
    }
}

/// One array of the whole snapshot.
#[derive(Debug)]
pub struct Companion {
    /// Name after the snapshot's.
    pub name: String,
    /// What it becomes.
    pub field: ArrayField,
    /// 1, or 3 for a vector.
    pub components: u64,
    /// Whether the components of a vector follow each other particle by particle, not axis by axis.
    pub packed: bool,
    /// Type of its values.
    pub element: Element,
    /// Families that it describes, when a sidecar says so.
    pub families: Option<Vec<Family>>,
    map: Mapped,
    /// Byte of the first value.
    start: usize,
    text: Option<OnceLock<Result<Arc<Parsed>>>>,
}

/// Where the values of an array are.
pub enum Values<'a> {
    /// Raw bytes from the first value on.
    Bytes(&'a [u8]),
    /// Parsed text.
    Parsed(Arc<Parsed>),
}

impl Companion {
    /// The file.
    pub fn mapped(&self) -> &Mapped {
        &self.map
    }

    /// Whether the file is text.
    pub fn is_text(&self) -> bool {
        self.text.is_some()
    }

    /// All values, in the order of the file.
    pub fn values(&self) -> Result<Values<'_>> {
        self.map.check()?;
        match &self.text {
            None => Ok(Values::Bytes(self.map.bytes().get(self.start..).unwrap_or(&[]))),
            Some(text) => {
                let integers = matches!(self.element, Element::I32 | Element::I64);
                let parsed = text.get_or_init(|| parse(&self.map, self.start, integers).map(Arc::new));
                parsed.clone().map(Values::Parsed)
            }
        }
    }
}

/// The arrays of the snapshot at `path`, sorted by name, and notes about files that are none.
///
/// `packed` is what the parameter file says about vectors: x y z of each particle (true), or one axis after the other.
pub fn find(path: &Path, header: &Header, packed: Option<bool>) -> Result<(Vec<Companion>, Vec<String>)> {
    let prefix = format!("{}.", file_name(path));
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut names: Vec<(String, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| Error::io("list", folder, &e))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(rest) = name.strip_prefix(&prefix).filter(|rest| !rest.is_empty() && *rest != "gz") {
            names.push((plain_name(rest).to_string(), entry.path()));
        }
    }
    // `iord` comes before `iord.bz2` and stands for both.
    names.sort();
    names.dedup_by(|next, kept| next.0 == kept.0);
    let (mut arrays, mut notes) = (Vec::new(), Vec::new());
    for (name, file) in names {
        if is_other_kind(&name) || !file.is_file() {
            if COMPRESSED_ENDINGS.iter().any(|e| name.to_lowercase().ends_with(&format!(".{e}"))) {
                notes.push(format!("`{}` is compressed and was passed over; decompress it to read it", file_name(&file)));
            }
            continue;
        }
        match open(&name, &file, header, packed)? {
            Some(array) => {
                if array.components > 1 && packed.is_none() && !array.is_text() {
                    notes.push(format!(
                        "vector `{}` is taken particle by particle, as ChaNGa writes binary ones; bPackedVector = 0 in the parameter file reads it axis by axis, as Gasoline does",
                        file_name(&file)
                    ));
                }
                arrays.push(array);
            }
            None => notes.push(format!("`{}` is no array of this snapshot and was passed over", file_name(&file))),
        }
    }
    Ok((arrays, notes))
}

/// Whether a file with this ending beside a snapshot is known to be no array.
pub(crate) fn is_other_kind(name: &str) -> bool {
    let lower = name.to_lowercase();
    let ending = |e: &&str| lower == **e || lower.ends_with(&format!(".{e}"));
    lower.contains("ahf_") || lower.ends_with('~') || OTHER_ENDINGS.iter().any(&ending) || COMPRESSED_ENDINGS.iter().any(ending)
}

/// Opens one array; none if the file is clearly of another kind.
fn open(name: &str, path: &Path, header: &Header, packed: Option<bool>) -> Result<Option<Companion>> {
    let map = Mapped::open(path)?;
    let mut field = tipsy_array(name);
    let (meta_element, families) = sidecar(path);
    if let Some(element) = meta_element {
        field.integer = matches!(element, Element::I32 | Element::I64);
    }
    let total = header.total();
    if let Some((count, start)) = text_count(map.bytes(), total) {
        let lines = values_in(map.bytes().get(start..).unwrap_or(&[]));
        let Some(components) = [1, 3].into_iter().find(|c| (count == total || count == c * total) && lines == c * total) else {
            return if field.quantity == Quantity::Unknown && count != total && count != lines && count * 3 != lines {
                Ok(None)
            } else {
                Err(refused_text(&map, count, lines, total))
            };
        };
        // Without the end of its last line, `0.5` may be what a cut left of `0.52`.
        if !map.bytes().last().is_some_and(u8::is_ascii_whitespace) {
            return Err(Error::damaged("text array ends in the middle of a line")
                .at(format!("byte {} of `{}`", map.length(), map.path().display()))
                .expected("a line end after the last value")
                .hint("the file is truncated; copy it again"));
        }
        let element = match (field.integer, long_digits(map.bytes())) {
            (true, _) => Element::I64,
            (false, true) => Element::F64,
            (false, false) => Element::F32,
        };
        let packed = packed.unwrap_or(false);
        let text = Some(OnceLock::new());
        return Ok(Some(Companion { name: name.into(), field, components, packed, element, families, map, start, text }));
    }
    let Some((components, wide, start)) = binary_shape(&map, header)? else {
        return if field.quantity == Quantity::Unknown { Ok(None) } else { Err(no_array(&map, header)) };
    };
    let element = match (field.integer, wide) {
        (true, false) => Element::I32,
        (true, true) => Element::I64,
        (false, false) => Element::F32,
        (false, true) => Element::F64,
    };
    let packed = packed.unwrap_or(true);
    Ok(Some(Companion { name: name.into(), field, components, packed, element, families, map, start, text: None }))
}

/// Components, whether values take eight bytes, and the byte of the first; none if the bytes are clearly no array.
fn binary_shape(map: &Mapped, header: &Header) -> Result<Option<(u64, bool, usize)>> {
    let (bytes, total, length) = (map.bytes(), header.total(), map.length());
    let Some(count) = header.order.u32_at(bytes, 0) else { return Ok(None) };
    let swapped = u64::from(count.swap_bytes());
    let count = u64::from(count);
    let low = |n: u64| n & u64::from(u32::MAX);
    let place = format!("byte 0 of `{}`", map.path().display());
    for components in [1, 3] {
        if count == low(total) || count == low(components * total) {
            for wide in [false, true] {
                if length == 4 + components * total * if wide { 8 } else { 4 } {
                    return Ok(Some((components, wide, 4)));
                }
            }
        }
    }
    let long_count = header.order.u64_at(bytes, 0);
    for components in [1, 3].into_iter().filter(|c| long_count == Some(total) || long_count == Some(c * total)) {
        for wide in [true, false] {
            if length == 8 + components * total * if wide { 8 } else { 4 } {
                return Ok(Some((components, wide, 8)));
            }
        }
    }
    if looks_like_tipsy(bytes) {
        return Ok(None);
    }
    if count == low(total) {
        return Err(Error::damaged("auxiliary array ends early or runs on")
            .at(format!("byte {length} of `{}`", map.path().display()))
            .expected(format!("{} bytes for {total} particles", 4 + 4 * total))
            .found(format!("{length} bytes"))
            .hint("copy it again, or move it away to read the snapshot without it"));
    }
    let fits = |n: u64| [4, 8, 12, 24].contains(&((length - 4) / n.max(1))) && (length - 4).is_multiple_of(n.max(1));
    if swapped == low(total) && fits(total) {
        return Err(Error::damaged("auxiliary array has the other byte order than its snapshot")
            .at(place)
            .expected(format!("{total} particles {}", header.order.name()))
            .found(format!("{swapped} {}", header.order.other().name()))
            .hint("it was written by another machine than the snapshot; convert one of them"));
    }
    if count != 0 && fits(count) {
        return Err(Error::damaged("auxiliary array is for another number of particles")
            .at(place)
            .expected(format!("{total} particles, as in the snapshot"))
            .found(count)
            .hint("it belongs to another snapshot; move it away, or make it anew"));
    }
    Ok(None)
}

/// A file with the name of a well-known array whose bytes are none: leaving it out would drop a column in silence.
fn no_array(map: &Mapped, header: &Header) -> Error {
    Error::damaged("auxiliary array does not start with the number of particles")
        .at(format!("byte 0 of `{}`", map.path().display()))
        .expected(format!("{}, as text or {}", header.total(), header.order.name()))
        .found(header.order.u32_at(map.bytes(), 0).map_or_else(|| format!("a file of {} bytes", map.length()), |n| n.to_string()))
        .hint("copy it again, or move it away to read the snapshot without it")
}

fn refused_text(map: &Mapped, count: u64, lines: u64, total: u64) -> Error {
    let error = if count == total {
        Error::damaged("auxiliary array ends early or runs on").expected(format!("{total} values")).found(lines)
    } else {
        Error::damaged("auxiliary array is for another number of particles")
            .expected(format!("{total} particles, as in the snapshot"))
            .found(count)
    };
    error
        .at(format!("line 1 of `{}`", map.path().display()))
        .hint("it belongs to another snapshot or was cut; move it away, or make it anew")
}

/// Type and families that pynbody's sidecar names.
fn sidecar(path: &Path) -> (Option<Element>, Option<Vec<Family>>) {
    let mut name = plain_path(path).into_os_string();
    name.push(".pynbody-meta");
    let Ok(bytes) = std::fs::read(PathBuf::from(name)) else { return (None, None) };
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_META_BYTES)]).into_owned();
    let entry =
        |key: &str| text.lines().find_map(|l| l.split_once(':').filter(|(k, _)| k.trim() == key).map(|(_, v)| v.trim().to_string()));
    let element = entry("dtype").and_then(|dtype| match dtype.trim_start_matches(['<', '>', '=']) {
        "int32" | "i4" => Some(Element::I32),
        "int64" | "i8" => Some(Element::I64),
        "float32" | "f4" => Some(Element::F32),
        "float64" | "f8" => Some(Element::F64),
        _ => None,
    });
    let families = entry("families").map(|names| {
        names
            .split_whitespace()
            .filter_map(|name| match name {
                "star" | "stars" | "s" => Some(Family::Stars),
                "gas" | "g" => Some(Family::Gas),
                "dm" | "dark" | "d" => Some(Family::Dark),
                _ => None,
            })
            .collect()
    });
    (element, families)
}

#[cfg(test)]
mod tests {
    use super::super::header::{ByteOrder, Precision};
    use super::super::write::{write_aux_f32, write_aux_i32};
    use super::*;

    fn header() -> Header {
        Header { time: 1.0, counts: [1, 1, 1], order: ByteOrder::Big, bytes: 32, precision: Precision::default() }
    }

    fn with(files: &[(&str, &[u8])]) -> Result<(Vec<Companion>, Vec<String>)> {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        find(&dir.path().join("a.1"), &header(), None)
    }

    #[test]
    fn text_is_recognised_before_binary() {
        let (arrays, notes) = with(&[
            ("a.1.FeMassFrac", b"3\n0.25\n0\n1e-3\n"),
            ("a.1.iord", b"3\n7\n8\n9\n"),
            ("a.1.acc", b"3\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"),
        ])
        .unwrap();
        assert!(notes.is_empty());
        let shapes: Vec<_> = arrays.iter().map(|a| (a.name.as_str(), a.element, a.components)).collect();
        assert_eq!(shapes, [("FeMassFrac", Element::F32, 1), ("acc", Element::F32, 3), ("iord", Element::I64, 1)]);
        let Values::Parsed(parsed) = arrays[0].values().unwrap() else { panic!() };
        assert!(matches!(&*parsed, Parsed::Reals(v) if *v == [0.25, 0.0, 1e-3]));
        let (arrays, _) = with(&[("a.1.pot", b"3\n0.1234567890123\n0\n0\n")]).unwrap();
        assert_eq!(arrays[0].element, Element::F64, "more digits than single precision holds");
    }

    #[test]
    fn binary_types_follow_name_length_and_sidecar() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        write_aux_f32(&file("a.1.HI"), &[1.0, 2.0, 3.0], ByteOrder::Big).unwrap();
        write_aux_i32(&file("a.1.b.grp"), &[1, -1, 3], ByteOrder::Big).unwrap();
        write_aux_i32(&file("a.1.tag"), &[1, 2, 3], ByteOrder::Big).unwrap();
        std::fs::write(file("a.1.tag.pynbody-meta"), "families: gas star\ndtype: int32\n").unwrap();
        let mut wide = vec![0, 0, 0, 3];
        [5i64, 6, 7].iter().for_each(|v| wide.extend(v.to_be_bytes()));
        std::fs::write(file("a.1.iord"), wide).unwrap();
        let (arrays, notes) = find(&file("a.1"), &header(), None).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        let types: Vec<_> = arrays.iter().map(|a| (a.name.as_str(), a.element)).collect();
        assert_eq!(types, [("HI", Element::F32), ("b.grp", Element::I32), ("iord", Element::I64), ("tag", Element::I32)]);
        assert_eq!(arrays[3].families, Some(vec![Family::Gas, Family::Stars]));
    }

    #[test]
    fn eight_byte_counts_and_values_follow_from_the_length() {
        let mut bytes = 3u64.to_be_bytes().to_vec();
        [5i64, 1 << 40, 7].iter().for_each(|v| bytes.extend(v.to_be_bytes()));
        let mut vector = vec![0, 0, 0, 3];
        (0..9).for_each(|v| vector.extend(f64::from(v).to_be_bytes()));
        let (arrays, notes) = with(&[("a.1.iord", &bytes), ("a.1.spin", &vector)]).unwrap();
        assert_eq!((arrays[0].element, arrays[0].start, arrays[1].element), (Element::I64, 8, Element::F64));
        assert!(
            arrays[1].packed && arrays[1].components == 3 && notes[0].contains("`a.1.spin` is taken particle by particle"),
            "{notes:?}"
        );
        let Values::Bytes(values) = arrays[0].values().unwrap() else { panic!() };
        assert_eq!(values[8..16], (1i64 << 40).to_be_bytes());
    }

    #[test]
    fn arrays_of_another_snapshot_are_refused_with_both_counts() {
        let binary = [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
        for (bytes, words) in [
            (&binary[..], "expected 3 particles, as in the snapshot, found 2"),
            (b"2\n1\n2\n", "expected 3 particles, as in the snapshot, found 2"),
            (&[0, 0, 0, 3, 0, 0, 0, 1], "expected 16 bytes for 3 particles, found 8 bytes"),
            (b"3\n1\n2\n", "expected 3 values, found 2"),
            (&[3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3], "3 little-endian"),
        ] {
            let error = with(&[("a.1.iord", bytes)]).unwrap_err();
            assert_eq!(error.exit_code(), 3);
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn other_files_are_passed_over() {
        let others: [(&str, &[u8]); 7] = [
            ("a.1.z0.250.AHF_halos", b"#ID\n"),
            ("a.1.kdtree", b"\x0f9"),
            ("a.1.param", b"x = 1"),
            ("a.1.notes", b"dear reader"),
            ("a.1.empty", b""),
            ("a.1.iord.bz2", b"\x1f\x8b"),
            ("a.1-hsml", b"x"),
        ];
        let (arrays, notes) = with(&others).unwrap();
        assert!(arrays.is_empty());
        assert_eq!(notes.len(), 3, "{notes:?}");
    }

    #[test]
    fn text_that_is_no_number_names_the_byte() {
        let (arrays, _) = with(&[("a.1.HI", b"3\n1\nabc\n2\n")]).unwrap();
        let error = match arrays[0].values() {
            Err(error) => error.to_string(),
            Ok(_) => panic!("accepted"),
        };
        assert!(error.contains("byte 4 of") && error.contains("`abc`"), "{error}");
    }
}
