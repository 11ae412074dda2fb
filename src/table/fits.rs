//! FITS binary tables: a header of 80-character cards, then rows of big-endian values, all padded to blocks of 2880 bytes.
//!
//! Layout     empty primary HDU, one BINTABLE; TTYPEn, TFORMn, TUNITn (Msun is written solMass), TCOMMn with the description of a column
//! Accuracy   every number keeps its bits; unsigned integers are stored shifted by TZEROn, as the standard says
//! Source     FITS Standard 4.0, sections 3, 4 and 7.3 (Pence et al. 2010, A&A 524, A42 for 3.0)
//! Refuses    nested columns other than fixed lists of numbers, more than 999 columns, a value that stands for NULL in a column with NULLs
//! Edge cases NULL is NaN in floats, TNULLn in integers, an empty text; texts that are not ASCII lose their letters to `?`
//! See also   `export`

use std::io::{Seek, SeekFrom, Write};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, SchemaRef, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::export::ExportError;
use super::schema::{DESCRIPTION, UNKNOWN_UNIT, unit_of};
use crate::error::{Error, Result};

const BLOCK_BYTES: usize = 2880;
const CARD_BYTES: usize = 80;
/// Columns that the three digits of a keyword can count.
const MOST_COLUMNS: usize = 999;
/// Letters of a value that fit one card.
const VALUE_LETTERS: usize = 67;

/// How a column is stored.
#[derive(Clone, Debug)]
struct Column {
    name: String,
    unit: String,
    comment: String,
    kind: Kind,
    /// Values in one row.
    repeat: usize,
    nullable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Logical,
    Byte,
    Short,
    UnsignedShort,
    Long,
    UnsignedLong,
    LongLong,
    UnsignedLongLong,
    Float,
    Double,
    Text,
}

impl Kind {
    fn of(data_type: &DataType) -> Option<Kind> {
        Some(match data_type {
            DataType::Boolean => Kind::Logical,
            DataType::UInt8 => Kind::Byte,
            DataType::Int8 | DataType::Int16 => Kind::Short,
            DataType::UInt16 => Kind::UnsignedShort,
            DataType::Int32 => Kind::Long,
            DataType::UInt32 => Kind::UnsignedLong,
            DataType::Int64 => Kind::LongLong,
            DataType::UInt64 => Kind::UnsignedLongLong,
            DataType::Float16 | DataType::Float32 => Kind::Float,
            DataType::Float64 | DataType::Null | DataType::Decimal128(..) | DataType::Decimal256(..) => Kind::Double,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Text,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Time32(_) | DataType::Time64(_) => Kind::Text,
            _ => return None,
        })
    }

    fn letter(self) -> char {
        match self {
            Kind::Logical => 'L',
            Kind::Byte => 'B',
            Kind::Short | Kind::UnsignedShort => 'I',
            Kind::Long | Kind::UnsignedLong => 'J',
            Kind::LongLong | Kind::UnsignedLongLong => 'K',
            Kind::Float => 'E',
            Kind::Double => 'D',
            Kind::Text => 'A',
        }
    }

    fn bytes(self) -> usize {
        match self {
            Kind::Logical | Kind::Byte | Kind::Text => 1,
            Kind::Short | Kind::UnsignedShort => 2,
            Kind::Long | Kind::UnsignedLong | Kind::Float => 4,
            Kind::LongLong | Kind::UnsignedLongLong | Kind::Double => 8,
        }
    }

    /// What is added to a stored number.
    fn zero(self) -> Option<&'static str> {
        match self {
            Kind::UnsignedShort => Some("32768"),
            Kind::UnsignedLong => Some("2147483648"),
            Kind::UnsignedLongLong => Some("9223372036854775808"),
            _ => None,
        }
    }

    /// The stored number that stands for NULL: the least one of signed kinds, the greatest of unsigned kinds (0 is a common identifier).
    fn null(self) -> Option<i64> {
        match self {
            Kind::Byte => Some(i64::from(u8::MAX)),
            Kind::Short => Some(i64::from(i16::MIN)),
            Kind::UnsignedShort => Some(i64::from(i16::MAX)),
            Kind::Long => Some(i64::from(i32::MIN)),
            Kind::UnsignedLong => Some(i64::from(i32::MAX)),
            Kind::LongLong => Some(i64::MIN),
            Kind::UnsignedLongLong => Some(i64::MAX),
            Kind::Logical | Kind::Float | Kind::Double | Kind::Text => None,
        }
    }
}

