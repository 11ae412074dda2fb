//! SQL `theta(x, y, z)`: polar angle from the +z axis.
//!
//! Formula    theta = atan2(sqrt(x^2 + y^2), z)
//! Units      lengths in, rad out
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN at the origin
//! See also   `azimuth`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "theta",
        kind: "scalar",
        signature: "theta(x, y, z)",
        description: "Polar angle from the +z axis, 0 to pi; pi/2 is the plane.",
        formula: "theta = atan2(sqrt(x^2 + y^2), z)",
        units: "lengths in, rad out",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT theta(0.0, 0.0, -2.0)",
        example_answer: Some("3.141592653589793"),
        see_also: "pynbody `theta`, galpy `Orbit.theta`, gala `physicsspherical.theta`",
    },
    aliases: &[],
    arguments: &[3],
    texts: &[],
    unit: |u| units::common(u).and_then(|_| units::radian()),
    evaluate: |c| c.map(|[x, y, z]| point::theta(x, y, z)),
};
