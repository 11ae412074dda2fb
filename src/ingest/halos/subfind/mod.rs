//! Group catalogues of SUBFIND: friends-of-friends groups and subhaloes of GADGET-4, AREPO and IllustrisTNG.
//!
//! Layout     `fof_subhalo_tab_NNN.K.hdf5`: `Header`, `Group` and `Subhalo`, one dataset per quantity; all files of the set are read
//! Units      scaling attributes of a dataset where they are, else 1e10 Msun/h, comoving kpc/h, km/s (`GroupVel` over a)
//! Source     Springel et al. 2001, MNRAS 328, 726 (SUBFIND); Nelson et al. 2019, ComAC 6, 2 and the TNG data specification
//! Refuses    lengths that the header denies, missing files, subhaloes of groups that are not there, counts that contradict each other
//! Edge cases one table holds both: a subhalo's halo_id is its number in the catalogue (SubfindID), a group's is 10^12 + its number;
//!            a subhalo's parent_id is its group; files without objects, or without subhaloes, are as good as others; a catalogue
//!            without a header takes time and h from `NAME_snap.hdf5` beside `NAME_subhalo.hdf5`, or from the user
//! See also   `columns` for units and names, `members` for particles, `sublink` and `lhalotree` for histories

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::ingest::gadget_hdf5::file::{Attribute, Attributes, H5File};
use crate::ingest::gadget_hdf5::files::{snapshot_number, split_name};
use crate::ingest::gadget_hdf5::header::Header;
use crate::ingest::gadget_hdf5::scaling::{CodeUnits, Dimension};
use crate::ingest::{HaloSource, OpenOptions, keeps_open};

use super::catalogue::{Given, Loaded, Reader};
use super::groups::{Counts, Epoch, put_haloes, put_members};
use super::hdf::{Stored, gather, groups_of, set_of, whole_set};

pub(super) mod columns;
pub(super) mod lhalotree;
mod members;
pub(super) mod sublink;

/// What is added to the number of a group, beyond any number of subhaloes: SubLink's raw numbers leave the same room.
pub(super) const GROUP_BASE: u64 = 1_000_000_000_000;

/// How the names of a small snapshot and of its catalogue end, in cut-outs that were made for tests of other programs.
pub(super) const CUT_OUT: (&str, &str) = ("_snap", "_subhalo");

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct Subfind;

impl Reader for Subfind {
    const NAME: &'static str = "subfind";
    const DESCRIPTION: &'static str = "SUBFIND group catalogues of GADGET-4, AREPO and IllustrisTNG in HDF5, one file or many";

    fn fits(&self, path: &Path, head: &[u8]) -> bool {
        let Some(groups) = groups_of(path, head) else { return false };
        let has = |name: &str| groups.iter().any(|g| g == name);
        let is_catalogue = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("fof_")) && has("Header");
        // Offset files have these groups too.
        (has("Group") || has("Subhalo") || is_catalogue)
            && !has("FOF")
            && !has("FileOffsets")
            && !groups.iter().any(|g| g.starts_with("PartType"))
    }

    fn load(&self, path: &Path, owner: &Given) -> Result<Loaded> {
        let paths = set_of(path);
        let files = paths.iter().map(|p| H5File::open(p, keeps_open(paths.len()))).collect::<Result<Vec<_>>>()?;
        let headers = files.iter().map(Head::read).collect::<Result<Vec<_>>>()?;
        let (Some(first), Some(file)) = (headers.first(), files.first()) else {
            return Err(Error::not_found("no such catalogue").at(format!("`{}`", path.display())));
        };
        whole_set(&paths, first.number("NumFiles").map(|n| n as u64))?;
        let place = format!("`Header` of `{}`", file.path().display());
        let mut loaded = Loaded { snap: snapshot_number(path), ..Loaded::default() };
        let epoch = Epoch {
            a: first.number("Time"),
            redshift: first.number("Redshift"),
            h: first.number("HubbleParam"),
            omega_m: first.number("Omega0"),
            omega_lambda: first.number("OmegaLambda"),
        };
        let given = &with_snapshot_beside(path, &epoch, owner, &mut loaded)?;
        let (a, h) = epoch.settle(given, &place, &mut loaded)?;
        let header = Header {
            time: a,
            comoving: true,
            h,
            unit_length_cm: first.number("UnitLength_in_cm").filter(|u| *u > 0.0),
            unit_mass_g: first.number("UnitMass_in_g").filter(|u| *u > 0.0),
            unit_velocity_cms: first.number("UnitVelocity_in_cm_per_s").filter(|u| *u > 0.0),
            ..Header::default()
        };
        let units = CodeUnits::new(&header, &given.options, &mut Vec::new());
        if header.unit_length_cm.is_none() {
            loaded.notes.push("the catalogue names no units: kpc/h, 1e10 Msun/h and km/s taken, as in IllustrisTNG".into());
        }
        loaded.box_kpc = first.number("BoxSize").filter(|b| *b > 0.0).map(|b| b * units.factor(&Dimension::LENGTH));
        for (name, value) in &first.attributes {
            loaded.attributes.push((format!("Header/{name}"), value.to_string()));
        }
        files.iter().for_each(|f| loaded.file(f.path(), f.length()));

        let counts = |names: [&str; 2]| -> Vec<Option<u64>> { headers.iter().map(|h| h.count(names)).collect() };
        let (groups, n_groups) = gather(&files, "Group", &counts(["Ngroups_ThisFile", "Ngroups_ThisFile"]), &mut loaded.notes)?;
        let (subs, n_subs) = gather(&files, "Subhalo", &counts(["Nsubgroups_ThisFile", "Nsubhalos_ThisFile"]), &mut loaded.notes)?;
        let counts = Counts {
            groups: (n_groups, first.count(["Ngroups_Total", "Ngroups_Total"])),
            subs: (n_subs, first.count(["Nsubgroups_Total", "Nsubhalos_Total"])),
        };
        if !counts.settle(Self::NAME, files.len(), &place, &mut loaded)? {
            return Ok(loaded);
        }
        let membership = Membership::read(&groups, n_groups, &subs, n_subs)?;
        let haloes = columns::table(&groups, n_groups, &subs, n_subs, &membership, &units, &mut loaded.notes)?;
        put_haloes(haloes, path, &mut loaded)?;
        // A snapshot that only tells the time is not read with the catalogue.
        if let Some(snapshot) = &owner.snapshot {
            put_members(members::Members::new(snapshot.as_ref(), path, &membership)?, &mut loaded);
        }
        Ok(loaded)
    }
}

