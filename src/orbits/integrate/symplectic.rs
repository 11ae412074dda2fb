//! Leapfrog, and compositions of it of order 4 and 6.
//!
//! Formula    v += a h/2; x += v h; a = a(x, t + h); v += a h/2, one acceleration a step; a composition does this with steps w_i h
//! Units      kpc, km/s; times in kpc/(km/s); a negative step goes backwards
//! Source     Yoshida 1990, Phys. Lett. A 150, 262 (order 4); Kahan & Li 1997, Math. Comput. 66, 1089, table s9odr6a (order 6)
//! Accuracy   global error h^2, h^4, h^6 (tests); reversible to rounding; an output between two steps costs one more step of the same
//!            method from the step before it, error of the same order, and leaves the orbit itself as it would be without outputs
//! Edge cases NaN in, NaN out; steps that do not reach the output are a `Limit` error of the plan
//! Cost       1, 3 and 9 accelerations a step
//! See also   `batch`, `adaptive`, `time_transformed`

use super::state::State;
use super::time_transformed;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::real::Real;
use crate::numeric::together::Masked;
use crate::orbits::field::Field;

/// A method with fixed steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// Kick, drift, kick; order 2.
    #[default]
    Leapfrog,
    /// Three leapfrogs; order 4.
    Yoshida4,
    /// Nine leapfrogs; order 6.
    KahanLi6,
    /// Leapfrog whose steps shorten with the depth of the potential; order 2, see `time_transformed`.
    TimeTransformed,
}

const LEAPFROG: [f64; 1] = [1.0];
/// 1/(2 - 2^(1/3)) and what is left of 1. Yoshida 1990, eq. 2.11.
const OUTER4: f64 = 1.351_207_191_959_657_8;
const YOSHIDA4: [f64; 3] = [OUTER4, 1.0 - 2.0 * OUTER4, OUTER4];
/// Kahan & Li 1997, s9odr6a.
const OUTER6: [f64; 4] = [0.392_161_444_007_314_1, 0.332_599_136_789_359_4, -0.706_246_172_557_639_4, 0.082_213_596_293_550_8];
const MIDDLE6: f64 = 0.798_543_990_934_829_9;
const KAHAN_LI6: [f64; 9] = [OUTER6[0], OUTER6[1], OUTER6[2], OUTER6[3], MIDDLE6, OUTER6[3], OUTER6[2], OUTER6[1], OUTER6[0]];

impl Method {
    /// Relative sizes of the leapfrogs in one step.
    #[inline(always)]
    pub fn weights(self) -> &'static [f64] {
        match self {
            Method::Leapfrog | Method::TimeTransformed => &LEAPFROG,
            Method::Yoshida4 => &YOSHIDA4,
            Method::KahanLi6 => &KAHAN_LI6,
        }
    }

    /// Order of the global error.
    pub fn order(self) -> u32 {
        match self {
            Method::Leapfrog | Method::TimeTransformed => 2,
            Method::Yoshida4 => 4,
            Method::KahanLi6 => 6,
        }
    }

    /// The method called `name`: `leapfrog`, `yoshida4`, `kahan_li6`, `time_transformed`.
    pub fn parse(name: &str) -> Result<Method> {
        match name {
            "leapfrog" => Ok(Method::Leapfrog),
            "yoshida4" => Ok(Method::Yoshida4),
            "kahan_li6" => Ok(Method::KahanLi6),
            "time_transformed" => Ok(Method::TimeTransformed),
            _ => Err(Error::usage(format!("no method with fixed steps is called `{name}`"))
                .expected("leapfrog, yoshida4, kahan_li6 or time_transformed")),
        }
    }
}

/// An orbit on its way: its state, time, and the acceleration there, which the next step reuses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moving<T> {
    /// Time \[kpc/(km/s)\].
    pub time: T,
    /// Where it is.
    pub state: State<T>,
    /// Acceleration there.
    pub acceleration: [T; 3],
}

impl<T: Real> Moving<T> {
    /// An orbit that starts.
    #[inline(always)]
    pub fn start(field: &(impl Field<T> + ?Sized), time: T, state: State<T>) -> Self {
        Moving { time, state, acceleration: field.acceleration(time, state.position) }
    }

    /// One step.
    #[inline(always)]
    pub fn step(&mut self, field: &(impl Field<T> + ?Sized), weights: &[f64], step: T) {
        for &weight in weights {
            self.leap(field, step * weight);
        }
    }

    /// One kick, drift and kick.
    #[inline(always)]
    pub fn leap(&mut self, field: &(impl Field<T> + ?Sized), step: T) {
        let half = step * 0.5;
        for i in 0..3 {
            self.state.velocity[i] += self.acceleration[i] * half;
            self.state.position[i] += self.state.velocity[i] * step;
        }
        self.time += step;
        self.acceleration = field.acceleration(self.time, self.state.position);
        for i in 0..3 {
            self.state.velocity[i] += self.acceleration[i] * half;
        }
    }
}

