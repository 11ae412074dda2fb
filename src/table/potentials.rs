//! Potentials that a name leads to: presets, files, and those that are saved with a dataset.
//!
//! Layout     `galaxy.spolia#fit` is the potential `fit` of that dataset, `galaxy.spolia@3#fit` that of its version 3; a name that ends
//!            in `.toml` or `.potential` or holds a `/` is a file; any other one is a preset. In a dataset they are the rows of the table
//!            `potentials`: name, when and from what it was fitted, its error, and the text
//! Units      Msun; errors relative
//! Edge cases saving under a name that is taken replaces that potential; older versions of the dataset keep it
//! Refuses    a text that is no potential, names other than letters, digits, `_` and `-`
//! See also   `orbits::potential::text`, `orbits::expansion::record`, `write`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::{concat_batches, filter_record_batch, not};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::dataset::{Dataset, arrow_error};
use super::schema::{FieldInfo, field};
use super::write::{Transaction, utc_now};
use super::{aside, durable};
use crate::error::{Error, Result, nearest};
use crate::orbits::expansion::FitRecord;
use crate::orbits::potential::Potential;

/// Table of a dataset that holds them.
pub const TABLE: &str = "potentials";
/// Endings of files.
const ENDINGS: [&str; 2] = [".toml", ".potential"];
/// Between a dataset and the name of a potential in it.
const IN_DATASET: char = '#';

/// Whether `name` is that of a file or of a dataset, and not that of a preset.
pub fn is_file(name: &str) -> bool {
    name.contains(['/', IN_DATASET]) || name.ends_with(".spolia") || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Dataset and name of a potential that is saved with one.
fn in_dataset(name: &str) -> Option<(PathBuf, &str)> {
    let (root, inner) = name.rsplit_once(IN_DATASET)?;
    Some((PathBuf::from(root), inner)).filter(|(root, _)| !Path::new(name).is_file() && !root.as_os_str().is_empty())
}

/// When the file behind a name was written, and its length; none for what cannot be asked.
pub fn stamp(name: &str) -> Option<(SystemTime, u64)> {
    let path = in_dataset(name).map_or_else(|| PathBuf::from(name), |(root, _)| root.join("HEAD"));
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// The text behind the name of a file or of a potential in a dataset.
pub fn read(name: &str) -> Result<String> {
    if let Some((root, inner)) = in_dataset(name) {
        return in_dataset_named(&Dataset::open(&root)?, inner);
    }
    let path = Path::new(name);
    if Dataset::is_dataset(path) {
        let names = names(&Dataset::open(path)?)?;
        let error = Error::usage("a dataset is no potential, but may hold some").at(format!("`{name}`"));
        return Err(match names.first() {
            Some(first) => error.expected(format!("one of {}", names.join(", "))).hint(format!("write {name}{IN_DATASET}{first}")),
            None => error.hint(format!("`spolia potential fit {name}` makes one: {name}{IN_DATASET}fit")),
        });
    }
    std::fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => Error::damaged("a potential is not text").at(format!("`{name}`")),
        _ => Error::io("read", path, &e),
    })
}

/// The potential behind the name of a file or of a potential in a dataset, else the preset of that name.
pub fn open(name: &str) -> Result<Potential> {
    if !is_file(name) {
        return Potential::named(name).map_err(|e| match e.hint_text() {
            Some(_) => e,
            None => e.hint("a file of your own ends in .toml or .potential: 'my_galaxy.toml'"),
        });
    }
    // A component names its file as seen from the file that it is in.
    let folder = Path::new(name).parent().map(Path::to_path_buf).unwrap_or_default();
    let beside = |file: &str| {
        let path = folder.join(file);
        std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))
    };
    let text = read(name)?;
    match in_dataset(name) {
        Some(_) => Potential::from_toml(&text, name),
        None => Potential::from_toml_with(&text, name, &beside),
    }
}

/// Names of the potentials of a dataset, in the order in which they were saved.
pub fn names(dataset: &Dataset) -> Result<Vec<String>> {
    Ok(rows(dataset)?.iter().flat_map(|(names, _)| names.iter().flatten().map(str::to_string).collect::<Vec<_>>()).collect())
}

