//! One run's view of the disk: inputs, remembered states, and the verdict on each step: fresh or stale, and why.
//!
//! Layout     `.spolia-run/` in the folder of products: lock, steps/, tmp/, fingerprints.json
//! Edge cases a step that only waits for another one cannot be judged before that one is done
//! See also   `run`, `identity`, `state`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::context::{Context, Data};
use super::fingerprint::Fingerprints;
use super::identity::{Parts, difference, identity, own_parts};
use super::inputs::{self, Found, data_bytes};
use super::product::Folder;
use super::state::State;
use super::steps::{Reads, frame_digest};
use super::{Pipeline, RunOptions, graph, plan};
use crate::error::{Error, Result, nearest};
use crate::progress::{Progress, Silent};
use crate::sql::Canceller;
use crate::table::Dataset;

/// Folder of everything that is no product.
const STATE_FOLDER: &str = ".spolia-run";

/// What is known while a pipeline is planned or run.
pub struct Work<'a> {
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// How it runs.
    pub options: &'a RunOptions,
    /// Products.
    pub folder: Folder,
    /// Steps that take part, in order.
    pub chosen: Vec<usize>,
    /// Inputs that they read, by their place in the file.
    pub found: BTreeMap<usize, Found>,
    /// What is remembered of each step.
    states: Mutex<Vec<Option<State>>>,
    fingerprints: Fingerprints,
    /// Sessions of running steps.
    pub cancellers: Mutex<Vec<Canceller>>,
}

/// The verdict on a step.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Why it must run; none if it is up to date.
    pub stale: Option<String>,
    /// What decides its result.
    pub parts: Parts,
}

