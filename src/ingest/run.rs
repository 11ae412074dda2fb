//! Ingest: snapshots in, versions of a dataset out; bounded in memory, stopped and resumed at will.
//!
//! Layout     one version per snapshot: its families as tables in curve order, and the table `snapshots` written anew; the births of
//!            the run once, with its newest snapshot
//! Refuses    two sources with the same snapshot number, columns and families that no source has
//! Edge cases a source that is there already, with the same content and options, is left alone; another one with the same number
//!            replaces it; tables finished by an ingest that was stopped are taken as they are
//! Cost       source bytes are read twice: once for their hash, once for their rows
//! See also   `sort`, `snapshots_table`, `table::write`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result, nearest};
use crate::progress::Progress;
use crate::table::manifest::engine;
use crate::table::schema::unit_of;
use crate::table::stored_schema::StoredSchema;
use crate::table::{Dataset, SnapshotEntry, SourceEntry, Transaction};

use super::check::Check;
use super::selection::Selection;
use super::sort::{Sorter, TablePlan, interrupted, project};
use super::{Family, OpenOptions, Snapshot, SnapshotInfo, births_once, open, snapshots_in, snapshots_table, source_hash};

/// Columns that are always taken where they exist.
const ALWAYS: [&str; 4] = ["id", "x", "y", "z"];
/// Changes whenever the same source would be written with other bytes.
const LAYOUT: u32 = 1;
/// Memory to stay below unless the user says otherwise.
const MEMORY_BYTES: u64 = 512 << 20;
/// What of it the program takes by itself: code, stacks, allocator, footers.
const RESERVED_BYTES: u64 = 96 << 20;
/// Memory for a decompressed file when the system does not say how much is free.
const FALLBACK_MEMORY_BYTES: u64 = 2 << 30;

/// What to ingest and how.
#[derive(Clone, Debug, Default)]
pub struct IngestOptions {
    /// Families to take; all if none.
    pub families: Option<Vec<Family>>,
    /// Columns to take besides `id`, `x`, `y`, `z`; all if none.
    pub columns: Option<Vec<String>>,
    /// Threads; 0 is as many as the machine has.
    pub threads: usize,
    /// Memory to stay below, bytes; 512 MiB if none. Decompressed files and arrays of text come on top.
    pub memory_bytes: Option<u64>,
    /// Part of each snapshot to take.
    pub selection: Selection,
    /// Report only.
    pub dry_run: bool,
    /// How sources are opened, and whether what makes no sense is kept.
    pub open: OpenOptions,
}

/// What was, or would be, ingested.
#[derive(Clone, Debug, Default)]
pub struct IngestReport {
    /// Newest version of the dataset afterwards; 0 after a dry run into a new dataset.
    pub version: u64,
    /// One entry per snapshot.
    pub snapshots: Vec<SnapshotReport>,
    /// Wall time, seconds.
    pub seconds: f64,
    /// Notes of the readers and of the ingest.
    pub notes: Vec<String>,
}

/// One snapshot of the report.
#[derive(Clone, Debug)]
pub struct SnapshotReport {
    /// Number.
    pub snap: u32,
    /// Source as given.
    pub source: PathBuf,
    /// Format and variant.
    pub format: String,
    /// Whether it was there already, so that nothing was done.
    pub unchanged: bool,
    /// Bytes of the source files.
    pub source_bytes: u64,
    /// Tables.
    pub tables: Vec<TableReport>,
}

/// One table of the report.
#[derive(Clone, Debug)]
pub struct TableReport {
    /// Name.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// Columns: name, unit, type.
    pub columns: Vec<(String, String, String)>,
    /// Bytes in memory; files are usually smaller.
    pub memory_bytes: u64,
    /// Bytes of the file; 0 in a dry run.
    pub file_bytes: u64,
    /// Finished by an earlier run that was stopped.
    pub reused: bool,
}

/// Ingests `sources`, each as one more version of the dataset `out`; of a folder every snapshot that lies in it.
pub fn ingest(sources: &[PathBuf], out: &Path, options: &IngestOptions, progress: &dyn Progress) -> Result<IngestReport> {
    let mut opened = Vec::new();
    for path in sources {
        let found = if path.is_dir() { snapshots_in(path)? } else { Vec::new() };
        // A folder with one snapshot goes by its own name; one without any says so when it is opened.
        let each = if found.len() > 1 { found } else { vec![path.clone()] };
        for path in each {
            let snapshot = options.selection.of(open(&path, &options.open)?)?;
            opened.push((path, snapshot));
        }
    }
    ingest_opened(&opened, out, options, progress)
}

