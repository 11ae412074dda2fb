//! The running parts of a session: threads, memory, planning on a deep stack, execution, the lean second try.
//!
//! Cost       planning about 1 ms; the memory pool is 0.8 L less 150 MiB, for the library's own books leave out part of what it uses
//! Edge cases a query that runs out of memory is planned once more for one partition (two for a join), small batches and sort-merge joins
//! See also   `session` for the door, `run` for the batches, `statement` for what can be asked

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Instant;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use tokio::runtime::Runtime;

use super::catalog::{CATALOG, QueryCatalogs, SnapshotFunction, bare_names};
use super::derived;
use super::errors::{self, Vocabulary};
use super::functions::{self, tally::Tally};
use super::headers;
use super::order::{self, Cut};
use super::particles::Origin;
use super::resolve::{PUBLIC, Resolver};
use super::run::{Failure, Run, panicked};
use super::session::{Canceller, SessionOptions};
use super::settings::Settings;
use super::sources::Sources;
use super::statement::{self, Action, Ready};
use super::text::SqlText;
use super::tree_function::{TreeFunction, Walk};
use super::units;
use super::watch::Watcher;
use crate::error::{Error, ErrorKind, Result};
use crate::table::schema::{UNIT, unit_of};
use crate::units::Unit;

/// Stack of a worker thread [bytes].
const WORKER_STACK: usize = 16 << 20;
/// Stack of a planning thread [bytes]; address space only, pages come as they are touched.
const PLANNING_STACK: usize = 64 << 20;
/// Share of the allowed memory that the pool hands out.
const POOL_SHARE: f64 = 0.8;
/// Memory outside the pool: program, libraries, unaccounted buffers [bytes].
const POOL_FLOOR: u64 = 150 << 20;
/// Smallest pool [bytes].
const POOL_LEAST: u64 = 16 << 20;
/// Operators named when memory runs out.
const CONSUMERS: usize = 3;
/// Most bytes spilled to disk.
const SPILL_BYTES: u64 = 200 << 30;
/// Rows of a batch on the second try.
const LEAN_ROWS: usize = 1024;
/// Memory set aside for the merge of a sort on the second try [bytes].
const LEAN_SORT_BYTES: usize = 1 << 20;
/// Nesting that the parser follows; `limits` refuses deeper texts earlier.
const PARSER_DEPTH: usize = 1000;

/// The running parts, shared by the door and the planning threads.
pub struct Engine {
    pub(super) options: SessionOptions,
    pub(super) sources: Arc<Sources>,
    pub(super) canceller: Canceller,
    pub(super) tally: Tally,
    pub(super) watcher: OnceLock<Watcher>,
    context: SessionContext,
    runtime: Option<Runtime>,
}

/// A statement ready to run.
pub struct Planned {
    /// Plan, with the rows that the answer is cut to.
    pub physical: Arc<dyn ExecutionPlan>,
    /// Its context.
    pub context: Arc<TaskContext>,
    /// Columns of the answer, with units.
    pub schema: SchemaRef,
    /// Rows to skip and keep.
    pub cut: Option<Cut>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Snapshots and families that the query reads.
    pub origins: Vec<Origin>,
}

/// A statement after planning.
pub enum Step {
    /// Rows to compute.
    Rows(Box<Planned>),
    /// Rows at hand.
    Ready(RecordBatch),
    /// Anything else.
    Other(Box<Action>, Option<Box<Planned>>),
}

