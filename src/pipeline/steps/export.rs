//! Step `export`: a table, a query or the families of a snapshot as a file for other programs.
//!
//! Layout     `file` in the folder of products, by default `<step>.<format>`; the format follows `format`, else the ending of `file`
//! Accuracy   every float reads back to the same bits; the same bytes for any number of threads
//! Refuses    none or two of `table`, `sql` and `snapshot`, endings that no format has, nested columns in csv, Tipsy (it is several files)
//! Edge cases gadget-hdf5 from `table` or `sql` holds the rows of one family, from `snapshot` those of several
//! See also   `table::export`, `ingest::export`

use super::{Outcome, StepKind};
use crate::error::{Error, Result};
use crate::ingest::Family;
use crate::ingest::export::Written;
use crate::pipeline::context::{Context, Desk};
use crate::pipeline::plan::{Step, product_path};
use crate::pipeline::product::even_batches;
use crate::pipeline::rows;
use crate::pipeline::source::Source;
use crate::pipeline::values::{Parameter, Shape, optional};
use crate::sql::FamiliesRequest;
use crate::table::export::{ExportError, OutputFormat, write};

const FORMATS: &[&str] = &["csv", "json", "jsonl", "arrow", "parquet", "fits", "gadget-hdf5", "table"];

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
            let ending = match ending {
                "table" => "txt",
                "gadget-hdf5" => "hdf5",
                other => other,
            };
            Ok((format!("{}.{ending}", step.name), format))
        }
    }
}

impl StepKind for Export {
    fn name(&self) -> &'static str {
        "export"
    }

    fn description(&self) -> &'static str {
        "a table or a query as csv, json, jsonl, arrow, parquet, fits or text; particles of a snapshot as gadget-hdf5"
    }

    fn code_version(&self) -> u32 {
        1
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            optional("table", Shape::Text, "the table, as after FROM"),
            optional("sql", Shape::Text, "a query instead of a table"),
            optional("snapshot", Shape::Text, "a dataset or snapshot instead of a table: its particles as one gadget-hdf5 file"),
            optional("families", Shape::Texts, "with `snapshot`: the tables to write, all by default"),
            optional("filter", Shape::Text, "with `snapshot`: an SQL condition on the particles"),
            optional("snap", Shape::Count, "with `snapshot`: its number, the last by default"),
            optional("frame", Shape::Text, "with `snapshot`: a stored frame to move the particles into"),
            optional("file", Shape::Text, "path in the folder of products"),
            optional("format", Shape::Word(FORMATS), "format when the ending of `file` does not say it"),
        ];
        ALL
    }

    fn check(&self, step: &Step, source: &Source) -> Result<()> {
        product_path(source, step, "file")?;
        let given = |name: &str| step.values.is_given(name);
        if ["table", "sql", "snapshot"].into_iter().filter(|name| given(name)).count() != 1 {
            return Err(source.error(&step.span, "an export needs one of `table`, `sql` and `snapshot`"));
        }
        for name in ["families", "filter", "snap", "frame"] {
            if let (false, Some(span)) = (given("snapshot"), step.values.span(name)) {
                return Err(source.error(span, format!("`{name}` goes with `snapshot`")));
            }
        }
        for name in step.values.list("families") {
            if Family::from_name(name).is_none_or(|f| !f.is_particles()) {
                let span = step.values.span("families").unwrap_or(&step.span);
                return Err(source.error(span, format!("unknown family `{name}`")).expected("stars, gas, dark or black_holes"));
            }
        }
        let span = step.values.span("file").unwrap_or(&step.span);
        let (_, format) = target(step).map_err(|e| e.at(source.place(span)))?;
        match format {
            OutputFormat::Tipsy => Err(source
                .error(span, "a Tipsy snapshot is several files, which is no product of a step")
                .hint("write gadget-hdf5, or use `spolia export`")),
            other if given("snapshot") && !other.is_snapshot() => {
                Err(source.error(span, "a snapshot is written as gadget-hdf5").hint("name a file ending in .hdf5"))
            }
            _ => Ok(()),
        }
    }

    fn products(&self, step: &Step) -> Vec<String> {
        target(step).map(|(path, _)| path).into_iter().collect()
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let desk = context.desk()?;
        let (path, format) = target(context.step)?;
        if format.is_snapshot() {
            return snapshot(context, &desk, &path, format);
        }
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

/// Writes particles as a snapshot: those of a table or query, or the families of a source.
fn snapshot(context: &Context, desk: &Desk, path: &str, format: OutputFormat) -> Result<Outcome> {
    let mut written = Written::default();
    let values = &context.step.values;
    let sql = match (context.text(desk, "sql")?, context.text(desk, "table")?) {
        (Some(sql), _) => Some(sql),
        (None, Some(table)) => Some(format!("SELECT * FROM {table}")),
        (None, None) => None,
    };
    let source = context.text(desk, "snapshot")?.map(|name| name.trim_matches('"').replace("\"\"", "\""));
    let filter = context.text(desk, "filter")?;
    let product = context.folder.file(path, &mut |aside| {
        written = match &sql {
            Some(sql) => desk.session.write_snapshot(sql, format, aside)?,
            None => desk.session.write_families(&FamiliesRequest {
                source: source.clone(),
                families: values.list("families").iter().filter_map(|name| Family::from_name(name)).collect(),
                filter: filter.clone(),
                snap: values.count("snap").map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
                frame: values.text("frame").map(str::to_string),
                format,
                path: aside.to_path_buf(),
            })?,
        };
        Ok(())
    })?;
    let rows = written.rows.iter().map(|(_, rows)| rows).sum();
    Ok(Outcome { rows: Some(rows), products: vec![product], sql: sql.into_iter().collect(), notes: written.notes, ..Default::default() })
}
