//! Galaxy frames: centre, bulk velocity, and a rotation that shows the disc face-on.
//!
//! Formula    r' = Q (r - c), v' = Q (v - u); rows of Q: e1 = normalise(up x L), e2 = L x e1, e3 = L normalised, up = (0, 1, 0)
//!            quality = |sum m r x v| / sum m |r| |v|: 1 when all orbits are circular in one plane, near 0 without rotation
//! Units      kpc, km/s, Msun
//! Source     pynbody `faceon` and `shrink_sphere_center` (factor 0.7, 100 particles) as used for NIHAO-UHD, Buck et al. 2020, MNRAS 491, 3461
//! Accuracy   sums are exact before they round (`ExactSum`): any order of the particles gives the same bits; Q to 1e-15
//! Edge cases L along y has no `up x L`: up is then (1, 0, 0), so e1 turns by 90 degrees there and nowhere else;
//!            det Q = +1 always; too few particles, no mass, no rotation or a value that is not finite is a `Domain` error
//! Cost       shrinking sphere about 3 passes in all: each sphere lies in 1.7 times the one before, others are dropped
//! See also   SQL functions `center()`, `face_on()`; `CREATE FRAME`

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::numeric::exact_sum::ExactSum;

/// Radius factor from one sphere to the next; pynbody 2.
const SHRINK_FACTOR: f64 = 0.7;
/// Particles below which the sphere stops; pynbody 2.
const SPHERE_PARTICLES: usize = 100;
/// Radius of the sphere whose mean velocity is the galaxy's, kpc; pynbody 2.
pub const VELOCITY_RADIUS_KPC: f64 = 1.0;
/// Particles needed for a mean velocity; pynbody 2.
const VELOCITY_PARTICLES: usize = 5;
/// Particles needed for an angular momentum: more than 5; pynbody 2.
const ROTATION_PARTICLES: usize = 6;
/// Sine of the angle to `up` below which another `up` is taken.
const ALONG_UP: f64 = 1e-8;

/// A rigid change of coordinates to a galaxy's own axes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Origin in the old coordinates, kpc.
    pub centre_kpc: [f64; 3],
    /// Velocity of the origin, km/s.
    pub velocity_kms: [f64; 3],
    /// Rows are the new axes e1, e2, e3 in old coordinates; a proper rotation.
    pub rotation: [[f64; 3]; 3],
    /// |L| / sum(m |r| |v|) of the particles that set the axis: 1 is a cold disc, 0 no rotation.
    pub quality: f64,
}

impl Frame {
    /// The frame that changes nothing.
    pub fn identity() -> Frame {
        Frame { centre_kpc: [0.0; 3], velocity_kms: [0.0; 3], rotation: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], quality: 1.0 }
    }

    /// The frame with origin `centre_kpc`, at rest at `velocity_kms`, whose third axis is along `axis`.
    ///
    /// `Domain` error when `axis` is zero or not finite.
    pub fn facing(centre_kpc: [f64; 3], velocity_kms: [f64; 3], axis: [f64; 3], quality: f64) -> Result<Frame> {
        let e3 = unit(axis).ok_or_else(|| {
            domain("no direction to turn the disc to")
                .found(format!("{axis:?}"))
                .hint("choose particles that rotate: cold gas or young stars")
        })?;
        let across = |up: [f64; 3]| cross(up, e3);
        let sideways = across([0.0, 1.0, 0.0]);
        let sideways = if length(sideways) > ALONG_UP { sideways } else { across([1.0, 0.0, 0.0]) };
        let e1 = unit(sideways).ok_or_else(|| Error::internal("two axes are parallel to one direction"))?;
        Ok(Frame { centre_kpc, velocity_kms, rotation: [e1, cross(e3, e1), e3], quality })
    }

    /// Position in this frame, kpc.
    #[inline]
    pub fn position(&self, position_kpc: [f64; 3]) -> [f64; 3] {
        self.turned(minus(position_kpc, self.centre_kpc))
    }

    /// Velocity in this frame, km/s.
    #[inline]
    pub fn velocity(&self, velocity_kms: [f64; 3]) -> [f64; 3] {
        self.turned(minus(velocity_kms, self.velocity_kms))
    }

    /// A free vector (angular momentum, acceleration) in the axes of this frame.
    #[inline]
    pub fn turned(&self, vector: [f64; 3]) -> [f64; 3] {
        self.rotation.map(|row| dot(row, vector))
    }

    /// Position in the old coordinates of a position in this frame.
    pub fn position_back(&self, position_kpc: [f64; 3]) -> [f64; 3] {
        plus(self.turned_back(position_kpc), self.centre_kpc)
    }

    /// Velocity in the old coordinates of a velocity in this frame.
    pub fn velocity_back(&self, velocity_kms: [f64; 3]) -> [f64; 3] {
        plus(self.turned_back(velocity_kms), self.velocity_kms)
    }

    fn turned_back(&self, vector: [f64; 3]) -> [f64; 3] {
        let [e1, e2, e3] = self.rotation;
        [0, 1, 2].map(|k| e1[k] * vector[0] + e2[k] * vector[1] + e3[k] * vector[2])
    }
}

