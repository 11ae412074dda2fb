//! Rows of queries into files of simulations: which snapshot and family the rows belong to, and the way from the scan to the file.
//!
//! Layout     a query of one family (`COPY`, `-o`), or several families of one source, each with the same condition
//! Units      as `ingest::export` wants them; the units of the query's columns travel in the field metadata
//! Refuses    rows of several snapshots, of no snapshot (a table made in the session, a Parquet file of another program), of no family
//! Edge cases the family of a query is that of the table after FROM, or the column `family`
//! Cost       batches are gathered as they come; nothing is kept twice
//! See also   `ingest::export`, `copy`, `resolve` which remembers the tables of a query

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema};

use super::engine::{Engine, Planned, Step};
use super::session::Answer;
use super::sources::{Content, Source};
use super::table_name::STORED_FRAME;
use super::text::SqlText;
use crate::error::{Error, Result, nearest};
use crate::ingest::export::{self, Setting, Written};
use crate::ingest::{Family, export::Particles};
use crate::table::export::OutputFormat;

/// A snapshot and family that a query reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The moment of the run.
    pub setting: Setting,
    /// The family, when one table was named.
    pub family: Option<Family>,
}

/// Families of one snapshot, to be written as one.
#[derive(Clone, Debug)]
pub struct FamiliesRequest {
    /// Name of the attached source; none is the first.
    pub source: Option<String>,
    /// Families; empty is every one that the format has a place for.
    pub families: Vec<Family>,
    /// Condition on the rows of each family, in SQL.
    pub filter: Option<String>,
    /// Number of the snapshot; none is the last.
    pub snap: Option<u32>,
    /// Stored frame to move positions and velocities into.
    pub frame: Option<String>,
    /// Format.
    pub format: OutputFormat,
    /// File.
    pub path: PathBuf,
}

/// The one snapshot that a query reads, and its family if there is one.
fn one_origin(origins: &[Origin]) -> Result<(Setting, Option<Family>)> {
    let particles: Vec<&Origin> = origins.iter().filter(|o| o.family.is_none_or(Family::is_particles)).collect();
    let Some(first) = particles.first() else {
        return Err(Error::usage("the rows belong to no snapshot, so time, units and box are not known")
            .hint("select from a table of a dataset or snapshot: SELECT * FROM stars"));
    };
    if let Some(other) = particles.iter().find(|o| o.setting != first.setting) {
        return Err(Error::mismatch("the rows belong to several snapshots")
            .found(format!("{} of `{}` and {} of `{}`", first.setting.snap, first.setting.source, other.setting.snap, other.setting.source))
            .hint("name one of them, such as stars@512"));
    }
    let family = first.family.filter(|f| particles.iter().all(|o| o.family == Some(*f)));
    Ok((first.setting.clone(), family))
}

/// Gathers the rows of a planned query.
fn gather(engine: &Arc<Engine>, text: &SqlText, planned: &Planned, into: &mut Particles) -> Result<Setting> {
    let (setting, family) = one_origin(&planned.origins)?;
    engine.run(planned, text, false, &mut |batch| into.add(family, &batch))?;
    Ok(setting)
}

/// Writes the rows of a planned query as a snapshot.
pub fn write_planned(engine: &Arc<Engine>, text: &SqlText, planned: &Planned, format: OutputFormat, path: &Path) -> Result<Written> {
    export::check_target(format, path)?;
    let mut particles = export::begin(format, engine.options.memory_bytes)?;
    let setting = gather(engine, text, planned, &mut particles)?;
    export::write(particles, &setting, format, path)
}

/// Writes the rows of a query as a snapshot.
pub fn write_query(engine: &Arc<Engine>, text: &SqlText, format: OutputFormat, path: &Path) -> Result<Written> {
    match engine.plan(text, false)? {
        Step::Rows(planned) => write_planned(engine, text, &planned, format, path),
        _ => Err(Error::usage("the SQL gives no rows to write").hint("end it with a SELECT")),
    }
}

