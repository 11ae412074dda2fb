//! Text tables of halo finders: lines, words and numbers, with the line of whatever is wrong.
//!
//! Layout     a header line of names, `#` comments, then rows of words between blanks
//! Refuses    a file that ends in the middle of a line, bytes that are no text, words that are no numbers, rows of another length
//! Edge cases identifiers keep all 64 bits; negative ones are null; infinities and NaN of unfitted quantities pass
//! Cost       one pass over the mapped file, no copy of it
//! See also   `ahf`, `rockstar::list`, `rockstar::consistent_trees`

use std::path::Path;

use crate::error::{Error, Result};
use crate::ingest::mapped::Mapped;

use super::table::Table;
use super::units::{Kind, Scale};

/// Characters of a bad word that an error shows.
const SHOWN: usize = 40;

/// A mapped text file.
#[derive(Debug)]
pub(super) struct TextFile {
    map: Mapped,
}

impl TextFile {
    /// Maps the file and checks that it is text that ends with a line's end.
    pub fn open(path: &Path) -> Result<TextFile> {
        let file = TextFile { map: Mapped::open(path)? };
        let bytes = file.map.bytes();
        let place = |at: usize| format!("byte {at} of `{}`", path.display());
        if bytes.is_empty() {
            return Err(Error::damaged("file is empty").at(format!("`{}`", path.display())));
        }
        if let Err(e) = std::str::from_utf8(bytes) {
            return Err(Error::damaged("text file holds bytes that are no text").at(place(e.valid_up_to())));
        }
        if let Some(at) = bytes.iter().position(|b| *b == 0) {
            return Err(Error::damaged("text file holds bytes that are no text").at(place(at)));
        }
        if !bytes.ends_with(b"\n") {
            return Err(Error::damaged("file ends in the middle of a line")
                .at(place(bytes.len()))
                .hint("the file is truncated; copy it again"));
        }
        Ok(file)
    }

    /// Length in bytes.
    pub fn length(&self) -> u64 {
        self.map.length()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.map.path()
    }

    /// Lines with their numbers from 1, empty ones left out.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let text = std::str::from_utf8(self.map.bytes()).unwrap_or("");
        text.lines().enumerate().map(|(i, line)| (i + 1, line.trim())).filter(|(_, line)| !line.is_empty())
    }

    /// A line for messages.
    pub fn at(&self, line: usize) -> String {
        format!("line {line} of `{}`", self.path().display())
    }

    /// The file for messages.
    pub fn place(&self) -> String {
        format!("`{}`", self.path().display())
    }

    /// An error about a word.
    pub fn bad(&self, line: usize, what: &str, word: &str) -> Error {
        let shown: String = word.chars().take(SHOWN).collect();
        Error::damaged(what).at(self.at(line)).found(format!("`{shown}`"))
    }

    /// A whole number; none when it is negative.
    pub fn whole(&self, line: usize, word: &str) -> Result<Option<u64>> {
        if let Ok(value) = word.parse::<u64>() {
            return Ok(Some(value));
        }
        match word.parse::<i64>() {
            Ok(_) => Ok(None),
            Err(_) => Err(self.bad(line, "expected a whole number", word)),
        }
    }

    /// A number.
    pub fn real(&self, line: usize, word: &str) -> Result<f64> {
        word.parse().map_err(|_| self.bad(line, "expected a number", word))
    }
}

/// Name of a file's column and what it becomes.
#[derive(Clone, Debug)]
pub(super) struct Meaning {
    /// Name in the file.
    pub source: String,
    /// Column name.
    pub column: String,
    /// Meaning of its numbers.
    pub kind: Kind,
}

#[derive(Debug)]
enum Values {
    Whole(Vec<Option<u64>>),
    Real(Vec<f64>),
}

/// Rows of a text table, column by column.
#[derive(Debug)]
pub(super) struct Parsed {
    columns: Vec<(Meaning, Values)>,
    width: Option<usize>,
    /// Rows so far.
    pub rows: usize,
}

impl Parsed {
    /// An empty table of these columns.
    pub fn new(meanings: Vec<Meaning>) -> Parsed {
        let columns = meanings
            .into_iter()
            .map(|m| {
                let values = if matches!(m.kind, Kind::Whole | Kind::Flag) { Values::Whole(Vec::new()) } else { Values::Real(Vec::new()) };
                (m, values)
            })
            .collect();
        Parsed { columns, width: None, rows: 0 }
    }

    /// Adds one line. Every row has a word for every column, or all of them have the same smaller number of at least `least`.
    pub fn push(&mut self, file: &TextFile, number: usize, line: &str, least: usize) -> Result<()> {
        let mut count = 0;
        for word in line.split_whitespace() {
            match self.columns.get_mut(count) {
                Some((_, Values::Whole(values))) => values.push(file.whole(number, word)?),
                Some((_, Values::Real(values))) => values.push(file.real(number, word)?),
                None => {}
            }
            count += 1;
        }
        let wanted = self.width.unwrap_or(if count >= least { count.min(self.columns.len()) } else { self.columns.len() });
        if count != wanted {
            return Err(Error::damaged("row has another number of values than the columns")
                .at(file.at(number))
                .expected(wanted)
                .found(count)
                .hint("the file is truncated or two files were joined; copy it again"));
        }
        self.width = Some(wanted);
        self.rows += 1;
        Ok(())
    }

