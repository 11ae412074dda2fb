//! SQL `avg(x)`: mean, the same bits for any order of rows.
//!
//! Formula    (1/n) sum_i x_i
//! Units      any unit in, the same out
//! Source     Demmel & Nguyen 2015, IEEE TC 64, 2060 (why reproducible sums); here exact fixed-point integers
//! Accuracy   the correctly rounded sum divided once
//! Edge cases no rows give NULL; NaN stays; integers are read as doubles
//! See also   `sum`, `weighted_mean`

use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::spec::{Engine, Spec, Values1, no_finish, no_output_units};
use crate::sql::aggregates::engine::udaf::ExactAggregate;
use crate::sql::functions::{FunctionDoc, units};

/// How it is summed and ended.
pub static SPEC: Spec = Spec {
    name: "avg",
    aliases: &["mean"],
    arguments: 1,
    engine: Engine::of::<Values1>(),
    prepare: None,
    outputs: &[],
    least_count: 1,
    finish_sum: |sum, rows| sum / rows as f64,
    finish: no_finish,
    unit: units::first,
    output_units: no_output_units,
    builtin: Some(datafusion::functions_aggregate::average::avg_udaf),
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "avg",
        kind: "aggregate",
        signature: "avg(x)",
        description: "Mean of the non-NULL values: the exact sum, rounded, over the number of rows.",
        formula: "(1/n) sum_i x_i",
        units: "any unit in, the same out",
        source: "Demmel & Nguyen 2015, IEEE TC 64, 2060 (why reproducible sums); here exact fixed-point integers",
        example: "SELECT avg(x) FROM (VALUES (1.0), (2.0), (6.0)) AS t(x)",
        example_answer: Some("3.0"),
        see_also: "numpy `np.mean`, pandas `mean`",
    },
    unit: units::first,
    make: || ExactAggregate::udaf(&SPEC),
};
