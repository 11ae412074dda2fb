//! Einasto's halo.
//!
//! Formula    rho = rho_0 exp(-s), s = (2 / alpha) (r / r_s)^alpha; M(<r) = M P(A, s), A = 3 / alpha
//!            Phi = -G M [P(A, s) / r + (2 / alpha)^(1 / alpha) Gamma(B, s) / (r_s Gamma(A))], B = 2 / alpha
//! Units      M (in all) in Msun, r_s (where the slope is -2) in kpc
//! Source     Einasto 1965, Trudy Astrofiz. Inst. Alma-Ata 5, 87; Retana-Montenegro et al. 2012, A&A 540, A70, eqs. 8 and 19
//! Accuracy   1e-13 relative (tests), by piecewise polynomials made once for the parameters
//! Edge cases tables reach where P = 1 for the alpha of the component; derivatives by alpha are exact, but an alpha that is changed by more
//!            than a tenth asks for a new component
//! Cost       one exponential, one logarithm, 14 steps of a polynomial a force; about 3,000 numbers a set of parameters
//! See also   `power_law_cutoff`, `numeric::pieces`, `profile`

use std::f64::consts::PI;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, radius};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::gamma::{ln_gamma, lower_shape, upper};
use crate::numeric::pieces::Pieces;
use crate::numeric::real::{Real, dot};

/// The profile.
#[derive(Clone, Debug)]
pub struct Einasto {
    /// Where the tables reach.
    table: Pieces,
    /// Below this s the tables hold what is regular at 0, above it what vanishes far out.
    join: f64,
}

/// Its registration.
pub const KIND: Kind = Kind {
    name: "einasto",
    description: "dark halo of Einasto, whose slope changes steadily",
    peers: "galpy EinastoPotential, gala EinastoPotential, agama Spheroid(type=Sersic-like)",
    source: "Einasto 1965, Trudy Astrofiz. Inst. Alma-Ata 5, 87",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "total mass" },
        Parameter {
            name: "scale",
            unit: "kpc",
            default: None,
            allowed: Allowed::Positive,
            description: "radius r_s where the slope is -2",
        },
        Parameter { name: "alpha", unit: "1", default: None, allowed: Allowed::Between(0.1, 3.0), description: "change of the slope" },
    ],
    spherical: true,
    axisymmetric: true,
    build: |parameters| {
        let a = 3.0 / parameters[2];
        // Gamma(A, s) / Gamma(A) is below 1e-17 there.
        let last = (a + 12.0 * a.sqrt() + 45.0).ceil();
        Ok(Profile::Einasto(Einasto { table: Pieces { first: 0.0, width: 1.0, count: last as usize }, join: (a.ceil() + 1.0).max(4.0) }))
    },
};

/// Constants before the tables.
const HEAD: usize = 8;

impl Einasto {
    /// s where the tables change.
    pub(in crate::orbits) fn join(&self) -> f64 {
        self.join
    }

    /// s of x = r / r_s.
    #[inline(always)]
    fn argument<T: Real>(c: &[T], x: T) -> T {
        (x.ln() * c[3]).exp() * c[4]
    }

    /// P(A, s) / x^3.
    #[inline(always)]
    fn enclosed<T: Real>(&self, c: &[T], x: T, s: T) -> T {
        let value = self.table.value(&c[HEAD..], s);
        T::choose(s.less(T::constant(self.join)), value, (-value + 1.0) / (x * x * x))
    }
}

impl Formulas for Einasto {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        let (scale, alpha) = (parameters[1], parameters[2]);
        let (a, b, factor) = (alpha.recip() * 3.0, alpha.recip() * 2.0, alpha.recip() * 2.0);
        let (log, gamma) = (factor.ln(), ln_gamma(a).exp());
        let strength = parameters[0] * GRAVITY_KPC_KMS2_MSUN / scale;
        // (2 / alpha)^(1 / alpha) / Gamma(A), Gamma(B).
        let (outer, whole) = ((log / alpha).exp() / gamma, ln_gamma(b).exp());
        let mut constants = Vec::with_capacity(HEAD + 2 * self.table.coefficients());
        constants.extend([strength, scale.recip(), strength / scale.square(), alpha, factor, outer, whole, scale]);
        // P / x^3 = (2 / alpha)^A F(A, s) / (A Gamma(A)); the lower part of Gamma(B, s) is x^2 (2 / alpha)^B F(B, s) / B.
        let (mass, lower) = ((a * log).exp() / (a * gamma), (b * log).exp() / b);
        constants.extend(self.table.fit(|s| if s < self.join { lower_shape(a, s) * mass } else { upper(a, s) / gamma }));
        constants.extend(self.table.fit(|s| if s < self.join { lower_shape(b, s) * lower } else { upper(b, s) }));
        constants
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        let x = radius(p) * c[1];
        let s = Self::argument(c, x);
        let table = self.table.value(&c[HEAD + self.table.coefficients()..], s);
        let upper = T::choose(s.less(T::constant(self.join)), c[6] - x * x * table, table);
        -(c[0] * (self.enclosed(c, x, s) * x * x + c[5] * upper))
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let x = radius(p) * c[1];
        let pull = -(c[2] * self.enclosed(c, x, Self::argument(c, x)));
        p.map(|x| x * pull)
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        let (mass, scale, alpha) = (parameters[0], parameters[1], parameters[2]);
        let (a, factor) = (3.0 / alpha, 2.0 / alpha);
        let s = factor * (dot(p, p).sqrt() / scale).powf(alpha);
        mass * alpha / (4.0 * PI * scale.powi(3)) * (a * factor.ln() - ln_gamma(a) - s).exp()
    }
}
