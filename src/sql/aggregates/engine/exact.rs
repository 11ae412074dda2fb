//! Whole numbers of a few thousand bits: the last step of exact sums, where moments are combined and rounded once.
//!
//! Formula    value = +-magnitude 2^exponent, magnitude in 32-bit limbs, least first; no allocation up to 512 bits
//! Source     Knuth 1997, The Art of Computer Programming 2, section 4.3.1 (schoolbook multiplication)
//! Accuracy   every operation is exact; `to_f64` rounds to nearest, ties to even
//! Edge cases overflow of a double gives an infinity; zero is never negative
//! See also   `group_sums` (where the digits come from), `numeric::exact_sum`

/// Bits of one limb.
const LIMB_BITS: usize = 32;
/// Limbs that need no allocation: moments of data over a dozen decades.
const INLINE_LIMBS: usize = 16;

/// An exact number; see the header.
#[derive(Clone, Debug, Default)]
pub struct Exact {
    inline: [u32; INLINE_LIMBS],
    /// Used instead of `inline` when that is too short.
    heap: Vec<u32>,
    used: usize,
    negative: bool,
    exponent: i32,
}

impl Exact {
    /// Zero.
    pub fn zero() -> Self {
        Exact::default()
    }

    /// Zero with room for `limbs`.
    fn with_room(limbs: usize, exponent: i32) -> Self {
        let heap = if limbs > INLINE_LIMBS { vec![0; limbs] } else { Vec::new() };
        Exact { heap, exponent, ..Exact::default() }
    }

    /// The limbs in use, least first.
    fn limbs(&self) -> &[u32] {
        let all: &[u32] = if self.heap.is_empty() { &self.inline } else { &self.heap };
        &all[..self.used]
    }

    fn room(&mut self) -> &mut [u32] {
        if self.heap.is_empty() { &mut self.inline } else { &mut self.heap }
    }

    /// Sum of `digit * 2^(width * window) * 2^exponent` for digits sorted by window; `width` is a multiple of 32.
    pub fn from_digits(digits: &[(usize, i128)], width: usize, exponent: i32) -> Self {
        /// Limbs of the last digit with its carry.
        const LAST_DIGIT: usize = 6;
        let (Some(&(first, _)), Some(&(last, _))) = (digits.first(), digits.last()) else { return Exact::zero() };
        let step = width / LIMB_BITS;
        let mut sum = Exact::with_room((last - first) * step + LAST_DIGIT, exponent + (first * width) as i32);
        let limbs = sum.room();
        // Two's complement while adding; the sign is taken off at the end.
        let (mut carry, mut at, mut next) = (0_i128, 0, 0);
        while next < digits.len() || (carry != 0 && carry != -1) {
            if let Some(&(window, digit)) = digits.get(next)
                && (window - first) * step == at
            {
                carry = carry.wrapping_add(digit);
                next += 1;
            }
            let Some(limb) = limbs.get_mut(at) else { break };
            *limb = carry as u32;
            carry >>= LIMB_BITS;
            at += 1;
        }
        let negative = carry == -1;
        let mut used = at;
        if negative {
            let mut borrow = true;
            for limb in &mut limbs[..at] {
                let (value, over) = (!*limb).overflowing_add(u32::from(borrow));
                *limb = value;
                borrow = over;
            }
            // Minus a full power of the base: the magnitude needs one more limb.
            if borrow && let Some(limb) = limbs.get_mut(at) {
                *limb = 1;
                used = at + 1;
            }
        }
        sum.finished(used, negative)
    }

    /// Sets sign and length, without leading zeros.
    fn finished(mut self, limbs: usize, negative: bool) -> Self {
        self.used = limbs;
        while self.limbs().last() == Some(&0) {
            self.used -= 1;
        }
        self.negative = negative && self.used > 0;
        self
    }

    /// True for zero.
    pub fn is_zero(&self) -> bool {
        self.used == 0
    }

    /// Product.
    pub fn times(&self, other: &Exact) -> Exact {
        let length = self.used + other.used;
        let mut product = Exact::with_room(length, self.exponent + other.exponent);
        let limbs = product.room();
        for (i, &a) in self.limbs().iter().enumerate() {
            let mut carry = 0_u64;
            for (place, &b) in limbs[i..].iter_mut().zip(other.limbs()) {
                let sum = u64::from(a) * u64::from(b) + u64::from(*place) + carry;
                *place = sum as u32;
                carry = sum >> LIMB_BITS;
            }
            limbs[i + other.used] = carry as u32;
        }
        product.finished(length, self.negative != other.negative)
    }

    /// Product with a count of rows.
    pub fn times_count(&self, count: u64) -> Exact {
        self.times(&Exact::from_digits(&[(0, i128::from(count))], LIMB_BITS, 0))
    }

