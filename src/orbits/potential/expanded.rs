//! A fitted expansion as a component of a potential.
//!
//! Formula    that of its kind, see `orbits::expansion`
//! Units      kpc, km/s, Msun; the saved form says so itself
//! Edge cases it has no parameters: its numbers are those of the file; it can be placed, moved and given an amplitude like any profile
//! Cost       see the kinds; one call that is not inlined
//! See also   `expansion::Expansion`, `text` for `file = "..."`

use std::sync::Arc;

use super::profile::{Formulas, Kind, Profile};
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::real::Real;
use crate::orbits::expansion::{Expansion, Model, Symmetry};

/// The profile.
#[derive(Clone, Debug)]
pub struct Expanded {
    /// What is evaluated.
    pub expansion: Arc<Expansion>,
    /// The file that holds it, as the text of the potential names it; none where that text holds it itself.
    pub file: Option<String>,
}

fn refused(_: &[f64]) -> Result<Profile> {
    Err(Error::usage("a fitted potential has no parameters").hint("give the file that holds it: file = \"...\", or `spolia potential fit`"))
}

const fn entry(name: &'static str, description: &'static str, peers: &'static str, spherical: bool, axisymmetric: bool) -> Kind {
    let source = "see orbits::expansion";
    Kind { name, description, peers, source, parameters: &[], spherical, axisymmetric, build: refused }
}

macro_rules! fitted {
    ($(($name:literal, $description:literal, $peers:literal)),* $(,)?) => {
        /// For each kind: without symmetry, axisymmetric, spherical.
        static KINDS: &[[Kind; 3]] = &[$([
            entry($name, $description, $peers, false, false),
            entry($name, $description, $peers, false, true),
            entry($name, $description, $peers, true, true),
        ]),*];
    };
}

fitted! {
    ("multipole", "fitted: spherical harmonics on a grid of radii", "agama Multipole, galpy MultipoleExpansionPotential"),
    ("cylindrical", "fitted: azimuthal harmonics on a grid of R and z", "agama CylSpline"),
    ("self_consistent_field", "fitted: the basis of Hernquist and Ostriker", "galpy SCFPotential, gala SCFPotential"),
    ("series", "fitted: models at several times", "agama Evolving"),
}

/// Names of components that are read from a file.
pub fn fitted_kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter_map(|kinds| kinds.first())
}

impl Expanded {
    /// The kind of this expansion.
    pub fn kind(&self) -> Result<&'static Kind> {
        let name = match self.expansion.models() {
            [model] => Model::name(model),
            _ => "series",
        };
        let symmetry = match self.expansion.symmetry() {
            Symmetry::Spherical => 2,
            Symmetry::Axisymmetric => 1,
            Symmetry::Triaxial | Symmetry::None => 0,
        };
        let found = KINDS.iter().flatten().filter(|kind| kind.name == name).nth(symmetry);
        found.ok_or_else(|| Error::new(ErrorKind::Internal, format!("no component is called {name}")))
    }
}

impl Formulas for Expanded {
    fn constants<T: Real>(&self, _: &[T]) -> Vec<T> {
        Vec::new()
    }

    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        self.potential_at(c, T::constant(0.0), p)
    }

    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        self.acceleration_at(c, T::constant(0.0), p)
    }

    fn density(&self, _: &[f64], p: [f64; 3]) -> f64 {
        self.expansion.density(0.0, p)
    }

    #[inline(always)]
    fn potential_at<T: Real>(&self, _: &[T], time: T, p: [T; 3]) -> T {
        self.expansion.potential(time, p)
    }

    #[inline(always)]
    fn acceleration_at<T: Real>(&self, _: &[T], time: T, p: [T; 3]) -> [T; 3] {
        self.expansion.acceleration(time, p)
    }

    fn density_at(&self, _: &[f64], time: f64, p: [f64; 3]) -> f64 {
        self.expansion.density(time, p)
    }

    fn is_static(&self) -> bool {
        self.expansion.is_static()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orbits::expansion::{Basis, SelfConsistentField};
    use crate::orbits::potential::{Component, Placement, Potential};

    fn hernquist(mass: f64, symmetry: Symmetry) -> Model {
        let basis = Basis { scale_kpc: 2.0, radial: 1, degree: 0, order: 0, symmetry };
        SelfConsistentField::new(basis, vec![mass]).unwrap().into()
    }

    #[test]
    fn it_is_placed_and_added_like_a_profile() {
        let expansion = Arc::new(Expansion::from(hernquist(1e10, Symmetry::Spherical)));
        let fitted = Component::expansion("halo", Some("halo.toml"), expansion).unwrap();
        let closed = Component::new("bulge", "hernquist", &[1e10, 2.0]).unwrap();
        let place = || Placement { centre_kpc: [1.0, 2.0, 3.0], ..Placement::default() };
        assert!(fitted.is_spherical() && fitted.is_static() && fitted.kind.name == "self_consistent_field");
        let both = Potential { components: vec![fitted.placed(place()).unwrap(), closed.clone()] };
        let twice =
            Potential { components: vec![Component::new("a", "hernquist", &[1e10, 2.0]).unwrap().placed(place()).unwrap(), closed] };
        assert_eq!(both.parameter_names(), ["bulge.mass", "bulge.scale"]);
        let p = [3.0, -4.0, 5.0];
        let (a, b) = (both.acceleration::<f64>(&both.prepare(), 0.0, p), twice.acceleration::<f64>(&twice.prepare(), 0.0, p));
        for i in 0..3 {
            assert!((a[i] / b[i] - 1.0).abs() < 1e-12, "{a:?} {b:?}");
        }
        assert!((both.density(p) / twice.density(p) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_series_follows_time_and_a_text_names_its_file() {
        let two = vec![hernquist(1e10, Symmetry::Spherical), hernquist(2e10, Symmetry::None)];
        let saved = Expansion::series(vec![-1.0, 0.0], two).unwrap().to_toml().unwrap();
        let text = "[[component]]\nname = \"halo\"\nkind = \"series\"\nfile = \"fits/halo.toml\"\ncentre = [0, 0, \"1 kpc\"]\n";
        let open = |file: &str| {
            assert_eq!(file, "fits/halo.toml");
            Ok(saved.clone())
        };
        let potential = Potential::from_toml_with(text, "galaxy.toml", &open).unwrap();
        assert!(!potential.is_static() && !potential.is_spherical());
        let at = |t: f64| potential.potential(&potential.prepare(), t, [0.0, 3.0, 1.0]);
        assert!((at(0.0) / at(-1.0) - 2.0).abs() < 1e-12 && (at(-0.5) / at(-1.0) - 1.5).abs() < 1e-12);
        let again = Potential::from_toml_with(&potential.to_toml(), "again", &open).unwrap();
        assert_eq!(again.potential(&again.prepare(), -0.5, [0.0, 3.0, 1.0]), at(-0.5));
        let refused = |text: &str| Potential::from_toml_with(text, "galaxy.toml", &open).unwrap_err().to_string();
        assert!(Potential::from_toml(text, "galaxy.toml").unwrap_err().to_string().contains("files"));
        assert!(refused(&text.replace("series", "multipole")).contains("line 4"));
        assert!(refused(&text.replace("file", "fil")).contains("file"));
        assert!(refused(&format!("{text}mass = 1.0\n")).contains("mass"));
        assert!(Component::new("x", "multipole", &[]).is_err());
    }
}
