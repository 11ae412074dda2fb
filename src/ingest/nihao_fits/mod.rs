//! Tables of particles in FITS as the NIHAO-UHD project publishes them: stars, gas and dark matter of one galaxy in three files.
//!
//! Layout     `cards` headers; `table` rows and fields; `names` what they are called; `columns` the schema; `read` the loops
//! Units      TUNIT, else those of the release: kpc, km/s, Msun, Gyr, with a note
//! Source     FITS Standard 4.0 (2018); Buder et al. 2025 (arXiv 2510.11284) for the columns; Buck et al. 2020, MNRAS 491, 3461 (runs)
//! Refuses    files that do not add up, tables without positions, variable-length arrays, data that differ from their checksum
//! Edge cases `RUN_stars.fits`, `RUN_gas.fits` and `RUN_darkmatter.fits` are one snapshot whichever is named; which family a table
//!            is follows from its columns; the tables name no time and no cosmology, so ages are as stored
//! See also   `tipsy` for the snapshots that the tables were made from

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::mapped::Mapped;
use super::{Family, Format, OpenOptions, Snapshot, SnapshotInfo};
use crate::error::{Error, ErrorKind, Result};

mod cards;
mod columns;
mod names;
mod read;
mod table;

use columns::Columns;
use table::{First, Table};

/// Ends of the names of files that belong together.
const PARTS: [&str; 5] = ["_stars", "_gas", "_darkmatter", "_dark", "_dm"];
/// Fewer digits at the end of a name are no number of a snapshot.
const FEWEST_DIGITS: usize = 3;

/// The registered format.
#[derive(Debug)]
pub struct NihaoFits;

impl Format for NihaoFits {
    fn name(&self) -> &'static str {
        "nihao-fits"
    }

    fn description(&self) -> &'static str {
        "NIHAO-UHD tables of stars, gas and dark matter, and other FITS tables with positions"
    }

    fn recognises(&self, path: &Path, head: &[u8], length: u64) -> bool {
        match table::first(head, length) {
            First::Other => false,
            First::Table => true,
            First::Unseen => Mapped::open(path).is_ok_and(|map| table::holds_table(map.bytes())),
        }
    }

    fn holds_particles(&self, path: &Path) -> bool {
        // Catalogues come as FITS tables as well.
        let found = Mapped::open(path).and_then(|map| table::find(map.bytes(), "").map(|_| ()));
        !found.is_err_and(|e| e.kind() == ErrorKind::Unsupported)
    }

    fn snapshot_name(&self, name: &str, _head: &[u8]) -> String {
        base_name(name).map_or(name, |(base, _)| base).to_string()
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(FitsSnapshot::open(path, options)?))
    }
}

/// One table with its file.
#[derive(Debug)]
struct Opened {
    family: Family,
    map: Mapped,
    table: Table,
    columns: Columns,
}

/// One opened snapshot.
#[derive(Debug)]
struct FitsSnapshot {
    info: SnapshotInfo,
    tables: Vec<Opened>,
}

impl FitsSnapshot {
    fn open(path: &Path, options: &OpenOptions) -> Result<FitsSnapshot> {
        let mut notes = Vec::new();
        let mut tables: Vec<Opened> = Vec::new();
        for file in together(path) {
            let map = Mapped::open(&file)?;
            let place = format!("`{}`", file.display());
            let mut table = table::find(map.bytes(), &place)?;
            table.check_sum(map.bytes(), &place)?;
            let family = columns::family(&table);
            if let Some(other) = tables.iter().find(|t| t.family == family) {
                notes.push(format!("{place} holds {family} like `{}` and was passed over", other.map.path().display()));
                continue;
            }
            notes.append(&mut table.notes);
            let columns = columns::columns(&table, options, &place, &mut notes)?;
            tables.push(Opened { family, map, table, columns });
        }
        tables.sort_by_key(|t| t.family);
        if tables.iter().all(|t| t.table.rows == 0) {
            notes.push("the snapshot holds no particles".into());
        }
        let info = SnapshotInfo {
            format: format!("nihao-fits ({} table{})", tables.len(), if tables.len() == 1 { "" } else { "s" }),
            snap: snapshot_number(path),
            files: tables.iter().map(|t| (t.map.path().to_path_buf(), t.map.length())).collect(),
            scale_factor: None,
            time_gyr: None,
            cosmology: None,
            box_kpc: None,
            rows: tables.iter().map(|t| (t.family, t.table.rows)).filter(|(_, rows)| *rows > 0).collect(),
            attributes: tables
                .iter()
                .flat_map(|t| t.table.attributes.iter().map(|(k, v)| (format!("{}/{k}", t.family.table()), v.clone())))
                .collect(),
            notes,
        };
        Ok(FitsSnapshot { info, tables })
    }

