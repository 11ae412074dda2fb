//! How far a fitted potential is from the sum over particles.
//!
//! Formula    a = -G sum m d / (d^2 + eps^2)^(3/2) over the particles; error |a_fit - a| / |a| at each point
//! Units      kpc, Msun, km/s
//! Accuracy   particles are summed in lanes of eight, in order: the same bits for any number of threads
//! Edge cases points where the direct sum is 0 or not finite are left out and counted
//! Cost       2 ns a particle and point on one core; a sample of both is enough
//! See also   `direct` for sums over a stream of particles

use rayon::prelude::*;

use super::accumulate::Particles;
use super::series::Expansion;
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::dispatch::{Kernel, fastest};
use crate::numeric::lanes::{LANES, Lanes};
use crate::numeric::real::{Real, dot};

/// Direct summation over particles.
#[derive(Clone, Copy, Debug)]
pub struct Direct<'a> {
    /// The particles.
    pub particles: Particles<'a>,
    /// Plummer softening eps \[kpc\].
    pub softening_kpc: f64,
}

/// Relative errors of the acceleration.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorReport {
    /// Points that were compared.
    pub points: usize,
    /// Points without a direct value to compare with.
    pub left_out: usize,
    /// Half of the points are better.
    pub median: f64,
    /// 9 of 10 points are better.
    pub p90: f64,
    /// 99 of 100 points are better.
    pub p99: f64,
    /// The worst.
    pub max: f64,
}

impl ErrorReport {
    /// Errors of `found` against `exact` accelerations, point by point. `Domain` error where there is nothing to compare.
    pub fn of(found: &[[f64; 3]], exact: &[[f64; 3]]) -> Result<ErrorReport> {
        let error = |(found, exact): (&[f64; 3], &[f64; 3])| {
            let off: [f64; 3] = std::array::from_fn(|i| found[i] - exact[i]);
            Some((dot(off, off) / dot(*exact, *exact)).sqrt()).filter(|error| error.is_finite())
        };
        let mut sorted: Vec<f64> = found.iter().zip(exact).filter_map(error).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1))).copied();
        match (at(0.5), at(0.9), at(0.99), sorted.last()) {
            (Some(median), Some(p90), Some(p99), Some(max)) => {
                Ok(ErrorReport { points: sorted.len(), left_out: found.len() - sorted.len(), median, p90, p99, max: *max })
            }
            _ => Err(Error::new(ErrorKind::Domain, "no point to compare a potential at").found(format!("{} points", found.len()))),
        }
    }
}

impl Direct<'_> {
    /// Acceleration \[(km/s)^2/kpc\] at `p` \[kpc\].
    pub fn acceleration(&self, p: [f64; 3]) -> [f64; 3] {
        fastest(Pull { of: self, p })
    }
}

struct Pull<'a> {
    of: &'a Direct<'a>,
    p: [f64; 3],
}

/// Keeps a particle at the point itself from dividing by 0 \[kpc^2\]: its pull is 0.
pub(super) const TINY_KPC2: f64 = 1e-60;

impl Kernel for Pull<'_> {
    type Answer = [f64; 3];
    #[inline(always)]
    fn run(self) -> [f64; 3] {
        let Particles { x, y, z, mass } = self.of.particles;
        let p = self.p.map(Lanes::constant);
        let soft = self.of.softening_kpc * self.of.softening_kpc + TINY_KPC2;
        let mut sum = [Lanes::constant(0.0); 3];
        for (((x, y), z), mass) in x.chunks(LANES).zip(y.chunks(LANES)).zip(z.chunks(LANES)).zip(mass.chunks(LANES)) {
            let lanes = |column: &[f64]| {
                let mut out = [0.0; LANES];
                out[..column.len()].copy_from_slice(column);
                Lanes(out)
            };
            let d = [lanes(x) - p[0], lanes(y) - p[1], lanes(z) - p[2]];
            let square = dot(d, d) + soft;
            let pull = lanes(mass) / (square * square.sqrt());
            for (total, d) in sum.iter_mut().zip(d) {
                *total += d * pull;
            }
        }
        sum.map(|lanes| lanes.0.iter().sum::<f64>() * GRAVITY_KPC_KMS2_MSUN)
    }
}

impl Expansion {
    /// Errors at `points` \[kpc\] at `time` \[kpc/(km/s)\]. `Domain` error where there is nothing to compare.
    pub fn error_against_direct(&self, time: f64, direct: &Direct, points: &[[f64; 3]]) -> Result<ErrorReport> {
        let pairs = points.par_iter().map(|p| (self.acceleration(time, *p), direct.acceleration(*p)));
        let (found, exact): (Vec<[f64; 3]>, Vec<[f64; 3]>) = pairs.unzip();
        ErrorReport::of(&found, &exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::expansion::{Basis, SelfConsistentField, Symmetry};

    #[test]
    fn a_direct_sum_and_the_report() {
        // Four unequal masses by hand.
        let (x, y, z, m) = ([1.0, 0.0, 0.0, 2.0], [0.0, 2.0, 0.0, 2.0], [0.0, 0.0, -1.0, 1.0], [1.0, 2.0, 3.0, 4.0]);
        let direct = Direct { particles: Particles::new(&x, &y, &z, &m).unwrap(), softening_kpc: 0.5 };
        let p = [0.1, 0.2, 0.3];
        let mut expected = [0.0; 3];
        for k in 0..4 {
            let d = [x[k] - p[0], y[k] - p[1], z[k] - p[2]];
            let s = (dot(d, d) + 0.25).powf(-1.5) * m[k] * GRAVITY_KPC_KMS2_MSUN;
            (0..3).for_each(|i| expected[i] += d[i] * s);
        }
        let found = direct.acceleration(p);
        assert!((0..3).all(|i| (found[i] / expected[i] - 1.0).abs() < 1e-13), "{found:?} {expected:?}");
        // A point mass as "expansion" of a small Hernquist sphere: at distance r the force is r^2 / (r + a)^2 of it.
        let basis = Basis { scale_kpc: 0.01, radial: 1, degree: 0, order: 0, symmetry: Symmetry::Spherical };
        let small = Expansion::from(SelfConsistentField::new(basis, vec![5.0]).unwrap());
        let one = Direct { particles: Particles::new(&[0.0], &[0.0], &[0.0], &[5.0]).unwrap(), softening_kpc: 0.0 };
        let points = [[1.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.01, 0.0], [0.0; 3]];
        let report = small.error_against_direct(0.0, &one, &points).unwrap();
        assert_eq!((report.points, report.left_out), (3, 1));
        assert!((report.max - 0.75).abs() < 1e-9 && (report.median - (1.0 - 1.01f64.powi(-2))).abs() < 1e-9, "{report:?}");
        assert!(small.error_against_direct(0.0, &one, &[]).is_err());
    }
}
