//! The self-consistent-field basis: Hernquist's sphere and its relatives.
//!
//! Formula    Phi = -(G / a) sum B_nlm x^l / (1 + x)^(2 l + 1) C_n^(2 l + 3/2)(xi) Y_lm, x = r / a, xi = (x - 1) / (x + 1);
//!            B_nlm = sum_particles m psi_nl Y_lm / (2 |I_nl|)
//! Units      kpc, Msun; coefficients in Msun
//! Source     Hernquist & Ostriker 1992, ApJ 386, 375, eqs. 2.8 to 2.31
//! Accuracy   a Hernquist sphere is one coefficient; galpy's numbers to 1e-12 (tests)
//! Edge cases Y as in `harmonics`: galpy's coefficients are sqrt(1/2) (-1)^m of ours for m > 0, and twice ours in its amplitude
//! Refuses    a scale that is not above 0, more than 40 radial functions
//! Cost       6 operations a radial function and term
//! See also   `harmonics`, `multipole`

use std::f64::consts::PI;

use rayon::prelude::*;

use super::accumulate::{Particles, Sums};
use super::harmonics::{Harmonics, Radial, Symmetry, Visit, downhill};
use super::model::Fitted;
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::dispatch::{Kernel, fastest};
use crate::numeric::lanes::{LANES, Lanes};
use crate::numeric::real::{Real, dot};

/// Radial functions: most.
pub const MOST_RADIAL: usize = 40;
/// Radius over scale within which the centre is softened.
const SOFT: f64 = 1e-8;
/// Particles whose terms are in memory at a time.
const RUN: usize = 128;
/// Particles that a thread takes at a time.
const PART: usize = 65_536;

/// Which functions of the basis there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    /// Scale a \[kpc\].
    pub scale_kpc: f64,
    /// Number of radial functions for each term.
    pub radial: usize,
    /// Highest degree.
    pub degree: usize,
    /// Highest order.
    pub order: usize,
    /// Terms that are kept.
    pub symmetry: Symmetry,
}

impl Basis {
    fn harmonics(&self) -> Result<Harmonics> {
        if !(self.scale_kpc > 0.0 && self.scale_kpc.is_finite()) {
            let error = Error::new(ErrorKind::Domain, "scale of the basis makes no sense");
            return Err(error.expected("a number above 0 [kpc]").found(self.scale_kpc));
        }
        if self.radial == 0 || self.radial > MOST_RADIAL {
            let error = Error::new(ErrorKind::Domain, "number of radial functions makes no sense");
            return Err(error.expected(format!("1 to {MOST_RADIAL}")).found(self.radial));
        }
        Harmonics::new(self.symmetry, self.degree, self.order)
    }
}

/// Factors of C_n and C_(n-1) in C_(n+1), for alpha = 2 l + 3/2.
fn recurrence(degree: usize, n: usize) -> [f64; 2] {
    let (alpha, n) = (2.0 * degree as f64 + 1.5, n as f64);
    [2.0 * (n + alpha) / (n + 1.0), (n + 2.0 * alpha - 1.0) / (n + 1.0)]
}

/// K_nl.
fn weight(n: usize, degree: usize) -> f64 {
    let (n, l) = (n as f64, degree as f64);
    0.5 * n * (n + 4.0 * l + 3.0) + (l + 1.0) * (2.0 * l + 1.0)
}

/// 2 |I_nl|.
fn norm(n: usize, degree: usize) -> f64 {
    // Gamma(n + 4 l + 3) / n! / (2^(8 l + 6) Gamma(2 l + 3/2)^2), factors in pairs so that nothing overflows.
    let mut ratio = 1.0 / (64.0 * 0.25 * PI);
    for k in 1..=4 * degree + 2 {
        ratio *= (n + k) as f64;
    }
    for k in 1..=2 * degree {
        let half = k as f64 + 0.5;
        ratio /= 16.0 * half * half;
    }
    4.0 * PI * weight(n, degree) * ratio / (n as f64 + 2.0 * degree as f64 + 1.5)
}

