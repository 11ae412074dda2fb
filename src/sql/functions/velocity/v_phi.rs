//! SQL `v_phi(x, y, vx, vy)`: rotation velocity about the z axis.
//!
//! Formula    V_phi = (x vy - y vx) / sqrt(x^2 + y^2)
//! Units      lengths and speeds in, the unit of speed out (km/s)
//! Source     Buder et al. 2025, arXiv:2510.11284: definitions of V_R and V_phi; Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN on the z axis
//! See also   `v_r`, `lz`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "v_phi",
        kind: "scalar",
        signature: "v_phi(x, y, vx, vy)",
        description: "Azimuthal velocity; positive is anticlockwise seen from +z, which is the sense of rotation in a face-on frame.",
        formula: "V_phi = (x vy - y vx) / sqrt(x^2 + y^2)",
        units: "lengths and speeds in, the unit of speed out (km/s)",
        source: "Buder et al. 2025, arXiv:2510.11284: definitions of V_R and V_phi; Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT v_phi(3.0, 4.0, 10.0, 5.0)",
        example_answer: Some("-5.0"),
        see_also: "pynbody `vphi`, galpy `Orbit.vT`, gala `cylindrical.d_phi` times rho",
    },
    aliases: &[],
    arguments: &[4],
    texts: &[],
    unit: |u| units::lengths_and_speeds(u, 2).map(|(_, v)| v),
    evaluate: |c| c.map(|[x, y, vx, vy]| point::v_phi(x, y, vx, vy)),
};
