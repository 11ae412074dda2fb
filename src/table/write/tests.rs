//! Tests of transactions: replacement, abandonment, recovery, waiting, reuse.

use super::*;
use arrow::array::{AsArray, Float32Array};
use arrow::datatypes::{DataType, Field, Float32Type, Schema};

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("x", DataType::Float32, false)]))
}

fn batch(values: &[f32]) -> RecordBatch {
    RecordBatch::try_new(schema(), vec![Arc::new(Float32Array::from(values.to_vec()))]).unwrap()
}

fn put(root: &Path, table: &str, snap: u32, values: &[f32]) -> u64 {
    let mut transaction = Transaction::begin(root).unwrap();
    let mut writer = transaction.writer(table, snap, schema()).unwrap();
    writer.write(&batch(values)).unwrap();
    writer.finish().unwrap();
    transaction.commit("put").unwrap()
}

fn values(dataset: &Dataset, table: &str) -> Vec<f32> {
    dataset.read_table(table).unwrap().iter().flat_map(|b| b.column(0).as_primitive::<Float32Type>().values().to_vec()).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn snapshots_are_added_replaced_and_old_versions_stay_readable() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("toy.spolia");
    assert_eq!(put(&root, "stars", 8, &[8.0]), 1);
    assert_eq!(put(&root, "stars", 2, &[2.0]), 2);
    assert_eq!(put(&root, "stars", 8, &[9.0, 9.5]), 3);
    let newest = Dataset::open(&root).unwrap();
    assert_eq!(newest.manifest().name, "toy");
    assert_eq!((newest.manifest().version, newest.manifest().parent), (3, 2));
    assert_eq!(values(&newest, "stars"), [2.0, 9.0, 9.5]);
    assert_eq!(values(&Dataset::open_version(&root, 1).unwrap(), "stars"), [8.0]);
    assert_eq!(values(&Dataset::open_version(&root, 2).unwrap(), "stars"), [2.0, 8.0]);
    assert!(Dataset::open_version(&root, 4).unwrap_err().to_string().contains("1 to 3"));
    assert_eq!(newest.log().unwrap().iter().map(|v| (v.version, v.rows)).collect::<Vec<_>>(), [(3, 3), (2, 2), (1, 1)]);
    assert_eq!(names(&root), ["HEAD", "data", "lock", "tmp", "versions"]);
    assert!(names(&root.join("tmp")).is_empty());
}

#[test]
fn an_abandoned_transaction_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("toy");
    let mut transaction = Transaction::begin(&root).unwrap();
    transaction.writer("stars", 1, schema()).unwrap().finish().unwrap();
    drop(transaction);
    assert!(!root.exists());
    put(&root, "stars", 1, &[1.0]);
    let before = names(&root.join("data/stars/snap=00001"));
    let mut transaction = Transaction::begin(&root).unwrap();
    for value in [1.0, 2.0] {
        // The first has the bytes of the file that version 1 names: it must survive.
        let mut writer = transaction.writer("stars", 1, schema()).unwrap();
        writer.write(&batch(&[value])).unwrap();
        writer.finish().unwrap();
    }
    drop(transaction);
    assert_eq!(names(&root.join("data/stars/snap=00001")), before);
    assert_eq!(values(&Dataset::open(&root).unwrap(), "stars"), [1.0]);
}

#[test]
fn a_linked_manifest_without_head_is_completed_and_a_torn_one_removed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("toy");
    put(&root, "stars", 1, &[1.0]);
    let old_head = fs::read(root.join("HEAD")).unwrap();
    put(&root, "stars", 2, &[2.0]);
    fs::write(root.join("HEAD"), &old_head).unwrap();
    assert_eq!(Dataset::open(&root).unwrap().manifest().version, 1);
    drop(Transaction::begin(&root).unwrap());
    assert_eq!(values(&Dataset::open(&root).unwrap(), "stars"), [1.0, 2.0]);
    fs::write(root.join("versions/000003.json"), "{").unwrap();
    assert_eq!(put(&root, "stars", 3, &[3.0]), 3);
    assert_eq!(values(&Dataset::open(&root).unwrap(), "stars"), [1.0, 2.0, 3.0]);
}

