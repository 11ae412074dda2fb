//! One HDF5 file: groups, attributes and blocks of rows, with every call into the HDF5 library behind this wall.
//!
//! Layout     datasets of one or two dimensions, `[particles]` or `[particles, components]`, numbers of 1 to 8 bytes in either byte order;
//!            contiguous storage is read straight from its offset, chunked and compressed storage through the library
//! Refuses    a file shorter than its superblock says; datasets larger than their file can hold, storage that was never written, chunks
//!            that are absent, strings and compounds
//! Edge cases a panic inside the library becomes an error; a metadata read beyond the end of the file is an error before any allocation
//! Cost       positioned reads without a lock, so threads read one file at the same time
//! See also   `read` turns the bytes into columns

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use hdf5_pure::{ChunkCacheConfig, Datatype, DatatypeByteOrder, FileAccessProperties, FormatError, Layout};

use crate::error::{Error, Result};

/// Eight bytes at offset 0 (or 512, 1024, ...) of every HDF5 file; HDF5 File Format Specification 3.0, section II.A.
pub(in crate::ingest) const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";

/// Longest superblock: version 1 with addresses of 8 bytes.
const SUPERBLOCK_BYTES: usize = 60;
/// A deflate stream expands at most 1032 times (zlib technical notes, M. Adler); rounded up.
const MAX_EXPANSION: u64 = 1100;
/// Scale-offset filter of the HDF5 registry, whose constant chunks take next to no space.
const SCALE_OFFSET_FILTER: u16 = 6;
/// Largest logical size of one chunk that is accepted [bytes].
const MAX_CHUNK_BYTES: u64 = 1 << 30;
/// Groups that decide how a file is read, for roots that cannot be listed.
const ROOT_GROUPS: [&str; 6] = ["Header", "Parameters", "Config", "Cosmology", "Units", "RuntimePars"];
/// Name of the root group.
pub(in crate::ingest) const ROOT: &str = "/";
/// Most particle types that are looked for in roots that cannot be listed.
const MAX_TYPES: usize = 16;
/// Widest row that is accepted [components].
const MAX_COMPONENTS: u64 = 4096;

/// Value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ingest) enum Attribute {
    /// One or more numbers that were stored as floats.
    Floats(Vec<f64>),
    /// One or more integers.
    Integers(Vec<i64>),
    /// Text, or the name of a type that is not understood.
    Text(String),
}

impl Attribute {
    /// All numbers as f64.
    pub(in crate::ingest) fn floats(&self) -> Option<Vec<f64>> {
        match self {
            Attribute::Floats(v) => Some(v.clone()),
            Attribute::Integers(v) => Some(v.iter().map(|i| *i as f64).collect()),
            Attribute::Text(_) => None,
        }
    }

    /// The first number as f64.
    pub(in crate::ingest) fn float(&self) -> Option<f64> {
        self.floats().and_then(|v| v.first().copied())
    }

    /// All numbers as counts: whole and not negative.
    pub(in crate::ingest) fn counts(&self) -> Option<Vec<u64>> {
        match self {
            Attribute::Integers(v) => v.iter().map(|i| u64::try_from(*i).ok()).collect(),
            Attribute::Floats(v) => v.iter().map(|x| (x.fract() == 0.0 && *x >= 0.0 && *x < 9e15).then_some(*x as u64)).collect(),
            Attribute::Text(_) => None,
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T: fmt::Display>(values: &[T], f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for (i, value) in values.iter().enumerate() {
                write!(f, "{}{value}", if i > 0 { " " } else { "" })?;
            }
            Ok(())
        }
        match self {
            Attribute::Floats(v) => list(v, f),
            Attribute::Integers(v) => list(v, f),
            Attribute::Text(s) => f.write_str(s),
        }
    }
}

/// Attributes of one group or dataset, by name.
pub(in crate::ingest) type Attributes = BTreeMap<String, Attribute>;

/// How one stored number is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Kind {
    /// IEEE 754 half precision.
    Float16,
    /// IEEE 754 single precision.
    Float32,
    /// IEEE 754 double precision.
    Float64,
    /// Signed integer of so many bytes.
    Signed(u8),
    /// Unsigned integer of so many bytes.
    Unsigned(u8),
}

