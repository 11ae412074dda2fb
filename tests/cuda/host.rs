//! The very sources of the kernels, run on the processor beside the path in Rust.

use spolia::orbits::batch::{Orbits, adaptive_orbits, orbits};
use spolia::orbits::device::source::Kernel;
use spolia::orbits::device::{Precision, Steps};
use spolia::orbits::field::Gravity;
use spolia::orbits::integrate::{Adaptive, Judgement, Method, Status, Tolerance};
use spolia::orbits::potential::Potential;

use crate::host_program::{Followed, Program, compiler};
use crate::samples::{all_kinds, errors, exact, kinds, mixed_error, moving, near, parameters, points, roomy, stars, view};

/// Relative error allowed where the order of operations is the same.
const SAME: f64 = 1e-12;

#[test]
fn every_profile_is_that_of_the_processor() {
    let Some(compiler) = compiler() else { return };
    let points = points();
    let program = Program::new(compiler, &all_kinds("nfw", &[1e10, 3.0]), Kernel::Evaluate, Precision::Double);
    for kind in kinds() {
        let (mut worst, mut same, mut all) = ((0.0f64, 0.0f64), 0, 0);
        for own in parameters(kind.name) {
            let potential = all_kinds(kind.name, &own);
            let (found, exact) = (program.evaluate(&potential, &points, 0.0), exact(&potential, &points, 0.0));
            let off = errors(&found, &exact, &points);
            worst = (worst.0.max(off.0), worst.1.max(off.1));
            let pairs = found.iter().flatten().zip(exact.iter().flatten());
            same += pairs.clone().filter(|(a, b)| a.to_bits() == b.to_bits()).count();
            all += pairs.count();
        }
        println!("{:<30} potential {:.1e} acceleration {:.1e}, same bits {same} of {all}", kind.name, worst.0, worst.1);
        assert!(worst.0 < SAME && worst.1 < SAME, "{}: {worst:?}", kind.name);
    }
}

#[test]
fn places_that_move_turn_and_grow_are_those_of_the_processor() {
    let Some(compiler) = compiler() else { return };
    for (name, potential) in [("moving", moving()), ("mw_lmc", Potential::named("mw_lmc").unwrap())] {
        let program = Program::new(compiler, &potential, Kernel::Evaluate, Precision::Double);
        for time in [-9.0, -1.1, 0.0, 0.37, 1.6, 7.0] {
            let off = errors(&program.evaluate(&potential, &points(), time), &exact(&potential, &points(), time), &points());
            println!("{name} at {time}: {off:?}");
            assert!(off.0 < SAME && off.1 < SAME, "{name} at {time}: {off:?}");
        }
    }
}

/// Greatest difference of positions [kpc] and velocities [km/s], over the size of the greatest of each column, and equal bits.
fn compare(found: &Followed, exact: &Orbits) -> (f64, bool) {
    let (mut worst, mut same) = (0.0f64, true);
    for (found, exact) in found.columns.iter().zip(&exact.columns) {
        let size = exact.iter().filter(|x| x.is_finite()).fold(0.0f64, |a, b| a.max(b.abs()));
        for (a, b) in found.iter().zip(exact) {
            assert_eq!(a.is_nan(), b.is_nan());
            if !a.is_nan() {
                worst = worst.max((a - b).abs() / size);
                same &= a.to_bits() == b.to_bits();
            }
        }
    }
    (worst, same)
}

#[test]
fn fixed_steps_are_those_of_the_processor() {
    let Some(compiler) = compiler() else { return };
    let mut columns = stars(40);
    columns[1][5] = f64::NAN;
    columns[3][6] = 2000.0;
    let stars = view(&columns);
    let times = [0.0, 1e-5, 0.0777, 0.3, 0.50005, 1.0];
    let models = [("mw2014", Potential::named("mw2014").unwrap()), ("moving", moving())];
    for (name, potential) in &models {
        for method in [Method::Leapfrog, Method::Yoshida4, Method::KahanLi6] {
            let program = Program::new(compiler, potential, Kernel::Symplectic(method), Precision::Double);
            for sign in [1.0, -1.0] {
                let times = times.map(|t| t * sign);
                let judgement = Judgement::default();
                let steps = Steps::Fixed { method, step: 1e-3, judgement };
                let found = program.follow(potential, &stars, &steps, 0.0, &times);
                let exact = roomy(|| orbits(&Gravity::new(potential), &stars, method, 0.0, 1e-3, &times, &judgement)).unwrap();
                let (worst, same) = compare(&found, &exact);
                println!("{name} {method:?} {sign}: {worst:.1e} after 1000 steps, same bits: {same}");
                assert!(worst < SAME, "{name} {method:?}: {worst:e}");
                for star in 0..stars.len() {
                    let (first, last) = (found.energies[0][star], found.energies[1][star]);
                    let drift = ((last - first) / first).abs();
                    assert_eq!(judgement.status(found.ends[star] == 0, first, drift), exact.status[star], "{star}");
                    assert!(drift.is_nan() && exact.drift[star].is_nan() || (drift - exact.drift[star]).abs() < SAME, "{star}");
                }
            }
        }
    }
}

