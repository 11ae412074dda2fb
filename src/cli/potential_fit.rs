//! `spolia potential fit`: a potential from the particles of a dataset or snapshot.
//!
//! Layout     -o FILE writes a file; without it the potential is saved with the dataset, as DATASET#NAME
//! Units      kpc, Msun; sizes as people write them, `300kpc`
//! See also   `sql::FitRequest`, `table::potentials`, docs/methods/potentials_from_snapshots.md

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use super::exit::Done;
use super::export::family;
use super::options::GlobalOptions;
use super::{output, progress, session};
use crate::error::{Error, Result};
use crate::ingest::OpenOptions;
use crate::orbits::expansion::cylindrical::HIGHEST_ORDER;
use crate::orbits::expansion::sample::Wishes;
use crate::orbits::expansion::{Model, Symmetry};
use crate::sql::FitRequest;
use crate::table::{Dataset, potentials};
use crate::units::{Quantity, Unit};

/// Options of `potential fit`.
#[derive(Args, Debug)]
pub struct Options {
    /// Dataset or snapshot
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// Name of the potential in the dataset, read as SOURCE#NAME
    #[arg(long, value_name = "NAME", default_value = "fit")]
    name: String,
    /// One expansion of everything [default: a multipole of dark matter and black holes, and a cylindrical one of stars and gas]
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(Model::NAMES))]
    kind: Option<String>,
    /// Tables to fit, such as dark,stars; all by default
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    families: Vec<String>,
    /// Highest degree l of spherical harmonics
    #[arg(long, value_name = "L", default_value_t = 6)]
    degree: usize,
    /// Highest order m in azimuth [default: the degree, at most 12]
    #[arg(long, value_name = "M")]
    order: Option<usize>,
    /// Terms that are kept; actions need axisymmetric or spherical
    #[arg(long, value_enum, value_name = "SYMMETRY", default_value = "none")]
    symmetry: Kept,
    /// Leave out particles further from the centre than this, such as 300kpc
    #[arg(long, value_name = "SIZE")]
    radius: Option<String>,
    /// First and last knot, such as 0.1kpc,300kpc; from the particles by default
    #[arg(long, value_name = "SIZE,SIZE")]
    radii: Option<String>,
    /// Knots in radius, and in height; of a self-consistent field, radial functions [default: by the extent, 25 and 10]
    #[arg(long, value_name = "N", hide_short_help = true)]
    knots: Option<usize>,
    /// Only particles for which this SQL condition holds
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// Numbers of snapshots, such as 512,1024, or all: several are followed in time; the last by default
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    snap: Vec<String>,
    /// Stored frame, whose origin is the centre [default: disc, which is made for a raw snapshot]
    #[arg(long, value_name = "NAME")]
    frame: Option<String>,
    /// Places of particles where the force is compared with direct summation
    #[arg(long, value_name = "N", default_value_t = 128, hide_short_help = true)]
    points: usize,
    /// Softening of that sum for particles without `eps`
    #[arg(long, value_name = "SIZE", default_value = "100pc", hide_short_help = true)]
    softening: String,
    /// Skip the checksums of dataset files
    #[arg(long, hide_short_help = true)]
    trust: bool,
}

/// Terms that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kept {
    /// Degree 0 alone.
    Spherical,
    /// Round about z, and the same above and below.
    Axisymmetric,
    /// Reflection at three planes.
    Triaxial,
    /// All.
    None,
}

/// Most places of comparison: each is a sum over all particles.
const MOST_POINTS: usize = 10_000;

fn size_kpc(flag: &str, text: &str) -> Result<f64> {
    let size = Quantity::parse(text).and_then(|q| q.to(&Unit::parse("kpc")?)).map_err(|e| e.at(format!("{flag} {text}")))?;
    match size > 0.0 && size.is_finite() {
        true => Ok(size),
        false => Err(Error::usage("a size must be above 0").at(format!("{flag} {text}"))),
    }
}

