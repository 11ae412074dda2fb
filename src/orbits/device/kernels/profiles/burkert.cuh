// Burkert's halo with a core.
//
// Formula    M(<r) ~ m(x) = 2 ln(1 + x) + ln(1 + x^2) - 2 atan x, x = r / r_s, by its series below x = 0.2
// Layout     c: pi G rho_0 r_s^2, 1 / r_s, pi G rho_0
// See also   src/orbits/potential/burkert.rs
#pragma once
#include "../elementary.cuh"

#define BURKERT_SERIES_BELOW 0.2
#define BURKERT_SERIES_PAIRS 6

// m(x) / x^2.
template <class T> DEVICE T burkert_bracket(T x) {
    if (x < T(BURKERT_SERIES_BELOW)) {
        T fourth = square(square(x)), series = T(0);
#pragma unroll
        for (int k = BURKERT_SERIES_PAIRS - 1; k >= 0; k--) {
            series = series * fourth + (-x / T(4 * k + 4) + T(1.0 / (4 * k + 3)));
        }
        return series * x * T(4);
    }
    return ((log_of_1_and(x) - arc_tangent(x)) * T(2) + log_of_1_and(square(x))) / square(x);
}

template <class T> DEVICE T burkert_potential(const T *c, const T *, int, Vector<T> p) {
    T x = radius(p) * c[1];
    T outer = arc_tangent(T(1) / x) + log_of_1_and(x * T(2) / (square(x) + T(1))) * T(0.5);
    return -(c[0] * (burkert_bracket(x) * x + outer * T(2)));
}

template <class T> DEVICE Vector<T> burkert_acceleration(const T *c, const T *, int, Vector<T> p) {
    T x = radius(p) * c[1];
    return scaled(p, -(c[2] * burkert_bracket(x) / x));
}
