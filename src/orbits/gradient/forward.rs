//! Derivatives of an orbit's end with respect to its start and the parameters of the potential, carried along with the orbit.
//!
//! Formula    the orbit in numbers that carry N derivatives; d(end)/d(time) is the equation of motion itself
//! Units      kpc, km/s; derivatives in the ratios of these
//! Accuracy   that of the orbit: the derivatives are those of the very steps taken
//! Cost       about 1 + N orbits for the start (N = 6), or one more orbit for each parameter
//! See also   `adjoint`, `numeric::dual`

use crate::numeric::dual::Dual;
use crate::numeric::together::Masked;
use crate::orbits::field::{Field, Variable};
use crate::orbits::integrate::{Method, Plan, State, symplectic};
use crate::orbits::potential::Potential;

/// Numbers at the start.
const START: usize = 6;

/// End of an orbit and its derivatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivatives {
    /// The end: x, y, z, vx, vy, vz.
    pub end: [f64; 6],
    /// Row i, column j: derivative of number i of the end by number j of the start.
    pub by_start: [[f64; START]; 6],
    /// For each parameter of the potential, in the order of [`Potential::parameters`], the derivatives of the end.
    pub by_parameter: Vec<[f64; 6]>,
    /// Derivatives of the end by the time of the end: velocity and acceleration.
    pub by_time: [f64; 6],
}

fn last<T: Masked>(field: &impl Field<T>, method: Method, plan: &Plan, start: [T; 6]) -> [T; 6] {
    let mut end = start;
    symplectic::run(field, method, plan, State::from_array(start), |_, orbit| end = orbit.state.to_array());
    end
}

/// Derivatives of the last output of a plan.
pub fn derivatives(potential: &Potential, method: Method, plan: &Plan, start: [f64; 6]) -> Derivatives {
    let values = potential.parameters();
    let wide = Variable { model: potential, prepared: potential.prepare::<Dual<f64, START>>() };
    let mut index = 0;
    let ends = last(
        &wide,
        method,
        plan,
        start.map(|v| {
            index += 1;
            Dual::variable(v, index - 1)
        }),
    );
    let end = ends.map(|v| v.value);
    let by_parameter = (0..values.len())
        .map(|which| {
            let parameters: Vec<Dual<f64, 1>> =
                values.iter().enumerate().map(|(i, &v)| if i == which { Dual::variable(v, 0) } else { Dual::fixed(v) }).collect();
            let field = Variable { model: potential, prepared: potential.prepare_with(&parameters) };
            last(&field, method, plan, start.map(Dual::fixed)).map(|v| v.tangent[0])
        })
        .collect();
    let time = plan.stops.iter().fold(0.0, |_, stop| stop.rest) + plan.start + plan.step * plan.steps() as f64;
    let plain = Variable { model: potential, prepared: potential.prepare::<f64>() };
    let [ax, ay, az] = plain.acceleration(time, [end[0], end[1], end[2]]);
    Derivatives { end, by_start: ends.map(|v| v.tangent), by_parameter, by_time: [end[3], end[4], end[5], ax, ay, az] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::random::Stream;
    use crate::orbits::field::sample::halo_and_disc;

    #[test]
    fn derivatives_agree_with_differences() {
        let potential = halo_and_disc();
        let mut stream = Stream::new(11, 3, 5);
        for method in [Method::Leapfrog, Method::Yoshida4] {
            let plan = Plan::new(0.0, &[0.1234], 1e-3, 1000).unwrap();
            let start: [f64; 6] = [8.0, 1.0, 1.0, 20.0, 200.0, 30.0].map(|v| v * (1.0 + 0.2 * stream.normal()));
            let d = derivatives(&potential, method, &plan, start);
            let field = Variable { model: &potential, prepared: potential.prepare::<f64>() };
            for j in 0..6 {
                // Richardson: (8 [f(h) - f(-h)] - [f(2h) - f(-2h)])/12h.
                let h = 2e-3 * start[j].abs();
                let shifted = |k: f64| {
                    let mut w = start;
                    w[j] += k * h;
                    last(&field, method, &plan, w)
                };
                let (a, b, c, e) = (shifted(1.0), shifted(-1.0), shifted(2.0), shifted(-2.0));
                let size = (0..6).map(|i| d.by_start[i][j].abs()).fold(0.0, f64::max);
                for i in 0..6 {
                    let slope = (8.0 * (a[i] - b[i]) - (c[i] - e[i])) / (12.0 * h);
                    assert!((slope - d.by_start[i][j]).abs() < 1e-6 * size, "{i} {j}: {slope} {}", d.by_start[i][j]);
                }
            }
            let values = potential.parameters();
            for (which, found) in d.by_parameter.iter().enumerate() {
                let h = 1e-3 * values[which];
                let shifted = |k: f64| {
                    let mut p = values.clone();
                    p[which] += k * h;
                    last(&Variable { model: &potential, prepared: potential.prepare_with(&p) }, method, &plan, start)
                };
                let (a, b, c, e) = (shifted(1.0), shifted(-1.0), shifted(2.0), shifted(-2.0));
                let size = found.iter().fold(0.0f64, |s, v| s.max(v.abs()));
                for i in 0..6 {
                    let slope = (8.0 * (a[i] - b[i]) - (c[i] - e[i])) / (12.0 * h);
                    assert!((slope - found[i]).abs() < 1e-7 * size, "{which} {i}: {slope} {}", found[i]);
                }
            }
            // Volume of phase space is kept.
            let mut m = d.by_start;
            let mut determinant = 1.0;
            for i in 0..6 {
                let p = (i..6).max_by(|&a, &b| m[a][i].abs().total_cmp(&m[b][i].abs())).unwrap();
                if p != i {
                    m.swap(i, p);
                    determinant = -determinant;
                }
                determinant *= m[i][i];
                for r in i + 1..6 {
                    let f = m[r][i] / m[i][i];
                    for c in i..6 {
                        m[r][c] -= f * m[i][c];
                    }
                }
            }
            assert!((determinant - 1.0).abs() < 1e-9, "{determinant}");
        }
    }
}
