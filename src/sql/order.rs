//! One order of rows for any number of threads, decided at planning.
//!
//! Layout     a scan comes in file order, groups and distinct rows come sorted by their keys, a window in the order of its OVER, a join and
//!            anything else without ORDER BY sorted by all its columns; ties under ORDER BY follow the other columns of the sort's input
//! Edge cases LIMIT without ORDER BY takes the first rows of that order, inside a query too; `array_agg`, `first_value` and their like
//!            take values in the order of their ORDER BY, then of the values; nested columns (lists, structs) decide nothing
//! Cost       a scan, UNION ALL of scans and ORDER BY with LIMIT lose nothing; a join sorts its answer, so it streams no more
//! See also   `run` which hands over partitions in order, `concatenation`

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::functions_nested::expr_fn::array_sort;
use datafusion::logical_expr::lit;
use datafusion::logical_expr::utils::generate_sort_key;
use datafusion::logical_expr::{
    Distinct, Expr, ExprSchemable, FetchType, Limit, LogicalPlan, LogicalPlanBuilder, SkipType, SortExpr, Window,
};
use datafusion::physical_expr::expressions::Column as PhysicalColumn;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ExecutionPlanProperties, ReplaceChildrenOptions};

use super::concatenation::Concatenation;

/// Aggregates whose result follows the order in which they see their values.
const ORDERED_AGGREGATES: [&str; 5] = ["array_agg", "string_agg", "first_value", "last_value", "nth_value"];

/// `plan` with an order of rows that only its text and its data decide.
pub fn settled(plan: LogicalPlan) -> Result<LogicalPlan> {
    let inside = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Sort(mut sort) => {
            let columns = others(&sort.input, &sort.expr);
            let changed = !columns.is_empty();
            sort.expr.extend(columns);
            Ok(if changed { Transformed::yes(LogicalPlan::Sort(sort)) } else { Transformed::no(LogicalPlan::Sort(sort)) })
        }
        LogicalPlan::Distinct(Distinct::On(mut on)) => {
            // Of the rows that share the keys the first counts: which one it is follows every column that is shown.
            let mut keys = on.sort_expr.take().unwrap_or_else(|| on.on_expr.iter().map(ascending).collect());
            let shown: Vec<Expr> = on.select_expr.iter().flat_map(Expr::column_refs).cloned().map(Expr::Column).collect();
            for column in shown {
                if !keys.iter().any(|key| key.expr == column) && !is_nested(&column, on.input.schema()) {
                    keys.push(ascending(&column));
                }
            }
            on.sort_expr = Some(keys);
            Ok(Transformed::yes(LogicalPlan::Distinct(Distinct::On(on))))
        }
        LogicalPlan::Limit(mut limit) if !is_scan(&limit.input) => {
            limit.input = Arc::new(with_order(Arc::unwrap_or_clone(limit.input))?);
            Ok(Transformed::yes(LogicalPlan::Limit(limit)))
        }
        LogicalPlan::Aggregate(_) => settled_aggregate(node),
        other => Ok(Transformed::no(other)),
    })?;
    with_order(inside.data)
}

fn ascending(expr: &Expr) -> SortExpr {
    SortExpr::new(expr.clone(), true, false)
}

fn is_nested(expr: &Expr, schema: &DFSchema) -> bool {
    expr.get_type(schema).is_ok_and(|kind| kind.is_nested())
}

/// Whether an aggregate is `array_agg(x)` without DISTINCT and ORDER BY.
fn collects_plainly(expr: &Expr) -> bool {
    let Expr::AggregateFunction(call) = expr else { return false };
    call.func.name() == "array_agg" && call.params.order_by.is_empty() && !call.params.distinct
}

fn collects_nested(expr: &Expr, schema: &DFSchema) -> bool {
    let Expr::AggregateFunction(call) = expr else { return false };
    call.params.args.iter().any(|value| is_nested(value, schema))
}

/// An aggregation whose ordered aggregates break ties by their own values.
fn settled_aggregate(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Aggregate(node) = &plan else { return Ok(Transformed::no(plan)) };
    let sorted_later: Vec<bool> =
        node.aggr_expr.iter().map(|expr| collects_plainly(expr) && !collects_nested(expr, node.input.schema())).collect();
    let first = node.schema.fields().len().saturating_sub(node.aggr_expr.len());
    let settled = plan.map_expressions(|expr| {
        if collects_plainly(&expr) {
            return Ok(Transformed::no(expr));
        }
        let name = expr.schema_name().to_string();
        let ordered = expr.transform(|inner| Ok(with_value_order(inner)))?;
        Ok(if ordered.transformed && !matches!(ordered.data, Expr::Alias(_)) {
            ordered.update_data(|expr| expr.alias(name))
        } else {
            ordered
        })
    })?;
    if !sorted_later.contains(&true) {
        return Ok(settled);
    }
    // The library looks at every value again for each batch when array_agg has an ORDER BY: sorting the lists is much faster.
    let columns = settled.data.schema().iter().enumerate().map(|(index, (qualifier, field))| {
        let column = Expr::Column(Column::from((qualifier, field)));
        match index.checked_sub(first).and_then(|aggregate| sorted_later.get(aggregate)) {
            Some(true) => array_sort(column, lit("ASC"), lit("NULLS LAST")).alias(field.name()),
            _ => column,
        }
    });
    let columns: Vec<Expr> = columns.collect();
    LogicalPlanBuilder::from(settled.data).project(columns)?.build().map(Transformed::yes)
}

