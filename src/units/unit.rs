//! The unit algebra: products, quotients, rational powers, conversion and two text forms.
//!
//! Formula    unit = scale * prod_i (prefix_i symbol_i)^(p_i/q_i); only identical prefixed symbols are merged
//! Accuracy   `factor_to` cancels symbols before it multiplies: powers of ten are exact, the rest a few units in the last place
//! Edge cases unknown times anything is unknown; a power with denominator 0, or an exponent or scale out of range, is unknown
//! Cost       a few dozen nanoseconds; used per column, never per row
//! See also   `units::parse`, `units::symbols`

use std::fmt;

use super::rational::Rational;
use super::symbols::{DIMENSIONS, Dimension, Symbol, dimension_words, prefix_text};
use crate::error::{Error, Result};

/// One prefixed symbol with its exponent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor {
    pub(super) symbol: &'static Symbol,
    pub(super) prefix: i32,
    pub(super) exponent: Rational,
}

impl Factor {
    fn same_symbol(&self, other: &Factor) -> bool {
        self.symbol.name == other.symbol.name && self.prefix == other.prefix
    }
}

/// A physical unit that remembers the words it was made of, or the unknown unit.
///
/// `km/s` times `kpc` is `km.kpc/s`, not a number of square metres per second: answers keep the user's words.
/// Equality ignores the order of the symbols and nothing else: `1000 m` is not equal to `km`, but [`Unit::factor_to`] gives 1.
#[derive(Clone, Debug)]
pub struct Unit {
    known: bool,
    mantissa: f64,
    decimal: i32,
    factors: Vec<Factor>,
}

/// Decimal exponents beyond this are refused: f64 ends near 308.
pub(super) const LARGEST_DECIMAL: i32 = 300;

/// `10^exponent`, correctly rounded.
pub(super) fn power_of_ten(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().unwrap_or(f64::NAN)
}

impl Unit {
    /// Reads a unit: VOUnit (`km/s`, `Msun.kpc**-3`, `10**10 Msun`) and the usual variants
    /// (`^`, `*` or a blank as product, `km s-1`, `km²`, `solMass`, `sqrt(km)`).
    ///
    /// `Usage` error with line and caret, what was expected, and the nearest known unit.
    pub fn parse(text: &str) -> Result<Unit> {
        super::parse::unit(text)
    }

    /// The dimensionless unit, displayed as `1`.
    pub fn one() -> Unit {
        Unit { known: true, mantissa: 1.0, decimal: 0, factors: Vec::new() }
    }

    /// The unit of a column whose source says nothing.
    pub fn unknown() -> Unit {
        Unit { known: false, mantissa: 1.0, decimal: 0, factors: Vec::new() }
    }

    /// A bare number as unit; `None` unless positive and finite.
    pub(super) fn number(mantissa: f64, decimal: i32) -> Option<Unit> {
        let unit = Unit { known: true, mantissa, decimal, factors: Vec::new() };
        unit.in_range().then_some(unit)
    }

    /// One symbol with exponent 1.
    pub(super) fn symbol(symbol: &'static Symbol, prefix: i32) -> Unit {
        Unit { factors: vec![Factor { symbol, prefix, exponent: Rational::ONE }], ..Unit::one() }
    }

    fn in_range(&self) -> bool {
        let scale = self.scale();
        self.decimal.abs() <= LARGEST_DECIMAL && scale.is_normal() && scale > 0.0
    }

    fn scale(&self) -> f64 {
        if self.decimal == 0 { self.mantissa } else { self.mantissa * power_of_ten(self.decimal) }
    }

    /// True for the dimensionless unit with factor 1.
    pub fn is_one(&self) -> bool {
        self.known && self.factors.is_empty() && self.scale() == 1.0
    }

    /// True for the unknown unit.
    pub fn is_unknown(&self) -> bool {
        !self.known
    }

    /// Product; identical symbols are merged.
    pub fn times(&self, other: &Unit) -> Unit {
        self.combine(other, Rational::ONE).unwrap_or_else(Unit::unknown)
    }

    /// Quotient; `kpc` over `kpc` is `1`.
    pub fn over(&self, other: &Unit) -> Unit {
        self.combine(other, Rational::ONE.negated()).unwrap_or_else(Unit::unknown)
    }

    /// Rational power `numerator/denominator`.
    pub fn power(&self, numerator: i32, denominator: u32) -> Unit {
        Rational::new(i64::from(numerator), i64::from(denominator)).and_then(|p| self.raise(p)).unwrap_or_else(Unit::unknown)
    }

