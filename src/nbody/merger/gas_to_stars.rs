//! What gas does between steps: it cools, arrives, is enriched and forms stars.
//!
//! Formula    a gas particle becomes a star with probability 1 - exp(-dt/tau), tau = tau_1 (Sigma / (Msun/pc^2))^-0.4
//! Units      kpc, km/s, Msun, Gyr
//! Source     Kennicutt 1998, ApJ 498, 541 (Sigma_SFR ~ Sigma^1.4); damping and supply are our own recipe
//! Edge cases gas outside the map or the disc forms no stars; a dead satellite is not fed
//! See also   `nbody::disc`, `chemistry::one_zone`

use super::super::disc::{Cylindrical, Damping, Rotation, SurfaceMap, dot, minus, share_rotation};
use super::super::gravity::gravity;
use super::super::tree::Tree;
use super::{Birth, HOST, Merger, PURPOSE_DAMPING, PURPOSE_METALS, PURPOSE_STARS, PURPOSE_SUPPLY, SATELLITE, SUPPLY_HEIGHT_KPC};
use crate::chemistry::one_zone::ELEMENT_COUNT;
use crate::constants::GYR_PER_TIME_UNIT;
use crate::error::Result;
use crate::numeric::random::Stream;

/// A star's id is this far from its gas id in the key of its abundance scatter.
const STAR_KEY: u64 = 1 << 40;

/// Gas particles in a ring that shares its rotation.
const RING_PARTICLES: usize = 16;

/// Height within which gas belongs to a disc [kpc].
const DISC_HEIGHT_KPC: f64 = 4.0;

/// Slope of the depletion time with surface density (Kennicutt 1998: Sigma_SFR ~ Sigma^1.4).
const DEPLETION_SLOPE: f64 = -0.4;

/// Square parsecs per square kiloparsec.
const PC2_PER_KPC2: f64 = 1e6;

/// The metallicity gradient ends here [kpc].
const GRADIENT_END_KPC: f64 = 15.0;

impl Merger {
    /// Damps the random motion of disc gas; the angular momentum of each disc stays.
    pub(super) fn cool(&mut self) {
        let step = self.settings.step_gyr / GYR_PER_TIME_UNIT;
        let (start, decline, end) = self.settings.turbulence_kms;
        let turbulence = end + (start - end) * (-self.time_gyr / decline).exp();
        for galaxy in 0..2 {
            let damping = Damping {
                time_internal: self.settings.damping_gyr / GYR_PER_TIME_UNIT,
                turbulence_kms: turbulence,
                radius_kpc: self.galaxy_settings(galaxy).disc_radius_kpc,
                height_kpc: DISC_HEIGHT_KPC,
            };
            let plane = self.galaxies[galaxy].plane;
            let gas = self.tags.iter().enumerate().filter(|(_, tag)| tag.galaxy == galaxy && tag.star.is_none());
            let mut disc: Vec<(usize, Cylindrical)> = gas
                .map(|(place, _)| (place, plane.cylindrical(self.baryons.position[place], self.baryons.velocity[place])))
                .filter(|(_, at)| damping.reaches(at))
                .collect();
            disc.sort_by(|(_, a), (_, b)| a.radius_kpc.total_cmp(&b.radius_kpc));
            let rings = (disc.len() / RING_PARTICLES).max(1);
            let held = disc.len().div_ceil(rings).max(1);
            for ring in disc.chunks_mut(held) {
                let mut rotation: Vec<Rotation> = ring
                    .iter()
                    .map(|(place, at)| Rotation {
                        mass_msun: self.baryons.mass[*place],
                        radius_kpc: at.radius_kpc,
                        v_phi_kms: at.v_phi_kms,
                        circular_kms: plane.circular_speed_kms(at, self.baryons.acceleration[*place]),
                    })
                    .collect();
                share_rotation(&mut rotation, damping.kept(step));
                for ((place, at), shared) in ring.iter_mut().zip(&rotation) {
                    let mut random = Stream::new(self.settings.seed, PURPOSE_DAMPING + self.steps, u64::from(self.tags[*place].gas_id));
                    at.v_phi_kms = shared.v_phi_kms;
                    damping.settle(at, step, &mut random);
                    let (before, after) = (self.baryons.velocity[*place], plane.velocity(at));
                    self.known_energy += 0.5 * self.baryons.mass[*place] * (dot(after, after) - dot(before, before));
                    self.baryons.velocity[*place] = after;
                }
            }
        }
    }

