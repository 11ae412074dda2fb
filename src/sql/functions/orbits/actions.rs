//! SQL `actions(x, y, z, vx, vy, vz, 'name' [, delta])`: actions and frequencies of a star in an axisymmetric model.
//!
//! Formula    J = (1/2 pi) closed integrals of p dq in prolate spheroidal coordinates of focal length delta; frequencies by implicit
//!            differentiation; delta from the curvature of the potential at the star unless given
//! Units      kpc and km/s in; kpc km/s, rad/Gyr and kpc out
//! Source     Binney 2012, MNRAS 426, 1324 (Staeckel fudge); Sanders 2012, MNRAS 426, 128 (focal length)
//! Accuracy   exact in Staeckel and in spherical potentials (1e-10); for disc stars of the Milky Way a few parts in 1000 of the sum of the
//!            actions
//! Edge cases unbound stars and NaN give NaN, counted in a note; refused in potentials that are not static and axisymmetric; in a spherical
//!            potential the integrals are those of the sphere, and delta is 0 unless it is given
//! See also   `actions_angles`, `actions_converged`, `orbit`

use super::host;
use crate::constants::GYR_PER_TIME_UNIT;
use crate::error::{Error, Result};
use crate::orbits::actions::{ActionColumns, FocalLength, SphericalNodes, actions, actions_with_angles, spherical_actions};
use crate::orbits::field::Gravity;
use crate::orbits::integrate::Status;
use crate::sql::functions::FunctionDoc;
use crate::sql::functions::structured::{Call, Structured, Values};

/// The function.
pub const FUNCTION: Structured = Structured {
    doc: FunctionDoc {
        name: "actions",
        kind: "scalar",
        signature: "actions(x, y, z, vx, vy, vz, 'name' [, delta])",
        description: "Actions and frequencies in an axisymmetric model by the Staeckel fudge, whose focal length follows from the model unless given; exact ones in a spherical model. A struct of jr, jphi, jz, omega_r, omega_phi, omega_z, energy, r_peri, r_apo, z_max, ecc and delta.",
        formula: "J = (1/2 pi) closed integrals of p dq in spheroidal coordinates of focal length delta; of the sphere in spherical models",
        units: "kpc and km/s in; kpc km/s, rad/Gyr, km^2/s^2, kpc and 1 out",
        source: "Binney 2012, MNRAS 426, 1324; Sanders 2012, MNRAS 426, 128",
        example: "SELECT round(actions(8.0, 0.0, 0.0, 0.0, 200.0, 0.0, 'mw2014')['jphi'], 6)",
        example_answer: Some("1600.0"),
        see_also: "galpy `actionAngleStaeckel`, agama `ActionFinder`",
    },
    arguments: &[7, 8],
    texts: &[6],
    unit: |u| host::phase_space_units(u).map(|()| None),
    fields: &[
        ("jr", "kpc.km/s"),
        ("jphi", "kpc.km/s"),
        ("jz", "kpc.km/s"),
        ("omega_r", "rad/Gyr"),
        ("omega_phi", "rad/Gyr"),
        ("omega_z", "rad/Gyr"),
        ("energy", "km**2/s**2"),
        ("r_peri", "kpc"),
        ("r_apo", "kpc"),
        ("z_max", "kpc"),
        ("ecc", "1"),
        ("delta", "kpc"),
    ],
    list: false,
    check,
    evaluate: |call| Ok(values(columns(call, FUNCTION.doc.name, false)?)),
};

/// Refuses models without such actions.
pub fn check(texts: &[&str]) -> Result<()> {
    host::check(texts)?;
    texts.first().map_or(Ok(()), |name| host::host(name)?.must_be_axisymmetric("actions"))
}

/// Actions, frequencies and, where asked for, angles of the stars of a call; counts those without.
pub fn columns(call: &Call, function: &'static str, angles: bool) -> Result<ActionColumns> {
    let (host, columns) = host::of_call(call)?;
    let (stars, field) = (host::stars(&columns)?, Gravity::new(&host.potential));
    let given = (call.columns.count() > 6).then(|| call.columns.literal(6).filter(|d| *d > 0.0 && d.is_finite()));
    let all = if given.is_none() && host.potential.is_spherical() {
        let nodes = SphericalNodes::default().with_escape_energy(host.escape_energy);
        let all = spherical_actions(&field, &stars, &nodes, angles);
        ActionColumns { focal_length: vec![0.0; stars.len()], ..all }
    } else {
        let focal = match given {
            None => FocalLength::Table(host.focal(&field)?.clone()),
            Some(delta) => FocalLength::Fixed(
                delta.ok_or_else(|| Error::usage(format!("the focal length of {function}() is one number above 0 for all stars")))?,
            ),
        };
        let follow = if angles { actions_with_angles } else { actions };
        follow(&field, &stars, &focal, &host.nodes())
    };
    let status = all.energy.iter().map(|energy| match energy {
        energy if !energy.is_finite() => Status::NotFinite,
        energy if *energy >= host.escape_energy => Status::Unbound,
        _ => Status::Complete,
    });
    host::processor_alone(call, function, stars.len())?;
    host::count(call, function, status);
    Ok(all)
}

/// Angles per Gyr from those per inner time.
pub fn per_gyr(values: Vec<f64>) -> Values {
    Values::Numbers(values.into_iter().map(|v| v / GYR_PER_TIME_UNIT).collect())
}

fn values(all: ActionColumns) -> Vec<Values> {
    let [radial, azimuthal, vertical] = all.frequencies;
    vec![
        Values::Numbers(all.radial),
        Values::Numbers(all.azimuthal),
        Values::Numbers(all.vertical),
        per_gyr(radial),
        per_gyr(azimuthal),
        per_gyr(vertical),
        Values::Numbers(all.energy),
        Values::Numbers(all.pericentre),
        Values::Numbers(all.apocentre),
        Values::Numbers(all.z_max),
        Values::Numbers(all.eccentricity),
        Values::Numbers(all.focal_length),
    ]
}
