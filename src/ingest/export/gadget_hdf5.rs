//! One HDF5 file in the manner of GADGET-4 and AREPO, which their readers, pynbody, yt and h5py scripts understand.
//!
//! Layout     `Header`, `Parameters`, `Config`; `PartType0` gas, 1 dark matter, 4 stars and wind-phase cells, 5 black holes
//! Units      comoving kpc/h, 1e10 Msun/h, km/s sqrt(a); in runs that are not cosmological kpc, 1e10 Msun, km/s, time in kpc/(km/s)
//! Accuracy   positions f64; the rest in the precision of its column, rounded once; identifiers and a_birth keep their bits
//! Source     Springel et al. 2021, MNRAS 506, 2871; TNG data specification (names that begin with GFM_)
//! Edge cases positions are moved into the box from 0 to L, the move is in `Header`; in another frame than the box there is no box;
//!            a column without a dataset of its own keeps its name and unit
//! Cost       every selected column once, in memory, and one dataset more
//! See also   `ingest::gadget_hdf5` reads it back

use std::fs::File;
use std::path::Path;

use hdf5_pure::{AttrValue, FileBuilder, GroupBuilder};

use super::datasets::Dataset;
use super::files::Aside;
use super::gather::{Particles, Rules, Table, Values};
use super::place::{Extent, Place};
use super::scaling::{self, Attribute, Code, UNIT_LENGTH_CM, UNIT_MASS_G, UNIT_VELOCITY_CM_S};
use super::{Setting, Written, formation};
use crate::constants::GYR_PER_TIME_UNIT;
use crate::error::{Error, Result};
use crate::ingest::Family;
use crate::ingest::fields::{element, element_name, lower_snake};
use crate::ingest::gadget_hdf5::scaling::Dimension;
use crate::ingest::thermal;
use crate::table::durable::write_error;

/// Name in messages.
const NAME: &str = "gadget-hdf5";
/// Particle types of a header.
const TYPES: usize = 6;
/// Solar masses a year in g/s, as EAGLE's attributes state them: IAU 2015 sun, Julian year.
const MSUN_YEAR_CGS: f64 = crate::constants::SOLAR_MASS_G / 3.155_76e7;

/// What is gathered.
pub(super) const RULES: Rules = Rules { name: NAME, keeps: |_, name| name != "snap", splits_black_holes: true, most_rows: u32::MAX as u64 };

const POSITION: [&str; 3] = ["x", "y", "z"];
const VELOCITY: [&str; 3] = ["vx", "vy", "vz"];
/// Elements of `GFM_Metals` in order; a tenth column holds the others.
const GFM_ELEMENTS: [&str; 9] = ["x_h", "x_he", "x_c", "x_n", "x_o", "x_ne", "x_mg", "x_si", "x_fe"];

/// What a dataset measures.
#[derive(Clone, Copy)]
enum Measure {
    Code(Dimension),
    Number,
    Kelvin,
    SolarMassesYear,
}

/// Column, dataset, dataset in files that have AREPO's names, measure.
const PLACES: &[(&str, &str, &str, Measure)] = &[
    ("mass_birth", "InitialMass", "GFM_InitialMass", Measure::Code(Dimension::MASS)),
    ("phi", "Potential", "Potential", Measure::Code(Dimension::POTENTIAL)),
    ("rho", "Density", "Density", Measure::Code(Dimension::DENSITY)),
    ("temperature", "Temperature", "Temperature", Measure::Kelvin),
    ("h_sml", "SmoothingLength", "SmoothingLength", Measure::Code(Dimension::LENGTH)),
    ("eps", "Softenings", "Softenings", Measure::Code(Dimension::LENGTH)),
    ("z_metal", "Metallicity", "GFM_Metallicity", Measure::Number),
    ("sfr", "StarFormationRate", "StarFormationRate", Measure::SolarMassesYear),
    ("x_hi", "NeutralHydrogenAbundance", "NeutralHydrogenAbundance", Measure::Number),
    ("x_e", "ElectronAbundance", "ElectronAbundance", Measure::Number),
    ("halo_id", "HaloID", "HaloID", Measure::Number),
    ("id_gas", "BirthGasID", "BirthGasID", Measure::Number),
];

fn number_of(family: Family) -> Option<usize> {
    match family {
        Family::Gas => Some(0),
        Family::Dark => Some(1),
        Family::Stars => Some(4),
        Family::BlackHoles => Some(5),
        _ => None,
    }
}

