//! The frame around every scalar function: numbers of any type in, Float64 out, in blocks without allocation per row.
//!
//! Layout     a [`Scalar`] is constant data; its `evaluate` gets [`Columns`] and calls `map` with a formula of one row
//! Units      the result carries the unit that the function's rule gives, in the field metadata
//! Edge cases NULL in any argument gives NULL; NaN stays; integers and decimals are read as doubles; a literal is one value for all rows
//! Cost       single-precision columns are widened in blocks that stay in the first-level cache
//! See also   `functions::mod` (registry)

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};
use datafusion::common::{Result, ScalarValue, exec_err, internal_datafusion_err, plan_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::orbits::host::permitted;
use super::units::field_units;
use super::{FunctionDoc, UnitRule};
use crate::table::schema::UNIT;

/// Rows per block.
const BLOCK_ROWS: usize = 512;

/// Constant data of one scalar function.
#[derive(Debug)]
pub struct Scalar {
    /// What the reference says.
    pub doc: FunctionDoc,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Numbers of arguments that are allowed, literal texts included.
    pub arguments: &'static [usize],
    /// Which of the arguments are literal texts.
    pub texts: &'static [usize],
    /// Unit of the result.
    pub unit: UnitRule,
    /// The values.
    pub evaluate: fn(&Columns) -> Result<Vec<f64>>,
}

/// One argument.
#[derive(Clone, Copy, Debug)]
enum Column<'a> {
    Single(&'a [f32]),
    Double(&'a [f64]),
    Literal(f64),
}

/// The numeric arguments of a call, and its literal texts in order.
#[derive(Debug)]
pub struct Columns<'a> {
    columns: Vec<Column<'a>>,
    /// Literal texts.
    pub texts: Vec<&'a str>,
    rows: usize,
}

/// The arguments of a call as they came.
pub(super) struct Gathered<'a> {
    /// Numbers and texts.
    pub columns: Columns<'a>,
    /// Rows where no argument is NULL; none when all are.
    pub nulls: Option<NullBuffer>,
    /// Whether one row answers for all.
    pub all_literal: bool,
    /// Whether an argument is NULL in every row.
    pub null: bool,
}

impl Columns<'_> {
    /// Number of numeric arguments.
    pub fn count(&self) -> usize {
        self.columns.len()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Every row of numeric argument `index`, widened.
    pub fn numbers(&self, index: usize) -> Result<Vec<f64>> {
        match self.columns.get(index) {
            Some(Column::Single(values)) => Ok(values.iter().map(|&v| f64::from(v)).collect()),
            Some(Column::Double(values)) => Ok(values.to_vec()),
            Some(Column::Literal(value)) => Ok(vec![*value; self.rows]),
            None => Err(internal_datafusion_err!("argument {index} of {}", self.columns.len())),
        }
    }

    /// The value of numeric argument `index` when it is a literal.
    pub fn literal(&self, index: usize) -> Option<f64> {
        match self.columns.get(index) {
            Some(Column::Literal(value)) => Some(*value),
            _ => None,
        }
    }

    /// The formula applied to every row of the first `N` numeric arguments.
    pub fn map<const N: usize>(&self, formula: impl Fn([f64; N]) -> f64) -> Result<Vec<f64>> {
        if self.columns.len() < N {
            return Err(internal_datafusion_err!("{N} columns expected, found {}", self.columns.len()));
        }
        let mut blocks = [[0.0; BLOCK_ROWS]; N];
        for (block, column) in blocks.iter_mut().zip(&self.columns) {
            if let Column::Literal(value) = column {
                block.fill(*value);
            }
        }
        let mut output = Vec::with_capacity(self.rows);
        for start in (0..self.rows).step_by(BLOCK_ROWS) {
            let count = BLOCK_ROWS.min(self.rows - start);
            for (block, column) in blocks.iter_mut().zip(&self.columns) {
                match column {
                    Column::Single(values) => block.iter_mut().zip(&values[start..start + count]).for_each(|(to, &v)| *to = f64::from(v)),
                    Column::Double(values) => block[..count].copy_from_slice(&values[start..start + count]),
                    Column::Literal(_) => {}
                }
            }
            output.extend((0..count).map(|i| formula(std::array::from_fn(|k| blocks[k][i]))));
        }
        Ok(output)
    }
}

/// A scalar function as DataFusion sees it.
#[derive(Debug)]
pub struct ScalarFunction {
    function: &'static Scalar,
    aliases: Vec<String>,
    signature: Signature,
    open_files: bool,
}

impl PartialEq for ScalarFunction {
    fn eq(&self, other: &Self) -> bool {
        self.function.doc.name == other.function.doc.name
    }
}
impl Eq for ScalarFunction {}
impl Hash for ScalarFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.doc.name.hash(state);
    }
}

impl ScalarFunction {
    /// The function of its constant data, and whether a name may open a file.
    pub fn udf(function: &'static Scalar, open_files: bool) -> ScalarUDF {
        ScalarUDF::from(ScalarFunction {
            function,
            aliases: function.aliases.iter().map(|a| a.to_string()).collect(),
            signature: Signature::user_defined(Volatility::Immutable),
            open_files,
        })
    }
}

