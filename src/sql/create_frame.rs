//! `CREATE FRAME disc AS SELECT face_on(...) FROM stars`: one row of a query becomes a stored frame.
//!
//! Layout     the row is a struct, or columns: `cx cy cz` (or `x y z`), `vx vy vz`, `r00 .. r22` row by row, `quality`
//! Refuses    no row, several rows, entries that are missing or not finite, axes that are not at right angles
//! See also   `frames::Frame`, `resolve` which reads frames back

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::table_name::{Snaps, TableName};
use super::text::{SqlText, word};
use crate::error::{Error, Result};
use crate::frames::Frame;

/// Largest departure of the axes from right angles and unit length.
const ORTHONORMAL: f64 = 1e-6;

/// A CREATE FRAME statement.
#[derive(Clone, Debug)]
pub struct CreateFrame {
    /// Name of the frame; `disc@512` is that of one snapshot.
    pub name: String,
    /// The table that the frame is made from, as written after FROM.
    pub table: TableName,
    /// Source named before the table, if there is one.
    pub source: Option<String>,
    /// The query.
    pub query: SqlText,
}

impl CreateFrame {
    /// Reads the statement; none if `text` is another one.
    pub fn parse(text: &SqlText) -> Result<Option<CreateFrame>> {
        let tokens = text.tokens();
        let is = |i: usize, name: &str| tokens.get(i).and_then(|t| word(&t.token)).is_some_and(|w| w.eq_ignore_ascii_case(name));
        if !(is(0, "create") && is(1, "frame")) {
            return Ok(None);
        }
        let wrong = || {
            Error::usage("cannot read CREATE FRAME").expected("CREATE FRAME disc AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM stars")
        };
        let name = tokens.get(2).and_then(|t| word(&t.token)).ok_or_else(|| wrong().at(text.end_place()))?.to_lowercase();
        if !is(3, "as") {
            return Err(wrong().at(tokens.get(3).map_or_else(|| text.end_place(), |t| text.place(t.span))));
        }
        // A frame's own suffix may only be a snapshot.
        if TableName::parse(&name)?.frame.is_some() {
            return Err(wrong().found(format!("the name {name}")));
        }
        let query = text.only(4..tokens.len());
        let from = query.tokens().iter().position(|t| word(&t.token).is_some_and(|w| w.eq_ignore_ascii_case("from")));
        let at = |i: usize| query.tokens().get(i).map(|t| &t.token);
        let spelled = |t: Option<&Token>| t.and_then(|t| word(t).or_else(|| super::text::quoted(t))).map(str::to_string);
        let (source, table) = match from {
            Some(f) if matches!(at(f + 2), Some(Token::Period)) => (spelled(at(f + 1)), spelled(at(f + 3))),
            Some(f) => (None, spelled(at(f + 1))),
            None => (None, None),
        };
        let table = table.ok_or_else(|| wrong().hint("name a table after FROM"))?;
        Ok(Some(CreateFrame { name, table: TableName::parse(&table.to_lowercase())?, source, query }))
    }

    /// The snapshot that the frame is for, when the statement says so.
    pub fn snap(&self) -> Result<Option<u32>> {
        match (TableName::parse(&self.name)?.snaps, self.table.snaps) {
            (Snaps::Number(a), Snaps::Number(b)) if a != b => {
                Err(Error::mismatch("the frame is named for another snapshot than its table").expected(a).found(b))
            }
            (Snaps::Number(n), _) | (_, Snaps::Number(n)) => Ok(Some(n)),
            (_, Snaps::All) => Err(Error::usage("a frame is made from one snapshot").hint(format!("FROM {}@512", self.table.table))),
            _ => Ok(None),
        }
    }
}

/// The frame in the only row of an answer.
pub fn frame_of(batches: &[RecordBatch]) -> Result<Frame> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let batch = match batches.iter().find(|b| b.num_rows() > 0) {
        Some(batch) if rows == 1 => batch,
        _ => return Err(Error::usage("CREATE FRAME needs a query with one row").found(format!("{rows} rows"))),
    };
    let mut numbers = BTreeMap::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        collect(field.name(), column, 0, &mut numbers);
    }
    let frame = assemble(&numbers)?;
    check(&frame)?;
    Ok(frame)
}

