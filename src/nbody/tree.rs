//! Octree over particles in space-filling order, with the second moments of every cell.
//!
//! Formula    mass, centre of mass, S_ij = sum m d_i d_j about it, reach = largest distance of a member from it
//! Layout     nodes in depth-first order; `skip` is the next node that is not inside; particles sorted by Morton key
//! Units      kpc, Msun
//! Source     Barnes & Hut 1986, Nature 324, 446; keys: Morton 1966
//! Refuses    lengths that differ, a position or mass that is not finite, a softening that is not positive
//! Edge cases coincident particles share a leaf however many they are; no particles: no nodes
//! Cost       one sort; about 0.1 us per particle
//! See also   `nbody::gravity` walks it

use crate::error::{Error, ErrorKind, Result};

/// Bits of a Morton key per axis: three of them fill a u64.
const KEY_BITS: u32 = 21;

/// Leaves hold at most this many particles, unless they coincide.
const LEAF_PARTICLES: usize = 8;

/// One cell.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) centre: [f64; 3],
    pub(crate) mass: f64,
    /// xx, yy, zz, xy, xz, yz about the centre of mass.
    pub(crate) moment: [f64; 6],
    pub(crate) reach: f64,
    pub(crate) first: u32,
    pub(crate) count: u32,
    pub(crate) skip: u32,
}

/// Particles of one kind (one softening), ready to attract and to be attracted.
#[derive(Clone, Debug)]
pub struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// Sorted place -> index in the caller's arrays.
    pub(crate) order: Vec<u32>,
    pub(crate) position: Vec<[f64; 3]>,
    pub(crate) mass: Vec<f64>,
    pub(crate) softening_kpc: f64,
}

/// Spreads the low 21 bits of `value` so that two zero bits follow each.
fn spread_bits(value: u64) -> u64 {
    let mut v = value & 0x1f_ffff;
    v = (v | v << 32) & 0x1f_0000_0000_ffff;
    v = (v | v << 16) & 0x1f_0000_ff00_00ff;
    v = (v | v << 8) & 0x100f_00f0_0f00_f00f;
    v = (v | v << 4) & 0x10c3_0c30_c30c_30c3;
    (v | v << 2) & 0x1249_2492_4924_9249
}

impl Tree {
    /// Sorts the particles and sums the moments. `mass_msun` may hold zeros (test particles).
    pub fn build(position_kpc: &[[f64; 3]], mass_msun: &[f64], softening_kpc: f64) -> Result<Tree> {
        if position_kpc.len() != mass_msun.len() || position_kpc.len() >= u32::MAX as usize {
            return Err(Error::new(ErrorKind::Mismatch, "positions and masses differ in length")
                .expected(format!("{} masses", position_kpc.len()))
                .found(mass_msun.len().to_string()));
        }
        if !(softening_kpc > 0.0 && softening_kpc.is_finite()) {
            return Err(Error::new(ErrorKind::Domain, "the softening must be positive").found(format!("{softening_kpc} kpc")));
        }
        let mut low = [f64::INFINITY; 3];
        let mut high = [f64::NEG_INFINITY; 3];
        for (index, (p, m)) in position_kpc.iter().zip(mass_msun).enumerate() {
            if !(p[0].is_finite() && p[1].is_finite() && p[2].is_finite() && m.is_finite()) {
                return Err(Error::new(ErrorKind::Domain, "a particle's position or mass is not finite").at(format!("particle {index}")));
            }
            for axis in 0..3 {
                low[axis] = low[axis].min(p[axis]);
                high[axis] = high[axis].max(p[axis]);
            }
        }
        let side = (0..3).map(|axis| high[axis] - low[axis]).fold(0.0, f64::max);
        let scale = if side > 0.0 { ((1u64 << KEY_BITS) - 1) as f64 / side } else { 0.0 };
        let mut keys: Vec<(u64, u32)> = position_kpc
            .iter()
            .enumerate()
            .map(|(index, p)| {
                let bits = |axis: usize| spread_bits(((p[axis] - low[axis]) * scale) as u64);
                (bits(0) << 2 | bits(1) << 1 | bits(2), index as u32)
            })
            .collect();
        keys.sort_unstable();
        let order: Vec<u32> = keys.iter().map(|k| k.1).collect();
        let mut tree = Tree {
            nodes: Vec::with_capacity(keys.len() / 4 + 1),
            position: order.iter().map(|&i| position_kpc[i as usize]).collect(),
            mass: order.iter().map(|&i| mass_msun[i as usize]).collect(),
            order,
            softening_kpc,
        };
        if !keys.is_empty() {
            tree.split(&keys, 0, keys.len(), KEY_BITS);
        }
        Ok(tree)
    }

