//! Rows of a query as typed columns, family by family, each value in its canonical unit.
//!
//! Layout     one table a family; rows of gas with `wind` = true are a table of their own, rows of stars with `black_hole` = true
//!            where the format keeps black holes apart
//! Units      the unit in the metadata of a column is converted to the canonical one; a column without any is taken as canonical
//! Refuses    more bytes than allowed, families that no format holds; a column that is not finite, has NULL or no known unit is
//!            refused when it is used
//! Edge cases texts and lists are left out by name; identifiers keep 64 bits
//! Cost       one copy of each column
//! See also   `export` for the whole

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int64Type, UInt64Type};

use crate::error::{Error, ErrorKind, Result};
use crate::ingest::Family;
use crate::table::schema::{FACTOR, FRAME, SOURCE, UNIT, UNKNOWN_UNIT, canonical};
use crate::units::Unit;

/// What a format wants to be gathered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Name for messages.
    pub(super) name: &'static str,
    /// Whether a column of a family has a place.
    pub(super) keeps: fn(Family, &str) -> bool,
    /// Whether black holes among the stars become a table of their own; wind-phase cells among the gas always do.
    pub(super) splits_black_holes: bool,
    /// Most rows of all families together.
    pub(super) most_rows: u64,
}

/// Values of one column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
    /// Signed integers.
    I64(Vec<i64>),
    /// Unsigned integers.
    U64(Vec<u64>),
    /// Flags.
    Flags(Vec<bool>),
}

impl Values {
    fn new(data_type: &DataType) -> Option<Values> {
        Some(match data_type {
            DataType::Float16 | DataType::Float32 => Values::F32(Vec::new()),
            DataType::Float64 | DataType::Decimal128(..) => Values::F64(Vec::new()),
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Values::U64(Vec::new()),
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Values::I64(Vec::new()),
            DataType::Boolean => Values::Flags(Vec::new()),
            _ => return None,
        })
    }

    fn data_type(&self) -> DataType {
        match self {
            Values::F32(_) => DataType::Float32,
            Values::F64(_) => DataType::Float64,
            Values::I64(_) => DataType::Int64,
            Values::U64(_) => DataType::UInt64,
            Values::Flags(_) => DataType::Boolean,
        }
    }

    /// Number of values.
    pub(super) fn len(&self) -> usize {
        match self {
            Values::F32(v) => v.len(),
            Values::F64(v) => v.len(),
            Values::I64(v) => v.len(),
            Values::U64(v) => v.len(),
            Values::Flags(v) => v.len(),
        }
    }

    /// Value `row` as a number; 0 beyond the end.
    pub(super) fn at(&self, row: usize) -> f64 {
        match self {
            Values::F32(v) => v.get(row).map_or(0.0, |x| f64::from(*x)),
            Values::F64(v) => v.get(row).copied().unwrap_or(0.0),
            Values::I64(v) => v.get(row).map_or(0.0, |x| *x as f64),
            Values::U64(v) => v.get(row).map_or(0.0, |x| *x as f64),
            Values::Flags(v) => v.get(row).map_or(0.0, |x| f64::from(u8::from(*x))),
        }
    }

