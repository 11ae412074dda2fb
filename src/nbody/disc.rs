//! A gas disc of collisionless particles: its plane, how it stays cold, and how dense it is.
//!
//! Formula    v_R, v_z relax to N(0, sigma) with time constant tau at fixed angular momentum, so that orbits become circular;
//!            a ring with gas that hardly or counter-rotates (v_phi < v_c/5) also relaxes to its mean rotation
//!            <v_phi> = sum m R v_phi / sum m R, which keeps its angular momentum to the last bit but rounding
//! Units      kpc, km/s, Msun
//! Source     own recipe; the damping stands for shocks and cooling, sigma for turbulence
//! Edge cases on the axis (R = 0) nothing is damped; outside `radius` and `height` the gas is free
//! See also   `nbody::merger`

use crate::numeric::random::Stream;

/// Gas slower than this share of the circular speed is dragged along by its ring.
const LAGGING_SHARE: f64 = 0.2;

/// Position and motion of a disc galaxy.
#[derive(Clone, Copy, Debug)]
pub struct Plane {
    /// Centre \[kpc\].
    pub centre_kpc: [f64; 3],
    /// Velocity of the centre [km/s].
    pub velocity_kms: [f64; 3],
    /// Acceleration of the centre [(km/s)^2/kpc].
    pub acceleration: [f64; 3],
    /// Unit vector along the angular momentum.
    pub normal: [f64; 3],
}

/// A particle in the cylindrical coordinates of a plane.
#[derive(Clone, Copy, Debug)]
pub struct Cylindrical {
    /// Distance from the axis \[kpc\].
    pub radius_kpc: f64,
    /// Height over the plane \[kpc\].
    pub height_kpc: f64,
    /// Outward velocity [km/s].
    pub v_r_kms: f64,
    /// Rotation, positive with the disc [km/s].
    pub v_phi_kms: f64,
    /// Vertical velocity [km/s].
    pub v_z_kms: f64,
    /// Unit vector outwards.
    pub outward: [f64; 3],
    /// Unit vector along the rotation.
    pub forward: [f64; 3],
}

pub(crate) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(crate) fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn plus_scaled(a: [f64; 3], b: [f64; 3], factor: f64) -> [f64; 3] {
    [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]]
}

/// Unit vector along `a`, or z when `a` is 0.
pub(crate) fn unit(a: [f64; 3]) -> [f64; 3] {
    let length = dot(a, a).sqrt();
    if length > 0.0 { a.map(|v| v / length) } else { [0.0, 0.0, 1.0] }
}

impl Plane {
    /// Two unit vectors in the plane, the second a quarter turn ahead of the first.
    pub fn axes(&self) -> ([f64; 3], [f64; 3]) {
        let seed = if self.normal[1].abs() < 0.9 { [0.0, 1.0, 0.0] } else { [1.0, 0.0, 0.0] };
        let first = unit(cross(seed, self.normal));
        (first, cross(self.normal, first))
    }

    /// The particle seen from the disc.
    pub fn cylindrical(&self, position_kpc: [f64; 3], velocity_kms: [f64; 3]) -> Cylindrical {
        let (d, w) = (minus(position_kpc, self.centre_kpc), minus(velocity_kms, self.velocity_kms));
        let height = dot(d, self.normal);
        let flat = plus_scaled(d, self.normal, -height);
        let outward = if dot(flat, flat) > 0.0 { unit(flat) } else { self.axes().0 };
        let forward = cross(self.normal, outward);
        Cylindrical {
            radius_kpc: dot(flat, flat).sqrt(),
            height_kpc: height,
            v_r_kms: dot(w, outward),
            v_phi_kms: dot(w, forward),
            v_z_kms: dot(w, self.normal),
            outward,
            forward,
        }
    }

    /// The velocity that a particle has in space when it moves as `at` says in the disc.
    pub fn velocity(&self, at: &Cylindrical) -> [f64; 3] {
        let flat = plus_scaled(plus_scaled(self.velocity_kms, at.outward, at.v_r_kms), at.forward, at.v_phi_kms);
        plus_scaled(flat, self.normal, at.v_z_kms)
    }

