//! Summaries of many orbits eight at a time: each lane has its own step, and takes the next star when its own is done.
//!
//! Formula    DOP853 and its control as in `integrate::adaptive`; extrema of r and |z| where x . v and v_z change their sign on dense output
//! Units      kpc, km/s; times in kpc/(km/s)
//! Accuracy   the same bits for any number of threads, machine and neighbours; extrema agree with `summary` to the tolerance (tests)
//! Edge cases those of `summary`; two extrema of one kind within half a step are missed together
//! Cost       15 accelerations a step, eight of them at once; see the timing of the tests
//! See also   `summary`, the same for one orbit

use rayon::prelude::*;

use super::batch::Stars;
use super::field::Field;
use super::integrate::dop853_table::{A, C, DENSE, ERROR3, ERROR5};
use super::integrate::{State, Status, Tolerance};
use super::summary::{ROUND, Summary, circular_radius, circular_speed_squared, guiding_radius};
use crate::error::Result;
use crate::numeric::dispatch::{Kernel, fastest};
use crate::numeric::lanes::{LANES, Lanes};
use crate::numeric::real::{Real, dot};
use crate::numeric::together::Masked;

type Vector = [Lanes; 6];
type Mask = [bool; LANES];
const STAGES: usize = 16;
/// Stages of a step; the others are those of dense output.
const STEP_STAGES: usize = 12;
/// Stars that one thread takes at once: few lanes wait at the end of so many.
const CHUNK: usize = 256;
/// The control of `integrate::adaptive`.
const SAFETY: f64 = 0.9;
const GREATEST_GROWTH: f64 = 6.0;
const GREATEST_SHRINKING: f64 = 1.0 / 3.0;
const AFTER_NOT_FINITE: f64 = 0.1;
const PRESENT: f64 = 0.7;
const LAST: f64 = 0.4;
const SMALLEST_ERROR: f64 = 1e-4;
const FIRST_STEP: f64 = 0.02;
const EXPONENT: f64 = 1.0 / 8.0;
/// Share of the lower order in the error, DOP853.
const SHARE: f64 = 0.01;
/// A step that would leave less than this part of itself is stretched to the end.
const STRETCH: f64 = 1.01;
/// Secants of an extremum: its place is needed to the root of the precision only.
const SECANTS: usize = 4;

/// Summaries of many stars in a static field, on all threads; see [`super::summary::summary`].
pub fn summaries<F: Field<Lanes> + ?Sized>(field: &F, stars: &Stars, periods: f64, tolerance: &Tolerance) -> Result<Vec<Summary>> {
    tolerance.check()?;
    let chunks: Vec<Vec<Summary>> = (0..stars.len().div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| fastest(Chunk { field, stars, first: chunk * CHUNK, periods, tolerance }))
        .collect();
    Ok(chunks.into_iter().flatten().collect())
}

struct Chunk<'a, F: ?Sized> {
    field: &'a F,
    stars: &'a Stars<'a>,
    first: usize,
    periods: f64,
    tolerance: &'a Tolerance,
}

impl<F: Field<Lanes> + ?Sized> Kernel for Chunk<'_, F> {
    type Answer = Vec<Summary>;
    #[inline(always)]
    fn run(self) -> Vec<Summary> {
        let last = (self.first + CHUNK).min(self.stars.len());
        let mut all = Vec::with_capacity(last - self.first);
        let mut waiting = Vec::with_capacity(last - self.first);
        for from in (self.first..last).step_by(LANES) {
            let known = before_the_orbit(self.field, self.stars.block(from / LANES), self.periods, self.tolerance);
            for (summary, end) in known.into_iter().take(last - from) {
                if summary.status == Status::Complete && end.is_finite() {
                    waiting.push((all.len(), end));
                }
                all.push(summary);
            }
        }
        follow(self.field, self.stars, self.first, waiting, &mut all, self.tolerance);
        all
    }
}

