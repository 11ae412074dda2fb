//! Kinds of steps: one file each, one line each in the registry.
//!
//! Layout     ingest, sql, frame, figure, export, check; `context` is what a running step sees, `StepKind` what a kind offers
//! Edge cases a kind raises its `code_version` whenever the same inputs would give other bytes: every such step then runs again
//! See also   docs/reference/pipelines.md

use std::fmt::Debug;

use super::context::Context;
use super::plan::Step;
use super::product::Product;
use super::source::Source;
use super::values::Parameter;
use crate::error::{Error, Result};

mod check;
mod export;
mod figure;
mod frame;
mod ingest;
mod sql;

pub use frame::frame_digest;

/// Every kind, in the order of the reference page.
pub fn kinds() -> &'static [&'static dyn StepKind] {
    &[&ingest::Ingest, &sql::Sql, &frame::Frame, &figure::Figure, &export::Export, &check::Check]
}

/// The kind called `name`.
pub fn kind(name: &str) -> Result<&'static dyn StepKind> {
    kinds().iter().copied().find(|k| k.name() == name).ok_or_else(|| Error::internal(format!("no kind `{name}`")))
}

/// What a kind reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Files of `[inputs]`; it makes a dataset of them.
    Files,
    /// Datasets, and the tables of other steps.
    Data,
}

/// What a step left.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Rows of its table, when it makes one.
    pub rows: Option<u64>,
    /// Files, relative to the folder of products.
    pub products: Vec<Product>,
    /// Digest of what cannot be told from files: the data of a dataset, a frame.
    pub digest: Option<String>,
    /// The SQL that ran, placeholders replaced.
    pub sql: Vec<String>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Formats of the snapshots that were read, by the name of their reader.
    pub formats: Vec<String>,
    /// Parameters that had no influence.
    pub unused: Vec<String>,
}

/// One kind of step.
pub trait StepKind: Sync + Debug {
    /// Name in the file.
    fn name(&self) -> &'static str;
    /// One line.
    fn description(&self) -> &'static str;
    /// Part of the identity of its steps.
    fn code_version(&self) -> u32;
    /// What it takes.
    fn parameters(&self) -> &'static [Parameter];
    /// What it reads.
    fn reads(&self) -> Reads {
        Reads::Data
    }
    /// Whether it wants all memory and threads for itself.
    fn alone(&self) -> bool {
        false
    }
    /// Checks a step beyond the types of its parameters.
    fn check(&self, _step: &Step, _source: &Source) -> Result<()> {
        Ok(())
    }
    /// Paths that a step leaves for certain, relative to the folder of products: no two steps may share one.
    fn products(&self, _step: &Step) -> Vec<String> {
        Vec::new()
    }
    /// File of the table that other steps can read under the name of the step.
    fn table(&self, _step: &Step) -> Option<String> {
        None
    }
    /// Folder of the dataset that it makes.
    fn dataset(&self, _step: &Step) -> Option<String> {
        None
    }
    /// The digest of `Outcome::digest` as it is now; none when the product is gone. Only asked of kinds that gave one.
    fn digest_now(&self, _context: &Context) -> Result<Option<String>> {
        Ok(None)
    }
    /// Rows and bytes of the work, when they can be told beforehand.
    fn estimate(&self, _context: &Context) -> (Option<u64>, Option<u64>) {
        (None, None)
    }
    /// Papers and programs behind every step of the kind, besides those of its SQL, figure and readers.
    fn citations(&self) -> &'static [&'static str] {
        &[]
    }
    /// Does the work.
    fn run(&self, context: &Context) -> Result<Outcome>;
}
