// Plummer's sphere.
//
// Formula    Phi = -G M / sqrt(r^2 + b^2)
// Layout     c: G M, b^2
// See also   src/orbits/potential/plummer.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T plummer_potential(const T *c, const T *, int, Vector<T> p) { return -(c[0] / root(dot(p, p) + c[1])); }

template <class T> DEVICE Vector<T> plummer_acceleration(const T *c, const T *, int, Vector<T> p) {
    T s2 = dot(p, p) + c[1];
    return scaled(p, -(c[0] / (s2 * root(s2))));
}
