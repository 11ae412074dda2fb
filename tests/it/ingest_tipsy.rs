//! Tipsy: every sample file of the shared folder against reference values, and what was written against what is read.
//!
//! Source     values in code units: pynbody 2.8.0; physical values of `tiny.000832`: pynbody (unit rounding 2e-4);
//!            synthetic files: the arrays they were made from (`truth.npz`)
//! See also   `damage` for damaged files, tests/peers/pynbody_reads_tipsy.py

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float32Type, Float64Type, Int32Type, Int64Type, UInt64Type};
use spolia::ingest::run::{IngestOptions, ingest};
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::*;
use spolia::ingest::{Family, HaloSource, OpenOptions, Snapshot, open, snapshots_in};
use spolia::progress::Silent;
use spolia::table::schema::unit_of;

use crate::shared::snapshots as samples;

fn opened(path: &Path) -> Arc<dyn Snapshot> {
    // Halo catalogues beside the samples have tests of their own.
    open(path, &OpenOptions { halos: HaloSource::None, ..OpenOptions::default() }).unwrap_or_else(|e| panic!("{e}"))
}

/// One column as reals.
fn column(snapshot: &dyn Snapshot, family: Family, name: &str) -> Vec<f64> {
    let schema = snapshot.schema(family).unwrap();
    let index = schema
        .index_of(name)
        .unwrap_or_else(|_| panic!("{family} has no {name}: {:?}", schema.fields().iter().map(|f| f.name()).collect::<Vec<_>>()));
    let batch = snapshot.read(family, &[index], 0..snapshot.rows(family)).unwrap();
    let array = batch.column(0);
    assert_eq!(array.null_count(), 0);
    match array.data_type().to_string().as_str() {
        "Float32" => array.as_primitive::<Float32Type>().values().iter().map(|v| f64::from(*v)).collect(),
        "Float64" => array.as_primitive::<Float64Type>().values().to_vec(),
        "Int32" => array.as_primitive::<Int32Type>().values().iter().map(|v| f64::from(*v)).collect(),
        "Int64" => array.as_primitive::<Int64Type>().values().iter().map(|v| *v as f64).collect(),
        "UInt64" => array.as_primitive::<UInt64Type>().values().iter().map(|v| *v as f64).collect(),
        other => panic!("{name} is {other}"),
    }
}

fn unit(snapshot: &dyn Snapshot, family: Family, name: &str) -> String {
    unit_of(snapshot.schema(family).unwrap().field_with_name(name).unwrap()).to_string()
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (found - expected).abs() / expected.abs().max(1e-300);
    assert!(error <= tolerance, "{what}: {found} instead of {expected}, relative {error:e}");
}

fn extent(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
}

/// Reference values in code units of one family.
struct Code {
    family: Family,
    rows: u64,
    mass: f64,
    low: [f64; 3],
    high: [f64; 3],
}

/// Compares code units; `length` and `mass` are the factors that were applied.
fn check_code(snapshot: &dyn Snapshot, code: &Code, length: f64, mass: f64) {
    assert_eq!(snapshot.rows(code.family), code.rows, "{}", code.family);
    close(column(snapshot, code.family, "mass").iter().sum::<f64>() / mass, code.mass, 2e-7, "mass");
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let (low, high) = extent(&column(snapshot, code.family, name));
        // Reference values have eight decimals.
        assert!((low / length - code.low[axis]).abs() < 2e-7, "{name} min {}", low / length);
        assert!((high / length - code.high[axis]).abs() < 2e-7, "{name} max {}", high / length);
    }
}

const TINY_KPC: f64 = 50000.0;
const TINY_MSUN: f64 = 1.57138e16;

