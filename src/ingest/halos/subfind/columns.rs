//! Datasets of groups and subhaloes as columns of one table.
//!
//! Layout     groups first, then subhaloes; what only one of the two has is null for the other; `level` says which a row is
//! Units      by name: lengths comoving kpc/h, masses 1e10 Msun/h, velocities km/s; by the scaling attributes where a dataset has them
//! Edge cases the mass of a group is `Group_M_Crit200` with `Group_R_Crit200` as radius, else `GroupMass`; a subhalo has no radius of
//!            that kind, so `radius` is null and its half-mass radius keeps its own name
//! Source     TNG data specification, halo and subhalo catalogues
//! See also   `super`, `gadget_hdf5::scaling`

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray, UInt64Array, new_null_array};
use arrow::compute::{cast, concat};
use arrow::datatypes::DataType;

use crate::error::{Error, Result};
use crate::ingest::gadget_hdf5::names::own_columns;
use crate::ingest::gadget_hdf5::scaling::{CodeUnits, Dimension, Scaling};

use super::super::hdf::Stored;
use super::super::table::{Column, Table};
use super::{GROUP_BASE, Membership};

/// Peculiar velocity as it is.
const SPEED: Dimension = Dimension { length: 0.0, mass: 0.0, velocity: 1.0, a: 0.0, h: 0.0 };
/// Peculiar velocity times the scale factor, as groups of TNG have it.
const GROUP_SPEED: Dimension = Dimension { a: -1.0, ..SPEED };
/// Angular momentum per mass, in kpc/h km/s.
const MOMENTUM: Dimension = Dimension { length: 1.0, mass: 0.0, velocity: 1.0, a: 0.0, h: -1.0 };

/// Components of a dataset that become canonical columns.
const CANONICAL: &[(&str, &[(usize, &str)])] = &[
    ("GroupPos", &[(0, "x"), (1, "y"), (2, "z")]),
    ("SubhaloPos", &[(0, "x"), (1, "y"), (2, "z")]),
    ("GroupVel", &[(0, "vx"), (1, "vy"), (2, "vz")]),
    ("SubhaloVel", &[(0, "vx"), (1, "vy"), (2, "vz")]),
    ("Group_M_Crit200", &[(0, "mass")]),
    ("Group_R_Crit200", &[(0, "radius")]),
    ("SubhaloMass", &[(0, "mass")]),
    ("GroupMassType", &[(0, "mass_gas"), (1, "mass_dark"), (4, "mass_stars")]),
    ("SubhaloMassType", &[(0, "mass_gas"), (1, "mass_dark"), (4, "mass_stars")]),
    ("SubhaloVmax", &[(0, "v_max")]),
    ("SubhaloVmaxRad", &[(0, "r_max")]),
    ("SubhaloIDMostbound", &[(0, "id_most_bound")]),
];
/// Datasets that the table takes from [`Membership`].
const COUNTS: [&str; 4] = ["GroupLen", "GroupLenType", "SubhaloLen", "SubhaloLenType"];

/// Dimension of a dataset by its name; none where the name says nothing.
fn dimension(name: &str) -> Option<Dimension> {
    let has = |part: &str| name.contains(part);
    if ["Rate", "BHMdot", "SFR", "Photometric", "Density", "Energy"].iter().any(|p| has(p)) {
        None
    } else if has("Metal") || has("Fraction") {
        Some(Dimension::NONE)
    } else if has("HalfmassRad")
        || has("VmaxRad")
        || has("_R_")
        || has("Pos")
        || name.ends_with("CM")
        || name.ends_with("Rad") && !has("In")
    {
        Some(Dimension::LENGTH)
    } else if name == "GroupVel" {
        Some(GROUP_SPEED)
    } else if has("Vel") || has("Vmax") {
        Some(SPEED)
    } else if name == "SubhaloSpin" {
        Some(MOMENTUM)
    } else if has("Mass") || has("_M_") {
        Some(Dimension::MASS)
    } else {
        None
    }
}

/// Unit and factor of a dataset.
fn scale(stored: &Stored, units: &CodeUnits) -> (String, Option<f64>) {
    let known = dimension(&stored.name);
    let whole = stored.is_whole();
    let attributes = stored.first().and_then(|p| Scaling::of(&p.attributes));
    match (known, attributes) {
        _ if whole => ("1".into(), None),
        (Some(known), Some(scaling)) if scaling.agrees(&known) => (known.unit(), Some(scaling.factor(&known, units))),
        (None, Some(scaling)) if scaling.to_cgs > 0.0 && scaling.stated => {
            (scaling.dimension.unit(), Some(scaling.factor(&scaling.dimension, units)))
        }
        (Some(known), _) if known == Dimension::NONE => ("1".into(), None),
        (Some(known), _) => (known.unit(), Some(units.factor(&known))),
        (None, _) if stored.name.ends_with("SFR") || stored.name.contains("SFRin") => ("Msun/yr".into(), None),
        (None, _) => (crate::table::schema::UNKNOWN_UNIT.into(), None),
    }
}

