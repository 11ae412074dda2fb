//! A number that counts what is done with it.
//!
//! Layout     one counter for all numbers of a thread; comparisons and choices are not counted, nor a side of a choice that no number takes
//! Units      operations on doubles; a division and a root are one each, an elementary function those of its code
//! See also   `numeric::real`, `numeric::elementary`

use std::cell::Cell;
use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use spolia::numeric::dispatch::Kernel;
use spolia::numeric::real::{Real, Tabulated};
use spolia::orbits::field::Variable;
use spolia::orbits::integrate::{Moving, State};
use spolia::orbits::potential::Potential;

/// Operations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub additions: u32,
    pub multiplications: u32,
    pub divisions: u32,
    pub roots: u32,
}

/// What `elementary::ln`, `ln_1p`, `exp` and `exp_m1` do, read from their code: additions, multiplications, divisions.
const LN: [u32; 3] = [20, 18, 1];
const LN_1P: [u32; 3] = [24, 18, 2];
const EXP: [u32; 3] = [21, 18, 0];
/// Functions of the standard library, roughly.
const OTHER: [u32; 3] = [20, 20, 0];

thread_local! {
    static DONE: Cell<Count> = const { Cell::new(Count { additions: 0, multiplications: 0, divisions: 0, roots: 0 }) };
}

fn note([additions, multiplications, divisions]: [u32; 3], roots: u32) {
    let mut count = DONE.get();
    count.additions += additions;
    count.multiplications += multiplications;
    count.divisions += divisions;
    count.roots += roots;
    DONE.set(count);
}

impl Count {
    /// All together.
    pub fn total(&self) -> f64 {
        f64::from(self.additions + self.multiplications + self.divisions + self.roots)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Count { additions, multiplications, divisions, roots } = self;
        write!(f, "{additions} additions, {multiplications} multiplications, {divisions} divisions, {roots} roots: {}", self.total())
    }
}

/// The number.
#[derive(Clone, Copy, Debug)]
pub struct Counted(f64);

macro_rules! operators {
    ($($operator:ident $method:ident $sign:tt $cost:expr),*) => {$(
        impl $operator for Counted {
            type Output = Counted;
            fn $method(self, other: Counted) -> Counted {
                note($cost, 0);
                Counted(self.0 $sign other.0)
            }
        }
        impl $operator<f64> for Counted {
            type Output = Counted;
            fn $method(self, other: f64) -> Counted {
                note($cost, 0);
                Counted(self.0 $sign other)
            }
        }
    )*};
}
operators!(Add add + [1, 0, 0], Sub sub - [1, 0, 0], Mul mul * [0, 1, 0], Div div / [0, 0, 1]);

impl Neg for Counted {
    type Output = Counted;
    fn neg(self) -> Counted {
        Counted(-self.0)
    }
}

impl AddAssign for Counted {
    fn add_assign(&mut self, other: Counted) {
        *self = *self + other;
    }
}

impl SubAssign for Counted {
    fn sub_assign(&mut self, other: Counted) {
        *self = *self - other;
    }
}

fn counted(cost: [u32; 3], value: f64) -> Counted {
    note(cost, 0);
    Counted(value)
}

impl Real for Counted {
    type Mask = bool;

    fn apart<K: Kernel>(kernel: K) -> K::Answer {
        kernel.run()
    }
    fn constant(value: f64) -> Counted {
        Counted(value)
    }
    fn sqrt(self) -> Counted {
        note([0; 3], 1);
        Counted(self.0.sqrt())
    }
    fn ln(self) -> Counted {
        counted(LN, Real::ln(self.0))
    }
    fn ln_1p(self) -> Counted {
        counted(LN_1P, Real::ln_1p(self.0))
    }
    fn exp(self) -> Counted {
        counted(EXP, Real::exp(self.0))
    }
    fn exp_m1(self) -> Counted {
        counted(EXP, Real::exp_m1(self.0))
    }
    fn sin_cos(self) -> (Counted, Counted) {
        let (s, c) = self.0.sin_cos();
        (counted(OTHER, s), counted(OTHER, c))
    }
    fn atan(self) -> Counted {
        counted(OTHER, self.0.atan())
    }
    fn abs(self) -> Counted {
        Counted(self.0.abs())
    }
    fn less(self, other: Counted) -> bool {
        self.0 < other.0
    }
    fn choose(mask: bool, yes: Counted, no: Counted) -> Counted {
        if mask { yes } else { no }
    }
    fn some(mask: bool) -> bool {
        mask
    }
    fn every(mask: bool) -> bool {
        mask
    }
    fn floor(self) -> Counted {
        Counted(self.0.floor())
    }
    fn pick(index: Counted, entry: impl Fn(usize) -> Counted) -> Counted {
        entry(index.0 as usize)
    }
    fn lookup<F: Tabulated>(self, table: &F, order: usize) -> Counted {
        Counted(table.derivative(order, self.0))
    }
}

/// Operations of one leapfrog in a potential.
pub fn leapfrog(model: &Potential) -> Count {
    let field = Variable { model, prepared: model.prepare::<Counted>() };
    let start = State::from_array([8.0, 1.0, 1.0, 20.0, 200.0, 30.0].map(Counted));
    let mut orbit = Moving::start(&field, Counted(0.0), start);
    DONE.set(Count::default());
    orbit.leap(&field, Counted(1e-3));
    DONE.get()
}