#[test]
fn tiny_000640() {
    let Some(folder) = samples("tipsy_tangos") else { return };
    let s = opened(&folder.join("tiny.000640"));
    let a = 0.25228136787;
    assert!((s.info().scale_factor.unwrap() - a).abs() < 1e-10);
    assert_eq!((s.info().snap, s.info().format.as_str()), (640, "tipsy (big-endian)"));
    for code in [
        Code {
            family: Family::Gas,
            rows: 171,
            mass: 2.2195059e-09,
            low: [0.01271496, 0.19626297, -0.08205440],
            high: [0.08507638, 0.25812545, -0.02796036],
        },
        Code {
            family: Family::Dark,
            rows: 3078,
            mass: 3.1559302e-05,
            low: [-0.49936557, -0.49973831, -0.49976778],
            high: [0.49998650, 0.49966997, 0.49662265],
        },
        Code {
            family: Family::Stars,
            rows: 49,
            mass: 1.4846047e-10,
            low: [0.04263862, 0.21804172, -0.06303491],
            high: [0.07459549, 0.24522591, -0.03540141],
        },
    ] {
        check_code(&*s, &code, a * TINY_KPC, TINY_MSUN);
    }
    let (low, high) = extent(&column(&*s, Family::Gas, "temperature"));
    assert!((low - 1665.2556).abs() < 1e-3 && (high - 1754202.6).abs() < 1.0);
    let ids = |f| extent(&column(&*s, f, "id"));
    assert_eq!(
        (ids(Family::Gas), ids(Family::Dark), ids(Family::Stars)),
        ((0.0, 1750437.0), (1760437.0, 32530437.0), (32540437.0, 33020437.0))
    );
    let metals = column(&*s, Family::Stars, "z_metal");
    close(metals.iter().sum::<f64>() / 49.0, 0.01165514, 1e-6, "mean metals");
    let units = (4.300917270036279e-6 * TINY_MSUN / TINY_KPC).sqrt();
    close(column(&*s, Family::Gas, "phi").iter().sum::<f64>() / 171.0 * a / (units * units), 0.17317031, 1e-6, "mean phi");
    close(extent(&column(&*s, Family::Stars, "t_birth")).1 / (0.977_792_221_680_789 * TINY_KPC / units), 0.05158709, 1e-6, "last tform");
}

#[test]
fn tiny_000832_in_physical_units() {
    let Some(folder) = samples("tipsy_tangos") else { return };
    let s = opened(&folder.join("tiny.000832"));
    let info = s.info();
    const PEER: f64 = 2e-4; // pynbody rounds its unit strings to five digits
    close(info.scale_factor.unwrap(), 0.30091858278, 1e-10, "a");
    close(info.time_gyr.unwrap(), 2.82003, PEER, "age of the universe");
    close(info.cosmology.as_ref().unwrap().h, 0.67269588, PEER, "h");
    close(info.box_kpc.unwrap(), 50000.0 * 0.30091858278, 1e-10, "box");
    let sum = |f, n| column(&*s, f, n).iter().sum::<f64>();
    close(sum(Family::Gas, "mass"), 3.32714267e7, PEER, "gas mass");
    close(sum(Family::Dark, "mass"), 4.95916703e11, PEER, "dark mass");
    close(sum(Family::Stars, "mass"), 4.82667483e6, PEER, "star mass");
    let (low, high) = extent(&column(&*s, Family::Stars, "t_birth"));
    close(low, 0.69350, PEER, "first star");
    close(high, 2.81659, PEER, "last star");
    let (low, high) = extent(&column(&*s, Family::Stars, "age"));
    // The youngest age is a small difference of large times: unit rounding of 2e-5 Gyr.
    assert!((low - 0.003447).abs() < 1e-4, "{low}");
    close(high, 2.126531, PEER, "oldest age");
    for (name, expected) in [("x", 228.16112), ("y", 3155.25672), ("z", -1047.75349)] {
        close(extent(&column(&*s, Family::Gas, name)).0, expected, PEER, name);
    }
    for (name, expected) in [("vx", -43.90730), ("vy", 191.71671), ("vz", 60.12596)] {
        close(sum(Family::Gas, name) / 161.0, expected, PEER, name);
    }
    let (low, high) = extent(&column(&*s, Family::Gas, "rho"));
    close(low, 5.18772, PEER, "rho");
    close(high, 4.54607509e9, PEER, "rho");
    let mut groups: BTreeMap<i64, u64> = BTreeMap::new();
    for family in [Family::Gas, Family::Dark, Family::Stars] {
        column(&*s, family, "halo_id").iter().for_each(|h| *groups.entry(*h as i64).or_default() += 1);
    }
    // The README of the samples lists the first groups; the others hold ten particles or fewer.
    assert_eq!(groups.values().sum::<u64>(), 161 + 3079 + 104);
    assert!(groups.range(6..).all(|(_, n)| *n <= 10));
    assert_eq!(groups.into_iter().take(7).collect::<Vec<_>>(), [(-1, 2141), (0, 605), (1, 58), (2, 50), (3, 20), (4, 12), (5, 16)]);
    assert_eq!(unit(&*s, Family::Stars, "age"), "Gyr");
    assert!(info.files.iter().any(|(p, _)| p.ends_with("tiny.param")) && info.files.iter().any(|(p, _)| p.ends_with("tiny.000832.iord")));
    assert!(!info.files.iter().any(|(p, _)| p.to_string_lossy().contains("AHF")));
    let a_birth = column(&*s, Family::Stars, "a_birth");
    assert!(a_birth.iter().all(|a| *a > 0.1 && *a < 0.300_95));
}

