//! Plummer's sphere.
//!
//! Formula    Phi = -G M / sqrt(r^2 + b^2); rho = 3 M b^2 / (4 pi (r^2 + b^2)^(5/2))
//! Units      M in Msun, b in kpc
//! Source     Plummer 1911, MNRAS 71, 460; Binney & Tremaine 2008, eq. 2.44
//! Accuracy   a few units in the last place
//! See also   `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::{Real, dot};

/// The profile.
#[derive(Clone, Debug)]
pub struct Plummer;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "plummer",
    description: "sphere with a core, Plummer's model of a globular cluster",
    peers: "galpy PlummerPotential, gala PlummerPotential, agama Plummer",
    source: "Plummer 1911, MNRAS 71, 460",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radius b of the core" },
    ],
    spherical: true,
    axisymmetric: true,
    build: |_| Ok(Profile::Plummer(Plummer)),
};

impl Formulas for Plummer {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0] * GRAVITY_KPC_KMS2_MSUN, parameters[1].square()]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        -(c[0] / (dot(p, p) + c[1]).sqrt())
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let s2 = dot(p, p) + c[1];
        let pull = -(c[0] / (s2 * s2.sqrt()));
        p.map(|x| x * pull)
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let b2 = parameters[1] * parameters[1];
        3.0 * parameters[0] * b2 / (4.0 * PI * (dot(p, p) + b2).powf(2.5))
    }
}
