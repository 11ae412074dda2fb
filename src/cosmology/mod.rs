//! The expansion history of a Friedmann-Lemaitre-Robertson-Walker universe: ages, distances, densities.
//!
//! Formula    E^2(a) = Om a^-3 + Ok a^-2 + OL + (Og + Onu(a)) a^-4, H = H0 E, Ok = 1 - Om - OL - Og - Onu
//!            age = 1/H0 int_0^a da / (a E);  comoving distance = c/H0 int da / (a^2 E);  both with a = s^2, smooth at 0
//! Units      Gyr, Mpc, km/s/Mpc, Msun/kpc^3; `a` is the scale factor, 1 today
//! Source     Hogg 1999, arXiv:astro-ph/9905116; massive neutrinos by the fit of Komatsu et al. 2011, ApJS 192, 18, eq. 26
//! Accuracy   quadrature to relative 1e-13; astropy 8.0 to 1e-8 or better, tests/golden/cosmology.json
//! Edge cases a = 0 has age 0; a < 0 or a contracting universe gives NaN; models without a big bang are refused
//! Cost       an age takes a few microseconds; millions of them go through [`AgeTable`]
//! See also   `age_table`, SQL functions `age_at()`, `redshift_at()`

mod age_table;

pub use age_table::AgeTable;

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::constants::{
    BOLTZMANN_EV_K, CMB_TEMPERATURE_K, GRAVITY_CGS, GRAVITY_KPC_KMS2_MSUN, GYR_S, MPC_KM, SPEED_OF_LIGHT_KMS, STEFAN_BOLTZMANN_CGS,
};
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::quadrature::integrate;

/// Relative accuracy asked of every integral.
const QUADRATURE: f64 = 1e-13;
/// Exponent and scale of the neutrino fit; Komatsu et al. 2011, eq. 26.
const KOMATSU_POWER: f64 = 1.83;
const KOMATSU_SCALE: f64 = 0.3173;
/// Scale factors tried when a model is checked for a big bang.
const CHECK_POINTS: i32 = 2000;
/// Scale factor at which that check begins.
const CHECK_FROM: f64 = 1e-6;
/// Farthest future searched by `scale_factor`.
const LARGEST_SCALE_FACTOR: f64 = 1e6;

/// Matter, curvature, a cosmological constant, photons and neutrinos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cosmology {
    /// Hubble constant over 100 km/s/Mpc.
    pub h: f64,
    /// Non-relativistic matter today (baryons and dark matter, without massive neutrinos), in critical densities.
    pub omega_m: f64,
    /// Cosmological constant, in critical densities.
    pub omega_lambda: f64,
    /// Temperature of the microwave background today in K; 0 means no radiation at all, neutrinos included.
    pub t_cmb_k: f64,
    /// Effective number of neutrino species.
    pub n_eff: f64,
    /// Masses of the neutrino species in eV; empty means massless.
    pub m_nu_ev: Vec<f64>,
}

impl Cosmology {
    /// Matter, lambda and the curvature that is left over; no radiation.
    ///
    /// `Domain` error unless h > 0, omega_m > 0, all finite, and the universe expands from a = 0 to 1.
    pub fn lcdm(h: f64, omega_m: f64, omega_lambda: f64) -> Result<Self> {
        Cosmology { h, omega_m, omega_lambda, t_cmb_k: 0.0, n_eff: 0.0, m_nu_ev: Vec::new() }.checked()
    }

    /// A flat universe with radiation: lambda is what matter, photons and neutrinos leave, as astropy's `FlatLambdaCDM` does.
    pub fn flat(h: f64, omega_m: f64, t_cmb_k: f64, n_eff: f64, m_nu_ev: &[f64]) -> Result<Self> {
        let open = Cosmology { h, omega_m, omega_lambda: 0.0, t_cmb_k: 0.0, n_eff: 0.0, m_nu_ev: Vec::new() };
        open.with_radiation(t_cmb_k, n_eff, m_nu_ev)?.flattened().checked()
    }