/// One output: so many whole steps after the output before it, and then a part of a step aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// Whole steps since the stop before.
    pub steps: usize,
    /// What is left \[kpc/(km/s)\]; 0 where the output is at a step.
    pub rest: f64,
}

/// Steps and outputs of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Time of the start \[kpc/(km/s)\].
    pub start: f64,
    /// Step, negative backwards \[kpc/(km/s)\].
    pub step: f64,
    /// One for each output time.
    pub stops: Vec<Stop>,
}

/// Outputs nearer to a step than this part of a step are at the step: the rounding of times.
const SAME_TIME: f64 = 1e-9;

impl Plan {
    /// Steps of at most `step` (its sign does not matter) from `start` to the `times`, which go one way from it, in any spacing.
    /// `Domain` error for times that turn or are not finite, `Limit` error for more than `most_steps`.
    pub fn new(start: f64, times: &[f64], step: f64, most_steps: usize) -> Result<Plan> {
        let domain = |what: &str| Error::new(ErrorKind::Domain, what.to_string());
        if !(step.abs() > 0.0 && step.is_finite() && start.is_finite()) {
            return Err(domain("an orbit needs a finite start and a finite step other than 0").found(format!("{start} and {step}")));
        }
        let sign = direction(start, times)?;
        let step = step.abs() * sign;
        let mut stops = Vec::with_capacity(times.len());
        let mut before = 0usize;
        for &time in times {
            let whole = (time - start) / step;
            if !(whole <= most_steps as f64) {
                return Err(Error::limit("an orbit needs too many steps").expected(format!("at most {most_steps}")).found(whole.ceil()));
            }
            let steps = (whole + SAME_TIME).floor().max(0.0) as usize;
            let rest = time - (start + step * steps as f64);
            let rest = if rest.abs() <= SAME_TIME * step.abs() { 0.0 } else { rest };
            stops.push(Stop { steps: steps - before, rest });
            before = steps;
        }
        Ok(Plan { start, step, stops })
    }

    /// All whole steps.
    pub fn steps(&self) -> usize {
        self.stops.iter().map(|stop| stop.steps).sum()
    }
}

/// 1 for times that ascend from the start, -1 for times that descend; `Domain` error for others.
pub fn direction(start: f64, times: &[f64]) -> Result<f64> {
    let sign = match times.iter().find(|&&time| time != start) {
        Some(&time) if time < start => -1.0,
        _ => 1.0,
    };
    let mut last = start;
    for (row, &time) in times.iter().enumerate() {
        if !time.is_finite() || (time - last) * sign < 0.0 {
            return Err(Error::new(ErrorKind::Domain, "output times of an orbit must go one way from its start")
                .at(format!("time {row}"))
                .expected(format!("a finite time {} {last}", if sign > 0.0 { "at or after" } else { "at or before" }))
                .found(time));
        }
        last = time;
    }
    Ok(sign)
}

