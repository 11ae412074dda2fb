//! Actions, angles and frequencies in any spherical potential, one star or eight at once.
//!
//! Formula    J_r = 1/pi int sqrt(F) ds, s = ln r, F = 2 (E - Phi) r^2 - L^2; J_z = L - |L_z|; T_r = 2 int r^2/sqrt(F) ds,
//!            Omega_z T_r = 2 int L/sqrt(F) ds; angles by the same integrals from the pericentre to the star
//! Units      kpc, km/s; actions kpc km/s, angles rad in [0, 2 pi), frequencies km/s/kpc
//! Source     Binney & Tremaine 2008, section 3.5.2, eqs. 3.217 to 3.230
//! Accuracy   midpoint rule in the phase t of s = middle + half sin t (Gauss-Chebyshev of the second kind in s): actions 1e-12,
//!            frequencies and angles 1e-11 for eccentricities above 1e-3; 1e-8 in frequencies below (test)
//! Edge cases E >= 0 gives NaN; circular: J_r = 0 with the epicyclic frequency; L = 0: the azimuthal frequency is not known, it says 0;
//!            the vertical angle of a planar orbit and the radial one of a circular orbit are 0 at the star; NaN in, NaN out
//! Cost       some 70 potentials a star, 110 with angles; radial orbits up to 500 more
//! See also   `isochrone` for a closed form, `staeckel`

use std::f64::consts::{FRAC_PI_2, PI};

use super::isochrone::Angles;
use super::staeckel::{Actions, Frequencies};
use crate::numeric::angle::{atan2, wrap};
use crate::numeric::dual::Dual;
use crate::numeric::quadrature::gauss_legendre;
use crate::numeric::real::dot;
use crate::numeric::together::{Masked, root};
use crate::orbits::field::Field;
use crate::orbits::integrate::State;

/// Nodes of the quadratures, more of them for wider orbits.
#[derive(Clone, Debug)]
pub struct SphericalNodes {
    classes: Vec<Class>,
    escape_energy: f64,
}

#[derive(Clone, Debug)]
struct Class {
    /// Half of ln(r_apo/r_peri) above which and up to which it serves.
    from: f64,
    to: f64,
    /// sin t, and cos t times the weight, that sums up to the mean.
    whole: Vec<(f64, f64)>,
    /// Nodes on [0, 1] and weights of the integral up to the star.
    partial: Vec<(f64, f64)>,
}

/// For each class: greatest half width in ln r, nodes of a half period, nodes up to the star.
const CLASSES: [(f64, usize, usize); 3] = [(1.5, 40, 32), (5.0, 100, 80), (f64::INFINITY, 500, 300)];

impl Default for SphericalNodes {
    fn default() -> Self {
        let mut from = -1.0;
        let classes = CLASSES
            .iter()
            .map(|&(to, count, up_to_star)| {
                let (nodes, weights) = gauss_legendre(up_to_star);
                let class = Class {
                    from,
                    to,
                    whole: (0..count)
                        .map(|k| {
                            let (sin, cos) = (PI * (k as f64 + 0.5) / count as f64 - FRAC_PI_2).sin_cos();
                            (sin, cos * PI / count as f64)
                        })
                        .collect(),
                    partial: nodes.iter().zip(&weights).map(|(x, w)| (0.5 + 0.5 * x, 0.5 * w)).collect(),
                };
                from = to;
                class
            })
            .collect();
        SphericalNodes { classes, escape_energy: 0.0 }
    }
}

impl SphericalNodes {
    /// With another escape energy \[(km/s)^2\]: infinite for potentials without escape.
    pub fn with_escape_energy(self, escape_energy: f64) -> SphericalNodes {
        SphericalNodes { escape_energy, ..self }
    }
}

/// All of one star, or of eight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SphericalOrbit<T> {
    /// Actions.
    pub actions: Actions<T>,
    /// Frequencies.
    pub frequencies: Frequencies<T>,
    /// Angles; NaN where they were not asked for.
    pub angles: Angles<T>,
    /// Energy \[(km/s)^2\].
    pub energy: T,
    /// Pericentre \[kpc\].
    pub pericentre: T,
    /// Apocentre \[kpc\].
    pub apocentre: T,
    /// Eccentricity of the two.
    pub eccentricity: T,
    /// Greatest height \[kpc\].
    pub z_max: T,
}

