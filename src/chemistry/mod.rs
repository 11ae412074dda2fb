//! Chemistry: solar scales, abundance ratios, enrichment.
//!
//! Units      mass fractions in, dex out
//! See also   SQL function `abundance()`

pub mod abundance;
pub mod one_zone;
pub mod solar;