/// `given` with the snapshot that lies beside a catalogue whose header does not tell the time and h: it tells both.
fn with_snapshot_beside(path: &Path, epoch: &Epoch, given: &Given, loaded: &mut Loaded) -> Result<Given> {
    let told = epoch.is_known() || given.snapshot.is_some() || given.options.scale_factor.is_some() && given.options.hubble.is_some();
    let Some(beside) = snapshot_of(path).filter(|_| !told) else { return Ok(given.clone()) };
    let options = OpenOptions { halos: HaloSource::None, ..given.options.clone() };
    let snapshot = crate::ingest::open(&beside, &options)?;
    loaded
        .notes
        .push(format!("the catalogue does not tell its time and h: they are those of `{}`, which lies beside it", beside.display()));
    Ok(Given { snapshot: Some(snapshot), ..given.clone() })
}

/// `NAME_snap.hdf5` beside `NAME_subhalo.hdf5`.
fn snapshot_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let (base, _, extension) = split_name(name);
    let run = base.strip_suffix(CUT_OUT.1)?;
    Some(path.with_file_name(format!("{run}{}.{extension}", CUT_OUT.0))).filter(|p| p.is_file())
}

/// Header and parameters of one file.
struct Head {
    attributes: Attributes,
    parameters: Attributes,
}

impl Head {
    fn read(file: &H5File) -> Result<Head> {
        let groups = file.groups()?;
        let read = |name: &str| if groups.iter().any(|g| g == name) { file.attributes(name) } else { Ok(Attributes::new()) };
        Ok(Head { attributes: read("Header")?, parameters: read("Parameters")? })
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.attributes.get(name).or_else(|| self.parameters.get(name)).and_then(Attribute::float)
    }

    fn count(&self, names: [&str; 2]) -> Option<u64> {
        let value = names.iter().find_map(|n| self.attributes.get(*n))?;
        value.counts().and_then(|c| c.first().copied())
    }
}

/// How many particles of each type a group or subhalo has, and which group a subhalo lies in.
#[derive(Debug, Default)]
struct Membership {
    /// One list for each particle type.
    group_lengths: Vec<Vec<u64>>,
    sub_lengths: Vec<Vec<u64>>,
    /// Group of each subhalo.
    group_of: Option<Vec<u64>>,
}

impl Membership {
    fn read(groups: &[Stored], n_groups: u64, subs: &[Stored], n_subs: u64) -> Result<Membership> {
        let find = |stored: &[Stored], names: &[&str]| names.iter().find_map(|n| stored.iter().position(|s| s.name == *n));
        let lengths = |stored: &[Stored], by_type: &str, all: &str| -> Result<Vec<Vec<u64>>> {
            let Some(types) = find(stored, &[by_type]).and_then(|at| stored.get(at)) else { return Ok(Vec::new()) };
            let found = (0..types.components).map(|c| types.counts(c)).collect::<Result<Vec<_>>>()?;
            if let Some(total) = find(stored, &[all]).and_then(|at| stored.get(at)) {
                for (row, stated) in total.counts(0)?.into_iter().enumerate() {
                    let sum = found.iter().try_fold(0u64, |n, t| n.checked_add(t.get(row).copied().unwrap_or(0)));
                    if sum != Some(stated) {
                        return Err(Error::damaged("particles of each type do not add up")
                            .at(format!("row {row} of {}", types.first().map_or(by_type, |p| p.place())))
                            .expected(format!("{stated} as `{all}` says"))
                            .found(sum.map_or("too many".into(), |n| n.to_string())));
                    }
                }
            }
            Ok(found)
        };
        let group_of = match find(subs, &["SubhaloGrNr", "SubhaloGroupNr"]).and_then(|at| subs.get(at)) {
            Some(stored) => {
                let numbers = stored.counts(0)?;
                if let Some((row, group)) = numbers.iter().enumerate().find(|(_, g)| **g >= n_groups && n_groups > 0) {
                    return Err(Error::damaged("subhalo lies in a group that is not there")
                        .at(format!("row {row} of {}", stored.first().map_or("", |p| p.place())))
                        .expected(format!("0 to {}", n_groups - 1))
                        .found(group));
                }
                if numbers.windows(2).any(|pair| pair[0] > pair[1]) {
                    return Err(Error::damaged("subhaloes are not in the order of their groups")
                        .at(stored.first().map_or("SubhaloGrNr", |p| p.place())));
                }
                Some(numbers)
            }
            None => None,
        };
        if n_groups >= GROUP_BASE || n_subs >= GROUP_BASE {
            return Err(Error::limit("catalogue has too many objects").expected(format!("fewer than {GROUP_BASE}")));
        }
        Ok(Membership {
            group_lengths: lengths(groups, "GroupLenType", "GroupLen")?,
            sub_lengths: lengths(subs, "SubhaloLenType", "SubhaloLen")?,
            group_of,
        })
    }
}

#[cfg(test)]
mod tests;
