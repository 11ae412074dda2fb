// Jaffe's sphere.
//
// Formula    Phi = -(G M / a) ln(1 + a / r)
// Layout     c: G M, a, G M / a
// See also   src/orbits/potential/jaffe.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T jaffe_potential(const T *c, const T *, int, Vector<T> p) { return -(c[2] * log_of_1_and(c[1] / radius(p))); }

template <class T> DEVICE Vector<T> jaffe_acceleration(const T *c, const T *, int, Vector<T> p) {
    T r = radius(p);
    return scaled(p, -(c[0] / (r * r * (r + c[1]))));
}
