//! The disc that is exponential in radius and in height.
//!
//! Formula    rho = M / (4 pi h_R^2 h_z) exp(-R / h_R - |z| / h_z); in units of h_R, with h = h_z / h_R and l = |z| / h_R,
//!            Phi = -(G M / h_R) {Int_0^inf T(R, l + s) (1 + exp(-2 l / h)) exp(-s / h) ds / (2 h)
//!            + (exp(-l / h) / h) Int_0^l cosh(v / h) T(R, v) dv}: sheets above and below, whose distance from the point is v or l + s;
//!            a sheet: T(R, v) = Int_0^inf J_0(k R) exp(-k v) (1 + k^2)^(-3/2) dk = Re Int a H_1(a) / sqrt(R^2 + (v + a)^2) da
//!            along a = s exp(i pi / 4), s > 0
//! Units      M in Msun, h_R and h_z in kpc
//! Source     Binney & Tremaine 2008, eqs. 2.95 and 2.164 for T as an integral over k; (1 + k^2)^(-3/2) is the Laplace transform of
//!            a J_1(a) (Abramowitz & Stegun 1964, 29.3.92), whose path is turned to where J_1 + i Y_1 falls like an exponential
//! Accuracy   potential and force 1e-9 relative for h_z below h_R (tests against quadrature over k): the trapezoidal rule in ln s
//!            converges exponentially, Gauss-Legendre of order 14 for the sheets between plane and point. Second derivatives 1e-7, but
//!            within 0.2 h_R of the axis only 1e-3, as those of a sheet go as ln v there
//! Edge cases h_z = 0 is the razor-thin disc; there the vertical force on the plane is 0, its mean; the sheets within 1e-7 h_R are one;
//!            derivatives by h_z are exact, but a component whose h_z / h_R is changed by more than a tenth should be built anew
//! Cost       15 sheets of 127 discs of Kuzmin with complex a: 1,905 times two square roots and a division a point
//! See also   `kuzmin`, `mn3` for a hundredth of the time at 1 %, `profile`

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, PI};
use std::sync::OnceLock;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::dual::Dual;
use crate::numeric::pieces::Pieces;
use crate::numeric::quadrature::gauss_legendre;
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Debug)]
pub struct ExponentialDisc {
    /// h_z / h_R of the component, for the range of a quadrature.
    ratio: f64,
    sheet: &'static Sheet,
}

/// Its registration.
pub const KIND: Kind = Kind {
    name: "exponential_disc",
    description: "disc that is exponential in radius and in height",
    peers: "galpy DoubleExponentialDiskPotential, RazorThinExponentialDiskPotential; agama Disk(surfaceDensity, scaleRadius, scaleHeight)",
    source: "Binney & Tremaine 2008, eq. 2.164",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radial scale h_R" },
        Parameter { name: "height", unit: "kpc", default: Some(0.0), allowed: Allowed::NotNegative, description: "vertical scale h_z" },
    ],
    spherical: false,
    axisymmetric: true,
    build: |parameters| Ok(Profile::ExponentialDisc(ExponentialDisc { ratio: parameters[2] / parameters[1], sheet: sheet() })),
};

/// Step of the trapezoidal rule in ln s.
const STEP: f64 = 0.16;
/// First s; what lies below is one disc.
const FIRST: f64 = 1e-7;
/// Nodes: the last s is 49, where H_1 is below 1e-15.
const NODES: usize = 126;
/// Sheets between plane and point.
const SHEETS: usize = 14;
/// Their heights lie as those of exp(-s / h)^(1 / SPREAD), as the twelfth root of which the integrand is a polynomial of degree 12.
const SPREAD: f64 = 12.0;
const SPREAD_POWER: i32 = 12;
/// Nodes of the convolution with exp(-s / h), and how many h it reaches.
const CONVOLUTION: usize = 40;
const REACH: f64 = 56.0;
/// Keeps 1 / h finite for the razor-thin disc, and z / |z| on the plane.
const TINY: f64 = 1e-30;
/// Below this s, a H_1(a) is -2 i / pi to 1e-11.
const LEAST: f64 = 1e-6;
/// Where a H_1(a) is tabulated, in ln s: from `LEAST` to 60.
const TABLE: Pieces = Pieces { first: -13.815_510_557_964_274, width: 0.7, count: 26 };
/// Constants before those of the nodes.
const HEAD: usize = 5;

/// A razor-thin disc of unit scale and mass as discs of Kuzmin with complex scales s (1 + i) / sqrt 2.
#[derive(Debug)]
struct Sheet {
    /// s / sqrt 2.
    side: [f64; NODES],
    /// Weights, real and imaginary part.
    weight: [[f64; 2]; NODES],
    /// Weight and scale of what lies below the first node.
    rest: [f64; 2],
    /// Heights of the sheets between plane and point, as shares, and their weights.
    between: [[f64; 2]; SHEETS],
    /// Nodes of the convolution.
    convolution: [[f64; 2]; CONVOLUTION],
    /// a H_1(a), real and imaginary part.
    hankel: [Vec<f64>; 2],
}

