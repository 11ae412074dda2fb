//! EAGLE's groups, subhaloes and their particles, beside a snapshot and alone; values follow tests/data/make_hdf5.py.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float32Type, Float64Type, UInt64Type};
use spolia::ingest::run::{IngestOptions, ingest};
use spolia::ingest::{Family, OpenOptions, Snapshot, open, snapshots_in};
use spolia::progress::Silent;
use spolia::table::schema::unit_of;

/// Groups have this plus their GroupNumber.
const BASE: u64 = 1_000_000_000_000;
/// Mass unit of the file in solar masses: 1e10 of 1.989e33 g.
const MASS: f64 = 1e10 * 1.989 / 1.988_409_870_698_051;

fn run() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/eagle")
}

fn opened(path: &Path) -> Arc<dyn Snapshot> {
    open(path, &OpenOptions::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn table(snapshot: &dyn Snapshot, family: Family) -> RecordBatch {
    let columns: Vec<usize> = (0..snapshot.schema(family).unwrap().fields().len()).collect();
    snapshot.read(family, &columns, 0..snapshot.rows(family)).unwrap()
}

fn whole(batch: &RecordBatch, name: &str) -> Vec<Option<u64>> {
    batch.column_by_name(name).unwrap_or_else(|| panic!("{name}")).as_primitive::<UInt64Type>().iter().collect()
}

fn near(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < 1e-6
}

#[test]
fn groups_and_subhaloes_of_several_files_join_their_snapshot() {
    let s = opened(&run().join("snapshot_005_z001p000/snap_005_z001p000.0.hdf5"));
    assert_eq!(s.info().snap, 5);
    assert!(s.info().format.contains("eagle-subfind (2 groups, 3 subhaloes, 2 files)"), "{}", s.info().format);
    let halos = table(&*s, Family::Halos);
    assert_eq!(whole(&halos, "halo_id"), [BASE + 1, BASE + 2, 0, 1, 2].map(Some));
    assert_eq!(whole(&halos, "parent_id"), [None, None, Some(BASE + 1), Some(BASE + 1), Some(BASE + 2)]);
    assert_eq!(whole(&halos, "n_particles"), [9, 5, 4, 4, 4].map(Some));
    assert_eq!(whole(&halos, "n_stars"), [None, None, Some(1), Some(1), Some(1)]);
    let doubles = |name: &str| halos.column_by_name(name).unwrap().as_primitive::<Float64Type>().values().to_vec();
    for (found, stored) in doubles("mass").iter().zip([3.5, 1.75, 2.0, 1.0, 1.5]) {
        assert!(near(*found, stored * MASS / 0.7), "{found} {stored}");
    }
    for (found, stored) in doubles("mass_stars")[2..].iter().zip([4.0, 10.0, 16.0]) {
        assert!(near(*found, stored / 16.0 * MASS / 0.7), "{found}");
    }
    // 0.5 / 0.7 of 1/8 Mpc, then 2/8.
    let x = doubles("x");
    assert!(near(x[0], 125.0 * 0.5 / 0.7) && near(x[4], 250.0 * 0.5 / 0.7), "{x:?}");
    let single = |name: &str, row: usize| f64::from(halos.column_by_name(name).unwrap().as_primitive::<Float32Type>().value(row));
    assert!(near(single("radius", 1), 125.0 * 0.5 / 0.7) && near(single("r_max", 3), 250.0 * 0.5 / 0.7));
    assert_eq!((single("v_max", 2), single("vy", 2)), (100.0, -25.0));
    assert!(near(single("kinetic_energy", 2), 8.0 * MASS / 0.7) && near(single("gas_spin_0", 2), 1000.0 * 0.5 / 0.7));
    for (name, unit) in [
        ("kinetic_energy", "Msun.km**2/s**2"),
        ("gas_spin_0", "kpc.km/s"),
        ("star_formation_rate", "Msun/yr"),
        ("aperture_measurements_mass_030kpc_4", "Msun"),
        ("stars_mass_weighted_entropy", "unknown"),
    ] {
        assert_eq!(unit_of(halos.schema().field_with_name(name).unwrap_or_else(|_| panic!("{name}"))), unit, "{name}");
    }
    assert!(s.info().notes.iter().any(|n| n.contains("Stars/MassWeightedEntropy stand for no known unit")), "{:?}", s.info().notes);
}

#[test]
fn members_are_those_of_group_number_and_sub_group_number() {
    let s = opened(&run().join("snapshot_005_z001p000/snap_005_z001p000.0.hdf5"));
    let members = table(&*s, Family::HaloMembers);
    let of = |halo: u64, family: &str| -> Vec<u64> {
        let families = members.column_by_name("family").unwrap().as_string::<i32>();
        let rows = whole(&members, "halo_id").into_iter().zip(whole(&members, "id")).zip(families);
        rows.filter(|((h, _), f)| *h == Some(halo) && *f == Some(family)).filter_map(|((_, id), _)| id).collect()
    };
    assert_eq!(of(BASE + 1, "gas"), [0, 1, 2]);
    assert_eq!(of(BASE + 1, "dark"), [1000, 1001, 1006, 1007]);
    assert_eq!(of(BASE + 2, "stars"), [4002]);
    assert_eq!(of(BASE + 2, "gas"), [3], "a negative GroupNumber is no member");
    assert_eq!((of(0, "gas"), of(1, "dark"), of(2, "dark")), (vec![0], vec![1006, 1007], vec![1002, 1003]));
    assert_eq!(members.num_rows(), 14 + 12);
    // Any cut gives the same rows.
    for cut in [1, 7, 13, 25] {
        let (head, tail) =
            (s.read(Family::HaloMembers, &[0, 1, 2], 0..cut).unwrap(), s.read(Family::HaloMembers, &[0, 1, 2], cut..26).unwrap());
        assert_eq!((head, tail), (members.slice(0, cut as usize), members.slice(cut as usize, 26 - cut as usize)));
    }
}

#[test]
fn the_catalogue_alone_and_in_a_dataset() {
    let alone = opened(&run().join("groups_005_z001p000/eagle_subfind_tab_005_z001p000.1.hdf5"));
    assert_eq!((alone.rows(Family::Halos), alone.rows(Family::HaloMembers)), (5, 0));
    assert!(near(alone.info().box_kpc.unwrap(), 10_000.0 * 0.5 / 0.7));
    assert_eq!(snapshots_in(&run()).unwrap().len(), 1);
    let dir = tempfile::tempdir().unwrap();
    let report = ingest(&[run()], &dir.path().join("e.spolia"), &IngestOptions::default(), &Silent).unwrap();
    let rows = |name: &str| report.snapshots[0].tables.iter().find(|t| t.table == name).map(|t| t.rows);
    assert_eq!((rows("halos"), rows("halo_members"), rows("gas")), (Some(5), Some(26), Some(6)));
}

#[test]
fn a_missing_file_and_particles_of_lost_groups_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let groups = dir.path().join("groups_005_z001p000");
    let snapshot = dir.path().join("snapshot_005_z001p000");
    for folder in [&groups, &snapshot] {
        std::fs::create_dir(folder).unwrap();
        for entry in std::fs::read_dir(run().join(folder.file_name().unwrap())).unwrap().flatten() {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    let file = groups.join("eagle_subfind_tab_005_z001p000.0.hdf5");
    let second = groups.join("eagle_subfind_tab_005_z001p000.1.hdf5");
    std::fs::remove_file(&second).unwrap();
    let text = |path: &Path| open(path, &OpenOptions::default()).unwrap_err().to_string();
    assert!(text(&file).contains("expected 2 files as the header says"), "{}", text(&file));
    let beside = text(&snapshot.join("snap_005_z001p000.0.hdf5"));
    assert!(beside.contains("expected 2 files") && beside.contains("--no-halos"), "{beside}");
}
