//! Real spherical harmonics as polynomials of a direction, and sums of radial functions times them.
//!
//! Formula    Y = k (d^m P_l / dx^m)(n_z) {Re, Im} (n_x + i n_y)^m, k^2 = (2 - [m = 0]) (2 l + 1) (l - m)! / (l + m)!, so that the mean
//!            of Y^2 over the sphere is 1 and Y_00 = 1
//! Layout     terms in the order m, cosine before sine, l ascending
//! Accuracy   1e-14 up to l = 32
//! Edge cases no singularity on the axis; directions shorter than 1 are allowed, the polynomials go on
//! Cost       four multiplications a term, with gradient
//! See also   `multipole`, `self_consistent_field`

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::numeric::real::{Real, dot};

/// Highest degree that is allowed.
pub const HIGHEST_DEGREE: usize = 32;

/// Which terms a distribution of mass has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Symmetry {
    /// Degree 0 alone.
    Spherical,
    /// Order 0, even degrees: rotation about z, and reflection at z = 0.
    Axisymmetric,
    /// Even degrees and orders, cosines alone: reflection at three planes.
    Triaxial,
    /// All.
    None,
}

/// One harmonic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Degree l.
    pub degree: usize,
    /// Order m.
    pub order: usize,
    /// Whether it goes with the sine of m phi.
    pub sine: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    rise: f64,
    fall: f64,
    cosine: Option<usize>,
    sine: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
struct Order {
    start: f64,
    number: f64,
    rows: Vec<Row>,
}

/// The harmonics of a symmetry up to a degree and an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Harmonics {
    terms: Vec<Term>,
    orders: Vec<Order>,
}

/// A sum of f(u) Y(n) with its derivatives.
#[derive(Clone, Copy, Debug)]
pub struct Sum<T> {
    /// The sum.
    pub value: T,
    /// With f' in the place of f.
    pub by_radius: T,
    /// Derivatives by the three numbers of the direction.
    pub by_direction: [T; 3],
}

/// Radial functions of the terms. A trait and no closure, so that it is compiled for the instructions of the loop around it.
pub trait Radial<T> {
    /// f and f' of a term.
    fn radial(&self, term: usize) -> (T, T);
}

/// What takes the harmonics one by one.
pub trait Visit<T> {
    /// Y of a term.
    fn term(&mut self, term: usize, y: T);
}

impl<T, F: Fn(usize) -> (T, T)> Radial<T> for F {
    #[inline(always)]
    fn radial(&self, term: usize) -> (T, T) {
        self(term)
    }
}

impl<T, F: FnMut(usize, T)> Visit<T> for F {
    #[inline(always)]
    fn term(&mut self, term: usize, y: T) {
        self(term, y);
    }
}

/// Runs `$body` for every row, with its polynomial, the slope of that, (n_x + i n_y)^m, and m (n_x + i n_y)^(m - 1).
macro_rules! walk {
    ($harmonics:expr, $n:expr, |$row:ident, $polynomial:ident, $slope:ident, $power:ident, $below:ident| $body:block) => {
        let [x, y, z] = $n;
        let zero = T::constant(0.0);
        let mut $power = [T::constant(1.0), zero];
        let mut lower = [zero, zero];
        let mut reached = 0.0;
        for order in &$harmonics.orders {
            while reached < order.number {
                reached += 1.0;
                lower = $power;
                $power = [$power[0] * x - $power[1] * y, $power[0] * y + $power[1] * x];
            }
            let $below = [lower[0] * order.number, lower[1] * order.number];
            let (mut last, mut $polynomial) = (zero, T::constant(order.start));
            let (mut last_slope, mut $slope) = (zero, zero);
            for $row in &order.rows {
                // The first row of an order rises by 0 from its start.
                if $row.rise > 0.0 {
                    let next = $polynomial * z * $row.rise - last * $row.fall;
                    let next_slope = ($slope * z + $polynomial) * $row.rise - last_slope * $row.fall;
                    (last, $polynomial, last_slope, $slope) = ($polynomial, next, $slope, next_slope);
                }
                $body
            }
        }
    };
}

impl Symmetry {
    /// Whether the term may be there.
    pub fn allows(self, term: Term) -> bool {
        let even = term.degree.is_multiple_of(2);
        match self {
            Symmetry::Spherical => term.degree == 0,
            Symmetry::Axisymmetric => term.order == 0 && even,
            Symmetry::Triaxial => even && term.order.is_multiple_of(2) && !term.sine,
            Symmetry::None => true,
        }
    }
}

impl Harmonics {
    /// Terms with l <= `degree` and m <= `order`.
    pub fn new(symmetry: Symmetry, degree: usize, order: usize) -> Result<Harmonics> {
        if degree > HIGHEST_DEGREE {
            return Err(Error::new(ErrorKind::Domain, "degree of the harmonics is too high")
                .expected(format!("0 to {HIGHEST_DEGREE}"))
                .found(degree));
        }
        let (mut terms, mut orders) = (Vec::new(), Vec::new());
        for m in 0..=order.min(degree) {
            let first = terms.len();
            for sine in [false, true] {
                let all = (m..=degree).map(|l| Term { degree: l, order: m, sine });
                terms.extend(all.filter(|term| symmetry.allows(*term) && !(sine && m == 0)));
            }
            if terms.len() == first {
                continue;
            }
            let at = |degree: usize, sine: bool| terms.iter().position(|t| *t == Term { degree, order: m, sine });
            let rows = (m..=degree).map(|l| {
                let (rise, fall) = recurrence(l, m);
                Row { rise, fall, cosine: at(l, false), sine: at(l, true) }
            });
            // k_mm (2 m - 1)!! = sqrt(2 (2 m + 1) prod (2 j - 1) / (2 j)).
            let start = (1..=m).fold(if m == 0 { 1.0 } else { 2.0 } * (2.0 * m as f64 + 1.0), |p, j| {
                let twice = 2.0 * j as f64;
                p * (twice - 1.0) / twice
            });
            orders.push(Order { start: start.sqrt(), number: m as f64, rows: rows.collect() });
        }
        Ok(Harmonics { terms, orders })
    }