/// The rows of a snapshot that was written, as the answer to a statement.
pub fn answer(written: &Written, path: &Path) -> Result<Answer> {
    let rows: u64 = written.rows.iter().map(|(_, rows)| rows).sum();
    let schema = Arc::new(Schema::new(vec![Field::new("rows", DataType::UInt64, false)]));
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(UInt64Array::from(vec![rows]))]);
    let batch = batch.map_err(|e| Error::internal("cannot count rows").because(e))?;
    let notes = [written.notes.clone(), vec![summary(written, path)]].concat();
    Ok(Answer { schema, batches: vec![batch], elapsed: Default::default(), notes })
}

/// One line about what was written.
pub fn summary(written: &Written, path: &Path) -> String {
    let rows: Vec<String> = written.rows.iter().map(|(family, rows)| format!("{rows} {family}")).collect();
    let files = written.files.len();
    let more = if files > 1 { format!(" and {} files beside it", files - 1) } else { String::new() };
    format!("wrote {} to `{}`{more}", rows.join(", "), path.display())
}

/// Writes families of one source as a snapshot.
pub fn write_families(engine: &Arc<Engine>, request: &FamiliesRequest) -> Result<Written> {
    export::check_target(request.format, &request.path)?;
    let source = source_of(engine, request)?;
    let (families, mut notes) = families_of(&source, request)?;
    let mut particles = export::begin(request.format, engine.options.memory_bytes)?;
    let mut setting: Option<Setting> = None;
    for family in families {
        let sql = query(&source.name, family, request);
        let text = engine.options.limits.admit(&sql)?;
        let [statement] = text.statements().try_into().map_err(|_| {
            Error::usage("a condition is one expression").at(format!("--where {}", request.filter.as_deref().unwrap_or_default()))
        })?;
        let planned = match engine.plan(&statement, false).map_err(|e| with_family(e, family, request))? {
            Step::Rows(planned) => planned,
            _ => return Err(Error::usage("a condition is one expression")),
        };
        let before = particles.rows();
        let found = gather(engine, &statement, &planned, &mut particles)?;
        if particles.rows() == before {
            notes.push(format!("{family}: no particle matches"));
        }
        match &setting {
            Some(first) if *first != found => {
                return Err(Error::mismatch(format!("the last snapshot of {family} is another one"))
                    .found(format!("{} and {}", first.snap, found.snap))
                    .hint("name it: --snap N"));
            }
            _ => setting = Some(found),
        }
    }
    let setting = setting.ok_or_else(|| Error::not_found("the source has no particles").at(format!("`{}`", source.path.display())))?;
    let mut written = export::write(particles, &setting, request.format, &request.path)?;
    notes.append(&mut written.notes);
    written.notes = notes;
    Ok(written)
}

fn query(source: &str, family: Family, request: &FamiliesRequest) -> String {
    let mut table = family.table().to_string();
    if let Some(snap) = request.snap {
        table.push_str(&format!("@{snap}"));
    }
    // A frame that the session has set must not move what is to be in the box.
    table.push_str(&format!("@{}", request.frame.as_deref().unwrap_or(STORED_FRAME)));
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let condition = request.filter.as_ref().map_or_else(String::new, |filter| format!(" WHERE ({filter}\n)"));
    format!("SELECT * FROM {}.{}{condition}", quoted(source), quoted(&table))
}

fn with_family(error: Error, family: Family, request: &FamiliesRequest) -> Error {
    let several = request.filter.is_some() && error.kind() == crate::ErrorKind::NotFound;
    if several { error.hint(format!("the condition is put to {family} too: choose the tables with --families")) } else { error }
}

