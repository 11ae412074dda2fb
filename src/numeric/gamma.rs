//! Gamma functions of numbers of any kind, so that derivatives by the order come along.
//!
//! Formula    ln Gamma by Stirling's series after raising x above 10; F(a, u) = a gamma(a, u) / u^a = exp(-u) sum u^n / ((a+1)...(a+n));
//!            Gamma(a, u) by Legendre's continued fraction
//! Source     Abramowitz & Stegun 1964, 6.1.41, 6.5.29, 6.5.31
//! Accuracy   1e-15 relative for ln Gamma away from its zeros 1 and 2 (absolute there), 1e-14 for the others (tests against scipy)
//! Edge cases the upper function takes any order, 0 and negative ones too, but needs u >= 3
//! See also   `real`, `pieces`

use super::real::Real;

/// Half of ln(2 pi).
const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;
/// Bernoulli numbers B_2k / (2k (2k - 1)).
const STIRLING: [f64; 9] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360_360.0,
    1.0 / 156.0,
    -3617.0 / 122_400.0,
    43_867.0 / 244_188.0,
];
/// How far x is raised before the series.
const RAISED: u32 = 10;
/// Levels of the continued fraction: at u = 3 the rest is below 1e-17.
const LEVELS: u32 = 70;

/// ln Gamma(x) for x > 0.
pub fn ln_gamma<T: Real>(x: T) -> T {
    let mut product = x;
    for step in 1..RAISED {
        product = product * (x + f64::from(step));
    }
    let y = x + f64::from(RAISED);
    let inverse = y.recip();
    let mut series = T::constant(0.0);
    for term in STIRLING.iter().rev() {
        series = series * inverse.square() + *term;
    }
    (y - 0.5) * y.ln() - y + HALF_LN_TWO_PI + series * inverse - product.ln()
}

/// F(a, u) = a u^-a gamma(a, u) for a > 0 and u >= 0: 1 at u = 0, without singularity there.
pub fn lower_shape<T: Real>(a: T, u: f64) -> T {
    // Terms grow up to n = u and then fall like u^n / n!.
    let terms = 30.0 + u + 12.0 * u.sqrt();
    let (mut term, mut sum) = (T::constant(1.0), T::constant(1.0));
    for n in 1..=terms as u32 {
        term = term * u / (a + f64::from(n));
        sum += term;
    }
    sum * (-u).exp()
}

/// Gamma(a, u), the upper incomplete function, for u >= 3 and any a.
pub fn upper<T: Real>(a: T, u: f64) -> T {
    // u^a e^-u / (u + 1 - a - 1 (1 - a) / (u + 3 - a - 2 (2 - a) / (u + 5 - a - ...))), from the inside.
    let mut fraction = -a + (u + 1.0 + 2.0 * f64::from(LEVELS));
    for n in (1..=LEVELS).rev() {
        let n = f64::from(n);
        fraction = -a + (u + 2.0 * n - 1.0) - (-a + n) * n / fraction;
    }
    (a * u.ln() - u).exp() / fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::dual::Dual;

    #[test]
    fn values_and_derivatives_by_the_order() {
        // scipy 1.17.1 special: gammaln, psi, exp1.
        for (x, value, slope) in [
            (0.6, 0.398_233_858_069_235, -1.540_619_213_893_190_5),
            (1.5, -0.120_782_237_635_245_26, 0.036_489_973_978_576_52),
            (7.25, 7.052_185_450_738_539_5, 1.910_453_526_883_736_2),
        ] {
            let found = ln_gamma(Dual::<f64, 1>::variable(x, 0));
            assert!((found.value - value).abs() < 4e-15 * (1.0 + value.abs()), "{x} {}", found.value);
            assert!((found.tangent[0] - slope).abs() < 1e-14, "{x} {}", found.tangent[0]);
        }
        let half = lower_shape(0.5, 2.0) * 2.0 * 2f64.sqrt();
        // gamma(1/2, 2) = sqrt(pi) erf(sqrt 2).
        assert!((half / (std::f64::consts::PI.sqrt() * 0.954_499_736_103_641_6) - 1.0).abs() < 1e-15 * 3.0);
        // Gamma(0, 4) is the exponential integral E1(4).
        assert!((upper(0.0, 4.0) / 0.003_779_352_409_848_906_3 - 1.0).abs() < 1e-14);
        assert!((upper(1.0, 5.0) / (-5f64).exp() - 1.0).abs() < 1e-14);
        for (a, u) in [(0.6, 4.0), (1.5, 12.0), (6.0, 9.0)] {
            let whole = lower_shape(a, u) * f64::powf(u, a) / a + upper(a, u);
            assert!((whole.ln() - ln_gamma(a)).abs() < 1e-14, "{a} {u}");
            let (d, h) = (Dual::<f64, 1>::variable(a, 0), 1e-6);
            let slope = (lower_shape(a + h, u) - lower_shape(a - h, u)) / (2.0 * h);
            assert!((lower_shape(d, u).tangent[0] / slope - 1.0).abs() < 1e-7);
            let slope = (upper(a + h, u) - upper(a - h, u)) / (2.0 * h);
            assert!((upper(d, u).tangent[0] / slope - 1.0).abs() < 1e-7);
        }
    }
}
