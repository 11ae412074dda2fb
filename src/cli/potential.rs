//! `spolia potential`: the models of the gravitational potential: list them, print them, draw their rotation curves.
//!
//! See also   `orbits::potential`, docs/reference/potentials.md

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::exit::Done;
use super::options::GlobalOptions;
use super::{output, plot};
use crate::error::{Error, Result};
use crate::orbits::potential::{Potential, kinds};
use crate::plot::orbits;

/// Resolution of a PNG [dots per inch].
const DPI: f32 = 300.0;

/// Options of `potential`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  spolia potential list\n  spolia potential show mw2014 > my_galaxy.toml\n  spolia potential plot my_galaxy.toml -o rotation.svg"
)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the presets, and the profiles that a file of your own may use
    List,
    /// Print a model in the form that files have
    Show {
        /// Preset or .toml file
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Draw the rotation curve of a model and of its components
    Plot {
        /// Preset or .toml file
        #[arg(value_name = "NAME")]
        name: String,
        /// Greatest radius [kpc]
        #[arg(long, value_name = "KPC", default_value_t = 30.0)]
        radius: f64,
        /// Write the numbers in the picture too: csv, parquet, arrow, json
        #[arg(long, value_name = "FILE")]
        data: Option<PathBuf>,
    },
}

fn load(name: &str) -> Result<Potential> {
    if !(name.ends_with(".toml") || name.contains('/')) {
        return Potential::named(name);
    }
    let text = std::fs::read_to_string(name).map_err(|e| Error::io("read", Path::new(name), &e))?;
    Potential::from_toml(&text, name)
}

fn list() -> Result<()> {
    output::line("presets")?;
    for (name, description) in Potential::presets() {
        output::line(&format!("  {name:<28} {description}"))?;
    }
    output::line("profiles")?;
    for kind in kinds() {
        let parameters: Vec<String> = kind.parameters.iter().map(|p| format!("{} [{}]", p.name, p.unit)).collect();
        output::line(&format!("  {:<28} {}: {}", kind.name, kind.description, parameters.join(", ")))?;
    }
    Ok(())
}

/// Lists, prints or draws.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    match &options.action {
        Action::List => list()?,
        Action::Show { name } => output::bytes(load(name)?.to_toml().as_bytes())?,
        Action::Plot { name, radius, data } => {
            let figure = orbits::rotation_curve(&load(name)?, name, *radius)?;
            let path = global.output.clone().unwrap_or_else(|| PathBuf::from("rotation_curve.svg"));
            plot::save(&figure, &path, DPI)?;
            output::note(global, &format!("wrote {}", path.display()));
            for written in data.iter().map(|file| plot::save_data(&figure, file)).collect::<Result<Vec<_>>>()?.concat() {
                output::note(global, &format!("wrote {}", written.display()));
            }
        }
    }
    Ok(Done::Fully)
}
