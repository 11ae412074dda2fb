//! The manifest of one dataset version: which files make it, what they hold, where it came from.
//!
//! Layout     `{"blake3": "<64 hex>",\n"manifest": <body>\n}\n`; the digest covers the body; keys sorted; floats as in `exact`
//! Refuses    any byte that differs from what was written, paths that leave the dataset, tables of unknown layout
//! Edge cases a column without finite values has no min and max; infinities are kept as `inf` and `-inf`
//! See also   `dataset` opens it, `write` makes it, docs/methods/dataset.md

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cosmology::Cosmology;
use crate::error::{Error, Result};
use crate::frames::Frame;

use super::stored_schema::StoredSchema;

/// Version of the layout on disk; a reader refuses a greater one.
pub const FORMAT_VERSION: u32 = 1;
/// Bytes covered by one checksum: about half a column chunk of a row group, so that reading one column hashes little else.
pub const BLOCK_BYTES: u32 = 256 << 10;
/// Bytes kept of each block's BLAKE3: 128 bits, so that damage passes with probability 2^-128.
pub const BLOCK_DIGEST_BYTES: usize = 16;

const HEAD: &str = "{\"blake3\": \"";
const MIDDLE: &str = "\",\n\"manifest\": ";
const TAIL: &str = "\n}\n";
const HEX_DIGITS: usize = 64;

/// One version of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Layout on disk, [`FORMAT_VERSION`] when written.
    pub format_version: u32,
    /// This version; the first is 1.
    pub version: u64,
    /// The version it was made from; 0 for the first.
    pub parent: u64,
    /// Oldest version that is kept; 1 until `compact` removes some.
    #[serde(default = "first_version")]
    pub oldest: u64,
    /// UTC time of the commit, `2026-05-01T12:00:00Z`.
    pub created: String,
    /// Program and version that wrote it.
    pub engine: String,
    /// Name of the dataset: the folder without `.spolia`.
    pub name: String,
    /// What was done, one line.
    pub message: String,
    /// Tables by name.
    pub tables: BTreeMap<String, TableEntry>,
    /// Schemas of the files, by hash.
    pub schemas: BTreeMap<String, StoredSchema>,
    /// Snapshots, by number.
    pub snapshots: Vec<SnapshotEntry>,
    /// Stored frames by name.
    pub frames: BTreeMap<String, FrameEntry>,
    /// Parameters of the last ingest and anything else worth keeping, as text.
    pub parameters: BTreeMap<String, String>,
}

fn first_version() -> u64 {
    1
}

/// One table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Files, by snapshot and then in row order.
    pub files: Vec<FileEntry>,
    /// True: one part per snapshot in `snap=NNNNN`, and readers add a column `snap`. False: one table for the whole dataset
    /// (such as `snapshots`), which has its own `snap` column if it needs one.
    pub per_snapshot: bool,
}

/// One Parquet file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path inside the dataset, with `/`.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// BLAKE3 of the whole file, hex; what `b3sum` prints.
    pub blake3: String,
    /// Bytes per checksum block.
    pub block_bytes: u32,
    /// First 16 bytes of the BLAKE3 of each block, hex, joined.
    pub blocks: String,
    /// Rows.
    pub rows: u64,
    /// Snapshot number; 0 in tables that are not per snapshot.
    pub snap: u32,
    /// Key into [`Manifest::schemas`].
    pub schema_hash: String,
    /// Statistics, in schema order.
    pub columns: Vec<ColumnStats>,
}

/// Statistics of one column of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnStats {
    /// Column.
    pub name: String,
    /// Least value that is not NaN; none if there is no such value or the type has no order here.
    pub min: Option<Scalar>,
    /// Greatest value that is not NaN.
    pub max: Option<Scalar>,
    /// Nulls.
    pub nulls: u64,
    /// NaN values.
    pub nans: u64,
}

/// A number in a manifest, exact for every integer and every double.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// Signed and unsigned integers, and booleans as 0 and 1.
    Integer(i128),
    /// Floats, with infinities.
    Float(f64),
}

impl Scalar {
    /// The nearest double.
    pub fn as_f64(self) -> f64 {
        match self {
            Scalar::Integer(n) => n as f64,
            Scalar::Float(x) => x,
        }
    }

    /// The lesser and the greater of two scalars of one column.
    pub fn ordered(self, other: Scalar) -> (Scalar, Scalar) {
        let less = match (self, other) {
            (Scalar::Integer(a), Scalar::Integer(b)) => a <= b,
            _ => self.as_f64() <= other.as_f64(),
        };
        if less { (self, other) } else { (other, self) }
    }
}

