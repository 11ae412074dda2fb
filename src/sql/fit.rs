//! Potentials fitted to the particles of snapshots: from the scan of the tables to the text of the potential.
//!
//! Layout     each family is read twice as a stream: once to count, weigh and sample it, then, with the knots chosen from the samples,
//!            once to sum it up; several snapshots give a series in time, whose time 0 is that of the last one
//! Units      kpc, Msun, Gyr; positions in the frame of the table
//! Accuracy   all sums are exact: the same text for any number of threads and any order of rows
//! Edge cases rows whose position or mass is not finite are counted and left out; without a column `eps` the softening of the direct
//!            sum is the one that is given
//! Refuses    families that are not there or have no particles, fewer than 64 particles in a component, negative masses
//! Cost       memory of the sums on each of at most 8 threads, whatever the number of particles
//! See also   `orbits::expansion`, `table::potentials`, docs/methods/potentials_from_snapshots.md

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use rayon::prelude::*;

use super::catalog::tables_of;
use super::engine::Engine;
use super::perform;
use super::sources::{Content, Source};
use super::table_name::STORED_FRAME;
use crate::constants::GYR_PER_TIME_UNIT;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::ingest::Family;
use crate::numeric::exact_sum::ExactSum;
use crate::orbits::expansion::galaxy::usable;
use crate::orbits::expansion::record::{FamilyFit, SnapshotFit};
use crate::orbits::expansion::sample::Wishes;
use crate::orbits::expansion::{Expansion, FitRecord, GalaxyFit, Model, Plan, Sample};
use crate::orbits::potential::{Component, Potential};
use crate::progress::Progress;
use crate::table::manifest::engine as program;
use crate::table::schema::unit_of;

/// Frame that is used, or made for a raw snapshot, when none is named.
const FRAME: &str = "disc";
/// Families that may be fitted.
const FAMILIES: [Family; 4] = [Family::Dark, Family::BlackHoles, Family::Stars, Family::Gas];
/// Components when no kind is named: name, kind, families. The knots of the disc are chosen from the stars where there are some.
const COMPONENTS: [(&str, &str, &[Family]); 2] =
    [("halo", "multipole", &[Family::Dark, Family::BlackHoles]), ("disc", "cylindrical", &[Family::Stars, Family::Gas])];
/// The component when one is named.
const ALONE: &str = "galaxy";
/// Threads that sum up: each has its own sums.
const MOST_THREADS: usize = 8;
/// Particles that one of them takes at a time.
const ROWS: usize = 65_536;

/// What to fit, and how.
#[derive(Clone, Debug)]
pub struct FitRequest {
    /// The source, as it was named by the user.
    pub shown: String,
    /// Kind of the one component; none is a multipole for what is dark and a cylindrical expansion for stars and gas.
    pub kind: Option<String>,
    /// Families; empty is all that there are.
    pub families: Vec<Family>,
    /// Terms and knots.
    pub wishes: Wishes,
    /// Particles further out are left out \[kpc\].
    pub radius_kpc: Option<f64>,
    /// Condition on the particles, in SQL.
    pub condition: Option<String>,
    /// Snapshots; empty is the last one.
    pub snaps: Vec<u32>,
    /// All snapshots.
    pub all_snaps: bool,
    /// Frame of the coordinates.
    pub frame: Option<String>,
    /// Places of particles at which the force is compared with the direct sum.
    pub points: usize,
    /// Softening of the direct sum where the particles have none \[kpc\].
    pub softening_kpc: f64,
    /// Threads; 0 is one for each core.
    pub threads: usize,
}

/// A fitted potential.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The potential.
    pub potential: Potential,
    /// Where it came from.
    pub record: FitRecord,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Fitted {
    /// Both as the text of a file.
    pub fn to_toml(&self) -> Result<String> {
        Ok(format!("{}\n{}", self.record.to_toml()?, self.potential.to_toml()))
    }
}

/// One component to be: its name, kind and families.
struct Part {
    name: &'static str,
    kind: String,
    families: Vec<Family>,
}

