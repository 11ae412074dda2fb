//! The potential that a function names: a preset, or a file that its user wrote.
//!
//! Layout     a text that holds `[[component]]` is the potential itself, any other one a name as in `table::potentials`
//! Edge cases a file is read again when it changed; an unknown name is refused with the nearest one before anything runs
//! Cost       tables of a potential are made once per process
//! See also   `crate::orbits::potential::text` for the form, `spolia potential`

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use super::OF_POTENTIALS;
use crate::constants::GYR_PER_TIME_UNIT;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::orbits::actions::{FocalTable, Nodes};
use crate::orbits::batch::Stars;
use crate::orbits::field::Gravity;
use crate::orbits::integrate::{Judgement, Status, Tolerance};
use crate::orbits::potential::Potential;
use crate::orbits::values;
use crate::sql::functions::scalar::{Columns, outer};
use crate::sql::functions::structured::Call;
use crate::sql::functions::units::{common, of};
use crate::table::potentials;
use crate::units::Unit;

/// Potentials kept; more than a session names.
const KEPT: usize = 64;
/// Radii between which focal lengths are tabulated \[kpc\].
const FOCAL_KPC: [f64; 2] = [0.05, 500.0];

/// A potential with what its functions need.
#[derive(Debug)]
pub struct Host {
    /// The potential.
    pub potential: Potential,
    /// Energy from which stars are unbound \[(km/s)^2\].
    pub escape_energy: f64,
    focal: OnceLock<FocalTable>,
}

/// When a file was written, and its length.
type Stamp = Option<(SystemTime, u64)>;

static HOSTS: Mutex<BTreeMap<String, (Stamp, Arc<Host>)>> = Mutex::new(BTreeMap::new());

/// Whether `name` makes a file be opened.
pub fn opens_a_file(name: &str) -> bool {
    potentials::is_file(name) && !name.contains("[[component]]")
}

/// Refuses a text that would open a file where sessions may not.
pub fn permitted(open_files: bool, function: &str, texts: &[&str]) -> Result<()> {
    match texts.iter().find(|text| opens_a_file(text)) {
        Some(name) if !open_files && OF_POTENTIALS.contains(&function) => {
            Err(Error::usage(format!("`{name}` is a file, and this session opens none"))
                .expected("the name of a preset, or the text of a potential itself"))
        }
        _ => Ok(()),
    }
}

fn load(name: &str) -> Result<Potential> {
    if name.contains("[[component]]") {
        return Potential::from_toml(name, "the potential");
    }
    potentials::open(name)
}

/// The potential called `name`.
pub fn host(name: &str) -> Result<Arc<Host>> {
    let stamp = if opens_a_file(name) { potentials::stamp(name) } else { None };
    let mut hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, host)) = hosts.get(name)
        && *known == stamp
    {
        return Ok(host.clone());
    }
    let potential = load(name)?;
    let escape_energy = values::escape_energy(&Gravity::new(&potential));
    let host = Arc::new(Host { potential, escape_energy, focal: OnceLock::new() });
    if hosts.len() >= KEPT {
        hosts.clear();
    }
    hosts.insert(name.to_string(), (stamp, host.clone()));
    Ok(host)
}

/// Refuses texts that name no potential.
pub fn check(texts: &[&str]) -> Result<()> {
    texts.first().map_or(Ok(()), |name| host(name).map(|_| ()))
}

impl Host {
    /// How orbits are integrated in it: in one that changes with time, energies may change.
    pub fn tolerance(&self) -> Tolerance {
        let largest_drift = if self.potential.is_static() { Judgement::default().largest_drift } else { f64::INFINITY };
        Tolerance { judgement: Judgement { escape_energy: self.escape_energy, largest_drift }, ..Tolerance::default() }
    }

    /// Nodes of its actions.
    pub fn nodes(&self) -> Nodes {
        Nodes::default().with_escape_energy(self.escape_energy)
    }

    /// Focal lengths in it.
    pub fn focal(&self, gravity: &Gravity) -> Result<&FocalTable> {
        if let Some(table) = self.focal.get() {
            return Ok(table);
        }
        let table = FocalTable::new(gravity, FOCAL_KPC[0], FOCAL_KPC[1])?;
        Ok(self.focal.get_or_init(|| table))
    }

    /// Refuses a potential in which `what` has no meaning.
    pub fn must_be_axisymmetric(&self, what: &str) -> Result<()> {
        let wrong = match (self.potential.is_static(), self.potential.is_axisymmetric()) {
            (true, true) => return Ok(()),
            (false, _) => "changes with time",
            (true, false) => "is not axisymmetric",
        };
        Err(Error::usage(format!("{what} of a potential that {wrong}"))
            .expected("a potential that is static and axisymmetric about z")
            .hint("leave the bar, the arms or the satellite out, or integrate with orbit_at(...)"))
    }
}

/// The potential named by the first literal text of a scalar function.
pub fn of_columns(columns: &Columns) -> datafusion::common::Result<Arc<Host>> {
    host(columns.texts.first().copied().unwrap_or_default()).map_err(outer)
}

/// The potential, and the phase space as columns.
pub fn of_call(call: &Call) -> Result<(Arc<Host>, [Vec<f64>; 6])> {
    let host = host(call.columns.texts.first().copied().unwrap_or_default())?;
    Ok((host, phase_space(call.columns)?))
}

/// The first six numeric arguments.
pub fn phase_space(columns: &Columns) -> Result<[Vec<f64>; 6]> {
    let mut all: [Vec<f64>; 6] = Default::default();
    for (k, column) in all.iter_mut().enumerate() {
        *column = columns.numbers(k).map_err(|e| Error::internal(e.to_string()))?;
    }
    Ok(all)
}

