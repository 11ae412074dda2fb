//! Small whole halo catalogues and merger trees of every format, written here.
//!
//! Layout     each as its program writes it: tables of text, Rockstar's records, groups and trees in HDF5
//! See also   `goldens` for particles, `src/ingest/halos`

use hdf5_pure::{AttrValue, FileBuilder};
use spolia::ingest::tipsy::ByteOrder;

use super::goldens::{taken, write_tipsy};
use super::{Golden, data};

fn text(name: &str, text: &str) -> (String, Vec<u8>) {
    (name.into(), text.as_bytes().to_vec())
}

const AHF_HEAD: &str =
    "#ID(1)\thostHalo(2)\tnumSubStruct(3)\tMvir(4)\tnpart(5)\tXc(6)\tYc(7)\tZc(8)\tRvir(12)\tnbins(37)\tM_gas(45)\tM_star(65)\tnew(84)\n";

const PROFILES: &str = "#r(1)\tnpart(2)\tM_in_r(3)\tovdens(4)\tdens(5)\tvcirc(6)\tvesc(7)\tsigv(8)\tLx(9)\tb(12)\tEkin(23)\tM_gas(25)\n\
    -100\t2\t4e11\t900\t900\t20\t40\t11\t0.5\t0.9\t1e12\t1e9\n\
    200\t5\t1e12\t500\t300\t30\t50\t12\t1\t0.9\t2e12\t2e9\n\
    10\t3\t1e9\t400\t300\t20\t40\t11\t0\t0.9\t2e11\t0\n";

/// Two haloes with members, substructure and progenitors, beside the Tipsy snapshot whose particles they hold.
pub fn ahf() -> Golden {
    let folder = tempfile::tempdir().unwrap();
    write_tipsy(folder.path(), "m", ByteOrder::Big);
    // In AHF's order of a Tipsy run: 7 dark, 6 stars, 5 gas.
    let members = "2\n5 1\n0 1\n1 1\n7 4\n13 0\n14 0\n3 2\n2 1\n8 4\n15 0\n";
    for (ending, content) in [
        ("halos", format!("{AHF_HEAD}1\t0\t1\t1e12\t5\t4\t8\t12\t200\t2\t1e11\t2e11\t7\n2\t1\t0\t1e9\t3\t1\t1\t1\t10\t1\t0\t0\t8\n")),
        ("particles", members.into()),
        ("substructure", "1 1\n2\n".into()),
        ("mtree", "2\n1 5 2\n4 11 6\n1 12 8\n2 3 1\n2 13 12\n".into()),
        ("mtree_idx", "1 11\n2 13\n".into()),
        ("profiles", PROFILES.into()),
    ] {
        std::fs::write(folder.path().join(format!("m.00001.z1.000.AHF_{ending}")), content).unwrap();
    }
    // The snapshot and its arrays have their own tests: here all damage goes into the catalogue.
    let mut files = taken(folder.path(), "m.00001.z1.000.AHF_particles");
    files.sort_by_key(|(name, _)| !name.contains("AHF_particles"));
    let open = files.iter().position(|(name, _)| name == "m.00001").unwrap();
    Golden { open, ..Golden::new("ahf beside tipsy", files) }
}

pub fn amiga_stat() -> Golden {
    let head = "Grp N_tot N_gas N_star N_dark Mvir(M_sol) Rvir(kpc) GasMass(M_sol) StarMass(M_sol) DarkMass(M_sol) V_max R@V_max VelDisp Xc Yc Zc VXc VYc VZc Contam Satellite? False? ID_A\n";
    let rows = "1 10 2 3 5 1e12 273.5 1e11 2e11 7e11 220 20 120 1 2 3 4 5 6 contam 0 0 1\n49 5 1 1 3 1e10 45 1e9 2e9 7e9 60 9 30 1 2 3 4 5 6 clean 1 0 2\n";
    Golden::new("amiga stat", vec![text("h1.004096.amiga.stat", &format!("{head}{rows}"))])
}

