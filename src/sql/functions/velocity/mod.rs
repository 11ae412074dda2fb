//! How a particle moves.
//!
//! See also   `functions` (registry)

pub mod speed;
pub mod toomre;
pub mod v_phi;
pub mod v_r;
pub mod v_sph;
