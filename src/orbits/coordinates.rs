//! Spherical and cylindrical coordinates of positions and velocities.
//!
//! Formula    R = sqrt(x^2 + y^2), r = sqrt(x^2 + y^2 + z^2)
//!            V_R = (x vx + y vy)/R, V_phi = (x vy - y vx)/R, V_r = (x vx + y vy + z vz)/r, L = r x v
//! Units      kpc and km/s in; kpc, km/s, kpc km/s and rad out; any consistent units work
//! Source     conventions of Buder et al. 2025, arXiv:2510.11284: V_phi > 0 for rotation along +z
//! Accuracy   a few units in the last place
//! Edge cases R = 0 gives NaN for V_R and V_phi, r = 0 for V_r: a direction does not exist; NaN in, NaN out
//! Cost       at most 12 flops, one square root
//! See also   SQL functions `radius`, `r_cyl`, `v_r`, `v_phi`

use crate::error::{Error, Result};

/// The same functions for one particle.
pub mod point {
    /// Distance from the origin.
    #[inline]
    pub fn radius(x: f64, y: f64, z: f64) -> f64 {
        (x * x + y * y + z * z).sqrt()
    }
    /// Distance from the z axis.
    #[inline]
    pub fn r_cyl(x: f64, y: f64) -> f64 {
        (x * x + y * y).sqrt()
    }
    /// Azimuth in (-pi, pi], rad, anticlockwise from +x seen from +z.
    #[inline]
    pub fn phi(x: f64, y: f64) -> f64 {
        y.atan2(x)
    }
    /// Cylindrical radial velocity V_R.
    #[inline]
    pub fn v_r(x: f64, y: f64, vx: f64, vy: f64) -> f64 {
        (x * vx + y * vy) / r_cyl(x, y)
    }
    /// Azimuthal velocity V_phi, positive anticlockwise seen from +z.
    #[inline]
    pub fn v_phi(x: f64, y: f64, vx: f64, vy: f64) -> f64 {
        (x * vy - y * vx) / r_cyl(x, y)
    }
    /// Spherical radial velocity.
    #[inline]
    pub fn v_sph(x: f64, y: f64, z: f64, vx: f64, vy: f64, vz: f64) -> f64 {
        (x * vx + y * vy + z * vz) / radius(x, y, z)
    }
    /// Speed.
    #[inline]
    pub fn speed(vx: f64, vy: f64, vz: f64) -> f64 {
        (vx * vx + vy * vy + vz * vz).sqrt()
    }
    /// Specific angular momentum about x: y vz - z vy.
    #[inline]
    pub fn lx(y: f64, z: f64, vy: f64, vz: f64) -> f64 {
        y * vz - z * vy
    }
    /// Specific angular momentum about y: z vx - x vz.
    #[inline]
    pub fn ly(x: f64, z: f64, vx: f64, vz: f64) -> f64 {
        z * vx - x * vz
    }
    /// Specific angular momentum about z: x vy - y vx.
    #[inline]
    pub fn lz(x: f64, y: f64, vx: f64, vy: f64) -> f64 {
        x * vy - y * vx
    }
    /// Length of the specific angular momentum.
    #[inline]
    pub fn l_total(x: f64, y: f64, z: f64, vx: f64, vy: f64, vz: f64) -> f64 {
        radius(lx(y, z, vy, vz), ly(x, z, vx, vz), lz(x, y, vx, vy))
    }
    /// Polar angle from +z, rad; NaN at the origin.
    #[inline]
    pub fn theta(x: f64, y: f64, z: f64) -> f64 {
        if x == 0.0 && y == 0.0 && z == 0.0 { f64::NAN } else { r_cyl(x, y).atan2(z) }
    }
}

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident($($argument:ident),+);)+) => {$(
        $(#[$doc])*
        ///
        /// One value per particle. `Mismatch` when the slices differ in length.
        pub fn $name($($argument: &[f64]),+) -> Result<Vec<f64>> {
            let lengths = [$($argument.len()),+];
            let count = lengths[0];
            if lengths.iter().any(|&n| n != count) {
                return Err(Error::mismatch(concat!("columns of different lengths in `", stringify!($name), "`"))
                    .expected(format!("{count} values in each"))
                    .found(format!("{lengths:?}")));
            }
            Ok((0..count).map(|i| point::$name($($argument[i]),+)).collect())
        }
    )+};
}

