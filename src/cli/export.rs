//! `spolia export`: families of particles as one snapshot file that pynbody, yt, Gadget viewers and Spolia itself read.
//!
//! Layout     the source is whatever `spolia sql` attaches; the format follows --format, else the ending of the file
//! Edge cases one table as CSV, Parquet or FITS is `spolia sql ... -o`, and the message says so
//! See also   `sql::particles`, `ingest::export`, docs/formats.md

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Done;
use super::options::GlobalOptions;
use super::{output, session};
use crate::error::{Error, Result, nearest};
use crate::ingest::export::Written;
use crate::ingest::{Family, OpenOptions};
use crate::sql::{FamiliesRequest, export_summary};
use crate::table::export::OutputFormat;

/// Options of `export`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  spolia export galaxy.spolia galaxy.hdf5\n  spolia export galaxy.spolia cut/galaxy.01024 --where \"radius < 20\" --families stars,gas\n  spolia export g8.26e11.01024 disc.hdf5 --format gadget-hdf5 --where \"z_metal > 0.01\" --families stars"
)]
pub struct Options {
    /// Dataset or snapshot
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// File to write: .hdf5 or .h5 is GADGET HDF5, a number such as .01024 is Tipsy
    #[arg(value_name = "OUT")]
    out: Option<PathBuf>,
    /// Only particles for which this SQL condition holds, such as "radius < 20"
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// Tables to write, such as stars,gas; all by default
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    families: Vec<String>,
    /// Number of the snapshot; the last by default
    #[arg(long, value_name = "N")]
    snap: Option<u32>,
    /// Stored frame to move positions and velocities into
    #[arg(long, value_name = "NAME")]
    frame: Option<String>,
    /// Skip the checksums of dataset files
    #[arg(long)]
    trust: bool,
}

/// The family of particles of that name.
pub fn family(name: &str) -> Result<Family> {
    Family::from_name(name).filter(|f| f.is_particles()).ok_or_else(|| {
        let names: Vec<&str> = Family::ALL.into_iter().filter(|f| f.is_particles()).map(Family::table).collect();
        let error = Error::usage(format!("unknown family `{name}`")).expected(names.join(", "));
        match nearest(name, names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        }
    })
}

fn format_of(global: &GlobalOptions, path: &Path) -> Result<OutputFormat> {
    let format = match &global.format {
        Some(name) => OutputFormat::from_name(name)?,
        None => OutputFormat::from_path(path)
            .map_err(|e| e.expected("a name ending in .hdf5, .h5, .tipsy or the number of a snapshot, such as .01024"))?,
    };
    if format.is_snapshot() {
        return Ok(format);
    }
    Err(Error::usage("export writes snapshots: several families with time, units and box")
        .expected("--format gadget-hdf5 or tipsy, or a name ending in .hdf5 or in a number")
        .found(format!("`{}`", path.display()))
        .hint(format!("one table in another format: spolia sql SOURCE -c \"SELECT * FROM stars\" -o {}", path.display())))
}

/// Exports.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let path = options.out.as_ref().or(global.output.as_ref());
    let path = path.ok_or_else(|| Error::usage("no file was named").hint("spolia export SOURCE galaxy.hdf5"))?;
    let request = FamiliesRequest {
        source: None,
        families: options.families.iter().map(|name| family(name)).collect::<Result<_>>()?,
        filter: options.filter.clone(),
        snap: options.snap,
        frame: options.frame.clone(),
        format: format_of(global, path)?,
        path: path.clone(),
    };
    let session = session::open(global, std::slice::from_ref(&options.source), options.trust, true, OpenOptions::default())?;
    let written = session.write_families(&request)?;
    report(global, &written, path)?;
    Ok(Done::Fully)
}

/// Says what was written, and what the file could not hold.
pub fn report(global: &GlobalOptions, written: &Written, path: &Path) -> Result<()> {
    if global.json_errors() {
        let rows: serde_json::Map<String, serde_json::Value> = written.rows.iter().map(|(f, n)| (f.to_string(), (*n).into())).collect();
        let files: Vec<String> = written.files.iter().map(|f| f.display().to_string()).collect();
        return output::line(&serde_json::json!({"files": files, "rows": rows, "notes": written.notes}).to_string());
    }
    for note in &written.notes {
        output::note(global, &format!("note: {note}"));
    }
    output::note(global, &export_summary(written, path));
    Ok(())
}
