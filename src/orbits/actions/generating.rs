//! Actions, angles and frequencies that converge: the generating function from a toy isochrone to the orbit itself, by least squares.
//!
//! Formula    J_toy(t) = J - 2 sum n S_n cos(n . theta_toy), theta_toy(t) = theta_0 + Omega t - 2 sum dS_n/dJ sin(n . theta_toy), n = (n_r, n_z)
//!            with even n_z, |n_r|, |n_z| <= order, one of n and -n; S_n and J by one fit to all times, theta_0 and Omega by another
//! Units      kpc, km/s; actions kpc km/s, angles rad in [0, 2 pi), frequencies km/s/kpc
//! Source     Sanders & Binney 2014, MNRAS 441, 3284, sections 2 and 3, for two degrees of freedom beside L_z
//! Accuracy   its own estimate, the change from four orders less; order 24 has 1e-12 of the actions where orbits are
//!            smooth, 1e-9 near a resonance (tests)
//! Edge cases static fields with an axis and a plane of symmetry; unbound, planar and polar orbits: NaN; orbits that a resonance traps or
//!            that are chaotic have no such actions, and the estimate says so
//! Cost       order^2 unknowns, four times as many outputs: 0.1 s at order 12, 2 s at order 24: a check, not a column
//! See also   `staeckel` for columns

use std::f64::consts::TAU;

use super::isochrone::{ActionAngle, Angles, Isochrone};
use super::staeckel::{Actions, Frequencies};
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::real::dot;
use crate::orbits::field::Field;
use crate::orbits::integrate::{Adaptive, State, Status, Tolerance, integrate};
use crate::orbits::summary::{circular_radius, circular_speed_squared};

/// What converges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Converged {
    /// Actions.
    pub actions: Actions<f64>,
    /// Frequencies.
    pub frequencies: Frequencies<f64>,
    /// Angles at the star.
    pub angles: Angles<f64>,
    /// Estimated error of the two fitted actions \[kpc km/s\]: the greater change from four orders less.
    pub error: f64,
    /// Estimated error of the frequencies \[km/s/kpc\].
    pub frequency_error: f64,
}

/// Outputs a circular period: angles are followed from one to the next.
const OUTPUTS: f64 = 48.0;
/// Outputs for each unknown.
const OVERSAMPLING: usize = 4;
/// And never fewer periods than these.
const FEWEST_PERIODS: f64 = 24.0;
/// Orders by which the estimate of the error steps back.
const BACK: usize = 4;
const LEAST_ORDER: usize = 6;
const MOST_ORDER: usize = 40;
/// Range of the toy's scale, in circular radii, and sections of the search.
const SCALES: (f64, f64) = (0.01, 10.0);
const SECTIONS: usize = 60;
/// 2/(1 + sqrt(5)).
const GOLDEN: f64 = 0.618_033_988_749_894_9;
/// Pivots of the normal equations below this part of the diagonal mean that the angles were not covered.
const LEAST_PIVOT: f64 = 1e-13;

/// Actions of one star by a fit of the given order (6 to 40).
pub fn generating<F: Field<f64> + ?Sized>(field: &F, star: State<f64>, order: usize, tolerance: &Tolerance) -> Result<Converged> {
    tolerance.check()?;
    if !(LEAST_ORDER..=MOST_ORDER).contains(&order) {
        return Err(Error::new(ErrorKind::Domain, "a generating function of this order is not fitted")
            .expected(format!("{LEAST_ORDER} to {MOST_ORDER}"))
            .found(order));
    }
    let nan = f64::NAN;
    let [_, _, lz] = star.angular_momentum();
    let nothing = Converged {
        actions: Actions { radial: nan, azimuthal: lz, vertical: nan },
        frequencies: Frequencies { radial: nan, azimuthal: nan, vertical: nan },
        angles: Angles { radial: nan, azimuthal: nan, vertical: nan },
        error: nan,
        frequency_error: nan,
    };
    let energy = star.energy(field, 0.0);
    if tolerance.judgement.status(star.is_finite(), energy, 0.0) != Status::Complete {
        return Ok(nothing);
    }
    let radius: f64 = circular_radius(field, energy);
    let period = TAU * radius / circular_speed_squared(field, radius).sqrt();
    let waves = waves(order);
    let count = (OVERSAMPLING * waves.len()).max((FEWEST_PERIODS * OUTPUTS) as usize);
    let step = period / OUTPUTS;
    if !step.is_finite() {
        return Ok(nothing);
    }
    let times: Vec<f64> = (0..=count).map(|k| k as f64 * step).collect();
    let path = integrate(field, Adaptive::Dop853, tolerance, 0.0, star, &times, None)?;
    if !matches!(path.status, Status::Complete | Status::Drift) {
        return Ok(nothing);
    }
    let toy = toy(&path.states, radius);
    let samples: Vec<ActionAngle> = path.states.iter().map(|state| toy.action_angle(state)).collect();
    let (Some((actions, _)), Some((coarse, _))) = (fit_actions(&samples, &waves), fit_actions(&samples, &self::waves(order - BACK))) else {
        return Ok(nothing);
    };
    let (Some(rates), Some(coarse_rates)) =
        (fit_angles(&samples, &times, &waves), fit_angles(&samples, &times, &self::waves(order - BACK)))
    else {
        return Ok(nothing);
    };
    Ok(Converged {
        actions: Actions { radial: actions[0], azimuthal: lz, vertical: actions[1] },
        frequencies: Frequencies { radial: rates[0][1], azimuthal: rates[1][1], vertical: rates[2][1] },
        angles: Angles {
            radial: rates[0][0].rem_euclid(TAU),
            azimuthal: rates[1][0].rem_euclid(TAU),
            vertical: rates[2][0].rem_euclid(TAU),
        },
        error: (actions[0] - coarse[0]).abs().max((actions[1] - coarse[1]).abs()),
        frequency_error: rates.iter().zip(&coarse_rates).map(|(a, b)| (a[1] - b[1]).abs()).fold(0.0, f64::max),
    })
}

