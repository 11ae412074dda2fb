//! Runs the kernels on the first GPU.
//!
//! Layout     stars go in blocks over two streams in turn: while one block is computed, the one before is copied back, straight into the
//!            columns of the answer; an orbit is one launch, however many steps it has
//! Refuses    a GPU whose memory does not hold even a small block: `Limit`; what the driver says: `Device`
//! Cost       on the device 64 bytes a star, 48 more for each of its outputs, twice
//! See also   `source`, `structure`, `crate::device::compile`

use std::sync::Arc;

use cudarc::driver::{
    CudaEvent, CudaFunction, CudaSlice, CudaStream, DevicePtr, DeviceRepr, DriverError, LaunchConfig, PushKernelArg, sys,
};

use super::source::{Kernel, THREADS};
use super::structure::Structure;
use super::{Precision, Steps};
use crate::device::{compile, cuda};
use crate::error::{Error, ErrorKind, Result};
use crate::orbits::batch::{MOST_STEPS, Orbits, Stars};
use crate::orbits::integrate::symplectic::direction;
use crate::orbits::integrate::{Plan, Status};

/// Columns of phase space.
const COLUMNS: usize = 6;
/// Stars of a block at most: enough for every thread of the largest GPU of today, few enough that copies overlap.
const MOST_STARS: usize = 1 << 18;
/// Stars of a block at least.
const LEAST_STARS: usize = 32;
/// Share of the free memory that all blocks together may take.
const MEMORY_SHARE: f64 = 0.8;
/// Blocks at a time.
const LANES: usize = 2;
/// The largest argument of a kernel, in words of 8 bytes.
const MODEL_WORDS: usize = 512;

/// Ends of orbits, as in `kernels/run.cuh`.
const END_FINE: u8 = 0;
const END_TOO_MANY_STEPS: u8 = 2;

/// `Model` of `kernels/model.cuh`, of which a kernel reads as much as it has.
#[repr(C)]
struct Model([u64; MODEL_WORDS]);
// SAFETY: plain bytes, laid out as the kernel's struct by `Structure::bytes`.
unsafe impl DeviceRepr for Model {}

/// `Run` of `kernels/run.cuh`.
#[repr(C)]
struct Run {
    stars: u64,
    states: u64,
    energies: u64,
    ends: u64,
    steps: u64,
    rests: u64,
    count: i64,
    outputs: i64,
    start: f64,
    step: f64,
    relative: f64,
    position: f64,
    velocity: f64,
    most_steps: i64,
}
// SAFETY: the fields of the kernel's struct, in its order, all of 8 bytes.
unsafe impl DeviceRepr for Run {}

/// `Points` of `kernels/evaluate.cu`.
#[repr(C)]
struct Points {
    points: u64,
    answers: u64,
    count: i64,
    time: f64,
}
// SAFETY: the fields of the kernel's struct, in its order, all of 8 bytes.
unsafe impl DeviceRepr for Points {}

fn failed(action: &'static str) -> impl Fn(DriverError) -> Error {
    move |error| cuda::failed(action, error)
}

/// Where numbers lie on the device.
fn address<T>(slice: &CudaSlice<T>, stream: &CudaStream) -> u64 {
    slice.device_ptr(stream).0
}

/// A copy of `numbers` on the device, of one zero where there are none.
fn sent<T: DeviceRepr + Default>(stream: &Arc<CudaStream>, numbers: &[T]) -> Result<CudaSlice<T>> {
    let nothing: &[T] = &[T::default()];
    stream.clone_htod(if numbers.is_empty() { nothing } else { numbers }).map_err(failed("copy numbers to the GPU"))
}

/// Tables of a potential on the device, and the argument that points to them.
struct Numbers {
    model: Box<Model>,
    _curves: CudaSlice<f64>,
    _tables: CudaSlice<f64>,
    _single: CudaSlice<f32>,
}

