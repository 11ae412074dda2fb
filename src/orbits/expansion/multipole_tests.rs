//! Multipoles of closed forms and of particles.

use std::f64::consts::PI;

use super::*;
use crate::numeric::dual::Dual;
use crate::numeric::random::Stream;

const G: f64 = GRAVITY_KPC_KMS2_MSUN;

fn grid(least: f64, greatest: f64, knots: usize, degree: usize, symmetry: Symmetry) -> MultipoleGrid {
    MultipoleGrid { least_kpc: least, greatest_kpc: greatest, knots, degree, order: degree, symmetry }
}

fn norm(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

/// Worst relative error of force and density of a spherical model along a ray.
fn worst(fit: &Multipole, mass: impl Fn(f64) -> f64, density: impl Fn(f64) -> f64, from: f64, to: f64) -> (f64, f64) {
    let mut worst = (0.0f64, 0.0f64);
    for i in 0..=400 {
        let r = from * (to / from).powf(f64::from(i) / 400.0);
        let p = [0.36 * r, -0.48 * r, 0.8 * r];
        let exact = G * mass(r) / (r * r);
        worst.0 = worst.0.max((norm(fit.acceleration(p)) / exact - 1.0).abs());
        worst.1 = worst.1.max((fit.density(p) / density(r) - 1.0).abs());
    }
    worst
}

#[test]
fn spheres_from_their_density() {
    // Hernquist, Plummer and NFW of scale 1 and 4 pi rho = 1: mass within r and density.
    type Law = (&'static str, fn(f64) -> f64, fn(f64) -> f64);
    let laws: [Law; 3] = [
        ("hernquist", |r| 0.5 * (r / (1.0 + r)).powi(2), |r| 1.0 / (4.0 * PI * r * (1.0 + r).powi(3))),
        ("plummer", |r| r.powi(3) / (3.0 * (1.0 + r * r).powf(1.5)), |r| (1.0 + r * r).powf(-2.5) / (4.0 * PI)),
        ("nfw", |r| (1.0 + r).ln() - r / (1.0 + r), |r| 1.0 / (4.0 * PI * r * (1.0 + r).powi(2))),
    ];
    for (name, mass, density) in laws {
        let fit = |knots| Multipole::from_density(grid(1e-3, 1e3, knots, 0, Symmetry::Spherical), |p| density(norm(p))).unwrap();
        let errors = |knots: usize| worst(&fit(knots), mass, density, 2e-3, 500.0);
        let (coarse, fine) = (errors(20), errors(40));
        eprintln!("{name:<10} force, density: 20 knots {:.1e} {:.1e}, 40 knots {:.1e} {:.1e}", coarse.0, coarse.1, fine.0, fine.1);
        assert!(fine.0 < 1e-4 && fine.0 < coarse.0 / 8.0, "{name} {coarse:?} {fine:?}");
        let far = worst(&fit(40), mass, density, 1e-6, 1e-3);
        assert!(far.0 < 3e-2, "{name} inside: {far:?}");
        let mass_found = fit(40).mass_within(3.0);
        assert!((mass_found / mass(3.0) - 1.0).abs() < 1e-5, "{name} {mass_found}");
    }
    // Plummer has mass 1/3: far outside the potential is that of a point.
    let plummer = Multipole::from_density(grid(1e-2, 1e2, 40, 0, Symmetry::Spherical), |p| laws[1].2(norm(p))).unwrap();
    for r in [1e3, 2e5, 1e9] {
        let phi = plummer.potential([0.0, r, 0.0]);
        assert!((phi / (-G / (3.0 * r)) - 1.0).abs() < 1e-4, "{r} {phi}");
        assert!((norm(plummer.acceleration([0.0, r, 0.0])) / (G / (3.0 * r * r)) - 1.0).abs() < 1e-4, "{r}");
    }
    assert!((plummer.potential([0.0; 3]) / (-G / 3.0 * 1.0) - 1.0).abs() < 1e-4);
    assert_eq!(plummer.acceleration([0.0; 3]), [-0.0; 3]);
    assert!(plummer.potential([f64::NAN, 0.0, 0.0]).is_nan());
}

/// Logarithmic-like flattened density with a closed potential: Satoh-free choice, Phi = -G M / sqrt(x^2 + (y/b)^2 + (z/c)^2 + 1).
fn triaxial_phi<T: Real>([x, y, z]: [T; 3]) -> T {
    let q = [1.0, 1.0 / (0.95f64 * 0.95), 1.0 / (0.85 * 0.85)];
    -((x * x * q[0] + y * y * q[1] + z * z * q[2] + 1.0).sqrt().recip() * G)
}

fn triaxial_density(p: [f64; 3]) -> f64 {
    type D = Dual<Dual<f64, 1>, 1>;
    let second = |axis: usize| {
        let q = std::array::from_fn(|i| {
            let one = if i == axis { 1.0 } else { 0.0 };
            D { value: Dual { value: p[i], tangent: [one] }, tangent: [Dual::fixed(one)] }
        });
        triaxial_phi(q).tangent[0].tangent[0]
    };
    (second(0) + second(1) + second(2)) / (4.0 * PI * G)
}

#[test]
fn errors_of_a_triaxial_model_fall_with_the_degree() {
    // The density falls like r^-3 with zero mean there, so that the closed potential is the whole one.
    let mut stream = Stream::new(3, 0, 0);
    let points: Vec<[f64; 3]> = (0..200).map(|_| stream.direction().map(|x| x * 10f64.powf(stream.uniform() * 2.0 - 1.0))).collect();
    let mut last = f64::INFINITY;
    for degree in [0, 2, 4, 8, 12] {
        let fit = Multipole::from_density(grid(1e-2, 1e3, 50, degree, Symmetry::Triaxial), triaxial_density).unwrap();
        let mut errors: Vec<f64> = points
            .iter()
            .map(|p| {
                let exact = triaxial_phi::<Dual<f64, 3>>(std::array::from_fn(|i| Dual::variable(p[i], i))).tangent.map(|t| -t);
                let found = fit.acceleration(*p);
                norm(std::array::from_fn(|i| found[i] - exact[i])) / norm(exact)
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        let (median, most) = (errors[100], errors[199]);
        eprintln!("l_max {degree:>2}: median {median:.1e}, max {most:.1e}");
        assert!(most < last, "{degree}: {most:e} after {last:e}");
        last = most;
    }
    assert!(last < 1e-4, "{last:e}");
}

/// Particles of a Plummer sphere of mass 1e10 and scale 2, flattened and turned a little.
pub fn particles(count: usize) -> [Vec<f64>; 4] {
    let mut columns: [Vec<f64>; 4] = Default::default();
    for i in 0..count {
        let mut stream = Stream::new(7, 0, i as u64);
        let u = stream.uniform();
        let r = 2.0 / (u.powf(-2.0 / 3.0) - 1.0).max(1e-9).sqrt();
        let n = stream.direction();
        let p = [n[0] * r, n[1] * r * 0.8 + 0.1 * n[0] * r, n[2] * r * 0.6];
        for (column, value) in columns.iter_mut().zip([p[0], p[1], p[2], 1e10 / count as f64]) {
            column.push(value);
        }
    }
    columns
}

#[test]
fn bits_do_not_depend_on_order_or_threads() {
    let [x, y, z, m] = particles(20_000);
    let grid = MultipoleGrid::from_sample(&x, &y, &z, 20, 4, Symmetry::None).unwrap();
    let whole = MultipoleFit::of_particles(&grid, &x, &y, &z, &m).unwrap();
    let mut backwards = MultipoleFit::new(grid.clone()).unwrap();
    let reverse = |c: &[f64]| c.iter().rev().copied().collect::<Vec<_>>();
    let [rx, ry, rz, rm] = [&x, &y, &z, &m].map(|c| reverse(c));
    for from in (0..20_000).step_by(777) {
        let to = (from + 777).min(20_000);
        let mut part = MultipoleFit::new(grid.clone()).unwrap();
        part.add(&rx[from..to], &ry[from..to], &rz[from..to], &rm[from..to]).unwrap();
        part.merge(&backwards).unwrap();
        backwards = part;
    }
    let (a, b) = (whole.finish().unwrap(), backwards.finish().unwrap());
    assert_eq!(a, b);
    let p = [1.0, 2.0, -0.5];
    assert_eq!(a.potential(p).to_bits(), b.potential(p).to_bits());
    // One among eight, and derivatives.
    let lanes = a.acceleration(p.map(|v| Lanes(std::array::from_fn(|i| v * (1.0 + i as f64)))));
    let alone = a.acceleration(p.map(|v| v * 4.0));
    assert_eq!(lanes.map(|l| l.0[3].to_bits()), alone.map(f64::to_bits));
    let slopes = a.potential::<Dual<f64, 3>>(std::array::from_fn(|i| Dual::variable(p[i], i))).tangent;
    let pull = a.acceleration(p);
    assert!((0..3).all(|i| (slopes[i] + pull[i]).abs() < 1e-12 * norm(pull)), "{slopes:?} {pull:?}");
}

#[test]
fn refusals_and_odd_particles() {
    let [mut x, y, z, m] = particles(2_000);
    x[7] = f64::NAN;
    let mut fit = MultipoleFit::new(grid(0.1, 50.0, 10, 2, Symmetry::None)).unwrap();
    fit.add(&x, &y, &z, &m).unwrap();
    fit.add(&[0.0], &[0.0], &[0.0], &[1e6]).unwrap();
    assert_eq!(fit.skipped(), 1);
    let inside = fit.finish().unwrap().mass_within(1e5);
    assert!((inside / (1e10 * 1999.0 / 2000.0 + 1e6) - 1.0).abs() < 1e-3, "{inside}");
    assert!(fit.add(&[1.0], &[1.0], &[], &[1.0]).is_err());
    assert!(MultipoleFit::new(grid(0.1, 50.0, 10, 2, Symmetry::None)).unwrap().finish().unwrap_err().to_string().contains("no mass"));
    for bad in [grid(0.0, 1.0, 10, 0, Symmetry::None), grid(2.0, 1.0, 10, 0, Symmetry::None), grid(1.0, 2.0, 3, 0, Symmetry::None)] {
        assert!(MultipoleFit::new(bad).is_err());
    }
    assert!(MultipoleGrid::from_sample(&[1.0], &[1.0], &[1.0], 10, 2, Symmetry::None).is_err());
    assert!(fit.merge(&MultipoleFit::new(grid(0.1, 51.0, 10, 2, Symmetry::None)).unwrap()).is_err());
}
