//! One family of a raw snapshot as a table: read in blocks, by many threads, only the columns and rows that are needed.
//!
//! Layout     the family's canonical columns, then `snap` (Int32)
//! Cost       cheap conjuncts run first and on their own columns; the other columns of a block are read only where rows are left
//! See also   `ingest::Snapshot`, `parquet_table` for ingested data

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{filter_record_batch, prep_null_mask_filter};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result, Statistics};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};

use crate::ingest::{Family, Snapshot};
use crate::table::schema::canonical_field;

/// Rows of one block: a few columns of 32-bit floats stay in the cache of a core, and readers do not share it out again.
const BLOCK_ROWS: u64 = 24_576;
/// Relative cost of a function that is not among the cheap ones.
const COSTLY: usize = 20;
/// Functions that cost about as much as an operator.
const CHEAP: &[&str] = &["radius", "r_cyl", "abs", "sqrt", "floor", "speed"];

/// A table over one family of a snapshot.
#[derive(Debug)]
pub struct SnapshotTable {
    snapshot: Arc<dyn Snapshot>,
    family: Family,
    schema: SchemaRef,
}

impl SnapshotTable {
    /// The table of `family`; an error if the snapshot has none.
    pub fn new(snapshot: Arc<dyn Snapshot>, family: Family) -> crate::Result<SnapshotTable> {
        let stored = snapshot.schema(family)?;
        let mut fields: Vec<Field> = stored.fields().iter().map(|f| f.as_ref().clone()).collect();
        if stored.column_with_name("snap").is_none() {
            fields.push(canonical_field("snap", DataType::Int32, "", None));
        }
        Ok(SnapshotTable { snapshot, family, schema: Arc::new(Schema::new(fields)) })
    }
}

#[async_trait]
impl TableProvider for SnapshotTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|f| if f.is_volatile() { TableProviderFilterPushDown::Unsupported } else { TableProviderFilterPushDown::Exact })
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = DFSchema::try_from(self.schema.as_ref().clone())?;
        // Cheap conjuncts share one pass; a costly one, such as an abundance, sees only the rows that those let pass.
        let (cheap, mut costly): (Vec<Expr>, Vec<Expr>) =
            filters.iter().flat_map(split_conjunction).cloned().partition(|e| cost(e) < COSTLY);
        costly.sort_by_key(cost);
        let steps = conjunction(cheap).into_iter().chain(costly);
        let steps = steps.map(|e| state.create_physical_expr(e, &columns)).collect::<Result<Vec<_>>>()?;
        let projection = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let partitions = state.config().target_partitions();
        Ok(Arc::new(SnapshotScan::new(self.snapshot.clone(), self.family, self.schema.clone(), projection, steps, limit, partitions)?))
    }
}

/// Rough cost of a conjunct per row.
fn cost(expr: &Expr) -> usize {
    let mut total = 0;
    let visited = expr.apply(|e| {
        total += match e {
            Expr::ScalarFunction(call) if !CHEAP.contains(&call.name()) => COSTLY,
            _ => 1,
        };
        Ok(TreeNodeRecursion::Continue)
    });
    if visited.is_err() { usize::MAX } else { total }
}

/// The scan: leaf of a physical plan.
#[derive(Debug)]
struct SnapshotScan {
    snapshot: Arc<dyn Snapshot>,
    family: Family,
    /// Schema of the whole table.
    table: SchemaRef,
    projection: Vec<usize>,
    /// Conjuncts over the whole table's columns, cheapest first.
    steps: Vec<Arc<dyn PhysicalExpr>>,
    limit: Option<usize>,
    output: SchemaRef,
    properties: Arc<PlanProperties>,
    rows: u64,
}

