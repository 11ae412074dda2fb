//! A table over Parquet files, read through checked bytes, pruned by row group and page, and split so that every thread works.
//!
//! Layout     file columns, then `snap` (Int32) from the manifest where the table has one part per snapshot
//! Cost       row counts, minima and maxima come from the manifest: `count(*)`, `min(x)`, `max(x)` read no data
//! See also   `byte_source` for the reads, `implied` for spatial pruning, `resolve` which makes these tables

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, DataFusionError, Result, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use parquet::arrow::async_reader::AsyncFileReader;

use super::byte_source::{ByteReader, ByteSource};
use super::implied;

/// One file of a table.
#[derive(Clone, Debug)]
pub struct ParquetPart {
    /// Its bytes.
    pub source: Arc<dyn ByteSource>,
    /// Rows.
    pub rows: u64,
    /// Snapshot number, in tables that have one part per snapshot.
    pub snap: Option<i32>,
    /// What is known of its columns, by name.
    pub columns: Vec<(String, ColumnStatistics)>,
}

/// A table of Parquet files with one schema.
#[derive(Debug)]
pub struct ParquetTable {
    file_schema: SchemaRef,
    schema: SchemaRef,
    snap: Option<FieldRef>,
    parts: Vec<ParquetPart>,
}

impl ParquetTable {
    /// A table of `parts`, whose columns are `file_schema` and, when given, `snap`.
    pub fn new(file_schema: SchemaRef, snap: Option<Field>, parts: Vec<ParquetPart>) -> ParquetTable {
        let snap = snap.map(Arc::new);
        let fields: Vec<FieldRef> = file_schema.fields().iter().cloned().chain(snap.clone()).collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, file_schema.metadata().clone()));
        ParquetTable { file_schema, schema, snap, parts }
    }

    fn part_statistics(&self, part: &ParquetPart) -> Statistics {
        let mut all = Statistics::new_unknown(&self.schema);
        all.num_rows = Precision::Exact(part.rows as usize);
        for (known, field) in all.column_statistics.iter_mut().zip(self.schema.fields()) {
            if let Some((_, found)) = part.columns.iter().find(|(name, _)| name == field.name()) {
                *known = found.clone();
            }
        }
        if let (Some(snap), Some(last)) = (part.snap, all.column_statistics.last_mut()) {
            let value = Precision::Exact(ScalarValue::Int32(Some(snap)));
            *last = ColumnStatistics {
                null_count: Precision::Exact(0),
                min_value: value.clone(),
                max_value: value,
                ..ColumnStatistics::new_unknown()
            };
        }
        all
    }

    fn table_statistics(&self) -> Statistics {
        let parts: Vec<Statistics> = self.parts.iter().map(|p| self.part_statistics(p)).collect();
        Statistics::try_merge_iter(parts.iter(), &self.schema).unwrap_or_else(|_| Statistics::new_unknown(&self.schema))
    }
}

#[async_trait]
impl TableProvider for ParquetTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.table_statistics())
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|f| if f.is_volatile() { TableProviderFilterPushDown::Unsupported } else { TableProviderFilterPushDown::Inexact })
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partition_columns: Vec<FieldRef> = self.snap.iter().cloned().collect();
        let table_schema = TableSchema::builder(self.file_schema.clone()).with_table_partition_cols(partition_columns).build();
        let factory = Arc::new(CheckedReaders { sources: self.parts.iter().map(|p| p.source.clone()).collect() });
        let mut source = ParquetSource::new(table_schema)
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(factory);
        // The ranges that a sphere or a cylinder implies prune row groups and pages; the filter itself stays above the scan.
        let pruning = conjunction(filters.iter().cloned().chain(implied::ranges(filters, &self.schema)));
        if let Some(predicate) = pruning {
            let columns = DFSchema::try_from(self.schema.as_ref().clone())?;
            source = source.with_predicate(state.create_physical_expr(predicate, &columns)?);
        }
        let files = self.parts.iter().enumerate().map(|(i, part)| {
            let mut file = PartitionedFile::new(format!("{i}.parquet"), part.source.length()).with_extension(PartNumber(i));
            file.partition_values = part.snap.map(|snap| ScalarValue::Int32(Some(snap))).into_iter().collect();
            file.statistics = Some(Arc::new(self.part_statistics(part)));
            file
        });
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_group(FileGroup::new(files.collect()))
            .with_statistics(self.table_statistics())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Which part of the table a file of the scan is.
#[derive(Clone, Copy, Debug)]
struct PartNumber(usize);

/// Hands the scan a reader over checked bytes for each file.
#[derive(Debug)]
struct CheckedReaders {
    sources: Vec<Arc<dyn ByteSource>>,
}

impl ParquetFileReaderFactory for CheckedReaders {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let source = file.extension::<PartNumber>().and_then(|n| self.sources.get(n.0));
        match source {
            Some(source) => Ok(Box::new(ByteReader::new(source.clone()))),
            None => Err(DataFusionError::Internal(format!("no source for `{}`", file.path()))),
        }
    }
}
