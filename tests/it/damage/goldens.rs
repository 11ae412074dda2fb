//! Small whole snapshots of every format that holds particles.
//!
//! Source     tests/data for HDF5 and FITS; the others are written here
//! See also   `catalogues` for haloes and trees

use std::path::Path;

use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::*;

use super::{Golden, data};
use crate::ingest_gadget_binary::Sample;
use crate::ingest_tipsy::{pack, small};

/// Particles of the Tipsy snapshot: gas, dark, stars.
pub const COUNTS: [usize; 3] = [5, 7, 6];

/// Every file of a folder, `first` before the others.
pub fn taken(folder: &Path, first: &str) -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_by_key(|name| (name != first, name.clone()));
    names.into_iter().map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
}

/// A snapshot with arrays in binary and text, parameters and a log.
pub fn write_tipsy(folder: &Path, stem: &str, order: ByteOrder) {
    write_tipsy_of(COUNTS, folder, stem, order);
}

/// The same of another size: `counts` of gas, dark and stars, a multiple of 3 in all.
pub fn write_tipsy_of(counts: [usize; 3], folder: &Path, stem: &str, order: ByteOrder) {
    let [gas, dark, stars] = counts;
    let total = gas + dark + stars;
    let path = |ending: &str| folder.join(format!("{stem}.00001{ending}"));
    write_snapshot(&path(""), &small(gas, dark, stars), order).unwrap();
    write_aux_i32(&path(".iord"), &(0..total as i32).collect::<Vec<_>>(), order).unwrap();
    write_aux_f32(&path(".FeMassFrac"), &vec![1e-3; total], order).unwrap();
    std::fs::write(path(".OxMassFrac"), format!("{total}\n{}", "0.5\n".repeat(total))).unwrap();
    std::fs::write(path(".amiga.grp"), format!("{total}\n{}", "1\n2\n0\n".repeat(total / 3))).unwrap();
    let entries =
        [("dKpcUnit", "50000"), ("dMsolUnit", "1.57e16"), ("dHubble0", "2.8944"), ("dOmega0", "0.3"), ("dLambda", "0.7"), ("bComove", "1")];
    write_param(&folder.join(format!("{stem}.param")), &entries.map(|(k, v)| (k.to_string(), v.to_string()))).unwrap();
    let records: Vec<StarlogRecord> =
        (0..stars as i32).map(|i| StarlogRecord { id_star: 100 + i, id_gas: i, time: 0.1, mass: 1.0, ..Default::default() }).collect();
    write_starlog(&folder.join(format!("{stem}.starlog")), &records).unwrap();
}

pub fn tipsy(order: ByteOrder) -> Golden {
    let folder = tempfile::tempdir().unwrap();
    write_tipsy(folder.path(), "m", order);
    let name = if order == ByteOrder::Big { "tipsy, big-endian" } else { "tipsy, little-endian" };
    Golden::new(name, taken(folder.path(), "m.00001"))
}

pub fn tipsy_gzip() -> Golden {
    let folder = tempfile::tempdir().unwrap();
    write_tipsy(folder.path(), "m", ByteOrder::Big);
    for name in ["m.00001", "m.00001.iord", "m.00001.OxMassFrac", "m.starlog"] {
        pack(&folder.path().join(name));
    }
    Golden::new("tipsy, gzip", taken(folder.path(), "m.00001.gz"))
}

pub fn gadget_binary(order: ByteOrder, format: u32) -> Golden {
    let name = match (order, format) {
        (ByteOrder::Little, 1) => "gadget binary 1, little-endian",
        (ByteOrder::Big, 1) => "gadget binary 1, big-endian",
        (ByteOrder::Little, _) => "gadget binary 2, little-endian",
        (ByteOrder::Big, _) => "gadget binary 2, big-endian",
    };
    Golden::new(name, vec![("snap_001".into(), Sample::small(order, format).bytes())])
}

fn hdf5(name: &'static str, files: &[&str]) -> Golden {
    let read = |file: &&str| (file.to_string(), std::fs::read(data(&format!("hdf5/{file}"))).unwrap());
    Golden::new(name, files.iter().map(read).collect())
}

/// Particles in HDF5, one of each dialect and kind of storage.
pub fn hdf5_all() -> Vec<Golden> {
    vec![
        hdf5("gadget-4 hdf5, compressed", &["compressed_007.hdf5"]),
        hdf5("gadget-4 hdf5, big-endian", &["big_endian_003.hdf5"]),
        hdf5("gadget hdf5, isolated", &["isolated_001.hdf5"]),
        hdf5("arepo hdf5, three files", &["many_012.0.hdf5", "many_012.1.hdf5", "many_012.2.hdf5"]),
        hdf5("gizmo hdf5", &["gizmo_005.hdf5"]),
        hdf5("swift hdf5", &["swift_0009.hdf5"]),
        hdf5("eagle hdf5", &["eagle_028_z001p000.0.hdf5"]),
    ]
}

pub fn fits_all() -> Vec<Golden> {
    [("nihao fits, every kind of column", "kinds.fits"), ("nihao fits, variable columns", "variable.fits")]
        .map(|(name, file)| Golden::new(name, vec![(file.into(), std::fs::read(data(&format!("fits/{file}"))).unwrap())]))
        .into()
}

/// All of them.
pub fn particles() -> Vec<Golden> {
    let mut all = vec![tipsy(ByteOrder::Big), tipsy(ByteOrder::Little), tipsy_gzip()];
    for format in [1, 2] {
        all.extend([ByteOrder::Little, ByteOrder::Big].map(|order| gadget_binary(order, format)));
    }
    all.extend(hdf5_all());
    all.extend(fits_all());
    all
}
