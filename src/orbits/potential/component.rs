//! One profile with its parameters and its place.
//!
//! Units      those of the parameters of the kind
//! Cost       a component at the origin that does not move costs its profile alone
//! See also   `profile`, `placement`, `composite`

use std::sync::Arc;

use super::expanded::Expanded;
use super::placement::Placement;
use super::profile::{Formulas, Kind, Profile, kind};
use crate::error::Result;
use crate::numeric::real::Real;
use crate::orbits::expansion::Expansion;

/// A profile in a potential.
#[derive(Clone, Debug)]
pub struct Component {
    /// Name in the potential.
    pub name: String,
    /// Which profile.
    pub kind: &'static Kind,
    profile: Profile,
    parameters: Vec<f64>,
    placement: Option<Box<Placement>>,
}

impl Component {
    /// The profile `kind_name` with these parameters, in the order of its kind.
    pub fn new(name: &str, kind_name: &str, parameters: &[f64]) -> Result<Component> {
        let kind = kind(kind_name)?;
        let profile = kind.profile(parameters).map_err(|e| if e.place().is_none() { e.at(format!("component `{name}`")) } else { e })?;
        Ok(Component { name: name.to_string(), kind, profile, parameters: parameters.to_vec(), placement: None })
    }

    /// A fitted potential; `file` is what holds it, as the text of a potential names it, or none where that text does itself.
    pub fn expansion(name: &str, file: Option<&str>, expansion: Arc<Expansion>) -> Result<Component> {
        let expanded = Expanded { expansion, file: file.map(str::to_string) };
        let (kind, name, parameters) = (expanded.kind()?, name.to_string(), Vec::new());
        Ok(Component { name, kind, profile: Profile::Expanded(expanded), parameters, placement: None })
    }

    /// The file of a fitted potential.
    pub fn file(&self) -> Option<&str> {
        match &self.profile {
            Profile::Expanded(expanded) => expanded.file.as_deref(),
            _ => None,
        }
    }

    /// What was fitted.
    pub fn fitted(&self) -> Option<&Expansion> {
        match &self.profile {
            Profile::Expanded(expanded) => Some(&expanded.expansion),
            _ => None,
        }
    }

    /// The same at another place; `Domain` error for a placement that makes no sense.
    pub fn placed(mut self, placement: Placement) -> Result<Component> {
        placement.check().map_err(|e| e.at(format!("component `{}`", self.name)))?;
        self.placement = (placement != Placement::default()).then(|| Box::new(placement));
        Ok(self)
    }

    /// Where it is; None for at rest at the origin.
    pub fn placement(&self) -> Option<&Placement> {
        self.placement.as_deref()
    }

    /// Its formulas.
    pub fn profile(&self) -> &Profile {
        &self.profile
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
    pub fn potential<T: Real>(&self, constants: &[T], time: T, p: [T; 3]) -> T {
        let placement = self.placement.as_deref();
        let value = self.profile.potential_at(constants, time, placement.map_or(p, |place| place.inward(time, p)));
        placement.map_or(value, |place| value * place.amplitude.value(time))
    }

    /// Acceleration \[(km/s)^2/kpc\].
    #[inline(always)]
    pub fn acceleration<T: Real>(&self, constants: &[T], time: T, p: [T; 3]) -> [T; 3] {
        let placement = self.placement.as_deref();
        let value = self.profile.acceleration_at(constants, time, placement.map_or(p, |place| place.inward(time, p)));
        placement.map_or(value, |place| place.outward(time, value))
    }

    /// Density \[Msun/kpc^3\] at time 0.
    pub fn density(&self, p: [f64; 3]) -> f64 {
        self.density_at(0.0, p)
    }

    /// Density \[Msun/kpc^3\].
    pub fn density_at(&self, time: f64, p: [f64; 3]) -> f64 {
        match &self.placement {
            None => self.profile.density_at(&self.parameters, time, p),
            Some(place) => self.profile.density_at(&self.parameters, time, place.inward(time, p)) * place.amplitude.value(time),
        }
    }

    /// Whether time does not matter.
    pub fn is_static(&self) -> bool {
        self.profile.is_static() && self.placement().is_none_or(Placement::is_static)
    }

    /// Whether only the distance from the origin matters.
    pub fn is_spherical(&self) -> bool {
        self.kind.spherical && self.placement().is_none_or(Placement::is_central)
    }

    /// Whether the azimuth about z does not matter.
    pub fn is_axisymmetric(&self) -> bool {
        let upright = |place: &Placement| place.is_central() && (place.orientation.is_none() || self.kind.spherical);
        self.kind.axisymmetric && self.placement().is_none_or(upright)
    }
}
