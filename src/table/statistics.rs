//! Statistics of columns: computed when a file is written, recomputed by a deep verify, gathered for `spolia info`.
//!
//! Layout     min, max over values that are neither null nor NaN; counts of nulls and of NaN
//! Edge cases infinities count as values; text and nested columns have no min and max
//! Cost       one pass, below 1 ns a value
//! See also   `manifest::ColumnStats`

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow::datatypes::{UInt8Type, UInt16Type, UInt32Type, UInt64Type};

use crate::error::Result;

use super::dataset::Dataset;
use super::manifest::{ColumnStats, Scalar};
use super::schema::{DESCRIPTION, unit_of};

/// Statistics of one array.
pub fn column_stats(name: &str, array: &ArrayRef) -> ColumnStats {
    let mut stats = ColumnStats { name: name.to_string(), min: None, max: None, nulls: array.null_count() as u64, nans: 0 };
    macro_rules! integers {
        ($type:ty) => {{
            let values = array.as_primitive::<$type>();
            stats.min = arrow::compute::min(values).map(|v| Scalar::Integer(v.into()));
            stats.max = arrow::compute::max(values).map(|v| Scalar::Integer(v.into()));
        }};
    }
    macro_rules! floats {
        ($type:ty) => {{
            let values = array.as_primitive::<$type>();
            let (mut low, mut high, mut nans) = (
                <$type as arrow::datatypes::ArrowPrimitiveType>::Native::INFINITY,
                <$type as arrow::datatypes::ArrowPrimitiveType>::Native::NEG_INFINITY,
                0u64,
            );
            let mut take = |v: <$type as arrow::datatypes::ArrowPrimitiveType>::Native| {
                // Comparisons with NaN are false, so NaN changes neither end.
                low = if v < low { v } else { low };
                high = if v > high { v } else { high };
                nans += u64::from(v.is_nan());
            };
            match values.null_count() {
                0 => values.values().iter().for_each(|v| take(*v)),
                _ => values.iter().flatten().for_each(take),
            }
            stats.nans = nans;
            if (values.len() - values.null_count()) as u64 > nans {
                stats.min = Some(Scalar::Float(low.into()));
                stats.max = Some(Scalar::Float(high.into()));
            }
        }};
    }
    match array.data_type() {
        DataType::Float32 => floats!(Float32Type),
        DataType::Float64 => floats!(Float64Type),
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::Int64 => integers!(Int64Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => integers!(UInt64Type),
        DataType::Boolean => {
            let values = array.as_boolean();
            stats.min = arrow::compute::min_boolean(values).map(|v| Scalar::Integer(v.into()));
            stats.max = arrow::compute::max_boolean(values).map(|v| Scalar::Integer(v.into()));
        }
        _ => {}
    }
    stats
}

impl ColumnStats {
    /// Takes in the statistics of more rows of the same column.
    pub fn merge(&mut self, other: &ColumnStats) {
        let both = |a: Option<Scalar>, b: Option<Scalar>| match (a, b) {
            (Some(a), Some(b)) => Some(a.ordered(b)),
            (a, b) => a.or(b).map(|v| (v, v)),
        };
        self.min = both(self.min, other.min).map(|(low, _)| low);
        self.max = both(self.max, other.max).map(|(_, high)| high);
        self.nulls += other.nulls;
        self.nans += other.nans;
    }
}

/// What `spolia info` prints about a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetSummary {
    /// Name.
    pub name: String,
    /// Version.
    pub version: u64,
    /// Tables by name.
    pub tables: Vec<TableSummary>,
}

/// One table of a [`DatasetSummary`].
#[derive(Clone, Debug, PartialEq)]
pub struct TableSummary {
    /// Name.
    pub name: String,
    /// Snapshots that it has rows of, ascending; empty for tables of the whole dataset.
    pub snaps: Vec<u32>,
    /// Rows over all snapshots.
    pub rows: u64,
    /// Rows of the last snapshot.
    pub rows_last: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes that the same values take in memory.
    pub memory_bytes: u64,
    /// Columns in schema order.
    pub columns: Vec<ColumnSummary>,
}

/// One column of a [`TableSummary`], over all snapshots.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSummary {
    /// Arrow type.
    pub data_type: String,
    /// VOUnit string.
    pub unit: String,
    /// One line.
    pub description: String,
    /// Name, least, greatest, nulls, NaN.
    pub stats: ColumnStats,
}

