//! Leapfrog in a time that runs with the depth of the potential: Kepler's ellipses keep their shape, close passages their energy.
//!
//! Formula    ln(T + B) - ln(U), U = -Phi, B = -E at the start: dt = (s/2)/(v^2/2 + B), x += v dt; v += s a/U; and again dt, x
//! Units      kpc, km/s; times in kpc/(km/s); s in kpc km/s: the step asked for times U at the start
//! Source     Mikkola & Tanikawa 1999, MNRAS 310, 745; Preto & Tremaine 1999, AJ 118, 2532
//! Accuracy   order 2; in Kepler's field the orbit is exact but for the time along it; an output is a step aside whose length is
//!            sought for its time
//! Edge cases fields that change with time are not conserved by it; where Phi >= 0 there is no logarithm: NaN
//! Cost       one acceleration and one potential a step, 8 of them an output; 1/U the time of a step at the start: more steps in the depth, fewer far out
//! See also   `symplectic`

use super::state::State;
use super::symplectic::{Moving, Plan};
use crate::numeric::real::{Real, dot};
use crate::numeric::together::Masked;
use crate::orbits::field::Field;

/// Steps at most, in those that the plan would take in time: below the centre of a cusp time stands still.
const MOST_STEPS: usize = 1000;
/// Secants of an output's time: the function is nearly straight.
const SECANTS: usize = 7;
/// And always so many more.
const FEWEST_STEPS: usize = 100_000;

/// An orbit on its way.
#[derive(Clone, Copy)]
struct Deep<T> {
    time: T,
    state: State<T>,
    /// Minus the energy at the start.
    binding: T,
    /// The step in s.
    step: T,
}

impl<T: Masked> Deep<T> {
    #[inline(always)]
    fn start(field: &(impl Field<T> + ?Sized), time: T, state: State<T>, step: T) -> Self {
        let depth = depth(field, time, &state);
        Deep { time, state, binding: depth - dot(state.velocity, state.velocity) * 0.5, step: step * depth }
    }

    #[inline(always)]
    fn drift(&mut self, s: T) {
        let elapsed = s / (dot(self.state.velocity, self.state.velocity) * 0.5 + self.binding);
        self.time += elapsed;
        for i in 0..3 {
            self.state.position[i] += self.state.velocity[i] * elapsed;
        }
    }

    /// One step of length `s`.
    #[inline(always)]
    fn ahead(mut self, field: &(impl Field<T> + ?Sized), s: T) -> Self {
        let half = s * 0.5;
        self.drift(half);
        let depth = depth(field, self.time, &self.state);
        let acceleration = field.acceleration(self.time, self.state.position);
        for i in 0..3 {
            self.state.velocity[i] += acceleration[i] / depth * s;
        }
        self.drift(half);
        self
    }

    /// The orbit at `time`, one step aside, which is before the end of the whole step that leads to `after`.
    #[inline(always)]
    fn at(&self, field: &(impl Field<T> + ?Sized), time: T, after: T) -> Moving<T> {
        // Secants within the bracket; the derivatives of numbers that carry them converge with them.
        let (mut a, mut late_a) = (T::constant(1.0), after - time);
        let (mut b, mut late_b) = (T::constant(0.0), self.time - time);
        let mut there = *self;
        for _ in 0..SECANTS {
            let secant = b - late_b * (b - a) / (late_b - late_a);
            let inside = T::both(T::constant(-0.1).less(secant), secant.less(T::constant(1.1)));
            let next = T::choose(inside, secant, b);
            there = self.ahead(field, self.step * next);
            (a, late_a) = (b, late_b);
            (b, late_b) = (next, there.time - time);
        }
        Moving { time, state: there.state, acceleration: field.acceleration(time, there.state.position) }
    }
}

/// -Phi where it is above 0, else NaN.
#[inline(always)]
fn depth<T: Real>(field: &(impl Field<T> + ?Sized), time: T, state: &State<T>) -> T {
    let depth = -field.potential(time, state.position);
    T::choose(T::constant(0.0).less(depth), depth, T::constant(f64::NAN))
}

