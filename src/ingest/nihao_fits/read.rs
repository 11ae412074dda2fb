//! Reading rows of a FITS table: big-endian values of one field after the other, straight from the mapped file.
//!
//! Formula    value = TZERO + TSCAL x stored, then times the factor of the unit
//! Refuses    positions that are not finite, flags that are neither T, F nor 0, text that is no ASCII, each with the row
//! Accuracy   single precision stays single; factors are applied in f64 and rounded once
//! Edge cases TNULL and flags of 0 give null; NaN stays NaN; text ends at the first zero byte and loses blanks at its end
//! Cost       one strided pass over the rows for each column; columns run on the thread pool
//! See also   `columns`, `table`

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray, UInt64Array,
};
use arrow::datatypes::DataType;
use rayon::prelude::*;

use super::columns::{Columns, Source, scaled, unsigned};
use super::table::{Field, Kind, Table};
use crate::error::{Error, Result};
use crate::ingest::mapped::Mapped;

/// Columns `columns` of rows `rows`.
pub(super) fn read(map: &Mapped, table: &Table, all: &Columns, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
    if rows.start > rows.end || rows.end > table.rows {
        return Err(Error::internal(format!("rows {} to {} asked of {}", rows.start, rows.end, table.rows)));
    }
    let schema = Arc::new(all.schema.project(columns).map_err(|e| Error::internal("column outside the schema").because(e))?);
    let count = usize::try_from(rows.end - rows.start).map_err(|_| Error::limit("too many rows at once"))?;
    map.check()?;
    let start = table.start + rows.start as usize * table.row_bytes;
    let bytes = map.bytes().get(start..start + count * table.row_bytes).ok_or_else(|| Error::internal("rows outside the table"))?;
    let make = |column: &usize| {
        let source = all.sources.get(*column).ok_or_else(|| Error::internal("column outside the schema"))?;
        let Source::Stored { field, component, factor } = *source else {
            return Ok(Arc::new(UInt64Array::from_iter_values(rows.clone())) as ArrayRef);
        };
        let stored = table.fields.get(field).ok_or_else(|| Error::internal("field outside the table"))?;
        let arrow_field = all.schema.field(*column);
        let values = Values { bytes, row_bytes: table.row_bytes, stored, component, first: rows.start, factor: factor.unwrap_or(1.0) };
        let array = values.array(arrow_field.data_type()).map_err(|e| e.because(format!("read from `{}`", map.path().display())))?;
        if matches!(arrow_field.name().as_str(), "x" | "y" | "z") {
            values.check_finite(map)?;
        }
        Ok(array)
    };
    let arrays = columns.par_iter().map(make).collect::<Result<Vec<ArrayRef>>>()?;
    RecordBatch::try_new_with_options(schema, arrays, &RecordBatchOptions::new().with_row_count(Some(count)))
        .map_err(|e| Error::internal("columns do not form a table").because(e))
}

/// One value of each row.
struct Values<'a> {
    bytes: &'a [u8],
    row_bytes: usize,
    stored: &'a Field,
    component: usize,
    first: u64,
    factor: f64,
}

