//! Step `frame`: centre and orientation of a galaxy, stored in its dataset under the name of the step.
//!
//! SQL        CREATE FRAME \<step> AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM \<table> WHERE \<filter>
//! Edge cases a stored frame makes a new version of the dataset but no new data: steps that do not read in this frame stay fresh;
//!            a frame that is there already with the same numbers is left as it is
//! Refuses    data that is no dataset: a raw snapshot cannot keep a frame
//! See also   `frames`, SQL functions `face_on` and `center`

use super::{Outcome, StepKind};
use crate::error::{Error, Result};
use crate::pipeline::context::Context;
use crate::pipeline::plan::Step;
use crate::pipeline::source::Source;
use crate::pipeline::values::{Parameter, Shape, defaulted, optional};
use crate::table::Dataset;

/// The kind.
#[derive(Debug)]
pub struct Frame;

impl StepKind for Frame {
    fn name(&self) -> &'static str {
        "frame"
    }

    fn description(&self) -> &'static str {
        "centre and orientation of a galaxy, stored in its dataset"
    }

    fn code_version(&self) -> u32 {
        1
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            defaulted(
                "method",
                Shape::Word(&["face_on", "center"]),
                "'face_on'",
                "face_on: z along the angular momentum; center: no rotation",
            ),
            defaulted("table", Shape::Text, "'stars'", "particles that define the frame, as after FROM"),
            optional("filter", Shape::Text, "an SQL condition on them, in stored coordinates"),
            optional("radius", Shape::Quantity("kpc"), "particles within this radius set the orientation [kpc]"),
            optional("sql", Shape::Text, "a query with one row that is a frame, instead of the other parameters"),
        ];
        ALL
    }

    fn check(&self, step: &Step, source: &Source) -> Result<()> {
        for other in ["method", "table", "filter", "radius"] {
            if let (true, Some(span)) = (step.values.is_given("sql"), step.values.span(other)) {
                return Err(source.error(span, format!("a frame with `sql` has no `{other}`")));
            }
        }
        if step.values.text("method") == Some("center")
            && let Some(span) = step.values.span("radius")
        {
            return Err(source.error(span, "`center` has no `radius`").hint("choose the particles with `filter`"));
        }
        Ok(())
    }

    fn digest_now(&self, context: &Context) -> Result<Option<String>> {
        match dataset(context) {
            Ok(dataset) => Ok(stored(&dataset, &context.step.name)),
            Err(_) => Ok(None),
        }
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let root = dataset(context)?.root().to_path_buf();
        let desk = context.desk()?;
        let name = &context.step.name;
        let query = match context.text(&desk, "sql")? {
            Some(sql) => sql,
            None => {
                let table = context.text(&desk, "table")?.unwrap_or_default();
                let filter = context.text(&desk, "filter")?.map_or_else(String::new, |f| format!(" WHERE {f}"));
                let arguments = match (context.step.values.text("method"), context.step.values.number("radius")) {
                    (Some("center"), _) => "center(x, y, z, mass)".to_string(),
                    (_, Some(radius)) => format!("face_on(x, y, z, vx, vy, vz, mass, {radius:?})"),
                    _ => "face_on(x, y, z, vx, vy, vz, mass)".to_string(),
                };
                format!("SELECT {arguments} FROM {table}{filter}")
            }
        };
        let sql = format!("CREATE FRAME {name} AS {query}");
        let notes = desk.session.query(&sql)?.notes;
        let digest = stored(&Dataset::open(&root)?, name).ok_or_else(|| Error::internal(format!("frame `{name}` was not stored")))?;
        Ok(Outcome { digest: Some(digest), sql: vec![sql], notes, ..Default::default() })
    }
}

/// The dataset that keeps the frame: the first one that the step reads.
fn dataset(context: &Context) -> Result<Dataset> {
    let mut paths = context.data.iter().flat_map(|d| &d.paths);
    match paths.find(|p| Dataset::is_dataset(p)) {
        Some(path) => Dataset::open(path),
        None => Err(Error::usage(format!("frame `{}` has no dataset to be stored in", context.step.name))
            .at(context.source.place(&context.step.span))
            .hint("add a step of kind ingest: a raw snapshot cannot keep a frame")),
    }
}

/// Digest of the numbers of a stored frame.
fn stored(dataset: &Dataset, name: &str) -> Option<String> {
    dataset.manifest().frames.get(name).map(frame_digest)
}

/// Digest of a stored frame: its numbers and its snapshot.
pub fn frame_digest(entry: &crate::table::FrameEntry) -> String {
    let frame = &entry.frame;
    let numbers = frame.centre_kpc.iter().chain(&frame.velocity_kms).chain(frame.rotation.iter().flatten());
    let mut hasher = blake3::Hasher::new();
    for number in numbers {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(&entry.snap.to_le_bytes());
    hasher.finalize().to_hex().to_string()
}
