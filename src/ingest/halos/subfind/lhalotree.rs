//! Merger trees of LHaloTree in HDF5: one group per tree, links as row numbers inside it.
//!
//! Layout     `Tree0`, `Tree1`, ... with `Descendant`, `FirstProgenitor`, `NextProgenitor`, `SnapNum`, `SubhaloNumber` and fields of the
//!            catalogue; `Header` with `TreeNHalos`; -1 is none
//! Units      masses 1e10 Msun/h in the file; h from the header, the snapshot or the user
//! Source     Springel et al. 2005, Nature 435, 629 (supplement); TNG data specification, LHaloTree
//! Refuses    trees that are missing or longer than the header says, links beyond their tree
//! Edge cases node_id counts rows over all trees of all files; a file without `SubhaloNumber` has the row number as halo_id
//! See also   `sublink`

use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ingest::gadget_hdf5::decode::{Buffer, append};
use crate::ingest::gadget_hdf5::file::{Attribute, H5File};
use crate::ingest::{Family, keeps_open};

use super::super::catalogue::{Given, Loaded, Reader};
use super::super::check;
use super::super::hdf::{Stored, gather, groups_of};
use super::super::table::Table;
use super::super::units::{Kind, Scale, hubble};
use super::sublink::files;

/// Mass unit of the files, per h \[Msun\].
const MASS_MSUN: f64 = 1e10;

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct LHaloTree;

/// Rows of all trees so far.
#[derive(Debug, Default)]
struct Links {
    halo: Vec<Option<u64>>,
    snap: Vec<Option<i32>>,
    descendant: Vec<Option<usize>>,
    first: Vec<Option<usize>>,
    next: Vec<Option<usize>>,
    tree: Vec<u64>,
    particles: Vec<Option<u64>>,
    mass: Vec<f64>,
}

impl Reader for LHaloTree {
    const NAME: &'static str = "lhalotree";
    const DESCRIPTION: &'static str = "LHaloTree merger trees in HDF5, one group per tree";

    fn fits(&self, path: &Path, head: &[u8]) -> bool {
        groups_of(path, head).is_some_and(|groups| groups.iter().any(|g| g == "Tree0") && !groups.iter().any(|g| g.starts_with("PartType")))
    }

    fn load(&self, path: &Path, given: &Given) -> Result<Loaded> {
        let mut loaded = Loaded::default();
        let paths = files(path, &mut loaded.notes)?;
        let mut links = Links::default();
        let mut h = None;
        let mut trees = 0;
        for path in &paths {
            let file = H5File::open(path, keeps_open(paths.len()))?;
            loaded.file(path, file.length());
            let groups = file.groups()?;
            if groups.iter().any(|g| g == "Header") {
                h = h.or(file.attributes("Header")?.get("HubbleParam").and_then(Attribute::float));
            }
            let here = groups.iter().filter(|g| g.strip_prefix("Tree").is_some_and(|n| n.parse::<u64>().is_ok())).count();
            let stated = lengths(&file, &groups)?;
            if let Some(stated) = stated.as_ref().filter(|s| s.len() != here) {
                return Err(Error::damaged("file has another number of trees than its header says")
                    .at(format!("`{}`", path.display()))
                    .expected(stated.len())
                    .found(here));
            }
            for number in 0..here {
                let rows = stated.as_ref().and_then(|s| s.get(number).copied());
                links.read(&file, &format!("Tree{number}"), rows, trees)?;
                trees += 1;
            }
        }
        let place = format!("`{}`", path.display());
        loaded.format = format!("lhalotree ({trees} trees, {} file{})", paths.len(), if paths.len() == 1 { "" } else { "s" });
        loaded.snap = links.snap.iter().flatten().max().and_then(|s| u32::try_from(*s).ok()).unwrap_or(0);
        loaded.notes.push("of the fields of the catalogue, only numbers of particles and masses are read".into());
        let table = links.table(h, given, &place)?;
        check::identifiers(&table, &place)?;
        check::masses(&table, &place)?;
        loaded.put(Family::MergerTree, Arc::new(table.finish()?));
        Ok(loaded)
    }
}

/// Rows of each tree by `Header/TreeNHalos`.
fn lengths(file: &H5File, groups: &[String]) -> Result<Option<Vec<u64>>> {
    if !groups.iter().any(|g| g == "Header") {
        return Ok(None);
    }
    // The header's arrays have lengths of their own, so they are not gathered as one table.
    let found = file.datasets("Header")?.0.into_iter().find(|d| d.name == "TreeNHalos");
    let Some(dataset) = found else { return Ok(None) };
    let mut bytes = Vec::new();
    dataset.read(0..dataset.rows, &mut bytes)?;
    let mut buffer = Buffer::new(&arrow::datatypes::DataType::Float64, 0);
    append(&mut buffer, &dataset, 0, &bytes, 1.0);
    match buffer {
        Buffer::Float64(v) => Ok(Some(v.into_iter().map(|v| v.max(0.0) as u64).collect())),
        _ => Ok(None),
    }
}

