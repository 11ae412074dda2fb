//! GADGET-4, AREPO, IllustrisTNG, GIZMO, SWIFT and EAGLE snapshots in HDF5: real files, files with known formulas, and damaged files.
//!
//! Source     tests/data/make_hdf5.py wrote tests/data/hdf5; real files and truth.npz come from the shared folder, where it exists
//! Accuracy   reference values by h5py 3.16, numpy 2.4 and pynbody 2.8.0, as each test says
//! Edge cases 1000 mutations of small files: an error or a value, never a panic, in bounded time and memory

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, UInt64Type};
use spolia::ErrorKind;
use spolia::ingest::gadget_hdf5::GadgetHdf5;
use spolia::ingest::run::{IngestOptions, ingest};
use spolia::ingest::selection::{Selection, Sphere};
use spolia::ingest::{Family, Format, OpenOptions, Snapshot};
use spolia::progress::Silent;
use spolia::table::Dataset;
use spolia::table::schema::{FACTOR, unit_of};

use crate::shared::snapshots as shared;

fn tiny(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hdf5").join(name)
}

fn open(path: &Path) -> Arc<dyn Snapshot> {
    GadgetHdf5.open(path, &OpenOptions::default()).unwrap_or_else(|e| panic!("{e}"))
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

fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

#[track_caller]
fn near(found: f64, expected: f64, relative: f64) {
    assert!((found / expected - 1.0).abs() <= relative, "expected {expected}, found {found}");
}

/// 1.989e33 g, the solar mass of the GADGET family, in the engine's solar masses.
const GADGET_SUN: f64 = 1.989e33 / spolia::constants::SOLAR_MASS_G;
/// 3.085678e21 cm, the kiloparsec of the GADGET family, in the engine's kiloparsecs.
const GADGET_KPC: f64 = 3.085678e21 / spolia::constants::KPC_CM;

/// Arrays of an uncompressed .npz: name to values, whatever their shape.
pub fn npz(path: &Path) -> BTreeMap<String, Vec<f64>> {
    let bytes = std::fs::read(path).expect("npz");
    let mut arrays = BTreeMap::new();
    let word = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let mut at = 0;
    while bytes[at..].starts_with(b"PK\x03\x04") {
        let name = String::from_utf8_lossy(&bytes[at + 30..at + 30 + word(at + 26)]).trim_end_matches(".npy").to_string();
        let npy = at + 30 + word(at + 26) + word(at + 28);
        let data = npy + 10 + word(npy + 8);
        let text = String::from_utf8_lossy(&bytes[npy + 10..data]).to_string();
        let shape = text.split("'shape': (").nth(1).and_then(|s| s.split(')').next()).expect("shape");
        let count: usize = shape.split(',').filter_map(|n| n.trim().parse::<usize>().ok()).product();
        let words = bytes[data..data + 8 * count].chunks_exact(8).map(|w| w.try_into().expect("8 bytes"));
        let values = if text.contains("<i8") {
            words.map(|w| i64::from_le_bytes(w) as f64).collect()
        } else {
            words.map(f64::from_le_bytes).collect()
        };
        arrays.insert(name, values);
        at = data + 8 * count;
    }
    arrays
}

#[test]
fn gadget4_uses_scaling_attributes_and_the_mass_table() {
    let Some(folder) = shared("gadget4_hdf5") else { return };
    let snapshot = open(&folder.join("snapshot_000.hdf5"));
    let info = snapshot.info();
    assert_eq!((info.snap, info.scale_factor), (0, Some(0.1655600262003402)));
    assert_eq!(info.rows, [(Family::Gas, 32768), (Family::Dark, 32768)]);
    let (a, h) = (0.1655600262003402, 0.7);
    near(info.box_kpc.expect("box"), 50000.0 * a / h * GADGET_KPC, 1e-12);
    let gas = all(&*snapshot, Family::Gas);
    // README of the samples: pynbody masses 138774.98 and 902037.38, u mean 5.3094436 as h5py reads it (pynbody's unit system gives 0.8790).
    near(sum(&floats(&gas, "mass")), 138774.98 * 1e10 / h * GADGET_SUN, 1e-7);
    near(mean(&floats(&gas, "u")), 5.309443625075801, 1e-7);
    near(mean(&floats(&gas, "rho")), 1.3496594415253761e-9 * 1e10 * h * h / a.powi(3) * GADGET_SUN / GADGET_KPC.powi(3), 1e-6);
    for (axis, code) in [("x", 25341.80367432), ("y", 25079.34357786), ("z", 24143.98466106)] {
        near(mean(&floats(&gas, axis)), code * a / h * GADGET_KPC, 1e-7);
    }
    let x = floats(&gas, "x");
    near(x.iter().copied().fold(f64::MAX, f64::min), 0.04292418 * a / h, 1e-6);
    near(x.iter().copied().fold(0.0, f64::max), 49999.52734375 * a / h, 1e-6);
    assert_eq!(ids(&gas).iter().copied().min(), Some(1));
    near(sum(&floats(&all(&*snapshot, Family::Dark), "mass")), 902037.38 * 1e10 / h * GADGET_SUN, 1e-7);
    assert!(snapshot.schema(Family::Stars).is_err());

    let today = open(&folder.join("snapshot_004.hdf5"));
    near(mean(&floats(&all(&*today, Family::Gas), "u")), 16301.624, 1e-6);
    assert_eq!(today.info().snap, 4);
    // Flat LCDM with Omega_m 0.3, h 0.7 has the age 13.466983946554 Gyr (astropy 7 FlatLambdaCDM, Tcmb0 = 0).
    near(today.info().time_gyr.expect("time"), 13.466983946554, 1e-6);
}

#[test]
fn arepo_zoom_reads_what_is_there() {
    let Some(path) = shared("arepo_hdf5/reduced_snap_247.hdf5") else { return };
    let snapshot = open(&path);
    assert_eq!(snapshot.info().rows, [(Family::Gas, 12515)]);
    assert_eq!(snapshot.info().snap, 247);
    let gas = all(&*snapshot, Family::Gas);
    let h = 0.6732117;
    near(sum(&floats(&gas, "mass")), 17424.211174190044 * 1e10 / h * GADGET_SUN, 1e-12);
    near(mean(&floats(&gas, "rho")), 1.5305679374977163e-05 * 1e10 * h * h * GADGET_SUN / GADGET_KPC.powi(3), 1e-10);
    let y = floats(&gas, "y");
    near(y.iter().copied().fold(f64::MAX, f64::min), 210684.2690 / h * GADGET_KPC, 1e-9);
    assert_eq!(gas.schema().field_with_name("x").expect("x").data_type(), &DataType::Float64);
    assert!(snapshot.info().notes.iter().any(|n| n.contains("no ParticleIDs")), "{:?}", snapshot.info().notes);
}

#[test]
fn camels_cutout_with_a_bare_header_is_read() {
    let Some(path) = shared("camels_tng_hdf5/camels_snap.hdf5") else { return };
    let snapshot = open(&path);
    assert_eq!(snapshot.info().rows, [(Family::Stars, 3479), (Family::Gas, 269)]);
    let (a, h) = (0.909046978208372, 0.6711);
    let stars = all(&*snapshot, Family::Stars);
    near(sum(&floats(&stars, "mass")), 3.1964512196e10 / h, 1e-6);
    near(sum(&floats(&stars, "mass_birth")), 5.3595733756e10 / h, 1e-6);
    for (column, expected) in [("x_h", 0.7365089), ("x_he", 0.2473180), ("x_o", 0.0085879), ("x_fe", 0.00071852), ("x_other", 0.00042227)] {
        near(mean(&floats(&stars, column)), expected, 1e-4);
    }
    let born = floats(&stars, "a_birth");
    near(born.iter().copied().fold(f64::MAX, f64::min), 0.12026893, 1e-7);
    near(born.iter().copied().fold(0.0, f64::max), 0.88323981, 1e-7);
    assert!(floats(&stars, "age").iter().all(|age| *age > 0.0 && *age < 13.0));
    // There are no identifiers: rows are numbered over the whole file, gas first, so that no number stands twice.
    assert_eq!(ids(&stars)[..3], [269, 270, 271]);
    let gas = all(&*snapshot, Family::Gas);
    assert_eq!((ids(&gas)[0], ids(&gas)[268]), (0, 268));
    near(sum(&floats(&gas, "mass")), 0.3900759143871e10 / h, 1e-6);
    near(sum(&floats(&gas, "sfr")), 0.02440884383, 1e-6);
    near(mean(&floats(&gas, "y")), 17521.2477 * a / h, 1e-6);
    let notes = snapshot.info().notes.join("\n");
    for part in ["kpc/h, 1e10 Msun/h, km/s assumed", "no particle numbers", "flat universe", "row in the file"] {
        assert!(notes.contains(part), "{part} in\n{notes}");
    }
    // A catalogue is HDF5 too, but no snapshot.
    let Some(catalogue) = shared("camels_tng_hdf5/camels_subhalo.hdf5") else { return };
    assert_eq!(GadgetHdf5.open(&catalogue, &OpenOptions::default()).err().map(|e| e.kind()), Some(ErrorKind::Unsupported));
}

/// The synthetic galaxy as GIZMO, SWIFT and EAGLE write it: each with its own names, powers of a and h, and units.
#[test]
fn gizmo_swift_and_eagle_equal_the_truth() {
    let Some(truth) = shared("synthetic/truth.npz") else { return };
    let truth = npz(&truth);
    let sources = [
        ("GIZMO", "synthetic/gizmo/snapshot_500.hdf5", 500),
        ("SWIFT", "synthetic/swift/snap_0042.hdf5", 42),
        ("EAGLE", "synthetic/eagle/snapshot_027_z000p250", 27),
    ];
    for (code, source, number) in sources {
        let Some(path) = shared(source) else { return };
        let snapshot = open(&path);
        let info = snapshot.info();
        assert!(info.format.contains(code), "{}", info.format);
        assert_eq!((info.snap, info.scale_factor), (number, Some(0.8)), "{code}");
        assert_eq!(info.rows, [(Family::Stars, 500), (Family::Gas, 300), (Family::Dark, 400), (Family::BlackHoles, 1)], "{code}");
        let centre = 35000.0 * 0.8 / 0.6774 * GADGET_KPC;
        near(info.box_kpc.expect("a box"), 2.0 * centre, 1e-12);
        for (family, name) in [(Family::Stars, "star"), (Family::Gas, "gas"), (Family::Dark, "dm"), (Family::BlackHoles, "bh")] {
            let batch = all(&*snapshot, family);
            let row_of: BTreeMap<u64, usize> = truth[&format!("{name}_id")].iter().enumerate().map(|(i, id)| (*id as u64, i)).collect();
            let (x, vz, mass, ids) = (floats(&batch, "x"), floats(&batch, "vz"), floats(&batch, "mass"), ids(&batch));
            for i in 0..batch.num_rows() {
                let t = row_of[&ids[i]];
                assert!((x[i] - centre - truth[&format!("{name}_x")][3 * t]).abs() < 1e-4, "{code} {name} {i}: {}", x[i] - centre);
                assert!((vz[i] - truth[&format!("{name}_v")][3 * t + 2]).abs() < 1e-4, "{code} {name} {i}");
                near(mass[i], truth[&format!("{name}_m")][t] * GADGET_SUN, 1e-6);
            }
        }
        let (stars, gas) = (all(&*snapshot, Family::Stars), all(&*snapshot, Family::Gas));
        // pynbody 2.8.0 reads the u of GIZMO 0.8 times too small: it gives it the factor a of its velocity unit.
        near(mean(&floats(&gas, "u")), 3632.272313800213, 1e-6);
        near(mean(&floats(&gas, "rho")), 7502823.95944352 * GADGET_SUN / GADGET_KPC.powi(3), 1e-6);
        near(mean(&floats(&gas, "h_sml")), mean(&truth["gas_hsml"]) * GADGET_KPC, 1e-6);
        match code {
            // numpy with the formula of the header of `columns` and hydrogen = 1 - Z - He.
            "GIZMO" => near(mean(&floats(&gas, "temperature")), 247232.7856019272, 1e-6),
            _ => near(mean(&floats(&gas, "temperature")), mean(&truth["gas_T"]), 1e-6),
        }
        near(mean(&floats(&stars, "age")), 5.66, 1e-3);
        near(mean(&floats(&stars, "a_birth")), 0.4403669286681865, 1e-6);
        near(mean(&floats(&stars, "x_fe")), 0.000770203070471609, 1e-6);
        near(mean(&floats(&gas, "x_h")), 0.7414270842061281, 1e-6);
        if code != "GIZMO" {
            near(sum(&floats(&stars, "mass_birth")), 5096722.101674225 * GADGET_SUN, 1e-6);
        }
    }
}

#[test]
fn tng_equals_the_truth_and_winds_are_gas() {
    let (Some(folder), Some(truth)) = (shared("synthetic/tng/snapdir_084"), shared("synthetic/truth.npz")) else { return };
    let truth = npz(&truth);
    // The folder, or either file, is the same snapshot.
    let snapshot = open(&folder);
    for k in [0, 1] {
        assert_eq!(open(&folder.join(format!("snap_084.{k}.hdf5"))).info().rows, snapshot.info().rows);
    }
    assert_eq!(snapshot.info().rows, [(Family::Stars, 500), (Family::Gas, 320), (Family::Dark, 400), (Family::BlackHoles, 1)]);
    let centre = 35000.0 * 0.8 / 0.6774 * GADGET_KPC;
    let check = |batch: &RecordBatch, rows: std::ops::Range<usize>, name: &str| {
        let row_of: BTreeMap<u64, usize> = truth[&format!("{name}_id")].iter().enumerate().map(|(i, id)| (*id as u64, i)).collect();
        let (x, vz, mass, ids) = (floats(batch, "x"), floats(batch, "vz"), floats(batch, "mass"), ids(batch));
        for i in rows {
            let t = row_of[&ids[i]];
            // Positions are 41 Mpc from the corner: half a unit of the last digit of the constants' ratio is 1e-5 kpc.
            assert!((x[i] - centre - truth[&format!("{name}_x")][3 * t]).abs() < 1e-4, "{name} {i}: {}", x[i] - centre);
            assert!((vz[i] - truth[&format!("{name}_v")][3 * t + 2]).abs() < 1e-4, "{name} {i}");
            near(mass[i], truth[&format!("{name}_m")][t] * GADGET_SUN, 1e-6);
        }
    };
    let (stars, gas, dark) = (all(&*snapshot, Family::Stars), all(&*snapshot, Family::Gas), all(&*snapshot, Family::Dark));
    check(&stars, 0..500, "star");
    check(&gas, 0..300, "gas");
    check(&gas, 300..320, "wind");
    check(&dark, 0..400, "dm");
    check(&all(&*snapshot, Family::BlackHoles), 0..1, "bh");

    let wind = gas.column_by_name("wind").expect("wind").as_boolean();
    assert_eq!((wind.true_count(), wind.value(299), wind.value(300)), (20, false, true));
    assert_eq!(gas.column_by_name("u").expect("u").null_count(), 20, "wind-phase cells have no internal energy");
    assert_eq!(gas.column_by_name("x_fe").expect("x_fe").null_count(), 0);
    assert!(gas.column_by_name("age").is_none() && gas.column_by_name("mag_u").is_none());

    near(mean(&floats(&gas, "u")[..300]), 3632.272313800213, 1e-6);
    near(mean(&floats(&gas, "rho")[..300]), 7502823.95944352 * GADGET_SUN / GADGET_KPC.powi(3), 1e-6);
    near(mean(&floats(&gas, "phi")[..300]), mean(&truth["gas_phi"]), 1e-6);
    // pynbody 2.8.0: 2.4454e5 K with hydrogen 0.755 for all; with each cell's own hydrogen numpy gives 247232.786 K.
    near(mean(&floats(&gas, "temperature")[..300]), 247232.78608298957, 1e-6);
    let (u, x_e) = (floats(&gas, "u"), floats(&gas, "x_e"));
    let pynbody: Vec<f64> = (0..300).map(|i| 80.76520 * u[i] * 4.0 / (1.0 + 3.0 * 0.755 + 4.0 * 0.755 * x_e[i])).collect();
    near(mean(&pynbody), 2.4454e5, 3e-5);

    near(mean(&floats(&stars, "age")), 5.66, 1e-3);
    near(mean(&floats(&stars, "a_birth")), 0.4403669286681865, 1e-6);
    near(mean(&floats(&stars, "x_fe")), 0.000770203070471609, 1e-6);
    near(sum(&floats(&stars, "mass_birth")), 5096722.101674225 * GADGET_SUN, 1e-6);
    // Birth positions scatter around the same comoving centre, taken at the scale factor of birth.
    for (x, a) in floats(&stars, "x_birth").iter().zip(floats(&stars, "a_birth")) {
        assert!((x / (a / 0.6774) - 35000.0).abs() < 50.0, "{x} {a}");
    }
    assert_eq!(unit_of(stars.schema().field_with_name("mag_g").expect("mag_g")), "mag");
    assert_eq!(unit_of(stars.schema().field_with_name("vx").expect("vx")), "km/s");
    assert!(stars.schema().field_with_name("x").expect("x").metadata().contains_key(FACTOR));
}

#[test]
fn any_range_of_rows_and_columns_equals_the_whole_read() {
    for path in [tiny("many_012.1.hdf5"), tiny("compressed_007.hdf5"), tiny("isolated_001.hdf5")] {
        let snapshot = open(&path);
        for (family, rows) in snapshot.info().rows.clone() {
            let whole = all(&*snapshot, family);
            for from in 0..rows.min(70) {
                for to in [from, from + 1, (from + 13).min(rows), rows] {
                    for columns in [vec![], vec![0], (0..whole.num_columns()).rev().collect::<Vec<_>>()] {
                        let part = snapshot.read(family, &columns, from..to).unwrap_or_else(|e| panic!("{e}"));
                        let expected = whole.slice(from as usize, (to - from) as usize);
                        assert_eq!(part.num_rows(), expected.num_rows());
                        for (i, c) in columns.iter().enumerate() {
                            assert_eq!(part.column(i), expected.column(*c), "{family} {from}..{to} {}", whole.schema().field(*c).name());
                        }
                    }
                }
            }
            assert!(snapshot.read(family, &[0], 0..rows + 1).is_err());
        }
    }
}

#[test]
fn many_threads_read_the_same_bits() {
    let snapshot = open(&tiny("compressed_007.hdf5"));
    let whole = all(&*snapshot, Family::Gas);
    std::thread::scope(|scope| {
        for t in 0..8u64 {
            let (snapshot, whole) = (&snapshot, &whole);
            scope.spawn(move || {
                for k in 0..40u64 {
                    let from = (t * 97 + k * 31) % 900;
                    let columns: Vec<usize> = (0..whole.num_columns()).collect();
                    let part = snapshot.read(Family::Gas, &columns, from..from + 100).unwrap_or_else(|e| panic!("{e}"));
                    assert_eq!(part, whole.slice(from as usize, 100));
                }
            });
        }
    });
}

#[test]
fn compressed_chunks_give_the_formulas_back() {
    let snapshot = open(&tiny("compressed_007.hdf5"));
    assert_eq!(snapshot.info().snap, 7);
    let gas = all(&*snapshot, Family::Gas);
    let length = 0.5 / 0.7 * GADGET_KPC;
    let (y, vz, id) = (floats(&gas, "y"), floats(&gas, "vz"), ids(&gas));
    for i in 0..1000 {
        near(y[i], (i + 1) as f64 * 2.0 / 8.0 * length, 1e-14);
        assert!((vz[i] - (i as f64 - 200.0) / 4.0 * 0.5f64.sqrt()).abs() < 1e-5);
        assert_eq!(id[i], (1 << 40) + 7 * i as u64);
    }
    let schema = gas.schema();
    let field = |name: &str| schema.field_with_name(name).unwrap_or_else(|_| panic!("{name}"));
    assert_eq!(unit_of(field("magnetic_field_2")), "unknown", "powers that are not whole");
    assert_eq!(floats(&gas, "magnetic_field_0")[7], 1.0);
    assert_eq!(unit_of(field("cooling_rate")), "km**2/s**2");
    assert_eq!(floats(&gas, "half")[9], 1.125);
    let flags: Vec<i32> = gas.column_by_name("flag").expect("flag").as_primitive::<Int32Type>().values()[..4].to_vec();
    assert_eq!(flags, [1, 0, 0, 1]);
    assert!(snapshot.info().notes.iter().any(|n| n.contains("PartType0/Remark is not numeric")));
}

#[test]
fn many_files_are_one_snapshot_and_winds_leave_the_stars() {
    let snapshot = open(&tiny("many_012.2.hdf5"));
    assert_eq!(snapshot.info().files.len(), 3);
    // Of 40 rows every fifth from the third is a wind-phase cell: 8 of them.
    assert_eq!(snapshot.info().rows, [(Family::Stars, 32), (Family::Gas, 20), (Family::Dark, 12), (Family::Tracers, 5)]);
    let stars = all(&*snapshot, Family::Stars);
    let expected: Vec<u64> = (0..40u64).filter(|i| i % 5 != 2).collect();
    assert_eq!(ids(&stars), expected.iter().map(|i| (1 << 40) + 7 * i).collect::<Vec<_>>());
    let (born, x_birth) = (floats(&stars, "a_birth"), floats(&stars, "x_birth"));
    for (row, i) in expected.iter().enumerate() {
        let a = 0.25 + *i as f64 / 256.0;
        assert_eq!(born[row], a);
        near(x_birth[row], (i + 1) as f64 / 8.0 * a / 0.7 * GADGET_KPC, 1e-6);
    }
    let gas = all(&*snapshot, Family::Gas);
    assert_eq!(ids(&gas)[12..], (0..8u64).map(|k| (1 << 40) + 7 * (5 * k + 2)).collect::<Vec<_>>());
    assert_eq!(gas.column_by_name("rho").expect("rho").null_count(), 8);
    near(floats(&gas, "rho")[11], 12.0 * 1e10 * 0.49 * 8.0 * GADGET_SUN / GADGET_KPC.powi(3), 1e-6);
    near(sum(&floats(&all(&*snapshot, Family::Dark), "mass")), 12.0 * 0.5e10 / 0.7 * GADGET_SUN, 1e-9);
    assert_eq!(ids(&all(&*snapshot, Family::Tracers)).len(), 5);
}

#[test]
fn big_endian_and_non_comoving_files_are_right() {
    let snapshot = open(&tiny("big_endian_003.hdf5"));
    let dark = all(&*snapshot, Family::Dark);
    assert_eq!(ids(&dark)[49], (1 << 40) + 7 * 49);
    near(floats(&dark, "z")[9], 10.0 * 3.0 / 8.0 * 0.5 / 0.7, 1e-7);
    near(floats(&dark, "vx")[9], 9.0 / 4.0 * 0.5f64.sqrt(), 1e-15);
    assert_eq!(dark.schema().field_with_name("vx").expect("vx").data_type(), &DataType::Float64);

    let isolated = open(&tiny("isolated_001.hdf5"));
    assert_eq!((isolated.info().scale_factor, isolated.info().box_kpc), (None, None));
    // One unit of time kpc/(km/s) is 0.97779222 Gyr.
    near(isolated.info().time_gyr.expect("time"), 2.0 * 0.977_792_221_68 * GADGET_KPC, 1e-9);
    let dark = all(&*isolated, Family::Dark);
    assert_eq!(ids(&dark), [100, 101, 102, 103, 104, 105, 200, 201, 202, 203]);
    let mass = floats(&dark, "mass");
    near(mass[5], 2e10 * GADGET_SUN, 1e-12);
    near(mass[6], 3e10 * GADGET_SUN, 1e-12);
    let phi = dark.column_by_name("phi").expect("phi");
    assert_eq!((phi.null_count(), phi.is_null(5), floats(&dark, "phi")[9]), (6, true, -3.0));
    let stars = all(&*isolated, Family::Stars);
    near(floats(&stars, "age")[4], 1.0 * 0.977_792_221_68 * GADGET_KPC, 1e-6);
    assert!(stars.column_by_name("a_birth").is_none());
}

/// Where the three codes differ from GADGET: units, powers of a and h, names, and particles that GADGET does not have.
#[test]
fn files_of_gizmo_swift_and_eagle_follow_their_formulas() {
    let (a, h) = (0.5, 0.7);
    for (name, number) in [("gizmo_005.hdf5", 5), ("swift_0009.hdf5", 9), ("eagle_028_z001p000.0.hdf5", 28)] {
        let snapshot = open(&tiny(name));
        assert_eq!((snapshot.info().snap, snapshot.info().scale_factor), (number, Some(a)), "{name}");
        let stars = all(&*snapshot, Family::Stars);
        let swift = name.starts_with("swift");
        let per_h = if swift { 1.0 } else { 1.0 / h };
        near(floats(&stars, "z")[9], 10.0 * 3.0 / 8.0 * a * per_h * GADGET_KPC, 1e-12);
        near(floats(&stars, "vx")[9], 9.0 / 4.0 * if swift { 1.0 } else { a.sqrt() }, 1e-7);
        near(floats(&stars, "mass")[3], 0.25e10 * per_h * GADGET_SUN, 1e-7);
        near(floats(&stars, "a_birth")[0], 0.25, 0.0);
        // The age of a flat universe with 0.3 and 0.7 at a = 0.25 and 0.5, h = 0.7: astropy 8.0 FlatLambdaCDM(70, 0.3).age.
        near(floats(&stars, "age")[0], 5.751_646_943_448 - 2.112_527_190_893, 1e-6);
        near(snapshot.info().box_kpc.expect("box"), 10_000.0 * a * per_h * GADGET_KPC, 1e-12);
    }
    let gizmo = open(&tiny("gizmo_005.hdf5"));
    let gas = all(&*gizmo, Family::Gas);
    // Z is element 0, helium element 1 of the list 0/64, 1/64, ...: hydrogen is what they leave.
    assert_eq!(
        (floats(&gas, "x_h")[0], floats(&gas, "x_fe")[0], floats(&gas, "metallicity_12")[0]),
        (63.0 / 64.0, 10.0 / 64.0, 12.0 / 64.0)
    );
    assert_eq!(floats(&gas, "u")[0], 1000.0, "no power of a");
    let x_h = 63.0 / 64.0;
    near(floats(&gas, "temperature")[0], 80_765.2 * 4.0 / (1.0 + 3.0 * x_h + 4.0 * x_h * 1.25), 1e-5);
    assert!(gizmo.info().notes.iter().any(|n| n.contains("split")), "{:?}", gizmo.info().notes);

    let swift = open(&tiny("swift_0009.hdf5"));
    assert_eq!(swift.info().rows, [(Family::Stars, 20), (Family::Gas, 20), (Family::BlackHoles, 2)]);
    assert!(swift.info().notes.iter().any(|n| n.contains("neutrinos")), "{:?}", swift.info().notes);
    let gas = all(&*swift, Family::Gas);
    near(floats(&gas, "u")[0], 1000.0 / (a * a), 1e-7);
    near(floats(&gas, "rho")[0], 8.0 * 1e10 / 1e9 / a.powi(3) * GADGET_SUN / GADGET_KPC.powi(3), 1e-7);
    assert_eq!(floats(&gas, "temperature")[0], 2e4);
    assert_eq!(unit_of(gas.schema().field_with_name("star_formation_rates").expect("rates")), "Msun.km/kpc/s");

    let eagle = open(&tiny("eagle_028_z001p000.0.hdf5"));
    near(floats(&all(&*eagle, Family::Dark), "mass")[0], 0.5e10 / h * GADGET_SUN, 1e-12);
    let stars = all(&*eagle, Family::Stars);
    assert_eq!((floats(&stars, "x_fe")[0], floats(&stars, "x_h")[0]), (0.125, 0.75));
    assert_eq!(unit_of(stars.schema().field_with_name("group_number").expect("group")), "unknown");
}

/// A sphere of the file, every third of its rows, and the same dataset when the part changes.
#[test]
fn a_part_of_a_snapshot_is_ingested_and_another_part_replaces_it() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("part.spolia");
    let kpc = 0.5 / 0.7 * GADGET_KPC / 8.0;
    let centre_kpc = [500.0 * kpc, 1000.0 * kpc, 1500.0 * kpc];
    // Neighbours on the line are sqrt(1 + 4 + 9) apart.
    let radius_kpc = 20.5 * 14f64.sqrt() * kpc;
    let sphere = Some(Sphere { centre_kpc, radius_kpc });
    for (every, expected) in [(1, (479..=519).collect::<Vec<u64>>()), (3, (479..=519).step_by(3).collect())] {
        let options = IngestOptions { selection: Selection { sphere, halo: None, every }, ..Default::default() };
        let report = ingest(&[tiny("compressed_007.hdf5")], &out, &options, &Silent).expect("ingest");
        assert!(!report.snapshots[0].unchanged && report.notes.iter().any(|n| n.contains("only")), "{:?}", report.notes);
        let dataset = Dataset::open(&out).expect("dataset");
        let mut found: Vec<u64> = dataset.read_table("gas").expect("gas").iter().flat_map(ids).map(|id| (id - (1 << 40)) / 7).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        assert!(dataset.manifest().snapshots[0].attributes.contains_key("selection"));
        assert!(ingest(&[tiny("compressed_007.hdf5")], &out, &options, &Silent).expect("again").snapshots[0].unchanged);
    }
}

