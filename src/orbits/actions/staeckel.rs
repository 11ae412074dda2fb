//! Actions and frequencies in axisymmetric potentials by the Staeckel fudge, one star or eight at once; exact in Staeckel potentials.
//!
//! Formula    R = D q s, z = D sqrt(1 + q^2) c, with q = sinh u, s = sin v, c = cos v; at the star's own u0, v0
//!            p_u^2 = 2 D^2 [E q^2 - I_u - dU(q) - Lz^2/(2 D^2 q^2)], p_v^2 = 2 D^2 [E s^2 + I_v + dV(c) - Lz^2/(2 D^2 s^2)]
//!            dU = (q^2 + w) Phi(q, w) - the same at the star, dV = (1 + q0^2) Phi(q0, z = 0) - (q0^2 + s^2) Phi(q0, c)
//!            J_R = 1/pi int p_u du, J_z = 2/pi int p_v dv; frequencies by the derivatives of these with respect to E, Lz and I
//! Units      kpc, km/s; actions kpc km/s, frequencies km/s/kpc
//! Source     Binney 2012, MNRAS 426, 1324; Sanders 2012, MNRAS 426, 128; w = 1 is Binney's choice and that of galpy and agama
//! Accuracy   1e-12 in Kuzmin-Kutuzov; elsewhere that of the fudge (discs 1 %, halo orbits some %), not of the quadrature
//! Edge cases energy at or above the escape energy gives NaN; planar orbits J_z = 0, circular ones J_R = 0, with the frequencies of epicycles;
//!            near the axis, where the walls are steep, ln q and atanh c are the variables, with more nodes: 1e-6 of the
//!            sum of the actions for |L_z| down to 1e-5 of it, 3e-4 below; NaN in, NaN out
//! Cost       some 130 potentials a star, 360 more for stars that come near the axis, for which `many` makes blocks of their own
//! See also   `focal`, `isochrone`

use std::f64::consts::{FRAC_PI_2, PI, SQRT_2};

use crate::numeric::real::Real;
use crate::numeric::together::{Masked, root};
use crate::orbits::field::Field;

/// A star in cylindrical coordinates; the azimuth is not needed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cylindrical<T> {
    /// Distance from the axis \[kpc\].
    pub r: T,
    /// Height \[kpc\].
    pub z: T,
    /// Velocity away from the axis \[km/s\].
    pub v_r: T,
    /// Azimuthal velocity \[km/s\].
    pub v_phi: T,
    /// Vertical velocity \[km/s\].
    pub v_z: T,
}

impl<T: Real> Cylindrical<T> {
    /// From x, y, z, vx, vy, vz.
    #[inline(always)]
    pub fn from_cartesian([x, y, z, vx, vy, vz]: [T; 6]) -> Self {
        let r = (x * x + y * y).sqrt();
        Cylindrical { r, z, v_r: (x * vx + y * vy) / r, v_phi: (x * vy - y * vx) / r, v_z: vz }
    }
}

/// Actions of one star, or of eight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Actions<T> {
    /// J_R \[kpc km/s\].
    pub radial: T,
    /// L_z \[kpc km/s\], with its sign.
    pub azimuthal: T,
    /// J_z \[kpc km/s\].
    pub vertical: T,
}

/// Frequencies of the three actions \[km/s/kpc\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frequencies<T> {
    /// Of the radial motion.
    pub radial: T,
    /// Of the azimuth, with the sign of L_z.
    pub azimuthal: T,
    /// Of the vertical motion.
    pub vertical: T,
}

/// Where the reference of dU lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reference {
    /// In the plane, w = 1, as Binney 2012 and galpy do.
    #[default]
    Plane,
    /// At the star, w = sin^2 v0.
    Star,
}

/// Nodes of the quadratures on weights that never change.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// sin t, and cos t times the weight.
    radial: Vec<(f64, f64)>,
    vertical: Vec<(f64, f64)>,
    /// The same in ln q and atanh c, for orbits that come near the axis.
    radial_near_axis: Vec<(f64, f64)>,
    vertical_near_axis: Vec<(f64, f64)>,
    reference: Reference,
    escape_energy: f64,
}

/// Nodes of the radial integral by default, and of the vertical one.
const RADIAL_NODES: usize = 32;
const VERTICAL_NODES: usize = 28;
/// Nodes for orbits near the axis, for each of the others.
const NEAR_AXIS_NODES: usize = 6;
/// Least distance from the axis over the greatest, in q, below which the logarithm is the variable; least sine for the angle.
const NEAR_AXIS_RATIO: f64 = 0.05;
const NEAR_AXIS_SINE: f64 = 0.05;
/// How much closer the nodes lie near the plane: 1 - this.
const BUNCHING: f64 = 0.7;

