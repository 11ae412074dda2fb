//! A disc from particles in one pass.
//!
//! Formula    particles are collected in cells, a quarter of a step of the grid wide, as mass, m R, m z and m {cos, sin}(m phi); the
//!            potential at a knot is the sum over cells of rings with these moments: rings at the centre of mass of a far cell, at 4
//!            points of a nearer one, at 64 points of a neighbour, with a linear density that has the same centre of mass
//! Layout     one exact sum for each cell and moment; a multipole of all particles for outside, one of those outside for inside
//! Units      kpc, Msun
//! Source     Vasiliev 2019, MNRAS 482, 1525, A.4; the rings are in `ring`
//! Accuracy   sums are exact, so the bits do not depend on order, blocks or threads; the field is that of particles smeared over cells
//! Edge cases particles that are not finite are left out and counted
//! Refuses    columns of unequal length; a fit without mass
//! Cost       a pass of 0.3 us a particle; then knots x cells rings, 3 s of one core for 30 x 30 knots, whatever the particles; memory
//!            16 (columns - 1) (rows - 1) cells of 300 bytes and 200 more for each azimuthal order
//! See also   `cylindrical`

use rayon::prelude::*;

use super::accumulate::{Particles, Sums};
use super::cylindrical::{Cylindrical, CylindricalGrid, asinh};
use super::multipole::Multipole;
use super::multipole_fit::MultipoleFit;
use super::ring::harmonics;
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, Result};
use crate::numeric::quadrature::gauss_legendre;

/// Cells in a step of the grid.
const SPLIT: usize = 4;
/// Moments of order 0: mass, and mass times R and z.
const MOMENTS: usize = 3;
/// Distances, in diagonals of a cell, below which it is a field of points: 64, then 4.
const NEAR: f64 = 2.5;
const MIDDLE: f64 = 10.0;
const NEAR_NODES: usize = 8;
const MIDDLE_NODES: usize = 2;
/// Particles that a thread takes at a time.
const PART: usize = 262_144;

/// Sums over particles.
#[derive(Clone, Debug)]
pub struct CylindricalFit {
    grid: CylindricalGrid,
    waves: Vec<(usize, bool)>,
    /// By cell, then moment.
    sums: Sums,
    all: MultipoleFit,
    outside: MultipoleFit,
}

impl CylindricalFit {
    /// Nothing summed yet.
    pub fn new(grid: CylindricalGrid) -> Result<Self> {
        grid.check()?;
        let waves = grid.waves();
        let [columns, rows] = cells(&grid);
        let sums = Sums::new(columns * rows * (MOMENTS + waves.len() - 1));
        let (all, outside) = (MultipoleFit::new(grid.outer())?, MultipoleFit::new(grid.outer())?);
        Ok(CylindricalFit { grid, waves, sums, all, outside })
    }

    /// Particles that were left out because a number was not finite.
    pub fn skipped(&self) -> u64 {
        self.all.skipped()
    }

    /// Adds particles \[kpc, Msun\].
    pub fn add(&mut self, x: &[f64], y: &[f64], z: &[f64], mass: &[f64]) -> Result<()> {
        let particles = Particles::new(x, y, z, mass)?;
        self.all.add(x, y, z, mass)?;
        let [columns, rows] = cells(&self.grid);
        let [h, k] = self.grid.steps().map(|step| step / SPLIT as f64);
        let moments = MOMENTS + self.waves.len() - 1;
        let mut beyond: [Vec<f64>; 4] = Default::default();
        for i in 0..particles.len() {
            let ([x, y, z], mass) = particles.one(i);
            if !(x + y + z + mass).is_finite() {
                continue;
            }
            let radius = (x * x + y * y).sqrt();
            let height = if self.grid.folded() { z.abs() } else { z };
            let eta = asinh(z.abs() / self.grid.vertical_scale_kpc);
            let signed = if height < 0.0 { -eta } else { eta };
            let column = (asinh(radius / self.grid.radial_scale_kpc) / h).floor();
            let row = ((signed - self.grid.lowest()) / k).floor();
            if !(column < columns as f64 && row >= 0.0 && row < rows as f64) {
                for (list, value) in beyond.iter_mut().zip([x, y, z, mass]) {
                    list.push(value);
                }
                continue;
            }
            let from = (column as usize * rows + row as usize) * moments;
            for (at, value) in [mass, mass * radius, mass * height].into_iter().enumerate() {
                self.sums.add(from + at, value);
            }
            let (c, s) = if radius > 0.0 { (x / radius, y / radius) } else { (0.0, 0.0) };
            let (mut power, mut reached) = ([1.0, 0.0], 0);
            for (at, (order, sine)) in self.waves.iter().enumerate().skip(1) {
                while reached < *order {
                    reached += 1;
                    power = [power[0] * c - power[1] * s, power[0] * s + power[1] * c];
                }
                self.sums.add(from + MOMENTS - 1 + at, mass * power[usize::from(*sine)]);
            }
        }
        let [x, y, z, mass] = &beyond;
        self.outside.add(x, y, z, mass)
    }

