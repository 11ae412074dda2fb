//! Galaxy frames: centre, bulk velocity and a face-on rotation.
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A rigid change of coordinates: `rotation * (r - centre)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Origin in the old coordinates, kpc.
    pub centre_kpc: [f64; 3],
    /// Velocity of the origin, km/s.
    pub velocity_kms: [f64; 3],
    /// Rows are the new axes e1, e2, e3 in old coordinates.
    pub rotation: [[f64; 3]; 3],
    /// |L| / sum(m |r| |v|) of the particles that set the axis: 1 is a cold disc, 0 no rotation.
    pub quality: f64,
}

impl Frame {
    /// The frame that changes nothing.
    pub fn identity() -> Frame {
        Frame { centre_kpc: [0.0; 3], velocity_kms: [0.0; 3], rotation: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], quality: 1.0 }
    }
    /// Position in this frame.
    pub fn position(&self, position_kpc: [f64; 3]) -> [f64; 3] {
        position_kpc
    }
    /// Velocity in this frame.
    pub fn velocity(&self, velocity_kms: [f64; 3]) -> [f64; 3] {
        velocity_kms
    }
}

/// Centre by the shrinking-sphere method, kpc.
pub fn shrinking_sphere(_x: &[f64], _y: &[f64], _z: &[f64], _mass: &[f64]) -> Result<[f64; 3]> {
    Err(Error::internal("not laid yet"))
}
/// Mass-weighted mean velocity in km/s within `radius_kpc` of `centre_kpc`.
pub fn velocity_centre(
    _x: &[f64],
    _y: &[f64],
    _z: &[f64],
    _vx: &[f64],
    _vy: &[f64],
    _vz: &[f64],
    _mass: &[f64],
    _centre_kpc: [f64; 3],
    _radius_kpc: f64,
) -> Result<[f64; 3]> {
    Err(Error::internal("not laid yet"))
}
/// Total angular momentum in Msun kpc km/s about the origin.
pub fn angular_momentum(_x: &[f64], _y: &[f64], _z: &[f64], _vx: &[f64], _vy: &[f64], _vz: &[f64], _mass: &[f64]) -> [f64; 3] {
    [0.0; 3]
}
/// Face-on frame: centre, velocity, and L of the particles within `radius_kpc` along +z.
pub fn face_on(
    _x: &[f64],
    _y: &[f64],
    _z: &[f64],
    _vx: &[f64],
    _vy: &[f64],
    _vz: &[f64],
    _mass: &[f64],
    _radius_kpc: f64,
) -> Result<Frame> {
    Err(Error::internal("not laid yet"))
}