impl Serialize for Scalar {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Scalar::Integer(n) => match (i64::try_from(*n), u64::try_from(*n)) {
                (Ok(small), _) => serializer.serialize_i64(small),
                (_, Ok(large)) => serializer.serialize_u64(large),
                _ => Err(serde::ser::Error::custom("integer beyond 64 bits")),
            },
            Scalar::Float(x) => serializer.serialize_str(&format!("{x:?}")),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        use serde::de::Error as _;
        use serde_json::Value;
        match Value::deserialize(deserializer)? {
            Value::String(text) => text.parse().map(Scalar::Float).map_err(D::Error::custom),
            Value::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(small), _) => Ok(Scalar::Integer(small.into())),
                (_, Some(large)) => Ok(Scalar::Integer(large.into())),
                _ => Err(D::Error::custom("a float where an integer or a string was written")),
            },
            other => Err(D::Error::custom(format!("no number: {other}"))),
        }
    }
}

/// One ingested snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotEntry {
    /// Number.
    pub snap: u32,
    /// Scale factor, for cosmological runs.
    #[serde(with = "super::exact")]
    pub scale_factor: Option<f64>,
    /// 1/a - 1.
    #[serde(with = "super::exact")]
    pub redshift: Option<f64>,
    /// Cosmic or simulation time, Gyr.
    #[serde(with = "super::exact")]
    pub time_gyr: Option<f64>,
    /// The simulation's own cosmology.
    #[serde(with = "super::exact")]
    pub cosmology: Option<Cosmology>,
    /// Physical side of the periodic box, kpc.
    #[serde(with = "super::exact")]
    pub box_kpc: Option<f64>,
    /// Format and variant of the source.
    pub format: String,
    /// Files it came from.
    pub sources: Vec<SourceEntry>,
    /// Header values of the source, as text.
    pub attributes: BTreeMap<String, String>,
    /// Rows per table.
    pub rows: BTreeMap<String, u64>,
    /// Hash of sources and options: the same identity means that there is nothing to do.
    pub identity: String,
}

/// One source file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceEntry {
    /// Path as it was given.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// BLAKE3 of the whole file, hex.
    pub blake3: String,
}

/// One stored frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameEntry {
    /// The transformation.
    #[serde(with = "super::exact")]
    pub frame: Frame,
    /// Snapshot that it was computed from.
    pub snap: u32,
    /// How: the SQL text.
    pub method: String,
    /// UTC time.
    pub created: String,
}

impl Manifest {
    /// An empty version 0 of a dataset called `name`.
    pub fn empty(name: &str) -> Manifest {
        Manifest {
            format_version: FORMAT_VERSION,
            version: 0,
            parent: 0,
            oldest: first_version(),
            created: String::new(),
            engine: engine(),
            name: name.to_string(),
            message: String::new(),
            tables: BTreeMap::new(),
            schemas: BTreeMap::new(),
            snapshots: Vec::new(),
            frames: BTreeMap::new(),
            parameters: BTreeMap::new(),
        }
    }

    /// The text of the file.
    pub fn to_text(&self) -> Result<String> {
        let mut tree = serde_json::to_value(self).map_err(|e| Error::internal("a manifest does not serialise").because(e))?;
        tree.sort_all_objects();
        let body = serde_json::to_string_pretty(&tree).map_err(|e| Error::internal("a manifest does not serialise").because(e))?;
        let digest = blake3::hash(body.as_bytes()).to_hex();
        Ok(format!("{HEAD}{digest}{MIDDLE}{body}{TAIL}"))
    }

    /// Reads the text of a manifest file; `path` is for messages.
    pub fn from_text(text: &[u8], path: &Path) -> Result<Manifest> {
        let damaged = |what: &str| {
            Error::damaged(format!("manifest {what}"))
                .at(format!("`{}`", path.display()))
                .hint("an older version may be whole: `spolia log` lists them")
        };
        let body = text
            .strip_prefix(HEAD.as_bytes())
            .and_then(|rest| rest.split_at_checked(HEX_DIGITS))
            .and_then(|(digest, rest)| Some((digest, rest.strip_prefix(MIDDLE.as_bytes())?.strip_suffix(TAIL.as_bytes())?)));
        let Some((digest, body)) = body else {
            return Err(damaged("has a broken frame"));
        };
        let found = blake3::hash(body).to_hex();
        if found.as_bytes() != digest {
            return Err(damaged("fails its checksum").expected(String::from_utf8_lossy(digest)).found(found));
        }
        // The layout number is read first, so that a newer layout is called new and not damaged.
        #[derive(Deserialize)]
        struct Layout {
            format_version: u32,
        }
        let layout: Layout = serde_json::from_slice(body).map_err(|e| damaged("is not what this program writes").because(e))?;
        if layout.format_version > FORMAT_VERSION {
            return Err(Error::unsupported("the dataset was written by a newer version of spolia")
                .at(format!("`{}`", path.display()))
                .expected(format!("layout {FORMAT_VERSION} or less"))
                .found(layout.format_version)
                .hint("update spolia"));
        }
        let manifest: Manifest = serde_json::from_slice(body).map_err(|e| damaged("is not what this program writes").because(e))?;
        manifest.check(path)?;
        Ok(manifest)
    }

