//! The columns of each table and the recipe that makes each of them from datasets.
//!
//! Formula    T = (gamma - 1) u mu m_p / k_B, mu = 4 / (1 + 3 X_H + 4 X_H x_e), gamma = 5/3, X_H that of the file, else 0.76;
//!            without an electron abundance neutral below 1e4 K and ionised from there on (`thermal`), which a note says
//! Units      canonical columns of `table::schema`; own names keep the unit of their scaling attributes, else `unknown`
//! Source     TNG data release, FAQ "gas temperature"; GADGET-4 manual
//! Edge cases star-forming gas follows an effective equation of state: its T is not a kinetic temperature;
//!            `mass` from the mass table, `id` by file order where there are none; parts that lack a column give null
//! See also   `names`, `scaling`, `read`

use arrow::datatypes::{DataType, Field};

use crate::ingest::thermal;
use crate::table::schema::{COLUMNS, FieldInfo, UNKNOWN_UNIT, canonical, field, fraction_description};

use super::decode::column_type;
use super::dialect::Dialect;
use super::families::Selection;
use super::file::Kind;
use super::names::{self, Measure};
use super::parts::Part;
use super::scaling::{CodeUnits, Dimension, Scaling};

/// Where the hydrogen fraction of a temperature comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Hydrogen {
    /// That of primordial gas.
    Primordial,
    /// First component of a dataset.
    Stored(usize),
    /// What helium and metals leave.
    Left(usize),
}

/// How the values of one column are made from the datasets of one particle type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Recipe {
    /// One component of a dataset, times a factor.
    Stored { slot: usize, component: usize, factor: f64 },
    /// The same number for every row.
    Constant(f64),
    /// Row number, counted from `base`.
    RowNumber { base: u64 },
    /// Hydrogen fraction: what helium and metals leave, the second and first component of a dataset.
    HydrogenLeft { slot: usize },
    /// Temperature [K] from internal energy (times `factor` is (km/s)^2) and electron abundance; none as `thermal` takes it.
    Temperature { energy: usize, factor: f64, electrons: Option<usize>, hydrogen: Hydrogen },
    /// Cosmic time of formation [Gyr].
    BirthTime { slot: usize },
    /// Time since formation [Gyr].
    Age { slot: usize },
    /// A vector in units of the time of formation: times `factor` and a_birth to `power`.
    AtBirth { slot: usize, component: usize, factor: f64, power: f64, formation: usize },
}

/// One column of one particle type.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Name.
    pub(super) name: String,
    /// Arrow type.
    pub(super) data_type: DataType,
    /// Metadata.
    pub(super) info: FieldInfo,
    /// How it is made.
    pub(super) recipe: Recipe,
}

impl Column {
    fn new(name: &str, data_type: DataType, source: &str, factor: Option<f64>, recipe: Recipe) -> Column {
        let found = canonical(name);
        let magnitude = name.strip_prefix("mag_");
        let (unit, description) = match found {
            Some(c) => (c.unit.to_string(), c.description.to_string()),
            None if magnitude.is_some() => ("mag".to_string(), format!("absolute magnitude in band {}", magnitude.unwrap_or_default())),
            None => match fraction_description(name) {
                Some(words) => ("1".to_string(), words),
                None => (UNKNOWN_UNIT.to_string(), format!("`{source}` of the file")),
            },
        };
        let vector = matches!(name, "x" | "y" | "z" | "vx" | "vy" | "vz");
        let frame = if vector { "box".to_string() } else { String::new() };
        Column { name: name.into(), data_type, info: FieldInfo { unit, description, frame, source: source.into(), factor }, recipe }
    }

    /// The Arrow field.
    pub(super) fn field(&self, data_type: DataType, nullable: bool) -> Field {
        field(&self.name, data_type, nullable, &self.info)
    }
}

/// What the columns of a snapshot share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// Sizes of the code units.
    pub(super) units: CodeUnits,
    /// Conventions of the file.
    pub(super) dialect: Dialect,
    /// Whether formation times are scale factors.
    pub(super) comoving: bool,
    /// Whether times can be told: a cosmology, or a non-comoving run.
    pub(super) has_time: bool,
}

fn float_of(kind: Kind) -> DataType {
    if kind == Kind::Float64 { DataType::Float64 } else { DataType::Float32 }
}

