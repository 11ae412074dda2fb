//! Exact sums of many groups side by side: every double is cut at fixed places into integers, so the order of adding cannot matter.
//!
//! Formula    value = mantissa 2^index; the window `index / width` collects `mantissa << (index mod width)` in 128 bits, per group
//! Layout     the windows that most values fall into lie side by side per group; others have a vector each, or a map while they are rare
//! Accuracy   exact; 2^40 rows of a group cannot overflow a window
//! Edge cases zeros are skipped; NaN and infinities are counted in an extra window, so that rows can also be taken out again
//! Cost       2 to 4 ns per value for 100 groups; 16 bytes per group and window, 16 to 64 in the usual windows
//! See also   `exact` (rounding), `moments` (the aggregates built on it), `numeric::exact_sum` (one sum)

use std::collections::BTreeMap;

use super::exact::{Exact, scale};

/// Groups up to which a window is always a plain vector.
const SMALL_GROUPS: usize = 4096;
/// A map with more than this share (one in ...) of the groups becomes a vector.
const DENSE_SHARE: usize = 16;

/// Where a family of numbers is cut; chosen so that usual astronomical magnitudes fall into one window.
pub trait Grid {
    /// Log2 of the bits per window.
    const LOG_WIDTH: u32;
    /// Added to the index before cutting.
    const ALIGN: u32;
    /// Power of two of index 0.
    const LOWEST: i32;
    /// Largest index + 1.
    const INDICES: u32;
    /// Number of windows; the window with this number counts what is not finite.
    const WINDOWS: usize = ((Self::INDICES + Self::ALIGN) >> Self::LOG_WIDTH) as usize + 1;
    /// Number of usual windows, side by side in memory.
    const SPAN: usize;
    /// Bits per window.
    const WIDTH: u32 = 1 << Self::LOG_WIDTH;
}

/// Single-precision values.
#[derive(Clone, Copy, Debug)]
pub struct SingleGrid;
impl Grid for SingleGrid {
    const LOG_WIDTH: u32 = 6;
    const ALIGN: u32 = 34;
    const LOWEST: i32 = -149;
    const INDICES: u32 = 254;
    const SPAN: usize = 1;
}

/// Double-precision values.
#[derive(Clone, Copy, Debug)]
pub struct DoubleGrid;
impl Grid for DoubleGrid {
    const LOG_WIDTH: u32 = 5;
    const ALIGN: u32 = 18;
    const LOWEST: i32 = -1074;
    const INDICES: u32 = 2046;
    const SPAN: usize = 2;
}

/// Products of two single-precision values.
#[derive(Clone, Copy, Debug)]
pub struct SingleProductGrid;
impl Grid for SingleProductGrid {
    const LOG_WIDTH: u32 = 5;
    const ALIGN: u32 = 12;
    const LOWEST: i32 = -298;
    const INDICES: u32 = 508;
    const SPAN: usize = 2;
}

/// Products of two double-precision values, in two pieces.
#[derive(Clone, Copy, Debug)]
pub struct DoubleProductGrid;
impl Grid for DoubleProductGrid {
    const LOG_WIDTH: u32 = 5;
    const ALIGN: u32 = 23;
    const LOWEST: i32 = -2148;
    const INDICES: u32 = 4092 + 53;
    const SPAN: usize = 4;
}

/// A finite number taken apart: value = mantissa 2^(index + lowest).
#[derive(Clone, Copy, Debug, Default)]
pub struct Decoded {
    /// Signed integer mantissa.
    pub mantissa: i64,
    /// Index on the grid.
    pub index: u32,
}

/// Something that sums integers times powers of two.
pub trait Sink {
    /// Adds `mantissa 2^(index + lowest)` to a group.
    fn add(&mut self, group: usize, mantissa: i64, index: u32);
}

/// A floating-point type whose sums are exact.
pub trait Real: Copy + Send + Sync + std::fmt::Debug + 'static {
    /// Grid of values.
    type Values: Grid + Send + Sync + std::fmt::Debug + 'static;
    /// Grid of products.
    type Products: Grid + Send + Sync + std::fmt::Debug + 'static;
    /// Mantissa and index; none for NaN and infinities.
    fn decode(self) -> Option<Decoded>;
    /// Adds the exact product `a * b` to a sum.
    fn add_product(sums: &mut impl Sink, group: usize, a: Decoded, b: Decoded);
    /// The same value as a double.
    fn double(self) -> f64;
    /// From a double that was made by `double`.
    fn from_double(value: f64) -> Self;
}

impl Real for f32 {
    type Values = SingleGrid;
    type Products = SingleProductGrid;

