//! Gravity of one tree on the particles of another: near cells one by one, far cells by their moments.
//!
//! Formula    a = -G M x/s^3 + (G/2) [6 S x/s^5 + 3 tr(S) x/s^5 - 15 (x S x) x/s^7],  s^2 = |x|^2 + eps_t^2 + eps_s^2
//! Units      kpc, km/s, Msun: acceleration (km/s)^2/kpc, potential (km/s)^2
//! Source     Barnes & Hut 1986; groups of targets share one list as in Barnes 1990, J. Comput. Phys. 87, 161
//! Accuracy   opening 0.8: relative error of the acceleration median 0.2%, 99% below 1% in a disc galaxy (test below); sums in f32 about the group's centre
//! Edge cases a particle does not pull itself; the same bits for any number of threads (each target is summed in tree order)
//! Cost       about 2 ns per interaction, about 1000 of them per target
//! See also   `nbody::tree`, `nbody::softening::direct_sum`

use rayon::prelude::*;

use super::tree::Tree;
use crate::constants::GRAVITY_KPC_KMS2_MSUN;

/// Targets that share one interaction list.
const GROUP_PARTICLES: u32 = 64;

/// Sources that are summed side by side (two SSE or one AVX register of f32); fixed, so that every machine adds in one order.
const LANES: usize = 8;

/// Field at every particle of a target tree, in the caller's original order.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// Acceleration [(km/s)^2/kpc].
    pub acceleration: Vec<[f64; 3]>,
    /// Potential [(km/s)^2].
    pub potential: Vec<f64>,
    /// Interactions that were summed, for the cost report.
    pub interactions: u64,
}

/// Sources of one group, by component, relative to the group's centre.
#[derive(Default)]
struct Sources {
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    mass: Vec<f32>,
}

impl Sources {
    fn clear(&mut self) {
        self.x.clear();
        self.y.clear();
        self.z.clear();
        self.mass.clear();
    }

    fn push(&mut self, offset: [f64; 3], mass: f64) {
        self.x.push(offset[0] as f32);
        self.y.push(offset[1] as f32);
        self.z.push(offset[2] as f32);
        self.mass.push(mass as f32);
    }

    /// Fills the last register with massless sources.
    fn pad(&mut self) {
        while !self.x.len().is_multiple_of(LANES) {
            self.push([1.0; 3], 0.0);
        }
    }
}

/// Interaction lists of one group.
#[derive(Default)]
struct Lists {
    near: Sources,
    far: Sources,
    /// xx, yy, zz, xy, xz, yz of the far cells.
    moments: [Vec<f32>; 6],
}

/// Acceleration and potential at one particle.
type Pull = ([f64; 3], f64);

/// Sums the field of all `sources` at the particles of `targets`.
///
/// `opening` is the largest reach / distance at which a cell counts as far (0.5 to 0.9 are sensible; 0 sums every pair).
pub fn gravity(sources: &[&Tree], targets: &Tree, opening: f64) -> Field {
    let groups = target_groups(targets);
    let parts: Vec<(Vec<Pull>, u64)> =
        groups.par_iter().map_init(Lists::default, |lists, &group| group_field(sources, targets, group, opening, lists)).collect();
    let mut field = Field { acceleration: vec![[0.0; 3]; targets.len()], potential: vec![0.0; targets.len()], interactions: 0 };
    for (&(first, _), (values, interactions)) in groups.iter().zip(&parts) {
        field.interactions += interactions;
        for (place, (acceleration, potential)) in values.iter().enumerate() {
            let index = targets.order[first as usize + place] as usize;
            field.acceleration[index] = *acceleration;
            field.potential[index] = *potential;
        }
    }
    field
}

/// Largest cells with few enough particles: (first, node).
fn target_groups(tree: &Tree) -> Vec<(u32, u32)> {
    let mut groups = Vec::with_capacity(tree.len() / 8 + 1);
    let mut place = 0;
    while let Some(node) = tree.nodes.get(place) {
        if node.count <= GROUP_PARTICLES || node.skip as usize == place + 1 {
            groups.push((node.first, place as u32));
            place = node.skip as usize;
        } else {
            place += 1;
        }
    }
    groups
}

