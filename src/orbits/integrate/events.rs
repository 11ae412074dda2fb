//! Pericentres, apocentres and plane crossings, located on dense output.
//!
//! Formula    peri- and apocentre: x . v = 0, rising or falling; plane: z = 0
//! Units      kpc, km/s; times in kpc/(km/s)
//! Accuracy   time to 1e-13 of a step on the dense output, whose error is that of the orbit
//! Edge cases two events of one kind closer than 1/8 of a step are missed together; a circular orbit has events by rounding alone
//! See also   `adaptive`, `summary`

use super::adaptive::{Path, Tolerance, integrate};
use super::state::State;
use super::tableau::{Adaptive, Dense};
use crate::error::Result;
use crate::numeric::real::dot;
use crate::numeric::roots::brent;
use crate::orbits::field::Field;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Nearest to the centre.
    Pericentre,
    /// Farthest from the centre.
    Apocentre,
    /// Through z = 0 with vz > 0.
    Upwards,
    /// Through z = 0 with vz < 0.
    Downwards,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// When \[kpc/(km/s)\].
    pub time: f64,
    /// Where.
    pub state: State<f64>,
}

/// Pieces of a step that are looked at for a change of sign.
const PIECES: usize = 8;
/// Error of the time of an event, in steps.
const TIME_ERROR: f64 = 1e-13;

/// Events within one step, in the order in which the orbit meets them.
pub fn in_step(step: &Dense, events: &mut Vec<Event>) {
    let radial = |time: f64| {
        let state = step.at(time);
        dot(state.position, state.velocity)
    };
    let height = |time: f64| step.at(time).position[2];
    let first = events.len();
    let mut look = |function: &dyn Fn(f64) -> f64, rising: EventKind, falling: EventKind| {
        let mut from = (step.start, function(step.start));
        for piece in 1..=PIECES {
            let time = if piece == PIECES { step.end() } else { step.start + step.step * piece as f64 / PIECES as f64 };
            let to = (time, function(time));
            // A zero at the end of a piece belongs to the next one, so that none is counted twice.
            let crossed = (from.1 == 0.0 && to.1 != 0.0) || from.1 * to.1 < 0.0;
            if crossed && let Ok(at) = if from.1 == 0.0 { Ok(from.0) } else { brent(function, from.0, to.0, TIME_ERROR * step.step.abs()) }
            {
                // In the direction of time, whichever way the orbit is followed.
                let up = (to.1 > 0.0) == (step.step > 0.0);
                events.push(Event { kind: if up { rising } else { falling }, time: at, state: step.at(at) });
            }
            from = to;
        }
    };
    look(&radial, EventKind::Pericentre, EventKind::Apocentre);
    look(&height, EventKind::Upwards, EventKind::Downwards);
    let sign = step.step.signum();
    if let Some(found) = events.get_mut(first..) {
        found.sort_by(|a, b| (a.time * sign).total_cmp(&(b.time * sign)));
    }
}

