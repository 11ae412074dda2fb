//! Where results and messages go: data to stdout or a file, all else to stderr.
//!
//! Edge cases a closed pipe ends the program quietly; binary formats are not poured onto a terminal

use std::io::{IsTerminal, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::exit::closed_pipe;
use super::options::GlobalOptions;
use crate::error::{Error, Result};
use crate::sql::Answer;
use crate::table::export::{self, ExportError, OutputFormat};

/// Writes one line of data to stdout.
pub fn line(text: &str) -> Result<()> {
    bytes(format!("{text}\n").as_bytes())
}

/// Writes bytes to stdout.
pub fn bytes(data: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(data).and_then(|()| stdout.flush()).map_err(|e| stdout_error(&e))
}

fn stdout_error(error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        closed_pipe()
    } else {
        Error::io("write", std::path::Path::new("standard output"), error)
    }
}

/// Writes a note for the person to stderr, unless told to be quiet.
pub fn note(options: &GlobalOptions, text: &str) {
    if !options.quiet {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

/// Writes an answer where the options say, with its notes on stderr.
pub fn answer(options: &GlobalOptions, answer: &Answer) -> Result<()> {
    table(options, &answer.schema, &answer.batches)?;
    for text in &answer.notes {
        note(options, &format!("note: {text}"));
    }
    Ok(())
}

/// Writes a table where the options say.
pub fn table(options: &GlobalOptions, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<()> {
    let format = options.output_format(OutputFormat::Table)?;
    if let Some(path) = &options.output {
        export::write_file(schema, batches, format, path)?;
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        note(options, &format!("wrote {rows} rows to {}", path.display()));
        return Ok(());
    }
    let mut stdout = std::io::stdout().lock();
    if format.is_binary() && stdout.is_terminal() {
        return Err(Error::usage("this format is for programs, not for a terminal").hint("add -o FILE, or pipe it on"));
    }
    match export::write(schema, batches, format, &mut stdout) {
        Ok(()) => Ok(()),
        Err(ExportError::Spolia(e)) => Err(e),
        Err(ExportError::Io(e)) => Err(stdout_error(&e)),
    }
}
