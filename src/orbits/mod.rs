//! Orbits: coordinates of phase space, potentials, integration, actions.
//!
//! Units      kpc, km/s, Msun; times inside are kpc/(km/s)
//! See also   `frames`, `numeric::real`

pub mod actions;
pub mod batch;
pub mod coordinates;
pub mod device;
pub mod expansion;
pub mod extents;
pub mod field;
pub mod frequencies;
pub mod gradient;
pub mod integrate;
pub mod potential;
pub mod summary;
pub mod values;