/// Our error inside DataFusion's.
pub fn outer(error: crate::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl ScalarUDFImpl for ScalarFunction {
    fn name(&self) -> &str {
        self.function.doc.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        coerce(&self.function.doc, self.function.arguments, self.function.texts, types)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|f| f.is_nullable());
        let field = Field::new(self.name(), DataType::Float64, nullable);
        Ok(Arc::new(match (self.function.unit)(&field_units(args.arg_fields)) {
            Ok(Some(unit)) => field.with_metadata(HashMap::from([(UNIT.to_string(), unit.to_string())])),
            _ => field,
        }))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Gathered { columns, nulls, all_literal, null } = gather(self.name(), self.function.texts, &args)?;
        if null {
            return Ok(match all_literal {
                true => ColumnarValue::Scalar(ScalarValue::Float64(None)),
                false => ColumnarValue::Array(Arc::new(Float64Array::new_null(args.number_rows))),
            });
        }
        permitted(self.open_files, self.name(), &columns.texts).map_err(outer)?;
        let values = (self.function.evaluate)(&columns)?;
        if all_literal {
            return Ok(ColumnarValue::Scalar(ScalarValue::Float64(values.first().copied())));
        }
        Ok(ColumnarValue::Array(Arc::new(Float64Array::try_new(values.into(), nulls)?)))
    }
}

/// Types that the arguments of a call are brought to.
pub(super) fn coerce(doc: &FunctionDoc, arguments: &[usize], texts: &[usize], types: &[DataType]) -> Result<Vec<DataType>> {
    if !arguments.contains(&types.len()) {
        return plan_err!("{} does not take {} argument(s); use {}", doc.name, types.len(), doc.signature);
    }
    let coerced = types.iter().enumerate().map(|(k, t)| match t {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if texts.contains(&k) => Ok(DataType::Utf8),
        _ if texts.contains(&k) => plan_err!("argument {} of {} is a text; use {}", k + 1, doc.name, doc.signature),
        DataType::Float32 | DataType::Float16 => Ok(DataType::Float32),
        t if t.is_numeric() || t.is_null() => Ok(DataType::Float64),
        other => plan_err!("argument {} of {} is {other}, not a number; use {}", k + 1, doc.name, doc.signature),
    });
    coerced.collect()
}

/// The arguments of the call of `name`, of which those in `texts` are literal texts.
pub(super) fn gather<'a>(name: &str, texts: &[usize], args: &'a ScalarFunctionArgs) -> Result<Gathered<'a>> {
    let all_literal = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
    let rows = if all_literal { 1 } else { args.number_rows };
    let mut columns = Columns { columns: Vec::with_capacity(args.args.len()), texts: Vec::new(), rows };
    let (mut nulls, mut null): (Option<NullBuffer>, bool) = (None, false);
    for (k, argument) in args.args.iter().enumerate() {
        match argument {
            ColumnarValue::Scalar(ScalarValue::Utf8(Some(text))) if texts.contains(&k) => columns.texts.push(text),
            ColumnarValue::Scalar(value) if value.is_null() => {
                null = true;
                columns.columns.push(Column::Literal(f64::NAN));
            }
            ColumnarValue::Scalar(ScalarValue::Float64(Some(value))) => columns.columns.push(Column::Literal(*value)),
            ColumnarValue::Scalar(ScalarValue::Float32(Some(value))) => columns.columns.push(Column::Literal(f64::from(*value))),
            ColumnarValue::Array(array) if texts.contains(&k) => {
                return exec_err!("argument {} of {name} must be a literal text, not a column of {}", k + 1, array.data_type());
            }
            ColumnarValue::Array(array) => {
                nulls = NullBuffer::union(nulls.as_ref(), array.nulls());
                columns.columns.push(numbers(array)?);
            }
            ColumnarValue::Scalar(other) => return exec_err!("{name} of {other:?}"),
        }
    }
    Ok(Gathered { columns, nulls, all_literal, null })
}

fn numbers(array: &ArrayRef) -> Result<Column<'_>> {
    if let Some(values) = array.as_primitive_opt::<Float64Type>() {
        return Ok(Column::Double(values.values()));
    }
    match array.as_primitive_opt::<Float32Type>() {
        Some(values) => Ok(Column::Single(values.values())),
        None => exec_err!("a column of numbers expected, found {}", array.data_type()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_literals_and_both_precisions_mix() {
        let single: Vec<f32> = (0..1300).map(|i| i as f32).collect();
        let double: Vec<f64> = (0..1300).map(|i| f64::from(i) * 0.5).collect();
        let columns =
            Columns { columns: vec![Column::Single(&single), Column::Double(&double), Column::Literal(3.0)], texts: vec![], rows: 1300 };
        let sums = columns.map(|[a, b, c]| a + b + c).unwrap();
        assert!(sums.iter().enumerate().all(|(i, &s)| s == 1.5 * i as f64 + 3.0) && sums.len() == 1300);
        assert_eq!(columns.literal(2), Some(3.0));
        assert_eq!(columns.literal(0), None);
        assert!(columns.map(|[_, _, _, d]| d).is_err());
    }
}
