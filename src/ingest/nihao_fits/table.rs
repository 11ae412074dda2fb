//! Binary tables of FITS: where the rows lie and what each of their fields is.
//!
//! Layout     NAXIS1 bytes a row, NAXIS2 rows; field n has TFORMn (repeat and letter L B I J K E D A), TTYPEn, TUNITn, TNULLn,
//!            TSCALn, TZEROn; every number is big-endian
//! Source     FITS Standard 4.0, section 7.3; checksum convention in section 4.4.2.7 and appendix J
//! Refuses    variable-length arrays (P, Q), bits and complex numbers by name; rows that are not as long as their fields; data cut
//!            short; data whose DATASUM differs, where the file has one
//! Edge cases a repeat of 0 is no field; the padding after the data may be missing; images and other tables before and after the
//!            table are skipped, the first table with positions is taken
//! Cost       DATASUM reads the data once, on all threads
//! See also   `cards`, `names`, `read`

use rayon::prelude::*;

use super::cards::{BLOCK_BYTES, Cards};
use crate::error::{Error, Result};

/// Fields that a table may have, by the standard.
const MOST_FIELDS: u64 = 999;
/// Values of one field of a row that become columns at most.
const MOST_VALUES: usize = 256;
/// Bytes that one thread sums at a time: whole words.
const SUM_BYTES: usize = 1 << 20;

/// What the bytes of a value are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// L: `T`, `F`, or 0 for null.
    Logical,
    /// B: unsigned byte.
    Byte,
    /// I: 16 bits.
    Short,
    /// J: 32 bits.
    Int,
    /// K: 64 bits.
    Long,
    /// E: single precision.
    Single,
    /// D: double precision.
    Double,
    /// A: letters.
    Text,
}

impl Kind {
    /// Bytes of a value.
    pub(super) fn width(self) -> usize {
        match self {
            Kind::Logical | Kind::Byte | Kind::Text => 1,
            Kind::Short => 2,
            Kind::Int | Kind::Single => 4,
            Kind::Long | Kind::Double => 8,
        }
    }

    /// Whether it is an integer.
    pub(super) fn is_integer(self) -> bool {
        matches!(self, Kind::Byte | Kind::Short | Kind::Int | Kind::Long)
    }
}

/// One field of a row.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// TTYPE, or `col3`.
    pub(super) name: String,
    /// Kind of its values.
    pub(super) kind: Kind,
    /// Values a row; letters of a text.
    pub(super) repeat: usize,
    /// Offset in the row.
    pub(super) offset: usize,
    /// TUNIT, where it is not empty.
    pub(super) unit: Option<String>,
    /// TSCAL.
    pub(super) scale: f64,
    /// TZERO.
    pub(super) zero: f64,
    /// TNULL of integers.
    pub(super) null: Option<i64>,
}

/// One table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Offset of the first row.
    pub(super) start: usize,
    /// Bytes a row.
    pub(super) row_bytes: usize,
    /// Rows.
    pub(super) rows: u64,
    /// Fields.
    pub(super) fields: Vec<Field>,
    /// DATASUM, where the header has it, and the bytes that it covers without padding.
    sum: Option<(u64, usize)>,
    /// What the headers say besides.
    pub(super) attributes: Vec<(String, String)>,
    /// What the user should know.
    pub(super) notes: Vec<String>,
}

/// What the first bytes of a file tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// No FITS file with extensions.
    Other,
    /// The first extension is a binary table.
    Table,
    /// Some extension may be one.
    Unseen,
}

/// What `head` tells of a file of `length` bytes.
pub(super) fn first(head: &[u8], length: u64) -> First {
    if !head.starts_with(b"SIMPLE  =") || length < 2 * BLOCK_BYTES as u64 {
        return First::Other;
    }
    match Cards::read(head, 0, "").and_then(|c| Ok((c.end, c.data_bytes()?))) {
        // The next header begins within the head.
        Ok((end, 0)) if head.get(end..).is_some_and(|next| next.starts_with(b"XTENSION= 'BINTABLE'")) => First::Table,
        _ => First::Unseen,
    }
}

/// Whether any extension is a binary table; true where the headers are damaged, so that opening the file says how.
pub(super) fn holds_table(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let Ok((cards, length)) = Cards::read(bytes, at, "").and_then(|c| c.data_bytes().map(|l| (c, l))) else { return true };
        if cards.text("XTENSION").as_deref() == Some("BINTABLE") {
            return true;
        }
        at = cards.end.saturating_add(length).div_ceil(BLOCK_BYTES).saturating_mul(BLOCK_BYTES);
    }
    false
}

