//! Units of a planned query: worked out for every column of the answer, and refused where they do not fit.
//!
//! Layout     `walk` goes through the plan, `UnitCheck` through one expression; a plain number adopts the unit beside it
//! Refuses    `x + vx`, `x < vx`, CASE, coalesce, IN, UNION and joins over different units; kpc with pc too, naming the factor
//! Edge cases a column of unit `unknown` fits anything and makes the result unknown; `SET spolia.units = 'off'` keeps the bookkeeping and drops the refusals
//! See also   `unit_expr` for expressions, `functions::unit_of_call`, `units`

use datafusion::common::{DFSchema, JoinType};
use datafusion::logical_expr::{Aggregate, Distinct, Expr, Join, LogicalPlan};

use super::text::SqlText;
use super::unit_expr::{Scope, UnitCheck};
use crate::error::Result;
use crate::table::schema;
use crate::units::Unit;

/// Unit of each output column of `plan`; none where a value has no unit (text, truth values, plain numbers).
pub fn of_plan(plan: &LogicalPlan, text: &SqlText, strict: bool) -> Result<Vec<Option<Unit>>> {
    walk(plan, &UnitCheck { text, strict }, None)
}

/// Units of the columns of `schema`, as their metadata says.
pub fn of_schema(schema: &DFSchema) -> Vec<Option<Unit>> {
    schema
        .fields()
        .iter()
        .map(|f| f.metadata().get(schema::UNIT).map(|text| Unit::parse(text).unwrap_or_else(|_| Unit::unknown())))
        .collect()
}

/// Units of the output of `plan`, inside `outer` when it is a subquery.
pub(super) fn walk(plan: &LogicalPlan, check: &UnitCheck, outer: Option<&Scope>) -> Result<Vec<Option<Unit>>> {
    let units = match plan {
        LogicalPlan::TableScan(scan) => of_schema(&scan.projected_schema),
        LogicalPlan::Projection(node) => {
            let input = walk(&node.input, check, outer)?;
            let scope = Scope { schema: node.input.schema(), units: &input, outer };
            node.expr.iter().map(|e| check.unit(e, &scope)).collect::<Result<_>>()?
        }
        LogicalPlan::Filter(node) => {
            let input = walk(&node.input, check, outer)?;
            check.unit(&node.predicate, &Scope { schema: node.input.schema(), units: &input, outer })?;
            input
        }
        LogicalPlan::Window(node) => {
            let mut input = walk(&node.input, check, outer)?;
            let scope = Scope { schema: node.input.schema(), units: &input, outer };
            let added = node.window_expr.iter().map(|e| check.unit(e, &scope)).collect::<Result<Vec<_>>>()?;
            input.extend(added);
            input
        }
        LogicalPlan::Aggregate(node) => aggregate(node, check, outer)?,
        LogicalPlan::Join(node) => join(node, check, outer)?,
        LogicalPlan::Union(node) => {
            let mut inputs = node.inputs.iter();
            let mut first = match inputs.next() {
                Some(input) => walk(input, check, outer)?,
                None => Vec::new(),
            };
            for input in inputs {
                let other = walk(input, check, outer)?;
                for (i, (a, b)) in first.iter_mut().zip(&other).enumerate() {
                    let name = plan.schema().fields().get(i).map_or("", |f| f.name());
                    *a = check.same_in_union(name, a, b)?;
                }
            }
            first
        }
        LogicalPlan::Sort(node) => {
            let input = walk(&node.input, check, outer)?;
            let scope = Scope { schema: node.input.schema(), units: &input, outer };
            for sort in &node.expr {
                check.unit(&sort.expr, &scope)?;
            }
            input
        }
        LogicalPlan::SubqueryAlias(node) => walk(&node.input, check, outer)?,
        LogicalPlan::Limit(node) => walk(&node.input, check, outer)?,
        LogicalPlan::Repartition(node) => walk(&node.input, check, outer)?,
        LogicalPlan::Distinct(Distinct::All(input)) => walk(input, check, outer)?,
        LogicalPlan::Distinct(Distinct::On(node)) => {
            let input = walk(&node.input, check, outer)?;
            let scope = Scope { schema: node.input.schema(), units: &input, outer };
            for e in &node.on_expr {
                check.unit(e, &scope)?;
            }
            node.select_expr.iter().map(|e| check.unit(e, &scope)).collect::<Result<_>>()?
        }
        LogicalPlan::RecursiveQuery(node) => {
            let first = walk(&node.static_term, check, outer)?;
            walk(&node.recursive_term, check, outer)?;
            first
        }
        LogicalPlan::Subquery(node) => walk(&node.subquery, check, outer)?,
        LogicalPlan::Explain(node) => {
            walk(&node.plan, check, outer)?;
            Vec::new()
        }
        LogicalPlan::Analyze(node) => {
            walk(&node.input, check, outer)?;
            Vec::new()
        }
        other => {
            // Unnest and extensions: their inputs are still checked, their own columns keep what the schema says.
            for input in other.inputs() {
                walk(input, check, outer)?;
            }
            of_schema(other.schema())
        }
    };
    Ok(fitted(units, plan.schema().fields().len()))
}

fn fitted(mut units: Vec<Option<Unit>>, columns: usize) -> Vec<Option<Unit>> {
    units.resize(columns, None);
    units
}

fn aggregate(node: &Aggregate, check: &UnitCheck, outer: Option<&Scope>) -> Result<Vec<Option<Unit>>> {
    let input = walk(&node.input, check, outer)?;
    let scope = Scope { schema: node.input.schema(), units: &input, outer };
    // Grouping sets list the distinct group columns first, then an internal grouping id; the aggregates come last.
    let mut units = Vec::new();
    for expr in node.group_expr.iter().filter(|e| !matches!(e, Expr::GroupingSet(_))) {
        units.push(check.unit(expr, &scope)?);
    }
    if node.group_expr.iter().any(|e| matches!(e, Expr::GroupingSet(_))) {
        units = node.schema.iter().map(|(_, f)| input_unit(f.name(), &scope)).collect();
    }
    let first_aggregate = node.schema.fields().len().saturating_sub(node.aggr_expr.len());
    units.resize(first_aggregate, None);
    for expr in &node.aggr_expr {
        units.push(check.unit(expr, &scope)?);
    }
    Ok(units)
}

fn input_unit(name: &str, scope: &Scope) -> Option<Unit> {
    let index = scope.schema.fields().iter().position(|f| f.name() == name)?;
    scope.units.get(index).cloned().flatten()
}

fn join(node: &Join, check: &UnitCheck, outer: Option<&Scope>) -> Result<Vec<Option<Unit>>> {
    let left = walk(&node.left, check, outer)?;
    let right = walk(&node.right, check, outer)?;
    for (a, b) in &node.on {
        let a_unit = check.unit(a, &Scope { schema: node.left.schema(), units: &left, outer })?;
        let b_unit = check.unit(b, &Scope { schema: node.right.schema(), units: &right, outer })?;
        check.same("compare", a, &a_unit, b, &b_unit, None)?;
    }
    let mut both = left.clone();
    both.extend(right.iter().cloned());
    if let (Some(filter), Ok(schema)) = (&node.filter, node.left.schema().join(node.right.schema())) {
        check.unit(filter, &Scope { schema: &schema, units: &both, outer })?;
    }
    Ok(match node.join_type {
        JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => left,
        JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right,
        _ => both,
    })
}
