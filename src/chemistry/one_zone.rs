//! One-zone chemical evolution: gas that forms stars, is enriched by them, loses a wind and is fed from outside.
//!
//! Formula    dM_X = -X dM_star - eta dM_gross (X - X_in) + X_in dM_in + y_X^cc dM_gross + y_X^Ia R_Ia dt,
//!            dM_gross = dM_star/(1 - r);  R_Ia(t) = int dM_gross(t') D(t - t');  D ~ t^-1.12 from 40 Myr on
//! Units      Msun, Gyr; mass fractions
//! Source     equations and yields of O and Fe: Weinberg, Andrews & Freudenburg 2017, ApJ 837, 183 (r = 0.4, y_O = 0.015,
//!            y_Fe^cc = 0.0012, y_Fe^Ia = 0.0017); delay times: Maoz, Mannucci & Brandt 2012, MNRAS 426, 3282; the other elements have effective
//!            yields chosen to give the plateaus of Andrews et al. 2017, ApJ 835, 224 (stated at `YIELDS`)
//! Accuracy   metal mass is conserved to rounding; constant star formation tends to the closed-form equilibrium (test)
//! Edge cases the wind is replaced by as much inflow, so it changes metals and not the gas mass; no gas: composition of the inflow
//! See also   `nbody::merger` drives one zone per progenitor

use crate::error::{Error, ErrorKind, Result};

/// Elements that are followed.
pub const ELEMENTS: [&str; 6] = ["O", "Mg", "Al", "Si", "Mn", "Fe"];

/// Number of elements.
pub const ELEMENT_COUNT: usize = ELEMENTS.len();

/// Solar mass fractions of `ELEMENTS`: Asplund et al. 2009, ARA&A 47, 481, from table 1 with X = 0.7381 of table 4, to 0.2 percent.
pub const SOLAR_FRACTION: [f64; ELEMENT_COUNT] = [5.733e-3, 7.079e-4, 5.559e-5, 6.649e-4, 1.081e-5, 1.292e-3];

/// Hydrogen mass fraction that goes with [`SOLAR_FRACTION`].
pub const SOLAR_HYDROGEN: f64 = 0.7381;

/// Share of the gross star formation that returns at once (Weinberg et al. 2017, Kroupa initial mass function).
pub const RETURNED_SHARE: f64 = 0.4;

/// First type Ia supernova after a burst \[Gyr\] (Buder et al. 2025, arXiv:2510.11284, section 2).
pub const IA_DELAY_GYR: f64 = 0.04;

/// Slope of the delay-time distribution (Maoz, Mannucci & Brandt 2012, MNRAS 426, 3282).
const IA_SLOPE: f64 = -1.12;

/// The delay-time distribution is normalised to 1 over this time [Gyr].
const IA_NORMALISED_GYR: f64 = 12.5;

/// Oxygen yield of core-collapse supernovae per mass formed.
const OXYGEN_YIELD: f64 = 0.015;

/// Yields per mass formed: core collapse and type Ia. Core collapse gives [Mg/O] = 0, [Si/O] = -0.05, [Mn/Fe] = -0.45 before
/// type Ia set in; type Ia brings the Fe of Weinberg et al. 2017, a fifth of solar Si, and Mn at [Mn/Fe] = +0.15.
const YIELDS: [(f64, f64); ELEMENT_COUNT] =
    [(OXYGEN_YIELD, 0.0), (1.852e-3, 0.0), (1.454e-4, 0.0), (1.550e-3, 1.8e-4), (3.56e-6, 2.01e-5), (1.2e-3, 1.7e-3)];

/// Aluminium is a secondary-like product: its yield scales as (O / O_sun)^0.6 (slope of the [Al/Mg] trend of dwarfs and disc).
const ALUMINIUM_SLOPE: f64 = 0.6;

/// Place of oxygen in [`ELEMENTS`].
const OXYGEN: usize = 0;

/// Place of magnesium in [`ELEMENTS`].
pub const MAGNESIUM: usize = 1;

/// Place of aluminium in [`ELEMENTS`].
const ALUMINIUM: usize = 2;

/// Place of iron in [`ELEMENTS`].
pub const IRON: usize = 5;

/// Width of the bins in which past star formation is remembered [Gyr].
const MEMORY_BIN_GYR: f64 = 0.01;

