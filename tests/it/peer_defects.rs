//! Where the usual readers go wrong on these formats, one test for each defect; docs/formats.md names the tests.
//!
//! Source     measured with pynbody 2.8.0 and yt 4.4.3 on the sample snapshots, and on files of the same layouts that are written here

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, UInt64Type};
use spolia::constants::{BOLTZMANN_ERG_K, PROTON_MASS_G, SOLAR_MASS_G};
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::*;
use spolia::ingest::{Family, HaloSource, OpenOptions, Snapshot, open};
use spolia::table::schema::{DESCRIPTION, unit_of};

use crate::ingest_gadget_binary::Sample;
use crate::ingest_tipsy::small;
use crate::shared::snapshots as shared;

fn tiny(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hdf5").join(name)
}

fn opened(path: &Path) -> Arc<dyn Snapshot> {
    open(path, &OpenOptions { halos: HaloSource::None, ..OpenOptions::default() }).unwrap_or_else(|e| panic!("{e}"))
}

fn values(s: &dyn Snapshot, family: Family, name: &str) -> Vec<f64> {
    let schema = s.schema(family).unwrap();
    let names = || schema.fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>().join(" ");
    let index = schema.index_of(name).unwrap_or_else(|_| panic!("{family} has no {name}: {}", names()));
    let batch = s.read(family, &[index], 0..s.rows(family)).unwrap();
    cast(batch.column(0), &DataType::Float64).unwrap().as_primitive::<Float64Type>().iter().map(|v| v.unwrap_or(f64::NAN)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[track_caller]
fn near(found: f64, expected: f64, relative: f64) {
    assert!((found / expected - 1.0).abs() < relative, "expected {expected}, found {found}");
}

/// yt 4.4.3 gives wrong values above 262,144 particles: of 600,000 it selects 21,386 stars where 27,088 are, with 21,174 not finite.
#[test]
fn auxiliary_arrays_above_262144_particles_are_read_by_position_unlike_yt() {
    const GAS: usize = 290_000;
    const TOTAL: usize = 600_000;
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("y.00001");
        let mut file = TipsyFile { time: 0.5, ..TipsyFile::default() };
        file.gas = vec![GasRecord::default(); GAS];
        file.dark = vec![DarkRecord::default(); 10_000];
        file.stars = vec![StarRecord::default(); TOTAL - GAS - 10_000];
        write_snapshot(&path, &file, order).unwrap();
        let iron: Vec<f32> = (0..TOTAL).map(|i| i as f32 * 1e-9).collect();
        write_aux_f32(&dir.path().join("y.00001.FeMassFrac"), &iron, order).unwrap();
        let ids: Vec<i32> = (0..TOTAL as i32).rev().collect();
        write_aux_i32(&dir.path().join("y.00001.iord"), &ids, order).unwrap();
        let lines: Vec<String> = std::iter::once(TOTAL).chain(0..TOTAL).map(|n| n.to_string()).collect();
        std::fs::write(dir.path().join("y.00001.HI"), lines.join("\n") + "\n").unwrap();
        let s = opened(&path);
        for (family, first) in [(Family::Gas, 0), (Family::Stars, GAS + 10_000)] {
            let found = values(&*s, family, "x_fe");
            assert!(found.iter().zip(&iron[first..]).all(|(a, b)| *a == f64::from(*b)), "{family}");
        }
        let id = s.schema(Family::Stars).unwrap().index_of("id").unwrap();
        let last = s.read(Family::Stars, &[id], 299_999..300_000).unwrap();
        assert_eq!(last.column(0).as_primitive::<UInt64Type>().value(0), 0);
        let text = values(&*s, Family::Gas, "x_hi");
        assert!(text.iter().enumerate().all(|(i, v)| *v == i as f64));
    }
}

/// pynbody 2.8.0 reads N values of a vector of 3 N, and half of each 8-byte value of a big run.
#[test]
fn vectors_and_wide_arrays_of_tipsy_are_whole_unlike_pynbody() {
    for order in [ByteOrder::Big, ByteOrder::Little] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("v.00001");
        write_snapshot(&path, &small(3, 2, 4), order).unwrap();
        let write = |name: &str, head: &[u8], body: Vec<u8>| {
            std::fs::write(dir.path().join(format!("v.00001.{name}")), [head, &body].concat()).unwrap()
        };
        let count = order.u32_bytes(9);
        // Component k of particle i is i + k / 4.
        let value = |i: usize, k: usize| i as f64 + 0.25 * k as f64;
        let particles = || (0..9).flat_map(|i| (0..3).map(move |k| value(i, k)));
        let axes = || (0..3).flat_map(|k| (0..9).map(move |i| value(i, k)));
        write("acc2", &count, particles().flat_map(|v| order.u32_bytes((v as f32).to_bits())).collect());
        write("spin", &count, particles().flat_map(|v| order.f64_bytes(v)).collect());
        let text = |list: Vec<f64>| {
            std::iter::once("9".to_string()).chain(list.iter().map(|v| v.to_string())).collect::<Vec<_>>().join("\n") + "\n"
        };
        write("acc", b"", text(axes().collect()).into_bytes());
        write("iord", &count, (0..9u64).flat_map(|i| order.f64_bytes(f64::from_bits((1 << 40) + i))).collect());
        write("pot", &order.f64_bytes(f64::from_bits(9)), (0..9).flat_map(|i| order.f64_bytes(1.0 / f64::from(i + 3))).collect());
        let check = |names: [&str; 3]| {
            let s = opened(&path);
            for (family, first) in [(Family::Gas, 0), (Family::Dark, 3), (Family::Stars, 5)] {
                for name in names {
                    for (k, axis) in ["x", "y", "z"].into_iter().enumerate() {
                        let found = values(&*s, family, &format!("{name}_{axis}"));
                        assert!(
                            found.iter().enumerate().all(|(i, v)| *v == value(first + i, k)),
                            "{order:?} {family} {name} {axis}: {found:?}"
                        );
                    }
                }
                let id = s.schema(family).unwrap().index_of("id").unwrap();
                let batch = s.read(family, &[id], 1..2).unwrap();
                assert_eq!(batch.column(0).as_primitive::<UInt64Type>().value(0), (1 << 40) + first as u64 + 1);
            }
            s
        };
        let s = check(["acc2", "spin", "acc"]);
        let notes = s.info().notes.join("\n");
        assert!(notes.contains("vector `v.00001.acc2` is taken particle by particle, as ChaNGa writes"), "{notes}");
        let phi = s.schema(Family::Stars).unwrap().fields().iter().map(|f| f.name().clone()).find(|n| n.starts_with("pot"));
        assert_eq!(values(&*s, Family::Stars, &phi.expect("a second potential keeps its name"))[0], 1.0 / 8.0);
        // The run's own parameter says how vectors lie, in either kind of file.
        std::fs::write(dir.path().join("v.param"), "bPackedVector = 0\n").unwrap();
        write("acc2", &count, axes().flat_map(|v| order.u32_bytes((v as f32).to_bits())).collect());
        write("spin", &count, axes().flat_map(|v| order.f64_bytes(v)).collect());
        check(["acc2", "spin", "acc"]);
        std::fs::write(dir.path().join("v.param"), "bPackedVector = 1\n").unwrap();
        write("acc2", &count, particles().flat_map(|v| order.u32_bytes((v as f32).to_bits())).collect());
        write("spin", &count, particles().flat_map(|v| order.f64_bytes(v)).collect());
        write("acc", b"", text(particles().collect()).into_bytes());
        assert!(!check(["acc2", "spin", "acc"]).info().notes.iter().any(|n| n.contains("vector")));
    }
}

