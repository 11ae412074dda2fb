//! Tests of what contradicts itself in EAGLE's catalogues, on files that are written here.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, UInt64Type};
use hdf5_pure::{AttrValue, FileBuilder};

use super::*;
use crate::ErrorKind;
use crate::ingest::halos::catalogue::Catalogue;
use crate::ingest::{Family, Snapshot};

/// What a test changes in a catalogue of two groups and three subhaloes.
#[derive(Clone)]
struct Plan {
    total: i64,
    tasks: i64,
    group: [i32; 3],
    sub: [i32; 3],
    mass: [f32; 3],
    hubble: bool,
}

const PLAN: Plan = Plan { total: 3, tasks: 1, group: [1, 1, 2], sub: [0, 1, 0], mass: [3.0, 1.0, 2.0], hubble: true };

fn write(folder: &Path, plan: &Plan) -> PathBuf {
    let mut file = FileBuilder::new();
    let mut header = file.create_group("Header");
    let counts = [("Ngroups", 2), ("TotNgroups", 2), ("Nsubgroups", 3), ("TotNsubgroups", plan.total), ("NTask", plan.tasks)];
    for (name, value) in counts {
        header.set_attr(name, AttrValue::I64(value));
    }
    header.set_attr("ExpansionFactor", AttrValue::F64(0.5));
    if plan.hubble {
        header.set_attr("HubbleParam", AttrValue::F64(0.5));
    }
    file.add_group(header.finish());
    let mut groups = file.create_group("FOF");
    groups.create_dataset("GroupMass").with_f32_data(&[4.0, 2.0]);
    groups.create_dataset("GroupLength").with_i32_data(&[9, 3]);
    file.add_group(groups.finish());
    let mut subs = file.create_group("Subhalo");
    subs.create_dataset("GroupNumber").with_i32_data(&plan.group);
    subs.create_dataset("SubGroupNumber").with_i32_data(&plan.sub);
    subs.create_dataset("Mass").with_f32_data(&plan.mass);
    file.add_group(subs.finish());
    let path = folder.join("eagle_subfind_tab_005_z001p000.0.hdf5");
    file.write(&path).unwrap();
    path
}

fn load(plan: &Plan) -> Result<Catalogue> {
    let dir = tempfile::tempdir().unwrap();
    Eagle.load(&write(dir.path(), plan), &Given::default()).map(Catalogue::new)
}

#[test]
fn groups_count_from_one_and_values_without_factors_stay() {
    let catalogue = load(&PLAN).unwrap();
    assert_eq!((catalogue.info().snap, catalogue.info().scale_factor), (5, Some(0.5)));
    let columns: Vec<usize> = (0..catalogue.schema(Family::Halos).unwrap().fields().len()).collect();
    let batch = catalogue.read(Family::Halos, &columns, 0..5).unwrap();
    let whole = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<UInt64Type>().iter().collect::<Vec<_>>();
    let base = crate::ingest::halos::subfind::GROUP_BASE;
    assert_eq!(whole("halo_id"), [base + 1, base + 2, 0, 1, 2].map(Some));
    assert_eq!(whole("parent_id"), [None, None, Some(base + 1), Some(base + 1), Some(base + 2)]);
    assert_eq!(whole("sub_group_number"), [None, None, Some(0), Some(1), Some(0)]);
    assert_eq!(batch.column_by_name("mass").unwrap().as_primitive::<Float64Type>().values(), &[4.0, 2.0, 3.0, 1.0, 2.0]);
    assert!(catalogue.info().notes.iter().any(|n| n.contains("GroupMass, Mass stand for no known unit")), "{:?}", catalogue.info().notes);
    assert_eq!(batch.column_by_name("n_particles").unwrap().null_count(), 3);
}

#[test]
fn contradictions_are_refused() {
    for (plan, words) in [
        (Plan { total: 4, ..PLAN }, "another number of subhaloes"),
        (Plan { tasks: 2, ..PLAN }, "expected 2 files as the header says"),
        (Plan { group: [0, 1, 2], ..PLAN }, "group that is not there"),
        (Plan { group: [1, 1, 3], ..PLAN }, "expected 1 to 2, found 3"),
        (Plan { group: [1, 2, 1], ..PLAN }, "not in the order"),
        (Plan { sub: [0, 0, 0], ..PLAN }, "not in the order"),
        (Plan { sub: [-1, 0, 0], ..PLAN }, "count is negative"),
        (Plan { mass: [3.0, -1.0, 2.0], ..PLAN }, "mass of a halo makes no sense"),
    ] {
        let error = load(&plan).unwrap_err();
        assert!(error.to_string().contains(words) && error.kind() != ErrorKind::Internal, "{error}");
    }
    assert!(load(&Plan { hubble: false, ..PLAN }).unwrap_err().to_string().contains("--hubble"));
}

#[test]
fn a_subhalo_is_found_by_its_two_numbers() {
    let names = Names { group: vec![1, 1, 4], sub: vec![0, 2, 0] };
    assert_eq!((names.row(1, 2), names.row(4, 0), names.row(1, 1), names.row(2, 0)), (Some(1), Some(2), None, None));
}
