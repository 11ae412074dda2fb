//! A fitted potential, or several of them at the times of their snapshots.
//!
//! Formula    Phi(t) = (1 - w) Phi_k + w Phi_(k + 1), w = (t - t_k) / (t_(k + 1) - t_k)
//! Units      kpc, (km/s)^2, times in kpc/(km/s)
//! Accuracy   exact at the times, linear between; the same bits for a star alone and among others
//! Edge cases before the first and after the last time the end model goes on
//! Refuses    times that do not ascend, no models
//! Cost       two models between times, whatever the number of times; compiled for each machine behind one call
//! See also   `model`, `orbits::field`

use std::cell::Cell;

use super::harmonics::Symmetry;
use super::model::Model;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::dispatch::Kernel;
use crate::numeric::lanes::LANES;
use crate::numeric::real::{Real, Tabulated};
use crate::orbits::field::Field;

/// Models in use at once: two for each of eight stars.
const MOST_AT_ONCE: usize = 2 * LANES;

/// A fitted potential, maybe changing in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion {
    times: Vec<f64>,
    models: Vec<Model>,
}

impl<M: Into<Model>> From<M> for Expansion {
    /// The same at all times.
    fn from(model: M) -> Expansion {
        Expansion { times: vec![0.0], models: vec![model.into()] }
    }
}

impl Expansion {
    /// Models at ascending times \[kpc/(km/s)\].
    pub fn series(times: Vec<f64>, models: Vec<Model>) -> Result<Expansion> {
        if times.is_empty() || times.len() != models.len() {
            return Err(Error::new(ErrorKind::Domain, "a series needs one time for each model").expected("one or more").found(format!(
                "{} times and {} models",
                times.len(),
                models.len()
            )));
        }
        if let Some(at) = times.iter().position(|t| !t.is_finite()) {
            return Err(Error::new(ErrorKind::Domain, "time of a series is not finite").at(format!("model {}", at + 1)));
        }
        if let Some(at) = times.windows(2).position(|w| w[0] >= w[1]) {
            return Err(Error::new(ErrorKind::Domain, "times of a series do not ascend").at(format!("model {}", at + 2)));
        }
        Ok(Expansion { times, models })
    }

    /// Times \[kpc/(km/s)\]; a single one means nothing.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Models in the order of their times.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// Whether time does not matter.
    pub fn is_static(&self) -> bool {
        self.models.len() == 1
    }

    /// The symmetry that all models have.
    pub fn symmetry(&self) -> Symmetry {
        let rank = |symmetry: Symmetry| match symmetry {
            Symmetry::Spherical => 0,
            Symmetry::Axisymmetric => 1,
            Symmetry::Triaxial => 2,
            Symmetry::None => 3,
        };
        self.models.iter().map(Model::symmetry).max_by_key(|s| rank(*s)).unwrap_or(Symmetry::None)
    }

    /// Potential \[(km/s)^2\] at `p` \[kpc\].
    #[inline(always)]
    pub fn potential<T: Real>(&self, time: T, p: [T; 3]) -> T {
        T::apart(Value { of: self, time, p })
    }

    /// Acceleration \[(km/s)^2/kpc\] at `p` \[kpc\].
    #[inline(always)]
    pub fn acceleration<T: Real>(&self, time: T, p: [T; 3]) -> [T; 3] {
        T::apart(Pull { of: self, time, p })
    }

    /// Density \[Msun/kpc^3\] at `p` \[kpc\].
    pub fn density(&self, time: f64, p: [f64; 3]) -> f64 {
        self.needed(time).models().map(|k| self.models.get(k).map_or(0.0, |m| m.density(p) * self.weight(k, time))).sum()
    }

    /// Models that count at `time`, in order.
    #[inline(always)]
    fn needed<T: Real>(&self, time: T) -> Needed {
        let mut needed = Needed { list: [0; MOST_AT_ONCE], count: 0 };
        if self.models.len() == 1 {
            needed.count = 1;
            return needed;
        }
        let found = Cell::new(needed);
        // What is picked does not matter: the numbers that are asked for are those of the lanes.
        let _ = T::pick(time.lookup(&Intervals(&self.times), 0), |interval| {
            let mut list = found.get();
            list.insert(interval);
            list.insert(interval + 1);
            found.set(list);
            T::constant(0.0)
        });
        found.get()
    }

    /// Weight of a model at `time`.
    #[inline(always)]
    fn weight<T: Real>(&self, k: usize, time: T) -> T {
        let (zero, one) = (T::constant(0.0), T::constant(1.0));
        let mut weight = one;
        if let [Some(before), Some(here)] = [k.checked_sub(1), Some(k)].map(|i| i.and_then(|i| self.times.get(i))) {
            weight = ((time - *before) / (here - before)).max(zero).min(one);
        }
        if let (Some(here), Some(after)) = (self.times.get(k), self.times.get(k + 1)) {
            weight = weight.min(((time - *after) / (here - after)).max(zero).min(one));
        }
        weight
    }
}

/// Numbers of models, ascending, each once.
#[derive(Clone, Copy)]
struct Needed {
    list: [usize; MOST_AT_ONCE],
    count: usize,
}