    #[inline(always)]
    fn decode(self) -> Option<Decoded> {
        const FRACTION_BITS: u32 = 23;
        let bits = self.to_bits();
        let exponent = (bits >> FRACTION_BITS) & 0xff;
        if exponent == 0xff {
            return None;
        }
        let hidden = u32::from(exponent != 0);
        let magnitude = i64::from((bits & ((1 << FRACTION_BITS) - 1)) | (hidden << FRACTION_BITS));
        let sign = i64::from(bits as i32 >> 31);
        Some(Decoded { mantissa: (magnitude ^ sign) - sign, index: exponent - hidden })
    }

    #[inline(always)]
    fn add_product(sums: &mut impl Sink, group: usize, a: Decoded, b: Decoded) {
        sums.add(group, a.mantissa * b.mantissa, a.index + b.index);
    }

    fn double(self) -> f64 {
        f64::from(self)
    }

    fn from_double(value: f64) -> Self {
        value as f32
    }
}

impl Real for f64 {
    type Values = DoubleGrid;
    type Products = DoubleProductGrid;

    #[inline(always)]
    fn decode(self) -> Option<Decoded> {
        const FRACTION_BITS: u32 = 52;
        let bits = self.to_bits();
        let exponent = ((bits >> FRACTION_BITS) & 0x7ff) as u32;
        if exponent == 0x7ff {
            return None;
        }
        let hidden = u32::from(exponent != 0);
        let magnitude = ((bits & ((1 << FRACTION_BITS) - 1)) | (u64::from(hidden) << FRACTION_BITS)) as i64;
        let sign = bits as i64 >> 63;
        Some(Decoded { mantissa: (magnitude ^ sign) - sign, index: exponent - hidden })
    }

    #[inline(always)]
    fn add_product(sums: &mut impl Sink, group: usize, a: Decoded, b: Decoded) {
        const PIECE_BITS: u32 = 53;
        let product = i128::from(a.mantissa) * i128::from(b.mantissa);
        // An arithmetic shift rounds down, so the low piece is never negative and fits 53 bits.
        let high = (product >> PIECE_BITS) as i64;
        let low = (product as u64 & ((1 << PIECE_BITS) - 1)) as i64;
        sums.add(group, high, a.index + b.index + PIECE_BITS);
        sums.add(group, low, a.index + b.index);
    }

    fn double(self) -> f64 {
        self
    }

    fn from_double(value: f64) -> Self {
        value
    }
}

/// How many values of a group were not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Special {
    /// NaN.
    pub nans: u64,
    /// Plus infinity.
    pub above: u64,
    /// Minus infinity.
    pub below: u64,
}

/// Place of the three counters inside the i128 of the extra window.
const SPECIAL_BITS: u32 = 42;

impl Special {
    /// The counter that a value belongs to, as a digit of the extra window.
    pub fn digit(value: f64) -> i128 {
        if value.is_nan() {
            1
        } else if value > 0.0 {
            1 << SPECIAL_BITS
        } else {
            1 << (2 * SPECIAL_BITS)
        }
    }

    fn from_digit(digit: i128) -> Self {
        const MASK: i128 = (1 << SPECIAL_BITS) - 1;
        let part = |k: u32| ((digit >> (k * SPECIAL_BITS)) & MASK) as u64;
        Special { nans: part(0), above: part(1), below: part(2) }
    }

