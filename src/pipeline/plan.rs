//! The model of a pipeline file: `[pipeline]`, `[inputs]`, `[[step]]`, `[[check]]`, read and checked before anything runs.
//!
//! Layout     pipeline: name, description, out; inputs: name = "path or pattern" or a list of them, relative to the file;
//!            step: name, kind, needs and the parameters of the kind; check: a step of kind `check`
//! Refuses    unknown keys, kinds, needs and placeholders with the nearest known one; two steps of one name or one product; cycles
//! Edge cases `{name}` in a text stands for a step or an input and makes the step need it; so does `@name` of a frame step
//! See also   `source` for places, `values` for parameters, `graph` for the order

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Pipeline;
use super::graph;
use super::source::Source;
use super::steps::{self, StepKind};
use super::values::Values;
use crate::error::{Error, Result};

/// Most steps of one pipeline; a larger one is made by a program that should make several.
const MOST_STEPS: usize = 1000;
/// Ending of the folder of products when the file names none: `demo.toml` leaves `demo.out`.
const OUT_ENDING: &str = "out";
/// Keys that every step has.
const STEP_KEYS: [&str; 3] = ["name", "kind", "needs"];

/// A named input.
#[derive(Clone, Debug)]
pub struct Input {
    /// Name.
    pub name: String,
    /// Paths or patterns as written.
    pub patterns: Vec<String>,
    /// Place in the file.
    pub span: Range<usize>,
}

/// One step, checked.
#[derive(Clone, Debug)]
pub struct Step {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: &'static dyn StepKind,
    /// Effective parameters.
    pub values: Values,
    /// Place of its name.
    pub span: Range<usize>,
    /// Steps that it needs, written or implied, as indices in file order.
    pub needs: Vec<usize>,
    /// Inputs whose placeholder it mentions, as indices in file order.
    pub inputs: Vec<usize>,
    /// Written needs with their places.
    pub written_needs: Vec<(String, Range<usize>)>,
}

/// Reads and checks the pipeline at `path`.
pub fn load(path: &Path) -> Result<Pipeline> {
    parse(Source::read(path)?)
}

/// Reads and checks a text.
pub fn parse(source: Source) -> Result<Pipeline> {
    let text = source.text().to_string();
    let document = DeTable::parse(&text).map_err(|e| {
        let span = e.span().unwrap_or(0..0);
        source.error(&span, format!("cannot read the pipeline: {}", one_line(e.message())))
    })?;
    let mut reader = Reader { source: &source };
    let mut entries = reader.entries(document.get_ref(), &["pipeline", "inputs", "step", "check"], "key")?;
    let head = entries.remove("pipeline");
    let (name, description, out) = reader.head(head)?;
    let inputs = entries.remove("inputs").map_or_else(|| Ok(Vec::new()), |e| reader.inputs(e))?;
    let mut steps = Vec::new();
    for (key, default_kind) in [("step", None), ("check", Some("check"))] {
        for table in entries.remove(key).map_or_else(|| Ok(Vec::new()), |e| reader.tables(key, e))? {
            steps.push(reader.step(table, default_kind)?);
            if let Some(last) = steps.last().filter(|_| steps.len() > MOST_STEPS) {
                let error = Error::limit("the pipeline has too many steps").at(source.place(&last.span));
                return Err(error.expected(format!("at most {MOST_STEPS}")));
            }
        }
    }
    if steps.is_empty() {
        return Err(source.error(&(0..0), "the pipeline has no step").hint("add one: [[step]] with name, kind and its parameters"));
    }
    let folder = source.path().parent().map(Path::to_path_buf).unwrap_or_default();
    let stem = source.path().file_stem().map_or_else(|| "pipeline".to_string(), |s| s.to_string_lossy().into_owned());
    let out = folder.join(out.unwrap_or_else(|| format!("{stem}.{OUT_ENDING}")));
    names_differ(&source, &inputs, &steps)?;
    graph::connect(&source, &inputs, &mut steps)?;
    let order = graph::order(&source, &steps)?;
    products_differ(&source, &steps)?;
    Ok(Pipeline { name: name.unwrap_or(stem), description, source, folder, out, inputs, steps, order })
}

fn one_line(message: &str) -> String {
    message.trim().lines().collect::<Vec<_>>().join(", ")
}

/// A key with its place, and its value with its place.
type Entry<'a> = (Range<usize>, &'a Spanned<DeValue<'a>>);

