//! The spheroid of Kuzmin and Kutuzov, of Staeckel's form, so that its actions are exact one-dimensional integrals.
//!
//! Formula    Phi = -G M / (sqrt(lambda) + sqrt(nu)) = -G M / sqrt(R^2 + z^2 + a^2 + c^2 + 2 q), q = sqrt(lambda nu) =
//!            sqrt(a^2 c^2 + c^2 R^2 + a^2 z^2)
//!            rho = M c^2 / (4 pi) [lambda nu + a^2 (lambda + 3 q + nu)] / [q^3 (sqrt(lambda) + sqrt(nu))^3]
//! Units      M in Msun, a and c in kpc; the foci lie at |z| = sqrt(a^2 - c^2)
//! Source     Dejonghe & de Zeeuw 1988, ApJ 333, 90, eqs. 1, 6 and 9 (the roots lambda and nu eliminated)
//! Accuracy   a few units in the last place
//! Edge cases a = c is the isochrone sphere; c = 0 is Kuzmin's disc, for which see `kuzmin`
//! See also   `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Debug)]
pub struct KuzminKutuzov;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "kuzmin_kutuzov",
    description: "flattened galaxy of Staeckel's form, with exact actions",
    peers: "galpy KuzminKutuzovStaeckelPotential (ac = a/c, Delta = sqrt(a^2 - c^2)), agama none",
    source: "Dejonghe & de Zeeuw 1988, ApJ 333, 90",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter { name: "a", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radial scale" },
        Parameter { name: "c", unit: "kpc", default: None, allowed: Allowed::Positive, description: "vertical scale" },
    ],
    spherical: false,
    axisymmetric: true,
    build: |_| Ok(Profile::KuzminKutuzov(KuzminKutuzov)),
};

impl Formulas for KuzminKutuzov {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0] * GRAVITY_KPC_KMS2_MSUN, parameters[1].square(), parameters[2].square()]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> T {
        let (r2, z2) = (x * x + y * y, z * z);
        let q = (c[2] * (c[1] + r2) + c[1] * z2).sqrt();
        -(c[0] / (r2 + z2 + c[1] + c[2] + q * 2.0).sqrt())
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> [T; 3] {
        let (r2, z2) = (x * x + y * y, z * z);
        let q = (c[2] * (c[1] + r2) + c[1] * z2).sqrt();
        let s2 = r2 + z2 + c[1] + c[2] + q * 2.0;
        let pull = -(c[0] / (s2 * s2.sqrt()));
        let (radial, vertical) = (pull * (c[2] / q + 1.0), pull * (c[1] / q + 1.0));
        [x * radial, y * radial, z * vertical]
    }

    fn density(&self, parameters: &[f64], [x, y, z]: [f64; 3]) -> f64 {
        let (a2, c2) = (parameters[1].powi(2), parameters[2].powi(2));
        let (r2, z2) = (x * x + y * y, z * z);
        let q = (c2 * (a2 + r2) + a2 * z2).sqrt();
        let sum = r2 + z2 + a2 + c2;
        parameters[0] * c2 / (4.0 * PI) * (q * q + a2 * (sum + 3.0 * q)) / (q.powi(3) * (sum + 2.0 * q).powf(1.5))
    }
}
