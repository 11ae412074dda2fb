//! One order of rows for any number of threads: groups come sorted by their keys, scans come in file order.
//!
//! Edge cases rows of a join or a window without ORDER BY have no fixed order; nested keys are left unsorted
//! Cost       sorting the groups, which are few; a scan loses nothing
//! See also   `run` which hands over partitions in order

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Distinct, Expr, FetchType, Limit, LogicalPlan, LogicalPlanBuilder, SkipType, SortExpr};
use datafusion::physical_plan::ExecutionPlan;

/// `plan` with its groups sorted, when nothing above them sorts.
pub fn with_sorted_groups(plan: LogicalPlan) -> Result<LogicalPlan> {
    match &plan {
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Filter(_) | LogicalPlan::Limit(_) => {
            let inputs = plan.inputs();
            let [input] = inputs.as_slice() else { return Ok(plan) };
            let sorted = with_sorted_groups((*input).clone())?;
            plan.with_new_exprs(plan.expressions(), vec![sorted])
        }
        LogicalPlan::Aggregate(node) if !node.group_expr.is_empty() => {
            let keys = node.schema.fields().len().saturating_sub(node.aggr_expr.len());
            sorted_by(plan.clone(), keys)
        }
        LogicalPlan::Distinct(Distinct::All(_)) => {
            let keys = plan.schema().fields().len();
            sorted_by(plan, keys)
        }
        _ => Ok(plan),
    }
}

/// `plan` sorted by its first `keys` columns.
fn sorted_by(plan: LogicalPlan, keys: usize) -> Result<LogicalPlan> {
    let mut order = Vec::new();
    let schema = plan.schema().clone();
    for (qualifier, field) in schema.iter().take(keys) {
        if field.data_type().is_nested() {
            return Ok(plan);
        }
        order.push(SortExpr::new(Expr::Column(Column::from((qualifier, field))), true, false));
    }
    if order.is_empty() { Ok(plan) } else { LogicalPlanBuilder::from(plan).sort(order)?.build() }
}

/// A row range that the answer is cut to: rows to skip, rows to keep.
pub type Cut = (usize, Option<usize>);

/// Takes the LIMIT off a plan whose rows come straight from a scan, so that the first rows in file order can be taken instead of any.
pub fn without_scan_limit(plan: LogicalPlan) -> (LogicalPlan, Option<Cut>) {
    let LogicalPlan::Limit(limit) = &plan else { return (plan, None) };
    match (range(limit), is_scan(&limit.input)) {
        (Some(cut), true) => (Arc::unwrap_or_clone(limit.input.clone()), Some(cut)),
        _ => (plan, None),
    }
}

fn range(limit: &Limit) -> Option<Cut> {
    match (limit.get_skip_type(), limit.get_fetch_type()) {
        (Ok(SkipType::Literal(skip)), Ok(FetchType::Literal(fetch))) => Some((skip, fetch)),
        _ => None,
    }
}

/// Whether the rows of `plan` are those of one scan, filtered and computed one by one.
pub fn is_scan(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(_) => true,
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Filter(_) => {
            plan.inputs().first().is_some_and(|input| is_scan(input))
        }
        _ => false,
    }
}

/// A scan whose files are read in order, each by the partition that it was given to.
pub fn in_file_order(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let ordered = plan.transform_down(|node| {
        Ok(match node.with_preserve_order(true) {
            Some(ordered) => Transformed::new(ordered, true, TreeNodeRecursion::Continue),
            None => Transformed::no(node),
        })
    })?;
    Ok(ordered.data)
}
