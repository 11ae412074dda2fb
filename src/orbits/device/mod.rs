//! Orbits on a GPU: the same formulas and methods in CUDA, one thread a star.
//!
//! Layout     `kernels/` holds the CUDA C++; [`structure`] takes a potential apart, [`source`] puts the program together, `cuda` runs it;
//!            [`orbits_on`] chooses the device
//! Units      kpc, km/s; times in kpc/(km/s)
//! Accuracy   double: that of the processor's path, to the rounding of fused products; mixed: see [`Precision`]
//! Refuses    no device: `Device` error; memory too small for a block of stars: `Limit`; profiles without a kernel: `Unsupported`
//! Cost       one compilation for each structure of potentials and method, kept in memory; one launch a block of stars
//! See also   `batch` for the processor, `crate::device`

#[cfg(feature = "cuda")]
pub mod cuda;
pub mod source;
pub mod structure;

use super::batch::{Orbits, Stars, adaptive_orbits, orbits};
use super::field::Gravity;
use super::integrate::{Adaptive, Judgement, Method, Tolerance};
use super::potential::Potential;
use crate::device::Device;
use crate::error::{Error, ErrorKind, Result};

/// Numbers of the forces on a GPU; states, times, places and energies are double always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Forces in double precision.
    #[default]
    Double,
    /// Forces in single precision: accelerations to 2.5e-6 of their size within 50 kpc, 1.2e-4 for spiral arms; a resolved orbit in mw2014
    /// is off by 0.02 pc after 2.9 Gyr (median; 0.24 pc at most). docs/methods/orbits_on_gpu.md has each.
    Mixed,
}

impl Precision {
    /// `double` or `mixed`.
    pub fn parse(name: &str) -> Result<Precision> {
        match name {
            "double" => Ok(Precision::Double),
            "mixed" => Ok(Precision::Mixed),
            _ => Err(Error::usage(format!("no precision is called `{name}`")).expected("double or mixed")),
        }
    }
}

/// How time is cut into steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steps {
    /// All of at most `step` \[kpc/(km/s)\].
    Fixed {
        /// Which method.
        method: Method,
        /// Its step.
        step: f64,
        /// When an orbit is unbound or drifts.
        judgement: Judgement,
    },
    /// By an error estimate, for each star alone; GPUs have DOP853.
    Chosen {
        /// Which method.
        method: Adaptive,
        /// What it keeps.
        tolerance: Tolerance,
    },
}

/// Accelerations from which a GPU is worth its start: about a second of two cores.
const WORTH_A_GPU: f64 = 3e7;
/// What an orbit with chosen steps is taken to need.
const ACCELERATIONS_AN_ORBIT: f64 = 1500.0;

impl Steps {
    fn accelerations(&self, stars: usize, start: f64, times: &[f64]) -> f64 {
        let span = times.last().map_or(0.0, |end| (end - start).abs());
        let each = match self {
            Steps::Fixed { method, step, .. } => span / step.abs() * method.weights().len() as f64,
            Steps::Chosen { .. } => ACCELERATIONS_AN_ORBIT,
        };
        each * stars as f64
    }
}

/// Orbits on a device: the processor; the GPU, or an error that says why not; or, with `Auto`, the GPU where there is one, the work is worth
/// it and it does not fail, else the processor.
///
/// `precision` concerns the GPU alone: the processor always computes in double.
pub fn orbits_on(
    device: Device,
    precision: Precision,
    potential: &Potential,
    stars: &Stars,
    steps: &Steps,
    start: f64,
    times: &[f64],
) -> Result<Orbits> {
    let processor = || match steps {
        Steps::Fixed { method, step, judgement } => orbits(&Gravity::new(potential), stars, *method, start, *step, times, judgement),
        Steps::Chosen { method, tolerance } => adaptive_orbits(&Gravity::new(potential), stars, *method, start, times, tolerance),
    };
    match device {
        Device::Cpu => processor(),
        Device::Cuda => {
            device.resolve()?;
            orbits_on_device(precision, potential, stars, steps, start, times)
        }
        Device::Auto => {
            let worth = steps.accelerations(stars.len(), start, times) >= WORTH_A_GPU;
            if !worth || device.resolve()? != Device::Cuda {
                return processor();
            }
            match orbits_on_device(precision, potential, stars, steps, start, times) {
                Err(error) if matches!(error.kind(), ErrorKind::Device | ErrorKind::Limit | ErrorKind::Unsupported) => processor(),
                answer => answer,
            }
        }
    }
}

