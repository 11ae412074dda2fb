//! SQL `circularity(x, y, z, vx, vy, vz, 'name')`: angular momentum over that of the circular orbit of the same energy.
//!
//! Formula    L_z/j_c(E), j_c = R v_c with v_c^2/2 + Phi(R, 0) = E, v_c^2 = R dPhi/dR
//! Units      kpc and km/s in, 1 out
//! Source     Abadi et al. 2003, ApJ 597, 21
//! Accuracy   radius of the circular orbit 1e-14 relative
//! Edge cases unbound stars and NaN give NaN, as does an energy without a circular orbit; refused in potentials that are not axisymmetric
//! See also   `orbit`, which gives it too

use rayon::prelude::*;

use super::host;
use crate::orbits::field::Gravity;
use crate::orbits::summary;
use crate::sql::functions::FunctionDoc;
use crate::sql::functions::scalar::{Scalar, outer};
use crate::sql::functions::units;

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "circularity",
        kind: "scalar",
        signature: "circularity(x, y, z, vx, vy, vz, 'name')",
        description: "Circularity of an orbit: L_z over that of the circular orbit in the plane with the same energy; discs are near 1, spheroids near 0.",
        formula: "L_z/j_c(E), j_c = R v_c with v_c^2/2 + Phi(R, 0) = E",
        units: "kpc and km/s in, 1 out",
        source: "Abadi et al. 2003, ApJ 597, 21",
        example: "SELECT round(circularity(8.0, 0.0, 0.0, 0.0, 220.00000013200318, 0.0, 'mw2014'), 9)",
        example_answer: Some("1.0"),
        see_also: "pynbody `jz_by_jzcirc` (analysis.decomp)",
    },
    aliases: &[],
    arguments: &[7],
    texts: &[6],
    unit: |u| host::phase_space_units(u).and_then(|()| units::one(u)),
    evaluate: |c| {
        let host = host::of_columns(c)?;
        host.must_be_axisymmetric("circularity").map_err(outer)?;
        let columns = host::phase_space(c).map_err(outer)?;
        let (stars, field) = (host::stars(&columns).map_err(outer)?, Gravity::new(&host.potential));
        let one = |star: usize| {
            let state = stars.state(star);
            let energy = state.energy(&field, 0.0);
            if energy < host.escape_energy { summary::circularity(&field, energy, state.angular_momentum()[2]) } else { f64::NAN }
        };
        Ok((0..stars.len()).into_par_iter().map(one).collect())
    },
};