/// What is known without the orbit, and how long it is followed.
#[inline(always)]
fn before_the_orbit<F: Field<Lanes> + ?Sized>(field: &F, w: [Lanes; 6], periods: f64, tolerance: &Tolerance) -> [(Summary, f64); LANES] {
    let star = State::from_array(w);
    let energy = star.energy(field, Lanes::constant(0.0));
    let l = star.angular_momentum();
    let size = dot(l, l).sqrt();
    let guiding = guiding_radius(field, l[2]);
    let radius = circular_radius(field, energy);
    let speed = circular_speed_squared(field, radius).sqrt();
    let circularity = l[2] / (radius * speed);
    let end = radius / speed * (periods * std::f64::consts::TAU);
    std::array::from_fn(|i| {
        let finite = w.iter().all(|v| v.0[i].is_finite());
        let status = tolerance.judgement.status(finite, energy.0[i], 0.0);
        let nan = f64::NAN;
        let summary = Summary {
            energy: energy.0[i],
            angular_momentum: size.0[i],
            l_z: l[2].0[i],
            pericentre: nan,
            apocentre: nan,
            z_max: nan,
            eccentricity: nan,
            circularity: if status == Status::Complete { circularity.0[i] } else { nan },
            guiding_radius: guiding.0[i],
            status,
        };
        (summary, end.0[i])
    })
}

/// Eight orbits on their way.
struct Flock {
    time: Lanes,
    state: Vector,
    slope: Vector,
    step: Lanes,
    end: Lanes,
    error: Lanes,
    energy: Lanes,
    least: Lanes,
    greatest: Lanes,
    highest: Lanes,
    rejected: Mask,
    tried: [usize; LANES],
    /// Place in the answer; beyond it for a lane at rest.
    place: [usize; LANES],
}

#[inline(always)]
fn position(w: &Vector) -> [Lanes; 3] {
    [w[0], w[1], w[2]]
}

#[inline(always)]
fn velocity(w: &Vector) -> [Lanes; 3] {
    [w[3], w[4], w[5]]
}

#[inline(always)]
fn outwards(w: &Vector) -> Lanes {
    dot(position(w), velocity(w))
}

#[inline(always)]
fn slope_at<F: Field<Lanes> + ?Sized>(field: &F, time: Lanes, w: &Vector) -> Vector {
    let [ax, ay, az] = field.acceleration(time, position(w));
    [w[3], w[4], w[5], ax, ay, az]
}

#[inline(always)]
fn stage<F: Field<Lanes> + ?Sized>(field: &F, flock: &Flock, k: &[Vector; STAGES], s: usize) -> (Vector, Vector) {
    let mut w = flock.state;
    for (i, value) in w.iter_mut().enumerate() {
        let mut sum = Lanes::constant(0.0);
        for (k, &a) in k.iter().zip(A[s].iter()).take(s) {
            if a != 0.0 {
                sum += k[i] * a;
            }
        }
        *value += flock.step * sum;
    }
    let slope = slope_at(field, flock.time + flock.step * C[s], &w);
    (w, slope)
}

/// Error over the allowed one, from the weighted stages.
#[inline(always)]
fn size(k: &[Vector; STAGES], weights: &[f64], step: Lanes, allowed: [Lanes; 2]) -> Lanes {
    let mut parts = [Lanes::constant(0.0); 2];
    for i in 0..6 {
        let mut sum = Lanes::constant(0.0);
        for (k, &w) in k.iter().zip(weights) {
            if w != 0.0 {
                sum += k[i] * w;
            }
        }
        parts[i / 3] += (sum * step).square();
    }
    (parts[0] / allowed[0].square() + parts[1] / allowed[1].square()) * 0.5
}

