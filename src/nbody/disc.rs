//! A gas disc of collisionless particles: its plane, how it stays cold, and how dense it is.
//!
//! Formula    v_R, v_z relax to N(0, sigma) with time constant tau at fixed angular momentum, so that orbits become circular;
//!            gas that hardly or counter-rotates (v_phi < v_c/5) is also dragged to v_c, as it would be by the gas it meets
//! Units      kpc, km/s, Msun
//! Source     own recipe; the damping stands for shocks and cooling, sigma for turbulence
//! Edge cases on the axis (R = 0) nothing is damped; outside `radius` and `height` the gas is free
//! See also   `nbody::merger`

use crate::numeric::random::Stream;

/// Gas slower than this share of the circular speed is dragged along.
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

    /// Circular velocity at `position_kpc` where gravity is `acceleration`, with an isotropic scatter.
    pub fn circular_velocity(&self, position_kpc: [f64; 3], acceleration: [f64; 3], scatter_kms: f64, random: &mut Stream) -> [f64; 3] {
        let at = self.cylindrical(position_kpc, self.velocity_kms);
        let speed = self.circular_speed_kms(&at, acceleration);
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
    /// New velocity of a gas particle after `step_internal`.
    pub fn velocity(
        &self,
        plane: &Plane,
        position: [f64; 3],
        velocity: [f64; 3],
        acceleration: [f64; 3],
        step_internal: f64,
        random: &mut Stream,
    ) -> [f64; 3] {
        let at = plane.cylindrical(position, velocity);
        if at.radius_kpc == 0.0 || at.radius_kpc > self.radius_kpc || at.height_kpc.abs() > self.height_kpc {
            return velocity;
        }
        let keep = (-step_internal / self.time_internal).exp();
        let kick = self.turbulence_kms * (1.0 - keep * keep).sqrt();
        let circular = plane.circular_speed_kms(&at, acceleration);
        let v_r = at.v_r_kms * keep + kick * random.normal();
        let v_z = at.v_z_kms * keep + kick * random.normal();
        let lagging = at.v_phi_kms < LAGGING_SHARE * circular;
        let v_phi = if lagging { circular + (at.v_phi_kms - circular) * keep } else { at.v_phi_kms };
        let flat = plus_scaled(plus_scaled(plane.velocity_kms, at.outward, v_r), at.forward, v_phi);
        plus_scaled(flat, plane.normal, v_z)
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
    fn circular_velocity_is_circular() {
        let plane = plane();
        let mut random = Stream::new(1, 2, 3);
        let point = plane.point(3.0, 0.0, &mut random);
        let d = minus(point, plane.centre_kpc);
        let radius = dot(d, d).sqrt();
        // A field with a circular speed of 200 km/s.
        let pull = d.map(|v| -v * 200.0 * 200.0 / (radius * radius));
        let velocity = plane.circular_velocity(point, pull, 0.0, &mut random);
        let at = plane.cylindrical(point, velocity);
        assert!(at.height_kpc.abs() < 1e-12 && at.v_r_kms.abs() < 1e-9 && at.v_z_kms.abs() < 1e-9);
        assert!((at.v_phi_kms - 200.0).abs() < 1e-9 && (at.radius_kpc - radius).abs() < 1e-12);
    }

    #[test]
    fn damping_keeps_the_angular_momentum_and_turns_stragglers() {
        let plane = plane();
        let damping = Damping { time_internal: 0.1, turbulence_kms: 0.0, radius_kpc: 20.0, height_kpc: 3.0 };
        let (axis, ahead) = plane.axes();
        let position = plus_scaled(plane.centre_kpc, axis, 8.0);
        let pull = axis.map(|v| -v * 5000.0);
        let moving = |along: f64| plus_scaled(plus_scaled(plane.velocity_kms, ahead, along), axis, 50.0);
        let mut random = Stream::new(1, 1, 1);
        let after = plane.cylindrical(position, damping.velocity(&plane, position, moving(180.0), pull, 0.1, &mut random));
        assert!((after.v_phi_kms - 180.0).abs() < 1e-9);
        assert!((after.v_r_kms - 50.0 * (-1.0f64).exp()).abs() < 1e-9);
        let after = plane.cylindrical(position, damping.velocity(&plane, position, moving(-180.0), pull, 0.1, &mut random));
        // v_c = sqrt(8 * 5000) = 200
        assert!((after.v_phi_kms - (200.0 - 380.0 * (-1.0f64).exp())).abs() < 1e-9);
        let far = plus_scaled(plane.centre_kpc, axis, 30.0);
        assert_eq!(damping.velocity(&plane, far, moving(10.0), pull, 0.1, &mut random), moving(10.0));
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
