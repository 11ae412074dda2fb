//! Code units of a Tipsy run and the factors that make stored values physical.
//!
//! Formula    G = 1 in code: v = sqrt(G m / l), t = l / v, rho = m / l^3; h = dHubble0 x 10 v / l (v in km/s, l in kpc);
//!            cosmological at scale factor a: x a l, v a, rho a^-3, phi v^2 / a, eps a l; mass, temperature, metals as they are
//! Units      length unit \[kpc\] (comoving in a cosmological run), mass unit \[Msun\], velocity unit [km/s], time unit \[Gyr\]
//! Refuses    units that are not positive; a cosmological header time that is no scale factor
//! Edge cases no parameter file: values stay in code units, unit `unknown`; length and mass may be given in `OpenOptions`
//! Source     Gasoline and ChaNGa parameter documentation; pynbody 2.8 rounds the same units to 5 digits (1e-5 systematic)
//! See also   `param`, `constants`

use super::param::Param;
use crate::constants::{GRAVITY_KPC_KMS2_MSUN, GYR_PER_TIME_UNIT};
use crate::cosmology::{AgeTable, Cosmology};
use crate::error::{Error, Result};
use crate::ingest::OpenOptions;
use crate::ingest::fields::Quantity;

/// Largest scale factor that is believed; runs go a little into the future.
const LARGEST_SCALE_FACTOR: f64 = 100.0;
/// dHubble0 is the Hubble rate in code units: times v / l it is in km/s/kpc, times 10 it is h.
const H_PER_KMS_KPC: f64 = 10.0;

/// Sizes of the code's units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodeUnits {
    /// Length unit \[kpc\], comoving in a cosmological run.
    pub length_kpc: f64,
    /// Mass unit \[Msun\].
    pub mass_msun: f64,
    /// Velocity unit [km/s].
    pub velocity_kms: f64,
}

impl CodeUnits {
    /// Units of a code with G = 1, from its length and mass.
    pub fn of(length_kpc: f64, mass_msun: f64) -> CodeUnits {
        CodeUnits { length_kpc, mass_msun, velocity_kms: (GRAVITY_KPC_KMS2_MSUN * mass_msun / length_kpc).sqrt() }
    }

    /// Time unit \[Gyr\].
    pub fn time_gyr(&self) -> f64 {
        GYR_PER_TIME_UNIT * self.length_kpc / self.velocity_kms
    }

    /// Density unit [Msun/kpc^3].
    pub fn density(&self) -> f64 {
        self.mass_msun / self.length_kpc.powi(3)
    }
}

