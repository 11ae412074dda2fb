//! A Tipsy snapshot with its parameter file and auxiliary arrays, as Gasoline and ChaNGa leave them.
//!
//! Layout     `NAME` (big-endian, f32), `NAME.iord`, `NAME.FeMassFrac`, ...; `RUN.param`, where `NAME` is `RUN.00512`
//! Formula    dKpcUnit = the comoving box, dMsolUnit = critical density x box^3, so that G = 1 and H0^2 = 8 pi / 3 in code;
//!            runs that are not cosmological: kpc, 1/G Msun, km/s
//! Units      code units at scale factor a: x / (a l), v / (a u), rho a^3 l^3 / m, phi a / u^2, eps / (a l), times in l / u
//! Accuracy   f32 throughout: 6e-8 relative of each value in code units; the largest rounding of a position is told
//! Refuses    more than 2^31 - 1 particles, names that are taken, another run's parameter file, identifiers above 2^63 - 1
//! Edge cases fields of a record that no column gives are 0, with a note; identifiers above 2^31 - 1 make `iord` a text array;
//!            wind-phase cells are left out; a black hole among the stars keeps the minus sign of its time of formation
//! See also   `ingest::tipsy` reads it back, `place`

use std::path::Path;

use super::files::Aside;
use super::gadget_hdf5::extent;
use super::gather::{Column, Particles, Rules, Table, Values, identifiers};
use super::place::Place;
use super::{Setting, Written, formation};
use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, Result};
use crate::ingest::Family;
use crate::ingest::fields::element;
use crate::ingest::thermal;
use crate::ingest::tipsy::ByteOrder;
use crate::ingest::tipsy::companion::is_other_kind;
use crate::ingest::tipsy::units::CodeUnits;
use crate::ingest::tipsy::write::{
    DarkRecord, GasRecord, SnapshotWriter, StarRecord, write_aux_f32, write_aux_i32, write_aux_text, write_param,
};

const NAME: &str = "tipsy";
/// dHubble0 is the Hubble rate in code units: times u / l it is in km/s/kpc, times 10 it is h.
const H_PER_KMS_KPC: f64 = 10.0;
/// Length unit of a cosmological run whose box is not known [kpc].
const LENGTH_KPC: f64 = 50_000.0;
const FAMILIES: [Family; 3] = [Family::Gas, Family::Dark, Family::Stars];

/// What is gathered.
pub(super) const RULES: Rules = Rules { name: NAME, keeps, splits_black_holes: false, most_rows: i32::MAX as u64 };

/// Columns of the records.
const RECORD: &[&str] = &["id", "x", "y", "z", "vx", "vy", "vz", "mass", "eps", "phi"];
/// Further ones of gas and of stars; `u`, `x_e` and `x_h` may give the temperature.
const OF_GAS: &[&str] = &["rho", "temperature", "z_metal", "u", "x_e"];
const OF_STARS: &[&str] = &["z_metal", "t_birth", "age", "a_birth", "black_hole"];

/// Column, array, families; reals, comoving lengths or masses.
const ARRAYS: &[(&str, &str, Kind, &[Family])] = &[
    ("id_gas", "igasorder", Kind::Integer, &[Family::Stars]),
    ("halo_id", "grp", Kind::Integer, &FAMILIES),
    ("mass_birth", "massform", Kind::Mass, &[Family::Stars]),
    ("h_sml", "smoothlength", Kind::Length, &FAMILIES),
    ("x_hi", "HI", Kind::Real, &[Family::Gas]),
    ("x_hei", "HeI", Kind::Real, &[Family::Gas]),
    ("x_heii", "HeII", Kind::Real, &[Family::Gas]),
    ("x_h2", "H2", Kind::Real, &[Family::Gas]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    Real,
    Length,
    Mass,
}

/// Symbol of the element whose mass fraction a column holds.
fn fraction(name: &str) -> Option<&'static str> {
    if name == "x_hi" { None } else { name.strip_prefix("x_").and_then(element) }
}

fn keeps(family: Family, name: &str) -> bool {
    let own: &[&str] = match family {
        Family::Gas => OF_GAS,
        Family::Stars => OF_STARS,
        _ => &[],
    };
    let baryons = family != Family::Dark;
    RECORD.contains(&name)
        || own.contains(&name)
        || ARRAYS.iter().any(|(column, _, _, families)| *column == name && families.contains(&family))
        || (baryons && fraction(name).is_some())
}

