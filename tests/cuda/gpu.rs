//! The GPU beside the processor, and its speed; where no GPU is, a line says so.

use std::time::Instant;

use cudarc::driver::sys::CUdevice_attribute as Attribute;
use spolia::device::compile::function;
use spolia::device::cuda::context;
use spolia::device::{Device, cuda_report};
use spolia::orbits::batch::{Orbits, Stars};
use spolia::orbits::device::cuda::{evaluate, follow_timed};
use spolia::orbits::device::source::Kernel;
use spolia::orbits::device::structure::Structure;
use spolia::orbits::device::{Precision, Steps, orbits_on, orbits_on_device};
use spolia::orbits::integrate::{Adaptive, Judgement, Method, Status, Tolerance};
use spolia::orbits::potential::Potential;

use crate::samples::{all_kinds, errors, exact, kinds, mixed_error, moving, near, parameters, points, roomy, stars, view};

/// Whether there is a GPU.
fn there() -> bool {
    let found = Device::Cuda.resolve();
    if let Err(error) = &found {
        println!("skipped: {error}");
    }
    found.is_ok()
}

/// Error of a force allowed for fused products.
const ROUNDING: f64 = 1e-11;
/// Error of a position or velocity after 1000 steps, over the greatest of its column.
const AFTER_STEPS: f64 = 1e-7;

#[test]
fn forces_on_a_gpu_are_those_of_the_processor() {
    if !there() {
        return;
    }
    let (all, near) = (points(), near(points()));
    for kind in kinds() {
        for own in parameters(kind.name) {
            let potential = all_kinds(kind.name, &own);
            let structure = Structure::new(&potential).unwrap();
            for (precision, points, allowed) in [(Precision::Double, &all, ROUNDING), (Precision::Mixed, &near, mixed_error(kind.name))] {
                let found = evaluate(precision, &structure, points.each_ref().map(Vec::as_slice), 0.0).unwrap();
                let off = errors(&found, &exact(&potential, points, 0.0), points);
                println!("{:<30} {precision:?}: potential {:.1e} acceleration {:.1e}", kind.name, off.0, off.1);
                assert!(off.0 < allowed && off.1 < allowed, "{} {precision:?}: {off:?}", kind.name);
            }
        }
    }
    for (name, potential) in [("moving", moving()), ("mw_lmc", Potential::named("mw_lmc").unwrap())] {
        let structure = Structure::new(&potential).unwrap();
        for time in [-9.0, -1.1, 0.37, 7.0] {
            let found = evaluate(Precision::Double, &structure, all.each_ref().map(Vec::as_slice), time).unwrap();
            let off = errors(&found, &exact(&potential, &all, time), &all);
            assert!(off.0 < ROUNDING && off.1 < ROUNDING, "{name} at {time}: {off:?}");
        }
    }
}

/// Greatest difference of orbits that are complete in both, over the greatest value of each column.
fn difference(a: &Orbits, b: &Orbits) -> f64 {
    let outputs = a.times.len();
    let mut worst = 0.0f64;
    for (a_column, b_column) in a.columns.iter().zip(&b.columns) {
        let good = |row: usize| a.status[row / outputs] == Status::Complete && b.status[row / outputs] == Status::Complete;
        let rows: Vec<usize> = (0..a_column.len()).filter(|row| good(*row)).collect();
        let size = rows.iter().map(|row| b_column[*row].abs()).fold(0.0, f64::max);
        worst = rows.iter().map(|row| (a_column[*row] - b_column[*row]).abs() / size).fold(worst, f64::max);
    }
    worst
}

#[test]
fn orbits_on_a_gpu_are_those_of_the_processor() {
    if !there() {
        return;
    }
    let mut columns = stars(400);
    columns[1][5] = f64::NAN;
    columns[3][6] = 2000.0;
    let stars = view(&columns);
    for (name, potential) in [("mw2014", Potential::named("mw2014").unwrap()), ("moving", moving())] {
        let fixed = |method| Steps::Fixed { method, step: 1e-3, judgement: Judgement::default() };
        let chosen = Steps::Chosen { method: Adaptive::Dop853, tolerance: Tolerance::default() };
        let all = [Method::Leapfrog, Method::Yoshida4, Method::KahanLi6].map(fixed).into_iter().chain([chosen]);
        for steps in all {
            for sign in [1.0, -1.0] {
                let times = [0.0, 1e-5, 0.0777, 0.3, 0.50005, 1.0].map(|t| t * sign);
                let on = |device| roomy(|| orbits_on(device, Precision::Double, &potential, &stars, &steps, 0.0, &times)).unwrap();
                let (gpu, cpu) = (on(Device::Cuda), on(Device::Cpu));
                let worst = difference(&gpu, &cpu);
                let same = gpu.status.iter().zip(&cpu.status).filter(|(a, b)| a == b).count();
                println!("{name} {steps:?} {sign}: {worst:.1e}, {same} of {} ended alike", stars.len());
                assert!(worst < AFTER_STEPS, "{name} {steps:?}: {worst:e}");
                // A drift at the very limit may fall on either side.
                assert!(same + 2 >= stars.len() && gpu.status[5] == Status::NotFinite, "{name} {steps:?}: {same}");
            }
        }
    }
}

