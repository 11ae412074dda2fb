//! Figures: each kind is SQL text that aggregates plus a drawing of its few numbers.
//!
//! Layout     scene (marks) -> svg -> png; axes, colour, histogram and contour are shared; kinds/ holds one figure a file
//! Units      figures are laid out in points (1/72 inch); data in the units of the columns
//! Refuses    tables without a usable row, ranges of zero width, unknown options
//! See also   `docs/design-notes.md`, the command `plot`, the meta command `.plot`

use arrow::array::RecordBatch;

use crate::cosmology::Cosmology;
use crate::error::{Error, Result};
use crate::sql::Answer;

/// What runs a figure's SQL: usually `Session::query`.
pub type Query<'a> = dyn Fn(&str) -> Result<Answer> + 'a;

/// What a user may ask of a figure; everything left out is taken from the data.
#[derive(Clone, Debug, Default)]
pub struct FigureOptions {
    /// Table; `stars` when absent (some kinds take the family from it: `gas`, `dark`).
    pub table: Option<String>,
    /// Stored frame, as in `stars@disc`.
    pub frame: Option<String>,
    /// Snapshot number, as in `stars@512`.
    pub snap: Option<i32>,
    /// SQL condition on the rows.
    pub filter: Option<String>,
    /// Side of a map.
    pub width_kpc: Option<f64>,
    /// Bins along each axis.
    pub bins: Option<usize>,
    /// SQL expression on the horizontal axis.
    pub x: Option<String>,
    /// SQL expression on the vertical axis.
    pub y: Option<String>,
    /// Quantity of a kind which offers several: `surface_density`, `dispersion`, `rotation`.
    pub quantity: Option<String>,
    /// Quantity that colours a map: `mass`, `age`, `feh`, `v_phi`, or an SQL expression averaged by mass.
    pub color: Option<String>,
    /// Horizontal range.
    pub x_range: Option<(f64, f64)>,
    /// Vertical range.
    pub y_range: Option<(f64, f64)>,
    /// Range of the colour bar.
    pub color_range: Option<(f64, f64)>,
    /// Colour map by name, see `colour::names()`.
    pub color_map: Option<String>,
    /// Logarithmic colours or counts; each kind has its own default.
    pub log: Option<bool>,
    /// Title above the figure.
    pub title: Option<String>,
    /// Name and version of the data, for the metadata.
    pub dataset: Option<String>,
    /// Cosmology of the simulation, for redshift axes.
    pub cosmology: Option<Cosmology>,
}

/// One named figure.
pub trait FigureKind: Sync {
    /// Name on the command line, `lower_snake`.
    fn name(&self) -> &'static str;
    /// One line.
    fn description(&self) -> &'static str;
    /// Ask the data and draw.
    fn draw(&self, query: &Query<'_>, options: &FigureOptions) -> Result<Figure>;
}

/// A drawn figure with its numbers and its provenance.
#[derive(Clone, Debug)]
pub struct Figure {
    data: Vec<(String, RecordBatch)>,
}

impl Figure {
    /// The figure as SVG text, provenance in `<metadata>`.
    pub fn svg(&self) -> String {
        String::new()
    }

    /// The figure as PNG bytes; `pixels_per_unit` 1 is 72 dots per inch, 300/72 is print quality.
    pub fn png(&self, _pixels_per_unit: f32) -> Result<Vec<u8>> {
        Err(Error::internal("not laid yet"))
    }

    /// The numbers in the picture, table by table.
    pub fn data(&self) -> Vec<(String, RecordBatch)> {
        self.data.clone()
    }

    /// What the reader should know: rows left out, ranges clipped.
    pub fn notes(&self) -> &[String] {
        &[]
    }
}

/// Every figure, in the order of the reference page.
pub fn kinds() -> &'static [&'static dyn FigureKind] {
    &[]
}

/// The figure called `name`.
pub fn kind(name: &str) -> Result<&'static dyn FigureKind> {
    kinds().iter().copied().find(|k| k.name() == name).ok_or_else(|| {
        let error = Error::not_found(format!("no figure is called `{name}`"));
        match crate::error::nearest(name, kinds().iter().map(|k| k.name())) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("figures: {}", kinds().iter().map(|k| k.name()).collect::<Vec<_>>().join(", "))),
        }
    })
}

/// Words that turn a terminal picture on: see [`terminal::picture`].
pub mod terminal {
    //! A picture in the terminal for `.plot`.
    use super::{FigureOptions, Query, Result};
    use crate::error::Error;

    /// How much colour the terminal takes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Color {
        /// Plain ASCII, no escape sequence.
        None,
        /// 256 colours.
        Palette,
        /// 24-bit colours.
        True,
    }

    /// Draw a histogram of `options.x` (and `options.y`, if given) as text of at most `columns` x `rows` characters.
    pub fn picture(_query: &Query<'_>, _options: &FigureOptions, _columns: usize, _rows: usize, _color: Color) -> Result<String> {
        Err(Error::internal("not laid yet"))
    }
}