impl Kind {
    /// Bytes of one number.
    pub(in crate::ingest) fn width(self) -> usize {
        match self {
            Kind::Float16 => 2,
            Kind::Float32 => 4,
            Kind::Float64 => 8,
            Kind::Signed(w) | Kind::Unsigned(w) => usize::from(w),
        }
    }
}

/// Bytes of a file by position. Kept open, or opened for each read when a snapshot has very many files.
#[derive(Debug)]
struct Bytes {
    path: PathBuf,
    length: u64,
    handle: Option<std::fs::File>,
}

impl Bytes {
    fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        match &self.handle {
            Some(file) => file.read_exact_at(buffer, offset),
            None => std::fs::File::open(&self.path)?.read_exact_at(buffer, offset),
        }
    }
}

struct LibrarySource(Arc<Bytes>);

impl hdf5_pure::Source for LibrarySource {
    fn len(&self) -> u64 {
        self.0.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::result::Result<(), FormatError> {
        let wanted = buffer.len() as u64;
        let end = offset.checked_add(wanted).ok_or(FormatError::OffsetOverflow { offset, length: wanted })?;
        if end > self.0.length {
            return Err(FormatError::UnexpectedEof { expected: end as usize, available: self.0.length as usize });
        }
        self.0.read_exact(offset, buffer).map_err(|e| FormatError::Source(e.to_string()))
    }
}

/// Length of the file that a superblock at offset 0 states; the HDF5 library refuses shorter files too.
///
/// Source: HDF5 File Format Specification 3.0, section II.A: the end-of-file address is the third of the addresses.
fn stated_length(superblock: &[u8]) -> Option<u64> {
    superblock.strip_prefix(SIGNATURE)?;
    let (width_at, addresses_at) = match superblock.get(SIGNATURE.len())? {
        0 => (13, 24),
        1 => (13, 28),
        2 | 3 => (9, 12),
        _ => return None,
    };
    let width = usize::from(*superblock.get(width_at)?);
    let start = addresses_at + 2 * width;
    let address = superblock.get(start..start + width).filter(|_| (1..=8).contains(&width))?;
    let mut word = [0; 8];
    word.get_mut(..width)?.copy_from_slice(address);
    // All bits set means that the address is not defined.
    Some(u64::from_le_bytes(word)).filter(|_| address.iter().any(|byte| *byte != 0xff))
}

/// Runs a call into the HDF5 library; its errors and its panics become `Damaged`.
fn guarded<T>(place: &str, action: impl FnOnce() -> std::result::Result<T, hdf5_pure::Error>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(action)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(hdf5_pure::Error::Format(FormatError::UnsupportedFilter(id)))) => {
            Err(Error::unsupported(format!("cannot decompress HDF5 filter {id}"))
                .at(place)
                .hint("rewrite the file with gzip: `h5repack -f GZIP=4`"))
        }
        Ok(Err(cause)) => Err(Error::damaged("cannot read HDF5 structure").at(place).because(cause)),
        Err(_) => Err(Error::damaged("HDF5 structure makes no sense").at(place)),
    }
}

/// An opened HDF5 file.
pub(in crate::ingest) struct H5File {
    path: PathBuf,
    file: hdf5_pure::File,
    bytes: Arc<Bytes>,
}

impl fmt::Debug for H5File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "H5File({})", self.path.display())
    }
}

