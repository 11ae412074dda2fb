//! SQL `actions_angles(x, y, z, vx, vy, vz, 'name' [, delta])`: actions, angles and frequencies of a star in an axisymmetric model.
//!
//! Formula    those of `actions`; theta = dW/dJ, W the generating function of the fudge (or of the sphere) from the turning points to the star
//! Units      kpc and km/s in; kpc km/s, rad in [0, 2 pi) and rad/Gyr out
//! Source     Binney 2012, MNRAS 426, 1324 (Staeckel fudge); Sanders & Binney 2016, MNRAS 457, 2107 (angles by it)
//! Accuracy   that of `actions`; the zero of theta_r is the pericentre, that of theta_z the upward passage of the plane
//! Edge cases those of `actions`
//! Cost       about twice that of `actions`
//! See also   `actions`, `actions_converged`

use super::actions::{check, columns, per_gyr};
use super::host;
use crate::sql::functions::FunctionDoc;
use crate::sql::functions::structured::{Structured, Values};

/// The function.
pub const FUNCTION: Structured = Structured {
    doc: FunctionDoc {
        name: "actions_angles",
        kind: "scalar",
        signature: "actions_angles(x, y, z, vx, vy, vz, 'name' [, delta])",
        description: "Actions, angles and frequencies by the method of actions(...): a struct of jr, jphi, jz, theta_r, theta_phi, theta_z, omega_r, omega_phi and omega_z. Angles lie between 0 and 2 pi; theta_r is 0 at the pericentre, theta_z where a star rises through the plane.",
        formula: "theta_i = dW/dJ_i, which grow as omega_i t along the orbit",
        units: "kpc and km/s in; kpc km/s, rad and rad/Gyr out",
        source: "Binney 2012, MNRAS 426, 1324; Sanders & Binney 2016, MNRAS 457, 2107",
        example: "SELECT round(actions_angles(8.0, 0.0, 0.0, 0.0, 200.0, 0.0, 'mw2014')['theta_r'], 6)",
        example_answer: Some("3.141593"),
        see_also: "galpy `actionAngleStaeckel.actionsFreqsAngles`, agama `ActionFinder(angles=True)`",
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
    ],
    list: false,
    check,
    evaluate: |call| {
        let all = columns(call, FUNCTION.doc.name, true)?;
        let numbers = [all.radial, all.azimuthal, all.vertical].into_iter().chain(all.angles);
        Ok(numbers.map(Values::Numbers).chain(all.frequencies.map(per_gyr)).collect())
    },
};
