//! A point of mass.
//!
//! Formula    Phi = -G M / r; no density anywhere else
//! Units      M in Msun
//! Source     Newton 1687; Binney & Tremaine 2008, eq. 2.34
//! Accuracy   a few units in the last place
//! Edge cases at r = 0 the acceleration is 0 (its direction does not exist) and the potential a very large negative number
//! See also   `profile`

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, radius};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Debug)]
pub struct PointMass;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "point_mass",
    description: "point of mass, such as a black hole",
    peers: "galpy KeplerPotential, gala KeplerPotential, agama Plummer(scaleRadius=0)",
    source: "Newton 1687",
    parameters: &[Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "mass" }],
    spherical: true,
    axisymmetric: true,
    build: |_| Ok(Profile::PointMass(PointMass)),
};

impl Formulas for PointMass {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0] * GRAVITY_KPC_KMS2_MSUN]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        -(c[0] / radius(p))
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let r = radius(p);
        let pull = -(c[0] / (r * r * r));
        p.map(|x| x * pull)
    }

    fn density(&self, _: &[f64], _: [f64; 3]) -> f64 {
        0.0
    }
}