/// Reads one source for one request.
struct Reader<'a> {
    engine: &'a Arc<Engine>,
    source: Source,
    request: &'a FitRequest,
    frame: String,
    progress: &'a dyn Progress,
}

/// What the first reading of a family says.
#[derive(Default)]
struct Seen {
    sample: Sample,
    particles: u64,
    skipped: u64,
    mass: ExactSum,
}

/// Fits a potential to the first attached source.
pub fn fit(engine: &Arc<Engine>, request: &FitRequest, progress: &dyn Progress) -> Result<Fitted> {
    engine.canceller.reset();
    let source = engine.sources.attached().into_iter().next().ok_or_else(|| Error::not_found("no dataset or snapshot is attached"))?;
    let (moments, mut notes) = moments(&source, request)?;
    let (frame, note) = frame(engine, &source, request)?;
    notes.extend(note);
    // A frame that was made for a snapshot belongs to the source as it is attached now.
    let source = engine.sources.attached().into_iter().next().unwrap_or(source);
    let parts = parts(&source, request)?;
    let threads = if request.threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { request.threads };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|e| Error::internal("cannot start worker threads").because(e))?;
    let reader = Reader { engine, source, request, frame, progress };
    let (mut times, mut models, mut snapshots): (Vec<f64>, Vec<Vec<Model>>, Vec<SnapshotFit>) = Default::default();
    let last = moments.last().and_then(|m| m.1);
    for (snap, time_gyr) in &moments {
        let (found, fitted) = reader.snapshot(*snap, *time_gyr, &parts, &pool, threads)?;
        let since = time_gyr.zip(last).map_or(0.0, |(time, last)| (time - last) / GYR_PER_TIME_UNIT);
        times.push(since);
        models.push(found);
        snapshots.push(fitted);
    }
    let mut components = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let of_part = models.iter().filter_map(|all| all.get(at).cloned()).collect();
        let expansion = Expansion::series(times.clone(), of_part)?;
        components.push(Component::expansion(part.name, None, Arc::new(expansion))?);
    }
    let record = FitRecord {
        source: request.shown.clone(),
        frame: reader.frame,
        condition: condition(request),
        engine: program(),
        snapshot: snapshots,
    };
    notes.extend(record.warnings().into_iter().map(|w| format!("warning: {w}")));
    Ok(Fitted { potential: Potential { components }, record, notes })
}

/// The condition as one text, with the radius.
fn condition(request: &FitRequest) -> Option<String> {
    let radius = request.radius_kpc.map(|r| format!("radius <= {r} kpc"));
    let all: Vec<String> = radius.into_iter().chain(request.condition.clone()).collect();
    (!all.is_empty()).then(|| all.join(" and "))
}

/// Snapshots with their times \[Gyr\].
type Moments = Vec<(u32, Option<f64>)>;

/// Those of a fit, in the order of the times.
fn moments(source: &Source, request: &FitRequest) -> Result<(Moments, Vec<String>)> {
    let shown = || format!("`{}`", source.path.display());
    let mut there: Vec<(u32, Option<f64>)> = match &source.content {
        Content::Dataset(dataset) => dataset.manifest().snapshots.iter().map(|s| (s.snap, s.time_gyr)).collect(),
        Content::Snapshot(snapshot, _) => vec![(snapshot.info().snap, snapshot.info().time_gyr)],
        Content::Parquet(_) => {
            return Err(Error::usage("a Parquet file of another program has no families of particles").at(shown()).hint("ingest it first"));
        }
    };
    there.sort_by_key(|m| m.0);
    let known: Vec<String> = there.iter().map(|m| m.0.to_string()).collect();
    if let Some(missing) = request.snaps.iter().find(|snap| there.iter().all(|m| m.0 != **snap)) {
        return Err(Error::not_found(format!("there is no snapshot {missing}")).at(shown()).expected(known.join(", ")));
    }
    let last = there.last().map(|m| m.0);
    let wanted = |snap: u32| match (request.all_snaps, request.snaps.is_empty()) {
        (true, _) => true,
        (false, true) => Some(snap) == last,
        (false, false) => request.snaps.contains(&snap),
    };
    there.retain(|m| wanted(m.0));
    if there.is_empty() {
        return Err(Error::not_found("the source has no snapshot").at(shown()));
    }
    if there.len() > 1 {
        if let Some((snap, _)) = there.iter().find(|m| m.1.is_none()) {
            return Err(Error::usage(format!("the time of snapshot {snap} is not known, so it has no place in a series")).at(shown()));
        }
        there.sort_by(|a, b| a.1.unwrap_or(f64::NAN).total_cmp(&b.1.unwrap_or(f64::NAN)));
        let span = there.iter().filter_map(|m| m.1).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), t| (a.min(t), b.max(t)));
        let note = format!("note: time 0 of the potential is that of the last snapshot; the first is at {:.4} Gyr", span.0 - span.1);
        return Ok((there, vec![note]));
    }
    Ok((there, Vec::new()))
}

