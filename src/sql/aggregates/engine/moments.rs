//! Count, exact sums and exact sums of products per group: the one accumulator behind sum, avg, var, corr, weighted_mean and others.
//!
//! Layout     state columns: `count` (UInt64) and `digits` (Binary: records of stream u8, window u16, digit i128, little-endian)
//! Accuracy   integers until the end, so partial states merge in any order to the same bits
//! Edge cases a row with a NULL in any argument is skipped; a row that is not finite makes a combined moment NaN
//! Cost       a few ns per row; see `group_sums`
//! See also   `udaf` (the SQL side), `spec` (what each aggregate adds and how it ends)

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, Float64Array, PrimitiveArray, StructArray, UInt64Array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{ArrowNativeType, ArrowPrimitiveType, DataType, UInt64Type};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use super::group_sums::{Block, Decoded, Grid, GroupSums, Real, Scout, Sink, Special};
use super::spec::{MAX_INPUTS, MAX_OUTPUTS, MAX_PRODUCTS, MAX_VALUES, Shape, Spec, Totals};

/// Bytes of one record of a state.
const RECORD_BYTES: usize = 1 + 2 + 16;

/// Groups beyond which the sums do not fit the nearest caches.
const MANY_GROUPS: usize = 4096;
/// Rows whose groups are brought near together.
const BLOCK_ROWS: usize = 64;

/// Arrow's side of a [`Real`].
pub trait Native: Real + ArrowNativeType {
    /// Arrow type whose values these are.
    type Arrow: ArrowPrimitiveType<Native = Self>;
}
impl Native for f32 {
    type Arrow = arrow::datatypes::Float32Type;
}
impl Native for f64 {
    type Arrow = arrow::datatypes::Float64Type;
}

/// Exact moments of many groups.
#[derive(Debug)]
pub struct Moments<R: Native, S> {
    spec: &'static Spec,
    output_type: DataType,
    counts: Vec<u64>,
    values: [GroupSums<R::Values>; MAX_VALUES],
    products: [GroupSums<R::Products>; MAX_PRODUCTS],
    shape: PhantomData<S>,
}

impl<R: Native, S: Shape> Moments<R, S> {
    /// No groups yet; `output_type` is the type of the answer with its units.
    pub fn new(spec: &'static Spec, output_type: &DataType) -> Self {
        Moments {
            spec,
            output_type: output_type.clone(),
            counts: Vec::new(),
            values: Default::default(),
            products: Default::default(),
            shape: PhantomData,
        }
    }

    fn grow(&mut self, groups: usize) {
        if self.counts.len() < groups {
            self.counts.resize(groups, 0);
        }
        self.values.iter_mut().for_each(|s| s.grow(groups));
        self.products.iter_mut().for_each(|s| s.grow(groups));
    }

    #[cold]
    #[inline(never)]
    fn not_finite(&mut self, group: usize, row: [R; MAX_INPUTS], times: i128) {
        // Only a plain sum has a meaning with infinities; every combined moment is NaN.
        let plain = S::INPUTS == 1 && S::PRODUCTS.is_empty();
        let value = if plain { row[0].double() } else { f64::NAN };
        self.values[0].add_special(group, value, times);
    }

    /// Adds the rows of a batch; `group` numbers each row.
    #[inline(always)]
    fn rows(&mut self, arrays: &[ArrayRef], filter: Option<&BooleanArray>, group: impl Fn(usize) -> Option<usize>) -> Result<()> {
        let columns = Columns::<R, S>::of(arrays)?;
        self.settle(&columns);
        let row = |moments: &mut Self, i: usize| {
            let Some(group) = group(i) else { return };
            if let Some(count) = moments.counts.get_mut(group) {
                *count += 1;
            }
            let row = columns.row(i);
            if !add_row::<R, S, true>(&mut moments.values, &mut moments.products, group, row) {
                moments.not_finite(group, row, 1);
            }
        };
        let chosen: Option<Vec<usize>> = selection(arrays, filter).map(|rows| rows.set_indices().collect());
        let count = chosen.as_ref().map_or(columns.count, Vec::len);
        let numbered = |k: usize| chosen.as_ref().map_or(k, |rows| rows[k]);
        let many = self.counts.len() > MANY_GROUPS;
        for start in (0..count).step_by(BLOCK_ROWS) {
            let block = start..count.min(start + BLOCK_ROWS);
            if many {
                let near = block.clone().filter_map(|k| group(numbered(k))).fold(0, |sum, group| self.touch(group).wrapping_add(sum));
                std::hint::black_box(near);
            }
            block.for_each(|k| row(self, numbered(k)));
        }
        Ok(())
    }

