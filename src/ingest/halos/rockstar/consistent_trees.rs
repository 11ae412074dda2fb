//! Merger trees of consistent-trees: `tree_X_Y_Z.dat`, and its catalogues `hlist_A.list`.
//!
//! Layout     `#scale(0) id(1) desc_scale(2) desc_id(3) ...`, comments, the number of trees, then `#tree ID` before the rows of each
//!            tree, depth first; a catalogue has neither the number nor the `#tree` lines, and rows of one time
//! Units      Msun/h, comoving Mpc/h for positions, comoving kpc/h for lengths, km/s; each row has the scale factor of its own time
//! Source     Behroozi et al. 2013, ApJ 763, 18; comments of the files
//! Refuses    fewer or more trees than the file says, rows of different lengths, text that ends in mid-line
//! Edge cases a file of fewer trees than it says is taken where the user keeps what is doubtful; snapshot numbers come from
//!            `Snap_idx`, and are null in files without it; links to haloes that are not in the file are counted in a note; a scale
//!            factor of 0 is null, and so are the lengths of that row
//! See also   `list` for the meaning of the columns

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::cosmology::Cosmology;
use crate::error::{Error, Result};
use crate::ingest::Family;

use super::super::catalogue::{Given, Loaded, Reader};
use super::super::check;
use super::super::table::Table;
use super::super::text::{Parsed, TextFile};
use super::super::units::{Scale, hubble};
use super::list::{Comments, meanings};

/// Words that a row has at least: scale, id, desc_scale, desc_id.
const LEAST: usize = 4;

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct ConsistentTrees;

impl Reader for ConsistentTrees {
    const NAME: &'static str = "consistent-trees";
    const DESCRIPTION: &'static str = "consistent-trees merger trees tree_X_Y_Z.dat and catalogues hlist_A.list";

    fn fits(&self, _path: &Path, head: &[u8]) -> bool {
        let line = String::from_utf8_lossy(head.split(|b| *b == b'\n').next().unwrap_or(head)).to_lowercase();
        line.starts_with("#scale(0) id(1) desc_scale") || line.starts_with("#scale id desc_scale")
    }

    fn load(&self, path: &Path, given: &Given) -> Result<Loaded> {
        let file = TextFile::open(path)?;
        let header = file.lines().next().map(|(_, line)| line).unwrap_or_default();
        let names: Vec<&str> = header.trim_start_matches('#').split_whitespace().collect();
        let comments = Comments::of(file.lines().map(|(_, line)| line));
        let place = file.place();
        let h = hubble(comments.value("h0"), given, &place)?;
        let mut loaded = Loaded::default();
        loaded.file(path, file.length());
        if let Some((omega_m, omega_lambda)) = comments.value("Omega_M").zip(comments.value("Omega_L")) {
            loaded.cosmology = Some(Cosmology::lcdm(h, omega_m, omega_lambda).map_err(|e| e.at(&place))?);
        }
        let rows = Rows::read(&file, Parsed::new(meanings(&names)))?;
        rows.complete(&file, given.options.keep_doubtful, &mut loaded.notes)?;
        let mut parsed = rows.parsed;
        parsed.trim(&mut loaded.notes);
        let a: Vec<f64> = parsed.real("scale_factor").unwrap_or_default().to_vec();
        if let Some((row, a)) = a.iter().enumerate().find(|(_, a)| !(a.is_finite() && **a >= 0.0)) {
            return Err(Error::damaged("scale factor makes no sense").at(format!("row {} of {place}", row + 1)).found(a));
        }
        let unknown = a.iter().filter(|a| **a == 0.0).count();
        if unknown > 0 {
            loaded.notes.push(format!("{unknown} of {} rows have a scale factor of 0: their lengths are unknown", a.len()));
        }
        let scales: Vec<Scale> = a.iter().map(|a| Scale { h, a: if *a > 0.0 { *a } else { f64::NAN } }).collect();
        let scales = if scales.len() == 1 { vec![scales[0]; 2] } else { scales };
        let mut table = Table::default();
        if rows.trees.is_empty() {
            loaded.format = "consistent-trees (catalogue)".into();
            loaded.scale_factor = a.first().copied().filter(|first| *first > 0.0 && a.iter().all(|v| v == first));
            parsed.into_table(&mut table, &scales);
            loaded.snap = table.wholes("snap_idx").and_then(|s| s.iter().next().flatten()).and_then(|s| u32::try_from(s).ok()).unwrap_or(0);
            check::halos(&table, &place, &mut loaded.notes)?;
            loaded.put(Family::Halos, Arc::new(table.finish()?));
            return Ok(loaded);
        }
        loaded.format = format!("consistent-trees ({} tree{})", rows.trees.len(), if rows.trees.len() == 1 { "" } else { "s" });
        link(&mut parsed, &mut table, &mut loaded.notes);
        table.whole("tree_id", "#tree", rows.trees.iter().flat_map(|(id, count)| std::iter::repeat_n(Some(*id), *count)));
        parsed.into_table(&mut table, &scales);
        check::identifiers(&table, &place)?;
        check::masses(&table, &place)?;
        loaded.snap = table.wholes("snap_idx").and_then(|s| s.iter().flatten().max()).and_then(|s| u32::try_from(s).ok()).unwrap_or(0);
        loaded.put(Family::MergerTree, Arc::new(table.finish()?));
        Ok(loaded)
    }
}

