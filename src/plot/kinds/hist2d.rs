//! Two-dimensional histogram of any two expressions, with marginals.
//!
//! Formula    rows per cell, or the mean of `color` per cell
//! Units      those of the expressions, as the session reports them
//! Refuses    a missing `x` or `y`
//! See also   `kinds::joint`, `plot::terminal`

use super::joint::{self, Joint};
use crate::error::{Error, Result};
use crate::plot::{Figure, FigureKind, FigureOptions, Query, label};

const BINS: usize = 100;

/// The two-dimensional histogram.
pub struct Hist2d;

impl FigureKind for Hist2d {
    fn name(&self) -> &'static str {
        "hist2d"
    }
    fn description(&self) -> &'static str {
        "any two expressions against each other with marginals; coloured by counts or by the mean of `color`"
    }
    fn uses(&self) -> &'static [&'static str] {
        &["bins", "x", "y", "color", "x_range", "y_range", "color_range", "color_map", "log", "contours"]
    }
    fn draw(&self, query: &Query<'_>, options: &FigureOptions) -> Result<Figure> {
        let need = |value: &Option<String>, axis: &str| {
            value.clone().ok_or_else(|| {
                Error::usage(format!("hist2d needs an expression for {axis}"))
                    .hint("for example x = feh and y = v_phi, or any SQL expression of the columns")
            })
        };
        let (x, y) = (need(&options.x, "x")?, need(&options.y, "y")?);
        let averaged = options.color.as_deref().filter(|c| !matches!(c.trim(), "" | "rows" | "density")).map(label::quantity);
        let joint = Joint { x: label::quantity(&x), y: label::quantity(&y), averaged, x_natural: None, bins: BINS, contours: false };
        joint::draw(self.name(), joint, &joint::source(query, options), options)
    }
}
