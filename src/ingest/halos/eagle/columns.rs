//! Datasets of EAGLE's groups and subhaloes as columns of one table.
//!
//! Formula    canonical = value x CGSConversionFactor x a^aexp x h^hexp / canonical unit in cgs
//! Layout     groups first, then subhaloes, as `subfind::columns` has them; `group_number` and `sub_group_number` are EAGLE's own names
//! Units      what a dataset measures is told by its factor: that of Mpc, 1e10 Msun, km/s and their products, or of Msun/yr
//! Edge cases a factor that is none of these keeps the value, in the unit `unknown`; the mass of a group is `Group_M_Crit200`
//! See also   `super`, `subfind::columns`

use crate::constants::{KPC_CM, SOLAR_MASS_G, YEAR_S};
use crate::error::Result;
use crate::ingest::gadget_hdf5::file::Attribute;
use crate::table::schema::UNKNOWN_UNIT;

use super::super::hdf::Stored;
use super::super::subfind::GROUP_BASE;
use super::super::subfind::columns::{Piece, assemble, pieces_of};
use super::super::table::{Column, Table};
use super::Names;

/// Components of a dataset that become canonical columns.
const CANONICAL: &[(&str, &[(usize, &str)])] = &[
    ("GroupCentreOfPotential", &[(0, "x"), (1, "y"), (2, "z")]),
    ("CentreOfPotential", &[(0, "x"), (1, "y"), (2, "z")]),
    ("Velocity", &[(0, "vx"), (1, "vy"), (2, "vz")]),
    ("Group_M_Crit200", &[(0, "mass")]),
    ("Group_R_Crit200", &[(0, "radius")]),
    ("Mass", &[(0, "mass")]),
    ("MassType", &[(0, "mass_gas"), (1, "mass_dark"), (4, "mass_stars")]),
    ("Vmax", &[(0, "v_max")]),
    ("VmaxRadius", &[(0, "r_max")]),
    ("IDMostBound", &[(0, "id_most_bound")]),
    ("GroupLength", &[(0, "n_particles")]),
    ("SubLength", &[(0, "n_particles")]),
    ("SubLengthType", &[(0, "n_gas"), (4, "n_stars")]),
];
/// Datasets that the table has under other names.
const NAMED: [&str; 2] = ["GroupNumber", "SubGroupNumber"];
/// One km/s [cm/s]; exact.
const KMS_CM_S: f64 = 1e5;
/// EAGLE's unit of length [cm], of mass [g] and of velocity [cm/s].
const FILE_UNITS_CGS: [f64; 3] = [3.085678e24, 1.989e43, 1e5];
/// Largest relative difference between a factor and the product of units that it stands for: solar masses differ by 3e-4, years by 1e-4.
const SAME: f64 = 1e-3;

/// Powers of length, mass and velocity that EAGLE's datasets have.
const MEASURES: &[([i32; 3], &str)] = &[
    ([1, 0, 0], "kpc"),
    ([0, 1, 0], "Msun"),
    ([0, 0, 1], "km/s"),
    ([0, 1, 2], "Msun.km**2/s**2"),
    ([1, 0, 1], "kpc.km/s"),
    ([2, 1, 0], "Msun.kpc**2"),
    ([1, 1, 1], "Msun.kpc.km/s"),
    ([-3, 1, 0], "Msun/kpc**3"),
];

/// Scale factor and Hubble parameter of the catalogue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scales {
    /// Scale factor.
    pub(super) a: f64,
    /// Hubble constant over 100 km/s/Mpc.
    pub(super) h: f64,
}

/// Unit and factor of values whose factor to cgs is `cgs`; none where it stands for nothing known.
fn measure(cgs: f64) -> Option<(&'static str, f64)> {
    let near = |expected: f64| (cgs / expected - 1.0).abs() < SAME;
    if cgs == 1.0 {
        return Some(("1", 1.0));
    }
    let per_year = SOLAR_MASS_G / YEAR_S;
    if near(per_year) {
        return Some(("Msun/yr", cgs / per_year));
    }
    let power = |units: [f64; 3], powers: [i32; 3]| units.iter().zip(powers).map(|(u, n)| u.powi(n)).product::<f64>();
    let (powers, unit) = MEASURES.iter().find(|(powers, _)| near(power(FILE_UNITS_CGS, *powers)))?;
    Some((unit, cgs / power([KPC_CM, SOLAR_MASS_G, KMS_CM_S], *powers)))
}

