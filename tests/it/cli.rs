//! The built program as a person meets it: help pages, wrong input, full disks, closed pipes.
//!
//! Layout     `mistakes` is the catalogue of wrong input: each has an exit code, a kind, a place, a cure, and never a panic
//! Edge cases what needs root, another user or `/dev/full` is skipped with a printed line where it cannot be had
//! See also   docs/reference/errors.md, `snapshots/` (INSTA_UPDATE=always rewrites them)

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::{StarRecord, TipsyFile, write_aux_f32, write_aux_i32, write_param, write_snapshot};

use super::tree::shared_folder;

/// Stars of the toy snapshot.
const STARS: usize = 600;
/// Longest short help page [lines].
const SHORT_HELP_LINES: usize = 24;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spolia"));
    for name in ["SPOLIA_THREADS", "SPOLIA_MEMORY", "SPOLIA_DEVICE", "SPOLIA_SEED", "SPOLIA_LOG", "NO_COLOR", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Stars on circles round the z axis, in code units.
fn toy() -> TipsyFile {
    let star = |i: usize| {
        let (angle, radius) = (i as f32 * 2.4, 1e-4 * (1.0 + (i % 97) as f32 / 20.0));
        StarRecord {
            mass: 1e-12,
            x: radius * angle.cos(),
            y: radius * angle.sin(),
            z: 1e-6 * (i % 7) as f32,
            vx: -0.1 * angle.sin(),
            vy: 0.1 * angle.cos(),
            vz: 0.0,
            metals: 0.01,
            tform: 0.1 + 0.2 * (i as f32 / STARS as f32),
            eps: 1e-6,
            phi: -1.0,
        }
    };
    TipsyFile { time: 1.0, gas: Vec::new(), dark: Vec::new(), stars: (0..STARS).map(star).collect() }
}

fn write_toy(folder: &Path, name: &str) {
    let order = ByteOrder::Big;
    write_snapshot(&folder.join(name), &toy(), order).unwrap();
    write_aux_i32(&folder.join(format!("{name}.iord")), &(0..STARS as i32).collect::<Vec<_>>(), order).unwrap();
    for (element, fraction) in [("FeMassFrac", 1e-3), ("OxMassFrac", 5e-3), ("HI", 0.0)] {
        write_aux_f32(&folder.join(format!("{name}.{element}")), &vec![fraction; STARS], order).unwrap();
    }
    let entries =
        [("dKpcUnit", "50000"), ("dMsolUnit", "1.57e16"), ("dHubble0", "2.8944"), ("dOmega0", "0.3"), ("dLambda", "0.7"), ("bComove", "1")];
    let stem = name.split('.').next().unwrap();
    write_param(&folder.join(format!("{stem}.param")), &entries.map(|(k, v)| (k.to_string(), v.to_string()))).unwrap();
}

/// A folder with good and bad inputs, made once.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = shared_folder("cli");
    let at = |name: &str| folder.join(name);
    write_toy(&folder, "toy.00512");
    let good = std::fs::read(at("toy.00512")).unwrap();
    std::fs::write(at("cut.00512"), &good[..good.len() - 1000]).unwrap();
    let mut swapped = good.clone();
    swapped[..8].reverse();
    swapped[8..32].chunks_exact_mut(4).for_each(<[u8]>::reverse);
    std::fs::write(at("swapped.00512"), &swapped).unwrap();
    std::fs::write(at("empty.00512"), b"").unwrap();
    std::fs::write(at("notes.txt"), b"simulation notes: nothing to see here, really nothing at all\n").unwrap();
    std::fs::write(at("packed.00512"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).unwrap();
    std::fs::write(at("wrong.sql"), b"SELECT mass,\n       agee\nFROM stars\n").unwrap();
    std::fs::write(at("odd.toml"), b"[[step]]\nname = \"map\"\nkind = \"figgure\"\n").unwrap();
    for name in ["bare", "two"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    write_toy(&at("two"), "a.00001");
    write_toy(&at("two"), "b.00002");
    for dataset in ["toy.spolia", "rotten.spolia"] {
        let made = program().args(["ingest", "toy.00512", "-q", "-o", dataset]).current_dir(&folder).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    let stored = std::fs::read_dir(at("rotten.spolia/data/stars/snap=00512")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&stored).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].iter_mut().for_each(|b| *b ^= 0x55);
    std::fs::write(&stored, &bytes).unwrap();
    folder
});

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).current_dir(&*FOLDER).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// One wrong call: arguments, exit code, kind, and what the message must contain.
struct Mistake {
    arguments: &'static [&'static str],
    exit: i32,
    kind: &'static str,
    says: &'static [&'static str],
}