    /// Square root: `km**2/s**2` becomes `km/s`.
    pub fn sqrt(&self) -> Unit {
        self.power(1, 2)
    }

    fn combine(&self, other: &Unit, sign: Rational) -> Option<Unit> {
        if !self.known || !other.known {
            return None;
        }
        let mut result = self.clone();
        let forward = !sign.is_negative();
        result.mantissa = if forward { self.mantissa * other.mantissa } else { self.mantissa / other.mantissa };
        result.decimal = if forward { self.decimal + other.decimal } else { self.decimal - other.decimal };
        for factor in &other.factors {
            let exponent = factor.exponent.times(sign)?;
            match result.factors.iter_mut().find(|f| f.same_symbol(factor)) {
                Some(mine) => mine.exponent = mine.exponent.plus(exponent)?,
                None => result.factors.push(Factor { exponent, ..*factor }),
            }
        }
        result.factors.retain(|f| !f.exponent.is_zero());
        result.in_range().then_some(result)
    }

    pub(super) fn raise(&self, power: Rational) -> Option<Unit> {
        if !self.known {
            return None;
        }
        let mut result = self.clone();
        match Rational::whole(i64::from(self.decimal)).times(power)?.integer() {
            Some(decimal) => {
                result.decimal = i32::try_from(decimal).ok()?;
                result.mantissa = raise_number(self.mantissa, power);
            }
            None => {
                result.decimal = 0;
                result.mantissa = raise_number(self.scale(), power);
            }
        }
        for factor in &mut result.factors {
            factor.exponent = factor.exponent.times(power)?;
        }
        result.factors.retain(|f| !f.exponent.is_zero());
        result.in_range().then_some(result)
    }

    /// Exponents over the base dimensions; `None` for the unknown unit or a number out of range.
    fn dimension(&self) -> Option<Dimension> {
        let mut total = [Rational::ZERO; DIMENSIONS];
        for factor in &self.factors {
            for (sum, part) in total.iter_mut().zip(&factor.symbol.dimension) {
                *sum = sum.plus(part.times(factor.exponent)?)?;
            }
        }
        self.known.then_some(total)
    }

    /// True when one can be converted to the other; the unknown unit agrees only with itself.
    pub fn same_dimension(&self, other: &Unit) -> bool {
        self.dimension() == other.dimension()
    }

    /// Name of the dimension in words: `velocity`, `mass`, `length^2 mass`, `unknown dimension`.
    pub fn dimension_name(&self) -> String {
        self.dimension().map_or_else(|| "unknown dimension".to_string(), |d| dimension_words(&d))
    }

    /// Number that turns values in this unit into values in `target`.
    ///
    /// `Mismatch` when the dimensions differ; the text names both units and both dimensions.
    pub fn factor_to(&self, target: &Unit) -> Result<f64> {
        if self == target {
            return Ok(1.0);
        }
        if self.is_unknown() || target.is_unknown() {
            return Err(Error::mismatch(format!("cannot convert `{self}` to `{target}`"))
                .expected("two known units")
                .found("an unknown unit")
                .hint("declare the unit of the column, or divide it by a quantity of that unit"));
        }
        if !self.same_dimension(target) {
            return Err(self.disagreement(target));
        }
        // Cancel symbols and prefixes first, so that what is left to multiply is as little as possible.
        let mut decimal = Rational::whole(i64::from(self.decimal - target.decimal));
        let mut left: Vec<(&Symbol, Rational)> = Vec::new();
        let too_large = || Error::limit(format!("exponents too large to convert `{self}` to `{target}`"));
        let signed = self.factors.iter().map(|f| (f, f.exponent)).chain(target.factors.iter().map(|f| (f, f.exponent.negated())));
        for (factor, exponent) in signed {
            let shift = Rational::whole(i64::from(factor.prefix)).times(exponent);
            decimal = shift.and_then(|s| decimal.plus(s)).ok_or_else(too_large)?;
            match left.iter_mut().find(|(s, _)| s.name == factor.symbol.name) {
                Some((_, sum)) => *sum = sum.plus(exponent).ok_or_else(too_large)?,
                None => left.push((factor.symbol, exponent)),
            }
        }
        let ten = match decimal.integer().and_then(|d| i32::try_from(d).ok()) {
            Some(whole) => power_of_ten(whole),
            None => 10f64.powf(decimal.as_f64()),
        };
        let ratio = self.mantissa / target.mantissa;
        let factor = left.iter().fold(ratio, |product, (symbol, exponent)| product * raise_number(symbol.size, *exponent)) * ten;
        if factor.is_normal() { Ok(factor) } else { Err(too_large()) }
    }

