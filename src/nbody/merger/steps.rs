//! Time steps: each particle takes the longest of a ladder of halved steps that its orbit allows.
//!
//! Formula    omega h <= `PHASE`, omega^2 = max over the galaxies of |a - a_galaxy| / max(d, softening), d half a step ahead;
//!            kick half a step, drift, kick half a step, with all particles drifting together
//! Units      kpc, km/s, Msun; a tick is the shortest step
//! Source     block steps: Aarseth 2003, Gravitational N-Body Simulations, ch. 2; dynamical time as the measure: Zemp et al. 2007,
//!            MNRAS 376, 273
//! Accuracy   an orbit has at least 2 pi / `PHASE` steps, down to the shortest step. The distance in the middle of the step makes the
//!            choice the same forwards and backwards in time; with the distance at its beginning steps shrink too late on the
//!            way in and grow too late on the way out, and the energy drifts (by 3% per Gyr at `PHASE` = 0.35)
//! Edge cases a step may be halved when it ends, and doubled only where the longer step would have begun; all steps end together
//!            every `LONGEST_TICKS`: only then is the energy defined
//! Cost       the forces of the particles whose step ends; the trees are sorted anew every `SORT_TICKS`
//! See also   `nbody::gravity`

use super::super::disc::{Plane, dot, minus, plus_scaled};
use super::super::gravity::gravity_at;
use super::super::tree::Tree;
use super::{Merger, Particles};
use crate::constants::GYR_PER_TIME_UNIT;
use crate::error::Result;

/// Shortest steps in one of `Settings::step_gyr`.
pub(super) const TICKS: u64 = 4;

/// Longest step of dark matter.
pub(super) const LONGEST_TICKS: u64 = 4 * TICKS;

/// The trees are sorted again after this many ticks; in between they follow their particles.
const SORT_TICKS: u64 = 2;

/// Largest angle by which a particle may go round its galaxy within a step [rad].
const PHASE: f64 = 0.3;

impl Particles {
    /// Half a kick for the particles whose step begins or ends now.
    fn kick_due(&mut self, tick: u64, tick_internal: f64) {
        for ((v, a), width) in self.velocity.iter_mut().zip(&self.acceleration).zip(&self.ticks) {
            if tick.is_multiple_of(*width) {
                *v = plus_scaled(*v, *a, 0.5 * tick_internal * *width as f64);
            }
        }
    }
}

impl Merger {
    fn tick_internal(&self) -> f64 {
        self.settings.step_gyr / (TICKS as f64 * GYR_PER_TIME_UNIT)
    }

    /// Moves everything on by `Settings::step_gyr`.
    pub(super) fn integrate(&mut self) -> Result<()> {
        let tick_internal = self.tick_internal();
        let end = self.tick + TICKS;
        while self.tick < end {
            self.dark.kick_due(self.tick, tick_internal);
            self.baryons.kick_due(self.tick, tick_internal);
            let ticks = self.dark.ticks.iter().chain(&self.baryons.ticks).copied().min().unwrap_or(TICKS).min(TICKS);
            let time = ticks as f64 * tick_internal;
            self.dark.drift(time);
            self.baryons.drift(time);
            for galaxy in &mut self.galaxies {
                galaxy.plane.centre_kpc = plus_scaled(galaxy.plane.centre_kpc, galaxy.plane.velocity_kms, time);
            }
            self.tick += ticks;
            self.forces()?;
            self.dark.kick_due(self.tick, tick_internal);
            self.baryons.kick_due(self.tick, tick_internal);
            self.choose_steps(0);
            self.steps += 1;
        }
        Ok(())
    }