struct Reader<'s> {
    source: &'s Source,
}

impl Reader<'_> {
    /// The entries of a table, all of whose keys must be `known`.
    fn entries<'a>(&self, table: &'a DeTable<'a>, known: &[&str], what: &str) -> Result<BTreeMap<&'a str, Entry<'a>>> {
        let mut entries = BTreeMap::new();
        let mut unknown = Vec::new();
        for (key, value) in table {
            let name: &str = key.get_ref();
            match known.contains(&name) {
                true => drop(entries.insert(name, (key.span(), value))),
                false => unknown.push((key.span(), name)),
            }
        }
        // The map of the TOML reader is sorted by name; people fix files from the top.
        unknown.sort_by_key(|(span, _)| span.start);
        match unknown.first() {
            Some((span, name)) => Err(self.source.unknown(span, &format!("unknown {what}"), name, known)),
            None => Ok(entries),
        }
    }

    fn table<'a>(&self, what: &str, (span, value): &Entry<'a>) -> Result<&'a DeTable<'a>> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.source.error(span, format!("`{what}` must be a table")).hint(format!("write [{what}] and its keys below"))),
        }
    }

    fn tables<'a>(&self, what: &str, (span, value): Entry<'a>) -> Result<Vec<(Range<usize>, &'a DeTable<'a>)>> {
        let wrong =
            || self.source.error(&span, format!("`{what}` must be a list of tables")).hint(format!("write [[{what}]], with two brackets"));
        let DeValue::Array(items) = value.get_ref() else { return Err(wrong()) };
        let table = |item: &'a Spanned<DeValue<'a>>| match item.get_ref() {
            DeValue::Table(table) => Ok((item.span(), table)),
            _ => Err(wrong()),
        };
        items.iter().map(table).collect()
    }

    fn text(&self, name: &str, (_, value): &Entry) -> Result<String> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.source.error(&value.span(), format!("`{name}` must be a text in quotes"))),
        }
    }

    fn texts(&self, name: &str, (_, value): &Entry) -> Result<Vec<(String, Range<usize>)>> {
        let wrong = |span| self.source.error(&span, format!("`{name}` must be a text or a list of texts"));
        match value.get_ref() {
            DeValue::String(text) => Ok(vec![(text.to_string(), value.span())]),
            DeValue::Array(items) => items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::String(text) => Ok((text.to_string(), item.span())),
                    _ => Err(wrong(item.span())),
                })
                .collect(),
            _ => Err(wrong(value.span())),
        }
    }

    fn head(&mut self, entry: Option<Entry>) -> Result<(Option<String>, String, Option<String>)> {
        let Some(entry) = entry else { return Ok((None, String::new(), None)) };
        let keys = self.entries(self.table("pipeline", &entry)?, &["name", "description", "out"], "key of [pipeline]")?;
        let read = |name: &str| keys.get(name).map(|e| self.text(name, e)).transpose();
        let (name, description, out) = (read("name")?, read("description")?, read("out")?);
        if let (Some(out), Some((_, value))) = (&out, keys.get("out"))
            && out.trim().is_empty()
        {
            return Err(self.source.error(&value.span(), "`out` must name a folder"));
        }
        Ok((name, description.unwrap_or_default(), out))
    }

    fn inputs(&mut self, entry: Entry) -> Result<Vec<Input>> {
        let mut inputs = Vec::new();
        for (key, value) in self.table("inputs", &entry)? {
            self.proper_name("input", key.get_ref(), &key.span())?;
            let patterns = self.texts(key.get_ref(), &(key.span(), value))?;
            if patterns.is_empty() || patterns.iter().any(|(p, _)| p.is_empty()) {
                return Err(self.source.error(&value.span(), format!("input `{}` names no path", key.get_ref())));
            }
            let patterns = patterns.into_iter().map(|(pattern, _)| pattern).collect();
            inputs.push(Input { name: key.get_ref().to_string(), patterns, span: key.span() });
        }
        inputs.sort_by_key(|input| input.span.start);
        Ok(inputs)
    }

    fn step(&mut self, (span, table): (Range<usize>, &DeTable), default_kind: Option<&str>) -> Result<Step> {
        // The span of a table is that of its header or of its braces: keys give better places.
        let head = head_line(self.source, &span);
        let find = |name: &str| table.iter().find(|(key, _)| key.get_ref() == name).map(|(key, value)| (key.span(), value));
        let kind_entry = find("kind");
        let kind: &'static dyn StepKind = match (&kind_entry, default_kind) {
            (Some(entry), None) => {
                let text = self.text("kind", entry)?;
                let known: Vec<&str> = steps::kinds().iter().map(|k| k.name()).collect();
                let found = steps::kinds().iter().copied().find(|k| k.name() == text);
                found.ok_or_else(|| self.source.unknown(&entry.1.span(), "unknown kind of step", &text, &known))?
            }
            (Some(entry), Some(_)) => {
                return Err(self.source.error(&entry.0, "a [[check]] has no kind").hint("write [[step]] with kind, or leave it out"));
            }
            (None, Some(name)) => steps::kind(name)?,
            (None, None) => {
                let kinds: Vec<&str> = steps::kinds().iter().map(|k| k.name()).collect();
                return Err(self.source.error(&head, "the step lacks `kind`").expected(format!("one of {}", kinds.join(", "))));
            }
        };
        let what = if default_kind.is_some() { "key of a check".to_string() } else { format!("key of a step of kind {}", kind.name()) };
        let known: Vec<&str> = STEP_KEYS.iter().copied().chain(kind.parameters().iter().map(|p| p.name)).collect();
        let keys = self.entries(table, &known, &what)?;
        let Some(name_entry) = keys.get("name") else {
            return Err(self.source.error(&head, "the step lacks `name`").hint("name = \"ages\""));
        };
        let name = self.text("name", name_entry)?;
        let name_span = name_entry.1.span();
        self.proper_name("step", &name, &name_span)?;
        let written_needs = keys.get("needs").map_or_else(|| Ok(Vec::new()), |e| self.texts("needs", e))?;
        let mut values = Values::default();
        for parameter in kind.parameters() {
            if let Some((_, value)) = keys.get(parameter.name) {
                values.give(self.source, parameter, value.span(), value.get_ref())?;
            }
        }
        values.complete(self.source, kind.parameters(), &name_span)?;
        let step = Step { name, kind, values, span: name_span, needs: Vec::new(), inputs: Vec::new(), written_needs };
        kind.check(&step, self.source)?;
        Ok(step)
    }

    /// Names are table names in SQL and file names on disk.
    fn proper_name(&self, what: &str, name: &str, span: &Range<usize>) -> Result<()> {
        const LONGEST: usize = 64;
        let mut letters = name.bytes();
        let first = letters.next().is_some_and(|b| b.is_ascii_lowercase());
        if first && name.len() <= LONGEST && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            return Ok(());
        }
        Err(self
            .source
            .error(span, format!("`{}` cannot be the name of a {what}", name.chars().take(LONGEST).collect::<String>()))
            .expected("a lower-case letter, then lower-case letters, digits and `_`, 64 at most"))
    }
}