impl Default for Nodes {
    fn default() -> Self {
        Nodes::new(RADIAL_NODES, VERTICAL_NODES, Reference::Plane)
    }
}

impl Nodes {
    /// So many nodes for the radial and the vertical integral: the midpoint rule in the phase t of x = middle + half sin t,
    /// which converges exponentially for periodic integrands.
    pub fn new(radial: usize, vertical: usize, reference: Reference) -> Nodes {
        let phase = |k: usize, count: usize, from: f64, width: f64| from + width * (k as f64 + 0.5) / count as f64;
        // t = p - b sin(2p)/2 has small steps near the plane, where a thin disc bends the potential.
        let near_plane = |p: f64| {
            let (sin, cos) = (p - 0.5 * BUNCHING * (2.0 * p).sin()).sin_cos();
            (sin, cos * (1.0 - BUNCHING * (2.0 * p).cos()))
        };
        let across = |count: usize| (0..count).map(|k| phase(k, count, -FRAC_PI_2, PI).sin_cos()).collect();
        let up = |count: usize| (0..count).map(|k| near_plane(phase(k, count, 0.0, FRAC_PI_2))).collect();
        Nodes {
            radial: across(radial),
            vertical: up(vertical),
            radial_near_axis: across(radial * NEAR_AXIS_NODES),
            vertical_near_axis: up(vertical * NEAR_AXIS_NODES),
            reference,
            escape_energy: 0.0,
        }
    }

    /// With another escape energy \[(km/s)^2\]: infinite for potentials without escape.
    pub fn with_escape_energy(self, escape_energy: f64) -> Nodes {
        Nodes { escape_energy, ..self }
    }
}

/// What the fudge gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fudge<T> {
    /// Actions.
    pub actions: Actions<T>,
    /// Frequencies.
    pub frequencies: Frequencies<T>,
    /// Energy \[(km/s)^2\].
    pub energy: T,
    /// Pericentre, where the orbit's shell of least u meets the plane \[kpc\].
    pub pericentre: T,
    /// Apocentre, where the shell of greatest u is highest \[kpc\].
    pub apocentre: T,
    /// Eccentricity of the two.
    pub eccentricity: T,
    /// Greatest height \[kpc\].
    pub z_max: T,
}

/// The star in prolate spheroidal coordinates and what is conserved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Separated<T> {
    /// Focal length \[kpc\].
    pub delta: T,
    /// E and half of (Lz/delta)^2 \[(km/s)^2\].
    pub energy: T,
    pub barrier: T,
    /// q^2, q and |c| of the star.
    pub q2: T,
    pub q: T,
    pub c: T,
    /// Momenta of u and v \[kpc km/s\], and 1 above the plane, -1 below.
    pub p_u: T,
    pub p_v: T,
    pub side: T,
    /// I_u and I_v \[(km/s)^2\].
    pub integral_u: T,
    pub integral_v: T,
    /// w of dU, and the potential terms at the references.
    w: T,
    reference_u: T,
    reference_v: T,
}

impl<T: Masked> Separated<T> {
    #[inline(always)]
    pub(super) fn new<F: Field<T> + ?Sized>(field: &F, star: &Cylindrical<T>, delta: T, reference: Reference) -> Self {
        let (zero, one) = (T::constant(0.0), T::constant(1.0));
        let d2 = delta * delta;
        let potential = |r: T, z: T| field.potential(zero, [r, zero, z]);
        let energy = (star.v_r.square() + star.v_phi.square() + star.v_z.square()) * 0.5 + potential(star.r, star.z);
        let lz = star.r * star.v_phi;
        // sinh^2 u and -sin^2 v are the roots of X^2 - a X - (R/delta)^2 = 0.
        let r2 = star.r.square() / d2;
        let a = r2 + star.z.square() / d2 - one;
        let big = ((a.square() + r2 * 4.0).sqrt() + a.abs()) * 0.5;
        let small = r2 / big;
        let positive = zero.less(a);
        let (q2, s2) = (T::choose(positive, big, small), T::choose(positive, small, big));
        let s2 = s2.min(one);
        let (q, s) = (q2.sqrt(), s2.sqrt());
        let cosh = (q2 + one).sqrt();
        let c = star.z / (delta * cosh);
        let p_u = delta * (star.v_r * cosh * s + star.v_z * q * c);
        let p_v = delta * (star.v_r * q * c - star.v_z * cosh * s);
        let w = match reference {
            Reference::Plane => one,
            Reference::Star => s2,
        };
        let barrier = lz.square() / (d2 * 2.0);
        let mut all = Separated {
            delta,
            energy,
            barrier,
            q2,
            q,
            c: c.abs(),
            p_u,
            p_v,
            side: T::choose(c.less(zero), -one, one),
            integral_u: energy * q2 - p_u.square() / (d2 * 2.0) - barrier / q2,
            integral_v: zero,
            w,
            reference_u: zero,
            reference_v: (q2 + one) * potential(delta * q, zero),
        };
        all.reference_u = (q2 + w) * all.potential_u(field, q2);
        all.integral_v = p_v.square() / (d2 * 2.0) + barrier / s2 - energy * s2 - all.change_v(field, c.square());
        all
    }

