//! Interpolation in tables: linear, and monotone or given-slope cubic Hermite.
//!
//! Formula    cubic Hermite with slopes m_i; monotone slopes are the weighted harmonic mean of the neighbouring secants
//! Source     Fritsch & Butland 1984, SIAM J. Sci. Stat. Comput. 5, 300
//! Accuracy   linear h^2; Hermite with exact slopes h^4/384 |f''''|
//! Edge cases beyond the ends the end value (linear) or NaN (Hermite); empty tables give NaN; NaN in, NaN out
//! Cost       one binary search
//! See also   `cosmology::AgeTable`

use crate::error::{Error, Result};

/// Index `i` with `x[i] <= at < x[i + 1]`, clamped to a valid interval; needs two ascending entries.
#[inline]
pub fn interval(x: &[f64], at: f64) -> usize {
    x.partition_point(|&v| v <= at).saturating_sub(1).min(x.len().saturating_sub(2))
}

/// Linear interpolation of `y(x)` at `at`; `x` ascending; the end value beyond the ends; NaN for an empty table.
pub fn linear(x: &[f64], y: &[f64], at: f64) -> f64 {
    let count = x.len().min(y.len());
    let (x, y) = (&x[..count], &y[..count]);
    match count {
        0 => return f64::NAN,
        1 => return if at.is_nan() { f64::NAN } else { y[0] },
        _ => {}
    }
    if at <= x[0] {
        return y[0];
    }
    if at >= x[count - 1] {
        return y[count - 1];
    }
    let i = interval(x, at);
    let t = (at - x[i]) / (x[i + 1] - x[i]);
    y[i] + t * (y[i + 1] - y[i])
}

/// A cubic Hermite table.
#[derive(Clone, Debug, PartialEq)]
pub struct Hermite {
    x: Vec<f64>,
    y: Vec<f64>,
    slope: Vec<f64>,
}

impl Hermite {
    /// A table with given slopes dy/dx; `Domain` error unless `x` ascends and all have the same length of two or more.
    pub fn new(x: Vec<f64>, y: Vec<f64>, slope: Vec<f64>) -> Result<Self> {
        if x.len() < 2 || x.len() != y.len() || x.len() != slope.len() {
            return Err(Error::mismatch("interpolation table needs columns of equal length").expected("two rows or more").found(format!(
                "{}, {} and {} values",
                x.len(),
                y.len(),
                slope.len()
            )));
        }
        if let Some(row) = x.windows(2).position(|w| w[0].partial_cmp(&w[1]) != Some(std::cmp::Ordering::Less)) {
            return Err(Error::new(crate::ErrorKind::Domain, "interpolation table does not ascend").at(format!("row {}", row + 1)));
        }
        Ok(Hermite { x, y, slope })
    }

