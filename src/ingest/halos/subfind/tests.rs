//! Tests of group catalogues, SubLink and LHaloTree on files that are written here.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, UInt64Type};
use hdf5_pure::{AttrValue, FileBuilder};

use super::lhalotree::LHaloTree;
use super::sublink::SubLink;
use super::*;
use crate::ErrorKind;
use crate::ingest::halos::catalogue::Catalogue;
use crate::ingest::{Family, Snapshot};

/// What a test changes in a catalogue of two groups and three subhaloes, in two files.
#[derive(Clone)]
struct Plan {
    groups_total: i64,
    group_of: [i32; 3],
    sub_lengths: [[i32; 6]; 3],
    sub_len: [i32; 3],
    mass: [f32; 3],
    hubble: bool,
}

const PLAN: Plan = Plan {
    groups_total: 2,
    group_of: [0, 0, 1],
    sub_lengths: [[1, 2, 0, 0, 1, 0], [0, 1, 0, 0, 1, 0], [0, 2, 0, 0, 0, 0]],
    sub_len: [4, 2, 2],
    mass: [3.0, 1.0, 2.0],
    hubble: true,
};

fn write(folder: &Path, plan: &Plan) -> PathBuf {
    for part in 0..2i64 {
        let mut file = FileBuilder::new();
        let mut header = file.create_group("Header");
        let (groups, subs) = if part == 0 { (2, 3) } else { (0, 0) };
        let stated = [
            ("Ngroups_ThisFile", groups),
            ("Ngroups_Total", plan.groups_total),
            ("Nsubgroups_ThisFile", subs),
            ("Nsubgroups_Total", 3),
            ("NumFiles", 2),
        ];
        for (name, value) in stated {
            header.set_attr(name, AttrValue::I64(value));
        }
        for (name, value) in [("Time", 0.5), ("Omega0", 0.3), ("OmegaLambda", 0.7), ("BoxSize", 1000.0)] {
            header.set_attr(name, AttrValue::F64(value));
        }
        if plan.hubble {
            header.set_attr("HubbleParam", AttrValue::F64(0.5));
        }
        file.add_group(header.finish());
        let mut group = file.create_group("Group");
        let mut sub = file.create_group("Subhalo");
        if part == 0 {
            group.create_dataset("GroupLenType").with_i32_data(&[2, 4, 0, 0, 3, 0, 0, 3, 0, 0, 0, 0]).with_shape(&[2, 6]);
            group.create_dataset("GroupLen").with_i32_data(&[9, 3]);
            group.create_dataset("GroupPos").with_f32_data(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).with_shape(&[2, 3]);
            group.create_dataset("GroupVel").with_f32_data(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).with_shape(&[2, 3]);
            group.create_dataset("Group_M_Crit200").with_f32_data(&[4.0, 2.0]);
            group.create_dataset("Group_R_Crit200").with_f32_data(&[10.0, 5.0]);
            sub.create_dataset("SubhaloLenType").with_i32_data(&plan.sub_lengths.concat()).with_shape(&[3, 6]);
            sub.create_dataset("SubhaloLen").with_i32_data(&plan.sub_len);
            sub.create_dataset("SubhaloGrNr").with_i32_data(&plan.group_of);
            sub.create_dataset("SubhaloPos").with_f32_data(&[1.0; 9]).with_shape(&[3, 3]);
            sub.create_dataset("SubhaloVel").with_f32_data(&[1.0; 9]).with_shape(&[3, 3]);
            sub.create_dataset("SubhaloMass").with_f32_data(&plan.mass);
            sub.create_dataset("SubhaloSFR").with_f32_data(&[0.5, 0.0, 0.0]);
        }
        file.add_group(group.finish());
        file.add_group(sub.finish());
        file.write(folder.join(format!("fof_subhalo_tab_007.{part}.hdf5"))).unwrap();
    }
    folder.join("fof_subhalo_tab_007.0.hdf5")
}

fn everything(c: &Catalogue, family: Family) -> RecordBatch {
    let columns: Vec<usize> = (0..c.schema(family).unwrap().fields().len()).collect();
    c.read(family, &columns, 0..c.rows(family)).unwrap()
}

fn load(plan: &Plan) -> Result<Catalogue> {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), plan);
    Subfind.load(&path, &Given::default()).map(Catalogue::new)
}

