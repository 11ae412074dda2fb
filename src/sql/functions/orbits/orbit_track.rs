//! SQL `orbit_track(x, y, z, vx, vy, vz, 'name', time, steps)`: the path of a star as a list of rows.
//!
//! Formula    dx/dt = v, dv/dt = a(t, x); rows at time k/steps for k = 0 .. steps, the first is now
//! Units      kpc, km/s and Gyr in; Gyr, kpc and km/s out
//! Source     Hairer, Norsett & Wanner 1993, Solving Ordinary Differential Equations I, section II.10 (Dormand-Prince 8(5,3))
//! Accuracy   1e-10 a step, rows by dense output of order 7
//! Edge cases NaN in gives NaN, counted in a note; unbound stars are followed all the same
//! Cost       56 bytes a row
//! See also   `orbit_at`; SELECT id, unnest(orbit_track(...)) gives one row of the answer for each point

use super::host;
use crate::constants::GYR_PER_TIME_UNIT;
use crate::error::{Error, Result};
use crate::orbits::device::{Precision, Steps, orbits_on};
use crate::orbits::integrate::Adaptive;
use crate::sql::functions::FunctionDoc;
use crate::sql::functions::structured::{Call, Structured, Values};

/// Rows of one batch at most: 2 GB.
const MOST_ROWS: f64 = 4e7;

/// The function.
pub const FUNCTION: Structured = Structured {
    doc: FunctionDoc {
        name: "orbit_track",
        kind: "scalar",
        signature: "orbit_track(x, y, z, vx, vy, vz, 'name', time, steps)",
        description: "The path of a star over a time in Gyr, in the past for negative ones: a list of structs of t, x, y, z, vx, vy, vz, steps + 1 of them. UNNEST makes rows of it.",
        formula: "dx/dt = v, dv/dt = -grad Phi(t, x), at time k/steps for k = 0 .. steps",
        units: "kpc, km/s and Gyr in; Gyr, kpc and km/s out",
        source: "Hairer, Norsett & Wanner 1993, section II.10 (Dormand-Prince 8(5,3))",
        example: "SELECT round(unnest(orbit_track(8.0, 0.0, 0.0, 0.0, 220.00000013200318, 0.0, 'mw2014', 0.1, 2))['t'], 3)",
        example_answer: Some("0.0"),
        see_also: "galpy `Orbit.integrate`, gala `Orbit`, agama `orbit(trajsize=...)`",
    },
    arguments: &[9],
    texts: &[6],
    unit: |u| host::phase_space_units(u).and_then(|()| host::time_in_gyr(u, 7)).map(|()| None),
    fields: &[("t", "Gyr"), ("x", "kpc"), ("y", "kpc"), ("z", "kpc"), ("vx", "km/s"), ("vy", "km/s"), ("vz", "km/s")],
    list: true,
    check: host::check,
    evaluate,
};

fn evaluate(call: &Call) -> Result<Vec<Values>> {
    let (host, columns) = host::of_call(call)?;
    let stars = host::stars(&columns)?;
    let (time, steps) = match (call.columns.literal(6), call.columns.literal(7)) {
        (Some(time), Some(steps)) => (time, steps),
        _ => {
            return Err(
                Error::usage("time and steps of orbit_track are one number for all stars").hint("orbit_at takes a time for each row")
            );
        }
    };
    if !(time != 0.0 && time.is_finite() && steps >= 1.0 && steps.fract() == 0.0) {
        return Err(Error::usage("orbit_track needs a time that is not 0 and one step or more").found(format!("{time} Gyr, {steps} steps")));
    }
    if steps * stars.len() as f64 > MOST_ROWS {
        return Err(Error::limit("orbit_track makes too many rows")
            .expected(format!("{MOST_ROWS:e} in a batch"))
            .found(format!("{steps} steps of {} stars", stars.len())));
    }
    let count = steps as usize;
    let times: Vec<f64> = (1..=count).map(|k| host::inner_time(time) * k as f64 / steps).collect();
    let steps_of_each = Steps::Chosen { method: Adaptive::Dop853, tolerance: host.tolerance() };
    let orbits = orbits_on(host::device(call)?, Precision::Double, &host.potential, &stars, &steps_of_each, 0.0, &times)?;
    host::count(call, FUNCTION.doc.name, orbits.status.iter().copied());
    let with_start = |k: usize| {
        let mut values = Vec::with_capacity(stars.len() * (count + 1));
        for (star, rest) in orbits.columns[k].chunks(count).enumerate() {
            values.push(columns[k].get(star).copied().unwrap_or(f64::NAN));
            values.extend_from_slice(rest);
        }
        Values::Numbers(values)
    };
    let one: Vec<f64> = std::iter::once(0.0).chain(times.iter().map(|t| t * GYR_PER_TIME_UNIT)).collect();
    let all_times = (0..stars.len()).flat_map(|_| one.iter().copied()).collect();
    Ok(std::iter::once(Values::Numbers(all_times)).chain((0..6).map(with_start)).collect())
}
