//! SQL `radius(x, y, z)`: distance from the origin of the frame.
//!
//! Formula    r = sqrt(x^2 + y^2 + z^2)
//! Units      lengths in, the same unit out (kpc)
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN in, NaN out; overflows to infinity beyond 1e154
//! See also   `r_cyl`, `azimuth`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "radius",
        kind: "scalar",
        signature: "radius(x, y, z)",
        description: "Distance from the origin of the current frame.",
        formula: "r = sqrt(x^2 + y^2 + z^2)",
        units: "lengths in, the same unit out (kpc)",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT radius(3.0, 4.0, 12.0)",
        example_answer: Some("13.0"),
        see_also: "pynbody `r`, galpy `Orbit.r`, gala `spherical.distance`, numpy `np.linalg.norm`",
    },
    aliases: &[],
    arguments: &[3],
    texts: &[],
    unit: units::common,
    evaluate: |c| c.map(|[x, y, z]| point::radius(x, y, z)),
};
