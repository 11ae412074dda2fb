//! The inner loops of gravity: one target against lists of single particles and of far cells.
//!
//! Formula    see `nbody::gravity`; without G
//! Units      f32 offsets about the group's centre \[kpc\], masses \[Msun\]; squared softening of target and source add up
//! Accuracy   f32 terms, added in eight lanes in a fixed order: the same bits with any vector width (no fused multiply-add)
//! Edge cases lists are padded with massless sources to whole lanes
//! Cost       about 1 ns per source with AVX2; terms first and sums after, because compilers turn each loop into
//!            vector instructions but not the two in one
//! See also   `nbody::gravity` fills the lists

/// Terms that are added side by side.
const LANES: usize = 8;

/// Sources per block: a block and its terms stay in the first cache.
const BLOCK: usize = 128;

/// One number of each source of a block.
type Row = [f32; BLOCK];

/// Rows of a particle: x, y, z, mass, squared softening; a cell has the six moments xx, yy, zz, xy, xz, yz besides.
const PARTICLE_ROWS: usize = 5;
const CELL_ROWS: usize = PARTICLE_ROWS + 6;

/// Sources of one kind, in blocks, relative to the centre of a group of targets.
struct Sources<const ROWS: usize> {
    blocks: Vec<[Row; ROWS]>,
    count: usize,
}

impl<const ROWS: usize> Default for Sources<ROWS> {
    fn default() -> Self {
        Sources { blocks: Vec::new(), count: 0 }
    }
}

impl<const ROWS: usize> Sources<ROWS> {
    #[inline(always)]
    fn push(&mut self, values: [f32; ROWS]) {
        let (block, lane) = (self.count / BLOCK, self.count % BLOCK);
        if block == self.blocks.len() {
            self.blocks.push([[0.0; BLOCK]; ROWS]);
        }
        if let Some(block) = self.blocks.get_mut(block) {
            for (row, value) in block.iter_mut().zip(values) {
                row[lane] = value;
            }
        }
        self.count += 1;
    }

    /// Fills the last lanes with massless sources.
    fn pad(&mut self) {
        let mut nothing = [0.0; ROWS];
        // Not at the target, where the pull of a source without softening would be 0/0.
        nothing[PARTICLE_ROWS - 1] = 1.0;
        while !self.count.is_multiple_of(LANES) {
            self.push(nothing);
        }
    }

    /// Filled blocks, and how many sources each holds.
    #[inline(always)]
    fn filled(&self) -> impl Iterator<Item = (&[Row; ROWS], usize)> {
        self.blocks.iter().enumerate().map_while(|(number, block)| {
            let held = self.count.saturating_sub(number * BLOCK).min(BLOCK);
            (held > 0).then_some((block, held))
        })
    }
}

/// Interaction lists of one group.
#[derive(Default)]
pub(super) struct Lists {
    near: Sources<PARTICLE_ROWS>,
    far: Sources<CELL_ROWS>,
}

/// The terms of a block: acceleration and potential.
type Terms = [Row; 4];

impl Lists {
    pub(super) fn clear(&mut self) {
        (self.near.count, self.far.count) = (0, 0);
    }

    #[inline(always)]
    pub(super) fn push_particle(&mut self, offset: [f64; 3], mass: f64, softening2: f64) {
        self.near.push([offset[0] as f32, offset[1] as f32, offset[2] as f32, mass as f32, softening2 as f32]);
    }

    #[inline(always)]
    pub(super) fn push_cell(&mut self, offset: [f64; 3], mass: f64, softening2: f64, moment: &[f64; 6]) {
        let [xx, yy, zz, xy, xz, yz] = moment.map(|m| m as f32);
        let ([x, y, z], mass, softening2) = (offset.map(|d| d as f32), mass as f32, softening2 as f32);
        self.far.push([x, y, z, mass, softening2, xx, yy, zz, xy, xz, yz]);
    }

    /// Entries of both lists.
    pub(super) fn len(&self) -> usize {
        self.near.count + self.far.count
    }

    /// Must be called once the lists are full.
    pub(super) fn pad(&mut self) {
        self.near.pad();
        self.far.pad();
    }

    /// Acceleration and potential (without G) at `at`, with the widest registers of this processor.
    pub(super) fn pull(&self, at: [f32; 3], softening2: f32) -> [f32; 4] {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was just found to have AVX2, the only requirement of the function.
            return unsafe { pull_avx2(self, at, softening2) };
        }
        pull_portable(self, at, softening2)
    }
}

/// The portable sum compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn pull_avx2(lists: &Lists, at: [f32; 3], softening2: f32) -> [f32; 4] {
    pull_portable(lists, at, softening2)
}

