//! Merger trees of SubLink: `tree_extended.K.hdf5`, one column per dataset, rows depth first.
//!
//! Layout     `SubhaloID` (depth-first number), `SubfindID`, `SnapNum`, `DescendantID`, `FirstProgenitorID`, `NextProgenitorID`,
//!            `LastProgenitorID`, `MainLeafProgenitorID`, `TreeID`, and fields of the catalogue; -1 is none
//! Units      masses 1e10 Msun/h in the file; what depends on the scale factor of a row's snapshot stays as stored, unit `unknown`
//! Source     Rodriguez-Gomez et al. 2015, MNRAS 449, 49; TNG data specification, SubLink
//! Refuses    datasets of different lengths, links to a row that lies earlier in time than it should, identifiers twice
//! Edge cases halo_id is SubfindID, as in the catalogue of the row's snapshot; without it, the last digits of `SubhaloIDRaw`; the
//!            file has no h, so it comes from the snapshot or the user; trees are whole in each file, so a large set is read by file
//! See also   `super` for catalogues, `lhalotree`

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};

use crate::error::{Error, Result};
use crate::ingest::gadget_hdf5::file::{H5File, ROOT};
use crate::ingest::gadget_hdf5::files::has_signature;
use crate::ingest::gadget_hdf5::names::own_columns;
use crate::ingest::{Family, keeps_open};
use crate::table::schema::UNKNOWN_UNIT;

use super::super::catalogue::{Given, Loaded, Reader};
use super::super::check;
use super::super::hdf::{Stored, gather, set_of, whole_set};
use super::super::table::{Column, Table};
use super::super::units::hubble;
use super::GROUP_BASE;

/// Mass unit of the files, per h \[Msun\].
const MASS_MSUN: f64 = 1e10;
/// Bytes of a set that is read as a whole; of a larger one only the named file is.
const LARGEST_SET_BYTES: u64 = 4 << 30;

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct SubLink;

impl Reader for SubLink {
    const NAME: &'static str = "sublink";
    const DESCRIPTION: &'static str = "SubLink merger trees tree_extended.K.hdf5 of IllustrisTNG";

    fn fits(&self, path: &Path, head: &[u8]) -> bool {
        let names = || Some(H5File::open(path, true).ok()?.datasets(ROOT).ok()?.0.into_iter().map(|d| d.name).collect::<Vec<_>>());
        has_signature(head)
            && names().is_some_and(|names| ["SubhaloID", "DescendantID", "SnapNum"].iter().all(|n| names.iter().any(|name| name == n)))
    }

    fn load(&self, path: &Path, given: &Given) -> Result<Loaded> {
        let mut loaded = Loaded::default();
        let paths = files(path, &mut loaded.notes)?;
        let opened = paths.iter().map(|p| H5File::open(p, keeps_open(paths.len()))).collect::<Result<Vec<_>>>()?;
        opened.iter().for_each(|f| loaded.file(f.path(), f.length()));
        let (stored, rows) = gather(&opened, ROOT, &vec![None; opened.len()], &mut loaded.notes)?;
        let place = format!("`{}`", path.display());
        let tree = Tree::read(&stored, &place)?;
        loaded.format = format!("sublink ({rows} rows, {} file{})", paths.len(), if paths.len() == 1 { "" } else { "s" });
        loaded.snap = tree.snaps.iter().max().and_then(|s| u32::try_from(*s).ok()).unwrap_or(0);
        let mut table = tree.table(&place, &mut loaded.notes)?;
        others(&stored, &mut table, given, &place, &mut loaded.notes)?;
        check::identifiers(&table, &place)?;
        check::masses(&table, &place)?;
        loaded.put(Family::MergerTree, Arc::new(table.finish()?));
        Ok(loaded)
    }
}

/// The files to read: the whole set, or the named file of a large one.
pub(super) fn files(path: &Path, notes: &mut Vec<String>) -> Result<Vec<PathBuf>> {
    let set = set_of(path);
    let bytes: u64 = set.iter().map(|p| std::fs::metadata(p).map_or(0, |m| m.len())).sum();
    if set.len() > 1 && bytes > LARGEST_SET_BYTES {
        notes.push(format!(
            "{} files of {} GB make up the trees; only `{}` is read, whose trees are whole",
            set.len(),
            bytes >> 30,
            path.display()
        ));
        return Ok(vec![path.to_path_buf()]);
    }
    whole_set(&set, None)?;
    Ok(set)
}

/// Names and columns of the links that are kept as they are.
const LINKS: [(&str, &str); 4] = [
    ("FirstProgenitorID", "first_progenitor_id"),
    ("NextProgenitorID", "next_progenitor_id"),
    ("LastProgenitorID", "last_progenitor_id"),
    ("MainLeafProgenitorID", "main_leaf_id"),
];
/// Datasets that [`Tree`] turns into columns.
const USED: [&str; 5] = ["SubhaloID", "SubfindID", "SnapNum", "DescendantID", "TreeID"];

struct Tree<'a> {
    stored: &'a [Stored],
    nodes: Vec<i64>,
    halos: Vec<i64>,
    snaps: Vec<i64>,
    descendants: Vec<i64>,
}

