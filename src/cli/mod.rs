//! The command line.
pub mod exit;
pub mod options;
pub mod output;
pub mod progress;
use std::process::ExitCode;
/// Runs the program.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
