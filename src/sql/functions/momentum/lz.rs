//! SQL `lz(x, y, vx, vy)`: specific angular momentum about z.
//!
//! Formula    L_z = x vy - y vx
//! Units      lengths and speeds in, their product out (kpc km/s)
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN in, NaN out
//! See also   `v_phi`, `l_total`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "lz",
        kind: "scalar",
        signature: "lz(x, y, vx, vy)",
        description: "Specific angular momentum about the z axis, the action J_phi of an axisymmetric potential; positive with the rotation of a face-on frame.",
        formula: "L_z = x vy - y vx",
        units: "lengths and speeds in, their product out (kpc km/s)",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT lz(8.0, 0.0, 10.0, 220.0)",
        example_answer: Some("1760.0"),
        see_also: "pynbody `jz`, galpy `Orbit.Lz`, gala `angular_momentum()[2]`",
    },
    aliases: &[],
    arguments: &[4],
    texts: &[],
    unit: |u| units::lengths_and_speeds(u, 2).map(|(l, v)| units::product(l, v)),
    evaluate: |c| c.map(|[x, y, vx, vy]| point::lz(x, y, vx, vy)),
};
