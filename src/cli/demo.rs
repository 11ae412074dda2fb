//! `spolia demo`: simulate a small galaxy merger, then do with it what one does with a real simulation.
//!
//! Layout     DIR/simulation (Tipsy snapshots, starlog), DIR/galaxy.spolia (dataset), DIR/figures (SVG and PNG)
//! Cost       quick: under a minute on two cores
//! See also   `ingest::synth`, queries/

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::exit::Done;
use super::options::GlobalOptions;
use super::{output, plot as plot_command, progress, session};
use crate::error::{Error, Result};
use crate::ingest::OpenOptions;
use crate::ingest::run::{IngestOptions, ingest};
use crate::ingest::synth::{DemoOptions, DemoSize, write_demo};
use crate::plot::{self, FigureOptions};
use crate::progress::Progress;
use crate::sql::Session;

/// The queries of the demo, in order; the same files that `spolia sql -f` runs.
pub const QUERIES: [(&str, &str); 5] = [
    ("family_census", include_str!("../../queries/family_census.sql")),
    ("inner_metal_poor", include_str!("../../queries/inner_metal_poor.sql")),
    ("metallicity_distribution", include_str!("../../queries/metallicity_distribution.sql")),
    ("rotation_by_age", include_str!("../../queries/rotation_by_age.sql")),
    ("born_far_away", include_str!("../../queries/born_far_away.sql")),
];

/// Statement that stores the frame in which the disc is seen face-on: the young stars near the centre define it.
const DISC_FRAME: &str = "CREATE FRAME disc AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM stars";
/// Resolution of the PNG figures.
const FIGURE_DPI: f32 = 200.0;
/// Rows of a query's answer that the demo prints.
const ROWS_SHOWN: usize = 14;

/// Number of particles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Size {
    /// Under a minute.
    Quick,
    /// Ten times the particles.
    Full,
}

/// Options of `demo`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  spolia demo\n  spolia demo -o big-demo --size full --seed 7")]
pub struct Options {
    /// Number of particles
    #[arg(long, value_enum, default_value = "quick")]
    size: Size,
}

/// Runs the demo.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let folder = global.output.clone().unwrap_or_else(|| PathBuf::from("spolia-demo"));
    let shown = folder.display();
    let started = Instant::now();
    let terminal = progress::Terminal::new(global);

    heading(1, "Simulate two galaxies that merge, with stars forming in both")?;
    let size = match options.size {
        Size::Quick => DemoSize::Quick,
        Size::Full => DemoSize::Full,
    };
    let simulation = folder.join("simulation");
    let report = write_demo(&simulation, &DemoOptions { size, seed: global.seed, threads: global.threads }, &terminal)?;
    terminal.finish();
    say(&format!(
        "{} snapshots in {}: {} stars, {} gas, {} dark particles, {} steps, energy kept to {:.1e}",
        report.snapshots.len(),
        simulation.display(),
        report.n_stars,
        report.n_gas,
        report.n_dark,
        report.steps,
        report.energy_drift.abs()
    ))?;
    if let Some(lookback) = report.merger_lookback_gyr {
        say(&format!("the satellite merged {lookback:.1} Gyr ago and brought {} of the stars", report.n_accreted))?;
    }

    heading(2, "Ingest the snapshots into one dataset with units and checksums")?;
    let dataset = folder.join("galaxy.spolia");
    let request = IngestOptions { threads: global.threads, memory_bytes: global.given_memory_bytes()?, ..IngestOptions::default() };
    let ingested = ingest(&report.snapshots, &dataset, &request, &terminal)?;
    terminal.finish();
    say(&format!(
        "{}: {} snapshots, version {}, {:.1} s",
        dataset.display(),
        ingested.snapshots.len(),
        ingested.version,
        ingested.seconds
    ))?;

    heading(3, "Find the centre and turn the disc face-on")?;
    {
        let session = session::open(global, std::slice::from_ref(&dataset), false, true, OpenOptions::default())?;
        say(DISC_FRAME)?;
        session.query(DISC_FRAME)?;
    }

    heading(4, "Ask")?;
    let session = session::open(global, std::slice::from_ref(&dataset), false, true, OpenOptions::default())?;
    for (name, sql) in QUERIES {
        ask(&session, name, sql)?;
    }

    heading(5, "Draw")?;
    let figures = folder.join("figures");
    std::fs::create_dir_all(&figures).map_err(|e| Error::io("create the folder", &figures, &e))?;
    for path in draw(&session, &dataset, &figures)? {
        say(&path.display().to_string())?;
    }

    heading(6, "Go on")?;
    say(&format!("done in {:.0} s. Now try:", started.elapsed().as_secs_f64()))?;
    for line in [
        format!("spolia info {shown}/galaxy.spolia"),
        format!("spolia sql {shown}/galaxy.spolia"),
        format!("spolia sql {shown}/galaxy.spolia -c \"SELECT count(*), sum(mass) FROM stars@disc WHERE r_cyl(x, y) < 8 AND abs(z) < 1\""),
        format!("spolia sql {}/simulation/{} -c \"SELECT max(age) FROM stars\"", shown, last_name(&report.snapshots)),
        format!("spolia plot feh_vphi {shown}/galaxy.spolia --frame disc -o feh_vphi.png"),
        "spolia ingest YOUR_SNAPSHOT -o yours.spolia".to_string(),
    ] {
        say(&format!("  {line}"))?;
    }
    Ok(Done::Fully)
}

fn last_name(paths: &[PathBuf]) -> String {
    paths.last().and_then(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn heading(number: usize, text: &str) -> Result<()> {
    say(&format!("\n{number}. {text}"))
}

fn say(text: &str) -> Result<()> {
    output::line(text)
}

fn ask(session: &Session, name: &str, sql: &str) -> Result<()> {
    // The first comment line of a query file is its question.
    let question = sql.lines().next().unwrap_or_default().trim_start_matches('-').trim();
    let answer = session.query(sql)?;
    say(&format!("\n{question}  (queries/{name}.sql, {:.3} s)", answer.elapsed.as_secs_f64()))?;
    let text = crate::table::text::render(&answer.schema, &answer.batches, ROWS_SHOWN)?;
    output::bytes(text.as_bytes())
}

fn draw(session: &Session, dataset: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let (name, cosmology) = plot_command::provenance(dataset, None)?;
    let disc = |x_range, y_range| FigureOptions {
        frame: Some("disc".into()),
        dataset: name.clone(),
        cosmology: cosmology.clone(),
        x_range,
        y_range,
        ..FigureOptions::default()
    };
    let map = FigureOptions { width_kpc: Some(40.0), ..disc(None, None) };
    let wanted: [(&str, FigureOptions); 6] = [
        ("face_on", map.clone()),
        ("edge_on", map),
        ("sfh", disc(None, None)),
        ("age_feh", disc(None, None)),
        ("feh_vphi", disc(None, None)),
        ("profile", disc(None, None)),
    ];
    let mut written = Vec::new();
    for (kind, options) in wanted {
        let figure = plot::kind(kind)?.draw(&|sql| session.query(sql), &options)?;
        for ending in ["svg", "png"] {
            let path = folder.join(format!("{kind}.{ending}"));
            plot_command::save(&figure, &path, FIGURE_DPI)?;
            written.push(path);
        }
        plot_command::save_data(&figure, &folder.join(format!("{kind}.csv")))?;
    }
    Ok(written)
}
