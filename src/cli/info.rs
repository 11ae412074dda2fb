//! `spolia info`: what a snapshot or dataset holds.
//!
//! Layout     snapshot: header, families, columns with units; dataset: tables, columns with units, ranges, missing values
//! See also   `ingest::open`, `table::statistics`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::exit::Done;
use super::options::{GlobalOptions, ReadOptions};
use super::output;
use crate::error::{Error, Result};
use crate::ingest::{self, OpenOptions, Snapshot};
use crate::table::dataset::Dataset;
use crate::table::schema::{DESCRIPTION, unit_of};
use crate::table::text::number;

/// Significant digits of header values.
const DIGITS: usize = 8;

/// Options of `info`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  spolia info g8.26e11.01024\n  spolia info galaxy.spolia\n  spolia info --formats")]
pub struct Options {
    /// Snapshot file or folder, or dataset
    #[arg(value_name = "PATH", required_unless_present = "formats")]
    path: Option<PathBuf>,
    /// List the snapshot formats that can be read
    #[arg(long)]
    formats: bool,
    #[command(flatten)]
    halos: ReadOptions,
}

/// Prints the summary.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let Some(path) = &options.path else {
        let lines: Vec<String> = ingest::formats().iter().map(|f| format!("{:<17} {}", f.name(), f.description())).collect();
        output::line(&lines.join("\n"))?;
        return Ok(Done::Fully);
    };
    let summary = if Dataset::is_dataset(path) { dataset(path)? } else { snapshot(path, &options.halos.open())? };
    if global.json_errors() {
        output::line(&format!("{:#}", summary.json))?;
    } else {
        output::line(summary.text.trim_end())?;
    }
    for text in summary.notes {
        output::note(global, &format!("note: {text}"));
    }
    Ok(Done::Fully)
}

struct Summary {
    text: String,
    json: Value,
    notes: Vec<String>,
}

fn snapshot(path: &Path, options: &OpenOptions) -> Result<Summary> {
    let snapshot = ingest::open(path, options)?;
    let info = snapshot.info();
    let mut text = String::new();
    let bytes: u64 = info.files.iter().map(|(_, n)| n).sum();
    let _ = writeln!(text, "{}", path.display());
    let _ = writeln!(
        text,
        "  format      {}, {} in {} file{}",
        info.format,
        size(bytes),
        info.files.len(),
        if info.files.len() == 1 { "" } else { "s" }
    );
    let mut header = Vec::new();
    if let Some(a) = info.scale_factor {
        header.push(("scale factor", number(a, DIGITS)));
        header.push(("redshift", number(1.0 / a - 1.0, DIGITS)));
    }
    if let Some(t) = info.time_gyr {
        header.push(("time", format!("{} Gyr", number(t, DIGITS))));
    }
    if let Some(c) = &info.cosmology {
        header.push(("cosmology", format!("h {}, Omega_m {}, Omega_Lambda {}", c.h, c.omega_m, c.omega_lambda)));
    }
    if let Some(side) = info.box_kpc {
        header.push(("box", format!("{} kpc", number(side, DIGITS))));
    }
    for (name, value) in &header {
        let _ = writeln!(text, "  {name:<11} {value}");
    }
    let mut tables = Vec::new();
    for (family, rows) in &info.rows {
        let _ = writeln!(text, "\n{family}  {rows} rows");
        let columns = columns(snapshot.as_ref(), *family, &mut text)?;
        tables.push(json!({"table": family.table(), "rows": rows, "columns": columns}));
    }
    let json = json!({
        "path": path.display().to_string(), "kind": "snapshot", "format": info.format, "snap": info.snap, "bytes": bytes,
        "scale_factor": info.scale_factor, "time_gyr": info.time_gyr, "cosmology": info.cosmology, "box_kpc": info.box_kpc,
        "tables": tables, "attributes": info.attributes.iter().map(|(k, v)| json!([k, v])).collect::<Vec<_>>(), "notes": info.notes,
    });
    Ok(Summary { text, json, notes: info.notes.clone() })
}

