//! Numerical tools without physics: exact sums, counter-based random numbers, roots, quadrature, interpolation.
//!
//! See also   each file; nothing here knows a unit

pub mod double_double;
pub mod exact_sum;
pub mod interpolate;
pub mod quadrature;
pub mod random;
pub mod roots;