/// pynbody 2.8.0 takes every Tipsy header for 32 bytes: all values of a file without the pad are one field off.
#[test]
fn headers_of_28_bytes_are_read_unlike_pynbody() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.00001");
    write_snapshot(&path, &small(3, 2, 4), ByteOrder::Little).unwrap();
    let with = values(&*opened(&path), Family::Stars, "phi");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.drain(28..32);
    std::fs::write(&path, bytes).unwrap();
    let s = opened(&path);
    assert_eq!(values(&*s, Family::Stars, "phi"), with);
    assert!(s.info().attributes.contains(&("header_bytes".into(), "28".into())));
}

/// pynbody 2.8.0 rounds the units of a Tipsy run to five digits, 9e-5 in every velocity.
#[test]
fn tipsy_units_keep_all_digits_unlike_pynbody() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("u.00001");
    let mut file = small(1, 1, 1);
    file.time = 1.0;
    file.stars[0].vx = 1.0;
    write_snapshot(&path, &file, ByteOrder::Big).unwrap();
    std::fs::write(dir.path().join("u.param"), "dKpcUnit = 50000\ndMsolUnit = 1.57138e16\nbComove = 0\n").unwrap();
    // sqrt(G M / l), G = 4.300917270036279e-6 kpc km^2/s^2/Msun (CODATA 2018 G, IAU 2015 GM of the sun).
    near(values(&*opened(&path), Family::Stars, "vx")[0], (4.300917270036279e-6f64 * 1.57138e16 / 50000.0).sqrt(), 1e-7);
}

