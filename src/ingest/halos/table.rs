//! Builds a table of a catalogue: canonical columns first, each with its unit, its field of the file and its factor.
//!
//! Layout     canonical columns in their own order, then the others in the order of the file
//! Edge cases a name that is taken gets a number (`rs`, `rs_2`); `snap` of a halo table would clash with the dataset's and is `snap_file`
//! See also   `table::schema` for names and units, `text` and `hdf` for the values

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, Int32Array, RecordBatch, UInt64Array};
use arrow::datatypes::{Field, Schema};

use crate::error::{Error, Result};
use crate::table::schema::{COLUMNS, DESCRIPTION, FieldInfo, canonical, field};

use super::units::{Kind, Scale};

/// Columns that hold a value in every row.
const REQUIRED: [&str; 3] = ["halo_id", "id", "family"];
/// Columns whose definition is the choice of the catalogue, so that its own name is told with them.
const DEFINED: [&str; 3] = ["mass", "radius", "spin"];
/// Columns that are positions or velocities, and so can be moved into a frame.
const VECTORS: [&str; 6] = ["x", "y", "z", "vx", "vy", "vz"];

/// Name, origin and meaning of one column.
#[derive(Clone, Debug, Default)]
pub(super) struct Column<'a> {
    /// Column name.
    pub name: &'a str,
    /// Field of the file.
    pub source: &'a str,
    /// Unit, where the name is not canonical.
    pub unit: &'a str,
    /// One line that replaces the canonical one.
    pub description: Option<String>,
    /// Factor that was applied.
    pub factor: Option<f64>,
}

/// Columns of one table while it grows.
#[derive(Debug, Default)]
pub(super) struct Table {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Table {
    /// Adds a column.
    pub fn put(&mut self, column: Column<'_>, array: ArrayRef) {
        let known = canonical(column.name);
        let info = FieldInfo {
            unit: known.map_or(column.unit, |c| c.unit).to_string(),
            description: column.description.unwrap_or_else(|| match known {
                Some(c) if DEFINED.contains(&column.name) && !column.source.is_empty() => format!("{}: {}", c.description, column.source),
                Some(c) => c.description.to_string(),
                None if column.source.is_empty() => String::new(),
                None => format!("{} of the catalogue", column.source),
            }),
            frame: if VECTORS.contains(&column.name) { "box".into() } else { String::new() },
            source: column.source.to_string(),
            factor: column.factor,
        };
        let mut name = column.name.to_string();
        let mut number = 2;
        while self.has(&name) {
            name = format!("{}_{number}", column.name);
            number += 1;
        }
        self.fields.push(field(&name, array.data_type().clone(), !REQUIRED.contains(&name.as_str()), &info));
        self.arrays.push(array);
    }

    /// Adds whole numbers, null where there are none.
    pub fn whole(&mut self, name: &str, source: &str, values: impl IntoIterator<Item = Option<u64>>) {
        self.put(Column { name, source, unit: "1", ..Column::default() }, Arc::new(UInt64Array::from_iter(values)));
    }

    /// Adds snapshot numbers, null where there are none.
    pub fn snaps(&mut self, name: &str, source: &str, values: impl IntoIterator<Item = Option<i32>>) {
        self.put(Column { name, source, unit: "1", ..Column::default() }, Arc::new(Int32Array::from_iter(values)));
    }

    /// Adds flags, null where nobody knows.
    pub fn flags(&mut self, name: &str, source: &str, values: impl IntoIterator<Item = Option<bool>>) {
        let array: BooleanArray = values.into_iter().collect();
        self.put(Column { name, source, unit: "1", ..Column::default() }, Arc::new(array));
    }

    /// Adds numbers of a known meaning, converted; a scale of its own for each row where `scales` has several.
    pub fn reals(&mut self, name: &str, source: &str, kind: Kind, mut values: Vec<f64>, scales: &[Scale]) {
        let mut factor = None;
        match scales {
            [scale] => {
                factor = scale.factor(kind);
                if let Some(factor) = factor {
                    values.iter_mut().for_each(|v| *v *= factor);
                }
            }
            many => values.iter_mut().zip(many).for_each(|(v, scale)| *v *= scale.factor(kind).unwrap_or(1.0)),
        }
        self.put(Column { name, source, unit: kind.unit(), factor, ..Column::default() }, Arc::new(Float64Array::from(values)));
    }

