//! A fitted potential of any kind.
//!
//! Layout     one variant a kind; all have the same three functions
//! Units      kpc, (km/s)^2, Msun/kpc^3
//! See also   `multipole`, `cylindrical`, `self_consistent_field`, `series`

use super::cylindrical::Cylindrical;
use super::harmonics::Symmetry;
use super::multipole::Multipole;
use super::self_consistent_field::SelfConsistentField;
use crate::numeric::dispatch::Kernel;
use crate::numeric::real::Real;

/// What a kind computes at a place.
pub(super) trait Fitted {
    /// Potential \[(km/s)^2\] at `p` \[kpc\].
    fn potential_at<T: Real>(&self, p: [T; 3]) -> T;
    /// Acceleration \[(km/s)^2/kpc\] at `p` \[kpc\].
    fn acceleration_at<T: Real>(&self, p: [T; 3]) -> [T; 3];
}

/// Sums over harmonics are long: code of their own for each kind of number.
pub(super) struct PotentialOf<'a, M, T>(pub &'a M, pub [T; 3]);
/// The same for the acceleration.
pub(super) struct AccelerationOf<'a, M, T>(pub &'a M, pub [T; 3]);

impl<M: Fitted, T: Real> Kernel for PotentialOf<'_, M, T> {
    type Answer = T;
    #[inline(always)]
    fn run(self) -> T {
        self.0.potential_at(self.1)
    }
}

impl<M: Fitted, T: Real> Kernel for AccelerationOf<'_, M, T> {
    type Answer = [T; 3];
    #[inline(always)]
    fn run(self) -> [T; 3] {
        self.0.acceleration_at(self.1)
    }
}

macro_rules! models {
    ($($(#[$doc:meta])* $variant:ident($type:ty) $name:literal),* $(,)?) => {
        /// One fitted potential.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Model {
            $($(#[$doc])* $variant($type)),*
        }

        impl Model {
            /// Names of all kinds, as in files.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Name of the kind, as in files.
            pub fn name(&self) -> &'static str {
                match self { $(Model::$variant(_) => $name),* }
            }

            /// Potential \[(km/s)^2\] at `p` \[kpc\].
            #[inline(always)]
            pub fn potential<T: Real>(&self, p: [T; 3]) -> T {
                match self { $(Model::$variant(model) => model.potential(p)),* }
            }

            /// Acceleration \[(km/s)^2/kpc\] at `p` \[kpc\].
            #[inline(always)]
            pub fn acceleration<T: Real>(&self, p: [T; 3]) -> [T; 3] {
                match self { $(Model::$variant(model) => model.acceleration(p)),* }
            }

            /// Density \[Msun/kpc^3\] at `p` \[kpc\].
            pub fn density(&self, p: [f64; 3]) -> f64 {
                match self { $(Model::$variant(model) => model.density(p)),* }
            }
        }

        $(
            impl $type {
                /// Potential \[(km/s)^2\] at `p` \[kpc\].
                #[inline(always)]
                pub fn potential<T: Real>(&self, p: [T; 3]) -> T {
                    T::apart(PotentialOf(self, p))
                }

                /// Acceleration \[(km/s)^2/kpc\] at `p` \[kpc\].
                #[inline(always)]
                pub fn acceleration<T: Real>(&self, p: [T; 3]) -> [T; 3] {
                    T::apart(AccelerationOf(self, p))
                }
            }

            impl From<$type> for Model {
                fn from(model: $type) -> Model {
                    Model::$variant(model)
                }
            }
        )*
    };
}

models! {
    /// Spherical harmonics on a grid of radii.
    Multipole(Multipole) "multipole",
    /// Azimuthal harmonics on a grid of R and z.
    Cylindrical(Cylindrical) "cylindrical",
    /// The basis of Hernquist and Ostriker.
    SelfConsistentField(SelfConsistentField) "self_consistent_field",
}

impl Model {
    /// Its symmetry.
    pub fn symmetry(&self) -> Symmetry {
        match self {
            Model::Multipole(model) => model.grid.symmetry,
            Model::Cylindrical(model) => model.outer.grid.symmetry,
            Model::SelfConsistentField(model) => model.basis.symmetry,
        }
    }
}