/// Name of the run that a snapshot called `name` belongs to: `g8.26e11` of `g8.26e11.00512`.
fn run_of(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((run, number)) if !run.is_empty() && !number.is_empty() => run,
        _ => name,
    }
}

/// Refuses names that are taken: several files cannot be replaced at one moment.
pub(super) fn check_names(folder: &Path, name: &str) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io("list", folder, &e))?;
    let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let taken = |n: &&String| *n == name || n.strip_prefix(name).and_then(|r| r.strip_prefix('.')).is_some_and(|r| !is_other_kind(r));
    match names.iter().find(taken) {
        None => Ok(()),
        Some(found) => Err(Error::usage("a Tipsy snapshot is several files and replaces none")
            .at(format!("`{}`", folder.join(found).display()))
            .hint("choose another name or an empty folder, or remove the old snapshot and its arrays first")),
    }
}

/// Sizes of the code's units at the moment of the snapshot.
struct Code {
    units: CodeUnits,
    a: f64,
    box_kpc: Option<f64>,
}

impl Code {
    fn new(setting: &Setting, box_kpc: Option<f64>) -> Code {
        let a = setting.a();
        let length_kpc = box_kpc.map_or(LENGTH_KPC, |side| side / a);
        let units = match (setting.scale_factor, &setting.cosmology) {
            (Some(_), Some(c)) => CodeUnits::of(length_kpc, c.critical_density(1.0) * length_kpc.powi(3)),
            (Some(_), None) => CodeUnits::of(length_kpc, length_kpc / GRAVITY_KPC_KMS2_MSUN),
            _ => CodeUnits::of(1.0, 1.0 / GRAVITY_KPC_KMS2_MSUN),
        };
        Code { units, a, box_kpc }
    }

    /// The text of the parameter file.
    fn parameters(&self, run: &str, setting: &Setting, black_holes: bool) -> Vec<(String, String)> {
        let mut list = vec![
            ("achOutName", run.to_string()),
            ("bComove", if setting.scale_factor.is_some() { "1" } else { "0" }.to_string()),
            ("dKpcUnit", format!("{:e}", self.units.length_kpc)),
            ("dMsolUnit", format!("{:e}", self.units.mass_msun)),
        ];
        if let (Some(_), Some(c)) = (setting.scale_factor, &setting.cosmology) {
            let hubble = c.h * self.units.length_kpc / (H_PER_KMS_KPC * self.units.velocity_kms);
            list.extend([
                ("dHubble0", format!("{hubble:e}")),
                ("dOmega0", format!("{:e}", c.omega_m)),
                ("dLambda", format!("{:e}", c.omega_lambda)),
            ]);
        }
        list.push(("bPeriodic", if self.box_kpc.is_some() { "1" } else { "0" }.to_string()));
        if let Some(side) = self.box_kpc {
            list.push(("dPeriod", format!("{:e}", side / (self.a * self.units.length_kpc))));
        }
        if black_holes {
            list.push(("bBHSink", "1".to_string()));
        }
        list.push(("iBinaryOutput", "1".to_string()));
        list.into_iter().map(|(key, value)| (key.to_string(), value)).collect()
    }
}

