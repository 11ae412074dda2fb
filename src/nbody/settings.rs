//! The recipe of the built-in merger: masses, sizes, orbit, gas supply, numbers of particles.
//!
//! Units      kpc, km/s, Msun, Gyr; times are since the start of the run unless a name says cosmic
//! Source     chosen so that the result resembles the galaxy of Buder et al. 2025 (arXiv 2510.11284, 2510.20233): 8e11 Msun of dark
//!            matter within 206 kpc, 2 to 4e10 Msun of stars, one merger of stellar mass ratio about 1:5 completed 8.6 Gyr ago
//! See also   `nbody::merger`

use super::hernquist::Hernquist;
use crate::constants::GRAVITY_KPC_KMS2_MSUN;

/// One galaxy at the start.
#[derive(Clone, Debug)]
pub struct GalaxySettings {
    /// Dark halo.
    pub halo: Hernquist,
    /// Number of dark particles.
    pub dark_count: usize,
    /// Normal of the gas disc (any length).
    pub normal: [f64; 3],
    /// Gas disc at the start \[Msun\].
    pub gas_msun: f64,
    /// Mass of one gas particle, hence of one star \[Msun\].
    pub particle_msun: f64,
    /// Gas that falls in later: (mass \[Msun\], start, time constant, end \[Gyr\]); the rate is exponential and the mass arrives in full.
    pub supply: Vec<Supply>,
    /// Scale length of the arriving gas at the start and at the end of the run \[kpc\].
    pub scale_kpc: (f64, f64),
    /// Wind per gross star formation, for the enrichment.
    pub wind_loading: f64,
    /// Iron abundance of the gas at the start and of what falls in \[dex\].
    pub inflow_feh: f64,
    /// Metallicity gradient of the gas [dex/kpc].
    pub gradient_dex_kpc: f64,
    /// Edge of the disc: gas beyond it is not damped and forms no stars \[kpc\].
    pub disc_radius_kpc: f64,
}

impl GalaxySettings {
    /// Scale length of the gas that arrives when `progress` (0 to 1) of the run is over \[kpc\].
    pub fn scale_now_kpc(&self, progress: f64) -> f64 {
        self.scale_kpc.0 + (self.scale_kpc.1 - self.scale_kpc.0) * progress
    }

    /// Height over which the first gas disc would carry itself in its middle, sigma^2 / (pi G Sigma_0) \[kpc\].
    pub fn first_height_kpc(&self, dispersion_kms: f64) -> f64 {
        2.0 * (dispersion_kms * self.scale_kpc.0).powi(2) / (GRAVITY_KPC_KMS2_MSUN * self.gas_msun)
    }
}

/// An episode of gas accretion.
#[derive(Clone, Copy, Debug)]
pub struct Supply {
    /// Mass that arrives between start and end \[Msun\].
    pub mass_msun: f64,
    /// When it sets in \[Gyr\].
    pub start_gyr: f64,
    /// Time constant of the decline \[Gyr\].
    pub decline_gyr: f64,
    /// When it stops \[Gyr\].
    pub end_gyr: f64,
}

impl Supply {
    /// Mass that has arrived by `time_gyr` \[Msun\].
    pub fn arrived_msun(&self, time_gyr: f64) -> f64 {
        let time = time_gyr.clamp(self.start_gyr, self.end_gyr) - self.start_gyr;
        let grown = |t: f64| 1.0 - (-t / self.decline_gyr).exp();
        self.mass_msun * grown(time) / grown(self.end_gyr - self.start_gyr)
    }
}

/// Everything that fixes a run, with the seed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Key of all random numbers.
    pub seed: u64,
    /// Duration \[Gyr\].
    pub duration_gyr: f64,
    /// Longest step of gas and stars, and the interval at which gas cools, arrives and forms stars \[Gyr\].
    pub step_gyr: f64,
    /// Opening parameter of the tree.
    pub opening: f64,
    /// Softening of dark particles \[kpc\].
    pub dark_softening_kpc: f64,
    /// Softening of gas and stars \[kpc\].
    pub baryon_softening_kpc: f64,
    /// The larger galaxy.
    pub host: GalaxySettings,
    /// The smaller galaxy.
    pub satellite: GalaxySettings,
    /// Satellite minus host at the start \[kpc\].
    pub separation_kpc: [f64; 3],
    /// Satellite minus host at the start [km/s].
    pub approach_kms: [f64; 3],
    /// Depletion time of gas at 1 Msun/pc^2 \[Gyr\]; it falls as the surface density to the power -0.4.
    pub depletion_gyr: f64,
    /// Time constant of the damping of gas \[Gyr\].
    pub damping_gyr: f64,
    /// Turbulence of gas at the start, its decline time \[Gyr\] and what remains [km/s].
    pub turbulence_kms: (f64, f64, f64),
    /// Scatter of the metallicity of coeval gas at one radius \[dex\].
    pub metal_scatter_dex: f64,
    /// Scatter of each abundance ratio \[dex\].
    pub ratio_scatter_dex: f64,
    /// Cell of the map from which the surface density of gas is read \[kpc\].
    pub map_cell_kpc: f64,
}

