//! Orbits with steps chosen by an error estimate, outputs at any time, and events.
//!
//! Formula    next step = h min(6, max(1/3, 0.9 e^(-0.7 p) e_before^(0.4 p))), e the error over the allowed one, p = 1/(order + 1)
//! Units      kpc, km/s; times in kpc/(km/s); times before the start go backwards
//! Source     Hairer & Wanner 1996, Solving Ordinary Differential Equations II, section IV.2 (control by the last two errors)
//! Accuracy   error a step below `relative` of |x| and |v| plus the absolute limits; outputs by dense output, events to 1e-12 of a step
//! Edge cases NaN in gives NaN out with `Status::NotFinite`; after `most_steps` the rest is NaN with `Status::TooManySteps`
//! Cost       about 12 accelerations a step; a galactic orbit takes 15 to 25 steps a radial period at 1e-10
//! See also   `tableau`, `events`, `symplectic`

use super::state::{Judgement, State, Status};
use super::symplectic::{Moving, direction};
use super::tableau::{Adaptive, Dense};
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::real::dot;
use crate::orbits::field::Field;

/// Errors allowed a step, and limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Part of |x| and of |v|.
    pub relative: f64,
    /// Added for positions \[kpc\].
    pub position_kpc: f64,
    /// Added for velocities \[km/s\].
    pub velocity_kms: f64,
    /// Steps tried at most.
    pub most_steps: usize,
    /// When an orbit is unbound or drifts.
    pub judgement: Judgement,
}

impl Default for Tolerance {
    fn default() -> Self {
        Tolerance { relative: 1e-10, position_kpc: 1e-10, velocity_kms: 1e-8, most_steps: 1_000_000, judgement: Judgement::default() }
    }
}

impl Tolerance {
    /// `Domain` error where nothing is allowed.
    pub fn check(&self) -> Result<()> {
        if !(self.relative >= 0.0 && self.position_kpc >= 0.0 && self.velocity_kms >= 0.0)
            || !(self.relative > 0.0 || self.position_kpc > 0.0 && self.velocity_kms > 0.0)
        {
            return Err(Error::new(ErrorKind::Domain, "an orbit needs a tolerance above 0").found(format!("{self:?}")));
        }
        Ok(())
    }
}

/// An orbit at the asked times.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// One state for each asked time; NaN where it was not reached.
    pub states: Vec<State<f64>>,
    /// How it ended.
    pub status: Status,
    /// Relative change of the energy from the start to the end; meaningless in fields that change with time.
    pub drift: f64,
    /// Steps taken.
    pub steps: usize,
    /// Steps tried in vain.
    pub rejected: usize,
}

const SAFETY: f64 = 0.9;
const GREATEST_GROWTH: f64 = 6.0;
const GREATEST_SHRINKING: f64 = 1.0 / 3.0;
/// Shares of the present and the last error in the control.
const PRESENT: f64 = 0.7;
const LAST: f64 = 0.4;
/// Errors below count as this, so that the memory of an easy step does not hold the next one back.
const SMALLEST_ERROR: f64 = 1e-4;
/// First step, in times of free fall.
const FIRST_STEP: f64 = 0.02;

