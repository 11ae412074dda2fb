//! Conversion of stored numbers to kpc, km/s and Msun: by the scaling attributes of a dataset, else by documented defaults.
//!
//! Formula    cgs = value * to_cgs * a^a_scaling * h^h_scaling; canonical = cgs / (kpc^length Msun^mass (km/s)^velocity in cgs)
//! Units      defaults: kpc/h comoving, 1e10 Msun/h, km/s sqrt(a); u in (km/s)^2 without a; potential (km/s)^2 / a
//! Source     GADGET-4 manual, "Snapshot format"; TNG data specification; own reading of both
//! Edge cases `to_cgs = 0` is dimensionless; attributes whose dimensions contradict a known dataset are not believed;
//!            the file's own `to_cgs` decides, so the older solar mass 1.989e33 g is converted exactly (3e-4 in every mass)
//! See also   `names` for the dimensions of known datasets

use crate::constants::{KPC_CM, SOLAR_MASS_G};
use crate::ingest::OpenOptions;

use super::file::Attributes;
use super::header::Header;

/// One km/s [cm/s]; exact.
const KMS_CM_S: f64 = 1e5;
/// Mass unit of files that name none: 1e10 Msun (per h); GADGET convention.
const DEFAULT_MASS_MSUN: f64 = 1e10;

/// Powers of the canonical units, and of `a` and `h` by default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ingest) struct Dimension {
    /// Power of kpc.
    pub(in crate::ingest) length: f64,
    /// Power of Msun.
    pub(in crate::ingest) mass: f64,
    /// Power of km/s.
    pub(in crate::ingest) velocity: f64,
    /// Power of the scale factor when no attribute says.
    pub(in crate::ingest) a: f64,
    /// Power of h when no attribute says.
    pub(in crate::ingest) h: f64,
}

impl Dimension {
    const fn new(length: f64, mass: f64, velocity: f64, a: f64, h: f64) -> Self {
        Dimension { length, mass, velocity, a, h }
    }

    /// No dimension at all.
    pub(in crate::ingest) const NONE: Dimension = Dimension::new(0.0, 0.0, 0.0, 0.0, 0.0);
    /// Comoving length over h.
    pub(in crate::ingest) const LENGTH: Dimension = Dimension::new(1.0, 0.0, 0.0, 1.0, -1.0);
    /// Mass over h.
    pub(in crate::ingest) const MASS: Dimension = Dimension::new(0.0, 1.0, 0.0, 0.0, -1.0);
    /// GADGET velocity: peculiar over sqrt(a).
    pub(in crate::ingest) const VELOCITY: Dimension = Dimension::new(0.0, 0.0, 1.0, 0.5, 0.0);
    /// Comoving density.
    pub(in crate::ingest) const DENSITY: Dimension = Dimension::new(-3.0, 1.0, 0.0, -3.0, 2.0);
    /// Specific internal energy.
    pub(in crate::ingest) const ENERGY: Dimension = Dimension::new(0.0, 0.0, 2.0, 0.0, 0.0);
    /// Potential.
    pub(in crate::ingest) const POTENTIAL: Dimension = Dimension::new(0.0, 0.0, 2.0, -1.0, 0.0);

    /// VOUnit string of these powers, `unknown` when they are not whole.
    pub(in crate::ingest) fn unit(&self) -> String {
        let whole = |power: f64| (power.fract() == 0.0 && power.abs() < 100.0).then_some(power as i32);
        let (Some(length), Some(mass), Some(velocity)) = (whole(self.length), whole(self.mass), whole(self.velocity)) else {
            return crate::table::schema::UNKNOWN_UNIT.into();
        };
        let power = |name: &str, n: i32| if n == 1 { name.to_string() } else { format!("{name}**{n}") };
        let factors = [("Msun", mass), ("kpc", length), ("km", velocity), ("s", -velocity)];
        let above: Vec<String> = factors.iter().filter(|(_, n)| *n > 0).map(|(name, n)| power(name, *n)).collect();
        let below: Vec<String> = factors.iter().filter(|(_, n)| *n < 0).map(|(name, n)| format!("/{}", power(name, -n))).collect();
        let above = if above.is_empty() { "1".to_string() } else { above.join(".") };
        above + &below.concat()
    }

    fn agrees(&self, other: &Dimension) -> bool {
        self.length == other.length && self.mass == other.mass && self.velocity == other.velocity
    }
}

/// Sizes of the code units.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct CodeUnits {
    length_kpc: f64,
    mass_msun: f64,
    velocity_kms: f64,
    /// Scale factor, 1 in non-comoving runs.
    pub(in crate::ingest) a: f64,
    /// Hubble parameter.
    pub(in crate::ingest) h: f64,
}