impl H5File {
    /// Opens `path` for reading; with `keep_open` false no file descriptor is held between reads.
    pub(in crate::ingest) fn open(path: &Path, keep_open: bool) -> Result<H5File> {
        let handle = std::fs::File::open(path).map_err(|e| Error::io("open", path, &e))?;
        let length = handle.metadata().map_err(|e| Error::io("inspect", path, &e))?.len();
        let mut superblock = vec![0; SUPERBLOCK_BYTES.min(length as usize)];
        handle.read_exact_at(&mut superblock, 0).map_err(|e| Error::io("read", path, &e))?;
        if let Some(stated) = stated_length(&superblock).filter(|stated| *stated > length) {
            return Err(Error::damaged("HDF5 file ends early")
                .at(format!("byte {length} of `{}`", path.display()))
                .expected(format!("{stated} bytes, as its superblock says"))
                .found(length)
                .hint("the file is truncated; copy it again"));
        }
        let bytes = Arc::new(Bytes { path: path.to_path_buf(), length, handle: keep_open.then_some(handle) });
        // Decompressed chunks are cached by `read`, with one bound for the whole snapshot instead of one for each dataset.
        let cache = ChunkCacheConfig::new().with_max_bytes(0).with_max_slots(0).with_index_cache(true);
        let properties = FileAccessProperties::new().with_chunk_cache(cache);
        let source = LibrarySource(Arc::clone(&bytes));
        let file = guarded(&format!("`{}`", path.display()), || hdf5_pure::File::from_source_with_options(source, properties))?;
        Ok(H5File { path: path.to_path_buf(), file, bytes })
    }

    /// Where the file is.
    pub(in crate::ingest) fn path(&self) -> &Path {
        &self.path
    }

    /// Length of the file [bytes].
    pub(in crate::ingest) fn length(&self) -> u64 {
        self.bytes.length
    }

    fn place(&self, object: &str) -> String {
        format!("`{object}` of `{}`", self.path.display())
    }

    /// Names of the groups at the root, sorted.
    pub(in crate::ingest) fn groups(&self) -> Result<Vec<String>> {
        // The library cannot list a root that holds soft links (SWIFT writes such files): then the names that matter are tried one by one.
        let mut names = match guarded(&self.place("/"), || self.file.root().groups()) {
            Ok(names) => names,
            Err(cause) => {
                let types = (0..MAX_TYPES).map(|n| format!("PartType{n}"));
                let mut found = Vec::new();
                for name in ROOT_GROUPS.iter().map(|n| n.to_string()).chain(types) {
                    if self.has_group(&name)? {
                        found.push(name);
                    }
                }
                if found.is_empty() {
                    return Err(cause);
                }
                found
            }
        };
        names.sort();
        Ok(names)
    }

    /// Whether the root has a group called `name`.
    pub(in crate::ingest) fn has_group(&self, name: &str) -> Result<bool> {
        guarded(&self.place(name), || match self.file.group(name) {
            Ok(_) => Ok(true),
            Err(hdf5_pure::Error::Format(FormatError::PathNotFound(_))) => Ok(false),
            Err(e) => Err(e),
        })
    }

    /// Attributes of a group.
    pub(in crate::ingest) fn attributes(&self, group: &str) -> Result<Attributes> {
        Ok(attributes_of(guarded(&self.place(group), || {
            if group == ROOT { self.file.root().attrs() } else { self.file.group(group)?.attrs() }
        })?))
    }

    /// Datasets of a group, sorted by name, and the reasons why some cannot be used.
    pub(in crate::ingest) fn datasets(&self, group: &str) -> Result<(Vec<Dataset>, Vec<String>)> {
        let members = guarded(&self.place(group), || {
            let folder = if group == ROOT { self.file.root() } else { self.file.group(group)? };
            let mut list: Vec<_> = folder.iter_datasets()?.collect();
            list.sort_by(|a, b| a.0.cmp(&b.0));
            Ok(list)
        })?;
        let (mut usable, mut skipped) = (Vec::with_capacity(members.len()), Vec::new());
        for (name, dataset) in members {
            match Dataset::new(self, group, &name, dataset) {
                Ok(Some(d)) => usable.push(d),
                Ok(None) => skipped.push(format!("{group}/{name} is not numeric and is left out")),
                Err(e) => return Err(e),
            }
        }
        Ok((usable, skipped))
    }

