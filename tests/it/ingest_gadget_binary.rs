//! GADGET binary snapshots of formats 1 and 2: real files and files with known values.
//!
//! Source     files of the GADGET-2.0.7 distribution and truth.npz from the shared folder, where it exists
//! Accuracy   reference values by pynbody 2.8.0 as the samples' README has them, and numpy 2.4
//! See also   `damage`, `ingest_hdf5`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, UInt64Type};
use spolia::ErrorKind;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::{Family, OpenOptions, Snapshot, open, snapshots_in};
use spolia::table::schema::{FACTOR, unit_of};

use super::ingest_hdf5::npz;
use crate::shared::snapshots as shared;

/// A file to write; counts and masses by type, blocks by letters.
#[derive(Clone)]
pub struct Sample {
    order: ByteOrder,
    format: u32,
    counts: [u32; 6],
    masses: [f64; 6],
    /// Time, redshift, box, Omega0, OmegaLambda, h.
    reals: [f64; 6],
    files: u32,
    flags: bool,
    pub blocks: Vec<(&'static str, Vec<u8>)>,
}

fn singles(order: ByteOrder, values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(|v| order.u32_bytes(v.to_bits())).collect()
}

fn doubles(order: ByteOrder, values: impl IntoIterator<Item = f64>) -> Vec<u8> {
    values.into_iter().flat_map(|v| order.f64_bytes(v)).collect()
}

impl Sample {
    /// 4 gas, 3 halo, 2 disc, 2 stars, 1 black hole; position of particle i is (i, i + 0.25, i + 0.5), velocity 10 i, identifier 100 + i.
    pub fn small(order: ByteOrder, format: u32) -> Sample {
        let counts = [4, 3, 2, 0, 2, 1];
        let gas = |k: f32| singles(order, (0..4).map(|i| k * (i + 1) as f32));
        let blocks = vec![
            ("POS ", singles(order, (0..36).map(|i| (i / 3) as f32 + 0.25 * (i % 3) as f32))),
            ("VEL ", singles(order, (0..36).map(|i| 10.0 * (i / 3) as f32))),
            ("ID  ", (0..12).flat_map(|i| order.u32_bytes(100 + i)).collect()),
            // Types 0, 2, 4 and 5; type 1 has its mass in the header.
            ("MASS", singles(order, (0..9).map(|i| 1.0 + i as f32))),
            ("U   ", gas(1000.0)),
            ("RHO ", gas(1e-6)),
            ("NE  ", singles(order, [1.0; 4])),
            ("NH  ", gas(0.1)),
            ("HSML", gas(2.0)),
            ("SFR ", gas(0.5)),
            ("AGE ", singles(order, [0.25, 0.5])),
            ("Z   ", singles(order, (0..6).map(|i| 0.01 * i as f32))),
            ("POT ", singles(order, (0..12).map(|i| -100.0 * i as f32))),
            ("ACCE", singles(order, (0..36).map(|i| i as f32))),
            ("ENDT", gas(3.0)),
            ("TSTP", singles(order, (0..12).map(|i| 0.125 * i as f32))),
        ];
        let masses = [0.0, 0.5, 0.0, 0.0, 0.0, 0.0];
        Sample { order, format, counts, masses, reals: [0.8, 0.25, 1000.0, 0.3, 0.7, 0.5], files: 1, flags: true, blocks }
    }

    /// One of `files` files of the same content.
    pub fn set(mut self, files: u32) -> Sample {
        self.files = files;
        self
    }