/// (n_r, n_z) of the terms.
fn waves(order: usize) -> Vec<(f64, f64)> {
    let most = order as i32;
    let mut all = Vec::new();
    for n_r in 0..=most {
        for n_z in (-most / 2 * 2..=most).step_by(2) {
            if n_r > 0 || n_z > 0 {
                all.push((f64::from(n_r), f64::from(n_z)));
            }
        }
    }
    all
}

/// The isochrone in which the energies of the orbit's points vary least.
fn toy(states: &[State<f64>], radius: f64) -> Isochrone {
    let points: Vec<(f64, f64)> = states.iter().map(|w| (dot(w.position, w.position).sqrt(), 0.5 * dot(w.velocity, w.velocity))).collect();
    let count = points.len() as f64;
    let of = |ln_scale: f64| {
        let b = ln_scale.exp();
        let shape = |r: f64| -1.0 / (b + r.hypot(b));
        let (mean_g, mean_k) = points.iter().fold((0.0, 0.0), |(g, k), p| (g + shape(p.0) / count, k + p.1 / count));
        let (mut gg, mut gk, mut kk) = (0.0, 0.0, 0.0);
        for &(r, k) in &points {
            let (g, k) = (shape(r) - mean_g, k - mean_k);
            gg += g * g;
            gk += g * k;
            kk += k * k;
        }
        // The mass that makes the variance least, as long as it binds.
        let gravity = (-gk / gg).max(-1.01 * mean_k / mean_g);
        let gravity = if gravity.is_finite() { gravity } else { -2.0 * mean_k / mean_g };
        (kk + 2.0 * gravity * gk + gravity * gravity * gg, Isochrone { gravity, scale_kpc: b })
    };
    let (mut low, mut high) = ((SCALES.0 * radius).ln(), (SCALES.1 * radius).ln());
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut va, mut vb) = (of(a).0, of(b).0);
    for _ in 0..SECTIONS {
        if va < vb {
            (high, b, vb) = (b, a, va);
            a = high - GOLDEN * (high - low);
            va = of(a).0;
        } else {
            (low, a, va) = (a, b, vb);
            b = low + GOLDEN * (high - low);
            vb = of(b).0;
        }
    }
    of(0.5 * (low + high)).1
}

/// J_R and J_z, and all unknowns.
fn fit_actions(samples: &[ActionAngle], waves: &[(f64, f64)]) -> Option<([f64; 2], Vec<f64>)> {
    let size = waves.len() + 2;
    let mut normal = Normal::new(size, 1);
    let (mut radial, mut vertical) = (vec![0.0; size], vec![0.0; size]);
    (radial[0], vertical[1]) = (1.0, 1.0);
    for sample in samples {
        for (k, &(n_r, n_z)) in waves.iter().enumerate() {
            let wave = (n_r * sample.angles.radial + n_z * sample.angles.vertical).cos() / n_r.hypot(n_z);
            (radial[k + 2], vertical[k + 2]) = (n_r * wave, n_z * wave);
        }
        normal.add(&radial, &[sample.actions.radial]);
        normal.add(&vertical, &[sample.actions.vertical]);
    }
    let all = normal.solve()?.pop()?;
    Some(([*all.first()?, *all.get(1)?], all))
}

