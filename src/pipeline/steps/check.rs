//! Step `check`: a query that must return no row; if it does, the step fails and shows the first rows.
//!
//! Layout     leaves no file; written as [[check]] or as a [[step]] of this kind
//! Edge cases the query runs to its end, so that the number of offending rows is known
//! See also   `sql`

use arrow::array::RecordBatch;

use super::{Outcome, StepKind};
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::context::Context;
use crate::pipeline::values::{Parameter, Shape, required};
use crate::table::text;

/// Offending rows that the message shows.
const ROWS_SHOWN: usize = 10;
/// What a passed check leaves.
const PASSED: &str = "passed";

/// The kind.
#[derive(Debug)]
pub struct Check;

impl StepKind for Check {
    fn name(&self) -> &'static str {
        "check"
    }

    fn description(&self) -> &'static str {
        "a query that must return no row"
    }

    fn code_version(&self) -> u32 {
        1
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[required("sql", Shape::Text, "a query for the rows that must not be")];
        ALL
    }

    fn digest_now(&self, _context: &Context) -> Result<Option<String>> {
        Ok(Some(PASSED.to_string()))
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let desk = context.desk()?;
        let sql = context.text(&desk, "sql")?.unwrap_or_default();
        let (mut first, mut total): (Vec<RecordBatch>, usize) = (Vec::new(), 0);
        let answer = desk.session.stream(&sql, &mut |batch| {
            let room = ROWS_SHOWN.saturating_sub(total);
            if room > 0 && batch.num_rows() > 0 {
                first.push(batch.slice(0, room.min(batch.num_rows())));
            }
            total += batch.num_rows();
            Ok(())
        })?;
        if total > 0 {
            let rows = text::render(&answer.schema, &first, ROWS_SHOWN)?;
            let shown: Vec<String> = rows.lines().map(|line| format!("  {line}")).collect();
            return Err(Error::new(ErrorKind::Mismatch, format!("check `{}` found {total} rows that must not be", context.step.name))
                .at(shown.join("\n") + "\n")
                .expected("no row")
                .found(format!("{total}, of which the first are shown")));
        }
        Ok(Outcome { digest: Some(PASSED.to_string()), sql: vec![sql], notes: answer.notes, ..Default::default() })
    }
}
