//! The text of a pipeline file: reading it as TOML whose every key and value knows its place, and errors with line and caret.
//!
//! Refuses    files over 4 MiB, text that is not UTF-8 or not TOML, values nested deeper than TOML readers follow
//! Edge cases columns count characters, not bytes; a place past the end of the text points at its end
//! See also   `plan`, `sql::caret`

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result, nearest};
use crate::sql::caret;

/// Longest pipeline file [bytes]: four times the largest that a person would call one.
const LONGEST_BYTES: u64 = 4 << 20;

/// The text and where it came from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Source(Arc<(PathBuf, String)>);

impl Source {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Source> {
        let length = std::fs::metadata(path).map_err(|e| Error::io("open the pipeline", path, &e))?.len();
        if length > LONGEST_BYTES {
            return Err(Error::limit("the pipeline file is too long")
                .at(format!("`{}`", path.display()))
                .expected(format!("at most {LONGEST_BYTES} bytes"))
                .found(length));
        }
        let bytes = std::fs::read(path).map_err(|e| Error::io("read the pipeline", path, &e))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let offset = e.utf8_error().valid_up_to();
            Error::usage("the pipeline file is not UTF-8 text").at(format!("byte {offset} of `{}`", path.display()))
        })?;
        Ok(Source::new(path, text))
    }

    /// A text under the name of a file.
    pub fn new(path: &Path, text: String) -> Source {
        Source(Arc::new((path.to_path_buf(), text)))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0.0
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0.1
    }

    /// Line, column and caret of a byte range, with the file.
    pub fn place(&self, span: &Range<usize>) -> String {
        let text = self.text();
        let start = floor(text, span.start);
        let before = text.get(..start).unwrap_or(text);
        let line = before.bytes().filter(|b| *b == b'\n').count() as u64 + 1;
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let column = before.get(line_start..).map_or(0, |l| l.chars().count()) as u64 + 1;
        let covered = text.get(start..floor(text, span.end)).unwrap_or("");
        let width = covered.lines().next().map_or(1, |l| l.chars().count()) as u64;
        let place = caret::place(text, line, column, width);
        match place.split_once('\n') {
            Some((head, rest)) => format!("{head} of `{}`\n{rest}", self.path().display()),
            None => place,
        }
    }

    /// A wrong request at a place of the file.
    pub fn error(&self, span: &Range<usize>, what: impl Into<String>) -> Error {
        Error::usage(what).at(self.place(span))
    }

    /// An unknown word at a place, with the nearest known one, else all of them.
    pub fn unknown(&self, span: &Range<usize>, what: &str, word: &str, known: &[&str]) -> Error {
        let error = self.error(span, format!("{what} `{word}`"));
        match nearest(word, known.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None if known.is_empty() => error,
            None => error.hint(format!("known: {}", known.join(", "))),
        }
    }

    /// The place of `piece` inside the value at `span`, or the whole value when it is written with escapes.
    pub fn within(&self, span: &Range<usize>, piece: &str) -> Range<usize> {
        let value = self.text().get(span.clone()).unwrap_or("");
        value.find(piece).map_or_else(|| span.clone(), |at| span.start + at..span.start + at + piece.len())
    }
}

/// `at` moved back to the start of a character, and into the text.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_name_the_file() {
        let source = Source::new(Path::new("a.toml"), "x = 1\nα = \"βγ\"\n".into());
        // `"βγ"` starts after `x = 1\n` (6 bytes), `α` (2 bytes) and ` = ` (3 bytes).
        let place = source.place(&(11..17));
        assert_eq!(place, "  at line 2, column 5 of `a.toml`\n    α = \"βγ\"\n        ^^^^");
        // Any range gives a place: inside a character, past the end, empty, reversed.
        #[allow(clippy::reversed_empty_ranges)]
        for span in [7..8, 400..900, 0..0, 9..3] {
            assert!(source.place(&span).contains("of `a.toml`"));
        }
    }

    #[test]
    fn unknown_words_get_the_nearest_or_the_list() {
        let source = Source::new(Path::new("a.toml"), "neds = 1".into());
        let near = source.unknown(&(0..4), "unknown key", "neds", &["needs", "name"]).to_string();
        assert!(near.contains("did you mean `needs`?") && near.contains("^^^^"), "{near}");
        assert!(source.unknown(&(0..4), "unknown key", "zzzzzz", &["needs", "name"]).to_string().contains("known: needs, name"));
    }
}