impl SnapshotScan {
    fn new(
        snapshot: Arc<dyn Snapshot>,
        family: Family,
        table: SchemaRef,
        projection: Vec<usize>,
        steps: Vec<Arc<dyn PhysicalExpr>>,
        limit: Option<usize>,
        partitions: usize,
    ) -> Result<SnapshotScan> {
        let output = Arc::new(table.project(&projection)?);
        let rows = snapshot.rows(family);
        let partitions = partitions.min(rows.div_ceil(BLOCK_ROWS) as usize).max(1);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(output.clone()),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(SnapshotScan { snapshot, family, table, projection, steps, limit, output, properties: Arc::new(properties), rows })
    }

    /// Rows of one partition: whole blocks, in file order.
    fn part(&self, partition: usize) -> Range<u64> {
        let parts = self.properties.partitioning.partition_count() as u64;
        let blocks = self.rows.div_ceil(BLOCK_ROWS);
        let edge = |k: u64| (blocks * k / parts * BLOCK_ROWS).min(self.rows);
        edge(partition as u64)..edge(partition as u64 + 1)
    }
}

impl DisplayAs for SnapshotScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let names: Vec<&str> = self.output.fields().iter().map(|c| c.name().as_str()).collect();
        let info = self.snapshot.info();
        write!(f, "SnapshotScan: {} of {} snapshot {}, columns=[{}]", self.family, info.format, info.snap, names.join(", "))?;
        if !self.steps.is_empty() {
            let steps: Vec<String> = self.steps.iter().map(|s| s.to_string()).collect();
            write!(f, ", filter=[{}]", steps.join(" then "))?;
        }
        Ok(())
    }
}

impl ExecutionPlan for SnapshotScan {
    fn name(&self) -> &str {
        "SnapshotScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn replace_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>, _: ReplaceChildrenOptions) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn apply_expressions(&self, visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        for step in &self.steps {
            if visit(step)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        let mut known = Statistics::new_unknown(&self.output);
        let rows = partition.map_or(self.rows, |p| self.part(p).end - self.part(p).start) as usize;
        known.num_rows = if self.steps.is_empty() && self.limit.is_none() { Precision::Exact(rows) } else { Precision::Inexact(rows) };
        Ok(Arc::new(known))
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let reader = BlockReader::new(self)?;
        let blocks = self.part(partition);
        let limit = self.limit;
        let starts = blocks.clone().step_by(BLOCK_ROWS as usize);
        let mut left = limit.unwrap_or(usize::MAX);
        let batches = starts.map_while(move |start| {
            if left == 0 {
                return None;
            }
            let rows = start..(start + BLOCK_ROWS).min(blocks.end);
            let batch = reader.block(rows).map(|batch| {
                let kept = batch.slice(0, batch.num_rows().min(left));
                left -= kept.num_rows();
                kept
            });
            Some(batch)
        });
        let batches = batches.filter(|b| !b.as_ref().is_ok_and(|b| b.num_rows() == 0));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.output.clone(), futures::stream::iter(batches))))
    }
}

/// Reads blocks of one scan.
struct BlockReader {
    snapshot: Arc<dyn Snapshot>,
    family: Family,
    table: SchemaRef,
    /// Columns of the table that the snapshot stores; those after them are made here.
    stored: usize,
    output: SchemaRef,
    projection: Vec<usize>,
    steps: Vec<Step>,
}

/// One conjunct and the columns of the table that it needs.
struct Step {
    test: Arc<dyn PhysicalExpr>,
    needs: Vec<usize>,
}

/// Columns read so far for the rows of a block that are left; by index into the table.
struct Left {
    columns: Vec<(usize, ArrayRef)>,
    rows: usize,
}

