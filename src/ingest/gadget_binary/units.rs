//! Conversion of GADGET's code units to kpc, km/s and Msun; the files name no units, so they are assumed or given.
//!
//! Formula    x = code a / h, v = code sqrt(a), m = code 1e10 / h, rho = code 1e10 h^2 / a^3, u = code (no factor of a), phi = code / a
//! Units      assumed: kpc/h, 1e10 Msun/h, km/s; a user's units are taken as they are, without a further 1/h
//! Source     user guide of GADGET-2; its output routine divides accelerations by a^2 and keeps potentials comoving
//! Edge cases a = 1 in a run that is not cosmological (`header::comoving`), and h = 1 where it is unset;
//!            pynbody 2.8 multiplies u of these files by a, which no version of GADGET does
//! See also   `names::Measure`

use super::header::Header;
use super::names::Measure;
use crate::constants::GYR_PER_TIME_UNIT;
use crate::error::{Error, Result};
use crate::ingest::OpenOptions;
use crate::table::schema::UNKNOWN_UNIT;

/// Mass unit of files that name none: 1e10 Msun (per h); GADGET convention.
const DEFAULT_MASS_MSUN: f64 = 1e10;

/// Sizes of the code units.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodeUnits {
    length_kpc: f64,
    mass_msun: f64,
    velocity_kms: f64,
    /// Scale factor, 1 in a run that is not cosmological.
    a: f64,
    comoving: bool,
}

impl CodeUnits {
    /// The user's units, else GADGET's; what was assumed is added to `notes`.
    pub(super) fn new(header: &Header, options: &OpenOptions, notes: &mut Vec<String>) -> Result<CodeUnits> {
        let comoving = header.comoving();
        let h = if header.h > 0.0 { header.h } else { 1.0 };
        let over_h = if header.h > 0.0 { "/h" } else { "" };
        let mut assumed = Vec::new();
        let mut unit = |given: Option<f64>, name: &str, default: f64, text: String| match given {
            Some(v) if v.is_finite() && v > 0.0 => Ok(v),
            Some(v) => Err(Error::usage(format!("{name} unit must be positive")).found(v)),
            None => {
                assumed.push(text);
                Ok(default)
            }
        };
        let length_kpc = unit(options.length_kpc, "length", 1.0 / h, format!("kpc{over_h}"))?;
        let mass_msun = unit(options.mass_msun, "mass", DEFAULT_MASS_MSUN / h, format!("1e10 Msun{over_h}"))?;
        let velocity_kms = unit(options.velocity_kms, "velocity", 1.0, "km/s".to_string())?;
        if !assumed.is_empty() {
            let frame = if comoving { " (comoving lengths, velocities over sqrt(a))" } else { "" };
            notes.push(format!("GADGET binary files name no units: {} assumed{frame}", assumed.join(", ")));
        }
        if header.cosmology_unset() {
            notes.push(format!(
                "Time {} and Redshift {} agree as in a cosmological run, but Omega0 or HubbleParam is unset: values are taken as physical, without factors of a and h",
                header.time, header.redshift
            ));
        }
        Ok(CodeUnits { length_kpc, mass_msun, velocity_kms, a: if comoving { header.time } else { 1.0 }, comoving })
    }

    /// The factor of what is measured and the unit of the product; none for the factor where values are kept as they are.
    pub(super) fn of(&self, measure: Measure) -> (Option<f64>, &'static str) {
        let v2 = self.velocity_kms * self.velocity_kms;
        match measure {
            Measure::Identifier | Measure::Plain => (None, "1"),
            Measure::Length => (Some(self.length_kpc * self.a), "kpc"),
            Measure::Velocity => (Some(self.velocity_kms * self.a.sqrt()), "km/s"),
            Measure::Mass => (Some(self.mass_msun), "Msun"),
            Measure::Energy => (Some(v2), "km**2/s**2"),
            Measure::Density => (Some(self.mass_msun / (self.length_kpc * self.a).powi(3)), "Msun/kpc**3"),
            Measure::Potential => (Some(v2 / self.a), "km**2/s**2"),
            Measure::Acceleration => (Some(v2 / self.length_kpc), "km**2/s**2/kpc"),
            Measure::Step if !self.comoving => (Some(self.time_gyr()), "Gyr"),
            Measure::Formation if !self.comoving => (Some(self.time_gyr()), "Gyr"),
            Measure::Formation => (None, "1"),
            Measure::Step | Measure::Unknown => (None, UNKNOWN_UNIT),
        }
    }

    /// Unit of time \[Gyr\].
    pub(super) fn time_gyr(&self) -> f64 {
        GYR_PER_TIME_UNIT * self.length_kpc / self.velocity_kms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(omega_m: f64) -> Header {
        Header { time: 0.8, redshift: 0.25, omega_m, h: 0.6774, ..Header::default() }
    }

    #[test]
    fn defaults_follow_the_gadget_convention() {
        let mut notes = Vec::new();
        let units = CodeUnits::new(&header(0.3), &OpenOptions::default(), &mut notes).unwrap();
        let factor = |measure| units.of(measure).0.unwrap();
        let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-14, "{found} {expected}");
        near(factor(Measure::Length), 0.8 / 0.6774);
        near(factor(Measure::Velocity), 0.8f64.sqrt());
        near(factor(Measure::Mass), 1e10 / 0.6774);
        near(factor(Measure::Density), 1e10 * 0.6774f64.powi(2) / 0.512);
        near(factor(Measure::Potential), 1.25);
        near(factor(Measure::Acceleration), 0.6774);
        assert_eq!(factor(Measure::Energy), 1.0, "no factor of a");
        assert_eq!(units.of(Measure::Step), (None, "unknown"));
        assert!(notes[0].contains("kpc/h, 1e10 Msun/h, km/s assumed (comoving"), "{notes:?}");
    }

    #[test]
    fn units_of_the_user_are_taken_as_they_are() {
        let mut notes = Vec::new();
        let options = OpenOptions { length_kpc: Some(1000.0), mass_msun: Some(1.0), velocity_kms: Some(2.0), ..OpenOptions::default() };
        let units = CodeUnits::new(&header(0.3), &options, &mut notes).unwrap();
        assert_eq!((units.of(Measure::Length).0, units.of(Measure::Mass).0), (Some(800.0), Some(1.0)));
        assert_eq!(units.of(Measure::Energy).0, Some(4.0));
        assert!(notes.is_empty());
        let zero = OpenOptions { length_kpc: Some(0.0), ..OpenOptions::default() };
        assert_eq!(CodeUnits::new(&header(0.3), &zero, &mut notes).unwrap_err().kind(), crate::ErrorKind::Usage);
    }

    #[test]
    fn a_run_that_is_not_cosmological_has_no_factor_of_a() {
        let mut notes = Vec::new();
        let bare = Header { h: 0.0, ..header(0.0) };
        let units = CodeUnits::new(&bare, &OpenOptions::default(), &mut notes).unwrap();
        assert_eq!((units.of(Measure::Length).0, units.of(Measure::Velocity).0), (Some(1.0), Some(1.0)));
        assert_eq!(units.of(Measure::Step), (Some(GYR_PER_TIME_UNIT), "Gyr"));
        assert!(notes[0].contains("kpc, 1e10 Msun, km/s assumed") && notes[1].contains("Omega0 or HubbleParam is unset"), "{notes:?}");
    }
}
