//! SQL `v_r(x, y, vx, vy)`: velocity away from the z axis (cylindrical V_R).
//!
//! Formula    V_R = (x vx + y vy) / sqrt(x^2 + y^2)
//! Units      lengths and speeds in, the unit of speed out (km/s)
//! Source     Buder et al. 2025, arXiv:2510.11284: definitions of V_R and V_phi; Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN on the z axis
//! See also   `v_phi`, `v_sph`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "v_r",
        kind: "scalar",
        signature: "v_r(x, y, vx, vy)",
        description: "Velocity component away from the z axis (cylindrical V_R); positive is outwards.",
        formula: "V_R = (x vx + y vy) / sqrt(x^2 + y^2)",
        units: "lengths and speeds in, the unit of speed out (km/s)",
        source: "Buder et al. 2025, arXiv:2510.11284: definitions of V_R and V_phi; Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT v_r(3.0, 4.0, 10.0, 5.0)",
        example_answer: Some("10.0"),
        see_also: "pynbody `vrxy`, galpy `Orbit.vR`, gala `cylindrical.d_rho`",
    },
    aliases: &[],
    arguments: &[4],
    texts: &[],
    unit: |u| units::lengths_and_speeds(u, 2).map(|(_, v)| v),
    evaluate: |c| c.map(|[x, y, vx, vy]| point::v_r(x, y, vx, vy)),
};
