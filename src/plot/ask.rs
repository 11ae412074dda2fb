//! Questions to the session: ranges, quantiles, one- and two-dimensional sums, always aggregated in SQL.
//!
//! Formula    cell = floor((v - lo) / width), grouped and ordered; quantiles by zooming into counts of 512 cells
//! Units      those of the columns; literals take the unit that is needed
//! Edge cases NULL, NaN and infinite values fail `BETWEEN -1e300 AND 1e300` and are counted apart; no row at all is an error
//! Accuracy   quantiles to 1/500 of their distance, the same for any thread count (a sketch would not be)
//! See also   `plot::histogram`

use std::cell::RefCell;

use arrow::array::{Array, Float64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::axes::LABEL_SIZE;
use super::draw::shortened;
use super::histogram::{Grid, edge, width};
use super::label::Quantity;
use super::text::Text;
use super::{FigureOptions, Query, ticks};
use crate::error::{Error, ErrorKind, Result};
use crate::table::schema::{UNKNOWN_UNIT, unit_of};
use crate::units::Unit;

/// Beyond this a value counts as infinite.
const FINITE: f64 = 1.0e300;
/// Cells of one zoom step.
const ZOOM_CELLS: usize = 512;
/// Zoom steps at most; each narrows by up to the number of cells.
const ZOOM_STEPS: usize = 6;
/// A quantile interval must span this many cells to be good enough.
const ZOOM_ENOUGH: usize = 250;
/// Quantiles shown by default.
pub const SHOWN: (f64, f64) = (0.002, 0.998);
/// Longest name of an axis that is an expression, points; longer ones are cut.
const LONGEST_NAME: f64 = 140.0;
/// Most bins along an axis.
const MOST_BINS: usize = 4096;

/// A table with its selection, and the record of what was asked.
pub struct Source<'a> {
    query: &'a Query<'a>,
    /// Table in SQL.
    pub table: String,
    /// Condition in SQL.
    pub filter: Option<String>,
    sql: RefCell<Vec<String>>,
    notes: RefCell<Vec<String>>,
}

/// How many rows there are and how many can be drawn, with the extremes of each expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Rows of the selection.
    pub rows: u64,
    /// Rows whose expressions are all finite.
    pub usable: u64,
    /// Smallest and largest of each expression among the usable rows.
    pub ranges: Vec<(f64, f64)>,
}

/// Sums in the cells of a plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Sums {
    /// Rows.
    pub count: Grid,
    /// Sum of the weight.
    pub weight: Grid,
    /// Sum of weight times the averaged quantity.
    pub weighted: Grid,
}

impl<'a> Source<'a> {
    /// The table that the options name, else `table`.
    pub fn new(query: &'a Query<'a>, options: &FigureOptions, table: &str) -> Self {
        let mut name = options.table.as_deref().unwrap_or(table).to_string();
        if let Some(snap) = options.snap {
            name = format!("{name}@{snap}");
        }
        if let Some(frame) = &options.frame {
            name = format!("{name}@{frame}");
        }
        Source { query, table: name, filter: options.filter.clone(), sql: RefCell::default(), notes: RefCell::default() }
    }

    /// Every query so far.
    pub fn record(&self) -> Vec<String> {
        self.sql.borrow().clone()
    }

    /// Remember something the reader should know.
    pub fn note(&self, text: impl Into<String>) {
        self.notes.borrow_mut().push(text.into());
    }

    /// What the reader should know.
    pub fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// Ask, and read every column as f64 (NULL becomes NaN).
    pub fn columns(&self, sql: &str) -> Result<Vec<Vec<f64>>> {
        let answer = (self.query)(sql)?;
        self.sql.borrow_mut().push(sql.to_string());
        let mut out: Vec<Vec<f64>> = vec![Vec::with_capacity(answer.rows()); answer.schema.fields().len()];
        for batch in &answer.batches {
            for (column, values) in out.iter_mut().zip(floats(batch)?) {
                column.extend(values);
            }
        }
        Ok(out)
    }

    fn condition(&self, more: &[String]) -> String {
        let parts: Vec<String> = self.filter.iter().map(|f| format!("({f})")).chain(more.iter().cloned()).collect();
        if parts.is_empty() { String::new() } else { format!(" WHERE {}", parts.join(" AND ")) }
    }

    /// True when the session can evaluate an expression on this table.
    pub fn has(&self, expression: &str) -> bool {
        (self.query)(&format!("SELECT {expression} AS value FROM {} LIMIT 0", self.table)).is_ok()
    }

