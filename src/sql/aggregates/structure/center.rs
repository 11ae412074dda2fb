//! SQL `center(x, y, z, mass)`: centre of the densest part by a shrinking sphere.
//!
//! Formula    repeat: centre = centre of mass of the sphere, radius = 0.7 radius, until fewer than 100 particles are inside
//! Units      lengths and masses in, a struct(x, y, z) of lengths out
//! Source     Power et al. 2003, MNRAS 338, 14; factor and stop as in pynbody
//! Accuracy   rows are sorted before the method starts, so their order and the number of threads do not matter
//! Edge cases a row with a NULL is skipped; no rows give NULL; too few particles or no mass as `frames::shrinking_sphere` says
//! Cost       collects 32 bytes per row, then a sort and a few passes
//! See also   `face_on`, `center_of_mass`

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StructArray};
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

use crate::error::{Error, Result};
use crate::frames::shrinking_sphere;
use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::collect::{CollectAggregate, CollectSpec, sort_rows, unit_field};
use crate::sql::functions::{FunctionDoc, units};

static SPEC: CollectSpec = CollectSpec {
    name: "center",
    signature: FUNCTION.doc.signature,
    columns: 4,
    literals: &[0],
    answer: |_, arguments| {
        let length = units::common(arguments.get(..3).unwrap_or_default()).ok().flatten();
        DataType::Struct(["x", "y", "z"].map(|name| unit_field(name, DataType::Float64, length.clone())).to_vec().into())
    },
    unit: units::none,
    check: |_| Ok(()),
    finish: |columns, _, answer| {
        sort_rows(columns);
        let [x, y, z, mass] = columns else { return Err(Error::internal("a centre without four columns")) };
        struct_of(answer, &shrinking_sphere(x, y, z, mass)?)
    },
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "center",
        kind: "aggregate",
        signature: "center(x, y, z, mass)",
        description: "Centre of the densest part by a shrinking sphere, as struct(x, y, z); give it the stars of a galaxy, or all particles of a halo.",
        formula: "repeat: centre = centre of mass of the sphere, radius = 0.7 radius, until fewer than 100 particles are inside",
        units: "lengths and masses in, lengths out",
        source: "Power et al. 2003, MNRAS 338, 14; factor and stop as in pynbody",
        example: "SELECT center(CAST(v AS DOUBLE), 0.0, 1.0, 1.0)['x'] FROM generate_series(-200, 200) AS t(v)",
        example_answer: Some("0.0"),
        see_also: "pynbody `analysis.halo.center(mode='ssc')`, yt `max` location",
    },
    unit: units::none,
    make: || CollectAggregate::udaf(&SPEC),
};

/// One struct of numbers as a scalar of the type `answer`.
pub fn struct_of(answer: &DataType, numbers: &[f64]) -> Result<ScalarValue> {
    let DataType::Struct(fields) = answer else { return Err(Error::internal("the answer is not a struct")) };
    let arrays = numbers.iter().map(|&v| Arc::new(Float64Array::from(vec![v])) as ArrayRef).collect();
    let row = StructArray::try_new(fields.clone(), arrays, None).map_err(|e| Error::internal(e.to_string()))?;
    Ok(ScalarValue::Struct(Arc::new(row)))
}
