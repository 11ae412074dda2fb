//! The potential of a disc: azimuthal harmonics times functions of R and z on a grid, joined to a multipole outside.
//!
//! Formula    Phi = w sum F_m(xi, eta) {cos, sin}(m phi) + (1 - w) Phi_multipole, xi = asinh(R / R_0), eta = asinh(z / z_0);
//!            w falls from 1 at 0.9 to 0 at 1 of the grid in xi and in eta, so that nothing jumps
//! Layout     knots at equal steps of xi from the axis and of eta, from the plane or from -z_max where the planes differ; bicubic splines
//!            with continuous second derivatives
//! Units      kpc, (km/s)^2, Msun/kpc^3
//! Source     Vasiliev 2019, MNRAS 482, 1525, A.4 (CylSpline) for the idea
//! Accuracy   the force errs with the third power of the steps (tests)
//! Edge cases within 1e-5 R_0 of the axis the radius is softened
//! Cost       16 table entries and 50 operations a harmonic, and a multipole
//! See also   `cylindrical_fit`, `multipole`

use std::f64::consts::PI;

use super::harmonics::Symmetry;
use super::model::Fitted;
use super::multipole::{Multipole, MultipoleGrid};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::dual::Dual;
use crate::numeric::real::{Real, Tabulated};

/// Part of the grid that is not joined to the multipole.
const INNER_SHARE: f64 = 0.9;
/// Radius over R_0 within which the axis is softened.
const SOFT: f64 = 1e-5;
/// Knots in each direction: least and most.
pub const KNOTS: std::ops::RangeInclusive<usize> = 5..=200;
/// Highest azimuthal order.
pub const HIGHEST_ORDER: usize = 12;
/// Degree of the outer multipole where azimuth does not matter, and least one where it does.
const OUTER_DEGREE: [usize; 2] = [12, 8];
/// Its grid, as shares of the lesser and the greater end of the grid.
const OUTER_RADII: [f64; 2] = [0.02, 30.0];
const OUTER_KNOTS: usize = 40;
const BICUBIC: usize = 16;

/// Where the knots are.
#[derive(Clone, Debug, PartialEq)]
pub struct CylindricalGrid {
    /// R_0: steps are equal below it and grow like R above it \[kpc\].
    pub radial_scale_kpc: f64,
    /// z_0 \[kpc\]; a third of the thickness of the disc is good.
    pub vertical_scale_kpc: f64,
    /// End of the grid in R \[kpc\].
    pub greatest_radius_kpc: f64,
    /// End of the grid in |z| \[kpc\]; best as great as that in R.
    pub greatest_height_kpc: f64,
    /// Knots from the axis to the end.
    pub radial_knots: usize,
    /// Knots from the plane to the end.
    pub vertical_knots: usize,
    /// Highest azimuthal order.
    pub order: usize,
    /// Terms that are kept; spherical is axisymmetric.
    pub symmetry: Symmetry,
}

impl CylindricalGrid {
    /// `Domain` error for scales and ends that make no sense, too few or too many knots, too high an order.
    pub fn check(&self) -> Result<()> {
        let bad = |what: &str, expected: String, found: String| {
            Err(Error::new(ErrorKind::Domain, what.to_string()).expected(expected).found(found))
        };
        let ends = [(self.radial_scale_kpc, self.greatest_radius_kpc), (self.vertical_scale_kpc, self.greatest_height_kpc)];
        for (scale, end) in ends {
            if !(scale > 0.0 && end >= scale && end <= scale * 1e6) {
                return bad(
                    "scale and end of the grid make no sense",
                    "0 < scale <= end <= 1e6 scales".into(),
                    format!("{scale} and {end} kpc"),
                );
            }
        }
        for knots in [self.radial_knots, self.vertical_knots] {
            if !KNOTS.contains(&knots) {
                return bad("number of knots makes no sense", format!("{} to {}", KNOTS.start(), KNOTS.end()), knots.to_string());
            }
        }
        if self.order > HIGHEST_ORDER {
            return bad("azimuthal order is too high", format!("0 to {HIGHEST_ORDER}"), self.order.to_string());
        }
        self.outer().check()
    }