impl Tree<'_> {
    fn read<'a>(stored: &'a [Stored], place: &str) -> Result<Tree<'a>> {
        let column = |name: &str| stored.iter().find(|s| s.name == name).map(|s| s.integers(0)).transpose();
        let needed = |name: &str| column(name)?.ok_or_else(|| Error::damaged(format!("merger tree has no dataset `{name}`")).at(place));
        let halos = match (column("SubfindID")?, column("SubhaloIDRaw")?) {
            (Some(ids), _) => ids,
            (None, Some(raw)) => raw.into_iter().map(|r| r % GROUP_BASE as i64).collect(),
            (None, None) => return Err(Error::damaged("merger tree has neither `SubfindID` nor `SubhaloIDRaw`").at(place)),
        };
        Ok(Tree { stored, nodes: needed("SubhaloID")?, halos, snaps: needed("SnapNum")?, descendants: needed("DescendantID")? })
    }

    fn table(&self, place: &str, notes: &mut Vec<String>) -> Result<Table> {
        let mut rows: HashMap<i64, usize> = HashMap::with_capacity(self.nodes.len());
        for (row, node) in self.nodes.iter().enumerate() {
            if *node < 0 || rows.insert(*node, row).is_some() {
                return Err(Error::damaged("number of a row is negative or there twice")
                    .at(format!("`SubhaloID`, row {row} of {place}"))
                    .found(node));
            }
        }
        let found: Vec<Option<usize>> = self.descendants.iter().map(|d| rows.get(d).copied().filter(|_| *d >= 0)).collect();
        let links = self.descendants.iter().filter(|d| **d >= 0).count();
        check::dangling(links - found.iter().flatten().count(), links, notes);
        let at = |values: &[i64], row: Option<usize>| row.and_then(|row| values.get(row).copied());
        for (row, descendant) in found.iter().enumerate() {
            let (now, then) = (self.snaps.get(row).copied(), at(&self.snaps, *descendant));
            if then.zip(now).is_some_and(|(then, now)| then <= now) {
                return Err(Error::damaged("descendant is not later than its progenitor")
                    .at(format!("row {row} of {place}"))
                    .expected(format!("a snapshot after {}", now.unwrap_or(0)))
                    .found(then.unwrap_or(0)));
            }
        }
        let number = |v: i64| u64::try_from(v).ok();
        let snap = |v: i64| i32::try_from(v).ok().filter(|v| *v >= 0);
        let mut table = Table::default();
        table.whole("halo_id", "SubfindID", self.halos.iter().map(|v| number(*v)));
        table.snaps("snap", "SnapNum", self.snaps.iter().map(|v| snap(*v)));
        table.whole("descendant_id", "SubfindID of DescendantID", found.iter().map(|row| at(&self.halos, *row).and_then(number)));
        table.snaps("descendant_snap", "SnapNum of DescendantID", found.iter().map(|row| at(&self.snaps, *row).and_then(snap)));
        table.whole("node_id", "SubhaloID", self.nodes.iter().map(|v| number(*v)));
        for (source, column) in LINKS {
            if let Some(stored) = self.stored.iter().find(|s| s.name == source) {
                let values = stored.integers(0)?;
                if source == "FirstProgenitorID" {
                    let main =
                        found.iter().zip(&self.nodes).map(|(row, node)| row.and_then(|row| values.get(row)).map(|first| first == node));
                    table.flags("is_main_progenitor", source, main);
                }
                table.whole(column, source, values.iter().map(|v| number(*v)));
            }
        }
        if let Some(stored) = self.stored.iter().find(|s| s.name == "TreeID") {
            table.whole("tree_id", "TreeID", stored.integers(0)?.iter().map(|v| number(*v)));
        }
        if self.halos.iter().any(|h| *h < 0) {
            return Err(Error::damaged("number of a subhalo is negative").at(format!("`SubfindID` of {place}")));
        }
        Ok(table)
    }
}

/// Fields of the catalogue: masses converted, everything else as it is stored.
fn others(stored: &[Stored], table: &mut Table, given: &Given, place: &str, notes: &mut Vec<String>) -> Result<()> {
    let mass_name = if stored.iter().any(|s| s.name == "SubhaloMass") { "SubhaloMass" } else { "Mass" };
    let mut left = 0;
    for dataset in stored.iter().filter(|s| !USED.contains(&s.name.as_str()) && !LINKS.iter().any(|(n, _)| *n == s.name)) {
        let is_mass = dataset.name == mass_name || dataset.name == "MassHistory" || dataset.name == "SubhaloMassType";
        let factor = if is_mass { Some(MASS_MSUN / hubble(None, given, place)?) } else { None };
        let velocity = ["SubhaloVel", "SubhaloVmax", "SubhaloVelDisp"].contains(&dataset.name.as_str());
        let unit = match (is_mass, velocity, dataset.is_whole()) {
            (true, _, _) => "Msun",
            (_, true, _) => "km/s",
            (_, _, true) => "1",
            _ => UNKNOWN_UNIT,
        };
        left += usize::from(unit == UNKNOWN_UNIT);
        for (component, own) in own_columns(&dataset.name, dataset.components).into_iter().enumerate() {
            let name = match (dataset.name.as_str(), component) {
                ("SubhaloMassType", 0) => "mass_gas",
                ("SubhaloMassType", 1) => "mass_dark",
                ("SubhaloMassType", 4) => "mass_stars",
                ("SubhaloVel", 0) => "vx",
                ("SubhaloVel", 1) => "vy",
                ("SubhaloVel", 2) => "vz",
                ("SubhaloVmax", _) => "v_max",
                ("NumParticles", _) => "n_particles",
                (name, _) if name == mass_name => "mass",
                _ => own.as_str(),
            };
            if name == "n_particles" {
                table.whole(name, &dataset.name, dataset.counts(component)?.into_iter().map(Some));
                continue;
            }
            let values: ArrayRef = match factor {
                Some(factor) => Arc::new(Float64Array::from(dataset.doubles(component, factor)?)),
                None => dataset.column(component, None)?,
            };
            table.put(Column { name, source: &dataset.name, unit, description: None, factor }, values);
        }
    }
    if left > 0 {
        notes.push(format!(
            "{left} fields of the tree depend on the scale factor of each snapshot, or on nothing known, and are kept as stored"
        ));
    }
    Ok(())
}
