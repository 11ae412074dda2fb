//! Tipsy snapshots of Gasoline, ChaNGa and PKDGRAV runs, with parameter file, auxiliary arrays and star formation log.
//!
//! Layout     `header` counts and precision; `param` and `units` conversion; `companion` arrays; `starlog` births;
//!            `columns` what each table holds; `read` the loops; `write` the same bytes, written
//! Units      canonical where the parameter file (or the user) gives length and mass units, else code units named `unknown`
//! Refuses    a file whose length is not that of its header and records, with the byte; arrays for another number of particles
//! Edge cases no parameter file, no iord, doubles, missing pad, 40-bit counts, both byte orders: see the files
//! Source     Gasoline and ChaNGa formats as read by pynbody 2.8; own measurements on its sample files
//! See also   `ingest::open`, docs/guides/your_snapshot.md

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use self::columns::Source;
use super::gzip::plain_path;
use super::mapped::Mapped;
use super::{Family, Format, OpenOptions, Snapshot, SnapshotInfo};
use crate::error::{Error, Result};

mod columns;
pub mod companion;
pub mod header;
pub mod param;
mod read;
pub mod starlog;
pub mod text;
pub mod units;
pub mod write;

use columns::Table;
use companion::Companion;
pub use header::ByteOrder;
use header::Header;
use starlog::Starlog;
use units::Conversion;

/// The format.
pub struct Tipsy;

impl Format for Tipsy {
    fn name(&self) -> &'static str {
        "tipsy"
    }

    fn description(&self) -> &'static str {
        "Tipsy of Gasoline, ChaNGa, PKDGRAV: both byte orders, auxiliary arrays, .param, .starlog"
    }

    fn recognises(&self, _path: &Path, head: &[u8], _length: u64) -> bool {
        header::looks_like_tipsy(head)
    }

    fn reads_gzip(&self) -> bool {
        true
    }

    fn snapshot_name(&self, name: &str, _head: &[u8]) -> String {
        name.to_string()
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(TipsySnapshot::open(path, options)?))
    }
}

/// One opened snapshot: the mapped file, its arrays and its run's star formation log.
#[derive(Debug)]
pub struct TipsySnapshot {
    info: SnapshotInfo,
    header: Header,
    map: Mapped,
    arrays: Vec<Companion>,
    conversion: Conversion,
    log: Option<Starlog>,
    tables: Vec<(Family, Table)>,
}