/// As [`ingest`], from snapshots that are open already; each with the name to report.
pub fn ingest_opened(
    sources: &[(PathBuf, Arc<dyn Snapshot>)],
    out: &Path,
    options: &IngestOptions,
    progress: &dyn Progress,
) -> Result<IngestReport> {
    let started = Instant::now();
    for (i, (path, snapshot)) in sources.iter().enumerate() {
        if let Some((other, _)) = sources.iter().take(i).find(|(_, s)| s.info().snap == snapshot.info().snap) {
            return Err(Error::usage(format!("two sources have the snapshot number {}", snapshot.info().snap))
                .at(format!("`{}` and `{}`", other.display(), path.display()))
                .hint("ingest them into two datasets"));
        }
    }
    let mut plans = sources.iter().map(|(_, snapshot)| plan(snapshot.as_ref(), options)).collect::<Result<Vec<_>>>()?;
    check_choice(sources, &plans, options)?;
    births_once::keep_newest(sources, &mut plans);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .thread_name(|i| format!("ingest-{i}"))
        .build()
        .map_err(|e| Error::limit("cannot start threads").because(e))?;
    let memory_bytes = options.memory_bytes.unwrap_or(MEMORY_BYTES).saturating_sub(RESERVED_BYTES);
    let mut report = IngestReport::default();
    for ((path, snapshot), plans) in sources.iter().zip(&plans) {
        let job = Job { source: path, snapshot: snapshot.as_ref(), plans, out, options, memory_bytes, progress };
        report.notes.extend(snapshot.info().notes.iter().cloned());
        report.snapshots.push(pool.install(|| job.run(&mut report.notes))?);
    }
    report.notes.iter().for_each(|note| progress.note(note));
    report.version = if Dataset::is_dataset(out) { Dataset::open(out).map_or(0, |d| d.manifest().version) } else { 0 };
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// One snapshot on its way into the dataset.
struct Job<'a> {
    source: &'a Path,
    snapshot: &'a dyn Snapshot,
    plans: &'a [TablePlan],
    out: &'a Path,
    options: &'a IngestOptions,
    memory_bytes: u64,
    progress: &'a dyn Progress,
}

