//! Names of source fields and the canonical columns that they become.
//!
//! Layout     one table per naming tradition: Tipsy arrays (`FeMassFrac`, `iord`, `amiga.grp`), element symbols
//! Units      a [`Quantity`] says which combination of the code's units converts the stored value
//! Edge cases unknown names keep their own name in lower_snake form and the unit `unknown`; nothing is dropped
//! Source     Gasoline and ChaNGa output tables; pynbody 2.8 default configuration (array names)
//! See also   `table::schema` for the columns, `tipsy::companion` and the HDF5 readers for the use

use super::Family;

/// What a stored value measures, hence how it is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// A pure number: stored as it is.
    Number,
    /// Kelvin: stored as it is.
    Temperature,
    /// Length, comoving in a cosmological run.
    Length,
    /// Mass.
    Mass,
    /// Velocity.
    Velocity,
    /// Mass per volume.
    Density,
    /// Specific energy of the gravitational potential.
    Potential,
    /// Time since the start of the run (the Big Bang in a cosmological one).
    Time,
    /// Nobody knows: stored as it is, unit `unknown`.
    Unknown,
}

/// What an array of a Tipsy run becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayField {
    /// Name of the column; the first component of a vector gets `_x`, and so on.
    pub column: String,
    /// How to convert.
    pub quantity: Quantity,
    /// Whether the values are integers (the file does not say).
    pub integer: bool,
    /// Families that get the column.
    pub families: &'static [Family],
}

const EVERY: &[Family] = &[Family::Stars, Family::Gas, Family::Dark];
const BARYONS: &[Family] = &[Family::Stars, Family::Gas];
const GAS: &[Family] = &[Family::Gas];
const STARS: &[Family] = &[Family::Stars];

/// Array name in lower case, column, quantity, integer, families.
const TIPSY_ARRAYS: &[(&str, &str, Quantity, bool, &[Family])] = &[
    ("iord", "id", Quantity::Number, true, EVERY),
    ("igasorder", "id_gas", Quantity::Number, true, STARS),
    ("igasord", "id_gas", Quantity::Number, true, STARS),
    ("amiga.grp", "halo_id", Quantity::Number, true, EVERY),
    ("grp", "halo_id", Quantity::Number, true, EVERY),
    ("massform", "mass_birth", Quantity::Mass, false, STARS),
    ("timeform", "t_birth", Quantity::Time, false, STARS),
    ("tform", "t_birth", Quantity::Time, false, STARS),
    ("hi", "x_hi", Quantity::Number, false, GAS),
    ("hei", "x_hei", Quantity::Number, false, GAS),
    ("heii", "x_heii", Quantity::Number, false, GAS),
    ("h2", "x_h2", Quantity::Number, false, GAS),
    ("smoothlength", "h_sml", Quantity::Length, false, EVERY),
    ("hsmooth", "h_sml", Quantity::Length, false, EVERY),
    ("smooth", "h_sml", Quantity::Length, false, EVERY),
    ("den", "rho", Quantity::Density, false, EVERY),
    ("density", "rho", Quantity::Density, false, EVERY),
    ("gasdensity", "rho", Quantity::Density, false, GAS),
    ("pot", "phi", Quantity::Potential, false, EVERY),
    ("soft", "eps", Quantity::Length, false, EVERY),
    ("metals", "z_metal", Quantity::Number, false, BARYONS),
    ("temperature", "temperature", Quantity::Temperature, false, GAS),
    ("tempeff", "temperature_effective", Quantity::Temperature, false, GAS),
    ("coolontime", "t_cool_on", Quantity::Time, false, GAS),
];

/// Suffix of arrays of element mass fractions.
const MASS_FRACTION: &str = "massfrac";
/// Channels that Gasoline may write apart, as suffix of the column.
const CHANNELS: &[&str] = &["snii", "snia", "agb"];

/// Symbols of the elements that nucleosynthesis tables hold, hydrogen to uranium.
const ELEMENTS: &[&str] = &[
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr",
    "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Ru", "Rh", "Pd", "Ag",
    "Cd", "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb",
    "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Th", "U",
];

/// Full names of elements, as EAGLE and SWIFT write them.
const ELEMENT_NAMES: &[(&str, &str)] = &[
    ("hydrogen", "H"),
    ("helium", "He"),
    ("carbon", "C"),
    ("nitrogen", "N"),
    ("oxygen", "O"),
    ("neon", "Ne"),
    ("sodium", "Na"),
    ("magnesium", "Mg"),
    ("aluminium", "Al"),
    ("silicon", "Si"),
    ("sulphur", "S"),
    ("sulfur", "S"),
    ("calcium", "Ca"),
    ("titanium", "Ti"),
    ("manganese", "Mn"),
    ("iron", "Fe"),
    ("nickel", "Ni"),
    ("strontium", "Sr"),
    ("barium", "Ba"),
    ("europium", "Eu"),
];

/// The symbol (`Fe`) of an element given by symbol or name in any case; `Ox` is Gasoline's oxygen.
pub fn element(word: &str) -> Option<&'static str> {
    if word.eq_ignore_ascii_case("ox") {
        return Some("O");
    }
    let symbol = ELEMENTS.iter().find(|symbol| symbol.eq_ignore_ascii_case(word)).copied();
    symbol.or_else(|| ELEMENT_NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, symbol)| *symbol))
}

