//! The command line: one file per subcommand, one registry.
//!
//! Layout     `Command` lists the subcommands; each module holds its options (`Options`) and `run`
//! Exit codes see `exit`
//! See also   docs/reference/cli.md, generated from these definitions

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Result;

pub mod cite;
pub mod compact;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod exit;
pub mod export;
pub mod highlight;
pub mod info;
pub mod ingest;
pub mod log;
pub mod meta;
pub mod options;
pub mod orbit;
pub mod output;
pub mod plot;
pub mod potential;
mod potential_fit;
pub mod progress;
pub mod repl;
pub mod run;
pub mod session;
pub mod sql;
pub mod verify;

use exit::Done;
use options::GlobalOptions;

/// The program and its options.
#[derive(Debug, Parser)]
#[command(
    name = "spolia",
    version,
    about = "From raw simulation snapshots to SQL answers and figures",
    long_about = "From raw simulation snapshots to SQL answers and figures.\n\nNew here? `spolia demo` simulates a small galaxy merger and walks through everything.",
    help_template = "{about-with-newline}{usage-heading} {usage}\n\n{all-args}{after-help}",
    propagate_version = true,
    disable_version_flag = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// Print version
    #[arg(short = 'V', long, action = clap::ArgAction::Version, hide_short_help = true)]
    version: Option<bool>,
    /// Options that every subcommand shares.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands, in the order of the help page.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "made once")]
pub enum Command {
    /// Simulate a small galaxy merger, ingest it, query it, draw it
    Demo(demo::Options),
    /// Show what a snapshot or dataset holds: format, time, families, columns, units
    Info(info::Options),
    /// Turn snapshots into a dataset
    Ingest(ingest::Options),
    /// Ask in SQL: one shot with -c or -f, or at a prompt
    Sql(sql::Options),
    /// Write particles back as a snapshot: GADGET HDF5 or Tipsy
    Export(export::Options),
    /// Draw a figure as SVG or PNG
    Plot(plot::Options),
    /// Follow orbits of stars in a model of the potential
    Orbit(orbit::Options),
    /// List, print or draw models of the gravitational potential
    Potential(potential::Options),
    /// Run a pipeline
    Run(run::Options),
    /// Check a dataset: checksums, schema, counts, physical sanity
    Verify(verify::Options),
    /// List the versions of a dataset
    Log(log::Options),
    /// Forget old versions of a dataset and free their space
    Compact(compact::Options),
    /// Show what this machine offers: cores, memory, disk, GPU, versions
    Doctor(doctor::Options),
    /// Print the papers behind the methods, as text or BibTeX
    Cite(cite::Options),
    /// Print the completion script of a shell
    Completions(completions::Options),
}

/// Parses the arguments, runs the subcommand and gives the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap writes help to stdout and mistakes to stderr, with a suggestion where it has one.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let global = cli.global.clone();
    exit::run(&global, || dispatch(cli))
}

fn dispatch(cli: Cli) -> Result<Done> {
    let global = cli.global;
    start_log(&global);
    // Read every common option once, so that a wrong one is an error even where it is not needed.
    global.memory_bytes()?;
    global.device()?;
    progress::watch_interrupts();
    allow_many_files();
    match cli.command {
        Command::Demo(options) => demo::run(&global, &options),
        Command::Info(options) => info::run(&global, &options),
        Command::Ingest(options) => ingest::run(&global, &options),
        Command::Sql(options) => sql::run(&global, &options),
        Command::Export(options) => export::run(&global, &options),
        Command::Plot(options) => plot::run(&global, &options),
        Command::Orbit(options) => orbit::run(&global, &options),
        Command::Potential(options) => potential::run(&global, &options),
        Command::Run(options) => run::run(&global, &options),
        Command::Verify(options) => verify::run(&global, &options),
        Command::Log(options) => log::run(&global, &options),
        Command::Compact(options) => compact::run(&global, &options),
        Command::Doctor(options) => doctor::run(&global, &options),
        Command::Cite(options) => cite::run(&global, &options),
        Command::Completions(options) => completions::run(&global, &options),
    }
}

/// Raises the number of files that may be open to what the system allows: a run of thousands of snapshots has as many files.
fn allow_many_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    // Where it may not be raised, a query over too many files says so when it opens them.
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// Diagnostics on stderr: warnings, or what `-v`, `-vv` or `SPOLIA_LOG` ask for.
fn start_log(global: &GlobalOptions) {
    let level = match global.verbose {
        0 => "warn",
        1 => "info,datafusion=warn",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("SPOLIA_LOG").unwrap_or_else(|_| level.into());
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().try_init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_has_a_line_and_examples() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{} has no help line", command.get_name());
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("spolia "), "{} has no example", command.get_name());
        }
    }
}
