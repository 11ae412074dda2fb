//! The built-in galaxy: runs the merger of `nbody::merger` and writes it as a NIHAO-style Tipsy run.
//!
//! Layout     `demo.param`, `demo.NNNNN` with auxiliary arrays (NNNNN = 1024 t / t_now), `demo.starlog`,
//!            `truth/stars.parquet` and `truth/history.csv` (`truth.rs`), which no reader opens
//! Units      comoving code units of `demo.param`; Planck 2014 cosmology as in the NIHAO runs; the barycentre rests at the origin
//! Source     layout and units as read by `ingest::tipsy`
//! Edge cases velocities are written as peculiar: the run itself is physical, and the Hubble flow within 100 kpc is left out
//! Cost       the quick run about a minute of CPU and 30 MB; the same bytes for any number of threads
//! See also   `nbody::merger` for the physics, `chemistry::one_zone` for the abundances

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::tipsy::ByteOrder;
use super::tipsy::write::{
    DarkRecord, GasRecord, StarRecord, StarlogRecord, TipsyFile, write_aux_f32, write_aux_i32, write_param, write_snapshot, write_starlog,
};
use crate::chemistry::one_zone::{ELEMENTS, metallicity};
use crate::constants::{GRAVITY_KPC_KMS2_MSUN, GYR_PER_TIME_UNIT};
use crate::cosmology::Cosmology;
use crate::error::{Error, ErrorKind, Result};
use crate::nbody::merger::{Merger, SATELLITE};
use crate::nbody::settings::Settings;
use crate::progress::Progress;

mod truth;

/// Cosmology of the NIHAO runs: h, Omega_m, Omega_lambda (Planck Collaboration 2014, A&A 571, A16).
const COSMOLOGY: (f64, f64, f64) = (0.671, 0.3175, 0.6825);

/// Length unit: the side of a box of 60 Mpc/h [kpc].
const LENGTH_UNIT_KPC: f64 = 60_000.0 / COSMOLOGY.0;

/// Number of the snapshot at the present, as in the NIHAO runs.
const LAST_NUMBER: f64 = 1024.0;

/// Lookback times of the snapshots [Gyr].
const SNAPSHOT_LOOKBACK_GYR: [f64; 10] = [11.8, 11.0, 10.2, 9.4, 8.6, 7.0, 5.0, 3.0, 1.0, 0.0];

/// Temperature written for gas: the recipe has no thermal physics [K].
const GAS_TEMPERATURE_K: f32 = 1e4;

/// Neighbours within the sphere that defines the density of gas.
const DENSITY_NEIGHBOURS: usize = 32;

/// Base name of all files.
const NAME: &str = "demo";

/// How large a galaxy to simulate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DemoSize {
    /// Tens of thousands of particles; under a minute on two cores.
    #[default]
    Quick,
    /// About ten times as many.
    Full,
    /// A few hundred particles and coarse steps, for tests: the physics is not to be trusted.
    Tiny,
}

impl DemoSize {
    /// Share of the particles of the quick run, and step [Gyr].
    fn share_and_step(self) -> (f64, f64) {
        match self {
            DemoSize::Quick => (1.0, 0.01),
            DemoSize::Full => (10.0, 0.006),
            DemoSize::Tiny => (0.04, 0.05),
        }
    }
}

/// What to simulate.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// Number of particles.
    pub size: DemoSize,
    /// Key of all random numbers.
    pub seed: u64,
    /// Worker threads; 0 takes every core. The files are the same for any number.
    pub threads: usize,
}

