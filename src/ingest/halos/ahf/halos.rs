//! The table `AHF_halos`: one row per halo, columns by the names in the first line.
//!
//! Layout     `#ID(1) hostHalo(2) numSubStruct(3) Mvir(4) npart(5) Xc(6) ...`, then rows; number and order of columns vary
//! Units      Msun/h, comoving kpc/h (Mpc/h in the tables before 1.0, which start with npart), km/s; energies Msun/h (km/s)^2
//! Edge cases a host of -1 is none, and so is 0 where no halo has the identifier 0; without identifiers the row number is taken
//! See also   `super`

use crate::error::{Error, Result};

use super::super::table::{Table, own_name};
use super::super::text::{Meaning, Parsed, TextFile, without_number};
use super::super::units::{Kind, Scale};

/// Columns whose meaning is known, with the name they get.
const KNOWN: &[(&str, &str, Kind)] = &[
    ("ID", "halo_id", Kind::Whole),
    ("hostHalo", "parent_id", Kind::Whole),
    ("numSubStruct", "n_substructures", Kind::Whole),
    ("Mvir", "mass", Kind::Mass),
    ("npart", "n_particles", Kind::Whole),
    ("nvpart", "nvpart", Kind::Number),
    ("Xc", "x", Kind::Kpc),
    ("Yc", "y", Kind::Kpc),
    ("Zc", "z", Kind::Kpc),
    ("VXc", "vx", Kind::Velocity),
    ("VYc", "vy", Kind::Velocity),
    ("VZc", "vz", Kind::Velocity),
    ("Rvir", "radius", Kind::Kpc),
    ("Rmax", "r_max", Kind::Kpc),
    ("r2", "r2", Kind::Kpc),
    ("mbp_offset", "mbp_offset", Kind::Kpc),
    ("com_offset", "com_offset", Kind::Kpc),
    ("Vmax", "v_max", Kind::Velocity),
    ("v_esc", "v_esc", Kind::Velocity),
    ("sigV", "sigv", Kind::Velocity),
    ("lambda", "spin", Kind::Number),
    ("nbins", "nbins", Kind::Whole),
    ("fMhires", "f_mhires", Kind::Number),
    ("n_gas", "n_gas", Kind::Whole),
    ("M_gas", "mass_gas", Kind::Mass),
    ("n_star", "n_stars", Kind::Whole),
    ("M_star", "mass_stars", Kind::Mass),
    ("Phi0", "phi0", Kind::Potential),
];
/// Beginnings of names of numbers without unit: axes, axis ratios, spins, concentrations, metallicities.
const NUMBERS: [&str; 15] =
    ["lambda", "Lx", "Ly", "Lz", "Ea", "Eb", "Ec", "b_", "c_", "ovdens", "cNFW", "mean_z", "numDenS", "sigma", "gamma"];
/// Beginnings of names of energies.
const ENERGIES: [&str; 3] = ["Ekin", "Epot", "SurfP"];

/// What a column of AHF means.
fn meaning(name: &str, old: bool) -> Meaning {
    let (column, kind) = match KNOWN.iter().find(|(known, _, _)| *known == name) {
        Some((_, column, Kind::Kpc)) if old && matches!(*column, "x" | "y" | "z") => ((*column).to_string(), Kind::Mpc),
        Some((_, column, kind)) => ((*column).to_string(), *kind),
        None if ENERGIES.iter().any(|e| name.starts_with(e)) => (own_name(name), Kind::Energy),
        None if matches!(name, "b" | "c") || NUMBERS.iter().any(|n| name.starts_with(n)) => (own_name(name), Kind::Number),
        None => (own_name(name), Kind::Unknown),
    };
    Meaning { source: name.to_string(), column, kind }
}

