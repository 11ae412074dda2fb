//! Known datasets of GADGET-4, AREPO, IllustrisTNG, GIZMO, SWIFT and EAGLE: their dimensions and the columns they become.
//!
//! Layout     one line of [`KNOWN`] per dataset; anything else keeps its own name in lower_snake, its unit from the scaling attributes
//! Source     TNG data specification (snapshot fields); GADGET-4 manual; Vogelsberger et al. 2013, MNRAS 436, 3031 (GFM elements)
//! Edge cases a dataset of N components without known columns becomes name_0 .. name_(N-1)
//! See also   `table::schema` for the canonical columns, `scaling` for units

use super::scaling::Dimension;

/// One dataset that is understood.
#[derive(Debug)]
pub(in crate::ingest) struct Known {
    /// Name in the file.
    pub(in crate::ingest) dataset: &'static str,
    /// Columns, one for each component; empty keeps the dataset's own name.
    pub(in crate::ingest) columns: &'static [&'static str],
    /// What it measures.
    pub(in crate::ingest) measure: Measure,
}

/// What a dataset measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ingest) enum Measure {
    /// A quantity in code units.
    Code(Dimension),
    /// A number in the unit of its canonical column already (1, K, Msun/yr).
    Plain,
    /// Magnitudes.
    Magnitude,
    /// Particle identifiers.
    Identifier,
    /// Scale factor (or time) of formation; zero or less marks a wind-phase cell.
    Formation,
    /// A quantity in code units at the time of formation: `a` is that of birth.
    AtBirth(Dimension),
}