    /// A table whose curve is monotone wherever the data are, with slopes from the data.
    pub fn monotone(x: Vec<f64>, y: Vec<f64>) -> Result<Self> {
        let count = x.len().min(y.len());
        let secant = |i: usize| (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
        let slope = (0..count)
            .map(|i| {
                if count < 2 {
                    return 0.0;
                }
                if i == 0 {
                    return secant(0);
                }
                if i == count - 1 {
                    return secant(count - 2);
                }
                let (left, right) = (secant(i - 1), secant(i));
                if left * right <= 0.0 {
                    return 0.0;
                }
                let (h_left, h_right) = (x[i] - x[i - 1], x[i + 1] - x[i]);
                let (w_left, w_right) = (2.0 * h_right + h_left, h_right + 2.0 * h_left);
                (w_left + w_right) / (w_left / left + w_right / right)
            })
            .collect();
        Self::new(x, y, slope)
    }

    /// Value at `at`; NaN outside the table.
    #[inline]
    pub fn value(&self, at: f64) -> f64 {
        let (first, last) = self.range();
        if at >= first && at <= last { self.value_in(interval(&self.x, at), at) } else { f64::NAN }
    }

    /// Value at `at` by the curve of interval `i`; for callers that know the interval. NaN for no such interval.
    #[inline]
    pub fn value_in(&self, i: usize, at: f64) -> f64 {
        let (Some([x0, x1]), Some([y0, y1]), Some([m0, m1])) =
            (self.x.get(i..i + 2).map(pair), self.y.get(i..i + 2).map(pair), self.slope.get(i..i + 2).map(pair))
        else {
            return f64::NAN;
        };
        let h = x1 - x0;
        let t = (at - x0) / h;
        let u = 1.0 - t;
        // Written from the nearer end so that the nodes are reproduced exactly.
        y0 * u * u * (1.0 + 2.0 * t) + y1 * t * t * (3.0 - 2.0 * t) + h * t * u * (m0 * u - m1 * t)
    }

    /// First and last argument of the table.
    pub fn range(&self) -> (f64, f64) {
        (self.x[0], self.x[self.x.len() - 1])
    }
}

#[inline]
fn pair(slice: &[f64]) -> [f64; 2] {
    [slice[0], slice[1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_holds_the_ends() {
        let (x, y) = ([0.0, 1.0, 3.0], [10.0, 20.0, 0.0]);
        assert_eq!([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 9.0].map(|a| linear(&x, &y, a)), [10.0, 10.0, 15.0, 20.0, 10.0, 0.0, 0.0]);
        assert!(linear(&x, &y, f64::NAN).is_nan() && linear(&[], &[], 1.0).is_nan());
    }

    #[test]
    fn hermite_reproduces_cubics_and_converges_with_the_fourth_power() {
        let x: Vec<f64> = (0..9).map(|i| f64::from(i * i) * 0.1).collect();
        let cubic = |x: f64| 1.0 - 2.0 * x + 0.5 * x * x - 0.25 * x * x * x;
        let slope = |x: f64| -2.0 + x - 0.75 * x * x;
        let table = Hermite::new(x.clone(), x.iter().map(|&v| cubic(v)).collect(), x.iter().map(|&v| slope(v)).collect()).unwrap();
        for k in 0..=64 {
            let at = f64::from(k) * 0.1;
            assert!((table.value(at) - cubic(at)).abs() < 2e-14 * cubic(at).abs().max(1.0), "{at}");
        }
        let error = |n: usize| {
            let x: Vec<f64> = (0..=n).map(|i| i as f64 / n as f64).collect();
            let t = Hermite::new(x.clone(), x.iter().map(|v| v.exp()).collect(), x.iter().map(|v| v.exp()).collect()).unwrap();
            (0..1000).map(|i| f64::from(i) / 1000.0).map(|a| (t.value(a) - a.exp()).abs()).fold(0.0, f64::max)
        };
        let ratio = error(8) / error(16);
        assert!(ratio > 14.0 && ratio < 17.0, "{ratio}");
    }

    #[test]
    fn monotone_never_overshoots() {
        let y = vec![0.0, 0.0, 0.1, 5.0, 5.0, 5.1];
        let table = Hermite::monotone((0..6).map(f64::from).collect(), y).unwrap();
        let values: Vec<f64> = (0..=500).map(|i| table.value(f64::from(i) * 0.01)).collect();
        assert!(values.windows(2).all(|w| w[1] >= w[0] - 1e-14));
        assert!(table.value(-0.1).is_nan() && table.value(5.1).is_nan() && table.value(f64::NAN).is_nan());
    }

    #[test]
    fn bad_tables_are_refused() {
        assert!(Hermite::monotone(vec![1.0], vec![1.0]).is_err());
        assert!(Hermite::monotone(vec![0.0, 0.0], vec![1.0, 2.0]).is_err());
        assert!(Hermite::monotone(vec![0.0, f64::NAN], vec![1.0, 2.0]).is_err());
        assert!(Hermite::new(vec![0.0, 1.0], vec![1.0], vec![0.0, 0.0]).is_err());
    }
}
