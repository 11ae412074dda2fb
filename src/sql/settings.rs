//! Settings of a session that `SET spolia.NAME = VALUE` changes and `SHOW spolia.NAME` shows.
//!
//! See also   `engine` which reads them, `statement` which sets them

use datafusion::common::extensions_options;
use datafusion::config::{ConfigExtension, ConfigOptions};

use super::table_name::STORED_FRAME;
use crate::error::{Error, Result};

extensions_options! {
    /// Settings under the prefix `spolia`.
    pub struct Settings {
        /// Frame in which tables with positions are read; `box` is the stored one.
        pub frame: String, default = STORED_FRAME.to_string()

        /// Whether expressions that mix units are refused: `on` or `off`.
        pub units: String, default = "on".to_string()
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
        _ if name.starts_with("spolia.") => {
            Err(Error::not_found(format!("unknown setting {name}")).expected("spolia.frame or spolia.units"))
        }
        _ => Ok(value.to_string()),
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
}
