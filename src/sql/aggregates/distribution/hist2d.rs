//! SQL `hist2d(x, y [, weight], x_min, x_max, x_bins, y_min, y_max, y_bins)`: counts and exact weights on a grid.
//!
//! Formula    n_ij = number of rows, w_ij = sum of weights in bin i of x and bin j of y
//! Layout     a list of struct(x, y, n, w) over all bins, y fastest (numpy's row-major order), x and y the centres; unnest makes it a table
//! Units      x, y in their units, w in that of the weight
//! Accuracy   counts are integers and weights exact sums, so partitions merge to the same bits in any order
//! Edge cases rows with a NULL or NaN position, or outside, are left out; the last bins include their upper edge, as in numpy
//! Cost       8 bytes per bin, 24 with weights; about 5 ns per row
//! See also   `quantile_track`, `bins`, `group_sums`

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, StructArray, UInt64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue, internal_datafusion_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use super::bins::Bins;
use crate::error::Error;
use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::collect::{coerce_columns_and_literals, literal, literal_number, unit_field};
use crate::sql::aggregates::engine::group_sums::{DoubleGrid, Grid, GroupSums, Real, Sink};
use crate::sql::aggregates::engine::moments::selection;
use crate::sql::functions::scalar::outer;
use crate::sql::functions::{FunctionDoc, field_units, units};
use crate::units::Unit;

/// Most bins of one histogram.
const MAX_CELLS: usize = 1 << 24;
/// Literals after the columns.
const LITERALS: usize = 6;
/// Bytes of one record of the state: cell u32, window u16, digit i128.
const RECORD_BYTES: usize = 4 + 2 + 16;

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "hist2d",
        kind: "aggregate",
        signature: "hist2d(x, y [, weight], x_min, x_max, x_bins, y_min, y_max, y_bins)",
        description: "Two-dimensional histogram on equal bins as a list of struct(x, y, n, w) with the centres of all bins, counts and exact sums of weights (w = n without a weight); SELECT h['x'], h['y'], h['n'] FROM (SELECT unnest(hist2d(...)) AS h FROM stars) makes it a table.",
        formula: "n_ij = number of rows, w_ij = sum of weights in bin i of x and bin j of y",
        units: "x and y in their units, w in that of the weight",
        source: "numpy.histogram2d (bins half open, the last closed)",
        example: "SELECT hist2d(x, y, m, 0, 2, 2, 0, 1, 1)[2]['w'] FROM (VALUES (0.5, 0.5, 10.0), (1.0, 0.1, 3.0), (2.0, 1.0, 4.0)) AS t(x, y, m)",
        example_answer: Some("7.0"),
        see_also: "numpy `np.histogram2d`, pynbody `plot.hist2d`",
    },
    unit: units::none,
    make: || AggregateUDF::from(Hist2d { signature: Signature::user_defined(Volatility::Immutable) }),
};

#[derive(Debug, PartialEq, Eq, Hash)]
struct Hist2d {
    signature: Signature,
}

/// Number of columns in a call with this many arguments.
fn columns_of(arguments: usize) -> usize {
    arguments.saturating_sub(LITERALS)
}

fn answer(arguments: &[Option<Unit>], columns: usize) -> DataType {
    let weight = if columns == 3 { units::of(arguments, 2) } else { None };
    let fields = vec![
        unit_field("x", DataType::Float64, units::of(arguments, 0)),
        unit_field("y", DataType::Float64, units::of(arguments, 1)),
        unit_field("n", DataType::UInt64, None),
        unit_field("w", DataType::Float64, weight),
    ];
    DataType::List(Arc::new(Field::new_list_field(DataType::Struct(fields.into()), true)))
}

impl AggregateUDFImpl for Hist2d {
    fn name(&self) -> &str {
        FUNCTION.doc.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        coerce_columns_and_literals(self.name(), FUNCTION.doc.signature, 2, &[LITERALS, LITERALS + 1], types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(answer(&[], columns_of(types.len())))
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), answer(&field_units(fields), columns_of(fields.len())), true)))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return plan_err!("{} does not take DISTINCT", self.name());
        }
        let columns = columns_of(args.exprs.len());
        let literals: Vec<ScalarValue> = args.exprs.iter().skip(columns).map(|e| literal(self.name(), e)).collect::<Result<_>>()?;
        Ok(Box::new(Grid2d::new(&literals, columns == 3, args.return_field.data_type()).map_err(outer)?))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |part: &str| Arc::new(Field::new(format_state_name(args.name, part), DataType::Binary, true));
        Ok(vec![field("counts"), field("weights")])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// The grid while it fills.
