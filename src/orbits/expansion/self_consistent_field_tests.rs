//! The basis against closed forms and galpy.

use super::*;
use crate::numeric::dual::Dual;

fn basis(scale_kpc: f64, radial: usize, degree: usize, symmetry: Symmetry) -> Basis {
    Basis { scale_kpc, radial, degree, order: degree, symmetry }
}

/// The particles of the reference: 500 by the golden and other ratios.
fn particles() -> [Vec<f64>; 4] {
    let mut columns: [Vec<f64>; 4] = Default::default();
    for i in 0..500 {
        let i = f64::from(i);
        let [g, h, k] = [0.618_033_988_749_894_9, 0.414_213_562_373_095_15, 0.732_050_807_568_877_2].map(|ratio| (i * ratio) % 1.0);
        let (r, z) = (0.05 + 6.0 * g * g, 2.0 * h - 1.0);
        let (sin, cos) = (2.0 * PI * k).sin_cos();
        let s = (1.0 - z * z).sqrt();
        let row = [r * s * cos, 0.8 * r * s * sin, 0.6 * r * z, 1e-2 * (1.0 + 0.5 * i.cos())];
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}

#[test]
fn coefficients_and_forces_are_those_of_galpy() {
    // galpy 1.12.1: scf_compute_coeffs_nbody(pos, 6, 5, mass, a=1.5), then SCFPotential, its G = 1.
    let [x, y, z, m] = particles();
    let fit = SelfConsistentFieldFit::of_particles(&basis(1.5, 6, 4, Symmetry::None), &x, &y, &z, &m).unwrap();
    let field = fit.finish().unwrap();
    let coefficients = [
        (0, 0, 0, 17.495852167577905, 0.0),
        (3, 0, 0, -0.9046539176220936, 0.0),
        (2, 2, 0, -0.2810464185200331, 0.0),
        (1, 3, 1, 0.4808889731276233, -0.018401061519561255),
        (5, 4, 3, 0.02681347384069178, -0.014805378644977902),
        (0, 2, 2, 2.154092141668216, -0.20692920258308792),
    ];
    for (n, degree, order, cosine, sine) in coefficients {
        for (part, expected) in [(false, cosine), (true, sine)] {
            let term = field.harmonics().terms().iter().position(|t| (t.degree, t.order, t.sine) == (degree, order, part));
            let Some(term) = term else { continue };
            let sign = if order % 2 == 1 { -1.0 } else { 1.0 };
            let scale = if order == 0 { 2.0 } else { sign * std::f64::consts::SQRT_2 };
            let found = field.coefficients[term * 6 + n] * scale;
            assert!((found - expected).abs() < 1e-12 * expected.abs().max(0.1), "{n} {degree} {order} {part}: {found} {expected}");
        }
    }
    let points = [
        ([1.0, 2.0, -0.5], -1.951689228751083, [-0.27516563884024725, -0.6372425068020214, 0.1629698901215417], -0.001382210994927835),
        ([0.1, -0.05, 0.02], -12.054392630952176, [-32.24625619278665, 19.06700479834317, -3.9695642201412884], 45.448963562261795),
        (
            [-7.0, 3.0, 9.0],
            -0.44578380816631924,
            [0.021359832034644623, -0.008729124337562611, -0.030003137650397176],
            7.318764018740105e-5,
        ),
    ];
    for (p, phi, pull, density) in points {
        let found = field.potential(p) / GRAVITY_KPC_KMS2_MSUN;
        assert!((found / phi - 1.0).abs() < 1e-12, "{found} {phi}");
        let a = field.acceleration(p);
        for i in 0..3 {
            assert!((a[i] / GRAVITY_KPC_KMS2_MSUN / pull[i] - 1.0).abs() < 1e-11, "{a:?} {pull:?}");
        }
        assert!((field.density(p) - density).abs() < 1e-11 * density.abs().max(1e-2), "{} {density}", field.density(p));
    }
}

#[test]
fn the_first_function_is_a_hernquist_sphere() {
    let field = SelfConsistentField::new(basis(3.0, 1, 0, Symmetry::Spherical), vec![1e10]).unwrap();
    for r in [1e-4, 0.3, 3.0, 700.0] {
        let p = [0.6 * r, 0.0, -0.8 * r];
        assert!((field.potential(p) / (-GRAVITY_KPC_KMS2_MSUN * 1e10 / (r + 3.0)) - 1.0).abs() < 1e-7, "{r}");
        let density = 1e10 * 3.0 / (2.0 * PI * r * (r + 3.0).powi(3));
        assert!((field.density(p) / density - 1.0).abs() < 1e-7, "{r}");
    }
    assert!(field.potential([0.0; 3]).is_finite() && field.acceleration([0.0; 3]) == [-0.0; 3]);
}

#[test]
fn forces_are_gradients_and_densities_their_laplacians() {
    type D = Dual<Dual<f64, 1>, 1>;
    let [x, y, z, m] = particles();
    let field = SelfConsistentFieldFit::of_particles(&basis(1.5, 8, 6, Symmetry::None), &x, &y, &z, &m).unwrap().finish().unwrap();
    for p in [[1.0, 2.0, -0.5], [0.0, 0.0, 3.0], [-0.2, 0.1, 0.0]] {
        let mut laplacian = 0.0;
        let a = field.acceleration(p);
        for axis in 0..3 {
            let q = std::array::from_fn(|i| {
                let one = if i == axis { 1.0 } else { 0.0 };
                D { value: Dual { value: p[i], tangent: [one] }, tangent: [Dual::fixed(one)] }
            });
            let phi = field.potential(q);
            laplacian += phi.tangent[0].tangent[0];
            assert!((phi.value.tangent[0] + a[axis]).abs() < 1e-11 * dot(a, a).sqrt(), "{p:?}");
        }
        let density = laplacian / (4.0 * PI * GRAVITY_KPC_KMS2_MSUN);
        assert!((density / field.density(p) - 1.0).abs() < 1e-8, "{p:?} {density} {}", field.density(p));
    }
}

#[test]
fn bits_do_not_depend_on_order_and_bad_input_is_refused() {
    let [x, y, z, m] = particles();
    let basis = basis(1.5, 5, 3, Symmetry::Triaxial);
    let whole = SelfConsistentFieldFit::of_particles(&basis, &x, &y, &z, &m).unwrap();
    let mut parts = SelfConsistentFieldFit::new(basis.clone()).unwrap();
    let starts: Vec<usize> = (0..500).step_by(37).collect();
    for from in starts.into_iter().rev() {
        let to = (from + 37).min(500);
        let mut part = SelfConsistentFieldFit::new(basis.clone()).unwrap();
        part.add(&x[from..to], &y[from..to], &z[from..to], &m[from..to]).unwrap();
        parts.merge(&part).unwrap();
    }
    assert_eq!(whole.finish().unwrap(), parts.finish().unwrap());
    let mut fit = SelfConsistentFieldFit::new(basis.clone()).unwrap();
    assert!(fit.finish().unwrap_err().to_string().contains("no mass"));
    fit.add(&[1.0, f64::NAN], &[0.0; 2], &[0.0; 2], &[1.0; 2]).unwrap();
    assert!(fit.skipped() == 1 && fit.finish().is_ok());
    assert!(SelfConsistentField::new(basis.clone(), vec![1.0]).is_err());
    assert!(SelfConsistentFieldFit::new(Basis { radial: 0, ..basis.clone() }).is_err());
    assert!(SelfConsistentFieldFit::new(Basis { scale_kpc: -1.0, ..basis }).is_err());
}
