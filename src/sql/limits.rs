//! What one query may cost: size of its text, nesting, planning time, rows, and whether it may write.
//!
//! Edge cases a text above a limit is refused before it is parsed, so hostile nesting cannot reach the parser's stack
//! See also   `session`, SECURITY.md

use std::time::Duration;

use datafusion::sql::sqlparser::tokenizer::{Span, Token};

use super::text::{SqlText, word};
use crate::error::{Error, Result};

/// Bounds on one query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest SQL text [bytes].
    pub text_bytes: usize,
    /// Most tokens.
    pub tokens: usize,
    /// Deepest nesting of parentheses, and longest chain of operators in one expression.
    pub depth: usize,
    /// Longest planning time.
    pub planning: Duration,
    /// Longest execution time; none is unlimited.
    pub execution: Option<Duration>,
    /// Most rows in an answer; none is unlimited.
    pub rows: Option<usize>,
    /// No statement may write a file, store a frame or change a dataset.
    pub read_only: bool,
}

/// Longest SQL text of a local user [bytes].
const LOCAL_TEXT_BYTES: usize = 1 << 20;
/// Longest SQL text of a served client [bytes].
const SERVED_TEXT_BYTES: usize = 64 << 10;
/// Most tokens in one text.
const TOKENS: usize = 10_000;
/// Deepest nesting.
const DEPTH: usize = 200;
/// Longest planning time [s].
const PLANNING_S: u64 = 20;

/// An expression may chain this many operators for each level of `depth`: chains cost less than brackets.
const CHAIN_PER_DEPTH: usize = 2;

impl Limits {
    /// Limits for a person at their own machine.
    pub fn local() -> Self {
        Limits {
            text_bytes: LOCAL_TEXT_BYTES,
            tokens: TOKENS,
            depth: DEPTH,
            planning: Duration::from_secs(PLANNING_S),
            execution: None,
            rows: None,
            read_only: false,
        }
    }

    /// Limits for strangers: read-only, short texts.
    pub fn served() -> Self {
        Limits { text_bytes: SERVED_TEXT_BYTES, read_only: true, ..Limits::local() }
    }

    /// Splits a text into tokens after checking its length, then checks tokens, nesting and chains.
    pub fn admit(&self, text: &str) -> Result<SqlText> {
        if text.len() > self.text_bytes {
            return Err(Error::limit("the SQL text is too long")
                .expected(format!("at most {} bytes", self.text_bytes))
                .found(text.len())
                .hint("put long lists into a table and join it"));
        }
        let text = SqlText::new(text)?;
        if text.tokens().len() > self.tokens {
            return Err(Error::limit("the SQL text has too many words and signs")
                .expected(format!("at most {}", self.tokens))
                .found(text.tokens().len())
                .hint("put long lists into a table and join it"));
        }
        self.check_depth(&text)?;
        Ok(text)
    }

    /// Brackets and CASE nest at most `depth` deep; a chain of operators between brackets and commas has a bounded length.
    fn check_depth(&self, text: &SqlText) -> Result<()> {
        let longest = self.depth * CHAIN_PER_DEPTH;
        // One counter of chained operators and one of chained set operations for each open bracket.
        let mut levels = vec![(0_usize, 0_usize)];
        for token in text.tokens() {
            match &token.token {
                Token::LParen | Token::LBracket | Token::LBrace => levels.push((0, 0)),
                Token::RParen | Token::RBracket | Token::RBrace if levels.len() > 1 => {
                    levels.pop();
                }
                Token::Comma | Token::SemiColon => set_chain(&mut levels, 0),
                Token::Word(_) => match word(&token.token).map(str::to_ascii_uppercase).as_deref() {
                    Some("CASE") => levels.push((0, 0)),
                    Some("END") if levels.len() > 1 => {
                        levels.pop();
                    }
                    Some("SELECT" | "FROM" | "WHERE" | "HAVING" | "BY" | "WHEN" | "THEN" | "ELSE") => set_chain(&mut levels, 0),
                    Some("AND" | "OR" | "NOT" | "IS" | "LIKE" | "ILIKE" | "IN" | "BETWEEN" | "COLLATE" | "AT" | "DIV" | "XOR") => {
                        grow_chain(&mut levels);
                    }
                    Some("UNION" | "INTERSECT" | "EXCEPT" | "JOIN") => {
                        if let Some(last) = levels.last_mut() {
                            last.1 += 1;
                        }
                    }
                    _ => {}
                },
                other if is_operator(other) => grow_chain(&mut levels),
                _ => {}
            }
            if levels.len() > self.depth + 1 {
                return Err(too_deep(text, token.span, format!("at most {} levels of brackets", self.depth)));
            }
            if levels.last().is_some_and(|(chain, _)| *chain > longest) {
                return Err(too_deep(text, token.span, format!("at most {longest} operators in one expression")));
            }
            if levels.last().is_some_and(|(_, sets)| *sets > self.depth) {
                return Err(too_deep(text, token.span, format!("at most {} joins and unions in one query", self.depth)));
            }
        }
        Ok(())
    }
}

fn set_chain(levels: &mut [(usize, usize)], value: usize) {
    if let Some(last) = levels.last_mut() {
        last.0 = value;
    }
}

fn grow_chain(levels: &mut [(usize, usize)]) {
    if let Some(last) = levels.last_mut() {
        last.0 += 1;
    }
}

fn is_operator(token: &Token) -> bool {
    !matches!(
        token,
        Token::EOF
            | Token::Number(..)
            | Token::Char(_)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::Period
            | Token::RParen
            | Token::RBracket
            | Token::RBrace
    )
}

fn too_deep(text: &SqlText, span: Span, expected: String) -> Error {
    Error::limit("the query is nested too deeply")
        .at(text.place(span))
        .expected(expected)
        .hint("split it with WITH, or use IN (...) and sum(...)")
}

impl Default for Limits {
    fn default() -> Self {
        Limits::local()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn refused(sql: &str) -> Error {
        let error = Limits::local().admit(sql).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
        error
    }

    #[test]
    fn hostile_texts_end_in_a_limit_error_at_once() {
        for terms in [4_000, 8_000, 20_000] {
            refused(&format!("select {}1", "1+".repeat(terms)));
        }
        refused(&format!("select {}1{}", "(".repeat(5_000), ")".repeat(5_000)));
        refused(&format!("{}select 1{}", "select * from (".repeat(500), ")".repeat(500)));
        refused(&format!("select {}1", "- ".repeat(3_000)));
        refused(&format!("select {}true", "not ".repeat(3_000)));
        refused(&format!("select {}1 {}", "case when true then ".repeat(400), "end ".repeat(400)));
        refused(&"select 1 union all ".repeat(1_000));
        refused(&"x".repeat((1 << 20) + 1));
        refused(&"x ".repeat(500_000));
    }

    #[test]
    fn ordinary_long_queries_pass() {
        let limits = Limits::local();
        let list = (0..4_000).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
        assert!(limits.admit(&format!("select * from stars where id in ({list})")).is_ok());
        let sums = (0..300).map(|i| format!("sum(x*{i}+y)")).collect::<Vec<_>>().join(",");
        assert!(limits.admit(&format!("select {sums} from stars")).is_ok());
        assert!(limits.admit(&format!("select {}1", "1+".repeat(390))).is_ok());
    }

    #[test]
    fn served_text_is_shorter() {
        assert!(Limits::served().admit(&format!("select '{}'", "a".repeat(70_000))).is_err());
        assert!(Limits::local().admit(&format!("select '{}'", "a".repeat(70_000))).is_ok());
    }
}
