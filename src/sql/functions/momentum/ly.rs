//! SQL `ly(x, z, vx, vz)`: specific angular momentum about y.
//!
//! Formula    L_y = z vx - x vz
//! Units      lengths and speeds in, their product out (kpc km/s)
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN in, NaN out
//! See also   `lx`, `lz`, `l_total`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "ly",
        kind: "scalar",
        signature: "ly(x, z, vx, vz)",
        description: "Specific angular momentum about the y axis.",
        formula: "L_y = z vx - x vz",
        units: "lengths and speeds in, their product out (kpc km/s)",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT ly(1.0, 2.0, 3.0, 4.0)",
        example_answer: Some("2.0"),
        see_also: "pynbody `j[:,1]`, galpy `Orbit.L`, gala `angular_momentum()[1]`",
    },
    aliases: &[],
    arguments: &[4],
    texts: &[],
    unit: |u| units::lengths_and_speeds(u, 2).map(|(l, v)| units::product(l, v)),
    evaluate: |c| c.map(|[x, z, vx, vz]| point::ly(x, z, vx, vz)),
};