    /// Circular speed at a particle with acceleration `acceleration` [km/s]; 0 where gravity points outwards.
    pub fn circular_speed_kms(&self, at: &Cylindrical, acceleration: [f64; 3]) -> f64 {
        (-at.radius_kpc * dot(minus(acceleration, self.acceleration), at.outward)).max(0.0).sqrt()
    }

    /// A point of an exponential disc: radius of scale `scale_kpc`, Gaussian height.
    pub fn point(&self, scale_kpc: f64, height_kpc: f64, random: &mut Stream) -> [f64; 3] {
        // R exp(-R/scale) is the distribution of the sum of two exponentials.
        let radius = scale_kpc * (random.exponential() + random.exponential());
        let angle = std::f64::consts::TAU * random.uniform();
        let (first, second) = self.axes();
        let in_plane = plus_scaled(plus_scaled(self.centre_kpc, first, radius * angle.cos()), second, radius * angle.sin());
        plus_scaled(in_plane, self.normal, height_kpc * random.normal())
    }

    /// A velocity at `position_kpc`, where gravity is `acceleration`, in an exponential disc of isotropic scatter: pressure carries
    /// some of the weight, v_phi^2 = v_c^2 - scatter^2 R / scale (Binney & Tremaine 2008, eq. 4.227 with sigma_phi = sigma_R constant).
    pub fn orbital_velocity(
        &self,
        position_kpc: [f64; 3],
        acceleration: [f64; 3],
        scale_kpc: f64,
        scatter_kms: f64,
        random: &mut Stream,
    ) -> [f64; 3] {
        let at = self.cylindrical(position_kpc, self.velocity_kms);
        let circular = self.circular_speed_kms(&at, acceleration);
        let speed = (circular * circular - scatter_kms * scatter_kms * at.radius_kpc / scale_kpc).max(0.0).sqrt();
        let orderly = plus_scaled(self.velocity_kms, at.forward, speed);
        [0, 1, 2].map(|axis| orderly[axis] + scatter_kms * random.normal())
    }
}

/// How a gas disc loses random motion.
#[derive(Clone, Copy, Debug)]
pub struct Damping {
    /// Time constant, in the internal time unit.
    pub time_internal: f64,
    /// Velocity dispersion that is kept [km/s].
    pub turbulence_kms: f64,
    /// Gas farther out than this is not part of the disc \[kpc\].
    pub radius_kpc: f64,
    /// Gas higher than this is not part of the disc \[kpc\].
    pub height_kpc: f64,
}

impl Damping {
    /// Whether gas there is part of the disc.
    pub fn reaches(&self, at: &Cylindrical) -> bool {
        at.radius_kpc > 0.0 && at.radius_kpc <= self.radius_kpc && at.height_kpc.abs() <= self.height_kpc
    }

    /// Share of the random motion that is left after `step_internal`.
    pub fn kept(&self, step_internal: f64) -> f64 {
        (-step_internal / self.time_internal).exp()
    }

    /// Takes random motion out of `at` for `step_internal`; the rotation stays.
    pub fn settle(&self, at: &mut Cylindrical, step_internal: f64, random: &mut Stream) {
        let keep = self.kept(step_internal);
        let kick = self.turbulence_kms * (1.0 - keep * keep).sqrt();
        at.v_r_kms = at.v_r_kms * keep + kick * random.normal();
        at.v_z_kms = at.v_z_kms * keep + kick * random.normal();
    }
}

/// Rotation of one member of a ring of gas.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// Mass \[Msun\].
    pub mass_msun: f64,
    /// Distance from the axis \[kpc\].
    pub radius_kpc: f64,
    /// Rotation [km/s].
    pub v_phi_kms: f64,
    /// Circular speed there [km/s].
    pub circular_kms: f64,
}

