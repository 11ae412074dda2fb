//! Plummer softening: the law of gravity between two smeared particles.
//!
//! Formula    phi = -G m / s,  a = -G m x / s^3,  s^2 = |x|^2 + eps_target^2 + eps_source^2
//! Units      kpc, km/s, Msun; acceleration in (km/s)^2/kpc
//! Source     Plummer 1911, MNRAS 71, 460; softening as in Aarseth 1963, MNRAS 126, 223
//! Edge cases both softenings 0 and coincident particles: infinite, so trees refuse a softening of 0
//! See also   `nbody::gravity` for the same law over a tree

use crate::constants::GRAVITY_KPC_KMS2_MSUN;

/// Square of the softening of a pair [kpc^2]; symmetric, so a pair pulls with equal and opposite forces.
pub fn pair_softening2(target_kpc: f64, source_kpc: f64) -> f64 {
    target_kpc * target_kpc + source_kpc * source_kpc
}

/// Acceleration [(km/s)^2/kpc] and potential [(km/s)^2] at `offset_kpc` = target - source of one mass.
pub fn plummer(offset_kpc: [f64; 3], mass_msun: f64, softening2_kpc2: f64) -> ([f64; 3], f64) {
    let [x, y, z] = offset_kpc;
    let inverse = 1.0 / (x * x + y * y + z * z + softening2_kpc2).sqrt();
    let pull = GRAVITY_KPC_KMS2_MSUN * mass_msun * inverse;
    let factor = -pull * inverse * inverse;
    ([factor * x, factor * y, factor * z], -pull)
}

/// Direct sum over all pairs in f64: the reference for the tree. Cost N_targets x N_sources.
///
/// Coincident entries (`offset` exactly 0) are taken to be the particle itself and are left out.
pub fn direct_sum(targets: &[[f64; 3]], sources: &[[f64; 3]], mass_msun: &[f64], softening2_kpc2: f64) -> Vec<([f64; 3], f64)> {
    targets
        .iter()
        .map(|t| {
            let mut sum = ([0.0; 3], 0.0);
            for (s, &m) in sources.iter().zip(mass_msun) {
                let offset = [t[0] - s[0], t[1] - s[1], t[2] - s[2]];
                if offset == [0.0; 3] {
                    continue;
                }
                let (a, phi) = plummer(offset, m, softening2_kpc2);
                sum.0 = [sum.0[0] + a[0], sum.0[1] + a[1], sum.0[2] + a[2]];
                sum.1 += phi;
            }
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_away_it_is_newton_and_at_the_centre_it_is_finite() {
        let (a, phi) = plummer([0.0, 3.0, 4.0], 1e10, 0.0);
        // G m / r = 4.300917270036279e-6 * 1e10 / 5, and G m / r^2 along -r
        assert!((phi + 8601.834540072558).abs() < 1e-9);
        assert!((a[1] + 8601.834540072558 / 5.0 * 0.6).abs() < 1e-9 && (a[2] + 8601.834540072558 / 5.0 * 0.8).abs() < 1e-9);
        let (a, phi) = plummer([0.0; 3], 1e10, 4.0);
        assert_eq!(a, [0.0; 3]);
        assert!((phi + 21504.586350181395).abs() < 1e-8);
    }

    #[test]
    fn direct_sum_leaves_out_the_particle_itself() {
        let points = [[0.0; 3], [1.0, 0.0, 0.0]];
        let field = direct_sum(&points, &points, &[2.0, 3.0], 0.0);
        let g = GRAVITY_KPC_KMS2_MSUN;
        assert_eq!(field[0].0, [g * 3.0, 0.0, 0.0]);
        assert_eq!(field[1].0, [-g * 2.0, 0.0, 0.0]);
        assert_eq!(field[1].1, -g * 2.0);
    }
}
