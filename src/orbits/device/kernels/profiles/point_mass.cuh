// A point of mass.
//
// Formula    Phi = -G M / r
// Layout     c: G M
// See also   src/orbits/potential/point_mass.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T point_mass_potential(const T *c, const T *, int, Vector<T> p) { return -(c[0] / radius(p)); }

template <class T> DEVICE Vector<T> point_mass_acceleration(const T *c, const T *, int, Vector<T> p) {
    T r = radius(p);
    return scaled(p, -(c[0] / (r * r * r)));
}
