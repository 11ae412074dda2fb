//! Headers of FITS files: keywords and values on cards of 80 characters, up to END.
//!
//! Layout     blocks of 2880 bytes of 36 cards; keyword in columns 1 to 8, `= ` in 9 and 10, then the value, `/` and a comment
//! Source     FITS Standard 4.0 (IAU FITS Working Group 2018), sections 3 and 4
//! Refuses    a header without END, with the byte where it starts; values that are not of the kind that is asked for
//! Edge cases `D` as exponent, doubled quotes in text, blanks at the end of text, keywords that come twice (the first counts)
//! See also   `table` for the keywords of a table

use crate::error::{Error, Result};

/// Headers and data fill multiples of this.
pub(super) const BLOCK_BYTES: usize = 2880;
/// One card.
const CARD_BYTES: usize = 80;
/// Keywords that describe the layout and are no news to a user.
const STRUCTURE: [&str; 10] = ["SIMPLE", "XTENSION", "BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "TFIELDS", "EXTEND", "CHECKSUM", "DATASUM"];

/// The cards of one header.
#[derive(Clone, Debug)]
pub(super) struct Cards {
    list: Vec<(String, String)>,
    place: String,
    /// Offset of the first byte after the header.
    pub(super) end: usize,
}

impl Cards {
    /// Reads the header at `start` of `bytes`; `file` names the file.
    pub(super) fn read(bytes: &[u8], start: usize, file: &str) -> Result<Cards> {
        let place = format!("header at byte {start} of {file}");
        let mut list: Vec<(String, String)> = Vec::new();
        let rest = bytes.get(start..).unwrap_or_default();
        for (number, card) in rest.chunks_exact(CARD_BYTES).enumerate() {
            let (name, tail) = card.split_at(8);
            if !card.iter().all(|b| (b' '..=b'~').contains(b)) {
                let at = start + number * CARD_BYTES;
                return Err(Error::damaged("header has bytes that are no text")
                    .at(format!("byte {at} of {file}"))
                    .expected("printable ASCII"));
            }
            let name = String::from_utf8_lossy(name).trim_end().to_string();
            if name == "END" {
                let used = (number + 1) * CARD_BYTES;
                return Ok(Cards { list, place, end: start + used.next_multiple_of(BLOCK_BYTES) });
            }
            if let Some(value) = tail.strip_prefix(b"= ")
                && !list.iter().any(|(n, _)| *n == name)
            {
                list.push((name, String::from_utf8_lossy(value).trim().to_string()));
            }
        }
        Err(Error::damaged("header has no END")
            .at(format!("byte {} of {file}", bytes.len()))
            .expected(format!("a card END after byte {start}"))
            .found("the end of the file")
            .hint("the file is truncated; copy it again"))
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.list.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Text between quotes, without blanks at its end.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        quoted(self.value(name)?)
    }

    /// A number that must be there.
    pub(super) fn count(&self, name: &str) -> Result<u64> {
        let value = self.value(name).map(without_comment);
        value.and_then(|v| v.parse().ok()).ok_or_else(|| {
            Error::damaged(format!("`{name}` is no number"))
                .at(&self.place)
                .expected("a whole number, not negative")
                .found(value.unwrap_or("nothing"))
        })
    }

    /// A whole number, if the keyword is there.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>> {
        self.parsed(name, "a whole number", |v| v.parse().ok())
    }

    /// A real number, if the keyword is there.
    pub(super) fn real(&self, name: &str) -> Result<Option<f64>> {
        self.parsed(name, "a finite number", |v| v.replace(['D', 'd'], "E").parse().ok().filter(|x: &f64| x.is_finite()))
    }

    fn parsed<T>(&self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.value(name).map(without_comment) else { return Ok(None) };
        let wrong = || Error::damaged(format!("`{name}` is no number")).at(&self.place).expected(expected).found(value);
        parse(value).map(Some).ok_or_else(wrong)
    }

    /// Bytes of the data behind the header, without padding.
    pub(super) fn data_bytes(&self) -> Result<usize> {
        let axes = self.count("NAXIS")?;
        let bits = self.integer("BITPIX")?.unwrap_or(8).unsigned_abs();
        let mut values: Option<u64> = (axes > 0).then_some(1);
        for axis in 1..=axes.min(999) {
            let length = self.count(&format!("NAXIS{axis}"))?;
            values = values.and_then(|v| v.checked_mul(length));
            if axes > 0 && values.is_none() {
                break;
            }
        }
        if axes == 0 {
            return Ok(0);
        }
        let (heap, groups) = (self.integer("PCOUNT")?.unwrap_or(0), self.integer("GCOUNT")?.unwrap_or(1));
        let total = || {
            let values = values?.checked_add(u64::try_from(heap).ok()?)?.checked_mul(u64::try_from(groups).ok()?)?;
            usize::try_from(values.checked_mul(bits)? / 8).ok()
        };
        total().ok_or_else(|| Error::damaged("axes make no sense").at(&self.place))
    }

    /// What the writer said besides the layout, as text.
    pub(super) fn attributes(&self) -> Vec<(String, String)> {
        let layout = |name: &str| {
            let numbered = name.trim_end_matches(|c: char| c.is_ascii_digit());
            STRUCTURE.contains(&numbered) || (numbered != name && numbered.starts_with('T'))
        };
        let shown = |v: &str| quoted(v).unwrap_or_else(|| without_comment(v).to_string());
        self.list.iter().filter(|(name, _)| !layout(name)).map(|(name, value)| (name.clone(), shown(value))).collect()
    }
}