/// Reads the table.
pub(super) fn read(file: &TextFile, scale: Scale, notes: &mut Vec<String>) -> Result<Table> {
    let mut lines = file.lines();
    let Some((_, header)) = lines.next().filter(|(_, line)| line.starts_with('#')) else {
        return Err(Error::damaged("table of haloes has no header").at(file.at(1)).expected("#ID(1) hostHalo(2) ..."));
    };
    let names: Vec<&str> = header.trim_start_matches('#').split_whitespace().map(without_number).collect();
    let old = names.first() == Some(&"npart");
    if old {
        notes.push("the table has no identifiers, as AHF before 1.0 wrote it: haloes are numbered by row, positions taken as Mpc/h".into());
    }
    for needed in ["Mvir", "npart", "Xc", "Yc", "Zc", "Rvir"] {
        if !names.contains(&needed) {
            return Err(Error::damaged(format!("table of haloes has no column `{needed}`")).at(file.at(1)));
        }
    }
    let mut parsed = Parsed::new(names.iter().map(|name| meaning(name, old)).collect());
    for (number, line) in lines.filter(|(_, line)| !line.starts_with('#')) {
        parsed.push(file, number, line, names.len())?;
    }
    let rows = parsed.rows;
    let mut table = Table::default();
    let ids = match parsed.take_whole("halo_id") {
        Some((source, ids)) => {
            table.whole("halo_id", &source, ids.iter().copied());
            ids
        }
        None => {
            let ids: Vec<Option<u64>> = (0..rows as u64).map(Some).collect();
            table.whole("halo_id", "row", ids.iter().copied());
            ids
        }
    };
    let (source, hosts) = parsed.take_whole("parent_id").unwrap_or_else(|| (String::new(), vec![None; rows]));
    let zero_is_a_halo = ids.contains(&Some(0));
    table.whole("parent_id", &source, hosts.into_iter().map(|host| host.filter(|h| *h != 0 || zero_is_a_halo)));
    let dark: Option<Vec<f64>> = match (parsed.real("mass"), parsed.real("mass_gas"), parsed.real("mass_stars")) {
        (Some(all), Some(gas), Some(stars)) => Some(all.iter().zip(gas).zip(stars).map(|((m, g), s)| m - g - s).collect()),
        _ => None,
    };
    parsed.into_table(&mut table, &[scale]);
    if let Some(dark) = dark {
        table.reals("mass_dark", "Mvir - M_gas - M_star", Kind::Mass, dark, &[scale]);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;

    use super::*;

    fn table(text: &str) -> Result<(Table, Vec<String>)> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        std::fs::write(&path, text).unwrap();
        let mut notes = Vec::new();
        read(&TextFile::open(&path)?, Scale { h: 0.5, a: 0.25 }, &mut notes).map(|t| (t, notes))
    }

    const HEAD: &str =
        "#ID(1)\thostHalo(2)\tnumSubStruct(3)\tMvir(4)\tnpart(5)\tXc(6)\tYc(7)\tZc(8)\tRvir(12)\tM_gas(45)\tM_star(65)\tnew(84)\n";

    #[test]
    fn rows_become_physical_and_identifiers_keep_64_bits() {
        let (t, notes) = table(&format!(
            "{HEAD}18446744073709551557 0 1 1e12 100 4 8 12 200 1e11 2e11 7\n9 18446744073709551557 0 1e9 5 1 1 1 10 0 0 8\n"
        ))
        .unwrap();
        assert!(notes.is_empty());
        assert_eq!(t.wholes("halo_id").unwrap().values(), &[18446744073709551557, 9]);
        let parents = t.wholes("parent_id").unwrap();
        assert!(parents.is_null(0) && parents.value(1) == 18446744073709551557);
        assert_eq!(t.doubles("x").unwrap().value(0), 2.0, "4 kpc/h x 0.25 / 0.5");
        assert_eq!((t.doubles("mass").unwrap().value(0), t.doubles("mass_dark").unwrap().value(0)), (2e12, 1.4e12));
        assert_eq!((t.doubles("radius").unwrap().value(0), t.doubles("new").unwrap().value(1)), (100.0, 8.0));
    }

    #[test]
    fn zero_is_a_host_where_it_is_a_halo() {
        let (t, _) = table(&format!("{HEAD}0 -1 1 1 1 1 1 1 1 0 0 0\n1 0 0 1 1 1 1 1 1 0 0 0\n")).unwrap();
        let parents = t.wholes("parent_id").unwrap();
        assert!(parents.is_null(0) && !parents.is_null(1));
    }

    #[test]
    fn tables_before_identifiers_are_numbered_by_row() {
        let (t, notes) =
            table("#npart(1) nvpart(2) Xc(3) Yc(4) Zc(5) Mvir(9) Rvir(10)\n50 50.5 1 2 3 1e10 20\n40 40 1 2 3 1e9 10\n").unwrap();
        assert_eq!((t.wholes("halo_id").unwrap().values().as_ref(), notes.len()), (&[0u64, 1][..], 1));
        assert_eq!(t.doubles("x").unwrap().value(0), 500.0, "1 Mpc/h x 0.25 / 0.5");
    }

    #[test]
    fn other_tables_are_refused() {
        for (text, words) in
            [("1 2 3\n", "no header"), ("#ID(1) Mvir(2)\n", "no column `npart`"), (&format!("{HEAD}1 2 3\n"), "expected 12, found 3")]
        {
            let error = table(text).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
