//! Group catalogues of EAGLE: friends-of-friends groups and subhaloes of `eagle_subfind_tab` files, and who belongs to them.
//!
//! Layout     `groups_NNN_zAAApBBB/eagle_subfind_tab_NNN_zAAApBBB.K.hdf5`: `Header`, `FOF`, `Subhalo` with groups inside; all files are read
//! Units      `CGSConversionFactor`, `aexp-scale-exponent` and `h-scale-exponent` of each dataset; what it measures follows from the factor
//! Source     The EAGLE team 2017, arXiv:1706.09899 (public particle data); McAlpine et al. 2016, A&C 15, 72 (halo catalogues)
//! Refuses    lengths that the header denies, missing files, subhaloes of groups that are not there
//! Edge cases `GroupNumber` counts from 1 and `SubGroupNumber` from 0; a subhalo's halo_id is its row in the catalogue, a group's is
//!            10^12 + its GroupNumber; a file may hold no objects and no datasets
//! See also   `columns` for units and names, `members` for particles, `subfind` for the other descendants of the same finder

use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ingest::gadget_hdf5::file::{Attribute, Attributes, H5File};
use crate::ingest::gadget_hdf5::files::snapshot_number;
use crate::ingest::keeps_open;

use super::catalogue::{Given, Loaded, Reader};
use super::groups::{Counts, Epoch, put_haloes, put_members};
use super::hdf::{Stored, gather, groups_of, set_of, whole_set};

mod columns;
mod members;

/// Groups of datasets inside `Subhalo`, as far as a file has them.
const INNER_GROUPS: [&str; 6] =
    ["Stars", "SF", "NSF", "ApertureMeasurements/Mass", "ApertureMeasurements/SFR", "ApertureMeasurements/VelDisp"];
/// One Mpc, the unit of length of EAGLE, in kpc.
const KPC_PER_MPC: f64 = 1000.0;

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct Eagle;

impl Reader for Eagle {
    const NAME: &'static str = "eagle-subfind";
    const DESCRIPTION: &'static str = "EAGLE group catalogues (eagle_subfind_tab) in HDF5, one file or many";

    fn fits(&self, path: &Path, head: &[u8]) -> bool {
        let Some(groups) = groups_of(path, head) else { return false };
        let has = |name: &str| groups.iter().any(|g| g == name);
        has("Header") && has("FOF") && !groups.iter().any(|g| g.starts_with("PartType"))
    }

    fn load(&self, path: &Path, given: &Given) -> Result<Loaded> {
        let paths = set_of(path);
        let files = paths.iter().map(|p| H5File::open(p, keeps_open(paths.len()))).collect::<Result<Vec<_>>>()?;
        let headers = files.iter().map(|f| f.attributes("Header")).collect::<Result<Vec<_>>>()?;
        let (Some(first), Some(file)) = (headers.first(), files.first()) else {
            return Err(Error::not_found("no such catalogue").at(format!("`{}`", path.display())));
        };
        let number = |name: &str| first.get(name).and_then(Attribute::float);
        whole_set(&paths, count(first, "NTask"))?;
        let place = format!("`Header` of `{}`", file.path().display());
        let mut loaded = Loaded { snap: snapshot_number(path), ..Loaded::default() };
        let epoch = Epoch {
            a: number("ExpansionFactor"),
            redshift: number("Redshift"),
            h: number("HubbleParam"),
            omega_m: number("Omega0"),
            omega_lambda: number("OmegaLambda"),
        };
        let (a, h) = epoch.settle(given, &place, &mut loaded)?;
        loaded.box_kpc = number("BoxSize").filter(|b| *b > 0.0).map(|b| b * KPC_PER_MPC * a / h);
        loaded.attributes.extend(first.iter().map(|(name, value)| (format!("Header/{name}"), value.to_string())));
        files.iter().for_each(|f| loaded.file(f.path(), f.length()));

        let here = |name: &str| -> Vec<Option<u64>> { headers.iter().map(|h| count(h, name)).collect() };
        let (groups, n_groups) = gather(&files, "FOF", &here("Ngroups"), &mut loaded.notes)?;
        let counts = here("Nsubgroups");
        let (mut subs, n_subs) = gather(&files, "Subhalo", &counts, &mut loaded.notes)?;
        for inner in INNER_GROUPS {
            let group = format!("Subhalo/{inner}");
            if n_subs > 0 && files.iter().map(|f| f.has_group(&group)).collect::<Result<Vec<_>>>()?.contains(&true) {
                let (mut found, _) = gather(&files, &group, &counts, &mut loaded.notes)?;
                found.iter_mut().for_each(|s| s.name = format!("{inner}/{}", s.name));
                subs.append(&mut found);
            }
        }
        let counts = Counts { groups: (n_groups, count(first, "TotNgroups")), subs: (n_subs, count(first, "TotNsubgroups")) };
        if !counts.settle(Self::NAME, files.len(), &place, &mut loaded)? {
            return Ok(loaded);
        }
        let names = Names::read(&subs, n_groups, n_subs)?;
        let haloes = columns::table(&groups, n_groups, &subs, &names, columns::Scales { a, h }, &mut loaded.notes)?;
        put_haloes(haloes, path, &mut loaded)?;
        if let Some(snapshot) = &given.snapshot {
            put_members(members::Members::new(Arc::clone(snapshot), &names, n_groups)?, &mut loaded);
        }
        Ok(loaded)
    }
}

fn count(header: &Attributes, name: &str) -> Option<u64> {
    header.get(name).and_then(Attribute::counts).and_then(|c| c.first().copied())
}

/// What each subhalo is called: its group, from 1, and its number in that group, from 0.
#[derive(Debug, Default)]
struct Names {
    group: Vec<u64>,
    sub: Vec<u64>,
}

impl Names {
    fn read(subs: &[Stored], n_groups: u64, n_subs: u64) -> Result<Names> {
        if n_subs == 0 {
            return Ok(Names::default());
        }
        let stored = |name: &str| {
            let missing = || {
                let beside =
                    subs.iter().find_map(|s| s.first()).map_or_else(|| "`Subhalo`".to_string(), |d| format!("beside {}", d.place()));
                Error::damaged(format!("catalogue has no dataset `Subhalo/{name}`")).at(beside)
            };
            subs.iter().find(|s| s.name == name).ok_or_else(missing)
        };
        let (groups, numbers) = (stored("GroupNumber")?, stored("SubGroupNumber")?);
        let names = Names { group: groups.counts(0)?, sub: numbers.counts(0)? };
        let place = |row: usize| format!("row {row} of {}", groups.first().map_or("GroupNumber", |p| p.place()));
        if let Some((row, group)) = names.group.iter().enumerate().find(|(_, g)| **g == 0 || **g > n_groups) {
            return Err(Error::damaged("subhalo lies in a group that is not there")
                .at(place(row))
                .expected(format!("1 to {n_groups}"))
                .found(group));
        }
        let pairs: Vec<(u64, u64)> = names.group.iter().copied().zip(names.sub.iter().copied()).collect();
        if let Some(row) = pairs.windows(2).position(|pair| pair[0] >= pair[1]) {
            return Err(Error::damaged("subhaloes are not in the order of their groups and numbers").at(place(row + 1)));
        }
        Ok(names)
    }

    /// Row of a subhalo.
    fn row(&self, group: u64, sub: u64) -> Option<u64> {
        let start = self.group.partition_point(|g| *g < group);
        let end = self.group.partition_point(|g| *g <= group);
        let at = self.sub.get(start..end)?.binary_search(&sub).ok()?;
        Some((start + at) as u64)
    }
}

#[cfg(test)]
mod tests;
