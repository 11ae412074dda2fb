//! Runs what is stale: in the order of needs, side by side where memory allows, each step committed by itself.
//!
//! Layout     threads and memory are shared out among running steps in proportion; a step that ran out of its share is tried once alone
//! Refuses    a second run in the same folder while one lives; the lock is held by the process and dies with it
//! Edge cases a failed step skips those that need it and no others; a stop or a kill keeps every finished step
//! See also   `work` which judges, `state` which commits, `record`

use std::fs::{File, OpenOptions, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::state::{FORMAT, State, files_digest};
use super::steps::Outcome;
use super::work::{Verdict, Work};
use super::{Pipeline, Plan, PlannedStep, RunOptions, RunReport, StepOutcome, StepState, credit, record};
use crate::error::{Error, ErrorKind, Result};
use crate::progress::Progress;
use crate::table::durable::create_folder;
use crate::table::manifest::engine;

/// How often a running pipeline looks whether it shall stop.
const HEARTBEAT: Duration = Duration::from_millis(50);
/// Stack of a step's thread [bytes].
const STACK_BYTES: usize = 16 << 20;

/// What a run would do.
pub fn plan(pipeline: &Pipeline, options: &RunOptions) -> Result<Plan> {
    let work = Work::new(pipeline, options)?;
    let mut digests: Vec<Option<String>> = vec![None; pipeline.steps.len()];
    let mut steps = Vec::new();
    for index in work.chosen.iter().copied() {
        let verdict = work.judge(index, &|need| digests.get(need).cloned().flatten())?;
        if verdict.stale.is_none() {
            digests[index] = work.state(index).map(|s| s.digest);
        }
        let step = &pipeline.steps[index];
        let (rows, bytes) = work.size(index);
        let stale = verdict.stale.is_some();
        let reason = verdict.stale.unwrap_or_else(|| UP_TO_DATE.to_string());
        steps.push(PlannedStep { name: step.name.clone(), kind: step.kind.name().to_string(), stale, reason, rows, bytes });
    }
    Ok(Plan { steps, out: work.folder.path().to_path_buf() })
}

const UP_TO_DATE: &str = "up to date";

/// Brings the products up to date.
pub fn run(pipeline: &Pipeline, options: &RunOptions, progress: &dyn Progress) -> Result<RunReport> {
    let started = Instant::now();
    if options.dry_run {
        return would_run(pipeline, options);
    }
    let _lock = lock(pipeline, options)?;
    let work = Work::new(pipeline, options)?;
    // Under the lock nobody else writes here: what lies in tmp is from a run that was killed.
    let _ = std::fs::remove_dir_all(work.state_folder().join("tmp"));
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
        n => n,
    };
    let mut stage = Stage::new(&work, threads, progress);
    let stopped = stage.perform();
    let outcomes = stage.outcomes();
    let seconds = started.elapsed().as_secs_f64();
    // Records are written even if the run was stopped: they say what is there.
    work.keep_fingerprints()?;
    record::write(&work, &outcomes)?;
    record::write_timings(&work.folder, &outcomes, &stage.notes, seconds, threads, options.memory_bytes)?;
    stopped?;
    let mut notes = stage.notes;
    notes.extend(record::unused_inputs(pipeline).iter().map(|name| format!("input `{name}` is read by no step")));
    let out = work.folder.path().to_path_buf();
    Ok(RunReport { steps: outcomes, record: out.join(record::RECORD), out, notes, seconds })
}

/// The report of a run that changes nothing: stale steps are `Skipped`, with the reason why they would run.
fn would_run(pipeline: &Pipeline, options: &RunOptions) -> Result<RunReport> {
    let plan = plan(pipeline, options)?;
    let outcome = |step: PlannedStep| StepOutcome {
        name: step.name,
        kind: step.kind,
        state: if step.stale { StepState::Skipped } else { StepState::Fresh },
        seconds: 0.0,
        rows: step.rows,
        products: Vec::new(),
        reason: step.reason,
        error: None,
    };
    let steps = plan.steps.into_iter().map(outcome).collect();
    Ok(RunReport { steps, record: plan.out.join(record::RECORD), out: plan.out, notes: Vec::new(), seconds: 0.0 })
}

