//! Particles written back as GADGET HDF5 and Tipsy: round trips through the own readers, real files, hostile input.
//!
//! Accuracy   identifiers, flags and pure numbers come back bit for bit; a value that passes through code units is rounded once in each
//!            direction, 2 x 2^-24 relative; positions of GADGET HDF5 are f64, so that only the move into the box rounds (1e-16 of the box)
//! Edge cases real files come from the shared folder, where it exists
//! See also   tests/peers/readers_of_exports.py, which asks h5py, pynbody and yt

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, UInt64Type};
use spolia::ErrorKind;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::*;
use spolia::ingest::{Family, OpenOptions, Snapshot, open};
use spolia::sql::{FamiliesRequest, Session, SessionOptions};
use spolia::table::export::OutputFormat;

/// Two roundings of f32, and a little for factors that differ in the last bit of f64.
const TWICE_ROUNDED: f64 = 2.1 / 16_777_216.0;

/// Columns of one family by name, rows in the order of their identifiers; flags are 0 and 1, NULL is NaN.
fn columns(snapshot: &dyn Snapshot, family: Family) -> (Vec<u64>, BTreeMap<String, Vec<f64>>) {
    let schema = snapshot.schema(family).unwrap();
    let all: Vec<usize> = (0..schema.fields().len()).collect();
    let batch = snapshot.read(family, &all, 0..snapshot.rows(family)).unwrap();
    let ids = batch.column_by_name("id").unwrap().as_primitive::<UInt64Type>().values().to_vec();
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|i| ids[*i]);
    let sorted = |values: Vec<f64>| order.iter().map(|i| values[*i]).collect();
    let mut found = BTreeMap::new();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        if field.name() == "id" || !(field.data_type().is_numeric() || field.data_type() == &DataType::Boolean) {
            continue;
        }
        let numbers = cast(column, &DataType::Float64).unwrap();
        let numbers = numbers.as_primitive::<Float64Type>();
        found.insert(
            field.name().clone(),
            sorted((0..numbers.len()).map(|i| if numbers.is_null(i) { f64::NAN } else { numbers.value(i) }).collect()),
        );
    }
    (order.iter().map(|i| ids[*i]).collect(), found)
}

/// The largest difference of two columns relative to the greater of the value and `floor`.
fn difference(a: &[f64], b: &[f64], floor: f64) -> f64 {
    assert_eq!(a.len(), b.len());
    let one = |(a, b): (&f64, &f64)| if a.is_nan() && b.is_nan() { 0.0 } else { (a - b).abs() / a.abs().max(floor) };
    a.iter().zip(b).map(one).fold(0.0, |most, d| if d.is_nan() || d > most { d } else { most })
}

fn shift(path: &Path) -> [f64; 3] {
    let file = hdf5_pure::File::open(path).unwrap();
    let attributes = file.group("Header").unwrap().attrs().unwrap();
    attributes["PositionShift_in_kpc"].to_f64s().unwrap().try_into().unwrap()
}

fn session(paths: &[&Path]) -> Session {
    let session = Session::new(SessionOptions { threads: 2, ..SessionOptions::default() }).unwrap();
    for path in paths {
        session.attach(path).unwrap();
    }
    session
}

fn request(path: &Path, format: OutputFormat) -> FamiliesRequest {
    FamiliesRequest { source: None, families: Vec::new(), filter: None, snap: None, frame: None, format, path: path.to_path_buf() }
}

