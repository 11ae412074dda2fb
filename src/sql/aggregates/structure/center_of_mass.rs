//! SQL `center_of_mass(x, y, z, mass)`: centre of mass, the same bits for any order of rows.
//!
//! Formula    sum_i m_i r_i / sum_i m_i
//! Units      lengths and masses in, a struct of the same units out
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix D
//! Accuracy   sums are integers until one rounding at the end per number
//! Edge cases a row with a NULL is skipped; no rows or no mass give NULL; NaN gives NaN
//! See also   `center`, `weighted_mean`

use crate::error::Result;
use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::spec::{Engine, Spec, Weighted3, no_sum};
use crate::sql::aggregates::engine::udaf::ExactAggregate;
use crate::sql::aggregates::statistics::ends::centre;
use crate::sql::functions::{FunctionDoc, units};
use crate::units::Unit;

/// How it is summed and ended.
pub static SPEC: Spec = Spec {
    name: "center_of_mass",
    aliases: &[],
    arguments: 4,
    engine: Engine::of::<Weighted3>(),
    prepare: None,
    outputs: &["x", "y", "z", "mass"],
    least_count: 1,
    finish_sum: no_sum,
    finish: centre,
    unit: units::none,
    output_units,
    builtin: None,
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "center_of_mass",
        kind: "aggregate",
        signature: "center_of_mass(x, y, z, mass)",
        description: "Centre of mass and total mass as a struct with x, y, z, mass; works on velocities too.",
        formula: "sum_i m_i r_i / sum_i m_i",
        units: "lengths and masses in, a struct of the same units out",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix D",
        example: "SELECT center_of_mass(x, 0.0, 2.0, m)['x'] FROM (VALUES (1.0, 3.0), (5.0, 1.0)) AS t(x, m)",
        example_answer: Some("2.0"),
        see_also: "pynbody `analysis.halo.center_of_mass`, yt `center_of_mass`",
    },
    unit: units::none,
    make: || ExactAggregate::udaf(&SPEC),
};

fn output_units(arguments: &[Option<Unit>]) -> Vec<Option<Unit>> {
    let position: Result<Option<Unit>> = units::common(arguments.get(..3).unwrap_or_default());
    let position = position.ok().flatten();
    vec![position.clone(), position.clone(), position, units::of(arguments, 3)]
}
