//! N-body dynamics: trees, time integration, equilibrium galaxies and the merger of two of them.
//!
//! Units      kpc, km/s, Msun; the internal time unit is kpc/(km/s)
//! See also   `ingest::synth` writes a run as snapshots

pub mod disc;
pub mod gravity;
pub mod hernquist;
mod kernels;
pub mod leapfrog;
pub mod merger;
pub mod settings;
pub mod softening;
pub mod tree;
