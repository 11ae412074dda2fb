//! Tick marks: nice major values, minor values between them, and their labels.
//!
//! Formula    linear steps are 1, 2 or 5 times a power of ten; logarithmic majors are powers of ten, minors 2..9 times them
//! Accuracy   majors are i * m * 10^k evaluated with one rounding, so 0.3 is the number 0.3
//! Edge cases equal or disordered ends are widened; a log axis with an end <= 0 starts at a millionth of the other end
//! See also   `plot::axes`

use super::text::Text;

/// Values whose size reaches this are written with a common power of ten.
const LARGE: f64 = 1.0e5;
/// Values all below this are written with a common power of ten.
const SMALL: f64 = 1.0e-3;
/// Slack against rounding when a tick falls on an end, in steps.
const END_SLACK: f64 = 1.0e-6;
/// A span smaller than this part of the values cannot be divided.
const MIN_RELATIVE_SPAN: f64 = 1.0e-11;
/// Ratio of the ends when the lower end of a log axis is not positive.
const LOG_DEPTH: f64 = 1.0e6;
/// Smaller and larger values than these have no place on a log axis: their ratios would leave the range of f64.
const LOG_LIMITS: (f64, f64) = (1.0e-290, 1.0e290);
/// Half width given to a range that is one value, relative.
const WIDEN: f64 = 0.1;
/// Largest decade span that is labelled with plain numbers.
const PLAIN_DECADES: (i32, i32) = (-2, 3);

/// How values become lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Proportional.
    Linear,
    /// Proportional to the logarithm.
    Log,
}

/// Ticks of one axis.
#[derive(Clone, Debug, Default)]
pub struct Ticks {
    /// Value and label.
    pub major: Vec<(f64, Text)>,
    /// Values without label.
    pub minor: Vec<f64>,
    /// Labels are to be multiplied by 10 to this power.
    pub exponent: i32,
}

/// A range with its ends in order, finite and apart.
pub fn widen(lo: f64, hi: f64) -> (f64, f64) {
    let (lo, hi) = if lo <= hi { (lo, hi) } else { (hi, lo) };
    if !lo.is_finite() || !hi.is_finite() {
        return (0.0, 1.0);
    }
    let size = lo.abs().max(hi.abs());
    if hi - lo > size * MIN_RELATIVE_SPAN && hi - lo >= f64::MIN_POSITIVE {
        return (lo, hi);
    }
    if size < f64::MIN_POSITIVE / WIDEN { (-0.5, 0.5) } else { (lo - size * WIDEN, hi + size * WIDEN) }
}

/// A range for a log axis: both ends positive.
pub fn widen_log(lo: f64, hi: f64) -> (f64, f64) {
    let (lo, hi) = if lo <= hi { (lo, hi) } else { (hi, lo) };
    if !(hi.is_finite() && hi > LOG_LIMITS.0) {
        return (1.0 / LOG_DEPTH, 1.0);
    }
    let hi = hi.min(LOG_LIMITS.1);
    let lo = if lo > 0.0 { lo.clamp(LOG_LIMITS.0, hi) } else { (hi / LOG_DEPTH).max(LOG_LIMITS.0) };
    if hi / lo > 1.0 + WIDEN { (lo, hi) } else { (lo / 2.0, hi * 2.0) }
}

/// About `target` major ticks between `lo` and `hi`.
pub fn ticks(lo: f64, hi: f64, scale: Scale, target: usize) -> Ticks {
    match scale {
        Scale::Linear => linear(lo, hi, target),
        Scale::Log => log(lo, hi, target),
    }
}

/// Step of a linear axis as (digit, power of ten): 2e-3 is (2, -3).
pub fn step(lo: f64, hi: f64, target: usize) -> (i32, i32) {
    let raw = (hi - lo) / target.max(1) as f64;
    let power = raw.log10().floor() as i32;
    let digit = raw / ten(power);
    match digit {
        d if d <= 1.000_001 => (1, power),
        d if d <= 2.000_001 => (2, power),
        d if d <= 5.000_001 => (5, power),
        _ => (1, power + 1),
    }
}

/// A range moved outwards to whole fifths of a major step.
pub fn rounded_out(lo: f64, hi: f64) -> (f64, f64) {
    const COARSENESS: usize = 20;
    let (lo, hi) = widen(lo, hi);
    let (digit, power) = step(lo, hi, COARSENESS);
    let size = f64::from(digit) * ten(power);
    let at = |index: f64| multiple(index, digit, power);
    widen(at((lo / size + END_SLACK).floor()), at((hi / size - END_SLACK).ceil()))
}

