//! Columns of the public NIHAO-UHD tables and the canonical columns that they become.
//!
//! Layout     one line of [`KNOWN`] a name; `Fe_H` and its kin (also `Fe_H_SNII` by channel) become `feh` (`feh_snii`) in dex;
//!            canonical names stand for themselves; everything else keeps its own name in lower_snake form
//! Units      TUNIT where the table has it; else the units in which the tables were released: kpc, km/s, Msun, Gyr
//! Source     Buder et al. 2025 (arXiv 2510.11284), the notebook that prepares the tables
//! See also   `columns`, `table::schema`

use crate::ingest::fields::element;
use crate::table::schema::canonical;

/// One column that is understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    /// Column.
    pub(super) column: String,
    /// Unit of the column.
    pub(super) unit: String,
    /// One line.
    pub(super) description: String,
    /// Powers of length, mass and velocity, for units that the user gives; none where the release fixes no unit.
    pub(super) powers: Option<[i32; 3]>,
}

/// Name in the table, column, unit, powers of length, mass and velocity, description of what is not canonical.
type Line = (&'static str, &'static str, &'static str, [i32; 3], &'static str);

const KNOWN: &[Line] = &[
    ("x", "x", "kpc", [1, 0, 0], ""),
    ("y", "y", "kpc", [1, 0, 0], ""),
    ("z", "z", "kpc", [1, 0, 0], ""),
    ("vx", "vx", "km/s", [0, 0, 1], ""),
    ("vy", "vy", "km/s", [0, 0, 1], ""),
    ("vz", "vz", "km/s", [0, 0, 1], ""),
    ("mass", "mass", "Msun", [0, 1, 0], ""),
    ("potential_phi", "phi", "km**2/s**2", [0, 0, 2], ""),
    ("age", "age", "Gyr", [0, 0, 0], "time since formation as stored in the table"),
    ("x_birth", "x_birth", "kpc", [1, 0, 0], ""),
    ("y_birth", "y_birth", "kpc", [1, 0, 0], ""),
    ("z_birth", "z_birth", "kpc", [1, 0, 0], ""),
    ("metallicity_z", "z_metal", "1", [0, 0, 0], ""),
    ("temperature", "temperature", "K", [0, 0, 0], ""),
    ("density_rho", "rho", "Msun/kpc**3", [-3, 1, 0], ""),
    ("jr", "jr", "kpc.km/s", [1, 0, 1], "radial action"),
    ("jz", "jz", "kpc.km/s", [1, 0, 1], "vertical action"),
    ("jphi", "jphi", "kpc.km/s", [1, 0, 1], "azimuthal action, the angular momentum along z"),
    ("ecc_0p43", "ecc_0p43", "1", [0, 0, 0], "eccentricity proxy (|JR| / (|JR| + |JPhi|))^0.43"),
    ("iord", "id", "1", [0, 0, 0], ""),
    ("id", "id", "1", [0, 0, 0], ""),
];

/// Endings of abundances by the channel that made the element.
const CHANNELS: [&str; 3] = ["snii", "snia", "agb"];

/// The known column called `name` in a table, in any case.
pub(super) fn lookup(name: &str) -> Option<Known> {
    let lower = name.to_lowercase();
    if let Some((_, column, unit, powers, text)) = KNOWN.iter().find(|(n, ..)| *n == lower) {
        let known = canonical(column).map_or("", |c| c.description);
        let description = if text.is_empty() { known } else { text };
        return Some(Known { column: (*column).into(), unit: (*unit).into(), description: description.into(), powers: Some(*powers) });
    }
    if let Some((column, description)) = abundance(name) {
        return Some(Known { column, unit: "dex".into(), description, powers: Some([0; 3]) });
    }
    let c = canonical(&lower)?;
    Some(Known { column: c.name.into(), unit: c.unit.into(), description: c.description.into(), powers: None })
}

/// `Fe_H_SNII` as `feh_snii` with its description.
fn abundance(name: &str) -> Option<(String, String)> {
    let (symbol, rest) = name.split_once("_H")?;
    let element = element(symbol).filter(|e| *e == symbol)?;
    let lower = element.to_lowercase();
    if rest.is_empty() {
        return Some((format!("{lower}h"), format!("[{element}/H] as stored in the table")));
    }
    let channel = rest.strip_prefix('_')?.to_lowercase();
    CHANNELS.contains(&channel.as_str()).then(|| {
        let description = format!("[{element}/H] of what {} made, as stored in the table", rest.trim_start_matches('_'));
        (format!("{lower}h_{channel}"), description)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_names_become_canonical_columns() {
        for (name, column, unit) in [
            ("x", "x", "kpc"),
            ("potential_phi", "phi", "km**2/s**2"),
            ("metallicity_z", "z_metal", "1"),
            ("density_rho", "rho", "Msun/kpc**3"),
            ("JPhi", "jphi", "kpc.km/s"),
            ("Fe_H", "feh", "dex"),
            ("O_H", "oh", "dex"),
            ("Eu_H_SNIa", "euh_snia", "dex"),
            ("h_sml", "h_sml", "kpc"),
        ] {
            let known = lookup(name).unwrap();
            assert_eq!((known.column.as_str(), known.unit.as_str()), (column, unit), "{name}");
            assert!(!known.description.is_empty(), "{name}");
        }
        for name in ["Fe_H_else", "Qq_H", "fe_H", "vertex", "Fe_He"] {
            assert_eq!(lookup(name), None, "{name}");
        }
        assert_eq!(lookup("h_sml").unwrap().powers, None);
    }

    #[test]
    fn units_can_be_read_back() {
        for (name, _, unit, ..) in KNOWN {
            assert!(crate::units::Unit::parse(unit).is_ok(), "{name}: {unit}");
        }
    }
}
