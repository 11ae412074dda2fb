//! The records of one file as blocks of values: name, particle types, components, width and place of each.
//!
//! Layout     POS, VEL, ID, then MASS where a type has no entry in the mass table, then optional blocks (see `names`); within a block
//!            the types follow each other in order
//! Refuses    a missing required block, and one whose length does not fit the particles (expected and found bytes, with the offset)
//! Edge cases widths of 4 and 8 bytes follow from the length; a block of format 1 without a name is `block_NN` by its number, the
//!            header being 00; a block of format 2 with unknown letters keeps them, its types follow from its length; such a block that
//!            fits no particles (`INFO` of Gadget-3) is passed over with a note
//! See also   `records` for the framing

use std::path::Path;

use super::header::{Header, TYPES};
use super::names::{Covers, KNOWN, Known, REQUIRED, by_order, lookup};
use super::records::{Record, Records};
use crate::error::{Error, Result};

/// Components that an unnamed block may have at most: forks write eleven or twelve metals.
const MOST_COMPONENTS: u64 = 16;
/// Sets of types that an unnamed block may cover, likeliest first.
const SETS: [[bool; TYPES]; 10] = [
    [true; TYPES],
    [true, false, false, false, false, false],
    [false, false, false, false, true, false],
    [true, false, false, false, true, false],
    [false, false, false, false, false, true],
    [false, false, false, false, true, true],
    [true, false, false, false, false, true],
    [false, true, false, false, false, false],
    [false, false, true, false, false, false],
    [false, false, false, true, false, false],
];

/// One block of values.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// What it is, where that is known.
    pub(super) known: Option<&'static Known>,
    /// Letters in the file, or `block_NN`.
    pub(super) name: String,
    /// Types that it covers.
    pub(super) types: [bool; TYPES],
    /// Values a particle.
    pub(super) components: usize,
    /// Bytes a value: 4 or 8.
    pub(super) width: usize,
    /// Offset of the first value.
    pub(super) start: usize,
}

impl Block {
    /// Offset of the first value of type `number`.
    pub(super) fn start_of(&self, number: usize, header: &Header) -> usize {
        let before: u64 = (0..number.min(TYPES)).filter(|i| self.types[*i]).map(|i| header.counts[i]).sum();
        self.start + before as usize * self.stride()
    }

    /// Bytes from one particle to the next.
    pub(super) fn stride(&self) -> usize {
        self.components * self.width
    }
}

/// The blocks of the file at `path`; what the user should know is added to `notes`.
pub(super) fn assign(path: &Path, records: &Records, header: &Header, notes: &mut Vec<String>) -> Result<Vec<Block>> {
    if header.particles() == 0 {
        return Ok(Vec::new());
    }
    let maker = Maker { path, header, notes, double: false };
    if records.format == 2 { maker.labelled(&records.list[1..]) } else { maker.ordered(&records.list[1..]) }
}

struct Maker<'a> {
    path: &'a Path,
    header: &'a Header,
    notes: &'a mut Vec<String>,
    /// Whether the positions are doubles, which other blocks then are as well.
    double: bool,
}

