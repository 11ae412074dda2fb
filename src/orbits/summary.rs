//! What an orbit is like: its extent, eccentricity, conserved numbers, circularity and guiding radius.
//!
//! Formula    e = (r_apo - r_peri)/(r_apo + r_peri); circularity L_z/j_c(E), j_c = R v_c where v_c^2/2 + Phi = E in the plane; guiding
//!            radius R v_c(R) = |L_z|; v_c^2 = R dPhi/dR
//! Units      kpc, km/s; (km/s)^2, kpc km/s
//! Source     Abadi et al. 2003, ApJ 597, 21 (circularity); Binney & Tremaine 2008, section 3.1
//! Accuracy   extrema by events on dense output, 1e-9 relative to the orbit; radii of circular orbits 1e-14
//! Edge cases unbound: extent, eccentricity and circularity NaN, status unbound; e below 1e-8 is 0; no circular orbit found gives NaN
//! Cost       one adaptive orbit over the asked periods, some 30 steps each
//! See also   `extents` for many stars, `actions::staeckel` for extents without an orbit

pub use super::extents::summaries;
use super::field::Field;
use super::integrate::{Adaptive, Dense, EventKind, State, Status, Tolerance, events, integrate};
use crate::error::Result;
use crate::numeric::real::{Real, dot};
use crate::numeric::together::{Masked, root};

/// What one orbit is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Energy \[(km/s)^2\].
    pub energy: f64,
    /// |L| at the start \[kpc km/s\].
    pub angular_momentum: f64,
    /// L_z \[kpc km/s\].
    pub l_z: f64,
    /// Least distance \[kpc\].
    pub pericentre: f64,
    /// Greatest distance \[kpc\].
    pub apocentre: f64,
    /// Greatest |z| \[kpc\].
    pub z_max: f64,
    /// Of the two distances.
    pub eccentricity: f64,
    /// L_z over that of the circular orbit of this energy in the plane.
    pub circularity: f64,
    /// Radius of the circular orbit with this L_z \[kpc\].
    pub guiding_radius: f64,
    /// How the orbit ended.
    pub status: Status,
}

/// Radii between which circular orbits are sought \[kpc\].
const LEAST_KPC: f64 = 1e-6;
const GREATEST_KPC: f64 = 1e6;
/// Eccentricities below are rounding.
pub(super) const ROUND: f64 = 1e-8;

/// Square of the circular velocity at R in the plane \[(km/s)^2\], on the x axis.
#[inline(always)]
pub fn circular_speed_squared<T: Real, F: Field<T> + ?Sized>(field: &F, radius: T) -> T {
    let zero = T::constant(0.0);
    -(radius * field.acceleration(zero, [radius, zero, zero])[0])
}

/// Radius where a function that falls with ln R passes 0; NaN where it does not between the limits.
#[inline(always)]
fn radius_where<T: Masked>(function: impl Fn(T) -> T) -> T {
    let at = |ln_radius: T| function(ln_radius.exp());
    let (zero, low, high) = (T::constant(0.0), T::constant(LEAST_KPC.ln()), T::constant(GREATEST_KPC.ln()));
    let between = T::both(zero.less(at(low)), at(high).less(zero));
    T::choose(between, root(at, low, high).exp(), T::constant(f64::NAN))
}

/// Radius of the circular orbit with this |L_z| \[kpc\]; 0 for none.
#[inline(always)]
pub fn guiding_radius<T: Masked, F: Field<T> + ?Sized>(field: &F, l_z: T) -> T {
    let zero = T::constant(0.0);
    let radius = radius_where(|r| l_z.abs() - r * circular_speed_squared(field, r).max(zero).sqrt());
    T::choose(l_z.abs().less(T::constant(f64::MIN_POSITIVE)), zero, radius)
}

/// Radius of the circular orbit with this energy \[kpc\].
#[inline(always)]
pub fn circular_radius<T: Masked, F: Field<T> + ?Sized>(field: &F, energy: T) -> T {
    let zero = T::constant(0.0);
    radius_where(|r| energy - circular_speed_squared(field, r) * 0.5 - field.potential(zero, [r, zero, zero]))
}

/// L_z over the angular momentum of the circular orbit of this energy in the plane.
pub fn circularity<F: Field<f64> + ?Sized>(field: &F, energy: f64, l_z: f64) -> f64 {
    let radius = circular_radius(field, energy);
    l_z / (radius * circular_speed_squared(field, radius).sqrt())
}

/// Pericentre and apocentre of an orbit in the plane of an axisymmetric field, without integrating it \[kpc\];
/// NaN for an apocentre that does not exist.
pub fn planar_extent<F: Field<f64> + ?Sized>(field: &F, energy: f64, l_z: f64) -> (f64, f64) {
    let radial = |r: f64| energy - field.potential(0.0, [r, 0.0, 0.0]) - 0.5 * (l_z / r).powi(2);
    let middle = if l_z == 0.0 { circular_radius(field, energy) } else { guiding_radius(field, l_z) };
    if !(radial(middle) > 0.0) {
        return (middle, middle);
    }
    let mut far = 2.0 * middle;
    while radial(far) > 0.0 {
        far *= 2.0;
        if far > GREATEST_KPC {
            return (root(radial, middle, middle * LEAST_KPC), f64::NAN);
        }
    }
    (root(radial, middle, middle * LEAST_KPC), root(radial, middle, far))
}