impl Engine {
    /// Threads, memory and functions for `options`.
    pub fn new(options: SessionOptions) -> Result<Engine> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = if options.threads == 0 { cores } else { options.threads };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_stack_size(WORKER_STACK)
            .thread_name("spolia-sql")
            .enable_all()
            .build()
            .map_err(|e| Error::internal("cannot start worker threads").because(e))?;
        let mut config = SessionConfig::new()
            .with_target_partitions(threads)
            .with_default_catalog_and_schema(CATALOG, PUBLIC)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(true)
            // Round robin would shuffle the rows of a scan, which come in file order otherwise.
            .with_round_robin_repartition(false)
            .set_bool("datafusion.sql_parser.collect_spans", true)
            // Version 55 loses track of names when it moves the field of a struct below a filter and a sort.
            .set_bool("datafusion.optimizer.enable_leaf_expression_pushdown", false)
            .set_usize("datafusion.sql_parser.recursion_limit", PARSER_DEPTH)
            .set_bool("datafusion.execution.parquet.pushdown_filters", false)
            .set_bool("datafusion.execution.parquet.reorder_filters", false)
            .set_str("datafusion.execution.spill_compression", "lz4_frame");
        let mut settings = Settings::default();
        if !options.check_units {
            settings.units = "off".to_string();
        }
        let tally = Tally::default();
        config.options_mut().extensions.insert(settings);
        config.options_mut().extensions.insert(tally.clone());
        let context = SessionContext::new_with_config_rt(config, runtime_env(&options)?);
        functions::register(&context, !options.limits.read_only)?;
        Ok(Engine {
            options,
            sources: Arc::new(Sources::default()),
            canceller: Canceller::default(),
            tally,
            watcher: OnceLock::new(),
            context,
            runtime: Some(runtime),
        })
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Settings {
        Settings::of(self.context.state().config_options())
    }

    /// Changes a setting.
    pub fn set(&self, name: &str, value: &str) -> Result<()> {
        let state = self.context.state_ref();
        let changed = state.write().config_mut().options_mut().set(name, value);
        changed.map_err(|e| Error::usage(errors::plain(&e.to_string())))
    }

    /// A resolver of names for a query in which `words` may be columns.
    pub fn resolver(&self, words: std::collections::BTreeSet<String>) -> Resolver {
        let state = self.context.state();
        // Settings are checked when they are set, so they are never the reason why this fails.
        let open = Settings::of(state.config_options()).open(&self.options.open).unwrap_or_else(|_| self.options.open.clone());
        Resolver {
            open,
            sources: self.sources.clone(),
            words,
            frame: Settings::of(state.config_options()).default_frame(),
            state: Arc::new(state),
            open_paths: !self.options.limits.read_only,
            trust: self.options.trust,
            origins: Default::default(),
        }
    }

    /// Names of all functions.
    pub fn function_names(&self) -> Vec<String> {
        let state = self.context.state();
        let mut names: Vec<String> = state
            .scalar_functions()
            .keys()
            .chain(state.aggregate_functions().keys())
            .chain(state.window_functions().keys())
            .cloned()
            .collect();
        names.sort();
        names.dedup();
        names
    }

    fn handle(&self) -> Result<&tokio::runtime::Handle> {
        self.runtime.as_ref().map(Runtime::handle).ok_or_else(|| Error::internal("the session has ended"))
    }

