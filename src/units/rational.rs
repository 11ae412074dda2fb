//! Small exact fractions for exponents of units.
//!
//! Formula    numerator / denominator in lowest terms, denominator > 0
//! Edge cases a result beyond one million in either part is `None`: no physical unit has such an exponent
//! See also   `units::unit`

/// Largest numerator or denominator kept.
const LARGEST: i64 = 1_000_000;

/// A fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rational {
    numerator: i64,
    denominator: i64,
}

impl Rational {
    pub(super) const ZERO: Rational = Rational { numerator: 0, denominator: 1 };
    pub(super) const ONE: Rational = Rational { numerator: 1, denominator: 1 };

    /// An integer; the tables of symbols use it.
    pub(super) const fn whole(numerator: i64) -> Rational {
        Rational { numerator, denominator: 1 }
    }

    /// Half an integer; the gauss needs it.
    pub(super) const fn halves(odd: i64) -> Rational {
        Rational { numerator: odd, denominator: 2 }
    }

    /// Lowest terms; `None` for a zero denominator or a number out of range.
    pub(super) fn new(numerator: i64, denominator: i64) -> Option<Rational> {
        if denominator == 0 {
            return None;
        }
        let shared = gcd(numerator.unsigned_abs(), denominator.unsigned_abs()).max(1);
        let sign = denominator.signum();
        let shared = i64::try_from(shared).ok()?;
        let (numerator, denominator) = (numerator.checked_mul(sign)? / shared, denominator.checked_mul(sign)? / shared);
        (numerator.abs() <= LARGEST && denominator <= LARGEST).then_some(Rational { numerator, denominator })
    }

    pub(super) fn plus(self, other: Rational) -> Option<Rational> {
        Self::new(self.numerator * other.denominator + other.numerator * self.denominator, self.denominator * other.denominator)
    }

    pub(super) fn times(self, other: Rational) -> Option<Rational> {
        Self::new(self.numerator * other.numerator, self.denominator * other.denominator)
    }

    pub(super) fn negated(self) -> Rational {
        Rational { numerator: -self.numerator, ..self }
    }

    pub(super) fn is_zero(self) -> bool {
        self.numerator == 0
    }

    pub(super) fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// The integer, when the denominator is 1.
    pub(super) fn integer(self) -> Option<i64> {
        (self.denominator == 1).then_some(self.numerator)
    }

    pub(super) fn numerator(self) -> i64 {
        self.numerator
    }

    pub(super) fn denominator(self) -> i64 {
        self.denominator
    }

    pub(super) fn as_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_reduced_and_bounded() {
        assert_eq!(Rational::new(6, -4), Some(Rational { numerator: -3, denominator: 2 }));
        assert_eq!(Rational::new(1, 0), None);
        assert_eq!(Rational::whole(LARGEST).times(Rational::whole(2)), None);
        assert_eq!(Rational::new(i64::MIN, -1), None);
        let third = Rational::new(1, 3).unwrap();
        assert_eq!(third.plus(Rational::new(-1, 3).unwrap()), Some(Rational::ZERO));
        assert_eq!(third.plus(Rational::halves(1)).unwrap().as_f64(), 5.0 / 6.0);
    }
}
