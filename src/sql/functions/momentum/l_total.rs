//! SQL `l_total(x, y, z, vx, vy, vz)`: length of the specific angular momentum.
//!
//! Formula    L = |r x v|
//! Units      lengths and speeds in, their product out (kpc km/s)
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN in, NaN out
//! See also   `lx`, `ly`, `lz`

use crate::orbits::coordinates::point;
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "l_total",
        kind: "scalar",
        signature: "l_total(x, y, z, vx, vy, vz)",
        description: "Length of the specific angular momentum vector.",
        formula: "L = |r x v|",
        units: "lengths and speeds in, their product out (kpc km/s)",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT l_total(0.0, 0.0, 2.0, 3.0, 4.0, 9.0)",
        example_answer: Some("10.0"),
        see_also: "pynbody `j2` (its square), gala `np.linalg.norm(w.angular_momentum())`",
    },
    aliases: &[],
    arguments: &[6],
    texts: &[],
    unit: |u| units::lengths_and_speeds(u, 3).map(|(l, v)| units::product(l, v)),
    evaluate: |c| c.map(|[x, y, z, vx, vy, vz]| point::l_total(x, y, z, vx, vy, vz)),
};