/// pynbody 2.8.0 gives u the factor a of its velocity unit: 0.8790 instead of 5.3094 km^2/s^2 at a = 0.166.
#[test]
fn internal_energy_of_gadget4_and_gizmo_has_no_factor_of_a_unlike_pynbody() {
    // A GADGET-4 layout at a = 0.5 without scaling attributes, and GIZMO's.
    let s = opened(&tiny("neutral_002.hdf5"));
    assert_eq!(s.info().scale_factor, Some(0.5));
    assert!(values(&*s, Family::Gas, "u").iter().enumerate().all(|(i, u)| *u == 100.0 * (i + 1) as f64));
    assert!(values(&*opened(&tiny("gizmo_005.hdf5")), Family::Gas, "u").iter().all(|u| *u == 1000.0));
    let Some(path) = shared("gadget4_hdf5/snapshot_000.hdf5") else { return };
    near(mean(&values(&*opened(&path), Family::Gas, "u")), 5.3094436, 1e-7);
    let Some(path) = shared("synthetic/gizmo/snapshot_500.hdf5") else { return };
    near(mean(&values(&*opened(&path), Family::Gas, "u")), 3632.3, 1e-5);
}

/// pynbody 2.8.0 does the same to GADGET binary files, and takes their lengths for Mpc: a file in kpc comes out 1000 times too large.
#[test]
fn gadget_binary_lengths_are_kpc_and_u_has_no_factor_of_a_unlike_pynbody() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("snap_001");
    std::fs::write(&path, Sample::small(ByteOrder::Little, 2).bytes()).unwrap();
    let s = opened(&path);
    // Particle 3 is at 3 kpc/h, with a = 0.8 and h = 0.5.
    near(values(&*s, Family::Gas, "x")[3], 3.0 * 0.8 / 0.5, 1e-7);
    assert_eq!(values(&*s, Family::Gas, "u")[3], 4000.0);
    assert!(s.info().notes.iter().any(|n| n.contains("name no units: kpc/h, 1e10 Msun/h, km/s assumed")), "{:?}", s.info().notes);
}

/// pynbody 2.8.0 gives SWIFT files the redshift 1/(1 + a).
#[test]
fn the_redshift_of_swift_is_one_over_a_less_one_unlike_pynbody() {
    let s = opened(&tiny("swift_0009.hdf5"));
    assert_eq!(s.info().scale_factor, Some(0.5));
    let dir = tempfile::tempdir().unwrap();
    let dataset = dir.path().join("s.spolia");
    // The kinds of that file share their identifiers, which an ingest refuses unless it is told to keep what is doubtful.
    let options =
        spolia::ingest::run::IngestOptions { open: OpenOptions { keep_doubtful: true, ..OpenOptions::default() }, ..Default::default() };
    spolia::ingest::run::ingest(&[tiny("swift_0009.hdf5")], &dataset, &options, &spolia::progress::Silent).unwrap();
    assert_eq!(spolia::table::Dataset::open(&dataset).unwrap().manifest().snapshots[0].redshift, Some(1.0));
}

