//! SQL `v_sph(x, y, z, vx, vy, vz)`: velocity away from the origin (spherical radial velocity).
//!
//! Formula    v = (x vx + y vy + z vz) / sqrt(x^2 + y^2 + z^2)
//! Units      lengths and speeds in, the unit of speed out (km/s)
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN at the origin
//! See also   `v_r`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "v_sph",
        kind: "scalar",
        signature: "v_sph(x, y, z, vx, vy, vz)",
        description: "Velocity component away from the origin (spherical radial velocity).",
        formula: "v = (x vx + y vy + z vz) / sqrt(x^2 + y^2 + z^2)",
        units: "lengths and speeds in, the unit of speed out (km/s)",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT v_sph(3.0, 0.0, 4.0, 10.0, 7.0, 5.0)",
        example_answer: Some("10.0"),
        see_also: "pynbody `vr`, galpy `Orbit.vr`, gala `spherical.d_distance`",
    },
    aliases: &[],
    arguments: &[6],
    texts: &[],
    unit: |u| units::lengths_and_speeds(u, 3).map(|(_, v)| v),
    evaluate: |c| c.map(|[x, y, z, vx, vy, vz]| point::v_sph(x, y, z, vx, vy, vz)),
};
