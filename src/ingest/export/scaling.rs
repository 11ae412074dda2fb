//! Code units of GADGET files and the attributes by which readers convert each dataset.
//!
//! Formula    canonical = value (1e10 Msun)^mass a^a h^h, lengths in kpc, velocities in km/s; to_cgs = kpc^length (1e10 Msun)^mass (km/s)^velocity
//! Layout     a_scaling, h_scaling, length_scaling, mass_scaling, velocity_scaling, to_cgs of GADGET-4 and AREPO;
//!            aexp-scale-exponent, h-scale-exponent, CGSConversionFactor, VarDescription of EAGLE, which pynbody wants
//! Source     GADGET-4 manual, "Snapshot format"; The EAGLE team 2017, arXiv:1706.09899
//! Edge cases a column of another dimension than powers of kpc, Msun and km/s has its unit as text only
//! See also   `ingest::gadget_hdf5::scaling` reads the same

use hdf5_pure::AttrValue;

use crate::constants::{KPC_CM, SOLAR_MASS_G};
use crate::ingest::gadget_hdf5::scaling::Dimension;
use crate::units::Unit;

/// Mass unit, over h [Msun]; GADGET convention.
const MASS_MSUN: f64 = 1e10;
/// One km/s [cm/s]; exact.
const KMS_CM_S: f64 = 1e5;
/// Powers of kpc, Msun and km/s that are tried for the unit of a column.
const POWERS: std::ops::RangeInclusive<i32> = -3..=3;

/// Unit of length [cm].
pub(super) const UNIT_LENGTH_CM: f64 = KPC_CM;
/// Unit of mass [g].
pub(super) const UNIT_MASS_G: f64 = MASS_MSUN * SOLAR_MASS_G;
/// Unit of velocity [cm/s].
pub(super) const UNIT_VELOCITY_CM_S: f64 = KMS_CM_S;

/// An attribute.
pub(super) type Attribute = (&'static str, AttrValue);

/// Code units at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    /// Scale factor, 1 in runs that are not cosmological.
    pub(super) a: f64,
    /// Hubble parameter, 1 in runs that are not cosmological.
    pub(super) h: f64,
}

impl Code {
    /// Canonical units in one code unit.
    pub(super) fn factor(&self, d: &Dimension) -> f64 {
        self.without_a(d) * self.a.powf(d.a)
    }

    /// The same without the power of the scale factor.
    pub(super) fn without_a(&self, d: &Dimension) -> f64 {
        MASS_MSUN.powf(d.mass) * self.h.powf(d.h)
    }
}

fn exponents(d: &Dimension, to_cgs: f64) -> Vec<Attribute> {
    let powers = [
        ("a_scaling", d.a),
        ("h_scaling", d.h),
        ("length_scaling", d.length),
        ("mass_scaling", d.mass),
        ("velocity_scaling", d.velocity),
        ("to_cgs", to_cgs),
    ];
    powers.map(|(name, value)| (name, AttrValue::F64(value))).to_vec()
}

/// Attributes of a dataset in code units; `what` is one line.
pub(super) fn of_code(d: &Dimension, what: &str) -> Vec<Attribute> {
    let to_cgs = UNIT_LENGTH_CM.powf(d.length) * UNIT_MASS_G.powf(d.mass) * UNIT_VELOCITY_CM_S.powf(d.velocity);
    let mut attributes = exponents(d, to_cgs);
    let power = |name: &str, n: f64| match n {
        0.0 => String::new(),
        1.0 => format!("{name} "),
        n => format!("{name}^{n} "),
    };
    let text = [power("U_M", d.mass), power("U_L", d.length), power("U_V", d.velocity)].concat();
    attributes.extend(described(&format!("{text}: {what}"), to_cgs, d.a, d.h));
    attributes
}

/// EAGLE's attributes alone.
pub(super) fn described(text: &str, to_cgs: f64, a: f64, h: f64) -> Vec<Attribute> {
    vec![
        ("CGSConversionFactor", AttrValue::F64(to_cgs)),
        ("aexp-scale-exponent", AttrValue::F64(a)),
        ("h-scale-exponent", AttrValue::F64(h)),
        ("VarDescription", AttrValue::String(text.to_string())),
    ]
}

/// Attributes of a pure number.
pub(super) fn of_number() -> Vec<Attribute> {
    exponents(&Dimension::NONE, 0.0)
}

/// Attributes of a physical value in `unit`.
pub(super) fn of_unit(unit: &str) -> Vec<Attribute> {
    let text = vec![("unit", AttrValue::String(unit.to_string()))];
    let Ok(parsed) = Unit::parse(unit) else { return text };
    if parsed.is_unknown() {
        return text;
    }
    if parsed.is_one() {
        return [of_number(), text].concat();
    }
    for length in POWERS {
        for mass in POWERS {
            for velocity in POWERS {
                let d = Dimension { length: length.into(), mass: mass.into(), velocity: velocity.into(), ..Dimension::NONE };
                let Ok(canonical) = Unit::parse(&d.unit()) else { continue };
                if let Ok(factor) = parsed.factor_to(&canonical) {
                    let canonical_cgs = KPC_CM.powf(d.length) * SOLAR_MASS_G.powf(d.mass) * KMS_CM_S.powf(d.velocity);
                    return [exponents(&d, factor * canonical_cgs), text].concat();
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(attributes: &[Attribute], name: &str) -> f64 {
        attributes.iter().find(|(n, _)| *n == name).and_then(|(_, v)| v.as_f64()).unwrap_or_else(|| panic!("no {name}"))
    }

    #[test]
    fn code_units_are_those_of_the_convention() {
        let code = Code { a: 0.5, h: 0.7 };
        assert!((code.factor(&Dimension::LENGTH) - 0.5 / 0.7).abs() < 1e-16);
        assert!((code.factor(&Dimension::MASS) / (1e10 / 0.7) - 1.0).abs() < 1e-15);
        assert!((code.factor(&Dimension::VELOCITY) - 0.5f64.sqrt()).abs() < 1e-16);
        assert!((code.factor(&Dimension::DENSITY) / (1e10 * 0.49 / 0.125) - 1.0).abs() < 1e-15);
        assert_eq!(Code { a: 1.0, h: 1.0 }.factor(&Dimension::POTENTIAL), 1.0);
    }

    #[test]
    fn attributes_say_what_the_values_are() {
        let density = of_code(&Dimension::DENSITY, "gas density");
        // 1e10 Msun/kpc^3 with the IAU sun: 6.7680e-22 g/cm^3.
        assert!((number(&density, "to_cgs") / 6.7680e-22 - 1.0).abs() < 1e-4);
        assert_eq!((number(&density, "a_scaling"), number(&density, "h-scale-exponent")), (-3.0, 2.0));
        assert!(density.contains(&("VarDescription", AttrValue::String("U_M U_L^-3 : gas density".into()))));
    }

    #[test]
    fn units_of_other_columns_become_powers_where_they_can() {
        let momentum = of_unit("kpc.km/s");
        assert_eq!((number(&momentum, "length_scaling"), number(&momentum, "velocity_scaling")), (1.0, 1.0));
        assert!((number(&momentum, "to_cgs") / (KPC_CM * 1e5) - 1.0).abs() < 1e-12);
        let time = of_unit("Gyr");
        // 3.15576e16 s.
        assert!((number(&time, "to_cgs") / 3.155_76e16 - 1.0).abs() < 1e-9, "{time:?}");
        assert_eq!(of_unit("K").len(), 1, "no power of kpc, Msun and km/s");
        assert_eq!(number(&of_unit("1"), "to_cgs"), 0.0);
    }
}
