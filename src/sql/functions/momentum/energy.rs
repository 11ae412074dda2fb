//! SQL `energy(vx, vy, vz, phi)` or `energy(x, y, z, vx, vy, vz, 'name')`: specific orbital energy.
//!
//! Formula    E = (vx^2 + vy^2 + vz^2)/2 + phi, phi stored or that of a model
//! Units      speeds and a potential in the squared unit of speed in, the latter out (km^2/s^2)
//! Source     Buder et al. 2025, arXiv:2510.11284: no shift of the zero point; Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B
//! Edge cases NULL in, NULL out; NaN in, NaN out
//! See also   `speed`

use crate::error::Result;
use crate::sql::functions::orbits::{host, potential};
use crate::sql::functions::scalar::Scalar;
use crate::sql::functions::{FunctionDoc, units};
use crate::units::Unit;

/// The function.
pub const FUNCTION: Scalar = Scalar {
    doc: FunctionDoc {
        name: "energy",
        kind: "scalar",
        signature: "energy(vx, vy, vz, phi) or energy(x, y, z, vx, vy, vz, 'name')",
        description: "Specific orbital energy from the velocity and the stored potential, or that of a model; above 0 is unbound in the sense of the code that wrote phi.",
        formula: "E = (vx^2 + vy^2 + vz^2)/2 + phi",
        units: "speeds and a potential in the squared unit of speed in, the latter out (km^2/s^2)",
        source: "Buder et al. 2025, arXiv:2510.11284: no shift of the zero point; Binney & Tremaine 2008, Galactic Dynamics (2nd edition), appendix B",
        example: "SELECT energy(3.0, 4.0, 12.0, -100.0)",
        example_answer: Some("-15.5"),
        see_also: "pynbody `te`, galpy `Orbit.E`, gala `w.energy(potential)`",
    },
    aliases: &[],
    arguments: &[4, 7],
    texts: &[6],
    unit,
    evaluate: |c| {
        if c.texts.is_empty() {
            return c.map(|[vx, vy, vz, phi]| 0.5 * (vx * vx + vy * vy + vz * vz) + phi);
        }
        let mut energies = (potential::FUNCTION.evaluate)(c)?;
        let kinetic = c.map(|[_, _, _, vx, vy, vz]| 0.5 * (vx * vx + vy * vy + vz * vz))?;
        energies.iter_mut().zip(kinetic).for_each(|(energy, kinetic)| *energy += kinetic);
        Ok(energies)
    },
};

fn unit(arguments: &[Option<Unit>]) -> Result<Option<Unit>> {
    if arguments.len() > 4 {
        return host::phase_space_units(arguments).and_then(|()| units::named("km**2/s**2"));
    }
    let (velocities, potential) = arguments.split_at(arguments.len().saturating_sub(1));
    let kinetic = units::common(velocities)?.map(|u| u.power(2, 1));
    units::common(&[kinetic, potential.first().cloned().flatten()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_potential_must_be_a_speed_squared() {
        let parsed = |text: &str| Some(Unit::parse(text).unwrap());
        let speeds = [parsed("km/s"), parsed("km/s"), parsed("km/s")];
        let with = |last: Option<Unit>| unit(&[speeds.as_slice(), &[last]].concat());
        assert_eq!(with(parsed("km**2/s**2")).unwrap(), parsed("km**2/s**2"));
        assert_eq!(with(None).unwrap(), parsed("km**2/s**2"));
        assert!(with(parsed("km/s")).is_err());
    }
}