/// The orbit at `times` and the events on the way.
pub fn integrate_with_events<F: Field<f64> + ?Sized>(
    field: &F,
    method: Adaptive,
    tolerance: &Tolerance,
    time: f64,
    start: State<f64>,
    times: &[f64],
) -> Result<(Path, Vec<Event>)> {
    let mut events = Vec::new();
    let path = integrate(field, method, tolerance, time, start, times, Some(&mut |step| in_step(step, &mut events)))?;
    Ok((path, events))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::field::sample::{Kepler, MilkyWay};
    use std::f64::consts::PI;

    #[test]
    fn kepler_has_its_apsides_every_half_period_both_ways() {
        // a = 1, e = 0.6, inclined by 30 degrees about the line of apsides, from pericentre.
        let (s, c) = (PI / 6.0).sin_cos();
        let start = State::from_array([0.4, 0.0, 0.0, 0.0, 2.0 * c, 2.0 * s]);
        let tolerance = Tolerance { relative: 1e-12, position_kpc: 0.0, velocity_kms: 0.0, ..Default::default() };
        for sign in [1.0, -1.0] {
            let (_, events) = integrate_with_events(&Kepler, Adaptive::Dop853, &tolerance, 0.0, start, &[sign * 20.0]).unwrap();
            let of = |kind| events.iter().filter(|e| e.kind == kind && e.time.abs() > 0.1).collect::<Vec<_>>();
            assert_eq!((of(EventKind::Pericentre).len(), of(EventKind::Apocentre).len()), (3, 3));
            for (n, e) in of(EventKind::Apocentre).iter().enumerate() {
                assert!((e.time - sign * PI * (2 * n + 1) as f64).abs() < 1e-8 && (e.state.position[0] + 1.6).abs() < 1e-9, "{e:?}");
            }
            for (n, e) in of(EventKind::Pericentre).iter().enumerate() {
                assert!((e.time - sign * 2.0 * PI * (n + 1) as f64).abs() < 1e-8, "{e:?}");
            }
            // The nodes are at the apsides here: down at apocentre.
            assert_eq!((of(EventKind::Downwards).len(), of(EventKind::Upwards).len()), (3, 3));
            assert!(of(EventKind::Downwards).iter().all(|e| e.state.velocity[2] < 0.0));
            assert!(events.windows(2).all(|w| (w[1].time - w[0].time) * sign >= 0.0));
        }
    }

    #[test]
    fn the_way_back_meets_the_events_of_the_way_forth_whatever_the_output_times() {
        let field = MilkyWay::default();
        let tolerance = Tolerance { relative: 1e-12, position_kpc: 1e-12, velocity_kms: 1e-10, ..Default::default() };
        let start = State::from_array([11.8, 0.79, 6.4, 109.5, -254.5, -90.3]);
        let end = 1.7;
        // Dense, sparse, and two nearly equal; an event falls between most of them.
        let forth: Vec<f64> = vec![0.0, 1e-6, 0.013, 0.0131, 0.2, 0.7777777, 0.7777778, 1.1, end];
        let go = |from: f64, state, times: &[f64]| integrate_with_events(&field, Adaptive::Dop853, &tolerance, from, state, times).unwrap();
        let (path, events) = go(0.0, start, &forth);
        let (_, plain) = go(0.0, start, &[end]);
        assert_eq!(events, plain, "output times leave events alone");
        let back: Vec<f64> = vec![1.69, 1.5, 0.4, 0.39999, 0.0];
        let (home, returned) = go(end, path.states[8], &back);
        assert!((0..3).all(|i| (home.states[4].position[i] - start.position[i]).abs() < 1e-7));
        assert_eq!(events.len(), returned.len());
        let kinds = [EventKind::Pericentre, EventKind::Apocentre, EventKind::Upwards, EventKind::Downwards];
        assert!(kinds.iter().all(|k| events.iter().filter(|e| e.kind == *k).count() >= 2), "{events:?}");
        for (a, b) in events.iter().zip(returned.iter().rev()) {
            assert!(a.kind == b.kind && (a.time - b.time).abs() < 1e-9, "{a:?} {b:?}");
            assert!((0..3).all(|i| (a.state.position[i] - b.state.position[i]).abs() < 1e-7), "{a:?} {b:?}");
            let (r, v) = (a.state.position, a.state.velocity);
            match a.kind {
                EventKind::Pericentre | EventKind::Apocentre => assert!(dot(r, v).abs() < 1e-7, "{a:?}"),
                EventKind::Upwards => assert!(r[2].abs() < 1e-10 && v[2] > 0.0),
                EventKind::Downwards => assert!(r[2].abs() < 1e-10 && v[2] < 0.0),
            }
            let size = dot(r, r).sqrt();
            assert!(size > 12.0 && size < 37.0);
        }
    }
}
