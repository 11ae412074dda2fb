//! Actions of many stars by the Staeckel fudge, eight at once.
//!
//! Units      kpc, km/s; actions kpc km/s, frequencies km/s/kpc
//! Accuracy   see `staeckel`; the same bits for any number of threads
//! Edge cases unbound stars and NaN give NaN; L_z is always given
//! Cost       see the timing of the tests
//! See also   `staeckel`, `focal`

use super::focal::FocalLength;
use super::staeckel::{Cylindrical, Fudge, Nodes, fudge};
use crate::numeric::dispatch::{Kernel, fastest};
use crate::numeric::dual::Dual;
use crate::numeric::lanes::{LANES, Lanes};
use crate::orbits::batch::{Stars, each_block};
use crate::orbits::field::Field;

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
    /// Focal length used \[kpc\].
    pub focal_length: Vec<f64>,
}

struct Block<'a, F: ?Sized> {
    field: &'a F,
    focal: &'a FocalLength,
    nodes: &'a Nodes,
    stars: [Lanes; 6],
}

impl<F: Field<Lanes> + Field<Dual<Lanes, 1>>> Kernel for Block<'_, F> {
    type Answer = (Fudge<Lanes>, Lanes);
    #[inline(always)]
    fn run(self) -> Self::Answer {
        let star = Cylindrical::from_cartesian(self.stars);
        let delta = self.focal.of(self.field, star.r, star.z);
        (fudge(self.field, &star, delta, self.nodes), delta)
    }
}

/// Actions of all stars in an axisymmetric field.
pub fn actions<F: Field<Lanes> + Field<Dual<Lanes, 1>>>(field: &F, stars: &Stars, focal: &FocalLength, nodes: &Nodes) -> ActionColumns {
    let blocks = each_block(stars, |_, stars| fastest(Block { field, focal, nodes, stars }));
    let column = |value: fn(&(Fudge<Lanes>, Lanes)) -> Lanes| {
        let mut out: Vec<f64> = Vec::with_capacity(blocks.len() * LANES);
        for block in &blocks {
            out.extend(value(block).0);
        }
        out.truncate(stars.len());
        out
    };
    ActionColumns {
        radial: column(|b| b.0.actions.radial),
        azimuthal: column(|b| b.0.actions.azimuthal),
        vertical: column(|b| b.0.actions.vertical),
        frequencies: [column(|b| b.0.frequencies.radial), column(|b| b.0.frequencies.azimuthal), column(|b| b.0.frequencies.vertical)],
        energy: column(|b| b.0.energy),
        pericentre: column(|b| b.0.pericentre),
        apocentre: column(|b| b.0.apocentre),
        eccentricity: column(|b| b.0.eccentricity),
        z_max: column(|b| b.0.z_max),
        focal_length: column(|b| b.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::actions::focal::FocalTable;
    use crate::orbits::batch::tests::{some, view};
    use crate::orbits::field::{Gravity, sample::halo_and_disc};

    #[test]
    fn columns_have_the_values_of_single_stars_and_the_table_is_near_the_formula() {
        let (columns, model) = (some(203), halo_and_disc());
        let (stars, field) = (view(&columns), Gravity::new(&model));
        let nodes = Nodes::default();
        let fixed = actions(&field, &stars, &FocalLength::Fixed(3.0), &nodes);
        assert_eq!(fixed.radial.len(), 203);
        for star in [0, 100, 202] {
            let one = fudge(&field, &Cylindrical::from_cartesian(stars.state(star).to_array()), 3.0, &nodes);
            assert_eq!((one.actions.radial, one.actions.vertical), (fixed.radial[star], fixed.vertical[star]));
        }
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

    #[test]
    #[ignore = "a timing, not a check"]
    fn time_of_a_star() {
        let (columns, model) = (some(100_000), halo_and_disc());
        let (stars, field) = (view(&columns), Gravity::new(&model));
        let table = FocalLength::Table(FocalTable::new(&field, 0.1, 100.0).unwrap());
        for (name, focal) in [("fixed", &FocalLength::Fixed(3.2)), ("table", &table), ("local", &FocalLength::Local)] {
            let clock = std::time::Instant::now();
            let out = actions(&field, &stars, focal, &Nodes::default());
            let time = clock.elapsed();
            println!("{name}: {:.1} ns a star, mean J_R {}", time.as_nanos() as f64 / 1e5, out.radial.iter().sum::<f64>() / 1e5);
        }
    }

    #[test]
    #[ignore = "leaves a file for tests/peers/orbits.py in SPOLIA_KEEP_ORBITS"]
    fn written_for_peers() {
        use crate::orbits::batch::adaptive_orbits;
        use crate::orbits::integrate::{Adaptive, Tolerance};
        use std::fmt::Write;
        let Some(folder) = std::env::var_os("SPOLIA_KEEP_ORBITS") else { return };
        let (columns, model) = (some(1000), halo_and_disc());
        let (stars, field) = (view(&columns), Gravity::new(&model));
        let tolerance = Tolerance { relative: 1e-12, position_kpc: 1e-12, velocity_kms: 1e-10, ..Default::default() };
        let orbits = adaptive_orbits(&field, &stars, Adaptive::Dop853, 0.0, &[1.0], &tolerance).unwrap();
        let all = actions(&field, &stars, &FocalLength::Fixed(3.2), &Nodes::default());
        let mut text = String::from("x,y,z,vx,vy,vz,x1,y1,z1,vx1,vy1,vz1,jr,lz,jz,omega_r,omega_phi,omega_z\n");
        for star in 0..stars.len() {
            let end = orbits.state(star, 0).unwrap().to_array();
            let [a, b, c] = [0, 1, 2].map(|i: usize| all.frequencies[i][star]);
            let rest = [all.radial[star], all.azimuthal[star], all.vertical[star], a, b, c];
            let row: Vec<String> = stars.state(star).to_array().iter().chain(&end).chain(&rest).map(|v| format!("{v:e}")).collect();
            writeln!(text, "{}", row.join(",")).unwrap();
        }
        std::fs::write(std::path::Path::new(&folder).join("orbits.csv"), text).unwrap();
    }
}