/// Columns `name` and `text`, batch by batch.
fn rows(dataset: &Dataset) -> Result<Vec<(StringArray, StringArray)>> {
    if !dataset.tables().iter().any(|t| t == TABLE) {
        return Ok(Vec::new());
    }
    let column = |batch: &RecordBatch, name: &str| {
        let found = batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>().cloned());
        found.ok_or_else(|| Error::damaged(format!("table {TABLE} has no texts {name}")).at(format!("`{}`", dataset.root().display())))
    };
    dataset.read_table(TABLE)?.iter().map(|batch| Ok((column(batch, "name")?, column(batch, "text")?))).collect()
}

fn in_dataset_named(dataset: &Dataset, name: &str) -> Result<String> {
    for (names, texts) in rows(dataset)? {
        if let Some(row) = names.iter().position(|n| n == Some(name)) {
            return Ok(texts.value(row).to_string());
        }
    }
    let known = names(dataset)?;
    let error = Error::not_found(format!("the dataset has no potential `{name}`")).at(format!("`{}`", dataset.root().display()));
    Err(match (nearest(name, known.iter().map(String::as_str)), known.is_empty()) {
        (Some(near), _) => error.expected(known.join(", ")).hint(format!("did you mean `{near}`?")),
        (None, false) => error.expected(known.join(", ")),
        (None, true) => error.hint("`spolia potential fit DATASET` makes one"),
    })
}

fn schema() -> SchemaRef {
    let text = |name: &str, description: &str| {
        let mut field = Field::new(name, DataType::Utf8, false);
        field.set_metadata([("description".to_string(), description.to_string())].into());
        field
    };
    let number = |name: &str, kind: DataType, unit: &str, description: &str| {
        field(name, kind, false, &FieldInfo { unit: unit.into(), description: description.into(), ..Default::default() })
    };
    Arc::new(Schema::new(vec![
        text("name", "name of the potential"),
        text("created", "UTC time of the fit"),
        text("frame", "frame of its coordinates"),
        number("snapshots", DataType::Int64, "1", "snapshots that it follows in time"),
        number("particles", DataType::Int64, "1", "particles of the last snapshot"),
        number("mass", DataType::Float64, "Msun", "their mass"),
        number("error_median", DataType::Float64, "1", "relative error of the force against direct summation, median"),
        number("error_p99", DataType::Float64, "1", "the same, exceeded by 1 of 100"),
        number("error_max", DataType::Float64, "1", "the same, greatest"),
        text("text", "the potential itself"),
    ]))
}

/// Whether a potential of a dataset may have this name.
pub fn check_name(name: &str) -> Result<()> {
    let proper = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !name.is_empty() && name.chars().all(proper) {
        true => Ok(()),
        false => Err(Error::usage(format!("`{name}` cannot be the name of a potential")).expected("letters, digits, `_` and `-`")),
    }
}

/// Saves a potential with a dataset, as a new version of it; gives the number of the version.
pub fn save(root: &Path, name: &str, text: &str, record: &FitRecord) -> Result<u64> {
    check_name(name)?;
    let mut transaction = Transaction::begin(root)?;
    // Under the lock: what another writer saved meanwhile is kept.
    let dataset = Dataset::open(root)?;
    let schema = schema();
    let failed = |e| arrow_error("write the potentials", root, e);
    let mut batches = Vec::new();
    if dataset.tables().iter().any(|t| t == TABLE) {
        for batch in dataset.read_table(TABLE)? {
            let batch = super::dataset::conform(&batch, &schema)?;
            let same = batch.column(0).as_string::<i32>().iter().map(|n| Some(n == Some(name))).collect();
            batches.push(filter_record_batch(&batch, &not(&same).map_err(failed)?).map_err(failed)?);
        }
    }
    batches.push(row(&schema, name, text, record)?);
    let batch = concat_batches(&schema, &batches).map_err(failed)?;
    let mut writer = transaction.writer_whole(TABLE, schema)?;
    writer.write(&batch)?;
    writer.finish()?;
    transaction.commit(&format!("potential {name}"))
}

