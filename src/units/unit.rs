//! The unit algebra: products, quotients, rational powers, conversion and two text forms.
use std::fmt;

use crate::error::{Error, Result};

/// A physical unit, or the unknown unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    text: String,
}

impl Unit {
    /// Reads a unit string such as `km/s`, `10**10 Msun`, `Msun kpc^-3`.
    pub fn parse(text: &str) -> Result<Unit> {
        Ok(Unit { text: text.into() })
    }
    /// The dimensionless unit, shown as `1`.
    pub fn one() -> Unit {
        Unit { text: "1".into() }
    }
    /// The unit of a column whose source says nothing.
    pub fn unknown() -> Unit {
        Unit { text: "unknown".into() }
    }
    /// True for the dimensionless unit with factor 1.
    pub fn is_one(&self) -> bool {
        self.text == "1"
    }
    /// True for the unknown unit.
    pub fn is_unknown(&self) -> bool {
        self.text == "unknown"
    }
    /// Product.
    pub fn times(&self, _other: &Unit) -> Unit {
        Unit::unknown()
    }
    /// Quotient.
    pub fn over(&self, _other: &Unit) -> Unit {
        Unit::unknown()
    }
    /// Rational power.
    pub fn power(&self, _numerator: i32, _denominator: u32) -> Unit {
        Unit::unknown()
    }
    /// Square root.
    pub fn sqrt(&self) -> Unit {
        self.power(1, 2)
    }
    /// True when one can be converted to the other.
    pub fn same_dimension(&self, _other: &Unit) -> bool {
        true
    }
    /// Number that turns values in this unit into values in `target`.
    pub fn factor_to(&self, _target: &Unit) -> Result<f64> {
        Err(Error::internal("not laid yet"))
    }
    /// Typeset form for figures and table headers, such as `km s⁻¹`.
    pub fn pretty(&self) -> String {
        self.text.clone()
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
