//! A power cut after any call: what was not synced may be lost, whole or in part, and the dataset is still old or new.
//!
//! Layout     the calls of a real run are recorded and replayed on a model of a file system that keeps apart what is durable (synced)
//!            and what is pending; after each call several legal states are written out and read
//! Edge cases the harshest legal state drops everything pending; others keep a random part of the new names, and of each file that was
//!            not synced nothing, a part, zeros of its length, or all; a rename or link is there or not, never half
//! Source     the model is that of POSIX: fsync of a file makes its bytes durable, fsync of a folder its names
//! See also   `shim.c` records, src/table/write.rs orders the calls

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use rayon::prelude::*;
use spolia::table::Dataset;

use super::{Scene, said, state, two_snapshots};
use crate::damage::scratch;
use crate::mutate::Dice;

/// Random states after each call, besides everything and the least.
const RANDOM_STATES: u64 = 12;
/// One state of so many is given to the next run of the program.
const RESUMED_OF: usize = 25;

type Id = usize;

/// Something that was done to a file and is not synced.
#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Length(length) => bytes.resize(*length, 0),
            Change::Write(at, new) => {
                bytes.resize(bytes.len().max(at + new.len()), 0);
                bytes[*at..at + new.len()].copy_from_slice(new);
            }
        }
    }
}

/// A name that came or went and is not synced; both halves of a rename have one number.
#[derive(Clone, Debug)]
struct Entry {
    number: usize,
    name: String,
    target: Option<Id>,
}

#[derive(Clone, Debug)]
enum Node {
    File { durable: Vec<u8>, pending: Vec<Change> },
    Folder { durable: BTreeMap<String, Id>, pending: Vec<Entry> },
}

/// The file system: node 0 is the folder of the scene.
struct Model {
    nodes: Vec<Node>,
    inodes: HashMap<String, Id>,
    entries: usize,
}

impl Model {
    /// Everything below `folder`, durable.
    fn of(folder: &Path) -> Model {
        let mut model = Model { nodes: Vec::new(), inodes: HashMap::new(), entries: 0 };
        model.load(folder);
        model
    }