impl Maker<'_> {
    /// Blocks of format 2.
    fn labelled(mut self, records: &[Record]) -> Result<Vec<Block>> {
        let mut blocks: Vec<Block> = Vec::new();
        for record in records {
            let label = record.label.as_deref().unwrap_or_default();
            if blocks.iter().any(|b| b.name == label) {
                return Err(Error::damaged(format!("block `{label}` comes twice")).at(format!(
                    "byte {} of `{}`",
                    record.start,
                    self.path.display()
                )));
            }
            if let Some(known) = lookup(label) {
                blocks.extend(self.known(known, record)?);
            } else if record.length > 0 {
                match self.guessed(label.to_string(), record) {
                    Some(block) => blocks.push(block),
                    None => {
                        self.notes.push(format!("block `{label}` of {} bytes belongs to no particles and was passed over", record.length))
                    }
                }
            }
        }
        for known in KNOWN.iter().take(REQUIRED) {
            if known.covers.types(self.header).contains(&true) && !blocks.iter().any(|b| b.name == known.label) {
                return Err(self.missing(known));
            }
        }
        Ok(blocks)
    }

    /// Blocks of format 1.
    fn ordered(mut self, records: &[Record]) -> Result<Vec<Block>> {
        let mut blocks: Vec<Block> = Vec::new();
        let required: Vec<&'static Known> = KNOWN.iter().take(REQUIRED).filter(|k| k.covers.types(self.header).contains(&true)).collect();
        for (place, known) in required.iter().enumerate() {
            let record = records.get(place).ok_or_else(|| self.missing(known))?;
            blocks.extend(self.known(known, record)?);
        }
        let optional = &records[required.len()..];
        let lengths: Vec<usize> = optional.iter().map(|r| r.length).collect();
        let mut unnamed = Vec::new();
        for (place, (record, known)) in optional.iter().zip(by_order(&lengths, self.header)).enumerate() {
            if let Some(known) = known {
                blocks.extend(self.known(known, record)?);
            } else if record.length > 0 {
                let name = format!("block_{:02}", required.len() + place + 1);
                let block = self.guessed(name.clone(), record).ok_or_else(|| {
                    Error::damaged("block fits no particles")
                        .at(format!("block {} at byte {} of `{}`", required.len() + place + 1, record.start, self.path.display()))
                        .expected(format!("a multiple of the particles of some types: {}", self.counts()))
                        .found(format!("{} bytes", record.length))
                })?;
                blocks.push(block);
                unnamed.push(name);
            }
        }
        if !unnamed.is_empty() {
            self.notes.push(format!("format 1 does not name its blocks, and lengths do not tell what these are: {}", unnamed.join(", ")));
        }
        Ok(blocks)
    }

    /// A block that is understood; none if it covers nobody and is empty.
    fn known(&mut self, known: &'static Known, record: &Record) -> Result<Option<Block>> {
        let types = known.covers.types(self.header);
        let rows = self.rows(&types);
        if rows == 0 && record.length == 0 {
            return Ok(None);
        }
        let block = |types, components: usize, width| {
            Some(Block { known: Some(known), name: known.label.to_string(), types, components, width, start: record.start })
        };
        let length = record.length as u64;
        let components = known.columns.len() as u64;
        for width in [4, 8] {
            if components > 0 && rows > 0 && rows.checked_mul(components * width) == Some(length) {
                self.double |= known.label == "POS" && width == 8;
                return Ok(block(types, components as usize, width as usize));
            }
        }
        if components == 0
            && let Some((components, width)) = self.shape(&types, length)
        {
            return Ok(block(types, components, width));
        }
        // Codes give some blocks to more types than GADGET does: a smoothing length to stars, say.
        if !matches!(known.covers, Covers::All | Covers::Massive)
            && let Some(found) = SETS.iter().map(|set| self.present(set)).find(|set| {
                let rows = self.rows(set);
                rows > 0 && [4, 8].iter().any(|width| rows.checked_mul(components.max(1) * width) == Some(length))
            })
        {
            let width = length / self.rows(&found) / components.max(1);
            return Ok(block(found, components.max(1) as usize, width as usize));
        }
        Err(Error::damaged(format!("block `{}` has another length", known.label))
            .at(format!("byte {} of `{}`", record.start, self.path.display()))
            .expected(format!("{} of {rows} particles", each(components.max(1))))
            .found(format!("{length} bytes"))
            .hint(format!("particles by type: {}", self.counts())))
    }

    /// A block whose types follow from its length; few components before many, and many types before few.
    fn guessed(&mut self, name: String, record: &Record) -> Option<Block> {
        let length = record.length as u64;
        let mut found: Vec<(usize, usize, [bool; TYPES])> = Vec::new();
        for set in &SETS {
            let types = self.present(set);
            if let Some((components, width)) = self.shape(&types, length)
                && !found.iter().any(|(_, _, other)| *other == types)
            {
                found.push((components, width, types));
            }
        }
        found.sort_by_key(|(components, width, _)| (*components, *width));
        let (components, width, types) = *found.first()?;
        if found.iter().filter(|(c, w, _)| (*c, *w) == (components, width)).count() > 1 {
            let numbers: Vec<String> = (0..TYPES).filter(|i| types[*i]).map(|i| i.to_string()).collect();
            self.notes.push(format!(
                "block `{name}` fits several sets of particles by its length; it is taken as that of type {}",
                numbers.join(", ")
            ));
        }
        Some(Block { known: None, name, types, components, width, start: record.start })
    }

    /// Components and width of a block of `length` bytes for these types.
    fn shape(&self, types: &[bool; TYPES], length: u64) -> Option<(usize, usize)> {
        let rows = self.rows(types);
        if rows == 0 || !length.is_multiple_of(rows) {
            return None;
        }
        let stride = length / rows;
        let width = if self.double && stride.is_multiple_of(8) { 8 } else { 4 };
        let components = stride / width;
        (stride > 0 && stride.is_multiple_of(width) && components <= MOST_COMPONENTS).then_some((components as usize, width as usize))
    }

    fn present(&self, set: &[bool; TYPES]) -> [bool; TYPES] {
        std::array::from_fn(|i| set[i] && self.header.counts[i] > 0)
    }

    fn rows(&self, types: &[bool; TYPES]) -> u64 {
        (0..TYPES).filter(|i| types[*i]).map(|i| self.header.counts[i]).sum()
    }

    fn counts(&self) -> String {
        self.header.counts.map(|n| n.to_string()).join(" ")
    }

    fn missing(&self, known: &Known) -> Error {
        let rows = self.rows(&known.covers.types(self.header));
        Error::damaged(format!("block `{}` is missing", known.label))
            .at(format!("`{}`", self.path.display()))
            .expected(format!("{} of {rows} particles", each(known.columns.len() as u64)))
            .found("the end of the file")
            .hint("the file is truncated; copy it again")
    }
}

