//! Numerical tools without physics: exact sums, random numbers, roots, quadrature, numbers eight at a time or with derivatives.
//!
//! See also   each file; nothing here knows a unit

pub mod angle;
pub mod dispatch;
pub mod double_double;
pub mod dual;
pub mod elementary;
pub mod exact_sum;
pub mod gamma;
pub mod interpolate;
pub mod lanes;
pub mod pieces;
pub mod quadrature;
pub mod random;
pub mod real;
pub mod roots;
pub mod together;