    /// Turns gas into stars; returns the mass per galaxy.
    pub(super) fn form_stars(&mut self) -> Result<[f64; 2]> {
        let mut formed = [0.0; 2];
        for galaxy in 0..2 {
            let plane = self.galaxies[galaxy].plane;
            let (first, second) = plane.axes();
            let edge = self.galaxy_settings(galaxy).disc_radius_kpc;
            let mut map = SurfaceMap::new(edge, self.settings.map_cell_kpc);
            let members: Vec<(usize, f64, f64)> = self
                .tags
                .iter()
                .enumerate()
                .filter(|(_, tag)| tag.galaxy == galaxy && tag.star.is_none())
                .map(|(place, _)| (place, minus(self.baryons.position[place], plane.centre_kpc)))
                .filter(|(_, d)| dot(*d, plane.normal).abs() < DISC_HEIGHT_KPC)
                .map(|(place, d)| (place, dot(d, first), dot(d, second)))
                .collect();
            for &(place, along, across) in &members {
                map.add(along, across, self.baryons.mass[place]);
            }
            for &(place, along, across) in &members {
                let density = map.density(along, across);
                if density <= 0.0 {
                    continue;
                }
                let depletion = self.settings.depletion_gyr * (density / PC2_PER_KPC2).powf(DEPLETION_SLOPE);
                let probability = 1.0 - (-self.settings.step_gyr / depletion).exp();
                let mut random = Stream::new(self.settings.seed, PURPOSE_STARS + self.steps, u64::from(self.tags[place].gas_id));
                if random.uniform() < probability {
                    self.make_star(place, density);
                    formed[galaxy] += self.baryons.mass[place];
                }
            }
            self.stars_msun[galaxy] += formed[galaxy];
        }
        Ok(formed)
    }

    fn make_star(&mut self, place: usize, gas_density: f64) {
        let fractions = self.gas_fractions(place, STAR_KEY);
        self.tags[place].star = Some(self.births.len() as u32);
        self.births.push(Birth {
            place: place as u32,
            time_gyr: self.time_gyr,
            position_kpc: self.baryons.position[place],
            velocity_kms: self.baryons.velocity[place],
            fractions,
            gas_density,
            planes: [self.galaxies[HOST].plane, self.galaxies[SATELLITE].plane],
        });
    }

    /// Mass fractions of a gas particle: its zone, the radial gradient, and scatter that is its own.
    fn gas_fractions(&self, place: usize, key: u64) -> [f64; ELEMENT_COUNT] {
        let tag = &self.tags[place];
        let galaxy = &self.galaxies[tag.galaxy];
        let mut random = Stream::new(self.settings.seed, PURPOSE_METALS, key + u64::from(tag.gas_id));
        let d = minus(self.baryons.position[place], galaxy.plane.centre_kpc);
        let radius = dot(d, d).sqrt().min(GRADIENT_END_KPC);
        let slope = self.galaxy_settings(tag.galaxy).gradient_dex_kpc;
        let common = slope * (radius - galaxy.gas_radius_kpc) + self.settings.metal_scatter_dex * random.normal();
        galaxy.zone.composition().map(|f| f * 10f64.powf(common + self.settings.ratio_scatter_dex * random.normal()))
    }

    /// Mass fractions now: of the gas around it, or those a star was born with.
    pub fn fractions(&self, place: usize) -> [f64; ELEMENT_COUNT] {
        match self.tags[place].star.and_then(|star| self.births.get(star as usize)) {
            Some(birth) => birth.fractions,
            None => self.gas_fractions(place, 0),
        }
    }

    /// Lets the gas arrive that is due; returns its mass per galaxy.
    pub(super) fn supply(&mut self) -> Result<[f64; 2]> {
        let mut arrived = [0.0; 2];
        let first = self.baryons.len();
        let progress = self.time_gyr / self.settings.duration_gyr;
        for galaxy in 0..2 {
            if !self.galaxies[galaxy].alive {
                continue;
            }
            let own = self.galaxy_settings(galaxy).clone();
            let due = own.gas_msun + own.supply.iter().map(|e| e.arrived_msun(self.time_gyr)).sum::<f64>();
            let scale = own.scale_now_kpc(progress);
            let plane = self.galaxies[galaxy].plane;
            while self.galaxies[galaxy].arrived_msun + 0.5 * own.particle_msun < due {
                let mut random = Stream::new(self.settings.seed, PURPOSE_SUPPLY, self.baryons.len() as u64);
                let position = plane.point(scale, SUPPLY_HEIGHT_KPC, &mut random);
                self.push_gas(galaxy, position, plane.velocity_kms);
                arrived[galaxy] += own.particle_msun;
            }
        }
        if let (Some([dark, baryons]), true) = (&self.trees, self.baryons.len() > first) {
            let arrivals = Tree::build(&self.baryons.position[first..], &self.baryons.mass[first..], self.settings.baryon_softening_kpc)?;
            let field = gravity(&[dark, baryons], &arrivals, self.settings.opening);
            let turbulence = self.settings.turbulence_kms.2;
            for (number, (pull, potential)) in field.acceleration.iter().zip(&field.potential).enumerate() {
                let place = first + number;
                let mut random = Stream::new(self.settings.seed, PURPOSE_SUPPLY + 1, place as u64);
                let plane = &self.galaxies[self.tags[place].galaxy].plane;
                let scale = self.galaxy_settings(self.tags[place].galaxy).scale_now_kpc(progress);
                let velocity = plane.orbital_velocity(self.baryons.position[place], *pull, scale, turbulence, &mut random);
                self.baryons.velocity[place] = velocity;
                self.baryons.acceleration[place] = *pull;
                self.baryons.potential[place] = *potential;
                self.known_energy += self.baryons.mass[place] * (0.5 * dot(velocity, velocity) + potential);
            }
        }
        self.choose_steps(first);
        Ok(arrived)
    }
}
