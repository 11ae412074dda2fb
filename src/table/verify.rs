//! Verification of a dataset: is every byte as written, and do the numbers make physical sense.
//!
//! Layout     quick: HEAD, manifests, lengths; checksums: every block; deep: every value decoded, statistics recomputed, physics
//! Accuracy   recomputed statistics must equal the manifest's exactly
//! Edge cases damage is collected, not the first one only; what is legal but strange (NaN, repeated ids) is a doubt, not damage
//! Cost       checksums about 3 GB/s and core; deep reads one file at a time into memory, 8 bytes a row more for ids
//! See also   `checksum`, `statistics`

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;

use crate::error::{Error, ErrorKind, Result};

use super::checksum::{CheckedFile, parquet_metadata};
use super::dataset::Dataset;
use super::manifest::{ColumnStats, FileEntry};
use super::physics::Rule;
use super::statistics::column_stats;

/// How much to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// HEAD, manifests and lengths.
    Quick,
    /// Every byte against its checksum.
    Checksums,
    /// Every value, its statistics, and physics.
    Deep,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What and where.
    pub error: Error,
    /// True: bytes or structure are wrong. False: the values are strange but are what was ingested.
    pub damage: bool,
}

/// What was looked at and what was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Version that was verified.
    pub version: u64,
    /// Data files looked at.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Rows of them.
    pub rows: u64,
    /// Older versions whose manifest is whole.
    pub older_versions: u64,
    /// Findings in the order of the manifest.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether no byte is wrong.
    pub fn is_whole(&self) -> bool {
        !self.findings.iter().any(|f| f.damage)
    }

    /// The report, or its first damage as an error.
    pub fn into_result(self) -> Result<Report> {
        match self.findings.iter().find(|f| f.damage) {
            Some(finding) => Err(finding.error.clone()),
            None => Ok(self),
        }
    }

    fn damage(&mut self, error: Error) {
        self.findings.push(Finding { error, damage: true });
    }

    fn doubt(&mut self, error: Error) {
        self.findings.push(Finding { error, damage: false });
    }
}

/// Verifies the newest version of the dataset at `root`, or version n of `root@n`. An error means that nothing could be verified; damage is in the report.
pub fn verify(root: &Path, level: Level) -> Result<Report> {
    let dataset = Dataset::open(root)?;
    let root = dataset.root();
    let mut report = Report { version: dataset.manifest().version, ..Report::default() };
    for version in dataset.manifest().oldest..report.version {
        match Dataset::open_version(root, version) {
            Ok(_) => report.older_versions += 1,
            Err(error) => report.damage(error),
        }
    }
    for table in dataset.tables() {
        if let Err(error) = dataset.schema(&table) {
            report.damage(error);
            continue;
        }
        let mut ids: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for file in dataset.files(&table) {
            report.files += 1;
            report.bytes += file.bytes;
            report.rows += file.rows;
            match CheckedFile::open(root, &file, false) {
                Err(error) => report.damage(error),
                Ok(checked) if level >= Level::Checksums => {
                    if let Err(error) = checked.verify().and_then(|()| footer(&dataset, &checked, &file)) {
                        report.damage(error);
                    } else if level == Level::Deep {
                        deep(&dataset, &table, &file, ids.entry(file.snap).or_default(), &mut report);
                    }
                }
                Ok(_) => {}
            }
        }
        for (snap, mut ids) in ids {
            ids.sort_unstable();
            let repeated = ids.windows(2).filter(|pair| pair[0] == pair[1]).count();
            if repeated > 0 {
                report.doubt(
                    Error::mismatch(format!("{repeated} rows repeat the id of another row"))
                        .at(format!("table {table}, snapshot {snap:05}")),
                );
            }
        }
    }
    Ok(report)
}

/// Rows and columns of the footer against the manifest.
fn footer(dataset: &Dataset, checked: &CheckedFile, file: &FileEntry) -> Result<()> {
    let metadata = parquet_metadata(checked)?;
    let wrong = |what: &str, expected: String, found: String| {
        Error::damaged(what).at(format!("`{}`", checked.path().display())).expected(expected).found(found)
    };
    let rows = metadata.file_metadata().num_rows();
    if u64::try_from(rows) != Ok(file.rows) {
        return Err(wrong("a data file has another number of rows than its manifest says", file.rows.to_string(), rows.to_string()));
    }
    let schema = dataset.file_schema(file)?;
    let expected: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let found: Vec<&str> = metadata.file_metadata().schema().get_fields().iter().map(|f| f.name()).collect();
    if expected != found {
        return Err(wrong("a data file has other columns than its manifest says", expected.join(", "), found.join(", ")));
    }
    Ok(())
}

fn deep(dataset: &Dataset, table: &str, file: &FileEntry, ids: &mut Vec<u64>, report: &mut Report) {
    let batches = match dataset.read_file(file, false) {
        Ok(batches) => batches,
        Err(error) => return report.damage(error),
    };
    let place = |column: &str| format!("column {column} of table {table}, `{}`", file.path);
    let found = recompute(&batches);
    for expected in &file.columns {
        match found.iter().find(|c| c.name == expected.name) {
            // NaN never stands in a minimum, so equality is the right comparison.
            Some(same) if same == expected => physics(dataset, file, same, &place(&same.name), report),
            Some(other) if file.rows > 0 => report.damage(
                Error::damaged("the statistics in the manifest are not those of the data")
                    .at(place(&expected.name))
                    .expected(format!("{expected:?}"))
                    .found(format!("{other:?}")),
            ),
            _ => {}
        }
    }
    for column in batches.iter().filter_map(|b| b.column_by_name("id")) {
        if let Some(values) = column.as_primitive_opt::<UInt64Type>() {
            ids.extend(values.iter().flatten());
        }
    }
}

