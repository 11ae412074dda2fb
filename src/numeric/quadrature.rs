//! Integrals of functions of one variable: adaptive Gauss-Kronrod, and Gauss-Legendre nodes of any order.
//!
//! Formula    15-point Kronrod rule with the embedded 7-point Gauss rule; halves an interval until its error share is met
//! Source     Piessens et al. 1983, QUADPACK, tables of qk15 and its error scaling; Newton on Legendre polynomials for the nodes
//! Accuracy   relative `relative` for smooth integrands; polynomials up to degree 22 to rounding (tested)
//! Edge cases low = high gives 0; low > high changes the sign; a NaN inside gives NaN; gives up refining at depth 48
//! See also   `cosmology`

use std::f64::consts::PI;

/// Kronrod nodes on [0, 1]; every second one is a Gauss node. QUADPACK qk15, 1983.
const KRONROD_NODES: [f64; 8] = [
    0.991_455_371_120_812_6,
    0.949_107_912_342_758_5,
    0.864_864_423_359_769_1,
    0.741_531_185_599_394_4,
    0.586_087_235_467_691_1,
    0.405_845_151_377_397_2,
    0.207_784_955_007_898_47,
    0.0,
];
/// Weights of the Kronrod nodes. QUADPACK qk15, 1983.
const KRONROD_WEIGHTS: [f64; 8] = [
    0.022_935_322_010_529_224,
    0.063_092_092_629_978_56,
    0.104_790_010_322_250_18,
    0.140_653_259_715_525_92,
    0.169_004_726_639_267_9,
    0.190_350_578_064_785_4,
    0.204_432_940_075_298_9,
    0.209_482_141_084_727_82,
];
/// Weights of the embedded Gauss nodes. QUADPACK qk15, 1983.
const GAUSS_WEIGHTS: [f64; 4] = [0.129_484_966_168_869_7, 0.279_705_391_489_276_64, 0.381_830_050_505_118_9, 0.417_959_183_673_469_4];
/// Error scaling of QUADPACK: `min(1, (200 e)^1.5)`.
const ERROR_SCALE: f64 = 200.0;
const ERROR_POWER: f64 = 1.5;
const DEEPEST: u32 = 48;
/// Relative error that rounding alone makes; no interval is refined below it.
const ROUNDING: f64 = 50.0 * f64::EPSILON;

/// Value, error estimate and integral of the absolute value over one interval.
fn kronrod(function: &impl Fn(f64) -> f64, low: f64, high: f64) -> (f64, f64, f64) {
    let (centre, half) = (0.5 * (low + high), 0.5 * (high - low));
    let at_centre = function(centre);
    let mut fine = KRONROD_WEIGHTS[7] * at_centre;
    let mut coarse = GAUSS_WEIGHTS[3] * at_centre;
    let mut size = fine.abs();
    let mut values = [(0.0, 0.0); 7];
    for (i, value) in values.iter_mut().enumerate() {
        let step = half * KRONROD_NODES[i];
        let (left, right) = (function(centre - step), function(centre + step));
        *value = (left, right);
        fine += KRONROD_WEIGHTS[i] * (left + right);
        size += KRONROD_WEIGHTS[i] * (left.abs() + right.abs());
        if i % 2 == 1 {
            coarse += GAUSS_WEIGHTS[i / 2] * (left + right);
        }
    }
    let mean = 0.5 * fine;
    let spread = values.iter().zip(&KRONROD_WEIGHTS).map(|((l, r), w)| w * ((l - mean).abs() + (r - mean).abs())).sum::<f64>()
        + KRONROD_WEIGHTS[7] * (at_centre - mean).abs();
    let difference = (fine - coarse).abs();
    let error = if spread > 0.0 { spread * (ERROR_SCALE * difference / spread).powf(ERROR_POWER).min(1.0) } else { difference };
    (fine * half, error * half.abs(), size * half.abs())
}

/// Integral of `function` over [low, high] to `relative` of the integral of its absolute value.
pub fn integrate(function: impl Fn(f64) -> f64, low: f64, high: f64, relative: f64) -> f64 {
    let (whole, error, size) = kronrod(&function, low, high);
    let allowed = relative.max(ROUNDING) * size;
    if error <= allowed || !whole.is_finite() {
        return whole;
    }
    refine(&function, low, high, allowed, DEEPEST)
}

