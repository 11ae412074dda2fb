//! Angular momentum against energy: where accreted galaxies stay together.
//!
//! Formula    L_z = x v_y - y v_x; E = v^2/2 + Phi, of the model that `potential` names, else the stored one
//! Units      kpc km/s, km^2/s^2
//! Source     Helmi & de Zeeuw 2000, MNRAS 319, 657
//! See also   `kinds::joint`, SQL `energy`

use super::joint::{self, Joint};
use crate::error::Result;
use crate::plot::{Figure, FigureKind, FigureOptions, Query, label};

const BINS: usize = 120;

/// L_z against E.
pub struct LzEnergy;

impl FigureKind for LzEnergy {
    fn name(&self) -> &'static str {
        "lz_energy"
    }
    fn description(&self) -> &'static str {
        "angular momentum against energy, in the model that `potential` names or with the stored potential"
    }
    fn uses(&self) -> &'static [&'static str] {
        &["bins", "x", "y", "color", "x_range", "y_range", "color_range", "color_map", "log", "contours", "potential"]
    }
    fn draw(&self, query: &Query<'_>, options: &FigureOptions) -> Result<Figure> {
        let energy = match (&options.y, &options.potential) {
            (Some(y), _) => label::quantity(y),
            (None, None) => label::quantity("energy"),
            (None, Some(name)) => {
                let sql = format!("energy(x, y, z, vx, vy, vz, {})", label::text_literal(name));
                label::Quantity { sql, ..label::quantity("energy") }
            }
        };
        let averaged = options.color.as_deref().filter(|c| !matches!(c.trim(), "" | "rows" | "density")).map(label::quantity);
        let x = label::quantity(options.x.as_deref().unwrap_or("lz"));
        let joint = Joint { x, y: energy, averaged, x_natural: None, bins: BINS, contours: false };
        joint::draw(self.name(), joint, &joint::source(query, options), options)
    }
}
