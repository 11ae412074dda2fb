//! Particles and the two moves of the leapfrog: kick (velocities) and drift (positions).
//!
//! Formula    kick-drift-kick: v += a h/2; x += v h; a(x); v += a h/2
//! Units      kpc, km/s, Msun; times in the internal unit kpc/(km/s)
//! Source     Verlet 1967; Springel 2005, MNRAS 364, 1105, sec. 4 for the use in N-body codes
//! Accuracy   second order, symplectic at a fixed step, reversible: see the tests
//! Edge cases no particles: nothing happens
//! See also   `nbody::gravity` for the forces; `nbody::merger` gives each particle its own step

use super::disc::{cross, dot, plus_scaled};

/// Particles of one kind.
#[derive(Clone, Debug, Default)]
pub struct Particles {
    /// Position \[kpc\].
    pub position: Vec<[f64; 3]>,
    /// Velocity [km/s].
    pub velocity: Vec<[f64; 3]>,
    /// Acceleration [(km/s)^2/kpc].
    pub acceleration: Vec<[f64; 3]>,
    /// Potential [(km/s)^2].
    pub potential: Vec<f64>,
    /// Mass \[Msun\].
    pub mass: Vec<f64>,
    /// Length of the present time step, in units of the shortest one.
    pub ticks: Vec<u64>,
    /// Shortest step that was wanted since the last review of the steps, in the same units.
    pub shortest: Vec<f64>,
}

impl Particles {
    /// Adds a particle without acceleration.
    pub fn push(&mut self, position_kpc: [f64; 3], velocity_kms: [f64; 3], mass_msun: f64) {
        self.position.push(position_kpc);
        self.velocity.push(velocity_kms);
        self.acceleration.push([0.0; 3]);
        self.potential.push(0.0);
        self.mass.push(mass_msun);
        self.ticks.push(1);
        self.shortest.push(f64::INFINITY);
    }

    /// Lets the accelerations act for `time_internal`.
    pub fn kick(&mut self, time_internal: f64) {
        for (v, a) in self.velocity.iter_mut().zip(&self.acceleration) {
            *v = plus_scaled(*v, *a, time_internal);
        }
    }

    /// Lets the particles move freely for `time_internal`.
    pub fn drift(&mut self, time_internal: f64) {
        for (x, v) in self.position.iter_mut().zip(&self.velocity) {
            *x = plus_scaled(*x, *v, time_internal);
        }
    }

    /// Kinetic energy and half the potential energy [Msun (km/s)^2]; the sum over all kinds is the total energy.
    pub fn energy(&self) -> f64 {
        let each = self.velocity.iter().zip(&self.potential).zip(&self.mass);
        each.map(|((v, phi), m)| 0.5 * m * (dot(*v, *v) + phi)).sum()
    }

    /// Angular momentum about the origin [Msun kpc km/s].
    pub fn angular_momentum(&self) -> [f64; 3] {
        let each = self.position.iter().zip(&self.velocity).zip(&self.mass);
        each.fold([0.0; 3], |sum, ((x, v), m)| plus_scaled(sum, cross(*x, *v), *m))
    }

