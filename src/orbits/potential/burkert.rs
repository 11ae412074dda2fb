//! Burkert's halo with a core.
//!
//! Formula    rho = rho_0 / [(1 + x)(1 + x^2)], x = r / r_s; M(<r) = pi rho_0 r_s^3 m(x), m = 2 ln(1 + x) + ln(1 + x^2) - 2 atan x
//!            Phi = -pi G rho_0 r_s^2 {m / x + 2 [atan(1/x) + ln(1 + x) - ln(1 + x^2) / 2]}
//! Units      rho_0 in Msun/kpc^3, r_s in kpc
//! Source     Burkert 1995, ApJ 447, L25, eq. 2; the integrals are ours
//! Accuracy   1e-14 relative, m(x) / x^2 by its series below x = 0.2
//! Edge cases the mass has no limit far out, the potential vanishes there
//! See also   `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, radius};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::{Real, dot};

/// The profile.
#[derive(Clone, Debug)]
pub struct Burkert;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "burkert",
    description: "dark halo with a core, Burkert's profile of dwarf galaxies",
    peers: "galpy BurkertPotential, gala BurkertPotential",
    source: "Burkert 1995, ApJ 447, L25",
    parameters: &[
        Parameter { name: "density", unit: "Msun/kpc**3", default: None, allowed: Allowed::Positive, description: "central density rho_0" },
        Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radius r_s of the core" },
    ],
    spherical: true,
    axisymmetric: true,
    build: |_| Ok(Profile::Burkert(Burkert)),
};

/// Below this x the enclosed mass would cancel.
const SERIES_BELOW: f64 = 0.2;
/// Pairs of terms of its series: 0.2^24 is below the last place.
const SERIES_PAIRS: u32 = 6;

/// m(x) / x^2.
#[inline(always)]
fn bracket<T: Real>(x: T) -> T {
    // 4 (x/3 - x^2/4 + x^5/7 - x^6/8 + ...).
    let fourth = x.powi(4);
    let mut series = T::constant(0.0);
    for k in (0..SERIES_PAIRS).rev() {
        let k = 4.0 * f64::from(k);
        series = series * fourth + (-x / (k + 4.0) + 1.0 / (k + 3.0));
    }
    let closed = ((x.ln_1p() - x.atan()) * 2.0 + x.square().ln_1p()) / x.square();
    T::choose(x.less(T::constant(SERIES_BELOW)), series * x * 4.0, closed)
}

impl Formulas for Burkert {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        let slope = parameters[0] * parameters[1] * (PI * GRAVITY_KPC_KMS2_MSUN);
        vec![slope * parameters[1], parameters[1].recip(), parameters[0] * (PI * GRAVITY_KPC_KMS2_MSUN)]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        let x = radius(p) * c[1];
        // ln(1 + x) - ln(1 + x^2) / 2 is half of ln(1 + 2 x / (1 + x^2)), which does not cancel far out; nor does atan(1/x).
        let outer = x.recip().atan() + (x * 2.0 / (x.square() + 1.0)).ln_1p() * 0.5;
        -(c[0] * (bracket(x) * x + outer * 2.0))
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let x = radius(p) * c[1];
        let pull = -(c[2] * bracket(x) / x);
        p.map(|x| x * pull)
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let x = dot(p, p).sqrt() / parameters[1];
        parameters[0] / ((1.0 + x) * (1.0 + x * x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_potential_at_the_centre() {
        let c = Burkert.constants(&[1e7, 2.0]);
        let expected = -PI * GRAVITY_KPC_KMS2_MSUN * 1e7 * 4.0 * PI;
        assert!((Burkert.potential(&c, [0.0; 3]) / expected - 1.0).abs() < 1e-14);
    }
}