/// Dark matter of the host: 7.4e11 Msun within 206 kpc.
const HOST_HALO: Hernquist = Hernquist { mass_msun: 1.05e12, scale_kpc: 38.0, cut_kpc: 300.0 };

/// Dark matter of the satellite.
const SATELLITE_HALO: Hernquist = Hernquist { mass_msun: 2.0e11, scale_kpc: 18.0, cut_kpc: 90.0 };

/// Dark particles of the quick run.
const QUICK_DARK: (usize, usize) = (7_600, 1_800);

/// Mass of a gas particle in the quick run: host, satellite [Msun].
const QUICK_PARTICLE_MSUN: (f64, f64) = (5.4e6, 2.7e6);

/// Duration of the run [Gyr].
const DURATION_GYR: f64 = 12.3;

impl Settings {
    /// A run with `share` times the particles of the quick one and steps of about `step_gyr`.
    pub fn scaled(seed: u64, share: f64, step_gyr: f64) -> Settings {
        // A whole number of the longest steps of dark matter, four of these, ends exactly at the present.
        let step_gyr = DURATION_GYR / (4.0 * (DURATION_GYR / (4.0 * step_gyr)).round());
        let count = |n: usize| ((n as f64 * share).round() as usize).max(16);
        let host = GalaxySettings {
            halo: HOST_HALO,
            dark_count: count(QUICK_DARK.0),
            normal: [0.15, -0.1, 1.0],
            gas_msun: 3.5e9,
            particle_msun: QUICK_PARTICLE_MSUN.0 / share,
            supply: vec![
                Supply { mass_msun: 1.25e10, start_gyr: 0.0, decline_gyr: 1.6, end_gyr: DURATION_GYR },
                Supply { mass_msun: 4.0e9, start_gyr: 3.6, decline_gyr: 0.4, end_gyr: DURATION_GYR },
                Supply { mass_msun: 1.85e10, start_gyr: 3.6, decline_gyr: 5.5, end_gyr: DURATION_GYR },
            ],
            scale_kpc: (1.6, 4.8),
            wind_loading: 2.4,
            inflow_feh: -2.2,
            gradient_dex_kpc: -0.05,
            disc_radius_kpc: 28.0,
        };
        let satellite = GalaxySettings {
            halo: SATELLITE_HALO,
            dark_count: count(QUICK_DARK.1),
            normal: [0.7, 0.5, -0.5],
            gas_msun: 1.5e9,
            particle_msun: QUICK_PARTICLE_MSUN.1 / share,
            supply: vec![Supply { mass_msun: 2.4e9, start_gyr: 0.0, decline_gyr: 1.2, end_gyr: 2.1 }],
            scale_kpc: (1.1, 1.3),
            wind_loading: 22.0,
            inflow_feh: -2.6,
            gradient_dex_kpc: -0.06,
            disc_radius_kpc: 9.0,
        };
        Settings {
            seed,
            duration_gyr: DURATION_GYR,
            step_gyr,
            opening: 0.8,
            dark_softening_kpc: 1.6 / share.cbrt(),
            baryon_softening_kpc: 0.35 / share.cbrt(),
            host,
            satellite,
            separation_kpc: [-70.0, 30.0, -75.0],
            approach_kms: [-128.0, 50.0, -74.0],
            depletion_gyr: 4.0,
            damping_gyr: 0.08,
            turbulence_kms: (30.0, 2.5, 9.0),
            metal_scatter_dex: 0.07,
            ratio_scatter_dex: 0.025,
            map_cell_kpc: 1.2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supply_arrives_in_full() {
        let supply = Supply { mass_msun: 2e9, start_gyr: 1.0, decline_gyr: 2.0, end_gyr: 5.0 };
        assert_eq!(supply.arrived_msun(0.5), 0.0);
        assert_eq!(supply.arrived_msun(9.0), 2e9);
        // (1 - exp(-1)) / (1 - exp(-2)) = 0.7310585786
        assert!((supply.arrived_msun(3.0) / 2e9 - 0.731_058_578_6).abs() < 1e-9);
    }

    #[test]
    fn the_first_disc_is_as_high_as_its_turbulence_makes_it() {
        let mut host = Settings::scaled(1, 1.0, 0.01).host;
        (host.gas_msun, host.scale_kpc.0) = (8e9, 3.0);
        // Sigma_0 = 8e9 / (2 pi 9) = 1.41471e8 Msun/kpc^2, 30^2 / (pi G Sigma_0) = 0.47083 kpc
        assert!((host.first_height_kpc(30.0) - 0.470_83).abs() < 1e-4, "{}", host.first_height_kpc(30.0));
        assert!((host.scale_now_kpc(0.5) - 0.5 * (3.0 + host.scale_kpc.1)).abs() < 1e-12);
    }

    #[test]
    fn more_particles_keep_the_masses() {
        let (one, ten) = (Settings::scaled(1, 1.0, 0.01), Settings::scaled(1, 10.0, 0.006));
        assert_eq!(one.host.gas_msun, ten.host.gas_msun);
        assert!((one.host.particle_msun / ten.host.particle_msun - 10.0).abs() < 1e-12);
        assert_eq!(ten.host.dark_count, 10 * one.host.dark_count);
    }
}