    /// What the sum is if not everything was finite.
    pub fn value(self) -> Option<f64> {
        match (self.nans > 0 || (self.above > 0 && self.below > 0), self.above > 0, self.below > 0) {
            (true, ..) => Some(f64::NAN),
            (_, true, _) => Some(f64::INFINITY),
            (_, _, true) => Some(f64::NEG_INFINITY),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Window {
    dense: Vec<i128>,
    rare: BTreeMap<usize, i128>,
}

/// Exact sums of many groups; see the header.
#[derive(Clone, Debug)]
pub struct GroupSums<G> {
    /// `G::SPAN` windows from `base` on, for each group.
    usual: Vec<i128>,
    /// First usual window; none before the first batch.
    base: Option<usize>,
    others: Vec<Window>,
    groups: usize,
    grid: std::marker::PhantomData<G>,
}

impl<G: Grid> Default for GroupSums<G> {
    fn default() -> Self {
        GroupSums { usual: Vec::new(), base: None, others: Vec::new(), groups: 0, grid: std::marker::PhantomData }
    }
}

impl<G: Grid> GroupSums<G> {
    /// Announces the number of groups, before groups with new numbers are added to.
    pub fn grow(&mut self, groups: usize) {
        self.groups = self.groups.max(groups);
        if self.base.is_some() && self.usual.len() < self.groups * G::SPAN {
            self.usual.resize(self.groups * G::SPAN, 0);
        }
    }

    /// True when the usual windows are chosen.
    pub fn is_settled(&self) -> bool {
        self.base.is_some()
    }

    /// Chooses the usual windows, once: the highest one that a sample met and those below it.
    pub fn settle(&mut self, top: usize) {
        if self.base.is_none() {
            self.base = Some((top + 1).saturating_sub(G::SPAN));
            self.grow(self.groups);
        }
    }

    /// Adds everything that a block has summed to one group.
    pub fn add_block(&mut self, group: usize, block: &mut Block<G>) {
        for (cell, sum) in block.cells.iter_mut().enumerate().filter(|(_, sum)| **sum != 0) {
            self.add_digit(cell % BLOCK_WINDOWS, group, *sum);
            *sum = 0;
        }
    }

    /// Place of a window of a group among the usual ones.
    #[inline(always)]
    fn usual_place(&self, window: usize, group: usize) -> Option<usize> {
        let offset = window.wrapping_sub(self.base?);
        (offset < G::SPAN).then_some(group * G::SPAN + offset)
    }

    /// Brings the sums of a group near; a loop of these waits for memory once where the additions would wait each time.
    #[inline(always)]
    pub fn touch(&self, group: usize) -> u64 {
        self.usual.get(group * G::SPAN).map_or(0, |&cell| cell as u64)
    }

    /// Counts a value that is not finite; `times` is -1 to take it out again.
    #[cold]
    pub fn add_special(&mut self, group: usize, value: f64, times: i128) {
        self.add_digit(G::WINDOWS, group, times * Special::digit(value));
    }

    /// Adds a digit to a window of a group: the slow way, which makes room.
    #[cold]
    #[inline(never)]
    pub fn add_digit(&mut self, window: usize, group: usize, digit: i128) {
        if group >= self.groups {
            self.grow(group + 1);
        }
        if let Some(place) = self.usual_place(window, group) {
            if let Some(cell) = self.usual.get_mut(place) {
                *cell = cell.wrapping_add(digit);
            }
            return;
        }
        if self.others.is_empty() {
            self.others.resize_with(G::WINDOWS + 1, Window::default);
        }
        let groups = self.groups;
        let Some(place) = self.others.get_mut(window) else { return };
        if place.dense.is_empty() && groups > SMALL_GROUPS {
            let cell = place.rare.entry(group).or_insert(0);
            *cell = cell.wrapping_add(digit);
            if place.rare.len() * DENSE_SHARE < groups {
                return;
            }
            place.dense.resize(groups, 0);
            for (group, digit) in std::mem::take(&mut place.rare) {
                if let Some(cell) = place.dense.get_mut(group) {
                    *cell = cell.wrapping_add(digit);
                }
            }
            return;
        }
        if place.dense.len() < groups {
            place.dense.resize(groups, 0);
        }
        if let Some(cell) = place.dense.get_mut(group) {
            *cell = cell.wrapping_add(digit);
        }
    }

    /// Windows in which anything may be, finite ones only.
    pub fn occupied(&self) -> Vec<usize> {
        let usual = self.base.map_or(0..0, |base| base..base + G::SPAN);
        let used =
            |window: usize| usual.contains(&window) || self.others.get(window).is_some_and(|w| !w.dense.is_empty() || !w.rare.is_empty());
        (0..G::WINDOWS).filter(|&window| used(window)).collect()
    }

    fn digit(&self, window: usize, group: usize) -> i128 {
        if let Some(place) = self.usual_place(window, group) {
            return self.usual.get(place).copied().unwrap_or(0);
        }
        let Some(place) = self.others.get(window) else { return 0 };
        match place.dense.get(group) {
            Some(&digit) => digit,
            None if place.rare.is_empty() => 0,
            None => place.rare.get(&group).copied().unwrap_or(0),
        }
    }

    /// What was not finite in a group.
    pub fn special(&self, group: usize) -> Special {
        Special::from_digit(self.digit(G::WINDOWS, group))
    }

    /// Collects the non-zero digits of a group, least first; `occupied` comes from the function of that name.
    pub fn digits(&self, group: usize, occupied: &[usize], digits: &mut Vec<(usize, i128)>) {
        digits.clear();
        digits.extend(occupied.iter().map(|&w| (w, self.digit(w, group))).filter(|&(_, d)| d != 0));
    }

    /// Digits of a group including the extra window, for a partial state.
    pub fn all_digits(&self, group: usize, occupied: &[usize], digits: &mut Vec<(usize, i128)>) {
        self.digits(group, occupied, digits);
        let special = self.digit(G::WINDOWS, group);
        if special != 0 {
            digits.push((G::WINDOWS, special));
        }
    }

    /// The finite part of a sum as an exact number.
    pub fn exact(&self, group: usize, occupied: &[usize], digits: &mut Vec<(usize, i128)>) -> Exact {
        self.digits(group, occupied, digits);
        Exact::from_digits(digits, G::WIDTH as usize, G::LOWEST - G::ALIGN as i32)
    }

    /// The sum of a group rounded once, NaN and infinities included.
    pub fn value(&self, group: usize, occupied: &[usize], digits: &mut Vec<(usize, i128)>) -> f64 {
        if let Some(value) = self.special(group).value() {
            return value;
        }
        self.digits(group, occupied, digits);
        match digits.as_slice() {
            [] => 0.0,
            // The cast rounds to nearest even, the scaling is exact: a sum of doubles is a multiple of the least double.
            &[(window, digit)] => scale(digit as f64, window as i32 * G::WIDTH as i32 + G::LOWEST - G::ALIGN as i32),
            several => Exact::from_digits(several, G::WIDTH as usize, G::LOWEST - G::ALIGN as i32).to_f64(),
        }
    }

    /// Drops the first `count` groups and numbers the rest from 0.
    pub fn drop_first(&mut self, count: usize) {
        self.groups = self.groups.saturating_sub(count);
        self.usual.drain(..(count * G::SPAN).min(self.usual.len()));
        for window in &mut self.others {
            window.dense.drain(..count.min(window.dense.len()));
            let kept = window.rare.split_off(&count);
            window.rare = kept.into_iter().map(|(group, digit)| (group - count, digit)).collect();
        }
    }

    /// Bytes on the heap.
    pub fn size_bytes(&self) -> usize {
        const MAP_ENTRY_BYTES: usize = 48;
        let window =
            |w: &Window| std::mem::size_of::<Window>() + w.dense.capacity() * std::mem::size_of::<i128>() + w.rare.len() * MAP_ENTRY_BYTES;
        self.usual.capacity() * std::mem::size_of::<i128>() + self.others.iter().map(window).sum::<usize>()
    }
}

/// Window and shifted term of one number.
#[inline(always)]
fn placed<G: Grid>(mantissa: i64, index: u32) -> (usize, i128) {
    let position = index + G::ALIGN;
    ((position >> G::LOG_WIDTH) as usize, i128::from(mantissa) << (position & (G::WIDTH - 1)))
}

impl<G: Grid> Sink for GroupSums<G> {
    #[inline(always)]
    fn add(&mut self, group: usize, mantissa: i64, index: u32) {
        if mantissa == 0 {
            return;
        }
        let (window, term) = placed::<G>(mantissa, index);
        match self.usual_place(window, group).and_then(|place| self.usual.get_mut(place)) {
            Some(cell) => *cell = cell.wrapping_add(term),
            None => self.add_digit(window, group, term),
        }
    }
}

/// Finds the highest window of a sample.
#[derive(Debug)]
pub struct Scout<G> {
    /// The highest window so far; none for zeros only.
    pub top: Option<usize>,
    grid: std::marker::PhantomData<G>,
}

impl<G> Default for Scout<G> {
    fn default() -> Self {
        Scout { top: None, grid: std::marker::PhantomData }
    }
}

impl<G: Grid> Sink for Scout<G> {
    fn add(&mut self, _: usize, mantissa: i64, index: u32) {
        if mantissa != 0 {
            self.top = self.top.max(Some(placed::<G>(mantissa, index).0));
        }
    }
}

/// Windows of a block: more than any grid has.
const BLOCK_WINDOWS: usize = 136;
/// Copies of a block that take turns, so that an addition need not wait for the one before.
const BLOCK_COPIES: usize = 2;

/// The sum of one group over one batch, in a fixed array.
#[derive(Debug)]
pub struct Block<G> {
    cells: [i128; BLOCK_WINDOWS * BLOCK_COPIES],
    grid: std::marker::PhantomData<G>,
}

impl<G> Default for Block<G> {
    fn default() -> Self {
        Block { cells: [0; BLOCK_WINDOWS * BLOCK_COPIES], grid: std::marker::PhantomData }
    }
}

impl<G: Grid> Sink for Block<G> {
    /// Here `group` only chooses the copy.
    #[inline(always)]
    fn add(&mut self, group: usize, mantissa: i64, index: u32) {
        let (window, term) = placed::<G>(mantissa, index);
        if let Some(cell) = self.cells.get_mut(window + BLOCK_WINDOWS * (group % BLOCK_COPIES)) {
            *cell = cell.wrapping_add(term);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum<R: Real>(values: &[R]) -> f64 {
        let mut sums = GroupSums::<R::Values>::default();
        for &v in values {
            match v.decode() {
                Some(d) => sums.add(0, d.mantissa, d.index),
                None => sums.add_special(0, v.double(), 1),
            }
        }
        sums.value(0, &sums.occupied(), &mut Vec::new())
    }

    #[test]
    fn sums_are_correctly_rounded() {
        assert_eq!(sum(&[0.1_f64; 10]), 1.0);
        assert_eq!(sum(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]), f64::MAX);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(sum(&[f64::from_bits(1), f64::from_bits(2)]), f64::from_bits(3));
        assert_eq!(sum(&[1.0, 2.0_f64.powi(-53), f64::from_bits(1)]), 1.0 + f64::EPSILON);
        assert_eq!(sum::<f64>(&[]), 0.0);
        assert_eq!(sum(&[1e30_f32, 1.0, -1e30]), 1.0);
        assert_eq!(sum(&[f32::MIN_POSITIVE, f32::from_bits(1)]), f64::from(f32::MIN_POSITIVE) + f64::from(f32::from_bits(1)));
    }

    #[test]
    fn single_values_of_every_exponent_come_back() {
        for exponent in 0..2047_u64 {
            for sign in [0, 1 << 63] {
                let v = f64::from_bits(sign | (exponent << 52) | 0x000f_1234_5678_9abd);
                assert_eq!(sum(&[v]), v);
            }
        }
        for exponent in 0..255_u32 {
            let v = f32::from_bits((exponent << 23) | 0x0012_3457);
            assert_eq!(sum(&[-v]), f64::from(-v));
        }
    }

    #[test]
    fn what_is_not_finite_is_counted_and_can_be_taken_out() {
        assert!(sum(&[1.0, f64::NAN]).is_nan());
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(sum(&[f32::INFINITY, 1.0]), f64::INFINITY);
        assert_eq!(sum(&[f64::NEG_INFINITY, 1.0]), f64::NEG_INFINITY);
        let mut sums = GroupSums::<DoubleGrid>::default();
        for (value, times) in [(f64::NAN, 1), (f64::INFINITY, 1), (f64::INFINITY, 1), (f64::NAN, -1), (f64::INFINITY, -1)] {
            sums.add_special(3, value, times);
        }
        assert_eq!(sums.special(3), Special { nans: 0, above: 1, below: 0 });
    }

    #[test]
    fn products_are_exact() {
        let (a, b) = (1.0 + f64::EPSILON, -3.7e-200);
        let mut sums = GroupSums::<DoubleProductGrid>::default();
        let (da, db) = (a.decode().unwrap(), b.decode().unwrap());
        f64::add_product(&mut sums, 0, da, db);
        let occupied = sums.occupied();
        assert_eq!(sums.value(0, &occupied, &mut Vec::new()), a * b);
        // Taking the rounded product away leaves the rounding error, which a fused multiply-add also gives.
        let rest = sums.exact(0, &occupied, &mut Vec::new()).minus(&Exact::from_digits(&[(0, 0)], 32, 0));
        let rounded = (a * b).decode().unwrap();
        let rounded = Exact::from_digits(&[(0, i128::from(rounded.mantissa))], 32, rounded.index as i32 - 1074);
        assert_eq!(rest.minus(&rounded).to_f64(), a.mul_add(b, -(a * b)));
    }

    #[test]
    fn many_groups_keep_rare_windows_in_a_map_with_the_same_sums() {
        let groups = 10_000;
        let mut sums = GroupSums::<DoubleGrid>::default();
        sums.grow(groups);
        let top = placed::<DoubleGrid>(1, 9999.0_f64.decode().unwrap().index).0;
        sums.settle(top);
        let value = |g: usize| if g % 1000 == 7 { 1e-30 } else { g as f64 + 0.25 };
        for round in 0..2 {
            for g in 0..groups {
                let d = (value(g) * f64::from(1 + round)).decode().unwrap();
                sums.add(g, d.mantissa, d.index);
            }
        }
        let occupied = sums.occupied();
        let mut digits = Vec::new();
        for g in 0..groups {
            assert_eq!(sums.value(g, &occupied, &mut digits), 3.0 * value(g), "group {g}");
        }
        assert!(sums.others.iter().any(|w| w.rare.len() == 10));
        sums.drop_first(7);
        assert_eq!(sums.value(0, &occupied, &mut digits), 3.0 * value(7));
        assert_eq!(sums.value(1, &occupied, &mut digits), 3.0 * 8.25);
    }
}