/// One column of groups or of subhaloes.
#[derive(Debug)]
pub(in crate::ingest::halos) struct Piece {
    name: String,
    /// Dataset and component.
    pub(in crate::ingest::halos) source: String,
    /// Unit of the values.
    pub(in crate::ingest::halos) unit: String,
    factor: Option<f64>,
    values: ArrayRef,
}

/// Adds the columns of one dataset to `found`: components that `canonical` names, the others under the dataset's own name.
pub(in crate::ingest::halos) fn pieces_of(
    dataset: &Stored,
    canonical: &[(usize, &str)],
    unit: &str,
    factor: Option<f64>,
    found: &mut Vec<Piece>,
) -> Result<()> {
    for (component, own) in own_columns(&dataset.name, dataset.components).into_iter().enumerate() {
        let name = canonical.iter().find(|(c, _)| *c == component).map_or(own, |(_, name)| (*name).to_string());
        let values: ArrayRef = if name.starts_with("mass") {
            Arc::new(Float64Array::from(dataset.doubles(component, factor.unwrap_or(1.0))?))
        } else if name.starts_with("n_") && dataset.is_whole() {
            Arc::new(UInt64Array::from(dataset.counts(component)?))
        } else {
            dataset.column(component, factor)?
        };
        let source = if dataset.components > 1 { format!("{}[{component}]", dataset.name) } else { dataset.name.clone() };
        found.push(Piece { name, source, unit: unit.to_string(), factor, values });
    }
    Ok(())
}

fn pieces(stored: &[Stored], units: &CodeUnits) -> Result<Vec<Piece>> {
    let mut found = Vec::new();
    let has_m200 = stored.iter().any(|s| s.name == "Group_M_Crit200");
    for dataset in stored.iter().filter(|s| !COUNTS.contains(&s.name.as_str())) {
        let (unit, factor) = scale(dataset, units);
        let canonical = match CANONICAL.iter().find(|(n, _)| *n == dataset.name) {
            Some((_, columns)) => *columns,
            None if dataset.name == "GroupMass" && !has_m200 => &[(0, "mass")][..],
            None => &[],
        };
        pieces_of(dataset, canonical, &unit, factor, &mut found)?;
    }
    Ok(found)
}

fn double(values: &ArrayRef) -> Result<ArrayRef> {
    cast(values, &DataType::Float64).map_err(|e| Error::internal("a column cannot become double").because(e))
}

/// The table of groups and subhaloes.
pub(super) fn table(
    groups: &[Stored],
    n_groups: u64,
    subs: &[Stored],
    n_subs: u64,
    membership: &Membership,
    units: &CodeUnits,
    notes: &mut Vec<String>,
) -> Result<Table> {
    let mut table = Table::default();
    let (first, second) = (0..n_groups, 0..n_subs);
    table.whole("halo_id", "", first.clone().map(|g| Some(GROUP_BASE + g)).chain(second.clone().map(Some)));
    let group_of: Vec<Option<u64>> = match &membership.group_of {
        Some(numbers) => numbers.iter().copied().map(Some).collect(),
        None => {
            if n_subs > 0 {
                notes.push("the catalogue does not say which group a subhalo lies in: parent_id is null".into());
            }
            vec![None; n_subs as usize]
        }
    };
    let parents = group_of.iter().map(|g| g.filter(|_| n_groups > 0).map(|g| GROUP_BASE + g));
    table.whole("parent_id", "SubhaloGrNr", first.clone().map(|_| None).chain(parents));
    let level = first.clone().map(|_| "group").chain(second.clone().map(|_| "subhalo"));
    let description = Some("group, or subhalo".to_string());
    table.put(Column { name: "level", unit: "1", description, ..Column::default() }, Arc::new(StringArray::from_iter_values(level)));
    table.whole("group_id", "SubhaloGrNr", first.clone().map(Some).chain(group_of.iter().copied()));
    table.whole("subhalo_id", "", first.map(|_| None).chain(second.map(Some)));
    let total = |lengths: &[Vec<u64>], row: usize| (!lengths.is_empty()).then(|| lengths.iter().filter_map(|t| t.get(row)).sum::<u64>());
    type OfRow<'a> = &'a dyn Fn(&[Vec<u64>], usize) -> Option<u64>;
    let every = |of: OfRow| -> Vec<Option<u64>> {
        let (groups, subs) = (&membership.group_lengths, &membership.sub_lengths);
        (0..n_groups as usize).map(|row| of(groups, row)).chain((0..n_subs as usize).map(|row| of(subs, row))).collect()
    };
    table.whole("n_particles", "GroupLenType, SubhaloLenType", every(&total));
    let types = membership.group_lengths.len().max(membership.sub_lengths.len());
    for number in 0..types {
        let name = match number {
            0 => "n_gas".to_string(),
            4 => "n_stars".to_string(),
            other => format!("n_type_{other}"),
        };
        let source = format!("GroupLenType[{number}], SubhaloLenType[{number}]");
        table.whole(&name, &source, every(&|lengths, row| lengths.get(number).and_then(|t| t.get(row)).copied()));
    }
    assemble(&mut table, pieces(groups, units)?, n_groups, pieces(subs, units)?, n_subs)?;
    Ok(table)
}

