//! Any bytes given to each registered reader in turn, whatever they look like: an error or values, never a panic.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;
use spolia::ingest::{OpenOptions, formats};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, content)) = bytes.split_first() else { return };
    let format = formats()[*choice as usize % formats().len()];
    // A name of each reader's kind, for some look at the ending once the bytes have been recognised.
    let path = shared::put(["snap_001", "snap_001.hdf5", "snap_001.fits"][*choice as usize % 3], content);
    if let Ok(snapshot) = format.open(&path, &OpenOptions::default()) {
        assert!(snapshot.info().rows.len() < 16);
    }
    shared::read(&path, content.len());
});