/// Full name (`Iron`) of the element with this symbol, where a code writes one.
pub fn element_name(symbol: &str) -> Option<&'static str> {
    const CAPITALS: &[(&str, &str)] = &[
        ("H", "Hydrogen"),
        ("He", "Helium"),
        ("C", "Carbon"),
        ("N", "Nitrogen"),
        ("O", "Oxygen"),
        ("Ne", "Neon"),
        ("Na", "Sodium"),
        ("Mg", "Magnesium"),
        ("Al", "Aluminium"),
        ("Si", "Silicon"),
        ("S", "Sulphur"),
        ("Ca", "Calcium"),
        ("Ti", "Titanium"),
        ("Mn", "Manganese"),
        ("Fe", "Iron"),
        ("Ni", "Nickel"),
        ("Sr", "Strontium"),
        ("Ba", "Barium"),
        ("Eu", "Europium"),
    ];
    CAPITALS.iter().find(|(known, _)| *known == symbol).map(|(_, name)| *name)
}

/// The column of an element's mass fraction: `x_fe`.
pub fn element_column(symbol: &str) -> String {
    format!("x_{}", symbol.to_lowercase())
}

/// What the array `SNAP.name` of a Tipsy run becomes.
pub fn tipsy_array(name: &str) -> ArrayField {
    let lower = name.to_lowercase();
    if let Some((_, column, quantity, integer, families)) = TIPSY_ARRAYS.iter().find(|(array, ..)| *array == lower) {
        return ArrayField { column: (*column).to_string(), quantity: *quantity, integer: *integer, families };
    }
    if let Some(column) = mass_fraction_column(&lower) {
        return ArrayField { column, quantity: Quantity::Number, integer: false, families: BARYONS };
    }
    let integer = lower.ends_with(".grp");
    let quantity = if integer { Quantity::Number } else { Quantity::Unknown };
    ArrayField { column: lower_snake(name), quantity, integer, families: EVERY }
}

/// `femassfrac` gives `x_fe`, `femassfrac_snii` gives `x_fe_snii`.
fn mass_fraction_column(lower: &str) -> Option<String> {
    let (head, channel) = match lower.rsplit_once('_') {
        Some((head, tail)) if CHANNELS.contains(&tail) => (head, Some(tail)),
        _ => (lower, None),
    };
    let symbol = element(head.strip_suffix(MASS_FRACTION)?)?;
    let column = element_column(symbol);
    Some(channel.map_or_else(|| column.clone(), |channel| format!("{column}_{channel}")))
}

/// A name in lower_snake form: `StarFormationRate` gives `star_formation_rate`, `ESNRate` gives `esn_rate`.
///
/// Whatever is neither a letter nor a digit becomes one underscore; a name that starts with a digit gets a leading one.
pub fn lower_snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, &c) in letters.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        if c.is_uppercase() && i > 0 {
            let after_small = letters[i - 1].is_lowercase() || letters[i - 1].is_ascii_digit();
            let before_small = letters[i - 1].is_uppercase() && letters.get(i + 1).is_some_and(|next| next.is_lowercase());
            if (after_small || before_small) && !out.ends_with('_') {
                out.push('_');
            }
        }
        out.extend(c.to_lowercase());
    }
    let trimmed = out.trim_end_matches('_');
    if trimmed.is_empty() || trimmed.starts_with(|c: char| c.is_ascii_digit()) { format!("_{trimmed}") } else { trimmed.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_arrays_become_canonical_columns() {
        for (name, column) in [
            ("FeMassFrac", "x_fe"),
            ("OxMassFrac", "x_o"),
            ("EuMassFrac", "x_eu"),
            ("FeMassFrac_SNII", "x_fe_snii"),
            ("HI", "x_hi"),
            ("iord", "id"),
            ("massform", "mass_birth"),
            ("timeform", "t_birth"),
            ("amiga.grp", "halo_id"),
        ] {
            assert_eq!(tipsy_array(name).column, column);
        }
        assert!(tipsy_array("iord").integer && tipsy_array("rockstar.grp").integer && !tipsy_array("HI").integer);
        assert_eq!(tipsy_array("massform").families, STARS);
    }

    #[test]
    fn unknown_arrays_keep_their_name() {
        let field = tipsy_array("ESNRate");
        assert_eq!((field.column.as_str(), field.quantity, field.families), ("esn_rate", Quantity::Unknown, EVERY));
        assert_eq!(tipsy_array("XyMassFrac").column, "xy_mass_frac", "no such element");
    }

    #[test]
    fn lower_snake_names_are_identifiers() {
        for (name, snake) in [
            ("StarFormationRate", "star_formation_rate"),
            ("uHot", "u_hot"),
            ("GFM_Metallicity", "gfm_metallicity"),
            ("rockstar.grp", "rockstar_grp"),
            ("2dmap", "_2dmap"),
            ("a--b.", "a_b"),
            ("...", "_"),
            ("HII", "hii"),
            ("SubfindHsml", "subfind_hsml"),
        ] {
            assert_eq!(lower_snake(name), snake);
        }
    }

    #[test]
    fn canonical_targets_exist() {
        use crate::table::schema::canonical;
        for (array, column, ..) in TIPSY_ARRAYS {
            let own = ["x_hei", "x_heii", "x_h2", "temperature_effective", "t_cool_on"];
            assert!(canonical(column).is_some() || own.contains(column), "{array} -> {column}");
        }
        for symbol in ELEMENTS.iter().filter(|s| element_name(s).is_some()) {
            assert_eq!(element_name(symbol).and_then(element), Some(*symbol));
        }
        assert_eq!(element_name("Xe"), None);
        assert_eq!(element("iron"), Some("Fe"));
        assert_eq!(element("Sulphur"), Some("S"));
        assert_eq!(element("xx"), None);
    }
}