impl TipsySnapshot {
    /// Opens the snapshot file at `path` and what belongs to it in its folder and the folder above.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<TipsySnapshot> {
        let map = Mapped::open(path)?;
        // Everything that belongs to `g.01024.gz` is named after `g.01024`.
        let name = plain_path(path);
        let (param, mut notes) = param::find(&name)?;
        let wanted = param.as_ref().map_or(Ok(None), |p| p.precision())?;
        let header = Header::parse(path, map.bytes(), map.length(), wanted)?;
        if let Some(wanted) = wanted.filter(|w| *w != header.precision) {
            notes.push(format!(
                "the parameter file asks for {}, but the length of the file says {}",
                precision_name(wanted),
                precision_name(header.precision)
            ));
        } else if wanted.is_none() && header.precision.double_position != header.precision.double_velocity {
            notes.push("positions are taken as f64: nothing says whether it is they or the velocities".into());
        }
        let place = |e: Error| if e.place().is_none() { e.at(format!("`{}`", path.display())) } else { e };
        let conversion = Conversion::new(header.time, param.as_ref(), options).map_err(place)?;
        notes.extend(conversion.notes.iter().cloned());
        let packed = param.as_ref().map_or(Ok(None), |p| p.switch("bPackedVector"))?;
        let (arrays, array_notes) = companion::find(&name, &header, packed)?;
        notes.extend(array_notes);
        let log = match starlog::find(&name, &run_names(&name, param.as_ref())) {
            Some((file, description)) => Some(Starlog::open(&file, description.as_deref())?),
            None => None,
        };
        let mut tables = Vec::new();
        let mut rows = Vec::new();
        for family in [Family::Stars, Family::Gas, Family::Dark] {
            let count = columns::block(family).map_or(0, |b| header.counts[b]);
            if count > 0 {
                tables.push((family, columns::particles(family, &header, &conversion, &arrays)));
                rows.push((family, count));
            }
        }
        if let Some(log) = log.as_ref().filter(|log| log.rows() > 0) {
            tables.push((Family::Births, columns::births(log, &conversion)));
            rows.push((Family::Births, log.rows()));
            notes.extend(log.notes.iter().cloned());
        }
        if !arrays.iter().any(|a| a.field.column == "id") {
            notes.push("no iord array: id is the position in the file, and does not follow particles between snapshots".into());
        }
        if header.total() == 0 {
            notes.push("the snapshot holds no particles".into());
        }
        let mut files = vec![(path.to_path_buf(), map.file_bytes())];
        files.extend(arrays.iter().map(|a| (a.mapped().path().to_path_buf(), a.mapped().file_bytes())));
        files.extend(log.iter().map(|l| (l.mapped().path().to_path_buf(), l.mapped().file_bytes())));
        if let Some(param) = &param {
            if param.unfinished {
                notes.push(format!("the last line of `{}` has no end: if the file was cut, parameters are missing", param.path.display()));
            }
            files.push((param.path.clone(), std::fs::metadata(&param.path).map_or(0, |m| m.len())));
        }
        let mut attributes = vec![
            ("time".to_string(), format!("{}", header.time)),
            ("byte_order".to_string(), header.order.name().to_string()),
            ("header_bytes".to_string(), header.bytes.to_string()),
            ("precision".to_string(), precision_name(header.precision).to_string()),
        ];
        attributes.extend(param.iter().flat_map(|p| p.entries()).map(|(k, v)| (k.to_string(), v.to_string())));
        let info = SnapshotInfo {
            format: format!("tipsy ({})", header.order.name()),
            snap: snap_number(&name),
            files,
            scale_factor: conversion.scale_factor,
            time_gyr: conversion.time_gyr,
            cosmology: conversion.cosmology.clone(),
            box_kpc: conversion.box_kpc,
            rows,
            attributes,
            notes,
        };
        let snapshot = TipsySnapshot { info, header, map, arrays, conversion, log, tables };
        snapshot.with_scanned_notes()
    }

    /// Notes that need a look at the stars: formation times that no ordinary star has.
    fn with_scanned_notes(mut self) -> Result<TipsySnapshot> {
        /// Stars beyond which opening would take noticeably long.
        const SCANNED_STARS: u64 = 4_000_000;
        let stars = self.header.counts[2];
        if self.conversion.scale_factor.is_none() || stars == 0 || stars > SCANNED_STARS {
            return Ok(self);
        }
        let size = self.header.precision.record_bytes()[2] as usize;
        let start = self.header.block_start(2) as usize;
        // tform is followed by eps and phi, three words from the end.
        let negative = |record: &[u8]| {
            record.len().checked_sub(12).and_then(|at| self.header.order.u32_at(record, at)).is_some_and(|w| w >> 31 == 1 && w << 1 != 0)
        };
        let count = self.map.bytes().get(start..).unwrap_or(&[]).chunks_exact(size).filter(|r| negative(r)).count();
        if count > 0 {
            let meaning = if self.conversion.black_holes {
                "the run follows black holes, so these are marked in column black_hole, and t_birth is the time without its sign"
            } else {
                "Gasoline and ChaNGa mark black holes so, but the parameter file turns none on: t_birth is kept as stored"
            };
            self.info.notes.push(format!("{count} of {stars} stars have a negative formation time; {meaning}"));
        }
        Ok(self)
    }

    fn table(&self, family: Family) -> Result<&Table> {
        self.tables.iter().find(|(f, _)| *f == family).map(|(_, table)| table).ok_or_else(|| {
            let names: Vec<&str> = self.tables.iter().map(|(f, _)| f.table()).collect();
            Error::not_found(format!("snapshot has no {family}"))
                .at(format!("`{}`", self.map.path().display()))
                .expected(format!("one of {}", names.join(", ")))
        })
    }
}

