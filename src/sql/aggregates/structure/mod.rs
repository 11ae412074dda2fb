//! Centres, orientation and angular momentum of a set of particles.
//!
//! See also   `frames` (the methods), `functions` (registry)

pub mod angular_momentum;
pub mod center;
pub mod center_of_mass;
pub mod face_on;