/// pynbody 2.8.0 counts wind-phase cells as stars, whose ages become NaN.
#[test]
fn winds_are_gas_and_ages_are_numbers_unlike_pynbody() {
    let s = opened(&tiny("many_012.0.hdf5"));
    let ages = values(&*s, Family::Stars, "age");
    assert!(ages.len() == 32 && ages.iter().all(|age| *age > 0.0), "8 of 40 are winds: {}", ages.len());
    assert_eq!(s.rows(Family::Gas), 12 + 8);
    let Some(path) = shared("synthetic/tng/snapdir_084") else { return };
    let s = opened(&path);
    assert_eq!((s.rows(Family::Stars), s.rows(Family::Gas)), (500, 320));
    near(mean(&values(&*s, Family::Stars, "age")), 5.66, 1e-3);
}

/// pynbody 2.8.0 sizes particle groups by ParticleIDs and fails with IndexError on files that were cut without them.
#[test]
fn files_without_identifiers_or_with_headers_of_others_are_read_unlike_pynbody() {
    for (file, rows) in [("arepo_hdf5/reduced_snap_247.hdf5", 12_515), ("camels_tng_hdf5/camels_snap.hdf5", 269)] {
        let Some(path) = shared(file) else { return };
        assert_eq!(opened(&path).rows(Family::Gas), rows);
    }
}

/// A cut-out whose header was copied from one file of a large run: fewer rows than it says, no gas, no mass table.
#[test]
fn cut_outs_with_copied_headers_open_with_a_note() {
    let s = opened(&tiny("cutout_099.hdf5"));
    assert_eq!(s.info().rows, [(Family::Stars, 5), (Family::Dark, 12)]);
    let notes = s.info().notes.join("\n");
    assert!(notes.contains("this is a cut-out: it holds 12 of type 1, 5 of type 4, while its header counts"), "{notes}");
    assert!(notes.contains("PartType1 has neither masses nor an entry in MassTable"), "{notes}");
    assert!(s.schema(Family::Dark).unwrap().index_of("mass").is_err());
    // Position of row 11: 12 (k + 1) / 8 in kpc/h at a = 0.5.
    near(values(&*s, Family::Dark, "z")[11], 4.5 * 0.5 / 0.7 * 3.085678e21 / spolia::constants::KPC_CM, 1e-6);
}

/// The sun of a file in its own units: 1.989e33 g is 3e-4 above the IAU value, in every mass.
#[test]
fn the_solar_mass_of_the_file_is_honoured_unlike_pynbody() {
    let s = opened(&tiny("many_012.0.hdf5"));
    near(values(&*s, Family::Stars, "mass")[0], 0.125e10 / 0.7 * 1.989e33 / SOLAR_MASS_G, 1e-7);
    assert!((1.989e33f64 / SOLAR_MASS_G - 1.0).abs() > 2.9e-4);
}

