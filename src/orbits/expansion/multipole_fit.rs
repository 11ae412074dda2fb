//! A multipole from particles in one pass, or from a density.
//!
//! Formula    in shell k, between knots k - 1 and k: A = sum m (r / r_k)^l Y and B = sum m (r_(k-1) / r)^(l + 1) Y; inner and outer sums at
//!            the knots follow by recurrence
//! Layout     one exact sum for each shell, term and kind; particles are sorted by shell 8192 at a time, harmonics eight at a time
//! Units      kpc, Msun
//! Accuracy   sums are exact, so the bits do not depend on order, blocks or threads (tests)
//! Edge cases particles that are not finite are left out and counted; one at the centre counts as mass alone
//! Refuses    columns of unequal length; a fit without mass
//! Cost       see the test `timing`; memory (knots + 1) x terms x 2 sums of about 100 bytes
//! See also   `multipole`

use rayon::prelude::*;

use super::accumulate::{Particles, Sums};
use super::harmonics::{Harmonics, Symmetry, Visit};
use super::multipole::{Multipole, MultipoleGrid};
use super::shape::Shape;
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::dispatch::{Kernel, fastest};
use crate::numeric::lanes::{LANES, Lanes};
use crate::numeric::quadrature::gauss_legendre;
use crate::numeric::real::{Real, dot};

/// Particles that are sorted at a time.
const BLOCK: usize = 8192;
/// Particles whose terms are in memory at a time.
const RUN: usize = 512;
/// Powers of the density that continuations may have.
const STEEPEST: f64 = -8.0;
const INNER_LEAST: f64 = -2.5;
const OUTER_GREATEST: f64 = -2.05;
/// Nodes of integrals over a shell of a density, and shells beyond the grid on either side, in factors of e.
const SHELL_NODES: usize = 8;
const FOLDS_BEYOND: f64 = 18.0;

/// Sums over particles.
#[derive(Clone, Debug)]
pub struct MultipoleFit {
    grid: MultipoleGrid,
    harmonics: Harmonics,
    /// By shell, term, and inner or outer.
    sums: Sums,
    edges: Vec<f64>,
    skipped: u64,
}

impl MultipoleFit {
    /// Nothing summed yet. The grid is chosen before: by hand, or by [`MultipoleGrid::from_sample`].
    pub fn new(grid: MultipoleGrid) -> Result<MultipoleFit> {
        grid.check()?;
        let harmonics = Harmonics::new(grid.symmetry, grid.degree, grid.order)?;
        let edges = (0..grid.knots).map(|k| grid.radius(k)).collect();
        let sums = Sums::new((grid.knots + 1) * harmonics.terms().len() * 2);
        Ok(MultipoleFit { grid, harmonics, sums, edges, skipped: 0 })
    }

    /// Particles that were left out because a number was not finite.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Adds particles \[kpc, Msun\].
    pub fn add(&mut self, x: &[f64], y: &[f64], z: &[f64], mass: &[f64]) -> Result<()> {
        let particles = Particles::new(x, y, z, mass)?;
        let mut from = 0;
        while from < particles.len() {
            let block = particles.part(from, BLOCK);
            self.add_block(&block);
            from += BLOCK;
        }
        Ok(())
    }

    fn add_block(&mut self, block: &Particles) {
        let mut shells: Vec<Vec<usize>> = vec![Vec::new(); self.edges.len() + 1];
        for i in 0..block.len() {
            let (p, mass) = block.one(i);
            let radius = dot(p, p).sqrt();
            if !(radius.is_finite() && mass.is_finite()) {
                self.skipped += 1;
                continue;
            }
            shells[self.edges.partition_point(|edge| *edge <= radius)].push(i);
        }
        let terms = self.harmonics.terms().len();
        let mut buffer = vec![0.0; 2 * terms * RUN];
        for (shell, members) in shells.iter().enumerate() {
            for run in members.chunks(RUN) {
                let ends = (shell.checked_sub(1).and_then(|k| self.edges.get(k)), self.edges.get(shell));
                fastest(Run { harmonics: &self.harmonics, block, run, ends: (ends.0.copied(), ends.1.copied()), buffer: &mut buffer });
                for (at, values) in buffer.chunks(RUN).enumerate() {
                    if if at < terms { ends.1.is_some() } else { ends.0.is_some() } {
                        self.sums.add_slice(shell * 2 * terms + at, &values[..run.len()]);
                    }
                }
            }
        }
    }