    /// At another scale factor.
    pub fn at_time(mut self, time: f64) -> Sample {
        self.reals[0] = time;
        self.reals[1] = 1.0 / time - 1.0;
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let order = self.order;
        let words = |values: &[u32]| -> Vec<u8> { values.iter().flat_map(|v| order.u32_bytes(*v)).collect() };
        let flag = u32::from(self.flags);
        let mut header = words(&self.counts);
        header.extend(doubles(order, self.masses));
        header.extend(doubles(order, self.reals[..2].iter().copied()));
        header.extend(words(&[flag, 0]));
        header.extend(words(&self.counts.map(|n| n * self.files)));
        header.extend(words(&[flag, self.files]));
        header.extend(doubles(order, self.reals[2..].iter().copied()));
        header.extend(words(&[flag, flag]));
        header.resize(256, 0);
        let mut out = Vec::new();
        for (name, payload) in [("HEAD", header)].into_iter().chain(self.blocks.clone()) {
            let length = payload.len() as u32;
            if self.format == 2 {
                out.extend(words(&[8]));
                out.extend(name.as_bytes());
                out.extend(words(&[length + 8, 8]));
            }
            out.extend(words(&[length]));
            out.extend(&payload);
            out.extend(words(&[length]));
        }
        out
    }

    fn without(mut self, labels: &[&str]) -> Sample {
        self.blocks.retain(|(name, _)| !labels.contains(&name.trim()));
        self
    }

    fn write(&self, path: &Path) -> PathBuf {
        std::fs::write(path, self.bytes()).unwrap();
        path.to_path_buf()
    }
}

fn opened(path: &Path) -> Arc<dyn Snapshot> {
    open(path, &OpenOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn all(snapshot: &dyn Snapshot, family: Family) -> RecordBatch {
    let columns: Vec<usize> = (0..snapshot.schema(family).expect("schema").fields().len()).collect();
    snapshot.read(family, &columns, 0..snapshot.rows(family)).unwrap_or_else(|e| panic!("{e}"))
}

fn floats(batch: &RecordBatch, name: &str) -> Vec<f64> {
    let column = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name} in {:?}", batch.schema()));
    match column.data_type() {
        DataType::Float32 => column.as_primitive::<Float32Type>().values().iter().map(|v| f64::from(*v)).collect(),
        _ => column.as_primitive::<Float64Type>().values().to_vec(),
    }
}

fn ids(batch: &RecordBatch) -> Vec<u64> {
    batch.column_by_name("id").expect("id").as_primitive::<UInt64Type>().values().to_vec()
}

fn types(batch: &RecordBatch) -> Vec<i32> {
    batch.column_by_name("type").expect("type").as_primitive::<Int32Type>().values().to_vec()
}

fn extent(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)))
}

#[track_caller]
fn near(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs().max(1e-300), "expected {expected}, found {found}");
}

/// Checks mass and the extent of positions, both in code units (kpc and 1e10 Msun, as h is unset in these files).
fn check_code(batch: &RecordBatch, mass: f64, low: [f64; 3], high: [f64; 3]) {
    near(floats(batch, "mass").iter().sum(), mass * 1e10, 1e-6);
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let (least, greatest) = extent(&floats(batch, name));
        near(least, low[axis], 1e-6);
        near(greatest, high[axis], 1e-6);
    }
}

#[test]
fn isolated_galaxy_of_the_gadget_distribution() {
    let Some(path) = shared("gadget2_format1/galaxy_littleendian.dat") else { return };
    let s = opened(&path);
    let info = s.info();
    assert_eq!(info.format, "gadget-binary (format 1, little-endian, 1 file)");
    assert_eq!((info.rows.clone(), info.scale_factor, info.time_gyr), (vec![(Family::Dark, 60_000)], None, Some(0.0)));
    let notes = info.notes.join("\n");
    assert!(notes.contains("1 byte after the last record") && notes.contains("types 1 (40000 particles), 2 (20000 particles)"), "{notes}");
    assert!(notes.contains("kpc, 1e10 Msun, km/s assumed"), "{notes}");
    let dark = all(&*s, Family::Dark);
    let (halo, disc) = (dark.slice(0, 40_000), dark.slice(40_000, 20_000));
    check_code(&halo, 41.853548, [-191.41369629, -133.08164978, -99.40705872], [192.29348755, 131.80860901, 99.05410767]);
    check_code(&disc, 4.6503943, [-147.73654175, -94.76057434, -56.41964722], [114.75560760, 84.44913483, 50.15523911]);
    assert_eq!(ids(&dark), (1..=60_000).collect::<Vec<u64>>());
    assert!(types(&halo).iter().all(|t| *t == 1) && types(&disc).iter().all(|t| *t == 2));
}

