//! The logarithmic halo, whose circular velocity is flat.
//!
//! Formula    Phi = (v0^2 / 2) ln(R^2 + z^2 / q^2 + r_c^2), lengths in kpc
//!            rho = v0^2 / (4 pi G q^2) [(2 q^2 + 1) r_c^2 + R^2 + (2 - q^-2) z^2] / (R^2 + z^2 / q^2 + r_c^2)^2
//! Units      v0 in km/s, r_c in kpc
//! Source     Binney 1981, MNRAS 196, 455; Binney & Tremaine 2008, eq. 2.71
//! Accuracy   a few units in the last place
//! Edge cases its zero is where R^2 + z^2 / q^2 + r_c^2 = 1 kpc^2, for it has no limit far out; below q = 0.707 the density is negative
//!            on the axis; without a core the origin has acceleration 0
//! See also   `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, TINY_KPC2};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Debug)]
pub struct Logarithmic;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "logarithmic",
    description: "halo with a flat rotation curve",
    peers: "galpy LogarithmicHaloPotential, gala LogarithmicPotential (no factor 1/2 in older ones), agama Logarithmic",
    source: "Binney 1981, MNRAS 196, 455",
    parameters: &[
        Parameter {
            name: "velocity",
            unit: "km/s",
            default: None,
            allowed: Allowed::Positive,
            description: "circular velocity v0 far out",
        },
        Parameter {
            name: "q",
            unit: "1",
            default: Some(1.0),
            allowed: Allowed::Positive,
            description: "axis ratio z to R of the potential",
        },
        Parameter { name: "core", unit: "kpc", default: Some(0.0), allowed: Allowed::NotNegative, description: "radius r_c of the core" },
    ],
    spherical: false,
    axisymmetric: true,
    build: |_| Ok(Profile::Logarithmic(Logarithmic)),
};

impl Formulas for Logarithmic {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0].square(), parameters[1].square().recip(), parameters[2].square() + TINY_KPC2]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> T {
        (x * x + y * y + z * z * c[1] + c[2]).ln() * c[0] * 0.5
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> [T; 3] {
        let pull = -(c[0] / (x * x + y * y + z * z * c[1] + c[2]));
        [x * pull, y * pull, z * c[1] * pull]
    }

    fn density(&self, parameters: &[f64], [x, y, z]: [f64; 3]) -> f64 {
        let (v2, q2, core2) = (parameters[0].powi(2), parameters[1].powi(2), parameters[2].powi(2));
        let r2 = x * x + y * y;
        let shape = ((2.0 * q2 + 1.0) * core2 + r2 + (2.0 - 1.0 / q2) * z * z) / (r2 + z * z / q2 + core2).powi(2);
        v2 / (4.0 * PI * GRAVITY_KPC_KMS2_MSUN * q2) * shape
    }
}
