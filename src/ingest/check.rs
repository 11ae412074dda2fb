//! The arithmetic of a foreign snapshot, asked of every particle before its rows become a version.
//!
//! Formula    the rules of `table::physics`; no id twice among all particles of a snapshot
//! Refuses    the first row that breaks a rule, with its place in the source
//! Edge cases GIZMO gives the parts of a split particle one id, which is legal there; births and halo tables are not asked
//! Cost       rules cost nothing unless one is broken: they are held against the statistics of the written columns. Ids are read once
//!            more into a bitmap over their range or, where that is too wide, sorted in as many passes as memory asks for
//! See also   `table::physics`, `run`

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, UInt64Type};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::table::FileEntry;
use crate::table::physics::Rule;

use super::Snapshot;
use super::sort::{TablePlan, interrupted};

/// Rows that are read at once.
const BLOCK_ROWS: u64 = 1 << 17;
const WORD_BITS: u64 = 64;
/// Memory for ids however little is allowed: fewer bytes would mean too many passes.
const LEAST_BYTES: u64 = 4 << 20;
/// Odd multiplier that spreads ids evenly over passes: 2^64 over the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
const HINT: &str = "look at the source; `--keep-doubtful` takes such rows as they are and only says so";

/// Checks the particles of one snapshot against the files written of it.
pub(super) struct Check<'a> {
    pub snapshot: &'a dyn Snapshot,
    pub memory_bytes: u64,
    /// Say what is doubtful instead of refusing it.
    pub keep_doubtful: bool,
    pub progress: &'a dyn Progress,
}

