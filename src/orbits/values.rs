//! Potential and acceleration at many places, and many stars carried to a time of their own.
//!
//! Units      kpc, km/s, (km/s)^2, (km/s)^2/kpc; times in kpc/(km/s), counted from today
//! Accuracy   the bits of one place alone, for any number of threads and any machine
//! Edge cases a place that is not finite gives NaN; the centre of a cusp gives what its profile says
//! Cost       eight places at once, all threads
//! See also   `batch` for whole orbits

use rayon::prelude::*;

use super::batch::Stars;
use super::field::Field;
use super::integrate::{Adaptive, State, Status, Tolerance, integrate};
use crate::error::{Error, Result};
use crate::numeric::dispatch::{Kernel, fastest};
use crate::numeric::lanes::{LANES, Lanes};

/// Eight-star blocks that one task computes.
const BLOCKS_A_TASK: usize = 64;

struct Block<'a, F: ?Sized> {
    field: &'a F,
    time: f64,
    places: &'a [&'a [f64]; 3],
    rows: std::ops::Range<usize>,
    potential: bool,
}

impl<F: Field<Lanes> + ?Sized> Kernel for Block<'_, F> {
    type Answer = Vec<[f64; 3]>;
    #[inline(always)]
    fn run(self) -> Self::Answer {
        use crate::numeric::real::Real;
        let mut out = Vec::with_capacity(self.rows.len());
        let time = Lanes::constant(self.time);
        for from in self.rows.clone().step_by(LANES) {
            let count = LANES.min(self.rows.end - from);
            // The last block is filled up with its first place.
            let at = |column: &[f64], lane: usize| column.get(from + if lane < count { lane } else { 0 }).copied().unwrap_or(f64::NAN);
            let p = self.places.map(|column| Lanes(std::array::from_fn(|lane| at(column, lane))));
            let value = match self.potential {
                true => [self.field.potential(time, p), Lanes::constant(0.0), Lanes::constant(0.0)],
                false => self.field.acceleration(time, p),
            };
            out.extend((0..count).map(|lane| value.map(|v| v.0[lane])));
        }
        out
    }
}

fn values<F: Field<Lanes> + ?Sized>(field: &F, time: f64, places: [&[f64]; 3], potential: bool) -> Result<Vec<[f64; 3]>> {
    let count = places[0].len();
    if places.iter().any(|c| c.len() != count) {
        return Err(Error::mismatch("columns of positions have different lengths")
            .expected(format!("{count} values each"))
            .found(format!("{:?}", places.map(<[f64]>::len))));
    }
    let step = LANES * BLOCKS_A_TASK;
    let tasks = (0..count).step_by(step).collect::<Vec<_>>();
    let task = |&from: &usize| fastest(Block { field, time, places: &places, rows: from..count.min(from + step), potential });
    Ok(tasks.par_iter().map(task).collect::<Vec<_>>().concat())
}

/// Potential \[(km/s)^2\] at x, y, z \[kpc\].
pub fn potential<F: Field<Lanes> + ?Sized>(field: &F, time: f64, places: [&[f64]; 3]) -> Result<Vec<f64>> {
    Ok(values(field, time, places, true)?.into_iter().map(|v| v[0]).collect())
}

/// Acceleration \[(km/s)^2/kpc\] at x, y, z \[kpc\], row by row.
pub fn acceleration<F: Field<Lanes> + ?Sized>(field: &F, time: f64, places: [&[f64]; 3]) -> Result<Vec<[f64; 3]>> {
    values(field, time, places, false)
}

/// Radius at which a potential that ends has nearly done so \[kpc\].
const FAR_KPC: f64 = 1e8;

/// Energy from which orbits are unbound \[(km/s)^2\]: 0, or infinite in a field whose potential does not vanish far away.
pub fn escape_energy<F: Field<f64> + ?Sized>(field: &F) -> f64 {
    let size = |r: f64| field.potential(0.0, [0.6 * r, 0.64 * r, 0.48 * r]).abs();
    // Every halo of finite potential falls at least as fast as ln r/r; a logarithm or a power of r grows.
    if size(FAR_KPC) <= 0.5 * size(0.1 * FAR_KPC) { 0.0 } else { f64::INFINITY }
}

