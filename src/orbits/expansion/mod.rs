//! Potentials as sums over basis functions, fitted to the particles of a snapshot.
//!
//! Layout     a `sample` chooses where the knots are; a `fit` collects exact sums over particles in one pass and ends as a [`Model`]; an
//!            [`Expansion`] is a model, or several at times; it is a field, has a saved form and can be a component of a potential
//! Units      kpc, km/s, Msun; times in kpc/(km/s)
//! See also   `potential`, `field`

pub mod accumulate;
pub mod accuracy;
pub mod cylindrical;
pub mod cylindrical_fit;
pub mod direct;
pub mod fit;
pub mod galaxy;
pub mod harmonics;
pub mod model;
pub mod multipole;
pub mod multipole_fit;
pub mod record;
mod ring;
pub mod sample;
mod saved;
pub mod self_consistent_field;
pub mod series;
pub mod shape;

pub use accuracy::{Direct, ErrorReport};
pub use cylindrical::{Cylindrical, CylindricalGrid};
pub use cylindrical_fit::CylindricalFit;
pub use direct::DirectSums;
pub use fit::{Fit, Plan};
pub use galaxy::GalaxyFit;
pub use harmonics::Symmetry;
pub use model::Model;
pub use multipole::{Multipole, MultipoleGrid};
pub use multipole_fit::MultipoleFit;
pub use record::FitRecord;
pub use sample::Sample;
pub use self_consistent_field::{Basis, SelfConsistentField, SelfConsistentFieldFit};
pub use series::Expansion;
