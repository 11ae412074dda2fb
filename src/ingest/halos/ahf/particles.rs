//! `AHF_particles`: which particles belong to which halo, with the identifiers of the snapshot.
//!
//! Layout     number of haloes, then for each `npart haloID` and npart lines `id type`; joined files of several tasks repeat this
//! Edge cases of a Tipsy run, ids are positions in the order dark, stars, gas unless AHF was told otherwise: positions are believed
//!            where they agree with the type of every particle, else ids must exist in the family of their type; type 0 gas, 1 dark,
//!            4 stars; lists without types are of old versions, whose positions are those of the file: gas, dark, stars; particles of
//!            a subhalo belong to its host as well
//! Refuses    counts that differ from those of the halo table, haloes of one file that the other lacks, ids that fit neither way
//! Cost       8 bytes an id and a type while reading; ids of the snapshot are read once
//! See also   `halos`

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::UInt64Type;

use crate::error::{Error, Result};
use crate::ingest::{Family, Snapshot};

use super::super::catalogue::Given;
use super::super::table::{Column, Table};
use super::super::text::TextFile;

/// AHF's number of gas particles.
const GAS: u8 = 0;
/// AHF's number of star particles.
const STARS: u8 = 4;
/// AHF's numbers of dark matter particles, from high resolution to low.
const DARK: [u8; 4] = [1, 2, 3, 5];
/// A type that the file does not give.
const UNKNOWN: u8 = u8::MAX;

/// Members as they are stored.
#[derive(Debug, Default)]
struct Members {
    halo: Vec<u64>,
    id: Vec<u64>,
    kind: Vec<u8>,
    /// Number of members of each halo: all, gas, stars.
    counts: BTreeMap<u64, [u64; 3]>,
}

