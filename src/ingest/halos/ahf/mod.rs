//! AHF catalogues: haloes, their particles, their substructure and the merger tree, all of one snapshot.
//!
//! Layout     `NAME.zZ.ZZZ.AHF_halos` (table), `_particles` (members), `_substructure` (lists), `_profiles` (radial bins), `_mtree`
//!            and `_mtree_idx` (links to the snapshot before); any one of them names the others
//! Units      Msun/h, comoving kpc/h, km/s in the file; h and the scale factor from the snapshot beside it, its parameter file, the
//!            name (Z.ZZZ), or the user
//! Source     Knollmann & Knebe 2009, ApJS 182, 608, and the user's guide of AHF 1.0
//! Refuses    rows of another length, counts that contradict each other, identifiers twice, text that ends in mid-line
//! Edge cases 64-bit identifiers of MPI runs; host 0 or -1 for none; tables without identifiers of versions before 1.0
//! See also   `halos`, `particles`, `profiles`, `substructure`, `mtree`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cosmology::Cosmology;
use crate::error::{Error, Result};
use crate::ingest::tipsy::{param, units::Conversion};
use crate::ingest::{Family, HaloSource, OpenOptions};

use super::catalogue::{Given, Loaded, Reader};
use super::check;
use super::text::TextFile;
use super::units::{Scale, hubble, scale_factor};

mod halos;
mod mtree;
mod particles;
mod profiles;
pub(super) mod stat;
mod substructure;

/// What every file of a catalogue has in its name.
const TAG: &str = ".AHF_";
/// Files of a catalogue that hold nothing for the tables, or nothing that is not in the others.
const PASSED_OVER: [&str; 2] = ["croco", "disks"];

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct Ahf;

impl Reader for Ahf {
    const NAME: &'static str = "ahf";
    const DESCRIPTION: &'static str = "AHF halo catalogues: _halos, _particles, _substructure, _profiles, _mtree, _mtree_idx";

    fn fits(&self, path: &Path, head: &[u8]) -> bool {
        let line = head.split(|b| *b == b'\n').next().unwrap_or(head);
        let line = String::from_utf8_lossy(line);
        let names: Vec<&str> = line.trim_start_matches('#').split_whitespace().map(super::text::without_number).collect();
        let table =
            line.starts_with('#') && matches!(names.first(), Some(&"ID" | &"npart")) && names.contains(&"Mvir") && names.contains(&"Xc");
        // The other files are bare numbers, which only their names tell from any text of numbers.
        let numbers = head.iter().all(|b| b.is_ascii_digit() || b.is_ascii_whitespace() || b"#()-".contains(b) || b.is_ascii_alphabetic());
        let profiles = line.starts_with('#') && names.first() == Some(&"r") && names.contains(&"ovdens");
        table
            || Base::of(path).is_some_and(|base| base.part == "profiles" && profiles)
            || (Base::of(path).is_some_and(|base| ["particles", "substructure", "mtree", "mtree_idx"].contains(&base.part.as_str()))
                && numbers)
    }

    fn load(&self, path: &Path, given: &Given) -> Result<Loaded> {
        let base = Base::of(path).unwrap_or_else(|| Base::alone(path));
        let table = if base.part == "halos" { path.to_path_buf() } else { base.file("halos") };
        let origin = origin(&base, given)?;
        let given = &origin.given;
        let mut loaded = Loaded { format: "ahf".into(), snap: base.snap(), ..Loaded::default() };
        let place = format!("`{}`", path.display());
        let named = base.redshift().map(|z| 1.0 / (1.0 + z));
        let known = given.scale_factor()?;
        if known.is_none() && named.is_some() {
            loaded.notes.push("the scale factor is that of the redshift in the name, which has three decimals".into());
        }
        let a = scale_factor(known.or(named), given, &place)?;
        let h = hubble(given.options.hubble.or(origin.cosmology.as_ref().map(|c| c.h)), given, &place)?;
        (loaded.scale_factor, loaded.cosmology) = (Some(a), origin.cosmology);
        loaded.attributes.push(("h".into(), h.to_string()));
        if !table.is_file() {
            return Err(Error::not_found("the table of haloes is missing")
                .at(format!("`{}`", table.display()))
                .expected("the AHF_halos file"));
        }
        let file = TextFile::open(&table)?;
        loaded.file(&table, file.length());
        let mut haloes = halos::read(&file, Scale { h, a }, &mut loaded.notes)?;
        let of = |part: &str| Some(base.file(part)).filter(|p| p.is_file() && base.part != "alone");
        if let Some(path) = of("substructure") {
            let file = TextFile::open(&path)?;
            loaded.file(&path, file.length());
            substructure::check(&file, &haloes, &mut loaded.notes)?;
        }
        if let Some(path) = of("particles") {
            let file = TextFile::open(&path)?;
            loaded.file(&path, file.length());
            let members = particles::read(&file, &mut haloes, given, &mut loaded.notes)?;
            loaded.put(Family::HaloMembers, Arc::new(members));
        }
        if let Some(path) = of("profiles") {
            let file = TextFile::open(&path)?;
            loaded.file(&path, file.length());
            let bins = profiles::read(&file, &haloes, Scale { h, a }, &mut loaded.notes)?;
            loaded.put(Family::HaloProfiles, Arc::new(bins));
        }
        if let Some(path) = of("mtree") {
            let file = TextFile::open(&path)?;
            loaded.file(&path, file.length());
            let main = match of("mtree_idx") {
                Some(path) => {
                    let index = TextFile::open(&path)?;
                    loaded.file(&path, index.length());
                    Some(mtree::index(&index)?)
                }
                None => None,
            };
            let snaps = (base.snap(), base.snap_before());
            let tree = mtree::read(&file, main.as_ref(), &haloes, snaps, &mut loaded.notes)?;
            loaded.put(Family::MergerTree, Arc::new(tree));
        }
        for part in PASSED_OVER {
            if let Some(path) = of(part) {
                loaded.notes.push(format!("`{}` is not read", path.display()));
            }
        }
        check::halos(&haloes, &file.place(), &mut loaded.notes)?;
        loaded.put(Family::Halos, Arc::new(haloes.finish()?));
        Ok(loaded)
    }
}

