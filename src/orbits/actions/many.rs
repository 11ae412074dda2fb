//! Actions of many stars by the Staeckel fudge or in a sphere, eight at once, with angles where these are asked for.
//!
//! Units      kpc, km/s; actions kpc km/s, frequencies km/s/kpc
//! Accuracy   see `staeckel`; the same bits for any number of threads
//! Edge cases unbound stars and NaN give NaN; L_z is always given
//! Cost       see the timing of the tests
//! See also   `staeckel`, `staeckel_angles`, `spherical`, `focal`

use super::focal::FocalLength;
use super::isochrone::Angles;
use super::spherical::{SphericalNodes, SphericalOrbit, spherical};
use super::staeckel::{Axis, Cylindrical, Fudge, Nodes, solve};
use super::staeckel_angles::{AngleNodes, with_angles};
use crate::numeric::dispatch::{Kernel, fastest};
use crate::numeric::dual::Dual;
use crate::numeric::lanes::{LANES, Lanes};
use crate::orbits::batch::{Stars, each_block};
use crate::orbits::field::Field;
use crate::orbits::integrate::State;

/// Actions, frequencies and extents of stars, as columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActionColumns {
    /// J_R \[kpc km/s\].
    pub radial: Vec<f64>,
    /// L_z \[kpc km/s\].
    pub azimuthal: Vec<f64>,
    /// J_z \[kpc km/s\].
    pub vertical: Vec<f64>,
    /// Frequencies of the three \[km/s/kpc\].
    pub frequencies: [Vec<f64>; 3],
    /// Energy \[(km/s)^2\].
    pub energy: Vec<f64>,
    /// Pericentre \[kpc\].
    pub pericentre: Vec<f64>,
    /// Apocentre \[kpc\].
    pub apocentre: Vec<f64>,
    /// Eccentricity.
    pub eccentricity: Vec<f64>,
    /// Greatest height \[kpc\].
    pub z_max: Vec<f64>,
    /// Focal length used \[kpc\]; empty for spheres.
    pub focal_length: Vec<f64>,
    /// Angles of the three \[rad\]; empty where they were not asked for.
    pub angles: [Vec<f64>; 3],
}

struct Block<'a, F: ?Sized> {
    field: &'a F,
    focal: &'a FocalLength,
    nodes: &'a Nodes,
    up_to_star: Option<&'a AngleNodes>,
    axis: Axis,
    stars: [Lanes; 6],
}

/// What the fudge gives, the focal length, the angles, and which stars come near the axis.
struct Answer {
    found: Fudge<Lanes>,
    delta: Lanes,
    angles: Option<Angles<Lanes>>,
    near_axis: Lanes,
}

impl<F: Field<Lanes> + Field<Dual<Lanes, 1>>> Kernel for Block<'_, F> {
    type Answer = Answer;
    #[inline(always)]
    fn run(self) -> Self::Answer {
        let star = Cylindrical::from_cartesian(self.stars);
        let delta = self.focal.of(self.field, star.r, star.z);
        match self.up_to_star {
            None => {
                let all = solve(self.field, &star, delta, self.nodes, self.axis);
                Answer { found: all.fudge(&star), delta, angles: None, near_axis: all.near_axis }
            }
            Some(up_to_star) => {
                let (found, angles, near_axis) = with_angles(self.field, self.stars, delta, self.nodes, up_to_star, self.axis);
                Answer { found, delta, angles: Some(angles), near_axis }
            }
        }
    }
}

struct Sphere<'a, F: ?Sized> {
    field: &'a F,
    nodes: &'a SphericalNodes,
    with_angles: bool,
    stars: [Lanes; 6],
}

impl<F: Field<Lanes> + Field<Dual<Lanes, 1>>> Kernel for Sphere<'_, F> {
    type Answer = SphericalOrbit<Lanes>;
    #[inline(always)]
    fn run(self) -> Self::Answer {
        spherical::<Lanes, F>(self.field, &State::from_array(self.stars), self.nodes, self.with_angles)
    }
}

/// Values of all blocks one after the other.
fn column<B>(blocks: &[B], count: usize, value: impl Fn(&B) -> Lanes) -> Vec<f64> {
    let mut out: Vec<f64> = Vec::with_capacity(blocks.len() * LANES);
    for block in blocks {
        out.extend(value(block).0);
    }
    out.truncate(count);
    out
}

