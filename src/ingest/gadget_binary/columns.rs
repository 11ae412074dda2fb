//! The columns of each table of a GADGET binary snapshot and the recipe that makes each of them from blocks.
//!
//! Formula    T = (gamma - 1) u mu m_p / k_B with mu = 4 / (1 + 3 X_H + 4 X_H x_e), X_H = 0.76: the one of the HDF5 reader;
//!            without a block NE neutral below 1e4 K and ionised from there on (`thermal`), which a note says
//! Layout     type 0 is gas; 1, 2, 3 are dark; 4 is stars; 5 is black holes, or dark where the snapshot has neither gas nor stars
//! Units      canonical columns of `table::schema`; blocks without a known meaning keep their name and the unit `unknown`
//! Edge cases several types in one table: column `type` tells them apart; `mass` from the mass table where there is no block;
//!            entropy instead of u where the header says so; types that lack a block give null
//! See also   `names`, `units`, `read`

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::header::TYPES;
use super::names::Measure;
use super::parts::{Parts, Slot};
use super::units::CodeUnits;
use crate::ingest::Family;
use crate::ingest::fields::lower_snake;
use crate::ingest::thermal;
use crate::table::schema::{COLUMNS, FieldInfo, UNKNOWN_UNIT, canonical, field};

/// How the values of one column of one particle type are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Recipe {
    /// One component of a block, times a factor.
    Stored { slot: usize, component: usize, factor: Option<f64> },
    /// The same number for every row.
    Constant(f64),
    /// The number of the particle type.
    Type,
    /// Temperature \[K\] from internal energy (times `factor` is (km/s)^2) and electron abundance; none as `thermal` takes it.
    Temperature { energy: usize, factor: f64, electrons: Option<usize> },
    /// Cosmic time of formation \[Gyr\].
    BirthTime { slot: usize },
    /// Time since formation \[Gyr\].
    Age { slot: usize },
}

/// Columns of one table; `recipes[c][k]` makes column c of the k-th type, none gives null.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Which.
    pub(super) family: Family,
    /// Particle types in order.
    pub(super) types: Vec<usize>,
    /// Schema with units.
    pub(super) schema: SchemaRef,
    /// Recipes.
    pub(super) recipes: Vec<Vec<Option<Recipe>>>,
    /// Rows.
    pub(super) rows: u64,
}

/// What the tables of a snapshot share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// Sizes of the code units.
    pub(super) units: CodeUnits,
    /// Whether formation times are scale factors.
    pub(super) comoving: bool,
    /// Whether times can be told.
    pub(super) has_time: bool,
    /// Whether the block U holds entropy.
    pub(super) entropy: bool,
}

/// One column of one type while columns are gathered.
struct Column {
    name: String,
    data_type: DataType,
    info: FieldInfo,
    recipe: Recipe,
}

/// The family of each type that has particles.
pub(super) fn families(parts: &Parts) -> [Option<Family>; TYPES] {
    let baryons = parts.rows(0) > 0 || parts.rows(4) > 0;
    std::array::from_fn(|number| {
        let family = match number {
            0 => Family::Gas,
            4 => Family::Stars,
            5 if baryons => Family::BlackHoles,
            _ => Family::Dark,
        };
        (parts.rows(number) > 0).then_some(family)
    })
}

/// The tables in the order of families.
pub(super) fn tables(parts: &Parts, context: &Context, notes: &mut Vec<String>) -> Vec<Table> {
    let families = families(parts);
    if families[5] == Some(Family::Dark) {
        notes.push("type 5 is taken as dark matter: a snapshot without gas and stars has no black holes".into());
    }
    let table = |family: Family| {
        let types: Vec<usize> = (0..TYPES).filter(|i| families[*i] == Some(family)).collect();
        (!types.is_empty()).then_some((family, types))
    };
    let found: Vec<(Family, Vec<usize>)> = Family::ALL.into_iter().filter_map(table).collect();
    for (family, types) in found.iter().filter(|(_, types)| types.len() > 1) {
        let list: Vec<String> = types.iter().map(|t| format!("{t} ({} particles)", parts.rows(*t))).collect();
        notes.push(format!(
            "table `{family}` holds types {}: column `type` tells them apart (in an isolated galaxy 1 is halo, 2 disc, 3 bulge)",
            list.join(", ")
        ));
    }
    found.into_iter().map(|(family, types)| join(family, types, parts, context, notes)).collect()
}

/// Joins the columns of the types of one table.
fn join(family: Family, types: Vec<usize>, parts: &Parts, context: &Context, notes: &mut Vec<String>) -> Table {
    let lists: Vec<Vec<Column>> = types.iter().map(|t| columns_of(*t, types.len() > 1, parts, context, notes)).collect();
    let mut names: Vec<&str> = Vec::new();
    for column in lists.iter().flatten() {
        if !names.contains(&column.name.as_str()) {
            names.push(&column.name);
        }
    }
    let place = |name: &str| COLUMNS.iter().position(|c| c.name == name).unwrap_or(COLUMNS.len());
    names.sort_by(|a, b| (place(a), a).cmp(&(place(b), b)));
    let (mut fields, mut recipes): (Vec<Field>, Vec<Vec<Option<Recipe>>>) = (Vec::new(), Vec::new());
    for name in names {
        let found: Vec<Option<&Column>> = lists.iter().map(|list| list.iter().find(|c| c.name == name)).collect();
        let Some(first) = found.iter().flatten().next() else { continue };
        let same = found.iter().flatten().all(|c| c.data_type == first.data_type);
        let data_type = if same { first.data_type.clone() } else { DataType::Float64 };
        fields.push(field(name, data_type, found.iter().any(Option::is_none), &first.info));
        recipes.push(found.iter().map(|c| c.map(|c| c.recipe)).collect());
    }
    let rows = types.iter().map(|t| parts.rows(*t)).sum();
    Table { family, types, schema: Arc::new(Schema::new(fields)), recipes, rows }
}

