//! Exact quantiles by selection, interpolated as numpy does.
//!
//! Formula    h = (n - 1) q, k = floor(h), t = h - k: x_k + (x_{k+1} - x_k) t, from the upper end for t >= 1/2
//! Source     Hyndman & Fan 1996, Am. Stat. 50, 361, type 7; the two-sided interpolation is that of numpy 1.22 and later
//! Accuracy   the same bits as numpy.quantile of doubles
//! Edge cases a NaN among the values gives NaN; one value is every quantile
//! Cost       linear in the number of values
//! See also   SQL `quantile`, `percentile`, `quantile_track`

/// Quantile `q` in [0, 1] of values that are reordered on the way; NaN for no values.
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    if values.is_empty() || values.iter().any(|v| v.is_nan()) {
        return f64::NAN;
    }
    let position = (values.len() - 1) as f64 * q;
    let lower = (position.floor() as usize).min(values.len() - 1);
    let t = position - lower as f64;
    let (_, &mut low, above) = values.select_nth_unstable_by(lower, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    let difference = high - low;
    if t >= 0.5 { high - difference * (1.0 - t) } else { low + difference * t }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_numpy() {
        // numpy 2: np.quantile([3.1, -2.7, 0.1, 9.9, 4.25, 1e-3, 7.7], q)
        let values = [3.1, -2.7, 0.1, 9.9, 4.25, 1e-3, 7.7];
        for (q, expected) in NUMPY {
            assert_eq!(quantile(&mut values.clone(), q), expected, "q = {q}");
        }
    }

    const NUMPY: [(f64, f64); 7] =
        [(0.0, -2.7), (0.05, -1.8897), (0.16, -0.1070400000000001), (0.5, 3.1), (0.84, 7.788), (0.95, 9.239999999999998), (1.0, 9.9)];

    #[test]
    fn edges() {
        assert_eq!(quantile(&mut [5.0], 0.3), 5.0);
        assert!(quantile(&mut [], 0.5).is_nan());
        assert!(quantile(&mut [1.0, f64::NAN], 0.0).is_nan());
        assert_eq!(quantile(&mut [2.0, 2.0, 2.0], 0.77), 2.0);
    }
}