/// theta_0 and Omega of the radial, azimuthal and vertical motion.
fn fit_angles(samples: &[ActionAngle], times: &[f64], waves: &[(f64, f64)]) -> Option<[[f64; 2]; 3]> {
    let size = waves.len() + 2;
    let mut normal = Normal::new(size, 3);
    let mut row = vec![0.0; size];
    row[0] = 1.0;
    let end = times.last().copied()?;
    let first = samples.first()?.angles;
    let (mut last, mut turned) = ([first.radial, first.azimuthal, first.vertical], [first.radial, first.azimuthal, first.vertical]);
    for (sample, &time) in samples.iter().zip(times) {
        let now = [sample.angles.radial, sample.angles.azimuthal, sample.angles.vertical];
        for i in 0..3 {
            let change = now[i] - last[i];
            turned[i] += change - TAU * (change / TAU).round();
        }
        last = now;
        // On the scale of the other columns.
        row[1] = 2.0 * time / end - 1.0;
        for (k, &(n_r, n_z)) in waves.iter().enumerate() {
            row[k + 2] = (n_r * now[0] + n_z * now[2]).sin();
        }
        normal.add(&row, &turned);
    }
    let all = normal.solve()?;
    let mut out = [[0.0; 2]; 3];
    for (out, all) in out.iter_mut().zip(&all) {
        let slope = all.get(1)? * 2.0 / end;
        *out = [all.first()? - all.get(1)?, slope];
    }
    Some(out)
}

/// Normal equations of least squares.
struct Normal {
    size: usize,
    /// Lower triangle, row by row, each of full length.
    matrix: Vec<f64>,
    right: Vec<Vec<f64>>,
}

impl Normal {
    fn new(size: usize, rights: usize) -> Normal {
        Normal { size, matrix: vec![0.0; size * size], right: vec![vec![0.0; size]; rights] }
    }

    fn add(&mut self, row: &[f64], values: &[f64]) {
        for (i, &a) in row.iter().enumerate() {
            if a != 0.0 {
                for (m, b) in self.matrix[i * self.size..=i * self.size + i].iter_mut().zip(row) {
                    *m += a * b;
                }
                for (right, value) in self.right.iter_mut().zip(values) {
                    right[i] += a * value;
                }
            }
        }
    }

