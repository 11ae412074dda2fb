//! `spolia doctor`: what this machine offers, and whether it is enough.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use clap::Args;

use super::exit::Done;
use super::info::size;
use super::options::{GlobalOptions, total_memory};
use super::output;
use crate::device;
use crate::error::{Error, Result};

/// Bytes written to measure the disk.
const PROBE_BYTES: usize = 64 << 20;

/// Options of `doctor`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  spolia doctor\n  spolia doctor --format json")]
pub struct Options {}

/// Prints the report.
pub fn run(global: &GlobalOptions, _options: &Options) -> Result<Done> {
    let mut lines: Vec<(String, String)> = vec![
        ("version".into(), format!("spolia {}", env!("CARGO_PKG_VERSION"))),
        (
            "features".into(),
            [("sql", cfg!(feature = "sql")), ("cuda", cfg!(feature = "cuda"))]
                .iter()
                .filter(|f| f.1)
                .map(|f| f.0)
                .collect::<Vec<_>>()
                .join(", "),
        ),
        ("system".into(), format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        ("cores".into(), std::thread::available_parallelism().map_or(1, usize::from).to_string()),
        ("instructions".into(), instructions()),
        ("memory".into(), size(total_memory())),
        ("memory limit".into(), size(global.memory_bytes()?)),
    ];
    let folder = std::env::current_dir().map_err(|e| Error::io("find the current folder", Path::new("."), &e))?;
    lines.push(("disk here".into(), disk_speed(&folder)));
    lines.extend(device::cuda_report());
    if global.json_errors() {
        let object: serde_json::Map<String, serde_json::Value> = lines.into_iter().map(|(k, v)| (k, v.into())).collect();
        output::line(&serde_json::Value::Object(object).to_string())?;
    } else {
        for (name, value) in &lines {
            output::line(&format!("{name:<14} {value}"))?;
        }
    }
    Ok(Done::Fully)
}

#[cfg(target_arch = "x86_64")]
fn instructions() -> String {
    let found: Vec<&str> = [
        ("sse4.2", std::arch::is_x86_feature_detected!("sse4.2")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ]
    .iter()
    .filter(|f| f.1)
    .map(|f| f.0)
    .collect();
    found.join(", ")
}

#[cfg(not(target_arch = "x86_64"))]
fn instructions() -> String {
    "baseline".into()
}

/// Writes and syncs a file of [`PROBE_BYTES`] and removes it.
fn disk_speed(folder: &Path) -> String {
    let path = folder.join(format!(".spolia-doctor-{}", std::process::id()));
    let started = Instant::now();
    let block = vec![0x5a_u8; PROBE_BYTES];
    let written = std::fs::File::create(&path).and_then(|mut f| f.write_all(&block).and_then(|()| f.sync_all()));
    let seconds = started.elapsed().as_secs_f64();
    let _ = std::fs::remove_file(&path);
    match written {
        Ok(()) => format!("{}/s written and synced", size((PROBE_BYTES as f64 / seconds) as u64)),
        Err(e) => format!("not writable ({e}); choose another folder for datasets"),
    }
}
