// The halo of Navarro, Frenk and White.
//
// Formula    Phi = -G m ln(1 + x) / r, x = r / r_s; M(<r) = m (ln(1 + x) - x / (1 + x)), by its series below x = 0.1
// Layout     c: G m / r_s, 1 / r_s, 1 / r_s^2
// See also   src/orbits/potential/nfw.rs
#pragma once
#include "../elementary.cuh"

#define NFW_SERIES_BELOW 0.1
#define NFW_SERIES_TERMS 15

template <class T> DEVICE T nfw_potential(const T *c, const T *, int, Vector<T> p) {
    T x = radius(p) * c[1];
    return -(c[0] * log_of_1_and(x) / x);
}

template <class T> DEVICE Vector<T> nfw_acceleration(const T *c, const T *, int, Vector<T> p) {
    T x = radius(p) * c[1];
    // m(x)/x^2 = 1/2 - 2x/3 + 3x^2/4 - ...; few stars are that far in, so that a branch costs less than both sides.
    T bracket = T(0);
    if (x < T(NFW_SERIES_BELOW)) {
#pragma unroll
        for (int n = NFW_SERIES_TERMS; n > 0; n--) {
            bracket = T(n / (n + 1.0)) - bracket * x;
        }
        bracket = bracket / x;
    } else {
        // The same rounded 1 + x in both terms, so that its rounding does not show.
        T y = x + T(1);
        bracket = (natural_log(y) - (y - T(1)) / y) / (x * x * x);
    }
    return scaled(p, -(c[0] * c[2] * bracket));
}
