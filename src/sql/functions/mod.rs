//! SQL functions for astronomers: one file per function, one registry line each.
//!
//! Layout     `doc` what a function says about itself; `scalar` the frame around scalars; folders by subject; aggregates in `sql::aggregates`
//! See also   docs/reference/functions.md (generated from here), `units` (unit rules)

mod doc;
mod floor;
mod reference;
pub mod scalar;
pub mod structured;
pub mod tally;
pub mod units;

pub mod chemistry;
pub mod cosmic;
pub mod momentum;
pub mod orbits;
pub mod position;
pub mod velocity;

use std::sync::LazyLock;

use datafusion::prelude::SessionContext;

use self::scalar::{Scalar, ScalarFunction};
use self::structured::{Structured, StructuredFunction};
use crate::error::Result;
use crate::sql::aggregates::{Aggregate, distribution, statistics, structure};
use crate::units::Unit;

pub use doc::{FunctionDoc, UnitRule};
pub use reference::reference_markdown;
pub use units::field_units;

/// Every scalar function.
static SCALARS: &[&Scalar] = &[
    &position::azimuth::FUNCTION,
    &position::r_cyl::FUNCTION,
    &position::radius::FUNCTION,
    &position::theta::FUNCTION,
    &velocity::speed::FUNCTION,
    &velocity::toomre::FUNCTION,
    &velocity::v_phi::FUNCTION,
    &velocity::v_r::FUNCTION,
    &velocity::v_sph::FUNCTION,
    &momentum::ecc_proxy::FUNCTION,
    &momentum::energy::FUNCTION,
    &momentum::l_total::FUNCTION,
    &momentum::lx::FUNCTION,
    &momentum::ly::FUNCTION,
    &momentum::lz::FUNCTION,
    &orbits::circularity::FUNCTION,
    &orbits::potential::FUNCTION,
    &cosmic::age_at::FUNCTION,
    &cosmic::redshift::FUNCTION,
    &cosmic::scale_factor::FUNCTION,
    &chemistry::abundance::FUNCTION,
    &chemistry::abundance_z::FUNCTION,
    &chemistry::log_oh::FUNCTION,
];

/// Every function that gives a struct.
static STRUCTURED: &[&Structured] = &[
    &orbits::acceleration::FUNCTION,
    &orbits::actions::FUNCTION,
    &orbits::actions_angles::FUNCTION,
    &orbits::actions_converged::FUNCTION,
    &orbits::orbit::FUNCTION,
    &orbits::orbit_at::FUNCTION,
    &orbits::orbit_frequencies::FUNCTION,
    &orbits::orbit_track::FUNCTION,
];

/// Every aggregate function.
static AGGREGATES: &[&Aggregate] = &[
    &statistics::avg::FUNCTION,
    &statistics::corr::FUNCTION,
    &statistics::covar_pop::FUNCTION,
    &statistics::covar_samp::FUNCTION,
    &statistics::stddev::FUNCTION,
    &statistics::stddev_pop::FUNCTION,
    &statistics::sum::FUNCTION,
    &statistics::var::FUNCTION,
    &statistics::var_pop::FUNCTION,
    &statistics::weighted_mean::FUNCTION,
    &distribution::hist2d::FUNCTION,
    &distribution::percentile::FUNCTION,
    &distribution::quantile::FUNCTION,
    &distribution::quantile_track::FUNCTION,
    &structure::angular_momentum::FUNCTION,
    &structure::center::FUNCTION,
    &structure::center_of_mass::FUNCTION,
    &structure::face_on::FUNCTION,
];

/// Other names of aggregates, for the unit rules.
const ALIASES: &[(&str, &str)] = &[
    ("mean", "avg"),
    ("var_samp", "var"),
    ("var_sample", "var"),
    ("var_population", "var_pop"),
    ("stddev_samp", "stddev"),
    ("covar", "covar_samp"),
];

/// Adds every function to a DataFusion context; sums, means and variances replace the built-in ones of the same name.
///
/// `open_files`: whether the name of a potential may be that of a file.
pub fn register(context: &SessionContext, open_files: bool) -> Result<()> {
    for function in SCALARS {
        context.register_udf(ScalarFunction::udf(function, open_files));
    }
    for function in STRUCTURED {
        context.register_udf(StructuredFunction::udf(function, open_files));
    }
    context.register_udf(floor::udf());
    for function in AGGREGATES {
        context.register_udaf((function.make)());
    }
    Ok(())
}

