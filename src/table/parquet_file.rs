//! Parquet files as Spolia writes them: row groups encoded column by column on all threads, same bytes for any number of them.
//!
//! Layout     row groups of 131072 rows, pages of 16384; zstd 1; floats BYTE_STREAM_SPLIT, integers DELTA_BINARY_PACKED, no dictionaries
//!            for numbers; page index and statistics; Arrow schema with all field metadata; `created_by` spolia \<version>
//! Accuracy   values come back with the same bits, NaN payloads included
//! Measured   a Tipsy snapshot of 4e6 particles takes 0.46 of its memory; zstd 3 would save 1% more, no BYTE_STREAM_SPLIT costs 6%
//! Edge cases a table without rows is a file without row groups
//! See also   `write::TableWriter`, `statistics`

use std::io::Write;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;

use super::manifest::{ColumnStats, engine};
use super::statistics::column_stats;

/// Rows per row group: 0.5 MiB of a Float32 column, the unit of pruning and of parallel reading.
pub const ROW_GROUP_ROWS: usize = 1 << 17;
/// Rows per page: the finer unit of pruning.
const PAGE_ROWS: usize = 1 << 14;
const ZSTD_LEVEL: i32 = 1;

/// A Parquet file being written to `W`.
pub(crate) struct ParquetFile<W: Write + Send> {
    writer: SerializedFileWriter<Shared<W>>,
    sink: Shared<W>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    /// Leaves per field: more than one for nested types.
    leaves: Vec<usize>,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    rows: u64,
    groups: usize,
    stats: Vec<ColumnStats>,
}

impl<W: Write + Send> std::fmt::Debug for ParquetFile<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetFile").field("rows", &self.rows).field("groups", &self.groups).finish_non_exhaustive()
    }
}

impl<W: Write + Send> ParquetFile<W> {
    /// Begins the file.
    pub fn new(sink: W, schema: SchemaRef) -> Result<ParquetFile<W>> {
        let sink = Shared(Arc::new(Mutex::new(sink)));
        let (writer, factory) = ArrowWriter::try_new(sink.clone(), schema.clone(), Some(properties(&schema)))?.into_serialized_writer()?;
        let mut leaves = vec![0; schema.fields().len()];
        for leaf in 0..writer.schema_descr().num_columns() {
            if let Some(count) = leaves.get_mut(writer.schema_descr().get_column_root_idx(leaf)) {
                *count += 1;
            }
        }
        let stats =
            schema.fields().iter().map(|f| ColumnStats { name: f.name().clone(), min: None, max: None, nulls: 0, nans: 0 }).collect();
        Ok(ParquetFile { writer, sink, factory, schema, leaves, pending: Vec::new(), pending_rows: 0, rows: 0, groups: 0, stats })
    }

    /// Appends rows; full row groups are encoded and written. Where batches begin and end has no influence on the bytes.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut rest = batch.clone();
        while rest.num_rows() > 0 {
            let take = rest.num_rows().min(ROW_GROUP_ROWS - self.pending_rows);
            self.pending.push(rest.slice(0, take));
            self.pending_rows += take;
            rest = rest.slice(take, rest.num_rows() - take);
            if self.pending_rows == ROW_GROUP_ROWS {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.pending_rows == 0 {
            return Ok(());
        }
        let batches = std::mem::take(&mut self.pending);
        let mut writers = self.factory.create_column_writers(self.groups)?.into_iter();
        let fields: Vec<(usize, Vec<ArrowColumnWriter>)> =
            self.leaves.iter().enumerate().map(|(i, leaves)| (i, writers.by_ref().take(*leaves).collect())).collect();
        let schema = &self.schema;
        let encoded = fields
            .into_par_iter()
            .map(|(index, writers)| encode(schema, index, &batches, writers))
            .collect::<Result<Vec<(Vec<ArrowColumnChunk>, ColumnStats)>>>()?;
        let mut group = self.writer.next_row_group()?;
        for (total, (chunks, stats)) in self.stats.iter_mut().zip(encoded) {
            for chunk in chunks {
                chunk.append_to_row_group(&mut group)?;
            }
            total.merge(&stats);
        }
        group.close()?;
        self.rows += self.pending_rows as u64;
        self.pending_rows = 0;
        self.groups += 1;
        Ok(())
    }

    /// Writes what is left and the footer; returns rows, statistics and the sink.
    pub fn finish(mut self) -> Result<(u64, Vec<ColumnStats>, W)> {
        self.flush()?;
        self.writer.finish()?;
        drop(self.writer);
        let sink = Arc::into_inner(self.sink.0).map(|sink| sink.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()));
        Ok((self.rows, self.stats, sink.ok_or_else(|| ParquetError::General("the file is still being written".into()))?))
    }
}

/// The sink, held twice: `SerializedFileWriter::into_inner` would turn an I/O error of the last bytes into text.
struct Shared<W>(Arc<Mutex<W>>);

impl<W> Clone for Shared<W> {
    fn clone(&self) -> Self {
        Shared(self.0.clone())
    }
}

impl<W: Write> Write for Shared<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).flush()
    }
}

