//! The potential of spherical harmonics times tabulated functions of the radius.
//!
//! Formula    Phi = sum f_lm(ln r) Y_lm; f has its exact value and slope at each knot, r_k f = -G (I_k + O_k) / (2 l + 1),
//!            I_k = sum_in m (r / r_k)^l Y, O_k = sum_out m (r_k / r)^(l + 1) Y, and is a quintic between knots whose third derivative
//!            has no jump; inside and outside f = C r^l + D r^(s + 2) and C r^(-l - 1) + D r^(s + 2) for densities like r^s
//! Units      kpc, (km/s)^2, Msun/kpc^3
//! Source     Binney & Tremaine 2008, Galactic Dynamics, eq. 2.95; Vasiliev 2019, MNRAS 482, 1525, A.4 for the grid
//! Accuracy   between knots the error falls with the sixth power of their spacing (tests)
//! Edge cases within 1e-5 of the innermost knot the radius is softened, so that the centre is regular; beyond 1e3 times the outermost
//!            knot every term falls like 1/r
//! Cost       one logarithm, and 6 table entries with 20 operations a term
//! See also   `multipole_fit`, `harmonics`

use std::f64::consts::PI;

use super::harmonics::{Harmonics, Radial, Symmetry, downhill};
use super::model::Fitted;
use super::shape::{Knot, Shape};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::real::{Real, Tabulated, dot};

/// Table below the innermost knot and above the outermost one, as ratios of radii.
const BELOW: f64 = 1e-5;
const ABOVE: f64 = 1e3;
/// Coefficients of a quintic.
pub(super) const QUINTIC: usize = 6;
/// Steps of the grid in ln r: least and most.
pub const SPACINGS: std::ops::RangeInclusive<f64> = 0.02..=3.0;
/// Knots of the grid: least and most.
pub const KNOTS: std::ops::RangeInclusive<usize> = 4..=400;

/// Where the knots are and which terms there are.
#[derive(Clone, Debug, PartialEq)]
pub struct MultipoleGrid {
    /// Innermost knot \[kpc\].
    pub least_kpc: f64,
    /// Outermost knot \[kpc\].
    pub greatest_kpc: f64,
    /// Knots, at equal ratios.
    pub knots: usize,
    /// Highest degree.
    pub degree: usize,
    /// Highest order.
    pub order: usize,
    /// Terms that are kept.
    pub symmetry: Symmetry,
}

impl MultipoleGrid {
    /// `Domain` error unless 0 < least < greatest, with 4 to 400 knots and a degree that harmonics have.
    pub fn check(&self) -> Result<()> {
        if !(self.least_kpc > 0.0 && self.greatest_kpc > self.least_kpc && self.greatest_kpc.is_finite()) {
            return Err(Error::new(ErrorKind::Domain, "radii of the grid make no sense")
                .expected("two ascending radii above 0")
                .found(format!("{} and {} kpc", self.least_kpc, self.greatest_kpc)));
        }
        if !KNOTS.contains(&self.knots) {
            return Err(Error::new(ErrorKind::Domain, "number of radii of the grid makes no sense")
                .expected(format!("{} to {}", KNOTS.start(), KNOTS.end()))
                .found(self.knots));
        }
        if !SPACINGS.contains(&self.spacing()) {
            return Err(Error::new(ErrorKind::Domain, "radii of the grid are too close or too far apart")
                .expected(format!("ratios of {:.2} to {:.0}", SPACINGS.start().exp(), SPACINGS.end().exp()))
                .found(self.spacing().exp()));
        }
        Harmonics::new(self.symmetry, self.degree, self.order).map(|_| ())
    }

    /// Between neighbours, in ln r.
    pub fn spacing(&self) -> f64 {
        (self.greatest_kpc / self.least_kpc).ln() / (self.knots as f64 - 1.0)
    }

    /// Radius of a knot \[kpc\].
    pub fn radius(&self, knot: usize) -> f64 {
        self.least_kpc * (self.spacing() * knot as f64).exp()
    }
}