impl Column {
    fn new(field: &Field, text_letters: usize) -> Result<Column> {
        let refuse = || {
            Error::unsupported("FITS tables hold no nested values")
                .at(format!("column `{}`", field.name()))
                .found(field.data_type())
                .hint("choose its parts (`column['part']`, unnest(column)) or write parquet")
        };
        let (kind, repeat) = match field.data_type() {
            DataType::FixedSizeList(item, length) => {
                let kind = Kind::of(item.data_type()).filter(|k| !matches!(k, Kind::Text)).ok_or_else(refuse)?;
                (kind, usize::try_from(*length).map_err(|_| refuse())?)
            }
            plain => (Kind::of(plain).ok_or_else(refuse)?, 1),
        };
        let repeat = if kind == Kind::Text { text_letters.max(1) } else { repeat };
        let unit = unit_of(field);
        let unit =
            if unit == UNKNOWN_UNIT || unit == "1" { String::new() } else { unit.replace("Msun", "solMass").replace("Lsun", "solLum") };
        let comment = field.metadata().get(DESCRIPTION).cloned().unwrap_or_default();
        Ok(Column { name: field.name().clone(), unit, comment, kind, repeat, nullable: field.is_nullable() })
    }

    fn row_bytes(&self) -> usize {
        self.repeat * self.kind.bytes()
    }

    fn place(&self) -> String {
        format!("column `{}`", self.name)
    }
}

/// Letters that the texts of each column need.
fn text_letters(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<usize>> {
    let letters = |index: usize| -> Result<usize> {
        if Kind::of(schema.field(index).data_type()) != Some(Kind::Text) {
            return Ok(0);
        }
        let mut most = 0;
        for batch in batches {
            let texts = as_type(batch.column(index), &DataType::Utf8)?;
            most = most.max(texts.as_string::<i32>().iter().flatten().map(|t| t.chars().count()).max().unwrap_or(0));
        }
        Ok(most)
    };
    (0..schema.fields().len()).map(letters).collect()
}

fn as_type(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    cast(array, data_type).map_err(|e| Error::internal("cannot convert a column for FITS").because(e))
}

fn card(text: String) -> Vec<u8> {
    let mut bytes: Vec<u8> = text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c as u8 } else { b'?' }).collect();
    bytes.resize(CARD_BYTES, b' ');
    bytes
}

fn number(key: &str, value: impl std::fmt::Display, comment: &str) -> Vec<u8> {
    card(format!("{key:<8}= {value:>20} / {comment}"))
}

fn text(key: &str, value: &str) -> Vec<u8> {
    let mut quoted = String::new();
    for letter in value.chars() {
        let more = if letter == '\'' { 2 } else { 1 };
        if quoted.len() + more > VALUE_LETTERS {
            break;
        }
        quoted.extend(std::iter::repeat_n(if letter.is_ascii() { letter } else { '?' }, more));
    }
    card(format!("{key:<8}= '{quoted:<8}'"))
}

fn pad(bytes: &mut Vec<u8>, with: u8) {
    bytes.resize(bytes.len().div_ceil(BLOCK_BYTES) * BLOCK_BYTES, with);
}

