//! `AHF_profiles`: spherically averaged profiles, one row for each radial bin of a halo.
//!
//! Layout     `#r(1) npart(2) M_in_r(3) ovdens(4) dens(5) vcirc(6) vesc(7) sigv(8) Lx(9) ... Ekin(23) Epot(24) M_gas(25) M_star(26) ...`,
//!            then the bins of one halo after the other in the order of `AHF_halos`, whose column `nbins` says how many each has
//! Formula    density = (M_i - M_(i-1)) / (4/3 pi (r_i^3 - r_(i-1)^3)), with r_0 = 0
//! Units      r comoving kpc/h, masses Msun/h, velocities km/s, energies Msun/h (km/s)^2, angular momenta Msun/h Mpc/h km/s;
//!            ovdens and dens are numbers: the density inside the radius, and in the bin, over the one that defines haloes
//! Source     Knollmann & Knebe 2009, ApJS 182, 608; AHF `ahf_io.c`; Power et al. 2003, MNRAS 338, 14 (converged radii)
//! Refuses    another number of rows than the bins of the haloes, radii or masses that fall inside a halo
//! Edge cases a negative radius marks a bin that is not converged: `converged` is false and the radius its size; files of several tasks
//!            joined together repeat the header; versions before 1.0 have the mass in units of a particle (`nvpart`)
//! See also   `halos`

use std::sync::Arc;

use arrow::array::{BooleanArray, Float64Array, RecordBatch};

use crate::error::{Error, Result};

use super::super::check;
use super::super::table::{Column, Table, own_name};
use super::super::text::{Meaning, Parsed, TextFile, without_number};
use super::super::units::{Kind, Scale};

/// Columns whose meaning is known, with the name they get.
const KNOWN: &[(&str, &str, Kind)] = &[
    ("r", "radius", Kind::Kpc),
    ("npart", "n_particles", Kind::Whole),
    ("M_in_r", "mass", Kind::Mass),
    ("ovdens", "overdensity", Kind::Number),
    ("dens", "overdensity_shell", Kind::Number),
    ("vcirc", "v_circ", Kind::Velocity),
    ("vesc", "v_esc", Kind::Velocity),
    ("sigv", "sigma", Kind::Velocity),
    ("Lx", "lx", Kind::Momentum),
    ("Ly", "ly", Kind::Momentum),
    ("Lz", "lz", Kind::Momentum),
    ("M_gas", "mass_gas", Kind::Mass),
    ("M_star", "mass_stars", Kind::Mass),
    ("u_gas", "u_gas", Kind::Potential),
];
/// Names of numbers without unit: axis ratios, axes, metallicities.
const NUMBERS: [&str; 6] = ["b", "c", "Ea", "Eb", "Ec", "Z_"];
/// What the columns with names of their own are.
const WORDS: &[(&str, &str)] = &[
    ("radius", "outer radius of the bin, physical"),
    ("n_particles", "particles inside the radius"),
    ("mass", "mass inside the radius"),
    ("mass_gas", "gas mass inside the radius"),
    ("mass_stars", "stellar mass inside the radius"),
];

fn meaning(name: &str) -> Meaning {
    let (column, kind) = match KNOWN.iter().find(|(known, ..)| *known == name) {
        Some((_, column, kind)) => ((*column).to_string(), *kind),
        None if name.starts_with("Ekin") || name.starts_with("Epot") => (own_name(name), Kind::Energy),
        None if NUMBERS.iter().any(|n| if n.len() == 1 { name == *n } else { name.starts_with(n) }) => (own_name(name), Kind::Number),
        None => (own_name(name), Kind::Unknown),
    };
    Meaning { source: name.to_string(), column, kind }
}

