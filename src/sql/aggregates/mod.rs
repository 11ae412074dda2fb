//! Aggregates whose result does not depend on the order of rows, the number of threads or spilling.
//!
//! See also   `sql::functions` (registry), `numeric::exact_sum`
