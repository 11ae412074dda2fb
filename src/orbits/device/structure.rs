//! A potential taken apart for a GPU: which components it has, as code, and their numbers, as bytes.
//!
//! Layout     potentials of one structure (kinds, and which of them are moved, turned, grown) share their code whatever their numbers, so that
//!            a fit compiles once. Numbers: `place` of placements, `head` of profiles, `at` where curves and tables begin, and the curves
//!            and tables themselves; `kernels/model.cuh` is the same on the other side
//! Refuses    kinds without a kernel and sums too long for the arguments of a kernel (`Unsupported`), constants that single precision
//!            cannot hold (`Domain`)
//! See also   `source`, `potential::Formulas::constants`

use std::fmt::Write;

use super::Precision;
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::pieces::ORDER;
use crate::orbits::potential::{Amplitude, Component, FOUR_POLYNOMIALS, Placement, Potential, Profile, Track};

/// How the constants of a kind are laid out for its kernel.
struct Lowering {
    /// Functions `NAME_potential` and `NAME_acceleration`.
    function: &'static str,
    /// File of `kernels/profiles`, without its ending.
    file: &'static str,
    /// Constants before a table; all where there is none.
    head: Option<usize>,
    /// Numbers of the table for each that the kernel counts.
    each: usize,
    /// Numbers that the kernel needs behind the head.
    more: fn(&Component) -> Vec<f64>,
}

/// Two tables of pieces of one length.
const TWO_TABLES: usize = 2 * ORDER;
/// s, 1 / A_1, 1 / A_2 and weight of a node of `triaxial_nfw`.
const NODE: usize = 4;

fn lowering(kind: &str) -> Option<Lowering> {
    let plain = |name: &'static str| Lowering { function: name, file: name, head: None, each: 1, more: |_| Vec::new() };
    let arms = |c: &Component| c.parameters().get(1).copied().into_iter().collect();
    let join = |c: &Component| match c.profile() {
        Profile::Einasto(profile) => vec![profile.join()],
        _ => Vec::new(),
    };
    match kind {
        "mn3_exponential" | "mn3_sech2" | "mn3_exponential_unrestricted" | "mn3_sech2_unrestricted" => Some(plain("mn3")),
        "spiral_arms" => Some(Lowering { more: arms, ..plain("spiral_arms") }),
        "spiral_arms_sinusoidal" => Some(Lowering { function: "spiral_arms_sinusoidal", more: arms, ..plain("spiral_arms") }),
        "triaxial_nfw" => Some(Lowering { head: Some(2), each: NODE, ..plain("triaxial_nfw") }),
        "power_law_cutoff" => Some(Lowering { head: Some(8), each: FOUR_POLYNOMIALS, ..plain("power_law_cutoff") }),
        "einasto" => Some(Lowering { head: Some(8), each: TWO_TABLES, more: join, ..plain("einasto") }),
        _ => super::source::profile(kind).map(plain),
    }
}

/// Whether potentials of this kind have a kernel.
pub fn has_kernel(kind: &str) -> bool {
    lowering(kind).is_some()
}

/// A potential taken apart.
#[derive(Clone, Debug, Default)]
pub struct Structure {
    /// Functions of the components and their sums, in CUDA C++.
    pub code: String,
    /// Files of `kernels/profiles` that the code needs, without their endings, sorted.
    pub files: Vec<&'static str>,
    place: Vec<f64>,
    head: Vec<f64>,
    at: Vec<i32>,
    /// Times, values and slopes of each curve.
    pub curves: Vec<f64>,
    /// Tables of profiles.
    pub tables: Vec<f64>,
}

/// Bytes that the arguments of a kernel may have on every GPU, less those of the other argument.
const MOST_MODEL_BYTES: usize = 4096 - 128;
/// Three pointers.
const POINTER_BYTES: usize = 24;

/// Where a component stands in the code.
struct Writer<'a> {
    all: &'a mut Structure,
    inward: String,
    outward: String,
    strength: String,
}

