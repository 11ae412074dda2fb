//! A made-up galaxy in memory, to draw figures from in tests: disc, halo and the debris of a merger.
//!
//! Units      kpc, km/s, Msun, Gyr, dex
//! See also   `ingest::synth` for the simulated one

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Float32Array, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::error::{Error, Result};
use crate::sql::Answer;

/// Tables behind a query closure.
pub struct Memory {
    context: SessionContext,
    runtime: tokio::runtime::Runtime,
}

impl Memory {
    pub fn new(tables: &[(&str, RecordBatch)], threads: usize) -> Memory {
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(threads).with_batch_size(2048));
        crate::sql::functions::register(&context, true).unwrap();
        for (name, batch) in tables {
            context.register_batch(*name, batch.clone()).unwrap();
        }
        Memory { context, runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap() }
    }

    pub fn single(table: &str, column: &str, values: &[f64]) -> Memory {
        Memory::new(&[(table, batch(&[(column, "1", values.to_vec())]))], 2)
    }

    pub fn query(&self) -> impl Fn(&str) -> Result<Answer> + '_ {
        |sql: &str| {
            let start = Instant::now();
            let failed = |e: datafusion::error::DataFusionError| Error::usage("query failed").because(e).at(sql);
            self.runtime.block_on(async {
                let frame = self.context.sql(sql).await.map_err(failed)?;
                let schema = Arc::new(frame.schema().as_arrow().clone());
                let batches = frame.collect().await.map_err(failed)?;
                Ok(Answer { schema, batches, elapsed: start.elapsed(), notes: Vec::new() })
            })
        }
    }
}

/// Columns with units; those called `x`, `y`, `z` are stored in single precision as snapshots are.
pub fn batch(columns: &[(&str, &str, Vec<f64>)]) -> RecordBatch {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (name, unit, values) in columns {
        let single = matches!(*name, "x" | "y" | "z");
        let kind = if single { DataType::Float32 } else { DataType::Float64 };
        fields.push(Field::new(*name, kind, true).with_metadata(HashMap::from([("unit".to_string(), (*unit).to_string())])));
        arrays.push(if single {
            Arc::new(values.iter().map(|v| *v as f32).collect::<Float32Array>())
        } else {
            Arc::new(Float64Array::from(values.clone()))
        });
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

struct Dice(u64);

impl Dice {
    fn flat(&mut self) -> f64 {
        // SplitMix64 (Steele, Lea & Flood 2014): enough for a picture.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.flat()).ln()).sqrt() * (std::f64::consts::TAU * self.flat()).cos()
    }
}

/// `n` stars of a galaxy and a tenth as many gas and dark particles.
pub fn galaxy(n: usize) -> Vec<(&'static str, RecordBatch)> {
    let mut dice = Dice(826);
    let names = ["x", "y", "z", "vx", "vy", "vz", "mass", "mass_birth", "age", "t_birth", "feh"];
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
    let now = 13.8;
    for _ in 0..n {
        let kind = dice.flat();
        let (mut position, mut velocity, age, feh);
        if kind < 0.78 {
            age = if dice.flat() < 0.35 { 8.5 + 2.5 * dice.flat() } else { 9.0 * dice.flat().powf(0.8) };
            let thick = age > 8.5;
            let scale = if thick { 2.0 } else { 3.2 };
            let r = -scale * ((1.0 - dice.flat()) * (1.0 - dice.flat())).ln();
            let mut angle = std::f64::consts::TAU * dice.flat();
            if !thick {
                // Two loose arms.
                angle += 0.35 * (2.0 * angle - 3.0 * (r + 0.5).ln()).sin();
            }
            let height = if thick { 0.9 } else { 0.28 };
            position = [r * angle.cos(), r * angle.sin(), height * dice.normal()];
            let v_c = 220.0 * (r / (r + 0.8)).sqrt();
            let heat = if thick { 55.0 } else { 18.0 + 2.0 * age } * (-(r - 8.0) / 16.0).exp().min(2.0);
            let v_phi = v_c - heat * heat / 130.0 + 0.7 * heat * dice.normal();
            let v_r = heat * dice.normal();
            velocity = [v_r * angle.cos() - v_phi * angle.sin(), v_r * angle.sin() + v_phi * angle.cos(), 0.55 * heat * dice.normal()];
            feh = 0.25 - 0.045 * (r - 4.0) - 0.05 * age - if thick { 0.12 * (age - 8.5).powi(2) } else { 0.0 } + 0.12 * dice.normal();
        } else {
            let debris = kind < 0.93;
            age = if debris { 9.0 + 4.0 * dice.flat() } else { 10.5 + 3.0 * dice.flat() };
            let r = if debris { 18.0 * dice.flat().powf(1.6) } else { 2.0 / (1.0 / dice.flat().powf(0.4) - 0.97) };
            let (u, angle) = (2.0 * dice.flat() - 1.0, std::f64::consts::TAU * dice.flat());
            let s = (1.0 - u * u).sqrt();
            position = [1.2 * r * s * angle.cos(), r * s * angle.sin(), 0.7 * r * u];
            let spread = if debris { [160.0, 55.0, 80.0] } else { [110.0, 100.0, 95.0] };
            let (v_r, v_phi, v_z) = (spread[0] * dice.normal(), 8.0 + spread[1] * dice.normal(), spread[2] * dice.normal());
            velocity = [v_r * angle.cos() - v_phi * angle.sin(), v_r * angle.sin() + v_phi * angle.cos(), v_z];
            feh = if debris { -1.2 + 0.3 * dice.normal() } else { -1.6 + 0.45 * dice.normal() };
        }
        if kind > 0.985 {
            // A satellite on its way in.
            for k in 0..3 {
                position[k] = [14.0, 9.0, 5.0][k] + 0.9 * dice.normal();
                velocity[k] = [-90.0, 120.0, 60.0][k] + 15.0 * dice.normal();
            }
        }
        let row = [position[0], position[1], position[2], velocity[0], velocity[1], velocity[2], 7.5e4, 1.3e5, age, now - age, feh];
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let units = ["kpc", "kpc", "kpc", "km/s", "km/s", "km/s", "Msun", "Msun", "Gyr", "Gyr", "dex"];
    let stars: Vec<(&str, &str, Vec<f64>)> = names.iter().zip(units).zip(columns).map(|((n, u), c)| (*n, u, c)).collect();
    vec![("stars", batch(&stars)), ("gas", cloud(&mut dice, n / 2, true)), ("dark", cloud(&mut dice, n / 2, false))]
}

fn cloud(dice: &mut Dice, n: usize, disc: bool) -> RecordBatch {
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); 4];
    for _ in 0..n {
        let (u, angle) = (2.0 * dice.flat() - 1.0, std::f64::consts::TAU * dice.flat());
        let row = if disc {
            let r = -6.0 * ((1.0 - dice.flat()) * (1.0 - dice.flat())).ln();
            [r * angle.cos(), r * angle.sin(), 0.15 * dice.normal(), 2.0e5]
        } else {
            let r = 120.0 * dice.flat();
            let s = (1.0 - u * u).sqrt();
            [r * s * angle.cos(), r * s * angle.sin(), r * u, 2.0e7]
        };
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let names = [("x", "kpc"), ("y", "kpc"), ("z", "kpc"), ("mass", "Msun")];
    let columns: Vec<(&str, &str, Vec<f64>)> = names.iter().zip(columns).map(|((n, u), c)| (*n, *u, c)).collect();
    batch(&columns)
}
