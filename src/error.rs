//! The one error type: what failed, where, what was expected and found, and a hint.
//!
//! Layout     kind, what, place, expected, found, hint, causes (outermost first)
//! Exit codes 1 failed, 2 usage, 3 damaged input, 4 limit reached, 130 interrupted
//! Text form  no full stop, lower-case start, paths last; see `Display`
//! See also   `cli::exit`, docs/reference/errors.md

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Result with the crate's own [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is; decides the exit code and how a caller may react.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request itself is wrong: an unknown option, a malformed query.
    Usage,
    /// A file, table, column, function or frame that was named does not exist.
    NotFound,
    /// An input breaks the rules of its own format, or fails its checksum.
    Damaged,
    /// A valid input of a kind that this version does not read.
    Unsupported,
    /// Two things that must agree do not: units, schemas, frames.
    Mismatch,
    /// A value outside the range where a formula holds.
    Domain,
    /// Memory, disk, time, rows or query size ran out.
    Limit,
    /// The operating system refused to read or write.
    Io,
    /// A compute device is missing or failed.
    Device,
    /// The user asked to stop; what was finished is kept.
    Interrupted,
    /// A broken promise inside the program.
    Internal,
}

impl ErrorKind {
    /// Every kind, in the order of the reference page.
    pub const ALL: [ErrorKind; 11] = [
        ErrorKind::Usage,
        ErrorKind::NotFound,
        ErrorKind::Damaged,
        ErrorKind::Unsupported,
        ErrorKind::Mismatch,
        ErrorKind::Domain,
        ErrorKind::Limit,
        ErrorKind::Io,
        ErrorKind::Device,
        ErrorKind::Interrupted,
        ErrorKind::Internal,
    ];

    /// Stable lower-case name, used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::Usage => "usage",
            ErrorKind::NotFound => "not_found",
            ErrorKind::Damaged => "damaged",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Mismatch => "mismatch",
            ErrorKind::Domain => "domain",
            ErrorKind::Limit => "limit",
            ErrorKind::Io => "io",
            ErrorKind::Device => "device",
            ErrorKind::Interrupted => "interrupted",
            ErrorKind::Internal => "internal",
        }
    }

    /// Process exit code for a failure of this kind.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Usage => 2,
            ErrorKind::Damaged => 3,
            ErrorKind::Limit => 4,
            ErrorKind::Interrupted => 130,
            _ => 1,
        }
    }
}

#[derive(Clone, Debug)]
struct Parts {
    kind: ErrorKind,
    what: String,
    place: Option<String>,
    expected: Option<String>,
    found: Option<String>,
    hint: Option<String>,
    causes: Vec<String>,
}

/// A failure a person can act on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Error(Arc<Parts>);

