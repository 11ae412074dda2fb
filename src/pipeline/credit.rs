//! Papers and programs behind a finished step, for its record.
//!
//! Layout     one line a paper; one line `function: source` for each function of ours that its SQL calls
//! Edge cases an ingest cites the readers of its snapshots, a figure what its kind and its SQL rest on
//! See also   `citations`, `record`

use std::collections::BTreeSet;

use super::plan::Step;
use super::steps::Outcome;
use crate::citations::covering;
use crate::sql::functions;
use crate::sql::text::SqlText;

/// Derived columns that are computed by a function of a paper, without a call.
const ABUNDANCES: [&str; 5] = ["feh", "ofe", "mgfe", "alfe", "mgmn"];

/// What `step` rests on, sorted.
pub fn of(step: &Step, outcome: &Outcome) -> Vec<String> {
    let mut words: BTreeSet<&str> = BTreeSet::from([step.kind.name()]);
    words.extend(step.values.text("figure"));
    words.extend(outcome.formats.iter().map(String::as_str));
    let mut lines: BTreeSet<String> = step.kind.citations().iter().map(|line| (*line).to_string()).collect();
    for text in outcome.sql.iter().filter_map(|sql| SqlText::new(sql).ok()) {
        let named = text.words();
        for doc in functions::docs().iter().filter(|doc| named.contains(doc.name) && text.find_call(doc.name).is_some()) {
            words.insert(doc.name);
            lines.insert(format!("{}: {}", doc.name, doc.source));
        }
        words.extend(ABUNDANCES.into_iter().filter(|name| named.contains(*name)));
    }
    lines.extend(covering(&words.into_iter().collect::<Vec<_>>()).iter().map(|paper| paper.line()));
    lines.into_iter().collect()
}
