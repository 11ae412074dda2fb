//! Orbits, actions and gradients of stars in MWPotential2014, beside galpy and gala.
//!
//! Layout     `cargo bench --bench orbits [-- FOLDER]`; SPOLIA_PYTHON names a Python with numpy, galpy and gala;
//!            SPOLIA_ROUNDS turns of each engine (5), SPOLIA_STARS stars (100,000); each turn is a process of its own
//! Formula    leapfrog: 1,000 steps of 0.978 Myr; dop853: the same time at 1e-10; actions: focal length 3.2 kpc, for galpy its default
//!            of ten nodes; summaries: ten circular periods at 1e-10, or by the fudge; share of the peak: operations of a leapfrog, counted by
//!            a number that counts, over those of a loop of fused multiplications and additions
//!            errors of the fudge: against generating functions of order 14 of 1,000 stars
//!            SPOLIA_TASKS=leapfrog,dop853,actions,focal,summary,summary_orbit,gradient,peak,accuracy chooses
//! Units      microseconds a star, wall time of all cores; the check is the mean radius of the ends \[kpc\], or the mean J_R \[kpc km/s\]
//! Edge cases stars without actions are left out of the mean
//! See also   `peers`; benches/README.md for the results

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr, clippy::panic)]

#[path = "peers/counting.rs"]
mod counting;
#[path = "peers/peak.rs"]
mod peak;
mod peers;

use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;
use spolia::numeric::dispatch::{Kernel, fastest};
use spolia::numeric::lanes::{LANES, Lanes};
use spolia::numeric::random::Stream;
use spolia::orbits::actions::{Converged, FocalLength, FocalTable, Nodes, actions, generating};
use spolia::orbits::batch::{Stars, adaptive_orbits, orbits};
use spolia::orbits::extents::summaries;
use spolia::orbits::field::Gravity;
use spolia::orbits::gradient::adjoint::{gradient, gradient_with_parameters};
use spolia::orbits::integrate::{Adaptive, Judgement, Method, Moving, State, Tolerance};
use spolia::orbits::potential::Potential;
use spolia::orbits::summary::summary;

/// Steps of the leapfrog, and the time that they take together \[kpc/(km/s)\].
const STEPS: usize = 1000;
const SPAN: f64 = 1.0;
/// Focal length of the fixed actions \[kpc\].
const FOCAL_KPC: f64 = 3.2;
/// Circular periods of a summary.
const PERIODS: f64 = 10.0;
/// Stars for the engines that take milliseconds for each.
const FEW: usize = 2000;
/// Steps between which memory may not grow.
const GRADIENT_STEPS: [usize; 2] = [1_000, 1_000_000];
/// Range of the table of focal lengths \[kpc\].
const RADII_KPC: [f64; 2] = [0.1, 200.0];
/// Order of the fits that errors are measured against, their own errors in parts of the sum of the actions, and how many.
const FIT_ORDER: usize = 14;
const FIT_ERROR: f64 = 1e-5;
const FITS: usize = 1000;

/// Number from the environment.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Stars of a disc and, every fourth, of a halo: columns x, y, z, vx, vy, vz.
fn made(count: usize) -> [Vec<f64>; 6] {
    let mut stream = Stream::new(7, 2, 1);
    let mut columns: [Vec<f64>; 6] = Default::default();
    for star in 0..count {
        let halo = star % 4 == 0;
        let radius = 2.0 + 18.0 * stream.uniform();
        let (s, c) = (std::f64::consts::TAU * stream.uniform()).sin_cos();
        let (spread, turn, height) = if halo { (90.0, 40.0, 4.0) } else { (30.0, 210.0, 0.3) };
        let z = height * stream.normal();
        let [u, v, w] = std::array::from_fn(|_| spread * stream.normal());
        for (column, value) in columns.iter_mut().zip([radius * c, radius * s, z, u - turn * s, v + turn * c, w]) {
            column.push(value);
        }
    }
    columns
}

/// Columns of a file of little-endian doubles.
fn read(path: &Path) -> [Vec<f64>; 6] {
    let bytes = std::fs::read(path).unwrap();
    let all: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    let count = all.len() / 6;
    std::array::from_fn(|i| all[i * count..(i + 1) * count].to_vec())
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.filter(|v| v.is_finite()).fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
    sum / count
}