#[test]
fn gas_sphere_of_the_gadget_distribution_in_both_byte_orders() {
    for (name, order, trailing) in [("gassphere_littleendian.dat", "little-endian", true), ("gassphere_bigendian.dat", "big-endian", false)]
    {
        let Some(path) = shared(&format!("gadget2_format1/{name}")) else { return };
        let s = opened(&path);
        assert_eq!(s.info().format, format!("gadget-binary (format 1, {order}, 1 file)"));
        assert_eq!(s.info().notes.iter().any(|n| n.contains("1 byte after the last record")), trailing);
        let gas = all(&*s, Family::Gas);
        assert_eq!(gas.num_rows(), 1472);
        check_code(&gas, 1.0, [-0.92738473; 3], [0.92738473; 3]);
        assert_eq!(extent(&floats(&gas, "u")), (f64::from(0.05f32), f64::from(0.05f32)));
        assert!(gas.column_by_name("type").is_none());
    }
}

#[test]
fn initial_conditions_with_an_unset_cosmology_are_read_as_they_are() {
    let Some(path) = shared("gadget2_format1/lcdm_gas_littleendian.dat") else { return };
    let s = opened(&path);
    assert_eq!(s.info().rows, [(Family::Gas, 32_768), (Family::Dark, 32_768)]);
    assert_eq!((s.info().scale_factor, s.info().box_kpc, s.info().time_gyr), (None, None, None));
    let notes = s.info().notes.join("\n");
    assert!(notes.contains("agree as in a cosmological run, but Omega0 or HubbleParam is unset"), "{notes}");
    assert!(!notes.contains("announce"), "424242 is no flag: {notes}");
    let (gas, dark) = (all(&*s, Family::Gas), all(&*s, Family::Dark));
    check_code(&gas, 138774.98, [1.82632411, 14.72614861, 0.10156250], [49995.34765625, 49985.74218750, 49999.41796875]);
    check_code(&dark, 902037.38, [0.41290283, 1.13054228, 0.23714459], [49998.078125, 49999.33203125, 49994.92968750]);
    assert_eq!(extent(&floats(&gas, "u")), (0.0, 0.0));
}

#[test]
fn initial_conditions_of_n_genic_are_comoving() {
    let Some(path) = shared("gadget2_format1/ics") else { return };
    let s = opened(&path);
    let info = s.info();
    assert_eq!((info.rows.clone(), info.scale_factor), (vec![(Family::Dark, 32_768)], Some(0.01)));
    let factor = 0.01 / 0.7;
    near(info.box_kpc.unwrap(), 10_000.0 * factor, 1e-12);
    assert_eq!(info.cosmology.as_ref().map(|c| (c.h, c.omega_m, c.omega_lambda)), Some((0.7, 0.3, 0.7)));
    let dark = all(&*s, Family::Dark);
    near(floats(&dark, "mass").iter().sum(), 8326.499e10 / 0.7, 1e-6);
    for (axis, low, high) in [("x", 0.06653357, 9999.82910156), ("y", 0.02200556, 9999.97363281), ("z", 0.08805609, 9999.98437500)] {
        let (least, greatest) = extent(&floats(&dark, axis));
        near(least, low * factor, 1e-6);
        near(greatest, high * factor, 1e-6);
    }
}