impl Links {
    fn read(&mut self, file: &H5File, group: &str, rows: Option<u64>, tree: u64) -> Result<()> {
        let (stored, count) = gather(std::slice::from_ref(file), group, &[rows], &mut Vec::new())?;
        let place = format!("`{group}` of `{}`", file.path().display());
        let find = |name: &str| stored.iter().find(|s| s.name == name);
        let whole = |stored: Option<&Stored>| stored.map(|s| s.integers(0)).transpose();
        let needed = |name: &str| whole(find(name))?.ok_or_else(|| Error::damaged(format!("tree has no dataset `{name}`")).at(&place));
        let start = self.halo.len();
        for (name, slot) in [("Descendant", 0), ("FirstProgenitor", 1), ("NextProgenitor", 2)] {
            let mut found = Vec::with_capacity(count as usize);
            for (row, value) in needed(name)?.into_iter().enumerate() {
                found.push(match usize::try_from(value) {
                    Ok(value) if (value as u64) < count => Some(start + value),
                    Ok(value) => {
                        return Err(Error::damaged("link leads out of its tree")
                            .at(format!("`{name}`, row {row}, of {place}"))
                            .expected(format!("less than {count}"))
                            .found(value));
                    }
                    Err(_) => None,
                });
            }
            [&mut self.descendant, &mut self.first, &mut self.next][slot].extend(found);
        }
        let halos =
            whole(find("SubhaloNumber").or(find("SubfindID")))?.unwrap_or_else(|| (start as i64..start as i64 + count as i64).collect());
        self.halo.extend(halos.into_iter().map(|v| u64::try_from(v).ok()));
        self.snap.extend(needed("SnapNum")?.into_iter().map(|v| i32::try_from(v).ok().filter(|v| *v >= 0)));
        self.tree.extend(std::iter::repeat_n(tree, count as usize));
        let particles = whole(find("SubhaloLen"))?.unwrap_or_else(|| vec![-1; count as usize]);
        self.particles.extend(particles.into_iter().map(|v| u64::try_from(v).ok()));
        match find("SubhaloMass").or(find("Group_M_Crit200")) {
            Some(stored) => self.mass.extend(stored.doubles(0, MASS_MSUN)?),
            None => self.mass.clear(),
        }
        if let Some(row) = self.halo.iter().skip(start).position(Option::is_none) {
            return Err(Error::damaged("number of a subhalo is negative").at(format!("row {row} of {place}")));
        }
        Ok(())
    }

    fn table(self, h: Option<f64>, given: &Given, place: &str) -> Result<Table> {
        let mut table = Table::default();
        let node = |row: Option<usize>| row.map(|row| row as u64);
        let rows = self.halo.len();
        table.whole("halo_id", "SubhaloNumber", self.halo.iter().copied());
        table.snaps("snap", "SnapNum", self.snap.iter().copied());
        table.whole("descendant_id", "Descendant", self.descendant.iter().map(|d| d.and_then(|d| self.halo.get(d).copied().flatten())));
        table.snaps("descendant_snap", "Descendant", self.descendant.iter().map(|d| d.and_then(|d| self.snap.get(d).copied().flatten())));
        let main = |(row, d): (usize, &Option<usize>)| d.and_then(|d| self.first.get(d).copied()).map(|first| first == Some(row));
        table.flags("is_main_progenitor", "FirstProgenitor", self.descendant.iter().enumerate().map(main));
        table.whole("node_id", "", (0..rows as u64).map(Some));
        table.whole("tree_id", "", self.tree.iter().map(|t| Some(*t)));
        table.whole("first_progenitor_id", "FirstProgenitor", self.first.iter().map(|v| node(*v)));
        table.whole("next_progenitor_id", "NextProgenitor", self.next.iter().map(|v| node(*v)));
        table.whole("n_particles", "SubhaloLen", self.particles.iter().copied());
        if self.mass.len() == rows && rows > 0 {
            let scale = Scale { h: hubble(h, given, place)?, a: 1.0 };
            table.reals("mass", "SubhaloMass", Kind::Mass, self.mass, &[scale]);
        }
        Ok(table)
    }
}
