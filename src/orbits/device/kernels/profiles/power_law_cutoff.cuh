// A power law with a Gaussian cut-off.
//
// Formula    M(<r) = M P(A, u), Phi = -G M [P(A, u) / r + Gamma(B, u) / (r_c Gamma(A))], u = (r / r_c)^2
// Layout     c: G M, 1 / r_c^2, alpha / 2, 1 / r_c^3, B, whole, 1 / (r_c Gamma(A)), 1 / r_c; table: pieces of P, then of Gamma(B, u)
// See also   src/orbits/potential/power_law_cutoff.rs
#pragma once
#include "../elementary.cuh"
#include "../pieces.cuh"

#define CUTOFF_JOIN 4.0
#define CUTOFF_QUOTIENT_BELOW 0.5
#define CUTOFF_QUOTIENT_TERMS 15

// P(A, u) / u^(3/2).
template <class T> DEVICE T cutoff_enclosed(const T *c, const T *table, int count, T u, T log) {
    T value = pieces(table, count, u);
    return choose(u < T(CUTOFF_JOIN), value * exponential(-(c[2] * log)), (-value + T(1)) / (u * root(u)));
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

template <class T> DEVICE T power_law_cutoff_potential(const T *c, const T *table, int count, Vector<T> p) {
    T u = (dot(p, p) + tiny(T())) * c[1];
    T log = natural_log(u);
    T share = cutoff_enclosed(c, table, count, u, log) * u * c[7];
    T rest = pieces(table + count * PIECE, count, u), power = exponential(c[4] * log);
    T below = c[5] - cutoff_quotient(c[4], log, power) - power * u * rest;
    return -(c[0] * (share + choose(u < T(CUTOFF_JOIN), below, rest) * c[6]));
}

template <class T> DEVICE Vector<T> power_law_cutoff_acceleration(const T *c, const T *table, int count, Vector<T> p) {
    T u = (dot(p, p) + tiny(T())) * c[1];
    return scaled(p, -(c[0] * c[3] * cutoff_enclosed(c, table, count, u, natural_log(u))));
}
