//! `spolia compact`: forgets old versions of a dataset and frees their space.

use std::path::PathBuf;

use clap::Args;

use super::exit::Done;
use super::info::size;
use super::options::GlobalOptions;
use super::output;
use crate::error::Result;
use crate::table::compact::compact;

/// Options of `compact`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  spolia compact galaxy.spolia\n  spolia compact galaxy.spolia --keep 5")]
pub struct Options {
    /// Dataset
    #[arg(value_name = "DATASET")]
    path: PathBuf,
    /// Versions to keep, counted from the newest
    #[arg(long, value_name = "N", default_value_t = 1)]
    keep: u64,
}

/// Removes what no kept version needs.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let done = compact(&options.path, options.keep)?;
    if global.json_errors() {
        let report = serde_json::json!({"version": done.version, "oldest": done.oldest, "versions": done.versions, "files": done.files, "bytes": done.bytes});
        output::line(&report.to_string())?;
        return Ok(Done::Fully);
    }
    let removed = format!("removed {} old versions and {} data files ({})", done.versions, done.files, size(done.bytes));
    output::note(global, &format!("{removed}; {} is at version {}", options.path.display(), done.version));
    Ok(Done::Fully)
}