/// A Rockstar catalogue of three haloes: header of 256 bytes, records of 264, identifiers.
pub fn rockstar(revision: i32, big: bool) -> Golden {
    let haloes: [(i64, &[i64]); 3] = [(0, &[5, 6, 7, 8]), (3, &[6]), (9, &[11, 12])];
    let mut bytes = Vec::new();
    let put = |bytes: &mut Vec<u8>, word: &[u8]| bytes.extend(if big { word.iter().rev().copied().collect() } else { word.to_vec() });
    put(&mut bytes, &0xfade_dace_c0c0_d0d0u64.to_le_bytes());
    put(&mut bytes, &7i64.to_le_bytes());
    put(&mut bytes, &0i64.to_le_bytes());
    for v in [0.5f32, 0.3, 0.7, 0.701, 0.0, 0.0, 0.0, 50.0, 50.0, 50.0] {
        put(&mut bytes, &v.to_le_bytes());
    }
    put(&mut bytes, &(haloes.len() as i64).to_le_bytes());
    put(&mut bytes, &haloes.iter().map(|(_, ids)| ids.len() as i64).sum::<i64>().to_le_bytes());
    put(&mut bytes, &50f32.to_le_bytes());
    put(&mut bytes, &1e9f32.to_le_bytes());
    put(&mut bytes, &1i64.to_le_bytes());
    put(&mut bytes, &revision.to_le_bytes());
    bytes.extend(b"0.99.9\0\0\0\0\0\0");
    bytes.resize(256, 0);
    for (number, ids) in haloes {
        let start = bytes.len();
        put(&mut bytes, &number.to_le_bytes());
        (0..48u16).for_each(|index| put(&mut bytes, &f32::from(index + 1).to_le_bytes()));
        [ids.len() as i64, 0, 0, -1, 0, 0].iter().for_each(|count| put(&mut bytes, &count.to_le_bytes()));
        bytes.resize(start + 264, 0);
    }
    haloes.iter().flat_map(|(_, ids)| ids.iter()).for_each(|id| put(&mut bytes, &id.to_le_bytes()));
    let name = if big { "rockstar binary, big-endian" } else { "rockstar binary" };
    Golden::new(name, vec![("halos_7.0.bin".into(), bytes)])
}

pub fn rockstar_list() -> Golden {
    let head = "#ID DescID Mvir Vmax Vrms Rvir Rs Np X Y Z VX VY VZ\n#a = 0.5\n#Om = 0.3; Ol = 0.7; h = 0.7\n#Units: Masses in Msun / h\n";
    let rows = "7 -1 7e11 100 90 70 10 50 1 2 3 4 5 6\n8 12 3e10 60 30 20 3 25 10 20 30 -4 5 6\n9 13 2e10 50 20 15 2 20 11 21 31 -4 5 6\n";
    Golden::new("rockstar list", vec![text("out_3.list", &format!("{head}{rows}"))])
}

pub fn consistent_trees() -> Golden {
    let head = "#scale(0) id(1) desc_scale(2) desc_id(3) pid(4) Mvir(5) Rvir(6) mmp?(7) x(8) Snap_idx(9) Depth_first_ID(10)\n#Omega_M = 0.3; Omega_L = 0.7; h0 = 0.5\n";
    let trees = "2\n#tree 9\n1.0 9 0 -1 -1 1e12 100 1 10 5 0\n0.5 8 1.0 9 -1 5e11 50 1 9 4 1\n0.5 7 1.0 9 8 1e11 20 0 8 4 2\n#tree 19\n1.0 19 0 -1 -1 1e12 100 1 10 5 3\n";
    Golden::new("consistent-trees", vec![text("tree_0_0_0.dat", &format!("{head}{trees}"))])
}

/// Two groups and three subhaloes beside the snapshot whose particles they hold.
pub fn subfind() -> Golden {
    let mut tab = FileBuilder::new();
    let mut header = tab.create_group("Header");
    let counts = [("Ngroups_ThisFile", 2), ("Ngroups_Total", 2), ("Nsubgroups_ThisFile", 3), ("Nsubgroups_Total", 3), ("NumFiles", 1)];
    counts.iter().for_each(|(name, value)| header.set_attr(name, AttrValue::I64(*value)));
    const COSMOLOGY: [(&str, f64); 5] = [("Time", 0.5), ("HubbleParam", 0.5), ("Omega0", 0.3), ("OmegaLambda", 0.7), ("BoxSize", 1000.0)];
    COSMOLOGY.iter().for_each(|(name, value)| header.set_attr(name, AttrValue::F64(*value)));
    tab.add_group(header.finish());
    let mut group = tab.create_group("Group");
    group.create_dataset("GroupLenType").with_i32_data(&[2, 4, 0, 0, 3, 0, 0, 3, 0, 0, 0, 0]).with_shape(&[2, 6]);
    group.create_dataset("GroupLen").with_i32_data(&[9, 3]);
    group.create_dataset("GroupPos").with_f32_data(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).with_shape(&[2, 3]);
    group.create_dataset("Group_M_Crit200").with_f32_data(&[4.0, 2.0]);
    group.create_dataset("Group_R_Crit200").with_f32_data(&[10.0, 5.0]);
    tab.add_group(group.finish());
    let mut sub = tab.create_group("Subhalo");
    sub.create_dataset("SubhaloLenType").with_i32_data(&[1, 2, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0]).with_shape(&[3, 6]);
    sub.create_dataset("SubhaloLen").with_i32_data(&[4, 2, 2]);
    sub.create_dataset("SubhaloGrNr").with_i32_data(&[0, 0, 1]);
    sub.create_dataset("SubhaloPos").with_f32_data(&[1.0; 9]).with_shape(&[3, 3]);
    sub.create_dataset("SubhaloVel").with_f32_data(&[1.0; 9]).with_shape(&[3, 3]);
    sub.create_dataset("SubhaloMass").with_f32_data(&[3.0, 1.0, 2.0]);
    tab.add_group(sub.finish());
    let mut snap = FileBuilder::new();
    let mut header = snap.create_group("Header");
    header.set_attr("NumPart_ThisFile", AttrValue::I64Array(vec![2, 7, 0, 0, 3, 0]));
    COSMOLOGY.iter().for_each(|(name, value)| header.set_attr(name, AttrValue::F64(*value)));
    snap.add_group(header.finish());
    for (name, ids) in [("PartType0", vec![1u64, 2]), ("PartType1", (11..18).collect()), ("PartType4", vec![41, 42, u64::MAX])] {
        let mut group = snap.create_group(name);
        let n = ids.len();
        group.create_dataset("ParticleIDs").with_u64_data(&ids);
        group.create_dataset("Coordinates").with_f32_data(&vec![1.0; 3 * n]).with_shape(&[n as u64, 3]);
        group.create_dataset("Masses").with_f32_data(&vec![1.0; n]);
        snap.add_group(group.finish());
    }
    let files =
        vec![("fof_subhalo_tab_007.hdf5".to_string(), tab.finish().unwrap()), ("snap_007.hdf5".to_string(), snap.finish().unwrap())];
    Golden { open: 1, ..Golden::new("subfind beside its snapshot", files) }
}

