//! Gradients through leapfrog backwards: of one number of the end by everything that the orbit depends on.
//!
//! Formula    from the end back: k = kick's adjoint l_v h/2, l_x += H k (H = da/dx, symmetric), l_v += h l_x, and again; the states come
//!            from stepping back; dS/dh = sum of the drifts' l_x . v and the kicks' l_v . a/2
//! Units      kpc, km/s; the gradient in units of the loss over these
//! Source     Griewank & Walther 2008, Evaluating Derivatives, section 3.2 (reverse mode); Hairer, Lubich & Wanner 2006, section V.1
//! Accuracy   1e-12 for regular orbits; the way back starts anew at 16 stored states, so that rounding does not grow over the whole of it
//! Cost       about 3 orbits; memory does not depend on the number of steps
//! See also   `forward` for all six numbers of the end at once

use crate::numeric::dual::Dual;
use crate::numeric::real::{Real, dot};
use crate::orbits::field::{Field, Variable};
use crate::orbits::integrate::State;
use crate::orbits::integrate::symplectic::Moving;
use crate::orbits::potential::Potential;

/// States stored on the way, whatever the number of steps.
const CHECKPOINTS: usize = 16;

/// Gradient of a loss that depends on the end of an orbit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gradient<T> {
    /// Where the orbit ended.
    pub end: State<T>,
    /// By x, y, z, vx, vy, vz of the start.
    pub by_start: State<T>,
    /// By the length of a step, their number kept: over the number of steps, by the length of the orbit.
    pub by_step: T,
}

/// Gradient after `steps` leapfrogs of length `step`, where `seed` gives the loss's derivatives by the end.
///
/// With `T` a dual along some direction of the start it gives Hessian-vector products: the tangents of the gradient.
#[inline(always)]
pub fn gradient<T: Real, F: Field<T> + Field<Dual<T, 1>>>(
    field: &F,
    time: T,
    start: State<T>,
    step: T,
    steps: usize,
    seed: impl FnOnce(&State<T>) -> State<T>,
) -> Gradient<T> {
    sweep(field, time, start, step, steps, seed, |_, _, _| {})
}

/// The same; `kick` sees the time, the place and the adjoint of the velocity of every kick, times half a step: what gradients by the
/// parameters of the field add up from.
#[inline(always)]
fn sweep<T: Real, F: Field<T> + Field<Dual<T, 1>>>(
    field: &F,
    time: T,
    start: State<T>,
    step: T,
    steps: usize,
    seed: impl FnOnce(&State<T>) -> State<T>,
    mut kick: impl FnMut(T, [T; 3], [T; 3]),
) -> Gradient<T> {
    let stride = steps.div_ceil(CHECKPOINTS).max(1);
    let mut stored = Vec::with_capacity(CHECKPOINTS);
    let mut orbit: Moving<T> = Moving::start(field, time, start);
    for done in 0..steps {
        orbit.leap(field, step);
        if (done + 1) % stride == 0 {
            stored.push(orbit);
        }
    }
    let end = orbit.state;
    let mut lambda = seed(&end);
    let mut by_step = T::constant(0.0);
    // Kicks at the end of a step and at the start of the next are one kick here; the outermost two are halves.
    let mut share = 0.5;
    for done in (0..steps).rev() {
        if (done + 1) % stride == 0
            && let Some(there) = stored.pop()
        {
            // The stored velocity is that between the two halves.
            orbit = there;
            back_kick(field, &mut orbit, step, share, 0.5, &mut lambda, &mut by_step, &mut kick);
        } else {
            back_kick(field, &mut orbit, step, share, share, &mut lambda, &mut by_step, &mut kick);
        }
        by_step += dot(lambda.position, orbit.state.velocity);
        for i in 0..3 {
            lambda.velocity[i] += lambda.position[i] * step;
            orbit.state.position[i] -= orbit.state.velocity[i] * step;
        }
        orbit.time -= step;
        share = 1.0;
    }
    if steps > 0 {
        back_kick(field, &mut orbit, step, 0.5, 0.5, &mut lambda, &mut by_step, &mut kick);
    }
    Gradient { end, by_start: lambda, by_step }
}

