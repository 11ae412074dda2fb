//! Any text as a pipeline: a plan of steps or an error that names the file, never a panic.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = spolia::pipeline::load(&shared::put("p.toml", bytes)) {
        assert!(error.to_string().contains("p.toml"), "{error}");
    }
});
