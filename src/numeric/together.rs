//! Bracketed roots of one function, of eight at once, or with their derivatives.
//!
//! Formula    secants whose kept end is halved (Illinois), and every fourth step a bisection
//! Source     Dowell & Jarratt 1971, BIT 11, 168
//! Accuracy   bracket below 2 units in the last place of its middle, at most 120 steps; the end where the function is positive is given
//! Edge cases a function that is not negative at the far end gives the far end; NaN gives the near end
//! Cost       about 10 evaluations; those of the slowest of the eight, whose others wait unchanged
//!            numbers with derivatives: the root of the values, and its derivatives by the theorem of implicit functions
//! See also   `roots`, `lanes`

use super::dual::Dual;
use super::lanes::{LANES, Lanes};
use super::real::Real;

/// Numbers of which one can ask whether any satisfies a condition.
pub trait Masked: Real {
    /// Whether the mask holds anywhere.
    fn any(mask: Self::Mask) -> bool;
    /// Both.
    fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Where `function` falls to 0; see [`root`].
    #[inline(always)]
    fn solve(function: impl Fn(Self) -> Self, inside: Self, outside: Self) -> Self {
        bracketed(function, inside, outside)
    }
}

impl Masked for f64 {
    #[inline(always)]
    fn any(mask: bool) -> bool {
        mask
    }
    #[inline(always)]
    fn both(a: bool, b: bool) -> bool {
        a && b
    }
}

impl Masked for Lanes {
    #[inline(always)]
    fn any(mask: [bool; LANES]) -> bool {
        mask.iter().fold(false, |a, b| a | b)
    }
    #[inline(always)]
    fn both(a: [bool; LANES], b: [bool; LANES]) -> [bool; LANES] {
        let mut out = a;
        for (a, b) in out.iter_mut().zip(b) {
            *a &= b;
        }
        out
    }
}

impl<T: Masked, const N: usize> Masked for Dual<T, N> {
    #[inline(always)]
    fn any(mask: T::Mask) -> bool {
        T::any(mask)
    }
    #[inline(always)]
    fn both(a: T::Mask, b: T::Mask) -> T::Mask {
        T::both(a, b)
    }
    #[inline(always)]
    fn solve(function: impl Fn(Self) -> Self, inside: Self, outside: Self) -> Self {
        let value = T::solve(|x| function(Dual::fixed(x)).value, inside.value, outside.value);
        // f(x, p) = 0 moves by -f_p/f_x; the same slope in every direction of x separates f_x from f_p.
        let by_parameters = function(Dual::fixed(value)).tangent;
        let by_both = function(Dual { value, tangent: [T::constant(1.0); N] }).tangent;
        let mut tangent = by_parameters;
        for (slope, both) in tangent.iter_mut().zip(by_both) {
            *slope = -*slope / (both - *slope);
        }
        // An end of the bracket that is the answer moves as the bracket does.
        let at_end = |end: T| T::both(end.less(value + value.abs() * LAST_WIDTH), value.less(end + value.abs() * LAST_WIDTH));
        let found = Dual { value, tangent };
        let found = Self::choose(at_end(outside.value), Dual { value, tangent: outside.tangent }, found);
        Self::choose(at_end(inside.value), Dual { value, tangent: inside.tangent }, found)
    }
}

const MOST_STEPS: usize = 120;
const BISECT_EVERY: usize = 4;
/// Width of the last bracket over the sum of its ends.
const LAST_WIDTH: f64 = 2.0 * f64::EPSILON;

/// Where `function` falls to 0 between `inside`, where it is positive, and `outside`, where it is negative.
#[inline(always)]
pub fn root<T: Masked>(function: impl Fn(T) -> T, inside: T, outside: T) -> T {
    T::solve(function, inside, outside)
}