/// Exports `source` to both formats and compares what comes back; `without` are columns that Tipsy does not keep.
fn round_trip(source: &Path, families: &[Family], tipsy: bool) {
    let folder = tempfile::tempdir().unwrap();
    let before = open(source, &OpenOptions::default()).unwrap();
    let session = session(&[source]);
    let hdf5 = folder.path().join("back.hdf5");
    session.write_families(&request(&hdf5, OutputFormat::GadgetHdf5)).unwrap();
    let after = open(&hdf5, &OpenOptions::default()).unwrap();
    let (was, is) = (before.info(), after.info());
    assert_eq!((was.scale_factor, was.cosmology.is_some()), (is.scale_factor, is.cosmology.is_some()));
    let near =
        |a: Option<f64>, b: Option<f64>| assert!(difference(&[a.unwrap_or(0.0)], &[b.unwrap_or(0.0)], 1e-300) < 1e-12, "{a:?} {b:?}");
    near(was.time_gyr, is.time_gyr);
    near(was.box_kpc, is.box_kpc);
    let moved = shift(&hdf5);
    for family in families {
        let ((ids, a), (ids_back, b)) = (columns(&*before, *family), columns(&*after, *family));
        assert_eq!(ids, ids_back, "{family}");
        let mut worst = (0.0, String::new());
        for (name, values) in &a {
            let Some(back) = b.get(name) else { panic!("{family}: `{name}` is gone") };
            let axis = ["x", "y", "z"].iter().position(|n| n == name);
            let back: Vec<f64> = back.iter().map(|x| x - axis.map_or(0.0, |k| moved[k])).collect();
            // Far from the origin a position is only as good as f64 of the box.
            let (floor, allowed) = match name.as_str() {
                "x" | "y" | "z" => (was.box_kpc.unwrap_or(1e-30).max(1e-30), 1e-14),
                // Ages and scale factors come from a time in f32, or from the time that f32 scale factors stand for.
                "age" => (was.time_gyr.unwrap_or(1.0).max(1e-30), TWICE_ROUNDED),
                _ => (1e-30, TWICE_ROUNDED),
            };
            let found = difference(values, &back, floor);
            assert!(found <= allowed, "{family}: `{name}` differs by {found:e}");
            if found > worst.0 {
                worst = (found, name.clone());
            }
        }
        println!("{}: {family}, {} rows, {} columns, worst {:.1e} in {}", source.display(), ids.len(), a.len(), worst.0, worst.1);
    }
    if !tipsy {
        return;
    }
    let target = folder.path().join("back.00064");
    let written = session.write_families(&request(&target, OutputFormat::Tipsy)).unwrap();
    assert!(written.files.len() >= 3, "{:?}", written.files);
    let after = open(&target, &OpenOptions::default()).unwrap();
    assert_eq!(was.scale_factor, after.info().scale_factor);
    near(was.time_gyr, after.info().time_gyr);
    for family in families.iter().filter(|f| **f != Family::BlackHoles) {
        let ((mut ids, mut a), (ids_back, b)) = (columns(&*before, *family), columns(&*after, *family));
        if let Some(winds) = a.remove("wind") {
            let keep = |values: &Vec<f64>| values.iter().zip(&winds).filter(|(_, w)| **w == 0.0).map(|(v, _)| *v).collect::<Vec<f64>>();
            ids = ids.iter().zip(&winds).filter(|(_, w)| **w == 0.0).map(|(v, _)| *v).collect();
            a.values_mut().for_each(|values| *values = keep(values));
        }
        assert_eq!(ids, ids_back, "{family}");
        for name in
            ["vx", "vy", "vz", "mass", "mass_birth", "t_birth", "phi", "rho", "temperature", "z_metal", "h_sml", "x_fe", "x_o", "x_hi"]
        {
            if let (Some(values), Some(back)) = (a.get(name), b.get(name)) {
                let found = difference(values, back, 1e-30);
                assert!(found <= TWICE_ROUNDED, "{family}: `{name}` differs by {found:e} in Tipsy");
            }
        }
    }
}

fn run_of_tipsy() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = crate::galaxy::write(&folder.path().join("run"));
    (folder, snapshots)
}

#[test]
fn a_tipsy_run_comes_back_from_both_formats() {
    let (_folder, snapshots) = run_of_tipsy();
    for snapshot in &snapshots {
        round_trip(snapshot, &[Family::Stars, Family::Gas, Family::Dark], true);
    }
}