/// a H_1(a) at a = s exp(i pi / 4): -(2 / pi) a K_1(-i a), K_1(w) = Int_0^inf exp(-w cosh t) cosh t dt by the trapezoidal rule.
fn hankel(s: f64) -> [f64; 2] {
    /// Step: the integrand is analytic within pi / 4 of the axis, which leaves exp(-2 pi (pi / 4) / 0.1) = 1e-21.
    const STEP: f64 = 0.1;
    /// cosh t where the exponential is below 1e-20, times s.
    const END: f64 = 66.0;
    let w = s * FRAC_1_SQRT_2;
    let steps = ((END / s).acosh() / STEP).ceil() as usize;
    let (mut re, mut im) = (0.0, 0.0);
    for i in 0..=steps {
        let cosh = (i as f64 * STEP).cosh();
        let size = (-w * cosh).exp() * cosh * if i == 0 { 0.5 } else { 1.0 };
        // exp(-w (1 - i) cosh).
        let (sin, cos) = (w * cosh).sin_cos();
        (re, im) = (re + size * cos, im + size * sin);
    }
    let factor = -FRAC_2_PI * STEP * w;
    [factor * (re - im), factor * (re + im)]
}

fn sheet() -> &'static Sheet {
    static SHEET: OnceLock<Sheet> = OnceLock::new();
    SHEET.get_or_init(|| {
        let s = |j: usize| FIRST * (STEP * j as f64).exp();
        let weight = |j: usize| {
            let [re, im] = hankel(s(j));
            let side = STEP * s(j) * FRAC_1_SQRT_2;
            [side * (re - im), side * (re + im)]
        };
        // Geometric sums of -2 i a / pi and -2 i a^2 / pi over the nodes that are left out: of the real parts, a weight and a mean scale.
        let (one, two) = ((-STEP).exp(), (-2.0 * STEP).exp());
        let whole = STEP * FIRST * one / (1.0 - one) * FRAC_2_PI * FRAC_1_SQRT_2;
        let moment = STEP * FIRST * FIRST * two / (1.0 - two) * FRAC_2_PI;
        let legendre = gauss_legendre(SHEETS);
        let convolution = gauss_legendre(CONVOLUTION);
        Sheet {
            side: std::array::from_fn(|j| s(j) * FRAC_1_SQRT_2),
            weight: std::array::from_fn(weight),
            rest: [whole, moment / whole],
            // Squares bring the nodes closer to the plane, where a sheet may be near the point.
            between: std::array::from_fn(|i| {
                let t = 0.5 * (1.0 - legendre.0[i]);
                [1.0 - t * t, legendre.1[i] * t]
            }),
            convolution: std::array::from_fn(|i| [0.5 * (1.0 + convolution.0[i]), 0.5 * convolution.1[i]]),
            hankel: [0, 1].map(|part| TABLE.fit(|log| hankel(log.exp())[part])),
        }
    })
}

/// 1 / sqrt(R^2 + (v + a)^2) for a = side (1 + i), real and imaginary part.
#[inline(always)]
fn kuzmin<T: Real>(r2: T, v: T, side: f64) -> [T; 2] {
    // (v + a)^2 = v (v + 2 side) + 2 i side (v + side): the real part is not negative, and nothing cancels.
    let re = r2 + v * (v + 2.0 * side);
    let half = (v + side) * side;
    let size = (re * re + half * half * 4.0).sqrt();
    let square = (size + re) * 0.5;
    let scale = (size * square.sqrt()).recip();
    [square * scale, -(half * scale)]
}

/// A sum over the nodes of weight / sqrt(...), and the same of its derivatives: g of -R g by R, and by v.
#[inline(always)]
fn pull<T: Real>(sheet: &Sheet, r2: T, v: T, rest: T, real_part: impl Fn(usize, [T; 2]) -> T) -> [T; 3] {
    let x = v + sheet.rest[1];
    let inverse = (r2 + x * x).sqrt().recip();
    let cube = inverse * inverse * inverse;
    let mut sums = [rest * inverse, rest * cube, -(rest * x * cube)];
    for (j, side) in sheet.side.iter().enumerate() {
        let [a, b] = kuzmin(r2, v, *side);
        let (c, d) = (a * a - b * b, a * b * 2.0);
        let cube = [a * c - b * d, a * d + b * c];
        let turned = [(cube[0] - cube[1]) * *side + cube[0] * v, (cube[0] + cube[1]) * *side + cube[1] * v];
        sums[0] += real_part(j, [a, b]);
        sums[1] += real_part(j, cube);
        sums[2] -= real_part(j, turned);
    }
    sums
}

/// The first of [`pull`] alone.
#[inline(always)]
fn value<T: Real>(sheet: &Sheet, r2: T, v: T, rest: T, real_part: impl Fn(usize, [T; 2]) -> T) -> T {
    let x = v + sheet.rest[1];
    let mut sum = rest / (r2 + x * x).sqrt();
    for (j, side) in sheet.side.iter().enumerate() {
        sum += real_part(j, kuzmin(r2, v, *side));
    }
    sum
}

