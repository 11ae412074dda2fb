//! What a profile is, and which there are.
//!
//! Layout     one file a profile: its formulas and its [`Kind`]; one line here
//! Refuses    unknown names (with the nearest), parameters outside their range
//! See also   `component`, ARCHITECTURE.md "add a potential"

use super::{
    burkert, dehnen_bar, einasto, expanded, exponential_disc, hernquist, homogeneous_sphere, isochrone, jaffe, kuzmin, kuzmin_kutuzov,
    logarithmic, long_murali_bar, miyamoto_nagai, mn3, nfw, plummer, point_mass, power_law_cutoff, spiral_arms, triaxial_nfw,
    two_power_triaxial, uniform_field,
};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::numeric::dispatch::Kernel;
use crate::numeric::real::{Real, dot};

/// Formulas of a profile around the origin, for any kind of number.
pub trait Formulas {
    /// Numbers that depend on the parameters alone, computed once: what `c` holds below.
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T>;

    /// Potential \[(km/s)^2\] at `p` \[kpc\], zero at infinity where that exists.
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T;

    /// Acceleration \[(km/s)^2/kpc\] at `p` \[kpc\].
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3];

    /// Mass density \[Msun/kpc^3\] at `p` \[kpc\].
    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64;

    /// Potential \[(km/s)^2\] of a profile that changes in time \[kpc/(km/s)\] by itself.
    #[inline(always)]
    fn potential_at<T: Real>(&self, c: &[T], _time: T, p: [T; 3]) -> T {
        self.potential(c, p)
    }

    /// Acceleration \[(km/s)^2/kpc\] of one.
    #[inline(always)]
    fn acceleration_at<T: Real>(&self, c: &[T], _time: T, p: [T; 3]) -> [T; 3] {
        self.acceleration(c, p)
    }

    /// Density \[Msun/kpc^3\] of one.
    fn density_at(&self, parameters: &[f64], _time: f64, p: [f64; 3]) -> f64 {
        self.density(parameters, p)
    }

    /// Whether it does not change by itself.
    fn is_static(&self) -> bool {
        true
    }
}

/// Values that a parameter may have; all must be finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowed {
    /// Any.
    Any,
    /// Above 0.
    Positive,
    /// 0 or above.
    NotNegative,
    /// From the first to the second, both excluded.
    Between(f64, f64),
}

/// One parameter of a profile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Name, as in files.
    pub name: &'static str,
    /// Unit of its number: kpc, Msun, km/s, 1, ...
    pub unit: &'static str,
    /// Value if it is left out.
    pub default: Option<f64>,
    /// Values that it may have.
    pub allowed: Allowed,
    /// One line.
    pub description: &'static str,
}

/// A registered profile.
#[derive(Debug)]
pub struct Kind {
    /// Name, as in files.
    pub name: &'static str,
    /// One line.
    pub description: &'static str,
    /// Names of the same in galpy, gala and agama.
    pub peers: &'static str,
    /// Paper and equation.
    pub source: &'static str,
    /// Parameters in order.
    pub parameters: &'static [Parameter],
    /// Whether only the distance from the centre matters.
    pub spherical: bool,
    /// Whether the azimuth does not matter.
    pub axisymmetric: bool,
    /// Makes the profile of checked parameters; tables that it needs are computed here.
    pub build: fn(&[f64]) -> Result<Profile>,
}

/// One profile with its constants at a place: code of its own for each kind of number, so that a sum over all profiles is a few calls
/// wherever it is used, not a copy of every formula.
struct PotentialOf<'a, P, T>(&'a P, &'a [T], T, [T; 3]);
/// The same for the acceleration.
struct AccelerationOf<'a, P, T>(&'a P, &'a [T], T, [T; 3]);

impl<P: Formulas, T: Real> Kernel for PotentialOf<'_, P, T> {
    type Answer = T;
    #[inline(always)]
    fn run(self) -> T {
        self.0.potential_at(self.1, self.2, self.3)
    }
}

impl<P: Formulas, T: Real> Kernel for AccelerationOf<'_, P, T> {
    type Answer = [T; 3];
    #[inline(always)]
    fn run(self) -> [T; 3] {
        self.0.acceleration_at(self.1, self.2, self.3)
    }
}

macro_rules! profiles {
    ($($variant:ident in $module:ident),* $(,)?) => {
        /// A profile of one of the kinds.
        #[derive(Clone, Debug)]
        pub enum Profile {
            $(#[allow(missing_docs)] $variant($module::$variant)),*
        }

        impl Formulas for Profile {
            fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
                match self { $(Profile::$variant(profile) => profile.constants(parameters)),* }
            }
            #[inline(always)]
            fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
                self.potential_at(c, T::constant(0.0), p)
            }
            #[inline(always)]
            fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
                self.acceleration_at(c, T::constant(0.0), p)
            }
            fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
                match self { $(Profile::$variant(profile) => profile.density(parameters, p)),* }
            }
            #[inline(always)]
            fn potential_at<T: Real>(&self, c: &[T], time: T, p: [T; 3]) -> T {
                match self { $(Profile::$variant(profile) => T::apart(PotentialOf(profile, c, time, p))),* }
            }
            #[inline(always)]
            fn acceleration_at<T: Real>(&self, c: &[T], time: T, p: [T; 3]) -> [T; 3] {
                match self { $(Profile::$variant(profile) => T::apart(AccelerationOf(profile, c, time, p))),* }
            }
            fn density_at(&self, parameters: &[f64], time: f64, p: [f64; 3]) -> f64 {
                match self { $(Profile::$variant(profile) => profile.density_at(parameters, time, p)),* }
            }
            fn is_static(&self) -> bool {
                match self { $(Profile::$variant(profile) => profile.is_static()),* }
            }
        }
    };
}