/// Total metal mass fraction from O and Fe: Z = 2.09 O + 1.06 Fe (the convention of the Gasoline code).
pub fn metallicity(fractions: &[f64; ELEMENT_COUNT]) -> f64 {
    const PER_OXYGEN: f64 = 2.09;
    const PER_IRON: f64 = 1.06;
    PER_OXYGEN * fractions[OXYGEN] + PER_IRON * fractions[IRON]
}

/// The core-collapse composition scaled to [Fe/H] = `feh` (with solar hydrogen).
pub fn early_composition(feh: f64) -> [f64; ELEMENT_COUNT] {
    let scale = SOLAR_FRACTION[IRON] * 10f64.powf(feh) / YIELDS[IRON].0;
    let mut fractions = YIELDS.map(|(prompt, _)| prompt * scale);
    fractions[ALUMINIUM] *= (fractions[OXYGEN] / SOLAR_FRACTION[OXYGEN]).powf(ALUMINIUM_SLOPE);
    fractions
}

/// Share of a population's type Ia supernovae that have gone off `age_gyr` after its birth.
pub fn exploded_share(age_gyr: f64) -> f64 {
    let power = |t: f64| t.powf(1.0 + IA_SLOPE);
    if age_gyr <= IA_DELAY_GYR { 0.0 } else { (power(IA_DELAY_GYR) - power(age_gyr)) / (power(IA_DELAY_GYR) - power(IA_NORMALISED_GYR)) }
}

/// A well mixed reservoir of gas.
#[derive(Clone, Debug)]
pub struct OneZone {
    gas_msun: f64,
    metal_msun: [f64; ELEMENT_COUNT],
    inflow: [f64; ELEMENT_COUNT],
    wind_loading: f64,
    clock_gyr: f64,
    /// Gross mass formed per bin of the clock.
    memory: Vec<f64>,
}

impl OneZone {
    /// Gas of mass `gas_msun` with composition `inflow`, fed by the same; the wind carries `wind_loading` times the gross star formation.
    pub fn new(gas_msun: f64, inflow: [f64; ELEMENT_COUNT], wind_loading: f64) -> Result<OneZone> {
        if !(gas_msun >= 0.0 && gas_msun.is_finite() && wind_loading >= 0.0 && wind_loading.is_finite()) {
            return Err(Error::new(ErrorKind::Domain, "gas mass and wind loading must not be negative")
                .found(format!("{gas_msun} Msun, {wind_loading}")));
        }
        let metal_msun = inflow.map(|f| f * gas_msun);
        Ok(OneZone { gas_msun, metal_msun, inflow, wind_loading, clock_gyr: 0.0, memory: Vec::new() })
    }

    /// Gas mass \[Msun\].
    pub fn gas_msun(&self) -> f64 {
        self.gas_msun
    }

    /// Mass of each element in the gas \[Msun\].
    pub fn metal_msun(&self) -> [f64; ELEMENT_COUNT] {
        self.metal_msun
    }

    /// Mass fractions of the gas.
    pub fn composition(&self) -> [f64; ELEMENT_COUNT] {
        if self.gas_msun > 0.0 { self.metal_msun.map(|m| (m / self.gas_msun).max(0.0)) } else { self.inflow }
    }

    /// Advances by `step_gyr` in which `formed_msun` of long-lived stars took gas and `inflow_msun` came in.
    pub fn advance(&mut self, step_gyr: f64, formed_msun: f64, inflow_msun: f64) {
        let gross = formed_msun / (1.0 - RETURNED_SHARE);
        let delayed = self.exploding_msun(step_gyr);
        let composition = self.composition();
        let wind = (self.wind_loading * gross).min(0.5 * self.gas_msun);
        let aluminium = (composition[OXYGEN] / SOLAR_FRACTION[OXYGEN]).powf(ALUMINIUM_SLOPE);
        for (element, (prompt, late)) in YIELDS.iter().enumerate() {
            let efficiency = if element == ALUMINIUM { aluminium } else { 1.0 };
            let (own, fed) = (composition[element], self.inflow[element]);
            let change = fed * inflow_msun - own * formed_msun - wind * (own - fed) + prompt * efficiency * gross + late * delayed;
            self.metal_msun[element] = (self.metal_msun[element] + change).max(0.0);
        }
        self.gas_msun = (self.gas_msun + inflow_msun - formed_msun).max(0.0);
        self.clock_gyr += step_gyr;
        let bin = (self.clock_gyr / MEMORY_BIN_GYR) as usize;
        self.memory.resize(self.memory.len().max(bin + 1), 0.0);
        self.memory[bin] += gross;
    }

