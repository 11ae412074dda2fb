//! SQL `stddev(x)`: sample standard deviation, the same bits for any order of rows.
//!
//! Formula    sqrt((n sum x^2 - (sum x)^2) / (n (n - 1)))
//! Units      any unit in, the same out
//! Source     Chan, Golub & LeVeque 1983, Am. Stat. 37, 242 (why naive sums fail); here exact integers
//! Accuracy   sums are integers until one rounding at the end; 1 ulp after the last division
//! Edge cases NULL is skipped; NaN or infinity gives NaN; rows too few give NULL
//! See also   `var`, `avg`

use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::spec::{Engine, Spec, Squares1, no_output_units, no_sum};
use crate::sql::aggregates::engine::udaf::ExactAggregate;
use crate::sql::aggregates::statistics::ends::deviation;
use crate::sql::functions::{FunctionDoc, units};

/// How it is summed and ended.
pub static SPEC: Spec = Spec {
    name: "stddev",
    aliases: &["stddev_samp"],
    arguments: 1,
    engine: Engine::of::<Squares1>(),
    prepare: None,
    outputs: &[],
    least_count: 2,
    finish_sum: no_sum,
    finish: |totals, out| deviation(totals, totals.count as f64 - 1.0, out),
    unit: units::first,
    output_units: no_output_units,
    builtin: None,
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "stddev",
        kind: "aggregate",
        signature: "stddev(x)",
        description: "Sample standard deviation (n - 1 in the denominator): a velocity dispersion when x is a velocity component.",
        formula: "sqrt((n sum x^2 - (sum x)^2) / (n (n - 1)))",
        units: "any unit in, the same out",
        source: "Chan, Golub & LeVeque 1983, Am. Stat. 37, 242 (why naive sums fail); here exact integers",
        example: "SELECT stddev(x) FROM (VALUES (1.0), (3.0), (5.0)) AS t(x)",
        example_answer: Some("2.0"),
        see_also: "numpy `np.std(ddof=1)`, pandas `std`, pynbody `vr_disp` of profiles",
    },
    unit: units::first,
    make: || ExactAggregate::udaf(&SPEC),
};
