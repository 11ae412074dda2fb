//! Exact derivatives of orbits: forwards with duals for few inputs, backwards through leapfrog for all of them.
//!
//! See also   `adjoint`, `forward`

pub mod adjoint;
pub mod forward;
