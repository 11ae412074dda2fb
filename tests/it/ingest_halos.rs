//! Halo catalogues and merger trees: samples with known values, companions of snapshots, damage, and SQL over what was ingested.
//!
//! Source     values of the samples' own list (read with pynbody 2.8 and numpy); `make_synthetic.py` for the synthetic galaxy
//! See also   `src/ingest/halos/`

use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float32Type, Float64Type, Int32Type, UInt64Type};
use spolia::ErrorKind;
use spolia::ingest::run::{IngestOptions, ingest};
use spolia::ingest::selection::Selection;
use spolia::ingest::{Family, HaloSource, OpenOptions, Snapshot, open, snapshots_in};
use spolia::progress::Silent;
use spolia::table::Dataset;

use crate::shared::snapshots as samples;

fn opened(path: &Path) -> Arc<dyn Snapshot> {
    open(path, &OpenOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn with_hubble(path: &Path, hubble: f64) -> Arc<dyn Snapshot> {
    open(path, &OpenOptions { hubble: Some(hubble), ..OpenOptions::default() }).unwrap_or_else(|e| panic!("{e}"))
}

fn table(snapshot: &dyn Snapshot, family: Family) -> RecordBatch {
    let columns: Vec<usize> = (0..snapshot.schema(family).unwrap_or_else(|e| panic!("{e}")).fields().len()).collect();
    snapshot.read(family, &columns, 0..snapshot.rows(family)).unwrap()
}

fn whole(batch: &RecordBatch, name: &str) -> Vec<Option<u64>> {
    batch.column_by_name(name).unwrap_or_else(|| panic!("{name}")).as_primitive::<UInt64Type>().iter().collect()
}

fn real(batch: &RecordBatch, name: &str) -> Vec<f64> {
    batch.column_by_name(name).unwrap_or_else(|| panic!("{name}")).as_primitive::<Float64Type>().values().to_vec()
}

fn near(a: f64, b: f64, relative: f64) -> bool {
    (a / b - 1.0).abs() < relative
}

#[test]
fn ahf_beside_a_tipsy_snapshot_joins_it() {
    let Some(folder) = samples("synthetic/tipsy_std") else { return };
    let s = opened(&folder.join("galaxy.00064"));
    let rows: Vec<(Family, u64)> = s.info().rows.clone();
    assert!(
        rows.contains(&(Family::Stars, 500)) && rows.contains(&(Family::Halos, 2)) && rows.contains(&(Family::HaloMembers, 750)),
        "{rows:?}"
    );
    assert!(s.info().format.ends_with("with ahf"), "{}", s.info().format);
    let halos = table(s.as_ref(), Family::Halos);
    assert_eq!(whole(&halos, "halo_id"), [Some(1), Some(2)]);
    assert_eq!(whole(&halos, "parent_id"), [None, Some(1)], "host 0 is none where no halo is called 0");
    assert_eq!(whole(&halos, "n_particles"), [Some(650), Some(100)]);
    assert_eq!((whole(&halos, "n_gas"), whole(&halos, "n_stars")), (vec![Some(150), Some(0)], vec![Some(300), Some(60)]));
    let (a, h) = (0.8, 0.6774);
    let found = real(&halos, "mass");
    assert!(near(found[0], 6.1e11 / h, 1e-4) && near(found[1], 5e10 / h, 1e-4), "{found:?}");
    assert!(near(real(&halos, "radius")[0], 150.5 * a / h, 1e-4) && near(real(&halos, "x")[1], 12.5 * a / h, 1e-4));

    // Members have the ids of the snapshot: stars from 2001, dark matter from 1001, gas from 1.
    let members = table(s.as_ref(), Family::HaloMembers);
    let family = members.column_by_name("family").unwrap().as_string::<i32>();
    let (halo, id) = (whole(&members, "halo_id"), whole(&members, "id"));
    let of = |h: u64, name: &str| -> Vec<u64> {
        (0..members.num_rows()).filter(|i| halo[*i] == Some(h) && family.value(*i) == name).map(|i| id[i].unwrap()).collect()
    };
    assert_eq!((of(1, "stars"), of(1, "dark"), of(1, "gas")), ((2001..2301).collect(), (1001..1201).collect(), (1..151).collect()));
    assert_eq!((of(2, "stars"), of(2, "dark"), of(2, "gas")), ((2301..2361).collect(), (1201..1241).collect::<Vec<_>>(), vec![]));

    let tree = table(s.as_ref(), Family::MergerTree);
    assert_eq!(whole(&tree, "halo_id"), [Some(11), Some(12), Some(13)]);
    assert_eq!(whole(&tree, "descendant_id"), [Some(1), Some(1), Some(2)]);
    assert!(near(real(&tree, "merit")[0], 500.0 * 500.0 / (650.0 * 600.0), 1e-14));

    let alone = open(&folder.join("galaxy.00064"), &OpenOptions { halos: HaloSource::None, ..OpenOptions::default() }).unwrap();
    assert!(alone.info().rows.iter().all(|(f, _)| !f.is_halos()));
}

#[test]
fn the_particles_of_a_halo_are_those_inside_its_radius() {
    let Some(folder) = samples("synthetic/tipsy_std") else { return };
    let whole_snapshot = opened(&folder.join("galaxy.00064"));
    let halos = table(&*whole_snapshot, Family::Halos);
    let ids = whole(&halos, "halo_id");
    for (row, id) in ids.iter().flatten().enumerate() {
        let centre = ["x", "y", "z"].map(|axis| real(&halos, axis)[row]);
        let radius = real(&halos, "radius")[row];
        let part = Selection { halo: Some(*id), ..Selection::default() }.of(whole_snapshot.clone()).unwrap_or_else(|e| panic!("{e}"));
        for family in [Family::Stars, Family::Gas, Family::Dark] {
            let batch = table(&*whole_snapshot, family);
            let axis = |name: &str| -> Vec<f64> {
                let column = arrow::compute::cast(batch.column_by_name(name).unwrap(), &arrow::datatypes::DataType::Float64).unwrap();
                column.as_primitive::<Float64Type>().values().to_vec()
            };
            let (x, y, z) = (axis("x"), axis("y"), axis("z"));
            let inside = (0..x.len())
                .filter(|i| ((x[*i] - centre[0]).powi(2) + (y[*i] - centre[1]).powi(2) + (z[*i] - centre[2]).powi(2)).sqrt() <= radius)
                .count();
            assert_eq!(part.rows(family), inside as u64, "halo {id}, {family}");
        }
    }
    let missing = Selection { halo: Some(12_345), ..Selection::default() }.of(whole_snapshot).expect_err("no such halo");
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let Some(bare) = samples("tipsy_changa/king_soft.bin") else { return };
    let error = Selection { halo: Some(1), ..Selection::default() }.of(opened(&bare)).expect_err("no catalogue");
    assert!(error.to_string().contains("--halos"), "{error}");
}

#[test]
fn ahf_opened_by_any_of_its_files_finds_the_snapshot() {
    let Some(folder) = samples("synthetic/tipsy_std") else { return };
    for part in ["halos", "particles", "substructure", "mtree"] {
        let s = opened(&folder.join(format!("galaxy.00064.z0.250.AHF_{part}")));
        assert_eq!((s.info().snap, s.rows(Family::Halos), s.rows(Family::HaloMembers), s.rows(Family::Stars)), (64, 2, 750, 0));
        assert_eq!(s.info().scale_factor, Some(0.8), "from the snapshot, not the name");
        assert_eq!(whole(&table(s.as_ref(), Family::HaloMembers), "id")[0], Some(2001));
    }
}

#[test]
fn real_ahf_tables_keep_every_column_and_64_bit_identifiers() {
    let Some(folder) = samples("ahf") else { return };
    for (name, ids, parents) in [
        ("pioneer50h128.1536gst1.bwK1.000832.z2.323.AHF_halos", [0, 1, 2, 3], [None, None, Some(0), Some(0)]),
        ("pioneer50h128MPI.1536gst1.bwK1.000832.z2.323.AHF_halos", [32425324, 8712365, 3478612, 907234568], [None, None, None, None]),
    ] {
        let error = open(&folder.join(name), &OpenOptions::default()).unwrap_err();
        assert!(error.kind() == ErrorKind::Usage && error.to_string().contains("--hubble"), "{error}");
        let s = with_hubble(&folder.join(name), 0.6777);
        assert_eq!((s.info().snap, s.rows(Family::Halos)), (832, 4));
        assert!(near(s.info().scale_factor.unwrap(), 1.0 / 3.323, 1e-12));
        let halos = table(s.as_ref(), Family::Halos);
        assert_eq!(whole(&halos, "halo_id"), ids.map(Some));
        assert_eq!(whole(&halos, "parent_id"), parents);
        assert_eq!(whole(&halos, "n_particles")[0], Some(5900575));
        assert!(near(real(&halos, "mass")[0], 5.02432e11 / 0.6777, 1e-12));
        assert!(near(real(&halos, "x")[0], 18491.88354415 / 3.323 / 0.6777, 1e-12));
        // 83 columns, and the mass of dark matter, which AHF does not list.
        assert_eq!(halos.num_columns(), 84);
    }
    let s = with_hubble(&folder.join("tiny.000832.z1.512.AHF_mtree"), 0.7);
    let halos = table(s.as_ref(), Family::Halos);
    assert_eq!((whole(&halos, "halo_id").len(), whole(&halos, "n_stars")[0]), (9, Some(364232)));
    assert!(near(real(&halos, "mass_dark")[0], (2.34068e11 - 2.40191e10 - 1.17e10) / 0.7, 1e-12));
    let tree = table(s.as_ref(), Family::MergerTree);
    assert_eq!(tree.num_rows(), 11);
    let main: Vec<bool> = tree.column_by_name("is_main_progenitor").unwrap().as_boolean().iter().flatten().collect();
    assert_eq!(main, [true, false, false, true, false, true, true, true, true, true, true]);
    assert!(s.info().notes.iter().any(|n| n == "1 haloes of the merger tree have no progenitor"), "{:?}", s.info().notes);
}

#[test]
fn statistics_of_groups_are_physical_already() {
    let Some(folder) = samples("ahf") else { return };
    let s = opened(&folder.join("h242.cosmo50PLK.1536g1bwK1C52.004096.amiga.stat"));
    let halos = table(s.as_ref(), Family::Halos);
    assert_eq!((s.info().snap, whole(&halos, "halo_id")[..4].to_vec()), (4096, [1, 49, 52, 58].map(Some).to_vec()));
    assert_eq!((whole(&halos, "n_particles")[0], whole(&halos, "n_dark")[0]), (Some(3273314), Some(826603)));
    assert_eq!((real(&halos, "mass")[0], real(&halos, "mass_stars")[1], real(&halos, "radius")[0]), (1.1228228e12, 7.0356591e8, 273.3806));
    let contaminated: Vec<bool> = halos.column_by_name("contaminated").unwrap().as_boolean().iter().flatten().take(4).collect();
    assert_eq!(contaminated, [true, false, false, true]);
}

#[test]
fn a_real_tipsy_run_has_its_haloes() {
    let Some(folder) = samples("tipsy_tangos") else { return };
    let s = opened(&folder.join("tiny.000640"));
    let halos = table(s.as_ref(), Family::Halos);
    let (a, h) = (0.25228136787, 0.67269588);
    assert_eq!(whole(&halos, "n_particles")[0], Some(2604573));
    assert!(near(real(&halos, "mass")[0], 2.34068e11 / h, 2e-4) && near(real(&halos, "radius")[0], 152.4 * a / h, 2e-4));
    // The groups of each particle are a column of the particles.
    let dark = s.schema(Family::Dark).unwrap().index_of("halo_id").unwrap();
    let groups = s.read(Family::Dark, &[dark], 0..s.rows(Family::Dark)).unwrap();
    let mut in_group = 0;
    for family in [Family::Gas, Family::Dark, Family::Stars] {
        let column = s.schema(family).unwrap().index_of("halo_id").unwrap();
        let batch = s.read(family, &[column], 0..s.rows(family)).unwrap();
        in_group += batch.column(0).as_primitive::<Int32Type>().values().iter().filter(|g| **g == 0).count();
    }
    assert_eq!((groups.num_rows(), in_group), (3078, 200));
}

#[test]
fn rockstar_samples_have_their_values() {
    let Some(folder) = samples("rockstar_tangos") else { return };
    for (name, snap, haloes, members, a) in [("halos_13.1.bin", 13, 477, 31308, 0.25430828), ("halos_14.0.bin", 14, 508, 30509, 0.30924950)]
    {
        let s = opened(&folder.join(name));
        assert_eq!((s.info().snap, s.rows(Family::Halos), s.rows(Family::HaloMembers)), (snap, haloes, members));
        assert!(near(s.info().scale_factor.unwrap(), a, 1e-7));
        assert_eq!(s.info().cosmology.as_ref().unwrap().h, 0.701);
        assert!(near(s.info().box_kpc.unwrap(), 50e3 * a / 0.701, 1e-6));
    }
    let s = opened(&folder.join("halos_14.0.bin"));
    let halos = table(s.as_ref(), Family::Halos);
    assert_eq!(whole(&halos, "n_particles")[..3], [Some(84), Some(29), Some(32)]);
    for (row, mass) in [1.2918922e11, 5.5366808e10, 5.5366808e10].into_iter().enumerate() {
        assert!(near(real(&halos, "mass")[row], mass / 0.701, 1e-6));
    }
    assert!(near(real(&halos, "v_max")[0], 124.2975, 1e-6) && near(real(&halos, "radius")[0], 129.1864 * 0.3092495 / 0.701, 1e-6));
    let members = table(s.as_ref(), Family::HaloMembers);
    assert_eq!(whole(&members, "id")[..5], [84532, 2869, 3125, 35765, 35123].map(Some));
    assert_eq!(whole(&members, "halo_id").iter().filter(|h| **h == Some(0)).count(), 84);
    assert!(opened(&folder.join("halos_13.1.bin")).info().notes.iter().any(|n| n.starts_with("chunk 0 of the catalogue")));
}

#[test]
fn lists_and_trees_of_consistent_trees() {
    let Some(folder) = samples("rockstar_tangos") else { return };
    let s = opened(&folder.join("out_14.list"));
    let halos = table(s.as_ref(), Family::Halos);
    assert_eq!((s.info().snap, whole(&halos, "halo_id")[0], whole(&halos, "descendant_id")[0]), (14, Some(520), Some(686)));
    assert!(near(real(&halos, "mass")[0], 1.8774e13 / 0.701, 1e-12) && near(real(&halos, "x")[0], 9936.15 * 0.309249 / 0.701, 1e-12));
    assert_eq!(
        s.rows(Family::Halos) as usize,
        std::fs::read_to_string(folder.join("out_14.list")).unwrap().lines().filter(|l| !l.starts_with('#')).count()
    );
    assert!(s.rows(Family::Halos) > opened(&folder.join("out_13.list")).rows(Family::Halos));

    for (number, a) in [(13, 0.254308), (14, 0.309249)] {
        let s = with_hubble(&folder.join(format!("outputs/really_consistent_{number}.list")), 0.701);
        assert_eq!((s.info().snap, s.info().scale_factor), (number, Some(a)), "from scales.txt");
        let halos = table(s.as_ref(), Family::Halos);
        if number == 14 {
            continue;
        }
        assert!(halos.column_by_name("parent_id").is_some());
    }

    // The sample was cut by hand: it says 5450 trees and holds one, which is what a truncated file looks like.
    let path = folder.join("trees/tree_0_0_0.dat");
    let error = open(&path, &OpenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("expected 5450, found 1") && error.contains("--keep-doubtful"), "{error}");
    let keeping = OpenOptions { keep_doubtful: true, ..OpenOptions::default() };
    let s = open(&path, &keeping).unwrap_or_else(|e| panic!("{e}"));
    assert!(s.info().notes.iter().any(|n| n.contains("1 of the 5450 trees")), "{:?}", s.info().notes);
    let tree = table(s.as_ref(), Family::MergerTree);
    assert_eq!(whole(&tree, "halo_id"), [12985, 11423, 14175, 10985, 17081, 19718, 19129, 17082].map(Some));
    assert_eq!(whole(&tree, "descendant_id")[..5], [Some(17081), Some(19718), Some(19718), Some(17082), None]);
    assert_eq!(whole(&tree, "descendant_id")[5..], [None; 3]);
    // Haloes of the tree are those of the lists, all of them: those with a descendant in list 13, their descendants in list 14.
    let listed = |number: u32| {
        let s = with_hubble(&folder.join(format!("outputs/really_consistent_{number}.list")), 0.701);
        whole(&table(s.as_ref(), Family::Halos), "halo_id")
    };
    let (before, after) = (listed(13), listed(14));
    let mut all: Vec<Option<u64>> = before.iter().chain(&after).copied().collect();
    let mut found = whole(&tree, "halo_id");
    all.sort();
    found.sort();
    assert_eq!(found, all);
    let rows = whole(&tree, "halo_id").into_iter().zip(whole(&tree, "descendant_id"));
    for (halo, descendant) in rows {
        match descendant {
            None => assert!(after.contains(&halo), "{halo:?}"),
            Some(_) => assert!(before.contains(&halo) && after.contains(&descendant), "{halo:?} {descendant:?}"),
        }
    }
    assert!(near(real(&tree, "mass")[2], 2e10 / 0.701, 1e-12) || near(real(&tree, "sam_mvir")[2], 2e10 / 0.701, 1e-12));
    assert!(s.info().notes.iter().any(|n| n.starts_with("rows hold only the first 11 of")), "{:?}", s.info().notes);
}

#[test]
fn tng_groups_and_trees_join_their_snapshot() {
    let Some(folder) = samples("synthetic/tng") else { return };
    let s = opened(&folder.join("snapdir_084/snap_084.1.hdf5"));
    assert_eq!((s.rows(Family::Stars), s.rows(Family::Halos), s.rows(Family::MergerTree)), (500, 3, 5));
    assert_eq!(s.rows(Family::HaloMembers), (300 + 400 + 520 + 1) + (200 + 300 + 400 + 1) + (50 + 60 + 90));
    let halos = table(s.as_ref(), Family::Halos);
    let group = 1_000_000_000_000;
    assert_eq!(whole(&halos, "halo_id"), [Some(group), Some(0), Some(1)]);
    assert_eq!(whole(&halos, "parent_id"), [None, Some(group), Some(group)]);
    let (a, h) = (0.8, 0.6774);
    let mass = real(&halos, "mass");
    assert!(near(mass[0], 90e10 / h, 1e-6) && near(mass[1], 80e10 / h, 1e-6) && near(mass[2], 9e10 / h, 1e-6), "{mass:?}");
    let x = halos.column_by_name("x").unwrap().as_primitive::<Float32Type>();
    assert!(near(f64::from(x.value(2) - x.value(1)), 30.0 * a / h, 1e-4));
    assert_eq!(whole(&halos, "id_most_bound")[1..], [Some(2001), Some(2450)]);

    // Identifiers of members are those of the particle tables, winds among the gas.
    let members = table(s.as_ref(), Family::HaloMembers);
    let family = members.column_by_name("family").unwrap().as_string::<i32>();
    let (halo, id) = (whole(&members, "halo_id"), whole(&members, "id"));
    for (name, table_family) in
        [("stars", Family::Stars), ("gas", Family::Gas), ("dark", Family::Dark), ("black_holes", Family::BlackHoles)]
    {
        let column = s.schema(table_family).unwrap().index_of("id").unwrap();
        let mut all = whole(&s.read(table_family, &[column], 0..s.rows(table_family)).unwrap(), "id");
        let mut found: Vec<Option<u64>> =
            (0..members.num_rows()).filter(|i| halo[*i] == Some(group) && family.value(*i) == name).map(|i| id[i]).collect();
        all.sort();
        found.sort();
        assert_eq!(all, found, "the group holds every particle of {name}");
    }
    let tree = table(s.as_ref(), Family::MergerTree);
    assert_eq!(whole(&tree, "descendant_id"), [None, Some(0), Some(0), Some(0), Some(1)]);
    let snaps: Vec<i32> = tree.column_by_name("snap").unwrap().as_primitive::<Int32Type>().values().to_vec();
    assert_eq!(snaps, [84, 83, 82, 83, 82]);
    assert!(near(real(&tree, "mass")[1], 60e10 / h, 1e-6), "h is the snapshot's");

    assert_eq!(snapshots_in(&folder).unwrap().len(), 1, "catalogues are no snapshots where there are particles");
    let alone = opened(&folder.join("groups_084"));
    assert_eq!((alone.info().snap, alone.rows(Family::Halos), alone.rows(Family::HaloMembers)), (84, 3, 0));
    let error = open(&folder.join("sublink_tree_extended.0.hdf5"), &OpenOptions::default()).unwrap_err();
    assert!(error.to_string().contains("--hubble"), "{error}");
    assert_eq!(with_hubble(&folder.join("sublink_tree_extended.0.hdf5"), 0.6774).rows(Family::MergerTree), 5);
}

#[test]
fn a_catalogue_without_header_takes_everything_from_its_snapshot() {
    let Some(folder) = samples("camels_tng_hdf5") else { return };
    let (catalogue, particles) = (folder.join("camels_subhalo.hdf5"), folder.join("camels_snap.hdf5"));
    let check = |s: &dyn Snapshot, how: &str| {
        let halos = table(s, Family::Halos);
        assert_eq!(halos.num_rows(), 10, "{how}");
        let first = ["n_gas", "n_type_1", "n_stars", "n_type_5"].map(|name| whole(&halos, name)[..3].to_vec());
        let expected = [[64, 0, 25], [1595, 1238, 1220], [278, 656, 441], [1, 1, 1]].map(|row| row.map(Some).to_vec());
        assert_eq!(first, expected, "{how}");
        let sum = |name: &str| whole(&halos, name).iter().flatten().sum::<u64>();
        assert_eq!((sum("n_gas"), sum("n_stars")), (269, 3479), "{how}");
        // 87.77977 kpc/h, comoving, as h5py has it.
        let x = halos.column_by_name("x").unwrap().as_primitive::<Float32Type>().value(0);
        assert!(near(f64::from(x), 87.77977 * 0.909046978208372 / 0.6711, 1e-6), "{how}: {x}");
    };
    let named = OpenOptions { halos: HaloSource::At(vec![catalogue.clone()]), ..OpenOptions::default() };
    check(&*open(&particles, &named).unwrap_or_else(|e| panic!("{e}")), "named");
    let beside = opened(&particles);
    check(&*beside, "found beside the snapshot");
    assert_eq!((beside.rows(Family::Gas), beside.rows(Family::Stars)), (269, 3479));
    let alone = opened(&catalogue);
    check(&*alone, "alone, with the snapshot beside it");
    assert_eq!((alone.info().scale_factor, alone.rows(Family::Stars)), (Some(0.909046978208372), 0));
    assert!(alone.info().notes.iter().any(|n| n.contains("camels_snap.hdf5")), "{:?}", alone.info().notes);
    check(&*opened(&folder), "the folder");

    let lonely = tempfile::tempdir().unwrap();
    let path = lonely.path().join("camels_subhalo.hdf5");
    std::fs::copy(&catalogue, &path).unwrap();
    let error = open(&path, &OpenOptions::default()).unwrap_err();
    assert!(error.exit_code() == 2 && error.to_string().contains("--scale-factor 0.5"), "{error}");
    let error = open(&path, &OpenOptions::default().with("scale_factor = 0.5").unwrap()).unwrap_err();
    assert!(error.to_string().contains("--hubble"), "{error}");
    let told = OpenOptions::default().with("scale_factor = 0.909046978208372, hubble = 0.6711").unwrap();
    check(&*open(&path, &told).unwrap_or_else(|e| panic!("{e}")), "with the user's numbers");
}

#[test]
fn a_catalogue_without_header_is_ingested_alone_and_with_its_folder() {
    let Some(folder) = samples("camels_tng_hdf5") else { return };
    let dir = tempfile::tempdir().unwrap();
    for (source, rows) in
        [(folder.join("camels_subhalo.hdf5"), vec![("halos", 10)]), (folder, vec![("stars", 3479), ("gas", 269), ("halos", 10)])]
    {
        let out = dir.path().join(format!("{}.spolia", rows.len()));
        let report = ingest(&[source], &out, &IngestOptions::default(), &Silent).unwrap_or_else(|e| panic!("{e}"));
        let found: Vec<(&str, u64)> = report.snapshots[0].tables.iter().map(|t| (t.table.as_str(), t.rows)).collect();
        assert_eq!(found, rows);
    }
}

/// A copy of a folder's files.
fn copy(folder: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap().flatten().filter(|e| e.path().is_file()) {
        std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

#[test]
fn damaged_companions_are_errors_that_name_the_file() {
    let Some(folder) = samples("synthetic/tipsy_std") else { return };
    let dir = copy(&folder);
    let (particles, table) = ("galaxy.00064.z0.250.AHF_particles", "galaxy.00064.z0.250.AHF_halos");
    for (name, from, to, words) in [
        (particles, "650 1\n", "649 1\n", "AHF_particles"),
        (particles, "2\n650", "3\n650", "ends before its last halo"),
        (particles, "\n400 4\n", "\n400 1\n", "is no particle of the snapshot"),
        (particles, "\n400 4\n", "\n99999 4\n", "found 99999"),
        (table, "\t650\t", "\t651\t", "expected 651, found 650"),
        (table, "6.1e+11", "nan", "mass of a halo makes no sense"),
        (table, "\n2\t1", "\n1\t1", "members of one halo"),
    ] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let broken = text.replacen(from, to, 1);
        assert_ne!(text, broken);
        std::fs::write(dir.path().join(name), broken).unwrap();
        let result = open(&dir.path().join("galaxy.00064"), &OpenOptions::default());
        let error = result.err().unwrap_or_else(|| panic!("{from} to {to} was accepted"));
        let text_of_error = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
        assert!(text_of_error.contains("AHF_") && (text_of_error.contains(words) || words.starts_with("members")), "{error}");
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    std::fs::rename(dir.path().join(table), dir.path().join("galaxy.00064.z1.000.AHF_halos")).unwrap();
    let error = open(&dir.path().join("galaxy.00064"), &OpenOptions::default());
    // Members stay behind under the other name, so only the time tells.
    assert!(error.is_ok() || error.unwrap_err().kind() == ErrorKind::Mismatch);
}

#[test]
fn ingested_haloes_are_tables_of_the_dataset() {
    let Some(folder) = samples("synthetic/tipsy_std") else { return };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("galaxy.spolia");
    let report = ingest(&[folder.join("galaxy.00064")], &out, &IngestOptions::default(), &Silent).unwrap_or_else(|e| panic!("{e}"));
    let tables: Vec<&str> = report.snapshots[0].tables.iter().map(|t| t.table.as_str()).collect();
    assert_eq!(tables, ["stars", "gas", "dark", "births", "halos", "halo_members", "merger_tree"]);
    let dataset = Dataset::open(&out).unwrap();
    assert!(dataset.per_snapshot("halos").unwrap() && !dataset.per_snapshot("merger_tree").unwrap());
    let again = ingest(&[folder.join("galaxy.00064")], &out, &IngestOptions::default(), &Silent).unwrap();
    assert!(again.snapshots[0].unchanged);

    // The catalogue alone would replace the particles.
    let error = ingest(&[folder.join("galaxy.00064.z0.250.AHF_halos")], &out, &IngestOptions::default(), &Silent).unwrap_err();
    assert!(error.to_string().contains("--halos"), "{error}");
    #[cfg(feature = "sql")]
    joined(&out, &folder);
}

/// Two snapshots of one run, the trees of both in one table.
#[test]
fn trees_of_several_snapshots_are_one_table() {
    let Some(folder) = samples("synthetic/tipsy_std") else { return };
    let dir = copy(&folder);
    for entry in std::fs::read_dir(&folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().replace(".00064", ".00065");
        std::fs::copy(entry.path(), dir.path().join(name)).unwrap();
    }
    let tree = "2\n1 650 1\n600 1 650\n2 100 1\n95 2 100\n";
    std::fs::write(dir.path().join("galaxy.00065.z0.250.AHF_mtree"), tree).unwrap();
    let s = opened(&dir.path().join("galaxy.00065"));
    let found = table(s.as_ref(), Family::MergerTree);
    assert_eq!(found.column_by_name("snap").unwrap().as_primitive::<Int32Type>().values(), &[64, 64], "the catalogue before this one");
    let out = dir.path().join("galaxy.spolia");
    let sources = ["galaxy.00064", "galaxy.00065"].map(|n| dir.path().join(n));
    ingest(&sources, &out, &IngestOptions::default(), &Silent).unwrap_or_else(|e| panic!("{e}"));
    ingest(&sources[..1], &out, &IngestOptions::default(), &Silent).unwrap_or_else(|e| panic!("{e}"));
    let dataset = Dataset::open(&out).unwrap();
    let rows = |t: &str| dataset.files(t).iter().map(|f| (f.snap, f.rows)).collect::<Vec<_>>();
    assert_eq!((rows("merger_tree"), rows("halos")), (vec![(64, 3), (65, 2)], vec![(64, 2), (65, 2)]));
    #[cfg(feature = "sql")]
    {
        use spolia::sql::{Session, SessionOptions};
        let session = Session::new(SessionOptions::default()).unwrap();
        session.attach(&out).unwrap();
        let count = |sql: &str| session.query(sql).unwrap_or_else(|e| panic!("{sql}: {e}")).rows();
        assert_eq!(count("SELECT * FROM merger_tree"), 5, "all snapshots");
        // 1 at 65 <- 1 at 64 <- 11 before it, and the merger of 12 besides.
        assert_eq!(count("SELECT * FROM main_branch(1, 65)"), 2);
        assert_eq!(count("SELECT * FROM progenitors(1, 65)"), 3);
        assert_eq!(count("SELECT h.mass FROM halos@all h JOIN main_branch(1, 65) t ON h.halo_id = t.halo_id AND h.snap = t.snap"), 1);
    }
}

/// Members joined with stars, in the dataset and in the raw snapshot.
#[cfg(feature = "sql")]
fn joined(dataset: &Path, folder: &Path) {
    use spolia::sql::{Session, SessionOptions};
    for path in [dataset.to_path_buf(), folder.join("galaxy.00064")] {
        let session = Session::new(SessionOptions::default()).unwrap();
        session.attach(&path).unwrap();
        let answer = |sql: &str| -> Vec<Vec<String>> {
            let answer = session.query(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
            let show = |batch: &RecordBatch, row: usize| -> Vec<String> {
                batch.columns().iter().map(|c| arrow::util::display::array_value_to_string(c, row).unwrap()).collect()
            };
            answer.batches.iter().flat_map(|b| (0..b.num_rows()).map(|row| show(b, row)).collect::<Vec<_>>()).collect()
        };
        let rows = answer(
            "SELECT m.halo_id, count(*), min(s.id), max(s.id) FROM halo_members m JOIN stars s ON s.id = m.id WHERE m.family = 'stars' GROUP BY m.halo_id ORDER BY m.halo_id",
        );
        assert_eq!(rows, [["1", "300", "2001", "2300"], ["2", "60", "2301", "2360"]]);
        let rows = answer("SELECT halo_id, descendant_id, descendant_snap FROM merger_tree WHERE is_main_progenitor ORDER BY halo_id");
        assert_eq!(rows, [["11", "1", "64"], ["13", "2", "64"]]);
        let rows = answer("SELECT halo_id, n_shared FROM main_branch(1, 64)");
        assert_eq!(rows, [["11", "500"]]);
        let rows = answer("SELECT halo_id FROM progenitors(1) WHERE merit < 0.5 ORDER BY halo_id");
        assert_eq!(rows, [["12"]]);
        let rows = answer("SELECT DISTINCT descendant_id FROM progenitors('merger_tree', 2, 64)");
        assert_eq!(rows, [["2"]]);
        let error = session.query("SELECT * FROM main_branch(77, 64)").err().unwrap().to_string();
        assert!(error.contains("the merger tree has no halo 77 at snapshot 64"), "{error}");
        let error = session.query("SELECT * FROM main_branch('stars', 1)").err().unwrap().to_string();
        assert!(error.contains("is no merger tree"), "{error}");
        let rows = answer("SELECT count(*) FROM halos WHERE parent_id IS NULL AND mass > 5e11");
        assert_eq!(rows, [["1"]]);
    }
}

#[test]
fn particles_of_catalogues_have_no_family_of_their_own_in_the_whole_snapshot() {
    let Some(folder) = samples("synthetic/tipsy_std") else { return };
    let s = opened(&folder.join("galaxy.00064"));
    let particles: u64 = s.info().rows.iter().filter(|(f, _)| f.is_particles()).map(|(_, n)| n).sum();
    assert_eq!(particles, 1200);
    let float = s.schema(Family::Halos).unwrap().field_with_name("mass").unwrap().clone();
    assert_eq!(spolia::table::schema::unit_of(&float), "Msun");
}
