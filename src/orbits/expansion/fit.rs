//! A fit of any kind, and the plan of it.
//!
//! Layout     one variant a kind, as in `model`
//! Units      kpc, Msun
//! See also   `multipole_fit`, `cylindrical_fit`, `self_consistent_field`, `sample` which makes plans

use super::accumulate::Particles;
use super::cylindrical::CylindricalGrid;
use super::cylindrical_fit::CylindricalFit;
use super::model::Model;
use super::multipole::MultipoleGrid;
use super::multipole_fit::MultipoleFit;
use super::self_consistent_field::{Basis, SelfConsistentFieldFit};
use crate::error::{Error, Result};

macro_rules! fits {
    ($($(#[$doc:meta])* $variant:ident($plan:ty, $fit:ty)),* $(,)?) => {
        /// Which kind, and where its knots are.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Plan {
            $($(#[$doc])* $variant($plan)),*
        }

        /// Sums over particles of any kind of fit.
        #[derive(Clone, Debug)]
        pub enum Fit {
            $($(#[$doc])* $variant(Box<$fit>)),*
        }

        impl Plan {
            /// Nothing summed yet.
            pub fn begin(&self) -> Result<Fit> {
                match self { $(Plan::$variant(plan) => <$fit>::new(plan.clone()).map(|fit| Fit::$variant(Box::new(fit)))),* }
            }
        }

        impl Fit {
            /// Adds particles.
            pub fn add(&mut self, particles: &Particles) -> Result<()> {
                let Particles { x, y, z, mass } = *particles;
                match self { $(Fit::$variant(fit) => fit.add(x, y, z, mass)),* }
            }

            /// Adds another fit of the same plan.
            pub fn merge(&mut self, other: &Fit) -> Result<()> {
                match (self, other) {
                    $((Fit::$variant(mine), Fit::$variant(theirs)) => mine.merge(theirs),)*
                    _ => Err(Error::mismatch("fits of different kinds cannot be merged")),
                }
            }

            /// The potential. All threads compute it; the bits do not depend on how many.
            pub fn finish(&self) -> Result<Model> {
                match self { $(Fit::$variant(fit) => fit.finish().map(Model::from)),* }
            }

            /// Bytes of the sums.
            pub fn size_bytes(&self) -> usize {
                match self { $(Fit::$variant(fit) => fit.size_bytes()),* }
            }
        }
    };
}

fits! {
    /// Spherical harmonics on a grid of radii.
    Multipole(MultipoleGrid, MultipoleFit),
    /// Azimuthal harmonics on a grid of R and z.
    Cylindrical(CylindricalGrid, CylindricalFit),
    /// The basis of Hernquist and Ostriker.
    SelfConsistentField(Basis, SelfConsistentFieldFit),
}
