//! Age against [Fe/H] of stars, with marginals: the golden-thread view of a galaxy's history.
//!
//! Formula    rows per cell; contours enclose 68.27 and 95.45 per cent
//! Units      Gyr, dex
//! Source     Buder et al. 2025, arXiv:2510.11284, figure 2: age 0 to 13.8 Gyr and [Fe/H] -3 to 1, here cut to what the data fill
//! See also   `kinds::joint`

use super::joint::{self, Joint};
use crate::error::Result;
use crate::plot::{Figure, FigureKind, FigureOptions, Query, label};

/// Age of the universe, Gyr, rounded up.
const AGES_GYR: (f64, f64) = (0.0, 14.0);
const BINS: usize = 120;

/// Age against [Fe/H].
pub struct AgeFeh;

impl FigureKind for AgeFeh {
    fn name(&self) -> &'static str {
        "age_feh"
    }
    fn description(&self) -> &'static str {
        "age against [Fe/H] of stars with marginals; coloured by counts or by the mean of `color`"
    }
    fn uses(&self) -> &'static [&'static str] {
        &["bins", "x", "y", "color", "x_range", "y_range", "color_range", "color_map", "log", "contours"]
    }
    fn draw(&self, query: &Query<'_>, options: &FigureOptions) -> Result<Figure> {
        let word = |value: &Option<String>, otherwise: &str| label::quantity(value.as_deref().unwrap_or(otherwise));
        let averaged = options.color.as_deref().filter(|c| !matches!(c.trim(), "" | "rows" | "density")).map(label::quantity);
        let ages = options.x.is_none().then_some(AGES_GYR);
        let joint = Joint { x: word(&options.x, "age"), y: word(&options.y, "feh"), averaged, x_natural: ages, bins: BINS, contours: true };
        joint::draw(self.name(), joint, &joint::source(query, options), options)
    }
}
