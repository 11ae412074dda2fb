//! Reading rows of a table: across types and files, straight from the mapped blocks.
//!
//! Layout     a table is its types one after the other, each through all files; a range of rows is cut at their borders
//! Refuses    positions that are not finite or far outside the box, with file and row
//! Accuracy   a factor is applied in f64 and rounded once to the stored precision; without one every bit is kept
//! Edge cases types without a block give null; identifiers of 4 bytes are unsigned
//! Cost       one strided pass over the block for each column; columns run on the thread pool
//! See also   `columns` for the recipes

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array, Int32Array, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use rayon::prelude::*;

use super::super::tipsy::ByteOrder;
use super::columns::{Recipe, Table};
use super::parts::{PartFile, Parts};
use crate::cosmology::AgeTable;
use crate::error::{Error, Result};
use crate::ingest::thermal;

/// Times of formation to cosmic times.
#[derive(Debug)]
pub(super) enum Clock {
    /// Formation times are scale factors.
    Cosmic { table: Box<AgeTable>, now_gyr: f64 },
    /// Formation times are times in units of so many Gyr.
    Plain { unit_gyr: f64, now_gyr: f64 },
}

impl Clock {
    fn birth_gyr(&self, stored: f64) -> f64 {
        match self {
            Clock::Cosmic { table, .. } => table.age_gyr(stored),
            Clock::Plain { unit_gyr, .. } => stored * unit_gyr,
        }
    }

    /// Cosmic (or simulation) time of the snapshot \[Gyr\].
    pub(super) fn now_gyr(&self) -> f64 {
        match self {
            Clock::Cosmic { now_gyr, .. } | Clock::Plain { now_gyr, .. } => *now_gyr,
        }
    }
}

/// Values of one column while it is filled.
enum Buffer {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I32(Vec<i32>),
    U64(Vec<u64>),
}

impl Buffer {
    fn new(data_type: &DataType, rows: usize) -> Result<Buffer> {
        Ok(match data_type {
            DataType::Float32 => Buffer::F32(Vec::with_capacity(rows)),
            DataType::Float64 => Buffer::F64(Vec::with_capacity(rows)),
            DataType::Int32 => Buffer::I32(Vec::with_capacity(rows)),
            DataType::UInt64 => Buffer::U64(Vec::with_capacity(rows)),
            other => return Err(Error::internal(format!("no GADGET column has type {other}"))),
        })
    }

    fn len(&self) -> usize {
        match self {
            Buffer::F32(v) => v.len(),
            Buffer::F64(v) => v.len(),
            Buffer::I32(v) => v.len(),
            Buffer::U64(v) => v.len(),
        }
    }

    fn push(&mut self, values: impl Iterator<Item = f64>) {
        match self {
            Buffer::F32(v) => v.extend(values.map(|x| x as f32)),
            Buffer::F64(v) => v.extend(values),
            Buffer::I32(v) => v.extend(values.map(|x| x as i32)),
            Buffer::U64(v) => v.extend(values.map(|x| x as u64)),
        }
    }

    /// The first index from `from` on whose value is not finite or farther than `reach` from 0.
    fn outside(&self, from: usize, reach: f64) -> Option<(usize, f64)> {
        let found = |v: f64| !(v.abs() <= reach);
        match self {
            Buffer::F32(v) => v[from..].iter().position(|x| found(f64::from(*x))).map(|i| (i, f64::from(v[from + i]))),
            Buffer::F64(v) => v[from..].iter().position(|x| found(*x)).map(|i| (i, v[from + i])),
            _ => None,
        }
    }

    fn finish(self, valid: Option<Vec<bool>>) -> ArrayRef {
        let nulls = valid.map(NullBuffer::from);
        match self {
            Buffer::F32(v) => Arc::new(Float32Array::new(v.into(), nulls)),
            Buffer::F64(v) => Arc::new(Float64Array::new(v.into(), nulls)),
            Buffer::I32(v) => Arc::new(Int32Array::new(v.into(), nulls)),
            Buffer::U64(v) => Arc::new(UInt64Array::new(v.into(), nulls)),
        }
    }
}

