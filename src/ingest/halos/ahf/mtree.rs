//! `AHF_mtree`: links from the haloes of one snapshot to their progenitors in the one before.
//!
//! Formula    merit = n_shared^2 / (n_progenitor n_descendant); the main progenitor is the one of `_mtree_idx`, else of greatest merit
//! Layout     optional `#` lines, optional number of haloes, then `haloID npart n` and n lines `shared haloID npart`
//! Units      the table has one row per link: `halo_id` is the progenitor, `snap` its snapshot where the folder tells it
//! Source     MergerTree of the AHF package; merit as in Srisawat et al. 2013, MNRAS 436, 150
//! Refuses    lists shorter than their number, more shared particles than either halo has
//! Edge cases a halo without progenitor has no row and is counted in a note; a progenitor of several haloes has several rows
//! See also   `super`

use std::collections::{BTreeMap, HashSet};

use arrow::array::RecordBatch;

use crate::error::{Error, Result};

use super::super::check;
use super::super::table::{Column, Table};
use super::super::text::TextFile;

/// One link.
#[derive(Clone, Copy, Debug)]
struct Link {
    progenitor: u64,
    progenitor_particles: u64,
    descendant: u64,
    shared: u64,
    merit: f64,
    main: bool,
}

/// Main progenitors by `_mtree_idx`: lines `haloID progenitorID`.
pub(super) fn index(file: &TextFile) -> Result<BTreeMap<u64, u64>> {
    let mut main = BTreeMap::new();
    for (number, line) in file.lines().filter(|(_, line)| !line.starts_with('#')) {
        let numbers = numbers(file, number, line)?;
        let [halo, progenitor] = numbers.as_slice() else { return Err(file.bad(number, "expected a halo and its progenitor", line)) };
        main.insert(*halo, *progenitor);
    }
    Ok(main)
}

