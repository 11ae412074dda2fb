//! Rockstar's text lists `out_N.list`, and those of consistent-trees that have the same header.
//!
//! Layout     `#ID DescID Mvir Vmax Vrms Rvir Rs Np X Y Z VX VY VZ ...`, comments (`#a = 0.5`, `#Om = 0.3; Ol = 0.7; h = 0.7`), rows
//! Units      Msun/h, comoving Mpc/h for positions, comoving kpc/h for lengths, km/s in the file
//! Source     Behroozi, Wechsler & Wu 2013, ApJ 762, 109; comments of the files
//! Refuses    rows of another length, identifiers twice, text that ends in mid-line
//! Edge cases mass and radius are the first columns that start with M and R, whatever definition the run chose; without a comment the
//!            scale factor is that of `scales.txt` beside the list, or the snapshot's
//! See also   `consistent_trees` for the same columns with a history

use std::path::Path;
use std::sync::Arc;

use crate::cosmology::Cosmology;
use crate::error::{Error, Result};
use crate::ingest::Family;

use super::super::catalogue::{Given, Loaded, Reader};
use super::super::check;
use super::super::table::{Table, own_name};
use super::super::text::{Meaning, Parsed, TextFile, without_number};
use super::super::units::{Kind, Scale, hubble, scale_factor};

/// File of consistent-trees with one line `number scale_factor` for each list.
const SCALES: &str = "scales.txt";

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct RockstarList;

impl Reader for RockstarList {
    const NAME: &'static str = "rockstar-list";
    const DESCRIPTION: &'static str = "Rockstar text lists out_N.list, and the lists of consistent-trees";

    fn fits(&self, _path: &Path, head: &[u8]) -> bool {
        let line = String::from_utf8_lossy(head.split(|b| *b == b'\n').next().unwrap_or(head)).to_lowercase();
        line.starts_with("#id descid m")
    }

    fn load(&self, path: &Path, given: &Given) -> Result<Loaded> {
        let file = TextFile::open(path)?;
        let mut lines = file.lines();
        let header = lines.next().map(|(_, line)| line).filter(|line| line.starts_with('#'));
        let Some(header) = header else { return Err(Error::damaged("list of haloes has no header").at(file.at(1))) };
        let names: Vec<&str> = header.trim_start_matches('#').split_whitespace().collect();
        let meanings = meanings(&names);
        for needed in ["halo_id", "mass", "radius", "x", "y", "z"] {
            if !meanings.iter().any(|m| m.column == needed) {
                return Err(Error::damaged(format!("list of haloes has no column for `{needed}`")).at(file.at(1)));
            }
        }
        let comments = Comments::of(file.lines().map(|(_, line)| line));
        let mut loaded = Loaded { format: "rockstar-list".into(), snap: snap_of(path), ..Loaded::default() };
        loaded.file(path, file.length());
        let place = file.place();
        let named = match comments.value("a") {
            Some(a) => Some(a),
            None => listed(path, loaded.snap, &mut loaded)?,
        };
        let scale = Scale { h: hubble(comments.value("h"), given, &place)?, a: scale_factor(named, given, &place)? };
        loaded.scale_factor = Some(scale.a);
        loaded.cosmology = match comments.value("Om").zip(comments.value("Ol")) {
            Some((omega_m, omega_lambda)) => Some(Cosmology::lcdm(scale.h, omega_m, omega_lambda).map_err(|e| e.at(&place))?),
            None => given.snapshot.as_ref().and_then(|s| s.info().cosmology.clone()),
        };
        loaded.box_kpc = comments.value("Box size").zip(scale.factor(Kind::Mpc)).map(|(side, factor)| side * factor);
        loaded.attributes = comments.0;
        let mut parsed = Parsed::new(meanings);
        for (number, line) in lines.filter(|(_, line)| !line.starts_with('#')) {
            parsed.push(&file, number, line, names.len())?;
        }
        let mut table = Table::default();
        let rows = parsed.rows;
        parsed.into_table(&mut table, &[scale]);
        if !table.has("parent_id") {
            table.whole("parent_id", "", std::iter::repeat_n(None, rows));
            loaded.notes.push("the list does not say which halo lies in which: parent_id is null".into());
        }
        check::halos(&table, &place, &mut loaded.notes)?;
        loaded.put(Family::Halos, Arc::new(table.finish()?));
        Ok(loaded)
    }
}

