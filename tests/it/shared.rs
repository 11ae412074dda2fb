//! Sample files that are not part of the repository; tests that need them say so and are skipped where they are not there.
//!
//! Layout     `SPOLIA_SHARED` names their folder, else it is `shared` beside the repository

use std::path::{Path, PathBuf};

/// A file or folder below `data/snapshots`; prints a line and gives nothing where there is none.
pub fn snapshots(name: &str) -> Option<PathBuf> {
    at("data/snapshots", name)
}

fn at(folder: &str, name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SPOLIA_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(folder).join(name);
    if !path.exists() {
        println!("skipped: no `{name}` in the shared folder");
        return None;
    }
    Some(path)
}