/// Lets a ring in which some gas lags relax to its mean rotation, of which each deviation keeps the share `keep`.
pub fn share_rotation(ring: &mut [Rotation], keep: f64) {
    if !ring.iter().any(|r| r.v_phi_kms < LAGGING_SHARE * r.circular_kms) {
        return;
    }
    let (spin, lever) = ring
        .iter()
        .fold((0.0, 0.0), |(spin, lever), r| (spin + r.mass_msun * r.radius_kpc * r.v_phi_kms, lever + r.mass_msun * r.radius_kpc));
    if lever > 0.0 {
        let mean = spin / lever;
        for r in ring {
            r.v_phi_kms = mean + (r.v_phi_kms - mean) * keep;
        }
    }
}

/// Mass per area seen along the normal of a disc, on a square grid.
#[derive(Clone, Debug)]
pub struct SurfaceMap {
    cell_kpc: f64,
    half_width: i64,
    mass: Vec<f64>,
}

impl SurfaceMap {
    /// An empty map that reaches `radius_kpc` from the centre.
    pub fn new(radius_kpc: f64, cell_kpc: f64) -> SurfaceMap {
        let half_width = (radius_kpc / cell_kpc).ceil() as i64;
        SurfaceMap { cell_kpc, half_width, mass: vec![0.0; (4 * half_width * half_width) as usize] }
    }

    /// Lower cell and weights of the four cells (cloud in cell).
    fn cells(&self, along: f64, across: f64) -> Option<[(usize, f64); 4]> {
        let (u, v) = (along / self.cell_kpc - 0.5, across / self.cell_kpc - 0.5);
        let (i, j) = (u.floor(), v.floor());
        let (fu, fv) = (u - i, v - j);
        let (i, j) = (i as i64 + self.half_width, j as i64 + self.half_width);
        let width = 2 * self.half_width;
        if i < 0 || j < 0 || i + 1 >= width || j + 1 >= width {
            return None;
        }
        let at = |i: i64, j: i64| (i * width + j) as usize;
        Some([
            (at(i, j), (1.0 - fu) * (1.0 - fv)),
            (at(i + 1, j), fu * (1.0 - fv)),
            (at(i, j + 1), (1.0 - fu) * fv),
            (at(i + 1, j + 1), fu * fv),
        ])
    }

    /// Adds a mass at in-plane coordinates; outside the map it is dropped.
    pub fn add(&mut self, along_kpc: f64, across_kpc: f64, mass_msun: f64) {
        for (cell, weight) in self.cells(along_kpc, across_kpc).into_iter().flatten() {
            self.mass[cell] += weight * mass_msun;
        }
    }