    /// Adds another fit on the same grid.
    pub fn merge(&mut self, other: &MultipoleFit) -> Result<()> {
        if self.grid != other.grid {
            return Err(Error::mismatch("fits on different grids cannot be merged"));
        }
        self.skipped += other.skipped;
        self.sums.merge(&other.sums)
    }

    /// Bytes of the sums.
    pub fn size_bytes(&self) -> usize {
        self.sums.size_bytes()
    }

    /// The potential.
    pub fn finish(&self) -> Result<Multipole> {
        assemble(&self.grid, &self.harmonics, &self.sums.values())
    }

    /// All of it on all threads.
    pub fn of_particles(grid: &MultipoleGrid, x: &[f64], y: &[f64], z: &[f64], mass: &[f64]) -> Result<MultipoleFit> {
        let particles = Particles::new(x, y, z, mass)?;
        let starts: Vec<usize> = (0..particles.len()).step_by(32 * BLOCK).collect();
        let parts = starts.into_par_iter().map(|from| {
            let mut fit = MultipoleFit::new(grid.clone())?;
            let part = particles.part(from, 32 * BLOCK);
            fit.add(part.x, part.y, part.z, part.mass)?;
            Ok(fit)
        });
        let empty = || MultipoleFit::new(grid.clone());
        parts.try_reduce_with(|mut a, b| a.merge(&b).map(|()| a)).unwrap_or_else(empty)
    }
}

/// Terms of the members of one shell, terms one after the other, inner ones first.
struct Run<'a> {
    harmonics: &'a Harmonics,
    block: &'a Particles<'a>,
    run: &'a [usize],
    ends: (Option<f64>, Option<f64>),
    buffer: &'a mut [f64],
}

impl Kernel for Run<'_> {
    type Answer = ();
    #[inline(always)]
    fn run(self) {
        let terms = self.harmonics.terms().len();
        for (eight, members) in self.run.chunks(LANES).enumerate() {
            let lane = |column: &[f64]| Lanes(std::array::from_fn(|i| members.get(i).and_then(|m| column.get(*m)).copied().unwrap_or(0.0)));
            let p = [lane(self.block.x), lane(self.block.y), lane(self.block.z)];
            let mass = lane(self.block.mass);
            let radius = dot(p, p).sqrt();
            let inverse = radius.max(Lanes::constant(f64::MIN_POSITIVE)).recip();
            let n = p.map(|x| x * inverse);
            let inner = self.ends.1.map(|edge| radius / edge);
            let outer = self.ends.0.map(|edge| inverse * edge);
            let from = eight * LANES;
            self.harmonics.values(n, &mut Store { harmonics: self.harmonics, buffer: self.buffer, from, terms, mass, inner, outer });
        }
    }
}

/// Writes the terms of eight particles into the buffer.
struct Store<'a> {
    harmonics: &'a Harmonics,
    buffer: &'a mut [f64],
    from: usize,
    terms: usize,
    mass: Lanes,
    inner: Option<Lanes>,
    outer: Option<Lanes>,
}

impl Store<'_> {
    #[inline(always)]
    fn store(&mut self, at: usize, values: Lanes) {
        let from = at * RUN + self.from;
        if let Some(slots) = self.buffer.get_mut(from..from + LANES) {
            slots.copy_from_slice(&values.0);
        }
    }
}