fn header(columns: &[Column], rows: u64) -> Vec<u8> {
    let mut primary = Vec::new();
    for line in [
        number("SIMPLE", "T", "file conforms to the FITS standard"),
        number("BITPIX", 8, "no data here"),
        number("NAXIS", 0, "no data here"),
        number("EXTEND", "T", "the table is the first extension"),
        text("CREATOR", concat!("spolia ", env!("CARGO_PKG_VERSION"))),
        card("END".into()),
    ] {
        primary.extend(line);
    }
    pad(&mut primary, b' ');
    let mut table = Vec::new();
    table.extend(text("XTENSION", "BINTABLE"));
    table.extend(number("BITPIX", 8, "bytes"));
    table.extend(number("NAXIS", 2, "a table"));
    table.extend(number("NAXIS1", columns.iter().map(Column::row_bytes).sum::<usize>(), "bytes of a row"));
    table.extend(number("NAXIS2", rows, "rows"));
    table.extend(number("PCOUNT", 0, "no heap"));
    table.extend(number("GCOUNT", 1, "one group"));
    table.extend(number("TFIELDS", columns.len(), "columns"));
    for (i, column) in columns.iter().enumerate() {
        let n = i + 1;
        table.extend(text(&format!("TTYPE{n}"), &column.name));
        table.extend(text(&format!("TFORM{n}"), &format!("{}{}", column.repeat, column.kind.letter())));
        if !column.unit.is_empty() {
            table.extend(text(&format!("TUNIT{n}"), &column.unit));
        }
        if let Some(zero) = column.kind.zero() {
            table.extend(number(&format!("TSCAL{n}"), 1, "unsigned integer"));
            table.extend(number(&format!("TZERO{n}"), zero, "unsigned integer"));
        }
        if let Some(null) = column.kind.null().filter(|_| column.nullable) {
            table.extend(number(&format!("TNULL{n}"), null, "stands for NULL"));
        }
        if !column.comment.is_empty() {
            table.extend(text(&format!("TCOMM{n}"), &column.comment));
        }
    }
    table.extend(card("END".into()));
    pad(&mut table, b' ');
    primary.extend(table);
    primary
}

/// Puts the values of one column into `rows`, each `stride` bytes long, at `offset`.
fn fill(column: &Column, array: &ArrayRef, rows: &mut [u8], stride: usize, offset: usize) -> Result<()> {
    if let DataType::FixedSizeList(..) = array.data_type() {
        let list = array.as_fixed_size_list();
        let one = Column { repeat: 1, ..column.clone() };
        // The items of a list that is NULL are written as they lie; NaN where they are floats.
        for k in 0..column.repeat {
            let items = arrow::array::UInt64Array::from_iter_values((0..list.len()).map(|row| (row * column.repeat + k) as u64));
            let items =
                arrow::compute::take(list.values(), &items, None).map_err(|e| Error::internal("cannot take list items").because(e))?;
            fill(&one, &items, rows, stride, offset + k * column.kind.bytes())?;
        }
        return Ok(());
    }
    macro_rules! integers {
        ($arrow:ty, $data_type:expr, $stored:expr) => {{
            let values = as_type(array, &$data_type)?;
            let values = values.as_primitive::<$arrow>();
            for (i, row) in rows.chunks_exact_mut(stride).enumerate() {
                let raw: i64 = if values.is_valid(i) { $stored(values.value(i)) } else { column.kind.null().unwrap_or(0) };
                if column.nullable && values.is_valid(i) && Some(raw) == column.kind.null() {
                    return Err(Error::unsupported("FITS cannot tell this value from NULL")
                        .at(format!("row {i}, {}", column.place()))
                        .found(values.value(i))
                        .hint("replace the NULLs with coalesce(column, ...), or write parquet"));
                }
                let width = column.kind.bytes();
                row[offset..offset + width].copy_from_slice(&raw.to_be_bytes()[8 - width..]);
            }
        }};
    }
    macro_rules! floats {
        ($arrow:ty, $data_type:expr, $nan:expr) => {{
            let values = as_type(array, &$data_type)?;
            let values = values.as_primitive::<$arrow>();
            for (i, row) in rows.chunks_exact_mut(stride).enumerate() {
                let value = if values.is_valid(i) { values.value(i) } else { $nan };
                row[offset..offset + column.kind.bytes()].copy_from_slice(&value.to_be_bytes());
            }
        }};
    }
    match column.kind {
        Kind::Logical => {
            let values = array.as_boolean();
            for (i, row) in rows.chunks_exact_mut(stride).enumerate() {
                row[offset] = match (values.is_valid(i), values.is_valid(i) && values.value(i)) {
                    (false, _) => 0,
                    (true, true) => b'T',
                    (true, false) => b'F',
                };
            }
        }
        Kind::Byte => integers!(UInt8Type, DataType::UInt8, i64::from),
        Kind::Short => integers!(Int16Type, DataType::Int16, i64::from),
        Kind::UnsignedShort => integers!(UInt16Type, DataType::UInt16, |v: u16| i64::from(v) - (1 << 15)),
        Kind::Long => integers!(Int32Type, DataType::Int32, i64::from),
        Kind::UnsignedLong => integers!(UInt32Type, DataType::UInt32, |v: u32| i64::from(v) - (1 << 31)),
        Kind::LongLong => integers!(Int64Type, DataType::Int64, |v: i64| v),
        Kind::UnsignedLongLong => integers!(UInt64Type, DataType::UInt64, |v: u64| (v ^ (1 << 63)) as i64),
        Kind::Float => floats!(Float32Type, DataType::Float32, f32::NAN),
        Kind::Double => floats!(Float64Type, DataType::Float64, f64::NAN),
        Kind::Text => {
            let values = as_type(array, &DataType::Utf8)?;
            let values = values.as_string::<i32>();
            for (i, row) in rows.chunks_exact_mut(stride).enumerate() {
                let value = if values.is_valid(i) { values.value(i) } else { "" };
                for (to, letter) in row[offset..offset + column.repeat].iter_mut().zip(value.chars()) {
                    *to = if letter.is_ascii() { letter as u8 } else { b'?' };
                }
            }
        }
    }
    Ok(())
}