#[test]
fn real_and_synthetic_snapshots_come_back() {
    use Family::{BlackHoles, Dark, Gas, Stars};
    for (name, families, tipsy) in [
        ("gadget4_hdf5/snapshot_000.hdf5", &[Gas, Dark][..], true),
        ("gadget4_hdf5/snapshot_004.hdf5", &[Gas, Dark], true),
        ("camels_tng_hdf5/camels_snap.hdf5", &[Gas, Stars], false),
        ("arepo_hdf5/reduced_snap_247.hdf5", &[Gas], false),
        ("gadget2_format1/galaxy_littleendian.dat", &[Dark], true),
        ("tipsy_changa/onestar.tbin", &[Gas, Stars], true),
        ("tipsy_tangos/tiny.000832", &[Gas, Stars, Dark], true),
        ("synthetic/tng/snapdir_084", &[Gas, Stars, Dark, BlackHoles], true),
        ("synthetic/gizmo/snapshot_500.hdf5", &[Gas, Stars, Dark], true),
        ("synthetic/swift/snap_0042.hdf5", &[Gas, Stars, Dark], true),
        ("synthetic/eagle/snapshot_027_z000p250", &[Gas, Stars, Dark], true),
        ("synthetic/tipsy_std/galaxy.00064", &[Gas, Stars, Dark], true),
    ] {
        if let Some(path) = crate::shared::snapshots(name) {
            round_trip(&path, families, tipsy);
        }
    }
}

#[test]
fn the_header_is_that_of_the_run_and_values_are_in_code_units() {
    let (folder, snapshots) = run_of_tipsy();
    let path = folder.path().join("g.hdf5");
    session(&[&snapshots[0]]).write_families(&request(&path, OutputFormat::GadgetHdf5)).unwrap();
    let file = hdf5_pure::File::open(&path).unwrap();
    let header = file.group("Header").unwrap().attrs().unwrap();
    let number = |name: &str| header[name].to_f64s().unwrap()[0];
    // 50 Mpc box; h = 10 dHubble0 u / l with u = sqrt(G m / l), as the reader has it.
    let h = number("HubbleParam");
    assert!((h - 0.6727).abs() < 1e-3, "{h}");
    assert_eq!((number("Time"), number("Redshift"), number("Omega0"), number("OmegaLambda")), (0.5, 1.0, 0.3, 0.7));
    assert!((number("BoxSize") / (50_000.0 * h) - 1.0).abs() < 1e-12);
    let before = open(&snapshots[0], &OpenOptions::default()).unwrap();
    let stars = before.rows(Family::Stars);
    let ids: Vec<u64> = vec![400, 400, 0, 0, stars, 0];
    assert_eq!(header["NumPart_ThisFile"].to_u64s().unwrap(), ids);
    let read = |name: &str| file.dataset(&format!("PartType4/{name}")).unwrap().read_f64().unwrap();
    let schema = before.schema(Family::Stars).unwrap();
    let column = |name: &str| {
        let batch = before.read(Family::Stars, &[schema.index_of(name).unwrap()], 0..stars).unwrap();
        let values = cast(batch.column(0), &DataType::Float64).unwrap();
        values.as_primitive::<Float64Type>().values().to_vec()
    };
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1.3e-7, "{a} {b}");
    near(read("Coordinates")[0], (column("x")[0] + 12_500.0) * h / 0.5);
    near(read("Velocities")[1], column("vy")[0] / 0.5_f64.sqrt());
    near(read("Masses")[0], column("mass")[0] * h / 1e10);
    near(read("StellarFormationTime")[0], column("a_birth")[0]);
    near(read("ElementAbundance/Iron")[7], column("x_fe")[7]);
    near(file.dataset("PartType0/InternalEnergy").unwrap().read_f64().unwrap()[0], 1e4 / (80.765008518 * 4.0 / 6.8));
    let attributes = file.dataset("PartType4/Velocities").unwrap().attrs().unwrap();
    assert_eq!((attributes["a_scaling"].as_f64(), attributes["to_cgs"].as_f64()), (Some(0.5), Some(1e5)));
}