    #[inline(always)]
    fn touch(&self, group: usize) -> u64 {
        let values = self.values.iter().take(S::VALUES.len()).map(|sums| sums.touch(group));
        let products = self.products.iter().take(S::PRODUCTS.len()).map(|sums| sums.touch(group));
        values.chain(products).fold(self.counts.get(group).copied().unwrap_or(0), u64::wrapping_add)
    }

    /// Chooses the usual windows of every sum from the first rows.
    fn settle(&mut self, columns: &Columns<R, S>) {
        /// Rows that are looked at.
        const SAMPLE_ROWS: usize = 1024;
        if self.values[0].is_settled() {
            return;
        }
        let mut values: [Scout<R::Values>; MAX_VALUES] = Default::default();
        let mut products: [Scout<R::Products>; MAX_PRODUCTS] = Default::default();
        for i in 0..columns.count.min(SAMPLE_ROWS) {
            add_row::<R, S, true>(&mut values, &mut products, 0, columns.row(i));
        }
        for (sums, scout) in self.values.iter_mut().zip(values) {
            scout.top.into_iter().for_each(|top| sums.settle(top));
        }
        for (sums, scout) in self.products.iter_mut().zip(products) {
            scout.top.into_iter().for_each(|top| sums.settle(top));
        }
    }

    /// Adds (or takes out) the rows of a batch, all in group 0.
    fn one_group<const ADD: bool>(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let columns = Columns::<R, S>::of(arrays)?;
        let mut values: [Block<R::Values>; MAX_VALUES] = Default::default();
        let mut products: [Block<R::Products>; MAX_PRODUCTS] = Default::default();
        let mut row = |moments: &mut Self, i: usize| {
            let row = columns.row(i);
            if !add_row::<R, S, ADD>(&mut values, &mut products, i, row) {
                moments.not_finite(0, row, if ADD { 1 } else { -1 });
            }
        };
        let chosen = selection(arrays, None);
        match &chosen {
            None => (0..columns.count).for_each(|i| row(self, i)),
            Some(chosen) => chosen.set_indices().for_each(|i| row(self, i)),
        }
        let rows = chosen.map_or(columns.count, |c| c.count_set_bits()) as u64;
        if let Some(count) = self.counts.first_mut() {
            *count = if ADD { *count + rows } else { count.wrapping_sub(rows) };
        }
        self.values.iter_mut().zip(&mut values).take(S::VALUES.len()).for_each(|(sums, block)| sums.add_block(0, block));
        self.products.iter_mut().zip(&mut products).take(S::PRODUCTS.len()).for_each(|(sums, block)| sums.add_block(0, block));
        Ok(())
    }

    fn prepared(&self, arrays: &[ArrayRef]) -> Result<Option<Vec<ArrayRef>>> {
        self.spec.prepare.map(|prepare| prepare(arrays)).transpose()
    }

    fn occupied(&self) -> Occupied {
        Occupied { values: self.values.each_ref().map(GroupSums::occupied), products: self.products.each_ref().map(GroupSums::occupied) }
    }