fn each(components: u64) -> String {
    format!("{} or {} bytes for each", 4 * components, 8 * components)
}

#[cfg(test)]
mod tests {
    use super::super::super::tipsy::ByteOrder;
    use super::*;

    fn header() -> Header {
        Header { counts: [10, 7, 0, 0, 3, 0], mass: [0.0, 0.5, 0.0, 0.0, 0.0, 0.0], ..Header::default() }
    }

    fn assigned(format: u32, blocks: &[(&str, usize)], header: &Header) -> (Result<Vec<Block>>, Vec<String>) {
        let mut list = vec![Record { label: None, start: 4, length: 256 }];
        let mut start = 268;
        for (label, length) in blocks {
            list.push(Record { label: (format == 2).then(|| (*label).to_string()), start, length: *length });
            start += length + 8;
        }
        let records = Records { order: ByteOrder::Little, format, list, trailing: 0 };
        let mut notes = Vec::new();
        let result = assign(Path::new("a"), &records, header, &mut notes);
        (result, notes)
    }

    const START: [(&str, usize); 4] = [("POS", 240), ("VEL", 240), ("ID", 160), ("MASS", 52)];

    #[test]
    fn widths_and_types_follow_from_lengths() {
        for format in [1, 2] {
            let (blocks, notes) = assigned(format, &[&START[..], &[("U", 80)]].concat(), &header());
            let blocks = blocks.unwrap();
            let shapes: Vec<_> = blocks.iter().map(|b| (b.name.as_str(), b.components, b.width)).collect();
            assert_eq!(shapes, [("POS", 3, 4), ("VEL", 3, 4), ("ID", 1, 8), ("MASS", 1, 4), ("U", 1, 8)]);
            assert_eq!(blocks[3].types, [true, false, false, false, true, false]);
            assert_eq!((blocks[0].start_of(4, &header()), blocks[3].start_of(4, &header())), (268 + 17 * 12, 268 + 2 * 248 + 168 + 40));
            assert!(notes.is_empty(), "{notes:?}");
        }
    }

    #[test]
    fn wrong_lengths_and_missing_blocks_are_refused() {
        for format in [1, 2] {
            for cut in 0..START.len() {
                let error = assigned(format, &START[..cut], &header()).0.unwrap_err().to_string();
                assert!(error.contains(&format!("`{}` is missing", START[cut].0)), "{error}");
                let mut wrong = START;
                wrong[cut].1 += 4;
                let error = assigned(format, &wrong, &header()).0.unwrap_err().to_string();
                assert!(error.contains(&format!("`{}` has another length", START[cut].0)), "{error}");
            }
        }
        let error = assigned(2, &[&START[..], &[("RHO", 44)]].concat(), &header()).0.unwrap_err().to_string();
        assert!(error.contains("expected 4 or 8 bytes for each of 10 particles, found 44 bytes"), "{error}");
        let error = assigned(1, &[&START[..], &[("", 41)]].concat(), &header()).0.unwrap_err().to_string();
        assert!(error.contains("block fits no particles") && error.contains("block 5 at byte"), "{error}");
        let error = assigned(2, &[&START[..], &START[..1]].concat(), &header()).0.unwrap_err().to_string();
        assert!(error.contains("`POS` comes twice"), "{error}");
    }

    #[test]
    fn blocks_without_a_name_keep_their_number_or_letters() {
        let (blocks, notes) = assigned(1, &[&START[..], &[("", 40), ("", 40), ("", 40), ("", 80), ("", 12)]].concat(), &header());
        let blocks = blocks.unwrap();
        let shapes: Vec<_> = blocks[4..].iter().map(|b| (b.name.as_str(), b.components)).collect();
        assert_eq!(shapes, [("block_05", 1), ("block_06", 1), ("block_07", 1), ("block_08", 1), ("block_09", 1)]);
        assert_eq!(blocks[8].types, [false, false, false, false, true, false]);
        assert!(notes[0].contains("block_05"), "{notes:?}");
        let (blocks, notes) = assigned(2, &[&START[..], &[("iM", 12), ("Zs", 13 * 44), ("INFO", 123)]].concat(), &header());
        let shapes: Vec<_> = blocks.unwrap()[4..].iter().map(|b| (b.name.clone(), b.components, b.types[0])).collect();
        assert_eq!(shapes, [("iM".to_string(), 1, false), ("Zs".to_string(), 11, true)]);
        assert!(notes[0].contains("`INFO` of 123 bytes"), "{notes:?}");
        // Stars may have smoothing lengths as well.
        let (blocks, _) = assigned(2, &[&START[..], &[("HSML", 52), ("Z", 13 * 4)]].concat(), &header());
        let blocks = blocks.unwrap();
        assert_eq!((blocks[4].types[4], blocks[5].components), (true, 1));
    }
}