const fn mistake(arguments: &'static [&'static str], exit: i32, kind: &'static str, says: &'static [&'static str]) -> Mistake {
    Mistake { arguments, exit, kind, says }
}

/// Errors of the parser of arguments, which have no kind of ours.
const ARGUMENTS: &str = "";

/// Deeper than the parser's limit.
const DEEP: &str = include_str!("deep.sql");

#[rustfmt::skip]
const MISTAKES: &[Mistake] = &[
    // Files and folders
    mistake(&["info", "toy.00513"], 1, "not_found", &["`toy.00513`", "toy.00512"]),
    mistake(&["sql", "toi.spolia", "-c", "SELECT 1"], 1, "not_found", &["toi.spolia", "toy.spolia"]),
    mistake(&["log", "toy.spolja"], 1, "not_found", &["toy.spolja"]),
    mistake(&["log", "toy.00512"], 1, "not_found", &["toy.00512"]),
    mistake(&["info", "bare"], 1, "not_found", &["`bare`"]),
    mistake(&["info", "two"], 2, "usage", &["`two`", "a.00001", "b.00002"]),
    mistake(&["info", "cut.00512"], 3, "damaged", &["byte", "`cut.00512`"]),
    mistake(&["ingest", "cut.00512", "-o", "new.spolia"], 3, "damaged", &["byte", "`cut.00512`"]),
    mistake(&["sql", "swapped.00512", "-c", "SELECT sum(mass) FROM stars"], 3, "damaged", &["`swapped.00512`"]),
    mistake(&["info", "empty.00512"], 3, "damaged", &["empty.00512"]),
    mistake(&["info", "notes.txt"], 1, "unsupported", &["notes.txt"]),
    mistake(&["info", "packed.00512"], 1, "unsupported", &["packed.00512", "gzip"]),
    mistake(&["sql", "rotten.spolia", "-c", "SELECT sum(mass), sum(x), sum(vx), sum(age) FROM stars"], 3, "damaged", &["data/stars/snap=00512"]),
    mistake(&["sql", "toy.spolia", "-f", "nothing.sql"], 1, "not_found", &["nothing.sql"]),
    mistake(&["ingest", "toy.00512"], 2, "usage", &["-o"]),
    mistake(&["ingest", "toy.00512", "--families", "strs", "-o", "new.spolia"], 2, "usage", &["strs", "stars"]),
    mistake(&["ingest", "toy.00512", "--length-unit", "3Msun", "-o", "new.spolia"], 1, "mismatch", &["--length-unit", "Msun", "kpc"]),
    mistake(&["ingest", "toy.00512", "--length-unit", "far", "-o", "new.spolia"], 2, "usage", &["far"]),
    // SQL
    mistake(&["sql", "toy.spolia", "-c", "SELECT masss FROM stars"], 1, "not_found", &["masss", "^", "mass [Msun]"]),
    mistake(&["sql", "toy.spolia", "-f", "wrong.sql"], 1, "not_found", &["line 2", "agee", "^", "age [Gyr]"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT x + vx FROM stars"], 1, "mismatch", &["kpc", "km/s", "^"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT radius(x, y, vz) FROM stars"], 1, "mismatch", &["kpc", "km/s", "^"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT sum(mass FROM stars"], 2, "usage", &["^"]),
    mistake(&["sql", "toy.spolia", "-c", "SELEC mass FROM stars"], 2, "usage", &["^", "SELECT"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT vphi(x, y, vx, vy) FROM stars"], 1, "not_found", &["^", "v_phi"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT mass FROM star"], 1, "not_found", &["^", "stars"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT mass FROM stars@7"], 1, "not_found", &["7", "512"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT x FROM stars@disk"], 1, "not_found", &["disk", "CREATE FRAME"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT 1 / 0"], 1, "domain", &["zero"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT mass FROM stars WHERE mass > 'heavy'"], 1, "domain", &["heavy"]),
    mistake(&["sql", "toy.spolia", "-c", "DELETE FROM stars"], 1, "unsupported", &["rows of a dataset do not change"]),
    mistake(&["sql", "toy.spolia", "-c", DEEP], 4, "limit", &["nested"]),
    mistake(&["sql", "toy.spolia"], 2, "usage", &["-c"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT 1", "-o", "out.xyz"], 2, "usage", &["out.xyz", ".csv"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT 1", "-o", "nowhere/out.csv"], 1, "not_found", &["nowhere"]),
    // Pipelines
    mistake(&["run", "nothing.toml"], 1, "not_found", &["nothing.toml"]),
    mistake(&["run", "odd.toml"], 2, "usage", &["odd.toml", "figgure", "figure", "^"]),
    mistake(&["verify", "rotten.spolia"], 3, "damaged", &["data/stars/snap=00512"]),
    // Options
    mistake(&["sql", "toy.spolia", "-c", "SELECT 1", "--memory", "lots"], 2, "usage", &["lots", "8GB"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT 1", "--device", "abacus"], 2, "usage", &["abacus", "cuda"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT 1", "--format", "xlsx"], 2, "usage", &["xlsx", "csv"]),
    mistake(&["sql", "toy.spolia", "-c", "SELECT 1", "--threads", "many"], 2, ARGUMENTS, &["many", "--threads"]),
    mistake(&["plot", "faceon", "toy.spolia"], 1, "not_found", &["faceon", "face_on"]),
    mistake(&["plot", "face_on", "toy.spolia", "--width", "10Msun"], 1, "mismatch", &["--width", "Msun", "kpc"]),
    mistake(&["plot", "face_on", "toy.spolia", "-o", "map.gif"], 2, "usage", &["map.gif", ".svg"]),
    mistake(&["ingset", "toy.00512"], 2, ARGUMENTS, &["ingset", "ingest"]),
    mistake(&["sql", "--trsut", "toy.spolia"], 2, ARGUMENTS, &["--trsut", "--trust"]),
    mistake(&["cite", "nobody"], 1, "not_found", &["nobody"]),
    mistake(&["completions", "dos"], 2, ARGUMENTS, &["dos", "bash"]),
];

/// Arguments as one would type them, cut where they are long.
fn shown(arguments: &[&str]) -> String {
    let words: Vec<String> = arguments
        .iter()
        .map(|a| {
            if a.len() > 90 {
                format!("\"{}...\"", &a[..30])
            } else if a.contains(' ') {
                format!("\"{a}\"")
            } else {
                (*a).into()
            }
        })
        .collect();
    format!("spolia {}", words.join(" "))
}

/// What is wrong with the answer to one mistake; the text that it printed.
fn judge(mistake: &Mistake) -> (Vec<String>, String) {
    let call = shown(mistake.arguments);
    let mut faults = Vec::new();
    let mut fault = |text: String| faults.push(format!("{call}: {text}"));
    let plain = run(mistake.arguments);
    let message = text(&plain.stderr);
    if plain.status.code() != Some(mistake.exit) {
        fault(format!("exit {:?} instead of {}; it said: {message}", plain.status.code(), mistake.exit));
    }
    if !message.starts_with("error: ") || message.contains("panicked") || message.contains("this is a bug") || !plain.stdout.is_empty() {
        fault(format!("not a plain message on stderr: {message}"));
    }
    for part in mistake.says.iter().filter(|part| !message.contains(**part)) {
        fault(format!("`{part}` is missing in: {message}"));
    }
    // A format that is named takes the place of the file name that is wrong here.
    if mistake.kind != ARGUMENTS && !mistake.arguments.contains(&"--format") && !mistake.arguments.contains(&"out.xyz") {
        let mut arguments = mistake.arguments.to_vec();
        arguments.extend(["--format", "json"]);
        let machine = text(&run(&arguments).stderr);
        match serde_json::from_str::<Value>(machine.lines().last().unwrap_or_default()) {
            Err(error) => fault(format!("--format json gave no JSON ({error}): {machine}")),
            Ok(object) => {
                if object["kind"] != mistake.kind {
                    fault(format!("kind {} instead of {}: {message}", object["kind"], mistake.kind));
                }
                if object["hint"].is_null() && object["expected"].is_null() {
                    fault(format!("no cure (hint or expected): {message}"));
                }
            }
        }
    }
    (faults, format!("$ {call}\n{}exit {}\n", message, plain.status.code().unwrap_or(-1)))
}

/// As root a rename onto a device would replace it by a file, for everybody.
#[test]
fn a_device_named_as_output_stays_a_device() {
    use std::os::unix::fs::FileTypeExt;
    for arguments in [
        ["sql", "-c", "SELECT 1 AS a", "-o", "/dev/null", "--format", "csv"].as_slice(),
        ["sql", "-c", "COPY (SELECT 1 AS a) TO '/dev/null' STORED AS FITS"].as_slice(),
        ["sql", "toy.00512", "-c", "SELECT mass FROM stars", "-o", "/dev/null", "--format", "fits"].as_slice(),
    ] {
        let done = run(arguments);
        assert!(done.status.success(), "{arguments:?}: {}", text(&done.stderr));
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device(), "{arguments:?}");
    }
}

#[test]
fn every_mistake_has_a_code_a_kind_a_place_and_a_cure() {
    let mut faults = Vec::new();
    let mut catalogue = String::new();
    for mistake in MISTAKES {
        let (found, text) = judge(mistake);
        faults.extend(found);
        catalogue.push_str(&text);
        catalogue.push('\n');
    }
    println!("{} mistakes, {} faults", MISTAKES.len(), faults.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("mistakes", catalogue);
    });
}

#[test]
fn no_rows_is_an_answer() {
    let none = run(&["sql", "toy.spolia", "-c", "SELECT x, mass FROM stars WHERE mass < 0", "--format", "csv"]);
    assert_eq!((none.status.code(), text(&none.stdout).as_str()), (Some(0), "x,mass\n"));
    assert!(text(&none.stderr).contains("no row matches"));
    let quiet = run(&["sql", "toy.spolia", "-q", "-c", "SELECT x FROM stars WHERE mass < 0"]);
    assert_eq!((quiet.status.code(), text(&quiet.stderr).as_str()), (Some(0), ""));
}

#[test]
fn standard_input_is_read_where_there_is_no_terminal() {
    let mut command = program();
    command.args(["sql", "toy.spolia", "--format", "csv"]).current_dir(&*FOLDER);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"SELECT count(*) AS n FROM stars;").unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!((out.status.code(), text(&out.stdout)), (Some(0), format!("n\n{STARS}\n")));
}

