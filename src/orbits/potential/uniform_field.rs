//! A field that is the same everywhere: the inertial force in a frame that is accelerated.
//!
//! Formula    Phi = -(a_x x + a_y y + a_z z); its strength in time is that of the component's amplitude
//! Units      a in km**2/s**2/kpc
//! Source     Binney & Tremaine 2008, eq. 3.116 (the first term); used as in Erkal et al. 2019, MNRAS 487, 2685 for the Milky Way's reflex
//! Accuracy   exact
//! Edge cases far out the potential is not zero
//! See also   `placement::Amplitude`, `composite::Potential::with_reflex`

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile};
use crate::numeric::real::{Real, dot};

/// The profile.
#[derive(Clone, Debug)]
pub struct UniformField;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "uniform_field",
    description: "acceleration that is the same everywhere, such as that of a frame",
    peers: "galpy NonInertialFrameForce(a0), agama UniformAcceleration",
    source: "Binney & Tremaine 2008, eq. 3.116",
    parameters: &[
        Parameter { name: "x", unit: "km**2/s**2/kpc", default: Some(0.0), allowed: Allowed::Any, description: "acceleration along x" },
        Parameter { name: "y", unit: "km**2/s**2/kpc", default: Some(0.0), allowed: Allowed::Any, description: "acceleration along y" },
        Parameter { name: "z", unit: "km**2/s**2/kpc", default: Some(0.0), allowed: Allowed::Any, description: "acceleration along z" },
    ],
    spherical: false,
    axisymmetric: false,
    build: |_| Ok(Profile::UniformField(UniformField)),
};

impl Formulas for UniformField {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        parameters.to_vec()
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        -dot([c[0], c[1], c[2]], p)
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], _: [T; 3]) -> [T; 3] {
        [c[0], c[1], c[2]]
    }

    fn density(&self, _: &[f64], _: [f64; 3]) -> f64 {
        0.0
    }
}