#[test]
fn cube300_keeps_code_units() {
    let Some(folder) = samples("tipsy_changa") else { return };
    let s = opened(&folder.join("cube300.tbin"));
    let code = Code {
        family: Family::Dark,
        rows: 110592,
        mass: 0.30000292,
        low: [-0.50479376, -0.50562549, -0.50643259],
        high: [0.48332739, 0.48381016, 0.48236302],
    };
    check_code(&*s, &code, 1.0, 1.0);
    assert_eq!(s.info().scale_factor, Some(0.05));
    assert_eq!((unit(&*s, Family::Dark, "x"), unit(&*s, Family::Dark, "mass")), ("unknown".into(), "unknown".into()));
    assert!(s.info().notes.iter().any(|n| n.contains("has no dKpcUnit")), "{:?}", s.info().notes);
    assert!((extent(&column(&*s, Family::Dark, "eps")).0 - 0.0035).abs() < 1e-9);
    let options = OpenOptions { length_kpc: Some(300e3), mass_msun: Some(1e18), velocity_kms: None, ..OpenOptions::default() };
    let given = open(&folder.join("cube300.tbin"), &options).unwrap();
    check_code(&*given, &code, 0.05 * 300e3, 1e18);
    assert_eq!(unit(&*given, Family::Dark, "x"), "kpc");
}

#[test]
fn king_soft() {
    let Some(folder) = samples("tipsy_changa") else { return };
    let s = opened(&folder.join("king_soft.bin"));
    let code = Code {
        family: Family::Dark,
        rows: 36000,
        mass: 25.054064,
        low: [-28.42828941, -28.20560074, -24.71331024],
        high: [28.24700928, 25.94457054, 28.87931061],
    };
    assert_eq!(s.rows(Family::Dark), 36000);
    let sum: f64 = column(&*s, Family::Dark, "mass").iter().sum();
    close(sum, code.mass, 1e-6, "mass");
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let (low, high) = extent(&column(&*s, Family::Dark, name));
        assert!((low - code.low[axis]).abs() < 1e-6 && (high - code.high[axis]).abs() < 1e-6);
    }
    assert!((extent(&column(&*s, Family::Dark, "eps")).1 - 0.20421657).abs() < 1e-7);
    assert!(s.info().notes.iter().any(|n| n.contains("position in the file")));
    assert_eq!(extent(&column(&*s, Family::Dark, "id")), (0.0, 35999.0));
}

#[test]
fn onestar_has_a_pad_that_is_ignored() {
    let Some(folder) = samples("tipsy_changa") else { return };
    let s = opened(&folder.join("onestar.tbin"));
    assert_eq!((s.rows(Family::Gas), s.rows(Family::Stars), s.rows(Family::Dark)), (1088, 1, 0));
    let code = Code {
        family: Family::Gas,
        rows: 1088,
        mass: 0.99987201,
        low: [-0.51488405, -0.50419891, -0.51154894],
        high: [0.51435345, 0.50175619, 0.50076389],
    };
    check_code(&*s, &code, 20.0, 1.665e9);
    close(column(&*s, Family::Stars, "mass")[0] / 1.665e9, 0.0002757, 1e-6, "star mass");
    close(column(&*s, Family::Stars, "z_metal")[0], 0.02, 1e-6, "metals");
    let rho = column(&*s, Family::Gas, "rho");
    let density = 1.665e9 / 20f64.powi(3);
    close(rho.iter().sum::<f64>() / 1088.0 / density, 5.2384065, 1e-6, "mean rho");
    close(extent(&column(&*s, Family::Gas, "temperature")).0, 3940.0034, 1e-7, "temperature");
    assert!(s.info().scale_factor.is_none() && s.info().cosmology.is_none());
    assert_eq!((column(&*s, Family::Stars, "age")[0], s.info().time_gyr), (0.0, Some(0.0)));
    assert!(s.schema(Family::Dark).unwrap_err().to_string().contains("expected one of stars, gas"));
}

#[test]
fn adiabatic_tophat() {
    let Some(folder) = samples("tipsy_changa") else { return };
    let s = opened(&folder.join("adiabtophat_glass_28721.bin"));
    let code = Code {
        family: Family::Gas,
        rows: 28721,
        mass: 1.0,
        low: [-0.99702632, -0.99415714, -0.99133629],
        high: [0.98322117, 0.98762142, 0.99228984],
    };
    check_code(&*s, &code, 1.0, 1.0);
    assert_eq!(extent(&column(&*s, Family::Gas, "rho")), (1.0, 1.0));
    assert_eq!(unit(&*s, Family::Gas, "temperature"), "K");
    assert!((extent(&column(&*s, Family::Gas, "temperature")).0 - 0.05).abs() < 1e-8);
}