/// Orbits on the GPU, with the same results as [`orbits`] and [`adaptive_orbits`] to rounding.
///
/// `Device` error where there is no GPU or it fails, `Limit` where its memory is too small, `Unsupported` for methods and profiles
/// without a kernel.
pub fn orbits_on_device(
    precision: Precision,
    potential: &Potential,
    stars: &Stars,
    steps: &Steps,
    start: f64,
    times: &[f64],
) -> Result<Orbits> {
    let there = match steps {
        Steps::Fixed { method, .. } => matches!(method, Method::Leapfrog | Method::Yoshida4 | Method::KahanLi6),
        Steps::Chosen { method, .. } => *method == Adaptive::Dop853,
    };
    if !there {
        return Err(Error::unsupported("the GPU lacks this method")
            .expected("leapfrog, yoshida4, kahan_li6 or dop853")
            .found(match steps {
                Steps::Fixed { method, .. } => format!("{method:?}"),
                Steps::Chosen { method, .. } => format!("{method:?}"),
            })
            .hint("run with `--device cpu`"));
    }
    let structure = structure::Structure::new(potential)?;
    #[cfg(feature = "cuda")]
    return cuda::follow(precision, &structure, stars, steps, start, times);
    #[cfg(not(feature = "cuda"))]
    {
        let _ = (precision, structure, stars, start, times);
        Device::Cuda.resolve()?;
        Err(Error::new(ErrorKind::Device, "this build lacks the feature `cuda`"))
    }
}

#[cfg(test)]
mod tests {
    use super::source::Kernel;
    use super::structure::Structure;
    use super::*;
    use crate::orbits::batch::tests::{some, view};
    use crate::orbits::potential::{Component, kinds};

    /// Kinds that run on the processor alone.
    const WITHOUT_KERNEL: [&str; 2] = ["exponential_disc", "two_power_triaxial"];

    #[test]
    fn every_kind_has_its_kernel_or_is_known_to_have_none() {
        for kind in kinds() {
            assert_ne!(structure::has_kernel(kind.name), WITHOUT_KERNEL.contains(&kind.name), "{}", kind.name);
            if !structure::has_kernel(kind.name) {
                continue;
            }
            let parameters: Vec<f64> = kind.parameters.iter().map(|p| p.default.unwrap_or(1.0)).collect();
            let one = Potential { components: vec![Component::new("one", kind.name, &parameters).unwrap()] };
            let structure = Structure::new(&one).unwrap();
            let text = Kernel::Evaluate.source(&structure, Precision::Double);
            assert!(text.contains("template <class T> DEVICE T component_0_potential"), "{}", kind.name);
            assert!(!text.contains("#include"));
        }
    }

    #[test]
    fn one_structure_has_one_text_whatever_its_numbers() {
        let text = |alpha: f64, mass: f64| {
            let halo = Component::new("halo", "einasto", &[1e12, 20.0, alpha]).unwrap();
            let disc = Component::new("disc", "miyamoto_nagai", &[mass, 3.0, 0.28]).unwrap();
            let structure = Structure::new(&Potential { components: vec![halo, disc] }).unwrap();
            (
                Kernel::Symplectic(Method::Leapfrog).source(&structure, Precision::Double),
                structure.bytes(Precision::Double, [0; 3]).unwrap(),
            )
        };
        let (one, two) = (text(0.17, 1e10), text(0.5, 7e10));
        assert_eq!(one.0, two.0);
        assert_ne!(one.1, two.1);
    }

    #[test]
    fn numbers_too_large_for_single_precision_and_sums_too_long_are_refused() {
        let far = Component::new("far", "dehnen_bar", &[1.0, 1e14]).unwrap();
        let structure = Structure::new(&Potential { components: vec![far] }).unwrap();
        assert_eq!(structure.bytes(Precision::Mixed, [0; 3]).unwrap_err().kind(), ErrorKind::Domain);
        let one = Component::new("one", "plummer", &[1.0, 1.0]).unwrap();
        let error = Structure::new(&Potential { components: vec![one; 400] }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn the_processor_is_used_where_no_gpu_is_and_asking_for_one_says_so() {
        let columns = some(9);
        let stars = view(&columns);
        let potential = Potential::named("mw2014").unwrap();
        let steps = Steps::Fixed { method: Method::Leapfrog, step: 1e-3, judgement: Judgement::default() };
        // Without optimization, loops over eight stars at a time keep every number on the stack.
        let pool = rayon::ThreadPoolBuilder::new().stack_size(64 << 20).build().unwrap();
        let on = |device| pool.install(|| orbits_on(device, Precision::Double, &potential, &stars, &steps, 0.0, &[0.1]));
        assert_eq!(on(Device::Auto).unwrap(), on(Device::Cpu).unwrap());
        if Device::Cuda.resolve().is_err() {
            let error = on(Device::Cuda).unwrap_err();
            assert!(error.kind() == ErrorKind::Device && error.hint_text().is_some(), "{error}");
        }
        let chosen = Steps::Chosen { method: Adaptive::Tsit5, tolerance: Tolerance::default() };
        let error = orbits_on_device(Precision::Double, &potential, &stars, &chosen, 0.0, &[0.1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(steps.accelerations(1_000_000, 0.0, &[0.1]) > WORTH_A_GPU && steps.accelerations(9, 0.0, &[0.1]) < WORTH_A_GPU);
        assert_eq!((Precision::parse("mixed").unwrap(), Precision::parse("half").is_err()), (Precision::Mixed, true));
    }
}