    /// Adds another fit on the same grid.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.grid != other.grid {
            return Err(Error::mismatch("fits on different grids cannot be merged"));
        }
        self.all.merge(&other.all)?;
        self.outside.merge(&other.outside)?;
        self.sums.merge(&other.sums)
    }

    /// Bytes of the sums.
    pub fn size_bytes(&self) -> usize {
        self.sums.size_bytes() + self.all.size_bytes() + self.outside.size_bytes()
    }

    /// All of it on all threads.
    pub fn of_particles(grid: &CylindricalGrid, x: &[f64], y: &[f64], z: &[f64], mass: &[f64]) -> Result<Self> {
        let particles = Particles::new(x, y, z, mass)?;
        let starts: Vec<usize> = (0..particles.len()).step_by(PART).collect();
        let parts = starts.into_par_iter().map(|from| {
            let mut fit = Self::new(grid.clone())?;
            let part = particles.part(from, PART);
            fit.add(part.x, part.y, part.z, part.mass)?;
            Ok(fit)
        });
        parts.try_reduce_with(|mut a, b| a.merge(&b).map(|()| a)).unwrap_or_else(|| Self::new(grid.clone()))
    }

    /// The potential. Knots are computed on all threads; the bits do not depend on how many.
    pub fn finish(&self) -> Result<Cylindrical> {
        let outer = self.all.finish()?;
        let far = self.outside.finish().ok();
        let sources = self.sources();
        let (columns, rows) = (self.grid.radial_knots, self.grid.rows());
        let most = self.waves.last().map_or(0, |w| w.0) + 1;
        let knots: Vec<Vec<f64>> = (0..columns * rows)
            .into_par_iter()
            .map(|knot| {
                let at = self.grid.at((knot / rows) as f64, (knot % rows) as f64);
                let mut sums = vec![0.0; self.waves.len()];
                let mut rings = vec![0.0; most];
                for source in &sources {
                    source.add(at, self.grid.folded(), &self.waves, &mut rings, &mut sums);
                }
                for (sum, (order, _)) in sums.iter_mut().zip(&self.waves) {
                    *sum *= -GRAVITY_KPC_KMS2_MSUN * if *order == 0 { 1.0 } else { 2.0 };
                }
                if let Some(far) = &far {
                    add_far(far, at, &self.waves, &mut sums);
                }
                sums
            })
            .collect();
        let values = (0..self.waves.len()).map(|wave| knots.iter().map(|k| k[wave]).collect()).collect();
        Cylindrical::new(self.grid.clone(), values, outer)
    }

    /// Cells with mass.
    fn sources(&self) -> Vec<Source> {
        let [_, rows] = cells(&self.grid);
        let moments = MOMENTS + self.waves.len() - 1;
        let rules = [gauss_legendre(MIDDLE_NODES), gauss_legendre(NEAR_NODES)];
        let sums = self.sums.values();
        let occupied = sums.chunks(moments).enumerate().filter(|(_, s)| s.iter().any(|v| *v != 0.0));
        occupied
            .map(|(cell, sums)| {
                let at = |i: f64, j: f64| self.grid.at(i / SPLIT as f64, j / SPLIT as f64);
                let (i, j) = ((cell / rows) as f64, (cell % rows) as f64);
                let (low, high, middle) = (at(i, j), at(i + 1.0, j + 1.0), at(i + 0.5, j + 0.5));
                let mass = sums[0];
                let centre = if mass > 0.0 { [sums[1] / mass, sums[2] / mass] } else { middle };
                let fields = rules.each_ref().map(|rule| field(rule, low, high, centre));
                let strengths = [mass].into_iter().chain(sums[MOMENTS..].iter().copied()).collect();
                Source { centre, diagonal: (high[0] - low[0]).hypot(high[1] - low[1]), strengths, fields }
            })
            .collect()
    }
}

