//! Documentation that cannot go stale: generated pages equal the code, links lead somewhere, and every command and query runs.
//!
//! Layout     `pages` writes docs/reference; `sh` and `sql` blocks of all Markdown files are run on a small copy of the demo's data
//! Edge cases a block marked `ignore` is for data that the reader brings; SPOLIA_BLESS=1 rewrites the generated pages
//! See also   CONTRIBUTING.md, "Documentation"

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use arrow::datatypes::{DataType, Field, Schema};
use clap::CommandFactory;
use spolia::ErrorKind;
use spolia::ingest::run::{IngestOptions, ingest};
use spolia::orbits::potential::{self, Potential};
use spolia::pipeline::Shape;
use spolia::progress::Silent;
use spolia::sql::session::{Session, SessionOptions};
use spolia::sql::{derived, functions};
use spolia::table::schema::{COLUMNS, canonical_field};

use super::tree::{files, root, shared_folder};

/// Longest README [lines].
const README_LINES: usize = 150;
/// Width of the help pages in the reference [characters].
const HELP_WIDTH: usize = 100;
/// What a newcomer types; `.ci/run` calls the same lines.
const FIRST_COMMANDS: [&str; 2] = ["cargo run --release -- demo", "cargo test --release"];

const GENERATED: &str = "This page is generated from the code.\n";

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every generated page with its path.
fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("docs/reference/cli.md", cli_page()),
        ("docs/reference/columns.md", columns_page()),
        ("docs/reference/errors.md", errors_page()),
        ("docs/reference/figures.md", figures_page()),
        ("docs/reference/functions.md", functions::reference_markdown()),
        ("docs/reference/pipelines.md", pipelines_page()),
        ("docs/reference/potentials.md", potentials_page()),
    ]
}

fn cli_page() -> String {
    let mut command = spolia::cli::Cli::command().term_width(HELP_WIDTH);
    command.build();
    let mut page = format!("# Command line\n\n{GENERATED}`spolia COMMAND -h` prints the short form, `spolia COMMAND --help` this one.\n");
    let _ = write!(page, "\n```text\n{}\n```\n", trimmed(&command.clone().render_long_help().to_string()));
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let help = sub.clone().term_width(HELP_WIDTH).render_long_help().to_string();
        let (own, common) = help.split_once("Common options:").unwrap_or((&help, ""));
        // Options that every command shares are printed once, above.
        let examples = common.split_once("Examples:").map(|(_, e)| format!("\n\nExamples:{e}")).unwrap_or_default();
        let _ = write!(page, "\n## {}\n\n```text\n{}{}\n```\n", sub.get_name(), trimmed(own), examples.trim_end());
    }
    page.push_str("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (code, meaning) in EXIT_CODES {
        let _ = writeln!(page, "| {code} | {meaning} |");
    }
    page
}

fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_string()
}

const EXIT_CODES: [(u8, &str); 7] = [
    (0, "done; also when the reader of the output closed the pipe"),
    (1, "failed"),
    (2, "wrong usage"),
    (3, "the input is damaged"),
    (4, "a limit was reached: memory, disk, time, size of a query"),
    (5, "a pipeline finished in part"),
    (130, "interrupted; what was finished is kept"),
];

fn columns_page() -> String {
    let mut page = format!(
        "# Columns\n\n{GENERATED}Lengths are physical (never comoving), velocities peculiar, and no factor of h is left in any value.\nA table holds those columns that its snapshot stores.\nA field that is not listed here keeps its own name, with unit `unknown` where the file names none.\n\n## Stored columns\n\n| column | unit | meaning |\n|---|---|---|\n"
    );
    for column in COLUMNS {
        let _ = writeln!(page, "| `{}` | {} | {} |", column.name, column.unit, column.description);
    }
    page.push_str("| `x_fe`, `x_o`, ... | 1 | mass fraction of each element that the snapshot stores |\n");
    page.push_str("\n## Derived columns\n\nThese are computed when a query names them, from the stored columns of the table.\n`SELECT *` does not show them.\n\n| column | unit | meaning | formula |\n|---|---|---|---|\n");
    let mut fields: Vec<Field> = COLUMNS.iter().map(|c| canonical_field(c.name, DataType::Float64, "", None)).collect();
    fields.extend(["x_h", "x_fe", "x_o", "x_mg"].map(|name| canonical_field(name, DataType::Float64, "", None)));
    for column in derived::all(&Schema::new(fields)) {
        let _ = writeln!(page, "| `{}` | {} | {} | `{}` |", column.name, column.unit, column.description, column.formula);
    }
    page.push_str("\nThe abundances exist for every element that the table stores a mass fraction of.\n");
    page
}

