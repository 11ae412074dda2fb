//! Rows of a query on their way into a file, in one order for any number of threads.
//!
//! Accuracy   scans and groups come in one order from the session; other queries without ORDER BY are sorted by all their columns here
//! Edge cases ORDER BY with ties leaves the order of the tied rows to the query: break ties with a column that differs, such as `id`
//! Cost       a streamed answer needs no memory; a sorted one must fit
//! See also   `sql::order`, `product`

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StructArray, new_null_array};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::context::{Context, Desk};
use super::product::Product;
use crate::error::{Error, Result};

/// Words of a query that may give its rows in another order each time.
const SHUFFLING: [&str; 9] = ["join", "over", "union", "intersect", "except", "in", "exists", "unnest", "cross"];

/// Runs `sql` and writes its answer as a table; returns rows, the file and notes.
pub fn write_table(context: &Context, desk: &Desk, sql: &str, path: &str) -> Result<(u64, Product, Vec<String>)> {
    if shuffles(sql) {
        let answer = desk.session.query(sql)?;
        let schema = plain(&answer.schema);
        let sorted = sorted(&answer.schema, &answer.batches)?;
        let mut table = context.folder.table(path, schema.clone())?;
        table.write(&recast(&schema, &sorted)?)?;
        let (rows, product) = table.finish()?;
        return Ok((rows, product, answer.notes));
    }
    let mut table = None;
    let answer = desk.session.stream(sql, &mut |batch| {
        let schema = plain(&batch.schema());
        let table = match &mut table {
            Some(table) => table,
            None => table.insert(context.folder.table(path, schema.clone())?),
        };
        table.write(&recast(&schema, batch)?)
    })?;
    if answer.schema.fields().is_empty() {
        return Err(Error::usage("the SQL of the step gives no rows").hint("end it with a SELECT"));
    }
    let table = match table {
        Some(table) => table,
        None => context.folder.table(path, plain(&answer.schema))?,
    };
    let (rows, product) = table.finish()?;
    Ok((rows, product, answer.notes))
}

/// The answer to a query in one order.
pub fn answer(desk: &Desk, sql: &str) -> Result<crate::sql::Answer> {
    let mut answer = desk.session.query(sql)?;
    if shuffles(sql) {
        answer.batches = vec![sorted(&answer.schema, &answer.batches)?];
    }
    Ok(answer)
}

/// Whether the order of the rows of a query may differ between runs: it joins or the like, and does not say in which order.
fn shuffles(sql: &str) -> bool {
    let clean = without_quotes(&sql.to_lowercase());
    let words: Vec<&str> =
        clean.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '(' || c == ')' || c == ',')).filter(|w| !w.is_empty()).collect();
    let mut depth = 0_i64;
    let (mut ordered, mut shuffled) = (false, false);
    let mut after_from = false;
    let mut previous = "";
    let pieces = words.iter().flat_map(|w| w.split_inclusive(['(', ')', ',']).flat_map(split_mark));
    for piece in pieces {
        match piece {
            "(" => depth += 1,
            ")" => depth -= 1,
            // `FROM a, b` is a join.
            "," => shuffled |= after_from,
            "from" => after_from = true,
            "where" | "group" | "order" | "having" | "limit" | "select" => after_from = false,
            "by" if previous == "order" && depth == 0 => ordered = true,
            word => shuffled |= SHUFFLING.contains(&word),
        }
        previous = piece;
    }
    shuffled && !ordered
}

/// A word and the mark at its end.
fn split_mark(piece: &str) -> impl Iterator<Item = &str> {
    let at = piece.len() - usize::from(piece.ends_with(['(', ')', ',']));
    let (word, mark) = piece.split_at(at);
    [word, mark].into_iter().filter(|p| !p.is_empty())
}

/// The text with the inside of quotes and with comments blanked.
fn without_quotes(sql: &str) -> String {
    let mut clean = String::with_capacity(sql.len());
    let mut letters = sql.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '\'' | '"' => {
                clean.push(' ');
                letters.by_ref().find(|d| *d == c);
            }
            '-' if letters.peek() == Some(&'-') => {
                letters.by_ref().find(|d| *d == '\n');
                clean.push(' ');
            }
            _ => clean.push(c),
        }
    }
    clean
}

