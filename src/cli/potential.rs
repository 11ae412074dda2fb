//! `spolia potential`: the models of the gravitational potential: list, print, draw and fit them.
//!
//! Layout     a model is named as in `table::potentials`; of a fitted one `show` prints what is in it, and with -o all of it
//! See also   `potential_fit`, `orbits::potential`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::exit::Done;
use super::options::GlobalOptions;
use super::{output, plot, potential_fit};
use crate::constants::GYR_PER_TIME_UNIT;
use crate::error::Result;
use crate::orbits::expansion::{FitRecord, Model};
use crate::orbits::potential::{Potential, kinds};
use crate::plot::orbits;
use crate::table::potentials;

/// Resolution of a PNG [dots per inch].
const DPI: f32 = 300.0;

/// Radii within which the mass of a fitted model is shown [kpc].
const RADII_KPC: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 300.0];

/// Options of `potential`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  spolia potential list\n  spolia potential show mw2014 > my_galaxy.toml\n  spolia potential plot my_galaxy.toml -o rotation.svg\n  spolia potential fit galaxy.spolia -o galaxy.potential\n  spolia potential show galaxy.spolia#fit"
)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "made once")]
enum Action {
    /// List the presets, and the profiles that a file of your own may use
    List,
    /// Print a model in the form that files have; of a fitted one, what is in it
    Show {
        /// Preset, file, or DATASET#NAME of a fitted one
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Draw the rotation curve of a model and of its components
    Plot {
        /// Preset, file, or DATASET#NAME of a fitted one
        #[arg(value_name = "NAME")]
        name: String,
        /// Greatest radius [kpc]
        #[arg(long, value_name = "KPC", default_value_t = 30.0)]
        radius: f64,
        /// Write the numbers in the picture too: csv, parquet, arrow, json
        #[arg(long, value_name = "FILE")]
        data: Option<PathBuf>,
    },
    /// Fit a model to the particles of a dataset or snapshot
    #[command(
        after_help = "Examples:\n  spolia potential fit galaxy.spolia\n  spolia potential fit galaxy.spolia --snap all --name history\n  spolia potential fit galaxy.spolia --kind multipole --families dark --symmetry axisymmetric -o halo.potential"
    )]
    Fit(potential_fit::Options),
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

/// Prints a model; one with thousands of numbers as what is in it, unless a file is named.
fn show(global: &GlobalOptions, name: &str) -> Result<()> {
    let potential = potentials::open(name)?;
    let fitted = potential.components.iter().any(|c| c.fitted().is_some());
    if let Some(path) = &global.output {
        let text = if fitted { potentials::read(name)? } else { potential.to_toml() };
        potentials::write_file(path, &text)?;
        output::note(global, &format!("wrote {}", path.display()));
        return Ok(());
    }
    if !fitted {
        return output::bytes(potential.to_toml().as_bytes());
    }
    let record = FitRecord::from_toml(&potentials::read(name)?, name)?;
    for line in record.iter().flat_map(FitRecord::lines).chain(record.iter().flat_map(FitRecord::warnings)) {
        output::line(&line)?;
    }
    describe(&potential)
}

/// Kinds, knots and times of the components, and their masses within some radii.
fn describe(potential: &Potential) -> Result<()> {
    for component in &potential.components {
        let Some(expansion) = component.fitted() else {
            output::line(&format!("component {}: {}", component.name, component.kind.name))?;
            continue;
        };
        let model = expansion.models().last().map(Model::described).unwrap_or_default();
        let times = match expansion.times() {
            [first, .., last] => {
                let span = [first, last].map(|t| t * GYR_PER_TIME_UNIT);
                format!(", {} models from {:.4} to {:.4} Gyr, the last of them", expansion.times().len(), span[0], span[1])
            }
            _ => String::new(),
        };
        output::line(&format!("component {}{times}: {model}", component.name))?;
    }
    let names: Vec<String> = potential.components.iter().map(|c| format!("{:>12}", c.name)).collect();
    output::line(&format!("mass within{:>9}  {} [Msun]", "", names.join("  ")))?;
    for radius in RADII_KPC {
        let masses: Vec<String> = potential.components.iter().map(|c| format!("{:>12.4e}", c.mass_within(radius))).collect();
        output::line(&format!("{radius:>16} kpc  {}", masses.join("  ")))?;
    }
    Ok(())
}

/// Lists, prints, draws or fits.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    match &options.action {
        Action::List => list()?,
        Action::Show { name } => show(global, name)?,
        Action::Fit(options) => return potential_fit::run(global, options),
        Action::Plot { name, radius, data } => {
            let figure = orbits::rotation_curve(&potentials::open(name)?, name, *radius)?;
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
