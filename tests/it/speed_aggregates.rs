//! Speed of the exact aggregates against DataFusion's own, printed, not asserted: run with `--ignored --nocapture`.
//!
//! Cost       10 million rows, 1 partition, memory tables; best of three, processor time
//! See also   `sql::aggregates::engine`

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float32Array, Float64Array, Int64Array, RecordBatch};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};

const ROWS: usize = 10_000_000;
const BATCH_ROWS: usize = 8192;

fn table(groups: u64) -> MemTable {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut batches = Vec::new();
    for start in (0..ROWS).step_by(BATCH_ROWS) {
        let count = BATCH_ROWS.min(ROWS - start);
        let x: Vec<f64> = (0..count).map(|_| (next() + next() + next() + next() - 2.0) * 100.0).collect();
        let f: Float32Array = x.iter().map(|&v| Some(v as f32)).collect();
        let g: Int64Array = (0..count).map(|_| Some((next() * groups as f64) as i64)).collect();
        let columns: Vec<(&str, ArrayRef)> = vec![("x", Arc::new(Float64Array::from(x))), ("f", Arc::new(f)), ("g", Arc::new(g))];
        batches.push(RecordBatch::try_from_iter(columns).unwrap());
    }
    MemTable::try_new(batches[0].schema(), vec![batches]).unwrap()
}

/// Processor time of this process: other work on the machine disturbs it less than the clock on the wall.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let own = |text: &str| text.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * 1e-9;
    let tasks = std::fs::read_dir("/proc/self/task")
        .map(|dir| dir.flatten().map(|task| own(&std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default())).sum());
    tasks.unwrap_or_else(|_| own(&text))
}

#[test]
#[ignore = "a measurement of about a minute"]
fn nanoseconds_per_row() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let time = |context: &SessionContext, query: &str| {
        let best = (0..3).map(|_| {
            let start = cpu_seconds();
            runtime.block_on(async { context.sql(query).await.unwrap().collect().await.unwrap() });
            cpu_seconds() - start
        });
        best.fold(f64::INFINITY, f64::min) * 1e9 / ROWS as f64
    };
    for groups in [1, 150, 1_000_000] {
        let table = Arc::new(table(groups));
        let contexts = [true, false].map(|ours| {
            let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
            if ours {
                spolia::sql::functions::register(&context, true).unwrap();
            }
            context.register_table("t", table.clone()).unwrap();
            context
        });
        let by = if groups == 1 { "" } else { "GROUP BY g" };
        let base = time(&contexts[1], &format!("SELECT count(*) FROM t {by}"));
        println!("{groups} groups: count alone {base:.2} ns/row");
        for call in ["sum(x)", "sum(f)", "avg(x)", "avg(f)", "stddev(x)", "stddev(f)", "corr(x, f)"] {
            let [ours, theirs] = [0, 1].map(|k| time(&contexts[k], &format!("SELECT {call} FROM t {by}")));
            println!("  {call:10} ours {ours:6.2}  built in {theirs:6.2} ns/row");
        }
    }
}
