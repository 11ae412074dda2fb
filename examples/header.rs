//! Opens a snapshot, whatever its format, and prints its header.
//!
//! Run        cargo run --release --example header -- spolia-demo/simulation/demo.01024

use spolia::ingest::{OpenOptions, open};

fn main() -> spolia::Result<()> {
    let path = std::env::args_os().nth(1).ok_or_else(|| spolia::Error::usage("name a snapshot"))?;
    let snapshot = open(path.as_ref(), &OpenOptions::default())?;
    let info = snapshot.info();
    let mut lines = vec![format!("format        {}", info.format)];
    if let Some(scale_factor) = info.scale_factor {
        lines.push(format!("redshift      {:.4}", 1.0 / scale_factor - 1.0));
    }
    if let Some(time_gyr) = info.time_gyr {
        lines.push(format!("time          {time_gyr:.4} Gyr"));
    }
    for (family, rows) in &info.rows {
        let columns = snapshot.schema(*family)?.fields().len();
        lines.push(format!("{:<13} {rows} rows of {columns} columns", family.table()));
    }
    spolia::cli::output::line(&lines.join("\n"))
}
