//! `spolia run`: a pipeline, as far as it is stale.
//!
//! Exit codes 5 when some steps failed and others finished
//! See also   `pipeline`

use std::path::PathBuf;

use clap::Args;

use super::exit::{Done, print_error};
use super::options::GlobalOptions;
use super::{output, progress};
use crate::error::Result;
use crate::pipeline::{self, RunOptions, StepState};

/// Options of `run`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  spolia run pipelines/demo.toml\n  spolia run study.toml --dry-run\n  spolia run study.toml --to figures --force frame")]
pub struct Options {
    /// Pipeline
    #[arg(value_name = "PIPELINE.toml")]
    path: PathBuf,
    /// Say what would run and why, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Stop after this step
    #[arg(long, value_name = "STEP")]
    to: Option<String>,
    /// Run this step even if it is fresh
    #[arg(long, value_name = "STEP")]
    force: Vec<String>,
}

/// Runs, or says what would run.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let pipeline = pipeline::load(&options.path)?;
    let request = RunOptions {
        to: options.to.clone(),
        force: options.force.clone(),
        threads: global.threads,
        memory_bytes: Some(global.memory_bytes()?),
        seed: global.seed,
        dry_run: options.dry_run,
    };
    if options.dry_run {
        let plan = pipeline.plan(&request)?;
        if global.json_errors() {
            output::line(&plan.to_json().to_string())?;
        } else {
            for step in &plan.steps {
                output::line(&format!("{:<7} {:<24} {:<8} {}", if step.stale { "run" } else { "fresh" }, step.name, step.kind, step.reason))?;
            }
        }
        return Ok(Done::Fully);
    }
    let terminal = progress::Terminal::new(global);
    let report = pipeline.run(&request, &terminal)?;
    if global.json_errors() {
        output::line(&report.to_json().to_string())?;
    } else {
        for step in &report.steps {
            let state = match step.state {
                StepState::Fresh => "fresh",
                StepState::Done => "done",
                StepState::Failed => "failed",
                StepState::Skipped => "skipped",
            };
            let rows = step.rows.map(|n| format!("{n} rows")).unwrap_or_default();
            output::line(&format!("{state:<8} {:<24} {:<8} {:>8.2} s  {rows}", step.name, step.kind, step.seconds))?;
        }
        output::note(global, &format!("record: {}", report.record.display()));
    }
    for step in &report.steps {
        if let Some(error) = &step.error {
            print_error(&error.clone().because(format!("step `{}` failed", step.name)), global);
        }
    }
    Ok(if report.failed() { Done::Partly } else { Done::Fully })
}
