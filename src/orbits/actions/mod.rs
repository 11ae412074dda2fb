//! Actions, angles and frequencies.
//!
//! Units      kpc km/s, rad, km/s/kpc
//! See also   `staeckel` for axisymmetric potentials, `isochrone` for an exact one

pub mod focal;
pub mod generating;
pub mod isochrone;
pub mod many;
pub mod spherical;
pub mod staeckel;
pub mod staeckel_angles;

pub use focal::{FocalLength, FocalTable};
pub use generating::{Converged, generating};
pub use isochrone::{ActionAngle, Angles, Isochrone};
pub use many::{ActionColumns, actions, actions_with_angles, spherical_actions};
pub use spherical::{SphericalNodes, SphericalOrbit, spherical};
pub use staeckel::{Actions, Cylindrical, Frequencies, Fudge, Nodes, Reference, fudge};
pub use staeckel_angles::{AngleNodes, fudge_with_angles};
