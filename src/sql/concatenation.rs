//! The partitions of a plan one after the other: what a LIMIT or a window without order sees is the order of the file.
//!
//! Edge cases a failure or a panic in a partition surfaces when its turn comes
//! Cost       partitions run side by side and wait, a few batches ahead, for their turn; nothing is sorted
//! See also   `order`, which puts it where the library would take batches as they come

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, stream};

/// Batches that a partition may be ahead of its turn.
const AHEAD: usize = 2;

/// One partition made of those of `input`, in their order.
#[derive(Debug)]
pub struct Concatenation {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl Concatenation {
    /// The partitions of `input` in order.
    pub fn new(input: Arc<dyn ExecutionPlan>) -> Concatenation {
        // All that the library knows of merged partitions holds here too.
        let properties = CoalescePartitionsExec::new(input.clone()).properties().clone();
        Concatenation { input, properties }
    }
}

impl DisplayAs for Concatenation {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Concatenation")
    }
}

impl ExecutionPlan for Concatenation {
    fn name(&self) -> &str {
        "Concatenation"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(children.into_iter().next().map_or(self, |input| Arc::new(Concatenation::new(input))))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn apply_expressions(&self, _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, _partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let partitions: Vec<SendableRecordBatchStream> = (0..self.input.output_partitioning().partition_count())
            .map(|partition| {
                let mut builder = RecordBatchReceiverStream::builder(self.schema(), AHEAD);
                let (rows, input, context) = (builder.tx(), self.input.clone(), context.clone());
                builder.spawn(async move {
                    let mut batches = input.execute(partition, context)?;
                    while let Some(batch) = batches.next().await {
                        if rows.send(batch).await.is_err() {
                            break;
                        }
                    }
                    Ok(())
                });
                builder.build()
            })
            .collect();
        let rows = stream::iter(partitions).flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
