//! The disc of Miyamoto and Nagai.
//!
//! Formula    Phi = -G M / sqrt(R^2 + (a + s)^2), s = sqrt(z^2 + b^2)
//!            rho = b^2 M / (4 pi) [a R^2 + (a + 3 s)(a + s)^2] / {[R^2 + (a + s)^2]^(5/2) s^3}
//! Units      M in Msun, a and b in kpc
//! Source     Miyamoto & Nagai 1975, PASJ 27, 533; Binney & Tremaine 2008, eq. 2.69
//! Accuracy   a few units in the last place
//! Edge cases a = 0 is Plummer's sphere; b = 0 is Kuzmin's disc, for which see `kuzmin`
//! See also   `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Debug)]
pub struct MiyamotoNagai;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "miyamoto_nagai",
    description: "thick disc of Miyamoto and Nagai",
    peers: "galpy MiyamotoNagaiPotential, gala MiyamotoNagaiPotential, agama MiyamotoNagai",
    source: "Miyamoto & Nagai 1975, PASJ 27, 533",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter { name: "a", unit: "kpc", default: None, allowed: Allowed::NotNegative, description: "radial scale" },
        Parameter { name: "b", unit: "kpc", default: None, allowed: Allowed::Positive, description: "vertical scale" },
    ],
    spherical: false,
    axisymmetric: true,
    build: |_| Ok(Profile::MiyamotoNagai(MiyamotoNagai)),
};

impl Formulas for MiyamotoNagai {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0] * GRAVITY_KPC_KMS2_MSUN, parameters[1], parameters[2].square()]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> T {
        let height = c[1] + (z * z + c[2]).sqrt();
        -(c[0] / (x * x + y * y + height * height).sqrt())
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> [T; 3] {
        let s = (z * z + c[2]).sqrt();
        let height = c[1] + s;
        let d2 = x * x + y * y + height * height;
        let pull = -(c[0] / (d2 * d2.sqrt()));
        [x * pull, y * pull, z * pull * height / s]
    }

    fn density(&self, parameters: &[f64], [x, y, z]: [f64; 3]) -> f64 {
        let (mass, a, b2) = (parameters[0], parameters[1], parameters[2] * parameters[2]);
        let s = (z * z + b2).sqrt();
        let height = (a + s) * (a + s);
        let (r2, d2) = (x * x + y * y, x * x + y * y + height);
        b2 * mass / (4.0 * PI) * (a * r2 + (a + 3.0 * s) * height) / (d2.powf(2.5) * s.powi(3))
    }
}
