//! Where a component is, how it is turned, how it moves and how strong it is, at any time.
//!
//! Formula    p' = Z(angle + Omega t)^T M (p - centre - path(t)); Phi = A(t) Phi'(p'); a = A(t) M^T Z a'(p')
//! Units      kpc, km/s/kpc, rad; times in kpc/(km/s), counted from today
//! Accuracy   paths and tables are cubic Hermite curves through their rows, with parabolic slopes where none are given
//! Edge cases before the first and after the last row a path goes on straight and a table of the amplitude keeps its end value
//! Refuses    matrices that are no rotation, times that do not ascend, numbers that are not finite
//! See also   `component`

use crate::error::{Error, ErrorKind, Result};
use crate::numeric::interpolate::interval;
use crate::numeric::real::{Real, Tabulated, dot};

/// How far M^T M may be from the identity.
const ROTATION_TOLERANCE: f64 = 1e-9;

/// A cubic curve in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Times of the rows.
    pub times: Vec<f64>,
    /// Values of the rows.
    pub values: Vec<f64>,
    slopes: Vec<f64>,
    hold: bool,
}

impl Track {
    /// A curve through `values`, with these slopes or with those of the parabola through each three rows; `hold` keeps the end values
    /// outside, else it goes on straight.
    ///
    /// `Domain` error for fewer than two rows, times that do not ascend, columns of unequal length, numbers that are not finite.
    pub fn new(times: Vec<f64>, values: Vec<f64>, slopes: Option<Vec<f64>>, hold: bool) -> Result<Track> {
        let bad = |what: &str| Err(Error::new(ErrorKind::Domain, what));
        if times.len() < 2 || times.len() != values.len() || slopes.as_ref().is_some_and(|s| s.len() != times.len()) {
            return bad("a curve in time needs two rows or more, in columns of equal length");
        }
        if times.iter().chain(&values).chain(slopes.iter().flatten()).any(|x| !x.is_finite()) {
            return bad("a curve in time has a number that is not finite");
        }
        if let Some(row) = times.windows(2).position(|w| w[0] >= w[1]) {
            return Err(Error::new(ErrorKind::Domain, "times of a curve do not ascend").at(format!("row {}", row + 2)));
        }
        let slopes = slopes.unwrap_or_else(|| parabolic(&times, &values));
        Ok(Track { times, values, slopes, hold })
    }

    /// Slopes of the rows.
    pub fn slopes(&self) -> &[f64] {
        &self.slopes
    }

    /// Whether the end values hold outside.
    pub fn keeps_ends(&self) -> bool {
        self.hold
    }
}

/// Slopes of the parabolas through each three neighbours.
fn parabolic(x: &[f64], y: &[f64]) -> Vec<f64> {
    let secant: Vec<f64> = x.windows(2).zip(y.windows(2)).map(|(x, y)| (y[1] - y[0]) / (x[1] - x[0])).collect();
    let last = secant.len();
    (0..x.len())
        .map(|i| {
            if last == 1 {
                return secant[0];
            }
            let k = i.clamp(1, last - 1);
            let (before, after) = (x[k] - x[k - 1], x[k + 1] - x[k]);
            let bend = (secant[k] - secant[k - 1]) / (before + after);
            secant[k - 1] + bend * (2.0 * x[i] - x[k - 1] - x[k])
        })
        .collect()
}