fn columns(snapshot: &dyn Snapshot, family: ingest::Family, text: &mut String) -> Result<Vec<Value>> {
    let schema = snapshot.schema(family)?;
    let mut columns = Vec::new();
    for field in schema.fields() {
        let description = field.metadata().get(DESCRIPTION).map_or("", String::as_str);
        let _ = writeln!(text, "  {:<18} {:<16} {:<8} {description}", field.name(), unit_of(field), field.data_type().to_string());
        columns
            .push(json!({"name": field.name(), "unit": unit_of(field), "type": field.data_type().to_string(), "description": description}));
    }
    Ok(columns)
}

fn dataset(path: &Path) -> Result<Summary> {
    let dataset = Dataset::open(path)?;
    let summary = dataset.summary()?;
    let manifest = dataset.manifest();
    let mut text = String::new();
    let bytes: u64 = summary.tables.iter().map(|t| t.bytes).sum();
    let _ = writeln!(text, "{}  dataset, version {}, {}", path.display(), summary.version, size(bytes));
    for s in &manifest.snapshots {
        let redshift = s.redshift.map(|z| format!("  z {}", number(z, 5))).unwrap_or_default();
        let time = s.time_gyr.map(|t| format!("  {} Gyr", number(t, 5))).unwrap_or_default();
        let _ = writeln!(text, "  snapshot {:05}{redshift}{time}  {}", s.snap, s.format);
    }
    for (name, frame) in &manifest.frames {
        let _ = writeln!(text, "  frame {name}  from snapshot {:05}, quality {}", frame.snap, number(frame.frame.quality, 3));
    }
    let mut tables = Vec::new();
    for table in &summary.tables {
        let last = if table.snaps.len() > 1 {
            format!(" in {} snapshots, {} in the last", table.snaps.len(), table.rows_last)
        } else {
            String::new()
        };
        let _ = writeln!(text, "\n{}  {} rows{last}, {}", table.name, table.rows, size(table.bytes));
        let _ = writeln!(text, "  {:<18} {:<16} {:>14} {:>14}  description", "column", "unit", "min", "max");
        let mut columns = Vec::new();
        for column in &table.columns {
            let shown = |v: &Option<crate::table::manifest::Scalar>| v.map_or_else(String::new, |s| number(s.as_f64(), DIGITS));
            let gaps = match (column.stats.nulls, column.stats.nans) {
                (0, 0) => String::new(),
                (nulls, nans) => format!("  ({nulls} null, {nans} NaN)"),
            };
            let _ = writeln!(
                text,
                "  {:<18} {:<16} {:>14} {:>14}  {}{gaps}",
                column.stats.name,
                column.unit,
                shown(&column.stats.min),
                shown(&column.stats.max),
                column.description
            );
            columns.push(
                json!({"name": column.stats.name, "unit": column.unit, "type": column.data_type, "description": column.description,
                "min": column.stats.min.map(|s| s.as_f64()), "max": column.stats.max.map(|s| s.as_f64()),
                "nulls": column.stats.nulls, "nans": column.stats.nans}),
            );
        }
        tables.push(json!({"table": table.name, "rows": table.rows, "bytes": table.bytes, "snaps": table.snaps, "columns": columns}));
    }
    let json = json!({
        "path": path.display().to_string(), "kind": "dataset", "version": summary.version, "engine": manifest.engine, "created": manifest.created,
        "snapshots": serde_json::to_value(&manifest.snapshots).map_err(|e| Error::internal("cannot write the snapshots as JSON").because(e))?,
        "frames": serde_json::to_value(&manifest.frames).map_err(|e| Error::internal("cannot write the frames as JSON").because(e))?,
        "tables": tables,
    });
    Ok(Summary { text, json, notes: Vec::new() })
}

/// Bytes for people.
pub fn size(bytes: u64) -> String {
    const STEP: f64 = 1000.0;
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < STEP {
            break;
        }
        value /= STEP;
        unit = next;
    }
    format!("{} {unit}", number(value, 3))
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_read_well() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_000_000), "1 MB");
        assert_eq!(size(23_456_789_012), "23.5 GB");
    }
}
