//! Face-on map: projected mass on x and y, or the mean of a quantity there.
//!
//! Formula    Sigma = sum(mass) / cell area; means are weighted by mass
//! Units      kpc, Msun/kpc^2
//! See also   `kinds::projection`, `kinds::edge_on`

use super::projection;
use crate::error::Result;
use crate::plot::{Figure, FigureKind, FigureOptions, Query};

/// Height over width.
const ASPECT: f64 = 1.0;

/// The face-on map.
pub struct FaceOn;

impl FigureKind for FaceOn {
    fn name(&self) -> &'static str {
        "face_on"
    }
    fn description(&self) -> &'static str {
        "map in x and y: surface density of stars, gas or dark matter, or the mean of `color`"
    }
    fn uses(&self) -> &'static [&'static str] {
        &["width", "bins", "color", "x_range", "y_range", "color_range", "color_map", "log"]
    }
    fn draw(&self, query: &Query<'_>, options: &FigureOptions) -> Result<Figure> {
        projection::draw(self.name(), ["x", "y"], ASPECT, query, options)
    }
}