#[test]
fn groups_and_subhaloes_share_a_table() {
    let c = load(&PLAN).unwrap();
    assert_eq!((c.info().snap, c.info().scale_factor, c.info().files.len()), (7, Some(0.5), 2));
    assert_eq!(c.info().box_kpc, Some(1000.0));
    let batch = everything(&c, Family::Halos);
    let column = |name: &str| batch.column_by_name(name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(column("halo_id").as_primitive::<UInt64Type>().values(), &[GROUP_BASE, GROUP_BASE + 1, 0, 1, 2]);
    let parents: Vec<Option<u64>> = column("parent_id").as_primitive::<UInt64Type>().iter().collect();
    assert_eq!(parents, [None, None, Some(GROUP_BASE), Some(GROUP_BASE), Some(GROUP_BASE + 1)]);
    assert_eq!(column("mass").as_primitive::<Float64Type>().values(), &[8e10, 4e10, 6e10, 2e10, 4e10]);
    assert_eq!(column("n_particles").as_primitive::<UInt64Type>().values(), &[9, 3, 4, 2, 2]);
    assert_eq!(column("n_stars").as_primitive::<UInt64Type>().values(), &[3, 0, 1, 1, 0]);
    let x = column("x").as_primitive::<arrow::datatypes::Float32Type>();
    assert_eq!((x.value(0), x.value(1)), (1.0, 4.0), "0.5 / 0.5");
    assert_eq!(column("vx").as_primitive::<arrow::datatypes::Float32Type>().values(), &[2.0, 8.0, 1.0, 1.0, 1.0]);
    assert_eq!(column("radius").null_count(), 3);
    assert_eq!(crate::table::schema::unit_of(batch.schema().field_with_name("subhalo_sfr").unwrap()), "Msun/yr");
}

#[test]
fn contradictions_are_refused() {
    for (plan, words) in [
        (Plan { groups_total: 3, ..PLAN }, "another number of groups"),
        (Plan { group_of: [0, 0, 2], ..PLAN }, "group that is not there"),
        (Plan { group_of: [0, 1, 0], ..PLAN }, "not in the order of their groups"),
        (Plan { sub_len: [4, 2, 3], ..PLAN }, "do not add up"),
        (Plan { mass: [3.0, -1.0, 2.0], ..PLAN }, "mass of a halo makes no sense"),
        (Plan { hubble: false, ..PLAN }, "Hubble"),
    ] {
        let error = load(&plan).err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    }
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), &PLAN);
    std::fs::remove_file(dir.path().join("fof_subhalo_tab_007.1.hdf5")).unwrap();
    assert_eq!(Subfind.load(&path, &Given::default()).err().unwrap().kind(), ErrorKind::NotFound);
}

#[test]
fn members_follow_the_order_of_the_groups() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), &PLAN);
    let mut file = FileBuilder::new();
    let mut header = file.create_group("Header");
    header.set_attr("NumPart_ThisFile", AttrValue::I64Array(vec![2, 7, 0, 0, 3, 0]));
    for (name, value) in [("Time", 0.5), ("HubbleParam", 0.5), ("Omega0", 0.3), ("OmegaLambda", 0.7), ("BoxSize", 1000.0)] {
        header.set_attr(name, AttrValue::F64(value));
    }
    file.add_group(header.finish());
    for (name, ids) in [("PartType0", vec![1u64, 2]), ("PartType1", (11..18).collect()), ("PartType4", vec![41, 42, u64::MAX])] {
        let mut group = file.create_group(name);
        let n = ids.len();
        group.create_dataset("ParticleIDs").with_u64_data(&ids);
        group.create_dataset("Coordinates").with_f32_data(&vec![1.0; 3 * n]).with_shape(&[n as u64, 3]);
        group.create_dataset("Masses").with_f32_data(&vec![1.0; n]);
        if name == "PartType4" {
            group.create_dataset("GFM_StellarFormationTime").with_f32_data(&[0.4, -0.4, 0.3]);
        }
        file.add_group(group.finish());
    }
    let snap = dir.path().join("snap_007.hdf5");
    file.write(&snap).unwrap();
    let options = OpenOptions { halos: crate::ingest::HaloSource::None, ..OpenOptions::default() };
    let given = Given { snapshot: Some(crate::ingest::open(&snap, &options).unwrap()), options };
    let c = Catalogue::new(Subfind.load(&path, &given).unwrap());
    assert_eq!(c.rows(Family::HaloMembers), 12 + 8);
    let batch = everything(&c, Family::HaloMembers);
    let halo = batch.column(0).as_primitive::<UInt64Type>().values().to_vec();
    let id = batch.column(1).as_primitive::<UInt64Type>().values().to_vec();
    let of = |h: u64| -> Vec<u64> { halo.iter().zip(&id).filter(|(halo, _)| **halo == h).map(|(_, id)| *id).collect() };
    assert_eq!(of(GROUP_BASE), [1, 2, 11, 12, 13, 14, 41, 42, u64::MAX]);
    assert_eq!((of(GROUP_BASE + 1), of(0), of(1), of(2)), (vec![15, 16, 17], vec![1, 11, 12, 41], vec![13, 42], vec![15, 16]));
    let families = batch.column(2).as_string::<i32>();
    let wind = id.iter().position(|id| *id == 42).unwrap();
    assert_eq!((families.value(wind), families.value(wind - 1)), ("gas", "stars"));
    for start in 0..20 {
        for end in start..=20 {
            let part = c.read(Family::HaloMembers, &[1, 0], start..end).unwrap();
            assert_eq!(part.column(0).as_primitive::<UInt64Type>().values(), &id[start as usize..end as usize]);
        }
    }
    let greedy = Plan { sub_lengths: [[1, 2, 0, 0, 1, 0], [0, 3, 0, 0, 1, 0], [0, 2, 0, 0, 0, 0]], sub_len: [4, 4, 2], ..PLAN };
    let error = Subfind.load(&write(dir.path(), &greedy), &given).err().unwrap();
    assert!(error.to_string().contains("more particles than their group"), "{error}");
}

