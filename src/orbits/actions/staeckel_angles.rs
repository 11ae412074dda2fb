//! Angles of the Staeckel fudge: the generating function's derivatives by the actions, at the star.
//!
//! Formula    theta_i = dW/dJ_i, W = int p_u du + int p_v dv + L_z phi: its derivatives by E, L_z and I up to the star, times the inverse
//!            of the derivatives of the actions by these
//! Units      kpc, km/s; angles rad in [0, 2 pi)
//! Source     Binney & Tremaine 2008, section 3.5.3; Sanders 2012, MNRAS 426, 128, section 2.3
//! Accuracy   1e-9 in Kuzmin-Kutuzov, 1e-8 at turning points themselves; elsewhere that of the fudge
//! Edge cases NaN for unbound stars, for the radial angle of circular orbits and the vertical one of planar ones, which do not exist
//! Cost       those of the actions and 2 x 48 potentials more
//! See also   `staeckel`

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, PI};

use super::isochrone::Angles;
use super::staeckel::{Axis, Cylindrical, Fudge, Integral, Nodes, STILL, from_x, solve};
use crate::numeric::angle::{asin, atan2, wrap};
use crate::numeric::quadrature::gauss_legendre;
use crate::numeric::together::Masked;
use crate::orbits::field::Field;

/// Nodes up to the star.
const COUNT: usize = 48;

/// Nodes of the integrals up to the star: on [0, 1], with weights.
#[derive(Clone, Debug)]
pub struct AngleNodes(Vec<(f64, f64)>);

impl Default for AngleNodes {
    fn default() -> Self {
        let (nodes, weights) = gauss_legendre(COUNT);
        AngleNodes(nodes.iter().zip(&weights).map(|(x, w)| (0.5 + 0.5 * x, 0.5 * w)).collect())
    }
}

/// Actions and angles of one star or eight, x, y, z \[kpc\], vx, vy, vz \[km/s\], for focal lengths `delta` \[kpc\] above 0.
#[inline(always)]
pub fn fudge_with_angles<T: Masked, F: Field<T> + ?Sized>(
    field: &F,
    star: [T; 6],
    delta: T,
    nodes: &Nodes,
    up_to_star: &AngleNodes,
) -> (Fudge<T>, Angles<T>) {
    let (found, angles, _) = with_angles(field, star, delta, nodes, up_to_star, Axis::Treated);
    (found, angles)
}