#[test]
fn a_closed_pipe_is_an_ordinary_end() {
    // A reader that takes one line and leaves, as `head -1` does; the answer is far larger than a pipe holds.
    let sql = "SELECT a.id, b.id AS other, a.x, a.y, a.z FROM stars AS a CROSS JOIN stars AS b";
    let mut child = program()
        .args(["sql", "toy.spolia", "--format", "csv", "-c", sql])
        .current_dir(&*FOLDER)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!((out.status.code(), text(&out.stderr).as_str()), (Some(0), ""), "after {line}");
    assert_eq!(line, "id,other,x,y,z\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_limit() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: no /dev/full");
        return;
    };
    let out = program()
        .args(["sql", "toy.spolia", "--format", "csv", "-c", "SELECT * FROM stars"])
        .current_dir(&*FOLDER)
        .stdout(full)
        .output()
        .unwrap();
    let message = text(&out.stderr);
    assert_eq!(out.status.code(), Some(4), "{message}");
    assert!(message.contains("standard output") && message.contains("the disk is full"), "{message}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_file_system_leaves_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(place.path()).output();
    if !mounted.is_ok_and(|m| m.status.success()) {
        println!("skipped: a file system of 64 kB needs root");
        return;
    }
    let target = place.path().join("out.csv");
    let out = program().args(["sql", "toy.spolia", "-c", "SELECT * FROM stars", "-o"]).arg(&target).current_dir(&*FOLDER).output().unwrap();
    let left: Vec<PathBuf> = std::fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().path()).collect();
    let _ = Command::new("umount").arg(place.path()).status();
    let message = text(&out.stderr);
    assert_eq!(out.status.code(), Some(4), "{message}");
    assert!(message.contains("hint: the disk is full"), "{message}");
    assert!(left.is_empty(), "{left:?}");
}

