//! Any text as a unit: an error, or a unit whose own text is the same unit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spolia::units::Unit;

fuzz_target!(|text: &str| {
    if let Ok(unit) = Unit::parse(text) {
        let again = Unit::parse(&unit.to_string()).expect("a unit reads its own text");
        assert!(unit.same_dimension(&again), "{text} is {unit} and then {again}");
    }
});