impl Error {
    /// A failure of `kind`; `what` is one line in lower case without a full stop.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Error(Arc::new(Parts { kind, what: what.into(), place: None, expected: None, found: None, hint: None, causes: Vec::new() }))
    }

    /// Wrong request; exit code 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, what)
    }

    /// Something named does not exist.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, what)
    }

    /// Input that breaks its own format; exit code 3.
    pub fn damaged(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Damaged, what)
    }

    /// Valid input of a kind that is not read.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, what)
    }

    /// Units, schemas or frames that do not agree.
    pub fn mismatch(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Mismatch, what)
    }

    /// A resource ran out; exit code 4.
    pub fn limit(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Limit, what)
    }

    /// A broken promise inside the program.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, what)
    }

    /// A failure of the operating system while doing `action` on `path`; the kind follows the cause.
    pub fn io(action: &str, path: &Path, cause: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let text = |hint: &str| Some(hint.to_string());
        let (kind, hint) = match cause.kind() {
            Io::NotFound => (ErrorKind::NotFound, neighbour(path).or_else(|| text("check the path"))),
            Io::StorageFull | Io::QuotaExceeded => (ErrorKind::Limit, text("the disk is full; free some space or choose another folder")),
            Io::PermissionDenied | Io::ReadOnlyFilesystem => (ErrorKind::Io, text("check the permissions, or choose another folder")),
            Io::UnexpectedEof => (ErrorKind::Damaged, text("the file is shorter than it says; copy it again")),
            Io::Interrupted => (ErrorKind::Interrupted, None),
            _ => (ErrorKind::Io, None),
        };
        let error = Error::new(kind, format!("cannot {action}")).at(format!("`{}`", path.display())).because(cause);
        match hint {
            Some(text) => error.hint(text),
            None => error,
        }
    }

    fn edit(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Where: file and byte offset, column and row, or line and column of a text. Paths last.
    pub fn at(self, place: impl fmt::Display) -> Self {
        self.edit(|p| p.place = Some(place.to_string()))
    }

    /// What a correct input would have had.
    pub fn expected(self, expected: impl fmt::Display) -> Self {
        self.edit(|p| p.expected = Some(expected.to_string()))
    }

    /// What was there instead.
    pub fn found(self, found: impl fmt::Display) -> Self {
        self.edit(|p| p.found = Some(found.to_string()))
    }

    /// A cure, when one is known.
    pub fn hint(self, hint: impl fmt::Display) -> Self {
        self.edit(|p| p.hint = Some(hint.to_string()))
    }

    /// The lower-level reason; may be called several times, outermost first.
    pub fn because(self, cause: impl fmt::Display) -> Self {
        self.edit(|p| p.causes.push(cause.to_string()))
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The first line.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// The place, if known.
    pub fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }

    /// The cure, if known.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Process exit code.
    pub fn exit_code(&self) -> u8 {
        self.kind().exit_code()
    }

    /// The object printed with `--format json`.
    pub fn to_json(&self) -> serde_json::Value {
        let p = &self.0;
        serde_json::json!({
            "kind": p.kind.name(), "message": p.what, "where": p.place,
            "expected": p.expected, "found": p.found, "because": p.causes, "hint": p.hint,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let p = &self.0;
        f.write_str(&p.what)?;
        if let Some(place) = &p.place {
            // A place of several lines (SQL line and caret) keeps its own layout.
            if place.contains('\n') { write!(f, "\n{place}")? } else { write!(f, "\n  at {place}")? }
        }
        match (&p.expected, &p.found) {
            (Some(e), Some(g)) => write!(f, "\n  expected {e}, found {g}")?,
            (Some(e), None) => write!(f, "\n  expected {e}")?,
            (None, Some(g)) => write!(f, "\n  found {g}")?,
            (None, None) => {}
        }
        for cause in &p.causes {
            write!(f, "\n  because {cause}")?;
        }
        if let Some(hint) = &p.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        if p.kind == ErrorKind::Internal {
            f.write_str("\n  this is a bug in spolia")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The candidate nearest to `word` by edit distance, when it is near enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|c| (edit_distance(&word, &c.to_lowercase()), c))
        .filter(|(d, c)| *d <= (c.chars().count().max(word.chars().count()) / 3).max(1))
        .min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)))
        .map(|(_, c)| c)
}

/// What to say about a path that does not exist: the folder that is missing, or the nearest name beside it.
pub fn neighbour(path: &Path) -> Option<String> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = std::fs::read_dir(folder) else { return Some(format!("there is no folder `{}`", folder.display())) };
    let names: Vec<String> = entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
    let near = nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(format!("did you mean `{}`?", path.with_file_name(near).display()))
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = (diagonal + usize::from(ca != *cb)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_has_every_part_in_order() {
        let e = Error::damaged("star block ends early in snapshot")
            .at("byte 41216 of `g8.26e11.01024`")
            .expected("44 bytes x 1200345 stars")
            .found("44 x 903112")
            .hint("the file is truncated");
        assert_eq!(
            e.to_string(),
            "star block ends early in snapshot\n  at byte 41216 of `g8.26e11.01024`\n  expected 44 bytes x 1200345 stars, found 44 x 903112\n  hint: the file is truncated"
        );
        assert_eq!(e.exit_code(), 3);
        assert_eq!(e.to_json()["kind"], "damaged");
    }

    #[test]
    fn full_disk_is_a_limit_and_a_missing_file_is_not_found() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(Error::io("write", Path::new("a"), &full).exit_code(), 4);
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        assert_eq!(Error::io("open", Path::new("a"), &missing).kind(), ErrorKind::NotFound);
    }

    #[test]
    fn nearest_finds_typos_and_refuses_strangers() {
        assert_eq!(nearest("massa", ["mass", "age"]), Some("mass"));
        assert_eq!(nearest("Vphi", ["v_phi", "v_r"]), Some("v_phi"));
        assert_eq!(nearest("temperature", ["mass", "age"]), None);
    }
}