impl CodeUnits {
    /// Units named by the file, else by the user, else the GADGET convention; what was assumed is added to `notes`.
    pub(in crate::ingest) fn new(header: &Header, options: &OpenOptions, notes: &mut Vec<String>) -> CodeUnits {
        let h = header.code_h();
        let mut assumed = Vec::new();
        // The user's units are physical or comoving ones as they stand, while code units carry 1/h: multiply it in here once.
        let length_kpc = header.unit_length_cm.map(|u| u / KPC_CM).or(options.length_kpc.map(|u| u * h)).unwrap_or_else(|| {
            assumed.push("kpc/h");
            1.0
        });
        let mass_msun = header.unit_mass_g.map(|u| u / SOLAR_MASS_G).or(options.mass_msun.map(|u| u * h)).unwrap_or_else(|| {
            assumed.push("1e10 Msun/h");
            DEFAULT_MASS_MSUN
        });
        let velocity_kms = header.unit_velocity_cms.map(|u| u / KMS_CM_S).or(options.velocity_kms).unwrap_or_else(|| {
            assumed.push("km/s");
            1.0
        });
        if !assumed.is_empty() {
            let frame = if header.comoving { " (comoving lengths, velocities over sqrt(a))" } else { "" };
            notes.push(format!("the header names no units for some quantities: {} assumed{frame}", assumed.join(", ")));
        }
        CodeUnits { length_kpc, mass_msun, velocity_kms, a: header.scale_factor(), h }
    }

    /// Factor from code units to canonical units by convention.
    pub(in crate::ingest) fn factor(&self, d: &Dimension) -> f64 {
        self.without_a(d) * self.a.powf(d.a)
    }

    /// The same without the power of the scale factor.
    pub(in crate::ingest) fn without_a(&self, d: &Dimension) -> f64 {
        self.length_kpc.powf(d.length) * self.mass_msun.powf(d.mass) * self.velocity_kms.powf(d.velocity) * self.h.powf(d.h)
    }

    /// Length of one unit of time [kpc/(km/s)], for `Time` of non-comoving runs.
    pub(in crate::ingest) fn time(&self) -> f64 {
        self.length_kpc / self.velocity_kms / self.h
    }
}

/// Attributes of SWIFT's datasets.
const SWIFT_CGS: &str = "Conversion factor to CGS (not including cosmological corrections)";

/// Scaling attributes of one dataset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ingest) struct Scaling {
    /// Dimension with the file's own powers of `a` and `h`.
    pub(in crate::ingest) dimension: Dimension,
    /// Whether the file states the powers of length, mass and velocity (EAGLE does not).
    pub(in crate::ingest) stated: bool,
    /// Size of one code unit [cgs]; 0 is dimensionless.
    pub(in crate::ingest) to_cgs: f64,
}

impl Scaling {
    /// The attributes in the manner of GADGET-4, SWIFT or EAGLE, when all of them are there and finite.
    pub(in crate::ingest) fn of(attributes: &Attributes) -> Option<Scaling> {
        let get = |name: &str| attributes.get(name).and_then(|v| v.float()).filter(|v| v.is_finite());
        if attributes.contains_key(SWIFT_CGS) {
            let (length, mass, time) = (get("U_L exponent")?, get("U_M exponent")?, get("U_t exponent")?);
            // A time is a length over a velocity. Powers of temperature and current have no name here.
            let nameless = get("U_T exponent").unwrap_or(0.0) != 0.0 || get("U_I exponent").unwrap_or(0.0) != 0.0;
            let length = if nameless { f64::NAN } else { length + time };
            let h = get("h-scale exponent").unwrap_or(0.0);
            let dimension = Dimension { length, mass, velocity: -time, a: get("a-scale exponent")?, h };
            return Some(Scaling { dimension, stated: true, to_cgs: get(SWIFT_CGS).filter(|v| *v >= 0.0)? });
        }
        if let Some(to_cgs) = get("CGSConversionFactor").filter(|v| *v >= 0.0) {
            let dimension = Dimension { a: get("aexp-scale-exponent")?, h: get("h-scale-exponent")?, ..Dimension::NONE };
            return Some(Scaling { dimension, stated: false, to_cgs });
        }
        let dimension = Dimension {
            length: get("length_scaling")?,
            mass: get("mass_scaling")?,
            velocity: get("velocity_scaling")?,
            a: get("a_scaling")?,
            h: get("h_scaling")?,
        };
        let to_cgs = get("to_cgs").filter(|v| *v >= 0.0)?;
        Some(Scaling { dimension, stated: true, to_cgs })
    }

    /// Whether the attributes may be believed for a dataset of known dimension.
    pub(in crate::ingest) fn agrees(&self, known: &Dimension) -> bool {
        self.to_cgs > 0.0 && (!self.stated || self.dimension.agrees(known))
    }

    /// Factor to the canonical units of `known` without the power of the scale factor.
    pub(in crate::ingest) fn without_a(&self, known: &Dimension, h: f64) -> f64 {
        let canonical_cgs = KPC_CM.powf(known.length) * SOLAR_MASS_G.powf(known.mass) * KMS_CM_S.powf(known.velocity);
        self.to_cgs * h.powf(self.dimension.h) / canonical_cgs
    }

