//! Many orbits at once: eight side by side, blocks on all threads, loops compiled for the machine.
//!
//! Layout     results star by star: that of star i at output k is at i times + k
//! Units      kpc, km/s; times in kpc/(km/s)
//! Accuracy   the bits of one orbit alone, for any number of threads and any machine (tests)
//! Edge cases columns of different length are a `Mismatch` error; a star that is not finite is counted by its status, its orbit NaN
//! Cost       see the timings of the tests; memory 48 bytes a star and output
//! See also   `integrate`, `summary`, `actions`

use rayon::prelude::*;

use super::field::Field;
use super::integrate::{Adaptive, Judgement, Method, Plan, State, Status, Tolerance, integrate, symplectic};
use crate::error::{Error, Result};
use crate::numeric::dispatch::{Kernel, fastest};
use crate::numeric::lanes::{LANES, Lanes};

/// Positions and velocities of stars, as columns.
#[derive(Clone, Copy, Debug)]
pub struct Stars<'a> {
    columns: [&'a [f64]; 6],
}

impl<'a> Stars<'a> {
    /// Columns x, y, z \[kpc\], vx, vy, vz \[km/s\] of one length.
    pub fn new(columns: [&'a [f64]; 6]) -> Result<Self> {
        let count = columns[0].len();
        if columns.iter().any(|c| c.len() != count) {
            return Err(Error::mismatch("columns of phase space have different lengths")
                .expected(format!("{count} values each"))
                .found(format!("{:?}", columns.map(<[f64]>::len))));
        }
        Ok(Stars { columns })
    }

    /// Columns x, y, z \[kpc\], vx, vy, vz \[km/s\].
    pub fn columns(&self) -> [&'a [f64]; 6] {
        self.columns
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.columns[0].len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.columns[0].is_empty()
    }

    /// One of them; NaN beyond the end.
    pub fn state(&self, star: usize) -> State<f64> {
        State::from_array(self.columns.map(|c| c.get(star).copied().unwrap_or(f64::NAN)))
    }

    /// Blocks of eight.
    pub fn blocks(&self) -> usize {
        self.len().div_ceil(LANES)
    }

    /// Eight of them; the last block is filled up with its first star, whose numbers are harmless.
    pub fn block(&self, block: usize) -> [Lanes; 6] {
        let from = block * LANES;
        self.columns.map(|column| {
            let first = column.get(from).copied().unwrap_or(f64::NAN);
            Lanes(std::array::from_fn(|i| column.get(from + i).copied().unwrap_or(first)))
        })
    }
}

/// Does one thing to every block of eight, on all threads, in order.
pub fn each_block<A: Send>(stars: &Stars, work: impl Fn(usize, [Lanes; 6]) -> A + Sync) -> Vec<A> {
    (0..stars.blocks()).into_par_iter().map(|block| work(block, stars.block(block))).collect()
}

/// Orbits of many stars.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Orbits {
    /// Output times \[kpc/(km/s)\].
    pub times: Vec<f64>,
    /// x, y, z \[kpc\], vx, vy, vz \[km/s\].
    pub columns: [Vec<f64>; 6],
    /// How each star's orbit ended.
    pub status: Vec<Status>,
    /// Relative change of each star's energy between the start and the last output.
    pub drift: Vec<f64>,
}

impl Orbits {
    fn with_room(stars: usize, times: &[f64]) -> Orbits {
        Orbits {
            times: times.to_vec(),
            columns: std::array::from_fn(|_| Vec::with_capacity(stars * times.len())),
            status: Vec::with_capacity(stars),
            drift: Vec::with_capacity(stars),
        }
    }

    /// State of a star at an output.
    pub fn state(&self, star: usize, output: usize) -> Option<State<f64>> {
        let at = star.checked_mul(self.times.len())?.checked_add(output)?;
        let mut w = [0.0; 6];
        for (value, column) in w.iter_mut().zip(&self.columns) {
            *value = *column.get(at)?;
        }
        (output < self.times.len()).then(|| State::from_array(w))
    }

    /// How many orbits ended so.
    pub fn count(&self, status: Status) -> usize {
        self.status.iter().filter(|&&s| s == status).count()
    }
}

struct Block<'a, F: ?Sized> {
    field: &'a F,
    method: Method,
    plan: &'a Plan,
    start: State<Lanes>,
}

/// States at the outputs, energies at the start and at the last output.
type Followed = (Vec<[Lanes; 6]>, Lanes, Lanes);

impl<F: Field<Lanes> + ?Sized> Kernel for Block<'_, F> {
    type Answer = Followed;
    #[inline(always)]
    fn run(self) -> Followed {
        use crate::numeric::real::Real;
        let mut states = Vec::with_capacity(self.plan.stops.len());
        let first = self.start.energy(self.field, Lanes::constant(self.plan.start));
        let mut last = first;
        let count = self.plan.stops.len();
        symplectic::run(self.field, self.method, self.plan, self.start, |row, orbit| {
            if row + 1 == count {
                last = orbit.state.energy(self.field, orbit.time);
            }
            states.push(orbit.state.to_array());
        });
        (states, first, last)
    }
}

