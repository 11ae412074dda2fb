//! A finished figure: its scene, its numbers and where they came from.
//!
//! Layout     metadata is one JSON object: engine, figure, title, dataset, table, selection, rows, sql, notes
//! Accuracy   the same answers give the same bytes; no date is written
//! See also   `plot::svg`, `plot::png`, `plot::kinds`

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};

use super::FigureOptions;
use super::ask::Source;
use super::scene::Scene;
use super::{png, svg};
use crate::error::{Error, Result};
use crate::table::schema::UNIT;

/// A drawn figure with its numbers and its provenance.
#[derive(Clone, Debug)]
pub struct Figure {
    scene: Scene,
    title: String,
    metadata: String,
    notes: Vec<String>,
    data: Vec<(String, RecordBatch)>,
    svg: String,
}

impl Figure {
    /// Bind a scene to its numbers and to the queries of its source.
    pub fn new(
        kind: &str,
        scene: Scene,
        data: Vec<(String, RecordBatch)>,
        source: &Source<'_>,
        options: &FigureOptions,
        rows: f64,
    ) -> Result<Self> {
        let title = options.title.clone().unwrap_or_else(|| format!("{kind} of {}", source.table));
        let metadata = serde_json::json!({
            "engine": engine(),
            "figure": kind,
            "title": title,
            "dataset": options.dataset,
            "table": source.table,
            "selection": source.filter,
            "rows": rows as u64,
            "sql": source.record(),
            "notes": source.notes(),
        })
        .to_string();
        let svg = svg::document(&scene, &title, &metadata)?;
        Ok(Figure { scene, title, metadata, notes: source.notes(), data, svg })
    }

    /// The figure as SVG text, provenance in `<metadata>`.
    pub fn svg(&self) -> String {
        self.svg.clone()
    }

    /// The figure as PNG bytes; `pixels_per_unit` 1 is 72 dots per inch, 300/72 is print quality.
    pub fn png(&self, pixels_per_unit: f32) -> Result<Vec<u8>> {
        let texts = [("Title", self.title.as_str()), ("Software", &engine()), ("Description", self.metadata.as_str())];
        png::rasterise(&self.svg, self.scene.width, self.scene.height, pixels_per_unit, &texts)
    }

    /// The numbers in the picture, table by table, with units in the field metadata.
    pub fn data(&self) -> Vec<(String, RecordBatch)> {
        self.data.clone()
    }

    /// What the reader should know: rows left out, tables that were missing.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Provenance as JSON text.
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// The marks on the page.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }
}

fn engine() -> String {
    format!("spolia {}", env!("CARGO_PKG_VERSION"))
}

/// A table of f64 columns: name, unit in the VOUnit style, values.
pub fn numbers(columns: Vec<(&str, &str, Vec<f64>)>) -> Result<RecordBatch> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, unit, _)| {
            Field::new(*name, DataType::Float64, true).with_metadata(HashMap::from([(UNIT.to_string(), (*unit).to_string())]))
        })
        .collect();
    let arrays: Vec<ArrayRef> = columns.into_iter().map(|(_, _, values)| Arc::new(Float64Array::from(values)) as ArrayRef).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|e| Error::internal("the numbers of a figure do not fit together").because(e))
}