    /// Plans a statement on a thread with a deep stack; `lean` for little memory.
    pub fn plan(self: &Arc<Engine>, text: &SqlText, lean: bool) -> Result<Step> {
        let (sender, receiver) = mpsc::channel();
        let (engine, text) = (self.clone(), text.clone());
        let work = move || {
            let planned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.plan_here(&text, lean)));
            let planned = planned.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
            // The engine may own the runtime, which must not end on this thread's watch while the caller waits.
            drop(engine);
            let _ = sender.send(planned);
        };
        let thread = std::thread::Builder::new().name("spolia-plan".to_string()).stack_size(PLANNING_STACK).spawn(work);
        thread.map_err(|e| Error::internal("cannot start a planning thread").because(e))?;
        receiver.recv_timeout(self.options.limits.planning).map_err(|_| {
            Error::limit("the query took too long to plan")
                .expected(format!("at most {} s", self.options.limits.planning.as_secs()))
                .hint("split it into CREATE TABLE ... AS steps")
        })?
    }

    fn plan_here(&self, text: &SqlText, lean: bool) -> Result<Step> {
        let mut state = self.context.state();
        let resolver = Arc::new(self.resolver(derived::column_words(text)));
        state.register_catalog_list(Arc::new(QueryCatalogs(resolver.clone())));
        state.register_udtf("snapshot", Arc::new(SnapshotFunction(resolver.clone())));
        for walk in Walk::ALL {
            state.register_udtf(walk.name(), Arc::new(TreeFunction { walk, resolver: resolver.clone() }));
        }
        if lean {
            let options = state.config_mut().options_mut();
            // The planner sorts and merges a join only when there are two partitions or more.
            options.execution.target_partitions = if text.words().contains("join") { 2 } else { 1 };
            let rows = datafusion::common::config::ConfigNonZeroUsize::try_new(LEAN_ROWS);
            options.execution.batch_size = rows.unwrap_or(options.execution.batch_size);
            options.execution.sort_spill_reservation_bytes = LEAN_SORT_BYTES;
            options.optimizer.prefer_hash_join = false;
        }
        let words = Words { engine: self, resolver: &resolver };
        let fail = |e: datafusion::common::DataFusionError| errors::translate(&e, text, &words);
        let handle = self.handle()?.clone();
        let (parsed, copy) = match statement::ready(statement::parse(&state, text.text()).map_err(fail)?)? {
            Ready::Plan(parsed) => (parsed, None),
            Ready::Copy(parsed, path, format) => (parsed, Some((path, format))),
        };
        let plan = handle.block_on(state.statement_to_plan(parsed)).map_err(fail)?;
        let action = match (statement::action(plan)?, copy) {
            (Action::Rows(plan), Some((path, format))) => Action::Copy(plan, path, format),
            (action, _) => action,
        };
        if self.options.limits.read_only {
            statement::refuse_writing(&action)?;
        }
        let physical = |plan: &LogicalPlan| {
            let planned = self.physical(plan, text, &state).map_err(|failure| match failure {
                Failure::Library(e) => fail(e),
                Failure::Own(e) => e,
            })?;
            Ok::<_, Error>(Planned { origins: resolver.take_origins(), ..planned })
        };
        Ok(match action {
            Action::Rows(plan) => Step::Rows(Box::new(physical(&plan)?)),
            Action::Describe(schema) => Step::Ready(description(&schema)?),
            Action::Copy(ref plan, ..) | Action::Table { ref plan, .. } => {
                let planned = Box::new(physical(plan)?);
                Step::Other(Box::new(action), Some(planned))
            }
            Action::View { ref plan, .. } => {
                units::of_plan(plan, text, self.settings().checks_units())?;
                Step::Other(Box::new(action), None)
            }
            other => Step::Other(Box::new(other), None),
        })
    }

    fn physical(&self, plan: &LogicalPlan, text: &SqlText, state: &SessionState) -> Result<Planned, Failure> {
        let found = units::of_plan(plan, text, self.settings().checks_units())?;
        let notes = match plan {
            LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) => explained(text),
            _ => Vec::new(),
        };
        let headers = headers::of_plan(plan);
        let (plan, cut) = order::without_scan_limit(plan.clone());
        let plan = order::settled(plan).map_err(Failure::Library)?;
        let in_file_order = order::is_scan(&plan);
        let handle = self.handle()?.clone();
        let mut physical = handle.block_on(state.create_physical_plan(&plan)).map_err(Failure::Library)?;
        physical =
            if in_file_order { order::in_file_order(physical) } else { order::settled_physical(physical) }.map_err(Failure::Library)?;
        let schema = labelled(&physical.schema(), &found, &headers);
        Ok(Planned { physical, context: state.task_ctx(), schema, cut, notes, origins: Vec::new() })
    }

    /// Runs a plan and hands each batch, with units, to `receive`.
    pub fn run(&self, planned: &Planned, text: &SqlText, keeps: bool, receive: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        let limits = &self.options.limits;
        let deadline = limits.execution.map(|t| Instant::now() + t);
        let watcher = self.watcher.get();
        let run = Run { runtime: self.handle()?, canceller: &self.canceller, deadline, cut: planned.cut, keeps, watcher };
        let mut rows = 0;
        let mut pass = |batch: RecordBatch| {
            rows += batch.num_rows();
            if limits.rows.is_some_and(|most| rows > most) {
                return Err(Error::limit("the answer has too many rows")
                    .expected(format!("at most {}", limits.rows.unwrap_or(0)))
                    .hint("add LIMIT, or aggregate"));
            }
            receive(relabelled(&batch, &planned.schema)?)
        };
        run.run(&planned.physical, &planned.context, &mut pass).map_err(|failure| match failure {
            Failure::Own(error) => error,
            Failure::Library(error) => {
                let resolver = Arc::new(self.resolver(Default::default()));
                errors::translate(&error, text, &Words { engine: self, resolver: &resolver })
            }
        })
    }

    /// Whether a failure may pass on a second, lean try.
    pub fn may_retry(error: &Error) -> bool {
        error.kind() == ErrorKind::Limit && error.what() == errors::OUT_OF_MEMORY
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Waiting for workers is forbidden inside another runtime, where a session may well be dropped.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn runtime_env(options: &SessionOptions) -> Result<Arc<RuntimeEnv>> {
    let disk = DiskManagerBuilder::default().with_max_temp_directory_size(SPILL_BYTES);
    let disk = match &options.spill_dir {
        Some(folder) => disk.with_mode(DiskManagerMode::Directories(vec![folder.clone()])),
        None => disk,
    };
    let mut builder = RuntimeEnvBuilder::new().with_disk_manager_builder(disk);
    if let (Some(bytes), Some(consumers)) = (options.memory_bytes, NonZeroUsize::new(CONSUMERS)) {
        let pool = ((bytes as f64 * POOL_SHARE) as u64).saturating_sub(POOL_FLOOR).max(POOL_LEAST);
        let pool = FairSpillPool::new(usize::try_from(pool).unwrap_or(usize::MAX));
        builder = builder.with_memory_pool(Arc::new(TrackConsumersPool::new(pool, consumers)));
    }
    builder.build_arc().map_err(|e| Error::internal("cannot set up memory and spilling").because(errors::plain(&e.to_string())))
}

/// `schema` with the header of each column for its name, and its unit in the metadata.
fn labelled(schema: &Schema, units: &[Option<Unit>], headers: &[String]) -> SchemaRef {
    let columns = schema.fields().len();
    if units.len() != columns || headers.len() != columns {
        return Arc::new(schema.clone());
    }
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .zip(units)
        .zip(headers)
        .map(|((field, unit), header)| {
            let mut metadata = field.metadata().clone();
            match unit {
                Some(unit) => metadata.insert(UNIT.to_string(), unit.to_string()),
                None => metadata.remove(UNIT),
            };
            field.as_ref().clone().with_name(header).with_metadata(metadata)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

fn relabelled(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)
        .map_err(|e| Error::internal("a batch does not fit its schema").because(e))
}

/// DESCRIBE: name, type, unit, description of each column.
fn description(schema: &Schema) -> Result<RecordBatch> {
    let texts = |value: &dyn Fn(&Field) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(schema.fields().iter().map(|f| value(f))))
    };
    let columns = vec![
        texts(&|f| f.name().clone()),
        texts(&|f| f.data_type().to_string().to_lowercase()),
        texts(&|f| unit_of(f).to_string()),
        texts(&|f| f.metadata().get(crate::table::schema::DESCRIPTION).cloned().unwrap_or_default()),
    ];
    let fields: Vec<Field> = ["column", "type", "unit", "description"].map(|n| Field::new(n, DataType::Utf8, false)).to_vec();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|e| Error::internal("cannot list columns").because(e))
}

