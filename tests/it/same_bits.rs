//! The same bits for any order of rows, number of partitions and batch size.
//!
//! Source     the list of what differs in other engines: docs, reliability (sums and variances change with threads)
//! See also   `sql::aggregates`

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array, Int32Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};

const ROWS: usize = 20_000;

const QUERIES: [&str; 6] = [
    "SELECT sum(x), avg(x), var(x), stddev_pop(x), sum(f), avg(f), var(f), stddev(f), corr(x, f), covar_samp(x, f), weighted_mean(x, f) FROM t",
    "SELECT sum(wide), avg(wide), var_pop(wide), sum(DISTINCT x), sum(x) FILTER (WHERE g > 3), quantile(x, 0.3), median(x) FROM t",
    "SELECT g, sum(x), avg(wide), stddev(f), var(x), corr(x, wide) FROM t GROUP BY g ORDER BY g",
    "SELECT k, sum(x), stddev(f), avg(wide) FROM t GROUP BY k ORDER BY k",
    "SELECT c['n'], c['w'] FROM (SELECT unnest(hist2d(x, f, wide, -3, 3, 10, -3, 3, 10)) AS c FROM t)",
    "SELECT center_of_mass(x, f, wide, m)['x'], angular_momentum(x, f, wide, f, x, m, m)['lz'], center(x, f, x, m)['x'], \
     face_on(x, f, 0.1*x, -f, x, f*x, m, 2)['r20'], face_on(x, f, 0.1*x, -f, x, f*x, m, 2)['quality'] FROM t",
];

/// A reproducible sequence without a library: multiplicative congruence (Park & Miller 1988).
fn uniform(state: &mut u64) -> f64 {
    *state = *state * 48_271 % 2_147_483_647;
    *state as f64 / 2_147_483_647.0
}

fn columns() -> Vec<ArrayRef> {
    let mut state = 1;
    let normal = |state: &mut u64| (0..12).map(|_| uniform(state)).sum::<f64>() - 6.0;
    let x: Float64Array = (0..ROWS).map(|i| (i % 97 != 0).then(|| normal(&mut state))).collect();
    let f: Float32Array = (0..ROWS).map(|_| Some(normal(&mut state) as f32)).collect();
    let wide: Float64Array = (0..ROWS).map(|_| Some(normal(&mut state) * 10.0_f64.powf(40.0 * uniform(&mut state) - 20.0))).collect();
    let m: Float64Array = (0..ROWS).map(|_| Some(1.0 + uniform(&mut state))).collect();
    let g: Int32Array = (0..ROWS).map(|_| Some((uniform(&mut state) * 7.0) as i32)).collect();
    let k: Int32Array = (0..ROWS).map(|_| Some((uniform(&mut state) * 6000.0) as i32)).collect();
    vec![Arc::new(x), Arc::new(f), Arc::new(wide), Arc::new(m), Arc::new(g), Arc::new(k)]
}

fn context(seed: u64, partitions: usize, batch_rows: usize) -> SessionContext {
    let mut state = seed;
    let mut keys: Vec<(u64, u32)> = (0..ROWS as u32).map(|i| ((uniform(&mut state) * 1e9) as u64, i)).collect();
    if seed != 1 {
        keys.sort_unstable();
    }
    let order: datafusion::arrow::array::UInt32Array = keys.iter().map(|&(_, i)| Some(i)).collect();
    let columns: Vec<ArrayRef> = columns().iter().map(|c| datafusion::arrow::compute::take(c, &order, None).unwrap()).collect();
    let fields: Vec<Field> =
        ["x", "f", "wide", "m", "g", "k"].iter().zip(&columns).map(|(n, c)| Field::new(*n, c.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let all = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let mut parts = vec![Vec::new(); partitions];
    for (i, start) in (0..ROWS).step_by(batch_rows).enumerate() {
        parts[i % partitions].push(all.slice(start, batch_rows.min(ROWS - start)));
    }
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(partitions).with_batch_size(batch_rows));
    spolia::sql::functions::register(&context, true).unwrap();
    context.register_table("t", Arc::new(MemTable::try_new(schema, parts).unwrap())).unwrap();
    context
}

fn bits(batches: &[RecordBatch]) -> Vec<Vec<u64>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let value = |c: &ArrayRef| match datafusion::arrow::compute::cast(c, &DataType::Float64).unwrap() {
                a if a.is_null(row) => u64::MAX,
                a => a.as_primitive::<Float64Type>().value(row).to_bits(),
            };
            rows.push(batch.columns().iter().map(value).collect());
        }
    }
    rows
}

#[test]
fn order_partitions_and_batches_do_not_change_a_bit() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    let mut reference: Vec<Vec<Vec<u64>>> = Vec::new();
    let mut runs = 0;
    for (seed, partitions, batch_rows) in [(1, 1, 8192), (1, 2, 8192), (2, 4, 1000), (3, 8, 77), (4, 1, 20_000), (5, 8, 4096)] {
        let context = context(seed, partitions, batch_rows);
        for (q, query) in QUERIES.iter().enumerate() {
            let found = bits(&runtime.block_on(async { context.sql(query).await.unwrap().collect().await.unwrap() }));
            assert!(!found.is_empty());
            runs += 1;
            match reference.get(q) {
                None => reference.push(found),
                Some(first) => assert_eq!(first, &found, "{query}\nseed {seed}, {partitions} partitions, batches of {batch_rows}"),
            }
        }
    }
    println!("{runs} runs, {} queries, one result each", QUERIES.len());
}

#[test]
fn grouped_and_whole_sums_spill_to_the_same_bits() {
    use datafusion::execution::memory_pool::FairSpillPool;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let query = "SELECT k, g, sum(x), stddev(f), avg(wide) FROM t GROUP BY k, g ORDER BY k, g";
    let collect = |context: &SessionContext| {
        let context = context.clone();
        bits(&runtime.block_on(async { context.sql(query).await.unwrap().collect().await.unwrap() }))
    };
    let free = collect(&context(1, 2, 1024));
    let tight = context(2, 2, 1024);
    let env = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(24 << 20))).build_arc().unwrap();
    let state = datafusion::execution::SessionStateBuilder::new_from_existing(tight.state()).with_runtime_env(env).build();
    let spilling = SessionContext::new_with_state(state);
    assert_eq!(free, collect(&spilling));
}