fn column(name: &str, data_type: DataType, source: &str, unit: &str, factor: Option<f64>, recipe: Recipe) -> Column {
    let known = canonical(name);
    let vector = matches!(name, "x" | "y" | "z" | "vx" | "vy" | "vz");
    let info = FieldInfo {
        unit: known.map_or(unit, |c| if unit == UNKNOWN_UNIT { unit } else { c.unit }).to_string(),
        description: known.map_or_else(|| format!("block `{source}` of the file"), |c| c.description.to_string()),
        frame: if vector { "box".into() } else { String::new() },
        source: source.to_string(),
        factor,
    };
    Column { name: name.to_string(), data_type, info, recipe }
}

fn float_of(slot: &Slot) -> DataType {
    if slot.width == 8 { DataType::Float64 } else { DataType::Float32 }
}

/// Columns of particle type `number`; `several` where its table holds other types as well.
fn columns_of(number: usize, several: bool, parts: &Parts, context: &Context, notes: &mut Vec<String>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (slot, block) in parts.slots.iter().enumerate().filter(|(_, s)| s.types[number]) {
        let stored = |component, factor| Recipe::Stored { slot, component, factor };
        let source = block.name.as_str();
        match block.known.map(|k| (k.measure, k.columns)) {
            Some((Measure::Identifier, _)) => columns.push(column("id", DataType::UInt64, source, "1", None, stored(0, None))),
            Some((Measure::Formation, _)) => formation(&mut columns, slot, block, context),
            Some((Measure::Energy, _)) if context.entropy => {
                let mut c = column("entropy", float_of(block), source, UNKNOWN_UNIT, None, stored(0, None));
                c.info.description = "entropy in code units: the header says that it stands in place of u".into();
                columns.push(c);
            }
            Some((measure, names)) if names.len() == block.components => {
                let (factor, unit) = context.units.of(measure);
                for (component, name) in names.iter().enumerate() {
                    columns.push(column(name, float_of(block), source, unit, factor, stored(component, factor)));
                }
            }
            Some((Measure::Plain, _)) if block.name == "Z" && block.components == 1 => {
                columns.push(column("z_metal", float_of(block), source, "1", None, stored(0, None)));
            }
            _ => {
                let base = if block.name == "Z" { "metals".to_string() } else { lower_snake(source) };
                // Letters may be those of a canonical column (`SFR` of stars, say): what is not understood must not pass for one.
                let base = if canonical(&base).is_some() { format!("{base}_stored") } else { base };
                for component in 0..block.components {
                    let name = if block.components == 1 { base.clone() } else { format!("{base}_{component}") };
                    columns.push(column(&name, float_of(block), source, UNKNOWN_UNIT, None, stored(component, None)));
                }
            }
        }
    }
    complete(&mut columns, number, several, parts, context, notes);
    let mut seen = std::collections::BTreeSet::new();
    for column in &mut columns {
        while !seen.insert(column.name.clone()) {
            column.name.push_str("_stored");
        }
    }
    columns
}

/// Adds what no block holds: mass from the mass table, the type, the temperature.
fn complete(columns: &mut Vec<Column>, number: usize, several: bool, parts: &Parts, context: &Context, notes: &mut Vec<String>) {
    let has = |columns: &[Column], name: &str| columns.iter().any(|c| c.name == name);
    if let (false, Some(file)) = (has(columns, "mass"), parts.files.first()) {
        let (factor, unit) = context.units.of(Measure::Mass);
        let mass = file.header.mass[number] * factor.unwrap_or(1.0);
        columns.push(column("mass", DataType::Float64, "mass table", unit, factor, Recipe::Constant(mass)));
    }
    if several {
        let mut c = column("type", DataType::Int32, "npart", "1", None, Recipe::Type);
        c.info.description = "particle type of the file".into();
        columns.push(c);
    }
    let slot = |name: &str| parts.slots.iter().position(|s| s.name == name && s.types[number]);
    if let (false, false, Some(energy)) = (has(columns, "temperature"), context.entropy, slot("U")) {
        let electrons = slot("NE");
        let factor = context.units.of(Measure::Energy).0.unwrap_or(1.0);
        let recipe = Recipe::Temperature { energy, factor, electrons };
        let source = if electrons.is_some() { "U, NE" } else { "U" };
        let mut c = column("temperature", float_of(&parts.slots[energy]), source, "K", None, recipe);
        let (description, note) = thermal::words(electrons.is_some(), true);
        c.info.description = description;
        notes.push(note);
        columns.push(c);
    }
}

fn formation(columns: &mut Vec<Column>, slot: usize, block: &Slot, context: &Context) {
    let float = || float_of(block);
    let source = block.name.as_str();
    if context.comoving {
        columns.push(column("a_birth", float(), source, "1", None, Recipe::Stored { slot, component: 0, factor: None }));
    }
    if context.has_time {
        columns.push(column("t_birth", float(), source, "Gyr", None, Recipe::BirthTime { slot }));
        columns.push(column("age", float(), source, "Gyr", None, Recipe::Age { slot }));
    } else if !context.comoving {
        columns.push(column("birth_stored", float(), source, UNKNOWN_UNIT, None, Recipe::Stored { slot, component: 0, factor: None }));
    }
}