/// What reading needs besides the table.
#[derive(Debug)]
pub(super) struct Source {
    /// Files and blocks.
    pub(super) parts: Parts,
    /// Conversion of formation times.
    pub(super) clock: Clock,
    /// Largest distance from the origin that a position may have along an axis \[kpc\].
    pub(super) reach_kpc: f64,
}

/// Rows of one type in one file.
struct Piece<'a> {
    file: &'a PartFile,
    /// Position of the type among those of the table, and its number.
    place: usize,
    number: usize,
    rows: Range<u64>,
}

impl Source {
    /// Columns `columns` of rows `rows` of `table`.
    pub(super) fn read(&self, table: &Table, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
        if rows.start > rows.end || rows.end > table.rows {
            return Err(Error::internal(format!("rows {} to {} asked of {} {}", rows.start, rows.end, table.rows, table.family)));
        }
        let schema = Arc::new(table.schema.project(columns).map_err(|e| Error::internal("column outside the schema").because(e))?);
        let count = usize::try_from(rows.end - rows.start).map_err(|_| Error::limit("too many rows at once"))?;
        let pieces = self.pieces(table, &rows);
        pieces.iter().try_for_each(|p| p.file.map.check())?;
        let make = |column: &usize| {
            let field = table.schema.field(*column);
            let mut buffer = Buffer::new(field.data_type(), count)?;
            let mut valid = field.is_nullable().then(|| Vec::with_capacity(count));
            for piece in &pieces {
                let from = buffer.len();
                let recipe = table.recipes.get(*column).and_then(|r| r.get(piece.place)).copied().flatten();
                self.fill(piece, recipe, &mut buffer)?;
                if let Some(valid) = &mut valid {
                    valid.resize(buffer.len(), recipe.is_some());
                }
                if matches!(field.name().as_str(), "x" | "y" | "z")
                    && let Some((row, value)) = buffer.outside(from, self.reach_kpc)
                {
                    return Err(Error::damaged("position makes no sense")
                        .at(format!(
                            "particle {} of type {} in `{}`",
                            piece.rows.start + row as u64,
                            piece.number,
                            piece.file.map.path().display()
                        ))
                        .expected(format!("`{}` within {:e} kpc", field.name(), self.reach_kpc))
                        .found(format!("{value} kpc"))
                        .hint("the file is damaged, or its units are not those assumed"));
                }
            }
            if buffer.len() != count {
                return Err(Error::internal("column of wrong length").expected(count).found(buffer.len()));
            }
            Ok(buffer.finish(valid))
        };
        let arrays = columns.par_iter().map(make).collect::<Result<Vec<ArrayRef>>>()?;
        RecordBatch::try_new_with_options(schema, arrays, &RecordBatchOptions::new().with_row_count(Some(count)))
            .map_err(|e| Error::internal("columns do not form a table").because(e))
    }

    /// Where a value stands.
    pub(super) fn place(&self, table: &Table, column: &str, row: u64) -> Option<String> {
        let piece = self.pieces(table, &(row..row + 1)).into_iter().next()?;
        let path = piece.file.map.path().display();
        let particle = format!("particle {} of type {} in `{path}`", piece.rows.start, piece.number);
        let recipe = table.recipes.get(table.schema.index_of(column).ok()?)?.get(piece.place).copied().flatten();
        let (slot, component) = match recipe {
            Some(Recipe::Stored { slot, component, .. }) => (slot, component),
            Some(Recipe::BirthTime { slot } | Recipe::Age { slot }) => (slot, 0),
            _ => return Some(particle),
        };
        let name = &self.parts.slots.get(slot)?.name;
        let block = piece.file.blocks.iter().find(|b| b.name == *name)?;
        let start = block.start_of(piece.number, &piece.file.header) + piece.rows.start as usize * block.stride();
        Some(format!("{particle}, byte {}", start + component * block.width))
    }

