//! Aggregates that need all rows at once (quantiles, centres): columns are collected, and the answer does not depend on their order.
//!
//! Layout     arguments are columns first, literals last; state: one List\<Float64> per column
//! Edge cases a row with a NULL in any column is skipped; no rows give NULL
//! Cost       8 bytes per row and column, reported to the memory pool
//! See also   `distribution`, `structure`

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Schema};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue, exec_err, internal_datafusion_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, Signature, Volatility};
use datafusion::physical_expr::PhysicalExpr;

use super::moments::selection;
use crate::sql::functions::scalar::outer;
use crate::sql::functions::{UnitRule, field_units};
use crate::table::schema::UNIT;
use crate::units::Unit;

/// Type of an answer from the number of literals, the type of the first literal and the units of the arguments.
pub type AnswerType = fn(Option<&DataType>, &[Option<Unit>]) -> DataType;
/// Answer of all rows: columns (at least one row), literals, the type of the answer.
pub type Finish = fn(&mut [Vec<f64>], &[ScalarValue], &DataType) -> crate::Result<ScalarValue>;

/// Constant data of one collecting aggregate.
#[derive(Debug)]
pub struct CollectSpec {
    /// Name in SQL.
    pub name: &'static str,
    /// How it is called, for messages.
    pub signature: &'static str,
    /// Number of columns.
    pub columns: usize,
    /// Numbers of literals after them that are allowed.
    pub literals: &'static [usize],
    /// Type of the answer.
    pub answer: AnswerType,
    /// Unit of a plain answer.
    pub unit: UnitRule,
    /// Checks the literals before any row is read.
    pub check: fn(&[ScalarValue]) -> crate::Result<()>,
    /// The answer.
    pub finish: Finish,
}

/// A collecting aggregate as DataFusion sees it.
#[derive(Debug)]
pub struct CollectAggregate {
    spec: &'static CollectSpec,
    signature: Signature,
}

impl PartialEq for CollectAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name
    }
}
impl Eq for CollectAggregate {}
impl Hash for CollectAggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
    }
}

impl CollectAggregate {
    /// The function of a spec.
    pub fn udaf(spec: &'static CollectSpec) -> AggregateUDF {
        AggregateUDF::from(CollectAggregate { spec, signature: Signature::user_defined(Volatility::Immutable) })
    }
}

/// Types of arguments that are columns of numbers followed by literals (numbers or lists of numbers).
pub fn coerce_columns_and_literals(
    name: &str,
    signature: &str,
    columns: usize,
    literals: &[usize],
    types: &[DataType],
) -> Result<Vec<DataType>> {
    if !types.len().checked_sub(columns).is_some_and(|n| literals.contains(&n)) {
        return plan_err!("{name} does not take {} argument(s); use {signature}", types.len());
    }
    let coerced = types.iter().enumerate().map(|(k, t)| match t {
        t if t.is_numeric() || t.is_null() => Ok(DataType::Float64),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _)
            if k >= columns && item.data_type().is_numeric() =>
        {
            Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))))
        }
        other => plan_err!("argument {} of {name} is {other}; use {signature}", k + 1),
    });
    coerced.collect()
}

/// The value of an argument that must not depend on rows.
pub fn literal(name: &str, expression: &Arc<dyn PhysicalExpr>) -> Result<ScalarValue> {
    let one_row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &RecordBatchOptions::new().with_row_count(Some(1)))?;
    match expression.evaluate(&one_row) {
        Ok(ColumnarValue::Scalar(value)) => Ok(value),
        Ok(ColumnarValue::Array(array)) => ScalarValue::try_from_array(&array, 0),
        Err(_) => exec_err!("{name}: `{expression}` must be a literal, not a column"),
    }
}

/// A finite number from a literal.
pub fn literal_number(value: &ScalarValue, what: &str) -> crate::Result<f64> {
    match value.cast_to(&DataType::Float64) {
        Ok(ScalarValue::Float64(Some(number))) if number.is_finite() => Ok(number),
        _ => Err(crate::Error::usage(format!("{what} must be a finite number")).found(value)),
    }
}

/// Finite numbers from a literal number or list.
pub fn literal_numbers(value: &ScalarValue, what: &str) -> crate::Result<Vec<f64>> {
    let ScalarValue::List(list) = value else { return Ok(vec![literal_number(value, what)?]) };
    let wrong = || crate::Error::usage(format!("{what} must be finite numbers")).found(value);
    let items = list.values().as_primitive_opt::<Float64Type>().ok_or_else(wrong)?;
    match items.iter().all(|v| v.is_some_and(f64::is_finite)) {
        true => Ok(items.values().to_vec()),
        false => Err(wrong()),
    }
}