/// A table on its way into a file; the number of rows is written last.
pub struct FitsWriter<W: Write + Seek> {
    out: W,
    schema: SchemaRef,
    columns: Vec<Column>,
    /// Rows of tables with texts, whose widths are known at the end only.
    waiting: Vec<RecordBatch>,
    rows: u64,
    started: bool,
}

impl<W: Write + Seek> FitsWriter<W> {
    /// Starts a table of `schema`.
    pub fn new(out: W, schema: SchemaRef) -> Result<FitsWriter<W>> {
        if schema.fields().len() > MOST_COLUMNS {
            return Err(Error::unsupported("too many columns for FITS")
                .expected(format!("at most {MOST_COLUMNS}"))
                .found(schema.fields().len()));
        }
        let columns = schema.fields().iter().map(|f| Column::new(f, 1)).collect::<Result<Vec<_>>>()?;
        Ok(FitsWriter { out, schema, columns, waiting: Vec::new(), rows: 0, started: false })
    }

    /// Appends rows.
    pub fn write(&mut self, batch: &RecordBatch) -> std::result::Result<(), ExportError> {
        if self.columns.iter().any(|c| c.kind == Kind::Text) && !self.started {
            self.waiting.push(batch.clone());
            return Ok(());
        }
        self.write_rows(batch)
    }

