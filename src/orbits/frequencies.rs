//! Frequencies of an orbit measured from the orbit itself: the strongest lines of its motions, without actions.
//!
//! Formula    lines of f = (u - middle) - i u'/w, c - i c'/w and exp(i phi): the maximum over omega of |sum f W exp(-i omega t)|, next to
//!            the mean rate at which f turns; W = (1 + cos(pi t/T))^2; u and c = cos v in prolate spheroidal coordinates of the local focal
//!            length, in which the two motions mix least
//! Units      kpc, km/s; frequencies km/s/kpc
//! Source     Laskar 1993, Physica D 67, 257 (maximum of the windowed transform); Papaphilippou & Laskar 1996, A&A 307, 427 (the azimuth);
//!            Binney & Spergel 1982, ApJ 252, 308 (frequencies from orbits)
//! Accuracy   1e-6 for regular orbits over 60 periods (tests: against exact ones), 1e-4 where two frequencies are closer than their inverse
//!            number: more periods part them; where resonances trap an orbit, its own frequency
//! Edge cases unbound: NaN; planar orbits have no vertical frequency and circular ones no radial one: NaN; chaotic orbits: that of the
//!            time looked at
//! Cost       one adaptive orbit with 64 outputs a period, up to 4096 for pericentres that are quick, and 200 transforms of these
//! See also   `actions::staeckel` for those of the fudge

use rayon::prelude::*;
use std::f64::consts::{PI, TAU};

use super::actions::{Frequencies, focal};
use super::batch::Stars;
use super::field::Field;
use super::integrate::{Adaptive, State, Status, Tolerance, integrate};
use super::summary::{circular_radius, circular_speed_squared};
use crate::error::Result;
use crate::numeric::dual::Dual;

/// Outputs a period of the circular orbit; the next where these are too few for a pericentre.
const OUTPUTS: [f64; 4] = [64.0, 256.0, 1024.0, 4096.0];
/// Greatest turn of the orbit from one output to the next \[rad\].
const MOST_TURN: f64 = 0.5;
const FEWEST_PERIODS: f64 = 2.0;
/// A motion whose size is below this part of the whole has no frequency.
const STILL: f64 = 1e-7;
/// Distance from the mean rate at which the line is sought, in bins of 2 pi over the time: within the main lobe of the window.
const BINS: f64 = 3.0;
const COARSE: usize = 25;
/// Golden sections of the last bracket: rounding of a maximum.
const SECTIONS: usize = 40;
/// 2/(1 + sqrt(5)).
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Frequencies of one orbit in a static field with an axis, followed over `periods` of the circular orbit of its energy.
pub fn measured_frequencies<F: Field<f64> + Field<Dual<f64, 1>> + ?Sized>(
    field: &F,
    star: State<f64>,
    periods: f64,
    tolerance: &Tolerance,
) -> Result<Frequencies<f64>> {
    tolerance.check()?;
    let nothing = Frequencies { radial: f64::NAN, azimuthal: f64::NAN, vertical: f64::NAN };
    let energy = star.energy(field, 0.0);
    if tolerance.judgement.status(star.is_finite(), energy, 0.0) != Status::Complete {
        return Ok(nothing);
    }
    let radius: f64 = circular_radius(field, energy);
    let span = periods * TAU * radius / circular_speed_squared(field, radius).sqrt();
    if !(span.is_finite() && periods >= FEWEST_PERIODS) {
        return Ok(nothing);
    }
    let [x, y, z] = star.position;
    let delta: f64 = focal::local(field, x.hypot(y).max(STILL * radius), z);
    let (mut motions, mut step) = (Vec::new(), span);
    for outputs in OUTPUTS {
        let count = (periods * outputs).ceil();
        step = span / count;
        let times: Vec<f64> = (0..=count as usize).map(|k| k as f64 * step).collect();
        let path = integrate(field, Adaptive::Dop853, tolerance, 0.0, star, &times, None)?;
        if !matches!(path.status, Status::Complete | Status::Drift) {
            return Ok(nothing);
        }
        motions = path.states.iter().map(|w| Motion::of(w, delta)).collect();
        // Pericentres of eccentric orbits are quick: no output may skip a part of one.
        let quickest = motions.windows(2).fold(0.0f64, |most, pair: &[Motion]| most.max(pair[0].turned(&pair[1])));
        if quickest < MOST_TURN {
            break;
        }
    }
    let line = |values: &dyn Fn(&Motion) -> [f64; 2], whole: f64| {
        let (least, greatest) = motions.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), m| {
            let v = values(m)[0];
            (a.min(v), b.max(v))
        });
        let fastest = motions.iter().fold(0.0f64, |a, m| a.max(values(m)[1].abs()));
        if !(greatest - least > STILL * whole && fastest > 0.0) {
            return f64::NAN;
        }
        let (middle, rate) = (0.5 * (least + greatest), fastest / (0.5 * (greatest - least)));
        let signal: Vec<[f64; 2]> = motions
            .iter()
            .map(|m| {
                let [v, d] = values(m);
                [v - middle, -d / rate]
            })
            .collect();
        strongest(&signal, step)
    };
    let around: Vec<[f64; 2]> = motions.iter().map(|m| m.around).collect();
    Ok(Frequencies { radial: line(&|m| m.radial, 1.0), azimuthal: strongest(&around, step), vertical: line(&|m| m.vertical, 1.0) })
}

