//! Derivatives of the columns of orbits: actions, frequencies, extents, by the star's place and by the parameters of the potential.
//!
//! Formula    actions: the quadratures in duals, turning points by the theorem of implicit functions; extents of an integrated orbit:
//!            the derivative of r (or |z|) at the time of the extremum, which does not move it
//! Units      those of the column over kpc, km/s, or the parameter
//! Accuracy   of actions 1e-9; of extents that of the orbit: order 6 in its step (tests)
//! Edge cases NaN where the column is NaN; a focal length is held fixed
//! Cost       actions: one evaluation with 6 derivatives and one for each parameter; extents: three orbits of that kind
//! See also   `forward`, `adjoint`

use super::forward::derivatives;
use crate::error::Result;
use crate::numeric::dual::Dual;
use crate::numeric::real::dot;
use crate::numeric::roots::brent;
use crate::numeric::together::Masked;
use crate::orbits::actions::{Cylindrical, Fudge, Nodes, fudge};
use crate::orbits::field::{Field, Variable};
use crate::orbits::integrate::{Adaptive, Dense, EventKind, Method, Plan, State, Tolerance, events, integrate};
use crate::orbits::potential::Potential;

/// Numbers at the start.
const START: usize = 6;
/// Columns of the actions, in order.
pub const ACTION_COLUMNS: [&str; 11] =
    ["j_r", "l_z", "j_z", "omega_r", "omega_phi", "omega_z", "energy", "r_peri", "r_apo", "eccentricity", "z_max"];
/// Columns of an integrated orbit, in order.
pub const EXTENT_COLUMNS: [&str; 4] = ["r_peri", "r_apo", "z_max", "eccentricity"];

/// Columns and their derivatives.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnGradients<const N: usize> {
    /// Values of the columns.
    pub values: [f64; N],
    /// For each column its derivatives by x, y, z, vx, vy, vz.
    pub by_start: [[f64; START]; N],
    /// For each parameter of the potential, in the order of [`Potential::parameters`], the derivatives of the columns.
    pub by_parameter: Vec<[f64; N]>,
}

/// A field that is called, not inlined: formulas with many derivatives are long.
struct Called<'a, T>(Variable<'a, T>);

impl<T: Masked> Field<T> for Called<'_, T> {
    #[inline(never)]
    fn potential(&self, time: T, p: [T; 3]) -> T {
        self.0.potential(time, p)
    }
    #[inline(never)]
    fn acceleration(&self, time: T, p: [T; 3]) -> [T; 3] {
        self.0.acceleration(time, p)
    }
}

fn action_columns<T: Masked>(field: &impl Field<T>, star: [T; 6], delta: f64, nodes: &Nodes) -> [T; 11] {
    let all: Fudge<T> = fudge(field, &Cylindrical::from_cartesian(star), T::constant(delta), nodes);
    let (j, o) = (all.actions, all.frequencies);
    [
        j.radial,
        j.azimuthal,
        j.vertical,
        o.radial,
        o.azimuthal,
        o.vertical,
        all.energy,
        all.pericentre,
        all.apocentre,
        all.eccentricity,
        all.z_max,
    ]
}

/// [`ACTION_COLUMNS`] by the Staeckel fudge with this focal length \[kpc\], and their derivatives.
pub fn action_gradients(potential: &Potential, star: [f64; 6], delta: f64, nodes: &Nodes) -> ColumnGradients<11> {
    let values = potential.parameters();
    let wide = Called(Variable { model: potential, prepared: potential.prepare::<Dual<f64, START>>() });
    let columns = action_columns(&wide, std::array::from_fn(|i| Dual::variable(star[i], i)), delta, nodes);
    let by_parameter = (0..values.len())
        .map(|which| {
            let parameters: Vec<Dual<f64, 1>> =
                values.iter().enumerate().map(|(i, &v)| if i == which { Dual::variable(v, 0) } else { Dual::fixed(v) }).collect();
            let field = Called(Variable { model: potential, prepared: potential.prepare_with(&parameters) });
            action_columns(&field, star.map(Dual::fixed), delta, nodes).map(|c| c.tangent[0])
        })
        .collect();
    ColumnGradients { values: columns.map(|c| c.value), by_start: columns.map(|c| c.tangent), by_parameter }
}