    fn load(&mut self, folder: &Path) -> Id {
        let id = self.nodes.len();
        self.nodes.push(Node::Folder { durable: BTreeMap::new(), pending: vec![] });
        let mut names = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let child = if entry.path().is_dir() {
                self.load(&entry.path())
            } else {
                self.nodes.push(Node::File { durable: std::fs::read(entry.path()).unwrap(), pending: vec![] });
                self.nodes.len() - 1
            };
            names.insert(entry.file_name().to_string_lossy().into_owned(), child);
        }
        self.nodes[id] = Node::Folder { durable: names, pending: vec![] };
        id
    }

    fn new_node(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// What a running program sees under a name of a folder.
    fn look(&self, folder: Id, name: &str) -> Option<Id> {
        let Node::Folder { durable, pending } = &self.nodes[folder] else { return None };
        pending.iter().rev().find(|e| e.name == name).map_or_else(|| durable.get(name).copied(), |e| e.target)
    }

    fn find(&self, path: &str) -> Option<Id> {
        path.split('/').filter(|part| !part.is_empty()).try_fold(0, |folder, part| self.look(folder, part))
    }

    fn entry(&mut self, path: &str, target: Option<Id>, number: usize) {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = self.find(above).unwrap_or_else(|| panic!("no folder for {path}"));
        let Node::Folder { pending, .. } = &mut self.nodes[folder] else { panic!("{above} is a file") };
        pending.push(Entry { number, name: name.into(), target });
    }

    /// Makes the entries with these numbers durable in every folder, and what came before them under the same names.
    fn keep(&mut self, numbers: &BTreeSet<usize>) {
        for node in &mut self.nodes {
            let Node::Folder { durable, pending } = node else { continue };
            let names: BTreeSet<String> = pending.iter().filter(|e| numbers.contains(&e.number)).map(|e| e.name.clone()).collect();
            let mut later = Vec::new();
            for entry in pending.drain(..) {
                if !names.contains(&entry.name) {
                    later.push(entry);
                } else if let Some(target) = entry.target {
                    durable.insert(entry.name, target);
                } else {
                    durable.remove(&entry.name);
                }
            }
            *pending = later;
        }
    }

    /// Does what a line of the trace says; `root` is cut off its paths.
    fn replay(&mut self, line: &[String], root: &str) {
        let path = |at: usize| line[at].strip_prefix(root).map(|rest| rest.trim_start_matches('/').to_string());
        let inside = path(2).unwrap_or_else(|| panic!("{line:?}"));
        self.entries += 1;
        let number = self.entries;
        match line[0].as_str() {
            "mkdir" => {
                let id = self.new_node(Node::Folder { durable: BTreeMap::new(), pending: vec![] });
                self.entry(&inside, Some(id), number);
            }
            "open" => {
                let id = self.find(&inside).unwrap_or_else(|| {
                    let id = self.new_node(Node::File { durable: vec![], pending: vec![] });
                    self.entry(&inside, Some(id), number);
                    id
                });
                self.inodes.insert(line[1].clone(), id);
                if line[3] == "cut" {
                    self.change(id, Change::Length(0));
                }
            }
            "write" => {
                let bytes =
                    line[4].as_bytes().chunks(2).map(|hex| u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap()).collect();
                self.change(self.inodes[&line[1]], Change::Write(line[3].parse().unwrap(), bytes));
            }
            "truncate" => self.change(self.inodes[&line[1]], Change::Length(line[3].parse().unwrap())),
            "fsync" => match self.inodes.get(&line[1]).copied().filter(|id| self.find(&inside) == Some(*id)).or_else(|| self.find(&inside))
            {
                Some(id) => self.sync(id),
                None => panic!("{line:?}"),
            },
            "unlink" => self.entry(&inside, None, number),
            "link" => {
                let id = self.find(&inside);
                self.entry(&path(3).unwrap(), id, number);
            }
            "rename" => {
                let id = self.find(&inside);
                self.entry(&inside, None, number);
                self.entry(&path(3).unwrap(), id, number);
            }
            other => panic!("{other}"),
        }
    }

    fn change(&mut self, id: Id, change: Change) {
        let Node::File { pending, .. } = &mut self.nodes[id] else { panic!("a folder is written") };
        pending.push(change);
    }

    fn sync(&mut self, id: Id) {
        let numbers: BTreeSet<usize> = match &mut self.nodes[id] {
            Node::File { durable, pending } => {
                pending.drain(..).for_each(|change| change.apply(durable));
                return;
            }
            Node::Folder { pending, .. } => pending.iter().map(|e| e.number).collect(),
        };
        self.keep(&numbers);
    }

    /// Writes one legal state after a power cut: 0 keeps everything, 1 nothing pending, others a random part.
    fn cut(&self, choice: u64, prefix: u64, folder: &Path) {
        let mut dice = Dice::new(choice, prefix);
        let mut after = Model { nodes: self.nodes.clone(), inodes: HashMap::new(), entries: 0 };
        let kept: BTreeSet<usize> = (1..=self.entries).filter(|_| choice == 0 || choice > 1 && dice.below(2) == 0).collect();
        after.keep(&kept);
        for node in &mut after.nodes {
            if let Node::File { durable, pending } = node
                && !pending.is_empty()
            {
                let whole = pending.iter().map(|c| if let Change::Write(at, b) = c { at + b.len() } else { 0 }).max().unwrap_or(0);
                match if choice < 2 { choice as usize } else { 1 + dice.below(4) } {
                    0 | 4 => pending.iter().for_each(|change| change.apply(durable)),
                    1 => {}
                    2 => durable.resize(durable.len().max(whole), 0),
                    _ => {
                        pending.iter().for_each(|change| change.apply(durable));
                        durable.truncate(dice.below(durable.len() + 1));
                    }
                }
            }
        }
        after.write(0, folder);
    }

    fn write(&self, id: Id, folder: &Path) {
        let Node::Folder { durable, .. } = &self.nodes[id] else { return };
        for (name, child) in durable {
            match &self.nodes[*child] {
                Node::File { durable, .. } => std::fs::write(folder.join(name), durable).unwrap(),
                Node::Folder { .. } => {
                    std::fs::create_dir(folder.join(name)).unwrap();
                    self.write(*child, &folder.join(name));
                }
            }
        }
    }
}

