//! Temperature and internal energy of gas: readers make the one of the other, and exports the way back.
//!
//! Formula    T = (gamma - 1) u mu m_p / k_B, mu = 4 / (1 + 3 X + 4 X x_e), gamma = 5/3
//!            x_e unknown: 0 below 1e4 K, all electrons of hydrogen and helium, 1 + Y / (2 X), from there on
//! Units      K and (km/s)^2
//! Source     GADGET-4 (Springel et al. 2021, MNRAS 506, 2871), `InitGasTemp` for gas of unknown ionisation
//! Accuracy   exact inverses to rounding, but for energies between those of neutral and of ionised gas of 1e4 K, which are 1e4 K
//! See also   `gadget_hdf5`, `gadget_binary`, `export`

use crate::constants::{BOLTZMANN_ERG_K, GAMMA_MONATOMIC, PRIMORDIAL_HYDROGEN, PROTON_MASS_G};

/// (km/s)^2 in (cm/s)^2; exact.
const KMS2_CGS: f64 = 1e10;
/// Temperature from which gas of unknown ionisation counts as ionised [K]; GADGET-4, start of a run.
pub(in crate::ingest) const IONISED_FROM_K: f64 = 1e4;

/// Electrons per hydrogen nucleus when hydrogen and helium are fully ionised.
fn all_electrons(x_h: f64) -> f64 {
    1.0 + (1.0 - x_h) / (2.0 * x_h)
}

/// Specific internal energy [(km/s)^2] of gas at `kelvin`; `x_e` as known, else by temperature; `x_h` as known, else primordial.
pub(in crate::ingest) fn energy_kms2(kelvin: f64, x_e: Option<f64>, x_h: Option<f64>) -> f64 {
    let x_h = x_h.filter(|x| *x > 0.0).unwrap_or(PRIMORDIAL_HYDROGEN);
    let electrons = x_e.unwrap_or(if kelvin >= IONISED_FROM_K { all_electrons(x_h) } else { 0.0 });
    kelvin / temperature_k(1.0, electrons, x_h)
}

/// Mean molecular weight of hydrogen and helium with `x_e` electrons per hydrogen nucleus.
fn mean_weight(x_e: f64, x_h: f64) -> f64 {
    4.0 / (1.0 + 3.0 * x_h + 4.0 * x_h * x_e)
}

/// Temperature [K] of gas with specific energy `energy_kms2`, `x_e` electrons per hydrogen nucleus and hydrogen fraction `x_h`.
fn temperature_k(energy_kms2: f64, x_e: f64, x_h: f64) -> f64 {
    (GAMMA_MONATOMIC - 1.0) * energy_kms2 * KMS2_CGS * mean_weight(x_e, x_h) * PROTON_MASS_G / BOLTZMANN_ERG_K
}

/// Temperature [K] of gas with this energy [(km/s)^2]; `x_e` and `x_h` as above.
pub(in crate::ingest) fn kelvin(energy_kms2: f64, x_e: Option<f64>, x_h: Option<f64>) -> f64 {
    let x_h = x_h.filter(|x| *x > 0.0).unwrap_or(PRIMORDIAL_HYDROGEN);
    if let Some(x_e) = x_e {
        return temperature_k(energy_kms2, x_e, x_h);
    }
    let ionised = temperature_k(energy_kms2, all_electrons(x_h), x_h);
    if ionised >= IONISED_FROM_K { ionised } else { temperature_k(energy_kms2, 0.0, x_h).min(IONISED_FROM_K) }
}

/// Mean molecular weights of primordial gas, neutral and ionised, as a note says them.
pub(in crate::ingest) fn weights() -> (f64, f64) {
    (mean_weight(0.0, PRIMORDIAL_HYDROGEN), mean_weight(all_electrons(PRIMORDIAL_HYDROGEN), PRIMORDIAL_HYDROGEN))
}

/// Description of a computed temperature, and the note about what was assumed for it.
pub(in crate::ingest) fn words(electrons: bool, primordial: bool) -> (String, String) {
    let fraction =
        if primordial { format!("hydrogen fraction {PRIMORDIAL_HYDROGEN}") } else { "the hydrogen fraction of the file".to_string() };
    let caution = "not physical for star-forming gas (sfr > 0), which follows an effective equation of state";
    if electrons {
        return (
            format!("gas temperature from u, x_e and {fraction}; {caution}"),
            format!("the gas temperature is computed from u and x_e with {fraction} and an adiabatic index of 5/3"),
        );
    }
    let (neutral, ionised) = weights();
    (
        format!("gas temperature from u and {fraction}, neutral below 1e4 K and ionised from there on; {caution}"),
        format!(
            "the file has no electron abundance: the gas temperature is computed from u with {fraction} and an adiabatic index of 5/3, as of neutral gas below 1e4 K (mean molecular weight {neutral:.2}) and of ionised gas from there on ({ionised:.2})"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_literature() {
        // 4 / (1 + 3 X) and 4 / (8 - 5 (1 - X)) with X = 0.76, GADGET-2 `init.c`.
        let (neutral, ionised) = weights();
        assert!((neutral - 4.0 / 3.28).abs() < 1e-15 && (ionised - 4.0 / 6.8).abs() < 1e-15);
    }

    #[test]
    fn temperature_is_that_of_the_written_formula() {
        // 80.765 K per (km/s)^2 and unit of mean weight (CODATA 2018 m_p, SI 2019 k_B), fully ionised primordial gas: mu = 0.58824.
        let x_e = all_electrons(0.76);
        assert!((mean_weight(x_e, 0.76) - 4.0 / (8.0 - 5.0 * 0.24)).abs() < 1e-12);
        assert!((kelvin(1000.0, Some(x_e), None) / (80_765.0 * mean_weight(x_e, 0.76)) - 1.0).abs() < 1e-4);
        // Pure hydrogen.
        assert_eq!((mean_weight(0.0, 1.0), mean_weight(1.0, 1.0)), (1.0, 0.5));
        let (text, note) = words(false, true);
        assert!(text.contains("neutral below") && note.contains("no electron abundance") && note.contains("(0.59)"), "{note}");
        assert!(words(true, false).1.contains("u and x_e with the hydrogen fraction of the file"));
    }

    #[test]
    fn both_ways_meet() {
        for known in [None, Some(0.3)] {
            for hydrogen in [None, Some(0.7)] {
                for temperature in [10.0, 9999.9, 1e4, 3e6] {
                    let energy = energy_kms2(temperature, known, hydrogen);
                    assert!((kelvin(energy, known, hydrogen) / temperature - 1.0).abs() < 4e-16 * 8.0);
                    let x_e = known.unwrap_or(if temperature < 1e4 { 0.0 } else { all_electrons(hydrogen.unwrap_or(0.76)) });
                    assert!((temperature_k(energy, x_e, hydrogen.unwrap_or(0.76)) / temperature - 1.0).abs() < 1e-15 * 4.0);
                }
            }
        }
        let between = 1.5 * energy_kms2(9999.999, None, None);
        assert_eq!(kelvin(between, None, None), 1e4);
    }
}