/// Runs one orbit, or eight with a step each, to the outputs of a plan.
#[inline(always)]
pub(super) fn run<T: Masked>(field: &(impl Field<T> + ?Sized), plan: &Plan, start: State<T>, mut each: impl FnMut(usize, &Moving<T>)) {
    let zero = T::constant(0.0);
    let forth = T::constant(if plan.step < 0.0 { -1.0 } else { 1.0 });
    let mut orbit = Deep::start(field, T::constant(plan.start), start, T::constant(plan.step));
    let mut left = plan.steps().saturating_mul(MOST_STEPS).saturating_add(FEWEST_STEPS);
    let mut done = 0usize;
    for (row, stop) in plan.stops.iter().enumerate() {
        done += stop.steps;
        let end = T::constant(plan.start + plan.step * done as f64 + stop.rest);
        let mut after;
        loop {
            let next = orbit.ahead(field, orbit.step);
            after = next.time;
            // Those whose next step does not pass the output take it; the others wait for them.
            let on = zero.less((end - after) * forth);
            if !T::any(on) || left == 0 {
                break;
            }
            left -= 1;
            let keep = |new: T, old: T| T::choose(on, new, old);
            orbit.time = keep(next.time, orbit.time);
            for i in 0..3 {
                orbit.state.position[i] = keep(next.state.position[i], orbit.state.position[i]);
                orbit.state.velocity[i] = keep(next.state.velocity[i], orbit.state.velocity[i]);
            }
        }
        let mut there = orbit.at(field, end, after);
        if left == 0 {
            // One of them stands still: those that did not arrive are not known.
            let late = zero.less((end - after) * forth);
            let nothing = T::constant(f64::NAN);
            there.state.position = there.state.position.map(|x| T::choose(late, nothing, x));
            there.state.velocity = there.state.velocity.map(|v| T::choose(late, nothing, v));
        }
        each(row, &there);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::lanes::Lanes;
    use crate::orbits::field::{Gravity, sample::Kepler};
    use crate::orbits::integrate::{Method, symplectic};
    use crate::orbits::potential::Potential;
    use std::f64::consts::TAU;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// Energy and eccentricity vector of Kepler's orbit.
    fn shape(state: &State<f64>) -> (f64, [f64; 3]) {
        let (x, v) = (state.position, state.velocity);
        let (r, v2, xv) = (dot(x, x).sqrt(), dot(v, v), dot(x, v));
        (0.5 * v2 - 1.0 / r, std::array::from_fn(|i| x[i] * (v2 - 1.0 / r) - v[i] * xv))
    }

    #[test]
    fn kepler_of_eccentricity_0_999_keeps_its_shape_to_rounding() {
        // a = 1 from apocentre; 10 periods of some 200 steps.
        let e: f64 = 0.999;
        let start = State::from_array([1.0 + e, 0.0, 0.0, 0.0, ((1.0 - e) / (1.0 + e)).sqrt(), 0.0]);
        let times: Vec<f64> = (1..=400).map(|k| 10.0 * TAU * f64::from(k) / 400.0).collect();
        let plan = Plan::new(0.0, &times, TAU / 50.0, 100_000).unwrap();
        let (mut worst, mut sum) = (0.0f64, [0.0; 3]);
        symplectic::run(&Kepler, Method::TimeTransformed, &plan, start, |_, orbit| {
            let (energy, vector) = shape(&orbit.state);
            worst = worst.max((energy + 0.5).abs()).max((vector[0] + e).abs()).max(vector[1].abs());
            sum = vector;
        });
        println!("e = 0.999: energy and eccentricity vector off by {worst:e} over 10 periods");
        assert!(worst < 1e-10, "{worst:e} {sum:?}");
        // The same with plain leapfrog, whatever its phase, loses the orbit.
        let mut plain = 0.0f64;
        symplectic::run(&Kepler, Method::Leapfrog, &plan, start, |_, orbit| plain = plain.max((shape(&orbit.state).0 + 0.5).abs()));
        assert!(plain > 0.1, "{plain}");
    }

    #[test]
    fn the_time_along_the_ellipse_has_order_two_both_ways_and_lanes_have_their_own_steps() {
        let start = State::from_array([0.4, 0.0, 0.0, 0.0, 2.0, 0.0]);
        for sign in [1.0, -1.0] {
            let error = |step: f64| {
                let plan = Plan::new(0.0, &[sign * 3.0, sign * TAU], step, 100_000).unwrap();
                let mut end = start;
                symplectic::run(&Kepler, Method::TimeTransformed, &plan, start, |_, orbit| end = orbit.state);
                (end.position[0] - 0.4).hypot(end.position[1])
            };
            let (coarse, fine) = (error(1e-2), error(5e-3));
            println!("phase error {coarse:e} {fine:e}");
            assert!(fine < 1e-3 && ((coarse / fine).log2() - 2.0).abs() < 0.1, "{coarse} {fine}");
        }
        let plan = Plan::new(0.0, &[0.7, 2.3], 2e-3, 100_000).unwrap();
        let lanes = State::from_array(start.to_array().map(|v| Lanes(std::array::from_fn(|i| v * (1.0 - 0.06 * i as f64)))));
        let mut all = Vec::new();
        symplectic::run(&Kepler, Method::TimeTransformed, &plan, lanes, |_, orbit| all.push(orbit.state.to_array()));
        for i in 0..8 {
            symplectic::run(&Kepler, Method::TimeTransformed, &plan, State::from_array(lanes.to_array().map(|v| v.0[i])), |row, orbit| {
                assert_eq!(orbit.state.to_array(), all[row].map(|v| v.0[i]), "lane {i}");
            });
        }
    }

    #[test]
    fn radial_orbits_of_the_milky_way_drift_less_than_by_leapfrog_at_the_same_cost() {
        let model = Potential::named("mw2014").unwrap();
        let field = Gravity::new(&model);
        for w in [[8.0, 0.0, 0.3, 60.0, 8.0, 5.0], [20.0, 1.0, 3.0, -50.0, 5.0, 20.0], [30.0, 0.0, 1.0, 0.0, 3.0, 10.0]] {
            let start: State<f64> = State::from_array(w);
            let first = start.energy(&field, 0.0);
            let counted = AtomicUsize::new(0);
            struct Counting<'a, F>(&'a F, &'a AtomicUsize);
            impl<F: Field<f64>> Field<f64> for Counting<'_, F> {
                fn potential(&self, time: f64, p: [f64; 3]) -> f64 {
                    self.0.potential(time, p)
                }
                fn acceleration(&self, time: f64, p: [f64; 3]) -> [f64; 3] {
                    self.1.fetch_add(1, Relaxed);
                    self.0.acceleration(time, p)
                }
            }
            let times: Vec<f64> = (1..=50).map(|k| 0.1 * f64::from(k)).collect();
            let worst = |method, step: f64| {
                counted.store(0, Relaxed);
                let plan = Plan::new(0.0, &times, step, 1_000_000).unwrap();
                let mut worst = 0.0f64;
                symplectic::run(&Counting(&field, &counted), method, &plan, start, |_, orbit| {
                    worst = worst.max((orbit.state.energy(&field, 0.0) / first - 1.0).abs());
                });
                (worst, counted.load(Relaxed))
            };
            let (deep, cost) = worst(Method::TimeTransformed, 5e-4);
            // The same number of accelerations, and twice as many, for the potentials that the other needs.
            let (same, same_cost) = worst(Method::Leapfrog, 5.0 / cost as f64);
            let (plain, plain_cost) = worst(Method::Leapfrog, 5.0 / (2 * cost) as f64);
            println!(
                "{w:?}: time-transformed {deep:e} with {cost} accelerations, leapfrog {same:e} with {same_cost}, {plain:e} with {plain_cost}"
            );
            assert!(deep < same && same_cost >= cost, "{deep} {plain}");
        }
    }
}
