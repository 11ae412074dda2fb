//! The SQL side of an exact aggregate: types, units, DISTINCT, windows, and handing integers to DataFusion's own.
//!
//! Layout     Float32 stays Float32 (half the work), other numbers become Float64; `sum` and `avg` of integers, decimals and durations are built in
//! Edge cases DISTINCT collects the set and then sums it exactly; -0 and +0 count as two values, as in the built-in
//! See also   `spec`, `moments`, `distinct`

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility};

use super::distinct::Distinct;
use super::spec::Spec;
use crate::sql::functions::field_units;
use crate::table::schema::UNIT;

/// An exact aggregate as DataFusion sees it.
#[derive(Debug)]
pub struct ExactAggregate {
    spec: &'static Spec,
    aliases: Vec<String>,
    signature: Signature,
    builtin: Option<Arc<AggregateUDF>>,
}

impl PartialEq for ExactAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name
    }
}
impl Eq for ExactAggregate {}
impl Hash for ExactAggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
    }
}

impl ExactAggregate {
    /// The function of a spec.
    pub fn udaf(spec: &'static Spec) -> AggregateUDF {
        AggregateUDF::from(ExactAggregate {
            spec,
            aliases: spec.aliases.iter().map(|a| a.to_string()).collect(),
            signature: Signature::user_defined(Volatility::Immutable),
            builtin: spec.builtin.map(|make| make()),
        })
    }

    /// DataFusion's own function when the (coerced) arguments are not floats.
    fn delegate(&self, types: &[FieldRef]) -> Option<&AggregateUDF> {
        let floats = types.iter().all(|f| matches!(f.data_type(), DataType::Float32 | DataType::Float64));
        self.builtin.as_deref().filter(|_| !floats)
    }
}

fn is_exact_integer_type(data_type: &DataType) -> bool {
    use DataType::{Decimal32, Decimal64, Decimal128, Decimal256, Duration, Interval};
    matches!(data_type, Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) | Duration(_) | Interval(_))
}

impl AggregateUDFImpl for ExactAggregate {
    fn name(&self) -> &str {
        self.spec.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.spec.name;
        if types.len() != self.spec.arguments {
            return plan_err!("{name} takes {} argument(s), found {}", self.spec.arguments, types.len());
        }
        if let Some(text) = types.iter().find(|t| !(t.is_numeric() || t.is_null() || self.builtin.is_some() && is_exact_integer_type(t))) {
            return plan_err!("{name} needs numbers, found {text}");
        }
        if self.builtin.is_some()
            && let [one] = types
        {
            if is_exact_integer_type(one) {
                return Ok(vec![one.clone()]);
            }
            if name == "sum" && one.is_signed_integer() {
                return Ok(vec![DataType::Int64]);
            }
            if name == "sum" && one.is_unsigned_integer() {
                return Ok(vec![DataType::UInt64]);
            }
        }
        let single = self.spec.prepare.is_none() && types.iter().all(|t| matches!(t, DataType::Float16 | DataType::Float32));
        Ok(vec![if single { DataType::Float32 } else { DataType::Float64 }; types.len()])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> = types.iter().map(|t| Arc::new(Field::new("argument", t.clone(), true))).collect();
        Ok(self.return_field(&fields)?.data_type().clone())
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        let units = field_units(fields);
        let types: Vec<DataType> = fields.iter().map(|f| f.data_type().clone()).collect();
        let data_type = match self.delegate(fields) {
            Some(builtin) => builtin.return_type(&types)?,
            None if self.spec.outputs.is_empty() => DataType::Float64,
            None => DataType::Struct(self.spec.output_fields(&(self.spec.output_units)(&units))),
        };
        let field = Field::new(self.name(), data_type, true);
        // A call whose units do not fit is reported by the unit check, with the place; here it only has no unit.
        Ok(Arc::new(match (self.spec.unit)(&units) {
            Ok(Some(unit)) => field.with_metadata(HashMap::from([(UNIT.to_string(), unit.to_string())])),
            _ => field,
        }))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if let Some(builtin) = self.delegate(args.expr_fields) {
            return builtin.accumulator(args);
        }
        if args.is_distinct {
            if self.spec.arguments != 1 {
                return plan_err!("{} does not take DISTINCT", self.spec.name);
            }
            return Ok(Box::new(Distinct::new(self.spec)));
        }
        let single = args.expr_fields.iter().all(|f| f.data_type() == &DataType::Float32);
        let make = if single { self.spec.engine.one_single } else { self.spec.engine.one_double };
        Ok(make(self.spec, args.return_field.data_type()))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match self.delegate(args.expr_fields) {
            Some(builtin) => builtin.create_sliding_accumulator(args),
            None => self.accumulator(args),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        if let Some(builtin) = self.delegate(args.input_fields) {
            return builtin.state_fields(args);
        }
        if args.is_distinct {
            return Ok(vec![Arc::new(Distinct::state_field(args.name))]);
        }
        Ok(vec![
            Arc::new(Field::new(format_state_name(args.name, "count"), DataType::UInt64, true)),
            Arc::new(Field::new(format_state_name(args.name, "digits"), DataType::Binary, true)),
        ])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        match self.delegate(args.expr_fields) {
            Some(builtin) => builtin.groups_accumulator_supported(args),
            None => !args.is_distinct,
        }
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        if let Some(builtin) = self.delegate(args.expr_fields) {
            return builtin.create_groups_accumulator(args);
        }
        let single = args.expr_fields.iter().all(|f| f.data_type() == &DataType::Float32);
        let make = if single { self.spec.engine.groups_single } else { self.spec.engine.groups_double };
        Ok(make(self.spec, args.return_field.data_type()))
    }

    fn order_sensitivity(&self) -> datafusion::logical_expr::utils::AggregateOrderSensitivity {
        datafusion::logical_expr::utils::AggregateOrderSensitivity::Insensitive
    }
}