/// How long a run waits for the lock of its folder.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// Takes the lock of the folder of products.
fn lock(pipeline: &Pipeline, options: &RunOptions) -> Result<File> {
    let out = super::plan::out_folder(pipeline, options.out.as_deref());
    let folder = out.join(".spolia-run");
    create_folder(&folder)?;
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| Error::io("open the lock of a run", &path, &e))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // A program that this process is just starting holds the lock of a run that has ended, until its first instruction.
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => std::thread::sleep(LOCK_PATIENCE / 50),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::usage("another run works in this folder")
                    .at(format!("`{}`", out.display()))
                    .hint("wait until it ends, or choose another folder with -o"));
            }
            Err(TryLockError::Error(e)) => return Err(Error::io("lock a folder", &path, &e)),
        }
    }
}

/// How far a step is.
#[derive(Debug)]
enum Phase {
    Waiting,
    /// Ran out of its share of memory: to be run alone.
    Again,
    /// Runs on this many threads.
    Running(usize),
    Ended(Ending),
}

#[derive(Debug)]
struct Ending {
    state: StepState,
    seconds: f64,
    reason: String,
    error: Option<Error>,
}

/// What a thread sends back.
type Message = (usize, f64, Result<Outcome>);

struct Stage<'w> {
    work: &'w Work<'w>,
    progress: &'w dyn Progress,
    threads: usize,
    phases: Vec<Phase>,
    verdicts: Vec<Option<Verdict>>,
    /// Steps that had their turn alone already.
    alone: Vec<bool>,
    notes: Vec<String>,
}

