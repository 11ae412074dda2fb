//! The source tree as the other checks see it: files, and their text with comments and strings blanked out.
//!
//! Edge cases nested block comments, raw strings, byte strings, character literals and lifetimes are told apart
//! See also   `layers`, `style`, `docs`

use std::path::{Path, PathBuf};

/// Root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty folder of this name below the build folder, for what many tests share: a static is never dropped, and a temporary folder
/// would stay behind after every run.
pub fn shared_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// One file of Rust.
pub struct Source {
    /// Path from the root, with forward slashes.
    pub path: String,
    /// The text as it stands.
    pub text: String,
    /// The text with the insides of comments and strings replaced by blanks, line for line.
    pub code: String,
}

/// Every `.rs` file below `folder`, in order of path.
pub fn sources(folder: &str) -> Vec<Source> {
    files(folder, "rs")
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            let code = code_only(&text);
            Source { path, text, code }
        })
        .collect()
}

/// Every file below `folder` whose name ends in `.ending`, in order of path; build outputs and hidden folders are left out.
pub fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut |path| {
        if path.extension().is_some_and(|e| e == ending) {
            found.push(path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"));
        }
    });
    found.sort();
    found
}

/// Folders that are not part of the repository.
const LEFT_OUT: [&str; 3] = ["target", "spolia-demo", "node_modules"];

fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !LEFT_OUT.contains(&name.as_str()) {
                walk(&path, visit);
            }
        } else {
            visit(&path);
        }
    }
}

/// The text with comments and the insides of literals blanked; line breaks stay where they are.
pub fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let blank = |out: &mut [u8], from: usize, to: usize| out[from..to].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = if rest.starts_with(b"//") {
            at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            block_comment(bytes, at)
        } else if let Some(end) = raw_string(bytes, at) {
            end
        } else if rest[0] == b'"' {
            quoted(bytes, at, b'"')
        } else if rest[0] == b'\'' {
            match character(bytes, at) {
                Some(end) => end,
                None => {
                    at += 1;
                    continue;
                }
            }
        } else {
            at += 1;
            continue;
        };
        blank(&mut out, at, end);
        at = end;
    }
    String::from_utf8(out).unwrap()
}

fn block_comment(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if bytes[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// End of the raw string that begins at `from`, if one does.
fn raw_string(bytes: &[u8], from: usize) -> Option<usize> {
    let named = from > 0 && (bytes[from - 1].is_ascii_alphanumeric() || bytes[from - 1] == b'_');
    let body = bytes[from..].strip_prefix(b"br").or_else(|| bytes[from..].strip_prefix(b"r")).filter(|_| !named)?;
    let hashes = body.iter().take_while(|b| **b == b'#').count();
    if body.get(hashes) != Some(&b'"') {
        return None;
    }
    let start = bytes.len() - body.len() + hashes + 1;
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let length = bytes[start..].windows(close.len()).position(|w| w == close)?;
    Some(start + length + close.len())
}

fn quoted(bytes: &[u8], from: usize, mark: u8) -> usize {
    let mut at = from + 1;
    while at < bytes.len() && bytes[at] != mark {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// End of the character literal at `from`; none when it is a lifetime.
fn character(bytes: &[u8], from: usize) -> Option<usize> {
    let next = *bytes.get(from + 1)?;
    if next == b'\\' {
        return Some(quoted(bytes, from, b'\''));
    }
    // One character of one to four bytes, then the closing mark.
    (from + 2..=from + 5)
        .find(|at| bytes.get(*at) == Some(&b'\''))
        .filter(|at| {
            let inside = &bytes[from + 1..*at];
            inside.len() == 1 || !inside[0].is_ascii()
        })
        .map(|at| at + 1)
}

#[test]
fn comments_and_strings_are_blanked() {
    let text = "let a = \"unsafe // x\"; // unsafe\nlet b = r#\"un\"safe\"#; /* a /* b */ c */ let c = '\"'; fn f<'a>(x: &'a str) {}\nlet d = '\\''; let e = 'é'; let for_ = br\"x\";";
    let code = code_only(text);
    assert!(!code.contains("unsafe") && !code.contains("safe"));
    assert!(code.contains("fn f<'a>(x: &'a str) {}") && code.contains("let e =") && code.contains("let for_ ="));
    assert_eq!(code.lines().count(), text.lines().count());
    assert_eq!(code.len(), text.len());
}