pub fn sublink() -> Golden {
    let mut file = FileBuilder::new();
    for (name, values) in [
        ("SubhaloID", [100, 101, 102, 103]),
        ("DescendantID", [-1, 100, 101, 100]),
        ("FirstProgenitorID", [101, 102, -1, -1]),
        ("NextProgenitorID", [-1, 103, -1, -1]),
        ("LastProgenitorID", [103, 102, 102, 103]),
        ("MainLeafProgenitorID", [102, 102, 102, 103]),
        ("SubhaloIDRaw", [5_000_000_000_007, 4_000_000_000_008, 3_000_000_000_009, 4_000_000_000_010]),
    ] {
        file.create_dataset(name).with_i64_data(&values);
    }
    file.create_dataset("SnapNum").with_i32_data(&[5, 4, 3, 4]);
    file.create_dataset("SubhaloMass").with_f32_data(&[4.0, 3.0, 2.0, 1.0]);
    Golden::new("sublink", vec![("tree_extended.hdf5".into(), file.finish().unwrap())]).with_hubble()
}

pub fn lhalotree() -> Golden {
    let mut file = FileBuilder::new();
    let mut header = file.create_group("Header");
    header.set_attr("HubbleParam", AttrValue::F64(0.5));
    header.create_dataset("TreeNHalos").with_i32_data(&[2, 2]);
    header.create_dataset("Redshifts").with_f64_data(&[3.0, 2.0, 1.0]);
    file.add_group(header.finish());
    for number in 0..2 {
        let mut tree = file.create_group(&format!("Tree{number}"));
        tree.create_dataset("Descendant").with_i32_data(&[-1, 0]);
        tree.create_dataset("FirstProgenitor").with_i32_data(&[1, -1]);
        tree.create_dataset("NextProgenitor").with_i32_data(&[-1, -1]);
        tree.create_dataset("SnapNum").with_i32_data(&[7, 6]);
        tree.create_dataset("SubhaloNumber").with_i32_data(&[10 * number, 10 * number + 1]);
        tree.create_dataset("SubhaloLen").with_i32_data(&[20, 10]);
        tree.create_dataset("SubhaloMass").with_f32_data(&[2.0, 1.0]);
        file.add_group(tree.finish());
    }
    Golden::new("lhalotree", vec![("trees_sf1_007.0.hdf5".into(), file.finish().unwrap())])
}

pub fn eagle() -> Golden {
    let file = |part: usize| {
        let name = format!("eagle_subfind_tab_005_z001p000.{part}.hdf5");
        let bytes = std::fs::read(data(&format!("eagle/groups_005_z001p000/{name}"))).unwrap();
        (name, bytes)
    };
    Golden::new("eagle subfind", vec![file(0), file(1)])
}

/// All of them.
pub fn haloes() -> Vec<Golden> {
    vec![
        eagle(),
        ahf(),
        amiga_stat(),
        rockstar(1, false),
        rockstar(2, true),
        rockstar_list(),
        consistent_trees(),
        subfind(),
        sublink(),
        lhalotree(),
    ]
}
