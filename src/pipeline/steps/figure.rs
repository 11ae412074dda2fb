//! Step `figure`: one of the named figures as SVG and PNG, with the numbers in it as CSV.
//!
//! Layout     `<step>.svg`, `<step>.png`, `<step>.<table>.csv` for each table of numbers
//! Units      lengths in kpc; other axes in the units of their columns
//! See also   `plot`, the command `plot`

use super::{Outcome, StepKind};
use crate::error::{Error, Result};
use crate::pipeline::context::Context;
use crate::pipeline::plan::Step;
use crate::pipeline::rows;
use crate::pipeline::source::Source;
use crate::pipeline::values::{Parameter, Shape, defaulted, optional, required};
use crate::plot::{self, FigureOptions, OPTIONS};
use crate::table::export::{ExportError, OutputFormat, write};

/// Points of a figure per inch: SVG is laid out in them.
const POINTS_PER_INCH: f64 = 72.0;
const FORMATS: [&str; 2] = ["svg", "png"];

/// The kind.
#[derive(Debug)]
pub struct Figure;

impl StepKind for Figure {
    fn name(&self) -> &'static str {
        "figure"
    }

    fn description(&self) -> &'static str {
        "a named figure as SVG and PNG, with its numbers as CSV"
    }

    fn code_version(&self) -> u32 {
        1
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            required("figure", Shape::Text, "the figure, as `spolia plot --list` names them"),
            optional("table", Shape::Text, "the table, as after FROM; stars if the figure does not say otherwise"),
            optional("frame", Shape::Text, "a stored frame"),
            optional("snap", Shape::Count, "a snapshot number"),
            optional("filter", Shape::Text, "an SQL condition on the rows"),
            optional("width", Shape::Quantity("kpc"), "side of a map [kpc]"),
            optional("bins", Shape::Count, "bins along each axis"),
            optional("x", Shape::Text, "SQL expression on the horizontal axis"),
            optional("y", Shape::Text, "SQL expression on the vertical axis"),
            optional("quantity", Shape::Text, "quantity of a figure that offers several"),
            optional("color", Shape::Text, "quantity that colours a map"),
            optional("x_range", Shape::Span, "horizontal range"),
            optional("y_range", Shape::Span, "vertical range"),
            optional("color_range", Shape::Span, "range of the colour bar"),
            optional("color_map", Shape::Text, "colour map by name"),
            optional("log", Shape::Flag, "logarithmic colours or counts"),
            optional("contours", Shape::Flag, "lines that enclose 68 and 95 per cent of the rows"),
            optional("potential", Shape::Text, "model of the potential: a preset or a .toml file"),
            optional("title", Shape::Text, "title above the figure"),
            defaulted("formats", Shape::Texts, "['svg', 'png']", "files to draw: svg, png"),
            defaulted("resolution", Shape::Count, "150", "resolution of the PNG [dots per inch]"),
            defaulted("data", Shape::Flag, "true", "whether to write the numbers as CSV"),
        ];
        ALL
    }

    fn check(&self, step: &Step, source: &Source) -> Result<()> {
        let name = step.values.text("figure").unwrap_or_default();
        let span = |name: &str| step.values.span(name).unwrap_or(&step.span).clone();
        if plot::kind(name).is_err() {
            let known: Vec<&str> = plot::kinds().iter().map(|k| k.name()).collect();
            return Err(source.unknown(&span("figure"), "no figure is called", name, &known));
        }
        if let Some(other) = step.values.list("formats").iter().find(|f| !FORMATS.contains(&f.as_str())) {
            return Err(source.unknown(&span("formats"), "no figure has the format", other, &FORMATS));
        }
        match step.values.count("resolution") {
            Some(dots) if !(10..=1200).contains(&dots) => {
                Err(source.error(&span("resolution"), "`resolution` is out of range").expected("10 to 1200 dots per inch"))
            }
            _ => Ok(()),
        }
    }

    fn products(&self, step: &Step) -> Vec<String> {
        step.values.list("formats").iter().map(|format| format!("{}.{format}", step.name)).collect()
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let desk = context.desk()?;
        let values = &context.step.values;
        let text = |name: &str| context.text(&desk, name);
        let count = |name: &str| values.count(name).and_then(|n| usize::try_from(n).ok());
        let options = FigureOptions {
            table: text("table")?,
            frame: text("frame")?,
            snap: values.count("snap").and_then(|n| i32::try_from(n).ok()),
            filter: text("filter")?,
            width_kpc: values.number("width"),
            bins: count("bins"),
            x: text("x")?,
            y: text("y")?,
            quantity: text("quantity")?,
            color: text("color")?,
            x_range: values.bounds("x_range"),
            y_range: values.bounds("y_range"),
            color_range: values.bounds("color_range"),
            color_map: text("color_map")?,
            log: values.flag("log"),
            contours: values.flag("contours"),
            potential: text("potential")?,
            title: text("title")?,
            ..context.figure_provenance()?
        };
        let asked = std::cell::RefCell::new(Vec::new());
        let query = |sql: &str| {
            asked.borrow_mut().push(sql.to_string());
            rows::answer(&desk, sql)
        };
        let kind = plot::kind(values.text("figure").unwrap_or_default())?;
        let figure = kind.draw(&query, &options)?;
        let mut products = Vec::new();
        for format in values.list("formats") {
            let bytes = match format.as_str() {
                "svg" => figure.svg().into_bytes(),
                _ => figure.png((values.count("resolution").unwrap_or_default() as f64 / POINTS_PER_INCH) as f32)?,
            };
            products.push(context.folder.write(&context.product_name(format), &bytes)?);
        }
        if values.flag("data").unwrap_or(true) {
            for (name, batch) in figure.data() {
                let mut bytes = Vec::new();
                let path = context.product_name(&format!("{}.csv", file_part(&name)));
                write(&batch.schema(), &[batch], OutputFormat::Csv, &mut bytes).map_err(|e| match e {
                    ExportError::Spolia(error) => error,
                    ExportError::Io(cause) => Error::io("write the numbers of a figure", &context.out(&path), &cause),
                })?;
                products.push(context.folder.write(&path, &bytes)?);
            }
        }
        let mut unused: Vec<String> =
            OPTIONS.iter().filter(|name| values.is_given(name) && !kind.uses().contains(name)).map(|n| (*n).into()).collect();
        if values.is_given("resolution") && !values.list("formats").iter().any(|format| format == "png") {
            unused.push("resolution".into());
        }
        Ok(Outcome { products, sql: asked.into_inner(), unused, notes: figure.notes().to_vec(), ..Default::default() })
    }
}

/// A name as part of a file name.
fn file_part(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}