fn request(global: &GlobalOptions, options: &Options) -> Result<FitRequest> {
    let radii = options.radii.as_ref().map(|text| {
        let wrong = || Error::usage("cannot read two sizes").at(format!("--radii {text}")).expected("--radii 0.1kpc,300kpc");
        let (first, last) = text.split_once(',').ok_or_else(wrong)?;
        let radii = [size_kpc("--radii", first)?, size_kpc("--radii", last)?];
        if radii[0] < radii[1] { Ok(radii) } else { Err(wrong()) }
    });
    let all_snaps = options.snap.iter().any(|s| s == "all");
    let snap = |text: &String| {
        text.parse::<u32>().map_err(|_| Error::usage("cannot read a snapshot").at(format!("--snap {text}")).expected("numbers, or all"))
    };
    if !(1..=MOST_POINTS).contains(&options.points) {
        let error = Error::usage("number of places of comparison makes no sense").at(format!("--points {}", options.points));
        return Err(error.expected(format!("1 to {MOST_POINTS}")));
    }
    Ok(FitRequest {
        shown: options.source.display().to_string(),
        kind: options.kind.clone(),
        families: options.families.iter().map(|name| family(name)).collect::<Result<_>>()?,
        wishes: Wishes {
            degree: options.degree,
            order: options.order.unwrap_or(options.degree.min(HIGHEST_ORDER)),
            symmetry: match options.symmetry {
                Kept::Spherical => Symmetry::Spherical,
                Kept::Axisymmetric => Symmetry::Axisymmetric,
                Kept::Triaxial => Symmetry::Triaxial,
                Kept::None => Symmetry::None,
            },
            radii_kpc: radii.transpose()?,
            knots: options.knots,
        },
        radius_kpc: options.radius.as_ref().map(|text| size_kpc("--radius", text)).transpose()?,
        condition: options.filter.clone(),
        snaps: if all_snaps { Vec::new() } else { options.snap.iter().map(snap).collect::<Result<_>>()? },
        all_snaps,
        frame: options.frame.clone(),
        points: options.points,
        softening_kpc: size_kpc("--softening", &options.softening)?,
        threads: global.threads,
    })
}

/// Fits, and writes or saves.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let request = request(global, options)?;
    if global.output.is_none() {
        potentials::check_name(&options.name)?;
        if options.source.exists() && !Dataset::is_dataset(&options.source) {
            return Err(Error::usage("a potential can be saved with a dataset, and this is none")
                .at(format!("`{}`", options.source.display()))
                .hint("name a file: -o galaxy.potential"));
        }
    }
    let session = session::open(global, std::slice::from_ref(&options.source), options.trust, true, OpenOptions::default())?;
    let terminal = progress::Terminal::new(global);
    let fitted = session.fit_potential(&request, &terminal)?;
    let text = fitted.to_toml()?;
    let shown = match &global.output {
        Some(path) => {
            potentials::write_file(path, &text)?;
            path.display().to_string()
        }
        None => {
            potentials::save(&options.source, &options.name, &text, &fitted.record)?;
            format!("{}#{}", options.source.display(), options.name)
        }
    };
    if global.json_errors() {
        let record = serde_json::to_value(&fitted.record).map_err(|e| Error::internal("record of a fit cannot be written").because(e))?;
        return output::line(&serde_json::json!({"potential": shown, "fit": record, "notes": fitted.notes}).to_string())
            .map(|()| Done::Fully);
    }
    for line in fitted.record.lines().iter().chain(&fitted.notes) {
        output::note(global, line);
    }
    output::note(global, &format!("wrote {shown}"));
    Ok(Done::Fully)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size_kpc("--radius", "300 kpc").unwrap(), 300.0);
        assert!((size_kpc("--softening", "100pc").unwrap() - 0.1).abs() < 1e-15);
        for bad in ["3 Msun", "-1kpc", "0kpc", "wide"] {
            assert!(size_kpc("--radius", bad).unwrap_err().to_string().contains(bad), "{bad}");
        }
    }
}
