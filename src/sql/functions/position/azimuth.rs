//! SQL `azimuth(x, y)`: angle around the z axis.
//!
//! Formula    phi = atan2(y, x)
//! Units      lengths in, rad out
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN in, NaN out
//! See also   `theta`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "azimuth",
        kind: "scalar",
        signature: "azimuth(x, y)",
        description: "Angle around the z axis, anticlockwise from +x seen from +z, from -pi to pi.",
        formula: "phi = atan2(y, x)",
        units: "lengths in, rad out",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT azimuth(0.0, 2.0)",
        example_answer: Some("1.5707963267948966"),
        see_also: "pynbody `az`, galpy `Orbit.phi`, gala `cylindrical.phi`",
    },
    aliases: &[],
    arguments: &[2],
    texts: &[],
    unit: |u| units::common(u).and_then(|_| units::radian()),
    evaluate: |c| c.map(|[x, y]| point::phi(x, y)),
};
