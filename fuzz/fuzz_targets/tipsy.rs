//! Any bytes as a Tipsy snapshot, one of its arrays, its parameters or its log; the rest of them whole.
#![no_main]

mod shared;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::{DarkRecord, GasRecord, StarRecord, TipsyFile, write_snapshot};

/// Names of the files, the snapshot first.
const NAMES: [&str; 7] = ["m.00001", "m.00001.iord", "m.00001.OxMassFrac", "m.param", "m.starlog", "m.00001.amiga.grp", "m.00001.gz"];

static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let file =
        TipsyFile { time: 0.5, gas: vec![GasRecord::default(); 2], dark: vec![DarkRecord::default(); 3], stars: vec![StarRecord::default(); 2] };
    write_snapshot(&shared::path("whole"), &file, ByteOrder::Big).expect("a snapshot");
    std::fs::read(shared::path("whole")).expect("its bytes")
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, content)) = bytes.split_first() else { return };
    let target = *choice as usize % NAMES.len();
    for (number, name) in NAMES.iter().enumerate() {
        if number == target {
            shared::put(name, content);
        } else if number == 0 && target != 6 {
            shared::put(name, &WHOLE);
        } else {
            let _ = std::fs::remove_file(shared::path(name));
        }
    }
    shared::read(&shared::path(if target == 6 { NAMES[6] } else { NAMES[0] }), content.len() + WHOLE.len());
});
