//! Step `ingest`: snapshots of an input become a dataset that the other steps query.
//!
//! Layout     `<step>.spolia` in the folder of products, or the folder that `into` names
//! Edge cases snapshots that are there already with the same content are left alone; a killed ingest goes on where it was
//! See also   `ingest::run`

use std::collections::BTreeSet;
use std::path::PathBuf;

use arrow::datatypes::SchemaRef;

use super::{Outcome, Reads, StepKind};
use crate::error::{Error, Result};
use crate::ingest::run::{IngestOptions, ingest};
use crate::ingest::selection::{Selection, Sphere};
use crate::ingest::{Family, HaloSource, OpenOptions, open, snapshots_in};
use crate::pipeline::context::Context;
use crate::pipeline::graph::placeholders;
use crate::pipeline::inputs::data_digest;
use crate::pipeline::plan::{Step, product_path};
use crate::pipeline::source::Source;
use crate::pipeline::values::{Parameter, Shape, optional, required};
use crate::progress::Silent;
use crate::table::Dataset;

/// The kind.
#[derive(Debug)]
pub struct Ingest;

impl StepKind for Ingest {
    fn name(&self) -> &'static str {
        "ingest"
    }

    fn description(&self) -> &'static str {
        "snapshots of an input become a dataset"
    }

    fn code_version(&self) -> u32 {
        1
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            required("from", Shape::Text, "the input, as a placeholder: \"{snapshots}\""),
            optional("into", Shape::Text, "folder of the dataset in the folder of products, by default <step>.spolia"),
            optional("families", Shape::Texts, "tables to take: stars, gas, dark, ...; all if absent"),
            optional("columns", Shape::Texts, "columns to take besides id, x, y, z; all if absent"),
            optional("sphere", Shape::Text, "\"x,y,z,radius\" in kpc: only particles inside; periodic boxes are unwrapped around it"),
            optional(
                "halo",
                Shape::Count,
                "halo_id: only particles inside the radius of this halo of the catalogue that lies with the snapshot",
            ),
            optional("every", Shape::Count, "only every n-th particle of each table"),
            optional(
                "keep_doubtful",
                Shape::Flag,
                "take what makes no sense (mass 0, an id twice, fewer trees than a file says) as it is and only say so",
            ),
            optional("length_unit", Shape::Quantity("kpc"), "length unit of snapshots that do not name theirs [kpc]"),
            optional("mass_unit", Shape::Quantity("Msun"), "mass unit of snapshots that do not name theirs [Msun]"),
            optional("velocity_unit", Shape::Quantity("km/s"), "velocity unit of snapshots that do not name theirs [km/s]"),
            optional(
                "halos",
                Shape::Text,
                "halo catalogues: \"beside\" (default), \"none\", or an input as a placeholder: \"{catalogue}\"",
            ),
            optional("hubble", Shape::Quantity("1"), "Hubble constant over 100 km/s/Mpc, for halo catalogues that do not name theirs"),
            optional("scale_factor", Shape::Quantity("1"), "scale factor, for halo catalogues that do not name theirs"),
        ];
        ALL
    }

    fn reads(&self) -> Reads {
        Reads::Files
    }

    fn alone(&self) -> bool {
        true
    }

    fn check(&self, step: &Step, source: &Source) -> Result<()> {
        product_path(source, step, "into")?;
        let from = step.values.text("from").unwrap_or_default();
        let span = step.values.span("from").unwrap_or(&step.span);
        match placeholders(from).as_slice() {
            [name] if format!("{{{name}}}") == from.trim() => {}
            _ => {
                return Err(source
                    .error(span, "`from` must be one input in braces")
                    .expected("\"{snapshots}\", with snapshots under [inputs]"));
            }
        }
        let halos = step.values.text("halos").unwrap_or("beside");
        let one = matches!(placeholders(halos).as_slice(), [name] if format!("{{{name}}}") == halos.trim());
        if !one && !["beside", "none"].contains(&halos) {
            let span = step.values.span("halos").unwrap_or(&step.span);
            return Err(source
                .error(span, "`halos` must be beside, none, or one input in braces")
                .expected("\"{catalogue}\", with catalogue under [inputs]"));
        }
        if let Some(text) = step.values.text("sphere") {
            Sphere::parse(text).map_err(|e| e.at(source.place(step.values.span("sphere").unwrap_or(&step.span))))?;
        }
        for family in step.values.list("families") {
            if Family::from_name(family).is_none() {
                let known: Vec<&str> = Family::ALL.iter().map(|f| f.table()).collect();
                let span = source.within(step.values.span("families").unwrap_or(&step.span), family);
                return Err(source.unknown(&span, "no family is called", family, &known));
            }
        }
        Ok(())
    }

    fn products(&self, step: &Step) -> Vec<String> {
        self.dataset(step).into_iter().collect()
    }

    fn dataset(&self, step: &Step) -> Option<String> {
        Some(step.values.text("into").map_or_else(|| format!("{}.spolia", step.name), str::to_string))
    }

    fn digest_now(&self, context: &Context) -> Result<Option<String>> {
        let Ok(dataset) = Dataset::open(&root(context)) else { return Ok(None) };
        let files = dataset.manifest().tables.values().flat_map(|t| &t.files);
        for file in files {
            // Contents are verified whenever they are read; a file that is gone or cut is cheap to see now.
            if std::fs::metadata(dataset.root().join(&file.path)).map_or(true, |m| m.len() != file.bytes) {
                return Ok(None);
            }
        }
        Ok(Some(data_digest(dataset.manifest())))
    }

    fn estimate(&self, context: &Context) -> (Option<u64>, Option<u64>) {
        let options = IngestOptions { dry_run: true, ..options(context) };
        let Ok(sources) = sources(context) else { return (None, None) };
        // Into a folder that does not exist, so that nothing is compared or hashed.
        let nowhere = root(context).join("estimate");
        match ingest(&sources, &nowhere, &options, &Silent) {
            Ok(report) => {
                let rows = report.snapshots.iter().flat_map(|s| &s.tables).map(|t| t.rows).sum();
                (Some(rows), Some(report.snapshots.iter().map(|s| s.source_bytes).sum()))
            }
            Err(_) => (None, None),
        }
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let root = root(context);
        let report = ingest(&sources(context)?, &root, &options(context), context.progress)?;
        let dataset = Dataset::open(&root)?;
        let rows = dataset.manifest().tables.values().flat_map(|t| &t.files).map(|f| f.rows).sum();
        let formats: BTreeSet<&str> = report.snapshots.iter().filter_map(|s| s.format.split_whitespace().next()).collect();
        let formats = formats.into_iter().map(str::to_string).collect();
        let unused = unused_units(context)?;
        Ok(Outcome {
            rows: Some(rows),
            formats,
            unused,
            digest: Some(data_digest(dataset.manifest())),
            notes: report.notes,
            ..Default::default()
        })
    }
}

