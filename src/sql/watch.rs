//! Progress of a running query: the rows that its scans have given, of those that its tables have.
//!
//! Edge cases a scan that does not count its rows is counted where they pass next; rows that statistics rule out are never given, so that a
//!            filtered query may end early; joins that read a table twice count it twice
//! See also   `run`, which looks now and then; `crate::progress`

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};

use crate::progress::Progress;

/// Who is told.
pub type Watcher = Arc<dyn Progress + Send>;

/// Time between two looks at the plan.
const EVERY: Duration = Duration::from_millis(200);

/// One query that is watched.
pub struct Watch<'a> {
    watcher: &'a Watcher,
    plan: &'a Arc<dyn ExecutionPlan>,
    told: u64,
    last: Instant,
}

/// Rows that the scans below `plan` will give at most; none where a table does not know.
fn expected(plan: &Arc<dyn ExecutionPlan>) -> Option<u64> {
    let children = plan.children();
    if children.is_empty() {
        let statistics = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new()).ok()?;
        return statistics.num_rows.get_value().map(|&rows| rows as u64);
    }
    children.into_iter().map(expected).sum()
}

/// Rows that they have given so far.
fn given(plan: &Arc<dyn ExecutionPlan>) -> Option<u64> {
    let own = || plan.metrics()?.output_rows().map(|rows| rows as u64);
    let children = plan.children();
    if children.is_empty() {
        return own();
    }
    children.into_iter().map(given).sum::<Option<u64>>().or_else(own)
}

impl<'a> Watch<'a> {
    /// Begins to tell `watcher` about `plan`.
    pub fn new(watcher: &'a Watcher, plan: &'a Arc<dyn ExecutionPlan>) -> Watch<'a> {
        watcher.start("query", expected(plan).unwrap_or(0), "rows");
        Watch { watcher, plan, told: 0, last: Instant::now() }
    }

    /// Tells what is new, if it is time.
    pub fn look(&mut self) {
        if self.last.elapsed() < EVERY {
            return;
        }
        self.last = Instant::now();
        let rows = given(self.plan).unwrap_or(0);
        self.watcher.advance(rows.saturating_sub(self.told));
        self.told = self.told.max(rows);
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.watcher.finish();
    }
}
