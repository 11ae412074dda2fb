//! The saved form of a fitted potential: TOML with units, which reads back to the same bits.
//!
//! Layout     `format`, `version`, `units`; one `[[model]]` table for each time: `time`, `kind`, options of the kind, `terms` = rows of
//!            l, m and 1 for a sine, and the numbers of each term; alone in a file, or as a table of the text of a potential
//! Units      kpc, km/s, Msun, kpc/(km/s), as the text says itself
//! Refuses    other formats and newer versions, unknown keys, numbers that are not finite, tables of the wrong size: with the place
//! See also   `series`, `potential::text`

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::cylindrical::{Cylindrical, CylindricalGrid};
use super::harmonics::{Harmonics, Symmetry};
use super::model::Model;
use super::multipole::{Multipole, MultipoleGrid};
use super::self_consistent_field::{Basis, SelfConsistentField};
use super::series::Expansion;
use super::shape::Shape;
use crate::error::{Error, Result};

/// What a file calls itself.
const FORMAT: &str = "spolia expansion";
/// Version that is written; older ones are read.
const VERSION: u32 = 1;
const UNITS: &str = "kpc, km/s, Msun, kpc/(km/s)";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    format: String,
    version: u32,
    units: String,
    model: Vec<SavedModel>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedModel {
    time: f64,
    kind: String,
    symmetry: Symmetry,
    degree: usize,
    order: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    least_kpc: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greatest_kpc: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    knots: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale_kpc: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    radial: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    radial_scale_kpc: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vertical_scale_kpc: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greatest_radius_kpc: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greatest_height_kpc: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    radial_knots: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vertical_knots: Option<usize>,
    terms: Vec<[usize; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coefficients_msun: Option<Vec<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waves: Option<Vec<Vec<f64>>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shape: Vec<Shape>,
}

impl SavedModel {
    /// All that models of a kind may lack.
    fn empty(time: f64, kind: &str, symmetry: Symmetry, [degree, order]: [usize; 2], harmonics: &Harmonics) -> SavedModel {
        SavedModel {
            time,
            kind: kind.to_string(),
            symmetry,
            degree,
            order,
            least_kpc: None,
            greatest_kpc: None,
            knots: None,
            scale_kpc: None,
            radial: None,
            radial_scale_kpc: None,
            vertical_scale_kpc: None,
            greatest_radius_kpc: None,
            greatest_height_kpc: None,
            radial_knots: None,
            vertical_knots: None,
            terms: rows(harmonics),
            coefficients_msun: None,
            waves: None,
            shape: Vec::new(),
        }
    }

    fn write(time: f64, model: &Model) -> SavedModel {
        match model {
            Model::Multipole(m) => {
                let g = &m.grid;
                let empty = SavedModel::empty(time, model.name(), g.symmetry, [g.degree, g.order], m.harmonics());
                let (least_kpc, greatest_kpc, knots) = (Some(g.least_kpc), Some(g.greatest_kpc), Some(g.knots));
                SavedModel { least_kpc, greatest_kpc, knots, shape: m.shapes.clone(), ..empty }
            }
            Model::Cylindrical(m) => {
                let g = &m.grid;
                let outer = m.outer.harmonics();
                SavedModel {
                    radial_scale_kpc: Some(g.radial_scale_kpc),
                    vertical_scale_kpc: Some(g.vertical_scale_kpc),
                    greatest_radius_kpc: Some(g.greatest_radius_kpc),
                    greatest_height_kpc: Some(g.greatest_height_kpc),
                    radial_knots: Some(g.radial_knots),
                    vertical_knots: Some(g.vertical_knots),
                    waves: Some(m.values.clone()),
                    shape: m.outer.shapes.clone(),
                    ..SavedModel::empty(time, model.name(), g.symmetry, [m.outer.grid.degree, g.order], outer)
                }
            }
            Model::SelfConsistentField(m) => {
                let b = &m.basis;
                let empty = SavedModel::empty(time, model.name(), b.symmetry, [b.degree, b.order], m.harmonics());
                let coefficients_msun = Some(m.coefficients.clone());
                SavedModel { scale_kpc: Some(b.scale_kpc), radial: Some(b.radial), coefficients_msun, ..empty }
            }
        }
    }

    fn read(self) -> Result<Model> {
        let SavedModel { symmetry, degree, order, .. } = self;
        let fits = |harmonics: Result<Harmonics>, degree: usize| match rows(&harmonics?) == self.terms && degree == self.degree {
            true => Ok(()),
            false => Err(Error::damaged("terms are not those of the symmetry, degree and order").hint("terms must not be edited by hand")),
        };
        if self.kind != "cylindrical" {
            fits(Harmonics::new(symmetry, degree, order), degree)?;
        }
        match self.kind.as_str() {
            "multipole" => {
                let (least_kpc, greatest_kpc) = (needed(self.least_kpc, "least_kpc")?, needed(self.greatest_kpc, "greatest_kpc")?);
                let grid = MultipoleGrid { least_kpc, greatest_kpc, knots: needed(self.knots, "knots")?, degree, order, symmetry };
                Multipole::new(grid, self.shape).map(Model::from)
            }
            "cylindrical" => {
                let grid = CylindricalGrid {
                    radial_scale_kpc: needed(self.radial_scale_kpc, "radial_scale_kpc")?,
                    vertical_scale_kpc: needed(self.vertical_scale_kpc, "vertical_scale_kpc")?,
                    greatest_radius_kpc: needed(self.greatest_radius_kpc, "greatest_radius_kpc")?,
                    greatest_height_kpc: needed(self.greatest_height_kpc, "greatest_height_kpc")?,
                    radial_knots: needed(self.radial_knots, "radial_knots")?,
                    vertical_knots: needed(self.vertical_knots, "vertical_knots")?,
                    order,
                    symmetry,
                };
                grid.check()?;
                let outer = grid.outer();
                fits(Harmonics::new(outer.symmetry, outer.degree, outer.order), outer.degree)?;
                let outer = Multipole::new(outer, self.shape)?;
                Cylindrical::new(grid, needed(self.waves, "waves")?, outer).map(Model::from)
            }
            "self_consistent_field" => {
                let (scale_kpc, radial) = (needed(self.scale_kpc, "scale_kpc")?, needed(self.radial, "radial")?);
                let coefficients = needed(self.coefficients_msun, "coefficients_msun")?;
                SelfConsistentField::new(Basis { scale_kpc, radial, degree, order, symmetry }, coefficients).map(Model::from)
            }
            other => Err(Error::damaged(format!("no expansion is called `{other}`")).expected(Model::NAMES.join(", "))),
        }
    }
}

fn rows(harmonics: &Harmonics) -> Vec<[usize; 3]> {
    harmonics.terms().iter().map(|t| [t.degree, t.order, usize::from(t.sine)]).collect()
}

fn needed<V>(value: Option<V>, name: &str) -> Result<V> {
    value.ok_or_else(|| Error::damaged(format!("model has no {name}")))
}

impl Expansion {
    /// The saved form.
    pub fn to_toml(&self) -> Result<String> {
        let model = self.times().iter().zip(self.models()).map(|(time, model)| SavedModel::write(*time, model)).collect();
        let saved = Saved { format: FORMAT.into(), version: VERSION, units: UNITS.into(), model };
        toml::to_string(&saved).map_err(|e| Error::internal("fitted potential cannot be written").because(e))
    }

    /// The saved form as the table `under` of another text.
    pub fn to_toml_under(&self, under: &str) -> Result<String> {
        Ok(format!("[{under}]\n{}", self.to_toml()?.replace("\n[[model", &format!("\n[[{under}.model"))))
    }

    /// Reads the saved form; `place` names the text in errors.
    pub fn from_toml(text: &str, place: &str) -> Result<Expansion> {
        Expansion::from_saved(toml::from_str(text).map_err(|e| unreadable(&e, text, place))?, place)
    }

    /// Reads the saved form that is a table of `text`.
    pub(crate) fn from_table(table: &Spanned<DeValue>, text: &str, place: &str) -> Result<Expansion> {
        let saved = Saved::deserialize(ValueDeserializer::from(table.clone()));
        Expansion::from_saved(saved.map_err(|e| unreadable(&e, text, place))?, place)
    }

    fn from_saved(saved: Saved, place: &str) -> Result<Expansion> {
        let wrong = |what: &str, expected: &str, found: &str| {
            Err(Error::unsupported(what).expected(expected).found(found).at(format!("`{place}`")))
        };
        if saved.format != FORMAT {
            return wrong("file is no fitted potential", FORMAT, &saved.format);
        }
        if saved.version == 0 || saved.version > VERSION {
            return wrong("fitted potential has another version", &format!("{VERSION}"), &saved.version.to_string());
        }
        if saved.units != UNITS {
            return wrong("fitted potential has other units", UNITS, &saved.units);
        }
        let (mut times, mut models) = (Vec::new(), Vec::new());
        for (at, model) in saved.model.into_iter().enumerate() {
            times.push(model.time);
            models.push(model.read().map_err(|e| {
                let inner = e.place().map(|p| format!("{p}, ")).unwrap_or_default();
                e.at(format!("{inner}model {} of `{place}`", at + 1))
            })?);
        }
        Expansion::series(times, models).map_err(|e| {
            let inner = e.place().map(|p| format!("{p} of ")).unwrap_or_default();
            e.at(format!("{inner}`{place}`"))
        })
    }
}

fn unreadable(error: &toml::de::Error, text: &str, place: &str) -> Error {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    Error::damaged("fitted potential is not readable").because(error.message()).at(format!("line {line} of `{place}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::expansion::{CylindricalFit, MultipoleFit, SelfConsistentFieldFit};

    fn models() -> Vec<Model> {
        let column = |k: f64| (0..300).map(|i| (f64::from(i) * k).sin() * (1.0 + f64::from(i) * 0.1)).collect::<Vec<_>>();
        let (x, y, z, m) = (column(1.0), column(1.7), column(2.3), vec![1e7 / 3.0; 300]);
        let grid = MultipoleGrid { least_kpc: 0.3, greatest_kpc: 40.0, knots: 9, degree: 3, order: 2, symmetry: Symmetry::None };
        let multipole = MultipoleFit::of_particles(&grid, &x, &y, &z, &m).unwrap().finish().unwrap();
        let basis = Basis { scale_kpc: 7.0 / 3.0, radial: 4, degree: 2, order: 2, symmetry: Symmetry::Triaxial };
        let field = SelfConsistentFieldFit::of_particles(&basis, &x, &y, &z, &m).unwrap().finish().unwrap();
        let grid = CylindricalGrid {
            radial_scale_kpc: 2.0,
            vertical_scale_kpc: 0.3,
            greatest_radius_kpc: 25.0,
            greatest_height_kpc: 20.0,
            radial_knots: 6,
            vertical_knots: 5,
            order: 3,
            symmetry: Symmetry::None,
        };
        let disc = CylindricalFit::of_particles(&grid, &x, &y, &z, &m).unwrap().finish().unwrap();
        vec![multipole.into(), field.into(), disc.into()]
    }

    #[test]
    fn saved_and_read_again_it_is_the_same() {
        let series = Expansion::series(vec![-1.0 / 3.0, 0.0, 0.1], models()).unwrap();
        let text = series.to_toml().unwrap();
        assert!(text.starts_with("format = \"spolia expansion\"\nversion = 1\n"), "{}", &text[..200]);
        let again = Expansion::from_toml(&text, "again").unwrap();
        assert_eq!(again, series);
        let p = [1.0, -2.0, 0.3];
        assert_eq!(again.acceleration(-0.1, p).map(f64::to_bits), series.acceleration(-0.1, p).map(f64::to_bits));
    }

    #[test]
    fn hostile_texts_are_refused_with_the_place() {
        let text = Expansion::series(vec![-1.0, 0.0, 0.1], models()).unwrap().to_toml().unwrap();
        let cases = [
            ("version = 1", "version = 2", "version"),
            ("format = \"spolia expansion\"", "format = \"x\"", "no fitted potential"),
            ("kpc, km/s", "pc, km/s", "units"),
            ("time = -1.0", "time = nan", "model 1"),
            ("time = -1.0", "time = 3.0", "ascend"),
            ("time = -1.0", "time = \"x\"", "line 6"),
            ("kind = \"multipole\"", "kind = \"nothing\"", "nothing"),
            ("knots = 9", "knots = 10", "another number of rows"),
            ("knots = 9", "knots = -9", "line"),
            ("knots = 9", "knots = 99999999999", "number of radii"),
            ("knots = 9", "knots = 9\nbad = 1", "bad"),
            ("greatest_kpc = 40.0", "greatest_kpc = 0.30000000001", "radii of the grid"),
            ("least_kpc = 0.3", "least_kpc = -0.3", "radii of the grid"),
            ("inner_power = ", "inner_power = inf #", "finite"),
            ("degree = 3", "degree = 4000000000", "degree"),
            ("radial = 4", "radial = 5", "coefficients"),
            ("radial = 4", "", "no radial"),
            ("order = 2", "order = 1", "terms"),
            ("radial_knots = 6", "radial_knots = 7", "number of values"),
            ("vertical_scale_kpc = 0.3", "vertical_scale_kpc = 0.0", "scale and end"),
            ("order = 3", "order = 300", "order"),
        ];
        for (from, to, expected) in cases {
            assert!(text.contains(from), "{from}");
            let error = Expansion::from_toml(&text.replacen(from, to, 1), "bad.toml").unwrap_err();
            let shown = error.to_string();
            assert!(shown.contains(expected) && shown.contains("bad.toml"), "{from} to {to}: {shown}");
        }
        for cut in (0..text.len()).step_by(997) {
            assert!(Expansion::from_toml(&text[..cut], "cut.toml").is_err(), "{cut}");
        }
    }
}
