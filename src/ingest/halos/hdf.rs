//! Columns of HDF5 catalogues: datasets of one group, joined over the files of a set.
//!
//! Layout     every dataset of a group has one row per object; a file without objects may lack the datasets, or the group
//! Refuses    datasets of one group with different lengths, a dataset that a file with objects lacks, lengths that the header denies
//! Edge cases the set may be one file without a number in its name
//! See also   `gadget_hdf5::file` for the wall around the HDF5 library, `subfind`

use std::path::{Path, PathBuf};

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use crate::error::{Error, Result};
use crate::ingest::gadget_hdf5::decode::{Buffer, append, column_type};
use crate::ingest::gadget_hdf5::file::{Dataset, H5File, Kind, ROOT};
use crate::ingest::gadget_hdf5::files::{has_signature, split_name};

/// One dataset over all files.
#[derive(Debug)]
pub(super) struct Stored {
    /// Name in its group.
    pub name: String,
    /// Numbers in one row.
    pub components: usize,
    parts: Vec<Dataset>,
}

impl Stored {
    /// The part of the first file that has one.
    pub fn first(&self) -> Option<&Dataset> {
        self.parts.first()
    }

    /// Whether numbers are whole.
    pub fn is_whole(&self) -> bool {
        self.parts.iter().all(|p| matches!(p.kind, Kind::Signed(_) | Kind::Unsigned(_)))
    }

    /// One component as a column, times `factor`; whole numbers keep their type when there is none.
    pub fn column(&self, component: usize, factor: Option<f64>) -> Result<ArrayRef> {
        let kind = self.first().map_or(Kind::Float64, |p| p.kind);
        self.fill(component, &column_type(kind, factor.is_some()), factor.unwrap_or(1.0)).map(|b| b.finish(None))
    }

    /// One component in double precision, times `factor`: masses span more digits than singles keep after a product.
    pub fn doubles(&self, component: usize, factor: f64) -> Result<Vec<f64>> {
        match self.fill(component, &DataType::Float64, factor)? {
            Buffer::Float64(values) => Ok(values),
            _ => Err(Error::internal("doubles were asked for")),
        }
    }

    /// One component as whole numbers.
    pub fn integers(&self, component: usize) -> Result<Vec<i64>> {
        let unsigned = self.parts.iter().any(|p| matches!(p.kind, Kind::Unsigned(8)));
        match self.fill(component, if unsigned { &DataType::UInt64 } else { &DataType::Int64 }, 1.0)? {
            Buffer::Int64(values) => Ok(values),
            Buffer::UInt64(values) => values.into_iter().map(|v| i64::try_from(v).map_err(|_| self.too_large(v))).collect(),
            _ => Err(Error::internal("whole numbers were asked for")),
        }
    }

    /// One component as counts, which are not negative.
    pub fn counts(&self, component: usize) -> Result<Vec<u64>> {
        let found = self.integers(component)?;
        let place = || self.first().map_or_else(String::new, |p| p.place().to_string());
        found.into_iter().map(|v| u64::try_from(v).map_err(|_| Error::damaged("count is negative").at(place()).found(v))).collect()
    }

    fn too_large(&self, value: u64) -> Error {
        Error::damaged("number is too large").at(self.first().map_or_else(String::new, |p| p.place().to_string())).found(value)
    }

    fn fill(&self, component: usize, data_type: &DataType, factor: f64) -> Result<Buffer> {
        let rows: u64 = self.parts.iter().map(|p| p.rows).sum();
        let mut buffer = Buffer::new(data_type, rows as usize);
        let mut bytes = Vec::new();
        for part in &self.parts {
            part.read(0..part.rows, &mut bytes)?;
            append(&mut buffer, part, component, &bytes, factor);
        }
        Ok(buffer)
    }
}

