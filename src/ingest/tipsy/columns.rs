//! Which columns each family of a Tipsy snapshot has, and where their values come from.
//!
//! Layout     gas: mass x y z vx vy vz rho temperature eps metals phi; dark: mass x y z vx vy vz eps phi;
//!            stars: mass x y z vx vy vz metals tform eps phi; then arrays; then what follows from the formation time
//! Units      canonical where the run's units are known, else `unknown`; factors are those of `units`
//! Edge cases no `iord`: id is the position in the file; an array whose column is taken keeps its own name;
//!            a negative formation time marks a black hole only in runs that form or follow them (column `black_hole`)
//! See also   `read` for the loops, `table::schema` for the canonical order

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};

use super::companion::{Companion, Element};
use super::header::Header;
use super::starlog::{Kind, Starlog};
use super::units::Conversion;
use crate::ingest::Family;
use crate::ingest::fields::{Quantity, lower_snake};
use crate::table::schema::{COLUMNS, FieldInfo, canonical, field, fraction_description};

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// A value of the record at `offset`.
    Record { offset: usize, double: bool, factor: Option<f64> },
    /// Computed from the formation time at `offset` of the record.
    Formed { offset: usize, what: Formed },
    /// Position in the file, from the first particle of all families.
    FileOrder,
    /// Component of an auxiliary array.
    Array { array: usize, component: u64, factor: Option<f64> },
    /// Identifier in the star formation log.
    LogId { field: usize },
    /// Real number in the star formation log; `power` of the scale factor at birth.
    LogReal { field: usize, factor: Option<f64>, power: i32 },
    /// Scale factor at birth, from the time in the star formation log.
    LogScale { field: usize },
}

/// What is computed from a formation time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formed {
    /// Time of formation [Gyr].
    Time,
    /// Time since then [Gyr].
    Age,
    /// Scale factor then.
    ScaleFactor,
    /// Whether the sign marks a black hole.
    BlackHole,
}

/// Columns of one family: schema and sources run in parallel.
#[derive(Clone, Debug)]
pub struct Table {
    /// Schema with units.
    pub schema: SchemaRef,
    /// One source a column.
    pub sources: Vec<Source>,
}

/// Record fields after mass, position, velocity: name, canonical column, quantity.
type Tail = &'static [(&'static str, &'static str, Quantity)];
const GAS_TAIL: Tail = &[
    ("rho", "rho", Quantity::Density),
    ("temp", "temperature", Quantity::Temperature),
    ("eps", "eps", Quantity::Length),
    ("metals", "z_metal", Quantity::Number),
    ("phi", "phi", Quantity::Potential),
];
const DARK_TAIL: Tail = &[("eps", "eps", Quantity::Length), ("phi", "phi", Quantity::Potential)];
const STAR_TAIL: Tail = &[
    ("metals", "z_metal", Quantity::Number),
    ("tform", "t_birth", Quantity::Time),
    ("eps", "eps", Quantity::Length),
    ("phi", "phi", Quantity::Potential),
];

/// Block of a family in the file: gas, dark, stars.
pub fn block(family: Family) -> Option<usize> {
    match family {
        Family::Gas => Some(0),
        Family::Dark => Some(1),
        Family::Stars => Some(2),
        _ => None,
    }
}

/// Columns while they are gathered.
struct Gather<'a> {
    conversion: &'a Conversion,
    columns: Vec<(arrow::datatypes::Field, Source)>,
}

