//! SQL `angular_momentum(x, y, z, vx, vy, vz, mass)`: total angular momentum, the same bits for any order of rows.
//!
//! Formula    sum_i m_i r_i x v_i
//! Units      lengths, speeds and masses in, a struct of their product out (Msun kpc km/s)
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix D
//! Accuracy   each r x v is rounded once per row, the sum over rows is exact
//! Edge cases a row with a NULL is skipped; no rows give NULL; NaN gives NaN
//! See also   `face_on`, `lz`

use crate::orbits::coordinates::point;
use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::moments::selection;
use crate::sql::aggregates::engine::spec::{Engine, Spec, Weighted3, no_sum};
use crate::sql::aggregates::engine::udaf::ExactAggregate;
use crate::sql::aggregates::statistics::ends::products;
use crate::sql::functions::{FunctionDoc, units};
use crate::units::Unit;
use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::Float64Type;
use datafusion::common::{Result, internal_datafusion_err};
use std::sync::Arc;

/// How it is summed and ended.
pub static SPEC: Spec = Spec {
    name: "angular_momentum",
    aliases: &[],
    arguments: 7,
    engine: Engine::of::<Weighted3>(),
    prepare: Some(moments_per_row),
    outputs: &["lx", "ly", "lz"],
    least_count: 1,
    finish_sum: no_sum,
    finish: products,
    unit: units::none,
    output_units,
    builtin: None,
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "angular_momentum",
        kind: "aggregate",
        signature: "angular_momentum(x, y, z, vx, vy, vz, mass)",
        description: "Total angular momentum about the origin of the frame as a struct with lx, ly, lz.",
        formula: "sum_i m_i r_i x v_i",
        units: "lengths, speeds and masses in, a struct of their product out (Msun kpc km/s)",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix D",
        example: "SELECT angular_momentum(x, 0.0, 0.0, 0.0, v, 0.0, 2.0)['lz'] FROM (VALUES (3.0, 10.0), (1.0, -5.0)) AS t(x, v)",
        example_answer: Some("50.0"),
        see_also: "pynbody `analysis.angmom.ang_mom_vec`, yt `angular_momentum_vector`",
    },
    unit: units::none,
    make: || ExactAggregate::udaf(&SPEC),
};

fn output_units(arguments: &[Option<Unit>]) -> Vec<Option<Unit>> {
    let part = |range: std::ops::Range<usize>| units::common(arguments.get(range).unwrap_or_default()).ok().flatten();
    let unit = units::product(units::product(part(0..3), part(3..6)), units::of(arguments, 6));
    vec![unit; 3]
}

/// The columns l_x, l_y, l_z and mass; a row with any NULL is NULL in the first.
fn moments_per_row(arrays: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let broken = || internal_datafusion_err!("angular_momentum of columns that are not doubles");
    let columns: Option<Vec<&[f64]>> = arrays.iter().map(|a| a.as_primitive_opt::<Float64Type>().map(|p| p.values().as_ref())).collect();
    let columns = columns.ok_or_else(broken)?;
    let &[x, y, z, vx, vy, vz, _] = columns.as_slice() else { return Err(broken()) };
    let each = |formula: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..x.len()).map(formula).collect() };
    let valid = selection(arrays, None).map(Into::into);
    let lx = each(&|i| point::lx(y[i], z[i], vy[i], vz[i]));
    let ly = each(&|i| point::ly(x[i], z[i], vx[i], vz[i]));
    let lz = each(&|i| point::lz(x[i], y[i], vx[i], vy[i]));
    let mass = arrays.last().cloned().ok_or_else(broken)?;
    Ok(vec![Arc::new(Float64Array::try_new(lx.into(), valid)?), Arc::new(Float64Array::from(ly)), Arc::new(Float64Array::from(lz)), mass])
}
