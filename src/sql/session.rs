//! stub
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use std::time::Duration;
/// What a query returned.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Columns, with units in the field metadata.
    pub schema: SchemaRef,
    /// Rows.
    pub batches: Vec<RecordBatch>,
    /// Wall time.
    pub elapsed: Duration,
    /// What the user should know.
    pub notes: Vec<String>,
}
impl Answer {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}
/// stub
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {}
/// stub
pub struct Session {}
