//! Several families of particles fitted together: one expansion for each part of a galaxy, and the error of their sum.
//!
//! Formula    the acceleration is the sum of those of the parts; it is compared with the direct sum over the particles of all of them
//! Layout     a part may take several families; particles come in any order and in blocks of any size
//! Units      kpc, Msun
//! Accuracy   sums are exact, so the bits do not depend on order, blocks or threads
//! Edge cases particles whose position or mass is not finite are left out and counted
//! Refuses    negative masses
//! Cost       that of the fits, and 3.6 ns a particle and point
//! See also   `fit`, `direct`, `sample`

use super::accumulate::Particles;
use super::accuracy::ErrorReport;
use super::direct::DirectSums;
use super::fit::{Fit, Plan};
use super::model::Model;
use crate::error::{Error, ErrorKind, Result};

/// Sums over the particles of a galaxy.
#[derive(Clone, Debug)]
pub struct GalaxyFit {
    parts: Vec<Fit>,
    direct: DirectSums,
    clean: [Vec<f64>; 5],
}

impl GalaxyFit {
    /// Nothing summed yet: one part for each plan, compared at `points` \[kpc\].
    pub fn new(plans: &[Plan], points: Vec<[f64; 3]>) -> Result<GalaxyFit> {
        let parts = plans.iter().map(Plan::begin).collect::<Result<_>>()?;
        Ok(GalaxyFit { parts, direct: DirectSums::new(points), clean: Default::default() })
    }

    /// Adds particles to a part: x, y, z \[kpc\], mass \[Msun\], softening \[kpc\].
    pub fn add(&mut self, part: usize, columns: [&[f64]; 5]) -> Result<()> {
        let [x, y, z, mass, softening] = columns;
        let rows = Particles::new(x, y, z, mass)?;
        self.clean.iter_mut().for_each(Vec::clear);
        for i in 0..rows.len() {
            let (p, mass) = rows.one(i);
            if usable(p, mass)? {
                let values = [p[0], p[1], p[2], mass, softening.get(i).copied().unwrap_or(f64::NAN)];
                self.clean.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            }
        }
        let [x, y, z, mass, softening] = &self.clean;
        let particles = Particles::new(x, y, z, mass)?;
        let fit = self.parts.get_mut(part).ok_or_else(|| Error::internal("particles of a part that is not there"))?;
        fit.add(&particles)?;
        self.direct.add(&particles, softening)
    }

    /// Adds another fit of the same plans and points.
    pub fn merge(&mut self, other: &GalaxyFit) -> Result<()> {
        for (mine, theirs) in self.parts.iter_mut().zip(&other.parts) {
            mine.merge(theirs)?;
        }
        self.direct.merge(&other.direct)
    }

    /// Bytes of the sums.
    pub fn size_bytes(&self) -> usize {
        self.parts.iter().map(Fit::size_bytes).sum()
    }

    /// The models of the parts, and the error of their sum.
    pub fn finish(&self) -> Result<(Vec<Model>, ErrorReport)> {
        let models = self.parts.iter().map(Fit::finish).collect::<Result<Vec<Model>>>()?;
        let found: Vec<[f64; 3]> = self.direct.points().iter().map(|p| sum(&models, *p)).collect();
        let report = ErrorReport::of(&found, &self.direct.finish())?;
        Ok((models, report))
    }
}

fn sum(models: &[Model], p: [f64; 3]) -> [f64; 3] {
    models.iter().map(|m| m.acceleration(p)).fold([0.0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]])
}

/// Whether a particle counts: its position and mass are finite. `Domain` error for a negative mass.
pub fn usable(p: [f64; 3], mass: f64) -> Result<bool> {
    // One sum finds what is not finite; finite numbers whose squares are not are none of a galaxy.
    if !(p[0] * p[0] + p[1] * p[1] + p[2] * p[2] + mass).is_finite() {
        return Ok(false);
    }
    if mass < 0.0 {
        let error = Error::new(ErrorKind::Domain, "a particle has a negative mass").found(format!("{mass:e} Msun at {p:?} kpc"));
        return Err(error.hint("leave it out with a condition: mass >= 0"));
    }
    Ok(true)
}
