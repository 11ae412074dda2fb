//! `spolia run`: a pipeline, as far as it is stale.
//!
//! Exit codes 5 when some steps failed and others finished
//! See also   `pipeline`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::exit::{Done, print_error};
use super::options::GlobalOptions;
use super::{output, progress};
use crate::error::{Error, Result};
use crate::pipeline::{self, RunOptions, StepState};

/// Options of `run`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  spolia run pipelines/demo.toml\n  spolia run study.toml --dry-run\n  spolia run study.toml --to figures --force frame"
)]
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
    /// Replace a path of [inputs], such as --input run=snapshots/
    #[arg(long, value_name = "NAME=PATH")]
    input: Vec<String>,
    /// Run this step even if it is fresh
    #[arg(long, value_name = "STEP")]
    force: Vec<String>,
}

/// Runs, or says what would run.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let pipeline = pipeline::load(&options.path)?;
    let inputs = options
        .input
        .iter()
        .map(|text| match text.split_once('=') {
            Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok((name.to_string(), PathBuf::from(path))),
            _ => Err(Error::usage("cannot read an input").at(format!("--input {text}")).expected("NAME=PATH")),
        })
        .collect::<Result<_>>()?;
    let request = RunOptions {
        inputs,
        out: global.output.clone(),
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
            let steps: Vec<_> = plan
                .steps
                .iter()
                .map(|s| json!({"step": s.name, "kind": s.kind, "stale": s.stale, "reason": s.reason, "rows": s.rows, "bytes": s.bytes}))
                .collect();
            output::line(&json!({"out": plan.out.display().to_string(), "steps": steps}).to_string())?;
        } else {
            for step in &plan.steps {
                output::line(&format!(
                    "{:<7} {:<24} {:<8} {}",
                    if step.stale { "run" } else { "fresh" },
                    step.name,
                    step.kind,
                    step.reason
                ))?;
            }
        }
        return Ok(Done::Fully);
    }
    let terminal = progress::Terminal::new(global);
    let report = pipeline.run(&request, &terminal)?;
    if global.json_errors() {
        let steps: Vec<_> = report
            .steps
            .iter()
            .map(|s| {
                json!({"step": s.name, "kind": s.kind, "state": word(s.state), "seconds": s.seconds, "rows": s.rows, "reason": s.reason,
                    "products": s.products.iter().map(|p| p.display().to_string()).collect::<Vec<_>>(),
                    "error": s.error.as_ref().map(Error::to_json)})
            })
            .collect();
        output::line(
            &json!({"record": report.record.display().to_string(), "seconds": report.seconds, "steps": steps, "notes": report.notes})
                .to_string(),
        )?;
    } else {
        for step in &report.steps {
            let state = word(step.state);
            let rows = step.rows.map(|n| format!("{n} rows")).unwrap_or_default();
            output::line(&format!("{state:<8} {:<24} {:<8} {:>8.2} s  {rows}", step.name, step.kind, step.seconds))?;
        }
        output::note(global, &format!("record: {}", report.record.display()));
    }
    for text in &report.notes {
        output::note(global, &format!("note: {text}"));
    }
    for step in &report.steps {
        if let Some(error) = &step.error {
            print_error(&error.clone().because(format!("step `{}` failed", step.name)), global);
        }
    }
    Ok(if report.failed() { Done::Partly } else { Done::Fully })
}

fn word(state: StepState) -> &'static str {
    match state {
        StepState::Fresh => "fresh",
        StepState::Done => "done",
        StepState::Failed => "failed",
        StepState::Skipped => "skipped",
    }
}
