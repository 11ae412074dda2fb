//! SQL `orbit_frequencies(x, y, z, vx, vy, vz, 'name' [, periods])`: frequencies measured from the orbit itself.
//!
//! Formula    the strongest line of each motion in the windowed Fourier transform of the orbit over `periods` of the circular orbit
//! Units      kpc and km/s in; rad/Gyr out
//! Source     Laskar 1993, Physica D 67, 257; Papaphilippou & Laskar 1996, A&A 307, 427
//! Accuracy   1e-6 for regular orbits over 60 periods
//! Edge cases unbound and NaN: NaN, counted in a note; planar orbits have no vertical frequency, circular ones no radial one: NaN
//! Cost       some 10 ms a star
//! See also   `actions` for those of the fudge

use super::host;
use crate::error::{Error, Result};
use crate::orbits::actions::Frequencies;
use crate::orbits::field::Gravity;
use crate::orbits::frequencies::frequencies;
use crate::sql::functions::FunctionDoc;
use crate::sql::functions::structured::Structured;

use super::actions::per_gyr;

/// Periods unless they are given.
const PERIODS: f64 = 60.0;
/// What may be asked for: a line needs two periods, and more than these take seconds a star.
const ALLOWED: std::ops::RangeInclusive<f64> = 2.0..=10_000.0;

/// The function.
pub const FUNCTION: Structured = Structured {
    doc: FunctionDoc {
        name: "orbit_frequencies",
        kind: "scalar",
        signature: "orbit_frequencies(x, y, z, vx, vy, vz, 'name' [, periods])",
        description: "Frequencies of the radial, azimuthal and vertical motion measured from the integrated orbit over some periods of the circular orbit of its energy (60 unless given), in an axisymmetric model. A struct of omega_r, omega_phi and omega_z; for trapped orbits that of the trap.",
        formula: "maximum over omega of |sum f W exp(-i omega t)|, W a window of cosines",
        units: "kpc and km/s in; rad/Gyr out",
        source: "Laskar 1993, Physica D 67, 257; Papaphilippou & Laskar 1996, A&A 307, 427",
        example: "SELECT round(orbit_frequencies(8.0, 0.0, 0.1, 0.0, 200.0, 0.0, 'mw2014')['omega_phi'], 2)",
        example_answer: Some("31.15"),
        see_also: "gala `SuperFreq`, naif; agama `orbit` with `naif`",
    },
    arguments: &[7, 8],
    texts: &[6],
    unit: |u| host::phase_space_units(u).map(|()| None),
    fields: &[("omega_r", "rad/Gyr"), ("omega_phi", "rad/Gyr"), ("omega_z", "rad/Gyr")],
    list: false,
    check: |texts| {
        host::check(texts)?;
        texts.first().map_or(Ok(()), |name| host::host(name)?.must_be_axisymmetric("frequencies"))
    },
    evaluate: |call| {
        let (host, columns) = host::of_call(call)?;
        let (stars, field) = (host::stars(&columns)?, Gravity::new(&host.potential));
        let periods = if call.columns.count() > 6 { call.columns.literal(6) } else { Some(PERIODS) };
        let periods = periods.filter(|p| ALLOWED.contains(p)).ok_or_else(|| {
            Error::usage("the periods of orbit_frequencies() are one number for all stars").expected(format!(
                "{} to {}",
                ALLOWED.start(),
                ALLOWED.end()
            ))
        })?;
        let tolerance = host.tolerance();
        let all: Vec<Frequencies<f64>> = frequencies(&field, &stars, periods, &tolerance)?;
        let status = (0..stars.len()).map(|star| {
            let state = stars.state(star);
            tolerance.judgement.status(state.is_finite(), state.energy(&field, 0.0), 0.0)
        });
        host::count(call, FUNCTION.doc.name, status);
        let rate = |value: fn(&Frequencies<f64>) -> f64| per_gyr(all.iter().map(value).collect());
        Result::Ok(vec![rate(|f| f.radial), rate(|f| f.azimuthal), rate(|f| f.vertical)])
    },
};
