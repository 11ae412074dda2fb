//! The star formation log belongs to a run, not to a snapshot: the table `births` is kept once, with the newest snapshot that has it.
//!
//! Layout     one file of `births`, under the number of that snapshot; an older snapshot's file goes when a newer one brings the log
//! Edge cases snapshots may come one at a time and in any order: an older one leaves the table of a newer one alone; a log that grew
//!            is read again with its snapshot while the particles stay; a log shorter than the one it replaces is taken, with a note
//! See also   `run`, `tipsy::starlog`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::sort::TablePlan;
use super::{Family, Snapshot};
use crate::table::{Manifest, SnapshotEntry, SourceEntry};

/// Leaves the births of only the newest of `sources` that has any.
pub(super) fn keep_newest(sources: &[(PathBuf, Arc<dyn Snapshot>)], plans: &mut [Vec<TablePlan>]) {
    let with_births = sources.iter().zip(plans.iter()).filter(|(_, plans)| plans.iter().any(is_births));
    let newest = with_births.map(|((_, snapshot), _)| snapshot.info().snap).max();
    for ((_, snapshot), plans) in sources.iter().zip(plans) {
        if Some(snapshot.info().snap) != newest {
            plans.retain(|plan| !is_births(plan));
        }
    }
}

pub(super) fn is_births(plan: &TablePlan) -> bool {
    plan.family == Family::Births
}

/// The snapshot that holds the births of a dataset.
pub(super) fn holder(manifest: &Manifest) -> Option<u32> {
    manifest.tables.get(Family::Births.table())?.files.iter().map(|file| file.snap).max()
}

/// Rows of births in a dataset.
pub(super) fn rows(manifest: &Manifest) -> u64 {
    manifest.tables.get(Family::Births.table()).map_or(0, |table| table.files.iter().map(|file| file.rows).sum())
}

/// Takes the births of other snapshots out of a version that is being made.
pub(super) fn forget_others(manifest: &mut Manifest, snap: u32) {
    if let Some(table) = manifest.tables.get_mut(Family::Births.table()) {
        table.files.retain(|file| file.snap == snap);
    }
    for entry in manifest.snapshots.iter_mut().filter(|entry| entry.snap != snap) {
        entry.rows.remove(Family::Births.table());
    }
}

/// Whether the log `now` is what the snapshot was ingested with.
pub(super) fn is_known(now: &[SourceEntry], known: &SnapshotEntry) -> bool {
    let name = |path: &str| Path::new(path).file_name().map(|name| name.to_owned());
    now.iter().all(|log| known.sources.iter().any(|old| name(&old.path) == name(&log.path) && old.blake3 == log.blake3))
}