/// Unit and factor of a dataset.
fn scale(stored: &Stored, scales: Scales) -> (String, Option<f64>) {
    if stored.is_whole() {
        return ("1".into(), None);
    }
    let number = |name: &str| stored.first().and_then(|d| d.attributes.get(name)).and_then(Attribute::float).filter(|v| v.is_finite());
    let found = number("CGSConversionFactor").zip(number("aexp-scale-exponent")).zip(number("h-scale-exponent"));
    match found.and_then(|((cgs, a), h)| Some((measure(cgs)?, a, h))) {
        Some(((unit, factor), a, h)) => {
            let factor = factor * scales.a.powf(a) * scales.h.powf(h);
            (unit.into(), (factor != 1.0).then_some(factor))
        }
        None => (UNKNOWN_UNIT.into(), None),
    }
}

fn pieces(stored: &[Stored], scales: Scales) -> Result<Vec<Piece>> {
    let has_m200 = stored.iter().any(|s| s.name == "Group_M_Crit200");
    let mut found = Vec::new();
    for dataset in stored.iter().filter(|s| !NAMED.contains(&s.name.as_str())) {
        let canonical = match CANONICAL.iter().find(|(name, _)| *name == dataset.name) {
            Some((_, columns)) => *columns,
            None if dataset.name == "GroupMass" && !has_m200 => &[(0, "mass")][..],
            None => &[],
        };
        let (unit, factor) = scale(dataset, scales);
        pieces_of(dataset, canonical, &unit, factor, &mut found)?;
    }
    Ok(found)
}

/// The table of groups and subhaloes.
pub(super) fn table(
    groups: &[Stored],
    n_groups: u64,
    subs: &[Stored],
    names: &Names,
    scales: Scales,
    notes: &mut Vec<String>,
) -> Result<Table> {
    let n_subs = names.group.len() as u64;
    let mut table = Table::default();
    let numbers = 1..n_groups + 1;
    table.whole("halo_id", "", numbers.clone().map(|g| Some(GROUP_BASE + g)).chain((0..n_subs).map(Some)));
    table.whole("parent_id", "GroupNumber", numbers.clone().map(|_| None).chain(names.group.iter().map(|g| Some(GROUP_BASE + g))));
    let level = numbers.clone().map(|_| "group").chain((0..n_subs).map(|_| "subhalo"));
    let level = arrow::array::StringArray::from_iter_values(level);
    let description = Some("group, or subhalo".to_string());
    table.put(Column { name: "level", unit: "1", description, ..Column::default() }, std::sync::Arc::new(level));
    table.whole("group_number", "GroupNumber", numbers.clone().map(Some).chain(names.group.iter().copied().map(Some)));
    table.whole("sub_group_number", "SubGroupNumber", numbers.map(|_| None).chain(names.sub.iter().copied().map(Some)));
    let (of_groups, of_subs) = (pieces(groups, scales)?, pieces(subs, scales)?);
    let mut unknown: Vec<&str> = of_groups
        .iter()
        .chain(&of_subs)
        .filter(|p| p.unit == UNKNOWN_UNIT)
        .map(|p| p.source.split('[').next().unwrap_or(&p.source))
        .collect();
    unknown.dedup();
    if !unknown.is_empty() {
        notes.push(format!("factors of {} stand for no known unit: values are as stored", unknown.join(", ")));
    }
    assemble(&mut table, of_groups, n_groups, of_subs, n_subs)?;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_tell_what_a_dataset_measures() {
        for (cgs, unit, factor) in [
            (3.085678e24, "kpc", 1000.0),
            (1.989e43, "Msun", 1e10),
            (1e5, "km/s", 1.0),
            (1.989e53, "Msun.km**2/s**2", 1e10),
            (3.085678e29, "kpc.km/s", 1000.0),
            (1.989e43 * 3.085678e24 * 3.085678e24, "Msun.kpc**2", 1e16),
            (6.769911178294543e-31, "Msun/kpc**3", 10.0),
            (6.30321217e25, "Msun/yr", 1.0),
            (1.0, "1", 1.0),
        ] {
            let (found, k) = measure(cgs).unwrap_or_else(|| panic!("{cgs}"));
            assert!(found == unit && (k / factor - 1.0).abs() < 1e-3, "{cgs}: {found} {k}");
        }
        assert_eq!(measure(2.0), None);
    }
}