    /// Number of particles.
    pub fn len(&self) -> usize {
        self.mass.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.mass.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::GRAVITY_KPC_KMS2_MSUN;
    use crate::nbody::gravity::gravity;
    use crate::nbody::softening::{direct_sum, pair_softening2};
    use crate::nbody::tree::Tree;
    use crate::numeric::random::Stream;

    fn evaluate(p: &mut Particles, softening: f64, opening: f64) {
        let tree = Tree::build(&p.position, &p.mass, softening).unwrap();
        let field = gravity(&[&tree], &tree, opening);
        (p.acceleration, p.potential) = (field.acceleration, field.potential);
    }

    fn step(p: &mut Particles, h: f64, evaluate: impl Fn(&mut Particles)) {
        p.kick(0.5 * h);
        p.drift(h);
        evaluate(p);
        p.kick(0.5 * h);
    }

    /// All pairs in f64: the error left is that of the leapfrog.
    fn evaluate_pairs(p: &mut Particles) {
        let field = direct_sum(&p.position, &p.position, &p.mass, pair_softening2(1e-4, 1e-4));
        (p.acceleration, p.potential) = field.into_iter().unzip();
    }

    /// Two masses of 1e10 Msun on a circle of radius 5 kpc each.
    fn binary() -> (Particles, f64) {
        let mut p = Particles::default();
        // Separation 10 kpc: v^2 = G m / (2 * 10) for each about the centre (softening 1e-4 kpc is negligible).
        let speed = (GRAVITY_KPC_KMS2_MSUN * 1e10 / 20.0).sqrt();
        p.push([5.0, 0.0, 0.0], [0.0, speed, 0.0], 1e10);
        p.push([-5.0, 0.0, 0.0], [0.0, -speed, 0.0], 1e10);
        evaluate_pairs(&mut p);
        (p, std::f64::consts::TAU * 5.0 / speed)
    }

    #[test]
    fn a_binary_returns_after_its_period_with_second_order() {
        let error = |steps: u32| {
            let (mut p, period) = binary();
            for _ in 0..steps {
                step(&mut p, period / f64::from(steps), evaluate_pairs);
            }
            ((p.position[0][0] - 5.0).powi(2) + p.position[0][1].powi(2)).sqrt()
        };
        let (coarse, fine) = (error(100), error(200));
        println!("position error after one period: {coarse:.2e} kpc with 100 steps, {fine:.2e} with 200");
        assert!(coarse < 0.05 && (coarse / fine - 4.0).abs() < 0.2, "{coarse} {fine}");
    }

    #[test]
    fn a_binary_keeps_energy_and_angular_momentum_and_runs_backwards() {
        let (mut p, period) = binary();
        let (start, energy, spin) = (p.clone(), p.energy(), p.angular_momentum()[2]);
        for _ in 0..2000 {
            step(&mut p, period / 100.0, evaluate_pairs);
        }
        println!("energy changed by {:.1e} in 20 periods", p.energy() / energy - 1.0);
        assert!((p.energy() / energy - 1.0).abs() < 1e-6, "{}", p.energy() / energy - 1.0);
        assert!((p.angular_momentum()[2] / spin - 1.0).abs() < 1e-5);
        for _ in 0..2000 {
            step(&mut p, -period / 100.0, evaluate_pairs);
        }
        assert!((0..3).all(|k| (p.position[0][k] - start.position[0][k]).abs() < 1e-2), "{:?}", p.position[0]);
    }

    /// Plummer sphere of mass 1e10 Msun and scale 2 kpc (Aarseth, Henon & Wielen 1974, A&A 37, 183).
    fn plummer_sphere(n: u64) -> Particles {
        let (mass, scale) = (1e10, 2.0);
        let mut p = Particles::default();
        for i in 0..n / 2 {
            let mut s = Stream::new(3, 0, i);
            let radius = scale / ((0.98 * s.uniform() + 0.01).powf(-2.0 / 3.0) - 1.0).sqrt();
            let escape = (2.0 * GRAVITY_KPC_KMS2_MSUN * mass / (radius * radius + scale * scale).sqrt()).sqrt();
            let q = loop {
                let q: f64 = s.uniform();
                if 0.1 * s.uniform() < q * q * (1.0 - q * q).powf(3.5) {
                    break q;
                }
            };
            let (x, v) = (s.direction().map(|d| d * radius), s.direction().map(|d| d * escape * q));
            p.push(x, v, mass / n as f64);
            p.push(x.map(|c| -c), v.map(|c| -c), mass / n as f64);
        }
        p
    }

    #[test]
    fn a_plummer_sphere_stays_in_equilibrium() {
        let mut p = plummer_sphere(4000);
        evaluate(&mut p, 0.1, 0.7);
        let radius = |p: &Particles| {
            let mut r: Vec<f64> = p.position.iter().map(|x| dot(*x, *x).sqrt()).collect();
            r.sort_by(f64::total_cmp);
            [r[r.len() / 10], r[r.len() / 2], r[r.len() * 9 / 10]]
        };
        let (energy, before) = (p.energy(), radius(&p));
        // Crossing time about 2 kpc / 60 km/s = 0.03 internal units: 30 crossing times.
        for _ in 0..500 {
            step(&mut p, 0.002, |p| evaluate(p, 0.1, 0.7));
        }
        let (drift, after) = (p.energy() / energy - 1.0, radius(&p));
        let net = p.velocity.iter().fold([0.0; 3], |s, v| plus_scaled(s, *v, 1.0 / 4000.0));
        println!("energy drift {drift:.1e}, radii of 10, 50, 90% {before:.3?} -> {after:.3?}, net velocity {net:.3?} km/s");
        assert!(drift.abs() < 3e-3, "{drift}");
        for (b, a) in before.iter().zip(&after) {
            assert!((a / b - 1.0).abs() < 0.08, "{before:?} {after:?}");
        }
        assert!(dot(net, net).sqrt() < 0.5);
    }
}
