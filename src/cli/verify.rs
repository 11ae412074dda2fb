//! `spolia verify`: checksums, schema, counts and physical sanity of a dataset.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::{Done, print_error};
use super::info::size;
use super::options::GlobalOptions;
use super::output;
use crate::error::Result;
use crate::table::verify::{self, Level};

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Depth {
    /// Manifests and lengths.
    Quick,
    /// Every byte against its checksum.
    Checksums,
    /// Every value, its statistics, and physical sanity.
    Deep,
}

/// Options of `verify`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  spolia verify galaxy.spolia\n  spolia verify galaxy.spolia --level quick")]
pub struct Options {
    /// Dataset
    #[arg(value_name = "DATASET")]
    path: PathBuf,
    /// How thoroughly
    #[arg(long, value_enum, default_value = "deep")]
    level: Depth,
}

/// Prints the findings; damage is an error.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let level = match options.level {
        Depth::Quick => Level::Quick,
        Depth::Checksums => Level::Checksums,
        Depth::Deep => Level::Deep,
    };
    let report = verify::verify(&options.path, level)?;
    if global.json_errors() {
        let findings: Vec<_> =
            report.findings.iter().map(|f| serde_json::json!({"damage": f.damage, "error": f.error.to_json()})).collect();
        output::line(
            &serde_json::json!({"whole": report.is_whole(), "version": report.version, "files": report.files, "bytes": report.bytes,
                "rows": report.rows, "findings": findings})
            .to_string(),
        )?;
        return report.into_result().map(|_| Done::Fully);
    }
    // The first damage becomes the error of the command; the others are listed before it.
    for finding in report.findings.iter().filter(|f| f.damage).skip(1) {
        print_error(&finding.error, global);
    }
    for finding in report.findings.iter().filter(|f| !f.damage) {
        output::note(global, &format!("doubt: {}", finding.error));
    }
    let report = report.into_result()?;
    output::line(&format!(
        "{} version {}: {} files, {}, {} rows: every {} agrees",
        options.path.display(),
        report.version,
        report.files,
        size(report.bytes),
        report.rows,
        match options.level {
            Depth::Quick => "length",
            Depth::Checksums => "checksum",
            Depth::Deep => "checksum, count and range",
        }
    ))?;
    Ok(Done::Fully)
}