    /// Potential on the curve v = v of the reference.
    #[inline(always)]
    fn potential_u<F: Field<T> + ?Sized>(&self, field: &F, q2: T) -> T {
        let zero = T::constant(0.0);
        let rest = (-self.w + 1.0).max(zero);
        field.potential(zero, [self.delta * (q2 * self.w).sqrt(), zero, self.delta * ((q2 + 1.0) * rest).sqrt()])
    }

    /// dV at c^2.
    #[inline(always)]
    fn change_v<F: Field<T> + ?Sized>(&self, field: &F, c2: T) -> T {
        let zero = T::constant(0.0);
        let s2 = (-c2 + 1.0).max(zero);
        self.reference_v
            - (self.q2 + s2) * field.potential(zero, [self.delta * (self.q2 * s2).sqrt(), zero, self.delta * ((self.q2 + 1.0) * c2).sqrt()])
    }

    /// q^2 p_u^2/(2 delta^2): smooth down to q = 0.
    #[inline(always)]
    pub(super) fn square_u<F: Field<T> + ?Sized>(&self, field: &F, q: T) -> T {
        let q2 = q * q;
        let change = (q2 + self.w) * self.potential_u(field, q2) - self.reference_u;
        q2 * (self.energy * q2 - self.integral_u - change) - self.barrier
    }

    /// s^2 p_v^2/(2 delta^2) as a function of c.
    #[inline(always)]
    pub(super) fn square_v<F: Field<T> + ?Sized>(&self, field: &F, c: T) -> T {
        let c2 = c * c;
        self.square_v_of(field, c2, -c2 + 1.0)
    }

    /// The same where both squares are known, so that nothing is lost near the axis.
    #[inline(always)]
    pub(super) fn square_v_of<F: Field<T> + ?Sized>(&self, field: &F, c2: T, s2: T) -> T {
        s2 * (self.energy * s2 + self.integral_v + self.change_v(field, c2)) - self.barrier
    }

    /// Least and greatest q; both that of the star where there is no radial motion.
    #[inline(always)]
    pub(super) fn ends_u<F: Field<T> + ?Sized>(&self, field: &F) -> (T, T) {
        let zero = T::constant(0.0);
        // Falls to the energy at infinity, so that secants are of use far out.
        let f = |q: T| self.square_u(field, q) / (q * q + 1.0).square();
        let start = inside(&f, self.q, self.q * NEIGHBOUR);
        let moves = zero.less(f(start));
        // The first wall inwards: deep within the focal length there may be another region beyond it. Not the axis itself, where cusps
        // have no number.
        let (mut above, mut near) = (start, start);
        for stride in 0..MOST_INWARDS {
            let on = T::both(moves, zero.less(f(near)));
            if !T::any(on) {
                break;
            }
            above = T::choose(on, near, above);
            near = T::choose(on, near * if stride < FINE_INWARDS { INWARDS } else { 0.5 }, near);
        }
        let low = root(f, above, near);
        let (mut far, mut stride) = (start, start * 0.25);
        for _ in 0..MOST_DOUBLINGS {
            let on = T::both(moves, zero.less(f(far)));
            if !T::any(on) {
                break;
            }
            far = T::choose(on, far + stride, far);
            stride = T::choose(on, stride * 2.0, stride);
        }
        let high = root(f, start, far);
        (T::choose(moves, low, self.q), T::choose(moves, high, self.q))
    }

    /// Greatest atanh c, for orbits that move vertically and come near the axis, from the greatest c.
    #[inline(always)]
    pub(super) fn end_x<F: Field<T> + ?Sized>(&self, field: &F, top: T) -> T {
        let x = ((top + 1.0) / (-top + 1.0).max(T::constant(f64::EPSILON))).ln() * 0.5;
        let f = |x: T| {
            let (c, s) = from_x(x);
            self.square_v_of(field, c * c, s * s)
        };
        root(f, (x - 1.0).max(T::constant(0.0)), x + AXIS_DEPTH)
    }