/// Sums over particles.
#[derive(Clone, Debug)]
pub struct SelfConsistentFieldFit {
    basis: Basis,
    harmonics: Harmonics,
    sums: Sums,
    skipped: u64,
}

impl SelfConsistentFieldFit {
    /// Nothing summed yet.
    pub fn new(basis: Basis) -> Result<Self> {
        let harmonics = basis.harmonics()?;
        let sums = Sums::new(harmonics.terms().len() * basis.radial);
        Ok(SelfConsistentFieldFit { basis, harmonics, sums, skipped: 0 })
    }

    /// Particles that were left out because a number was not finite.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Adds particles \[kpc, Msun\].
    pub fn add(&mut self, x: &[f64], y: &[f64], z: &[f64], mass: &[f64]) -> Result<()> {
        let particles = Particles::new(x, y, z, mass)?;
        let mut buffer = vec![0.0; self.sums.len() * RUN];
        let mut members = Vec::with_capacity(RUN);
        for i in 0..particles.len() {
            let (p, mass) = particles.one(i);
            if (dot(p, p) + mass).is_finite() {
                members.push(i);
            } else {
                self.skipped += 1;
            }
            if members.len() == RUN || i + 1 == particles.len() {
                fastest(Run { fit: self, particles: &particles, run: &members, buffer: &mut buffer });
                for (at, values) in buffer.chunks(RUN).enumerate() {
                    self.sums.add_slice(at, values.get(..members.len()).unwrap_or_default());
                }
                members.clear();
            }
        }
        Ok(())
    }

    /// Adds another fit of the same basis.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.basis != other.basis {
            return Err(Error::mismatch("fits of different bases cannot be merged"));
        }
        self.skipped += other.skipped;
        self.sums.merge(&other.sums)
    }

    /// Bytes of the sums.
    pub fn size_bytes(&self) -> usize {
        self.sums.size_bytes()
    }

    /// The potential.
    pub fn finish(&self) -> Result<SelfConsistentField> {
        let mut coefficients = self.sums.values();
        for (row, term) in coefficients.chunks_mut(self.basis.radial).zip(self.harmonics.terms()) {
            for (n, value) in row.iter_mut().enumerate() {
                *value /= norm(n, term.degree);
            }
        }
        if !coefficients.first().is_some_and(|b| *b > 0.0) {
            return Err(Error::new(ErrorKind::Domain, "particles of the fit have no mass"));
        }
        SelfConsistentField::new(self.basis.clone(), coefficients)
    }

    /// All of it on all threads.
    pub fn of_particles(basis: &Basis, x: &[f64], y: &[f64], z: &[f64], mass: &[f64]) -> Result<Self> {
        let particles = Particles::new(x, y, z, mass)?;
        let starts: Vec<usize> = (0..particles.len()).step_by(PART).collect();
        let parts = starts.into_par_iter().map(|from| {
            let mut fit = Self::new(basis.clone())?;
            let part = particles.part(from, PART);
            fit.add(part.x, part.y, part.z, part.mass)?;
            Ok(fit)
        });
        parts.try_reduce_with(|mut a, b| a.merge(&b).map(|()| a)).unwrap_or_else(|| Self::new(basis.clone()))
    }
}

/// m psi Y of particles: for each term all radial functions.
struct Run<'a> {
    fit: &'a SelfConsistentFieldFit,
    particles: &'a Particles<'a>,
    run: &'a [usize],
    buffer: &'a mut [f64],
}