/// The orbit from `start` at `time` to `times`, which go one way from it; `visit` sees every step with its dense output, where `look` says so.
pub fn integrate<F: Field<f64> + ?Sized>(
    field: &F,
    method: Adaptive,
    tolerance: &Tolerance,
    time: f64,
    start: State<f64>,
    times: &[f64],
    mut visit: Option<&mut dyn FnMut(&Dense)>,
) -> Result<Path> {
    let sign = direction(time, times)?;
    tolerance.check()?;
    let nothing = State::from_array([f64::NAN; 6]);
    let mut path = Path { states: Vec::with_capacity(times.len()), status: Status::Complete, drift: 0.0, steps: 0, rejected: 0 };
    let mut orbit = Moving::start(field, time, start);
    let energy = start.energy(field, time);
    let end = times.last().copied().unwrap_or(time);
    let finite = |orbit: &Moving<f64>| orbit.state.is_finite() && orbit.acceleration.iter().all(|a| a.is_finite());
    let limits = |a: &State<f64>, b: &State<f64>| {
        let longer = |a: [f64; 3], b: [f64; 3]| dot(a, a).max(dot(b, b)).sqrt();
        [
            tolerance.position_kpc + tolerance.relative * longer(a.position, b.position),
            tolerance.velocity_kms + tolerance.relative * longer(a.velocity, b.velocity),
        ]
    };
    let mut step = sign * first_step(&orbit).min((end - time).abs());
    let (mut before, mut after_rejection) = (SMALLEST_ERROR, false);
    let mut failed = if finite(&orbit) { None } else { Some(Status::NotFinite) };
    while path.states.len() < times.len() && times[path.states.len()] == time && failed.is_none() {
        path.states.push(start);
    }
    while path.states.len() < times.len() && failed.is_none() {
        if path.steps + path.rejected >= tolerance.most_steps {
            failed = Some(Status::TooManySteps);
            break;
        }
        // The last step lands on the end; one that would leave a sliver is stretched.
        let left = end - orbit.time;
        let lands = (left - step * 1.01) * sign <= 0.0;
        if lands {
            step = left;
        }
        let mut trial = method.attempt(field, &orbit, step, |next| limits(&orbit.state, next));
        let power = method.exponent();
        if !(trial.error <= 1.0) || !finite(&trial.end) {
            path.rejected += 1;
            let shrink = if trial.error.is_finite() { (SAFETY * trial.error.powf(-power)).max(GREATEST_SHRINKING) } else { 0.1 };
            step *= shrink;
            after_rejection = true;
            if orbit.time + step * 0.5 == orbit.time {
                failed = Some(if trial.error.is_finite() { Status::TooManySteps } else { Status::NotFinite });
            }
            continue;
        }
        path.steps += 1;
        if lands {
            trial.end.time = end;
        }
        let next_output = times[path.states.len()];
        let inside = (next_output - trial.end.time) * sign < 0.0;
        if inside || visit.is_some() {
            let dense = method.dense(field, &orbit, &mut trial);
            while let Some(&at) = times.get(path.states.len())
                && (at - trial.end.time) * sign < 0.0
            {
                path.states.push(dense.at(at));
            }
            if let Some(visit) = visit.as_mut() {
                visit(&dense);
            }
        }
        while times.get(path.states.len()) == Some(&trial.end.time) {
            path.states.push(trial.end.state);
        }
        let error = trial.error.max(SMALLEST_ERROR);
        let growth = SAFETY * error.powf(-PRESENT * power) * before.powf(LAST * power);
        step *= growth.clamp(GREATEST_SHRINKING, if after_rejection { 1.0 } else { GREATEST_GROWTH });
        (before, after_rejection) = (error, false);
        orbit = trial.end;
    }
    path.states.resize(times.len(), nothing);
    path.drift = ((orbit.state.energy(field, orbit.time) - energy) / energy).abs();
    path.status = match failed {
        Some(status) => status,
        None => tolerance.judgement.status(finite(&orbit), energy, path.drift),
    };
    Ok(path)
}

