//! Commands of the prompt that begin with a dot, and the backslash spellings of psql.
//!
//! Layout     `.tables` `.schema` `.units` `.functions` `.mode` `.timer` `.plot` `.read` `.output` `.summary` `.help` `.quit`
//! See also   `cli::repl`

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::PathBuf;

use super::exit::colored;
use super::options::GlobalOptions;
use super::{output, repl};
use crate::error::{Error, Result, nearest};
use crate::plot::terminal::Color;
use crate::plot::{self, FigureOptions};
use crate::sql::{Session, functions};
use crate::table::export::OutputFormat;
use crate::table::schema::{DESCRIPTION, unit_of};

/// Names of the commands, for completion and suggestions.
pub const NAMES: [&str; 12] =
    [".tables", ".schema", ".units", ".functions", ".mode", ".timer", ".plot", ".read", ".output", ".summary", ".help", ".quit"];

/// Size of a picture in characters; fits a terminal of 80 x 24.
const PICTURE_COLUMNS: usize = 78;
const PICTURE_ROWS: usize = 22;

const HELP: &str = "\
.tables              tables with their number of rows          \\dt
.schema TABLE        columns with type, unit and description   \\d TABLE
.units TABLE         columns and units only
.functions [NAME]    functions, or one with formula, units, source and example   \\df
.mode FORMAT         table, csv, json, jsonl, arrow, parquet, fits
.timer on|off        show the time of each query               \\timing
.plot X [Y]          a histogram in the terminal: .plot feh v_phi
.read FILE           run the SQL of a file                     \\i FILE
.output [FILE]       send the next result to a file; alone, back to the screen
.summary TABLE       count, min, mean, max and standard deviation of each number
.help                this page                                 \\?
.quit                leave                                     \\q
SQL ends with a semicolon.  stars@512 is a snapshot, stars@all all of them, stars@disc a stored frame.";

/// Whether the prompt goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does.
    Stay,
    /// The user wants to leave.
    Leave,
}

/// What the prompt remembers.
#[derive(Clone, Debug)]
pub struct State {
    /// Options, with the format and file that `.mode` and `.output` set.
    pub global: GlobalOptions,
    /// Whether to print the time of each query.
    pub timer: bool,
    /// The last SQL that ran.
    pub last_sql: Option<String>,
}

impl State {
    /// A new prompt.
    pub fn new(global: GlobalOptions) -> Self {
        State { global, timer: false, last_sql: None }
    }

    /// A file named by `.output` takes one result.
    pub fn once_done(&mut self) {
        self.global.output = None;
    }
}

/// Runs one meta command.
pub fn run(session: &Session, state: &mut State, text: &str) -> Result<Outcome> {
    let mut words = text.trim().trim_end_matches(';').split_whitespace();
    let name = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    match name {
        ".quit" | ".exit" | "\\q" => return Ok(Outcome::Leave),
        ".help" | "\\?" | "\\h" => output::line(HELP)?,
        ".tables" | "\\dt" => output::line(&tables(session))?,
        "\\d" if rest.is_empty() => output::line(&tables(session))?,
        ".schema" | "\\d" | ".units" => output::line(&schema(session, rest.first().copied(), name != ".units")?)?,
        ".functions" | "\\df" => output::line(&function_help(rest.first().copied())?)?,
        ".timer" | "\\timing" => state.timer = rest.first().map_or(!state.timer, |w| *w == "on"),
        ".mode" => {
            let format = rest.first().ok_or_else(|| Error::usage(".mode needs a format"))?;
            OutputFormat::from_name(format)?;
            state.global.format = Some((*format).to_string());
        }
        ".output" | "\\o" => state.global.output = rest.first().map(PathBuf::from),
        ".read" | "\\i" => {
            let path = PathBuf::from(rest.first().ok_or_else(|| Error::usage(".read needs a file"))?);
            let sql = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
            return repl::step(session, state, &sql);
        }
        ".summary" => {
            let sql = summary_sql(session, rest.first().copied())?;
            return repl::step(session, state, &sql);
        }
        ".plot" => picture(session, state, &rest)?,
        other => {
            let error = Error::usage(format!("unknown command `{other}`"));
            return Err(match nearest(other, NAMES) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(".help lists the commands"),
            });
        }
    }
    Ok(Outcome::Stay)
}