/// The first line of a table's place.
fn head_line(source: &Source, span: &Range<usize>) -> Range<usize> {
    let text = source.text().get(span.clone()).unwrap_or("");
    span.start..span.start + text.lines().next().map_or(0, str::len)
}

/// Placeholders name steps and inputs alike, so all names differ.
fn names_differ(source: &Source, inputs: &[Input], steps: &[Step]) -> Result<()> {
    let mut seen = BTreeMap::new();
    let all = inputs.iter().map(|i| (&i.name, &i.span, "an input")).chain(steps.iter().map(|s| (&s.name, &s.span, "a step")));
    for (name, span, what) in all {
        if let Some(earlier) = seen.insert(name, what) {
            return Err(source.error(span, format!("the name `{name}` is that of {earlier} already")));
        }
    }
    Ok(())
}

/// Two steps that leave one file would each undo the other's work for ever.
fn products_differ(source: &Source, steps: &[Step]) -> Result<()> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for step in steps {
        for product in step.kind.products(step) {
            // Some disks do not tell `A.csv` from `a.csv`.
            if let Some(earlier) = seen.insert(product.to_lowercase(), &step.name) {
                return Err(source.error(&step.span, format!("steps `{earlier}` and `{}` leave the same product `{product}`", step.name)));
            }
        }
    }
    Ok(())
}

