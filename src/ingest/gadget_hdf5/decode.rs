//! Stored bytes to column values: byte order, width, component and factor in one pass.
//!
//! Layout     a block of rows as in the file; one component of it is appended to one column
//! Accuracy   a factor is applied in f64 and rounded once to the column's own precision; a factor of 1 keeps every bit
//! Edge cases negative identifiers of 4 bytes are the unsigned numbers with the same bits; NaN and infinities pass unchanged
//! Cost       one load, one multiply and one store per value
//! See also   `file` for the bytes, `read` for the order of blocks

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, UInt32Array, UInt64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;

use super::file::{Dataset, Kind};

/// Values of one column while it is being filled.
#[derive(Debug)]
pub(in crate::ingest) enum Buffer {
    /// Single precision.
    Float32(Vec<f32>),
    /// Double precision.
    Float64(Vec<f64>),
    /// Signed, 4 bytes.
    Int32(Vec<i32>),
    /// Signed, 8 bytes.
    Int64(Vec<i64>),
    /// Unsigned, 4 bytes.
    UInt32(Vec<u32>),
    /// Unsigned, 8 bytes.
    UInt64(Vec<u64>),
    /// Flags.
    Boolean(Vec<bool>),
}

macro_rules! every {
    ($buffer:expr, $v:ident => $action:expr) => {
        match $buffer {
            Buffer::Float32($v) => $action,
            Buffer::Float64($v) => $action,
            Buffer::Int32($v) => $action,
            Buffer::Int64($v) => $action,
            Buffer::UInt32($v) => $action,
            Buffer::UInt64($v) => $action,
            Buffer::Boolean($v) => $action,
        }
    };
}

impl Buffer {
    /// An empty column of `data_type` with room for `rows`.
    pub(in crate::ingest) fn new(data_type: &DataType, rows: usize) -> Buffer {
        match data_type {
            DataType::Float32 => Buffer::Float32(Vec::with_capacity(rows)),
            DataType::Int32 => Buffer::Int32(Vec::with_capacity(rows)),
            DataType::Int64 => Buffer::Int64(Vec::with_capacity(rows)),
            DataType::UInt32 => Buffer::UInt32(Vec::with_capacity(rows)),
            DataType::UInt64 => Buffer::UInt64(Vec::with_capacity(rows)),
            DataType::Boolean => Buffer::Boolean(Vec::with_capacity(rows)),
            _ => Buffer::Float64(Vec::with_capacity(rows)),
        }
    }

    /// Values so far.
    pub(in crate::ingest) fn len(&self) -> usize {
        every!(self, v => v.len())
    }

    /// Appends `count` values that will be null.
    pub(in crate::ingest) fn push_defaults(&mut self, count: usize) {
        every!(self, v => v.resize(v.len() + count, Default::default()))
    }

    /// Appends `count` times `value`.
    pub(in crate::ingest) fn push_constant(&mut self, value: f64, count: usize) {
        match self {
            Buffer::Float32(v) => v.resize(v.len() + count, value as f32),
            Buffer::Boolean(v) => v.resize(v.len() + count, value != 0.0),
            _ => self.push_floats(std::iter::repeat_n(value, count)),
        }
    }

    /// Appends numbers.
    pub(in crate::ingest) fn push_floats(&mut self, values: impl Iterator<Item = f64>) {
        match self {
            Buffer::Float32(v) => v.extend(values.map(|x| x as f32)),
            Buffer::Float64(v) => v.extend(values),
            Buffer::Int32(v) => v.extend(values.map(|x| x as i32)),
            Buffer::Int64(v) => v.extend(values.map(|x| x as i64)),
            Buffer::UInt32(v) => v.extend(values.map(|x| x as u32)),
            Buffer::UInt64(v) => v.extend(values.map(|x| x as u64)),
            Buffer::Boolean(v) => v.extend(values.map(|x| x != 0.0)),
        }
    }

    /// Appends identifiers.
    pub(in crate::ingest) fn push_numbers(&mut self, values: std::ops::Range<u64>) {
        match self {
            Buffer::UInt64(v) => v.extend(values),
            _ => self.push_floats(values.map(|x| x as f64)),
        }
    }