    fn table(&self, family: Family) -> Result<&Opened> {
        self.tables.iter().find(|t| t.family == family).ok_or_else(|| {
            let has: Vec<&str> = self.tables.iter().map(|t| t.family.table()).collect();
            Error::not_found(format!("snapshot has no table `{family}`")).expected(format!("one of {}", has.join(", ")))
        })
    }
}

impl Snapshot for FitsSnapshot {
    fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    fn schema(&self, family: Family) -> Result<SchemaRef> {
        Ok(Arc::clone(&self.table(family)?.columns.schema))
    }

    fn read(&self, family: Family, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
        let opened = self.table(family)?;
        read::read(&opened.map, &opened.table, &opened.columns, columns, rows)
    }

    fn release(&self) {
        self.tables.iter().for_each(|opened| opened.map.release());
    }
}

/// Name without the family and the ending, and both of these.
fn base_name(name: &str) -> Option<(&str, &str)> {
    let (stem, ending) = name.rsplit_once('.')?;
    let part = PARTS.iter().find(|part| stem.to_lowercase().ends_with(*part))?;
    let base = stem.get(..stem.len() - part.len()).filter(|b| !b.is_empty())?;
    Some((base, ending))
}

/// The file and those that stand beside it with the other families, in the order of [`PARTS`].
fn together(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut files = vec![path.to_path_buf()];
    if let Some((base, ending)) = base_name(&name) {
        let others = PARTS.iter().map(|part| path.with_file_name(format!("{base}{part}.{ending}")));
        files.extend(others.filter(|f| f != path && f.is_file()));
    }
    files
}

/// The number at the end of the name, as in `g8.26e11.01024_stars.fits`; 0 if there is none.
fn snapshot_number(path: &Path) -> u32 {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let base = base_name(&name).map_or_else(|| name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem), |(base, _)| base);
    let digits = base.len() - base.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    if digits < FEWEST_DIGITS { 0 } else { base[base.len() - digits..].parse().unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_galaxy_belong_together() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        for name in ["g8_stars.fits", "g8_gas.fits", "g8_darkmatter.fits", "g9_gas.fits", "table.fits"] {
            std::fs::write(file(name), b"").unwrap();
        }
        assert_eq!(together(&file("g8_gas.fits")), ["g8_gas.fits", "g8_stars.fits", "g8_darkmatter.fits"].map(file));
        assert_eq!(together(&file("g9_gas.fits")), [file("g9_gas.fits")]);
        assert_eq!(together(&file("table.fits")), [file("table.fits")]);
        assert_eq!(NihaoFits.snapshot_name("g8_gas.fits", b""), "g8");
        assert_eq!((base_name("_gas.fits"), base_name("gas.fits")), (None, None));
    }

    #[test]
    fn numbers_come_from_names() {
        assert_eq!(snapshot_number(Path::new("a/g8.26e11.01024_stars.fits")), 1024);
        assert_eq!(snapshot_number(Path::new("NIHAO_g8.26e11_extensive_stars.fits")), 0);
        assert_eq!((snapshot_number(Path::new("snap_084.fits")), snapshot_number(Path::new("v2.fits"))), (84, 0));
    }
}
