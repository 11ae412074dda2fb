//! How the program ends: error text or JSON on stderr, the documented exit code, and the panic wall.
//!
//! Exit codes 0 done, 1 failed, 2 wrong usage, 3 input damaged, 4 limit reached, 5 pipeline partly done, 130 interrupted
//! Edge cases a closed pipe on stdout is an ordinary end (0)

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use crate::error::{Error, Result};

use super::options::{Color, GlobalOptions};

/// What a subcommand ends with when nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// All of it.
    Fully,
    /// A pipeline in which some steps failed.
    Partly,
}

/// Exit code of a pipeline that finished only in part.
const PARTLY: u8 = 5;

/// Whether to colour stderr.
pub fn colored(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && std::io::stderr().is_terminal(),
    }
}

/// Runs `work`, turns a panic into an internal error, prints what failed, and gives the exit code.
pub fn run(options: &GlobalOptions, work: impl FnOnce() -> Result<Done>) -> ExitCode {
    // The default hook would print a stack of our own before our message; keep it for -vv.
    if options.verbose < 2 {
        std::panic::set_hook(Box::new(|_| {}));
    }
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|cause| {
        let text = cause
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| cause.downcast_ref::<&str>().map(|s| (*s).to_string()))
            .unwrap_or_else(|| "a panic without a message".into());
        Err(Error::internal("the program stopped at a broken promise").because(text).hint("run again with -vv and send the output"))
    });
    match outcome {
        Ok(Done::Fully) => ExitCode::SUCCESS,
        Ok(Done::Partly) => ExitCode::from(PARTLY),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error, options);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The mark of a closed pipe on stdout; see [`closed_pipe`].
const CLOSED_PIPE: &str = "the reader of the output went away";

/// The error for a closed pipe, which ends the program quietly.
pub fn closed_pipe() -> Error {
    Error::new(crate::ErrorKind::Io, CLOSED_PIPE)
}

fn is_closed_pipe(error: &Error) -> bool {
    error.what() == CLOSED_PIPE
}

/// Prints an error on stderr, as text or as one JSON object.
pub fn print_error(error: &Error, options: &GlobalOptions) {
    let mut stderr = std::io::stderr().lock();
    let _ = if options.json_errors() {
        writeln!(stderr, "{}", error.to_json())
    } else if colored(options.color) {
        writeln!(stderr, "\u{1b}[1;31merror:\u{1b}[0m {error}")
    } else {
        writeln!(stderr, "error: {error}")
    };
}