#[test]
fn folders_of_samples() {
    let Some(folder) = samples("tipsy_tangos") else { return };
    let names: Vec<String> = snapshots_in(&folder).unwrap().iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["tiny.000640", "tiny.000832"]);
    let error = open(&folder, &OpenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("several snapshots") && error.contains("tiny.000832"), "{error}");
    let error = open(&folder.join("tiny.00832"), &OpenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("did you mean"), "{error}");
    assert_eq!(snapshots_in(&samples("tipsy_changa").unwrap()).unwrap().len(), 4);
    assert_eq!(opened(&samples("synthetic/tipsy_std").unwrap()).rows(Family::Stars), 500);
    // Two files are one snapshot: 300 cells and 20 in the wind phase.
    assert_eq!(opened(&samples("synthetic/tng/snapdir_084").unwrap()).rows(Family::Gas), 320);
    // A group catalogue, offsets and a merger tree lie beside the folder of the snapshot; each is HDF5 without particles.
    assert_eq!(opened(&samples("synthetic/tng").unwrap()).rows(Family::Gas), 320);
    assert_eq!(
        opened(&samples("synthetic/tng/groups_084").unwrap()).rows(Family::Halos),
        3,
        "alone, the catalogue is what the folder means"
    );
    let found = snapshots_in(&samples("camels_tng_hdf5").unwrap()).unwrap();
    assert!(found.len() == 1 && found[0].ends_with("camels_snap.hdf5"), "{found:?}");
    let error = open(&samples("synthetic/starlog_le").unwrap(), &OpenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("holds no snapshot") && error.contains("galaxy.starlog"), "{error}");
    let names = snapshots_in(&samples("gadget2_format1").unwrap()).unwrap();
    assert_eq!(names.len(), 5, "parameters and licence are no snapshots: {names:?}");
}

/// Arrays of an uncompressed `.npz` file as doubles, flat.
fn npz(path: &Path) -> BTreeMap<String, Vec<f64>> {
    let bytes = std::fs::read(path).unwrap();
    let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]) as usize;
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let end = bytes.windows(4).rposition(|w| w == b"PK\x05\x06").unwrap();
    let (entries, mut at) = (u16_at(end + 10), u32_at(end + 16));
    let mut out = BTreeMap::new();
    for _ in 0..entries {
        let (size, name_length, extra, comment, local) =
            (u32_at(at + 24), u16_at(at + 28), u16_at(at + 30), u16_at(at + 32), u32_at(at + 42));
        let name = String::from_utf8_lossy(&bytes[at + 46..at + 46 + name_length]).into_owned();
        let start = local + 30 + u16_at(local + 26) + u16_at(local + 28);
        let npy = &bytes[start..start + size];
        let header = u16::from_le_bytes([npy[8], npy[9]]) as usize;
        let text = String::from_utf8_lossy(&npy[10..10 + header]);
        let integers = text.contains("<i8");
        let values = npy[10 + header..]
            .chunks_exact(8)
            .map(|w| w.try_into().unwrap())
            .map(|w| if integers { i64::from_le_bytes(w) as f64 } else { f64::from_le_bytes(w) });
        out.insert(name.trim_end_matches(".npy").to_string(), values.collect());
        at += 46 + name_length + extra + comment;
    }
    out
}

fn truth() -> Option<BTreeMap<String, Vec<f64>>> {
    Some(npz(&samples("synthetic")?.join("truth.npz")))
}

/// Component of a flat array of rows.
fn component(truth: &BTreeMap<String, Vec<f64>>, name: &str, width: usize, index: usize) -> Vec<f64> {
    truth[name].iter().skip(index).step_by(width).copied().collect()
}

fn same(found: &[f64], expected: &[f64], relative: f64, absolute: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= relative * e.abs() + absolute, "{what} row {i}: {f} instead of {e}");
    }
}

