//! SQL `actions_converged(x, y, z, vx, vy, vz, 'name' [, order])`: actions that converge, with their error, to check others by.
//!
//! Formula    a generating function from a toy isochrone to the integrated orbit, fitted by least squares
//! Units      kpc and km/s in; kpc km/s, rad and rad/Gyr out
//! Source     Sanders & Binney 2014, MNRAS 441, 3284
//! Accuracy   the fields error and omega_error: the change from four orders less
//! Edge cases unbound, planar and polar orbits: NaN; trapped and chaotic orbits have a large error
//! Cost       0.1 s a star at order 12: for hundreds of stars, not for millions
//! See also   `actions` for all stars

use rayon::prelude::*;

use super::actions::{check, per_gyr};
use super::host;
use crate::error::Error;
use crate::orbits::actions::{Converged, generating};
use crate::orbits::field::Gravity;
use crate::orbits::integrate::Status;
use crate::sql::functions::FunctionDoc;
use crate::sql::functions::structured::{Structured, Values};

/// Order unless it is given.
const ORDER: f64 = 12.0;

/// The function.
pub const FUNCTION: Structured = Structured {
    doc: FunctionDoc {
        name: "actions_converged",
        kind: "scalar",
        signature: "actions_converged(x, y, z, vx, vy, vz, 'name' [, order])",
        description: "Actions, angles and frequencies from the integrated orbit by a generating function of an order (12 unless given, 6 to 40), with an estimate of their errors: for checks of actions(...), at 0.1 s a star. A struct of jr, jphi, jz, theta_r, theta_phi, theta_z, omega_r, omega_phi, omega_z, error and omega_error.",
        formula: "J_toy(t) = J - 2 sum n S_n cos(n . theta_toy), by least squares over the orbit",
        units: "kpc and km/s in; kpc km/s, rad and rad/Gyr out",
        source: "Sanders & Binney 2014, MNRAS 441, 3284",
        example: "SELECT round(actions_converged(8.0, 0.0, 0.5, 10.0, 200.0, 15.0, 'mw2014')['jphi'], 6)",
        example_answer: Some("1600.0"),
        see_also: "galpy `actionAngleIsochroneApprox`, gala `find_actions_o2gf`",
    },
    arguments: &[7, 8],
    texts: &[6],
    unit: |u| host::phase_space_units(u).map(|()| None),
    fields: &[
        ("jr", "kpc.km/s"),
        ("jphi", "kpc.km/s"),
        ("jz", "kpc.km/s"),
        ("theta_r", "rad"),
        ("theta_phi", "rad"),
        ("theta_z", "rad"),
        ("omega_r", "rad/Gyr"),
        ("omega_phi", "rad/Gyr"),
        ("omega_z", "rad/Gyr"),
        ("error", "kpc.km/s"),
        ("omega_error", "rad/Gyr"),
    ],
    list: false,
    check,
    evaluate: |call| {
        let (host, columns) = host::of_call(call)?;
        let (stars, field) = (host::stars(&columns)?, Gravity::new(&host.potential));
        let order = if call.columns.count() > 6 { call.columns.literal(6) } else { Some(ORDER) };
        let order = order
            .filter(|o| o.fract() == 0.0 && *o > 0.0)
            .ok_or_else(|| Error::usage("the order of actions_converged() is one whole number for all stars").expected("6 to 40"))?;
        let tolerance = host.tolerance();
        let one = |star: usize| generating(&field, stars.state(star), order as usize, &tolerance);
        let all: Vec<Converged> = (0..stars.len()).into_par_iter().map(one).collect::<crate::Result<_>>()?;
        let status = (0..stars.len()).map(|star| {
            let state = stars.state(star);
            tolerance.judgement.status(state.is_finite(), state.energy(&field, 0.0), 0.0)
        });
        host::count(call, FUNCTION.doc.name, status.filter(|s| *s != Status::Drift));
        let number = |value: fn(&Converged) -> f64| Values::Numbers(all.iter().map(value).collect());
        let rate = |value: fn(&Converged) -> f64| per_gyr(all.iter().map(value).collect());
        Ok(vec![
            number(|c| c.actions.radial),
            number(|c| c.actions.azimuthal),
            number(|c| c.actions.vertical),
            number(|c| c.angles.radial),
            number(|c| c.angles.azimuthal),
            number(|c| c.angles.vertical),
            rate(|c| c.frequencies.radial),
            rate(|c| c.frequencies.azimuthal),
            rate(|c| c.frequencies.vertical),
            number(|c| c.error),
            rate(|c| c.frequency_error),
        ])
    },
};