/// Frequencies of many stars, on all threads.
pub fn frequencies<F: Field<f64> + Field<Dual<f64, 1>> + ?Sized>(
    field: &F,
    stars: &Stars,
    periods: f64,
    tolerance: &Tolerance,
) -> Result<Vec<Frequencies<f64>>> {
    (0..stars.len()).into_par_iter().map(|star| measured_frequencies(field, stars.state(star), periods, tolerance)).collect()
}

/// u and cos v with their rates, the direction of the azimuth and that from the centre.
struct Motion {
    direction: [f64; 3],
    radial: [f64; 2],
    vertical: [f64; 2],
    around: [f64; 2],
}

impl Motion {
    fn of(w: &State<f64>, delta: f64) -> Motion {
        let ([x, y, z], [vx, vy, v_z]) = (w.position, w.velocity);
        let r = x.hypot(y);
        let v_r = (x * vx + y * vy) / r;
        // sinh^2 u and sin^2 v are roots of a quadratic equation, as in the fudge.
        let (r2, z2) = ((r / delta).powi(2), (z / delta).powi(2));
        let a = r2 + z2 - 1.0;
        let big = 0.5 * ((a * a + 4.0 * r2).sqrt() + a.abs());
        let small = r2 / big;
        let (q2, s2) = if a > 0.0 { (big, small) } else { (small, big.min(1.0)) };
        let (q, s, cosh) = (q2.sqrt(), s2.sqrt(), (1.0 + q2).sqrt());
        let c = z / (delta * cosh);
        let scale = delta * (q2 + s2);
        let (u_rate, v_rate) = ((v_r * cosh * s + v_z * q * c) / scale, (v_r * q * c - v_z * cosh * s) / scale);
        let size = r.hypot(z);
        Motion {
            direction: [x / size, y / size, z / size],
            radial: [q.asinh(), u_rate],
            vertical: [c, -s * v_rate],
            around: [x / r, y / r],
        }
    }
}

impl Motion {
    /// Angle seen from the centre to another output \[rad\], or its chord.
    fn turned(&self, other: &Motion) -> f64 {
        self.direction.iter().zip(other.direction).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }
}

