//! Unit strings to [`Unit`]: a small recursive reader that points at what it did not understand.
//!
//! Layout     unit := [number] product ; product := term (('.' | '*' | blank) term)* ('/' term)* ; term := atom [power]
//!            atom := symbol | number | '(' unit ')' | 'sqrt(' unit ')' ; power := '**' | '^' or nothing, then 2, -2, (1/2), 0.5
//! Source     VOUnits 1.1 grammar, with the variants of FITS, CDS, astropy and pynbody strings
//! Refuses    `a/b c` (two readings), a lone `h`, numbers that are not positive, texts over 256 bytes, more than 32 brackets deep
//! See also   `units::symbols`

use super::rational::Rational;
use super::symbols;
use super::unit::{LARGEST_DECIMAL, SUPERSCRIPTS, Unit};
use crate::error::{Error, Result};

const LONGEST_TEXT: usize = 256;
const DEEPEST: usize = 32;
/// Digits read after the point of a decimal exponent such as `0.25`.
const EXPONENT_DECIMALS: usize = 4;

/// Reads a whole unit string.
pub(super) fn unit(text: &str) -> Result<Unit> {
    match text.trim() {
        "" | "dimensionless" => return Ok(Unit::one()),
        "unknown" => return Ok(Unit::unknown()),
        _ => {}
    }
    if text.len() > LONGEST_TEXT {
        return Err(Error::usage("unit string too long").expected(format!("at most {LONGEST_TEXT} bytes")).found(text.len()));
    }
    let mut reader = Reader { text, letters: text.char_indices().map(|(_, c)| c).collect(), at: 0, depth: 0 };
    let unit = reader.product()?;
    reader.blanks();
    if reader.at < reader.letters.len() {
        return Err(reader.error("cannot read unit").expected("`.`, `/`, a power or the end"));
    }
    Ok(unit)
}