impl Structure {
    /// Takes `potential` apart.
    pub fn new(potential: &Potential) -> Result<Structure> {
        let mut all = Structure::default();
        let (mut values, mut pulls) = (String::new(), String::new());
        for (index, component) in potential.components.iter().enumerate() {
            all.add(index, component)?;
            // A sum of one or more in order; writing to a string cannot fail.
            let _ = writeln!(values, "    total += component_{index}_potential(m, head, tables, time, p);");
            let _ = writeln!(pulls, "    total = sum(total, component_{index}_acceleration(m, head, tables, time, p));");
        }
        let arguments = "const Model &m, const T *head, const T *tables, double time, Vector<double> p";
        let _ = write!(
            all.code,
            "template <class T> DEVICE T potential({arguments}) {{\n    T total = T(0);\n{values}    return total;\n}}\n\
             template <class T> DEVICE Vector<T> acceleration({arguments}) {{\n    Vector<T> total = {{T(0), T(0), T(0)}};\n{pulls}    return total;\n}}\n"
        );
        all.files.sort_unstable();
        all.files.dedup();
        let bytes = all.bytes(Precision::Double, [0; 3])?.len();
        if bytes > MOST_MODEL_BYTES {
            return Err(Error::unsupported("the potential has too many components for a GPU")
                .expected(format!("at most {MOST_MODEL_BYTES} bytes of numbers"))
                .found(bytes)
                .hint("run with `--device cpu`"));
        }
        Ok(all)
    }

    /// Counts for the code: `PLACES`, `HEADS`, `MARKS`; no array may be empty.
    pub fn counts(&self) -> [usize; 3] {
        [self.place.len(), self.head.len(), self.at.len()].map(|n| n.max(1))
    }

    fn add(&mut self, index: usize, component: &Component) -> Result<()> {
        let lowering = lowering(component.kind.name).ok_or_else(|| {
            Error::unsupported(format!("the GPU has no kernel for potentials of kind {}", component.kind.name))
                .at(format!("component `{}`", component.name))
                .hint("run with `--device cpu`")
        })?;
        let constants = component.constants(component.parameters());
        let head = lowering.head.unwrap_or(constants.len()).min(constants.len());
        let (own, table) = constants.split_at(head);
        let first = self.head.len();
        self.head.extend(own);
        self.head.extend((lowering.more)(component));
        let mark = self.at.len();
        let (table_at, count) = if table.is_empty() {
            ("tables".to_string(), "0".to_string())
        } else {
            self.at.extend([self.tables.len(), table.len() / lowering.each].map(|n| n as i32));
            (format!("tables + m.at[{mark}]"), format!("m.at[{}]", mark + 1))
        };
        self.tables.extend(table);
        self.files.push(lowering.file);
        let (function, plain) = (lowering.function, Placement::default());
        let mut writer = Writer { all: self, inward: String::new(), outward: String::new(), strength: String::new() };
        if let Some(placement) = component.placement() {
            writer.place(placement, &plain);
        }
        let Writer { inward, outward, strength, .. } = writer;
        let arguments = "const Model &m, const T *head, const T *tables, double time, Vector<double> p";
        let call = |what: &str| format!("{function}_{what}(head + {first}, {table_at}, {count}, to<T>(p))");
        let factor = if strength.is_empty() { String::new() } else { format!(" * T({strength})") };
        let scale = if strength.is_empty() { String::new() } else { format!("    a = scaled(a, T({strength}));\n") };
        let _ = write!(
            self.code,
            "template <class T> DEVICE T component_{index}_potential({arguments}) {{\n{inward}    return {}{factor};\n}}\n\
             template <class T> DEVICE Vector<T> component_{index}_acceleration({arguments}) {{\n{inward}    Vector<T> a = {};\n{outward}{scale}    return a;\n}}\n",
            call("potential"),
            call("acceleration"),
        );
        Ok(())
    }