/// Reads the bins of the haloes in `haloes`.
pub(super) fn read(file: &TextFile, haloes: &Table, scale: Scale, notes: &mut Vec<String>) -> Result<RecordBatch> {
    let mut lines = file.lines();
    let Some((_, header)) = lines.next().filter(|(_, line)| line.starts_with('#')) else {
        return Err(Error::damaged("table of profiles has no header").at(file.at(1)).expected("#r(1) npart(2) M_in_r(3) ..."));
    };
    let names: Vec<&str> = header.trim_start_matches('#').split_whitespace().map(without_number).collect();
    if names.first() != Some(&"r") || !names.contains(&"npart") {
        return Err(Error::damaged("table of profiles has no columns `r` and `npart`").at(file.at(1)));
    }
    let mut parsed = Parsed::new(names.iter().map(|name| meaning(name)).collect());
    for (number, line) in lines.filter(|(_, line)| !line.starts_with('#')) {
        parsed.push(file, number, line, names.len())?;
    }
    let stored = parsed.real("radius").map(<[f64]>::to_vec).unwrap_or_default();
    let radii: Vec<f64> = stored.iter().map(|r| r.abs()).collect();
    let ids: Vec<u64> = haloes.wholes("halo_id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
    let bins = match haloes.wholes("nbins") {
        Some(bins) => bins.iter().map(|n| n.unwrap_or(0) as usize).collect(),
        None => {
            notes.push("the table of haloes has no column nbins: a profile starts where the radius falls".into());
            by_radius(&radii)
        }
    };
    let total = bins.iter().try_fold(0usize, |sum, n| sum.checked_add(*n));
    if total != Some(radii.len()) || bins.len() != ids.len() {
        return Err(Error::damaged("profiles have another number of bins than their haloes")
            .at(file.place())
            .expected(format!("{} bins of {} haloes", total.map_or("countless".to_string(), |n| n.to_string()), ids.len()))
            .found(format!("{} rows, {} profiles", radii.len(), bins.iter().filter(|n| **n > 0).count()))
            .hint("the table of haloes and the profiles are of different runs, or one of them is truncated"));
    }
    let masses = parsed.real("mass").map(<[f64]>::to_vec);
    let (mut halo, mut bin, mut density) = (Vec::with_capacity(radii.len()), Vec::with_capacity(radii.len()), Vec::new());
    let mut row = 0;
    for (id, count) in ids.iter().zip(&bins) {
        let (mut inner, mut below) = (0.0, 0.0);
        for number in 0..*count {
            let radius = radii.get(row).copied().unwrap_or(f64::NAN);
            let mass = masses.as_ref().and_then(|m| m.get(row)).copied().unwrap_or(f64::NAN);
            if !(radius > inner && radius.is_finite()) || mass < below {
                return Err(Error::damaged("profile of a halo does not grow outwards")
                    .at(format!("bin {number} of halo {id} in {}", file.place()))
                    .expected(format!("a radius above {inner} kpc/h and a mass of at least {below:e} Msun/h"))
                    .found(format!("{radius} kpc/h and {mass:e} Msun/h")));
            }
            halo.push(Some(*id));
            bin.push(Some(number as u64));
            let volume = 4.0 / 3.0 * std::f64::consts::PI * (radius.powi(3) - f64::powi(inner, 3));
            let factors = scale.factor(Kind::Mass).unwrap_or(1.0) / scale.factor(Kind::Kpc).unwrap_or(1.0).powi(3);
            density.push((mass - below) / volume * factors);
            (inner, below) = (radius, mass);
            row += 1;
        }
    }
    let mut table = Table::default();
    table.whole("halo_id", "row of AHF_halos", halo);
    table.whole("bin", "", bin);
    parsed.replace("radius", radii);
    parsed.into_described(&mut table, &[scale], WORDS);
    let description = Some("false where the file has a negative radius: two-body relaxation may have changed the bin".to_string());
    let converged: BooleanArray = stored.iter().map(|r| Some(*r > 0.0)).collect();
    table.put(Column { name: "converged", source: "r", unit: "1", description, ..Column::default() }, Arc::new(converged));
    if masses.is_some() {
        let description = Some("density of the shell between the radius of the bin before and this one".to_string());
        let column = Column { name: "density", source: "M_in_r, r", unit: "Msun/kpc**3", description, factor: None };
        table.put(column, Arc::new(Float64Array::from(density)));
    }
    check::masses(&table, &file.place())?;
    table.finish()
}

/// Bins of each profile, where nothing says how many: a radius that is not above the one before starts the next.
fn by_radius(radii: &[f64]) -> Vec<usize> {
    let mut bins: Vec<usize> = Vec::new();
    let mut before = f64::INFINITY;
    for radius in radii {
        match bins.last_mut() {
            Some(last) if *radius > before => *last += 1,
            _ => bins.push(1),
        }
        before = *radius;
    }
    bins
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Float64Type, UInt64Type};

    use super::super::halos;
    use super::*;
    use crate::table::schema::unit_of;

    const HALOS: &str =
        "#ID(1) hostHalo(2) Mvir(4) npart(5) Xc(6) Yc(7) Zc(8) Rvir(12) nbins(37)\n7 -1 8e10 80 1 1 1 40 3\n9 7 1e10 10 1 1 1 10 2\n";
    const BINS: &str = "#r(1)\tnpart(2)\tM_in_r(3)\tovdens(4)\tdens(5)\tvcirc(6)\tvesc(7)\tsigv(8)\tLx(9)\tb(12)\tEkin(23)\tM_gas(25)\n\
        -10\t20\t1e10\t900\t900\t20\t40\t11\t0.5\t0.9\t1e12\t1e9\n\
        20\t40\t4e10\t500\t300\t30\t50\t12\t1\t0.9\t2e12\t2e9\n\
        40\t80\t8e10\t200\t100\t40\t60\t13\t2\t0.8\t4e12\t4e9\n\
        -5\t5\t5e9\t900\t900\t20\t40\t11\t0\t0.9\t1e11\t0\n\
        10\t10\t1e10\t400\t300\t20\t40\t11\t0\t0.9\t2e11\t0\n";

    fn bins(halos_text: &str, text: &str) -> Result<(RecordBatch, Vec<String>)> {
        let dir = tempfile::tempdir().unwrap();
        let (table, profiles) = (dir.path().join("h"), dir.path().join("p"));
        std::fs::write(&table, halos_text).unwrap();
        std::fs::write(&profiles, text).unwrap();
        let scale = Scale { h: 0.5, a: 0.25 };
        let mut notes = Vec::new();
        let haloes = halos::read(&TextFile::open(&table)?, scale, &mut notes)?;
        read(&TextFile::open(&profiles)?, &haloes, scale, &mut notes).map(|t| (t, notes))
    }

    fn reals(batch: &RecordBatch, name: &str) -> Vec<f64> {
        batch.column_by_name(name).unwrap().as_primitive::<Float64Type>().values().to_vec()
    }

    #[test]
    fn bins_are_physical_and_know_their_halo() {
        let (t, notes) = bins(HALOS, BINS).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        let whole = |name: &str| t.column_by_name(name).unwrap().as_primitive::<UInt64Type>().values().to_vec();
        assert_eq!(
            (whole("halo_id"), whole("bin"), whole("n_particles")),
            (vec![7, 7, 7, 9, 9], vec![0, 1, 2, 0, 1], vec![20, 40, 80, 5, 10])
        );
        assert_eq!(reals(&t, "radius"), [5.0, 10.0, 20.0, 2.5, 5.0], "r a / h");
        assert_eq!(reals(&t, "mass")[..3], [2e10, 8e10, 1.6e11]);
        let flags: Vec<bool> = t.column_by_name("converged").unwrap().as_boolean().values().iter().collect();
        assert_eq!(flags, [false, true, true, false, true]);
        // Shell of halo 7 from 5 to 10 kpc: 6e10 Msun in 4/3 pi 875 kpc^3.
        let shell = 6e10 / (4.0 / 3.0 * std::f64::consts::PI * 875.0);
        assert!((reals(&t, "density")[1] / shell - 1.0).abs() < 1e-14);
        assert_eq!((reals(&t, "lx")[1], reals(&t, "ekin")[0], reals(&t, "v_circ")[2]), (4000.0, 2e12, 40.0));
        for (name, unit) in [("radius", "kpc"), ("mass_gas", "Msun"), ("overdensity", "1"), ("sigma", "km/s"), ("density", "Msun/kpc**3")] {
            assert_eq!(unit_of(t.schema().field_with_name(name).unwrap()), unit, "{name}");
        }
    }

    #[test]
    fn without_the_number_of_bins_radii_tell_and_joined_files_repeat_headers() {
        let halos = "#ID(1) hostHalo(2) Mvir(4) npart(5) Xc(6) Yc(7) Zc(8) Rvir(12)\n7 -1 8e10 80 1 1 1 40\n9 7 1e10 10 1 1 1 10\n";
        let (head, rows) = BINS.split_once('\n').unwrap();
        let (t, notes) = bins(halos, &format!("{head}\n{}", rows.replace("-5\t5", &format!("{head}\n-5\t5")))).unwrap();
        assert_eq!((t.num_rows(), notes.len()), (5, 1));
        assert_eq!(by_radius(&[1.0, 2.0, 1.0, 3.0, 0.5]), [2, 2, 1]);
    }

    #[test]
    fn profiles_of_another_run_are_refused() {
        for (halos, text, words) in [
            (HALOS.replace(" 40 3", " 40 4"), BINS.to_string(), "expected 6 bins of 2 haloes, found 5 rows"),
            (HALOS.replace(" 40 3\n", " 40 2\n").replace(" 10 2\n", " 10 3\n"), BINS.to_string(), "bin 1 of halo 9"),
            (HALOS.to_string(), BINS.replace("20\t40\t4e10", "20\t40\t4e9"), "does not grow outwards"),
            (HALOS.to_string(), "#ID(1)\n3\n".to_string(), "no columns `r` and `npart`"),
            (HALOS.to_string(), BINS.replace("\t4e9\n", "\n"), "another number of values"),
        ] {
            let error = bins(&halos, &text).unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
    }
}