/// Writes the snapshot.
pub(super) fn write(mut particles: Particles, setting: &Setting, path: &Path) -> Result<Written> {
    let mut notes = std::mem::take(&mut particles.notes);
    notes.extend(particles.left_out_notes(NAME));
    let mut tables = joined_winds(std::mem::take(&mut particles.tables), &mut notes)?;
    tables.sort_by_key(|t| number_of(t.family));
    let code = Code { a: setting.a(), h: setting.h() };
    let box_kpc = box_of(&tables, setting, &mut notes);
    let place = Place::of(extent(&tables), 0.0, box_kpc);
    let ids = super::gather::identifiers(&mut tables, &mut notes)?;
    let mut rows = Vec::new();
    let mut counts = [0_u32; TYPES];
    let (mut groups, mut wrapped) = (Vec::new(), 0);
    for (mut table, ids) in tables.into_iter().zip(ids) {
        let Some(number) = number_of(table.family) else { continue };
        if let Some(count) = counts.get_mut(number) {
            *count = table.rows as u32;
        }
        rows.push((table.family, table.rows as u64));
        let mut part = Part { setting, code, place, wrapped: 0, notes: &mut notes };
        groups.push((number, part.datasets(&mut table, ids)?));
        wrapped += part.wrapped;
    }
    if place.moves() {
        let [x, y, z] = place.shift_kpc;
        notes.push(format!(
            "positions are moved by {x:.6}, {y:.6}, {z:.6} kpc into the box that the format has from 0 on; `Header/PositionShift_in_kpc` keeps the move"
        ));
    }
    if wrapped > 0 {
        notes.push(format!("{wrapped} coordinates outside the periodic box were wrapped into it"));
    }
    let mut builder = FileBuilder::new();
    let header = header(setting, counts, box_kpc, code, place);
    for name in ["Header", "Parameters"] {
        let mut group = builder.create_group(name);
        let of_header = name == "Header";
        header.iter().filter(|(_, both, _)| *both || of_header).for_each(|(key, _, value)| group.set_attr(key, value.clone()));
        if !of_header {
            parameters(setting, box_kpc).into_iter().for_each(|(key, value)| group.set_attr(key, value));
        }
        builder.add_group(group.finish());
    }
    // GADGET-4 files have this group, and yt takes a file with Metallicity but without it for one of GIZMO.
    let mut config = builder.create_group("Config");
    config.set_attr("NTYPES", AttrValue::I32(TYPES as i32));
    builder.add_group(config.finish());
    for (number, datasets) in groups {
        let mut group = builder.create_group(&format!("PartType{number}"));
        put_all(&mut group, datasets);
        builder.add_group(group.finish());
    }
    let mut aside = Aside::default();
    let temporary = aside.file(path)?;
    let file = File::create(&temporary).map_err(|e| write_error("create a file", path, &e))?;
    builder.finish_to(&file).map_err(|e| match e {
        hdf5_pure::Error::Io(io) => write_error("write a file", path, &io),
        other => Error::internal("cannot encode a snapshot as HDF5").at(format!("`{}`", path.display())).because(other),
    })?;
    drop(file);
    Ok(Written { files: aside.commit()?, rows, notes })
}

/// Datasets of a group, those with a slash in a group of their own.
fn put_all(group: &mut GroupBuilder, datasets: Vec<Dataset>) {
    let (inner, own): (Vec<Dataset>, Vec<Dataset>) = datasets.into_iter().partition(|d| d.name.contains('/'));
    own.into_iter().for_each(|d| d.put(group));
    if !inner.is_empty() {
        let mut elements = group.create_group(ELEMENT_GROUP);
        inner.into_iter().for_each(|d| d.put(&mut elements));
        group.add_group(elements.finish());
    }
}

/// Group of element mass fractions inside a particle type; EAGLE's name, which pynbody knows.
const ELEMENT_GROUP: &str = "ElementAbundance";