impl Needed {
    fn insert(&mut self, model: usize) {
        let at = self.models().take_while(|k| *k < model).count();
        if self.models().nth(at) == Some(model) || self.count == MOST_AT_ONCE {
            return;
        }
        self.list.copy_within(at..self.count, at + 1);
        self.list[at] = model;
        self.count += 1;
    }

    #[inline(always)]
    fn models(&self) -> impl Iterator<Item = usize> {
        self.list.into_iter().take(self.count)
    }
}

/// Number of the interval of times, from 0.
struct Intervals<'a>(&'a [f64]);

impl Tabulated for Intervals<'_> {
    fn derivative(&self, order: usize, x: f64) -> f64 {
        let most = self.0.len().saturating_sub(2);
        if order == 0 { self.0.partition_point(|t| *t <= x).saturating_sub(1).min(most) as f64 } else { 0.0 }
    }
}

struct Value<'a, T> {
    of: &'a Expansion,
    time: T,
    p: [T; 3],
}

impl<T: Real> Kernel for Value<'_, T> {
    type Answer = T;
    #[inline(always)]
    fn run(self) -> T {
        let mut sum = T::constant(0.0);
        for k in self.of.needed(self.time).models() {
            if let Some(model) = self.of.models.get(k) {
                sum += model.potential(self.p) * self.of.weight(k, self.time);
            }
        }
        sum
    }
}

struct Pull<'a, T> {
    of: &'a Expansion,
    time: T,
    p: [T; 3],
}

impl<T: Real> Kernel for Pull<'_, T> {
    type Answer = [T; 3];
    #[inline(always)]
    fn run(self) -> [T; 3] {
        let mut sum = [T::constant(0.0); 3];
        for k in self.of.needed(self.time).models() {
            if let Some(model) = self.of.models.get(k) {
                let weight = self.of.weight(k, self.time);
                let part = model.acceleration(self.p);
                for (total, part) in sum.iter_mut().zip(part) {
                    *total += part * weight;
                }
            }
        }
        sum
    }
}

impl<T: Real> Field<T> for Expansion {
    fn potential(&self, time: T, p: [T; 3]) -> T {
        Expansion::potential(self, time, p)
    }
    fn acceleration(&self, time: T, p: [T; 3]) -> [T; 3] {
        Expansion::acceleration(self, time, p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::GRAVITY_KPC_KMS2_MSUN;
    use crate::numeric::dual::Dual;
    use crate::numeric::lanes::Lanes;
    use crate::orbits::expansion::{Basis, SelfConsistentField};

    fn hernquist(mass: f64) -> Model {
        let basis = Basis { scale_kpc: 2.0, radial: 1, degree: 0, order: 0, symmetry: Symmetry::Spherical };
        SelfConsistentField::new(basis, vec![mass]).unwrap().into()
    }

    #[test]
    fn between_times_it_is_linear_and_outside_it_stays() {
        let series = Expansion::series(vec![-2.0, -1.0, 1.5], vec![hernquist(1e10), hernquist(3e10), hernquist(2e10)]).unwrap();
        let p = [1.0, 2.0, 2.0];
        let one = -GRAVITY_KPC_KMS2_MSUN * 1e10 / 5.0;
        let cases = [(-9.0, 1.0), (-2.0, 1.0), (-1.5, 2.0), (-1.0, 3.0), (0.25, 2.5), (1.5, 2.0), (7.0, 2.0)];
        for (time, factor) in cases {
            let phi: f64 = series.potential(time, p);
            assert!((phi / (one * factor) - 1.0).abs() < 1e-12, "{time}: {} {factor}", phi / one);
            assert!((series.density(time, p) / hernquist(factor * 1e10).density(p) - 1.0).abs() < 1e-12, "{time}");
        }
        // Stars at different times at once have the bits of each alone.
        let times = Lanes([-9.0, -2.0, -1.5, -1.0, 0.25, 1.5, 7.0, -1.7]);
        let all = series.acceleration(times, p.map(Lanes::constant));
        for i in 0..LANES {
            let alone = series.acceleration(times.0[i], p);
            assert_eq!(all.map(|a| a.0[i].to_bits()), alone.map(f64::to_bits), "{i}");
        }
        // By time, the slope of the straight line.
        let slope = series.potential(Dual::<f64, 1>::variable(0.3, 0), p.map(Dual::fixed)).tangent[0];
        assert!((slope / (one * -0.4) - 1.0).abs() < 1e-12, "{slope}");
        assert!(!series.is_static() && Expansion::from(hernquist(1.0)).is_static());
    }

    #[test]
    fn times_must_ascend() {
        let two = || vec![hernquist(1.0), hernquist(1.0)];
        assert!(Expansion::series(vec![1.0, 1.0], two()).unwrap_err().to_string().contains("model 2"));
        assert!(Expansion::series(vec![1.0, f64::NAN], two()).is_err());
        assert!(Expansion::series(vec![1.0], two()).is_err() && Expansion::series(vec![], vec![]).is_err());
    }
}