fn errors_page() -> String {
    let source = read("src/error.rs");
    let mut page = format!(
        "# Errors\n\n{GENERATED}An error says what failed, where, what was expected and found, and a hint where a cure is known.\nData goes to stdout and everything else to stderr.\n\n| kind | exit code | meaning |\n|---|---|---|\n"
    );
    for kind in ErrorKind::ALL {
        let variant = format!("    {kind:?},\n");
        let before = source.split_once(&variant).map(|(b, _)| b).unwrap();
        let meaning = before.lines().next_back().unwrap().trim().trim_start_matches("/// ");
        let _ = writeln!(page, "| `{}` | {} | {meaning} |", kind.name(), kind.exit_code());
    }
    let example = spolia::Error::damaged("star block ends early")
        .at("byte 41216 of `g8.26e11.01024`")
        .expected("44 bytes x 1200345 stars")
        .found("44 x 903112")
        .hint("the file is truncated; copy it again");
    let _ = write!(page, "\n## As text\n\n```text\nerror: {example}\n```\n");
    let json = serde_json::to_string_pretty(&example.to_json()).unwrap();
    let _ =
        write!(page, "\n## With `--format json`\n\nOne object on one line of stderr, here set out over several.\n\n```json\n{json}\n```\n");
    page.push_str(
        "\nA catalogue of mistakes with the answer to each is kept by a test in [mistakes.snap](../../tests/it/snapshots/mistakes.snap).\n",
    );
    page
}

fn figures_page() -> String {
    let mut page = format!(
        "# Figures\n\n{GENERATED}`spolia plot KIND PATH` draws one of these as SVG or PNG, and `--data FILE` writes the numbers in the picture.\n\n| kind | what it shows |\n|---|---|\n"
    );
    for kind in spolia::plot::kinds() {
        let _ = writeln!(page, "| `{}` | {} |", kind.name(), kind.description());
    }
    page
}

fn potentials_page() -> String {
    let mut page = format!(
        "# Potentials\n\n{GENERATED}The [guide](../guides/orbits.md) shows how models are used.\nPotentials are in (km/s)^2, lengths in kpc, masses in Msun; the time is 0 today.\n\n## Presets\n\n| name | what it is |\n|---|---|\n"
    );
    for (name, description) in Potential::presets() {
        let _ = writeln!(page, "| `{name}` | {description} |");
    }
    page.push_str("\n`spolia potential show NAME` prints a preset in the form of a file.\n\n## The file\n\n");
    for line in [
        "| key of a `[[component]]` | what it says |",
        "|---|---|",
        "| `name`, `kind` | its name in messages and gradients, and one of the kinds below |",
        "| the parameters of the kind | `\"4.4e11 Msun\"`, or a bare number in the unit below |",
        "| `centre` | three lengths |",
        "| `orientation` | three rows of a rotation, from the model's axes to those of the component |",
        "| `angle`, `pattern_speed` | turn about the component's z axis today, and its rate: `\"25 deg\"`, `\"39 km/s/kpc\"` |",
        "| `path` | `{ times, positions, velocities }`: a centre that moves; bare numbers in Gyr, kpc, km/s; without velocities, parabolic slopes |",
        "| `amplitude` | a number, `{ linear = \"0.1 1/Gyr\" }`, `{ exponential = \"3 Gyr\" }` or `{ times, values }`: strength that changes |",
        "| `file` | of a fitted kind: the path of what was fitted |",
    ] {
        let _ = writeln!(page, "{line}");
    }
    page.push_str("\n## Kinds\n");
    for kind in potential::kinds() {
        let symmetry = match (kind.spherical, kind.axisymmetric) {
            (true, _) => "spherical",
            (false, true) => "axisymmetric",
            (false, false) => "without symmetry",
        };
        let (first, rest) = kind.description.split_at(1);
        let _ = write!(page, "\n### {}\n\n{}{rest}; {symmetry}.\n\n", kind.name, first.to_uppercase());
        let _ = write!(page, "| parameter | unit | default | allowed | what it is |\n|---|---|---|---|---|\n");
        for p in kind.parameters {
            let default = p.default.map_or(String::new(), |d| d.to_string());
            let _ = writeln!(page, "| `{}` | {} | {default} | {} | {} |", p.name, p.unit, p.allowed.text(), p.description);
        }
        let _ = write!(page, "\n- Source: {}\n- Elsewhere: {}\n", kind.source, kind.peers);
    }
    page
}

