//! SQL `orbit_at(x, y, z, vx, vy, vz, 'name', time)`: where a star is at another time.
//!
//! Formula    dx/dt = v, dv/dt = a(t, x), from now to now + time; before now for a negative time
//! Units      kpc, km/s and Gyr in; kpc and km/s out
//! Source     Hairer, Norsett & Wanner 1993, Solving Ordinary Differential Equations I, section II.10 (Dormand-Prince 8(5,3))
//! Accuracy   1e-10 a step; 1e-8 relative over some Gyr of regular orbits
//! Edge cases each row may have its own time; NaN in gives NaN and `not_finite`, counted in a note; unbound stars are followed all the same
//! Cost       one time for all rows: eight orbits at a time, or a GPU (`SET spolia.device`); a time for each row: one by one
//! See also   `orbit_track` for many times

use super::host;
use crate::error::{Error, Result};
use crate::orbits::device::{Precision, Steps, orbits_on};
use crate::orbits::field::Gravity;
use crate::orbits::integrate::{Adaptive, Status};
use crate::orbits::values::carried;
use crate::sql::functions::FunctionDoc;
use crate::sql::functions::structured::{Call, Structured, TEXT, Values};

/// The function.
pub const FUNCTION: Structured = Structured {
    doc: FunctionDoc {
        name: "orbit_at",
        kind: "scalar",
        signature: "orbit_at(x, y, z, vx, vy, vz, 'name', time)",
        description: "Position and velocity of a star a time in Gyr from now, in the past for negative ones; each row may have its own time, such as -age. A struct of x, y, z, vx, vy, vz and status.",
        formula: "dx/dt = v, dv/dt = -grad Phi(t, x)",
        units: "kpc, km/s and Gyr in; kpc and km/s out",
        source: "Hairer, Norsett & Wanner 1993, section II.10 (Dormand-Prince 8(5,3))",
        example: "SELECT round(orbit_at(8.0, 0.0, 0.0, 0.0, 220.00000013200318, 0.0, 'mw2014', pi()*8/220.00000013200318*0.977792221680356)['x'], 6)",
        example_answer: Some("-8.0"),
        see_also: "galpy `Orbit.integrate`, gala `potential.integrate_orbit`, agama `orbit`",
    },
    arguments: &[8],
    texts: &[6],
    unit: |u| host::phase_space_units(u).and_then(|()| host::time_in_gyr(u, 7)).map(|()| None),
    fields: &[("x", "kpc"), ("y", "kpc"), ("z", "kpc"), ("vx", "km/s"), ("vy", "km/s"), ("vz", "km/s"), ("status", TEXT)],
    list: false,
    check: host::check,
    evaluate,
};

fn evaluate(call: &Call) -> Result<Vec<Values>> {
    let (host, columns) = host::of_call(call)?;
    let (stars, tolerance) = (host::stars(&columns)?, host.tolerance());
    let words = |status: &[Status]| Values::Words(status.iter().map(|s| s.name()).collect());
    // One time for all stars is one integration of many orbits, on whichever device; else each star has its own.
    if let Some(time) = call.columns.literal(6).filter(|t| *t != 0.0 && t.is_finite()) {
        let steps = Steps::Chosen { method: Adaptive::Dop853, tolerance };
        let times = [host::inner_time(time)];
        let all = orbits_on(host::device(call)?, Precision::Double, &host.potential, &stars, &steps, 0.0, &times)?;
        host::count(call, FUNCTION.doc.name, all.status.iter().copied());
        let status = words(&all.status);
        return Ok(all.columns.into_iter().map(Values::Numbers).chain([status]).collect());
    }
    let times = call.columns.numbers(6).map_err(|e| Error::internal(e.to_string()))?;
    let times: Vec<f64> = times.into_iter().map(host::inner_time).collect();
    let ends = carried(&Gravity::new(&host.potential), &stars, &times, &tolerance)?;
    host::processor_alone(call, FUNCTION.doc.name, stars.len())?;
    let status: Vec<Status> = ends.iter().map(|end| end.1).collect();
    host::count(call, FUNCTION.doc.name, status.iter().copied());
    let number = |k: usize| Values::Numbers(ends.iter().map(|end| end.0.to_array()[k]).collect());
    Ok((0..6).map(number).chain([words(&status)]).collect())
}
