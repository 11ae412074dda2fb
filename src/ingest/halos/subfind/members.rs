//! Particles of groups and subhaloes of a snapshot in group order: rows that are made when they are read.
//!
//! Formula    type by type, groups follow each other in the snapshot; the subhaloes of a group follow each other at its start
//! Layout     members of the groups, then those of the subhaloes; of each halo, type by type
//! Source     TNG data specification, "group-ordered" snapshots; Springel et al. 2021, MNRAS 506, 2871
//! Refuses    more members than the snapshot has particles, subhaloes that do not fit into their group, offsets that disagree with
//!            those of an `offsets_NNN.hdf5` beside the catalogue
//! Cost       56 bytes for each halo and type; identifiers are read from the snapshot row by row as they are asked for
//! See also   `super`

use std::ops::Range;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};

use crate::error::{Error, Result};
use crate::ingest::gadget_hdf5::decode::{Buffer, append};
use crate::ingest::gadget_hdf5::file::{Dataset, H5File};
use crate::ingest::gadget_hdf5::files::split_name;
use crate::ingest::{Family, Snapshot, keeps_open};

use super::super::catalogue::Rows;
use super::super::groups::{member_rows, member_schema};
use super::super::hdf::gather;
use super::{GROUP_BASE, Membership};

/// Dataset whose values at or below zero mark wind-phase cells, which are rows of the gas.
const FORMATION: &str = "GFM_StellarFormationTime";

/// Particles of one type over all files.
#[derive(Debug, Default)]
struct Particles {
    ids: Vec<Dataset>,
    formation: Vec<Dataset>,
    rows: u64,
}

/// Neighbouring particles of one halo.
#[derive(Clone, Copy, Debug)]
struct Segment {
    halo: u64,
    kind: usize,
    /// First of them among the particles of the type.
    start: u64,
    /// First of them among the members.
    first: u64,
}

/// The table.
#[derive(Debug)]
pub(super) struct Members {
    particles: Vec<Particles>,
    families: Vec<Family>,
    segments: Vec<Segment>,
    rows: u64,
    schema: SchemaRef,
}

impl Members {
    /// Members in the files of `snapshot`; the reason where there can be none.
    pub fn new(snapshot: &dyn Snapshot, catalogue: &Path, membership: &Membership) -> Result<std::result::Result<Members, String>> {
        let types = membership.group_lengths.len();
        if types == 0 {
            return Ok(Err("the catalogue has no GroupLenType".into()));
        }
        let Some(group_of) = membership.group_of.as_ref().or(membership.sub_lengths.is_empty().then_some(&Vec::new())).cloned() else {
            return Ok(Err("the catalogue does not say which group a subhalo lies in".into()));
        };
        let mut particles = Vec::new();
        for _ in 0..types {
            particles.push(Particles::default());
        }
        for (path, _) in snapshot.info().files.iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "hdf5" || e == "h5")) {
            let file = H5File::open(path, keeps_open(snapshot.info().files.len()))?;
            let groups = file.groups()?;
            for (number, found) in particles.iter_mut().enumerate() {
                let name = format!("PartType{number}");
                if groups.contains(&name) {
                    for dataset in file.datasets(&name)?.0 {
                        match dataset.name.as_str() {
                            "ParticleIDs" => {
                                found.rows += dataset.rows;
                                found.ids.push(dataset);
                            }
                            FORMATION => found.formation.push(dataset),
                            _ => {}
                        }
                    }
                }
            }
        }
        if particles.iter().all(|p| p.ids.is_empty()) {
            return Ok(Err("the snapshot has no ParticleIDs".into()));
        }
        let third = if snapshot.rows(Family::Tracers) > 0 { Family::Tracers } else { Family::Dark };
        let families = (0..types).map(|t| {
            [Family::Gas, Family::Dark, Family::Dark, third, Family::Stars, Family::BlackHoles].get(t).copied().unwrap_or(Family::Dark)
        });
        let (segments, rows, starts) = segments(membership, &group_of, catalogue)?;
        for (number, (found, total)) in particles.iter().zip(membership.group_lengths.iter().map(|l| l.iter().sum::<u64>())).enumerate() {
            if total > found.rows {
                return Err(Error::damaged("groups have more particles than the snapshot")
                    .at(format!("PartType{number} of `{}`", catalogue.display()))
                    .expected(format!("at most {}", found.rows))
                    .found(total));
            }
        }
        compare_offsets(catalogue, &starts)?;
        let schema = member_schema("GroupLenType, SubhaloLenType");
        Ok(Ok(Members { particles, families: families.collect(), segments, rows, schema }))
    }

    fn append(&self, kind: usize, rows: Range<u64>, ids: &mut Buffer, families: &mut Vec<&'static str>) -> Result<()> {
        let (Some(particles), Some(family)) = (self.particles.get(kind), self.families.get(kind)) else { return Ok(()) };
        let mut bytes = Vec::new();
        let mut before = 0;
        for (at, part) in particles.ids.iter().enumerate() {
            let here = rows.start.max(before)..rows.end.min(before + part.rows);
            if here.start < here.end {
                let local = here.start - before..here.end - before;
                part.read(local.clone(), &mut bytes)?;
                append(ids, part, 0, &bytes, 1.0);
                match particles.formation.get(at).filter(|f| f.rows == part.rows) {
                    Some(formation) => {
                        formation.read(local.clone(), &mut bytes)?;
                        let mut times = Buffer::new(&DataType::Float64, (local.end - local.start) as usize);
                        append(&mut times, formation, 0, &bytes, 1.0);
                        if let Buffer::Float64(times) = times {
                            families.extend(times.iter().map(|t| if *t > 0.0 { family.table() } else { Family::Gas.table() }));
                        }
                    }
                    None => families.extend(std::iter::repeat_n(family.table(), (local.end - local.start) as usize)),
                }
            }
            before += part.rows;
        }
        Ok(())
    }
}

