//! One profile with its parameters.
//!
//! Units      those of the parameters of the kind
//! See also   `profile`, `composite`

use super::profile::{Formulas, Kind, Profile, kind};
use crate::error::Result;
use crate::numeric::real::Real;

/// A profile in a potential.
#[derive(Clone, Debug)]
pub struct Component {
    /// Name in the potential.
    pub name: String,
    /// Which profile.
    pub kind: &'static Kind,
    profile: Profile,
    parameters: Vec<f64>,
}

impl Component {
    /// The profile `kind_name` with these parameters, in the order of its kind.
    pub fn new(name: &str, kind_name: &str, parameters: &[f64]) -> Result<Component> {
        let kind = kind(kind_name)?;
        let profile = kind.profile(parameters).map_err(|e| if e.place().is_none() { e.at(format!("component `{name}`")) } else { e })?;
        Ok(Component { name: name.to_string(), kind, profile, parameters: parameters.to_vec() })
    }

    /// Parameters in the order of the kind.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// Constants of other values of the parameters, in any kind of number.
    pub fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        self.profile.constants(parameters)
    }

    /// Potential \[(km/s)^2\].
    #[inline(always)]
    pub fn potential<T: Real>(&self, constants: &[T], _time: T, p: [T; 3]) -> T {
        self.profile.potential(constants, p)
    }

    /// Acceleration \[(km/s)^2/kpc\].
    #[inline(always)]
    pub fn acceleration<T: Real>(&self, constants: &[T], _time: T, p: [T; 3]) -> [T; 3] {
        self.profile.acceleration(constants, p)
    }

    /// Density \[Msun/kpc^3\].
    pub fn density(&self, p: [f64; 3]) -> f64 {
        self.profile.density(&self.parameters, p)
    }
}