    /// Grid of the multipole outside.
    pub fn outer(&self) -> MultipoleGrid {
        let (r, z) = (self.greatest_radius_kpc, self.greatest_height_kpc);
        let symmetry = if self.symmetry == Symmetry::Spherical { Symmetry::Axisymmetric } else { self.symmetry };
        let order = if symmetry == Symmetry::Axisymmetric { 0 } else { self.order };
        MultipoleGrid {
            least_kpc: OUTER_RADII[0] * r.min(z),
            greatest_kpc: OUTER_RADII[1] * r.max(z),
            knots: OUTER_KNOTS,
            degree: if order == 0 { OUTER_DEGREE[0] } else { OUTER_DEGREE[1].max(order) },
            order,
            symmetry,
        }
    }

    /// Orders m, and whether with the sine.
    pub fn waves(&self) -> Vec<(usize, bool)> {
        let keep = |m: usize, sine: bool| match self.symmetry {
            Symmetry::Spherical | Symmetry::Axisymmetric => m == 0,
            Symmetry::Triaxial => m.is_multiple_of(2) && !sine,
            Symmetry::None => m > 0 || !sine,
        };
        (0..=self.order).flat_map(|m| [(m, false), (m, true)]).filter(|(m, sine)| keep(*m, *sine)).collect()
    }

    /// Whether z and -z are the same.
    pub fn folded(&self) -> bool {
        self.symmetry != Symmetry::None
    }

    /// Rows of the table in z.
    pub fn rows(&self) -> usize {
        if self.folded() { self.vertical_knots } else { 2 * self.vertical_knots - 1 }
    }

    /// Ends of xi and eta.
    pub(super) fn ends(&self) -> [f64; 2] {
        [asinh(self.greatest_radius_kpc / self.radial_scale_kpc), asinh(self.greatest_height_kpc / self.vertical_scale_kpc)]
    }

    /// Steps of xi and eta.
    pub(super) fn steps(&self) -> [f64; 2] {
        let [xi, eta] = self.ends();
        [xi / (self.radial_knots as f64 - 1.0), eta / (self.vertical_knots as f64 - 1.0)]
    }

    /// First eta.
    pub(super) fn lowest(&self) -> f64 {
        if self.folded() { 0.0 } else { -self.ends()[1] }
    }

    /// R and z \[kpc\] at steps from the first knot, whole or not.
    pub(super) fn at(&self, column: f64, row: f64) -> [f64; 2] {
        let [h, k] = self.steps();
        [self.radial_scale_kpc * (column * h).sinh(), self.vertical_scale_kpc * (self.lowest() + row * k).sinh()]
    }
}

/// asinh x for x >= 0.
#[inline(always)]
pub(super) fn asinh<T: Real>(x: T) -> T {
    (x + (x.square() + 1.0).sqrt()).ln()
}

/// A fitted disc.
#[derive(Clone, Debug, PartialEq)]
pub struct Cylindrical {
    /// Its grid.
    pub grid: CylindricalGrid,
    /// For each wave the potential at the knots \[(km/s)^2\]: rows of z within columns of R.
    pub values: Vec<Vec<f64>>,
    /// The potential outside.
    pub outer: Multipole,
    waves: Vec<(usize, bool)>,
    /// For each cell, wave by wave.
    table: Vec<[f64; BICUBIC]>,
    cells: [usize; 2],
    ends: [f64; 2],
}

impl Cylindrical {
    /// The potential with these values at the knots: for each wave of the grid, rows of z within columns of R.
    pub fn new(grid: CylindricalGrid, values: Vec<Vec<f64>>, outer: Multipole) -> Result<Cylindrical> {
        grid.check()?;
        let waves = grid.waves();
        let (columns, rows) = (grid.radial_knots, grid.rows());
        if values.len() != waves.len() || values.iter().any(|v| v.len() != columns * rows) {
            return Err(Error::damaged("disc has another number of values")
                .expected(format!("{} times {}", waves.len(), columns * rows))
                .found(format!("{} times {:?}", values.len(), values.first().map(Vec::len))));
        }
        if values.iter().flatten().any(|v| !v.is_finite()) {
            return Err(Error::damaged("disc has a number that is not finite"));
        }
        let cells = [columns - 1, rows - 1];
        let mut table = vec![[0.0; BICUBIC]; cells[0] * cells[1] * waves.len()];
        for (wave, values) in values.iter().enumerate() {
            let patches = patches(values, [columns, rows], waves[wave].0, grid.folded());
            for (cell, patch) in patches.into_iter().enumerate() {
                table[cell * waves.len() + wave] = patch;
            }
        }
        let ends = grid.ends();
        Ok(Cylindrical { grid, values, outer, waves, table, cells, ends })
    }