/// Wind-phase cells after the stars, as AREPO keeps them.
fn joined_winds(mut tables: Vec<Table>, notes: &mut Vec<String>) -> Result<Vec<Table>> {
    let Some(at) = tables.iter().position(|t| t.winds) else { return Ok(tables) };
    let winds = tables.remove(at);
    notes.push(format!(
        "{} wind-phase cells are in PartType4 with a formation time below zero, as AREPO has them; their wind timer is not known",
        winds.rows
    ));
    match tables.iter_mut().find(|t| t.family == Family::Stars) {
        Some(stars) => stars.absorb(winds, notes)?,
        None => tables.push(winds.into_stars()),
    }
    Ok(tables)
}

/// The box, unless the positions are not in it any more.
fn box_of(tables: &[Table], setting: &Setting, notes: &mut Vec<String>) -> Option<f64> {
    let side = setting.box_kpc?;
    match tables.iter().find(|t| t.frame.as_deref() != Some("box")) {
        None => Some(side),
        Some(other) => {
            let frame = other.frame.as_ref().map_or_else(|| "computed coordinates".to_string(), |f| format!("frame `{f}`"));
            notes.push(format!("positions are in {frame}, where the run's box is not periodic: the file has none (BoxSize 0)"));
            None
        }
    }
}

/// Least and greatest coordinate of each axis.
pub(super) fn extent(tables: &[Table]) -> Extent {
    POSITION.map(|axis| {
        let values = tables.iter().filter_map(|t| t.find(axis)).flat_map(|c| c.values.numbers());
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| (least.min(x), most.max(x)))
    })
}

/// One particle type while its datasets are made.
struct Part<'a> {
    setting: &'a Setting,
    code: Code,
    place: Place,
    wrapped: u64,
    notes: &'a mut Vec<String>,
}