fn group_field(sources: &[&Tree], targets: &Tree, group: (u32, u32), opening: f64, lists: &mut Lists) -> (Vec<([f64; 3], f64)>, u64) {
    let node = &targets.nodes[group.1 as usize];
    let (first, end) = (node.first as usize, (node.first + node.count) as usize);
    let mut values = vec![([0.0; 3], 0.0); end - first];
    let mut interactions = 0;
    for source in sources {
        collect(source, node.centre, node.reach, opening, lists);
        interactions += ((end - first) * (lists.near.x.len() + lists.far.x.len())) as u64;
        let softening2 = targets.softening_kpc.powi(2) + source.softening_kpc.powi(2);
        // The list holds the particle itself when a tree attracts its own particles: no force, but a potential to take back.
        let own = std::ptr::eq(*source, targets);
        lists.near.pad();
        lists.far.pad();
        for moment in &mut lists.moments {
            moment.resize(lists.far.x.len(), 0.0);
        }
        for place in first..end {
            let p = targets.position[place];
            let at = [(p[0] - node.centre[0]) as f32, (p[1] - node.centre[1]) as f32, (p[2] - node.centre[2]) as f32];
            let sum = sum_lists(at, lists, softening2 as f32);
            let value = &mut values[place - first];
            let back = if own { targets.mass[place] / softening2.sqrt() } else { 0.0 };
            for axis in 0..3 {
                value.0[axis] += GRAVITY_KPC_KMS2_MSUN * f64::from(sum[axis]);
            }
            value.1 += GRAVITY_KPC_KMS2_MSUN * (f64::from(sum[3]) + back);
        }
    }
    (values, interactions)
}

/// Walks the tree once for a group: far cells to `far`, particles of opened leaves to `near`.
fn collect(source: &Tree, centre: [f64; 3], group_reach: f64, opening: f64, lists: &mut Lists) {
    lists.near.clear();
    lists.far.clear();
    lists.moments.iter_mut().for_each(Vec::clear);
    let mut place = 0;
    while let Some(node) = source.nodes.get(place) {
        let d = [node.centre[0] - centre[0], node.centre[1] - centre[1], node.centre[2] - centre[2]];
        let distance = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt() - group_reach;
        let leaf = node.skip as usize == place + 1;
        if node.reach < opening * distance && node.count > 1 {
            lists.far.push(d, node.mass);
            for (list, moment) in lists.moments.iter_mut().zip(node.moment) {
                list.push(moment as f32);
            }
            place = node.skip as usize;
        } else if leaf {
            for i in node.first as usize..(node.first + node.count) as usize {
                let p = source.position[i];
                lists.near.push([p[0] - centre[0], p[1] - centre[1], p[2] - centre[2]], source.mass[i]);
            }
            place += 1;
        } else {
            place += 1;
        }
    }
}

/// One register-wide sum.
type Lane = [f32; LANES];

/// Near and far sums with the widest registers of this processor; the arithmetic, and so every bit, is the same with any.
fn sum_lists(at: [f32; 3], lists: &Lists, softening2: f32) -> [f32; 4] {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor was just found to have AVX2, the only requirement of the function.
        return unsafe { sum_lists_avx2(at, lists, softening2) };
    }
    sum_lists_portable(at, lists, softening2)
}

/// The portable sum compiled for AVX2 (fused multiply-add stays off: it would round differently).
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sum_lists_avx2(at: [f32; 3], lists: &Lists, softening2: f32) -> [f32; 4] {
    sum_lists_portable(at, lists, softening2)
}

#[inline(always)]
fn sum_lists_portable(at: [f32; 3], lists: &Lists, softening2: f32) -> [f32; 4] {
    let near = sum_near(at, &lists.near, softening2);
    let far = sum_far(at, &lists.far, &lists.moments, softening2);
    [0, 1, 2, 3].map(|i| near[i] + far[i])
}

