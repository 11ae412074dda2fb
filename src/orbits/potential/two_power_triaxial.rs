//! Ellipsoidal haloes and bulges with a power law inside and another outside.
//!
//! Formula    rho = m / (4 pi a^3) f(xi / a), f(x) = x^-alpha (1 + x)^(alpha - beta), xi^2 = x^2 + y^2 / q1^2 + z^2 / q2^2
//!            acceleration along axis i: -(k / a^2) x_i Int_0^1 f s^2 ds / (A_i sqrt(A_1 A_2)), k = G m q1 q2 / a, A_i = 1 + (q_i^2 - 1) s^2
//!            Phi = -k [Theta(1) U(xi / a) + Int_0^1 Theta(s) f s (x^2 + y^2 / A_1^2 + z^2 / A_2^2) ds / a^2],
//!            Theta(s) = Int_0^s ds / sqrt(A_1 A_2), U(x) = Int_x^inf t f(t) dt, f at xi(s) / a, xi(s)^2 = s^2 (x^2 + y^2 / A_1 + z^2 / A_2)
//! Units      m in Msun, a in kpc
//! Source     Chandrasekhar 1969, Ellipsoidal figures of equilibrium, theorem 12; Binney & Tremaine 2008, eq. 2.140, by parts, so that
//!            the incomplete beta function U is asked for once a point
//! Accuracy   Gauss-Legendre of order 64 in the fourth root of s, or a higher one for alpha > 2: 1e-12 relative out to 100 a, 1e-8 to
//!            10,000 a for axis ratios above 0.3 (tests against scipy's adaptive quadrature)
//! Edge cases beta > 2, as the potential has no zero point otherwise; at the origin the acceleration is 0; derivatives by alpha are exact,
//!            but the nodes are those of the alpha of the component
//! Cost       a force 64 exponentials, square roots and divisions and 128 logarithms a point
//! See also   `triaxial_nfw`, `profile`

use std::f64::consts::PI;
use std::sync::OnceLock;

use super::power_law_cutoff::quotient;
use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, TINY_KPC2};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::pieces::Pieces;
use crate::numeric::quadrature::gauss_legendre;
use crate::numeric::real::Real;

/// The profile: the power of the variable of the quadrature.
#[derive(Clone, Debug)]
pub struct TwoPowerTriaxial {
    power: f64,
}

/// Its registration.
pub const KIND: Kind = Kind {
    name: "two_power_triaxial",
    description: "ellipsoidal density with one power law inside and another outside",
    peers: "galpy TwoPowerTriaxialPotential, agama Spheroid(gamma, beta, axisRatioY, axisRatioZ)",
    source: "Binney & Tremaine 2008, eqs. 2.64 and 2.140",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "mass scale 4 pi rho_0 a^3" },
        Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radius a between the slopes" },
        Parameter { name: "alpha", unit: "1", default: Some(1.0), allowed: Allowed::Between(-1.0, 3.0), description: "inner slope" },
        Parameter { name: "beta", unit: "1", default: Some(3.0), allowed: Allowed::Between(2.0, 12.0), description: "outer slope" },
        Parameter { name: "q1", unit: "1", default: Some(1.0), allowed: Allowed::Positive, description: "axis ratio y to x" },
        Parameter { name: "q2", unit: "1", default: Some(1.0), allowed: Allowed::Positive, description: "axis ratio z to x" },
    ],
    spherical: false,
    axisymmetric: false,
    build: |parameters| {
        // The integrand goes as the power 3 - alpha of s at its lower end: a higher root makes it smooth there.
        let power = ROOT * (3.0 - parameters[2]).recip().max(1.0);
        Ok(Profile::TwoPowerTriaxial(TwoPowerTriaxial { power }))
    },
};

/// Nodes of the quadrature, and of that of Theta.
const ORDER: usize = 64;
/// s is this power of the variable of the quadrature for alpha <= 2.
const ROOT: f64 = 4.0;
/// Constants before those of the nodes; for each node: s, 1 / A_1, 1 / A_2, weight s^2 / sqrt(A_1 A_2), weight s Theta.
const HEAD: usize = 10;
const EACH: usize = 5;
/// U from w = x / (1 + x) below one half, from 1 - w above: the tables, one after the other.
const HALF: f64 = 0.5;
const TABLE: Pieces = Pieces { first: 0.0, width: 0.1, count: 5 };
/// Terms of the power series at 1/2: 2^-60 is below the last place.
const TERMS: u32 = 60;

/// Sum over n >= `first` of (c)_n / n! v^(n - first) / (n + shift): Int_0^1 (1 - v t)^-c t^(shift - 1) dt for `first` = 0.
fn series<T: Real>(c: T, shift: T, v: f64, first: u32) -> T {
    let (mut sum, mut factor) = (T::constant(0.0), T::constant(1.0));
    for n in 0..TERMS {
        if n >= first {
            sum += factor / (shift + f64::from(n));
        }
        factor = factor * (c + f64::from(n)) * (if n >= first { v } else { 1.0 } / f64::from(n + 1));
    }
    sum
}

