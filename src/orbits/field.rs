//! What orbits are computed in: anything with a potential and an acceleration, for the kinds of numbers that a method needs.
//!
//! Layout     [`Field`] is the demand; [`Gravity`] is a [`Potential`] prepared once for all kinds of numbers used here
//! Units      kpc, (km/s)^2, (km/s)^2/kpc; times in kpc/(km/s)
//! See also   `potential::Potential`, `numeric::real`

use super::potential::{Potential, Prepared};
use crate::numeric::dual::Dual;
use crate::numeric::lanes::Lanes;
use crate::numeric::real::Real;

/// A gravitational field over one kind of number.
pub trait Field<T: Real>: Sync {
    /// Potential \[(km/s)^2\] at `p` \[kpc\].
    fn potential(&self, time: T, p: [T; 3]) -> T;
    /// Acceleration \[(km/s)^2/kpc\] at `p` \[kpc\].
    fn acceleration(&self, time: T, p: [T; 3]) -> [T; 3];
}

/// A potential together with its constants for each kind of number.
#[derive(Clone, Debug)]
pub struct Gravity<'a> {
    /// The potential.
    pub model: &'a Potential,
    plain: Prepared<f64>,
    lanes: Prepared<Lanes>,
    slope: Prepared<Dual<f64, 1>>,
    slopes: Prepared<Dual<Lanes, 1>>,
    curvature: Prepared<Dual<Dual<f64, 1>, 1>>,
}

impl<'a> Gravity<'a> {
    /// Prepares the constants of `model` once.
    pub fn new(model: &'a Potential) -> Self {
        Gravity {
            model,
            plain: model.prepare(),
            lanes: model.prepare(),
            slope: model.prepare(),
            slopes: model.prepare(),
            curvature: model.prepare(),
        }
    }
}

macro_rules! fields {
    ($($name:ident: $number:ty),* $(,)?) => {$(
        impl Field<$number> for Gravity<'_> {
            #[inline(always)]
            fn potential(&self, time: $number, p: [$number; 3]) -> $number {
                self.model.potential(&self.$name, time, p)
            }
            #[inline(always)]
            fn acceleration(&self, time: $number, p: [$number; 3]) -> [$number; 3] {
                self.model.acceleration(&self.$name, time, p)
            }
        }
    )*};
}
fields! {
    plain: f64,
    lanes: Lanes,
    slope: Dual<f64, 1>,
    slopes: Dual<Lanes, 1>,
    curvature: Dual<Dual<f64, 1>, 1>,
}

/// A potential with constants of any one kind of number, such as parameters that carry derivatives.
#[derive(Clone, Debug)]
pub struct Variable<'a, T> {
    /// The potential.
    pub model: &'a Potential,
    /// Its constants.
    pub prepared: Prepared<T>,
}

impl<T: Real> Field<T> for Variable<'_, T> {
    #[inline(always)]
    fn potential(&self, time: T, p: [T; 3]) -> T {
        self.model.potential(&self.prepared, time, p)
    }
    #[inline(always)]
    fn acceleration(&self, time: T, p: [T; 3]) -> [T; 3] {
        self.model.acceleration(&self.prepared, time, p)
    }
}

#[cfg(test)]
pub mod sample {
    //! Fields for tests: the Milky Way of Bovy 2015, Kepler's, and a harmonic one.
    use super::*;
    use crate::constants::GRAVITY_KPC_KMS2_MSUN;
    use crate::numeric::real::dot;
    use crate::orbits::potential::Component;

    /// Halo and disc of MWPotential2014, orbit_reference.json.
    pub fn halo_and_disc() -> Potential {
        let halo = Component::new("halo", "nfw", &[436_833_250_000.0, 16.0]).unwrap();
        let disc = Component::new("disc", "miyamoto_nagai", &[68_193_902_782.346756, 3.0, 0.28]).unwrap();
        Potential { components: vec![halo, disc] }
    }

    /// MWPotential2014 at 8 kpc and 220 km/s, its bulge as a series of the incomplete gamma function.
    pub struct MilkyWay(pub Potential);

    const BULGE_MASS: f64 = 4_501_365_375.065_45;
    const CUT_KPC: f64 = 1.9;

    impl Default for MilkyWay {
        fn default() -> Self {
            MilkyWay(halo_and_disc())
        }
    }

    impl MilkyWay {
        fn model<T: Real>(&self) -> Variable<'_, T> {
            Variable { model: &self.0, prepared: self.0.prepare() }
        }
    }

    /// Lower incomplete gamma function for u < 40, the complete one above.
    fn lower<T: Real>(a: f64, whole: f64, u: T) -> T {
        let inside = u.min(T::constant(40.0));
        let (mut term, mut sum) = (T::constant(1.0 / a), T::constant(1.0 / a));
        for n in 1..170 {
            term = term * inside / (a + f64::from(n));
            sum += term;
        }
        let series = sum * (inside.ln() * a - inside).exp();
        T::choose(u.less(T::constant(40.0)), series, T::constant(whole))
    }

    impl<T: Real> Field<T> for MilkyWay {
        fn potential(&self, time: T, p: [T; 3]) -> T {
            let r = dot(p, p).sqrt();
            let u = (r / CUT_KPC).square();
            let (gamma_a, gamma_b) = (1.489_192_248_812_817, 9.513_507_698_668_73);
            let bulge = lower(0.6, gamma_a, u) / r + (-lower(0.1, gamma_b, u) + gamma_b) / CUT_KPC;
            self.model().potential(time, p) - bulge * (GRAVITY_KPC_KMS2_MSUN * BULGE_MASS / gamma_a)
        }
        fn acceleration(&self, time: T, p: [T; 3]) -> [T; 3] {
            let r = dot(p, p).sqrt();
            let gamma_a = 1.489_192_248_812_817;
            let pull = lower(0.6, gamma_a, (r / CUT_KPC).square()) * (GRAVITY_KPC_KMS2_MSUN * BULGE_MASS / gamma_a) / r.powi(3);
            let rest = self.model().acceleration(time, p);
            [0, 1, 2].map(|i| rest[i] - p[i] * pull)
        }
    }

    /// G M = 1 at the origin.
    pub struct Kepler;
    impl<T: Real> Field<T> for Kepler {
        fn potential(&self, _: T, p: [T; 3]) -> T {
            -dot(p, p).sqrt().recip()
        }
        fn acceleration(&self, _: T, p: [T; 3]) -> [T; 3] {
            let pull = -dot(p, p).sqrt().powi(-3);
            p.map(|x| x * pull)
        }
    }

    #[test]
    fn the_sample_is_the_reference_model() {
        // orbit_reference.json, case mw2014.
        let p = [11.8, 0.79, 6.4];
        let phi: f64 = MilkyWay::default().potential(0.0, p);
        let a: [f64; 3] = MilkyWay::default().acceleration(0.0, p);
        assert!((phi / -106_077.420_864_718_34 - 1.0).abs() < 1e-12, "{phi}");
        assert!((a[2] / -1_608.088_565_110_714_6 - 1.0).abs() < 1e-12, "{}", a[2]);
        let near: f64 = MilkyWay::default().potential(0.0, [0.5, 0.3, 0.2]);
        assert!((near / -221_350.605_003_201_6 - 1.0).abs() < 1e-12, "{near}");
        let model = halo_and_disc();
        let both = (Gravity::new(&model).potential(0.0, p), Variable { model: &model, prepared: model.prepare() }.potential(0.0, p));
        assert_eq!(both.0, both.1);
    }
}