/// Cuts the power after every call of the scene's command. `old` is what must be there at least; none where there was nothing.
fn cut_everywhere(name: &str, scene: &Scene, root: &str) -> usize {
    let old = state(&scene.path().join(root)).ok();
    let Some((calls, done)) = scene.trace() else { return usize::MAX };
    let new = state(&done.path().join(root)).unwrap();
    let own = done.path().display().to_string();
    let prefixes: Vec<usize> = (0..=calls.len()).collect();
    let results: Vec<Result<bool, String>> = prefixes
        .par_iter()
        .flat_map_iter(|prefix| {
            let mut model = Model::of(scene.path());
            calls[..*prefix].iter().for_each(|line| model.replay(line, &own));
            (0..2 + RANDOM_STATES)
                .map(|choice| one_state(&model, choice, *prefix, scene, root, (old.as_ref(), &new), *prefix == calls.len()))
                .collect::<Vec<_>>()
        })
        .collect();
    let faults: Vec<&String> = results.iter().filter_map(|r| r.as_ref().err()).collect();
    let reached = results.iter().filter(|r| **r == Ok(true)).count();
    println!("{name}: {} states after power cuts at {} places: {reached} new, {} damaged", results.len(), prefixes.len(), faults.len());
    assert!(
        faults.is_empty(),
        "{name}: {} of {}:\n{}",
        faults.len(),
        results.len(),
        faults.iter().take(12).map(|f| f.as_str()).collect::<Vec<_>>().join("\n")
    );
    results.len()
}

type Versioned = (u64, String);

/// One state: old or new and whole; new if the command had ended. Now and then the command is run on it.
fn one_state(
    model: &Model,
    choice: u64,
    prefix: usize,
    scene: &Scene,
    root: &str,
    (old, new): (Option<&Versioned>, &Versioned),
    ended: bool,
) -> Result<bool, String> {
    let folder = scratch();
    model.cut(choice, prefix as u64, folder.path());
    let place = format!("state {choice} after call {prefix}");
    let path = folder.path().join(root);
    let found = match Dataset::open(&path) {
        Err(error) if old.is_none() && error.kind() == spolia::ErrorKind::NotFound => None,
        _ => Some(state(&path).map_err(|e| format!("{place}: {e}"))?),
    };
    let reached = found.as_ref() == Some(new);
    if !reached && found.as_ref() != old {
        return Err(format!("{place}: neither old nor new: {found:?}"));
    }
    if ended && !reached {
        return Err(format!("{place}: the command had ended well, and its version is lost"));
    }
    if (prefix * 31 + choice as usize).is_multiple_of(RESUMED_OF) {
        let output = scene.command(folder.path()).output().unwrap();
        if !output.status.success() {
            return Err(format!("{place}: the next run failed: {}", said(&output)));
        }
        if state(&path).map_err(|e| format!("{place}, next run: {e}"))?.1 != new.1 {
            return Err(format!("{place}: the next run did not finish"));
        }
    }
    Ok(reached)
}

#[test]
fn power_cuts_leave_the_old_version_or_the_new_one() {
    let more = cut_everywhere("second ingest", &Scene::new(&["ingest", "p.00002", "-o", "p.spolia"], two_snapshots), "p.spolia");
    let first = Scene::new(&["ingest", "p.00002", "-o", "new/p.spolia"], two_snapshots);
    let first = cut_everywhere("first ingest", &first, "new/p.spolia");
    let compact = Scene::new(&["compact", "p.spolia"], |folder| {
        two_snapshots(folder);
        std::fs::rename(folder.join("p.00002"), folder.join("p.00001")).unwrap();
        assert!(
            super::program().args(["ingest", "p.00001", "-q", "-o", "p.spolia"]).current_dir(folder).output().unwrap().status.success()
        );
    });
    let compact = cut_everywhere("compact", &compact, "p.spolia");
    assert!(more.saturating_add(first).saturating_add(compact) >= 1000);
}