    /// Takes over `mass_msun` of gas from `other` with its composition.
    pub fn absorb(&mut self, other: &mut OneZone, mass_msun: f64) {
        let composition = other.composition();
        let mass = mass_msun.min(other.gas_msun);
        self.gas_msun += mass;
        other.gas_msun -= mass;
        for ((mine, theirs), fraction) in self.metal_msun.iter_mut().zip(&mut other.metal_msun).zip(composition) {
            *mine += fraction * mass;
            *theirs = (*theirs - fraction * mass).max(0.0);
        }
    }

    /// Gross mass whose type Ia supernovae go off within the next step.
    fn exploding_msun(&self, step_gyr: f64) -> f64 {
        let mut sum = 0.0;
        for (bin, gross) in self.memory.iter().enumerate() {
            if *gross > 0.0 {
                let age = self.clock_gyr - (bin as f64 + 0.5) * MEMORY_BIN_GYR;
                sum += gross * (exploded_share(age + step_gyr) - exploded_share(age));
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bracket(fractions: &[f64; ELEMENT_COUNT], a: usize, b: usize) -> f64 {
        (fractions[a] / fractions[b] / (SOLAR_FRACTION[a] / SOLAR_FRACTION[b])).log10()
    }

    #[test]
    fn early_gas_has_the_core_collapse_ratios() {
        let early = early_composition(-2.0);
        assert!((early[IRON] / SOLAR_FRACTION[IRON] - 0.01).abs() < 1e-12);
        // log10((0.015/0.0012)/(5.733e-3/1.292e-3)) = 0.4498
        assert!((bracket(&early, OXYGEN, IRON) - 0.4498).abs() < 1e-3);
        assert!((bracket(&early, MAGNESIUM, OXYGEN)).abs() < 1e-3);
        assert!((bracket(&early, 4, IRON) + 0.45).abs() < 0.01, "{}", bracket(&early, 4, IRON));
        assert!((metallicity(&SOLAR_FRACTION) - 0.01335).abs() < 1e-4);
    }

    #[test]
    fn delay_times() {
        assert_eq!(exploded_share(IA_DELAY_GYR), 0.0);
        assert!((exploded_share(12.5) - 1.0).abs() < 1e-12);
        // (0.04^-0.12 - 1) / (0.04^-0.12 - 12.5^-0.12) = 0.471466 / 0.732923
        assert!((exploded_share(1.0) - 0.643).abs() < 0.001, "{}", exploded_share(1.0));
    }

    #[test]
    fn constant_star_formation_tends_to_the_equilibrium_oxygen() {
        // With gas mass held constant, dZ = 0 gives Z_O = y_O / (1 - r + eta) + inflow: the equilibrium of Weinberg et al. 2017 without decline.
        let mut zone = OneZone::new(5e9, [0.0; ELEMENT_COUNT], 2.0).unwrap();
        for _ in 0..4000 {
            zone.advance(0.005, 1e7, 1e7);
        }
        let expected = OXYGEN_YIELD / (1.0 - RETURNED_SHARE + 2.0);
        let found = zone.composition()[OXYGEN];
        println!("oxygen {found:.6} for {expected:.6}");
        assert!((found / expected - 1.0).abs() < 1e-3);
        assert!((zone.gas_msun() - 5e9).abs() < 1.0);
        let mg_fe = bracket(&zone.composition(), MAGNESIUM, IRON);
        assert!(mg_fe < 0.1 && mg_fe > -0.15, "{mg_fe}");
    }

    #[test]
    fn absorbing_conserves_metals() {
        let mut a = OneZone::new(1e9, early_composition(-1.0), 1.0).unwrap();
        let mut b = OneZone::new(2e9, early_composition(-2.0), 1.0).unwrap();
        let before = a.metal_msun()[IRON] + b.metal_msun()[IRON];
        a.absorb(&mut b, 5e8);
        assert!(((a.metal_msun()[IRON] + b.metal_msun()[IRON]) / before - 1.0).abs() < 1e-14);
        assert_eq!(b.gas_msun(), 1.5e9);
        assert!(OneZone::new(-1.0, [0.0; ELEMENT_COUNT], 0.0).is_err());
    }
}
