//! Discs of closed form, sampled and smooth.

use super::*;
use crate::numeric::dual::Dual;
use crate::numeric::lanes::Lanes;
use crate::numeric::random::Stream;
use crate::numeric::real::{Real, dot};
use crate::orbits::expansion::harmonics::Symmetry;

const MASS: f64 = 6.8e10;
const A: f64 = 3.0;
const B: f64 = 0.28;

/// Miyamoto & Nagai 1975.
fn phi<T: Real>([x, y, z]: [T; 3]) -> T {
    let s = (z * z + B * B).sqrt() + A;
    -((x * x + y * y + s * s).sqrt().recip() * (GRAVITY_KPC_KMS2_MSUN * MASS))
}

fn pull(p: [f64; 3]) -> [f64; 3] {
    phi::<Dual<f64, 3>>(std::array::from_fn(|i| Dual::variable(p[i], i))).tangent.map(|t| -t)
}

fn density([x, y, z]: [f64; 3]) -> f64 {
    let (r2, s) = (x * x + y * y, (z * z + B * B).sqrt());
    B * B * MASS / (4.0 * std::f64::consts::PI) * (A * r2 + (A + 3.0 * s) * (A + s).powi(2))
        / ((r2 + (A + s).powi(2)).powf(2.5) * s.powi(3))
}

fn grid(knots: usize, order: usize, symmetry: Symmetry) -> CylindricalGrid {
    CylindricalGrid {
        radial_scale_kpc: 1.5,
        vertical_scale_kpc: 0.2,
        greatest_radius_kpc: 60.0,
        greatest_height_kpc: 60.0,
        radial_knots: knots,
        vertical_knots: knots,
        order,
        symmetry,
    }
}

/// The smooth disc as weighted points: midpoints of fine cells in xi, eta far beyond the grid, eight azimuths.
fn smooth(azimuths: usize) -> [Vec<f64>; 4] {
    let mut columns: [Vec<f64>; 4] = Default::default();
    let (h, k) = (0.011, 0.013);
    for i in 0..900 {
        let xi: f64 = (f64::from(i) + 0.5) * h;
        let (r, dr) = (1.5 * xi.sinh(), 1.5 * xi.cosh() * h);
        for j in 0..800 {
            let eta: f64 = (f64::from(j) + 0.5) * k;
            let (z, dz) = (0.2 * eta.sinh(), 0.2 * eta.cosh() * k);
            let mass = 2.0 * density([r, 0.0, z]) * std::f64::consts::TAU * r * dr * dz / azimuths as f64;
            for a in 0..azimuths {
                let (s, c) = (std::f64::consts::TAU * (a as f64 + 0.3) / azimuths as f64).sin_cos();
                for (column, value) in columns.iter_mut().zip([r * c, r * s, if (i + j) % 2 == 0 { z } else { -z }, mass]) {
                    column.push(value);
                }
            }
        }
    }
    columns
}

/// Within the part of the grid that is not joined to the multipole.
fn errors(field: &Cylindrical) -> [f64; 3] {
    let mut stream = Stream::new(11, 0, 0);
    let mut all: Vec<f64> = (0..400)
        .map(|_| {
            let r = 10f64.powf(stream.uniform() * 2.2 - 0.7);
            let z = 10f64.powf(stream.uniform() * 3.0 - 1.5) * if stream.uniform() < 0.5 { 1.0 } else { -1.0 };
            let (s, c) = (stream.uniform() * 6.3).sin_cos();
            let p = [r * c, r * s, z];
            let (found, exact) = (field.acceleration(p), pull(p));
            let off: [f64; 3] = std::array::from_fn(|i| found[i] - exact[i]);
            (dot(off, off) / dot(exact, exact)).sqrt()
        })
        .collect();
    all.sort_by(f64::total_cmp);
    [all[200], all[360], all[399]]
}

#[test]
fn a_smooth_disc_has_its_closed_form() {
    let [x, y, z, m] = smooth(1);
    let total: f64 = m.iter().sum();
    assert!((total / MASS - 1.0).abs() < 1e-3, "{total:e}");
    let fit = |knots| {
        let fit = CylindricalFit::of_particles(&grid(knots, 0, Symmetry::Axisymmetric), &x, &y, &z, &m).unwrap();
        let field = fit.finish().unwrap();
        let e = errors(&field);
        eprintln!("disc, {knots} knots: median {:.1e}, p90 {:.1e}, max {:.1e}, {} KiB", e[0], e[1], e[2], fit.size_bytes() / 1024);
        (field, e)
    };
    let (coarse, fine) = (fit(14), fit(28));
    assert!(fine.1[0] < 1e-3 && fine.1[2] < 1e-2, "{:?} {:?}", coarse.1, fine.1);
    // Twice the knots: second order in the median, and better where it is worst.
    assert!(coarse.1[0] > 4.0 * fine.1[0] && coarse.1[2] > 2.0 * fine.1[2], "{:?} {:?}", coarse.1, fine.1);
    let field = fine.0;
    for p in [[8.0, 0.0, 0.0], [3.0, 4.0, 0.2], [0.5, 0.0, 0.5]] {
        assert!((field.density(p) / density(p) - 1.0).abs() < 0.05, "{p:?} {} {}", field.density(p), density(p));
        assert!((field.potential(p) / phi(p) - 1.0).abs() < 1e-3);
    }
    // Through the seam to the multipole, and far outside. In the plane this disc is thin and without end, which no multipole is.
    for r in [30.0, 45.0, 55.0, 59.0, 61.0, 100.0, 1e4] {
        for n in [[1.0, 0.0, 0.0], [0.6, 0.0, 0.8], [0.0, 0.0, -1.0]] {
            let p = n.map(|n: f64| n * r);
            let (a, b) = (field.acceleration(p), pull(p));
            let off: [f64; 3] = std::array::from_fn(|i| a[i] - b[i]);
            let error = (dot(off, off) / dot(b, b)).sqrt();
            // Of the last cells before the seam, which these few knots make 10 kpc long: 3.2e-3.
            assert!(error < if p[2] == 0.0 { 2e-2 } else { 4e-3 }, "{p:?} {a:?} {b:?}");
        }
    }
}

