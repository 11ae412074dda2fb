//! The halo of Navarro, Frenk and White with its density flattened.
//!
//! Formula    rho = m / (4 pi r_s^3) / [x (1 + x)^2], x = xi / r_s, xi^2 = x^2 + y^2 / q1^2 + z^2 / q2^2
//!            Phi = -(G m q1 q2 / r_s) Int_0^1 ds / [(1 + xi(s) / r_s) sqrt(A_1 A_2)], A_i = 1 + (q_i^2 - 1) s^2,
//!            xi(s)^2 = s^2 (x^2 + y^2 / A_1 + z^2 / A_2)
//! Units      m in Msun, r_s in kpc
//! Source     Chandrasekhar 1969, Ellipsoidal figures of equilibrium, theorem 12; Binney & Tremaine 2008, eq. 2.140; Merritt & Fridman
//!            1996, ApJ 460, 136 for the variable s
//! Accuracy   Gauss-Legendre of order 50: 1e-13 relative out to 10 r_s, 1e-10 to 60 r_s
//! Edge cases q1 = q2 = 1 is the sphere of `nfw`; at the origin the acceleration is 0
//! Cost       50 square roots and divisions a point
//! See also   `nfw`, `profile`

use std::f64::consts::PI;
use std::sync::OnceLock;

use super::profile::{Allowed, Formulas, Kind, Parameter, Profile, TINY_KPC2};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::numeric::quadrature::gauss_legendre;
use crate::numeric::real::Real;

/// The profile.
#[derive(Clone, Debug)]
pub struct TriaxialNfw;

/// Its registration.
pub const KIND: Kind = Kind {
    name: "triaxial_nfw",
    description: "dark halo of Navarro, Frenk and White with ellipsoidal density",
    peers: "galpy TriaxialNFWPotential, agama Spheroid(gamma=1, beta=3, axisRatioY, axisRatioZ); gala flattens the potential instead",
    source: "Binney & Tremaine 2008, eq. 2.140",
    parameters: &[
        Parameter { name: "mass", unit: "Msun", default: None, allowed: Allowed::Positive, description: "mass scale 4 pi rho_0 r_s^3" },
        Parameter { name: "scale", unit: "kpc", default: None, allowed: Allowed::Positive, description: "radius r_s" },
        Parameter { name: "q1", unit: "1", default: Some(1.0), allowed: Allowed::Positive, description: "axis ratio y to x" },
        Parameter { name: "q2", unit: "1", default: Some(1.0), allowed: Allowed::Positive, description: "axis ratio z to x" },
    ],
    spherical: false,
    axisymmetric: false,
    build: |_| Ok(Profile::TriaxialNfw(TriaxialNfw)),
};

/// Nodes of the quadrature.
const ORDER: usize = 50;
/// Constants before those of the nodes, and for each node: s, 1 / A_1, 1 / A_2, weight / sqrt(A_1 A_2).
const HEAD: usize = 2;
const EACH: usize = 4;

impl Formulas for TriaxialNfw {
    fn constants<T: Real>(&self, parameters: &[T]) -> Vec<T> {
        static NODES: OnceLock<(Vec<f64>, Vec<f64>)> = OnceLock::new();
        let (nodes, weights) = NODES.get_or_init(|| gauss_legendre(ORDER));
        let (q1, q2, inverse) = (parameters[2], parameters[3], parameters[1].recip());
        let mut constants = vec![-(parameters[0] * GRAVITY_KPC_KMS2_MSUN * q1 * q2 * inverse), inverse];
        for (node, weight) in nodes.iter().zip(weights) {
            let s = 0.5 * (1.0 + node);
            let flat = [q1, q2].map(|q| ((q.square() - 1.0) * (s * s) + 1.0).recip());
            constants.extend([T::constant(s), flat[0], flat[1], (flat[0] * flat[1]).sqrt() * (0.5 * weight)]);
        }
        constants
    }

    #[inline(always)]
    fn potential<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> T {
        let (x2, y2, z2) = (x * x, y * y, z * z);
        let mut sum = T::constant(0.0);
        for node in c[HEAD..].chunks_exact(EACH) {
            let m = (x2 + y2 * node[1] + z2 * node[2] + TINY_KPC2).sqrt();
            sum += node[3] / (m * node[0] * c[1] + 1.0);
        }
        c[0] * sum
    }

    #[inline(always)]
    fn acceleration<T: Real>(&self, c: &[T], [x, y, z]: [T; 3]) -> [T; 3] {
        let (x2, y2, z2) = (x * x, y * y, z * z);
        let mut sum = [T::constant(0.0); 3];
        for node in c[HEAD..].chunks_exact(EACH) {
            let m = (x2 + y2 * node[1] + z2 * node[2] + TINY_KPC2).sqrt();
            let outer = m * node[0] * c[1] + 1.0;
            let pull = node[3] * node[0] / (m * outer * outer);
            sum[0] += pull;
            sum[1] += pull * node[1];
            sum[2] += pull * node[2];
        }
        let strength = c[0] * c[1];
        [x * sum[0] * strength, y * sum[1] * strength, z * sum[2] * strength]
    }

    fn density(&self, parameters: &[f64], [x, y, z]: [f64; 3]) -> f64 {
        let scale = parameters[1];
        let xi = (x * x + (y / parameters[2]).powi(2) + (z / parameters[3]).powi(2)).sqrt() / scale;
        parameters[0] / (4.0 * PI * scale.powi(3) * xi * (1.0 + xi).powi(2))
    }
}