impl Job<'_> {
    fn run(&self, notes: &mut Vec<String>) -> Result<SnapshotReport> {
        loop {
            let mut own = Vec::new();
            if let Some(report) = self.attempt(&mut own)? {
                notes.append(&mut own);
                return Ok(report);
            }
        }
    }

    /// None if the dataset got another version between the look at it and the lock on it: from another process, or from one that was
    /// killed between its manifest and HEAD and may have ingested this very snapshot.
    fn attempt(&self, notes: &mut Vec<String>) -> Result<Option<SnapshotReport>> {
        let info = self.snapshot.info();
        let dataset = match Dataset::open(self.out) {
            Ok(dataset) => Some(dataset),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let manifest = dataset.as_ref().map(Dataset::manifest);
        let known = manifest.and_then(|m| m.snapshots.iter().find(|s| s.snap == info.snap).cloned());
        let holder = manifest.and_then(births_once::holder);
        let mut plans: Vec<&TablePlan> = self.plans.iter().collect();
        if let Some(newer) = holder.filter(|holder| *holder > info.snap && self.plans.iter().any(births_once::is_births)) {
            notes.push(format!("the births of the run stay with snapshot {newer:05}"));
            plans.retain(|plan| !births_once::is_births(plan));
        }
        let has_births = plans.iter().any(|plan| births_once::is_births(plan));
        let mut report = SnapshotReport {
            snap: info.snap,
            source: self.source.to_path_buf(),
            format: info.format.clone(),
            unchanged: false,
            source_bytes: info.files.iter().map(|(_, bytes)| bytes).sum(),
            tables: plans.iter().map(|plan| table_report(plan)).collect(),
        };
        if self.options.dry_run && known.is_none() {
            return Ok(Some(report));
        }
        let run_files = self.snapshot.run_files();
        let (of_run, own): (Vec<_>, Vec<_>) = info.files.iter().cloned().partition(|(path, _)| run_files.contains(path));
        let mut sources = source_hash::digest(&own, self.progress)?;
        let identity = self.identity(&sources)?;
        let log = if has_births { source_hash::digest(&of_run, self.progress)? } else { Vec::new() };
        let same = known.as_ref().is_some_and(|entry| entry.identity == identity);
        let same_births = !has_births || holder == Some(info.snap) && known.as_ref().is_some_and(|k| births_once::is_known(&log, k));
        sources.extend(log);
        report.unchanged = same && same_births;
        if let Some(entry) = known.as_ref().filter(|_| !report.unchanged) {
            self.refuse_to_lose_particles(entry)?;
        }
        if report.unchanged {
            notes.push(format!("snapshot {:05} is there already with the same content: nothing to do", info.snap));
        }
        if report.unchanged && !self.options.dry_run {
            Transaction::tidy(self.out);
        }
        if report.unchanged || self.options.dry_run {
            return Ok(Some(report));
        }
        if same {
            // Only the log is new: the particles stay as they are.
            plans.retain(|plan| births_once::is_births(plan));
            report.tables.retain(|table| table.table == Family::Births.table());
        } else if known.is_some() {
            notes.push(format!(
                "snapshot {:05} was there with other content or options and is replaced; the old version stays readable",
                info.snap
            ));
        }
        let mut transaction = Transaction::begin(self.out)?;
        if transaction.manifest().version != manifest.map_or(0, |m| m.version) {
            return Ok(None);
        }
        let check = Check {
            snapshot: self.snapshot,
            memory_bytes: self.memory_bytes,
            keep_doubtful: self.options.open.keep_doubtful,
            progress: self.progress,
        };
        let mut written = Vec::with_capacity(plans.len());
        for (plan, table) in plans.iter().zip(&mut report.tables) {
            let log = if births_once::is_births(plan) { sources.last().map_or("", |log| log.blake3.as_str()) } else { "" };
            let key = format!("{identity} {} {log}", plan.family);
            let file = match transaction.reuse(&key) {
                Some(file) => {
                    table.reused = true;
                    file
                }
                None => self.write_table(&mut transaction, plan, &key)?,
            };
            table.file_bytes = file.bytes;
            check.columns(plan, &file, notes)?;
            written.push((*plan, file));
        }
        check.ids(&written, notes)?;
        if self.progress.cancelled() {
            return Err(interrupted());
        }
        let rows: u64 = plans.iter().map(|p| p.rows).sum();
        let taken: Vec<&str> = plans.iter().map(|p| p.family.table()).collect();
        let manifest = transaction.manifest_mut();
        for family in Family::ALL.into_iter().filter(|_| !same) {
            // A family that this ingest leaves out must not stay behind from another source of the same number.
            if let Some(entry) = manifest.tables.get_mut(family.table()).filter(|_| !taken.contains(&family.table())) {
                entry.files.retain(|file| file.snap != info.snap);
            }
        }
        manifest.snapshots.retain(|entry| entry.snap != info.snap);
        manifest.snapshots.push(self.entry(info, sources, identity, has_births));
        if let Some(births) = plans.iter().find(|plan| births_once::is_births(plan)) {
            if births.rows < births_once::rows(manifest) {
                let before = births_once::rows(manifest);
                notes.push(format!(
                    "the star formation log has {} births where the dataset had {before}; the old version stays readable",
                    births.rows
                ));
            }
            births_once::forget_others(manifest, info.snap);
        }
        manifest.snapshots.sort_by_key(|entry| entry.snap);
        let entries = manifest.snapshots.clone();
        snapshots_table::write(&mut transaction, &entries)?;
        let name = self.source.file_name().unwrap_or(self.source.as_os_str()).to_string_lossy().into_owned();
        transaction.commit(&format!("ingest {name} as snapshot {:05}: {rows} rows in {}", info.snap, taken.join(", ")))?;
        Ok(Some(report))
    }

    /// A catalogue alone must not replace the particles of its snapshot.
    fn refuse_to_lose_particles(&self, known: &SnapshotEntry) -> Result<()> {
        let has_particles = |name: &str| Family::from_name(name).is_some_and(|f| !f.is_halos());
        let lost = known.rows.iter().any(|(table, rows)| *rows > 0 && has_particles(table));
        if lost && self.snapshot.info().rows.iter().all(|(family, _)| family.is_halos()) {
            return Err(Error::usage(format!(
                "the dataset has particles of snapshot {:05}, which a halo catalogue would replace",
                known.snap
            ))
            .at(format!("`{}`", self.source.display()))
            .hint("ingest the snapshot again with `--halos PATH`, or the catalogue into a dataset of its own"));
        }
        Ok(())
    }

    fn write_table(&self, transaction: &mut Transaction, plan: &TablePlan, key: &str) -> Result<crate::table::FileEntry> {
        let work = transaction.work_folder().to_path_buf();
        let (table, snap) = (plan.family.table(), self.snapshot.info().snap);
        // Rows of a merger tree name their snapshots themselves: the table is one over all of them.
        let mut writer = if plan.schema.column_with_name("snap").is_some() {
            transaction.writer_part(table, snap, plan.schema.clone())?
        } else {
            transaction.writer(table, snap, plan.schema.clone())?
        };
        let sorter = Sorter { snapshot: self.snapshot, plan, memory_bytes: self.memory_bytes, work: &work, progress: self.progress };
        sorter.write(&mut writer)?;
        writer.finish_as(key)
    }

    /// Differs whenever the tables of particles would: with content, names of files, options, schema or version of this program.
    fn identity(&self, sources: &[SourceEntry]) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        // What is kept although it is doubtful is the same as what was not in doubt.
        let open = OpenOptions { keep_doubtful: false, ..self.options.open.clone() };
        add(&format!("{LAYOUT} {} {} {open:?}", engine(), self.snapshot.info().snap));
        add(&self.snapshot.info().format);
        if !self.options.selection.is_all() {
            add(&format!("{:?}", self.options.selection));
        }
        for source in sources {
            add(Path::new(&source.path).file_name().map(|n| n.to_string_lossy()).unwrap_or_default().as_ref());
            add(&source.blake3);
        }
        for plan in self.plans.iter().filter(|plan| !births_once::is_births(plan)) {
            add(&format!("{} {} {}", plan.family, plan.rows, StoredSchema::new(&plan.schema)?.hash()?));
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    fn entry(&self, info: &SnapshotInfo, sources: Vec<SourceEntry>, identity: String, births: bool) -> SnapshotEntry {
        let plans = self.plans.iter().filter(|plan| births || !births_once::is_births(plan));
        SnapshotEntry {
            snap: info.snap,
            scale_factor: info.scale_factor,
            redshift: info.scale_factor.map(|a| 1.0 / a - 1.0),
            time_gyr: info.time_gyr,
            cosmology: info.cosmology.clone(),
            box_kpc: info.box_kpc,
            format: info.format.clone(),
            sources,
            attributes: info.attributes.iter().cloned().collect(),
            rows: plans.map(|p| (p.family.table().to_string(), p.rows)).collect::<BTreeMap<_, _>>(),
            identity,
        }
    }
}

/// Families and columns to write of one snapshot.
fn plan(snapshot: &dyn Snapshot, options: &IngestOptions) -> Result<Vec<TablePlan>> {
    let mut plans = Vec::new();
    for family in Family::ALL {
        let rows = snapshot.rows(family);
        if rows == 0 || options.families.as_ref().is_some_and(|wanted| !wanted.contains(&family)) {
            continue;
        }
        let schema = snapshot.schema(family)?;
        // Links between tables are of no use in part.
        let links = matches!(family, Family::HaloMembers | Family::MergerTree);
        let chosen = |name: &str| {
            links
                || options.columns.as_ref().is_none_or(|wanted| {
                    ALWAYS.contains(&name)
                        || (matches!(family, Family::Halos | Family::HaloProfiles) && name == "halo_id")
                        || wanted.iter().any(|w| w == name)
                })
        };
        let columns: Vec<usize> = (0..schema.fields().len()).filter(|i| chosen(schema.field(*i).name())).collect();
        if !columns.is_empty() {
            plans.push(TablePlan { family, rows, schema: project(&schema, &columns)?, columns });
        }
    }
    Ok(plans)
}

/// Whatever was asked for by name must exist somewhere.
fn check_choice(sources: &[(PathBuf, Arc<dyn Snapshot>)], plans: &[Vec<TablePlan>], options: &IngestOptions) -> Result<()> {
    for ((path, snapshot), plans) in sources.iter().zip(plans) {
        if plans.is_empty() {
            let there: Vec<&str> = snapshot.info().rows.iter().filter(|(_, n)| *n > 0).map(|(f, _)| f.table()).collect();
            let error = Error::not_found("the snapshot has none of the families asked for").at(format!("`{}`", path.display()));
            return Err(error.expected(if there.is_empty() { "at least one particle".to_string() } else { there.join(", ") }));
        }
    }
    for wanted in options.columns.iter().flatten() {
        if plans.iter().flatten().any(|plan| plan.schema.field_with_name(wanted).is_ok()) {
            continue;
        }
        let mut names = Vec::new();
        for (_, snapshot) in sources {
            for (family, _) in &snapshot.info().rows {
                names.extend(snapshot.schema(*family)?.fields().iter().map(|f| f.name().clone()));
            }
        }
        names.sort();
        names.dedup();
        let error = Error::not_found(format!("no column `{wanted}` in the snapshot")).expected(format!("some of {}", names.join(", ")));
        return Err(match nearest(wanted, names.iter().map(String::as_str)) {
            Some(name) => error.hint(format!("did you mean `{name}`?")),
            None => error,
        });
    }
    Ok(())
}

fn table_report(plan: &TablePlan) -> TableReport {
    let column = |field: &arrow::datatypes::FieldRef| (field.name().clone(), unit_of(field).to_string(), field.data_type().to_string());
    TableReport {
        table: plan.family.table().to_string(),
        rows: plan.rows,
        columns: plan.schema.fields().iter().map(column).collect(),
        memory_bytes: plan.bytes(),
        file_bytes: 0,
        reused: false,
    }
}

/// Half of the memory that Linux calls available.
pub(super) fn free_memory_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")).and_then(|n| n.trim().parse::<u64>().ok());
    kilobytes.map_or(FALLBACK_MEMORY_BYTES, |n| n * 1024 / 2)
}