/// Writes the snapshot and all that belongs to it.
pub(super) fn write(mut particles: Particles, setting: &Setting, path: &Path) -> Result<Written> {
    let mut notes = std::mem::take(&mut particles.notes);
    notes.extend(particles.left_out_notes(NAME));
    let mut tables = std::mem::take(&mut particles.tables);
    if let Some(at) = tables.iter().position(|t| t.winds) {
        let winds = tables.remove(at);
        notes.push(format!("{} wind-phase cells are left out: {NAME} has no such particles", winds.rows));
    }
    if tables.is_empty() {
        return Err(Error::not_found("no particle is selected that the format has a place for"));
    }
    if let Some(other) = tables.iter().find(|t| !FAMILIES.contains(&t.family)) {
        return Err(
            Error::unsupported(format!("Tipsy has no place for {}", other.family)).hint("write gadget-hdf5, or name other families")
        );
    }
    tables.sort_by_key(|t| FAMILIES.iter().position(|f| *f == t.family));
    let box_kpc = setting.box_kpc.filter(|_| tables.iter().all(|t| t.frame.as_deref() == Some("box")));
    if setting.box_kpc.is_some() && box_kpc.is_none() {
        notes.push("positions are in a frame of their own, where the run's box is not periodic: the file has none (bPeriodic 0)".into());
    }
    let code = Code::new(setting, box_kpc);
    let place = Place::of(extent(&tables), box_kpc.map_or(0.0, |side| -0.5 * side), box_kpc);
    let ids = identifiers(&mut tables, &mut notes)?;
    let rows: Vec<(Family, u64)> = tables.iter().map(|t| (t.family, t.rows as u64)).collect();
    let total: usize = tables.iter().map(|t| t.rows).sum();
    let black_holes = tables.iter().any(|t| t.find("black_hole").is_some_and(|c| c.values.numbers().any(|b| b != 0.0)));

    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let run = run_of(&name);
    let param = path.with_file_name(format!("{run}.param"));
    let entries = code.parameters(run, setting, black_holes);
    let mut aside = Aside::default();
    parameter_file(&param, &entries, &mut aside)?;
    let order = ByteOrder::Big;
    let array = |name: &str| {
        let mut whole = path.as_os_str().to_os_string();
        whole.push(format!(".{name}"));
        std::path::PathBuf::from(whole)
    };
    write_ids(&array("iord"), &ids.concat(), &mut aside, &mut notes)?;
    // The snapshot gets its name last, but the columns of the records go first.
    let mut later = Aside::default();
    let snapshot = later.file(path)?;
    let mut records = Records { code: &code, setting, place, notes: &mut notes, worst_kpc: 0.0, wrapped: 0 };
    records.write(&snapshot, &mut tables, order)?;
    let (worst_kpc, wrapped) = (records.worst_kpc, records.wrapped);
    for (file, columns) in arrays_of(&mut tables, &code, &mut notes)? {
        let target = array(&file);
        match columns {
            Array::Reals(values) => write_aux_f32(&aside.file(&target)?, &values, order)?,
            Array::Integers(values) => write_aux_i32(&aside.file(&target)?, &values, order)?,
            Array::Text(values) => write_aux_text(&aside.file(&target)?, &values)?,
        }
    }
    aside.follow(later);
    for table in &tables {
        let unused: Vec<String> = table.names().into_iter().filter(|n| n != "black_hole").collect();
        if !unused.is_empty() {
            notes.push(format!("{}: {NAME} has no place for {}", table.family, unused.join(", ")));
        }
    }
    if place.moves() {
        let [x, y, z] = place.shift_kpc;
        notes.push(format!("positions are moved by {x:.6}, {y:.6}, {z:.6} kpc into the box that the format has about the origin"));
    }
    if wrapped > 0 {
        notes.push(format!("{wrapped} coordinates outside the periodic box were wrapped into it"));
    }
    notes.push(format!(
        "{total} particles in single precision: the largest rounding of a position is {worst_kpc:.2e} kpc, of any other value {:.1e} of it",
        f64::from(f32::EPSILON) / 2.0
    ));
    let mut files = aside.commit()?;
    files.reverse();
    Ok(Written { files, rows, notes })
}

/// The parameter file of the run: written, or there already with the same text.
fn parameter_file(param: &Path, entries: &[(String, String)], aside: &mut Aside) -> Result<()> {
    let text: String = entries.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    // Bytes, not text: a file in another encoding is another run's too, and must not be replaced.
    match std::fs::read(param) {
        Ok(there) if there == text.as_bytes() => Ok(()),
        Ok(_) => Err(Error::usage("the parameter file of another run has this name")
            .at(format!("`{}`", param.display()))
            .hint("choose another name or an empty folder: its units are not those of this export")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => write_param(&aside.file(param)?, entries),
        Err(e) => Err(Error::io("read a parameter file", param, &e)),
    }
}

fn write_ids(path: &Path, ids: &[u64], aside: &mut Aside, notes: &mut Vec<String>) -> Result<()> {
    if let Ok(small) = ids.iter().map(|i| i32::try_from(*i)).collect::<std::result::Result<Vec<i32>, _>>() {
        return write_aux_i32(&aside.file(path)?, &small, ByteOrder::Big);
    }
    let wide = ids.iter().enumerate().map(|(row, i)| signed(*i).ok_or_else(|| too_large(format!("particle {row}"), *i)));
    let wide = wide.collect::<Result<Vec<i64>>>()?;
    notes.push(format!("identifiers above {} do not fit the 4 bytes of a binary array: iord is text", i32::MAX));
    write_aux_text(&aside.file(path)?, &wide)
}

fn signed(whole: u64) -> Option<i64> {
    i64::try_from(whole).ok()
}

fn too_large(place: String, found: u64) -> Error {
    Error::unsupported("a whole number is too large for a Tipsy array").at(place).expected(format!("at most {}", i64::MAX)).found(found)
}

/// Writes the records of all families.
struct Records<'a> {
    code: &'a Code,
    setting: &'a Setting,
    place: Place,
    notes: &'a mut Vec<String>,
    worst_kpc: f64,
    wrapped: u64,
}