fn sublink(snaps: [i32; 4], nodes: [i64; 4]) -> Result<Catalogue> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tree_extended.hdf5");
    let mut file = FileBuilder::new();
    for (name, values) in [
        ("SubhaloID", nodes),
        ("DescendantID", [-1, 100, 101, 100]),
        ("FirstProgenitorID", [101, 102, -1, -1]),
        ("NextProgenitorID", [-1, 103, -1, -1]),
        ("LastProgenitorID", [103, 102, 102, 103]),
        ("MainLeafProgenitorID", [102, 102, 102, 103]),
        ("SubhaloIDRaw", [5_000_000_000_007, 4_000_000_000_008, 3_000_000_000_009, 4_000_000_000_010]),
    ] {
        file.create_dataset(name).with_i64_data(&values);
    }
    file.create_dataset("SnapNum").with_i32_data(&snaps);
    file.create_dataset("SubhaloMass").with_f32_data(&[4.0, 3.0, 2.0, 1.0]);
    file.write(&path).unwrap();
    let given = Given { options: OpenOptions { hubble: Some(0.5), ..OpenOptions::default() }, snapshot: None };
    assert!(SubLink.fits(&path, &std::fs::read(&path).unwrap()[..512]));
    SubLink.load(&path, &given).map(Catalogue::new)
}

#[test]
fn sublink_rows_have_their_descendants() {
    let c = sublink([5, 4, 3, 4], [100, 101, 102, 103]).unwrap();
    let batch = everything(&c, Family::MergerTree);
    let column = |name: &str| batch.column_by_name(name).unwrap();
    assert_eq!(column("halo_id").as_primitive::<UInt64Type>().values(), &[7, 8, 9, 10]);
    assert_eq!(column("snap").as_primitive::<Int32Type>().values(), &[5, 4, 3, 4]);
    let descendants: Vec<Option<u64>> = column("descendant_id").as_primitive::<UInt64Type>().iter().collect();
    assert_eq!(descendants, [None, Some(7), Some(8), Some(7)]);
    let main: Vec<Option<bool>> = column("is_main_progenitor").as_boolean().iter().collect();
    assert_eq!(main, [None, Some(true), Some(true), Some(false)]);
    assert_eq!(column("mass").as_primitive::<Float64Type>().value(0), 8e10);
    assert!(sublink([5, 5, 3, 4], [100, 101, 102, 103]).err().unwrap().to_string().contains("not later"));
    assert!(sublink([5, 4, 3, 4], [100, 101, 102, 102]).err().unwrap().to_string().contains("there twice"));
}

#[test]
fn lhalotree_links_count_inside_their_tree() {
    let write = |descendant: [i32; 2]| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trees_sf1_007.0.hdf5");
        let mut file = FileBuilder::new();
        let mut header = file.create_group("Header");
        header.set_attr("HubbleParam", AttrValue::F64(0.5));
        header.create_dataset("TreeNHalos").with_i32_data(&[2, 2]);
        header.create_dataset("Redshifts").with_f64_data(&[3.0, 2.0, 1.0]);
        file.add_group(header.finish());
        for number in 0..2 {
            let mut tree = file.create_group(&format!("Tree{number}"));
            tree.create_dataset("Descendant").with_i32_data(&descendant);
            tree.create_dataset("FirstProgenitor").with_i32_data(&[1, -1]);
            tree.create_dataset("NextProgenitor").with_i32_data(&[-1, -1]);
            tree.create_dataset("SnapNum").with_i32_data(&[7, 6]);
            tree.create_dataset("SubhaloNumber").with_i32_data(&[10 * number, 10 * number + 1]);
            tree.create_dataset("SubhaloMass").with_f32_data(&[2.0, 1.0]);
            file.add_group(tree.finish());
        }
        file.write(&path).unwrap();
        assert!(
            LHaloTree.fits(&path, &std::fs::read(&path).unwrap()[..512]) && !Subfind.fits(&path, &std::fs::read(&path).unwrap()[..512])
        );
        LHaloTree.load(&path, &Given::default()).map(Catalogue::new)
    };
    let c = write([-1, 0]).unwrap();
    let batch = everything(&c, Family::MergerTree);
    let column = |name: &str| batch.column_by_name(name).unwrap();
    assert_eq!(column("halo_id").as_primitive::<UInt64Type>().values(), &[0, 1, 10, 11]);
    let descendants: Vec<Option<u64>> = column("descendant_id").as_primitive::<UInt64Type>().iter().collect();
    assert_eq!(descendants, [None, Some(0), None, Some(10)]);
    assert_eq!(column("tree_id").as_primitive::<UInt64Type>().values(), &[0, 0, 1, 1]);
    assert_eq!(column("mass").as_primitive::<Float64Type>().values(), &[4e10, 2e10, 4e10, 2e10]);
    assert!(write([-1, 2]).err().unwrap().to_string().contains("link leads out of its tree"));
}
