//! Schema of a table of particles: canonical columns where a name is known, every other column under its own name.
//!
//! Units      TUNIT decides; a known column is converted to its canonical unit, another keeps the unit that the table names
//! Refuses    positions, velocities or masses in a unit of another kind
//! Edge cases no TUNIT: the units of the release, or those of the user, with a note; a TUNIT that cannot be read: unit `unknown`;
//!            unsigned integers by TZERO; scaled integers become Float64; a field of n values becomes n columns; no identifier:
//!            `id` is the number of the row
//! See also   `names`, `read`

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};

use super::names::{self, Known};
use super::table::{Field, Kind, Table};
use crate::error::{Error, Result};
use crate::ingest::fields::lower_snake;
use crate::ingest::{Family, OpenOptions};
use crate::table::schema::{COLUMNS, FieldInfo, UNKNOWN_UNIT, canonical, field};
use crate::units::Unit;

/// TZERO of unsigned integers of 16, 32 and 64 bits.
const UNSIGNED: [(Kind, f64); 3] = [(Kind::Short, 32_768.0), (Kind::Int, 2_147_483_648.0), (Kind::Long, 9_223_372_036_854_775_808.0)];
/// Columns that must measure what their names say.
const MUST_FIT: [&str; 7] = ["x", "y", "z", "vx", "vy", "vz", "mass"];

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    /// Value `component` of a field, times a factor.
    Stored { field: usize, component: usize, factor: Option<f64> },
    /// Number of the row.
    RowNumber,
}

/// Columns of one table; schema and sources run in parallel.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// Schema with units.
    pub(super) schema: SchemaRef,
    /// Sources.
    pub(super) sources: Vec<Source>,
}

/// The family whose columns a table has: an age makes stars, a temperature or a density makes gas.
pub(super) fn family(table: &Table) -> Family {
    let has = |wanted: &[&str]| {
        table.fields.iter().any(|f| wanted.contains(&names::lookup(&f.name).map_or(f.name.to_lowercase(), |k| k.column).as_str()))
    };
    if has(&["age", "t_birth", "a_birth", "tform"]) {
        Family::Stars
    } else if has(&["temperature", "rho", "u", "h_sml"]) {
        Family::Gas
    } else {
        Family::Dark
    }
}

/// Columns of `table`; `place` names the file.
pub(super) fn columns(table: &Table, options: &OpenOptions, place: &str, notes: &mut Vec<String>) -> Result<Columns> {
    let mut list: Vec<(ArrowField, Source)> = Vec::new();
    let (mut assumed, mut unread) = (Vec::new(), Vec::new());
    for (index, stored) in table.fields.iter().enumerate() {
        let mut known = names::lookup(&stored.name).filter(|_| stored.repeat == 1 && !matches!(stored.kind, Kind::Text | Kind::Logical));
        if known.as_ref().is_some_and(|k| k.column == "id") && !(stored.kind.is_integer() && stored.scale == 1.0) {
            known = None;
        }
        let measured = unit_of(stored, known.as_ref(), options, place)?;
        match measured.origin {
            Origin::Released if !matches!(measured.unit.as_str(), "1" | "dex") => assumed.push(stored.name.as_str()),
            Origin::Unreadable => unread.push(stored.name.as_str()),
            Origin::Contradiction => known = None,
            _ => {}
        }
        let components = if stored.kind == Kind::Text { 1 } else { stored.repeat };
        for component in 0..components {
            let mut name = match &known {
                Some(k) => k.column.clone(),
                None => {
                    let own = lower_snake(&stored.name);
                    let own = if components > 1 { format!("{own}_{component}") } else { own };
                    if canonical(&own).is_some() { format!("{own}_stored") } else { own }
                }
            };
            while list.iter().any(|(f, _)| *f.name() == name) {
                name.push_str("_stored");
            }
            let vector = matches!(name.as_str(), "x" | "y" | "z" | "vx" | "vy" | "vz");
            let info = FieldInfo {
                unit: measured.unit.clone(),
                description: known.as_ref().map_or_else(|| format!("column `{}` of the table", stored.name), |k| k.description.clone()),
                frame: if vector { "table".into() } else { String::new() },
                source: stored.name.clone(),
                factor: measured.factor.or(known.as_ref().and(stored.kind.is_float().then_some(1.0))),
            };
            let identifier = known.is_some() && name == "id";
            let data_type = if identifier { DataType::UInt64 } else { type_of(stored, measured.factor) };
            let nullable = !identifier && (stored.null.is_some() || stored.kind == Kind::Logical);
            let source = Source::Stored { field: index, component, factor: measured.factor.filter(|f| *f != 1.0) };
            list.push((field(&name, data_type, nullable, &info), source));
        }
    }
    if !list.iter().any(|(f, _)| f.name() == "id") {
        let info = FieldInfo { unit: "1".into(), description: "number of the row in the table".into(), ..FieldInfo::default() };
        list.push((field("id", DataType::UInt64, false, &info), Source::RowNumber));
        notes.push(format!("{place} has no identifiers: id is the number of the row, and does not follow particles elsewhere"));
    }
    if !assumed.is_empty() {
        notes.push(format!(
            "{place} names no units; kpc, km/s, Msun, Gyr as in the NIHAO-UHD release are assumed for {}",
            assumed.join(", ")
        ));
    }
    if !unread.is_empty() {
        notes.push(format!("units of these columns of {place} cannot be read: {}", unread.join(", ")));
    }
    let order = |name: &str| COLUMNS.iter().position(|c| c.name == name).unwrap_or(COLUMNS.len());
    list.sort_by_cached_key(|(f, _)| order(f.name()));
    let (fields, sources): (Vec<_>, Vec<_>) = list.into_iter().unzip();
    Ok(Columns { schema: Arc::new(Schema::new(fields)), sources })
}

