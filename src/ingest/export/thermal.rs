//! Internal energy from temperature and back, where a table has one and a format wants the other.
//!
//! Formula    u = k_B T / ((gamma - 1) mu m_p), mu = 4 / (1 + 3 X + 4 X x_e); the inverse of `gadget_hdf5::temperature_k`
//! Units      K and (km/s)^2
//! Source     GADGET-4 (Springel et al. 2021, MNRAS 506, 2871), `InitGasTemp`: neutral below 1e4 K, fully ionised from there on
//! Accuracy   exact inverses to rounding, but for energies between neutral and ionised gas of 1e4 K, which are 1e4 K
//! See also   `gadget_hdf5`, `tipsy`

use crate::constants::PRIMORDIAL_HYDROGEN;
use crate::ingest::gadget_hdf5::temperature_k;

/// Temperature from which gas of unknown ionisation counts as ionised [K]; GADGET-4, begin of a run.
pub(super) const IONISED_FROM_K: f64 = 1e4;

/// Electrons per hydrogen nucleus when hydrogen and helium are fully ionised.
fn all_electrons(x_h: f64) -> f64 {
    1.0 + (1.0 - x_h) / (2.0 * x_h)
}

/// Specific internal energy [(km/s)^2] of gas at `kelvin`; `x_e` as known, else by temperature; `x_h` as known, else primordial.
pub(super) fn energy_kms2(kelvin: f64, x_e: Option<f64>, x_h: Option<f64>) -> f64 {
    let x_h = x_h.filter(|x| *x > 0.0).unwrap_or(PRIMORDIAL_HYDROGEN);
    let electrons = x_e.unwrap_or(if kelvin >= IONISED_FROM_K { all_electrons(x_h) } else { 0.0 });
    kelvin / temperature_k(1.0, electrons, x_h)
}

/// Temperature [K] of gas with this energy [(km/s)^2]; `x_e` and `x_h` as above.
pub(super) fn kelvin(energy_kms2: f64, x_e: Option<f64>, x_h: Option<f64>) -> f64 {
    let x_h = x_h.filter(|x| *x > 0.0).unwrap_or(PRIMORDIAL_HYDROGEN);
    if let Some(x_e) = x_e {
        return temperature_k(energy_kms2, x_e, x_h);
    }
    let ionised = temperature_k(energy_kms2, all_electrons(x_h), x_h);
    if ionised >= IONISED_FROM_K { ionised } else { temperature_k(energy_kms2, 0.0, x_h).min(IONISED_FROM_K) }
}

/// Mean molecular weights of primordial gas, neutral and ionised, as a note says them.
pub(super) fn weights() -> (f64, f64) {
    let weight = |x_e: f64| 4.0 / (1.0 + 3.0 * PRIMORDIAL_HYDROGEN + 4.0 * PRIMORDIAL_HYDROGEN * x_e);
    (weight(0.0), weight(all_electrons(PRIMORDIAL_HYDROGEN)))
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
