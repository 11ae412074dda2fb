//! Exact sums against plain f64 addition: values per second over one million values.

#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spolia::numeric::exact_sum::ExactSum;
use spolia::numeric::random::Stream;

const VALUES: usize = 1_000_000;

fn sums(criterion: &mut Criterion) {
    let mut stream = Stream::new(1, 0, 0);
    let masses: Vec<f64> = (0..VALUES).map(|_| 1e4 * (1.0 + stream.uniform())).collect();
    let single: Vec<f32> = masses.iter().map(|&m| m as f32).collect();
    let mut group = criterion.benchmark_group("sum");
    group.throughput(Throughput::Elements(VALUES as u64));
    group.bench_function("plain f64", |b| b.iter(|| black_box(&masses).iter().sum::<f64>()));
    group.bench_function("exact, slice of f64", |b| {
        b.iter(|| {
            let mut sum = ExactSum::default();
            sum.add_slice(black_box(&masses));
            sum.value()
        })
    });
    group.bench_function("exact, slice of f32", |b| {
        b.iter(|| {
            let mut sum = ExactSum::default();
            sum.add_f32_slice(black_box(&single));
            sum.value()
        })
    });
    group.bench_function("exact, one by one", |b| {
        b.iter(|| {
            let mut sum = ExactSum::default();
            black_box(&masses).iter().for_each(|&m| sum.add(m));
            sum.value()
        })
    });
    group.finish();
}

criterion_group!(benches, sums);
criterion_main!(benches);
