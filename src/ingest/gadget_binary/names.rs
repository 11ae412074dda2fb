//! Known blocks of GADGET files: whom they cover, how many components they have and which columns they become.
//!
//! Layout     [`KNOWN`] in GADGET's own order; format 2 names them by letters, format 1 by nothing but the order
//! Units      a [`Measure`] says which combination of code units converts the values
//! Source     user guide of GADGET-2 (names and order); block names of Gadget-3 as its descendants write them
//! Edge cases format 1: a block gets a name only if every way to read the sequence of lengths gives it the same one; the header's
//!            flags announce NE, NH, SFR, AGE and Z; the others are kept by number
//! See also   `blocks`, `units`

use super::header::{Header, TYPES};

/// Which particle types a block covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Covers {
    /// All.
    All,
    /// Those without an entry in the mass table.
    Massive,
    /// Type 0.
    Gas,
    /// Type 4.
    Stars,
    /// Types 0 and 4.
    GasAndStars,
    /// Type 5.
    BlackHoles,
}

impl Covers {
    /// The types with particles in a file with this header.
    pub(super) fn types(self, header: &Header) -> [bool; TYPES] {
        std::array::from_fn(|number| {
            let member = match self {
                Covers::All => true,
                Covers::Massive => header.massive(number),
                Covers::Gas => number == 0,
                Covers::Stars => number == 4,
                Covers::GasAndStars => number == 0 || number == 4,
                Covers::BlackHoles => number == 5,
            };
            member && header.counts[number] > 0
        })
    }
}

/// What the values of a block measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Identifiers.
    Identifier,
    /// Comoving length.
    Length,
    /// Velocity over sqrt(a).
    Velocity,
    /// Mass.
    Mass,
    /// Specific energy, without any factor of a.
    Energy,
    /// Comoving density.
    Density,
    /// Potential, times a.
    Potential,
    /// Physical acceleration.
    Acceleration,
    /// Time, or its logarithm in a cosmological run.
    Step,
    /// Scale factor or time of formation.
    Formation,
    /// A number in the unit of its column already (1, K, Msun/yr).
    Plain,
    /// Nobody knows.
    Unknown,
}

/// One block that is understood.
#[derive(Debug)]
pub(super) struct Known {
    /// Letters in format 2, without blanks.
    pub(super) label: &'static str,
    /// Whom it covers.
    pub(super) covers: Covers,
    /// Columns, one a component; empty takes what the length gives.
    pub(super) columns: &'static [&'static str],
    /// What it measures.
    pub(super) measure: Measure,
}

const fn known(label: &'static str, covers: Covers, columns: &'static [&'static str], measure: Measure) -> Known {
    Known { label, covers, columns, measure }
}

/// Every block that is understood; the first sixteen in the order in which GADGET writes them.
pub(super) const KNOWN: &[Known] = &[
    known("POS", Covers::All, &["x", "y", "z"], Measure::Length),
    known("VEL", Covers::All, &["vx", "vy", "vz"], Measure::Velocity),
    known("ID", Covers::All, &["id"], Measure::Identifier),
    known("MASS", Covers::Massive, &["mass"], Measure::Mass),
    known("U", Covers::Gas, &["u"], Measure::Energy),
    known("RHO", Covers::Gas, &["rho"], Measure::Density),
    known("NE", Covers::Gas, &["x_e"], Measure::Plain),
    known("NH", Covers::Gas, &["x_hi"], Measure::Plain),
    known("HSML", Covers::Gas, &["h_sml"], Measure::Length),
    known("SFR", Covers::Gas, &["sfr"], Measure::Plain),
    known("AGE", Covers::Stars, &["a_birth"], Measure::Formation),
    known("Z", Covers::GasAndStars, &[], Measure::Plain),
    known("POT", Covers::All, &["phi"], Measure::Potential),
    known("ACCE", Covers::All, &["acceleration_x", "acceleration_y", "acceleration_z"], Measure::Acceleration),
    known("ENDT", Covers::Gas, &["entropy_rate"], Measure::Unknown),
    known("TSTP", Covers::All, &["time_step"], Measure::Step),
    known("TEMP", Covers::Gas, &["temperature"], Measure::Plain),
    known("BHMA", Covers::BlackHoles, &["bh_mass"], Measure::Mass),
    known("BHMD", Covers::BlackHoles, &["bh_mdot"], Measure::Unknown),
];

/// Blocks of [`KNOWN`] that every file has.
pub(super) const REQUIRED: usize = 4;
/// Blocks of [`KNOWN`] that format 1 may go on with.
const OPTIONAL: usize = 12;

/// The known block called `label`.
pub(super) fn lookup(label: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|k| k.label == label)
}

/// Names of the blocks of a file of format 1 that follow the masses, from their lengths alone.
pub(super) fn by_order(lengths: &[usize], header: &Header) -> Vec<Option<&'static Known>> {
    let optional = &KNOWN[REQUIRED..REQUIRED + OPTIONAL];
    let fits: Vec<Vec<bool>> = optional.iter().map(|k| lengths.iter().map(|l| fits(k, *l, header)).collect()).collect();
    let mut names: Vec<Option<&'static Known>> = vec![None; lengths.len()];
    let mut disputed = vec![false; lengths.len()];
    for chosen in 0..1_u32 << OPTIONAL {
        if chosen.count_ones() as usize != lengths.len() || !plausible(chosen, header) {
            continue;
        }
        let members = || (0..OPTIONAL).filter(|i| chosen >> i & 1 == 1).enumerate();
        if !members().all(|(place, block)| fits[block][place]) {
            continue;
        }
        for (place, block) in members() {
            match names[place] {
                None => names[place] = Some(&optional[block]),
                Some(other) => disputed[place] |= other.label != optional[block].label,
            }
        }
    }
    names.iter().zip(disputed).map(|(name, disputed)| name.filter(|_| !disputed)).collect()
}

