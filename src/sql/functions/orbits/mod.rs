//! Functions of orbits in a potential: values, summaries, actions, tracks.
//!
//! Units      kpc, km/s, Gyr; columns in other units are refused with the factor
//! See also   `host` for what the name of a potential may be, `crate::orbits` for the physics

pub mod acceleration;
pub mod actions;
pub mod actions_angles;
pub mod actions_converged;
pub mod circularity;
pub mod host;
pub mod orbit;
pub mod orbit_at;
pub mod orbit_frequencies;
pub mod orbit_track;
pub mod potential;

/// Functions whose text names a potential, which may be a file.
pub const OF_POTENTIALS: [&str; 11] = [
    "acceleration",
    "actions",
    "actions_angles",
    "actions_converged",
    "circularity",
    "energy",
    "orbit",
    "orbit_at",
    "orbit_frequencies",
    "orbit_track",
    "potential",
];
