//! Exact derivatives of orbits: forwards with duals for few inputs, backwards through leapfrog for all of them.
//!
//! See also   `adjoint`, `forward`, `columns` for what tables hold, `second` for products of the Hessian

pub mod adjoint;
pub mod columns;
pub mod forward;
pub mod second;