    /// The struct `Model` of the kernels: pointers to the curves, to the tables in double, and to those in the precision of forces.
    ///
    /// `Domain` error for a constant that is finite in double precision and not in the asked one.
    pub fn bytes(&self, precision: Precision, pointers: [u64; 3]) -> Result<Vec<u8>> {
        let [places, heads, marks] = self.counts();
        let mut bytes = Vec::with_capacity(POINTER_BYTES + 8 * (places + 2 * heads) + 4 * marks);
        let doubles = |numbers: &[f64], count: usize| {
            let filled = numbers.iter().chain(std::iter::repeat(&0.0)).take(count);
            filled.flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()
        };
        let (place, exact) = (doubles(&self.place, places), doubles(&self.head, heads));
        bytes.extend(pointers.iter().flat_map(|p| p.to_le_bytes()));
        bytes.extend(place);
        bytes.extend(&exact);
        match precision {
            Precision::Double => bytes.extend(exact),
            Precision::Mixed => {
                let mut single = self.single(&self.head)?;
                single.resize(heads, 0.0);
                bytes.extend(single.iter().flat_map(|x| x.to_le_bytes()));
            }
        }
        bytes.extend(self.at.iter().chain(std::iter::repeat(&0)).take(marks).flat_map(|x| x.to_le_bytes()));
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        Ok(bytes)
    }

    /// Numbers of [`Structure::tables`] in single precision.
    pub fn single_tables(&self) -> Result<Vec<f32>> {
        self.single(&self.tables)
    }

    fn single(&self, numbers: &[f64]) -> Result<Vec<f32>> {
        match numbers.iter().find(|x| x.is_finite() && !(**x as f32).is_finite()) {
            None => Ok(numbers.iter().map(|x| *x as f32).collect()),
            Some(large) => Err(Error::new(ErrorKind::Domain, "single precision cannot hold a constant of the potential")
                .found(large)
                .hint("use double precision")),
        }
    }
}

impl Writer<'_> {
    fn place(&mut self, placement: &Placement, plain: &Placement) {
        let begin = self.numbers(&placement.centre_kpc);
        let _ = writeln!(self.inward, "    p = shifted(p, m.place + {begin});");
        if let Some(path) = &placement.path {
            let mark = self.all.at.len();
            for track in path {
                self.curve(track);
            }
            let _ = writeln!(self.inward, "    p = moved(p, m.curves, m.at + {mark}, time);");
        }
        let mut back = String::new();
        if let Some(rows) = &placement.orientation {
            let begin = self.numbers(&rows.concat());
            let _ = writeln!(self.inward, "    p = oriented(p, m.place + {begin});");
            back = format!("    a = oriented_back(a, m.place + {begin});\n");
        }
        if placement.pattern_speed_kms_kpc != plain.pattern_speed_kms_kpc || placement.angle_rad != plain.angle_rad {
            let begin = self.numbers(&[placement.pattern_speed_kms_kpc, placement.angle_rad]);
            let turn = format!("    double s, c;\n    turn(m.place + {begin}, time, s, c);\n    p = turned(p, s, c);\n");
            self.inward += &turn;
            self.outward += "    a = turned_back(a, T(s), T(c));\n";
        }
        self.outward += &back;
        self.strength = match &placement.amplitude {
            Amplitude::One => String::new(),
            Amplitude::Constant(value) => format!("constant_strength(m.place + {}, time)", self.numbers(&[*value])),
            Amplitude::Linear(rate) => format!("linear_strength(m.place + {}, time)", self.numbers(&[*rate])),
            Amplitude::Exponential(scale) => format!("exponential_strength(m.place + {}, time)", self.numbers(&[*scale])),
            Amplitude::Table(track) => format!("curve(m.curves, m.at + {}, time)", self.curve(track)),
        };
    }

    /// Where these numbers of `place` begin.
    fn numbers(&mut self, numbers: &[f64]) -> usize {
        self.all.place.extend(numbers);
        self.all.place.len() - numbers.len()
    }

    /// Where the marks of this curve begin.
    fn curve(&mut self, track: &Track) -> usize {
        let begin = self.all.curves.len();
        for column in [&track.times, &track.values, track.slopes()] {
            self.all.curves.extend(column.iter());
        }
        self.all.at.extend([begin as i32, track.times.len() as i32, i32::from(track.keeps_ends())]);
        self.all.at.len() - 3
    }
}