/// All particles of a synthetic snapshot against the arrays it was made from; 3e-7 is two roundings to single precision.
fn check_truth(s: &dyn Snapshot, position_tolerance: f64) {
    let Some(t) = truth() else { return };
    const SINGLE: f64 = 3e-7;
    // The engine's G differs from the generator's by 1.7e-6: half of it in velocities and times, all of it in potentials.
    const GRAVITY: f64 = 2.0e-6;
    for (family, name, rows) in [(Family::Gas, "gas", 300), (Family::Dark, "dm", 400), (Family::Stars, "star", 500)] {
        assert_eq!(s.rows(family), rows);
        same(&column(s, family, "mass"), &t[&format!("{name}_m")], SINGLE, 0.0, "mass");
        for (axis, (x, v)) in [("x", "vx"), ("y", "vy"), ("z", "vz")].into_iter().enumerate() {
            same(&column(s, family, x), &component(&t, &format!("{name}_x"), 3, axis), position_tolerance, 0.0, x);
            same(&column(s, family, v), &component(&t, &format!("{name}_v"), 3, axis), GRAVITY, 0.0, v);
        }
        same(&column(s, family, "phi"), &t[&format!("{name}_phi")], 2.0 * GRAVITY, 0.0, "phi");
    }
    same(&column(s, Family::Gas, "rho"), &t["gas_rho"], SINGLE, 0.0, "rho");
    same(&column(s, Family::Gas, "temperature"), &t["gas_T"], SINGLE, 0.0, "temperature");
    // tform is a float32 in units of 42 Gyr: 2e-6 Gyr; the generator's age formula is rounded to 8 digits.
    let cosmology = s.info().cosmology.clone().unwrap();
    let born: Vec<f64> = t["star_aform"].iter().map(|a| cosmology.age_gyr(*a)).collect();
    same(&column(s, Family::Stars, "t_birth"), &born, 5e-6, 1e-6, "t_birth");
    same(&column(s, Family::Stars, "a_birth"), &t["star_aform"], 5e-6, 1e-6, "a_birth");
    let ages = column(s, Family::Stars, "age");
    close(ages.iter().sum::<f64>() / 500.0, 5.66, 1e-3, "mean age");
    close(cosmology.h, 0.6774, 1e-6, "h");
    close(s.info().scale_factor.unwrap(), 0.8, 1e-15, "a");
}

fn check_arrays(s: &dyn Snapshot) {
    let Some(t) = truth() else { return };
    for (family, name) in [(Family::Gas, "gas"), (Family::Stars, "star")] {
        for (x, index) in [("x_o", 4), ("x_mg", 6), ("x_fe", 8)] {
            same(&column(s, family, x), &component(&t, &format!("{name}_Z"), 10, index), 1e-7, 0.0, x);
        }
    }
    for (family, name) in [(Family::Gas, "gas"), (Family::Dark, "dm"), (Family::Stars, "star")] {
        assert_eq!(column(s, family, "id"), t[&format!("{name}_id")]);
    }
    let born = column(s, Family::Stars, "mass_birth");
    same(&born, &t["star_m0"], 3e-7, 0.0, "mass_birth");
    close(born.iter().sum::<f64>() / 500.0, 10193.4, 1e-5, "mean mass_birth");
    let x_hi = column(s, Family::Gas, "x_hi");
    assert!(x_hi[0] == 0.0 && (x_hi[299] - 0.75).abs() < 1e-7);
    assert!(s.schema(Family::Dark).unwrap().index_of("x_fe").is_err(), "dark matter has no iron");
    assert!(s.schema(Family::Stars).unwrap().index_of("x_hi").is_err());
    let fe: f64 = column(s, Family::Stars, "x_fe").iter().map(|x| (x / (0.00125 / 0.706)).log10()).sum();
    assert!(fe.is_finite());
}

