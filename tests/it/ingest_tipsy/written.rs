//! What is written as Tipsy is what is read: all records and fields, any split of rows, gzip'ed files, and files for other readers.
//!
//! See also   `super` for real files, tests/peers/pynbody_reads_tipsy.py

use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, UInt64Type};
use spolia::ingest::run::{IngestOptions, ingest};
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::*;
use spolia::ingest::{Family, OpenOptions, open};
use spolia::progress::Silent;

use super::{close, column, extent, opened};
use crate::shared::snapshots as samples;

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
