//! SQL `r_cyl(x, y)`: distance from the z axis.
//!
//! Formula    R = sqrt(x^2 + y^2)
//! Units      lengths in, the same unit out (kpc)
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN in, NaN out
//! See also   `radius`, `v_phi`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "r_cyl",
        kind: "scalar",
        signature: "r_cyl(x, y)",
        description: "Distance from the z axis of the current frame (cylindrical radius, R_2D).",
        formula: "R = sqrt(x^2 + y^2)",
        units: "lengths in, the same unit out (kpc)",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT r_cyl(-3.0, 4.0)",
        example_answer: Some("5.0"),
        see_also: "pynbody `rxy`, galpy `Orbit.R`, gala `cylindrical.rho`",
    },
    aliases: &[],
    arguments: &[2],
    texts: &[],
    unit: units::common,
    evaluate: |c| c.map(|[x, y]| point::r_cyl(x, y)),
};
