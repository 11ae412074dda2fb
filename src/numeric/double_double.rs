//! Twice the precision of f64 from pairs `hi + lo`, as far as exact moments need it.
//!
//! Formula    variance = (S2 - S1^2 / n) / (n - ddof) with S1, S2 to 106 bits
//! Source     Dekker 1971, Numer. Math. 18, 224; Knuth, TAOCP 2, 4.2.2 (two-sum)
//! Accuracy   relative 1e-15 while (mean / deviation)^2 is below 1e16
//! Edge cases a variance that rounding makes negative is 0; n <= ddof gives NaN
//! See also   `numeric::exact_sum`

/// An unevaluated sum of two f64, the second below half a unit of the first in the last place.
pub type Pair = (f64, f64);

/// Exact `a + b`.
#[inline]
pub fn two_sum(a: f64, b: f64) -> Pair {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// Exact `a * b`.
#[inline]
pub fn two_product(a: f64, b: f64) -> Pair {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

/// Product of two pairs.
pub fn product(a: Pair, b: Pair) -> Pair {
    let (hi, lo) = two_product(a.0, b.0);
    two_sum(hi, lo + (a.0 * b.1 + a.1 * b.0))
}

/// Difference of two pairs.
pub fn difference(a: Pair, b: Pair) -> Pair {
    let (hi, lo) = two_sum(a.0, -b.0);
    let (low, rest) = two_sum(a.1, -b.1);
    let (hi, lo) = two_sum(hi, lo + low);
    two_sum(hi, lo + rest)
}

/// Quotient of a pair by an f64.
pub fn quotient(a: Pair, b: f64) -> Pair {
    let first = a.0 / b;
    let left = difference(a, two_product(first, b));
    two_sum(first, (left.0 + left.1) / b)
}

/// Variance from the exact sum of values, the exact sum of their squares and their number.
///
/// `freedom` is 1 for the sample and 0 for the population.
pub fn variance(count: u64, sum: Pair, squares: Pair, freedom: u64) -> f64 {
    if count <= freedom {
        return f64::NAN;
    }
    covariance(count, sum, sum, squares, freedom).max(0.0)
}

/// Covariance from exact sums of x, of y and of x y.
pub fn covariance(count: u64, sum_x: Pair, sum_y: Pair, products: Pair, freedom: u64) -> f64 {
    if count <= freedom {
        return f64::NAN;
    }
    let rest = difference(products, quotient(product(sum_x, sum_y), count as f64));
    let spread = quotient(rest, (count - freedom) as f64);
    spread.0 + spread.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::exact_sum::ExactSum;

    fn moments(values: &[f64]) -> (Pair, Pair) {
        let (mut s, mut q) = (ExactSum::default(), ExactSum::default());
        values.iter().for_each(|&v| {
            s.add(v);
            q.add_product(v, v);
        });
        (s.value_hi_lo(), q.value_hi_lo())
    }

    #[test]
    fn variance_survives_a_large_mean() {
        // Deviations -2..2 about the mean: variance 2.5, exactly, wherever the mean lies.
        for mean in [0.0, 1e3, 1e7, 1e9, 4e15] {
            let (s, q) = moments(&[mean - 2.0, mean - 1.0, mean, mean + 1.0, mean + 2.0]);
            assert_eq!(variance(5, s, q, 1), 2.5, "mean {mean}");
            assert_eq!(variance(5, s, q, 0), 2.0);
        }
        let (s, q) = moments(&[0.1; 7]);
        assert!(variance(7, s, q, 1) < 1e-33);
        assert!(variance(1, (1.0, 0.0), (1.0, 0.0), 1).is_nan());
        // Eight rows of the Longley employment column; Python statistics.variance
        let employed = [60323.0, 61122.0, 60171.0, 61187.0, 63221.0, 63639.0, 64989.0, 63761.0];
        let (s, q) = moments(&employed);
        assert!((variance(8, s, q, 1) / 3_296_286.553_571_428_6 - 1.0).abs() < 1e-15, "{:.17}", variance(8, s, q, 1));
    }

    #[test]
    fn pairs_hold_what_f64_drops() {
        assert_eq!(two_sum(1.0, 2f64.powi(-80)), (1.0, 2f64.powi(-80)));
        let third = quotient((1.0, 0.0), 3.0);
        let back = product(third, (3.0, 0.0));
        assert!((back.0 - 1.0 + back.1).abs() < 1e-31);
        assert_eq!(covariance(3, (6.0, 0.0), (12.0, 0.0), (28.0, 0.0), 1), 2.0);
    }
}