    /// Gives a column another description.
    pub fn describe(&mut self, name: &str, text: &str) {
        if let Some(found) = self.fields.iter_mut().find(|f| f.name() == name) {
            found.metadata_mut().insert(DESCRIPTION.to_string(), text.to_string());
        }
    }

    /// Whether there is such a column.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|f| f.name() == name)
    }

    /// The whole numbers of a column.
    pub fn wholes(&self, name: &str) -> Option<&UInt64Array> {
        self.array(name)?.as_any().downcast_ref()
    }

    /// The doubles of a column.
    pub fn doubles(&self, name: &str) -> Option<&Float64Array> {
        self.array(name)?.as_any().downcast_ref()
    }

    fn array(&self, name: &str) -> Option<&ArrayRef> {
        self.arrays.get(self.fields.iter().position(|f| f.name() == name)?)
    }

    /// The finished table.
    pub fn finish(self) -> Result<RecordBatch> {
        let rank =
            |name: &str| COLUMNS.iter().position(|c| c.name == name).map_or(usize::MAX, |at| if name == "halo_id" { 0 } else { at + 1 });
        let mut order: Vec<usize> = (0..self.fields.len()).collect();
        order.sort_by_key(|i| self.fields.get(*i).map_or(usize::MAX, |f| rank(f.name())));
        let fields: Vec<Field> = order.iter().filter_map(|i| self.fields.get(*i).cloned()).collect();
        let arrays: Vec<ArrayRef> = order.iter().filter_map(|i| self.arrays.get(*i).cloned()).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
            .map_err(|e| Error::internal("columns of a catalogue do not fit").because(e))
    }
}

/// A name of the file as a column name: `A[x](500c)` is `a_x_500c`, `T/|U|` is `t_u`, `mmp?` is `mmp`.
pub(super) fn own_name(name: &str) -> String {
    let mut column = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            column.push(letter.to_ascii_lowercase());
        } else if !column.ends_with('_') && !column.is_empty() {
            column.push('_');
        }
    }
    let column = column.trim_end_matches('_');
    match column {
        "" => "unnamed".to_string(),
        "snap" => "snap_file".to_string(),
        digits if digits.starts_with(|c: char| c.is_ascii_digit()) => format!("c_{digits}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::schema::{FACTOR, SOURCE, unit_of};

    #[test]
    fn canonical_columns_come_first_and_carry_what_was_done() {
        let mut table = Table::default();
        table.reals("xoff", "Xoff", Kind::Kpc, vec![7.0], &[Scale { h: 0.7, a: 0.5 }]);
        table.reals("mass", "Mvir", Kind::Mass, vec![7e11], &[Scale { h: 0.7, a: 0.5 }]);
        table.whole("halo_id", "ID", [Some(3)]);
        table.reals("xoff", "Xoff", Kind::Unknown, vec![7.0], &[Scale { h: 0.7, a: 0.5 }]);
        let batch = table.finish().unwrap();
        let schema = batch.schema();
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["halo_id", "mass", "xoff", "xoff_2"]);
        assert_eq!(unit_of(schema.field(1)), "Msun");
        assert_eq!(
            (schema.field(1).metadata()[SOURCE].as_str(), schema.field(2).metadata()[FACTOR].as_str()),
            ("Mvir", "7.142857142857143e-1")
        );
        assert_eq!(unit_of(schema.field(3)), "unknown");
        let mass: &Float64Array = batch.column(1).as_any().downcast_ref().unwrap();
        assert!((mass.value(0) / 1e12 - 1.0).abs() < 1e-15);
        assert!(!schema.field(0).is_nullable() && schema.field(1).is_nullable());
    }

    #[test]
    fn names_become_columns() {
        for (name, column) in [
            ("A[x](500c)", "a_x_500c"),
            ("T/|U|", "t_u"),
            ("mmp?", "mmp"),
            ("b_to_a", "b_to_a"),
            ("2D", "c_2d"),
            ("?", "unnamed"),
            ("Snap", "snap_file"),
        ] {
            assert_eq!(own_name(name), column);
        }
    }

    #[test]
    fn rows_may_have_scales_of_their_own() {
        let mut table = Table::default();
        table.reals("r", "r", Kind::Kpc, vec![1.0, 1.0], &[Scale { h: 0.5, a: 0.5 }, Scale { h: 0.5, a: 1.0 }]);
        assert_eq!(table.doubles("r").unwrap().values(), &[1.0, 2.0]);
        assert!(!table.finish().unwrap().schema().field(0).metadata().contains_key(FACTOR));
    }
}
