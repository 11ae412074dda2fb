//! Pipelines: a TOML file of named steps, run in the order of their needs, stopped and resumed at will.
//!
//! Layout     `load` reads and checks the file; [`Pipeline::plan`] says what is stale and why; [`Pipeline::run`] brings it up to date
//! See also   docs/reference/pipelines.md, the command `run`

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::progress::Progress;

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

impl RunReport {
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
}

impl Pipeline {
    /// What a run with `options` would do, and why.
    pub fn plan(&self, _options: &RunOptions) -> Result<Plan> {
        Err(Error::internal("not laid yet"))
    }

    /// Runs what is stale. A failing step is in the report, not an error; an error is a run that could not begin or was stopped.
    pub fn run(&self, _options: &RunOptions, _progress: &dyn Progress) -> Result<RunReport> {
        Err(Error::internal("not laid yet"))
    }
}

/// Reads a pipeline; every mistake in the file is a `Usage` error with line and caret.
pub fn load(_path: &Path) -> Result<Pipeline> {
    Err(Error::internal("not laid yet"))
}
