//! The text of a kernel: the files of `kernels/` in order, around the code that is written for the potential.
//!
//! Layout     numbers of the potential as macros, words, profiles that are used, code of the components, one kernel
//! Accuracy   coefficients of methods are written from those of the processor's path, with all their digits
//! See also   `structure`, `crate::device::compile`

use std::fmt::Write;

use super::Precision;
use super::structure::Structure;
use crate::orbits::integrate::{Method, dop853_table as dop853};

/// A kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Potential and acceleration at points.
    Evaluate,
    /// Orbits with fixed steps.
    Symplectic(Method),
    /// Orbits with steps chosen by DOP853.
    Dop853,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("kernels/", $name)))),*] };
}

const WORDS: [(&str, &str); 6] = files!["number.cuh", "elementary.cuh", "dual.cuh", "pieces.cuh", "placement.cuh", "model.cuh"];
const ORBIT: [(&str, &str); 2] = files!["field.cuh", "run.cuh"];
const KERNELS: [(&str, &str); 3] = files!["evaluate.cu", "symplectic.cu", "dop853.cu"];
const PROFILES: [(&str, &str); 20] = files![
    "profiles/burkert.cuh",
    "profiles/dehnen_bar.cuh",
    "profiles/einasto.cuh",
    "profiles/hernquist.cuh",
    "profiles/homogeneous_sphere.cuh",
    "profiles/isochrone.cuh",
    "profiles/jaffe.cuh",
    "profiles/kuzmin.cuh",
    "profiles/kuzmin_kutuzov.cuh",
    "profiles/logarithmic.cuh",
    "profiles/long_murali_bar.cuh",
    "profiles/miyamoto_nagai.cuh",
    "profiles/mn3.cuh",
    "profiles/nfw.cuh",
    "profiles/plummer.cuh",
    "profiles/point_mass.cuh",
    "profiles/power_law_cutoff.cuh",
    "profiles/spiral_arms.cuh",
    "profiles/triaxial_nfw.cuh",
    "profiles/uniform_field.cuh",
];

/// Threads of a block.
pub const THREADS: u32 = 128;

fn stem(path: &str) -> Option<&str> {
    path.strip_prefix("profiles/")?.strip_suffix(".cuh")
}

/// `name` itself if there is a `kernels/profiles/NAME.cuh`.
pub(super) fn profile(name: &str) -> Option<&'static str> {
    PROFILES.iter().filter_map(|(path, _)| stem(path)).find(|stem| *stem == name)
}

impl Kernel {
    /// Name of the function.
    pub fn entry(self) -> &'static str {
        match self {
            Kernel::Evaluate => "evaluate",
            Kernel::Symplectic(_) => "symplectic",
            Kernel::Dop853 => "dop853",
        }
    }

    /// The whole program, for a CUDA compiler; it includes nothing.
    pub fn source(self, structure: &Structure, precision: Precision) -> String {
        let mut text = String::with_capacity(64 * 1024);
        let [places, heads, marks] = structure.counts();
        let real = match precision {
            Precision::Double => "double",
            Precision::Mixed => "float",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "#define REAL {real}\n#define PLACES {places}\n#define HEADS {heads}\n#define MARKS {marks}");
        let _ = writeln!(text, "#define THREADS {THREADS}");
        match self {
            Kernel::Evaluate => {}
            Kernel::Symplectic(method) => {
                let _ = writeln!(text, "#define LEAPS {}", method.weights().len());
                table(&mut text, "WEIGHTS", "", method.weights());
            }
            Kernel::Dop853 => {
                table(&mut text, "DOP853_C", "", &dop853::C);
                table(&mut text, "DOP853_A", "[15]", dop853::A.as_flattened());
                table(&mut text, "DOP853_ERROR5", "", &dop853::ERROR5);
                table(&mut text, "DOP853_ERROR3", "", &dop853::ERROR3);
                table(&mut text, "DOP853_DENSE", "[16]", dop853::DENSE.as_flattened());
            }
        }
        for file in WORDS {
            append(&mut text, file);
        }
        // A disc is part of the sums of three.
        let mut names = structure.files.clone();
        if names.contains(&"mn3") && !names.contains(&"miyamoto_nagai") {
            names.push("miyamoto_nagai");
        }
        for file in PROFILES.into_iter().filter(|(path, _)| stem(path).is_some_and(|stem| names.contains(&stem))) {
            append(&mut text, file);
        }
        text += &structure.code;
        for file in ORBIT {
            append(&mut text, file);
        }
        let name = format!("{}.cu", self.entry());
        for file in KERNELS.into_iter().filter(|(path, _)| *path == name) {
            append(&mut text, file);
        }
        text
    }
}

/// A file without its inclusions, for all of them are there already.
fn append(text: &mut String, (path, file): (&str, &str)) {
    let _ = writeln!(text, "#line 1 \"{path}\"");
    for line in file.lines() {
        if !line.starts_with("#include \"") && line != "#pragma once" {
            *text += line;
        }
        text.push('\n');
    }
}

fn table(text: &mut String, name: &str, columns: &str, numbers: &[f64]) {
    let list = numbers.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(", ");
    let braces = if columns.is_empty() {
        format!("{{{list}}}")
    } else {
        let width: usize = columns.trim_matches(['[', ']']).parse().unwrap_or(numbers.len());
        let rows = numbers.chunks(width).map(|row| row.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(", "));
        format!("{{{}}}", rows.map(|row| format!("{{{row}}}")).collect::<Vec<_>>().join(", "))
    };
    let rows = if columns.is_empty() { numbers.len().to_string() } else { String::new() };
    let _ = writeln!(text, "static __device__ __constant__ double {name}[{rows}]{columns} = {braces};");
}
