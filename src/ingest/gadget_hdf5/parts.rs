//! Every file of a snapshot opened and checked against its header: particle types, their datasets and their rows.
//!
//! Layout     `PartTypeN/<dataset>`, the same datasets in every file that has rows of that type
//! Refuses    lengths that disagree with `NumPart_ThisFile`, sums that disagree with `NumPart_Total`, files of different times,
//!            datasets that only some files have; the first failure names file, dataset, expected and found
//! Edge cases a junk high word of `NumPart_Total` is ignored when the sum fits the low word; cut-outs without counts, or with those of the
//!            file they were cut from, take them from the datasets when these agree among themselves
//! Cost       metadata only, all files in parallel; then one pass over the formation times to find wind-phase cells
//! See also   `header`, `families`

use std::path::PathBuf;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::ingest::{Family, keeps_open};

use super::decode::{self, Buffer};
use super::dialect::Dialect;
use super::families::{Selection, family_of};
use super::file::{Dataset, H5File};
use super::header::Header;

/// Rows that are read at a time when formation times are searched.
const SEARCH_ROWS: u64 = 1 << 18;
/// Dataset whose values <= 0 mark wind-phase cells.
const WIND_MARKER: &str = "GFM_StellarFormationTime";

/// Rows of one particle type in one file.
#[derive(Debug)]
pub(super) struct PartFile {
    /// The file.
    pub(super) path: PathBuf,
    /// Rows in it.
    pub(super) rows: u64,
    /// Rows of this type in the files before it.
    pub(super) first_row: u64,
    /// Datasets in the order of [`Part::names`].
    pub(super) datasets: Vec<Dataset>,
    /// Rows that are wind-phase cells, sorted.
    pub(super) winds: Vec<u64>,
}

/// One particle type.
#[derive(Debug)]
pub(super) struct Part {
    /// N of PartTypeN.
    pub(super) number: usize,
    /// Its table.
    pub(super) family: Family,
    /// Names of its datasets, sorted.
    pub(super) names: Vec<String>,
    /// Mass of each particle where the mass table has one [code].
    pub(super) table_mass: Option<f64>,
    /// Its rows, file by file; files without rows are left out.
    pub(super) files: Vec<PartFile>,
}

impl Part {
    /// Position of a dataset among [`Part::names`].
    pub(super) fn slot(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|n| n.as_str().cmp(name)).ok()
    }

    /// The dataset of the first file, which stands for the others in type and units.
    pub(super) fn first(&self, slot: usize) -> Option<&Dataset> {
        self.files.first().and_then(|f| f.datasets.get(slot))
    }

    /// Rows in all files.
    pub(super) fn rows(&self) -> u64 {
        self.files.iter().map(|f| f.rows).sum()
    }

    /// Selected rows in all files.
    pub(super) fn selected(&self, selection: Selection) -> u64 {
        self.files.iter().map(|f| selection.count(f.rows, &f.winds)).sum()
    }

    /// Whether any row is a wind-phase cell.
    pub(super) fn has_winds(&self) -> bool {
        self.files.iter().any(|f| !f.winds.is_empty())
    }
}

/// All files, checked.
#[derive(Debug)]
pub(super) struct Opened {
    /// Header of the first file.
    pub(super) header: Header,
    /// Particle types that have rows, by number.
    pub(super) parts: Vec<Part>,
    /// Every file with its length.
    pub(super) files: Vec<(PathBuf, u64)>,
    /// What the user should know.
    pub(super) notes: Vec<String>,
}

struct OneFile {
    header: Header,
    path: PathBuf,
    length: u64,
    /// Whether particles are fewer than the header counts, in every dataset of their type.
    cut: bool,
    parts: Vec<(usize, u64, Vec<Dataset>)>,
    skipped: Vec<String>,
}

/// Opens and checks the files of one snapshot; `alone` when a single file of a larger set is read by itself.
pub(super) fn open_all(paths: &[PathBuf], alone: bool) -> Result<Opened> {
    let keep_open = keeps_open(paths.len());
    let opened: Vec<Result<OneFile>> = paths.par_iter().map(|path| open_one(path, keep_open, paths.len() == 1)).collect();
    let opened = opened.into_iter().collect::<Result<Vec<_>>>()?;
    let Some(header) = opened.first().map(|f| f.header.clone()) else {
        return Err(Error::internal("snapshot without files"));
    };
    let mut notes = header.notes.clone();
    for file in &opened {
        if file.header.time.to_bits() != header.time.to_bits() {
            return Err(Error::damaged("files of one snapshot are of different times")
                .at(format!("`Time` of `{}`", file.path.display()))
                .expected(header.time)
                .found(file.header.time)
                .hint("files of two runs share this folder"));
        }
    }
    for text in opened.iter().flat_map(|f| &f.skipped) {
        if !notes.contains(text) {
            notes.push(text.clone());
        }
    }
    check_totals(&header, &opened, alone, &mut notes)?;
    let files = opened.iter().map(|f| (f.path.clone(), f.length)).collect();
    let parts = join(&header, opened)?;
    Ok(Opened { header, parts, files, notes })
}

