//! How a snapshot is opened: units that its files do not name, and the halo catalogues that are read with it.
//!
//! Layout     a list of `name = value`: `halos` (`beside`, `none`, or paths), `hubble`, `keep_doubtful`, `length_unit`, `mass_unit`,
//!            `scale_factor`, `velocity_unit`
//! Units      quantities with a unit (`1kpc`, `1e10 Msun`, `1 km/s`); a bare number is in kpc, Msun, km/s
//! Refuses    names that are not in the list, units of another dimension, numbers that are not positive
//! See also   `sql::settings` and the function `snapshot` in SQL, the step `ingest` of pipelines

use std::path::PathBuf;

use crate::error::{Error, Result, nearest};
use crate::units::{Quantity, Unit};

/// Names of the options as text.
pub const NAMES: [&str; 7] = ["halos", "hubble", "keep_doubtful", "length_unit", "mass_unit", "scale_factor", "velocity_unit"];

/// Which halo catalogues are read with a snapshot of particles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HaloSource {
    /// Those that lie beside it under the names that their programs give them.
    #[default]
    Beside,
    /// None.
    None,
    /// These files or folders.
    At(Vec<PathBuf>),
}

/// How to read; the same for every format.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOptions {
    /// Length unit for files that do not name theirs \[kpc\], comoving where the run is.
    pub length_kpc: Option<f64>,
    /// Mass unit for files that do not name theirs \[Msun\].
    pub mass_msun: Option<f64>,
    /// Velocity unit for files that do not name theirs [km/s].
    pub velocity_kms: Option<f64>,
    /// Halo catalogues and merger trees to read with a snapshot of particles.
    pub halos: HaloSource,
    /// Hubble constant over 100 km/s/Mpc, for halo catalogues that do not name theirs.
    pub hubble: Option<f64>,
    /// Scale factor, for halo catalogues that do not name theirs.
    pub scale_factor: Option<f64>,
    /// Take what makes no sense as it is and say so: a file that holds fewer trees than it says; in an ingest also numbers that break
    /// a rule of physics, and identifiers twice.
    pub keep_doubtful: bool,
}

impl OpenOptions {
    /// Sets the option `name` from its text.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let value = value.trim();
        let number = |unit: &str| -> Result<Option<f64>> {
            let found = match value.parse::<f64>() {
                Ok(number) => number,
                Err(_) => Quantity::parse(value).and_then(|q| q.to(&Unit::parse(unit)?)).map_err(|e| e.at(format!("{name} = {value}")))?,
            };
            match found.is_finite() && found > 0.0 {
                true => Ok(Some(found)),
                false => Err(Error::usage(format!("{name} must be positive")).found(format!("`{value}`"))),
            }
        };
        match name {
            "halos" => {
                self.halos = match value {
                    "beside" => HaloSource::Beside,
                    "none" => HaloSource::None,
                    "" => return Err(Error::usage("halos names no catalogue").expected("`beside`, `none`, or a path")),
                    path => HaloSource::At(vec![PathBuf::from(path)]),
                }
            }
            "hubble" => self.hubble = number("1")?,
            "keep_doubtful" => {
                self.keep_doubtful = match value.to_lowercase().as_str() {
                    "true" | "on" | "1" => true,
                    "false" | "off" | "0" => false,
                    _ => return Err(Error::usage("keep_doubtful is true or false").found(format!("`{value}`"))),
                }
            }
            "length_unit" => self.length_kpc = number("kpc")?,
            "mass_unit" => self.mass_msun = number("Msun")?,
            "scale_factor" => self.scale_factor = number("1")?,
            "velocity_unit" => self.velocity_kms = number("km/s")?,
            other => {
                let error = Error::usage(format!("snapshots are opened without an option `{other}`")).expected(NAMES.join(", "));
                return Err(match nearest(other, NAMES) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                });
            }
        }
        Ok(())
    }

    /// These options with those of a list such as `hubble = 0.6774, halos = none`.
    pub fn with(&self, list: &str) -> Result<OpenOptions> {
        let mut options = self.clone();
        for entry in list.split(',').map(str::trim).filter(|e| !e.is_empty()) {
            let Some((name, value)) = entry.split_once('=') else {
                return Err(Error::usage("options are a list of `name = value`")
                    .expected("hubble = 0.6774, halos = none")
                    .found(format!("`{entry}`")));
            };
            options.set(name.trim(), value)?;
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_options_is_understood() {
        let options = OpenOptions::default().with("hubble = 0.6774, halos=none,length_unit = 1 Mpc, mass_unit=2e10,").unwrap();
        assert_eq!((options.hubble, options.halos.clone(), options.length_kpc), (Some(0.6774), HaloSource::None, Some(1000.0)));
        assert_eq!((options.mass_msun, options.velocity_kms), (Some(2e10), None));
        let alone = options.with("scale_factor = 0.909, keep_doubtful = true").unwrap();
        assert_eq!((alone.scale_factor, alone.keep_doubtful, options.keep_doubtful), (Some(0.909), true, false));
        let path = options.with("halos = a/run.AHF_halos").unwrap();
        assert_eq!((path.halos, path.hubble), (HaloSource::At(vec!["a/run.AHF_halos".into()]), Some(0.6774)));
        assert_eq!(options.with("halos = beside").unwrap().halos, HaloSource::Beside);
    }

    #[test]
    fn mistakes_are_named() {
        for (list, words) in [
            ("hubbel = 1", "did you mean `hubble`?"),
            ("hubble", "`name = value`"),
            ("hubble = -1", "hubble must be positive"),
            ("scale_factor = 0", "scale_factor must be positive"),
            ("keep_doubtful = perhaps", "true or false"),
            ("length_unit = 3 km/s", "length_unit = 3 km/s"),
            ("halos =", "halos names no catalogue"),
        ] {
            let error = OpenOptions::default().with(list).unwrap_err();
            assert!(error.kind() != crate::ErrorKind::Internal && format!("{error}").contains(words), "{list}: {error}");
        }
    }
}