#[derive(Debug)]
struct Grid2d {
    x: Bins,
    y: Bins,
    answer: DataType,
    counts: Vec<u64>,
    weights: Option<GroupSums<DoubleGrid>>,
}

impl Grid2d {
    fn new(literals: &[ScalarValue], weighted: bool, answer: &DataType) -> crate::Result<Self> {
        let axis = |offset: usize, name: &str| {
            let number = |k: usize, what: &str| match literals.get(offset + k) {
                Some(value) => literal_number(value, &format!("the {what} of {name}")),
                None => Err(Error::usage("hist2d needs six literals").hint(FUNCTION.doc.signature)),
            };
            Bins::equal(number(0, "lower end")?, number(1, "upper end")?, number(2, "number of bins")?)
        };
        let (x, y) = (axis(0, "x")?, axis(3, "y")?);
        let cells = x.count() * y.count();
        if cells > MAX_CELLS {
            return Err(Error::limit("too many bins in one histogram").expected(format!("at most {MAX_CELLS}")).found(cells));
        }
        let mut weights = GroupSums::default();
        weights.grow(cells);
        Ok(Grid2d { x, y, answer: answer.clone(), counts: vec![0; cells], weights: weighted.then_some(weights) })
    }

    fn each(&mut self, arrays: &[ArrayRef], add: bool) -> Result<()> {
        let columns = if self.weights.is_some() { 3 } else { 2 };
        let arrays = arrays.get(..columns).unwrap_or(arrays);
        let numbers: Option<Vec<&[f64]>> =
            arrays.iter().map(|a| a.as_primitive_opt::<Float64Type>().map(|p| p.values().as_ref())).collect();
        let numbers =
            numbers.filter(|n| n.len() == columns).ok_or_else(|| internal_datafusion_err!("hist2d of columns that are not doubles"))?;
        let (x, y) = (numbers[0], numbers[1]);
        let mut row = |i: usize| {
            let (Some(bin_x), Some(bin_y)) = (self.x.bin(x[i]), self.y.bin(y[i])) else { return };
            let cell = bin_x * self.y.count() + bin_y;
            self.counts[cell] = if add { self.counts[cell] + 1 } else { self.counts[cell].wrapping_sub(1) };
            if let Some(sums) = &mut self.weights {
                let weight = numbers[2][i];
                match weight.decode() {
                    Some(part) => sums.add(cell, if add { part.mantissa } else { -part.mantissa }, part.index),
                    None => sums.add_special(cell, weight, if add { 1 } else { -1 }),
                }
            }
        };
        match selection(arrays, None) {
            None => (0..x.len()).for_each(&mut row),
            Some(chosen) => chosen.set_indices().for_each(&mut row),
        }
        Ok(())
    }
}