/// Dense output of the step.
#[inline(always)]
fn terms<F: Field<Lanes> + ?Sized>(field: &F, flock: &Flock, k: &mut [Vector; STAGES], last: &Vector) -> [Vector; 7] {
    for s in STEP_STAGES + 1..STAGES {
        k[s] = stage(field, flock, k, s).1;
    }
    let mut terms = [[Lanes::constant(0.0); 6]; 7];
    for i in 0..6 {
        let h = flock.step;
        let change = last[i] - flock.state[i];
        terms[0][i] = change;
        terms[1][i] = h * k[0][i] - change;
        terms[2][i] = change * 2.0 - h * (k[12][i] + k[0][i]);
        for (term, row) in terms[3..].iter_mut().zip(&DENSE) {
            let mut sum = Lanes::constant(0.0);
            for (k, &w) in k.iter().zip(row.iter()) {
                if w != 0.0 {
                    sum += k[i] * w;
                }
            }
            term[i] = h * sum;
        }
    }
    terms
}

/// Number i of the state at the part x of the step.
#[inline(always)]
fn dense(first: &Vector, terms: &[Vector; 7], i: usize, x: Lanes) -> Lanes {
    let rest = -x + 1.0;
    let mut sum = Lanes::constant(0.0);
    for (n, term) in terms.iter().enumerate().rev() {
        sum = (sum + term[i]) * if n % 2 == 1 { rest } else { x };
    }
    first[i] + sum
}

/// Where the function changes its sign between a and b, for the lanes of the mask.
#[inline(always)]
fn crossing(function: impl Fn(Lanes) -> Lanes, mut a: Lanes, mut fa: Lanes, mut b: Lanes, mut fb: Lanes) -> Lanes {
    let zero = Lanes::constant(0.0);
    let mut x = a;
    for _ in 0..SECANTS {
        x = (a * fb - b * fa) / (fb - fa);
        let f = function(x);
        // The same sign as at b: a stays, and counts half.
        let same = zero.less(f * fb);
        a = Lanes::choose(same, a, b);
        fa = Lanes::choose(same, fa * 0.5, fb);
        (b, fb) = (x, f);
    }
    x
}

