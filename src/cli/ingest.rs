//! `spolia ingest`: snapshots into a dataset.
//!
//! Edge cases a repeated command changes nothing; an interrupted one goes on where it stopped
//! See also   `ingest::run`

use std::path::PathBuf;

use clap::Args;

use super::exit::Done;
use super::options::{GlobalOptions, ReadOptions};
use super::{output, progress};
use crate::error::{Error, Result, nearest};
use crate::ingest::run::{IngestOptions, IngestReport, ingest};
use crate::ingest::selection::{Selection, Sphere};
use crate::ingest::{Family, OpenOptions};
use crate::units::{Quantity, Unit};

/// Options of `ingest`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  spolia ingest g8.26e11.01024 -o galaxy.spolia\n  spolia ingest snapdir_099 -o tng.spolia --families stars,gas\n  spolia ingest run/g8.26e11.0???? -o galaxy.spolia --dry-run"
)]
pub struct Options {
    /// Snapshot files, or folders that hold one snapshot each
    #[arg(value_name = "SNAPSHOT", required = true)]
    sources: Vec<PathBuf>,
    /// Tables to take, such as stars,gas; all by default
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    families: Vec<String>,
    /// Columns to take besides id, x, y, z; all by default
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Only particles of a sphere: x,y,z,radius in kpc, in the coordinates of the file; periodic boxes are unwrapped around it
    #[arg(long, value_name = "X,Y,Z,R", allow_hyphen_values = true)]
    sphere: Option<String>,
    /// Only particles inside the radius of this halo of the catalogue
    #[arg(long, value_name = "ID")]
    halo: Option<u64>,
    /// Only every N-th particle of each table
    #[arg(long, value_name = "N", default_value_t = 1)]
    every: u64,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Length unit of files that do not name theirs [a length, such as 1kpc]
    #[arg(long, value_name = "LENGTH", hide_short_help = true)]
    length_unit: Option<String>,
    /// Mass unit of files that do not name theirs [a mass, such as 1e10Msun]
    #[arg(long, value_name = "MASS", hide_short_help = true)]
    mass_unit: Option<String>,
    /// Velocity unit of files that do not name theirs [a velocity, such as 1km/s]
    #[arg(long, value_name = "VELOCITY", hide_short_help = true)]
    velocity_unit: Option<String>,
    #[command(flatten)]
    halos: ReadOptions,
}

fn quantity(flag: &str, text: Option<&String>, unit: &str) -> Result<Option<f64>> {
    text.map(|t| Quantity::parse(t).and_then(|q| q.to(&Unit::parse(unit)?)).map_err(|e| e.at(format!("--{flag} {t}")))).transpose()
}

fn selection(options: &Options) -> Result<Selection> {
    let sphere = options.sphere.as_deref().map(|text| Sphere::parse(text).map_err(|e| e.at("--sphere"))).transpose()?;
    if options.every == 0 {
        return Err(Error::usage("every 0th row is none").expected("--every 1 or more"));
    }
    Ok(Selection { sphere, halo: options.halo, every: options.every })
}

/// Ingests.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let out = global.output.as_ref().ok_or_else(|| Error::usage("no dataset was named").hint("add -o NAME.spolia"))?;
    let families: Vec<Family> = options
        .families
        .iter()
        .map(|name| {
            Family::from_name(name).ok_or_else(|| {
                let names = Family::ALL.map(Family::table);
                let error = Error::usage(format!("unknown family `{name}`")).expected(names.join(", "));
                match nearest(name, names) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                }
            })
        })
        .collect::<Result<_>>()?;
    let request = IngestOptions {
        families: (!families.is_empty()).then_some(families),
        columns: (!options.columns.is_empty()).then(|| options.columns.clone()),
        threads: global.threads,
        memory_bytes: global.given_memory_bytes()?,
        selection: selection(options)?,
        dry_run: options.dry_run,
        open: OpenOptions {
            length_kpc: quantity("length-unit", options.length_unit.as_ref(), "kpc")?,
            mass_msun: quantity("mass-unit", options.mass_unit.as_ref(), "Msun")?,
            velocity_kms: quantity("velocity-unit", options.velocity_unit.as_ref(), "km/s")?,
            ..options.halos.open()
        },
    };
    let terminal = progress::Terminal::new(global);
    let report = ingest(&options.sources, out, &request, &terminal)?;
    print(global, options, out, &report)?;
    Ok(Done::Fully)
}

fn print(global: &GlobalOptions, options: &Options, out: &std::path::Path, report: &IngestReport) -> Result<()> {
    if global.json_errors() {
        let tables = |s: &crate::ingest::run::SnapshotReport| -> Vec<serde_json::Value> {
            s.tables
                .iter()
                .map(|t| {
                    serde_json::json!({"table": t.table, "rows": t.rows, "file_bytes": t.file_bytes, "reused": t.reused,
                        "columns": t.columns.iter().map(|(n, u, k)| serde_json::json!({"name": n, "unit": u, "type": k})).collect::<Vec<_>>()})
                })
                .collect()
        };
        let snapshots: Vec<_> = report
            .snapshots
            .iter()
            .map(|s| serde_json::json!({"snap": s.snap, "format": s.format, "unchanged": s.unchanged, "source_bytes": s.source_bytes, "tables": tables(s)}))
            .collect();
        return output::line(
            &serde_json::json!({"dataset": out.display().to_string(), "version": report.version, "seconds": report.seconds,
                "dry_run": options.dry_run, "snapshots": snapshots, "notes": report.notes})
            .to_string(),
        );
    }
    for note in &report.notes {
        output::note(global, &format!("note: {note}"));
    }
    let verb = if options.dry_run { "would write" } else { "wrote" };
    for snapshot in &report.snapshots {
        if snapshot.unchanged {
            output::note(global, &format!("snapshot {:05}: already there, nothing to do", snapshot.snap));
            continue;
        }
        let rows: Vec<String> = snapshot.tables.iter().map(|t| format!("{} {}", t.rows, t.table)).collect();
        output::note(global, &format!("snapshot {:05} ({}): {verb} {}", snapshot.snap, snapshot.format, rows.join(", ")));
        if options.dry_run {
            for table in &snapshot.tables {
                for (name, unit, kind) in &table.columns {
                    output::line(&format!("{:05}  {:<12} {:<20} {:<16} {}", snapshot.snap, table.table, name, unit, kind))?;
                }
            }
        }
    }
    if !options.dry_run {
        output::note(
            global,
            &format!("{} is at version {} ({:.1} s); next: spolia info {0}, spolia sql {0}", out.display(), report.version, report.seconds),
        );
    }
    Ok(())
}