/// All rows as one batch, sorted by the columns from left to right.
fn sorted(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch> {
    let fail = |e| Error::internal("cannot sort rows").because(e);
    let whole = concat_batches(schema, batches).map_err(fail)?;
    let mut keys = Vec::new();
    for column in whole.columns() {
        flatten(column, &mut keys);
    }
    if keys.is_empty() || whole.num_rows() == 0 {
        return Ok(whole);
    }
    let keys: Vec<SortColumn> = keys.into_iter().map(|values| SortColumn { values, options: None }).collect();
    let order = lexsort_to_indices(&keys, None).map_err(fail)?;
    let columns = whole.columns().iter().map(|c| take(c, &order, None)).collect::<std::result::Result<Vec<_>, _>>().map_err(fail)?;
    RecordBatch::try_new(schema.clone(), columns).map_err(fail)
}

/// The sortable leaves of a column; lists have no order here.
fn flatten(column: &ArrayRef, keys: &mut Vec<ArrayRef>) {
    match column.data_type() {
        DataType::Struct(_) => {
            if let Some(parts) = column.as_any().downcast_ref::<StructArray>() {
                parts.columns().iter().for_each(|part| flatten(part, keys));
            }
        }
        kind if kind.is_nested() || kind.is_null() => {}
        _ => keys.push(column.clone()),
    }
}

/// The schema with types that every Parquet reader knows: a column of nothing but NULL becomes text.
fn plain(schema: &SchemaRef) -> SchemaRef {
    let field = |f: &Arc<Field>| {
        if f.data_type().is_null() { Arc::new(f.as_ref().clone().with_data_type(DataType::Utf8).with_nullable(true)) } else { f.clone() }
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

fn recast(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let column = |(field, column): (&Arc<Field>, &ArrayRef)| match column.data_type().is_null() {
        true => new_null_array(field.data_type(), batch.num_rows()),
        false => column.clone(),
    };
    let columns = schema.fields().iter().zip(batch.columns()).map(column).collect();
    RecordBatch::try_new(schema.clone(), columns).map_err(|e| Error::internal("rows do not fit their columns").because(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, StringArray};

    #[test]
    fn joins_without_order_are_found() {
        for (sql, found) in [
            ("SELECT * FROM stars", false),
            ("SELECT x, y FROM stars WHERE x > 1", false),
            ("SELECT * FROM a JOIN b USING (id)", true),
            ("SELECT * FROM a, b WHERE a.id = b.id", true),
            ("SELECT * FROM a JOIN b USING (id) ORDER BY id", false),
            ("SELECT * FROM (SELECT * FROM a JOIN b USING (id) ORDER BY id)", true),
            ("SELECT sum(x) OVER(PARTITION BY y) FROM a", true),
            ("SELECT a, 'join' AS \"over\" FROM t -- union\nWHERE a > 1", false),
            ("SELECT count(*), avg(x) FROM a GROUP BY y, z", false),
        ] {
            assert_eq!(shuffles(sql), found, "{sql}");
        }
    }

    #[test]
    fn sorting_takes_every_column() {
        let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Utf8, true), Field::new("b", DataType::Float64, false)]));
        let batch = |a: Vec<Option<&str>>, b: Vec<f64>| {
            RecordBatch::try_new(schema.clone(), vec![Arc::new(StringArray::from(a)), Arc::new(Float64Array::from(b))]).unwrap()
        };
        let one =
            sorted(&schema, &[batch(vec![Some("b"), Some("a")], vec![1.0, 3.0]), batch(vec![Some("a"), None], vec![2.0, 9.0])]).unwrap();
        let two = sorted(&schema, &[batch(vec![None, Some("a"), Some("a"), Some("b")], vec![9.0, 2.0, 3.0, 1.0])]).unwrap();
        assert_eq!(one, two);
        let b: Vec<f64> = one.column(1).as_any().downcast_ref::<Float64Array>().unwrap().values().to_vec();
        assert_eq!(b, [9.0, 2.0, 3.0, 1.0]);
    }
}
