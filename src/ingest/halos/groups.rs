//! What catalogues of groups and subhaloes have in common: SUBFIND's own and EAGLE's.
//!
//! Layout     `halo_members`: `halo_id`, `id`, `family`, one row for each particle of each halo
//! Refuses    another number of objects than the header says
//! Edge cases a catalogue whose header says nothing takes cosmology, time and h from its snapshot
//! See also   `subfind`, `eagle`

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Schema, SchemaRef};

use crate::cosmology::Cosmology;
use crate::error::{Error, Result};
use crate::ingest::Family;
use crate::table::schema::canonical_field;

use super::catalogue::{Given, Loaded, Rows};
use super::check;
use super::table::Table;
use super::units::{hubble, scale_factor};

/// What a header says of time and cosmology.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Epoch {
    /// Scale factor.
    pub a: Option<f64>,
    /// Redshift, for headers without a scale factor.
    pub redshift: Option<f64>,
    /// Hubble constant over 100 km/s/Mpc.
    pub h: Option<f64>,
    /// Density of matter over the critical one today.
    pub omega_m: Option<f64>,
    /// The same of the cosmological constant.
    pub omega_lambda: Option<f64>,
}

impl Epoch {
    /// Whether the header tells the time and h.
    pub fn is_known(&self) -> bool {
        (self.a.is_some() || self.redshift.is_some()) && self.h.is_some()
    }

    /// Puts scale factor and cosmology into `loaded`; returns scale factor and h, from the header, else from what is given.
    pub fn settle(&self, given: &Given, place: &str, loaded: &mut Loaded) -> Result<(f64, f64)> {
        let a = scale_factor(self.a.or(self.redshift.map(|z| 1.0 / (1.0 + z))), given, place)?;
        let h = hubble(self.h, given, place)?;
        loaded.scale_factor = Some(a);
        loaded.cosmology = match self.omega_m {
            Some(m) => Some(Cosmology::lcdm(h, m, self.omega_lambda.unwrap_or(1.0 - m)).map_err(|e| e.at(place))?),
            None => given.snapshot.as_ref().and_then(|s| s.info().cosmology.clone()),
        };
        Ok((a, h))
    }
}

/// Groups and subhaloes that were found, and those that the header counts over all files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub groups: (u64, Option<u64>),
    pub subs: (u64, Option<u64>),
}

impl Counts {
    /// Compares them and names the format; whether there are any.
    pub fn settle(&self, name: &str, files: usize, place: &str, loaded: &mut Loaded) -> Result<bool> {
        for (kind, (found, stated)) in [("groups", self.groups), ("subhaloes", self.subs)] {
            if let Some(stated) = stated.filter(|stated| *stated != found) {
                return Err(Error::damaged(format!("catalogue has another number of {kind} than its header says"))
                    .at(place)
                    .expected(stated)
                    .found(found));
            }
        }
        let (groups, subs) = (self.groups.0, self.subs.0);
        loaded.format = format!("{name} ({groups} groups, {subs} subhaloes, {files} file{})", if files == 1 { "" } else { "s" });
        if groups + subs == 0 {
            loaded.notes.push("the catalogue holds no haloes".into());
        }
        Ok(groups + subs > 0)
    }
}

/// Checks the table of haloes and puts it into `loaded`.
pub(super) fn put_haloes(haloes: Table, path: &Path, loaded: &mut Loaded) -> Result<()> {
    check::halos(&haloes, &format!("`{}`", path.display()), &mut loaded.notes)?;
    loaded.put(Family::Halos, Arc::new(haloes.finish()?));
    Ok(())
}

/// Puts the table of members into `loaded`, or a note with the reason why there is none.
pub(super) fn put_members(members: std::result::Result<impl Rows + 'static, String>, loaded: &mut Loaded) {
    match members {
        Ok(members) => loaded.put(Family::HaloMembers, Arc::new(members)),
        Err(reason) => loaded.notes.push(format!("there is no table of members: {reason}")),
    }
}

/// Schema of a table of members whose haloes follow from the datasets `source`.
pub(super) fn member_schema(source: &str) -> SchemaRef {
    Arc::new(Schema::new(vec![
        canonical_field("halo_id", DataType::UInt64, source, None),
        canonical_field("id", DataType::UInt64, "ParticleIDs", None),
        canonical_field("family", DataType::Utf8, "PartType", None),
    ]))
}

/// Columns `columns` of members.
pub(super) fn member_rows(
    schema: &SchemaRef,
    halo: Vec<u64>,
    ids: ArrayRef,
    families: Vec<&'static str>,
    columns: &[usize],
) -> Result<RecordBatch> {
    let arrays: Vec<ArrayRef> = vec![Arc::new(UInt64Array::from(halo)), ids, Arc::new(StringArray::from(families))];
    let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(|e| Error::internal("members do not fit").because(e))?;
    batch.project(columns).map_err(|e| Error::internal("columns are not in the table").because(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_says_nothing_asks_the_user() {
        let mut loaded = Loaded::default();
        let mut given = Given::default();
        given.options.hubble = Some(0.7);
        assert!(Epoch::default().settle(&given, "`x`", &mut loaded).is_err() && !Epoch::default().is_known());
        given.options.scale_factor = Some(0.8);
        assert_eq!(Epoch::default().settle(&given, "`x`", &mut loaded).unwrap(), (0.8, 0.7));
        assert!(loaded.cosmology.is_none());
        let told = Epoch { redshift: Some(1.0), h: Some(0.6), omega_m: Some(0.3), ..Epoch::default() };
        assert_eq!((told.settle(&given, "`x`", &mut loaded).unwrap(), told.is_known()), ((0.5, 0.6), true));
        let cosmology = loaded.cosmology.unwrap();
        assert_eq!((loaded.scale_factor, cosmology.omega_m, cosmology.omega_lambda), (Some(0.5), 0.3, 0.7));
    }

    #[test]
    fn numbers_of_objects_are_held_against_the_header() {
        let mut loaded = Loaded::default();
        let mut settle = |groups, subs| Counts { groups, subs }.settle("x", 2, "`Header`", &mut loaded);
        assert!(settle((3, Some(3)), (1, None)).unwrap());
        let error = settle((3, None), (1, Some(2))).unwrap_err().to_string();
        assert!(error.contains("another number of subhaloes") && error.contains("expected 2, found 1"), "{error}");
        assert!(!settle((0, Some(0)), (0, None)).unwrap());
        assert_eq!((loaded.format.as_str(), loaded.notes.len()), ("x (0 groups, 0 subhaloes, 2 files)", 1));
    }
}
