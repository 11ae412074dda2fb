//! SQL over an attached snapshot: names, units, errors, limits, determinism.
//!
//! Source     the snapshot is made in memory from closed forms, so every expected number can be worked out by hand

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, Float32Array, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type, Schema, SchemaRef};
use spolia::ErrorKind;
use spolia::ingest::{Family, Snapshot, SnapshotInfo};
use spolia::sql::{Answer, Limits, Session, SessionOptions};
use spolia::table::schema::{UNIT, canonical_field};

const ROWS: u64 = 100_000;

/// Stars on a spiral: x = (i mod 200) - 100, y = i mod 7, z = i mod 3, mass = 1 + (i mod 10) / 3, vx = i mod 11, ...
#[derive(Debug)]
struct Spiral {
    info: SnapshotInfo,
    schema: SchemaRef,
}

impl Spiral {
    fn new() -> Spiral {
        let names = ["x", "y", "z", "vx", "vy", "vz", "mass", "x_fe", "z_metal"];
        let mut fields = vec![canonical_field("id", DataType::UInt64, "iord", None)];
        fields.extend(names.map(|n| canonical_field(n, DataType::Float32, n, None)));
        let info = SnapshotInfo {
            format: "memory".into(),
            snap: 1024,
            files: Vec::new(),
            scale_factor: Some(1.0),
            time_gyr: None,
            cosmology: None,
            box_kpc: None,
            rows: vec![(Family::Stars, ROWS), (Family::Gas, 1000)],
            attributes: Vec::new(),
            notes: Vec::new(),
        };
        Spiral { info, schema: Arc::new(Schema::new(fields)) }
    }
}

impl Snapshot for Spiral {
    fn info(&self) -> &SnapshotInfo {
        &self.info
    }
    fn schema(&self, _: Family) -> spolia::Result<SchemaRef> {
        Ok(self.schema.clone())
    }
    fn read(&self, _: Family, columns: &[usize], rows: Range<u64>) -> spolia::Result<RecordBatch> {
        let float = |f: &dyn Fn(u64) -> f32| -> Arc<dyn Array> { Arc::new(Float32Array::from_iter_values(rows.clone().map(f))) };
        let arrays = columns
            .iter()
            .map(|c| match c {
                0 => Arc::new(UInt64Array::from_iter_values(rows.clone())) as Arc<dyn Array>,
                1 => float(&|i| (i % 200) as f32 - 100.0),
                2 => float(&|i| (i % 7) as f32),
                3 => float(&|i| (i % 3) as f32),
                4 => float(&|i| (i % 11) as f32),
                5 => float(&|i| (i % 13) as f32),
                6 => float(&|_| 1.5),
                7 => float(&|i| 1.0 + (i % 10) as f32 / 3.0),
                8 => float(&|i| 1e-3 * (1.0 + (i % 5) as f32)),
                _ => float(&|_| 0.01),
            })
            .collect();
        let schema = Arc::new(self.schema.project(columns).unwrap());
        let options = RecordBatchOptions::new().with_row_count(Some((rows.end - rows.start) as usize));
        Ok(RecordBatch::try_new_with_options(schema, arrays, &options).unwrap())
    }
}

fn session_with(options: SessionOptions) -> Session {
    let session = Session::new(options).unwrap();
    assert_eq!(session.attach_snapshot(Path::new("spiral"), Arc::new(Spiral::new())), "spiral");
    session
}

fn session() -> Session {
    session_with(SessionOptions { threads: 2, ..Default::default() })
}

fn text(answer: &Answer) -> String {
    arrow::util::pretty::pretty_format_batches(&answer.batches).unwrap().to_string()
}

