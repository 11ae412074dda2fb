//! Any bytes as HEAD, manifest or data file of a dataset whose digests fit: an error or rows, never a panic.
#![no_main]

mod shared;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use libfuzzer_sys::fuzz_target;
use spolia::ErrorKind;
use spolia::table::schema::canonical_field;
use spolia::table::{Dataset, Transaction};

const MANIFEST: &str = "versions/000001.json";

fn write(root: &Path) {
    let schema = Arc::new(Schema::new(vec![canonical_field("mass", DataType::Float64, "", None)]));
    let mut transaction = Transaction::begin(root).expect("a transaction");
    let mut writer = transaction.writer("stars", 1, schema.clone()).expect("a writer");
    let column: ArrayRef = Arc::new(Float64Array::from_iter_values((0..100).map(f64::from)));
    writer.write(&RecordBatch::try_new(schema, vec![column]).expect("rows")).expect("written");
    writer.finish().expect("finished");
    transaction.commit("fuzz").expect("a version");
}

/// The text of the manifest, in the dataset that every input changes.
static WRITTEN: LazyLock<String> = LazyLock::new(|| {
    write(&shared::path("d.spolia"));
    std::fs::read_to_string(shared::path("d.spolia").join(MANIFEST)).expect("a manifest")
});

/// `body` in a manifest's frame, with its own digest.
fn framed(body: &[u8]) -> Vec<u8> {
    let digest = blake3::hash(body).to_hex();
    [b"{\"blake3\": \"", digest.as_bytes(), b"\",\n\"manifest\": ", body, b"\n}\n"].concat()
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, content)) = bytes.split_first() else { return };
    let root = shared::path("d.spolia");
    let written = &*WRITTEN;
    // A damaged HEAD; a manifest as the input has it; or its body, framed with a digest that fits, so that the parser is reached.
    let manifest = match choice % 3 {
        0 => written.clone().into_bytes(),
        1 => content.to_vec(),
        _ => framed(content),
    };
    std::fs::write(root.join(MANIFEST), &manifest).expect("a file");
    let head = format!("1 {}\n", blake3::hash(&manifest).to_hex());
    std::fs::write(root.join("HEAD"), if choice % 3 == 0 { content } else { head.as_bytes() }).expect("a file");
    let read = Dataset::open(&root).and_then(|dataset| {
        for table in dataset.tables() {
            dataset.schema(&table)?;
            dataset.read_table(&table)?;
        }
        Ok(())
    });
    if let Err(error) = read {
        assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
    }
});