impl Snapshot for TipsySnapshot {
    fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    fn run_files(&self) -> Vec<PathBuf> {
        self.log.iter().map(|log| log.mapped().path().to_path_buf()).collect()
    }

    fn place(&self, family: Family, column: &str, row: u64) -> String {
        let source = self.table(family).ok().and_then(|t| t.sources.get(t.schema.index_of(column).ok()?));
        match (source, columns::block(family)) {
            (Some(Source::Record { offset, .. } | Source::Formed { offset, .. }), Some(block)) => {
                let record = self.header.block_start(block) + row * self.header.precision.record_bytes()[block];
                format!("row {row} of {family}, byte {} of `{}`", record + *offset as u64, self.map.path().display())
            }
            (Some(Source::Array { array, .. }), Some(block)) => {
                let path = self.arrays.get(*array).map(|a| a.mapped().path().display().to_string()).unwrap_or_default();
                format!("row {row} of {family}, particle {} of `{path}`", self.header.rows_before(block) + row)
            }
            _ => format!("row {row} of {family} of `{}`", self.map.path().display()),
        }
    }

    fn release(&self) {
        self.map.release();
        self.arrays.iter().for_each(|array| array.mapped().release());
        self.log.iter().for_each(|log| log.mapped().release());
    }

    fn schema(&self, family: Family) -> Result<SchemaRef> {
        Ok(self.table(family)?.schema.clone())
    }

    fn read(&self, family: Family, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
        let table = self.table(family)?;
        let total = self.rows(family);
        if rows.start > rows.end || rows.end > total {
            return Err(Error::internal(format!("rows {} to {} asked of {total} {family}", rows.start, rows.end)));
        }
        if let Some(column) = columns.iter().find(|c| **c >= table.sources.len()) {
            return Err(Error::internal(format!("column {column} asked of {} {family} columns", table.sources.len())));
        }
        match (&self.log, family) {
            (Some(log), Family::Births) => read::births(self, log, table, columns, rows),
            _ => read::particles(self, family, table, columns, rows),
        }
    }
}

fn precision_name(precision: header::Precision) -> &'static str {
    match (precision.double_position, precision.double_velocity) {
        (false, false) => "f32",
        (true, false) => "f64 positions",
        (false, true) => "f64 velocities",
        (true, true) => "f64 positions and velocities",
    }
}

/// The number at the end of a name, 0 if there is none: `g8.26e11.01024` gives 1024.
fn snap_number(path: &Path) -> u32 {
    let name = param::file_name(path);
    name.rsplit_once('.').and_then(|(_, tail)| tail.parse().ok()).unwrap_or(0)
}

/// Names that the run's star formation log may have: the output name, the snapshot without its number, the parameter file's.
fn run_names(path: &Path, param: Option<&param::Param>) -> Vec<String> {
    let name = param::file_name(path);
    let mut names = Vec::new();
    if let Some(out) = param.and_then(|p| p.text("achOutName")) {
        names.push(param::file_name(&PathBuf::from(out)));
    }
    match name.rsplit_once('.') {
        Some((stem, tail)) if !tail.is_empty() && tail.bytes().all(|b| b.is_ascii_digit()) => names.push(stem.to_string()),
        _ => names.push(name),
    }
    names.extend(param.and_then(|p| p.path.file_stem()).map(|s| s.to_string_lossy().into_owned()));
    names.dedup();
    names.retain(|n| !n.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_run() {
        assert_eq!(snap_number(Path::new("a/g8.26e11.01024")), 1024);
        assert_eq!((snap_number(Path::new("cube300.tbin")), snap_number(Path::new("x"))), (0, 0));
        assert_eq!(run_names(Path::new("g8.26e11.01024"), None), ["g8.26e11"]);
        assert_eq!(run_names(Path::new("cube300.tbin"), None), ["cube300.tbin"]);
    }
}