    /// Ends one group: writes the outputs and says whether there is a value.
    fn finish(&self, group: usize, occupied: &Occupied, digits: &mut Vec<(usize, i128)>, output: &mut [f64]) -> bool {
        let count = self.counts.get(group).copied().unwrap_or(0);
        if count < self.spec.least_count {
            return false;
        }
        if S::INPUTS == 1 && S::PRODUCTS.is_empty() {
            output[0] = (self.spec.finish_sum)(self.values[0].value(group, &occupied.values[0], digits), count);
            return true;
        }
        if self.values[0].special(group) != Special::default() {
            output.fill(f64::NAN);
            return true;
        }
        let mut totals = Totals { count, values: Default::default(), products: Default::default() };
        for k in 0..S::VALUES.len() {
            totals.values[k] = self.values[k].exact(group, &occupied.values[k], digits);
        }
        for k in 0..S::PRODUCTS.len() {
            totals.products[k] = self.products[k].exact(group, &occupied.products[k], digits);
        }
        (self.spec.finish)(&totals, output)
    }

    fn output(&self, groups: usize) -> ArrayRef {
        let occupied = self.occupied();
        let outputs = self.spec.outputs.len().max(1);
        let (mut digits, mut row) = (Vec::new(), [0.0; MAX_OUTPUTS]);
        let mut columns = vec![Vec::with_capacity(groups); outputs];
        let mut valid = Vec::with_capacity(groups);
        for group in 0..groups {
            let some = self.finish(group, &occupied, &mut digits, &mut row[..outputs]);
            valid.push(some);
            for (column, &value) in columns.iter_mut().zip(&row) {
                column.push(if some { value } else { 0.0 });
            }
        }
        let nulls = Some(NullBuffer::from(valid)).filter(|n| n.null_count() > 0);
        let DataType::Struct(fields) = &self.output_type else {
            let column = columns.pop().unwrap_or_default();
            return Arc::new(Float64Array::new(column.into(), nulls));
        };
        let arrays = columns.into_iter().map(|c| Arc::new(Float64Array::from(c)) as ArrayRef).collect();
        Arc::new(StructArray::new(fields.clone(), arrays, nulls))
    }

    fn state_columns(&self, groups: usize) -> Vec<ArrayRef> {
        let occupied = self.occupied();
        let mut digits = Vec::new();
        let mut states = BinaryBuilder::with_capacity(groups, groups * RECORD_BYTES);
        let mut state = Vec::new();
        for group in 0..groups {
            state.clear();
            for (k, sums) in self.values.iter().enumerate().take(S::VALUES.len()) {
                sums.all_digits(group, &occupied.values[k], &mut digits);
                digits.iter().for_each(|d| push_record(&mut state, k, d));
            }
            for (k, sums) in self.products.iter().enumerate().take(S::PRODUCTS.len()) {
                sums.all_digits(group, &occupied.products[k], &mut digits);
                digits.iter().for_each(|d| push_record(&mut state, MAX_VALUES + k, d));
            }
            states.append_value(&state);
        }
        let counts = self.counts.iter().copied().chain(std::iter::repeat(0)).take(groups);
        vec![Arc::new(UInt64Array::from_iter_values(counts)), Arc::new(states.finish())]
    }

    fn merge(&mut self, arrays: &[ArrayRef], group: impl Fn(usize) -> Option<usize>) -> Result<()> {
        let broken = || internal_datafusion_err!("partial state of an exact sum is malformed");
        let [counts, states] = arrays else { return Err(broken()) };
        let counts = counts.as_primitive_opt::<UInt64Type>().ok_or_else(broken)?;
        let states = states.as_binary_opt::<i32>().ok_or_else(broken)?;
        self.settle_by_states(states);
        for i in 0..counts.len().min(states.len()) {
            let Some(group) = group(i).filter(|_| counts.is_valid(i) && states.is_valid(i)) else { continue };
            *self.counts.get_mut(group).ok_or_else(broken)? += counts.value(i);
            let (records, rest) = states.value(i).as_chunks::<RECORD_BYTES>();
            if !rest.is_empty() {
                return Err(broken());
            }
            for record in records {
                let (stream, window, digit) = read_record(record);
                if let Some(sums) = self.values.get_mut(stream) {
                    add_record::<R::Values>(sums, group, window, digit).ok_or_else(broken)?;
                } else {
                    let sums = self.products.get_mut(stream - MAX_VALUES).ok_or_else(broken)?;
                    add_record::<R::Products>(sums, group, window, digit).ok_or_else(broken)?;
                }
            }
        }
        Ok(())
    }

