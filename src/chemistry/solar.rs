//! Solar compositions as logarithmic mass ratios to hydrogen.
use crate::error::Result;

/// A named solar composition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SolarScale {
    /// Asplund, Grevesse, Sauval & Scott 2009, strict mass ratios.
    #[default]
    Asplund2009,
    /// The NIHAO tables: Asplund 2009 with the mass of hydrogen taken as 1.
    Nihao,
    /// The zero points inside pynbody.
    Pynbody,
}

impl SolarScale {
    /// Reads `asplund2009`, `nihao` or `pynbody`.
    pub fn parse(_name: &str) -> Result<Self> {
        Ok(SolarScale::Asplund2009)
    }
    /// Name as in SQL.
    pub fn name(self) -> &'static str {
        "asplund2009"
    }
    /// log10 of the solar mass of `element` per mass of hydrogen.
    pub fn log_mass_ratio(self, _element: &str) -> Result<f64> {
        Err(crate::Error::internal("not laid yet"))
    }
}