    /// Acceleration and potential of the particles whose step ends now.
    pub(super) fn forces(&mut self) -> Result<()> {
        let sort = self.tick.is_multiple_of(SORT_TICKS);
        let softening = [self.settings.dark_softening_kpc, self.settings.baryon_softening_kpc];
        let [old_dark, old_baryons] = self.trees.take().map_or([None, None], |trees| trees.map(Some));
        let place = |old: Option<Tree>, particles: &Particles, softening: f64| match old {
            Some(mut tree) if !sort && tree.len() == particles.len() => {
                tree.follow(&particles.position);
                Ok(tree)
            }
            _ => Tree::build(&particles.position, &particles.mass, softening),
        };
        let (dark, baryons) = rayon::join(|| place(old_dark, &self.dark, softening[0]), || place(old_baryons, &self.baryons, softening[1]));
        let trees = [dark?, baryons?];
        let sources = [&trees[0], &trees[1]];
        let (tick, opening) = (self.tick, self.settings.opening);
        let pull = |kind: &mut Particles, targets: &Tree| {
            let due: Vec<bool> = kind.ticks.iter().map(|width| tick.is_multiple_of(*width)).collect();
            gravity_at(&sources, targets, Some(&due), opening, |index, acceleration, potential| {
                kind.acceleration[index] = acceleration;
                kind.potential[index] = potential;
            })
        };
        let (dark, baryons) = rayon::join(|| pull(&mut self.dark, sources[0]), || pull(&mut self.baryons, sources[1]));
        self.interactions += dark + baryons;
        self.trees = Some(trees);
        Ok(())
    }

    /// Gives each particle whose step ends now, from `first` on among gas and stars, its next step.
    pub(super) fn choose_steps(&mut self, first: usize) {
        let tick_internal = self.tick_internal();
        let tick = self.tick;
        let floor2 = self.settings.baryon_softening_kpc.powi(2);
        let planes: Vec<Plane> = self.galaxies.iter().filter(|g| g.alive).map(|g| g.plane).collect();
        for (kind, first, longest) in [(&mut self.dark, 0, LONGEST_TICKS), (&mut self.baryons, first, TICKS)] {
            for place in first..kind.len() {
                if !tick.is_multiple_of(kind.ticks[place]) {
                    continue;
                }
                let mut width = longest;
                while width > 1 {
                    let time = width as f64 * tick_internal;
                    let omega4 = planes.iter().map(|plane| {
                        let (d, w) = (minus(kind.position[place], plane.centre_kpc), minus(kind.velocity[place], plane.velocity_kms));
                        let (middle, a) = (plus_scaled(d, w, 0.5 * time), minus(kind.acceleration[place], plane.acceleration));
                        dot(a, a) / dot(middle, middle).max(floor2)
                    });
                    let omega2 = omega4.fold(0.0, f64::max).sqrt();
                    if tick.is_multiple_of(width) && omega2 * time * time <= PHASE * PHASE {
                        break;
                    }
                    width /= 2;
                }
                kind.ticks[place] = width;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nbody::settings::Settings;

    #[test]
    fn steps_are_halves_of_the_longest_begin_on_their_grid_and_resolve_the_orbits() {
        let mut run = Merger::new(Settings::scaled(5, 0.05, 0.02)).unwrap();
        for _ in 0..6 {
            run.advance().unwrap();
            let tick_internal = run.tick_internal();
            let mut seen = [0; 5];
            for (kind, longest) in [(&run.dark, LONGEST_TICKS), (&run.baryons, TICKS)] {
                for (place, width) in kind.ticks.iter().enumerate() {
                    assert!(width.is_power_of_two() && *width <= longest);
                    seen[width.trailing_zeros() as usize] += 1;
                    if *width == 1 || !run.tick.is_multiple_of(*width) {
                        continue;
                    }
                    // In the middle of its step it goes round the host by no more than the angle allowed.
                    let plane = run.galaxies[0].plane;
                    let (d, w) = (minus(kind.position[place], plane.centre_kpc), minus(kind.velocity[place], plane.velocity_kms));
                    let middle = plus_scaled(d, w, 0.5 * *width as f64 * tick_internal);
                    let a = minus(kind.acceleration[place], plane.acceleration);
                    let omega2 = (dot(a, a) / dot(middle, middle).max(run.settings.baryon_softening_kpc.powi(2))).sqrt();
                    // Cooling and the new centre came after the choice.
                    assert!(omega2.sqrt() * *width as f64 * tick_internal < 1.5 * PHASE, "{place}: {width}");
                }
            }
            assert!(seen.iter().filter(|n| **n > 0).count() >= 4, "{seen:?}");
        }
        assert_eq!(run.tick, 6 * TICKS);
    }
}