    /// The same with photons and neutrinos: lambda and matter stay as they are, the curvature changes.
    ///
    /// `m_nu_ev` is empty (all massless), one mass for every species, or one mass per species: floor(n_eff) of them.
    pub fn with_radiation(self, t_cmb_k: f64, n_eff: f64, m_nu_ev: &[f64]) -> Result<Self> {
        let species = if n_eff.is_finite() { n_eff.floor() as usize } else { 0 };
        let m_nu_ev = match m_nu_ev {
            [mass] => vec![*mass; species],
            list if list.is_empty() || list.len() == species => list.to_vec(),
            list => {
                return Err(Error::usage("number of neutrino masses does not fit n_eff")
                    .expected(format!("none, one or {species} masses"))
                    .found(list.len()));
            }
        };
        Cosmology { t_cmb_k, n_eff, m_nu_ev, ..self }.checked()
    }

    /// Planck Collaboration 2016, A&A 594, A13, table 4 last column; flat, one neutrino of 0.06 eV, as astropy's `Planck15`.
    pub fn planck15() -> Self {
        Self::planck(0.6774, 0.3075)
    }

    /// Planck Collaboration 2020, A&A 641, A6, table 2 last column; flat, one neutrino of 0.06 eV, as astropy's `Planck18`.
    pub fn planck18() -> Self {
        Self::planck(0.6766, 0.30966)
    }

    fn planck(h: f64, omega_m: f64) -> Self {
        let (n_eff, m_nu_ev) = (3.046, vec![0.0, 0.0, 0.06]);
        Cosmology { h, omega_m, omega_lambda: 0.0, t_cmb_k: CMB_TEMPERATURE_K, n_eff, m_nu_ev }.flattened()
    }

    fn flattened(mut self) -> Self {
        let terms = self.terms();
        self.omega_lambda = 1.0 - self.omega_m - terms.radiation(1.0);
        self
    }

    fn checked(self) -> Result<Self> {
        let domain = |what: &str, expected: &str, found: f64| Err(Error::new(ErrorKind::Domain, what).expected(expected).found(found));
        if !(self.h > 0.0 && self.h.is_finite()) {
            return domain("Hubble parameter h out of range", "a positive number near 0.7", self.h);
        }
        if !(self.omega_m > 0.0 && self.omega_m.is_finite()) {
            return domain("omega_m out of range", "a positive number near 0.3", self.omega_m);
        }
        if !self.omega_lambda.is_finite() {
            return domain("omega_lambda out of range", "a finite number", self.omega_lambda);
        }
        for (name, value) in [("t_cmb", self.t_cmb_k), ("n_eff", self.n_eff)].into_iter().chain(self.m_nu_ev.iter().map(|&m| ("m_nu", m))) {
            if !(value >= 0.0 && value.is_finite()) {
                return domain(&format!("{name} out of range"), "zero or a positive number", value);
            }
        }
        let terms = self.terms();
        let step = CHECK_FROM.ln() / f64::from(CHECK_POINTS);
        let bad = (0..=CHECK_POINTS).map(|i| (f64::from(i) * step).exp()).find(|&a| terms.efunc_squared(a) <= 0.0);
        match bad {
            Some(a) => domain("these densities have no big bang", "an expansion from scale factor 0 to 1", a),
            None => Ok(self),
        }
    }

    fn terms(&self) -> Terms {
        Terms::new(self)
    }

    /// Curvature today, in critical densities: 1 minus everything else.
    pub fn omega_k(&self) -> f64 {
        self.terms().curvature
    }

    /// Photons today, in critical densities.
    pub fn omega_gamma(&self) -> f64 {
        self.terms().photons
    }

    /// Neutrinos today, in critical densities.
    pub fn omega_nu(&self) -> f64 {
        let terms = self.terms();
        terms.radiation(1.0) - terms.photons
    }

    fn hubble_time_gyr(&self) -> f64 {
        MPC_KM / (HUBBLE_UNIT_KMS_MPC * self.h) / GYR_S
    }

