// Three discs of Miyamoto and Nagai.
//
// Layout     c: those of each disc, one after the other
// See also   src/orbits/potential/mn3.rs
#pragma once
#include "miyamoto_nagai.cuh"

template <class T> DEVICE T mn3_potential(const T *c, const T *t, int n, Vector<T> p) {
    return miyamoto_nagai_potential(c, t, n, p) + miyamoto_nagai_potential(c + 3, t, n, p) + miyamoto_nagai_potential(c + 6, t, n, p);
}

template <class T> DEVICE Vector<T> mn3_acceleration(const T *c, const T *t, int n, Vector<T> p) {
    return sum(sum(miyamoto_nagai_acceleration(c, t, n, p), miyamoto_nagai_acceleration(c + 3, t, n, p)),
               miyamoto_nagai_acceleration(c + 6, t, n, p));
}
