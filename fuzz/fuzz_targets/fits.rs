//! Any bytes as a FITS table.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| shared::read(&shared::put("t.fits", bytes), bytes.len()));
