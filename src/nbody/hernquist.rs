//! Equilibrium dark haloes: Hernquist spheres sampled from their isotropic distribution function.
//!
//! Formula    rho = M a / (2 pi r (r + a)^3);  M(<r) = M r^2/(r + a)^2;  phi = -G M/(r + a)
//!            f ~ [3 asin q + q sqrt(1-q^2) (1-2q^2)(8q^4-8q^2-3)] / (1-q^2)^(5/2),  q^2 = -E a/(G M)
//! Units      kpc, km/s, Msun
//! Source     Hernquist 1990, ApJ 356, 359, eqs. 2, 3, 5, 17
//! Accuracy   sampled mass profile and virial ratio within sampling noise (tests)
//! Edge cases cut at `cut_kpc`: nothing beyond, the velocities inside are those of the full model
//! See also   `nbody::merger`

use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::random::Stream;

/// Points at which the speed distribution is scanned for its maximum.
const SPEED_SCAN: u32 = 48;

/// The scan may miss the true maximum by this factor.
const ENVELOPE: f64 = 1.05;

/// Tries per accepted speed before a bug is suspected (the acceptance is about one in three).
const MOST_TRIES: u32 = 100_000;

/// A Hernquist sphere.
#[derive(Clone, Copy, Debug)]
pub struct Hernquist {
    /// Total mass \[Msun\].
    pub mass_msun: f64,
    /// Scale length a \[kpc\].
    pub scale_kpc: f64,
    /// Nothing is sampled beyond \[kpc\].
    pub cut_kpc: f64,
}

/// One sampled particle.
#[derive(Clone, Copy, Debug)]
pub struct Sampled {
    /// Position about the centre \[kpc\].
    pub position_kpc: [f64; 3],
    /// Velocity [km/s].
    pub velocity_kms: [f64; 3],
    /// Mass \[Msun\]; the sum over the sample is the mass inside the cut.
    pub mass_msun: f64,
}

impl Hernquist {
    /// Mass inside `radius_kpc` \[Msun\].
    pub fn mass_inside_msun(&self, radius_kpc: f64) -> f64 {
        self.mass_msun * (radius_kpc / (radius_kpc + self.scale_kpc)).powi(2)
    }

    /// Potential [(km/s)^2].
    pub fn potential_kms2(&self, radius_kpc: f64) -> f64 {
        -GRAVITY_KPC_KMS2_MSUN * self.mass_msun / (radius_kpc + self.scale_kpc)
    }

    /// Distribution function at specific energy `energy` [(km/s)^2], without its constant factor; 0 for unbound.
    fn density_in_phase_space(&self, energy: f64) -> f64 {
        let q2 = -energy * self.scale_kpc / (GRAVITY_KPC_KMS2_MSUN * self.mass_msun);
        if q2 <= 0.0 {
            return 0.0;
        }
        let q2 = q2.min(1.0 - 1e-9);
        let (q, rest) = (q2.sqrt(), 1.0 - q2);
        (3.0 * q.asin() + q * rest.sqrt() * (1.0 - 2.0 * q2) * (8.0 * q2 * q2 - 8.0 * q2 - 3.0)) / (rest * rest * rest.sqrt())
    }

    /// Draws `count` particles (one more if odd: they come in mirrored pairs); the stream of each trial is keyed by (seed, `purpose`, trial).
    ///
    /// Particles whose orbits stay inside `fine_kpc` are light; the mass grows with the size of the orbit up to `heaviest`
    /// times as much, so that the region of the disc is well sampled and little disturbed by single halo particles.
    pub fn sample(&self, count: usize, fine_kpc: f64, heaviest: f64, seed: u64, purpose: u64) -> Result<Vec<Sampled>> {
        let valid = self.mass_msun > 0.0 && self.scale_kpc > 0.0 && self.cut_kpc > 0.0 && fine_kpc > 0.0 && heaviest >= 1.0;
        if !valid {
            return Err(Error::new(ErrorKind::Domain, "mass, lengths and mass ratio of a halo must be positive").found(format!("{self:?}")));
        }
        let gm = GRAVITY_KPC_KMS2_MSUN * self.mass_msun;
        let share = (self.cut_kpc / (self.cut_kpc + self.scale_kpc)).powi(2);
        let mut sample = Vec::with_capacity(count);
        let mut trial = 0;
        while sample.len() < count {
            let mut random = Stream::new(seed, purpose, trial);
            trial += 1;
            let root = ((1.0 - random.uniform()) * share).sqrt();
            let radius = self.scale_kpc * root / (1.0 - root);
            let speed = self.draw_speed(radius, &mut random)?;
            let energy = self.potential_kms2(radius) + 0.5 * speed * speed;
            // The radius where a particle of this energy would come to rest: its orbit is no larger.
            let reach = gm / -energy - self.scale_kpc;
            let weight = (reach / fine_kpc).clamp(1.0, heaviest);
            if random.uniform() * weight >= 1.0 {
                continue;
            }
            let (place, heading) = (random.direction(), random.direction());
            let (position_kpc, velocity_kms) = (place.map(|d| d * radius), heading.map(|d| d * speed));
            sample.push(Sampled { position_kpc, velocity_kms, mass_msun: weight });
            // Its mirror image keeps the centre of mass exactly on the cusp and at rest.
            sample.push(Sampled { position_kpc: position_kpc.map(|x| -x), velocity_kms: velocity_kms.map(|v| -v), mass_msun: weight });
        }
        let total: f64 = sample.iter().map(|s| s.mass_msun).sum();
        let unit = self.mass_inside_msun(self.cut_kpc) / total;
        for s in &mut sample {
            s.mass_msun *= unit;
        }
        Ok(sample)
    }

