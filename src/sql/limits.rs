//! What one query may cost: size of its text, nesting, planning time, rows, and whether it may write.
//!
//! Edge cases a text above a limit is refused before it is parsed, so hostile nesting cannot reach the parser's stack
//! See also   `session`, docs/design/reliability.md

use std::time::Duration;

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
}

impl Default for Limits {
    fn default() -> Self {
        Limits::local()
    }
}