#[test]
fn a_second_writer_is_told_who_writes_and_waits_if_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("toy");
    put(&root, "stars", 1, &[1.0]);
    let first = Transaction::begin(&root).unwrap();
    let error = Transaction::begin_within(&root, Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.exit_code(), 4);
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    let waiting = {
        let root = root.clone();
        std::thread::spawn(move || put(&root, "stars", 2, &[2.0]))
    };
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(first.commit("first").unwrap(), 2);
    assert_eq!(waiting.join().unwrap(), 3);
}

#[test]
fn eight_writers_lose_nothing() {
    const APPENDS: u32 = 10;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("toy");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let root = &root;
            scope.spawn(move || (0..APPENDS).for_each(|i| assert!(put(root, "stars", thread * APPENDS + i, &[i as f32]) > 0)));
        }
    });
    let dataset = Dataset::open(&root).unwrap();
    assert_eq!(dataset.manifest().version, u64::from(8 * APPENDS));
    assert_eq!(dataset.files("stars").len(), 8 * APPENDS as usize);
    assert_eq!(dataset.log().unwrap().len(), 8 * APPENDS as usize);
}

#[test]
fn finished_files_are_reused_only_when_whole_and_swept_when_stale() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("toy");
    let unfinished = |values: &[f32]| {
        let mut transaction = Transaction::begin(&root).unwrap();
        let mut writer = transaction.writer("stars", 1, schema()).unwrap();
        writer.write(&batch(values)).unwrap();
        writer.finish_as("key").unwrap()
    };
    let file = unfinished(&[1.0, 2.0]);
    assert!(Dataset::open(&root).is_err());
    let mut transaction = Transaction::begin(&root).unwrap();
    assert!(transaction.reuse("other key").is_none());
    assert_eq!(transaction.reuse("key"), Some(file.clone()));
    transaction.commit("resumed").unwrap();
    assert_eq!(values(&Dataset::open(&root).unwrap(), "stars"), [1.0, 2.0]);
    assert!(journal::is_empty(&root));

    let file = unfinished(&[3.0]);
    let path = root.join(&file.path);
    let mut bytes = fs::read(&path).unwrap();
    bytes[9] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(Transaction::begin(&root).unwrap().reuse("key").is_none());
    put(&root, "gas", 1, &[4.0]);
    assert!(!path.exists(), "a commit without the file sweeps it");
    assert_eq!(values(&Dataset::open(&root).unwrap(), "stars"), [1.0, 2.0]);
}

#[test]
fn wrong_names_and_places_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), "x").unwrap();
    assert_eq!(Transaction::begin(folder.path()).unwrap_err().exit_code(), 2);
    assert_eq!(Transaction::begin(&folder.path().join("thesis.tex")).unwrap_err().exit_code(), 2);
    let mut transaction = Transaction::begin(&folder.path().join("d")).unwrap();
    for name in ["", "Stars", "a/b", "..", "a b"] {
        assert_eq!(transaction.writer(name, 1, schema()).unwrap_err().exit_code(), 2, "{name}");
    }
    let with_snap = Arc::new(Schema::new(vec![Field::new("snap", DataType::Int32, false)]));
    assert!(transaction.writer("stars", 1, with_snap.clone()).is_err());
    assert!(transaction.writer_whole("snapshots", with_snap).is_ok());
}

#[test]
fn dates_are_right() {
    // `date -u -d @N` of GNU coreutils.
    assert_eq!(utc_text(0), "1970-01-01T00:00:00Z");
    assert_eq!(utc_text(951_782_399), "2000-02-28T23:59:59Z");
    assert_eq!(utc_text(951_782_400), "2000-02-29T00:00:00Z");
    assert_eq!(utc_text(4_107_542_399), "2100-02-28T23:59:59Z");
    assert_eq!(utc_text(4_107_542_400), "2100-03-01T00:00:00Z");
}
