//! Whole numbers of a few thousand bits: the last step of exact sums, where moments are combined and rounded once.
//!
//! Formula    value = +-magnitude 2^exponent, magnitude in 32-bit limbs, least first, in a fixed array: no allocation
//! Source     Knuth 1997, The Art of Computer Programming 2, section 4.3.1 (schoolbook multiplication)
//! Accuracy   every operation is exact; `to_f64` rounds to nearest, ties to even
//! Edge cases overflow of a double gives an infinity; zero is never negative
//! See also   `group_sums` (where the digits come from), `numeric::exact_sum`

/// Bits of one limb.
const LIMB_BITS: usize = 32;
/// Limbs that hold the square of any sum of doubles: 2 (2046 + 53 + 43) bits, aligned, and one product with a count.
const LIMBS: usize = 144;

/// An exact number; see the header.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    limbs: [u32; LIMBS],
    used: usize,
    negative: bool,
    exponent: i32,
}

impl Exact {
    /// Zero.
    pub fn zero() -> Self {
        Exact { limbs: [0; LIMBS], used: 0, negative: false, exponent: 0 }
    }

    /// Sum of `digit * 2^(width * window) * 2^exponent` for digits sorted by window; `width` is a multiple of 32.
    pub fn from_digits(digits: &[(usize, i128)], width: usize, exponent: i32) -> Self {
        let Some(&(first, _)) = digits.first() else { return Exact::zero() };
        let step = width / LIMB_BITS;
        let mut sum = Exact { exponent: exponent + (first * width) as i32, ..Exact::zero() };
        // Two's complement while adding; the sign is taken off at the end.
        let (mut carry, mut at, mut next) = (0_i128, 0, 0);
        while next < digits.len() || (carry != 0 && carry != -1) {
            if let Some(&(window, digit)) = digits.get(next)
                && (window - first) * step == at
            {
                carry = carry.wrapping_add(digit);
                next += 1;
            }
            let Some(limb) = sum.limbs.get_mut(at) else { break };
            *limb = carry as u32;
            carry >>= LIMB_BITS;
            at += 1;
        }
        sum.used = at;
        if carry == -1 {
            sum.negative = true;
            let mut borrow = true;
            for limb in &mut sum.limbs[..at] {
                let (value, over) = (!*limb).overflowing_add(u32::from(borrow));
                *limb = value;
                borrow = over;
            }
            // Minus a full power of the base: the magnitude needs one more limb.
            if borrow && at < LIMBS {
                sum.limbs[at] = 1;
                sum.used = at + 1;
            }
        }
        sum.trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.used > 0 && self.limbs[self.used - 1] == 0 {
            self.used -= 1;
        }
        self.negative &= self.used > 0;
        self
    }

    /// True for zero.
    pub fn is_zero(&self) -> bool {
        self.used == 0
    }

    /// Product; limbs beyond the array cannot occur for moments of doubles.
    pub fn times(&self, other: &Exact) -> Exact {
        let mut product = Exact { exponent: self.exponent + other.exponent, ..Exact::zero() };
        product.negative = self.negative != other.negative;
        product.used = (self.used + other.used).min(LIMBS);
        for (i, &a) in self.limbs[..self.used].iter().enumerate() {
            let mut carry = 0_u64;
            for (j, &b) in other.limbs[..other.used].iter().enumerate() {
                let Some(limb) = product.limbs.get_mut(i + j) else { break };
                let sum = u64::from(a) * u64::from(b) + u64::from(*limb) + carry;
                *limb = sum as u32;
                carry = sum >> LIMB_BITS;
            }
            if let Some(limb) = product.limbs.get_mut(i + other.used) {
                *limb = carry as u32;
            }
        }
        product.trimmed()
    }

    /// Mantissa and power of two of the product, rounded once where the limbs suffice and twice for data over hundreds of decades.
    pub fn times_parts(&self, other: &Exact) -> (f64, i32) {
        if self.used + other.used <= LIMBS {
            return self.times(other).to_parts();
        }
        let ((a, a_exponent), (b, b_exponent)) = (self.to_parts(), other.to_parts());
        (a * b, a_exponent + b_exponent)
    }