    /// Factor to the canonical units of `known`.
    pub(in crate::ingest) fn factor(&self, known: &Dimension, units: &CodeUnits) -> f64 {
        self.without_a(known, units.h) * units.a.powf(self.dimension.a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: CodeUnits = CodeUnits { length_kpc: 1.0, mass_msun: 1e10, velocity_kms: 1.0, a: 0.8, h: 0.6774 };

    #[test]
    fn defaults_follow_the_gadget_convention() {
        assert!((UNITS.factor(&Dimension::LENGTH) - 0.8 / 0.6774).abs() < 1e-15);
        assert!((UNITS.factor(&Dimension::MASS) - 1e10 / 0.6774).abs() < 1e-5);
        assert!((UNITS.factor(&Dimension::VELOCITY) - 0.8f64.sqrt()).abs() < 1e-15);
        assert_eq!(UNITS.factor(&Dimension::ENERGY), 1.0);
        assert!((UNITS.factor(&Dimension::POTENTIAL) - 1.25).abs() < 1e-15);
        let density = 1e10 * 0.6774f64.powi(2) / 0.8f64.powi(3);
        assert!((UNITS.factor(&Dimension::DENSITY) / density - 1.0).abs() < 1e-14);
    }

    #[test]
    fn attributes_convert_the_files_own_solar_mass_exactly() {
        let scaling = Scaling { dimension: Dimension::MASS, stated: true, to_cgs: 1.989e43 };
        // 1.989e33 g is 1.00030 of the IAU value of the sun's mass.
        assert!((scaling.factor(&Dimension::MASS, &UNITS) / (1e10 / 0.6774) - 1.989e33 / SOLAR_MASS_G).abs() < 1e-12);
        assert!(!scaling.agrees(&Dimension::LENGTH));
        assert!(!Scaling { dimension: Dimension::MASS, stated: true, to_cgs: 0.0 }.agrees(&Dimension::MASS));
    }

    #[test]
    fn exponents_of_swift_and_factors_of_eagle_are_understood() {
        let attributes = |list: &[(&str, f64)]| {
            list.iter().map(|(n, v)| (n.to_string(), super::super::file::Attribute::Floats(vec![*v]))).collect::<Attributes>()
        };
        let swift = |l: f64, m: f64, t: f64, kelvin: f64, a: f64, cgs: f64| {
            let list = [("U_L exponent", l), ("U_M exponent", m), ("U_t exponent", t), ("U_T exponent", kelvin), ("a-scale exponent", a)];
            Scaling::of(&attributes(&[&list[..], &[(SWIFT_CGS, cgs)]].concat())).unwrap()
        };
        // u: (Mpc / (Mpc s/km))^2 = (km/s)^2, physical = value / a^2.
        let energy = swift(2.0, 0.0, -2.0, 0.0, -2.0, 1e10);
        assert!(energy.agrees(&Dimension::ENERGY));
        assert!((energy.factor(&Dimension::ENERGY, &UNITS) - 1.0 / 0.64).abs() < 1e-14);
        let velocity = swift(1.0, 0.0, -1.0, 0.0, 0.0, 1e5);
        assert!(velocity.agrees(&Dimension::VELOCITY) && (velocity.factor(&Dimension::VELOCITY, &UNITS) - 1.0).abs() < 1e-14);
        assert_eq!(swift(0.0, 0.0, 0.0, 1.0, 0.0, 1.0).dimension.unit(), "unknown");
        assert_eq!(swift(0.0, 1.0, -1.0, 0.0, 0.0, 1.0).dimension.unit(), "Msun.km/kpc/s");
        let eagle = attributes(&[("CGSConversionFactor", 1.989e43), ("aexp-scale-exponent", 0.0), ("h-scale-exponent", -1.0)]);
        let mass = Scaling::of(&eagle).unwrap();
        assert!(!mass.stated && mass.agrees(&Dimension::MASS));
        assert!((mass.factor(&Dimension::MASS, &UNITS) / (1.989e43 / SOLAR_MASS_G / 0.6774) - 1.0).abs() < 1e-14);
        assert!(Scaling::of(&attributes(&[("CGSConversionFactor", 1.0)])).is_none());
    }

    #[test]
    fn units_are_written_from_powers() {
        assert_eq!(Dimension::DENSITY.unit(), "Msun/kpc**3");
        assert_eq!(Dimension::ENERGY.unit(), "km**2/s**2");
        assert_eq!(Dimension::VELOCITY.unit(), "km/s");
        assert_eq!(Dimension::NONE.unit(), "1");
        assert_eq!(Dimension { length: 0.5, ..Dimension::NONE }.unit(), "unknown");
        assert_eq!(Dimension { length: 1.0, velocity: 1.0, ..Dimension::NONE }.unit(), "kpc.km/s");
        assert_eq!(Dimension { length: -1.0, velocity: -1.0, ..Dimension::NONE }.unit(), "s/kpc/km");
    }
}
