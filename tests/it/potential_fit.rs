//! `spolia potential fit`: particles of known models give their forces back; wrong input has its message.
//!
//! Formula    a sphere of Hernquist and a disc of Miyamoto and Nagai, drawn exactly: heights of the disc have the density 1/(z^2 + b^2)^(3/2)
//!            whatever R, and at a height the mass beyond R is a w + s w^3 over A, with s^2 = z^2 + b^2, A = a + s, w = A/sqrt(R^2 + A^2)
//! Accuracy   the force is within the noise of as many particles as are inside: 0.9 times that in the median, 4.2 times at worst
//! See also   tests/peers/fits.py for galpy and gala, `faults` for kills

use std::path::Path;
use std::process::{Command, Output, Stdio};

use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::{DarkRecord, StarRecord, TipsyFile, write_snapshot};
use spolia::numeric::random::Stream;
use spolia::orbits::potential::{Component, Potential};
use spolia::table::potentials;

/// Mass [Msun] and scales [kpc].
const HALO: [f64; 2] = [5e11, 15.0];
const DISC: [f64; 3] = [5e10, 3.0, 0.4];
const COUNT: usize = 20_000;
/// Code unit of mass [Msun]; that of length is 1 kpc.
const MASS_UNIT: f64 = 1e10;
/// A disc of stars moves.
const SPEED: f32 = 1.0;

fn halo(stream: &mut Stream) -> [f64; 3] {
    // M(<r)/M = (r/(r + a))^2; what lies beyond 100 scales is left where 100 scales are.
    let root = stream.uniform().sqrt();
    let radius = (HALO[1] * root / (1.0 - root)).min(100.0 * HALO[1]);
    stream.direction().map(|n| n * radius)
}

fn disc(stream: &mut Stream) -> [f64; 3] {
    let [_, a, b] = DISC;
    let u = 2.0 * stream.uniform() - 1.0;
    let z = b * u / (1.0 - u * u).sqrt();
    let s = z.hypot(b);
    let (beyond, whole) = (1.0 - stream.uniform(), a + s);
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let w = 0.5 * (low + high);
        if (a * w + s * w * w * w) / whole < beyond { low = w } else { high = w }
    }
    let radius = whole * (1.0 / (high * high) - 1.0).max(0.0).sqrt();
    let (sine, cosine) = (std::f64::consts::TAU * stream.uniform()).sin_cos();
    [radius * cosine, radius * sine, z]
}

fn truth() -> Potential {
    let halo = Component::new("halo", "hernquist", &HALO).unwrap();
    Potential { components: vec![halo, Component::new("disc", "miyamoto_nagai", &DISC).unwrap()] }
}

/// A snapshot of both, with masses times `growth`.
fn model(time: f64, growth: f64) -> TipsyFile {
    let mut file = TipsyFile { time, ..Default::default() };
    for i in 0..COUNT as u64 {
        let [x, y, z] = halo(&mut Stream::new(5, 0, i)).map(|p| p as f32);
        let mass = (growth * HALO[0] / MASS_UNIT / COUNT as f64) as f32;
        file.dark.push(DarkRecord { mass, x, y, z, vx: 0.0, vy: 0.0, vz: 0.0, eps: 0.05, phi: -1.0 });
        let [x, y, z] = disc(&mut Stream::new(5, 1, i)).map(|p| p as f32);
        let r = x.hypot(y).max(1e-6);
        let (vx, vy) = (-SPEED * y / r, SPEED * x / r);
        let mass = (growth * DISC[0] / MASS_UNIT / COUNT as f64) as f32;
        file.stars.push(StarRecord { mass, x, y, z, vx, vy, vz: 0.0, metals: 0.01, tform: 0.1, eps: 0.05, phi: -1.0 });
    }
    file
}

fn write(folder: &Path, name: &str, file: &TipsyFile) {
    std::fs::write(folder.join("g.param"), format!("dKpcUnit = 1\ndMsolUnit = {MASS_UNIT}\nbComove = 0\n")).unwrap();
    write_snapshot(&folder.join(name), file, ByteOrder::Big).unwrap();
}

fn spolia(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spolia"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).env_remove("SPOLIA_THREADS").output().unwrap()
}

fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = spolia(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn stderr(folder: &Path, arguments: &[&str]) -> String {
    let output = spolia(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

/// Exit code and message of a command that must fail.
fn failure(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = spolia(folder, arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && !text.contains("panicked"), "{arguments:?}: {text}");
    (output.status.code().unwrap_or(-1), text)
}

fn norm(a: [f64; 3]) -> f64 {
    a.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn a_known_galaxy_is_recovered_within_its_noise() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(at, "g.00001", &model(1.0, 1.0));
    // Degree and order are enough for both; few knots, so that the test is short without optimisation too.
    let arguments = ["potential", "fit", "g.00001", "--frame", "box", "--symmetry", "axisymmetric", "--knots", "16", "--points", "24"];
    let said = stderr(at, &[arguments.as_slice(), &["--threads", "1", "-o", "g.potential"]].concat());
    for part in
        ["dark: 20000 particles, 5.0000e11 Msun, in halo", "stars: 20000 particles", "direct summation at 24 places", "wrote g.potential"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    let fitted = potentials::open(&at.join("g.potential").display().to_string()).unwrap();
    assert_eq!(fitted.components.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["halo", "disc"]);
    assert!(fitted.is_axisymmetric() && fitted.is_static());
    let truth = truth();
    let (found, exact) = (fitted.prepare::<f64>(), truth.prepare::<f64>());
    let mut stream = Stream::new(7, 0, 0);
    let mut ratios = Vec::new();
    for _ in 0..300 {
        let radius = 10f64.powf(0.3 + 1.3 * stream.uniform());
        let n = stream.direction();
        // Half of the points near the plane.
        let flat = if stream.uniform() < 0.5 { 0.1 } else { 1.0 };
        let p = [n[0] * radius, n[1] * radius, n[2] * radius * flat];
        let (a, b) = (fitted.acceleration(&found, 0.0, p), truth.acceleration(&exact, 0.0, p));
        let error = norm([0, 1, 2].map(|i| a[i] - b[i])) / norm(b);
        // Of each part, one over the root of the particles inside, weighted with its share of the force.
        let noise = |part: usize| {
            let one = &truth.components[part];
            let inside = one.mass_within(norm(p)) / one.parameters()[0] * COUNT as f64;
            one.mass_within(norm(p)) / truth.mass_within(norm(p)) / inside.sqrt()
        };
        ratios.push((error / noise(0).hypot(noise(1)), error, p));
    }
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (half, worst) = (ratios[150].0, ratios[299]);
    println!("error over noise: median {half:.2}, worst {worst:?}");
    assert!(half < 1.5 && worst.0 < 5.0, "{half} {worst:?}");
    // The same text for any number of threads.
    stderr(at, &[arguments.as_slice(), &["--threads", "3", "-o", "h.potential"]].concat());
    assert_eq!(std::fs::read(at.join("g.potential")).unwrap(), std::fs::read(at.join("h.potential")).unwrap());
    // What is in it, and its use.
    let shown = stdout(at, &["potential", "show", "g.potential"]);
    for part in ["component halo: multipole, axisymmetric, degree 6", "component disc: cylindrical", "mass within", "10 kpc"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    stderr(at, &["potential", "plot", "g.potential", "-o", "curve.svg"]);
    assert!(std::fs::read_to_string(at.join("curve.svg")).unwrap().contains("halo"));
    let sql = "SELECT potential(CAST(8 AS DOUBLE), 0.0, 0.0, 'g.potential') AS p, \
               orbit(8.0, 0.0, 0.0, 0.0, 180.0, 20.0, 'g.potential')['status'] AS s";
    let answer = stdout(at, &["sql", "-c", sql, "--format", "jsonl"]);
    let row: serde_json::Value = serde_json::from_str(answer.trim()).unwrap();
    let expected = truth.potential(&exact, 0.0, [8.0, 0.0, 0.0]);
    assert!((row["p"].as_f64().unwrap() / expected - 1.0).abs() < 0.02, "{row} {expected}");
    assert_eq!(row["s"], "complete");
}

#[test]
fn snapshots_in_time_are_saved_with_their_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write(at, "g.00001", &model(1.0, 1.0));
    write(at, "g.00002", &model(2.0, 3.0));
    stderr(at, &["ingest", "g.00001", "g.00002", "-o", "g.spolia"]);
    let (code, text) = failure(at, &["potential", "fit", "g.spolia"]);
    assert!(code == 2 && text.contains("no frame `disc`") && text.contains("CREATE FRAME"), "{text}");
    let few = ["--kind", "multipole", "--families", "dark", "--frame", "box", "--degree", "2", "--points", "8"];
    let fit = |more: &[&str]| stderr(at, &[["potential", "fit", "g.spolia"].as_slice(), &few, more].concat());
    let said = fit(&["--snap", "all", "--name", "history"]);
    assert!(said.contains("snapshot 1") && said.contains("snapshot 2") && said.contains("wrote g.spolia#history"), "{said}");
    let said = fit(&[]);
    assert!(!said.contains("snapshot 1 ") && said.contains("1.5000e12 Msun") && said.contains("wrote g.spolia#fit"), "{said}");
    let rows = stdout(at, &["sql", "g.spolia", "-c", "SELECT name, snapshots, particles FROM potentials", "--format", "csv"]);
    assert!(rows.contains("history,2,20000") && rows.contains("fit,1,20000"), "{rows}");
    // Half-way between the snapshots the mass is twice that of the first.
    let series = potentials::open(&at.join("g.spolia#history").display().to_string()).unwrap();
    let start = series.components[0].fitted().unwrap().times()[0];
    let value = |time: f64| series.potential(&series.prepare::<f64>(), time, [20.0, 3.0, 1.0]);
    assert!(start < 0.0 && (value(0.0) / value(start) - 3.0).abs() < 1e-6 && (value(0.5 * start) / value(start) - 2.0).abs() < 1e-6);
    assert!(stdout(at, &["potential", "show", "g.spolia#history"]).contains("2 models from"));
    stderr(at, &["potential", "show", "g.spolia#history", "-o", "copy.potential"]);
    let copy = potentials::open(&at.join("copy.potential").display().to_string()).unwrap();
    assert_eq!(copy.potential(&copy.prepare::<f64>(), 0.0, [20.0, 3.0, 1.0]), value(0.0));
    let sql = "SELECT count(*) AS n, avg(potential(x, y, z, 'g.spolia#fit')) AS p FROM dark@box";
    let row: serde_json::Value = serde_json::from_str(stdout(at, &["sql", "g.spolia", "-c", sql, "--format", "jsonl"]).trim()).unwrap();
    // Hernquist 1990: the energy of a sphere with itself is -G M^2/(6 a), half of the mean potential.
    let expected = -4.300_917_27e-6 * 1.5e12 / (3.0 * HALO[1]);
    assert!((row["p"].as_f64().unwrap() / expected - 1.0).abs() < 0.03, "{row} {expected}");
    stdout(at, &["verify", "g.spolia", "--level", "deep"]);
    // A raw snapshot has a frame made for it.
    let said = stderr(at, &[["potential", "fit", "g.00001", "-o", "raw.potential"].as_slice(), &few[..4], &["--points", "8"]].concat());
    assert!(said.contains("face_on") && said.contains("frame disc"), "{said}");
}

#[test]
fn what_cannot_be_fitted_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut file = model(1.0, 1.0);
    file.dark.truncate(500);
    file.stars.truncate(500);
    for star in file.stars.iter_mut().take(3) {
        star.x = f32::NAN;
    }
    write(at, "g.00001", &file);
    let fit = ["potential", "fit", "g.00001", "--frame", "box", "-o", "g.potential", "--points", "8"];
    let with = |more: &[&str]| {
        let own = if more.contains(&"--points") { &fit[..7] } else { fit.as_slice() };
        failure(at, &[own, more].concat())
    };
    let cases: [(&[&str], i32, &str); 12] = [
        (&["--families", "gas"], 1, "no gas to fit"),
        (&["--families", "strs"], 2, "did you mean `stars`"),
        (&["--where", "mas > 0"], 1, "unknown column mas"),
        (&["--where", "mass < 0", "--families", "dark"], 1, "too few particles"),
        (&["--degree", "99", "--kind", "multipole"], 1, "0 to 32"),
        (&["--order", "13", "--kind", "cylindrical"], 1, "0 to 12"),
        (&["--kind", "spline"], 2, "self_consistent_field"),
        (&["--radius", "3 Msun"], 1, "--radius"),
        (&["--radii", "3kpc,1kpc"], 2, "--radii"),
        (&["--snap", "7"], 1, "there is no snapshot 7"),
        (&["--snap", "last"], 2, "--snap last"),
        (&["--points", "0"], 2, "--points 0"),
    ];
    let mut wrong = Vec::new();
    for (more, code, part) in cases {
        let (found, text) = with(more);
        if !text.contains(part) || found != code {
            wrong.push(format!("{more:?}: exit {found}, expected {code} and `{part}`: {text}"));
        }
        assert!(!at.join("g.potential").exists(), "{more:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (_, text) = failure(at, &["potential", "fit", "g.00001"]);
    assert!(text.contains("-o galaxy.potential"), "{text}");
    // Positions that are not numbers are counted.
    let said = stderr(at, &[fit.as_slice(), &["--kind", "multipole"]].concat());
    assert!(said.contains("stars: 497 particles") && said.contains("3 not finite and left out"), "{said}");
    let few = ["--kind", "self_consistent_field", "--radius", "30kpc", "--degree", "1", "--where", "mass > 0"];
    let said = stderr(at, &[fit.as_slice(), &few].concat());
    assert!(said.contains("where radius <= 30 kpc and mass > 0"), "{said}");
    // A damaged file is told with the place, wherever it was cut or changed.
    let text = std::fs::read_to_string(at.join("g.potential")).unwrap();
    let show = |text: &str| {
        std::fs::write(at.join("bad.potential"), text).unwrap();
        failure(at, &["potential", "show", "bad.potential"])
    };
    for (from, to, part) in [
        ("radial = 10", "radial = 11", "coefficients"),
        ("version = 1", "version = 7", "version"),
        ("coefficients_msun = [", "coefficients_msun = [nan, ", "bad.potential"),
        ("kind = \"self_consistent_field\"\n", "kind = \"multipole\"\n", "another kind"),
        ("skipped", "skiped", "line"),
    ] {
        let (_, told) = show(&text.replacen(from, to, 1));
        assert!(text.contains(from) && told.contains(part) && told.contains("bad.potential"), "{from}: {told}");
    }
    for share in [0.1, 0.5, 0.9, 0.99] {
        let cut = (text.len() as f64 * share) as usize;
        assert!(show(&text[..cut]).1.contains("bad.potential"), "{share}");
    }
    // A snapshot without units has no potential.
    std::fs::remove_file(at.join("g.param")).unwrap();
    let (_, text) = with(&["--kind", "multipole"]);
    assert!(text.contains("kpc") && text.contains(".param"), "{text}");
}
