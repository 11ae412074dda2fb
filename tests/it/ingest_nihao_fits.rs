//! FITS tables of NIHAO-UHD: the published column set, every kind of column as astropy writes it, and damaged files.
//!
//! Source     tests/data/make_fits.py wrote tests/data/fits with astropy 8.0; the galaxy comes from the shared folder, where it exists
//! Accuracy   values follow from the row, as that script says; sums of the galaxy by astropy 8.0 and numpy
//! Edge cases 400 mutations and truncations: an error or a value, never a panic
//! See also   `ingest_gadget_binary`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, Int64Type, UInt64Type};
use spolia::ErrorKind;
use spolia::ingest::{Family, OpenOptions, Snapshot, open, snapshots_in};
use spolia::table::schema::unit_of;

fn kinds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fits/kinds.fits")
}

/// The synthetic galaxy of the shared sample folder; prints a line and gives nothing where there is none.
fn galaxy() -> Option<PathBuf> {
    crate::shared::snapshots("synthetic/nihao/NIHAO_synthetic_stars.fits")
}

fn opened(path: &Path) -> Arc<dyn Snapshot> {
    open(path, &OpenOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn all(snapshot: &dyn Snapshot, family: Family) -> RecordBatch {
    let columns: Vec<usize> = (0..snapshot.schema(family).expect("schema").fields().len()).collect();
    snapshot.read(family, &columns, 0..snapshot.rows(family)).unwrap_or_else(|e| panic!("{e}"))
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a dyn Array {
    batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name} in {:?}", batch.schema())).as_ref()
}

fn floats(batch: &RecordBatch, name: &str) -> Vec<f64> {
    let column = column(batch, name);
    match column.data_type() {
        DataType::Float32 => column.as_primitive::<Float32Type>().values().iter().map(|v| f64::from(*v)).collect(),
        _ => column.as_primitive::<Float64Type>().values().to_vec(),
    }
}

fn unit(batch: &RecordBatch, name: &str) -> String {
    unit_of(batch.schema().field_with_name(name).unwrap()).to_string()
}

#[test]
fn every_kind_of_column_has_the_values_that_astropy_wrote() {
    let s = opened(&kinds());
    assert_eq!((s.info().format.as_str(), s.info().rows.as_slice()), ("nihao-fits (1 table)", &[(Family::Stars, 6)][..]));
    let notes = s.info().notes.join("\n");
    for text in ["checksum of the data", "without positions (ra)", "IMAGE data", "cannot be read: odd"] {
        assert!(notes.contains(text), "{text}: {notes}");
    }
    assert!(s.info().attributes.contains(&("stars/RUN".to_string(), "g0.00e00".to_string())));
    let t = all(&*s, Family::Stars);
    let rows = || (0..6).map(f64::from);
    let exact = |name: &str, expected: &dyn Fn(f64) -> f64, unit_text: &str| {
        floats(&t, name).iter().zip(rows()).for_each(|(found, i)| assert!((found - expected(i)).abs() < 1e-6, "{name}: {found}"));
        assert_eq!(unit(&t, name), unit_text, "{name}");
    };
    exact("x", &|i| i + 0.5, "kpc");
    exact("y", &|i| -i, "kpc");
    exact("z", &|i| i / 8.0, "kpc");
    exact("vx", &|i| 2.0 * i, "km/s");
    exact("mass", &|i| 1e4 + i, "Msun");
    exact("age", &|i| 0.1 * i, "Gyr");
    exact("scaled", &|i| 10.0 + 0.5 * i, "unknown");
    exact("colour_1", &|i| i + 0.25, "mag");
    exact("odd", &|i| 3.0 * i, "unknown");
    exact("rate", &|i| 0.1 * i, "Msun/yr");
    assert_eq!(column(&t, "y").data_type(), &DataType::Float64);
    assert_eq!(column(&t, "id").as_primitive::<UInt64Type>().values().to_vec(), (0..6).map(|i| (1 << 63) + 5 * i).collect::<Vec<u64>>());
    let feh = floats(&t, "feh");
    assert!(feh[3].is_nan() && feh[5] == -1.25 && unit(&t, "feh") == "dex");
    let flags = column(&t, "flag").as_boolean();
    assert_eq!((0..6).map(|i| flags.value(i)).collect::<Vec<_>>(), [true, false, true, false, true, false]);
    assert_eq!(column(&t, "small").as_primitive::<Int32Type>().values().to_vec(), [250, 251, 252, 253, 254, 255]);
    let short = column(&t, "short").as_primitive::<Int32Type>();
    assert!(short.is_null(2) && short.null_count() == 1 && short.value(5) == -500);
    assert_eq!(column(&t, "int").as_primitive::<Int32Type>().value(4), -1_000_000_004);
    assert_eq!(column(&t, "unsigned").as_primitive::<Int64Type>().value(3), 4_000_000_003);
    let group = column(&t, "group").as_string::<i32>();
    assert_eq!((0..6).map(|i| group.value(i)).collect::<Vec<_>>(), ["disc", "halo", "a", "", "bulge", "x y"]);
    assert!(t.column_by_name("empty").is_none());
    // Pieces give what the whole gives.
    let some = s.read(Family::Stars, &[3, 0], 2..5).unwrap();
    assert_eq!((some.column(1).as_ref(), some.column(0).as_ref()), (t.column(0).slice(2, 3).as_ref(), t.column(3).slice(2, 3).as_ref()));
}

#[test]
fn published_columns_become_canonical_ones() {
    let Some(path) = galaxy() else { return };
    let s = opened(&path);
    assert_eq!(s.info().rows, [(Family::Stars, 500)]);
    assert!(s.info().notes.iter().any(|n| n.contains("NIHAO-UHD release are assumed for x, vx")), "{:?}", s.info().notes);
    let t = all(&*s, Family::Stars);
    // numpy sums in f64 of the columns as astropy 8.0 reads them.
    for (name, unit_text, sum) in SUMS {
        let found: f64 = floats(&t, name).iter().filter(|v| !v.is_nan()).sum();
        assert!((found / sum - 1.0).abs() < 1e-9, "{name}: expected {sum}, found {found}");
        assert_eq!(unit(&t, name), *unit_text, "{name}");
    }
    assert_eq!(floats(&t, "x_birth").iter().filter(|v| v.is_nan()).count(), 6, "rows 0, 97, 194, ...");
    assert_eq!(column(&t, "id").as_primitive::<UInt64Type>().value(499), 499);
    assert_eq!(t.num_columns(), 39);
    // The folder is the snapshot, too.
    assert_eq!(snapshots_in(path.parent().unwrap()).unwrap(), [path]);
}

/// Column, unit, sum.
const SUMS: &[(&str, &str, f64)] = &[
    ("x", "kpc", 109.44079220667481),
    ("vz", "km/s", -719.6666979491711),
    ("mass", "Msun", 3640515.7841796875),
    ("age", "Gyr", 2831.3566550575197),
    ("phi", "km**2/s**2", -76931532.5546875),
    ("jr", "kpc.km/s", 98479.2203168869),
    ("jphi", "kpc.km/s", 572434.3920974731),
    ("y_birth", "kpc", 1322.7843195050955),
    ("ecc_0p43", "1", 220.49569563567638),
    ("z_metal", "1", 4.1205864123185165),
    ("heh", "dex", -200.53874118406384),
    ("feh", "dex", -212.83445897954516),
    ("euh", "dex", -199.95977789303288),
];

#[test]
fn units_of_the_user_replace_those_of_the_release_and_not_those_of_the_table() {
    let given = OpenOptions { length_kpc: Some(1000.0), mass_msun: Some(5.0), velocity_kms: None, ..OpenOptions::default() };
    let t = all(&*open(&kinds(), &given).unwrap(), Family::Stars);
    // z names no unit, x and mass do.
    assert_eq!((floats(&t, "z")[4], floats(&t, "y")[4], floats(&t, "mass")[0]), (500.0, -4.0, 1e4));
    let zero = OpenOptions { length_kpc: Some(0.0), ..OpenOptions::default() };
    assert_eq!(open(&kinds(), &zero).unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn what_is_not_read_says_so() {
    let error = open(&kinds().with_file_name("variable.fits"), &OpenOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("variable-length arrays") && error.to_string().contains("column `history`"), "{error}");
    let dir = tempfile::tempdir().unwrap();
    let good = std::fs::read(kinds()).unwrap();
    let replaced = |from: &str, to: &str| {
        let at = good.windows(from.len()).rposition(|w| w == from.as_bytes()).unwrap();
        let mut bytes = good.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        let path = dir.path().join("t.fits");
        std::fs::write(&path, bytes).unwrap();
        open(&path, &OpenOptions::default()).unwrap_err()
    };
    for (from, to, words) in [
        ("'pc      '", "'deg     '", "column `x` is no length"),
        ("NAXIS1  =                   83", "NAXIS1  =                   84", "fields do not fill the row"),
        ("TFORM2  = 'D", "TFORM2  = 'E", "fields do not fill the row"),
        ("TFORM2  = 'D", "TFORM2  = 'Y", "`TFORM2` makes no sense"),
        ("TTYPE3  = 'z", "TTYPE3  = 'w", "holds no particles"),
        ("NAXIS2  =                    6", "NAXIS2  =                99999", "data end early"),
        ("NAXIS2  =                    6", "NAXIS2  =                   -6", "`NAXIS2` is no number"),
        ("'3563203051'", "'3563203052'", "data differ from their checksum"),
        ("disc", "disk", "data differ from their checksum"),
    ] {
        let error = replaced(from, to);
        assert!(error.to_string().contains(words), "{to}: {error}");
        assert!(error.to_string().contains("t.fits"), "{error}");
    }
}

#[test]
fn files_of_one_galaxy_are_one_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let good = std::fs::read(kinds()).unwrap();
    let file = |name: &str| dir.path().join(name);
    std::fs::write(file("g8_stars.fits"), &good).unwrap();
    // Without an age and with a temperature, or with neither, the same table is gas or dark matter.
    let renamed = |to: &str| {
        let at = good.windows(5).rposition(|w| w == b"'age ").unwrap();
        let mut bytes = good.clone();
        bytes[at..at + 10].copy_from_slice(format!("'{to:<8}'").as_bytes());
        bytes
    };
    std::fs::write(file("g8_gas.fits"), renamed("u")).unwrap();
    std::fs::write(file("g8_darkmatter.fits"), renamed("other")).unwrap();
    for path in [file("g8_gas.fits"), dir.path().to_path_buf()] {
        let s = opened(&path);
        assert_eq!(s.info().rows, [(Family::Stars, 6), (Family::Gas, 6), (Family::Dark, 6)]);
        assert_eq!((s.info().format.as_str(), s.info().files.len()), ("nihao-fits (3 tables)", 3));
        // Megayears are no specific energy: the column keeps its unit and gives up its canonical name.
        assert_eq!(unit(&all(&*s, Family::Gas), "u_stored"), "Myr");
    }
    assert_eq!(snapshots_in(dir.path()).unwrap().len(), 1);
}

#[cfg(feature = "sql")]
#[test]
fn tables_go_into_datasets_and_answer() {
    use spolia::ingest::run::{IngestOptions, ingest};
    use spolia::progress::Silent;
    use spolia::sql::session::{Session, SessionOptions};
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("galaxy.spolia");
    ingest(&[kinds()], &out, &IngestOptions::default(), &Silent).unwrap();
    let session = Session::new(SessionOptions::default()).unwrap();
    session.attach(&out).unwrap();
    let number = |sql: &str| {
        let answer = session.query(sql).unwrap_or_else(|e| panic!("{e}"));
        answer.batches[0].column(0).as_primitive::<Float64Type>().value(0)
    };
    assert_eq!(number("select cast(sum(x) as double) from stars where \"group\" <> 'halo'"), 0.5 + 2.5 + 3.5 + 4.5 + 5.5);
    assert_eq!(number("select cast(count(short) as double) from stars"), 5.0);
    assert_eq!(number("select cast(count(*) as double) from stars where flag and age > 0.15"), 2.0);
    // What COPY writes is read again, with its units.
    let copy = dir.path().join("copy_stars.fits");
    session.query(&format!("copy (select id, x, y, z, mass, age, flag, \"group\" from stars) to '{}'", copy.display())).unwrap();
    assert_eq!(
        number(&format!("select cast(sum(mass * x) as double) from '{}'.stars", copy.display())),
        number("select cast(sum(mass * x) as double) from stars")
    );
    let again = all(&*opened(&copy), Family::Stars);
    assert_eq!((unit(&again, "age").as_str(), column(&again, "id").as_primitive::<UInt64Type>().value(0) >> 63), ("Gyr", 1));
    // A catalogue beside it is no snapshot.
    std::fs::copy(kinds().with_file_name("variable.fits"), dir.path().join("catalogue.fits")).unwrap();
    assert_eq!(snapshots_in(dir.path()).unwrap(), [copy]);
    let Some(path) = galaxy() else { return };
    let from = |what: &str| number(&format!("select cast({what} as double) from '{}'.stars", path.display()));
    assert!((from("avg(feh)") + 212.834_458_979_545_16 / 500.0).abs() < 1e-6);
    // [Ba/Fe] is the difference of the two columns that the table has.
    assert!((from("avg(bafe)") - from("avg(bah - feh)")).abs() < 1e-6);
}
