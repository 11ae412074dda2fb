//! The table of known unit symbols, prefixes and dimension names.
//!
//! Layout     one row per symbol: name, other spellings, typeset form, size in m kg s K rad, dimension, prefixes allowed
//! Source     VOUnits 1.1 tables 1-5; sizes from `constants` (IAU, CODATA 2018)
//! Refuses    `h`: it is the hour in VOUnit and the Hubble factor in simulation headers, so neither is assumed
//! See also   `units::parse`

use std::f64::consts::PI;

use super::rational::Rational;
use crate::constants::{
    ASTRONOMICAL_UNIT_CM, ATOMIC_MASS_G, DAY_S, ELECTRONVOLT_ERG, PARSEC_CM, SOLAR_LUMINOSITY_ERG_S, SOLAR_MASS_G, SOLAR_RADIUS_CM,
    SPEED_OF_LIGHT_KMS, YEAR_S,
};

/// Number of base dimensions.
pub(super) const DIMENSIONS: usize = 7;
/// Names of the base dimensions, in the order of every exponent array.
pub(super) const DIMENSION_NAMES: [&str; DIMENSIONS] =
    ["length", "mass", "time", "temperature", "angle", "logarithmic ratio (dex)", "magnitude"];

/// Exponents over length, mass, time, temperature, angle, dex, mag.
pub(super) type Dimension = [Rational; DIMENSIONS];

/// One unit that has a name of its own.
#[derive(Debug)]
pub(super) struct Symbol {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) pretty: &'static str,
    pub(super) size: f64,
    pub(super) dimension: Dimension,
    pub(super) prefixable: bool,
}

const fn whole(length: i64, mass: i64, time: i64) -> Dimension {
    let z = Rational::ZERO;
    [Rational::whole(length), Rational::whole(mass), Rational::whole(time), z, z, z, z]
}

const fn only(index: usize, exponent: i64) -> Dimension {
    let mut dimension = [Rational::ZERO; DIMENSIONS];
    dimension[index] = Rational::whole(exponent);
    dimension
}

const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    pretty: &'static str,
    size: f64,
    dimension: Dimension,
    prefixable: bool,
) -> Symbol {
    Symbol { name, aliases, pretty, size, dimension, prefixable }
}

const LENGTH: Dimension = whole(1, 0, 0);
const MASS: Dimension = whole(0, 1, 0);
const TIME: Dimension = whole(0, 0, 1);
const ENERGY: Dimension = whole(2, 1, -2);
const POWER: Dimension = whole(2, 1, -3);
const ANGLE: Dimension = only(4, 1);
const GAUSS: Dimension =
    [Rational::halves(-1), Rational::halves(1), Rational::whole(-1), Rational::ZERO, Rational::ZERO, Rational::ZERO, Rational::ZERO];

const M_PER_CM: f64 = 1e-2;
const KG_PER_G: f64 = 1e-3;
const J_PER_ERG: f64 = 1e-7;
const DEGREE_RAD: f64 = PI / 180.0;
const ARCSEC_RAD: f64 = PI / 648_000.0;