/// What was written, with the figures that tell whether to trust it.
#[derive(Clone, Debug)]
pub struct DemoReport {
    /// Snapshot files, earliest first.
    pub snapshots: Vec<PathBuf>,
    /// Parameter file with the units.
    pub param: PathBuf,
    /// Star formation log.
    pub starlog: PathBuf,
    /// True origin of every star (Parquet); not part of the run that a reader sees.
    pub truth: PathBuf,
    /// Stars in the last snapshot.
    pub n_stars: u64,
    /// Gas particles in the last snapshot.
    pub n_gas: u64,
    /// Dark particles.
    pub n_dark: u64,
    /// Time steps taken (shortest level).
    pub steps: u64,
    /// Relative change of the total energy that the known sources (dissipation, accretion) do not explain.
    pub energy_drift: f64,
    /// Stars whose birth galaxy was the satellite.
    pub n_accreted: u64,
    /// Stellar mass now \[Msun\].
    pub stellar_mass_msun: f64,
    /// Gas mass now \[Msun\].
    pub gas_mass_msun: f64,
    /// Gas that was provided for and never arrived \[Msun\]; below zero by less than a particle when the last one was rounded up.
    pub reservoir_mass_msun: f64,
    /// Gas that the recipe provides in total \[Msun\]: stars, gas and reservoir add up to it.
    pub supplied_mass_msun: f64,
    /// Lookback time at which the satellite stopped being a galaxy of its own \[Gyr\].
    pub merger_lookback_gyr: Option<f64>,
}

/// Simulates the galaxy and writes it under `dir` (created if absent).
///
/// Stops with `Interrupted` when `progress` says so; the files written until then stay.
pub fn write_demo(dir: &Path, options: &DemoOptions, progress: &dyn Progress) -> Result<DemoReport> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build()
        .map_err(|e| Error::limit("no threads for the simulation").because(e))?;
    // The progress trait is only `Sync`; the pool runs the closure on a worker while this thread waits.
    pool.install(|| simulate(dir, options, progress))
}

fn simulate(dir: &Path, options: &DemoOptions, progress: &dyn Progress) -> Result<DemoReport> {
    let truth_dir = dir.join("truth");
    std::fs::create_dir_all(&truth_dir).map_err(|e| Error::io("create", &truth_dir, &e))?;
    let (share, step_gyr) = options.size.share_and_step();
    let mut run = Merger::new(Settings::scaled(options.seed, share, step_gyr))?;
    let units = CodeUnits::new(&run)?;
    let param = dir.join(format!("{NAME}.param"));
    write_param(&param, &units.parameters())?;
    let mut wanted = SNAPSHOT_LOOKBACK_GYR.iter().copied().peekable();
    let mut snapshots = Vec::new();
    progress.start("simulating a merger", run.advances_total(), "steps");
    while !run.finished() {
        if progress.cancelled() {
            return Err(Error::new(ErrorKind::Interrupted, "the simulation was stopped").found(format!("{:.1} Gyr done", run.time_gyr)));
        }
        run.advance()?;
        progress.advance(1);
        let lookback = units.lookback_gyr(&run);
        if wanted.next_if(|&w| lookback <= w + 0.5 * step_gyr).is_some() {
            snapshots.push(write_one(dir, &run, &units)?);
        }
    }
    progress.finish();
    let starlog = dir.join(format!("{NAME}.starlog"));
    write_starlog(&starlog, &starlog_records(&run, &units)?)?;
    let first_star = run.most_gas() + run.dark.len() as u32;
    let truth = truth_dir.join("stars.parquet");
    truth::write_stars(&truth, &run, u64::from(first_star), units.start_gyr)?;
    truth::write_history(&truth_dir.join("history.csv"), &run)?;
    let stellar_mass_msun = run.births.iter().filter_map(|b| run.baryons.mass.get(b.place as usize)).sum();
    let all: f64 = run.baryons.mass.iter().sum();
    let s = run.settings();
    let supplied = [&s.host, &s.satellite].iter().map(|g| g.gas_msun + g.supply.iter().map(|e| e.mass_msun).sum::<f64>()).sum();
    Ok(DemoReport {
        snapshots,
        param,
        starlog,
        truth,
        n_stars: run.births.len() as u64,
        n_gas: (run.baryons.len() - run.births.len()) as u64,
        n_dark: run.dark.len() as u64,
        steps: run.steps,
        energy_drift: run.energy_drift(),
        n_accreted: run.tags.iter().filter(|t| t.star.is_some() && t.galaxy == SATELLITE).count() as u64,
        stellar_mass_msun,
        gas_mass_msun: all - stellar_mass_msun,
        reservoir_mass_msun: run.reservoir_msun(),
        supplied_mass_msun: supplied,
        merger_lookback_gyr: run.merged_gyr.map(|t| run.settings().duration_gyr - t),
    })
}

