//! SQL `ecc_proxy(j_r, j_phi)`: eccentricity estimate from two actions.
//!
//! Formula    ecc = (|J_R| / (|J_R| + |J_phi|))^0.43
//! Units      two actions in one unit in, 1 out
//! Source     NIHAO-UHD tables of Buder et al. 2025, arXiv:2510.11284
//! Edge cases NULL in, NULL out; NaN when both actions are 0
//! See also   `lz`

use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// Exponent of the estimate (column ecc_0p43 of the NIHAO-UHD tables).
const EXPONENT: f64 = 0.43;

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "ecc_proxy",
        kind: "scalar",
        signature: "ecc_proxy(j_r, j_phi)",
        description: "Eccentricity estimate from the radial and azimuthal actions, the column ecc_0p43 of the NIHAO-UHD tables; no orbit is integrated.",
        formula: "ecc = (|J_R| / (|J_R| + |J_phi|))^0.43",
        units: "two actions in one unit in, 1 out",
        source: "NIHAO-UHD tables of Buder et al. 2025, arXiv:2510.11284",
        example: "SELECT ecc_proxy(100.0, 0.0)",
        example_answer: Some("1.0"),
        see_also: "galpy `Orbit.e(analytic=True)` for a true eccentricity",
    },
    aliases: &[],
    arguments: &[2],
    texts: &[],
    unit: |u| units::common(u).and_then(|_| units::one(u)),
    evaluate: |c| c.map(|[j_r, j_phi]| (j_r.abs() / (j_r.abs() + j_phi.abs())).powf(EXPONENT)),
};