/// Summary of one orbit in a static field, followed over `periods` of the circular orbit of its energy.
pub fn summary<F: Field<f64> + ?Sized>(field: &F, star: State<f64>, periods: f64, tolerance: &Tolerance) -> Result<Summary> {
    let energy = star.energy(field, 0.0);
    let l = star.angular_momentum();
    let nan = f64::NAN;
    let mut all = Summary {
        energy,
        angular_momentum: dot(l, l).sqrt(),
        l_z: l[2],
        pericentre: nan,
        apocentre: nan,
        z_max: nan,
        eccentricity: nan,
        circularity: nan,
        guiding_radius: if l[2].is_finite() { guiding_radius(field, l[2]) } else { nan },
        status: tolerance.judgement.status(star.is_finite(), energy, 0.0),
    };
    if all.status != Status::Complete {
        return Ok(all);
    }
    let radius = circular_radius(field, energy);
    let speed = circular_speed_squared(field, radius).sqrt();
    all.circularity = l[2] / (radius * speed);
    let end = periods * std::f64::consts::TAU * radius / speed;
    if !end.is_finite() {
        return Ok(all);
    }
    let start = dot(star.position, star.position).sqrt();
    let (mut least, mut greatest, mut highest) = (start, start, star.position[2].abs());
    let mut found = Vec::new();
    let mut look = |step: &Dense| {
        found.clear();
        events::in_step(step, &mut found);
        for event in &found {
            let r = dot(event.state.position, event.state.position).sqrt();
            match event.kind {
                EventKind::Pericentre => least = least.min(r),
                EventKind::Apocentre => greatest = greatest.max(r),
                EventKind::Upwards | EventKind::Downwards => {}
            }
        }
        highest = highest.max(greatest_height(step));
    };
    all.status = integrate(field, Adaptive::Dop853, tolerance, 0.0, star, &[end], Some(&mut look))?.status;
    (all.pericentre, all.apocentre, all.z_max) = (least, greatest, highest);
    let e = (greatest - least) / (greatest + least);
    all.eccentricity = if e < ROUND { 0.0 } else { e };
    Ok(all)
}

/// Greatest |z| within a step, where v_z changes its sign.
fn greatest_height(step: &Dense) -> f64 {
    /// Pieces looked at, as for events.
    const PIECES: usize = 8;
    let speed = |part: f64| step.at(step.start + step.step * part).velocity[2];
    let height = |part: f64| step.at(step.start + step.step * part).position[2].abs();
    let mut highest = height(1.0);
    for piece in 0..PIECES {
        let (from, to) = (piece as f64 / PIECES as f64, (piece + 1) as f64 / PIECES as f64);
        let (a, b) = (speed(from), speed(to));
        if a > 0.0 && b < 0.0 {
            highest = highest.max(height(root(speed, from, to)));
        } else if a < 0.0 && b > 0.0 {
            highest = highest.max(height(root(speed, to, from)));
        }
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::field::sample::{Kepler, MilkyWay};

    #[test]
    fn kepler_in_an_inclined_plane() {
        // a = 1, e = 0.6, from apocentre, inclined by 30 degrees about the line of apsides.
        let (s, c) = (std::f64::consts::PI / 6.0).sin_cos();
        let found = summary(&Kepler, State::from_array([1.6, 0.0, 0.0, 0.0, 0.5 * c, 0.5 * s]), 2.5, &Tolerance::default()).unwrap();
        assert!((found.pericentre / 0.4 - 1.0).abs() < 1e-8 && (found.apocentre / 1.6 - 1.0).abs() < 1e-8, "{found:?}");
        assert!((found.eccentricity - 0.6).abs() < 1e-8 && (found.z_max - 0.8 * s).abs() < 1e-8, "{found:?}");
        // j_c = sqrt(a) = 1, L = sqrt(1 - e^2) = 0.8, R_g = L_z^2.
        assert!((found.circularity - 0.8 * c).abs() < 1e-12 && (found.guiding_radius - 0.64 * c * c).abs() < 1e-12);
        let (near, far) = planar_extent(&Kepler, -0.5, 0.8);
        assert!((near - 0.4).abs() < 1e-13 && (far - 1.6).abs() < 1e-13, "{near} {far}");
        assert!(planar_extent(&Kepler, 0.1, 0.8).1.is_nan());
    }

    #[test]
    fn circular_unbound_and_nan() {
        let field = MilkyWay::default();
        // orbit_reference.json, mw2014_circular_velocity at 8 kpc.
        assert!((circular_speed_squared(&field, 8.0).sqrt() / 220.00000013200318 - 1.0).abs() < 1e-12);
        assert!((guiding_radius(&field, -1760.0000010560254) - 8.0).abs() < 1e-9);
        let circle = summary(&field, State::from_array([8.0, 0.0, 0.0, 0.0, 220.00000013200318, 0.0]), 3.0, &Tolerance::default()).unwrap();
        assert!(circle.eccentricity == 0.0 && (circle.circularity - 1.0).abs() < 1e-12 && circle.z_max == 0.0, "{circle:?}");
        let away = summary(&field, State::from_array([8.0, 0.0, 0.0, 700.0, 0.0, 0.0]), 3.0, &Tolerance::default()).unwrap();
        assert!(away.status == Status::Unbound && away.apocentre.is_nan() && away.energy > 0.0);
        let bad = summary(&field, State::from_array([f64::NAN; 6]), 3.0, &Tolerance::default()).unwrap();
        assert!(bad.status == Status::NotFinite && bad.guiding_radius.is_nan());
        // gd1: the extent holds every point of the reference orbit, whose apocentre is beyond 30 kpc.
        let gd1 = summary(&field, State::from_array([11.8, 0.79, 6.4, 109.5, -254.5, -90.3]), 10.0, &Tolerance::default()).unwrap();
        println!("{gd1:?}");
        assert!((gd1.energy / -63620.12586471834 - 1.0).abs() < 1e-12 && gd1.apocentre > 35.6 && gd1.pericentre < 13.5);
    }
}