/// The frame to read in: the one that is named, else `disc`, which is made if the source is a raw snapshot.
fn frame(engine: &Arc<Engine>, source: &Source, request: &FitRequest) -> Result<(String, Option<String>)> {
    if let Some(frame) = &request.frame {
        return Ok((frame.clone(), None));
    }
    let of_disc = |name: &str| name.split('@').next() == Some(FRAME);
    let make = |table: &str| format!("CREATE FRAME {FRAME} AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM {table}");
    match &source.content {
        Content::Dataset(dataset) if !dataset.manifest().frames.keys().any(|name| of_disc(name)) => {
            Err(Error::usage(format!("the dataset has no frame `{FRAME}`, so the centre of the galaxy is not known"))
                .at(format!("`{}`", source.path.display()))
                .hint(format!("make one: {}; or name another with --frame, `{STORED_FRAME}` for the coordinates as stored", make("stars"))))
        }
        Content::Snapshot(_, frames) if !frames.contains_key(FRAME) => {
            let tables = tables_of(&source.content, &source.name);
            let of = [Family::Stars, Family::Gas, Family::Dark].map(Family::table).into_iter().find(|t| tables.iter().any(|k| k == t));
            let Some(table) = of else { return Ok((FRAME.to_string(), None)) };
            perform::all(engine, &make(table), None)?;
            Ok((FRAME.to_string(), Some(format!("note: centre and axes of the potential are those of {}", make(table)))))
        }
        _ => Ok((FRAME.to_string(), None)),
    }
}

/// The components to be, with the families that are there.
fn parts(source: &Source, request: &FitRequest) -> Result<Vec<Part>> {
    let tables = tables_of(&source.content, &source.name);
    let there: Vec<Family> = FAMILIES.into_iter().filter(|f| tables.iter().any(|t| t == f.table())).collect();
    if let Some(missing) = request.families.iter().find(|f| !there.contains(f)) {
        let names: Vec<&str> = there.iter().map(|f| f.table()).collect();
        let error = Error::not_found(format!("there are no {missing} to fit")).at(format!("`{}`", source.path.display()));
        let error = error.expected(format!("one of {}", names.join(", ")));
        return Err(match nearest(missing.table(), names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error,
        });
    }
    let chosen = |family: &Family| there.contains(family) && (request.families.is_empty() || request.families.contains(family));
    let parts: Vec<Part> = match &request.kind {
        Some(kind) => vec![Part { name: ALONE, kind: kind.clone(), families: FAMILIES.into_iter().filter(chosen).collect() }],
        None => {
            let part = |(name, kind, families): (&'static str, &str, &[Family])| Part {
                name,
                kind: kind.to_string(),
                families: families.iter().copied().filter(chosen).collect(),
            };
            COMPONENTS.into_iter().map(part).collect()
        }
    };
    let parts: Vec<Part> = parts.into_iter().filter(|part| !part.families.is_empty()).collect();
    match parts.is_empty() {
        true => Err(Error::not_found("the source has no particles with mass").at(format!("`{}`", source.path.display()))),
        false => Ok(parts),
    }
}