/// Follows those who wait and writes what they are like.
#[inline(always)]
fn follow<F: Field<Lanes> + ?Sized>(
    field: &F,
    stars: &Stars,
    first: usize,
    waiting: Vec<(usize, f64)>,
    all: &mut [Summary],
    tolerance: &Tolerance,
) {
    let zero = Lanes::constant(0.0);
    let nobody = usize::MAX;
    let mut queue = waiting.into_iter();
    let mut flock = Flock {
        time: zero,
        state: [zero; 6],
        slope: [zero; 6],
        step: zero,
        end: zero,
        error: zero,
        energy: zero,
        least: zero,
        greatest: zero,
        highest: zero,
        rejected: [false; LANES],
        tried: [0; LANES],
        place: [nobody; LANES],
    };
    let mut free = [true; LANES];
    loop {
        if free.contains(&true) {
            let mut loaded = [false; LANES];
            for lane in 0..LANES {
                if !free[lane] {
                    continue;
                }
                let Some((place, end)) = queue.next() else {
                    flock.place[lane] = nobody;
                    continue;
                };
                for (value, number) in flock.state.iter_mut().zip(stars.state(first + place).to_array()) {
                    value.0[lane] = number;
                }
                (flock.time.0[lane], flock.end.0[lane], flock.error.0[lane]) = (0.0, end, SMALLEST_ERROR);
                (flock.rejected[lane], flock.tried[lane], flock.place[lane], loaded[lane]) = (false, 0, place, true);
            }
            if flock.place.iter().all(|&place| place == nobody) {
                return;
            }
            begin(field, &mut flock, loaded);
            free = [false; LANES];
        }
        let mut active = flock.place.map(|place| place != nobody);
        let left = flock.end - flock.time;
        let stretched = flock.step * STRETCH;
        let mut lands = [false; LANES];
        for lane in 0..LANES {
            lands[lane] = !(left.0[lane] > stretched.0[lane]);
        }
        flock.step = Lanes::choose(lands, left, flock.step);

        let mut k = [[zero; 6]; STAGES];
        k[0] = flock.slope;
        let mut next = flock.state;
        for s in 1..=STEP_STAGES {
            (next, k[s]) = stage(field, &flock, &k, s);
        }
        let longer = |a: [Lanes; 3], b: [Lanes; 3]| dot(a, a).max(dot(b, b)).sqrt() * tolerance.relative;
        let allowed = [
            longer(position(&flock.state), position(&next)) + tolerance.position_kpc,
            longer(velocity(&flock.state), velocity(&next)) + tolerance.velocity_kms,
        ];
        let (five, three) = (size(&k, &ERROR5, flock.step, allowed), size(&k, &ERROR3, flock.step, allowed));
        let whole = five + three * SHARE;
        let error = Lanes::choose(zero.less(whole), five / whole.sqrt(), whole);

        let mut good = [false; LANES];
        for lane in 0..LANES {
            let finite = next.iter().zip(&k[STEP_STAGES]).all(|(a, b)| a.0[lane].is_finite() && b.0[lane].is_finite());
            flock.tried[lane] += 1;
            good[lane] = active[lane] && finite && error.0[lane] <= 1.0;
        }
        if Lanes::any(good) {
            extrema(field, &mut flock, &mut k, &next, good);
        }

        // The next step.
        let floor = error.max(Lanes::constant(SMALLEST_ERROR));
        let power = |x: Lanes, y: f64| (x.ln() * y).exp();
        let growth = power(floor, -PRESENT * EXPONENT) * power(flock.error, LAST * EXPONENT) * SAFETY;
        let most = Lanes::choose(flock.rejected, Lanes::constant(1.0), Lanes::constant(GREATEST_GROWTH));
        let growth = growth.max(Lanes::constant(GREATEST_SHRINKING)).min(most);
        let shrink = (power(error, -EXPONENT) * SAFETY).max(Lanes::constant(GREATEST_SHRINKING));
        let mut arrived = [false; LANES];
        for lane in 0..LANES {
            if good[lane] {
                flock.time.0[lane] = if lands[lane] { flock.end.0[lane] } else { flock.time.0[lane] + flock.step.0[lane] };
                flock.step.0[lane] *= growth.0[lane];
                (flock.error.0[lane], flock.rejected[lane]) = (floor.0[lane], false);
                arrived[lane] = lands[lane];
            } else {
                flock.step.0[lane] *= if error.0[lane].is_finite() { shrink.0[lane] } else { AFTER_NOT_FINITE };
                flock.rejected[lane] = true;
            }
        }
        flock.state = std::array::from_fn(|i| Lanes::choose(good, next[i], flock.state[i]));
        flock.slope = std::array::from_fn(|i| Lanes::choose(good, k[STEP_STAGES][i], flock.slope[i]));

        // Those who are done, or will never be.
        for lane in 0..LANES {
            let still = flock.time.0[lane] + flock.step.0[lane] * 0.5 == flock.time.0[lane];
            if !active[lane] || arrived[lane] {
                continue;
            }
            if flock.tried[lane] >= tolerance.most_steps || still {
                let not_finite = !error.0[lane].is_finite() && flock.tried[lane] < tolerance.most_steps;
                if let Some(summary) = all.get_mut(flock.place[lane]) {
                    summary.status = if not_finite { Status::NotFinite } else { Status::TooManySteps };
                    extent(summary, &flock, lane);
                }
                (free[lane], active[lane]) = (true, false);
            }
        }
        if arrived.contains(&true) {
            let energy = State::from_array(flock.state).energy(field, flock.time);
            for lane in 0..LANES {
                if arrived[lane] && active[lane] {
                    if let Some(summary) = all.get_mut(flock.place[lane]) {
                        let drift = ((energy.0[lane] - flock.energy.0[lane]) / flock.energy.0[lane]).abs();
                        summary.status = tolerance.judgement.status(true, flock.energy.0[lane], drift);
                        extent(summary, &flock, lane);
                    }
                    free[lane] = true;
                }
            }
        }
    }
}

