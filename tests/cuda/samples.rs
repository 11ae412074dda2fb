//! Potentials, points and stars that all checks share.

use spolia::numeric::random::Stream;
use spolia::orbits::batch::Stars;
use spolia::orbits::device::structure::has_kernel;
use spolia::orbits::potential::{self, Amplitude, Component, Kind, Placement, Potential, Track};

/// Kinds that a GPU has.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    potential::kinds().iter().copied().filter(|kind| has_kernel(kind.name))
}

/// Parameters of each kind, some sets of them.
pub fn parameters(kind: &str) -> Vec<Vec<f64>> {
    match kind {
        "point_mass" => vec![vec![4e6], vec![1e11]],
        "power_law_cutoff" => vec![vec![4.5e9, 1.8, 1.9], vec![1e10, 2.0, 3.0], vec![1e10, 1.5, 12.0], vec![1e10, -1.0, 4.0]],
        "triaxial_nfw" => vec![vec![4e11, 16.0, 0.9, 0.8], vec![1e12, 20.0, 1.3, 0.6]],
        "logarithmic" => vec![vec![220.0, 0.9, 0.0], vec![180.0, 1.2, 0.3]],
        "einasto" => vec![vec![1e12, 20.0, 0.17], vec![1e11, 5.0, 0.5], vec![1e11, 8.0, 1.0]],
        "miyamoto_nagai" => vec![vec![6.8e10, 3.0, 0.28], vec![1e10, 0.0, 1.0]],
        "kuzmin_kutuzov" => vec![vec![1e11, 5.0, 1.0], vec![1e11, 1.0, 2.0]],
        "mn3_exponential" | "mn3_sech2" | "mn3_exponential_unrestricted" | "mn3_sech2_unrestricted" => {
            vec![vec![5e10, 3.0, 0.3], vec![1e10, 2.5, 1.0]]
        }
        "uniform_field" => vec![vec![3.0, -2.0, 0.5]],
        "long_murali_bar" => vec![vec![1e10, 3.5, 0.6, 0.4], vec![1e10, 2.0, 0.0, 1.0]],
        "spiral_arms" | "spiral_arms_sinusoidal" => {
            vec![vec![3e7, 2.0, 0.2, 8.0, 7.0, 0.3, 0.4], vec![3e7, 4.0, 0.4, 8.0, 5.0, 0.5, 0.0]]
        }
        "dehnen_bar" => vec![vec![300.0, 4.0], vec![900.0, 3.3]],
        _ => vec![vec![1e10, 3.0], vec![1e12, 20.0], vec![1e8, 0.1]],
    }
}

/// One component of every kind, all of strength 0 but `chosen`, so that one program computes any of them alone.
pub fn all_kinds(chosen: &str, chosen_parameters: &[f64]) -> Potential {
    let component = |name: &'static str| {
        let (own, strength) = if name == chosen { (chosen_parameters.to_vec(), 1.0) } else { (parameters(name)[0].clone(), 0.0) };
        let placement = Placement { amplitude: Amplitude::Constant(strength), ..Placement::default() };
        Component::new(name, name, &own).unwrap().placed(placement).unwrap()
    };
    Potential { components: kinds().map(|kind| component(kind.name)).collect() }
}

/// A disc and a bar that is moved, turned, spun and grows, under a constant, a linear and a tabulated strength.
pub fn moving() -> Potential {
    let times: Vec<f64> = (0..9).map(|i| f64::from(i) * 0.4 - 1.6).collect();
    let curve = |hold: bool, f: &dyn Fn(f64) -> f64| Track::new(times.clone(), times.iter().map(|t| f(*t)).collect(), None, hold).unwrap();
    let (s, c) = 0.7f64.sin_cos();
    let lmc = Placement {
        centre_kpc: [1.0, -2.0, 0.5],
        orientation: Some([[c, 0.0, -s], [0.0, 1.0, 0.0], [s, 0.0, c]]),
        pattern_speed_kms_kpc: 0.8,
        angle_rad: 0.3,
        path: Some([curve(false, &|t| 30.0 * t), curve(false, &|t| t * t), curve(false, &|t| -t)]),
        amplitude: Amplitude::Exponential(5.0),
    };
    let bar = Placement { pattern_speed_kms_kpc: 40.0, angle_rad: 0.4, amplitude: Amplitude::Linear(0.2), ..Placement::default() };
    let halo = Placement { amplitude: Amplitude::Table(curve(true, &|t| 1.0 + 0.1 * t)), ..Placement::default() };
    let place = |name: &str, kind: &str, own: &[f64], placement| Component::new(name, kind, own).unwrap().placed(placement).unwrap();
    Potential {
        components: vec![
            place("lmc", "triaxial_nfw", &[1e11, 8.0, 0.8, 0.6], lmc),
            place("bar", "long_murali_bar", &[1e10, 3.5, 0.6, 0.4], bar),
            place("halo", "nfw", &[4e11, 16.0], halo),
            place("disc", "miyamoto_nagai", &[6.8e10, 3.0, 0.28], Placement::default()),
        ],
    }
}

