//! Canonical columns: names, units, descriptions, and the metadata that every field carries.
//!
//! Layout     Arrow field metadata: `unit` (VOUnit style), `description`, `frame`, `source`, `factor`
//! Units      kpc, km/s, Msun, Gyr; physical, never comoving, no factor h
//! See also   `ingest::fields`, `units`, docs/reference/columns.md

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};

/// Metadata key of the unit.
pub const UNIT: &str = "unit";
/// Metadata key of the one-line description.
pub const DESCRIPTION: &str = "description";
/// Metadata key of the coordinate frame (`box`, `physical`, or the name of a stored frame).
pub const FRAME: &str = "frame";
/// Metadata key of the field of the source file.
pub const SOURCE: &str = "source";
/// Metadata key of the factor by which stored values were multiplied.
pub const FACTOR: &str = "factor";
/// Unit of a column whose source says nothing.
pub const UNKNOWN_UNIT: &str = "unknown";

/// One canonical column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name in every table.
    pub name: &'static str,
    /// VOUnit string.
    pub unit: &'static str,
    /// One line.
    pub description: &'static str,
}

const fn column(name: &'static str, unit: &'static str, description: &'static str) -> Column {
    Column { name, unit, description }
}

/// Canonical columns in table order; mass fractions `x_fe`, `x_o`, ... are added per element by [`canonical`].
pub const COLUMNS: &[Column] = &[
    column("id", "1", "particle identifier as stored"),
    column("x", "kpc", "physical position, first axis"),
    column("y", "kpc", "physical position, second axis"),
    column("z", "kpc", "physical position, third axis"),
    column("vx", "km/s", "peculiar velocity, first axis"),
    column("vy", "km/s", "peculiar velocity, second axis"),
    column("vz", "km/s", "peculiar velocity, third axis"),
    column("mass", "Msun", "mass"),
    column("mass_birth", "Msun", "mass at formation"),
    column("age", "Gyr", "time since formation, with the simulation's own cosmology"),
    column("t_birth", "Gyr", "cosmic time of formation"),
    column("a_birth", "1", "scale factor at formation"),
    column("phi", "km**2/s**2", "gravitational potential as stored"),
    column("z_metal", "1", "metal mass fraction"),
    column("rho", "Msun/kpc**3", "gas density"),
    column("temperature", "K", "gas temperature"),
    column("u", "km**2/s**2", "specific internal energy"),
    column("h_sml", "kpc", "smoothing length"),
    column("sfr", "Msun/yr", "star formation rate"),
    column("x_hi", "1", "neutral hydrogen fraction"),
    column("x_e", "1", "electrons per hydrogen nucleus"),
    column("eps", "kpc", "gravitational softening"),
    column("halo_id", "1", "halo number as in its catalogue; among particles, -1 is none"),
    column("wind", "1", "true for wind-phase cells that the code stores among the stars"),
    column("x_birth", "kpc", "physical position at formation, first axis"),
    column("y_birth", "kpc", "physical position at formation, second axis"),
    column("z_birth", "kpc", "physical position at formation, third axis"),
    column("vx_birth", "km/s", "peculiar velocity at formation, first axis"),
    column("vy_birth", "km/s", "peculiar velocity at formation, second axis"),
    column("vz_birth", "km/s", "peculiar velocity at formation, third axis"),
    column("rho_birth", "Msun/kpc**3", "gas density at formation"),
    column("temperature_birth", "K", "gas temperature at formation"),
    column("id_gas", "1", "identifier of the gas particle that the star formed from"),
    column("snap", "1", "snapshot number"),
    column("parent_id", "1", "halo that this one lies in; null for none"),
    column("family", "1", "table that holds the particle"),
    column("n_particles", "1", "particles of the halo"),
    column("n_gas", "1", "gas particles of the halo"),
    column("n_stars", "1", "star particles of the halo"),
    column("mass_gas", "Msun", "gas mass of the halo"),
    column("mass_stars", "Msun", "stellar mass of the halo"),
    column("mass_dark", "Msun", "dark matter mass of the halo"),
    column("radius", "kpc", "radius of the halo by the definition of its catalogue, physical"),
    column("r_max", "kpc", "radius of the greatest circular velocity, physical"),
    column("v_max", "km/s", "greatest circular velocity of the halo"),
    column("spin", "1", "spin parameter of the halo by the definition of its catalogue"),
    column("f_mhires", "1", "fraction of the halo's mass in high-resolution particles"),
    column("descendant_id", "1", "halo that this one becomes part of at a later snapshot; null for none"),
    column("descendant_snap", "1", "snapshot number of the descendant"),
    column("is_main_progenitor", "1", "whether the halo is the main progenitor of its descendant"),
    column("n_shared", "1", "particles that the halo shares with its descendant"),
    column("merit", "1", "n_shared squared over the product of both particle numbers"),
    column("scale_factor", "1", "scale factor of the halo's snapshot"),
    column("node_id", "1", "number of the row in depth-first order, as the tree has it"),
    column("tree_id", "1", "number of the tree that the row belongs to"),
    column("first_progenitor_id", "1", "node_id of the first progenitor; null for none"),
    column("next_progenitor_id", "1", "node_id of the next progenitor of the same descendant; null for none"),
    column("last_progenitor_id", "1", "node_id of the last row of the halo's whole history"),
    column("main_leaf_id", "1", "node_id of the earliest halo of the main branch"),
];

/// The canonical column called `name`, if there is one.
pub fn canonical(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|c| c.name == name)
}