impl BlockReader {
    fn new(scan: &SnapshotScan) -> Result<BlockReader> {
        let steps = scan
            .steps
            .iter()
            .map(|test| {
                let mut needs: Vec<usize> = collect_columns(test).iter().map(Column::index).collect();
                needs.sort_unstable();
                needs.dedup();
                let narrow = scan.table.project(&needs)?;
                Ok(Step { test: reassign_expr_columns(test.clone(), &narrow)?, needs })
            })
            .collect::<Result<_>>()?;
        Ok(BlockReader {
            snapshot: scan.snapshot.clone(),
            family: scan.family,
            table: scan.table.clone(),
            stored: scan.snapshot.schema(scan.family).map_err(outward)?.fields().len(),
            output: scan.output.clone(),
            projection: scan.projection.clone(),
            steps,
        })
    }

    /// The rows of `rows` that pass, with the columns of the output.
    fn block(&self, rows: Range<u64>) -> Result<RecordBatch> {
        let count = (rows.end - rows.start) as usize;
        let mut left = Left { columns: Vec::new(), rows: count };
        // The rows that passed so far, as a mask over the whole block; none before the first test.
        let mut passed: Option<BooleanArray> = None;
        for step in &self.steps {
            self.extend(&mut left, &step.needs, &rows, passed.as_ref())?;
            let batch = self.batch(&left, &step.needs)?;
            let mask = step.test.evaluate(&batch)?.into_array(batch.num_rows())?;
            let mask = mask.as_boolean();
            let mask = if mask.null_count() > 0 { prep_null_mask_filter(mask) } else { mask.clone() };
            let kept = mask.true_count();
            if kept == 0 {
                return Ok(RecordBatch::new_empty(self.output.clone()));
            }
            if kept < left.rows {
                for (_, column) in &mut left.columns {
                    *column = datafusion::arrow::compute::filter(column, &mask)?;
                }
                left.rows = kept;
                passed = Some(match passed {
                    None => mask,
                    Some(before) => narrowed(&before, &mask),
                });
            }
        }
        self.extend(&mut left, &self.projection, &rows, passed.as_ref())?;
        self.batch(&left, &self.projection)
    }

    /// Adds the columns of `needs` that are not there yet.
    fn extend(&self, left: &mut Left, needs: &[usize], rows: &Range<u64>, passed: Option<&BooleanArray>) -> Result<()> {
        let missing: Vec<usize> = needs.iter().copied().filter(|i| !left.columns.iter().any(|(have, _)| have == i)).collect();
        let physical: Vec<usize> = missing.iter().copied().filter(|i| *i < self.stored).collect();
        if !physical.is_empty() {
            let mut batch = self.snapshot.read(self.family, &physical, rows.clone()).map_err(outward)?;
            if let Some(mask) = passed {
                batch = filter_record_batch(&batch, mask)?;
            }
            left.columns.extend(physical.iter().copied().zip(batch.columns().iter().cloned()));
        }
        for index in missing.into_iter().filter(|i| *i >= self.stored) {
            let snap = i32::try_from(self.snapshot.info().snap).unwrap_or(i32::MAX);
            left.columns.push((index, Arc::new(Int32Array::from_value(snap, left.rows)) as ArrayRef));
        }
        Ok(())
    }

    fn batch(&self, left: &Left, indices: &[usize]) -> Result<RecordBatch> {
        let columns = indices
            .iter()
            .map(|i| left.columns.iter().find(|(have, _)| have == i).map(|(_, c)| c.clone()))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| DataFusionError::Internal("a column of a block was not read".into()))?;
        let schema = Arc::new(self.table.project(indices)?);
        let options = RecordBatchOptions::new().with_row_count(Some(left.rows));
        Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
    }
}

/// A mask over all rows from a mask over the rows that an earlier mask let pass.
fn narrowed(before: &BooleanArray, mask: &BooleanArray) -> BooleanArray {
    let mut position = 0;
    let values: Vec<bool> = before
        .values()
        .iter()
        .map(|passed| {
            let now = passed && mask.value(position);
            position += usize::from(passed);
            now
        })
        .collect();
    BooleanArray::from(values)
}

fn outward(error: crate::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error) as Box<dyn std::error::Error + Send + Sync>)
}