fn row(schema: &SchemaRef, name: &str, text: &str, record: &FitRecord) -> Result<RecordBatch> {
    let last = record.snapshot.last().ok_or_else(|| Error::internal("a fit of no snapshot"))?;
    let one = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let count = |n: u64| Arc::new(Int64Array::from(vec![n as i64])) as ArrayRef;
    let number = |x: f64| Arc::new(Float64Array::from(vec![x])) as ArrayRef;
    let columns = vec![
        one(name),
        one(&utc_now()),
        one(&record.frame),
        count(record.snapshot.len() as u64),
        count(last.family.iter().map(|f| f.particles).sum()),
        number(last.family.iter().map(|f| f.mass_msun).sum()),
        number(last.error.median),
        number(last.error.p99),
        number(last.error.max),
        one(text),
    ];
    RecordBatch::try_new(schema.clone(), columns).map_err(|e| Error::internal("a potential cannot be a row").because(e))
}

/// Writes a text to a file, which has it whole or not at all.
pub fn write_file(path: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| durable::write_error("write a potential", path, &e);
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().ok_or_else(|| Error::usage("this is no name of a file").at(format!("`{}`", path.display())))?;
    let (temporary, mut file) = aside::create(folder, name).map_err(failed)?;
    let done = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let done = done.map_err(failed).and_then(|()| durable::rename_synced(&temporary, path));
    if done.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::expansion::ErrorReport;
    use crate::orbits::expansion::record::{FamilyFit, SnapshotFit};

    const PLUMMER: &str = "[[component]]\nname = \"p\"\nkind = \"plummer\"\nmass = 1e10\nscale = 1\n";

    fn record() -> FitRecord {
        let error = ErrorReport { points: 10, left_out: 0, median: 0.01, p90: 0.02, p99: 0.03, max: 0.04 };
        let family = vec![FamilyFit { name: "dark".into(), component: "halo".into(), particles: 7, skipped: 0, mass_msun: 1e10 }];
        let snapshot = vec![SnapshotFit { snap: 1, time_gyr: None, error, family }];
        FitRecord { source: "g".into(), frame: "box".into(), condition: None, engine: "x".into(), snapshot }
    }

    #[test]
    fn a_dataset_keeps_potentials_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("galaxy.spolia");
        let shown = root.display().to_string();
        let transaction = Transaction::begin(&root).unwrap();
        transaction.commit("empty").unwrap();
        assert!(read(&format!("{shown}#fit")).unwrap_err().hint_text().unwrap().contains("potential fit"));
        assert!(open(&shown).unwrap_err().hint_text().unwrap().contains("#fit"));
        save(&root, "fit", PLUMMER, &record()).unwrap();
        save(&root, "second", &PLUMMER.replace("1e10", "2e10"), &record()).unwrap();
        assert_eq!(open(&format!("{shown}#fit")).unwrap().parameters(), [1e10, 1.0]);
        save(&root, "fit", &PLUMMER.replace("1e10", "3e10"), &record()).unwrap();
        assert_eq!(open(&format!("{shown}#fit")).unwrap().parameters(), [3e10, 1.0]);
        assert_eq!(open(&format!("{shown}#second")).unwrap().parameters(), [2e10, 1.0]);
        // Version 2 is the one that had the first.
        assert_eq!(open(&format!("{shown}@2#fit")).unwrap().parameters(), [1e10, 1.0]);
        assert_eq!(names(&Dataset::open(&root).unwrap()).unwrap(), ["second", "fit"]);
        let wrong = open(&format!("{shown}#fitt")).unwrap_err();
        assert!(wrong.hint_text().unwrap().contains("did you mean `fit`"), "{wrong}");
        assert!(open(&shown).unwrap_err().hint_text().unwrap().contains("#second"));
        assert!(save(&root, "a b", PLUMMER, &record()).is_err() && check_name("").is_err());
        assert!(stamp(&format!("{shown}#fit")).is_some());
    }

    #[test]
    fn names_of_files_and_of_presets() {
        for file in ["a.toml", "a.potential", "x/y", "galaxy.spolia", "galaxy.spolia#fit"] {
            assert!(is_file(file), "{file}");
        }
        assert!(!is_file("mw2014") && open("mw2014").is_ok() && open("nothing").unwrap_err().hint_text().unwrap().contains(".potential"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.potential");
        write_file(&path, PLUMMER).unwrap();
        assert_eq!(open(&path.display().to_string()).unwrap().components.len(), 1);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_file(&folder.path().join("none/own.potential"), PLUMMER).is_err());
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(open(&path.display().to_string()).unwrap_err().to_string().contains("not text"));
    }
}