impl Gather<'_> {
    fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|(f, _)| f.name() == name)
    }

    fn push(&mut self, name: &str, data_type: DataType, stored: &str, unit: &str, factor: Option<f64>, source: Source) {
        self.describe(name, data_type, stored, unit, factor, source, None);
    }

    #[allow(clippy::too_many_arguments)]
    fn describe(
        &mut self,
        name: &str,
        data_type: DataType,
        stored: &str,
        unit: &str,
        factor: Option<f64>,
        source: Source,
        text: Option<&str>,
    ) {
        let known = canonical(name).map(|c| c.description.to_string()).or_else(|| fraction_description(name));
        let spatial = matches!(name, "x" | "y" | "z" | "vx" | "vy" | "vz");
        let info = FieldInfo {
            unit: unit.into(),
            description: text.map(str::to_string).or(known).unwrap_or_default(),
            frame: if spatial { "box".into() } else { String::new() },
            source: stored.into(),
            factor,
        };
        self.columns.push((field(name, data_type, false, &info), source));
    }

    fn table(mut self) -> Table {
        let place = |name: &str| COLUMNS.iter().position(|c| c.name == name).unwrap_or(COLUMNS.len());
        self.columns.sort_by(|(a, _), (b, _)| (place(a.name()), a.name()).cmp(&(place(b.name()), b.name())));
        let (fields, sources): (Vec<_>, Vec<_>) = self.columns.into_iter().unzip();
        Table { schema: Arc::new(Schema::new(fields)), sources }
    }
}

