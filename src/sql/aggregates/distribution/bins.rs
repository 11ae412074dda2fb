//! Equal or given bins, with the edges and the side of every edge as in numpy.
//!
//! Formula    edge_i = min + i (max - min)/bins, the last edge is max; bins are [edge_i, edge_{i+1}), the last one closed
//! Accuracy   the bin is decided by comparing with the edges, never by the rounded division alone
//! Refuses    no bins, too many, min not below max, edges that do not rise
//! See also   SQL `hist2d`, `quantile_track`; numpy `histogram`, `histogram2d`

use crate::error::{Error, Result};

/// Most bins along one axis.
pub const MAX_BINS: usize = 100_000;

/// Bins along one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    edges: Vec<f64>,
    per_unit: Option<f64>,
}

impl Bins {
    /// `count` equal bins from `low` to `high`.
    pub fn equal(low: f64, high: f64, count: f64) -> Result<Self> {
        if !(low < high && (high - low).is_finite()) {
            return Err(Error::usage("the range of the bins is empty")
                .expected("a lower end below the upper end")
                .found(format!("{low} to {high}")));
        }
        if !(count >= 1.0 && count <= MAX_BINS as f64 && count.fract() == 0.0) {
            return Err(Error::usage("wrong number of bins").expected(format!("a whole number from 1 to {MAX_BINS}")).found(count));
        }
        let step = (high - low) / count;
        let mut edges: Vec<f64> = (0..=count as usize).map(|i| i as f64 * step + low).collect();
        if let Some(last) = edges.last_mut() {
            *last = high;
        }
        Ok(Bins { edges, per_unit: Some(count / (high - low)) })
    }

    /// Bins between rising edges.
    pub fn edges(edges: Vec<f64>) -> Result<Self> {
        if edges.len() < 2 || edges.len() > MAX_BINS + 1 || !edges.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(Error::usage("the edges of the bins do not rise")
                .expected("at least two rising numbers")
                .found(format!("{edges:?}")));
        }
        Ok(Bins { edges, per_unit: None })
    }

    /// Number of bins.
    pub fn count(&self) -> usize {
        self.edges.len() - 1
    }

    /// Centre of a bin.
    pub fn centre(&self, bin: usize) -> f64 {
        0.5 * (self.edges[bin] + self.edges[bin + 1])
    }

    /// The bin of a value; none outside and for NaN.
    #[inline]
    pub fn bin(&self, value: f64) -> Option<usize> {
        let last = self.count() - 1;
        let (low, high) = (self.edges[0], self.edges[last + 1]);
        if !(value >= low && value <= high) {
            return None;
        }
        let Some(per_unit) = self.per_unit else {
            return Some(self.edges.partition_point(|&edge| edge <= value).saturating_sub(1).min(last));
        };
        let mut bin = (((value - low) * per_unit) as usize).min(last);
        // Rounding can put a value next to an edge on its wrong side.
        if value < self.edges[bin] {
            bin -= 1;
        } else if bin < last && value >= self.edges[bin + 1] {
            bin += 1;
        }
        Some(bin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_belongs_to_the_bin_above_it_and_the_last_to_the_last() {
        for (low, high, count) in [(0.0, 1.0, 10.0), (-2.75, 0.6, 167.0), (-295.0, 395.0, 199.0), (0.1, 0.7, 6.0)] {
            let bins = Bins::equal(low, high, count).unwrap();
            for i in 0..bins.count() {
                assert_eq!(bins.bin(bins.edges[i]), Some(i));
                assert_eq!(bins.bin(bins.edges[i + 1].next_down()), Some(i));
                assert_eq!(bins.bin(bins.centre(i)), Some(i));
            }
            assert_eq!(bins.bin(high), Some(bins.count() - 1));
            assert_eq!(bins.bin(high.next_up()), None);
            assert_eq!(bins.bin(low.next_down()), None);
        }
        assert_eq!(Bins::equal(0.0, 1.0, 2.0).unwrap().bin(f64::NAN), None);
    }

    #[test]
    fn given_edges() {
        let bins = Bins::edges(vec![0.0, 1.0, 10.0]).unwrap();
        assert_eq!([-0.1, 0.0, 0.99, 1.0, 10.0, 10.1].map(|v| bins.bin(v)), [None, Some(0), Some(0), Some(1), Some(1), None]);
    }

    #[test]
    fn senseless_bins_are_refused() {
        for (low, high, count) in [
            (1.0, 1.0, 3.0),
            (2.0, 1.0, 3.0),
            (0.0, 1.0, 0.0),
            (0.0, 1.0, 2.5),
            (0.0, 1.0, 1e9),
            (f64::NAN, 1.0, 2.0),
            (-1e308, 1e308, 2.0),
        ] {
            assert!(Bins::equal(low, high, count).is_err(), "{low} {high} {count}");
        }
        assert!(Bins::edges(vec![1.0]).is_err() && Bins::edges(vec![1.0, 1.0]).is_err());
    }
}