impl Tabulated for Track {
    fn derivative(&self, order: usize, at: f64) -> f64 {
        let last = self.times.len() - 1;
        for (beyond, row) in [(at < self.times[0], 0), (at > self.times[last], last)] {
            if beyond {
                let slope = if self.hold { 0.0 } else { self.slopes[row] };
                return [self.values[row] + slope * (at - self.times[row]), slope].get(order).copied().unwrap_or(0.0);
            }
        }
        let i = interval(&self.times, at);
        let h = self.times[i + 1] - self.times[i];
        let t = (at - self.times[i]) / h;
        let (y, rise) = (self.values[i], self.values[i + 1] - self.values[i]);
        let (start, end) = (h * self.slopes[i], h * self.slopes[i + 1]);
        let (square, cube) = (3.0 * rise - 2.0 * start - end, start + end - 2.0 * rise);
        match order {
            0 => y + t * (start + t * (square + t * cube)),
            1 => (start + t * (2.0 * square + t * 3.0 * cube)) / h,
            2 => (2.0 * square + t * 6.0 * cube) / (h * h),
            3 => 6.0 * cube / (h * h * h),
            _ => 0.0,
        }
    }
}

/// Strength of a component in time, by which its potential is multiplied.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Amplitude {
    /// 1.
    #[default]
    One,
    /// The same at all times.
    Constant(f64),
    /// 1 + rate t; 0 before that is 0.
    Linear(f64),
    /// exp(t / time).
    Exponential(f64),
    /// A curve.
    Table(Track),
}

impl Amplitude {
    /// At `time`.
    #[inline(always)]
    pub fn value<T: Real>(&self, time: T) -> T {
        match self {
            Amplitude::One => T::constant(1.0),
            Amplitude::Constant(value) => T::constant(*value),
            Amplitude::Linear(rate) => (time * *rate + 1.0).max(T::constant(0.0)),
            Amplitude::Exponential(scale) => (time / *scale).exp(),
            Amplitude::Table(track) => time.lookup(track, 0),
        }
    }
}

/// Place of a component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placement {
    /// Centre \[kpc\].
    pub centre_kpc: [f64; 3],
    /// Rows are the axes of the component.
    pub orientation: Option<[[f64; 3]; 3]>,
    /// Angular speed about its own z \[km/s/kpc\], anticlockwise.
    pub pattern_speed_kms_kpc: f64,
    /// Angle of its x at time 0 \[rad\].
    pub angle_rad: f64,
    /// Path of the centre, added to `centre_kpc`.
    pub path: Option<[Track; 3]>,
    /// Strength.
    pub amplitude: Amplitude,
}