    /// Forgets the columns that no row has; a note says so.
    pub fn trim(&mut self, notes: &mut Vec<String>) {
        if let Some(width) = self.width.filter(|w| *w < self.columns.len()) {
            notes.push(format!("rows hold only the first {width} of {} columns", self.columns.len()));
            self.columns.truncate(width);
        }
    }

    /// Takes a column of whole numbers.
    pub fn take_whole(&mut self, column: &str) -> Option<(String, Vec<Option<u64>>)> {
        let at = self.columns.iter().position(|(m, v)| m.column == column && matches!(v, Values::Whole(_)))?;
        match self.columns.remove(at) {
            (m, Values::Whole(values)) => Some((m.source, values)),
            _ => None,
        }
    }

    /// The numbers of a column.
    pub fn real(&self, column: &str) -> Option<&[f64]> {
        self.columns.iter().find_map(|(m, values)| match values {
            Values::Real(v) if m.column == column => Some(v.as_slice()),
            _ => None,
        })
    }

    /// Replaces the numbers of a column by as many others.
    pub fn replace(&mut self, column: &str, numbers: Vec<f64>) {
        if let Some((_, Values::Real(values))) = self.columns.iter_mut().find(|(m, _)| m.column == column) {
            *values = numbers;
        }
    }

    /// Puts all columns into `table`.
    pub fn into_table(self, table: &mut Table, scales: &[Scale]) {
        self.into_described(table, scales, &[]);
    }

    /// The same, with words for columns that are something else than under this name in a table of haloes.
    pub fn into_described(self, table: &mut Table, scales: &[Scale], words: &[(&str, &str)]) {
        for (m, values) in self.columns {
            match values {
                Values::Whole(v) if m.kind == Kind::Flag => table.flags(&m.column, &m.source, v.into_iter().map(|v| v.map(|v| v != 0))),
                Values::Whole(v) => table.whole(&m.column, &m.source, v),
                Values::Real(v) => table.reals(&m.column, &m.source, m.kind, v, scales),
            }
            if let Some((_, text)) = words.iter().find(|(name, _)| *name == m.column) {
                table.describe(&m.column, text);
            }
        }
    }
}

/// `Mvir(4)` without its number; `b_to_a(500c)` is left alone.
pub(super) fn without_number(name: &str) -> &str {
    match name.strip_suffix(')').and_then(|n| n.rsplit_once('(')) {
        Some((base, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &[u8]) -> Result<TextFile> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        std::fs::write(&path, text).unwrap();
        TextFile::open(&path)
    }

    fn meanings() -> Vec<Meaning> {
        [("ID", "halo_id", Kind::Whole), ("M", "mass", Kind::Mass), ("s", "s", Kind::Number)]
            .map(|(source, column, kind)| Meaning { source: source.into(), column: column.into(), kind })
            .to_vec()
    }

    #[test]
    fn identifiers_keep_all_bits_and_negative_ones_are_null() {
        let f = file(b"18446744073709551615 1e10 nan\n-1 2 inf\n").unwrap();
        let mut parsed = Parsed::new(meanings());
        f.lines().for_each(|(n, line)| parsed.push(&f, n, line, 3).unwrap());
        let (source, ids) = parsed.take_whole("halo_id").unwrap();
        assert_eq!((source.as_str(), ids), ("ID", vec![Some(u64::MAX), None]));
        assert_eq!(parsed.real("mass").unwrap(), [1e10, 2.0]);
    }

    #[test]
    fn damage_names_the_line() {
        assert!(file(b"1 2 3").unwrap_err().to_string().contains("file ends in the middle of a line"));
        assert!(file(b"1 \xff 3\n").unwrap_err().to_string().contains("byte 2 of"));
        assert!(file(b"").unwrap_err().to_string().contains("file is empty"));
        for (text, words) in [
            ("1 2 3\n4 5\n", "expected 3, found 2"),
            ("1 2 3 4\n", "expected 3, found 4"),
            ("1 2 x\n", "found `x`"),
            ("1.5 2 3\n", "`1.5`"),
        ] {
            let f = file(text.as_bytes()).unwrap();
            let mut parsed = Parsed::new(meanings());
            let error = f.lines().find_map(|(n, line)| parsed.push(&f, n, line, 3).err()).unwrap().to_string();
            assert!(error.contains(words) && error.contains("line "), "{error}");
        }
    }

    #[test]
    fn short_rows_are_allowed_where_all_are_short() {
        let f = file(b"1 2\n3 4\n5\n").unwrap();
        let mut parsed = Parsed::new(meanings());
        let results: Vec<bool> = f.lines().map(|(n, line)| parsed.push(&f, n, line, 2).is_ok()).collect();
        assert_eq!(results, [true, true, false]);
        let mut notes = Vec::new();
        parsed.trim(&mut notes);
        assert_eq!(notes, ["rows hold only the first 2 of 3 columns"]);
    }

    #[test]
    fn numbers_of_columns_are_stripped() {
        assert_eq!((without_number("Mvir(4)"), without_number("b_to_a(500c)"), without_number("x")), ("Mvir", "b_to_a(500c)", "x"));
    }
}