/// Acceleration and potential (without G) of single particles at `at`.
#[inline(always)]
fn sum_near(at: [f32; 3], sources: &Sources, softening2: f32) -> [f32; 4] {
    let (mut ax, mut ay, mut az, mut phi): (Lane, Lane, Lane, Lane) = Default::default();
    let blocks = sources.x.as_chunks().0.iter().zip(sources.y.as_chunks().0).zip(sources.z.as_chunks().0).zip(sources.mass.as_chunks().0);
    for (((x, y), z), mass) in blocks {
        let (x, y, z, mass): (&Lane, &Lane, &Lane, &Lane) = (x, y, z, mass);
        for lane in 0..LANES {
            let (dx, dy, dz) = (x[lane] - at[0], y[lane] - at[1], z[lane] - at[2]);
            let inverse = 1.0 / (dx * dx + dy * dy + dz * dz + softening2).sqrt();
            let pull = mass[lane] * inverse;
            let factor = pull * inverse * inverse;
            ax[lane] += factor * dx;
            ay[lane] += factor * dy;
            az[lane] += factor * dz;
            phi[lane] -= pull;
        }
    }
    [fold(ax), fold(ay), fold(az), fold(phi)]
}

/// Acceleration and potential (without G) of cells with their second moments at `at`.
#[inline(always)]
fn sum_far(at: [f32; 3], sources: &Sources, moments: &[Vec<f32>; 6], softening2: f32) -> [f32; 4] {
    let (mut ax, mut ay, mut az, mut phi): (Lane, Lane, Lane, Lane) = Default::default();
    let moments = moments.each_ref().map(|m| m.as_chunks().0);
    let blocks = sources.x.as_chunks().0.iter().zip(sources.y.as_chunks().0).zip(sources.z.as_chunks().0).zip(sources.mass.as_chunks().0);
    for (block, (((x, y), z), mass)) in blocks.enumerate() {
        let (x, y, z, mass): (&Lane, &Lane, &Lane, &Lane) = (x, y, z, mass);
        let [xx, yy, zz, xy, xz, yz]: [&Lane; 6] = moments.map(|m| &m[block]);
        for lane in 0..LANES {
            // d points from the target to the cell: the field of the formula block with x = -d.
            let (dx, dy, dz) = (x[lane] - at[0], y[lane] - at[1], z[lane] - at[2]);
            let inverse = 1.0 / (dx * dx + dy * dy + dz * dz + softening2).sqrt();
            let inverse2 = inverse * inverse;
            let inverse3 = inverse * inverse2;
            let inverse5 = inverse3 * inverse2;
            let trace = xx[lane] + yy[lane] + zz[lane];
            let qx = xx[lane] * dx + xy[lane] * dy + xz[lane] * dz;
            let qy = xy[lane] * dx + yy[lane] * dy + yz[lane] * dz;
            let qz = xz[lane] * dx + yz[lane] * dy + zz[lane] * dz;
            let stretch = dx * qx + dy * qy + dz * qz;
            let factor = mass[lane] * inverse3 - 1.5 * trace * inverse5 + 7.5 * stretch * inverse5 * inverse2;
            ax[lane] += factor * dx - 3.0 * qx * inverse5;
            ay[lane] += factor * dy - 3.0 * qy * inverse5;
            az[lane] += factor * dz - 3.0 * qz * inverse5;
            phi[lane] -= mass[lane] * inverse + 1.5 * stretch * inverse5 - 0.5 * trace * inverse3;
        }
    }
    [fold(ax), fold(ay), fold(az), fold(phi)]
}

