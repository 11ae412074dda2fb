//! A power law with a Gaussian cut-off: the bulge of MWPotential2014.
//!
//! Formula    rho ~ r^-alpha exp(-u), u = (r / r_c)^2; M(<r) = M P(A, u), A = (3 - alpha) / 2
//!            Phi = -G M [P(A, u) / r + Gamma(B, u) / (r_c Gamma(A))], B = 1 - alpha / 2, Gamma(B, u) the upper incomplete function
//! Units      M in Msun, r_c in kpc
//! Source     Binney & Tremaine 2008, eq. 2.208 (a Gaussian in place of the exponential); Bovy 2015, ApJS 216, 29, table 1
//! Accuracy   1e-14 relative (tests): the smooth factors of P and Gamma(B, u) are piecewise polynomials, made once for the parameters
//! Edge cases alpha >= 2 is allowed, where the potential has no limit at r = 0; P = 1 beyond u = 40
//! Cost       one exponential, one logarithm, 13 steps of a polynomial a force; 1,100 numbers a set of parameters
//! See also   `numeric::gamma`, `numeric::pieces`, `profile`

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, TINY_KPC2};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::gamma::{ln_gamma, lower_shape, upper};
use crate::numeric::pieces::Pieces;
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

/// Where the tables reach; beyond, P is 1 and Gamma(B, u) is 0 to the last place.
const TABLE: Pieces = Pieces { first: 0.0, width: 1.0, count: 40 };
/// Below this u the tables hold what is regular at 0: P(A, u) / u^A and the regular part of Gamma(B, u). Above it they hold
/// 1 - P(A, u) and Gamma(B, u), which vanish far out, so that nothing cancels there.
const JOIN: f64 = 4.0;
/// Below this |w| the quotient (exp(w) - 1) / w is a series.
const QUOTIENT_SERIES_BELOW: f64 = 0.5;
/// Its terms: 0.5^15 / 16! is below the last place.
const QUOTIENT_TERMS: u32 = 15;
/// Terms of the regular part at u <= 4: 4^45 / 45! is below the last place.
const REGULAR_TERMS: u32 = 45;
/// Constants before the tables.
const HEAD: usize = 8;

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
        // Gamma(B, u) = whole - quotient - u^(B+1) regular(u), matched where the tables change.
        let log_join = T::constant(JOIN.ln());
        let power = (b * log_join).exp();
        let whole = upper(b, JOIN) + quotient(b, log_join, power) + power * JOIN * regular(b, JOIN);
        let head =
            [strength, cutoff.square().recip(), alpha * 0.5, cutoff.powi(3).recip(), b, whole, (cutoff * gamma).recip(), cutoff.recip()];
        let mut constants = Vec::with_capacity(HEAD + 2 * TABLE.coefficients());
        constants.extend(head);
        constants.extend(TABLE.fit(|u| if u < JOIN { lower_shape(a, u) / (a * gamma) } else { upper(a, u) / gamma }));
        constants.extend(TABLE.fit(|u| if u < JOIN { regular(b, u) } else { upper(b, u) }));
        constants
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        let r2 = dot(p, p) + TINY_KPC2;
        let u = r2 * c[1];
        let log = u.ln();
        let (mass, rest) = c[HEAD..].split_at(TABLE.coefficients());
        let share = enclosed(c, mass, u, log) * u * c[7];
        let (table, power) = (TABLE.value(rest, u), (c[4] * log).exp());
        let below = c[5] - quotient(c[4], log, power) - power * u * table;
        let upper = T::choose(u.less(T::constant(JOIN)), below, table);
        -(c[0] * (share + upper * c[6]))
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let u = (dot(p, p) + TINY_KPC2) * c[1];
        let pull = -(c[0] * c[3] * enclosed(c, &c[HEAD..], u, u.ln()));
        p.map(|x| x * pull)
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let (mass, alpha, cutoff) = (parameters[0], parameters[1], parameters[2]);
        let r = dot(p, p).sqrt();
        let gamma = ln_gamma(1.5 - 0.5 * alpha).exp();
        mass / (2.0 * std::f64::consts::PI * gamma * cutoff.powi(3)) * (r / cutoff).powf(-alpha) * (-(r / cutoff).powi(2)).exp()
    }
}

/// P(A, u) / u^(3/2): the mean density inside, but for constants.
#[inline(always)]
fn enclosed<T: Real>(c: &[T], table: &[T], u: T, log: T) -> T {
    let value = TABLE.value(table, u);
    T::choose(u.less(T::constant(JOIN)), value * (-(c[2] * log)).exp(), (-value + 1.0) / (u * u.sqrt()))
}