/// Finds the table with positions in the file that `file` names.
pub(super) fn find(bytes: &[u8], file: &str) -> Result<Table> {
    let mut at = 0;
    let mut attributes = Vec::new();
    let mut seen = Vec::new();
    let mut found: Option<Table> = None;
    while at < bytes.len() {
        // Blanks or zeros after the last table are an editor's or a tape's.
        if at > 0 && bytes[at..].iter().all(|b| *b == 0 || b.is_ascii_whitespace()) {
            break;
        }
        let cards = Cards::read(bytes, at, file)?;
        let length = cards.data_bytes()?;
        let kind = cards.text("XTENSION").unwrap_or_else(|| if at == 0 { "primary".into() } else { "nothing".into() });
        if at == 0 {
            attributes = cards.attributes();
        }
        let end = cards.end.checked_add(length).filter(|end| *end <= bytes.len()).ok_or_else(|| {
            Error::damaged("data end early")
                .at(format!("byte {} of {file}", bytes.len()))
                .expected(format!("{length} bytes from byte {}", cards.end))
                .found(bytes.len().saturating_sub(cards.end))
                .hint("the file is truncated; copy it again")
        })?;
        if kind == "BINTABLE" {
            if found.is_some() {
                seen.push(format!("another table at byte {at}"));
            } else {
                let table = Table::read(&cards, at, file)?;
                if table.has_positions() {
                    found = Some(table);
                } else {
                    let names: Vec<&str> = table.fields.iter().take(8).map(|f| f.name.as_str()).collect();
                    seen.push(format!("table at byte {at} without positions ({})", names.join(", ")));
                }
            }
        } else if length > 0 {
            seen.push(format!("{kind} data at byte {at}"));
        }
        at = end.div_ceil(BLOCK_BYTES) * BLOCK_BYTES;
    }
    match found {
        Some(mut table) => {
            attributes.append(&mut table.attributes);
            table.attributes = attributes;
            table.notes.extend(seen.iter().map(|s| format!("{s} of {file} was passed over")));
            Ok(table)
        }
        None => Err(Error::unsupported("FITS file holds no particles")
            .at(file)
            .expected("a binary table with columns x, y and z")
            .found(if seen.is_empty() { "no table".to_string() } else { seen.join(", ") })
            .hint("other FITS tables are read after a conversion to Parquet")),
    }
}

impl Table {
    fn read(cards: &Cards, at: usize, file: &str) -> Result<Table> {
        let place = format!("header at byte {at} of {file}");
        let wrong = |what: &str, expected: &str, found: String| Error::damaged(what).at(&place).expected(expected).found(found);
        let (axes, bits) = (cards.count("NAXIS")?, cards.integer("BITPIX")?);
        if axes != 2 || bits != Some(8) {
            return Err(wrong("table has another layout", "NAXIS 2 and BITPIX 8", format!("NAXIS {axes} and BITPIX {bits:?}")));
        }
        let (row_bytes, rows, count) = (cards.count("NAXIS1")?, cards.count("NAXIS2")?, cards.count("TFIELDS")?);
        if count > MOST_FIELDS {
            return Err(wrong("table has too many fields", "999 at most", count.to_string()));
        }
        let mut fields = Vec::new();
        let mut offset: usize = 0;
        for number in 1..=count {
            let (field, bytes) = field(cards, number, offset, &place)?;
            fields.extend(field);
            offset =
                offset.checked_add(bytes).ok_or_else(|| wrong("fields make no sense", "rows of some bytes", "more than memory".into()))?;
        }
        if offset as u64 != row_bytes {
            return Err(wrong("fields do not fill the row", &format!("NAXIS1 = {row_bytes} bytes"), format!("{offset} in {count} fields")));
        }
        let length = cards.data_bytes()?;
        let sum = cards.text("DATASUM").and_then(|t| t.trim().parse().ok()).map(|sum| (sum, length));
        let attributes = cards.attributes();
        Ok(Table { start: cards.end, row_bytes: offset, rows, fields, sum, attributes, notes: Vec::new() })
    }

    fn has_positions(&self) -> bool {
        ["x", "y", "z"].iter().all(|axis| self.fields.iter().any(|f| f.name.eq_ignore_ascii_case(axis)))
    }

    /// Compares the data with the sum that the header has, if it has one.
    pub(super) fn check_sum(&mut self, bytes: &[u8], file: &str) -> Result<()> {
        let Some((stored, length)) = self.sum else { return Ok(()) };
        let end = self.start.saturating_add(length).div_ceil(BLOCK_BYTES) * BLOCK_BYTES;
        let data = bytes.get(self.start..end.min(bytes.len())).unwrap_or_default();
        let found = ones_complement_sum(data);
        // Both forms of zero are one number.
        let same = |a: u64, b: u64| a % u64::from(u32::MAX) == b % u64::from(u32::MAX);
        if !same(stored, found) {
            return Err(Error::damaged("data differ from their checksum")
                .at(format!("bytes {} to {end} of {file}", self.start))
                .expected(format!("DATASUM {stored}"))
                .found(found)
                .hint("the file was damaged after it was written; copy it again"));
        }
        self.notes.push(format!("the checksum of the data of {file} was verified"));
        Ok(())
    }
}