    /// Greatest c; that of the star where there is no vertical motion.
    #[inline(always)]
    pub(super) fn end_v<F: Field<T> + ?Sized>(&self, field: &F) -> T {
        let zero = T::constant(0.0);
        let f = |c: T| self.square_v(field, c);
        let start = inside(&f, self.c, self.c * NEIGHBOUR);
        let moves = zero.less(f(start));
        T::choose(moves, root(f, start, T::constant(1.0)), self.c)
    }
}

/// A star at a turning point looks this far for the inside of its orbit: actions below 1e-12 of L_z are 0.
const NEIGHBOUR: f64 = 1e-6;
/// Half widths below this part of the radius, or of the vertical coordinate, are rounding.
pub(super) const STILL: f64 = 1e-7;
/// Below this one the frequencies are those of epicycles, good to its square; rounding leaves the integrals 1e-16 over its square.
const SMALL: f64 = 1e-5;
/// Step of the differences that give the frequencies of epicycles: 1e-8 of these are left.
const EPICYCLE: f64 = 3e-4;
/// Strides inwards in which walls are sought, fine ones down to 0.04 of the distance. An orbit that comes nearer to the axis than all of
/// them, 6e-10 of its distance now, passes through it.
const INWARDS: f64 = 0.85;
const FINE_INWARDS: usize = 20;
const MOST_INWARDS: usize = 46;
/// An orbit through the axis ends so far above its rounded end in atanh c: e to the power of minus this is left out.
const AXIS_DEPTH: f64 = 16.0;
/// 2^100 of the distance: any bound orbit ends before.
const MOST_DOUBLINGS: usize = 100;

/// The one of x, x - e and x + e where the function is greatest.
#[inline(always)]
fn inside<T: Real>(function: &impl Fn(T) -> T, x: T, e: T) -> T {
    let (below, above) = (x - e, x + e);
    let (at, left, right) = (function(x), function(below), function(above));
    let best = T::choose(at.less(left), below, x);
    T::choose(at.max(left).less(right), above, best)
}

/// c and s of x = atanh c.
#[inline(always)]
pub(super) fn from_x<T: Real>(x: T) -> (T, T) {
    let grown = (-x.abs()).exp();
    let sum = grown.square() + 1.0;
    let c = (-grown.square() + 1.0) / sum;
    (T::choose(x.less(T::constant(0.0)), -c, c), grown * 2.0 / sum)
}

/// Integral and its derivatives with respect to E, Lz and I.
#[derive(Clone, Copy)]
pub(super) struct Integral<T> {
    pub action: T,
    pub by_energy: T,
    pub by_lz: T,
    pub by_integral: T,
}

impl<T: Real> Integral<T> {
    #[inline(always)]
    pub(super) fn nothing() -> Self {
        let zero = T::constant(0.0);
        Integral { action: zero, by_energy: zero, by_lz: zero, by_integral: zero }
    }

    /// This one where the mask holds, else the other.
    #[inline(always)]
    pub(super) fn choose(mask: T::Mask, yes: Self, no: Self) -> Self {
        Integral {
            action: T::choose(mask, yes.action, no.action),
            by_energy: T::choose(mask, yes.by_energy, no.by_energy),
            by_lz: T::choose(mask, yes.by_lz, no.by_lz),
            by_integral: T::choose(mask, yes.by_integral, no.by_integral),
        }
    }
}

/// An orbit in separated coordinates: its ends, integrals and determinant.
#[derive(Clone, Copy)]
pub(super) struct Solved<T> {
    pub star: Separated<T>,
    pub low: T,
    pub high: T,
    pub top: T,
    /// Greatest atanh c.
    pub x_top: T,
    pub u: Integral<T>,
    pub v: Integral<T>,
    pub determinant: T,
    /// Whether it is bound.
    pub escape: T,
    /// 1 where it comes near the axis, else 0.
    pub near_axis: T,
}

/// Actions, frequencies and extent of one star or eight, for focal lengths `delta` \[kpc\] above 0.
#[inline(always)]
pub fn fudge<T: Masked, F: Field<T> + ?Sized>(field: &F, star: &Cylindrical<T>, delta: T, nodes: &Nodes) -> Fudge<T> {
    solve(field, star, delta, nodes, Axis::Treated).fudge(star)
}

/// Whether the costly nodes of orbits near the axis are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// For all, where there is one that comes near.
    Treated,
    /// For none: those of [`Solved::near_axis`] are to be done again, among themselves.
    Postponed,
}

