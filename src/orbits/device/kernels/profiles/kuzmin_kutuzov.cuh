// The spheroid of Kuzmin and Kutuzov.
//
// Formula    Phi = -G M / sqrt(R^2 + z^2 + a^2 + c^2 + 2 q), q = sqrt(a^2 c^2 + c^2 R^2 + a^2 z^2)
// Layout     c: G M, a^2, c^2
// See also   src/orbits/potential/kuzmin_kutuzov.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T kuzmin_kutuzov_potential(const T *c, const T *, int, Vector<T> p) {
    T r2 = p.x * p.x + p.y * p.y, z2 = p.z * p.z;
    T q = root(c[2] * (c[1] + r2) + c[1] * z2);
    return -(c[0] / root(r2 + z2 + c[1] + c[2] + q * T(2)));
}

template <class T> DEVICE Vector<T> kuzmin_kutuzov_acceleration(const T *c, const T *, int, Vector<T> p) {
    T r2 = p.x * p.x + p.y * p.y, z2 = p.z * p.z;
    T q = root(c[2] * (c[1] + r2) + c[1] * z2);
    T s2 = r2 + z2 + c[1] + c[2] + q * T(2);
    T pull = -(c[0] / (s2 * root(s2)));
    T radial = pull * (c[2] / q + T(1)), vertical = pull * (c[1] / q + T(1));
    return {p.x * radial, p.y * radial, p.z * vertical};
}