/// Opens one file; `single` when it is all there is, and so may be a cut-out.
fn open_one(path: &std::path::Path, keep_open: bool, single: bool) -> Result<OneFile> {
    let file = H5File::open(path, keep_open)?;
    let groups = file.groups()?;
    let header = Header::read(&file, &groups)?;
    let mut numbers: Vec<(usize, &String)> = groups.iter().filter_map(|g| Some((g.strip_prefix("PartType")?.parse().ok()?, g))).collect();
    numbers.sort();
    let (mut parts, mut skipped) = (Vec::new(), Vec::new());
    let mut cut = single && header.cutout;
    for (number, group) in numbers {
        if header.dialect.is_neutrino(number) {
            skipped.push(format!("{group} (neutrinos) is left out"));
            continue;
        }
        let (mut datasets, left_out) = file.datasets(group)?;
        skipped.extend(left_out);
        for inner in header.dialect.inner_groups() {
            datasets.extend(file.inner_datasets(group, inner)?);
        }
        datasets.sort_by(|a, b| a.name.cmp(&b.name));
        if header.dialect == Dialect::Swift && datasets.iter().any(|d| d.name == "ElementMassFractions") {
            check_elements(&file)?;
        }
        let named = header.here.as_ref().map(|here| here.get(number).copied().unwrap_or(0));
        let reference = datasets.iter().find(|d| d.name == "Coordinates").or(datasets.first());
        let agreed = reference.map(|d| d.rows).filter(|rows| datasets.iter().all(|d| d.rows == *rows));
        let fewer = agreed.filter(|rows| single && datasets.len() > 1 && named.is_some_and(|named| *rows < named));
        cut |= fewer.is_some();
        let rows = fewer.or(named).or(reference.map(|d| d.rows)).unwrap_or(0);
        for dataset in &datasets {
            if dataset.rows != rows {
                let expected = if named.is_some() {
                    format!("{rows} rows as `NumPart_ThisFile` says")
                } else {
                    format!("{rows} rows as the others have")
                };
                return Err(Error::damaged("dataset has another length than its particle type")
                    .at(dataset.place())
                    .expected(expected)
                    .found(dataset.rows)
                    .hint("the file is incomplete; restore it"));
            }
        }
        if rows > 0 {
            if datasets.is_empty() {
                return Err(missing(&format!("`{group}` of `{}`", path.display()), rows));
            }
            parts.push((number, rows, datasets));
        }
    }
    if let Some(here) = header.here.as_ref().filter(|_| !cut) {
        for (number, rows) in here.iter().enumerate().filter(|(number, n)| **n > 0 && !header.dialect.is_neutrino(*number)) {
            if !parts.iter().any(|(p, _, _)| *p == number) {
                return Err(missing(&format!("`PartType{number}` of `{}`", path.display()), *rows));
            }
        }
    }
    Ok(OneFile { header, path: path.to_path_buf(), length: file.length(), cut, parts, skipped })
}

/// SWIFT names the columns of its elements; another order would put one element under the name of another.
fn check_elements(file: &H5File) -> Result<()> {
    const SYMBOLS_IN_ORDER: [&str; 9] = ["Hydrogen", "Helium", "Carbon", "Nitrogen", "Oxygen", "Neon", "Magnesium", "Silicon", "Iron"];
    let Some(names) = file.texts("SubgridScheme/NamedColumns", "ElementMassFractions")? else { return Ok(()) };
    if names.len() == SYMBOLS_IN_ORDER.len() && names != SYMBOLS_IN_ORDER {
        return Err(Error::unsupported("elements are in an order that is not known")
            .at(format!("`SubgridScheme/NamedColumns/ElementMassFractions` of `{}`", file.path().display()))
            .expected(SYMBOLS_IN_ORDER.join(", "))
            .found(names.join(", ")));
    }
    Ok(())
}

fn missing(place: &str, rows: u64) -> Error {
    Error::damaged("particles of the header are not in the file").at(place).expected(format!("{rows} rows")).found("no datasets")
}

