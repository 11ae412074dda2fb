//! The built-in galaxy: runs the merger of `nbody::merger` and writes it as a NIHAO-style Tipsy run.
//!
//! Layout     `demo.param`, `demo.NNNNN` with auxiliary arrays (NNNNN = 1024 t / t_now), `demo.starlog`,
//!            `truth/stars.parquet` and `truth/history.csv` which no reader opens
//! Units      comoving code units of `demo.param`; the truth is in physical kpc, km/s, Msun, Gyr
//! See also   `nbody::merger` for the physics, `chemistry::one_zone` for the abundances

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::progress::Progress;

/// How large a galaxy to simulate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DemoSize {
    /// Tens of thousands of particles; under a minute on two cores.
    #[default]
    Quick,
    /// About ten times as many.
    Full,
    /// A few hundred particles and coarse steps, for tests: the physics is not to be trusted.
    Tiny,
}

/// What to simulate.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// Number of particles.
    pub size: DemoSize,
    /// Key of all random numbers.
    pub seed: u64,
    /// Worker threads; 0 takes every core. The files are the same for any number.
    pub threads: usize,
}

/// What was written, with the figures that tell whether to trust it.
#[derive(Clone, Debug)]
pub struct DemoReport {
    /// Snapshot files, earliest first.
    pub snapshots: Vec<PathBuf>,
    /// Parameter file with the units.
    pub param: PathBuf,
    /// Star formation log.
    pub starlog: PathBuf,
    /// True origin of every star (Parquet); not part of the run that a reader sees.
    pub truth: PathBuf,
    /// Stars in the last snapshot.
    pub n_stars: u64,
    /// Gas particles in the last snapshot.
    pub n_gas: u64,
    /// Dark particles.
    pub n_dark: u64,
    /// Time steps taken (shortest level).
    pub steps: u64,
    /// Relative change of the total energy that the known sources (dissipation, accretion) do not explain.
    pub energy_drift: f64,
    /// Stars whose birth galaxy was the satellite.
    pub n_accreted: u64,
    /// Stellar mass now [Msun].
    pub stellar_mass_msun: f64,
    /// Lookback time at which the two centres stay within a few kpc [Gyr].
    pub merger_lookback_gyr: Option<f64>,
}

/// Simulates the galaxy and writes it under `dir` (created if absent).
///
/// Stops with `Interrupted` when `progress` says so; the files written until then stay.
pub fn write_demo(dir: &Path, options: &DemoOptions, progress: &dyn Progress) -> Result<DemoReport> {
    let _ = (dir, options, progress);
    Err(Error::internal("not laid yet"))
}
