//! Table functions over merger trees: `main_branch`, `progenitors`, `descendants` of one halo.
//!
//! SQL        `SELECT snap, mass FROM main_branch(520, 14) ORDER BY snap`; `main_branch('run.merger_tree', 520, 14)` for another table
//! Layout     the rows of the tree that were reached, in its own columns; the halo's own row is among them where the tree has one
//! Formula    a row links (halo_id, snap) to (descendant_id, descendant_snap); the main branch follows is_main_progenitor back in time,
//!            progenitors all links, descendants the links forward
//! Edge cases without a snapshot number the latest row of that halo_id is taken; a null snapshot is a snapshot of its own, so
//!            trees whose files have no numbers can be followed where identifiers are unique; a halo that is not there is an error
//! Cost       reads the whole table once for each use; memory for its rows and one node for each halo
//! See also   `ingest::halos` for the table, docs/guides/halos.md

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, AsArray, BooleanArray, Int32Array, RecordBatch, UInt64Array};
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::arrow::datatypes::{Int32Type, SchemaRef, UInt64Type};
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, ScalarValue};
use datafusion::datasource::{MemTable, TableType};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::{ExecutionPlan, collect};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::catalog::outward;
use super::resolve::{PUBLIC, Resolver};
use crate::error::Error;
use crate::ingest::Family;

/// Which rows of the tree are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// The main progenitor of the main progenitor, and so on.
    MainBranch,
    /// Everything that became part of the halo.
    Progenitors,
    /// What the halo became part of.
    Descendants,
}

impl Walk {
    /// Every function.
    pub const ALL: [Walk; 3] = [Walk::MainBranch, Walk::Progenitors, Walk::Descendants];

    /// Name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Walk::MainBranch => "main_branch",
            Walk::Progenitors => "progenitors",
            Walk::Descendants => "descendants",
        }
    }
}

/// One of the functions, for one query.
#[derive(Debug)]
pub struct TreeFunction {
    /// Which one.
    pub walk: Walk,
    /// Names of the query.
    pub resolver: Arc<Resolver>,
}

impl TableFunctionImpl for TreeFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let wrong = || {
            outward(
                Error::usage(format!("{} does not take these arguments", self.walk.name()))
                    .expected(format!("{}(['table',] halo_id [, snap])", self.walk.name())),
            )
        };
        let (mut table, mut numbers) = (Family::MergerTree.table().to_string(), Vec::new());
        for (place, argument) in args.exprs().iter().enumerate() {
            let Expr::Literal(value, _) = argument else { return Err(wrong()) };
            match value {
                ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) if place == 0 => table.clone_from(text),
                ScalarValue::Int64(Some(v)) => numbers.push(u64::try_from(*v).map_err(|_| wrong())?),
                ScalarValue::UInt64(Some(v)) => numbers.push(*v),
                _ => return Err(wrong()),
            }
        }
        let (halo, snap) = match numbers.as_slice() {
            [halo] => (*halo, None),
            [halo, snap] => (*halo, Some(i32::try_from(*snap).map_err(|_| wrong())?)),
            _ => return Err(wrong()),
        };
        let (schema, name) = table.rsplit_once('.').unwrap_or((PUBLIC, &table));
        let base = self.resolver.table(schema, name).map_err(outward)?;
        let base = base
            .ok_or_else(|| outward(Error::not_found(format!("no table `{table}`")).hint("halo catalogues with links have merger_tree")))?;
        for column in ["halo_id", "snap", "descendant_id", "descendant_snap"] {
            if base.schema().column_with_name(column).is_none() {
                return Err(outward(
                    Error::mismatch(format!("table `{table}` is no merger tree")).expected(format!("a column `{column}`")),
                ));
            }
        }
        Ok(Arc::new(TreeRows { walk: self.walk, base, halo, snap }))
    }
}

/// The rows of one call.
#[derive(Debug)]
struct TreeRows {
    walk: Walk,
    base: Arc<dyn TableProvider>,
    halo: u64,
    snap: Option<i32>,
}

