//! SQL `sum(x)`: sum, the same bits for any order of rows.
//!
//! Formula    sum_i x_i
//! Units      any unit in, the same out
//! Source     Demmel & Nguyen 2015, IEEE TC 64, 2060 (why reproducible sums); here exact fixed-point integers
//! Accuracy   correctly rounded: the double nearest to the true sum
//! Edge cases no rows give NULL; NaN stays; infinities of both signs give NaN; overflow gives infinity
//! See also   `avg`, `numeric::exact_sum`

use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::spec::{Engine, Spec, Values1, no_finish, no_output_units};
use crate::sql::aggregates::engine::udaf::ExactAggregate;
use crate::sql::functions::{FunctionDoc, units};

/// How it is summed and ended.
pub static SPEC: Spec = Spec {
    name: "sum",
    aliases: &[],
    arguments: 1,
    engine: Engine::of::<Values1>(),
    prepare: None,
    outputs: &[],
    least_count: 1,
    finish_sum: |sum, _| sum,
    finish: no_finish,
    unit: units::first,
    output_units: no_output_units,
    builtin: Some(datafusion::functions_aggregate::sum::sum_udaf),
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "sum",
        kind: "aggregate",
        signature: "sum(x)",
        description: "Sum of the non-NULL values. Of floats it is exact and rounded once, so it does not depend on row order, threads or spilling; of integers it is the built-in sum.",
        formula: "sum_i x_i",
        units: "any unit in, the same out",
        source: "Demmel & Nguyen 2015, IEEE TC 64, 2060 (why reproducible sums); here exact fixed-point integers",
        example: "SELECT sum(x) FROM (VALUES (1e16), (1.0), (-1e16)) AS t(x)",
        example_answer: Some("1.0"),
        see_also: "Python `math.fsum`, pandas `sum`",
    },
    unit: units::first,
    make: || ExactAggregate::udaf(&SPEC),
};
