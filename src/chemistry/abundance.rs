//! Abundance ratios [X/Y] in dex from mass fractions.
//!
//! Formula    [X/Y] = log10(m_X / m_Y) - log10(m_X / m_Y)_sun
//! Units      mass fractions (or masses) in, dex out
//! Source     zero points `chemistry::solar`; hydrogen fallback of pynbody: Y = 0.236 + 2.1 Z
//! Accuracy   1e-15 beyond the two decimals of the solar scale
//! Edge cases a numerator of 0 gives -inf, of both 0 NaN; a negative fraction gives NaN; NIHAO tables clip at -10, here nothing is clipped
//! See also   SQL function `abundance()`

use crate::chemistry::solar::SolarScale;
use crate::error::{Error, Result};

/// Primordial helium of the hydrogen fallback; pynbody 2.8 `snapshot/tipsy.py`, after Jimenez et al. 2003, Science 299, 1552.
const PRIMORDIAL_HELIUM: f64 = 0.236;
/// Helium made per mass of metals, dY/dZ, of the hydrogen fallback; pynbody 2.8 `snapshot/tipsy.py`, after Jimenez et al. 2003, Science 299, 1552.
const HELIUM_PER_METALS: f64 = 2.1;

/// Hydrogen mass fraction when the snapshot stores none: 1 - Z - (0.236 + 2.1 Z).
#[inline]
pub fn hydrogen_fallback(z_metal: f64) -> f64 {
    1.0 - z_metal - (PRIMORDIAL_HELIUM + HELIUM_PER_METALS * z_metal)
}

/// The zero point of one ratio [num/den], looked up once for a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    zero_point_dex: f64,
}

impl Ratio {
    /// The ratio [num/den] on a solar scale; `NotFound` for an element that the scale lacks.
    pub fn new(num: &str, den: &str, scale: SolarScale) -> Result<Self> {
        Ok(Ratio { zero_point_dex: scale.log_mass_ratio(num)? - scale.log_mass_ratio(den)? })
    }

    /// [num/den] in dex from two mass fractions.
    #[inline]
    pub fn dex(&self, x_num: f64, x_den: f64) -> f64 {
        // The quotient of two negative fractions must not look like an abundance.
        let quotient = if x_num < 0.0 || x_den < 0.0 { f64::NAN } else { x_num / x_den };
        quotient.log10() - self.zero_point_dex
    }

    /// log10 of the solar mass ratio.
    pub fn zero_point_dex(&self) -> f64 {
        self.zero_point_dex
    }
}

/// [num/den] in dex for columns of mass fractions of equal length.
pub fn abundance_dex(x_num: &[f64], x_den: &[f64], num: &str, den: &str, scale: SolarScale) -> Result<Vec<f64>> {
    if x_num.len() != x_den.len() {
        return Err(Error::mismatch("columns of different lengths in `abundance_dex`").expected(x_num.len()).found(x_den.len()));
    }
    let ratio = Ratio::new(num, den, scale)?;
    Ok(x_num.iter().zip(x_den).map(|(&n, &d)| ratio.dex(n, d)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sun_is_zero_and_ten_times_the_iron_is_one() {
        for scale in SolarScale::ALL {
            let ratio = Ratio::new("Fe", "H", scale).unwrap();
            let solar = 10f64.powf(ratio.zero_point_dex()) * 0.74;
            let values = abundance_dex(&[solar, 10.0 * solar], &[0.74, 0.74], "Fe", "H", scale).unwrap();
            assert!(values[0].abs() < 1e-14 && (values[1] - 1.0).abs() < 1e-14, "{values:?}");
            let (mg_fe, fe_mg) = (Ratio::new("Mg", "Fe", scale).unwrap(), Ratio::new("Fe", "Mg", scale).unwrap());
            assert!((mg_fe.zero_point_dex() + fe_mg.zero_point_dex()).abs() < 1e-15);
        }
    }

    #[test]
    fn the_published_nihao_formula_is_the_nihao_scale() {
        // [Fe/H] = log10(m_Fe/H) - (7.50 - 12) - log10(55.845), H = 1 - Z - (0.236 + 2.1 Z).
        let (iron, z_metal) = (7.1e-4, 0.011);
        let hydrogen = hydrogen_fallback(z_metal);
        assert!((hydrogen - 0.7299).abs() < 1e-15);
        let expected = (iron / hydrogen).log10() - (7.50 - 12.0) - 55.845f64.log10();
        let found = Ratio::new("Fe", "H", SolarScale::Nihao).unwrap().dex(iron, hydrogen);
        assert!((found - expected).abs() < 1e-14);
        let strict = Ratio::new("Fe", "H", SolarScale::Asplund2009).unwrap().dex(iron, hydrogen);
        assert!((strict - found - 0.003_460_532).abs() < 1e-9);
    }

    #[test]
    fn empty_and_negative_fractions_are_not_abundances() {
        let ratio = Ratio::new("Fe", "H", SolarScale::default()).unwrap();
        assert_eq!(ratio.dex(0.0, 0.7), f64::NEG_INFINITY);
        assert!(ratio.dex(0.0, 0.0).is_nan() && ratio.dex(-1e-3, 0.7).is_nan() && ratio.dex(-1e-3, -0.7).is_nan());
        assert!(ratio.dex(0.0, -0.7).is_nan() && ratio.dex(0.7, -1e-3).is_nan());
        assert_eq!(ratio.dex(1e-3, 0.0), f64::INFINITY);
        assert!(abundance_dex(&[1.0], &[], "Fe", "H", SolarScale::default()).is_err());
    }
}