    /// Surface density [Msun/kpc^2]; 0 outside the map.
    pub fn density(&self, along_kpc: f64, across_kpc: f64) -> f64 {
        let sum: f64 = self.cells(along_kpc, across_kpc).into_iter().flatten().map(|(cell, weight)| weight * self.mass[cell]).sum();
        sum / (self.cell_kpc * self.cell_kpc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane() -> Plane {
        Plane { centre_kpc: [1.0, 2.0, 3.0], velocity_kms: [10.0, 0.0, 0.0], acceleration: [0.0; 3], normal: unit([0.3, -0.2, 0.9]) }
    }

    #[test]
    fn orbits_without_scatter_are_circular() {
        let plane = plane();
        let mut random = Stream::new(1, 2, 3);
        let point = plane.point(3.0, 0.0, &mut random);
        let d = minus(point, plane.centre_kpc);
        let radius = dot(d, d).sqrt();
        // A field with a circular speed of 200 km/s.
        let pull = d.map(|v| -v * 200.0 * 200.0 / (radius * radius));
        let velocity = plane.orbital_velocity(point, pull, 3.0, 0.0, &mut random);
        let at = plane.cylindrical(point, velocity);
        assert!(at.height_kpc.abs() < 1e-12 && at.v_r_kms.abs() < 1e-9 && at.v_z_kms.abs() < 1e-9);
        assert!((at.v_phi_kms - 200.0).abs() < 1e-9 && (at.radius_kpc - radius).abs() < 1e-12);
    }

    #[test]
    fn pressure_slows_the_rotation() {
        let plane = plane();
        let (axis, _) = plane.axes();
        let pull = axis.map(|v| -v * 5000.0);
        let position = plus_scaled(plane.centre_kpc, axis, 8.0);
        let mean = (0..20_000)
            .map(|i| plane.cylindrical(position, plane.orbital_velocity(position, pull, 4.0, 30.0, &mut Stream::new(1, 0, i))).v_phi_kms)
            .sum::<f64>()
            / 20_000.0;
        // v_c^2 = 8 * 5000, less 30^2 * 8 / 4: sqrt(38200) = 195.448; the mean of 20,000 has an error of 30/sqrt(20,000) = 0.21
        assert!((mean - 195.448).abs() < 4.0 * 0.21, "{mean}");
    }

    #[test]
    fn damping_keeps_the_rotation() {
        let plane = plane();
        let damping = Damping { time_internal: 0.1, turbulence_kms: 0.0, radius_kpc: 20.0, height_kpc: 3.0 };
        let (axis, ahead) = plane.axes();
        let position = plus_scaled(plane.centre_kpc, axis, 8.0);
        let velocity = plus_scaled(plus_scaled(plane.velocity_kms, ahead, 180.0), axis, 50.0);
        let mut at = plane.cylindrical(position, velocity);
        assert!(damping.reaches(&at));
        damping.settle(&mut at, 0.1, &mut Stream::new(1, 1, 1));
        let after = plane.cylindrical(position, plane.velocity(&at));
        assert!((after.v_phi_kms - 180.0).abs() < 1e-9);
        assert!((after.v_r_kms - 50.0 * (-1.0f64).exp()).abs() < 1e-9 && after.v_z_kms.abs() < 1e-9);
        assert!(!damping.reaches(&plane.cylindrical(plus_scaled(plane.centre_kpc, axis, 30.0), velocity)));
    }

    #[test]
    fn a_ring_turns_its_stragglers_and_keeps_its_angular_momentum() {
        let member = |radius_kpc: f64, v_phi_kms: f64| Rotation { mass_msun: 1e6 * radius_kpc, radius_kpc, v_phi_kms, circular_kms: 200.0 };
        let spin = |ring: &[Rotation]| ring.iter().map(|r| r.mass_msun * r.radius_kpc * r.v_phi_kms).sum::<f64>();
        let orderly = [member(4.0, 210.0), member(4.1, 180.0), member(4.3, 195.0)];
        let mut ring = orderly;
        share_rotation(&mut ring, 0.5);
        assert!(ring.iter().zip(&orderly).all(|(a, b)| a.v_phi_kms == b.v_phi_kms));
        let mut ring = [orderly[0], orderly[1], member(4.2, -180.0)];
        let before = spin(&ring);
        share_rotation(&mut ring, (-1.0f64).exp());
        assert!((spin(&ring) / before - 1.0).abs() < 1e-14);
        assert!(ring[2].v_phi_kms > -180.0 + 0.6 * 240.0 && ring[0].v_phi_kms < 210.0);
        share_rotation(&mut ring, 0.0);
        assert!(ring.iter().all(|r| (r.v_phi_kms - ring[0].v_phi_kms).abs() < 1e-9));
    }

    #[test]
    fn surface_map_holds_the_mass() {
        let mut map = SurfaceMap::new(10.0, 1.0);
        map.add(0.5, 0.5, 3e6);
        assert!((map.density(0.5, 0.5) - 3e6).abs() < 1e-6);
        map.add(2.2, -7.9, 1e6);
        assert!((map.mass.iter().sum::<f64>() - 4e6).abs() < 1e-6);
        map.add(11.0, 0.0, 1e6);
        assert!((map.mass.iter().sum::<f64>() - 4e6).abs() < 1e-6);
        assert_eq!(map.density(100.0, 0.0), 0.0);
    }
}
