//! Reading rows of a table: across files and parts, only the datasets that are needed, each of them once.
//!
//! Layout     a table is a list of segments (one part of one file); a range of rows is cut at their borders
//! Refuses    positions that are not finite or far outside the box, with file, dataset and row
//! Edge cases compressed chunks that a range only touches are kept for the next range, up to 64 MiB for the whole snapshot
//! Cost       one positioned read per MiB of contiguous data, converted while it is in cache; no lock while reading
//! See also   `columns` for the recipes, `decode` for the conversion

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, SchemaRef};

use crate::cosmology::AgeTable;
use crate::error::{Error, Result};
use crate::ingest::{Family, thermal};

use super::columns::{Hydrogen, Recipe};
use super::decode::{self, Buffer};
use super::families::Selection;
use super::file::Dataset;
use super::parts::{Part, PartFile};

/// Bytes that are read and converted at a time: they fit the second-level cache.
const BLOCK_BYTES: usize = 1 << 20;
/// Bytes of decompressed chunks that are kept between reads.
const CACHE_BYTES: usize = 64 << 20;

/// One part of a table: the rows of a particle type that `selection` picks.
#[derive(Debug)]
pub(super) struct Use {
    /// Index into the parts.
    pub(super) part: usize,
    /// Which rows.
    pub(super) selection: Selection,
    /// Recipe of each column of the table; none gives null.
    pub(super) recipes: Vec<Option<Recipe>>,
}

/// Rows of a table that lie together in one file.
#[derive(Debug)]
pub(super) struct Segment {
    /// Index into the uses.
    pub(super) part_use: usize,
    /// Index into the files of the part.
    pub(super) file: usize,
    /// Rows of the table.
    pub(super) rows: Range<u64>,
}

/// One table.
#[derive(Debug)]
pub(super) struct Table {
    /// Which.
    pub(super) family: Family,
    /// Its columns.
    pub(super) schema: SchemaRef,
    /// Its parts.
    pub(super) uses: Vec<Use>,
    /// Its rows in order.
    pub(super) segments: Vec<Segment>,
    /// How many.
    pub(super) rows: u64,
}

/// Times of formation to cosmic times.
#[derive(Debug)]
pub(super) enum Clock {
    /// Formation times are scale factors.
    Cosmic { table: Box<AgeTable>, now_gyr: f64 },
    /// Formation times are times in units of so many Gyr.
    Plain { unit_gyr: f64, now_gyr: f64 },
    /// Nothing is known.
    Unknown,
}

impl Clock {
    fn birth_gyr(&self, stored: f64) -> f64 {
        match self {
            Clock::Cosmic { table, .. } => table.age_gyr(stored),
            Clock::Plain { unit_gyr, .. } => stored * unit_gyr,
            Clock::Unknown => f64::NAN,
        }
    }

    /// Cosmic time of the snapshot [Gyr].
    pub(super) fn now_gyr(&self) -> Option<f64> {
        match self {
            Clock::Cosmic { now_gyr, .. } | Clock::Plain { now_gyr, .. } => Some(*now_gyr),
            Clock::Unknown => None,
        }
    }
}

/// Dataset and number of a block of rows, with its bytes.
type Band = ((usize, u64), Arc<Vec<u8>>);

/// Blocks of decompressed rows that the next range may want, oldest first.
#[derive(Debug, Default)]
pub(super) struct Bands(Mutex<VecDeque<Band>>);

impl Bands {
    fn find(&self, key: (usize, u64)) -> Option<Arc<Vec<u8>>> {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter().find(|(k, _)| *k == key).map(|(_, bytes)| Arc::clone(bytes))
    }

    fn keep(&self, key: (usize, u64), bytes: &Arc<Vec<u8>>) {
        if bytes.len() > CACHE_BYTES / 2 {
            return;
        }
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.push_back((key, Arc::clone(bytes)));
        let mut total: usize = list.iter().map(|(_, b)| b.len()).sum();
        while total > CACHE_BYTES {
            total -= list.pop_front().map_or(0, |(_, b)| b.len());
        }
    }
}

