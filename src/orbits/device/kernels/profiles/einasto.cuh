// Einasto's halo.
//
// Formula    M(<r) = M P(A, s), s = (2 / alpha) (r / r_s)^alpha; Phi = -G M [P(A, s) / r + (2 / alpha)^(1 / alpha) Gamma(B, s) / (r_s Gamma(A))]
// Layout     c: G M / r_s, 1 / r_s, G M / r_s^3, alpha, 2 / alpha, outer, Gamma(B), r_s, join; table: pieces of P, then of Gamma(B, s)
// See also   src/orbits/potential/einasto.rs
#pragma once
#include "../elementary.cuh"
#include "../pieces.cuh"

template <class T> DEVICE T einasto_argument(const T *c, T x) { return exponential(natural_log(x) * c[3]) * c[4]; }

// P(A, s) / x^3.
template <class T> DEVICE T einasto_enclosed(const T *c, const T *table, int count, T x, T s) {
    T value = pieces(table, count, s);
    return choose(s < c[8], value, (-value + T(1)) / (x * x * x));
}

template <class T> DEVICE T einasto_potential(const T *c, const T *table, int count, Vector<T> p) {
    T x = radius(p) * c[1];
    T s = einasto_argument(c, x);
    T rest = pieces(table + count * PIECE, count, s);
    T upper = choose(s < c[8], c[6] - x * x * rest, rest);
    return -(c[0] * (einasto_enclosed(c, table, count, x, s) * x * x + c[5] * upper));
}

template <class T> DEVICE Vector<T> einasto_acceleration(const T *c, const T *table, int count, Vector<T> p) {
    T x = radius(p) * c[1];
    return scaled(p, -(c[2] * einasto_enclosed(c, table, count, x, einasto_argument(c, x))));
}