/// Centre of the densest place, kpc: the centre of mass of spheres that shrink by 0.7 until one holds fewer than 100 particles.
///
/// The first sphere is about the centre of mass of all and has half of the extent in x as radius; the answer is the
/// centre of mass of the last sphere that held 100 particles. Slices of equal length; positions must not wrap round a box.
pub fn shrinking_sphere(x: &[f64], y: &[f64], z: &[f64], mass: &[f64]) -> Result<[f64; 3]> {
    check(&[("x", x), ("y", y), ("z", z), ("mass", mass)])?;
    if x.len() < SPHERE_PARTICLES {
        return Err(
            too_few("a shrinking sphere", SPHERE_PARTICLES, x.len()).hint("use the centre of mass, or a family with more particles")
        );
    }
    let extent = |values: &[f64]| {
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
        high - low
    };
    let mut radius = 0.5 * extent(x);
    if radius == 0.0 {
        radius = 0.5 * extent(y).max(extent(z));
    }
    let mut inside: Vec<usize> = (0..x.len()).collect();
    let at = |i: usize| [x[i], y[i], z[i]];
    let centre_of = |which: &mut dyn Iterator<Item = usize>| -> Option<[f64; 3]> {
        let (mut total, mut moment) = (ExactSum::default(), [ExactSum::default(), ExactSum::default(), ExactSum::default()]);
        for i in which {
            total.add(mass[i]);
            at(i).iter().zip(&mut moment).for_each(|(&r, sum)| sum.add_product(mass[i], r));
        }
        let total = total.value();
        (total > 0.0 && total.is_finite()).then(|| moment.map(|m| m.value() / total))
    };
    let no_mass = || domain("particles without mass have no centre").expected("a positive total mass");
    let mut centre = centre_of(&mut inside.iter().copied()).ok_or_else(no_mass)?;
    // Coincident particles fill every sphere: stop once its size means nothing.
    while radius * radius > f64::MIN_POSITIVE {
        let within = |i: usize, limit: f64| squared(minus(at(i), centre)) <= limit * limit;
        if inside.iter().filter(|&&i| within(i, radius)).count() < SPHERE_PARTICLES {
            break;
        }
        let next = centre_of(&mut inside.iter().copied().filter(|&i| within(i, radius))).ok_or_else(no_mass)?;
        // The next centre is inside this sphere, so the next sphere is inside (1 + 0.7) radii of this centre.
        inside.retain(|&i| within(i, (1.0 + SHRINK_FACTOR) * radius));
        centre = next;
        radius *= SHRINK_FACTOR;
    }
    Ok(centre)
}

