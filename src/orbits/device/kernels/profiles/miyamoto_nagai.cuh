// The disc of Miyamoto and Nagai.
//
// Formula    Phi = -G M / sqrt(R^2 + (a + s)^2), s = sqrt(z^2 + b^2)
// Layout     c: G M, a, b^2
// See also   src/orbits/potential/miyamoto_nagai.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T miyamoto_nagai_potential(const T *c, const T *, int, Vector<T> p) {
    T height = c[1] + root(p.z * p.z + c[2]);
    return -(c[0] / root(p.x * p.x + p.y * p.y + height * height));
}

template <class T> DEVICE Vector<T> miyamoto_nagai_acceleration(const T *c, const T *, int, Vector<T> p) {
    T s = root(p.z * p.z + c[2]), height = c[1] + s;
    T d2 = p.x * p.x + p.y * p.y + height * height;
    T pull = -(c[0] / (d2 * root(d2)));
    return {p.x * pull, p.y * pull, p.z * pull * height / s};
}
