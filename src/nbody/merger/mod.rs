//! The built-in galaxy: a disc galaxy and a satellite fall together, form stars, and are integrated to the present.
//!
//! Formula    kick-drift-kick leapfrog with a step for each particle (`steps`); forces from two trees;
//!            gas loses random motion (`nbody::disc`), is fed from outside, and turns into stars with probability
//!            1 - exp(-dt/tau), tau = tau_1 (Sigma / (Msun/pc^2))^-0.4
//! Units      kpc, km/s, Msun; time in Gyr since the start
//! Source     star formation law: Kennicutt 1998, ApJ 498, 541; the rest is our own recipe, see `nbody::settings`
//! Accuracy   `energy_drift` is the change of the total energy less what damping and accretion are known to have added
//! Edge cases a galaxy with too few particles near its centre keeps its predicted path
//! Cost       the quick run takes about a minute of CPU; half of it sums forces, a quarter walks the trees
//! See also   `ingest::synth` writes it as snapshots; `chemistry::one_zone`

use super::disc::{Plane, plus_scaled, unit};
pub use super::leapfrog::Particles;
use super::settings::{GalaxySettings, Settings};
use super::tree::Tree;
use crate::chemistry::one_zone::{ELEMENT_COUNT, OneZone, early_composition};
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::random::Stream;
use steps::LONGEST_TICKS;

mod follow;
mod gas_to_stars;
mod steps;

/// Index of the larger galaxy.
pub const HOST: usize = 0;

/// Index of the smaller galaxy.
pub const SATELLITE: usize = 1;

/// Purposes of random streams; a step number is added to those above 2^32.
const PURPOSE_HALO: u64 = 1;
const PURPOSE_DISC: u64 = 8;
const PURPOSE_DAMPING: u64 = 1 << 32;
const PURPOSE_STARS: u64 = 2 << 32;
const PURPOSE_SUPPLY: u64 = 3 << 32;
const PURPOSE_METALS: u64 = 16;

/// Height of arriving gas [kpc].
const SUPPLY_HEIGHT_KPC: f64 = 0.2;

/// What a gas or star particle is.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    /// Number in order of arrival; a star keeps that of its gas.
    pub gas_id: u32,
    /// Galaxy whose disc it belongs to (gas) or in which it was born (star).
    pub galaxy: usize,
    /// Galaxy to which its gas first came.
    pub origin: usize,
    /// Place in [`Merger::births`], for stars.
    pub star: Option<u32>,
}

/// What is known of a star's birth.
#[derive(Clone, Copy, Debug)]
pub struct Birth {
    /// Place in the gas and star particles.
    pub place: u32,
    /// Time since the start \[Gyr\].
    pub time_gyr: f64,
    /// Position \[kpc\].
    pub position_kpc: [f64; 3],
    /// Velocity [km/s].
    pub velocity_kms: [f64; 3],
    /// Mass fractions of `one_zone::ELEMENTS`.
    pub fractions: [f64; ELEMENT_COUNT],
    /// Surface density of gas at birth [Msun/kpc^2].
    pub gas_density: f64,
    /// Host and satellite at birth.
    pub planes: [Plane; 2],
}

/// One galaxy on its way.
#[derive(Clone, Debug)]
pub struct Galaxy {
    /// Centre, motion, plane.
    pub plane: Plane,
    /// Enrichment of its gas.
    pub zone: OneZone,
    /// Whether it is still a galaxy of its own.
    pub alive: bool,
    /// Mean radius of its disc gas \[kpc\].
    pub gas_radius_kpc: f64,
    arrived_msun: f64,
    central_msun: f64,
    largest_central_msun: f64,
}

/// A line of the run's history.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Time since the start \[Gyr\].
    pub time_gyr: f64,
    /// Satellite minus host \[kpc\].
    pub separation_kpc: f64,
    /// Stellar mass born in host and satellite so far \[Msun\].
    pub stars_msun: [f64; 2],
    /// Gas of host and satellite \[Msun\].
    pub gas_msun: [f64; 2],
    /// Composition of the gas of host and satellite.
    pub composition: [[f64; ELEMENT_COUNT]; 2],
    /// Total energy less the known sources, relative to the start; measured when all steps last ended together.
    pub energy_error: f64,
}