/// The step of [`step`], or the next finer one of which two multiples lie between `lo` and `hi`: an axis with one number has no scale.
fn labelled_step(lo: f64, hi: f64, target: usize) -> (i32, i32) {
    let multiples = |(digit, power): (i32, i32)| {
        let size = f64::from(digit) * ten(power);
        (hi / size + END_SLACK).floor() - (lo / size - END_SLACK).ceil() + 1.0
    };
    let wanted = target.max(1);
    (wanted..=4 * wanted).map(|target| step(lo, hi, target)).find(|s| multiples(*s) >= 2.0).unwrap_or_else(|| step(lo, hi, 4 * wanted))
}

fn linear(lo: f64, hi: f64, target: usize) -> Ticks {
    let (lo, hi) = widen(lo, hi);
    let (digit, power) = labelled_step(lo, hi, target);
    let parts = if digit == 2 { 4 } else { 5 };
    let size = f64::from(digit) * ten(power);
    let (first, last) = ((lo / size - END_SLACK).ceil(), (hi / size + END_SLACK).floor());
    let mut values = Vec::new();
    let mut index = first;
    while index <= last && values.len() <= 10 * target.max(1) {
        values.push(multiple(index, digit, power));
        index += 1.0;
    }
    let mut minor = Vec::new();
    let small = size / f64::from(parts);
    let mut fine = (lo / small - END_SLACK).ceil();
    let end = (hi / small + END_SLACK).floor();
    while fine <= end && minor.len() <= 100 * target.max(1) {
        if fine.rem_euclid(f64::from(parts)) != 0.0 {
            minor.push(fine * small);
        }
        fine += 1.0;
    }
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let exponent = if largest > 0.0 && !(SMALL..LARGE).contains(&largest) { largest.log10().floor() as i32 } else { 0 };
    let decimals = (exponent - power).max(0) as usize;
    let major = values.into_iter().map(|v| (v, Text::plain(&signed(v / ten(exponent), decimals)))).collect();
    Ticks { major, minor, exponent }
}

fn log(lo: f64, hi: f64, target: usize) -> Ticks {
    let (lo, hi) = widen_log(lo, hi);
    let first = (lo.log10() - END_SLACK).ceil() as i32;
    let last = (hi.log10() + END_SLACK).floor() as i32;
    let decades = last - first + 1;
    let inside = |v: f64| v >= lo * (1.0 - END_SLACK) && v <= hi * (1.0 + END_SLACK);
    if decades < 2 {
        return within_a_decade(lo, hi, target);
    }
    let stride = (decades as usize).div_ceil(target.max(2)).max(1) as i32;
    let plain = first >= PLAIN_DECADES.0 && last <= PLAIN_DECADES.1;
    let mut out = Ticks::default();
    for power in first - 1..=last {
        let value = ten(power);
        if power >= first {
            if power.rem_euclid(stride) == 0 {
                let label = if plain {
                    Text::plain(&signed(value, (-power).max(0) as usize))
                } else {
                    Text::markup(&format!("10^{{{}}}", signed(f64::from(power), 0)))
                };
                out.major.push((value, label));
            } else {
                out.minor.push(value);
            }
        }
        if stride == 1 {
            out.minor.extend((2..10).map(|d| f64::from(d) * value).filter(|v| inside(*v)));
        }
    }
    out
}

/// Less than two powers of ten in sight: 1, 2 and 5 times them, or a linear division where even those are too few.
fn within_a_decade(lo: f64, hi: f64, target: usize) -> Ticks {
    let first = lo.log10().floor() as i32;
    let last = hi.log10().ceil() as i32;
    let inside = |v: f64| v >= lo * (1.0 - END_SLACK) && v <= hi * (1.0 + END_SLACK);
    let mut labelled = Vec::new();
    let mut minor = Vec::new();
    for power in first..=last {
        for digit in 1..10 {
            let value = multiple(1.0, digit, power);
            if inside(value) {
                if matches!(digit, 1 | 2 | 5) { labelled.push((value, power)) } else { minor.push(value) }
            }
        }
    }
    if labelled.len() < 2 {
        return linear(lo, hi, target);
    }
    let largest = labelled.iter().fold(0.0_f64, |m, v| m.max(v.0));
    let exponent = if (SMALL..LARGE).contains(&largest) { 0 } else { largest.log10().floor() as i32 };
    let major = labelled.into_iter().map(|(v, p)| (v, Text::plain(&signed(v / ten(exponent), (exponent - p).max(0) as usize)))).collect();
    Ticks { major, minor, exponent }
}

/// index * digit * 10^power with one rounding.
fn multiple(index: f64, digit: i32, power: i32) -> f64 {
    let whole = index * f64::from(digit);
    let value = if power < 0 && power > -300 { whole / ten(-power) } else { whole * ten(power) };
    if value == 0.0 { 0.0 } else { value }
}

