//! The quadrupole bar of Dehnen.
//!
//! Formula    Phi = A (x^2 - y^2) f(r); f = r / R_b^3 - 2 / r^2 inside R_b, -R_b^3 / r^5 outside
//!            rho = A (x^2 - y^2) (6 / (r R_b^3) + 12 / r^4) / (4 pi G) inside, 0 outside
//! Units      A in km**2/s**2, R_b in kpc; the bar lies along x
//! Source     Dehnen 2000, AJ 119, 800, eqs. 2 and 3; Monari et al. 2016, MNRAS 461, 3835 for the factor R^2 / r^2 off the plane
//! Accuracy   a few units in the last place
//! Edge cases it has no mass in all, and the density is negative along y; at the origin potential and acceleration are 0 (they have no limit)
//! See also   `long_murali_bar`, `placement` for its rotation and growth, `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, radius};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Debug)]
pub struct DehnenBar;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "dehnen_bar",
    description: "quadrupole of a bar, Dehnen's model",
    peers: "galpy DehnenBarPotential (A = Af)",
    source: "Dehnen 2000, AJ 119, 800",
    parameters: &[
        Parameter { name: "strength", unit: "km**2/s**2", default: None, allowed: Allowed::Positive, description: "amplitude A" },
        Parameter { name: "radius", unit: "kpc", default: None, allowed: Allowed::Positive, description: "length R_b of the bar" },
    ],
    spherical: false,
    axisymmetric: false,
    build: |_| Ok(Profile::DehnenBar(DehnenBar)),
};

/// f and f' / r.
#[inline(always)]
fn shape<T: Real>(c: &[T], r: T) -> (T, T) {
    let inside = r.less(c[1]);
    let r2 = r * r;
    let outer = -(c[2] / (r2 * r2 * r));
    let inner = (r * r2 / c[2] - 2.0) / r2;
    let slope = (r.recip() / c[2] + (r2 * r2).recip() * 4.0, -(outer * 5.0) / r2);
    (T::choose(inside, inner, outer), T::choose(inside, slope.0, slope.1))
}

impl Formulas for DehnenBar {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0], parameters[1], parameters[1].powi(3)]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        let (value, _) = shape(c, radius(p));
        c[0] * (p[0] * p[0] - p[1] * p[1]) * value
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> [T; 3] {
        let (value, slope) = shape(c, radius([x, y, z]));
        let (twice, along) = (value * 2.0, (x * x - y * y) * slope);
        [-(c[0] * x * (twice + along)), -(c[0] * y * (along - twice)), -(c[0] * z * along)]
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let r = radius(p);
        let inside = 6.0 / (r * parameters[1].powi(3)) + 12.0 / r.powi(4);
        let quadrupole = parameters[0] * (p[0] * p[0] - p[1] * p[1]);
        if r < parameters[1] { quadrupole * inside / (4.0 * PI * GRAVITY_KPC_KMS2_MSUN) } else { 0.0 }
    }
}