/// An aggregate whose ties are broken by its own values.
fn with_value_order(expr: Expr) -> Transformed<Expr> {
    let Expr::AggregateFunction(mut call) = expr else { return Transformed::no(expr) };
    let value = call.params.args.first().cloned();
    match value.filter(|value| ORDERED_AGGREGATES.contains(&call.func.name()) && !matches!(value, Expr::Literal(..))) {
        Some(value) if !call.params.order_by.iter().any(|key| key.expr == value) => {
            call.params.order_by.push(ascending(&value));
            Transformed::yes(Expr::AggregateFunction(call))
        }
        _ => Transformed::no(Expr::AggregateFunction(call)),
    }
}

/// `plan` sorted, unless something in it orders its rows already.
fn with_order(plan: LogicalPlan) -> Result<LogicalPlan> {
    if is_scan(&plan) {
        return Ok(plan);
    }
    match &plan {
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Filter(_) | LogicalPlan::Unnest(_) => {
            let inputs = plan.inputs();
            let [input] = inputs.as_slice() else { return Ok(plan) };
            if !orders_itself(input) {
                return sorted_by(plan, usize::MAX);
            }
            let ordered = with_order((*input).clone())?;
            plan.with_new_exprs(plan.expressions(), vec![ordered])
        }
        LogicalPlan::Aggregate(node) if node.group_expr.is_empty() => Ok(plan),
        LogicalPlan::Aggregate(node) => {
            let keys = node.schema.fields().len().saturating_sub(node.aggr_expr.len());
            sorted_by(plan, keys)
        }
        LogicalPlan::Window(node) => match window_keys(node)? {
            keys if keys.is_empty() && is_scan(&node.input) => Ok(plan),
            keys if keys.is_empty() => sorted_by(plan, usize::MAX),
            // Usually the order that the window needs anyway, so that nothing is sorted twice.
            keys => LogicalPlanBuilder::from(plan).sort(keys)?.build(),
        },
        // One row for each value of its keys, sorted by them.
        LogicalPlan::Distinct(Distinct::On(_)) => Ok(plan),
        LogicalPlan::Distinct(Distinct::All(_)) | LogicalPlan::Join(_) | LogicalPlan::Union(_) | LogicalPlan::RecursiveQuery(_) => {
            sorted_by(plan, usize::MAX)
        }
        _ => Ok(plan),
    }
}

/// Whether the rows of `plan` get their order below its projections and filters, so that no column has to be kept for it.
fn orders_itself(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Filter(_) | LogicalPlan::Unnest(_) => {
            plan.inputs().first().is_some_and(|input| orders_itself(input))
        }
        LogicalPlan::Window(node) => is_scan(&node.input) || window_keys(node).is_ok_and(|keys| !keys.is_empty()),
        LogicalPlan::Join(_) | LogicalPlan::Union(_) | LogicalPlan::RecursiveQuery(_) => is_scan(plan),
        _ => true,
    }
}

/// What the first OVER of a window sorts by.
fn window_keys(node: &Window) -> Result<Vec<SortExpr>> {
    let Some(Expr::WindowFunction(call)) = node.window_expr.first().map(|expr| expr.clone().unalias()) else { return Ok(Vec::new()) };
    Ok(generate_sort_key(&call.params.partition_by, &call.params.order_by)?.into_iter().map(|(key, _)| key).collect())
}

/// Columns of `plan` that are not among `keys`, as further keys.
fn others(plan: &LogicalPlan, keys: &[SortExpr]) -> Vec<SortExpr> {
    let columns = plan.schema().iter().filter(|(_, field)| !field.data_type().is_nested());
    let columns = columns.map(|(qualifier, field)| Expr::Column(Column::from((qualifier, field))));
    columns.filter(|column| !keys.iter().any(|key| key.expr == *column)).map(|column| ascending(&column)).collect()
}

