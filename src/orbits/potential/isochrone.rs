//! Henon's isochrone sphere, whose actions are closed formulas.
//!
//! Formula    Phi = -G M / (b + s), s = sqrt(b^2 + r^2); rho = M [3 (b + s) s^2 - r^2 (b + 3 s)] / (4 pi (b + s)^3 s^3)
//! Units      M in Msun, b in kpc
//! Source     Henon 1959, Annales d'Astrophysique 22, 126; Binney & Tremaine 2008, eqs. 2.47 to 2.49
//! Accuracy   a few units in the last place
//! See also   `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::{Real, dot};

/// The profile.
#[derive(Clone, Debug)]
pub struct Isochrone;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "isochrone",
    description: "Henon's sphere, in which radial periods depend on the energy alone",
    peers: "galpy IsochronePotential, gala IsochronePotential, agama Isochrone",
    source: "Henon 1959, Annales d'Astrophysique 22, 126",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radius b of the core" },
    ],
    spherical: true,
    axisymmetric: true,
    build: |_| Ok(Profile::Isochrone(Isochrone)),
};

impl Formulas for Isochrone {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0] * GRAVITY_KPC_KMS2_MSUN, parameters[1], parameters[1].square()]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        -(c[0] / (c[1] + (dot(p, p) + c[2]).sqrt()))
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let s = (dot(p, p) + c[2]).sqrt();
        let outer = c[1] + s;
        let pull = -(c[0] / (outer * outer * s));
        p.map(|x| x * pull)
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let (r2, b) = (dot(p, p), parameters[1]);
        let s = (b * b + r2).sqrt();
        // 3 (b + s) s^2 - r^2 (b + 3 s) with r^2 = (s - b)(s + b), so that nothing cancels far out.
        parameters[0] * b * (2.0 * s * s + 3.0 * b * s + b * b) / (4.0 * PI * (b + s).powi(3) * s.powi(3))
    }
}
