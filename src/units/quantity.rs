//! A number with a unit, as typed on a command line: `10kpc`, `1.2 Gyr`, `220km/s`.
use crate::error::{Error, Result};
use crate::units::Unit;

/// A number and its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// Number in `unit`.
    pub value: f64,
    /// Unit of `value`; [`Unit::one`] for a bare number.
    pub unit: Unit,
}

impl Quantity {
    /// Reads `10kpc`, `1.2 Gyr`, `220km/s`, `0.7`.
    pub fn parse(_text: &str) -> Result<Quantity> {
        Err(Error::internal("not laid yet"))
    }
    /// Value in `target`.
    pub fn to(&self, target: &Unit) -> Result<f64> {
        Ok(self.value * self.unit.factor_to(target)?)
    }
}