    /// Difference.
    pub fn minus(&self, other: &Exact) -> Exact {
        if other.is_zero() {
            return self.clone();
        }
        if self.is_zero() {
            return Exact { negative: !other.negative, ..other.clone() };
        }
        let exponent = self.exponent.min(other.exponent);
        let (a, b) = (self.lowered_to(exponent), other.lowered_to(exponent));
        if a.negative != b.negative {
            return a.add_magnitude(&b);
        }
        if a.magnitude_less(&b) {
            let swapped = b.subtract_magnitude(&a);
            let used = swapped.used;
            return swapped.finished(used, !a.negative);
        }
        a.subtract_magnitude(&b)
    }

    /// The same value with a lower exponent.
    fn lowered_to(&self, exponent: i32) -> Exact {
        let bits = usize::try_from(self.exponent - exponent).unwrap_or(0);
        let (skip, shift) = (bits / LIMB_BITS, bits % LIMB_BITS);
        let mut shifted = Exact::with_room(self.used + skip + 1, exponent);
        let limbs = shifted.room();
        let mut carry = 0_u64;
        for (place, &limb) in limbs[skip..].iter_mut().zip(self.limbs()) {
            let wide = (u64::from(limb) << shift) | carry;
            *place = wide as u32;
            carry = wide >> LIMB_BITS;
        }
        limbs[self.used + skip] = carry as u32;
        shifted.finished(self.used + skip + 1, self.negative)
    }

    fn magnitude_less(&self, other: &Exact) -> bool {
        self.used < other.used || (self.used == other.used && self.limbs().iter().rev().lt(other.limbs().iter().rev()))
    }

    fn add_magnitude(&self, other: &Exact) -> Exact {
        let length = self.used.max(other.used) + 1;
        let mut sum = Exact::with_room(length, self.exponent);
        let mut carry = 0_u64;
        let (a, b) = (self.limbs(), other.limbs());
        for (i, place) in sum.room()[..length].iter_mut().enumerate() {
            let wide = u64::from(a.get(i).copied().unwrap_or(0)) + u64::from(b.get(i).copied().unwrap_or(0)) + carry;
            *place = wide as u32;
            carry = wide >> LIMB_BITS;
        }
        sum.finished(length, self.negative)
    }

    /// |self| - |other| with the sign of self; |self| is not the smaller.
    fn subtract_magnitude(&self, other: &Exact) -> Exact {
        let mut difference = self.clone();
        let mut borrow = false;
        let subtrahend = other.limbs();
        for (i, place) in difference.room()[..self.used].iter_mut().enumerate() {
            let (once, first) = place.overflowing_sub(subtrahend.get(i).copied().unwrap_or(0));
            let (twice, second) = once.overflowing_sub(u32::from(borrow));
            *place = twice;
            borrow = first || second;
        }
        difference.finished(self.used, self.negative)
    }

    /// Mantissa (rounded to 53 bits, below 2^64) and power of two: value = mantissa 2^exponent.
    pub fn to_parts(&self) -> (f64, i32) {
        let limbs = self.limbs();
        if limbs.is_empty() {
            return (0.0, 0);
        }
        let limb = |back: usize| limbs.len().checked_sub(back).and_then(|i| limbs.get(i)).map_or(0, |&l| u128::from(l));
        // Ninety-six leading bits hold 64 significant ones after the shift; the rest only matters for ties.
        let leading = (limb(1) << 64) | (limb(2) << 32) | limb(3);
        let drop = 64 - leading.leading_zeros() as usize;
        let mut top = (leading >> drop) as u64;
        let lost = leading & ((1_u128 << drop) - 1) != 0;
        let below = limbs.iter().rev().skip(3).any(|&l| l != 0);
        if lost || below {
            top |= 1;
        }
        let exponent = self.exponent + (LIMB_BITS as i32) * (limbs.len() as i32 - 3) + drop as i32;
        let mantissa = top as f64;
        (if self.negative { -mantissa } else { mantissa }, exponent)
    }

    /// Nearest double.
    pub fn to_f64(&self) -> f64 {
        let (mantissa, exponent) = self.to_parts();
        scale(mantissa, exponent)
    }
}

