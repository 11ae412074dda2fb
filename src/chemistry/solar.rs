//! Solar compositions: logarithmic number abundances, atomic masses, and the mass ratios to hydrogen they imply.
//!
//! Formula    log10(m_X / m_H)_sun = A_X - 12 + log10(u_X / u_H), A_X = 12 + log10(N_X / N_H)
//! Units      dex; atomic masses in u
//! Source     Asplund, Grevesse, Sauval & Scott 2009, ARA&A 47, 481, table 1 (photosphere; He, Ne as given there);
//!            atomic masses IUPAC 2009, S and Ba 0.001 u higher as in the NIHAO-UHD tables; zero points of pynbody 2.8 `snapshot/tipsy.py`
//! Accuracy   the published two decimals
//! Edge cases scale `nihao` takes u_H = 1 as the published NIHAO-UHD tables do: every [X/H] there is 0.0035 dex below the strict
//!            one (log10 1.008), while ratios without hydrogen, [Mg/Fe], agree; scale `pynbody` knows Fe, O and Mg only
//! See also   `chemistry::abundance`, SQL function `abundance()`

use crate::error::{Error, Result, nearest};

/// One element: symbol, A_X of Asplund et al. 2009, atomic mass in u (see Source).
struct Element {
    symbol: &'static str,
    number_dex: f64,
    mass_u: f64,
}

const fn element(symbol: &'static str, number_dex: f64, mass_u: f64) -> Element {
    Element { symbol, number_dex, mass_u }
}

/// A_H by definition.
const HYDROGEN_DEX: f64 = 12.0;

static ELEMENTS: &[Element] = &[
    element("H", HYDROGEN_DEX, 1.008),
    element("He", 10.93, 4.003),
    element("C", 8.43, 12.011),
    element("N", 7.83, 14.007),
    element("O", 8.69, 15.999),
    element("Ne", 7.93, 20.180),
    element("Na", 6.24, 22.990),
    element("Mg", 7.60, 24.305),
    element("Al", 6.45, 26.982),
    element("Si", 7.51, 28.086),
    element("P", 5.41, 30.974),
    element("S", 7.12, 32.066),
    element("Cl", 5.50, 35.453),
    element("Ti", 4.95, 47.867),
    element("V", 3.93, 50.942),
    element("Cr", 5.64, 51.996),
    element("Mn", 5.43, 54.938),
    element("Fe", 7.50, 55.845),
    element("Co", 4.99, 58.933),
    element("Ni", 6.22, 58.693),
    element("Cu", 4.19, 63.546),
    element("Zn", 4.56, 65.380),
    element("Y", 2.21, 88.906),
    element("Ba", 2.18, 137.328),
    element("Ce", 1.58, 140.116),
    element("Eu", 0.52, 151.964),
];

/// Mass fractions behind pynbody's [X/H]: X_sun and X_H,sun. pynbody 2.
const PYNBODY_HYDROGEN: f64 = 0.706;
const PYNBODY: &[(&str, f64)] = &[("H", PYNBODY_HYDROGEN), ("Fe", 0.00125), ("O", 0.0084), ("Mg", 6.44e-4)];

/// A named solar composition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SolarScale {
    /// Asplund, Grevesse, Sauval & Scott 2009 with strict mass ratios (u_H = 1.008).
    #[default]
    Asplund2009,
    /// The NIHAO-UHD tables: Asplund 2009 with the mass of hydrogen taken as 1.
    Nihao,
    /// The zero points inside pynbody, for comparison with its arrays.
    Pynbody,
}

impl SolarScale {
    /// Every scale, the default first.
    pub const ALL: [SolarScale; 3] = [SolarScale::Asplund2009, SolarScale::Nihao, SolarScale::Pynbody];

    /// Reads `asplund2009`, `nihao` or `pynbody`, in any case; `Usage` error otherwise.
    pub fn parse(name: &str) -> Result<Self> {
        let names = Self::ALL.map(Self::name);
        Self::ALL.into_iter().find(|s| s.name().eq_ignore_ascii_case(name.trim())).ok_or_else(|| {
            let error = Error::usage(format!("unknown solar scale `{name}`")).expected(names.join(", "));
            match nearest(name, names) {
                Some(near) => error.hint(format!("did you mean `{near}`")),
                None => error,
            }
        })
    }

