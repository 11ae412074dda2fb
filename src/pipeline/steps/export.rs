//! Step `export`: a table or a query as a file for other programs.
//!
//! Layout     `file` in the folder of products, by default `<step>.<format>`; the format follows `format`, else the ending of `file`
//! Accuracy   every float reads back to the same bits; the same bytes for any number of threads
//! Refuses    both or neither of `table` and `sql`, endings that no format has, nested columns in csv
//! See also   `table::export`

use super::{Outcome, StepKind};
use crate::error::{Error, Result};
use crate::pipeline::context::Context;
use crate::pipeline::plan::{Step, product_path};
use crate::pipeline::product::even_batches;
use crate::pipeline::rows;
use crate::pipeline::source::Source;
use crate::pipeline::values::{Parameter, Shape, optional};
use crate::table::export::{ExportError, OutputFormat, write};

const FORMATS: &[&str] = &["csv", "json", "jsonl", "arrow", "parquet", "fits", "table"];

/// The kind.
#[derive(Debug)]
pub struct Export;

/// Path and format of the product of `step`.
fn target(step: &Step) -> Result<(String, OutputFormat)> {
    let format = step.values.text("format").map(OutputFormat::from_name).transpose()?;
    match (step.values.text("file"), format) {
        (Some(file), Some(format)) => Ok((file.to_string(), format)),
        (Some(file), None) => Ok((file.to_string(), OutputFormat::from_path(std::path::Path::new(file))?)),
        (None, format) => {
            let format = format.unwrap_or(OutputFormat::Csv);
            let ending = OutputFormat::ALL.iter().find(|(f, _)| *f == format).map_or("csv", |(_, name)| name);
            Ok((format!("{}.{}", step.name, if ending == "table" { "txt" } else { ending }), format))
        }
    }
}

impl StepKind for Export {
    fn name(&self) -> &'static str {
        "export"
    }

    fn description(&self) -> &'static str {
        "a table or a query as csv, json, jsonl, arrow, parquet, fits or text"
    }

    fn code_version(&self) -> u32 {
        1
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            optional("table", Shape::Text, "the table, as after FROM"),
            optional("sql", Shape::Text, "a query instead of a table"),
            optional("file", Shape::Text, "path in the folder of products"),
            optional("format", Shape::Word(FORMATS), "format when the ending of `file` does not say it"),
        ];
        ALL
    }

    fn check(&self, step: &Step, source: &Source) -> Result<()> {
        product_path(source, step, "file")?;
        if step.values.is_given("table") == step.values.is_given("sql") {
            return Err(source.error(&step.span, "an export needs either `table` or `sql`"));
        }
        let span = step.values.span("file").unwrap_or(&step.span);
        target(step).map(drop).map_err(|e| e.at(source.place(span)))
    }

    fn products(&self, step: &Step) -> Vec<String> {
        target(step).map(|(path, _)| path).into_iter().collect()
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let desk = context.desk()?;
        let (path, format) = target(context.step)?;
        let sql = match context.text(&desk, "sql")? {
            Some(sql) => sql,
            None => format!("SELECT * FROM {}", context.text(&desk, "table")?.unwrap_or_default()),
        };
        if format == OutputFormat::Parquet {
            let (rows, product, notes) = rows::write_table(context, &desk, &sql, &path)?;
            return Ok(Outcome { rows: Some(rows), products: vec![product], sql: vec![sql], notes, ..Default::default() });
        }
        let answer = rows::answer(&desk, &sql)?;
        let mut bytes = Vec::new();
        let batches = even_batches(&answer.schema, &answer.batches)?;
        write(&answer.schema, &batches, format, &mut bytes).map_err(|e| match e {
            ExportError::Spolia(error) => error,
            ExportError::Io(cause) => Error::io("write an export", &context.out(&path), &cause),
        })?;
        let product = context.folder.write(&path, &bytes)?;
        Ok(Outcome { rows: Some(answer.rows() as u64), products: vec![product], sql: vec![sql], notes: answer.notes, ..Default::default() })
    }
}
