//! SQL `percentile(x, p)`: exact percentile with linear interpolation, as numpy.
//!
//! Formula    quantile(x, p/100)
//! Units      any unit in, the same out; p from 0 to 100
//! Source     Hyndman & Fan 1996, Am. Stat. 50, 361, type 7
//! Accuracy   the bits of numpy.percentile; independent of the order of rows
//! Edge cases as `quantile`
//! See also   `quantile`

use super::quantile::{answers, fractions, number_or_list};
use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::collect::{CollectAggregate, CollectSpec};
use crate::sql::functions::{FunctionDoc, units};

/// A percentile of everything.
const WHOLE: f64 = 100.0;

static SPEC: CollectSpec = CollectSpec {
    name: "percentile",
    signature: FUNCTION.doc.signature,
    columns: 1,
    literals: &[1],
    answer: number_or_list,
    unit: units::first,
    check: |literals| fractions(literals, WHOLE).map(|_| ()),
    finish: |columns, literals, answer| answers(columns, &fractions(literals, WHOLE)?, answer),
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "percentile",
        kind: "aggregate",
        signature: "percentile(x, p)",
        description: "Exact percentile of the non-NULL values, p from 0 to 100, with numpy's linear interpolation; percentile(x, [16, 50, 84]) gives a list.",
        formula: "quantile(x, p/100)",
        units: "any unit in, the same out",
        source: "Hyndman & Fan 1996, Am. Stat. 50, 361, type 7",
        example: "SELECT percentile(x, 50) FROM (VALUES (1.0), (2.0), (3.0), (6.0)) AS t(x)",
        example_answer: Some("2.5"),
        see_also: "numpy `np.percentile`",
    },
    unit: units::first,
    make: || CollectAggregate::udaf(&SPEC),
};
