//! Actions, angles and frequencies.
//!
//! Units      kpc km/s, rad, km/s/kpc
//! See also   `staeckel` for axisymmetric potentials, `isochrone` for an exact one

pub mod focal;
pub mod isochrone;
pub mod many;
pub mod staeckel;

pub use focal::{FocalLength, FocalTable};
pub use isochrone::{ActionAngle, Angles, Isochrone};
pub use many::{ActionColumns, actions};
pub use staeckel::{Actions, Cylindrical, Frequencies, Fudge, Nodes, Reference, fudge};