#[test]
fn synthetic_standard() {
    let Some(folder) = samples("synthetic/tipsy_std") else { return };
    let s = opened(&folder.join("galaxy.00064"));
    check_truth(&*s, 3e-7);
    check_arrays(&*s);
    assert_eq!(s.info().snap, 64);
    let files: Vec<String> = s.info().files.iter().map(|(p, _)| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(files.len(), 9, "{files:?}");
    assert!(!s.info().notes.iter().any(|n| n.contains("passed over")), "{:?}", s.info().notes);
}

#[test]
fn synthetic_native_with_text_arrays() {
    let Some(folder) = samples("synthetic/tipsy_native") else { return };
    let s = opened(&folder);
    assert_eq!(s.info().format, "tipsy (little-endian)");
    check_truth(&*s, 3e-7);
    check_arrays(&*s);
}

#[test]
fn synthetic_without_pad() {
    let Some(folder) = samples("synthetic/tipsy_native28") else { return };
    let s = opened(&folder);
    check_truth(&*s, 3e-7);
    assert!(s.info().attributes.iter().any(|(k, v)| k == "header_bytes" && v == "28"));
}

#[test]
fn synthetic_double_positions() {
    let Some(folder) = samples("synthetic/tipsy_double") else { return };
    let s = opened(&folder);
    // dKpcUnit and a are exact: double positions come back to the last bits.
    check_truth(&*s, 1e-14);
    assert_eq!(s.schema(Family::Stars).unwrap().field_with_name("x").unwrap().data_type().to_string(), "Float64");
    assert_eq!(s.schema(Family::Stars).unwrap().field_with_name("vx").unwrap().data_type().to_string(), "Float32");
}

/// Births of a log in front of the standard synthetic snapshot.
fn check_births(folder: &str, h2: bool) {
    let (Some(log), Some(base), Some(t)) = (samples(folder), samples("synthetic/tipsy_std"), truth()) else { return };
    let dir = tempfile::tempdir().unwrap();
    for file in [base.join("galaxy.00064"), base.join("galaxy.param"), log.join("galaxy.starlog")] {
        let to = dir.path().join(file.file_name().unwrap());
        std::fs::write(to, std::fs::read(file).unwrap()).unwrap();
    }
    let s = opened(dir.path());
    assert_eq!(s.rows(Family::Births), 500, "501 records, one twice");
    let mut ids = t["star_id"].clone();
    assert_eq!(column(&*s, Family::Births, "id"), ids);
    ids.iter_mut().for_each(|id| *id -= 2000.0);
    assert_eq!(column(&*s, Family::Births, "id_gas"), ids);
    let mut mass = t["star_m0"].clone();
    mass[499] *= 2.0;
    same(&column(&*s, Family::Births, "mass_birth"), &mass, 1e-8, 0.0, "mass_birth: the last record counts");
    same(&column(&*s, Family::Births, "a_birth"), &t["star_aform"], 3e-6, 0.0, "a_birth");
    for (axis, (x, v)) in [("x_birth", "vx_birth"), ("y_birth", "vy_birth"), ("z_birth", "vz_birth")].into_iter().enumerate() {
        let at: Vec<f64> = component(&t, "star_x", 3, axis).iter().map(|x| x * 1.5 + 3.0).collect();
        same(&column(&*s, Family::Births, x), &at, 3e-6, 0.0, x);
        same(&column(&*s, Family::Births, v), &component(&t, "star_v", 3, axis), 5e-6, 0.0, v);
    }
    assert_eq!(extent(&column(&*s, Family::Births, "temperature_birth")), (5e3, 5e3));
    assert_eq!(s.schema(Family::Births).unwrap().index_of("x_h2_birth").is_ok(), h2);
    assert_eq!(unit(&*s, Family::Births, "x_birth"), "kpc");
}

#[test]
fn starlog_standard() {
    check_births("synthetic/tipsy_std", false);
}

#[test]
fn starlog_with_molecular_hydrogen() {
    check_births("synthetic/starlog_h2", true);
}

#[test]
fn starlog_with_64_bit_ids() {
    check_births("synthetic/starlog_big", false);
}

#[test]
fn starlog_little_endian() {
    check_births("synthetic/starlog_le", false);
}

/// A small snapshot with values that tell rows and fields apart.
pub fn small(gas: usize, dark: usize, stars: usize) -> TipsyFile {
    let f = |i: usize, k: usize| (1 + i * 16 + k) as f32 / 64.0;
    TipsyFile {
        time: 0.5,
        gas: (0..gas)
            .map(|i| GasRecord {
                mass: f(i, 0),
                x: f(i, 1),
                y: f(i, 2),
                z: f(i, 3),
                vx: f(i, 4),
                vy: f(i, 5),
                vz: f(i, 6),
                rho: f(i, 7),
                temperature: f(i, 8),
                eps: f(i, 9),
                metals: f(i, 10),
                phi: f(i, 11),
            })
            .collect(),
        dark: (0..dark)
            .map(|i| DarkRecord {
                mass: f(i, 0),
                x: f(i, 1),
                y: f(i, 2),
                z: f(i, 3),
                vx: f(i, 4),
                vy: f(i, 5),
                vz: f(i, 6),
                eps: f(i, 7),
                phi: f(i, 8),
            })
            .collect(),
        stars: (0..stars)
            .map(|i| StarRecord {
                mass: f(i, 0),
                x: f(i, 1),
                y: f(i, 2),
                z: f(i, 3),
                vx: f(i, 4),
                vy: f(i, 5),
                vz: f(i, 6),
                metals: f(i, 7),
                tform: f(i, 8),
                eps: f(i, 9),
                phi: f(i, 10),
            })
            .collect(),
    }
}

#[test]
fn what_is_written_is_read() {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w.00007");
        // More rows than one block, so that pieces are put together.
        let file = small(20_000, 3, 40_001);
        write_snapshot(&path, &file, order).unwrap();
        let total = 20_000 + 3 + 40_001;
        let ids: Vec<i32> = (0..total).map(|i| 5_000_000 - i).collect();
        write_aux_i32(&dir.path().join("w.00007.iord"), &ids, order).unwrap();
        let iron: Vec<f32> = (0..total).map(|i| i as f32 * 1e-7).collect();
        write_aux_f32(&dir.path().join("w.00007.FeMassFrac"), &iron, order).unwrap();
        let s = opened(dir.path());
        let stars =
            s.read(Family::Stars, &(0..s.schema(Family::Stars).unwrap().fields().len()).collect::<Vec<_>>(), 9_000..40_001).unwrap();
        let of = |name: &str| stars.column_by_name(name).unwrap_or_else(|| panic!("{name}")).clone();
        for (name, value) in [
            ("mass", (|s: &StarRecord| s.mass) as fn(&StarRecord) -> f32),
            ("x", |s| s.x),
            ("vz", |s| s.vz),
            ("z_metal", |s| s.metals),
            ("t_birth", |s| s.tform),
            ("eps", |s| s.eps),
            ("phi", |s| s.phi),
        ] {
            let expected: Vec<f32> = file.stars[9_000..].iter().map(value).collect();
            assert_eq!(of(name).as_primitive::<Float32Type>().values()[..], expected[..], "{name}");
        }
        let first = 20_003 + 9_000;
        assert_eq!(of("id").as_primitive::<UInt64Type>().values()[0], 5_000_000 - first as u64);
        assert_eq!(of("x_fe").as_primitive::<Float32Type>().values()[..], iron[first..]);
        let gas = s.read(Family::Gas, &[], 5..9).unwrap();
        assert_eq!((gas.num_rows(), gas.num_columns()), (4, 0));
        assert!(s.read(Family::Dark, &[0], 2..4).is_err() && s.read(Family::Dark, &[99], 0..1).is_err());
    }
}