/// Numbers of the comments `# name = value; name = value`, and `# name: value unit`.
#[derive(Debug)]
pub(super) struct Comments(pub Vec<(String, String)>);

impl Comments {
    /// Of all lines of a file.
    pub fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Comments {
        let mut found = Vec::new();
        for line in lines.take_while(|line| line.starts_with('#')) {
            for part in line.trim_start_matches('#').split(';') {
                let Some((name, value)) = part.split_once('=').or_else(|| part.split_once(':')) else { continue };
                let number = value.split_whitespace().next().unwrap_or("");
                if number.parse::<f64>().is_ok_and(f64::is_finite) {
                    found.push((name.trim().to_string(), number.to_string()));
                }
            }
        }
        Comments(found)
    }

    /// The number called `name`.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.parse().ok())
    }
}

/// What the columns of Rockstar and consistent-trees mean.
pub(super) fn meanings(names: &[&str]) -> Vec<Meaning> {
    let mut found: Vec<Meaning> = Vec::with_capacity(names.len());
    for name in names {
        let source = without_number(name);
        let lower = source.to_lowercase();
        let taken = |column: &str| found.iter().any(|m| m.column == column);
        let (column, kind) = match lower.as_str() {
            "id" => ("halo_id".to_string(), Kind::Whole),
            "descid" | "desc_id" => ("descendant_id".to_string(), Kind::Whole),
            "pid" => ("parent_id".to_string(), Kind::Whole),
            "np" => ("n_particles".to_string(), Kind::Whole),
            "x" | "y" | "z" => (lower, Kind::Mpc),
            "vx" | "vy" | "vz" => (lower, Kind::Velocity),
            "vmax" => ("v_max".to_string(), Kind::Velocity),
            "rvmax" => ("r_max".to_string(), Kind::Kpc),
            "spin" => ("spin".to_string(), Kind::Number),
            "scale" => ("scale_factor".to_string(), Kind::Number),
            "mmp?" => ("is_main_progenitor".to_string(), Kind::Flag),
            "depth_first_id" => ("node_id".to_string(), Kind::Whole),
            "next_coprogenitor_depthfirst_id" => ("next_progenitor_id".to_string(), Kind::Whole),
            "last_progenitor_depthfirst_id" => ("last_progenitor_id".to_string(), Kind::Whole),
            "last_mainleaf_depthfirst_id" => ("main_leaf_id".to_string(), Kind::Whole),
            "sam_mvir" | "macc" | "mpeak" => (own_name(source), Kind::Mass),
            m if m.starts_with('m') && m.get(1..2).is_some_and(|c| "v0123456789".contains(c)) && !taken("mass") => {
                ("mass".to_string(), Kind::Mass)
            }
            r if r.starts_with('r') && r.get(1..2).is_some_and(|c| "v0123456789".contains(c)) && !taken("radius") => {
                ("radius".to_string(), Kind::Kpc)
            }
            m if m.starts_with("mvir")
                || m.starts_with("m_pe")
                || (m.starts_with('m') && m.get(1..2).is_some_and(|c| "0123456789".contains(c))) =>
            {
                (own_name(source), Kind::Mass)
            }
            "rs" | "rs_klypin" | "xoff" | "halfmass_radius" | "rs_halfmass" => (own_name(source), Kind::Kpc),
            a if a.starts_with("a[") => (own_name(source), Kind::Kpc),
            "vrms" | "voff" | "vacc" | "vpeak" => (own_name(source), Kind::Velocity),
            "jx" | "jy" | "jz" => (own_name(source), Kind::Momentum),
            n if n.starts_with("num_")
                || n.ends_with("_id")
                || n.ends_with("pid")
                || ["phantom", "snap_idx", "snap_num", "mmp", "tracked"].contains(&n) =>
            {
                (own_name(source), Kind::Whole)
            }
            n if n.starts_with("b_to_a") || n.starts_with("c_to_a") || n.starts_with("spin_") || ["t/|u|", "tidal_force"].contains(&n) => {
                (own_name(source), Kind::Number)
            }
            n if n.contains("scale") => (own_name(source), Kind::Number),
            _ => (own_name(source), Kind::Unknown),
        };
        found.push(Meaning { source: source.to_string(), column, kind });
    }
    found
}