/// `value * 2^exponent`; exact unless the result leaves the range of normal doubles.
pub fn scale(value: f64, exponent: i32) -> f64 {
    // Largest power of two of which both signs are normal doubles.
    const STEP: i32 = 1022;
    let power = |e: i32| f64::from_bits(((e + 1023) as u64) << 52);
    let (mut value, mut exponent) = (value, exponent);
    while exponent > STEP && value != 0.0 && value.is_finite() {
        value *= power(STEP);
        exponent -= STEP;
    }
    while exponent < -STEP && value != 0.0 {
        value *= power(-STEP);
        exponent += STEP;
    }
    if value == 0.0 || !value.is_finite() { value } else { value * power(exponent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(value: i128) -> Exact {
        Exact::from_digits(&[(0, value)], 32, 0)
    }

    #[test]
    fn small_integers_come_back() {
        for v in [0_i128, 1, -1, 2, -2, 1 << 31, -(1 << 31), 1 << 32, -(1 << 32), (1 << 53) - 1, -(1 << 96), i128::MAX, i128::MIN] {
            assert_eq!(small(v).to_f64(), v as f64, "{v}");
        }
    }

    #[test]
    fn arithmetic_agrees_with_i128() {
        let values = [0_i128, 1, -1, 7, -12_345_678_901, 98_765_432_109_876, -(1 << 60), (1 << 61) + 3];
        for a in values {
            for b in values {
                assert_eq!(small(a).times(&small(b)).to_f64(), (a * b) as f64, "{a} * {b}");
                assert_eq!(small(a).minus(&small(b)).to_f64(), (a - b) as f64, "{a} - {b}");
            }
        }
        assert_eq!(small(-5).times_count(1 << 40).to_f64(), -5.0 * 1_099_511_627_776.0);
    }

    #[test]
    fn digits_of_both_signs_carry_across_windows() {
        // 5 2^64 - 3 2^32 + 1, and the same with the sign turned.
        let value = 5 * (1_i128 << 64) - 3 * (1_i128 << 32) + 1;
        assert_eq!(Exact::from_digits(&[(0, 1), (1, -3), (2, 5)], 32, 0).to_f64(), value as f64);
        assert_eq!(Exact::from_digits(&[(0, -1), (1, 3), (2, -5)], 32, 0).to_f64(), -value as f64);
        // Cancellation down to the last bit.
        let tiny = Exact::from_digits(&[(0, 1), (2, -1), (10, 1 << 40), (11, -(1 << 8))], 32, -100);
        assert_eq!(tiny.minus(&Exact::from_digits(&[(2, -1)], 32, -100)).to_f64(), 2.0_f64.powi(-100));
        // A gap of windows of width 64.
        assert_eq!(Exact::from_digits(&[(1, -1), (3, 1)], 64, 0).to_f64(), 2.0_f64.powi(192) - 2.0_f64.powi(64));
    }

    #[test]
    fn long_numbers_multiply_beyond_the_inline_limbs() {
        // (2^2000 + 1)^2 - 2^4000 - 2^2001 = 1.
        let power = |e: i32| Exact::from_digits(&[(0, 1)], 32, e);
        let long = Exact::from_digits(&[(0, 1), (62, 1 << 16)], 32, 0);
        let rest = long.times(&long).minus(&power(4000)).minus(&power(2001));
        assert_eq!(rest.to_f64(), 1.0);
        let minus = Exact::from_digits(&[(0, -1), (62, -(1 << 16))], 32, 0);
        assert_eq!(minus.times(&long).minus(&minus.times(&minus)).to_parts().0, -9_223_372_036_854_775_808.0);
        assert!(long.minus(&long).is_zero());
    }

    #[test]
    fn ties_round_to_even_and_a_far_bit_breaks_them() {
        let half_way = (1_i128 << 53) + 1;
        assert_eq!(small(half_way).to_f64(), 9_007_199_254_740_992.0);
        let above = Exact::from_digits(&[(0, 1), (5, half_way)], 32, 0);
        assert_eq!(above.to_f64(), 9_007_199_254_740_994.0 * 2.0_f64.powi(160));
        let below = Exact::from_digits(&[(0, -1), (5, half_way)], 32, 0);
        assert_eq!(below.to_f64(), 9_007_199_254_740_992.0 * 2.0_f64.powi(160));
    }

    #[test]
    fn differences_align_exponents_that_are_not_multiples_of_a_limb() {
        let a = Exact::from_digits(&[(0, 3)], 32, 5);
        let b = Exact::from_digits(&[(0, 1)], 32, -40);
        assert_eq!(a.minus(&b).to_f64(), 96.0 - 2.0_f64.powi(-40));
        assert_eq!(b.minus(&a).to_f64(), 2.0_f64.powi(-40) - 96.0);
        assert!(a.minus(&a).is_zero());
    }

    #[test]
    fn scaling_reaches_subnormals_and_infinity() {
        assert_eq!(scale(1.0, -1074), f64::from_bits(1));
        assert_eq!(scale(3.0, -1074), f64::from_bits(3));
        assert_eq!(scale(1.0, 1024), f64::INFINITY);
        assert_eq!(scale(2.0_f64.powi(-1000), 2000), 2.0_f64.powi(1000));
        assert_eq!(scale(0.0, 5000), 0.0);
    }
}