/// Ends and integrals of the orbit of one star or of eight.
#[inline(always)]
pub(super) fn solve<T: Masked, F: Field<T> + ?Sized>(field: &F, star: &Cylindrical<T>, delta: T, nodes: &Nodes, axis: Axis) -> Solved<T> {
    let (zero, one) = (T::constant(0.0), T::constant(1.0));
    let lz = star.r * star.v_phi;
    let a = Separated::new(field, star, delta, nodes.reference);
    let (low, high) = a.ends_u(field);
    let top = a.end_v(field);
    let (middle, half) = ((low + high) * 0.5, (high - low) * 0.5);
    let mut u = Integral::nothing();
    for &(sin, cos) in &nodes.radial {
        let q = middle + half * sin;
        let q2 = q * q;
        // p_u du = delta sqrt(2 F) dq/(q sqrt(1 + q^2)), dq = half cos(t) dt.
        let f = a.square_u(field, q).max(zero);
        let measure = half * cos / (q2 + 1.0).sqrt();
        let slow = measure / f.sqrt();
        u.action += measure * f.sqrt() / q;
        u.by_energy += slow * q2 * q;
        u.by_lz += slow / q;
        u.by_integral += slow * q;
    }
    let mut v = Integral::nothing();
    let widest = (top / (-(top * top) + 1.0).sqrt()).atan();
    for &(sin, cos) in &nodes.vertical {
        // In the angle itself the walls near the axis are seen farther off than in its sine.
        let (c, s) = (widest * sin).sin_cos();
        // p_v dv = delta sqrt(2 G) dv/s, dv = widest cos(t) dt.
        let g = a.square_v(field, c).max(zero);
        let measure = widest * cos;
        let slow = measure / g.sqrt();
        v.action += measure * g.sqrt() / s;
        v.by_energy += slow * s * s * s;
        v.by_lz += slow / s;
        v.by_integral += slow * s;
    }
    // A small motion is harmonic: all nodes give 1/sqrt of the curvature.
    let still = |at_rest: T, once: T, twice: T| ((at_rest - once) * 16.0 - (at_rest - twice)).max(zero) / (12.0 * EPICYCLE * EPICYCLE);
    let all = |action: T, slow: T, count: usize, power: [T; 3]| {
        let [by_energy, by_lz, by_integral] = power.map(|factor| slow * factor * count as f64);
        Integral { action, by_energy, by_lz, by_integral }
    };
    let circular = (high - low).less(middle * SMALL);
    if T::any(circular) {
        let mean = |e: f64| (a.square_u(field, middle * (1.0 - e)) + a.square_u(field, middle * (1.0 + e))) * 0.5;
        let curvature = still(a.square_u(field, middle), mean(EPICYCLE), mean(2.0 * EPICYCLE));
        let slow = middle / (curvature * (middle * middle + 1.0)).sqrt();
        let limit = all(u.action, slow, nodes.radial.len(), [middle.powi(3), middle.recip(), middle]);
        u = Integral::choose(circular, limit, u);
    }
    let planar = top.less(T::constant(SMALL));
    if T::any(planar) {
        let at = |c: f64| a.square_v(field, T::constant(c));
        let slow = still(at(0.0), at(EPICYCLE), at(2.0 * EPICYCLE)).sqrt().recip();
        v = Integral::choose(planar, all(v.action, slow, nodes.vertical.len(), [one; 3]), v);
    }
    // Factors that all nodes share; dp/dE = delta^2 q^2/p and so on.
    let slope = delta / SQRT_2;
    let fall = -lz / (delta * SQRT_2);
    let finish = |i: Integral<T>, count: usize, sign: f64| {
        let step = 1.0 / count.max(1) as f64;
        Integral {
            action: i.action * delta * (SQRT_2 * step),
            by_energy: i.by_energy * slope * step,
            by_lz: i.by_lz * fall * step,
            by_integral: i.by_integral * slope * (sign * step),
        }
    };
    u = finish(u, nodes.radial.len(), -1.0);
    v = finish(v, nodes.vertical.len(), 1.0);
    // Where the walls near the axis are steep, ln q and atanh c straighten them.
    let near = low.less(high * NEAR_AXIS_RATIO);
    let mut near_axis = T::choose(near, one, zero);
    if axis == Axis::Treated && T::any(near) {
        let (first, last) = (low.ln(), high.ln());
        let (middle, half) = ((first + last) * 0.5, (last - first) * 0.5);
        let mut sum = Integral::nothing();
        for &(sin, cos) in &nodes.radial_near_axis {
            let q = (middle + half * sin).exp();
            let q2 = q * q;
            let f = a.square_u(field, q).max(zero);
            let measure = half * cos / (q2 + 1.0).sqrt();
            let slow = measure / f.sqrt();
            sum.action += measure * f.sqrt();
            sum.by_energy += slow * q2 * q2;
            sum.by_lz += slow;
            sum.by_integral += slow * q2;
        }
        u = Integral::choose(near, finish(sum, nodes.radial_near_axis.len(), -1.0), u);
    }
    let mut x_top = ((top + 1.0) / (-top + 1.0)).ln() * 0.5;
    let near = (one - top * top).less(T::constant(NEAR_AXIS_SINE * NEAR_AXIS_SINE));
    near_axis = T::choose(near, one, near_axis);
    if axis == Axis::Treated && T::any(near) {
        x_top = T::choose(near, a.end_x(field, top), x_top);
        let mut sum = Integral::nothing();
        for &(sin, cos) in &nodes.vertical_near_axis {
            let (c, s) = from_x(x_top * sin);
            let s2 = s * s;
            let g = a.square_v_of(field, c * c, s2).max(zero);
            // dv = s dx.
            let measure = x_top * cos;
            let slow = measure / g.sqrt();
            sum.action += measure * g.sqrt();
            sum.by_energy += slow * s2 * s2;
            sum.by_lz += slow;
            sum.by_integral += slow * s2;
        }
        v = Integral::choose(near, finish(sum, nodes.vertical_near_axis.len(), 1.0), v);
    }
    let determinant = u.by_energy * v.by_integral - v.by_energy * u.by_integral;
    Solved { star: a, low, high, top, x_top, u, v, determinant, escape: T::constant(nodes.escape_energy), near_axis }
}

