//! Products of the Hessian of a loss of an orbit's end with any direction: the way backwards in numbers that carry the direction.
//!
//! Formula    H d = d/de gradient(w + e d) at e = 0, w the start and the parameters of the potential
//! Units      kpc, km/s; the product in units of the loss over those of w, times those of d over those of w
//! Source     Pearlmutter 1994, Neural Computation 6, 147; Griewank & Walther 2008, Evaluating Derivatives, section 5.4
//! Accuracy   1e-9 for regular orbits (tests); no step size
//! Cost       some 3 gradients; memory does not depend on the number of steps
//! See also   `adjoint`

use super::adjoint::{Gradient, gradient_at};
use crate::numeric::dual::Dual;
use crate::orbits::integrate::State;
use crate::orbits::potential::Potential;

/// A direction in the start and the parameters, or a vector of derivatives by these.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction {
    /// Of x, y, z \[kpc\], vx, vy, vz \[km/s\].
    pub start: [f64; 6],
    /// Of each of [`Potential::parameters`].
    pub parameters: Vec<f64>,
}

/// Gradient, and product of the Hessian.
#[derive(Clone, Debug, PartialEq)]
pub struct HessianVector {
    /// The gradient by start and step.
    pub gradient: Gradient<f64>,
    /// The gradient by the parameters.
    pub by_parameter: Vec<f64>,
    /// The product.
    pub product: Direction,
    /// Derivative along the direction of the gradient by the length of a step.
    pub product_step: f64,
}

/// Hessian of a loss of the end after `steps` leapfrogs of length `step`, times `direction`; `seed` gives the loss's derivatives by the end,
/// in duals, so that its own second derivatives come along. Parameters that the direction leaves out do not move.
pub fn hessian_vector(
    potential: &Potential,
    time: f64,
    start: State<f64>,
    step: f64,
    steps: usize,
    direction: &Direction,
    seed: impl FnOnce(&State<Dual<f64, 1>>) -> State<Dual<f64, 1>>,
) -> HessianVector {
    let along = |value: f64, tangent: f64| Dual { value, tangent: [tangent] };
    let values: Vec<Dual<f64, 1>> = potential
        .parameters()
        .into_iter()
        .enumerate()
        .map(|(i, value)| along(value, direction.parameters.get(i).copied().unwrap_or(0.0)))
        .collect();
    let from = start.to_array();
    let from = State::from_array(std::array::from_fn(|i| along(from[i], direction.start[i])));
    let (gradient, parameters) = gradient_at(potential, &values, Dual::fixed(time), from, Dual::fixed(step), steps, seed);
    let plain = |s: State<Dual<f64, 1>>| State::from_array(s.to_array().map(|v| v.value));
    HessianVector {
        gradient: Gradient { end: plain(gradient.end), by_start: plain(gradient.by_start), by_step: gradient.by_step.value },
        by_parameter: parameters.iter().map(|v| v.value).collect(),
        product: Direction {
            start: gradient.by_start.to_array().map(|v| v.tangent[0]),
            parameters: parameters.iter().map(|v| v.tangent[0]).collect(),
        },
        product_step: gradient.by_step.tangent[0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::random::Stream;
    use crate::numeric::real::Real;
    use crate::orbits::field::sample::halo_and_disc;
    use crate::orbits::gradient::adjoint::gradient_with_parameters;

    /// Derivatives of x^2/2 + 0.1 x vy - 0.02 vz^2 + 0.3 z at the end.
    fn seed<T: Real>(end: &State<T>) -> State<T> {
        let [x, _, _, _, vy, vz] = end.to_array();
        let zero = T::constant(0.0);
        State::from_array([x + vy * 0.1, zero, T::constant(0.3), zero, x * 0.1, vz * -0.04])
    }

    #[test]
    fn products_agree_with_differences_of_gradients_and_are_symmetric() {
        let potential = halo_and_disc();
        let values = potential.parameters();
        let mut stream = Stream::new(2, 9, 6);
        for steps in [40, 300] {
            let start: [f64; 6] = [8.0, 1.0, 1.0, 20.0, 200.0, 30.0].map(|v| v * (1.0 + 0.2 * stream.normal()));
            let random = |stream: &mut Stream| Direction {
                start: std::array::from_fn(|i| start[i] * stream.normal()),
                parameters: values.iter().map(|v| v * stream.normal()).collect(),
            };
            let (d, e) = (random(&mut stream), random(&mut stream));
            let product = |d: &Direction| hessian_vector(&potential, 0.0, State::from_array(start), 1e-3, steps, d, seed);
            let (hd, he) = (product(&d), product(&e));
            let dot = |a: &Direction, b: &Direction| -> (f64, f64) {
                let all: Vec<f64> =
                    a.start.iter().zip(&b.start).chain(a.parameters.iter().zip(&b.parameters)).map(|(a, b)| a * b).collect();
                (all.iter().sum(), all.iter().map(|v| v.abs()).sum())
            };
            let (one, two) = (dot(&e, &hd.product), dot(&d, &he.product));
            println!("{steps} steps: e H d and d H e differ by {:e}", (one.0 - two.0).abs() / one.1);
            assert!((one.0 - two.0).abs() < 1e-9 * one.1);
            // Central differences of order 6 of the gradient, step 1e-3 of the direction.
            let h = 1e-3;
            let at = |k: f64| {
                let shifted: Vec<f64> = values.iter().zip(&d.parameters).map(|(v, d)| v + k * h * d).collect();
                let w = std::array::from_fn(|i| start[i] + k * h * d.start[i]);
                let (g, p) = gradient_at(&potential, &shifted, 0.0, State::from_array(w), 1e-3, steps, seed);
                g.by_start.to_array().into_iter().chain(p).collect::<Vec<f64>>()
            };
            let all: Vec<Vec<f64>> = [1.0, -1.0, 2.0, -2.0, 3.0, -3.0].map(at).to_vec();
            let found: Vec<f64> = hd.product.start.iter().chain(&hd.product.parameters).copied().collect();
            let mut worst = 0.0f64;
            for (i, found) in found.iter().enumerate() {
                let g = |k: usize| all[k][i];
                let slope = (45.0 * (g(0) - g(1)) - 9.0 * (g(2) - g(3)) + (g(4) - g(5))) / (60.0 * h);
                worst = worst.max((slope / found - 1.0).abs());
            }
            println!("{steps} steps: second derivatives off differences by {worst:e}");
            assert!(worst < 1e-6, "{worst:e}");
            let (g, p) = gradient_with_parameters(&potential, 0.0, State::from_array(start), 1e-3, steps, seed);
            assert_eq!((g, p), (hd.gradient, hd.by_parameter));
        }
    }
}
