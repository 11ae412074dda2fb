//! Stopped at random points and resumed, an ingest of many snapshots and a pipeline leave the bytes of uninterrupted ones.
//!
//! Layout     20 runs each, killed before a random call, once to three times in a row, then run to the end; every product is compared
//! Edge cases `created` of manifests is the time of the commit, and with it the digest of the manifest; killed behind its last commit,
//!            an ingest leaves its journal in `tmp` until the next writer; all else is equal
//! See also   `kills`, `pipeline`

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::write_snapshot;
use spolia::numeric::random::Stream;

use super::{Fault, Scene, copy, said};
use crate::ingest_tipsy::small;

/// Runs that are interrupted, of each kind.
const RUNS: u64 = 20;

/// Every file below `folder` that is a product, with what must not differ.
fn products(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let last = entry.file_name().to_string_lossy().into_owned();
        if ["lock", "timings.json", "fingerprints.json", "HEAD", "tmp"].contains(&last.as_str()) {
            continue;
        }
        if entry.path().is_dir() {
            products(&entry.path(), &format!("{name}/"), found);
        } else if prefix.ends_with("versions/") {
            let tree: serde_json::Value = serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap();
            let mut manifest = tree["manifest"].clone();
            manifest["created"] = serde_json::Value::Null;
            manifest["frames"].as_object_mut().into_iter().flatten().for_each(|(_, frame)| frame["created"] = serde_json::Value::Null);
            found.insert(name, manifest.to_string().into_bytes());
        } else {
            found.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Interrupts and resumes `scene`; `out` is the folder whose content must be the same.
fn interrupted_and_resumed(name: &str, scene: &Scene, out: &str) {
    let Some((calls, whole)) = scene.trace() else { return };
    let mut expected = BTreeMap::new();
    products(&whole.path().join(out), "", &mut expected);
    assert!(expected.len() > 3, "{:?}", expected.keys());
    let faults: Vec<String> = (0..RUNS)
        .into_par_iter()
        .filter_map(|run| {
            let folder = scene.copy();
            for round in 0..1 + run % 3 {
                let at = 1 + (Stream::new(17, run, round).uniform() * calls.len() as f64) as usize;
                scene.run(folder.path(), &Fault { call: "any", at, kind: "kill", ..Fault::default() });
            }
            let output = scene.command(folder.path()).output().unwrap();
            if !output.status.success() {
                return Some(format!("run {run}: {}", said(&output)));
            }
            let mut found = BTreeMap::new();
            products(&folder.path().join(out), "", &mut found);
            let differs = |name: &&String| found.get(*name) != expected.get(*name);
            let names: std::collections::BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
            let others: Vec<&&String> = names.iter().filter(|name| differs(name)).collect();
            (!others.is_empty()).then(|| format!("run {run}: {others:?}"))
        })
        .collect();
    println!(
        "{name}: {} of {RUNS} resumed runs have the bytes of an uninterrupted one, {} files each",
        RUNS as usize - faults.len(),
        expected.len()
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_ingest_of_many_snapshots_resumes_to_the_same_bytes() {
    let sources = ["p.00001", "p.00002", "p.00003", "p.00004", "p.00005"];
    let scene = Scene::new(&[&["ingest"], &sources[..], &["-o", "p.spolia"]].concat(), |folder| {
        for (number, name) in sources.iter().enumerate() {
            write_snapshot(&folder.join(name), &small(20 + number, 30, 50 + 7 * number), ByteOrder::Big).unwrap();
        }
    });
    interrupted_and_resumed("ingest of five snapshots", &scene, "p.spolia");
}

#[test]
fn a_pipeline_resumes_to_the_same_bytes() {
    let study = crate::pipeline::Study::new(2000, crate::pipeline::STEPS);
    let scene = Scene::new(&["run", "study.toml"], |folder| copy(study.dir.path(), folder));
    interrupted_and_resumed("pipeline of eight steps", &scene, "study.out");
}

#[test]
fn killed_between_manifest_and_head_an_ingest_makes_no_second_version() {
    let scene = Scene::new(&["ingest", "p.00002", "-o", "p.spolia"], super::two_snapshots);
    let Some(calls) = scene.calls() else { return };
    let folder = scene.copy();
    // The last rename is that of HEAD: version 2 is written, and nobody names it yet.
    scene.run(folder.path(), &Fault { call: "rename", at: calls["rename"], kind: "kill", ..Fault::default() });
    assert_eq!(super::state(&folder.path().join("p.spolia")).unwrap().0, 1);
    let output = scene.command(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(super::state(&folder.path().join("p.spolia")).unwrap().0, 2, "{}", said(&output));
}
