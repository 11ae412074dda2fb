// Kuzmin's razor-thin disc.
//
// Formula    Phi = -G M / sqrt(R^2 + (a + |z|)^2); at z = 0 the acceleration is that from above
// Layout     c: G M, a
// See also   src/orbits/potential/kuzmin.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T kuzmin_potential(const T *c, const T *, int, Vector<T> p) {
    T height = size(p.z) + c[1];
    return -(c[0] / root(p.x * p.x + p.y * p.y + height * height));
}

template <class T> DEVICE Vector<T> kuzmin_acceleration(const T *c, const T *, int, Vector<T> p) {
    T height = size(p.z) + c[1];
    T d2 = p.x * p.x + p.y * p.y + height * height;
    T pull = -(c[0] / (d2 * root(d2)));
    return {p.x * pull, p.y * pull, choose(p.z < T(0), -height, height) * pull};
}
