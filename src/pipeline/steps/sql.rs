//! Step `sql`: a query whose answer is a table that later steps read under the step's name.
//!
//! Layout     `<step>.parquet`, rows in the order of the query, units in the field metadata
//! Accuracy   the same bytes for any number of threads: rows of joins, windows and unions without ORDER BY are sorted by all columns
//! Edge cases several statements may stand before the query: SET, CREATE VIEW; no row gives a table without rows
//! See also   `rows`, `context`

use super::{Outcome, StepKind};
use crate::error::Result;
use crate::pipeline::context::Context;
use crate::pipeline::plan::Step;
use crate::pipeline::rows;
use crate::pipeline::values::{Parameter, Shape, required};

/// The kind.
#[derive(Debug)]
pub struct Sql;

impl StepKind for Sql {
    fn name(&self) -> &'static str {
        "sql"
    }

    fn description(&self) -> &'static str {
        "a query; its answer is a table under the name of the step"
    }

    fn code_version(&self) -> u32 {
        1
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[required("sql", Shape::Text, "the query; {name} stands for the table of a step or for a dataset")];
        ALL
    }

    fn products(&self, step: &Step) -> Vec<String> {
        self.table(step).into_iter().collect()
    }

    fn table(&self, step: &Step) -> Option<String> {
        Some(format!("{}.parquet", step.name))
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let desk = context.desk()?;
        let sql = context.text(&desk, "sql")?.unwrap_or_default();
        let (rows, product, notes) = rows::write_table(context, &desk, &sql, &context.product_name("parquet"))?;
        Ok(Outcome { rows: Some(rows), products: vec![product], sql: vec![sql], notes, ..Default::default() })
    }
}
