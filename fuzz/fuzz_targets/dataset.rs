//! A small dataset with one changed byte: refused, or every value as it was written.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use spolia::table::schema::canonical_field;
use spolia::table::{Dataset, Transaction};

const ROWS: u32 = 1000;

fn write(root: &Path) {
    let schema = Arc::new(Schema::new(vec![canonical_field("mass", DataType::Float64, "", None)]));
    let mut transaction = Transaction::begin(root).expect("a transaction");
    let mut writer = transaction.writer("stars", 1, schema.clone()).expect("a writer");
    let column: ArrayRef = Arc::new(Float64Array::from_iter_values((0..ROWS).map(f64::from)));
    writer.write(&RecordBatch::try_new(schema, vec![column]).expect("rows")).expect("written");
    writer.finish().expect("finished");
    transaction.commit("fuzz").expect("a version");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() { all.extend(files(&entry.path())) } else { all.push(entry.path()) }
    }
    all.sort();
    all
}

/// The files of the dataset as they were written.
static WRITTEN: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    files(folder.path()).into_iter().map(|f| (f.strip_prefix(folder.path()).expect("inside").to_path_buf(), std::fs::read(&f).expect("bytes"))).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let mut given = Unstructured::new(bytes);
    let Ok((file, at, change)) = <(u8, u32, u8)>::arbitrary(&mut given) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let target = file as usize % WRITTEN.len();
    for (index, (path, content)) in WRITTEN.iter().enumerate() {
        let mut content = content.clone();
        if index == target && !content.is_empty() {
            let at = at as usize % content.len();
            content[at] ^= change;
        }
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }
    if let Ok(batches) = Dataset::open(folder.path()).and_then(|d| d.read_table("stars")) {
        let values: Vec<f64> = batches
            .iter()
            .flat_map(|b| b.column(0).as_any().downcast_ref::<Float64Array>().expect("doubles").values().to_vec())
            .collect();
        assert_eq!(values, (0..ROWS).map(f64::from).collect::<Vec<_>>());
    }
});
