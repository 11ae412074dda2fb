//! What a quantity is called, how it is written in plain SQL, and its unit.
//!
//! Formula    v_phi = (x vy - y vx) / R, v_r = (x vx + y vy) / R, R^2 = x^2 + y^2, lz = x vy - y vx
//! Units      kpc, km/s, Msun, Gyr; other expressions take the unit that the session reports
//! Edge cases a name that is unknown is an SQL expression and its own label
//! See also   `table::schema`, `orbits::coordinates`

use super::axes::Label;
use super::text::Text;

/// A quantity of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// SQL.
    pub sql: String,
    /// Name and unit.
    pub label: Label,
    /// Unit in the VOUnit style; `unknown` until the session is asked.
    pub unit: String,
    /// True when the unit is known without asking the session.
    pub known: bool,
    /// True when zero is the natural middle of its colours.
    pub signed: bool,
}

/// Cylindrical radius in plain SQL.
pub const R_CYL: &str = "sqrt(x * x + y * y)";
/// Rotation about the z axis in plain SQL.
pub const V_PHI: &str = "(x * vy - y * vx) / sqrt(x * x + y * y)";
/// Motion away from the z axis in plain SQL.
pub const V_R: &str = "(x * vx + y * vy) / sqrt(x * x + y * y)";

/// Name, SQL, label, unit as printed, unit as stored, signed.
const KNOWN: &[(&str, &str, &str, &str, &str, bool)] = &[
    ("x", "x", "`x`", "kpc", "kpc", true),
    ("y", "y", "`y`", "kpc", "kpc", true),
    ("z", "z", "`z`", "kpc", "kpc", true),
    ("vx", "vx", "`v`_{x}", "km s⁻¹", "km/s", true),
    ("vy", "vy", "`v`_{y}", "km s⁻¹", "km/s", true),
    ("vz", "vz", "`v`_{z}", "km s⁻¹", "km/s", true),
    ("v_z", "vz", "`v`_{z}", "km s⁻¹", "km/s", true),
    ("mass", "mass", "Mass", "M☉", "Msun", false),
    ("age", "age", "Age", "Gyr", "Gyr", false),
    ("t_birth", "t_birth", "Birth time", "Gyr", "Gyr", false),
    ("x_birth", "x_birth", "`x`_{birth}", "kpc", "kpc", true),
    ("y_birth", "y_birth", "`y`_{birth}", "kpc", "kpc", true),
    ("z_birth", "z_birth", "`z`_{birth}", "kpc", "kpc", true),
    ("phi", "phi", "`Φ`", "km² s⁻²", "km**2/s**2", false),
    ("temperature", "temperature", "`T`", "K", "K", false),
    ("rho", "rho", "`ρ`", "M☉ kpc⁻³", "Msun/kpc**3", false),
    ("z_metal", "z_metal", "`Z`", "", "1", false),
    ("radius", "sqrt(x * x + y * y + z * z)", "`r`", "kpc", "kpc", false),
    ("r_cyl", R_CYL, "`R`", "kpc", "kpc", false),
    ("v_phi", V_PHI, "`v`_{φ}", "km s⁻¹", "km/s", true),
    ("v_r", V_R, "`v`_{R}", "km s⁻¹", "km/s", true),
    ("lz", "x * vy - y * vx", "`L`_{z}", "kpc km s⁻¹", "kpc.km/s", true),
    ("speed", "sqrt(vx * vx + vy * vy + vz * vz)", "|`v`|", "km s⁻¹", "km/s", false),
    ("energy", "0.5 * (vx * vx + vy * vy + vz * vz) + phi", "`E`", "km² s⁻²", "km**2/s**2", false),
];

/// Elements whose abundance columns are read as `[X/Y]`.
const ELEMENTS: &[&str] = &[
    "h", "he", "c", "n", "o", "ne", "na", "mg", "al", "si", "p", "s", "cl", "ti", "v", "cr", "mn", "fe", "co", "ni", "cu", "zn", "y", "ba",
    "ce", "eu",
];

/// A text as SQL writes it.
pub fn text_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The quantity that a user's word or expression names.
pub fn quantity(text: &str) -> Quantity {
    let word = text.trim();
    if let Some((_, sql, name, unit, stored, signed)) = KNOWN.iter().find(|k| k.0 == word) {
        return Quantity { sql: (*sql).into(), label: Label::new(name, unit), unit: (*stored).into(), known: true, signed: *signed };
    }
    if let Some((a, b)) = abundance(word) {
        return Quantity {
            sql: word.into(),
            label: Label::new(&format!("[{a}/{b}]"), "dex"),
            unit: "dex".into(),
            known: true,
            signed: false,
        };
    }
    Quantity {
        sql: word.into(),
        label: Label { name: Text::plain(word), unit: Text::default() },
        unit: "unknown".into(),
        known: false,
        signed: false,
    }
}

/// `mgfe` is Mg and Fe; names that could be read in two ways take the longest first element.
fn abundance(word: &str) -> Option<(String, String)> {
    let capital = |e: &str| {
        let mut letters = e.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    (1..=2).rev().find_map(|cut| {
        let (a, b) = (word.get(..cut)?, word.get(cut..)?);
        (a != "h" && a != b && ELEMENTS.contains(&a) && ["h", "fe", "mg", "mn", "o", "ba", "eu"].contains(&b))
            .then(|| (capital(a), capital(b)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_field_have_signs_and_units() {
        assert_eq!(quantity("v_phi").label.with_exponent(0).letters(), "vφ [km s−1]");
        assert_eq!(quantity("feh").label.with_exponent(0).letters(), "[Fe/H] [dex]");
        assert_eq!(quantity("mgfe").label.name.letters(), "[Mg/Fe]");
        assert_eq!(quantity("ofe").label.name.letters(), "[O/Fe]");
        assert_eq!(quantity("mgmn").label.name.letters(), "[Mg/Mn]");
    }

    #[test]
    fn expressions_stay_expressions() {
        let q = quantity(" x + 2 * y ");
        assert_eq!((q.sql.as_str(), q.label.name.letters().as_str(), q.known), ("x + 2 * y", "x + 2 * y", false));
        for other in ["eh", "hh", "he", "", "é", "mass_birth"] {
            assert!(!quantity(other).known, "{other}");
        }
    }
}
