//! SQL `covar_samp(x, y)`: sample covariance, the same bits for any order of rows.
//!
//! Formula    (n sum xy - sum x sum y) / (n (n - 1))
//! Units      any units in, their product out
//! Source     Chan, Golub & LeVeque 1983, Am. Stat. 37, 242 (why naive sums fail); here exact integers
//! Accuracy   sums are integers until one rounding at the end; 1 ulp after the last division
//! Edge cases NULL is skipped; NaN or infinity gives NaN; rows too few give NULL
//! See also   `corr`, `var`

use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::spec::{Engine, Products2, Spec, no_output_units, no_sum};
use crate::sql::aggregates::engine::udaf::ExactAggregate;
use crate::sql::aggregates::statistics::ends::covariance;
use crate::sql::functions::{FunctionDoc, units};

/// How it is summed and ended.
pub static SPEC: Spec = Spec {
    name: "covar_samp",
    aliases: &["covar"],
    arguments: 2,
    engine: Engine::of::<Products2>(),
    prepare: None,
    outputs: &[],
    least_count: 2,
    finish_sum: no_sum,
    finish: |totals, out| covariance(totals, totals.count as f64 - 1.0, out),
    unit: |u| Ok(units::product(units::of(u, 0), units::of(u, 1))),
    output_units: no_output_units,
    builtin: None,
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "covar_samp",
        kind: "aggregate",
        signature: "covar_samp(x, y)",
        description: "Sample covariance of two columns, rows with a NULL in either skipped.",
        formula: "(n sum xy - sum x sum y) / (n (n - 1))",
        units: "any units in, their product out",
        source: "Chan, Golub & LeVeque 1983, Am. Stat. 37, 242 (why naive sums fail); here exact integers",
        example: "SELECT covar_samp(x, y) FROM (VALUES (1.0, 2.0), (2.0, 4.0), (4.0, 3.0)) AS t(x, y)",
        example_answer: Some("0.5"),
        see_also: "numpy `np.cov(x, y)[0,1]`",
    },
    unit: |u| Ok(units::product(units::of(u, 0), units::of(u, 1))),
    make: || ExactAggregate::udaf(&SPEC),
};