#[test]
fn units_of_the_user_replace_only_what_the_file_does_not_name() {
    let options = OpenOptions { length_kpc: Some(1000.0), mass_msun: Some(1.0), velocity_kms: None, ..OpenOptions::default() };
    let snapshot = GadgetHdf5.open(&tiny("big_endian_003.hdf5"), &options).expect("open");
    let dark = all(&*snapshot, Family::Dark);
    near(floats(&dark, "z")[9], 10.0 * 3.0 / 8.0 * 0.5 * 1000.0, 1e-7);
    near(floats(&dark, "mass")[0], 0.5, 1e-7);
    let named = GadgetHdf5.open(&tiny("compressed_007.hdf5"), &options).expect("open");
    near(floats(&all(&*named, Family::Gas), "x")[7], 0.5 / 0.7 * GADGET_KPC, 1e-12);
}

#[test]
fn a_missing_file_or_chunk_is_named() {
    let folder = tempfile::tempdir().expect("folder");
    for k in [0, 2] {
        let name = format!("many_012.{k}.hdf5");
        std::fs::copy(tiny(&name), folder.path().join(&name)).expect("copy");
    }
    let error = GadgetHdf5.open(folder.path(), &OpenOptions::default()).expect_err("file 1 is missing");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("many_012.1.hdf5"), "{error}");

    let snapshot = open(&tiny("unwritten_000.hdf5"));
    let error = snapshot.read(Family::Dark, &[1], 0..4).expect_err("half of the chunks were never written");
    assert_eq!(error.kind(), ErrorKind::Damaged);
    assert!(error.to_string().contains("expected 4 chunks, found 2"), "{error}");
}