    /// All values as numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.len()).map(|row| self.at(row))
    }

    /// Appends numbers of another column.
    fn extend(&mut self, more: &Values) {
        match (self, more) {
            (Values::U64(v), Values::U64(more)) => v.extend_from_slice(more),
            (Values::I64(v), Values::I64(more)) => v.extend_from_slice(more),
            (Values::F32(v), more) => v.extend(more.numbers().map(|x| x as f32)),
            (Values::F64(v), more) => v.extend(more.numbers()),
            (Values::I64(v), more) => v.extend(more.numbers().map(|x| x as i64)),
            (Values::U64(v), more) => v.extend(more.numbers().map(|x| x as u64)),
            (Values::Flags(v), more) => v.extend(more.numbers().map(|x| x != 0.0)),
        }
    }

    /// Appends what `array` holds; a NULL becomes zero. Returns the bytes added.
    fn append(&mut self, array: &ArrayRef, factor: f64) -> Result<u64> {
        let array = cast(array, &self.data_type()).map_err(|e| Error::internal("cannot read a column of numbers").because(e))?;
        let valid = |i: usize| !array.is_null(i);
        let scaled = |x: f64| if factor == 1.0 { x } else { x * factor };
        match self {
            Values::F32(v) => {
                let from = array.as_primitive::<Float32Type>();
                v.extend((0..from.len()).map(|i| if valid(i) { scaled(f64::from(from.value(i))) as f32 } else { 0.0 }));
            }
            Values::F64(v) => {
                let from = array.as_primitive::<Float64Type>();
                v.extend((0..from.len()).map(|i| if valid(i) { scaled(from.value(i)) } else { 0.0 }));
            }
            Values::I64(v) => {
                let from = array.as_primitive::<Int64Type>();
                v.extend((0..from.len()).map(|i| if valid(i) { from.value(i) } else { 0 }));
            }
            Values::U64(v) => {
                let from = array.as_primitive::<UInt64Type>();
                v.extend((0..from.len()).map(|i| if valid(i) { from.value(i) } else { 0 }));
            }
            Values::Flags(v) => {
                let from = array.as_boolean();
                v.extend((0..from.len()).map(|i| valid(i) && from.value(i)));
            }
        }
        let width: u64 = match self {
            Values::F32(_) => 4,
            Values::Flags(_) => 1,
            _ => 8,
        };
        Ok(width * array.len() as u64)
    }
}

/// One column of one family.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Name.
    pub(super) name: String,
    /// Unit of columns that are not canonical, where one is known.
    pub(super) unit: Option<String>,
    /// Field of the source file.
    pub(super) source: String,
    /// Whether the source file stores it, rather than that it was computed.
    pub(super) stored: bool,
    /// Values, in the canonical unit where the column is canonical.
    pub(super) values: Values,
    factor: f64,
    unit_fault: Option<Error>,
    nulls: u64,
    first_null: Option<usize>,
    not_finite: Option<(usize, f64)>,
}

impl Column {
    fn new(field: &Field, values: Values) -> Column {
        let meta = |key: &str| field.metadata().get(key).map(String::as_str);
        let (mut unit, mut factor, mut unit_fault) = (None, 1.0, None);
        let wanted = canonical(field.name()).map(|c| c.unit).or(field.name().starts_with("x_").then_some("1"));
        match (wanted, meta(UNIT)) {
            (Some(_), None) => {}
            (Some(wanted), Some(given)) => match conversion(given, wanted) {
                Ok(found) => factor = found,
                Err(error) => unit_fault = Some(error),
            },
            (None, given) => unit = given.filter(|g| *g != UNKNOWN_UNIT).map(str::to_string),
        }
        // An integer in another unit (`1000 AS x`) becomes a float.
        let values = if factor != 1.0 && !matches!(values, Values::F32(_)) { Values::F64(Vec::new()) } else { values };
        Column {
            name: field.name().clone(),
            unit,
            source: meta(SOURCE).unwrap_or_default().to_string(),
            stored: meta(FACTOR).is_some(),
            values,
            factor,
            unit_fault,
            nulls: 0,
            first_null: None,
            not_finite: None,
        }
    }

    fn append(&mut self, array: &ArrayRef) -> Result<u64> {
        let before = self.values.len();
        if array.null_count() > 0 {
            self.nulls += array.null_count() as u64;
            self.first_null = self.first_null.or_else(|| (0..array.len()).find(|i| array.is_null(*i)).map(|i| before + i));
        }
        let bytes = self.values.append(array, self.factor)?;
        if self.not_finite.is_none() {
            let found = match &self.values {
                Values::F32(v) => v.iter().skip(before).position(|x| !x.is_finite()),
                Values::F64(v) => v.iter().skip(before).position(|x| !x.is_finite()),
                _ => None,
            };
            self.not_finite = found.map(|i| (before + i, self.values.at(before + i)));
        }
        Ok(bytes)
    }

    fn refuse_not_finite(&self, family: Family) -> Result<()> {
        match self.not_finite {
            None => Ok(()),
            Some((row, value)) => Err(Error::new(ErrorKind::Domain, "a value is not finite")
                .at(format!("row {row} of column `{}` of {family}", self.name))
                .expected("a finite number")
                .found(value)
                .hint(format!("leave such rows out: WHERE NOT isnan({0}) AND abs({0}) < 1e300", self.name))),
        }
    }
}