/// A fitted multipole.
#[derive(Clone, Debug, PartialEq)]
pub struct Multipole {
    /// Its grid.
    pub grid: MultipoleGrid,
    /// Radial functions, one for each term.
    pub shapes: Vec<Shape>,
    harmonics: Harmonics,
    /// By interval, then term.
    table: Vec<[f64; QUINTIC]>,
    intervals: usize,
    lowest: f64,
    softening_kpc: f64,
}

impl Multipole {
    /// The potential with these radial functions, one for each term of the grid.
    pub fn new(grid: MultipoleGrid, shapes: Vec<Shape>) -> Result<Multipole> {
        grid.check()?;
        let harmonics = Harmonics::new(grid.symmetry, grid.degree, grid.order)?;
        if shapes.len() != harmonics.terms().len() {
            return Err(Error::damaged("multipole has another number of radial functions")
                .expected(harmonics.terms().len())
                .found(shapes.len()));
        }
        for (shape, term) in shapes.iter().zip(harmonics.terms()) {
            shape.check(grid.knots).map_err(|e| e.at(format!("l = {}, m = {}", term.degree, term.order)))?;
        }
        let h = grid.spacing();
        let (below, above) = ((-BELOW.ln() / h).ceil() as usize, (ABOVE.ln() / h).ceil() as usize);
        let intervals = below + grid.knots - 1 + above;
        let mut table = vec![[0.0; QUINTIC]; intervals * shapes.len()];
        for (term, shape) in shapes.iter().enumerate() {
            let knots = shape.extended(&grid, harmonics.terms()[term].degree, below, above);
            for (interval, pair) in knots.windows(2).enumerate() {
                table[interval * shapes.len() + term] = quintic(pair[0], pair[1], h);
            }
        }
        let lowest = grid.least_kpc.ln() - below as f64 * h;
        Ok(Multipole { softening_kpc: grid.least_kpc * BELOW, grid, shapes, harmonics, table, intervals, lowest })
    }

    /// Terms in order.
    pub fn harmonics(&self) -> &Harmonics {
        &self.harmonics
    }

    /// Softened radius, direction, place in the table and the factor by which far terms fall.
    #[inline(always)]
    fn locate<T: Real>(&self, p: [T; 3]) -> Place<T> {
        let radius = (dot(p, p) + self.softening_kpc * self.softening_kpc).sqrt();
        let direction = p.map(|x| x / radius);
        let h = self.grid.spacing();
        let end = T::constant(self.intervals as f64);
        let at = (radius.ln() - self.lowest) / h;
        let far = end.less(at);
        let at = T::choose(far, end, at);
        let highest = self.lowest + self.intervals as f64 * h;
        let fall = T::choose(far, radius.recip() * highest.exp(), T::constant(1.0));
        Place { radius, direction, at, far, fall }
    }

    #[inline(always)]
    fn column(&self, term: usize) -> Column<'_> {
        Column { rows: &self.table, terms: self.shapes.len(), term, last: (self.intervals - 1) as f64 }
    }

    #[inline(always)]
    fn local<'a, T: Real>(&'a self, place: &'a Place<T>) -> Local<'a, T> {
        Local { of: self, place }
    }

    /// Density \[Msun/kpc^3\] at `p` \[kpc\]: that of the quintics, by Poisson's equation.
    pub fn density(&self, p: [f64; 3]) -> f64 {
        let place = self.locate(p);
        let h = self.grid.spacing();
        let sum = self.harmonics.sum(place.direction, &|term: usize| {
            let degree = self.harmonics.terms()[term].degree as f64;
            let (value, slope) = self.local(&place).radial(term);
            let bend = if place.far { value } else { place.at.lookup(&self.column(term), 2) / (h * h) };
            (bend + slope - degree * (degree + 1.0) * value, 0.0)
        });
        sum.value / (4.0 * PI * GRAVITY_KPC_KMS2_MSUN * place.radius * place.radius)
    }

    /// Mass within `radius` \[kpc\], in Msun.
    pub fn mass_within(&self, radius: f64) -> f64 {
        let place = self.locate([radius, 0.0, 0.0]);
        self.local(&place).radial(0).1 * place.radius / GRAVITY_KPC_KMS2_MSUN
    }
}

