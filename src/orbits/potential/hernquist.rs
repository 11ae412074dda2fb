//! Hernquist's sphere.
//!
//! Formula    Phi = -G M / (r + a); rho = M a / (2 pi r (r + a)^3); M(<r) = M r^2 / (r + a)^2
//! Units      M in Msun, a in kpc
//! Source     Hernquist 1990, ApJ 356, 359, eqs. 2, 3, 5
//! Accuracy   a few units in the last place
//! Edge cases at r = 0 the potential is -G M / a and the acceleration 0 (its direction does not exist)
//! See also   `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, radius};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::{Real, dot};

/// The profile.
#[derive(Clone, Debug)]
pub struct Hernquist;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "hernquist",
    description: "bulge or halo with a cusp 1/r, Hernquist's sphere",
    peers: "galpy HernquistPotential (amp is twice the mass), gala HernquistPotential, agama Spheroid(gamma=1, beta=4)",
    source: "Hernquist 1990, ApJ 356, 359",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radius a" },
    ],
    spherical: true,
    axisymmetric: true,
    build: |_| Ok(Profile::Hernquist(Hernquist)),
};

impl Formulas for Hernquist {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0] * GRAVITY_KPC_KMS2_MSUN, parameters[1]]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        -(c[0] / (radius(p) + c[1]))
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let r = radius(p);
        let outer = r + c[1];
        let pull = -(c[0] / (r * outer * outer));
        p.map(|x| x * pull)
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let (r, a) = (dot(p, p).sqrt(), parameters[1]);
        parameters[0] * a / (2.0 * PI * r * (r + a).powi(3))
    }
}