/// Rows of a file, and how many of them each tree has.
struct Rows {
    parsed: Parsed,
    trees: Vec<(u64, usize)>,
    /// Number of trees that the file says it holds, and its line.
    stated: Option<(usize, u64)>,
}

impl Rows {
    fn read(file: &TextFile, mut parsed: Parsed) -> Result<Rows> {
        let mut stated = None;
        let mut trees: Vec<(u64, usize)> = Vec::new();
        for (number, line) in file.lines().skip(1) {
            if let Some(id) = line.strip_prefix("#tree ") {
                let id = file.whole(number, id.trim())?.ok_or_else(|| file.bad(number, "tree has no number", id))?;
                trees.push((id, 0));
            } else if line.starts_with('#') {
                continue;
            } else if stated.is_none() && parsed.rows == 0 && trees.is_empty() && line.split_whitespace().count() == 1 {
                stated = Some((number, file.whole(number, line)?.ok_or_else(|| file.bad(number, "number of trees is negative", line))?));
            } else {
                parsed.push(file, number, line, LEAST)?;
                match (trees.last_mut(), stated) {
                    (Some((_, count)), _) => *count += 1,
                    (None, Some(_)) => return Err(file.bad(number, "row stands before the first tree", line)),
                    (None, None) => {}
                }
            }
        }
        Ok(Rows { parsed, trees, stated })
    }

    /// Refuses a file that lacks trees or haloes; one that holds whole trees, but fewer than it says, may be kept with a note.
    fn complete(&self, file: &TextFile, keep_doubtful: bool, notes: &mut Vec<String>) -> Result<()> {
        let found = self.trees.len() as u64;
        match self.stated {
            Some((_, stated)) if keep_doubtful && (1..stated).contains(&found) => {
                notes.push(format!("doubtful: the file holds {found} of the {stated} trees that it says; those are taken"));
            }
            Some((number, stated)) if stated != found => {
                return Err(Error::damaged("file has another number of trees than it says")
                    .at(file.at(number))
                    .expected(stated)
                    .found(found)
                    .hint("the file is truncated; if it was cut on purpose, `--keep-doubtful` takes the trees that are there"));
            }
            None if found > 0 => return Err(Error::damaged("number of trees is missing").at(file.place())),
            _ => {}
        }
        match self.trees.iter().find(|(_, count)| *count == 0) {
            Some((empty, _)) => Err(Error::damaged("tree has no haloes, not even its root")
                .at(format!("`#tree {empty}` of {}", file.place()))
                .hint("the file is truncated; copy it again")),
            None => Ok(()),
        }
    }
}

