//! SQL `lx(y, z, vy, vz)`: specific angular momentum about x.
//!
//! Formula    L_x = y vz - z vy
//! Units      lengths and speeds in, their product out (kpc km/s)
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN in, NaN out
//! See also   `ly`, `lz`, `l_total`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "lx",
        kind: "scalar",
        signature: "lx(y, z, vy, vz)",
        description: "Specific angular momentum about the x axis.",
        formula: "L_x = y vz - z vy",
        units: "lengths and speeds in, their product out (kpc km/s)",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT lx(1.0, 2.0, 3.0, 4.0)",
        example_answer: Some("-2.0"),
        see_also: "pynbody `j[:,0]`, galpy `Orbit.L`, gala `angular_momentum()[0]`",
    },
    aliases: &[],
    arguments: &[4],
    texts: &[],
    unit: |u| units::lengths_and_speeds(u, 2).map(|(l, v)| units::product(l, v)),
    evaluate: |c| c.map(|[y, z, vy, vz]| point::lx(y, z, vy, vz)),
};