impl<'w> Stage<'w> {
    fn new(work: &'w Work<'w>, threads: usize, progress: &'w dyn Progress) -> Stage<'w> {
        let count = work.pipeline.steps.len();
        Stage {
            work,
            progress,
            threads,
            phases: (0..count).map(|_| Phase::Waiting).collect(),
            verdicts: vec![None; count],
            alone: vec![false; count],
            notes: Vec::new(),
        }
    }

    /// Runs everything; an error is a run that was stopped or could not keep what it made.
    fn perform(&mut self) -> Result<()> {
        let (work, progress) = (self.work, self.progress);
        let mut stop: Option<Error> = None;
        self.begin_bar();
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel::<Message>();
            loop {
                if stop.is_none() && progress.cancelled() {
                    stop = Some(Error::new(ErrorKind::Interrupted, "the run was stopped"));
                }
                if stop.is_none()
                    && let Err(error) = self.settle()
                {
                    stop = Some(error);
                }
                while let Some((index, threads)) = if stop.is_none() { self.next() } else { None } {
                    self.phases[index] = Phase::Running(threads);
                    let memory = work.options.memory_bytes.map(|all| share(all, threads, self.threads));
                    let sender = sender.clone();
                    let started = std::thread::Builder::new().stack_size(STACK_BYTES).name("step".into()).spawn_scoped(scope, move || {
                        let begun = Instant::now();
                        let quiet = Quiet(progress);
                        let kind = work.pipeline.steps[index].kind;
                        // Bars of steps that run side by side would overwrite each other.
                        let shown: &dyn Progress = if kind.alone() { progress } else { &quiet };
                        let result = catch_unwind(AssertUnwindSafe(|| kind.run(&work.context(index, threads, memory, shown))));
                        let result = result.unwrap_or_else(|cause| Err(panicked(&cause)));
                        // The receiver lives as long as the scope.
                        let _ = sender.send((index, begun.elapsed().as_secs_f64(), result));
                    });
                    if let Err(cause) = started {
                        self.phases[index] = Phase::Waiting;
                        stop = Some(Error::limit("cannot start a thread").because(cause));
                    }
                }
                if !self.phases.iter().any(|p| matches!(p, Phase::Running(_))) {
                    break;
                }
                match receiver.recv_timeout(HEARTBEAT) {
                    Ok(message) => {
                        if let Err(error) = self.take(message, stop.is_some()) {
                            stop.get_or_insert(error);
                        }
                    }
                    Err(_) if stop.is_some() => {
                        // A query forgets the wish when it begins, so it is repeated at every beat.
                        work.cancellers.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|c| c.cancel());
                    }
                    Err(_) => {}
                }
            }
        });
        progress.finish();
        match stop {
            Some(error) if error.kind() == ErrorKind::Interrupted => {
                let good = |p: &&Phase| matches!(p, Phase::Ended(e) if matches!(e.state, StepState::Done | StepState::Fresh));
                let done = self.phases.iter().filter(good).count();
                Err(error.hint(format!("{done} of {} steps are finished and kept; the same command goes on", work.chosen.len())))
            }
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn begin_bar(&self) {
        self.progress.start(&self.work.pipeline.name, self.work.chosen.len() as u64, "steps");
        self.progress.advance(self.phases.iter().filter(|p| matches!(p, Phase::Ended(_))).count() as u64);
    }

    fn end(&mut self, index: usize, ending: Ending) {
        self.phases[index] = Phase::Ended(ending);
        self.progress.advance(1);
    }

    /// Ends every step that needs no work: the fresh ones, and those behind a failure.
    fn settle(&mut self) -> Result<()> {
        for index in self.work.chosen.iter().copied() {
            if !matches!(self.phases[index], Phase::Waiting) || self.verdicts[index].is_some() {
                continue;
            }
            let needs = &self.work.pipeline.steps[index].needs;
            let broken = needs
                .iter()
                .find(|need| matches!(&self.phases[**need], Phase::Ended(e) if matches!(e.state, StepState::Failed | StepState::Skipped)));
            if let Some(broken) = broken {
                let reason = format!("it needs `{}`, which did not finish", self.work.pipeline.steps[*broken].name);
                self.end(index, Ending { state: StepState::Skipped, seconds: 0.0, reason, error: None });
                continue;
            }
            if !needs.iter().all(|need| matches!(self.phases[*need], Phase::Ended(_))) {
                continue;
            }
            let verdict = self.work.judge(index, &|need| self.work.state(need).map(|s| s.digest))?;
            match verdict.stale {
                None => self.end(index, Ending { state: StepState::Fresh, seconds: 0.0, reason: UP_TO_DATE.into(), error: None }),
                Some(_) => self.verdicts[index] = Some(verdict),
            }
        }
        Ok(())
    }

    /// The next step to start and its threads, if there is room.
    fn next(&self) -> Option<(usize, usize)> {
        let kind_alone = |i: usize| self.work.pipeline.steps[i].kind.alone() || matches!(self.phases[i], Phase::Again);
        let busy: usize = self.phases.iter().map(|p| if let Phase::Running(n) = p { *n } else { 0 }).sum();
        let waits = |i: &usize| self.verdicts[*i].is_some() && matches!(self.phases[*i], Phase::Waiting | Phase::Again);
        let ready: Vec<usize> = self.work.chosen.iter().copied().filter(waits).collect();
        let shared: Vec<usize> = ready.iter().copied().filter(|i| !kind_alone(*i)).collect();
        if busy == 0
            && let Some(first) = ready.first().filter(|i| kind_alone(**i)).or(if shared.is_empty() { ready.first() } else { None })
        {
            return Some((*first, self.threads));
        }
        let free = self.threads.saturating_sub(busy);
        let first = shared.first().filter(|_| free > 0)?;
        Some((*first, (free / shared.len()).max(1)))
    }

    /// Takes what a thread sent: commits the step, or notes its failure.
    fn take(&mut self, (index, seconds, result): Message, stopping: bool) -> Result<()> {
        let step = &self.work.pipeline.steps[index];
        let threads = if let Phase::Running(n) = self.phases[index] { n } else { self.threads };
        let Some(verdict) = self.verdicts[index].clone() else { return Err(Error::internal("a step ran without a verdict")) };
        let reason = verdict.stale.clone().unwrap_or_default();
        if step.kind.alone() {
            self.begin_bar();
        }
        match result {
            Ok(outcome) => {
                self.notes.extend(outcome.notes.iter().map(|note| format!("{}: {note}", step.name)));
                let rows = outcome.rows.map_or_else(String::new, |n| format!("{n} rows, "));
                let state = state_of(self.work, index, &verdict, outcome);
                // A step that cannot be remembered does not run any more: the loop ends when none does.
                self.work.keep_state(index, state).inspect_err(|_| self.phases[index] = Phase::Waiting)?;
                self.progress.note(&format!("{}: {rows}{seconds:.2} s", step.name));
                self.end(index, Ending { state: StepState::Done, seconds, reason, error: None });
            }
            Err(error) if stopping && error.kind() == ErrorKind::Interrupted => self.phases[index] = Phase::Waiting,
            Err(error) if error.kind() == ErrorKind::Limit && threads < self.threads && !self.alone[index] => {
                self.alone[index] = true;
                self.phases[index] = Phase::Again;
                self.notes.push(format!("{}: ran out of its share of memory and ran again alone ({})", step.name, error.what()));
            }
            Err(error) => {
                self.progress.note(&format!("{}: failed: {}", step.name, error.what()));
                self.end(index, Ending { state: StepState::Failed, seconds, reason, error: Some(self.explained(index, error)) });
            }
        }
        Ok(())
    }

    /// An unknown table that is another step's: the need is what is missing.
    fn explained(&self, index: usize, error: Error) -> Error {
        let steps = &self.work.pipeline.steps;
        let step = &steps[index];
        let words = |name: &str| error.what().split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == name);
        let other = steps.iter().enumerate().find(|(i, s)| !step.needs.contains(i) && s.kind.table(s).is_some() && words(&s.name));
        match other {
            Some((_, other)) if error.kind() == ErrorKind::NotFound => {
                error.hint(format!("write {{{}}} for the table of that step, or needs = [\"{}\"]", other.name, other.name))
            }
            _ => error,
        }
    }

    fn outcomes(&self) -> Vec<StepOutcome> {
        let outcome = |index: &usize| {
            let step = &self.work.pipeline.steps[*index];
            let (state, seconds, reason, error) = match &self.phases[*index] {
                Phase::Ended(e) => (e.state, e.seconds, e.reason.clone(), e.error.clone()),
                _ => (StepState::Skipped, 0.0, "the run was stopped before it".to_string(), None),
            };
            let kept = self.work.state(*index).filter(|_| matches!(state, StepState::Done | StepState::Fresh));
            let products = kept.iter().flat_map(|s| &s.products).map(|p| self.work.folder.path().join(&p.path));
            StepOutcome {
                name: step.name.clone(),
                kind: step.kind.name().to_string(),
                state,
                seconds,
                rows: kept.as_ref().and_then(|s| s.rows),
                products: products.collect(),
                reason,
                error,
            }
        };
        self.work.chosen.iter().map(outcome).collect()
    }
}