/// Actions of all stars in an axisymmetric field.
pub fn actions<F: Field<Lanes> + Field<Dual<Lanes, 1>>>(field: &F, stars: &Stars, focal: &FocalLength, nodes: &Nodes) -> ActionColumns {
    in_two_passes(field, stars, focal, nodes, None)
}

/// Actions and angles of all stars in an axisymmetric field.
pub fn actions_with_angles<F: Field<Lanes> + Field<Dual<Lanes, 1>>>(
    field: &F,
    stars: &Stars,
    focal: &FocalLength,
    nodes: &Nodes,
) -> ActionColumns {
    in_two_passes(field, stars, focal, nodes, Some(&AngleNodes::default()))
}

/// All stars without the nodes near the axis, and then those again that need them, among themselves.
fn in_two_passes<F: Field<Lanes> + Field<Dual<Lanes, 1>>>(
    field: &F,
    stars: &Stars,
    focal: &FocalLength,
    nodes: &Nodes,
    up_to_star: Option<&AngleNodes>,
) -> ActionColumns {
    let pass = |stars: &Stars, axis| {
        let blocks = each_block(stars, |_, stars| fastest(Block { field, focal, nodes, up_to_star, axis, stars }));
        let near = column(&blocks, stars.len(), |b| b.near_axis);
        (columns(&blocks, stars.len(), up_to_star.is_some()), near)
    };
    let (mut all, near) = pass(stars, Axis::Postponed);
    let again: Vec<usize> = near.iter().enumerate().filter(|(_, near)| **near > 0.0).map(|(star, _)| star).collect();
    let some: [Vec<f64>; 6] = stars.columns().map(|column| again.iter().filter_map(|&star| column.get(star).copied()).collect());
    let Ok(some) = Stars::new(std::array::from_fn(|i| some[i].as_slice())) else { return all };
    let (found, _) = pass(&some, Axis::Treated);
    for (column, values) in all.all_mut().into_iter().zip(found.all()) {
        for (&star, &value) in again.iter().zip(values) {
            if let Some(place) = column.get_mut(star) {
                *place = value;
            }
        }
    }
    all
}

impl ActionColumns {
    fn all(&self) -> [&Vec<f64>; 15] {
        let [a, b, c] = &self.frequencies;
        let [d, e, f] = &self.angles;
        let (jr, lz, jz, energy) = (&self.radial, &self.azimuthal, &self.vertical, &self.energy);
        let (near, far, shape, top) = (&self.pericentre, &self.apocentre, &self.eccentricity, &self.z_max);
        [jr, lz, jz, a, b, c, energy, near, far, shape, top, &self.focal_length, d, e, f]
    }

    /// In the order of `all`.
    fn all_mut(&mut self) -> [&mut Vec<f64>; 15] {
        let [a, b, c] = &mut self.frequencies;
        let [d, e, f] = &mut self.angles;
        let (jr, lz, jz, energy) = (&mut self.radial, &mut self.azimuthal, &mut self.vertical, &mut self.energy);
        let (near, far, shape, top) = (&mut self.pericentre, &mut self.apocentre, &mut self.eccentricity, &mut self.z_max);
        [jr, lz, jz, a, b, c, energy, near, far, shape, top, &mut self.focal_length, d, e, f]
    }
}

fn columns(blocks: &[Answer], count: usize, with_angles: bool) -> ActionColumns {
    let column = |value: fn(&Answer) -> Lanes| column(blocks, count, value);
    let nothing = Lanes([f64::NAN; LANES]);
    let angle = |value: fn(&Angles<Lanes>) -> Lanes| self::column(blocks, count, |b| b.angles.as_ref().map_or(nothing, value));
    ActionColumns {
        radial: column(|b| b.found.actions.radial),
        azimuthal: column(|b| b.found.actions.azimuthal),
        vertical: column(|b| b.found.actions.vertical),
        frequencies: [
            column(|b| b.found.frequencies.radial),
            column(|b| b.found.frequencies.azimuthal),
            column(|b| b.found.frequencies.vertical),
        ],
        energy: column(|b| b.found.energy),
        pericentre: column(|b| b.found.pericentre),
        apocentre: column(|b| b.found.apocentre),
        eccentricity: column(|b| b.found.eccentricity),
        z_max: column(|b| b.found.z_max),
        focal_length: column(|b| b.delta),
        angles: if with_angles { [angle(|a| a.radial), angle(|a| a.azimuthal), angle(|a| a.vertical)] } else { Default::default() },
    }
}