fn number(session: &Session, sql: &str) -> f64 {
    let answer = session.query(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let batch = answer.batches.iter().find(|b| b.num_rows() > 0).unwrap_or_else(|| panic!("{sql}: no rows"));
    let column = arrow::compute::cast(batch.column(0), &DataType::Float64).unwrap();
    column.as_primitive::<Float64Type>().value(0)
}

fn failure(session: &Session, sql: &str) -> spolia::Error {
    match session.query(sql) {
        Err(e) => e,
        Ok(answer) => panic!("{sql} should fail, gave\n{}", text(&answer)),
    }
}

fn unit(session: &Session, sql: &str) -> Option<String> {
    let answer = session.query(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    for batch in &answer.batches {
        assert_eq!(batch.schema().field(0).metadata().get(UNIT), answer.schema.field(0).metadata().get(UNIT));
    }
    answer.schema.field(0).metadata().get(UNIT).cloned()
}

#[test]
fn counts_and_filters_match_the_closed_forms() {
    let s = session();
    assert_eq!(number(&s, "select count(*) from stars"), ROWS as f64);
    assert_eq!(number(&s, "select count(*) from gas"), 1000.0);
    // x takes each value of -100..99 equally often: |x| < 5 is 9 of 200.
    assert_eq!(number(&s, "select count(*) from stars where abs(x) < 5"), 9.0 * ROWS as f64 / 200.0);
    let by_hand = (0..ROWS).filter(|i| {
        let (x, y, z) = ((i % 200) as f64 - 100.0, (i % 7) as f64, (i % 3) as f64);
        (x * x + y * y + z * z).sqrt() < 5.0 && i % 10 == 0
    });
    assert_eq!(number(&s, "select count(*) from stars where sqrt(x*x+y*y+z*z) < 5 and mass < 1.1"), by_hand.count() as f64);
    assert_eq!(number(&s, "select snap from stars limit 1"), 1024.0);
    assert_eq!(number(&s, "select count(*) from stars@1024"), ROWS as f64);
    assert_eq!(failure(&s, "select count(*) from stars@7").kind(), ErrorKind::NotFound);
}

#[test]
fn names_reach_sources_families_and_paths() {
    let s = session();
    assert_eq!(number(&s, "select count(*) from spiral.stars"), ROWS as f64);
    assert_eq!(number(&s, "select count(*) from 'spiral'"), ROWS as f64 + 1000.0);
    assert_eq!(number(&s, "select count(*) from 'spiral' where family = 'gas'"), 1000.0);
    assert_eq!(number(&s, "select count(*) from snapshot('spiral', 'gas')"), 1000.0);
    assert_eq!(failure(&s, "select * from snapshot('spiral', 'dark')").kind(), ErrorKind::NotFound);
    assert_eq!(failure(&s, "select * from 'no/such/file'.stars").kind(), ErrorKind::NotFound);
    assert_eq!(number(&s, "select count(*) from information_schema.tables where table_name = 'stars'"), 2.0);
    let names: Vec<String> = s.tables().into_iter().map(|t| t.name).collect();
    assert_eq!(names, ["gas", "stars"].map(String::from).into_iter().rev().collect::<Vec<_>>());
}

#[test]
fn rows_and_sums_are_the_same_bits_for_any_number_of_threads() {
    let queries = [
        "select id, x from stars where x > 90 limit 7",
        "select x, y from stars where mass > 3.9",
        "select floor(x/10) as b, count(*), sum(mass), avg(vy), stddev(vx) from stars group by b",
        "select distinct y from stars",
        "select sum(mass*x), avg(mass), var_pop(vx*1.1) from stars",
        "select id from stars limit 5 offset 99990",
    ];
    for sql in queries {
        let answers: Vec<String> = [1, 2, 4]
            .map(|threads| {
                let s = session_with(SessionOptions { threads, ..Default::default() });
                text(&s.query(sql).unwrap_or_else(|e| panic!("{sql}: {e}")))
            })
            .into();
        assert_eq!(answers[0], answers[1], "{sql}");
        assert_eq!(answers[0], answers[2], "{sql}");
    }
}

#[test]
fn units_follow_the_columns() {
    let s = session();
    for (sql, expected) in [
        ("select x from stars", Some("kpc")),
        ("select x + y from stars", Some("kpc")),
        ("select 2 * x - 1 from stars", Some("kpc")),
        ("select x * x from stars", Some("kpc**2")),
        ("select vx / x from stars", Some("km/s/kpc")),
        ("select -x as minus from stars", Some("kpc")),
        ("select x < 5 from stars", None),
        ("select 1 + 1", None),
        ("select cast(x as double) from stars", Some("kpc")),
        ("select case when x > 0 then x else y end from stars", Some("kpc")),
        ("select d from (select x - y as d from stars) t", Some("kpc")),
        ("with t as (select mass as m from stars) select m from t", Some("Msun")),
        ("select a.x from stars a join gas b on a.id = b.id", Some("kpc")),
        ("select x from stars union all select y from gas", Some("kpc")),
        ("select coalesce(x, y) from stars", Some("kpc")),
        ("select (select max(x) from stars) from gas", Some("kpc")),
    ] {
        let found = unit(&s, &format!("{sql} limit 1"));
        match expected {
            Some(expected) => {
                let same = |a: &str| spolia::units::Unit::parse(a).unwrap();
                let found = found.unwrap_or_else(|| panic!("{sql} has no unit"));
                assert_eq!(same(&found).factor_to(&same(expected)).unwrap_or(0.0), 1.0, "{sql}: {found}");
            }
            None => assert_eq!(found, None, "{sql}"),
        }
    }
}

#[test]
fn units_that_do_not_fit_are_refused_with_a_caret() {
    let s = session();
    for (sql, under) in [
        ("select x + vx from stars", "x + vx"),
        ("select count(*) from stars where x < vx", "x < vx"),
        ("select count(*) from stars where mass between x and 5", "mass between x"),
        ("select case when x > 0 then x else vx end from stars", ""),
        ("select coalesce(x, mass) from stars", "x, mass"),
        ("select x from stars where y in (vx, 3)", "y in (vx"),
        ("select sum(m) from (select x + mass as m from stars) t", "x + mass"),
        ("select a.x from stars a join gas b on a.x = b.mass", "a.x = b.mass"),
        ("select x from stars where x > (select max(vx) from gas)", "x"),
    ] {
        let e = failure(&s, sql);
        assert_eq!(e.kind(), ErrorKind::Mismatch, "{sql}: {e}");
        let shown = e.to_string();
        assert!(shown.contains("spolia.units"), "{shown}");
        let place = e.place().unwrap_or_else(|| panic!("{sql}: no place in {e}"));
        if !under.is_empty() {
            let lines: Vec<&str> = place.lines().collect();
            let caret = lines[2].find('^').unwrap();
            assert!(lines[1][caret..].starts_with(under), "{sql}:\n{place}");
            assert_eq!(lines[2].matches('^').count(), under.len(), "{sql}:\n{place}");
        }
    }
    let union = failure(&s, "select x from stars union all select vx from gas");
    assert_eq!(union.kind(), ErrorKind::Mismatch, "{union}");
    s.query("set spolia.units = 'off'").unwrap();
    assert_eq!(unit(&s, "select x + vx from stars limit 1").as_deref(), Some("unknown"));
    s.query("set spolia.units = 'on'").unwrap();
    failure(&s, "select x + vx from stars");
}

#[test]
fn errors_say_where_what_and_how_to_cure() {
    let s = session();
    for (sql, kind, parts) in [
        (
            "select massa from stars",
            ErrorKind::NotFound,
            &["unknown column massa", "line 1, column 8", "^^^^^", "did you mean mass [Msun]"][..],
        ),
        ("select x\nfrom starz", ErrorKind::NotFound, &["unknown table starz", "line 2, column 6", "did you mean stars"]),
        ("select sqrt(3", ErrorKind::Usage, &["`(` is never closed", "line 1, column 12"]),
        ("select sqroot(3)", ErrorKind::NotFound, &["unknown function sqroot", "line 1, column 8", "did you mean sqrt"]),
        ("select sqrt('a', 2)", ErrorKind::Usage, &["sqrt", "line 1, column 8"]),
        ("selec x from stars", ErrorKind::Usage, &["line 1, column 1", "did you mean SELECT"]),
        ("select x from stars where", ErrorKind::Usage, &["the end of the text"]),
        ("select 1 / 0", ErrorKind::Domain, &["division by zero", "line 1, column 10"]),
        ("select 'abc", ErrorKind::Usage, &["line 1, column 8"]),
        ("select x from stars@disk", ErrorKind::NotFound, &["unknown frame disk", "CREATE FRAME disk"]),
        ("select ofe from stars", ErrorKind::NotFound, &["unknown column ofe", "the table has no x_o"]),
        ("insert into stars values (1)", ErrorKind::Unsupported, &["rows of a dataset do not change"]),
        ("select id from stars a join gas b on a.id = b.id", ErrorKind::Usage, &["id could be a column of more than one table"]),
        ("", ErrorKind::Usage, &["no SQL statement"]),
        ("set spolia.units = 'perhaps'", ErrorKind::Usage, &["on or off"]),
        ("select cast('abc' as int)", ErrorKind::Domain, &["abc"]),
    ] {
        let e = failure(&s, sql);
        let shown = e.to_string();
        println!("-- {sql}\n{shown}\n");
        assert_eq!(e.kind(), kind, "{sql}: {shown}");
        for part in parts {
            assert!(shown.contains(part), "{sql}: `{part}` is not in\n{shown}");
        }
        for debugging in ["Some(", "Utf8", "Int64", "TokenWithSpan", "DataFusion", "{ "] {
            assert!(!shown.contains(debugging), "{sql}: `{debugging}` is in\n{shown}");
        }
    }
}

#[test]
fn hostile_texts_end_in_clear_errors() {
    let s = session();
    for sql in [
        format!("select {}1", "1+".repeat(8_000)),
        format!("select {}1", "1+".repeat(20_000)),
        format!("select {}1{}", "(".repeat(5_000), ")".repeat(5_000)),
        format!("{}select 1{}", "select * from (".repeat(500), ") t".repeat(500)),
        "x".repeat(2 << 20),
        format!("select '{}'", "(".repeat(2 << 20)),
    ] {
        assert_eq!(failure(&s, &sql).kind(), ErrorKind::Limit);
    }
    // Just inside the limits: answered, or refused in words, and soon.
    let started = std::time::Instant::now();
    assert_eq!(number(&s, &format!("select {}1", "1+".repeat(390))), 391.0);
    println!("390 sums: {:?}", started.elapsed());
    for sql in [
        format!("select {}1{}", "(".repeat(190), ")".repeat(190)),
        format!("{}select 1{}", "select * from (".repeat(150), ") t".repeat(150)),
        format!("select {}1", "- ".repeat(390)),
        format!("select {}true", "not ".repeat(390)),
        format!("select {}1 {}", "case when true then ".repeat(150), "end ".repeat(150)),
        format!("select 1 {}", "union all select 1 ".repeat(190)),
    ] {
        let started = std::time::Instant::now();
        if let Err(e) = s.query(&sql) {
            assert!(matches!(e.kind(), ErrorKind::Limit), "{:.60}: {e}", sql);
        }
        println!("{:.40}: {:?}", sql, started.elapsed());
    }
    println!("texts just inside the limits took {:?}", started.elapsed());
}

#[test]
fn a_session_that_only_reads_writes_nothing() {
    let s = session_with(SessionOptions { limits: Limits::served(), ..Default::default() });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.parquet");
    for sql in [
        format!("copy (select x from stars) to '{}'", file.display()),
        format!("create external table t stored as parquet location '{}'", file.display()),
        "create table t as select 1".to_string(),
        "create view t as select 1".to_string(),
        "create frame f as select face_on(x,y,z,vx,vy,vz,mass) from stars".to_string(),
        "select * from '/etc/passwd'".to_string(),
    ] {
        failure(&s, &sql);
    }
    assert!(!file.exists());
    assert_eq!(number(&s, "select count(*) from stars"), ROWS as f64);
}

#[test]
fn statements_of_the_session_keep_rows_queries_and_files() {
    let s = session();
    s.query("create table heavy as select id, mass, x from stars where mass > 3").unwrap();
    assert_eq!(unit(&s, "select mass from heavy limit 1").as_deref(), Some("Msun"));
    assert_eq!(failure(&s, "select mass + x from heavy").kind(), ErrorKind::Mismatch);
    failure(&s, "create table heavy as select 1");
    s.query("create or replace table heavy as select id from stars where id < 3").unwrap();
    assert_eq!(number(&s, "select count(*) from heavy"), 3.0);
    s.query("create view near as select x, y from stars where abs(x) < 5").unwrap();
    assert_eq!(unit(&s, "select x from near limit 1").as_deref(), Some("kpc"));
    assert_eq!(number(&s, "drop table heavy; select count(*) from near"), 9.0 * ROWS as f64 / 200.0);
    failure(&s, "select * from heavy");

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| -> PathBuf { folder.path().join(name) };
    for name in ["out.parquet", "out.csv", "out.jsonl", "out.arrow"] {
        assert_eq!(number(&s, &format!("copy (select x, mass from stars where x > 90) to '{}'", file(name).display())), 4500.0);
    }
    let sql = format!("select x from '{}' where x > 98", file("out.parquet").display());
    assert_eq!(s.query(&sql).unwrap().rows(), 500);
    assert_eq!(unit(&s, &sql).as_deref(), Some("kpc"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "no temporary file is left");
    std::fs::write(file("bad.parquet"), b"PAR1abcdefghPAR1").unwrap();
    let bad = failure(&s, &format!("select * from '{}'", file("bad.parquet").display()));
    assert_eq!(bad.kind(), ErrorKind::Damaged, "{bad}");
}

#[test]
fn describe_and_explain_speak_of_units_and_pruning() {
    let s = session();
    let described = text(&s.query("describe stars").unwrap());
    assert!(described.contains("kpc") && described.contains("mass"), "{described}");
    let plan = text(&s.query("explain select count(*) from stars where sqrt(x*x+y*y) < 5").unwrap());
    assert!(plan.contains("SnapshotScan") && plan.contains("filter=["), "{plan}");
    assert!(!plan.contains("FilterExec"), "{plan}");
}

#[test]
fn streaming_hands_over_every_row_once_in_order_and_can_stop() {
    let s = session();
    let mut seen = Vec::new();
    let answer = s
        .stream("select cast(id as bigint) as id from stars", &mut |batch| {
            seen.extend_from_slice(batch.column(0).as_primitive::<Int64Type>().values());
            Ok(())
        })
        .unwrap();
    assert!(answer.batches.is_empty());
    assert!(seen.iter().enumerate().all(|(i, id)| i as i64 == *id) && seen.len() as u64 == ROWS);
    let canceller = s.canceller();
    let stopped = s.stream("select id from stars", &mut |_| {
        canceller.cancel();
        Ok(())
    });
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(number(&s, "select count(*) from stars"), ROWS as f64);
}

#[test]
fn little_memory_leads_to_a_second_try_or_a_clear_limit() {
    let s = session_with(SessionOptions { threads: 2, memory_bytes: Some(210 << 20), ..Default::default() });
    // 3e6 keys are about 80 MB of hash table in a pool of 18 MiB; a sort-merge join spills instead.
    let sql = "select count(*), sum(a.v) from generate_series(1, 3000000) as a(v) join generate_series(1, 3000000) as b(v) on a.v = b.v";
    let answer = s.query(sql).unwrap();
    assert!(text(&answer).contains("| 3000000  | 4500001500000 |"), "{}", text(&answer));
    assert!(answer.notes.iter().any(|n| n.contains("ran again")), "{:?}", answer.notes);
    let e = failure(
        &s,
        "select a.v, array_agg(b.v) from generate_series(1, 3) as a(v) cross join generate_series(1, 9000000) as b(v) group by a.v",
    );
    assert_eq!(e.kind(), ErrorKind::Limit, "{e}");
    assert!(e.to_string().contains("--memory"), "{e}");
}

/// A dataset of two snapshots of 50,000 stars along x, 0.01 kpc apart; snapshot 512 lies 1 kpc lower in z.
fn dataset(folder: &Path) -> PathBuf {
    let root = folder.join("galaxy.spolia");
    let spiral = Spiral::new();
    let names = ["id", "x", "y", "z", "vx", "vy", "vz", "mass", "x_fe", "z_metal"];
    let keep: Vec<usize> = names.iter().map(|n| spiral.schema.index_of(n).unwrap()).collect();
    let schema = spiral.schema(Family::Stars).unwrap();
    let mut transaction = spolia::table::Transaction::begin(&root).unwrap();
    for (snap, low) in [(512_u32, -1.0_f32), (1024, 0.0)] {
        let mut writer = transaction.writer("stars", snap, schema.clone()).unwrap();
        let batch = spiral.read(Family::Stars, &keep, 0..50_000).unwrap();
        let mut columns = batch.columns().to_vec();
        columns[1] = Arc::new(Float32Array::from_iter_values((0..50_000).map(|i| i as f32 * 0.01)));
        columns[3] = Arc::new(Float32Array::from_iter_values((0..50_000).map(|i| (i % 3) as f32 + low)));
        writer.write(&RecordBatch::try_new(schema.clone(), columns).unwrap()).unwrap();
        writer.finish().unwrap();
    }
    transaction.commit("two snapshots").unwrap();
    root
}

#[test]
fn a_dataset_answers_by_snapshot_and_frame_and_skips_what_lies_outside() {
    let folder = tempfile::tempdir().unwrap();
    let root = dataset(folder.path());
    let s = Session::new(SessionOptions { threads: 2, ..Default::default() }).unwrap();
    assert_eq!(s.attach(&root).unwrap(), "galaxy");
    assert_eq!(number(&s, "select count(*) from stars"), 50_000.0);
    assert_eq!(number(&s, "select count(*) from stars@all"), 100_000.0);
    assert_eq!(number(&s, "select min(z) from stars@512"), -1.0);
    assert_eq!(number(&s, "select sum(snap) from stars@all where x < 0.005"), 1536.0);
    assert_eq!(number(&s, "select count(*) from galaxy.stars@512 where snap = 512"), 50_000.0);
    assert_eq!(failure(&s, "select x from stars@7").kind(), ErrorKind::NotFound);
    // Counts, minima and maxima need no data.
    let plan = text(&s.query("explain select count(*), min(x), max(x) from stars").unwrap());
    assert!(!plan.contains("DataSourceExec"), "{plan}");
    // A sphere skips files, row groups and pages.
    assert_eq!(number(&s, "select count(*) from stars@all where radius(x, y, z) < 0.1"), 2.0);
    let plan = text(&s.query("explain analyze select count(*) from stars@all where radius(x - 300, y, z) < 0.1").unwrap());
    assert!(plan.contains("x@1 <= 300.1"), "{plan}");
    let by_hand = (0..50_000).filter(|i| (*i as f32 * 0.01 - 300.0).hypot((i % 7) as f32).hypot((i % 3) as f32) < 3.0).count();
    assert_eq!(number(&s, "select count(*) from stars where radius(x - 300, y, z) < 3"), by_hand as f64);
    for threads in [1, 4] {
        let other = Session::new(SessionOptions { threads, ..Default::default() }).unwrap();
        other.attach(&root).unwrap();
        for sql in [
            "select * from stars@all where y < 1 limit 9",
            "select id, x from stars where z > 1.5",
            "select y, sum(mass), avg(x) from stars@all group by y",
        ] {
            assert_eq!(text(&s.query(sql).unwrap()), text(&other.query(sql).unwrap()), "{sql}");
        }
    }
    assert_eq!(unit(&s, "select feh from stars limit 1").as_deref(), Some("dex"));
    assert_eq!(unit(&s, "select v_phi from stars where r < 5 limit 1").as_deref(), Some("km/s"));
    assert!(!text(&s.query("select * from stars limit 1").unwrap()).contains("feh"));
    // Stored frames belong to one snapshot.
    let made = s.query("create frame disc as select center_of_mass(x, y, z, mass) from stars").unwrap();
    assert!(made.notes[0].contains("1024"), "{:?}", made.notes);
    assert!(number(&s, "select abs(sum(mass * x) / sum(mass)) from stars@disc") < 1e-3);
    // The ball round the centre of the frame, (250.006, 3, 1), prunes by stored coordinates.
    let plan = text(&s.query("explain select count(*) from stars@disc where radius(x, y, z) < 5").unwrap());
    assert!(plan.contains("x@1 >= 245.00") && plan.contains("x@1 <= 255.00"), "{plan}");
    assert_eq!(failure(&s, "select x from stars@512@disc").kind(), ErrorKind::Mismatch);
    s.query("create frame disc@512 as select center_of_mass(x, y, z, mass) from stars@512").unwrap();
    assert!(number(&s, "select abs(sum(mass * z) / sum(mass)) from stars@512@disc") < 1e-3);
    assert_eq!(number(&s, "select count(*) from stars@all@disc"), 100_000.0);
    // A new session finds them; another that was open keeps its version.
    let again = Session::new(SessionOptions::default()).unwrap();
    again.attach(&root).unwrap();
    assert_eq!(
        number(&again, "select count(*) from stars@disc where radius(x, y, z) < 1"),
        number(&s, "select count(*) from stars@disc where radius(x, y, z) < 1")
    );
}

#[test]
fn a_damaged_block_is_damaged_and_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = dataset(folder.path());
    let file = spolia::table::Dataset::open(&root).unwrap().files("stars")[1].path.clone();
    let path = root.join(file);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 0x10;
    std::fs::write(&path, bytes).unwrap();
    let s = Session::new(SessionOptions::default()).unwrap();
    s.attach(&root).unwrap();
    let e = failure(&s, "select sum(mass + mass) from stars");
    assert_eq!(e.kind(), ErrorKind::Damaged, "{e}");
    assert!(e.to_string().contains("parquet"), "{e}");
    assert_eq!(number(&s, "select count(*) from stars@512"), 50_000.0);
}

#[test]
fn a_frame_turns_positions_and_velocities() {
    let s = session();
    let frame = "select 10.0 as cx, 0.0 as cy, 0.0 as cz, 1.0 as vx, 0.0 as vy, 0.0 as vz, \
                 0.0 as r00, 1.0 as r01, 0.0 as r02, -1.0 as r10, 0.0 as r11, 0.0 as r12, 0.0 as r20, 0.0 as r21, 1.0 as r22, 1.0 as quality from stars limit 1";
    s.query(&format!("create frame disc as {frame}")).unwrap();
    // x' = y, y' = 10 - x, z' = z; vx' = vy, vy' = 1 - vx.
    assert_eq!(
        number(&s, "select max(abs(d.x - s.y) + abs(d.y - (10 - s.x)) + abs(d.z - s.z)) from stars@disc d join stars s on d.id = s.id"),
        0.0
    );
    assert_eq!(number(&s, "select max(abs(d.vx - s.vy) + abs(d.vy - (1 - s.vx))) from stars@disc d join stars s on d.id = s.id"), 0.0);
    let field = s.query("select x from stars@disc limit 1").unwrap().schema.field(0).clone();
    assert_eq!(field.metadata()["frame"], "disc");
    assert_eq!(field.metadata()["unit"], "kpc");
    let near = number(&s, "select count(*) from stars@disc where sqrt(x*x+y*y+z*z) < 5");
    s.query("set spolia.frame = 'disc'").unwrap();
    assert_eq!(number(&s, "select count(*) from stars where sqrt(x*x+y*y+z*z) < 5"), near);
    assert_eq!(number(&s, "select max(x) from stars@box"), 99.0);
}
