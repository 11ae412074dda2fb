// Henon's isochrone sphere.
//
// Formula    Phi = -G M / (b + s), s = sqrt(b^2 + r^2)
// Layout     c: G M, b, b^2
// See also   src/orbits/potential/isochrone.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T isochrone_potential(const T *c, const T *, int, Vector<T> p) { return -(c[0] / (c[1] + root(dot(p, p) + c[2]))); }

template <class T> DEVICE Vector<T> isochrone_acceleration(const T *c, const T *, int, Vector<T> p) {
    T s = root(dot(p, p) + c[2]), outer = c[1] + s;
    return scaled(p, -(c[0] / (outer * outer * s)));
}