    fn disagreement(&self, target: &Unit) -> Error {
        Error::mismatch(format!("cannot convert `{self}` ({}) to `{target}` ({})", self.dimension_name(), target.dimension_name()))
            .expected(format!("a unit of {}", target.dimension_name()))
            .found(format!("`{self}`, a unit of {}", self.dimension_name()))
    }

    /// Typeset form for figures and table headers: `km² s⁻²`, `M☉ kpc⁻³`; empty for the dimensionless unit.
    pub fn pretty(&self) -> String {
        if !self.known {
            return "unknown".to_string();
        }
        let mut words = Vec::new();
        if self.scale() != 1.0 {
            words.push(if self.mantissa == 1.0 {
                format!("10{}", superscript(&self.decimal.to_string()))
            } else {
                self.scale().to_string()
            });
        }
        for factor in &self.factors {
            let prefix = if factor.prefix == -6 { "µ" } else { prefix_text(factor.prefix) };
            let exponent = exponent_text(factor.exponent);
            let raised = if exponent == "1" { String::new() } else { superscript(&exponent) };
            words.push(format!("{prefix}{}{raised}", factor.symbol.pretty));
        }
        words.join(" ")
    }
}

fn exponent_text(exponent: Rational) -> String {
    match exponent.denominator() {
        1 => exponent.numerator().to_string(),
        d => format!("{}/{d}", exponent.numerator()),
    }
}

fn raise_number(base: f64, exponent: Rational) -> f64 {
    match (exponent.numerator(), exponent.denominator()) {
        (n, 1) => i32::try_from(n).map_or(f64::NAN, |n| base.powi(n)),
        (n, 2) => i32::try_from(n).map_or(f64::NAN, |n| base.sqrt().powi(n)),
        _ => base.powf(exponent.as_f64()),
    }
}

/// Raised forms of the characters of an exponent; `parse` reads them back.
pub(super) const SUPERSCRIPTS: &[(char, char)] = &[
    ('0', '⁰'),
    ('1', '¹'),
    ('2', '²'),
    ('3', '³'),
    ('4', '⁴'),
    ('5', '⁵'),
    ('6', '⁶'),
    ('7', '⁷'),
    ('8', '⁸'),
    ('9', '⁹'),
    ('-', '⁻'),
    ('/', 'ᐟ'),
];

fn superscript(text: &str) -> String {
    text.chars().map(|c| SUPERSCRIPTS.iter().find(|(plain, _)| *plain == c).map_or(c, |(_, raised)| *raised)).collect()
}