fn recompute(batches: &[RecordBatch]) -> Vec<ColumnStats> {
    let mut all: Vec<ColumnStats> = Vec::new();
    for batch in batches {
        for (index, (field, column)) in batch.schema_ref().fields().iter().zip(batch.columns()).enumerate() {
            let stats = column_stats(field.name(), column);
            match all.get_mut(index) {
                Some(total) => total.merge(&stats),
                None => all.push(stats),
            }
        }
    }
    all
}

fn physics(dataset: &Dataset, file: &FileEntry, stats: &ColumnStats, place: &str, report: &mut Report) {
    let now = dataset.manifest().snapshots.iter().find(|s| s.snap == file.snap).and_then(|s| s.time_gyr);
    if let Some(rule) = Rule::of(&stats.name, now).filter(|rule| !rule.keeps_all(stats)) {
        let ends = [stats.min, stats.max].map(|end| end.map_or("nothing".into(), |v| v.as_f64().to_string()));
        let found = format!("{} to {}, {} NaN", ends[0], ends[1], stats.nans);
        report.doubt(Error::new(ErrorKind::Domain, rule.complaint()).at(place).expected(rule.expected()).found(found));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Transaction;
    use crate::table::schema::canonical_field;
    use arrow::array::{Float32Array, UInt64Array};
    use arrow::datatypes::{DataType, Schema};
    use std::sync::Arc;

    fn dataset(root: &Path, ids: &[u64], mass: &[f32], x: &[f32]) {
        let schema = Arc::new(Schema::new(vec![
            canonical_field("id", DataType::UInt64, "", None),
            canonical_field("mass", DataType::Float32, "", None),
            canonical_field("x", DataType::Float32, "", None),
        ]));
        let columns: Vec<arrow::array::ArrayRef> = vec![
            Arc::new(UInt64Array::from(ids.to_vec())),
            Arc::new(Float32Array::from(mass.to_vec())),
            Arc::new(Float32Array::from(x.to_vec())),
        ];
        let mut transaction = Transaction::begin(root).unwrap();
        let mut writer = transaction.writer("stars", 3, schema.clone()).unwrap();
        writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
        writer.finish().unwrap();
        transaction.commit("test").unwrap();
    }

    #[test]
    fn a_good_dataset_has_no_findings_at_any_level() {
        let folder = tempfile::tempdir().unwrap();
        dataset(folder.path(), &[1, 2, 3], &[1.0, 2.0, 3.0], &[0.0, -1.0, 1.0]);
        for level in [Level::Quick, Level::Checksums, Level::Deep] {
            let report = verify(folder.path(), level).unwrap().into_result().unwrap();
            assert!(report.findings.is_empty());
            assert_eq!((report.files, report.rows, report.version), (1, 3, 1));
        }
    }

    #[test]
    fn strange_values_are_doubts_and_not_damage() {
        let folder = tempfile::tempdir().unwrap();
        dataset(folder.path(), &[1, 2, 2], &[1.0, 0.0, 3.0], &[0.0, f32::NAN, 1.0]);
        let report = verify(folder.path(), Level::Deep).unwrap();
        let texts: Vec<String> = report.findings.iter().map(|f| f.error.to_string()).collect();
        assert!(report.is_whole());
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert!(texts[0].contains("not positive") && texts[1].contains("not finite") && texts[2].contains("1 rows repeat"));
    }

    #[test]
    fn a_flipped_byte_is_found_from_checksums_on_and_a_lost_byte_at_once() {
        let folder = tempfile::tempdir().unwrap();
        dataset(folder.path(), &[1, 2, 3], &[1.0, 2.0, 3.0], &[0.0, -1.0, 1.0]);
        let path = folder.path().join(&Dataset::open(folder.path()).unwrap().files("stars")[0].path);
        let bytes = std::fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[30] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        assert!(verify(folder.path(), Level::Quick).unwrap().is_whole());
        assert_eq!(verify(folder.path(), Level::Checksums).unwrap().into_result().unwrap_err().exit_code(), 3);
        std::fs::write(&path, &bytes[1..]).unwrap();
        assert!(!verify(folder.path(), Level::Quick).unwrap().is_whole());
    }

    #[test]
    fn statistics_that_lie_are_found_by_the_deep_level() {
        let folder = tempfile::tempdir().unwrap();
        dataset(folder.path(), &[1, 2, 3], &[1.0, 2.0, 3.0], &[0.0, -1.0, 1.0]);
        let mut transaction = Transaction::begin(folder.path()).unwrap();
        transaction.manifest_mut().tables.get_mut("stars").unwrap().files[0].columns[1].max = Some(crate::table::Scalar::Float(2.5));
        transaction.commit("lie").unwrap();
        assert!(verify(folder.path(), Level::Checksums).unwrap().is_whole());
        assert!(!verify(folder.path(), Level::Deep).unwrap().is_whole());
    }
}
