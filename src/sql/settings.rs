//! Settings of a session that `SET spolia.NAME = VALUE` changes and `SHOW spolia.NAME` shows.
//!
//! See also   `engine` which reads them, `statement` which sets them

use datafusion::common::extensions_options;
use datafusion::config::{ConfigExtension, ConfigOptions};

use super::table_name::STORED_FRAME;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::ingest::OpenOptions;
use crate::ingest::open_options::NAMES;

extensions_options! {
    /// Settings under the prefix `spolia`.
    pub struct Settings {
        /// Frame in which tables with positions are read; `box` is the stored one.
        pub frame: String, default = STORED_FRAME.to_string()

        /// Whether expressions that mix units are refused: `on` or `off`.
        pub units: String, default = "on".to_string()

        /// Where orbits are computed: `auto`, `cpu` or `cuda`.
        pub device: String, default = "auto".to_string()

        /// Halo catalogues read with a snapshot: `beside`, `none`, or a path; empty is what the session began with.
        pub halos: String, default = String::new()

        /// Hubble constant over 100 km/s/Mpc for halo catalogues that do not name theirs; empty is what the session began with.
        pub hubble: String, default = String::new()

        /// Whether a file that makes no sense is taken as far as it goes: `true` or `false`; empty is what the session began with.
        pub keep_doubtful: String, default = String::new()

        /// Length unit of snapshots that do not name theirs, such as `1kpc`.
        pub length_unit: String, default = String::new()

        /// Mass unit of snapshots that do not name theirs, such as `1e10Msun`.
        pub mass_unit: String, default = String::new()

        /// Scale factor of halo catalogues that do not name theirs; empty is what the session began with.
        pub scale_factor: String, default = String::new()

        /// Velocity unit of snapshots that do not name theirs, such as `1km/s`.
        pub velocity_unit: String, default = String::new()
    }
}

impl ConfigExtension for Settings {
    const PREFIX: &'static str = "spolia";
}

impl Settings {
    /// The settings in `options`, or the defaults.
    pub fn of(options: &ConfigOptions) -> Settings {
        options.extensions.get::<Settings>().cloned().unwrap_or_default()
    }

    /// Whether misfits of units are errors.
    pub fn checks_units(&self) -> bool {
        self.units != "off"
    }

    /// How snapshots are opened: as the session began, changed by these settings.
    pub fn open(&self, base: &OpenOptions) -> Result<OpenOptions> {
        let mut options = base.clone();
        let values =
            [&self.halos, &self.hubble, &self.keep_doubtful, &self.length_unit, &self.mass_unit, &self.scale_factor, &self.velocity_unit];
        for (name, value) in NAMES.iter().zip(values).filter(|(_, value)| !value.is_empty()) {
            options.set(name, value)?;
        }
        Ok(options)
    }

    /// The frame that tables are read in; none is the stored one.
    pub fn default_frame(&self) -> Option<String> {
        if self.frame.is_empty() || self.frame == STORED_FRAME { None } else { Some(self.frame.clone()) }
    }
}

/// The value to store for `SET name = value`, or why it is refused.
pub fn accepted(name: &str, value: &str) -> Result<String> {
    let value = value.trim();
    match name {
        "spolia.units" => match value.to_lowercase().as_str() {
            "on" | "true" | "1" => Ok("on".to_string()),
            "off" | "false" | "0" => Ok("off".to_string()),
            _ => Err(Error::usage("spolia.units is on or off").found(format!("`{value}`"))),
        },
        "spolia.frame" => Ok(value.to_lowercase()),
        "spolia.device" => Device::parse(value)?.resolve().map(|_| value.to_lowercase()),
        _ => match name.strip_prefix("spolia.") {
            // An empty text takes the setting back.
            Some(own) if NAMES.contains(&own) && value.is_empty() => Ok(String::new()),
            Some(own) if NAMES.contains(&own) => OpenOptions::default().set(own, value).map(|()| value.to_string()),
            Some(_) => {
                let known = ["device", "frame", "units"].iter().chain(&NAMES).map(|n| format!("spolia.{n}")).collect::<Vec<_>>();
                Err(Error::not_found(format!("unknown setting {name}")).expected(format!("one of {}", known.join(", "))))
            }
            None => Ok(value.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_before_they_are_kept() {
        assert_eq!(accepted("spolia.units", "OFF").unwrap(), "off");
        assert!(accepted("spolia.units", "maybe").is_err());
        assert_eq!(accepted("spolia.colour", "red").unwrap_err().kind(), crate::ErrorKind::NotFound);
        let mut options = ConfigOptions::default();
        options.extensions.insert(Settings::default());
        options.set("spolia.frame", "disc").unwrap();
        assert_eq!(Settings::of(&options).default_frame().as_deref(), Some("disc"));
        assert!(Settings::of(&options).checks_units());
    }

    #[test]
    fn settings_say_how_snapshots_are_opened() {
        assert_eq!((accepted("spolia.hubble", "0.7").unwrap().as_str(), accepted("spolia.halos", "").unwrap().as_str()), ("0.7", ""));
        assert!(accepted("spolia.hubble", "much").is_err() && accepted("spolia.length_unit", "1 km/s").is_err());
        let base = OpenOptions { hubble: Some(0.5), ..Default::default() };
        assert_eq!(Settings::default().open(&base).unwrap(), base);
        let settings = Settings {
            halos: "none".into(),
            keep_doubtful: "on".into(),
            mass_unit: "1e10 Msun".into(),
            scale_factor: "0.5".into(),
            ..Default::default()
        };
        let options = settings.open(&base).unwrap();
        assert_eq!((options.keep_doubtful, options.scale_factor, options.velocity_kms), (true, Some(0.5), None));
        assert_eq!((options.halos, options.mass_msun, options.hubble), (crate::ingest::HaloSource::None, Some(1e10), Some(0.5)));
    }
}
