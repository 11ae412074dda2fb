//! Licences: every dependency may be used under one of the licences that `deny.toml` allows.
//!
//! Source     `cargo metadata`; `deny.toml` holds the list, for `cargo deny check licenses` too
//! Edge cases `/` in old manifests means OR; a dependency without a licence fails
//! See also   CONTRIBUTING.md, "Dependencies"

use std::process::Command;

use super::tree::root;

/// The licences of `[licenses] allow` in deny.toml.
fn allowed() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    table["licenses"]["allow"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_string()).collect()
}

/// Whether an SPDX expression can be met with the `allowed` licences.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = either(&words, &mut at, allowed);
    met && at == words.len()
}

fn either(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = both(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= both(words, at, allowed);
    }
    met
}

fn both(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let met = either(words, at, allowed);
        *at += 1;
        return met;
    }
    let mut name = (*word).to_string();
    if words.get(*at) == Some(&"WITH") {
        name = format!("{name} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&name)
}

#[test]
fn expressions_are_read_as_spdx() {
    let allowed = ["MIT".to_string(), "Apache-2.0".to_string(), "Apache-2.0 WITH LLVM-exception".to_string()];
    for met in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-2.0", "(GPL-2.0 OR MIT) AND Apache-2.0", "Apache-2.0 WITH LLVM-exception"] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for not in ["GPL-3.0", "MIT AND GPL-3.0", "", "(MIT", "(GPL-2.0 OR LGPL-2.1) AND MIT", "GPL-2.0 WITH LLVM-exception"] {
        assert!(!is_met(not, &allowed), "{not}");
    }
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    if !out.status.success() {
        // Dependencies of other systems may not have been fetched.
        let host = host();
        let again = Command::new(env!("CARGO"))
            .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", &host])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
        return check(&again.stdout);
    }
    check(&out.stdout);
}

fn host() -> String {
    let out = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().find_map(|l| l.strip_prefix("host: ")).unwrap().to_string()
}

fn check(metadata: &[u8]) {
    let metadata: serde_json::Value = serde_json::from_slice(metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let allowed = allowed();
    let wrong: Vec<String> = packages
        .iter()
        .map(|p| (p["name"].as_str().unwrap(), p["version"].as_str().unwrap(), p["license"].as_str().unwrap_or_default()))
        .filter(|(_, _, licence)| !is_met(licence, &allowed))
        .map(|(name, version, licence)| format!("{name} {version}: `{licence}`"))
        .collect();
    println!("{} packages, {} with another licence", packages.len(), wrong.len());
    assert!(packages.len() > 50);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
