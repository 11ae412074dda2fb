//! The frame around functions that give several numbers a row: a struct with a unit for each field.
//!
//! Layout     a [`Structured`] is constant data; its `evaluate` gets the columns of a batch and gives one column for each field
//! Units      each field carries its own in the metadata, so that `orbit(...)['r_apo']` has it
//! Edge cases NULL in any argument gives a NULL struct; literals alone give one row
//! See also   `scalar` for functions with one number, `tally` for what is said after a query

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, ListArray, StringArray, StructArray, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::orbits::host::permitted;
use super::scalar::{Columns, Gathered, coerce, gather, outer};
use super::tally::Tally;
use super::{FunctionDoc, UnitRule};
use crate::sql::aggregates::engine::collect::unit_field;
use crate::sql::settings::Settings;
use crate::units::Unit;

/// Unit of a field that holds a text.
pub const TEXT: &str = "text";

/// Constant data of one function.
#[derive(Debug)]
pub struct Structured {
    /// What the reference says.
    pub doc: FunctionDoc,
    /// Numbers of arguments that are allowed, literal texts included.
    pub arguments: &'static [usize],
    /// Which of the arguments are literal texts.
    pub texts: &'static [usize],
    /// Check of the arguments' units; the result is a struct and has none.
    pub unit: UnitRule,
    /// Names of the fields and their units; [`TEXT`] for words.
    pub fields: &'static [(&'static str, &'static str)],
    /// Whether a row of the answer is a list of structs.
    pub list: bool,
    /// Checks the literal texts before anything runs.
    pub check: fn(&[&str]) -> crate::Result<()>,
    /// The values: one column for each field.
    pub evaluate: fn(&Call) -> crate::Result<Vec<Values>>,
}

/// One call over a batch.
#[derive(Debug)]
pub struct Call<'a> {
    /// Arguments.
    pub columns: &'a Columns<'a>,
    /// Settings of the session.
    pub settings: &'a Settings,
    /// Where to count what went wrong.
    pub tally: &'a Tally,
}

/// One column of the answer; for a list function the rows of each list one after the other, lists of one length.
#[derive(Clone, Debug)]
pub enum Values {
    /// Numbers.
    Numbers(Vec<f64>),
    /// Words.
    Words(Vec<&'static str>),
}

impl Values {
    fn array(self) -> ArrayRef {
        match self {
            Values::Numbers(values) => Arc::new(Float64Array::from(values)),
            Values::Words(values) => Arc::new(StringArray::from(values)),
        }
    }
}

/// A function as DataFusion sees it.
#[derive(Debug)]
pub struct StructuredFunction {
    function: &'static Structured,
    fields: Fields,
    signature: Signature,
    open_files: bool,
}

impl PartialEq for StructuredFunction {
    fn eq(&self, other: &Self) -> bool {
        self.function.doc.name == other.function.doc.name
    }
}
impl Eq for StructuredFunction {}
impl Hash for StructuredFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.doc.name.hash(state);
    }
}

impl StructuredFunction {
    /// The function of its constant data, and whether a name may open a file.
    pub fn udf(function: &'static Structured, open_files: bool) -> ScalarUDF {
        let field = |&(name, unit): &(&str, &str)| match unit {
            TEXT => Field::new(name, DataType::Utf8, true),
            _ => unit_field(name, DataType::Float64, Unit::parse(unit).ok()),
        };
        // A potential may be a file, which can change between two queries.
        let signature = Signature::user_defined(Volatility::Stable);
        let fields = function.fields.iter().map(field).collect();
        ScalarUDF::from(StructuredFunction { function, fields, signature, open_files })
    }

    fn item(&self) -> FieldRef {
        Arc::new(Field::new("item", DataType::Struct(self.fields.clone()), true))
    }

    fn data_type(&self) -> DataType {
        if self.function.list { DataType::List(self.item()) } else { DataType::Struct(self.fields.clone()) }
    }

    fn assembled(&self, columns: Vec<Values>, rows: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        let arrays: Vec<ArrayRef> = columns.into_iter().map(Values::array).collect();
        if !self.function.list {
            return Ok(Arc::new(StructArray::try_new(self.fields.clone(), arrays, nulls)?));
        }
        let items = StructArray::try_new(self.fields.clone(), arrays, None)?;
        let length = items.len().checked_div(rows).unwrap_or(0);
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(length, rows));
        Ok(Arc::new(ListArray::try_new(self.item(), offsets, Arc::new(items), nulls)?))
    }
}

impl ScalarUDFImpl for StructuredFunction {
    fn name(&self) -> &str {
        self.function.doc.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        coerce(&self.function.doc, self.function.arguments, self.function.texts, types)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.data_type())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let texts: Vec<&str> = args
            .scalar_arguments
            .iter()
            .enumerate()
            .filter(|(k, _)| self.function.texts.contains(k))
            .filter_map(|(_, value)| value.and_then(|v| v.try_as_str().flatten()))
            .collect();
        if texts.len() == self.function.texts.len() {
            permitted(self.open_files, self.name(), &texts).map_err(outer)?;
            (self.function.check)(&texts).map_err(outer)?;
        }
        let nullable = args.arg_fields.iter().any(|f| f.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.data_type(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Gathered { columns, nulls, all_literal, null } = gather(self.name(), self.function.texts, &args)?;
        let data_type = self.data_type();
        if null {
            return Ok(match all_literal {
                true => ColumnarValue::Scalar(ScalarValue::try_from(&data_type)?),
                false => ColumnarValue::Array(new_null_array(&data_type, args.number_rows)),
            });
        }
        permitted(self.open_files, self.name(), &columns.texts).map_err(outer)?;
        let (settings, tally) = (Settings::of(&args.config_options), Tally::of(&args.config_options));
        let call = Call { columns: &columns, settings: &settings, tally: &tally };
        let values = (self.function.evaluate)(&call).map_err(outer)?;
        if values.len() != self.fields.len() {
            return Err(internal_datafusion_err!("{} columns for {} fields", values.len(), self.fields.len()));
        }
        let array = self.assembled(values, columns.rows(), nulls)?;
        if all_literal {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}