    /// Product with a count of rows.
    pub fn times_count(&self, count: u64) -> Exact {
        let factor = Exact::from_digits(&[(0, i128::from(count))], LIMB_BITS, 0);
        self.times(&factor)
    }

    /// Difference.
    pub fn minus(&self, other: &Exact) -> Exact {
        if other.is_zero() {
            return *self;
        }
        if self.is_zero() {
            return Exact { negative: !other.negative, ..*other };
        }
        let exponent = self.exponent.min(other.exponent);
        let (a, b) = (self.lowered_to(exponent), other.lowered_to(exponent));
        if a.negative != b.negative {
            return a.add_magnitude(&b);
        }
        if a.magnitude_less(&b) {
            let mut swapped = b.subtract_magnitude(&a);
            swapped.negative = !a.negative;
            return swapped.trimmed();
        }
        a.subtract_magnitude(&b)
    }

    /// The same value with a lower exponent.
    fn lowered_to(&self, exponent: i32) -> Exact {
        let bits = usize::try_from(self.exponent - exponent).unwrap_or(0);
        let (limbs, shift) = (bits / LIMB_BITS, bits % LIMB_BITS);
        let mut shifted = Exact { exponent, negative: self.negative, ..Exact::zero() };
        let mut carry = 0_u64;
        for (i, &limb) in self.limbs[..self.used].iter().enumerate() {
            let wide = (u64::from(limb) << shift) | carry;
            if let Some(place) = shifted.limbs.get_mut(i + limbs) {
                *place = wide as u32;
            }
            carry = wide >> LIMB_BITS;
        }
        if let Some(place) = shifted.limbs.get_mut(self.used + limbs) {
            *place = carry as u32;
        }
        shifted.used = (self.used + limbs + 1).min(LIMBS);
        shifted.trimmed()
    }

    fn magnitude_less(&self, other: &Exact) -> bool {
        if self.used != other.used {
            return self.used < other.used;
        }
        self.limbs[..self.used].iter().rev().lt(other.limbs[..other.used].iter().rev())
    }

    fn add_magnitude(&self, other: &Exact) -> Exact {
        let mut sum = *self;
        let mut carry = 0_u64;
        for (place, &limb) in sum.limbs.iter_mut().zip(&other.limbs) {
            let wide = u64::from(*place) + u64::from(limb) + carry;
            *place = wide as u32;
            carry = wide >> LIMB_BITS;
        }
        sum.used = (self.used.max(other.used) + 1).min(LIMBS);
        sum.trimmed()
    }

    /// |self| - |other| with the sign of self; |self| is not the smaller.
    fn subtract_magnitude(&self, other: &Exact) -> Exact {
        let mut difference = *self;
        let mut borrow = false;
        for (place, &limb) in difference.limbs[..self.used].iter_mut().zip(&other.limbs) {
            let (once, first) = place.overflowing_sub(limb);
            let (twice, second) = once.overflowing_sub(u32::from(borrow));
            *place = twice;
            borrow = first || second;
        }
        difference.trimmed()
    }

    /// Mantissa (rounded to 53 bits, below 2^64) and power of two: value = mantissa 2^exponent.
    pub fn to_parts(&self) -> (f64, i32) {
        if self.used == 0 {
            return (0.0, 0);
        }
        let limb = |back: usize| self.used.checked_sub(back).and_then(|i| self.limbs.get(i)).map_or(0, |&l| u128::from(l));
        // Ninety-six leading bits hold 64 significant ones after the shift; the rest only matters for ties.
        let leading = (limb(1) << 64) | (limb(2) << 32) | limb(3);
        let drop = 64 - leading.leading_zeros() as usize;
        let mut top = (leading >> drop) as u64;
        let lost = leading & ((1_u128 << drop) - 1) != 0;
        let below = self.used > 3 && self.limbs[..self.used - 3].iter().any(|&l| l != 0);
        if lost || below {
            top |= 1;
        }
        let exponent = self.exponent + (LIMB_BITS as i32) * (self.used as i32 - 3) + drop as i32;
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