/// Checks a snapshot of the synthetic galaxy against the arrays that it was made from; its box is 100 Mpc/h with the galaxy in the middle.
fn check_truth(name: &str, format: &str) -> Option<Arc<dyn Snapshot>> {
    let (path, truth) = (shared(name)?, npz(&shared("synthetic/truth.npz")?));
    let s = opened(&path);
    assert_eq!(s.info().format, format!("gadget-binary ({format})"));
    assert_eq!(s.info().rows, [(Family::Stars, 500), (Family::Gas, 300), (Family::Dark, 400)]);
    let centre = 50_000.0 * 0.8 / 0.6774;
    for (family, prefix) in [(Family::Gas, "gas"), (Family::Dark, "dm"), (Family::Stars, "star")] {
        let batch = all(&*s, family);
        let expected = |name: &str| &truth[&format!("{prefix}_{name}")];
        assert_eq!(ids(&batch), expected("id").iter().map(|v| *v as u64).collect::<Vec<_>>());
        for (axis, names) in [("x", "vx"), ("y", "vy"), ("z", "vz")].into_iter().enumerate() {
            let (x, v) = (floats(&batch, names.0), floats(&batch, names.1));
            for i in 0..x.len() {
                // Positions were rounded to f32 at 5e4 kpc/h: 0.004 kpc/h.
                assert!((x[i] - centre - expected("x")[3 * i + axis]).abs() < 0.006, "{family} {i}");
                assert!((v[i] - expected("v")[3 * i + axis]).abs() < 1e-3, "{family} {i}");
            }
        }
        let mass = floats(&batch, "mass");
        mass.iter().zip(expected("m")).for_each(|(found, expected)| near(*found, *expected, 1e-6));
    }
    let gas = all(&*s, Family::Gas);
    for (column, name) in [("u", "gas_u"), ("rho", "gas_rho"), ("h_sml", "gas_hsml")] {
        floats(&gas, column).iter().zip(&truth[name]).for_each(|(found, expected)| near(*found, *expected, 1e-6));
    }
    if gas.column_by_name("sfr").is_some() {
        for (column, name) in [("sfr", "gas_sfr"), ("x_e", "gas_ne")] {
            floats(&gas, column).iter().zip(&truth[name]).for_each(|(found, expected)| near(*found, *expected, 1e-6));
        }
        let stars = all(&*s, Family::Stars);
        floats(&stars, "a_birth").iter().zip(&truth["star_aform"]).for_each(|(found, expected)| near(*found, *expected, 1e-6));
        // README of the samples: mean stellar age 5.66 Gyr.
        let ages = floats(&stars, "age");
        assert!((ages.iter().sum::<f64>() / 500.0 - 5.66).abs() < 0.01);
    }
    Some(s)
}

#[test]
fn synthetic_galaxy_in_every_layout() {
    let one = check_truth("synthetic/gadget_fmt2/snap_010", "format 2, little-endian, 1 file");
    check_truth("synthetic/gadget_fmt2_be/snap_010", "format 2, big-endian, 1 file");
    let Some(plain) = check_truth("synthetic/gadget_fmt1/snap_010", "format 1, little-endian, 1 file") else { return };
    assert_eq!(plain.info().snap, 10);
    let notes = plain.info().notes.join("\n");
    assert!(notes.contains("announce blocks that are not there or not named: NE, SFR, AGE, Z"), "{notes}");
    // Any file of the set opens it, and so does its folder.
    for name in ["snap_010.0", "snap_010.1", ""] {
        let many = check_truth(&format!("synthetic/gadget_fmt2_multi/{name}"), "format 2, little-endian, 2 files").unwrap();
        assert_eq!((many.info().snap, many.info().files.len()), (10, 2));
        let one = one.as_ref().unwrap();
        for family in [Family::Gas, Family::Dark, Family::Stars] {
            assert_eq!(all(&*many, family), all(&**one, family));
        }
    }
}

