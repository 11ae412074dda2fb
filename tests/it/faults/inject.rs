//! One system call fails: for every call that a command makes, once with every error that matters.
//!
//! Accuracy   the old state is whole, the message names the call and the path, the next run succeeds; at least 200 failures an ingest
//! Edge cases EINTR and short writes must not be seen at all
//! See also   `shim.c`

use std::path::Path;

use rayon::prelude::*;

use super::{Fault, Scene, said, state, two_snapshots, words};

const ENOSPC: &str = "28";
const EIO: &str = "5";
const EINTR: &str = "4";
const EDQUOT: &str = "122";

/// Calls, errors, and whether the error stays.
const FAULTS: [(&str, &str, bool); 19] = [
    ("write", ENOSPC, true),
    ("write", EIO, false),
    ("write", "short", false),
    ("write", EINTR, false),
    ("fsync", EIO, false),
    ("fsync", EINTR, false),
    ("rename", EIO, false),
    ("link", EIO, false),
    ("open", ENOSPC, true),
    ("open", EINTR, false),
    ("mkdir", ENOSPC, true),
    ("unlink", EIO, false),
    ("write", EDQUOT, true),
    // Space is found missing when delayed writes are made durable.
    ("fsync", ENOSPC, false),
    ("fsync", EIO, true),
    ("rename", ENOSPC, false),
    ("open", EIO, false),
    ("mkdir", EIO, false),
    ("truncate", EIO, false),
];

/// Failures that no user may notice.
fn is_harmless(call: &str, kind: &str) -> bool {
    kind == EINTR || kind == "short" || call == "truncate"
}

/// Fails every call of the scene's command in turn. `check` looks at the folder: whether the old or the new state is there (true for
/// the new one), or what is wrong. Gives the number of failures.
fn fail_all(name: &str, scene: &Scene, check: &(dyn Fn(&Path) -> Result<bool, String> + Sync)) -> Option<usize> {
    let calls = scene.calls()?;
    let cases: Vec<(Fault, usize)> = FAULTS
        .iter()
        .flat_map(|(call, kind, stays)| {
            let count = calls.get(*call).copied().unwrap_or(0);
            (1..=count).map(move |at| (Fault { call, at, kind, stays: *stays, trace: None }, count))
        })
        .collect();
    let faults: Vec<String> =
        cases.par_iter().filter_map(|(fault, _)| fail_one(scene, fault, check).err().map(|e| format!("{fault:?}: {e}"))).collect();
    println!("{name}: {} failures of {calls:?}: {} broke something", cases.len(), faults.len());
    assert!(faults.is_empty(), "{name}: {} of {} failures:\n{}", faults.len(), cases.len(), faults[..faults.len().min(12)].join("\n"));
    Some(cases.len())
}

fn fail_one(scene: &Scene, fault: &Fault, check: &(dyn Fn(&Path) -> Result<bool, String> + Sync)) -> Result<(), String> {
    let folder = scene.copy();
    let output = scene.run(folder.path(), fault).ok_or("no shim")?;
    let text = said(&output);
    let new = check(folder.path()).map_err(|e| format!("afterwards: {e}; it had said: {text}"))?;
    match output.status.code() {
        Some(0) if new => {}
        Some(0) => return Err(format!("it ended well and did nothing: {text}")),
        Some(1 | 4) if is_harmless(fault.call, fault.kind) => return Err(format!("a harmless failure stopped it: {text}")),
        Some(1 | 4) => {
            let named = words(fault.call).iter().any(|word| text.contains(word));
            let placed = text.contains(&folder.path().display().to_string());
            if !named || !placed {
                return Err(format!("the message names {}: {text}", if placed { "no call" } else { "no path" }));
            }
        }
        other => return Err(format!("exit {other:?}: {text}")),
    }
    let again = scene.command(folder.path()).output().map_err(|e| e.to_string())?;
    if !again.status.success() {
        return Err(format!("the next run failed: {}; the first had said: {text}", said(&again)));
    }
    match check(folder.path()) {
        Ok(true) => Ok(()),
        Ok(false) => Err("the next run did nothing".into()),
        Err(error) => Err(format!("after the next run: {error}")),
    }
}

