//! Orbits: coordinates of phase space, potentials, integration.
//!
//! Units      kpc, km/s, Msun
//! See also   `frames`

pub mod coordinates;