/// pynbody 2.8.0 takes u of GADGET binary files for a comoving quantity: on the sample at a = 0.8 it gives 0.8 of the truth.
#[test]
fn internal_energy_has_no_factor_of_the_scale_factor_unlike_pynbody_2_8() {
    let dir = tempfile::tempdir().unwrap();
    let s = opened(&Sample::small(ByteOrder::Little, 2).write(&dir.path().join("snap_001")));
    assert_eq!(s.info().scale_factor, Some(0.8));
    let gas = all(&*s, Family::Gas);
    assert_eq!(floats(&gas, "u"), [1000.0, 2000.0, 3000.0, 4000.0]);
    let field = gas.schema().field_with_name("u").unwrap().clone();
    assert_eq!((unit_of(&field), field.metadata()[FACTOR].as_str()), ("km**2/s**2", "1e0"));
    let Some(path) = shared("synthetic/gadget_fmt2/snap_010") else { return };
    let u = floats(&all(&*opened(&path), Family::Gas), "u");
    // README of the samples: mean u 3632.3 (km/s)^2.
    assert!((u.iter().sum::<f64>() / 300.0 - 3632.3).abs() < 0.1);
}

#[test]
fn every_block_becomes_its_column() {
    let dir = tempfile::tempdir().unwrap();
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for format in [1, 2] {
            let s = opened(&Sample::small(order, format).write(&dir.path().join("snap_001")));
            let (a, h) = (0.8, 0.5);
            let rows = [(Family::Stars, 2), (Family::Gas, 4), (Family::Dark, 5), (Family::BlackHoles, 1)];
            assert_eq!((s.info().rows.as_slice(), s.info().snap), (&rows[..], 1));
            near(s.info().box_kpc.unwrap(), 1000.0 * a / h, 1e-12);
            let (gas, dark, stars) = (all(&*s, Family::Gas), all(&*s, Family::Dark), all(&*s, Family::Stars));
            near(floats(&gas, "y")[3], 3.25 * a / h, 1e-7);
            near(floats(&gas, "vz")[3], 30.0 * a.sqrt(), 1e-7);
            near(floats(&gas, "rho")[1], 2e-6 * 1e10 * h * h / (a * a * a), 1e-6);
            near(floats(&gas, "h_sml")[1], 4.0 * a / h, 1e-7);
            near(floats(&gas, "sfr")[3], 2.0, 1e-7);
            near(floats(&gas, "x_hi")[3], 0.4, 1e-6);
            near(floats(&gas, "z_metal")[2], 0.02, 1e-6);
            near(floats(&gas, "phi")[2], -200.0 / a, 1e-7);
            near(floats(&gas, "acceleration_y")[1], 4.0 * h, 1e-7);
            assert_eq!((floats(&gas, "entropy_rate")[1], floats(&gas, "time_step")[2]), (6.0, 0.25));
            // 4 / (1 + 3 x 0.76 + 4 x 0.76) of 2/3 m_p / k_B: 80.765 K per (km/s)^2 (CODATA 2018).
            near(floats(&gas, "temperature")[0], 1000.0 * 80.765 * 4.0 / 6.32, 1e-4);
            assert_eq!(ids(&dark), [104, 105, 106, 107, 108]);
            assert_eq!(types(&dark), [1, 1, 1, 2, 2]);
            // Type 1 has its mass in the header, type 2 in the block after those of the gas.
            let mass: Vec<f64> = floats(&dark, "mass").iter().map(|m| m * h / 1e10).collect();
            mass.iter().zip([0.5, 0.5, 0.5, 5.0, 6.0]).for_each(|(found, expected)| near(*found, expected, 1e-6));
            near(floats(&stars, "mass")[1], 8.0 * 1e10 / h, 1e-6);
            near(floats(&all(&*s, Family::BlackHoles), "mass")[0], 9.0 * 1e10 / h, 1e-6);
            assert_eq!(floats(&stars, "a_birth"), [0.25, 0.5]);
            near(floats(&stars, "z_metal")[1], 0.05, 1e-6);
            let now = s.info().time_gyr.unwrap();
            floats(&stars, "t_birth").iter().zip(floats(&stars, "age")).for_each(|(t, age)| near(t + age, now, 1e-6));
            assert!(s.schema(Family::Gas).unwrap().fields().iter().all(|f| !f.name().starts_with("block")));
            // Pieces give what the whole gives.
            let some = s.read(Family::Dark, &[1, 0], 2..4).unwrap();
            assert_eq!(some.column(1).as_ref(), dark.column(0).slice(2, 2).as_ref());
        }
    }
}

