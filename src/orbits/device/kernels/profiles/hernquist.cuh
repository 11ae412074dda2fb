// Hernquist's sphere.
//
// Formula    Phi = -G M / (r + a)
// Layout     c: G M, a
// See also   src/orbits/potential/hernquist.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T hernquist_potential(const T *c, const T *, int, Vector<T> p) { return -(c[0] / (radius(p) + c[1])); }

template <class T> DEVICE Vector<T> hernquist_acceleration(const T *c, const T *, int, Vector<T> p) {
    T r = radius(p), outer = r + c[1];
    return scaled(p, -(c[0] / (r * outer * outer)));
}
