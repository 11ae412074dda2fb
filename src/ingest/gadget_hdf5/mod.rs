//! Snapshots of GADGET-4, AREPO, IllustrisTNG, GIZMO, SWIFT and EAGLE in HDF5: one file or many, chunked and compressed, cut-outs too.
//!
//! Layout     `Header`, `Parameters`, `Config`; `PartType0` gas, 1 to 3 dark matter (3 tracers in AREPO), 4 stars and winds, 5 black holes
//! Units      scaling attributes of each dataset where they are; else the header's units; else kpc/h, 1e10 Msun/h, km/s sqrt(a), with a note
//! Source     Springel et al. 2021, MNRAS 506, 2871; Weinberger et al. 2020, ApJS 248, 32; Nelson et al. 2019, ComAC 6, 2 (TNG data release)
//! Refuses    counts, lengths and times that contradict each other; missing files; SWIFT files without units
//! Edge cases wind-phase cells are rows of `gas` with `wind` = true and never of `stars`; positions are kept as stored, not wrapped
//! See also   `file` (the wall around the HDF5 library), `dialect`, `header`, `scaling`, `names`, `columns`, `parts`, `read`

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

use crate::constants::GYR_PER_TIME_UNIT;
use crate::cosmology::Cosmology;
use crate::error::{Error, Result};

use super::{Family, Format, OpenOptions, Snapshot, SnapshotInfo};

mod columns;
pub(super) mod decode;
pub(super) mod dialect;
mod families;
pub(super) mod file;
pub(super) mod files;
pub(super) mod header;
pub(super) mod names;
mod parts;
mod read;
pub(super) mod scaling;

use columns::{Column, Context};
use families::Selection;
use parts::{Opened, Part};
use read::{Bands, Clock, Segment, Source, Table, Use};
use scaling::{CodeUnits, Dimension};

/// Positions may lie this many boxes from the origin before they count as damage: some codes do not wrap what they write.
const REACH_BOXES: f64 = 2.0;

/// The registered format.
#[derive(Debug)]
pub struct GadgetHdf5;

impl Format for GadgetHdf5 {
    fn name(&self) -> &'static str {
        "gadget-hdf5"
    }

    fn description(&self) -> &'static str {
        "GADGET-4, AREPO, IllustrisTNG, GIZMO, SWIFT and EAGLE snapshots in HDF5, one file or many"
    }

    fn recognises(&self, _path: &Path, head: &[u8], _length: u64) -> bool {
        files::has_signature(head)
    }

    fn holds_particles(&self, path: &Path) -> bool {
        let groups = file::H5File::open(path, false).and_then(|file| file.groups());
        groups.map_or(true, |groups| groups.iter().any(|group| group.starts_with("PartType")))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(HdfSnapshot::open(path, options)?))
    }
}

/// One opened snapshot.
#[derive(Debug)]
struct HdfSnapshot {
    info: SnapshotInfo,
    tables: Vec<Table>,
    source: Source,
}

impl HdfSnapshot {
    fn open(path: &Path, options: &OpenOptions) -> Result<HdfSnapshot> {
        let first = files::first_file(path)?;
        let count = {
            let file = file::H5File::open(&first, true)?;
            header::Header::read(&file, &file.groups()?)?.files
        };
        let paths = files::all_files(&first, count)?;
        let Opened { header, parts, files, mut notes } = parts::open_all(&paths, count > paths.len() as u64)?;

        let units = CodeUnits::new(&header, options, &mut notes);
        let place = || format!("`Header` of `{}`", first.display());
        let cosmology = match (header.comoving, header.omega_m) {
            (true, Some(omega_m)) => {
                let omega_lambda = header.omega_lambda.unwrap_or(1.0 - omega_m);
                let plain = Cosmology::lcdm(header.h, omega_m, omega_lambda).map_err(|e| e.at(place()))?;
                Some(match header.radiation {
                    Some((kelvin, neutrinos)) => plain.with_radiation(kelvin, neutrinos, &[]).map_err(|e| e.at(place()))?,
                    None => plain,
                })
            }
            (true, None) => {
                notes.push("the header has no Omega0: times and ages cannot be told".into());
                None
            }
            (false, _) => None,
        };
        let unit_gyr = units.time() * GYR_PER_TIME_UNIT;
        let clock = match &cosmology {
            Some(c) => Clock::Cosmic { table: Box::new(c.age_table()), now_gyr: c.age_gyr(header.time) },
            None if !header.comoving => Clock::Plain { unit_gyr, now_gyr: header.time * unit_gyr },
            None => Clock::Unknown,
        };
        let context = Context { units, dialect: header.dialect, comoving: header.comoving, has_time: clock.now_gyr().is_some() };
        let box_kpc = (header.box_size > 0.0).then(|| header.box_size * units.factor(&Dimension::LENGTH));
        if box_kpc.is_some() && header.comoving {
            notes.push("positions are kept as stored; objects that cross the edge of the periodic box are not joined".into());
        }
        let tables = tables_of(&parts, &context, &mut notes);
        let mut unique = Vec::new();
        for note in notes {
            if !unique.contains(&note) {
                unique.push(note);
            }
        }
        let info = SnapshotInfo {
            format: format!("gadget-hdf5 ({}, {} file{})", header.code, files.len(), if files.len() == 1 { "" } else { "s" }),
            snap: files::snapshot_number(&first),
            files,
            scale_factor: header.comoving.then_some(header.time),
            time_gyr: clock.now_gyr(),
            cosmology,
            box_kpc,
            rows: tables.iter().map(|t| (t.family, t.rows)).collect(),
            attributes: header.attributes.clone(),
            notes: unique,
        };
        let reach_kpc = box_kpc.filter(|_| header.comoving).map_or(f64::MAX, |b| b * REACH_BOXES);
        Ok(HdfSnapshot { info, tables, source: Source { parts, clock, reach_kpc, bands: Bands::default() } })
    }