    /// The first index at or after `from` whose value is not inside `low..=high`; NaN is outside.
    pub(in crate::ingest) fn outside(&self, from: usize, low: f64, high: f64) -> Option<(usize, f64)> {
        let found = |v: f64| !(v >= low && v <= high);
        match self {
            Buffer::Float32(v) => v.iter().skip(from).position(|x| found(f64::from(*x))).map(|i| (from + i, f64::from(v[from + i]))),
            Buffer::Float64(v) => v.iter().skip(from).position(|x| found(*x)).map(|i| (from + i, v[from + i])),
            _ => None,
        }
    }

    /// The finished column; `valid` marks values that are not null.
    pub(in crate::ingest) fn finish(self, valid: Option<Vec<bool>>) -> ArrayRef {
        let nulls = valid.map(NullBuffer::from);
        match self {
            Buffer::Float32(v) => Arc::new(Float32Array::new(v.into(), nulls)),
            Buffer::Float64(v) => Arc::new(Float64Array::new(v.into(), nulls)),
            Buffer::Int32(v) => Arc::new(Int32Array::new(v.into(), nulls)),
            Buffer::Int64(v) => Arc::new(Int64Array::new(v.into(), nulls)),
            Buffer::UInt32(v) => Arc::new(UInt32Array::new(v.into(), nulls)),
            Buffer::UInt64(v) => Arc::new(UInt64Array::new(v.into(), nulls)),
            Buffer::Boolean(v) => Arc::new(BooleanArray::new(v.into(), nulls)),
        }
    }
}

/// Arrow type of a column that is stored as `kind`; scaled integers become Float64.
pub(in crate::ingest) fn column_type(kind: Kind, scaled: bool) -> DataType {
    match kind {
        Kind::Float16 | Kind::Float32 => DataType::Float32,
        Kind::Float64 => DataType::Float64,
        Kind::Signed(_) | Kind::Unsigned(_) if scaled => DataType::Float64,
        Kind::Signed(8) => DataType::Int64,
        Kind::Signed(_) => DataType::Int32,
        Kind::Unsigned(8) => DataType::UInt64,
        Kind::Unsigned(_) => DataType::UInt32,
    }
}

/// The narrowest type that holds values of both: parts of one table may be stored differently.
pub(in crate::ingest) fn common_type(a: &DataType, b: &DataType) -> DataType {
    match (a, b) {
        _ if a == b => a.clone(),
        (DataType::UInt32, DataType::UInt64) | (DataType::UInt64, DataType::UInt32) => DataType::UInt64,
        (DataType::Int32, DataType::Int64) | (DataType::Int64, DataType::Int32) => DataType::Int64,
        _ => DataType::Float64,
    }
}

/// One component of a block of rows.
#[derive(Clone, Copy)]
struct Component<'a> {
    bytes: &'a [u8],
    row_bytes: usize,
    offset: usize,
    big_endian: bool,
}

impl<'a> Component<'a> {
    fn words<const N: usize>(self) -> impl Iterator<Item = [u8; N]> + 'a {
        self.bytes.chunks_exact(self.row_bytes).map(move |row| {
            let mut word = [0u8; N];
            word.copy_from_slice(&row[self.offset..self.offset + N]);
            if self.big_endian {
                word.reverse();
            }
            word
        })
    }
}

