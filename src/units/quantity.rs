//! A number with a unit, as typed on a command line: `10kpc`, `1.2 Gyr`, `220km/s`.
//!
//! Layout     a decimal number (sign, point, exponent), optional blanks, a unit as in `units::parse`
//! Refuses    no number in front, `nan` and `inf`
//! See also   `units::Unit`

use std::fmt;

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
    /// Reads `10kpc`, `1.2 Gyr`, `-220km/s`, `1e9Msun`, `0.7`.
    ///
    /// `Usage` error when the text does not start with a finite number or the unit is not known.
    pub fn parse(text: &str) -> Result<Quantity> {
        let text = text.trim();
        let end = number_length(text);
        let (number, rest) = text.split_at(end);
        let starts_with_digit = |part: &str| part.trim_start().starts_with(|c: char| c.is_ascii_digit());
        if number.is_empty() && starts_with_digit(rest) {
            return Ok(Quantity { value: 1.0, unit: Unit::parse(rest)? });
        }
        let value = number.parse().ok().filter(|v: &f64| v.is_finite() && !starts_with_digit(rest)).ok_or_else(|| {
            Error::usage("cannot read quantity").expected("a number and a unit, such as 10kpc or 220 km/s").found(format!("`{text}`"))
        })?;
        Ok(Quantity { value, unit: Unit::parse(rest)? })
    }

    /// Value in `target`; `Mismatch` when the dimensions differ.
    pub fn to(&self, target: &Unit) -> Result<f64> {
        Ok(self.value * self.unit.factor_to(target)?)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unit.is_one() { write!(f, "{}", self.value) } else { write!(f, "{} {}", self.value, self.unit) }
    }
}

/// Bytes of the longest number at the start of `text`; `1erg` is 1 and `erg`, `1e9Msun` is 1e9.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let byte = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let digits = |mut i: usize| {
        while byte(i).is_ascii_digit() {
            i += 1;
        }
        i
    };
    let mut end = digits(usize::from(matches!(byte(0), b'+' | b'-')));
    if byte(end) == b'.' && byte(end + 1).is_ascii_digit() {
        end = digits(end + 1);
    }
    if matches!(byte(end), b'e' | b'E') {
        let signed = end + 1 + usize::from(matches!(byte(end + 1), b'+' | b'-'));
        if byte(signed).is_ascii_digit() {
            end = digits(signed);
        }
    }
    // `10**10 Msun` and `10^3 K` begin with a unit's own scale, not with a value.
    if matches!(byte(end), b'^') || (byte(end) == b'*' && byte(end + 1) == b'*') { 0 } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_units_are_separated() {
        let cases = [
            ("10kpc", 10.0, "kpc"),
            ("1.2 Gyr", 1.2, "Gyr"),
            ("220km/s", 220.0, "km/s"),
            ("-3.5e-2 deg", -0.035, "deg"),
            ("1erg", 1.0, "erg"),
            ("1e9Msun", 1e9, "Msun"),
            ("5eV", 5.0, "eV"),
            ("0.7", 0.7, "1"),
            (".5 kpc", 0.5, "kpc"),
        ];
        for (text, value, unit) in cases {
            let q = Quantity::parse(text).unwrap();
            assert_eq!((q.value, q.unit.to_string().as_str()), (value, unit), "{text}");
        }
        assert_eq!(Quantity::parse("2 kpc").unwrap().to(&Unit::parse("pc").unwrap()).unwrap(), 2000.0);
        assert_eq!(Quantity::parse("2 kpc").unwrap().to_string(), "2 kpc");
        let scaled = Quantity::parse("10**10 Msun").unwrap();
        assert_eq!((scaled.value, scaled.unit.to_string().as_str()), (1.0, "10**10 Msun"));
    }

    #[test]
    fn texts_without_number_are_refused() {
        for text in ["kpc", "", "nan kpc", "inf", "1e999 m", "--1 m", "10 kcp", "é", "1 2"] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
        let error = Quantity::parse("3 s").unwrap().to(&Unit::parse("kpc").unwrap()).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Mismatch);
    }
}
