//! Last steps of the moments: exact totals in, one rounding and one division out.
//!
//! Formula    variance = (n Q - S^2) / (n (n - 1)) and relatives; numerators are exact integers
//! Accuracy   1 ulp: numerator, denominator and quotient are rounded once each
//! Edge cases square roots are taken of mantissa and exponent apart, so that nothing overflows on the way
//! See also   `engine::exact`, `engine::spec`

use crate::sql::aggregates::engine::exact::{Exact, scale};
use crate::sql::aggregates::engine::spec::Totals;

/// `sqrt(mantissa 2^exponent)`.
fn root(mantissa: f64, exponent: i32) -> f64 {
    let odd = exponent.rem_euclid(2);
    scale((mantissa * f64::from(1 + odd)).sqrt(), (exponent - odd) / 2)
}

fn over(numerator: &Exact, denominator: f64, out: &mut [f64]) -> bool {
    let (mantissa, exponent) = numerator.to_parts();
    out[0] = scale(mantissa / denominator, exponent);
    true
}

/// Variance of the first argument with `freedom` (n or n - 1) in the denominator.
pub fn variance(totals: &Totals, freedom: f64, out: &mut [f64]) -> bool {
    over(&totals.centred(0, 0, 0), totals.count as f64 * freedom, out)
}

/// Standard deviation of the first argument.
pub fn deviation(totals: &Totals, freedom: f64, out: &mut [f64]) -> bool {
    let (mantissa, exponent) = totals.centred(0, 0, 0).to_parts();
    out[0] = root(mantissa / (totals.count as f64 * freedom), exponent);
    true
}

/// Covariance of two arguments.
pub fn covariance(totals: &Totals, freedom: f64, out: &mut [f64]) -> bool {
    over(&totals.centred(0, 0, 1), totals.count as f64 * freedom, out)
}

/// Correlation of two arguments; NULL when one of them is constant.
pub fn correlation(totals: &Totals, out: &mut [f64]) -> bool {
    let (xx, yy, xy) = (totals.centred(0, 0, 0), totals.centred(1, 1, 1), totals.centred(2, 0, 1));
    if xx.is_zero() || yy.is_zero() {
        return false;
    }
    let (top, top_exponent) = xy.to_parts();
    let (bottom, bottom_exponent) = xx.times(&yy).to_parts();
    // Split the power of two of the root: an even exponent leaves the mantissa as it is.
    let odd = bottom_exponent.rem_euclid(2);
    let bottom = (bottom * f64::from(1 + odd)).sqrt();
    out[0] = scale(top / bottom, top_exponent - (bottom_exponent - odd) / 2).clamp(-1.0, 1.0);
    true
}

/// First sum of products over the first plain sum.
pub fn ratio(totals: &Totals, out: &mut [f64]) -> bool {
    let [weight, _] = &totals.values;
    if weight.is_zero() {
        return false;
    }
    let (bottom, bottom_exponent) = weight.to_parts();
    for (value, product) in out.iter_mut().zip(&totals.products) {
        let (top, top_exponent) = product.to_parts();
        *value = scale(top / bottom, top_exponent - bottom_exponent);
    }
    true
}

/// Three ratios and the total weight.
pub fn centre(totals: &Totals, out: &mut [f64]) -> bool {
    if let Some(last) = out.last_mut() {
        *last = totals.values[0].to_f64();
    }
    ratio(totals, out)
}

/// The sums of products themselves.
pub fn products(totals: &Totals, out: &mut [f64]) -> bool {
    for (value, product) in out.iter_mut().zip(&totals.products) {
        *value = product.to_f64();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_both_parities_and_extremes() {
        assert_eq!(root(9.0, 0), 3.0);
        assert_eq!(root(0.5, 5), 4.0);
        assert_eq!(root(1.0, -3), 0.125_f64.sqrt());
        assert_eq!(root(1.0, 2000), 2.0_f64.powi(1000));
        assert_eq!(root(0.0, 7), 0.0);
    }
}