    fn write_rows(&mut self, batch: &RecordBatch) -> std::result::Result<(), ExportError> {
        if !self.started {
            self.out.write_all(&header(&self.columns, 0))?;
            self.started = true;
        }
        let stride: usize = self.columns.iter().map(Column::row_bytes).sum();
        let mut rows = vec![0; stride * batch.num_rows()];
        let mut offset = 0;
        for (column, array) in self.columns.iter().zip(batch.columns()) {
            if column.row_bytes() > 0 {
                fill(column, array, &mut rows, stride, offset)?;
            }
            offset += column.row_bytes();
        }
        self.out.write_all(&rows)?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Ends the table and gives the file back.
    pub fn finish(mut self) -> std::result::Result<W, ExportError> {
        let waiting = std::mem::take(&mut self.waiting);
        let letters = text_letters(&self.schema, &waiting)?;
        if !self.started {
            self.columns = self.schema.fields().iter().zip(letters).map(|(f, n)| Column::new(f, n)).collect::<Result<Vec<_>>>()?;
            self.out.write_all(&header(&self.columns, 0))?;
            self.started = true;
        }
        for batch in &waiting {
            self.write_rows(batch)?;
        }
        let stride: usize = self.columns.iter().map(Column::row_bytes).sum();
        let bytes = stride as u64 * self.rows;
        let rest = bytes.div_ceil(BLOCK_BYTES as u64) * BLOCK_BYTES as u64 - bytes;
        self.out.write_all(&vec![0; rest as usize])?;
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header(&self.columns, self.rows))?;
        self.out.seek(SeekFrom::End(0))?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::schema::canonical_field;
    use arrow::array::{BooleanArray, FixedSizeListArray, Float32Array, Int32Array, StringArray, UInt64Array};
    use arrow::datatypes::Schema;
    use std::io::Cursor;
    use std::sync::Arc;

    fn written(batch: &RecordBatch) -> Vec<u8> {
        let mut writer = FitsWriter::new(Cursor::new(Vec::new()), batch.schema()).unwrap();
        writer.write(batch).map_err(|_| ()).unwrap();
        writer.finish().map_err(|_| ()).unwrap().into_inner()
    }

    fn cards(bytes: &[u8]) -> Vec<String> {
        bytes[BLOCK_BYTES..]
            .chunks(CARD_BYTES)
            .map(|c| String::from_utf8_lossy(c).trim_end().to_string())
            .take_while(|c| c != "END")
            .collect()
    }

    #[test]
    fn a_table_has_its_cards_and_rows() {
        let schema = Arc::new(Schema::new(vec![
            canonical_field("id", DataType::UInt64, "iord", None),
            canonical_field("mass", DataType::Float32, "mass", Some(1.0)),
            Field::new("name", DataType::Utf8, true),
            Field::new("flag", DataType::Boolean, true),
            Field::new("n", DataType::Int32, true),
        ]));
        let batch = RecordBatch::try_new(
            schema,
            vec![
                Arc::new(UInt64Array::from(vec![0, u64::MAX])),
                Arc::new(Float32Array::from(vec![1.5, -2.0])),
                Arc::new(StringArray::from(vec![Some("it's"), None])),
                Arc::new(BooleanArray::from(vec![Some(true), None])),
                Arc::new(Int32Array::from(vec![Some(7), None])),
            ],
        )
        .unwrap();
        let bytes = written(&batch);
        assert_eq!(bytes.len() % BLOCK_BYTES, 0);
        let cards = cards(&bytes);
        for expected in [
            "NAXIS1  =                   21",
            "NAXIS2  =                    2",
            "TZERO1  =  9223372036854775808",
            "TUNIT2  = 'solMass '",
            "TFORM3  = '4A      '",
            "TNULL5  =          -2147483648",
        ] {
            assert!(cards.iter().any(|c| c.starts_with(expected)), "{expected} in {cards:#?}");
        }
        let data = &bytes[bytes.len() - BLOCK_BYTES..];
        assert_eq!(&data[..8], &i64::MIN.to_be_bytes());
        assert_eq!(&data[8..12], &1.5_f32.to_be_bytes());
        assert_eq!(&data[12..17], b"it'sT");
        assert_eq!(&data[17..21], &7_i32.to_be_bytes());
        assert_eq!(&data[21..29], &i64::MAX.to_be_bytes());
        assert_eq!(&data[33..42], &[0, 0, 0, 0, 0, 0x80, 0, 0, 0]);
    }

    #[test]
    fn lists_repeat_and_other_nested_columns_are_refused() {
        let item = Arc::new(Field::new_list_field(DataType::Float32, true));
        let list = FixedSizeListArray::new(item.clone(), 2, Arc::new(Float32Array::from(vec![1.0, 2.0, 3.0, 4.0])), None);
        let schema = Arc::new(Schema::new(vec![Field::new("v", DataType::FixedSizeList(item, 2), false)]));
        let bytes = written(&RecordBatch::try_new(schema, vec![Arc::new(list)]).unwrap());
        let data = &bytes[bytes.len() - BLOCK_BYTES..];
        assert_eq!(&data[12..16], &4.0_f32.to_be_bytes());
        let nested = Arc::new(Schema::new(vec![Field::new_struct("s", vec![Field::new("a", DataType::Int32, true)], true)]));
        assert!(FitsWriter::new(Cursor::new(Vec::new()), nested).is_err());
    }

    #[test]
    fn a_value_that_would_read_as_null_is_refused_and_an_empty_table_is_whole() {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int32, true)]));
        let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(Int32Array::from(vec![i32::MIN]))]).unwrap();
        let mut writer = FitsWriter::new(Cursor::new(Vec::new()), schema.clone()).unwrap();
        assert!(matches!(writer.write(&batch), Err(ExportError::Spolia(_))));
        let bytes = FitsWriter::new(Cursor::new(Vec::new()), schema).unwrap().finish().map_err(|_| ()).unwrap().into_inner();
        assert!(cards(&bytes).iter().any(|c| c.starts_with("NAXIS2  =                    0")));
    }
}