/// Columns of one particle type; `id_base` numbers rows that have no identifiers.
pub(super) fn columns_of(part: &Part, context: &Context, id_base: u64, notes: &mut Vec<String>) -> Vec<Column> {
    let mut columns = Vec::new();
    for (slot, name) in part.names.iter().enumerate() {
        let Some(dataset) = part.first(slot) else { continue };
        let formation_slot = names::FORMATION.iter().find_map(|n| part.slot(n));
        // Without a time of formation its scale factor is unknown: such a dataset keeps its own name.
        let known =
            names::lookup(name, dataset.components).filter(|k| formation_slot.is_some() || !matches!(k.measure, Measure::AtBirth(_)));
        let scaling = Scaling::of(&dataset.attributes);
        let known = match known.map(|k| k.measure) {
            Some(Measure::Code(_)) if context.dialect.states_units() && scaling.is_none() => {
                notes.push(format!("PartType{}/{name} does not say how it is converted: it keeps its own name and unit", part.number));
                None
            }
            _ => known,
        };
        let stored = |component: usize, factor: f64| Recipe::Stored { slot, component, factor };
        let simple = |column: &str, component: usize, factor: f64| {
            Column::new(column, column_type(dataset.kind, factor != 1.0), name, Some(factor), stored(component, factor))
        };
        match known.map(|k| (k.measure, k.columns)) {
            Some((Measure::Identifier, _)) => columns.push(Column::new("id", DataType::UInt64, name, None, stored(0, 1.0))),
            Some((Measure::Formation, _)) => formation(&mut columns, slot, name, dataset.kind, context),
            Some((Measure::AtBirth(dimension), vector)) => {
                let Some(formation) = formation_slot else { continue };
                let factor = match scaling.filter(|s| s.agrees(&dimension)) {
                    Some(s) => s.without_a(&dimension, context.units.h),
                    None => context.units.without_a(&dimension),
                };
                let power = if context.comoving { dimension.a } else { 0.0 };
                for (component, column) in vector.iter().enumerate() {
                    let recipe = Recipe::AtBirth { slot, component, factor, power, formation };
                    columns.push(Column::new(column, float_of(dataset.kind), name, None, recipe));
                }
            }
            Some((Measure::Code(dimension), vector)) => {
                let factor = factor_of(&dimension, scaling, context, part.number, name, notes);
                if vector.is_empty() {
                    for (component, column) in names::own_columns(name, dataset.components).iter().enumerate() {
                        let mut c = simple(column, component, factor);
                        c.info.unit = dimension.unit();
                        columns.push(c);
                    }
                } else {
                    columns.extend(vector.iter().enumerate().map(|(component, column)| simple(column, component, factor)));
                }
            }
            Some((Measure::Plain | Measure::Magnitude, list)) => {
                columns.extend(list.iter().take(dataset.components).enumerate().map(|(component, column)| simple(column, component, 1.0)));
                for (component, column) in names::own_columns(name, dataset.components).iter().enumerate().skip(list.len()) {
                    columns.push(simple(column, component, 1.0));
                }
                if list == names::GIZMO_METALS {
                    let mut c = simple("x_h", 0, 1.0);
                    c.info.description = "mass fraction of H: what helium and metals leave".into();
                    c.recipe = Recipe::HydrogenLeft { slot };
                    columns.push(c);
                }
            }
            None => {
                let (unit, factor) = match scaling {
                    Some(s) if s.to_cgs > 0.0 && s.stated && s.dimension.unit() != UNKNOWN_UNIT => {
                        (s.dimension.unit(), s.factor(&s.dimension, &context.units))
                    }
                    Some(s) if s.to_cgs == 0.0 => (Dimension::NONE.unit(), 1.0),
                    _ => (UNKNOWN_UNIT.to_string(), 1.0),
                };
                for (component, column) in names::own_columns(name, dataset.components).iter().enumerate() {
                    // An unknown dataset may be called like a canonical column (`mass`): it must not pass for one.
                    let column = if canonical(column).is_some() { format!("{column}_stored") } else { column.clone() };
                    let mut c = simple(&column, component, factor);
                    c.info.unit = unit.clone();
                    columns.push(c);
                }
            }
        }
    }
    complete(&mut columns, part, context, id_base, notes);
    columns
}

