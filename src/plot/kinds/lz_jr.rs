//! Angular momentum against the root of the radial action: discs lie low, radial mergers high.
//!
//! Formula    L_z = x v_y - y v_x; sqrt(J_R) by the Staeckel fudge in the model that `potential` names
//! Units      kpc km/s, (kpc km/s)^(1/2)
//! Source     Feuillet et al. 2020, MNRAS 497, 109
//! Refuses    no `potential`, unless `y` says what to draw instead
//! See also   `kinds::joint`, SQL `actions`

use super::joint::{self, Joint};
use crate::error::{Error, Result};
use crate::plot::axes::Label;
use crate::plot::{Figure, FigureKind, FigureOptions, Query, label};

const BINS: usize = 120;

/// L_z against the root of J_R.
pub struct LzJr;

impl FigureKind for LzJr {
    fn name(&self) -> &'static str {
        "lz_jr"
    }
    fn description(&self) -> &'static str {
        "angular momentum against the root of the radial action, in the model that `potential` names"
    }
    fn uses(&self) -> &'static [&'static str] {
        &["bins", "x", "y", "color", "x_range", "y_range", "color_range", "color_map", "log", "contours", "potential"]
    }
    fn draw(&self, query: &Query<'_>, options: &FigureOptions) -> Result<Figure> {
        let radial = match (&options.y, &options.potential) {
            (Some(y), _) => label::quantity(y),
            (None, None) => {
                return Err(Error::usage("lz_jr needs a model of the potential").hint("name one, such as potential = mw2014"));
            }
            (None, Some(name)) => label::Quantity {
                sql: format!("sqrt(actions(x, y, z, vx, vy, vz, {})['jr'])", label::text_literal(name)),
                label: Label::new("`J`_{R}^{1/2}", "(kpc km s⁻¹)^{1/2}"),
                unit: "kpc**(1/2).km**(1/2)/s**(1/2)".into(),
                known: true,
                signed: false,
            },
        };
        let averaged = options.color.as_deref().filter(|c| !matches!(c.trim(), "" | "rows" | "density")).map(label::quantity);
        let x = label::quantity(options.x.as_deref().unwrap_or("lz"));
        let joint = Joint { x, y: radial, averaged, x_natural: None, bins: BINS, contours: false };
        joint::draw(self.name(), joint, &joint::source(query, options), options)
    }
}