columns! {
    /// Distance from the origin.
    radius(x, y, z);
    /// Distance from the z axis.
    r_cyl(x, y);
    /// Azimuth in (-pi, pi], rad.
    phi(x, y);
    /// Polar angle from +z, rad.
    theta(x, y, z);
    /// Cylindrical radial velocity V_R = (x vx + y vy)/R.
    v_r(x, y, vx, vy);
    /// Azimuthal velocity V_phi = (x vy - y vx)/R.
    v_phi(x, y, vx, vy);
    /// Spherical radial velocity.
    v_sph(x, y, z, vx, vy, vz);
    /// Speed.
    speed(vx, vy, vz);
    /// Specific angular momentum about x.
    lx(y, z, vy, vz);
    /// Specific angular momentum about y.
    ly(x, z, vx, vz);
    /// Specific angular momentum about z.
    lz(x, y, vx, vy);
    /// Length of the specific angular momentum.
    l_total(x, y, z, vx, vy, vz);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circular_motion_has_only_v_phi() {
        let (radius_kpc, speed_kms): (f64, f64) = (8.2, 230.0);
        for k in 0..12 {
            let angle_rad = f64::from(k) * std::f64::consts::FRAC_PI_6 - 3.0;
            let (s, c) = angle_rad.sin_cos();
            let (x, y) = (radius_kpc * c, radius_kpc * s);
            let (vx, vy) = (-speed_kms * s, speed_kms * c);
            assert!((point::v_phi(x, y, vx, vy) - speed_kms).abs() < 1e-12);
            assert!(point::v_r(x, y, vx, vy).abs() < 1e-12);
            assert!((point::lz(x, y, vx, vy) - radius_kpc * speed_kms).abs() < 1e-11);
            assert!((point::phi(x, y) - angle_rad).abs() < 1e-14);
        }
    }

    #[test]
    fn speeds_add_up_in_cylindrical_and_spherical_parts() {
        let (x, y, z, vx, vy, vz) = (3.0, -4.0, 12.0, 11.0, -7.0, 5.0);
        let squared = point::v_r(x, y, vx, vy).powi(2) + point::v_phi(x, y, vx, vy).powi(2) + vz * vz;
        assert!((squared - 195.0).abs() < 1e-12);
        let tangential = point::l_total(x, y, z, vx, vy, vz) / 13.0;
        assert!((point::v_sph(x, y, z, vx, vy, vz).powi(2) + tangential.powi(2) - 195.0).abs() < 1e-12);
        assert_eq!(point::v_phi(3.0, -4.0, 11.0, -7.0), (3.0 * -7.0 + 4.0 * 11.0) / 5.0);
    }

    #[test]
    fn the_axis_has_no_azimuthal_velocity() {
        assert!(point::v_phi(0.0, 0.0, 1.0, 1.0).is_nan());
        assert!(point::v_sph(0.0, 0.0, 0.0, 1.0, 1.0, 1.0).is_nan());
        assert!(point::theta(0.0, 0.0, 0.0).is_nan());
        assert_eq!(point::theta(0.0, 0.0, -2.0), std::f64::consts::PI);
    }

    #[test]
    fn columns_of_different_length_are_refused() {
        let error = v_phi(&[1.0, 2.0], &[1.0], &[1.0, 2.0], &[1.0, 2.0]).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Mismatch);
        assert_eq!(lx(&[1.0], &[2.0], &[3.0], &[4.0]).unwrap(), vec![1.0 * 4.0 - 2.0 * 3.0]);
        assert_eq!(ly(&[1.0], &[2.0], &[3.0], &[4.0]).unwrap(), vec![2.0 * 3.0 - 1.0 * 4.0]);
    }
}
