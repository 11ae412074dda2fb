//! Options that every subcommand shares, and the parsers of sizes that people write.
//!
//! Layout     flag, environment name `SPOLIA_*`, default; the flag wins over the environment
//! See also   `cli::output`, `cli::progress`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::device::Device;
use crate::error::{Error, Result};
use crate::ingest::{HaloSource, OpenOptions};
use crate::table::export::OutputFormat;

/// When to use colour on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressStyle {
    /// A bar on a terminal, plain lines elsewhere.
    Auto,
    /// A bar.
    Bar,
    /// One line every ten seconds.
    Plain,
    /// One JSON object a line.
    Json,
    /// Nothing.
    None,
}

/// How snapshots and halo catalogues are opened.
#[derive(Args, Clone, Debug)]
pub struct ReadOptions {
    /// Halo catalogue or merger tree to read with a snapshot, instead of those beside
    #[arg(long, value_name = "PATH", conflicts_with = "no_halos", hide_short_help = true)]
    halos: Vec<PathBuf>,
    /// Leave halo catalogues beside the snapshot alone
    #[arg(long, hide_short_help = true)]
    no_halos: bool,
    /// Hubble constant over 100 km/s/Mpc, for halo catalogues that do not name theirs
    #[arg(long, value_name = "H", hide_short_help = true)]
    hubble: Option<f64>,
    /// Scale factor, for halo catalogues that do not name theirs
    #[arg(long, value_name = "A", hide_short_help = true)]
    scale_factor: Option<f64>,
    /// Take what makes no sense as it is and only say so: a file of fewer trees than it says; in an ingest also mass 0, an id twice,
    /// birth in the future
    #[arg(long, hide_short_help = true)]
    keep_doubtful: bool,
}

impl ReadOptions {
    /// How snapshots are opened.
    pub fn open(&self) -> OpenOptions {
        let halos = match (self.no_halos, self.halos.is_empty()) {
            (true, _) => HaloSource::None,
            (false, true) => HaloSource::Beside,
            (false, false) => HaloSource::At(self.halos.clone()),
        };
        OpenOptions {
            halos,
            hubble: self.hubble,
            scale_factor: self.scale_factor,
            keep_doubtful: self.keep_doubtful,
            ..OpenOptions::default()
        }
    }
}

/// Options common to every subcommand.
#[derive(Args, Clone, Debug)]
pub struct GlobalOptions {
    /// Worker threads; 0 takes every core
    #[arg(
        long,
        global = true,
        value_name = "N",
        default_value_t = 0,
        env = "SPOLIA_THREADS",
        help_heading = "Common options",
        hide_short_help = true,
        hide_env_values = true
    )]
    pub threads: usize,
    /// Memory to use, as bytes or a share: 8GB, 512MiB, 50% [default: 60%; for ingest 512MiB]
    #[arg(
        long,
        global = true,
        value_name = "SIZE",
        env = "SPOLIA_MEMORY",
        help_heading = "Common options",
        hide_short_help = true,
        hide_env_values = true
    )]
    pub memory: Option<String>,
    /// Where physics runs: auto, cpu or cuda
    #[arg(
        long,
        global = true,
        value_name = "DEVICE",
        default_value = "auto",
        env = "SPOLIA_DEVICE",
        help_heading = "Common options",
        hide_short_help = true,
        hide_env_values = true
    )]
    pub device: String,
    /// Seed of every random number
    #[arg(
        long,
        global = true,
        value_name = "N",
        default_value_t = 1,
        env = "SPOLIA_SEED",
        help_heading = "Common options",
        hide_short_help = true,
        hide_env_values = true
    )]
    pub seed: u64,
    /// Format of results: table, csv, json, jsonl, arrow, parquet or fits; of particles gadget-hdf5 or tipsy
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Common options", hide_short_help = true)]
    pub format: Option<String>,
    /// Write the result to a file instead of the terminal
    #[arg(short = 'o', long = "output", global = true, value_name = "PATH", help_heading = "Common options", hide_short_help = true)]
    pub output: Option<PathBuf>,
    /// No progress and no notes
    #[arg(short, long, global = true, help_heading = "Common options", hide_short_help = true)]
    pub quiet: bool,
    /// More detail on stderr; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Common options",
        hide_short_help = true)]
    pub verbose: u8,
    /// Colour on the terminal
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN",
        help_heading = "Common options",
        hide_short_help = true
    )]
    pub color: Color,
    /// How progress is shown
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "STYLE",
        help_heading = "Common options",
        hide_short_help = true
    )]
    pub progress: ProgressStyle,
}