/// Times one task and prints the lines of a worker.
fn work(request: &str) {
    let (task, rest) = request.split_once(':').unwrap();
    println!("version {}", env!("CARGO_PKG_VERSION"));
    let model = Potential::named("mw2014").unwrap();
    let field = Gravity::new(&model);
    if let Some(what) = task.strip_prefix("gradient") {
        return follow_back(what, rest.parse().unwrap(), &model, &field);
    }
    let (limit, path) = rest.split_once(':').unwrap();
    let mut columns = read(Path::new(path));
    columns.iter_mut().for_each(|c| c.truncate(limit.parse().unwrap()));
    let stars = Stars::new(std::array::from_fn(|i| columns[i].as_slice())).unwrap();
    let tolerance = Tolerance::default();
    // Threads start and pages arrive before the clock does.
    let warm = Stars::new(std::array::from_fn(|i| &columns[i][..64])).unwrap();
    orbits(&field, &warm, Method::Leapfrog, 0.0, SPAN / STEPS as f64, &[SPAN], &Judgement::default()).unwrap();
    let clock = Instant::now();
    let radius = |c: &[Vec<f64>; 6]| mean((0..stars.len()).map(|i| (c[0][i].powi(2) + c[1][i].powi(2) + c[2][i].powi(2)).sqrt()));
    let check = match task {
        "leapfrog" | "kahan_li6" => {
            let method = Method::parse(task).unwrap();
            radius(&orbits(&field, &stars, method, 0.0, SPAN / STEPS as f64, &[SPAN], &Judgement::default()).unwrap().columns)
        }
        "dop853" => radius(&adaptive_orbits(&field, &stars, Adaptive::Dop853, 0.0, &[SPAN], &tolerance).unwrap().columns),
        "actions" => mean(actions(&field, &stars, &FocalLength::Fixed(FOCAL_KPC), &Nodes::default()).radial.into_iter()),
        "actions_local" => mean(actions(&field, &stars, &FocalLength::Local, &Nodes::default()).radial.into_iter()),
        "actions_table" => {
            let table = FocalLength::Table(FocalTable::new(&field, RADII_KPC[0], RADII_KPC[1]).unwrap());
            mean(actions(&field, &stars, &table, &Nodes::default()).radial.into_iter())
        }
        "summary" => mean(actions(&field, &stars, &FocalLength::Fixed(FOCAL_KPC), &Nodes::default()).apocentre.into_iter()),
        "summary_orbit" => mean(summaries(&field, &stars, PERIODS, &tolerance).unwrap().iter().map(|s| s.apocentre)),
        "summary_one_by_one" => {
            let all: Vec<_> =
                (0..stars.len()).into_par_iter().map(|i| summary(&field, stars.state(i), PERIODS, &tolerance).unwrap()).collect();
            mean(all.iter().map(|s| s.apocentre))
        }
        other => panic!("no task {other}"),
    };
    println!("time {task} {} {check}", clock.elapsed().as_secs_f64() * 1e6 / stars.len() as f64);
    println!("peak {}", peers::peak_mib());
}

struct Eight<'a, 'b>(&'a Gravity<'b>, State<Lanes>, usize, bool);

impl Kernel for Eight<'_, '_> {
    type Answer = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let Eight(field, start, steps, back) = self;
        let (zero, step) = (Lanes([0.0; LANES]), Lanes([SPAN / STEPS as f64; LANES]));
        if back {
            return gradient(field, zero, start, step, steps, |end| *end).by_start.position[0].0[0];
        }
        let mut orbit: Moving<Lanes> = Moving::start(field, zero, start);
        for _ in 0..steps {
            orbit.leap(field, step);
        }
        orbit.state.position[0].0[0]
    }
}

/// One orbit, or eight, forwards or with its gradient: one thread.
fn follow_back(what: &str, steps: usize, model: &Potential, field: &Gravity) {
    let start = [8.0, 1.0, 1.0, 20.0, 200.0, 30.0];
    let (one, step) = (State::from_array(start), SPAN / STEPS as f64);
    let eight = State::from_array(start.map(|v| Lanes(std::array::from_fn(|i| v * (1.0 + 0.01 * i as f64)))));
    let repeats = if steps < GRADIENT_STEPS[1] { 200 } else { 1 };
    let mut best = f64::INFINITY;
    let mut check = 0.0;
    for _ in 0..repeats {
        let clock = Instant::now();
        check = match what {
            "_forward" => {
                let mut orbit: Moving<f64> = Moving::start(field, 0.0, one);
                (0..steps).for_each(|_| orbit.leap(field, step));
                orbit.state.position[0]
            }
            "_back" => gradient(field, 0.0, one, step, steps, |end| *end).by_start.position[0],
            "_parameters" => gradient_with_parameters(model, 0.0, one, step, steps, |end| *end).1[0],
            "_forward_eight" => fastest(Eight(field, eight, steps, false)),
            _ => fastest(Eight(field, eight, steps, true)),
        };
        best = best.min(clock.elapsed().as_secs_f64());
    }
    println!("time gradient{what} {} {check}\npeak {}", best * 1e6, peers::peak_mib());
}