impl Visit<Lanes> for Store<'_> {
    #[inline(always)]
    fn term(&mut self, term: usize, y: Lanes) {
        let degree = self.harmonics.terms().get(term).map_or(0, |t| t.degree) as i32;
        let weight = self.mass * y;
        if let Some(ratio) = self.inner {
            self.store(term, weight * ratio.powi(degree));
        }
        if let Some(ratio) = self.outer {
            self.store(self.terms + term, weight * ratio.powi(degree + 1));
        }
    }
}

impl MultipoleGrid {
    /// A grid for a distribution like this sample: from the radius within which 1 in 1000 lie (but 16 at least) to that outside of which
    /// 1 in 1000 lie. `Domain` error for fewer than 64 finite positions.
    pub fn from_sample(x: &[f64], y: &[f64], z: &[f64], knots: usize, degree: usize, symmetry: Symmetry) -> Result<MultipoleGrid> {
        const LEAST_SAMPLE: usize = 64;
        const TAIL: usize = 1000;
        const LEAST_INSIDE: usize = 16;
        let particles = Particles::new(x, y, z, x)?;
        let mut radii: Vec<f64> = (0..particles.len()).map(|i| dot(particles.one(i).0, particles.one(i).0).sqrt()).collect();
        radii.retain(|r| r.is_finite() && *r > 0.0);
        if radii.len() < LEAST_SAMPLE {
            return Err(Error::new(ErrorKind::Domain, "too few particles to choose a grid from")
                .expected(format!("{LEAST_SAMPLE} or more"))
                .found(radii.len()));
        }
        radii.sort_by(f64::total_cmp);
        let inside = (radii.len() / TAIL).max(LEAST_INSIDE);
        let (least, greatest) = (radii[inside], radii[radii.len() - 1 - radii.len() / TAIL]);
        let grid = MultipoleGrid { least_kpc: least, greatest_kpc: greatest, knots, degree, order: degree, symmetry };
        grid.check().map(|()| grid)
    }
}

impl Multipole {
    /// The potential of a density \[Msun/kpc^3\], by Gauss-Legendre sums over shells and angles: 8 radii a shell, 2 l + 16 latitudes,
    /// as many azimuths.
    pub fn from_density(grid: MultipoleGrid, density: impl Fn([f64; 3]) -> f64 + Sync) -> Result<Multipole> {
        grid.check()?;
        let harmonics = Harmonics::new(grid.symmetry, grid.degree, grid.order)?;
        let terms = harmonics.terms().len();
        let h = grid.spacing();
        let beyond = (FOLDS_BEYOND / h).ceil() as usize;
        let (nodes, weights) = gauss_legendre(SHELL_NODES);
        let angles = 2 * grid.degree + 16;
        let round = if grid.symmetry == Symmetry::Spherical || grid.symmetry == Symmetry::Axisymmetric { 1 } else { angles };
        let (latitudes, latitude_weights) = gauss_legendre(angles);
        let ring = |radius: f64| {
            let mut means = vec![0.0; terms];
            for (z, w) in latitudes.iter().zip(&latitude_weights) {
                for k in 0..round {
                    let (s, c) = (std::f64::consts::TAU * (k as f64 + 0.25) / round as f64).sin_cos();
                    let r = (1.0 - z * z).sqrt();
                    let n = [r * c, r * s, *z];
                    let share = density(n.map(|x| x * radius)) * w * 0.5 / round as f64;
                    harmonics.values(n, &mut |term: usize, y: f64| means[term] += share * y);
                }
            }
            means
        };
        // Sub-shells below the grid, in it, and above: each gives its mass-weighted means to a shell of the fit.
        let all = beyond + grid.knots - 1 + beyond;
        let parts: Vec<(usize, Vec<f64>)> = (0..all)
            .into_par_iter()
            .map(|part| {
                let shell = (part + 1).saturating_sub(beyond).min(grid.knots);
                let mut sums = vec![0.0; 2 * terms];
                for (node, weight) in nodes.iter().zip(&weights) {
                    let at = part as f64 - beyond as f64 + 0.5 * (1.0 + node);
                    let radius = grid.least_kpc * (at * h).exp();
                    let volume = 4.0 * std::f64::consts::PI * radius.powi(3) * 0.5 * weight * h;
                    for (term, mean) in ring(radius).into_iter().enumerate() {
                        let degree = harmonics.terms()[term].degree as i32;
                        if shell < grid.knots {
                            sums[term] += volume * mean * (radius / grid.radius(shell)).powi(degree);
                        }
                        if shell > 0 {
                            sums[terms + term] += volume * mean * (grid.radius(shell - 1) / radius).powi(degree + 1);
                        }
                    }
                }
                (shell, sums)
            })
            .collect();
        let mut sums = vec![0.0; (grid.knots + 1) * 2 * terms];
        for (shell, part) in parts {
            for (at, value) in part.into_iter().enumerate() {
                sums[shell * 2 * terms + at] += value;
            }
        }
        assemble(&grid, &harmonics, &sums)
    }
}

