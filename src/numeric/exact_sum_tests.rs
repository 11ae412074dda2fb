//! Exact sums against Python's `math.fsum`, and under permutation, partition and hostile input.

use super::*;
use proptest::prelude::*;

fn sum(values: &[f64]) -> f64 {
    let mut s = ExactSum::default();
    values.iter().for_each(|&v| s.add(v));
    s.value()
}

fn by_slice(values: &[f64]) -> f64 {
    let mut s = ExactSum::default();
    s.add_slice(values);
    s.value()
}

#[test]
fn equals_python_fsum_on_golden_cases() {
    // math.fsum of CPython 3; most cases are from its own test-suite (Lib/test/test_math.py).
    let tenths = vec![0.1; 10];
    let cases: Vec<(Vec<f64>, f64)> = vec![
        (vec![], 0.0),
        (vec![0.0], 0.0),
        (tenths, 1.0),
        (vec![1e100, 1.0, -1e100, 1e-100, 1e50, -1.0, -1e50], 1e-100),
        (vec![9_007_199_254_740_992.0, -0.5, -(2f64.powi(-54))], 9_007_199_254_740_991.0),
        (vec![9_007_199_254_740_992.0, 1.0, 2f64.powi(-100)], 9_007_199_254_740_994.0),
        (vec![9_007_199_254_740_994.0, 1.0, 2f64.powi(-100)], 9_007_199_254_740_996.0),
        (vec![9_007_199_254_740_994.0, 1.0], 9_007_199_254_740_996.0),
        (vec![9_007_199_254_740_992.0, 1.0], 9_007_199_254_740_992.0),
        (vec![1e16, 1.0, 1e-16], 10_000_000_000_000_002.0),
        (vec![1e16 - 2.0, 1.0 - 2f64.powi(-53), -(1e16 - 2.0), -(1.0 - 2f64.powi(-53))], 0.0),
        (vec![5e-324, 5e-324, -5e-324], 5e-324),
        (vec![f64::MIN_POSITIVE, -5e-324], f64::MIN_POSITIVE - 5e-324),
        (vec![f64::MAX, f64::MAX, -f64::MAX], f64::MAX),
        (vec![f64::MAX, f64::MAX], f64::INFINITY),
        (vec![-f64::MAX, -f64::MAX * 2f64.powi(-54)], -f64::MAX),
        (vec![f64::MAX, 2f64.powi(970)], f64::INFINITY),
        (vec![f64::MAX, 2f64.powi(969)], f64::MAX),
        (vec![-1.0, 2f64.powi(-60)], -1.0 + 2f64.powi(-60)),
        (vec![-1e300, 1e-300, 1e300], 1e-300),
        ((1..1000).map(|n| 1.0 / f64::from(n)).collect(), f64::from_bits(0x401d_f019_2117_b6ff)),
        ((1..1000).map(|n| f64::from(if n % 2 == 1 { -1 } else { 1 }) / f64::from(n)).collect(), f64::from_bits(0xbfe6_325c_18a6_aef9)),
    ];
    for (values, expected) in cases {
        assert_eq!(sum(&values).to_bits(), expected.to_bits(), "{values:?}: {:e} against {expected:e}", sum(&values));
        assert_eq!(by_slice(&values).to_bits(), expected.to_bits());
    }
}

#[test]
fn infinities_and_nan_follow_their_counts() {
    assert_eq!(sum(&[f64::INFINITY, 1.0]), f64::INFINITY);
    assert_eq!(sum(&[f64::NEG_INFINITY, f64::MAX]), f64::NEG_INFINITY);
    assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    assert!(sum(&[1.0, f64::NAN, f64::INFINITY]).is_nan());
    let mut long = vec![1.0; 1000];
    long[777] = f64::NAN;
    assert!(by_slice(&long).is_nan());
    long[777] = f64::INFINITY;
    assert_eq!(by_slice(&long), f64::INFINITY);
    let mut a = ExactSum::default();
    a.add(f64::INFINITY);
    let mut b = ExactSum::default();
    b.add(f64::NEG_INFINITY);
    b.merge(&a);
    assert!(b.value().is_nan());
    assert!(ExactSum::from_words(&b.to_words()).unwrap().value().is_nan());
}

#[test]
fn a_million_values_of_both_signs_cancel_to_the_last_bit() {
    let mut stream = crate::numeric::random::Stream::new(1, 2, 3);
    let mut values: Vec<f64> =
        (0..500_000).map(|_| (stream.uniform() - 0.5) * 2f64.powi((stream.uniform() * 600.0) as i32 - 300)).collect();
    let negated: Vec<f64> = values.iter().rev().map(|v| -v).collect();
    values.extend(negated);
    values.push(1e-290);
    assert_eq!(sum(&values), 1e-290);
    assert_eq!(by_slice(&values), 1e-290);
}

