// The logarithmic halo.
//
// Formula    Phi = (v0^2 / 2) ln(R^2 + z^2 / q^2 + r_c^2)
// Layout     c: v0^2, 1 / q^2, r_c^2
// See also   src/orbits/potential/logarithmic.rs
#pragma once
#include "../elementary.cuh"

// The least core, which keeps the origin finite, is too small for single precision.
template <class T> DEVICE T logarithmic_argument(const T *c, Vector<T> p) {
    return p.x * p.x + p.y * p.y + p.z * p.z * c[1] + greater(c[2], tiny(T()));
}

template <class T> DEVICE T logarithmic_potential(const T *c, const T *, int, Vector<T> p) {
    return natural_log(logarithmic_argument(c, p)) * c[0] * T(0.5);
}

template <class T> DEVICE Vector<T> logarithmic_acceleration(const T *c, const T *, int, Vector<T> p) {
    T pull = -(c[0] / logarithmic_argument(c, p));
    return {p.x * pull, p.y * pull, p.z * c[1] * pull};
}
