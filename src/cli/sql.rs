//! `spolia sql`: one-shot queries and the prompt.
//!
//! SQL        `spolia sql galaxy.spolia -c "SELECT count(*), sum(mass) FROM stars WHERE radius(x, y, z) < 5"`
//! Edge cases without -c and -f and without a terminal the statements are read from standard input
//! See also   `cli::repl`, `sql::session`

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use clap::Args;

use super::exit::Done;
use super::options::{GlobalOptions, ReadOptions};
use super::{export, output, repl, session};
use crate::error::{Error, Result};
use crate::table::export::OutputFormat;

/// Options of `sql`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  spolia sql galaxy.spolia\n  spolia sql galaxy.spolia -c \"SELECT count(*), sum(mass) FROM stars WHERE radius(x, y, z) < 5\"\n  spolia sql g8.26e11.01024 -f queries/metallicity_distribution.sql --format csv"
)]
pub struct Options {
    /// Datasets, snapshot files or Parquet files; the first gives the plain table names
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// SQL to run; may be given several times
    #[arg(short, long, value_name = "SQL")]
    command: Vec<String>,
    /// File of SQL to run
    #[arg(short, long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Skip the checksums of dataset files
    #[arg(long)]
    trust: bool,
    /// Do not refuse expressions that mix units
    #[arg(long)]
    no_units: bool,
    #[command(flatten)]
    halos: ReadOptions,
}

/// Runs the queries, or the prompt.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let mut texts = options.command.clone();
    for path in &options.file {
        texts.push(std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?);
    }
    let session = session::open(global, &options.paths, options.trust, !options.no_units, options.halos.open())?;
    if texts.is_empty() {
        if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            return repl::run(global, &session, &options.paths);
        }
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|e| Error::io("read", std::path::Path::new("standard input"), &e))?;
        if text.trim().is_empty() {
            return Err(Error::usage("no SQL was given, and there is no terminal for a prompt")
                .hint("add -c \"SELECT ...\", -f FILE, or pipe SQL into standard input"));
        }
        texts.push(text);
    }
    if let (Some(path), true) = (&global.output, global.output_format(OutputFormat::Table)?.is_snapshot()) {
        let format = global.output_format(OutputFormat::Table)?;
        let written = session.write_snapshot(&texts.join("\n;\n"), format, path)?;
        export::report(global, &written, path)?;
        return Ok(Done::Fully);
    }
    for text in &texts {
        let answer = session.query(text)?;
        output::answer(global, &answer)?;
        if answer.rows() == 0 && !answer.schema.fields().is_empty() {
            output::note(global, "note: no row matches");
        }
    }
    Ok(Done::Fully)
}
