//! Columns as bytes of HDF5 datasets: numbers little-endian, vectors side by side, in code units.
//!
//! Accuracy   a value is divided by its factor in f64 and rounded once to the precision of its column; positions are always f64
//! Cost       one copy of a column, which is dropped then
//! See also   `scaling` for the attributes, `gadget_hdf5` for the groups

use hdf5_pure::{GroupBuilder, make_f32_type, make_f64_type, make_i64_type, make_u8_type, make_u64_type};

use super::gather::{Column, Values};
use super::scaling::Attribute;

/// Type of the stored numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    F32,
    F64,
    I64,
    U64,
    U8,
}

/// One dataset.
#[derive(Clone, Debug)]
pub(super) struct Dataset {
    /// Name; before a slash that of an inner group.
    pub(super) name: String,
    kind: Kind,
    bytes: Vec<u8>,
    rows: u64,
    components: u64,
    attributes: Vec<Attribute>,
}

impl Dataset {
    /// A column divided by `factor`.
    pub(super) fn scalar(name: &str, values: Values, factor: f64, attributes: Vec<Attribute>) -> Dataset {
        let rows = values.len() as u64;
        let scaled = factor != 1.0;
        let (kind, bytes) = match values {
            Values::F32(v) if scaled => (Kind::F32, v.iter().flat_map(|x| ((f64::from(*x) / factor) as f32).to_le_bytes()).collect()),
            Values::F32(v) => (Kind::F32, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
            Values::I64(v) if !scaled => (Kind::I64, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
            Values::U64(v) if !scaled => (Kind::U64, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
            Values::Flags(v) if !scaled => (Kind::U8, v.iter().map(|x| u8::from(*x)).collect()),
            other => (Kind::F64, other.numbers().flat_map(|x| (x / factor).to_le_bytes()).collect()),
        };
        Dataset { name: name.to_string(), kind, bytes, rows, components: 1, attributes }
    }

    /// Columns side by side; `value` gets the number, its row and its component.
    pub(super) fn vector(
        name: &str,
        columns: &[Column],
        double: bool,
        attributes: Vec<Attribute>,
        value: &mut dyn FnMut(f64, usize, usize) -> f64,
    ) -> Dataset {
        let rows = columns.first().map_or(0, |c| c.values.len());
        let single = !double && columns.iter().all(|c| matches!(c.values, Values::F32(_)));
        let mut bytes = Vec::with_capacity(rows * columns.len() * if single { 4 } else { 8 });
        for row in 0..rows {
            for (component, column) in columns.iter().enumerate() {
                let number = value(column.values.at(row), row, component);
                if single {
                    bytes.extend_from_slice(&(number as f32).to_le_bytes());
                } else {
                    bytes.extend_from_slice(&number.to_le_bytes());
                }
            }
        }
        let kind = if single { Kind::F32 } else { Kind::F64 };
        Dataset { name: name.to_string(), kind, bytes, rows: rows as u64, components: columns.len() as u64, attributes }
    }

    /// Puts the dataset into its group.
    pub(super) fn put(self, group: &mut GroupBuilder) {
        let name = self.name.rsplit('/').next().unwrap_or(&self.name);
        let dataset = group.create_dataset(name);
        let data_type = match self.kind {
            Kind::F32 => make_f32_type(),
            Kind::F64 => make_f64_type(),
            Kind::I64 => make_i64_type(),
            Kind::U64 => make_u64_type(),
            Kind::U8 => make_u8_type(),
        };
        if self.components > 1 {
            dataset.with_shape(&[self.rows, self.components]);
        }
        dataset.with_raw_data(data_type, self.bytes, self.rows * self.components);
        for (name, value) in self.attributes {
            dataset.set_attr(name, value);
        }
    }
}