#[inline(always)]
fn bracketed<T: Masked>(function: impl Fn(T) -> T, inside: T, outside: T) -> T {
    let zero = T::constant(0.0);
    let (mut inner, mut outer) = (inside, outside);
    let (mut f_inner, mut f_outer) = (function(inner), function(outer));
    let reached = f_outer.less(zero);
    // A far end that is still inside is the answer; the bracket closes at once.
    inner = T::choose(reached, inner, T::choose(zero.less(f_outer), outer, inner));
    outer = T::choose(reached, outer, inner);
    let mut last = zero;
    for step in 1..=MOST_STEPS {
        let active = ((inner.abs() + outer.abs()) * LAST_WIDTH).less((outer - inner).abs());
        if !T::any(active) {
            break;
        }
        let middle = (inner + outer) * 0.5;
        let x = if step % BISECT_EVERY == 0 {
            middle
        } else {
            let secant = (inner * f_outer - outer * f_inner) / (f_outer - f_inner);
            // A secant that leaves the bracket by rounding, or is NaN, is replaced.
            let (low, high) = (inner.min(outer), inner.max(outer));
            T::choose(T::both(low.less(secant), secant.less(high)), secant, middle)
        };
        let f = function(x);
        let positive = T::both(active, zero.less(f));
        let negative = T::both(active, f.less(zero));
        let exact = T::both(active, f.abs().less(T::constant(f64::MIN_POSITIVE)));
        // An end that stays for the second time counts half.
        let (outer_again, inner_again) = (T::both(positive, zero.less(last)), T::both(negative, last.less(zero)));
        f_outer = T::choose(negative, f, T::choose(outer_again, f_outer * 0.5, f_outer));
        f_inner = T::choose(positive, f, T::choose(inner_again, f_inner * 0.5, f_inner));
        last = f;
        inner = T::choose(positive, x, inner);
        outer = T::choose(negative, x, outer);
        inner = T::choose(exact, x, inner);
        outer = T::choose(exact, x, outer);
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_with_first_and_second_derivatives() {
        // x^3 = a + b at a = 2, b = 0.7: x' = 1/(3 x^2), x'' = -2/(9 x^5).
        type Second = Dual<Dual<f64, 1>, 1>;
        let a = Second { value: Dual::variable(2.0, 0), tangent: [Dual::fixed(1.0)] };
        let x = root(|x: Second| a + 0.7 - x * x * x, Second::constant(0.1), Second::constant(40.0));
        let exact = 2.7f64.cbrt();
        assert!((x.value.value / exact - 1.0).abs() < 1e-15);
        assert!((x.tangent[0].value * 3.0 * exact.powi(2) - 1.0).abs() < 1e-14, "{x:?}");
        assert_eq!(x.value.tangent[0], x.tangent[0].value);
        assert!((x.tangent[0].tangent[0] * -4.5 * exact.powi(5) - 1.0).abs() < 1e-13, "{x:?}");
    }

    #[test]
    fn roots_alone_and_together() {
        let scale = Lanes(std::array::from_fn(|i| 0.5 + i as f64));
        let all = root(|x: Lanes| scale - x * x * x, Lanes::constant(0.1), Lanes::constant(40.0));
        for i in 0..LANES {
            let exact = scale.0[i].cbrt();
            assert!((all.0[i] / exact - 1.0).abs() < 1e-15, "{} {exact}", all.0[i]);
            assert_eq!(all.0[i], root(|x: f64| scale.0[i] - x * x * x, 0.1, 40.0));
        }
        let calls = std::cell::Cell::new(0);
        root(
            |x: f64| {
                calls.set(calls.get() + 1);
                2.0 - x.exp()
            },
            0.0,
            3.0,
        );
        assert!(calls.get() < 25, "{}", calls.get());
        assert_eq!(root(|x: f64| 1.0 + x, 0.0, 3.0), 3.0);
        assert_eq!(root(|_: f64| f64::NAN, 1.0, 3.0), 1.0);
        assert!((root(|x: f64| x - 2.0, 5.0, 0.0) - 2.0).abs() < 1e-14);
    }
}