fn pipelines_page() -> String {
    let mut page =
        format!("# Pipelines\n\n{GENERATED}The [guide](../guides/pipelines.md) shows how the parts fit together.\n\n## The file\n\n");
    for line in [
        "| table | keys |",
        "|---|---|",
        "| `[pipeline]` | `name`, `description`, `out`: the folder of products, by default that of the file with the ending `out` |",
        "| `[inputs]` | `NAME = \"path or pattern\"`, or a list of them, relative to the file |",
        "| `[[step]]` | `name`, `kind`, `needs`, and the parameters of the kind |",
        "| `[[check]]` | `name`, `sql`: a step of kind `check` |",
    ] {
        let _ = writeln!(page, "{line}");
    }
    for kind in spolia::pipeline::kinds() {
        let _ = write!(
            page,
            "\n## {}\n\n{}\n\n| parameter | holds | default | meaning |\n|---|---|---|---|\n",
            kind.name(),
            sentence(kind.description())
        );
        for p in kind.parameters() {
            let default = match (p.required, p.default) {
                (true, _) => "required".to_string(),
                (false, Some(text)) => format!("`{text}`"),
                (false, None) => String::new(),
            };
            let _ = writeln!(page, "| `{}` | {} | {default} | {} |", p.name, shape(p.shape), p.description.replace('|', "\\|"));
        }
    }
    page
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn shape(shape: Shape) -> String {
    match shape {
        Shape::Text => "text".into(),
        Shape::Word(words) => words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(" or "),
        Shape::Count => "whole number".into(),
        Shape::Quantity(unit) => format!("number, or quantity in {unit}"),
        Shape::Flag => "true or false".into(),
        Shape::Texts => "list of texts".into(),
        Shape::Span => "two numbers".into(),
    }
}

#[test]
fn generated_pages_equal_the_code() {
    let mut stale = Vec::new();
    for (path, page) in pages() {
        let file = root().join(path);
        if std::env::var_os("SPOLIA_BLESS").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &page).unwrap();
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != page {
            stale.push(path);
        }
    }
    assert!(stale.is_empty(), "out of date: {}; run this test with SPOLIA_BLESS=1 and look at the difference", stale.join(", "));
}

#[test]
fn the_reference_of_errors_names_every_exit_code() {
    let known: BTreeSet<u8> = EXIT_CODES.iter().map(|(code, _)| *code).collect();
    assert!(ErrorKind::ALL.iter().all(|k| known.contains(&k.exit_code())));
}