/// The adjoint of `share` of a kick, and `undone` of it taken from the velocity.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn back_kick<T: Real, F: Field<Dual<T, 1>>>(
    field: &F,
    orbit: &mut Moving<T>,
    step: T,
    share: f64,
    undone: f64,
    lambda: &mut State<T>,
    by_step: &mut T,
    kick: &mut impl FnMut(T, [T; 3], [T; 3]),
) {
    let pull = lambda.velocity.map(|l| l * (step * share));
    kick(orbit.time, orbit.state.position, pull);
    // H is symmetric: its product with the adjoint is the derivative of the acceleration along it.
    let along: [Dual<T, 1>; 3] = std::array::from_fn(|i| Dual { value: orbit.state.position[i], tangent: [pull[i]] });
    let product = field.acceleration(Dual::fixed(orbit.time), along);
    *by_step += dot(lambda.velocity, product.map(|a| a.value)) * share;
    for i in 0..3 {
        lambda.position[i] += product[i].tangent[0];
        orbit.state.velocity[i] -= product[i].value * (step * undone);
    }
}

/// A potential whose parameters are numbers of any kind, as gradients need it: for these and with one derivative more.
#[derive(Clone, Debug)]
pub struct Parametric<'a, T> {
    plain: Variable<'a, T>,
    slope: Variable<'a, Dual<T, 1>>,
}

impl<'a, T: Real> Parametric<'a, T> {
    /// With one value for each of [`Potential::parameters`].
    pub fn new(potential: &'a Potential, values: &[T]) -> Self {
        let fixed: Vec<Dual<T, 1>> = values.iter().map(|&v| Dual::fixed(v)).collect();
        Parametric {
            plain: Variable { model: potential, prepared: potential.prepare_with(values) },
            slope: Variable { model: potential, prepared: potential.prepare_with(&fixed) },
        }
    }
}

impl<T: Real> Field<T> for Parametric<'_, T> {
    #[inline(always)]
    fn potential(&self, time: T, p: [T; 3]) -> T {
        self.plain.potential(time, p)
    }
    #[inline(always)]
    fn acceleration(&self, time: T, p: [T; 3]) -> [T; 3] {
        self.plain.acceleration(time, p)
    }
}

impl<T: Real> Field<Dual<T, 1>> for Parametric<'_, T> {
    #[inline(always)]
    fn potential(&self, time: Dual<T, 1>, p: [Dual<T, 1>; 3]) -> Dual<T, 1> {
        self.slope.potential(time, p)
    }
    #[inline(always)]
    fn acceleration(&self, time: Dual<T, 1>, p: [Dual<T, 1>; 3]) -> [Dual<T, 1>; 3] {
        self.slope.acceleration(time, p)
    }
}

/// The gradient and, after it, the derivatives by every parameter of the potential, in the order of [`Potential::parameters`].
///
/// One more evaluation a kick and parameter; memory as before.
pub fn gradient_with_parameters(
    potential: &Potential,
    time: f64,
    start: State<f64>,
    step: f64,
    steps: usize,
    seed: impl FnOnce(&State<f64>) -> State<f64>,
) -> (Gradient<f64>, Vec<f64>) {
    gradient_at(potential, &potential.parameters(), time, start, step, steps, seed)
}