/// Reads the file; counts by type are added to `haloes` where the table has none.
pub(super) fn read(file: &TextFile, haloes: &mut Table, given: &Given, notes: &mut Vec<String>) -> Result<RecordBatch> {
    let ids: Vec<u64> = haloes.wholes("halo_id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
    let mut members = parse(file, &ids)?;
    compare(file, haloes, &members)?;
    let typed = !members.kind.contains(&UNKNOWN);
    for (name, slot, type_number) in [("n_gas", 1, GAS), ("n_stars", 2, STARS)] {
        if typed && !haloes.has(name) {
            let count = |id: &u64| members.counts.get(id).and_then(|c| c.get(slot).copied());
            haloes.whole(name, &format!("members of type {type_number}"), ids.iter().map(count));
        }
    }
    match &given.snapshot {
        Some(snapshot) => translate(file, &mut members, snapshot.as_ref(), notes)?,
        None => notes.push(
            "ids of members are as AHF wrote them: of a Tipsy run, positions in the order dark, stars, gas; open the snapshot for its ids"
                .into(),
        ),
    }
    let mut table = Table::default();
    table.put(Column { name: "halo_id", source: "haloID", ..Column::default() }, Arc::new(UInt64Array::from(members.halo)));
    table.put(Column { name: "id", source: "id", ..Column::default() }, Arc::new(UInt64Array::from(members.id)));
    let names: StringArray = members.kind.iter().map(|kind| family(*kind).map(Family::table).or(Some("unknown"))).collect();
    table.put(Column { name: "family", source: "type", ..Column::default() }, Arc::new(names));
    table.finish()
}

fn family(kind: u8) -> Option<Family> {
    match kind {
        GAS => Some(Family::Gas),
        STARS => Some(Family::Stars),
        k if DARK.contains(&k) => Some(Family::Dark),
        _ => None,
    }
}

fn number(family: Family) -> u8 {
    match family {
        Family::Gas => GAS,
        Family::Stars => STARS,
        _ => DARK[0],
    }
}

fn parse(file: &TextFile, known: &[u64]) -> Result<Members> {
    // A damaged count must not reserve more than the file can hold: a line has two bytes at least.
    let room = (file.length() / 4) as usize;
    let mut members = Members::default();
    let mut lines = file.lines().filter(|(_, line)| !line.starts_with('#'));
    let ends = |what: &str, expected: u64, found: u64| {
        Error::damaged(what).at(file.place()).expected(expected).found(found).hint("the file is truncated; copy it again")
    };
    let mut number = 0;
    while let Some((line, text)) = lines.next() {
        number = line;
        let haloes = one(file, line, text)?;
        for index in 0..haloes {
            let Some((line, text)) = lines.next() else { return Err(ends("list of members ends before its last halo", haloes, index)) };
            let mut words = text.split_whitespace();
            let count = whole(file, line, words.next())?;
            let halo = match words.next() {
                Some(word) => whole(file, line, Some(word))?,
                None => *known.get(members.counts.len()).ok_or_else(|| file.bad(line, "members of a halo that the table lacks", text))?,
            };
            if members.counts.contains_key(&halo) {
                return Err(Error::damaged("members of one halo are listed twice").at(file.at(line)).found(halo));
            }
            let mut tally = [count, 0, 0];
            members.id.reserve((count as usize).min(room));
            for at in 0..count {
                let Some((line, text)) = lines.next() else {
                    return Err(ends("members of a halo end early", count, at).at(format!("halo {halo} of {}", file.place())));
                };
                let mut words = text.split_whitespace();
                let id = whole(file, line, words.next())?;
                let kind = match words.next() {
                    Some(word) => word
                        .parse::<u8>()
                        .ok()
                        .filter(|k| family(*k).is_some())
                        .ok_or_else(|| file.bad(line, "no such type of particle", word))?,
                    None => UNKNOWN,
                };
                if let Some(word) = words.next() {
                    return Err(file.bad(line, "expected an id and a type", word));
                }
                tally[1] += u64::from(kind == GAS);
                tally[2] += u64::from(kind == STARS);
                members.halo.push(halo);
                members.id.push(id);
                members.kind.push(kind);
            }
            members.counts.insert(halo, tally);
        }
    }
    if number == 0 {
        return Err(Error::damaged("list of members is empty").at(file.place()));
    }
    Ok(members)
}

fn whole(file: &TextFile, line: usize, word: Option<&str>) -> Result<u64> {
    let word = word.unwrap_or("");
    file.whole(line, word)?.ok_or_else(|| file.bad(line, "expected a number that is not negative", word))
}

fn one(file: &TextFile, line: usize, text: &str) -> Result<u64> {
    let mut words = text.split_whitespace();
    let count = whole(file, line, words.next())?;
    match words.next() {
        None => Ok(count),
        Some(word) => Err(file.bad(line, "expected the number of haloes alone on its line", word)),
    }
}

fn compare(file: &TextFile, haloes: &Table, members: &Members) -> Result<()> {
    let (Some(ids), Some(counts)) = (haloes.wholes("halo_id"), haloes.wholes("n_particles")) else { return Ok(()) };
    for (id, count) in ids.iter().flatten().zip(counts.iter()) {
        let found = members.counts.get(&id).map(|c| c[0]);
        if found != count {
            return Err(Error::damaged("number of members is not that of the halo table")
                .at(format!("halo {id} of {}", file.place()))
                .expected(count.map_or("none".into(), |n| n.to_string()))
                .found(found.map_or("none".into(), |n| n.to_string())));
        }
    }
    if members.counts.len() != ids.len() {
        let known: BTreeSet<u64> = ids.iter().flatten().collect();
        let halo = members.counts.keys().find(|halo| !known.contains(halo)).map_or("no halo".into(), |halo| format!("`halo {halo}`"));
        return Err(Error::damaged("members of haloes that the table lacks")
            .at(format!("{halo} of {}", file.place()))
            .expected(format!("{} haloes, as the AHF_halos file has", ids.len()))
            .found(members.counts.len())
            .hint("one of the two files is truncated; copy both again"));
    }
    Ok(())
}

/// Makes ids those of the particle tables.
fn translate(file: &TextFile, members: &mut Members, snapshot: &dyn Snapshot, notes: &mut Vec<String>) -> Result<()> {
    let old = members.kind.iter().all(|kind| *kind == UNKNOWN);
    let order = if old { [Family::Gas, Family::Dark, Family::Stars] } else { [Family::Dark, Family::Stars, Family::Gas] };
    let rows = order.map(|f| snapshot.rows(f));
    let place = |at: u64| -> Option<(usize, u64)> {
        let mut start = 0;
        for (slot, count) in rows.iter().enumerate() {
            if at < start + count {
                return Some((slot, at - start));
            }
            start += count;
        }
        None
    };
    let agrees = |id: u64, kind: u8| place(id).is_some_and(|(slot, _)| kind == UNKNOWN || order.get(slot).copied() == family(kind));
    let tipsy = snapshot.info().format.starts_with("tipsy");
    let positions = tipsy && members.id.iter().zip(&members.kind).all(|(id, kind)| agrees(*id, *kind));
    let stored = order.map(|f| if snapshot.rows(f) > 0 { ids_of(snapshot, f).map(Some) } else { Ok(None) });
    let [first, second, third] = stored;
    let stored = [first?, second?, third?];
    if positions {
        for (id, kind) in members.id.iter_mut().zip(&mut members.kind) {
            let Some((slot, row)) = place(*id) else { continue };
            if let Some(value) = stored.get(slot).and_then(Option::as_ref).and_then(|ids| ids.get(row as usize)) {
                *id = *value;
            }
            *kind = order.get(slot).map_or(UNKNOWN, |family| number(*family));
        }
        let names = order.map(Family::table).join(", ");
        notes.push(format!("members were positions in the order {names}, and have the ids of the snapshot now"));
        return Ok(());
    }
    let sets = stored.map(|ids| ids.map(|ids| ids.into_iter().collect::<HashSet<u64>>()));
    let exists = |id: u64, kind: u8| {
        order
            .iter()
            .zip(&sets)
            .any(|(f, set)| (kind == UNKNOWN || Some(*f) == family(kind)) && set.as_ref().is_some_and(|s| s.contains(&id)))
    };
    let lost = members.id.iter().zip(&members.kind).position(|(id, kind)| !exists(*id, *kind));
    if let Some((id, halo)) = lost.and_then(|at| members.id.get(at).zip(members.halo.get(at))) {
        return Err(Error::damaged("member is no particle of the snapshot")
            .at(format!("halo {halo} of {}", file.place()))
            .expected(if tipsy { "a position in the order dark, stars, gas, or an id" } else { "an id of the snapshot" })
            .found(id)
            .hint("the catalogue belongs to another snapshot; `--no-halos` leaves it alone"));
    }
    Ok(())
}

/// Identifiers of one family in file order.
fn ids_of(snapshot: &dyn Snapshot, family: Family) -> Result<Vec<u64>> {
    let schema = snapshot.schema(family)?;
    let column = schema.index_of("id").map_err(|_| Error::unsupported(format!("{family} have no ids that members could refer to")))?;
    let batch = snapshot.read(family, &[column], 0..snapshot.rows(family))?;
    batch
        .column(0)
        .as_primitive_opt::<UInt64Type>()
        .map(|ids| ids.values().to_vec())
        .ok_or_else(|| Error::internal(format!("ids of {family} are no 64-bit numbers")))
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;

    use super::super::super::catalogue::{Catalogue, Loaded};
    use super::*;

    const LARGE: u64 = u64::MAX - 58;

    fn family_table(ids: &[u64]) -> Arc<RecordBatch> {
        let mut table = Table::default();
        table.whole("id", "", ids.iter().copied().map(Some));
        Arc::new(table.finish().unwrap())
    }

    /// A snapshot of two gas particles, three of dark matter and one star.
    fn snapshot(format: &str) -> Arc<dyn Snapshot> {
        let mut loaded = Loaded { format: format.into(), ..Loaded::default() };
        for (family, ids) in [(Family::Gas, &[101, 102][..]), (Family::Dark, &[201, 202, LARGE]), (Family::Stars, &[301])] {
            loaded.put(family, family_table(ids));
        }
        Arc::new(Catalogue::new(loaded))
    }

    fn run(text: &str, haloes: &[(u64, u64)], snapshot: Option<Arc<dyn Snapshot>>) -> Result<Vec<(u64, u64, String)>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        std::fs::write(&path, text).unwrap();
        let mut table = Table::default();
        table.whole("halo_id", "ID", haloes.iter().map(|h| Some(h.0)));
        table.whole("n_particles", "npart", haloes.iter().map(|h| Some(h.1)));
        let given = Given { snapshot, ..Given::default() };
        let batch = read(&TextFile::open(&path)?, &mut table, &given, &mut Vec::new())?;
        let whole = |i: usize| batch.column(i).as_primitive::<UInt64Type>().values().to_vec();
        let names = batch.column(2).as_string::<i32>();
        Ok(whole(0).into_iter().zip(whole(1)).zip(names.iter().flatten()).map(|((h, id), f)| (h, id, f.to_string())).collect())
    }

    fn row(halo: u64, id: u64, family: &str) -> (u64, u64, String) {
        (halo, id, family.into())
    }

    #[test]
    fn positions_become_ids_and_joined_files_of_tasks_are_one() {
        let text = format!("1\n4 {LARGE}\n0 1\n2 1\n3 4\n5 0\n1\n1 7\n4 0\n");
        let found = run(&text, &[(LARGE, 4), (7, 1)], Some(snapshot("tipsy (big-endian)"))).unwrap();
        let expected = [(201, "dark"), (LARGE, "dark"), (301, "stars"), (102, "gas")].map(|(id, f)| row(LARGE, id, f));
        assert_eq!(found[..4], expected);
        assert_eq!(found[4], row(7, 101, "gas"));
    }

    #[test]
    fn ids_are_kept_where_they_are_no_positions() {
        let text = format!("1\n3 1\n{LARGE} 1\n301 4\n102 0\n");
        for format in ["tipsy (big-endian)", "gadget-hdf5 (AREPO, 1 file)"] {
            let found = run(&text, &[(1, 3)], Some(snapshot(format))).unwrap();
            assert_eq!(found, [row(1, LARGE, "dark"), row(1, 301, "stars"), row(1, 102, "gas")]);
        }
        let error = run("1\n1 1\n301 0\n", &[(1, 1)], Some(snapshot("tipsy"))).unwrap_err();
        assert!(error.to_string().contains("no particle of the snapshot"), "{error}");
        assert_eq!(run(&text, &[(1, 3)], None).unwrap()[0], row(1, LARGE, "dark"), "as they are without a snapshot");
    }

    #[test]
    fn lists_without_types_are_in_the_order_of_the_file() {
        let found = run("2\n2\n0\n5\n1\n2\n", &[(10, 2), (11, 1)], Some(snapshot("tipsy"))).unwrap();
        assert_eq!(found, [row(10, 101, "gas"), row(10, 301, "stars"), row(11, 201, "dark")]);
    }

    #[test]
    fn contradictions_are_refused() {
        for (text, words) in [
            ("1\n2 1\n0 1\n", "end early"),
            ("2\n1 1\n0 1\n", "before its last halo"),
            ("1\n1 1\n0 1\n", "expected 2, found 1"),
            ("1\n2 5\n0 1\n1 1\n", "expected 2, found none"),
            ("1\n2 1\n0 9\n1 1\n", "no such type"),
            ("1\n2 1\n0 1 1\n1 1\n", "expected an id and a type"),
            ("1\n2 1\n-4 1\n1 1\n", "not negative"),
            ("2\n2 1\n0 1\n1 1\n2 1\n0 1\n1 1\n", "listed twice"),
            ("99999999999 1\n", "alone on its line"),
        ] {
            let error = run(text, &[(1, 2)], None).unwrap_err().to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
