// A power law with a Gaussian cut-off.
//
// Formula    M(<r) = M P(A, u), Phi = -G M [P(A, u) / r + Gamma(B, u) / (r_c Gamma(A))], u = (r / r_c)^2
// Layout     c: G M, 1 / r_c^2, alpha / 2, 1 / r_c^3, B, whole, 1 / (r_c Gamma(A)), 1 / r_c; table: coefficients of four
//            polynomials, of the force inside and outside, of the potential inside and outside
// See also   src/orbits/potential/power_law_cutoff.rs
#pragma once
#include "../elementary.cuh"

#define CUTOFF_JOIN 4.0
#define CUTOFF_FAR 40.0
#define CUTOFF_SHIFT 6.0
#define CUTOFF_FITTED 20.0
#define CUTOFF_TERMS 20
#define CUTOFF_QUOTIENT_BELOW 0.5
#define CUTOFF_QUOTIENT_TERMS 15

// Even and odd powers in two chains.
template <class T> DEVICE T cutoff_polynomial(const T *table, int which, T t) {
    const T *row = table + which * CUTOFF_TERMS;
    T square_t = t * t, even = row[CUTOFF_TERMS - 2], odd = row[CUTOFF_TERMS - 1];
#pragma unroll
    for (int k = CUTOFF_TERMS / 2 - 2; k >= 0; k--) {
        even = even * square_t + row[2 * k];
        odd = odd * square_t + row[2 * k + 1];
    }
    return even + odd * t;
}

// 1 less what is missing of a point mass, for u >= 4.
template <class T> DEVICE T cutoff_outside(const T *table, int which, T u) {
    if (!(u < T(CUTOFF_FAR))) {
        return T(1);
    }
    T t = (u - T(CUTOFF_JOIN)) / (u + T(CUTOFF_SHIFT)) * T(2.0 / ((CUTOFF_FITTED - CUTOFF_JOIN) / (CUTOFF_FITTED + CUTOFF_SHIFT))) - T(1);
    return T(1) - cutoff_polynomial(table, which, t) * (u * u) * exponential(-u);
}

// (u^B - 1) / B of log = ln u and power = u^B, ln u for B = 0.
template <class T> DEVICE T cutoff_quotient(T b, T log, T power) {
    T w = b * log, series = T(1);
#pragma unroll
    for (int n = CUTOFF_QUOTIENT_TERMS; n > 1; n--) {
        series = series * w / T(n) + T(1);
    }
    bool small = size(w) < T(CUTOFF_QUOTIENT_BELOW);
    T divisor = choose(small, T(1), b);
    return choose(small, series * log, (power - T(1)) / divisor);
}

template <class T> DEVICE T power_law_cutoff_potential(const T *c, const T *table, int, Vector<T> p) {
    T u = (dot(p, p) + tiny(T())) * c[1];
    if (u < T(CUTOFF_JOIN)) {
        T log = natural_log(u), power = exponential(c[4] * log);
        T regular = cutoff_polynomial(table, 2, u * T(2.0 / CUTOFF_JOIN) - T(1));
        return -(c[0] * ((c[5] - cutoff_quotient(c[4], log, power) + power * regular) * c[6]));
    }
    return -(c[0] * (cutoff_outside(table, 3, u) * c[7] / root(u)));
}

template <class T> DEVICE Vector<T> power_law_cutoff_acceleration(const T *c, const T *table, int, Vector<T> p) {
    T u = (dot(p, p) + tiny(T())) * c[1];
    T enclosed;
    if (u < T(CUTOFF_JOIN)) {
        enclosed = cutoff_polynomial(table, 0, u * T(2.0 / CUTOFF_JOIN) - T(1)) * exponential(-(c[2] * natural_log(u)));
    } else {
        enclosed = cutoff_outside(table, 1, u) / (u * root(u));
    }
    return scaled(p, -(c[0] * c[3] * enclosed));
}