fn refine(function: &impl Fn(f64) -> f64, low: f64, high: f64, allowed: f64, depth: u32) -> f64 {
    let middle = 0.5 * (low + high);
    let half = |a: f64, b: f64| {
        let (value, error, size) = kronrod(function, a, b);
        if error <= (0.5 * allowed).max(ROUNDING * size) || depth == 0 || !value.is_finite() {
            value
        } else {
            refine(function, a, b, 0.5 * allowed, depth - 1)
        }
    };
    half(low, middle) + half(middle, high)
}

/// Gauss-Legendre nodes and weights on [-1, 1], nodes ascending; exact for polynomials of degree `2 count - 1`.
pub fn gauss_legendre(count: usize) -> (Vec<f64>, Vec<f64>) {
    /// Newton steps: the start is good to three digits, so four double it past f64.
    const NEWTON_STEPS: usize = 6;
    let n = count as f64;
    let mut nodes = vec![0.0; count];
    let mut weights = vec![0.0; count];
    for i in 0..count {
        let mut x = -(PI * (i as f64 + 0.75) / (n + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..NEWTON_STEPS {
            let (mut below, mut here) = (1.0, x);
            for k in 2..=count {
                let k = k as f64;
                (below, here) = (here, ((2.0 * k - 1.0) * x * here - (k - 1.0) * below) / k);
            }
            if count == 1 {
                below = 1.0;
            }
            slope = n * (x * here - below) / (x * x - 1.0);
            x -= here / slope;
        }
        nodes[i] = x;
        weights[i] = 2.0 / ((1.0 - x * x) * slope * slope);
    }
    (nodes, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kronrod_is_exact_for_degree_22() {
        for degree in (0..=22).step_by(2) {
            let (value, _, _) = kronrod(&|x: f64| x.powi(degree), -1.0, 1.0);
            assert!((value * f64::from(degree + 1) / 2.0 - 1.0).abs() < 4e-15, "degree {degree}: {value}");
        }
        let (value, _, _) = kronrod(&|x: f64| x.powi(24), -1.0, 1.0);
        assert!((value * 12.5 - 1.0).abs() > 1e-12, "degree 24 is beyond the rule");
    }

    #[test]
    fn known_integrals() {
        assert!((integrate(f64::exp, 0.0, 1.0, 1e-13) - (std::f64::consts::E - 1.0)).abs() < 1e-15);
        assert!((integrate(|x| 1.0 / (1.0 + x * x), -50.0, 50.0, 1e-13) - 2.0 * 50f64.atan()).abs() < 1e-12);
        assert!((integrate(|x: f64| x.sqrt(), 0.0, 1.0, 1e-12) - 2.0 / 3.0).abs() < 1e-11);
        assert!((integrate(|x: f64| (40.0 * x).cos(), 0.0, 1.0, 1e-12) - 40f64.sin() / 40.0).abs() < 1e-13);
        assert_eq!(integrate(|x| x, 1.0, 1.0, 1e-9), 0.0);
        assert!((integrate(|x| x, 1.0, 0.0, 1e-9) + 0.5).abs() < 1e-15);
        assert!(integrate(|_| f64::NAN, 0.0, 1.0, 1e-9).is_nan());
    }

    #[test]
    fn gauss_legendre_is_exact_and_symmetric() {
        for count in [1, 2, 5, 16, 64] {
            let (nodes, weights) = gauss_legendre(count);
            assert!((weights.iter().sum::<f64>() - 2.0).abs() < 2e-14, "{count}");
            assert!(nodes.windows(2).all(|w| w[0] < w[1]));
            let degree = 2 * count as i32 - 2;
            let moment: f64 = nodes.iter().zip(&weights).map(|(x, w)| w * x.powi(degree)).sum();
            assert!((moment * f64::from(degree + 1) / 2.0 - 1.0).abs() < 1e-13, "{count}: {moment}");
        }
        assert!(gauss_legendre(0).0.is_empty());
    }
}
