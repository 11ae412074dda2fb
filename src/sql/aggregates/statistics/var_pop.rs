//! SQL `var_pop(x)`: population variance, the same bits for any order of rows.
//!
//! Formula    (n sum x^2 - (sum x)^2) / n^2
//! Units      any unit in, its square out
//! Source     Chan, Golub & LeVeque 1983, Am. Stat. 37, 242 (why naive sums fail); here exact integers
//! Accuracy   sums are integers until one rounding at the end; 1 ulp after the last division
//! Edge cases NULL is skipped; NaN or infinity gives NaN; rows too few give NULL
//! See also   `stddev`, `avg`

use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::spec::{Engine, Spec, Squares1, no_output_units, no_sum};
use crate::sql::aggregates::engine::udaf::ExactAggregate;
use crate::sql::aggregates::statistics::ends::variance;
use crate::sql::functions::{FunctionDoc, units};

/// How it is summed and ended.
pub static SPEC: Spec = Spec {
    name: "var_pop",
    aliases: &["var_population"],
    arguments: 1,
    engine: Engine::of::<Squares1>(),
    prepare: None,
    outputs: &[],
    least_count: 1,
    finish_sum: no_sum,
    finish: |totals, out| variance(totals, totals.count as f64, out),
    unit: units::squared,
    output_units: no_output_units,
    builtin: None,
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "var_pop",
        kind: "aggregate",
        signature: "var_pop(x)",
        description: "Population variance (n in the denominator) of the non-NULL values.",
        formula: "(n sum x^2 - (sum x)^2) / n^2",
        units: "any unit in, its square out",
        source: "Chan, Golub & LeVeque 1983, Am. Stat. 37, 242 (why naive sums fail); here exact integers",
        example: "SELECT var_pop(x) FROM (VALUES (1.0, 2.0), (2.0, 4.0), (4.0, 3.0)) AS t(x, y)",
        example_answer: Some("1.5555555555555556"),
        see_also: "numpy `np.var`, pandas `var(ddof=0)`",
    },
    unit: units::squared,
    make: || ExactAggregate::udaf(&SPEC),
};
