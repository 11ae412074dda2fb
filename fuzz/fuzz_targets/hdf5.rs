//! Any bytes as an HDF5 file: a snapshot of particles, a group catalogue, a merger tree.
#![no_main]

mod shared;

use libfuzzer_sys::fuzz_target;

/// Names that some reader looks at once the bytes are recognised.
const NAMES: [&str; 4] = ["snap_001.hdf5", "fof_subhalo_tab_001.hdf5", "tree_extended.hdf5", "trees_sf1_001.0.hdf5"];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, content)) = bytes.split_first() else { return };
    let target = *choice as usize % NAMES.len();
    NAMES.iter().enumerate().filter(|(number, _)| *number != target).for_each(|(_, name)| drop(std::fs::remove_file(shared::path(name))));
    shared::read(&shared::put(NAMES[target], content), content.len());
});
