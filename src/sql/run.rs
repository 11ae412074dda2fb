//! Runs a physical plan on the session's own threads and hands over its batches partition by partition, in order.
//!
//! Edge cases a panic in a worker is an Internal error; a cancelled query is Interrupted; a late one is a Limit
//! Cost       partitions run side by side; those whose turn has not come wait after a few batches when the caller streams
//! See also   `engine`, `order`

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::{DataFusionError, Result as LibraryResult};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use futures::{FutureExt, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::order::Cut;
use super::session::Canceller;
use super::watch::{Watch, Watcher};
use crate::error::{Error, ErrorKind};

/// How often a waiting caller looks whether it should stop.
const LOOK: Duration = Duration::from_millis(20);
/// Batches that a partition may be ahead of a streaming caller.
const AHEAD: usize = 4;
/// Batches that a partition may be ahead of a caller that keeps everything anyway.
const FAR_AHEAD: usize = 1 << 20;

/// What ended a run.
pub enum Failure {
    /// A failure of the library, not yet translated.
    Library(DataFusionError),
    /// An error of ours.
    Own(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Own(error)
    }
}

/// How to run.
pub struct Run<'a> {
    /// The session's threads.
    pub runtime: &'a Handle,
    /// Asked to stop.
    pub canceller: &'a Canceller,
    /// Time after which the query is stopped.
    pub deadline: Option<Instant>,
    /// Rows to skip and to keep, counted over partitions in order.
    pub cut: Option<Cut>,
    /// Whether the caller keeps every batch.
    pub keeps: bool,
    /// Who is told about progress.
    pub watcher: Option<&'a Watcher>,
}

type Piece = Result<RecordBatch, Failure>;

struct Partition {
    receiver: mpsc::Receiver<Piece>,
    task: JoinHandle<()>,
}

impl Drop for Partition {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Run<'_> {
    /// Runs `plan` and hands each batch to `receive`.
    pub fn run(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        context: &Arc<TaskContext>,
        receive: &mut dyn FnMut(RecordBatch) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        let count = plan.properties().output_partitioning().partition_count();
        let mut watch = self.watcher.map(|watcher| Watch::new(watcher, plan));
        let (mut skip, mut left) = self.cut.map_or((0, usize::MAX), |(skip, keep)| (skip, keep.unwrap_or(usize::MAX)));
        // With a cut, later partitions may never be needed: each starts when its turn comes.
        let mut started: Vec<Option<Partition>> = (0..count).map(|p| self.cut.is_none().then(|| self.start(plan, p, context))).collect();
        for (number, slot) in started.iter_mut().enumerate() {
            if left == 0 {
                break;
            }
            let mut partition = slot.take().unwrap_or_else(|| self.start(plan, number, context));
            while let Some(piece) = self.next(&mut partition, &mut watch)? {
                let mut batch = piece?;
                let passed = skip.min(batch.num_rows());
                skip -= passed;
                let kept = (batch.num_rows() - passed).min(left);
                if passed > 0 || kept < batch.num_rows() {
                    batch = batch.slice(passed, kept);
                }
                left -= kept;
                if kept > 0 {
                    receive(batch)?;
                }
                if left == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    fn start(&self, plan: &Arc<dyn ExecutionPlan>, number: usize, context: &Arc<TaskContext>) -> Partition {
        let (sender, receiver) = mpsc::channel(if self.keeps { FAR_AHEAD } else { AHEAD });
        let (plan, context) = (plan.clone(), context.clone());
        let task = self.runtime.spawn(async move {
            let work = AssertUnwindSafe(forward(plan, number, context, &sender)).catch_unwind().await;
            let failure = match work {
                Ok(Ok(())) => return,
                Ok(Err(error)) => Failure::Library(error),
                Err(panic) => Failure::Own(panicked(panic.as_ref())),
            };
            // A closed channel means that nobody waits for the failure.
            let _ = sender.send(Err(failure)).await;
        });
        Partition { receiver, task }
    }

    /// The next piece of a partition; none at its end.
    fn next(&self, partition: &mut Partition, watch: &mut Option<Watch>) -> Result<Option<Piece>, Failure> {
        let _inside = self.runtime.enter();
        loop {
            if let Some(watch) = watch {
                watch.look();
            }
            if self.canceller.is_cancelled() {
                return Err(Error::new(ErrorKind::Interrupted, "the query was stopped").into());
            }
            if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
                return Err(Error::limit("the query took too long").hint("filter first, read fewer columns, or allow more time").into());
            }
            let waited = futures::executor::block_on(tokio::time::timeout(LOOK, partition.receiver.recv()));
            if let Ok(piece) = waited {
                return Ok(piece);
            }
        }
    }
}

async fn forward(
    plan: Arc<dyn ExecutionPlan>,
    number: usize,
    context: Arc<TaskContext>,
    sender: &mpsc::Sender<Piece>,
) -> LibraryResult<()> {
    let mut stream = plan.execute(number, context)?;
    while let Some(batch) = stream.next().await {
        if sender.send(Ok(batch?)).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// A panic as an error, with the text it was raised with.
pub fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|s| s.to_string()).or_else(|| panic.downcast_ref::<String>().cloned());
    let error = Error::internal("a worker thread stopped");
    match text {
        Some(text) => error.because(text.lines().next().unwrap_or("").to_string()),
        None => error,
    }
}
