//! What the numbers of a halo catalogue mean, and the factors that make them physical.
//!
//! Formula    mass x 1/h; comoving length x a/h; velocities, potentials and times as they are; energy x 1/h;
//!            angular momentum in (Msun/h) (Mpc/h) km/s x 1000/h^2
//! Units      Msun, kpc, km/s
//! Source     AHF user's guide (Knollmann & Knebe 2009, ApJS 182, 608); Rockstar file headers (Behroozi et al. 2013, ApJ 762, 109)
//! Refuses    nothing is assumed: without h and a scale factor there is no [`Scale`]

use crate::error::{Error, Result};

use super::catalogue::Given;

/// kpc in a Mpc.
const KPC_PER_MPC: f64 = 1000.0;
/// First words of the error for a catalogue whose h is not known.
pub(super) const NO_HUBBLE: &str = "nothing tells the Hubble parameter of the halo catalogue";

/// Meaning of a stored number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Identifier or count: whole, null when negative.
    Whole,
    /// Zero or one.
    Flag,
    /// Mass [Msun/h].
    Mass,
    /// Comoving length [kpc/h].
    Kpc,
    /// Comoving length [Mpc/h].
    Mpc,
    /// Physical velocity [km/s].
    Velocity,
    /// Square of a velocity [km^2/s^2].
    Potential,
    /// Energy [Msun/h km^2/s^2].
    Energy,
    /// Angular momentum [(Msun/h) (Mpc/h) km/s].
    Momentum,
    /// Number without a unit.
    Number,
    /// Nobody says.
    Unknown,
}

impl Kind {
    /// Unit after the conversion.
    pub fn unit(self) -> &'static str {
        match self {
            Kind::Whole | Kind::Flag | Kind::Number => "1",
            Kind::Mass => "Msun",
            Kind::Kpc | Kind::Mpc => "kpc",
            Kind::Velocity => "km/s",
            Kind::Potential => "km**2/s**2",
            Kind::Energy => "Msun.km**2/s**2",
            Kind::Momentum => "Msun.kpc.km/s",
            Kind::Unknown => crate::table::schema::UNKNOWN_UNIT,
        }
    }
}

/// Hubble parameter and scale factor of a catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// Hubble constant over 100 km/s/Mpc.
    pub h: f64,
    /// Scale factor.
    pub a: f64,
}

impl Scale {
    /// Factor to the unit of `kind`; none when values stay as they are.
    pub fn factor(&self, kind: Kind) -> Option<f64> {
        match kind {
            Kind::Mass | Kind::Energy => Some(1.0 / self.h),
            Kind::Kpc => Some(self.a / self.h),
            Kind::Mpc => Some(KPC_PER_MPC * self.a / self.h),
            Kind::Momentum => Some(KPC_PER_MPC / (self.h * self.h)),
            _ => None,
        }
    }
}

/// h from the header, else from what is given; an error that says how to give it.
pub(super) fn hubble(header: Option<f64>, given: &Given, place: &str) -> Result<f64> {
    match header {
        Some(h) if !(h.is_finite() && h > 0.0) => {
            Err(Error::damaged("Hubble parameter makes no sense").at(place).expected("a positive number").found(h))
        }
        Some(h) => Ok(h),
        None => given.hubble()?.ok_or_else(|| {
            Error::usage(NO_HUBBLE).at(place).hint(
                "give it with `--hubble`, such as `--hubble 0.6774`; of a Tipsy run, the parameter file or the snapshot beside it does",
            )
        }),
    }
}

/// The scale factor, checked; an error that says what is missing.
pub(super) fn scale_factor(header: Option<f64>, given: &Given, place: &str) -> Result<f64> {
    /// Largest scale factor that a run is believed to reach.
    const LARGEST: f64 = 100.0;
    let a = header.map_or_else(|| given.scale_factor(), |a| Ok(Some(a)))?.ok_or_else(|| {
        Error::usage("nothing tells the scale factor of the halo catalogue").at(place).hint(
            "give it with `--scale-factor`, such as `--scale-factor 0.5`, or ingest the snapshot with it: `spolia ingest SNAPSHOT --halos CATALOGUE`",
        )
    })?;
    if a.is_finite() && a > 0.0 && a < LARGEST {
        Ok(a)
    } else {
        Err(Error::damaged("scale factor makes no sense").at(place).expected("a positive number").found(a))
    }
}

/// The shortest decimal number that a stored single stands for: 0.701 and not 0.70099997.
pub(super) fn decimal(single: f32) -> f64 {
    single.to_string().parse().unwrap_or(f64::from(single))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::OpenOptions;

    #[test]
    fn factors_leave_neither_h_nor_a() {
        let scale = Scale { h: 0.7, a: 0.25 };
        assert_eq!(scale.factor(Kind::Mass), Some(1.0 / 0.7));
        assert_eq!(scale.factor(Kind::Kpc), Some(0.25 / 0.7));
        assert_eq!(scale.factor(Kind::Mpc), Some(250.0 / 0.7));
        assert_eq!(scale.factor(Kind::Velocity), None);
        assert!((scale.factor(Kind::Momentum).unwrap() - 1000.0 / 0.49).abs() < 1e-9);
        for kind in [Kind::Mass, Kind::Mpc, Kind::Energy, Kind::Momentum, Kind::Potential, Kind::Number] {
            assert!(crate::units::Unit::parse(kind.unit()).is_ok(), "{}", kind.unit());
        }
    }

    #[test]
    fn nothing_is_assumed() {
        let nothing = Given::default();
        let error = hubble(None, &nothing, "`x`").unwrap_err();
        assert!(error.to_string().contains(NO_HUBBLE) && error.to_string().contains("--hubble 0.6774"), "{error}");
        assert_eq!(error.exit_code(), 2);
        let given = Given { options: OpenOptions { hubble: Some(0.7), ..OpenOptions::default() }, snapshot: None };
        assert_eq!(hubble(None, &given, "`x`").unwrap(), 0.7);
        assert_eq!(hubble(Some(0.6), &given, "`x`").unwrap(), 0.6, "the file knows best");
        assert!(hubble(Some(-1.0), &given, "`x`").is_err() && scale_factor(Some(0.0), &given, "`x`").is_err());
        let error = scale_factor(None, &nothing, "`x`").unwrap_err();
        assert!(error.exit_code() == 2 && ["--halos", "--scale-factor 0.5"].iter().all(|w| error.to_string().contains(w)), "{error}");
        let given = |a: f64| Given { options: OpenOptions { scale_factor: Some(a), ..OpenOptions::default() }, snapshot: None };
        assert_eq!(scale_factor(None, &given(0.25), "`x`").unwrap(), 0.25);
        assert_eq!(scale_factor(Some(0.5), &given(0.25), "`x`").unwrap(), 0.5, "the file knows best");
        assert_eq!(scale_factor(None, &given(-1.0), "`x`").unwrap_err().exit_code(), 2);
    }

    #[test]
    fn singles_become_the_decimals_they_stand_for() {
        assert_eq!(decimal(0.701f32), 0.701);
        assert_eq!(decimal(0.279f32), 0.279);
    }
}
