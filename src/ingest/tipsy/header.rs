//! The Tipsy header: byte order, counts, and which record layout the length of the file allows.
//!
//! Layout     | bytes | type | field |
//!            |---|---|---|
//!            | 0..8 | f64 | time (scale factor of a cosmological run) |
//!            | 8..28 | i32 x 5 | particles, dimensions (3), gas, dark, stars |
//!            | 28..32 | u32 | pad; bits 32 to 39 of the four counts in big runs; absent in old native dumps |
//!            then gas (12 values), dark (9) and star (11) records of f32, big-endian ("standard") or little-endian;
//!            with `bDoublePos` x y z are f64, with `bDoubleVel` vx vy vz are
//! Refuses    dimensions other than 3 in both byte orders; counts that do not add up; a length that no layout gives
//!            a 28-byte header that no mass follows (a standard file four bytes short); records in the other byte order
//! Edge cases a pad that is not zero with small counts (N-body initial conditions) is ignored
//! Source     pynbody 2.8 `snapshot/tipsy.py`, ChaNGa `TipsyReader`
//! See also   `records` for the fields, `write`

use std::path::Path;

use crate::error::{Error, Result};

/// Dimensions of every snapshot that is read.
pub const DIMENSIONS: u32 = 3;
/// Bytes of the header without the pad.
pub const SHORT_HEADER_BYTES: u64 = 28;
/// Bytes of the standard header.
pub const HEADER_BYTES: u64 = 32;
/// Values in a gas, dark and star record.
pub const RECORD_VALUES: [u64; 3] = [12, 9, 11];
const BLOCK_NAMES: [&str; 3] = ["gas", "dark matter", "star"];
/// Masses in code units are larger; a pad with high bits, read as a real, is smaller (2^-126 to 1e-30).
const SMALLEST_MASS: f32 = 1e-30;
/// Header times outside this range (unless 0) are bytes of some other kind of file.
const TIME_RANGE: std::ops::Range<f64> = 1e-30..1e30;

/// Records of each family whose byte order is looked at.
const SAMPLED_RECORDS: u64 = 32;
/// Words at the start of a record: mass, x, y, z.
const SAMPLED_WORDS: u64 = 4;
/// Fewer values prove nothing: of random bytes, one value in five is out of range.
const SAMPLED_AT_LEAST: usize = 16;
/// Sizes of masses and positions in any units; what is read in the wrong byte order is spread over all of f32.
const SENSIBLE: std::ops::Range<f32> = 1e-30..1e30;

/// Order of the bytes in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Most significant first: "standard" Tipsy.
    Big,
    /// Least significant first: "native" Tipsy of today's machines.
    Little,
}

impl ByteOrder {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            ByteOrder::Big => ByteOrder::Little,
            ByteOrder::Little => ByteOrder::Big,
        }
    }

    /// `big-endian` or `little-endian`.
    pub fn name(self) -> &'static str {
        match self {
            ByteOrder::Big => "big-endian",
            ByteOrder::Little => "little-endian",
        }
    }

    /// The four bytes at `offset` as an unsigned word; none past the end.
    pub fn u32_at(self, bytes: &[u8], offset: usize) -> Option<u32> {
        let word: [u8; 4] = bytes.get(offset..offset.checked_add(4)?)?.try_into().ok()?;
        Some(match self {
            ByteOrder::Big => u32::from_be_bytes(word),
            ByteOrder::Little => u32::from_le_bytes(word),
        })
    }

    /// The eight bytes at `offset` as an unsigned word; none past the end.
    pub fn u64_at(self, bytes: &[u8], offset: usize) -> Option<u64> {
        let word: [u8; 8] = bytes.get(offset..offset.checked_add(8)?)?.try_into().ok()?;
        Some(match self {
            ByteOrder::Big => u64::from_be_bytes(word),
            ByteOrder::Little => u64::from_le_bytes(word),
        })
    }

    /// The eight bytes at `offset` as a real; none past the end.
    pub fn f64_at(self, bytes: &[u8], offset: usize) -> Option<f64> {
        self.u64_at(bytes, offset).map(f64::from_bits)
    }

    /// Bytes of an unsigned word.
    pub fn u32_bytes(self, value: u32) -> [u8; 4] {
        match self {
            ByteOrder::Big => value.to_be_bytes(),
            ByteOrder::Little => value.to_le_bytes(),
        }
    }

    /// Bytes of a real.
    pub fn f64_bytes(self, value: f64) -> [u8; 8] {
        match self {
            ByteOrder::Big => value.to_be_bytes(),
            ByteOrder::Little => value.to_le_bytes(),
        }
    }
}