/// Mass-weighted mean velocity in km/s of the particles within `radius_kpc` of `centre_kpc`; at least 5.
pub fn velocity_centre(
    x: &[f64],
    y: &[f64],
    z: &[f64],
    vx: &[f64],
    vy: &[f64],
    vz: &[f64],
    mass: &[f64],
    centre_kpc: [f64; 3],
    radius_kpc: f64,
) -> Result<[f64; 3]> {
    check(&[("x", x), ("y", y), ("z", z), ("vx", vx), ("vy", vy), ("vz", vz), ("mass", mass)])?;
    let (mut total, mut moment) = (ExactSum::default(), [ExactSum::default(), ExactSum::default(), ExactSum::default()]);
    let mut count = 0;
    for i in 0..x.len() {
        if squared(minus([x[i], y[i], z[i]], centre_kpc)) <= radius_kpc * radius_kpc {
            count += 1;
            total.add(mass[i]);
            [vx[i], vy[i], vz[i]].iter().zip(&mut moment).for_each(|(&v, sum)| sum.add_product(mass[i], v));
        }
    }
    if count < VELOCITY_PARTICLES {
        return Err(too_few(&format!("the mean velocity within {radius_kpc} kpc of the centre"), VELOCITY_PARTICLES, count)
            .hint("use a larger radius, or a family with more particles"));
    }
    let total = total.value();
    if total > 0.0 && total.is_finite() {
        Ok(moment.map(|m| m.value() / total))
    } else {
        Err(domain("particles without mass have no mean velocity").expected("a positive total mass"))
    }
}

/// Total angular momentum sum m r x v about the origin, Msun kpc km/s; as many particles as the shortest slice has.
pub fn angular_momentum(x: &[f64], y: &[f64], z: &[f64], vx: &[f64], vy: &[f64], vz: &[f64], mass: &[f64]) -> [f64; 3] {
    let count = [x, y, z, vx, vy, vz, mass].iter().map(|s| s.len()).min().unwrap_or(0);
    let rows = (0..count).map(|i| ([x[i], y[i], z[i]], [vx[i], vy[i], vz[i]], mass[i]));
    rotation_of(rows).0
}

/// Angular momentum, sum of m |r| |v|, and number of particles.
fn rotation_of(rows: impl Iterator<Item = ([f64; 3], [f64; 3], f64)>) -> ([f64; 3], f64, usize) {
    let mut momentum = [ExactSum::default(), ExactSum::default(), ExactSum::default()];
    let (mut possible, mut count) = (ExactSum::default(), 0);
    for (r, v, m) in rows {
        cross(r, v).iter().zip(&mut momentum).for_each(|(&l, sum)| sum.add(m * l));
        possible.add(m * (squared(r) * squared(v)).sqrt());
        count += 1;
    }
    (momentum.map(|l| l.value()), possible.value(), count)
}

/// Face-on frame of one family: shrinking-sphere centre, mean velocity within 1 kpc of it, and the angular momentum
/// of the particles within `radius_kpc` along +z.
///
/// To centre on stars and turn by gas, as NIHAO does, call the parts and [`Frame::facing`], or [`face_on_about`].
/// `Domain` error for fewer than 100 particles in all, 5 within 1 kpc or 6 within `radius_kpc`.
pub fn face_on(x: &[f64], y: &[f64], z: &[f64], vx: &[f64], vy: &[f64], vz: &[f64], mass: &[f64], radius_kpc: f64) -> Result<Frame> {
    let centre_kpc = shrinking_sphere(x, y, z, mass)?;
    let velocity_kms = velocity_centre(x, y, z, vx, vy, vz, mass, centre_kpc, VELOCITY_RADIUS_KPC)?;
    face_on_about(x, y, z, vx, vy, vz, mass, radius_kpc, centre_kpc, velocity_kms)
}

/// Face-on frame about a known centre and velocity, turned by these particles within `radius_kpc`.
pub fn face_on_about(
    x: &[f64],
    y: &[f64],
    z: &[f64],
    vx: &[f64],
    vy: &[f64],
    vz: &[f64],
    mass: &[f64],
    radius_kpc: f64,
    centre_kpc: [f64; 3],
    velocity_kms: [f64; 3],
) -> Result<Frame> {
    check(&[("x", x), ("y", y), ("z", z), ("vx", vx), ("vy", vy), ("vz", vz), ("mass", mass)])?;
    if !(radius_kpc > 0.0 && radius_kpc.is_finite()) {
        return Err(domain("radius out of range").expected("a positive radius in kpc").found(radius_kpc));
    }
    let rows = (0..x.len())
        .map(|i| (minus([x[i], y[i], z[i]], centre_kpc), minus([vx[i], vy[i], vz[i]], velocity_kms), mass[i]))
        .filter(|(r, _, _)| squared(*r) <= radius_kpc * radius_kpc);
    let (momentum, possible, count) = rotation_of(rows);
    if count < ROTATION_PARTICLES {
        return Err(too_few(&format!("the angular momentum within {radius_kpc} kpc"), ROTATION_PARTICLES, count)
            .hint("use a larger radius, or a family with more particles"));
    }
    Frame::facing(centre_kpc, velocity_kms, momentum, length(momentum) / possible)
}