impl Kernel for Run<'_> {
    type Answer = ();
    #[inline(always)]
    fn run(self) {
        for (eight, members) in self.run.chunks(LANES).enumerate() {
            let lane = |column: &[f64]| Lanes(std::array::from_fn(|i| members.get(i).and_then(|m| column.get(*m)).copied().unwrap_or(0.0)));
            let p = [lane(self.particles.x), lane(self.particles.y), lane(self.particles.z)];
            let mass = lane(self.particles.mass);
            let place = Place::new(p, self.fit.basis.scale_kpc);
            let from = eight * LANES;
            self.fit.harmonics.values(place.direction, &mut Store { fit: self.fit, buffer: self.buffer, from, mass, place: &place });
        }
    }
}

/// Writes the terms of eight particles into the buffer.
struct Store<'a> {
    fit: &'a SelfConsistentFieldFit,
    buffer: &'a mut [f64],
    from: usize,
    mass: Lanes,
    place: &'a Place<Lanes>,
}

impl Visit<Lanes> for Store<'_> {
    #[inline(always)]
    fn term(&mut self, term: usize, y: Lanes) {
        let radial = self.fit.basis.radial;
        let degree = self.fit.harmonics.terms().get(term).map_or(0, |t| t.degree);
        let (mut last, mut here) = (Lanes::constant(0.0), self.mass * y * self.place.base(degree));
        for n in 0..radial {
            let from = (term * radial + n) * RUN + self.from;
            if let Some(slots) = self.buffer.get_mut(from..from + LANES) {
                slots.copy_from_slice(&here.0);
            }
            let [rise, fall] = recurrence(degree, n);
            (last, here) = (here, here * self.place.xi * rise - last * fall);
        }
    }
}

/// A fitted self-consistent field.
#[derive(Clone, Debug, PartialEq)]
pub struct SelfConsistentField {
    /// Its basis.
    pub basis: Basis,
    /// B \[Msun\]: for each term all radial functions.
    pub coefficients: Vec<f64>,
    harmonics: Harmonics,
    /// Factors of the recurrence: for each degree all radial functions.
    factors: Vec<[f64; 2]>,
}

impl SelfConsistentField {
    /// The potential with these coefficients \[Msun\]: for each term all radial functions.
    pub fn new(basis: Basis, coefficients: Vec<f64>) -> Result<Self> {
        let harmonics = basis.harmonics()?;
        let expected = harmonics.terms().len() * basis.radial;
        if coefficients.len() != expected {
            let error = Error::damaged("basis has another number of coefficients");
            return Err(error.expected(expected).found(coefficients.len()));
        }
        if let Some(at) = coefficients.iter().position(|c| !c.is_finite()) {
            return Err(Error::damaged("coefficient is not finite").at(format!("coefficient {at}")));
        }
        let factors = (0..=basis.degree).flat_map(|l| (0..=basis.radial).map(move |n| recurrence(l, n))).collect();
        Ok(SelfConsistentField { basis, coefficients, harmonics, factors })
    }

    /// Terms in order.
    pub fn harmonics(&self) -> &Harmonics {
        &self.harmonics
    }

    /// Sum over the radial functions of a term with these coefficients, and its derivative by xi.
    #[inline(always)]
    fn series<T: Real>(&self, term: usize, degree: usize, xi: T) -> (T, T) {
        let radial = self.basis.radial;
        let zero = T::constant(0.0);
        let row = self.coefficients.get(term * radial..(term + 1) * radial).unwrap_or_default();
        let factors = self.factors.get(degree * (radial + 1)..(degree + 1) * (radial + 1)).unwrap_or_default();
        let (mut above, mut sum, mut slope_above, mut slope) = (zero, zero, zero, zero);
        for (n, coefficient) in row.iter().enumerate().rev() {
            // b_n = B_n + rise_n xi b_(n+1) - fall_(n+1) b_(n+2).
            let rise = factors.get(n).map_or(0.0, |f| f[0]);
            let fall = factors.get(n + 1).map_or(0.0, |f| f[1]);
            (slope_above, slope) = (slope, (slope * xi + sum) * rise - slope_above * fall);
            (above, sum) = (sum, sum * xi * rise - above * fall + *coefficient);
        }
        (sum, slope)
    }