/// Strongest line next to the mean rate of turning of a complex signal.
fn strongest(signal: &[[f64; 2]], step: f64) -> f64 {
    let count = signal.len();
    let mut turned = 0.0;
    for pair in signal.windows(2) {
        let ([a, b], [c, d]) = (pair[0], pair[1]);
        turned += (a * d - b * c).atan2(a * c + b * d);
    }
    let span = (count - 1) as f64 * step;
    let mean = turned / span;
    let windowed: Vec<[f64; 2]> = signal
        .iter()
        .enumerate()
        .map(|(k, [a, b])| {
            let window = (1.0 - (TAU * k as f64 / (count - 1) as f64).cos()).powi(2);
            [a * window, b * window]
        })
        .collect();
    let power = |omega: f64| {
        // The rotation is renewed every so often, so that its rounding does not grow.
        const RENEWED: usize = 256;
        let (turn_sin, turn_cos) = (omega * step).sin_cos();
        let (mut re, mut im) = (0.0, 0.0);
        for (part, values) in windowed.chunks(RENEWED).enumerate() {
            let (mut s, mut c) = (omega * step * (part * RENEWED) as f64).sin_cos();
            for [a, b] in values {
                re += a * c + b * s;
                im += b * c - a * s;
                (s, c) = (s * turn_cos + c * turn_sin, c * turn_cos - s * turn_sin);
            }
        }
        re * re + im * im
    };
    let width = BINS * 2.0 * PI / span;
    let grid = |k: usize| mean + width * (2.0 * k as f64 / (COARSE - 1) as f64 - 1.0);
    let mut best = (0, 0.0);
    for k in 0..COARSE {
        let p = power(grid(k));
        if p > best.1 {
            best = (k, p);
        }
    }
    let (mut low, mut high) = (grid(best.0) - width * 2.0 / (COARSE - 1) as f64, grid(best.0) + width * 2.0 / (COARSE - 1) as f64);
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut pa, mut pb) = (power(a), power(b));
    for _ in 0..SECTIONS {
        if pa > pb {
            (high, b, pb) = (b, a, pa);
            a = high - GOLDEN * (high - low);
            pa = power(a);
        } else {
            (low, a, pa) = (a, b, pb);
            b = low + GOLDEN * (high - low);
            pb = power(b);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::random::Stream;
    use crate::orbits::actions::{Cylindrical, Nodes, SphericalNodes, fudge, spherical};
    use crate::orbits::batch::tests::{some, view};
    use crate::orbits::field::Gravity;
    use crate::orbits::potential::{Component, Potential};

    fn off(found: &Frequencies<f64>, exact: &Frequencies<f64>) -> f64 {
        let part = |a: f64, b: f64| (a / b - 1.0).abs();
        part(found.radial, exact.radial).max(part(found.azimuthal, exact.azimuthal)).max(part(found.vertical, exact.vertical))
    }

    #[test]
    fn orbits_in_a_staeckel_potential_and_in_a_sphere_have_the_frequencies_of_their_actions() {
        let flat = Potential { components: vec![Component::new("galaxy", "kuzmin_kutuzov", &[1e11, 4.0, 1.5]).unwrap()] };
        let round = Potential { components: vec![Component::new("halo", "isochrone", &[1e11, 3.0]).unwrap()] };
        let (flat, round) = (Gravity::new(&flat), Gravity::new(&round));
        let delta = (4.0f64.powi(2) - 1.5f64.powi(2)).sqrt();
        let mut stream = Stream::new(1, 5, 3);
        let mut worst = [0.0f64; 2];
        for _ in 0..6 {
            let w: [f64; 6] = [8.0, 1.0, 1.0, 60.0, 140.0, 50.0].map(|v| v * (1.0 + 0.3 * stream.normal()));
            let star = State::from_array(w);
            let exact = fudge(&flat, &Cylindrical::from_cartesian(w), delta, &Nodes::new(64, 64, Default::default())).frequencies;
            // Lines closer than the inverse number of periods are one line with a slow beat.
            let close = (exact.radial / exact.vertical - 1.0).abs() < 1.0 / 60.0;
            let found = measured_frequencies(&flat, star, if close { 600.0 } else { 60.0 }, &Tolerance::default()).unwrap();
            worst[0] = worst[0].max(off(&found, &exact));
            let exact = spherical::<f64, _>(&round, &star, &SphericalNodes::default(), false).frequencies;
            let found = measured_frequencies(&round, star, 60.0, &Tolerance::default()).unwrap();
            worst[1] = worst[1].max(off(&found, &exact));
        }
        println!("measured frequencies off by {:e} in Kuzmin-Kutuzov, {:e} in the isochrone", worst[0], worst[1]);
        assert!(worst[0] < 1e-6 && worst[1] < 1e-6, "{worst:?}");
    }

    #[test]
    fn orbits_of_the_milky_way_are_near_the_fudge_and_edges_are_documented() {
        let model = Potential::named("mw2014").unwrap();
        let field = Gravity::new(&model);
        let columns = some(40);
        let stars = view(&columns);
        let all = frequencies(&field, &stars, 60.0, &Tolerance::default()).unwrap();
        let mut errors: Vec<f64> = (0..40)
            .map(|i| {
                off(&all[i], &fudge(&field, &Cylindrical::from_cartesian(stars.state(i).to_array()), 3.2, &Nodes::default()).frequencies)
            })
            .collect();
        for (i, e) in errors.iter().enumerate().filter(|e| *e.1 > 0.1) {
            println!("{i} {e} {:?} {:?}", stars.state(i), all[i]);
        }
        errors.sort_by(f64::total_cmp);
        println!("fudge against measured frequencies: median {:e}, worst {:e}", errors[20], errors[39]);
        assert!(errors[20] < 0.02);
        let go = |w: [f64; 6]| measured_frequencies(&field, State::from_array(w), 20.0, &Tolerance::default()).unwrap();
        let planar = go([8.0, 0.0, 0.0, 20.0, 200.0, 0.0]);
        assert!(planar.vertical.is_nan() && planar.radial > 0.0 && planar.azimuthal > 0.0);
        assert!(go([8.0, 0.0, 0.3, 20.0, -200.0, 10.0]).azimuthal < 0.0);
        assert!(go([8.0, 0.0, 0.0, 900.0, 0.0, 0.0]).radial.is_nan() && go([f64::NAN; 6]).azimuthal.is_nan());
    }
}
