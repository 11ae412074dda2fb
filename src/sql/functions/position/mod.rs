//! Where a particle is.
//!
//! See also   `functions` (registry)

pub mod azimuth;
pub mod r_cyl;
pub mod radius;
pub mod theta;