#[test]
fn any_split_of_rows_gives_the_same_values() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("w.1");
    write_snapshot(&path, &small(0, 0, 50_000), ByteOrder::Big).unwrap();
    let s = opened(&path);
    let all = s.read(Family::Stars, &[0, 1, 5], 0..50_000).unwrap();
    for cut in [1, 8191, 8192, 8193, 33_333, 49_999] {
        let (head, tail) = (s.read(Family::Stars, &[0, 1, 5], 0..cut).unwrap(), s.read(Family::Stars, &[0, 1, 5], cut..50_000).unwrap());
        assert_eq!(head, all.slice(0, cut as usize));
        assert_eq!(tail, all.slice(cut as usize, 50_000 - cut as usize));
    }
}

#[test]
fn black_holes_are_marked_where_the_run_has_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.00001");
    let mut file = small(1, 1, 4);
    file.stars.iter_mut().enumerate().for_each(|(i, s)| s.tform = 0.05 * (i + 1) as f32);
    file.stars[3].tform = -0.15;
    write_snapshot(&path, &file, ByteOrder::Big).unwrap();
    let write = |more: &str| {
        let text = format!(
            "dKpcUnit = 50000\ndMsolUnit = 1.57138e16\ndHubble0 = 2.89265\ndOmega0 = 0.3156\ndLambda = 0.6844\nbComove = 1\n{more}"
        );
        std::fs::write(dir.path().join("b.param"), text).unwrap();
    };
    write("");
    let s = opened(&path);
    assert!(column(&*s, Family::Stars, "t_birth")[3] < 0.0, "as stored");
    assert!(s.info().notes.iter().any(|n| n.contains("1 of 4 stars have a negative formation time")), "{:?}", s.info().notes);
    write("bBHSink = 1\n");
    let s = opened(&path);
    let born = column(&*s, Family::Stars, "t_birth");
    assert!((born[3] - born[2]).abs() < 1e-6 && born[3] > 0.0, "{born:?}");
    let index = s.schema(Family::Stars).unwrap().index_of("black_hole").unwrap();
    let marks = s.read(Family::Stars, &[index], 0..4).unwrap();
    let marks: Vec<bool> = marks.column(0).as_boolean().values().iter().collect();
    assert_eq!(marks, [false, false, false, true]);
}

