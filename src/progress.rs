//! Progress of long work, and the wish to stop it: one small trait that every long task reports to.
//!
//! See also   `cli::progress` draws bars; [`Silent`] drops everything

/// Receives progress; called from many threads.
pub trait Progress: Sync {
    /// A task begins: `total` units of `unit` (`rows`, `steps`, `bytes`); 0 is unknown.
    fn start(&self, task: &str, total: u64, unit: &str);
    /// `n` more units are done.
    fn advance(&self, n: u64);
    /// The current task ended.
    fn finish(&self);
    /// Something the user should know.
    fn note(&self, text: &str);
    /// Whether the user asked to stop.
    fn cancelled(&self) -> bool;
}

/// Drops everything and is never cancelled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _task: &str, _total: u64, _unit: &str) {}
    fn advance(&self, _n: u64) {}
    fn finish(&self) {}
    fn note(&self, _text: &str) {}
    fn cancelled(&self) -> bool {
        false
    }
}
