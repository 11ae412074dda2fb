//! Pipelines: a TOML file of named steps, run in the order of their needs, stopped and resumed at will.
//!
//! Layout     `load` reads and checks the file; [`Pipeline::plan`] says what is stale and why; [`Pipeline::run`] brings it up to date
//! See also   docs/reference/pipelines.md, the command `run`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use self::source::Source;
use self::steps::Reads;
use crate::error::{Error, Result};
use crate::progress::Progress;

mod context;
mod credit;
mod fingerprint;
mod graph;
mod identity;
mod inputs;
mod plan;
mod product;
mod record;
mod rows;
mod run;
mod source;
mod state;
mod steps;
mod values;
mod work;

pub use steps::{StepKind, kinds};
pub use values::{Parameter, Shape};

/// How a pipeline is planned and run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Only this step and what it needs; all steps if none.
    pub to: Option<String>,
    /// Steps to run even if they are fresh.
    pub force: Vec<String>,
    /// Threads; 0 is one per core.
    pub threads: usize,
    /// Memory for all running steps together, bytes; none is unlimited.
    pub memory_bytes: Option<u64>,
    /// Key of all random numbers.
    pub seed: u64,
    /// Change nothing: report what would run.
    pub dry_run: bool,
    /// Paths that replace those of `[inputs]`, by name.
    pub inputs: Vec<(String, PathBuf)>,
    /// Folder of the products; that of the file if none.
    pub out: Option<PathBuf>,
}

/// What a run would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Steps in the order of their needs.
    pub steps: Vec<PlannedStep>,
    /// Folder of the products.
    pub out: PathBuf,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStep {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Whether it would run.
    pub stale: bool,
    /// Why it would run, or why not.
    pub reason: String,
    /// Rows of its product, when known from an earlier run.
    pub rows: Option<u64>,
    /// Bytes that it reads or wrote, when known.
    pub bytes: Option<u64>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Was up to date; nothing was done.
    Fresh,
    /// Ran.
    Done,
    /// Ran and failed; what was there before is kept.
    Failed,
    /// Did not run, as a step that it needs failed.
    Skipped,
}

/// One step of a report.
#[derive(Clone, Debug)]
pub struct StepOutcome {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// How it ended.
    pub state: StepState,
    /// Wall time; 0 for a step that did not run.
    pub seconds: f64,
    /// Rows of its product, when it has any.
    pub rows: Option<u64>,
    /// Files that it left.
    pub products: Vec<PathBuf>,
    /// Why it ran, or why not.
    pub reason: String,
    /// What went wrong.
    pub error: Option<Error>,
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// Steps in the order of their needs.
    pub steps: Vec<StepOutcome>,
    /// `record.json` in the folder of the products.
    pub record: PathBuf,
    /// Folder of the products.
    pub out: PathBuf,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Wall time.
    pub seconds: f64,
}

impl Plan {
    /// As JSON, for `--format json`.
    pub fn to_json(&self) -> serde_json::Value {
        let step = |s: &PlannedStep| serde_json::json!({"name": s.name, "kind": s.kind, "stale": s.stale, "reason": s.reason, "rows": s.rows, "bytes": s.bytes});
        serde_json::json!({"out": self.out.display().to_string(), "steps": self.steps.iter().map(step).collect::<Vec<_>>()})
    }
}

impl StepState {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            StepState::Fresh => "fresh",
            StepState::Done => "done",
            StepState::Failed => "failed",
            StepState::Skipped => "skipped",
        }
    }
}

impl RunReport {
    /// As JSON, for `--format json`.
    pub fn to_json(&self) -> serde_json::Value {
        let step = |s: &StepOutcome| {
            serde_json::json!({
                "name": s.name, "kind": s.kind, "state": s.state.name(), "seconds": s.seconds, "rows": s.rows, "reason": s.reason,
                "products": s.products.iter().map(|p| p.display().to_string()).collect::<Vec<_>>(),
                "error": s.error.as_ref().map(Error::to_json),
            })
        };
        let steps: Vec<_> = self.steps.iter().map(step).collect();
        let record = self.record.display().to_string();
        serde_json::json!({"steps": steps, "record": record, "notes": self.notes, "seconds": self.seconds})
    }

    /// Whether some step failed (exit code 5).
    pub fn failed(&self) -> bool {
        self.steps.iter().any(|s| s.state == StepState::Failed)
    }
}

/// A pipeline read from its file and checked.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Name.
    pub name: String,
    /// One line, may be empty.
    pub description: String,
    source: Source,
    /// Folder that relative inputs start at.
    folder: PathBuf,
    out: PathBuf,
    inputs: Vec<plan::Input>,
    steps: Vec<plan::Step>,
    /// Steps in an order that respects their needs.
    order: Vec<usize>,
}

impl Pipeline {
    /// What a run with `options` would do, and why.
    pub fn plan(&self, options: &RunOptions) -> Result<Plan> {
        run::plan(self, options)
    }

    /// Runs what is stale. A failing step is in the report, not an error; an error is a run that could not begin or was stopped.
    pub fn run(&self, options: &RunOptions, progress: &dyn Progress) -> Result<RunReport> {
        run::run(self, options, progress)
    }

    /// Names and kinds of the steps, in the order in which they can run.
    pub fn steps(&self) -> Vec<(&str, &'static str)> {
        self.order.iter().filter_map(|i| self.steps.get(*i)).map(|s| (s.name.as_str(), s.kind.name())).collect()
    }

    /// Names of the inputs.
    pub fn inputs(&self) -> Vec<&str> {
        self.inputs.iter().map(|i| i.name.as_str()).collect()
    }

    /// Inputs that a step reads, itself or through what it needs; every input if neither names any data.
    fn visible_inputs(&self, index: usize) -> Vec<usize> {
        let Some(step) = self.steps.get(index) else { return Vec::new() };
        if step.kind.reads() == Reads::Files {
            return step.inputs.clone();
        }
        let needs: Vec<Vec<usize>> = self.steps.iter().map(|s| s.needs.clone()).collect();
        let mut above: BTreeSet<usize> = graph::ancestors(&needs, index);
        let has_dataset = above.iter().any(|i| self.steps[*i].kind.reads() == Reads::Files);
        above.retain(|i| self.steps[*i].kind.reads() == Reads::Data);
        let inherited: BTreeSet<usize> = above.iter().flat_map(|i| self.steps[*i].inputs.iter().copied()).collect();
        let all: Vec<usize> = step.inputs.iter().copied().chain(inherited.into_iter().filter(|i| !step.inputs.contains(i))).collect();
        if all.is_empty() && !has_dataset { (0..self.inputs.len()).collect() } else { all }
    }

    /// Inputs that `steps` read.
    fn inputs_used(&self, steps: &[usize]) -> BTreeSet<usize> {
        steps.iter().flat_map(|i| self.visible_inputs(*i)).collect()
    }
}

/// Reads a pipeline; every mistake in the file is a `Usage` error with line and caret.
pub fn load(path: &Path) -> Result<Pipeline> {
    plan::load(path)
}
