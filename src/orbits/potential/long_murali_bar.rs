//! The bar of Long and Murali: a needle of Miyamoto-Nagai discs.
//!
//! Formula    Phi = -(G M / 2 a) ln[(S + 2 a) / (S - 2 a)], S = T+ + T-, T+-^2 = (a +- x)^2 + y^2 + (b + s)^2, s = sqrt(z^2 + c^2)
//!            rho is the mean of Miyamoto and Nagai's density over centres x' from -a to a
//! Units      M in Msun, a (half length along x), b, c in kpc
//! Source     Long & Murali 1992, ApJ 397, 44, eq. 8 (the logarithm in its symmetric form)
//! Accuracy   1e-14 relative, less by (a / (b + c))^2 units near the axis of thin bars; the density by quadrature to 1e-12
//! Edge cases for b = c = 0 it is a needle, which is refused; turn it by the component's `pattern_speed`
//! See also   `miyamoto_nagai`, `placement`, `profile`

use super::miyamoto_nagai::MiyamotoNagai;
use super::profile::{Allowed, Formulas, Kind, Parameter, Profile};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::quadrature::integrate;
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Debug)]
pub struct LongMuraliBar;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "long_murali_bar",
    description: "bar of Long and Murali",
    peers: "galpy SoftenedNeedleBarPotential, gala LongMuraliBarPotential, agama none",
    source: "Long & Murali 1992, ApJ 397, 44",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter { name: "a", unit: "kpc", default: None, allowed: Allowed::Positive, description: "half length, along x" },
        Parameter { name: "b", unit: "kpc", default: Some(0.0), allowed: Allowed::NotNegative, description: "width" },
        Parameter { name: "c", unit: "kpc", default: None, allowed: Allowed::Positive, description: "height" },
    ],
    spherical: false,
    axisymmetric: false,
    build: |_| Ok(Profile::LongMuraliBar(LongMuraliBar)),
};

/// Relative accuracy of the density.
const DENSITY_ACCURACY: f64 = 1e-12;

/// T+, T-, s, b + s and y^2 + (b + s)^2.
#[inline(always)]
fn distances<T: Real>(c: &[T], [x, y, z]: [T; 3]) -> [T; 5] {
    let s = (z * z + c[3]).sqrt();
    let height = c[2] + s;
    let across = y * y + height * height;
    [((x + c[1]).square() + across).sqrt(), ((x - c[1]).square() + across).sqrt(), s, height, across]
}

impl Formulas for LongMuraliBar {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0] * GRAVITY_KPC_KMS2_MSUN, parameters[1], parameters[2], parameters[3].square()]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        let [plus, minus, ..] = distances(c, p);
        let length = c[1] * 2.0;
        -(c[0] / length * (length * 2.0 / (plus + minus - length)).ln_1p())
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let [plus, minus, s, height, across] = distances(c, p);
        let sum = plus + minus;
        let pull = -(c[0] / (plus * minus * 2.0));
        let beside = pull * (sum - (p[0] * 2.0).square() / sum) / across;
        [p[0] * 4.0 * pull / sum, p[1] * beside, p[2] * beside * height / s]
    }

    fn density(&self, parameters: &[f64], [x, y, z]: [f64; 3]) -> f64 {
        let (a, disc) = (parameters[1], [parameters[0], parameters[2], parameters[3]]);
        let at = |centre: f64| MiyamotoNagai.density(&disc, [x - centre, y, z]);
        // The integrand peaks where the bar is nearest.
        let nearest = x.clamp(-a, a);
        (integrate(at, -a, nearest, DENSITY_ACCURACY) + integrate(at, nearest, a, DENSITY_ACCURACY)) / (2.0 * a)
    }
}
