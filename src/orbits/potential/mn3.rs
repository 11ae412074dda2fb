//! Nearly exponential discs as three discs of Miyamoto and Nagai.
//!
//! Formula    M and h_R times polynomials of p = b / h_R give masses and radial scales; p(h), h = h_z / h_R, is
//!            -0.269 h^3 + 1.08 h^2 + 1.092 h for exp(-|z| / h_z), -0.033 h^3 + 0.262 h^2 + 0.659 h for sech^2(z / h_z)
//! Units      M in Msun, h_R and h_z in kpc
//! Source     Smith et al. 2015, MNRAS 448, 2934, eqs. 6, 7 and tables 1 (unrestricted) and 2 (density positive everywhere)
//! Accuracy   exact for the sum; the sum itself is within 1 % (unrestricted 0.5 %) of the exponential disc's surface density out to 4 h_R
//! Edge cases fitted for 0 < p < 3; unrestricted coefficients have negative density beyond about 10 h_R
//! See also   `miyamoto_nagai`, `profile`

use super::miyamoto_nagai::MiyamotoNagai;
use super::profile::{Allowed, Formulas, Kind, Parameter, Profile};
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Copy, Debug)]
pub struct Mn3 {
    height: [f64; 3],
    rows: &'static [[f64; 5]; 6],
}

const PARAMETERS: &[Parameter] = &[
    Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "mass of the exponential disc" },
    Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radial scale h_R" },
    Parameter { name: "height", unit: "kpc", default: None, allowed: Allowed::Positive, description: "vertical scale h_z" },
];
const SOURCE: &str = "Smith et al. 2015, MNRAS 448, 2934";

macro_rules! registration {
    ($name:ident, $text:literal, $description:literal, $peers:literal, $height:ident, $rows:ident) => {
        /// Its registration.
        pub const $name: Kind = Kind {
            name: $text,
            description: $description,
            peers: $peers,
            source: SOURCE,
            parameters: PARAMETERS,
            spherical: false,
            axisymmetric: true,
            build: |_| Ok(Profile::Mn3(Mn3 { height: $height, rows: &$rows })),
        };
    };
}
registration!(
    EXPONENTIAL,
    "mn3_exponential",
    "nearly exponential disc, exponential in z, density positive everywhere",
    "gala MN3ExponentialDiskPotential, galpy MN3ExponentialDiskPotential(posdens=True)",
    HEIGHT_EXPONENTIAL,
    POSITIVE
);
registration!(
    SECH2,
    "mn3_sech2",
    "nearly exponential disc, sech^2 in z, density positive everywhere",
    "gala MN3ExponentialDiskPotential(sech2_z=True), galpy MN3ExponentialDiskPotential(sech=True, posdens=True)",
    HEIGHT_SECH2,
    POSITIVE
);
registration!(
    EXPONENTIAL_UNRESTRICTED,
    "mn3_exponential_unrestricted",
    "nearly exponential disc, exponential in z, closer inside and of negative density far out",
    "gala MN3ExponentialDiskPotential(positive_density=False), galpy MN3ExponentialDiskPotential",
    HEIGHT_EXPONENTIAL,
    UNRESTRICTED
);
registration!(
    SECH2_UNRESTRICTED,
    "mn3_sech2_unrestricted",
    "nearly exponential disc, sech^2 in z, closer inside and of negative density far out",
    "gala MN3ExponentialDiskPotential(sech2_z=True, positive_density=False), galpy MN3ExponentialDiskPotential(sech=True)",
    HEIGHT_SECH2,
    UNRESTRICTED
);

/// p(h): factors of h^3, h^2, h; Smith et al. 2015, eqs. 6 and 7.
const HEIGHT_EXPONENTIAL: [f64; 3] = [-0.269, 1.08, 1.092];
const HEIGHT_SECH2: [f64; 3] = [-0.033, 0.262, 0.659];
/// m1 to m3 and a1 to a3: factors of p^4 to 1; Smith et al. 2015, table 2.
const POSITIVE: [[f64; 5]; 6] = [
    [0.0036, -0.0330, 0.1117, -0.1335, 0.1749],
    [-0.0131, 0.1090, -0.3035, 0.2921, -5.7976],
    [-0.0048, 0.0454, -0.1425, 0.1012, 6.7120],
    [-0.0158, 0.0993, -0.2070, -0.7089, 0.6445],
    [-0.0319, 0.1514, -0.1279, -0.9325, 2.6836],
    [-0.0326, 0.1816, -0.2943, -0.6329, 2.3193],
];
/// The same without the condition on the density; Smith et al. 2015, table 1.
const UNRESTRICTED: [[f64; 5]; 6] = [
    [-0.0090, 0.0640, -0.1653, 0.1164, 1.9487],
    [0.0173, -0.0903, 0.0877, 0.2029, -1.3077],
    [-0.0051, 0.0287, -0.0361, -0.0544, 0.2242],
    [-0.0358, 0.2610, -0.6987, -0.1193, 2.0074],
    [-0.0830, 0.4992, -0.7967, -1.2966, 4.4441],
    [-0.0247, 0.1718, -0.4124, -0.5944, 0.7333],
];
/// Constants of one disc.
const EACH: usize = 3;

impl Mn3 {
    /// Mass, a and b of the three discs, one after the other.
    fn discs<T: Real>(&self, parameters: &[T]) -> [[T; EACH]; 3] {
        let h = parameters[2] / parameters[1];
        let p = ((h * self.height[0] + self.height[1]) * h + self.height[2]) * h;
        let row = |i: usize| {
            let mut sum = T::constant(0.0);
            for factor in self.rows[i] {
                sum = sum * p + factor;
            }
            sum
        };
        std::array::from_fn(|i| [row(i) * parameters[0], row(i + 3) * parameters[1], p * parameters[1]])
    }
}

impl Formulas for Mn3 {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        self.discs(parameters).iter().flat_map(|disc| MiyamotoNagai.constants(disc)).collect()
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], p: [T; 3]) -> T {
        MiyamotoNagai.potential(&c[..EACH], p) + MiyamotoNagai.potential(&c[EACH..2 * EACH], p) + MiyamotoNagai.potential(&c[2 * EACH..], p)
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], p: [T; 3]) -> [T; 3] {
        let one = MiyamotoNagai.acceleration(&c[..EACH], p);
        let two = MiyamotoNagai.acceleration(&c[EACH..2 * EACH], p);
        let three = MiyamotoNagai.acceleration(&c[2 * EACH..], p);
        std::array::from_fn(|i| one[i] + two[i] + three[i])
    }

    fn density(&self, parameters: &[f64], p: [f64; 3]) -> f64 {
        self.discs(parameters).iter().map(|disc| MiyamotoNagai.density(disc, p)).sum()
    }
}
