//! Any bytes as a halo catalogue or merger tree that is text or records: AHF, Amiga, Rockstar, consistent-trees.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;

/// Names that their programs give.
const NAMES: [&str; 10] = [
    "m.00001.z1.000.AHF_halos",
    "m.00001.z1.000.AHF_particles",
    "m.00001.z1.000.AHF_substructure",
    "m.00001.z1.000.AHF_mtree",
    "m.00001.z1.000.AHF_mtree_idx",
    "m.00001.z1.000.AHF_profiles",
    "m.00001.amiga.stat",
    "halos_7.0.bin",
    "out_3.list",
    "tree_0_0_0.dat",
];
/// A table that the other files of an AHF catalogue can belong to.
const HALOES: &str = "#ID(1) hostHalo(2) numSubStruct(3) Mvir(4) npart(5) Xc(6) Yc(7) Zc(8) Rvir(12)\n1 0 1 1e12 5 4 8 12 200\n2 1 0 1e9 3 1 1 1 10\n";

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, content)) = bytes.split_first() else { return };
    let target = *choice as usize % NAMES.len();
    NAMES.iter().for_each(|name| drop(std::fs::remove_file(shared::path(name))));
    if (1..6).contains(&target) {
        shared::put(NAMES[0], HALOES.as_bytes());
    }
    let path = shared::put(NAMES[target], content);
    let opened = if (1..6).contains(&target) { shared::path(NAMES[0]) } else { path };
    shared::read(&opened, content.len() + HALOES.len());
});
