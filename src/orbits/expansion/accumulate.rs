//! Columns of particles, and tables of exact sums over them.
//!
//! Layout     one [`ExactSum`] an entry, empty until a value comes
//! Accuracy   the correctly rounded sum, whatever the order, blocks or threads
//! Refuses    columns of unequal length, tables of different size
//! See also   `numeric::exact_sum`

use crate::error::{Error, Result};
use crate::numeric::exact_sum::ExactSum;

/// Positions \[kpc\] and masses \[Msun\] of one length.
#[derive(Clone, Copy, Debug)]
pub struct Particles<'a> {
    /// x.
    pub x: &'a [f64],
    /// y.
    pub y: &'a [f64],
    /// z.
    pub z: &'a [f64],
    /// Mass.
    pub mass: &'a [f64],
}

impl<'a> Particles<'a> {
    /// `Mismatch` error for columns of unequal length.
    pub fn new(x: &'a [f64], y: &'a [f64], z: &'a [f64], mass: &'a [f64]) -> Result<Self> {
        if [y, z, mass].iter().any(|column| column.len() != x.len()) {
            return Err(Error::mismatch("columns of particles have different lengths")
                .expected(format!("{} values each", x.len()))
                .found(format!("{:?}", [x.len(), y.len(), z.len(), mass.len()])));
        }
        Ok(Particles { x, y, z, mass })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.x.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// Those from `from`, `count` at most.
    pub fn part(&self, from: usize, count: usize) -> Particles<'a> {
        let end = from.saturating_add(count).min(self.len());
        let cut = |column: &'a [f64]| column.get(from..end).unwrap_or_default();
        Particles { x: cut(self.x), y: cut(self.y), z: cut(self.z), mass: cut(self.mass) }
    }

    /// Position and mass of one; NaN beyond the end.
    #[inline]
    pub fn one(&self, i: usize) -> ([f64; 3], f64) {
        let at = |column: &[f64]| column.get(i).copied().unwrap_or(f64::NAN);
        ([at(self.x), at(self.y), at(self.z)], at(self.mass))
    }
}

/// Sums by number.
#[derive(Clone, Debug)]
pub struct Sums(Vec<ExactSum>);

impl Sums {
    /// Empty ones.
    pub fn new(count: usize) -> Sums {
        Sums(vec![ExactSum::default(); count])
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one value to sum `at`.
    #[inline]
    pub fn add(&mut self, at: usize, value: f64) {
        if let Some(sum) = self.0.get_mut(at) {
            sum.add(value);
        }
    }

    /// Adds values to sum `at`.
    #[inline]
    pub fn add_slice(&mut self, at: usize, values: &[f64]) {
        if let Some(sum) = self.0.get_mut(at) {
            sum.add_slice(values);
        }
    }

    /// Adds other sums; `Mismatch` error for another number of them.
    pub fn merge(&mut self, other: &Sums) -> Result<()> {
        if self.0.len() != other.0.len() {
            return Err(Error::mismatch("tables of sums differ").expected(self.0.len()).found(other.0.len()));
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            if !theirs.is_empty() {
                mine.merge(theirs);
            }
        }
        Ok(())
    }

    /// Rounded sums.
    pub fn values(&self) -> Vec<f64> {
        self.0.iter().map(ExactSum::value).collect()
    }

    /// Bytes that they occupy.
    pub fn size_bytes(&self) -> usize {
        self.0.iter().map(ExactSum::size_bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_tables_must_fit() {
        let three = [1.0, 2.0, 3.0];
        assert!(Particles::new(&three, &three, &three[..2], &three).unwrap_err().to_string().contains("different lengths"));
        let particles = Particles::new(&three, &three, &three, &three).unwrap();
        assert_eq!((particles.part(2, 5).len(), particles.part(7, 5).len(), particles.one(1).1), (1, 0, 2.0));
        assert!(particles.one(9).1.is_nan());
        let mut sums = Sums::new(2);
        sums.add_slice(1, &[1e16, 1.0, -1e16]);
        assert!(sums.merge(&Sums::new(3)).is_err());
        sums.merge(&sums.clone()).unwrap();
        assert_eq!(sums.values(), [0.0, 2.0]);
    }
}
