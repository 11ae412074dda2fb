//! A sphere of constant density.
//!
//! Formula    Phi = -G M (3 - r^2 / a^2) / (2 a) inside, -G M / r outside; rho = 3 M / (4 pi a^3) inside
//! Units      M in Msun, a in kpc
//! Source     Newton 1687; Binney & Tremaine 2008, eq. 2.43
//! Accuracy   a few units in the last place
//! Edge cases second derivatives jump at r = a, which counts as outside
//! See also   `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, radius};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::{Real, dot};

/// The profile.
#[derive(Clone, Debug)]
pub struct HomogeneousSphere;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "homogeneous_sphere",
    description: "sphere of constant density, with harmonic motion inside",
    peers: "galpy HomogeneousSpherePotential",
    source: "Binney & Tremaine 2008, eq. 2.43",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter { name: "radius", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radius a of the surface" },
    ],
    spherical: true,
    axisymmetric: true,
    build: |_| Ok(Profile::HomogeneousSphere(HomogeneousSphere)),
};

impl Formulas for HomogeneousSphere {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0] * GRAVITY_KPC_KMS2_MSUN, parameters[1]]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        let r = radius(p);
        let inside = (T::constant(3.0) - (r / c[1]).square()) / (c[1] * 2.0);
        -(c[0] * T::choose(r.less(c[1]), inside, r.recip()))
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let r = radius(p).max(c[1]);
        let pull = -(c[0] / (r * r * r));
        p.map(|x| x * pull)
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let a = parameters[1];
        if dot(p, p) < a * a { 3.0 * parameters[0] / (4.0 * PI * a.powi(3)) } else { 0.0 }
    }
}
