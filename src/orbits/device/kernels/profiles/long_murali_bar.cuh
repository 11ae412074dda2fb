// The bar of Long and Murali.
//
// Formula    Phi = -(G M / 2 a) ln[(S + 2 a) / (S - 2 a)], S = T+ + T-, T+-^2 = (a +- x)^2 + y^2 + (b + s)^2, s = sqrt(z^2 + c^2)
// Layout     c: G M, a, b, c^2
// See also   src/orbits/potential/long_murali_bar.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T long_murali_bar_potential(const T *c, const T *, int, Vector<T> p) {
    T height = c[2] + root(p.z * p.z + c[3]);
    T across = p.y * p.y + height * height;
    T plus = root(square(p.x + c[1]) + across), minus = root(square(p.x - c[1]) + across);
    T length = c[1] * T(2);
    return -(c[0] / length * log_of_1_and(length * T(2) / (plus + minus - length)));
}

template <class T> DEVICE Vector<T> long_murali_bar_acceleration(const T *c, const T *, int, Vector<T> p) {
    T s = root(p.z * p.z + c[3]), height = c[2] + s;
    T across = p.y * p.y + height * height;
    T plus = root(square(p.x + c[1]) + across), minus = root(square(p.x - c[1]) + across);
    T total = plus + minus;
    T pull = -(c[0] / (plus * minus * T(2)));
    T beside = pull * (total - square(p.x * T(2)) / total) / across;
    return {p.x * T(4) * pull / total, p.y * beside, p.z * beside * height / s};
}
