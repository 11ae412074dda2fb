//! A power law with a Gaussian cut-off: the bulge of MWPotential2014.
//!
//! Formula    rho ~ r^-alpha exp(-u), u = (r / r_c)^2; M(<r) = M P(A, u), A = (3 - alpha) / 2
//!            Phi = -G M [P(A, u) / r + Gamma(B, u) / (r_c Gamma(A))], B = 1 - alpha / 2, Gamma(B, u) the upper incomplete function
//! Units      M in Msun, r_c in kpc
//! Source     Binney & Tremaine 2008, eq. 2.208 (a Gaussian in place of the exponential); Bovy 2015, ApJS 216, 29, table 1
//! Accuracy   1e-14 relative (tests): P / u^A and the regular part of Gamma(B, u) are piecewise polynomials, made once for the parameters
//! Edge cases alpha >= 2 is allowed, where the potential has no limit at r = 0; P = 1 beyond u = 40
//! Cost       one exponential, one logarithm, 13 steps of a polynomial a force; 5,000 numbers a set of parameters
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

/// Where P(A, u) / u^A is tabulated; beyond, P is 1 to the last place.
const MASS: Pieces = Pieces { first: 0.0, width: 1.0, count: 40 };
/// Where the regular part of Gamma(B, u) is tabulated, and from where Gamma(B, u) itself is.
const INNER: Pieces = Pieces { first: 0.0, width: 1.0, count: 4 };
const OUTER: Pieces = Pieces { first: 4.0, width: 1.0, count: 36 };
/// Up to this u the lower function is a series; above it is what the upper one leaves.
const SERIES_TO: f64 = 8.0;
/// Below this |w| the quotient (exp(w) - 1) / w is a series.
const QUOTIENT_SERIES_BELOW: f64 = 0.5;
/// Its terms: 0.5^15 / 16! is below the last place.
const QUOTIENT_TERMS: u32 = 15;
/// Terms of the regular part at u <= 4: 4^45 / 45! is below the last place.
const REGULAR_TERMS: u32 = 45;
/// Constants before the tables.
const HEAD: usize = 8;

/// (exp(w) - 1) / w.
#[inline(always)]
fn quotient<T: Real>(w: T) -> T {
    let mut series = T::constant(1.0);
    for n in (2..=QUOTIENT_TERMS).rev() {
        series = series * w / f64::from(n) + 1.0;
    }
    let small = w.abs().less(T::constant(QUOTIENT_SERIES_BELOW));
    // A divisor away from 0 keeps derivatives of the side that is not taken finite.
    let divisor = T::choose(small, T::constant(1.0), w);
    T::choose(small, series, w.exp_m1() / divisor)
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
        // Gamma(B, u) = whole - ln(u) quotient(B ln u) - u^(B+1) regular(u), matched where the table begins.
        let join = OUTER.first;
        let log_join = join.ln();
        let whole = upper(b, join) + quotient(b * log_join) * log_join + ((b + 1.0) * log_join).exp() * regular(b, join);
        let mut constants =
            vec![strength, cutoff.square().recip(), alpha * 0.5, cutoff.powi(3).recip(), b, whole, (cutoff * gamma).recip(), cutoff.recip()];
        constants.extend(MASS.fit(|u| {
            if u < SERIES_TO {
                lower_shape(a, u) / (a * gamma)
            } else {
                (-(upper(a, u) / gamma) + 1.0) * (-(a * u.ln())).exp()
            }
        }));
        constants.extend(INNER.fit(|u| regular(b, u)));
        constants.extend(OUTER.fit(|u| upper(b, u)));
        constants
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        let r2 = dot(p, p) + TINY_KPC2;
        let u = r2 * c[1];
        let log = u.ln();
        let (mass, inner, outer) = tables(c);
        let share = enclosed(c, mass, u, log) * u * c[7];
        let power = (c[4] * log).exp();
        let below = c[5] - log * quotient(c[4] * log) - power * u * INNER.value(inner, u);
        let above = T::choose(T::constant(OUTER.last()).less(u), T::constant(0.0), OUTER.value(outer, u));
        let upper = T::choose(u.less(T::constant(OUTER.first)), below, above);
        -(c[0] * (share + upper * c[6]))
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let u = (dot(p, p) + TINY_KPC2) * c[1];
        let (mass, _, _) = tables(c);
        let pull = -(c[0] * c[3] * enclosed(c, mass, u, u.ln()));
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
    let inside = MASS.value(table, u) * (-(c[2] * log)).exp();
    T::choose(u.less(T::constant(MASS.last())), inside, (u * u.sqrt()).recip())
}

/// The three tables.
#[inline(always)]
fn tables<T>(c: &[T]) -> (&[T], &[T], &[T]) {
    let (mass, rest) = c[HEAD..].split_at(MASS.coefficients());
    let (inner, outer) = rest.split_at(INNER.coefficients());
    (mass, inner, outer)
}
