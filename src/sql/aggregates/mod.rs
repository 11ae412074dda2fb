//! Aggregates whose result does not depend on the order of rows, the number of threads or spilling.
//!
//! Layout     `engine` the exact sums; `statistics`, `distribution`, `structure` one file per function
//! See also   `sql::functions` (registry), `numeric::exact_sum`

pub mod distribution;
pub mod engine;
pub mod statistics;
pub mod structure;

use datafusion::logical_expr::AggregateUDF;

use crate::sql::functions::{FunctionDoc, UnitRule};

/// Constant data of one aggregate function.
#[derive(Debug)]
pub struct Aggregate {
    /// What the reference says.
    pub doc: FunctionDoc,
    /// Unit of the result.
    pub unit: UnitRule,
    /// The function for DataFusion.
    pub make: fn() -> AggregateUDF,
}
