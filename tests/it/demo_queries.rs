//! Every query of queries/ gives the same bits for 1, 2 and 4 threads, on a dataset of the built-in simulation.

use std::path::{Path, PathBuf};

use spolia::ingest::run::{IngestOptions, ingest};
use spolia::ingest::synth::{DemoOptions, DemoSize, write_demo};
use spolia::progress::Silent;
use spolia::sql::{Answer, Session, SessionOptions};

/// The dataset of the smallest demo, with the frame `disc`, made in `folder`.
pub fn tiny_demo(folder: &Path) -> PathBuf {
    let report = write_demo(&folder.join("simulation"), &DemoOptions { size: DemoSize::Tiny, seed: 1, threads: 2 }, &Silent).unwrap();
    let dataset = folder.join("galaxy.spolia");
    ingest(&report.snapshots, &dataset, &IngestOptions::default(), &Silent).unwrap();
    let session = session(2, &dataset);
    session.query("CREATE FRAME disc AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM stars").unwrap();
    dataset
}

fn session(threads: usize, dataset: &Path) -> Session {
    let session = Session::new(SessionOptions { threads, ..SessionOptions::default() }).unwrap();
    session.attach(dataset).unwrap();
    session
}

/// The answer as bytes: exact for every float.
fn bytes(answer: &Answer) -> Vec<u8> {
    let merged = arrow::compute::concat_batches(&answer.schema, &answer.batches).unwrap();
    let mut out = Vec::new();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(&mut out, &merged.schema()).unwrap();
    writer.write(&merged).unwrap();
    writer.finish().unwrap();
    drop(writer);
    out
}

#[test]
fn every_query_has_the_same_bits_for_any_thread_count() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = tiny_demo(folder.path());
    let queries = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries");
    let mut names: Vec<PathBuf> = std::fs::read_dir(queries).unwrap().map(|e| e.unwrap().path()).collect();
    names.retain(|p| p.extension().is_some_and(|e| e == "sql"));
    names.sort();
    assert!(names.len() >= 5);
    for path in names {
        let sql = std::fs::read_to_string(&path).unwrap();
        let answers: Vec<Answer> = [1, 2, 4, 2].map(|threads| session(threads, &dataset).query(&sql).unwrap()).into();
        assert!(answers[0].rows() > 0, "{} has no row", path.display());
        let first = bytes(&answers[0]);
        for answer in &answers[1..] {
            assert_eq!(first, bytes(answer), "{}", path.display());
        }
        println!(
            "{}: {} rows, {} bytes, the same for 1, 2 and 4 threads",
            path.file_name().unwrap().to_string_lossy(),
            answers[0].rows(),
            first.len()
        );
    }
}