/// Prints a row for each engine, in microseconds.
fn print_rows(title: &str, all: &[peers::Measured], per: f64, unit: &str) {
    println!("\n{title}\n\n| | best, {unit} | median | against the first, best | peak, MiB | check |\n|---|---|---|---|---|---|");
    let first = all.first().and_then(|m| m.best_ms.values().next().copied()).unwrap_or(f64::NAN);
    for engine in all {
        let Some((name, best)) = engine.best_ms.iter().next() else { continue };
        let mut turns = engine.turns_ms[name].clone();
        turns.sort_by(f64::total_cmp);
        let median = turns[turns.len() / 2];
        println!(
            "| {} | {:.3} | {:.3} | {:.2} | {:.0} | {:.9} |",
            engine.name,
            best / per,
            median / per,
            best / first,
            engine.peak_mib,
            engine.check[name]
        );
    }
}

/// Errors of the fudge with each kind of focal length against actions that converge, of stars whose fit does.
fn accuracy(count: usize) {
    let model = Potential::named("mw2014").unwrap();
    let field = Gravity::new(&model);
    let columns = made(count);
    let stars = Stars::new(std::array::from_fn(|i| columns[i].as_slice())).unwrap();
    let clock = Instant::now();
    let exact: Vec<Converged> =
        (0..count).into_par_iter().map(|i| generating(&field, stars.state(i), FIT_ORDER, &Tolerance::default()).unwrap()).collect();
    let seconds = clock.elapsed().as_secs_f64();
    let sum = |i: usize| exact[i].actions.radial + exact[i].actions.vertical + exact[i].actions.azimuthal.abs();
    let known: Vec<usize> = (0..count).filter(|&i| exact[i].error < FIT_ERROR * sum(i)).collect();
    println!(
        "\nErrors of the fudge against a generating function of order {FIT_ORDER}: {} of {count} orbits, whose own error is",
        known.len()
    );
    println!(
        "below {FIT_ERROR:e} of the sum of the actions; {:.1} ms of a core each\n",
        seconds * 1e3 * rayon::current_num_threads() as f64 / count as f64
    );
    println!("| | median | 9 of 10 below | worst |\n|---|---|---|---|");
    let nodes = Nodes::default();
    let table = FocalLength::Table(FocalTable::new(&field, RADII_KPC[0], RADII_KPC[1]).unwrap());
    for (name, focal) in [("fixed, 3.2 kpc", &FocalLength::Fixed(FOCAL_KPC)), ("local", &FocalLength::Local), ("table", &table)] {
        let found = actions(&field, &stars, focal, &nodes);
        let row = |what: &str, error: &dyn Fn(usize) -> f64| {
            let mut all: Vec<f64> = known.iter().map(|&i| error(i)).collect();
            all.sort_by(f64::total_cmp);
            let at = |part: usize| all[(all.len() - 1) * part / 10];
            println!("| {name}: {what} | {:.1e} | {:.1e} | {:.1e} |", at(5), at(9), at(10));
        };
        row("J_R over the sum", &|i| (found.radial[i] - exact[i].actions.radial).abs() / sum(i));
        row("J_z over the sum", &|i| (found.vertical[i] - exact[i].actions.vertical).abs() / sum(i));
        row("frequencies", &|i| {
            let f = exact[i].frequencies;
            let off = |k: usize, exact: f64| (found.frequencies[k][i] / exact - 1.0).abs();
            off(0, f.radial).max(off(1, f.azimuthal)).max(off(2, f.vertical))
        });
    }
}

/// Instructions of the leapfrog beside the greatest speed of one core.
fn share_of_the_peak() {
    let model = Potential::named("mw2014").unwrap();
    let count = counting::leapfrog(&model);
    let columns = made(LANES);
    let stars = Stars::new(std::array::from_fn(|i| columns[i].as_slice())).unwrap();
    let field = Gravity::new(&model);
    let steps = 20_000;
    let run = || {
        let clock = Instant::now();
        std::hint::black_box(fastest(Eight(&field, State::from_array(stars.block(0)), steps, false)));
        clock.elapsed().as_secs_f64() / (steps * LANES) as f64
    };
    let seconds = (0..setting("SPOLIA_ROUNDS", 5)).map(|_| run()).fold(f64::INFINITY, f64::min);
    let rate = count.total() / seconds * 1e-9;
    println!("\nOne leapfrog in mw2014 on one core\n");
    println!("{count}; {:.2} ns a step and star, {rate:.1} GFLOP/s", seconds * 1e9);
    for (name, peak) in peak::peaks() {
        println!("{name}: {peak:.1} GFLOP/s, of which the leapfrog has {:.1} %", 100.0 * rate / peak);
    }
}