/// Points in all directions from near the centre to far out, as columns.
pub fn points() -> [Vec<f64>; 3] {
    let mut stream = Stream::new(5, 1, 2);
    let mut columns: [Vec<f64>; 3] = Default::default();
    let random = (0..300).map(|_| {
        let r = 10f64.powf(stream.uniform() * 4.5 - 2.0);
        stream.direction().map(|x| x * r)
    });
    let special = [[8.0, 0.0, 1e-6], [0.0, 0.0, 5.0], [1e-9, 0.0, 3.1], [0.0, 7.0, 1e-9], [1e-3, 2e-3, -1e-3], [6.0, 1.0, 0.0]];
    for p in random.chain(special) {
        for (column, x) in columns.iter_mut().zip(p) {
            column.push(x);
        }
    }
    columns
}

/// Stars of a disc and a halo, as columns.
pub fn stars(count: usize) -> [Vec<f64>; 6] {
    let mut stream = Stream::new(7, 2, 1);
    let mut columns: [Vec<f64>; 6] = Default::default();
    for star in 0..count {
        let radius = 2.0 + 18.0 * stream.uniform();
        let (s, c) = (std::f64::consts::TAU * stream.uniform()).sin_cos();
        let (spread, turn) = if star % 4 == 0 { (90.0, 40.0) } else { (30.0, 210.0) };
        let height = if star % 4 == 0 { 4.0 } else { 0.3 } * stream.normal();
        let speed = [spread * stream.normal() - turn * s, spread * stream.normal() + turn * c, spread * stream.normal()];
        for (column, value) in columns.iter_mut().zip([radius * c, radius * s, height, speed[0], speed[1], speed[2]]) {
            column.push(value);
        }
    }
    columns
}

/// Potential and acceleration of the processor's path at points.
pub fn exact(potential: &Potential, points: &[Vec<f64>; 3], time: f64) -> [Vec<f64>; 4] {
    let prepared = potential.prepare::<f64>();
    let mut columns: [Vec<f64>; 4] = Default::default();
    for row in 0..points[0].len() {
        let p = [points[0][row], points[1][row], points[2][row]];
        let a = potential.acceleration(&prepared, time, p);
        for (column, x) in columns.iter_mut().zip([potential.potential(&prepared, time, p), a[0], a[1], a[2]]) {
            column.push(x);
        }
    }
    columns
}

/// Greatest errors of potential, over |Phi| + |a| r, and of acceleration, over |a|, or over a millionth of the greatest |a| where that is
/// more: single precision ends at 1e-45, where spiral arms on the axis do not.
pub fn errors(found: &[Vec<f64>; 4], exact: &[Vec<f64>; 4], points: &[Vec<f64>; 3]) -> (f64, f64) {
    let norm = |f: &dyn Fn(usize) -> f64| (0..3).map(|k| f(k).powi(2)).sum::<f64>().sqrt();
    let (mut potential, mut pull) = (0.0f64, 0.0f64);
    let floor = 1e-6 * (0..exact[0].len()).map(|row| norm(&|k| exact[k + 1][row])).fold(0.0, f64::max);
    for row in 0..exact[0].len() {
        let off = |column: usize| found[column][row] - exact[column][row];
        let (size, r) = (norm(&|k| exact[k + 1][row]), norm(&|k| points[k][row]));
        // Where nothing pulls, nothing may be off.
        let share = |off: f64, size: f64| if off == 0.0 { 0.0 } else { off.abs() / size };
        let errors = [share(off(0), exact[0][row].abs() + size * r), share(norm(&|k| off(k + 1)), size.max(floor))];
        assert!(errors.iter().all(|e| !e.is_nan()), "row {row}: {:?}", found.each_ref().map(|c| c[row]));
        (potential, pull) = (potential.max(errors[0]), pull.max(errors[1]));
    }
    (potential, pull)
}

/// Those within 50 kpc.
pub fn near(points: [Vec<f64>; 3]) -> [Vec<f64>; 3] {
    let inside = |row: usize| (0..3).map(|k| points[k][row].powi(2)).sum::<f64>() < 2500.0;
    let rows: Vec<usize> = (0..points[0].len()).filter(|row| inside(*row)).collect();
    points.each_ref().map(|column| rows.iter().map(|row| column[*row]).collect())
}

/// Error of potentials and accelerations in single precision that docs/methods/orbits_on_gpu.md states, within 50 kpc.
pub fn mixed_error(kind: &str) -> f64 {
    if kind.starts_with("spiral_arms") { 5e-4 } else { 5e-6 }
}

/// Columns as stars.
pub fn view(columns: &[Vec<f64>; 6]) -> Stars<'_> {
    Stars::new(std::array::from_fn(|i| columns[i].as_slice())).unwrap()
}

/// Does something on threads with large stacks: without optimization, loops over eight stars at a time keep every number on the stack.
pub fn roomy<A: Send>(work: impl FnOnce() -> A + Send) -> A {
    rayon::ThreadPoolBuilder::new().stack_size(64 << 20).build().unwrap().install(work)
}
