//! `spolia plot`: one named figure as SVG or PNG.
//!
//! See also   `plot::kinds`, docs/reference/figures.md

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Done;
use super::options::{GlobalOptions, ReadOptions};
use super::{output, session};
use crate::error::{Error, Result};
use crate::plot::{self, Figure, FigureOptions};
use crate::table::dataset::Dataset;
use crate::table::export::{OutputFormat, write_bytes, write_file};
use crate::units::{Quantity, Unit};

/// Points per inch of the layout.
const POINTS_PER_INCH: f32 = 72.0;

/// Options of `plot`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  spolia plot face_on galaxy.spolia --frame disc --width 40kpc -o face_on.png\n  spolia plot hist2d galaxy.spolia --x feh --y age -o age_feh.svg --data age_feh.csv"
)]
pub struct Options {
    /// Figure
    #[arg(value_name = "KIND", required_unless_present = "list")]
    kind: Option<String>,
    /// Dataset or snapshot
    #[arg(value_name = "PATH", required_unless_present = "list")]
    path: Option<PathBuf>,
    /// List the figures
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    halos: ReadOptions,
    /// Table [default: stars]
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Stored frame
    #[arg(long, value_name = "NAME")]
    frame: Option<String>,
    /// Snapshot number [default: the last]
    #[arg(long, value_name = "N", hide_short_help = true)]
    snap: Option<i32>,
    /// SQL condition on the rows
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// Side of a map [a length, such as 40kpc]
    #[arg(long, value_name = "LENGTH")]
    width: Option<String>,
    /// Bins along each axis
    #[arg(long, value_name = "N", hide_short_help = true)]
    bins: Option<usize>,
    /// Expression on the horizontal axis
    #[arg(long, value_name = "SQL")]
    x: Option<String>,
    /// Expression on the vertical axis
    #[arg(long, value_name = "SQL")]
    y: Option<String>,
    /// Horizontal range, in the unit of the axis
    #[arg(long, value_name = "MIN,MAX", allow_hyphen_values = true, hide_short_help = true)]
    x_range: Option<String>,
    /// Vertical range, in the unit of the axis
    #[arg(long, value_name = "MIN,MAX", allow_hyphen_values = true, hide_short_help = true)]
    y_range: Option<String>,
    /// Range of the colour bar
    #[arg(long, value_name = "MIN,MAX", allow_hyphen_values = true, hide_short_help = true)]
    color_range: Option<String>,
    /// What colours a map: mass, age, feh, v_phi, or an expression
    #[arg(long, value_name = "SQL")]
    color_by: Option<String>,
    /// Quantity of a kind that offers several, such as rotation for profile
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    quantity: Option<String>,
    /// Model of the potential: a preset or a .toml file
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    potential: Option<String>,
    /// Colour map
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    color_map: Option<String>,
    /// Logarithmic colours or counts; --log=false for linear ones [default: as the figure has it]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_short_help = true)]
    log: Option<bool>,
    /// Lines that enclose 68 and 95 per cent of the rows; --contours=false for none [default: as the figure has it]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_short_help = true)]
    contours: Option<bool>,
    /// Title above the figure
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    title: Option<String>,
    /// Resolution of a PNG [dots per inch]
    #[arg(long, value_name = "DPI", default_value_t = 300.0, hide_short_help = true)]
    dpi: f32,
    /// Write the numbers in the picture too: csv, parquet, arrow, json
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

impl Options {
    /// Those of `plot::OPTIONS` that stand on the command line.
    fn given(&self) -> Vec<&'static str> {
        let is_given = |name: &&str| match *name {
            "width" => self.width.is_some(),
            "bins" => self.bins.is_some(),
            "x" => self.x.is_some(),
            "y" => self.y.is_some(),
            "quantity" => self.quantity.is_some(),
            "color" => self.color_by.is_some(),
            "x_range" => self.x_range.is_some(),
            "y_range" => self.y_range.is_some(),
            "color_range" => self.color_range.is_some(),
            "color_map" => self.color_map.is_some(),
            "log" => self.log.is_some(),
            "contours" => self.contours.is_some(),
            "potential" => self.potential.is_some(),
            _ => false,
        };
        plot::OPTIONS.into_iter().filter(is_given).collect()
    }
}

fn range(flag: &str, text: Option<&String>) -> Result<Option<(f64, f64)>> {
    text.map(|t| {
        let wrong = || Error::usage("cannot read a range").at(format!("--{flag} {t}")).expected("two numbers such as -3,1");
        let (low, high) = t.split_once(',').ok_or_else(wrong)?;
        let low: f64 = low.trim().parse().map_err(|_| wrong())?;
        let high: f64 = high.trim().parse().map_err(|_| wrong())?;
        if low.is_finite() && high.is_finite() && low != high { Ok((low, high)) } else { Err(wrong()) }
    })
    .transpose()
}

