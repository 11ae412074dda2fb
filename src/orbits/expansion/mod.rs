//! Potentials as sums over basis functions, fitted to the particles of a snapshot.
//!
//! Layout     a fit collects exact sums over particles in one pass and ends as a [`Model`]; an [`Expansion`] is a model, or several at
//!            times; it is a field, has a saved form and can be a component of a potential
//! Units      kpc, km/s, Msun; times in kpc/(km/s)
//! See also   `potential`, `field`

pub mod accumulate;
pub mod accuracy;
pub mod cylindrical;
pub mod cylindrical_fit;
pub mod harmonics;
pub mod model;
pub mod multipole;
pub mod multipole_fit;
mod ring;
mod saved;
pub mod self_consistent_field;
pub mod series;
pub mod shape;

pub use accuracy::{Direct, ErrorReport};
pub use cylindrical::{Cylindrical, CylindricalGrid};
pub use cylindrical_fit::CylindricalFit;
pub use harmonics::Symmetry;
pub use model::Model;
pub use multipole::{Multipole, MultipoleGrid};
pub use multipole_fit::MultipoleFit;
pub use self_consistent_field::{Basis, SelfConsistentField, SelfConsistentFieldFit};
pub use series::Expansion;