/// Sum of big-endian words with the carry added at the low end.
fn ones_complement_sum(data: &[u8]) -> u64 {
    let words = |piece: &[u8]| -> u64 {
        let (whole, rest) = piece.as_chunks::<4>();
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        whole.iter().map(|w| u64::from(u32::from_be_bytes(*w))).sum::<u64>() + u64::from(u32::from_be_bytes(last))
    };
    let mut sum: u64 = data.par_chunks(SUM_BYTES).map(words).sum();
    while sum >> 32 > 0 {
        sum = (sum & u64::from(u32::MAX)) + (sum >> 32);
    }
    sum
}

/// Field `number` and its bytes in the row.
fn field(cards: &Cards, number: u64, offset: usize, place: &str) -> Result<(Option<Field>, usize)> {
    let key = |name: &str| format!("{name}{number}");
    let form = cards.text(&key("TFORM")).unwrap_or_default();
    let name = cards.text(&key("TTYPE")).filter(|n| !n.trim().is_empty()).map_or_else(|| format!("col{number}"), |n| n.trim().to_string());
    let damaged = || {
        Error::damaged(format!("`{}` makes no sense", key("TFORM")))
            .at(format!("column `{name}` in {place}"))
            .expected("a number and one of L B I J K E D A")
            .found(format!("`{form}`"))
    };
    let digits = form.len() - form.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (repeat, letters) = form.split_at(digits);
    let repeat: usize = if repeat.is_empty() { 1 } else { repeat.parse().map_err(|_| damaged())? };
    let kind = match letters.chars().next() {
        Some('L') => Kind::Logical,
        Some('B') => Kind::Byte,
        Some('I') => Kind::Short,
        Some('J') => Kind::Int,
        Some('K') => Kind::Long,
        Some('E') => Kind::Single,
        Some('D') => Kind::Double,
        Some('A') => Kind::Text,
        Some(letter @ ('P' | 'Q' | 'X' | 'C' | 'M')) => {
            let what = match letter {
                'P' | 'Q' => "variable-length arrays",
                'X' => "bits",
                _ => "complex numbers",
            };
            return Err(Error::unsupported(format!("column of {what} is not read"))
                .at(format!("column `{name}` in {place}"))
                .expected("numbers, flags or text of a fixed length")
                .found(format!("`{form}`"))
                .hint("write the table again without this column"));
        }
        _ => return Err(damaged()),
    };
    let bytes = repeat.checked_mul(kind.width()).ok_or_else(damaged)?;
    if repeat == 0 {
        return Ok((None, 0));
    }
    if kind != Kind::Text && repeat > MOST_VALUES {
        return Err(Error::unsupported("column has too many values a row")
            .at(format!("column `{name}` in {place}"))
            .expected(format!("{MOST_VALUES} at most"))
            .found(repeat));
    }
    let numeric = !matches!(kind, Kind::Text | Kind::Logical);
    let field = Field {
        kind,
        repeat,
        offset,
        unit: cards.text(&key("TUNIT")).map(|u| u.trim().to_string()).filter(|u| !u.is_empty()),
        scale: if numeric { cards.real(&key("TSCAL"))?.unwrap_or(1.0) } else { 1.0 },
        zero: if numeric { cards.real(&key("TZERO"))?.unwrap_or(0.0) } else { 0.0 },
        null: if kind.is_integer() { cards.integer(&key("TNULL"))? } else { None },
        name,
    };
    Ok((Some(field), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_carries_round() {
        assert_eq!(ones_complement_sum(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 5]), 5);
        assert_eq!(ones_complement_sum(&[0, 0, 0, 1, 2]), 1 + 0x0200_0000);
        assert_eq!(ones_complement_sum(&vec![0xff; 3 * SUM_BYTES]), u64::from(u32::MAX));
    }

    #[test]
    fn only_files_with_a_table_are_recognised() {
        let card = |text: &str| format!("{text:<80}");
        let block = |cards: &[&str]| format!("{:<2880}", cards.iter().map(|c| card(c)).collect::<String>());
        let primary = block(&["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0", "END"]);
        let table = format!("{primary}{}", block(&["XTENSION= 'BINTABLE'", "END"]));
        let image = format!("{primary}{}", block(&["XTENSION= 'IMAGE   '", "BITPIX  = 8", "NAXIS   = 0", "END"]));
        let head = |text: &str| text.as_bytes()[..4096].to_vec();
        assert_eq!((first(&head(&table), 5760), first(&head(&image), 5760)), (First::Table, First::Unseen));
        assert_eq!((first(primary.as_bytes(), 2880), first(b"SIMPLE  =      T", 16)), (First::Other, First::Other));
        assert!(holds_table(table.as_bytes()) && !holds_table(image.as_bytes()) && holds_table(&image.as_bytes()[..3000]));
    }
}
