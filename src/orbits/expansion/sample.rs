//! A fixed number of particles of a stream, the same ones for any order: what knots and points of comparison are chosen from.
//!
//! Formula    those are kept whose hash, of the bits of their position and mass, is least
//! Units      kpc, Msun
//! Edge cases a sample of fewer particles than it may hold is all of them
//! Refuses    a grid from fewer than 64 particles
//! Cost       20 ns a particle; 40 bytes for each one that is kept
//! See also   `fit`, `galaxy`

use std::collections::BinaryHeap;

use super::cylindrical::CylindricalGrid;
use super::fit::Plan;
use super::harmonics::Symmetry;
use super::multipole::MultipoleGrid;
use super::self_consistent_field::Basis;
use crate::error::{Error, ErrorKind, Result};

/// Particles that are kept.
const KEPT: usize = 32_768;
/// Fewest to choose knots from.
const LEAST: usize = 64;
/// Knots of a multipole are about so far apart in ln r, and so many.
const STEP: f64 = 0.25;
const MULTIPOLE_KNOTS: std::ops::RangeInclusive<usize> = 16..=60;
/// Knots of a disc in R and in z.
const DISC_KNOTS: usize = 25;
/// Half of an exponential disc lies within so many scale lengths.
const HALF_OF_A_DISC: f64 = 1.678;
/// Half of a sphere of Hernquist lies within 1 + sqrt 2 scales.
const HALF_OF_A_HERNQUIST: f64 = 1.0 + std::f64::consts::SQRT_2;
/// The disc ends where this share of its particles is inside, but within these numbers of scale lengths.
const INSIDE: f64 = 0.95;
const DISC_ENDS: [f64; 2] = [8.0, 30.0];
/// Steps in z are equal below this share of the median height.
const CORE_OF_HEIGHT: f64 = 1.0 / 3.0;
/// Least and greatest vertical scale over the radial one.
const FLATTENINGS: [f64; 2] = [0.02, 1.0];
/// Radial functions of a self-consistent field.
const RADIAL: usize = 10;

/// What a user may say about a fit; what is not said is chosen from the sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Wishes {
    /// Highest degree of multipoles and of self-consistent fields.
    pub degree: usize,
    /// Highest order.
    pub order: usize,
    /// Terms that are kept.
    pub symmetry: Symmetry,
    /// Innermost and outermost knot of a multipole, or end of the grid of a disc \[kpc\].
    pub radii_kpc: Option<[f64; 2]>,
    /// Knots in radius, and in height; radial functions of a self-consistent field.
    pub knots: Option<usize>,
}

/// Hash, then the bits of x, y, z and mass.
type Entry = (u64, [u64; 4]);

/// Some of the particles of a stream.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The greatest hash on top.
    kept: BinaryHeap<Entry>,
}

