//! Bracketed roots of a function of one variable by Brent's method.
use crate::error::{Error, Result};

/// Root of `function` between `low` and `high`, to `tolerance` in the argument.
pub fn brent(_function: impl FnMut(f64) -> f64, _low: f64, _high: f64, _tolerance: f64) -> Result<f64> {
    Err(Error::internal("not laid yet"))
}