/// Columns that follow from where the descendants are: both snapshot numbers.
fn link(parsed: &mut Parsed, table: &mut Table, notes: &mut Vec<String>) {
    let (Some((id_source, ids)), Some((descendant_source, descendants))) =
        (parsed.take_whole("halo_id"), parsed.take_whole("descendant_id"))
    else {
        return;
    };
    let snaps: Vec<Option<i32>> = match parsed.take_whole("snap_idx") {
        Some((source, snaps)) => {
            table.whole("snap_idx", &source, snaps.iter().copied());
            snaps.into_iter().map(|s| s.and_then(|s| i32::try_from(s).ok())).collect()
        }
        None => {
            notes.push("the file has no Snap_idx: snapshot numbers are null".into());
            vec![None; ids.len()]
        }
    };
    let rows: HashMap<u64, usize> = ids.iter().enumerate().filter_map(|(row, id)| id.map(|id| (id, row))).collect();
    let found: Vec<Option<usize>> = descendants.iter().map(|d| d.and_then(|d| rows.get(&d).copied())).collect();
    let links = descendants.iter().flatten().count();
    check::dangling(links - found.iter().flatten().count(), links, notes);
    let descendant_snaps = found.iter().map(|row| row.and_then(|row| snaps.get(row).copied().flatten()));
    table.whole("halo_id", &id_source, ids.iter().copied());
    table.snaps("snap", "Snap_idx", snaps.iter().copied());
    table.whole("descendant_id", &descendant_source, descendants.iter().copied());
    table.snaps("descendant_snap", "Snap_idx of the descendant", descendant_snaps);
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Float64Type, Int32Type, UInt64Type};

    use super::*;
    use crate::ingest::Snapshot;
    use crate::ingest::halos::catalogue::Catalogue;

    const HEAD: &str = "#scale(0) id(1) desc_scale(2) desc_id(3) pid(4) Mvir(5) Rvir(6) mmp?(7) x(8) Snap_idx(9) Depth_first_ID(10)\n#Omega_M = 0.3; Omega_L = 0.7; h0 = 0.5\n";
    const TREE: &str = "1\n#tree 9\n1.0 9 0 -1 -1 1e12 100 1 10 5 0\n0.5 8 1.0 9 -1 5e11 50 1 9 4 1\n0.5 7 1.0 9 8 1e11 20 0 8 4 2\n";

    fn load(text: &str) -> Result<(Catalogue, Vec<String>)> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tree_0_0_0.dat");
        std::fs::write(&path, text).unwrap();
        ConsistentTrees.load(&path, &Given::default()).map(|l| (l.notes.clone(), Catalogue::new(l))).map(|(n, c)| (c, n))
    }

    #[test]
    fn every_row_has_its_own_scale_factor_and_links() {
        let (c, notes) = load(&format!("{HEAD}{TREE}")).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!((c.info().snap, c.rows(Family::MergerTree)), (5, 3));
        let schema = c.schema(Family::MergerTree).unwrap();
        let columns: Vec<usize> = (0..schema.fields().len()).collect();
        let batch = c.read(Family::MergerTree, &columns, 0..3).unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        assert_eq!(column("radius").as_primitive::<Float64Type>().values(), &[200.0, 50.0, 20.0]);
        assert_eq!(column("mass").as_primitive::<Float64Type>().value(0), 2e12);
        assert_eq!(column("x").as_primitive::<Float64Type>().value(1), 9000.0);
        assert_eq!(column("snap").as_primitive::<Int32Type>().values(), &[5, 4, 4]);
        let descendant = column("descendant_snap").as_primitive::<Int32Type>();
        assert!(descendant.is_null(0) && descendant.value(1) == 5);
        assert_eq!(column("is_main_progenitor").as_boolean().iter().flatten().collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(column("tree_id").as_primitive::<UInt64Type>().values(), &[9, 9, 9]);
    }

    #[test]
    fn catalogues_are_tables_of_haloes() {
        let rows = "0.5 8 1.0 9 -1 5e11 50 1 9 4 1\n0.5 7 1.0 9 8 1e11 20 0 8 4 2\n";
        let (c, _) = load(&format!("{HEAD}{rows}")).unwrap();
        assert_eq!((c.rows(Family::Halos), c.info().scale_factor, c.info().snap), (2, Some(0.5), 4));
    }

    #[test]
    fn a_file_of_fewer_trees_than_it_says_is_kept_on_demand() {
        let keep = |text: &str| {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("tree_0_0_0.dat");
            std::fs::write(&path, text).unwrap();
            let options = crate::ingest::OpenOptions { keep_doubtful: true, ..Default::default() };
            ConsistentTrees.load(&path, &Given { options, snapshot: None })
        };
        let loaded = keep(&format!("{HEAD}{}", TREE.replacen('1', "5450", 1))).unwrap();
        assert_eq!(loaded.notes, ["doubtful: the file holds 1 of the 5450 trees that it says; those are taken"]);
        assert_eq!(Catalogue::new(loaded).rows(Family::MergerTree), 3);
        assert!(keep(&format!("{HEAD}{}", TREE.replacen('1', "0", 1))).is_err(), "more than it says is no cut");
        assert!(keep(&format!("{HEAD}2\n")).is_err() && keep(&format!("{HEAD}{}", &TREE[..TREE.len() - 4])).is_err());
    }

    #[test]
    fn cut_files_are_refused_and_lost_links_told() {
        let short = TREE.replacen('1', "2", 1);
        for (text, words) in [
            (format!("{HEAD}{short}"), "expected 2, found 1"),
            (format!("{HEAD}{}", &TREE[..TREE.len() - 4]), "middle of a line"),
            (format!("{HEAD}{}", TREE.replace(" 4 2\n", " 4\n")), "expected 11, found 10"),
            (format!("{HEAD}1\n0.5 8 1 9\n"), "before the first tree"),
            (format!("{HEAD}{}", TREE.replace("0.5 8", "-0.5 8")), "scale factor makes no sense"),
        ] {
            let error = load(&text).err().unwrap().to_string();
            assert!(error.contains(words), "{error}");
        }
        let (_, notes) = load(&format!("{HEAD}{}", TREE.replace("1.0 9 8", "1.0 99 8"))).unwrap();
        assert_eq!(notes, ["1 of 2 descendants are not in the file"]);
    }
}
