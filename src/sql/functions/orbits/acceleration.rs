//! SQL `acceleration(x, y, z, 'name')`: gravitational acceleration of a model at a place.
//!
//! Formula    a = -grad Phi, the sum over the components of the model, at the time of today
//! Units      kpc in, km^2/s^2/kpc out
//! Source     Binney & Tremaine 2008, Galactic Dynamics (2nd edition), chapter 2
//! Edge cases NULL in, NULL out; NaN in, NaN out
//! See also   `potential`

use super::host;
use crate::orbits::field::Gravity;
use crate::orbits::values;
use crate::sql::functions::FunctionDoc;
use crate::sql::functions::structured::{Structured, Values};

/// The function.
pub const FUNCTION: Structured = Structured {
    doc: FunctionDoc {
        name: "acceleration",
        kind: "scalar",
        signature: "acceleration(x, y, z, 'name')",
        description: "Gravitational acceleration of a model, a struct of ax, ay, az.",
        formula: "a = -grad Phi(x, y, z), summed over the components",
        units: "kpc in, km^2/s^2/kpc out",
        source: "Binney & Tremaine 2008, Galactic Dynamics (2nd edition), chapter 2",
        example: "SELECT round(acceleration(8.0, 0.0, 0.0, 'mw2014')['ax'], 3)",
        example_answer: Some("-6050.0"),
        see_also: "galpy `evaluateRforces`, gala `potential.acceleration`, agama `Potential.force`",
    },
    arguments: &[4],
    texts: &[3],
    unit: |u| host::places_in_kpc(u).map(|()| None),
    fields: &[("ax", "km**2/s**2/kpc"), ("ay", "km**2/s**2/kpc"), ("az", "km**2/s**2/kpc")],
    list: false,
    check: host::check,
    evaluate: |call| {
        let host = host::host(call.columns.texts.first().copied().unwrap_or_default())?;
        let column = |k: usize| call.columns.numbers(k).map_err(|e| crate::Error::internal(e.to_string()));
        let (x, y, z) = (column(0)?, column(1)?, column(2)?);
        let rows = values::acceleration(&Gravity::new(&host.potential), 0.0, [&x, &y, &z])?;
        Ok((0..3).map(|k| Values::Numbers(rows.iter().map(|a| a[k]).collect())).collect())
    },
};
