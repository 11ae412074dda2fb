//! Angles for numbers of any kind: arc sine, arc tangent of two numbers, and the turn that is left over.
//!
//! Formula    atan2(y, x) = 2 atan(y/(|(x, y)| + x)) for x >= 0, +-pi minus that of -x otherwise; asin x = 2 atan(x/(1 + sqrt(1 - x^2)))
//! Units      rad
//! Accuracy   3 units in the last place
//! Edge cases atan2(0, 0) is NaN; asin beyond 1 is that of 1; NaN in, NaN out
//! See also   `real`

use std::f64::consts::{PI, TAU};

use super::real::Real;

/// Angle of (x, y) from the x axis, between -pi and pi.
#[inline(always)]
pub fn atan2<T: Real>(y: T, x: T) -> T {
    let zero = T::constant(0.0);
    let half = (y / ((x * x + y * y).sqrt() + x.abs())).atan() * 2.0;
    let turn = T::choose(y.less(zero), T::constant(-PI), T::constant(PI));
    T::choose(x.less(zero), turn - half, half)
}

/// Angle between -pi/2 and pi/2 with this sine.
#[inline(always)]
pub fn asin<T: Real>(sine: T) -> T {
    let one = T::constant(1.0);
    let sine = T::choose(one.less(sine), one, T::choose(sine.less(-one), -one, sine));
    atan2(sine, ((one - sine) * (one + sine)).sqrt())
}

/// The same angle in [0, 2 pi).
#[inline(always)]
pub fn wrap<T: Real>(angle: T) -> T {
    let rest = angle - (angle / TAU).floor() * TAU;
    // What rounds up to a whole turn is none; NaN stays.
    T::choose(rest.less(T::constant(TAU)), rest, rest * 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::lanes::Lanes;

    #[test]
    fn all_around_and_in_lanes() {
        for i in -50..=50 {
            let (s, c) = (f64::from(i) * 0.0627).sin_cos();
            assert!((atan2(s * 3.0, c * 3.0) - s.atan2(c)).abs() < 1e-15, "{i}");
            assert!((asin(s) - s.asin()).abs() < 2e-15, "{i}");
            assert_eq!(atan2(Lanes::constant(s), Lanes::constant(c)).0[3], atan2(s, c));
        }
        assert!(wrap(f64::NAN).is_nan());
        assert_eq!((atan2(0.0, -1.0), asin(1.5), wrap(-1e-18), wrap(TAU)), (PI, 0.5 * PI, 0.0, 0.0));
        assert!((wrap(-0.5) - (TAU - 0.5)).abs() < 1e-15 && atan2(f64::NAN, 1.0).is_nan());
    }
}