/// Every symbol; names are unique over names and aliases (tested).
pub(super) static SYMBOLS: &[Symbol] = &[
    row("m", &["metre", "meter"], "m", 1.0, LENGTH, true),
    row("pc", &["parsec"], "pc", PARSEC_CM * M_PER_CM, LENGTH, true),
    row("au", &["AU"], "au", ASTRONOMICAL_UNIT_CM * M_PER_CM, LENGTH, false),
    row("lyr", &["lightyear"], "ly", SPEED_OF_LIGHT_KMS * 1e3 * YEAR_S, LENGTH, true),
    row("Angstrom", &["angstrom", "AA", "Å"], "Å", 1e-10, LENGTH, false),
    row("Rsun", &["solRad", "R_sun", "R☉", "R⊙"], "R☉", SOLAR_RADIUS_CM * M_PER_CM, LENGTH, true),
    row("g", &["gram"], "g", KG_PER_G, MASS, true),
    row("Msun", &["solMass", "M_sun", "Msol", "M☉", "M⊙"], "M☉", SOLAR_MASS_G * KG_PER_G, MASS, true),
    row("u", &["m_u", "amu"], "u", ATOMIC_MASS_G * KG_PER_G, MASS, false),
    row("s", &["sec", "second"], "s", 1.0, TIME, true),
    row("min", &["minute"], "min", 60.0, TIME, false),
    row("hr", &["hour"], "hr", 3600.0, TIME, false),
    row("d", &["day"], "d", DAY_S, TIME, false),
    row("yr", &["year", "annum"], "yr", YEAR_S, TIME, true),
    row("K", &["kelvin"], "K", 1.0, only(3, 1), true),
    row("rad", &["radian"], "rad", 1.0, ANGLE, true),
    row("deg", &["degree", "°"], "°", DEGREE_RAD, ANGLE, false),
    row("arcmin", &[], "arcmin", DEGREE_RAD / 60.0, ANGLE, false),
    row("arcsec", &[], "arcsec", ARCSEC_RAD, ANGLE, true),
    row("mas", &[], "mas", ARCSEC_RAD * 1e-3, ANGLE, false),
    row("uas", &["μas", "µas"], "µas", ARCSEC_RAD * 1e-6, ANGLE, false),
    row("sr", &["steradian"], "sr", 1.0, only(4, 2), false),
    row("Hz", &["hertz"], "Hz", 1.0, whole(0, 0, -1), true),
    row("N", &["newton"], "N", 1.0, whole(1, 1, -2), true),
    row("dyn", &["dyne"], "dyn", 1e-5, whole(1, 1, -2), false),
    row("J", &["joule"], "J", 1.0, ENERGY, true),
    row("erg", &[], "erg", J_PER_ERG, ENERGY, false),
    row("eV", &["electronvolt"], "eV", ELECTRONVOLT_ERG * J_PER_ERG, ENERGY, true),
    row("W", &["watt"], "W", 1.0, POWER, true),
    row("Lsun", &["solLum", "L_sun", "L☉", "L⊙"], "L☉", SOLAR_LUMINOSITY_ERG_S * J_PER_ERG, POWER, true),
    row("Pa", &["pascal"], "Pa", 1.0, whole(-1, 1, -2), true),
    row("bar", &[], "bar", 1e5, whole(-1, 1, -2), true),
    row("Jy", &["jansky"], "Jy", 1e-26, whole(0, 1, -2), true),
    // Gaussian units: 1 G = 1 g^(1/2) cm^(-1/2) s^-1, here in m kg s.
    row("G", &["gauss", "Gauss"], "G", 0.316_227_766_016_837_94, GAUSS, true),
    row("%", &["percent"], "%", 0.01, whole(0, 0, 0), false),
    row("dex", &[], "dex", 1.0, only(5, 1), false),
    row("mag", &[], "mag", 1.0, only(6, 1), true),
];

/// Prefixes: text and decimal exponent; the first text of an exponent is the one displayed.
pub(super) static PREFIXES: &[(&str, i32)] = &[
    ("da", 1),
    ("y", -24),
    ("z", -21),
    ("a", -18),
    ("f", -15),
    ("p", -12),
    ("n", -9),
    ("u", -6),
    ("µ", -6),
    ("μ", -6),
    ("m", -3),
    ("c", -2),
    ("d", -1),
    ("h", 2),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
    ("Z", 21),
    ("Y", 24),
];

/// Prefixed names worth suggesting after a typo.
static COMMON: &[&str] =
    &["kpc", "Mpc", "Gpc", "km", "cm", "mm", "nm", "um", "kg", "Gyr", "Myr", "kyr", "keV", "MeV", "GHz", "MHz", "mmag", "mJy", "uG"];

/// Symbol and decimal exponent of its prefix; whole names win over prefix + name, so `Pa` is the pascal.
pub(super) fn find(name: &str) -> Option<(&'static Symbol, i32)> {
    let exact = |text: &str| SYMBOLS.iter().find(|s| s.name == text || s.aliases.contains(&text));
    if let Some(symbol) = exact(name) {
        return Some((symbol, 0));
    }
    PREFIXES.iter().find_map(|&(prefix, decimal)| {
        let symbol = exact(name.strip_prefix(prefix)?)?;
        symbol.prefixable.then_some((symbol, decimal))
    })
}