/// `plan` sorted by its first `keys` columns.
fn sorted_by(plan: LogicalPlan, keys: usize) -> Result<LogicalPlan> {
    let mut order = Vec::new();
    for (qualifier, field) in plan.schema().iter().take(keys) {
        if !field.data_type().is_nested() {
            order.push(ascending(&Expr::Column(Column::from((qualifier, field)))));
        }
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

/// Whether the rows of `plan` are those of scans one after the other, filtered and computed one by one.
pub fn is_scan(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(_) => true,
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Filter(_) => {
            plan.inputs().first().is_some_and(|input| is_scan(input))
        }
        LogicalPlan::Union(node) => node.inputs.iter().all(|input| is_scan(input)),
        _ => false,
    }
}

/// Ties in sorts that the planner added, and rows taken as they come, put in order.
pub fn settled_physical(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let mut concatenates = false;
    let settled = plan.transform_up(|node| {
        if let Some(sort) = node.downcast_ref::<SortExec>().filter(|sort| sort.fetch().is_none()) {
            let mut order = sort.expr().clone();
            order.extend(every_column(sort.input()));
            let settled = SortExec::new(order, sort.input().clone()).with_preserve_partitioning(sort.preserve_partitioning());
            return Ok(Transformed::yes(Arc::new(settled) as _));
        }
        if let Some(merge) = node.downcast_ref::<SortPreservingMergeExec>() {
            let order = merge.input().output_ordering().filter(|whole| extends(whole, merge.expr())).cloned();
            let order = order.unwrap_or_else(|| merge.expr().clone());
            let settled = SortPreservingMergeExec::new(order, merge.input().clone()).with_fetch(merge.fetch());
            return Ok(Transformed::yes(Arc::new(settled) as _));
        }
        let is_window = node.is::<WindowAggExec>() || node.is::<BoundedWindowAggExec>();
        if let [input] = node.children().as_slice()
            && (is_window || node.is::<GlobalLimitExec>())
        {
            if let Some(input) = in_order(input)? {
                concatenates = true;
                return Ok(Transformed::yes(with_input(node, input)?));
            }
            let is_unsorted = node.required_input_ordering().iter().all(Option::is_none) && !has_order(input);
            if let Some(order) = LexOrdering::new(every_column(input)).filter(|_| is_window && is_unsorted) {
                let sorted = Arc::new(SortExec::new(order, Arc::clone(input)));
                return Ok(Transformed::yes(with_input(node, sorted)?));
            }
        }
        match node.downcast_ref::<CoalescePartitionsExec>().and_then(|merge| Some((merge, merge.fetch()?))) {
            Some((merge, fetch)) => {
                concatenates = true;
                Ok(Transformed::yes(
                    Arc::new(GlobalLimitExec::new(Arc::new(Concatenation::new(merge.input().clone())), 0, Some(fetch))) as _
                ))
            }
            None => Ok(Transformed::no(node)),
        }
    })?;
    if concatenates { in_file_order(settled.data) } else { Ok(settled.data) }
}

fn extends(whole: &LexOrdering, start: &LexOrdering) -> bool {
    whole.len() >= start.len() && whole.iter().zip(start.iter()).all(|(a, b)| a == b)
}

/// Every column of `plan` that can be compared, as keys.
fn every_column(plan: &Arc<dyn ExecutionPlan>) -> Vec<PhysicalSortExpr> {
    let schema = plan.schema();
    let columns = schema.fields().iter().enumerate().filter(|(_, field)| !field.data_type().is_nested());
    columns.map(|(index, field)| PhysicalSortExpr::new_default(Arc::new(PhysicalColumn::new(field.name(), index)))).collect()
}

/// Whether the rows of `plan` come in file order or sorted: nothing but row-by-row work lies above scans and sorts.
fn has_order(plan: &Arc<dyn ExecutionPlan>) -> bool {
    const ROW_BY_ROW: [&str; 7] =
        ["ProjectionExec", "FilterExec", "UnionExec", "GlobalLimitExec", "LocalLimitExec", "Concatenation", "CooperativeExec"];
    let children = plan.children();
    let sorts = plan.is::<SortExec>() || plan.is::<SortPreservingMergeExec>();
    sorts || children.is_empty() || (ROW_BY_ROW.contains(&plan.name()) && children.iter().all(|child| has_order(child)))
}

/// `plan` with its partitions in order, if they are merged below nothing but row-by-row work and have an order.
fn in_order(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(merge) = plan.downcast_ref::<CoalescePartitionsExec>() {
        if !has_order(merge.input()) {
            return Ok(None);
        }
        return Ok(Some(Arc::new(Concatenation::new(merge.input().clone()))));
    }
    match plan.children().as_slice() {
        [input] if ["ProjectionExec", "FilterExec"].contains(&plan.name()) => {
            in_order(input)?.map(|input| with_input(plan.clone(), input)).transpose()
        }
        _ => Ok(None),
    }
}

fn with_input(plan: Arc<dyn ExecutionPlan>, input: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.replace_children(vec![input], ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
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