/// A field with an optional unit.
pub fn unit_field(name: &str, data_type: DataType, unit: Option<Unit>) -> Field {
    let field = Field::new(name, data_type, true);
    match unit {
        Some(unit) => field.with_metadata(HashMap::from([(UNIT.to_string(), unit.to_string())])),
        None => field,
    }
}

impl AggregateUDFImpl for CollectAggregate {
    fn name(&self) -> &str {
        self.spec.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        coerce_columns_and_literals(self.spec.name, self.spec.signature, self.spec.columns, self.spec.literals, types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok((self.spec.answer)(types.get(self.spec.columns), &[]))
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        let units = field_units(fields);
        let answer = (self.spec.answer)(fields.get(self.spec.columns).map(|f| f.data_type()), &units);
        Ok(Arc::new(unit_field(self.spec.name, answer, (self.spec.unit)(&units).ok().flatten())))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return plan_err!("{} does not take DISTINCT", self.spec.name);
        }
        let literals: Vec<ScalarValue> =
            args.exprs.iter().skip(self.spec.columns).map(|e| literal(self.spec.name, e)).collect::<Result<_>>()?;
        (self.spec.check)(&literals).map_err(outer)?;
        let columns = vec![Vec::new(); self.spec.columns];
        Ok(Box::new(Collector { spec: self.spec, literals, answer: args.return_field.data_type().clone(), columns }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |k: usize| {
            Field::new_list(format_state_name(args.name, &format!("column{k}")), Field::new_list_field(DataType::Float64, true), true)
        };
        Ok((0..self.spec.columns).map(|k| Arc::new(list(k))).collect())
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

#[derive(Debug)]
struct Collector {
    spec: &'static CollectSpec,
    literals: Vec<ScalarValue>,
    answer: DataType,
    columns: Vec<Vec<f64>>,
}

impl Accumulator for Collector {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let arrays = arrays.get(..self.columns.len()).unwrap_or(arrays);
        let chosen = selection(arrays, None);
        for (column, array) in self.columns.iter_mut().zip(arrays) {
            let values = array
                .as_primitive_opt::<Float64Type>()
                .ok_or_else(|| internal_datafusion_err!("{} of {}", self.spec.name, array.data_type()))?;
            match &chosen {
                None => column.extend_from_slice(values.values()),
                Some(rows) => column.extend(rows.set_indices().map(|i| values.value(i))),
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.columns.first().is_none_or(Vec::is_empty) {
            return ScalarValue::try_from(&self.answer);
        }
        (self.spec.finish)(&mut self.columns, &self.literals, &self.answer).map_err(outer)
    }

    fn size(&self) -> usize {
        std::mem::size_of::<Self>() + self.columns.iter().map(|c| c.capacity() * std::mem::size_of::<f64>()).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |column: &mut Vec<f64>| {
            let values = Arc::new(Float64Array::from(std::mem::take(column)));
            SingleRowListArrayBuilder::new(values).with_nullable(true).build_list_scalar()
        };
        Ok(self.columns.iter_mut().map(list).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for (column, state) in self.columns.iter_mut().zip(states) {
            let lists = state.as_list_opt::<i32>().ok_or_else(|| internal_datafusion_err!("collected state is not a list"))?;
            for values in lists.iter().flatten() {
                let values = values
                    .as_primitive_opt::<Float64Type>()
                    .ok_or_else(|| internal_datafusion_err!("collected state is not of doubles"))?;
                column.extend_from_slice(values.values());
            }
        }
        Ok(())
    }
}

/// Orders rows by all columns, so that what follows cannot depend on the order in which they came.
pub fn sort_rows(columns: &mut [Vec<f64>]) {
    use rayon::slice::ParallelSliceMut;
    let count = columns.first().map_or(0, Vec::len);
    let mut order: Vec<usize> = (0..count).collect();
    {
        let columns: &[Vec<f64>] = columns;
        order.par_sort_unstable_by(|&a, &b| {
            let unequal = columns.iter().map(|c| c[a].total_cmp(&c[b])).find(|o| o.is_ne());
            unequal.unwrap_or(std::cmp::Ordering::Equal)
        });
    }
    for column in columns {
        *column = order.iter().map(|&i| column[i]).collect();
    }
}
