//! Numbers that formulas are written for once: plain, several at a time, or with their derivatives.
//!
//! Layout     `f64`; [`Lanes`](super::lanes::Lanes), eight at a time; [`Dual`](super::dual::Dual) over either, or over itself for second
//!            derivatives
//! Accuracy   functions are those of `elementary`, so that one value has the same bits alone and among others
//! Edge cases there are no branches on values: a formula says [`Real::choose`] and both sides are computed; a side that nobody takes may
//!            be left out by [`Real::some`] and [`Real::every`], which changes no bit of what is chosen
//! See also   `orbits::potential` for the formulas

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use super::dispatch::{Kernel, alone};
use super::elementary;

/// A number of any of these kinds.
pub trait Real:
    Copy
    + Send
    + Sync
    + std::fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    /// Answer of a comparison.
    type Mask: Copy;

    /// Runs a kernel over these numbers as code of its own, with the vector instructions that they profit from.
    fn apart<K: Kernel>(kernel: K) -> K::Answer;

    /// The same constant everywhere.
    fn constant(value: f64) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// ln(1 + x), without loss near 0.
    fn ln_1p(self) -> Self;
    /// Exponential.
    fn exp(self) -> Self;
    /// exp(x) - 1, without loss near 0.
    fn exp_m1(self) -> Self;
    /// Sine and cosine of an angle \[rad\].
    fn sin_cos(self) -> (Self, Self);
    /// Arc tangent \[rad\].
    fn atan(self) -> Self;
    /// |x|.
    fn abs(self) -> Self;
    /// Whether x < y.
    fn less(self, other: Self) -> Self::Mask;
    /// `yes` where the mask holds, `no` elsewhere.
    fn choose(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Whether the mask holds for any of the numbers.
    fn some(mask: Self::Mask) -> bool;
    /// Whether the mask holds for all of the numbers.
    fn every(mask: Self::Mask) -> bool;
    /// The greatest whole number that is not above x; its derivative is 0.
    fn floor(self) -> Self;
    /// `entry(i)` for the whole number i >= 0 that `index` is (NaN and negative: 0), each lane by its own index.
    fn pick(index: Self, entry: impl Fn(usize) -> Self) -> Self;
    /// A tabulated function of x; a table knows its derivatives.
    fn lookup<F: Tabulated>(self, table: &F, order: usize) -> Self;

    /// c_0 + c_1 x + ... of an even number of coefficients, even and odd powers in two chains.
    #[inline(always)]
    fn polynomial<const N: usize>(self, coefficients: &[Self; N]) -> Self {
        polynomial::<Self, N>(self, |k| coefficients[k])
    }
    /// 1/x.
    #[inline(always)]
    fn recip(self) -> Self {
        Self::constant(1.0) / self
    }
    /// x^2.
    #[inline(always)]
    fn square(self) -> Self {
        self * self
    }
    /// x^n for a whole n of any sign.
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        let (mut base, mut left, mut result) = (self, n.unsigned_abs(), Self::constant(1.0));
        while left > 0 {
            if left & 1 == 1 {
                result = result * base;
            }
            base = base * base;
            left >>= 1;
        }
        if n < 0 { result.recip() } else { result }
    }
    /// x^y for x > 0.
    #[inline(always)]
    fn pow(self, power: Self) -> Self {
        (self.ln() * power).exp()
    }
    /// The greater one; y where x is NaN.
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::choose(other.less(self), self, other)
    }
    /// The lesser one; y where x is NaN.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::choose(self.less(other), self, other)
    }
}

/// A smooth function of one number that knows its derivatives.
pub trait Tabulated: Sync {
    /// Derivative of the given order (0 is the function) at x.
    fn derivative(&self, order: usize, x: f64) -> f64;
}

impl Real for f64 {
    type Mask = bool;

    #[inline(always)]
    fn apart<K: Kernel>(kernel: K) -> K::Answer {
        alone(kernel)
    }

    #[inline(always)]
    fn constant(value: f64) -> f64 {
        value
    }
    #[inline(always)]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn ln(self) -> f64 {
        elementary::ln(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> f64 {
        elementary::ln_1p(self)
    }
    #[inline(always)]
    fn exp(self) -> f64 {
        elementary::exp(self)
    }
    #[inline(always)]
    fn exp_m1(self) -> f64 {
        elementary::exp_m1(self)
    }
    #[inline(always)]
    fn sin_cos(self) -> (f64, f64) {
        f64::sin_cos(self)
    }
    #[inline(always)]
    fn atan(self) -> f64 {
        f64::atan(self)
    }
    #[inline(always)]
    fn abs(self) -> f64 {
        f64::abs(self)
    }
    #[inline(always)]
    fn less(self, other: f64) -> bool {
        self < other
    }
    #[inline(always)]
    fn choose(mask: bool, yes: f64, no: f64) -> f64 {
        if mask { yes } else { no }
    }
    #[inline(always)]
    fn some(mask: bool) -> bool {
        mask
    }
    #[inline(always)]
    fn every(mask: bool) -> bool {
        mask
    }
    #[inline(always)]
    fn floor(self) -> f64 {
        f64::floor(self)
    }
    #[inline(always)]
    fn pick(index: f64, entry: impl Fn(usize) -> f64) -> f64 {
        entry(index as usize)
    }
    #[inline(always)]
    fn lookup<F: Tabulated>(self, table: &F, order: usize) -> f64 {
        table.derivative(order, self)
    }
}

/// The sum of `at(k)` x^k for k < N, an even number.
#[inline(always)]
pub(super) fn polynomial<T: Real, const N: usize>(x: T, at: impl Fn(usize) -> T) -> T {
    const { assert!(N >= 2 && N.is_multiple_of(2)) };
    let square = x * x;
    let (mut even, mut odd) = (at(N - 2), at(N - 1));
    for k in (0..N / 2 - 1).rev() {
        even = even * square + at(2 * k);
        odd = odd * square + at(2 * k + 1);
    }
    even + odd * x
}

/// a . b.
#[inline(always)]
pub fn dot<T: Real>(a: [T; 3], b: [T; 3]) -> T {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_powers_and_choices() {
        assert_eq!((3.0f64.powi(0), Real::powi(2.0, 10), Real::powi(2.0, -3)), (1.0, 1024.0, 0.125));
        assert!((Real::pow(2.0f64, 0.5) - std::f64::consts::SQRT_2).abs() < 4e-16);
        assert_eq!((Real::max(1.0f64, 2.0), Real::min(1.0f64, 2.0), Real::max(f64::NAN, 2.0)), (2.0, 1.0, 2.0));
        assert_eq!(dot([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]), 32.0);
        assert_eq!((2.0f64.polynomial(&[3.0, 5.0, 7.0, 11.0]), 2.0f64.polynomial(&[3.0, 5.0])), (129.0, 13.0));
        assert_eq!(
            (Real::floor(-1.5f64), f64::pick(2.0, |i| [5.0, 6.0, 7.0][i]), f64::pick(f64::NAN, |i| [5.0, 6.0][i])),
            (-2.0, 7.0, 5.0)
        );
    }
}
