//! Potentials with names: models of the Milky Way from papers.
//!
//! Units      kpc, km/s, Msun; the Galactic centre is the origin, the disc lies at z = 0
//! Source     mw2014 and gd1_host: Bovy 2015, ApJS 216, 29, table 1, scaled to 8 kpc and 220 km/s; mcmillan2017_like: McMillan 2017, MNRAS
//!            465, 76, table 3; mw_lmc: mw2014 with the LMC of Erkal et al. 2019, MNRAS 487, 2685, and phase space of Kallivayalil et al.
//!            2013, ApJ 764, 161
//! Accuracy   mw2014: 220.0000001 km/s at 8 kpc; mcmillan2017_like has three Miyamoto-Nagai discs for each exponential disc, a spherical
//!            bulge, and gas without its central hole: circular speeds of galpy's McMillan17 within 1.1 % between 2 and 20 kpc (-0.8 % at
//!            2, +1.0 % at 4, +0.4 % at 8, +0.5 % at 12, +1.0 % at 20 kpc)
//!            mw_lmc: a rigid sphere of Hernquist of 1.38e11 Msun, 1.7e10 of it within 8.7 kpc, on an orbit without friction
//! See also   `text` for own ones

use super::placement::{Placement, Track};
use super::{Component, Potential};
use crate::constants::GYR_PER_TIME_UNIT;
use crate::error::{Error, Result, nearest};

/// Names and what they are.
const PRESETS: [(&str, &str); 4] = [
    ("mw2014", "MWPotential2014: bulge, disc and halo of the Milky Way"),
    ("gd1_host", "host of the GD-1 stream: mw2014 under the name of its use"),
    ("mcmillan2017_like", "Milky Way with two stellar discs and gas, after McMillan 2017"),
    ("mw_lmc", "mw2014 with the infalling Large Magellanic Cloud and the Milky Way's reflex"),
];

const MW2014: &str = r#"
[[component]]
name = "bulge"
kind = "power_law_cutoff"
mass = "4501365375.06545 Msun"
alpha = 1.8
cutoff = "1.9 kpc"

[[component]]
name = "disc"
kind = "miyamoto_nagai"
mass = "68193902782.346756 Msun"
a = "3 kpc"
b = "0.28 kpc"

[[component]]
name = "halo"
kind = "nfw"
mass = "4.3683325e11 Msun"
scale = "16 kpc"
"#;

const MCMILLAN: &str = r#"
[[component]]
name = "bulge"
kind = "power_law_cutoff"
mass = "9.23e9 Msun"
alpha = 1.8
cutoff = "2.1 kpc"

[[component]]
name = "thin"
kind = "mn3_exponential"
mass = "3.52e10 Msun"
scale = "2.5 kpc"
height = "0.3 kpc"

[[component]]
name = "thick"
kind = "mn3_exponential"
mass = "1.05e10 Msun"
scale = "3.02 kpc"
height = "0.9 kpc"

[[component]]
name = "gas"
kind = "mn3_sech2"
mass = "1.22e10 Msun"
scale = "7 kpc"
height = "0.17 kpc"

[[component]]
name = "halo"
kind = "nfw"
mass = "8.08e11 Msun"
scale = "19.6 kpc"
"#;

/// Mass \[Msun\] of the LMC, Erkal et al. 2019, and the radius \[kpc\] with which a sphere of Hernquist has 1.7e10 Msun within 8.7 kpc,
/// van der Marel & Kallivayalil 2014, ApJ 781, 121.
const LMC: [f64; 2] = [1.38e11, 16.09];
/// Where it is today \[kpc\] and how it moves \[km/s\]; Kallivayalil et al. 2013, table 5.
const LMC_POSITION_KPC: [f64; 3] = [-1.1, -41.1, -27.9];
const LMC_VELOCITY_KMS: [f64; 3] = [-57.0, -226.0, 221.0];
/// Steps of its path, how many of them lie between two rows, and rows before and after today: 5 Gyr back, 1 Gyr on.
const STEP_GYR: f64 = 0.001;
const STEPS_A_ROW: usize = 10;
const ROWS_BACK: usize = 500;
const ROWS_ON: usize = 100;