    /// A list of texts; none if there is no such dataset.
    pub(in crate::ingest) fn texts(&self, group: &str, name: &str) -> Result<Option<Vec<String>>> {
        if !self.has_group(group)? {
            return Ok(None);
        }
        let place = self.place(&format!("{group}/{name}"));
        let list = guarded(&place, || match self.file.dataset(&format!("{group}/{name}")) {
            Ok(dataset) => dataset.read_string().map(Some),
            Err(hdf5_pure::Error::Format(FormatError::PathNotFound(_))) => Ok(None),
            Err(e) => Err(e),
        })?;
        let trimmed = |text: String| text.trim_end_matches(['\0', ' ']).to_string();
        Ok(list.map(|list| list.into_iter().map(trimmed).collect()))
    }

    /// Datasets of the group `inner` of `group`, called `inner/name`; none if there is no such group.
    pub(in crate::ingest) fn inner_datasets(&self, group: &str, inner: &str) -> Result<Vec<Dataset>> {
        let path = format!("{group}/{inner}");
        if !self.has_group(&path)? {
            return Ok(Vec::new());
        }
        let (mut datasets, _) = self.datasets(&path)?;
        datasets.iter_mut().for_each(|d| d.name = format!("{inner}/{}", d.name));
        Ok(datasets)
    }
}

fn attributes_of(raw: std::collections::HashMap<String, hdf5_pure::AttrValue>) -> Attributes {
    raw.into_iter()
        .map(|(name, value)| {
            let value = if let Some(v) = value.to_f64s() {
                Attribute::Floats(v)
            } else if let Some(v) = value.to_i64s() {
                Attribute::Integers(v)
            } else if let Some(text) = value.as_str() {
                Attribute::Text(text.trim_end_matches('\0').to_string())
            } else {
                Attribute::Text(value.as_strings().map_or_else(|| value.type_name().to_string(), |list| list.join(" ")))
            };
            (name, value)
        })
        .collect()
}

enum Storage {
    Contiguous(u64),
    Library { dataset: Box<hdf5_pure::Dataset>, chunks: Option<u64>, checked: OnceLock<std::result::Result<(), Error>> },
}

/// One numeric dataset whose size has been checked against its file.
pub(in crate::ingest) struct Dataset {
    /// Name inside its group.
    pub(in crate::ingest) name: String,
    /// Length of the first dimension.
    pub(in crate::ingest) rows: u64,
    /// Numbers in one row.
    pub(in crate::ingest) components: usize,
    /// Layout of one number.
    pub(in crate::ingest) kind: Kind,
    /// Whether numbers are stored with the most significant byte first.
    pub(in crate::ingest) big_endian: bool,
    /// Rows of one chunk; 0 when the storage is not chunked.
    pub(in crate::ingest) chunk_rows: u64,
    /// Attributes.
    pub(in crate::ingest) attributes: Attributes,
    place: String,
    storage: Storage,
    bytes: Arc<Bytes>,
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dataset({} [{}, {}] {:?})", self.place, self.rows, self.components, self.kind)
    }
}

