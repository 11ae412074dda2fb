//! Writes one family in the order of the space-filling curve, in bounded memory, with the same bytes for any bound.
//!
//! Layout     blocks of 131072 rows are read on all threads and cut into buckets, stretches of the curve; bucket after bucket is put in
//!            order by (curve key, row of the source) and encoded
//! Edge cases families without positions keep the order of the source; equal positions never overflow a bucket, because splitters
//!            also know the row
//! Cost       positions are read twice, everything else once. What does not fit into half of the
//!            memory goes through a temporary file: one more write and read of it
//! See also   `table::layout`, `buckets`, `run`

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Float32Type, Float64Type, SchemaRef};
use rayon::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::progress::Progress;
use crate::table::layout::{Bounds, Curve};
use crate::table::statistics::row_bytes;
use crate::table::{ROW_GROUP_ROWS, TableWriter};

use super::buckets::{Held, Store};
use super::{Family, Snapshot};

/// Rows that are read at once.
const BLOCK_ROWS: u64 = 1 << 17;
/// Rows of a bucket: few enough that a column of them stays in the second-level cache while it is put in order.
const BUCKET_ROWS: u64 = 2 * ROW_GROUP_ROWS as u64;
/// Positions that are sampled for each bucket: one in a thousand then gets a fifth more rows than meant.
const SAMPLE_PER_BUCKET: u64 = 256;
/// Buckets at most, so that those of a block are not too small to be worth a read.
const MAX_BUCKETS: u64 = 4096;
/// Position, key and row of the order.
const ORDER_BYTES: u64 = 40;

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
        let (curve, splitters) = self.survey(position)?;
        let store = Store::new(self.work.join(format!("{}.buckets", self.plan.family)), &self.plan.schema, self.memory_bytes / 2)?;
        let blocks = self.distribute(position, &curve, &splitters, &store)?;
        let order = |bucket: usize| self.in_order(&store.bucket(&blocks, bucket)?, position, &curve);
        self.write_buckets(order, splitters.len() + 1, writer)?;
        store.close()
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

    /// Blocks at once: read, put in order of bucket and encoded they take an eighth of the memory at most.
    fn blocks_in_flight(&self) -> usize {
        self.in_flight(self.memory_bytes / 8, BLOCK_ROWS * (3 * row_bytes(&self.plan.schema) + ORDER_BYTES))
    }

    /// Buckets at once: those that are put in order and those that are written take a quarter of the memory at most.
    fn buckets_in_flight(&self) -> usize {
        let rows = (self.plan.rows / MAX_BUCKETS).max(BUCKET_ROWS);
        self.in_flight(self.memory_bytes / 4, rows * (4 * row_bytes(&self.plan.schema) + ORDER_BYTES))
    }

    fn in_flight(&self, memory_bytes: u64, each_bytes: u64) -> usize {
        ((memory_bytes / each_bytes.max(1)) as usize).clamp(1, rayon::current_num_threads().max(1))
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

    /// The curve, and values of the order that cut the rows into buckets.
    fn survey(&self, position: [usize; 3]) -> Result<(Curve, Vec<(u64, u64)>)> {
        self.begin("reading positions");
        let columns: Vec<usize> = position.iter().filter_map(|i| self.plan.columns.get(*i).copied()).collect();
        let buckets = self.plan.rows.div_ceil(BUCKET_ROWS).clamp(1, MAX_BUCKETS);
        let stride = (self.plan.rows / (buckets * SAMPLE_PER_BUCKET)).max(1);
        let mut bounds = Bounds::default();
        let mut sample = Points::default();
        let mut sample_rows = Vec::new();
        let read = |rows: &Range<u64>| {
            self.go_on()?;
            let points = Points::of(&self.snapshot.read(self.plan.family, &columns, rows.clone())?, [0, 1, 2]);
            let picks: Vec<u64> = (rows.start.next_multiple_of(stride)..rows.end).step_by(stride as usize).collect();
            Ok((points.bounds(), points.pick(picks.iter().map(|row| (row - rows.start) as usize)), picks))
        };
        for group in self.plan.blocks().chunks(self.blocks_in_flight()) {
            for ((part, points, rows), range) in group.par_iter().map(read).collect::<Result<Vec<_>>>()?.into_iter().zip(group) {
                bounds = bounds.merge(part);
                sample.extend(points);
                sample_rows.extend(rows);
                self.progress.advance(range.end - range.start);
            }
            self.snapshot.release();
        }
        self.progress.finish();
        let curve = Curve::new(&bounds);
        Ok((curve, splitters(sample.keys(&curve).into_iter().zip(sample_rows).collect(), buckets as usize)))
    }

    /// Puts every block in order of bucket.
    fn distribute(&self, position: [usize; 3], curve: &Curve, splitters: &[(u64, u64)], store: &Store) -> Result<Vec<Held>> {
        self.begin("reading");
        let mut held = Vec::new();
        let read = |rows: &Range<u64>| {
            let block = self.read(rows.clone())?;
            let keys = Points::of(&block, position).keys(curve);
            let bucket_of: Vec<u32> = match splitters {
                [] => vec![0; keys.len()],
                _ => keys.into_iter().zip(rows.clone()).map(|order| splitters.partition_point(|cut| *cut <= order) as u32).collect(),
            };
            store.hold(&block, &bucket_of, splitters.len() + 1)
        };
        for group in self.plan.blocks().chunks(self.blocks_in_flight()) {
            held.extend(group.par_iter().map(read).collect::<Result<Vec<_>>>()?);
            group.iter().for_each(|rows| self.progress.advance(rows.end - rows.start));
            self.snapshot.release();
        }
        self.progress.finish();
        Ok(held)
    }

    /// The rows of one bucket in order; rows with equal keys stay as they come.
    fn in_order(&self, parts: &[RecordBatch], position: [usize; 3], curve: &Curve) -> Result<Option<RecordBatch>> {
        self.go_on()?;
        let mut points = Points::default();
        parts.iter().for_each(|part| points.extend(Points::of(part, position)));
        let mut order: Vec<(u64, u32)> = points.keys(curve).into_iter().zip(0..).collect();
        drop(points);
        order.sort_unstable();
        let picks = UInt32Array::from_iter_values(order.into_iter().map(|(_, row)| row));
        if picks.is_empty() {
            return Ok(None);
        }
        let gather = |column: usize| {
            let pieces: Vec<&dyn Array> = parts.iter().map(|part| part.column(column).as_ref()).collect();
            take(&concat(&pieces)?, &picks, None)
        };
        let columns = (0..self.plan.schema.fields().len()).map(gather).collect::<std::result::Result<Vec<ArrayRef>, _>>();
        let batch = columns.and_then(|columns| RecordBatch::try_new(self.plan.schema.clone(), columns));
        batch.map(Some).map_err(|e| Error::internal("rows cannot be put in order").because(e))
    }

    /// Writes bucket after bucket; the next ones are put in order while one is encoded.
    fn write_buckets(
        &self,
        order: impl Fn(usize) -> Result<Option<RecordBatch>> + Sync,
        count: usize,
        writer: &mut TableWriter,
    ) -> Result<()> {
        self.begin("writing");
        let mut buckets: Vec<usize> = (0..count).collect();
        let mut ready: Vec<Option<RecordBatch>> = Vec::new();
        loop {
            let next: Vec<usize> = buckets.drain(..self.buckets_in_flight().min(buckets.len())).collect();
            let mut write = |batches: Vec<Option<RecordBatch>>| {
                batches.into_iter().flatten().try_for_each(|batch| {
                    writer.write(&batch)?;
                    self.progress.advance(batch.num_rows() as u64);
                    Ok(())
                })
            };
            let last = next.is_empty();
            let batches = std::mem::take(&mut ready);
            let (written, ordered) = rayon::join(|| write(batches), || next.into_par_iter().map(&order).collect::<Result<Vec<_>>>());
            written?;
            ready = ordered?;
            if last {
                break;
            }
        }
        self.progress.finish();
        Ok(())
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

/// Positions of rows, NaN where there is none.
#[derive(Clone, Debug, Default)]
struct Points {
    axes: [Vec<f64>; 3],
}

impl Points {
    /// Those of a batch whose columns `position` are the three coordinates.
    fn of(batch: &RecordBatch, position: [usize; 3]) -> Points {
        Points {
            axes: position.map(|column| {
                let column = batch.column(column);
                match column.data_type() {
                    DataType::Float32 => numbers::<Float32Type>(column),
                    DataType::Float64 => numbers::<Float64Type>(column),
                    _ => vec![f64::NAN; batch.num_rows()],
                }
            }),
        }
    }

    fn bounds(&self) -> Bounds {
        let mut bounds = Bounds::default();
        let [x, y, z] = &self.axes;
        x.iter().zip(y).zip(z).for_each(|((x, y), z)| bounds.add([*x, *y, *z]));
        bounds
    }

    fn keys(&self, curve: &Curve) -> Vec<u64> {
        let [x, y, z] = &self.axes;
        curve.keys(x, y, z)
    }

    fn pick(&self, rows: impl Iterator<Item = usize> + Clone) -> Points {
        let pick = |axis: &Vec<f64>| rows.clone().map(|row| axis.get(row).copied().unwrap_or(f64::NAN)).collect();
        let [x, y, z] = &self.axes;
        Points { axes: [pick(x), pick(y), pick(z)] }
    }

    fn extend(&mut self, other: Points) {
        self.axes.iter_mut().zip(other.axes).for_each(|(all, part)| if all.is_empty() { *all = part } else { all.extend(part) });
    }
}

fn numbers<T: ArrowPrimitiveType<Native: Into<f64>>>(column: &ArrayRef) -> Vec<f64> {
    let values = column.as_primitive::<T>();
    match values.null_count() {
        0 => values.values().iter().map(|v| (*v).into()).collect(),
        _ => values.iter().map(|v| v.map_or(f64::NAN, Into::into)).collect(),
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
