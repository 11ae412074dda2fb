//! `spolia log`: the versions of a dataset.

use std::path::PathBuf;

use clap::Args;

use super::exit::Done;
use super::info::size;
use super::options::GlobalOptions;
use super::output;
use crate::error::Result;
use crate::table::dataset::Dataset;

/// Options of `log`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  spolia log galaxy.spolia")]
pub struct Options {
    /// Dataset
    #[arg(value_name = "DATASET")]
    path: PathBuf,
}

/// Prints one line a version, newest first.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let versions = Dataset::open(&options.path)?.log()?;
    if global.json_errors() {
        let list: Vec<_> = versions
            .iter()
            .map(|v| {
                serde_json::json!({"version": v.version, "parent": v.parent, "created": v.created, "engine": v.engine, "message": v.message,
                    "rows": v.rows, "bytes": v.bytes})
            })
            .collect();
        output::line(&serde_json::Value::from(list).to_string())?;
        return Ok(Done::Fully);
    }
    let mut sorted = versions;
    sorted.sort_by_key(|v| std::cmp::Reverse(v.version));
    for v in &sorted {
        output::line(&format!("{:>6}  {}  {:>12} rows  {:>9}  {}", v.version, v.created, v.rows, size(v.bytes), v.message))?;
    }
    Ok(Done::Fully)
}
