//! What holds for every potential: forces are gradients, Poisson's equation, masses, lanes, derivatives by parameters.
//!
//! Accuracy   tolerances stand at each check; the worst of each kind is printed
//! See also   `reference` for numbers of other programs

use std::f64::consts::PI;

use super::{Component, kinds};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::dual::Dual;
use crate::numeric::lanes::Lanes;
use crate::numeric::random::Stream;
use crate::numeric::real::Real;

/// Sets of parameters of a kind.
fn samples(kind: &str) -> Vec<Vec<f64>> {
    match kind {
        "point_mass" => vec![vec![1e10]],
        "burkert" => vec![vec![1e7, 5.0], vec![3e5, 40.0]],
        "power_law_cutoff" => vec![
            vec![4.5e9, 1.8, 1.9],
            vec![1e10, 0.0, 3.0],
            vec![1e10, 2.0, 3.0],
            vec![1e10, 2.000_001, 2.0],
            vec![1e10, 1.5, 12.0],
            vec![1e10, 2.6, 4.0],
            vec![1e10, -1.0, 4.0],
        ],
        "triaxial_nfw" => vec![vec![4e11, 16.0, 0.9, 0.8], vec![1e12, 20.0, 1.0, 1.0], vec![1e12, 20.0, 1.3, 0.6]],
        "two_power_triaxial" => vec![
            vec![4e11, 16.0, 1.0, 3.0, 0.9, 0.8],
            vec![1e11, 5.0, 1.5, 4.2, 0.7, 0.5],
            vec![1e11, 5.0, 2.0, 4.0, 1.2, 1.0],
            vec![1e10, 2.0, 0.0, 5.0, 0.8, 0.4],
            vec![1e10, 6.0, 2.6, 2.5, 1.0, 1.3],
        ],
        "exponential_disc" => vec![vec![5e10, 3.0, 0.3], vec![1e10, 2.5, 1.0], vec![1e10, 3.0, 0.0], vec![1e10, 2.0, 2.0]],
        "logarithmic" => vec![vec![220.0, 0.9, 0.0], vec![180.0, 1.0, 1.5], vec![180.0, 1.2, 0.3]],
        "einasto" => vec![vec![1e12, 20.0, 0.17], vec![1e11, 5.0, 0.5], vec![1e11, 8.0, 1.0]],
        "miyamoto_nagai" => vec![vec![6.8e10, 3.0, 0.28], vec![1e10, 0.0, 1.0], vec![1e10, 6.0, 0.1]],
        "kuzmin_kutuzov" => vec![vec![1e11, 5.0, 1.0], vec![1e11, 3.0, 3.0], vec![1e11, 1.0, 2.0]],
        "mn3_exponential" | "mn3_sech2" | "mn3_exponential_unrestricted" | "mn3_sech2_unrestricted" => {
            vec![vec![5e10, 3.0, 0.3], vec![1e10, 2.5, 1.0]]
        }
        "uniform_field" => vec![vec![3.0, -2.0, 0.5]],
        "kuzmin" => vec![vec![5e10, 3.0]],
        "long_murali_bar" => vec![vec![1e10, 3.5, 0.6, 0.4], vec![1e10, 2.0, 0.0, 1.0]],
        "spiral_arms" | "spiral_arms_sinusoidal" => {
            vec![vec![3e7, 2.0, 0.2, 8.0, 7.0, 0.3, 0.4], vec![3e7, 4.0, 0.4, 8.0, 5.0, 0.5, 0.0]]
        }
        "dehnen_bar" => vec![vec![300.0, 4.0], vec![900.0, 3.3]],
        _ => vec![vec![1e10, 3.0], vec![1e12, 20.0], vec![1e8, 0.1]],
    }
}

/// Points in all directions from the centre to far out, and some near the axes.
fn points() -> Vec<[f64; 3]> {
    let mut stream = Stream::new(5, 1, 2);
    let mut points: Vec<[f64; 3]> = (0..60)
        .map(|_| {
            let r = 10f64.powf(stream.uniform() * 4.5 - 2.0);
            stream.direction().map(|x| x * r)
        })
        .collect();
    points.extend([[8.0, 0.0, 1e-6], [0.0, 0.0, 5.0], [1e-9, 0.0, 3.1], [0.0, 7.0, 1e-9], [1e-3, 2e-3, -1e-3], [6.0, 1.0, 0.0]]);
    points
}