#[inline(always)]
fn pull_portable(lists: &Lists, at: [f32; 3], softening2: f32) -> [f32; 4] {
    let mut terms: Terms = [[0.0; BLOCK]; 4];
    let mut sums = [[0.0; LANES]; 4];
    for (block, held) in lists.near.filled() {
        near_terms(at, block, held, softening2, &mut terms);
        add_terms(&terms, held, &mut sums);
    }
    for (block, held) in lists.far.filled() {
        far_terms(at, block, held, softening2, &mut terms);
        add_terms(&terms, held, &mut sums);
    }
    sums.map(|lanes| (0..LANES / 2).map(|i| lanes[i] + lanes[i + LANES / 2]).sum())
}

#[inline(always)]
fn add_terms(terms: &Terms, held: usize, sums: &mut [[f32; LANES]; 4]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        let mut lanes = *sum;
        for chunk in term[..held.min(BLOCK)].as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                lanes[lane] += chunk[lane];
            }
        }
        *sum = lanes;
    }
}

/// Whole lanes, said so that the compiler sees that none is left over and no index is out of bounds.
#[inline(always)]
fn whole_lanes(held: usize) -> usize {
    held.min(BLOCK) / LANES * LANES
}

#[inline(always)]
fn near_terms(at: [f32; 3], block: &[Row; PARTICLE_ROWS], held: usize, softening2: f32, terms: &mut Terms) {
    let [x, y, z, mass, smooth] = block;
    let [ax, ay, az, phi] = terms;
    for i in 0..whole_lanes(held) {
        let (dx, dy, dz) = (x[i] - at[0], y[i] - at[1], z[i] - at[2]);
        let inverse = 1.0 / (dx * dx + dy * dy + (dz * dz + (smooth[i] + softening2))).sqrt();
        let pull = mass[i] * inverse;
        let factor = pull * (inverse * inverse);
        ax[i] = factor * dx;
        ay[i] = factor * dy;
        az[i] = factor * dz;
        phi[i] = -pull;
    }
}

#[inline(always)]
fn far_terms(at: [f32; 3], block: &[Row; CELL_ROWS], held: usize, softening2: f32, terms: &mut Terms) {
    let [x, y, z, mass, smooth, xx, yy, zz, xy, xz, yz] = block;
    let [ax, ay, az, phi] = terms;
    for i in 0..whole_lanes(held) {
        // d points from the target to the cell: the field of the formula block with x = -d.
        let (dx, dy, dz) = (x[i] - at[0], y[i] - at[1], z[i] - at[2]);
        let inverse = 1.0 / (dx * dx + dy * dy + (dz * dz + (smooth[i] + softening2))).sqrt();
        let inverse2 = inverse * inverse;
        let inverse3 = inverse * inverse2;
        let inverse5 = inverse3 * inverse2;
        let qx = xx[i] * dx + xy[i] * dy + xz[i] * dz;
        let qy = xy[i] * dx + yy[i] * dy + yz[i] * dz;
        let qz = xz[i] * dx + yz[i] * dy + zz[i] * dz;
        let stretch = (dx * qx + dy * qy + dz * qz) * inverse5;
        let trace = (xx[i] + yy[i] + zz[i]) * inverse3;
        let monopole = mass[i] * inverse;
        let factor = (monopole + (7.5 * stretch - 1.5 * trace)) * inverse2;
        let twist = 3.0 * inverse5;
        ax[i] = factor * dx - twist * qx;
        ay[i] = factor * dy - twist * qy;
        az[i] = factor * dz - twist * qz;
        phi[i] = -(monopole + (1.5 * stretch - 0.5 * trace));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vector_and_plain_sums_have_the_same_bits() {
        let mut lists = Lists::default();
        for i in 0..700 {
            let offset = [(i as f64).sin() * 9.0, (i as f64 * 0.7).cos() * 5.0, (i % 17) as f64 - 8.0];
            lists.push_particle(offset, 1e7 + i as f64, 0.1);
            lists.push_cell(offset.map(|x| 3.0 * x), 1e8, 0.2, &[1e8, 2e8, 3e8, 4e7, -1e7, i as f64]);
        }
        lists.pad();
        let at = [0.3, -0.2, 0.9];
        assert_eq!(lists.pull(at, 0.25), pull_portable(&lists, at, 0.25));
    }

    #[test]
    fn one_particle_and_one_spherical_cell_pull_alike() {
        let (mut single, mut cell) = (Lists::default(), Lists::default());
        single.push_particle([3.0, 4.0, 0.0], 50.0, 0.0);
        cell.push_cell([3.0, 4.0, 0.0], 50.0, 0.0, &[0.0; 6]);
        single.pad();
        cell.pad();
        // m/r^2 = 2 along (0.6, 0.8), m/r = 10
        for pull in [single.pull([0.0; 3], 0.0), cell.pull([0.0; 3], 0.0)] {
            for (found, expected) in pull.iter().zip([1.2, 1.6, 0.0, -10.0]) {
                assert!((found - expected).abs() < 1e-5, "{pull:?}");
            }
        }
    }
}