    /// Number of particles.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether it holds no particle.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Total mass \[Msun\].
    pub fn mass_msun(&self) -> f64 {
        self.nodes.first().map_or(0.0, |root| root.mass)
    }

    /// Appends the cell of particles `first..end` and everything inside.
    fn split(&mut self, keys: &[(u64, u32)], first: usize, end: usize, level: u32) {
        let place = self.nodes.len();
        self.nodes.push(Node {
            centre: [0.0; 3],
            mass: 0.0,
            moment: [0.0; 6],
            reach: 0.0,
            first: first as u32,
            count: (end - first) as u32,
            skip: 0,
        });
        // A cell whose particles all fall in one octant is not worth a node of its own: go down until they part.
        let mut level = level;
        while level > 0 && end - first > LEAF_PARTICLES {
            let shift = 3 * (level - 1);
            if keys[first].0 >> shift != keys[end - 1].0 >> shift {
                break;
            }
            level -= 1;
        }
        if level > 0 && end - first > LEAF_PARTICLES {
            let shift = 3 * (level - 1);
            let mut start = first;
            while start < end {
                let octant = keys[start].0 >> shift;
                let stop = start + keys[start..end].partition_point(|k| k.0 >> shift == octant);
                self.split(keys, start, stop, level - 1);
                start = stop;
            }
        }
        self.nodes[place].skip = self.nodes.len() as u32;
        self.sum_node(place);
    }

    /// Puts the particles where they are now (caller's order) without sorting them again: cells overlap a little, the moments are exact.
    pub fn follow(&mut self, position_kpc: &[[f64; 3]]) {
        for (place, &index) in self.position.iter_mut().zip(&self.order) {
            if let Some(now) = position_kpc.get(index as usize) {
                *place = *now;
            }
        }
        // Children come after their parents.
        for place in (0..self.nodes.len()).rev() {
            self.sum_node(place);
        }
    }

    fn sum_node(&mut self, place: usize) {
        let (first, end) = (self.nodes[place].first as usize, (self.nodes[place].first + self.nodes[place].count) as usize);
        if self.nodes[place].skip as usize == place + 1 { self.sum_leaf(place, first, end) } else { self.sum_children(place, first, end) }
    }

    fn sum_leaf(&mut self, place: usize, first: usize, end: usize) {
        let (centre, mass) = mean_position((first..end).map(|i| (self.position[i], self.mass[i])));
        let mut moment = [0.0; 6];
        let mut reach2 = 0.0f64;
        for i in first..end {
            let d = difference(self.position[i], centre);
            add_outer(&mut moment, d, self.mass[i]);
            reach2 = reach2.max(square(d));
        }
        let node = &mut self.nodes[place];
        (node.centre, node.mass, node.moment, node.reach) = (centre, mass, moment, reach2.sqrt());
    }

    fn sum_children(&mut self, place: usize, first: usize, end: usize) {
        let last = self.nodes[place].skip as usize;
        let nodes = &self.nodes;
        let children = || {
            let mut child = place + 1;
            std::iter::from_fn(move || {
                let node = nodes.get(child).filter(|_| child < last)?;
                child = node.skip as usize;
                Some(node)
            })
        };
        let (centre, mass) = mean_position(children().map(|node| (node.centre, node.mass)));
        let mut moment = [0.0; 6];
        for node in children() {
            for (sum, part) in moment.iter_mut().zip(node.moment) {
                *sum += part;
            }
            add_outer(&mut moment, difference(node.centre, centre), node.mass);
        }
        // The exact reach costs one pass per level and shortens the interaction lists by a third.
        let reach2 = self.position[first..end].iter().map(|p| square(difference(*p, centre))).fold(0.0, f64::max);
        let node = &mut self.nodes[place];
        (node.centre, node.mass, node.moment, node.reach) = (centre, mass, moment, reach2.sqrt());
    }
}

