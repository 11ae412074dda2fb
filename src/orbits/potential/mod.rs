//! Gravitational potentials: profiles, each in its file, placed and added up.
//!
//! Layout     a profile is written once for every kind of number ([`Formulas`]); a [`Component`] is a profile with its parameters and its
//!            place; a [`Potential`] is a sum of components
//! Units      kpc, km/s, Msun; potential (km/s)^2, acceleration (km/s)^2/kpc, density Msun/kpc^3
//! See also   `numeric::real`, `profile` for the registry

mod burkert;
mod component;
mod composite;
mod dehnen_bar;
mod einasto;
mod enclosed;
mod expanded;
mod exponential_disc;
mod hernquist;
mod homogeneous_sphere;
mod isochrone;
mod jaffe;
mod kuzmin;
mod kuzmin_kutuzov;
mod logarithmic;
mod long_murali_bar;
mod miyamoto_nagai;
mod mn3;
mod nfw;
mod placement;
mod plummer;
mod point_mass;
mod power_law_cutoff;
mod presets;
mod profile;
mod spiral_arms;
mod text;
mod triaxial_nfw;
mod two_power_triaxial;
mod uniform_field;

#[cfg(test)]
mod checklist;
#[cfg(test)]
mod reference;

pub use component::Component;
pub use composite::{Potential, Prepared};
pub use expanded::{Expanded, fitted_kinds};
pub use placement::{Amplitude, Placement, Track};
pub(in crate::orbits) use power_law_cutoff::FOUR_POLYNOMIALS;
pub use profile::{Allowed, Formulas, Kind, Parameter, Profile, kind, kinds};
