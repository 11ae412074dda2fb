//! The halo of Navarro, Frenk and White.
//!
//! Formula    Phi = -G m ln(1 + x) / r, x = r / r_s; rho = m / (4 pi r_s^3 x (1 + x)^2); M(<r) = m (ln(1 + x) - x / (1 + x))
//! Units      m = 4 pi rho_0 r_s^3 in Msun (the mass scale, not a virial mass), r_s in kpc
//! Source     Navarro, Frenk & White 1997, ApJ 490, 493, eq. 1; Lokas & Mamon 2001, MNRAS 321, 155, eq. 8
//! Accuracy   1e-15 relative in the potential; 1e-14 in the acceleration, by a series of (ln(1 + x) - x / (1 + x)) / x^2 below x = 0.1
//! Edge cases at r = 0 the potential is -G m / r_s and the acceleration 0 (its direction does not exist)
//! Cost       one root, one logarithm and three divisions a force; the series only where a star needs it
//! See also   `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, radius};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::{Real, dot};

/// The profile.
#[derive(Clone, Debug)]
pub struct Nfw;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "nfw",
    description: "dark halo of Navarro, Frenk and White",
    peers: "galpy NFWPotential, gala NFWPotential, agama Spheroid(gamma=1, beta=3)",
    source: "Navarro, Frenk & White 1997, ApJ 490, 493",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "mass scale 4 pi rho_0 r_s^3" },
        Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radius r_s" },
    ],
    spherical: true,
    axisymmetric: true,
    build: |_| Ok(Profile::Nfw(Nfw)),
};

/// Below this x the enclosed mass would cancel.
const SERIES_BELOW: f64 = 0.1;
/// Terms of the series of the enclosed mass: 0.1^14 is below the last place.
const SERIES_TERMS: u32 = 15;

impl Formulas for Nfw {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        let inverse = parameters[1].recip();
        vec![parameters[0] * GRAVITY_KPC_KMS2_MSUN * inverse, inverse, inverse * inverse]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        let x = radius(p) * c[1];
        -(c[0] * x.ln_1p() / x)
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let x = radius(p) * c[1];
        let small = x.less(T::constant(SERIES_BELOW));
        let (mut near, mut far) = (x, x);
        if T::some(small) {
            // m(x)/x^2 = 1/2 - 2x/3 + 3x^2/4 - ...
            let mut series = T::constant(0.0);
            for n in (1..=SERIES_TERMS).rev() {
                let n = f64::from(n);
                series = T::constant(n / (n + 1.0)) - series * x;
            }
            near = series / x;
        }
        if !T::every(small) {
            // The same rounded 1 + x in both terms, so that its rounding does not show.
            let y = x + 1.0;
            far = (y.ln() - (y - 1.0) / y) / (x * x * x);
        }
        let pull = -(c[0] * c[2] * T::choose(small, near, far));
        [p[0] * pull, p[1] * pull, p[2] * pull]
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let x = dot(p, p).sqrt() / parameters[1];
        parameters[0] / (4.0 * PI * parameters[1].powi(3) * x * (1.0 + x).powi(2))
    }
}
