//! Orbits through time: fixed steps that keep the energy, or steps that keep an error.
//!
//! Units      kpc, km/s; times in kpc/(km/s)
//! See also   `batch` for many orbits at once

pub mod adaptive;
pub(super) mod dop853_table;
pub mod events;
pub mod state;
pub mod symplectic;
pub mod tableau;

pub use adaptive::{Path, Tolerance, integrate};
pub use events::{Event, EventKind, integrate_with_events};
pub use state::{Judgement, State, Status};
pub use symplectic::{Method, Moving, Plan};
pub use tableau::{Adaptive, Dense};
