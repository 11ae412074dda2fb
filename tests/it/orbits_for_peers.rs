//! Orbits and actions of 1,000 random bound stars in each kind of potential, for comparison with galpy and gala.
//!
//! Layout     in the folder that `SPOLIA_KEEP_ORBITS` names, `kinds.csv` (kind, parameters, background, focal length) and a file for each
//!            kind: x, y, z, vx, vy, vz at the start, the same after 1 Gyr, J_R, L_z, J_z and their frequencies (NaN where a kind has none)
//! Units      kpc, km/s, kpc km/s, km/s/kpc
//! Accuracy   DOP853 with 1e-12 of the state a step; the fudge with one focal length a kind
//! Edge cases bars, arms and the uniform field are added to mw2014, as they bind nothing by themselves
//! Cost       exponential_disc some ten minutes of one core, all others together one
//! See also   tests/peers/orbits.py, docs/methods/potentials.md

use spolia::constants::GYR_PER_TIME_UNIT;
use spolia::numeric::random::Stream;
use spolia::orbits::actions::{ActionColumns, FocalLength, Nodes, actions};
use spolia::orbits::batch::{Stars, adaptive_orbits};
use spolia::orbits::field::{Field, Gravity};
use spolia::orbits::integrate::{Adaptive, Status, Tolerance};
use spolia::orbits::potential::{Component, Potential, kinds};

const COUNT: u64 = 1000;
/// Distances of the stars from the centre [kpc].
const NEAREST_KPC: f64 = 1.0;
const FARTHEST_KPC: f64 = 30.0;
/// Least speed over the local circular speed, and how much more the fastest have.
const SLOWEST: f64 = 0.2;
const SPREAD: f64 = 0.8;

/// Parameters of a kind and its focal length [kpc].
fn sample(kind: &str) -> (Vec<f64>, f64) {
    let delta = 2.0;
    let parameters = match kind {
        "point_mass" => vec![1e11],
        "burkert" => vec![1e7, 5.0],
        "power_law_cutoff" => vec![5e10, 1.8, 6.0],
        "triaxial_nfw" => vec![4e11, 16.0, 0.9, 0.8],
        "two_power_triaxial" => vec![4e11, 16.0, 1.2, 3.5, 0.9, 0.8],
        "exponential_disc" => vec![5e10, 3.0, 0.3],
        "logarithmic" => vec![220.0, 0.9, 0.5],
        "einasto" => vec![1e12, 20.0, 0.17],
        "miyamoto_nagai" => vec![6.8e10, 3.0, 0.28],
        "kuzmin_kutuzov" => return (vec![1e11, 5.0, 1.0], 24f64.sqrt()),
        "mn3_exponential" | "mn3_sech2" | "mn3_exponential_unrestricted" | "mn3_sech2_unrestricted" => vec![5e10, 3.0, 0.3],
        "uniform_field" => vec![3.0, -2.0, 0.5],
        "long_murali_bar" => vec![1e10, 3.5, 0.6, 0.4],
        "spiral_arms" | "spiral_arms_sinusoidal" => vec![3e7, 2.0, 0.2, 8.0, 7.0, 0.3, 0.4],
        "dehnen_bar" => vec![300.0, 4.0],
        "homogeneous_sphere" => vec![1e11, 40.0],
        _ => vec![1e11, 3.0],
    };
    (parameters, delta)
}

/// Starts of bound stars: at any height, with at most the local circular speed and half the energy of escape.
fn stars(field: &Gravity, seed: u64) -> Vec<[f64; 6]> {
    let star = |id: u64| {
        let mut stream = Stream::new(17, seed, id);
        let radius = NEAREST_KPC * (FARTHEST_KPC / NEAREST_KPC).powf(stream.uniform());
        let p = stream.direction().map(|n| n * radius);
        let pull: [f64; 3] = field.acceleration(0.0, p);
        let circular = radius * pull.iter().map(|a| a * a).sum::<f64>().sqrt();
        let depth: f64 = field.potential(0.0, p);
        let most = if depth < 0.0 { circular.min(-depth) } else { circular };
        let speed = most.sqrt() * (SLOWEST + SPREAD * stream.uniform());
        let v = stream.direction().map(|n| n * speed);
        [p[0], p[1], p[2], v[0], v[1], v[2]]
    };
    (0..COUNT).map(star).collect()
}

