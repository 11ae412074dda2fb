//! Particles back into the files of simulations: families of rows are gathered, then written as one snapshot.
//!
//! Layout     `gather` holds the columns, `place` moves positions into the box, `gadget_hdf5` and `tipsy` write, `files` names the result
//! Units      rows come in the canonical columns of `table::schema`; each format has its own code units
//! Refuses    no rows at all, a missing column that the format cannot do without, values that are not finite, units that do not fit
//! Edge cases columns without a place in the format are named in a note; wind-phase cells and black holes go where the format has them
//! Cost       the selected columns once, and one dataset more while it is encoded
//! See also   `sql::particles` finds rows and setting, docs/formats.md

use std::path::{Path, PathBuf};

use super::{Family, SnapshotInfo};
use crate::cosmology::Cosmology;
use crate::error::{Error, Result};
use crate::table::SnapshotEntry;
use crate::table::export::{OutputFormat, Target};

mod datasets;
mod files;
mod formation;
mod gadget_hdf5;
mod gather;
mod place;
mod scaling;
mod tipsy;

pub use gather::Particles;

/// The moment of the run that the particles belong to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setting {
    /// Name of the dataset or snapshot, for messages.
    pub source: String,
    /// Number of the snapshot.
    pub snap: u32,
    /// Scale factor, for cosmological runs.
    pub scale_factor: Option<f64>,
    /// Cosmic or simulation time \[Gyr\].
    pub time_gyr: Option<f64>,
    /// The simulation's own cosmology.
    pub cosmology: Option<Cosmology>,
    /// Physical side of the periodic box \[kpc\].
    pub box_kpc: Option<f64>,
}

impl Setting {
    /// That of an opened snapshot.
    pub fn of_snapshot(source: &str, info: &SnapshotInfo) -> Setting {
        Setting {
            source: source.to_string(),
            snap: info.snap,
            scale_factor: info.scale_factor,
            time_gyr: info.time_gyr,
            cosmology: info.cosmology.clone(),
            box_kpc: info.box_kpc,
        }
    }

    /// That of a snapshot of a dataset.
    pub fn of_entry(source: &str, entry: &SnapshotEntry) -> Setting {
        Setting {
            source: source.to_string(),
            snap: entry.snap,
            scale_factor: entry.scale_factor,
            time_gyr: entry.time_gyr,
            cosmology: entry.cosmology.clone(),
            box_kpc: entry.box_kpc,
        }
    }

    /// Hubble parameter of code units; 1 where there is none.
    fn h(&self) -> f64 {
        self.cosmology.as_ref().map_or(1.0, |c| c.h)
    }

    /// Scale factor of code units; 1 in runs that are not cosmological.
    fn a(&self) -> f64 {
        self.scale_factor.unwrap_or(1.0)
    }

    /// What the headers of both formats cannot say.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        match (&self.cosmology, self.scale_factor) {
            (None, Some(_)) => notes.push("the run's cosmology is not known: the file has no densities, and h is 1 in it".to_string()),
            (Some(c), _) if c.t_cmb_k > 0.0 => notes.push(
                "the run has radiation, for which the header has no place: ages that are computed from the file leave it out".to_string(),
            ),
            _ => {}
        }
        notes
    }
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Files, the snapshot itself first.
    pub files: Vec<PathBuf>,
    /// Rows of each family.
    pub rows: Vec<(Family, u64)>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Whether a family has a place in `format`.
pub fn has_place(format: OutputFormat, family: Family) -> bool {
    match format {
        OutputFormat::Tipsy => matches!(family, Family::Gas | Family::Dark | Family::Stars),
        _ => matches!(family, Family::Gas | Family::Dark | Family::Stars | Family::BlackHoles),
    }
}

/// An empty gathering for `format`, of at most `most_bytes` of columns.
pub fn begin(format: OutputFormat, most_bytes: Option<u64>) -> Result<Particles> {
    match format {
        OutputFormat::GadgetHdf5 => Ok(Particles::new(gadget_hdf5::RULES, most_bytes)),
        OutputFormat::Tipsy => Ok(Particles::new(tipsy::RULES, most_bytes)),
        _ => Err(Error::internal("no format of snapshots")),
    }
}

/// Refuses a path that `format` cannot be written to, before any row is read.
pub fn check_target(format: OutputFormat, path: &Path) -> Result<()> {
    let place = || format!("`{}`", path.display());
    if path.is_dir() {
        return Err(Error::usage("the name of the file is that of a folder").at(place()).hint("name a file in it"));
    }
    let Some(name) = path.file_name() else {
        return Err(Error::usage("an export needs the name of a file").found(place()));
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(Error::not_found("there is no such folder").at(format!("`{}`", folder.display())));
    }
    if format == OutputFormat::Tipsy {
        if matches!(Target::of(path), Target::Stream(_)) {
            return Err(Error::usage("a Tipsy snapshot is several files, and this is a device").at(place()));
        }
        tipsy::check_names(folder, &name.to_string_lossy())?;
    }
    Ok(())
}

/// Writes the particles; every file is whole under its final name, or none is there.
pub fn write(particles: Particles, setting: &Setting, format: OutputFormat, path: &Path) -> Result<Written> {
    check_target(format, path)?;
    if particles.rows() == 0 {
        return Err(Error::not_found("no particle is selected: a snapshot needs at least one")
            .at(format!("`{}`", setting.source))
            .hint("widen the condition, or name other families"));
    }
    let mut written = match format {
        OutputFormat::GadgetHdf5 => gadget_hdf5::write(particles, setting, path)?,
        OutputFormat::Tipsy => tipsy::write(particles, setting, path)?,
        _ => return Err(Error::internal("no format of snapshots")),
    };
    written.notes.extend(setting.notes());
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_looked_at_before_any_row() {
        let folder = tempfile::tempdir().unwrap();
        for format in [OutputFormat::GadgetHdf5, OutputFormat::Tipsy] {
            let refused = check_target(format, folder.path()).unwrap_err();
            assert_eq!(refused.exit_code(), 2, "{refused}");
            assert!(check_target(format, &folder.path().join("none/a.00001")).unwrap_err().to_string().contains("no such folder"));
            assert!(check_target(format, &folder.path().join("a.00001")).is_ok());
        }
        std::fs::write(folder.path().join("a.00001.iord"), b"").unwrap();
        let refused = check_target(OutputFormat::Tipsy, &folder.path().join("a.00001")).unwrap_err();
        assert!(refused.to_string().contains("a.00001.iord"), "{refused}");
        assert!(check_target(OutputFormat::GadgetHdf5, Path::new("/dev/null")).is_ok());
        assert!(check_target(OutputFormat::Tipsy, Path::new("/dev/null")).is_err());
    }

    #[test]
    fn an_empty_selection_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.hdf5");
        let particles = begin(OutputFormat::GadgetHdf5, None).unwrap();
        let error = write(particles, &Setting { source: "g".into(), ..Setting::default() }, OutputFormat::GadgetHdf5, &path).unwrap_err();
        assert!(error.to_string().contains("no particle is selected") && !path.exists(), "{error}");
        assert!(begin(OutputFormat::Csv, None).is_err());
    }
}