/// [`EXTENT_COLUMNS`] of the orbit until `time` \[kpc/(km/s)\], and their derivatives, which come from an orbit of order 6 with steps of
/// at most `step`; errors are those of the two integrations.
pub fn extent_gradients(potential: &Potential, star: [f64; 6], time: f64, step: f64, tolerance: &Tolerance) -> Result<ColumnGradients<4>> {
    let plain = Variable { model: potential, prepared: potential.prepare::<f64>() };
    let start = State::from_array(star);
    let size = |state: &State<f64>| dot(state.position, state.position).sqrt();
    // Least and greatest distance and greatest height: value and time.
    let mut best = [(size(&start), 0.0), (size(&start), 0.0), (start.position[2].abs(), 0.0)];
    let mut found = Vec::new();
    let mut look = |dense: &Dense| {
        found.clear();
        events::in_step(dense, &mut found);
        for event in &found {
            let r = size(&event.state);
            match event.kind {
                EventKind::Pericentre if r < best[0].0 => best[0] = (r, event.time),
                EventKind::Apocentre if r > best[1].0 => best[1] = (r, event.time),
                _ => {}
            }
        }
        if let Some(top) = turning_height(dense, best[2].0) {
            best[2] = top;
        }
    };
    integrate(&plain, Adaptive::Dop853, tolerance, 0.0, start, &[time], Some(&mut look))?;
    let parameters = potential.parameters().len();
    let mut all = ColumnGradients { values: [0.0; 4], by_start: [[0.0; START]; 4], by_parameter: vec![[0.0; 4]; parameters] };
    for (column, &(value, at)) in best.iter().enumerate() {
        let plan = Plan::new(0.0, &[at], step, usize::MAX >> 1)?;
        let d = derivatives(potential, Method::KahanLi6, &plan, star);
        let place = [d.end[0], d.end[1], d.end[2]];
        let r = dot(place, place).sqrt();
        // Direction in which the column grows.
        let along = if column < 2 { place.map(|x| x / r) } else { [0.0, 0.0, place[2].signum()] };
        all.values[column] = value;
        all.by_start[column] = std::array::from_fn(|j| (0..3).map(|i| along[i] * d.by_start[i][j]).sum());
        for (row, by) in all.by_parameter.iter_mut().zip(&d.by_parameter) {
            row[column] = dot(along, [by[0], by[1], by[2]]);
        }
    }
    let (near, far) = (all.values[0], all.values[1]);
    all.values[3] = (far - near) / (far + near);
    let eccentricity = |d_near: f64, d_far: f64| 2.0 * (near * d_far - far * d_near) / (far + near).powi(2);
    all.by_start[3] = std::array::from_fn(|j| eccentricity(all.by_start[0][j], all.by_start[1][j]));
    for row in &mut all.by_parameter {
        row[3] = eccentricity(row[0], row[1]);
    }
    Ok(all)
}

