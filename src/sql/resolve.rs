//! From a name after FROM to a table: which source, which snapshots, which frame, which derived columns.
//!
//! Layout     stored columns, moved into the frame when one is named, then the derived columns that the query names
//! Edge cases a bare table is that of the first attached source that has it; a path is opened at its first use
//! See also   `catalog` which the planner asks, `table_name`, `derived`, `frame_axis`

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, DFSchema, ScalarValue};
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ScalarUDF, lit};

use super::byte_source::{ByteSource, DatasetBytes};
use super::derived::{self, Derived};
use super::frame_axis::{FrameAxis, POSITION, VELOCITY};
use super::parquet_table::{ParquetPart, ParquetTable};
use super::particles::Origin;
use super::snapshot_table::SnapshotTable;
use super::sources::{Content, Source, Sources};
use super::table_name::{STORED_FRAME, Snaps, TableName};
use crate::error::{Error, Result, nearest};
use crate::frames::Frame;
use crate::ingest::export::Setting;
use crate::ingest::{Family, OpenOptions, Snapshot};
use crate::table::schema::{DESCRIPTION, UNIT, canonical_field};
use crate::table::{ColumnStats, Dataset, Scalar};

/// Name of the schema of bare table names.
pub const PUBLIC: &str = "public";

/// Turns the names of one query into tables.
#[derive(Debug)]
pub struct Resolver {
    /// What is attached.
    pub sources: Arc<Sources>,
    /// Words of the query that may be columns.
    pub words: BTreeSet<String>,
    /// Frame of tables that name none (`SET spolia.frame`).
    pub frame: Option<String>,
    /// Functions, for derived columns.
    pub state: Arc<SessionState>,
    /// Whether a query may open a path that is not attached.
    pub open_paths: bool,
    /// Read dataset files without verifying them.
    pub trust: bool,
    /// How paths that a query names are opened.
    pub open: OpenOptions,
    /// Snapshots and families of the tables that were named so far.
    pub origins: Arc<Mutex<Vec<Origin>>>,
}

impl Resolver {
    /// The same resolver for one path, which is opened in another way; names of attached sources mean their paths.
    pub fn with(&self, open: OpenOptions) -> Resolver {
        let (sources, state) = (Arc::clone(&self.sources), Arc::clone(&self.state));
        let (words, frame, origins) = (self.words.clone(), self.frame.clone(), Arc::clone(&self.origins));
        Resolver { sources, words, frame, state, open, origins, ..*self }
    }

    /// The table `name` of `schema`; none if there is no such table.
    pub fn table(&self, schema: &str, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if schema != PUBLIC {
            return match self.source(schema)? {
                Some(source) => self.of_source(&source, &TableName::parse(name)?),
                None => Ok(None),
            };
        }
        if let Some(table) = self.sources.table(name) {
            return Ok(Some(table));
        }
        let parsed = TableName::parse(name);
        if let Ok(parsed) = &parsed {
            for source in self.sources.attached() {
                if let Some(table) = self.of_source(&source, parsed)? {
                    return Ok(Some(table));
                }
            }
        }
        match self.source(name)? {
            Some(source) => self.whole(&source).map(Some),
            None => parsed.map(|_| None),
        }
    }

    /// What is attached as `name`, or lies at the path `name`.
    pub fn source(&self, name: &str) -> Result<Option<Source>> {
        if let Some(source) = self.sources.by_name(name) {
            return Ok(Some(source));
        }
        let path = Path::new(name);
        if self.open_paths && (path.exists() || name.contains('/')) { self.sources.by_path(path, &self.open).map(Some) } else { Ok(None) }
    }

    fn remember(&self, setting: Setting, family: Option<Family>) {
        // A panic elsewhere leaves the list whole: it changes by single pushes.
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = Origin { setting, family };
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }

    /// Takes the snapshots and families of the tables that were named so far.
    pub fn take_origins(&self) -> Vec<Origin> {
        std::mem::take(&mut self.origins.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A source named without a table: every family of a snapshot, or the one table of a file.
    fn whole(&self, source: &Source) -> Result<Arc<dyn TableProvider>> {
        match &source.content {
            Content::Snapshot(snapshot, _) => {
                self.remember(Setting::of_snapshot(&source.name, snapshot.info()), None);
                self.all_families(snapshot)
            }
            Content::Parquet(bytes) => foreign_table(bytes, &source.path),
            Content::Dataset(dataset) => Err(Error::usage(format!("{} is a dataset of several tables", source.name))
                .expected(format!("one of {}", dataset.tables().join(", ")))
                .hint(format!("write {}", dataset.tables().first().map_or_else(String::new, |t| format!("{}.{t}", source.name))))),
        }
    }

    fn of_source(&self, source: &Source, name: &TableName) -> Result<Option<Arc<dyn TableProvider>>> {
        match &source.content {
            Content::Dataset(dataset) if dataset.tables().contains(&name.table) => self.of_dataset(&source.name, dataset, name).map(Some),
            Content::Snapshot(snapshot, frames) => {
                let Some(family) = Family::from_name(&name.table).filter(|f| snapshot.rows(*f) > 0) else { return Ok(None) };
                let snap = snapshot.info().snap;
                if let Snaps::Number(wanted) = name.snaps
                    && wanted != snap
                {
                    return Err(no_snapshot(wanted, &[snap]));
                }
                self.remember(Setting::of_snapshot(&source.name, snapshot.info()), Some(family));
                let base = Arc::new(SnapshotTable::new(snapshot.clone(), family)?);
                let known: Vec<String> = frames.keys().cloned().collect();
                let frame = self.frame_for(name, &base.schema(), &known, |n| frames.get(n).copied().map(|f| (f, snap)), snap)?;
                self.dressed(base, frame).map(Some)
            }
            Content::Parquet(bytes) if source.name == name.table => foreign_table(bytes, &source.path).map(Some),
            _ => Ok(None),
        }
    }

    fn of_dataset(&self, source: &str, dataset: &Dataset, name: &TableName) -> Result<Arc<dyn TableProvider>> {
        let table = &name.table;
        if !dataset.per_snapshot(table)? {
            let base = dataset_table(dataset, table, None, self.trust)?;
            let frame = self.dataset_frame(dataset, name, &base.schema(), None)?;
            return self.dressed(base, frame);
        }
        let mut snaps: Vec<u32> = dataset.files(table).iter().map(|f| f.snap).collect();
        snaps.sort_unstable();
        snaps.dedup();
        let chosen: Vec<u32> = match name.snaps {
            Snaps::Last => snaps.last().copied().into_iter().collect(),
            Snaps::All => snaps.clone(),
            Snaps::Number(n) if snaps.contains(&n) => vec![n],
            Snaps::Number(n) if table == Family::Births.table() => {
                return Err(
                    no_snapshot(n, &snaps).hint("the births of a run are kept once, with its newest snapshot: `births` has them all")
                );
            }
            Snaps::Number(n) => return Err(no_snapshot(n, &snaps)),
        };
        for entry in dataset.manifest().snapshots.iter().filter(|s| chosen.contains(&s.snap)) {
            self.remember(Setting::of_entry(source, entry), Family::from_name(table));
        }
        let whole = dataset_table(dataset, table, Some(&chosen), self.trust)?;
        let framed = name.frame.as_deref().or(self.frame.as_deref()).is_some_and(|f| f != STORED_FRAME);
        if chosen.len() < 2 || !framed {
            let frame = self.dataset_frame(dataset, name, &whole.schema(), chosen.last().copied())?;
            return self.dressed(whole, frame);
        }
        // Each snapshot has its own frame of that name.
        let mut plan: Option<LogicalPlanBuilder> = None;
        for snap in chosen {
            let base = dataset_table(dataset, table, Some(&[snap]), self.trust)?;
            let frame = self.dataset_frame(dataset, name, &base.schema(), Some(snap))?;
            let part = LogicalPlanBuilder::scan("part", provider_as_source(self.dressed(base, frame)?), None).map_err(planning)?;
            plan = Some(match plan {
                None => part,
                Some(before) => before.union(part.build().map_err(planning)?).map_err(planning)?,
            });
        }
        match plan {
            Some(plan) => Ok(view(plan.build().map_err(planning)?)),
            None => Ok(whole),
        }
    }

    fn dataset_frame(&self, dataset: &Dataset, name: &TableName, schema: &Schema, snap: Option<u32>) -> Result<Option<(String, Frame)>> {
        let frames = &dataset.manifest().frames;
        let known: Vec<String> = frames.keys().cloned().collect();
        let find = |wanted: &str| {
            let own = snap.and_then(|s| frames.get(&format!("{wanted}@{s}")));
            own.or_else(|| frames.get(wanted)).map(|entry| (entry.frame, entry.snap))
        };
        let last = dataset.manifest().snapshots.iter().map(|s| s.snap).max().unwrap_or(0);
        self.frame_for(name, schema, &known, find, snap.unwrap_or(last))
    }

    /// The frame that a table is read in: named with it, else that of the session where the table has positions.
    fn frame_for(
        &self,
        name: &TableName,
        schema: &Schema,
        known: &[String],
        find: impl Fn(&str) -> Option<(Frame, u32)>,
        snap: u32,
    ) -> Result<Option<(String, Frame)>> {
        let has_positions = POSITION.iter().all(|c| schema.column_with_name(c).is_some());
        let wanted = match (&name.frame, &self.frame) {
            (Some(named), _) => named,
            (None, Some(default)) if has_positions => default,
            _ => return Ok(None),
        };
        if wanted == STORED_FRAME {
            return Ok(None);
        }
        if !has_positions {
            return Err(Error::usage(format!("table {} has no positions to move into the frame {wanted}", name.table)));
        }
        let Some((frame, made_for)) = find(wanted) else {
            let error = Error::not_found(format!("unknown frame {wanted}"));
            let error = if known.is_empty() { error } else { error.expected(format!("one of {}", known.join(", "))) };
            return Err(match nearest(wanted, known.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean {near}")),
                None => error.hint(format!("CREATE FRAME {wanted} AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM stars")),
            });
        };
        if made_for != snap {
            return Err(Error::mismatch(format!("frame {wanted} was made for another snapshot"))
                .expected(format!("snapshot {made_for}"))
                .found(format!("snapshot {snap}"))
                .hint(format!("CREATE FRAME {wanted}@{snap} AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM {}@{snap}", name.table)));
        }
        Ok(Some((wanted.clone(), frame)))
    }

    /// The table in its frame, with the derived columns that the query names.
    fn dressed(&self, base: Arc<dyn TableProvider>, frame: Option<(String, Frame)>) -> Result<Arc<dyn TableProvider>> {
        let schema = base.schema();
        let derived = derived::named(&self.words, &schema);
        if frame.is_none() && derived.is_empty() {
            return Ok(base);
        }
        let mut plan = LogicalPlanBuilder::scan("stored", provider_as_source(base), None).map_err(planning)?;
        if let Some((name, frame)) = frame {
            plan = plan.project(in_frame(&schema, &name, frame)).map_err(planning)?;
        }
        if !derived.is_empty() {
            let mut columns = all_columns(plan.schema());
            for column in derived {
                columns.push(self.expression(&column, plan.schema())?);
            }
            plan = plan.project(columns).map_err(planning)?;
        }
        Ok(view(plan.build().map_err(planning)?))
    }

    fn expression(&self, column: &Derived, schema: &DFSchema) -> Result<Expr> {
        let formula = self.state.create_logical_expr(&column.formula, schema).map_err(planning)?;
        let metadata = [(UNIT.to_string(), column.unit.clone()), (DESCRIPTION.to_string(), column.description.clone())];
        let metadata = std::collections::BTreeMap::from(metadata).into();
        Ok(formula.alias_with_metadata(&column.name, Some(metadata)))
    }

    /// All families of a snapshot: the columns that all of them have, and `family`.
    fn all_families(&self, snapshot: &Arc<dyn Snapshot>) -> Result<Arc<dyn TableProvider>> {
        let mut tables = Vec::new();
        for family in Family::ALL.into_iter().filter(|f| f.is_particles() && snapshot.rows(*f) > 0) {
            tables.push((family, SnapshotTable::new(snapshot.clone(), family)?));
        }
        let Some((_, first)) = tables.first() else { return Err(Error::not_found("the snapshot has no particles")) };
        let common: Vec<String> = first
            .schema()
            .fields()
            .iter()
            .filter(|f| tables.iter().all(|(_, t)| t.schema().field_with_name(f.name()).is_ok_and(|g| g.data_type() == f.data_type())))
            .map(|f| f.name().clone())
            .collect();
        let mut plan: Option<LogicalPlanBuilder> = None;
        for (family, table) in tables {
            let scan = LogicalPlanBuilder::scan("stored", provider_as_source(Arc::new(table)), None).map_err(planning)?;
            let mut columns: Vec<Expr> = common.iter().map(|c| Expr::Column(Column::new_unqualified(c))).collect();
            columns.push(lit(family.table()).alias("family"));
            let part = scan.project(columns).map_err(planning)?;
            plan = Some(match plan {
                None => part,
                Some(before) => before.union(part.build().map_err(planning)?).map_err(planning)?,
            });
        }
        match plan {
            Some(plan) => self.dressed(view(plan.build().map_err(planning)?), None),
            None => Err(Error::not_found("the snapshot has no particles")),
        }
    }
}

fn no_snapshot(wanted: u32, known: &[u32]) -> Error {
    let known: Vec<String> = known.iter().map(u32::to_string).collect();
    Error::not_found(format!("no snapshot {wanted}")).expected(format!("one of {}", known.join(", ")))
}

fn planning(failure: datafusion::common::DataFusionError) -> Error {
    Error::internal("cannot lay out a table").because(super::errors::plain(&failure.to_string()))
}

fn view(plan: LogicalPlan) -> Arc<dyn TableProvider> {
    Arc::new(ViewTable::new(plan, None))
}

fn all_columns(schema: &DFSchema) -> Vec<Expr> {
    schema.columns().into_iter().map(Expr::Column).collect()
}

/// Every column of `schema`, positions and velocities moved into `frame`.
fn in_frame(schema: &Schema, name: &str, frame: Frame) -> Vec<Expr> {
    let has_all = |triple: &[&str; 3]| triple.iter().all(|c| schema.column_with_name(c).is_some());
    let column = |name: &str| Expr::Column(Column::new_unqualified(name));
    schema
        .fields()
        .iter()
        .map(|field| {
            for triple in [POSITION, VELOCITY] {
                if let Some(axis) = triple.iter().position(|c| c == field.name())
                    && has_all(&triple)
                {
                    let function = ScalarUDF::new_from_impl(FrameAxis::new(name, frame, axis, triple));
                    return function.call(triple.map(column).to_vec()).alias(field.name());
                }
            }
            column(field.name())
        })
        .collect()
}

/// A dataset's table over the files of the chosen snapshots.
fn dataset_table(dataset: &Dataset, table: &str, snaps: Option<&[u32]>, trust: bool) -> Result<Arc<dyn TableProvider>> {
    let schema: SchemaRef = dataset.schema(table)?;
    let mut parts = Vec::new();
    for file in dataset.files(table).iter().filter(|f| snaps.is_none_or(|s| s.contains(&f.snap))) {
        let source: Arc<dyn ByteSource> = Arc::new(DatasetBytes(dataset.checked_file(file, trust)?));
        let columns = schema
            .fields()
            .iter()
            .filter_map(|field| {
                let known = file.columns.iter().find(|c| &c.name == field.name())?;
                Some((field.name().clone(), statistics(known, field)))
            })
            .collect();
        let snap = snaps.map(|_| i32::try_from(file.snap).unwrap_or(i32::MAX));
        parts.push(ParquetPart { source, rows: file.rows, snap, columns });
    }
    let snap = snaps.map(|_| canonical_field("snap", DataType::Int32, "", None));
    Ok(Arc::new(ParquetTable::new(schema, snap, parts)))
}

/// What the manifest knows of a column; a NaN makes minimum and maximum inexact, for NaN is the greatest float in SQL.
fn statistics(known: &ColumnStats, field: &Field) -> ColumnStatistics {
    let value = |scalar: Option<Scalar>| {
        let value = scalar.and_then(|scalar| match scalar {
            Scalar::Integer(n) => match field.data_type() {
                DataType::UInt64 => u64::try_from(n).ok().map(|v| ScalarValue::UInt64(Some(v))),
                _ => i64::try_from(n).ok().and_then(|v| ScalarValue::Int64(Some(v)).cast_to(field.data_type()).ok()),
            },
            Scalar::Float(x) => ScalarValue::Float64(Some(x)).cast_to(field.data_type()).ok(),
        });
        match value {
            Some(value) if known.nans == 0 => Precision::Exact(value),
            Some(value) => Precision::Inexact(value),
            None => Precision::Absent,
        }
    };
    ColumnStatistics {
        null_count: Precision::Exact(known.nulls as usize),
        min_value: value(known.min),
        max_value: value(known.max),
        ..ColumnStatistics::new_unknown()
    }
}

/// The one table of a Parquet file of another program.
fn foreign_table(bytes: &Arc<dyn ByteSource>, path: &Path) -> Result<Arc<dyn TableProvider>> {
    let metadata = bytes.metadata()?;
    let file = metadata.file_metadata();
    let schema = std::panic::catch_unwind(|| parquet::arrow::parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata()));
    let refuse = || Error::damaged("the schema of a Parquet file makes no sense").at(format!("`{}`", path.display()));
    let schema = match schema {
        Ok(Ok(schema)) => Arc::new(schema),
        Ok(Err(e)) => return Err(refuse().because(e)),
        Err(_) => return Err(refuse()),
    };
    let rows = u64::try_from(file.num_rows()).map_err(|_| refuse())?;
    let part = ParquetPart { source: bytes.clone(), rows, snap: None, columns: Vec::new() };
    Ok(Arc::new(ParquetTable::new(schema, None, vec![part])))
}