/// A power of ten, correctly rounded (`powi` is not).
pub fn ten(power: i32) -> f64 {
    format!("1e{power}").parse().unwrap_or(f64::NAN)
}

/// A number with a true minus sign.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_string(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(t: &Ticks) -> Vec<String> {
        t.major.iter().map(|m| m.1.letters()).collect()
    }

    #[test]
    fn known_axes() {
        let t = ticks(0.0, 1.0, Scale::Linear, 5);
        assert_eq!(labels(&t), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(t.major[3].0, 0.6);
        assert_eq!(labels(&ticks(-300.0, 400.0, Scale::Linear, 4)), ["−200", "0", "200", "400"]);
        let t = ticks(0.0, 3.0e6, Scale::Linear, 3);
        assert_eq!((labels(&t), t.exponent), (vec!["0".into(), "1".into(), "2".into(), "3".into()], 6));
        assert_eq!(labels(&ticks(1.0e4, 1.0e9, Scale::Log, 8)), ["104", "105", "106", "107", "108", "109"]);
        assert_eq!(labels(&ticks(0.1, 100.0, Scale::Log, 8)), ["0.1", "1", "10", "100"]);
        assert_eq!(labels(&ticks(3.0, 60.0, Scale::Log, 8)), ["5", "10", "20", "50"]);
    }

    #[test]
    fn hopeless_ranges_still_give_an_axis() {
        for (lo, hi) in [
            (0.0, 0.0),
            (5.0, 5.0),
            (f64::NAN, 1.0),
            (1.0, f64::INFINITY),
            (7.0, -7.0),
            (-1e300, 1e300),
            (1e-300, 2e-300),
            (5e-324, 5e-324),
            (1e15, 1e15 + 1.0),
        ] {
            for scale in [Scale::Linear, Scale::Log] {
                let t = ticks(lo, hi, scale, 5);
                assert!(t.major.iter().all(|m| m.0.is_finite()), "{lo} {hi} {scale:?}");
                assert!(!t.major.is_empty(), "{lo} {hi} {scale:?}");
            }
        }
        assert_eq!(widen_log(-3.0, 100.0), (1e-4, 100.0));
        assert_eq!(widen_log(-3.0, -1.0), (1e-6, 1.0));
    }

    proptest! {
        #[test]
        fn linear_ticks_are_ordered_even_and_inside(a in -1e6f64..1e6, span in 1e-6f64..1e6, target in 2usize..12) {
            let (lo, hi) = (a, a + span);
            prop_assume!(span > a.abs() * 1e-9);
            let t = ticks(lo, hi, Scale::Linear, target);
            let (digit, power) = labelled_step(lo, hi, target);
            let size = f64::from(digit) * ten(power);
            prop_assert!(t.major.len() >= 2 && t.major.len() <= (target + 1).max(5));
            for v in t.major.iter().map(|m| m.0).chain(t.minor.iter().copied()) {
                prop_assert!(v >= lo - 1e-5 * size && v <= hi + 1e-5 * size);
            }
            for pair in t.major.windows(2) {
                prop_assert!(((pair[1].0 - pair[0].0) / size - 1.0).abs() < 1e-6);
                prop_assert!(pair[0].1 != pair[1].1, "two ticks with one label");
            }
        }

        #[test]
        fn an_axis_between_two_coarse_steps_still_has_numbers(shift in -20i32..20) {
            // A step of 5e5 has no multiple in this range.
            let scale = 2f64.powi(shift);
            prop_assert!(ticks(-941_140.55 * scale, (-941_140.55 + 402_116.37) * scale, Scale::Linear, 2).major.len() >= 2);
        }

        #[test]
        fn log_ticks_are_ordered_and_inside(a in -30f64..30.0, decades in 0.1f64..40.0, target in 2usize..12) {
            let (lo, hi) = (10f64.powf(a), 10f64.powf(a + decades));
            let t = ticks(lo, hi, Scale::Log, target);
            prop_assert!(!t.major.is_empty());
            let (lo, hi) = widen_log(lo, hi);
            for v in t.major.iter().map(|m| m.0).chain(t.minor.iter().copied()) {
                prop_assert!(v >= lo * 0.9999 && v <= hi * 1.0001);
            }
            prop_assert!(t.major.windows(2).all(|p| p[0].0 < p[1].0));
        }

        #[test]
        fn rounded_ranges_hold_the_data(a in -1e6f64..1e6, span in 1e-3f64..1e6) {
            let (lo, hi) = rounded_out(a, a + span);
            prop_assert!(lo <= a + 1e-5 * span && hi >= a + span - 1e-5 * span && hi - lo < 1.3 * span + 1e-9);
        }
    }
}