fn domain(what: &str) -> Error {
    Error::new(ErrorKind::Domain, what)
}

fn too_few(purpose: &str, needed: usize, found: usize) -> Error {
    domain(&format!("too few particles for {purpose}")).expected(format!("at least {needed}")).found(found)
}

fn check(columns: &[(&str, &[f64])]) -> Result<()> {
    let count = columns.first().map_or(0, |(_, values)| values.len());
    for (name, values) in columns {
        if values.len() != count {
            return Err(Error::mismatch(format!("column `{name}` has another length"))
                .expected(format!("{count} values"))
                .found(values.len()));
        }
        if let Some(row) = values.iter().position(|v| !v.is_finite()) {
            return Err(domain(&format!("column `{name}` holds a value that is not finite"))
                .at(format!("row {row}"))
                .found(values[row])
                .hint(format!("leave such rows out: WHERE isfinite({name})")));
        }
    }
    Ok(())
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn plus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn squared(a: [f64; 3]) -> f64 {
    dot(a, a)
}

/// Length without overflow: sums of m r v reach 1e17 and their squares may be far larger.
fn length(a: [f64; 3]) -> f64 {
    a[0].hypot(a[1]).hypot(a[2])
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn unit(a: [f64; 3]) -> Option<[f64; 3]> {
    let size = length(a);
    (size > 0.0 && size.is_finite()).then(|| a.map(|c| c / size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::random::Stream;

    type Columns = [Vec<f64>; 7];

    /// A cold exponential-like disc seen in `axes` (rows), moved to `centre` and `velocity`.
    fn disc(count: u64, frame: &Frame) -> Columns {
        let mut columns: Columns = Default::default();
        // Every particle has a partner opposite to it, so that the centre and velocity are known exactly.
        for id in 0..count / 2 {
            let mut s = Stream::new(11, 0, id);
            let (radius, angle) = (3.0 * s.exponential() * s.uniform() + 0.01, std::f64::consts::TAU * s.uniform());
            let (sine, cosine) = angle.sin_cos();
            let mass = 1e4 * (1.0 + s.uniform());
            for sign in [1.0, -1.0] {
                let r = frame.position_back([sign * radius * cosine, sign * radius * sine, 0.0]);
                let v = frame.velocity_back([-sign * 220.0 * sine, sign * 220.0 * cosine, 0.0]);
                for (column, value) in columns.iter_mut().zip([r[0], r[1], r[2], v[0], v[1], v[2], mass]) {
                    column.push(value);
                }
            }
        }
        columns
    }

    fn face(c: &Columns) -> Result<Frame> {
        face_on(&c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], 5.0)
    }

    fn determinant(q: &[[f64; 3]; 3]) -> f64 {
        dot(q[0], cross(q[1], q[2]))
    }

    fn tilted(axis: [f64; 3]) -> Frame {
        Frame::facing([4.0, -7.5, 2.25], [-100.0, 30.0, 250.0], axis, 1.0).unwrap()
    }

    #[test]
    fn a_tilted_disc_is_turned_face_on() {
        for axis in [[0.3, -0.5, 0.8], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0], [1.0, 1e-3, 0.0], [-0.2, 0.9, -0.4]] {
            let truth = tilted(axis);
            let c = disc(4000, &truth);
            let found = face(&c).unwrap();
            for k in 0..3 {
                assert!((found.centre_kpc[k] - truth.centre_kpc[k]).abs() < 1e-12, "{found:?}");
                assert!((found.velocity_kms[k] - truth.velocity_kms[k]).abs() < 1e-11, "{found:?}");
                for j in 0..3 {
                    assert!(
                        (found.rotation[k][j] - truth.rotation[k][j]).abs() < 1e-12,
                        "axis {axis:?}: {:?} {:?}",
                        found.rotation,
                        truth.rotation
                    );
                }
            }
            assert!((determinant(&found.rotation) - 1.0).abs() < 1e-15);
            assert!((found.quality - 1.0).abs() < 1e-12);
            let turned = found.turned(angular_momentum_about(&c, &found));
            assert!(turned[2] > 0.0 && turned[0].abs() < 1e-12 * turned[2] && turned[1].abs() < 1e-12 * turned[2]);
        }
    }

    fn angular_momentum_about(c: &Columns, f: &Frame) -> [f64; 3] {
        let shifted: Vec<Vec<f64>> =
            (0..6).map(|k| c[k].iter().map(|v| v - if k < 3 { f.centre_kpc[k] } else { f.velocity_kms[k - 3] }).collect()).collect();
        angular_momentum(&shifted[0], &shifted[1], &shifted[2], &shifted[3], &shifted[4], &shifted[5], &c[6])
    }

    #[test]
    fn order_of_the_particles_changes_no_bit() {
        let c = disc(3000, &tilted([0.3, -0.5, 0.8]));
        let turned: Columns = c.clone().map(|mut column| {
            column.rotate_left(1234);
            column.reverse();
            column
        });
        assert_eq!(face(&c).unwrap(), face(&turned).unwrap());
    }

    #[test]
    fn the_sphere_finds_the_heavier_of_two_clumps() {
        let mut c: [Vec<f64>; 4] = Default::default();
        for id in 0..3000 {
            let mut s = Stream::new(3, 0, id);
            let (offset, scale) = if id < 2000 { (0.0, 0.5) } else { (40.0, 1.0) };
            for (k, column) in c.iter_mut().take(3).enumerate() {
                column.push(scale * s.normal() + if k == 0 { offset } else { 0.0 });
            }
            c[3].push(1.0);
        }
        let centre = shrinking_sphere(&c[0], &c[1], &c[2], &c[3]).unwrap();
        assert!(length(centre) < 0.3, "{centre:?}");
    }

    #[test]
    fn frames_undo_themselves_and_survive_json() {
        let frame = tilted([0.3, -0.5, 0.8]);
        let (r, v) = ([1.0, -20.0, 3.5], [210.0, -3.0, 14.0]);
        let (r2, v2) = (frame.position_back(frame.position(r)), frame.velocity_back(frame.velocity(v)));
        assert!(length(minus(r, r2)) < 1e-13 && length(minus(v, v2)) < 1e-12);
        let text = serde_json::to_string(&frame).unwrap();
        // The JSON reader may miss the last bit.
        let read: Frame = serde_json::from_str(&text).unwrap();
        assert!(read.rotation.iter().flatten().zip(frame.rotation.iter().flatten()).all(|(a, b)| (a - b).abs() < 2e-16));
        assert_eq!((read.centre_kpc, read.velocity_kms), (frame.centre_kpc, frame.velocity_kms));
        assert_eq!(Frame::identity().position(r), r);
    }

    #[test]
    fn thin_and_broken_inputs_are_domain_errors_with_hints() {
        let few = disc(60, &Frame::identity());
        let error = face(&few).unwrap_err();
        assert_eq!((error.kind(), error.hint_text().is_some()), (ErrorKind::Domain, true));
        let mut c = disc(400, &Frame::identity());
        c[1][7] = f64::NAN;
        assert_eq!(face(&c).unwrap_err().place(), Some("row 7"));
        let mut c = disc(400, &Frame::identity());
        c[6].iter_mut().for_each(|m| *m = 0.0);
        assert_eq!(face(&c).unwrap_err().kind(), ErrorKind::Domain);
        let mut c = disc(400, &Frame::identity());
        (3..6).for_each(|k| c[k].iter_mut().for_each(|v| *v = 0.0));
        assert!(face(&c).unwrap_err().hint_text().unwrap().contains("rotate"));
        c[2].pop();
        assert_eq!(face(&c).unwrap_err().kind(), ErrorKind::Mismatch);
        // All at one place: the sphere cannot shrink and must not spin for ever.
        let ones = vec![1.0; 200];
        assert_eq!(shrinking_sphere(&ones, &ones, &ones, &ones).unwrap(), [1.0; 3]);
        let mut line = vec![0.0; 200];
        line[0] = 1.0;
        assert!(shrinking_sphere(&line, &ones, &ones, &ones).unwrap()[0] < 1e-2);
    }
}