/// What reading needs besides the table.
#[derive(Debug)]
pub(super) struct Source {
    /// Particle types.
    pub(super) parts: Vec<Part>,
    /// Conversion of formation times.
    pub(super) clock: Clock,
    /// Largest distance from the origin that a position may have [kpc].
    pub(super) reach_kpc: f64,
    /// Decompressed blocks.
    pub(super) bands: Bands,
}

/// One range of one file.
struct Piece<'a> {
    file: &'a PartFile,
    selection: Selection,
    cover: Range<u64>,
}

impl Source {
    /// Columns `columns` of rows `rows` of `table`.
    pub(super) fn read(&self, table: &Table, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
        if rows.start > rows.end || rows.end > table.rows {
            return Err(Error::usage("rows outside the table")
                .at(format!("`{}`", table.family))
                .expected(format!("0..{}", table.rows))
                .found(format!("{rows:?}")));
        }
        let schema = Arc::new(table.schema.project(columns).map_err(|e| Error::usage("no such column").because(e))?);
        let count = usize::try_from(rows.end - rows.start).map_err(|_| Error::limit("too many rows at once"))?;
        let mut buffers: Vec<Buffer> = schema.fields().iter().map(|f| Buffer::new(f.data_type(), count)).collect();
        let mut valid: Vec<Option<Vec<bool>>> =
            schema.fields().iter().map(|f| f.is_nullable().then(|| Vec::with_capacity(count))).collect();
        let first = table.segments.partition_point(|s| s.rows.end <= rows.start);
        for segment in table.segments[first..].iter().take_while(|s| s.rows.start < rows.end) {
            let part_use = &table.uses[segment.part_use];
            let file = &self.parts[part_use.part].files[segment.file];
            let from = rows.start.max(segment.rows.start) - segment.rows.start;
            let to = rows.end.min(segment.rows.end) - segment.rows.start;
            if from == to {
                continue;
            }
            let local = |index| part_use.selection.local(index, &file.winds);
            let piece = Piece { file, selection: part_use.selection, cover: local(from)..local(to - 1) + 1 };
            let recipes: Vec<Option<&Recipe>> = columns.iter().map(|c| part_use.recipes[*c].as_ref()).collect();
            let before = buffers.first().map_or(0, Buffer::len);
            self.fill(&piece, &recipes, (to - from) as usize, &mut buffers)?;
            for ((buffer, valid), recipe) in buffers.iter().zip(&mut valid).zip(&recipes) {
                if buffer.len() != before + (to - from) as usize {
                    return Err(Error::internal("column of wrong length").expected(before + (to - from) as usize).found(buffer.len()));
                }
                if let Some(valid) = valid {
                    valid.resize(buffer.len(), recipe.is_some());
                }
            }
            self.check_positions(&schema, &buffers, before, &piece)?;
        }
        let arrays: Vec<ArrayRef> = buffers.into_iter().zip(valid).map(|(b, v)| b.finish(v)).collect();
        RecordBatch::try_new_with_options(schema, arrays, &RecordBatchOptions::new().with_row_count(Some(count)))
            .map_err(|e| Error::internal("columns do not form a table").because(e))
    }

    /// Where a value stands.
    pub(super) fn place(&self, table: &Table, column: &str, row: u64) -> Option<String> {
        let segment = table.segments.iter().find(|s| s.rows.contains(&row))?;
        let part_use = table.uses.get(segment.part_use)?;
        let file = self.parts.get(part_use.part)?.files.get(segment.file)?;
        let local = part_use.selection.local(row - segment.rows.start, &file.winds);
        let slot = match part_use.recipes.get(table.schema.index_of(column).ok()?)?.as_ref()? {
            Recipe::Stored { slot, .. } | Recipe::BirthTime { slot } | Recipe::Age { slot } => *slot,
            _ => 0,
        };
        Some(format!("row {local} of {}", file.datasets.get(slot)?.place()))
    }

