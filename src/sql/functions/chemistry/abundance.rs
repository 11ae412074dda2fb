//! SQL `abundance('Fe', 'H', x_fe, x_h [, 'asplund2009'])`: abundance ratio relative to the Sun from mass fractions.
//!
//! Formula    [A/B] = log10(x_a/x_b) - log10(x_a/x_b)_Sun
//! Units      two mass fractions in, dex out
//! Source     Asplund, Grevesse, Sauval & Scott 2009, ARA&A 47, 481
//! Edge cases NULL in, NULL out; a fraction of 0 above gives minus infinity
//! See also   `abundance_z`, `chemistry::abundance`

use crate::chemistry::abundance::Ratio;
use crate::chemistry::solar::SolarScale;
use crate::error::Error;
use crate::sql::functions::scalar::{Columns, Scalar, outer};
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "abundance",
        kind: "scalar",
        signature: "abundance('Fe', 'H', x_fe, x_h [, 'asplund2009'])",
        description: "Logarithmic abundance ratio relative to the Sun from two mass fractions. The solar scale is asplund2009 (default), nihao or pynbody.",
        formula: "[A/B] = log10(x_a/x_b) - log10(x_a/x_b)_Sun",
        units: "two mass fractions in, dex out",
        source: "Asplund, Grevesse, Sauval & Scott 2009, ARA&A 47, 481",
        example: "SELECT round(abundance('Fe', 'O', 0.001, 0.001) + abundance('O', 'Fe', 0.001, 0.001), 12)",
        example_answer: Some("0.0"),
        see_also: "pynbody `feh`, `ofe`, `mgfe`",
    },
    aliases: &[],
    arguments: &[4, 5],
    texts: &[0, 1, 4],
    unit: |_| units::named("dex"),
    evaluate,
};

fn evaluate(columns: &Columns) -> datafusion::common::Result<Vec<f64>> {
    let [above, below, scale @ ..] = columns.texts.as_slice() else {
        return Err(outer(Error::usage("abundance() needs two element names").hint("use abundance('Fe', 'H', x_fe, x_h)")));
    };
    let scale = scale.first().map_or(Ok(SolarScale::default()), |name| SolarScale::parse(name)).map_err(outer)?;
    let ratio = Ratio::new(above, below, scale).map_err(outer)?;
    columns.map(|[x_above, x_below]| ratio.dex(x_above, x_below))
}