    #[inline(always)]
    fn place<T: Real>(&self, [x, y, z]: [T; 3]) -> Place<T> {
        let grid = &self.grid;
        let soft = SOFT * grid.radial_scale_kpc;
        let radius = (x * x + y * y + soft * soft).sqrt();
        let [h, k] = grid.steps();
        let zero = T::constant(0.0);
        let below = z.less(zero);
        let height = T::choose(below, -z, z);
        let (xi, eta) = (asinh(radius / grid.radial_scale_kpc), asinh(height / grid.vertical_scale_kpc));
        let side = T::choose(below, T::constant(-1.0), T::constant(1.0));
        let (fade, turn) = (fade(xi / self.ends[0]), fade(eta / self.ends[1]));
        let by_radius = (radius.square() + grid.radial_scale_kpc * grid.radial_scale_kpc).sqrt().recip();
        let by_height = (height.square() + grid.vertical_scale_kpc * grid.vertical_scale_kpc).sqrt().recip() * side;
        let signed = if grid.folded() { eta } else { eta * side };
        let cell = |at: T, count: usize| {
            let last = T::constant(count as f64 - 1.0);
            let floor = at.floor().max(zero).min(last);
            // Chosen by strict comparisons: a part of exactly 0, on the plane, keeps its derivatives.
            let (part, one) = (at - floor, T::constant(1.0));
            let part = T::choose(part.less(zero), zero, part);
            (floor, T::choose(one.less(part), one, part))
        };
        let (column, t) = cell(xi / h, self.cells[0]);
        let (row, s) = cell((signed - grid.lowest()) / k, self.cells[1]);
        Place {
            direction: [x / radius, y / radius],
            radius,
            cell: column * self.cells[1] as f64 + row,
            t,
            s,
            slope: [by_radius / h, by_height / k * if grid.folded() { T::constant(1.0) } else { side }],
            weight: fade.0 * turn.0,
            fall: [fade.1 * turn.0 * by_radius / self.ends[0], fade.0 * turn.1 * by_height / self.ends[1]],
        }
    }

    /// Potential of the table, and its derivatives by x, y and z.
    #[inline(always)]
    fn disc<T: Real>(&self, place: &Place<T>) -> (T, [T; 3]) {
        let (zero, one) = (T::constant(0.0), T::constant(1.0));
        let [nx, ny] = place.direction;
        let (mut value, mut by_radius, mut by_height, mut by_direction) = (zero, zero, zero, [zero; 2]);
        let (mut power, mut below, mut reached) = ([one, zero], [zero, zero], 0);
        for (wave, (order, sine)) in self.waves.iter().enumerate() {
            while reached < *order {
                reached += 1;
                below = power;
                power = [power[0] * nx - power[1] * ny, power[0] * ny + power[1] * nx];
            }
            let m = *order as f64;
            let (factor, by_x, by_y) =
                if *sine { (power[1], below[1] * m, below[0] * m) } else { (power[0], below[0] * m, -(below[1] * m)) };
            let [f, by_t, by_s] = self.patch(place, wave);
            value += f * factor;
            by_radius += by_t * factor;
            by_height += by_s * factor;
            by_direction[0] += f * by_x;
            by_direction[1] += f * by_y;
        }
        let along = by_radius * place.slope[0] - (nx * by_direction[0] + ny * by_direction[1]) / place.radius;
        let side = |n: T, d: T| n * along + d / place.radius;
        (value, [side(nx, by_direction[0]), side(ny, by_direction[1]), by_height * place.slope[1]])
    }