impl Dataset {
    /// Tables, rows, bytes and the statistics of every column, from the manifest alone.
    pub fn summary(&self) -> Result<DatasetSummary> {
        let tables = self.tables().into_iter().map(|name| self.table_summary(&name)).collect::<Result<_>>()?;
        Ok(DatasetSummary { name: self.manifest().name.clone(), version: self.manifest().version, tables })
    }

    fn table_summary(&self, name: &str) -> Result<TableSummary> {
        let schema = self.schema(name)?;
        let files = self.files(name);
        let mut snaps: Vec<u32> = files.iter().filter(|_| self.per_snapshot(name).unwrap_or(true)).map(|f| f.snap).collect();
        snaps.dedup();
        let last = files.last().map_or(0, |f| f.snap);
        let rows: u64 = files.iter().map(|f| f.rows).sum();
        let columns = schema.fields().iter().map(|field| {
            let mut stats = ColumnStats { name: field.name().clone(), min: None, max: None, nulls: 0, nans: 0 };
            for file in &files {
                match file.columns.iter().find(|c| c.name == stats.name) {
                    Some(part) => stats.merge(part),
                    None => stats.nulls += file.rows,
                }
            }
            ColumnSummary {
                data_type: field.data_type().to_string(),
                unit: unit_of(field).to_string(),
                description: field.metadata().get(DESCRIPTION).cloned().unwrap_or_default(),
                stats,
            }
        });
        Ok(TableSummary {
            name: name.to_string(),
            snaps,
            rows,
            rows_last: files.iter().filter(|f| f.snap == last).map(|f| f.rows).sum(),
            bytes: files.iter().map(|f| f.bytes).sum(),
            memory_bytes: rows * row_bytes(&schema),
            columns: columns.collect(),
        })
    }
}

/// Bytes that one row takes in memory; 16 for columns without a fixed width.
pub fn row_bytes(schema: &arrow::datatypes::Schema) -> u64 {
    const UNKNOWN_WIDTH_BYTES: usize = 16;
    schema
        .fields()
        .iter()
        .map(|f| {
            f.data_type().primitive_width().unwrap_or(if f.data_type() == &DataType::Boolean { 1 } else { UNKNOWN_WIDTH_BYTES }) as u64
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, Float32Array, Int32Array, StringArray, UInt64Array};
    use std::sync::Arc;

    fn stats(array: impl Array + 'static) -> ColumnStats {
        column_stats("c", &(Arc::new(array) as ArrayRef))
    }

    #[test]
    fn nan_null_and_infinity_are_told_apart() {
        let s = stats(Float32Array::from(vec![Some(f32::NAN), Some(2.5), None, Some(-1.5), Some(f32::INFINITY)]));
        assert_eq!((s.min, s.max, s.nulls, s.nans), (Some(Scalar::Float(-1.5)), Some(Scalar::Float(f64::INFINITY)), 1, 1));
        let only_nan = stats(Float32Array::from(vec![f32::NAN; 3]));
        assert_eq!((only_nan.min, only_nan.max, only_nan.nans), (None, None, 3));
        assert_eq!(stats(Float32Array::from(Vec::<f32>::new())).max, None);
        assert_eq!(stats(Float32Array::from(vec![f32::INFINITY])).min, Some(Scalar::Float(f64::INFINITY)));
    }

    #[test]
    fn integers_are_exact_and_text_has_no_order() {
        let s = stats(UInt64Array::from(vec![u64::MAX, u64::MAX - 1]));
        assert_eq!((s.min, s.max), (Some(Scalar::Integer(i128::from(u64::MAX) - 1)), Some(Scalar::Integer(u64::MAX.into()))));
        assert_eq!(stats(Int32Array::from(vec![None, Some(-7)])).min, Some(Scalar::Integer(-7)));
        assert_eq!(stats(BooleanArray::from(vec![true, true])).min, Some(Scalar::Integer(1)));
        assert_eq!(stats(StringArray::from(vec!["a"])).min, None);
    }

    #[test]
    fn merging_parts_equals_the_whole() {
        let values = [3.0f32, f32::NAN, -2.0, 8.0, 0.5];
        let whole = stats(Float32Array::from(values.to_vec()));
        for cut in 0..=values.len() {
            let mut part = stats(Float32Array::from(values[..cut].to_vec()));
            part.merge(&stats(Float32Array::from(values[cut..].to_vec())));
            assert_eq!(part, whole, "cut {cut}");
        }
    }
}