    /// Terms in order.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Hands every Y(n) to `visit`, with the number of its term.
    #[inline(always)]
    pub fn values<T: Real>(&self, n: [T; 3], visit: &mut impl Visit<T>) {
        walk!(self, n, |row, polynomial, slope, power, below| {
            let _ = (slope, below);
            if let Some(term) = row.cosine {
                visit.term(term, polynomial * power[0]);
            }
            if let Some(term) = row.sine {
                visit.term(term, polynomial * power[1]);
            }
        });
    }

    /// The sum of f Y over all terms.
    #[inline(always)]
    pub fn sum<T: Real>(&self, n: [T; 3], radial: &impl Radial<T>) -> Sum<T> {
        let mut sum = Sum { value: T::constant(0.0), by_radius: T::constant(0.0), by_direction: [T::constant(0.0); 3] };
        walk!(self, n, |row, polynomial, slope, power, below| {
            // d (x + i y)^m = m (x + i y)^(m - 1) (dx + i dy).
            for (term, factor, by_x, by_y) in [(row.cosine, power[0], below[0], -below[1]), (row.sine, power[1], below[1], below[0])] {
                if let Some(term) = term {
                    let (f, by_radius) = radial.radial(term);
                    let shape = f * polynomial;
                    sum.value += shape * factor;
                    sum.by_radius += by_radius * polynomial * factor;
                    sum.by_direction[0] += shape * by_x;
                    sum.by_direction[1] += shape * by_y;
                    sum.by_direction[2] += f * slope * factor;
                }
            }
        });
        sum
    }
}

/// Minus the gradient of a sum whose direction is p / radius, where d radius / dp = p / radius.
#[inline(always)]
pub(super) fn downhill<T: Real>(n: [T; 3], radius: T, sum: &Sum<T>) -> [T; 3] {
    let along = sum.by_radius - dot(n, sum.by_direction);
    let inverse = -radius.recip();
    [0, 1, 2].map(|i| (n[i] * along + sum.by_direction[i]) * inverse)
}

/// Factors of n_z Y_(l-1) and of Y_(l-2) in Y_l.
fn recurrence(l: usize, m: usize) -> (f64, f64) {
    if l == m {
        return (0.0, 0.0);
    }
    let (l, m) = (l as f64, m as f64);
    let rise = ((2.0 * l + 1.0) * (2.0 * l - 1.0) / ((l - m) * (l + m))).sqrt();
    let squares = (l - 1.0).powi(2) - m * m;
    let fall = if squares > 0.0 { rise * (squares / ((2.0 * l - 1.0) * (2.0 * l - 3.0))).sqrt() } else { 0.0 };
    (rise, fall)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::dual::Dual;
    use crate::numeric::quadrature::gauss_legendre;

    #[test]
    fn harmonics_are_orthonormal() {
        let harmonics = Harmonics::new(Symmetry::None, 9, 7).unwrap();
        let count = harmonics.terms().len();
        assert_eq!(count, 100 - 2 * 2 - 2);
        let mut means = vec![0.0; count * count];
        let (nodes, weights) = gauss_legendre(12);
        for (z, w) in nodes.iter().zip(&weights) {
            for k in 0..20 {
                let (s, c) = (std::f64::consts::TAU * f64::from(k) / 20.0).sin_cos();
                let r = (1.0 - z * z).sqrt();
                let mut values = vec![0.0; count];
                harmonics.values([r * c, r * s, *z], &mut |term: usize, y: f64| values[term] = y);
                for i in 0..count {
                    for j in 0..count {
                        means[i * count + j] += w / 40.0 * values[i] * values[j];
                    }
                }
            }
        }
        for i in 0..count {
            for j in 0..count {
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((means[i * count + j] - expected).abs() < 1e-13, "{:?}", (harmonics.terms()[i], harmonics.terms()[j]));
            }
        }
    }

    #[test]
    fn the_addition_theorem_and_the_gradient() {
        let harmonics = Harmonics::new(Symmetry::None, 32, 32).unwrap();
        let n = [0.48, -0.6, 0.64];
        let mut sums = [0.0; 33];
        harmonics.values(n, &mut |term: usize, y: f64| sums[harmonics.terms()[term].degree] += y * y);
        for (l, sum) in sums.iter().enumerate() {
            assert!((sum / (2.0 * l as f64 + 1.0) - 1.0).abs() < 1e-13, "{l} {sum}");
        }
        let radial = |term: usize| ((term as f64).cos(), (term as f64).sin());
        let small = Harmonics::new(Symmetry::None, 6, 6).unwrap();
        let sum = small.sum(n, &radial);
        let duals: [Dual<f64, 3>; 3] = std::array::from_fn(|i| Dual::variable(n[i], i));
        let lifted = small.sum(duals, &|term: usize| (Dual::fixed(radial(term).0), Dual::fixed(0.0)));
        for i in 0..3 {
            assert!((sum.by_direction[i] - lifted.value.tangent[i]).abs() < 1e-12, "{i}");
        }
        assert!(small.sum([0.0; 3], &radial).by_direction.iter().all(|d| d.is_finite()));
        let triaxial = Harmonics::new(Symmetry::Triaxial, 4, 4).unwrap();
        assert_eq!(triaxial.terms().len(), 6);
        assert!(Harmonics::new(Symmetry::None, 33, 0).unwrap_err().to_string().contains("32"));
    }
}
