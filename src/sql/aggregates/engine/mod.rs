//! The machinery of exact aggregates: integer sums, their rounding, and the frame around them.
//!
//! See also   `statistics` (what is built on it)

pub mod collect;
pub mod distinct;
pub mod exact;
pub mod group_sums;
pub mod moments;
pub mod spec;
pub mod udaf;
