//! SQL `abundance_z('Fe', x_fe, z_metal [, 'nihao'])`: abundance relative to hydrogen where the snapshot stores no hydrogen.
//!
//! Formula    [A/H] = log10(x_a/x_h) - log10(x_a/x_h)_Sun with x_h = 1 - Z - (0.236 + 2.1 Z)
//! Units      two mass fractions in, dex out
//! Source     Asplund, Grevesse, Sauval & Scott 2009, ARA&A 47, 481; helium of pynbody 2
//! Edge cases NULL in, NULL out; NaN above Z = 0.246, where no hydrogen is left
//! See also   `abundance`, `chemistry::abundance`

use crate::chemistry::abundance::{Ratio, hydrogen_fallback};
use crate::chemistry::solar::SolarScale;
use crate::error::Error;
use crate::sql::functions::scalar::{Columns, Scalar, outer};
use crate::sql::functions::{FunctionDoc, units};

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "abundance_z",
        kind: "scalar",
        signature: "abundance_z('Fe', x_fe, z_metal [, 'nihao'])",
        description: "Logarithmic abundance relative to hydrogen and to the Sun where the snapshot stores no hydrogen: it is taken from the metal fraction, as pynbody does. The solar scale is asplund2009 (default), nihao or pynbody.",
        formula: "[A/H] = log10(x_a/x_h) - log10(x_a/x_h)_Sun with x_h = 1 - Z - (0.236 + 2.1 Z)",
        units: "two mass fractions in, dex out",
        source: "Asplund, Grevesse, Sauval & Scott 2009, ARA&A 47, 481; helium of pynbody 2",
        example: "SELECT round(abundance_z('Fe', 0.001, 0.0) - abundance('Fe', 'H', 0.001, 0.764), 12)",
        example_answer: Some("0.0"),
        see_also: "pynbody `hydrogen`, `feh`",
    },
    aliases: &[],
    arguments: &[3, 4],
    texts: &[0, 3],
    unit: |_| units::named("dex"),
    evaluate,
};

fn evaluate(columns: &Columns) -> datafusion::common::Result<Vec<f64>> {
    let [element, scale @ ..] = columns.texts.as_slice() else {
        return Err(outer(Error::usage("abundance_z() needs an element name").hint("use abundance_z('Fe', x_fe, z_metal)")));
    };
    let scale = scale.first().map_or(Ok(SolarScale::default()), |name| SolarScale::parse(name)).map_err(outer)?;
    let ratio = Ratio::new(element, "H", scale).map_err(outer)?;
    columns.map(|[x_element, z_metal]| ratio.dex(x_element, hydrogen_fallback(z_metal)))
}