/// One column of one row group.
fn encode(
    schema: &SchemaRef,
    index: usize,
    batches: &[RecordBatch],
    writers: Vec<ArrowColumnWriter>,
) -> Result<(Vec<ArrowColumnChunk>, ColumnStats)> {
    let field = schema.field(index);
    let parts: Vec<&dyn arrow::array::Array> = batches.iter().map(|batch| batch.column(index).as_ref()).collect();
    // Joined into one array: the pages then do not depend on how the rows came.
    let array: ArrayRef = match batches {
        [single] => single.column(index).clone(),
        _ => concat(&parts).map_err(|e| ParquetError::ArrowError(e.to_string()))?,
    };
    let stats = column_stats(field.name(), &array);
    let leaves = compute_leaves(field, &array)?;
    let mut chunks = Vec::with_capacity(writers.len());
    for (mut writer, leaf) in writers.into_iter().zip(leaves) {
        writer.write(&leaf)?;
        chunks.push(writer.close()?);
    }
    Ok((chunks, stats))
}

fn properties(schema: &SchemaRef) -> WriterProperties {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    let mut builder = WriterProperties::builder()
        .set_created_by(engine())
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS);
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        let encoding = match field.data_type() {
            DataType::Float32 | DataType::Float64 => Encoding::BYTE_STREAM_SPLIT,
            data_type if data_type.is_integer() => Encoding::DELTA_BINARY_PACKED,
            _ => continue,
        };
        builder = builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, encoding);
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::schema::{canonical_field, unit_of};
    use arrow::array::{Array, AsArray, BooleanArray, Float32Array, Int32Array, StringArray, UInt64Array};
    use arrow::datatypes::{Field, Schema};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            canonical_field("id", DataType::UInt64, "iord", None),
            canonical_field("x", DataType::Float32, "pos", Some(2.0)),
            Field::new("halo_id", DataType::Int32, true),
            Field::new("wind", DataType::Boolean, false),
            Field::new("name", DataType::Utf8, false),
        ]))
    }

    fn rows(range: std::ops::Range<u64>) -> RecordBatch {
        let noise = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        RecordBatch::try_new(
            schema(),
            vec![
                Arc::new(UInt64Array::from_iter_values(range.clone().map(noise))),
                Arc::new(Float32Array::from_iter_values(
                    range.clone().map(|i| if i == 5 { f32::from_bits(0x7fc0_1234) } else { noise(i) as f32 }),
                )),
                Arc::new(Int32Array::from_iter(range.clone().map(|i| (i % 7 != 0).then_some(i as i32 % 100 - 50)))),
                Arc::new(BooleanArray::from_iter(range.clone().map(|i| Some(i % 3 == 0)))),
                Arc::new(StringArray::from_iter_values(range.map(|i| format!("s{}", i % 10)))),
            ],
        )
        .unwrap()
    }

    fn file(cuts: &[u64], threads: usize) -> (Vec<u8>, u64, Vec<ColumnStats>) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut file = ParquetFile::new(Vec::new(), schema()).unwrap();
            for pair in cuts.windows(2) {
                file.write(&rows(pair[0]..pair[1])).unwrap();
            }
            let (rows, stats, bytes) = file.finish().unwrap();
            (bytes, rows, stats)
        })
    }

    #[test]
    fn bytes_depend_neither_on_threads_nor_on_batches() {
        let n = ROW_GROUP_ROWS as u64 + 5000;
        let (one, count, stats) = file(&[0, n], 1);
        assert_eq!(count, n);
        assert_eq!(stats[1].nans, 1);
        assert_eq!(stats[2].nulls, n.div_ceil(7));
        assert_eq!(file(&[0, 1, 77_777, n - 1, n], 3).0, one);
        assert_eq!(file(&[0, n], 2).0, one);
    }

    #[test]
    fn values_types_nulls_and_units_come_back() {
        let n = ROW_GROUP_ROWS as u64 + 5000;
        let (bytes, ..) = file(&[0, n], 2);
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
        assert_eq!(builder.schema().as_ref(), schema().as_ref());
        assert_eq!(unit_of(builder.schema().field(1)), "kpc");
        assert_eq!(builder.metadata().num_row_groups(), 2);
        assert_eq!(builder.metadata().file_metadata().created_by(), Some(engine().as_str()));
        let batches: Vec<RecordBatch> = builder.with_batch_size(n as usize).build().unwrap().map(|b| b.unwrap()).collect();
        let back = arrow::compute::concat_batches(&schema(), &batches).unwrap();
        assert_eq!(back.column(1).as_primitive::<arrow::datatypes::Float32Type>().value(5).to_bits(), 0x7fc0_1234, "NaN payload");
        let whole = rows(0..n);
        for i in [0, 2, 3, 4] {
            assert_eq!(back.column(i).as_ref() as &dyn Array, whole.column(i).as_ref(), "column {i}");
        }
    }

    #[test]
    fn a_table_without_rows_is_a_readable_file() {
        let (bytes, count, _) = file(&[0], 1);
        assert_eq!(count, 0);
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
        assert_eq!(builder.schema().as_ref(), schema().as_ref());
    }
}