/// Which fields of the records are doubles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Precision {
    /// x y z are f64.
    pub double_position: bool,
    /// vx vy vz are f64.
    pub double_velocity: bool,
}

impl Precision {
    /// Bytes of a gas, dark and star record.
    pub fn record_bytes(self) -> [u64; 3] {
        let extra = 12 * (u64::from(self.double_position) + u64::from(self.double_velocity));
        RECORD_VALUES.map(|values| 4 * values + extra)
    }
}

/// A checked header: its arithmetic agrees with the length of the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Header {
    /// Scale factor, or time in code units.
    pub time: f64,
    /// Gas, dark and star particles.
    pub counts: [u64; 3],
    /// Order of the bytes in the whole file and its arrays.
    pub order: ByteOrder,
    /// Bytes before the first record: 28 or 32.
    pub bytes: u64,
    /// Doubles.
    pub precision: Precision,
}

impl Header {
    /// Particles of all three families.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Byte where block 0 (gas), 1 (dark) or 2 (stars) starts.
    pub fn block_start(&self, block: usize) -> u64 {
        let sizes = self.precision.record_bytes();
        self.bytes + (0..block.min(3)).map(|i| self.counts[i] * sizes[i]).sum::<u64>()
    }

    /// Rows of the whole snapshot before block 0 (gas), 1 (dark) or 2 (stars).
    pub fn rows_before(&self, block: usize) -> u64 {
        self.counts[..block.min(3)].iter().sum()
    }

    /// Reads the header from the first bytes of a file of `length` bytes; `wanted` is what the parameter file says about doubles.
    pub fn parse(path: &Path, head: &[u8], length: u64, wanted: Option<Precision>) -> Result<Header> {
        let place = |offset: u64| format!("byte {offset} of `{}`", path.display());
        if head.len() < SHORT_HEADER_BYTES as usize {
            return Err(Error::damaged("Tipsy header ends early")
                .at(place(head.len() as u64))
                .expected(format!("at least {SHORT_HEADER_BYTES} bytes"))
                .found(head.len())
                .hint("the file is truncated; copy it again"));
        }
        let Some(order) = byte_order(head) else {
            return Err(Error::damaged("Tipsy header has no valid number of dimensions in either byte order")
                .at(place(12))
                .expected(DIMENSIONS)
                .found(format!(
                    "{} big-endian, {} little-endian",
                    ByteOrder::Big.u32_at(head, 12).unwrap_or(0),
                    ByteOrder::Little.u32_at(head, 12).unwrap_or(0)
                ))
                .hint("only three-dimensional Tipsy files are read"));
        };
        let raw = RawHeader::read(head, order).ok_or_else(|| Error::damaged("Tipsy header ends early").at(place(0)))?;
        if !raw.time.is_finite() {
            return Err(Error::damaged("Tipsy header time is not a number").at(place(0)).found(raw.time));
        }
        let Some(first) = raw.counts().next() else {
            let [total, gas, dark, stars] = raw.words.map(u64::from);
            let swapped = RawHeader::read(head, order.other()).is_some_and(|r| r.counts().next().is_some());
            let error = Error::damaged("Tipsy particle counts do not add up")
                .at(place(8))
                .expected(format!("{total} particles in all"))
                .found(format!("{gas} gas + {dark} dark + {stars} stars = {}", gas + dark + stars));
            return Err(if swapped {
                error.hint(format!("the counts add up when read {}: the header mixes byte orders", order.other().name()))
            } else {
                error.hint("the header is damaged; copy the file again")
            });
        };
        let with = |counts| Header { time: raw.time, counts, order, bytes: HEADER_BYTES, precision: Precision::default() };
        let mut headers = raw.counts().map(with);
        let header =
            headers.find_map(|header| header.fitted(head, length, wanted)).ok_or_else(|| with(first).misfit(path, length, wanted))?;
        if header.records_are_swapped(head) {
            return Err(Error::damaged("the records are in the other byte order than the header")
                .at(place(header.bytes))
                .expected(format!("{} records, as the header says", order.name()))
                .found(format!("{} masses and positions", order.other().name()))
                .hint("the program that wrote or converted the file swapped its header only; convert it again"));
        }
        Ok(header)
    }

    /// Whether masses and positions make sense in the other byte order only: no value there is out of range, and some are here.
    fn records_are_swapped(&self, bytes: &[u8]) -> bool {
        let sizes = self.precision.record_bytes();
        let words = if self.precision.double_position { 1 } else { SAMPLED_WORDS };
        let offsets: Vec<usize> = (0..sizes.len())
            .flat_map(|block| (0..self.counts[block].min(SAMPLED_RECORDS)).map(move |i| (block, i)))
            .flat_map(|(block, i)| (0..words).map(move |word| self.block_start(block) + i * sizes[block] + 4 * word))
            .filter_map(|offset| usize::try_from(offset).ok())
            .collect();
        let strange = |order: ByteOrder| {
            let values = offsets.iter().filter_map(|at| order.u32_at(bytes, *at)).map(f32::from_bits);
            values.filter(|v| *v != 0.0 && !SENSIBLE.contains(&v.abs())).count()
        };
        offsets.len() >= SAMPLED_AT_LEAST && strange(self.order) > 0 && strange(self.order.other()) == 0
    }

