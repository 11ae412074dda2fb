//! Binned numbers: grids with counts and weights, their marginals, smoothing, enclosing levels, stepped outlines.
//!
//! Layout     row-major, first row lowest: cell (i, j) is `values[j * columns + i]`
//! Formula    enclosing level of p = the density above which the cells hold the part p of the sum
//! Edge cases the last cell includes its upper edge; empty grids have no level
//! See also   `plot::contour`, `plot::ask`

/// A function of two variables in equal cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Cells along x.
    pub columns: usize,
    /// Cells along y.
    pub rows: usize,
    /// Ends along x.
    pub x: (f64, f64),
    /// Ends along y.
    pub y: (f64, f64),
    /// One value a cell.
    pub values: Vec<f64>,
}

impl Grid {
    /// A grid of zeros.
    pub fn zeros(columns: usize, rows: usize, x: (f64, f64), y: (f64, f64)) -> Self {
        Grid { columns, rows, x, y, values: vec![0.0; columns * rows] }
    }

    /// Size of a cell along x and y.
    pub fn cell(&self) -> (f64, f64) {
        (width(self.x, self.columns), width(self.y, self.rows))
    }

    /// Value of a cell; zero outside.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        if i < self.columns { self.values.get(j * self.columns + i).copied().unwrap_or(0.0) } else { 0.0 }
    }

    /// Add to a cell; outside the grid nothing happens.
    pub fn add(&mut self, i: usize, j: usize, value: f64) {
        if i < self.columns
            && let Some(cell) = self.values.get_mut(j * self.columns + i)
        {
            *cell += value;
        }
    }

    /// Sum of all cells.
    pub fn sum(&self) -> f64 {
        self.values.iter().sum()
    }

    /// Each cell changed by a function.
    pub fn map(&self, change: impl Fn(f64) -> f64) -> Grid {
        Grid { values: self.values.iter().map(|v| change(*v)).collect(), ..self.clone() }
    }

    /// Cell by cell quotient; NaN where the divisor is zero.
    pub fn over(&self, divisor: &Grid) -> Grid {
        let values = self.values.iter().zip(&divisor.values).map(|(a, b)| if *b == 0.0 { f64::NAN } else { a / b }).collect();
        Grid { values, ..self.clone() }
    }

    /// Sums over y for each column.
    pub fn marginal_x(&self) -> Vec<f64> {
        (0..self.columns).map(|i| (0..self.rows).map(|j| self.at(i, j)).sum()).collect()
    }

    /// Sums over x for each row.
    pub fn marginal_y(&self) -> Vec<f64> {
        (0..self.rows).map(|j| (0..self.columns).map(|i| self.at(i, j)).sum()).collect()
    }

    /// Each row divided by its largest value; empty rows are NaN.
    pub fn row_normalised(&self) -> Grid {
        let mut out = self.clone();
        for row in out.values.chunks_mut(self.columns.max(1)) {
            let peak = row.iter().copied().fold(0.0_f64, f64::max);
            for value in row {
                *value = if *value > 0.0 { *value / peak } else { f64::NAN };
            }
        }
        out
    }

    /// Convolution with a Gaussian of `sigma` cells, cut at four sigma; sums are kept but for what leaves the edges.
    pub fn smoothed(&self, sigma: f64) -> Grid {
        const CUT: f64 = 4.0;
        let reach = (CUT * sigma).ceil().max(0.0) as isize;
        let weights: Vec<f64> = (-reach..=reach).map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp()).collect();
        let total: f64 = weights.iter().sum();
        let pass = |from: &Grid, along_x: bool| {
            let mut to = Grid::zeros(from.columns, from.rows, from.x, from.y);
            for j in 0..from.rows {
                for i in 0..from.columns {
                    let value = from.at(i, j);
                    if value == 0.0 {
                        continue;
                    }
                    for (weight, d) in weights.iter().zip(-reach..=reach) {
                        let (ti, tj) = if along_x { (i as isize + d, j as isize) } else { (i as isize, j as isize + d) };
                        if ti >= 0 && tj >= 0 {
                            to.add(ti as usize, tj as usize, value * weight / total);
                        }
                    }
                }
            }
            to
        };
        if sigma > 0.0 { pass(&pass(self, true), false) } else { self.clone() }
    }

    /// The density whose contour encloses the part `p` of the sum.
    pub fn enclosing_level(&self, p: f64) -> Option<f64> {
        let mut cells: Vec<f64> = self.values.iter().copied().filter(|v| *v > 0.0).collect();
        cells.sort_by(|a, b| b.total_cmp(a));
        let wanted = p * cells.iter().sum::<f64>();
        let mut inside = 0.0;
        for value in cells {
            inside += value;
            if inside >= wanted {
                return Some(value);
            }
        }
        None
    }

    /// Smallest and largest value that is finite (and positive, if asked).
    pub fn extremes(&self, positive: bool) -> Option<(f64, f64)> {
        extremes(&self.values, positive)
    }
}

