//! Physical constants and unit sizes, each with value, unit, source and year in one line.
//!
//! Units      kpc, km/s, Msun, Gyr unless the name says otherwise; CGS names end in the CGS unit
//! Source     CODATA 2018; IAU 2012 B2 (au); IAU 2015 B2/B3 (parsec, nominal solar values); astropy.constants.codata2018 and .iau2015 agree
//! Accuracy   GRAVITY_KPC_KMS2_MSUN and SOLAR_MASS_G belong together: GM_sun = 1.3271244e26 cm^3/s^2 (IAU 2015) over G CODATA 2018
//! See also   `units::symbols`, `cosmology`

/// Newton's constant in engine units: 4.300917270036279e-6 kpc (km/s)^2 / Msun; CODATA 2018 G with the IAU 2015 GM of the sun.
pub const GRAVITY_KPC_KMS2_MSUN: f64 = 4.300_917_270_036_279e-6;
/// Newton's constant: 6.67430e-8 cm^3 g^-1 s^-2; CODATA 2018.
pub const GRAVITY_CGS: f64 = 6.674_30e-8;
/// The internal time unit kpc/(km/s): 0.9777922216807891 Gyr; parsec of IAU 2015 B2 and the Julian year.
pub const GYR_PER_TIME_UNIT: f64 = 0.977_792_221_680_789;
/// Mass of the sun: 1.988409870698051e33 g; IAU 2015 B3 GM over CODATA 2018 G.
pub const SOLAR_MASS_G: f64 = 1.988_409_870_698_051e33;
/// Luminosity of the sun: 3.828e33 erg/s; IAU 2015 B3 nominal.
pub const SOLAR_LUMINOSITY_ERG_S: f64 = 3.828e33;
/// Radius of the sun: 6.957e10 cm; IAU 2015 B3 nominal.
pub const SOLAR_RADIUS_CM: f64 = 6.957e10;
/// One astronomical unit: 1.495978707e13 cm; IAU 2012 B2, exact.
pub const ASTRONOMICAL_UNIT_CM: f64 = 1.495_978_707e13;
/// One parsec, 648000/pi au: 3.0856775814913673e18 cm; IAU 2015 B2.
pub const PARSEC_CM: f64 = 3.085_677_581_491_367e18;
/// One kiloparsec: 3.0856775814913673e21 cm; IAU 2015 B2.
pub const KPC_CM: f64 = 3.085_677_581_491_367_3e21;
/// One kiloparsec: 3.0856775814913673e16 km; IAU 2015 B2.
pub const KPC_KM: f64 = 3.085_677_581_491_367e16;
/// One megaparsec: 3.0856775814913673e19 km; IAU 2015 B2.
pub const MPC_KM: f64 = 3.085_677_581_491_367e19;
/// One Julian year: 31557600 s; IAU 1976, exact.
pub const YEAR_S: f64 = 3.155_76e7;
/// One gigayear: 3.15576e16 s; Julian year, exact.
pub const GYR_S: f64 = 3.155_76e16;
/// One day: 86400 s; exact.
pub const DAY_S: f64 = 86_400.0;
/// Speed of light: 299792.458 km/s; SI 2019, exact.
pub const SPEED_OF_LIGHT_KMS: f64 = 299_792.458;
/// Planck's constant: 6.62607015e-27 erg s; SI 2019, exact.
pub const PLANCK_ERG_S: f64 = 6.626_070_15e-27;
/// Boltzmann's constant: 1.380649e-16 erg/K; SI 2019, exact.
pub const BOLTZMANN_ERG_K: f64 = 1.380_649e-16;
/// Boltzmann's constant: 8.617333262145179e-5 eV/K; SI 2019, exact ratio k/e.
pub const BOLTZMANN_EV_K: f64 = 8.617_333_262_145_179e-5;
/// Stefan-Boltzmann constant: 5.6703744191844314e-5 erg cm^-2 s^-1 K^-4; SI 2019, 2 pi^5 k^4 / (15 h^3 c^2).
pub const STEFAN_BOLTZMANN_CGS: f64 = 5.670_374_419_184_431_4e-5;
/// One electronvolt: 1.602176634e-12 erg; SI 2019, exact.
pub const ELECTRONVOLT_ERG: f64 = 1.602_176_634e-12;
/// Proton mass: 1.67262192369e-24 g; CODATA 2018.
pub const PROTON_MASS_G: f64 = 1.672_621_923_69e-24;
/// Electron mass: 9.1093837015e-28 g; CODATA 2018.
pub const ELECTRON_MASS_G: f64 = 9.109_383_701_5e-28;
/// Atomic mass constant: 1.66053906660e-24 g; CODATA 2018.
pub const ATOMIC_MASS_G: f64 = 1.660_539_066_60e-24;
/// Thomson cross-section: 6.6524587321e-25 cm^2; CODATA 2018.
pub const THOMSON_CM2: f64 = 6.652_458_732_1e-25;
/// One jansky: 1e-23 erg s^-1 cm^-2 Hz^-1; exact.
pub const JANSKY_CGS: f64 = 1e-23;
/// Temperature of the cosmic microwave background today: 2.7255 K; Fixsen 2009.
pub const CMB_TEMPERATURE_K: f64 = 2.7255;
/// Hydrogen mass fraction of primordial gas used for mean molecular weights: 0.76; as GADGET and the TNG simulations take it.
pub const PRIMORDIAL_HYDROGEN: f64 = 0.76;
/// Adiabatic index of monatomic gas: 5/3.
pub const GAMMA_MONATOMIC: f64 = 5.0 / 3.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gravity_follows_from_the_solar_mass_and_the_parsec() {
        let km_cm = 1e5;
        let derived = GRAVITY_CGS * SOLAR_MASS_G / (KPC_CM * km_cm * km_cm);
        assert!((derived / GRAVITY_KPC_KMS2_MSUN - 1.0).abs() < 4e-15, "{derived:e}");
    }

    #[test]
    fn time_unit_parsec_and_radiation_constant_follow_from_their_definitions() {
        assert!((KPC_KM / GYR_S / GYR_PER_TIME_UNIT - 1.0).abs() < 4e-16, "{:.17}", KPC_KM / GYR_S);
        let parsec = 648_000.0 / std::f64::consts::PI * ASTRONOMICAL_UNIT_CM;
        assert!((parsec / PARSEC_CM - 1.0).abs() < 4e-16);
        let light_cm_s = SPEED_OF_LIGHT_KMS * 1e5;
        let sigma = 2.0 * std::f64::consts::PI.powi(5) * BOLTZMANN_ERG_K.powi(4) / (15.0 * PLANCK_ERG_S.powi(3) * light_cm_s.powi(2));
        assert!((sigma / STEFAN_BOLTZMANN_CGS - 1.0).abs() < 2e-15, "{sigma:e}");
        assert!((BOLTZMANN_ERG_K / ELECTRONVOLT_ERG / BOLTZMANN_EV_K - 1.0).abs() < 4e-16);
    }
}
