//! SQL `orbit(x, y, z, vx, vy, vz, 'name' [, periods])`: what the orbit of a star is like.
//!
//! Formula    followed over `periods` of the circular orbit of its energy, 10 unless given: r_peri and r_apo are the least and greatest
//!            distance, z_max the greatest |z|, ecc = (r_apo - r_peri)/(r_apo + r_peri), circularity L_z/j_c(E), R_g v_c(R_g) = |L_z|
//! Units      kpc and km/s in; kpc, km^2/s^2, kpc km/s and plain numbers out
//! Source     Binney & Tremaine 2008, section 3.1; Abadi et al. 2003, ApJ 597, 21
//! Accuracy   Dormand-Prince 8(5,3) at 1e-10 a step; extrema on dense output, 1e-9 relative to the orbit followed
//! Edge cases unbound: status `unbound`, extents, ecc and circularity NaN; NaN in gives NaN and `not_finite`; both are counted in a note
//! See also   `actions` for extents without an orbit, `orbit_at`, `orbit_track`

use super::host;
use crate::error::Error;
use crate::orbits::field::Gravity;
use crate::orbits::summary::{Summary, summaries};
use crate::sql::functions::FunctionDoc;
use crate::sql::functions::structured::{Structured, TEXT, Values};

/// Periods of the circular orbit that are followed.
const PERIODS: f64 = 10.0;
/// More would run for minutes a star.
const MOST_PERIODS: f64 = 100_000.0;

/// The function.
pub const FUNCTION: Structured = Structured {
    doc: FunctionDoc {
        name: "orbit",
        kind: "scalar",
        signature: "orbit(x, y, z, vx, vy, vz, 'name' [, periods])",
        description: "Summary of a star's orbit in a static model, integrated over some periods of the circular orbit of its energy (10 unless given): a struct of r_peri, r_apo, z_max, ecc, energy, l_total, lz, circularity, r_guide and status.",
        formula: "least and greatest r, greatest |z|, (r_apo - r_peri)/(r_apo + r_peri), E, |L|, L_z, L_z/j_c(E), R v_c(R) = |L_z|",
        units: "kpc and km/s in; kpc, km^2/s^2, kpc km/s and 1 out",
        source: "Binney & Tremaine 2008, section 3.1; Abadi et al. 2003, ApJ 597, 21",
        example: "SELECT round(orbit(8.0, 0.0, 0.0, 0.0, 220.00000013200318, 0.0, 'mw2014')['r_guide'], 6)",
        example_answer: Some("8.0"),
        see_also: "galpy `Orbit.rperi`, `rap`, `zmax`, `e`; gala `orbit.pericenter`, `apocenter`",
    },
    arguments: &[7, 8],
    texts: &[6],
    unit: |u| host::phase_space_units(u).map(|()| None),
    fields: &[
        ("r_peri", "kpc"),
        ("r_apo", "kpc"),
        ("z_max", "kpc"),
        ("ecc", "1"),
        ("energy", "km**2/s**2"),
        ("l_total", "kpc.km/s"),
        ("lz", "kpc.km/s"),
        ("circularity", "1"),
        ("r_guide", "kpc"),
        ("status", TEXT),
    ],
    list: false,
    check: host::check,
    evaluate: |call| {
        let (host, columns) = host::of_call(call)?;
        if !host.potential.is_static() {
            return Err(Error::usage("the summary of orbits in a potential that changes with time")
                .expected("a static potential")
                .hint("orbit_at(...) and orbit_track(...) follow orbits through time"));
        }
        let periods = if call.columns.count() > 6 { call.columns.literal(6) } else { Some(PERIODS) };
        let periods = periods.filter(|p| *p > 0.0 && *p <= MOST_PERIODS).ok_or_else(|| {
            Error::usage("the periods of orbit() are one number for all stars").expected(format!("above 0, at most {MOST_PERIODS}"))
        })?;
        let all = summaries(&Gravity::new(&host.potential), &host::stars(&columns)?, periods, &host.tolerance())?;
        host::processor_alone(call, FUNCTION.doc.name, all.len())?;
        host::count(call, FUNCTION.doc.name, all.iter().map(|s| s.status));
        let number = |value: fn(&Summary) -> f64| Values::Numbers(all.iter().map(value).collect());
        Ok(vec![
            number(|s| s.pericentre),
            number(|s| s.apocentre),
            number(|s| s.z_max),
            number(|s| s.eccentricity),
            number(|s| s.energy),
            number(|s| s.angular_momentum),
            number(|s| s.l_z),
            number(|s| s.circularity),
            number(|s| s.guiding_radius),
            Values::Words(all.iter().map(|s| s.status.name()).collect()),
        ])
    },
};
