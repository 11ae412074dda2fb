//! What the prompt knows while a person types: when a statement is complete, what a word may become, hints of units.
//!
//! See also   `cli::repl`

use std::borrow::Cow;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::meta;
use crate::sql::Session;
use crate::sql::functions;
use crate::table::schema::unit_of;

/// Words of SQL worth completing.
const KEYWORDS: [&str; 24] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "LIMIT",
    "WITH",
    "AS",
    "AND",
    "OR",
    "NOT",
    "BETWEEN",
    "IS NULL",
    "JOIN",
    "ON",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "DESC",
    "CREATE FRAME",
    "EXPLAIN",
];

/// Completion candidates and colour for the prompt.
#[derive(Debug)]
pub struct SqlHelper {
    /// (what is inserted, what is shown)
    words: Vec<(String, String)>,
    color: bool,
}

impl SqlHelper {
    /// Knows the tables and functions that the session has now.
    pub fn new(session: &Session, color: bool) -> Self {
        let mut words: Vec<(String, String)> = Vec::new();
        for table in session.tables() {
            words.push((table.name.clone(), format!("{}  table", table.name)));
            for field in table.schema.fields() {
                words.push((field.name().clone(), format!("{}  [{}]", field.name(), unit_of(field))));
            }
        }
        words.extend(functions::docs().iter().map(|d| (format!("{}(", d.name), d.signature.to_string())));
        words.extend(KEYWORDS.iter().map(|k| ((*k).to_string(), (*k).to_string())));
        words.sort();
        words.dedup_by(|a, b| a.0 == b.0);
        SqlHelper { words, color }
    }
}

impl Completer for SqlHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let typed = line.get(..position).unwrap_or_default();
        if typed.starts_with('.') && !typed.contains(' ') {
            let found = meta::NAMES.iter().filter(|n| n.starts_with(typed));
            return Ok((0, found.map(|n| Pair { display: (*n).to_string(), replacement: (*n).to_string() }).collect()));
        }
        let start = typed.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '@')).map_or(0, |i| i + 1);
        // The byte after a one-byte separator; a longer one moves on to its end.
        let start = (start..=typed.len()).find(|i| typed.is_char_boundary(*i)).unwrap_or(typed.len());
        let word = typed[start..].to_lowercase();
        if word.is_empty() {
            return Ok((start, Vec::new()));
        }
        let found = self.words.iter().filter(|(text, _)| text.to_lowercase().starts_with(&word));
        Ok((start, found.map(|(text, shown)| Pair { display: shown.clone(), replacement: text.clone() }).collect()))
    }
}

impl Hinter for SqlHelper {
    type Hint = String;
}

impl Highlighter for SqlHelper {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        if self.color { Cow::Owned(format!("\u{1b}[1;36m{prompt}\u{1b}[0m")) } else { Cow::Borrowed(prompt) }
    }
}

impl Validator for SqlHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_complete(context.input()) { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Helper for SqlHelper {}

/// Whether the text is a whole input: a meta command, or SQL that ends in a semicolon outside quotes.
pub fn is_complete(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() || text.starts_with(['.', '\\']) {
        return true;
    }
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
    }
    quote.is_none() && text.ends_with(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_in_a_semicolon_outside_quotes() {
        assert!(is_complete("SELECT 1;"));
        assert!(is_complete(".tables"));
        assert!(is_complete("\\d"));
        assert!(!is_complete("SELECT 1"));
        assert!(!is_complete("SELECT ';"));
        assert!(is_complete("SELECT ';' ;"));
    }
}
