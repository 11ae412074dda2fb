//! SQL `speed(vx, vy, vz)`: length of the velocity.
//!
//! Formula    v = sqrt(vx^2 + vy^2 + vz^2)
//! Units      speeds in, the same unit out (km/s)
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN in, NaN out
//! See also   `energy`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "speed",
        kind: "scalar",
        signature: "speed(vx, vy, vz)",
        description: "Length of the velocity vector.",
        formula: "v = sqrt(vx^2 + vy^2 + vz^2)",
        units: "speeds in, the same unit out (km/s)",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT speed(2.0, 3.0, 6.0)",
        example_answer: Some("7.0"),
        see_also: "pynbody `v_mag`, gala `np.linalg.norm(w.v_xyz)`",
    },
    aliases: &[],
    arguments: &[3],
    texts: &[],
    unit: units::common,
    evaluate: |c| c.map(|[vx, vy, vz]| point::speed(vx, vy, vz)),
};
