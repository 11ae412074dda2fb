//! A power law with a Gaussian cut-off: the bulge of MWPotential2014.
//!
//! Formula    rho ~ r^-alpha exp(-u), u = (r / r_c)^2; M(<r) = M P(A, u), A = (3 - alpha) / 2
//!            Phi = -G M [P(A, u) / r + Gamma(B, u) / (r_c Gamma(A))], B = 1 - alpha / 2, Gamma(B, u) the upper incomplete function
//! Units      M in Msun, r_c in kpc
//! Source     Binney & Tremaine 2008, eq. 2.208 (a Gaussian in place of the exponential); Bovy 2015, ApJS 216, 29, table 1
//! Accuracy   1e-14 relative (tests): below u = 4 the regular factors of P and Phi are polynomials in u, above it exp(u) times what is
//!            missing of the point mass is u^2 times a polynomial in (u - 4) / (u + 6); all are made once for the parameters
//! Edge cases alpha >= 2 is allowed, where the potential has no limit at r = 0; P = 1 beyond u = 40
//! Cost       outside u = 4 one exponential and a polynomial of degree 19 a force, inside a logarithm too, beyond u = 40 a root; a side only
//!            where a star needs it; 88 numbers a set of parameters
//! See also   `numeric::gamma`, `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, TINY_KPC2};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::gamma::{ln_gamma, lower_shape, upper};
use crate::numeric::real::{Real, dot};

/// The profile.
#[derive(Clone, Debug)]
pub struct PowerLawCutoff;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "power_law_cutoff",
    description: "bulge: power law with a Gaussian cut-off",
    peers: "galpy PowerSphericalPotentialwCutoff, gala PowerLawCutoffPotential, agama Spheroid(gamma, beta=gamma, cutoffStrength=2)",
    source: "Bovy 2015, ApJS 216, 29",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter { name: "alpha", unit: "1", default: None, allowed: Allowed::Between(-3.0, 3.0), description: "inner slope" },
        Parameter { name: "cutoff", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radius r_c of the cut-off" },
    ],
    spherical: true,
    axisymmetric: true,
    build: |_| Ok(Profile::PowerLawCutoff(PowerLawCutoff)),
};

/// Below this u polynomials hold the regular factors of P and of the potential; above it what is missing of a point mass, which vanishes
/// far out, so that nothing cancels there.
const JOIN: f64 = 4.0;
/// Below this |w| the quotient (exp(w) - 1) / w is a series.
const QUOTIENT_SERIES_BELOW: f64 = 0.5;
/// Its terms: 0.5^15 / 16! is below the last place.
const QUOTIENT_TERMS: u32 = 15;
/// Terms of the regular part at u <= 4: 4^45 / 45! is below the last place.
const REGULAR_TERMS: u32 = 45;
/// Constants before the polynomials.
const HEAD: usize = 8;
/// Beyond this u there is nothing but the point mass: exp(-40) is below the last place.
const FAR: f64 = 40.0;
/// The outer variable (u - 4) / (u + 6), and the u up to which its polynomials are fitted; beyond, the exponential covers their error.
const SHIFT: f64 = 6.0;
const FITTED: f64 = 20.0;
/// Coefficients of each polynomial.
const TERMS: usize = 20;
/// Numbers of the polynomials: of the force inside and outside, of the potential inside and outside.
pub(in crate::orbits) const FOUR_POLYNOMIALS: usize = 4 * TERMS;

/// Coefficients of the polynomial in t that interpolates `function` at the Chebyshev nodes of [-1, 1].
fn interpolated<T: Real>(function: impl Fn(f64) -> T) -> [T; TERMS] {
    let node = |j: usize| PI * (j as f64 + 0.5) / TERMS as f64;
    let values: [T; TERMS] = std::array::from_fn(|j| function(node(j).cos()));
    let mut all = [T::constant(0.0); TERMS];
    // Coefficients of T_k and of the one before it.
    let (mut before, mut here) = ([0.0; TERMS], [0.0; TERMS]);
    here[0] = 1.0;
    for k in 0..TERMS {
        let mut sum = T::constant(0.0);
        for (j, value) in values.iter().enumerate() {
            sum += *value * (k as f64 * node(j)).cos();
        }
        let weight = sum * (if k == 0 { 1.0 } else { 2.0 } / TERMS as f64);
        for (total, share) in all.iter_mut().zip(here) {
            *total += weight * share;
        }
        let factor = if k == 0 { 1.0 } else { 2.0 };
        let next = std::array::from_fn(|i| factor * if i == 0 { 0.0 } else { here[i - 1] } - before[i]);
        (before, here) = (here, next);
    }
    all
}