/// Temperatures: pynbody's carry the spurious factor of u; here they follow the written formula, and notes say what was assumed.
#[test]
fn temperatures_follow_from_u_with_what_was_assumed_in_a_note() {
    // T = 2/3 u mu m_p / k_B with mu = 4 / (1 + 3 X + 4 X x_e).
    let kelvin = |u: f64, x_e: f64, x: f64| 2.0 / 3.0 * u * 1e10 * 4.0 / (1.0 + 3.0 * x + 4.0 * x * x_e) * PROTON_MASS_G / BOLTZMANN_ERG_K;
    let s = opened(&tiny("neutral_002.hdf5"));
    let found = values(&*s, Family::Gas, "temperature");
    // Without x_e: neutral below 1e4 K, all electrons of hydrogen and helium (1 + Y / 2 X) from there on.
    found.iter().enumerate().for_each(|(i, t)| {
        let (u, all) = (100.0 * (i + 1) as f64, 1.0 + 0.24 / 1.52);
        near(*t, kelvin(u, all, 0.76).max(kelvin(u, 0.0, 0.76).min(1e4)), 1e-6);
    });
    let notes = s.info().notes.join("\n");
    assert!(
        notes.contains("no electron abundance") && notes.contains("hydrogen fraction 0.76") && notes.contains("neutral gas below 1e4 K"),
        "{notes}"
    );
    let field = s.schema(Family::Gas).unwrap().field_with_name("temperature").unwrap().clone();
    assert!(unit_of(&field) == "K" && field.metadata()[DESCRIPTION].contains("neutral below 1e4 K"), "{field:?}");
    // GIZMO: helium 1/64 and no metals in the columns that count, so X = 1 - 0 - 1/64.
    let s = opened(&tiny("gizmo_005.hdf5"));
    values(&*s, Family::Gas, "temperature").iter().for_each(|t| near(*t, kelvin(1000.0, 1.25, 1.0 - 1.0 / 64.0), 1e-6));
    assert!(
        s.info().notes.iter().any(|n| n.contains("computed from u and x_e with the hydrogen fraction of the file")),
        "{:?}",
        s.info().notes
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("snap_001");
    let mut sample = Sample::small(ByteOrder::Little, 2);
    std::fs::write(&path, sample.bytes()).unwrap();
    let s = opened(&path);
    values(&*s, Family::Gas, "temperature")
        .iter()
        .enumerate()
        .for_each(|(i, t)| near(*t, kelvin(1000.0 * (i + 1) as f64, 1.0, 0.76), 1e-6));
    assert!(s.info().notes.iter().any(|n| n.contains("from u and x_e with hydrogen fraction 0.76")), "{:?}", s.info().notes);
    sample.blocks.retain(|(label, _)| !["NE  ", "NH  "].contains(label));
    std::fs::write(&path, sample.bytes()).unwrap();
    let s = opened(&path);
    values(&*s, Family::Gas, "temperature")
        .iter()
        .enumerate()
        .for_each(|(i, t)| near(*t, kelvin(1000.0 * (i + 1) as f64, 1.0 + 0.24 / 1.52, 0.76), 1e-6));
    assert!(s.info().notes.iter().any(|n| n.contains("no electron abundance")), "{:?}", s.info().notes);
    // What a file stores is left as it is.
    assert!(values(&*opened(&tiny("swift_0009.hdf5")), Family::Gas, "temperature").iter().all(|t| *t == 2e4));
}

/// A 104-byte record is of three kinds; the run's own description decides, else the identifiers do.
#[test]
fn star_formation_logs_of_every_record_length_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.00001");
    write_snapshot(&path, &small(1, 1, 2), ByteOrder::Big).unwrap();
    let doubles = [0.25, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.5, 7.0, 8.0];
    let narrow = |star: u32| [star.to_be_bytes(), 3u32.to_be_bytes()].concat();
    let wide = |star: u64| [star.to_be_bytes(), 3u64.to_be_bytes()].concat();
    let body = |more: &[f64]| doubles.iter().chain(more).flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
    let int = |v: u32| v.to_be_bytes().to_vec();
    for (size, records, column) in [
        (88u32, [7, 8].map(|id| [narrow(id), body(&[])].concat()), None),
        (96, [7, 8].map(|id| [narrow(id), body(&[0.5])].concat()), Some("x_h2_birth")),
        (96, [7u32, 8].map(|id| [wide(u64::from(id)), body(&[])].concat()), None),
        (100, [7, 8].map(|id| [narrow(id), body(&[0.5]), int(32)].concat()), Some("n_smooth")),
        (104, [7, 8].map(|id| [narrow(id), body(&[0.5]), int(32), int(0)].concat()), Some("n_smooth")),
        (104, [7u32, 8].map(|id| [wide(u64::from(id)), body(&[0.5])].concat()), Some("x_h2_birth")),
    ] {
        std::fs::write(dir.path().join("r.starlog"), [size.to_be_bytes().to_vec(), records.concat()].concat()).unwrap();
        let s = opened(&path);
        assert_eq!((values(&*s, Family::Births, "id"), values(&*s, Family::Births, "id_gas")), (vec![7.0, 8.0], vec![3.0, 3.0]), "{size}");
        let (time, mass) = (values(&*s, Family::Births, "t_birth"), values(&*s, Family::Births, "mass_birth"));
        assert_eq!((time, mass), (vec![0.25; 2], vec![0.5; 2]), "{size}");
        if let Some(column) = column {
            let expected = if column == "n_smooth" { 32.0 } else { 0.5 };
            assert_eq!(values(&*s, Family::Births, column), vec![expected; 2], "{size}");
        }
    }
}
