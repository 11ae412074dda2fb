//! Kuzmin's razor-thin disc.
//!
//! Formula    Phi = -G M / sqrt(R^2 + (a + |z|)^2); surface density a M / (2 pi (R^2 + a^2)^(3/2))
//! Units      M in Msun, a in kpc
//! Source     Kuzmin 1956, Astron. Zh. 33, 27; Binney & Tremaine 2008, eqs. 2.68a and b
//! Accuracy   a few units in the last place
//! Edge cases all mass lies at z = 0, where the vertical acceleration jumps and is taken from above; the density elsewhere is 0
//! See also   `profile`, `miyamoto_nagai`

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Debug)]
pub struct Kuzmin;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "kuzmin",
    description: "razor-thin disc of Kuzmin and Toomre",
    peers: "galpy KuzminDiskPotential, gala KuzminPotential, agama MiyamotoNagai(scaleHeight=0)",
    source: "Kuzmin 1956, Astron. Zh. 33, 27",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radius a" },
    ],
    spherical: false,
    axisymmetric: true,
    build: |_| Ok(Profile::Kuzmin(Kuzmin)),
};

impl Formulas for Kuzmin {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        vec![parameters[0] * GRAVITY_KPC_KMS2_MSUN, parameters[1]]
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> T {
        let height = z.abs() + c[1];
        -(c[0] / (x * x + y * y + height * height).sqrt())
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> [T; 3] {
        let height = z.abs() + c[1];
        let d2 = x * x + y * y + height * height;
        let pull = -(c[0] / (d2 * d2.sqrt()));
        let lift = T::choose(z.less(T::constant(0.0)), -height, height);
        [x * pull, y * pull, lift * pull]
    }

    fn density(&self, _: &[f64], [_, _, z]: [f64; 3]) -> f64 {
        if z == 0.0 { f64::INFINITY } else { 0.0 }
    }
}
