//! What the reference says about one SQL function; the same words appear in the terminal, on the page and in docs/reference.
//!
//! Layout     one [`FunctionDoc`] per function, constant data beside the code it describes
//! See also   `functions::docs`, `functions::reference_markdown`

use crate::error::Result;
use crate::units::Unit;

/// The documentation of one SQL function; every text is non-empty, and a test runs the example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FunctionDoc {
    /// Name as written in SQL.
    pub name: &'static str,
    /// `scalar`, `aggregate` or `table`.
    pub kind: &'static str,
    /// How it is called, optional arguments in brackets.
    pub signature: &'static str,
    /// One or two sentences.
    pub description: &'static str,
    /// The formula in plain text.
    pub formula: &'static str,
    /// Units of the arguments and of the result.
    pub units: &'static str,
    /// Paper, book or standard behind the formula.
    pub source: &'static str,
    /// A query that runs without any data set.
    pub example: &'static str,
    /// First value of the example's answer as text; none when the answer has no short form.
    pub example_answer: Option<&'static str>,
    /// Names in pynbody, galpy, gala, numpy or pandas that do the same.
    pub see_also: &'static str,
}

/// Unit of a result from the units of the arguments; `None` stands for a plain literal or an unknown unit, which adopts what is needed.
pub type UnitRule = fn(&[Option<Unit>]) -> Result<Option<Unit>>;
