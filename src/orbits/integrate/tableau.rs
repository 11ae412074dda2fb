//! Steps of embedded Runge-Kutta methods: DOP853 and Tsit5, with their error estimates and dense outputs.
//!
//! Formula    k_s = f(t + c_s h, y + h sum a_sj k_j); the last of the weights' stages is the first of the next step
//! Units      y is x, y, z \[kpc\], vx, vy, vz \[km/s\]
//! Source     Hairer, Norsett & Wanner 1993, section II.5 (DOP853); Tsitouras 2011, Comput. Math. Appl. 62, 770 (Tsit5)
//! Accuracy   order 8 with dense output of order 7; order 5 with dense output of order 4 (tests of `adaptive`)
//! Cost       DOP853 11 accelerations a step, 3 more for dense output; Tsit5 6, none more
//! See also   `dop853_table`, `adaptive`

// Coefficients are written with the digits of their source.
#![allow(clippy::excessive_precision)]

use super::dop853_table as dop853;
use super::symplectic::Moving;
use crate::orbits::field::Field;
use crate::orbits::integrate::State;

/// A method with error control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Adaptive {
    /// Dormand and Prince 8(5,3).
    #[default]
    Dop853,
    /// Tsitouras 5(4).
    Tsit5,
}

type Vector = [f64; 6];
const STAGES: usize = 16;
const DENSE_TERMS: usize = 7;

/// Times and weights of the stages of Tsit5, Tsitouras 2011, table 1; the last row are the weights of the result.
const TSIT_C: [f64; 7] = [0.0, 0.161, 0.327, 0.9, 0.980_025_540_904_509_7, 1.0, 1.0];
const TSIT_A: [[f64; 6]; 7] = [
    [0.0; 6],
    [0.161, 0.0, 0.0, 0.0, 0.0, 0.0],
    [-0.008_480_655_492_357, 0.335_480_655_492_357, 0.0, 0.0, 0.0, 0.0],
    [2.897_153_057_105_493, -6.359_448_489_975_075, 4.362_295_432_869_582, 0.0, 0.0, 0.0],
    [5.325_864_828_439_257, -11.748_883_564_062_83, 7.495_539_342_889_836, -0.092_495_066_361_755_25, 0.0, 0.0],
    [5.861_455_442_946_42, -12.920_969_317_847_11, 8.159_367_898_576_159, -0.071_584_973_281_401, -0.028_269_050_394_068_38, 0.0],
    [0.096_460_766_818_065_23, 0.01, 0.479_889_650_414_499_6, 1.379_008_574_103_742, -3.290_069_515_436_081, 2.324_710_524_099_774],
];
const TSIT_ERROR: [f64; 7] = [
    -0.001_780_011_052_225_777_1,
    -0.000_816_434_459_656_746_9,
    0.007_880_878_010_261_995,
    -0.144_711_007_173_262_9,
    0.582_357_165_452_555_2,
    -0.458_082_105_929_186_97,
    0.015_151_515_151_515_152,
];
/// Dense output of Tsit5 as factor and roots: b_i = f x^2 (x - p)(x - q), Tsitouras 2011, section 3; the first is written out.
const TSIT_FIRST: [f64; 4] = [-1.053_088_497_729_021_6, 1.329_989_018_975_141_2, 1.436_402_854_171_635_1, 0.713_981_691_707_420_9];
/// Factor, minus the sum and the product of the roots of the other six.
const TSIT_DENSE: [[f64; 3]; 6] = [
    [0.1017, -2.196_656_833_824_975_4, 1.294_985_250_737_463_1],
    [2.490_627_285_651_252_793, -2.385_356_454_720_616_57, 1.578_034_682_080_924_86],
    [
        -16.548_102_889_244_902_72,
        -(1.217_129_272_955_332_44 + 0.616_204_060_378_000_89),
        1.217_129_272_955_332_44 * 0.616_204_060_378_000_89,
    ],
    [
        47.379_521_962_819_281_22,
        -(1.203_071_208_372_362_603 + 0.658_047_292_653_547_382),
        1.203_071_208_372_362_603 * 0.658_047_292_653_547_382,
    ],
    [-34.870_657_861_496_609_74, -(1.2 + 2.0 / 3.0), 0.8],
    [2.5, -1.6, 0.6],
];

/// The orbit within one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense {
    /// Time of its begin \[kpc/(km/s)\].
    pub start: f64,
    /// Its length, negative backwards.
    pub step: f64,
    first: Vector,
    terms: [Vector; DENSE_TERMS],
    /// Whether the factors alternate between x and 1 - x (DOP853) or are all x (Tsit5).
    alternating: bool,
}

impl Dense {
    /// State at a time within the step.
    pub fn at(&self, time: f64) -> State<f64> {
        let x = (time - self.start) / self.step;
        let mut sum = [0.0; 6];
        for (n, term) in self.terms.iter().enumerate().rev() {
            let factor = if self.alternating && n % 2 == 1 { 1.0 - x } else { x };
            for i in 0..6 {
                sum[i] = (sum[i] + term[i]) * factor;
            }
        }
        State::from_array(std::array::from_fn(|i| self.first[i] + sum[i]))
    }

    /// Time of its end.
    pub fn end(&self) -> f64 {
        self.start + self.step
    }
}

/// A step tried.
pub(super) struct Trial {
    pub end: Moving<f64>,
    /// Error over what is allowed.
    pub error: f64,
    slopes: [Vector; STAGES],
    step: f64,
}

fn slope(state: &State<f64>, acceleration: [f64; 3]) -> Vector {
    let ([vx, vy, vz], [ax, ay, az]) = (state.velocity, acceleration);
    [vx, vy, vz, ax, ay, az]
}