/// A path of a product: inside the folder of products, whatever a file says.
pub fn product_path(source: &Source, step: &Step, parameter: &str) -> Result<Option<String>> {
    let Some(text) = step.values.text(parameter) else { return Ok(None) };
    let span = step.values.span(parameter).unwrap_or(&step.span);
    let parts: Vec<&str> = text.split('/').collect();
    let proper = |part: &&str| {
        let reserved = ["record.json", "timings.json"].contains(part) || part.ends_with(".record.json");
        !part.is_empty() && !part.starts_with('.') && !reserved && !part.contains(['\\', '\0', ':'])
    };
    if parts.iter().all(proper) {
        return Ok(Some(text.to_string()));
    }
    Err(source
        .error(span, format!("`{parameter}` cannot be this path"))
        .expected("a path inside the folder of products, without `..`, leading `/` or hidden names"))
}

/// The folder of products that `options` and the file ask for.
pub fn out_folder(pipeline: &Pipeline, out: Option<&Path>) -> PathBuf {
    out.map_or_else(|| pipeline.out.clone(), Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let error = parse(Source::new(Path::new("p.toml"), text.to_string())).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
        error.to_string()
    }

    const STEP: &str = "[[step]]\nname = 'a'\nkind = 'sql'\nsql = 'SELECT 1'\n";

    #[test]
    fn a_small_file_is_read_with_its_defaults() {
        let text = format!(
            "[pipeline]\nname = 'demo'\n[inputs]\nsnaps = 'run/*'\n{STEP}[[check]]\nname='c'\nsql='SELECT * FROM {{a}} WHERE 1=0'\n"
        );
        let pipeline = parse(Source::new(Path::new("dir/p.toml"), text)).unwrap();
        assert_eq!((pipeline.name.as_str(), pipeline.out.to_str()), ("demo", Some("dir/p.out")));
        assert_eq!(pipeline.steps[1].needs, [0]);
        assert_eq!(pipeline.inputs[0].patterns, ["run/*"]);
    }

    #[test]
    fn every_mistake_has_a_place() {
        for (text, words) in [
            ("", "has no step"),
            ("[pipeline]\nnme = 'x'\n", "did you mean `name`?"),
            ("pipeline = 3\n", "`pipeline` must be a table"),
            ("[step]\nname='a'\n", "[[step]], with two brackets"),
            ("[[step]]\nname = 'a'\n", "the step lacks `kind`"),
            ("[[step]]\nname = 'a'\nkind = 'sqll'\n", "did you mean `sql`?"),
            ("[[step]]\nname = 'a'\nkind = 'sql'\n", "the step lacks `sql`"),
            ("[[step]]\nname = 'a'\nkind = 'sql'\nsql = 'SELECT 1'\nneedz = []\n", "did you mean `needs`?"),
            ("[[step]]\nname = 'A b'\nkind = 'sql'\nsql = 'SELECT 1'\n", "cannot be the name of a step"),
            ("[[step]]\nname = 'a'\nkind = 'sql'\nsql = 3\n", "`sql` cannot be this whole number"),
            ("[[step]]\nname = 'a'\nkind = 'sql'\nsql = 'SELECT 1'\nneeds = ['b']\n", "no step `b`"),
            ("[[step]]\nname = 'a'\nkind = 'sql'\nsql = 'SELECT * FROM {bee}'\n", "`{bee}`"),
            ("[[check]]\nname = 'a'\nkind = 'sql'\nsql = 'SELECT 1'\n", "a [[check]] has no kind"),
            ("[inputs]\na = 3\n", "must be a text or a list of texts"),
            ("[inputs]\na = []\n", "names no path"),
            ("x = [\n", "cannot read the pipeline"),
            ("[[step]\n", "cannot read the pipeline"),
        ] {
            let error = refused(text);
            assert!(error.contains(words), "{text}\n{error}");
            assert!(error.contains("  at line ") && error.contains(" of `p.toml`"), "{error}");
        }
        assert!(refused(&format!("{STEP}{STEP}")).contains("is that of a step already"));
    }

    #[test]
    fn products_stay_in_their_folder() {
        for bad in ["../x.csv", "/etc/x.csv", "a/../../x.csv", ".spolia-run/lock", "a//b.csv", "c:\\x.csv", "record.json", ""] {
            let text = format!("{STEP}[[step]]\nname='e'\nkind='export'\ntable='{{a}}'\nfile='{bad}'\n");
            assert!(refused(&text).contains("cannot be this path"), "{bad}");
        }
    }
}