impl<T: Masked> Solved<T> {
    /// The value where the orbit is bound, else NaN.
    #[inline(always)]
    pub(super) fn known(&self, value: T) -> T {
        T::choose(self.star.energy.less(self.escape), value, T::constant(f64::NAN))
    }

    /// Actions, frequencies and extent.
    #[inline(always)]
    pub(super) fn fudge(&self, star: &Cylindrical<T>) -> Fudge<T> {
        let (u, v, delta) = (&self.u, &self.v, self.star.delta);
        let known = |x: T| self.known(x);
        // Where the meridian of the greatest u and the least |v| lies farthest out.
        let square = |q: T, c: T| q * q * (-(c * c) + 1.0) + (q * q + 1.0) * c * c;
        let (pericentre, apocentre) = (known(delta * self.low), known(delta * square(self.high, self.top).sqrt()));
        Fudge {
            actions: Actions { radial: known(u.action), azimuthal: star.r * star.v_phi, vertical: known(v.action) },
            frequencies: Frequencies {
                radial: known(v.by_integral / self.determinant),
                azimuthal: known((u.by_integral * v.by_lz - v.by_integral * u.by_lz) / self.determinant),
                vertical: known(-u.by_integral / self.determinant),
            },
            energy: self.star.energy,
            pericentre,
            apocentre,
            eccentricity: (apocentre - pericentre) / (apocentre + pericentre),
            z_max: known(delta * (self.high * self.high + 1.0).sqrt() * self.top),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::numeric::lanes::Lanes;
    use crate::orbits::field::sample::MilkyWay;

    /// Kuzmin and Kutuzov's potential of galpy: ac = 5, Delta = 1, circular velocity 1 at R = 1.
    pub struct KuzminKutuzov;
    const AXIS_RATIO: f64 = 5.0;
    impl KuzminKutuzov {
        fn phi<T: Real>(p: [T; 3]) -> T {
            let gamma = 1.0 / (1.0 - AXIS_RATIO * AXIS_RATIO);
            let alpha = gamma - 1.0;
            let (r2, z2) = (p[0].square() + p[1].square(), p[2].square());
            let t = r2 + z2 - (alpha + gamma);
            let disc = (t.square() - (z2 * -alpha + r2 * -gamma + (alpha * gamma)) * 4.0).sqrt();
            let (l, n) = ((t + disc) * 0.5, (t - disc) * 0.5);
            -(l.sqrt() + n.abs().sqrt()).recip()
        }
        fn strength() -> f64 {
            use crate::numeric::dual::Dual;
            let slope = Self::phi([Dual::<f64, 1>::variable(1.0, 0), Dual::fixed(0.0), Dual::fixed(0.0)]).tangent[0];
            1.0 / slope
        }
    }
    impl<T: Real> Field<T> for KuzminKutuzov {
        fn potential(&self, _: T, p: [T; 3]) -> T {
            Self::phi(p) * Self::strength()
        }
        fn acceleration(&self, _: T, p: [T; 3]) -> [T; 3] {
            use crate::numeric::dual::Dual;
            [0, 1, 2].map(|i| {
                let p: [Dual<T, 1>; 3] = std::array::from_fn(|j| if i == j { Dual::variable(p[j], 0) } else { Dual::fixed(p[j]) });
                Self::phi(p).tangent[0] * -Self::strength()
            })
        }
    }

    pub fn star(v: [f64; 5]) -> Cylindrical<f64> {
        Cylindrical { r: v[0], v_r: v[1], v_phi: v[2], z: v[3], v_z: v[4] }
    }

    #[test]
    fn within_the_focal_length_only_the_region_of_the_star_counts() {
        // galpy 1.12.1, actionAngleStaeckel of order 200, delta = 2 kpc, MWPotential2014: inside another wall lies a second region.
        let field = MilkyWay::default();
        for (star, radial) in [
            (
                [2.2340453651981966, -0.7283645559573685, 1.7634145436296804, 45.87023852484958, -18.72275267986562, -134.73580767577582],
                19.62594922,
            ),
            (
                [-1.7979426642623233, 1.840078415666894, -2.6792514235309572, -54.673771837422315, 52.46328007473785, 50.31628626052362],
                53.45198611,
            ),
            (
                [
                    -0.5215136833398175,
                    -0.04261379717923022,
                    -2.7427701866381833,
                    -31.833586026986996,
                    39.940140861736964,
                    -30.40206609122935,
                ],
                8.70494562,
            ),
        ] {
            let found = fudge(&field, &Cylindrical::from_cartesian(star), 2.0, &Nodes::default()).actions;
            assert!((found.radial - radial).abs() < 1e-4 * radial, "{found:?} {radial}");
        }
    }

    #[test]
    fn exact_in_kuzmin_kutuzov() {
        // galpy 1.12.1 and an own implementation, equal to 1e-13.
        for (point, jr, jz) in [
            ([1.0, 0.1, 0.9, 0.05, 0.2], 0.006665608534235, 0.012509541350199),
            ([1.2, -0.3, 0.4, 0.3, 0.3], 0.164951098939681, 0.107548218178437),
        ] {
            for reference in [Reference::Plane, Reference::Star] {
                let f = fudge(&KuzminKutuzov, &star(point), 1.0, &Nodes::new(40, 20, reference));
                println!("{:?}", f);
                assert!((f.actions.radial / jr - 1.0).abs() < 1e-10, "{} {jr}", f.actions.radial);
                assert!((f.actions.vertical / jz - 1.0).abs() < 1e-10, "{} {jz}", f.actions.vertical);
                let coarse = fudge(&KuzminKutuzov, &star(point), 1.0, &Nodes::new(RADIAL_NODES, VERTICAL_NODES, reference));
                assert!((coarse.actions.radial / jr - 1.0).abs() < 1e-9, "{} {jr}", coarse.actions.radial);
            }
        }
    }

    #[test]
    fn the_fudge_of_three_stars_in_the_milky_way() {
        // orbit_reference.json, staeckel_actions_mw2014_delta3p2kpc (galpy 1.12.1).
        let reference = [
            (
                [8.0, 10.0, 220.0, 0.5, 15.0],
                [1.7257991672137378, 9.319298524885545],
                [36.21734423843781, 26.881118639880654, 54.91404306466182],
            ),
            (
                [12.0, -60.0, 150.0, 3.0, 40.0],
                [131.9844706720244, 166.39854046971453],
                [27.50031427783194, 19.93030500375388, 24.263644597102182],
            ),
            (
                [11.826415348701397, 92.25491984093071, -261.24610956939335, 6.4, -90.3],
                [724.7826810016123, 803.8768380195107],
                [10.049444569429747, -7.277877383220299, 7.601023233829384],
            ),
        ];
        for (point, actions, frequencies) in reference {
            let f = fudge(&MilkyWay::default(), &star(point), 3.2, &Nodes::default());
            println!("{f:?}");
            for (found, expected) in [f.actions.radial, f.actions.vertical].iter().zip(actions) {
                assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
            }
            let found = [f.frequencies.radial, f.frequencies.azimuthal, f.frequencies.vertical];
            for (found, expected) in found.iter().zip(frequencies) {
                assert!((found / expected - 1.0).abs() < 1e-5, "{found} {expected}");
            }
        }
        // An own implementation with the reference at the star, natural units of 8 kpc and 220 km/s.
        let point = [8.0, 22.0, 198.0, 0.4, 44.0];
        let f = fudge(&MilkyWay::default(), &star(point), 3.6, &Nodes::new(40, 20, Reference::Star));
        let found = [f.actions.radial / 1760.0, f.actions.vertical / 1760.0];
        for (found, expected) in found.iter().zip([0.0088684969, 0.0130345275995]) {
            assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn lanes_have_the_bits_of_single_stars_and_edges_are_documented() {
        let field = MilkyWay::default();
        let points: [[f64; 5]; 8] = [
            [8.0, 10.0, 220.0, 0.5, 15.0],
            [8.0, 10.0, 220.0, 0.0, 0.0],
            [8.0, 0.0, 220.00000013200318, 0.0, 0.0],
            [8.0, 500.0, 500.0, 0.0, 0.0],
            [f64::NAN, 0.0, 0.0, 0.0, 0.0],
            [3.0, -100.0, -20.0, 2.0, 80.0],
            [30.0, 100.0, 50.0, -20.0, 10.0],
            [0.5, 20.0, 60.0, 0.1, 30.0],
        ];
        let lane = |k: usize| Lanes(std::array::from_fn(|i| points[i][k]));
        let stars = Cylindrical { r: lane(0), v_r: lane(1), v_phi: lane(2), z: lane(3), v_z: lane(4) };
        let all = fudge(&field, &stars, Lanes::constant(3.2), &Nodes::default());
        for (i, point) in points.iter().enumerate() {
            let one = fudge(&field, &star(*point), 3.2, &Nodes::default());
            for (a, b) in [
                (all.actions.radial, one.actions.radial),
                (all.actions.vertical, one.actions.vertical),
                (all.frequencies.azimuthal, one.frequencies.azimuthal),
                (all.apocentre, one.apocentre),
            ] {
                assert!(a.0[i].to_bits() == b.to_bits() || a.0[i].is_nan() && b.is_nan(), "star {i}: {} {b}", a.0[i]);
            }
            let fine = fudge(&field, &star(*point), 3.2, &Nodes::new(400, 200, Reference::Plane)).actions;
            println!("star {i}: {:?} {fine:?}", one.actions);
            // Circular orbits leave rounding: 1e-15 of L_z.
            let rounding = 1e-15 * fine.azimuthal.abs();
            assert!((one.actions.radial - fine.radial).abs() <= 1e-5 * fine.radial + rounding || fine.radial.is_nan());
            assert!((one.actions.vertical - fine.vertical).abs() <= 1e-6 * fine.vertical || fine.vertical.is_nan());
        }
        assert_eq!(all.actions.vertical.0[1], 0.0);
        assert!(all.actions.radial.0[2] < 1e-6 && all.actions.radial.0[3].is_nan() && all.actions.radial.0[4].is_nan());
    }

    #[test]
    fn near_polar_and_radial_stars_have_the_actions_of_the_finest_quadrature() {
        let field = MilkyWay::default();
        let mut stream = crate::numeric::random::Stream::new(4, 4, 1);
        let (mut worst, mut rate) = (0.0f64, 0.0f64);
        for power in [0, 1, 2, 3, 4] {
            for _ in 0..30 {
                let turn = 10f64.powi(-power) * 30.0;
                let point = [8.0 * stream.uniform() + 1.0, 90.0 * stream.normal(), turn, 5.0 * stream.normal(), 90.0 * stream.normal()];
                let star = star(point);
                let (found, fine) =
                    (fudge(&field, &star, 3.2, &Nodes::default()), fudge(&field, &star, 3.2, &Nodes::new(1200, 1200, Reference::Plane)));
                let (a, b) = (found.actions, fine.actions);
                if !b.radial.is_finite() {
                    continue;
                }
                let error =
                    ((a.radial - b.radial).abs()).max((a.vertical - b.vertical).abs()) / (b.radial + b.vertical + b.azimuthal.abs());
                let (f, g) = (found.frequencies, fine.frequencies);
                let off = (f.radial / g.radial - 1.0)
                    .abs()
                    .max((f.vertical / g.vertical - 1.0).abs())
                    .max((f.azimuthal / g.azimuthal - 1.0).abs());
                if error > 1e-6 || off > 1e-5 {
                    println!("{point:?}: actions {error:e}, frequencies {off:e}");
                }
                worst = worst.max(error);
                rate = rate.max(off);
            }
        }
        println!("near the axis: actions {worst:e} of their sum, frequencies {rate:e}");
        assert!(worst < 1e-6 && rate < 1e-5, "{worst:e} {rate:e}");
    }
}