impl Part<'_> {
    fn datasets(&mut self, table: &mut Table, ids: Vec<u64>) -> Result<Vec<Dataset>> {
        let code = self.code;
        let arepo = table.has_source("GFM_") || table.wind_rows > 0;
        let mut made = vec![Dataset::scalar("ParticleIDs", Values::U64(ids), 1.0, Vec::new())];
        let position = POSITION.map(|axis| table.required(axis, NAME));
        let position = position.into_iter().collect::<Result<Vec<_>>>()?;
        let (unit, place) = (code.factor(&Dimension::LENGTH), self.place);
        let wrapped = &mut self.wrapped;
        made.push(Dataset::vector("Coordinates", &position, true, scaling::of_code(&Dimension::LENGTH, "positions"), &mut |x, _, axis| {
            let (x, over) = place.put(x, axis);
            *wrapped += u64::from(over);
            x / unit
        }));
        drop(position);
        if VELOCITY.iter().any(|v| table.find(v).is_some()) {
            let velocity = VELOCITY.map(|axis| table.required(axis, NAME)).into_iter().collect::<Result<Vec<_>>>()?;
            let unit = code.factor(&Dimension::VELOCITY);
            let attributes = scaling::of_code(&Dimension::VELOCITY, "velocities over sqrt(a)");
            made.push(Dataset::vector("Velocities", &velocity, false, attributes, &mut |v, _, _| v / unit));
        } else {
            self.notes.push(format!("{}: there are no vx, vy, vz, so the file has no Velocities", table.family));
        }
        let mass = table.required("mass", NAME)?;
        made.push(Dataset::scalar("Masses", mass.values, code.factor(&Dimension::MASS), scaling::of_code(&Dimension::MASS, "masses")));
        if matches!(table.family, Family::Gas) {
            self.energy(table, &mut made)?;
        }
        self.formation(table, arepo, &mut made)?;
        for (column, plain, gfm, measure) in PLACES {
            if let Some(found) = table.optional(column, self.notes)? {
                let (factor, attributes) = match measure {
                    Measure::Code(d) => (code.factor(d), scaling::of_code(d, plain)),
                    Measure::Number => (1.0, scaling::of_number()),
                    Measure::Kelvin => (1.0, scaling::described("[K] : temperature", 1.0, 0.0, 0.0)),
                    Measure::SolarMassesYear => (1.0, scaling::described("solar masses / yr", MSUN_YEAR_CGS, 0.0, 0.0)),
                };
                made.push(Dataset::scalar(if arepo { gfm } else { plain }, found.values, factor, attributes));
            }
        }
        self.elements(table, arepo, &mut made)?;
        for name in table.names() {
            if let Some(found) = table.optional(&name, self.notes)? {
                let attributes = match &found.unit {
                    Some(unit) => scaling::of_unit(unit),
                    None => crate::table::schema::canonical(&name).map_or_else(Vec::new, |c| scaling::of_unit(c.unit)),
                };
                made.push(Dataset::scalar(&lower_snake(&name), found.values, 1.0, attributes));
            }
        }
        Ok(made)
    }

    /// Specific internal energy: as it is, or from the temperature.
    fn energy(&mut self, table: &mut Table, made: &mut Vec<Dataset>) -> Result<()> {
        let attributes = || scaling::of_code(&Dimension::ENERGY, "specific internal energy");
        if let Some(u) = table.optional("u", self.notes)? {
            made.push(Dataset::scalar("InternalEnergy", u.values, 1.0, attributes()));
            return Ok(());
        }
        if !table.has("temperature") {
            return Ok(());
        }
        let known = |name: &str| table.find(name).filter(|_| table.has(name));
        let (kelvin, electrons, hydrogen) = (known("temperature"), known("x_e"), known("x_h"));
        let Some(kelvin) = kelvin else { return Ok(()) };
        let at = |column: Option<&super::gather::Column>, row: usize| column.map(|c| c.values.at(row));
        let energy: Vec<f64> =
            kelvin.values.numbers().enumerate().map(|(row, t)| thermal::energy_kms2(t, at(electrons, row), at(hydrogen, row))).collect();
        let single = matches!(kelvin.values, Values::F32(_));
        let how = match (electrons, hydrogen) {
            (Some(_), Some(_)) => "the electrons and hydrogen of each cell".to_string(),
            (Some(_), None) => format!("the electrons of each cell and hydrogen fraction {}", crate::constants::PRIMORDIAL_HYDROGEN),
            (None, _) => {
                let (neutral, ionised) = thermal::weights();
                format!("mean molecular weight {neutral:.4} below {:.0} K and {ionised:.4} from there on", thermal::IONISED_FROM_K)
            }
        };
        self.notes.push(format!("gas: InternalEnergy is made from the temperature with {how}; Temperature is in the file too"));
        let values = if single { Values::F32(energy.iter().map(|u| *u as f32).collect()) } else { Values::F64(energy) };
        made.push(Dataset::scalar("InternalEnergy", values, 1.0, attributes()));
        Ok(())
    }

    /// Time of formation, and what is in units of that time.
    fn formation(&mut self, table: &mut Table, arepo: bool, made: &mut Vec<Dataset>) -> Result<()> {
        let comoving = self.setting.scale_factor.is_some();
        let winds_from = table.rows - table.wind_rows;
        let births = match formation::births(table, self.setting, comoving, self.notes)? {
            Some(values) => Some(values),
            None if table.wind_rows == table.rows => Some(Values::F64(vec![0.0; table.rows])),
            None if table.wind_rows > 0 => {
                return Err(Error::usage("stars and wind-phase cells are told apart by a_birth").hint("select a_birth too"));
            }
            None => None,
        };
        let Some(births) = births else { return Ok(()) };
        let mut vectors = Vec::new();
        for (name, axes, d) in [
            ("BirthPos", ["x_birth", "y_birth", "z_birth"], Dimension::LENGTH),
            ("BirthVel", ["vx_birth", "vy_birth", "vz_birth"], Dimension::VELOCITY),
        ] {
            if !axes.iter().all(|axis| table.has(axis)) {
                continue;
            }
            let columns = axes.map(|axis| table.required(axis, NAME)).into_iter().collect::<Result<Vec<_>>>()?;
            let unit = self.code.without_a(&d);
            let power = if comoving { d.a } else { 0.0 };
            vectors.push(Dataset::vector(name, &columns, false, scaling::of_code(&d, "at the time of formation"), &mut |v, row, _| {
                if row < winds_from { v / (unit * births.at(row).powf(power)) } else { 0.0 }
            }));
        }
        made.append(&mut vectors);
        let unit = if comoving { 1.0 } else { GYR_PER_TIME_UNIT };
        let marked = |mut values: Values| {
            match &mut values {
                Values::F32(v) => v.iter_mut().skip(winds_from).for_each(|x| *x = -1.0),
                Values::F64(v) => v.iter_mut().skip(winds_from).for_each(|x| *x = -1.0),
                _ => {}
            }
            values
        };
        let name = if arepo { "GFM_StellarFormationTime" } else { "StellarFormationTime" };
        let attributes = if comoving {
            scaling::of_number()
        } else {
            scaling::of_code(&Dimension { length: 1.0, velocity: -1.0, ..Dimension::NONE }, "time of formation")
        };
        made.push(Dataset::scalar(name, marked(births), unit, attributes));
        Ok(())
    }

    /// Mass fractions of elements: AREPO's matrix where its elements are there, EAGLE's group for the others.
    fn elements(&mut self, table: &mut Table, arepo: bool, made: &mut Vec<Dataset>) -> Result<()> {
        if arepo && GFM_ELEMENTS.iter().all(|name| table.has(name)) {
            let mut columns = GFM_ELEMENTS.map(|name| table.required(name, NAME)).into_iter().collect::<Result<Vec<_>>>()?;
            columns.extend(table.optional("x_other", self.notes)?);
            made.push(Dataset::vector("GFM_Metals", &columns, false, scaling::of_number(), &mut |x, _, _| x));
        }
        for name in table.names() {
            let full = name.strip_prefix("x_").and_then(element).and_then(element_name);
            if let Some(full) = full
                && let Some(found) = table.optional(&name, self.notes)?
            {
                made.push(Dataset::scalar(&format!("{ELEMENT_GROUP}/{full}"), found.values, 1.0, scaling::of_number()));
            }
        }
        Ok(())
    }
}

