//! SQL functions for astronomers: one file per function, one registry line each.
//!
//! Layout     `doc.rs` what a function says about itself; one file per function
//! See also   `sql::aggregates`, docs/reference/functions.md (generated from here)

mod doc;

use datafusion::prelude::SessionContext;

use crate::error::Result;
use crate::units::Unit;

pub use doc::{FunctionDoc, UnitRule};

/// Adds every function to a DataFusion context; sums, means and variances replace the built-in ones of the same name.
pub fn register(context: &SessionContext) -> Result<()> {
    let _ = context;
    Ok(())
}

/// Documentation of every function, sorted by kind and name.
pub fn docs() -> &'static [FunctionDoc] {
    &[]
}

/// How `name` (ours or built in) combines units; none when the function is not known.
pub fn unit_rule(name: &str) -> Option<UnitRule> {
    let _ = name;
    None
}

/// Unit of the call `name(arguments)`; `literals` holds the value of every argument that is a numeric literal, which `power(x, 2)` needs.
///
/// A function without a rule answers `None` (unknown).
pub fn unit_of_call(name: &str, units: &[Option<Unit>], literals: &[Option<f64>]) -> Result<Option<Unit>> {
    let _ = literals;
    unit_rule(name).map_or(Ok(None), |rule| rule(units))
}

/// The reference page of all functions as Markdown; docs/reference/functions.md is this text.
pub fn reference_markdown() -> String {
    String::new()
}
