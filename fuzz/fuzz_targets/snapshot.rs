//! Any bytes as a snapshot or catalogue: an error or values, never a panic, and no more rows than the bytes can hold.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use spolia::ingest::{OpenOptions, formats};

/// Rows that one byte can stand for: compressed chunks of one value are small.
const ROWS_PER_BYTE: u64 = 1 << 12;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, content)) = bytes.split_first() else { return };
    let format = formats()[*choice as usize % formats().len()];
    let folder = tempfile::tempdir().expect("a folder");
    // A name of each reader's kind, for some look at the ending once the bytes have been recognised.
    let path = folder.path().join(["snap_001", "snap_001.hdf5", "snap_001.fits"][*choice as usize % 3]);
    std::fs::File::create(&path).and_then(|mut f| f.write_all(content)).expect("a file");
    let Ok(snapshot) = format.open(&path, &OpenOptions::default()) else { return };
    for (family, rows) in snapshot.info().rows.clone() {
        assert!(rows <= ROWS_PER_BYTE * (content.len() as u64 + 1), "{rows} rows in {} bytes", content.len());
        let Ok(schema) = snapshot.schema(family) else { continue };
        let columns: Vec<usize> = (0..schema.fields().len()).collect();
        if let Ok(batch) = snapshot.read(family, &columns, 0..rows) {
            assert_eq!(batch.num_rows() as u64, rows);
        }
    }
});
