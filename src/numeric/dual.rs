//! Numbers with N directional derivatives, carried along by the chain rule.
//!
//! Formula    f(x + sum e_i dx_i) = f(x) + f'(x) sum e_i dx_i, e_i e_j = 0; a Dual of Duals has second derivatives
//! Accuracy   that of the formula itself: no step size, no cancellation
//! Edge cases the derivative of sqrt and ln at 0 is infinite or NaN, as it is; |x| and comparisons take the side that x is on
//! Source     Griewank & Walther 2008, Evaluating Derivatives, section 3.1 (forward mode)
//! See also   `real`

// Products and quotients of duals are made of sums, by the rules of derivatives.
#![allow(clippy::suspicious_arithmetic_impl)]

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use super::dispatch::Kernel;
use super::real::{Real, Tabulated};

/// A value and its derivatives in N directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual<T, const N: usize> {
    /// The value.
    pub value: T,
    /// Derivative in each direction.
    pub tangent: [T; N],
}

impl<T: Real, const N: usize> Dual<T, N> {
    /// A value that depends on direction `index` alone, with derivative 1.
    #[inline(always)]
    pub fn variable(value: T, index: usize) -> Self {
        let mut tangent = [T::constant(0.0); N];
        if let Some(slot) = tangent.get_mut(index) {
            *slot = T::constant(1.0);
        }
        Dual { value, tangent }
    }

    /// A value that depends on no direction.
    #[inline(always)]
    pub fn fixed(value: T) -> Self {
        Dual { value, tangent: [T::constant(0.0); N] }
    }

    /// f(x) and f'(x) dx.
    #[inline(always)]
    fn chain(self, value: T, slope: T) -> Self {
        let mut tangent = self.tangent;
        for t in &mut tangent {
            *t = *t * slope;
        }
        Dual { value, tangent }
    }

    #[inline(always)]
    fn combine(self, other: Self, value: T, tangent: impl Fn(T, T) -> T) -> Self {
        let mut out = self.tangent;
        for (a, b) in out.iter_mut().zip(other.tangent) {
            *a = tangent(*a, b);
        }
        Dual { value, tangent: out }
    }
}

impl<T: Real, const N: usize> Add for Dual<T, N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.combine(other, self.value + other.value, |a, b| a + b)
    }
}

impl<T: Real, const N: usize> Sub for Dual<T, N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.combine(other, self.value - other.value, |a, b| a - b)
    }
}

impl<T: Real, const N: usize> Mul for Dual<T, N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.combine(other, self.value * other.value, |a, b| a * other.value + b * self.value)
    }
}

impl<T: Real, const N: usize> Div for Dual<T, N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let inverse = other.value.recip();
        let value = self.value / other.value;
        self.combine(other, value, |a, b| (a - value * b) * inverse)
    }
}

impl<T: Real, const N: usize> Neg for Dual<T, N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.chain(-self.value, T::constant(-1.0))
    }
}

impl<T: Real, const N: usize> AddAssign for Dual<T, N> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<T: Real, const N: usize> SubAssign for Dual<T, N> {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl<T: Real, const N: usize> Add<f64> for Dual<T, N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: f64) -> Self {
        Dual { value: self.value + other, ..self }
    }
}

impl<T: Real, const N: usize> Sub<f64> for Dual<T, N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: f64) -> Self {
        Dual { value: self.value - other, ..self }
    }
}

impl<T: Real, const N: usize> Mul<f64> for Dual<T, N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: f64) -> Self {
        self.chain(self.value * other, T::constant(other))
    }
}

impl<T: Real, const N: usize> Div<f64> for Dual<T, N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: f64) -> Self {
        self.chain(self.value / other, T::constant(1.0 / other))
    }
}

impl<T: Real, const N: usize> Real for Dual<T, N> {
    type Mask = T::Mask;

    #[inline(always)]
    fn apart<K: Kernel>(kernel: K) -> K::Answer {
        T::apart(kernel)
    }