impl Accumulator for Grid2d {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        self.each(arrays, true)
    }

    fn retract_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        self.each(arrays, false)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let DataType::List(item) = &self.answer else { return Err(internal_datafusion_err!("hist2d does not answer a list")) };
        let DataType::Struct(fields) = item.data_type() else { return Err(internal_datafusion_err!("hist2d does not answer structs")) };
        let (nx, ny) = (self.x.count(), self.y.count());
        let x: Float64Array = (0..nx * ny).map(|c| Some(self.x.centre(c / ny))).collect();
        let y: Float64Array = (0..nx * ny).map(|c| Some(self.y.centre(c % ny))).collect();
        let w: Float64Array = match &self.weights {
            None => self.counts.iter().map(|&n| Some(n as f64)).collect(),
            Some(sums) => {
                let (occupied, mut digits) = (sums.occupied(), Vec::new());
                (0..nx * ny).map(|c| Some(sums.value(c, &occupied, &mut digits))).collect()
            }
        };
        let n = UInt64Array::from(self.counts.clone());
        let rows = StructArray::try_new(fields.clone(), vec![Arc::new(x), Arc::new(y), Arc::new(n), Arc::new(w)], None)?;
        Ok(SingleRowListArrayBuilder::new(Arc::new(rows)).with_field(item).build_list_scalar())
    }

    fn size(&self) -> usize {
        std::mem::size_of::<Self>()
            + self.counts.len() * std::mem::size_of::<u64>()
            + self.weights.as_ref().map_or(0, GroupSums::size_bytes)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let counts: Vec<u8> = self.counts.iter().flat_map(|n| n.to_le_bytes()).collect();
        let mut weights = Vec::new();
        if let Some(sums) = &self.weights {
            let (occupied, mut digits) = (sums.occupied(), Vec::new());
            for cell in 0..self.counts.len() {
                sums.all_digits(cell, &occupied, &mut digits);
                for &(window, digit) in &digits {
                    weights.extend_from_slice(&(cell as u32).to_le_bytes());
                    weights.extend_from_slice(&(window as u16).to_le_bytes());
                    weights.extend_from_slice(&digit.to_le_bytes());
                }
            }
        }
        Ok(vec![ScalarValue::Binary(Some(counts)), ScalarValue::Binary(Some(weights))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let broken = || internal_datafusion_err!("partial state of hist2d is malformed");
        let [counts, weights] = states else { return Err(broken()) };
        let counts = counts.as_binary_opt::<i32>().ok_or_else(broken)?;
        let weights = weights.as_binary_opt::<i32>().ok_or_else(broken)?;
        for state in counts.iter().flatten() {
            let (numbers, rest) = state.as_chunks::<8>();
            if numbers.len() != self.counts.len() || !rest.is_empty() {
                return Err(broken());
            }
            self.counts.iter_mut().zip(numbers).for_each(|(sum, n)| *sum += u64::from_le_bytes(*n));
        }
        for state in weights.iter().flatten() {
            let (records, rest) = state.as_chunks::<RECORD_BYTES>();
            let sums = self.weights.as_mut().filter(|_| rest.is_empty());
            let Some(sums) = sums else { if state.is_empty() { continue } else { return Err(broken()) } };
            for record in records {
                let cell = u32::from_le_bytes([record[0], record[1], record[2], record[3]]) as usize;
                let window = usize::from(u16::from_le_bytes([record[4], record[5]]));
                let mut digit = [0; 16];
                digit.copy_from_slice(&record[6..]);
                if cell >= self.counts.len() || window > DoubleGrid::WINDOWS {
                    return Err(broken());
                }
                sums.add_digit(window, cell, i128::from_le_bytes(digit));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(weighted: bool) -> crate::Result<Grid2d> {
        let literals = [0.0, 2.0, 2.0, -1.0, 1.0, 2.0].map(|v| ScalarValue::Float64(Some(v)));
        Grid2d::new(&literals, weighted, &answer(&[], if weighted { 3 } else { 2 }))
    }

    fn column(values: &[f64]) -> ArrayRef {
        Arc::new(Float64Array::from(values.to_vec()))
    }

    #[test]
    fn counts_and_weights_merge_exactly() {
        let (mut a, mut b, mut whole) = (grid(true).unwrap(), grid(true).unwrap(), grid(true).unwrap());
        let rows =
            |k: f64| [column(&[0.0, 1.0, 2.0, 2.1, f64::NAN]), column(&[-1.0, 0.0, 1.0, 0.0, 0.0]), column(&[1e16 * k, k, 0.1, 9.0, 9.0])];
        a.update_batch(&rows(1.0)).unwrap();
        b.update_batch(&rows(-1.0)).unwrap();
        for part in [&mut b, &mut a] {
            let state: Vec<ArrayRef> = part.state().unwrap().iter().map(|s| s.to_array().unwrap()).collect();
            whole.merge_batch(&state).unwrap();
        }
        assert_eq!(whole.counts, [2, 0, 0, 4]);
        let sums = whole.weights.as_ref().unwrap();
        let occupied = sums.occupied();
        let values: Vec<f64> = (0..4).map(|c| sums.value(c, &occupied, &mut Vec::new())).collect();
        assert_eq!(values, [0.0, 0.0, 0.0, 0.2]);
    }

    #[test]
    fn states_of_another_grid_are_refused() {
        let mut whole = grid(false).unwrap();
        let state = [ScalarValue::Binary(Some(vec![0; 24])), ScalarValue::Binary(Some(vec![]))].map(|s| s.to_array().unwrap());
        assert!(whole.merge_batch(&state).is_err());
        let state = [ScalarValue::Binary(Some(vec![0; 32])), ScalarValue::Binary(Some(vec![0; 22]))].map(|s| s.to_array().unwrap());
        assert!(whole.merge_batch(&state).is_err());
    }
}
