//! What functions count while a query runs, said in its notes when it has ended.
//!
//! Edge cases counts of a first try that ran out of memory are dropped with it
//! See also   `engine`, which takes the notes; `structured`, which hands the tally to functions

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::config::{ConfigEntry, ConfigExtension, ConfigOptions, ExtensionOptions};

/// Counts of one kind of trouble in the calls of one function.
type Counts = BTreeMap<(&'static str, &'static str), u64>;

/// Counts of a session, shared by all its plans.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<Counts>>);

impl Tally {
    /// The tally in `options`, or one that nobody reads.
    pub fn of(options: &ConfigOptions) -> Tally {
        options.extensions.get::<Tally>().cloned().unwrap_or_default()
    }

    /// Adds `count` rows of `function` to which `trouble` happened.
    pub fn add(&self, function: &'static str, trouble: &'static str, count: usize) {
        if count > 0 {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry((function, trouble)).or_default() += count as u64;
        }
    }

    /// One note for each trouble since the last time; the counts begin anew.
    pub fn take(&self) -> Vec<String> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        counts.into_iter().map(|((function, trouble), count)| format!("{function}: {count} {trouble}")).collect()
    }
}

impl ConfigExtension for Tally {
    const PREFIX: &'static str = "spolia_tally";
}

impl ExtensionOptions for Tally {
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _: &str) -> datafusion::common::Result<()> {
        datafusion::common::config_err!("the tally has no setting `{key}`")
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_over_copies_and_are_said_once() {
        let mut options = ConfigOptions::default();
        options.extensions.insert(Tally::default());
        let copy = options.clone();
        Tally::of(&options).add("orbit", "unbound stars", 2);
        Tally::of(&copy).add("orbit", "unbound stars", 3);
        Tally::of(&copy).add("orbit", "nothing", 0);
        assert_eq!(Tally::of(&options).take(), ["orbit: 5 unbound stars"]);
        assert!(Tally::of(&copy).take().is_empty());
    }
}