/// Datasets of `group` over all `files`, by name; `counts` are the rows that each file should have, where its header says.
pub(super) fn gather(files: &[H5File], group: &str, counts: &[Option<u64>], notes: &mut Vec<String>) -> Result<(Vec<Stored>, u64)> {
    let mut stored: Vec<Stored> = Vec::new();
    let (mut rows, mut filled) = (0, 0);
    for (file, count) in files.iter().zip(counts) {
        let there = group == ROOT || file.has_group(group)?;
        let (datasets, skipped) = if there { file.datasets(group)? } else { (Vec::new(), Vec::new()) };
        skipped.into_iter().for_each(|note| {
            if !notes.contains(&note) {
                notes.push(note);
            }
        });
        let here = datasets.iter().map(|d| d.rows).max().unwrap_or(0);
        let wanted = count.unwrap_or(here);
        if let Some(odd) = datasets.iter().find(|d| d.rows != wanted) {
            return Err(Error::damaged("dataset has another length").at(odd.place()).expected(format!("{wanted} rows")).found(odd.rows));
        }
        if wanted == 0 {
            continue;
        }
        if datasets.is_empty() {
            return Err(Error::damaged("datasets are missing")
                .at(format!("`{group}` of `{}`", file.path().display()))
                .expected(format!("{wanted} rows")));
        }
        rows += wanted;
        filled += 1;
        for dataset in datasets {
            match stored.iter_mut().find(|s| s.name == dataset.name) {
                Some(known) if known.components == dataset.components && known.parts.len() + 1 == filled => known.parts.push(dataset),
                Some(_) => return Err(Error::damaged("dataset has another shape than in the files before").at(dataset.place())),
                None if filled == 1 => {
                    stored.push(Stored { name: dataset.name.clone(), components: dataset.components, parts: vec![dataset] })
                }
                None => return Err(Error::damaged("dataset is missing in the files before").at(dataset.place())),
            }
        }
        if let Some(lost) = stored.iter().find(|s| s.parts.len() < filled) {
            return Err(
                Error::damaged(format!("dataset `{}` is missing", lost.name)).at(format!("`{group}` of `{}`", file.path().display()))
            );
        }
    }
    Ok((stored, rows))
}

/// Groups at the root of an HDF5 file whose first bytes are `head`; none if it is none.
pub(super) fn groups_of(path: &Path, head: &[u8]) -> Option<Vec<String>> {
    if !has_signature(head) {
        return None;
    }
    H5File::open(path, true).ok()?.groups().ok()
}

/// Files of the set that `path` belongs to: those of its folder with the same name but for their number.
pub(super) fn set_of(path: &Path) -> Vec<PathBuf> {
    let name = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let (base, number, extension) = split_name(&name(path));
    if number.is_none() {
        return vec![path.to_path_buf()];
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found: Vec<(u64, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| {
            let (b, n, x) = split_name(&name(&e.path()));
            n.filter(|_| b == base && x == extension).map(|n| (n, path.with_file_name(e.file_name())))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, p)| p).collect()
}

/// Refuses a set with a gap in its numbers, or with another number of files than its header says.
pub(super) fn whole_set(paths: &[PathBuf], stated: Option<u64>) -> Result<()> {
    let first = paths.first().map(|p| p.display().to_string()).unwrap_or_default();
    let number = |p: &PathBuf| p.file_name().and_then(|n| split_name(&n.to_string_lossy()).1);
    if let Some((at, path)) = paths.iter().enumerate().find(|(at, p)| number(p).is_some_and(|n| n != *at as u64)) {
        return Err(Error::not_found("a file of the catalogue is missing")
            .at(format!("before `{}`", path.display()))
            .expected(format!("number {at}"))
            .hint("copy the missing file to this folder"));
    }
    match stated {
        Some(stated) if stated > 1 && stated != paths.len() as u64 => Err(Error::not_found("files of the catalogue are missing")
            .at(format!("`{first}`"))
            .expected(format!("{stated} files as the header says"))
            .found(paths.len())),
        _ => Ok(()),
    }
}