/// Radial functions from the sums of the shells.
fn assemble(grid: &MultipoleGrid, harmonics: &Harmonics, sums: &[f64]) -> Result<Multipole> {
    let (terms, knots) = (harmonics.terms().len(), grid.knots);
    let h = grid.spacing();
    let at = |shell: usize, term: usize, outer: bool| sums[(shell * 2 + usize::from(outer)) * terms + term];
    let mut shapes: Vec<Shape> = Vec::with_capacity(terms);
    for (term, kind) in harmonics.terms().iter().enumerate() {
        let degree = kind.degree as f64;
        let (mut inner, mut outer) = (vec![0.0; knots], vec![0.0; knots]);
        let mut sum = 0.0;
        for k in 0..knots {
            sum = sum * (-degree * h).exp() + at(k, term, false);
            inner[k] = sum;
        }
        sum = 0.0;
        for k in (0..knots).rev() {
            sum = sum * (-(degree + 1.0) * h).exp() + at(k + 1, term, true);
            outer[k] = sum;
        }
        let strength = |k: usize| -GRAVITY_KPC_KMS2_MSUN / ((2.0 * degree + 1.0) * grid.radius(k));
        let values = (0..knots).map(|k| strength(k) * (inner[k] + outer[k])).collect();
        let slopes = (0..knots).map(|k| strength(k) * (degree * outer[k] - (degree + 1.0) * inner[k])).collect();
        // The sum of r^l within r goes like r^(s + 3 + l) for a density like r^s, here relative to r^l; outside, r^(-l - 1) by r^(s + 3).
        let inner_power = power(inner[0], inner[1], h).map(|p| p - 3.0);
        let outer_power = power(outer[knots - 2], outer[knots - 1], h).map(|p| p - 3.0);
        let (least, greatest) = match shapes.first() {
            None => ((INNER_LEAST, 0.0), (STEEPEST, OUTER_GREATEST)),
            Some(round) => ((round.inner_power, round.inner_power.max(degree)), (STEEPEST.min(round.outer_power), round.outer_power)),
        };
        let inner_power = inner_power.unwrap_or(least.0).clamp(least.0, least.1);
        let outer_power = outer_power.unwrap_or(greatest.1).clamp(greatest.0, greatest.1);
        shapes.push(Shape { values, slopes, inner_power, outer_power });
    }
    if !shapes.first().and_then(|s| s.values.first()).is_some_and(|v| *v < 0.0) {
        return Err(Error::new(ErrorKind::Domain, "particles of the fit have no mass"));
    }
    Multipole::new(grid.clone(), shapes)
}

/// The power p of r^p that goes from `a` to `b` in a step of ln r; none where the sign changes.
fn power(a: f64, b: f64, step: f64) -> Option<f64> {
    (a * b > 0.0).then(|| (b / a).ln() / step)
}

#[cfg(test)]
#[path = "multipole_tests.rs"]
mod tests;
