//! Contour lines of a grid by marching squares.
//!
//! Formula    crossings by linear interpolation between cell centres; saddles are decided by the mean of the four corners
//! Edge cases the grid is surrounded by one row below the level, so every line is closed; NaN counts as below
//! Cost       one pass over the cells, one ordered map of open ends
//! See also   `plot::histogram`; Lorensen & Cline 1987 for the idea in three dimensions

use std::collections::BTreeMap;

use super::histogram::{Grid, centre};

/// A crossing of the lattice: the corner it starts from and its direction (true along x).
type Edge = (i64, i64, bool);

/// Lines where the grid equals `level`, in the grid's own x and y.
pub fn lines(grid: &Grid, level: f64) -> Vec<Vec<(f64, f64)>> {
    let floor = grid.extremes(false).map_or(level - 1.0, |(lo, _)| lo.min(level) - (level - lo).abs().max(f64::MIN_POSITIVE));
    let value = |i: i64, j: i64| {
        if i < 0 || j < 0 || i >= grid.columns as i64 || j >= grid.rows as i64 {
            return floor;
        }
        let v = grid.at(i as usize, j as usize);
        if v.is_finite() { v } else { floor }
    };
    let mut next: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
    let mut join = |a: Edge, b: Edge| {
        next.entry(a).or_default().push(b);
        next.entry(b).or_default().push(a);
    };
    for j in -1..grid.rows as i64 {
        for i in -1..grid.columns as i64 {
            let corners = [value(i, j), value(i + 1, j), value(i + 1, j + 1), value(i, j + 1)];
            let above = corners.map(|v| v >= level);
            let (south, east, north, west) = ((i, j, true), (i + 1, j, false), (i, j + 1, true), (i, j, false));
            let crossed: Vec<Edge> = [(south, 0, 1), (east, 1, 2), (north, 2, 3), (west, 3, 0)]
                .into_iter()
                .filter(|(_, a, b)| above[*a] != above[*b])
                .map(|(edge, _, _)| edge)
                .collect();
            match crossed.as_slice() {
                [a, b] => join(*a, *b),
                [_, _, _, _] => {
                    let centre_above = corners.iter().sum::<f64>() / 4.0 >= level;
                    // The corner (i, j) joins its opposite through the middle when both are on the middle's side.
                    if above[0] == centre_above {
                        join(south, east);
                        join(north, west);
                    } else {
                        join(south, west);
                        join(north, east);
                    }
                }
                _ => {}
            }
        }
    }
    let place = |edge: Edge| {
        let (i, j, along_x) = edge;
        let (a, b) = (value(i, j), if along_x { value(i + 1, j) } else { value(i, j + 1) });
        let part = if (b - a).abs() > 0.0 { ((level - a) / (b - a)).clamp(0.0, 1.0) } else { 0.5 };
        let (fi, fj) = if along_x { (i as f64 + part, j as f64) } else { (i as f64, j as f64 + part) };
        (coordinate(grid.x, grid.columns, fi), coordinate(grid.y, grid.rows, fj))
    };
    let mut out = Vec::new();
    while let Some((&start, _)) = next.iter().find(|(_, ends)| !ends.is_empty()) {
        let mut line = vec![place(start)];
        let mut here = start;
        while let Some(there) = next.get_mut(&here).and_then(Vec::pop) {
            if let Some(back) = next.get_mut(&there)
                && let Some(k) = back.iter().position(|e| *e == here)
            {
                back.swap_remove(k);
            }
            line.push(place(there));
            here = there;
        }
        next.retain(|_, ends| !ends.is_empty());
        out.push(line);
    }
    out
}

/// Coordinate of a fractional cell index, held inside the grid.
fn coordinate(range: (f64, f64), bins: usize, index: f64) -> f64 {
    let first = centre(range, bins, 0);
    let last = centre(range, bins, bins.saturating_sub(1));
    let value = if bins > 1 { first + (last - first) * index / (bins - 1) as f64 } else { first };
    value.clamp(range.0.min(range.1), range.0.max(range.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn radial() -> Grid {
        let n = 101;
        let mut g = Grid::zeros(n, n, (-5.0, 5.0), (-5.0, 5.0));
        for j in 0..n {
            for i in 0..n {
                let (x, y) = (centre(g.x, n, i), centre(g.y, n, j));
                g.add(i, j, 10.0 - x.hypot(y));
            }
        }
        g
    }

    #[test]
    fn the_level_of_a_cone_is_one_closed_circle() {
        let found = lines(&radial(), 7.0);
        assert_eq!(found.len(), 1);
        let line = &found[0];
        assert_eq!(line.first(), line.last());
        // linear interpolation on a cone with cells of 0.1: the sagitta is h^2 / (8 r) = 4e-4
        for (x, y) in line {
            assert!((x.hypot(*y) - 3.0).abs() < 1e-3, "{x} {y}");
        }
        // area by the shoelace formula
        let area: f64 = line.windows(2).map(|p| 0.5 * (p[0].0 * p[1].1 - p[1].0 * p[0].1)).sum();
        assert!((area.abs() / (std::f64::consts::PI * 9.0) - 1.0).abs() < 1e-3, "{area}");
    }

    #[test]
    fn saddles_edges_and_nothing() {
        let saddle = Grid { columns: 2, rows: 2, x: (0.0, 2.0), y: (0.0, 2.0), values: vec![1.0, 0.0, 0.0, 1.0] };
        assert_eq!(lines(&saddle, 0.6).len(), 2, "low middle separates the corners");
        assert_eq!(lines(&saddle, 0.4).len(), 1, "high middle joins them");
        assert!(lines(&saddle, 5.0).is_empty());
        let full = saddle.map(|_| 1.0);
        assert_eq!(lines(&full, 0.5).len(), 1, "closed along the border");
        assert!(lines(&Grid::zeros(0, 0, (0.0, 1.0), (0.0, 1.0)), 0.5).is_empty());
        assert!(lines(&full.map(|_| f64::NAN), 0.5).is_empty());
    }
}
