//! The parameter file of a Gasoline or ChaNGa run, and which of several belongs to a snapshot.
//!
//! Layout     lines `key = value # comment`; the last of a repeated key counts, as in the codes
//! Refuses    a number that cannot be read, with its line; a file that is not text
//! Edge cases several parameter files: the one whose `achOutName` or name is the snapshot's, then the one that started from it
//!            (`achInFile`); if that leaves none or several that disagree, none is used and a note says so
//! See also   `units` for what the values mean

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::header::Precision;
use crate::error::{Error, Result};

/// Longest parameter file that is read; real ones have a few kilobytes.
const LONGEST_BYTES: u64 = 1 << 20;
/// Keys that decide about units; parameter files that agree on them are interchangeable.
const UNIT_KEYS: &[&str] = &["dKpcUnit", "dMsolUnit", "dHubble0", "dOmega0", "dLambda", "bComove", "bDoublePos", "bDoubleVel"];

/// Keys and values of one file, as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Param {
    /// Where it was read.
    pub path: PathBuf,
    /// Whether the last line lacks its end, as a cut leaves it.
    pub unfinished: bool,
    values: BTreeMap<String, (String, usize)>,
}

impl Param {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Param> {
        let length = std::fs::metadata(path).map_err(|e| Error::io("read", path, &e))?.len();
        if length > LONGEST_BYTES {
            return Err(Error::damaged("parameter file is too long to be one")
                .at(format!("`{}`", path.display()))
                .expected(format!("at most {LONGEST_BYTES} bytes"))
                .found(format!("{length} bytes")));
        }
        let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, &e))?;
        Ok(Param::parse(path, &String::from_utf8_lossy(&bytes)))
    }

    /// Parses the text of a file.
    pub fn parse(path: &Path, text: &str) -> Param {
        let mut values = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split(['#', '!']).next().unwrap_or("");
            if let Some((key, value)) = line.split_once('=') {
                let (key, value) = (key.trim(), value.trim());
                if !key.is_empty() {
                    values.insert(key.to_string(), (value.to_string(), number + 1));
                }
            }
        }
        Param { path: path.to_path_buf(), unfinished: !text.is_empty() && !text.ends_with('\n'), values }
    }

    /// The text of `key`.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|(value, _)| value.as_str())
    }

    /// Every key and value, in alphabetical order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(key, (value, _))| (key.as_str(), value.as_str()))
    }

    /// The number of `key`; an error if it is there and is no finite number.
    pub fn number(&self, key: &str) -> Result<Option<f64>> {
        let Some((text, line)) = self.values.get(key) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(Error::damaged(format!("parameter {key} is not a number"))
                .at(format!("line {line} of `{}`", self.path.display()))
                .found(format!("`{text}`"))),
        }
    }

    /// The number of `key`, which has to be positive if it is there.
    pub fn positive(&self, key: &str) -> Result<Option<f64>> {
        match self.number(key)? {
            Some(value) if value <= 0.0 => {
                let line = self.values.get(key).map_or(0, |(_, line)| *line);
                Err(Error::damaged(format!("parameter {key} is not positive"))
                    .at(format!("line {line} of `{}`", self.path.display()))
                    .found(value))
            }
            other => Ok(other),
        }
    }

    /// Whether the switch `key` is on; none if it is absent.
    pub fn switch(&self, key: &str) -> Result<Option<bool>> {
        Ok(self.number(key)?.map(|value| value != 0.0))
    }

    /// What the file says about doubles; none if it says nothing.
    pub fn precision(&self) -> Result<Option<Precision>> {
        let (position, velocity) = (self.switch("bDoublePos")?, self.switch("bDoubleVel")?);
        Ok((position.is_some() || velocity.is_some())
            .then(|| Precision { double_position: position.unwrap_or(false), double_velocity: velocity.unwrap_or(false) }))
    }

    /// How strongly the file claims the snapshot called `name`: 4 that very name, 3 its output name, 2 its own name, 1 its start file,
    /// 0 nothing.
    fn claim(&self, name: &str) -> u8 {
        let last = |text: &str| text.rsplit(['/', '\\']).next().unwrap_or("").to_string();
        let owns =
            |prefix: &str| !prefix.is_empty() && (name == prefix || name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.')));
        if self.text("achOutName").is_some_and(|out| last(out) == name) {
            4
        } else if self.text("achOutName").is_some_and(|out| owns(&last(out))) {
            3
        } else if self.path.file_stem().and_then(|s| s.to_str()).is_some_and(owns) {
            2
        } else if self.text("achInFile").is_some_and(|start| last(start) == name) {
            1
        } else {
            0
        }
    }

    fn same_units(&self, other: &Param) -> bool {
        UNIT_KEYS.iter().all(|key| self.text(key) == other.text(key))
    }
}