impl Placement {
    /// Whether the numbers make sense: `Domain` error otherwise.
    pub fn check(&self) -> Result<()> {
        let strength = match self.amplitude {
            Amplitude::Constant(x) | Amplitude::Linear(x) => x,
            Amplitude::Exponential(x) => 1.0 / x,
            Amplitude::One | Amplitude::Table(_) => 1.0,
        };
        let numbers = self.centre_kpc.iter().chain([&self.pattern_speed_kms_kpc, &self.angle_rad, &strength]);
        if let Some(number) = numbers.into_iter().find(|x| !x.is_finite()) {
            return Err(Error::new(ErrorKind::Domain, "a number of the placement is not finite").found(number));
        }
        let Some(rows) = self.orientation else { return Ok(()) };
        let off = |i: usize, k: usize| (dot(rows[i], rows[k]) - if i == k { 1.0 } else { 0.0 }).abs();
        let cross = [
            rows[0][1] * rows[1][2] - rows[0][2] * rows[1][1],
            rows[0][2] * rows[1][0] - rows[0][0] * rows[1][2],
            rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0],
        ];
        // Every one by itself: a fold by `f64::max` would drop a NaN.
        let misses: Vec<f64> = (0..9).map(|n| off(n / 3, n % 3)).chain([(dot(cross, rows[2]) - 1.0).abs()]).collect();
        if misses.iter().all(|miss| *miss <= ROTATION_TOLERANCE) {
            return Ok(());
        }
        let worst = misses.into_iter().fold(0.0, |worst: f64, miss| if miss <= worst { worst } else { miss });
        Err(Error::new(ErrorKind::Domain, "orientation is no rotation")
            .expected("three rows of length 1, at right angles, right-handed")
            .found(format!("rows that miss this by {worst:.1e}")))
    }

    /// Whether time does not matter.
    pub fn is_static(&self) -> bool {
        self.pattern_speed_kms_kpc == 0.0 && self.path.is_none() && matches!(self.amplitude, Amplitude::One | Amplitude::Constant(_))
    }

    /// Whether the centre is the origin at all times.
    pub fn is_central(&self) -> bool {
        self.centre_kpc == [0.0; 3] && self.path.is_none()
    }

    /// Sine and cosine of the angle at `time`, if the component is turned at all.
    #[inline(always)]
    fn turn<T: Real>(&self, time: T) -> Option<(T, T)> {
        let turned = self.pattern_speed_kms_kpc != 0.0 || self.angle_rad != 0.0;
        turned.then(|| (time * self.pattern_speed_kms_kpc + self.angle_rad).sin_cos())
    }

    /// `p` as the component sees it.
    #[inline(always)]
    pub fn inward<T: Real>(&self, time: T, p: [T; 3]) -> [T; 3] {
        let mut q: [T; 3] = std::array::from_fn(|i| p[i] - self.centre_kpc[i]);
        if let Some(path) = &self.path {
            q = std::array::from_fn(|i| q[i] - time.lookup(&path[i], 0));
        }
        if let Some(rows) = &self.orientation {
            q = rows.map(|row| q[0] * row[0] + q[1] * row[1] + q[2] * row[2]);
        }
        match self.turn(time) {
            Some((s, c)) => [c * q[0] + s * q[1], c * q[1] - s * q[0], q[2]],
            None => q,
        }
    }

    /// A vector of the component as the world sees it, times the amplitude.
    #[inline(always)]
    pub fn outward<T: Real>(&self, time: T, a: [T; 3]) -> [T; 3] {
        let mut q = match self.turn(time) {
            Some((s, c)) => [c * a[0] - s * a[1], c * a[1] + s * a[0], a[2]],
            None => a,
        };
        if let Some(rows) = &self.orientation {
            q = std::array::from_fn(|i| q[0] * rows[0][i] + q[1] * rows[1][i] + q[2] * rows[2][i]);
        }
        let strength = self.amplitude.value(time);
        q.map(|x| x * strength)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::dual::Dual;
    use crate::numeric::lanes::Lanes;
    use crate::orbits::potential::{Component, Potential};

    /// A triaxial halo that is moved, turned, spun and grows.
    fn moving() -> Component {
        let times: Vec<f64> = (0..9).map(|i| f64::from(i) - 6.0).collect();
        let curve = |f: &dyn Fn(f64) -> f64| Track::new(times.clone(), times.iter().map(|t| f(*t)).collect(), None, false).unwrap();
        let (s, c) = 0.7f64.sin_cos();
        let placement = Placement {
            centre_kpc: [1.0, -2.0, 0.5],
            orientation: Some([[c, 0.0, -s], [0.0, 1.0, 0.0], [s, 0.0, c]]),
            pattern_speed_kms_kpc: 0.8,
            angle_rad: 0.3,
            path: Some([curve(&|t| 3.0 * t), curve(&|t| t * t), curve(&|t| -t)]),
            amplitude: Amplitude::Exponential(5.0),
        };
        Component::new("lmc", "triaxial_nfw", &[1e11, 8.0, 0.8, 0.6]).unwrap().placed(placement).unwrap()
    }

    #[test]
    fn a_moving_component_pulls_along_its_gradient_and_its_lanes_agree() {
        type D = Dual<f64, 4>;
        let component = moving();
        let potential = Potential { components: vec![component] };
        let (plain, dual, wide) = (potential.prepare::<f64>(), potential.prepare::<D>(), potential.prepare::<Lanes>());
        for (time, p) in [(-2.3, [5.0, 1.0, -3.0]), (0.0, [8.0, 0.0, 0.0]), (1.7, [-20.0, 4.0, 9.0]), (9.0, [1.0, 2.0, 3.0])] {
            let a = potential.acceleration(&plain, time, p);
            let phi = potential.potential(&dual, D::variable(time, 3), std::array::from_fn(|i| D::variable(p[i], i)));
            let size = dot(a, a).sqrt();
            for (x, slope) in a.iter().zip(phi.tangent) {
                assert!((x + slope).abs() < 1e-12 * size);
            }
            let at = |t: f64| potential.potential(&plain, t, p);
            let slope = (at(time + 1e-5) - at(time - 1e-5)) / 2e-5;
            assert!((phi.tangent[3] - slope).abs() < 1e-7 * slope.abs(), "{} {slope}", phi.tangent[3]);
            let eight = potential.acceleration(&wide, Lanes::constant(time), p.map(Lanes::constant));
            assert_eq!(eight.map(|x| x.0[5].to_bits()), a.map(f64::to_bits));
        }
        assert!(!potential.is_static() && !potential.is_axisymmetric() && !potential.is_spherical());
    }

    #[test]
    fn a_bar_turns_by_its_angle() {
        let bar = |angle_rad, pattern_speed_kms_kpc| {
            let placement = Placement { angle_rad, pattern_speed_kms_kpc, ..Placement::default() };
            let c = Component::new("bar", "triaxial_nfw", &[1e11, 8.0, 0.8, 0.6]).unwrap().placed(placement).unwrap();
            Potential { components: vec![c] }
        };
        let (still, turned, spun) = (bar(0.0, 0.0), bar(0.5, 0.0), bar(0.1, 40.0));
        let along = |angle: f64| [5.0 * angle.cos(), 5.0 * angle.sin(), 1.0];
        let value = |p: &Potential, time: f64, angle: f64| p.potential(&p.prepare(), time, along(angle));
        assert!((value(&still, 0.0, 0.0) / value(&turned, 0.0, 0.5) - 1.0).abs() < 1e-14);
        assert!((value(&still, 0.0, 0.0) / value(&spun, 0.01, 0.5) - 1.0).abs() < 1e-14);
        assert!((value(&still, 0.0, 0.0) / value(&turned, 0.0, 0.0) - 1.0).abs() > 1e-3);
        assert!(still.is_static() && turned.is_static() && !spun.is_static());
    }

    #[test]
    fn curves_go_through_parabolas_and_keep_or_leave_their_ends() {
        let times = vec![0.0, 1.0, 2.5, 3.0];
        let values = times.iter().map(|t| 1.0 + t * t).collect::<Vec<_>>();
        let free = Track::new(times.clone(), values.clone(), None, false).unwrap();
        let held = Track::new(times, values, None, true).unwrap();
        for t in [0.0, 0.3, 1.7, 2.9, 3.0] {
            assert!((free.derivative(0, t) - 1.0 - t * t).abs() < 1e-13 && (free.derivative(1, t) - 2.0 * t).abs() < 1e-13);
            assert!((free.derivative(2, t) - 2.0).abs() < 1e-12 && free.derivative(3, t).abs() < 1e-12);
        }
        assert!((free.derivative(0, 4.0) - 16.0).abs() < 1e-12 && (held.derivative(0, 4.0), held.derivative(1, 4.0)) == (10.0, 0.0));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Track::new(vec![0.0, 0.0], vec![1.0, 2.0], None, true).is_err());
        assert!(
            Track::new(vec![0.0], vec![1.0], None, true).is_err() && Track::new(vec![0.0, f64::NAN], vec![1.0, 2.0], None, true).is_err()
        );
        let mirror = Placement { orientation: Some([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]]), ..Placement::default() };
        assert!(mirror.check().unwrap_err().to_string().contains("no rotation"));
        let hole = Placement { orientation: Some([[1.0, 0.0, 0.0], [0.0, f64::NAN, 0.0], [0.0, 0.0, 1.0]]), ..Placement::default() };
        assert!(hole.check().unwrap_err().to_string().contains("no rotation"));
        assert!(Placement { amplitude: Amplitude::Exponential(0.0), ..Placement::default() }.check().is_err());
    }
}
