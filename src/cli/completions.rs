//! `spolia completions`: the completion script of a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::Done;
use super::options::GlobalOptions;
use super::{Cli, output};
use crate::error::Result;

/// Options of `completions`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  spolia completions bash > ~/.local/share/bash-completion/completions/spolia\n  spolia completions zsh > ~/.zfunc/_spolia"
)]
pub struct Options {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub fn run(_global: &GlobalOptions, options: &Options) -> Result<Done> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "spolia", &mut script);
    output::bytes(&script)?;
    Ok(Done::Fully)
}