fn main() {
    if let Some(request) = peers::worker_input() {
        return work(&request);
    }
    let folder = peers::folder("bench_orbits");
    let (count, rounds) = (setting("SPOLIA_STARS", 100_000), setting("SPOLIA_ROUNDS", 5));
    let file = folder.join("stars.f8");
    let bytes: Vec<u8> = made(count).iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(&file, bytes).unwrap();
    let (file, few) = (file.display().to_string(), FEW.min(count).to_string());
    let only = std::env::var("SPOLIA_TASKS").unwrap_or_default();
    let wanted = |name: &str| only.is_empty() || only.split(',').any(|t| t == name);
    let own = |name: &'static str, task: &str| peers::Worker::own(name, &["--worker", &format!("{task}:{count}:{file}")]);
    let own_few = |name: &'static str, task: &str| peers::Worker::own(name, &["--worker", &format!("{task}:{few}:{file}")]);
    let bounded = |name: &'static str, task: &str, width: &str| {
        let mut worker = own(name, task);
        worker.command.splice(0..0, ["env".to_string(), format!("SPOLIA_SIMD={width}")]);
        worker
    };
    let peer = |name: &'static str, task: &str| peers::Worker::python(name, "orbits.py", &[&file, task, "--tool", name]);
    let peer_few =
        |name: &'static str, task: &str| peers::Worker::python(name, "orbits.py", &[&file, task, "--tool", name, "--stars", &few]);
    let show = |title: &str, task: &str, workers: &[peers::Worker], per: f64, unit: &str| {
        if wanted(task) {
            print_rows(title, &peers::take_turns(workers, rounds), per, unit);
        }
    };
    println!("{count} stars in MWPotential2014, {rounds} turns");
    if wanted("peak") {
        share_of_the_peak();
    }
    if wanted("accuracy") {
        accuracy(FITS.min(count));
    }
    let leapfrog = [
        own("Spolia", "leapfrog"),
        bounded("Spolia, AVX2", "leapfrog", "avx2"),
        bounded("Spolia, portable", "leapfrog", "portable"),
        peer("gala", "leapfrog"),
        peer("galpy", "leapfrog"),
    ];
    show("Leapfrog, 1,000 steps", "leapfrog", &leapfrog, 1e-3 * STEPS as f64, "ns a step and star");
    let own_dop = [own("Spolia", "dop853"), peer_few("gala", "dop853"), peer_few("galpy", "dop853")];
    show("DOP853 over the same time, 1e-10", "dop853", &own_dop, 1.0, "us a star");
    let fudge = [
        own("Spolia", "actions"),
        bounded("Spolia, AVX2", "actions", "avx2"),
        bounded("Spolia, portable", "actions", "portable"),
        peer("galpy", "actions"),
        peer("galpy", "actions_frequencies"),
    ];
    show("Actions, fixed focal length; Spolia with frequencies and extents", "actions", &fudge, 1.0, "us a star");
    let focal = [own("Spolia, local", "actions_local"), own("Spolia, table", "actions_table"), peer("galpy", "actions_frequencies_local")];
    show("Actions, focal length of each star, galpy with frequencies", "focal", &focal, 1.0, "us a star");
    let extents = [own("Spolia", "summary"), peer("galpy", "summary")];
    show("Pericentre, apocentre, z_max, eccentricity by the fudge; Spolia with actions", "summary", &extents, 1.0, "us a star");
    let orbit = [own("Spolia", "summary_orbit"), own_few("Spolia, one by one", "summary_one_by_one"), peer_few("galpy", "summary_orbit")];
    show("The same by orbits over ten periods", "summary_orbit", &orbit, 1.0, "us a star");
    for steps in GRADIENT_STEPS {
        let rows = [
            ("forwards", "gradient_forward"),
            ("gradient by the start", "gradient_back"),
            ("with 8 parameters", "gradient_parameters"),
            ("eight forwards", "gradient_forward_eight"),
            ("eight gradients", "gradient_back_eight"),
        ];
        let workers = rows.map(|(name, task)| peers::Worker::own(name, &["--worker", &format!("{task}:{steps}")]));
        show(&format!("Gradient through {steps} leapfrogs, one thread"), "gradient", &workers, 1e-3 * steps as f64, "ns a step");
    }
}
