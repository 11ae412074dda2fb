//! What the numbers of every particle must satisfy, whichever code wrote them.
//!
//! Formula    positions and velocities finite; mass > 0; t_birth <= t (1 + 1e-3) and age >= -1e-3 t at the time t of the snapshot
//! Units      Msun, Gyr; kpc and km/s, of which only finiteness is asked
//! Edge cases a column that no rule names, and a time that is unknown, break nothing
//! See also   `verify`, `ingest::check`

use super::manifest::ColumnStats;

/// Relative slack of times against that of the snapshot: stored floats are rounded, and stars form within a step.
const TIME_SLACK: f64 = 1e-3;

/// A rule about one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule {
    /// Neither NaN nor infinite.
    Finite,
    /// Finite and above 0.
    Positive,
    /// At most so much \[Gyr\].
    BornBefore(f64),
    /// At least so much \[Gyr\].
    AgeAbove(f64),
}

impl Rule {
    /// The rule for a column of a snapshot at `now_gyr`.
    pub fn of(column: &str, now_gyr: Option<f64>) -> Option<Rule> {
        match (column, now_gyr) {
            ("x" | "y" | "z" | "vx" | "vy" | "vz", _) => Some(Rule::Finite),
            ("mass", _) => Some(Rule::Positive),
            ("t_birth", Some(now)) => Some(Rule::BornBefore(now * (1.0 + TIME_SLACK))),
            ("age", now) => Some(Rule::AgeAbove(-TIME_SLACK * now.unwrap_or(1.0))),
            _ => None,
        }
    }

    /// Whether one value keeps it.
    pub fn keeps(self, value: f64) -> bool {
        match self {
            Rule::Finite => value.is_finite(),
            Rule::Positive => value > 0.0 && value.is_finite(),
            // Unknown times are NaN, which is no doubt.
            Rule::BornBefore(latest) => !(value > latest),
            Rule::AgeAbove(least) => !(value < least),
        }
    }

    /// Whether all values keep it.
    pub fn keeps_all(self, stats: &ColumnStats) -> bool {
        let ends = [stats.min, stats.max].into_iter().flatten().all(|end| self.keeps(end.as_f64()));
        ends && (stats.nans == 0 || self.keeps(f64::NAN))
    }

    /// What is wrong with values that break it.
    pub fn complaint(self) -> &'static str {
        match self {
            Rule::Finite => "positions or velocities that are not finite",
            Rule::Positive => "masses that are not positive",
            Rule::BornBefore(_) => "stars born after the time of the snapshot",
            Rule::AgeAbove(_) => "negative ages",
        }
    }

    /// What was expected.
    pub fn expected(self) -> String {
        match self {
            Rule::Finite => "a finite number".into(),
            Rule::Positive => "more than 0 Msun".into(),
            Rule::BornBefore(latest) => format!("at most {latest} Gyr"),
            Rule::AgeAbove(least) => format!("at least {least} Gyr"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::manifest::Scalar;

    #[test]
    fn values_and_their_statistics_are_judged_alike() {
        let cases: [(&str, &[f64], bool); 9] = [
            ("x", &[-1.0, 2.0], true),
            ("vz", &[0.0, f64::NAN], false),
            ("y", &[f64::NEG_INFINITY, 0.0], false),
            ("mass", &[1.0, 1e-30], true),
            ("mass", &[1.0, 0.0], false),
            ("mass", &[f64::NAN], false),
            ("t_birth", &[13.0, 13.81, f64::NAN], true),
            ("t_birth", &[13.0, 13.82], false),
            ("age", &[-0.02, 3.0], false),
        ];
        for (column, values, good) in cases {
            let rule = Rule::of(column, Some(13.8)).unwrap();
            assert_eq!(values.iter().all(|v| rule.keeps(*v)), good, "{column} {values:?}");
            let numbers = values.iter().filter(|v| !v.is_nan());
            let end = |pick: fn(f64, f64) -> f64| numbers.clone().copied().reduce(pick).map(Scalar::Float);
            let nans = values.iter().filter(|v| v.is_nan()).count() as u64;
            let stats = ColumnStats { name: column.into(), min: end(f64::min), max: end(f64::max), nulls: 0, nans };
            assert_eq!(rule.keeps_all(&stats), good, "{column} {values:?}");
        }
        assert_eq!((Rule::of("t_birth", None), Rule::of("fe_h", Some(1.0))), (None, None));
    }
}