/// Smallest and largest value that is finite (and positive, if asked).
pub fn extremes(values: &[f64], positive: bool) -> Option<(f64, f64)> {
    values.iter().copied().filter(|v| v.is_finite() && (!positive || *v > 0.0)).fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((lo, hi)) => Some((lo.min(v), hi.max(v))),
    })
}

/// The value below which the part `p` of the sorted finite values lies.
pub fn percentile(values: &[f64], p: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let place = (p.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(place).copied()
}

/// Width of one of `bins` cells between two ends.
pub fn width(range: (f64, f64), bins: usize) -> f64 {
    let (span, bins) = (range.1 - range.0, bins.max(1) as f64);
    // The span itself may overflow.
    if span.is_finite() { span / bins } else { range.1 / bins - range.0 / bins }
}

/// Lower edge of cell `i`.
pub fn edge(range: (f64, f64), bins: usize, i: usize) -> f64 {
    if i >= bins { range.1 } else { range.0 + width(range, bins) * i as f64 }
}

/// Middle of cell `i`.
pub fn centre(range: (f64, f64), bins: usize, i: usize) -> f64 {
    0.5 * edge(range, bins, i) + 0.5 * edge(range, bins, i + 1)
}

/// Corners of a stepped outline of bins, from the floor up and back down to it.
pub fn steps(range: (f64, f64), heights: &[f64], floor: f64) -> Vec<(f64, f64)> {
    let bins = heights.len();
    let mut out = vec![(range.0, floor)];
    for (i, height) in heights.iter().enumerate() {
        let height = if height.is_finite() { *height } else { floor };
        out.push((edge(range, bins, i), height));
        out.push((edge(range, bins, i + 1), height));
    }
    out.push((range.1, floor));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid { columns: 3, rows: 2, x: (0.0, 3.0), y: (0.0, 2.0), values: vec![1.0, 2.0, 3.0, 4.0, 0.0, 6.0] }
    }

    #[test]
    fn marginals_and_rows() {
        let g = grid();
        assert_eq!(g.marginal_x(), [5.0, 2.0, 9.0]);
        assert_eq!(g.marginal_y(), [6.0, 10.0]);
        let n = g.row_normalised();
        assert_eq!(n.at(2, 0), 1.0);
        assert_eq!(n.at(0, 1), 4.0 / 6.0);
        assert!(n.at(1, 1).is_nan());
        assert_eq!(g.at(3, 0), 0.0);
    }

    #[test]
    fn a_level_encloses_its_part() {
        // 16 in all: 6 + 4 = 10 is the first partial sum >= 9.6
        assert_eq!(grid().enclosing_level(0.6), Some(4.0));
        assert_eq!(Grid::zeros(4, 4, (0.0, 1.0), (0.0, 1.0)).enclosing_level(0.5), None);
    }

    #[test]
    fn smoothing_keeps_the_sum_and_makes_a_gaussian() {
        let mut g = Grid::zeros(41, 41, (0.0, 1.0), (0.0, 1.0));
        g.add(20, 20, 1.0);
        let s = g.smoothed(2.0);
        assert!((s.sum() - 1.0).abs() < 1e-12);
        assert!((s.at(22, 20) / s.at(20, 20) - (-0.5f64).exp()).abs() < 1e-12);
        assert_eq!(g.smoothed(0.0), g);
    }

    #[test]
    fn edges_meet_the_ends_even_for_huge_ranges() {
        assert_eq!(edge((-1e308, 1e308), 7, 7), 1e308);
        assert!(width((-1e308, 1e308), 7).is_finite());
        assert_eq!(centre((0.0, 10.0), 10, 3), 3.5);
        assert_eq!(steps((0.0, 2.0), &[1.0, 3.0], 0.0), [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 3.0), (2.0, 3.0), (2.0, 0.0)]);
        assert_eq!(percentile(&[3.0, f64::NAN, 1.0, 2.0], 0.5), Some(2.0));
    }
}