    fn fill(&self, piece: &Piece<'_>, recipes: &[Option<&Recipe>], count: usize, buffers: &mut [Buffer]) -> Result<()> {
        let mut slots: Vec<usize> =
            recipes.iter().flatten().filter_map(|r| if let Recipe::Stored { slot, .. } = r { Some(*slot) } else { None }).collect();
        slots.sort_unstable();
        slots.dedup();
        for slot in slots {
            let dataset = &piece.file.datasets[slot];
            self.blocks(piece, dataset, |bytes| {
                for (recipe, buffer) in recipes.iter().zip(buffers.iter_mut()) {
                    if let Some(Recipe::Stored { slot: s, component, factor }) = recipe
                        && *s == slot
                    {
                        decode::append(buffer, dataset, *component, bytes, *factor);
                    }
                }
            })?;
        }
        for (recipe, buffer) in recipes.iter().zip(buffers.iter_mut()) {
            match recipe {
                None => buffer.push_defaults(count),
                Some(Recipe::Stored { .. }) => {}
                Some(Recipe::Constant(value)) => buffer.push_constant(*value, count),
                Some(Recipe::RowNumber { base }) => {
                    let offset = base + piece.file.first_row;
                    for run in piece.selection.runs(piece.cover.clone(), &piece.file.winds) {
                        buffer.push_numbers(offset + run.start..offset + run.end);
                    }
                }
                Some(Recipe::Temperature { energy, factor, electrons, hydrogen }) => {
                    let u = self.floats(piece, *energy, 0)?;
                    let x_e = electrons.map(|slot| self.floats(piece, slot, 0)).transpose()?;
                    let x_h = match hydrogen {
                        Hydrogen::Stored(slot) => Some(self.floats(piece, *slot, 0)?),
                        Hydrogen::Left(slot) => Some(self.hydrogen_left(piece, *slot)?),
                        Hydrogen::Primordial => None,
                    };
                    let at = |values: &Option<Vec<f64>>, row: usize| values.as_ref().and_then(|values| values.get(row)).copied();
                    buffer.push_floats(u.iter().enumerate().map(|(row, u)| thermal::kelvin(u * factor, at(&x_e, row), at(&x_h, row))));
                }
                Some(Recipe::HydrogenLeft { slot }) => buffer.push_floats(self.hydrogen_left(piece, *slot)?.into_iter()),
                Some(Recipe::BirthTime { slot }) => {
                    let a = self.floats(piece, *slot, 0)?;
                    buffer.push_floats(a.iter().map(|a| self.clock.birth_gyr(*a)));
                }
                Some(Recipe::Age { slot }) => {
                    let a = self.floats(piece, *slot, 0)?;
                    let now = self.clock.now_gyr().unwrap_or(f64::NAN);
                    buffer.push_floats(a.iter().map(|a| now - self.clock.birth_gyr(*a)));
                }
                Some(Recipe::AtBirth { slot, component, factor, power, formation }) => {
                    let a = self.floats(piece, *formation, 0)?;
                    let v = self.floats(piece, *slot, *component)?;
                    buffer.push_floats(v.iter().zip(&a).map(|(v, a)| v * factor * a.powf(*power)));
                }
            }
        }
        Ok(())
    }

    /// Hydrogen fraction of rows whose first two components are metals and helium.
    fn hydrogen_left(&self, piece: &Piece<'_>, slot: usize) -> Result<Vec<f64>> {
        let metals = self.floats(piece, slot, 0)?;
        let helium = self.floats(piece, slot, 1)?;
        Ok(metals.iter().zip(&helium).map(|(z, he)| 1.0 - z - he).collect())
    }

