//! Bracketed roots of a function of one variable by Brent's method.
//!
//! Formula    inverse quadratic or secant steps, bisection whenever they do not shrink the bracket fast enough
//! Source     Brent 1973, Algorithms for Minimization without Derivatives, chapter 4
//! Accuracy   within `tolerance + 4 eps |x|` of a sign change
//! Edge cases a bracket without sign change, or NaN, is a `Domain` error
//! Cost       about 10 evaluations for smooth functions, at most a few times the bisection count
//! See also   `cosmology::Cosmology::scale_factor`

use crate::error::{Error, ErrorKind, Result};

/// Bisection alone would need fewer; reached only by functions that are not numbers.
const MOST_STEPS: usize = 400;

/// Argument in [low, high] where `function` changes sign, to `tolerance` in the argument.
pub fn brent(mut function: impl FnMut(f64) -> f64, low: f64, high: f64, tolerance: f64) -> Result<f64> {
    let (mut a, mut b) = (low, high);
    let (mut fa, mut fb) = (function(a), function(b));
    if fa == 0.0 {
        return Ok(a);
    }
    if fb == 0.0 {
        return Ok(b);
    }
    // NaN fails this test too.
    if !(fa * fb < 0.0 || (fa < 0.0) != (fb < 0.0)) || fa.is_nan() || fb.is_nan() {
        return Err(Error::new(ErrorKind::Domain, "no root in the interval")
            .expected("values of opposite sign at both ends")
            .found(format!("{fa:e} at {low:e} and {fb:e} at {high:e}")));
    }
    let (mut c, mut fc) = (a, fa);
    let mut step = b - a;
    let mut last = step;
    for _ in 0..MOST_STEPS {
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let near = 2.0 * f64::EPSILON * b.abs() + 0.5 * tolerance;
        let middle = 0.5 * (c - b);
        if middle.abs() <= near || fb == 0.0 {
            return Ok(b);
        }
        if last.abs() >= near && fa.abs() > fb.abs() {
            let s = fb / fa;
            let (mut p, mut q) = if a == c {
                (2.0 * middle * s, 1.0 - s)
            } else {
                let (q, r) = (fa / fc, fb / fc);
                (s * (2.0 * middle * q * (q - r) - (b - a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
            };
            if p > 0.0 {
                q = -q
            } else {
                p = -p
            }
            if 2.0 * p < (3.0 * middle * q - (near * q).abs()).min((last * q).abs()) {
                last = step;
                step = p / q;
            } else {
                step = middle;
                last = middle;
            }
        } else {
            step = middle;
            last = middle;
        }
        (a, fa) = (b, fb);
        b += if step.abs() > near { step } else { near.copysign(middle) };
        fb = function(b);
        if fb.is_nan() {
            break;
        }
        if (fb < 0.0) == (fc < 0.0) {
            (c, fc) = (a, fa);
            step = b - a;
            last = step;
        }
    }
    Err(Error::new(ErrorKind::Domain, "root search met a value that is not a number").at(format!("argument {b:e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_known_roots() {
        let mut calls = 0;
        let root = brent(
            |x| {
                calls += 1;
                x * x - 2.0
            },
            0.0,
            2.0,
            1e-15,
        )
        .unwrap();
        assert!((root - std::f64::consts::SQRT_2).abs() < 1e-15 && calls < 15, "{root} after {calls}");
        // x = cos x, 16 digits from the OEIS constant A003957
        assert!((brent(|x| x - x.cos(), 0.0, 1.0, 1e-15).unwrap() - 0.739_085_133_215_160_6).abs() < 1e-15);
        assert!((brent(|x: f64| (x - 1.0).powi(3), -5.0, 7.5, 1e-12).unwrap() - 1.0).abs() < 1e-4);
        assert_eq!(brent(|x| x, 0.0, 1.0, 1e-9).unwrap(), 0.0);
        assert!((brent(|x| 1e-200 * (x - 3.0), 0.0, 4.0, 1e-12).unwrap() - 3.0).abs() < 1e-11);
    }

    #[test]
    fn refuses_intervals_without_sign_change_and_nan() {
        assert!(brent(|x| x * x + 1.0, -1.0, 1.0, 1e-9).is_err());
        assert!(brent(|_| f64::NAN, 0.0, 1.0, 1e-9).is_err());
        assert!(brent(|x| if x == 0.0 || x == 1.0 { x - 0.5 } else { f64::NAN }, 0.0, 1.0, 1e-9).is_err());
    }
}