#[test]
fn the_readme_is_short_and_its_first_commands_are_those_of_ci() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= README_LINES, "{} lines", readme.lines().count());
    let ci = read(".ci/run");
    let calls: Vec<&str> = ci.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    for command in FIRST_COMMANDS {
        assert!(blocks(&readme).iter().any(|b| b.language == "sh" && b.text.lines().any(|l| l == command)), "README lacks `{command}`");
        assert!(calls.contains(&command), ".ci/run does not call `{command}`");
    }
    assert_eq!(calls.last(), Some(&FIRST_COMMANDS[1]), "the tests come last, so that the output closes on their summary");
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut broken = Vec::new();
    let mut checked = 0;
    for path in markdown() {
        let text = read(&path);
        let folder = Path::new(&path).parent().unwrap();
        for target in links(&text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            checked += 1;
            let (file, heading) = target.split_once('#').map_or((target.as_str(), None), |(f, h)| (f, Some(h)));
            let file = if file.is_empty() { PathBuf::from(&path) } else { folder.join(file) };
            if !root().join(&file).exists() {
                broken.push(format!("{path}: {target}"));
            } else if let Some(heading) = heading.filter(|_| file.extension().is_some_and(|e| e == "md")) {
                let there = std::fs::read_to_string(root().join(&file)).unwrap();
                if !there.lines().filter(|l| l.starts_with('#')).any(|l| anchor(l) == heading) {
                    broken.push(format!("{path}: no heading for {target}"));
                }
            }
        }
    }
    println!("{checked} links in {} pages", markdown().len());
    assert!(checked > 20);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn markdown() -> Vec<String> {
    files("", "md")
}

fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Targets of `[text](target)` outside of code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            found.extend(rest.split_once(')').map(|(target, _)| target.to_string()));
        }
    }
    found
}

struct Block {
    language: String,
    ignored: bool,
    text: String,
}

/// Fenced blocks of a page.
fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(info) = line.strip_prefix("```") {
            if !open {
                let mut words = info.split_whitespace();
                let language = words.next().unwrap_or_default().to_string();
                found.push(Block { language, ignored: words.any(|w| w == "ignore"), text: String::new() });
            }
            open = !open;
        } else if open && let Some(block) = found.last_mut() {
            block.text.push_str(line);
            block.text.push('\n');
        }
    }
    found
}

#[test]
fn one_sentence_a_line() {
    let mut long = Vec::new();
    // The text of functions is written for the terminal too, and journals have short names.
    let free = ["docs/reference/functions.md", "docs/reference/potentials.md"];
    for path in markdown().into_iter().filter(|p| !free.contains(&p.as_str())) {
        let mut in_code = false;
        for (number, line) in read(&path).lines().enumerate() {
            if line.trim_start().starts_with("```") {
                in_code = !in_code;
            }
            // A capital after a full stop and a blank begins a second sentence; abbreviated names and tables are no prose.
            let prose = !in_code && !line.starts_with(['|', '#', '<', ' ']);
            let second = line.match_indices(". ").any(|(at, _)| {
                let before = line[..at].split([' ', '(']).next_back().unwrap_or_default();
                before.chars().count() > 3 && line[at + 2..].starts_with(|c: char| c.is_uppercase())
            });
            if prose && second {
                long.push(format!("{path}:{}", number + 1));
            }
        }
    }
    assert!(long.is_empty(), "two sentences on one line: {}", long.join(", "));
}

/// A folder laid out as `spolia demo` leaves it, with a galaxy that takes no minute to make.
static DEMO: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = shared_folder("docs");
    let demo = folder.join("spolia-demo");
    let snapshots = super::galaxy::write(&demo.join("simulation"));
    let dataset = demo.join("galaxy.spolia");
    ingest(&snapshots, &dataset, &IngestOptions::default(), &Silent).unwrap();
    let session = Session::new(SessionOptions::default()).unwrap();
    session.attach(&dataset).unwrap();
    session.query("CREATE FRAME disc AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM stars").unwrap();
    for name in ["queries", "pipelines"] {
        let target = folder.join(name);
        std::fs::create_dir(&target).unwrap();
        for ending in ["sql", "toml"] {
            for file in files(name, ending) {
                std::fs::copy(root().join(&file), folder.join(&file)).unwrap();
            }
        }
    }
    folder
});

