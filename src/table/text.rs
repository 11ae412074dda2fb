//! A table as text for a terminal: names, units, aligned values, long results cut in the middle.
//!
//! Layout     header, unit line (only where a column has a unit), rows; numbers to the right, words to the left
//! Accuracy   floats show at most 10 significant digits here; csv, json, arrow and parquet carry every bit
//! Edge cases no column, no row, NULL as an empty cell, nested values in one line, tabs and line breaks escaped
//! See also   `table::export`

use std::fmt::Write as _;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::schema::{UNKNOWN_UNIT, unit_of};
use crate::error::{Error, Result};
use crate::units::Unit;

/// Rows shown before a long result is cut.
pub const ROWS_SHOWN: usize = 40;
/// Widest cell before it is cut with an ellipsis.
const WIDEST_CELL: usize = 64;
/// Significant digits of a float in a table.
const DIGITS: usize = 10;

struct TextColumn {
    cells: Vec<String>,
    width: usize,
    right: bool,
}

/// The table as text, ending in a line feed. At most `limit` rows; of more, the first and the last halves and a note.
pub fn render(schema: &SchemaRef, batches: &[RecordBatch], limit: usize) -> Result<String> {
    let total: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let cut = total > limit;
    let head = if cut { limit.div_ceil(2) } else { total };
    let tail = if cut { limit - head } else { 0 };
    let units: Vec<String> = schema.fields().iter().map(|f| shown_unit(unit_of(f))).collect();
    let with_units = units.iter().any(|u| !u.is_empty());

    let mut columns = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        let mut cells = vec![escape(field.name())];
        if with_units {
            cells.push(units[index].clone());
        }
        let mut row = 0;
        for batch in batches {
            let rows = batch.num_rows();
            let wanted = (0..rows).filter(|i| row + i < head || row + i >= total - tail);
            push_cells(batch.column(index).as_ref(), wanted, &mut cells)?;
            row += rows;
        }
        let width = cells.iter().map(|c| c.chars().count()).max().unwrap_or(0);
        columns.push(TextColumn { cells, width, right: field.data_type().is_numeric() });
    }

    let header_rows = 1 + usize::from(with_units);
    let mut text = String::new();
    let lines = columns.first().map_or(0, |c| c.cells.len());
    for line in 0..lines {
        if cut && line == header_rows + head {
            push_line(&mut text, &columns, |column| if column.right { "·".into() } else { "·".to_string() });
        }
        push_line(&mut text, &columns, |column| column.cells[line].clone());
        if line + 1 == header_rows {
            let rule: Vec<String> = columns.iter().map(|c| "─".repeat(c.width)).collect();
            text.push_str(&rule.join("  "));
            text.push('\n');
        }
    }
    if cut {
        let _ = writeln!(text, "({total} rows, {} shown; -o FILE writes all)", head + tail);
    }
    Ok(text)
}

fn push_line(text: &mut String, columns: &[TextColumn], cell: impl Fn(&TextColumn) -> String) {
    let start = text.len();
    for (i, column) in columns.iter().enumerate() {
        if i > 0 {
            text.push_str("  ");
        }
        let value = cell(column);
        let padding = " ".repeat(column.width.saturating_sub(value.chars().count()));
        if column.right {
            text.push_str(&padding);
            text.push_str(&value);
        } else {
            text.push_str(&value);
            text.push_str(&padding);
        }
    }
    let kept = text[start..].trim_end().len();
    text.truncate(start + kept);
    text.push('\n');
}

fn shown_unit(unit: &str) -> String {
    match unit {
        "1" | "" | UNKNOWN_UNIT => String::new(),
        text => Unit::parse(text).map_or_else(|_| text.to_string(), |u| u.pretty()),
    }
}

fn push_cells(array: &dyn Array, rows: impl Iterator<Item = usize>, cells: &mut Vec<String>) -> Result<()> {
    match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            cells.extend(rows.map(|i| if values.is_null(i) { String::new() } else { number(values.value(i), DIGITS) }));
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            cells.extend(rows.map(|i| if values.is_null(i) { String::new() } else { short(values.value(i)) }));
        }
        _ => {
            let options = FormatOptions::default().with_null("");
            let formatter = ArrayFormatter::try_new(array, &options).map_err(|e| Error::internal("cannot print a column").because(e))?;
            for i in rows {
                let value = escape(&formatter.value(i).to_string());
                cells.push(if value.chars().count() > WIDEST_CELL {
                    value.chars().take(WIDEST_CELL - 1).chain(['…']).collect()
                } else {
                    value
                });
            }
        }
    }
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
}

fn short(value: f32) -> String {
    // Single precision has at most nine significant digits; the shortest text that reads back is enough.
    let exponent = value.abs();
    if value != 0.0 && value.is_finite() && !(1e-4..1e10).contains(&exponent) { format!("{value:e}") } else { format!("{value}") }
}

/// `value` with at most `digits` significant digits, in plain or exponent form, whichever reads better.
pub fn number(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..10).contains(&exponent) {
        let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
        trim(&format!("{value:.decimals$}"))
    } else {
        format!("{}e{exponent}", trim(mantissa))
    }
}

fn trim(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::schema::canonical_field;
    use arrow::array::{Float64Array, StringArray};
    use arrow::datatypes::{Field, Schema};
    use std::sync::Arc;

    #[test]
    fn numbers_keep_ten_digits() {
        assert_eq!(number(4.300917270036279e-6, 10), "4.30091727e-6");
        assert_eq!(number(1234.5, 10), "1234.5");
        assert_eq!(number(22_700_000_000.0, 10), "2.27e10");
        assert_eq!(number(0.1 + 0.2, 10), "0.3");
        assert_eq!(number(f64::NAN, 10), "NaN");
        assert_eq!(number(-0.000_5, 10), "-0.0005");
    }

    #[test]
    fn long_results_show_both_ends_and_the_total() {
        let schema =
            Arc::new(Schema::new(vec![Field::new("name", DataType::Utf8, true), canonical_field("mass", DataType::Float64, "", None)]));
        let names = StringArray::from((0..100).map(|i| format!("n{i}")).collect::<Vec<_>>());
        let masses = Float64Array::from((0..100).map(f64::from).collect::<Vec<_>>());
        let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(names), Arc::new(masses)]).unwrap();
        let text = render(&schema, &[batch.slice(0, 30), batch.slice(30, 70)], 4).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains("M☉"), "{text}");
        assert!(text.contains("n0 ") && text.contains("n1 ") && text.contains("n98") && text.contains("n99") && !text.contains("n2 "));
        assert!(text.ends_with("(100 rows, 4 shown; -o FILE writes all)\n"), "{text}");
    }
}