impl Reader<'_> {
    fn go_on(&self) -> Result<()> {
        match self.engine.canceller.is_cancelled() || self.progress.cancelled() {
            true => Err(Error::new(ErrorKind::Interrupted, "the fit was stopped")),
            false => Ok(()),
        }
    }

    /// The models of one snapshot, one for each part.
    fn snapshot(
        &self,
        snap: u32,
        time_gyr: Option<f64>,
        parts: &[Part],
        pool: &rayon::ThreadPool,
        threads: usize,
    ) -> Result<(Vec<Model>, SnapshotFit)> {
        let (mut plans, mut family, mut samples) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            let mut seen = Vec::new();
            for table in &part.families {
                let one = self.look(*table, snap)?;
                family.push(FamilyFit {
                    name: table.table().to_string(),
                    component: part.name.to_string(),
                    particles: one.particles,
                    skipped: one.skipped,
                    mass_msun: one.mass.value(),
                });
                seen.push(one);
            }
            plans.push(plan(part, &seen, &self.request.wishes).map_err(|e| {
                let at = format!("snapshot {snap}, {}", part.families.iter().map(|f| f.table()).collect::<Vec<_>>().join(" and "));
                if e.place().is_none() { e.at(at) } else { e }
            })?);
            samples.extend(seen.into_iter().map(|one| one.sample));
        }
        let points = places(&samples, self.request.points);
        drop(samples);
        let mut sums = (0..threads.clamp(1, MOST_THREADS)).map(|_| GalaxyFit::new(&plans, points.clone())).collect::<Result<Vec<_>>>()?;
        for (at, part) in parts.iter().enumerate() {
            for table in &part.families {
                self.sum(*table, snap, at, &mut sums, pool)?;
            }
        }
        self.go_on()?;
        let Some((whole, others)) = sums.split_first_mut() else { return Err(Error::internal("no sums")) };
        others.iter().try_for_each(|other| whole.merge(other))?;
        self.progress.start(&format!("potential of snapshot {snap}"), 0, "knots");
        let (models, error) = pool.install(|| whole.finish())?;
        self.progress.finish();
        self.go_on()?;
        Ok((models, SnapshotFit { snap, time_gyr, error, family }))
    }

    /// Reads a family and hands over x, y, z, mass and softening, without what lies beyond the radius.
    fn read(&self, family: Family, snap: u32, task: &str, receive: &mut dyn FnMut([f64; 5]) -> Result<()>) -> Result<()> {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let table = match &self.source.content {
            Content::Dataset(_) => format!("{}@{snap}@{}", family.table(), self.frame),
            _ => format!("{}@{}", family.table(), self.frame),
        };
        let softened = self.engine.resolver(Default::default()).table(&self.source.name, &table)?;
        let softened = softened.is_some_and(|t| t.schema().column_with_name("eps").is_some());
        let condition = self.request.condition.as_ref().map_or_else(String::new, |c| format!(" WHERE ({c}\n)"));
        let eps = if softened { ", eps" } else { "" };
        let sql = format!("SELECT x, y, z, mass{eps} FROM {}.{}{condition}", quoted(&self.source.name), quoted(&table));
        let rows = match (&self.source.content, condition.is_empty()) {
            (Content::Dataset(d), true) => d.files(family.table()).iter().filter(|f| f.snap == snap).map(|f| f.rows).sum(),
            (Content::Snapshot(s, _), true) => s.rows(family),
            _ => 0,
        };
        self.progress.start(&format!("{task} {family} of snapshot {snap}"), rows, "particles");
        let farthest = self.request.radius_kpc.unwrap_or(f64::INFINITY);
        let mut take = |batch: &RecordBatch| {
            self.go_on()?;
            physical(batch, family)?;
            let columns = batch.columns().iter().map(numbers).collect::<Result<Vec<_>>>()?;
            let at = |column: usize, row: usize| columns.get(column).and_then(|c| c.get(row)).copied().unwrap_or(f64::NAN);
            for row in 0..batch.num_rows() {
                let (p, eps) = ([at(0, row), at(1, row), at(2, row)], at(4, row));
                // What is not finite is no further out than anything: it is counted.
                if p[0] * p[0] + p[1] * p[1] + p[2] * p[2] > farthest * farthest {
                    continue;
                }
                let softening = if eps.is_finite() && eps >= 0.0 { eps } else { self.request.softening_kpc };
                receive([p[0], p[1], p[2], at(3, row), softening])?;
            }
            self.progress.advance(batch.num_rows() as u64);
            Ok(())
        };
        let answer = perform::all(self.engine, &sql, Some(&mut take));
        self.progress.finish();
        answer.map(drop)
    }

    fn look(&self, family: Family, snap: u32) -> Result<Seen> {
        let mut seen = Seen::default();
        self.read(family, snap, "look at", &mut |[x, y, z, mass, _]| {
            if usable([x, y, z], mass)? {
                seen.particles += 1;
                seen.mass.add(mass);
                seen.sample.offer([x, y, z], mass);
            } else {
                seen.skipped += 1;
            }
            Ok(())
        })?;
        Ok(seen)
    }

    /// Adds a family to the sums of part `at`.
    fn sum(&self, family: Family, snap: u32, at: usize, sums: &mut [GalaxyFit], pool: &rayon::ThreadPool) -> Result<()> {
        let most = ROWS * sums.len();
        let mut columns: [Vec<f64>; 5] = std::array::from_fn(|_| Vec::with_capacity(most));
        let mut flush = |columns: &mut [Vec<f64>; 5]| -> Result<()> {
            let part = columns[0].len().div_ceil(sums.len()).max(1);
            let cut =
                |k: usize| columns.each_ref().map(|c| c.get((k * part).min(c.len())..((k + 1) * part).min(c.len())).unwrap_or_default());
            pool.install(|| sums.par_iter_mut().enumerate().try_for_each(|(k, fit)| fit.add(at, cut(k))))?;
            columns.iter_mut().for_each(Vec::clear);
            Ok(())
        };
        self.read(family, snap, "fit", &mut |values| {
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            if columns[0].len() == most { flush(&mut columns) } else { Ok(()) }
        })?;
        flush(&mut columns)
    }
}

