//! Writes one family in the order of the space-filling curve, in memory or through buckets on disk, with the same bytes either way.
//!
//! Layout     blocks of 131072 rows are read on all threads; rows are ordered by (curve key, row of the source)
//! Edge cases families without positions keep the order of the source; equal positions never overflow a bucket, because splitters
//!            also know the row
//! Cost       in memory: one copy of the family, 16 bytes a row for the order, one row group per column being encoded.
//!            Through buckets: positions are read twice, everything else once, plus one write and one read of temporary Arrow files
//! See also   `table::layout`, `run`

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{interleave, take_record_batch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use rayon::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::progress::Progress;
use crate::table::layout::{Bounds, Curve};
use crate::table::statistics::row_bytes;
use crate::table::{ROW_GROUP_ROWS, TableWriter};

use super::{Family, Snapshot};

/// Rows that are read at once.
const BLOCK_ROWS: u64 = 1 << 17;
/// Positions that are sampled to place the splitters: with 100 buckets one is 4% too large now and then.
const SAMPLE_ROWS: u64 = 1 << 16;
/// Open temporary files at most.
const MAX_BUCKETS: u64 = 512;
/// Key and row of the order.
const ORDER_BYTES: u64 = 16;
/// What encoding a row group takes beyond the rows themselves.
const ENCODER_BYTES: u64 = 64 << 20;

/// Positions with their rows.
type Sample = Vec<([f64; 3], u64)>;

/// What is to be written of one family.
#[derive(Clone, Debug)]
pub(super) struct TablePlan {
    pub family: Family,
    pub rows: u64,
    /// Chosen columns, as in the file to be written.
    pub schema: SchemaRef,
    /// Their indices in the reader's schema.
    pub columns: Vec<usize>,
}

impl TablePlan {
    /// Bytes of the rows in memory.
    pub fn bytes(&self) -> u64 {
        self.rows * row_bytes(&self.schema)
    }

    /// Indices into the chosen columns of the three coordinates that order the rows.
    fn position(&self) -> Option<[usize; 3]> {
        let find = |names: [&str; 3]| {
            let mut found = [0; 3];
            for (slot, name) in found.iter_mut().zip(names) {
                let index = self.schema.index_of(name).ok()?;
                matches!(self.schema.field(index).data_type(), DataType::Float32 | DataType::Float64).then_some(())?;
                *slot = index;
            }
            Some(found)
        };
        find(["x", "y", "z"]).or_else(|| find(["x_birth", "y_birth", "z_birth"]))
    }

    fn blocks(&self) -> Vec<Range<u64>> {
        (0..self.rows.div_ceil(BLOCK_ROWS)).map(|b| b * BLOCK_ROWS..((b + 1) * BLOCK_ROWS).min(self.rows)).collect()
    }
}

/// One family on its way into a file.
pub(super) struct Sorter<'a> {
    pub snapshot: &'a dyn Snapshot,
    pub plan: &'a TablePlan,
    pub memory_bytes: u64,
    /// Folder for temporary files.
    pub work: &'a Path,
    pub progress: &'a dyn Progress,
}

