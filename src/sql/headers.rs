//! Headers of an answer: `sum(mass)` where the library's own name is `sum(stars.mass)`.
//!
//! Layout     a column with AS keeps its name; in any other the table before a column goes, and a literal is printed as it was written
//! Edge cases two columns that would be called the same keep the table: `sum(s.mass)`, `sum(b.mass)`; inside a query (in a subquery, a
//!            CTE, a view) columns keep the library's names
//! See also   `engine`, which puts the headers on the answer

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan};

/// The header of each column of `plan`.
pub fn of_plan(plan: &LogicalPlan) -> Vec<String> {
    let long: Vec<String> = plan.schema().fields().iter().map(|field| field.name().clone()).collect();
    let short = short(plan);
    let is_taken = |name: &String| short.iter().filter(|other| *other == name).count() > 1;
    long.iter().zip(&short).map(|(long, short)| if is_taken(short) { long.clone() } else { short.clone() }).collect()
}

/// The short names of the columns of `plan`, whether or not some are the same.
fn short(plan: &LogicalPlan) -> Vec<String> {
    let names = match plan {
        LogicalPlan::Projection(node) => node.expr.iter().map(|e| of_expr(e, node.input.schema(), &short(&node.input))).collect(),
        LogicalPlan::Aggregate(node) => {
            let inside = short(&node.input);
            node.group_expr.iter().chain(&node.aggr_expr).map(|e| of_expr(e, node.input.schema(), &inside)).collect()
        }
        LogicalPlan::Window(node) => {
            let mut names = short(&node.input);
            let more: Vec<String> = node.window_expr.iter().map(|e| of_expr(e, node.input.schema(), &names)).collect();
            names.extend(more);
            names
        }
        LogicalPlan::Sort(node) => short(&node.input),
        LogicalPlan::Limit(node) => short(&node.input),
        LogicalPlan::Filter(node) => short(&node.input),
        LogicalPlan::SubqueryAlias(node) => short(&node.input),
        LogicalPlan::Distinct(Distinct::All(input)) => short(input),
        LogicalPlan::Union(node) => node.inputs.first().map(|input| short(input)).unwrap_or_default(),
        LogicalPlan::Join(node) => [short(&node.left), short(&node.right)].concat(),
        _ => Vec::new(),
    };
    let fields = plan.schema().fields();
    // Grouping sets, semi joins and other nodes with columns of their own keep their names.
    if names.len() == fields.len() { names } else { fields.iter().map(|field| field.name().clone()).collect() }
}

/// The name of an expression over columns that are called `names`.
fn of_expr(expr: &Expr, input: &DFSchema, names: &[String]) -> String {
    if let Expr::Alias(alias) = expr {
        return alias.name.clone();
    }
    let renamed = expr.clone().transform(|inner| {
        let name = match &inner {
            Expr::Column(column) => input.index_of_column(column).ok().and_then(|i| names.get(i).cloned()).unwrap_or(column.name.clone()),
            Expr::Literal(value, _) => literal(value),
            _ => return Ok(Transformed::no(inner)),
        };
        Ok(Transformed::yes(Expr::Column(Column::new_unqualified(name))))
    });
    renamed.map_or_else(|_| expr.schema_name().to_string(), |renamed| renamed.data.schema_name().to_string())
}

/// A literal as it was written.
fn literal(value: &ScalarValue) -> String {
    match value {
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)) => format!("'{text}'"),
        value => value.to_string(),
    }
}
