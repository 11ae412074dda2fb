//! Names of tables as written after FROM: `stars`, `stars@512`, `stars@all`, `stars@disc`, `stars@512@disc`.
//!
//! Refuses    two snapshots or two frames in one name, an empty suffix
//! Edge cases `@box` is the frame in which the coordinates are stored
//! See also   `resolve`

use crate::error::{Error, Result};

/// The frame in which coordinates are stored.
pub const STORED_FRAME: &str = "box";

/// Which snapshots of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snaps {
    /// The last one.
    Last,
    /// Every one.
    All,
    /// The one with this number.
    Number(u32),
}

/// A table's name and suffixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName {
    /// The table.
    pub table: String,
    /// Which snapshots.
    pub snaps: Snaps,
    /// Frame, when one is named.
    pub frame: Option<String>,
}

impl TableName {
    /// Reads a name with its suffixes.
    pub fn parse(text: &str) -> Result<TableName> {
        let mut parts = text.split('@');
        let table = parts.next().unwrap_or("").to_string();
        let mut name = TableName { table, snaps: Snaps::Last, frame: None };
        let mut snap_given = false;
        for suffix in parts {
            let snaps = match (suffix, suffix.parse::<u32>()) {
                ("all", _) => Some(Snaps::All),
                (_, Ok(number)) => Some(Snaps::Number(number)),
                _ => None,
            };
            match snaps {
                Some(_) if snap_given => return Err(refused(text, "names two snapshots")),
                Some(snaps) => {
                    snap_given = true;
                    name.snaps = snaps;
                }
                None if suffix.is_empty() => return Err(refused(text, "ends in an empty suffix")),
                None if name.frame.is_some() => return Err(refused(text, "names two frames")),
                None => name.frame = Some(suffix.to_string()),
            }
        }
        Ok(name)
    }
}

fn refused(text: &str, why: &str) -> Error {
    Error::usage(format!("table name {text} {why}")).hint("write stars@512, stars@all, stars@disc or stars@512@disc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_combine_in_any_order() {
        let both = TableName { table: "stars".into(), snaps: Snaps::Number(512), frame: Some("disc".into()) };
        assert_eq!(TableName::parse("stars@512@disc").unwrap(), both);
        assert_eq!(TableName::parse("stars@disc@00512").unwrap(), both);
        assert_eq!(TableName::parse("gas@all").unwrap().snaps, Snaps::All);
        assert_eq!(TableName::parse("gas").unwrap().snaps, Snaps::Last);
        for bad in ["stars@", "stars@1@2", "stars@all@3", "stars@a@b"] {
            assert!(TableName::parse(bad).is_err(), "{bad}");
        }
    }
}