    fn pieces<'a>(&'a self, table: &Table, rows: &Range<u64>) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let mut first = 0;
        for (place, number) in table.types.iter().enumerate() {
            for file in &self.parts.files {
                let last = first + file.header.counts[*number];
                let (from, to) = (rows.start.max(first), rows.end.min(last));
                if from < to {
                    pieces.push(Piece { file, place, number: *number, rows: from - first..to - first });
                }
                first = last;
            }
        }
        pieces
    }

    fn fill(&self, piece: &Piece<'_>, recipe: Option<Recipe>, buffer: &mut Buffer) -> Result<()> {
        let count = (piece.rows.end - piece.rows.start) as usize;
        let clock = &self.clock;
        match recipe {
            None => buffer.push(std::iter::repeat_n(0.0, count)),
            Some(Recipe::Constant(value)) => buffer.push(std::iter::repeat_n(value, count)),
            Some(Recipe::Type) => buffer.push(std::iter::repeat_n(piece.number as f64, count)),
            Some(Recipe::Stored { slot, component, factor }) => self.values(piece, slot, component)?.append(buffer, factor),
            Some(Recipe::Temperature { energy, factor, electrons }) => {
                let u = self.values(piece, energy, 0)?.doubles();
                let x_e = electrons.map(|slot| Ok::<_, Error>(self.values(piece, slot, 0)?.doubles())).transpose()?;
                let electrons = |row: usize| x_e.as_ref().and_then(|x_e| x_e.get(row)).copied();
                buffer.push(u.iter().enumerate().map(|(row, u)| thermal::kelvin(u * factor, electrons(row), None)));
            }
            Some(Recipe::BirthTime { slot }) => {
                buffer.push(self.values(piece, slot, 0)?.doubles().iter().map(|t| clock.birth_gyr(*t)));
            }
            Some(Recipe::Age { slot }) => {
                buffer.push(self.values(piece, slot, 0)?.doubles().iter().map(|t| clock.now_gyr() - clock.birth_gyr(*t)));
            }
        }
        Ok(())
    }

    /// The bytes of one component of the rows of a piece.
    fn values<'a>(&self, piece: &Piece<'a>, slot: usize, component: usize) -> Result<Values<'a>> {
        let name = self.parts.slots.get(slot).map_or("", |s| s.name.as_str());
        let block = piece.file.blocks.iter().find(|b| b.name == name).ok_or_else(|| Error::internal("rows without their block"))?;
        let stride = block.stride();
        let start = block.start_of(piece.number, &piece.file.header) + piece.rows.start as usize * stride;
        let end = start + (piece.rows.end - piece.rows.start) as usize * stride;
        let bytes = piece.file.map.bytes().get(start..end).ok_or_else(|| Error::internal("rows outside the block"))?;
        let integers = name == "ID";
        Ok(Values { bytes, stride, offset: component * block.width, width: block.width, order: piece.file.records.order, integers })
    }
}

/// One component of the rows of a block.
struct Values<'a> {
    bytes: &'a [u8],
    stride: usize,
    offset: usize,
    width: usize,
    order: ByteOrder,
    integers: bool,
}

impl Values<'_> {
    fn words<const N: usize>(&self) -> impl Iterator<Item = [u8; N]> {
        let (offset, big) = (self.offset, self.order == ByteOrder::Big);
        self.bytes.chunks_exact(self.stride).map(move |row| {
            let mut word = row.get(offset..).and_then(|tail| tail.first_chunk::<N>()).copied().unwrap_or([0; N]);
            if big {
                word.reverse();
            }
            word
        })
    }

    fn append(&self, buffer: &mut Buffer, factor: Option<f64>) {
        let k = factor.unwrap_or(1.0);
        match (self.integers, self.width, &mut *buffer) {
            (true, 4, Buffer::U64(v)) => v.extend(self.words().map(|w| u64::from(u32::from_le_bytes(w)))),
            (true, _, Buffer::U64(v)) => v.extend(self.words().map(u64::from_le_bytes)),
            (false, 4, Buffer::F32(v)) if k == 1.0 => v.extend(self.words().map(f32::from_le_bytes)),
            (false, 4, _) => buffer.push(self.words().map(|w| f64::from(f32::from_le_bytes(w)) * k)),
            _ => buffer.push(self.words().map(|w| f64::from_le_bytes(w) * k)),
        }
    }

    fn doubles(&self) -> Vec<f64> {
        let mut buffer = Buffer::F64(Vec::with_capacity(self.bytes.len() / self.stride.max(1)));
        self.append(&mut buffer, None);
        if let Buffer::F64(values) = buffer { values } else { Vec::new() }
    }
}
