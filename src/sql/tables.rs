//! The tables that a query can name now, for `.schema`, completion and messages.
//!
//! See also   `session::Session::tables`, `catalog`

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::catalog::tables_of;
use super::derived;
use super::engine::Engine;
use super::resolve::PUBLIC;
use super::session::TableSummary;
use super::sources::{Content, Source};
use crate::ingest::Family;
use crate::table::schema::{FieldInfo, field};

/// Every table, in the order in which bare names are looked up; a table that another one hides carries its source's name.
pub fn list(engine: &Arc<Engine>) -> Vec<TableSummary> {
    let resolver = engine.resolver(Default::default());
    let mut found: Vec<TableSummary> = Vec::new();
    for (name, table) in resolver.sources.tables() {
        found.push(TableSummary { name, schema: table.schema(), rows: None, description: "made in this session".to_string() });
    }
    for source in resolver.sources.attached() {
        for table in tables_of(&source.content, &source.name) {
            let hidden = found.iter().any(|known| known.name == table);
            let name = if hidden { format!("{}.{table}", quoted(&source.name)) } else { table.clone() };
            let schema = resolver.table(if hidden { &source.name } else { PUBLIC }, &table).ok().flatten().map(|t| t.schema());
            let Some(schema) = schema else { continue };
            let (rows, description) = described(&source, &table);
            found.push(TableSummary { name, schema: with_derived(&schema), rows, description });
        }
    }
    found
}

fn quoted(name: &str) -> String {
    let plain =
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain { name.to_string() } else { format!("'{name}'") }
}

fn described(source: &Source, table: &str) -> (Option<u64>, String) {
    match &source.content {
        Content::Dataset(dataset) => {
            let files = dataset.files(table);
            if !dataset.per_snapshot(table).unwrap_or(true) {
                return (Some(files.iter().map(|f| f.rows).sum()), format!("{table} of {}", source.name));
            }
            let last = files.iter().map(|f| f.snap).max().unwrap_or(0);
            let mut snaps: Vec<u32> = files.iter().map(|f| f.snap).collect();
            snaps.dedup();
            let rows = files.iter().filter(|f| f.snap == last).map(|f| f.rows).sum();
            let text = match snaps.len() {
                0 | 1 => format!("{table} of {}", source.name),
                n => format!("{table} of {}, snapshot {last} of {n}", source.name),
            };
            (Some(rows), text)
        }
        Content::Snapshot(snapshot, _) => {
            let rows = Family::from_name(table).map(|family| snapshot.rows(family));
            (rows, format!("{table} of the raw snapshot {}", source.name))
        }
        Content::Parquet(bytes) => {
            let rows = bytes.metadata().ok().and_then(|m| u64::try_from(m.file_metadata().num_rows()).ok());
            (rows, format!("Parquet file {}", source.name))
        }
    }
}

/// `schema` and, after it, the columns that can be derived from it.
fn with_derived(schema: &SchemaRef) -> SchemaRef {
    let derived = derived::all(schema).into_iter().map(|column| {
        let description = format!("{}: {}", column.description, column.formula);
        Arc::new(field(&column.name, DataType::Float64, true, &FieldInfo { unit: column.unit, description, ..Default::default() }))
    });
    let fields: Vec<Arc<Field>> = schema.fields().iter().cloned().chain(derived).collect();
    Arc::new(Schema::new(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_quotes_get_them() {
        assert_eq!(quoted("galaxy"), "galaxy");
        assert_eq!(quoted("g8.26e11.01024"), "'g8.26e11.01024'");
        assert_eq!(quoted("8a"), "'8a'");
    }
}
