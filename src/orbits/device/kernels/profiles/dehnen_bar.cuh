// The quadrupole bar of Dehnen.
//
// Formula    Phi = A (x^2 - y^2) f(r); f = r / R_b^3 - 2 / r^2 inside R_b, -R_b^3 / r^5 outside
// Layout     c: A, R_b, R_b^3
// See also   src/orbits/potential/dehnen_bar.rs
#pragma once
#include "../elementary.cuh"

// f and f' / r.
template <class T> DEVICE void dehnen_bar_shape(const T *c, T r, T &value, T &slope) {
    bool inside = r < c[1];
    T r2 = r * r;
    T outer = -(c[2] / (r2 * r2 * r));
    T inner = (r * r2 / c[2] - T(2)) / r2;
    value = choose(inside, inner, outer);
    slope = choose(inside, T(1) / r / c[2] + T(1) / (r2 * r2) * T(4), -(outer * T(5)) / r2);
}

template <class T> DEVICE T dehnen_bar_potential(const T *c, const T *, int, Vector<T> p) {
    T value, slope;
    dehnen_bar_shape(c, radius(p), value, slope);
    return c[0] * (p.x * p.x - p.y * p.y) * value;
}

template <class T> DEVICE Vector<T> dehnen_bar_acceleration(const T *c, const T *, int, Vector<T> p) {
    T value, slope;
    dehnen_bar_shape(c, radius(p), value, slope);
    T twice = value * T(2), along = (p.x * p.x - p.y * p.y) * slope;
    return {-(c[0] * p.x * (twice + along)), -(c[0] * p.y * (along - twice)), -(c[0] * p.z * along)};
}
