//! SQL `corr(x, y)`: Pearson's correlation coefficient, the same bits for any order of rows.
//!
//! Formula    (n sum xy - sum x sum y) / sqrt((n sum x^2 - (sum x)^2) (n sum y^2 - (sum y)^2))
//! Units      any units in, 1 out
//! Source     Pearson 1895, Proc. R. Soc. 58, 240
//! Accuracy   sums are integers until one rounding at the end; 1 ulp after the last division
//! Edge cases NULL is skipped; NaN or infinity gives NaN; rows too few give NULL
//! See also   `covar_samp`

use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::spec::{Engine, Spec, Squares2, no_output_units, no_sum};
use crate::sql::aggregates::engine::udaf::ExactAggregate;
use crate::sql::aggregates::statistics::ends::correlation;
use crate::sql::functions::{FunctionDoc, units};

/// How it is summed and ended.
pub static SPEC: Spec = Spec {
    name: "corr",
    aliases: &[],
    arguments: 2,
    engine: Engine::of::<Squares2>(),
    prepare: None,
    outputs: &[],
    least_count: 2,
    finish_sum: no_sum,
    finish: correlation,
    unit: units::one,
    output_units: no_output_units,
    builtin: None,
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "corr",
        kind: "aggregate",
        signature: "corr(x, y)",
        description: "Pearson's correlation coefficient of two columns, rows with a NULL in either skipped; NULL when a column is constant.",
        formula: "(n sum xy - sum x sum y) / sqrt((n sum x^2 - (sum x)^2) (n sum y^2 - (sum y)^2))",
        units: "any units in, 1 out",
        source: "Pearson 1895, Proc. R. Soc. 58, 240",
        example: "SELECT corr(x, y) FROM (VALUES (1.0, 8.0), (2.0, 6.0), (3.0, 4.0)) AS t(x, y)",
        example_answer: Some("-1.0"),
        see_also: "numpy `np.corrcoef`, pandas `corr`",
    },
    unit: units::one,
    make: || ExactAggregate::udaf(&SPEC),
};