fn source_of(engine: &Engine, request: &FamiliesRequest) -> Result<Source> {
    let attached = engine.sources.attached();
    let found = match &request.source {
        Some(name) => attached.into_iter().find(|s| &s.name == name),
        None => attached.into_iter().next(),
    };
    let source = found.ok_or_else(|| Error::not_found("no dataset or snapshot is attached"))?;
    match &source.content {
        Content::Parquet(_) => Err(Error::usage("a Parquet file of another program says nothing about time, units and box")
            .at(format!("`{}`", source.path.display()))
            .hint("export a dataset of Spolia or a snapshot")),
        _ => Ok(source),
    }
}

/// The families to write, and notes about those that stay behind.
fn families_of(source: &Source, request: &FamiliesRequest) -> Result<(Vec<Family>, Vec<String>)> {
    let format = OutputFormat::ALL.iter().find(|(f, _)| *f == request.format).map_or("the format", |(_, name)| name);
    let tables = super::catalog::tables_of(&source.content, &source.name);
    let there: Vec<Family> = Family::ALL
        .into_iter()
        .filter(|f| f.is_particles() && tables.iter().any(|t| t == f.table()) && has_rows(source, *f, request.snap))
        .collect();
    if let Some(missing) = request.families.iter().find(|f| !there.contains(f)) {
        let names: Vec<&str> = there.iter().map(|f| f.table()).collect();
        let error = Error::not_found(format!("there are no {missing} to export")).at(format!("`{}`", source.path.display()));
        let error = error.expected(format!("one of {}", names.join(", ")));
        return Err(match nearest(missing.table(), names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean {near}")),
            None => error,
        });
    }
    if let Some(homeless) = request.families.iter().find(|f| !export::has_place(request.format, **f)) {
        return Err(Error::unsupported(format!("{format} has no place for {homeless}")).hint("write gadget-hdf5, or name other families"));
    }
    let chosen = if request.families.is_empty() { there } else { request.families.clone() };
    let (placed, left): (Vec<Family>, Vec<Family>) = chosen.into_iter().partition(|f| export::has_place(request.format, *f));
    Ok((placed, left.into_iter().map(|f| format!("{f} are left out: {format} has no place for them")).collect()))
}

fn has_rows(source: &Source, family: Family, snap: Option<u32>) -> bool {
    match &source.content {
        Content::Snapshot(snapshot, _) => snapshot.rows(family) > 0,
        Content::Dataset(dataset) => {
            let files = dataset.files(family.table());
            files.iter().any(|f| f.rows > 0 && snap.is_none_or(|s| s == f.snap))
        }
        Content::Parquet(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(snap: u32, family: Option<Family>) -> Origin {
        Origin { setting: Setting { source: "g".into(), snap, ..Setting::default() }, family }
    }

    #[test]
    fn one_snapshot_and_at_most_one_family() {
        assert_eq!(one_origin(&[origin(1, Some(Family::Stars)), origin(1, Some(Family::Halos))]).unwrap().1, Some(Family::Stars));
        assert_eq!(one_origin(&[origin(1, Some(Family::Stars)), origin(1, Some(Family::Gas))]).unwrap().1, None);
        assert_eq!(one_origin(&[origin(1, None)]).unwrap().1, None);
        assert!(
            one_origin(&[origin(1, Some(Family::Stars)), origin(2, Some(Family::Stars))])
                .unwrap_err()
                .to_string()
                .contains("several snapshots")
        );
        assert_eq!(one_origin(&[origin(1, Some(Family::Births))]).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn queries_are_quoted_and_keep_the_condition_together() {
        let request = FamiliesRequest {
            source: None,
            families: Vec::new(),
            filter: Some("age < 1 OR age > 10 -- old".into()),
            snap: Some(512),
            frame: None,
            format: OutputFormat::GadgetHdf5,
            path: "a.hdf5".into(),
        };
        let sql = query("g\"8", Family::Stars, &request);
        assert_eq!(sql, "SELECT * FROM \"g\"\"8\".\"stars@512@box\" WHERE (age < 1 OR age > 10 -- old\n)");
    }
}