impl Check<'_> {
    /// Checks the columns that `file` holds of one family.
    pub fn columns(&self, plan: &TablePlan, file: &FileEntry, notes: &mut Vec<String>) -> Result<()> {
        if !plan.family.is_particles() {
            return Ok(());
        }
        for stats in &file.columns {
            let Some(rule) = Rule::of(&stats.name, self.snapshot.info().time_gyr).filter(|rule| !rule.keeps_all(stats)) else { continue };
            let Some((row, value)) = self.first_breach(plan, &stats.name, rule)? else { continue };
            let error = Error::damaged(rule.complaint())
                .at(format!("column `{}`, {}", stats.name, self.snapshot.place(plan.family, &stats.name, row)))
                .expected(rule.expected())
                .found(value);
            self.refuse(error, notes)?;
        }
        Ok(())
    }

    /// Checks that no id stands twice among the families of `tables`.
    pub fn ids(&self, tables: &[(&TablePlan, FileEntry)], notes: &mut Vec<String>) -> Result<()> {
        let particles: Vec<(&TablePlan, usize, Range<i128>)> = tables
            .iter()
            .filter(|(plan, _)| plan.family.is_particles())
            .filter_map(|(plan, file)| {
                let index = plan.schema.index_of("id").ok().filter(|i| plan.schema.field(*i).data_type() == &DataType::UInt64)?;
                let stats = file.columns.iter().find(|c| c.name == "id")?;
                let (crate::table::Scalar::Integer(low), crate::table::Scalar::Integer(high)) = (stats.min?, stats.max?) else {
                    return None;
                };
                Some((*plan, *plan.columns.get(index)?, low..high + 1))
            })
            .collect();
        let rows: u64 = particles.iter().map(|(plan, ..)| plan.rows).sum();
        let low = particles.iter().map(|(.., ids)| ids.start).min().unwrap_or(0);
        let high = particles.iter().map(|(.., ids)| ids.end).max().unwrap_or(0);
        if rows == 0 {
            return Ok(());
        }
        self.progress.start("checking ids", rows, "rows");
        let room = (self.memory_bytes / 4).max(LEAST_BYTES);
        let (repeats, first) = match u64::try_from((high - low) / i128::from(u8::BITS)) {
            Ok(bytes) if bytes <= room => self.mark(&particles, low as u64, bytes)?,
            _ => self.sort(&particles, (rows * size_of::<u64>() as u64).div_ceil(room))?,
        };
        self.progress.finish();
        if repeats == 0 {
            return Ok(());
        }
        let places = self.places_of(&particles, first)?;
        let error = Error::damaged(format!("{repeats} particles have the id of another, the first such id is {first}"))
            .at(places.join(" and "))
            .expected("each id once among all particles of a snapshot");
        if self.snapshot.info().format.to_lowercase().contains("gizmo") {
            notes.push(format!("{repeats} particles have the id of another, as the parts of split particles have in GIZMO"));
            return Ok(());
        }
        self.refuse(error, notes)
    }

    fn refuse(&self, error: Error, notes: &mut Vec<String>) -> Result<()> {
        if !self.keep_doubtful {
            return Err(error.hint(HINT));
        }
        notes.push(format!("doubtful: {}", error.to_string().lines().collect::<Vec<_>>().join("; ")));
        Ok(())
    }

    fn first_breach(&self, plan: &TablePlan, column: &str, rule: Rule) -> Result<Option<(u64, f64)>> {
        let Some(index) = plan.schema.index_of(column).ok().and_then(|i| plan.columns.get(i).copied()) else { return Ok(None) };
        for rows in blocks(plan.rows) {
            let batch = self.snapshot.read(plan.family, &[index], rows.clone())?;
            let values = cast(batch.column(0), &DataType::Float64).map_err(|e| Error::internal("not a column of numbers").because(e))?;
            let found = values.as_primitive::<Float64Type>().iter().position(|v| v.is_some_and(|v| !rule.keeps(v)));
            if let Some(offset) = found {
                return Ok(Some((rows.start + offset as u64, values.as_primitive::<Float64Type>().value(offset))));
            }
        }
        Ok(None)
    }

    /// Gives every id to `take`, on all threads and in no order.
    fn each(&self, families: &[(&TablePlan, usize, Range<i128>)], take: impl Fn(&[u64]) + Sync) -> Result<()> {
        for (plan, column, _) in families {
            let read = |rows: &Range<u64>| -> Result<()> {
                if self.progress.cancelled() {
                    return Err(interrupted());
                }
                let batch = self.snapshot.read(plan.family, &[*column], rows.clone())?;
                let ids = batch.column(0).as_primitive::<UInt64Type>();
                match ids.null_count() {
                    0 => take(ids.values()),
                    _ => take(&ids.iter().flatten().collect::<Vec<u64>>()),
                }
                Ok(())
            };
            for group in blocks(plan.rows).collect::<Vec<_>>().chunks(rayon::current_num_threads().max(1)) {
                group.par_iter().try_for_each(read)?;
                group.iter().for_each(|rows| self.progress.advance(rows.end - rows.start));
                self.snapshot.release();
            }
        }
        Ok(())
    }

    /// How many ids repeat another, and the least of them, from one bit for each of the ids that there can be.
    fn mark(&self, families: &[(&TablePlan, usize, Range<i128>)], low: u64, bytes: u64) -> Result<(u64, u64)> {
        let seen: Vec<AtomicU64> = (0..=bytes * u64::from(u8::BITS) / WORD_BITS + 1).map(|_| AtomicU64::new(0)).collect();
        let (repeats, first) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        self.each(families, |ids| {
            for id in ids {
                let bit = 1 << ((id - low) % WORD_BITS);
                let before = seen.get(((id - low) / WORD_BITS) as usize).map_or(0, |word| word.fetch_or(bit, Ordering::Relaxed));
                if before & bit != 0 {
                    repeats.fetch_add(1, Ordering::Relaxed);
                    first.fetch_min(*id, Ordering::Relaxed);
                }
            }
        })?;
        Ok((repeats.into_inner(), first.into_inner()))
    }

    /// As [`Check::mark`], for ids that are spread too widely for a bitmap.
    fn sort(&self, families: &[(&TablePlan, usize, Range<i128>)], passes: u64) -> Result<(u64, u64)> {
        let (mut repeats, mut first) = (0, u64::MAX);
        for pass in 0..passes {
            let mine = std::sync::Mutex::new(Vec::new());
            self.each(families, |ids| {
                let part: Vec<u64> = ids.iter().copied().filter(|id| (id.wrapping_mul(SPREAD) >> 32) % passes == pass).collect();
                mine.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).extend(part);
            })?;
            let mut ids = mine.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
            ids.par_sort_unstable();
            for pair in ids.windows(2).filter(|pair| pair[0] == pair[1]) {
                repeats += 1;
                first = first.min(pair[0]);
            }
        }
        Ok((repeats, first))
    }

    /// Where the first two rows with `id` stand.
    fn places_of(&self, families: &[(&TablePlan, usize, Range<i128>)], id: u64) -> Result<Vec<String>> {
        let mut places = Vec::new();
        for (plan, column, _) in families {
            for rows in blocks(plan.rows) {
                let batch = self.snapshot.read(plan.family, &[*column], rows.clone())?;
                let ids = batch.column(0).as_primitive::<UInt64Type>();
                for offset in (0..ids.len()).filter(|i| ids.value(*i) == id) {
                    places.push(self.snapshot.place(plan.family, "id", rows.start + offset as u64));
                    if places.len() == 2 {
                        return Ok(places);
                    }
                }
            }
        }
        Ok(places)
    }
}

fn blocks(rows: u64) -> impl Iterator<Item = Range<u64>> {
    (0..rows.div_ceil(BLOCK_ROWS)).map(move |b| b * BLOCK_ROWS..((b + 1) * BLOCK_ROWS).min(rows))
}