/// The parameter file of `snapshot`, from its folder or the folder above, and notes about the choice.
pub fn find(snapshot: &Path) -> Result<(Option<Param>, Vec<String>)> {
    let name = snapshot.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut notes = Vec::new();
    for (depth, folder) in folders(snapshot).into_iter().enumerate() {
        let mut found = Vec::new();
        for path in files_ending(&folder, "param") {
            found.push(Param::open(&path)?);
        }
        let strongest = found.iter().map(|p| p.claim(&name)).max().unwrap_or(0);
        if found.is_empty() || (strongest == 0 && depth > 0) {
            // A parameter file of the folder above counts only if it names the snapshot: that folder may hold anything.
            continue;
        }
        let total = found.len();
        let mut best: Vec<Param> = found.into_iter().filter(|p| p.claim(&name) == strongest).collect();
        let agree = best.windows(2).all(|pair| pair[0].same_units(&pair[1]));
        let names: Vec<String> = best.iter().map(|p| format!("`{}`", file_name(&p.path))).collect();
        if strongest == 0 && total > 1 {
            notes.push(format!("none of {total} parameter files names this snapshot, so none is used: {}", names.join(", ")));
            continue;
        }
        if !agree {
            notes.push(format!("several parameter files claim this snapshot with different units, so none is used: {}", names.join(", ")));
            return Ok((None, notes));
        }
        let chosen = best.swap_remove(0);
        if strongest == 0 {
            notes.push(format!(
                "units come from `{}`, the only parameter file here, although it does not name this snapshot",
                file_name(&chosen.path)
            ));
        }
        return Ok((Some(chosen), notes));
    }
    Ok((None, notes))
}

/// The folder of a file and the folder above it.
pub(super) fn folders(file: &Path) -> Vec<PathBuf> {
    let here = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let above = std::fs::canonicalize(&here).ok().and_then(|full| full.parent().map(Path::to_path_buf));
    std::iter::once(here).chain(above).collect()
}

/// Files of a folder with an extension, by name; nothing if the folder cannot be listed.
pub(super) fn files_ending(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == extension) && p.is_file()).collect();
    paths.sort();
    paths
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(name: &str, text: &str) -> Param {
        Param::parse(Path::new(name), text)
    }

    #[test]
    fn lines_comments_and_repeats() {
        let p = param(
            "a.param",
            "dKpcUnit = 50000 # comoving\n##dTheta\t= 3\nachOutName = g8\ndTempMax = 1.e4\ndKpcUnit=25.\n\nnonsense\n= 3\n",
        );
        assert_eq!(p.number("dKpcUnit").unwrap(), Some(25.0));
        assert_eq!(p.number("dTempMax").unwrap(), Some(1e4));
        assert_eq!((p.text("achOutName"), p.text("dTheta")), (Some("g8"), None));
        assert_eq!(p.entries().count(), 3);
        let error = param("a.param", "\ndKpcUnit = big").number("dKpcUnit").unwrap_err().to_string();
        assert!(error.contains("line 2 of `a.param`") && error.contains("`big`"), "{error}");
        assert!(param("a", "dKpcUnit = -1").positive("dKpcUnit").is_err());
        assert!(param("a", "dKpcUnit = inf").number("dKpcUnit").is_err());
    }

    #[test]
    fn claims_follow_names() {
        assert_eq!(param("x.param", "achOutName = out/g8.26e11").claim("g8.26e11.01024"), 3);
        assert_eq!(param("x.param", "achOutName = g8.00512").claim("g8.00512"), 4);
        assert_eq!(param("g8.26e11.param", "").claim("g8.26e11.01024"), 2);
        assert_eq!(param("x.param", "achInFile = ic/cube.tbin").claim("cube.tbin"), 1);
        assert_eq!(param("g8.param", "achOutName = g82").claim("g83.00001"), 0);
        assert_eq!(param("g8.param", "").claim("g83.00001"), 0, "a prefix is not a name");
    }

    #[test]
    fn the_file_that_names_the_snapshot_wins_and_quarrels_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("run");
        std::fs::create_dir(&run).unwrap();
        let snapshot = run.join("g8.00001");
        let write = |path: PathBuf, text: &str| std::fs::write(path, text).unwrap();
        assert_eq!(find(&snapshot).unwrap().0, None);
        write(dir.path().join("other.param"), "dKpcUnit = 9");
        assert_eq!(find(&snapshot).unwrap().0, None, "a stranger one folder up");
        write(dir.path().join("g8.param"), "dKpcUnit = 1");
        assert_eq!(find(&snapshot).unwrap().0.unwrap().number("dKpcUnit").unwrap(), Some(1.0));
        write(run.join("only.param"), "dKpcUnit = 2");
        let (chosen, notes) = find(&snapshot).unwrap();
        assert_eq!((chosen.unwrap().text("dKpcUnit"), notes.len()), (Some("2"), 1));
        write(run.join("second.param"), "dKpcUnit = 3");
        let (chosen, notes) = find(&snapshot).unwrap();
        assert_eq!((chosen.unwrap().text("dKpcUnit"), notes.len()), (Some("1"), 1), "two strangers here, the named one above");
        write(run.join("second.param"), "achOutName = g8\ndKpcUnit = 3");
        assert_eq!(find(&snapshot).unwrap().0.unwrap().text("dKpcUnit"), Some("3"));
        write(run.join("third.param"), "achOutName = g8\ndKpcUnit = 4");
        let (chosen, notes) = find(&snapshot).unwrap();
        assert_eq!(chosen, None);
        assert!(notes[0].contains("`second.param`, `third.param`"), "{notes:?}");
    }

    #[test]
    fn precision_is_none_when_nothing_is_said() {
        assert_eq!(param("a", "").precision().unwrap(), None);
        assert_eq!(param("a", "bDoublePos = 1").precision().unwrap(), Some(Precision { double_position: true, double_velocity: false }));
    }
}