/// A running simulation.
#[derive(Debug)]
pub struct Merger {
    settings: Settings,
    /// Dark matter; constant in number.
    pub dark: Particles,
    /// Galaxy from which each dark particle comes.
    pub dark_galaxy: Vec<usize>,
    /// Gas and stars in order of arrival.
    pub baryons: Particles,
    /// What each of `baryons` is.
    pub tags: Vec<Tag>,
    /// Births in order of time.
    pub births: Vec<Birth>,
    /// Host and satellite.
    pub galaxies: [Galaxy; 2],
    /// History, one line per `Settings::step_gyr`.
    pub history: Vec<Moment>,
    /// When the satellite stopped being a galaxy of its own [Gyr since the start].
    pub merged_gyr: Option<f64>,
    /// Time since the start \[Gyr\].
    pub time_gyr: f64,
    /// Shortest steps taken.
    pub steps: u64,
    /// Interactions summed.
    pub interactions: u64,
    stars_msun: [f64; 2],
    close_since_gyr: Option<f64>,
    start_energy: f64,
    known_energy: f64,
    energy_error: f64,
    /// Shortest steps since the start.
    tick: u64,
    /// Of dark matter, and of gas and stars.
    trees: Option<[Tree; 2]>,
}

impl Merger {
    /// Builds both galaxies in equilibrium, apart, with the barycentre at rest at the origin.
    pub fn new(settings: Settings) -> Result<Merger> {
        if !(settings.step_gyr > 0.0 && settings.duration_gyr > 0.0 && settings.step_gyr < settings.duration_gyr) {
            return Err(Error::new(ErrorKind::Domain, "step and duration of a run must be positive")
                .found(format!("{} and {} Gyr", settings.step_gyr, settings.duration_gyr)));
        }
        let share = settings.host.halo.mass_inside_msun(settings.host.halo.cut_kpc)
            / (settings.host.halo.mass_inside_msun(settings.host.halo.cut_kpc)
                + settings.satellite.halo.mass_inside_msun(settings.satellite.halo.cut_kpc));
        let (mut dark, mut dark_galaxy) = (Particles::default(), Vec::new());
        let mut galaxies = Vec::with_capacity(2);
        for (index, (galaxy, factor)) in [(&settings.host, share - 1.0), (&settings.satellite, share)].into_iter().enumerate() {
            let plane = Plane {
                centre_kpc: settings.separation_kpc.map(|d| d * factor),
                velocity_kms: settings.approach_kms.map(|v| v * factor),
                acceleration: [0.0; 3],
                normal: unit(galaxy.normal),
            };
            // The satellite is far smaller than the disc it will meet: its halo is sampled evenly.
            let (fine, heaviest) = if index == HOST { (25.0, 8.0) } else { (25.0, 2.0) };
            for s in galaxy.halo.sample(galaxy.dark_count, fine, heaviest, settings.seed, PURPOSE_HALO + index as u64)? {
                dark.push(
                    plus_scaled(s.position_kpc, plane.centre_kpc, 1.0),
                    plus_scaled(s.velocity_kms, plane.velocity_kms, 1.0),
                    s.mass_msun,
                );
                dark_galaxy.push(index);
            }
            galaxies.push(Galaxy {
                plane,
                zone: OneZone::new(0.0, early_composition(galaxy.inflow_feh), galaxy.wind_loading)?,
                alive: true,
                gas_radius_kpc: 0.0,
                arrived_msun: 0.0,
                central_msun: 0.0,
                largest_central_msun: 0.0,
            });
        }
        let galaxies: [Galaxy; 2] = galaxies.try_into().map_err(|_| Error::internal("two galaxies were built"))?;
        let mut run = Merger {
            settings,
            dark,
            dark_galaxy,
            baryons: Particles::default(),
            tags: Vec::new(),
            births: Vec::new(),
            galaxies,
            history: Vec::new(),
            merged_gyr: None,
            time_gyr: 0.0,
            steps: 0,
            interactions: 0,
            stars_msun: [0.0; 2],
            close_since_gyr: None,
            start_energy: 0.0,
            known_energy: 0.0,
            energy_error: 0.0,
            tick: 0,
            trees: None,
        };
        run.place_first_gas()?;
        run.forces()?;
        run.choose_steps(0);
        run.start_energy = run.energy();
        Ok(run)
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the present is reached.
    pub fn finished(&self) -> bool {
        self.time_gyr >= self.settings.duration_gyr - 0.5 * self.settings.step_gyr
    }

    /// Calls of [`Merger::advance`] in the whole run.
    pub fn advances_total(&self) -> u64 {
        (self.settings.duration_gyr / self.settings.step_gyr).round() as u64
    }

    /// Upper bound of the number of gas particles that ever arrive; ids of other kinds start there.
    pub fn most_gas(&self) -> u32 {
        let bound = |s: &GalaxySettings| (s.gas_msun + s.supply.iter().map(|e| e.mass_msun).sum::<f64>()) / s.particle_msun;
        (bound(&self.settings.host).ceil() + bound(&self.settings.satellite).ceil()) as u32 + 2
    }

    /// Gas that has not arrived yet \[Msun\].
    pub fn reservoir_msun(&self) -> f64 {
        [&self.settings.host, &self.settings.satellite]
            .iter()
            .zip(&self.galaxies)
            .map(|(s, g)| s.gas_msun + s.supply.iter().map(|e| e.mass_msun).sum::<f64>() - g.arrived_msun)
            .sum()
    }

    /// Total energy [Msun (km/s)^2], with the potentials of the last force evaluation.
    pub fn energy(&self) -> f64 {
        self.dark.energy() + self.baryons.energy()
    }

    /// Largest relative error of the energy over the history.
    pub fn energy_drift(&self) -> f64 {
        self.history.iter().map(|m| m.energy_error.abs()).fold(0.0, f64::max)
    }

    /// Moves everything on by `Settings::step_gyr`, then lets gas cool, arrive and form stars.
    pub fn advance(&mut self) -> Result<()> {
        self.integrate()?;
        let step = self.settings.step_gyr;
        self.time_gyr += step;
        self.record();
        self.follow_galaxies();
        self.cool();
        let formed = self.form_stars()?;
        let arrived = self.supply()?;
        for galaxy in 0..2 {
            self.galaxies[galaxy].zone.advance(step, formed[galaxy], arrived[galaxy]);
        }
        Ok(())
    }

    fn galaxy_settings(&self, galaxy: usize) -> &GalaxySettings {
        if galaxy == HOST { &self.settings.host } else { &self.settings.satellite }
    }

    /// The first gas discs, on circular orbits in the field of both haloes and of themselves.
    fn place_first_gas(&mut self) -> Result<()> {
        for galaxy in 0..2 {
            let own = self.galaxy_settings(galaxy).clone();
            let count = (own.gas_msun / own.particle_msun).round() as u64;
            let height = own.first_height_kpc(self.settings.turbulence_kms.0);
            for number in 0..count {
                let mut random = Stream::new(self.settings.seed, PURPOSE_DISC + galaxy as u64, number);
                let plane = self.galaxies[galaxy].plane;
                let position = plane.point(own.scale_kpc.0, height, &mut random);
                self.push_gas(galaxy, position, plane.velocity_kms);
            }
        }
        self.forces()?;
        for galaxy in 0..2 {
            self.measure_acceleration(galaxy);
        }
        for place in 0..self.baryons.len() {
            let mut random = Stream::new(self.settings.seed, PURPOSE_DISC + 2, place as u64);
            let galaxy = self.tags[place].galaxy;
            let (position, pull) = (self.baryons.position[place], self.baryons.acceleration[place]);
            let scale = self.galaxy_settings(galaxy).scale_kpc.0;
            let turbulence = self.settings.turbulence_kms.0;
            self.baryons.velocity[place] = self.galaxies[galaxy].plane.orbital_velocity(position, pull, scale, turbulence, &mut random);
        }
        let placed = [HOST, SATELLITE].map(|g| self.galaxies[g].arrived_msun);
        for (galaxy, mass) in placed.into_iter().enumerate() {
            self.galaxies[galaxy].zone.advance(0.0, 0.0, mass);
        }
        Ok(())
    }

    fn push_gas(&mut self, galaxy: usize, position: [f64; 3], velocity: [f64; 3]) {
        let mass = self.galaxy_settings(galaxy).particle_msun;
        self.baryons.push(position, velocity, mass);
        self.tags.push(Tag { gas_id: self.tags.len() as u32, galaxy, origin: galaxy, star: None });
        self.galaxies[galaxy].arrived_msun += mass;
    }

    fn record(&mut self) {
        // In between, the potentials of dark particles with long steps are of the past.
        if self.tick.is_multiple_of(LONGEST_TICKS) {
            self.energy_error = (self.energy() - self.start_energy - self.known_energy) / self.start_energy.abs();
        }
        let separation_kpc = if self.galaxies[SATELLITE].alive { self.separation_kpc() } else { 0.0 };
        self.history.push(Moment {
            time_gyr: self.time_gyr,
            separation_kpc,
            stars_msun: self.stars_msun,
            gas_msun: [0, 1].map(|g| self.galaxies[g].zone.gas_msun()),
            composition: [0, 1].map(|g| self.galaxies[g].zone.composition()),
            energy_error: self.energy_error,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nbody::disc::dot;

    /// The host alone, without star formation and supply: the satellite is a speck far away.
    fn isolated() -> Settings {
        let mut settings = Settings::scaled(11, 0.5, 0.01);
        settings.duration_gyr = 2.0;
        settings.step_gyr = 0.01;
        settings.depletion_gyr = 1e9;
        settings.host.supply.clear();
        settings.host.gas_msun = 8e9;
        settings.host.scale_kpc = (3.0, 3.0);
        settings.satellite.supply.clear();
        settings.satellite.gas_msun = 1e7;
        settings.satellite.halo.mass_msun = 1e7;
        settings.satellite.dark_count = 16;
        settings.separation_kpc = [500.0, 0.0, 0.0];
        settings.approach_kms = [0.0; 3];
        settings
    }

    #[test]
    fn an_isolated_disc_stays_a_disc_for_two_gyr() {
        let mut run = Merger::new(isolated()).unwrap();
        let half_radius = |run: &Merger| {
            let plane = run.galaxies[HOST].plane;
            let mut all: Vec<(f64, f64)> = (0..run.baryons.len())
                .filter(|&i| run.tags[i].galaxy == HOST)
                .map(|i| plane.cylindrical(run.baryons.position[i], run.baryons.velocity[i]))
                .map(|c| (c.radius_kpc, c.height_kpc.abs()))
                .collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            let radius = all[all.len() / 2].0;
            all.sort_by(|a, b| a.1.total_cmp(&b.1));
            (radius, all[all.len() / 2].1)
        };
        let before = half_radius(&run);
        let spin = dot(run.baryons.angular_momentum(), run.galaxies[HOST].plane.normal);
        while !run.finished() {
            run.advance().unwrap();
        }
        let after = half_radius(&run);
        let spun = dot(run.baryons.angular_momentum(), run.galaxies[HOST].plane.normal);
        println!(
            "half-mass radius {:.2} -> {:.2} kpc, median height {:.2} -> {:.2}, spin x {:.3}, energy {:.1e}",
            before.0,
            after.0,
            before.1,
            after.1,
            spun / spin,
            run.energy_drift()
        );
        assert!((after.0 / before.0 - 1.0).abs() < 0.15);
        assert!(after.1 < 0.5, "{}", after.1);
        assert!((spun / spin - 1.0).abs() < 0.1);
        assert!(run.energy_drift() < 5e-3);
        assert!(run.births.is_empty());
    }

    #[test]
    fn cooling_keeps_the_spin_and_books_the_energy() {
        let mut run = Merger::new(isolated()).unwrap();
        // A few stragglers against the rotation.
        for v in run.baryons.velocity.iter_mut().step_by(17) {
            *v = v.map(|c| -c);
        }
        let plane = run.galaxies[HOST].plane;
        let spin = |run: &Merger| -> f64 {
            let at = (0..run.baryons.len()).filter(|&i| run.tags[i].galaxy == HOST);
            let at = at.map(|i| (i, plane.cylindrical(run.baryons.position[i], run.baryons.velocity[i])));
            at.map(|(i, c)| run.baryons.mass[i] * c.radius_kpc * c.v_phi_kms).sum()
        };
        let (before, energy, known) = (spin(&run), run.energy(), run.known_energy);
        run.cool();
        println!("spin changed by {:.1e}", spin(&run) / before - 1.0);
        assert!((spin(&run) / before - 1.0).abs() < 1e-12);
        let booked = run.known_energy - known;
        assert!(booked < 0.0 && ((run.energy() - energy) / booked - 1.0).abs() < 1e-6, "{booked:e}");
    }

    #[test]
    fn mass_is_in_gas_stars_and_reservoir() {
        let mut run = Merger::new(Settings::scaled(3, 0.02, 0.06)).unwrap();
        let provided: f64 = {
            let s = run.settings();
            [&s.host, &s.satellite].iter().map(|g| g.gas_msun + g.supply.iter().map(|e| e.mass_msun).sum::<f64>()).sum()
        };
        while run.time_gyr < 4.0 {
            run.advance().unwrap();
        }
        let inside: f64 = run.baryons.mass.iter().sum();
        assert!(((inside + run.reservoir_msun()) / provided - 1.0).abs() < 1e-12);
        let zones: f64 = run.galaxies.iter().map(|g| g.zone.gas_msun()).sum();
        let gas: f64 = run.baryons.mass.iter().zip(&run.tags).filter(|(_, t)| t.star.is_none()).map(|(m, _)| m).sum();
        assert!((zones / gas - 1.0).abs() < 1e-9, "zones {zones:e}, particles {gas:e}");
        assert!(!run.births.is_empty() && run.births.iter().all(|b| b.time_gyr <= run.time_gyr));
    }

    #[test]
    fn nonsense_is_refused() {
        let mut settings = Settings::scaled(3, 0.02, 0.06);
        settings.step_gyr = f64::NAN;
        assert!(Merger::new(settings).is_err());
    }
}