#[test]
fn many_blocks_on_two_streams_are_as_one_by_one() {
    if !there() {
        return;
    }
    const FEW: usize = 1000;
    let few = stars(FEW);
    let many: [Vec<f64>; 6] = few.each_ref().map(|column| column.iter().cycle().take(700_001).copied().collect());
    let potential = Potential::named("mw2014").unwrap();
    let steps = Steps::Fixed { method: Method::Leapfrog, step: 1e-3, judgement: Judgement::default() };
    let times = [0.01, 0.0205, 0.03];
    let go = |stars: &Stars| orbits_on_device(Precision::Double, &potential, stars, &steps, 0.0, &times).unwrap();
    let (one, all) = (go(&view(&few)), go(&view(&many)));
    for star in 0..700_001 {
        assert_eq!((all.status[star], all.drift[star].to_bits()), (one.status[star % FEW], one.drift[star % FEW].to_bits()), "{star}");
        for output in 0..times.len() {
            assert_eq!(all.state(star, output), one.state(star % FEW, output), "{star} {output}");
        }
    }
    assert!(go(&view(&Default::default())).status.is_empty());
}

/// Additions, products, quotients and roots of one leapfrog in mw2014, a logarithm and an exponential by their series: counted by hand.
const OPERATIONS_A_STEP: f64 = 250.0;
/// Fused products that a multiprocessor starts in a cycle, in double precision, by its compute capability; one counts as two operations.
const FUSED_A_CYCLE: [((i32, i32), f64); 4] = [((8, 0), 32.0), ((9, 0), 64.0), ((10, 0), 64.0), ((6, 0), 32.0)];
const OTHER_FUSED_A_CYCLE: f64 = 2.0;

/// The table of benches/README.md.
#[test]
#[ignore = "a timing, not a check"]
fn speed_of_100_000_stars() {
    if !there() {
        return;
    }
    for (name, value) in cuda_report() {
        println!("{name}: {value}");
    }
    let context = context().unwrap();
    let attribute = |which| f64::from(context.attribute(which).unwrap());
    let many = attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    let clock_hz = 1e3 * attribute(Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
    let capability = context.compute_capability().unwrap();
    let fused = FUSED_A_CYCLE.iter().find(|(c, _)| *c == capability).map_or(OTHER_FUSED_A_CYCLE, |(_, fused)| *fused);
    let peak = 2.0 * fused * many * clock_hz;
    println!("f64 peak {:.2} TFLOP/s: {many} multiprocessors, {fused} fused products a cycle, {:.2} GHz", peak / 1e12, clock_hz / 1e9);
    let columns = stars(100_000);
    let (stars, potential) = (view(&columns), Potential::named("mw2014").unwrap());
    let structure = Structure::new(&potential).unwrap();
    let small = stars.len() / 20;
    let part: [Vec<f64>; 6] = columns.each_ref().map(|column| column[..small].to_vec());
    let leapfrog = Steps::Fixed { method: Method::Leapfrog, step: 1e-3, judgement: Judgement::default() };
    let clock = Instant::now();
    roomy(|| orbits_on(Device::Cpu, Precision::Double, &potential, &view(&part), &leapfrog, 0.0, &[1.0])).unwrap();
    println!("processor, all cores, {small} stars x 1000 leapfrogs: {:.3} s, so 20 times that for all", clock.elapsed().as_secs_f64());
    let fixed = |method| Steps::Fixed { method, step: 1e-3, judgement: Judgement::default() };
    let chosen = Steps::Chosen { method: Adaptive::Dop853, tolerance: Tolerance::default() };
    let all = [Method::Leapfrog, Method::Yoshida4, Method::KahanLi6].map(fixed).into_iter().chain([chosen]);
    for steps in all {
        for precision in [Precision::Double, Precision::Mixed] {
            let clock = Instant::now();
            follow_timed(precision, &structure, &stars, &steps, 0.0, &[1.0]).unwrap();
            let first = clock.elapsed().as_secs_f64();
            let mut runs: Vec<(f64, f64)> = (0..9)
                .map(|_| {
                    let clock = Instant::now();
                    let (_, kernel) = follow_timed(precision, &structure, &stars, &steps, 0.0, &[1.0]).unwrap();
                    (kernel, clock.elapsed().as_secs_f64())
                })
                .collect();
            runs.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (kernel, wall) = runs[4];
            let (leaps, entry) = match steps {
                Steps::Fixed { method, .. } => (method.weights().len() as f64, Kernel::Symplectic(method)),
                Steps::Chosen { .. } => (f64::NAN, Kernel::Dop853),
            };
            let registers = function(&entry.source(&structure, precision), entry.entry()).unwrap().num_regs().unwrap();
            let rate = 1e8 * leaps * OPERATIONS_A_STEP / kernel;
            println!(
                "{entry:?} {precision:?}: kernel {:.2} ms, with copies {:.2} ms, first time {:.0} ms, {registers} registers; {:.2} Top/s, {:.0}% of the f64 peak",
                1e3 * kernel,
                1e3 * wall,
                1e3 * first,
                rate / 1e12,
                100.0 * rate / peak
            );
        }
    }
}
