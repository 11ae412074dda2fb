//! Integrals of functions of one variable.

/// Integral of `function` over [low, high] by adaptive Gauss-Kronrod.
pub fn integrate(_function: impl Fn(f64) -> f64, _low: f64, _high: f64, _relative: f64) -> f64 {
    f64::NAN
}