impl Fitted for Multipole {
    #[inline(always)]
    fn potential_at<T: Real>(&self, p: [T; 3]) -> T {
        let place = self.locate(p);
        self.harmonics.sum(place.direction, &self.local(&place)).value
    }

    #[inline(always)]
    fn acceleration_at<T: Real>(&self, p: [T; 3]) -> [T; 3] {
        let place = self.locate(p);
        downhill(place.direction, place.radius, &self.harmonics.sum(place.direction, &self.local(&place)))
    }
}

struct Place<T: Real> {
    radius: T,
    direction: [T; 3],
    /// In intervals of the table.
    at: T,
    far: T::Mask,
    fall: T,
}

/// Radial functions at a place.
struct Local<'a, T: Real> {
    of: &'a Multipole,
    place: &'a Place<T>,
}

impl<T: Real> Radial<T> for Local<'_, T> {
    /// f and df / dln r.
    #[inline(always)]
    fn radial(&self, term: usize) -> (T, T) {
        let column = self.of.column(term);
        let value = self.place.at.lookup(&column, 0) * self.place.fall;
        let slope = self.place.at.lookup(&column, 1) / self.of.grid.spacing();
        (value, T::choose(self.place.far, -value, slope))
    }
}

/// Bits of 2^52: a whole number added to it stands in the low bits.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// The quintics of one term, as a function of the place in the table.
struct Column<'a> {
    rows: &'a [[f64; QUINTIC]],
    terms: usize,
    term: usize,
    last: f64,
}

impl Tabulated for Column<'_> {
    #[inline(always)]
    fn derivative(&self, order: usize, x: f64) -> f64 {
        let floor = x.floor().min(self.last);
        let interval = (floor + WHOLE).to_bits() as u32 as usize;
        let t = x - floor;
        let Some([a, b, c, d, e, f]) = self.rows.get(interval * self.terms + self.term) else { return f64::NAN };
        match order {
            0 => a + t * (b + t * (c + t * (d + t * (e + t * f)))),
            1 => b + t * (2.0 * c + t * (3.0 * d + t * (4.0 * e + t * (5.0 * f)))),
            2 => 2.0 * c + t * (6.0 * d + t * (12.0 * e + t * (20.0 * f))),
            3 => 6.0 * d + t * (24.0 * e + t * (60.0 * f)),
            4 => 24.0 * e + t * (120.0 * f),
            5 => 120.0 * f,
            _ => 0.0,
        }
    }
}

/// Coefficients in t = 0 to 1 of the quintic through two knots that are `h` apart.
pub(super) fn quintic(a: Knot, b: Knot, h: f64) -> [f64; QUINTIC] {
    let (slope, bend) = (a.slope * h, 0.5 * a.bend * h * h);
    // What value, slope and bend at t = 1 lack.
    let value = (b.value - a.value) - slope - bend;
    let rise = b.slope * h - slope - 2.0 * bend;
    let curve = 0.5 * b.bend * h * h - bend;
    [a.value, slope, bend, 10.0 * value - 4.0 * rise + curve, -15.0 * value + 7.0 * rise - 2.0 * curve, 6.0 * value - 3.0 * rise + curve]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quintic_goes_through_its_knots() {
        let f = |x: f64| Knot { value: x.exp(), slope: x.exp(), bend: x.exp() };
        let c = quintic(f(0.3), f(0.5), 0.2);
        assert!((c.iter().sum::<f64>() - 0.5f64.exp()).abs() < 1e-15);
        let middle: f64 = c.iter().rev().fold(0.0, |sum, c| sum * 0.5 + c);
        assert!((middle / 0.4f64.exp() - 1.0).abs() < 2e-9, "{middle}");
    }
}
