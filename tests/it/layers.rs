//! Layers: a file of `src` uses modules of its own layer or of a lower one, and physics knows no tables, no SQL and no files.
//!
//! Source     the drawing at the top of `src/lib.rs`
//! Edge cases inline paths such as `crate::sql::Session` count as uses; code of unit tests counts too
//! See also   ARCHITECTURE.md

use super::tree::{Source, sources};

/// Modules of each layer, lowest first.
const LAYERS: [&[&str]; 6] = [
    &["error", "progress", "units", "constants", "cosmology", "frames", "numeric", "diff", "device", "citations"],
    &["orbits", "nbody", "chemistry"],
    &["ingest", "table"],
    &["sql"],
    &["pipeline", "plot"],
    &["cli"],
];

/// Names that the crate root re-exports from `error`.
const ROOT_NAMES: [&str; 3] = ["Error", "ErrorKind", "Result"];

/// What a layer may name only from the given layer on.
const FOREIGN: [(&str, usize); 6] = [("arrow", 2), ("parquet", 2), ("hdf5_pure", 2), ("object_store", 2), ("datafusion", 3), ("clap", 5)];

/// What physics (layer 1) may not touch: files, terminals, processes, the clock.
const NOT_IN_PHYSICS: [&str; 5] = ["std::fs", "std::env", "std::process", "std::net", "std::time"];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|names| names.contains(&module))
}

/// Module of the root that a file belongs to: `src/sql/run.rs` is `sql`; none for `lib.rs` and `main.rs`.
fn module(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("src/")?;
    let name = rest.split('/').next()?.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main")).then_some(name)
}

/// Root modules that `code` names after `crate::`, with the line.
fn uses(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (offset, _) in code.match_indices("crate::") {
        // `other_crate::` and `$crate::` are not ours.
        let before = code[..offset].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let line = code[..offset].matches('\n').count() + 1;
        let rest = &code[offset + "crate::".len()..];
        let names = if let Some(group) = rest.strip_prefix('{') { heads_of_group(group) } else { vec![head(rest)] };
        found.extend(names.into_iter().map(|name| (line, name)));
    }
    found
}

fn head(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// First names of the entries of `{a::b, c::{d, e}, f}`, from after the opening brace.
fn heads_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut start) = (0, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.push(head(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.push(head(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    heads.retain(|h| !h.is_empty());
    heads
}

fn names_crate(code: &str, name: &str) -> Option<usize> {
    code.match_indices(&format!("{name}::")).chain(code.match_indices(&format!("use {name};"))).find_map(|(offset, _)| {
        let before = code[..offset].chars().next_back();
        // `crate::x::arrow::` would be a module of ours.
        let own = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
        (!own).then(|| code[..offset].matches('\n').count() + 1)
    })
}

fn faults(source: &Source) -> Vec<String> {
    let Some(own) = module(&source.path) else { return Vec::new() };
    let Some(own_layer) = layer(own) else { return vec![format!("{}: module `{own}` is in no layer", source.path)] };
    let mut faults = Vec::new();
    for (line, name) in uses(&source.code) {
        if ROOT_NAMES.contains(&name.as_str()) {
            continue;
        }
        match layer(&name) {
            Some(used) if used > own_layer => {
                faults.push(format!("{}:{line}: layer {own_layer} (`{own}`) uses layer {used} (`{name}`)", source.path));
            }
            Some(_) => {}
            None => faults.push(format!("{}:{line}: `crate::{name}` is in no layer", source.path)),
        }
    }
    for (name, lowest) in FOREIGN {
        if let Some(line) = names_crate(&source.code, name).filter(|_| own_layer < lowest) {
            faults.push(format!("{}:{line}: layer {own_layer} (`{own}`) uses the crate `{name}`", source.path));
        }
    }
    if own_layer == 1 {
        for name in NOT_IN_PHYSICS {
            if let Some(offset) = source.code.find(name) {
                let line = source.code[..offset].matches('\n').count() + 1;
                faults.push(format!("{}:{line}: physics uses `{name}`", source.path));
            }
        }
    }
    faults
}

#[test]
fn no_file_uses_a_higher_layer() {
    let sources = sources("src");
    let uses: usize = sources.iter().map(|s| uses(&s.code).len()).sum();
    let faults: Vec<String> = sources.iter().flat_map(faults).collect();
    println!("{} files, {uses} uses of own modules, {} upward", sources.len(), faults.len());
    assert!(sources.len() > 100 && uses > 300, "the tree was not read");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_module_of_the_root_is_in_a_layer_and_in_the_drawing() {
    let root = sources("src").into_iter().find(|s| s.path == "src/lib.rs").unwrap();
    let modules: Vec<&str> = root.code.lines().filter_map(|l| l.trim().strip_prefix("pub mod ")).map(|l| l.trim_end_matches(';')).collect();
    assert!(modules.len() > 10);
    for module in modules {
        assert!(layer(module).is_some(), "`{module}` is in no layer");
        let drawn = root.text.lines().filter(|l| l.starts_with("//!")).any(|l| l.split_whitespace().any(|w| w == module));
        assert!(drawn, "`{module}` is missing from the drawing at the top of src/lib.rs");
    }
}

#[test]
fn an_upward_use_is_seen() {
    let source = |path: &str, code: &str| Source { path: path.into(), text: code.into(), code: code.into() };
    let wrong = [
        ("src/orbits/a.rs", "use crate::sql::Session;"),
        ("src/table/a.rs", "use crate::{error::Error, plot::{self, Figure}};"),
        ("src/units/a.rs", "fn f() { crate::ingest::open() }"),
        ("src/nbody/a.rs", "use arrow::array::Float64Array;"),
        ("src/table/a.rs", "use datafusion::prelude::*;"),
        ("src/chemistry/a.rs", "let t = std::fs::read(p);"),
        ("src/novel/a.rs", ""),
    ];
    for (path, code) in wrong {
        assert_eq!(faults(&source(path, code)).len(), 1, "{path}: {code}");
    }
    let right = [
        ("src/cli/a.rs", "use crate::sql::Session; use crate::Result;"),
        ("src/sql/a.rs", "use datafusion::arrow::array::Array; use super::aggregates;"),
        ("src/orbits/a.rs", "use crate::{error::Result, numeric::roots};"),
    ];
    for (path, code) in right {
        assert!(faults(&source(path, code)).is_empty(), "{path}: {code}");
    }
}
