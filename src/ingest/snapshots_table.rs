//! The table `snapshots`: one row per ingested snapshot, so that SQL can join times and cosmologies.
//!
//! Layout     snap, scale_factor, redshift, time_gyr, box_kpc, h, omega_m, omega_lambda, rows_\<family>, format, source
//! Units      Gyr, kpc; the rest has none
//! Edge cases what a snapshot does not know is null; a table of the whole dataset, written anew by every ingest
//! See also   `run`, `table::manifest::SnapshotEntry`

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{Field, Schema};

use crate::error::{Error, Result};
use crate::table::schema::{FieldInfo, field};
use crate::table::{SnapshotEntry, Transaction};

use super::Family;

/// Name of the table.
pub const TABLE: &str = "snapshots";

/// Writes the table for all of `entries`.
pub(super) fn write(transaction: &mut Transaction, entries: &[SnapshotEntry]) -> Result<()> {
    let batch = batch(entries)?;
    let mut writer = transaction.writer_whole(TABLE, batch.schema())?;
    writer.write(&batch)?;
    writer.finish()
}

fn batch(entries: &[SnapshotEntry]) -> Result<RecordBatch> {
    type Value = fn(&SnapshotEntry) -> Option<f64>;
    let numbers: [(&str, &str, &str, Value); 7] = [
        ("scale_factor", "1", "scale factor", |e| e.scale_factor),
        ("redshift", "1", "redshift", |e| e.redshift),
        ("time_gyr", "Gyr", "cosmic or simulation time", |e| e.time_gyr),
        ("box_kpc", "kpc", "physical side of the periodic box", |e| e.box_kpc),
        ("h", "1", "Hubble constant over 100 km/s/Mpc", |e| e.cosmology.as_ref().map(|c| c.h)),
        ("omega_m", "1", "matter density over critical, today", |e| e.cosmology.as_ref().map(|c| c.omega_m)),
        ("omega_lambda", "1", "dark energy density over critical, today", |e| e.cosmology.as_ref().map(|c| c.omega_lambda)),
    ];
    let mut fields: Vec<Field> = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut add = |name: &str, unit: &str, description: &str, nullable: bool, column: ArrayRef| {
        let info = FieldInfo { unit: unit.into(), description: description.into(), ..FieldInfo::default() };
        fields.push(field(name, column.data_type().clone(), nullable, &info));
        columns.push(column);
    };
    add("snap", "1", "snapshot number", false, Arc::new(Int32Array::from_iter_values(entries.iter().map(|e| e.snap as i32))));
    for (name, unit, description, value) in numbers {
        add(name, unit, description, true, Arc::new(Float64Array::from_iter(entries.iter().map(value))));
    }
    for family in Family::ALL {
        let rows = entries.iter().map(|e| e.rows.get(family.table()).copied().unwrap_or(0));
        add(&format!("rows_{family}"), "1", &format!("rows in table {family}"), false, Arc::new(UInt64Array::from_iter_values(rows)));
    }
    add("format", "1", "format of the source", false, Arc::new(StringArray::from_iter_values(entries.iter().map(|e| &e.format))));
    let first = |e: &SnapshotEntry| e.sources.first().map(|s| s.path.clone());
    add("source", "1", "first file of the source", true, Arc::new(StringArray::from_iter(entries.iter().map(first))));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|e| Error::internal("the table of snapshots does not fit").because(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::schema::unit_of;
    use arrow::array::Array;
    use std::collections::BTreeMap;

    #[test]
    fn unknown_values_are_null_and_units_are_there() {
        let entry = SnapshotEntry {
            snap: 7,
            scale_factor: Some(0.5),
            redshift: Some(1.0),
            time_gyr: None,
            cosmology: None,
            box_kpc: None,
            format: "toy".into(),
            sources: vec![],
            attributes: BTreeMap::new(),
            rows: BTreeMap::from([("gas".into(), 3)]),
            identity: String::new(),
        };
        let batch = batch(&[entry]).unwrap();
        assert_eq!(batch.num_rows(), 1);
        assert!(batch.column_by_name("time_gyr").unwrap().is_null(0) && batch.column_by_name("h").unwrap().is_null(0));
        assert_eq!(unit_of(batch.schema().field_with_name("time_gyr").unwrap()), "Gyr");
        let gas: &UInt64Array = batch.column_by_name("rows_gas").unwrap().as_any().downcast_ref().unwrap();
        assert_eq!(gas.value(0), 3);
    }
}