    /// The same from partial states.
    fn settle_by_states(&mut self, states: &BinaryArray) {
        if self.values[0].is_settled() {
            return;
        }
        let mut tops = [None; MAX_VALUES + MAX_PRODUCTS];
        for record in states.iter().flatten().flat_map(|state| state.as_chunks::<RECORD_BYTES>().0) {
            let (stream, window, _) = read_record(record);
            let finite = if stream < MAX_VALUES { R::Values::WINDOWS } else { R::Products::WINDOWS };
            if let Some(top) = tops.get_mut(stream).filter(|_| window < finite) {
                *top = (*top).max(Some(window));
            }
        }
        let (values, products) = tops.split_at(MAX_VALUES);
        self.values.iter_mut().zip(values).for_each(|(sums, top)| top.iter().for_each(|&t| sums.settle(t)));
        self.products.iter_mut().zip(products).for_each(|(sums, top)| top.iter().for_each(|&t| sums.settle(t)));
    }

    fn drop_first(&mut self, groups: usize) {
        self.counts.drain(..groups.min(self.counts.len()));
        self.values.iter_mut().for_each(|s| s.drop_first(groups));
        self.products.iter_mut().for_each(|s| s.drop_first(groups));
    }

    fn size_bytes(&self) -> usize {
        let sums =
            self.values.iter().map(GroupSums::size_bytes).sum::<usize>() + self.products.iter().map(GroupSums::size_bytes).sum::<usize>();
        std::mem::size_of::<Self>() + sums + self.counts.capacity() * std::mem::size_of::<u64>()
    }

    fn count_emitted(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.counts.len(),
            EmitTo::First(n) => n.min(self.counts.len()),
        }
    }
}

/// The columns of a batch as slices of one length.
struct Columns<'a, R, S> {
    slices: [&'a [R]; MAX_INPUTS],
    count: usize,
    shape: PhantomData<S>,
}

impl<'a, R: Native, S: Shape> Columns<'a, R, S> {
    fn of(arrays: &'a [ArrayRef]) -> Result<Self> {
        let count = arrays.first().map_or(0, |a| a.len());
        let mut slices: [&[R]; MAX_INPUTS] = [&[]; MAX_INPUTS];
        for (slice, array) in slices.iter_mut().zip(arrays) {
            let array = array.as_primitive_opt::<R::Arrow>().ok_or_else(|| internal_datafusion_err!("moments of {}", array.data_type()))?;
            *slice = array.values();
        }
        if slices[..S::INPUTS].iter().any(|c| c.len() != count) {
            return Err(internal_datafusion_err!("columns of different lengths"));
        }
        Ok(Columns { slices, count, shape: PhantomData })
    }

    #[inline(always)]
    fn row(&self, i: usize) -> [R; MAX_INPUTS] {
        let mut row = [R::default(); MAX_INPUTS];
        for k in 0..S::INPUTS {
            row[k] = self.slices[k][i];
        }
        row
    }
}

/// Adds one row to the sums of a shape; `ADD` false takes it out again; false when a number is not finite.
#[inline(always)]
fn add_row<R: Native, S: Shape, const ADD: bool>(
    values: &mut [impl Sink],
    products: &mut [impl Sink],
    group: usize,
    row: [R; MAX_INPUTS],
) -> bool {
    let mut parts = [Decoded::default(); MAX_INPUTS];
    for k in 0..S::INPUTS {
        match row[k].decode() {
            Some(part) => parts[k] = part,
            None => return false,
        }
    }
    for (sums, &k) in values.iter_mut().zip(S::VALUES) {
        sums.add(group, if ADD { parts[k].mantissa } else { -parts[k].mantissa }, parts[k].index);
    }
    for (sums, &(a, b)) in products.iter_mut().zip(S::PRODUCTS) {
        let mut first = parts[a];
        if !ADD {
            first.mantissa = -first.mantissa;
        }
        R::add_product(sums, group, first, parts[b]);
    }
    true
}