fn conversion(given: &str, wanted: &str) -> Result<f64> {
    if given == wanted {
        return Ok(1.0);
    }
    if given == UNKNOWN_UNIT {
        return Err(Error::mismatch("the unit of a column is not known").expected(wanted).hint(
            "the source does not name its units: put its parameter file beside it, or ingest it with --length-unit and --mass-unit",
        ));
    }
    Unit::parse(given)?.factor_to(&Unit::parse(wanted)?)
}

/// The rows of one family.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Family.
    pub(super) family: Family,
    /// Whether these are wind-phase cells.
    pub(super) winds: bool,
    /// Rows.
    pub(super) rows: usize,
    /// Wind-phase cells among the stars, at the end.
    pub(super) wind_rows: usize,
    /// Frame of the positions, where the column says.
    pub(super) frame: Option<String>,
    columns: Vec<Column>,
    /// Every column that came, for messages.
    given: String,
}

impl Table {
    /// Whether the column is there, with a value in every row.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some_and(|c| c.nulls == 0 && c.unit_fault.is_none())
    }

    /// A look at a column.
    pub(super) fn find(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// Takes a column that the format cannot do without.
    pub(super) fn required(&mut self, name: &str, format: &str) -> Result<Column> {
        let Some(at) = self.columns.iter().position(|c| c.name == name) else {
            return Err(Error::usage(format!("{format} needs the column `{name}` of {}", self.family))
                .found(&self.given)
                .hint(format!("select it too: SELECT id, x, y, z, vx, vy, vz, mass, ... FROM {}", self.family)));
        };
        let column = self.columns.remove(at);
        if let Some(fault) = column.unit_fault {
            return Err(fault.at(format!("column `{name}` of {}", self.family)));
        }
        if let Some(row) = column.first_null {
            return Err(Error::new(ErrorKind::Domain, "a value is NULL where the format needs a number")
                .at(format!("row {row} of column `{name}` of {}", self.family))
                .hint(format!("leave such rows out: WHERE {name} IS NOT NULL")));
        }
        column.refuse_not_finite(self.family)?;
        Ok(column)
    }

    /// Takes a column that may be absent; one with NULLs or without a known unit is left out with a note.
    pub(super) fn optional(&mut self, name: &str, notes: &mut Vec<String>) -> Result<Option<Column>> {
        let Some(at) = self.columns.iter().position(|c| c.name == name) else { return Ok(None) };
        let column = self.columns.remove(at);
        if column.nulls == self.rows as u64 && self.rows > 0 {
            return Ok(None);
        }
        let left_out = |why: String| format!("{}: `{name}` is left out, {why}", self.family);
        if column.nulls > 0 {
            notes.push(left_out(format!("for {} of {} rows have none", column.nulls, self.rows)));
            return Ok(None);
        }
        if let Some(fault) = &column.unit_fault {
            notes.push(left_out(fault.what().to_string()));
            return Ok(None);
        }
        column.refuse_not_finite(self.family)?;
        Ok(Some(column))
    }

    /// Names of the columns that were not taken.
    pub(super) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.name.clone()).collect()
    }

    /// Whether a column came from a field whose name begins so.
    pub(super) fn has_source(&self, prefix: &str) -> bool {
        self.columns.iter().any(|c| c.source.starts_with(prefix))
    }

    /// The same rows as stars that are all wind-phase cells.
    pub(super) fn into_stars(mut self) -> Table {
        self.wind_rows = self.rows;
        (self.family, self.winds) = (Family::Stars, false);
        self
    }

    /// Appends wind-phase cells to stars; what cells lack becomes zero, what stars lack is left out with a note.
    pub(super) fn absorb(&mut self, mut winds: Table, notes: &mut Vec<String>) -> Result<()> {
        for column in &mut self.columns {
            let more = winds.columns.iter().position(|c| c.name == column.name).map(|at| winds.columns.remove(at));
            match more.filter(|c| c.nulls == 0) {
                Some(more) => {
                    if let Some((row, value)) = more.not_finite {
                        column.not_finite.get_or_insert((self.rows + row, value));
                    }
                    column.values.extend(&more.values);
                }
                None => column.values.extend(&Values::F64(vec![0.0; winds.rows])),
            }
        }
        let lost: Vec<&str> = winds.columns.iter().filter(|c| c.nulls < winds.rows as u64).map(|c| c.name.as_str()).collect();
        if !lost.is_empty() {
            notes.push(format!("wind-phase cells: {} is left out, for stars have no such column", lost.join(", ")));
        }
        self.rows += winds.rows;
        self.wind_rows += winds.rows;
        Ok(())
    }

    /// Forgets a column whose meaning went elsewhere.
    pub(super) fn forget(&mut self, name: &str) {
        self.columns.retain(|c| c.name != name);
    }
}