/// Text of a value that starts with a quote.
fn quoted(value: &str) -> Option<String> {
    let mut out = String::new();
    let mut letters = value.strip_prefix('\'')?.chars().peekable();
    while let Some(c) = letters.next() {
        match (c, letters.peek()) {
            ('\'', Some('\'')) => {
                letters.next();
                out.push('\'');
            }
            ('\'', _) => return Some(out.trim_end().to_string()),
            _ => out.push(c),
        }
    }
    None
}

fn without_comment(value: &str) -> &str {
    value.split('/').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cards: &[&str]) -> Vec<u8> {
        let mut text: String = cards.iter().map(|c| format!("{c:<80}")).collect();
        text.push_str(&format!("{:<80}", "END"));
        let length = text.len().next_multiple_of(BLOCK_BYTES);
        format!("{text:<length$}").into_bytes()
    }

    #[test]
    fn values_of_every_kind_are_read() {
        let bytes = header(&[
            "SIMPLE  =                    T / standard",
            "TZERO1  =             2.5D+03 / offset",
            "TTYPE1  = 'it''s /x  '         / name",
            "NAXIS   =                    2",
            "NAXIS1  =                   10",
            "NAXIS2  =                    7 / rows",
            "PCOUNT  =                   30",
            "BITPIX  =                    8",
            "RUN     = 'g8.26e11'",
            "COMMENT = not a value",
        ]);
        let cards = Cards::read(&bytes, 0, "`a`").unwrap();
        assert_eq!(cards.text("TTYPE1").as_deref(), Some("it's /x"));
        assert_eq!(cards.real("TZERO1").unwrap(), Some(2500.0));
        assert_eq!((cards.count("NAXIS2").unwrap(), cards.integer("NAXIS3").unwrap()), (7, None));
        assert_eq!((cards.data_bytes().unwrap(), cards.end), (100, BLOCK_BYTES));
        assert_eq!(cards.attributes(), [("RUN".to_string(), "g8.26e11".to_string()), ("COMMENT".to_string(), "not a value".to_string())]);
        assert!(cards.count("GCOUNT").is_err() && cards.integer("RUN").is_err());
    }

    #[test]
    fn damage_is_refused_with_the_byte() {
        let bytes = header(&["SIMPLE  =                    T"]);
        let error = Cards::read(&bytes[..100], 0, "`a`").unwrap_err().to_string();
        assert!(error.contains("header has no END") && error.contains("byte 100 of `a`"), "{error}");
        let mut wrong = bytes.clone();
        wrong[85] = 0;
        assert!(Cards::read(&wrong, 0, "`a`").unwrap_err().to_string().contains("byte 80 of `a`"));
        let huge = header(&["BITPIX  = 64", "NAXIS   = 2", "NAXIS1  = 9999999999999999", "NAXIS2  = 99999999999999"]);
        assert!(Cards::read(&huge, 0, "`a`").unwrap().data_bytes().unwrap_err().to_string().contains("axes make no sense"));
        let negative = header(&["BITPIX  = 8", "NAXIS   = 1", "NAXIS1  = 4", "PCOUNT  = -9"]);
        assert!(Cards::read(&negative, 0, "`a`").unwrap().data_bytes().is_err());
    }
}
