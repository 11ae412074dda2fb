//! SQL `potential(x, y, z, 'name')`: gravitational potential of a model at a place.
//!
//! Formula    Phi(x, y, z), the sum over the components of the model, at the time of today
//! Units      kpc in, km^2/s^2 out
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), chapter 2; each profile names its paper in docs/reference/potentials.md
//! Edge cases NULL in, NULL out; NaN in, NaN out
//! See also   `acceleration`, `energy`

use super::host;
use crate::orbits::field::Gravity;
use crate::orbits::values;
use crate::sql::functions::FunctionDoc;
use crate::sql::functions::scalar::{Scalar, outer};
use crate::sql::functions::units;

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "potential",
        kind: "scalar",
        signature: "potential(x, y, z, 'name')",
        description: "Gravitational potential of a model: a preset such as 'mw2014', or a .toml file of your own.",
        formula: "sum of Phi(x, y, z) over the components",
        units: "kpc in, km^2/s^2 out",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), chapter 2",
        example: "SELECT round(potential(8.0, 0.0, 0.0, 'mw2014'), 3)",
        example_answer: Some("-131564.277"),
        see_also: "galpy `evaluatePotentials`, gala `potential.energy`, agama `Potential.potential`",
    },
    aliases: &[],
    arguments: &[4],
    texts: &[3],
    unit: |u| host::places_in_kpc(u).and_then(|()| units::named("km**2/s**2")),
    evaluate: |c| {
        let host = host::of_columns(c)?;
        let (x, y, z) = (c.numbers(0)?, c.numbers(1)?, c.numbers(2)?);
        values::potential(&Gravity::new(&host.potential), 0.0, [&x, &y, &z]).map_err(outer)
    },
};