    /// By Cholesky's factors; None where they do not exist.
    fn solve(mut self) -> Option<Vec<Vec<f64>>> {
        let n = self.size;
        for i in 0..n {
            let (above, rest) = self.matrix.split_at_mut(i * n);
            let row = &mut rest[..=i];
            let diagonal = row[i];
            for j in 0..i {
                let other = &above[j * n..=j * n + j];
                let sum: f64 = row[..j].iter().zip(other).map(|(a, b)| a * b).sum();
                row[j] = (row[j] - sum) / other[j];
            }
            let left = diagonal - row[..i].iter().map(|a| a * a).sum::<f64>();
            if !(left > LEAST_PIVOT * diagonal) {
                return None;
            }
            row[i] = left.sqrt();
        }
        let at = |i: usize, j: usize| self.matrix[i * n + j];
        for x in &mut self.right {
            for i in 0..n {
                let sum: f64 = (0..i).map(|j| at(i, j) * x[j]).sum();
                x[i] = (x[i] - sum) / at(i, i);
            }
            for i in (0..n).rev() {
                let sum: f64 = (i + 1..n).map(|j| at(j, i) * x[j]).sum();
                x[i] = (x[i] - sum) / at(i, i);
            }
        }
        Some(self.right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::actions::{AngleNodes, Cylindrical, Nodes, SphericalNodes, fudge, fudge_with_angles, spherical};
    use crate::orbits::field::Gravity;
    use crate::orbits::potential::{Component, Potential};

    fn fine() -> Tolerance {
        Tolerance { relative: 1e-13, position_kpc: 1e-13, velocity_kms: 1e-11, ..Default::default() }
    }

    fn turn(a: f64) -> f64 {
        let d = a.rem_euclid(TAU);
        d.min(TAU - d)
    }

    #[test]
    fn kuzmin_kutuzov_and_other_spheres_converge_to_their_exact_values() {
        let flat = Potential { components: vec![Component::new("galaxy", "kuzmin_kutuzov", &[1e11, 4.0, 2.5]).unwrap()] };
        let flat = Gravity::new(&flat);
        let delta = (4.0f64.powi(2) - 2.5f64.powi(2)).sqrt();
        // The second is near a resonance: its outputs cover the torus slowly.
        for (w, allowed) in [([8.0, 1.0, 0.5, 30.0, 170.0, 30.0], 1e-12), ([6.0, -3.0, 2.0, -40.0, 110.0, 60.0], 1e-9)] {
            let (exact, angles) = fudge_with_angles(&flat, w, delta, &Nodes::new(240, 240, Default::default()), &AngleNodes::default());
            let mut last = f64::INFINITY;
            for order in [8, 12, 18, 24] {
                let found = generating(&flat, State::from_array(w), order, &fine()).unwrap();
                let total = exact.actions.radial + exact.actions.vertical + exact.actions.azimuthal.abs();
                let error =
                    (found.actions.radial - exact.actions.radial).abs().max((found.actions.vertical - exact.actions.vertical).abs());
                let rate = (found.frequencies.radial / exact.frequencies.radial - 1.0)
                    .abs()
                    .max((found.frequencies.vertical / exact.frequencies.vertical - 1.0).abs())
                    .max((found.frequencies.azimuthal / exact.frequencies.azimuthal - 1.0).abs());
                let turned = turn(found.angles.radial - angles.radial)
                    .max(turn(found.angles.azimuthal - angles.azimuthal))
                    .max(turn(found.angles.vertical - angles.vertical));
                println!(
                    "order {order}: actions {:e} of their sum, estimate {:e}; frequencies {rate:e}, angles {turned:e}",
                    error / total,
                    found.error / total
                );
                // The estimate is of the coarser fit: it bounds the error of the finer one, down to rounding.
                assert!(error < found.error + 1e-9 * total);
                last = error / total;
                if order == 24 {
                    assert!(rate < 1e-8 && turned < 1e-6, "{rate:e} {turned:e}");
                }
            }
            assert!(last < allowed, "{last:e}");
        }
        let halo = Potential { components: vec![Component::new("halo", "nfw", &[4e11, 16.0]).unwrap()] };
        let halo = Gravity::new(&halo);
        let star = State::from_array([8.0, 1.0, 1.0, 60.0, 140.0, 50.0]);
        let exact = spherical::<f64, _>(&halo, &star, &SphericalNodes::default(), true);
        let mut last = [0.0; 2];
        for order in [12, 20, 28] {
            let found = generating(&halo, star, order, &fine()).unwrap().actions;
            last = [found.radial / exact.actions.radial - 1.0, found.vertical / exact.actions.vertical - 1.0];
            println!("NFW, order {order}: {last:?}");
        }
        assert!(last[0].abs() < 1e-10 && last[1].abs() < 1e-10, "{last:?}");
    }

    #[test]
    fn how_far_the_fudge_is_in_the_milky_way_and_what_has_no_answer() {
        let model = Potential::named("mw2014").unwrap();
        let field = Gravity::new(&model);
        for (name, w) in [
            ("sun", [8.0, 0.0, 0.02, 11.0, 232.0, 7.0]),
            ("thick disc", [8.0, 1.0, 1.0, 40.0, 180.0, 50.0]),
            ("halo", [12.0, 0.0, 3.0, -60.0, 150.0, 90.0]),
        ] {
            let truth = generating(&field, State::from_array(w), 16, &Tolerance::default()).unwrap();
            let star = Cylindrical::from_cartesian(w);
            let delta: f64 = crate::orbits::actions::focal::local(&field, star.r, star.z);
            let total = truth.actions.radial + truth.actions.vertical + truth.actions.azimuthal.abs();
            for (focal, delta) in [("local", delta), ("3.2 kpc", 3.2)] {
                let found = fudge(&field, &star, delta, &Nodes::default()).actions;
                let (r, z) = ((found.radial - truth.actions.radial) / total, (found.vertical - truth.actions.vertical) / total);
                println!(
                    "{name}, focal length {focal}: J_R {r:e}, J_z {z:e} of the sum; the converged ones err by {:e}",
                    truth.error / total
                );
                assert!(truth.error < 1e-3 * total && r.abs() < 0.02 && z.abs() < 0.02);
            }
        }
        let go = |w: [f64; 6]| generating(&field, State::from_array(w), 8, &Tolerance::default()).unwrap();
        assert!(go([8.0, 0.0, 0.0, 900.0, 0.0, 0.0]).actions.radial.is_nan() && go([f64::NAN; 6]).error.is_nan());
        assert!(generating(&field, State::from_array([8.0, 0.0, 1.0, 0.0, 200.0, 0.0]), 2, &Tolerance::default()).is_err());
    }
}
