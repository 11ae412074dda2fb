//! Tests of `gather`: units, faults of columns, families, memory.

use std::sync::Arc;

use arrow::array::{Float32Array, Float64Array, Int64Array, StringArray, UInt64Array};
use arrow::datatypes::{Schema, SchemaRef};

use super::*;
use crate::table::schema::canonical_field;

const RULES: Rules = Rules { name: "test", keeps: |_, _| true, splits_black_holes: true, most_rows: 10 };

fn batch(columns: Vec<(Field, ArrayRef)>) -> RecordBatch {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    RecordBatch::try_new(schema, arrays).unwrap()
}

fn column(name: &str, unit: &str, values: Vec<f64>) -> (Field, ArrayRef) {
    let field = Field::new(name, DataType::Float64, true).with_metadata([(UNIT.to_string(), unit.to_string())].into());
    (field, Arc::new(Float64Array::from(values)))
}

#[test]
fn units_are_converted_or_refused_when_used() {
    let mut particles = Particles::new(RULES, None);
    let plain = (Field::new("z", DataType::Int64, false), Arc::new(Int64Array::from(vec![7])) as ArrayRef);
    let rows = batch(vec![column("x", "Mpc", vec![0.5]), column("y", "km/s", vec![1.0]), plain, column("mass", UNKNOWN_UNIT, vec![1.0])]);
    particles.add(Some(Family::Dark), &rows).unwrap();
    let table = &mut particles.tables[0];
    assert_eq!(table.required("x", "test").unwrap().values, Values::F64(vec![500.0]));
    assert_eq!(table.required("z", "test").unwrap().values, Values::I64(vec![7]), "a plain number is taken as canonical");
    let wrong = table.required("y", "test").unwrap_err().to_string();
    assert!(wrong.contains("column `y` of dark") && wrong.contains("km/s"), "{wrong}");
    let unknown = table.required("mass", "test").unwrap_err().to_string();
    assert!(unknown.contains("not known") && unknown.contains("hint"), "{unknown}");
    let missing = table.required("vx", "test").unwrap_err();
    assert!(missing.exit_code() == 2 && missing.to_string().contains("needs the column `vx` of dark"), "{missing}");
}

#[test]
fn faults_are_told_with_row_and_column() {
    let mut particles = Particles::new(RULES, None);
    let single = |values: Vec<f32>| (canonical_field("x", DataType::Float32, "x", None), Arc::new(Float32Array::from(values)) as ArrayRef);
    let text = || (Field::new("name", DataType::Utf8, false), Arc::new(StringArray::from(vec!["a"])) as ArrayRef);
    let null = |v: Option<f64>| (Field::new("phi", DataType::Float64, true), Arc::new(Float64Array::from(vec![v])) as ArrayRef);
    particles.add(Some(Family::Stars), &batch(vec![single(vec![1.0]), null(Some(1.0)), text()])).unwrap();
    particles.add(Some(Family::Stars), &batch(vec![single(vec![f32::NAN]), null(None), text()])).unwrap();
    assert_eq!(particles.left_out_notes("test"), ["stars: test has no place for name"]);
    let table = &mut particles.tables[0];
    let mut notes = Vec::new();
    assert!(table.optional("phi", &mut notes).unwrap().is_none());
    assert_eq!(notes, ["stars: `phi` is left out, for 1 of 2 rows have none"]);
    let error = table.required("x", "test").unwrap_err().to_string();
    assert!(error.contains("row 1 of column `x` of stars") && error.contains("NaN"), "{error}");
}

#[test]
fn a_column_may_name_the_family() {
    let mut particles = Particles::new(RULES, None);
    let named = |names: Vec<&str>| {
        let x = (canonical_field("x", DataType::Float64, "x", None), Arc::new(Float64Array::from(vec![1.0; names.len()])) as ArrayRef);
        batch(vec![x, (Field::new("family", DataType::Utf8, false), Arc::new(StringArray::from(names)) as ArrayRef)])
    };
    particles.add(None, &named(vec!["stars", "gas", "stars"])).unwrap();
    let rows: Vec<(Family, usize)> = particles.tables.iter().map(|t| (t.family, t.rows)).collect();
    assert_eq!(rows, [(Family::Gas, 1), (Family::Stars, 2)]);
    assert!(particles.add(None, &named(vec!["planets"])).unwrap_err().to_string().contains("`planets`"));
    assert!(particles.add(None, &named(vec!["halos"])).unwrap_err().to_string().contains("no particles"));
    let plain = batch(vec![column("x", "kpc", vec![1.0])]);
    assert_eq!(particles.add(None, &plain).unwrap_err().exit_code(), 2);
}

#[test]
fn too_many_rows_or_bytes_are_refused_while_they_come() {
    let rows = batch(vec![column("x", "kpc", vec![1.0; 6])]);
    let mut particles = Particles::new(RULES, None);
    particles.add(Some(Family::Dark), &rows).unwrap();
    assert_eq!(particles.add(Some(Family::Dark), &rows).unwrap_err().exit_code(), 4, "ten rows are the most");
    let mut small = Particles::new(RULES, Some(40));
    let error = small.add(Some(Family::Dark), &rows).unwrap_err();
    assert!(error.exit_code() == 4 && error.to_string().contains("--memory"), "{error}");
}

#[test]
fn identifiers_are_whole_numbers_or_are_made() {
    let mut particles = Particles::new(RULES, None);
    let id = |values: Vec<i64>| (Field::new("id", DataType::Int64, false), Arc::new(Int64Array::from(values)) as ArrayRef);
    particles.add(Some(Family::Stars), &batch(vec![id(vec![7, 3])])).unwrap();
    particles.add(Some(Family::Dark), &batch(vec![column("x", "kpc", vec![1.0, 2.0])])).unwrap();
    let mut notes = Vec::new();
    assert_eq!(identifiers(&mut particles.tables, &mut notes).unwrap(), [vec![7, 3], vec![8, 9]]);
    assert!(notes[0].contains("numbered from 8 on"), "{notes:?}");
    let mut negative = Particles::new(RULES, None);
    negative.add(Some(Family::Stars), &batch(vec![id(vec![-1])])).unwrap();
    assert!(identifiers(&mut negative.tables, &mut notes).unwrap_err().to_string().contains("-1"));
    let mut full = Particles::new(RULES, None);
    let last = (Field::new("id", DataType::UInt64, false), Arc::new(UInt64Array::from(vec![u64::MAX])) as ArrayRef);
    full.add(Some(Family::Stars), &batch(vec![last])).unwrap();
    full.add(Some(Family::Dark), &batch(vec![column("x", "kpc", vec![1.0])])).unwrap();
    assert!(identifiers(&mut full.tables, &mut notes).unwrap_err().to_string().contains("no identifiers are left"));
}