#[test]
fn every_query_in_the_documentation_runs() {
    let open = || {
        let session = Session::new(SessionOptions::default()).unwrap();
        session.attach(&DEMO.join("spolia-demo/galaxy.spolia")).unwrap();
        session
    };
    let mut failures = Vec::new();
    let mut runs = 0;
    for path in markdown().into_iter().filter(|p| p != "docs/reference/functions.md") {
        // A page is read from the top: its settings and views hold until its end.
        let session = open();
        for block in blocks(&read(&path)).iter().filter(|b| b.language == "sql" && !b.ignored) {
            runs += 1;
            if let Err(error) = session.query(&block.text) {
                failures.push(format!("{path}:\n{}\n{error}", block.text));
            }
        }
    }
    let session = open();
    for path in files("queries", "sql") {
        runs += 1;
        let text = read(&path);
        assert!(text.starts_with("-- ") && text.lines().next().unwrap().contains('?'), "{path} does not open with its question");
        match session.query(&text) {
            Ok(answer) => assert!(!answer.schema.fields().is_empty(), "{path}"),
            Err(error) => failures.push(format!("{path}:\n{error}")),
        }
    }
    println!("{runs} queries");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_command_in_the_documentation_runs() {
    let mut failures = Vec::new();
    let mut runs = 0;
    for path in markdown() {
        for block in blocks(&read(&path)).iter().filter(|b| b.language == "sh" && !b.ignored) {
            for line in block.text.replace("\\\n", " ").lines().map(str::trim).filter(|l| l.starts_with("spolia ") && *l != "spolia demo") {
                runs += 1;
                let program = env!("CARGO_BIN_EXE_spolia");
                let line = format!("{program} {}", &line["spolia ".len()..]).replace("| spolia ", &format!("| {program} "));
                let out = Command::new("sh").args(["-c", &line]).current_dir(&*DEMO).output().unwrap();
                if !out.status.success() {
                    failures.push(format!("{path}: {line}\n{}", String::from_utf8_lossy(&out.stderr)));
                }
            }
        }
    }
    println!("{runs} commands");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_pipeline_in_the_documentation_runs() {
    let mut runs = 0;
    for path in markdown() {
        for block in blocks(&read(&path)).iter().filter(|b| b.language == "toml" && !b.ignored && b.text.contains("[[step]]")) {
            runs += 1;
            let name = format!("documented{runs}.toml");
            std::fs::write(DEMO.join(&name), &block.text).unwrap();
            let out = Command::new(env!("CARGO_BIN_EXE_spolia")).args(["run", &name]).current_dir(&*DEMO).output().unwrap();
            let (said, failed) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
            assert!(out.status.success(), "{path}\n{said}{failed}");
        }
    }
    assert!(runs > 0);
}

#[test]
fn examples_are_printed_in_the_documentation_and_run() {
    let examples = files("examples", "rs");
    assert!(examples.len() >= 2);
    let printed: String = markdown().iter().map(|p| read(p)).collect();
    let folder = Path::new(env!("CARGO_BIN_EXE_spolia")).parent().unwrap().join("examples");
    let arguments = [("header", vec!["spolia-demo/simulation/demo.01024"]), ("query", vec!["spolia-demo/galaxy.spolia"])];
    for example in examples {
        let text = read(&example);
        assert!(printed.contains(text.trim_end()), "{example} is not printed in the documentation word for word");
        let name = Path::new(&example).file_stem().unwrap().to_string_lossy().into_owned();
        let given = arguments.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no arguments for {example}"));
        let program = folder.join(&name);
        if !program.exists() {
            println!("skipped: {name} is built by `cargo test` without a filter of targets");
            continue;
        }
        let out = Command::new(program).args(&given.1).current_dir(&*DEMO).output().unwrap();
        assert!(out.status.success() && !out.stdout.is_empty(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
    }
}