/// The plan of a part: of a disc, from its stars where there are enough of them.
fn plan(part: &Part, seen: &[Seen], wishes: &Wishes) -> Result<Plan> {
    let all: Vec<&Sample> = seen.iter().map(|one| &one.sample).collect();
    let stars = part.families.iter().position(|f| *f == Family::Stars).and_then(|at| all.get(at));
    if let (Some(stars), "cylindrical") = (stars, part.kind.as_str())
        && let Ok(plan) = Sample::plan(&[stars], &part.kind, wishes)
    {
        return Ok(plan);
    }
    Sample::plan(&all, &part.kind, wishes)
}

/// Places of particles, as many of each family.
fn places(samples: &[Sample], count: usize) -> Vec<[f64; 3]> {
    let all: Vec<Vec<[f64; 3]>> = samples.iter().filter(|s| !s.is_empty()).map(Sample::positions).collect();
    let share = count.div_ceil(all.len().max(1));
    let mut points: Vec<[f64; 3]> = all.iter().flat_map(|one| one.iter().take(share).copied()).collect();
    points.truncate(count);
    points
}

/// Refuses particles that are not in kpc and Msun.
fn physical(batch: &RecordBatch, family: Family) -> Result<()> {
    for (field, wanted) in batch.schema().fields().iter().zip(["kpc", "kpc", "kpc", "Msun", "kpc"]) {
        let found = unit_of(field);
        if found != wanted {
            return Err(Error::mismatch(format!("{} of {family} is in another unit", field.name()))
                .expected(wanted)
                .found(found)
                .hint("a Tipsy snapshot needs its .param file when it is read or ingested: it has the units"));
        }
    }
    Ok(())
}

/// A column as numbers; nulls are NaN.
fn numbers(column: &Arc<dyn Array>) -> Result<Vec<f64>> {
    let column = cast(column, &DataType::Float64).map_err(|e| Error::mismatch("a column of particles has no numbers").because(e))?;
    let values = column.as_primitive::<Float64Type>();
    Ok(values.iter().map(|v| v.unwrap_or(f64::NAN)).collect())
}