#[async_trait]
impl TableProvider for TreeRows {
    fn schema(&self) -> SchemaRef {
        self.base.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.base.scan(state, None, &[], None).await?;
        let batches = collect(plan, state.task_ctx()).await?;
        let rows = concat_batches(&self.base.schema(), &batches)?;
        let tree = Tree::new(&rows)?;
        let start = tree.find(self.halo, self.snap).ok_or_else(|| {
            let at = self.snap.map_or(String::new(), |s| format!(" at snapshot {s}"));
            outward(Error::not_found(format!("the merger tree has no halo {}{at}", self.halo)))
        })?;
        let picked = UInt64Array::from_iter_values(tree.walk(start, self.walk).into_iter().map(|row| row as u64));
        let found = take_record_batch(&rows, &picked)?;
        MemTable::try_new(self.base.schema(), vec![vec![found]])?.scan(state, projection, filters, limit).await
    }
}

/// A halo at a snapshot.
type Key = (u64, Option<i32>);

/// Links between haloes; each edge is a row of the table.
#[derive(Debug)]
struct Tree {
    graph: DiGraph<Key, usize>,
    nodes: HashMap<Key, NodeIndex>,
    /// Rows of each halo, which has none where the tree only names it as a descendant.
    own: HashMap<NodeIndex, Vec<usize>>,
    main: Vec<bool>,
}

impl Tree {
    fn new(rows: &RecordBatch) -> Result<Tree> {
        let odd = |name: &str| outward(Error::mismatch(format!("column {name} of the merger tree has another type")));
        let column = |name: &str| rows.column_by_name(name).ok_or_else(|| odd(name));
        let whole =
            |name: &str| -> Result<UInt64Array> { column(name)?.as_primitive_opt::<UInt64Type>().cloned().ok_or_else(|| odd(name)) };
        let snaps = |name: &str| -> Result<Int32Array> { column(name)?.as_primitive_opt::<Int32Type>().cloned().ok_or_else(|| odd(name)) };
        let (halos, descendants) = (whole("halo_id")?, whole("descendant_id")?);
        let (snap, later) = (snaps("snap")?, snaps("descendant_snap")?);
        let mains: Option<BooleanArray> = rows.column_by_name("is_main_progenitor").and_then(|c| c.as_boolean_opt()).cloned();
        let at = |array: &Int32Array, row: usize| (!array.is_null(row)).then(|| array.value(row));
        let mut tree = Tree { graph: DiGraph::new(), nodes: HashMap::new(), own: HashMap::new(), main: Vec::new() };
        for row in 0..rows.num_rows() {
            let node = tree.node((halos.value(row), at(&snap, row)));
            tree.own.entry(node).or_default().push(row);
            tree.main.push(mains.as_ref().is_some_and(|m| !m.is_null(row) && m.value(row)));
        }
        for row in (0..rows.num_rows()).filter(|row| !descendants.is_null(*row)) {
            let from = tree.node((halos.value(row), at(&snap, row)));
            let to = tree.node((descendants.value(row), at(&later, row)));
            tree.graph.add_edge(from, to, row);
        }
        Ok(tree)
    }

    fn node(&mut self, key: Key) -> NodeIndex {
        *self.nodes.entry(key).or_insert_with(|| self.graph.add_node(key))
    }

    /// The halo at `snap`, or at its latest snapshot.
    fn find(&self, halo: u64, snap: Option<i32>) -> Option<NodeIndex> {
        match snap {
            Some(_) => self.nodes.get(&(halo, snap)).copied(),
            None => {
                let keys = self.nodes.keys().filter(|(id, _)| *id == halo);
                keys.max_by_key(|(_, snap)| *snap).and_then(|key| self.nodes.get(key)).copied()
            }
        }
    }