struct Reader<'a> {
    text: &'a str,
    letters: Vec<char>,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn ahead(&self, offset: usize) -> Option<char> {
        self.letters.get(self.at + offset).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        let hit = self.peek() == Some(wanted);
        self.at += usize::from(hit);
        hit
    }

    fn error_at(&self, at: usize, what: &str) -> Error {
        let found = self.letters.get(at).map_or("the end".to_string(), |c| format!("`{c}`"));
        Error::usage(what).at(format!("  {}\n  {}^ at {at}", self.text, " ".repeat(at))).found(found)
    }

    fn error(&self, what: &str) -> Error {
        self.error_at(self.at, what)
    }

    fn product(&mut self) -> Result<Unit> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error("too many brackets in unit").expected(format!("at most {DEEPEST}")));
        }
        self.blanks();
        let mut unit = self.term()?;
        let mut divided = false;
        loop {
            let before = self.at;
            self.blanks();
            let gap = self.at > before;
            let divides = match self.peek() {
                None | Some(')') => break,
                Some('/') => true,
                Some('.' | '*' | '·' | '×') => false,
                // A number after a unit is a slip; a letter or bracket after a blank is a product.
                Some(c) if gap && (starts_symbol(c) || c == '(') => {
                    self.at -= 1;
                    false
                }
                // `10Msun`: the number stands directly before the symbol.
                Some(c) if starts_symbol(c) && before > 0 && self.letters[before - 1].is_ascii_digit() && !gap => {
                    unit = self.multiply(&unit, false)?;
                    continue;
                }
                Some(_) => break,
            };
            if divided && !divides {
                return Err(self
                    .error("unit can be read in two ways")
                    .expected("brackets round the divisor")
                    .hint("write `a/(b.c)` to divide by both, or `a.c/b` to divide by the first"));
            }
            divided |= divides;
            self.at += 1;
            self.blanks();
            unit = self.multiply(&unit, divides)?;
        }
        self.depth -= 1;
        Ok(unit)
    }

    fn multiply(&mut self, unit: &Unit, divides: bool) -> Result<Unit> {
        let start = self.at;
        let next = self.term()?;
        let result = if divides { unit.over(&next) } else { unit.times(&next) };
        self.in_range(result, start)
    }

    fn in_range(&self, unit: Unit, start: usize) -> Result<Unit> {
        if unit.is_unknown() { Err(self.error_at(start, "unit out of range").expected("sizes between 1e-300 and 1e300")) } else { Ok(unit) }
    }

    fn term(&mut self) -> Result<Unit> {
        let start = self.at;
        let atom = match self.peek() {
            Some('(') => {
                self.at += 1;
                self.bracketed()?
            }
            Some(c) if c.is_ascii_digit() => return self.number(),
            Some(c) if starts_symbol(c) => self.symbol()?,
            _ => return Err(self.error("cannot read unit").expected("a unit such as kpc, km/s or Msun")),
        };
        match self.power()? {
            None => Ok(atom),
            Some(power) => {
                let raised = atom.raise(power).unwrap_or_else(Unit::unknown);
                self.in_range(raised, start)
            }
        }
    }

    fn bracketed(&mut self) -> Result<Unit> {
        let inner = self.product()?;
        self.blanks();
        if self.take(')') { Ok(inner) } else { Err(self.error("bracket is not closed in unit").expected("`)`")) }
    }

    fn symbol(&mut self) -> Result<Unit> {
        let start = self.at;
        while self.peek().is_some_and(continues_symbol) {
            self.at += 1;
        }
        let name: String = self.letters[start..self.at].iter().collect();
        if name == "sqrt" && self.take('(') {
            return Ok(self.bracketed()?.sqrt());
        }
        if let Some((symbol, prefix)) = symbols::find(&name) {
            return Ok(Unit::symbol(symbol, prefix));
        }
        let error = self.error_at(start, &format!("unknown unit `{name}`")).found(format!("`{name}`"));
        Err(match (name.as_str(), symbols::suggestion(&name)) {
            ("h", _) => error.hint("spolia's columns carry no Hubble factor h; for hours write `hr`"),
            ("unknown", _) => error.hint("`unknown` stands alone"),
            (_, Some(near)) => error.hint(format!("did you mean `{near}`")),
            _ => error.hint("known are kpc, pc, km, Msun, g, Gyr, yr, s, K, erg, deg, rad, arcsec, mag, dex and their prefixed forms"),
        })
    }

    /// A scale: `10**10`, `10^-3`, `1e10`, `2.5`.
    fn number(&mut self) -> Result<Unit> {
        let start = self.at;
        let digits = |reader: &mut Self| {
            while reader.peek().is_some_and(|c| c.is_ascii_digit()) {
                reader.at += 1;
            }
        };
        digits(self);
        if self.peek() == Some('.') && self.ahead(1).is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
            digits(self);
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            let signed = usize::from(matches!(self.ahead(1), Some('+' | '-')));
            if self.ahead(1 + signed).is_some_and(|c| c.is_ascii_digit()) {
                self.at += 1 + signed;
                digits(self);
            }
        }
        let literal: String = self.letters[start..self.at].iter().collect();
        let value: f64 = literal.parse().map_err(|_| self.error_at(start, "cannot read number in unit"))?;
        let out_of_range =
            |reader: &Self| reader.error_at(start, "number out of range in unit").expected("a positive number between 1e-300 and 1e300");
        let unit = (-LARGEST_DECIMAL..=LARGEST_DECIMAL)
            .contains(&decimal_guess(value))
            .then(|| match super::unit::power_of_ten(decimal_guess(value)) {
                ten if ten == value => Unit::number(1.0, decimal_guess(value)),
                _ => Unit::number(value, 0),
            })
            .flatten()
            .ok_or_else(|| out_of_range(self))?;
        match self.power()? {
            None => Ok(unit),
            Some(power) => unit.raise(power).ok_or_else(|| out_of_range(self)),
        }
    }

    /// `**2`, `^-1`, `**(1/2)`, `**0.5`, `-1` or `2` directly behind a symbol, `⁻¹`, or nothing.
    fn power(&mut self) -> Result<Option<Rational>> {
        let start = self.at;
        let raised: String =
            self.letters[start..].iter().map_while(|c| SUPERSCRIPTS.iter().find(|(_, r)| r == c).map(|(p, _)| *p)).collect();
        if !raised.is_empty() {
            self.at += raised.chars().count();
            let (numerator, denominator) = raised.split_once('/').unwrap_or((&raised, "1"));
            let read = |text: &str| text.parse::<i64>().ok();
            return match read(numerator).zip(read(denominator)).and_then(|(n, d)| Rational::new(n, d)) {
                Some(power) => Ok(Some(power)),
                None => Err(self.error_at(start, "cannot read power of unit")),
            };
        }
        if self.peek() == Some('*') && self.ahead(1) == Some('*') {
            self.at += 2;
        } else if !self.take('^') {
            // The CDS form `s-1`, `cm2`.
            let signed = usize::from(matches!(self.peek(), Some('-' | '+')));
            let follows = start > 0 && !self.letters[start - 1].is_ascii_digit() && self.ahead(signed).is_some_and(|c| c.is_ascii_digit());
            return if follows { self.exponent(false).map(Some) } else { Ok(None) };
        }
        self.blanks();
        if self.take('(') {
            self.blanks();
            let numerator = self.exponent(true)?;
            self.blanks();
            let power = if self.take('/') {
                self.blanks();
                let at = self.at;
                let below = self.exponent(true)?;
                let inverse = Rational::new(below.denominator(), below.numerator());
                inverse.and_then(|i| numerator.times(i)).ok_or_else(|| self.error_at(at, "power of unit out of range"))?
            } else {
                numerator
            };
            self.blanks();
            return if self.take(')') {
                Ok(Some(power))
            } else {
                Err(self.error("bracket is not closed in power of unit").expected("`)`"))
            };
        }
        self.exponent(true).map(Some)
    }

    fn exponent(&mut self, decimals: bool) -> Result<Rational> {
        let start = self.at;
        if matches!(self.peek(), Some('-' | '+')) {
            self.at += 1;
        }
        let mut denominator = 1i64;
        let mut text: String = self.letters[start..self.at].iter().filter(|c| **c == '-').collect();
        while let Some(c) = self.peek().filter(char::is_ascii_digit) {
            text.push(c);
            self.at += 1;
        }
        if decimals && self.peek() == Some('.') && self.ahead(1).is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
            let mut read = 0;
            while let Some(c) = self.peek().filter(char::is_ascii_digit) {
                if read == EXPONENT_DECIMALS {
                    return Err(self.error("power of unit has too many digits").hint("write it as a fraction, `**(1/3)`"));
                }
                text.push(c);
                denominator *= 10;
                read += 1;
                self.at += 1;
            }
        }
        let numerator = text
            .parse::<i64>()
            .map_err(|_| self.error_at(start, "cannot read power of unit").expected("a number such as 2, -1 or (1/2)"))?;
        Rational::new(numerator, denominator).ok_or_else(|| self.error_at(start, "power of unit out of range"))
    }
}

