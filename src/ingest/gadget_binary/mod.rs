//! Binary snapshots of GADGET (SnapFormat 1 and 2) and its descendants: both byte orders, one file or many.
//!
//! Layout     `header` 256 bytes; `records` framing; `names` and `blocks` what each block is; `files` and `parts` the set;
//!            `units` conversion; `columns` tables; `read` the loops
//! Units      the files name none: kpc/h, 1e10 Msun/h and km/s are assumed with a note, or taken from `OpenOptions`
//! Source     Springel 2005, MNRAS 364, 1105 (GADGET-2) and its user guide; own measurements on files of its distribution
//! Refuses    markers, lengths and counts that contradict each other; missing blocks and files; positions far outside the box
//! Edge cases box and cosmology unset (initial conditions); mixed mass table and masses; bytes after the last record;
//!            a cut exactly between two optional blocks cannot be seen, since nothing in a file lists its blocks
//! See also   `gadget_hdf5` for the same codes in HDF5

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::{Family, Format, OpenOptions, Snapshot, SnapshotInfo};
use crate::cosmology::Cosmology;
use crate::error::{Error, Result};

mod blocks;
mod columns;
mod files;
mod header;
mod names;
mod parts;
mod read;
mod records;
mod units;

use columns::{Context, Table};
use names::Measure;
use parts::Parts;
use read::{Clock, Source};
use units::CodeUnits;

/// Positions may lie this many boxes from the origin before they count as damage: some codes do not wrap what they write.
const REACH_BOXES: f64 = 2.0;

/// What to do about a GADGET-4 binary file whose header is not GADGET-2's; none of any other file.
pub(super) fn gadget4_hint(head: &[u8]) -> Option<&'static str> {
    records::gadget4_hint(head)
}

/// The registered format.
#[derive(Debug)]
pub struct GadgetBinary;

impl Format for GadgetBinary {
    fn name(&self) -> &'static str {
        "gadget-binary"
    }

    fn description(&self) -> &'static str {
        "GADGET binary of formats 1 and 2: both byte orders, one file or many"
    }

    fn recognises(&self, _path: &Path, head: &[u8], length: u64) -> bool {
        records::recognises(head, length)
    }

    fn snapshot_name(&self, name: &str, head: &[u8]) -> String {
        let several = records::layout(head)
            .and_then(|(order, format)| header::files_in(head, records::header_start(format), order))
            .is_some_and(|files| files > 1);
        files::split_part(name).filter(|_| several).map_or(name, |(base, _)| base).to_string()
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(BinarySnapshot::open(path, options)?))
    }
}

/// One opened snapshot.
#[derive(Debug)]
struct BinarySnapshot {
    info: SnapshotInfo,
    tables: Vec<Table>,
    source: Source,
}

impl BinarySnapshot {
    fn open(path: &Path, options: &OpenOptions) -> Result<BinarySnapshot> {
        let one = Parts::open(&[path.to_path_buf()])?;
        let count = one.files.first().map_or(1, |f| f.header.files);
        let paths = files::all_files(path, count)?;
        let mut parts = if paths.len() == 1 { one } else { Parts::open(&paths)? };
        let mut notes = std::mem::take(&mut parts.notes);
        let Some(first) = parts.files.first() else { return Err(Error::internal("snapshot without files")) };
        let (header, records) = (first.header.clone(), first.records.clone());

        let units = CodeUnits::new(&header, options, &mut notes)?;
        let comoving = header.comoving();
        let place = || format!("header of `{}`", path.display());
        let cosmology =
            comoving.then(|| Cosmology::lcdm(header.h, header.omega_m, header.omega_lambda)).transpose().map_err(|e| e.at(place()))?;
        let unit_gyr = units.time_gyr();
        let clock = match &cosmology {
            Some(c) => Clock::Cosmic { table: Box::new(c.age_table()), now_gyr: c.age_gyr(header.time) },
            None => Clock::Plain { unit_gyr, now_gyr: header.time * unit_gyr },
        };
        let has_time = clock.now_gyr().is_finite() && !header.cosmology_unset();
        let context = Context { units, comoving, has_time, entropy: header.entropy };
        let box_kpc = (header.box_size > 0.0).then(|| header.box_size * units.of(Measure::Length).0.unwrap_or(1.0));
        if header.entropy && parts.rows(0) > 0 {
            notes.push("block U holds entropy, as the header says: it is kept in code units and gives no temperature".into());
        }
        let tables = columns::tables(&parts, &context, &mut notes);
        if tables.is_empty() {
            notes.push("the snapshot holds no particles".into());
        }
        let mut unique = Vec::new();
        for note in notes {
            if !unique.contains(&note) {
                unique.push(note);
            }
        }
        let files: Vec<_> = parts.files.iter().map(|f| (f.map.path().to_path_buf(), f.map.length())).collect();
        let shown = if files.len() == 1 { "1 file".to_string() } else { format!("{} files", files.len()) };
        let mut attributes = header.attributes();
        let names: Vec<String> = parts.slots.iter().map(|s| s.name.clone()).collect();
        attributes.push(("blocks".to_string(), names.join(" ")));
        let info = SnapshotInfo {
            format: format!("gadget-binary (format {}, {}, {shown})", records.format, records.order.name()),
            snap: files::snapshot_number(path, files.len() > 1),
            files,
            scale_factor: comoving.then_some(header.time),
            time_gyr: has_time.then(|| clock.now_gyr()),
            cosmology,
            box_kpc,
            rows: tables.iter().map(|t| (t.family, t.rows)).collect(),
            attributes,
            notes: unique,
        };
        let reach_kpc = box_kpc.filter(|_| comoving).map_or(f64::MAX, |b| b * REACH_BOXES);
        Ok(BinarySnapshot { info, tables, source: Source { parts, clock, reach_kpc } })
    }

    fn table(&self, family: Family) -> Result<&Table> {
        self.tables.iter().find(|t| t.family == family).ok_or_else(|| {
            let has: Vec<&str> = self.tables.iter().map(|t| t.family.table()).collect();
            Error::not_found(format!("snapshot has no table `{family}`")).expected(format!("one of {}", has.join(", ")))
        })
    }
}

impl Snapshot for BinarySnapshot {
    fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    fn schema(&self, family: Family) -> Result<SchemaRef> {
        Ok(Arc::clone(&self.table(family)?.schema))
    }

    fn read(&self, family: Family, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
        self.source.read(self.table(family)?, columns, rows)
    }

    fn place(&self, family: Family, column: &str, row: u64) -> String {
        self.table(family).ok().and_then(|table| self.source.place(table, column, row)).unwrap_or_else(|| format!("row {row} of {family}"))
    }

    fn release(&self) {
        self.source.parts.files.iter().for_each(|file| file.map.release());
    }
}
