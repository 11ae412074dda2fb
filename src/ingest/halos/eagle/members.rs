//! Particles of EAGLE's groups and subhaloes: those whose `GroupNumber` and `SubGroupNumber` say so.
//!
//! Layout     family by family and row by row of the snapshot; a particle gives a row for its group, then one for its subhalo
//! Source     The EAGLE team 2017, arXiv:1706.09899, section 3.2: 2^30 is none, a negative group is inside its radius but not of the group
//! Refuses    particles of groups or subhaloes that the catalogue lacks
//! Cost       one pass over both numbers when the catalogue is opened; rows are made from the snapshot again when they are read
//! See also   `super`; the columns `group_number` and `sub_group_number` of the particle tables hold the same

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, SchemaRef, UInt64Type};

use crate::error::{Error, Result};
use crate::ingest::{Family, Snapshot};

use super::super::catalogue::Rows;
use super::super::groups::{member_rows, member_schema};
use super::super::subfind::GROUP_BASE;
use super::Names;

/// Number that stands for no group and for no subhalo.
const NONE: i64 = 1 << 30;
/// Particles of a block, the unit of reading.
const BLOCK_ROWS: u64 = 1 << 16;
/// Particles beyond which the pass over all of them takes minutes.
const MOST_PARTICLES: u64 = 1 << 28;

/// Particles of one family that are read together.
#[derive(Debug)]
struct Block {
    family: Family,
    rows: Range<u64>,
    /// First of its members.
    first: u64,
}

/// The table.
#[derive(Debug)]
pub(super) struct Members {
    snapshot: Arc<dyn Snapshot>,
    names: Names,
    groups: u64,
    blocks: Vec<Block>,
    rows: u64,
    schema: SchemaRef,
}

impl Members {
    /// Members among the particles of `snapshot`; the reason where there can be none.
    pub(super) fn new(snapshot: Arc<dyn Snapshot>, names: &Names, groups: u64) -> Result<std::result::Result<Members, String>> {
        let families: Vec<(Family, u64)> = snapshot.info().rows.iter().copied().filter(|(f, _)| f.is_particles()).collect();
        let mut named = Vec::new();
        for (family, rows) in &families {
            if snapshot.schema(*family)?.column_with_name("group_number").is_some() {
                named.push((*family, *rows));
            }
        }
        if named.is_empty() {
            return Ok(Err("the particles of the snapshot have no GroupNumber; those of eagle_subfind_particles files have".into()));
        }
        let total: u64 = named.iter().map(|(_, rows)| rows).sum();
        if total > MOST_PARTICLES {
            return Ok(Err(format!("{total} particles are many; their columns group_number and sub_group_number say the same")));
        }
        let schema = member_schema("GroupNumber, SubGroupNumber");
        let names = Names { group: names.group.clone(), sub: names.sub.clone() };
        let mut members = Members { snapshot, names, groups, blocks: Vec::new(), rows: 0, schema };
        for (family, rows) in named {
            let mut start = 0;
            while start < rows {
                let end = (start + BLOCK_ROWS).min(rows);
                let found = members.halos(family, start..end)?;
                let count: usize = found.iter().map(|(group, sub)| usize::from(group.is_some()) + usize::from(sub.is_some())).sum();
                if count > 0 {
                    members.blocks.push(Block { family, rows: start..end, first: members.rows });
                    members.rows += count as u64;
                }
                start = end;
            }
        }
        Ok(Ok(members))
    }

    fn column(&self, family: Family, name: &str, rows: Range<u64>, kind: &DataType) -> Result<Option<ArrayRef>> {
        let schema = self.snapshot.schema(family)?;
        let Some((index, _)) = schema.column_with_name(name) else { return Ok(None) };
        let batch = self.snapshot.read(family, &[index], rows)?;
        let array = cast(batch.column(0), kind).map_err(|e| Error::internal("numbers of groups are not whole").because(e))?;
        Ok(Some(array))
    }

    /// Group and subhalo of each particle, as identifiers of haloes.
    fn halos(&self, family: Family, rows: Range<u64>) -> Result<Vec<(Option<u64>, Option<u64>)>> {
        let lost = |what: &str, number: String, row: u64| {
            Error::damaged(format!("particle belongs to a {what} that the catalogue lacks"))
                .at(format!("row {row} of `{family}`"))
                .found(number)
                .hint("the catalogue is of another snapshot, or files of it are missing")
        };
        let Some(groups) = self.column(family, "group_number", rows.clone(), &DataType::Int64)? else { return Ok(Vec::new()) };
        let subs = self.column(family, "sub_group_number", rows.clone(), &DataType::Int64)?;
        let groups = groups.as_primitive::<Int64Type>();
        let subs = subs.as_ref().map(|s| s.as_primitive::<Int64Type>());
        let mut found = Vec::with_capacity(groups.len());
        for at in 0..groups.len() {
            let row = rows.start + at as u64;
            let number = if groups.is_null(at) { NONE } else { groups.value(at) };
            if number <= 0 || number >= NONE {
                found.push((None, None));
                continue;
            }
            let group = number as u64;
            if group > self.groups {
                return Err(lost("group", format!("GroupNumber {number} of {}", self.groups), row));
            }
            let sub = subs.filter(|s| !s.is_null(at)).map_or(NONE, |s| s.value(at));
            let sub = match u64::try_from(sub).ok().filter(|_| sub < NONE) {
                Some(sub) => match self.names.row(group, sub) {
                    Some(halo) => Some(halo),
                    None => return Err(lost("subhalo", format!("SubGroupNumber {sub} of GroupNumber {group}"), row)),
                },
                None => None,
            };
            found.push((Some(GROUP_BASE + group), sub));
        }
        Ok(found)
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
        let (mut halo, mut ids, mut families) = (Vec::with_capacity(count), Vec::with_capacity(count), Vec::with_capacity(count));
        let start = self.blocks.partition_point(|b| b.first <= rows.start).saturating_sub(1);
        for block in self.blocks.iter().skip(start).take_while(|b| b.first < rows.end) {
            let particles = self.column(block.family, "id", block.rows.clone(), &DataType::UInt64)?;
            let particles = particles.ok_or_else(|| Error::internal("particles without identifiers"))?;
            let particles = particles.as_primitive::<UInt64Type>();
            let mut at = block.first;
            for (row, (group, sub)) in self.halos(block.family, block.rows.clone())?.into_iter().enumerate() {
                for found in [group, sub].into_iter().flatten() {
                    if rows.contains(&at) {
                        halo.push(found);
                        ids.push(particles.value(row));
                        families.push(block.family.table());
                    }
                    at += 1;
                }
            }
        }
        member_rows(&self.schema, halo, Arc::new(UInt64Array::from(ids)), families, columns)
    }
}
