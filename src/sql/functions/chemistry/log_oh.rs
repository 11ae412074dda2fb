//! SQL `log_oh(x_o, x_h)`: gas-phase oxygen abundance 12 + log10(O/H) by number.
//!
//! Formula    12 + log10((x_o/15.999)/(x_h/1.008))
//! Units      two mass fractions in, dex out
//! Source     IUPAC 2021 standard atomic weights, Prohaska et al. 2022, PAC 94, 573
//! Edge cases NULL in, NULL out; no oxygen gives minus infinity
//! See also   `abundance`

use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};

/// Standard atomic weight of oxygen (IUPAC 2021, abridged).
const OXYGEN_WEIGHT: f64 = 15.999;
/// Standard atomic weight of hydrogen (IUPAC 2021, abridged).
const HYDROGEN_WEIGHT: f64 = 1.008;
/// Abundance of hydrogen on the logarithmic scale by number.
const HYDROGEN_DEX: f64 = 12.0;

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "log_oh",
        kind: "scalar",
        signature: "log_oh(x_o, x_h)",
        description: "Oxygen abundance by number on the scale where hydrogen is 12; the Sun has 8.69.",
        formula: "12 + log10((x_o/15.999)/(x_h/1.008))",
        units: "two mass fractions in, dex out",
        source: "IUPAC 2021 standard atomic weights, Prohaska et al. 2022, PAC 94, 573",
        example: "SELECT round(log_oh(0.015999, 1.008), 12)",
        example_answer: Some("9.0"),
        see_also: "pynbody `oxh` plus 8.69",
    },
    aliases: &[],
    arguments: &[2],
    texts: &[],
    unit: |_| units::named("dex"),
    evaluate: |c| c.map(|[x_o, x_h]| HYDROGEN_DEX + ((x_o / OXYGEN_WEIGHT) / (x_h / HYDROGEN_WEIGHT)).log10()),
};