impl Kind {
    fn is_float(self) -> bool {
        matches!(self, Kind::Single | Kind::Double)
    }
}

/// Whether TZERO makes the integers of a field unsigned.
pub(super) fn unsigned(stored: &Field) -> bool {
    stored.scale == 1.0 && UNSIGNED.contains(&(stored.kind, stored.zero))
}

/// Whether values of a field are not those of its bytes.
pub(super) fn scaled(stored: &Field) -> bool {
    !unsigned(stored) && (stored.scale != 1.0 || stored.zero != 0.0)
}

fn type_of(stored: &Field, factor: Option<f64>) -> DataType {
    let changed = scaled(stored) || factor.is_some_and(|f| f != 1.0) && stored.kind.is_integer();
    match (stored.kind, unsigned(stored)) {
        (Kind::Text, _) => DataType::Utf8,
        (Kind::Logical, _) => DataType::Boolean,
        _ if changed => DataType::Float64,
        (Kind::Single, _) => DataType::Float32,
        (Kind::Double, _) => DataType::Float64,
        (Kind::Long, true) => DataType::UInt64,
        (Kind::Long, false) | (Kind::Int, true) => DataType::Int64,
        _ => DataType::Int32,
    }
}

/// Where a unit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// TUNIT.
    Named,
    /// The user.
    Given,
    /// The release.
    Released,
    /// TUNIT is not understood.
    Unreadable,
    /// TUNIT measures something else than the name says.
    Contradiction,
    /// Nobody says.
    Nothing,
}

struct Measured {
    unit: String,
    factor: Option<f64>,
    origin: Origin,
}

fn unit_of(stored: &Field, known: Option<&Known>, options: &OpenOptions, place: &str) -> Result<Measured> {
    let measured = |unit: &str, factor, origin| Measured { unit: unit.to_string(), factor, origin };
    let Some(text) = &stored.unit else {
        let Some(known) = known else { return Ok(measured(UNKNOWN_UNIT, None, Origin::Nothing)) };
        let Some(powers) = known.powers else { return Ok(measured(UNKNOWN_UNIT, None, Origin::Nothing)) };
        let given = [options.length_kpc, options.mass_msun, options.velocity_kms];
        if let Some(wrong) = given.into_iter().flatten().find(|u| !(u.is_finite() && *u > 0.0)) {
            return Err(Error::usage("units must be positive").found(wrong));
        }
        let used = given.iter().zip(powers).any(|(unit, power)| unit.is_some() && power != 0);
        let factor: f64 = given.iter().zip(powers).map(|(unit, power)| unit.unwrap_or(1.0).powi(power)).product();
        return Ok(if used { measured(&known.unit, Some(factor), Origin::Given) } else { measured(&known.unit, None, Origin::Released) });
    };
    let Ok(unit) = Unit::parse(text) else { return Ok(measured(UNKNOWN_UNIT, None, Origin::Unreadable)) };
    let Some(known) = known else { return Ok(measured(&unit.to_string(), None, Origin::Named)) };
    let wanted = Unit::parse(&known.unit)?;
    if unit.same_dimension(&wanted) {
        return Ok(measured(&known.unit, Some(unit.factor_to(&wanted)?), Origin::Named));
    }
    if MUST_FIT.contains(&known.column.as_str()) {
        return Err(Error::mismatch(format!("column `{}` is no {}", stored.name, wanted.dimension_name()))
            .at(place)
            .expected(format!("a unit like {wanted}"))
            .found(format!("`{text}`"))
            .hint("a table of particles has positions, velocities and masses in x, y, z, vx, vy, vz, mass"));
    }
    Ok(measured(&unit.to_string(), None, Origin::Contradiction))
}