    /// Name as in SQL.
    pub fn name(self) -> &'static str {
        match self {
            SolarScale::Asplund2009 => "asplund2009",
            SolarScale::Nihao => "nihao",
            SolarScale::Pynbody => "pynbody",
        }
    }

    /// The paper or program behind the numbers.
    pub fn citation(self) -> &'static str {
        match self {
            SolarScale::Asplund2009 => "Asplund, Grevesse, Sauval & Scott 2009, ARA&A 47, 481",
            SolarScale::Nihao => "NIHAO-UHD tables of Buder et al. 2025, arXiv:2510.11284: Asplund et al. 2009 with u_H = 1",
            SolarScale::Pynbody => "Pontzen et al. 2013, ascl:1305.002 (pynbody 2 zero points)",
        }
    }

    /// Symbols of the elements of this scale, in the order of the table.
    pub fn elements(self) -> Vec<&'static str> {
        match self {
            SolarScale::Pynbody => PYNBODY.iter().map(|(symbol, _)| *symbol).collect(),
            _ => ELEMENTS.iter().map(|e| e.symbol).collect(),
        }
    }

    /// log10 of the solar mass of `element` per mass of hydrogen; `NotFound` for an element the scale lacks.
    pub fn log_mass_ratio(self, element: &str) -> Result<f64> {
        let symbol = element.trim();
        let found = match self {
            SolarScale::Pynbody => {
                PYNBODY.iter().find(|(s, _)| s.eq_ignore_ascii_case(symbol)).map(|(_, x)| (x / PYNBODY_HYDROGEN).log10())
            }
            _ => ELEMENTS.iter().find(|e| e.symbol.eq_ignore_ascii_case(symbol)).map(|e| match (self, e.symbol) {
                (_, "H") => 0.0,
                (SolarScale::Nihao, _) => e.number_dex - HYDROGEN_DEX + e.mass_u.log10(),
                _ => e.number_dex - HYDROGEN_DEX + (e.mass_u / ELEMENTS[0].mass_u).log10(),
            }),
        };
        found.ok_or_else(|| {
            let error = Error::not_found(format!("no solar abundance of `{symbol}` on the scale `{}`", self.name()))
                .expected(format!("one of {}", self.elements().join(", ")));
            if self == SolarScale::Pynbody { error.hint("the scale `asplund2009` has 26 elements") } else { error }
        })
    }
}

/// Atomic mass in u (see Source); `None` for an element that no scale has.
pub fn atomic_mass_u(element: &str) -> Option<f64> {
    ELEMENTS.iter().find(|e| e.symbol.eq_ignore_ascii_case(element)).map(|e| e.mass_u)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iron_and_oxygen_of_the_sun() {
        // Asplund et al. 2009, table 4: X = 0.7381; Fe 1.292e-3 and O 5.733e-3 follow from table 1 to 0.1 percent.
        let strict = |element| 10f64.powf(SolarScale::Asplund2009.log_mass_ratio(element).unwrap());
        assert!((strict("Fe") * 0.7381 / 1.292e-3 - 1.0).abs() < 5e-3, "{}", strict("Fe") * 0.7381);
        assert!((strict("O") * 0.7381 / 5.733e-3 - 1.0).abs() < 5e-3, "{}", strict("O") * 0.7381);
        // Helium Y = 0.2485 there.
        assert!((strict("He") * 0.7381 / 0.2485 - 1.0).abs() < 1e-2);
        assert_eq!(strict("H"), 1.0);
    }

    #[test]
    fn the_metals_add_up_to_the_solar_metallicity() {
        let heavy: f64 =
            SolarScale::Asplund2009.elements()[2..].iter().map(|e| 10f64.powf(SolarScale::Asplund2009.log_mass_ratio(e).unwrap())).sum();
        // Z/X = 0.0181 (Asplund et al. 2009, table 4); Ca, K and Ar are not in the table: 1 percent.
        assert!((heavy / 0.0181 - 1.0).abs() < 0.02, "{heavy}");
    }

    #[test]
    fn nihao_differs_by_the_mass_of_hydrogen_and_by_nothing_else() {
        for element in SolarScale::Nihao.elements().into_iter().filter(|e| *e != "H") {
            let shift = SolarScale::Nihao.log_mass_ratio(element).unwrap() - SolarScale::Asplund2009.log_mass_ratio(element).unwrap();
            assert!((shift - 0.003_460_532).abs() < 1e-9, "{element}: {shift}");
        }
    }

    #[test]
    fn pynbody_zero_points() {
        let ratio = SolarScale::Pynbody.log_mass_ratio("fe").unwrap();
        assert!((ratio - (0.00125f64 / 0.706).log10()).abs() < 1e-15);
        assert_eq!(SolarScale::Pynbody.log_mass_ratio("Eu").unwrap_err().kind(), crate::ErrorKind::NotFound);
    }

    #[test]
    fn names_are_read_back_and_typos_answered() {
        for scale in SolarScale::ALL {
            assert_eq!(SolarScale::parse(&scale.name().to_uppercase()).unwrap(), scale);
        }
        assert_eq!(SolarScale::parse("asplund2019").unwrap_err().hint_text(), Some("did you mean `asplund2009`"));
        assert!(SolarScale::Asplund2009.log_mass_ratio("Xx").is_err());
    }
}
