//! House style as numbers: headers, lengths, documentation, unsafe code and loose ends of every file.
//!
//! Source     CONTRIBUTING.md, "House style"
//! See also   `tree`

use super::tree::{Source, files, root, sources};

/// Longest file, tests included.
const MAX_LINES: usize = 800;
/// Largest median of the file lengths.
const MAX_MEDIAN: usize = 250;
/// Largest 90th percentile of the file lengths.
const MAX_P90: usize = 500;
/// Least lines of documentation per 100 lines of code, unit tests included.
const MIN_DOCS: usize = 12;
/// Files that may hold `unsafe`: the CUDA driver and its kernels, memory maps, SIMD of the pair forces, and loops compiled for each machine.
const MAY_BE_UNSAFE: [&str; 5] =
    ["src/device/", "src/ingest/mapped.rs", "src/nbody/kernels.rs", "src/numeric/dispatch.rs", "src/orbits/device/"];
/// Lines above an unsafe block in which its SAFETY line may stand.
const SAFETY_WITHIN: usize = 6;

fn percentile(sorted: &[usize], share: f64) -> usize {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn has_header(source: &Source) -> bool {
    source
        .text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("//! "))
        .is_some_and(|first| first.len() > 10 && first.ends_with('.') && first.starts_with(|c: char| !c.is_lowercase()))
}

#[test]
fn every_file_opens_with_a_sentence() {
    let missing: Vec<String> =
        ["src", "tests", "benches", "examples"].into_iter().flat_map(sources).filter(|s| !has_header(s)).map(|s| s.path).collect();
    assert!(missing.is_empty(), "no `//!` sentence with a full stop on the first line: {}", missing.join(", "));
}

#[test]
fn files_are_short_and_documented() {
    let sources = sources("src");
    let mut lengths: Vec<usize> = sources.iter().map(|s| s.text.lines().count()).collect();
    lengths.sort_unstable();
    let (median, p90, longest) = (percentile(&lengths, 0.5), percentile(&lengths, 0.9), *lengths.last().unwrap());
    let count = |keep: &dyn Fn(&str, &str) -> bool| -> usize {
        sources.iter().map(|s| s.text.lines().zip(s.code.lines()).filter(|(text, code)| keep(text.trim_start(), code.trim())).count()).sum()
    };
    let code = count(&|_, code| !code.is_empty());
    let docs = count(&|text, _| text.starts_with("///") || text.starts_with("//!"));
    println!(
        "{} files, {code} lines of code; lines a file: median {median}, p90 {p90}, longest {longest}; {:.1} lines of documentation per 100 of code",
        sources.len(),
        100.0 * docs as f64 / code as f64
    );
    let long: Vec<String> = sources
        .iter()
        .map(|s| (s.text.lines().count(), &s.path))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "longer than {MAX_LINES} lines: {}", long.join(", "));
    assert!(median <= MAX_MEDIAN && p90 <= MAX_P90, "median {median}, p90 {p90}");
    assert!(docs * 100 >= MIN_DOCS * code, "only {docs} lines of documentation for {code} of code");
    let tests = tests_too_long();
    assert!(tests.is_empty(), "longer than {MAX_LINES} lines: {}", tests.join(", "));
}

fn tests_too_long() -> Vec<String> {
    ["tests", "benches", "examples"].into_iter().flat_map(sources).filter(|s| s.text.lines().count() > MAX_LINES).map(|s| s.path).collect()
}

#[test]
fn unsafe_code_is_rare_named_and_argued() {
    let mut blocks = 0;
    let mut faults = Vec::new();
    for source in sources("src") {
        for (number, line) in source.code.lines().enumerate() {
            let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            if !words.into_iter().any(|w| w == "unsafe") {
                continue;
            }
            blocks += 1;
            let place = format!("{}:{}", source.path, number + 1);
            if !MAY_BE_UNSAFE.iter().any(|allowed| source.path.starts_with(allowed)) {
                faults.push(format!("{place}: unsafe code outside the allowed files"));
            }
            let above = source.text.lines().skip(number.saturating_sub(SAFETY_WITHIN)).take(SAFETY_WITHIN + 1);
            if !above.into_iter().any(|l| l.contains("SAFETY") || l.contains("# Safety")) {
                faults.push(format!("{place}: no SAFETY line"));
            }
        }
    }
    println!("{blocks} unsafe blocks or functions");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_loose_ends_and_no_places_of_one_machine() {
    // Written in two halves so that this file passes its own check.
    let ends = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]].map(|halves| halves.concat());
    let machine = [["/wo", "rk/"], ["/ho", "me/"], ["/ro", "ot/"], ["/Use", "rs/"]].map(|halves| halves.concat());
    let registries = [["index.", "crates.io"], ["crates-io.", "proxy"], ["local", "host:80"]].map(|halves| halves.concat());
    let mut paths: Vec<String> =
        ["rs", "md", "toml", "sql", "slt", "py", "json", "cff", "yml"].into_iter().flat_map(|e| files("", e)).collect();
    paths.push(".ci/run".into());
    let mut faults = Vec::new();
    for path in paths.iter().filter(|p| *p != "Cargo.lock") {
        let Ok(text) = std::fs::read_to_string(root().join(path)) else {
            faults.push(format!("{path} cannot be read as text"));
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let word = |w: &String| line.split(|c: char| !c.is_alphanumeric()).any(|part| part == w);
            let loose = ends.iter().find(|w| word(w));
            let place = machine.iter().chain(&registries).find(|p| line.contains(p.as_str()));
            if let Some(found) = loose.or(place) {
                faults.push(format!("{path}:{}: `{found}`", number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pages_named_in_headers_exist() {
    let mut missing = Vec::new();
    for source in ["src", "tests", "benches", "examples"].into_iter().flat_map(sources) {
        for (number, line) in source.text.lines().enumerate().filter(|(_, l)| l.trim_start().starts_with("//")) {
            for word in line.split(|c: char| c.is_whitespace() || "`,;()\"".contains(c)) {
                let word = word.trim_end_matches(['.', ':']);
                let named =
                    word.ends_with(".md") || ["docs/", "queries/", "pipelines/", "tests/", "benches/"].iter().any(|f| word.starts_with(f));
                if named && word.is_ascii() && !word.contains('*') && !word.contains("..") && !root().join(word).exists() {
                    missing.push(format!("{}:{}: {word}", source.path, number + 1));
                }
            }
        }
    }
    assert!(missing.is_empty(), "named but absent:\n{}", missing.join("\n"));
}