impl Sorter<'_> {
    /// Writes all rows.
    pub fn write(&self, writer: &mut TableWriter) -> Result<()> {
        let Some(position) = self.plan.position() else { return self.copy(writer) };
        let needed = self.plan.bytes() + self.plan.rows * ORDER_BYTES + ENCODER_BYTES;
        if needed <= self.memory_bytes { self.in_memory(position, writer) } else { self.through_buckets(position, writer) }
    }

    fn read(&self, rows: Range<u64>) -> Result<RecordBatch> {
        self.go_on()?;
        let count = rows.end - rows.start;
        let batch = self.snapshot.read(self.plan.family, &self.plan.columns, rows.clone())?;
        if batch.num_rows() as u64 != count {
            return Err(Error::internal(format!("a reader gave {} rows of {} instead of {count}", batch.num_rows(), self.plan.family)));
        }
        // The plan's schema is the one that is stored; a reader whose batches differ from it is wrong.
        RecordBatch::try_new(self.plan.schema.clone(), batch.columns().to_vec()).map_err(|e| {
            Error::internal(format!("a reader's rows {}..{} of {} do not fit its schema", rows.start, rows.end, self.plan.family))
                .because(e)
        })
    }

    fn go_on(&self) -> Result<()> {
        if self.progress.cancelled() { Err(interrupted()) } else { Ok(()) }
    }

    fn begin(&self, what: &str) {
        self.progress.start(&format!("{}: {what}", self.plan.family), self.plan.rows, "rows");
    }

    /// Blocks at once, so that what is in flight stays below a quarter of the memory.
    fn blocks_in_flight(&self) -> usize {
        let block = (BLOCK_ROWS * row_bytes(&self.plan.schema)).max(1);
        ((self.memory_bytes / 4 / block) as usize).clamp(1, rayon::current_num_threads().max(1))
    }

    fn copy(&self, writer: &mut TableWriter) -> Result<()> {
        self.begin("writing");
        for group in self.plan.blocks().chunks(self.blocks_in_flight()) {
            let batches = group.par_iter().map(|rows| self.read(rows.clone())).collect::<Result<Vec<_>>>()?;
            for batch in &batches {
                writer.write(batch)?;
                self.progress.advance(batch.num_rows() as u64);
            }
        }
        self.progress.finish();
        Ok(())
    }

    fn in_memory(&self, position: [usize; 3], writer: &mut TableWriter) -> Result<()> {
        self.begin("reading");
        let read = |rows: Range<u64>| {
            let batch = self.read(rows)?;
            self.progress.advance(batch.num_rows() as u64);
            Ok(batch)
        };
        let blocks = self.plan.blocks().into_par_iter().map(read).collect::<Result<Vec<RecordBatch>>>()?;
        self.progress.finish();
        let bounds = blocks.par_iter().map(|batch| bounds_of(&points(batch, position))).reduce(Bounds::default, Bounds::merge);
        self.begin("writing");
        self.emit(&blocks, position, &Curve::new(&bounds), writer)?;
        self.progress.finish();
        Ok(())
    }

    /// Writes the rows of `blocks` in order; rows with equal keys stay as they come.
    fn emit(&self, blocks: &[RecordBatch], position: [usize; 3], curve: &Curve, writer: &mut TableWriter) -> Result<()> {
        let mut order: Vec<(u64, u32, u32)> = blocks
            .par_iter()
            .enumerate()
            .flat_map_iter(|(block, batch)| {
                points(batch, position).into_iter().enumerate().map(move |(row, point)| (curve.key(point), block as u32, row as u32))
            })
            .collect();
        order.par_sort_unstable();
        for rows in order.chunks(ROW_GROUP_ROWS) {
            self.go_on()?;
            let picks: Vec<(usize, usize)> = rows.iter().map(|(_, block, row)| (*block as usize, *row as usize)).collect();
            let gather = |column: usize| {
                let parts: Vec<&dyn Array> = blocks.iter().map(|batch| batch.column(column).as_ref()).collect();
                interleave(&parts, &picks)
            };
            let columns =
                (0..self.plan.schema.fields().len()).into_par_iter().map(gather).collect::<std::result::Result<Vec<ArrayRef>, _>>();
            let batch = columns.and_then(|columns| RecordBatch::try_new(self.plan.schema.clone(), columns));
            writer.write(&batch.map_err(|e| Error::internal("rows cannot be put in order").because(e))?)?;
            self.progress.advance(rows.len() as u64);
        }
        Ok(())
    }

    fn through_buckets(&self, position: [usize; 3], writer: &mut TableWriter) -> Result<()> {
        let (curve, sample) = self.survey(position)?;
        // Half of the memory holds a bucket: its rows, their order and the row group in work.
        let room = (self.memory_bytes / 2).max(1);
        let buckets = (self.plan.bytes() + self.plan.rows * ORDER_BYTES).div_ceil(room).clamp(2, MAX_BUCKETS);
        let splitters = splitters(sample, buckets as usize);
        let paths: Vec<PathBuf> = (0..=splitters.len()).map(|i| self.work.join(format!("{}-{i}.arrow", self.plan.family))).collect();

        self.begin("sorting into buckets");
        let open = |path: &PathBuf| {
            let file = File::create(path).map_err(|e| bucket_error(path, ArrowError::from(e)))?;
            StreamWriter::try_new(BufWriter::new(file), &self.plan.schema).map_err(|e| bucket_error(path, e))
        };
        let mut sinks = paths.iter().map(open).collect::<Result<Vec<_>>>()?;
        for group in self.plan.blocks().chunks(self.blocks_in_flight()) {
            let parted = group.par_iter().map(|rows| self.part(rows.clone(), position, &curve, &splitters)).collect::<Result<Vec<_>>>()?;
            for (block, rows) in parted.into_iter().zip(group) {
                for (bucket, part) in block {
                    if let (Some(sink), Some(path)) = (sinks.get_mut(bucket), paths.get(bucket)) {
                        sink.write(&part).map_err(|e| bucket_error(path, e))?;
                    }
                }
                self.progress.advance(rows.end - rows.start);
            }
        }
        for (sink, path) in sinks.iter_mut().zip(&paths) {
            sink.finish().and_then(|()| Ok(std::io::Write::flush(sink.get_mut())?)).map_err(|e| bucket_error(path, e))?;
        }
        drop(sinks);
        self.progress.finish();

        self.begin("writing");
        for path in &paths {
            let read = || -> std::result::Result<Vec<RecordBatch>, ArrowError> {
                StreamReader::try_new(BufReader::new(File::open(path)?), None)?.collect()
            };
            let blocks = read().map_err(|e| bucket_error(path, e))?;
            self.emit(&blocks, position, &curve, writer)?;
            std::fs::remove_file(path).map_err(|e| Error::io("remove a temporary file", path, &e))?;
        }
        self.progress.finish();
        Ok(())
    }

    /// The curve, and the keys and rows of an even sample.
    fn survey(&self, position: [usize; 3]) -> Result<(Curve, Vec<(u64, u64)>)> {
        self.begin("reading positions");
        let columns: Vec<usize> = position.iter().filter_map(|i| self.plan.columns.get(*i).copied()).collect();
        let stride = (self.plan.rows / SAMPLE_ROWS).max(1);
        let survey = |rows: Range<u64>| -> Result<(Bounds, Sample)> {
            self.go_on()?;
            let points = points(&self.snapshot.read(self.plan.family, &columns, rows.clone())?, [0, 1, 2]);
            let sample = points.iter().zip(rows.clone()).filter(|(_, row)| row % stride == 0).map(|(point, row)| (*point, row)).collect();
            self.progress.advance(rows.end - rows.start);
            Ok((bounds_of(&points), sample))
        };
        let parts = self.plan.blocks().into_par_iter().map(survey).collect::<Result<Vec<_>>>()?;
        self.progress.finish();
        let curve = Curve::new(&parts.iter().fold(Bounds::default(), |all, (bounds, _)| all.merge(*bounds)));
        Ok((curve, parts.into_iter().flat_map(|(_, sample)| sample).map(|(point, row)| (curve.key(point), row)).collect()))
    }

    /// One block, cut into its parts for each bucket that it has rows of.
    fn part(&self, rows: Range<u64>, position: [usize; 3], curve: &Curve, splitters: &[(u64, u64)]) -> Result<Vec<(usize, RecordBatch)>> {
        let batch = self.read(rows.clone())?;
        let mut picks: Vec<Vec<u32>> = vec![Vec::new(); splitters.len() + 1];
        for ((index, point), row) in points(&batch, position).into_iter().enumerate().zip(rows) {
            let order = (curve.key(point), row);
            if let Some(bucket) = picks.get_mut(splitters.partition_point(|splitter| *splitter <= order)) {
                bucket.push(index as u32);
            }
        }
        let parts = picks.into_iter().enumerate().filter(|(_, picks)| !picks.is_empty()).map(|(bucket, picks)| {
            let part = take_record_batch(&batch, &UInt32Array::from(picks))
                .map_err(|e| Error::internal("rows cannot be put into buckets").because(e))?;
            Ok((bucket, part))
        });
        parts.collect()
    }
}

