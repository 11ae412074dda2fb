//! Synthetic galaxies in every layout of Tipsy against the arrays that they were made from.
//!
//! Source     `truth.npz` and `make_synthetic.py` beside the samples
//! See also   `super` for real files, `written` for what the engine itself writes

use std::collections::BTreeMap;
use std::path::Path;

use spolia::ingest::{Family, Snapshot};

use super::{close, column, extent, opened, unit};
use crate::shared::snapshots as samples;

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