/// A check of the dataset `p.spolia`: old or new rows, whole.
fn dataset_check(scene: &Scene) -> impl Fn(&Path) -> Result<bool, String> + Sync + use<> {
    let old = state(&scene.path().join("p.spolia")).unwrap();
    let done = scene.copy();
    let output = scene.command(done.path()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let new = state(&done.path().join("p.spolia")).unwrap();
    assert_ne!(old, new);
    move |folder: &Path| {
        let found = state(&folder.join("p.spolia"))?;
        match (found == old, found.1 == new.1 && found.0 >= new.0) {
            (true, _) => Ok(false),
            (_, true) => Ok(true),
            _ => Err(format!("neither old {old:?} nor new {new:?}: {found:?}")),
        }
    }
}

#[test]
fn an_ingest_survives_the_failure_of_every_call() {
    let scene = Scene::new(&["ingest", "{}/p.00002", "-o", "{}/p.spolia"], two_snapshots);
    let check = dataset_check(&scene);
    let Some(failures) = fail_all("ingest", &scene, &check) else { return };
    assert!(failures >= 200, "{failures}");
}

#[test]
fn a_compaction_survives_the_failure_of_every_call() {
    let scene = Scene::new(&["compact", "{}/p.spolia"], |folder| {
        two_snapshots(folder);
        std::fs::rename(folder.join("p.00002"), folder.join("p.00001")).unwrap();
        let scene = super::program().args(["ingest", "p.00001", "-q", "-o", "p.spolia"]).current_dir(folder).output().unwrap();
        assert!(scene.status.success());
    });
    let check = dataset_check(&scene);
    fail_all("compact", &scene, &check);
}

/// A check of one file: the old bytes or those that the command writes.
fn file_check(scene: &Scene, name: &'static str) -> impl Fn(&Path) -> Result<bool, String> + Sync + use<> {
    let old = std::fs::read(scene.path().join(name)).unwrap();
    let done = scene.copy();
    let output = scene.command(done.path()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let new = std::fs::read(done.path().join(name)).unwrap();
    assert_ne!(old, new);
    move |folder: &Path| {
        let found = std::fs::read(folder.join(name)).map_err(|e| e.to_string())?;
        let rests: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .filter(|n| n.contains(".tmp"))
            .collect();
        if !rests.is_empty() {
            return Err(format!("left behind: {rests:?}"));
        }
        match (found == old, found == new) {
            (true, _) => Ok(false),
            (_, true) => Ok(true),
            _ => Err(format!("`{name}` is neither the old file nor the new one: {} bytes", found.len())),
        }
    }
}

#[test]
fn exports_and_copies_survive_the_failure_of_every_call() {
    let fill = |name: &'static str| {
        move |folder: &Path| {
            two_snapshots(folder);
            std::fs::write(folder.join(name), "old").unwrap();
        }
    };
    let select = "SELECT id, x, mass FROM stars ORDER BY id";
    for (name, file) in [("out.csv", "{}/out.csv"), ("out.parquet", "{}/out.parquet"), ("out.fits", "{}/out.fits")] {
        let scene = Scene::new(&["sql", "{}/p.spolia", "-c", select, "-o", file], fill(name));
        let check = file_check(&scene, name);
        fail_all(&format!("export to {name}"), &scene, &check);
        let copy = format!("COPY ({select}) TO '{file}'");
        let scene = Scene::new(&["sql", "{}/p.spolia", "-c", &copy], fill(name));
        let check = file_check(&scene, name);
        fail_all(&format!("COPY to {name}"), &scene, &check);
    }
}

#[test]
fn a_pipeline_survives_the_failure_of_every_call() {
    const TEXT: &str = "[inputs]\nrun = 'p.00002'\n[[step]]\nname = 'galaxy'\nkind = 'ingest'\nfrom = '{run}'\n\
        [[step]]\nname = 'n'\nkind = 'sql'\nsql = 'SELECT id, x, mass FROM stars'\n\
        [[step]]\nname = 'csv'\nkind = 'export'\ntable = '{n}'\n";
    let scene = Scene::new(&["run", "{}/study.toml"], |folder| {
        two_snapshots(folder);
        std::fs::write(folder.join("study.toml"), TEXT).unwrap();
    });
    let done = scene.copy();
    let output = scene.command(done.path()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let csv = std::fs::read(done.path().join("study.out/csv.csv")).unwrap();
    let expected = state(&done.path().join("study.out/galaxy.spolia")).unwrap().1;
    let check = move |folder: &Path| {
        let out = folder.join("study.out");
        let dataset = out.join("galaxy.spolia");
        if dataset.join("HEAD").exists() && state(&dataset)?.1 != expected {
            return Err("the dataset has other rows".into());
        }
        match std::fs::read(out.join("csv.csv")) {
            Ok(found) if found == csv => Ok(true),
            Ok(found) => Err(format!("a product of {} bytes is half-written", found.len())),
            Err(_) => Ok(false),
        }
    };
    // A failed step is exit 5, and its message names the step too.
    let Some(calls) = scene.calls() else { return };
    let cases: Vec<Fault> = [
        ("write", EIO),
        ("write", "short"),
        ("fsync", EIO),
        ("rename", EIO),
        ("link", EIO),
        ("open", EIO),
        ("mkdir", EIO),
        ("unlink", EIO),
    ]
    .iter()
    .flat_map(|(call, kind)| (1..=calls.get(*call).copied().unwrap_or(0)).map(move |at| Fault { call, at, kind, ..Fault::default() }))
    .collect();
    let faults: Vec<String> = cases
        .par_iter()
        .filter_map(|fault| {
            let folder = scene.copy();
            let output = scene.run(folder.path(), fault)?;
            let text = said(&output);
            let known = matches!(output.status.code(), Some(0 | 1 | 4 | 5));
            let named = output.status.success() || words(fault.call).iter().any(|w| text.contains(w));
            let before = check(folder.path());
            let again = scene.command(folder.path()).output().unwrap();
            let fine = known && named && before.is_ok() && again.status.success() && check(folder.path()) == Ok(true);
            (!fine).then(|| {
                format!("{fault:?}: exit {:?}, {text}, {before:?}; then {}, {:?}", output.status.code(), said(&again), check(folder.path()))
            })
        })
        .collect();
    println!("pipeline: {} failures of {calls:?}: {} broke something", cases.len(), faults.len());
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults[..faults.len().min(8)].join("\n"));
}

#[test]
fn a_step_that_cannot_be_remembered_ends_the_run() {
    let study = crate::pipeline::Study::new(200, crate::pipeline::STEPS);
    // A folder in the place of the state of a step: the run used to wait for that step for ever.
    std::fs::create_dir_all(study.out(".spolia-run/steps/rings.json")).unwrap();
    let scene = Scene::new(&["run", "study.toml"], |folder| super::copy(study.dir.path(), folder));
    let output = super::finished(scene.command(scene.path()));
    assert!(!output.status.success() && said(&output).contains("rings.json"), "{}", said(&output));
    std::fs::remove_dir(scene.path().join("study.out/.spolia-run/steps/rings.json")).unwrap();
    assert!(super::finished(scene.command(scene.path())).status.success());
}