/// Starts the lanes that were loaded.
#[inline(always)]
fn begin<F: Field<Lanes> + ?Sized>(field: &F, flock: &mut Flock, loaded: Mask) {
    let w = flock.state;
    let slope = slope_at(field, flock.time, &w);
    let energy = State::from_array(w).energy(field, flock.time);
    let (radius2, speed2, pull2) = (dot(position(&w), position(&w)), dot(velocity(&w), velocity(&w)), {
        let a = [slope[3], slope[4], slope[5]];
        dot(a, a)
    });
    let (fall, crossing) = ((radius2 / pull2).sqrt().sqrt(), (radius2 / speed2).sqrt());
    let step = Lanes::choose(fall.less(crossing), fall, crossing) * FIRST_STEP;
    for lane in 0..LANES {
        if loaded[lane] {
            let step = step.0[lane];
            let step = if step.is_finite() && step > 0.0 { step } else { FIRST_STEP * FIRST_STEP };
            flock.step.0[lane] = step.min(flock.end.0[lane]);
        }
    }
    let keep = |new: Lanes, old: Lanes| Lanes::choose(loaded, new, old);
    flock.slope = std::array::from_fn(|i| keep(slope[i], flock.slope[i]));
    flock.energy = keep(energy, flock.energy);
    flock.least = keep(radius2, flock.least);
    flock.greatest = keep(radius2, flock.greatest);
    flock.highest = keep(w[2].abs(), flock.highest);
}

/// Extrema within the step of the lanes that take it.
#[inline(always)]
fn extrema<F: Field<Lanes> + ?Sized>(field: &F, flock: &mut Flock, k: &mut [Vector; STAGES], next: &Vector, good: Mask) {
    let zero = Lanes::constant(0.0);
    let terms = terms(field, flock, k, next);
    let first = flock.state;
    let at = |x: Lanes| -> Vector { std::array::from_fn(|i| dense(&first, &terms, i, x)) };
    let middle = at(Lanes::constant(0.5));
    let (mut least, mut greatest) = (flock.least, flock.greatest);
    let mut highest = flock.highest.max(next[2].abs());
    for (from, a, to, b) in [(0.0, &first, 0.5, &middle), (0.5, &middle, 1.0, next)] {
        let (begin, end) = (Lanes::constant(from), Lanes::constant(to));
        let (ga, gb) = (outwards(a), outwards(b));
        let turns = Lanes::both(good, (ga * gb).less(zero));
        if Lanes::any(turns) {
            let x = crossing(|x| outwards(&at(x)), begin, ga, end, gb);
            let place = [dense(&first, &terms, 0, x), dense(&first, &terms, 1, x), dense(&first, &terms, 2, x)];
            let r2 = dot(place, place);
            let near = Lanes::both(turns, ga.less(gb));
            let far = Lanes::both(turns, gb.less(ga));
            least = Lanes::choose(near, least.min(r2), least);
            greatest = Lanes::choose(far, greatest.max(r2), greatest);
        }
        let turns = Lanes::both(good, (a[5] * b[5]).less(zero));
        if Lanes::any(turns) {
            let x = crossing(|x| dense(&first, &terms, 5, x), begin, a[5], end, b[5]);
            let z = dense(&first, &terms, 2, x).abs();
            highest = Lanes::choose(turns, highest.max(z), highest);
        }
    }
    flock.least = Lanes::choose(good, least, flock.least);
    flock.greatest = Lanes::choose(good, greatest, flock.greatest);
    flock.highest = Lanes::choose(good, highest, flock.highest);
}