/// Of t = -1 to 1, the u of the inner polynomials, and the u of the outer ones.
fn inner_u(t: f64) -> f64 {
    0.5 * JOIN * (t + 1.0)
}

fn outer_u(t: f64) -> f64 {
    let w = 0.5 * (t + 1.0) * OUTER;
    (JOIN + w * SHIFT) / (1.0 - w)
}

/// Greatest (u - 4) / (u + 6) of the fit.
const OUTER: f64 = (FITTED - JOIN) / (FITTED + SHIFT);

/// The polynomial of this number, at its variable.
#[inline(always)]
fn value<T: Real>(c: &[T], which: usize, t: T) -> T {
    let from = HEAD + which * TERMS;
    // No closure: what it calls is then compiled for the instructions of the caller.
    match c.get(from..from + TERMS).map(<&[T; TERMS]>::try_from) {
        Some(Ok(coefficients)) => t.polynomial(coefficients),
        _ => T::constant(f64::NAN),
    }
}

/// 1 less what is missing of a point mass, for u >= 4; `which` says of the force or of the potential.
#[inline(always)]
fn outside<T: Real>(c: &[T], which: usize, u: T) -> T {
    let one = T::constant(1.0);
    let some = u.less(T::constant(FAR));
    if !T::some(some) {
        return one;
    }
    // The end keeps numbers finite where they do not matter.
    let v = T::choose(some, u, T::constant(FAR));
    let t = (v - JOIN) / (v + SHIFT) * (2.0 / OUTER) - 1.0;
    let missing = value(c, which, t) * (v * v) * (-v).exp();
    T::choose(some, one - missing, one)
}

/// (u^B - 1) / B of `log` = ln u and `power` = u^B, ln u for B = 0.
#[inline(always)]
pub(super) fn quotient<T: Real>(b: T, log: T, power: T) -> T {
    let w = b * log;
    let mut series = T::constant(1.0);
    for n in (2..=QUOTIENT_TERMS).rev() {
        series = series * w / f64::from(n) + 1.0;
    }
    let small = w.abs().less(T::constant(QUOTIENT_SERIES_BELOW));
    // A divisor away from 0 keeps derivatives of the side that is not taken finite.
    let divisor = T::choose(small, T::constant(1.0), b);
    T::choose(small, series * log, (power - 1.0) / divisor)
}

/// Sum over n >= 1 of (-1)^n u^(n-1) / (n! (n + B)): what is left of the lower function without its first term.
fn regular<T: Real>(b: T, u: f64) -> T {
    let (mut sum, mut factor) = (T::constant(0.0), -1.0);
    for n in 1..=REGULAR_TERMS {
        sum += (b + f64::from(n)).recip() * factor;
        factor *= -u / f64::from(n + 1);
    }
    sum
}

impl Formulas for PowerLawCutoff {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        let (alpha, cutoff) = (parameters[1], parameters[2]);
        let strength = parameters[0] * GRAVITY_KPC_KMS2_MSUN;
        let (a, b) = (-(alpha - 3.0) * 0.5, -(alpha * 0.5) + 1.0);
        let gamma = ln_gamma(a).exp();
        // Gamma(B, u) = whole - quotient - u^(B+1) regular(u), matched at the join.
        let log_join = T::constant(JOIN.ln());
        let power = (b * log_join).exp();
        let whole = upper(b, JOIN) + quotient(b, log_join, power) + power * JOIN * regular(b, JOIN);
        let head =
            [strength, cutoff.square().recip(), alpha * 0.5, cutoff.powi(3).recip(), b, whole, (cutoff * gamma).recip(), cutoff.recip()];
        let mut constants = Vec::with_capacity(HEAD + FOUR_POLYNOMIALS);
        constants.extend(head);
        constants.extend(interpolated(|t| lower_shape(a, inner_u(t)) / (a * gamma)));
        constants.extend(interpolated(|t| {
            let u = outer_u(t);
            upper(a, u) / gamma * (u.exp() / (u * u))
        }));
        constants.extend(interpolated(|t| {
            let u = inner_u(t);
            lower_shape(a, u) / a - regular(b, u) * u
        }));
        constants.extend(interpolated(|t| {
            let u = outer_u(t);
            (upper(a, u) - upper(b, u) * u.sqrt()) / gamma * (u.exp() / (u * u))
        }));
        constants
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        let u = (dot(p, p) + TINY_KPC2) * c[1];
        let inside = u.less(T::constant(JOIN));
        let (mut near, mut far) = (u, u);
        if T::some(inside) {
            let log = u.ln();
            let power = (c[4] * log).exp();
            near = (c[5] - quotient(c[4], log, power) + power * value(c, 2, u * (2.0 / JOIN) - 1.0)) * c[6];
        }
        if !T::every(inside) {
            far = outside(c, 3, u) * c[7] / u.sqrt();
        }
        -(c[0] * T::choose(inside, near, far))
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let u = (dot(p, p) + TINY_KPC2) * c[1];
        let inside = u.less(T::constant(JOIN));
        // P(A, u) / u^(3/2): the mean density inside, but for constants.
        let (mut near, mut far) = (u, u);
        if T::some(inside) {
            near = value(c, 0, u * (2.0 / JOIN) - 1.0) * (-(c[2] * u.ln())).exp();
        }
        if !T::every(inside) {
            far = outside(c, 1, u) / (u * u.sqrt());
        }
        let pull = -(c[0] * c[3] * T::choose(inside, near, far));
        [p[0] * pull, p[1] * pull, p[2] * pull]
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let (mass, alpha, cutoff) = (parameters[0], parameters[1], parameters[2]);
        let r = dot(p, p).sqrt();
        let gamma = ln_gamma(1.5 - 0.5 * alpha).exp();
        mass / (2.0 * std::f64::consts::PI * gamma * cutoff.powi(3)) * (r / cutoff).powf(-alpha) * (-(r / cutoff).powi(2)).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::lanes::{LANES, Lanes};