fn sample(count: usize) -> [Vec<f64>; 4] {
    // An exponential disc of scale 3 and 0.3 kpc with arms of order 2, shifted up a little.
    let mut columns: [Vec<f64>; 4] = Default::default();
    for i in 0..count {
        let mut stream = Stream::new(5, 0, i as u64);
        let r = 3.0 * (stream.exponential() + stream.exponential());
        let angle = stream.uniform() * std::f64::consts::TAU;
        let phi = angle + 0.4 * (2.0 * angle).sin() * 0.5;
        let z = 0.3 * stream.exponential() * if stream.uniform() < 0.5 { 1.0 } else { -1.0 } + 0.05;
        for (column, value) in columns.iter_mut().zip([r * phi.cos(), r * phi.sin(), z, 5e10 / count as f64]) {
            column.push(value);
        }
    }
    columns
}

#[test]
fn bits_do_not_depend_on_order_and_forces_are_gradients() {
    let [x, y, z, m] = sample(5_000);
    let grid = grid(9, 2, Symmetry::None);
    let whole = CylindricalFit::of_particles(&grid, &x, &y, &z, &m).unwrap().finish().unwrap();
    let reverse = |c: &[f64]| c.iter().rev().copied().collect::<Vec<_>>();
    let [rx, ry, rz, rm] = [&x, &y, &z, &m].map(|c| reverse(c));
    let mut parts = CylindricalFit::new(grid.clone()).unwrap();
    for from in (0..5_000).step_by(1_250) {
        let mut part = CylindricalFit::new(grid.clone()).unwrap();
        let to = from + 1_250;
        part.add(&rx[from..to], &ry[from..to], &rz[from..to], &rm[from..to]).unwrap();
        parts.merge(&part).unwrap();
    }
    assert_eq!(parts.finish().unwrap(), whole);
    for p in
        [[1.0, 2.0, 0.3], [-7.0, 3.0, -0.01], [0.0, 0.0, 1.0], [40.0, 10.0, 3.0], [58.0, 1.0, -2.0], [10.0, 20.0, -48.0], [70.0, 0.0, 9.0]]
    {
        let a = whole.acceleration(p);
        let slope = whole.potential::<Dual<f64, 3>>(std::array::from_fn(|i| Dual::variable(p[i], i))).tangent;
        let size = dot(a, a).sqrt();
        assert!((0..3).all(|i| (a[i] + slope[i]).abs() < 1e-10 * size), "{p:?} {a:?} {slope:?}");
        let lanes = whole.acceleration(p.map(|v| Lanes(std::array::from_fn(|i| v * (0.25 + 0.25 * i as f64)))));
        assert_eq!(lanes.map(|l| l.0[3].to_bits()), a.map(f64::to_bits));
    }
    assert!(whole.potential([f64::NAN, 0.0, 0.0]).is_nan() && whole.acceleration([0.0; 3]).iter().all(|a| a.is_finite()));
}

#[test]
fn arms_of_particles_agree_with_their_direct_sum() {
    let [x, y, z, m] = sample(40_000);
    let fit = CylindricalFit::of_particles(&grid(22, 6, Symmetry::None), &x, &y, &z, &m).unwrap();
    let field = crate::orbits::expansion::Expansion::from(fit.finish().unwrap());
    let direct = crate::orbits::expansion::Direct { particles: Particles::new(&x, &y, &z, &m).unwrap(), softening_kpc: 0.3 };
    let mut stream = Stream::new(1, 2, 3);
    let points: Vec<[f64; 3]> = (0..200)
        .map(|_| {
            let (r, (s, c)) = (1.0 + 14.0 * stream.uniform(), (stream.uniform() * 6.3).sin_cos());
            [r * c, r * s, 3.0 * stream.normal()]
        })
        .collect();
    let report = field.error_against_direct(0.0, &direct, &points).unwrap();
    eprintln!("arms, 40,000 particles: {report:?}");
    assert!(report.median < 0.02 && report.p90 < 0.08, "{report:?}");
}

#[test]
fn grids_that_make_no_sense_are_refused() {
    let good = grid(9, 2, Symmetry::None);
    for bad in [
        CylindricalGrid { radial_scale_kpc: 0.0, ..good.clone() },
        CylindricalGrid { greatest_height_kpc: 0.1, ..good.clone() },
        CylindricalGrid { radial_knots: 4, ..good.clone() },
        CylindricalGrid { order: 13, ..good.clone() },
        CylindricalGrid { greatest_radius_kpc: f64::NAN, ..good.clone() },
    ] {
        assert!(CylindricalFit::new(bad).is_err());
    }
    let mut fit = CylindricalFit::new(good).unwrap();
    assert!(fit.finish().is_err());
    fit.add(&[f64::NAN, 1.0], &[0.0; 2], &[0.0; 2], &[1.0; 2]).unwrap();
    assert!(fit.skipped() == 1 && fit.finish().is_ok());
    assert!(fit.add(&[1.0], &[], &[], &[]).is_err());
}