/// A file name of a catalogue, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Base {
    /// Path up to and with `.AHF_`.
    stem: PathBuf,
    /// What follows: `halos`, `particles`, ...
    part: String,
}

impl Base {
    /// Of a path whose name has the tag.
    pub(super) fn of(path: &Path) -> Option<Base> {
        let name = path.file_name()?.to_str()?;
        let at = name.rfind(TAG)? + TAG.len();
        Some(Base { stem: path.with_file_name(name.get(..at)?), part: name.get(at..)?.to_string() })
    }

    /// Of a table under a name of its own.
    fn alone(path: &Path) -> Base {
        Base { stem: path.to_path_buf(), part: "alone".into() }
    }

    fn file(&self, part: &str) -> PathBuf {
        if self.part == "alone" {
            return self.stem.clone();
        }
        let mut name = self.stem.as_os_str().to_owned();
        name.push(part);
        PathBuf::from(name)
    }

    /// `tiny.000832` of `tiny.000832.z1.512.AHF_halos`.
    fn snapshot_name(&self) -> String {
        let name = self.stem.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.strip_suffix(TAG).unwrap_or(&name);
        self.redshift_text(name).map_or(name, |(before, _)| before).to_string()
    }

    fn redshift_text<'a>(&self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let (before, z) = name.rsplit_once(".z")?;
        z.parse::<f64>().is_ok_and(|z| z.is_finite() && z >= 0.0).then_some((before, z))
    }

    /// Redshift in the name.
    fn redshift(&self) -> Option<f64> {
        let name = self.stem.file_name()?.to_str()?;
        self.redshift_text(name.strip_suffix(TAG)?)?.1.parse().ok()
    }

    /// Number at the end of the snapshot's name.
    fn snap(&self) -> u32 {
        trailing_number(&self.snapshot_name()).1.unwrap_or(0)
    }

    /// Number of the catalogue before this one in the same folder.
    fn snap_before(&self) -> Option<u32> {
        let (run, snap) = trailing_number(&self.snapshot_name());
        let folder = self.stem.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let names = std::fs::read_dir(folder).ok()?.flatten().map(|e| e.path());
        let numbers = names.filter_map(|p| Base::of(&p)).map(|b| trailing_number(&b.snapshot_name()));
        numbers.filter(|(other, n)| *other == run && *n < snap).filter_map(|(_, n)| n).max()
    }
}

/// `tiny.000832` is (`tiny.`, 832).
fn trailing_number(name: &str) -> (String, Option<u32>) {
    let text = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (text.to_string(), name.get(text.len()..).and_then(|digits| digits.parse().ok()))
}

/// Where h, the scale factor and the particles come from.
struct Origin {
    given: Given,
    cosmology: Option<Cosmology>,
}

/// The snapshot that the caller has, else the one whose name the catalogue carries, else its parameter file.
fn origin(base: &Base, given: &Given) -> Result<Origin> {
    let mut given = given.clone();
    let snapshot = base.stem.with_file_name(base.snapshot_name());
    if given.snapshot.is_none() && snapshot.is_file() {
        let options = OpenOptions { halos: HaloSource::None, ..given.options.clone() };
        given.snapshot = Some(crate::ingest::open(&snapshot, &options)?);
    }
    let mut cosmology = given.snapshot.as_ref().and_then(|s| s.info().cosmology.clone());
    if cosmology.is_none() && given.snapshot.is_none() {
        let (param, _) = param::find(&snapshot)?;
        if let Some((param, z)) = param.zip(base.redshift()) {
            cosmology = Conversion::new(1.0 / (1.0 + z), Some(&param), &given.options)?.cosmology;
        }
    }
    Ok(Origin { given, cosmology })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let base = Base::of(Path::new("a/tiny.000832.z1.512.AHF_mtree_idx")).unwrap();
        assert_eq!((base.snapshot_name().as_str(), base.snap(), base.redshift()), ("tiny.000832", 832, Some(1.512)));
        assert_eq!(base.part, "mtree_idx");
        assert_eq!(base.file("halos"), Path::new("a/tiny.000832.z1.512.AHF_halos"));
        let odd = Base::of(Path::new("run.AHF_halos")).unwrap();
        assert_eq!((odd.snapshot_name().as_str(), odd.snap(), odd.redshift()), ("run", 0, None));
        assert!(Base::of(Path::new("tiny.000832")).is_none());
    }

    #[test]
    fn tables_are_known_by_their_first_line() {
        let table = b"#ID(1)\thostHalo(2)\tMvir(4)\tnpart(5)\tXc(6)\n1 2 3";
        assert!(Ahf.fits(Path::new("x"), table) && Ahf.fits(Path::new("x"), b"#npart(1) nvpart(2) Xc(3) Mvir(9)\n"));
        assert!(!Ahf.fits(Path::new("x"), b"#ID DescID Mvir Vmax\n") && !Ahf.fits(Path::new("x"), b"1 2\n"));
        assert!(Ahf.fits(Path::new("a.z0.1.AHF_particles"), b"2\n3 0\n"));
        assert!(!Ahf.fits(Path::new("a.z0.1.AHF_particles"), b"\x89HDF\r\n\x1a\n\0"));
    }
}