    fn table(&self, family: Family) -> Result<&Table> {
        self.tables.iter().find(|t| t.family == family).ok_or_else(|| {
            let has: Vec<&str> = self.tables.iter().map(|t| t.family.table()).collect();
            Error::not_found(format!("snapshot has no table `{family}`")).expected(format!("one of {}", has.join(", ")))
        })
    }
}

impl Snapshot for HdfSnapshot {
    fn place(&self, family: Family, column: &str, row: u64) -> String {
        self.table(family).ok().and_then(|table| self.source.place(table, column, row)).unwrap_or_else(|| format!("row {row} of {family}"))
    }

    fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    fn schema(&self, family: Family) -> Result<SchemaRef> {
        Ok(Arc::clone(&self.table(family)?.schema))
    }

    fn read(&self, family: Family, columns: &[usize], rows: std::ops::Range<u64>) -> Result<RecordBatch> {
        self.source.read(self.table(family)?, columns, rows)
    }
}

fn tables_of(parts: &[Part], context: &Context, notes: &mut Vec<String>) -> Vec<Table> {
    Family::ALL.into_iter().filter_map(|family| table_of(family, parts, context, notes)).filter(|t| t.rows > 0).collect()
}

/// The table of one family: its particle types one after the other, wind-phase cells at the end of the gas.
fn table_of(family: Family, parts: &[Part], context: &Context, notes: &mut Vec<String>) -> Option<Table> {
    let winds = parts.iter().any(Part::has_winds);
    let mut uses: Vec<(usize, Selection, Vec<Column>)> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let selection = match (part.has_winds(), part.family == family) {
            (true, true) => Selection::Stars,
            (true, false) if family == Family::Gas => Selection::Winds,
            (false, true) => Selection::All,
            _ => continue,
        };
        // Rows are counted over all types, so that no number stands twice in the snapshot.
        let id_base = parts.iter().take(index).map(Part::rows).sum();
        let mut columns = columns::columns_of(part, context, id_base, notes);
        if selection == Selection::Winds {
            let gas: Option<Vec<String>> = uses.first().map(|(_, _, c)| c.iter().map(|c| c.name.clone()).collect());
            // Only what gas has as well: photometry and birth data of a wind-phase cell mean nothing.
            columns.retain(|c| gas.as_ref().is_none_or(|g| g.contains(&c.name)) && !names::only_stars(&c.name));
        }
        if family == Family::Gas && winds {
            columns.push(columns::wind_flag(selection == Selection::Winds));
        }
        uses.push((index, selection, columns));
    }
    if uses.is_empty() {
        return None;
    }
    let lists: Vec<(Selection, Vec<Column>)> = uses.iter().map(|(_, s, c)| (*s, c.clone())).collect();
    let joined = columns::join(&lists);
    let fields: Vec<_> = joined.iter().map(|(column, data_type, nullable, _)| column.field(data_type.clone(), *nullable)).collect();
    let (mut segments, mut rows) = (Vec::new(), 0);
    for (number, (index, selection, _)) in uses.iter().enumerate() {
        for (file, part_file) in parts[*index].files.iter().enumerate() {
            let count = selection.count(part_file.rows, &part_file.winds);
            if count > 0 {
                segments.push(Segment { part_use: number, file, rows: rows..rows + count });
                rows += count;
            }
        }
        if *selection == Selection::Winds {
            notes
                .push(format!("{} wind-phase cells of PartType4 are rows of `gas` with `wind` = true", parts[*index].selected(*selection)));
        }
    }
    let uses = uses
        .iter()
        .enumerate()
        .map(|(number, (part, selection, _))| Use {
            part: *part,
            selection: *selection,
            recipes: joined.iter().map(|(_, _, _, r)| r[number].clone()).collect(),
        })
        .collect();
    Some(Table { family, schema: Arc::new(Schema::new(fields)), uses, segments, rows })
}