/// Nearest decimal exponent of a number; far out of range for zero and infinity.
fn decimal_guess(value: f64) -> i32 {
    value.log10().round() as i32
}

fn starts_symbol(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '%' | '°')
}

fn continues_symbol(c: char) -> bool {
    (c.is_alphabetic() || matches!(c, '_' | '%' | '°' | '☉' | '⊙')) && !SUPERSCRIPTS.iter().any(|(_, raised)| *raised == c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        unit(text).unwrap().to_string()
    }

    #[test]
    fn the_usual_spellings_are_read() {
        let cases = [
            ("km/s", "km/s"),
            ("km s^-1", "km/s"),
            ("km s-1", "km/s"),
            ("km.s**-1", "km/s"),
            ("km * s**-1", "km/s"),
            (" km / s ", "km/s"),
            ("km s⁻¹", "km/s"),
            ("Msun kpc^-3", "Msun/kpc**3"),
            ("solMass/kpc3", "Msun/kpc**3"),
            ("M☉ kpc⁻³", "Msun/kpc**3"),
            ("10**10 Msun", "10**10 Msun"),
            ("10^10Msun", "10**10 Msun"),
            ("1e10 Msun", "10**10 Msun"),
            ("10**10.Msun", "10**10 Msun"),
            ("1.5e3 kpc", "1.5e3 kpc"),
            ("(km/s)**2", "km**2/s**2"),
            ("sqrt(km.kpc/s)", "km**(1/2).kpc**(1/2)/s**(1/2)"),
            ("km**0.5", "km**(1/2)"),
            ("km**(-3/2)", "km**(-3/2)"),
            ("Msun/yr/kpc**2", "Msun/(yr.kpc**2)"),
            ("erg/(s.cm**2.Angstrom)", "erg/(s.cm**2.Angstrom)"),
            ("1/Gyr", "Gyr**-1"),
            ("1", "1"),
            ("", "1"),
            ("unknown", "unknown"),
            ("dex", "dex"),
            ("mas/yr", "mas/yr"),
            ("µm", "um"),
            ("%", "%"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "from `{text}`");
        }
    }

    #[test]
    fn errors_point_at_the_letter_and_suggest() {
        let error = unit("km/s.kcp").unwrap_err();
        assert_eq!(error.what(), "unit can be read in two ways");
        let error = unit("Msun/kcp**3").unwrap_err();
        assert_eq!(error.what(), "unknown unit `kcp`");
        assert_eq!(error.place(), Some("  Msun/kcp**3\n       ^ at 5"));
        assert_eq!(error.hint_text(), Some("did you mean `kpc`"));
        assert_eq!(unit("msun").unwrap_err().hint_text(), Some("did you mean `Msun`"));
        assert!(unit("kpc/h").unwrap_err().hint_text().unwrap().contains("Hubble"));
    }

    #[test]
    fn hostile_texts_are_errors_not_crashes() {
        let deep = "(".repeat(200);
        for text in [
            "km/",
            "/km",
            "km**",
            "km**(1/0)",
            "km**(1",
            "(km",
            "km)",
            "10**400 m",
            "0 km",
            "km..s",
            "km//s",
            "-1 km",
            "km^^2",
            "kpc 3",
            "1e999 m",
            "km**99999999999999999999",
            "m**0.123456789",
            "\u{0}",
            "☉",
            "km¹ᐟ",
            "km⁻",
            &deep,
            &"k".repeat(300),
            "log(km)",
        ] {
            assert!(unit(text).is_err(), "`{text}` was read as {:?}", unit(text).map(|u| u.to_string()));
        }
    }

    fn any_unit() -> impl Strategy<Value = Unit> {
        let names = prop::sample::select(vec![
            "kpc", "pc", "km", "s", "Gyr", "Msun", "K", "rad", "dex", "mag", "erg", "uG", "mas", "%", "Lsun", "um",
        ]);
        let factor = (names, -6i32..7, 1u32..5);
        (
            prop::collection::vec(factor, 0..5),
            prop_oneof![Just("1".to_string()), (-12i32..13).prop_map(|n| format!("10**{n}")), (0.001f64..1e6).prop_map(|x| x.to_string())],
        )
            .prop_map(|(factors, scale)| {
                factors.iter().fold(unit(&scale).unwrap(), |u, (name, n, d)| u.times(&unit(name).unwrap().power(*n, *d)))
            })
    }

    proptest! {
        #[test]
        fn display_and_pretty_are_read_back(u in any_unit()) {
            prop_assert_eq!(&unit(&u.to_string()).unwrap(), &u);
            let pretty = unit(&u.pretty()).unwrap();
            prop_assert!((pretty.factor_to(&u).unwrap() - 1.0).abs() < 1e-12);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            if let Ok(u) = unit(&text) {
                prop_assert_eq!(unit(&u.to_string()).unwrap(), u);
            }
        }

        #[test]
        fn any_unit_like_text_is_read_or_refused(text in "[kmps0-9()/.*^ eE-]{0,24}") {
            if let Ok(u) = unit(&text) {
                prop_assert_eq!(unit(&u.to_string()).unwrap(), u);
            }
        }
    }
}