/// Memory for `threads` of `total` threads.
fn share(bytes: u64, threads: usize, total: usize) -> u64 {
    let part = u128::from(bytes) * threads as u128 / total.max(1) as u128;
    u64::try_from(part).unwrap_or(bytes)
}

/// The state of a step that ran.
fn state_of(work: &Work, index: usize, verdict: &Verdict, outcome: Outcome) -> State {
    let step = &work.pipeline.steps[index];
    let digest_of_files = outcome.digest.is_none();
    let citations = credit::of(step, &outcome);
    State {
        format: FORMAT,
        name: step.name.clone(),
        kind: step.kind.name().to_string(),
        engine: engine(),
        // No step has another device to choose yet.
        device: "cpu".to_string(),
        seed: work.options.seed,
        identity: Work::identity(verdict),
        parts: verdict.parts.clone(),
        parameters: step.values.all().map(|(name, value)| (name.to_string(), value.json())).collect(),
        unused_parameters: outcome.unused,
        sql: outcome.sql,
        rows: outcome.rows,
        digest: outcome.digest.unwrap_or_else(|| files_digest(&outcome.products)),
        digest_of_files,
        products: outcome.products,
        citations,
    }
}

fn panicked(cause: &Box<dyn std::any::Any + Send>) -> Error {
    let text = cause.downcast_ref::<String>().cloned().or_else(|| cause.downcast_ref::<&str>().map(|s| (*s).to_string()));
    Error::internal("a step stopped at a broken promise").because(text.unwrap_or_else(|| "a panic without a message".into()))
}

/// Passes on notes and the wish to stop, and draws no bar.
struct Quiet<'p>(&'p dyn Progress);

impl Progress for Quiet<'_> {
    fn start(&self, _task: &str, _total: u64, _unit: &str) {}
    fn advance(&self, _n: u64) {}
    fn finish(&self) {}
    fn note(&self, text: &str) {
        self.0.note(text);
    }
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}