    /// A quantity with the unit that the session reports for it.
    pub fn with_unit(&self, mut quantity: Quantity) -> Result<Quantity> {
        let answer = (self.query)(&format!("SELECT {} AS value FROM {} LIMIT 0", quantity.sql, self.table))?;
        if !quantity.known {
            quantity.label.name = shortened(&quantity.sql, LONGEST_NAME, LABEL_SIZE);
        }
        let reported = answer.schema.fields().first().map_or(UNKNOWN_UNIT, |f| unit_of(f));
        if !quantity.known
            && reported != UNKNOWN_UNIT
            && let Ok(unit) = Unit::parse(reported)
            && !unit.is_one()
            && !unit.is_unknown()
        {
            quantity.label.unit = Text::markup(&unit.pretty());
            quantity.unit = reported.to_string();
        }
        Ok(quantity)
    }

    /// Rows, usable rows and extremes; an error when nothing can be drawn.
    pub fn summary(&self, expressions: &[&str]) -> Result<Summary> {
        let usable = expressions.iter().map(|e| finite(e)).collect::<Vec<_>>().join(" AND ");
        let usable = if usable.is_empty() { "true".to_string() } else { usable };
        let mut sql = format!("SELECT count(*) AS n, count(*) FILTER (WHERE {usable}) AS usable");
        for (i, e) in expressions.iter().enumerate() {
            sql.push_str(&format!(", min({e}) FILTER (WHERE {usable}) AS lo{i}, max({e}) FILTER (WHERE {usable}) AS hi{i}"));
        }
        sql.push_str(&format!(" FROM {}{}", self.table, self.condition(&[])));
        let columns = self.columns(&sql)?;
        let first = |k: usize| columns.get(k).and_then(|c| c.first()).copied().unwrap_or(f64::NAN);
        let (rows, usable) = (first(0) as u64, first(1) as u64);
        if rows == 0 {
            let error = Error::new(ErrorKind::Domain, format!("no row to draw in `{}`", self.table));
            return Err(match &self.filter {
                Some(filter) => error.at(format!("selection `{filter}`")).hint("loosen the selection, or choose another snapshot"),
                None => error.hint("the table is empty; choose another table or snapshot"),
            });
        }
        if usable == 0 {
            return Err(Error::new(ErrorKind::Domain, format!("none of the {rows} rows of `{}` has a finite value to draw", self.table))
                .at(format!("columns `{}`", expressions.join("`, `")))
                .hint("all values are NULL, NaN or infinite; draw another quantity"));
        }
        if usable < rows {
            self.note(format!("{} of {rows} rows left out: NULL, NaN or infinite", rows - usable));
        }
        let ranges = (0..expressions.len()).map(|i| (first(2 + 2 * i), first(3 + 2 * i))).collect();
        Ok(Summary { rows, usable, ranges })
    }

    /// Lower and upper quantile of an expression between its extremes, each rounded outwards to a zoom cell.
    pub fn quantiles(&self, expression: &str, extremes: (f64, f64), parts: (f64, f64)) -> Result<(f64, f64)> {
        let mut range = extremes;
        let mut below = 0.0;
        let mut total = None;
        for _ in 0..ZOOM_STEPS {
            let size = width(range, ZOOM_CELLS);
            if !(size > 0.0) {
                break;
            }
            let counts = self.counts(expression, range, ZOOM_CELLS)?;
            let total = *total.get_or_insert(counts.iter().sum::<f64>());
            let (first, last) = (place(&counts, below, parts.0 * total), place(&counts, below, parts.1 * total));
            let found = (edge(range, ZOOM_CELLS, first), edge(range, ZOOM_CELLS, last + 1));
            below += counts.iter().take(first).sum::<f64>();
            let enough = last - first >= ZOOM_ENOUGH;
            let stuck = found == range;
            range = found;
            if enough || stuck {
                break;
            }
        }
        Ok((range.0.max(extremes.0), range.1.min(extremes.1)))
    }

    /// The axis range of an expression: as asked, else quantiles rounded outwards.
    pub fn range(&self, quantity: &Quantity, extremes: (f64, f64), asked: Option<(f64, f64)>) -> Result<(f64, f64)> {
        if let Some(range) = asked {
            return checked_range(range);
        }
        let (lo, hi) = self.quantiles(&quantity.sql, extremes, SHOWN)?;
        Ok(ticks::rounded_out(lo, hi))
    }

    /// Rows in equal cells of one expression.
    pub fn counts(&self, expression: &str, range: (f64, f64), bins: usize) -> Result<Vec<f64>> {
        Ok(self.binned(expression, range, bins, &["count(*)".into()], &[])?.swap_remove(0))
    }

