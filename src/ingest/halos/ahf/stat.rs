//! Group statistics `SNAP.amiga.stat` of Gasoline and ChaNGa runs: one row for each group of `SNAP.amiga.grp`.
//!
//! Layout     `Grp N_tot N_gas N_star N_dark Mvir(M_sol) Rvir(kpc) GasMass(M_sol) ... Contam Satellite? False?`, then rows
//! Units      physical Msun, kpc and km/s as the first line says; it names no unit for the positions, so theirs is `unknown`
//! Refuses    rows of different lengths, groups twice, a mark that is neither `contam` nor `clean`
//! Edge cases the last columns may be empty in every row; `Contam` becomes the flag `contaminated`
//! See also   `halos` for AHF's own table; the column halo_id of the particles holds the group of each

use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ingest::Family;

use super::super::catalogue::{Given, Loaded, Reader};
use super::super::check;
use super::super::table::{Table, own_name};
use super::super::text::{Meaning, Parsed, TextFile};
use super::super::units::{Kind, Scale};
use super::trailing_number;

/// What follows the name of the snapshot.
const ENDING: &str = ".amiga.stat";
/// Values are physical as they stand.
const PHYSICAL: Scale = Scale { h: 1.0, a: 1.0 };
/// Column of words instead of numbers.
const CONTAMINATION: &str = "Contam";

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AmigaStat;

impl Reader for AmigaStat {
    const NAME: &'static str = "amiga-stat";
    const DESCRIPTION: &'static str = "group statistics SNAP.amiga.stat of Gasoline and ChaNGa runs";

    fn fits(&self, _path: &Path, head: &[u8]) -> bool {
        let line = String::from_utf8_lossy(head.split(|b| *b == b'\n').next().unwrap_or(head));
        let mut words = line.split_whitespace();
        words.next() == Some("Grp") && words.next() == Some("N_tot") && words.any(|w| w == "Mvir(M_sol)")
    }

    fn load(&self, path: &Path, _given: &Given) -> Result<Loaded> {
        let file = TextFile::open(path)?;
        let mut lines = file.lines();
        let header = lines.next().map_or("", |(_, line)| line);
        let names: Vec<&str> = header.split_whitespace().collect();
        let words_at = names.iter().position(|n| *n == CONTAMINATION);
        let numbers: Vec<&str> = names.iter().copied().filter(|n| *n != CONTAMINATION).collect();
        let mut parsed = Parsed::new(numbers.iter().map(|name| meaning(name)).collect());
        let mut contaminated = Vec::new();
        for (number, line) in lines {
            let mut words: Vec<&str> = line.split_whitespace().collect();
            if let Some(at) = words_at.filter(|at| *at < words.len()) {
                contaminated.push(match words.remove(at) {
                    "contam" => Some(true),
                    "clean" => Some(false),
                    other => return Err(file.bad(number, "expected `contam` or `clean`", other)),
                });
            }
            parsed.push(&file, number, &words.join(" "), words_at.unwrap_or(numbers.len()))?;
        }
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let snap = trailing_number(name.strip_suffix(ENDING).unwrap_or(&name)).1.unwrap_or(0);
        let mut loaded = Loaded { format: Self::NAME.into(), snap, ..Loaded::default() };
        loaded.file(path, file.length());
        parsed.trim(&mut loaded.notes);
        let rows = parsed.rows;
        if contaminated.len() != rows && !contaminated.is_empty() {
            return Err(Error::damaged("some rows lack the column `Contam`").at(file.place()).expected(rows).found(contaminated.len()));
        }
        let mut table = Table::default();
        parsed.into_table(&mut table, &[PHYSICAL]);
        if !contaminated.is_empty() {
            table.flags("contaminated", CONTAMINATION, contaminated);
        }
        table.whole("parent_id", "", std::iter::repeat_n(None, rows));
        loaded.notes.push("the statistics name no unit for positions: xc, yc, zc are as stored".into());
        check::halos(&table, &file.place(), &mut loaded.notes)?;
        loaded.put(Family::Halos, Arc::new(table.finish()?));
        Ok(loaded)
    }
}

fn meaning(name: &str) -> Meaning {
    let (column, kind) = match name {
        "Grp" => ("halo_id", Kind::Whole),
        "N_tot" => ("n_particles", Kind::Whole),
        "N_gas" => ("n_gas", Kind::Whole),
        "N_star" => ("n_stars", Kind::Whole),
        "N_dark" => ("n_dark", Kind::Whole),
        "Mvir(M_sol)" => ("mass", Kind::Mass),
        "Rvir(kpc)" => ("radius", Kind::Kpc),
        "GasMass(M_sol)" => ("mass_gas", Kind::Mass),
        "StarMass(M_sol)" => ("mass_stars", Kind::Mass),
        "DarkMass(M_sol)" => ("mass_dark", Kind::Mass),
        "V_max" => ("v_max", Kind::Velocity),
        "R@V_max" => ("r_max", Kind::Kpc),
        "VelDisp" => ("veldisp", Kind::Velocity),
        "VXc" => ("vx", Kind::Velocity),
        "VYc" => ("vy", Kind::Velocity),
        "VZc" => ("vz", Kind::Velocity),
        other => return Meaning { source: other.into(), column: own_name(other), kind: Kind::Unknown },
    };
    Meaning { source: name.into(), column: column.into(), kind }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Float64Type;

    use super::super::super::catalogue::Catalogue;
    use super::*;
    use crate::ingest::Snapshot;

    const HEAD: &str = "Grp N_tot Mvir(M_sol) Rvir(kpc) Xc Contam Satellite? False?\n";

    fn load(text: &str) -> Result<Catalogue> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("h1.004096.amiga.stat");
        std::fs::write(&path, text).unwrap();
        assert!(AmigaStat.fits(&path, text.as_bytes()) && !super::super::Ahf.fits(&path, text.as_bytes()));
        AmigaStat.load(&path, &Given::default()).map(Catalogue::new)
    }

    #[test]
    fn values_stay_physical_and_words_become_flags() {
        let c = load(&format!("{HEAD}1 10 1e12 273.5 27.5 contam 0\n49 5 1e10 45 27.6 clean 1\n")).unwrap();
        assert_eq!((c.info().snap, c.rows(Family::Halos)), (4096, 2));
        let schema = c.schema(Family::Halos).unwrap();
        let at = |name: &str| schema.index_of(name).unwrap();
        let batch = c.read(Family::Halos, &[at("mass"), at("radius"), at("contaminated")], 0..2).unwrap();
        assert_eq!(batch.column(0).as_primitive::<Float64Type>().values(), &[1e12, 1e10]);
        assert_eq!(batch.column(1).as_primitive::<Float64Type>().value(0), 273.5);
        assert_eq!(batch.column(2).as_boolean().iter().flatten().collect::<Vec<_>>(), [true, false]);
        assert_eq!(crate::table::schema::unit_of(schema.field(at("xc"))), "unknown");
    }

    #[test]
    fn damage_is_refused() {
        for (rows, words) in [
            ("1 10 1e12 273.5 27.5 dirty 0\n", "expected `contam` or `clean`"),
            ("1 10 1e12 273.5 27.5 contam 0\n2 10 1e12 3 27.5 clean\n", "expected 6, found 5"),
            ("1 10 1e12 273.5 27.5 contam 0\n1 10 1e12 3 27.5 clean 0\n", "same identifier"),
            ("1 10 1e12 273.5 27.5 contam 0", "middle of a line"),
        ] {
            let error = load(&format!("{HEAD}{rows}")).err().unwrap().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
