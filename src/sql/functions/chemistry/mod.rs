//! Abundances from mass fractions.
//!
//! See also   `functions` (registry)

pub mod abundance;
pub mod abundance_z;
pub mod log_oh;