/// Adds what no dataset holds: mass from the mass table, identifiers by order, temperature.
fn complete(columns: &mut Vec<Column>, part: &Part, context: &Context, id_base: u64, notes: &mut Vec<String>) {
    let has = |columns: &[Column], name: &str| columns.iter().any(|c| c.name == name);
    if let (false, Some(mass)) = (has(columns, "mass"), part.table_mass) {
        let factor = context.units.factor(&Dimension::MASS);
        columns.push(Column::new("mass", DataType::Float64, "MassTable", Some(factor), Recipe::Constant(mass * factor)));
    }
    if !has(columns, "mass") && part.family != crate::ingest::Family::Tracers {
        notes.push(format!("PartType{} has neither masses nor an entry in MassTable: its rows have no `mass`", part.number));
    }
    if !has(columns, "id") {
        notes.push(format!("PartType{} has no ParticleIDs: `id` is the number of the row in the file", part.number));
        columns.push(Column::new("id", DataType::UInt64, "row number", None, Recipe::RowNumber { base: id_base }));
    }
    if !has(columns, "temperature") {
        columns.extend(temperature(columns, part, notes));
    }
    if part.slot("ParticleChildIDsNumber").is_some() {
        notes.push(format!(
            "PartType{}: particles that were split share their `id`; with particle_child_ids_number and particle_id_generation_number it is unique",
            part.number
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    for column in columns.iter_mut() {
        while !seen.insert(column.name.clone()) {
            column.name.push_str("_stored");
        }
    }
    columns.sort_by_cached_key(|c| order(&c.name));
}

/// Datasets that hold the hydrogen fraction as their first component, and how many components they have at least.
const HYDROGEN: [(&str, usize); 3] = [("GFM_Metals", 9), ("ElementMassFractions", 9), ("ElementAbundance/Hydrogen", 1)];

/// The temperature of gas that has an internal energy; notes say what was assumed.
fn temperature(columns: &[Column], part: &Part, notes: &mut Vec<String>) -> Option<Column> {
    let u = columns.iter().find(|c| c.name == "u")?;
    let Recipe::Stored { slot: energy, factor, .. } = u.recipe else { return None };
    let wide = |name: &str, least: usize| part.slot(name).filter(|s| part.first(*s).is_some_and(|d| d.components >= least));
    let stored = HYDROGEN.iter().find_map(|(name, least)| Some((Hydrogen::Stored(wide(name, *least)?), *name)));
    let left = || Some((Hydrogen::Left(wide("Metallicity", names::GIZMO_METALS.len())?), "Metallicity"));
    let (hydrogen, abundances) = stored.or_else(left).unwrap_or((Hydrogen::Primordial, ""));
    let electrons = part.slot("ElectronAbundance");
    let text = thermal::words(electrons.is_some(), hydrogen == Hydrogen::Primordial);
    notes.push(text.1);
    let sources: Vec<&str> =
        [u.info.source.as_str(), electrons.map_or("", |_| "ElectronAbundance"), abundances].into_iter().filter(|s| !s.is_empty()).collect();
    let recipe = Recipe::Temperature { energy, factor, electrons, hydrogen };
    let mut column = Column::new("temperature", u.data_type.clone(), &sources.join(", "), None, recipe);
    column.info.description = text.0;
    Some(column)
}

fn formation(columns: &mut Vec<Column>, slot: usize, name: &str, kind: Kind, context: &Context) {
    if context.comoving {
        columns.push(Column::new("a_birth", float_of(kind), name, Some(1.0), Recipe::Stored { slot, component: 0, factor: 1.0 }));
    }
    if context.has_time {
        columns.push(Column::new("t_birth", float_of(kind), name, None, Recipe::BirthTime { slot }));
        columns.push(Column::new("age", float_of(kind), name, None, Recipe::Age { slot }));
    }
}

fn factor_of(
    dimension: &Dimension,
    scaling: Option<Scaling>,
    context: &Context,
    number: usize,
    name: &str,
    notes: &mut Vec<String>,
) -> f64 {
    match scaling {
        Some(s) if s.agrees(dimension) => s.factor(dimension, &context.units),
        Some(s) => {
            if s.to_cgs > 0.0 {
                notes.push(format!("scaling attributes of PartType{number}/{name} contradict its dimension and are not believed"));
            }
            context.units.factor(dimension)
        }
        None => context.units.factor(dimension),
    }
}

/// Place in the table: canonical columns first, in their own order, then mass fractions, then the rest by name.
pub(super) fn order(name: &str) -> (usize, usize, String) {
    match COLUMNS.iter().position(|c| c.name == name) {
        Some(i) => (0, i, String::new()),
        None => match names::lookup("GFM_Metals", 10).and_then(|k| k.columns.iter().position(|c| *c == name)) {
            Some(i) => (1, i, String::new()),
            None => (2, 0, name.to_string()),
        },
    }
}

/// The columns of one table: each with its common type, whether it can be null, and its recipe in every part.
pub(super) fn join(parts: &[(Selection, Vec<Column>)]) -> Vec<(Column, DataType, bool, Vec<Option<Recipe>>)> {
    let mut list: Vec<&Column> = Vec::new();
    for column in parts.iter().flat_map(|(_, columns)| columns) {
        if !list.iter().any(|c| c.name == column.name) {
            list.push(column);
        }
    }
    list.sort_by_cached_key(|c| order(&c.name));
    list.into_iter()
        .map(|first| {
            let found: Vec<Option<&Column>> = parts.iter().map(|(_, columns)| columns.iter().find(|c| c.name == first.name)).collect();
            let data_type = found.iter().flatten().fold(first.data_type.clone(), |t, c| super::decode::common_type(&t, &c.data_type));
            let recipes = found.iter().map(|c| c.map(|c| c.recipe.clone())).collect();
            (first.clone(), data_type, found.iter().any(Option::is_none), recipes)
        })
        .collect()
}

/// The column that marks wind-phase cells.
pub(super) fn wind_flag(value: bool) -> Column {
    Column::new("wind", DataType::Boolean, "GFM_StellarFormationTime", None, Recipe::Constant(f64::from(u8::from(value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_columns_come_first() {
        let mut names = vec!["gfm_age", "x_fe", "mass", "x_h", "id", "x"];
        names.sort_by_cached_key(|n| order(n));
        assert_eq!(names, ["id", "x", "mass", "x_h", "x_fe", "gfm_age"]);
    }
}