impl Potential {
    /// The preset called `name`; `NotFound` error with the nearest name.
    pub fn named(name: &str) -> Result<Potential> {
        match name {
            "mw2014" | "gd1_host" => Potential::from_toml(MW2014, name),
            "mcmillan2017_like" => Potential::from_toml(MCMILLAN, name),
            "mw_lmc" => with_lmc(Potential::from_toml(MW2014, name)?),
            _ => {
                let names = PRESETS.map(|(name, _)| name);
                let error = Error::not_found(format!("no potential is called `{name}`")).expected(names.join(", "));
                Err(match nearest(name, names) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                })
            }
        }
    }

    /// Names of the presets, each with one line.
    pub fn presets() -> &'static [(&'static str, &'static str)] {
        &PRESETS
    }
}

/// Position, velocity and the acceleration that the LMC gives to the Milky Way.
type Row = ([f64; 3], [f64; 3], [f64; 3]);

/// The galaxy with the LMC on its path: both are rigid, the origin is the galaxy's centre and falls towards the LMC.
fn with_lmc(galaxy: Potential) -> Result<Potential> {
    let lmc = Component::new("lmc", "hernquist", &LMC)?;
    let cloud = Potential { components: vec![lmc.clone()] };
    let (galaxy_constants, cloud_constants) = (galaxy.prepare::<f64>(), cloud.prepare::<f64>());
    let reflex = |x: [f64; 3]| cloud.acceleration(&cloud_constants, 0.0, x.map(|x| -x));
    let pull = |x: [f64; 3]| {
        let (own, frame) = (galaxy.acceleration(&galaxy_constants, 0.0, x), reflex(x));
        std::array::from_fn::<f64, 3, _>(|i| own[i] - frame[i])
    };
    let follow = |rows: usize, step: f64| {
        let (mut x, mut v) = (LMC_POSITION_KPC, LMC_VELOCITY_KMS);
        let mut all: Vec<Row> = vec![(x, v, reflex(x))];
        let mut a = pull(x);
        for _ in 0..rows {
            for _ in 0..STEPS_A_ROW {
                let half: [f64; 3] = std::array::from_fn(|i| v[i] + 0.5 * step * a[i]);
                x = std::array::from_fn(|i| x[i] + step * half[i]);
                a = pull(x);
                v = std::array::from_fn(|i| half[i] + 0.5 * step * a[i]);
            }
            all.push((x, v, reflex(x)));
        }
        all
    };
    let step = STEP_GYR / GYR_PER_TIME_UNIT;
    let mut rows = follow(ROWS_BACK, -step);
    rows.reverse();
    rows.extend(follow(ROWS_ON, step).into_iter().skip(1));
    let times: Vec<f64> = (0..rows.len()).map(|i| (i as f64 - ROWS_BACK as f64) * step * STEPS_A_ROW as f64).collect();
    let track = |axis: usize| {
        let slopes = rows.iter().map(|row| row.1[axis]).collect();
        Track::new(times.clone(), rows.iter().map(|row| row.0[axis]).collect(), Some(slopes), false)
    };
    let placement = Placement { path: Some([track(0)?, track(1)?, track(2)?]), ..Placement::default() };
    let mut components = galaxy.components;
    components.push(lmc.placed(placement)?);
    let frame: Vec<[f64; 3]> = rows.iter().map(|row| row.2.map(|a| -a)).collect();
    Potential { components }.with_reflex(&times, &frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::real::dot;

    fn speed(potential: &Potential, radius: f64) -> f64 {
        (-radius * potential.acceleration(&potential.prepare(), 0.0, [radius, 0.0, 0.0])[0]).sqrt()
    }

    #[test]
    fn circular_speeds_of_the_milky_way() {
        let mw = Potential::named("mw2014").unwrap();
        // gala 1.11.0 BovyMWPotential2014 with the same masses.
        let radii = [1.0, 2.0, 4.0, 8.0, 8.178, 12.0, 20.0, 50.0];
        let speeds = [
            140.46102221798557,
            187.00334103187194,
            222.69599620059168,
            220.00000013200324,
            219.50552073765147,
            209.92347699904158,
            197.61111175113652,
            176.05753391829356,
        ];
        for (radius, expected) in radii.into_iter().zip(speeds) {
            assert!((speed(&mw, radius) / expected - 1.0).abs() < 1e-12, "{radius}");
        }
        assert!(mw.is_static() && mw.is_axisymmetric());
        // McMillan 2017, section 6: 232.8 km/s at 8.20 kpc.
        let mcmillan = speed(&Potential::named("mcmillan2017_like").unwrap(), 8.2);
        eprintln!("mcmillan2017_like: {mcmillan} km/s");
        assert!((mcmillan / 232.8 - 1.0).abs() < 0.006, "{mcmillan}");
        // galpy 1.12.1 mwpotentials.McMillan17.
        let model = Potential::named("mcmillan2017_like").unwrap();
        let theirs = [
            (2.0, 195.59328502934625),
            (4.0, 219.4575450502052),
            (8.0, 233.18507120648863),
            (12.0, 229.96701435245973),
            (20.0, 222.99032817427772),
        ];
        for (radius, expected) in theirs {
            let off = speed(&model, radius) / expected - 1.0;
            eprintln!("mcmillan2017_like at {radius} kpc: {off:+.4}");
            assert!(off.abs() < 0.011, "{radius}: {off}");
        }
    }

    #[test]
    fn the_lmc_falls_in_and_pulls_the_frame() {
        let both = Potential::named("mw_lmc").unwrap();
        let (mw, prepared) = (Potential::named("mw2014").unwrap(), both.prepare::<f64>());
        assert!(!both.is_static() && both.components.len() == 7);
        // At the origin the pull of the LMC and the frame's own acceleration cancel at every row.
        for row in [-300.0, -7.0, 0.0, 50.0] {
            let time = row * STEP_GYR * STEPS_A_ROW as f64 / GYR_PER_TIME_UNIT;
            let left = both.acceleration(&prepared, time, [0.0; 3]);
            assert!(dot(left, left).sqrt() < 1e-9, "{left:?}");
        }
        let inside = LMC[0] * (8.7f64 / (8.7 + LMC[1])).powi(2);
        assert!((inside / 1.7e10 - 1.0).abs() < 0.001, "{inside:e}");
        let path = both.components[3].placement().unwrap().path.as_ref().unwrap();
        let at = |i: usize| path.iter().map(|t| t.values[i].powi(2)).sum::<f64>().sqrt();
        assert!((at(ROWS_BACK) - 49.69).abs() < 0.01 && at(ROWS_BACK - 100) > 150.0, "{} {}", at(ROWS_BACK), at(ROWS_BACK - 100));
        // Energy of the relative motion: none of it is lost on the way.
        let energy = |i: usize| {
            let x: [f64; 3] = std::array::from_fn(|k| path[k].values[i]);
            let v: [f64; 3] = std::array::from_fn(|k| path[k].slopes()[i]);
            let cloud = Potential { components: vec![Component::new("lmc", "hernquist", &LMC).unwrap()] };
            0.5 * dot(v, v) + mw.potential(&mw.prepare(), 0.0, x) + cloud.potential(&cloud.prepare(), 0.0, x)
        };
        assert!((energy(0) / energy(ROWS_BACK) - 1.0).abs() < 1e-3, "{} {}", energy(0), energy(ROWS_BACK));
    }

    #[test]
    fn unknown_names_are_refused_with_the_nearest() {
        assert!(Potential::named("mw2041").unwrap_err().to_string().contains("did you mean `mw2014`?"));
        assert!(Potential::presets().iter().all(|(name, _)| Potential::named(name).is_ok()));
    }
}
