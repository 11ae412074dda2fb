//! Readers of snapshot files: one shape, one registry, chosen by content and never by name.
//!
//! Layout     a reader implements [`Format`] (recognise, open) and [`Snapshot`] (schema, rows, read)
//! Units      readers return the canonical columns of `table::schema`: physical kpc, km/s, Msun, Gyr
//! Refuses    any file whose arithmetic does not add up, with the byte offset or the dataset's name
//! See also   `fields` for names and units, ARCHITECTURE.md "add a reader"

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::cosmology::Cosmology;
use crate::error::Result;

pub use open_options::{HaloSource, OpenOptions};
pub use sniff::{open, snapshots_in};

mod births_once;
mod buckets;
mod check;
pub mod export;
pub mod fields;
pub mod gadget_binary;
pub mod gadget_hdf5;
mod gzip;
pub mod halos;
pub mod mapped;
pub mod nihao_fits;
pub mod open_options;
pub mod run;
pub mod selection;
pub mod snapshots_table;
pub mod sniff;
mod sort;
mod source_hash;
mod stranger;
pub mod synth;
mod thermal;
pub mod tipsy;

/// More files than this are opened anew for each read: a process may have no more than 256 open (the default of macOS).
const MOST_OPEN_FILES: usize = 64;

/// Whether the files of a set of `count` stay open between reads.
fn keeps_open(count: usize) -> bool {
    count <= MOST_OPEN_FILES
}

/// A table of particles, of birth records, or of a halo catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Star particles (wind-phase cells are never among them).
    Stars,
    /// Gas particles or cells.
    Gas,
    /// Dark matter of every resolution.
    Dark,
    /// Black holes.
    BlackHoles,
    /// Lagrangian tracers (`PartType3` of AREPO runs).
    Tracers,
    /// Star formation records (`.starlog`).
    Births,
    /// Haloes and subhaloes of a catalogue.
    Halos,
    /// Which particle belongs to which halo.
    HaloMembers,
    /// Links between haloes of different snapshots.
    MergerTree,
    /// Radial profiles of haloes, one row a bin.
    HaloProfiles,
}

impl Family {
    /// All families in table order.
    pub const ALL: [Family; 10] = [
        Family::Stars,
        Family::Gas,
        Family::Dark,
        Family::BlackHoles,
        Family::Tracers,
        Family::Births,
        Family::Halos,
        Family::HaloMembers,
        Family::MergerTree,
        Family::HaloProfiles,
    ];

    /// Whether its rows are particles of the snapshot.
    pub fn is_particles(self) -> bool {
        !matches!(self, Family::Births) && !self.is_halos()
    }

    /// Whether it comes from a halo catalogue or merger tree.
    pub fn is_halos(self) -> bool {
        matches!(self, Family::Halos | Family::HaloMembers | Family::MergerTree | Family::HaloProfiles)
    }

    /// Name of its table.
    pub fn table(self) -> &'static str {
        match self {
            Family::Stars => "stars",
            Family::Gas => "gas",
            Family::Dark => "dark",
            Family::BlackHoles => "black_holes",
            Family::Tracers => "tracers",
            Family::Births => "births",
            Family::Halos => "halos",
            Family::HaloMembers => "halo_members",
            Family::MergerTree => "merger_tree",
            Family::HaloProfiles => "halo_profiles",
        }
    }

    /// The family whose table is called `name`; the one-letter names of pynbody are accepted too.
    pub fn from_name(name: &str) -> Option<Family> {
        match name {
            "stars" | "star" | "s" => Some(Family::Stars),
            "gas" | "g" => Some(Family::Gas),
            "dark" | "dm" | "d" => Some(Family::Dark),
            "black_holes" | "bh" => Some(Family::BlackHoles),
            "tracers" => Some(Family::Tracers),
            "births" => Some(Family::Births),
            "halos" | "halo" => Some(Family::Halos),
            "halo_members" => Some(Family::HaloMembers),
            "merger_tree" => Some(Family::MergerTree),
            "halo_profiles" => Some(Family::HaloProfiles),
            _ => None,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.table())
    }
}

