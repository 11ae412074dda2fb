//! SQL `quantile(x, q)`: exact quantile with linear interpolation, as numpy.
//!
//! Formula    h = (n - 1) q, k = floor(h), t = h - k: (1 - t) x_k + t x_{k+1} of the sorted values
//! Units      any unit in, the same out; q from 0 to 1
//! Source     Hyndman & Fan 1996, Am. Stat. 50, 361, type 7
//! Accuracy   the bits of numpy.quantile; independent of the order of rows
//! Edge cases NULL is skipped; NaN gives NaN (leave them out with FILTER (WHERE NOT isnan(x))); no rows give NULL; a list of q gives a list
//! Cost       collects 8 bytes per row; linear time
//! See also   `percentile`, `quantile_track`, `interpolate`

use std::sync::Arc;

use arrow::array::Float64Array;
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::common::utils::SingleRowListArrayBuilder;

use super::interpolate;
use crate::error::{Error, Result};
use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::collect::{CollectAggregate, CollectSpec, literal_numbers};
use crate::sql::functions::{FunctionDoc, units};
use crate::units::Unit;

static SPEC: CollectSpec = CollectSpec {
    name: "quantile",
    signature: FUNCTION.doc.signature,
    columns: 1,
    literals: &[1],
    answer: number_or_list,
    unit: units::first,
    check: |literals| fractions(literals, 1.0).map(|_| ()),
    finish: |columns, literals, answer| answers(columns, &fractions(literals, 1.0)?, answer),
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "quantile",
        kind: "aggregate",
        signature: "quantile(x, q)",
        description: "Exact quantile of the non-NULL values, q from 0 to 1, with numpy's linear interpolation. With a list of q the answer is a list.",
        formula: "h = (n - 1) q, k = floor(h), t = h - k: (1 - t) x_k + t x_(k+1) of the sorted values",
        units: "any unit in, the same out",
        source: "Hyndman & Fan 1996, Am. Stat. 50, 361, type 7",
        example: "SELECT quantile(x, 0.25) FROM (VALUES (1.0), (2.0), (3.0), (6.0)) AS t(x)",
        example_answer: Some("1.75"),
        see_also: "numpy `np.quantile`, pandas `quantile`",
    },
    unit: units::first,
    make: || CollectAggregate::udaf(&SPEC),
};

/// A number for a number, a list for a list.
pub fn number_or_list(literal: Option<&DataType>, _: &[Option<Unit>]) -> DataType {
    match literal {
        Some(DataType::List(_)) => DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))),
        _ => DataType::Float64,
    }
}

/// Fractions from 0 to 1 out of literals from 0 to `whole`.
pub fn fractions(literals: &[ScalarValue], whole: f64) -> Result<Vec<f64>> {
    let asked = literals.first().ok_or_else(|| Error::usage("which quantile is not said"))?;
    let numbers = literal_numbers(asked, "a quantile")?;
    match numbers.iter().find(|q| !(0.0..=whole).contains(*q)) {
        Some(q) => Err(Error::usage("quantile out of range").expected(format!("0 to {whole}")).found(q)),
        None => Ok(numbers.iter().map(|q| q / whole).collect()),
    }
}

/// The quantiles of the first column as a number or a list.
pub fn answers(columns: &mut [Vec<f64>], fractions: &[f64], answer: &DataType) -> Result<ScalarValue> {
    let values = columns.first_mut().ok_or_else(|| Error::internal("a quantile without a column"))?;
    let found: Vec<f64> = fractions.iter().map(|&q| interpolate::quantile(values, q)).collect();
    Ok(match answer {
        DataType::List(_) => SingleRowListArrayBuilder::new(Arc::new(Float64Array::from(found))).with_nullable(true).build_list_scalar(),
        _ => ScalarValue::Float64(found.first().copied()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_must_be_in_range() {
        let number = |v: f64| [ScalarValue::Float64(Some(v))];
        assert_eq!(fractions(&number(16.0), 100.0).unwrap(), [0.16]);
        for wrong in [-0.1, 1.1, f64::NAN] {
            assert!(fractions(&number(wrong), 1.0).is_err(), "{wrong}");
        }
        assert!(fractions(&[ScalarValue::Float64(None)], 1.0).is_err());
        assert!(fractions(&[], 1.0).is_err());
    }
}
