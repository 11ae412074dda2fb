//! What a running step sees: its parameters, the data that it reads, a session over them, and where its products go.
//!
//! Layout     placeholders become SQL names: `{step}` the table of a step, `{galaxy}` an attached dataset, as in `{galaxy}.stars`
//! Refuses    a placeholder of something that is no table and no dataset, an input of several files where one is meant
//! See also   `steps`, `sql::Session`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::plan::Step;
use super::product::Folder;
use super::source::Source;
use crate::error::{Error, Result};
use crate::plot::FigureOptions;
use crate::progress::Progress;
use crate::sql::{Canceller, Session, SessionOptions};
use crate::table::Dataset;

/// A dataset, snapshot or file that a step reads, under the name of the step or input that it comes from.
#[derive(Clone, Debug)]
pub struct Data {
    /// Name in the pipeline.
    pub name: String,
    /// Paths; several for an input that is a pattern.
    pub paths: Vec<PathBuf>,
}

/// Everything that a step may use.
pub struct Context<'a> {
    /// The step.
    pub step: &'a Step,
    /// The file.
    pub source: &'a Source,
    /// Products.
    pub folder: &'a Folder,
    /// Datasets and inputs, the first one first in SQL.
    pub data: Vec<Data>,
    /// Tables of other steps by name.
    pub tables: BTreeMap<String, PathBuf>,
    /// Threads.
    pub threads: usize,
    /// Memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Key of random numbers.
    pub seed: u64,
    /// Progress and the wish to stop.
    pub progress: &'a dyn Progress,
    /// Sessions to be stopped with the run.
    pub cancellers: &'a Mutex<Vec<Canceller>>,
}

/// A session with the SQL names of placeholders.
pub struct Desk {
    /// The session.
    pub session: Session,
    names: BTreeMap<String, String>,
}

impl Context<'_> {
    /// A session over the data and tables of the step.
    pub fn desk(&self) -> Result<Desk> {
        let options = SessionOptions { threads: self.threads, memory_bytes: self.memory_bytes, seed: self.seed, ..Default::default() };
        let session = Session::new(options)?;
        self.cancellers.lock().unwrap_or_else(PoisonError::into_inner).push(session.canceller());
        let mut names = BTreeMap::new();
        for data in &self.data {
            for path in &data.paths {
                let name = session.attach(path)?;
                names.entry(data.name.clone()).or_insert_with(|| identifier(&name));
            }
        }
        for (name, path) in &self.tables {
            let location = path.to_string_lossy().replace('\'', "''");
            session.query(&format!("CREATE EXTERNAL TABLE {name} STORED AS PARQUET LOCATION '{location}'"))?;
            names.insert(name.clone(), name.clone());
        }
        Ok(Desk { session, names })
    }

    /// A text parameter with its placeholders replaced by SQL names.
    pub fn text(&self, desk: &Desk, parameter: &str) -> Result<Option<String>> {
        let Some(text) = self.step.values.text(parameter) else { return Ok(None) };
        let mut expanded = text.to_string();
        for name in super::graph::placeholders(text) {
            let written = format!("{{{name}}}");
            let several = self.data.iter().any(|d| d.name == name && d.paths.len() > 1);
            match desk.names.get(name) {
                Some(sql) if !several => expanded = expanded.replace(&written, sql),
                found => {
                    let span = self.step.values.span(parameter).unwrap_or(&self.step.span);
                    let what = match found {
                        Some(_) => format!("`{written}` is several files"),
                        None => format!("`{written}` is no table and no dataset"),
                    };
                    let error = Error::usage(what).at(self.source.place(&self.source.within(span, &written)));
                    return Err(error.hint("ingest files first; a step gives a table if its kind is sql"));
                }
            }
        }
        Ok(Some(expanded))
    }

    /// Name and cosmology of the first dataset, for figures. The version is left out: a stored frame raises it, and the data stays.
    pub fn figure_provenance(&self) -> Result<FigureOptions> {
        let mut options = FigureOptions::default();
        let dataset = self.data.iter().flat_map(|d| &d.paths).find(|p| Dataset::is_dataset(p));
        if let Some(path) = dataset {
            let dataset = Dataset::open(path)?;
            options.dataset = Some(dataset.manifest().name.clone());
            options.cosmology = dataset.manifest().snapshots.iter().rev().find_map(|s| s.cosmology.clone());
        }
        Ok(options)
    }

    /// A path in the folder of products.
    pub fn out(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The file name of a product: `file` as given, else the step's name with `ending`.
    pub fn product_name(&self, ending: &str) -> String {
        format!("{}.{ending}", self.step.name)
    }
}

/// A name as it must be written in SQL.
fn identifier(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain { name.to_string() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