#[test]
fn many_adds_of_one_value_carry_in_time() {
    for value in [1.0f64, -1.5, f64::MAX * 2f64.powi(-40), 3e-310, -(2f64.powi(52) + 1.0)] {
        let mut s = ExactSum::default();
        (0..1 << 20).for_each(|_| s.add(value));
        assert_eq!(s.value(), value * f64::from(1 << 20));
    }
}

#[test]
fn single_precision_blocks_equal_single_adds() {
    let mut stream = crate::numeric::random::Stream::new(5, 0, 0);
    for spread in [0.0, 8.0, 60.0, 240.0] {
        let values: Vec<f32> = (0..3001).map(|_| (stream.normal() * 2f64.powf((stream.uniform() - 0.5) * spread)) as f32).collect();
        let mut blocks = ExactSum::default();
        blocks.add_f32_slice(&values);
        let wide: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
        assert_eq!(blocks.value().to_bits(), sum(&wide).to_bits(), "spread {spread}");
    }
}

#[test]
fn products_are_exact() {
    let (a, b) = (1.0 + 2f64.powi(-30), 1.0 - 2f64.powi(-30));
    let mut s = ExactSum::default();
    s.add_product(a, b);
    s.add(-1.0);
    assert_eq!(s.value(), -(2f64.powi(-60)));
    let mut t = ExactSum::default();
    t.add_product(f64::MAX, 2.0);
    assert_eq!(t.value(), f64::INFINITY);
}

#[test]
fn hi_and_lo_hold_106_bits() {
    let mut s = ExactSum::default();
    s.add_slice(&[1.0, 2f64.powi(-70), 2f64.powi(-100)]);
    assert_eq!(s.value_hi_lo(), (1.0, 2f64.powi(-70) + 2f64.powi(-100)));
    assert_eq!(ExactSum::default().value_hi_lo(), (0.0, 0.0));
}

#[test]
fn narrow_groups_stay_small() {
    let mut s = ExactSum::default();
    (0..10_000).for_each(|i| s.add(1e6 + f64::from(i)));
    println!("exact sum of similar masses: {} bytes", s.size_bytes());
    assert!(s.size_bytes() <= 96, "{}", s.size_bytes());
    assert!(!s.is_empty() && ExactSum::default().is_empty());
}

#[test]
fn words_that_no_sum_wrote_are_refused() {
    for words in [
        vec![],
        vec![1, 0, 0, 0],
        vec![2, 0, 0, 0, 0],
        vec![1, -1, 0, 0, 0],
        vec![1, 0, 0, 0, -1],
        vec![1, 0, 0, 0, 71, 1, 1],
        vec![1, 0, 0, 0, i64::MAX],
        vec![1, 0, 0, 0, 3, i64::MAX],
    ] {
        assert_eq!(ExactSum::from_words(&words).unwrap_err().kind(), crate::ErrorKind::Damaged, "{words:?}");
    }
    assert!(ExactSum::from_words(&[0, 0, 0, 0, 0]).unwrap().is_empty());
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |v| v.is_finite()).prop_map(|v| v * 2f64.powi(-12)),
        4 => -1e3..1e3,
        1 => prop::sample::select(vec![0.0, -0.0, 5e-324, -5e-324, f64::MIN_POSITIVE, 1e290, -1e290, 1.0, -1.0]),
    ]
}

proptest! {
    #[test]
    fn permutation_and_partition_change_no_bit(values in prop::collection::vec(any_value(), 0..300), cut in 0usize..300, rotate in 0usize..300) {
        let whole = sum(&values);
        let mut turned = values.clone();
        turned.rotate_left(rotate.min(values.len()));
        turned.reverse();
        prop_assert_eq!(sum(&turned).to_bits(), whole.to_bits());
        prop_assert_eq!(by_slice(&turned).to_bits(), whole.to_bits());
        let (left, right) = values.split_at(cut.min(values.len()));
        let (mut a, mut b) = (ExactSum::default(), ExactSum::default());
        a.add_slice(left);
        right.iter().for_each(|&v| b.add(v));
        let mut words = ExactSum::from_words(&a.to_words()).unwrap();
        words.merge(&b);
        b.merge(&a);
        prop_assert_eq!(b.value().to_bits(), whole.to_bits());
        prop_assert_eq!(words.value().to_bits(), whole.to_bits());
        prop_assert_eq!(words.to_words(), b.to_words());
    }

    #[test]
    fn the_value_is_correctly_rounded(values in prop::collection::vec(any_value(), 1..60)) {
        // Twice the sum lies between twice the midpoints to both neighbours; a tie only when the last bit is even.
        let mut s = ExactSum::default();
        s.add_slice(&values);
        let hi = s.value();
        let mut twice = s.clone();
        twice.merge(&s);
        twice.add(-hi);
        for (neighbour, side) in [(hi.next_up(), -1.0), (hi.next_down(), 1.0)] {
            let mut beyond = twice.clone();
            beyond.add(-neighbour);
            let beyond = beyond.value() * side;
            prop_assert!(beyond > 0.0 || (beyond == 0.0 && hi.to_bits() & 1 == 0), "{hi:e} {beyond:e}");
        }
    }
}
