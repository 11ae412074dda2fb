//! One SQL text and its tokens with their places, so that limits, names and carets agree on what was written.
//!
//! Layout     tokens without blanks and comments, each with line and column (from 1) of its first and past its last character
//! Refuses    a text that does not split into tokens: an open quote, a stray character
//! See also   `limits`, `caret`, `statement`

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::caret;
use crate::error::{Error, Result};

/// An SQL text split into tokens.
#[derive(Clone, Debug)]
pub struct SqlText {
    text: String,
    tokens: Vec<TokenWithSpan>,
}

impl SqlText {
    /// Splits `text`; a usage error with line and caret where that fails.
    pub fn new(text: &str) -> Result<SqlText> {
        let mut tokens = Vec::new();
        Tokenizer::new(&GenericDialect, text).tokenize_with_location_into_buf(&mut tokens).map_err(|failure| {
            let place = caret::place(text, failure.location.line, failure.location.column, 1);
            let message = failure.message.trim_end_matches([' ', ',', ':']).trim_end_matches(" at");
            let error = Error::usage(caret::sentence(message)).at(place);
            if message.to_lowercase().contains("unterminated string") { error.hint("close the quote with '") } else { error }
        })?;
        tokens.retain(|t| !matches!(t.token, Token::Whitespace(_)));
        Ok(SqlText { text: text.to_string(), tokens })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tokens, without blanks and comments.
    pub fn tokens(&self) -> &[TokenWithSpan] {
        &self.tokens
    }

    /// The statements between semicolons, each keeping its place: all other characters become blanks.
    pub fn statements(&self) -> Vec<SqlText> {
        let mut pieces = Vec::new();
        let mut start = 0;
        for (i, token) in self.tokens.iter().enumerate() {
            if token.token == Token::SemiColon {
                pieces.push(start..i);
                start = i + 1;
            }
        }
        pieces.push(start..self.tokens.len());
        pieces.into_iter().filter(|range| !range.is_empty()).map(|range| self.only(range)).collect()
    }

    /// The same text where everything outside tokens `range` is blank, so that lines and columns stay what they were.
    pub fn only(&self, range: std::ops::Range<usize>) -> SqlText {
        let tokens: Vec<TokenWithSpan> = self.tokens.get(range).map(<[_]>::to_vec).unwrap_or_default();
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return SqlText { text: String::new(), tokens };
        };
        let (start, end) = (first.span.start, last.span.end);
        let mut here = Location { line: 1, column: 1 };
        let mut text = String::with_capacity(self.text.len());
        for character in self.text.chars() {
            if here >= end {
                break;
            }
            if character == '\n' {
                text.push('\n');
                here = Location { line: here.line + 1, column: 1 };
            } else {
                text.push(if here < start { ' ' } else { character });
                here.column += 1;
            }
        }
        SqlText { text, tokens }
    }

    /// Every bare word and quoted identifier, in lower case.
    pub fn words(&self) -> BTreeSet<String> {
        self.tokens.iter().filter_map(|t| word(&t.token)).map(str::to_lowercase).collect()
    }

    /// Place of the first word `name` (any case), or of the string `name`.
    pub fn find_word(&self, name: &str) -> Option<Span> {
        let name = name.trim_matches(['"', '`', '\'']);
        self.tokens.iter().find(|t| word(&t.token).or(quoted(&t.token)).is_some_and(|w| w.eq_ignore_ascii_case(name))).map(|t| t.span)
    }

    /// Place of the first call `name(`.
    pub fn find_call(&self, name: &str) -> Option<Span> {
        self.tokens
            .windows(2)
            .find(|pair| pair[1].token == Token::LParen && word(&pair[0].token).is_some_and(|w| w.eq_ignore_ascii_case(name)))
            .map(|pair| pair[0].span)
    }

    /// The opening bracket that is never closed, if there is one.
    pub fn unclosed(&self) -> Option<(char, Span)> {
        let mut open: Vec<(char, Span)> = Vec::new();
        for token in &self.tokens {
            match token.token {
                Token::LParen => open.push(('(', token.span)),
                Token::LBracket => open.push(('[', token.span)),
                Token::LBrace => open.push(('{', token.span)),
                Token::RParen | Token::RBracket | Token::RBrace => {
                    open.pop();
                }
                _ => {}
            }
        }
        open.pop()
    }

    /// `at line L, column C`, the line itself and a caret under `span`.
    pub fn place(&self, span: Span) -> String {
        let width = if span.end.line == span.start.line { span.end.column.saturating_sub(span.start.column) } else { 1 };
        caret::place(&self.text, span.start.line, span.start.column, width)
    }

    /// Place just past the last token.
    pub fn end_place(&self) -> String {
        let end = self.tokens.last().map_or(Location { line: 1, column: 1 }, |t| t.span.end);
        caret::place(&self.text, end.line, end.column, 1)
    }
}

/// The name that a token spells, if it is a word.
pub fn word(token: &Token) -> Option<&str> {
    match token {
        Token::Word(w) => Some(&w.value),
        _ => None,
    }
}

/// The text of a string token.
pub fn quoted(token: &Token) -> Option<&str> {
    match token {
        Token::SingleQuotedString(s) | Token::DoubleQuotedString(s) => Some(s),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_keep_their_lines_and_columns() {
        let text = SqlText::new("select 1;\n  select 'a;b' ; -- end ; \n").unwrap();
        let parts = text.statements();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].text(), "select 1");
        assert_eq!(parts[1].text(), "         \n  select 'a;b'");
        assert_eq!(parts[1].find_word("select").unwrap().start, Location { line: 2, column: 3 });
        assert_eq!(SqlText::new(" ; ;; ").unwrap().statements().len(), 0);
    }

    #[test]
    fn the_bracket_left_open_is_found_even_when_later_ones_close() {
        let text = SqlText::new("select sqrt((x+1) from stars").unwrap();
        assert_eq!(text.unclosed().unwrap().1.start.column, 12);
        assert!(SqlText::new("select ')('").unwrap().unclosed().is_none());
    }

    #[test]
    fn an_open_quote_is_a_usage_error_at_its_place() {
        let e = SqlText::new("select 'abc").unwrap_err();
        assert_eq!(e.kind(), crate::ErrorKind::Usage);
        assert!(e.to_string().contains("line 1, column 8"), "{e}");
    }

    #[test]
    fn snapshot_suffixes_stay_inside_one_word() {
        let text = SqlText::new("select x from stars@512@disc").unwrap();
        assert!(text.words().contains("stars@512@disc"));
    }
}
