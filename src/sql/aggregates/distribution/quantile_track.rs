//! SQL `quantile_track(x, y, x_min, x_max, bins)`: the 16th, 50th and 84th percentile of y in bins of x.
//!
//! Formula    per bin of x: n, and the quantiles 0.16, 0.5, 0.84 of y with numpy's linear interpolation
//! Units      a list of struct(x, n, q16, q50, q84): x the centre of the bin in the unit of x, quantiles in the unit of y
//! Source     Hyndman & Fan 1996, Am. Stat. 50, 361, type 7
//! Edge cases rows with a NULL, a NaN in x, or x outside are left out; a NaN in y gives NaN in its bin; an empty bin has n = 0 and NULL quantiles
//! Cost       collects 16 bytes per row; linear time
//! See also   `quantile`, `hist2d`, `bins`

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StructArray, UInt64Array};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::common::utils::SingleRowListArrayBuilder;

use super::bins::Bins;
use super::interpolate;
use crate::error::{Error, Result};
use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::collect::{CollectAggregate, CollectSpec, literal_number, literal_numbers, unit_field};
use crate::sql::functions::{FunctionDoc, units};
use crate::units::Unit;

/// The quantiles of a track: median and the one-sigma range of a normal distribution, as the figures of the field use them.
const QUANTILES: [(&str, f64); 3] = [("q16", 0.16), ("q50", 0.5), ("q84", 0.84)];

static SPEC: CollectSpec = CollectSpec {
    name: "quantile_track",
    signature: FUNCTION.doc.signature,
    columns: 2,
    literals: &[1, 3],
    answer,
    unit: units::none,
    check: |literals| bins(literals).map(|_| ()),
    finish,
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "quantile_track",
        kind: "aggregate",
        signature: "quantile_track(x, y, x_min, x_max, bins) or quantile_track(x, y, [edges])",
        description: "Running median: the 16th, 50th and 84th percentile of y in bins of x, as a list of struct(x, n, q16, q50, q84) that unnest turns into rows.",
        formula: "per bin of x: n, and the quantiles 0.16, 0.5, 0.84 of y with numpy's linear interpolation",
        units: "any units in; x in the unit of x, quantiles in the unit of y",
        source: "Hyndman & Fan 1996, Am. Stat. 50, 361, type 7",
        example: "SELECT quantile_track(x, y, 0, 2, 2)[1]['q50'] FROM (VALUES (0.5, 1.0), (0.7, 2.0), (0.9, 6.0), (1.5, 9.0)) AS t(x, y)",
        example_answer: Some("2.0"),
        see_also: "scipy `binned_statistic`, pynbody `Profile`",
    },
    unit: units::none,
    make: || CollectAggregate::udaf(&SPEC),
};

fn answer(_: Option<&DataType>, arguments: &[Option<Unit>]) -> DataType {
    let mut fields = vec![unit_field("x", DataType::Float64, units::of(arguments, 0)), unit_field("n", DataType::UInt64, None)];
    fields.extend(QUANTILES.map(|(name, _)| unit_field(name, DataType::Float64, units::of(arguments, 1))));
    DataType::List(Arc::new(Field::new_list_field(DataType::Struct(fields.into()), true)))
}

fn bins(literals: &[ScalarValue]) -> Result<Bins> {
    match literals {
        [edges] => Bins::edges(literal_numbers(edges, "the edges of the bins")?),
        [low, high, count] => Bins::equal(
            literal_number(low, "the lower end of the bins")?,
            literal_number(high, "the upper end of the bins")?,
            literal_number(count, "the number of bins")?,
        ),
        _ => Err(Error::usage("the bins are not given").hint(FUNCTION.doc.signature)),
    }
}

fn finish(columns: &mut [Vec<f64>], literals: &[ScalarValue], answer: &DataType) -> Result<ScalarValue> {
    let bins = bins(literals)?;
    let ([x, y], DataType::List(item)) = (columns, answer) else { return Err(Error::internal("a track without two columns")) };
    let DataType::Struct(fields) = item.data_type() else { return Err(Error::internal("a track that is not a list of structs")) };
    let mut members = vec![Vec::new(); bins.count()];
    for (&x, &y) in x.iter().zip(y.iter()) {
        if let Some(bin) = bins.bin(x) {
            members[bin].push(y);
        }
    }
    let centres: Float64Array = (0..bins.count()).map(|bin| Some(bins.centre(bin))).collect();
    let counts: UInt64Array = members.iter().map(|m| Some(m.len() as u64)).collect();
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(centres), Arc::new(counts)];
    for (_, q) in QUANTILES {
        let column: Float64Array = members.iter_mut().map(|m| (!m.is_empty()).then(|| interpolate::quantile(m, q))).collect();
        arrays.push(Arc::new(column));
    }
    let rows = StructArray::try_new(fields.clone(), arrays, None).map_err(|e| Error::internal(e.to_string()))?;
    Ok(SingleRowListArrayBuilder::new(Arc::new(rows)).with_field(item).build_list_scalar())
}
