//! Spiral arms of Cox and Gomez.
//!
//! Formula    Phi = -4 pi G H rho_0 exp(-(R - r_0) / R_s) Sum_n C_n / (K_n D_n) cos(n gamma) sech(K_n z / beta_n)^beta_n,
//!            K_n = n N / (R sin alpha), beta_n = K_n H (1 + 0.4 K_n H), D_n = (1 + K_n H + 0.3 (K_n H)^2) / (1 + 0.3 K_n H),
//!            gamma = N [phi - phi_0 - ln(R / r_0) / tan alpha]
//! Units      rho_0 in Msun/kpc**3, r_0, R_s and H in kpc, pitch alpha and phase phi_0 in rad
//! Source     Cox & Gomez 2002, ApJS 142, 261, eqs. 8 to 12
//! Accuracy   potential a few units in the last place of the greatest term; acceleration and density are its exact derivatives
//! Edge cases the number of arms N is whole and has no derivative; on the axis the arms vanish; the mean density over azimuth is 0
//! Cost       three exponentials and as many logarithms a term; a force costs three to four potentials
//! See also   `placement` for their rotation and growth, `profile`

use std::f64::consts::{LN_2, PI};

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::dual::Dual;
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Copy, Debug)]
pub struct SpiralArms {
    arms: u32,
    weights: &'static [f64],
}

const PARAMETERS: &[Parameter] = &[
    Parameter { name: "density", unit: "Msun/kpc**3", default: None, allowed: Allowed::Positive, description: "amplitude rho_0 at r_0" },
    Parameter { name: "arms", unit: "1", default: Some(2.0), allowed: Allowed::Between(0.0, 13.0), description: "number N of arms" },
    Parameter { name: "pitch", unit: "rad", default: None, allowed: Allowed::Between(0.0, 1.57), description: "pitch angle alpha" },
    Parameter {
        name: "reference",
        unit: "kpc",
        default: None,
        allowed: Allowed::Positive,
        description: "radius r_0 of the amplitude and phase",
    },
    Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radial scale R_s of the amplitude" },
    Parameter { name: "height", unit: "kpc", default: None, allowed: Allowed::Positive, description: "vertical scale H" },
    Parameter { name: "phase", unit: "rad", default: Some(0.0), allowed: Allowed::Any, description: "azimuth phi_0 of an arm at r_0" },
];

/// Weights of narrow arms with wide gaps; Cox & Gomez 2002, eq. 12.
const CONCENTRATED: &[f64] = &[8.0 / (3.0 * PI), 0.5, 8.0 / (15.0 * PI)];
/// Weight of a sinusoid.
const SINUSOIDAL: &[f64] = &[1.0];

/// Its registration.
pub const CONCENTRATED_KIND: Kind = Kind {
    name: "spiral_arms",
    description: "spiral arms, narrow with wide gaps",
    peers: "galpy SpiralArmsPotential(Cs=[8/3/pi, 1/2, 8/15/pi])",
    source: "Cox & Gomez 2002, ApJS 142, 261",
    parameters: PARAMETERS,
    spherical: false,
    axisymmetric: false,
    build: |parameters| build(parameters, CONCENTRATED),
};

/// Its registration.
pub const SINUSOIDAL_KIND: Kind = Kind {
    name: "spiral_arms_sinusoidal",
    description: "spiral arms, sinusoidal in azimuth",
    peers: "galpy SpiralArmsPotential",
    source: "Cox & Gomez 2002, ApJS 142, 261",
    parameters: PARAMETERS,
    spherical: false,
    axisymmetric: false,
    build: |parameters| build(parameters, SINUSOIDAL),
};

fn build(parameters: &[f64], weights: &'static [f64]) -> Result<Profile> {
    let arms = parameters[1];
    if arms.fract() != 0.0 {
        return Err(Error::new(ErrorKind::Domain, "the number of spiral arms is not whole").expected("1, 2, 3, ...").found(arms));
    }
    Ok(Profile::SpiralArms(SpiralArms { arms: arms as u32, weights }))
}

/// Keeps divisions finite on the axis \[kpc^2\].
const AXIS_KPC2: f64 = 1e-20;
/// Numbers of the fits of beta and D; Cox & Gomez 2002, eqs. 9 and 10.
const BETA: f64 = 0.4;
const DEPTH: f64 = 0.3;
/// Constants.
const COUNT: usize = 7;