fn root(context: &Context) -> PathBuf {
    context.out(&Ingest.dataset(context.step).unwrap_or_default())
}

/// Paths of the input that the parameter `name` has in braces.
fn input<'a>(context: &'a Context, name: &str) -> Vec<&'a PathBuf> {
    let text = context.step.values.text(name).unwrap_or_default();
    let names = placeholders(text);
    context.data.iter().filter(|d| names.contains(&d.name.as_str())).flat_map(|d| &d.paths).collect()
}

fn sources(context: &Context) -> Result<Vec<PathBuf>> {
    let mut sources = Vec::new();
    for path in input(context, "from") {
        if path.is_dir() && !Dataset::is_dataset(path) {
            sources.extend(snapshots_in(path)?);
        } else if Dataset::is_dataset(path) {
            return Err(Error::usage("the input is a dataset already")
                .at(format!("`{}`", path.display()))
                .hint("query it without an ingest"));
        } else {
            sources.push(path.clone());
        }
    }
    match sources.is_empty() {
        true => Err(Error::not_found("the input holds no snapshot").at(context.source.place(&context.step.span))),
        false => Ok(sources),
    }
}

/// Units that were given for snapshots which name theirs: without them every column would be the same.
fn unused_units(context: &Context) -> Result<Vec<String>> {
    let given = options(context).open;
    let schemas = |options: &OpenOptions| -> Result<Vec<SchemaRef>> {
        let mut all = Vec::new();
        for path in sources(context)? {
            let snapshot = open(&path, options)?;
            for (family, _) in &snapshot.info().rows {
                all.push(snapshot.schema(*family)?);
            }
        }
        Ok(all)
    };
    let mut unused = Vec::new();
    for name in ["length_unit", "mass_unit", "velocity_unit"] {
        if context.step.values.is_given(name) {
            let mut without = given.clone();
            match name {
                "length_unit" => without.length_kpc = None,
                "mass_unit" => without.mass_msun = None,
                _ => without.velocity_kms = None,
            }
            // Factors and units are in the metadata of the columns. A snapshot that cannot be opened without the unit needs it.
            if schemas(&without).is_ok_and(|columns| schemas(&given).is_ok_and(|same| same == columns)) {
                unused.push(name.to_string());
            }
        }
    }
    Ok(unused)
}

fn options(context: &Context) -> IngestOptions {
    let values = &context.step.values;
    let list = |name: &str| values.is_given(name).then(|| values.list(name).to_vec());
    IngestOptions {
        families: list("families").map(|all| all.iter().filter_map(|f| Family::from_name(f)).collect()),
        columns: list("columns"),
        threads: context.threads,
        memory_bytes: context.memory_bytes,
        selection: Selection {
            sphere: values.text("sphere").and_then(|text| Sphere::parse(text).ok()),
            halo: values.count("halo"),
            every: values.count("every").unwrap_or(1),
        },
        dry_run: false,
        open: OpenOptions {
            length_kpc: values.number("length_unit"),
            mass_msun: values.number("mass_unit"),
            velocity_kms: values.number("velocity_unit"),
            halos: match values.text("halos") {
                None | Some("beside") => HaloSource::Beside,
                Some("none") => HaloSource::None,
                Some(_) => HaloSource::At(input(context, "halos").into_iter().cloned().collect()),
            },
            hubble: values.number("hubble"),
            scale_factor: values.number("scale_factor"),
            keep_doubtful: values.flag("keep_doubtful").unwrap_or(false),
        },
    }
}