#[test]
#[ignore = "writes files for tests/peers/orbits.py"]
fn written_for_peers() {
    let folder = std::env::var("SPOLIA_KEEP_ORBITS").expect("SPOLIA_KEEP_ORBITS names a folder");
    let folder = std::path::Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    let galaxy = || Potential::named("mw2014").unwrap();
    let time = GYR_PER_TIME_UNIT.recip();
    let mut list = String::from("kind,parameters,background,delta,time\n");
    let mut models = vec![("mw2014", galaxy(), Vec::new(), true, 2.0)];
    for kind in kinds() {
        let (parameters, delta) = sample(kind.name);
        let alone = !["dehnen_bar", "spiral_arms", "spiral_arms_sinusoidal", "uniform_field"].contains(&kind.name);
        let mut model = if alone { Potential { components: Vec::new() } } else { galaxy() };
        model.components.push(Component::new("one", kind.name, &parameters).unwrap());
        models.push((kind.name, model, parameters, alone, delta));
    }
    // The dearest one last.
    models.sort_by_key(|model| model.0 == "exponential_disc");
    for (seed, (name, model, parameters, alone, delta)) in models.iter().enumerate() {
        let field = Gravity::new(model);
        let starts = stars(&field, seed as u64);
        let columns: [Vec<f64>; 6] = std::array::from_fn(|i| starts.iter().map(|w| w[i]).collect());
        let view = Stars::new(std::array::from_fn(|i| columns[i].as_slice())).unwrap();
        let tolerance = Tolerance { relative: 1e-12, position_kpc: 1e-12, velocity_kms: 1e-10, ..Tolerance::default() };
        let ends = adaptive_orbits(&field, &view, Adaptive::Dop853, 0.0, &[time], &tolerance).unwrap();
        let bad = ends.count(Status::NotFinite);
        let escape = if *name == "logarithmic" { f64::INFINITY } else { 0.0 };
        let nodes = Nodes::default().with_escape_energy(escape);
        let found = if model.is_axisymmetric() && model.is_static() {
            actions(&field, &view, &FocalLength::Fixed(*delta), &nodes)
        } else {
            ActionColumns::default()
        };
        let ActionColumns { radial, azimuthal, vertical, frequencies: [o_r, o_phi, o_z], .. } = &found;
        let mut text = String::from("x,y,z,vx,vy,vz,x1,y1,z1,vx1,vy1,vz1,jr,lz,jz,omega_r,omega_phi,omega_z\n");
        for (i, start) in starts.iter().enumerate() {
            let end = ends.columns.iter().map(|c| c[i]);
            let rest = [radial, azimuthal, vertical, o_r, o_phi, o_z].map(|c| c.get(i).copied().unwrap_or(f64::NAN));
            let row: Vec<String> = start.iter().copied().chain(end).chain(rest).map(|v| format!("{v:?}")).collect();
            text += &format!("{}\n", row.join(","));
        }
        std::fs::write(folder.join(format!("{name}.csv")), text).unwrap();
        let background = if *alone { "" } else { "mw2014" };
        let parameters = parameters.iter().map(|p| format!("{p:?}")).collect::<Vec<_>>().join(";");
        list += &format!("{name},{parameters},{background},{delta:?},{time:?}\n");
        std::fs::write(folder.join("kinds.csv"), &list).unwrap();
        assert_eq!(bad, 0, "{name}");
    }
}

#[test]
#[ignore = "writes a file for tests/peers/potentials.py"]
fn potentials_for_peers() {
    let folder = std::env::var("SPOLIA_KEEP_ORBITS").expect("SPOLIA_KEEP_ORBITS names a folder");
    std::fs::create_dir_all(&folder).unwrap();
    let mut text = String::from("kind,parameters,x,y,z,potential,ax,ay,az,density\n");
    let mut stream = Stream::new(7, 1, 2);
    for kind in kinds() {
        let (parameters, _) = sample(kind.name);
        let model = Potential { components: vec![Component::new("one", kind.name, &parameters).unwrap()] };
        let prepared = model.prepare::<f64>();
        let list = parameters.iter().map(|p| format!("{p:?}")).collect::<Vec<_>>().join(";");
        for _ in 0..COUNT {
            // Distances from 0.1 to 100 kpc.
            let radius = 10f64.powf(stream.uniform() * 3.0 - 1.0);
            let p = stream.direction().map(|n| n * radius);
            let [ax, ay, az] = model.acceleration(&prepared, 0.0, p);
            let numbers = [p[0], p[1], p[2], model.potential(&prepared, 0.0, p), ax, ay, az, model.density(p)];
            let row = numbers.map(|x| format!("{x:?}")).join(",");
            text += &format!("{},{list},{row}\n", kind.name);
        }
    }
    std::fs::write(std::path::Path::new(&folder).join("points.csv"), text).unwrap();
}