    fn hubble_distance_mpc(&self) -> f64 {
        SPEED_OF_LIGHT_KMS / (HUBBLE_UNIT_KMS_MPC * self.h)
    }

    /// Age of the universe in Gyr at scale factor `a`; 0 at a = 0, NaN for a < 0.
    pub fn age_gyr(&self, a: f64) -> f64 {
        if a == 0.0 { 0.0 } else { self.hubble_time_gyr() * self.terms().time_integral(0.0, a) }
    }

    /// Scale factor at the age `age_gyr`.
    ///
    /// `Domain` error for a negative or infinite age, or one that the universe never reaches.
    pub fn scale_factor(&self, age_gyr: f64) -> Result<f64> {
        let out = |expected: &str| Error::new(ErrorKind::Domain, "age out of range").expected(expected).found(format!("{age_gyr} Gyr"));
        if age_gyr == 0.0 {
            return Ok(0.0);
        }
        if !(age_gyr > 0.0 && age_gyr.is_finite()) {
            return Err(out("a finite age since the big bang"));
        }
        let terms = self.terms();
        let target = age_gyr / self.hubble_time_gyr();
        let mut high = 1.0;
        while terms.time_integral(0.0, high) < target {
            high *= 2.0;
            if high > LARGEST_SCALE_FACTOR {
                return Err(out("an age below that of scale factor 1e6"));
            }
        }
        // Secants in log age against log a are nearly straight, which suits the root finder.
        let low = high.min(1.0) * 1e-12;
        let miss = |log_a: f64| (terms.time_integral(0.0, log_a.exp()) / target).ln();
        let log_a = crate::numeric::roots::brent(miss, low.ln(), high.ln(), 1e-15)
            .map_err(|e| out("an age that this universe reaches").because(e))?;
        let a = log_a.exp();
        // One Newton step removes the rounding of the logarithm.
        Ok(a + (target - terms.time_integral(0.0, a)) * a * terms.efunc_squared(a).sqrt())
    }

    /// Look-back time in Gyr to redshift `z`; negative for the future.
    pub fn lookback_gyr(&self, z: f64) -> f64 {
        self.hubble_time_gyr() * self.terms().time_integral(1.0 / (1.0 + z), 1.0)
    }

    /// Hubble rate in km/s/Mpc at scale factor `a`.
    pub fn hubble_kms_mpc(&self, a: f64) -> f64 {
        HUBBLE_UNIT_KMS_MPC * self.h * self.terms().efunc_squared(a).sqrt()
    }

    /// Line-of-sight comoving distance in Mpc to redshift `z`.
    pub fn comoving_distance_mpc(&self, z: f64) -> f64 {
        self.hubble_distance_mpc() * self.terms().distance_integral(1.0 / (1.0 + z), 1.0)
    }

    /// Transverse comoving distance in Mpc: the line-of-sight distance bent by the curvature.
    pub fn transverse_distance_mpc(&self, z: f64) -> f64 {
        let terms = self.terms();
        let line = terms.distance_integral(1.0 / (1.0 + z), 1.0);
        let root = terms.curvature.abs().sqrt();
        let bent = match terms.curvature {
            k if k > 0.0 => (root * line).sinh() / root,
            k if k < 0.0 => (root * line).sin() / root,
            _ => line,
        };
        self.hubble_distance_mpc() * bent
    }

    /// Luminosity distance in Mpc.
    pub fn luminosity_distance_mpc(&self, z: f64) -> f64 {
        self.transverse_distance_mpc(z) * (1.0 + z)
    }

    /// Angular-diameter distance in Mpc: size in Mpc (physical) over angle in rad.
    pub fn angular_diameter_distance_mpc(&self, z: f64) -> f64 {
        self.transverse_distance_mpc(z) / (1.0 + z)
    }

    /// Critical density 3 H^2 / (8 pi G) in Msun/kpc^3 (physical) at scale factor `a`.
    pub fn critical_density(&self, a: f64) -> f64 {
        let hubble_kms_kpc = self.hubble_kms_mpc(a) * 1e-3;
        3.0 * hubble_kms_kpc * hubble_kms_kpc / (8.0 * PI * GRAVITY_KPC_KMS2_MSUN)
    }

