//! SQL `scale_factor(z)`: scale factor of a redshift.
//!
//! Formula    a = 1/(1 + z)
//! Units      1 in, 1 out
//! Source     Hogg 1999, astro-ph/9905116, section 3
//! Edge cases NULL in, NULL out; z = -1 is infinity
//! See also   `redshift`, `age_at`

use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "scale_factor",
        kind: "scalar",
        signature: "scale_factor(z)",
        description: "Scale factor of a redshift.",
        formula: "a = 1/(1 + z)",
        units: "1 in, 1 out",
        source: "Hogg 1999, astro-ph/9905116, section 3",
        example: "SELECT scale_factor(3.0)",
        example_answer: Some("0.25"),
        see_also: "astropy `cosmology.scale_factor`",
    },
    aliases: &[],
    arguments: &[1],
    texts: &[],
    unit: units::one,
    evaluate: |c| c.map(|[z]| 1.0 / (1.0 + z)),
};
