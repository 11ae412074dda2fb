//! Sums, means, variances and correlations, exact until one rounding.
//!
//! See also   `engine`, `functions` (registry)

pub mod avg;
pub mod corr;
pub mod covar_pop;
pub mod covar_samp;
pub mod ends;
pub mod stddev;
pub mod stddev_pop;
pub mod sum;
pub mod var;
pub mod var_pop;
pub mod weighted_mean;