/// Adds the lanes in a fixed order.
#[inline(always)]
fn fold(lanes: Lane) -> f32 {
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nbody::softening::{direct_sum, pair_softening2};
    use crate::numeric::random::Stream;

    /// A centrally concentrated ball and a thin disc of test particles in it.
    fn cloud(n: u64, scale: f64, flat: f64) -> Vec<[f64; 3]> {
        (0..n)
            .map(|i| {
                let mut s = Stream::new(5, 0, i);
                let u = s.uniform().max(1e-4) * 0.99;
                let r = scale * u.sqrt() / (1.0 - u.sqrt());
                let d = s.direction();
                [r * d[0], r * d[1], r * d[2] * flat]
            })
            .collect()
    }

    fn relative_errors(field: &Field, reference: &[([f64; 3], f64)]) -> Vec<f64> {
        let mut errors: Vec<f64> = field
            .acceleration
            .iter()
            .zip(reference)
            .map(|(a, (b, _))| {
                let off: f64 = (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt();
                off / b.iter().map(|v| v * v).sum::<f64>().sqrt()
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        errors
    }

    #[test]
    fn force_errors_against_the_direct_sum() {
        let points = cloud(6000, 20.0, 1.0);
        let masses: Vec<f64> = (0..6000).map(|i| 1e7 * (1.0 + (i % 5) as f64)).collect();
        let disc = cloud(3000, 2.0, 0.05);
        let weights = vec![1.2e7; disc.len()];
        let halo = Tree::build(&points, &masses, 1.0).unwrap();
        let stars = Tree::build(&disc, &weights, 0.3).unwrap();
        for (name, at, target, softening) in [("halo", &points, &halo, 1.0), ("disc", &disc, &stars, 0.3)] {
            let field = gravity(&[&halo, &stars], target, 0.8);
            let mut reference = direct_sum(at, &points, &masses, pair_softening2(softening, 1.0));
            for (sum, part) in reference.iter_mut().zip(direct_sum(at, &disc, &weights, pair_softening2(softening, 0.3))) {
                *sum = ([0, 1, 2].map(|k| sum.0[k] + part.0[k]), sum.1 + part.1);
            }
            let errors = relative_errors(&field, &reference);
            let (median, high) = (errors[errors.len() / 2], errors[errors.len() * 99 / 100]);
            println!("{name}: median {median:.2e}, 99% {high:.2e}, {} interactions per target", field.interactions / at.len() as u64);
            assert!(median < 0.005 && high < 0.02, "{name}: median {median}, 99% {high}");
            let worst = field.potential.iter().zip(&reference).map(|(p, r)| ((p - r.1) / r.1).abs()).fold(0.0, f64::max);
            assert!(worst < 5e-3, "potential off by {worst}");
        }
    }

    #[test]
    fn opening_zero_is_the_direct_sum_to_f32() {
        let points = cloud(300, 5.0, 0.5);
        let masses = vec![1e8; 300];
        let tree = Tree::build(&points, &masses, 0.2).unwrap();
        let field = gravity(&[&tree], &tree, 0.0);
        let reference = direct_sum(&points, &points, &masses, pair_softening2(0.2, 0.2));
        let errors = relative_errors(&field, &reference);
        assert!(errors[299] < 1e-4, "{}", errors[299]);
        let worst = field.potential.iter().zip(&reference).map(|(p, r)| ((p - r.1) / r.1).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-5, "{worst}");
    }

    #[test]
    fn momentum_is_conserved_to_the_force_error() {
        let points = cloud(4000, 10.0, 0.7);
        let masses = vec![1e7; 4000];
        let tree = Tree::build(&points, &masses, 0.5).unwrap();
        let field = gravity(&[&tree], &tree, 0.7);
        let mut sum = [0.0; 3];
        let mut size = 0.0;
        for a in &field.acceleration {
            for k in 0..3 {
                sum[k] += a[k];
            }
            size += a.iter().map(|v| v * v).sum::<f64>().sqrt();
        }
        let net = sum.iter().map(|v| v * v).sum::<f64>().sqrt() / size;
        println!("net force / sum of forces = {net:.2e}");
        assert!(net < 1e-3, "{net}");
    }

    #[test]
    fn same_bits_for_any_number_of_threads() {
        let points = cloud(3000, 10.0, 0.3);
        let tree = Tree::build(&points, &vec![1e7; 3000], 0.5).unwrap();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| gravity(&[&tree], &tree, 0.7)).acceleration
        };
        assert_eq!(run(1), run(3));
    }
}