/// Share of the physical memory that is used unless the user says otherwise.
const DEFAULT_MEMORY_PERCENT: u64 = 60;

impl GlobalOptions {
    /// Memory limit in bytes.
    pub fn memory_bytes(&self) -> Result<u64> {
        Ok(self.given_memory_bytes()?.unwrap_or(total_memory() / 100 * DEFAULT_MEMORY_PERCENT))
    }

    /// Memory limit in bytes, if the user gave one.
    pub fn given_memory_bytes(&self) -> Result<Option<u64>> {
        self.memory.as_deref().map(|text| parse_memory(text, total_memory())).transpose()
    }

    /// Output format: named, or by the ending of the output file, or `otherwise`.
    pub fn output_format(&self, otherwise: OutputFormat) -> Result<OutputFormat> {
        match (&self.format, &self.output) {
            (Some(name), _) => OutputFormat::from_name(name),
            (None, Some(path)) => OutputFormat::from_path(path),
            (None, None) => Ok(otherwise),
        }
    }

    /// Whether errors go out as JSON objects.
    pub fn json_errors(&self) -> bool {
        matches!(self.format.as_deref(), Some("json" | "jsonl"))
    }

    /// The device that was asked for, checked to be there.
    pub fn device(&self) -> Result<Device> {
        Device::parse(&self.device)?.resolve()
    }

    /// Number of worker threads, at least one.
    pub fn thread_count(&self) -> usize {
        if self.threads > 0 { self.threads } else { std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// Physical memory of this machine in bytes; 8 GiB when it cannot be read.
pub fn total_memory() -> u64 {
    const ASSUMED: u64 = 8 << 30;
    const BYTES_PER_KIB: u64 = 1024;
    std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|l| l.starts_with("MemTotal:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        })
        .map_or(ASSUMED, |kib| kib * BYTES_PER_KIB)
}

/// Bytes meant by `8GB`, `512MiB`, `50%` (of `total`) or a plain number.
pub fn parse_memory(text: &str, total: u64) -> Result<u64> {
    const UNITS: [(&str, f64); 9] = [
        ("TiB", 1_099_511_627_776.0),
        ("GiB", 1_073_741_824.0),
        ("MiB", 1_048_576.0),
        ("KiB", 1024.0),
        ("TB", 1e12),
        ("GB", 1e9),
        ("MB", 1e6),
        ("kB", 1e3),
        ("B", 1.0),
    ];
    const PERCENT: f64 = 0.01;
    let wrong = || {
        Error::usage("cannot read a memory size")
            .expected("a size such as 8GB, 512MiB or 50%")
            .found(format!("`{text}`"))
            .hint("--memory 8GB")
    };
    let trimmed = text.trim();
    let (digits, factor) = if let Some(share) = trimmed.strip_suffix('%') {
        (share, PERCENT * total as f64)
    } else {
        UNITS
            .iter()
            .find_map(|(unit, factor)| {
                let cut = trimmed.len().checked_sub(unit.len())?;
                let (digits, ending) = trimmed.split_at_checked(cut)?;
                ending.eq_ignore_ascii_case(unit).then_some((digits, *factor))
            })
            .unwrap_or((trimmed, 1.0))
    };
    let value: f64 = digits.trim().parse().map_err(|_| wrong())?;
    let bytes = value * factor;
    if !(bytes.is_finite() && bytes >= 1.0) {
        return Err(wrong());
    }
    Ok(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_people_write() {
        assert_eq!(parse_memory("8GB", 0).unwrap(), 8_000_000_000);
        assert_eq!(parse_memory("512 MiB", 0).unwrap(), 512 << 20);
        assert_eq!(parse_memory("50%", 1000).unwrap(), 500);
        assert_eq!(parse_memory("1.5gib", 0).unwrap(), 3 << 29);
        assert_eq!(parse_memory("4096", 0).unwrap(), 4096);
        for wrong in ["", "GB", "-1GB", "many", "nan%", "1e400"] {
            assert_eq!(parse_memory(wrong, 1000).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }
}