/// Whether GADGET may write this choice of optional blocks; bit i is block `REQUIRED + i` of [`KNOWN`].
fn plausible(chosen: u32, header: &Header) -> bool {
    let has = |label: &str| KNOWN[REQUIRED..].iter().position(|k| k.label == label).is_some_and(|i| chosen >> i & 1 == 1);
    let gas = header.counts[0] > 0;
    let stars = header.counts[4] > 0;
    let of_gas = has("U") || has("RHO") || has("NE") || has("NH") || has("HSML") || has("SFR") || has("ENDT");
    let late = has("NE") || has("SFR") || has("AGE") || has("Z") || has("POT") || has("ACCE") || has("ENDT") || has("TSTP");
    (gas || !of_gas)
        && (has("U") || !has("RHO"))
        && (has("RHO") || !has("HSML"))
        && (has("HSML") || !gas || !late)
        && has("NE") == has("NH")
        && (header.cooling || !has("NE"))
        && (header.star_formation || !has("SFR"))
        // A run that cools and forms stars writes SFR before anything rarer.
        && (has("SFR") || !header.star_formation || !has("NE") || !has("ENDT"))
        && (header.stellar_age && stars || !has("AGE"))
        && (header.metals && (gas || stars) || !has("Z"))
}

fn fits(known: &Known, length: usize, header: &Header) -> bool {
    let types = known.covers.types(header);
    let rows: u64 = header.counts.iter().zip(types).filter(|(_, covered)| *covered).map(|(n, _)| n).sum();
    let values = rows.saturating_mul(known.columns.len().max(1) as u64);
    values > 0 && [4, 8].iter().any(|width| values.checked_mul(*width) == Some(length as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lengths: &[usize], header: &Header) -> Vec<&'static str> {
        by_order(lengths, header).iter().map(|k| k.map_or("?", |k| k.label)).collect()
    }

    #[test]
    fn lengths_and_flags_name_the_blocks_of_format_1() {
        let plain = Header { counts: [100, 50, 0, 0, 30, 0], ..Header::default() };
        let full = Header { cooling: true, star_formation: true, stellar_age: true, metals: true, ..plain.clone() };
        let (gas, stars, both, all, vector) = (400, 120, 520, 720, 2160);
        assert_eq!(names(&[gas], &plain), ["U"]);
        assert_eq!(names(&[gas, gas, gas], &plain), ["U", "RHO", "HSML"]);
        // Flags are promises that some writers do not keep: three blocks of gas are U, RHO and HSML whatever the flags say.
        assert_eq!(names(&[gas, gas, gas], &full), ["U", "RHO", "HSML"]);
        assert_eq!(names(&[gas; 6], &full), ["U", "RHO", "NE", "NH", "HSML", "SFR"]);
        let whole = [gas, gas, gas, gas, gas, gas, stars, both, all, vector, gas, all];
        assert_eq!(names(&whole, &full), ["U", "RHO", "NE", "NH", "HSML", "SFR", "AGE", "Z", "POT", "ACCE", "ENDT", "TSTP"]);
        assert_eq!(names(&[800, 800, 800, all], &plain), ["U", "RHO", "HSML", "?"], "potential or time step");
        assert_eq!(names(&[gas, gas, gas, all, vector], &plain), ["U", "RHO", "HSML", "POT", "ACCE"]);
        assert_eq!(names(&[gas, gas, gas, gas], &full), ["U", "RHO", "HSML", "?"], "star formation rate or rate of entropy");
        assert_eq!(names(&[gas, 7], &plain), ["?", "?"]);
        assert_eq!(names(&[], &plain), Vec::<&str>::new());
    }

    #[test]
    fn one_species_makes_more_lengths_equal() {
        let gas = Header { counts: [10, 0, 0, 0, 0, 0], ..Header::default() };
        assert_eq!(names(&[40, 40, 40], &gas), ["U", "RHO", "HSML"]);
        assert_eq!(names(&[40, 40, 40, 40], &gas), ["U", "RHO", "HSML", "?"], "potential, entropy or time step");
        let dark = Header { counts: [0, 10, 0, 0, 0, 0], ..Header::default() };
        assert_eq!(names(&[40, 120], &dark), ["POT", "ACCE"]);
        assert_eq!(names(&[40], &dark), ["?"]);
    }

    #[test]
    fn canonical_columns_carry_their_names() {
        use crate::table::schema::canonical;
        let own = ["acceleration_x", "acceleration_y", "acceleration_z", "entropy_rate", "time_step", "bh_mass", "bh_mdot"];
        for column in KNOWN.iter().flat_map(|k| k.columns) {
            assert!(canonical(column).is_some() || own.contains(column), "{column}");
        }
        assert_eq!(KNOWN[REQUIRED + OPTIONAL - 1].label, "TSTP");
    }
}
