//! Tipsy: every real sample file of the shared folder against reference values.
//!
//! Source     values in code units: pynbody 2.8.0; physical values of `tiny.000832`: pynbody (unit rounding 2e-4)
//! See also   `synthetic` for galaxies made in every layout, `written` for what the engine writes, `damage` for damaged files

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float32Type, Float64Type, Int32Type, Int64Type, UInt64Type};
use spolia::ingest::{Family, HaloSource, OpenOptions, Snapshot, open, snapshots_in};
use spolia::table::schema::unit_of;

use crate::shared::snapshots as samples;

mod synthetic;
mod written;

pub use written::{pack, small};

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