/// Comoving code units and the cosmic clock of the run.
struct CodeUnits {
    cosmology: Cosmology,
    mass_msun: f64,
    velocity_kms: f64,
    time_gyr: f64,
    /// Cosmic time at the start of the run [Gyr].
    start_gyr: f64,
    duration_gyr: f64,
}

impl CodeUnits {
    fn new(run: &Merger) -> Result<CodeUnits> {
        let cosmology = Cosmology::lcdm(COSMOLOGY.0, COSMOLOGY.1, COSMOLOGY.2)?;
        let mass_msun = cosmology.critical_density(1.0) * LENGTH_UNIT_KPC.powi(3);
        let velocity_kms = (GRAVITY_KPC_KMS2_MSUN * mass_msun / LENGTH_UNIT_KPC).sqrt();
        let duration_gyr = run.settings().duration_gyr;
        let start_gyr = cosmology.age_gyr(1.0) - duration_gyr;
        Ok(CodeUnits {
            cosmology,
            mass_msun,
            velocity_kms,
            time_gyr: GYR_PER_TIME_UNIT * LENGTH_UNIT_KPC / velocity_kms,
            start_gyr,
            duration_gyr,
        })
    }

    fn lookback_gyr(&self, run: &Merger) -> f64 {
        (self.duration_gyr - run.time_gyr).max(0.0)
    }

    /// Scale factor at `time_gyr` since the start; exactly 1 at the end.
    fn scale_factor(&self, time_gyr: f64, finished: bool) -> Result<f64> {
        if finished { Ok(1.0) } else { self.cosmology.scale_factor(self.start_gyr + time_gyr) }
    }

    fn parameters(&self) -> Vec<(String, String)> {
        // No `bDoublePos = 0`: pynbody takes the text `0` for true.
        const SPEED_PER_H: f64 = 10.0;
        let hubble = self.cosmology.h * LENGTH_UNIT_KPC / (SPEED_PER_H * self.velocity_kms);
        [
            ("achOutName", NAME.to_string()),
            ("bComove", "1".into()),
            ("dKpcUnit", format!("{LENGTH_UNIT_KPC:.9}")),
            ("dMsolUnit", format!("{:.12e}", self.mass_msun)),
            ("dHubble0", format!("{hubble:.12}")),
            ("dOmega0", self.cosmology.omega_m.to_string()),
            ("dLambda", self.cosmology.omega_lambda.to_string()),
            ("iBinaryOutput", "1".into()),
        ]
        .map(|(key, value)| (key.to_string(), value))
        .to_vec()
    }

    fn length(&self, kpc: [f64; 3], a: f64) -> [f64; 3] {
        kpc.map(|x| x / (a * LENGTH_UNIT_KPC))
    }

    fn velocity(&self, kms: [f64; 3], a: f64) -> [f64; 3] {
        kms.map(|v| v / (a * self.velocity_kms))
    }

    fn potential(&self, kms2: f64, a: f64) -> f64 {
        kms2 * a / self.velocity_kms.powi(2)
    }

    fn density(&self, msun_kpc3: f64, a: f64) -> f64 {
        msun_kpc3 * a.powi(3) * LENGTH_UNIT_KPC.powi(3) / self.mass_msun
    }