fn check_totals(header: &Header, opened: &[OneFile], alone: bool, notes: &mut Vec<String>) -> Result<()> {
    if let Some(file) = opened.first().filter(|f| f.cut) {
        let found: Vec<String> = file.parts.iter().map(|(number, rows, _)| format!("{rows} of type {number}")).collect();
        notes.push(format!(
            "this is a cut-out: it holds {}, while its header counts the particles of the file that it was cut from",
            found.join(", ")
        ));
        return Ok(());
    }
    let (Some(total), true) = (&header.total, opened.iter().all(|f| f.header.here.is_some())) else {
        notes.push("the header has no particle numbers: they are taken from the datasets".into());
        return Ok(());
    };
    if alone {
        notes.push(format!("the header speaks of {} files, and this one is read alone", header.files));
        return Ok(());
    }
    for (number, expected) in total.iter().enumerate() {
        let sum: u64 =
            opened.iter().filter_map(|f| f.header.here.as_ref()).filter_map(|h| h.get(number)).fold(0, |a, b| a.saturating_add(*b));
        if sum == *expected {
            continue;
        }
        if sum == *expected & u64::from(u32::MAX) {
            notes.push(format!("NumPart_Total_HighWord of PartType{number} is not believed: the files hold {sum} rows"));
            continue;
        }
        let place = opened.first().map(|f| f.path.display().to_string()).unwrap_or_default();
        return Err(Error::damaged("files do not hold the particles that the header counts")
            .at(format!("`NumPart_Total` of PartType{number} in `{place}`"))
            .expected(expected)
            .found(format!("{sum} in {} files", opened.len())));
    }
    Ok(())
}

/// Joins the files into particle types and finds the wind-phase cells.
fn join(header: &Header, opened: Vec<OneFile>) -> Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    for file in opened {
        for (number, rows, datasets) in file.parts {
            let index = match parts.iter().position(|p| p.number == number) {
                Some(i) => i,
                None => {
                    let names: Vec<String> = datasets.iter().map(|d| d.name.clone()).collect();
                    let table_mass = header.mass_table.get(number).copied().filter(|m| *m > 0.0 && m.is_finite());
                    let family = match header.dialect.is_sink(number) {
                        true => Family::BlackHoles,
                        false => family_of(number, &names, table_mass.is_some(), header.tracers),
                    };
                    parts.push(Part { number, family, names, table_mass, files: Vec::new() });
                    parts.len() - 1
                }
            };
            let part = &mut parts[index];
            same_datasets(part, &datasets, &file.path)?;
            let first_row = part.rows();
            part.files.push(PartFile { path: file.path.clone(), rows, first_row, datasets, winds: Vec::new() });
        }
    }
    parts.sort_by_key(|p| p.number);
    for part in parts.iter_mut().filter(|p| p.family == Family::Stars) {
        if let Some(slot) = part.slot(WIND_MARKER) {
            let found: Vec<Result<Vec<u64>>> = part.files.par_iter().map(|f| winds_of(&f.datasets[slot])).collect();
            for (file, winds) in part.files.iter_mut().zip(found) {
                file.winds = winds?;
            }
        }
    }
    Ok(parts)
}

fn same_datasets(part: &Part, datasets: &[Dataset], path: &std::path::Path) -> Result<()> {
    let Some(first) = part.files.first() else { return Ok(()) };
    let differs = |name: &str, has: &str, lacks: &str| {
        Error::damaged("files of one snapshot have different datasets")
            .at(format!("`PartType{}/{name}` of `{lacks}`", part.number))
            .expected(format!("the dataset of `{has}`"))
            .found("none, or another shape")
    };
    let (this, other) = (path.display().to_string(), first.path.display().to_string());
    for (name, reference) in part.names.iter().zip(&first.datasets) {
        if !datasets.iter().any(|d| d.name == *name && d.components == reference.components) {
            return Err(differs(name, &other, &this));
        }
    }
    match datasets.iter().find(|d| part.slot(&d.name).is_none()) {
        Some(extra) => Err(differs(&extra.name, &this, &other)),
        None => Ok(()),
    }
}

fn winds_of(formation: &Dataset) -> Result<Vec<u64>> {
    let (mut winds, mut bytes, mut start) = (Vec::new(), Vec::new(), 0);
    while start < formation.rows {
        let end = (start + SEARCH_ROWS).min(formation.rows);
        formation.read(start..end, &mut bytes)?;
        let mut values = Buffer::Float64(Vec::with_capacity((end - start) as usize));
        decode::append(&mut values, formation, 0, &bytes, 1.0);
        if let Buffer::Float64(values) = values {
            winds.extend(values.iter().enumerate().filter(|(_, a)| **a <= 0.0).map(|(i, _)| start + i as u64));
        }
        start = end;
    }
    Ok(winds)
}