struct Occupied {
    values: [Vec<usize>; MAX_VALUES],
    products: [Vec<usize>; MAX_PRODUCTS],
}

fn push_record(state: &mut Vec<u8>, stream: usize, &(window, digit): &(usize, i128)) {
    state.push(stream as u8);
    state.extend_from_slice(&(window as u16).to_le_bytes());
    state.extend_from_slice(&digit.to_le_bytes());
}

fn read_record(record: &[u8; RECORD_BYTES]) -> (usize, usize, i128) {
    let mut digit = [0; 16];
    digit.copy_from_slice(&record[3..]);
    (usize::from(record[0]), usize::from(u16::from_le_bytes([record[1], record[2]])), i128::from_le_bytes(digit))
}

fn add_record<G: Grid>(sums: &mut GroupSums<G>, group: usize, window: usize, digit: i128) -> Option<()> {
    (window <= G::WINDOWS).then(|| sums.add_digit(window, group, digit))
}

/// Rows in which no argument is NULL and the filter is true; none means all.
pub fn selection(arrays: &[ArrayRef], filter: Option<&BooleanArray>) -> Option<BooleanBuffer> {
    let nulls = arrays.iter().fold(None, |all, array| NullBuffer::union(all.as_ref(), array.logical_nulls().as_ref()));
    let nulls = nulls.filter(|n| n.null_count() > 0).map(NullBuffer::into_inner);
    let wanted = filter.map(|f| match f.nulls() {
        Some(nulls) => f.values() & nulls.inner(),
        None => f.values().clone(),
    });
    match (nulls, wanted) {
        (Some(a), Some(b)) => Some(&a & &b),
        (a, b) => a.or(b),
    }
}

impl<R: Native, S: Shape> GroupsAccumulator for Moments<R, S> {
    fn update_batch(&mut self, arrays: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.grow(total);
        let prepared = self.prepared(arrays)?;
        self.rows(prepared.as_deref().unwrap_or(arrays), filter, |i| groups.get(i).copied())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = self.count_emitted(emit_to);
        let output = self.output(groups);
        self.drop_first(groups);
        Ok(output)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = self.count_emitted(emit_to);
        let columns = self.state_columns(groups);
        self.drop_first(groups);
        Ok(columns)
    }

    fn merge_batch(&mut self, arrays: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        self.merge(arrays, |i| groups.get(i).copied())
    }

    fn convert_to_state(&self, arrays: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut rows = Self::new(self.spec, &self.output_type);
        let count = arrays.first().map_or(0, |a| a.len());
        rows.grow(count);
        let prepared = self.prepared(arrays)?;
        rows.rows(prepared.as_deref().unwrap_or(arrays), filter, Some)?;
        Ok(rows.state_columns(count))
    }

    fn size(&self) -> usize {
        self.size_bytes()
    }
}

/// The same for a query without groups and for windows, where rows also leave.
#[derive(Debug)]
pub struct SingleGroup<R: Native, S>(Moments<R, S>);

impl<R: Native, S: Shape> SingleGroup<R, S> {
    /// Nothing added yet.
    pub fn new(spec: &'static Spec, output_type: &DataType) -> Self {
        let mut moments = Moments::new(spec, output_type);
        moments.grow(1);
        SingleGroup(moments)
    }
}

impl<R: Native, S: Shape> Accumulator for SingleGroup<R, S> {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let prepared = self.0.prepared(arrays)?;
        self.0.one_group::<true>(prepared.as_deref().unwrap_or(arrays))
    }

    fn retract_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let prepared = self.0.prepared(arrays)?;
        self.0.one_group::<false>(prepared.as_deref().unwrap_or(arrays))
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.0.output(1), 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.state_columns(1).iter().map(|column| ScalarValue::try_from_array(column, 0)).collect()
    }

    fn merge_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        self.0.merge(arrays, |_| Some(0))
    }

    fn size(&self) -> usize {
        self.0.size_bytes()
    }
}