/// The same at other values of the parameters, of any kind of number: with duals, products of the Hessian.
pub fn gradient_at<T: Real>(
    potential: &Potential,
    values: &[T],
    time: T,
    start: State<T>,
    step: T,
    steps: usize,
    seed: impl FnOnce(&State<T>) -> State<T>,
) -> (Gradient<T>, Vec<T>) {
    let fields: Vec<Variable<Dual<T, 1>>> = (0..values.len())
        .map(|which| {
            let parameters: Vec<Dual<T, 1>> =
                values.iter().enumerate().map(|(i, &v)| if i == which { Dual::variable(v, 0) } else { Dual::fixed(v) }).collect();
            Variable { model: potential, prepared: potential.prepare_with(&parameters) }
        })
        .collect();
    let mut sums = vec![T::constant(0.0); values.len()];
    let field = Parametric::new(potential, values);
    let gradient = sweep(&field, time, start, step, steps, seed, |time, place, pull| {
        for (sum, field) in sums.iter_mut().zip(&fields) {
            let a = field.acceleration(Dual::fixed(time), place.map(Dual::fixed));
            *sum += dot(a.map(|a| a.tangent[0]), pull);
        }
    });
    (gradient, sums)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::random::Stream;
    use crate::orbits::field::Gravity;
    use crate::orbits::field::sample::halo_and_disc;
    use crate::orbits::gradient::forward::derivatives;
    use crate::orbits::integrate::{Method, Plan};

    /// Weights of a loss that is linear in the end.
    fn seed<T: Real>(_: &State<T>) -> State<T> {
        State::from_array([0.3, -1.2, 0.7, 0.02, -0.01, 0.03].map(T::constant))
    }

    fn random(stream: &mut Stream) -> [f64; 6] {
        [8.0, 1.0, 1.0, 20.0, 200.0, 30.0].map(|v| v * (1.0 + 0.2 * stream.normal()))
    }

    #[test]
    fn backwards_agrees_with_forwards_in_random_cases() {
        let potential = halo_and_disc();
        let field = Gravity::new(&potential);
        let mut stream = Stream::new(5, 8, 2);
        let mut worst = 0.0f64;
        for steps in [1, 7, 16, 17, 250, 1000] {
            let (start, step) = (random(&mut stream), 1.5e-3 * (0.5 + stream.uniform()));
            let end = step * steps as f64;
            let plan = Plan::new(0.0, &[end], step, 10_000).unwrap();
            let (back, parameters) = gradient_with_parameters(&potential, 0.0, State::from_array(start), step, steps, seed);
            let plain = gradient(&field, 0.0, State::from_array(start), step, steps, seed);
            assert_eq!(plain, back);
            let forth = derivatives(&potential, Method::Leapfrog, &plan, start);
            let weights = seed(&back.end).to_array();
            let by = |column: &dyn Fn(usize) -> f64| (0..6).map(|i| weights[i] * column(i)).sum::<f64>();
            for j in 0..6 {
                let expected = by(&|i| forth.by_start[i][j]);
                let scale = (0..6).map(|i| (weights[i] * forth.by_start[i][j]).abs()).sum::<f64>();
                worst = worst.max((back.by_start.to_array()[j] - expected).abs() / scale);
            }
            for (found, expected) in parameters.iter().zip(&forth.by_parameter) {
                let scale = (0..6).map(|i| (weights[i] * expected[i]).abs()).sum::<f64>();
                worst = worst.max((found - by(&|i| expected[i])).abs() / scale);
            }
        }
        println!("adjoint against forward duals: {worst:e}");
        assert!(worst < 1e-8, "{worst:e}");
    }

    #[test]
    fn differences_steps_and_second_derivatives() {
        let potential = halo_and_disc();
        let field = Gravity::new(&potential);
        let mut stream = Stream::new(5, 8, 3);
        let (start, step, steps) = (random(&mut stream), 1e-3, 200);
        let loss = |w: [f64; 6], step: f64| {
            let mut orbit: Moving<f64> = Moving::start(&field, 0.0, State::from_array(w));
            (0..steps).for_each(|_| orbit.leap(&field, step));
            orbit.state.to_array().iter().zip(seed(&orbit.state).to_array()).map(|(a, b)| a * b).sum::<f64>()
        };
        let exact = gradient(&field, 0.0, State::from_array(start), step, steps, seed);
        // Central differences of sixth order.
        let difference = |f: &dyn Fn(f64) -> f64, h: f64| {
            (45.0 * (f(h) - f(-h)) - 9.0 * (f(2.0 * h) - f(-2.0 * h)) + (f(3.0 * h) - f(-3.0 * h))) / (60.0 * h)
        };
        let found = exact.by_start.to_array();
        for j in 0..6 {
            let along = |d: f64| {
                let mut w = start;
                w[j] += d;
                loss(w, step)
            };
            let slope = difference(&along, 1e-3 * start[j].abs());
            assert!((slope / found[j] - 1.0).abs() < 1e-8, "{j}: {slope} {}", found[j]);
        }
        let slope = difference(&|d| loss(start, step + d), 1e-6);
        assert!((slope / exact.by_step - 1.0).abs() < 1e-8, "{slope} {}", exact.by_step);

        // Hessian times a direction: the adjoint in duals along it.
        let direction = [0.5, -0.2, 0.9, 3.0, -5.0, 2.0];
        let along = State::from_array(std::array::from_fn(|i| Dual::<f64, 1> { value: start[i], tangent: [direction[i]] }));
        let second = gradient(&field, Dual::fixed(0.0), along, Dual::fixed(step), steps, seed);
        for j in 0..6 {
            let of = |d: f64| {
                let w = std::array::from_fn(|i| start[i] + d * direction[i]);
                gradient(&field, 0.0, State::from_array(w), step, steps, seed).by_start.to_array()[j]
            };
            let (slope, product) = (difference(&of, 2e-3), second.by_start.to_array()[j].tangent[0]);
            assert!((slope - product).abs() < 1e-7 * product.abs().max(1e-3), "{j}: {slope} {product}");
        }
    }
}