/// Attributes of the header, with whether `Parameters` has them too.
fn header(setting: &Setting, counts: [u32; TYPES], box_kpc: Option<f64>, code: Code, place: Place) -> Vec<(&'static str, bool, AttrValue)> {
    let comoving = setting.scale_factor.is_some();
    let float = AttrValue::F64;
    let flag = |on: bool| AttrValue::I32(i32::from(on));
    let (omega_m, omega_lambda) = setting.cosmology.as_ref().filter(|_| comoving).map_or((0.0, 0.0), |c| (c.omega_m, c.omega_lambda));
    let time = setting.scale_factor.unwrap_or_else(|| setting.time_gyr.unwrap_or(0.0) / GYR_PER_TIME_UNIT);
    let redshift = if comoving { 1.0 / setting.a() - 1.0 } else { 0.0 };
    let mut list = vec![
        ("NumPart_ThisFile", false, AttrValue::U32Array(counts.to_vec())),
        ("NumPart_Total", false, AttrValue::U32Array(counts.to_vec())),
        ("NumPart_Total_HighWord", false, AttrValue::U32Array(vec![0; TYPES])),
        ("MassTable", false, AttrValue::F64Array(vec![0.0; TYPES])),
        ("Time", false, float(time)),
        ("Redshift", false, float(redshift)),
        ("BoxSize", true, float(box_kpc.map_or(0.0, |side| side / code.factor(&Dimension::LENGTH)))),
        ("NumFilesPerSnapshot", true, AttrValue::I32(1)),
        ("HubbleParam", true, float(setting.h())),
        ("UnitLength_in_cm", true, float(UNIT_LENGTH_CM)),
        ("UnitMass_in_g", true, float(UNIT_MASS_G)),
        ("UnitVelocity_in_cm_per_s", true, float(UNIT_VELOCITY_CM_S)),
        ("Flag_DoublePrecision", false, flag(true)),
        ("Flag_Sfr", false, flag(counts[4] > 0)),
        ("Flag_StellarAge", false, flag(counts[4] > 0)),
        ("PositionShift_in_kpc", false, AttrValue::F64Array(place.shift_kpc.to_vec())),
        ("SnapshotNumber", false, AttrValue::I64(setting.snap.into())),
        ("WrittenBy", false, AttrValue::String(format!("spolia {}", env!("CARGO_PKG_VERSION")))),
    ];
    if !comoving || setting.cosmology.is_some() {
        list.push(("Omega0", true, float(omega_m)));
        list.push(("OmegaLambda", true, float(omega_lambda)));
    }
    list
}

fn parameters(setting: &Setting, box_kpc: Option<f64>) -> Vec<Attribute> {
    let mut list = vec![
        ("ComovingIntegrationOn", AttrValue::I32(i32::from(setting.scale_factor.is_some()))),
        ("PeriodicBoundariesOn", AttrValue::I32(i32::from(box_kpc.is_some()))),
    ];
    // pynbody takes the time of a run that is not cosmological from here.
    list.extend(setting.time_gyr.map(|t| ("Time_GYR", AttrValue::F64(t))));
    list
}
