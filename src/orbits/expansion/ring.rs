//! The potential of rings of mass, for each azimuthal harmonic.
//!
//! Formula    c_m = (1 / 2 pi) Int_0^2pi cos(m phi) / sqrt(a - b cos phi) dphi, a = R^2 + R'^2 + dz^2, b = 2 R R';
//!            c_0 = 1 / agm(A, B), A^2 = a + b, B^2 = a - b; b c_1 = c_0 sum_(n >= 1) 2^(n - 1) C_n^2, C_n halves of the differences of
//!            the means; (2 m + 1) c_(m + 1) = 4 m (a / b) c_m - (2 m - 1) c_(m - 1)
//! Units      1/kpc for kpc
//! Source     Cohl & Tohline 1999, ApJ 527, 86 (toroidal functions Q_(m - 1/2)); Abramowitz & Stegun 1964, 17.6
//! Accuracy   1e-13 for m <= 2, 1e-9 up to m = 12 (test)
//! Edge cases a ring or a point on the axis has c_0 alone; a point on the ring itself gives infinity
//! Cost       30 ns for c_0 and c_1; upwards near the ring, where that is stable, else downwards
//! See also   `cylindrical_fit`

/// Halvings of the means: the difference squares each time.
const MOST_MEANS: usize = 12;
/// Below this a / b the recurrence is run upwards.
const UPWARDS_BELOW: f64 = 1.3;
/// Decades, in e, that the downward recurrence starts above the last order.
const START: f64 = 38.0;

/// c_0 and b c_1.
fn first(a: f64, b: f64) -> (f64, f64) {
    let (mut mean, mut root) = ((a + b).sqrt(), (a - b).max(0.0).sqrt());
    let (mut sum, mut power) = (0.0, 1.0);
    for _ in 0..MOST_MEANS {
        let half = 0.5 * (mean - root);
        sum += power * half * half;
        power *= 2.0;
        (mean, root) = (0.5 * (mean + root), (mean * root).sqrt());
        if half <= f64::EPSILON * 1e-2 * mean {
            break;
        }
    }
    (1.0 / mean, sum / mean)
}

/// c_0 to c_(count - 1) of a ring of radius `ring` that is `height` away, at radius `radius` \[kpc\].
pub(super) fn harmonics(radius: f64, ring: f64, height: f64, out: &mut [f64]) {
    let a = radius * radius + ring * ring + height * height;
    let b = 2.0 * radius * ring;
    // a - b without cancellation.
    let difference = (radius - ring) * (radius - ring) + height * height;
    let (zeroth, product) = first(0.5 * (a + difference + b), 0.5 * (a + b - difference));
    out.fill(0.0);
    let count = out.len();
    if let Some(slot) = out.first_mut() {
        *slot = zeroth;
    }
    if count < 2 || b <= 0.0 {
        return;
    }
    let c1 = product / b;
    out[1] = c1;
    if count == 2 {
        return;
    }
    let ratio = a / b;
    if ratio < UPWARDS_BELOW {
        for m in 1..count - 1 {
            let k = m as f64;
            out[m + 1] = (4.0 * k * ratio * out[m] - (2.0 * k - 1.0) * out[m - 1]) / (2.0 * k + 1.0);
        }
        return;
    }
    let growth = (ratio + (ratio * ratio - 1.0).sqrt()).ln();
    let start = count + (START / growth).ceil() as usize;
    let (mut above, mut here) = (0.0, 1e-300);
    for m in (1..=start).rev() {
        let k = m as f64;
        // c_(m - 1) from c_m and c_(m + 1).
        let below = (4.0 * k * ratio * here - (2.0 * k + 1.0) * above) / (2.0 * k - 1.0);
        if m < count {
            out[m] = here;
        }
        (above, here) = (here, below);
    }
    let scale = zeroth / here;
    out[0] = zeroth;
    out.iter_mut().skip(1).for_each(|c| *c *= scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_the_integrals_over_azimuth() {
        for (radius, ring, height) in
            [(1.0, 2.0, 0.5), (3.0, 3.1, 0.1), (0.1, 8.0, 0.0), (5.0, 5.0, 5.0), (2.0, 2.0, 0.3), (40.0, 0.01, 1.0)]
        {
            let mut found = [0.0; 13];
            harmonics(radius, ring, height, &mut found);
            let points = 4096;
            for (m, value) in found.iter().enumerate() {
                let mean = |m: usize| {
                    (0..points)
                        .map(|k| {
                            let phi = std::f64::consts::TAU * f64::from(k) / f64::from(points);
                            let square: f64 = radius * radius + ring * ring + height * height - 2.0 * radius * ring * phi.cos();
                            (m as f64 * phi).cos() / square.sqrt()
                        })
                        .sum::<f64>()
                        / f64::from(points)
                };
                let exact = mean(m);
                assert!((value - exact).abs() < 1e-9 * exact.abs() + 1e-14 * found[0], "{radius} {ring} {height} {m}: {value} {exact}");
            }
        }
        let mut axis = [1.0; 3];
        harmonics(0.0, 3.0, 4.0, &mut axis);
        assert_eq!(axis, [0.2, 0.0, 0.0]);
    }
}