#[test]
fn widths_follow_from_lengths() {
    let dir = tempfile::tempdir().unwrap();
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for format in [1, 2] {
            let mut sample = Sample::small(order, format).without(&["NE", "NH", "SFR", "Z", "POT", "ACCE", "ENDT", "TSTP"]);
            sample.blocks[0].1 = doubles(order, (0..36).map(|i| f64::from(i / 3) + 1e-9));
            sample.blocks[2].1 = (0..12).flat_map(|i| ((1u64 << 32) + i).to_be_bytes()).collect();
            if order == ByteOrder::Little {
                sample.blocks[2].1.chunks_mut(8).for_each(<[u8]>::reverse);
            }
            sample.blocks[4].1 = doubles(order, [1.0, 2.0, 3.0, 4.0]);
            let s = opened(&sample.write(&dir.path().join("snap_001")));
            let gas = all(&*s, Family::Gas);
            assert_eq!(gas.column_by_name("x").unwrap().data_type(), &DataType::Float64);
            near(floats(&gas, "x")[1], (1.0 + 1e-9) * 1.6, 1e-15);
            assert_eq!(floats(&gas, "u"), [1.0, 2.0, 3.0, 4.0]);
            assert_eq!(ids(&gas), [0, 1, 2, 3].map(|i| (1 << 32) + i), "both halves of an identifier count");
        }
    }
}

#[test]
fn runs_that_are_not_cosmological_have_no_factors() {
    let dir = tempfile::tempdir().unwrap();
    let mut sample = Sample::small(ByteOrder::Little, 2);
    // Time 2 in units of kpc/(km/s) = 0.97779 Gyr; no cosmology.
    sample.reals = [2.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let path = sample.write(&dir.path().join("galaxy_007"));
    let s = opened(&path);
    let (gas, stars) = (all(&*s, Family::Gas), all(&*s, Family::Stars));
    assert_eq!((s.info().scale_factor, s.info().box_kpc, floats(&gas, "x")[3], floats(&gas, "vx")[3]), (None, None, 3.0, 30.0));
    near(s.info().time_gyr.unwrap(), 2.0 * 0.977_792_221_68, 1e-9);
    near(floats(&stars, "age")[1], 1.5 * 0.977_792_221_68, 1e-6);
    assert!(stars.column_by_name("a_birth").is_none());
    assert_eq!(unit_of(s.schema(Family::Gas).unwrap().field_with_name("time_step").unwrap()), "Gyr");
    // A scale factor without a cosmology is no time, and times of birth stay as they are.
    let unset = Sample { reals: [0.5, 1.0, 0.0, 0.0, 0.0, 0.0], ..sample.clone() }.write(&dir.path().join("ics_001"));
    let early = opened(&unset);
    assert_eq!((early.info().time_gyr, floats(&all(&*early, Family::Stars), "birth_stored")), (None, vec![0.25, 0.5]));
    let given = OpenOptions { length_kpc: Some(1000.0), mass_msun: Some(2.0), velocity_kms: Some(3.0), ..OpenOptions::default() };
    let s = open(&path, &given).unwrap();
    let gas = all(&*s, Family::Gas);
    assert_eq!((floats(&gas, "x")[3], floats(&gas, "mass")[0], floats(&gas, "u")[0]), (3000.0, 2.0, 9000.0));
    assert!(!s.info().notes.iter().any(|n| n.contains("assumed")));
}

#[test]
fn type_five_is_dark_where_nothing_shines() {
    let dir = tempfile::tempdir().unwrap();
    let mut sample = Sample::small(ByteOrder::Little, 2);
    sample.counts = [0, 3, 0, 0, 0, 2];
    sample.masses = [0.0, 0.5, 0.0, 0.0, 0.0, 4.0];
    let order = sample.order;
    sample.blocks = vec![
        ("POS ", singles(order, (0..15).map(|i| i as f32))),
        ("VEL ", singles(order, [0.0; 15])),
        ("ID  ", (0..5).flat_map(|i| order.u32_bytes(i)).collect()),
    ];
    let s = opened(&sample.write(&dir.path().join("ics")));
    assert_eq!(s.info().rows, [(Family::Dark, 5)]);
    assert_eq!(types(&all(&*s, Family::Dark)), [1, 1, 1, 5, 5]);
    assert!(s.info().notes.iter().any(|n| n.contains("type 5 is taken as dark matter")));
}

#[test]
fn missing_parts_and_contradictions_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut sample = Sample::small(ByteOrder::Little, 2);
    sample.files = 3;
    for part in [0, 2] {
        sample.write(&dir.path().join(format!("snap_004.{part}")));
    }
    let error = open(&dir.path().join("snap_004.2"), &OpenOptions::default()).unwrap_err();
    assert!(error.kind() == ErrorKind::NotFound && error.to_string().contains("snap_004.1`"), "{error}");
    let other = Sample { reals: [0.9, 1.0 / 0.9 - 1.0, 1000.0, 0.3, 0.7, 0.5], ..sample.clone() };
    other.write(&dir.path().join("snap_004.1"));
    let error = open(dir.path(), &OpenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("differ in Time") && error.contains("expected 0.8, found 0.9"), "{error}");
    sample.clone().without(&["HSML"]).write(&dir.path().join("snap_004.1"));
    let error = open(dir.path(), &OpenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("different blocks") && error.contains("`HSML`"), "{error}");
    Sample { files: 4, ..sample.clone() }.write(&dir.path().join("snap_004.0"));
    sample.write(&dir.path().join("snap_004.1"));
    sample.write(&dir.path().join("snap_004.3"));
    let s = opened(&dir.path().join("snap_004.0"));
    assert_eq!((s.rows(Family::Gas), s.info().files.len()), (16, 4));
    let error = open(&dir.path().join("snap_004.1"), &OpenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("files do not hold the particles"), "{error}");
    // Single files with numbers for endings are snapshots of their own.
    for number in [5, 6] {
        Sample::small(ByteOrder::Big, 1).write(&dir.path().join(format!("run.{number:03}")));
    }
    let names: Vec<String> =
        snapshots_in(dir.path()).unwrap().iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["run.005", "run.006", "snap_004.0"]);
    assert_eq!(opened(&dir.path().join("run.006")).info().snap, 6);
}