/// The error of a task that the user stopped.
pub(super) fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "ingest interrupted").hint("repeat the same command to go on; finished tables are kept")
}

/// Values that cut the order into `buckets` parts of about equal size.
fn splitters(mut sample: Vec<(u64, u64)>, buckets: usize) -> Vec<(u64, u64)> {
    sample.sort_unstable();
    let mut cuts: Vec<(u64, u64)> = (1..buckets).filter_map(|i| sample.get(i * sample.len() / buckets).copied()).collect();
    cuts.dedup();
    cuts
}

fn points(batch: &RecordBatch, position: [usize; 3]) -> Vec<[f64; 3]> {
    let mut points = vec![[f64::NAN; 3]; batch.num_rows()];
    for (axis, column) in position.into_iter().enumerate() {
        let column = batch.column(column);
        match column.data_type() {
            DataType::Float32 => points
                .iter_mut()
                .zip(column.as_primitive::<Float32Type>().iter())
                .for_each(|(p, v)| p[axis] = v.map_or(f64::NAN, f64::from)),
            DataType::Float64 => {
                points.iter_mut().zip(column.as_primitive::<Float64Type>().iter()).for_each(|(p, v)| p[axis] = v.unwrap_or(f64::NAN))
            }
            _ => {}
        }
    }
    points
}

fn bounds_of(points: &[[f64; 3]]) -> Bounds {
    let mut bounds = Bounds::default();
    points.iter().for_each(|point| bounds.add(*point));
    bounds
}

fn bucket_error(path: &Path, error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, io) if io.kind() == std::io::ErrorKind::FileTooLarge => Error::limit("cannot write a temporary file")
            .at(format!("`{}`", path.display()))
            .because(io)
            .hint("raise the file size limit (`ulimit -f`)"),
        ArrowError::IoError(_, io) => Error::io("use a temporary file", path, &io),
        other => Error::internal("a temporary file makes no sense").at(format!("`{}`", path.display())).because(other),
    }
}

/// Keeps the schema's fields `columns`, with metadata.
pub(super) fn project(schema: &SchemaRef, columns: &[usize]) -> Result<SchemaRef> {
    schema.project(columns).map(Arc::new).map_err(|e| Error::internal("columns are not in the schema").because(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitters_cut_evenly_and_survive_ties() {
        let sample: Vec<(u64, u64)> = (0..1000).map(|i| (i % 10, i)).collect();
        let cuts = splitters(sample.clone(), 4);
        assert_eq!(cuts.len(), 3);
        let sizes: Vec<usize> = (0..4).map(|b| sample.iter().filter(|s| cuts.partition_point(|c| c <= s) == b).count()).collect();
        assert_eq!(sizes, [250; 4]);
        let equal: Vec<(u64, u64)> = (0..1000).map(|row| (7, row)).collect();
        assert_eq!(splitters(equal, 4), [(7, 250), (7, 500), (7, 750)]);
        assert!(splitters(vec![], 4).is_empty());
    }
}