/// Columns of gas, dark matter or stars.
pub fn particles(family: Family, header: &Header, conversion: &Conversion, arrays: &[Companion]) -> Table {
    let mut gather = Gather { conversion, columns: Vec::new() };
    let tail = match family {
        Family::Gas => GAS_TAIL,
        Family::Dark => DARK_TAIL,
        _ => STAR_TAIL,
    };
    let precision = header.precision;
    let vector = |names: [&'static str; 3], quantity, double| names.map(|name| (name, name, quantity, double));
    let mut stored = vec![("mass", "mass", Quantity::Mass, false)];
    stored.extend(vector(["x", "y", "z"], Quantity::Length, precision.double_position));
    stored.extend(vector(["vx", "vy", "vz"], Quantity::Velocity, precision.double_velocity));
    stored.extend(tail.iter().map(|(name, column, quantity)| (*name, *column, *quantity, false)));
    let mut offset = 0;
    for (name, column, quantity, double) in stored {
        let (factor, unit) = gather.conversion.of(quantity);
        if column == "t_birth" {
            formation(&mut gather, offset, factor, unit);
        } else {
            let data_type = if double { DataType::Float64 } else { DataType::Float32 };
            gather.push(column, data_type, name, unit, factor, Source::Record { offset, double, factor });
        }
        offset += if double { 8 } else { 4 };
    }
    for (index, array) in arrays.iter().enumerate() {
        let listed = array.families.as_ref().is_none_or(|families| families.contains(&family));
        if listed && array.field.families.contains(&family) {
            companion(&mut gather, index, array);
        }
    }
    if !gather.has("id") {
        gather.describe(
            "id",
            DataType::UInt64,
            "",
            "1",
            None,
            Source::FileOrder,
            Some("position in the file; the snapshot has no iord array"),
        );
    }
    gather.table()
}

fn formation(gather: &mut Gather<'_>, offset: usize, factor: Option<f64>, unit: &str) {
    let conversion = gather.conversion;
    let formed = |what| Source::Formed { offset, what };
    let text = if conversion.black_holes {
        "time of formation; of black holes too, whose stored value is negative"
    } else {
        "time of formation as stored"
    };
    let cosmic = (conversion.scale_factor.is_some() && !conversion.black_holes).then_some("cosmic time of formation");
    gather.describe("t_birth", DataType::Float32, "tform", unit, factor, formed(Formed::Time), Some(cosmic.unwrap_or(text)));
    if conversion.time_gyr.is_some() {
        gather.push("age", DataType::Float32, "tform", "Gyr", None, formed(Formed::Age));
    }
    if conversion.ages.is_some() {
        gather.push("a_birth", DataType::Float32, "tform", "1", None, formed(Formed::ScaleFactor));
    }
    if conversion.black_holes {
        let text = "whether the star record is a black hole: its stored formation time is negative";
        gather.describe("black_hole", DataType::Boolean, "tform", "1", None, formed(Formed::BlackHole), Some(text));
    }
}

fn companion(gather: &mut Gather<'_>, index: usize, array: &Companion) {
    let (factor, unit) = gather.conversion.of(array.field.quantity);
    let base = &array.field.column;
    for component in 0..array.components {
        let suffix = if array.components == 1 { "" } else { ["_x", "_y", "_z"][component as usize % 3] };
        let mut name = format!("{base}{suffix}");
        if gather.has(&name) {
            name = format!("{}{suffix}", lower_snake(&array.name));
        }
        while gather.has(&name) {
            name.push_str("_array");
        }
        let identifier = matches!(name.as_str(), "id" | "id_gas");
        let data_type = match (identifier, array.element) {
            (true, Element::I32 | Element::I64) => DataType::UInt64,
            (_, Element::F32) => DataType::Float32,
            (_, Element::F64) => DataType::Float64,
            (_, Element::I32) => DataType::Int32,
            (_, Element::I64) => DataType::Int64,
        };
        let factor = factor.filter(|_| matches!(array.element, Element::F32 | Element::F64));
        gather.push(&name, data_type, &array.name, unit, factor, Source::Array { array: index, component, factor });
    }
}

/// Log field, column, quantity, power of the scale factor at birth.
const LOG_FIELDS: &[(&str, &str, Quantity, i32)] = &[
    ("rForm[0]", "x_birth", Quantity::Length, 1),
    ("rForm[1]", "y_birth", Quantity::Length, 1),
    ("rForm[2]", "z_birth", Quantity::Length, 1),
    ("vForm[0]", "vx_birth", Quantity::Velocity, 1),
    ("vForm[1]", "vy_birth", Quantity::Velocity, 1),
    ("vForm[2]", "vz_birth", Quantity::Velocity, 1),
    ("massForm", "mass_birth", Quantity::Mass, 0),
    ("rhoForm", "rho_birth", Quantity::Density, 0),
    ("TForm", "temperature_birth", Quantity::Temperature, 0),
    ("H2FracForm", "x_h2_birth", Quantity::Number, 0),
];

/// Columns of the star formation log.
pub fn births(log: &Starlog, conversion: &Conversion) -> Table {
    let mut gather = Gather { conversion, columns: Vec::new() };
    // At the birth of each star the powers of its own scale factor are applied, so the factors here are those at a = 1.
    let code = Conversion { scale_factor: None, ..conversion.clone() };
    let cosmological = conversion.scale_factor.is_some();
    for (index, stored) in log.fields().iter().enumerate() {
        let name = stored.name.as_str();
        match name {
            "iOrdStar" => gather.push("id", DataType::UInt64, name, "1", None, Source::LogId { field: index }),
            "iOrdGas" => gather.push("id_gas", DataType::UInt64, name, "1", None, Source::LogId { field: index }),
            "padding" => {}
            "timeForm" => {
                let (factor, unit) = code.of(Quantity::Time);
                gather.push("t_birth", DataType::Float64, name, unit, factor, Source::LogReal { field: index, factor, power: 0 });
                if conversion.ages.is_some() {
                    gather.push("a_birth", DataType::Float64, name, "1", None, Source::LogScale { field: index });
                }
            }
            _ => {
                let known = LOG_FIELDS.iter().find(|(field, ..)| *field == name);
                let (column, quantity, power) = known.map_or_else(
                    || (lower_snake(name), Quantity::Unknown, 0),
                    |(_, column, quantity, power)| ((*column).into(), *quantity, *power),
                );
                let (factor, unit) = code.of(quantity);
                let power = if cosmological { power } else { 0 };
                // Without a cosmology the scale factor at birth is not known: comoving values stay in code units.
                let (factor, unit, power) =
                    if power != 0 && conversion.ages.is_none() { (None, "unknown", 0) } else { (factor, unit, power) };
                let integers = matches!(stored.kind, Kind::I32 | Kind::I64) && known.is_none();
                let source = if integers { Source::LogId { field: index } } else { Source::LogReal { field: index, factor, power } };
                let data_type = if integers { DataType::UInt64 } else { DataType::Float64 };
                let shown = if power == 0 { factor } else { None };
                gather.push(&column, data_type, name, unit, shown, source);
            }
        }
    }
    gather.table()
}