    /// The header with the layout that gives exactly `length` bytes.
    fn fitted(self, head: &[u8], length: u64, wanted: Option<Precision>) -> Option<Header> {
        let single = Precision::default();
        let position = Precision { double_position: true, double_velocity: false };
        let velocity = Precision { double_position: false, double_velocity: true };
        let both = Precision { double_position: true, double_velocity: true };
        // Positions and velocities in double have the same length: the parameter file decides, positions are the usual choice.
        let candidates = [wanted.unwrap_or(single), single, position, velocity, both];
        candidates.into_iter().find_map(|precision| {
            [HEADER_BYTES, SHORT_HEADER_BYTES].into_iter().find_map(|bytes| {
                let header = Header { bytes, precision, ..self };
                (header.block_start(3) == length && (bytes == HEADER_BYTES || mass_follows(head, self.order))).then_some(header)
            })
        })
    }

    /// Why no layout fits.
    fn misfit(self, path: &Path, length: u64, wanted: Option<Precision>) -> Error {
        let header = Header { precision: wanted.unwrap_or_default(), ..self };
        let sizes = header.precision.record_bytes();
        for (block, name) in BLOCK_NAMES.iter().enumerate() {
            let start = header.block_start(block);
            if length < header.block_start(block + 1) {
                return Error::damaged(format!("{name} block ends early in snapshot"))
                    .at(format!("byte {length} of `{}`", path.display()))
                    .expected(format!("{} bytes x {} particles from byte {start}", sizes[block], self.counts[block]))
                    .found(format!("{} whole records", length.saturating_sub(start) / sizes[block]))
                    .hint("the file is truncated, or its header is damaged; copy it again");
            }
        }
        let end = header.block_start(3);
        Error::damaged("snapshot is longer than its header says")
            .at(format!("byte {end} of `{}`", path.display()))
            .expected(format!("{end} bytes"))
            .found(format!("{length} bytes"))
            .hint("no Tipsy layout (28 or 32 byte header, f32 or f64 positions and velocities) has this length")
    }
}

/// Whether the word after a 28-byte header can be the mass of the first particle.
///
/// A pad is 0, 1 or a few high bits, none of which is an ordinary positive real: without this look, a standard file that lost its
/// last four bytes would pass for one without a pad, with every value shifted by one field.
fn mass_follows(head: &[u8], order: ByteOrder) -> bool {
    order.u32_at(head, SHORT_HEADER_BYTES as usize).map(f32::from_bits).is_none_or(|mass| mass.is_normal() && mass > SMALLEST_MASS)
}

/// The byte order in which the header has three dimensions; the field cannot be 3 in both.
pub fn byte_order(head: &[u8]) -> Option<ByteOrder> {
    [ByteOrder::Big, ByteOrder::Little].into_iter().find(|order| order.u32_at(head, 12) == Some(DIMENSIONS))
}

/// Whether `head` starts like a Tipsy file, be it damaged further on.
pub fn looks_like_tipsy(head: &[u8]) -> bool {
    byte_order(head).and_then(|order| RawHeader::read(head, order)).is_some_and(|raw| {
        let plausible = raw.time == 0.0 || TIME_RANGE.contains(&raw.time.abs());
        raw.counts().next().is_some() || plausible
    })
}

struct RawHeader {
    time: f64,
    words: [u32; 4],
    pad: u32,
}

impl RawHeader {
    fn read(head: &[u8], order: ByteOrder) -> Option<RawHeader> {
        let word = |offset| order.u32_at(head, offset);
        Some(RawHeader { time: order.f64_at(head, 0)?, words: [word(8)?, word(16)?, word(20)?, word(24)?], pad: word(28).unwrap_or(0) })
    }