impl TwoPowerTriaxial {
    /// f of x = xi / a.
    #[inline(always)]
    fn shape<T: Real>(c: &[T], x: T) -> T {
        (c[3] * x.ln_1p() - c[2] * x.ln()).exp()
    }

    /// U of x = xi / a.
    #[inline(always)]
    fn outside<T: Real>(c: &[T], x: T) -> T {
        let (inner, outer) = c[HEAD + ORDER * EACH..].split_at(TABLE.coefficients());
        let v = (x + 1.0).recip();
        let w = x * v;
        let far = (v.ln() * c[7]).exp() * TABLE.value(outer, v);
        let log = w.ln();
        let power = (log * c[5]).exp();
        let near = c[6] - quotient(c[5], log, power) - power * w * TABLE.value(inner, w);
        T::choose(v.less(T::constant(HALF)), far, near)
    }
}

impl Formulas for TwoPowerTriaxial {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        static NODES: OnceLock<(Vec<f64>, Vec<f64>)> = OnceLock::new();
        let (nodes, weights) = NODES.get_or_init(|| gauss_legendre(ORDER));
        let [mass, scale, alpha, beta, q1, q2] = std::array::from_fn(|i| parameters[i]);
        let inverse = scale.recip();
        let root = |s: f64| [q1, q2].map(|q| ((q.square() - 1.0) * (s * s) + 1.0).recip());
        let theta = |end: f64| {
            let mut sum = T::constant(0.0);
            for (node, weight) in nodes.iter().zip(weights) {
                let flat = root(end * 0.5 * (1.0 + node));
                sum += (flat[0] * flat[1]).sqrt() * (0.5 * weight * end);
            }
            sum
        };
        // b = 2 - alpha: U = U(1/2) + Int_w^(1/2) t^(b - 1) (1 - t)^(beta - 3) dt below w = 1/2.
        let (b, fall, rise) = (-(alpha - 2.0), beta - 2.0, -(beta - 3.0));
        let log_half = T::constant(HALF.ln());
        let half_power = (b * log_half).exp();
        let at_half = (fall * log_half).exp() * series(alpha - 1.0, fall, HALF, 0);
        let whole = at_half + quotient(b, log_half, half_power) + half_power * HALF * series(rise, b, HALF, 1);
        let strength = -(mass * GRAVITY_KPC_KMS2_MSUN * q1 * q2 * inverse);
        let mut constants = Vec::with_capacity(HEAD + ORDER * EACH + 2 * TABLE.coefficients());
        constants.extend([strength, inverse, alpha, alpha - beta, theta(1.0), b, whole, fall, q1.square().recip(), q2.square().recip()]);
        for (node, weight) in nodes.iter().zip(weights) {
            let y = 0.5 * (1.0 + node);
            let s = y.powf(self.power);
            let weight = 0.5 * weight * self.power * s / y;
            let flat = root(s);
            let along = (flat[0] * flat[1]).sqrt() * (weight * s * s);
            constants.extend([T::constant(s), flat[0], flat[1], along, theta(s) * (weight * s)]);
        }
        constants.extend(TABLE.fit(|w| series(rise, b, w, 1)));
        constants.extend(TABLE.fit(|v| series(alpha - 1.0, fall, v, 0)));
        constants
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> T {
        let (x2, y2, z2) = (x * x, y * y, z * z);
        let mut sum = T::constant(0.0);
        for node in c[HEAD..HEAD + ORDER * EACH].chunks_exact(EACH) {
            let (by, bz) = (y2 * node[1], z2 * node[2]);
            let m = (x2 + by + bz + TINY_KPC2).sqrt() * node[0] * c[1];
            sum += node[4] * Self::shape(c, m) * (x2 + by * node[1] + bz * node[2]);
        }
        let m = (x2 + y2 * c[8] + z2 * c[9] + TINY_KPC2).sqrt() * c[1];
        c[0] * (c[4] * Self::outside(c, m) + sum * c[1] * c[1])
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> [T; 3] {
        let (x2, y2, z2) = (x * x, y * y, z * z);
        let mut sum = [T::constant(0.0); 3];
        for node in c[HEAD..HEAD + ORDER * EACH].chunks_exact(EACH) {
            let m = (x2 + y2 * node[1] + z2 * node[2] + TINY_KPC2).sqrt() * node[0] * c[1];
            let pull = node[3] * Self::shape(c, m);
            sum[0] += pull;
            sum[1] += pull * node[1];
            sum[2] += pull * node[2];
        }
        let strength = c[0] * c[1] * c[1];
        [x * sum[0] * strength, y * sum[1] * strength, z * sum[2] * strength]
    }

    fn density(&self, parameters: &[f64], [x, y, z]: [f64; 3]) -> f64 {
        let (scale, alpha, beta) = (parameters[1], parameters[2], parameters[3]);
        let m = (x * x + (y / parameters[4]).powi(2) + (z / parameters[5]).powi(2)).sqrt() / scale;
        parameters[0] / (4.0 * PI * scale.powi(3)) * m.powf(-alpha) * (1.0 + m).powf(alpha - beta)
    }
}