    /// One component of the selected rows as f64.
    fn floats(&self, piece: &Piece<'_>, slot: usize, component: usize) -> Result<Vec<f64>> {
        let dataset = &piece.file.datasets[slot];
        let mut buffer = Buffer::new(&DataType::Float64, 0);
        self.blocks(piece, dataset, |bytes| decode::append(&mut buffer, dataset, component, bytes, 1.0))?;
        match buffer {
            Buffer::Float64(values) => Ok(values),
            _ => Err(Error::internal("not a column of numbers")),
        }
    }

    /// Calls `sink` with the stored bytes of every run of selected rows, in order.
    fn blocks(&self, piece: &Piece<'_>, dataset: &Dataset, mut sink: impl FnMut(&[u8])) -> Result<()> {
        let row_bytes = dataset.row_bytes();
        let wanted = ((BLOCK_BYTES / row_bytes) as u64).max(1);
        // Blocks of chunked data start and end where chunks do, so that no chunk is decompressed twice.
        let step = if dataset.chunk_rows == 0 { wanted } else { dataset.chunk_rows * (wanted / dataset.chunk_rows).max(1) };
        let origin = if dataset.chunk_rows == 0 { piece.cover.start } else { 0 };
        let (mut start, mut bytes) = (piece.cover.start, Vec::new());
        while start < piece.cover.end {
            let band = (start - origin) / step;
            let whole = origin + band * step..(origin + band.saturating_add(1).saturating_mul(step)).min(dataset.rows);
            let block = start..whole.end.min(piece.cover.end);
            start = block.end;
            let runs = piece.selection.runs(block.clone(), &piece.file.winds);
            if runs.is_empty() {
                continue;
            }
            let partial = dataset.chunk_rows > 0
                && block != whole
                && (whole.end - whole.start).saturating_mul(row_bytes as u64) <= (CACHE_BYTES / 2) as u64;
            let kept;
            let (held, first): (&[u8], u64) = if partial {
                kept = self.band(dataset, band, whole.clone())?;
                (&kept, whole.start)
            } else {
                dataset.read(block.clone(), &mut bytes)?;
                (&bytes, block.start)
            };
            for run in runs {
                let range = (run.start - first) as usize * row_bytes..(run.end - first) as usize * row_bytes;
                sink(held.get(range).ok_or_else(|| Error::internal("block is shorter than its rows").at(dataset.place()))?);
            }
        }
        Ok(())
    }

    fn band(&self, dataset: &Dataset, band: u64, rows: Range<u64>) -> Result<Arc<Vec<u8>>> {
        // Datasets live as long as the snapshot and never move, so their address names them.
        let key = (std::ptr::from_ref(dataset) as usize, band);
        if let Some(bytes) = self.bands.find(key) {
            return Ok(bytes);
        }
        let mut bytes = Vec::new();
        dataset.read(rows, &mut bytes)?;
        let bytes = Arc::new(bytes);
        self.bands.keep(key, &bytes);
        Ok(bytes)
    }

    fn check_positions(&self, schema: &SchemaRef, buffers: &[Buffer], before: usize, piece: &Piece<'_>) -> Result<()> {
        for (field, buffer) in schema.fields().iter().zip(buffers) {
            if !matches!(field.name().as_str(), "x" | "y" | "z") {
                continue;
            }
            if let Some((index, value)) = buffer.outside(before, -self.reach_kpc, self.reach_kpc) {
                let dataset = piece.file.datasets.iter().find(|d| d.name == "Coordinates").map_or("Coordinates", |d| d.place());
                return Err(Error::damaged("position makes no sense")
                    .at(format!("row {} of {dataset}", piece.cover.start + (index - before) as u64))
                    .expected(format!("`{}` within {:e} kpc", field.name(), self.reach_kpc))
                    .found(format!("{value} kpc"))
                    .hint("the file is damaged, or its units are not those assumed"));
            }
        }
        Ok(())
    }
}
