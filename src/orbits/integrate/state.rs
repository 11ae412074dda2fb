//! A point of phase space, and how an orbit ended.
//!
//! Units      kpc, km/s, (km/s)^2; times in kpc/(km/s)
//! See also   `symplectic`, `adaptive`

use crate::numeric::real::{Real, dot};
use crate::orbits::field::Field;

/// Position and velocity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State<T> {
    /// x, y, z \[kpc\].
    pub position: [T; 3],
    /// vx, vy, vz \[km/s\].
    pub velocity: [T; 3],
}

impl<T: Real> State<T> {
    /// From x, y, z, vx, vy, vz.
    #[inline(always)]
    pub fn from_array(w: [T; 6]) -> Self {
        State { position: [w[0], w[1], w[2]], velocity: [w[3], w[4], w[5]] }
    }

    /// x, y, z, vx, vy, vz.
    #[inline(always)]
    pub fn to_array(self) -> [T; 6] {
        let ([x, y, z], [vx, vy, vz]) = (self.position, self.velocity);
        [x, y, z, vx, vy, vz]
    }

    /// v^2/2 + potential \[(km/s)^2\].
    #[inline(always)]
    pub fn energy(&self, field: &(impl Field<T> + ?Sized), time: T) -> T {
        dot(self.velocity, self.velocity) * 0.5 + field.potential(time, self.position)
    }

    /// Specific angular momentum \[kpc km/s\].
    #[inline(always)]
    pub fn angular_momentum(&self) -> [T; 3] {
        let ([x, y, z], [vx, vy, vz]) = (self.position, self.velocity);
        [y * vz - z * vy, z * vx - x * vz, x * vy - y * vx]
    }
}

impl State<f64> {
    /// Whether all six numbers are finite.
    pub fn is_finite(&self) -> bool {
        self.to_array().iter().all(|v| v.is_finite())
    }
}

/// How an orbit ended; the first that applies in the order not finite, too many steps, unbound, drift, complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Status {
    /// All asked times were reached.
    #[default]
    Complete,
    /// Energy at or above the escape energy: integrated all the same, but it has no apocentre and no actions.
    Unbound,
    /// The energy of a static field changed by more than the stated limit.
    Drift,
    /// A number that is not finite came in or up; NaN from there on.
    NotFinite,
    /// The limit of steps was met; NaN from there on.
    TooManySteps,
}

impl Status {
    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Status::Complete => "complete",
            Status::Unbound => "unbound",
            Status::Drift => "drift",
            Status::NotFinite => "not_finite",
            Status::TooManySteps => "too_many_steps",
        }
    }
}

/// When an orbit is called unbound or drifting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Energy from which an orbit is unbound \[(km/s)^2\]; infinite for potentials without escape.
    pub escape_energy: f64,
    /// Relative change of the energy above which the status is drift; infinite for fields that change with time.
    pub largest_drift: f64,
}

impl Default for Judgement {
    fn default() -> Self {
        Judgement { escape_energy: 0.0, largest_drift: 1e-3 }
    }
}

impl Judgement {
    /// Status of an orbit that reached its end.
    pub fn status(&self, finite: bool, energy: f64, drift: f64) -> Status {
        if !finite || energy.is_nan() {
            Status::NotFinite
        } else if energy >= self.escape_energy {
            Status::Unbound
        } else if drift > self.largest_drift {
            Status::Drift
        } else {
            Status::Complete
        }
    }
}