/// Leaves a cosmological run for tests/peers/pynbody_reads_tipsy.py where `SPOLIA_KEEP_TIPSY` says, and checks it here in any case.
#[test]
fn written_for_peers() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("SPOLIA_KEEP_TIPSY").map_or_else(|| temporary.path().to_path_buf(), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    let mut file = small(40, 30, 50);
    file.time = 0.8;
    file.stars.iter_mut().enumerate().for_each(|(i, s)| s.tform = 0.01 + 0.003 * i as f32);
    write_snapshot(&folder.join("peer.00001"), &file, ByteOrder::Big).unwrap();
    write_aux_i32(&folder.join("peer.00001.iord"), &(0..120).collect::<Vec<_>>(), ByteOrder::Big).unwrap();
    write_aux_f32(&folder.join("peer.00001.FeMassFrac"), &(0..120).map(|i| 1e-5 * i as f32).collect::<Vec<_>>(), ByteOrder::Big).unwrap();
    let entries = [
        ("achOutName", "peer"),
        ("dKpcUnit", "50000"),
        ("dMsolUnit", "1.59191788e16"),
        ("dHubble0", "2.89440502"),
        ("dOmega0", "0.3089"),
        ("dLambda", "0.6911"),
        ("bComove", "1"),
    ];
    write_param(&folder.join("peer.param"), &entries.map(|(k, v)| (k.to_string(), v.to_string()))).unwrap();
    let records: Vec<StarlogRecord> = (0..50)
        .map(|i| StarlogRecord { id_star: 70 + i, id_gas: i, time: 0.01 + 0.003 * f64::from(i), mass: 1.0, ..Default::default() })
        .collect();
    write_starlog(&folder.join("peer.starlog"), &records).unwrap();
    let s = opened(&folder.join("peer.00001"));
    let mut lines = String::from("table,column,sum,min,max\n");
    for family in [Family::Stars, Family::Gas, Family::Dark] {
        for field in s.schema(family).unwrap().fields() {
            let values = column(&*s, family, field.name());
            let (low, high) = extent(&values);
            lines.push_str(&format!("{family},{},{:e},{low:e},{high:e}\n", field.name(), values.iter().sum::<f64>()));
        }
    }
    std::fs::write(folder.join("values.csv"), lines).unwrap();
    assert_eq!(s.rows(Family::Births), 50);
    close(column(&*s, Family::Births, "t_birth")[9], column(&*s, Family::Stars, "t_birth")[9], 1e-6, "log and snapshot agree");
}

/// Compresses a file to `NAME.gz` and removes it.
pub fn pack(path: &Path) {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&std::fs::read(path).unwrap()).unwrap();
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    std::fs::write(name, encoder.finish().unwrap()).unwrap();
    std::fs::remove_file(path).unwrap();
}

#[test]
fn gzipped_files_of_a_run_are_read_as_if_they_were_not() {
    let Some(sample) = samples("synthetic/tipsy_std") else { return };
    let dir = tempfile::tempdir().unwrap();
    let names = ["galaxy.00064", "galaxy.param", "galaxy.starlog", "galaxy.00064.iord", "galaxy.00064.FeMassFrac", "galaxy.00064.HI"];
    names.iter().for_each(|name| {
        std::fs::copy(sample.join(name), dir.path().join(name)).unwrap();
    });
    let read = || {
        let s = opened(dir.path());
        assert_eq!(s.info().snap, 64);
        let mut tables = Vec::new();
        for family in [Family::Stars, Family::Gas, Family::Dark, Family::Births] {
            let columns = (0..s.schema(family).unwrap().fields().len()).collect::<Vec<_>>();
            tables.push(s.read(family, &columns, 0..s.rows(family)).unwrap());
        }
        tables
    };
    let plain = read();
    for name in ["galaxy.00064.iord", "galaxy.starlog", "galaxy.00064.FeMassFrac", "galaxy.00064.HI", "galaxy.00064"] {
        pack(&dir.path().join(name));
        assert_eq!(read(), plain, "with {name}.gz");
    }
    let dataset = dir.path().join("g.spolia");
    let report = ingest(&[dir.path().to_path_buf()], &dataset, &IngestOptions::default(), &Silent).unwrap();
    assert_eq!(report.snapshots[0].tables.iter().map(|t| t.rows).sum::<u64>(), plain.iter().map(|t| t.num_rows() as u64).sum::<u64>());
    for name in ["galaxy.00064.gz", "galaxy.00064.iord.gz", "galaxy.starlog.gz"] {
        let path = dir.path().join(name);
        let whole = std::fs::read(&path).unwrap();
        for cut in [20, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let error = open(&dir.path().join("galaxy.00064.gz"), &OpenOptions::default()).unwrap_err().to_string();
            assert!(error.contains("ends early") && error.contains(&format!("byte {cut} of")) && error.contains(name), "{error}");
        }
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        std::fs::write(&path, &flipped).unwrap();
        let error = open(&dir.path().join("galaxy.00064.gz"), &OpenOptions::default()).unwrap_err();
        assert!(error.kind() == spolia::ErrorKind::Damaged && error.to_string().contains(name), "{error}");
        std::fs::write(&path, &whole).unwrap();
    }
    let packed = dir.path().join("packed.hdf5");
    std::fs::write(&packed, b"\x89HDF\r\n\x1a\n and more").unwrap();
    pack(&packed);
    let error = open(&dir.path().join("packed.hdf5.gz"), &OpenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("a gzip file") && error.contains("gunzip"), "{error}");
}