#[test]
fn a_query_names_its_family_by_its_table_or_a_column() {
    let (folder, snapshots) = run_of_tipsy();
    let session = session(&[&snapshots[1]]);
    let at = |name: &str| folder.path().join(name);
    let copy =
        |columns: &str, rest: &str, file: &str| session.query(&format!("COPY (SELECT {columns} FROM {rest}) TO '{}'", at(file).display()));
    const NEEDED: &str = "id, x, y, z, vx, vy, vz, mass";
    let answer = copy(NEEDED, "stars WHERE radius < 5", "cut.hdf5").unwrap();
    let rows = answer.batches[0].column(0).as_primitive::<UInt64Type>().value(0);
    let cut = open(&at("cut.hdf5"), &OpenOptions::default()).unwrap();
    assert!(rows > 0 && cut.info().rows == [(Family::Stars, rows)], "{:?}", cut.info().rows);
    copy(NEEDED, &format!("'{}'.gas", snapshots[1].display()), "gas.h5").unwrap();
    assert_eq!(open(&at("gas.h5"), &OpenOptions::default()).unwrap().info().rows, [(Family::Gas, 400)]);
    copy(&format!("{NEEDED}, family"), &format!("snapshot('{}')", snapshots[1].display()), "all.hdf5").unwrap();
    assert_eq!(open(&at("all.hdf5"), &OpenOptions::default()).unwrap().info().rows.len(), 3);
    copy("*", "dark LIMIT 10", "dark.00001").unwrap();
    assert_eq!(open(&at("dark.00001"), &OpenOptions::default()).unwrap().info().rows, [(Family::Dark, 10)]);
    let refused = |columns: &str, rest: &str, file: &str, kind: ErrorKind, says: &str| {
        let error = copy(columns, rest, file).unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains(says), "{rest}: {error}");
        assert!(!at(file).exists(), "{file}");
    };
    refused("id, x, y, z", "stars", "a.hdf5", ErrorKind::Usage, "needs the column `mass` of stars");
    refused("id, x, y, z, mass", "stars", "a.00007", ErrorKind::Usage, "needs the column `vx` of stars");
    refused(NEEDED, "stars WHERE mass < 0", "a.hdf5", ErrorKind::NotFound, "no particle is selected");
    refused("1.0 AS x, 1.0 AS y, 1.0 AS z, 1.0 AS mass", "births", "a.hdf5", ErrorKind::Usage, "belong to no snapshot");
    refused("id, CAST('NaN' AS DOUBLE) AS x, y, z, mass", "stars", "a.hdf5", ErrorKind::Domain, "row 0 of column `x` of stars");
    refused("id, vx AS x, y, z, mass", "stars", "a.hdf5", ErrorKind::Mismatch, "km/s");
    assert!(session.query("COPY (SELECT 1 AS x) TO 'nowhere.hdf5'").unwrap_err().to_string().contains("belong to no snapshot"));
}

#[test]
fn frames_have_no_box_and_conditions_see_them() {
    let (folder, snapshots) = run_of_tipsy();
    let dataset = folder.path().join("g.spolia");
    let options = spolia::ingest::run::IngestOptions::default();
    spolia::ingest::run::ingest(&snapshots, &dataset, &options, &spolia::progress::Silent).unwrap();
    let session = session(&[&dataset]);
    session.query("CREATE FRAME disc AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM stars").unwrap();
    let path = folder.path().join("disc.hdf5");
    let cut = FamiliesRequest {
        frame: Some("disc".into()),
        filter: Some("r_cyl < 8 AND abs(z) < 1".into()),
        families: vec![Family::Stars, Family::Gas],
        ..request(&path, OutputFormat::GadgetHdf5)
    };
    let written = session.write_families(&cut).unwrap();
    assert!(written.notes.iter().any(|n| n.contains("frame `disc`")), "{:?}", written.notes);
    let disc = open(&path, &OpenOptions::default()).unwrap();
    assert_eq!((disc.info().box_kpc, shift(&path)), (None, [0.0; 3]));
    let (_, stars) = columns(&*disc, Family::Stars);
    assert!(stars["z"].iter().all(|z| z.abs() < 1.0) && stars["x"].len() > 100);
    let earlier = FamiliesRequest { snap: Some(512), ..request(&folder.path().join("a.hdf5"), OutputFormat::GadgetHdf5) };
    session.write_families(&earlier).unwrap();
    assert_eq!(open(&earlier.path, &OpenOptions::default()).unwrap().info().scale_factor, Some(0.5));
    let wrong = FamiliesRequest { snap: Some(7), ..earlier };
    assert_eq!(session.write_families(&wrong).unwrap_err().kind(), ErrorKind::NotFound);
    let several = format!("COPY (SELECT * FROM stars@all) TO '{}'", folder.path().join("b.hdf5").display());
    assert!(session.query(&several).unwrap_err().to_string().contains("several snapshots"));
    let twice = FamiliesRequest { filter: Some("x > 0; SELECT 1".into()), ..request(&path, OutputFormat::GadgetHdf5) };
    assert_eq!(session.write_families(&twice).unwrap_err().exit_code(), 2);
}