/// EXPLAIN: formula and source of each function of ours that the text calls.
fn explained(text: &SqlText) -> Vec<String> {
    let words = text.words();
    let docs = functions::docs().iter().filter(|d| words.contains(d.name) && text.find_call(d.name).is_some());
    docs.map(|d| format!("{}: {} ({})", d.name, d.formula, d.source)).collect()
}

/// Names for messages.
struct Words<'a> {
    engine: &'a Engine,
    resolver: &'a Arc<Resolver>,
}

impl Words<'_> {
    fn schemas(&self) -> Vec<SchemaRef> {
        let names = bare_names(self.resolver);
        names.iter().filter_map(|n| self.resolver.table(PUBLIC, n).ok().flatten()).map(|t| t.schema()).collect()
    }
}

impl Vocabulary for Words<'_> {
    fn tables(&self) -> Vec<String> {
        bare_names(self.resolver)
    }

    fn column_unit(&self, name: &str) -> Option<String> {
        let stored = self.schemas().iter().find_map(|s| s.field_with_name(name).ok().map(|f| unit_of(f).to_string()));
        stored.or_else(|| crate::table::schema::canonical(name).map(|c| c.unit.to_string()))
    }

    fn missing_derived(&self, name: &str) -> Option<String> {
        let schemas = self.schemas();
        let first = schemas.first()?;
        derived::missing(name, first)
    }

    fn functions(&self) -> Vec<String> {
        self.engine.function_names()
    }
}

/// Attaches a path.
pub fn attach(engine: &Engine, path: &Path) -> Result<String> {
    let options = engine.settings().open(&engine.options.open)?;
    let attached = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.sources.attach(path, &options)));
    attached.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}
