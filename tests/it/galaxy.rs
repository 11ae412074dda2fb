//! A small disc galaxy as a Tipsy run of two snapshots: what documented commands and queries are run on.
//!
//! Layout     `demo.00512` and `demo.01024` with iord, iron and oxygen, `demo.param`, `demo.starlog`: the names that `spolia demo` uses
//! Units      code units of `demo.param`: 50 Mpc, 1.57e16 Msun, G = 1
//! See also   `docs`, `ingest::synth` for the real one

use std::path::{Path, PathBuf};

use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::*;
use spolia::numeric::random::Stream;

const STARS: usize = 3000;
const GAS: usize = 400;
const DARK: usize = 400;
/// Code units in kpc, km/s and Gyr.
const LENGTH_KPC: f64 = 50_000.0;
const SPEED_KMS: f64 = 1162.0;
const TIME_GYR: f64 = 42.07;
/// Scale factor and cosmic time of each snapshot.
const SNAPSHOTS: [(&str, f64, f64); 2] = [("demo.00512", 0.5, 5.7), ("demo.01024", 1.0, 13.4)];

/// Position [kpc], velocity [km/s] and time of birth [Gyr] of a star of the disc.
fn star(id: u64) -> ([f64; 3], [f64; 3], f64) {
    let mut random = Stream::new(1, 0, id);
    let (radius, angle) = (2.5 * (random.exponential() + random.exponential()), std::f64::consts::TAU * random.uniform());
    let rotation = 200.0 + 20.0 * random.normal();
    let (sine, cosine) = angle.sin_cos();
    let position = [radius * cosine, radius * sine, 0.3 * random.normal()];
    let velocity = [-rotation * sine, rotation * cosine, 15.0 * random.normal()];
    (position, velocity, 1.0 + 12.0 * random.uniform())
}

/// Writes the run into `folder`, which is made; gives its snapshots.
pub fn write(folder: &Path) -> Vec<PathBuf> {
    std::fs::create_dir_all(folder).unwrap();
    let at = |name: &str| folder.join(name);
    let entries =
        [("dKpcUnit", "50000"), ("dMsolUnit", "1.57e16"), ("dHubble0", "2.8944"), ("dOmega0", "0.3"), ("dLambda", "0.7"), ("bComove", "1")];
    write_param(&at("demo.param"), &entries.map(|(k, v)| (k.to_string(), v.to_string()))).unwrap();
    let log: Vec<StarlogRecord> = (0..STARS)
        .map(|i| {
            let ([x, y, z], _, born) = star(i as u64);
            let scale = (born / 13.4).powf(0.8);
            let length = LENGTH_KPC * scale;
            let (id_star, id_gas) = ((GAS + DARK + i) as i32, (i % GAS) as i32);
            let place = StarlogRecord { x: x / length, y: y / length, z: z / length, ..Default::default() };
            StarlogRecord { id_star, id_gas, time: born / TIME_GYR, mass: 1e-12, rho: 1.0, temperature: 1e4, ..place }
        })
        .collect();
    write_starlog(&at("demo.starlog"), &log).unwrap();
    SNAPSHOTS.map(|(name, scale, now)| write_snapshot_at(&at(name), scale, now)).into()
}

fn write_snapshot_at(path: &Path, scale: f64, now_gyr: f64) -> PathBuf {
    let (length, speed) = (LENGTH_KPC * scale, SPEED_KMS * scale);
    let mut ids: Vec<i32> = (0..(GAS + DARK) as i32).collect();
    let mut file = TipsyFile { time: scale, ..Default::default() };
    for i in 0..GAS {
        let (p, v, _) = star((STARS + i) as u64);
        let [x, y, z] = p.map(|p| (p / length) as f32);
        let [vx, vy, vz] = v.map(|v| (v / speed) as f32);
        file.gas.push(GasRecord { mass: 1e-12, x, y, z, vx, vy, vz, rho: 1.0, temperature: 1e4, eps: 1e-6, metals: 0.01, phi: -1.0 });
    }
    for i in 0..DARK {
        let (p, _, _) = star((STARS + GAS + i) as u64);
        let [y, z, x] = p.map(|p| (5.0 * p / length) as f32);
        file.dark.push(DarkRecord { mass: 1e-11, x, y, z, vx: 0.0, vy: 0.0, vz: 0.0, eps: 1e-6, phi: -1.0 });
    }
    let mut metals = vec![0.01; GAS + DARK];
    for i in 0..STARS {
        let (p, v, born) = star(i as u64);
        if born < now_gyr {
            let [x, y, z] = p.map(|p| (p / length) as f32);
            let [vx, vy, vz] = v.map(|v| (v / speed) as f32);
            let tform = (born / TIME_GYR) as f32;
            metals.push((1e-4 * born) as f32);
            file.stars.push(StarRecord { mass: 1e-12, x, y, z, vx, vy, vz, metals: (1e-3 * born) as f32, tform, eps: 1e-6, phi: -1.0 });
            ids.push((GAS + DARK + i) as i32);
        }
    }
    write_snapshot(path, &file, ByteOrder::Big).unwrap();
    let name = path.to_string_lossy();
    write_aux_i32(Path::new(&format!("{name}.iord")), &ids, ByteOrder::Big).unwrap();
    write_aux_f32(Path::new(&format!("{name}.FeMassFrac")), &metals, ByteOrder::Big).unwrap();
    write_aux_f32(Path::new(&format!("{name}.OxMassFrac")), &metals.iter().map(|m| 5.0 * m).collect::<Vec<_>>(), ByteOrder::Big).unwrap();
    path.to_path_buf()
}