impl PartialEq for Unit {
    fn eq(&self, other: &Unit) -> bool {
        self.known == other.known
            && self.scale() == other.scale()
            && self.factors.len() == other.factors.len()
            && self.factors.iter().all(|f| other.factors.iter().any(|g| f.same_symbol(g) && f.exponent == g.exponent))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.known {
            return f.write_str("unknown");
        }
        let word = |factor: &Factor, exponent: Rational| {
            let name = format!("{}{}", prefix_text(factor.prefix), factor.symbol.name);
            match (exponent.numerator(), exponent.denominator()) {
                (1, 1) => name,
                (n, 1) => format!("{name}**{n}"),
                (n, d) => format!("{name}**({n}/{d})"),
            }
        };
        let (below, above): (Vec<&Factor>, Vec<&Factor>) = self.factors.iter().partition(|f| f.exponent.is_negative());
        let join = |factors: &[&Factor], flip: bool| {
            let words: Vec<String> = factors.iter().map(|x| word(x, if flip { x.exponent.negated() } else { x.exponent })).collect();
            words.join(".")
        };
        let symbols = match (above.len(), below.len()) {
            (0, 0) => String::new(),
            (0, _) => join(&below, false),
            (_, 0) => join(&above, false),
            (_, 1) => format!("{}/{}", join(&above, false), join(&below, true)),
            (_, _) => format!("{}/({})", join(&above, false), join(&below, true)),
        };
        let number = if self.scale() == 1.0 {
            String::new()
        } else if self.mantissa == 1.0 {
            format!("10**{}", self.decimal)
        } else {
            format!("{:e}", self.scale())
        };
        match (number.is_empty(), symbols.is_empty()) {
            (true, true) => f.write_str("1"),
            (true, false) => f.write_str(&symbols),
            (false, true) => f.write_str(&number),
            (false, false) => write!(f, "{number} {symbols}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> Unit {
        Unit::parse(text).unwrap()
    }

    #[test]
    fn products_keep_the_words_of_the_user() {
        assert_eq!(unit("kpc").times(&unit("km/s")).to_string(), "kpc.km/s");
        assert_eq!(unit("kpc.km/s").sqrt().to_string(), "kpc**(1/2).km**(1/2)/s**(1/2)");
        assert_eq!(unit("km/s").power(2, 1).to_string(), "km**2/s**2");
        assert_eq!(unit("km**2/s**2").sqrt().to_string(), "km/s");
        assert_eq!(unit("kpc").over(&unit("kpc")).to_string(), "1");
        assert_eq!(unit("Msun").over(&unit("kpc").power(3, 1)).to_string(), "Msun/kpc**3");
        assert_eq!(unit("km/s").over(&unit("kpc")).to_string(), "km/(s.kpc)");
        assert_eq!(Unit::one().over(&unit("Gyr")).to_string(), "Gyr**-1");
        assert_eq!(unit("10**10 Msun").power(2, 1).to_string(), "10**20 Msun**2");
    }

    #[test]
    fn conversions_agree_with_astropy() {
        // astropy 8.0.2: u.Unit(a).to(b)
        let cases = [
            ("km/s", "kpc/Gyr", 1.022_712_165_045_695),
            ("Msun/kpc**3", "g/cm**3", 6.767_905_323_247_33e-32),
            ("mas/yr", "rad/s", 1.536_281_850_044_160_4e-16),
            ("Lsun", "erg/s", 3.828e33),
            ("lyr", "pc", 0.306_601_393_785_550_57),
            ("km**2/s**2", "erg/g", 1e10),
            ("eV", "J", 1.602_176_634e-19),
            ("kpc", "Mpc", 1e-3),
            ("arcsec", "deg", 1.0 / 3600.0),
            ("kpc.km/s", "pc**2/Myr", 1_022.712_165_045_695),
        ];
        for (from, to, expected) in cases {
            let factor = unit(from).factor_to(&unit(to)).unwrap();
            assert!((factor / expected - 1.0).abs() < 1e-14, "{from} to {to}: {factor:e} against {expected:e}");
        }
        assert_eq!(unit("kpc").factor_to(&unit("Mpc")).unwrap(), 1e-3);
        assert_eq!(unit("km/s").factor_to(&unit("m/s")).unwrap(), 1e3);
        assert_eq!(unit("10**10 Msun").factor_to(&unit("Msun")).unwrap(), 1e10);
        assert_eq!(unit("%").factor_to(&Unit::one()).unwrap(), 0.01);
    }

    #[test]
    fn disagreeing_units_are_named_with_their_dimensions() {
        let error = unit("km/s").factor_to(&unit("Msun")).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Mismatch);
        assert_eq!(error.what(), "cannot convert `km/s` (velocity) to `Msun` (mass)");
        assert!(unit("dex").factor_to(&unit("mag")).is_err());
        assert!(unit("dex").factor_to(&Unit::one()).is_err());
        assert!(unit("rad").factor_to(&Unit::one()).is_err());
        assert!(Unit::unknown().factor_to(&unit("kpc")).is_err());
        assert_eq!(Unit::unknown().factor_to(&Unit::unknown()).unwrap(), 1.0);
        assert_eq!(unit("kpc.Msun**2").dimension_name(), "length mass^2");
    }

    #[test]
    fn unknown_spreads_and_nonsense_powers_are_unknown() {
        let kpc = unit("kpc");
        assert!(kpc.times(&Unit::unknown()).is_unknown());
        assert!(kpc.power(1, 0).is_unknown());
        assert!(kpc.power(2_000_000_000, 1).is_unknown());
        assert!(unit("10**200 m").power(2, 1).is_unknown());
        assert!(kpc.power(0, 1).is_one());
        assert!(!Unit::unknown().is_one() && !kpc.same_dimension(&Unit::unknown()));
    }

    #[test]
    fn equality_ignores_order_only() {
        assert_eq!(unit("s-1 km"), unit("km/s"));
        assert_eq!(unit("solMass"), unit("Msun"));
        assert_ne!(unit("1000 m"), unit("km"));
        assert_eq!(unit("1000 m").factor_to(&unit("km")).unwrap(), 1.0);
    }

    #[test]
    fn pretty_uses_raised_digits_and_the_sun() {
        assert_eq!(unit("km**2/s**2").pretty(), "km² s⁻²");
        assert_eq!(unit("Msun/kpc**3").pretty(), "M☉ kpc⁻³");
        assert_eq!(unit("10**10 Msun").pretty(), "10¹⁰ M☉");
        assert_eq!(unit("kpc.km/s").sqrt().pretty(), "kpc¹ᐟ² km¹ᐟ² s⁻¹ᐟ²");
        assert_eq!(Unit::one().pretty(), "");
    }
}
