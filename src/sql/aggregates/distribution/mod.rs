//! Exact quantiles and histograms.
//!
//! See also   `functions` (registry)

pub mod bins;
pub mod hist2d;
pub mod interpolate;
pub mod percentile;
pub mod quantile;
pub mod quantile_track;