/// What was found so far.
#[inline(always)]
fn extent(summary: &mut Summary, flock: &Flock, lane: usize) {
    let (least, greatest) = (flock.least.0[lane].sqrt(), flock.greatest.0[lane].sqrt());
    (summary.pericentre, summary.apocentre, summary.z_max) = (least, greatest, flock.highest.0[lane]);
    let e = (greatest - least) / (greatest + least);
    summary.eccentricity = if e < ROUND { 0.0 } else { e };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::batch::tests::{some, view};
    use crate::orbits::field::Gravity;
    use crate::orbits::potential::Potential;
    use crate::orbits::summary::summary;

    #[test]
    fn eight_at_a_time_agree_with_one_at_a_time_and_have_the_same_bits_for_any_threads() {
        let mut columns = some(600);
        columns[1][5] = f64::NAN;
        columns[3][6] = 2000.0;
        let model = Potential::named("mw2014").unwrap();
        let (stars, field) = (view(&columns), Gravity::new(&model));
        let tolerance = Tolerance::default();
        let go = || summaries(&field, &stars, 10.0, &tolerance).unwrap();
        let threads = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(go);
        let (one, three) = (threads(1), threads(3));
        assert_eq!(format!("{one:?}"), format!("{three:?}"));
        assert_eq!((one.len(), one[5].status, one[6].status), (600, Status::NotFinite, Status::Unbound));
        // Neighbours do not matter: the first star of all, alone.
        let alone: Vec<Vec<f64>> = columns.iter().map(|c| vec![c[17]]).collect();
        let alone = Stars::new(std::array::from_fn(|i| alone[i].as_slice())).unwrap();
        assert_eq!(format!("{:?}", summaries(&field, &alone, 10.0, &tolerance).unwrap()[0]), format!("{:?}", one[17]));
        let mut worst = 0.0f64;
        for star in (0..600).step_by(5) {
            let exact = summary(&field, stars.state(star), 10.0, &tolerance).unwrap();
            let found = one[star];
            assert_eq!(found.status, exact.status, "{star}");
            if exact.status != Status::Complete {
                assert!(found.apocentre.is_nan() && found.circularity.is_nan());
                continue;
            }
            for (a, b) in [
                (found.pericentre, exact.pericentre),
                (found.apocentre, exact.apocentre),
                (found.z_max, exact.z_max),
                (found.circularity * exact.apocentre, exact.circularity * exact.apocentre),
                (found.guiding_radius, exact.guiding_radius),
                (found.eccentricity * exact.apocentre, exact.eccentricity * exact.apocentre),
            ] {
                worst = worst.max((a - b).abs() / exact.apocentre);
            }
        }
        println!("eight at a time against one: {worst:e} of the apocentre");
        assert!(worst < 1e-7, "{worst:e}");
    }

    #[test]
    fn no_star_hangs() {
        let columns = [vec![8.0; 3], vec![0.0; 3], vec![0.0; 3], vec![0.0, 10.0, 0.0], vec![0.0, 200.0, 100.0], vec![0.0; 3]];
        let model = Potential::named("mw2014").unwrap();
        let (stars, field) = (view(&columns), Gravity::new(&model));
        let few = Tolerance { most_steps: 20, ..Default::default() };
        let cut = summaries(&field, &stars, 10.0, &few).unwrap();
        assert!(cut.iter().all(|s| s.status == Status::TooManySteps), "{cut:?}");
        let radial = summaries(&field, &stars, 3.0, &Tolerance::default()).unwrap();
        assert!(radial[1].status == Status::Complete && radial[0].circularity == 0.0);
        assert!(summaries(&field, &stars, 3.0, &Tolerance { relative: -1.0, ..Default::default() }).is_err());
        assert!(summaries(&field, &Stars::new([&[]; 6]).unwrap(), 3.0, &Tolerance::default()).unwrap().is_empty());
    }
}