    /// Rows that a walk from `start` takes, in the order of the table.
    fn walk(&self, start: NodeIndex, walk: Walk) -> BTreeSet<usize> {
        let direction = if walk == Walk::Descendants { Direction::Outgoing } else { Direction::Incoming };
        let mut rows = BTreeSet::new();
        // Rows without a descendant are no edges: the start's, and the last of its descendants.
        let own = |node: NodeIndex| self.own.get(&node).into_iter().flatten().copied();
        rows.extend(own(start));
        let (mut seen, mut stack) = (BTreeSet::from([start]), vec![start]);
        while let Some(node) = stack.pop() {
            for edge in self.graph.edges_directed(node, direction) {
                if walk == Walk::MainBranch && !self.main.get(*edge.weight()).copied().unwrap_or(false) {
                    continue;
                }
                rows.insert(*edge.weight());
                let next = if direction == Direction::Outgoing { edge.target() } else { edge.source() };
                if direction == Direction::Outgoing {
                    rows.extend(own(next));
                }
                // A damaged tree may hold a circle.
                if seen.insert(next) {
                    stack.push(next);
                }
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::{DataType, Field, Schema};

    /// Halo, snap, descendant, its snap, main.
    type Row = (u64, i32, Option<u64>, Option<i32>, bool);

    fn tree(rows: &[Row]) -> Tree {
        let field = |name: &str, t: DataType| Field::new(name, t, true);
        let schema = Schema::new(vec![
            field("halo_id", DataType::UInt64),
            field("snap", DataType::Int32),
            field("descendant_id", DataType::UInt64),
            field("descendant_snap", DataType::Int32),
            field("is_main_progenitor", DataType::Boolean),
        ]);
        let batch = RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(UInt64Array::from_iter_values(rows.iter().map(|r| r.0))),
                Arc::new(Int32Array::from_iter_values(rows.iter().map(|r| r.1))),
                Arc::new(rows.iter().map(|r| r.2).collect::<UInt64Array>()),
                Arc::new(rows.iter().map(|r| r.3).collect::<Int32Array>()),
                Arc::new(rows.iter().map(|r| Some(r.4)).collect::<BooleanArray>()),
            ],
        );
        Tree::new(&batch.unwrap()).unwrap()
    }

    #[test]
    fn branches_progenitors_and_descendants() {
        // 0@5 <- 0@4 (main) <- 0@3 (main); 0@5 <- 1@4 <- 1@3 (main).
        let t = tree(&[
            (0, 5, None, None, false),
            (0, 4, Some(0), Some(5), true),
            (0, 3, Some(0), Some(4), true),
            (1, 4, Some(0), Some(5), false),
            (1, 3, Some(1), Some(4), true),
        ]);
        let rows = |halo, snap, walk| t.walk(t.find(halo, snap).unwrap(), walk).into_iter().collect::<Vec<_>>();
        assert_eq!(rows(0, Some(5), Walk::MainBranch), [0, 1, 2]);
        assert_eq!(rows(0, None, Walk::MainBranch), [0, 1, 2], "the latest");
        assert_eq!(rows(0, Some(5), Walk::Progenitors), [0, 1, 2, 3, 4]);
        assert_eq!(rows(1, Some(4), Walk::Progenitors), [3, 4]);
        assert_eq!(rows(1, Some(3), Walk::Descendants), [0, 3, 4]);
        assert!(t.find(7, None).is_none() && t.find(0, Some(9)).is_none());
    }

    #[test]
    fn links_to_haloes_without_a_row_and_circles_end() {
        let t = tree(&[(11, 4, Some(1), Some(5), true), (12, 4, Some(1), Some(5), false)]);
        let start = t.find(1, Some(5)).unwrap();
        assert_eq!(t.walk(start, Walk::MainBranch).into_iter().collect::<Vec<_>>(), [0]);
        let circle = tree(&[(1, 1, Some(2), Some(1), true), (2, 1, Some(1), Some(1), true)]);
        assert_eq!(circle.walk(circle.find(1, None).unwrap(), Walk::Progenitors).len(), 2);
    }
}