/// The known name nearest to a mistyped one.
pub(super) fn suggestion(name: &str) -> Option<&'static str> {
    // Names differing only in case come first: `KPC`, `msun`, `gyr`.
    let all = || COMMON.iter().copied().chain(SYMBOLS.iter().flat_map(|s| std::iter::once(s.name).chain(s.aliases.iter().copied())));
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.to_lowercase().chars().collect();
        letters.sort_unstable();
        letters
    };
    all()
        .find(|c| c.eq_ignore_ascii_case(name))
        // Swapped letters, `kcp`, count as two edits and would be missed by the distance below.
        .or_else(|| all().find(|c| sorted(c) == sorted(name)))
        .or_else(|| crate::error::nearest(name, all().filter(|c| c.len() > 1)))
}

/// Text of a prefix, empty for none.
pub(super) fn prefix_text(decimal: i32) -> &'static str {
    PREFIXES.iter().find(|(_, d)| *d == decimal).map_or("", |(text, _)| text)
}

/// Common name of a dimension: `velocity`, `density`; otherwise the base dimensions with their exponents.
pub(super) fn dimension_words(dimension: &Dimension) -> String {
    let named: &[(&str, Dimension)] = &[
        ("dimensionless", whole(0, 0, 0)),
        ("area", whole(2, 0, 0)),
        ("volume", whole(3, 0, 0)),
        ("velocity", whole(1, 0, -1)),
        ("acceleration", whole(1, 0, -2)),
        ("specific energy", whole(2, 0, -2)),
        ("specific angular momentum", whole(2, 0, -1)),
        ("angular momentum", whole(2, 1, -1)),
        ("momentum", whole(1, 1, -1)),
        ("frequency", whole(0, 0, -1)),
        ("density", whole(-3, 1, 0)),
        ("number density", whole(-3, 0, 0)),
        ("surface density", whole(-2, 1, 0)),
        ("mass rate", whole(0, 1, -1)),
        ("energy", ENERGY),
        ("power", POWER),
        ("force", whole(1, 1, -2)),
        ("pressure", whole(-1, 1, -2)),
        ("flux density", whole(0, 1, -2)),
        ("solid angle", only(4, 2)),
        ("magnetic field", GAUSS),
    ];
    if let Some((name, _)) = named.iter().find(|(_, d)| d == dimension) {
        return (*name).to_string();
    }
    let parts: Vec<String> = DIMENSION_NAMES
        .iter()
        .zip(dimension)
        .filter(|(_, exponent)| !exponent.is_zero())
        .map(|(name, exponent)| match (exponent.numerator(), exponent.denominator()) {
            (1, 1) => (*name).to_string(),
            (n, 1) => format!("{name}^{n}"),
            (n, d) => format!("{name}^({n}/{d})"),
        })
        .collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_unique_and_reachable() {
        let mut seen = std::collections::BTreeSet::new();
        for symbol in SYMBOLS {
            for name in std::iter::once(&symbol.name).chain(symbol.aliases) {
                assert!(seen.insert(*name), "{name} twice");
                assert_eq!(find(name).unwrap().0.name, symbol.name);
            }
            assert!(symbol.size > 0.0 && symbol.size.is_finite());
        }
    }

    #[test]
    fn no_prefixed_name_has_two_meanings() {
        let mut seen = std::collections::BTreeMap::new();
        for symbol in SYMBOLS.iter().filter(|s| s.prefixable) {
            for (prefix, decimal) in PREFIXES {
                let name = format!("{prefix}{}", symbol.name);
                let (found, exponent) = find(&name).unwrap();
                let exact = exponent == 0;
                assert!(exact || (found.name == symbol.name && exponent == *decimal), "{name} reads as {}", found.name);
                if let Some(other) = seen.insert(name.clone(), symbol.name) {
                    panic!("{name}: {other} and {}", symbol.name);
                }
            }
        }
        assert_eq!(find("Pa").unwrap().0.name, "Pa");
        assert_eq!(find("min").unwrap().0.name, "min");
        assert_eq!(find("Gyr").unwrap().1, 9);
    }

    #[test]
    fn gauss_is_a_root_of_gram_over_centimetre() {
        let symbol = find("G").unwrap().0;
        assert!((symbol.size - (KG_PER_G / M_PER_CM).sqrt()).abs() < 1e-16);
    }

    #[test]
    fn common_names_exist() {
        for name in COMMON {
            assert!(find(name).is_some(), "{name}");
        }
    }
}
