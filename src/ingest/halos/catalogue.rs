//! An opened catalogue: tables of haloes that stand alone or join a snapshot of particles.
//!
//! Layout     every table is one batch in memory, or rows that are made when they are asked for (members in group order)
//! Cost       a catalogue takes as much memory as its columns; reading shares the columns and copies nothing
//! See also   `companions` joins it to a snapshot, `table` builds the batches

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::cosmology::Cosmology;
use crate::error::{Error, Result};
use crate::ingest::sniff::without_part;
use crate::ingest::{Family, Format, HaloSource, OpenOptions, Snapshot, SnapshotInfo};

/// Rows of one table, by position.
pub(super) trait Rows: Send + Sync + fmt::Debug {
    /// Columns with their metadata.
    fn schema(&self) -> SchemaRef;

    /// Number of rows.
    fn count(&self) -> u64;

    /// Columns `columns` of rows `rows`, which exist.
    fn read(&self, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch>;
}

impl Rows for RecordBatch {
    fn schema(&self) -> SchemaRef {
        RecordBatch::schema(self)
    }

    fn count(&self) -> u64 {
        self.num_rows() as u64
    }

    fn read(&self, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
        let (start, length) = (rows.start as usize, (rows.end - rows.start) as usize);
        self.slice(start, length).project(columns).map_err(|e| Error::internal("columns are not in the table").because(e))
    }
}

/// What is known about a catalogue before it is opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    /// The user's options.
    pub options: OpenOptions,
    /// The snapshot that the catalogue was made from, where it is at hand.
    pub snapshot: Option<Arc<dyn Snapshot>>,
}

impl Given {
    /// Hubble parameter: the user's, else the snapshot's.
    pub fn hubble(&self) -> Result<Option<f64>> {
        match self.options.hubble {
            Some(h) if !(h.is_finite() && h > 0.0) => Err(Error::usage("the Hubble parameter must be positive").found(h)),
            Some(h) => Ok(Some(h)),
            None => Ok(self.snapshot.as_ref().and_then(|s| s.info().cosmology.as_ref().map(|c| c.h))),
        }
    }

    /// Scale factor: the user's, else the snapshot's.
    pub fn scale_factor(&self) -> Result<Option<f64>> {
        match self.options.scale_factor {
            Some(a) if !(a.is_finite() && a > 0.0) => Err(Error::usage("the scale factor must be positive").found(a)),
            Some(a) => Ok(Some(a)),
            None => Ok(self.snapshot.as_ref().and_then(|s| s.info().scale_factor)),
        }
    }
}

/// What a reader found in the files of a catalogue.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// Format with its variant.
    pub format: String,
    /// Snapshot number, where the file or its name has one.
    pub snap: u32,
    /// Files with their lengths.
    pub files: Vec<(PathBuf, u64)>,
    /// Scale factor of a catalogue of one time.
    pub scale_factor: Option<f64>,
    /// Cosmology of the header.
    pub cosmology: Option<Cosmology>,
    /// Physical side of the box \[kpc\].
    pub box_kpc: Option<f64>,
    /// Tables, none of them twice.
    pub tables: Vec<(Family, Arc<dyn Rows>)>,
    /// Header values.
    pub attributes: Vec<(String, String)>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Loaded {
    /// Adds a table unless it is empty.
    pub fn put(&mut self, family: Family, table: Arc<dyn Rows>) {
        if table.count() > 0 {
            self.tables.push((family, table));
        }
    }

    /// Adds a file.
    pub fn file(&mut self, path: &Path, bytes: u64) {
        self.files.push((path.to_path_buf(), bytes));
    }

    /// Rows of every table.
    pub fn rows(&self) -> Vec<(Family, u64)> {
        Family::ALL
            .into_iter()
            .filter_map(|family| self.tables.iter().find(|(f, _)| *f == family).map(|(f, table)| (*f, table.count())))
            .collect()
    }
}

/// A format of halo catalogues or merger trees.
pub(super) trait Reader: Send + Sync {
    /// Name in messages and manifests.
    const NAME: &'static str;
    /// One line.
    const DESCRIPTION: &'static str;

    /// Whether the first bytes of a file are those of the format.
    fn fits(&self, path: &Path, head: &[u8]) -> bool;

    /// Reads all of it.
    fn load(&self, path: &Path, given: &Given) -> Result<Loaded>;
}

impl<R: Reader> Format for R {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn description(&self) -> &'static str {
        R::DESCRIPTION
    }

    fn recognises(&self, path: &Path, head: &[u8], _length: u64) -> bool {
        self.fits(path, head)
    }

    fn snapshot_name(&self, name: &str, _head: &[u8]) -> String {
        match name.split_once(".AHF_") {
            Some((base, _)) => base.to_string(),
            None => without_part(name),
        }
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Arc<dyn Snapshot>> {
        let given = Given { options: OpenOptions { halos: HaloSource::None, ..options.clone() }, snapshot: None };
        Ok(Arc::new(Catalogue::new(self.load(path, &given)?)))
    }
}

/// A catalogue that stands alone.
#[derive(Debug)]
pub(super) struct Catalogue {
    info: SnapshotInfo,
    tables: Vec<(Family, Arc<dyn Rows>)>,
}

impl Catalogue {
    /// From what a reader found.
    pub fn new(loaded: Loaded) -> Catalogue {
        let rows = loaded.rows();
        let time_gyr = loaded.cosmology.as_ref().zip(loaded.scale_factor).map(|(c, a)| c.age_gyr(a));
        let info = SnapshotInfo {
            format: loaded.format,
            snap: loaded.snap,
            files: loaded.files,
            scale_factor: loaded.scale_factor,
            time_gyr,
            cosmology: loaded.cosmology,
            box_kpc: loaded.box_kpc,
            rows,
            attributes: loaded.attributes,
            notes: loaded.notes,
        };
        Catalogue { info, tables: loaded.tables }
    }
}

impl Snapshot for Catalogue {
    fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    fn schema(&self, family: Family) -> Result<SchemaRef> {
        table(&self.tables, &self.info, family).map(|t| t.schema())
    }

    fn read(&self, family: Family, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
        read(table(&self.tables, &self.info, family)?.as_ref(), family, columns, rows)
    }
}

fn table<'a>(tables: &'a [(Family, Arc<dyn Rows>)], info: &SnapshotInfo, family: Family) -> Result<&'a Arc<dyn Rows>> {
    tables.iter().find(|(f, _)| *f == family).map(|(_, t)| t).ok_or_else(|| {
        let names: Vec<&str> = info.rows.iter().map(|(f, _)| f.table()).collect();
        Error::not_found(format!("catalogue has no table `{family}`")).expected(format!("one of {}", names.join(", ")))
    })
}

/// Reads after a check of the request.
pub(super) fn read(table: &dyn Rows, family: Family, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
    if rows.start > rows.end || rows.end > table.count() {
        return Err(Error::internal(format!("rows {} to {} asked of {} {family}", rows.start, rows.end, table.count())));
    }
    table.read(columns, rows)
}