    /// The birth time as the snapshot holds it, rounded down: rounded up, a star of the last step would be younger than 0.
    fn birth_time_below(&self, since_start_gyr: f64) -> f32 {
        (self.birth_time(since_start_gyr) * (1.0 - f64::from(f32::EPSILON))) as f32
    }

    fn birth_time(&self, since_start_gyr: f64) -> f64 {
        (self.start_gyr + since_start_gyr) / self.time_gyr
    }
}

/// Writes the snapshot of this moment and its arrays; returns its path.
fn write_one(dir: &Path, run: &Merger, units: &CodeUnits) -> Result<PathBuf> {
    let a = units.scale_factor(run.time_gyr, run.finished())?;
    let now = units.start_gyr + units.duration_gyr;
    let number = (LAST_NUMBER * (now - units.lookback_gyr(run)) / now).round() as u32;
    let path = dir.join(format!("{NAME}.{number:05}"));
    let gas: Vec<usize> = (0..run.tags.len()).filter(|&i| run.tags[i].star.is_none()).collect();
    let stars: Vec<usize> = run.births.iter().map(|b| b.place as usize).collect();
    let (density, smoothing) = gas_density(run, &gas);
    let soft = |kpc: f64| (kpc / (a * LENGTH_UNIT_KPC)) as f32;
    let (eps, dark_eps) = (soft(run.settings().baryon_softening_kpc), soft(run.settings().dark_softening_kpc));
    let state = |p: &crate::nbody::merger::Particles, i: usize| {
        let x = units.length(p.position[i], a).map(|v| v as f32);
        let v = units.velocity(p.velocity[i], a).map(|v| v as f32);
        ((p.mass[i] / units.mass_msun) as f32, x, v, units.potential(p.potential[i], a) as f32)
    };
    let fractions: Vec<_> = gas.iter().chain(&stars).map(|&i| run.fractions(i)).collect();
    let mut file = TipsyFile { time: a, ..Default::default() };
    for (row, &i) in gas.iter().enumerate() {
        let (mass, [x, y, z], [vx, vy, vz], phi) = state(&run.baryons, i);
        let (rho, metals) = (units.density(density[row], a) as f32, metallicity(&fractions[row]) as f32);
        file.gas.push(GasRecord { mass, x, y, z, vx, vy, vz, rho, temperature: GAS_TEMPERATURE_K, eps, metals, phi });
    }
    for i in 0..run.dark.len() {
        let (mass, [x, y, z], [vx, vy, vz], phi) = state(&run.dark, i);
        file.dark.push(DarkRecord { mass, x, y, z, vx, vy, vz, eps: dark_eps, phi });
    }
    for (row, &i) in stars.iter().enumerate() {
        let (mass, [x, y, z], [vx, vy, vz], phi) = state(&run.baryons, i);
        let (metals, tform) = (metallicity(&fractions[gas.len() + row]) as f32, units.birth_time_below(run.births[row].time_gyr));
        file.stars.push(StarRecord { mass, x, y, z, vx, vy, vz, metals, tform, eps, phi });
    }
    write_snapshot(&path, &file, ByteOrder::Big)?;
    let array = |name: &str| dir.join(format!("{NAME}.{number:05}.{name}"));
    let n_dark = run.dark.len();
    let whole = |gas_values: Vec<f32>, star_values: Vec<f32>| -> Vec<f32> {
        gas_values.into_iter().chain(std::iter::repeat_n(0.0, n_dark)).chain(star_values).collect()
    };
    for (element, symbol) in ELEMENTS.iter().enumerate() {
        // Gasoline writes oxygen as `Ox`.
        let name = if *symbol == "O" { "OxMassFrac".to_string() } else { format!("{symbol}MassFrac") };
        let column = |rows: std::ops::Range<usize>| fractions[rows].iter().map(|f| f[element] as f32).collect();
        write_aux_f32(&array(&name), &whole(column(0..gas.len()), column(gas.len()..fractions.len())), ByteOrder::Big)?;
    }
    let mass_form = file.stars.iter().map(|s| s.mass).collect();
    write_aux_f32(&array("massform"), &whole(vec![0.0; gas.len()], mass_form), ByteOrder::Big)?;
    let lengths = smoothing.iter().map(|h| (h / (a * LENGTH_UNIT_KPC)) as f32).collect();
    write_aux_f32(&array("smoothlength"), &whole(lengths, vec![0.0; stars.len()]), ByteOrder::Big)?;
    let first_dark = run.most_gas() as i32;
    let first_star = first_dark + n_dark as i32;
    let gas_ids = gas.iter().map(|&i| run.tags[i].gas_id as i32);
    let ids: Vec<i32> =
        gas_ids.chain((0..n_dark as i32).map(|i| first_dark + i)).chain((0..stars.len() as i32).map(|i| first_star + i)).collect();
    write_aux_i32(&array("iord"), &ids, ByteOrder::Big)?;
    let parents: Vec<i32> = std::iter::repeat_n(0, gas.len() + n_dark).chain(stars.iter().map(|&i| run.tags[i].gas_id as i32)).collect();
    write_aux_i32(&array("igasorder"), &parents, ByteOrder::Big)?;
    Ok(path)
}