    #[test]
    fn forces_and_potentials_are_those_of_the_incomplete_gamma_functions() {
        let mut worst = [0.0f64; 2];
        for alpha in [-2.9, -1.0, 0.0, 1.0, 1.8, 2.0, 2.5, 2.9] {
            let c: Vec<f64> = PowerLawCutoff.constants(&[1.0 / GRAVITY_KPC_KMS2_MSUN, alpha, 1.0]);
            assert_eq!(c.len(), HEAD + FOUR_POLYNOMIALS);
            let eight: Vec<Lanes> = c.iter().map(|&v| Lanes([v; LANES])).collect();
            let (a, b) = (1.5 - 0.5 * alpha, 1.0 - 0.5 * alpha);
            let gamma = ln_gamma(a).exp();
            let at = |i: usize| 10f64.powf(-3.0 + i as f64 * 0.0125);
            for i in 0..400 {
                let r = at(i);
                let u = r * r;
                let mass = if u < 3.5 { lower_shape(a, u) * u.powf(a) / (a * gamma) } else { 1.0 - upper(a, u) / gamma };
                let beyond = if u < 3.5 {
                    // Gamma(B, u) is Gamma(B, 3.5) and the rest of the series.
                    let lower = |u: f64| -> f64 { quotient(b, u.ln(), u.powf(b)) + u.powf(b + 1.0) * regular(b, u) };
                    upper(b, 3.5) + lower(3.5) - lower(u)
                } else {
                    upper(b, u)
                };
                let (pull, potential) = (-mass / (r * r), -(mass / r + beyond / gamma));
                let found: (f64, [f64; 3]) = (PowerLawCutoff.potential(&c, [0.0, r, 0.0]), PowerLawCutoff.acceleration(&c, [0.0, r, 0.0]));
                for (worst, off) in worst.iter_mut().zip([found.1[1] / pull - 1.0, found.0 / potential - 1.0]) {
                    if off.abs() > 1e-14 {
                        println!("alpha {alpha}, r {r}: {off:e}");
                    }
                    *worst = worst.max(off.abs());
                }
                // Neighbours on the other sides of the joins change no bit.
                let zero = Lanes([0.0; LANES]);
                let many = Lanes(std::array::from_fn(|lane| if lane == 0 { r } else { at((i + 57 * lane) % 400) }));
                let (wide, pulls) =
                    (PowerLawCutoff.potential(&eight, [zero, many, zero]), PowerLawCutoff.acceleration(&eight, [zero, many, zero]));
                assert_eq!(
                    (wide.0[0].to_bits(), pulls[1].0[0].to_bits()),
                    (found.0.to_bits(), found.1[1].to_bits()),
                    "alpha {alpha}, r {r}"
                );
            }
        }
        println!("off the functions: forces {:e}, potentials {:e}", worst[0], worst[1]);
        assert!(worst.iter().all(|&w| w < 3e-14), "{worst:?}");
        let c: Vec<f64> = PowerLawCutoff.constants(&[1e10, 1.8, 1.9]);
        let nan = f64::NAN;
        let lost: [f64; 3] = PowerLawCutoff.acceleration(&c, [nan, 0.0, 0.0]);
        assert!(lost[0].is_nan() && PowerLawCutoff.potential(&c, [nan, 0.0, 0.0]).is_nan());
        let still: [f64; 3] = PowerLawCutoff.acceleration(&c, [0.0; 3]);
        assert_eq!(still, [0.0; 3]);
    }
}