    /// Table for millions of conversions between age and scale factor, relative 1e-9 for a in [1e-4, 2].
    pub fn age_table(&self) -> AgeTable {
        AgeTable::new(self)
    }
}

/// H0 of h = 1, km/s/Mpc; definition of h.
const HUBBLE_UNIT_KMS_MPC: f64 = 100.0;

/// The densities in the form that the integrands want.
struct Terms {
    matter: f64,
    curvature: f64,
    lambda: f64,
    photons: f64,
    massless: f64,
    per_species: f64,
    massive: Vec<f64>,
}

impl Terms {
    fn new(cosmology: &Cosmology) -> Terms {
        let c = cosmology;
        let light_cm_s = SPEED_OF_LIGHT_KMS * 1e5;
        let hubble_per_s = HUBBLE_UNIT_KMS_MPC * c.h / MPC_KM;
        let critical_g_cm3 = 3.0 * hubble_per_s * hubble_per_s / (8.0 * PI * GRAVITY_CGS);
        let photons = 4.0 * STEFAN_BOLTZMANN_CGS / light_cm_s.powi(3) * c.t_cmb_k.powi(4) / critical_g_cm3;
        // Fermi-Dirac energy of one species over photons: 7/8 (4/11)^(4/3).
        let temperature_ratio = (4.0f64 / 11.0).cbrt();
        let one_species = 7.0 / 8.0 * temperature_ratio.powi(4) * photons;
        let massive: Vec<f64> = c
            .m_nu_ev
            .iter()
            .filter(|&&mass| mass > 0.0 && c.t_cmb_k > 0.0)
            .map(|mass| KOMATSU_SCALE * mass / (BOLTZMANN_EV_K * temperature_ratio * c.t_cmb_k))
            .collect();
        let species = c.m_nu_ev.len().max(1) as f64;
        let per_species = one_species * c.n_eff / species;
        let massless = per_species * (species - massive.len() as f64);
        let mut terms = Terms { matter: c.omega_m, curvature: 0.0, lambda: c.omega_lambda, photons, massless, per_species, massive };
        let rest = 1.0 - terms.matter - terms.lambda - terms.radiation(1.0);
        // What rounding leaves of a flat universe is not curvature.
        terms.curvature = if rest.abs() < 8.0 * f64::EPSILON { 0.0 } else { rest };
        terms
    }

    /// Photons and neutrinos times a^4, in critical densities of today.
    fn radiation(&self, a: f64) -> f64 {
        let fit = |y: &f64| (1.0 + (y * a).powf(KOMATSU_POWER)).powf(KOMATSU_POWER.recip());
        self.photons + self.massless + self.per_species * self.massive.iter().map(fit).sum::<f64>()
    }

    /// E^2 a^4: a polynomial apart from the neutrinos, and finite at a = 0.
    fn scaled(&self, a: f64) -> f64 {
        self.radiation(a) + a * (self.matter + a * (self.curvature + a * a * self.lambda))
    }

    fn efunc_squared(&self, a: f64) -> f64 {
        self.scaled(a) / (a * a).powi(2)
    }

    /// int da / (a E) = int 2 s^3 ds / sqrt(E^2 a^4) with a = s^2, in Hubble times.
    fn time_integral(&self, from: f64, to: f64) -> f64 {
        let integrand = |s: f64| if s == 0.0 { 0.0 } else { 2.0 * s.powi(3) / self.scaled(s * s).sqrt() };
        integrate(integrand, from.sqrt(), to.sqrt(), QUADRATURE)
    }

    /// int da / (a^2 E) = int 2 s ds / sqrt(E^2 a^4) with a = s^2, in Hubble distances.
    fn distance_integral(&self, from: f64, to: f64) -> f64 {
        integrate(|s: f64| 2.0 * s / self.scaled(s * s).sqrt(), from.sqrt(), to.sqrt(), QUADRATURE)
    }
}

#[cfg(test)]
mod tests;