fn difference(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn square(a: [f64; 3]) -> f64 {
    a[0] * a[0] + a[1] * a[1] + a[2] * a[2]
}

/// Centre of mass and mass; the plain mean when all masses are 0.
fn mean_position(parts: impl Iterator<Item = ([f64; 3], f64)>) -> ([f64; 3], f64) {
    let (mut weighted, mut plain, mut mass, mut count) = ([0.0; 3], [0.0; 3], 0.0, 0.0);
    for (p, m) in parts {
        for axis in 0..3 {
            weighted[axis] += m * p[axis];
            plain[axis] += p[axis];
        }
        mass += m;
        count += 1.0;
    }
    if mass > 0.0 { (weighted.map(|w| w / mass), mass) } else { (plain.map(|p| p / count), mass) }
}

fn add_outer(moment: &mut [f64; 6], d: [f64; 3], mass: f64) {
    moment[0] += mass * d[0] * d[0];
    moment[1] += mass * d[1] * d[1];
    moment[2] += mass * d[2] * d[2];
    moment[3] += mass * d[0] * d[1];
    moment[4] += mass * d[0] * d[2];
    moment[5] += mass * d[1] * d[2];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_spread_and_interleave() {
        assert_eq!(spread_bits(0b101), 0b1_000_001);
        assert_eq!(spread_bits(0x1f_ffff), 0x1249_2492_4924_9249);
    }

    #[test]
    fn every_particle_is_in_one_leaf_and_moments_add_up() {
        let points: Vec<[f64; 3]> =
            (0..500).map(|i| [(i as f64 * 0.37).sin() * 9.0, (i as f64 * 1.7).cos() * 5.0, (i % 13) as f64]).collect();
        let masses: Vec<f64> = (0..500).map(|i| 1.0 + (i % 7) as f64).collect();
        let tree = Tree::build(&points, &masses, 0.1).unwrap();
        let mut seen = vec![0; 500];
        let leaves = tree.nodes.iter().enumerate().filter(|(place, n)| n.skip as usize == place + 1);
        for (_, leaf) in leaves {
            for place in leaf.first..leaf.first + leaf.count {
                seen[tree.order[place as usize] as usize] += 1;
            }
        }
        assert!(seen.iter().all(|&n| n == 1));
        let total: f64 = masses.iter().sum();
        assert!((tree.mass_msun() - total).abs() < 1e-9);
        let root = &tree.nodes[0];
        let direct: f64 = points.iter().zip(&masses).map(|(p, m)| m * (p[0] - root.centre[0]) * (p[2] - root.centre[2])).sum();
        assert!((root.moment[4] - direct).abs() < 1e-7 * root.moment[0], "{} {direct}", root.moment[4]);
        let farthest = points.iter().map(|p| difference(*p, root.centre).iter().map(|d| d * d).sum::<f64>().sqrt()).fold(0.0, f64::max);
        assert!(root.reach >= farthest);
    }

    #[test]
    fn a_tree_that_follows_has_exact_moments() {
        let start: Vec<[f64; 3]> =
            (0..300).map(|i| [(i as f64 * 0.37).sin() * 9.0, (i as f64 * 1.7).cos() * 5.0, (i % 13) as f64]).collect();
        let masses: Vec<f64> = (0..300).map(|i| 1.0 + (i % 7) as f64).collect();
        let moved: Vec<[f64; 3]> = start.iter().enumerate().map(|(i, p)| [p[0] + (i % 5) as f64, p[1] * 1.1, p[2] - p[0]]).collect();
        let mut tree = Tree::build(&start, &masses, 0.1).unwrap();
        tree.follow(&moved);
        for node in &tree.nodes {
            let inside: Vec<usize> = (node.first..node.first + node.count).map(|place| tree.order[place as usize] as usize).collect();
            let mass: f64 = inside.iter().map(|&i| masses[i]).sum();
            let centre = [0, 1, 2].map(|axis| inside.iter().map(|&i| masses[i] * moved[i][axis]).sum::<f64>() / mass);
            let offset = |i: usize| difference(moved[i], centre);
            let yz: f64 = inside.iter().map(|&i| masses[i] * offset(i)[1] * offset(i)[2]).sum();
            let reach = inside.iter().map(|&i| square(offset(i)).sqrt()).fold(0.0, f64::max);
            assert!((node.mass - mass).abs() < 1e-9 && square(difference(node.centre, centre)) < 1e-20);
            assert!((node.moment[5] - yz).abs() < 1e-7 && (node.reach - reach).abs() < 1e-9);
        }
    }

    #[test]
    fn coincident_particles_and_empty_sets_are_trees_and_bad_numbers_are_not() {
        let tree = Tree::build(&[[1.0, 2.0, 3.0]; 100], &[1.0; 100], 0.1).unwrap();
        assert_eq!(tree.nodes.len(), 1);
        assert_eq!(tree.nodes[0].reach, 0.0);
        assert!(Tree::build(&[], &[], 0.1).unwrap().is_empty());
        assert!(Tree::build(&[[f64::NAN, 0.0, 0.0]], &[1.0], 0.1).is_err());
        assert!(Tree::build(&[[0.0; 3]], &[], 0.1).is_err());
        assert!(Tree::build(&[[0.0; 3]], &[1.0], 0.0).is_err());
    }
}
