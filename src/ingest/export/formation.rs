//! When stars formed, in the form that a file wants: scale factor, cosmic time, or time of the run.
//!
//! Formula    t = t_birth, or now - age, or the age at a_birth; a = the scale factor at t
//! Units      Gyr
//! Accuracy   the column that the source stored is taken, so that no other is rounded twice; the table of ages is good to 1e-10
//! Edge cases a time in single precision that was rounded to beyond the snapshot's is the snapshot's
//! Refuses    a star that formed at no time of the run's cosmology, with its row
//! See also   `cosmology::AgeTable`

use super::Setting;
use super::gather::{Table, Values};
use crate::error::{Error, ErrorKind, Result};

/// Columns that say when stars formed.
const COLUMNS: [&str; 3] = ["a_birth", "t_birth", "age"];

/// The column to take: one that was stored, else the time, the scale factor, the age.
fn chosen(table: &Table) -> Option<&'static str> {
    let there = |name: &&str| table.has(name);
    let stored = COLUMNS.into_iter().filter(there).find(|n| table.find(n).is_some_and(|c| c.stored));
    stored.or_else(|| ["t_birth", "a_birth", "age"].into_iter().find(there))
}

/// Scale factors of formation (cosmological runs), or times \[Gyr\]; none without such a column. Takes all three columns.
pub(super) fn births(table: &mut Table, setting: &Setting, as_scale: bool, notes: &mut Vec<String>) -> Result<Option<Values>> {
    let Some(name) = chosen(table) else { return Ok(None) };
    let family = table.family;
    let Some(column) = table.optional(name, notes)? else { return Ok(None) };
    COLUMNS.iter().for_each(|c| table.forget(c));
    let values = column.values;
    if name == if as_scale { "a_birth" } else { "t_birth" } {
        return Ok(Some(values));
    }
    let ages = setting.cosmology.as_ref().map(crate::cosmology::Cosmology::age_table);
    let unknown = |what: &str| Error::mismatch(format!("the formation times of {family} need {what}")).at(format!("`{}`", setting.source));
    let mut out = Vec::with_capacity(values.len());
    for (row, value) in values.numbers().enumerate() {
        let time = match name {
            "t_birth" => value,
            "age" => setting.time_gyr.ok_or_else(|| unknown("the time of the snapshot"))? - value,
            _ => ages.as_ref().ok_or_else(|| unknown("the run's cosmology"))?.age_gyr(value),
        };
        // A time in single precision may have been rounded to beyond that of the snapshot.
        let time = match setting.time_gyr {
            Some(now) if time > now && time <= now * (1.0 + f64::from(f32::EPSILON)) => now,
            _ => time,
        };
        let result = match (as_scale, name) {
            (true, "a_birth") => value,
            (true, _) if Some(time) == setting.time_gyr => setting.a(),
            (true, _) => ages.as_ref().ok_or_else(|| unknown("the run's cosmology"))?.scale_factor(time),
            (false, _) => time,
        };
        if !result.is_finite() {
            return Err(Error::new(ErrorKind::Domain, "a star formed at no time of the run's cosmology")
                .at(format!("row {row} of column `{name}` of {family}"))
                .found(value)
                .hint(format!("leave such rows out: WHERE {name} > 0")));
        }
        out.push(result);
    }
    Ok(Some(Values::F64(out)))
}
