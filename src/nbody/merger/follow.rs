//! Where the two galaxies are: centres, planes, captured gas, and the end of the satellite.
//!
//! Formula    centre: mean of the members within 4 kpc of the predicted centre, then within 2 kpc; plane: angular momentum of the gas
//! Units      kpc, km/s, Msun, Gyr
//! Source     own recipe
//! Edge cases too few members near the centre: it is looked for farther out, else it keeps its predicted path
//! See also   `nbody::merger`

use super::super::disc::{cross, dot, minus, plus_scaled, unit};
use super::{HOST, Merger, SATELLITE};

/// Members within this distance of the predicted centre define the new one; then half of it [kpc].
const CENTRE_RADIUS_KPC: f64 = 4.0;

/// Fewer members than this do not move the centre.
const CENTRE_MEMBERS: usize = 8;

/// Where a galaxy with too few members near its predicted centre is looked for [kpc].
const LOST_RADIUS_KPC: f64 = 15.0;

/// Gas within this distance of the centre gives the plane [kpc].
const PLANE_RADIUS_KPC: f64 = 10.0;

/// The plane follows the gas with this delay [Gyr].
const PLANE_MEMORY_GYR: f64 = 0.15;

/// Satellite gas farther than this from its own centre and closer than `CAPTURED_KPC` to the host's joins the host [kpc].
const STRIPPED_KPC: f64 = 9.0;

/// See `STRIPPED_KPC`.
const CAPTURED_KPC: f64 = 25.0;

/// The galaxies have merged when their centres stay this close [kpc] ...
const MERGED_KPC: f64 = 3.0;

/// ... for this long [Gyr].
const MERGED_GYR: f64 = 0.2;

/// A satellite (of more than four times `CENTRE_MEMBERS` there) whose centre holds less than this share of its largest mass there is disrupted.
const DISRUPTED_SHARE: f64 = 0.2;

impl Merger {
    /// Mass-weighted mean acceleration of the members near the centre.
    pub(super) fn measure_acceleration(&mut self, galaxy: usize) {
        let centre = self.galaxies[galaxy].plane.centre_kpc;
        let (mut sum, mut mass) = ([0.0; 3], 0.0);
        for ((x, a), (m, tag)) in self.baryons.position.iter().zip(&self.baryons.acceleration).zip(self.baryons.mass.iter().zip(&self.tags))
        {
            let d = minus(*x, centre);
            if tag.galaxy == galaxy && dot(d, d) < CENTRE_RADIUS_KPC * CENTRE_RADIUS_KPC {
                sum = plus_scaled(sum, *a, *m);
                mass += m;
            }
        }
        if mass > 0.0 {
            self.galaxies[galaxy].plane.acceleration = sum.map(|s| s / mass);
        }
    }

    /// Finds both centres and planes again, and decides whether the satellite still is a galaxy.
    pub(super) fn follow_galaxies(&mut self) {
        let mut lost = false;
        for galaxy in 0..2 {
            if !self.galaxies[galaxy].alive {
                continue;
            }
            if !self.measure_centre(galaxy, CENTRE_RADIUS_KPC) {
                lost |= !self.measure_centre(galaxy, LOST_RADIUS_KPC) && galaxy == SATELLITE;
                self.measure_centre(galaxy, CENTRE_RADIUS_KPC);
            }
            self.measure_centre(galaxy, 0.5 * CENTRE_RADIUS_KPC);
            self.measure_acceleration(galaxy);
            self.measure_plane(galaxy);
        }
        if self.galaxies[SATELLITE].alive {
            let separation = self.separation_kpc();
            let satellite = &self.galaxies[SATELLITE];
            let well_sampled = satellite.largest_central_msun > 4.0 * CENTRE_MEMBERS as f64 * self.settings.satellite.particle_msun;
            let disrupted = well_sampled && satellite.central_msun < DISRUPTED_SHARE * satellite.largest_central_msun;
            self.close_since_gyr = if separation < MERGED_KPC { self.close_since_gyr.or(Some(self.time_gyr)) } else { None };
            let settled = self.close_since_gyr.is_some_and(|since| self.time_gyr - since >= MERGED_GYR);
            if disrupted || settled || lost {
                self.galaxies[SATELLITE].alive = false;
                self.merged_gyr = Some(self.time_gyr);
            }
        }
        if !self.galaxies[SATELLITE].alive {
            self.galaxies[SATELLITE].plane = self.galaxies[HOST].plane;
        }
        self.capture_gas();
    }

