//! The greatest number of operations that one core does on doubles, with the instructions that this machine has.
//!
//! Formula    independent chains x = x a + b, as many as hide the time that one takes; fused they are one instruction and two operations
//! Units      1e9 operations a second
//! See also   `numeric::dispatch`

use std::time::Instant;

/// Chains of eight numbers.
const CHAINS: usize = 12;
const STEPS: usize = 4_000_000;
/// Best of so many runs.
const RUNS: usize = 7;

type Numbers = [[f64; 8]; CHAINS];

macro_rules! step {
    ($x:ident, $a:ident, $b:ident, |$v:ident, $f:ident, $g:ident| $formula:expr) => {
        for chain in $x.iter_mut() {
            for i in 0..8 {
                let ($v, $f, $g) = (chain[i], $a[i], $b[i]);
                chain[i] = $formula;
            }
        }
    };
}

#[inline(always)]
fn fused(x: &mut Numbers, a: &[f64; 8], b: &[f64; 8], steps: usize) {
    let (mut own, a, b) = (*x, *a, *b);
    for _ in 0..steps {
        step!(own, a, b, |v, f, g| v.mul_add(f, g));
    }
    *x = own;
}

#[inline(always)]
fn apart(x: &mut Numbers, a: &[f64; 8], b: &[f64; 8], steps: usize) {
    let (mut own, a, b) = (*x, *a, *b);
    for _ in 0..steps {
        step!(own, a, b, |v, f, g| v * f + g);
    }
    *x = own;
}

macro_rules! widths {
    ($($name:ident $features:literal $body:ident),* $(,)?) => {$(
        /// # Safety
        /// The machine must have these instructions.
        #[cfg(target_arch = "x86_64")]
        #[inline(never)]
        #[target_feature(enable = $features)]
        unsafe fn $name(x: &mut Numbers, a: &[f64; 8], b: &[f64; 8], steps: usize) {
            $body(x, a, b, steps);
        }
    )*};
}
widths! {
    fused_512 "avx512f,avx512dq,avx512vl,fma" fused,
    apart_512 "avx512f,avx512dq,avx512vl" apart,
    fused_256 "avx2,fma" fused,
    apart_256 "avx2" apart,
}

fn rate(run: impl Fn(&mut Numbers, &[f64; 8], &[f64; 8], usize)) -> f64 {
    let (a, b) = (std::hint::black_box([0.999_999_9; 8]), std::hint::black_box([1e-9; 8]));
    let once = || {
        let mut x = [[1.0; 8]; CHAINS];
        let clock = Instant::now();
        run(&mut x, &a, &b, STEPS);
        let seconds = clock.elapsed().as_secs_f64();
        std::hint::black_box(x);
        (2 * 8 * CHAINS * STEPS) as f64 / seconds * 1e-9
    };
    (0..RUNS).map(|_| once()).fold(0.0, f64::max)
}

/// Name and speed of each loop that this machine can run.
pub fn peaks() -> Vec<(&'static str, f64)> {
    let mut all = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: each is run only where its instructions were found.
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl") {
            all.push(("AVX-512, fused", rate(|x, a, b, n| unsafe { fused_512(x, a, b, n) })));
            all.push(("AVX-512, a multiplication and an addition", rate(|x, a, b, n| unsafe { apart_512(x, a, b, n) })));
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            all.push(("AVX2, fused", rate(|x, a, b, n| unsafe { fused_256(x, a, b, n) })));
            all.push(("AVX2, a multiplication and an addition", rate(|x, a, b, n| unsafe { apart_256(x, a, b, n) })));
        }
    }
    all.push(("any machine, a multiplication and an addition", rate(apart)));
    all
}