/// Kind, byte order and components of an HDF5 datatype; `None` when it is not a plain number.
fn number(datatype: &Datatype) -> Option<(Kind, bool, u64)> {
    let big = |order: &DatatypeByteOrder| match order {
        DatatypeByteOrder::LittleEndian => Some(false),
        DatatypeByteOrder::BigEndian => Some(true),
        DatatypeByteOrder::Vax => None,
    };
    match datatype {
        Datatype::FixedPoint { size, byte_order, layout } => {
            let width = u8::try_from(*size).ok().filter(|w| matches!(w, 1 | 2 | 4 | 8))?;
            if layout.bit_offset != 0 || u32::from(layout.bit_precision) != size * 8 {
                return None;
            }
            Some((if layout.signed { Kind::Signed(width) } else { Kind::Unsigned(width) }, big(byte_order)?, 1))
        }
        Datatype::FloatingPoint { size, byte_order, layout } => {
            let kind = match (size, layout.exponent_size, layout.mantissa_size) {
                (2, 5, 10) => Kind::Float16,
                (4, 8, 23) => Kind::Float32,
                (8, 11, 52) => Kind::Float64,
                _ => return None,
            };
            Some((kind, big(byte_order)?, 1))
        }
        Datatype::Enumeration { size, base_type, .. } => {
            number(base_type).filter(|(kind, _, n)| *n == 1 && kind.width() as u64 == u64::from(*size))
        }
        Datatype::Array { base_type, dimensions } => {
            let (kind, order, inner) = number(base_type)?;
            let count = dimensions.iter().try_fold(inner, |n, d| n.checked_mul(u64::from(*d)))?;
            Some((kind, order, count))
        }
        _ => None,
    }
}

impl Dataset {
    fn new(file: &H5File, group: &str, name: &str, dataset: hdf5_pure::Dataset) -> Result<Option<Dataset>> {
        let place = file.place(&format!("{group}/{name}"));
        let (shape, datatype, layout, filters, attributes) =
            guarded(&place, || Ok((dataset.shape()?, dataset.datatype()?, dataset.layout()?, dataset.filters(), dataset.attrs()?)))?;
        let Some((kind, big_endian, inner)) = number(&datatype) else { return Ok(None) };
        let Some((&rows, rest)) = shape.split_first() else { return Ok(None) };
        let components =
            rest.iter().try_fold(inner, |n, d| n.checked_mul(*d)).filter(|n| (1..=MAX_COMPONENTS).contains(n)).ok_or_else(|| {
                Error::damaged("dataset has an impossible shape")
                    .at(&place)
                    .expected(format!("1 to {MAX_COMPONENTS} components"))
                    .found(format!("shape {shape:?}"))
            })?;
        let total = rows.checked_mul(components).and_then(|n| n.checked_mul(kind.width() as u64));
        let too_large = |limit: u64| {
            Error::damaged("dataset is larger than its file can hold")
                .at(&place)
                .expected(format!("at most {limit} bytes"))
                .found(format!("{rows} rows of {components} numbers of {} bytes", kind.width()))
                .hint("the file is truncated or damaged; copy it again")
        };
        let total = total.ok_or_else(|| too_large(file.length()))?;
        let mut chunk_rows = 0;
        let storage = match layout {
            Layout::Contiguous { address, size } => {
                if rows > 0 && size != total {
                    return Err(Error::damaged("stored size disagrees with the shape")
                        .at(&place)
                        .expected(format!("{total} bytes"))
                        .found(format!("{size} bytes")));
                }
                let address = match address {
                    Some(a) => a,
                    None if total == 0 => 0,
                    None => return Err(Error::damaged("dataset was never written, or lies in another file").at(&place)),
                };
                if address.checked_add(total).is_none_or(|end| end > file.length()) {
                    return Err(too_large(file.length().saturating_sub(address)));
                }
                Storage::Contiguous(address)
            }
            Layout::Compact { .. } => Storage::Library { dataset: Box::new(dataset), chunks: None, checked: OnceLock::new() },
            Layout::Chunked { chunk_shape, .. } => {
                let logical = chunk_shape
                    .iter()
                    .try_fold(u64::from(datatype_bytes(&datatype)), |n, d| n.checked_mul(*d))
                    .filter(|n| *n <= MAX_CHUNK_BYTES);
                if logical.is_none() || chunk_shape.len() != shape.len() || chunk_shape.contains(&0) {
                    return Err(Error::damaged("chunks have an impossible shape")
                        .at(&place)
                        .found(format!("{chunk_shape:?} in {shape:?}")));
                }
                let expansion = match filters.as_slice() {
                    [] => 1,
                    list if list.contains(&SCALE_OFFSET_FILTER) => MAX_EXPANSION * MAX_EXPANSION,
                    _ => MAX_EXPANSION,
                };
                let limit = file.length().saturating_mul(expansion);
                if total > limit {
                    return Err(too_large(limit));
                }
                chunk_rows = chunk_shape[0];
                let chunks = shape.iter().zip(&chunk_shape).try_fold(1u64, |n, (extent, chunk)| n.checked_mul(extent.div_ceil(*chunk)));
                Storage::Library { dataset: Box::new(dataset), chunks, checked: OnceLock::new() }
            }
            _ => {
                return Err(Error::unsupported("datasets that are put together from other files are not read")
                    .at(&place)
                    .hint("open the files that it refers to"));
            }
        };
        let attributes = attributes_of(attributes);
        let bytes = Arc::clone(&file.bytes);
        Ok(Some(Dataset {
            name: name.to_string(),
            rows,
            components: components as usize,
            kind,
            big_endian,
            chunk_rows,
            attributes,
            place,
            storage,
            bytes,
        }))
    }

