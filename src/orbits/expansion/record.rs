//! What is known about a fit: which particles of which snapshots, and how far it is from their direct sum.
//!
//! Layout     the table `fit` beside the components in the text of a potential; `snapshot` = one for each time, with the families in it
//! Units      Gyr, Msun; errors relative to the direct sum
//! Refuses    unknown keys, with the line
//! See also   `galaxy`, `potential::text`, docs/methods/potentials_from_snapshots.md

use serde::{Deserialize, Serialize};

use super::accuracy::ErrorReport;
use super::harmonics::Symmetry;
use super::model::Model;
use crate::error::{Error, Result};

/// Median error above which a fit is doubtful.
const DOUBTFUL: f64 = 0.05;

/// Where a potential came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitRecord {
    /// Dataset or snapshot, as it was named.
    pub source: String,
    /// Frame of the coordinates.
    pub frame: String,
    /// Condition on the particles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Program and version.
    pub engine: String,
    /// One for each snapshot, by time.
    pub snapshot: Vec<SnapshotFit>,
}

/// The fit of one snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotFit {
    /// Its number.
    pub snap: u32,
    /// Its time \[Gyr\], where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_gyr: Option<f64>,
    /// Against the direct sum.
    pub error: ErrorReport,
    /// What was fitted.
    pub family: Vec<FamilyFit>,
}

/// One family of particles in a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyFit {
    /// Its table.
    pub name: String,
    /// The component that it is part of.
    pub component: String,
    /// Particles that were fitted.
    pub particles: u64,
    /// Particles whose position or mass was not finite.
    pub skipped: u64,
    /// Mass of those that were fitted \[Msun\].
    pub mass_msun: f64,
}

#[derive(Serialize)]
struct Written<'a> {
    fit: &'a FitRecord,
}

#[derive(Deserialize)]
struct Read {
    fit: Option<FitRecord>,
}

impl FitRecord {
    /// The table `fit`.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(&Written { fit: self }).map_err(|e| Error::internal("record of a fit cannot be written").because(e))
    }

    /// The table `fit` of the text of a potential, if it has one; `place` names the text in errors.
    pub fn from_toml(text: &str, place: &str) -> Result<Option<FitRecord>> {
        let read: Read = toml::from_str(text).map_err(|e| {
            let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            Error::damaged("record of a fit is not readable").because(e.message()).at(format!("line {line} of `{place}`"))
        })?;
        Ok(read.fit)
    }

    /// As lines for people.
    pub fn lines(&self) -> Vec<String> {
        let condition = self.condition.as_ref().map(|c| format!(", where {c}")).unwrap_or_default();
        let mut lines = vec![format!("{}, frame {}{condition}", self.source, self.frame)];
        for one in &self.snapshot {
            let time = one.time_gyr.map(|t| format!(" at {t:.3} Gyr")).unwrap_or_default();
            lines.push(format!("snapshot {}{time}", one.snap));
            for f in &one.family {
                let skipped = if f.skipped > 0 { format!(", {} not finite and left out", f.skipped) } else { String::new() };
                lines.push(format!("  {}: {} particles, {:.4e} Msun, in {}{skipped}", f.name, f.particles, f.mass_msun, f.component));
            }
            let percent = |share: f64| format!("{:.2} %", 100.0 * share);
            let ErrorReport { points, median, p99, max, .. } = one.error;
            let errors = format!("median {}, 99 % of them {}, worst {}", percent(median), percent(p99), percent(max));
            lines.push(format!("  force against direct summation at {points} places of particles: {errors}"));
        }
        lines
    }

    /// What is doubtful about it.
    pub fn warnings(&self) -> Vec<String> {
        let doubtful = self.snapshot.iter().filter(|one| !(one.error.median <= DOUBTFUL));
        let line = |one: &SnapshotFit| {
            format!(
                "the force of the fit to snapshot {} is wrong by {:.0} % at half of the places: is the galaxy at the centre of the frame \
                 and alone? More terms (--degree, --order) or fewer particles (--radius) may help",
                one.snap,
                100.0 * one.error.median
            )
        };
        doubtful.map(line).collect()
    }
}

impl Model {
    /// Its kind, terms and knots in a few words.
    pub fn described(&self) -> String {
        let symmetry = match self.symmetry() {
            Symmetry::Spherical => "spherical",
            Symmetry::Axisymmetric => "axisymmetric",
            Symmetry::Triaxial => "triaxial",
            Symmetry::None => "no symmetry",
        };
        let what = match self {
            Model::Multipole(m) => {
                let g = &m.grid;
                let ends = format!("{:.3} to {:.1} kpc", g.least_kpc, g.greatest_kpc);
                format!("degree {}, order {}, {} knots from {ends}", g.degree, g.order, g.knots)
            }
            Model::Cylindrical(m) => {
                let g = &m.outer.grid;
                let c = &m.grid;
                let scales = format!(
                    "R and |z| up to {:.1} kpc, scales {:.3} and {:.3} kpc",
                    c.greatest_radius_kpc, c.radial_scale_kpc, c.vertical_scale_kpc
                );
                format!("order {}, {} x {} knots with {scales}, degree {} outside", c.order, c.radial_knots, c.vertical_knots, g.degree)
            }
            Model::SelfConsistentField(m) => {
                let b = &m.basis;
                format!("degree {}, order {}, {} radial functions, scale {:.3} kpc", b.degree, b.order, b.radial, b.scale_kpc)
            }
        };
        format!("{}, {symmetry}, {what}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(median: f64) -> FitRecord {
        let error = ErrorReport { points: 128, left_out: 0, median, p90: 0.02, p99: 0.1, max: 1.0 / 3.0 };
        let family = |name: &str, component: &str| FamilyFit {
            name: name.into(),
            component: component.into(),
            particles: 1000,
            skipped: 3,
            mass_msun: 1e10 / 3.0,
        };
        let family = vec![family("dark", "halo"), family("stars", "disc")];
        let snapshot = vec![SnapshotFit { snap: 512, time_gyr: Some(5.7), error, family }];
        FitRecord { source: "galaxy.spolia".into(), frame: "disc".into(), condition: None, engine: "spolia 0".into(), snapshot }
    }

    #[test]
    fn it_is_read_beside_the_components() {
        let text = record(0.01).to_toml().unwrap();
        let with = format!("{text}\n[[component]]\nname = \"p\"\nkind = \"plummer\"\nmass = 1e10\nscale = 1\n");
        assert_eq!(FitRecord::from_toml(&with, "g").unwrap(), Some(record(0.01)));
        assert_eq!(crate::orbits::potential::Potential::from_toml(&with, "g").unwrap().components.len(), 1);
        assert_eq!(FitRecord::from_toml("", "g").unwrap(), None);
        let error = FitRecord::from_toml(&text.replace("frame", "fram"), "g.potential").unwrap_err().to_string();
        assert!(error.contains("line 3 of `g.potential`") && error.contains("fram"), "{error}");
    }

    #[test]
    fn lines_name_what_was_left_out_and_doubtful_fits_are_told() {
        let lines = record(0.01).lines().join("\n");
        for part in ["snapshot 512 at 5.700 Gyr", "1000 particles, 3.3333e9 Msun, in halo, 3 not finite", "median 1.00 %", "worst 33.33 %"]
        {
            assert!(lines.contains(part), "{part}: {lines}");
        }
        assert!(record(0.01).warnings().is_empty() && record(0.2).warnings()[0].contains("20 %"));
        assert_eq!(record(f64::NAN).warnings().len(), 1);
    }
}
