//! What must hold in every catalogue: identifiers once, masses finite and not negative, links that lead somewhere.
//!
//! Refuses    an identifier twice, a mass that is negative or no number, a count of members that is not the halo's
//! Edge cases a link to a halo that is not in the file is counted in a note: catalogues are cut, and phantoms are left out
//! See also   every reader calls these before its tables are used

use std::collections::HashSet;

use arrow::array::{Array, UInt64Array};

use crate::error::{Error, Result};

use super::table::Table;

/// Checks a table of haloes read from `place`.
pub(super) fn halos(table: &Table, place: &str, notes: &mut Vec<String>) -> Result<()> {
    let ids = identifiers(table, place)?;
    let mut seen = HashSet::with_capacity(ids.len());
    if let Some((row, id)) = ids.iter().enumerate().find_map(|(row, id)| id.filter(|id| !seen.insert(*id)).map(|id| (row, id))) {
        return Err(Error::damaged("two haloes have the same identifier").at(format!("row {} of {place}", row + 1)).found(id));
    }
    masses(table, place)?;
    if let Some(parents) = table.wholes("parent_id") {
        let lost = parents.iter().flatten().filter(|id| !seen.contains(id)).count();
        if lost > 0 {
            notes.push(format!("{lost} of {} haloes lie in a halo that is not in the catalogue", ids.len()));
        }
    }
    Ok(())
}

/// The identifiers; an error if a row has none.
pub(super) fn identifiers<'a>(table: &'a Table, place: &str) -> Result<&'a UInt64Array> {
    let Some(ids) = table.wholes("halo_id") else {
        return Err(Error::damaged("catalogue has no column of identifiers").at(place));
    };
    match (0..ids.len()).find(|row| ids.is_null(*row)) {
        Some(row) => Err(Error::damaged("halo has no identifier").at(format!("row {} of {place}", row + 1)).found("a negative number")),
        None => Ok(ids),
    }
}

/// Checks that masses are finite and not negative.
pub(super) fn masses(table: &Table, place: &str) -> Result<()> {
    for name in ["mass", "mass_gas", "mass_stars"] {
        let Some(values) = table.doubles(name) else { continue };
        if let Some((row, mass)) =
            values.iter().enumerate().find_map(|(row, v)| v.filter(|v| !(v.is_finite() && *v >= 0.0)).map(|v| (row, v)))
        {
            return Err(Error::damaged("mass of a halo makes no sense")
                .at(format!("`{name}`, row {} of {place}", row + 1))
                .expected("a finite number, not negative")
                .found(format!("{mass} Msun")));
        }
    }
    Ok(())
}

/// A note about links that lead to no row, if any do.
pub(super) fn dangling(lost: usize, links: usize, notes: &mut Vec<String>) {
    if lost > 0 {
        notes.push(format!("{lost} of {links} descendants are not in the file"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::units::{Kind, Scale};
    use super::*;

    const SCALE: [Scale; 1] = [Scale { h: 1.0, a: 1.0 }];

    fn table(ids: &[Option<u64>], masses: &[f64], parents: &[Option<u64>]) -> Table {
        let mut table = Table::default();
        table.whole("halo_id", "ID", ids.iter().copied());
        table.reals("mass", "M", Kind::Mass, masses.to_vec(), &SCALE);
        table.whole("parent_id", "host", parents.iter().copied());
        table
    }

    #[test]
    fn good_catalogues_pass_and_lost_parents_are_told() {
        let mut notes = Vec::new();
        halos(&table(&[Some(1), Some(u64::MAX)], &[1.0, 0.0], &[None, Some(7)]), "`f`", &mut notes).unwrap();
        assert_eq!(notes, ["1 of 2 haloes lie in a halo that is not in the catalogue"]);
    }

    #[test]
    fn bad_ones_are_refused_with_the_row() {
        for (table, words) in [
            (table(&[Some(1), Some(1)], &[1.0, 1.0], &[None, None]), "two haloes have the same identifier"),
            (table(&[None], &[1.0], &[None]), "halo has no identifier"),
            (table(&[Some(1)], &[-1.0], &[None]), "found -1 Msun"),
            (table(&[Some(1)], &[f64::NAN], &[None]), "mass of a halo makes no sense"),
        ] {
            let error = halos(&table, "`f`", &mut Vec::new()).unwrap_err();
            assert!(error.to_string().contains(words) && error.to_string().contains("row "), "{error}");
        }
    }
}