/// The same, and 1 for each star that comes near the axis.
#[inline(always)]
pub(super) fn with_angles<T: Masked, F: Field<T> + ?Sized>(
    field: &F,
    star: [T; 6],
    delta: T,
    nodes: &Nodes,
    up_to_star: &AngleNodes,
    axis: Axis,
) -> (Fudge<T>, Angles<T>, T) {
    let place = Cylindrical::from_cartesian(star);
    let all = solve(field, &place, delta, nodes, axis);
    let zero = T::constant(0.0);
    let a = &all.star;

    // u: ln q = first + width sin^2(t/2), from the inner end.
    let (first, width) = (all.low.ln(), all.high.ln() - all.low.ln());
    let rise = a.q.ln() - first;
    let phase = atan2(rise.max(zero).sqrt(), (width - rise).max(zero).sqrt()) * 2.0;
    let mut u = Integral::<T>::nothing();
    for &(node, weight) in &up_to_star.0 {
        let (sin, cos) = (phase * (0.5 * node)).sin_cos();
        let q = (first + width * sin.square()).exp();
        let q2 = q * q;
        let slow = width * sin * cos * phase * weight / ((q2 + 1.0) * a.square_u(field, q).max(zero)).sqrt();
        u.by_energy += slow * q2 * q2;
        u.by_lz += slow;
        u.by_integral += slow * q2;
    }
    let turns = ((all.high + all.low) * (0.5 * STILL)).less(all.high - all.low);
    u = Integral::choose(turns, u, Integral::nothing());
    // v: atanh c = x_top sin t from the plane, nodes closer near it.
    let x = ((a.c + 1.0) / (-a.c + 1.0)).ln() * 0.5;
    let phase = asin(x / all.x_top);
    let mut v = Integral::<T>::nothing();
    for &(node, weight) in &up_to_star.0 {
        let (sin, cos) = (phase * (node * node)).sin_cos();
        let (c, s) = from_x(all.x_top * sin);
        let s2 = s * s;
        let slow = all.x_top * cos * phase * (2.0 * node * weight) / a.square_v_of(field, c * c, s2).max(zero).sqrt();
        v.by_energy += slow * s2 * s2;
        v.by_lz += slow;
        v.by_integral += slow * s2;
    }
    // In the plane there is no way from it.
    let rises = T::constant(STILL).less(all.top);
    v = Integral::choose(rises, v, Integral::nothing());
    let slope = delta * FRAC_1_SQRT_2;
    let fall = -(place.r * place.v_phi) / delta * FRAC_1_SQRT_2;
    // Inwards and downwards the way is the whole one without what is left of it.
    let (inwards, down) = (a.p_u.less(zero), zero.less(a.p_v));
    let along_u = |whole: T, part: T| T::choose(inwards, whole * (2.0 * PI) - part, part);
    let along_v = |whole: T, part: T| {
        let part = part * a.side;
        T::choose(down, whole * (2.0 * FRAC_PI_2) - part, part)
    };
    let by_energy = along_u(all.u.by_energy, u.by_energy * slope) + along_v(all.v.by_energy, v.by_energy * slope);
    let by_lz = along_u(all.u.by_lz, u.by_lz * fall) + along_v(all.v.by_lz, v.by_lz * fall);
    let by_integral = along_u(all.u.by_integral, u.by_integral * -slope) + along_v(all.v.by_integral, v.by_integral * slope);

    let found = all.fudge(&place);
    let (wu, wv) = (&all.u, &all.v);
    let angle = |omega: T, integral: T, rest: T| all.known(wrap(omega * by_energy + integral / all.determinant * by_integral + rest));
    let azimuth = atan2(star[1], star[0]);
    let angles = Angles {
        radial: T::choose(turns, angle(found.frequencies.radial, -wv.by_energy, zero), T::constant(f64::NAN)),
        azimuthal: angle(found.frequencies.azimuthal, wv.by_energy * wu.by_lz - wu.by_energy * wv.by_lz, by_lz + azimuth),
        vertical: T::choose(rises, angle(found.frequencies.vertical, wu.by_energy, zero), T::constant(f64::NAN)),
    };
    (found, angles, all.near_axis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::lanes::Lanes;
    use crate::numeric::real::Real;
    use crate::orbits::actions::staeckel::tests::KuzminKutuzov;
    use crate::orbits::field::sample::MilkyWay;
    use crate::orbits::integrate::{Adaptive, State, Tolerance, integrate};
    use std::f64::consts::TAU;

    fn turn(a: f64) -> f64 {
        let d = a.rem_euclid(TAU);
        d.min(TAU - d)
    }

    #[test]
    fn planar_orbits_have_the_radial_angle_of_those_near_the_plane_and_no_vertical_one() {
        let field = MilkyWay::default();
        let (nodes, up) = (Nodes::default(), AngleNodes::default());
        for v_x in [-30.0, 0.0, 1.0, 60.0] {
            let of = |z: f64| fudge_with_angles(&field, [8.0, 3.0, z, v_x, 170.0, 0.0], 3.0, &nodes, &up).1;
            let (planar, near) = (of(0.0), of(1e-3));
            assert!(turn(planar.radial - near.radial) < 1e-4 && turn(planar.azimuthal - near.azimuthal) < 1e-4, "{planar:?} {near:?}");
            assert!(planar.vertical.is_nan() && near.vertical.is_finite(), "{planar:?} {near:?}");
        }
        // Frequencies are those of the orbits next to it, in the plane and on the circle.
        let of = |z: f64, v_x: f64| fudge_with_angles(&field, [8.0, 0.0, z, v_x, 200.0, 0.0], 3.0, &nodes, &up).0.frequencies;
        let (planar, near) = (of(0.0, 20.0), of(1e-3, 20.0));
        let off = |a: f64, b: f64| (a / b - 1.0).abs();
        assert!(off(planar.radial, near.radial) < 1e-5 && off(planar.vertical, near.vertical) < 1e-4, "{planar:?} {near:?}");
        let speed = crate::orbits::summary::circular_speed_squared(&field, 8.0).sqrt();
        let of = |v_x: f64| fudge_with_angles(&field, [8.0, 0.0, 0.0, v_x, speed, 0.0], 3.0, &nodes, &up);
        let ((circle, angles), (near, _)) = (of(0.0), of(0.05));
        assert!(off(circle.frequencies.radial, near.frequencies.radial) < 1e-5, "{circle:?} {near:?}");
        assert!(off(circle.frequencies.azimuthal, speed / 8.0) < 1e-6 && angles.radial.is_nan() && angles.azimuthal.abs() < 1e-9);
    }

    #[test]
    fn angles_run_evenly_along_orbits_of_kuzmin_and_kutuzov() {
        let tolerance = Tolerance { relative: 1e-13, position_kpc: 1e-14, velocity_kms: 1e-14, ..Default::default() };
        let (nodes, up) = (Nodes::new(64, 64, Default::default()), AngleNodes::default());
        let mut worst = 0.0f64;
        for start in [[1.0, 0.2, 0.05, 0.1, 0.9, 0.2], [0.9, -0.8, 0.3, -0.3, -0.4, 0.3], [0.3, 1.4, -0.6, 0.2, 0.05, 0.4]] {
            let times: Vec<f64> = (1..=60).map(|k| 0.37 * f64::from(k)).collect();
            let path = integrate(&KuzminKutuzov, Adaptive::Dop853, &tolerance, 0.0, State::from_array(start), &times, None).unwrap();
            let of = |w: [f64; 6]| fudge_with_angles(&KuzminKutuzov, w, 1.0, &nodes, &up);
            let (first, zero) = of(start);
            for (time, state) in times.iter().zip(&path.states) {
                let (here, angles) = of(state.to_array());
                assert!((here.actions.radial / first.actions.radial - 1.0).abs() < 1e-9);
                let f = first.frequencies;
                for (theta, begin, omega) in [
                    (angles.radial, zero.radial, f.radial),
                    (angles.azimuthal, zero.azimuthal, f.azimuthal),
                    (angles.vertical, zero.vertical, f.vertical),
                ] {
                    worst = worst.max(turn(theta - begin - omega * time));
                }
            }
        }
        println!("angles off theta_0 + Omega t by {worst:e}");
        assert!(worst < 1e-7, "{worst:e}");
    }

    #[test]
    fn galpy_in_the_milky_way_and_lanes() {
        // galpy 1.12.1 actionAngleStaeckel(c=True, order=200), delta = 3.2 kpc: angles at (R, v_R, v_phi, z, v_z, phi).
        let reference = [
            ([8.0, 10.0, 220.0, 0.5, 15.0, 0.3], [1.2401951241145512, 0.24620277662572237, 0.9588722328536683]),
            ([12.0, -60.0, 150.0, 3.0, 40.0, 2.0], [4.093128265958111, 2.314918321771608, 1.0432474798563671]),
            ([9.0, 60.0, -180.0, -2.0, -50.0, 4.0], [1.6657091427387223, 4.355837804202013, 3.643939303625188]),
        ];
        let mut all: [[f64; 6]; 8] = [[f64::NAN; 6]; 8];
        for (i, ([r, v_r, v_phi, z, v_z, phi], expected)) in reference.into_iter().enumerate() {
            let (s, c) = f64::sin_cos(phi);
            let w = [r * c, r * s, z, v_r * c - v_phi * s, v_r * s + v_phi * c, v_z];
            let (_, a) = fudge_with_angles(&MilkyWay::default(), w, 3.2, &Nodes::default(), &AngleNodes::default());
            println!("{a:?} {expected:?}");
            for (found, expected) in [a.radial, a.azimuthal, a.vertical].iter().zip(expected) {
                assert!(turn(found - expected) < 1e-5, "{found} {expected}");
            }
            all[2 * i] = w;
        }
        let lanes = std::array::from_fn(|k| Lanes(std::array::from_fn(|i| all[i][k])));
        let (_, eight) = fudge_with_angles(&MilkyWay::default(), lanes, Lanes::constant(3.2), &Nodes::default(), &AngleNodes::default());
        for i in [0, 2, 4] {
            let (_, one) = fudge_with_angles(&MilkyWay::default(), all[i], 3.2, &Nodes::default(), &AngleNodes::default());
            assert_eq!((eight.radial.0[i], eight.azimuthal.0[i], eight.vertical.0[i]), (one.radial, one.azimuthal, one.vertical));
        }
        assert!(eight.radial.0[1].is_nan());
    }
}
