//! The sum over particles at a few points, collected from a stream of them.
//!
//! Formula    a = -G sum m d / (d^2 + eps^2)^(3/2), with the softening eps of each particle
//! Units      kpc, Msun, (km/s)^2/kpc
//! Accuracy   sums are exact, so the bits do not depend on order, blocks or threads (tests)
//! Edge cases a particle at the point itself does not pull
//! Cost       3.6 ns a particle and point on one core; nothing but three sums a point is kept
//! See also   `accuracy`, `galaxy`

use super::accumulate::{Particles, Sums};
use super::accuracy::TINY_KPC2;
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, Result};
use crate::numeric::dispatch::{Kernel, fastest};
use crate::numeric::lanes::{LANES, Lanes};
use crate::numeric::real::{Real, dot};

/// Particles whose pulls are in memory at a time.
const RUN: usize = 512;

/// Sums of pulls.
#[derive(Clone, Debug)]
pub struct DirectSums {
    points: Vec<[f64; 3]>,
    /// By point, then axis.
    sums: Sums,
}

impl DirectSums {
    /// Nothing summed yet at `points` \[kpc\].
    pub fn new(points: Vec<[f64; 3]>) -> Self {
        let sums = Sums::new(3 * points.len());
        DirectSums { points, sums }
    }

    /// Where the sums are \[kpc\].
    pub fn points(&self) -> &[[f64; 3]] {
        &self.points
    }

    /// Adds particles that are finite, with their softening \[kpc\].
    pub fn add(&mut self, particles: &Particles, softening_kpc: &[f64]) -> Result<()> {
        if softening_kpc.len() != particles.len() {
            return Err(Error::mismatch("one softening for each particle").expected(particles.len()).found(softening_kpc.len()));
        }
        let mut pulls = vec![[0.0; RUN]; 3];
        for from in (0..particles.len()).step_by(RUN) {
            let run = particles.part(from, RUN);
            let softening = softening_kpc.get(from..from + run.len()).unwrap_or_default();
            for (at, point) in self.points.iter().enumerate() {
                fastest(Pulls { run, softening, point: *point, pulls: &mut pulls });
                for (axis, values) in pulls.iter().enumerate() {
                    self.sums.add_slice(3 * at + axis, values.get(..run.len()).unwrap_or_default());
                }
            }
        }
        Ok(())
    }

    /// Adds other sums at the same points.
    pub fn merge(&mut self, other: &DirectSums) -> Result<()> {
        if self.points != other.points {
            return Err(Error::mismatch("direct sums at different points cannot be merged"));
        }
        self.sums.merge(&other.sums)
    }

    /// Accelerations \[(km/s)^2/kpc\].
    pub fn finish(&self) -> Vec<[f64; 3]> {
        self.sums.values().chunks(3).map(|a| std::array::from_fn(|i| a.get(i).copied().unwrap_or(f64::NAN))).collect()
    }
}

/// Pulls of one run of particles on one point.
struct Pulls<'a> {
    run: Particles<'a>,
    softening: &'a [f64],
    point: [f64; 3],
    pulls: &'a mut [[f64; RUN]],
}

impl Kernel for Pulls<'_> {
    type Answer = ();
    #[inline(always)]
    fn run(self) {
        let p = self.point.map(Lanes::constant);
        for from in (0..self.run.len()).step_by(LANES) {
            let lanes = |column: &[f64]| {
                let mut out = [0.0; LANES];
                for (slot, value) in out.iter_mut().zip(column.get(from..).unwrap_or_default()) {
                    *slot = *value;
                }
                Lanes(out)
            };
            let d = [lanes(self.run.x) - p[0], lanes(self.run.y) - p[1], lanes(self.run.z) - p[2]];
            let softening = lanes(self.softening);
            let square = dot(d, d) + softening * softening + TINY_KPC2;
            let pull = lanes(self.run.mass) * GRAVITY_KPC_KMS2_MSUN / (square * square.sqrt());
            for (values, d) in self.pulls.iter_mut().zip(d) {
                if let Some(slots) = values.get_mut(from..from + LANES) {
                    slots.copy_from_slice(&(d * pull).0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::random::Stream;
    use crate::orbits::expansion::Direct;

    #[test]
    fn it_is_the_direct_sum_in_any_order() {
        let mut stream = Stream::new(3, 0, 0);
        let mut column = |scale: f64| (0..1300).map(|_| scale * stream.normal()).collect::<Vec<f64>>();
        let (x, y, z) = (column(3.0), column(3.0), column(0.3));
        let (mass, softening) = (column(1.0).iter().map(|m| m.abs() * 1e6).collect::<Vec<_>>(), vec![0.05; 1300]);
        let points = vec![[1.0, 2.0, 0.1], [x[7], y[7], z[7]], [30.0, 0.0, -4.0]];
        let particles = Particles::new(&x, &y, &z, &mass).unwrap();
        let mut whole = DirectSums::new(points.clone());
        whole.add(&particles, &softening).unwrap();
        let direct = Direct { particles, softening_kpc: 0.05 };
        for (found, point) in whole.finish().iter().zip(&points) {
            let exact = direct.acceleration(*point);
            assert!((0..3).all(|i| (found[i] / exact[i] - 1.0).abs() < 1e-11), "{found:?} {exact:?}");
        }
        let mut parts = [DirectSums::new(points.clone()), DirectSums::new(points.clone())];
        parts[1].add(&particles.part(0, 601), &softening[..601]).unwrap();
        parts[0].add(&particles.part(601, 1300), &softening[601..]).unwrap();
        let [mut first, second] = parts;
        first.merge(&second).unwrap();
        assert_eq!(first.finish(), whole.finish());
        assert!(first.merge(&DirectSums::new(vec![])).is_err() && first.add(&particles, &[]).is_err());
    }
}
