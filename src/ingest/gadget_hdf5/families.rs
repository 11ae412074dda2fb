//! Which particle type belongs to which table, and which rows of it: wind-phase cells go from the stars to the gas.
//!
//! Formula    a row of PartType4 is a wind-phase cell where `GFM_StellarFormationTime` <= 0
//! Source     TNG data specification, PartType4; Springel & Hernquist 2003, MNRAS 339, 289 (winds)
//! Edge cases PartType3 is tracers where it has tracer fields or no positions, low-resolution dark matter otherwise
//! Cost       one integer for each wind cell; positions among the other rows are found by bisection
//! See also   `snapshot` joins the parts into tables

use std::ops::Range;

use crate::ingest::Family;

/// Rows of one part of a table inside one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// Every row.
    All,
    /// Rows that are not wind-phase cells.
    Stars,
    /// Rows that are wind-phase cells.
    Winds,
}

/// Datasets that only Lagrangian tracers have.
const TRACER_FIELDS: [&str; 3] = ["TracerID", "ParentID", "FluidQuantities"];

/// The table of particle type `number`, whose datasets are `names`; `massive` when the mass table has an entry for it.
pub(super) fn family_of(number: usize, names: &[String], massive: bool, tracer_config: bool) -> Family {
    let has = |name: &str| names.iter().any(|n| n == name);
    match number {
        0 => Family::Gas,
        3 if !massive && (TRACER_FIELDS.iter().any(|f| has(f)) || (!has("Coordinates") && tracer_config)) => Family::Tracers,
        4 => Family::Stars,
        5 => Family::BlackHoles,
        _ => Family::Dark,
    }
}

impl Selection {
    /// How many of `rows` rows are selected, when the sorted rows `winds` are wind-phase cells.
    pub(super) fn count(self, rows: u64, winds: &[u64]) -> u64 {
        match self {
            Selection::All => rows,
            Selection::Stars => rows - winds.len() as u64,
            Selection::Winds => winds.len() as u64,
        }
    }

    /// The file's row of selected row number `index`.
    pub(super) fn local(self, index: u64, winds: &[u64]) -> u64 {
        match self {
            Selection::All => index,
            // Wind number i has winds[i] - i stars before it: skip every wind that comes before the star.
            Selection::Stars => {
                let (mut low, mut high) = (0, winds.len());
                while low < high {
                    let middle = low + (high - low) / 2;
                    if winds[middle] - middle as u64 <= index { low = middle + 1 } else { high = middle }
                }
                index + low as u64
            }
            Selection::Winds => winds.get(index as usize).copied().unwrap_or(u64::MAX),
        }
    }

    /// The selected rows inside `cover`, as runs of neighbours.
    pub(super) fn runs(self, cover: Range<u64>, winds: &[u64]) -> Vec<Range<u64>> {
        if self == Selection::All {
            return vec![cover];
        }
        let first = winds.partition_point(|w| *w < cover.start);
        let inside = winds[first..].iter().copied().take_while(|w| *w < cover.end);
        let mut runs: Vec<Range<u64>> = Vec::new();
        if self == Selection::Winds {
            for w in inside {
                match runs.last_mut() {
                    Some(last) if last.end == w => last.end = w + 1,
                    _ => runs.push(w..w + 1),
                }
            }
        } else {
            let mut start = cover.start;
            for w in inside {
                if w > start {
                    runs.push(start..w);
                }
                start = w + 1;
            }
            if start < cover.end {
                runs.push(start..cover.end);
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_winds_share_the_rows_between_them() {
        let winds = [0, 3, 4, 9];
        let stars: Vec<u64> = (0..Selection::Stars.count(10, &winds)).map(|i| Selection::Stars.local(i, &winds)).collect();
        assert_eq!(stars, [1, 2, 5, 6, 7, 8]);
        let cells: Vec<u64> = (0..Selection::Winds.count(10, &winds)).map(|i| Selection::Winds.local(i, &winds)).collect();
        assert_eq!(cells, winds);
        assert_eq!(Selection::Stars.runs(0..10, &winds), [1..3, 5..9]);
        assert_eq!(Selection::Winds.runs(1..10, &winds), [3..5, 9..10]);
        assert_eq!(Selection::Stars.runs(3..5, &winds), []);
        assert_eq!(Selection::All.runs(2..4, &[]), vec![std::ops::Range { start: 2, end: 4 }]);
    }

    #[test]
    fn type_three_is_decided_by_its_fields() {
        let fields = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
        assert_eq!(family_of(3, &fields(&["ParentID", "TracerID"]), false, true), Family::Tracers);
        assert_eq!(family_of(3, &fields(&["Coordinates", "ParticleIDs", "Velocities"]), true, true), Family::Dark);
        assert_eq!(family_of(3, &fields(&["Coordinates", "Masses"]), false, false), Family::Dark);
        assert_eq!(family_of(7, &[], false, false), Family::Dark);
    }
}