impl Numbers {
    fn new(stream: &Arc<CudaStream>, structure: &Structure, precision: Precision) -> Result<Numbers> {
        let (curves, tables) = (sent(stream, &structure.curves)?, sent(stream, &structure.tables)?);
        let single = match precision {
            Precision::Double => sent(stream, &[])?,
            Precision::Mixed => sent(stream, &structure.single_tables()?)?,
        };
        let used = match precision {
            Precision::Double => address(&tables, stream),
            Precision::Mixed => address(&single, stream),
        };
        let bytes = structure.bytes(precision, [address(&curves, stream), address(&tables, stream), used])?;
        let mut model = Box::new(Model([0; MODEL_WORDS]));
        for (word, eight) in model.0.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*eight);
        }
        Ok(Numbers { model, _curves: curves, _tables: tables, _single: single })
    }
}

/// A stream with the memory of one block. All its work is in the order of its stream, so that memory is freed only behind it.
struct Lane {
    stream: Arc<CudaStream>,
    numbers: Numbers,
    steps: CudaSlice<i64>,
    rests: CudaSlice<f64>,
    stars: CudaSlice<f64>,
    states: CudaSlice<f64>,
    energies: CudaSlice<f64>,
    ends: CudaSlice<u8>,
    work: Option<Work>,
    kernels_ms: f64,
}

/// A block that was started: its first star, how many, and the events before and after the kernel.
struct Work {
    first: usize,
    count: usize,
    events: Option<(CudaEvent, CudaEvent)>,
}

impl Drop for Lane {
    fn drop(&mut self) {
        // What failed was reported by the call that failed; here only the end of the work matters.
        let _ = self.stream.synchronize();
    }
}

/// What all blocks share.
struct Job<'a> {
    precision: Precision,
    structure: &'a Structure,
    function: CudaFunction,
    run: Run,
    /// Whole steps before each output, and the rests behind them or the times of the outputs.
    stops: (Vec<i64>, Vec<f64>),
}

/// Orbits, and the time \[s\] that the kernels took.
pub fn follow_timed(
    precision: Precision,
    structure: &Structure,
    stars: &Stars,
    steps: &Steps,
    start: f64,
    times: &[f64],
) -> Result<(Orbits, f64)> {
    let job = Job::new(precision, structure, steps, start, times)?;
    let outputs = times.len();
    let mut out = Orbits {
        times: times.to_vec(),
        columns: std::array::from_fn(|_| vec![f64::NAN; stars.len() * outputs]),
        status: Vec::with_capacity(stars.len()),
        drift: Vec::with_capacity(stars.len()),
    };
    let (mut energies, mut ends) = ([vec![0.0; stars.len()], vec![0.0; stars.len()]], vec![0u8; stars.len()]);
    let mut lanes = job.lanes(stars.len(), outputs)?;
    let block = lanes.first().map_or(1, |lane| lane.ends.len());
    for (turn, first) in (0..stars.len()).step_by(block).enumerate() {
        let turn = turn % lanes.len();
        if let Some(lane) = lanes.get_mut(turn) {
            // While this lane's last block is fetched, the other lane computes.
            lane.fetch(outputs, &mut out.columns, &mut energies, &mut ends)?;
            lane.launch(&job, stars, first, block.min(stars.len() - first))?;
        }
    }
    for lane in &mut lanes {
        lane.fetch(outputs, &mut out.columns, &mut energies, &mut ends)?;
    }
    let judgement = match steps {
        Steps::Fixed { judgement, .. } => *judgement,
        Steps::Chosen { tolerance, .. } => tolerance.judgement,
    };
    for star in 0..stars.len() {
        let (first, last) = (energies[0][star], energies[1][star]);
        let drift = ((last - first) / first).abs();
        out.drift.push(drift);
        out.status.push(match ends[star] {
            END_TOO_MANY_STEPS => Status::TooManySteps,
            end => judgement.status(end == END_FINE, first, drift),
        });
    }
    Ok((out, lanes.iter().map(|lane| lane.kernels_ms).sum::<f64>() * 1e-3))
}

/// Orbits of all stars.
pub(super) fn follow(
    precision: Precision,
    structure: &Structure,
    stars: &Stars,
    steps: &Steps,
    start: f64,
    times: &[f64],
) -> Result<Orbits> {
    Ok(follow_timed(precision, structure, stars, steps, start, times)?.0)
}