const fn known(dataset: &'static str, columns: &'static [&'static str], measure: Measure) -> Known {
    Known { dataset, columns, measure }
}

/// Elements of `GFM_Metals` in order; the tenth is everything else.
const ELEMENTS: &[&str] = &["x_h", "x_he", "x_c", "x_n", "x_o", "x_ne", "x_mg", "x_si", "x_fe", "x_other"];
/// First columns of GIZMO's `Metallicity`; further ones trace the r-process and ages and keep their own names.
pub(in crate::ingest) const GIZMO_METALS: &[&str] =
    &["z_metal", "x_he", "x_c", "x_n", "x_o", "x_ne", "x_mg", "x_si", "x_s", "x_ca", "x_fe"];
/// Datasets with the time of formation.
pub(in crate::ingest) const FORMATION: [&str; 4] = ["GFM_StellarFormationTime", "StellarFormationTime", "BirthScaleFactors", "BirthTimes"];
/// Bands of `GFM_StellarPhotometrics`: Johnson U, B, V, K and SDSS g, r, i, z, Vega magnitudes as TNG states them.
const BANDS: &[&str] = &["mag_u", "mag_b", "mag_v", "mag_k", "mag_g", "mag_r", "mag_i", "mag_z"];
/// Channels of `GFM_MetalsTagged`.
const CHANNELS: &[&str] = &["z_metal_sn_ia", "z_metal_sn_ii", "z_metal_agb", "z_metal_ns_merger", "x_fe_sn_ia", "x_fe_sn_ii"];

/// Every dataset that is understood.
pub(in crate::ingest) const KNOWN: &[Known] = &[
    known("ParticleIDs", &["id"], Measure::Identifier),
    known("Coordinates", &["x", "y", "z"], Measure::Code(Dimension::LENGTH)),
    known("Velocities", &["vx", "vy", "vz"], Measure::Code(Dimension::VELOCITY)),
    known("Masses", &["mass"], Measure::Code(Dimension::MASS)),
    known("GFM_InitialMass", &["mass_birth"], Measure::Code(Dimension::MASS)),
    known("InitialMass", &["mass_birth"], Measure::Code(Dimension::MASS)),
    known("GFM_StellarFormationTime", &["a_birth"], Measure::Formation),
    known("StellarFormationTime", &["a_birth"], Measure::Formation),
    known("Potential", &["phi"], Measure::Code(Dimension::POTENTIAL)),
    known("GFM_Metallicity", &["z_metal"], Measure::Plain),
    known("Metallicity", &["z_metal"], Measure::Plain),
    known("GFM_Metals", ELEMENTS, Measure::Plain),
    known("GFM_MetalsTagged", CHANNELS, Measure::Plain),
    known("GFM_StellarPhotometrics", BANDS, Measure::Magnitude),
    known("Density", &["rho"], Measure::Code(Dimension::DENSITY)),
    known("InternalEnergy", &["u"], Measure::Code(Dimension::ENERGY)),
    known("Temperature", &["temperature"], Measure::Plain),
    known("SmoothingLength", &["h_sml"], Measure::Code(Dimension::LENGTH)),
    known("StarFormationRate", &["sfr"], Measure::Plain),
    known("ElectronAbundance", &["x_e"], Measure::Plain),
    known("NeutralHydrogenAbundance", &["x_hi"], Measure::Plain),
    known("BirthPos", &["x_birth", "y_birth", "z_birth"], Measure::AtBirth(Dimension::LENGTH)),
    known("BirthVel", &["vx_birth", "vy_birth", "vz_birth"], Measure::AtBirth(Dimension::VELOCITY)),
    known("Metallicity", GIZMO_METALS, Measure::Plain),
    // SWIFT
    known("Densities", &["rho"], Measure::Code(Dimension::DENSITY)),
    known("InternalEnergies", &["u"], Measure::Code(Dimension::ENERGY)),
    known("Potentials", &["phi"], Measure::Code(Dimension::POTENTIAL)),
    known("SmoothingLengths", &["h_sml"], Measure::Code(Dimension::LENGTH)),
    known("Temperatures", &["temperature"], Measure::Plain),
    known("MetalMassFractions", &["z_metal"], Measure::Plain),
    known("ElementMassFractions", ELEMENTS, Measure::Plain),
    known("InitialMasses", &["mass_birth"], Measure::Code(Dimension::MASS)),
    known("DynamicalMasses", &["mass"], Measure::Code(Dimension::MASS)),
    known("SubgridMasses", &[], Measure::Code(Dimension::MASS)),
    known("BirthScaleFactors", &["a_birth"], Measure::Formation),
    known("BirthTimes", &["t_birth"], Measure::Formation),
    // EAGLE
    known("Velocity", &["vx", "vy", "vz"], Measure::Code(Dimension::VELOCITY)),
    known("Mass", &["mass"], Measure::Code(Dimension::MASS)),
    known("ElementAbundance/Hydrogen", &["x_h"], Measure::Plain),
    known("ElementAbundance/Helium", &["x_he"], Measure::Plain),
    known("ElementAbundance/Carbon", &["x_c"], Measure::Plain),
    known("ElementAbundance/Nitrogen", &["x_n"], Measure::Plain),
    known("ElementAbundance/Oxygen", &["x_o"], Measure::Plain),
    known("ElementAbundance/Neon", &["x_ne"], Measure::Plain),
    known("ElementAbundance/Magnesium", &["x_mg"], Measure::Plain),
    known("ElementAbundance/Silicon", &["x_si"], Measure::Plain),
    known("ElementAbundance/Iron", &["x_fe"], Measure::Plain),
    // Elements that EAGLE does not follow and `export` writes beside them.
    known("ElementAbundance/Sodium", &["x_na"], Measure::Plain),
    known("ElementAbundance/Aluminium", &["x_al"], Measure::Plain),
    known("ElementAbundance/Sulphur", &["x_s"], Measure::Plain),
    known("ElementAbundance/Calcium", &["x_ca"], Measure::Plain),
    known("ElementAbundance/Titanium", &["x_ti"], Measure::Plain),
    known("ElementAbundance/Manganese", &["x_mn"], Measure::Plain),
    known("ElementAbundance/Nickel", &["x_ni"], Measure::Plain),
    known("ElementAbundance/Strontium", &["x_sr"], Measure::Plain),
    known("ElementAbundance/Barium", &["x_ba"], Measure::Plain),
    known("ElementAbundance/Europium", &["x_eu"], Measure::Plain),
    known("Softenings", &["eps"], Measure::Code(Dimension::LENGTH)),
    known("HaloID", &["halo_id"], Measure::Plain),
    known("BirthGasID", &["id_gas"], Measure::Plain),
    known("CenterOfMass", &[], Measure::Code(Dimension::LENGTH)),
    known("SubfindHsml", &[], Measure::Code(Dimension::LENGTH)),
    known("StellarHsml", &[], Measure::Code(Dimension::LENGTH)),
    known("SubfindDensity", &[], Measure::Code(Dimension::DENSITY)),
    known("SubfindDMDensity", &[], Measure::Code(Dimension::DENSITY)),
    known("SubfindVelDisp", &[], Measure::Code(Dimension { a: 0.0, ..Dimension::VELOCITY })),
    known("BH_Mass", &[], Measure::Code(Dimension::MASS)),
    known("HostHaloMass", &[], Measure::Code(Dimension::MASS)),
];

/// The known dataset called `name` if its shape fits.
pub(in crate::ingest) fn lookup(name: &str, components: usize) -> Option<&'static Known> {
    KNOWN.iter().find(|k| {
        k.dataset == name
            && (k.columns.is_empty()
                || k.columns.len() == components
                || (k.columns == ELEMENTS && components == ELEMENTS.len() - 1)
                || (k.columns == GIZMO_METALS && components > GIZMO_METALS.len()))
    })
}

