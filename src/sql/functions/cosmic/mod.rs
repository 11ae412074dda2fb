//! Scale factors, redshifts and ages.
//!
//! See also   `functions` (registry)

pub mod age_at;
pub mod redshift;
pub mod scale_factor;