    /// Gas, dark, stars where they add up to the total: as they are, and with the pad's bytes as bits 32 to 39.
    ///
    /// Both may add up (2^32 + 5 dark particles among 2^32 + 7), and then the length of the file decides.
    fn counts(&self) -> impl Iterator<Item = [u64; 3]> {
        let [total, gas, dark, stars] = self.words.map(u64::from);
        let high = |byte: u32| u64::from((self.pad >> (8 * byte)) & 0xff) << 32;
        let plain = (total, [gas, dark, stars]);
        let padded = (total + high(0), [gas + high(1), dark + high(2), stars + high(3)]);
        [Some(plain), (self.pad != 0).then_some(padded)]
            .into_iter()
            .flatten()
            .filter(|(total, counts)| *total == counts.iter().sum::<u64>())
            .map(|(_, counts)| counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(order: ByteOrder, time: f64, words: [u32; 6]) -> Vec<u8> {
        let mut bytes = order.f64_bytes(time).to_vec();
        words.iter().for_each(|w| bytes.extend(order.u32_bytes(*w)));
        bytes
    }

    fn parse(bytes: &[u8], length: u64) -> Result<Header> {
        Header::parse(Path::new("a.00001"), bytes, length, None)
    }

    #[test]
    fn both_orders_and_both_lengths_are_found() {
        for order in [ByteOrder::Big, ByteOrder::Little] {
            let records = 48 + 2 * 36 + 3 * 44;
            for (header_bytes, word) in [(28, 1e-3f32.to_bits()), (32, 1)] {
                let bytes = head(order, 0.5, [6, 3, 1, 2, 3, word]);
                let header = parse(&bytes, header_bytes + records).unwrap();
                assert_eq!((header.order, header.bytes, header.counts), (order, header_bytes, [1, 2, 3]), "pad 1 is ignored");
                assert_eq!(header.block_start(2), header_bytes + 48 + 72);
                assert_eq!((header.rows_before(2), header.total()), (3, 6));
            }
        }
    }

    #[test]
    fn doubles_follow_from_the_length_and_the_parameter_file() {
        let bytes = head(ByteOrder::Big, 0.5, [6, 3, 1, 2, 3, 0]);
        let length = 32 + 60 + 2 * 48 + 3 * 56;
        let position = Precision { double_position: true, double_velocity: false };
        let velocity = Precision { double_position: false, double_velocity: true };
        assert_eq!(parse(&bytes, length).unwrap().precision, position);
        assert_eq!(Header::parse(Path::new("a"), &bytes, length, Some(velocity)).unwrap().precision, velocity);
        let both = Precision { double_position: true, double_velocity: true };
        assert_eq!(parse(&bytes, 32 + 72 + 2 * 60 + 3 * 68).unwrap().precision, both);
        assert_eq!(Header::parse(Path::new("a"), &bytes, 32 + 48 + 72 + 132, Some(both)).unwrap().precision, Precision::default());
    }

    #[test]
    fn counts_of_forty_bits_use_the_pad() {
        // 2^32 + 5 dark particles and 2 stars: total 2^32 + 7.
        let bytes = head(ByteOrder::Big, 0.5, [7, 3, 0, 5, 2, 0x0001_0001]);
        let dark = (1u64 << 32) + 5;
        let header = parse(&bytes, 32 + 36 * dark + 88).unwrap();
        assert_eq!(header.counts, [0, dark, 2]);
    }

    #[test]
    fn every_wrong_length_names_the_block_where_the_file_ends() {
        let bytes = head(ByteOrder::Big, 0.5, [6, 3, 1, 2, 3, 0]);
        for length in 28..300 {
            let result = parse(&bytes, length);
            if length == 284 {
                assert!(result.is_ok());
                continue;
            }
            let text = result.unwrap_err().to_string();
            let name = match length {
                0..80 => "gas block ends early",
                80..152 => "dark matter block ends early",
                152..284 => "star block ends early",
                _ => "longer than its header says",
            };
            assert!(text.contains(name), "{length}: {text}");
        }
        let error = parse(&bytes, 240).unwrap_err().to_string();
        assert!(
            error.contains("byte 240 of `a.00001`") && error.contains("44 bytes x 3 particles") && error.contains("2 whole records"),
            "{error}"
        );
    }

    #[test]
    fn nonsense_headers_are_refused_with_the_field() {
        let text = |words| parse(&head(ByteOrder::Big, 0.5, words), 1000).unwrap_err().to_string();
        assert!(text([7, 3, 1, 2, 3, 0]).contains("1 gas + 2 dark + 3 stars = 6"));
        assert!(text([6, 2, 1, 2, 3, 0]).contains("expected 3, found 2 big-endian"));
        assert!(parse(&head(ByteOrder::Big, f64::NAN, [1, 3, 1, 0, 0, 0]), 80).is_err());
        assert!(parse(&[0; 27], 27).is_err());
        assert!(text([u32::MAX, 3, u32::MAX, 0, 0, 0]).contains("gas block ends early"));
        assert!(!looks_like_tipsy(b"SIMPLE  =                    T"));
        // A GADGET block marker 256 and counts 1, 2 make no plausible time.
        assert!(!looks_like_tipsy(&[0, 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    }
}