/// Potential \[(km/s)^2\] and the three parts of the acceleration \[(km/s)^2/kpc\] at points \[kpc\], on the GPU.
pub fn evaluate(precision: Precision, structure: &Structure, points: [&[f64]; 3], time: f64) -> Result<[Vec<f64>; 4]> {
    let function = compile::function(&Kernel::Evaluate.source(structure, precision), Kernel::Evaluate.entry())?;
    let stream = cuda::context()?.new_stream().map_err(failed("open a stream"))?;
    let numbers = Numbers::new(&stream, structure, precision)?;
    let count = points[0].len();
    if points.iter().any(|column| column.len() != count) {
        return Err(Error::mismatch("columns of points have different lengths"));
    }
    let sent_points = sent(&stream, &points.concat())?;
    let answers = stream.alloc_zeros::<f64>(4 * count.max(1)).map_err(failed("find memory on the GPU"))?;
    let run = Points { points: address(&sent_points, &stream), answers: address(&answers, &stream), count: count as i64, time };
    // SAFETY: the arguments are those of `evaluate.cu`; the buffers hold three and four columns of `count` and outlive the synchronization.
    unsafe { stream.launch_builder(&function).arg(&*numbers.model).arg(&run).launch(shape(count)) }.map_err(failed("start a kernel"))?;
    stream.synchronize().map_err(failed("finish a kernel"))?;
    let all = stream.clone_dtoh(&answers).map_err(failed("copy answers from the GPU"))?;
    Ok(std::array::from_fn(|column| all.get(column * count..(column + 1) * count).map(<[f64]>::to_vec).unwrap_or_default()))
}

fn shape(count: usize) -> LaunchConfig {
    let blocks = count.div_ceil(THREADS as usize).max(1) as u32;
    LaunchConfig { grid_dim: (blocks, 1, 1), block_dim: (THREADS, 1, 1), shared_mem_bytes: 0 }
}