impl Values<'_> {
    fn words<const N: usize>(&self) -> impl Iterator<Item = [u8; N]> {
        let offset = self.stored.offset + self.component * N;
        self.bytes
            .chunks_exact(self.row_bytes.max(1))
            .map(move |row| row.get(offset..).and_then(|tail| tail.first_chunk::<N>()).copied().unwrap_or([0; N]))
    }

    /// Integers as stored, with the offset of unsigned ones.
    fn integers(&self) -> Box<dyn Iterator<Item = i128> + '_> {
        let zero = if unsigned(self.stored) { self.stored.zero as i128 } else { 0 };
        match self.stored.kind {
            Kind::Byte => Box::new(self.words::<1>().map(|w| i128::from(w[0]))),
            Kind::Short => Box::new(self.words().map(move |w| i128::from(i16::from_be_bytes(w)) + zero)),
            Kind::Int => Box::new(self.words().map(move |w| i128::from(i32::from_be_bytes(w)) + zero)),
            _ => Box::new(self.words().map(move |w| i128::from(i64::from_be_bytes(w)) + zero)),
        }
    }

    /// Whether an integer stands for a missing value; TNULL is compared before the offset.
    fn is_null(&self, value: i128) -> bool {
        let zero = if unsigned(self.stored) { self.stored.zero as i128 } else { 0 };
        self.stored.null.is_some_and(|null| i128::from(null) + zero == value)
    }

    /// Values with TSCAL, TZERO and the factor.
    fn reals(&self) -> Box<dyn Iterator<Item = Option<f64>> + '_> {
        let (scale, zero) = if scaled(self.stored) { (self.stored.scale, self.stored.zero) } else { (1.0, 0.0) };
        let k = self.factor;
        match self.stored.kind {
            Kind::Single => Box::new(self.words().map(move |w| Some((zero + scale * f64::from(f32::from_be_bytes(w))) * k))),
            Kind::Double => Box::new(self.words().map(move |w| Some((zero + scale * f64::from_be_bytes(w)) * k))),
            _ => Box::new(self.integers().map(move |v| (!self.is_null(v)).then_some((zero + scale * v as f64) * k))),
        }
    }

    fn array(&self, data_type: &DataType) -> Result<ArrayRef> {
        let present = |v: i128| (!self.is_null(v)).then_some(v);
        let plain = self.factor == 1.0 && !scaled(self.stored);
        Ok(match (data_type, self.stored.kind) {
            (DataType::Float32, Kind::Single) if plain => Arc::new(Float32Array::from_iter_values(self.words().map(f32::from_be_bytes))),
            (DataType::Float32, _) => Arc::new(Float32Array::from_iter_values(self.reals().map(|v| v.unwrap_or(f64::NAN) as f32))),
            (DataType::Float64, Kind::Single | Kind::Double) => {
                Arc::new(Float64Array::from_iter_values(self.reals().map(|v| v.unwrap_or(f64::NAN))))
            }
            (DataType::Float64, _) => Arc::new(Float64Array::from_iter(self.reals())),
            (DataType::Int32, _) => Arc::new(Int32Array::from_iter(self.integers().map(|v| present(v).map(|v| v as i32)))),
            (DataType::Int64, _) => Arc::new(Int64Array::from_iter(self.integers().map(|v| present(v).map(|v| v as i64)))),
            // Identifiers stored as negative numbers are the unsigned ones with the same bits.
            (DataType::UInt64, Kind::Int) if !unsigned(self.stored) => {
                Arc::new(UInt64Array::from_iter_values(self.integers().map(|v| u64::from(v as u32))))
            }
            (DataType::UInt64, _) if self.stored.null.is_some() => {
                Arc::new(UInt64Array::from_iter(self.integers().map(|v| present(v).map(|v| v as u64))))
            }
            (DataType::UInt64, _) => Arc::new(UInt64Array::from_iter_values(self.integers().map(|v| v as u64))),
            (DataType::Boolean, _) => Arc::new(BooleanArray::from(self.flags()?)),
            (DataType::Utf8, _) => Arc::new(StringArray::from(self.texts()?)),
            (other, kind) => return Err(Error::internal(format!("no column of {kind:?} has type {other}"))),
        })
    }

    fn wrong(&self, row: usize, expected: &str, found: String) -> Error {
        Error::damaged(format!("value of column `{}` makes no sense", self.stored.name))
            .at(format!("row {} of the table", self.first + row as u64))
            .expected(expected)
            .found(found)
    }

    fn flags(&self) -> Result<Vec<Option<bool>>> {
        let flag = |(row, word): (usize, [u8; 1])| match word[0] {
            b'T' => Ok(Some(true)),
            b'F' => Ok(Some(false)),
            0 => Ok(None),
            other => Err(self.wrong(row, "T, F or 0", format!("byte {other}"))),
        };
        self.words::<1>().enumerate().map(flag).collect()
    }

    fn texts(&self) -> Result<Vec<&str>> {
        let range = self.stored.offset..self.stored.offset + self.stored.repeat;
        let mut out = Vec::with_capacity(self.bytes.len() / self.row_bytes.max(1));
        for (row, bytes) in self.bytes.chunks_exact(self.row_bytes.max(1)).enumerate() {
            let letters = bytes.get(range.clone()).unwrap_or_default();
            let letters = letters.split(|b| *b == 0).next().unwrap_or_default();
            match std::str::from_utf8(letters).ok().filter(|t| t.is_ascii()) {
                Some(text) => out.push(text.trim_end()),
                None => return Err(self.wrong(row, "ASCII text", format!("bytes {:02x?}", &letters[..letters.len().min(8)]))),
            }
        }
        Ok(out)
    }

    fn check_finite(&self, map: &Mapped) -> Result<()> {
        match self.reals().position(|v| !v.is_some_and(f64::is_finite)) {
            None => Ok(()),
            Some(row) => Err(Error::damaged("position makes no sense")
                .at(format!("column `{}` of row {} of `{}`", self.stored.name, self.first + row as u64, map.path().display()))
                .expected("a finite number")
                .found("NaN, infinity or nothing")),
        }
    }
}