/// One exact value of a set of distinct doubles, by any statistic of one argument.
pub fn of_distinct<S: Shape>(spec: &'static Spec, values: impl Iterator<Item = f64>) -> Result<ScalarValue> {
    let column: PrimitiveArray<arrow::datatypes::Float64Type> = values.map(Some).collect();
    let mut one = SingleGroup::<f64, S>::new(spec, &DataType::Float64);
    one.update_batch(&[Arc::new(column)])?;
    one.evaluate()
}

#[cfg(test)]
mod tests {
    use super::super::spec::Values1;
    use super::*;
    use crate::sql::aggregates::statistics::sum;

    fn column(values: &[Option<f64>]) -> ArrayRef {
        Arc::new(values.iter().copied().collect::<Float64Array>())
    }

    #[test]
    fn partial_states_merge_to_the_sum_of_all_rows() {
        let mut parts = [Moments::<f64, Values1>::new(&sum::SPEC, &DataType::Float64), Moments::new(&sum::SPEC, &DataType::Float64)];
        parts[0].update_batch(&[column(&[Some(1e16), Some(1.0), None])], &[0, 1, 1], None, 2).unwrap();
        parts[1].update_batch(&[column(&[Some(1.0), Some(-1e16)])], &[0, 0], None, 1).unwrap();
        let mut whole = Moments::<f64, Values1>::new(&sum::SPEC, &DataType::Float64);
        let state = parts[0].state(EmitTo::All).unwrap();
        whole.merge_batch(&state, &[0, 1], 2).unwrap();
        let state = parts[1].state(EmitTo::All).unwrap();
        whole.merge_batch(&state, &[0], 3).unwrap();
        let result = whole.evaluate(EmitTo::First(2)).unwrap();
        assert_eq!(result.as_primitive::<arrow::datatypes::Float64Type>().values(), &[1.0, 1.0]);
        let rest = whole.evaluate(EmitTo::All).unwrap();
        assert!(rest.len() == 1 && rest.is_null(0));
    }

    #[test]
    fn filters_and_their_nulls_leave_rows_out() {
        let mut sums = Moments::<f64, Values1>::new(&sum::SPEC, &DataType::Float64);
        let filter = BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]);
        sums.update_batch(&[column(&[Some(1.0), Some(2.0), Some(4.0), None])], &[0; 4], Some(&filter), 1).unwrap();
        assert_eq!(sums.evaluate(EmitTo::All).unwrap().as_primitive::<arrow::datatypes::Float64Type>().value(0), 1.0);
    }

    #[test]
    fn rows_taken_out_leave_no_trace() {
        let mut window = SingleGroup::<f64, Values1>::new(&sum::SPEC, &DataType::Float64);
        window.update_batch(&[column(&[Some(1e300), Some(f64::NAN), Some(0.1)])]).unwrap();
        window.retract_batch(&[column(&[Some(1e300), Some(f64::NAN)])]).unwrap();
        assert_eq!(window.evaluate().unwrap(), ScalarValue::Float64(Some(0.1)));
        window.retract_batch(&[column(&[Some(0.1)])]).unwrap();
        assert_eq!(window.evaluate().unwrap(), ScalarValue::Float64(None));
    }

    #[test]
    fn malformed_states_are_refused() {
        let counts: ArrayRef = Arc::new(UInt64Array::from(vec![1]));
        for bytes in [vec![0_u8; 5], vec![200; RECORD_BYTES], {
            let mut r = vec![0; RECORD_BYTES];
            r[1] = 0xff;
            r[2] = 0xff;
            r
        }] {
            let states: ArrayRef = Arc::new(BinaryArray::from(vec![bytes.as_slice()]));
            let mut sums = Moments::<f64, Values1>::new(&sum::SPEC, &DataType::Float64);
            assert!(sums.merge_batch(&[counts.clone(), states], &[0], 1).is_err());
        }
    }
}