/// Number of the list: the digits before `.list`.
fn snap_of(path: &Path) -> u32 {
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let digits = stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    stem.get(digits..).and_then(|d| d.parse().ok()).unwrap_or(0)
}

/// Scale factor of list `snap` in the file of scale factors beside it.
fn listed(path: &Path, snap: u32, loaded: &mut Loaded) -> Result<Option<f64>> {
    let beside = path.with_file_name(SCALES);
    if !beside.is_file() {
        return Ok(None);
    }
    let file = TextFile::open(&beside)?;
    let mut found = None;
    for (number, line) in file.lines().filter(|(_, line)| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        if let (Some(n), Some(a)) = (words.next(), words.next())
            && file.whole(number, n)? == Some(u64::from(snap))
        {
            found = Some(file.real(number, a)?);
        }
    }
    loaded.file(&beside, file.length());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_hold_numbers() {
        let c = Comments::of(
            ["#ID", "#a = 0.309249", "#Om = 0.279000; Ol = 0.721000; h = 0.701000", "#Box size: 50.0 Mpc/h", "#Units: Masses", "1 2"]
                .into_iter(),
        );
        assert_eq!(
            [c.value("a"), c.value("Ol"), c.value("h"), c.value("Box size"), c.value("Units")],
            [Some(0.309249), Some(0.721), Some(0.701), Some(50.0), None]
        );
    }

    #[test]
    fn mass_and_radius_follow_the_definition_of_the_run() {
        for (names, mass, radius) in
            [(["#ID", "M200c", "R200c", "M200b"], "M200c", "R200c"), (["ID", "Mvir(10)", "Rvir(11)", "Mvir_all"], "Mvir", "Rvir")]
        {
            let m = meanings(&names);
            let source = |column: &str| m.iter().find(|m| m.column == column).map(|m| m.source.as_str());
            assert_eq!((source("mass"), source("radius")), (Some(mass), Some(radius)));
            assert_eq!((m[3].kind, m[3].column != "mass"), (Kind::Mass, true));
        }
        assert_eq!(snap_of(Path::new("a/out_14.list")), 14);
        assert_eq!(snap_of(Path::new("really_consistent.list")), 0);
    }

    #[test]
    fn a_list_needs_h_and_a_scale_factor() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out_3.list");
        let text =
            "#ID DescID Mvir Vmax Vrms Rvir Rs Np X Y Z VX VY VZ\n#Units: Masses in Msun / h\n7 -1 7e11 100 90 70 10 50 1 2 3 4 5 6\n";
        std::fs::write(&path, text).unwrap();
        let mut given = Given::default();
        assert!(RockstarList.load(&path, &given).unwrap_err().to_string().contains("Hubble"));
        given.options.hubble = Some(0.7);
        assert!(RockstarList.load(&path, &given).unwrap_err().to_string().contains("scale factor"));
        std::fs::write(dir.path().join(SCALES), "2 0.4\n3 0.5\n").unwrap();
        let loaded = RockstarList.load(&path, &given).unwrap();
        assert_eq!((loaded.snap, loaded.scale_factor, loaded.files.len()), (3, Some(0.5), 2));
        std::fs::write(&path, &text[..text.len() - 3]).unwrap();
        assert!(RockstarList.load(&path, &given).unwrap_err().to_string().contains("middle of a line"));
    }
}