/// Metadata of one field.
#[derive(Clone, Debug, Default)]
pub struct FieldInfo {
    /// VOUnit string.
    pub unit: String,
    /// One line.
    pub description: String,
    /// `box`, or the name of a stored frame; empty where it has no meaning.
    pub frame: String,
    /// Field of the source file.
    pub source: String,
    /// Factor that was applied to the stored value; none when the value was computed another way.
    pub factor: Option<f64>,
}

/// A field with its metadata; empty entries are left out.
pub fn field(name: &str, data_type: DataType, nullable: bool, info: &FieldInfo) -> Field {
    let mut metadata = HashMap::new();
    let unit = if info.unit.is_empty() { UNKNOWN_UNIT } else { &info.unit };
    metadata.insert(UNIT.to_string(), unit.to_string());
    for (key, value) in [(DESCRIPTION, &info.description), (FRAME, &info.frame), (SOURCE, &info.source)] {
        if !value.is_empty() {
            metadata.insert(key.to_string(), value.clone());
        }
    }
    if let Some(factor) = info.factor {
        metadata.insert(FACTOR.to_string(), format!("{factor:e}"));
    }
    Field::new(name, data_type, nullable).with_metadata(metadata)
}

/// A canonical field read from `source` by multiplying with `factor`.
pub fn canonical_field(name: &str, data_type: DataType, source: &str, factor: Option<f64>) -> Field {
    let found = canonical(name);
    let vector = matches!(name, "x" | "y" | "z" | "vx" | "vy" | "vz");
    let info = FieldInfo {
        unit: found.map_or_else(|| if name.starts_with("x_") { "1".into() } else { UNKNOWN_UNIT.into() }, |c| c.unit.into()),
        description: found.map_or_else(|| fraction_description(name).unwrap_or_default(), |c| c.description.into()),
        frame: if vector { "box".into() } else { String::new() },
        source: source.into(),
        factor,
    };
    field(name, data_type, false, &info)
}

/// Ions and molecules whose columns look like those of elements.
const SPECIES: &[(&str, &str)] = &[("hei", "He I"), ("heii", "He II"), ("heiii", "He III"), ("hii", "H II"), ("h2", "H2")];
/// Endings of columns that hold what one channel made.
const CHANNELS: &[(&str, &str)] = &[
    ("_snii", "core-collapse supernovae"),
    ("_sn_ii", "core-collapse supernovae"),
    ("_snia", "supernovae of type Ia"),
    ("_sn_ia", "supernovae of type Ia"),
    ("_agb", "AGB stars"),
    ("_ns_merger", "mergers of neutron stars"),
];

/// What the mass fraction in a column such as `x_fe` is of, in the same words for every format; none for other columns.
pub fn fraction_description(name: &str) -> Option<String> {
    let whole = name.strip_prefix("x_").or_else(|| (name.starts_with("z_metal_")).then_some(name))?;
    let (element, channel) = CHANNELS
        .iter()
        .find_map(|(ending, channel)| Some((whole.strip_suffix(ending)?, format!(" made by {channel}"))))
        .unwrap_or((whole, String::new()));
    let (element, birth) = element.strip_suffix("_birth").map_or((element, ""), |element| (element, " at formation"));
    let of = match element {
        "other" => "all other elements".to_string(),
        "z_metal" => "metals".to_string(),
        symbol => match SPECIES.iter().find(|(species, _)| *species == symbol) {
            Some((_, name)) => (*name).to_string(),
            None if symbol.len() <= 2 && symbol.bytes().all(|b| b.is_ascii_lowercase()) => capital(symbol),
            None => return None,
        },
    };
    Some(format!("mass fraction of {of}{channel}{birth}"))
}

fn capital(element: &str) -> String {
    let mut letters = element.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Unit string of a field, `unknown` when it has none.
pub fn unit_of(field: &Field) -> &str {
    field.metadata().get(UNIT).map_or(UNKNOWN_UNIT, String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_field_carries_unit_source_and_factor() {
        let f = canonical_field("x", DataType::Float32, "Coordinates", Some(0.5));
        assert_eq!(unit_of(&f), "kpc");
        assert_eq!(f.metadata()[FACTOR], "5e-1");
        assert_eq!(f.metadata()[FRAME], "box");
        assert_eq!(canonical_field("x_fe", DataType::Float32, "", None).metadata()[DESCRIPTION], "mass fraction of Fe");
    }

    #[test]
    fn mass_fractions_are_described_in_the_same_words() {
        for (name, words) in [
            ("x_fe", "mass fraction of Fe"),
            ("x_other", "mass fraction of all other elements"),
            ("x_fe_snii", "mass fraction of Fe made by core-collapse supernovae"),
            ("x_fe_sn_ia", "mass fraction of Fe made by supernovae of type Ia"),
            ("z_metal_agb", "mass fraction of metals made by AGB stars"),
            ("x_heii", "mass fraction of He II"),
            ("x_h2_birth", "mass fraction of H2 at formation"),
        ] {
            assert_eq!(fraction_description(name).as_deref(), Some(words), "{name}");
        }
        assert_eq!((fraction_description("z_metal"), fraction_description("x_file")), (None, None));
        assert_eq!(fraction_description("mass"), None);
    }

    #[test]
    fn names_are_unique() {
        for (i, c) in COLUMNS.iter().enumerate() {
            assert!(COLUMNS[..i].iter().all(|d| d.name != c.name), "{} twice", c.name);
        }
    }
}