/// Columns that every record has.
struct Common {
    vectors: Vec<Column>,
    mass: Column,
    eps: Option<Column>,
    phi: Option<Column>,
}

impl Records<'_> {
    fn write(&mut self, path: &Path, tables: &mut [Table], order: ByteOrder) -> Result<()> {
        let count = |family: Family| tables.iter().filter(|t| t.family == family).map(|t| t.rows).sum::<usize>();
        let counts = FAMILIES.map(count);
        let units = self.code.units;
        let time = self.setting.scale_factor.unwrap_or_else(|| self.setting.time_gyr.unwrap_or(0.0) / units.time_gyr());
        let mut out = SnapshotWriter::create(path, time, counts, order)?;
        for table in tables {
            let common = self.common(table)?;
            let mut zero = Vec::new();
            let mut other = |name: &'static str, found: Option<Column>| {
                if found.is_none() {
                    zero.push(name);
                }
                found
            };
            let (eps, phi) = (other("eps", common.eps), other("phi", common.phi));
            let common = Common { eps, phi, ..common };
            match table.family {
                Family::Dark => {
                    for row in 0..table.rows {
                        let (mass, [x, y, z], [vx, vy, vz], eps, phi) = self.at(&common, row);
                        out.dark(&DarkRecord { mass, x, y, z, vx, vy, vz, eps, phi })?;
                    }
                }
                Family::Gas => {
                    let metals = other("z_metal", table.optional("z_metal", self.notes)?);
                    let rho = other("rho", table.optional("rho", self.notes)?);
                    let kelvin = other("temperature", self.temperature(table)?);
                    let density = units.density() / self.code.a.powi(3);
                    let of = |column: &Option<Column>, row: usize, factor: f64| {
                        column.as_ref().map_or(0.0, |c| (c.values.at(row) / factor) as f32)
                    };
                    for row in 0..table.rows {
                        let (mass, [x, y, z], [vx, vy, vz], eps, phi) = self.at(&common, row);
                        let (rho, temperature, metals) = (of(&rho, row, density), of(&kelvin, row, 1.0), of(&metals, row, 1.0));
                        out.gas(&GasRecord { mass, x, y, z, vx, vy, vz, rho, temperature, eps, metals, phi })?;
                    }
                }
                _ => {
                    let metals = other("z_metal", table.optional("z_metal", self.notes)?);
                    let births = formation::births(table, self.setting, false, self.notes)?;
                    if births.is_none() {
                        zero.push("t_birth");
                    }
                    let holes = table.optional("black_hole", self.notes)?;
                    let now = self.setting.time_gyr.unwrap_or(f64::INFINITY);
                    for row in 0..table.rows {
                        let (mass, [x, y, z], [vx, vy, vz], eps, phi) = self.at(&common, row);
                        let metals = metals.as_ref().map_or(0.0, |c| c.values.at(row) as f32);
                        let tform = births.as_ref().map_or(0.0, |b| birth_time(b.at(row), now, units.time_gyr()));
                        let hole = holes.as_ref().is_some_and(|h| h.values.at(row) != 0.0);
                        // The minus sign of zero would be lost, and the black hole with it.
                        let tform = if hole { -tform.max(f32::MIN_POSITIVE) } else { tform };
                        out.star(&StarRecord { mass, x, y, z, vx, vy, vz, metals, tform, eps, phi })?;
                    }
                }
            }
            if !zero.is_empty() {
                self.notes.push(format!("{}: 0 in the file, for want of a column: {}", table.family, zero.join(", ")));
            }
        }
        out.finish()
    }

    fn common(&mut self, table: &mut Table) -> Result<Common> {
        let vectors = ["x", "y", "z", "vx", "vy", "vz"].map(|name| table.required(name, NAME)).into_iter().collect::<Result<Vec<_>>>()?;
        let mass = table.required("mass", NAME)?;
        Ok(Common { vectors, mass, eps: table.optional("eps", self.notes)?, phi: table.optional("phi", self.notes)? })
    }

    /// Mass, position, velocity, softening and potential of a row in code units.
    fn at(&mut self, c: &Common, row: usize) -> (f32, [f32; 3], [f32; 3], f32, f32) {
        let (units, a) = (self.code.units, self.code.a);
        let value = |column: usize| c.vectors.get(column).map_or(0.0, |v| v.values.at(row));
        let length = a * units.length_kpc;
        let position = [0, 1, 2].map(|axis| {
            let (kpc, over) = self.place.put(value(axis), axis);
            self.wrapped += u64::from(over);
            let stored = (kpc / length) as f32;
            self.worst_kpc = self.worst_kpc.max((f64::from(stored) * length - kpc).abs());
            stored
        });
        let velocity = [3, 4, 5].map(|axis| (value(axis) / (a * units.velocity_kms)) as f32);
        let other = |column: &Option<Column>, factor: f64| column.as_ref().map_or(0.0, |v| (v.values.at(row) / factor) as f32);
        (
            (c.mass.values.at(row) / units.mass_msun) as f32,
            position,
            velocity,
            other(&c.eps, length),
            other(&c.phi, units.velocity_kms.powi(2) / a),
        )
    }

    /// Temperature as it is, or from the internal energy.
    fn temperature(&mut self, table: &mut Table) -> Result<Option<Column>> {
        if table.has("temperature") || !table.has("u") {
            return table.optional("temperature", self.notes);
        }
        let (electrons, hydrogen) =
            (table.find("x_e").cloned().filter(|_| table.has("x_e")), table.find("x_h").cloned().filter(|_| table.has("x_h")));
        let Some(mut column) = table.optional("u", self.notes)? else { return Ok(None) };
        table.forget("x_e");
        let at = |c: &Option<Column>, row: usize| c.as_ref().map(|c| c.values.at(row));
        let kelvin: Vec<f64> =
            column.values.numbers().enumerate().map(|(row, u)| thermal::kelvin(u, at(&electrons, row), at(&hydrogen, row))).collect();
        let (neutral, ionised) = thermal::weights();
        let how = match electrons {
            Some(_) => "the electrons of each particle".to_string(),
            None => format!("mean molecular weight {neutral:.4} below {:.0} K and {ionised:.4} from there on", thermal::IONISED_FROM_K),
        };
        self.notes.push(format!("gas: the temperature is made from the internal energy with {how}"));
        column.values = Values::F64(kelvin);
        Ok(Some(column))
    }
}