    /// A speed at `radius` by rejection from v^2 f(E).
    fn draw_speed(&self, radius: f64, random: &mut Stream) -> Result<f64> {
        let potential = self.potential_kms2(radius);
        let escape = (-2.0 * potential).sqrt();
        let likelihood = |v: f64| v * v * self.density_in_phase_space(potential + 0.5 * v * v);
        let top = (1..SPEED_SCAN).map(|i| likelihood(escape * f64::from(i) / f64::from(SPEED_SCAN))).fold(0.0, f64::max) * ENVELOPE;
        for _ in 0..MOST_TRIES {
            let speed = escape * random.uniform();
            if random.uniform() * top < likelihood(speed) {
                return Ok(speed);
            }
        }
        Err(Error::internal("no speed was accepted for a halo particle").at(format!("radius {radius} kpc")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampled_profile_and_virial_ratio_are_those_of_the_model() {
        let halo = Hernquist { mass_msun: 1e12, scale_kpc: 30.0, cut_kpc: 3000.0 };
        let sample = halo.sample(80_000, 20.0, 10.0, 7, 1).unwrap();
        let total: f64 = sample.iter().map(|s| s.mass_msun).sum();
        assert!((total / halo.mass_inside_msun(3000.0) - 1.0).abs() < 1e-10);
        for radius in [10.0, 30.0, 100.0] {
            let inside = sample.iter().filter(|s| s.position_kpc.iter().map(|x| x * x).sum::<f64>() < radius * radius);
            let (held, squares) = inside.fold((0.0, 0.0), |(m, m2), s| (m + s.mass_msun, m2 + s.mass_msun * s.mass_msun));
            let expected = halo.mass_inside_msun(radius);
            // Mirrored pairs share a radius: the variance is that of half as many particles of twice the mass.
            let noise = (2.0 * squares).sqrt() / held;
            println!("M(<{radius}) off by {:.4}, sampling noise {noise:.4}", held / expected - 1.0);
            assert!((held / expected - 1.0).abs() < 0.03, "M(<{radius}) {held:e} for {expected:e}");
            assert!((held / expected - 1.0).abs() < 4.0 * noise, "M(<{radius}) {held:e} for {expected:e}");
        }
        // 2 K = |W| = G M^2 / (6 a) in total: K = G M^2 / (12 a)
        let kinetic: f64 = sample.iter().map(|s| 0.5 * s.mass_msun * s.velocity_kms.iter().map(|v| v * v).sum::<f64>()).sum();
        let expected = GRAVITY_KPC_KMS2_MSUN * 1e24 / (12.0 * 30.0);
        println!("kinetic energy / virial value = {:.4}", kinetic / expected);
        assert!((kinetic / expected - 1.0).abs() < 0.03, "{}", kinetic / expected);
    }

    #[test]
    fn inner_particles_are_lighter() {
        let halo = Hernquist { mass_msun: 1e12, scale_kpc: 30.0, cut_kpc: 300.0 };
        let sample = halo.sample(4000, 20.0, 8.0, 7, 1).unwrap();
        let mean = |near: bool| {
            let chosen: Vec<f64> = sample
                .iter()
                .filter(|s| (s.position_kpc.iter().map(|x| x * x).sum::<f64>() < 100.0) == near)
                .map(|s| s.mass_msun)
                .collect();
            chosen.iter().sum::<f64>() / chosen.len() as f64
        };
        assert!(mean(true) < 0.4 * mean(false), "{:e} {:e}", mean(true), mean(false));
        assert!(halo.sample(1, 0.0, 1.0, 0, 0).is_err());
    }
}