/// Density [Msun/kpc^3] in the sphere of the nearest gas particles, and half its radius [kpc].
fn gas_density(run: &Merger, gas: &[usize]) -> (Vec<f64>, Vec<f64>) {
    if gas.is_empty() {
        return Default::default();
    }
    let nearest = DENSITY_NEIGHBOURS.min(gas.len());
    let position: Vec<[f64; 3]> = gas.iter().map(|&i| run.baryons.position[i]).collect();
    let mass: Vec<f64> = gas.iter().map(|&i| run.baryons.mass[i]).collect();
    let softening2 = run.settings().baryon_softening_kpc.powi(2);
    position
        .par_iter()
        .map(|p| {
            let mut around: Vec<(f64, f64)> =
                position.iter().zip(&mass).map(|(q, m)| ((0..3).map(|k| (p[k] - q[k]).powi(2)).sum::<f64>(), *m)).collect();
            around.select_nth_unstable_by(nearest - 1, |l, r| l.0.total_cmp(&r.0).then(l.1.total_cmp(&r.1)));
            let inside = &mut around[..nearest];
            inside.sort_unstable_by(|l, r| l.0.total_cmp(&r.0).then(l.1.total_cmp(&r.1)));
            let radius = inside[nearest - 1].0.max(softening2).sqrt();
            let held: f64 = inside.iter().map(|n| n.1).sum();
            (held / (4.0 / 3.0 * std::f64::consts::PI * radius.powi(3)), 0.5 * radius)
        })
        .unzip()
}

fn starlog_records(run: &Merger, units: &CodeUnits) -> Result<Vec<StarlogRecord>> {
    let first_star = run.most_gas() as i32 + run.dark.len() as i32;
    let scale_height = run.settings().baryon_softening_kpc;
    run.births
        .iter()
        .enumerate()
        .map(|(number, birth)| {
            let place = birth.place as usize;
            let a = units.scale_factor(birth.time_gyr, false)?.min(1.0);
            let [x, y, z] = units.length(birth.position_kpc, a);
            let [vx, vy, vz] = units.velocity(birth.velocity_kms, a);
            Ok(StarlogRecord {
                id_star: first_star + number as i32,
                id_gas: run.tags[place].gas_id as i32,
                time: units.birth_time(birth.time_gyr),
                x,
                y,
                z,
                vx,
                vy,
                vz,
                mass: run.baryons.mass[place] / units.mass_msun,
                // The recipe knows the column of gas; a softening length is the depth over which it acts.
                rho: units.density(birth.gas_density / (2.0 * scale_height), a),
                temperature: f64::from(GAS_TEMPERATURE_K),
            })
        })
        .collect()
}
