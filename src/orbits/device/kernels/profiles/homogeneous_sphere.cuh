// A sphere of constant density.
//
// Formula    Phi = -G M (3 - (r/a)^2) / (2 a) inside, -G M / r outside
// Layout     c: G M, a
// See also   src/orbits/potential/homogeneous_sphere.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T homogeneous_sphere_potential(const T *c, const T *, int, Vector<T> p) {
    T r = radius(p);
    T inside = (T(3) - square(r / c[1])) / (c[1] * T(2));
    return -(c[0] * choose(r < c[1], inside, T(1) / r));
}

template <class T> DEVICE Vector<T> homogeneous_sphere_acceleration(const T *c, const T *, int, Vector<T> p) {
    T r = greater(radius(p), c[1]);
    return scaled(p, -(c[0] / (r * r * r)));
}