profiles! {
    PointMass in point_mass,
    Plummer in plummer,
    Hernquist in hernquist,
    Jaffe in jaffe,
    Isochrone in isochrone,
    HomogeneousSphere in homogeneous_sphere,
    Nfw in nfw,
    TriaxialNfw in triaxial_nfw,
    TwoPowerTriaxial in two_power_triaxial,
    Burkert in burkert,
    PowerLawCutoff in power_law_cutoff,
    Logarithmic in logarithmic,
    MiyamotoNagai in miyamoto_nagai,
    Mn3 in mn3,
    ExponentialDisc in exponential_disc,
    Kuzmin in kuzmin,
    KuzminKutuzov in kuzmin_kutuzov,
    Einasto in einasto,
    LongMuraliBar in long_murali_bar,
    DehnenBar in dehnen_bar,
    SpiralArms in spiral_arms,
    UniformField in uniform_field,
    Expanded in expanded,
}

const KINDS: &[&Kind] = &[
    &point_mass::KIND,
    &plummer::KIND,
    &hernquist::KIND,
    &jaffe::KIND,
    &isochrone::KIND,
    &homogeneous_sphere::KIND,
    &nfw::KIND,
    &triaxial_nfw::KIND,
    &two_power_triaxial::KIND,
    &burkert::KIND,
    &power_law_cutoff::KIND,
    &logarithmic::KIND,
    &miyamoto_nagai::KIND,
    &mn3::EXPONENTIAL,
    &mn3::SECH2,
    &mn3::EXPONENTIAL_UNRESTRICTED,
    &mn3::SECH2_UNRESTRICTED,
    &exponential_disc::KIND,
    &kuzmin::KIND,
    &kuzmin_kutuzov::KIND,
    &einasto::KIND,
    &long_murali_bar::KIND,
    &dehnen_bar::KIND,
    &spiral_arms::CONCENTRATED_KIND,
    &spiral_arms::SINUSOIDAL_KIND,
    &uniform_field::KIND,
];

/// Keeps divisions finite at the origin; far below any distance that matters \[kpc^2\].
pub(super) const TINY_KPC2: f64 = 1e-60;

/// Distance from the origin \[kpc\], never 0.
#[inline(always)]
pub(super) fn radius<T: Real>(p: [T; 3]) -> T {
    (dot(p, p) + TINY_KPC2).sqrt()
}

/// Every kind of profile in closed form.
pub fn kinds() -> &'static [&'static Kind] {
    KINDS
}

/// The kind called `name`, fitted ones too.
pub fn kind(name: &str) -> Result<&'static Kind> {
    let all = || KINDS.iter().copied().chain(expanded::fitted_kinds());
    all().find(|kind| kind.name == name).ok_or_else(|| {
        let names: Vec<&str> = all().map(|kind| kind.name).collect();
        let error = Error::not_found(format!("no potential is called `{name}`")).expected(names.join(", "));
        match nearest(name, names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        }
    })
}

impl Allowed {
    /// Whether `value` is allowed.
    pub fn holds(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Allowed::Any => true,
                Allowed::Positive => value > 0.0,
                Allowed::NotNegative => value >= 0.0,
                Allowed::Between(low, high) => low < value && value < high,
            }
    }

    /// In words.
    pub fn text(self) -> String {
        match self {
            Allowed::Any => "a finite number".into(),
            Allowed::Positive => "a number above 0".into(),
            Allowed::NotNegative => "0 or a number above".into(),
            Allowed::Between(low, high) => format!("a number between {low} and {high}"),
        }
    }
}

impl Kind {
    /// The profile with these parameters, one for each of [`Kind::parameters`].
    pub fn profile(&self, parameters: &[f64]) -> Result<Profile> {
        if parameters.len() != self.parameters.len() {
            return Err(Error::usage(format!("potential {} has another number of parameters", self.name))
                .expected(self.parameters.iter().map(|p| p.name).collect::<Vec<_>>().join(", "))
                .found(format!("{} numbers", parameters.len())));
        }
        for (parameter, value) in self.parameters.iter().zip(parameters) {
            if !parameter.allowed.holds(*value) {
                return Err(Error::new(
                    ErrorKind::Domain,
                    format!("parameter {} of potential {} makes no sense", parameter.name, self.name),
                )
                .expected(format!("{} [{}]", parameter.allowed.text(), parameter.unit))
                .found(value));
            }
        }
        (self.build)(parameters)
    }
}