/// Orbits with fixed steps of at most `step` from `start` to the `times`.
pub fn orbits<F: Field<Lanes> + ?Sized>(
    field: &F,
    stars: &Stars,
    method: Method,
    start: f64,
    step: f64,
    times: &[f64],
    judgement: &Judgement,
) -> Result<Orbits> {
    let plan = Plan::new(start, times, step, MOST_STEPS)?;
    let blocks = each_block(stars, |_, w| fastest(Block { field, method, plan: &plan, start: State::from_array(w) }));
    let mut out = Orbits::with_room(stars.len(), times);
    for star in 0..stars.len() {
        let (block, lane) = (star / LANES, star % LANES);
        let Some((states, first, last)) = blocks.get(block) else { continue };
        let (first, last) = (first.0[lane], last.0[lane]);
        let mut finite = stars.state(star).is_finite();
        for state in states {
            for (column, value) in out.columns.iter_mut().zip(state) {
                finite &= value.0[lane].is_finite();
                column.push(value.0[lane]);
            }
        }
        let drift = ((last - first) / first).abs();
        out.status.push(judgement.status(finite, first, drift));
        out.drift.push(drift);
    }
    Ok(out)
}

/// Fixed steps of one orbit at most; more is a `Limit` error.
pub(super) const MOST_STEPS: usize = 1_000_000_000;

/// Orbits with steps chosen for each star alone.
pub fn adaptive_orbits<F: Field<f64> + ?Sized>(
    field: &F,
    stars: &Stars,
    method: Adaptive,
    start: f64,
    times: &[f64],
    tolerance: &Tolerance,
) -> Result<Orbits> {
    let paths: Vec<_> = (0..stars.len())
        .into_par_iter()
        .map(|star| integrate(field, method, tolerance, start, stars.state(star), times, None))
        .collect::<Result<_>>()?;
    let mut out = Orbits::with_room(stars.len(), times);
    for path in paths {
        for state in &path.states {
            for (column, value) in out.columns.iter_mut().zip(state.to_array()) {
                column.push(value);
            }
        }
        out.status.push(path.status);
        out.drift.push(path.drift);
    }
    Ok(out)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::numeric::dispatch::{Width, tests::limited};
    use crate::numeric::random::Stream;
    use crate::orbits::field::{Gravity, sample::halo_and_disc};

    /// Stars of a disc and a halo, as columns.
    pub fn some(count: usize) -> [Vec<f64>; 6] {
        let mut stream = Stream::new(7, 2, 1);
        let mut columns: [Vec<f64>; 6] = Default::default();
        for star in 0..count {
            let radius = 2.0 + 18.0 * stream.uniform();
            let (s, c) = (std::f64::consts::TAU * stream.uniform()).sin_cos();
            let (spread, turn) = if star % 4 == 0 { (90.0, 40.0) } else { (30.0, 210.0) };
            let height = if star % 4 == 0 { 4.0 } else { 0.3 } * stream.normal();
            let w = [
                radius * c,
                radius * s,
                height,
                spread * stream.normal() - turn * s,
                spread * stream.normal() + turn * c,
                spread * stream.normal(),
            ];
            for (column, value) in columns.iter_mut().zip(w) {
                column.push(value);
            }
        }
        columns
    }

    pub fn view(columns: &[Vec<f64>; 6]) -> Stars<'_> {
        Stars::new(std::array::from_fn(|i| columns[i].as_slice())).unwrap()
    }

    #[test]
    fn same_bits_for_any_threads_any_machine_and_alone() {
        let mut columns = some(43);
        columns[1][5] = f64::NAN;
        columns[3][6] = 2000.0;
        let (stars, model) = (view(&columns), halo_and_disc());
        let field = Gravity::new(&model);
        let times = [0.01, 0.0333, 0.2];
        let go = || orbits(&field, &stars, Method::Leapfrog, 0.0, 1e-3, &times, &Judgement::default()).unwrap();
        let threads = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(go);
        let bits = |o: &Orbits| o.columns.iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>();
        let (one, three) = (threads(1), threads(3));
        assert_eq!(bits(&one), bits(&three));
        assert_eq!((one.count(Status::NotFinite), one.count(Status::Unbound), one.count(Status::Complete)), (1, 1, 41));
        let plan = Plan::new(0.0, &times, 1e-3, 1000).unwrap();
        let start = State::from_array(stars.block(1));
        let run = |width| limited(width, || fastest(Block { field: &field, method: Method::Leapfrog, plan: &plan, start })).0;
        for width in [Width::Portable, Width::Avx2, Width::Avx512] {
            let states = run(width);
            for lane in 0..LANES {
                assert_eq!(states[2].map(|v| v.0[lane].to_bits()), one.state(8 + lane, 2).unwrap().to_array().map(f64::to_bits));
            }
        }
        symplectic::run(&field, Method::Leapfrog, &plan, stars.state(42), |row, orbit| {
            assert_eq!(orbit.state, one.state(42, row).unwrap());
        });
        let adaptive = adaptive_orbits(&field, &stars, Adaptive::Dop853, 0.0, &times, &Tolerance::default()).unwrap();
        assert_eq!((adaptive.count(Status::NotFinite), adaptive.count(Status::Complete)), (1, 41));
        let fine = orbits(&field, &stars, Method::KahanLi6, 0.0, 5e-4, &times, &Judgement::default()).unwrap();
        for star in [0, 1, 42] {
            let (a, b) = (adaptive.state(star, 2).unwrap(), fine.state(star, 2).unwrap());
            assert!((a.position[0] - b.position[0]).abs() < 1e-6, "{star}: {a:?} {b:?}");
        }
        assert!(Stars::new([&[1.0], &[], &[], &[], &[], &[]]).is_err());
        assert!(one.state(43, 0).is_none() && one.state(0, 3).is_none());
    }
}