/// What the header of a snapshot says, in physical units.
#[derive(Clone, Debug)]
pub struct SnapshotInfo {
    /// Name of the format, as in the registry, with its variant: `tipsy (big-endian)`.
    pub format: String,
    /// Number at the end of the name (`01024`), or 0.
    pub snap: u32,
    /// Every file that was opened, with its length in bytes.
    pub files: Vec<(PathBuf, u64)>,
    /// Scale factor, for cosmological runs.
    pub scale_factor: Option<f64>,
    /// Cosmic time (or simulation time) \[Gyr\].
    pub time_gyr: Option<f64>,
    /// The simulation's own cosmology.
    pub cosmology: Option<Cosmology>,
    /// Physical side of the periodic box \[kpc\].
    pub box_kpc: Option<f64>,
    /// Rows of each family that has any.
    pub rows: Vec<(Family, u64)>,
    /// Header values and parameters, as text, for `info` and the manifest.
    pub attributes: Vec<(String, String)>,
    /// What the user should know: assumed units, ignored trailing bytes, partial records.
    pub notes: Vec<String>,
}

/// One opened snapshot. Reading is random access and safe from many threads.
pub trait Snapshot: Send + Sync + fmt::Debug {
    /// The header.
    fn info(&self) -> &SnapshotInfo;

    /// Canonical schema of one family, with field metadata; an error if the family is absent.
    fn schema(&self, family: Family) -> Result<SchemaRef>;

    /// Columns `columns` (indices into the schema) of rows `rows`, in file order.
    fn read(&self, family: Family, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch>;

    /// Those of the files that belong to the whole run and hold its births; they may grow while the snapshot stays as it is.
    fn run_files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Where the value of `column` in row `row` of a family stands in the source, for messages.
    fn place(&self, family: Family, _column: &str, row: u64) -> String {
        let file = self.info().files.first().map(|(path, _)| format!(" of `{}`", path.display()));
        format!("row {row} of {family}{}", file.unwrap_or_default())
    }

    /// Gives back memory that reading took and that the next read can do without, such as pages of a mapped file.
    fn release(&self) {}

    /// Rows of one family, 0 if absent.
    fn rows(&self, family: Family) -> u64 {
        self.info().rows.iter().find(|(f, _)| *f == family).map_or(0, |(_, n)| *n)
    }
}

/// One registered format.
pub trait Format: Send + Sync {
    /// Name in messages and manifests.
    fn name(&self) -> &'static str;

    /// One line for `spolia info --formats` and the docs.
    fn description(&self) -> &'static str;

    /// Whether the file looks like this format: `head` holds its first bytes (up to 4096), `length` its size.
    fn recognises(&self, path: &Path, head: &[u8], length: u64) -> bool;

    /// Whether a recognised file may be a snapshot; false for a catalogue or a tree in the same container.
    ///
    /// What cannot be told, such as of a damaged file, may be one, so that opening it says what is wrong.
    fn holds_particles(&self, _path: &Path) -> bool {
        true
    }

    /// Whether the files may be gzip'ed.
    fn reads_gzip(&self) -> bool {
        false
    }

    /// Name that the files of one snapshot share: `snap_084.hdf5` of the file `snap_084.3.hdf5`; `head` as for recognising.
    fn snapshot_name(&self, name: &str, _head: &[u8]) -> String {
        sniff::without_part(name)
    }

    /// Opens the snapshot that `path` belongs to (all files of it, whichever was named).
    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Arc<dyn Snapshot>>;
}

/// Every format, in the order in which they are tried.
pub fn formats() -> &'static [&'static dyn Format] {
    &[
        &halos::Eagle,
        &halos::Subfind,
        &halos::SubLink,
        &halos::LHaloTree,
        &gadget_hdf5::GadgetHdf5,
        &gadget_binary::GadgetBinary,
        &nihao_fits::NihaoFits,
        &halos::Rockstar,
        &halos::RockstarList,
        &halos::ConsistentTrees,
        &halos::Ahf,
        &halos::AmigaStat,
        &tipsy::Tipsy,
    ]
}
