//! Eight numbers at a time: arithmetic on arrays of fixed length, which the compiler turns into vector instructions.
//!
//! Layout     element i of a result depends on the elements i of the operands alone
//! Accuracy   each lane has the bits that the same operation on one number has
//! Cost       with AVX-512 one instruction an operation, with AVX2 two, with SSE2 four; see `numeric::dispatch`
//! See also   `real`

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use super::dispatch::{Kernel, apart};
use super::elementary;
use super::real::{Real, Tabulated, polynomial};

/// Numbers in a [`Lanes`].
pub const LANES: usize = 8;

/// Eight numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub struct Lanes(pub [f64; LANES]);

impl Lanes {
    /// The function of each.
    #[inline(always)]
    pub fn map(self, function: impl Fn(f64) -> f64) -> Lanes {
        let mut out = self.0;
        for value in &mut out {
            *value = function(*value);
        }
        Lanes(out)
    }

    /// The function of each pair.
    #[inline(always)]
    pub fn zip(self, other: Lanes, function: impl Fn(f64, f64) -> f64) -> Lanes {
        let mut out = self.0;
        for (value, other) in out.iter_mut().zip(other.0) {
            *value = function(*value, other);
        }
        Lanes(out)
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident $sign:tt),*) => {$(
        impl $operator for Lanes {
            type Output = Lanes;
            #[inline(always)]
            fn $method(self, other: Lanes) -> Lanes {
                self.zip(other, |a, b| a $sign b)
            }
        }
        impl $operator<f64> for Lanes {
            type Output = Lanes;
            #[inline(always)]
            fn $method(self, other: f64) -> Lanes {
                self.map(|a| a $sign other)
            }
        }
    )*};
}
operators!(Add add +, Sub sub -, Mul mul *, Div div /);

impl Neg for Lanes {
    type Output = Lanes;
    #[inline(always)]
    fn neg(self) -> Lanes {
        self.map(|a| -a)
    }
}

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Lanes) {
        *self = *self + other;
    }
}

impl SubAssign for Lanes {
    #[inline(always)]
    fn sub_assign(&mut self, other: Lanes) {
        *self = *self - other;
    }
}

impl Real for Lanes {
    type Mask = [bool; LANES];

    #[inline(always)]
    fn apart<K: Kernel>(kernel: K) -> K::Answer {
        apart(kernel)
    }

    #[inline(always)]
    fn constant(value: f64) -> Lanes {
        Lanes([value; LANES])
    }
    #[inline(always)]
    fn sqrt(self) -> Lanes {
        self.map(f64::sqrt)
    }
    #[inline(always)]
    fn ln(self) -> Lanes {
        self.map(elementary::ln)
    }
    #[inline(always)]
    fn ln_1p(self) -> Lanes {
        self.map(elementary::ln_1p)
    }
    #[inline(always)]
    fn exp(self) -> Lanes {
        self.map(elementary::exp)
    }
    #[inline(always)]
    fn exp_m1(self) -> Lanes {
        self.map(elementary::exp_m1)
    }
    #[inline(always)]
    fn sin_cos(self) -> (Lanes, Lanes) {
        (self.map(f64::sin), self.map(f64::cos))
    }
    #[inline(always)]
    fn atan(self) -> Lanes {
        self.map(f64::atan)
    }
    #[inline(always)]
    fn abs(self) -> Lanes {
        self.map(f64::abs)
    }
    #[inline(always)]
    fn less(self, other: Lanes) -> [bool; LANES] {
        let mut mask = [false; LANES];
        for ((m, a), b) in mask.iter_mut().zip(self.0).zip(other.0) {
            *m = a < b;
        }
        mask
    }
    #[inline(always)]
    fn choose(mask: [bool; LANES], yes: Lanes, no: Lanes) -> Lanes {
        let mut out = no.0;
        for ((value, m), yes) in out.iter_mut().zip(mask).zip(yes.0) {
            *value = if m { yes } else { *value };
        }
        Lanes(out)
    }
    #[inline(always)]
    fn some(mask: [bool; LANES]) -> bool {
        mask.iter().fold(false, |a, b| a | b)
    }
    #[inline(always)]
    fn every(mask: [bool; LANES]) -> bool {
        mask.iter().fold(true, |a, b| a & b)
    }
    #[inline(always)]
    fn polynomial<const N: usize>(self, coefficients: &[Lanes; N]) -> Lanes {
        // One number after the other: of this loop the compiler makes vectors, of a loop over vectors it does not.
        let mut out = self.0;
        for (lane, value) in out.iter_mut().enumerate() {
            *value = polynomial::<f64, N>(*value, |k| coefficients[k].0[lane]);
        }
        Lanes(out)
    }
    #[inline(always)]
    fn floor(self) -> Lanes {
        self.map(f64::floor)
    }
    #[inline(always)]
    fn pick(index: Lanes, entry: impl Fn(usize) -> Lanes) -> Lanes {
        Lanes(std::array::from_fn(|lane| entry(index.0[lane] as usize).0[lane]))
    }
    #[inline(always)]
    fn lookup<F: Tabulated>(self, table: &F, order: usize) -> Lanes {
        // A loop and no closure: what it calls is then compiled for the instructions of the caller.
        let mut out = self.0;
        for value in &mut out {
            *value = table.derivative(order, *value);
        }
        Lanes(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something of everything.
    fn formula<T: Real>(x: T, y: T) -> T {
        let (s, c) = (x * 0.3).sin_cos();
        let shape = (x.square() + y.square() + 1e-3).sqrt().ln() * (-(y.abs())).exp() + s * c.atan();
        let shape = shape + x.polynomial(&[y, x, y, x]) * 1e-4;
        T::choose(x.less(y), shape.ln_1p(), (shape * 0.1).exp_m1()) / (y.square() + 1.0) - x.powi(3)
    }

    #[test]
    fn a_lane_has_the_bits_of_the_number_alone() {
        let x = Lanes(std::array::from_fn(|i| i as f64 * 1.7 - 5.0));
        let y = Lanes(std::array::from_fn(|i| 3.0 - i as f64 * 0.9));
        let all = formula(x, y);
        for i in 0..LANES {
            assert_eq!(all.0[i].to_bits(), formula(x.0[i], y.0[i]).to_bits(), "lane {i}");
        }
    }
}
