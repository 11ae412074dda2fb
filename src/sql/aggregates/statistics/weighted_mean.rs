//! SQL `weighted_mean(x, weight)`: mean with weights, the same bits for any order of rows.
//!
//! Formula    sum_i w_i x_i / sum_i w_i
//! Units      any units in, that of x out
//! Source     Demmel & Nguyen 2015, IEEE TC 64, 2060 (why reproducible sums); here exact fixed-point integers
//! Accuracy   sums are integers until one rounding at the end; 1 ulp after the last division
//! Edge cases NULL is skipped; NaN or infinity gives NaN; rows too few give NULL
//! See also   `avg`, `center_of_mass`

use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::spec::{Engine, Spec, Weighted1, no_output_units, no_sum};
use crate::sql::aggregates::engine::udaf::ExactAggregate;
use crate::sql::aggregates::statistics::ends::ratio;
use crate::sql::functions::{FunctionDoc, units};

/// How it is summed and ended.
pub static SPEC: Spec = Spec {
    name: "weighted_mean",
    aliases: &[],
    arguments: 2,
    engine: Engine::of::<Weighted1>(),
    prepare: None,
    outputs: &[],
    least_count: 1,
    finish_sum: no_sum,
    finish: |totals, out| ratio(totals, out),
    unit: units::first,
    output_units: no_output_units,
    builtin: None,
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "weighted_mean",
        kind: "aggregate",
        signature: "weighted_mean(x, weight)",
        description: "Mean of x with weights, such as the mass-weighted mean metallicity; NULL when the weights sum to 0.",
        formula: "sum_i w_i x_i / sum_i w_i",
        units: "any units in, that of x out",
        source: "Demmel & Nguyen 2015, IEEE TC 64, 2060 (why reproducible sums); here exact fixed-point integers",
        example: "SELECT weighted_mean(x, w) FROM (VALUES (1.0, 3.0), (5.0, 1.0)) AS t(x, w)",
        example_answer: Some("2.0"),
        see_also: "numpy `np.average(x, weights=w)`, pynbody `mean_by_mass`",
    },
    unit: units::first,
    make: || ExactAggregate::udaf(&SPEC),
};
