//! The greatest number of operations that one core does on doubles, with the instructions that this machine has.
//!
//! Formula    independent chains x = x a + b, as many as hide the time that one takes; fused they are one instruction and two operations
//! Units      1e9 operations a second
//! See also   `numeric::dispatch`, which never fuses, so that every machine has the same bits

/// Name and speed of each loop that this machine can run.
pub fn peaks() -> Vec<(&'static str, f64)> {
    #[cfg(target_arch = "x86_64")]
    return x86::peaks();
    #[cfg(not(target_arch = "x86_64"))]
    Vec::new()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::time::Instant;

    const CHAINS: usize = 12;
    const STEPS: usize = 4_000_000;
    /// Best of so many runs.
    const RUNS: usize = 7;

    macro_rules! loops {
        ($($name:ident $features:literal $set:ident $number:ty: |$x:ident, $a:ident, $b:ident| $formula:expr;)*) => {$(
            #[inline(never)]
            #[target_feature(enable = $features)]
            fn $name(a: f64, b: f64) -> [$number; CHAINS] {
                let ($a, $b) = ($set(a), $set(b));
                let mut all = [$set(1.0); CHAINS];
                for _ in 0..STEPS {
                    for chain in &mut all {
                        let $x = *chain;
                        *chain = $formula;
                    }
                }
                all
            }
        )*};
    }
    loops! {
        fused_512 "avx512f" _mm512_set1_pd __m512d: |x, a, b| _mm512_fmadd_pd(x, a, b);
        apart_512 "avx512f" _mm512_set1_pd __m512d: |x, a, b| _mm512_add_pd(_mm512_mul_pd(x, a), b);
        fused_256 "avx2,fma" _mm256_set1_pd __m256d: |x, a, b| _mm256_fmadd_pd(x, a, b);
        apart_256 "avx2" _mm256_set1_pd __m256d: |x, a, b| _mm256_add_pd(_mm256_mul_pd(x, a), b);
    }

    /// Of so many numbers at once.
    fn rate<A>(numbers: usize, run: impl Fn(f64, f64) -> A) -> f64 {
        let (a, b) = (std::hint::black_box(0.999_999_9), std::hint::black_box(1e-9));
        let once = || {
            let clock = Instant::now();
            std::hint::black_box(run(a, b));
            (2 * numbers * CHAINS * STEPS) as f64 / clock.elapsed().as_secs_f64() * 1e-9
        };
        (0..RUNS).map(|_| once()).fold(0.0, f64::max)
    }

    pub fn peaks() -> Vec<(&'static str, f64)> {
        let mut all = Vec::new();
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the instructions were found.
            all.push(("AVX-512, fused", rate(8, |a, b| unsafe { fused_512(a, b) })));
            // SAFETY: the same.
            all.push(("AVX-512, a multiplication and an addition", rate(8, |a, b| unsafe { apart_512(a, b) })));
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the same.
            all.push(("AVX2, fused", rate(4, |a, b| unsafe { fused_256(a, b) })));
            // SAFETY: the same.
            all.push(("AVX2, a multiplication and an addition", rate(4, |a, b| unsafe { apart_256(a, b) })));
        }
        all
    }
}