/// Every star at its own time, from today; NaN with its status where it was not reached.
pub fn carried<F: Field<f64> + ?Sized>(
    field: &F,
    stars: &Stars,
    times: &[f64],
    tolerance: &Tolerance,
) -> Result<Vec<(State<f64>, Status)>> {
    if times.len() != stars.len() {
        return Err(Error::mismatch("one time for each star").expected(stars.len()).found(times.len()));
    }
    let carry = |star: usize| {
        let (start, time) = (stars.state(star), times[star]);
        let nothing = State::from_array([f64::NAN; 6]);
        if !time.is_finite() {
            return Ok((nothing, Status::NotFinite));
        }
        if time == 0.0 {
            return Ok((start, if start.is_finite() { Status::Complete } else { Status::NotFinite }));
        }
        let path = integrate(field, Adaptive::Dop853, tolerance, 0.0, start, &[time], None)?;
        Ok((path.states.first().copied().unwrap_or(nothing), path.status))
    };
    (0..stars.len()).into_par_iter().map(carry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::batch::tests::{some, view};
    use crate::orbits::field::{Gravity, sample::halo_and_disc};

    #[test]
    fn columns_have_the_bits_of_single_places() {
        let (columns, model) = (some(1031), halo_and_disc());
        let field = Gravity::new(&model);
        let places = [0, 1, 2].map(|k| columns[k].as_slice());
        let (phi, a) = (potential(&field, 0.0, places).unwrap(), acceleration(&field, 0.0, places).unwrap());
        assert_eq!((phi.len(), a.len()), (1031, 1031));
        for star in [0, 511, 512, 1030] {
            let p = places.map(|c| c[star]);
            let one: (f64, [f64; 3]) = (field.potential(0.0, p), field.acceleration(0.0, p));
            assert_eq!((phi[star], a[star]), one);
        }
        assert!(potential(&field, 0.0, [&[1.0], &[], &[]]).is_err());
    }

    #[test]
    fn only_potentials_that_vanish_let_stars_escape() {
        use crate::orbits::potential::{Component, Potential, kinds};
        for name in ["mw2014", "mcmillan2017_like", "mw_lmc"] {
            let model = Potential::named(name).unwrap();
            assert_eq!(escape_energy(&Gravity::new(&model)), if name == "mw_lmc" { f64::INFINITY } else { 0.0 }, "{name}");
        }
        for kind in kinds() {
            // A uniform field of 0 is none.
            let parameters: Vec<f64> = kind.parameters.iter().map(|p| p.default.filter(|d| *d != 0.0).unwrap_or(1.0)).collect();
            let Ok(component) = Component::new("one", kind.name, &parameters) else { continue };
            let model = Potential { components: vec![component] };
            let expected = matches!(kind.name, "logarithmic" | "uniform_field");
            assert_eq!(escape_energy(&Gravity::new(&model)).is_infinite(), expected, "{}", kind.name);
        }
    }

    #[test]
    fn stars_go_to_their_own_times_and_back() {
        let (columns, model) = (some(40), halo_and_disc());
        let (stars, field) = (view(&columns), Gravity::new(&model));
        let mut times: Vec<f64> = (0..40).map(|k| 0.02 * f64::from(k) - 0.3).collect();
        times[7] = f64::NAN;
        let there = carried(&field, &stars, &times, &Tolerance::default()).unwrap();
        assert_eq!((there[7].1, there[15].1), (Status::NotFinite, Status::Complete));
        assert_eq!(there[15].0, stars.state(15));
        let after: [Vec<f64>; 6] = std::array::from_fn(|k| there.iter().map(|(s, _)| s.to_array()[k]).collect());
        let backwards: Vec<f64> = times.iter().map(|t| -t).collect();
        let back = carried(&field, &view(&after), &backwards, &Tolerance::default()).unwrap();
        for star in (0..40).filter(|&s| s != 7) {
            let (a, b) = (back[star].0.to_array(), stars.state(star).to_array());
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5), "{star}: {a:?} {b:?}");
        }
        assert!(carried(&field, &stars, &[0.0], &Tolerance::default()).is_err());
    }
}