    /// Aggregates in equal cells of one expression, zero where a cell has no row.
    pub fn binned(
        &self,
        expression: &str,
        range: (f64, f64),
        bins: usize,
        aggregates: &[String],
        conditions: &[String],
    ) -> Result<Vec<Vec<f64>>> {
        let mut sql = format!("SELECT {} AS i", cell(expression, range, bins));
        for (k, aggregate) in aggregates.iter().enumerate() {
            sql.push_str(&format!(", {aggregate} AS a{k}"));
        }
        let mut all = vec![within(expression, range)];
        all.extend_from_slice(conditions);
        sql.push_str(&format!(" FROM {}{} GROUP BY 1 ORDER BY 1", self.table, self.condition(&all)));
        let columns = self.columns(&sql)?;
        let mut out = vec![vec![0.0; bins]; aggregates.len()];
        let Some((cells, values)) = columns.split_first() else { return Ok(out) };
        for (row, cell) in cells.iter().enumerate() {
            let i = index(*cell, bins);
            for (to, from) in out.iter_mut().zip(values) {
                if let (Some(to), Some(from)) = (to.get_mut(i), from.get(row)) {
                    *to += from;
                }
            }
        }
        Ok(out)
    }

    /// Counts, weights and weighted sums in the cells of a plane.
    pub fn plane(&self, x: &str, y: &str, weight: Option<&str>, averaged: Option<&str>, zero: &Grid) -> Result<Sums> {
        let mut sql = format!("SELECT {} AS i, {} AS j, count(*) AS n", cell(x, zero.x, zero.columns), cell(y, zero.y, zero.rows));
        let mut conditions = vec![within(x, zero.x), within(y, zero.y)];
        if let Some(w) = weight {
            sql.push_str(&format!(", sum({w}) AS w"));
            conditions.push(finite(w));
        }
        if let Some(q) = averaged {
            sql.push_str(&match weight {
                Some(w) => format!(", sum({w} * ({q})) AS q"),
                None => format!(", sum({q}) AS q"),
            });
            conditions.push(finite(q));
        }
        sql.push_str(&format!(" FROM {}{} GROUP BY 1, 2 ORDER BY 1, 2", self.table, self.condition(&conditions)));
        let columns = self.columns(&sql)?;
        let column = |k: usize| columns.get(k).map_or(&[][..], Vec::as_slice);
        let mut sums = Sums { count: zero.clone(), weight: zero.clone(), weighted: zero.clone() };
        for (row, (ci, cj)) in column(0).iter().zip(column(1)).enumerate() {
            let (i, j) = (index(*ci, zero.columns), index(*cj, zero.rows));
            let value = |k: usize| column(k).get(row).copied().unwrap_or(0.0);
            let n = value(2);
            sums.count.add(i, j, n);
            sums.weight.add(i, j, if weight.is_some() { value(3) } else { n });
            if averaged.is_some() {
                sums.weighted.add(i, j, value(if weight.is_some() { 4 } else { 3 }));
            }
        }
        Ok(sums)
    }
}

/// A range that a user gave: finite and apart; may run backwards.
pub fn checked_range(range: (f64, f64)) -> Result<(f64, f64)> {
    if range.0.is_finite() && range.1.is_finite() && range.0 != range.1 && range.0.abs() <= FINITE && range.1.abs() <= FINITE {
        Ok((range.0.min(range.1), range.0.max(range.1)))
    } else {
        Err(Error::usage("this range cannot be drawn")
            .expected("two different finite numbers")
            .found(format!("{} to {}", range.0, range.1)))
    }
}

/// The number of bins that was asked for, checked, else a default.
pub fn checked_bins(asked: Option<usize>, otherwise: usize) -> Result<usize> {
    match asked {
        None => Ok(otherwise),
        Some(n) if (1..=MOST_BINS).contains(&n) => Ok(n),
        Some(n) => Err(Error::usage("this number of bins cannot be drawn").expected(format!("1 to {MOST_BINS}")).found(n)),
    }
}

/// Bins along each axis of a plane: fewer when there are few rows to fill them.
pub fn bins_for(rows: u64, most: usize) -> usize {
    /// Below this a histogram says nothing about shape.
    const FEWEST: usize = 30;
    const ROWS_PER_BIN_SQUARED: f64 = 2.25;
    ((rows as f64 / ROWS_PER_BIN_SQUARED).sqrt() as usize).clamp(FEWEST.min(most), most)
}

/// SQL: the expression is neither NULL nor NaN nor infinite.
pub fn finite(expression: &str) -> String {
    format!("({expression}) BETWEEN {} AND {}", literal(-FINITE), literal(FINITE))
}

/// SQL: the expression lies in a range, both ends included.
pub fn within(expression: &str, range: (f64, f64)) -> String {
    format!("({expression}) BETWEEN {} AND {}", literal(range.0), literal(range.1))
}