/// Documentation of every function, aggregates first, by name.
pub fn docs() -> &'static [FunctionDoc] {
    static DOCS: LazyLock<Vec<FunctionDoc>> = LazyLock::new(|| {
        let mut docs: Vec<FunctionDoc> =
            SCALARS.iter().map(|f| f.doc).chain(STRUCTURED.iter().map(|f| f.doc)).chain(AGGREGATES.iter().map(|f| f.doc)).collect();
        docs.sort_by_key(|doc| (doc.kind, doc.name));
        docs
    });
    &DOCS
}

/// How `name` (ours or built in, in lower case) combines units; none when the function is not known.
pub fn unit_rule(name: &str) -> Option<UnitRule> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, target)| target);
    let scalar = SCALARS.iter().find(|f| f.doc.name == name || f.aliases.contains(&name)).map(|f| f.unit);
    let structured = || STRUCTURED.iter().find(|f| f.doc.name == name).map(|f| f.unit);
    let aggregate = || AGGREGATES.iter().find(|f| f.doc.name == name).map(|f| f.unit);
    scalar.or_else(structured).or_else(aggregate).or_else(|| units::builtin(name))
}

/// Unit of the call `name(arguments)`; `literals` holds the value of every argument that is a numeric literal, which `power(x, 2)` needs.
///
/// A function without a rule answers `None` (unknown).
pub fn unit_of_call(name: &str, units: &[Option<Unit>], literals: &[Option<f64>]) -> Result<Option<Unit>> {
    if matches!(name, "power" | "pow") {
        return units::power(units::of(units, 0), literals.get(1).copied().flatten());
    }
    unit_rule(name).map_or(Ok(None), |rule| rule(units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_documented_in_full_and_named_once() {
        for doc in docs() {
            for text in [doc.name, doc.kind, doc.signature, doc.description, doc.formula, doc.units, doc.source, doc.example, doc.see_also]
            {
                assert!(!text.trim().is_empty(), "{} has an empty text", doc.name);
            }
            assert!(doc.signature.starts_with(doc.name) && doc.example.contains(doc.name), "{}", doc.name);
            assert!(doc.example_answer.is_some_and(|a| !a.is_empty()), "{}", doc.name);
            assert_eq!(docs().iter().filter(|d| d.name == doc.name).count(), 1, "{}", doc.name);
        }
    }

    #[test]
    fn every_function_and_alias_has_a_unit_rule() {
        for doc in docs() {
            assert!(unit_rule(doc.name).is_some(), "{}", doc.name);
        }
        let context = SessionContext::new();
        register(&context, true).unwrap();
        for function in AGGREGATES {
            for alias in (function.make)().aliases() {
                assert!(unit_rule(alias).is_some(), "{alias}");
            }
        }
        assert!(unit_rule("no_such_function").is_none());
    }

    #[test]
    fn units_of_calls() {
        let unit = |text: &str| Some(Unit::parse(text).unwrap());
        let of = |name: &str, units: &[Option<Unit>]| unit_of_call(name, units, &[]).unwrap().map(|u| u.to_string());
        let (kpc, kms) = (unit("kpc"), unit("km/s"));
        assert_eq!(of("v_phi", &[kpc.clone(), kpc.clone(), kms.clone(), kms.clone()]), Some("km/s".into()));
        assert_eq!(
            of("lz", &[kpc.clone(), kpc.clone(), kms.clone(), kms.clone()]),
            kpc.clone().zip(kms.clone()).map(|(a, b)| a.times(&b).to_string())
        );
        assert_eq!(of("sum", &[unit("Msun")]), Some("Msun".into()));
        assert_eq!(of("var", std::slice::from_ref(&kms)), Some("km**2/s**2".into()));
        assert_eq!(of("stddev", std::slice::from_ref(&kms)), Some("km/s".into()));
        assert_eq!(of("abundance", &[None, None, unit("1"), unit("1")]), Some("dex".into()));
        assert_eq!(unit_of_call("power", &[kms.clone(), None], &[None, Some(2.0)]).unwrap(), unit("km**2/s**2"));
        assert!(unit_of_call("radius", &[kpc.clone(), kpc, kms], &[]).is_err());
    }
}
