//! Actions, angles and frequencies in Henon's isochrone, exactly.
//!
//! Formula    Phi = -G M/(b + sqrt(b^2 + r^2)); J_r = G M/sqrt(-2E) - (L + sqrt(L^2 + 4 G M b))/2, J_z = L - |L_z|
//!            Omega_r = (-2E)^(3/2)/(G M), Omega_z = (1 + L/sqrt(L^2 + 4 G M b)) Omega_r/2, Omega_phi = +-Omega_z
//! Units      G M in kpc (km/s)^2, b in kpc; actions kpc km/s, angles rad in [0, 2 pi), frequencies km/s/kpc
//! Source     Henon 1959, Ann. Astrophys. 22, 126; Binney & Tremaine 2008, section 3.5.2, eqs. 3.225 to 3.242
//! Accuracy   1e-13 against galpy 1.12.1
//! Edge cases E >= 0 gives NaN; the vertical angle of a planar orbit and the radial one of a circular orbit are 0 at the star
//! See also   `staeckel`

use std::f64::consts::TAU;

use super::{Actions, Frequencies};
use crate::numeric::real::dot;
use crate::orbits::integrate::State;

/// The potential.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Isochrone {
    /// G M \[kpc (km/s)^2\].
    pub gravity: f64,
    /// b \[kpc\].
    pub scale_kpc: f64,
}

/// Angles of the three actions \[rad\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Angles<T> {
    /// From pericentre.
    pub radial: T,
    /// Azimuth, without the epicycles.
    pub azimuthal: T,
    /// From the ascending node.
    pub vertical: T,
}

/// Angles, actions and frequencies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActionAngle {
    /// Actions.
    pub actions: Actions<f64>,
    /// Frequencies.
    pub frequencies: Frequencies<f64>,
    /// Angles.
    pub angles: Angles<f64>,
}

impl Isochrone {
    /// Potential \[(km/s)^2\] at a radius \[kpc\].
    pub fn potential(&self, radius: f64) -> f64 {
        -self.gravity / (self.scale_kpc + radius.hypot(self.scale_kpc))
    }