#[test]
fn large_identifiers_and_damaged_values_in_tipsy() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let star = |x: f32| StarRecord { mass: 1.0, x, y: 2.0, z: 3.0, ..Default::default() };
    let write = |name: &str, stars: Vec<StarRecord>| {
        write_snapshot(&at(name), &TipsyFile { time: 0.5, stars, ..Default::default() }, ByteOrder::Big).unwrap();
        let stem = name.split('.').next().unwrap();
        let entries = [("dKpcUnit", "1"), ("dMsolUnit", "1e9"), ("achOutName", stem)];
        write_param(&at(&format!("{stem}.param")), &entries.map(|(k, v)| (k.to_string(), v.to_string()))).unwrap();
    };
    write("a.00001", vec![star(1.0), star(2.0)]);
    write_aux_text(&at("a.00001.iord"), &[5_000_000_000, 7]).unwrap();
    let good = session(&[&at("a.00001")]);
    let written = good.write_families(&request(&at("b.00001"), OutputFormat::Tipsy)).unwrap();
    assert!(written.notes.iter().any(|n| n.contains("iord is text")), "{:?}", written.notes);
    assert_eq!(std::fs::read_to_string(at("b.00001.iord")).unwrap(), "2\n5000000000\n7\n");
    assert_eq!(columns(&*open(&at("b.00001"), &OpenOptions::default()).unwrap(), Family::Stars).0, [7, 5_000_000_000]);
    // Names that are taken, and the parameter file of another run.
    let taken = good.write_families(&request(&at("b.00001"), OutputFormat::Tipsy)).unwrap_err();
    assert!(taken.exit_code() == 2 && taken.to_string().contains("b.00001"), "{taken}");
    good.write_families(&request(&at("b.00002"), OutputFormat::Tipsy)).unwrap();
    let other = good.write_families(&request(&at("a.00002"), OutputFormat::Tipsy)).unwrap_err();
    assert!(other.to_string().contains("a.param") && !at("a.00002").exists(), "{other}");
    let greatest =
        format!("COPY (SELECT 18446744073709551615 AS id, x, y, z, vx, vy, vz, mass FROM stars) TO '{}'", at("c.00001").display());
    assert_eq!(good.query(&greatest).unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(!at("c.00001").exists() && !at("c.param").exists());
    write("n.00001", vec![star(1.0), star(f32::NAN)]);
    for format in [OutputFormat::GadgetHdf5, OutputFormat::Tipsy] {
        let error = session(&[&at("n.00001")]).write_families(&request(&at("d.00001"), format)).unwrap_err();
        assert!(error.to_string().contains("row 1 of column `x` of stars"), "{error}");
    }
    let mut left: Vec<String> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    left.sort();
    assert!(left.iter().all(|n| !n.contains("tmp") && !n.starts_with(['c', 'd'])), "{left:?}");
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spolia"));
    command.env_remove("SPOLIA_THREADS").env_remove("SPOLIA_MEMORY");
    command
}

