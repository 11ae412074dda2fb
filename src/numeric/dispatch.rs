//! Hot loops compiled for the vector instructions of the machine that runs them.
//!
//! Layout     a [`Kernel`] is compiled three times: for any machine, for AVX2 and for AVX-512; [`fastest`] runs the widest one that exists
//! Accuracy   the same bits from all three: nothing is fused or reordered, only put side by side (tests)
//! Edge cases the environment variable SPOLIA_SIMD (portable, avx2, avx512) sets an upper bound for the process; other words are ignored
//! Cost       one test of a flag a call: call [`fastest`] around loops, not within; [`apart`] costs a call that is never inlined
//! See also   `lanes`

use std::sync::OnceLock;

/// Work to compile for several machines: `run` and all that it calls must be `#[inline(always)]`.
pub trait Kernel {
    /// What it gives.
    type Answer;
    /// Does it.
    fn run(self) -> Self::Answer;
}

/// Vector instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    /// Those that every machine has.
    Portable,
    /// AVX2: four numbers.
    Avx2,
    /// AVX-512 F, DQ and VL: eight numbers.
    Avx512,
}

impl Width {
    /// `portable`, `avx2` or `avx512`.
    pub fn parse(name: &str) -> Option<Width> {
        match name {
            "portable" => Some(Width::Portable),
            "avx2" => Some(Width::Avx2),
            "avx512" => Some(Width::Avx512),
            _ => None,
        }
    }
}

/// The widest that this machine has, and that the environment or a test allows.
pub fn widest() -> Width {
    #[cfg(test)]
    if let Some(least) = tests::LIMIT.get() {
        return least.min(machine());
    }
    machine()
}

/// Name of the environment variable that bounds the width.
const VARIABLE: &str = "SPOLIA_SIMD";

fn machine() -> Width {
    static WIDEST: OnceLock<Width> = OnceLock::new();
    *WIDEST.get_or_init(|| {
        let bound = std::env::var(VARIABLE).ok().and_then(|name| Width::parse(&name));
        bound.map_or_else(detected, |bound| bound.min(detected()))
    })
}

fn detected() -> Width {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl") {
            return Width::Avx512;
        }
        if is_x86_feature_detected!("avx2") {
            return Width::Avx2;
        }
    }
    Width::Portable
}

/// Runs a kernel with the widest instructions.
pub fn fastest<K: Kernel>(kernel: K) -> K::Answer {
    with(widest(), kernel)
}

/// Runs a kernel with instructions of at most this width.
pub fn with<K: Kernel>(width: Width, kernel: K) -> K::Answer {
    match width.min(widest()) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `widest` found these instructions on this machine.
        Width::Avx512 => unsafe { avx512(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `widest` found these instructions on this machine.
        Width::Avx2 => unsafe { avx2(kernel) },
        _ => kernel.run(),
    }
}

/// Runs a kernel with the widest instructions as code of its own, never inlined into its caller: for large bodies with many callers.
pub fn apart<K: Kernel>(kernel: K) -> K::Answer {
    match widest() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `widest` found these instructions on this machine.
        Width::Avx512 => unsafe { avx512_apart(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `widest` found these instructions on this machine.
        Width::Avx2 => unsafe { avx2_apart(kernel) },
        _ => alone(kernel),
    }
}

/// Runs a kernel as code of its own, for any machine.
#[inline(never)]
pub fn alone<K: Kernel>(kernel: K) -> K::Answer {
    kernel.run()
}

/// # Safety
/// The machine must have AVX-512 F, DQ and VL.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
unsafe fn avx512_apart<K: Kernel>(kernel: K) -> K::Answer {
    kernel.run()
}

/// # Safety
/// The machine must have AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx2")]
unsafe fn avx2_apart<K: Kernel>(kernel: K) -> K::Answer {
    kernel.run()
}

/// # Safety
/// The machine must have AVX-512 F, DQ and VL.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
unsafe fn avx512<K: Kernel>(kernel: K) -> K::Answer {
    kernel.run()
}

/// # Safety
/// The machine must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2<K: Kernel>(kernel: K) -> K::Answer {
    kernel.run()
}

#[cfg(test)]
pub mod tests {
    //! Widths give the same bits.

    use super::*;
    use crate::numeric::lanes::Lanes;
    use crate::numeric::real::Real;

    thread_local! {
        /// Widest instructions that this thread may use.
        pub(in crate::numeric) static LIMIT: std::cell::Cell<Option<Width>> = const { std::cell::Cell::new(None) };
    }

    /// Does something with instructions of at most this width in all kernels of this thread.
    pub fn limited<A>(width: Width, work: impl FnOnce() -> A) -> A {
        LIMIT.set(Some(width));
        let answer = work();
        LIMIT.set(None);
        answer
    }

    struct Something(Lanes);
    impl Kernel for Something {
        type Answer = Lanes;
        #[inline(always)]
        fn run(self) -> Lanes {
            let mut x = self.0;
            for _ in 0..200 {
                x = (x.square() + 1.3).ln() * (-(x.abs())).exp() + x.sqrt().ln_1p() / (x + 0.7);
                x = Lanes::choose(x.less(Lanes::constant(0.5)), x + 0.25, x * 0.9);
            }
            x
        }
    }

    #[test]
    fn widths_have_names() {
        assert_eq!(["portable", "avx2", "avx512"].map(Width::parse), [Width::Portable, Width::Avx2, Width::Avx512].map(Some));
        assert_eq!(Width::parse("sse"), None);
    }

    #[test]
    fn every_width_has_the_same_bits() {
        let x = Lanes(std::array::from_fn(|i| 0.1 + 0.37 * i as f64));
        let portable = with(Width::Portable, Something(x)).0.map(f64::to_bits);
        for width in [Width::Avx2, Width::Avx512] {
            assert_eq!(with(width, Something(x)).0.map(f64::to_bits), portable, "{width:?}");
        }
        assert_eq!(fastest(Something(x)).0.map(f64::to_bits), portable);
    }
}
