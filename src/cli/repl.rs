//! The SQL prompt: history, several-line input, completion with units, meta commands.
//!
//! Edge cases Ctrl-C drops the line or stops the query, Ctrl-D leaves; an error never ends the prompt
//! See also   `cli::meta` for the commands that begin with a dot, `cli::highlight` for completion

use std::path::PathBuf;
use std::time::Instant;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use super::exit::{Done, print_error};
use super::highlight::SqlHelper;
use super::meta::{self, Outcome, State};
use super::options::GlobalOptions;
use super::{output, progress};
use crate::error::{Error, Result};
use crate::sql::Session;

/// Lines of history kept.
const HISTORY: usize = 2000;

/// Runs the prompt until the user leaves.
pub fn run(global: &GlobalOptions, session: &Session, paths: &[PathBuf]) -> Result<Done> {
    let failed = |e: ReadlineError| Error::new(crate::ErrorKind::Io, "cannot use the terminal").because(e).hint("pass the query with -c");
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(HISTORY)
        .and_then(|c| c.history_ignore_dups(true))
        .map_err(failed)?
        .build();
    let mut editor: Editor<SqlHelper, FileHistory> = Editor::with_config(config).map_err(failed)?;
    editor.set_helper(Some(SqlHelper::new(session, super::exit::colored(global.color))));
    let history = history_file();
    if let Some(path) = &history {
        // A first start has no history yet.
        let _ = editor.load_history(path);
    }
    let mut state = State::new(global.clone());
    output::note(global, &format!("spolia {}   .help for help, Ctrl-D to leave", env!("CARGO_PKG_VERSION")));
    if paths.is_empty() {
        output::note(global, "no data attached; query a file by name: SELECT count(*) FROM 'snapshot'.stars");
    } else {
        let names: Vec<String> = session.tables().into_iter().map(|t| t.name).collect();
        output::note(global, &format!("tables: {}", names.join(", ")));
    }
    loop {
        match editor.readline("spolia> ") {
            Ok(text) => {
                let text = text.trim();
                if text.is_empty() {
                    continue;
                }
                let _ = editor.add_history_entry(text);
                progress::forget_interrupt();
                session.canceller().reset();
                match step(session, &mut state, text) {
                    Ok(Outcome::Leave) => break,
                    Ok(Outcome::Stay) => {}
                    Err(error) => print_error(&error, &state.global),
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(failed(error)),
        }
    }
    if let Some(path) = &history {
        let _ = editor.save_history(path);
    }
    Ok(Done::Fully)
}

/// Runs one input: a meta command or SQL.
pub fn step(session: &Session, state: &mut State, text: &str) -> Result<Outcome> {
    if text.starts_with(['.', '\\']) {
        return meta::run(session, state, text);
    }
    let started = Instant::now();
    let answer = session.query(text)?;
    output::answer(&state.global, &answer)?;
    state.once_done();
    if answer.rows() == 0 && !answer.schema.fields().is_empty() {
        output::note(&state.global, "note: no row matches");
    }
    if state.timer {
        output::note(&state.global, &format!("{} rows in {:.3} s", answer.rows(), started.elapsed().as_secs_f64()));
    }
    state.last_sql = Some(text.to_string());
    Ok(Outcome::Stay)
}

fn history_file() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local").join("state")))?;
    let folder = base.join("spolia");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}
