//! Fills Arrow columns from mapped Tipsy records, arrays and star formation logs.
//!
//! Layout     rows are cut into blocks that stay in cache; each block fills its piece of every asked column
//! Units      stored value x factor in f64, rounded once to the stored precision
//! Edge cases an identifier stored as a negative i32 is one above 2^31 that wrapped: it is read as unsigned
//! Cost       one pass over the records whatever the number of columns; blocks run on the thread pool
//! See also   `columns` for the sources

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, SchemaRef};
use rayon::prelude::*;

use super::TipsySnapshot;
use super::columns::{Formed, Source, Table, block};
use super::companion::Values;
use super::header::ByteOrder;
use super::starlog::Starlog;
use super::text::Parsed;
use crate::error::{Error, Result};
use crate::ingest::Family;

/// Rows of a block: 44-byte records of one block fill a second-level cache no more than half.
const BLOCK_ROWS: usize = 8192;

/// A column while it is filled.
enum Buffer {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U64(Vec<u64>),
    Bool(Vec<bool>),
}

/// The piece of a column that one block fills.
enum Piece<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
    I32(&'a mut [i32]),
    I64(&'a mut [i64]),
    U64(&'a mut [u64]),
    Bool(&'a mut [bool]),
}

impl Buffer {
    fn new(data_type: &DataType, rows: usize) -> Result<Buffer> {
        Ok(match data_type {
            DataType::Float32 => Buffer::F32(vec![0.0; rows]),
            DataType::Float64 => Buffer::F64(vec![0.0; rows]),
            DataType::Int32 => Buffer::I32(vec![0; rows]),
            DataType::Int64 => Buffer::I64(vec![0; rows]),
            DataType::UInt64 => Buffer::U64(vec![0; rows]),
            DataType::Boolean => Buffer::Bool(vec![false; rows]),
            other => return Err(Error::internal(format!("no Tipsy column has type {other}"))),
        })
    }

    fn pieces(&mut self) -> Vec<Piece<'_>> {
        match self {
            Buffer::F32(v) => v.chunks_mut(BLOCK_ROWS).map(Piece::F32).collect(),
            Buffer::F64(v) => v.chunks_mut(BLOCK_ROWS).map(Piece::F64).collect(),
            Buffer::I32(v) => v.chunks_mut(BLOCK_ROWS).map(Piece::I32).collect(),
            Buffer::I64(v) => v.chunks_mut(BLOCK_ROWS).map(Piece::I64).collect(),
            Buffer::U64(v) => v.chunks_mut(BLOCK_ROWS).map(Piece::U64).collect(),
            Buffer::Bool(v) => v.chunks_mut(BLOCK_ROWS).map(Piece::Bool).collect(),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Buffer::F32(v) => Arc::new(Float32Array::from(v)),
            Buffer::F64(v) => Arc::new(Float64Array::from(v)),
            Buffer::I32(v) => Arc::new(Int32Array::from(v)),
            Buffer::I64(v) => Arc::new(Int64Array::from(v)),
            Buffer::U64(v) => Arc::new(UInt64Array::from(v)),
            Buffer::Bool(v) => Arc::new(BooleanArray::from(v)),
        }
    }
}

/// Reads `columns` of `rows` of one particle family.
pub(super) fn particles(
    snapshot: &TipsySnapshot,
    family: Family,
    table: &Table,
    columns: &[usize],
    rows: Range<u64>,
) -> Result<RecordBatch> {
    let schema = project(table, columns)?;
    let number = block(family).ok_or_else(|| Error::internal("family without a block"))?;
    let count = (rows.end - rows.start) as usize;
    let header = &snapshot.header;
    let stride = header.precision.record_bytes()[number] as usize;
    let start = header.block_start(number) as usize + rows.start as usize * stride;
    snapshot.map.check()?;
    let records = snapshot.map.bytes().get(start..start + count * stride).ok_or_else(|| Error::internal("rows outside the snapshot"))?;
    let first = header.rows_before(number) + rows.start;
    let mut fillers = Vec::with_capacity(columns.len());
    let mut buffers = Vec::with_capacity(columns.len());
    for &column in columns {
        let source = *table.sources.get(column).ok_or_else(|| Error::internal("column outside the schema"))?;
        fillers.push(Filler::new(snapshot, source, first, count)?);
        buffers.push(Buffer::new(table.schema.field(column).data_type(), count)?);
    }
    let mut blocks: Vec<Vec<Piece<'_>>> = (0..count.div_ceil(BLOCK_ROWS)).map(|_| Vec::with_capacity(columns.len())).collect();
    for buffer in &mut buffers {
        for (block, piece) in blocks.iter_mut().zip(buffer.pieces()) {
            block.push(piece);
        }
    }
    let fill = |(index, pieces): (usize, Vec<Piece<'_>>)| {
        let from = index * BLOCK_ROWS;
        let bytes = &records[from * stride..(count.min(from + BLOCK_ROWS)) * stride];
        for (filler, piece) in fillers.iter().zip(pieces) {
            filler.fill(piece, bytes, stride, from);
        }
    };
    if blocks.len() < 4 {
        blocks.into_iter().enumerate().for_each(fill)
    } else {
        blocks.into_par_iter().enumerate().for_each(fill)
    }
    batch(schema, buffers.into_iter().map(Buffer::finish).collect(), count)
}

fn batch(schema: SchemaRef, arrays: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, arrays, &options).map_err(|e| Error::internal("columns do not fit their schema").because(e))
}

fn project(table: &Table, columns: &[usize]) -> Result<SchemaRef> {
    table.schema.project(columns).map(Arc::new).map_err(|e| Error::internal("column outside the schema").because(e))
}

/// One column's way from bytes to values.
struct Filler<'a> {
    snapshot: &'a TipsySnapshot,
    source: Source,
    /// Row of the whole snapshot where the first asked row lies.
    first: u64,
    values: Option<Bound<'a>>,
}