/// Every number in a value, under its innermost name.
fn collect(name: &str, column: &ArrayRef, row: usize, numbers: &mut BTreeMap<String, f64>) {
    match column.data_type() {
        DataType::Struct(fields) => {
            for (field, child) in fields.iter().zip(column.as_struct().columns()) {
                collect(field.name(), child, row, numbers);
            }
        }
        kind if kind.is_numeric() => {
            if let Ok(values) = cast(column, &DataType::Float64) {
                let values = values.as_primitive::<Float64Type>();
                if row < values.len() && values.is_valid(row) {
                    numbers.insert(name.to_lowercase(), values.value(row));
                }
            }
        }
        _ => {}
    }
}

/// The entries that `face_on` and `center` give: `cx cy cz` or `x y z`, `vx vy vz`, `r00 .. r22` row by row, `quality`.
fn assemble(numbers: &BTreeMap<String, f64>) -> Result<Frame> {
    const LETTERS: [&str; 3] = ["x", "y", "z"];
    let missing = || {
        let known: Vec<&str> = numbers.keys().map(String::as_str).collect();
        Error::usage("the row is not a frame").expected("the struct of face_on(...) or center(...)").found(known.join(", "))
    };
    let mut frame = Frame::identity();
    let turned = numbers.contains_key("r00");
    for (k, letter) in LETTERS.iter().enumerate() {
        let centre = numbers.get(&format!("c{letter}")).or_else(|| numbers.get(*letter));
        frame.centre_kpc[k] = *centre.ok_or_else(missing)?;
        frame.velocity_kms[k] = numbers.get(&format!("v{letter}")).copied().unwrap_or(0.0);
        if turned {
            for (i, row) in frame.rotation.iter_mut().enumerate() {
                row[k] = *numbers.get(&format!("r{i}{k}")).ok_or_else(missing)?;
            }
        }
    }
    frame.quality = numbers.get("quality").copied().unwrap_or(0.0);
    Ok(frame)
}

fn check(frame: &Frame) -> Result<()> {
    let all = frame.centre_kpc.iter().chain(&frame.velocity_kms).chain(frame.rotation.iter().flatten());
    if all.into_iter().any(|v| !v.is_finite()) {
        return Err(Error::new(crate::ErrorKind::Domain, "the frame is not finite").hint("are there particles within the radius?"));
    }
    for i in 0..3 {
        for j in 0..3 {
            let dot: f64 = (0..3).map(|k| frame.rotation[i][k] * frame.rotation[j][k]).sum();
            if (dot - if i == j { 1.0 } else { 0.0 }).abs() > ORTHONORMAL {
                return Err(Error::new(crate::ErrorKind::Domain, "the axes of the frame are not at right angles and of length 1"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_names_frame_table_and_snapshot() {
        let text = SqlText::new("create frame disc@512 as\nselect face_on(x,y,z,vx,vy,vz,mass) from stars@512 where mass > 0").unwrap();
        let made = CreateFrame::parse(&text).unwrap().unwrap();
        assert_eq!((made.name.as_str(), made.table.table.as_str()), ("disc@512", "stars"));
        assert_eq!(made.snap().unwrap(), Some(512));
        assert!(made.query.text().trim_start().starts_with("select"));
        assert!(CreateFrame::parse(&SqlText::new("create view v as select 1").unwrap()).unwrap().is_none());
        assert!(CreateFrame::parse(&SqlText::new("create frame disc select 1").unwrap()).is_err());
        let other = SqlText::new("create frame a@1 as select 1 from stars@2").unwrap();
        assert!(CreateFrame::parse(&other).unwrap().unwrap().snap().is_err());
    }

    #[test]
    fn numbers_become_a_frame_or_say_what_is_missing() {
        let mut numbers: BTreeMap<String, f64> = [("x", 1.0), ("y", 2.0), ("z", 3.0)].map(|(n, v)| (n.to_string(), v)).into();
        assert_eq!(assemble(&numbers).unwrap().centre_kpc, [1.0, 2.0, 3.0]);
        numbers.remove("z");
        assert!(assemble(&numbers).unwrap_err().what().contains("not a frame"));
    }
}