#[test]
fn the_command_and_the_ending_choose_the_format() {
    let (folder, snapshots) = run_of_tipsy();
    let run = |arguments: &[&str]| program().args(arguments).current_dir(folder.path()).output().unwrap();
    let source = snapshots[1].to_str().unwrap();
    for (arguments, format) in [
        (vec!["export", source, "a.hdf5", "--where", "radius < 5", "--families", "stars"], "gadget-hdf5"),
        (vec!["export", source, "b.00512", "--where", "radius < 5"], "tipsy"),
        (vec!["export", source, "c.dat", "--format", "gadget-hdf5"], "gadget-hdf5"),
        (vec!["sql", source, "-c", "SELECT * FROM gas", "-o", "d.hdf5"], "gadget-hdf5"),
    ] {
        let out = run(&arguments);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        assert!(out.stdout.is_empty() && String::from_utf8_lossy(&out.stderr).contains("wrote "));
        let file = arguments.iter().find(|a| ["a.hdf5", "b.00512", "c.dat", "d.hdf5"].contains(a)).unwrap();
        let info = open(&folder.path().join(file), &OpenOptions::default()).unwrap().info().clone();
        assert!(info.format.starts_with(format), "{}", info.format);
    }
    let twice = run(&["export", source, "a2.hdf5", "--where", "radius < 5", "--families", "stars", "--threads", "1"]);
    assert!(twice.status.success());
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(bytes("a.hdf5"), bytes("a2.hdf5"), "the same bytes for any number of threads");
    for (arguments, exit, says) in [
        (vec!["export", source, "stars.csv"], 2, "spolia sql SOURCE"),
        (vec!["export", source, "run"], 2, "cannot tell the format"),
        (vec!["export", source, "run", "--format", "gadget-hdf5"], 2, "that of a folder"),
        (vec!["export", source, "no/where.hdf5"], 1, "no such folder"),
        (vec!["export", source], 2, "no file was named"),
        (vec!["export", source, "e.hdf5", "--families", "star,planets"], 2, "unknown family `planets`"),
        (vec!["export", source, "e.hdf5", "--families", "black_holes"], 1, "no black_holes to export"),
        (vec!["export", source, "e.hdf5", "--where", "age < 1"], 1, "--families"),
        (vec!["export", source, "e.hdf5", "--where", "mass < 0"], 1, "no particle is selected"),
        (vec!["export", source, "e.hdf5", "--memory", "10kB"], 4, "--memory"),
        (vec!["sql", source, "-c", "SELECT * FROM stars", "--format", "tipsy"], 2, "-o FILE"),
    ] {
        let out = run(&arguments);
        let message = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code() == Some(exit) && message.contains(says), "{arguments:?}: {:?} {message}", out.status.code());
        assert!(!folder.path().join("e.hdf5").exists());
    }
}

#[test]
fn a_full_disk_leaves_nothing_under_a_final_name() {
    let (folder, snapshots) = run_of_tipsy();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    for name in ["a.hdf5", "a.00001"] {
        // The limit stops files at 64 blocks; with the signal ignored the write fails as on a full disk.
        let done = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_spolia"), "export"])
            .arg(&snapshots[1])
            .arg(out.join(name))
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(4), "{name}: {message}");
        let left: Vec<_> = std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
    }
}

#[test]
fn a_step_of_a_pipeline_exports_a_snapshot() {
    let (folder, _) = run_of_tipsy();
    let text = "[inputs]\nrun = 'run/demo.01024'\n[[step]]\nname = 'galaxy'\nkind = 'ingest'\nfrom = '{run}'\n\
        [[step]]\nname = 'inner'\nkind = 'export'\nsnapshot = '{galaxy}'\nfamilies = ['stars', 'gas']\nfilter = 'radius < 10'\nfile = 'inner.hdf5'\n\
        [[step]]\nname = 'cut'\nkind = 'export'\nsql = 'SELECT id, x, y, z, mass FROM {galaxy}.dark'\nformat = 'gadget-hdf5'\n";
    let path = folder.path().join("p.toml");
    std::fs::write(&path, text).unwrap();
    for round in 0..2 {
        let out = program().arg("run").arg(&path).output().unwrap();
        assert!(out.status.success(), "round {round}: {}", String::from_utf8_lossy(&out.stderr));
    }
    let rows = |name: &str| open(&folder.path().join("p.out").join(name), &OpenOptions::default()).unwrap().info().rows.clone();
    assert_eq!(rows("inner.hdf5").len(), 2);
    assert_eq!(rows("cut.hdf5"), [(Family::Dark, 400)]);
    for (wrong, says) in [
        ("snapshot = '{galaxy}'\nfile = 'a.csv'", "written as gadget-hdf5"),
        ("snapshot = '{galaxy}'\nfile = 'a.00512'", "several files"),
        ("table = '{galaxy}.stars'\nsnap = 3", "goes with `snapshot`"),
        ("snapshot = '{galaxy}'\ntable = 'stars'", "one of `table`, `sql` and `snapshot`"),
        ("snapshot = '{galaxy}'\nfamilies = 'planets'\nfile = 'a.hdf5'", "unknown family"),
    ] {
        std::fs::write(&path, format!("{text}[[step]]\nname = 'odd'\nkind = 'export'\n{wrong}\n")).unwrap();
        let out = program().arg("run").arg(&path).arg("--dry-run").output().unwrap();
        let message = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code() == Some(2) && message.contains(says), "{wrong}: {message}");
    }
}