impl<'a> Work<'a> {
    /// Looks at inputs and states.
    pub fn new(pipeline: &'a Pipeline, options: &'a RunOptions) -> Result<Work<'a>> {
        let out = plan::out_folder(pipeline, options.out.as_deref());
        let state_folder = out.join(STATE_FOLDER);
        let fingerprints = Fingerprints::load(&state_folder.join("fingerprints.json"));
        for name in &options.force {
            step_named(pipeline, name)?;
        }
        let chosen = match &options.to {
            None => pipeline.order.clone(),
            Some(name) => {
                let last = step_named(pipeline, name)?;
                let needs: Vec<Vec<usize>> = pipeline.steps.iter().map(|s| s.needs.clone()).collect();
                let wanted = graph::ancestors(&needs, last);
                pipeline.order.iter().copied().filter(|i| *i == last || wanted.contains(i)).collect()
            }
        };
        for (name, _) in &options.inputs {
            if !pipeline.inputs.iter().any(|i| i.name == *name) {
                let names: Vec<&str> = pipeline.inputs.iter().map(|i| i.name.as_str()).collect();
                return Err(named_nothing("input", name, &names));
            }
        }
        let mut found = BTreeMap::new();
        for i in pipeline.inputs_used(&chosen) {
            let input = &pipeline.inputs[i];
            let given = options.inputs.iter().rev().find(|(name, _)| *name == input.name).map(|(_, path)| path.as_path());
            let input = inputs::find(input, &pipeline.folder, given, &fingerprints)
                .map_err(|e| e.because(format!("input `{}` names it{}", input.name, line_of(pipeline, &input.span))))?;
            found.insert(i, input);
        }
        let steps = state_folder.join("steps");
        let states: Vec<Option<State>> = pipeline.steps.iter().map(|s| State::load(&steps.join(format!("{}.json", s.name)))).collect();
        let folder = Folder::new(&out, &state_folder.join("tmp"));
        Ok(Work { pipeline, options, folder, chosen, found, states: Mutex::new(states), fingerprints, cancellers: Mutex::default() })
    }

    /// Folder of locks, states and unfinished files.
    pub fn state_folder(&self) -> PathBuf {
        self.folder.path().join(STATE_FOLDER)
    }

    /// Keeps the digests of files for the next run.
    pub fn keep_fingerprints(&self) -> Result<()> {
        self.folder.write(&format!("{STATE_FOLDER}/fingerprints.json"), &self.fingerprints.to_json()).map(drop)
    }

    /// What is remembered of a step.
    pub fn state(&self, step: usize) -> Option<State> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).get(step).cloned().flatten()
    }

    /// Keeps the state of a finished step: its commit.
    pub fn keep_state(&self, step: usize, state: State) -> Result<()> {
        self.folder.write(&format!("{STATE_FOLDER}/steps/{}.json", state.name), &state.to_json()?)?;
        let old = self.states.lock().unwrap_or_else(PoisonError::into_inner).get_mut(step).and_then(|slot| slot.replace(state.clone()));
        if let Some(old) = old {
            for product in old.products.iter().filter(|old| !state.products.iter().any(|new| new.path == old.path)) {
                // A file that the step no longer makes would pass for its product.
                let _ = std::fs::remove_file(self.folder.path().join(&product.path));
            }
        }
        Ok(())
    }

    /// Judges a step. `digests` holds what each need left; none for a need that has yet to run.
    pub fn judge(&self, index: usize, digests: &dyn Fn(usize) -> Option<String>) -> Result<Verdict> {
        let step = &self.pipeline.steps[index];
        let mut parts = own_parts(step, self.options.seed);
        for input in self.visible_inputs(index) {
            if let Some(found) = self.found.get(&input) {
                parts.insert(format!("input {}", found.name), found.digest.clone());
            }
        }
        let mut waiting = Vec::new();
        for need in &step.needs {
            let name = &self.pipeline.steps[*need].name;
            match digests(*need) {
                Some(digest) => drop(parts.insert(format!("need {name}"), digest)),
                None => waiting.push(format!("`{name}`")),
            }
        }
        if waiting.is_empty() {
            parts.extend(self.stored_frames(index)?);
        }
        let stale = |reason: String| Ok(Verdict { stale: Some(reason), parts: parts.clone() });
        if self.options.force.contains(&step.name) {
            return stale("forced".into());
        }
        let Some(state) = self.state(index) else { return stale("never run".into()) };
        if let Some(change) = difference(&state.parts, &parts, waiting.is_empty()) {
            // Without its needs nothing can be said of stored frames either.
            if waiting.is_empty() || !change.contains("stored frame") {
                return stale(change);
            }
        }
        if let Some(damage) = state.files_differ(self.folder.path(), &self.fingerprints)? {
            return stale(damage);
        }
        if !waiting.is_empty() {
            return stale(format!("{} runs before it", waiting.join(" and ")));
        }
        if !state.digest_of_files {
            let now = step.kind.digest_now(&self.context(index, 1, None, &Silent))?;
            if now.as_ref() != Some(&state.digest) {
                let what = if now.is_none() { "is missing or damaged" } else { "was changed by something else" };
                return stale(format!("its product {what}"));
            }
        }
        Ok(Verdict { stale: None, parts })
    }

    /// Identity of a verdict.
    pub fn identity(verdict: &Verdict) -> String {
        identity(&verdict.parts)
    }

    /// Inputs that a step reads, itself or through what it needs: by their place in the file, its own first.
    fn visible_inputs(&self, index: usize) -> Vec<usize> {
        self.pipeline.visible_inputs(index)
    }

    /// Digests of stored frames that a step reads in and that no step of the pipeline makes.
    fn stored_frames(&self, index: usize) -> Result<Parts> {
        let step = &self.pipeline.steps[index];
        let mut parts = Parts::new();
        if step.kind.reads() == Reads::Files {
            return Ok(parts);
        }
        for data in self.data(index) {
            for path in data.paths.iter().filter(|p| Dataset::is_dataset(p)) {
                for (name, entry) in &Dataset::open(path)?.manifest().frames {
                    let made = self.pipeline.steps.iter().any(|s| s.kind.name() == "frame" && s.name == *name);
                    let used = step.values.all().any(|(p, v)| v.texts().iter().any(|t| graph::uses_frame(p, t, name)));
                    if used && !made {
                        parts.insert(format!("frame {name}"), frame_digest(entry));
                    }
                }
            }
        }
        Ok(parts)
    }

    /// Datasets and inputs that a step reads, the first one first in SQL.
    fn data(&self, index: usize) -> Vec<Data> {
        let step = &self.pipeline.steps[index];
        let mut data: Vec<Data> = Vec::new();
        let datasets = step.needs.iter().filter_map(|need| {
            let need = &self.pipeline.steps[*need];
            let path = self.folder.path().join(need.kind.dataset(need)?);
            Some(Data { name: need.name.clone(), paths: vec![path] })
        });
        let inputs = self.visible_inputs(index);
        let inputs = inputs.iter().filter_map(|i| self.found.get(i)).map(|f| Data { name: f.name.clone(), paths: f.paths.clone() });
        if step.kind.reads() == Reads::Files {
            data.extend(inputs);
            return data;
        }
        data.extend(datasets);
        data.extend(inputs);
        // What the step names itself comes before what it inherits; the sort keeps the order otherwise.
        let named: BTreeSet<&str> = step.values.all().flat_map(|(_, v)| v.texts()).flat_map(graph::placeholders).collect();
        data.sort_by_key(|d| !named.contains(d.name.as_str()));
        data
    }

    /// What a step sees when it runs.
    pub fn context<'c>(&'c self, index: usize, threads: usize, memory_bytes: Option<u64>, progress: &'c dyn Progress) -> Context<'c> {
        let step = &self.pipeline.steps[index];
        let tables = step.needs.iter().filter_map(|need| {
            let need = &self.pipeline.steps[*need];
            Some((need.name.clone(), self.folder.path().join(need.kind.table(need)?)))
        });
        Context {
            step,
            source: &self.pipeline.source,
            folder: &self.folder,
            data: self.data(index),
            tables: tables.collect(),
            threads,
            memory_bytes,
            seed: self.options.seed,
            progress,
            cancellers: &self.cancellers,
        }
    }

    /// Rows and bytes of a step: of the earlier run, else estimated, else the bytes that it reads.
    pub fn size(&self, index: usize) -> (Option<u64>, Option<u64>) {
        if let Some(state) = self.state(index) {
            return (state.rows, (!state.products.is_empty()).then(|| state.bytes()));
        }
        let context = self.context(index, self.options.threads, self.options.memory_bytes, &Silent);
        let (rows, bytes) = self.pipeline.steps[index].kind.estimate(&context);
        let read = || {
            let open = |path: &Path| Dataset::open(path).ok().map(|d| data_bytes(d.manifest()));
            let sizes: Vec<u64> = context.data.iter().flat_map(|d| &d.paths).filter_map(|p| open(p)).collect();
            (!sizes.is_empty()).then(|| sizes.iter().sum())
        };
        (rows, bytes.or_else(read))
    }
}

fn line_of(pipeline: &Pipeline, span: &std::ops::Range<usize>) -> String {
    let before = pipeline.source.text().get(..span.start).unwrap_or("");
    format!(" in line {} of `{}`", before.matches('\n').count() + 1, pipeline.source.path().display())
}

fn step_named(pipeline: &Pipeline, name: &str) -> Result<usize> {
    let names: Vec<&str> = pipeline.steps.iter().map(|s| s.name.as_str()).collect();
    names.iter().position(|n| *n == name).ok_or_else(|| named_nothing("step", name, &names))
}

fn named_nothing(what: &str, name: &str, known: &[&str]) -> Error {
    let error = Error::usage(format!("the pipeline has no {what} `{name}`"));
    match nearest(name, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("it has {}", if known.is_empty() { "none".to_string() } else { known.join(", ") })),
    }
}