/// Draws.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let (Some(name), Some(path)) = (&options.kind, &options.path) else {
        for kind in plot::kinds() {
            output::line(&format!("{:<12} {}", kind.name(), kind.description()))?;
        }
        return Ok(Done::Fully);
    };
    let kind = plot::kind(name)?;
    let out = global.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.svg")));
    let ending = out.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    if !matches!(ending.as_str(), "svg" | "png") {
        return Err(Error::usage("a figure is written as SVG or PNG")
            .at(format!("`{}`", out.display()))
            .expected("a name ending in .svg or .png"));
    }
    let dpi_range = 20.0..=2400.0;
    if !dpi_range.contains(&options.dpi) {
        return Err(Error::usage("unusable resolution").expected("20 to 2400 dots per inch").found(options.dpi));
    }
    let width_kpc = options
        .width
        .as_ref()
        .map(|t| Quantity::parse(t).and_then(|q| q.to(&Unit::parse("kpc")?)).map_err(|e| e.at(format!("--width {t}"))))
        .transpose()?;
    let session = session::open(global, std::slice::from_ref(path), false, true, options.halos.open())?;
    let (dataset, cosmology) = provenance(path, options.snap)?;
    let request = FigureOptions {
        table: options.table.clone(),
        frame: options.frame.clone(),
        snap: options.snap,
        filter: options.filter.clone(),
        width_kpc,
        bins: options.bins,
        x: options.x.clone(),
        y: options.y.clone(),
        quantity: options.quantity.clone(),
        color: options.color_by.clone(),
        x_range: range("x-range", options.x_range.as_ref())?,
        y_range: range("y-range", options.y_range.as_ref())?,
        color_range: range("color-range", options.color_range.as_ref())?,
        color_map: options.color_map.clone(),
        log: options.log,
        contours: options.contours,
        potential: options.potential.clone(),
        title: options.title.clone(),
        dataset,
        cosmology,
    };
    let figure = kind.draw(&|sql| session.query(sql), &request)?;
    save(&figure, &out, options.dpi)?;
    output::note(global, &format!("wrote {}", out.display()));
    if let Some(file) = &options.data {
        for written in save_data(&figure, file)? {
            output::note(global, &format!("wrote {}", written.display()));
        }
    }
    for name in options.given().into_iter().filter(|name| !kind.uses().contains(name)) {
        let flag = if name == "color" { "color-by".to_string() } else { name.replace('_', "-") };
        output::note(global, &format!("note: {} does not look at --{flag}", kind.name()));
    }
    for text in figure.notes() {
        output::note(global, &format!("note: {text}"));
    }
    Ok(Done::Fully)
}

/// Name and version for the metadata of a figure, and the cosmology for its redshift axis.
pub fn provenance(path: &Path, snap: Option<i32>) -> Result<(Option<String>, Option<crate::cosmology::Cosmology>)> {
    if !Dataset::is_dataset(path) {
        let info = crate::ingest::open(path, &crate::ingest::OpenOptions::default())?;
        return Ok((path.file_name().map(|n| n.to_string_lossy().into_owned()), info.info().cosmology.clone()));
    }
    let dataset = Dataset::open(path)?;
    let manifest = dataset.manifest();
    let entry = match snap {
        Some(number) => manifest.snapshots.iter().find(|s| i64::from(s.snap) == i64::from(number)),
        None => manifest.snapshots.last(),
    };
    Ok((Some(format!("{} version {}", manifest.name, manifest.version)), entry.and_then(|s| s.cosmology.clone())))
}

/// Writes a figure as its file name asks.
pub fn save(figure: &Figure, path: &Path, dpi: f32) -> Result<()> {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png")) {
        write_bytes(path, &figure.png(dpi / POINTS_PER_INCH)?)
    } else {
        write_bytes(path, figure.svg().as_bytes())
    }
}

/// Writes the numbers of a figure; several tables get their names before the ending.
pub fn save_data(figure: &Figure, path: &Path) -> Result<Vec<PathBuf>> {
    let format = OutputFormat::from_path(path)?;
    let tables = figure.data();
    let mut written = Vec::new();
    for (name, batch) in &tables {
        let target = if tables.len() == 1 {
            path.to_path_buf()
        } else {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let ending = path.extension().unwrap_or_default().to_string_lossy();
            path.with_file_name(format!("{stem}.{name}.{ending}"))
        };
        write_file(&batch.schema(), std::slice::from_ref(batch), format, &target)?;
        written.push(target);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_two_different_numbers() {
        assert_eq!(range("x-range", Some(&"-3, 1".to_string())).unwrap(), Some((-3.0, 1.0)));
        for wrong in ["1", "1,1", "a,b", "nan,1", ""] {
            assert!(range("x-range", Some(&wrong.to_string())).is_err(), "{wrong}");
        }
    }
}