/// Stars of those columns.
pub fn stars(columns: &[Vec<f64>; 6]) -> Result<Stars<'_>> {
    Stars::new(std::array::from_fn(|k| columns[k].as_slice()))
}

/// Counts how orbits ended.
pub fn count(call: &Call, function: &'static str, status: impl Iterator<Item = Status>) {
    let mut counts = [0usize; 4];
    for status in status {
        match status {
            Status::Complete => {}
            Status::NotFinite => counts[0] += 1,
            Status::Unbound => counts[1] += 1,
            Status::Drift => counts[2] += 1,
            Status::TooManySteps => counts[3] += 1,
        }
    }
    let words = [
        "rows with a position or a velocity that is not finite: the answer is NaN",
        "unbound stars: status `unbound`, what needs an apocentre is NaN",
        "orbits whose energy drifted by more than 1e-3: status `drift`",
        "orbits with too many steps: status `too_many_steps`, NaN",
    ];
    for (words, count) in words.into_iter().zip(counts) {
        call.tally.add(function, words, count);
    }
}

/// The device that the session asks for.
pub fn device(call: &Call) -> Result<Device> {
    Device::parse(&call.settings.device)
}

/// Says that a function has no code for the GPU that was asked for.
pub fn processor_alone(call: &Call, function: &'static str, rows: usize) -> Result<()> {
    if device(call)? == Device::Cuda {
        call.tally.add(function, "rows on the processor: this function has no code for GPUs", rows);
    }
    Ok(())
}

/// Time in inner units of one in Gyr.
pub fn inner_time(time_gyr: f64) -> f64 {
    time_gyr / GYR_PER_TIME_UNIT
}

fn must_be(what: &str, found: Option<Unit>, unit: &str) -> Result<()> {
    let Some(found) = found.filter(|u| !u.is_unknown()) else { return Ok(()) };
    let wanted = Unit::parse(unit)?;
    let error = Error::mismatch(format!("{what} in {found}")).expected(unit).found(&found);
    match found.factor_to(&wanted) {
        // Two spellings of one unit agree to rounding.
        Ok(factor) if (factor - 1.0).abs() < 1e-12 => Ok(()),
        Ok(factor) => Err(error.hint(format!("multiply by {factor:e} to have {unit}"))),
        Err(_) => Err(error),
    }
}

/// Units of x, y, z and what follows them.
pub fn places_in_kpc(units: &[Option<Unit>]) -> Result<()> {
    must_be("positions", common(units.get(..3).unwrap_or(units))?, "kpc")
}

/// Units of x, y, z, vx, vy, vz.
pub fn phase_space_units(units: &[Option<Unit>]) -> Result<()> {
    places_in_kpc(units)?;
    must_be("velocities", common(units.get(3..6).unwrap_or_default())?, "km/s")
}

/// Unit of the time at `index`.
pub fn time_in_gyr(units: &[Option<Unit>], index: usize) -> Result<()> {
    must_be("a time", of(units, index), "Gyr")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_files_and_texts() {
        assert!(host("mw2014").unwrap().escape_energy == 0.0);
        assert!(Arc::ptr_eq(&host("mw2014").unwrap(), &host("mw2014").unwrap()));
        let wrong = host("mw2041").unwrap_err().to_string();
        assert!(wrong.contains("did you mean `mw2014`?"), "{wrong}");
        assert!(host("something").unwrap_err().to_string().contains(".toml"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.toml");
        let name = path.display().to_string();
        assert!(host(&name).unwrap_err().to_string().contains("own.toml"));
        std::fs::write(&path, "[[component]]\nname = \"p\"\nkind = \"plummer\"\nmass = 1e10\nscale = 1\n").unwrap();
        assert_eq!(host(&name).unwrap().potential.parameters(), [1e10, 1.0]);
        std::fs::write(&path, "[[component]]\nname = \"p\"\nkind = \"plummer\"\nmass = 25e9\nscale = 1\n").unwrap();
        assert_eq!(host(&name).unwrap().potential.parameters(), [25e9, 1.0]);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(host(&text).unwrap().potential.components.len(), 1);
        assert!(opens_a_file(&name) && !opens_a_file("mw2014") && !opens_a_file(&text));
    }

    #[test]
    fn a_session_that_opens_no_files_opens_no_potentials() {
        assert!(permitted(true, "orbit", &["own.toml"]).is_ok() && permitted(false, "orbit", &["mw2014"]).is_ok());
        assert!(permitted(false, "orbit", &["/etc/own"]).is_err() && permitted(false, "abundance_z", &["Fe/H"]).is_ok());
        // Every function that describes a model by its name is known here.
        let named = |doc: &&crate::sql::functions::FunctionDoc| doc.signature.contains("'name'");
        let all: Vec<&str> = crate::sql::functions::docs().iter().filter(named).map(|doc| doc.name).collect();
        assert_eq!(all, OF_POTENTIALS);
    }

    #[test]
    fn units_other_than_kpc_and_kms_are_refused_with_the_factor() {
        let unit = |text: &str| Some(Unit::parse(text).unwrap());
        let six = |l: &str, v: &str| [unit(l), unit(l), unit(l), unit(v), unit(v), unit(v)];
        assert!(phase_space_units(&six("kpc", "km/s")).is_ok() && phase_space_units(&vec![None; 6]).is_ok());
        assert!(phase_space_units(&six("pc", "km/s")).unwrap_err().hint_text().unwrap().contains("1e-3"));
        assert!(phase_space_units(&six("km/s", "kpc")).is_err() && phase_space_units(&six("kpc", "m/s")).is_err());
        assert!(time_in_gyr(&[unit("Myr")], 0).is_err() && time_in_gyr(&[None], 0).is_ok());
    }
}
