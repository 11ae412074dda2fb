//! Any text as SQL: an answer or an error, never a panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use spolia::sql::{Limits, Session, SessionOptions};

static SESSION: LazyLock<Session> = LazyLock::new(|| {
    let limits = Limits { read_only: true, ..Limits::default() };
    Session::new(SessionOptions { threads: 1, memory_bytes: Some(256 << 20), limits, ..SessionOptions::default() }).expect("a session")
});

fuzz_target!(|text: &str| {
    // Planning alone: an answer could be as long as the text asks for.
    let _ = SESSION.query(&format!("EXPLAIN {text}"));
});
