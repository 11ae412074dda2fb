//! Focal length of the spheroidal coordinates that fit a potential best at a place.
//!
//! Formula    D^2 = z^2 - R^2 + [3 z Phi_R - 3 R Phi_z + R z (Phi_RR - Phi_zz)]/Phi_Rz, exact in Staeckel potentials
//! Units      kpc
//! Source     Sanders 2012, MNRAS 426, 128, eq. 9
//! Accuracy   that of the exact second derivatives; a [`FocalTable`] interpolates linearly in ln r and sqrt(|z|/r), 1 % for discs
//! Edge cases in the plane the value at |z| = 0.01 R; below 0.001 r, and where D^2 < 0, that floor; beyond a table its edge
//! Cost       two accelerations with derivatives; a table one look-up
//! See also   `staeckel`

use rayon::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::numeric::dual::Dual;
use crate::numeric::lanes::Lanes;
use crate::numeric::real::Real;
use crate::orbits::field::Field;

/// In the plane the formula is 0/0; its limit is taken here.
const LEAST_HEIGHT: f64 = 0.01;
/// Least focal length over r: that of nearly spherical potentials, where J changes by 1e-6 and rounding makes 1e-10.
const LEAST_FOCAL: f64 = 1e-3;

/// Focal length \[kpc\] at R, z.
#[inline(always)]
pub fn local<T: Real, F: Field<Dual<T, 1>> + ?Sized>(field: &F, r: T, z: T) -> T {
    let zero = Dual::fixed(T::constant(0.0));
    let z = z.abs().max(r * LEAST_HEIGHT);
    let by_r = field.acceleration(zero, [Dual::variable(r, 0), zero, Dual::fixed(z)]);
    let by_z = field.acceleration(zero, [Dual::fixed(r), zero, Dual::variable(z, 0)]);
    let (a_r, a_z) = (by_r[0].value, by_r[2].value);
    let (a_rr, a_rz, a_zz) = (by_r[0].tangent[0], by_r[2].tangent[0], by_z[2].tangent[0]);
    let d2 = z * z - r * r + (z * a_r * 3.0 - r * a_z * 3.0 + r * z * (a_rr - a_zz)) / a_rz;
    d2.max((r * r + z * z) * (LEAST_FOCAL * LEAST_FOCAL)).sqrt()
}

/// Where focal lengths come from.
#[derive(Clone, Debug)]
pub enum FocalLength {
    /// One for all stars \[kpc\].
    Fixed(f64),
    /// By the formula at each star.
    Local,
    /// By the formula on a grid.
    Table(FocalTable),
}

/// Focal lengths on a grid in ln r and sqrt(|z|/r).
#[derive(Clone, Debug, PartialEq)]
pub struct FocalTable {
    first: f64,
    spacing: f64,
    /// Row by row in r.
    values: Vec<f64>,
}

/// Radii and heights of a table.
const RADII: usize = 96;
const HEIGHTS: usize = 33;

impl FocalTable {
    /// For stars between two radii \[kpc\].
    pub fn new<F: Field<Dual<f64, 1>>>(field: &F, least_kpc: f64, greatest_kpc: f64) -> Result<FocalTable> {
        if !(least_kpc > 0.0 && greatest_kpc > least_kpc && greatest_kpc.is_finite()) {
            return Err(Error::new(ErrorKind::Domain, "a table of focal lengths needs two ascending radii above 0")
                .found(format!("{least_kpc} and {greatest_kpc} kpc")));
        }
        let first = least_kpc.ln();
        let spacing = (greatest_kpc.ln() - first) / (RADII - 1) as f64;
        let value = |k: usize| {
            let r = (first + spacing * (k / HEIGHTS) as f64).exp();
            // On the axis itself R = 0 has no direction.
            // Rows close up towards the plane, where thin discs are.
            let height = ((k % HEIGHTS) as f64 / (HEIGHTS - 1) as f64).powi(2).min(1.0 - LEAST_HEIGHT * LEAST_HEIGHT);
            local(field, r * (1.0 - height * height).sqrt(), r * height)
        };
        Ok(FocalTable { first, spacing, values: (0..RADII * HEIGHTS).into_par_iter().map(value).collect() })
    }

    /// Focal length \[kpc\] at R, z.
    pub fn at(&self, r: f64, z: f64) -> f64 {
        let radius = r.hypot(z);
        let row = ((radius.ln() - self.first) / self.spacing).clamp(0.0, (RADII - 1) as f64);
        let column = ((z.abs() / radius).sqrt() * (HEIGHTS - 1) as f64).clamp(0.0, (HEIGHTS - 1) as f64);
        if !(row.is_finite() && column.is_finite()) {
            return f64::NAN;
        }
        let (i, j) = ((row as usize).min(RADII - 2), (column as usize).min(HEIGHTS - 2));
        let (s, t) = (row - i as f64, column - j as f64);
        let at = |i: usize, j: usize| self.values.get(i * HEIGHTS + j).copied().unwrap_or(f64::NAN);
        (at(i, j) * (1.0 - t) + at(i, j + 1) * t) * (1.0 - s) + (at(i + 1, j) * (1.0 - t) + at(i + 1, j + 1) * t) * s
    }
}

impl FocalLength {
    /// Focal lengths of eight stars.
    #[inline(always)]
    pub(super) fn of<F: Field<Dual<Lanes, 1>>>(&self, field: &F, r: Lanes, z: Lanes) -> Lanes {
        match self {
            FocalLength::Fixed(value) => Lanes::constant(*value),
            FocalLength::Local => local(field, r, z),
            FocalLength::Table(table) => r.zip(z, |r, z| table.at(r, z)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::actions::staeckel::tests::KuzminKutuzov;
    use crate::orbits::field::sample::{Kepler, MilkyWay};

    #[test]
    fn milky_way_staeckel_and_sphere() {
        // galpy's estimateDeltaStaeckel in MWPotential2014, natural units of 8 kpc.
        for (r, z, expected) in [(1.0, 0.05, 0.4949855486), (1.2, 0.3, 0.3362526497), (0.5, 0.1, 0.3740227806), (2.0, -0.5, 0.2997852193)] {
            let found: f64 = local(&MilkyWay::default(), 8.0 * r, 8.0 * z) / 8.0;
            assert!((found / expected - 1.0).abs() < 1e-7, "{found} {expected}");
        }
        assert!((local::<f64, _>(&KuzminKutuzov, 1.3, 0.4) - 1.0).abs() < 1e-9);
        assert!((local::<f64, _>(&Kepler, 3.0, 4.0) / 5.0) < 1e-2);
    }

    #[test]
    fn the_table_is_near_the_formula_and_bad_ones_are_refused() {
        let field = MilkyWay::default();
        let table = FocalTable::new(&field, 0.1, 100.0).unwrap();
        for (r, z) in [(8.0, 0.5), (12.0, 3.0), (3.0, 2.0), (30.0, 10.0), (8.0, 0.0)] {
            let exact: f64 = local(&field, r, z);
            println!("({r}, {z}): {} {exact}", table.at(r, z));
            assert!((table.at(r, z) / exact - 1.0).abs() < 0.02);
        }
        assert!(table.at(f64::NAN, 1.0).is_nan());
        assert!(FocalTable::new(&field, 1.0, 1.0).is_err() && FocalTable::new(&field, 0.0, 1.0).is_err());
    }
}
