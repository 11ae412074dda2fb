//! The graph of steps: who needs whom, written or implied, and an order that respects it.
//!
//! Layout     an edge from each needed step to the step that needs it; ties are broken by the order in the file
//! Refuses    needs and placeholders that name nothing, cycles (with the whole cycle in the message)
//! Edge cases a step that reads data but names none needs every ingest step; with no ingest step it reads every input
//! See also   `plan`, `steps`

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::plan::{Input, Step};
use super::source::Source;
use super::steps::Reads;
use crate::error::{Error, Result};

/// Steps of a cycle that the message names.
const LONGEST_CYCLE: usize = 20;

/// Fills in the needs and inputs of every step.
pub fn connect(source: &Source, inputs: &[Input], steps: &mut [Step]) -> Result<()> {
    let step_of: BTreeMap<String, usize> = steps.iter().enumerate().map(|(i, s)| (s.name.clone(), i)).collect();
    let input_of: BTreeMap<&str, usize> = inputs.iter().enumerate().map(|(i, input)| (input.name.as_str(), i)).collect();
    let frames: Vec<(usize, String)> =
        steps.iter().enumerate().filter(|(_, s)| s.kind.name() == "frame").map(|(i, s)| (i, s.name.clone())).collect();
    let names: Vec<&str> = step_of.keys().map(String::as_str).collect();
    let all: Vec<&str> = step_of.keys().map(String::as_str).chain(input_of.keys().copied()).collect();
    for (i, step) in steps.iter_mut().enumerate() {
        let mut needs = BTreeSet::new();
        let mut mentioned = BTreeSet::new();
        for (name, span) in &step.written_needs {
            match (step_of.get(name), input_of.get(name.as_str())) {
                (Some(need), _) => drop(needs.insert(*need)),
                (None, Some(input)) => drop(mentioned.insert(*input)),
                (None, None) => return Err(source.unknown(span, "no step", name, &names)),
            }
        }
        for (parameter, value) in step.values.all() {
            for text in value.texts() {
                for name in placeholders(text) {
                    match (step_of.get(name), input_of.get(name)) {
                        (Some(need), _) => drop(needs.insert(*need)),
                        (None, Some(input)) => drop(mentioned.insert(*input)),
                        (None, None) => {
                            let written = format!("{{{name}}}");
                            let span = step.values.span(parameter).unwrap_or(&step.span);
                            return Err(source.unknown(&source.within(span, &written), "no step or input is called", &written, &all));
                        }
                    }
                }
                for (frame, name) in &frames {
                    if *frame != i && uses_frame(parameter, text, name) {
                        needs.insert(*frame);
                    }
                }
            }
        }
        step.needs = needs.into_iter().collect();
        step.inputs = mentioned.into_iter().collect();
    }
    order(source, steps)?;
    imply_data(steps);
    Ok(())
}

/// Whether `text` reads in the frame `name`: `stars@disc`, `frame = "disc"`, or `SET spolia.frame = 'disc'`.
pub fn uses_frame(parameter: &str, text: &str, name: &str) -> bool {
    if parameter == "frame" {
        return text == name;
    }
    let follows = |rest: &str| rest.strip_prefix(name).is_some_and(|r| !r.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
    let lower = text.to_lowercase();
    lower.match_indices('@').any(|(at, _)| follows(lower.get(at + 1..).unwrap_or("")))
        || (lower.contains("spolia.frame") && lower.contains(&format!("'{name}'")))
}

/// Makes the datasets that a step reads its direct needs, so that its identity holds their content.
fn imply_data(steps: &mut [Step]) {
    let ingests: Vec<usize> = (0..steps.len()).filter(|i| steps[*i].kind.reads() == Reads::Files).collect();
    let direct: Vec<Vec<usize>> = steps.iter().map(|s| s.needs.clone()).collect();
    for i in 0..steps.len() {
        if steps[i].kind.reads() != Reads::Data {
            continue;
        }
        let above = ancestors(&direct, i);
        let known: Vec<usize> = ingests.iter().copied().filter(|k| above.contains(k)).collect();
        let names_inputs = above.iter().chain([&i]).any(|k| steps[*k].kind.reads() == Reads::Data && !steps[*k].inputs.is_empty());
        let implied = match (known.is_empty(), names_inputs) {
            (false, _) => known,
            (true, true) => Vec::new(),
            // An ingest that waits for this very step cannot be what it reads.
            (true, false) => ingests.iter().copied().filter(|k| !ancestors(&direct, *k).contains(&i)).collect(),
        };
        let mut needs: BTreeSet<usize> = steps[i].needs.iter().copied().collect();
        needs.extend(implied);
        steps[i].needs = needs.into_iter().collect();
    }
}

/// Every step that `step` needs, directly or not.
pub fn ancestors(needs: &[Vec<usize>], step: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![step];
    while let Some(next) = open.pop() {
        for need in needs.get(next).into_iter().flatten() {
            if found.insert(*need) {
                open.push(*need);
            }
        }
    }
    found
}

/// Steps in the order in which they can run; ties in file order. A `Usage` error names a cycle.
pub fn order(source: &Source, steps: &[Step]) -> Result<Vec<usize>> {
    let mut left: Vec<usize> = steps.iter().map(|s| s.needs.len()).collect();
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (i, step) in steps.iter().enumerate() {
        for need in &step.needs {
            if let Some(list) = users.get_mut(*need) {
                list.push(i);
            }
        }
    }
    let mut ready: BTreeSet<usize> = (0..steps.len()).filter(|i| left[*i] == 0).collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for user in &users[next] {
            left[*user] -= 1;
            if left[*user] == 0 {
                ready.insert(*user);
            }
        }
    }
    if order.len() == steps.len() { Ok(order) } else { Err(cycle(source, steps)) }
}