/// The greater one, and NaN where either is: `f64::max` would drop a deviation that is NaN, and the check would pass.
pub(super) fn greater(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// `off` as a share of `size`; 0 where nothing is off, even where the size is 0.
fn share(off: f64, size: f64) -> f64 {
    if off == 0.0 { 0.0 } else { off / size }
}

/// How much more than elsewhere a derivative of the given order may be off in a component whose quadrature is the limit.
///
/// The forces of an exponential disc are good to 1e-9. Second derivatives of a sheet go as the logarithm of the distance where its axis
/// meets it, for the surface density has a cusp there: 14 nodes give them to 1e-3 on the axis, and to 1e-7 one scale away.
fn slack(component: &Component, order: u32, [x, y, _]: [f64; 3]) -> f64 {
    if component.kind.name != "exponential_disc" {
        return 1.0;
    }
    let near_axis = x.hypot(y) < 0.2 * component.parameters()[1];
    match order {
        1 => 100.0,
        _ if near_axis => 1e5,
        _ => 10.0,
    }
}

fn each(mut check: impl FnMut(&Component) -> f64, what: &str, tolerance: f64) {
    for kind in kinds() {
        let mut worst = 0.0f64;
        for parameters in samples(kind.name) {
            let component = Component::new("one", kind.name, &parameters).unwrap();
            let found = check(&component);
            assert!(found < tolerance, "{what} of {} {parameters:?}: {found:e}", kind.name);
            worst = greater(worst, found);
        }
        eprintln!("{what:<24} {:<30} {worst:.1e}", kind.name);
    }
}

fn norm(a: [f64; 3]) -> f64 {
    a.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn plain(component: &Component) -> Vec<f64> {
    component.constants::<f64>(component.parameters())
}

#[test]
fn accelerations_are_gradients() {
    type D = Dual<f64, 3>;
    each(
        |component| {
            let constants = plain(component);
            let duals = component.constants(&component.parameters().iter().map(|p| D::constant(*p)).collect::<Vec<_>>());
            let mut worst = 0.0f64;
            for p in points() {
                // On the plane of a razor-thin disc the force is the mean of both sides.
                if component.density(p) == f64::INFINITY {
                    continue;
                }
                let a = component.acceleration(&constants, 0.3, p);
                let phi = component.potential(&duals, D::constant(0.3), std::array::from_fn(|i| D::variable(p[i], i)));
                let off = norm(std::array::from_fn(|i| a[i] + phi.tangent[i]));
                worst = greater(worst, share(off, norm(a)) / slack(component, 1, p));
            }
            worst
        },
        "gradient",
        1e-11,
    );
}

#[test]
fn the_laplacian_is_the_density() {
    type D = Dual<Dual<f64, 1>, 1>;
    each(
        |component| {
            let duals = component.constants(&component.parameters().iter().map(|p| D::constant(*p)).collect::<Vec<_>>());
            let mut worst = 0.0f64;
            for p in points() {
                let (density, mut sum, mut size) = (component.density(p), 0.0, 0.0f64);
                if !density.is_finite() {
                    continue;
                }
                for axis in 0..3 {
                    let q = std::array::from_fn(|i| {
                        let one = if i == axis { 1.0 } else { 0.0 };
                        D { value: Dual { value: p[i], tangent: [one] }, tangent: [Dual { value: one, tangent: [0.0] }] }
                    });
                    let second = component.potential(&duals, D::constant(0.0), q).tangent[0].tangent[0];
                    sum += second;
                    size = size.max(second.abs());
                }
                let off = (sum - 4.0 * PI * GRAVITY_KPC_KMS2_MSUN * density).abs() / size.max(f64::MIN_POSITIVE);
                worst = greater(worst, off / slack(component, 2, p));
            }
            worst
        },
        "Laplacian",
        1e-8,
    );
}

#[test]
fn spheres_enclose_their_mass() {
    each(
        |component| {
            if !component.kind.spherical {
                return 0.0;
            }
            let constants = plain(component);
            let mut worst = 0.0f64;
            let mass = |r: f64| -r * r * component.acceleration(&constants, 0.0, [0.0, r, 0.0])[1] / GRAVITY_KPC_KMS2_MSUN;
            for (low, high) in [(0.05, 0.3), (0.5, 2.5), (4.0, 9.0), (30.0, 70.0)] {
                let shell = |r: f64| 4.0 * PI * r * r * component.density([r * 0.6, 0.0, r * 0.8]);
                let inside = match component.kind.name {
                    // The step at the surface is no place for a quadrature.
                    "homogeneous_sphere" => {
                        let edge = component.parameters()[1];
                        let cap = |r: f64| r.min(edge);
                        4.0 * PI / 3.0 * component.density([0.0; 3]) * (cap(high).powi(3) - cap(low).powi(3))
                    }
                    _ => crate::numeric::quadrature::integrate(shell, low, high, 1e-13),
                };
                worst = greater(worst, (mass(high) - mass(low) - inside).abs() / mass(high));
            }
            worst
        },
        "mass enclosed",
        1e-11,
    );
}

#[test]
fn far_out_only_the_total_mass_counts() {
    each(
        |component| {
            let total = component.parameters()[0];
            let (far, p) = (1e6, component.kind.name);
            let endless =
                ["nfw", "triaxial_nfw", "two_power_triaxial", "burkert", "logarithmic", "dehnen_bar", "uniform_field"];
            if endless.contains(&p) || p.starts_with("spiral_arms") || p.starts_with("mn3") {
                return 0.0;
            }
            let a = component.acceleration(&plain(component), 0.0, [far, 0.0, 0.0])[0];
            (-a * far * far / GRAVITY_KPC_KMS2_MSUN / total - 1.0).abs()
        },
        "Kepler far out",
        1e-4,
    );
}

#[test]
fn each_lane_has_the_bits_of_its_own_point() {
    each(
        |component| {
            let constants = plain(component);
            let wide = component.constants(&component.parameters().iter().map(|p| Lanes::constant(*p)).collect::<Vec<_>>());
            for eight in points().chunks_exact(8) {
                let q: [Lanes; 3] = std::array::from_fn(|axis| Lanes(std::array::from_fn(|i| eight[i][axis])));
                let phi = component.potential(&wide, Lanes::constant(0.7), q);
                let a = component.acceleration(&wide, Lanes::constant(0.7), q);
                for (i, p) in eight.iter().enumerate() {
                    assert_eq!(phi.0[i].to_bits(), component.potential(&constants, 0.7, *p).to_bits(), "{} {p:?}", component.kind.name);
                    let one = component.acceleration(&constants, 0.7, *p);
                    for axis in 0..3 {
                        assert_eq!(a[axis].0[i].to_bits(), one[axis].to_bits(), "{} {p:?}", component.kind.name);
                    }
                }
            }
            0.0
        },
        "lanes",
        1e-300,
    );
}

#[test]
fn derivatives_by_parameters_are_those_of_central_differences() {
    type D = Dual<f64, 1>;
    each(
        |component| {
            let parameters = component.parameters();
            let mut worst = 0.0f64;
            for which in 0..parameters.len() {
                let h = 1e-5 * parameters[which].abs().max(0.1);
                if parameters[which] == 0.0 && component.kind.name != "power_law_cutoff" {
                    continue;
                }
                let moved = |by: f64| {
                    let mut other = parameters.to_vec();
                    other[which] += by;
                    component.constants::<f64>(&other)
                };
                let (plus, minus, here) = (moved(h), moved(-h), plain(component));
                let (plus_two, minus_two) = (moved(2.0 * h), moved(-2.0 * h));
                // Of fourth order: phases of tightly wound arms bend too much for the second.
                let central = |near: f64, far: f64| (8.0 * near - far) / (12.0 * h);
                let dual: Vec<D> =
                    parameters.iter().enumerate().map(|(i, p)| if i == which { D::variable(*p, 0) } else { D::constant(*p) }).collect();
                let dual = component.constants(&dual);
                for p in points().into_iter().filter(|p| norm(*p) > 0.05 && norm(*p) < 100.0) {
                    let q = p.map(D::constant);
                    let exact = component.potential(&dual, D::constant(0.0), q).tangent[0];
                    let phi = |c: &[f64]| component.potential(c, 0.0, p);
                    let difference = central(phi(&plus) - phi(&minus), phi(&plus_two) - phi(&minus_two));
                    let size = exact.abs() + component.potential(&here, 0.0, p).abs() / parameters[which].abs().max(0.1);
                    worst = greater(worst, share((exact - difference).abs(), size));
                    let exact = component.acceleration(&dual, D::constant(0.0), q).map(|a| a.tangent[0]);
                    let [a, b, a2, b2] = [&plus, &minus, &plus_two, &minus_two].map(|c| component.acceleration(c, 0.0, p));
                    let off = norm(std::array::from_fn(|i| exact[i] - central(a[i] - b[i], a2[i] - b2[i])));
                    let size = norm(exact) + norm(component.acceleration(&here, 0.0, p)) / parameters[which].abs().max(0.1);
                    worst = greater(worst, share(off, size));
                }
            }
            worst
        },
        "parameter gradient",
        1e-7,
    );
}

/// What `tests/peers/potentials.py` compares with other programs: a thousand points of each kind, in the file that the variable names.
#[test]
fn numbers_for_peers() {
    let Ok(path) = std::env::var("SPOLIA_PEER_POTENTIALS") else { return };
    let mut text = String::from("kind,parameters,x,y,z,potential,ax,ay,az,density\n");
    let mut stream = Stream::new(7, 1, 2);
    for kind in kinds() {
        for parameters in samples(kind.name) {
            let component = Component::new("one", kind.name, &parameters).unwrap();
            let constants = plain(&component);
            let list = parameters.iter().map(|p| format!("{p:?}")).collect::<Vec<_>>().join(";");
            for _ in 0..1000 {
                let r = 10f64.powf(stream.uniform() * 3.0 - 1.0);
                let p = stream.direction().map(|x| x * r);
                let (phi, a) = (component.potential(&constants, 0.0, p), component.acceleration(&constants, 0.0, p));
                let numbers = [p[0], p[1], p[2], phi, a[0], a[1], a[2], component.density(p)].map(|x| format!("{x:?}"));
                text += &format!("{},{list},{}\n", kind.name, numbers.join(","));
            }
        }
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn the_origin_and_far_away_are_finite() {
    each(
        |component| {
            let constants = plain(component);
            for p in [[0.0; 3], [1e8, -1e8, 1e7], [1e-12, 0.0, 0.0]] {
                let (phi, a) = (component.potential(&constants, 0.0, p), component.acceleration(&constants, 0.0, p));
                assert!(phi.is_finite() && a.iter().all(|x| x.is_finite()), "{} {p:?}: {phi} {a:?}", component.kind.name);
            }
            0.0
        },
        "ends",
        1e-300,
    );
}
