//! Potentials as sums over basis functions, fitted to the particles of a snapshot.
//!
//! Layout     a fit collects sums over particles in one pass and ends as an expansion, which is a field and has a saved form
//! Units      kpc, km/s, Msun
//! See also   `potential`, `field`

pub mod accumulate;
pub mod harmonics;
pub mod multipole;
pub mod multipole_fit;
pub mod self_consistent_field;
pub mod shape;