/// A star at a turning point looks this far for the inside of its orbit, in ln r.
const NEIGHBOUR: f64 = 1e-6;
/// Pericentres closer than e to the power of minus this are this: what is left out of Kepler's J_r is 1e-13.
const DEEPEST: f64 = 60.0;
/// First stride outwards in ln r, doubled until it is outside: 2^12 of it is beyond any number.
const STRIDE: f64 = 0.25;
const MOST_DOUBLINGS: usize = 13;
/// Half widths in ln r below have the frequencies of epicycles: rounding makes the integrals' as wrong as these are.
const EPICYCLE: f64 = 1e-4;

/// Integrals of one radial passage: sqrt(F), r^2/sqrt(F) and L/sqrt(F) over ln r.
#[derive(Clone, Copy)]
struct Passage<T> {
    action: T,
    time: T,
    turn: T,
}

/// Actions and frequencies, and `with_angles` the angles, in a field that is spherical around the origin.
#[inline(always)]
pub fn spherical<T: Masked, F: Field<T> + Field<Dual<T, 1>> + ?Sized>(
    field: &F,
    star: &State<T>,
    nodes: &SphericalNodes,
    with_angles: bool,
) -> SphericalOrbit<T> {
    let (zero, one) = (T::constant(0.0), T::constant(1.0));
    let unknown = T::constant(f64::NAN);
    let [x, y, _] = star.position;
    let radius = dot(star.position, star.position).sqrt();
    let [lx, ly, lz] = star.angular_momentum();
    let across2 = lx * lx + ly * ly;
    let l2 = across2 + lz * lz;
    let l = l2.sqrt();
    let energy = dot(star.velocity, star.velocity) * 0.5 + Field::<T>::potential(field, zero, [radius, zero, zero]);
    let square = |s: T| {
        let r = s.exp();
        (energy - Field::<T>::potential(field, zero, [r, zero, zero])) * 2.0 * r.square() - l2
    };

    // Turning points in ln r.
    let here = radius.ln();
    let (below, above) = (here - NEIGHBOUR, here + NEIGHBOUR);
    let (at, left, right) = (square(here), square(below), square(above));
    let start = T::choose(at.less(left), below, here);
    let start = T::choose(at.max(left).less(right), above, start);
    let moves = T::both(zero.less(square(start)), energy.less(T::constant(nodes.escape_energy)));
    let low = root(square, start, start - DEEPEST);
    let (mut far, mut stride) = (start, T::constant(STRIDE));
    for _ in 0..MOST_DOUBLINGS {
        let on = T::both(moves, zero.less(square(far)));
        if !T::any(on) {
            break;
        }
        far = T::choose(on, far + stride, far);
        stride = T::choose(on, stride * 2.0, stride);
    }
    let high = root(|s| square(s) / ((s - start) * 2.0).exp(), start, far);
    let (low, high) = (T::choose(moves, low, here), T::choose(moves, high, here));
    let (middle, half) = ((low + high) * 0.5, (high - low) * 0.5);

    let mut whole = Passage { action: zero, time: zero, turn: zero };
    let mut part = whole;
    // Phase of the star, from the roots of the distances to both turning points, so that it is good near either.
    let phase = atan2((here - low).max(zero).sqrt(), (high - here).max(zero).sqrt()) * 2.0;
    for class in &nodes.classes {
        let mine = T::both(T::constant(class.from).less(half), half.less(T::constant(class.to)));
        if !T::any(mine) {
            continue;
        }
        let mut sum = Passage { action: zero, time: zero, turn: zero };
        for &(sin, weight) in &class.whole {
            let s = middle + half * sin;
            let p = square(s).max(zero).sqrt();
            let measure = half * weight;
            sum.action += measure * p;
            let slow = measure / p;
            sum.time += slow * (s * 2.0).exp();
            sum.turn += slow;
        }
        whole.action = T::choose(mine, sum.action, whole.action);
        whole.time = T::choose(mine, sum.time, whole.time);
        whole.turn = T::choose(mine, sum.turn * l, whole.turn);
        if with_angles {
            let (mut time, mut turn) = (zero, zero);
            for &(node, weight) in &class.partial {
                let (sin, cos) = (phase * (node * 0.5)).sin_cos();
                // s - low = 2 half sin^2(t/2), ds = 2 half sin(t/2) cos(t/2) dt.
                let s = low + half * 2.0 * sin.square();
                let slow = half * sin * cos * 2.0 * phase * weight / square(s).max(zero).sqrt();
                time += slow * (s * 2.0).exp();
                turn += slow;
            }
            part.time = T::choose(mine, time, part.time);
            part.turn = T::choose(mine, turn * l, part.turn);
        }
    }

    // Epicycles for what is too round to integrate.
    let round = half.less(T::constant(EPICYCLE));
    let centre = middle.exp();
    let pull = field.acceleration(Dual::fixed(zero), [Dual::variable(centre, 0), Dual::fixed(zero), Dual::fixed(zero)])[0];
    let turning = -pull.value / centre;
    let epicycle = (turning * 3.0 - pull.tangent[0]).sqrt();
    let bound = energy.less(T::constant(nodes.escape_energy));
    let known = |v: T| T::choose(bound, v, unknown);
    let omega_r = known(T::choose(round, epicycle, T::constant(PI) / whole.time));
    let omega_z = known(T::choose(round, turning.sqrt(), whole.turn / whole.time));
    let retrograde = lz.less(zero);
    let sign = T::choose(retrograde, -one, one);

    let mut angles = Angles { radial: unknown, azimuthal: unknown, vertical: unknown };
    if with_angles {
        let inwards = dot(star.position, star.velocity).less(zero);
        let moving = |full: T, part: T| T::choose(round, zero, T::choose(inwards, full * 2.0 - part, part));
        let (time, turn) = (moving(whole.time, part.time), moving(whole.turn, part.turn));
        // In the plane of the orbit from the ascending node, and the node itself.
        let across = across2.sqrt();
        let tilted = zero.less(across);
        let node = [-ly / across, lx / across, zero];
        let along = [-lz * node[1] / l, lz * node[0] / l, across / l];
        let in_plane = T::choose(tilted, atan2(dot(star.position, along), dot(star.position, node)), sign * atan2(y, x));
        let node_angle = T::choose(tilted, atan2(node[1], node[0]), zero);
        let vertical = in_plane + omega_z * time - turn;
        angles = Angles {
            radial: known(wrap(omega_r * time)),
            azimuthal: known(wrap(node_angle + sign * vertical)),
            vertical: known(wrap(vertical)),
        };
    }
    // r_apo/r_peri - 1.
    let apart = (half * 2.0).exp_m1();
    let (pericentre, apocentre) = (known(low.exp()), known(high.exp()));
    SphericalOrbit {
        actions: Actions { radial: known(whole.action / PI), azimuthal: lz, vertical: known(across2 / (l + lz.abs())) },
        frequencies: Frequencies { radial: omega_r, azimuthal: sign * omega_z, vertical: omega_z },
        angles,
        energy,
        pericentre,
        apocentre,
        eccentricity: known(apart / (apart + 2.0)),
        z_max: known(apocentre * (across2 / l2).sqrt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::GRAVITY_KPC_KMS2_MSUN;
    use crate::numeric::lanes::Lanes;
    use crate::numeric::random::Stream;
    use crate::orbits::actions::isochrone::Isochrone;
    use crate::orbits::field::{Gravity, sample::Kepler};
    use crate::orbits::potential::{Component, Potential};

    fn model(kind: &str, parameters: &[f64]) -> Potential {
        Potential { components: vec![Component::new("halo", kind, parameters).unwrap()] }
    }

    fn turn(a: f64, b: f64) -> f64 {
        let d = (a - b).rem_euclid(std::f64::consts::TAU);
        d.min(std::f64::consts::TAU - d)
    }

    #[test]
    fn isochrone_spheres_have_their_closed_forms() {
        let potential = model("isochrone", &[1e11, 3.0]);
        let field = Gravity::new(&potential);
        let exact = Isochrone { gravity: GRAVITY_KPC_KMS2_MSUN * 1e11, scale_kpc: 3.0 };
        let mut stream = Stream::new(3, 1, 4);
        let mut worst = [0.0f64; 3];
        let mut count = 0;
        let mut block = Vec::new();
        while count < 400 {
            let w: [f64; 6] = std::array::from_fn(|i| if i < 3 { 6.0 } else { 110.0 } * stream.normal());
            let star = State::from_array(w);
            let expected = exact.action_angle(&star);
            let energy = 0.5 * dot(star.velocity, star.velocity) + exact.potential(dot(star.position, star.position).sqrt());
            if energy > exact.potential(30.0) {
                continue;
            }
            count += 1;
            block.push(w);
            let found = spherical::<f64, _>(&field, &star, &SphericalNodes::default(), true);
            let total = expected.actions.radial + expected.actions.vertical + expected.actions.azimuthal.abs();
            let (a, b) = (&found, &expected);
            worst[0] = worst[0]
                .max((a.actions.radial - b.actions.radial).abs() / total)
                .max((a.actions.vertical - b.actions.vertical).abs() / total);
            worst[1] = worst[1]
                .max((a.frequencies.radial / b.frequencies.radial - 1.0).abs())
                .max((a.frequencies.azimuthal / b.frequencies.azimuthal - 1.0).abs());
            worst[2] = worst[2]
                .max(turn(a.angles.radial, b.angles.radial))
                .max(turn(a.angles.azimuthal, b.angles.azimuthal))
                .max(turn(a.angles.vertical, b.angles.vertical));
        }
        println!("isochrone: actions {:e}, frequencies {:e}, angles {:e}", worst[0], worst[1], worst[2]);
        assert!(worst[0] < 1e-12 && worst[1] < 1e-10 && worst[2] < 1e-9, "{worst:?}");
        // Eight at once have the bits of one.
        let lanes: State<Lanes> = State::from_array(std::array::from_fn(|i| Lanes(std::array::from_fn(|k| block[k][i]))));
        let all = spherical::<Lanes, _>(&field, &lanes, &SphericalNodes::default(), true);
        for k in 0..8 {
            let one = spherical::<f64, _>(&field, &State::from_array(block[k]), &SphericalNodes::default(), true);
            assert_eq!(
                (all.actions.radial.0[k], all.angles.azimuthal.0[k], all.eccentricity.0[k]),
                (one.actions.radial, one.angles.azimuthal, one.eccentricity)
            );
        }
    }

    #[test]
    fn galpy_in_a_navarro_frenk_white_halo() {
        // galpy 1.12.1 actionAngleSpherical.actionsFreqsAngles by adaptive quadrature: J, Omega, theta at (R, v_R, v_phi, z, v_z, phi).
        let reference: [([f64; 6], [f64; 9]); 4] = [
            (
                [8.0, 10.0, 220.0, 0.5, 15.0, 0.3],
                [
                    363.6055476291765,
                    1760.0,
                    7.179956880453311,
                    14.850176282348606,
                    9.45655259819743,
                    9.45655259819743,
                    0.04083436775813914,
                    0.2522161946505919,
                    0.7153957927213106,
                ],
            ),
            (
                [12.0, -60.0, 150.0, 3.0, 40.0, 2.0],
                [
                    83.47138333545966,
                    1800.0,
                    169.28921187315697,
                    15.975879523943838,
                    10.364865838961357,
                    10.364865838961357,
                    5.41828407508477,
                    2.3094667960981723,
                    0.9078856895767093,
                ],
            ),
            (
                [5.0, 120.0, 20.0, -4.0, -60.0, 4.0],
                [
                    388.66603454824855,
                    100.0,
                    120.90722034422524,
                    29.940617429165616,
                    16.60489919757927,
                    16.60489919757927,
                    1.078912461688906,
                    2.6849194671690135,
                    4.5498804447693715,
                ],
            ),
            (
                [20.0, 30.0, -100.0, 6.0, 10.0, 1.0],
                [
                    239.26870112853274,
                    -2000.0,
                    88.15708221388346,
                    14.159618542862875,
                    -9.174114451127974,
                    9.174114451127974,
                    2.4930702986710935,
                    1.2091792901467224,
                    1.3282960407699766,
                ],
            ),
        ];
        let potential = model("nfw", &[436_833_250_000.0, 16.0]);
        let field = Gravity::new(&potential);
        for ([r, v_r, v_phi, z, v_z, phi], expected) in reference {
            let (s, c) = phi.sin_cos();
            let star = State::from_array([r * c, r * s, z, v_r * c - v_phi * s, v_r * s + v_phi * c, v_z]);
            let all = spherical::<f64, _>(&field, &star, &SphericalNodes::default(), true);
            let (j, o, a) = (all.actions, all.frequencies, all.angles);
            let found = [j.radial, j.azimuthal, j.vertical, o.radial, o.azimuthal, o.vertical, a.radial, a.azimuthal, a.vertical];
            for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                println!("{i}: {found} {:e}", found / expected - 1.0);
                assert!((found / expected - 1.0).abs() < if i < 3 { 1e-8 } else { 1e-7 }, "{i}: {found} {expected}");
            }
        }
    }

    #[test]
    fn kepler_radial_circular_and_unbound() {
        let nodes = SphericalNodes::default();
        // a = 1: J_r = 1 - L. From apocentre with L = 1e-4 and with none.
        for l in [0.7f64, 1e-2, 1e-4, 0.0] {
            let e = (1.0 - l * l).sqrt();
            let found = spherical::<f64, _>(&Kepler, &State::from_array([1.0 + e, 0.0, 0.0, 0.0, l / (1.0 + e), 0.0]), &nodes, false);
            assert!((found.actions.radial - (1.0 - l)).abs() < 1e-11, "{l}: {}", found.actions.radial - 1.0 + l);
            assert!((found.frequencies.radial - 1.0).abs() < 1e-9, "{l}: {}", found.frequencies.radial);
            assert!((found.pericentre - (1.0 - e)).abs() < 1e-10 && (found.eccentricity - e).abs() < 1e-12);
        }
        for e in [0.0, 1e-9, 1e-5] {
            let round = spherical::<f64, _>(
                &Kepler,
                &State::from_array([1.0 - e, 0.0, 0.0, 0.0, ((1.0 + e) / (1.0 - e)).sqrt(), 0.0]),
                &nodes,
                true,
            );
            assert!((round.frequencies.radial - 1.0).abs() < 1e-8 && (round.frequencies.azimuthal - 1.0).abs() < 1e-8, "{e}: {round:?}");
            assert!(round.actions.radial.abs() < 1e-9 && round.actions.vertical == 0.0, "{e}: {round:?}");
        }
        let away = spherical::<f64, _>(&Kepler, &State::from_array([1.0, 0.0, 0.0, 0.0, 1.5, 0.0]), &nodes, true);
        assert!(away.actions.radial.is_nan() && away.apocentre.is_nan() && away.actions.azimuthal == 1.5);
        let nothing = spherical::<f64, _>(&Kepler, &State::from_array([f64::NAN; 6]), &nodes, true);
        assert!(nothing.actions.radial.is_nan() && nothing.angles.radial.is_nan());
        // The logarithmic sphere has no escape: actions scale with r.
        let log = model("logarithmic", &[200.0, 1.0, 0.0]);
        let field = Gravity::new(&log);
        let free = nodes.with_escape_energy(f64::INFINITY);
        let one = spherical::<f64, _>(&field, &State::from_array([5.0, 0.0, 1.0, 30.0, 150.0, 20.0]), &free, false);
        let two = spherical::<f64, _>(&field, &State::from_array([10.0, 0.0, 2.0, 30.0, 150.0, 20.0]), &free, false);
        assert!((two.actions.radial / one.actions.radial - 2.0).abs() < 1e-12 && (two.apocentre / one.apocentre - 2.0).abs() < 1e-12);
    }
}