/// ln cosh w for w >= 0, without loss near 0 and without overflow.
#[inline(always)]
fn ln_cosh<T: Real>(w: T) -> T {
    let one = T::constant(1.0);
    let near = w.min(one);
    let sinh = (near.exp_m1() - (-near).exp_m1()) * 0.5;
    T::choose(w.less(one), (sinh * sinh).ln_1p() * 0.5, w - LN_2 + (w * -2.0).exp().ln_1p())
}

impl Formulas for SpiralArms {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        let (sin, cos) = parameters[2].sin_cos();
        let height = parameters[5];
        let strength = -(parameters[0] * height * (4.0 * PI * GRAVITY_KPC_KMS2_MSUN));
        vec![strength, sin.recip() * f64::from(self.arms), cos / sin, parameters[3], parameters[4].recip(), height, parameters[6]]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> T {
        let radius = (x * x + y * y + AXIS_KPC2).sqrt();
        // exp(i N phi), and exp(i gamma) of it.
        let (cx, sx) = (x / radius, y / radius);
        let (mut cos, mut sin) = (cx, sx);
        for _ in 1..self.arms {
            (cos, sin) = (cos * cx - sin * sx, cos * sx + sin * cx);
        }
        let (s, o) = ((c[6] + (radius / c[3]).ln() * c[2]) * f64::from(self.arms)).sin_cos();
        let (cos, sin) = (cos * o + sin * s, sin * o - cos * s);
        let (mut wave, mut cross) = (cos, sin);
        let height = z.abs();
        let mut sum = T::constant(0.0);
        for (n, weight) in self.weights.iter().enumerate() {
            let k = c[1] * (n as f64 + 1.0) / radius;
            let kh = k * c[5];
            let widen = kh * BETA + 1.0;
            let beta = kh * widen;
            let depth = (kh * (kh * DEPTH + 1.0) + 1.0) / (kh * DEPTH + 1.0);
            // K z / beta = z / (H (1 + 0.4 K H)).
            let fall = (-(beta * ln_cosh(height / (c[5] * widen)))).exp();
            sum += wave * *weight * fall / (k * depth);
            (wave, cross) = (wave * cos - cross * sin, wave * sin + cross * cos);
        }
        c[0] * (-((radius - c[3]) * c[4])).exp() * sum
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let constants: [Dual<T, 3>; COUNT] = std::array::from_fn(|i| Dual::fixed(c[i]));
        self.potential(&constants, std::array::from_fn(|i| Dual::variable(p[i], i))).tangent.map(|slope| -slope)
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        type Second = Dual<Dual<f64, 1>, 1>;
        let constants = self.constants(&parameters.iter().map(|p| Second::constant(*p)).collect::<Vec<_>>());
        let second = |axis: usize| {
            let q = std::array::from_fn(|i| {
                let one = if i == axis { 1.0 } else { 0.0 };
                Second { value: Dual { value: p[i], tangent: [one] }, tangent: [Dual::fixed(one)] }
            });
            self.potential(&constants, q).tangent[0].tangent[0]
        };
        (second(0) + second(1) + second(2)) / (4.0 * PI * GRAVITY_KPC_KMS2_MSUN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::potential::Component;

    #[test]
    fn arms_repeat_and_their_number_is_whole() {
        let q = [3e7, 4.0, 0.25, 8.0, 7.0, 0.3, 0.4];
        let arms = Component::new("arms", "spiral_arms", &q).unwrap();
        let constants = arms.constants::<f64>(&q);
        let at = |azimuth: f64| arms.potential(&constants, 0.0, [6.0 * azimuth.cos(), 6.0 * azimuth.sin(), 0.2]);
        assert!((at(0.3) / at(0.3 + PI / 2.0) - 1.0).abs() < 1e-12 && at(0.3) / at(0.3 + PI / 4.0) < 0.5);
        // On an arm the potential is lowest: gamma = 0 at phi_0 + ln(R / r_0) / tan alpha.
        let arm = 0.4 + (6.0f64 / 8.0).ln() / 0.25f64.tan();
        assert!(at(arm) < at(arm + 0.01) && at(arm) < at(arm - 0.01));
        assert!(Component::new("arms", "spiral_arms", &[3e7, 2.5, 0.25, 8.0, 7.0, 0.3, 0.4]).unwrap_err().to_string().contains("whole"));
    }
}
