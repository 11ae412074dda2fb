//! Jaffe's sphere.
//!
//! Formula    Phi = -(G M / a) ln(1 + a / r); rho = M a / (4 pi r^2 (r + a)^2); M(<r) = M r / (r + a)
//! Units      M in Msun, a in kpc
//! Source     Jaffe 1983, MNRAS 202, 995, eqs. 1 to 4
//! Accuracy   a few units in the last place
//! Edge cases the potential grows without bound towards r = 0; there it is a large negative number and the acceleration 0
//! See also   `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, radius};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::{Real, dot};

/// The profile.
#[derive(Clone, Debug)]
pub struct Jaffe;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "jaffe",
    description: "elliptical galaxy with a cusp 1/r^2, Jaffe's sphere",
    peers: "galpy JaffePotential, gala JaffePotential, agama Spheroid(gamma=2, beta=4)",
    source: "Jaffe 1983, MNRAS 202, 995",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter {
            name: "scale",
            unit: "kpc",
            default: None,
            allowed: Allowed::Positive,
            description: "radius a that holds half of the mass",
        },
    ],
    spherical: true,
    axisymmetric: true,
    build: |_| Ok(Profile::Jaffe(Jaffe)),
};

impl Formulas for Jaffe {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        let strength = parameters[0] * GRAVITY_KPC_KMS2_MSUN;
        vec![strength, parameters[1], strength / parameters[1]]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        -(c[2] * (c[1] / radius(p)).ln_1p())
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let r = radius(p);
        let pull = -(c[0] / (r * r * (r + c[1])));
        p.map(|x| x * pull)
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let (r, a) = (dot(p, p).sqrt(), parameters[1]);
        parameters[0] * a / (4.0 * PI * (r * (r + a)).powi(2))
    }
}
