//! How functions combine units: the shared rules, and the rules of DataFusion's own functions.
//!
//! Layout     a rule gets one entry per argument; `None` is a literal or an unknown unit and adopts what is needed
//! Units      log10 and ln accept any unit and answer `1` (astronomers write log10(mass)); exp and trigonometry need plain numbers or angles
//! Refuses    arguments that must share a unit and do not, with both units and the factor between them
//! See also   `units::Unit`, the unit check of the session (+ - * / and CASE)

use arrow::datatypes::FieldRef;

use super::UnitRule;
use crate::error::{Error, Result};
use crate::table::schema::UNIT;
use crate::units::Unit;

/// Units of columns from their metadata; `None` where there is none or it is unknown.
pub fn field_units(fields: &[FieldRef]) -> Vec<Option<Unit>> {
    fields.iter().map(|f| f.metadata().get(UNIT).and_then(|text| Unit::parse(text).ok()).filter(|u| !u.is_unknown())).collect()
}

fn known(units: &[Option<Unit>]) -> impl Iterator<Item = &Unit> {
    units.iter().flatten().filter(|u| !u.is_unknown())
}

/// The one unit that all arguments share; `Mismatch` when two differ.
pub fn common(units: &[Option<Unit>]) -> Result<Option<Unit>> {
    let mut all = known(units);
    let Some(first) = all.next() else { return Ok(None) };
    for other in all {
        if other == first {
            continue;
        }
        let error = Error::mismatch("arguments with different units").expected(first).found(other);
        return Err(match other.factor_to(first) {
            // Two spellings of one unit agree to rounding.
            Ok(factor) if (factor - 1.0).abs() < 1e-12 => continue,
            Ok(factor) => error.hint(format!("multiply the one in {other} by {factor:e}")),
            Err(_) => error,
        });
    }
    Ok(Some(first.clone()))
}

/// Unit of argument `index`.
pub fn of(units: &[Option<Unit>], index: usize) -> Option<Unit> {
    units.get(index).cloned().flatten()
}

/// Product of two units when both are known.
pub fn product(a: Option<Unit>, b: Option<Unit>) -> Option<Unit> {
    Some(a?.times(&b?))
}

/// Arguments come as lengths first, speeds last, each with one unit; answers (length, speed).
pub fn lengths_and_speeds(units: &[Option<Unit>], lengths: usize) -> Result<(Option<Unit>, Option<Unit>)> {
    let (positions, velocities) = units.split_at(lengths.min(units.len()));
    Ok((common(positions)?, common(velocities)?))
}

/// The unit of the first argument.
pub fn first(units: &[Option<Unit>]) -> Result<Option<Unit>> {
    Ok(of(units, 0))
}

/// A plain number whatever the arguments are.
pub fn one(_: &[Option<Unit>]) -> Result<Option<Unit>> {
    Ok(Some(Unit::one()))
}

/// No unit at all (flags, texts, lists).
pub fn none(_: &[Option<Unit>]) -> Result<Option<Unit>> {
    Ok(None)
}

/// The square of the first argument's unit.
pub fn squared(units: &[Option<Unit>]) -> Result<Option<Unit>> {
    Ok(of(units, 0).map(|u| u.power(2, 1)))
}

/// The unit called `name`.
pub fn named(name: &str) -> Result<Option<Unit>> {
    Unit::parse(name).map(Some)
}

/// Radians.
pub fn radian() -> Result<Option<Unit>> {
    named("rad")
}

/// Every argument must be a plain number (or dex, or a literal).
fn plain(what: &str, units: &[Option<Unit>]) -> Result<Option<Unit>> {
    let is_plain = |u: &&Unit| u.is_one() || u.to_string() == "dex";
    match known(units).find(|u| !is_plain(u)) {
        Some(unit) => Err(Error::mismatch(format!("{what} of a quantity with a unit"))
            .expected("a plain number")
            .found(unit)
            .hint("divide by a value of the same unit first, such as x / 1.0 in that unit")),
        None => Ok(Some(Unit::one())),
    }
}

fn angle(what: &str, units: &[Option<Unit>]) -> Result<Option<Unit>> {
    match known(units).find(|u| !u.is_one() && u.to_string() != "rad") {
        Some(unit) => {
            let error = Error::mismatch(format!("{what} of something that is not an angle in radians")).expected("rad").found(unit);
            Err(if unit.to_string() == "deg" { error.hint("use radians(x)") } else { error })
        }
        None => Ok(Some(Unit::one())),
    }
}

/// Unit of `base ^ exponent`; an exponent that is not a literal needs a plain base.
pub fn power(base: Option<Unit>, exponent: Option<f64>) -> Result<Option<Unit>> {
    /// Largest denominator of an exponent that still makes a unit.
    const DENOMINATORS: u32 = 12;
    let Some(base) = base.filter(|u| !u.is_unknown()) else { return Ok(None) };
    if base.is_one() {
        return Ok(Some(base));
    }
    let Some(exponent) = exponent else {
        return Err(Error::mismatch("power of a quantity with a unit needs a literal exponent").found(base));
    };
    for denominator in 1..=DENOMINATORS {
        let numerator = exponent * f64::from(denominator);
        if (numerator - numerator.round()).abs() < 1e-9 && numerator.abs() < f64::from(i16::MAX) {
            return Ok(Some(base.power(numerator.round() as i32, denominator)));
        }
    }
    Err(Error::mismatch("power of a quantity with a unit needs a simple exponent")
        .expected("a fraction such as 2, 0.5 or -1.5")
        .found(exponent))
}