    #[inline(always)]
    fn degree(&self, term: usize) -> usize {
        self.harmonics.terms().get(term).map_or(0, |t| t.degree)
    }

    /// Density \[Msun/kpc^3\] at `p` \[kpc\].
    pub fn density(&self, p: [f64; 3]) -> f64 {
        let place = Place::new(p, self.basis.scale_kpc);
        let sum = self.harmonics.sum(place.direction, &|term: usize| {
            let degree = self.degree(term);
            let (mut last, mut here, mut total) = (0.0, 1.0, 0.0);
            for n in 0..self.basis.radial {
                let coefficient = self.coefficients.get(term * self.basis.radial + n).copied().unwrap_or(0.0);
                total += coefficient * weight(n, degree) * here;
                let [rise, fall] = recurrence(degree, n);
                (last, here) = (here, here * place.xi * rise - last * fall);
            }
            (place.base(degree) * total, 0.0)
        });
        let shape = place.x * (1.0 + place.x).powi(2) * self.basis.scale_kpc.powi(3);
        sum.value / (2.0 * PI * shape)
    }
}

impl Fitted for SelfConsistentField {
    #[inline(always)]
    fn potential_at<T: Real>(&self, p: [T; 3]) -> T {
        let place = Place::new(p, self.basis.scale_kpc);
        let sum = self.harmonics.sum(place.direction, &Local { of: self, place: &place, turn: place.x, share: place.x });
        sum.value * (-GRAVITY_KPC_KMS2_MSUN / self.basis.scale_kpc)
    }

    #[inline(always)]
    fn acceleration_at<T: Real>(&self, p: [T; 3]) -> [T; 3] {
        let place = Place::new(p, self.basis.scale_kpc);
        let turn = place.x * 2.0 / (place.x + 1.0).square();
        let share = place.x / (place.x + 1.0);
        let sum = self.harmonics.sum(place.direction, &Local { of: self, place: &place, turn, share });
        let strength = -GRAVITY_KPC_KMS2_MSUN / self.basis.scale_kpc;
        downhill(place.direction, place.radius, &sum).map(|a| a * strength)
    }
}

/// Radial functions at a place, and dxi / dln r and x / (1 + x) there.
struct Local<'a, T> {
    of: &'a SelfConsistentField,
    place: &'a Place<T>,
    turn: T,
    share: T,
}

impl<T: Real> Radial<T> for Local<'_, T> {
    /// f and df / dln r.
    #[inline(always)]
    fn radial(&self, term: usize) -> (T, T) {
        let degree = self.of.degree(term);
        let base = self.place.base(degree);
        let (value, slope) = self.of.series(term, degree, self.place.xi);
        let l = degree as f64;
        (base * value, base * (value * (-(self.share * (2.0 * l + 1.0)) + l) + slope * self.turn))
    }
}

struct Place<T> {
    radius: T,
    x: T,
    xi: T,
    direction: [T; 3],
    /// x / (1 + x)^2 and 1 / (1 + x).
    both: [T; 2],
}

impl<T: Real> Place<T> {
    #[inline(always)]
    fn new(p: [T; 3], scale_kpc: f64) -> Self {
        let soft = SOFT * scale_kpc;
        let radius = (dot(p, p) + soft * soft).sqrt();
        let x = radius / scale_kpc;
        let inverse = (x + 1.0).recip();
        Place { radius, x, xi: (x - 1.0) * inverse, direction: p.map(|v| v / radius), both: [x * inverse * inverse, inverse] }
    }

    /// x^l / (1 + x)^(2 l + 1).
    #[inline(always)]
    fn base(&self, degree: usize) -> T {
        self.both[0].powi(degree as i32) * self.both[1]
    }
}

#[cfg(test)]
#[path = "self_consistent_field_tests.rs"]
mod tests;