/// Joins the columns of groups and subhaloes by name; what only one of the two has is null for the other.
pub(in crate::ingest::halos) fn assemble(
    table: &mut Table,
    mut of_groups: Vec<Piece>,
    n_groups: u64,
    of_subs: Vec<Piece>,
    n_subs: u64,
) -> Result<()> {
    let mut joined: Vec<(Option<Piece>, Option<Piece>)> = Vec::new();
    for sub in of_subs {
        let at = of_groups.iter().position(|g| g.name == sub.name);
        joined.push((at.map(|at| of_groups.remove(at)), Some(sub)));
    }
    joined.extend(of_groups.into_iter().map(|g| (Some(g), None)));
    for (group, sub) in joined {
        put(table, group, n_groups as usize, sub, n_subs as usize)?;
    }
    Ok(())
}

fn put(table: &mut Table, group: Option<Piece>, n_groups: usize, sub: Option<Piece>, n_subs: usize) -> Result<()> {
    let same = match (&group, &sub) {
        (Some(g), Some(s)) => g.values.data_type() == s.values.data_type(),
        _ => true,
    };
    let kind = match (&group, &sub) {
        _ if !same => DataType::Float64,
        (Some(p), _) | (None, Some(p)) => p.values.data_type().clone(),
        (None, None) => return Ok(()),
    };
    let values = |piece: &Option<Piece>, rows: usize| match piece {
        Some(piece) if same => Ok(piece.values.clone()),
        Some(piece) => double(&piece.values),
        None => Ok(new_null_array(&kind, rows)),
    };
    let (first, second) = (values(&group, n_groups)?, values(&sub, n_subs)?);
    let array = concat(&[first.as_ref(), second.as_ref()])
        .map_err(|e| Error::internal("columns of groups and subhaloes do not join").because(e))?;
    let sources: Vec<&str> = [&group, &sub].into_iter().flatten().map(|p| p.source.as_str()).collect();
    let factors = [group.as_ref().map(|p| p.factor), sub.as_ref().map(|p| p.factor)];
    let factor = match factors {
        [Some(a), Some(b)] if a == b => a,
        [Some(a), None] | [None, Some(a)] => a,
        _ => None,
    };
    let Some(piece) = group.as_ref().or(sub.as_ref()) else { return Ok(()) };
    let array: ArrayRef = if piece.name == "id_most_bound" { Arc::new(identifiers(&array)?) } else { array };
    table.put(Column { name: &piece.name, source: &sources.join(", "), unit: &piece.unit, description: None, factor }, array);
    Ok(())
}

/// Identifiers as unsigned numbers.
fn identifiers(array: &ArrayRef) -> Result<UInt64Array> {
    let wide = cast(array, &DataType::UInt64).map_err(|e| Error::internal("identifiers are no whole numbers").because(e))?;
    wide.as_any().downcast_ref::<UInt64Array>().cloned().ok_or_else(|| Error::internal("identifiers are no whole numbers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_dimensions() {
        for (name, unit) in [
            ("GroupMassType", "Msun"),
            ("Group_M_Mean200", "Msun"),
            ("Group_R_Crit500", "kpc"),
            ("SubhaloCM", "kpc"),
            ("SubhaloHalfmassRadType", "kpc"),
            ("SubhaloMassInRad", "Msun"),
            ("SubhaloMassInHalfRadType", "Msun"),
            ("SubhaloVelDisp", "km/s"),
            ("SubhaloVmaxRad", "kpc"),
            ("SubhaloSpin", "kpc.km/s"),
            ("SubhaloGasMetallicityHalfRad", "1"),
        ] {
            assert_eq!(dimension(name).map(|d| d.unit()).as_deref(), Some(unit), "{name}");
        }
        for name in ["SubhaloSFR", "SubhaloBHMdot", "SubhaloStellarPhotometrics", "GroupFirstSub"] {
            assert!(dimension(name).is_none(), "{name}");
        }
    }
}
