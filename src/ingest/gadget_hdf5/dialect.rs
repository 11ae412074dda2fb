//! Which code wrote a GADGET-like HDF5 file: the same groups and names, other units and powers of h.
//!
//! Layout     SWIFT: groups `Cosmology` and `Units`, lists of one number; EAGLE: `ExpansionFactor`, `RuntimePars`, `Units`; GIZMO: `UnitLength_In_CGS`
//! Units      SWIFT has no h anywhere; GIZMO states its units already divided by h; EAGLE's `Units` overrule the header
//! Source     SWIFT documentation "Snapshots"; Schaller et al. 2024, MNRAS 530, 2378; The EAGLE team 2017, arXiv:1706.09899; GIZMO user guide
//! Edge cases older GIZMO files name nothing and are read by the GADGET convention, which theirs is
//! See also   `header` which reads by dialect, `scaling` for the attributes of datasets

use super::file::Attributes;

/// A family of codes with the same conventions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ingest) enum Dialect {
    /// GADGET-4, AREPO, IllustrisTNG.
    #[default]
    Gadget,
    /// GIZMO, FIRE.
    Gizmo,
    /// SWIFT.
    Swift,
    /// EAGLE and its kin.
    Eagle,
}

/// Number of SWIFT's sink particles.
const SWIFT_SINKS: usize = 3;
/// Number of SWIFT's neutrinos.
const SWIFT_NEUTRINOS: usize = 6;

impl Dialect {
    /// By what only one of them writes.
    pub(in crate::ingest) fn of(header: &Attributes, groups: &[String]) -> Dialect {
        let group = |name: &str| groups.iter().any(|g| g == name);
        if (group("Cosmology") && group("Units")) || header.contains_key("NumPartTypes") {
            Dialect::Swift
        } else if header.contains_key("UnitLength_In_CGS") || header.contains_key("GIZMO_version") {
            Dialect::Gizmo
        } else if header.contains_key("ExpansionFactor") || group("RuntimePars") {
            Dialect::Eagle
        } else {
            Dialect::Gadget
        }
    }

    /// Name for `info`; none where the file's configuration tells more.
    pub(in crate::ingest) fn code(self) -> Option<&'static str> {
        match self {
            Dialect::Gadget => None,
            Dialect::Gizmo => Some("GIZMO"),
            Dialect::Swift => Some("SWIFT"),
            Dialect::Eagle => Some("EAGLE"),
        }
    }

    /// Whether every dataset says how it is converted, so that one that does not is left in its own unit.
    pub(in crate::ingest) fn states_units(self) -> bool {
        matches!(self, Dialect::Swift | Dialect::Eagle)
    }

    /// Whether particles of type `number` are sinks of SWIFT.
    pub(in crate::ingest) fn is_sink(self, number: usize) -> bool {
        self == Dialect::Swift && number == SWIFT_SINKS
    }

    /// Whether particles of type `number` are neutrinos of SWIFT, which no table takes: their masses are not dark matter's.
    pub(in crate::ingest) fn is_neutrino(self, number: usize) -> bool {
        self == Dialect::Swift && number == SWIFT_NEUTRINOS
    }

    /// Groups inside a particle type whose datasets belong to it.
    pub(in crate::ingest) fn inner_groups(self) -> &'static [&'static str] {
        match self {
            Dialect::Eagle => &["ElementAbundance", "SmoothedElementAbundance"],
            // `export` writes elements that have no place in GFM_Metals so.
            Dialect::Gadget => &["ElementAbundance"],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::Attribute;
    use super::*;

    #[test]
    fn codes_are_told_by_what_only_they_write() {
        let header = |names: &[&str]| names.iter().map(|n| (n.to_string(), Attribute::Floats(vec![1.0]))).collect::<Attributes>();
        let groups = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(Dialect::of(&header(&["Time"]), &groups(&["Header", "Parameters"])), Dialect::Gadget);
        assert_eq!(Dialect::of(&header(&["UnitLength_In_CGS"]), &groups(&["Header"])), Dialect::Gizmo);
        assert_eq!(Dialect::of(&header(&[]), &groups(&["Cosmology", "Header", "Units"])), Dialect::Swift);
        assert_eq!(Dialect::of(&header(&["ExpansionFactor"]), &groups(&["Header", "Units"])), Dialect::Eagle);
        assert!(Dialect::Swift.is_sink(3) && !Dialect::Gadget.is_sink(3) && Dialect::Swift.is_neutrino(6));
    }
}