fn first_step(orbit: &Moving<f64>) -> f64 {
    let pull = dot(orbit.acceleration, orbit.acceleration).sqrt();
    let (radius, speed) = (dot(orbit.state.position, orbit.state.position).sqrt(), dot(orbit.state.velocity, orbit.state.velocity).sqrt());
    let fall = (radius / pull).sqrt();
    let crossing = radius / speed;
    let step = FIRST_STEP * if fall < crossing { fall } else { crossing };
    if step.is_finite() && step > 0.0 { step } else { FIRST_STEP * FIRST_STEP }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::GYR_PER_TIME_UNIT;
    use crate::orbits::field::sample::{Kepler, MilkyWay};

    const GD1: [f64; 6] = [11.8, 0.79, 6.4, 109.5, -254.5, -90.3];

    #[test]
    fn gd1_has_the_reference_positions_forwards_and_backwards() {
        // orbit_reference.json: orbit_gd1_progenitor_backward and _forward, times in Gyr.
        let back: [(f64, [f64; 3]); 4] = [
            (-0.1, [-6.317110318683699, 19.76343804034487, 7.183636808820115]),
            (-0.5, [-21.89581264555896, -3.134911185353136, -13.923630307564888]),
            (-1.0, [8.764994615932494, 29.34449313118371, 17.192997343745034]),
            (-3.0, [-15.500879392357371, 0.0031347084402177927, -11.596579789442652]),
        ];
        let on: [(f64, [f64; 3]); 3] = [
            (0.1, [12.288892033777083, -20.567161751742848, -6.183443421839841]),
            (0.5, [-18.459042484994843, -7.335640203734499, -12.444037947856069]),
            (1.0, [31.0078510334213, -13.738368562203592, 1.1652893766793524]),
        ];
        let tolerance = Tolerance { relative: 1e-12, position_kpc: 1e-12, velocity_kms: 1e-10, ..Default::default() };
        for reference in [&back[..], &on[..]] {
            let times: Vec<f64> = reference.iter().map(|r| r.0 / GYR_PER_TIME_UNIT).collect();
            for (method, allowed) in [(Adaptive::Dop853, 4e-8), (Adaptive::Tsit5, 1e-6)] {
                let path = integrate(&MilkyWay::default(), method, &tolerance, 0.0, State::from_array(GD1), &times, None).unwrap();
                assert_eq!(path.status, Status::Complete);
                for (state, (t, p)) in path.states.iter().zip(reference) {
                    let error = (0..3).map(|i| (state.position[i] - p[i]).powi(2)).sum::<f64>().sqrt();
                    println!("{method:?} {t} Gyr: {error:e} kpc, {} steps, drift {:e}", path.steps, path.drift);
                    assert!(error < allowed, "{method:?} at {t} Gyr: {error:e}");
                }
            }
        }
    }

    /// Worst error of dense output over a Kepler orbit with e = 0.6, and steps taken.
    fn kepler(method: Adaptive, relative: f64) -> (f64, usize) {
        let start = State::from_array([0.4, 0.0, 0.0, 0.0, 2.0, 0.0]);
        let tolerance = Tolerance { relative, position_kpc: 0.0, velocity_kms: 0.0, ..Default::default() };
        let times: Vec<f64> = (0..=200).map(|k| f64::from(k * k) * 5e-4).collect();
        let path = integrate(&Kepler, method, &tolerance, 0.0, start, &times, None).unwrap();
        let mut worst = 0.0f64;
        for (t, s) in times.iter().zip(&path.states) {
            let mut anomaly = *t;
            for _ in 0..60 {
                anomaly -= (anomaly - 0.6 * anomaly.sin() - t) / (1.0 - 0.6 * anomaly.cos());
            }
            let exact = [anomaly.cos() - 0.6, 0.8 * anomaly.sin()];
            worst = worst.max((s.position[0] - exact[0]).hypot(s.position[1] - exact[1]));
        }
        (worst, path.steps)
    }

    #[test]
    fn dense_output_follows_kepler_and_the_error_follows_the_tolerance() {
        for (method, order) in [(Adaptive::Dop853, 8.0), (Adaptive::Tsit5, 5.0)] {
            let (coarse, fine) = (kepler(method, 1e-6), kepler(method, 1e-11));
            println!("{method:?} {coarse:?} {fine:?}");
            assert!(coarse.0 < 1e-3 && fine.0 < 5e-9, "{method:?} {coarse:?} {fine:?}");
            let found = (coarse.0 / fine.0).ln() / (fine.1 as f64 / coarse.1 as f64).ln();
            assert!(found > order - 1.5, "{method:?} {found}");
        }
    }

    #[test]
    fn nothing_hangs_and_bad_input_is_told() {
        let field = MilkyWay::default();
        let go = |w: [f64; 6], times: &[f64], tolerance: Tolerance| {
            integrate(&field, Adaptive::Dop853, &tolerance, 0.0, State::from_array(w), times, None)
        };
        let bad = go([f64::NAN, 0.0, 0.0, 0.0, 0.0, 0.0], &[0.1], Tolerance::default()).unwrap();
        assert!(bad.status == Status::NotFinite && bad.states[0].position[0].is_nan());
        let few = go(GD1, &[0.01, 10.0], Tolerance { most_steps: 5, ..Default::default() }).unwrap();
        assert!(few.status == Status::TooManySteps && few.states[1].position[0].is_nan());
        let fast = go([8.0, 0.0, 0.0, 900.0, 0.0, 0.0], &[1.0], Tolerance::default()).unwrap();
        assert!(fast.status == Status::Unbound && fast.states[0].position[0] > 500.0);
        assert!(go(GD1, &[0.2, 0.1], Tolerance::default()).is_err());
        assert!(go(GD1, &[0.2], Tolerance { relative: 0.0, position_kpc: 0.0, ..Default::default() }).is_err());
        assert_eq!(go(GD1, &[0.0], Tolerance::default()).unwrap().states[0].to_array(), GD1);
        assert!(go(GD1, &[], Tolerance::default()).unwrap().states.is_empty());
        // Straight through the point mass: the step shrinks to nothing.
        let hit = integrate(
            &Kepler,
            Adaptive::Dop853,
            &Tolerance::default(),
            0.0,
            State::from_array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            &[9.0],
            None,
        )
        .unwrap();
        assert!(hit.status != Status::Complete, "{:?}", hit.status);
    }
}
