//! DISTINCT inside an exact aggregate: the set of values, with how often each came, summed exactly at the end.
//!
//! Layout     state: List\<Float64> of the set
//! Edge cases values are told apart by their bits, except that all NaN are one value; windows may take rows out again
//! Cost       16 bytes and a map entry per distinct value
//! See also   `udaf`, `moments::of_distinct`

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::logical_expr::Accumulator;
use datafusion::logical_expr::utils::format_state_name;

use super::spec::Spec;

/// Bytes of one entry of the map, about.
const ENTRY_BYTES: usize = 32;

/// The set of values so far.
#[derive(Debug)]
pub struct Distinct {
    spec: &'static Spec,
    rows: BTreeMap<u64, u64>,
}

impl Distinct {
    /// Nothing yet.
    pub fn new(spec: &'static Spec) -> Self {
        Distinct { spec, rows: BTreeMap::new() }
    }

    /// Field of the partial state.
    pub fn state_field(name: &str) -> Field {
        Field::new_list(format_state_name(name, "distinct"), Field::new_list_field(DataType::Float64, true), true)
    }

    fn each(&mut self, arrays: &[ArrayRef], mut change: impl FnMut(&mut BTreeMap<u64, u64>, u64)) -> Result<()> {
        let array = arrays.first().ok_or_else(|| internal_datafusion_err!("DISTINCT without an argument"))?;
        let doubles = cast(array, &DataType::Float64)?;
        for value in doubles.as_primitive::<Float64Type>().iter().flatten() {
            let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
            change(&mut self.rows, bits);
        }
        Ok(())
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        self.each(arrays, |rows, bits| *rows.entry(bits).or_insert(0) += 1)
    }

    fn retract_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        self.each(arrays, |rows, bits| {
            if let Some(count) = rows.get_mut(&bits) {
                *count -= 1;
                if *count == 0 {
                    rows.remove(&bits);
                }
            }
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        (self.spec.engine.distinct)(self.spec, &mut self.rows.keys().map(|&bits| f64::from_bits(bits)))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Float64Array = self.rows.keys().map(|&bits| Some(f64::from_bits(bits))).collect();
        Ok(vec![SingleRowListArrayBuilder::new(Arc::new(values)).with_nullable(true).build_list_scalar()])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists =
            states.first().and_then(|s| s.as_list_opt::<i32>()).ok_or_else(|| internal_datafusion_err!("DISTINCT state is not a list"))?;
        lists.iter().flatten().try_for_each(|set| self.update_batch(&[set]))
    }

    fn size(&self) -> usize {
        std::mem::size_of::<Self>() + self.rows.len() * ENTRY_BYTES
    }
}