/// Everything that one snapshot will hold.
#[derive(Debug)]
pub struct Particles {
    pub(super) tables: Vec<Table>,
    pub(super) left_out: BTreeMap<Family, BTreeSet<String>>,
    pub(super) notes: Vec<String>,
    rules: Rules,
    bytes: u64,
    most_bytes: Option<u64>,
}

impl Particles {
    pub(super) fn new(rules: Rules, most_bytes: Option<u64>) -> Particles {
        Particles { tables: Vec::new(), left_out: BTreeMap::new(), notes: Vec::new(), rules, bytes: 0, most_bytes }
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|t| t.rows as u64).sum()
    }

    /// Appends rows of `family`; rows with a column `family` say theirs themselves.
    pub fn add(&mut self, family: Option<Family>, batch: &RecordBatch) -> Result<()> {
        let Some((at, _)) = batch.schema().column_with_name("family") else {
            let family = family.ok_or_else(|| {
                Error::usage("the family of the rows is not known")
                    .hint("select from one table of a snapshot, or add a column: SELECT 'stars' AS family, ...")
            })?;
            return self.add_split(family, batch);
        };
        let names = cast(batch.column(at), &DataType::Utf8).map_err(|e| Error::usage("column `family` is no text").because(e))?;
        let names = names.as_string::<i32>();
        let mut rest = batch.clone();
        rest.remove_column(at);
        let found: BTreeSet<&str> = names.iter().flatten().collect();
        if names.null_count() > 0 {
            return Err(Error::usage("column `family` has NULL").expected("stars, gas, dark or black_holes"));
        }
        for name in found {
            let family = Family::from_name(name).ok_or_else(|| {
                Error::usage("column `family` names no family").expected("stars, gas, dark or black_holes").found(format!("`{name}`"))
            })?;
            let mask: BooleanArray = names.iter().map(|n| Some(n == Some(name))).collect();
            self.add_split(family, &filtered(&rest, &mask)?)?;
        }
        Ok(())
    }

    /// Splits rows off that have a family of their own in the format.
    fn add_split(&mut self, family: Family, batch: &RecordBatch) -> Result<()> {
        if !family.is_particles() || family == Family::Tracers {
            return Err(
                Error::usage(format!("rows of {family} are no particles of a snapshot")).expected("stars, gas, dark or black_holes")
            );
        }
        let (marker, own) = match family {
            Family::Gas => ("wind", Family::Gas),
            Family::Stars => ("black_hole", Family::BlackHoles),
            _ => return self.add_rows(family, false, batch),
        };
        let marks = batch
            .column_by_name(marker)
            .and_then(|c| c.as_boolean_opt())
            .filter(|_| family == Family::Gas || self.rules.splits_black_holes);
        let Some(marks) = marks else { return self.add_rows(family, false, batch) };
        let marked =
            |wanted: bool| -> BooleanArray { (0..marks.len()).map(|i| Some((marks.is_valid(i) && marks.value(i)) == wanted)).collect() };
        let without = |mut batch: RecordBatch| {
            if let Some((at, _)) = batch.schema().column_with_name(marker) {
                batch.remove_column(at);
            }
            batch
        };
        self.add_rows(family, false, &without(filtered(batch, &marked(false))?))?;
        self.add_rows(own, family == Family::Gas, &without(filtered(batch, &marked(true))?))
    }

    fn add_rows(&mut self, family: Family, winds: bool, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let schema = batch.schema();
        let at = match self.tables.iter().position(|t| t.family == family && t.winds == winds) {
            Some(at) => at,
            None => {
                let mut columns: Vec<Column> = Vec::new();
                for field in schema.fields() {
                    match Values::new(field.data_type()).filter(|_| (self.rules.keeps)(family, field.name())) {
                        Some(_) if columns.iter().any(|c| &c.name == field.name()) => {
                            return Err(Error::usage(format!("two columns are called `{}`", field.name()))
                                .hint("give one of them another name with AS"));
                        }
                        Some(values) => columns.push(Column::new(field, values)),
                        // The number of the snapshot is in the header and in the name of the file.
                        None if field.name() == "snap" => {}
                        None => {
                            self.left_out.entry(family).or_default().insert(field.name().clone());
                        }
                    }
                }
                let given: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
                let frame = schema.field_with_name("x").ok().and_then(|f| f.metadata().get(FRAME).cloned());
                self.tables.push(Table { family, winds, rows: 0, wind_rows: 0, frame, columns, given: given.join(", ") });
                self.tables.len() - 1
            }
        };
        if self.rows() + batch.num_rows() as u64 > self.rules.most_rows {
            return Err(Error::limit(format!("too many particles for {}", self.rules.name))
                .expected(format!("at most {}", self.rules.most_rows))
                .hint("select fewer with a condition, or export the families apart"));
        }
        let Some(table) = self.tables.get_mut(at) else { return Err(Error::internal("a table is missing")) };
        for column in &mut table.columns {
            let array = batch
                .column_by_name(&column.name)
                .ok_or_else(|| Error::mismatch(format!("some rows of {family} lack the column `{}`", column.name)))?;
            self.bytes += column.append(array)?;
        }
        table.rows += batch.num_rows();
        match self.most_bytes {
            Some(most) if self.bytes > most => Err(Error::limit("the export does not fit into the allowed memory")
                .expected(format!("at most {most} bytes of columns"))
                .hint("select fewer columns, families or rows, or allow more with --memory")),
            _ => Ok(()),
        }
    }

    /// The note about columns that the format has no place for.
    pub(super) fn left_out_notes(&self, format: &str) -> Vec<String> {
        self.left_out
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(family, names)| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("{family}: {format} has no place for {}", names.join(", "))
            })
            .collect()
    }
}

