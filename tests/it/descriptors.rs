//! Snapshots of a thousand files where a process may have 256 open.
//!
//! See also   `processes` for other limits of the system

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use spolia::ingest::tipsy::ByteOrder;

use crate::ingest_gadget_binary::Sample;

const PARTS: u32 = 1000;

/// The program under the limit of macOS.
fn limited(arguments: &[&str]) -> Output {
    let script = "ulimit -n 256 && exec \"$0\" \"$@\"";
    Command::new("sh").arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_spolia")).args(arguments).args(["--threads", "2"]).output().unwrap()
}

#[track_caller]
fn check(folder: &Path, first: &Path, sum: &str) {
    let first = first.to_str().unwrap();
    let query = format!("SELECT count(*) AS n, sum(mass) > 0 AS positive, count(DISTINCT id) AS ids FROM \"{first}\".gas");
    let dataset = folder.join("d.spolia");
    for arguments in [
        vec!["info", first],
        vec!["sql", "-c", &query, "--format", "csv"],
        vec!["ingest", first, "-o", dataset.to_str().unwrap(), "--keep-doubtful"],
    ] {
        let output = limited(&arguments);
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {error}");
        if arguments[0] == "sql" {
            assert!(out.contains(sum), "{out}");
        }
    }
}

#[test]
fn a_thousand_gadget_binary_files_need_few_descriptors() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Sample::small(ByteOrder::Little, 2).set(PARTS).bytes();
    for part in 0..PARTS {
        std::fs::write(dir.path().join(format!("snap_001.{part}")), &bytes).unwrap();
    }
    check(dir.path(), &dir.path().join("snap_001.0"), "4000,true,4");
}

#[test]
fn a_thousand_hdf5_files_need_few_descriptors() {
    use hdf5_pure::{AttrValue, FileBuilder};
    let dir = tempfile::tempdir().unwrap();
    let part = |number: u32| -> PathBuf { dir.path().join(format!("snap_002.{number}.hdf5")) };
    let mut file = FileBuilder::new();
    let mut header = file.create_group("Header");
    let none = [0; 5];
    header.set_attr("NumPart_ThisFile", AttrValue::I64Array([&[4][..], &none].concat()));
    header.set_attr("NumPart_Total", AttrValue::I64Array([&[4 * i64::from(PARTS)][..], &none].concat()));
    header.set_attr("NumFilesPerSnapshot", AttrValue::I64(i64::from(PARTS)));
    for (name, value) in
        [("Time", 0.5), ("Redshift", 1.0), ("BoxSize", 1000.0), ("HubbleParam", 0.7), ("Omega0", 0.3), ("OmegaLambda", 0.7)]
    {
        header.set_attr(name, AttrValue::F64(value));
    }
    file.add_group(header.finish());
    let mut gas = file.create_group("PartType0");
    gas.create_dataset("Coordinates").with_f32_data(&[1.0; 12]).with_shape(&[4, 3]);
    gas.create_dataset("Velocities").with_f32_data(&[1.0; 12]).with_shape(&[4, 3]);
    gas.create_dataset("Masses").with_f32_data(&[1.0; 4]);
    gas.create_dataset("ParticleIDs").with_i32_data(&[1, 2, 3, 4]);
    file.add_group(gas.finish());
    file.write(part(0)).unwrap();
    for number in 1..PARTS {
        std::fs::copy(part(0), part(number)).unwrap();
    }
    check(dir.path(), &part(0), "4000,true,4");
}
