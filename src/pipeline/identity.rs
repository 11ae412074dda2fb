//! The identity of a step: everything that decides its result, part by part, so that a change can be named.
//!
//! Layout     parts: `code`, `parameter NAME`, `input NAME`, `need NAME`, `frame NAME`, `seed`; identity: BLAKE3 over all of them
//! Edge cases a need counts by what it left, not by when it ran: work that gives the same again wakes nobody; threads and memory do not
//!            count, as results do not depend on them
//! See also   `state` which keeps parts, `run` which compares them

use std::collections::BTreeMap;

use super::plan::Step;
use super::steps::Reads;

/// The parts of an identity by name.
pub type Parts = BTreeMap<String, String>;

/// Longest value that a reason shows [characters].
const SHOWN: usize = 48;

/// Parts that the file alone decides.
pub fn own_parts(step: &Step, seed: u64) -> Parts {
    let mut parts = Parts::new();
    parts.insert("code".into(), format!("{} {}", step.kind.name(), step.kind.code_version()));
    for (name, value) in step.values.all() {
        parts.insert(format!("parameter {name}"), value.json().to_string());
    }
    // Snapshots are read as they are: no random number takes part.
    if step.kind.reads() == Reads::Data {
        parts.insert("seed".into(), seed.to_string());
    }
    parts
}

/// Hash of all parts.
pub fn identity(parts: &Parts) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, value) in parts {
        for text in [name, value] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// What changed from `old` to `new`, in words; none if nothing did. Needs are left out unless `with_needs`.
pub fn difference(old: &Parts, new: &Parts, with_needs: bool) -> Option<String> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let changes: Vec<String> = names
        .into_iter()
        .filter(|name| with_needs || !name.starts_with("need "))
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| phrase(name, old.get(name), new.get(name)))
        .collect();
    if changes.is_empty() { None } else { Some(changes.join(", ")) }
}

fn phrase(name: &str, old: Option<&String>, new: Option<&String>) -> String {
    let (what, which) = name.split_once(' ').unwrap_or((name, ""));
    match what {
        "code" => "this version of the program computes it anew".into(),
        "parameter" if which == "sql" => "its SQL changed".into(),
        "parameter" => match (old, new) {
            (Some(old), Some(new)) if old.chars().count() <= SHOWN && new.chars().count() <= SHOWN => {
                format!("parameter `{which}` changed from {old} to {new}")
            }
            (Some(_), Some(_)) => format!("parameter `{which}` changed"),
            (None, _) => format!("parameter `{which}` is new"),
            (_, None) => format!("parameter `{which}` is gone"),
        },
        "input" if old.is_none() => format!("input `{which}` is new"),
        "input" if new.is_none() => format!("input `{which}` is no longer read"),
        "input" => format!("input `{which}` changed"),
        "need" if old.is_none() => format!("it needs `{which}` now"),
        "need" if new.is_none() => format!("it no longer needs `{which}`"),
        "need" => format!("`{which}` gave another result"),
        "frame" => format!("the stored frame `{which}` changed"),
        "seed" => match (old, new) {
            (Some(old), Some(new)) => format!("the seed changed from {old} to {new}"),
            _ => "the seed changed".into(),
        },
        _ => format!("{name} changed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(list: &[(&str, &str)]) -> Parts {
        list.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
    }

    #[test]
    fn changes_are_named() {
        let old = parts(&[("parameter bins", "5"), ("parameter sql", "\"a\""), ("need a", "x"), ("seed", "0")]);
        assert_eq!(difference(&old, &old, true), None);
        let new = parts(&[("parameter bins", "6"), ("parameter sql", "\"b\""), ("need a", "y"), ("seed", "0"), ("input i", "d")]);
        let text = difference(&old, &new, true).unwrap();
        assert_eq!(text, "input `i` is new, `a` gave another result, parameter `bins` changed from 5 to 6, its SQL changed");
        assert!(!difference(&old, &new, false).unwrap().contains("result"));
        assert_ne!(identity(&old), identity(&new));
    }

    #[test]
    fn identities_do_not_mix_names_and_values() {
        assert_ne!(identity(&parts(&[("a", "bc")])), identity(&parts(&[("ab", "c")])));
    }
}