    /// All of one star.
    pub fn action_angle(&self, star: &State<f64>) -> ActionAngle {
        let (gm, b) = (self.gravity, self.scale_kpc);
        let [x, y, _] = star.position;
        let radius = dot(star.position, star.position).sqrt();
        let [lx, ly, lz] = star.angular_momentum();
        let l = lx.hypot(ly).hypot(lz);
        let energy = 0.5 * dot(star.velocity, star.velocity) + self.potential(radius);
        if !(energy < 0.0) {
            let n = f64::NAN;
            return ActionAngle {
                actions: Actions { radial: n, azimuthal: lz, vertical: n },
                frequencies: Frequencies { radial: n, azimuthal: n, vertical: n },
                angles: Angles { radial: n, azimuthal: n, vertical: n },
            };
        }
        let depth = (-2.0 * energy).sqrt();
        let root = (l * l + 4.0 * gm * b).sqrt();
        let radial = (gm / depth - 0.5 * (l + root)).max(0.0);
        let omega_r = depth.powi(3) / gm;
        let omega_z = 0.5 * (1.0 + l / root) * omega_r;
        let sign = if lz < 0.0 { -1.0 } else { 1.0 };

        // Eccentric anomaly: e cos eta and e sin eta from the place and from the velocity, so that e = 0 has one.
        let c = gm / (depth * depth) - b;
        let (e_cos, e_sin) = if b > 0.0 {
            let s = 1.0 + (radius / b).hypot(1.0);
            (1.0 - (s - 2.0) * b / c, dot(star.position, star.velocity) / (gm * (b + c)).sqrt() * ((b + c) / c))
        } else {
            (1.0 - radius / c, dot(star.position, star.velocity) / (gm * c).sqrt())
        };
        let eta = e_sin.atan2(e_cos);
        let e = (1.0 - l * l / (gm * c) * (1.0 + b / c)).max(0.0).sqrt();
        let theta_r = eta - e * c / (c + b) * eta.sin();

        // Angle in the plane of the orbit from the ascending node, and the node itself.
        let across = lx.hypot(ly);
        let (node, in_plane) = if across > 0.0 {
            let node = [-ly / across, lx / across, 0.0];
            let along = [(-lz * node[1]) / l, (lz * node[0]) / l, across / l];
            (node[1].atan2(node[0]), dot(star.position, along).atan2(dot(star.position, node)))
        } else {
            (0.0, sign * y.atan2(x))
        };
        // The branch of the arc tangent follows eta around.
        let half_tangent = |ratio: f64| (ratio.sqrt() * (0.5 * eta).sin()).atan2((0.5 * eta).cos());
        let first = half_tangent((1.0 + e) / (1.0 - e));
        let second = half_tangent((1.0 + e + 2.0 * b / c) / (1.0 - e + 2.0 * b / c));
        let theta_z = in_plane + omega_z / omega_r * theta_r - first - l / root * second;
        let wrap = |angle: f64| angle.rem_euclid(TAU);
        ActionAngle {
            actions: Actions { radial, azimuthal: lz, vertical: l - lz.abs() },
            frequencies: Frequencies { radial: omega_r, azimuthal: sign * omega_z, vertical: omega_z },
            angles: Angles { radial: wrap(theta_r), azimuthal: wrap(node + sign * theta_z), vertical: wrap(theta_z) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_stars_of_galpy() {
        // galpy 1.12.1 actionAngleIsochrone(b=1.2), circular velocity 1 at R = 1: J, Omega, theta.
        let root = 1.2f64.hypot(1.0);
        let model = Isochrone { gravity: (1.2 + root).powi(2) * root, scale_kpc: 1.2 };
        let stars = [
            (
                [1.0, 0.1, 0.9, 0.05, 0.2],
                [
                    0.00556280620653915,
                    0.9,
                    0.02198156163775855,
                    1.8162408770919414,
                    1.0180116151517538,
                    1.0180116151517538,
                    2.1696971269564926,
                    0.633217398198437,
                    0.16001624625232325,
                ],
            ),
            (
                [1.2, -0.3, 0.4, 0.3, 0.3],
                [
                    0.13269087780281463,
                    0.48,
                    0.1888049042882386,
                    1.8325181492683609,
                    0.9969689502271161,
                    0.9969689502271161,
                    3.658664947886775,
                    0.9570994258371741,
                    0.5177018175845151,
                ],
            ),
        ];
        for ([r, v_r, v_t, z, v_z], expected) in stars {
            let (s, c) = 0.7f64.sin_cos();
            let all = model.action_angle(&State::from_array([r * c, r * s, z, v_r * c - v_t * s, v_r * s + v_t * c, v_z]));
            let (j, o, a) = (all.actions, all.frequencies, all.angles);
            let found = [j.radial, j.azimuthal, j.vertical, o.radial, o.azimuthal, o.vertical, a.radial, a.azimuthal, a.vertical];
            for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert!((found / expected - 1.0).abs() < 1e-11, "{i}: {found} {expected}");
            }
        }
    }

    #[test]
    fn retrograde_circular_and_unbound() {
        let model = Isochrone { gravity: 1.0, scale_kpc: 0.5 };
        let forth = model.action_angle(&State::from_array([1.0, 0.2, 0.1, 0.1, 0.5, 0.2]));
        // Mirrored in y: the same orbit the other way about.
        let back = model.action_angle(&State::from_array([1.0, -0.2, 0.1, 0.1, -0.5, 0.2]));
        assert!((forth.actions.azimuthal + back.actions.azimuthal).abs() < 1e-15);
        assert!((forth.frequencies.azimuthal + back.frequencies.azimuthal).abs() < 1e-15);
        assert!((forth.angles.azimuthal + back.angles.azimuthal - TAU).abs() < 1e-12);
        assert!((forth.angles.vertical - back.angles.vertical).abs() < 1e-12);
        let root = 0.5f64.hypot(1.0);
        let speed = (1.0 / ((0.5 + root).powi(2) * root)).sqrt();
        let circle = model.action_angle(&State::from_array([1.0, 0.0, 0.0, 0.0, speed, 0.0]));
        assert!(circle.actions.radial < 1e-15 && circle.actions.vertical == 0.0);
        assert!((circle.frequencies.azimuthal / speed - 1.0).abs() < 1e-14);
        assert!(model.action_angle(&State::from_array([1.0, 0.0, 0.0, 0.0, 9.0, 0.0])).actions.radial.is_nan());
    }
}
