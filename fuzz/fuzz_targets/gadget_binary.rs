//! Any bytes as a GADGET binary snapshot.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| shared::read(&shared::put("snap_001", bytes), bytes.len()));