#[test]
fn chosen_steps_are_those_of_the_processor() {
    let Some(compiler) = compiler() else { return };
    let mut columns = stars(40);
    columns[1][5] = f64::NAN;
    let stars = view(&columns);
    for (name, potential) in [("mw2014", Potential::named("mw2014").unwrap()), ("moving", moving())] {
        let program = Program::new(compiler, &potential, Kernel::Dop853, Precision::Double);
        let few = Tolerance { most_steps: 40, ..Tolerance::default() };
        for (tolerance, sign) in [(Tolerance::default(), 1.0), (Tolerance::default(), -1.0), (few, 1.0)] {
            let times = [0.0, 1e-5, 0.0777, 0.0778, 0.3, 1.5].map(|t| t * sign);
            let steps = Steps::Chosen { method: Adaptive::Dop853, tolerance };
            let found = program.follow(&potential, &stars, &steps, 0.0, &times);
            let follow = || adaptive_orbits(&Gravity::new(&potential), &stars, Adaptive::Dop853, 0.0, &times, &tolerance);
            let exact = roomy(follow).unwrap();
            let (worst, same) = compare(&found, &exact);
            println!("{name} DOP853 {sign}, {} steps at most: {worst:.1e}, same bits: {same}", tolerance.most_steps);
            // The pattern's sine may differ in its last bit between libraries, and steps follow the error estimate.
            assert!(worst < 100.0 * SAME, "{name}: {worst:e}");
            for star in 0..stars.len() {
                let ends = [Status::Complete, Status::NotFinite, Status::TooManySteps];
                let (end, status) = (ends[usize::from(found.ends[star])], exact.status[star]);
                assert!(
                    end == status || end == Status::Complete && matches!(status, Status::Unbound | Status::Drift),
                    "{star}: {end:?} {status:?}"
                );
            }
        }
    }
}

/// What docs/methods/orbits_on_gpu.md says of the mixed mode.
#[test]
fn forces_in_single_precision_have_the_stated_errors() {
    let Some(compiler) = compiler() else { return };
    let points = near(points());
    let program = Program::new(compiler, &all_kinds("nfw", &[1e10, 3.0]), Kernel::Evaluate, Precision::Mixed);
    for kind in kinds() {
        let mut worst = (0.0f64, 0.0f64);
        for own in parameters(kind.name) {
            let potential = all_kinds(kind.name, &own);
            let off = errors(&program.evaluate(&potential, &points, 0.0), &exact(&potential, &points, 0.0), &points);
            worst = (worst.0.max(off.0), worst.1.max(off.1));
        }
        println!("{:<30} potential {:.1e} acceleration {:.1e}", kind.name, worst.0, worst.1);
        let allowed = mixed_error(kind.name);
        assert!(worst.0 < allowed && worst.1 < allowed, "{}: {worst:?}", kind.name);
    }
    let columns = stars(64);
    let (stars, potential) = (view(&columns), Potential::named("mw2014").unwrap());
    for (method, step) in [(Method::Leapfrog, 1e-3), (Method::Yoshida4, 2e-3), (Method::KahanLi6, 4e-3)] {
        let program = Program::new(compiler, &potential, Kernel::Symplectic(method), Precision::Mixed);
        let judgement = Judgement::default();
        let found = program.follow(&potential, &stars, &Steps::Fixed { method, step, judgement }, 0.0, &[1.0, 3.0]);
        let double = |step| orbits(&Gravity::new(&potential), &stars, method, 0.0, step, &[1.0, 3.0], &judgement);
        let (exact, finer) = roomy(|| (double(step).unwrap(), double(0.5 * step).unwrap()));
        // Orbits that the step is too long for are wrong in double as well, and go apart however small a difference is.
        let apart = |row: usize| (0..3).map(|k| (exact.columns[k][row] - finer.columns[k][row]).powi(2)).sum::<f64>().sqrt();
        let good: Vec<usize> = (0..stars.len()).filter(|star| apart(star * 2).max(apart(star * 2 + 1)) < RESOLVED_KPC).collect();
        assert!(2 * good.len() > stars.len());
        for output in 0..2 {
            let off = |k: usize, star: usize| (found.columns[k][star * 2 + output] - exact.columns[k][star * 2 + output]).powi(2);
            let mut off: Vec<f64> = good.iter().map(|star| (0..3).map(|k| off(k, *star)).sum::<f64>().sqrt()).collect();
            off.sort_by(f64::total_cmp);
            let (median, greatest) = (off[off.len() / 2], off[off.len() - 1]);
            println!(
                "{method:?} at {}: {} orbits off by {median:.1e} kpc (median), {greatest:.1e} (greatest)",
                exact.times[output],
                off.len()
            );
            assert!(median < MIXED_MEDIAN_KPC && greatest < MIXED_GREATEST_KPC, "{method:?}: {median:e} {greatest:e}");
        }
        let drift = |k: usize| ((found.energies[1][k] - found.energies[0][k]) / found.energies[0][k]).abs();
        let worst = good.iter().map(|k| (drift(*k) - exact.drift[*k]).abs()).fold(0.0, f64::max);
        println!("{method:?}: energy drift over 3 time units differs by {worst:.1e} at most");
    }
}

/// An orbit is resolved if half the step changes it by less.
const RESOLVED_KPC: f64 = 0.1;
/// Positions after 3 time units (2.9 Gyr), mixed against double, of the resolved ones among 64 stars.
const MIXED_MEDIAN_KPC: f64 = 1e-4;
const MIXED_GREATEST_KPC: f64 = 5e-3;