#[cfg(feature = "sql")]
#[test]
fn snapshots_go_into_datasets_and_answer() {
    use spolia::ingest::run::{IngestOptions, ingest};
    use spolia::progress::Silent;
    use spolia::sql::session::{Session, SessionOptions};
    let dir = tempfile::tempdir().unwrap();
    let sources = [(ByteOrder::Little, 2, "snap_003"), (ByteOrder::Big, 1, "snap_004")]
        .map(|(order, format, name)| Sample::small(order, format).write(&dir.path().join(name)));
    let out = dir.path().join("run.spolia");
    ingest(&sources, &out, &IngestOptions::default(), &Silent).unwrap();
    let session = Session::new(SessionOptions::default()).unwrap();
    session.attach(&out).unwrap();
    let number = |sql: &str| {
        let answer = session.query(sql).unwrap_or_else(|e| panic!("{e}"));
        answer.batches[0].column(0).as_primitive::<Float64Type>().value(0)
    };
    assert_eq!(number("select cast(count(*) as double) from dark@all where type = 2"), 4.0);
    assert_eq!(number("select cast(sum(id) as double) from gas@3"), 406.0);
    near(number("select cast(sum(mass) as double) from dark"), (1.5 + 11.0) * 2e10, 1e-6);
    near(number("select cast(max(u) as double) from gas"), 4000.0, 1e-12);
    near(number("select cast(max(temperature) as double) from gas"), 4000.0 * 80.765 * 4.0 / 6.32, 1e-4);
    near(number(&format!("select cast(max(x) as double) from '{}'.stars", sources[0].display())), 10.0 * 1.6, 1e-6);
}
