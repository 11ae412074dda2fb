//! SQL `age_at(a, h, omega_m, omega_lambda)`: age of the universe at a scale factor.
//!
//! Formula    t(a) = (1/H0) int_0^a da / sqrt(omega_m/a + omega_lambda a^2 + omega_k)
//! Units      1 in, Gyr out
//! Source     Hogg 1999, astro-ph/9905116, equation 30
//! Edge cases NULL in, NULL out; a <= 0 follows `cosmology`; a cosmology out of range is an error
//! See also   `cosmology`

use crate::cosmology::Cosmology;
use crate::error::Error;
use crate::sql::functions::scalar::{Columns, Scalar, outer};
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "age_at",
        kind: "scalar",
        signature: "age_at(a, h, omega_m, omega_lambda)",
        description: "Age of the universe at a scale factor in a universe of matter, curvature and a cosmological constant, which is what simulations use. The cosmology must be literal numbers.",
        formula: "t(a) = (1/H0) int_0^a da / sqrt(omega_m/a + omega_lambda a^2 + omega_k)",
        units: "1 in, Gyr out",
        source: "Hogg 1999, astro-ph/9905116, equation 30",
        example: "SELECT round(age_at(1.0, 0.7, 1.0, 0.0), 6)",
        example_answer: Some("9.312307"),
        see_also: "astropy `LambdaCDM(H0, Om0, Ode0).age(z)`, pynbody `analysis.cosmology.age`",
    },
    aliases: &[],
    arguments: &[4],
    texts: &[],
    unit: |_| units::named("Gyr"),
    evaluate,
};

fn evaluate(columns: &Columns) -> datafusion::common::Result<Vec<f64>> {
    let (Some(h), Some(omega_m), Some(omega_lambda)) = (columns.literal(1), columns.literal(2), columns.literal(3)) else {
        return Err(outer(
            Error::usage("the cosmology of age_at must be literal numbers").hint("use age_at(a_birth, 0.671, 0.3175, 0.6825)"),
        ));
    };
    let cosmology = Cosmology::lcdm(h, omega_m, omega_lambda).map_err(outer)?;
    if columns.literal(0).is_some() {
        return columns.map(|[a]| cosmology.age_gyr(a));
    }
    let table = cosmology.age_table();
    columns.map(|[a]| table.age_gyr(a))
}