/// Values of one component of an array from the first asked row on.
enum Bound<'a> {
    /// Raw bytes, the size of a value, and the bytes from one row to the next.
    Bytes(&'a [u8], usize, usize),
    /// Parsed text, the place of the first asked row in it, and the places from one row to the next.
    Parsed(Arc<Parsed>, usize, usize),
}

impl<'a> Filler<'a> {
    fn new(snapshot: &'a TipsySnapshot, source: Source, first: u64, count: usize) -> Result<Filler<'a>> {
        let values = match source {
            Source::Array { array, component, .. } => {
                let array = snapshot.arrays.get(array).ok_or_else(|| Error::internal("array outside the list"))?;
                let (at, step) = match array.packed {
                    true => (first * array.components + component, array.components as usize),
                    false => (component * snapshot.header.total() + first, 1),
                };
                let at = at as usize;
                let end = if count == 0 { at } else { at + (count - 1) * step + 1 };
                let short = || Error::internal("rows outside the array");
                Some(match array.values()? {
                    Values::Bytes(bytes) => {
                        let size = array.element.bytes();
                        Bound::Bytes(bytes.get(at * size..end * size).ok_or_else(short)?, size, step * size)
                    }
                    Values::Parsed(parsed) => {
                        let length = match &*parsed {
                            Parsed::Reals(v) => v.len(),
                            Parsed::Integers(v) => v.len(),
                        };
                        if length < end {
                            return Err(short());
                        }
                        Bound::Parsed(parsed, at, step)
                    }
                })
            }
            _ => None,
        };
        Ok(Filler { snapshot, source, first, values })
    }

    /// Fills the piece whose first row is `from` rows after the first asked one.
    fn fill(&self, piece: Piece<'_>, records: &[u8], stride: usize, from: usize) {
        let order = self.snapshot.header.order;
        match (self.source, piece) {
            (Source::Record { offset, factor, .. }, Piece::F32(out)) => singles(out, &records[offset..], stride, order, factor),
            (Source::Record { offset, factor, .. }, Piece::F64(out)) => doubles(out, &records[offset..], stride, order, factor),
            (Source::Formed { offset, what }, piece) => self.formed(piece, &records[offset..], stride, what),
            (Source::FileOrder, Piece::U64(out)) => {
                out.iter_mut().zip(self.first + from as u64..).for_each(|(o, row)| *o = row);
            }
            (Source::Array { factor, .. }, piece) => match &self.values {
                Some(Bound::Bytes(bytes, size, stride)) => {
                    let bytes = bytes.get(stride * from..).unwrap_or(&[]);
                    match piece {
                        Piece::U64(out) => identifiers(out, bytes, *stride, order, *size),
                        piece => binary(piece, bytes, *stride, order, factor),
                    }
                }
                Some(Bound::Parsed(parsed, at, step)) => text(piece, parsed, at + from * step, *step, factor),
                None => {}
            },
            _ => {}
        }
    }

    fn formed(&self, piece: Piece<'_>, bytes: &[u8], stride: usize, what: Formed) {
        let conversion = &self.snapshot.conversion;
        let order = self.snapshot.header.order;
        let time_unit = conversion.units.map_or(1.0, |u| u.time_gyr());
        let now = conversion.time_gyr.unwrap_or(f64::NAN);
        let marks = conversion.black_holes;
        let time = |stored: f32| {
            let stored = f64::from(stored);
            (if marks { stored.abs() } else { stored }) * time_unit
        };
        match (what, piece) {
            (Formed::BlackHole, Piece::Bool(out)) => strided(out, bytes, stride, |w| word(w, order).is_sign_negative()),
            (Formed::Time, Piece::F32(out)) => strided(out, bytes, stride, |w| time(word(w, order)) as f32),
            (Formed::Age, Piece::F32(out)) => strided(out, bytes, stride, |w| (now - time(word(w, order))) as f32),
            (Formed::ScaleFactor, Piece::F32(out)) => {
                let ages = conversion.ages.as_ref();
                strided(out, bytes, stride, |w| ages.map_or(f64::NAN, |t| t.scale_factor(time(word(w, order)))) as f32);
            }
            _ => {}
        }
    }
}

fn word(bytes: [u8; 4], order: ByteOrder) -> f32 {
    match order {
        ByteOrder::Big => f32::from_be_bytes(bytes),
        ByteOrder::Little => f32::from_le_bytes(bytes),
    }
}

/// One value from the start of each record.
fn strided<T, const N: usize>(out: &mut [T], bytes: &[u8], stride: usize, value: impl Fn([u8; N]) -> T) {
    for (slot, record) in out.iter_mut().zip(bytes.chunks(stride)) {
        if let Some(first) = record.first_chunk::<N>() {
            *slot = value(*first);
        }
    }
}

fn singles(out: &mut [f32], bytes: &[u8], stride: usize, order: ByteOrder, factor: Option<f64>) {
    match (order, factor) {
        (ByteOrder::Big, None) => strided(out, bytes, stride, f32::from_be_bytes),
        (ByteOrder::Little, None) => strided(out, bytes, stride, f32::from_le_bytes),
        (ByteOrder::Big, Some(k)) => strided(out, bytes, stride, |w| (f64::from(f32::from_be_bytes(w)) * k) as f32),
        (ByteOrder::Little, Some(k)) => strided(out, bytes, stride, |w| (f64::from(f32::from_le_bytes(w)) * k) as f32),
    }
}

fn doubles(out: &mut [f64], bytes: &[u8], stride: usize, order: ByteOrder, factor: Option<f64>) {
    let k = factor.unwrap_or(1.0);
    match order {
        ByteOrder::Big => strided(out, bytes, stride, |w| f64::from_be_bytes(w) * k),
        ByteOrder::Little => strided(out, bytes, stride, |w| f64::from_le_bytes(w) * k),
    }
}

/// Values of a binary array, one every `stride` bytes.
fn binary(piece: Piece<'_>, bytes: &[u8], stride: usize, order: ByteOrder, factor: Option<f64>) {
    let big = order == ByteOrder::Big;
    match piece {
        Piece::F32(out) => singles(out, bytes, stride, order, factor),
        Piece::F64(out) => doubles(out, bytes, stride, order, factor),
        Piece::I32(out) => strided(out, bytes, stride, |w| if big { i32::from_be_bytes(w) } else { i32::from_le_bytes(w) }),
        Piece::I64(out) => strided(out, bytes, stride, |w| if big { i64::from_be_bytes(w) } else { i64::from_le_bytes(w) }),
        Piece::Bool(_) | Piece::U64(_) => {}
    }
}

/// Identifiers of 32 or 64 bits, one every `stride` bytes.
fn identifiers(out: &mut [u64], bytes: &[u8], stride: usize, order: ByteOrder, size: usize) {
    let big = order == ByteOrder::Big;
    if size == 4 {
        strided(out, bytes, stride, |w| u64::from(if big { u32::from_be_bytes(w) } else { u32::from_le_bytes(w) }));
    } else {
        strided(out, bytes, stride, |w| if big { u64::from_be_bytes(w) } else { u64::from_le_bytes(w) });
    }
}

/// Values of a text array, every `step`-th from value `at` on.
fn text(piece: Piece<'_>, parsed: &Parsed, at: usize, step: usize, factor: Option<f64>) {
    let k = factor.unwrap_or(1.0);
    match (parsed, piece) {
        (Parsed::Reals(v), Piece::F32(out)) => out.iter_mut().zip(v[at..].iter().step_by(step)).for_each(|(o, x)| *o = (x * k) as f32),
        (Parsed::Reals(v), Piece::F64(out)) => out.iter_mut().zip(v[at..].iter().step_by(step)).for_each(|(o, x)| *o = x * k),
        (Parsed::Integers(v), Piece::I64(out)) => out.iter_mut().zip(v[at..].iter().step_by(step)).for_each(|(o, x)| *o = *x),
        (Parsed::Integers(v), Piece::U64(out)) => out.iter_mut().zip(v[at..].iter().step_by(step)).for_each(|(o, x)| *o = *x as u64),
        _ => {}
    }
}

/// Reads `columns` of `rows` of the star formation log.
pub(super) fn births(snapshot: &TipsySnapshot, log: &Starlog, table: &Table, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
    let schema = project(table, columns)?;
    let count = (rows.end - rows.start) as usize;
    let conversion = &snapshot.conversion;
    let time_unit = conversion.units.map_or(1.0, |u| u.time_gyr());
    let scales = |field: usize| -> Result<Vec<f64>> {
        let ages = conversion.ages.as_ref().ok_or_else(|| Error::internal("scale factors without a cosmology"))?;
        Ok(log.reals(field, rows.start, count)?.into_iter().map(|t| ages.scale_factor(t.abs() * time_unit)).collect())
    };
    let time_field = log.fields().iter().position(|f| f.name == "timeForm");
    let needs_scale = columns.iter().any(|c| matches!(table.sources.get(*c), Some(Source::LogReal { power, .. }) if *power != 0));
    let scale = match (needs_scale, time_field) {
        (true, Some(field)) => scales(field)?,
        _ => Vec::new(),
    };
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
    for &column in columns {
        arrays.push(match table.sources.get(column) {
            Some(Source::LogId { field }) => Arc::new(UInt64Array::from(log.ids(*field, rows.start, count)?)),
            Some(Source::LogScale { field }) => Arc::new(Float64Array::from(scales(*field)?)),
            Some(Source::LogReal { field, factor, power }) => {
                let k = factor.unwrap_or(1.0);
                let mut values = log.reals(*field, rows.start, count)?;
                values.iter_mut().for_each(|v| *v *= k);
                if *power != 0 {
                    values.iter_mut().zip(&scale).for_each(|(v, a)| *v *= a.powi(*power));
                }
                Arc::new(Float64Array::from(values))
            }
            _ => return Err(Error::internal("column outside the star formation log")),
        });
    }
    batch(schema, arrays, count)
}