/// SQL: the number of the cell.
pub fn cell(expression: &str, range: (f64, f64), bins: usize) -> String {
    format!("floor((({expression}) - ({})) / {})", literal(range.0), literal(width(range, bins)))
}

/// A number as SQL reads it back without loss.
pub fn literal(value: f64) -> String {
    format!("{value:?}")
}

/// Cell numbers can leave the grid by rounding at the upper end, where the last cell is closed.
fn index(cell: f64, bins: usize) -> usize {
    (cell.max(0.0) as usize).min(bins.saturating_sub(1))
}

fn place(counts: &[f64], below: f64, wanted: f64) -> usize {
    let mut sum = below;
    for (i, count) in counts.iter().enumerate() {
        sum += count;
        if sum >= wanted && *count > 0.0 {
            return i;
        }
    }
    counts.len().saturating_sub(1)
}

fn floats(batch: &RecordBatch) -> Result<Vec<Vec<f64>>> {
    batch
        .columns()
        .iter()
        .map(|column| {
            let wide = cast(column, &DataType::Float64)
                .map_err(|e| Error::mismatch("a figure needs numbers").found(column.data_type()).because(e))?;
            let Some(values) = wide.as_any().downcast_ref::<Float64Array>() else {
                return Err(Error::internal("cast to Float64 gave another type"));
            };
            Ok(values.iter().map(|v| v.unwrap_or(f64::NAN)).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::label;
    use crate::plot::synthetic::Memory;

    #[test]
    fn quantiles_survive_outliers_and_do_not_depend_on_a_sketch() {
        let mut values: Vec<f64> = (0..10_000).map(f64::from).collect();
        values.extend([1e250, -1e250, f64::NAN, f64::INFINITY]);
        let memory = Memory::single("t", "v", &values);
        let query = memory.query();
        let source = Source::new(&query, &FigureOptions::default(), "t");
        let summary = source.summary(&["v"]).unwrap();
        assert_eq!((summary.rows, summary.usable), (10_004, 10_002));
        assert_eq!(summary.ranges[0], (-1e250, 1e250));
        assert_eq!(source.notes(), ["2 of 10004 rows left out: NULL, NaN or infinite"]);
        // An outlier 1e246 times too far cannot be zoomed away in six steps of 512, one 1e9 times can.
        let mut values: Vec<f64> = (0..10_000).map(f64::from).collect();
        values.push(1e13);
        let memory = Memory::single("t", "v", &values);
        let query = memory.query();
        let source = Source::new(&query, &FigureOptions::default(), "t");
        let (lo, hi) = source.quantiles("v", (0.0, 1e13), (0.1, 0.9)).unwrap();
        assert!((lo - 1000.0).abs() < 40.0 && (hi - 9000.0).abs() < 40.0, "{lo} {hi}");
        assert_eq!(source.range(&label::quantity("v"), (0.0, 1e13), Some((3.0, 1.0))).unwrap(), (1.0, 3.0));
        assert!(source.range(&label::quantity("v"), (0.0, 1.0), Some((1.0, f64::NAN))).is_err());
    }

    #[test]
    fn cells_hold_every_row_and_both_ends() {
        let memory = Memory::single("t", "v", &[0.0, 0.1, 0.3, 0.7, 1.0, 1.0, -0.1, f64::NAN]);
        let query = memory.query();
        let source = Source::new(&query, &FigureOptions::default(), "t");
        assert_eq!(source.counts("v", (0.0, 1.0), 10).unwrap().iter().sum::<f64>(), 6.0);
        assert_eq!(source.counts("v", (0.0, 1.0), 10).unwrap()[9], 2.0);
        assert!(source.record()[0].contains("GROUP BY 1"));
    }

    #[test]
    fn nothing_to_draw_is_said() {
        let memory = Memory::single("t", "v", &[f64::NAN]);
        let query = memory.query();
        let source = Source::new(&query, &FigureOptions { filter: Some("v > 3 and v < 2".into()), ..Default::default() }, "t");
        let error = source.summary(&["v"]).unwrap_err();
        assert!(error.to_string().contains("no row to draw") && error.hint_text().is_some());
        let source = Source::new(&query, &FigureOptions::default(), "t");
        assert!(source.summary(&["v"]).unwrap_err().to_string().contains("none of the 1 rows"));
        assert_eq!((bins_for(0, 120), bins_for(10_000, 120), bins_for(1_000_000, 120), bins_for(5, 10)), (30, 66, 120, 10));
        assert!(checked_bins(Some(0), 10).is_err() && checked_bins(None, 10).unwrap() == 10);
    }
}