impl Rows for Members {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn count(&self) -> u64 {
        self.rows
    }

    fn read(&self, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
        let count = (rows.end - rows.start) as usize;
        let mut halo = Vec::with_capacity(count);
        let mut ids = Buffer::new(&DataType::UInt64, count);
        let mut families = Vec::with_capacity(count);
        let mut at = self.segments.partition_point(|s| s.first <= rows.start).saturating_sub(1);
        while let Some(segment) = self.segments.get(at).filter(|s| s.first < rows.end) {
            let end = self.segments.get(at + 1).map_or(self.rows, |next| next.first);
            let here = rows.start.max(segment.first)..rows.end.min(end);
            if here.start < here.end {
                let particles = segment.start + (here.start - segment.first)..segment.start + (here.end - segment.first);
                halo.extend(std::iter::repeat_n(segment.halo, (here.end - here.start) as usize));
                self.append(segment.kind, particles, &mut ids, &mut families)?;
            }
            at += 1;
        }
        member_rows(&self.schema, halo, ids.finish(None), families, columns)
    }
}

/// First particle of each group and subhalo, for each type.
struct Starts {
    groups: Vec<Vec<u64>>,
    subs: Vec<Vec<u64>>,
}

fn segments(membership: &Membership, group_of: &[u64], catalogue: &Path) -> Result<(Vec<Segment>, u64, Starts)> {
    let too_many = || Error::damaged("numbers of particles are too large").at(format!("`{}`", catalogue.display()));
    let mut starts = Starts { groups: Vec::new(), subs: Vec::new() };
    for (kind, lengths) in membership.group_lengths.iter().enumerate() {
        let mut of_groups = Vec::with_capacity(lengths.len());
        let mut end = 0u64;
        for length in lengths {
            of_groups.push(end);
            end = end.checked_add(*length).ok_or_else(too_many)?;
        }
        let mut of_subs = Vec::with_capacity(group_of.len());
        let (mut before, mut next) = (None, 0u64);
        let of_kind = membership.sub_lengths.get(kind).map(Vec::as_slice).unwrap_or_default();
        for ((sub, group), length) in group_of.iter().enumerate().zip(of_kind) {
            let start = of_groups.get(*group as usize).copied().unwrap_or(0);
            if before != Some(*group) {
                (before, next) = (Some(*group), start);
            }
            of_subs.push(next);
            next = next.checked_add(*length).ok_or_else(too_many)?;
            if next > start + lengths.get(*group as usize).copied().unwrap_or(0) {
                return Err(Error::damaged("subhaloes have more particles than their group")
                    .at(format!("subhalo {sub}, particle type {kind}, of `{}`", catalogue.display())));
            }
        }
        starts.groups.push(of_groups);
        starts.subs.push(of_subs);
    }
    let mut found = Vec::new();
    let mut first = 0u64;
    for (base, lengths, begins) in [(GROUP_BASE, &membership.group_lengths, &starts.groups), (0, &membership.sub_lengths, &starts.subs)] {
        for row in 0..lengths.first().map_or(0, Vec::len) {
            for (kind, length) in lengths.iter().enumerate() {
                let (Some(length), Some(start)) = (length.get(row).copied(), begins.get(kind).and_then(|b| b.get(row)).copied()) else {
                    continue;
                };
                if length > 0 {
                    found.push(Segment { halo: base + row as u64, kind, start, first });
                    first = first.checked_add(length).ok_or_else(too_many)?;
                }
            }
        }
    }
    Ok((found, first, starts))
}

/// Compares with `offsets_NNN.hdf5`, where it lies in the folder of the catalogue or the one above.
fn compare_offsets(catalogue: &Path, starts: &Starts) -> Result<()> {
    let name = catalogue.file_name().map(|n| split_name(&n.to_string_lossy()).0).unwrap_or_default();
    let digits = name.rsplit('_').next().unwrap_or_default().to_string();
    let here = catalogue.parent().unwrap_or(Path::new(""));
    let above = here.parent().unwrap_or(Path::new(""));
    let Some(path) = [here, above].map(|f| f.join(format!("offsets_{digits}.hdf5"))).into_iter().find(|p| p.is_file()) else {
        return Ok(());
    };
    let file = [H5File::open(&path, true)?];
    for (group, expected) in [("Group", &starts.groups), ("Subhalo", &starts.subs)] {
        let (stored, _) = gather(&file, group, &[None], &mut Vec::new())?;
        let Some(offsets) = stored.iter().find(|s| s.name == "SnapByType") else { continue };
        for (kind, expected) in expected.iter().enumerate().filter(|(kind, e)| *kind < offsets.components && !e.is_empty()) {
            let found = offsets.counts(kind)?;
            if found != *expected {
                let row = found.iter().zip(expected).position(|(a, b)| a != b).unwrap_or(expected.len().min(found.len()));
                return Err(Error::damaged("offsets are not those of the group catalogue")
                    .at(format!("row {row}, particle type {kind}, of `{group}/SnapByType` of `{}`", path.display()))
                    .expected(expected.get(row).map_or("no such row".into(), |v| v.to_string()))
                    .found(found.get(row).map_or("no such row".into(), |v| v.to_string())));
            }
        }
    }
    Ok(())
}
