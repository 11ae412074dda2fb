//! One radial function of a multipole: values and slopes at knots, and how it goes on inside and outside.
//!
//! Formula    bends of the quintics by continuity of the third derivative: b_(k-1) - 6 b_k + b_(k+1) =
//!            20 (2 v_k - v_(k-1) - v_(k+1)) / h^2 + 8 (s_(k+1) - s_(k-1)) / h
//! Layout     knots at equal steps h of ln r
//! Units      values, slopes and bends in (km/s)^2, by ln r
//! Edge cases powers that would be solutions of Laplace's equation themselves are moved by 0.01
//! See also   `multipole`

use super::multipole::MultipoleGrid;
use crate::error::{Error, Result};

/// Distance that a power keeps from l and -l - 1.
const APART: f64 = 0.01;

/// A function and its first two derivatives at a knot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Knot {
    /// f.
    pub value: f64,
    /// df / dln r.
    pub slope: f64,
    /// Second derivative.
    pub bend: f64,
}

/// A radial function.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// At each knot \[(km/s)^2\].
    pub values: Vec<f64>,
    /// Derivatives by ln r at each knot \[(km/s)^2\].
    pub slopes: Vec<f64>,
    /// Power of the density inside the first knot.
    pub inner_power: f64,
    /// Power of the density outside the last knot.
    pub outer_power: f64,
}

impl Shape {
    /// `Damaged` error unless it has `knots` finite rows.
    pub fn check(&self, knots: usize) -> Result<()> {
        if self.values.len() != knots || self.slopes.len() != knots {
            return Err(Error::damaged("radial function has another number of rows")
                .expected(format!("{knots} values and slopes"))
                .found(format!("{} and {}", self.values.len(), self.slopes.len())));
        }
        match self.values.iter().chain(&self.slopes).chain([&self.inner_power, &self.outer_power]).find(|x| !x.is_finite()) {
            Some(bad) => Err(Error::damaged("radial function has a number that is not finite").found(bad)),
            None => Ok(()),
        }
    }

    /// The knots of the grid with `below` and `above` more at the same steps.
    pub fn extended(&self, grid: &MultipoleGrid, degree: usize, below: usize, above: usize) -> Vec<Knot> {
        let h = grid.spacing();
        let last = self.values.len().saturating_sub(1);
        let degree = degree as f64;
        let at = |row: usize| (self.values.get(row).copied().unwrap_or(0.0), self.slopes.get(row).copied().unwrap_or(0.0));
        let inner = Tail::new(at(0), degree, self.inner_power + 2.0);
        let outer = Tail::new(at(last), -degree - 1.0, self.outer_power + 2.0);
        let bends = bends(&self.values, &self.slopes, h, inner.at(0.0).bend, outer.at(0.0).bend);
        let inside = (1..=below).rev().map(|k| inner.at(-(k as f64) * h));
        let grid = bends.into_iter().enumerate().map(|(row, bend)| Knot { value: at(row).0, slope: at(row).1, bend });
        let outside = (1..=above).map(|k| outer.at(k as f64 * h));
        inside.chain(grid).chain(outside).collect()
    }
}

/// C exp(p u) + D exp(q u).
struct Tail {
    c: f64,
    p: f64,
    d: f64,
    q: f64,
}

impl Tail {
    /// With this value and slope at u = 0.
    fn new((value, slope): (f64, f64), p: f64, q: f64) -> Tail {
        let q = if (q - p).abs() < APART { p + APART } else { q };
        let d = (slope - p * value) / (q - p);
        Tail { c: value - d, p, d, q }
    }

    fn at(&self, u: f64) -> Knot {
        let (a, b) = (self.c * (self.p * u).exp(), self.d * (self.q * u).exp());
        Knot { value: a + b, slope: self.p * a + self.q * b, bend: self.p * self.p * a + self.q * self.q * b }
    }
}

/// Second derivatives at the knots; those at the ends are given.
fn bends(values: &[f64], slopes: &[f64], h: f64, first: f64, last: f64) -> Vec<f64> {
    let count = values.len();
    let mut out = vec![0.0; count];
    let [Some(low), Some(high)] = [0, count.saturating_sub(1)].map(|i| (i < count).then_some(i)) else { return out };
    (out[low], out[high]) = (first, last);
    // Elimination from the left: out[k] = ratio[k] out[k + 1] + rest.
    let mut ratio = vec![0.0; count];
    for k in 1..high {
        let value = 20.0 * ((values[k] - values[k - 1]) - (values[k + 1] - values[k])) / (h * h);
        let wanted = value + 8.0 * (slopes[k + 1] - slopes[k - 1]) / h;
        let pivot = 6.0 - ratio[k - 1];
        ratio[k] = 1.0 / pivot;
        out[k] = (out[k - 1] - wanted) / pivot;
    }
    for k in (1..high).rev() {
        out[k] += ratio[k] * out[k + 1];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bends_of_a_smooth_function() {
        // f = exp(u) sin(u): f'' = 2 exp(u) cos(u); the error falls with the fourth power of the spacing.
        let worst = |count: usize| {
            let h = 2.0 / (count as f64 - 1.0);
            let u = |k: usize| k as f64 * h;
            let values: Vec<f64> = (0..count).map(|k| u(k).exp() * u(k).sin()).collect();
            let slopes: Vec<f64> = (0..count).map(|k| u(k).exp() * (u(k).sin() + u(k).cos())).collect();
            let exact = |k: usize| 2.0 * u(k).exp() * u(k).cos();
            let found = bends(&values, &slopes, h, exact(0), exact(count - 1));
            (0..count).map(|k| (found[k] - exact(k)).abs()).fold(0.0, f64::max)
        };
        let (coarse, fine) = (worst(9), worst(17));
        assert!(fine < 2e-4 && coarse / fine > 12.0, "{coarse:e} {fine:e}");
        assert_eq!(bends(&[], &[], 1.0, 0.0, 0.0), Vec::<f64>::new());
    }

    #[test]
    fn tails_keep_value_and_slope() {
        for q in [1.3, 2.0, 2.001] {
            let tail = Tail::new((-3.0, 0.7), 2.0, q);
            let knot = tail.at(0.0);
            assert!((knot.value + 3.0).abs() < 1e-12 && (knot.slope - 0.7).abs() < 1e-12, "{q} {knot:?}");
        }
    }
}