    /// `group/name` and the file, for messages.
    pub(in crate::ingest) fn place(&self) -> &str {
        &self.place
    }

    /// Bytes of one row.
    pub(in crate::ingest) fn row_bytes(&self) -> usize {
        self.components * self.kind.width()
    }

    /// Replaces `buffer` by the stored bytes of `rows`.
    pub(in crate::ingest) fn read(&self, rows: Range<u64>, buffer: &mut Vec<u8>) -> Result<()> {
        if rows.start > rows.end || rows.end > self.rows {
            return Err(Error::internal("rows outside the dataset")
                .at(&self.place)
                .expected(format!("0..{}", self.rows))
                .found(format!("{rows:?}")));
        }
        let count = rows.end - rows.start;
        let length = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(self.row_bytes());
        match &self.storage {
            Storage::Contiguous(address) => {
                buffer.resize(length, 0);
                let offset = address + rows.start * self.row_bytes() as u64;
                self.bytes
                    .read_exact(offset, buffer)
                    .map_err(|e| Error::io("read", &self.bytes.path, &e).because(format!("byte {offset}, {}", self.place)))
            }
            Storage::Library { dataset, chunks, checked } => {
                checked.get_or_init(|| self.all_chunks_exist(dataset, *chunks)).clone()?;
                if count == 0 {
                    buffer.clear();
                    return Ok(());
                }
                *buffer = guarded(&self.place, || dataset.read_raw_rows(rows.start, count))?;
                if buffer.len() != length {
                    return Err(Error::damaged("dataset ends early")
                        .at(&self.place)
                        .expected(format!("{length} bytes"))
                        .found(format!("{} bytes", buffer.len())));
                }
                Ok(())
            }
        }
    }

    /// An absent chunk would read as zeros without a word: an interrupted writer leaves such files.
    fn all_chunks_exist(&self, dataset: &hdf5_pure::Dataset, expected: Option<u64>) -> Result<()> {
        let Some(expected) = expected else { return Ok(()) };
        let found = guarded(&self.place, || dataset.chunks())?;
        let stored = found.iter().filter(|c| c.storage_size > 0).count() as u64;
        if stored < expected {
            return Err(Error::damaged("chunks are missing")
                .at(&self.place)
                .expected(format!("{expected} chunks"))
                .found(stored)
                .hint("the writer was interrupted; restore the file"));
        }
        if let Some(outside) = found.iter().find(|c| c.address.checked_add(c.storage_size).is_none_or(|end| end > self.bytes.length)) {
            return Err(Error::damaged("chunk lies beyond the end of the file")
                .at(&self.place)
                .expected(format!("at most byte {}", self.bytes.length))
                .found(format!("{} bytes at byte {}", outside.storage_size, outside.address))
                .hint("the file is truncated; copy it again"));
        }
        Ok(())
    }
}

fn datatype_bytes(datatype: &Datatype) -> u32 {
    number(datatype).map_or(1, |(kind, _, count)| (kind.width() as u64 * count).min(u64::from(u32::MAX)) as u32)
}
