//! NVRTC compiles every kernel for two generations of GPUs.

use std::time::Instant;

use spolia::device::compile::ptx;
use spolia::error::ErrorKind;
use spolia::orbits::device::Precision;
use spolia::orbits::device::source::Kernel;
use spolia::orbits::device::structure::Structure;
use spolia::orbits::integrate::Method;
use spolia::orbits::potential::Potential;

use crate::samples::{all_kinds, moving};

const ARCHITECTURES: [&str; 2] = ["compute_80", "compute_90"];

#[test]
fn nvrtc_compiles_every_kernel() {
    if let Err(error) = ptx("", ARCHITECTURES[0])
        && error.kind() == ErrorKind::Device
    {
        println!("skipped: {error}");
        return;
    }
    assert_eq!(ptx("extern \"C\" __global__ void broken(", ARCHITECTURES[0]).unwrap_err().kind(), ErrorKind::Internal);
    let models = [("all kinds", all_kinds("nfw", &[1e10, 3.0])), ("mw2014", Potential::named("mw2014").unwrap()), ("moving", moving())];
    let methods = [Method::Leapfrog, Method::Yoshida4, Method::KahanLi6].map(Kernel::Symplectic);
    for (name, potential) in &models {
        let structure = Structure::new(potential).unwrap();
        for kernel in methods.into_iter().chain([Kernel::Evaluate, Kernel::Dop853]) {
            for precision in [Precision::Double, Precision::Mixed] {
                let source = kernel.source(&structure, precision);
                for architecture in ARCHITECTURES {
                    let clock = Instant::now();
                    let text = ptx(&source, architecture).unwrap().to_src();
                    println!(
                        "{name:<10} {kernel:?} {precision:?} {architecture}: {} lines of PTX, {:.2} s",
                        text.lines().count(),
                        clock.elapsed().as_secs_f64()
                    );
                    assert!(text.contains(&format!(".entry {}", kernel.entry())) && text.contains(&architecture.replace("compute", "sm")));
                    // For `ptxas -v`, which says what registers and memory a kernel takes.
                    if let Ok(folder) = std::env::var("SPOLIA_PTX") {
                        let name = format!("{name}_{kernel:?}_{precision:?}_{architecture}.ptx").replace([' ', '(', ')'], "_");
                        std::fs::write(std::path::Path::new(&folder).join(name), &text).unwrap();
                    }
                    // Forces in single precision leave double to the state.
                    let single = text.contains("fma.rn.f32");
                    assert_eq!(single, precision == Precision::Mixed);
                }
            }
        }
    }
}