/// Greatest |z| within a step where v_z changes its sign, and its time, where it is above `least`.
fn turning_height(dense: &Dense, least: f64) -> Option<(f64, f64)> {
    /// Pieces looked at, as for events.
    const PIECES: usize = 8;
    let mut best = None;
    let mut highest = least;
    let at = |piece: usize| dense.start + dense.step * piece as f64 / PIECES as f64;
    let speed = |time: f64| dense.at(time).velocity[2];
    for piece in 0..PIECES {
        let (from, to) = (at(piece), at(piece + 1));
        if speed(from) * speed(to) < 0.0
            && let Ok(time) = brent(speed, from, to, f64::EPSILON * dense.step.abs())
        {
            let height = dense.at(time).position[2].abs();
            if height > highest {
                highest = height;
                best = Some((height, time));
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::random::Stream;
    use crate::orbits::field::sample::halo_and_disc;
    use crate::orbits::potential::Component;

    /// Derivative at 0 by central differences of order 6.
    fn difference<const N: usize>(function: impl Fn(f64) -> [f64; N], h: f64) -> [f64; N] {
        let [a, b, c, d, e, f] = [1.0, -1.0, 2.0, -2.0, 3.0, -3.0].map(|k| function(k * h));
        std::array::from_fn(|i| (45.0 * (a[i] - b[i]) - 9.0 * (c[i] - d[i]) + (e[i] - f[i])) / (60.0 * h))
    }

    /// The same with other parameters.
    fn with(potential: &Potential, values: &[f64]) -> Potential {
        let mut rest = values;
        let components = potential.components.iter().map(|c| {
            let (own, others) = rest.split_at(c.parameters().len());
            rest = others;
            Component::new(&c.name, c.kind.name, own).unwrap()
        });
        Potential { components: components.collect() }
    }

    #[test]
    fn actions_and_their_frequencies_by_place_and_parameters() {
        let potential = halo_and_disc();
        let values = potential.parameters();
        let nodes = Nodes::new(64, 56, Default::default());
        let mut stream = Stream::new(8, 8, 1);
        let mut worst = 0.0f64;
        for case in 0..6 {
            let turn = if case == 5 { 4.0 } else { 190.0 };
            let star: [f64; 6] = [8.0, 2.0, 1.5, 40.0, turn, 60.0].map(|v| v * (1.0 + 0.15 * stream.normal()));
            let exact = action_gradients(&potential, star, 3.2, &nodes);
            let of = |potential: &Potential, star: [f64; 6]| {
                let field = Called(Variable { model: potential, prepared: potential.prepare::<f64>() });
                action_columns(&field, star, 3.2, &nodes)
            };
            assert_eq!(of(&potential, star), exact.values);
            // Each slope on the scale of its column and of the changed number.
            let mut check = |column: usize, slope: f64, found: f64, number: f64| {
                let scale = (found * number).abs().max(exact.values[column].abs());
                let off = (slope - found).abs() * number.abs() / scale;
                if off > 1e-8 {
                    println!("case {case}, {}: {slope} {found}, {off:e}", ACTION_COLUMNS[column]);
                }
                worst = worst.max(off);
            };
            for j in 0..6 {
                let along = |d: f64| {
                    let mut w = star;
                    w[j] += d;
                    of(&potential, w)
                };
                let slopes = difference(along, 1e-3 * star[j].abs());
                for c in 0..11 {
                    check(c, slopes[c], exact.by_start[c][j], star[j]);
                }
            }
            for which in 0..values.len() {
                let along = |d: f64| {
                    let mut p = values.clone();
                    p[which] += d;
                    of(&with(&potential, &p), star)
                };
                let slopes = difference(along, 1e-3 * values[which]);
                for c in 0..11 {
                    check(c, slopes[c], exact.by_parameter[which][c], values[which]);
                }
            }
        }
        println!("derivatives of actions off differences by {worst:e}");
        assert!(worst < 1e-8, "{worst:e}");
    }

    #[test]
    fn extents_of_an_orbit_by_place_and_parameters() {
        let potential = halo_and_disc();
        let values = potential.parameters();
        let tolerance = Tolerance { relative: 1e-14, position_kpc: 1e-14, velocity_kms: 1e-12, ..Default::default() };
        let mut stream = Stream::new(8, 8, 2);
        let mut worst = 0.0f64;
        for _ in 0..3 {
            let star: [f64; 6] = [8.0, 2.0, 1.5, 60.0, 150.0, 60.0].map(|v| v * (1.0 + 0.1 * stream.normal()));
            let of = |potential: &Potential, star: [f64; 6]| extent_gradients(potential, star, 0.3, 1.0, &tolerance).unwrap().values;
            let exact = extent_gradients(&potential, star, 0.3, 2e-4, &tolerance).unwrap();
            let mut check = |column: usize, slope: f64, found: f64, number: f64| {
                let scale = (found * number).abs().max(exact.values[column].abs());
                let off = (slope - found).abs() * number.abs() / scale;
                if off > 1e-8 {
                    println!("{}: {slope} {found}, {off:e}", EXTENT_COLUMNS[column]);
                }
                worst = worst.max(off);
            };
            for j in 0..6 {
                let along = |d: f64| {
                    let mut w = star;
                    w[j] += d;
                    of(&potential, w)
                };
                let slopes = difference(along, 3e-3 * star[j].abs());
                for c in 0..4 {
                    check(c, slopes[c], exact.by_start[c][j], star[j]);
                }
            }
            for which in 0..values.len() {
                let along = |d: f64| {
                    let mut p = values.clone();
                    p[which] += d;
                    of(&with(&potential, &p), star)
                };
                let slopes = difference(along, 3e-3 * values[which]);
                for c in 0..4 {
                    check(c, slopes[c], exact.by_parameter[which][c], values[which]);
                }
            }
        }
        println!("derivatives of extents off differences by {worst:e}");
        assert!(worst < 1e-8, "{worst:e}");
    }
}