    /// Every schema that is named is there, and every path stays inside the dataset.
    fn check(&self, path: &Path) -> Result<()> {
        for (table, entry) in &self.tables {
            for file in &entry.files {
                let inside = !file.path.is_empty()
                    && file.path.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']));
                if !inside {
                    return Err(
                        Error::damaged("manifest names a file outside the dataset").at(format!("table {table}, `{}`", path.display()))
                    );
                }
                if !self.schemas.contains_key(&file.schema_hash) {
                    return Err(Error::damaged("manifest lacks the schema of a file").at(format!("table {table}, `{}`", path.display())));
                }
            }
        }
        Ok(())
    }

    /// Snapshot numbers that have an entry, ascending.
    pub fn snaps(&self) -> Vec<u32> {
        let mut snaps: Vec<u32> = self.snapshots.iter().map(|s| s.snap).collect();
        snaps.sort_unstable();
        snaps
    }
}

/// `spolia <version>`, as written into manifests and Parquet footers.
pub fn engine() -> String {
    format!("spolia {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Manifest {
        let mut manifest = Manifest::empty("toy");
        manifest.version = 3;
        manifest.frames.insert(
            "disc".into(),
            FrameEntry { frame: Frame::identity(), snap: 7, method: "face_on(x)".into(), created: "2026-01-01T00:00:00Z".into() },
        );
        manifest.snapshots.push(SnapshotEntry {
            snap: 7,
            scale_factor: Some(0.1 + 0.2),
            redshift: None,
            time_gyr: Some(13.7),
            cosmology: None,
            box_kpc: Some(1e5),
            format: "tipsy".into(),
            sources: vec![SourceEntry { path: "a".into(), bytes: 9, blake3: "00".into() }],
            attributes: BTreeMap::from([("b".into(), "1".into()), ("a".into(), "2".into())]),
            rows: BTreeMap::from([("stars".into(), 4)]),
            identity: "x".into(),
        });
        manifest
    }

    #[test]
    fn text_round_trip_is_exact_and_stable() {
        let manifest = sample();
        let text = manifest.to_text().unwrap();
        let back = Manifest::from_text(text.as_bytes(), Path::new("m")).unwrap();
        assert_eq!(back, manifest);
        assert_eq!(back.to_text().unwrap(), text);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "the file must be plain JSON");
        assert!(text.find("\"created\"").unwrap() < text.find("\"engine\"").unwrap());
    }

    #[test]
    fn every_single_byte_change_and_every_truncation_is_refused() {
        let text = sample().to_text().unwrap().into_bytes();
        for i in 0..text.len() {
            let mut changed = text.clone();
            changed[i] ^= 1 << (i % 7);
            assert_eq!(Manifest::from_text(&changed, Path::new("m")).unwrap_err().exit_code(), 3, "byte {i}");
            assert_eq!(Manifest::from_text(&text[..i], Path::new("m")).unwrap_err().exit_code(), 3, "length {i}");
        }
        let mut longer = text.clone();
        longer.push(b' ');
        assert!(Manifest::from_text(&longer, Path::new("m")).is_err());
    }

    #[test]
    fn scalars_keep_64_bit_integers_and_infinities() {
        for scalar in [
            Scalar::Integer(u64::MAX.into()),
            Scalar::Integer(i64::MIN.into()),
            Scalar::Float(f64::NEG_INFINITY),
            Scalar::Float(5e-324),
            Scalar::Float(3.0),
            Scalar::Float(-0.0),
        ] {
            let text = serde_json::to_string(&scalar).unwrap();
            let back: Scalar = serde_json::from_str(&text).unwrap();
            assert_eq!(format!("{back:?}"), format!("{scalar:?}"));
        }
        assert_eq!(Scalar::Integer(u64::MAX.into()).ordered(Scalar::Integer((u64::MAX - 1).into())).1, Scalar::Integer(u64::MAX.into()));
    }

    #[test]
    fn paths_that_leave_the_dataset_are_refused() {
        for path in ["../x", "/etc/passwd", "data/../../x", "", "data//x", "data/./x"] {
            let mut manifest = sample();
            let schema = StoredSchema { fields: vec![] };
            let hash = schema.hash().unwrap();
            manifest.schemas.insert(hash.clone(), schema);
            let file = FileEntry {
                path: path.into(),
                bytes: 1,
                blake3: String::new(),
                block_bytes: BLOCK_BYTES,
                blocks: String::new(),
                rows: 0,
                snap: 0,
                schema_hash: hash,
                columns: vec![],
            };
            manifest.tables.insert("t".into(), TableEntry { files: vec![file], per_snapshot: true });
            let text = manifest.to_text().unwrap();
            assert_eq!(Manifest::from_text(text.as_bytes(), Path::new("m")).unwrap_err().exit_code(), 3, "{path}");
        }
    }

    #[test]
    fn a_newer_layout_is_unsupported_and_not_damaged() {
        let mut manifest = sample();
        manifest.format_version = FORMAT_VERSION + 1;
        let text = manifest.to_text().unwrap();
        let error = Manifest::from_text(text.as_bytes(), Path::new("m")).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Unsupported);
    }
}