/// Actions of all stars in a field that is spherical around the origin, exactly; with angles where asked for.
pub fn spherical_actions<F: Field<Lanes> + Field<Dual<Lanes, 1>>>(
    field: &F,
    stars: &Stars,
    nodes: &SphericalNodes,
    with_angles: bool,
) -> ActionColumns {
    let blocks = each_block(stars, |_, stars| fastest(Sphere { field, nodes, with_angles, stars }));
    let column = |value: fn(&SphericalOrbit<Lanes>) -> Lanes| column(&blocks, stars.len(), value);
    ActionColumns {
        radial: column(|b| b.actions.radial),
        azimuthal: column(|b| b.actions.azimuthal),
        vertical: column(|b| b.actions.vertical),
        frequencies: [column(|b| b.frequencies.radial), column(|b| b.frequencies.azimuthal), column(|b| b.frequencies.vertical)],
        energy: column(|b| b.energy),
        pericentre: column(|b| b.pericentre),
        apocentre: column(|b| b.apocentre),
        eccentricity: column(|b| b.eccentricity),
        z_max: column(|b| b.z_max),
        focal_length: Vec::new(),
        angles: if with_angles {
            [column(|b| b.angles.radial), column(|b| b.angles.azimuthal), column(|b| b.angles.vertical)]
        } else {
            Default::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::actions::focal::FocalTable;
    use crate::orbits::actions::staeckel::fudge;
    use crate::orbits::batch::tests::{some, view};
    use crate::orbits::field::{Gravity, sample::halo_and_disc};

    #[test]
    fn columns_have_the_values_of_single_stars_and_the_table_is_near_the_formula() {
        let (mut columns, model) = (some(203), halo_and_disc());
        for star in 40..60 {
            // Nearly straight through the axis.
            (columns[3][star], columns[4][star]) = (10.0 * columns[0][star], 10.0 * columns[1][star] + 3.0);
        }
        let (stars, field) = (view(&columns), Gravity::new(&model));
        let nodes = Nodes::default();
        let fixed = actions(&field, &stars, &FocalLength::Fixed(3.0), &nodes);
        assert_eq!(fixed.radial.len(), 203);
        for star in [0, 100, 202] {
            let one = fudge(&field, &Cylindrical::from_cartesian(stars.state(star).to_array()), 3.0, &nodes);
            assert_eq!((one.actions.radial, one.actions.vertical), (fixed.radial[star], fixed.vertical[star]));
        }
        // Stars near the axis, which are done again among themselves, have the bits of themselves alone too.
        let near = (0..203).filter(|&star| fixed.pericentre[star] < 0.05 * fixed.apocentre[star]).collect::<Vec<_>>();
        println!("{} of 203 come near the axis", near.len());
        assert!(near.len() > 8);
        for star in near.into_iter().filter(|&star| fixed.radial[star].is_finite()) {
            let one = fudge(&field, &Cylindrical::from_cartesian(stars.state(star).to_array()), 3.0, &nodes);
            assert_eq!((one.actions.radial, one.actions.vertical), (fixed.radial[star], fixed.vertical[star]));
            assert_eq!((one.frequencies.vertical, one.z_max), (fixed.frequencies[2][star], fixed.z_max[star]));
        }
        let turning = actions_with_angles(&field, &stars, &FocalLength::Fixed(3.0), &nodes);
        assert_eq!(turning.radial[3].to_bits(), fixed.radial[3].to_bits());
        assert_eq!((fixed.angles[0].len(), turning.angles[2].len()), (0, 203));
        let sphere = spherical_actions(&field, &stars, &SphericalNodes::default(), true);
        let one = spherical::<f64, _>(&field, &stars.state(202), &SphericalNodes::default(), true);
        assert_eq!((sphere.radial[202], sphere.angles[1][202]), (one.actions.radial, one.angles.azimuthal));
        let local = actions(&field, &stars, &FocalLength::Local, &nodes);
        let table = actions(&field, &stars, &FocalLength::Table(FocalTable::new(&field, 0.1, 100.0).unwrap()), &nodes);
        let mut worst = 0.0f64;
        for star in 0..203 {
            let total = local.radial[star] + local.vertical[star] + local.azimuthal[star].abs();
            if total.is_finite() {
                worst = worst.max((local.radial[star] - table.radial[star]).abs() / total);
            }
        }
        println!("table against formula: {worst:e} of the sum of the actions");
        assert!(worst < 3e-3);
    }
}