    /// Value and slopes by t and s of a wave.
    #[inline(always)]
    fn patch<T: Real>(&self, place: &Place<T>, wave: usize) -> [T; 3] {
        let entry = |k: usize| Entry { rows: &self.table, waves: self.waves.len(), wave, k };
        let (t, s) = (place.t, place.s);
        let zero = T::constant(0.0);
        let (mut value, mut by_t, mut by_s) = (zero, zero, zero);
        for i in (0..4).rev() {
            let c = [0, 1, 2, 3].map(|j| place.cell.lookup(&entry(4 * i + j), 0));
            let row = ((c[3] * s + c[2]) * s + c[1]) * s + c[0];
            let slope = (c[3] * s * 3.0 + c[2] * 2.0) * s + c[1];
            by_t = by_t * t + value;
            value = value * t + row;
            by_s = by_s * t + slope;
        }
        [value, by_t, by_s]
    }

    /// Density \[Msun/kpc^3\] at `p` \[kpc\]: the Laplacian of the potential.
    pub fn density(&self, p: [f64; 3]) -> f64 {
        type Slope = Dual<f64, 3>;
        let pull = self.acceleration::<Slope>(std::array::from_fn(|i| Slope::variable(p[i], i)));
        -(pull[0].tangent[0] + pull[1].tangent[1] + pull[2].tangent[2]) / (4.0 * PI * GRAVITY_KPC_KMS2_MSUN)
    }
}

impl Fitted for Cylindrical {
    #[inline(always)]
    fn potential_at<T: Real>(&self, p: [T; 3]) -> T {
        let place = self.place(p);
        let far = self.outer.potential(p);
        far + (self.disc(&place).0 - far) * place.weight
    }

    #[inline(always)]
    fn acceleration_at<T: Real>(&self, p: [T; 3]) -> [T; 3] {
        let place = self.place(p);
        let (phi, slopes) = self.disc(&place);
        let pull = self.outer.acceleration(p);
        let off = phi - self.outer.potential(p);
        let [nx, ny] = place.direction;
        let fall = [place.fall[0] * nx, place.fall[0] * ny, place.fall[1]];
        [0, 1, 2].map(|i| pull[i] - (slopes[i] + pull[i]) * place.weight - off * fall[i])
    }
}

/// 1 below [`INNER_SHARE`], 0 above 1, smooth between; and its slope.
#[inline(always)]
fn fade<T: Real>(share: T) -> (T, T) {
    let (zero, one) = (T::constant(0.0), T::constant(1.0));
    let width = 1.0 - INNER_SHARE;
    let u = ((share - INNER_SHARE) / width).max(zero).min(one);
    let value = one - u * u * u * ((u * 6.0 - 15.0) * u + 10.0);
    let bump = u * (one - u);
    (value, -(bump * bump * (30.0 / width)))
}

struct Place<T> {
    direction: [T; 2],
    radius: T,
    cell: T,
    t: T,
    s: T,
    /// dt / dR and ds / dz.
    slope: [T; 2],
    weight: T,
    /// Derivatives of the weight by R and z.
    fall: [T; 2],
}

/// One coefficient of a wave, as a function of the number of the cell.
struct Entry<'a> {
    rows: &'a [[f64; BICUBIC]],
    waves: usize,
    wave: usize,
    k: usize,
}

/// Bits of 2^52: a whole number added to it stands in the low bits.
const WHOLE: f64 = 4_503_599_627_370_496.0;

impl Tabulated for Entry<'_> {
    #[inline(always)]
    fn derivative(&self, order: usize, x: f64) -> f64 {
        if order > 0 {
            return 0.0;
        }
        let cell = (x + WHOLE).to_bits() as u32 as usize;
        self.rows.get(cell * self.waves + self.wave).and_then(|row| row.get(self.k)).copied().unwrap_or(f64::NAN)
    }
}

