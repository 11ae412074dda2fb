//! SQL `toomre(x, y, vx, vy, vz)`: vertical axis of the Toomre diagram.
//!
//! Formula    sqrt(V_R^2 + V_z^2) with V_R = (x vx + y vy)/R
//! Units      lengths and speeds in, the unit of speed out (km/s)
//! Source     Sandage & Fouts 1987, AJ 93, 74; Toomre diagram
//! Edge cases NULL in, NULL out; NaN on the z axis
//! See also   `v_r`, `v_phi`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "toomre",
        kind: "scalar",
        signature: "toomre(x, y, vx, vy, vz)",
        description: "Velocity out of the sense of rotation, the vertical axis of the Toomre diagram; plot it against v_phi minus the circular speed.",
        formula: "sqrt(V_R^2 + V_z^2) with V_R = (x vx + y vy)/R",
        units: "lengths and speeds in, the unit of speed out (km/s)",
        source: "Sandage & Fouts 1987, AJ 93, 74; Toomre diagram",
        example: "SELECT toomre(8.0, 0.0, 30.0, 220.0, 40.0)",
        example_answer: Some("50.0"),
        see_also: "galpy `sqrt(o.vR()**2 + o.vz()**2)`",
    },
    aliases: &[],
    arguments: &[5],
    texts: &[],
    unit: |u| units::lengths_and_speeds(u, 2).map(|(_, v)| v),
    evaluate: |c| c.map(|[x, y, vx, vy, vz]| point::r_cyl(point::v_r(x, y, vx, vy), vz)),
};