    #[inline(always)]
    fn constant(value: f64) -> Self {
        Dual::fixed(T::constant(value))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        self.chain(root, T::constant(0.5) / root)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.chain(self.value.ln(), self.value.recip())
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.chain(self.value.ln_1p(), (self.value + 1.0).recip())
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let power = self.value.exp();
        self.chain(power, power)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        self.chain(self.value.exp_m1(), self.value.exp())
    }
    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        let (s, c) = self.value.sin_cos();
        (self.chain(s, c), self.chain(c, -s))
    }
    #[inline(always)]
    fn atan(self) -> Self {
        self.chain(self.value.atan(), (self.value.square() + 1.0).recip())
    }
    #[inline(always)]
    fn abs(self) -> Self {
        let negative = self.value.less(T::constant(0.0));
        self.chain(self.value.abs(), T::choose(negative, T::constant(-1.0), T::constant(1.0)))
    }
    #[inline(always)]
    fn less(self, other: Self) -> T::Mask {
        self.value.less(other.value)
    }
    #[inline(always)]
    fn choose(mask: T::Mask, yes: Self, no: Self) -> Self {
        yes.combine(no, T::choose(mask, yes.value, no.value), |a, b| T::choose(mask, a, b))
    }
    #[inline(always)]
    fn some(mask: T::Mask) -> bool {
        T::some(mask)
    }
    #[inline(always)]
    fn every(mask: T::Mask) -> bool {
        T::every(mask)
    }
    #[inline(always)]
    fn floor(self) -> Self {
        Dual::fixed(self.value.floor())
    }
    #[inline(always)]
    fn pick(index: Self, entry: impl Fn(usize) -> Self) -> Self {
        let value = T::pick(index.value, |i| entry(i).value);
        Dual { value, tangent: std::array::from_fn(|direction| T::pick(index.value, |i| entry(i).tangent[direction])) }
    }
    #[inline(always)]
    fn lookup<F: Tabulated>(self, table: &F, order: usize) -> Self {
        self.chain(self.value.lookup(table, order), self.value.lookup(table, order + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::lanes::Lanes;

    fn formula<T: Real>(x: T, y: T) -> T {
        let (s, c) = (x * y).sin_cos();
        let shape = (x.square() + y.exp() * 2.0).sqrt().ln() + s / (c + 3.0) - (x / y).atan() * x.ln_1p();
        shape * (y * 0.5 - 1.0).exp_m1() + T::choose(x.less(y), x.abs().pow(y), y.powi(-2)) / 7.0
    }

    #[test]
    fn derivatives_agree_with_central_differences() {
        for (x, y) in [(0.7, 1.3), (2.0, 0.4), (1.1, 1.2)] {
            let f = formula(Dual::<f64, 2>::variable(x, 0), Dual::variable(y, 1));
            assert_eq!(f.value, formula(x, y));
            let h = 1e-5;
            let slopes = [(formula(x + h, y) - formula(x - h, y)) / (2.0 * h), (formula(x, y + h) - formula(x, y - h)) / (2.0 * h)];
            for (exact, difference) in f.tangent.iter().zip(slopes) {
                assert!((exact - difference).abs() < 1e-8 * (1.0 + exact.abs()), "{exact} {difference}");
            }
        }
    }

    #[test]
    fn a_dual_of_duals_has_the_second_derivative_and_lanes_have_each_their_own() {
        let (x, y) = (0.9, 1.4);
        let inner =
            |v: f64, i| Dual::<Dual<f64, 1>, 1> { value: Dual { value: v, tangent: [i] }, tangent: [Dual { value: i, tangent: [0.0] }] };
        let second = formula(inner(x, 1.0), inner(y, 0.0)).tangent[0].tangent[0];
        let slope = |x: f64| formula(Dual::<f64, 1>::variable(x, 0), Dual::fixed(y)).tangent[0];
        let difference = (slope(x + 1e-5) - slope(x - 1e-5)) / 2e-5;
        assert!((second - difference).abs() < 1e-7 * second.abs(), "{second} {difference}");
        let lanes = Lanes(std::array::from_fn(|i| 0.5 + 0.1 * i as f64));
        let all = formula(Dual::<Lanes, 1>::variable(lanes, 0), Dual::fixed(Lanes::constant(y)));
        for i in 0..8 {
            assert_eq!(all.tangent[0].0[i].to_bits(), slope(lanes.0[i]).to_bits());
        }
    }
}