/// Rules of the functions that DataFusion brings.
pub fn builtin(name: &str) -> Option<UnitRule> {
    Some(match name {
        "abs"
        | "floor"
        | "ceil"
        | "round"
        | "trunc"
        | "nanvl"
        | "min"
        | "max"
        | "first_value"
        | "last_value"
        | "nth_value"
        | "lag"
        | "lead"
        | "any_value"
        | "median"
        | "approx_median"
        | "approx_percentile_cont"
        | "approx_percentile_cont_with_weight"
        | "percentile_cont"
        | "quantile_cont"
        | "array_agg"
        | "unnest"
        | "arrow_cast"
        | "sum_distinct"
        | "array_element"
        | "list_element" => first,
        "coalesce" | "greatest" | "least" | "nullif" | "ifnull" | "nvl" | "nvl2" | "make_array" | "generate_series" | "range" => common,
        "count" | "approx_distinct" | "row_number" | "rank" | "dense_rank" | "percent_rank" | "cume_dist" | "ntile" | "signum"
        | "factorial" | "random" | "pi" | "cardinality" | "array_length" | "regr_r2" | "regr_count" => one,
        "ln" | "log10" | "log2" | "log" => one,
        "isnan" | "iszero" | "arrow_typeof" | "concat" | "bool_and" | "bool_or" => none,
        "sqrt" => |u| Ok(of(u, 0).map(|u| u.sqrt())),
        "cbrt" => |u| Ok(of(u, 0).map(|u| u.power(1, 3))),
        "power" | "pow" => |u| power(of(u, 0), None),
        "exp" => |u| plain("exp", u),
        "sinh" | "cosh" | "tanh" | "asinh" | "acosh" | "atanh" => |u| plain("a hyperbolic function", u),
        "sin" | "cos" | "tan" | "cot" => |u| angle("sine or cosine", u),
        "asin" | "acos" | "atan" => |u| plain("an inverse trigonometric function", u).and_then(|_| named("rad")),
        "atan2" => |u| common(u).and_then(|_| named("rad")),
        "radians" => |u| match of(u, 0) {
            Some(unit) if unit.to_string() != "deg" && !unit.is_one() => {
                Err(Error::mismatch("radians() of something that is not in degrees").expected("deg").found(unit))
            }
            _ => named("rad"),
        },
        "degrees" => |u| angle("degrees()", u).and_then(|_| named("deg")),
        "regr_slope" => |u| Ok(of(u, 0).zip(of(u, 1)).map(|(y, x)| y.over(&x))),
        "regr_intercept" | "regr_avgy" => first,
        "regr_avgx" => |u| Ok(of(u, 1)),
        "regr_sxx" => |u| Ok(of(u, 1).map(|x| x.power(2, 1))),
        "regr_syy" => squared,
        "regr_sxy" => |u| Ok(product(of(u, 0), of(u, 1))),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> Option<Unit> {
        Some(Unit::parse(text).unwrap())
    }

    fn answer(name: &str, units: &[Option<Unit>]) -> String {
        builtin(name).unwrap()(units).unwrap().map_or("none".into(), |u| u.to_string())
    }

    #[test]
    fn builtins_combine_units() {
        assert_eq!(answer("sqrt", &[unit("km**2/s**2")]), "km/s");
        assert_eq!(answer("cbrt", &[unit("kpc**3")]), "kpc");
        assert_eq!(answer("max", &[unit("Gyr")]), "Gyr");
        assert_eq!(answer("log10", &[unit("Msun")]), "1");
        assert_eq!(answer("count", &[unit("kpc")]), "1");
        assert_eq!(answer("coalesce", &[unit("kpc"), None]), "kpc");
        assert_eq!(answer("atan2", &[unit("kpc"), unit("kpc")]), "rad");
        assert_eq!(answer("regr_slope", &[unit("dex"), unit("kpc")]), unit("dex").unwrap().over(&unit("kpc").unwrap()).to_string());
    }

    #[test]
    fn wrong_units_are_refused_with_a_cure() {
        let exp = builtin("exp").unwrap()(&[unit("km/s")]).unwrap_err();
        assert!(exp.hint_text().is_some() && exp.to_string().contains("km/s"), "{exp}");
        let sine = builtin("sin").unwrap()(&[unit("deg")]).unwrap_err();
        assert_eq!(sine.hint_text(), Some("use radians(x)"));
        let mixed = builtin("greatest").unwrap()(&[unit("kpc"), unit("pc")]).unwrap_err();
        assert!(mixed.hint_text().unwrap().contains("1e-3"), "{mixed}");
        assert!(builtin("least").unwrap()(&[unit("kpc"), unit("km/s")]).is_err());
    }

    #[test]
    fn powers_need_literals() {
        assert_eq!(power(unit("km/s"), Some(2.0)).unwrap().unwrap().to_string(), "km**2/s**2");
        assert_eq!(power(unit("kpc"), Some(-0.5)).unwrap(), Some(unit("kpc").unwrap().power(-1, 2)));
        assert!(power(unit("kpc"), None).is_err());
        assert!(power(unit("kpc"), Some(std::f64::consts::PI)).is_err());
        assert_eq!(power(unit("1"), Some(0.43)).unwrap(), unit("1"));
        assert_eq!(power(None, Some(0.43)).unwrap(), None);
    }
}