/// The finaliser of SplitMix64; Steele, Lea & Flood 2014.
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl Sample {
    /// Offers one particle that is finite.
    #[inline]
    pub fn offer(&mut self, position: [f64; 3], mass: f64) {
        let bits = [position[0], position[1], position[2], mass].map(f64::to_bits);
        let hash = bits.iter().fold(0x9e37_79b9_7f4a_7c15, |hash, b| mix(hash ^ b));
        if self.kept.len() < KEPT {
            self.kept.push((hash, bits));
        } else if let Some(mut most) = self.kept.peek_mut()
            && (hash, bits) < *most
        {
            *most = (hash, bits);
        }
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Positions \[kpc\], in the order of their hashes.
    pub fn positions(&self) -> Vec<[f64; 3]> {
        let mut entries: Vec<&Entry> = self.kept.iter().collect();
        entries.sort_unstable();
        entries.iter().map(|(_, b)| [f64::from_bits(b[0]), f64::from_bits(b[1]), f64::from_bits(b[2])]).collect()
    }

    /// The plan of `kind` (a name of `Model::NAMES`) for the particles of these samples together.
    pub fn plan(samples: &[&Sample], kind: &str, wishes: &Wishes) -> Result<Plan> {
        let positions: Vec<[f64; 3]> = samples.iter().flat_map(|s| s.positions()).collect();
        if positions.len() < LEAST {
            return Err(Error::new(ErrorKind::Domain, "too few particles to fit a potential to")
                .expected(format!("{LEAST} or more"))
                .found(positions.len()));
        }
        let radius = |p: &[f64; 3]| (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt();
        match kind {
            "multipole" => multipole(&positions, wishes).map(Plan::Multipole),
            "cylindrical" => cylindrical(&positions, wishes).map(Plan::Cylindrical),
            "self_consistent_field" => {
                let scale_kpc = at_share(positions.iter().map(radius), 0.5) / HALF_OF_A_HERNQUIST;
                let Wishes { degree, order, symmetry, .. } = *wishes;
                Ok(Plan::SelfConsistentField(Basis { scale_kpc, radial: wishes.knots.unwrap_or(RADIAL), degree, order, symmetry }))
            }
            other => {
                let error = Error::usage(format!("no expansion is called `{other}`"));
                Err(error.expected(super::model::Model::NAMES.join(", ")))
            }
        }
    }
}

/// The value below which this share of the finite values above 0 is; 0 for none.
fn at_share(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut sorted: Vec<f64> = values.filter(|v| *v > 0.0 && v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

fn multipole(positions: &[[f64; 3]], wishes: &Wishes) -> Result<MultipoleGrid> {
    let column = |axis: usize| positions.iter().map(|p| p[axis]).collect::<Vec<f64>>();
    let Wishes { degree, order, symmetry, radii_kpc, knots } = *wishes;
    let grid = |[least_kpc, greatest_kpc]: [f64; 2]| {
        let steps = ((greatest_kpc / least_kpc).ln() / STEP).round() as usize;
        let knots = knots.unwrap_or(steps.clamp(*MULTIPOLE_KNOTS.start(), *MULTIPOLE_KNOTS.end()));
        MultipoleGrid { least_kpc, greatest_kpc, knots, degree, order, symmetry }
    };
    let grid = match radii_kpc {
        Some(radii) => grid(radii),
        None => {
            let ends = MultipoleGrid::from_sample(&column(0), &column(1), &column(2), *MULTIPOLE_KNOTS.start(), 0, Symmetry::Spherical)?;
            grid([ends.least_kpc, ends.greatest_kpc])
        }
    };
    grid.check().map(|()| grid)
}

fn cylindrical(positions: &[[f64; 3]], wishes: &Wishes) -> Result<CylindricalGrid> {
    let radii = || positions.iter().map(|p| p[0].hypot(p[1]));
    let radial_scale_kpc = at_share(radii(), 0.5) / HALF_OF_A_DISC;
    // Heights of what lies within the disc: stars far out say nothing about its thickness.
    let within = 4.0 * radial_scale_kpc;
    let height = at_share(positions.iter().filter(|p| p[0].hypot(p[1]) < within).map(|p| p[2].abs()), 0.5);
    let [flat, round] = FLATTENINGS.map(|share| share * radial_scale_kpc);
    let end = match wishes.radii_kpc {
        Some([_, greatest]) => greatest,
        None => at_share(radii(), INSIDE).clamp(DISC_ENDS[0] * radial_scale_kpc, DISC_ENDS[1] * radial_scale_kpc),
    };
    let grid = CylindricalGrid {
        radial_scale_kpc,
        vertical_scale_kpc: (CORE_OF_HEIGHT * height).clamp(flat, round),
        greatest_radius_kpc: end,
        greatest_height_kpc: end,
        radial_knots: wishes.knots.unwrap_or(DISC_KNOTS),
        vertical_knots: wishes.knots.unwrap_or(DISC_KNOTS),
        order: wishes.order,
        // A disc is never round: what does not depend on azimuth is all that can be left.
        symmetry: if wishes.symmetry == Symmetry::Spherical { Symmetry::Axisymmetric } else { wishes.symmetry },
    };
    grid.check().map(|()| grid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::random::Stream;

    fn disc(count: usize) -> Vec<[f64; 3]> {
        let mut stream = Stream::new(8, 0, 0);
        let mut one = || {
            let (r, phi) = (2.5 * (stream.exponential() + stream.exponential()), stream.uniform() * std::f64::consts::TAU);
            [r * phi.cos(), r * phi.sin(), 0.3 * stream.normal()]
        };
        (0..count).map(|_| one()).collect()
    }

    fn sample<'a>(places: impl Iterator<Item = &'a [f64; 3]>) -> Sample {
        let mut sample = Sample::default();
        places.for_each(|p| sample.offer(*p, 1.0));
        sample
    }

    const WISHES: Wishes = Wishes { degree: 6, order: 6, symmetry: Symmetry::None, radii_kpc: None, knots: None };

    #[test]
    fn order_does_not_matter_and_the_sample_is_fair() {
        let all = disc(3 * KEPT);
        let (forwards, backwards) = (sample(all.iter()), sample(all.iter().rev()));
        assert_eq!(forwards.len(), KEPT);
        assert_eq!(forwards.positions(), backwards.positions());
        let radius = |places: &[[f64; 3]]| places.iter().map(|p| p[0].hypot(p[1])).sum::<f64>() / places.len() as f64;
        assert!((radius(&forwards.positions()) / radius(&all) - 1.0).abs() < 0.015);
    }

    #[test]
    fn the_grid_of_a_disc_has_its_size() {
        let sample = sample(disc(20_000).iter());
        let Plan::Cylindrical(grid) = Sample::plan(&[&sample], "cylindrical", &WISHES).unwrap() else { panic!() };
        assert!((grid.radial_scale_kpc / 2.5 - 1.0).abs() < 0.03, "{grid:?}");
        // Half of a normal distribution lies within 0.6745 of its width.
        assert!((grid.vertical_scale_kpc / (0.3 * 0.6745 / 3.0) - 1.0).abs() < 0.05, "{grid:?}");
        assert!(grid.greatest_radius_kpc >= 20.0 && grid.greatest_radius_kpc < 22.0);
        let Plan::Multipole(grid) = Sample::plan(&[&sample], "multipole", &WISHES).unwrap() else { panic!() };
        assert!(grid.least_kpc < 0.3 && grid.greatest_kpc > 15.0 && (0.2..0.3).contains(&grid.spacing()), "{grid:?}");
        let given = Wishes { radii_kpc: Some([0.1, 300.0]), ..WISHES };
        let Plan::Multipole(grid) = Sample::plan(&[&sample], "multipole", &given).unwrap() else { panic!() };
        assert!((grid.least_kpc, grid.greatest_kpc, grid.knots) == (0.1, 300.0, 32));
        let Plan::SelfConsistentField(basis) = Sample::plan(&[&sample], "self_consistent_field", &WISHES).unwrap() else { panic!() };
        assert!((basis.scale_kpc - 2.5 * 1.678 / 2.414).abs() < 0.1, "{basis:?}");
    }

    #[test]
    fn what_makes_no_grid_is_refused() {
        let few = sample(disc(63).iter());
        assert!(Sample::plan(&[&few], "multipole", &WISHES).unwrap_err().to_string().contains("64 or more"));
        let point = sample([[1.0, 1.0, 1.0]; 100].iter());
        assert!(Sample::plan(&[&point], "multipole", &WISHES).is_err());
        let many = sample(disc(100).iter());
        assert!(Sample::plan(&[&many], "spline", &WISHES).unwrap_err().to_string().contains("cylindrical"));
        let high = Wishes { degree: 40, ..WISHES };
        assert!(Sample::plan(&[&many], "multipole", &high).unwrap_err().to_string().contains("32"));
        assert_eq!(sample([[0.0; 3]; 70].iter()).len(), 70);
    }
}
