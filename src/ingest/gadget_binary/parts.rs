//! Every file of a snapshot opened and checked against the others: headers, blocks and particles of each type.
//!
//! Layout     one header and one list of blocks a file; a slot is a block by name, the same in every file that has its particles
//! Refuses    files of different times or mass tables, sums that disagree with `npartTotal`, blocks that only some files have
//! Edge cases totals of 0 are unset; a junk high word is ignored when the sum fits the low word; totals of a single file that disagree
//!            with it are noted, because its blocks have the lengths of its own counts; a file may lack particles of a type
//! Cost       a mapping for each file; the descriptors of a large set are given back
//! See also   `columns` for what becomes of the slots

use std::path::{Path, PathBuf};

use super::blocks::{Block, assign};
use super::header::{Header, TYPES};
use super::names::Known;
use super::records::{Records, scan};
use crate::error::{Error, Result};
use crate::ingest::keeps_open;
use crate::ingest::mapped::Mapped;

/// One opened file.
#[derive(Debug)]
pub(super) struct PartFile {
    /// The file.
    pub(super) map: Mapped,
    /// Its framing.
    pub(super) records: Records,
    /// Its header.
    pub(super) header: Header,
    /// Its blocks.
    pub(super) blocks: Vec<Block>,
}

/// A block of the whole snapshot.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// What it is, where that is known.
    pub(super) known: Option<&'static Known>,
    /// Letters, or `block_NN`.
    pub(super) name: String,
    /// Types that it covers in any file.
    pub(super) types: [bool; TYPES],
    /// Values a particle.
    pub(super) components: usize,
    /// Bytes a value.
    pub(super) width: usize,
}

/// All files, checked.
#[derive(Debug)]
pub(super) struct Parts {
    /// Files in order.
    pub(super) files: Vec<PartFile>,
    /// Blocks.
    pub(super) slots: Vec<Slot>,
    /// What the user should know.
    pub(super) notes: Vec<String>,
}

impl Parts {
    /// Opens the files at `paths`.
    pub(super) fn open(paths: &[PathBuf]) -> Result<Parts> {
        let mut notes = Vec::new();
        let files = paths.iter().map(|path| PartFile::open(path, keeps_open(paths.len()), &mut notes)).collect::<Result<Vec<_>>>()?;
        let mut parts = Parts { files, slots: Vec::new(), notes };
        parts.check_headers()?;
        parts.join()?;
        Ok(parts)
    }

    /// Particles of type `number` in all files.
    pub(super) fn rows(&self, number: usize) -> u64 {
        self.files.iter().map(|f| f.header.counts[number]).sum()
    }

    fn check_headers(&mut self) -> Result<()> {
        let Some(first) = self.files.first() else { return Err(Error::internal("snapshot without files")) };
        let head = &first.header;
        for file in &self.files {
            let differs = |what: &str, expected: f64, found: f64| {
                Error::damaged(format!("files of one snapshot differ in {what}"))
                    .at(format!("header of `{}`", file.map.path().display()))
                    .expected(expected)
                    .found(found)
                    .hint("files of two runs share this folder")
            };
            if file.header.time.to_bits() != head.time.to_bits() {
                return Err(differs("Time", head.time, file.header.time));
            }
            if let Some(number) = (0..TYPES).find(|i| file.header.mass[*i].to_bits() != head.mass[*i].to_bits()) {
                return Err(differs(&format!("mass[{number}]"), head.mass[number], file.header.mass[number]));
            }
        }
        let alone = self.files.len() == 1;
        if alone && head.files > 1 {
            self.notes.push(format!("the header speaks of {} files, and this one is read alone", head.files));
            return Ok(());
        }
        for number in 0..TYPES {
            let sum = self.rows(number);
            let (low, high) = (head.total_low[number], head.total_high[number]);
            if low == 0 && high == 0 || sum == low + (high << 32) {
                continue;
            }
            if sum & u64::from(u32::MAX) == low {
                self.notes.push(format!("npartTotalHighWord of type {number} is not believed: the files hold {sum} particles"));
            } else if alone {
                self.notes.push(format!("npartTotal says {low} particles of type {number}, and the file holds {sum}"));
            } else {
                return Err(Error::damaged("files do not hold the particles that the header counts")
                    .at(format!("npartTotal of type {number} in `{}`", first.map.path().display()))
                    .expected(low + (high << 32))
                    .found(format!("{sum} in {} files", self.files.len())));
            }
        }
        Ok(())
    }

    fn join(&mut self) -> Result<()> {
        let mut slots: Vec<Slot> = Vec::new();
        for block in self.files.iter().flat_map(|f| &f.blocks) {
            match slots.iter_mut().find(|s| s.name == block.name) {
                Some(slot) => (0..TYPES).for_each(|i| slot.types[i] |= block.types[i]),
                None => slots.push(Slot {
                    known: block.known,
                    name: block.name.clone(),
                    types: block.types,
                    components: block.components,
                    width: block.width,
                }),
            }
        }
        for file in &self.files {
            for slot in &slots {
                let wanted = (0..TYPES).any(|i| slot.types[i] && file.header.counts[i] > 0);
                let fits = |b: &Block| {
                    (b.components, b.width) == (slot.components, slot.width)
                        && (0..TYPES).all(|i| b.types[i] == slot.types[i] || file.header.counts[i] == 0)
                };
                let found = file.blocks.iter().find(|b| b.name == slot.name);
                if wanted && !found.is_some_and(fits) {
                    return Err(Error::damaged("files of one snapshot have different blocks")
                        .at(format!("`{}`", file.map.path().display()))
                        .expected(format!("block `{}` of {} values of {} bytes", slot.name, slot.components, slot.width))
                        .found(found.map_or("none".to_string(), |b| format!("{} values of {} bytes", b.components, b.width))));
                }
            }
        }
        self.slots = slots;
        Ok(())
    }
}

impl PartFile {
    fn open(path: &Path, keep_open: bool, notes: &mut Vec<String>) -> Result<PartFile> {
        let map = Mapped::open(path)?;
        let map = if keep_open { map } else { map.close() };
        let records = scan(path, map.bytes())?;
        let place = format!("`{}`", path.display());
        let payload = records.list.first().and_then(|r| map.bytes().get(r.start..r.start + r.length));
        let header = Header::parse(payload.unwrap_or_default(), records.order, &place)?;
        let blocks = assign(path, &records, &header, notes)?;
        if records.trailing > 0 {
            let text = if records.trailing == 1 { "1 byte" } else { &format!("{} bytes", records.trailing) };
            notes.push(format!("{text} after the last record of {place} were passed over"));
        }
        if !blocks.is_empty() {
            let has = |label: &str| blocks.iter().any(|b| b.name == label);
            let promised = [
                ("NE", header.cooling && header.counts[0] > 0),
                ("SFR", header.star_formation && header.counts[0] > 0),
                ("AGE", header.stellar_age && header.counts[4] > 0),
                ("Z", header.metals && header.counts[0] + header.counts[4] > 0),
            ];
            let absent: Vec<&str> = promised.iter().filter(|(label, flag)| *flag && !has(label)).map(|(label, _)| *label).collect();
            if !absent.is_empty() {
                notes.push(format!("flags of the header announce blocks that are not there or not named: {}", absent.join(", ")));
            }
        }
        Ok(PartFile { map, records, header, blocks })
    }
}
