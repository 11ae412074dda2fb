//! Conserved or nearly conserved quantities of an orbit.
//!
//! See also   `functions` (registry)

pub mod ecc_proxy;
pub mod energy;
pub mod l_total;
pub mod lx;
pub mod ly;
pub mod lz;
