//! Progress on stderr and the wish to stop: a bar, plain lines, JSON lines, or nothing.
//!
//! Edge cases silent under half a second; Ctrl-C once finishes the current block, twice stops at once
//! See also   `progress::Progress`

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle as BarStyle};

use super::options::{GlobalOptions, ProgressStyle};
use crate::progress::Progress;
use crate::sql::Canceller;

/// Set by the first Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);
/// The running query of the session, if there is one.
static QUERY: Mutex<Option<Canceller>> = Mutex::new(None);
/// Nothing is drawn for work shorter than this.
const SILENT_FOR: Duration = Duration::from_millis(500);
/// Interval of plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(10);
/// Interval of JSON lines.
const JSON_EVERY: Duration = Duration::from_secs(1);
/// Exit code after the second Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Whether the user pressed Ctrl-C.
pub fn stop_wanted() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Makes the first Ctrl-C stop the running query of this session too.
pub fn on_interrupt(canceller: Canceller) {
    *QUERY.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(canceller);
}

/// Forgets an earlier Ctrl-C, for a prompt that goes on.
pub fn forget_interrupt() {
    STOP.store(false, Ordering::Relaxed);
}

/// Listens for Ctrl-C in the background: once asks the work to stop, twice ends the program.
pub fn watch_interrupts() {
    std::thread::spawn(|| {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            while tokio::signal::ctrl_c().await.is_ok() {
                if STOP.swap(true, Ordering::Relaxed) {
                    std::process::exit(INTERRUPTED);
                }
                if let Some(query) = QUERY.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref() {
                    query.cancel();
                }
                let _ = writeln!(std::io::stderr().lock(), "stopping after the current block; press Ctrl-C again to stop now");
            }
        });
    });
}

#[derive(Debug)]
struct Task {
    name: String,
    unit: String,
    total: u64,
    done: u64,
    started: Instant,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

/// Progress of a command line program.
#[derive(Debug)]
pub struct Terminal {
    style: ProgressStyle,
    quiet: bool,
    task: Mutex<Option<Task>>,
}

impl Terminal {
    /// Progress as the options ask for.
    pub fn new(options: &GlobalOptions) -> Self {
        let style = match options.progress {
            _ if options.quiet => ProgressStyle::None,
            ProgressStyle::Auto if std::io::stderr().is_terminal() => ProgressStyle::Bar,
            ProgressStyle::Auto => ProgressStyle::Plain,
            chosen => chosen,
        };
        Terminal { style, quiet: options.quiet, task: Mutex::new(None) }
    }

    fn with(&self, change: impl FnOnce(&mut Option<Task>)) {
        // A poisoned lock only means that another thread failed; its message matters, not ours.
        let mut task = self.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut task);
    }

    fn report(&self, task: &mut Task) {
        let elapsed = task.started.elapsed();
        if elapsed < SILENT_FOR {
            return;
        }
        match self.style {
            ProgressStyle::Bar => {
                let bar = task.bar.get_or_insert_with(|| new_bar(&task.name, task.total, &task.unit));
                bar.set_position(task.done);
            }
            ProgressStyle::Plain if task.last_line.elapsed() >= PLAIN_EVERY => {
                task.last_line = Instant::now();
                let share = if task.total > 0 { format!(" of {}", task.total) } else { String::new() };
                let rate = task.done as f64 / elapsed.as_secs_f64();
                let _ = writeln!(std::io::stderr().lock(), "{}: {}{share} {} ({rate:.3e} a second)", task.name, task.done, task.unit);
            }
            ProgressStyle::Json if task.last_line.elapsed() >= JSON_EVERY => {
                task.last_line = Instant::now();
                let line = serde_json::json!({"task": task.name, "done": task.done, "total": task.total, "unit": task.unit, "seconds": elapsed.as_secs_f64()});
                let _ = writeln!(std::io::stderr().lock(), "{line}");
            }
            _ => {}
        }
    }
}

fn new_bar(name: &str, total: u64, unit: &str) -> ProgressBar {
    let bar = if total > 0 { ProgressBar::new(total) } else { ProgressBar::new_spinner() };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    let template = if total > 0 {
        format!("{{msg}} [{{bar:30}}] {{human_pos}}/{{human_len}} {unit} {{per_sec}} eta {{eta}}")
    } else {
        format!("{{msg}} {{spinner}} {{human_pos}} {unit} {{per_sec}}")
    };
    if let Ok(style) = BarStyle::with_template(&template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(name.to_string());
    bar
}

impl Progress for Terminal {
    fn start(&self, task: &str, total: u64, unit: &str) {
        self.finish();
        let now = Instant::now();
        self.with(|t| *t = Some(Task { name: task.into(), unit: unit.into(), total, done: 0, started: now, last_line: now, bar: None }));
    }

    fn advance(&self, n: u64) {
        self.with(|slot| {
            if let Some(task) = slot {
                task.done += n;
                self.report(task);
            }
        });
    }

    fn finish(&self) {
        self.with(|slot| {
            if let Some(bar) = slot.take().and_then(|t| t.bar) {
                bar.finish_and_clear();
            }
        });
    }

    fn note(&self, text: &str) {
        if !self.quiet {
            self.with(|slot| match slot.as_ref().and_then(|t| t.bar.as_ref()) {
                Some(bar) => bar.println(text),
                None => {
                    let _ = writeln!(std::io::stderr().lock(), "{text}");
                }
            });
        }
    }

    fn cancelled(&self) -> bool {
        stop_wanted()
    }
}
