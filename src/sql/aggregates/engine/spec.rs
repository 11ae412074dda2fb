//! What an exact aggregate adds per row and how its totals become the answer.
//!
//! Layout     [`Shape`] says which arguments are summed and which products; [`Spec`] holds the constant data of one aggregate
//! See also   `moments` (runs it), `udaf` (shows it to SQL)

use std::collections::HashMap;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use datafusion::logical_expr::{Accumulator, AggregateUDF, GroupsAccumulator};

use super::exact::Exact;
use super::moments::{Moments, SingleGroup};
use crate::sql::functions::UnitRule;
use crate::table::schema::UNIT;
use crate::units::Unit;

/// Most arguments after preparation.
pub const MAX_INPUTS: usize = 4;
/// Most plain sums.
pub const MAX_VALUES: usize = 2;
/// Most sums of products.
pub const MAX_PRODUCTS: usize = 3;
/// Most numbers in an answer.
pub const MAX_OUTPUTS: usize = 4;

/// Which sums are kept.
pub trait Shape: Send + Sync + std::fmt::Debug + 'static {
    /// Number of arguments.
    const INPUTS: usize;
    /// Arguments that are summed.
    const VALUES: &'static [usize];
    /// Pairs of arguments whose products are summed.
    const PRODUCTS: &'static [(usize, usize)];
}

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident: $inputs:literal, $values:expr, $products:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl Shape for $name {
            const INPUTS: usize = $inputs;
            const VALUES: &'static [usize] = &$values;
            const PRODUCTS: &'static [(usize, usize)] = &$products;
        }
    )+};
}

shapes! {
    /// The sum of x.
    Values1: 1, [0], [];
    /// Sums of x and x^2.
    Squares1: 1, [0], [(0, 0)];
    /// Sums of x, y and x y.
    Products2: 2, [0, 1], [(0, 1)];
    /// Sums of x, y, x^2, y^2 and x y.
    Squares2: 2, [0, 1], [(0, 0), (1, 1), (0, 1)];
    /// Sums of w and x w, arguments (x, w).
    Weighted1: 2, [1], [(0, 1)];
    /// Sums of m and of x m, y m, z m, arguments (x, y, z, m).
    Weighted3: 4, [3], [(0, 3), (1, 3), (2, 3)];
}

/// Totals of one group.
#[derive(Clone, Debug)]
pub struct Totals {
    /// Rows.
    pub count: u64,
    /// Plain sums in the order of the shape.
    pub values: [Exact; MAX_VALUES],
    /// Sums of products in the order of the shape.
    pub products: [Exact; MAX_PRODUCTS],
}

impl Totals {
    /// n sum(x_a x_b) - sum(x_a) sum(x_b): exact, and n^2 times the population covariance.
    pub fn centred(&self, product: usize, a: usize, b: usize) -> Exact {
        self.products[product].times_count(self.count).minus(&self.values[a].times(&self.values[b]))
    }
}

/// Makes an accumulator of many groups.
pub type MakeGroups = fn(&'static Spec, &DataType) -> Box<dyn GroupsAccumulator>;
/// Makes an accumulator of one group.
pub type MakeSingle = fn(&'static Spec, &DataType) -> Box<dyn Accumulator>;
/// Value of a set of distinct numbers.
pub type OfDistinct = fn(&'static Spec, &mut dyn Iterator<Item = f64>) -> Result<datafusion::common::ScalarValue>;

/// The code that runs one shape in both precisions.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// Groups of Float32 columns.
    pub groups_single: MakeGroups,
    /// Groups of Float64 columns.
    pub groups_double: MakeGroups,
    /// One group of Float32 columns.
    pub one_single: MakeSingle,
    /// One group of Float64 columns.
    pub one_double: MakeSingle,
    /// DISTINCT.
    pub distinct: OfDistinct,
}

impl Engine {
    /// The engine of a shape.
    pub const fn of<S: Shape>() -> Engine {
        Engine {
            groups_single: |spec, output| Box::new(Moments::<f32, S>::new(spec, output)),
            groups_double: |spec, output| Box::new(Moments::<f64, S>::new(spec, output)),
            one_single: |spec, output| Box::new(SingleGroup::<f32, S>::new(spec, output)),
            one_double: |spec, output| Box::new(SingleGroup::<f64, S>::new(spec, output)),
            distinct: |spec, values| super::moments::of_distinct::<S>(spec, values),
        }
    }
}

/// Turns the SQL arguments into the columns of a shape.
pub type Prepare = fn(&[ArrayRef]) -> Result<Vec<ArrayRef>>;

/// Constant data of one exact aggregate.
#[derive(Debug)]
pub struct Spec {
    /// Name in SQL.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Number of SQL arguments.
    pub arguments: usize,
    /// Runs the sums.
    pub engine: Engine,
    /// Turns the SQL arguments into the columns of the shape (always Float64); none when they are the same.
    pub prepare: Option<Prepare>,
    /// Names of the numbers of a struct answer; empty for a plain number.
    pub outputs: &'static [&'static str],
    /// Fewest rows that give an answer; NULL below.
    pub least_count: u64,
    /// Ends a shape that is one plain sum: (rounded sum, rows).
    pub finish_sum: fn(f64, u64) -> f64,
    /// Ends every other shape; false is NULL.
    pub finish: fn(&Totals, &mut [f64]) -> bool,
    /// Unit of a plain answer.
    pub unit: UnitRule,
    /// Units of a struct answer, one per output.
    pub output_units: fn(&[Option<Unit>]) -> Vec<Option<Unit>>,
    /// DataFusion's own, for integers, decimals and durations.
    pub builtin: Option<fn() -> std::sync::Arc<AggregateUDF>>,
}

impl Spec {
    /// Fields of a struct answer with their units, `None` where unknown.
    pub fn output_fields(&self, units: &[Option<Unit>]) -> Fields {
        self.outputs
            .iter()
            .enumerate()
            .map(|(k, &name)| {
                let field = Field::new(name, DataType::Float64, true);
                match units.get(k).and_then(Option::as_ref) {
                    Some(unit) => field.with_metadata(HashMap::from([(UNIT.to_string(), unit.to_string())])),
                    None => field,
                }
            })
            .collect()
    }
}

/// For a shape that has no plain sum.
pub fn no_sum(_: f64, _: u64) -> f64 {
    f64::NAN
}

/// For a shape that is a plain sum.
pub fn no_finish(_: &Totals, _: &mut [f64]) -> bool {
    false
}

/// For a plain answer.
pub fn no_output_units(_: &[Option<Unit>]) -> Vec<Option<Unit>> {
    Vec::new()
}