/// Appends component `component` of the rows in `bytes`, times `factor`.
pub(in crate::ingest) fn append(buffer: &mut Buffer, dataset: &Dataset, component: usize, bytes: &[u8], factor: f64) {
    let kind = dataset.kind;
    let c = Component { bytes, row_bytes: dataset.row_bytes(), offset: component * kind.width(), big_endian: dataset.big_endian };
    match (kind, &mut *buffer) {
        (Kind::Float32, Buffer::Float32(v)) if factor == 1.0 => v.extend(c.words().map(f32::from_le_bytes)),
        (Kind::Float32, Buffer::Float32(v)) => v.extend(c.words().map(|w| (f64::from(f32::from_le_bytes(w)) * factor) as f32)),
        (Kind::Float32, _) => buffer.push_floats(c.words().map(|w| f64::from(f32::from_le_bytes(w)) * factor)),
        (Kind::Float64, _) => buffer.push_floats(c.words().map(|w| f64::from_le_bytes(w) * factor)),
        (Kind::Float16, _) => buffer.push_floats(c.words().map(|w| half(u16::from_le_bytes(w)) * factor)),
        (Kind::Unsigned(8), Buffer::UInt64(v)) => v.extend(c.words().map(u64::from_le_bytes)),
        (Kind::Unsigned(4), Buffer::UInt64(v)) => v.extend(c.words().map(|w| u64::from(u32::from_le_bytes(w)))),
        (Kind::Signed(8), Buffer::UInt64(v)) => v.extend(c.words().map(u64::from_le_bytes)),
        (Kind::Signed(4), Buffer::UInt64(v)) => v.extend(c.words().map(|w| u64::from(u32::from_le_bytes(w)))),
        (Kind::Signed(8), Buffer::Int64(v)) => v.extend(c.words().map(i64::from_le_bytes)),
        (Kind::Signed(8), _) => buffer.push_floats(c.words().map(|w| i64::from_le_bytes(w) as f64 * factor)),
        (Kind::Signed(4), _) => buffer.push_floats(c.words().map(|w| f64::from(i32::from_le_bytes(w)) * factor)),
        (Kind::Signed(2), _) => buffer.push_floats(c.words().map(|w| f64::from(i16::from_le_bytes(w)) * factor)),
        (Kind::Signed(_), _) => buffer.push_floats(c.words().map(|w| f64::from(i8::from_le_bytes(w)) * factor)),
        (Kind::Unsigned(8), _) => buffer.push_floats(c.words().map(|w| u64::from_le_bytes(w) as f64 * factor)),
        (Kind::Unsigned(4), _) => buffer.push_floats(c.words().map(|w| f64::from(u32::from_le_bytes(w)) * factor)),
        (Kind::Unsigned(2), _) => buffer.push_floats(c.words().map(|w| f64::from(u16::from_le_bytes(w)) * factor)),
        (Kind::Unsigned(_), _) => buffer.push_floats(c.words().map(|w| f64::from(u8::from_le_bytes(w)) * factor)),
    }
}

/// An IEEE 754 half as f64: sign, 5 bits of exponent (bias 15), 10 bits of fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    sign * match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_ieee_754() {
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 5.960464477539063e-8), (0x3555, 0.333251953125)] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan());
        assert_eq!(half(0xfc00), f64::NEG_INFINITY);
    }

    #[test]
    fn components_are_picked_in_either_byte_order() {
        let rows: Vec<u8> = [1.5f32, -2.0, 3.0, 4.0].iter().flat_map(|v| v.to_be_bytes()).collect();
        let c = Component { bytes: &rows, row_bytes: 8, offset: 4, big_endian: true };
        assert_eq!(c.words().map(f32::from_le_bytes).collect::<Vec<_>>(), [-2.0, 4.0]);
    }

    #[test]
    fn values_outside_a_range_are_found_and_nan_is_outside() {
        let b = Buffer::Float32(vec![0.0, 5.0, f32::NAN, 99.0]);
        assert_eq!(b.outside(0, 0.0, 10.0).map(|o| o.0), Some(2));
        assert_eq!(b.outside(3, 0.0, 10.0), Some((3, 99.0)));
        assert_eq!(Buffer::Float64(vec![1.0]).outside(0, 0.0, 1.0), None);
    }

    #[test]
    fn types_of_parts_are_joined_without_loss() {
        assert_eq!(common_type(&DataType::Float32, &DataType::Float64), DataType::Float64);
        assert_eq!(common_type(&DataType::UInt32, &DataType::UInt64), DataType::UInt64);
        assert_eq!(column_type(Kind::Unsigned(2), false), DataType::UInt32);
        assert_eq!(column_type(Kind::Signed(4), true), DataType::Float64);
    }
}