#[cfg(unix)]
#[test]
fn an_unwritable_folder_is_named() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    /// The user `nobody`.
    const NOBODY: u32 = 65534;
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    std::fs::set_permissions(&*FOLDER, std::fs::Permissions::from_mode(0o755)).unwrap();
    let target = place.path().join("out.csv");
    let mut command = program();
    command.args(["sql", "toy.spolia", "-c", "SELECT x FROM stars", "-o"]).arg(&target).current_dir(&*FOLDER);
    // Root may write anywhere, so the program runs as nobody where it can.
    if std::fs::write(place.path().join("probe"), b"").is_ok() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let out = match command.output() {
        Ok(out) => out,
        Err(error) => {
            println!("skipped: cannot run as another user: {error}");
            return;
        }
    };
    let message = text(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{message}");
    assert!(message.contains("hint: check the permissions") && message.contains("out.csv"), "{message}");
}

#[test]
fn help_is_short_complete_and_shows_examples() {
    let names: Vec<String> = {
        use clap::CommandFactory;
        spolia::cli::Cli::command().get_subcommands().map(|c| c.get_name().to_string()).collect()
    };
    let top = text(&run(&["-h"]).stdout);
    let mut longest = 0;
    for name in &names {
        assert!(top.contains(name.as_str()), "{name} is not on the first page");
        let short = run(&[name, "-h"]);
        assert_eq!(short.status.code(), Some(0));
        let page = text(&short.stdout);
        longest = longest.max(page.lines().count());
        assert!(page.lines().count() <= SHORT_HELP_LINES, "{name} -h has {} lines", page.lines().count());
        assert!(page.contains("Examples:") && page.contains(&format!("spolia {name}")), "{page}");
        let long = text(&run(&[name, "--help"]).stdout);
        assert!(long.len() >= page.len() && long.contains("Common options"), "{long}");
    }
    println!("{} pages; the longest short page has {longest} lines, the first page {}", names.len(), top.lines().count());
    assert!(top.lines().count() <= SHORT_HELP_LINES, "{top}");
    assert_eq!(run(&[]).status.code(), Some(2));
    assert_eq!(text(&run(&["--version"]).stdout), format!("spolia {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_shell_gets_a_completion_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let out = run(&["completions", shell]);
        assert_eq!(out.status.code(), Some(0));
        assert!(text(&out.stdout).contains("ingest"), "{shell}");
    }
}

#[test]
fn errors_have_no_colour_on_a_pipe_and_colour_on_demand() {
    let plain = run(&["info", "toy.00513"]);
    assert!(!plain.stderr.contains(&0x1b));
    let colored = run(&["info", "toy.00513", "--color", "always"]);
    assert!(colored.stderr.contains(&0x1b));
}

#[test]
fn plot_takes_log_and_contours_and_says_which_options_a_figure_ignores() {
    let folder = tempfile::tempdir().unwrap();
    let draw = |name: &str, arguments: &[&str]| {
        let out = folder.path().join(name);
        let out = out.to_str().unwrap();
        let output = run(&[&["plot"], arguments, &["-o", out]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        (std::fs::read(out).unwrap(), text(&output.stderr))
    };
    let (plain, said) = draw("a.svg", &["hist2d", "toy.spolia", "--x", "x", "--y", "y"]);
    assert!(!said.contains("does not look"), "{said}");
    let (linear, _) = draw("b.svg", &["hist2d", "toy.spolia", "--x", "x", "--y", "y", "--log=false"]);
    let (logarithmic, _) = draw("c.svg", &["hist2d", "toy.spolia", "--log", "--x", "x", "--y", "y"]);
    let (lines, _) = draw("d.svg", &["hist2d", "toy.spolia", "--x", "x", "--y", "y", "--contours"]);
    let (none, _) = draw("e.svg", &["hist2d", "toy.spolia", "--x", "x", "--y", "y", "--contours=false"]);
    assert!(linear != logarithmic && lines != none && (plain == linear || plain == logarithmic) && (plain == lines || plain == none));
    let (_, said) = draw("f.svg", &["face_on", "toy.spolia", "--quantity", "rotation", "--contours"]);
    assert!(said.contains("face_on does not look at --quantity") && said.contains("--contours"), "{said}");
}