/// Cells in R and in z.
fn cells(grid: &CylindricalGrid) -> [usize; 2] {
    [(grid.radial_knots - 1) * SPLIT, (grid.rows() - 1) * SPLIT]
}

/// Points of a cell with weights of sum 1: a density that is linear in R and z and has this centre of mass.
fn field((nodes, weights): &(Vec<f64>, Vec<f64>), low: [f64; 2], high: [f64; 2], centre: [f64; 2]) -> Vec<[f64; 3]> {
    let at = |axis: usize, node: f64| low[axis] + 0.5 * (1.0 + node) * (high[axis] - low[axis]);
    let mut points = Vec::with_capacity(nodes.len() * nodes.len());
    for (u, wu) in nodes.iter().zip(weights) {
        for (v, wv) in nodes.iter().zip(weights) {
            let radius = at(0, *u);
            points.push([radius, at(1, *v), wu * wv * radius]);
        }
    }
    let total: f64 = points.iter().map(|p| p[2]).sum();
    points.iter_mut().for_each(|p| p[2] /= total);
    for axis in 0..2 {
        let mean: f64 = points.iter().map(|p| p[axis] * p[2]).sum();
        let variance: f64 = points.iter().map(|p| (p[axis] - mean).powi(2) * p[2]).sum();
        let tilt = (centre[axis] - mean) / variance;
        points.iter_mut().for_each(|p| p[2] *= 1.0 + tilt * (p[axis] - mean));
    }
    points
}

/// The mass of a cell.
struct Source {
    centre: [f64; 2],
    diagonal: f64,
    /// Mass, then m {cos, sin}(m phi) of the other waves.
    strengths: Vec<f64>,
    /// Points R, z, weight: a few, and many.
    fields: [Vec<[f64; 3]>; 2],
}

impl Source {
    fn add(&self, at: [f64; 2], folded: bool, waves: &[(usize, bool)], rings: &mut [f64], sums: &mut [f64]) {
        let mirrors: &[(f64, f64)] = if folded { &[(1.0, 0.5), (-1.0, 0.5)] } else { &[(1.0, 1.0)] };
        for (side, share) in mirrors {
            let distance = (at[0] - self.centre[0]).hypot(at[1] - side * self.centre[1]) / self.diagonal;
            let alone = [[self.centre[0], self.centre[1], 1.0]];
            let points = match distance {
                d if d < NEAR => self.fields[1].as_slice(),
                d if d < MIDDLE => self.fields[0].as_slice(),
                _ => &alone,
            };
            for [radius, z, weight] in points {
                harmonics(at[0], *radius, at[1] - side * z, rings);
                for ((sum, (order, _)), strength) in sums.iter_mut().zip(waves).zip(&self.strengths) {
                    *sum += share * weight * strength * rings.get(*order).copied().unwrap_or(0.0);
                }
            }
        }
    }
}

/// Adds the waves of a smooth potential at R and z.
fn add_far(far: &Multipole, [radius, z]: [f64; 2], waves: &[(usize, bool)], sums: &mut [f64]) {
    let points = 4 * (waves.last().map_or(0, |w| w.0) + 1);
    for k in 0..points {
        let phi = std::f64::consts::TAU * k as f64 / points as f64;
        let value = far.potential([radius * phi.cos(), radius * phi.sin(), z]) / points as f64;
        for (sum, (order, sine)) in sums.iter_mut().zip(waves) {
            let (s, c) = (*order as f64 * phi).sin_cos();
            *sum += value * if *sine { s } else { c } * if *order == 0 { 1.0 } else { 2.0 };
        }
    }
}

#[cfg(test)]
#[path = "cylindrical_tests.rs"]
mod tests;
