//! SQL `redshift(a)`: redshift of a scale factor.
//!
//! Formula    z = 1/a - 1
//! Units      1 in, 1 out
//! Source     Hogg 1999, astro-ph/9905116, section 3
//! Edge cases NULL in, NULL out; a = 0 is infinity
//! See also   `scale_factor`, `age_at`

use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "redshift",
        kind: "scalar",
        signature: "redshift(a)",
        description: "Redshift of a scale factor.",
        formula: "z = 1/a - 1",
        units: "1 in, 1 out",
        source: "Hogg 1999, astro-ph/9905116, section 3",
        example: "SELECT redshift(0.25)",
        example_answer: Some("3.0"),
        see_also: "pynbody `properties['z']`, astropy `1/a - 1`",
    },
    aliases: &[],
    arguments: &[1],
    texts: &[],
    unit: units::one,
    evaluate: |c| c.map(|[a]| 1.0 / a - 1.0),
};