impl<'a> Job<'a> {
    fn new(precision: Precision, structure: &'a Structure, steps: &Steps, start: f64, times: &[f64]) -> Result<Job<'a>> {
        let mut run = Run {
            stars: 0,
            states: 0,
            energies: 0,
            ends: 0,
            steps: 0,
            rests: 0,
            count: 0,
            outputs: times.len() as i64,
            start,
            step: 0.0,
            relative: 0.0,
            position: 0.0,
            velocity: 0.0,
            most_steps: 0,
        };
        let (kernel, stops) = match steps {
            Steps::Fixed { method, step, .. } => {
                let plan = Plan::new(start, times, *step, MOST_STEPS)?;
                run.step = plan.step;
                let stops = plan.stops.iter().map(|stop| (stop.steps as i64, stop.rest)).unzip();
                (Kernel::Symplectic(*method), stops)
            }
            Steps::Chosen { tolerance, .. } => {
                tolerance.check()?;
                run.step = direction(start, times)?;
                (run.relative, run.position, run.velocity) = (tolerance.relative, tolerance.position_kpc, tolerance.velocity_kms);
                run.most_steps = i64::try_from(tolerance.most_steps).unwrap_or(i64::MAX);
                (Kernel::Dop853, (Vec::new(), times.to_vec()))
            }
        };
        let function = compile::function(&kernel.source(structure, precision), kernel.entry())?;
        Ok(Job { precision, structure, function, run, stops })
    }

    /// Streams with as much memory as there is for them: two, or one if all stars fit its block.
    fn lanes(&self, stars: usize, outputs: usize) -> Result<Vec<Lane>> {
        let context = cuda::context()?;
        let (free, _) = context.mem_get_info().map_err(failed("tell how much memory is free"))?;
        let each = (8 * (COLUMNS + COLUMNS * outputs + 2) + 1) as f64;
        let room = (free as f64 * MEMORY_SHARE / LANES as f64 / each) as usize;
        let mut block = MOST_STARS.min(stars).min(room).max(LEAST_STARS);
        loop {
            let many = if block >= stars { 1 } else { LANES };
            // One after the other, so that a failure frees what was taken before the next try.
            match (0..many).map(|_| self.lane(block, outputs)).collect::<Result<Vec<Lane>>>() {
                Err(error) if error.kind() == ErrorKind::Limit && block > LEAST_STARS => block = (block / 2).max(LEAST_STARS),
                Err(error) if error.kind() == ErrorKind::Limit => {
                    return Err(error.at(format!("a block of {block} stars with {outputs} outputs each")).hint("run with `--device cpu`"));
                }
                lanes => return lanes,
            }
        }
    }

    fn lane(&self, block: usize, outputs: usize) -> Result<Lane> {
        let stream = cuda::context()?.new_stream().map_err(failed("open a stream"))?;
        let room = |count: usize| stream.alloc_zeros::<f64>(count.max(1)).map_err(failed("find memory on the GPU"));
        Ok(Lane {
            numbers: Numbers::new(&stream, self.structure, self.precision)?,
            steps: sent(&stream, &self.stops.0)?,
            rests: sent(&stream, &self.stops.1)?,
            stars: room(COLUMNS * block)?,
            states: room(COLUMNS * block * outputs)?,
            energies: room(2 * block)?,
            ends: stream.alloc_zeros::<u8>(block).map_err(failed("find memory on the GPU"))?,
            work: None,
            kernels_ms: 0.0,
            stream,
        })
    }
}

impl Lane {
    /// Starts a block; nothing waits for it.
    fn launch(&mut self, job: &Job, stars: &Stars, first: usize, count: usize) -> Result<()> {
        let columns: Vec<f64> = stars.columns().iter().flat_map(|column| &column[first..first + count]).copied().collect();
        self.stream.memcpy_htod(&columns, &mut self.stars).map_err(failed("copy stars to the GPU"))?;
        let run = Run {
            stars: address(&self.stars, &self.stream),
            states: address(&self.states, &self.stream),
            energies: address(&self.energies, &self.stream),
            ends: address(&self.ends, &self.stream),
            steps: address(&self.steps, &self.stream),
            rests: address(&self.rests, &self.stream),
            count: count as i64,
            ..job.run
        };
        let mut builder = self.stream.launch_builder(&job.function);
        builder.arg(&*self.numbers.model).arg(&run).record_kernel_launch(sys::CUevent_flags::CU_EVENT_DEFAULT);
        // SAFETY: the arguments are those of the kernel; every buffer holds what `kernels/run.cuh` says for `count` stars, which is at most
        // the block that it was made for, and is used and freed on this stream alone.
        let events = unsafe { builder.launch(shape(count)) }.map_err(failed("start a kernel"))?;
        self.work = Some(Work { first, count, events });
        Ok(())
    }

    /// Waits for the block in work, if there is one, and copies it to its place.
    fn fetch(&mut self, outputs: usize, columns: &mut [Vec<f64>; COLUMNS], energies: &mut [Vec<f64>; 2], ends: &mut [u8]) -> Result<()> {
        let Some(Work { first, count, events }) = self.work.take() else { return Ok(()) };
        let back = failed("copy orbits from the GPU");
        if let Some((before, after)) = events {
            self.kernels_ms += f64::from(before.elapsed_ms(&after).map_err(failed("finish a kernel"))?);
        }
        let rows = count * outputs;
        for (index, column) in columns.iter_mut().enumerate().filter(|_| rows > 0) {
            if let (Some(from), Some(to)) =
                (self.states.try_slice(index * rows..(index + 1) * rows), column.get_mut(first * outputs..first * outputs + rows))
            {
                self.stream.memcpy_dtoh(&from, to).map_err(&back)?;
            }
        }
        for (index, column) in energies.iter_mut().enumerate() {
            if let (Some(from), Some(to)) =
                (self.energies.try_slice(index * count..(index + 1) * count), column.get_mut(first..first + count))
            {
                self.stream.memcpy_dtoh(&from, to).map_err(&back)?;
            }
        }
        if let (Some(from), Some(to)) = (self.ends.try_slice(..count), ends.get_mut(first..first + count)) {
            self.stream.memcpy_dtoh(&from, to).map_err(&back)?;
        }
        self.stream.synchronize().map_err(&back)
    }
}