/// Columns that only stars have: never filled for wind-phase cells.
pub(in crate::ingest) fn only_stars(column: &str) -> bool {
    column.ends_with("_birth") || column == "age" || column.starts_with("mag_")
}

/// Dataset name in lower_snake: `ParticleIDs` is particle_ids, `GFM_WindHostHaloMass` gfm_wind_host_halo_mass.
pub(in crate::ingest) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 8);
    for (i, c) in letters.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let before = i.checked_sub(1).and_then(|j| letters.get(j)).copied().unwrap_or('_');
        let after = letters.get(i + 1).copied().unwrap_or('_');
        // The plural of an abbreviation (`IDs`) belongs to it.
        let plural = after == 's' && !letters.get(i + 2).copied().unwrap_or('_').is_ascii_lowercase();
        let word_starts = c.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && after.is_ascii_lowercase() && !plural));
        if word_starts && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    let out = out.trim_end_matches('_');
    if out.is_empty() { "unnamed".into() } else { out.into() }
}

/// Column names of a dataset that keeps its own name.
pub(in crate::ingest) fn own_columns(name: &str, components: usize) -> Vec<String> {
    let base = snake(name);
    if components == 1 { vec![base] } else { (0..components).map(|i| format!("{base}_{i}")).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_lower_snake() {
        for (name, expected) in [
            ("ParticleIDs", "particle_ids"),
            ("GFM_WindHostHaloMass", "gfm_wind_host_halo_mass"),
            ("BH_Mdot", "bh_mdot"),
            ("TracerID", "tracer_id"),
            ("SubfindDMDensity", "subfind_dm_density"),
            ("MagneticField", "magnetic_field"),
            ("Time step (s)", "time_step_s"),
            ("°", "unnamed"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(own_columns("MagneticField", 3), ["magnetic_field_0", "magnetic_field_1", "magnetic_field_2"]);
    }

    #[test]
    fn shapes_decide_whether_a_name_is_understood() {
        assert_eq!(lookup("GFM_Metals", 10).map(|k| k.columns[8]), Some("x_fe"));
        assert_eq!(lookup("GFM_Metals", 9).map(|k| k.columns[8]), Some("x_fe"));
        assert_eq!(lookup("Metallicity", 1).map(|k| k.columns), Some(&["z_metal"][..]));
        assert_eq!(lookup("Metallicity", 15).map(|k| k.columns[10]), Some("x_fe"), "GIZMO keeps eleven and more there");
        assert_eq!(lookup("ElementMassFractions", 9).map(|k| k.columns[8]), Some("x_fe"));
        assert!(lookup("Coordinates", 2).is_none());
        assert!(only_stars("a_birth") && !only_stars("mass"));
    }
}