/// The error for the first cycle.
fn cycle(source: &Source, steps: &[Step]) -> Error {
    let mut graph: DiGraph<usize, ()> = DiGraph::new();
    let nodes: Vec<NodeIndex> = (0..steps.len()).map(|i| graph.add_node(i)).collect();
    for (i, step) in steps.iter().enumerate() {
        for need in &step.needs {
            graph.add_edge(nodes[i], nodes[*need], ());
        }
    }
    let rings = tarjan_scc(&graph).into_iter().map(|ring| ring.into_iter().map(|n| graph[n]).collect::<BTreeSet<usize>>());
    let ring = rings.filter(|ring| ring.iter().any(|i| ring.len() > 1 || steps[*i].needs.contains(i))).min_by_key(|r| r.first().copied());
    let ring = ring.unwrap_or_default();
    // Following the first need that stays in the ring comes back to a step that was seen.
    let mut path: Vec<usize> = ring.first().copied().into_iter().collect();
    while let Some(next) = path.last().and_then(|last| steps[*last].needs.iter().copied().find(|need| ring.contains(need))) {
        if let Some(at) = path.iter().position(|seen| *seen == next) {
            path.drain(..at);
            path.push(next);
            break;
        }
        path.push(next);
    }
    let span: Range<usize> = path.first().map_or(0..0, |i| steps[*i].span.clone());
    let mut names: Vec<&str> = path.iter().map(|i| steps[*i].name.as_str()).collect();
    if names.len() > LONGEST_CYCLE {
        names.splice(LONGEST_CYCLE / 2..names.len() - LONGEST_CYCLE / 2, ["..."]);
    }
    source.error(&span, format!("steps need each other in a circle: {}", names.join(" -> "))).hint("`a -> b` means that a needs b")
}

/// The names in `{name}` placeholders, in order; other uses of braces are left alone.
pub fn placeholders(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        rest = &rest[open + 1..];
        let end = rest.bytes().position(|b| !(b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if after.starts_with('}') && name.starts_with(|c: char| c.is_ascii_lowercase()) {
            found.push(name);
            rest = after;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::plan::parse;
    use super::*;
    use std::path::Path;

    fn sql(name: &str, text: &str, needs: &str) -> String {
        format!("[[step]]\nname = '{name}'\nkind = 'sql'\nsql = \"{text}\"\nneeds = [{needs}]\n")
    }

    fn pipeline(text: &str) -> Result<super::super::Pipeline> {
        parse(Source::new(Path::new("p.toml"), text.to_string()))
    }

    #[test]
    fn placeholders_are_words_in_braces() {
        assert_eq!(placeholders("a {b} {c_1}{d} {E} {1} { b } {a:1} {}"), ["b", "c_1", "d"]);
        assert_eq!(placeholders("{{x}} {"), ["x"]);
    }

    #[test]
    fn order_follows_needs_and_then_the_file() {
        let text = [sql("c", "SELECT * FROM {a}", ""), sql("b", "SELECT 1", ""), sql("a", "SELECT 1", "'b'")].concat();
        let pipeline = pipeline(&text).unwrap();
        let names: Vec<&str> = pipeline.order.iter().map(|i| pipeline.steps[*i].name.as_str()).collect();
        assert_eq!(names, ["b", "a", "c"]);
    }

    #[test]
    fn a_cycle_is_named_whole() {
        let text =
            [sql("d", "SELECT 1", "'a'"), sql("a", "SELECT 1", "'b'"), sql("b", "SELECT 1", "'c'"), sql("c", "SELECT 1", "'a'")].concat();
        let error = pipeline(&text).unwrap_err().to_string();
        assert!(error.contains("circle: a -> b -> c -> a"), "{error}");
        let own = pipeline(&sql("a", "SELECT * FROM {a}", "")).unwrap_err().to_string();
        assert!(own.contains("circle: a -> a"), "{own}");
    }

    #[test]
    fn frames_and_datasets_are_implied() {
        let text = [
            "[inputs]\nsnaps = 'x'\n[[step]]\nname='galaxy'\nkind='ingest'\nfrom='{snaps}'\n[[step]]\nname='disc'\nkind='frame'\n"
                .to_string(),
            sql("a", "SELECT * FROM \\\"stars@disc\\\"", ""),
            sql("b", "SELECT * FROM stars@discs", ""),
            sql("c", "SELECT * FROM {a}", ""),
        ]
        .concat();
        let steps = pipeline(&text).unwrap().steps;
        let needs: Vec<&[usize]> = steps.iter().map(|s| s.needs.as_slice()).collect();
        assert_eq!(needs, [&[][..], &[0], &[0, 1], &[0], &[0, 2]]);
    }
}
