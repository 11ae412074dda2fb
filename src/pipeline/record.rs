//! Records: how every product was made, for people and for a referee.
//!
//! Layout     `record.json`: pipeline, inputs with digests, seed, every step, citations; `<step>.record.json` beside the products of each
//!            step that left files (one for all files of the step); `timings.json`: seconds, threads, memory, notes
//! Accuracy   record files are the same bytes for the same work, stopped and resumed or not; everything that may differ is in `timings.json`
//! See also   `state`

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::inputs::Found;
use super::product::Folder;
use super::state::State;
use super::work::Work;
use super::{Pipeline, StepOutcome, StepState};
use crate::error::{Error, Result};
use crate::table::manifest::engine;

/// The record of a whole pipeline.
pub const RECORD: &str = "record.json";
/// What differs between two runs of the same work.
pub const TIMINGS: &str = "timings.json";

/// Pretty JSON with a last line feed.
pub fn to_text(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| Error::internal("cannot write a record").because(e))?;
    text.push(b'\n');
    Ok(text)
}

/// Path of the record beside the products of a step.
pub fn beside(step: &str) -> String {
    format!("{step}.record.json")
}

/// Writes the records whose bytes changed.
pub fn write(work: &Work, outcomes: &[StepOutcome]) -> Result<()> {
    let (pipeline, folder) = (work.pipeline, &work.folder);
    let states: Vec<Option<State>> = (0..pipeline.steps.len()).map(|i| work.state(i)).collect();
    let head = json!({
        "name": pipeline.name,
        "description": pipeline.description,
        "file": pipeline.source.path().file_name().map(|n| n.to_string_lossy()),
        "blake3": blake3::hash(pipeline.source.text().as_bytes()).to_hex().to_string(),
    });
    let input = |f: &Found| json!({"name": f.name, "paths": f.written, "digest": f.digest, "bytes": f.bytes});
    let read: Vec<Json> = work.found.values().map(input).collect();
    let unused: Vec<&str> = unused_inputs(pipeline);
    let mut steps = Vec::new();
    let mut citations: Vec<&String> = Vec::new();
    for i in &pipeline.order {
        let (step, state) = (&pipeline.steps[*i], states.get(*i).and_then(Option::as_ref));
        let outcome = outcomes.iter().find(|o| o.name == step.name);
        let mut entry = match (state, outcome.map(|o| o.state)) {
            (Some(state), Some(StepState::Done | StepState::Fresh) | None) => {
                citations.extend(&state.citations);
                let value = serde_json::to_value(state).map_err(|e| Error::internal("cannot write a record").because(e))?;
                json!({"state": "done", "step": value})
            }
            (_, Some(StepState::Failed)) => json!({"state": "failed", "error": outcome.and_then(|o| o.error.as_ref()).map(Error::to_json)}),
            (_, Some(StepState::Skipped)) => json!({"state": "skipped", "reason": outcome.map(|o| &o.reason)}),
            (None, _) => json!({"state": "not run"}),
        };
        if let Json::Object(map) = &mut entry {
            map.insert("name".into(), json!(step.name));
        }
        steps.push(entry);
        if let Some(state) = state.filter(|s| !s.products.is_empty()) {
            let record = json!({"pipeline": head["name"], "file": head["file"], "inputs": read, "step": state});
            write_changed(folder, &beside(&step.name), &to_text(&record)?)?;
        }
    }
    citations.sort();
    citations.dedup();
    let record = json!({
        "format": super::state::FORMAT,
        "engine": engine(),
        "pipeline": head,
        "seed": work.options.seed,
        "inputs": read,
        "unused_inputs": unused,
        "steps": steps,
        "citations": citations,
        "timings": TIMINGS,
    });
    write_changed(folder, RECORD, &to_text(&record)?)
}

/// Inputs that no step reads.
pub fn unused_inputs(pipeline: &Pipeline) -> Vec<&str> {
    let used = pipeline.inputs_used(&(0..pipeline.steps.len()).collect::<Vec<_>>());
    pipeline.inputs.iter().enumerate().filter(|(i, _)| !used.contains(i)).map(|(_, input)| input.name.as_str()).collect()
}

/// Adds the times of this run to those of earlier ones.
pub fn write_timings(
    folder: &Folder,
    outcomes: &[StepOutcome],
    notes: &[String],
    seconds: f64,
    threads: usize,
    memory_bytes: Option<u64>,
) -> Result<()> {
    let path = folder.path().join(TIMINGS);
    let earlier: Json = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let mut steps: BTreeMap<String, Json> = earlier.get("steps").and_then(|s| serde_json::from_value(s.clone()).ok()).unwrap_or_default();
    for outcome in outcomes.iter().filter(|o| matches!(o.state, StepState::Done | StepState::Failed)) {
        steps.insert(outcome.name.clone(), json!({"seconds": outcome.seconds, "reason": outcome.reason}));
    }
    let last = json!({"seconds": seconds, "threads": threads, "memory_bytes": memory_bytes, "notes": notes});
    folder.write(TIMINGS, &to_text(&json!({"last_run": last, "steps": steps}))?).map(drop)
}

fn write_changed(folder: &Folder, path: &str, text: &[u8]) -> Result<()> {
    let known = std::fs::read(Path::new(folder.path()).join(path)).ok();
    if known.as_deref() == Some(text) { Ok(()) } else { folder.write(path, text).map(drop) }
}