/// Runs one orbit, or eight, through a plan; `each` sees the state at every stop.
#[inline(always)]
pub fn run<T: Masked>(
    field: &(impl Field<T> + ?Sized),
    method: Method,
    plan: &Plan,
    start: State<T>,
    mut each: impl FnMut(usize, &Moving<T>),
) {
    if method == Method::TimeTransformed {
        return time_transformed::run(field, plan, start, each);
    }
    let weights = method.weights();
    let step = T::constant(plan.step);
    let mut orbit = Moving::start(field, T::constant(plan.start), start);
    let mut done = 0usize;
    for (row, stop) in plan.stops.iter().enumerate() {
        for _ in 0..stop.steps {
            orbit.step(field, weights, step);
            done += 1;
            // Counted, not summed: the times of many steps do not drift.
            orbit.time = T::constant(plan.start + plan.step * done as f64);
        }
        if stop.rest == 0.0 {
            each(row, &orbit);
        } else {
            let mut aside = orbit;
            aside.step(field, weights, T::constant(stop.rest));
            each(row, &aside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::GYR_PER_TIME_UNIT;
    use crate::numeric::lanes::Lanes;
    use crate::orbits::field::sample::{Kepler, MilkyWay};

    const GD1: [f64; 6] = [11.8, 0.79, 6.4, 109.5, -254.5, -90.3];
    /// orbit_reference.json, orbit_gd1_progenitor_backward at -3 Gyr.
    const GD1_END: [f64; 3] = [-15.500879392357371, 0.0031347084402177927, -11.596579789442652];

    fn errors(method: Method, steps: usize) -> (f64, f64) {
        let field = MilkyWay::default();
        let end = -3.0 / GYR_PER_TIME_UNIT;
        let times: Vec<f64> = (1..=steps).map(|k| end * k as f64 / steps as f64).collect();
        let plan = Plan::new(0.0, &times, end / steps as f64, 1_000_000).unwrap();
        assert_eq!(plan.steps(), steps);
        let start = State::from_array(GD1);
        let first: f64 = start.energy(&field, 0.0);
        let (mut worst, mut last) = (0.0f64, start);
        run(&field, method, &plan, start, |_, orbit| {
            worst = worst.max((orbit.state.energy(&field, 0.0) / first - 1.0).abs());
            last = orbit.state;
        });
        let distance = (0..3).map(|i| (last.position[i] - GD1_END[i]).powi(2)).sum::<f64>().sqrt();
        (worst, distance)
    }

    #[test]
    fn leapfrog_has_the_errors_of_the_reference_and_all_have_their_order() {
        // orbit_reference.json, convergence_gd1_backward_3Gyr: leapfrog_kdk.
        for (steps, energy, position) in
            [(1000, 0.00047882480770633506, 0.3218778805289802), (4000, 2.863287449761387e-5, 0.017809697029323737)]
        {
            let (e, p) = errors(Method::Leapfrog, steps);
            assert!((e / energy - 1.0).abs() < 1e-6 && (p / position - 1.0).abs() < 1e-5, "{e} {p}");
        }
        for (method, steps) in [(Method::Leapfrog, 4000), (Method::Yoshida4, 6000)] {
            let (coarse, fine) = (errors(method, steps), errors(method, 2 * steps));
            let order = (coarse.1 / fine.1).log2();
            println!("{method:?}: {coarse:?} {fine:?} order {order:.2}");
            assert!((order - f64::from(method.order())).abs() < 0.3, "{method:?} {order}");
        }
        // The bulge's centre hides order 6 until rounding does: Kepler, e = 0.36, has no such scale.
        let end = |method, step| {
            let mut found = [0.0; 3];
            let plan = Plan::new(0.0, &[10.0], step, 100_000).unwrap();
            run(&Kepler, method, &plan, State::from_array([1.0, 0.0, 0.0, 0.0, 0.8, 0.0]), |_, orbit| found = orbit.state.position);
            found
        };
        let truth = end(Method::KahanLi6, 1e-3);
        for (method, step) in [(Method::Leapfrog, 0.01), (Method::Yoshida4, 0.02), (Method::KahanLi6, 0.05)] {
            let error = |step: f64| end(method, step).iter().zip(truth).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            let order = (error(step) / error(0.5 * step)).log2();
            println!("{method:?}: {:e} order {order:.2}", error(step));
            assert!((order - f64::from(method.order())).abs() < 0.3, "{method:?} {order}");
        }
    }

    #[test]
    fn outputs_at_any_time_leave_the_orbit_alone_and_have_its_order() {
        let field = MilkyWay::default();
        let start = State::from_array(GD1);
        let end = |step: f64, times: &[f64], method| {
            let plan = Plan::new(0.0, times, step, 100_000).unwrap();
            let mut states = Vec::new();
            run(&field, method, &plan, start, |_, orbit| states.push(orbit.state));
            states
        };
        let sparse = end(1e-3, &[0.25], Method::Leapfrog);
        let dense = end(1e-3, &[0.0, 1e-5, 0.01234, 0.0777777, 0.0777778, 0.2, 0.25], Method::Leapfrog);
        assert_eq!(sparse[0], dense[6]);
        assert_eq!(dense[0], start);
        for method in [Method::Leapfrog, Method::Yoshida4] {
            let truth = end(1e-5, &[0.07777], Method::KahanLi6)[0].position;
            let error = |step| {
                let p = end(step, &[0.07777], method)[0].position;
                (0..3).map(|i| (p[i] - truth[i]).powi(2)).sum::<f64>().sqrt()
            };
            let ratio = error(2e-3) / error(5e-4);
            assert!(ratio > 0.4 * 4f64.powi(method.order() as i32), "{method:?} {ratio}");
        }
        let back = Plan::new(0.25, &[0.0], 1e-3, 1000).unwrap();
        run(&field, Method::Leapfrog, &back, sparse[0], |_, orbit| {
            for (a, b) in orbit.state.to_array().iter().zip(GD1) {
                assert!((a - b).abs() < 1e-9, "{a} {b}");
            }
        });
    }

    #[test]
    fn lanes_have_the_bits_of_single_orbits_and_bad_plans_are_refused() {
        let field = MilkyWay::default();
        let plan = Plan::new(0.0, &[0.03, 0.1001], 2e-3, 1000).unwrap();
        let start = State::from_array(GD1.map(|v| Lanes(std::array::from_fn(|i| v * (1.0 - 0.03 * i as f64)))));
        let mut lanes = Vec::new();
        run(&field, Method::KahanLi6, &plan, start, |_, orbit| lanes.push(orbit.state));
        for i in 0..8 {
            run(&field, Method::KahanLi6, &plan, State::from_array(start.to_array().map(|v| v.0[i])), |row, orbit| {
                assert_eq!(orbit.state.to_array(), lanes[row].to_array().map(|v| v.0[i]));
            });
        }
        assert!(Plan::new(0.0, &[1.0, 0.5], 0.1, 100).is_err());
        assert!(Plan::new(0.0, &[f64::NAN], 0.1, 100).is_err());
        assert!(Plan::new(0.0, &[-1.0, 0.5], 0.1, 100).is_err());
        assert!(Plan::new(0.0, &[1.0], 0.0, 100).is_err());
        assert!(Plan::new(0.0, &[1.0], 1e-3, 100).is_err());
    }
}