/// Identifiers of each table, taken out of it; rows without any are numbered after the greatest one.
pub(super) fn identifiers(tables: &mut [Table], notes: &mut Vec<String>) -> Result<Vec<Vec<u64>>> {
    let mut found = Vec::with_capacity(tables.len());
    for table in tables.iter_mut() {
        let Some(column) = table.optional("id", notes)? else {
            found.push(None);
            continue;
        };
        let wrong = |what: String| {
            Error::mismatch("identifiers are whole numbers, not negative").at(format!("column `id` of {}", table.family)).found(what)
        };
        found.push(Some(match column.values {
            Values::U64(v) => v,
            Values::I64(v) => v.iter().map(|i| u64::try_from(*i).map_err(|_| wrong(i.to_string()))).collect::<Result<_>>()?,
            other => return Err(wrong(format!("{}", other.data_type())).hint("CAST(id AS BIGINT UNSIGNED)")),
        }));
    }
    let most = found.iter().flatten().flatten().max().copied();
    let mut next = most.map_or(0, |most| most.saturating_add(1));
    let mut all = Vec::with_capacity(found.len());
    for (table, ids) in tables.iter().zip(found) {
        all.push(match ids {
            Some(ids) => ids,
            None => {
                let from = next;
                next = next.checked_add(table.rows as u64).filter(|_| most != Some(u64::MAX)).ok_or_else(|| {
                    Error::unsupported(format!("no identifiers are left for the rows of {}", table.family))
                        .found(format!("{} as the greatest `id` of the others", most.unwrap_or(0)))
                        .hint("select id of every family")
                })?;
                notes.push(format!("{}: there is no column `id`, so the rows are numbered from {from} on", table.family));
                (from..next).collect()
            }
        });
    }
    Ok(all)
}

fn filtered(batch: &RecordBatch, mask: &BooleanArray) -> Result<RecordBatch> {
    filter_record_batch(batch, mask).map_err(|e| Error::internal("cannot take rows apart").because(e))
}

#[cfg(test)]
mod tests;