/// Reads the links; `snaps` are the numbers of this snapshot and of the one before.
pub(super) fn read(
    file: &TextFile,
    main: Option<&BTreeMap<u64, u64>>,
    haloes: &Table,
    snaps: (u32, Option<u32>),
    notes: &mut Vec<String>,
) -> Result<RecordBatch> {
    let (links, childless) = parse(file, main)?;
    if childless > 0 {
        notes.push(format!("{childless} haloes of the merger tree have no progenitor"));
    }
    if snaps.1.is_none() {
        notes.push("the number of the snapshot before is not known: no other catalogue of the run lies in the folder".into());
    }
    let known: HashSet<u64> = haloes.wholes("halo_id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
    check::dangling(links.iter().filter(|l| !known.contains(&l.descendant)).count(), links.len(), notes);
    let number = |snap: u32| i32::try_from(snap).ok();
    let before = snaps.1.and_then(number);
    let mut table = Table::default();
    table.whole("halo_id", "HaloID", links.iter().map(|l| Some(l.progenitor)));
    table.snaps("snap", "", links.iter().map(|_| before));
    table.whole("n_particles", "HaloPart", links.iter().map(|l| Some(l.progenitor_particles)));
    table.whole("descendant_id", "HaloID", links.iter().map(|l| Some(l.descendant)));
    table.snaps("descendant_snap", "", links.iter().map(|_| number(snaps.0)));
    table.flags("is_main_progenitor", if main.is_some() { "_mtree_idx" } else { "greatest merit" }, links.iter().map(|l| Some(l.main)));
    table.whole("n_shared", "SharedPart", links.iter().map(|l| Some(l.shared)));
    let merits: Vec<f64> = links.iter().map(|l| l.merit).collect();
    table.put(Column { name: "merit", ..Column::default() }, std::sync::Arc::new(arrow::array::Float64Array::from(merits)));
    table.finish()
}

fn parse(file: &TextFile, main: Option<&BTreeMap<u64, u64>>) -> Result<(Vec<Link>, usize)> {
    let mut lines = file.lines().filter(|(_, line)| !line.starts_with('#')).peekable();
    let stated = match lines.peek() {
        Some((number, line)) if line.split_whitespace().count() == 1 => Some(numbers(file, *number, line)?),
        _ => None,
    };
    if stated.is_some() {
        lines.next();
    }
    let (mut links, mut childless, mut haloes) = (Vec::new(), 0, 0u64);
    while let Some((number, line)) = lines.next() {
        let words = numbers(file, number, line)?;
        let [descendant, particles, count] = *words.as_slice() else {
            return Err(file.bad(number, "expected a halo, its particles and its number of progenitors", line));
        };
        haloes += 1;
        childless += usize::from(count == 0);
        let first = links.len();
        for at in 0..count {
            let Some((number, line)) = lines.next() else {
                return Err(Error::damaged("list of progenitors ends early").at(file.at(number)).expected(count).found(at));
            };
            let words = numbers(file, number, line)?;
            let [shared, progenitor, progenitor_particles] = *words.as_slice() else {
                return Err(file.bad(number, "expected shared particles, a halo and its particles", line));
            };
            if shared > particles || shared > progenitor_particles {
                return Err(Error::damaged("more shared particles than the haloes have")
                    .at(file.at(number))
                    .expected(format!("at most {}", particles.min(progenitor_particles)))
                    .found(shared));
            }
            let merit = (shared as f64).powi(2) / (particles as f64 * progenitor_particles as f64).max(1.0);
            links.push(Link { progenitor, progenitor_particles, descendant, shared, merit, main: false });
        }
        let found = links.get_mut(first..).unwrap_or_default();
        let best = match main {
            Some(main) => found.iter().position(|l| main.get(&descendant) == Some(&l.progenitor)),
            // The first of equal merits, as the files list them by importance.
            None => found.iter().enumerate().rev().max_by(|a, b| a.1.merit.total_cmp(&b.1.merit)).map(|(at, _)| at),
        };
        if let Some(link) = best.and_then(|at| found.get_mut(at)) {
            link.main = true;
        }
    }
    if let Some([stated]) = stated.as_deref()
        && *stated != haloes
    {
        return Err(Error::damaged("merger tree has another number of haloes than it says")
            .at(file.place())
            .expected(stated)
            .found(haloes)
            .hint("the file is truncated; copy it again"));
    }
    Ok((links, childless))
}

fn numbers(file: &TextFile, number: usize, line: &str) -> Result<Vec<u64>> {
    let word = |word: &str| file.whole(number, word)?.ok_or_else(|| file.bad(number, "expected a number that is not negative", word));
    line.split_whitespace().map(word).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, Float64Array};

    use super::*;

    fn run(text: &str, main: Option<&BTreeMap<u64, u64>>) -> Result<(RecordBatch, Vec<String>)> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m");
        std::fs::write(&path, text).unwrap();
        let mut table = Table::default();
        table.whole("halo_id", "ID", [Some(1), Some(2)]);
        let mut notes = Vec::new();
        read(&TextFile::open(&path)?, main, &table, (64, Some(60)), &mut notes).map(|batch| (batch, notes))
    }

    #[test]
    fn links_have_merits_and_one_main_progenitor() {
        let (batch, notes) = run("2\n1 650 2\n500 11 600\n60 12 80\n2 100 1\n90 13 120\n", None).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        let main: &BooleanArray = batch.column_by_name("is_main_progenitor").unwrap().as_any().downcast_ref().unwrap();
        assert_eq!(main.iter().flatten().collect::<Vec<_>>(), [true, false, true]);
        let merit: &Float64Array = batch.column_by_name("merit").unwrap().as_any().downcast_ref().unwrap();
        assert!((merit.value(0) - 500.0 * 500.0 / (650.0 * 600.0)).abs() < 1e-15);
        let index = BTreeMap::from([(1, 12), (2, 99)]);
        let (batch, _) = run("1 650 2\n500 11 600\n60 12 80\n2 100 1\n90 13 120\n", Some(&index)).unwrap();
        let main: &BooleanArray = batch.column_by_name("is_main_progenitor").unwrap().as_any().downcast_ref().unwrap();
        assert_eq!(main.iter().flatten().collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn damage_is_refused() {
        for (text, words) in [
            ("2\n1 650 1\n500 11 600\n", "expected 2, found 1"),
            ("1 650 2\n500 11 600\n", "ends early"),
            ("1 650 1\n700 11 800\n", "more shared particles"),
            ("1 650 1\n500 11\n", "expected shared particles"),
        ] {
            let error = run(text, None).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