impl ExponentialDisc {
    /// Height over h_z, and weight of a sheet between plane and point, of the height of the point over h_z.
    #[inline(always)]
    fn between<T: Real>(&self, i: usize, share: T, fade: T, height: T) -> (T, T) {
        let [y, weight] = self.sheet.between[i];
        // exp(-s / SPREAD) of the distance s of the sheet from the point.
        let u = -(share * y) + 1.0;
        let power = u.powi(SPREAD_POWER);
        (height + u.ln() * SPREAD, (power + fade / power) * share / u * (0.5 * SPREAD * weight))
    }

    /// Weights of the sheets beyond point and plane together, for the nodes: real and imaginary part of
    /// STEP a Int_0^a exp(-(a - u) / h) u H_1(u) du / (2 h).
    fn beyond<T: Real>(&self, inverse: T, j: usize) -> [T; 2] {
        let side = self.sheet.side[j];
        let s = side / FRAC_1_SQRT_2;
        let range = (REACH * (self.ratio + TINY) / s).min(1.0);
        let (mut re, mut im) = (T::constant(0.0), T::constant(0.0));
        for [node, weight] in self.sheet.convolution {
            let y = node * range;
            let log = (s * (1.0 - y)).max(LEAST).ln();
            let [m, n] = [0, 1].map(|part| TABLE.value(&self.sheet.hankel[part], log));
            let c = inverse * (side * y);
            let (sin, cos) = c.sin_cos();
            let size = (-c).exp() * weight;
            re += size * (cos * m + sin * n);
            im += size * (cos * n - sin * m);
        }
        // STEP a^2 range / (2 h), a^2 = i s^2.
        let factor = inverse * (0.5 * STEP * s * s * range);
        [-(factor * im), factor * re]
    }
}

impl Formulas for ExponentialDisc {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        let inverse = parameters[1].recip();
        let height = parameters[2] * inverse + TINY;
        let rest = (-(height.recip() * FIRST)).exp_m1() * (-0.5 * self.sheet.rest[0]);
        let mut constants = vec![-(parameters[0] * inverse * GRAVITY_KPC_KMS2_MSUN), inverse, height, height.recip(), rest];
        for j in 0..NODES {
            constants.extend(self.beyond(height.recip(), j));
        }
        constants
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> T {
        let (r2, l) = ((x * x + y * y) * c[1] * c[1], z.abs() * c[1]);
        let height = l * c[3];
        let fade = (height * -2.0).exp();
        let weights = &c[HEAD..];
        let beyond = value(self.sheet, r2, l, c[4], |j, [a, b]| weights[2 * j] * a - weights[2 * j + 1] * b);
        let mut sum = beyond * (fade + 1.0);
        let share = -(height * (-1.0 / SPREAD)).exp_m1();
        let rest = T::constant(self.sheet.rest[0]);
        for i in 0..SHEETS {
            let (at, weight) = self.between(i, share, fade, height);
            sum += weight * value(self.sheet, r2, at * c[2], rest, |j, [a, b]| a * self.sheet.weight[j][0] - b * self.sheet.weight[j][1]);
        }
        c[0] * sum
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> [T; 3] {
        let (r2, l) = ((x * x + y * y) * c[1] * c[1], z.abs() * c[1]);
        // With derivatives by the height over h_z.
        let height = Dual::<T, 1>::variable(l * c[3], 0);
        let fade = (height * -2.0).exp();
        let weights = &c[HEAD..];
        let [phi, g, slope] = pull(self.sheet, r2, l, c[4], |j, [a, b]| weights[2 * j] * a - weights[2 * j + 1] * b);
        let (mut inward, mut up) = (g * (fade.value + 1.0), slope * (fade.value + 1.0) + phi * fade.tangent[0] * c[3]);
        let share = -(height * (-1.0 / SPREAD)).exp_m1();
        let rest = T::constant(self.sheet.rest[0]);
        for i in 0..SHEETS {
            let (at, weight) = self.between(i, share, fade, height);
            let [phi, g, slope] =
                pull(self.sheet, r2, at.value * c[2], rest, |j, [a, b]| a * self.sheet.weight[j][0] - b * self.sheet.weight[j][1]);
            inward += weight.value * g;
            up += weight.value * slope * at.tangent[0] + phi * weight.tangent[0] * c[3];
        }
        let strength = c[0] * c[1] * c[1];
        let side = z / (z.abs() + TINY);
        [x * inward * strength, y * inward * strength, -(side * up * c[0] * c[1])]
    }

    fn density(&self, parameters: &[f64], [x, y, z]: [f64; 3]) -> f64 {
        let (mass, scale, height) = (parameters[0], parameters[1], parameters[2]);
        if height == 0.0 {
            return if z == 0.0 { f64::INFINITY } else { 0.0 };
        }
        mass / (4.0 * PI * scale * scale * height) * (-x.hypot(y) / scale - z.abs() / height).exp()
    }
}