    pub(super) fn separation_kpc(&self) -> f64 {
        let d = minus(self.galaxies[SATELLITE].plane.centre_kpc, self.galaxies[HOST].plane.centre_kpc);
        dot(d, d).sqrt()
    }

    /// Moves the centre to the mean of the members within `radius`; false if they are too few.
    fn measure_centre(&mut self, galaxy: usize, radius: f64) -> bool {
        let centre = self.galaxies[galaxy].plane.centre_kpc;
        let (mut place, mut motion, mut mass, mut count) = ([0.0; 3], [0.0; 3], 0.0, 0);
        for ((x, v), (m, tag)) in self.baryons.position.iter().zip(&self.baryons.velocity).zip(self.baryons.mass.iter().zip(&self.tags)) {
            let d = minus(*x, centre);
            if tag.galaxy == galaxy && dot(d, d) < radius * radius {
                place = plus_scaled(place, d, *m);
                motion = plus_scaled(motion, *v, *m);
                mass += m;
                count += 1;
            }
        }
        let own = &mut self.galaxies[galaxy];
        if radius < CENTRE_RADIUS_KPC {
            own.central_msun = mass;
            own.largest_central_msun = own.largest_central_msun.max(mass);
        }
        let enough = count >= CENTRE_MEMBERS;
        if enough {
            own.plane.centre_kpc = plus_scaled(centre, place, 1.0 / mass);
            own.plane.velocity_kms = motion.map(|s| s / mass);
        }
        enough
    }

    fn measure_plane(&mut self, galaxy: usize) {
        let plane = self.galaxies[galaxy].plane;
        let (mut spin, mut radius, mut mass) = ([0.0; 3], 0.0, 0.0);
        for (place, tag) in self.tags.iter().enumerate() {
            if tag.star.is_some() || tag.galaxy != galaxy {
                continue;
            }
            let (d, w) = (minus(self.baryons.position[place], plane.centre_kpc), minus(self.baryons.velocity[place], plane.velocity_kms));
            let distance = dot(d, d).sqrt();
            if distance < PLANE_RADIUS_KPC {
                spin = plus_scaled(spin, cross(d, w), self.baryons.mass[place]);
            }
            if distance < self.galaxy_settings(galaxy).disc_radius_kpc {
                radius += distance * self.baryons.mass[place];
                mass += self.baryons.mass[place];
            }
        }
        let follow = 1.0 - (-self.settings.step_gyr / PLANE_MEMORY_GYR).exp();
        let own = &mut self.galaxies[galaxy];
        if dot(spin, spin) > 0.0 {
            own.plane.normal = unit(plus_scaled(own.plane.normal, minus(unit(spin), own.plane.normal), follow));
        }
        if mass > 0.0 {
            own.gas_radius_kpc = radius / mass;
        }
    }

    /// Hands stripped or orphaned satellite gas to the host.
    fn capture_gas(&mut self) {
        let [host, satellite] = &self.galaxies;
        let (near, own, alive) = (host.plane.centre_kpc, satellite.plane.centre_kpc, satellite.alive);
        let mut captured = 0.0;
        for (place, tag) in self.tags.iter_mut().enumerate() {
            if tag.galaxy == SATELLITE && tag.star.is_none() {
                let (to_host, to_own) = (minus(self.baryons.position[place], near), minus(self.baryons.position[place], own));
                let stripped = dot(to_own, to_own) > STRIPPED_KPC * STRIPPED_KPC && dot(to_host, to_host) < CAPTURED_KPC * CAPTURED_KPC;
                if !alive || stripped {
                    tag.galaxy = HOST;
                    captured += self.baryons.mass[place];
                }
            }
        }
        let [host, satellite] = &mut self.galaxies;
        host.zone.absorb(&mut satellite.zone, captured);
    }
}