/// Bicubic patches of all cells from the values at the knots.
fn patches(values: &[f64], [columns, rows]: [usize; 2], order: usize, folded: bool) -> Vec<[f64; BICUBIC]> {
    let value = |i: usize, j: usize| values[i * rows + j];
    let radial = |line: &[f64]| {
        // Odd orders are odd functions of R, even ones even.
        let first = if order.is_multiple_of(2) { 0.0 } else { (16.0 * line[1] - 2.0 * line[2]) / 12.0 };
        slopes(line, first, end_slope(line.iter().rev()))
    };
    let vertical = |line: &[f64]| slopes(line, if folded { 0.0 } else { -end_slope(line.iter()) }, end_slope(line.iter().rev()));
    let column = |table: &[f64], j: usize| (0..columns).map(|i| table[i * rows + j]).collect::<Vec<_>>();
    let (mut by_t, mut by_s, mut by_both) = (vec![0.0; values.len()], vec![0.0; values.len()], vec![0.0; values.len()]);
    for j in 0..rows {
        for (i, slope) in radial(&column(values, j)).into_iter().enumerate() {
            by_t[i * rows + j] = slope;
        }
    }
    for i in 0..columns {
        let line: Vec<f64> = (0..rows).map(|j| value(i, j)).collect();
        by_s[i * rows..(i + 1) * rows].copy_from_slice(&vertical(&line));
    }
    for j in 0..rows {
        for (i, slope) in radial(&column(&by_s, j)).into_iter().enumerate() {
            by_both[i * rows + j] = slope;
        }
    }
    let mut out = Vec::with_capacity((columns - 1) * (rows - 1));
    for i in 0..columns - 1 {
        for j in 0..rows - 1 {
            let corner = |table: &[f64]| {
                [[table[i * rows + j], table[i * rows + j + 1]], [table[(i + 1) * rows + j], table[(i + 1) * rows + j + 1]]]
            };
            let (f, g, h, b) = (corner(values), corner(&by_t), corner(&by_s), corner(&by_both));
            // Cubic in s at the two sides, of the value and of the slope by t; then cubic in t of each coefficient.
            let side = |v: [f64; 2], w: [f64; 2]| cubic(v[0], w[0], v[1], w[1]);
            let (low, high) = (side(f[0], h[0]), side(f[1], h[1]));
            let (low_slope, high_slope) = (side(g[0], b[0]), side(g[1], b[1]));
            let mut patch = [0.0; BICUBIC];
            for k in 0..4 {
                for (power, c) in cubic(low[k], low_slope[k], high[k], high_slope[k]).into_iter().enumerate() {
                    patch[4 * power + k] = c;
                }
            }
            out.push(patch);
        }
    }
    out
}

/// Coefficients of the cubic from t = 0 to 1 with these values and slopes.
fn cubic(a: f64, slope_a: f64, b: f64, slope_b: f64) -> [f64; 4] {
    let rise = b - a;
    [a, slope_a, 3.0 * rise - 2.0 * slope_a - slope_b, slope_a + slope_b - 2.0 * rise]
}

/// Outward slope, in steps, at the first of five values, of the quartic through them.
fn end_slope<'a>(line: impl Iterator<Item = &'a f64>) -> f64 {
    let weights = [25.0, -48.0, 36.0, -16.0, 3.0];
    line.zip(weights).map(|(v, w)| v * w).sum::<f64>() / 12.0
}

/// Slopes, in steps, of the cubic spline with these slopes at its ends.
fn slopes(values: &[f64], first: f64, last: f64) -> Vec<f64> {
    let count = values.len();
    let mut out = vec![0.0; count];
    let mut ratio = vec![0.0; count];
    (out[0], out[count - 1]) = (first, last);
    // s_(k-1) + 4 s_k + s_(k+1) = 3 (v_(k+1) - v_(k-1)).
    for k in 1..count - 1 {
        let pivot = 4.0 - ratio[k - 1];
        ratio[k] = 1.0 / pivot;
        out[k] = (3.0 * (values[k + 1] - values[k - 1]) - out[k - 1]) / pivot;
    }
    for k in (1..count - 1).rev() {
        out[k] -= ratio[k] * out[k + 1];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splines_and_their_ends() {
        let f = |k: usize| (0.3 * k as f64).sin();
        let line: Vec<f64> = (0..12).map(f).collect();
        let exact = |k: usize| 0.3 * (0.3 * k as f64).cos();
        assert!((end_slope(line.iter()) + exact(0)).abs() < 1e-3 && (end_slope(line.iter().rev()) - exact(11)).abs() < 1e-3);
        let found = slopes(&line, exact(0), exact(11));
        for (k, slope) in found.iter().enumerate() {
            assert!((slope - exact(k)).abs() < 1e-4, "{k} {slope}");
        }
        let (high, _) = fade(0.5f64);
        assert_eq!((high, fade(1.2f64).0), (1.0, 0.0));
        let slope = (fade(0.95 + 1e-6).0 - fade(0.95 - 1e-6).0) / 2e-6;
        assert!((slope / fade(0.95f64).1 - 1.0).abs() < 1e-6);
    }
}