fn tables(session: &Session) -> String {
    let mut text = String::new();
    for table in session.tables() {
        let rows = table.rows.map_or_else(|| "?".to_string(), |n| n.to_string());
        let _ = writeln!(text, "{:<24} {rows:>14} rows  {}", table.name, table.description);
    }
    text.trim_end().to_string()
}

fn find<'a>(tables: &'a [crate::sql::TableSummary], name: Option<&str>) -> Result<&'a crate::sql::TableSummary> {
    let name = name.ok_or_else(|| Error::usage("which table?").hint(".tables lists them"))?;
    // A suffix such as @512 or @disc changes rows and axes, not columns.
    let plain = name.split('@').next().unwrap_or(name);
    tables.iter().find(|t| t.name == plain).ok_or_else(|| {
        let error = Error::not_found(format!("no table is called `{name}`"));
        match nearest(plain, tables.iter().map(|t| t.name.as_str())) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(".tables lists them"),
        }
    })
}

fn schema(session: &Session, name: Option<&str>, long: bool) -> Result<String> {
    let tables = session.tables();
    let table = find(&tables, name)?;
    let mut text = String::new();
    for field in table.schema.fields() {
        let description = field.metadata().get(DESCRIPTION).map_or("", String::as_str);
        let _ = if long {
            writeln!(text, "{:<20} {:<10} {:<16} {description}", field.name(), field.data_type().to_string(), unit_of(field))
        } else {
            writeln!(text, "{:<20} {}", field.name(), unit_of(field))
        };
    }
    Ok(text.trim_end().to_string())
}

/// The help text of one function, or the list of all.
pub fn function_help(name: Option<&str>) -> Result<String> {
    let Some(name) = name else {
        let lines: Vec<String> = functions::docs().iter().map(|d| format!("{:<48} {}", d.signature, d.description)).collect();
        return Ok(lines.join("\n"));
    };
    let name = name.trim_end_matches(['(', ')']);
    let doc = functions::docs().iter().find(|d| d.name == name).ok_or_else(|| {
        let error = Error::not_found(format!("no function is called `{name}`"));
        match nearest(name, functions::docs().iter().map(|d| d.name)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(".functions lists them"),
        }
    })?;
    Ok(format!(
        "{}   ({})\n  {}\n  formula  {}\n  units    {}\n  source   {}\n  example  {}{}\n  see also {}",
        doc.signature,
        doc.kind,
        doc.description,
        doc.formula,
        doc.units,
        doc.source,
        doc.example,
        doc.example_answer.map(|a| format!("  -> {a}")).unwrap_or_default(),
        doc.see_also
    ))
}

fn summary_sql(session: &Session, name: Option<&str>) -> Result<String> {
    let tables = session.tables();
    let table = find(&tables, name)?;
    let name = name.unwrap_or(&table.name);
    let numbers = table.schema.fields().iter().filter(|f| f.data_type().is_numeric());
    let parts: Vec<String> = numbers
        .map(|f| {
            let c = f.name();
            format!(
                "SELECT '{c}' AS \"column\", '{unit}' AS unit, count(\"{c}\") AS n, CAST(min(\"{c}\") AS DOUBLE) AS min, CAST(avg(\"{c}\") AS DOUBLE) AS mean, \
                 CAST(max(\"{c}\") AS DOUBLE) AS max FROM \"{name}\"",
                unit = unit_of(f)
            )
        })
        .collect();
    if parts.is_empty() {
        return Err(Error::not_found(format!("table `{name}` has no column of numbers")));
    }
    // The units differ from row to row, which is what the unit column says.
    Ok(format!("SET spolia.units = 'off'; {}; SET spolia.units = 'on'", parts.join(" UNION ALL ")))
}

fn picture(session: &Session, state: &State, words: &[&str]) -> Result<()> {
    // `.plot hist2d feh v_phi` and `.plot feh v_phi` mean the same: a terminal draws histograms only.
    let words = words.strip_prefix(&["hist2d"]).unwrap_or(words);
    let x = words.first().ok_or_else(|| Error::usage("plot what?").hint(".plot feh v_phi"))?;
    let options = FigureOptions { x: Some((*x).to_string()), y: words.get(1).map(|w| (*w).to_string()), ..FigureOptions::default() };
    let color = if colored(state.global.color) && std::io::stdout().is_terminal() { Color::Palette } else { Color::None };
    output::line(&plot::terminal::picture(&|sql| session.query(sql), &options, PICTURE_COLUMNS, PICTURE_ROWS, color)?)
}