/// Everything that turns the stored numbers of one snapshot into physical ones.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// Units, where they are known.
    pub units: Option<CodeUnits>,
    /// Scale factor of a cosmological run.
    pub scale_factor: Option<f64>,
    /// Cosmology, where parameters and units give one.
    pub cosmology: Option<Cosmology>,
    /// Table of that cosmology.
    pub ages: Option<AgeTable>,
    /// Cosmic or simulation time of the snapshot \[Gyr\].
    pub time_gyr: Option<f64>,
    /// Physical side of the periodic box \[kpc\].
    pub box_kpc: Option<f64>,
    /// Whether a negative formation time marks a black hole: only where the run forms or follows them.
    pub black_holes: bool,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Conversion {
    /// From the header time, the parameter file and what the user gave.
    pub fn new(time: f64, param: Option<&Param>, options: &OpenOptions) -> Result<Conversion> {
        let number = |key: &str| param.map_or(Ok(None), |p| p.number(key));
        let positive = |key: &str| param.map_or(Ok(None), |p| p.positive(key));
        let switch = |key: &str| param.map_or(Ok(None), |p| p.switch(key));
        let comoving = switch("bComove")?.unwrap_or(false);
        let (named_length, named_mass) = (positive("dKpcUnit")?, positive("dMsolUnit")?);
        let given = |value: Option<f64>, name: &str| match value {
            Some(v) if !(v.is_finite() && v > 0.0) => Err(Error::usage(format!("{name} unit must be positive")).found(v)),
            other => Ok(other),
        };
        let length = named_length.or(given(options.length_kpc, "length")?);
        let mass = named_mass.or(given(options.mass_msun, "mass")?);
        let velocity = given(options.velocity_kms, "velocity")?;
        let mut units = length.zip(mass).map(|(length, mass)| CodeUnits::of(length, mass));
        if let (Some(units), Some(velocity), false) = (&mut units, velocity, named_length.is_some() && named_mass.is_some()) {
            units.velocity_kms = velocity;
        }
        let mut notes = Vec::new();
        if units.is_none() {
            let why = match param {
                None => "no parameter file was found".to_string(),
                Some(p) => format!("`{}` has no dKpcUnit and dMsolUnit", super::param::file_name(&p.path)),
            };
            notes.push(format!(
                "{why}: values stay in code units, unit `unknown`; give the length unit in kpc and the mass unit in Msun to convert"
            ));
        } else if named_length.is_none() || named_mass.is_none() {
            notes.push("length and mass units are those given by the user".to_string());
        }
        if param.is_none() && units.is_some() {
            notes.push("no parameter file was found: the run is taken as not cosmological".to_string());
        }
        if comoving && !(time > 0.0 && time <= LARGEST_SCALE_FACTOR) {
            return Err(Error::damaged("header time of a cosmological run is no scale factor")
                .expected(format!("more than 0, at most {LARGEST_SCALE_FACTOR}"))
                .found(time)
                .hint("bComove = 1 in the parameter file; does that file belong to this snapshot?"));
        }
        let scale_factor = comoving.then_some(time);
        let cosmology = match (comoving, units, positive("dHubble0")?, number("dOmega0")?) {
            (true, Some(units), Some(hubble), Some(omega_m)) => {
                let h = hubble * H_PER_KMS_KPC * units.velocity_kms / units.length_kpc;
                Some(Cosmology::lcdm(h, omega_m, number("dLambda")?.unwrap_or(0.0))?)
            }
            (true, Some(_), ..) => {
                notes.push("the parameter file has no dHubble0 and dOmega0: ages cannot be computed".to_string());
                None
            }
            _ => None,
        };
        let ages = cosmology.as_ref().map(Cosmology::age_table);
        let time_gyr = if comoving { cosmology.as_ref().map(|c| c.age_gyr(time)) } else { units.map(|u| time * u.time_gyr()) };
        let box_kpc = match (comoving, units, switch("bPeriodic")?) {
            (true, Some(units), None | Some(true)) => Some(time * units.length_kpc * positive("dPeriod")?.unwrap_or(1.0)),
            (false, Some(units), Some(true)) => positive("dPeriod")?.map(|side| side * units.length_kpc),
            _ => None,
        };
        let mut black_holes = false;
        for key in ["bBHSink", "bBHForm"] {
            black_holes |= comoving && switch(key)?.unwrap_or(false);
        }
        Ok(Conversion { units, scale_factor, cosmology, ages, time_gyr, box_kpc, black_holes, notes })
    }

    /// The factor of `quantity` and the unit of the product; none for the factor and `unknown` where units are not known.
    pub fn of(&self, quantity: Quantity) -> (Option<f64>, &'static str) {
        let a = self.scale_factor.unwrap_or(1.0);
        let unit = match quantity {
            Quantity::Number => return (None, "1"),
            Quantity::Temperature => return (None, "K"),
            Quantity::Unknown => return (None, "unknown"),
            Quantity::Length => "kpc",
            Quantity::Mass => "Msun",
            Quantity::Velocity => "km/s",
            Quantity::Density => "Msun/kpc**3",
            Quantity::Potential => "km**2/s**2",
            Quantity::Time => "Gyr",
        };
        let Some(units) = self.units else { return (None, "unknown") };
        let factor = match quantity {
            Quantity::Length => a * units.length_kpc,
            Quantity::Mass => units.mass_msun,
            Quantity::Velocity => a * units.velocity_kms,
            Quantity::Density => units.density() / a.powi(3),
            Quantity::Potential => units.velocity_kms.powi(2) / a,
            _ => units.time_gyr(),
        };
        (Some(factor), unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn param(text: &str) -> Param {
        Param::parse(Path::new("a.param"), text)
    }

    #[test]
    fn tiny_has_its_known_units() {
        // shared README 1.2: time unit 43.0 kpc s/km = 42.05 Gyr, h 0.67269588.
        let p = param("dKpcUnit = 50000\ndMsolUnit = 1.57138e16\ndHubble0 = 2.89265\ndOmega0 = 0.3156\ndLambda = 0.6844\nbComove = 1");
        let c = Conversion::new(0.30091858278, Some(&p), &OpenOptions::default()).unwrap();
        let units = c.units.unwrap();
        assert!((units.time_gyr() - 42.05).abs() < 0.01, "{}", units.time_gyr());
        assert!((c.cosmology.unwrap().h / 0.67269588 - 1.0).abs() < 2e-4);
        assert!((c.box_kpc.unwrap() - 50000.0 * 0.30091858278).abs() < 1e-6);
        assert!((c.time_gyr.unwrap() / 2.82003 - 1.0).abs() < 2e-4);
    }

    #[test]
    fn nothing_is_invented_without_units() {
        let c = Conversion::new(0.05, Some(&param("bComove = 1\ndHubble0 = 2.9\ndOmega0 = 0.3")), &OpenOptions::default()).unwrap();
        assert_eq!(c.of(Quantity::Length), (None, "unknown"));
        assert_eq!(c.of(Quantity::Temperature), (None, "K"));
        assert!(c.cosmology.is_none() && c.time_gyr.is_none() && c.notes.len() == 1);
        assert_eq!(c.scale_factor, Some(0.05));
    }

    #[test]
    fn the_user_can_give_units() {
        let options = OpenOptions {
            length_kpc: Some(1.0),
            mass_msun: Some(1.0 / GRAVITY_KPC_KMS2_MSUN),
            velocity_kms: None,
            ..OpenOptions::default()
        };
        let c = Conversion::new(2.0, None, &options).unwrap();
        assert!((c.of(Quantity::Velocity).0.unwrap() - 1.0).abs() < 1e-15);
        assert!((c.time_gyr.unwrap() - 2.0 * GYR_PER_TIME_UNIT).abs() < 1e-12);
        let wrong = OpenOptions { length_kpc: Some(-1.0), ..options };
        assert_eq!(Conversion::new(2.0, None, &wrong).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_scale_factor_has_to_be_one() {
        for time in [0.0, -0.5, 1e9] {
            assert!(Conversion::new(time, Some(&param("bComove = 1")), &OpenOptions::default()).is_err());
        }
    }
}