/// Size of an error vector over the allowed one: root of the mean of the squares of its two parts.
fn size(error: Vector, allowed: [f64; 2]) -> f64 {
    let part = |from: usize, allowed: f64| error[from..from + 3].iter().map(|e| e * e).sum::<f64>() / (allowed * allowed);
    (0.5 * (part(0, allowed[0]) + part(3, allowed[1]))).sqrt()
}

impl Adaptive {
    /// 1/(order of the error + 1).
    pub(super) fn exponent(self) -> f64 {
        match self {
            Adaptive::Dop853 => 1.0 / 8.0,
            Adaptive::Tsit5 => 1.0 / 5.0,
        }
    }

    pub(super) fn attempt<F: Field<f64> + ?Sized>(
        self,
        field: &F,
        from: &Moving<f64>,
        step: f64,
        allowed: impl Fn(&State<f64>) -> [f64; 2],
    ) -> Trial {
        let y = from.state.to_array();
        let mut k = [[0.0; 6]; STAGES];
        k[0] = slope(&from.state, from.acceleration);
        let last = match self {
            Adaptive::Dop853 => 12,
            Adaptive::Tsit5 => 6,
        };
        let mut end = *from;
        for s in 1..=last {
            let (row, time): (&[f64], f64) = match self {
                Adaptive::Dop853 => (&dop853::A[s], dop853::C[s]),
                Adaptive::Tsit5 => (&TSIT_A[s], TSIT_C[s]),
            };
            end = stage(field, &y, from.time, step, &k[..s], row, time);
            k[s] = slope(&end.state, end.acceleration);
        }
        let limits = allowed(&end.state);
        let weighted = |weights: &[f64]| {
            let mut sum = [0.0; 6];
            for (k, w) in k.iter().zip(weights) {
                for i in 0..6 {
                    sum[i] += w * k[i];
                }
            }
            sum.map(|e| e * step)
        };
        let error = match self {
            Adaptive::Tsit5 => size(weighted(&TSIT_ERROR), limits),
            Adaptive::Dop853 => {
                let (five, three) = (size(weighted(&dop853::ERROR5), limits), size(weighted(&dop853::ERROR3), limits));
                // Hairer's combination: as small as an error of order 8, as safe as one of order 3 far from convergence.
                /// Share of the lower order in the combination, DOP853.
                const SHARE: f64 = 0.01;
                let whole = five * five + SHARE * three * three;
                if whole > 0.0 { five * five / whole.sqrt() } else { whole }
            }
        };
        Trial { end, error, slopes: k, step }
    }

    pub(super) fn dense<F: Field<f64> + ?Sized>(self, field: &F, from: &Moving<f64>, trial: &mut Trial) -> Dense {
        let (first, last, h) = (from.state.to_array(), trial.end.state.to_array(), trial.step);
        let mut terms = [[0.0; 6]; DENSE_TERMS];
        match self {
            Adaptive::Dop853 => {
                for s in 13..STAGES {
                    let extra = stage(field, &first, from.time, h, &trial.slopes[..s], &dop853::A[s], dop853::C[s]);
                    trial.slopes[s] = slope(&extra.state, extra.acceleration);
                }
                let k = &trial.slopes;
                for i in 0..6 {
                    let change = last[i] - first[i];
                    terms[0][i] = change;
                    terms[1][i] = h * k[0][i] - change;
                    terms[2][i] = 2.0 * change - h * (k[12][i] + k[0][i]);
                    for (term, row) in terms[3..].iter_mut().zip(&dop853::DENSE) {
                        term[i] = h * row.iter().zip(k).map(|(w, k)| w * k[i]).sum::<f64>();
                    }
                }
            }
            Adaptive::Tsit5 => {
                // b_i as sums of powers x to x^4; the first is f x (x - p)(x^2 - q x + r).
                let [f, p, q, r] = TSIT_FIRST;
                let mut powers = [[0.0; 4]; 7];
                powers[0] = [-f * p * r, f * (r + p * q), -f * (p + q), f];
                for (power, [f, sum, product]) in powers[1..].iter_mut().zip(TSIT_DENSE) {
                    *power = [0.0, f * product, f * sum, f];
                }
                for (power, k) in powers.iter().zip(&trial.slopes) {
                    for n in 0..4 {
                        for i in 0..6 {
                            terms[n][i] += h * power[n] * k[i];
                        }
                    }
                }
            }
        }
        Dense { start: from.time, step: h, first, terms, alternating: self == Adaptive::Dop853 }
    }
}

fn stage<F: Field<f64> + ?Sized>(field: &F, y: &Vector, time: f64, step: f64, k: &[Vector], row: &[f64], at: f64) -> Moving<f64> {
    let mut sum = [0.0; 6];
    for (k, a) in k.iter().zip(row) {
        for i in 0..6 {
            sum[i] += a * k[i];
        }
    }
    Moving::start(field, time + at * step, State::from_array(std::array::from_fn(|i| y[i] + step * sum[i])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_add_up_to_their_times() {
        for (row, c) in dop853::A.iter().zip(dop853::C) {
            assert!((row.iter().sum::<f64>() - c).abs() < 2e-14);
        }
        for (row, c) in TSIT_A.iter().zip(TSIT_C) {
            assert!((row.iter().sum::<f64>() - c).abs() < 2e-14);
        }
        assert!(TSIT_ERROR.iter().sum::<f64>().abs() < 1e-15);
        for (i, [f, sum, product]) in TSIT_DENSE.into_iter().enumerate() {
            let weight = if i < 5 { TSIT_A[6][i + 1] } else { 0.0 };
            assert!((f * (1.0 + sum + product) - weight).abs() < 1e-12, "{i}");
        }
    }
}