/// Time of formation in code units, not rounded beyond the time of the snapshot: no star is younger than 0.
fn birth_time(time_gyr: f64, now_gyr: f64, unit_gyr: f64) -> f32 {
    let stored = (time_gyr / unit_gyr) as f32;
    if time_gyr <= now_gyr && f64::from(stored) * unit_gyr > now_gyr { stored.next_down() } else { stored }
}

/// Values of one array over all families.
enum Array {
    Reals(Vec<f32>),
    Integers(Vec<i32>),
    Text(Vec<i64>),
}

/// Auxiliary arrays, each over all particles; 0 where a family has no such column.
fn arrays_of(tables: &mut [Table], code: &Code, notes: &mut Vec<String>) -> Result<Vec<(String, Array)>> {
    let mut wanted: Vec<(String, String, Kind)> = Vec::new();
    for table in tables.iter() {
        for name in table.names() {
            let array = ARRAYS.iter().find(|(column, ..)| *column == name).map(|(_, array, kind, _)| ((*array).to_string(), *kind));
            // Gasoline writes oxygen as `Ox`.
            let symbol = || fraction(&name).map(|s| (format!("{}MassFrac", if s == "O" { "Ox" } else { s }), Kind::Real));
            if let Some((array, kind)) = array.or_else(symbol).filter(|(array, _)| !wanted.iter().any(|(_, a, _)| a == array)) {
                wanted.push((name, array, kind));
            }
        }
    }
    let mut made = Vec::with_capacity(wanted.len());
    for (name, array, kind) in wanted {
        let factor = match kind {
            Kind::Length => code.a * code.units.length_kpc,
            Kind::Mass => code.units.mass_msun,
            _ => 1.0,
        };
        let (mut reals, mut integers, mut found) = (Vec::new(), Vec::new(), false);
        for table in tables.iter_mut() {
            let column = table.optional(&name, notes)?;
            let whole = column.as_ref().is_some_and(|c| matches!(c.values, Values::I64(_) | Values::U64(_)));
            if kind == Kind::Integer && column.is_some() && !whole {
                notes.push(format!("{}: `{name}` is left out, for its values are no whole numbers", table.family));
            }
            let column = column.filter(|_| kind != Kind::Integer || whole);
            found |= column.is_some();
            match (kind, column.map(|c| c.values)) {
                (Kind::Integer, Some(Values::I64(v))) => integers.extend(v),
                (Kind::Integer, Some(Values::U64(v))) => {
                    let fits = |(row, i): (usize, u64)| {
                        signed(i).ok_or_else(|| too_large(format!("row {row} of column `{name}` of {}", table.family), i))
                    };
                    integers.extend(v.into_iter().enumerate().map(fits).collect::<Result<Vec<i64>>>()?);
                }
                (Kind::Integer, _) => integers.extend(std::iter::repeat_n(0, table.rows)),
                (_, Some(values)) => reals.extend(values.numbers().map(|x| (x / factor) as f32)),
                (_, None) => reals.extend(std::iter::repeat_n(0.0, table.rows)),
            }
        }
        if !found {
            continue;
        }
        let values = match kind {
            Kind::Integer => match integers.iter().map(|i| i32::try_from(*i)).collect::<std::result::Result<Vec<i32>, _>>() {
                Ok(small) => Array::Integers(small),
                Err(_) => Array::Text(integers),
            },
            _ => Array::Reals(reals),
        };
        made.push((array, values));
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosmology::Cosmology;

    #[test]
    fn cosmological_units_are_those_of_a_unit_box() {
        let cosmology = Cosmology::lcdm(0.7, 0.3, 0.7).unwrap();
        let setting = Setting { scale_factor: Some(0.5), cosmology: Some(cosmology), box_kpc: Some(25_000.0), ..Setting::default() };
        let code = Code::new(&setting, setting.box_kpc);
        let entries = code.parameters("g", &setting, false);
        let value = |key: &str| entries.iter().find(|(k, _)| k == key).unwrap().1.parse::<f64>().unwrap();
        assert_eq!((value("dKpcUnit"), value("dPeriod"), value("bPeriodic")), (50_000.0, 1.0, 1.0));
        // H0^2 = 8 pi G rho / 3 with G = rho = 1.
        assert!((value("dHubble0") - (8.0 * std::f64::consts::PI / 3.0).sqrt()).abs() < 1e-12, "{}", value("dHubble0"));
        assert_eq!(value("dOmega0"), 0.3);
    }

    #[test]
    fn runs_without_a_cosmology_are_in_kpc_and_km_s() {
        let code = Code::new(&Setting { time_gyr: Some(2.0), ..Setting::default() }, None);
        assert!((code.units.velocity_kms - 1.0).abs() < 1e-15 && code.units.length_kpc == 1.0);
        assert_eq!((run_of("g8.26e11.01024"), run_of("cut.tipsy"), run_of("plain")), ("g8.26e11", "cut", "plain"));
    }

    #[test]
    fn a_parameter_file_in_another_encoding_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let param = folder.path().join("g.param");
        std::fs::write(&param, b"# \xb5\ndKpcUnit = 1\n").unwrap();
        let entries = [("dKpcUnit".to_string(), "1".to_string())];
        let error = parameter_file(&param, &entries, &mut Aside::default()).unwrap_err();
        assert!(error.to_string().contains("another run"), "{error}");
    }

    #[test]
    fn no_star_is_younger_than_nothing() {
        let unit = 42.07;
        for now in [13.4, 13.8000001, 1.0 / 3.0] {
            let stored = birth_time(now, now, unit);
            assert!(f64::from(stored) * unit <= now && f64::from(stored.next_up()) * unit > now);
        }
        assert_eq!(birth_time(5.0, 4.0, 1.0), 5.0, "a time in the future stays what it is");
    }

    #[test]
    fn more_particles_than_a_header_counts_are_refused() {
        assert_eq!(RULES.most_rows, 2_147_483_647);
        assert!(
            keeps(Family::Stars, "x_fe")
                && !keeps(Family::Dark, "x_fe")
                && !keeps(Family::Stars, "temperature")
                && !keeps(Family::Gas, "sfr")
        );
    }
}
