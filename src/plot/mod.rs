//! Figures: each kind is SQL text that aggregates plus a drawing of its few numbers.
//!
//! Layout     scene (marks) -> svg -> png; axes, colour, histogram and contour are shared; kinds/ holds one figure a file
//! Units      figures are laid out in points (1/72 inch); data in the units of the columns
//! Refuses    tables without a usable row, ranges of zero width, unknown options
//! See also   `docs/design-notes.md`, the command `plot`, the meta command `.plot`

pub mod ask;
pub mod axes;
pub mod colour;
pub mod colour_bar;
mod colour_tables;
pub mod contour;
pub mod draw;
pub mod figure;
pub mod font;
pub mod histogram;
mod kinds;
pub mod label;
pub mod orbits;
pub mod png;
pub mod scene;
pub mod svg;
#[cfg(test)]
mod synthetic;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod text;
pub mod ticks;

pub use figure::Figure;

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
    /// Contour lines that enclose 68.27 and 95.45 per cent of the rows; each kind has its own default.
    pub contours: Option<bool>,
    /// Model of the gravitational potential: a preset, or a file that ends in `.toml`.
    pub potential: Option<String>,
    /// Title above the figure.
    pub title: Option<String>,
    /// Name and version of the data, for the metadata.
    pub dataset: Option<String>,
    /// Cosmology of the simulation, for redshift axes.
    pub cosmology: Option<Cosmology>,
}

/// Options that only some figures look at; all of them look at table, frame, snapshot, filter and title.
pub const OPTIONS: [&str; 13] =
    ["width", "bins", "x", "y", "quantity", "color", "x_range", "y_range", "color_range", "color_map", "log", "contours", "potential"];

/// One named figure.
pub trait FigureKind: Sync {
    /// Name on the command line, `lower_snake`.
    fn name(&self) -> &'static str;
    /// One line.
    fn description(&self) -> &'static str;
    /// Those of [`OPTIONS`] that it looks at.
    fn uses(&self) -> &'static [&'static str];
    /// Ask the data and draw.
    fn draw(&self, query: &Query<'_>, options: &FigureOptions) -> Result<Figure>;
}

/// Every figure, in the order of the reference page.
pub fn kinds() -> &'static [&'static dyn FigureKind] {
    kinds::KINDS
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
