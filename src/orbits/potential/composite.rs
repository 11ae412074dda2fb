//! A potential: the sum of its components.
//!
//! Layout     parameters of all components one after the other, in order: what gradients are taken by
//! Units      kpc, (km/s)^2, (km/s)^2/kpc; times in kpc/(km/s), counted from today
//! Cost       the sum of the costs of the components
//! See also   `component`

use super::component::Component;
use super::placement::{Amplitude, Placement, Track};
use crate::error::Result;
use crate::numeric::dispatch::Kernel;
use crate::numeric::real::Real;

/// A sum of components.
#[derive(Clone, Debug, Default)]
pub struct Potential {
    /// Components in order.
    pub components: Vec<Component>,
}

/// Constants of the components for one kind of number.
#[derive(Clone, Debug)]
pub struct Prepared<T> {
    constants: Vec<Vec<T>>,
}

/// The sum at a place: code of its own for each kind of number, for methods have it in dozens of places.
struct PotentialAt<'a, T> {
    components: &'a [Component],
    prepared: &'a Prepared<T>,
    time: T,
    p: [T; 3],
}

/// The same for the acceleration.
struct AccelerationAt<'a, T> {
    components: &'a [Component],
    prepared: &'a Prepared<T>,
    time: T,
    p: [T; 3],
}

impl<T: Real> Kernel for PotentialAt<'_, T> {
    type Answer = T;
    #[inline(always)]
    fn run(self) -> T {
        let mut sum = T::constant(0.0);
        for (component, constants) in self.components.iter().zip(&self.prepared.constants) {
            sum += component.potential(constants, self.time, self.p);
        }
        sum
    }
}

impl<T: Real> Kernel for AccelerationAt<'_, T> {
    type Answer = [T; 3];
    #[inline(always)]
    fn run(self) -> [T; 3] {
        let mut sum = [T::constant(0.0); 3];
        for (component, constants) in self.components.iter().zip(&self.prepared.constants) {
            let part = component.acceleration(constants, self.time, self.p);
            for (total, part) in sum.iter_mut().zip(part) {
                *total += part;
            }
        }
        sum
    }
}

impl Potential {
    /// The sum with the inertial force of a frame whose origin is accelerated by the negative of `acceleration` \[(km/s)^2/kpc\] at
    /// `times` \[kpc/(km/s)\]: one amplitude table for each axis; outside the times the end values go on.
    pub fn with_reflex(mut self, times: &[f64], acceleration: &[[f64; 3]]) -> Result<Potential> {
        for (axis, name) in ["reflex_x", "reflex_y", "reflex_z"].into_iter().enumerate() {
            let track = Track::new(times.to_vec(), acceleration.iter().map(|a| a[axis]).collect(), None, true)?;
            let unit = std::array::from_fn::<f64, 3, _>(|i| if i == axis { 1.0 } else { 0.0 });
            let placement = Placement { amplitude: Amplitude::Table(track), ..Placement::default() };
            self.components.push(Component::new(name, "uniform_field", &unit)?.placed(placement)?);
        }
        Ok(self)
    }

    /// Parameters of all components.
    pub fn parameters(&self) -> Vec<f64> {
        self.components.iter().flat_map(|c| c.parameters().to_vec()).collect()
    }

    /// Names of [`Potential::parameters`]: `halo.mass`.
    pub fn parameter_names(&self) -> Vec<String> {
        let names = |c: &Component| c.kind.parameters.iter().map(|p| format!("{}.{}", c.name, p.name)).collect::<Vec<_>>();
        self.components.iter().flat_map(names).collect()
    }

    /// Constants of the parameters as they are.
    pub fn prepare<T: Real>(&self) -> Prepared<T> {
        self.prepare_with(&self.parameters().into_iter().map(T::constant).collect::<Vec<T>>())
    }

    /// Constants of other values of the parameters: one for each of [`Potential::parameters`].
    pub fn prepare_with<T: Real>(&self, parameters: &[T]) -> Prepared<T> {
        let mut rest = parameters;
        let mut constants = Vec::with_capacity(self.components.len());
        for component in &self.components {
            let (own, others) = rest.split_at(component.parameters().len().min(rest.len()));
            constants.push(component.constants(own));
            rest = others;
        }
        Prepared { constants }
    }

    /// Potential \[(km/s)^2\] at `p` \[kpc\].
    #[inline(always)]
    pub fn potential<T: Real>(&self, prepared: &Prepared<T>, time: T, p: [T; 3]) -> T {
        T::apart(PotentialAt { components: &self.components, prepared, time, p })
    }

    /// Acceleration \[(km/s)^2/kpc\] at `p` \[kpc\].
    #[inline(always)]
    pub fn acceleration<T: Real>(&self, prepared: &Prepared<T>, time: T, p: [T; 3]) -> [T; 3] {
        T::apart(AccelerationAt { components: &self.components, prepared, time, p })
    }

    /// Density \[Msun/kpc^3\] at `p` \[kpc\].
    pub fn density(&self, p: [f64; 3]) -> f64 {
        self.components.iter().map(|c| c.density(p)).sum()
    }

    /// Whether only the distance from the centre matters.
    pub fn is_spherical(&self) -> bool {
        self.components.iter().all(Component::is_spherical)
    }

    /// Whether the azimuth about z does not matter.
    pub fn is_axisymmetric(&self) -> bool {
        self.components.iter().all(Component::is_axisymmetric)
    }

    /// Whether time does not matter.
    pub fn is_static(&self) -> bool {
        self.components.iter().all(Component::is_static)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halo_and_disc_of_the_milky_way_model() {
        // orbit_reference.json: nfw and miyamoto_nagai at (8, 0, 0) and (11.8, 0.79, 6.4).
        let halo = Component::new("halo", "nfw", &[436_833_250_000.0, 16.0]).unwrap();
        let disc = Component::new("disc", "miyamoto_nagai", &[68_193_902_782.346756, 3.0, 0.28]).unwrap();
        let one = |c: &Component| Potential { components: vec![c.clone()] };
        let (nfw, mn) = (one(&halo), one(&disc));
        let p = [8.0, 0.0, 0.0];
        assert!((nfw.potential(&nfw.prepare(), 0.0, p) / -95222.652935 - 1.0).abs() < 1e-10);
        assert!((mn.potential(&mn.prepare(), 0.0, p) / -33921.624 - 1.0).abs() < 1e-10);
        let q = [11.8, 0.79, 6.4];
        assert!((nfw.acceleration(&nfw.prepare(), 0.0, q)[2] / -758.344519 - 1.0).abs() < 1e-9);
        assert!((mn.acceleration(&mn.prepare(), 0.0, q)[2] / -798.787397 - 1.0).abs() < 1e-9);
        let both = Potential { components: vec![halo, disc] };
        assert_eq!(both.parameter_names(), ["halo.mass", "halo.scale", "disc.mass", "disc.a", "disc.b"]);
        assert!(!both.is_spherical() && both.is_axisymmetric());
    }
}
